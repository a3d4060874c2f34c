"""Shards and `mxcheck merge`: variables of GoogleTest and Bazel, refusals, many cases.

MXCHECK_TEST_CASES sets how many cases the test of scale generates (default 1200).
"""
import json
import os
import random
import re
import shutil
import unittest

from support import ToolTest, dense, last_line

MANY = int(os.environ.get('MXCHECK_TEST_CASES', '1200'))

# As small as a quantized case can be without being vacuous.
TINY = dict(title='tiny', tags=['smoke'],
            inputs={'x': {'random': 'normal', 'seed': '${S}', 'shape': [2, 4]}},
            params={'Dense_0/kernel': {'random': 'normal', 'seed': 2, 'shape': [4, 3]}},
            run={'mode': 'forward'})


def tiny(seeds):
    return dense(**TINY, matrix={'S': list(seeds)})


def without_times(text):
    """The report with durations 0; nothing else of it is touched."""
    text, count = re.subn(r'"milliseconds": [0-9.e+-]+', '"milliseconds": 0', text)
    assert count > 0
    return text


class Shards(ToolTest):
    def setUp(self):
        super().setUp()
        self.write('cases/many.json', tiny(range(1, 21)))
        self.all_ids = self.ids()

    def ids(self, *options, environment=None):
        result = self.tool('list', '--json', *options, environment=environment, code=0)
        return [row['id'] for row in json.loads(result.stdout)]

    def test_the_variables_of_googletest_and_bazel(self):
        for prefix in ('GTEST_', 'TEST_'):
            parts = []
            for index in range(3):
                environment = {prefix + 'TOTAL_SHARDS': '3', prefix + 'SHARD_INDEX': str(index)}
                part = self.ids(environment=environment)
                self.assertEqual(part, self.ids('--shard-index', index, '--shard-count', 3))
                # The options win, also over what cannot be meant.
                own = self.ids('--shard-index', '0', '--shard-count', '1', environment=environment)
                self.assertEqual(own, self.all_ids)
                parts += part
            self.assertEqual(sorted(parts), sorted(self.all_ids))

    def test_the_status_file_is_touched_and_the_report_names_the_shard(self):
        for prefix in ('GTEST_', 'TEST_'):
            environment = {prefix + 'TOTAL_SHARDS': '4', prefix + 'SHARD_INDEX': '1',
                           prefix + 'SHARD_STATUS_FILE': str(self.folder / (prefix + 'status'))}
            self.tool('run', '--report', 'json=r.json', environment=environment, code=0)
            self.assertTrue((self.folder / (prefix + 'status')).exists())
            context = json.loads((self.folder / 'r.json').read_text())['context']
            self.assertEqual((context['shard'], context['selected_cases']), ('1/4', 20))
        environment = {'GTEST_SHARD_STATUS_FILE': 'no/such/folder/status'}
        result = self.tool('run', environment=environment, code=4)
        self.assertIn('GTEST_SHARD_STATUS_FILE', result.stderr)

    def test_variables_that_cannot_be_meant_are_4_with_the_reason(self):
        for environment, reason in (
                ({'TOTAL_SHARDS': '4'}, 'TOTAL_SHARDS is set and '),
                ({'SHARD_INDEX': '0'}, 'SHARD_INDEX is set and '),
                ({'TOTAL_SHARDS': '4', 'SHARD_INDEX': '4'}, 'not below'),
                ({'TOTAL_SHARDS': '0', 'SHARD_INDEX': '0'}, 'not below'),
                ({'TOTAL_SHARDS': 'four', 'SHARD_INDEX': '0'}, "is 'four'; it must be an integer"),
                ({'TOTAL_SHARDS': '4', 'SHARD_INDEX': '-1'}, "is '-1'; it must be an integer"),
                ({'TOTAL_SHARDS': '4', 'SHARD_INDEX': '1x'}, "is '1x'; it must be an integer"),
                ({'TOTAL_SHARDS': '99999999999999999999', 'SHARD_INDEX': '1'}, 'it must be an integer')):
            for prefix in ('GTEST_', 'TEST_'):
                with self.subTest(environment):
                    named = {prefix + key: value for key, value in environment.items()}
                    self.assertIn(reason, self.tool('run', environment=named, code=4).stderr)
                    self.tool('run', '--shard-index', 0, '--shard-count', 1, environment=named, code=0)
        two = {'GTEST_TOTAL_SHARDS': '4', 'GTEST_SHARD_INDEX': '1', 'TEST_TOTAL_SHARDS': '4',
               'TEST_SHARD_INDEX': '1'}
        self.tool('run', environment=two, code=0)
        two['TEST_SHARD_INDEX'] = '2'
        self.assertIn('say 1 of 4', self.tool('run', environment=two, code=4).stderr)
        self.tool('run', environment={'GTEST_TOTAL_SHARDS': '', 'GTEST_SHARD_INDEX': ''}, code=0)
        for option in ('--shard-index', '--shard-count'):
            self.assertIn('no meaning without', self.tool('run', option, 1, code=4).stderr)

    def test_a_shard_without_cases_is_good_and_a_run_without_is_not(self):
        empty = next(i for i in range(1000)
                     if not json.loads(self.tool('list', '--json', '--shard-index', i,
                                                 '--shard-count', 1000).stdout))
        result = self.tool('run', '--shard-index', empty, '--shard-count', 1000, '--report',
                           'json=r.json', code=0)
        self.assertEqual(last_line(result.stdout), '0 passed, 0 failed, 0 skipped')
        self.assertTrue((self.folder / 'r.json').exists())
        self.tool('run', '-k', 'no_such', '--shard-index', 0, '--shard-count', 2, code=5)


class Merge(ToolTest):
    def reports(self, count, *options):
        names = []
        for index in range(count):
            names.append(f'r{index}.json')
            self.tool('run', '-q', '--shard-index', index, '--shard-count', count, '--report',
                      f'json={names[-1]}', *options)
        return names

    def text(self, name):
        return (self.folder / name).read_text('utf-8')

    def mixed_suite(self):
        """Passing, failing, refused, unreadable, expected and with planted arrays."""
        self.write('cases/many.json', tiny(range(1, 13)))
        self.write('cases/bad/fails.json', dense(expect={'error': 'RULE-UNUSED'}))
        self.write('cases/bad/known.json', dense(expect={'error': 'RULE-UNUSED'}))
        self.write('cases/bad/refused.json', dense(nodes=[], expect={'error': 'CASE-VALUE'}))
        self.write('cases/bad/broken.json', '{')
        self.write_blessed('cases/golden/dense.json', dense())
        self.write('known.json', {'mxcheck_expectations': 1, 'entries': [
            {'id': 'bad/known', 'status': 'FAIL', 'reason': 'issue 1'},
            {'glob': 'many/*', 'status': 'FAIL', 'strict': False, 'reason': 'issue 2'}]})

    def test_merged_is_what_one_run_writes(self):
        self.mixed_suite()
        names = self.reports(3, '--expectations', 'known.json')
        self.tool('run', '--report', 'json=one.json', '--expectations', 'known.json', code=4)
        for order in (names, names[::-1], [names[1], names[2], names[0]]):
            result = self.tool('merge', *order, '-o', 'all.json', '--report', 'junit=all.xml', code=1)
            self.assertEqual(without_times(self.text('all.json')), without_times(self.text('one.json')))
            self.assertIn('FAIL bad/fails', result.stdout)
        totals = json.loads(self.text('one.json'))['totals']
        self.assertEqual(last_line(result.stdout),
                         '{passed} passed, {failed} failed, {skipped} skipped'.format(**totals))
        self.assertIn('<testsuite', self.text('all.xml'))
        # A whole run is the one shard of one.
        self.tool('merge', 'one.json', '-o', 'same.json', code=1)
        self.assertEqual(self.text('same.json'), self.text('one.json'))

    def test_an_entry_that_matches_a_case_of_another_shard_is_used(self):
        self.mixed_suite()
        shutil.rmtree(self.folder / 'cases/bad')
        self.write('known.json', {'mxcheck_expectations': 1, 'entries': [
            {'id': 'golden/dense', 'status': 'FAIL', 'strict': False, 'reason': 'issue 1'}]})
        names = self.reports(3, '--expectations', 'known.json')
        self.tool('merge', *names, '-o', 'all.json', code=0)
        uses = json.loads(self.text('all.json'))['expectations']
        self.assertEqual([(e['matched'], e['decided']) for e in uses], [(1, 1)])
        self.write('known.json', {'mxcheck_expectations': 1, 'entries': [
            {'id': 'no/such', 'status': 'FAIL', 'reason': 'issue 1'}]})
        for index in range(3):
            self.tool('run', '--shard-index', index, '--shard-count', 3, '--expectations',
                      'known.json', code=4)

    def test_gaps_overlaps_and_other_runs_are_refused_together(self):
        self.write('cases/many.json', tiny(range(1, 21)))
        names = self.reports(4)
        def refused(*files, labels):
            result = self.tool('merge', *files, '-o', 'all.json', code=4)
            found = re.findall(r'^(\w+\.json)[:\d]*: error\[(MERGE-\w+|RPT-\w+|JSON-\w+)\]', result.stderr, re.M)
            self.assertEqual(sorted((label, file) for file, label in found), sorted(labels))
            self.assertFalse((self.folder / 'all.json').exists())
            return result.stderr
        self.assertIn('1 of 4 shards missing: 2',
                      refused(*names[:2], names[3], labels=[('MERGE-GAP', 'r0.json')]))
        refused(*names, names[1], labels=[('MERGE-OVERLAP', 'r1.json')])
        self.tool('run', '--seed', 1, '--shard-index', 2, '--shard-count', 4, '--report', 'json=x.json')
        refused(*names[:2], 'x.json', names[3], labels=[('MERGE-CONTEXT', 'x.json')])
        # The suite changed between two shards.
        self.write('cases/more.json', tiny([1]))
        self.tool('run', '--shard-index', 2, '--shard-count', 4, '--report', 'json=x.json')
        refused(*names[:2], 'x.json', names[3], labels=[('MERGE-CONTEXT', 'x.json')] * 2)
        # A file that cannot be read is told beside the rest.
        self.write('cut.json', self.text('r2.json')[:1000])
        refused(*names[:2], 'x.json', 'cut.json', 'none.json', labels=[
            ('MERGE-CONTEXT', 'x.json')] * 2 + [('JSON-SYNTAX', 'cut.json'), ('RPT-FILE', 'none.json')])
        # A case that was edited out or in.
        report = json.loads(self.text('r1.json'))
        report['cases'].pop()
        report['totals']['passed'] -= 1
        self.write('x.json', report)
        refused(names[0], 'x.json', *names[2:], labels=[('MERGE-DIGEST', 'x.json')])

    def test_an_interrupted_shard_is_refused_unless_it_is_allowed(self):
        self.write('cases/many.json', tiny(range(1, 21)))
        self.write('cases/fails.json', dense(expect={'error': 'RULE-UNUSED'}))
        names = self.reports(2, '-x')
        stopped = [n for n in names if json.loads(self.text(n))['incomplete']]
        self.assertEqual(len(stopped), 1)
        result = self.tool('merge', *names, '-o', 'all.json', code=4)
        self.assertIn('MERGE-INCOMPLETE', result.stderr)
        self.tool('merge', *names, '-o', 'all.json', '--allow-incomplete', code=1)
        self.assertTrue(json.loads(self.text('all.json'))['incomplete'])
        other = [n for n in names if n not in stopped]
        self.tool('merge', *other, '-o', 'all.json', '--allow-incomplete', code=2)

    def test_usage(self):
        self.write('cases/many.json', tiny(range(1, 5)))
        names = self.reports(2)
        before = self.text('r0.json')
        for arguments in ([], ['-o', 'all.json'], names, [*names, '-o', 'no/such/all.json'],
                          [*names, '-o', 'r0.json'], [*names, '-o', './a', '--report', 'html=a'],
                          [*names, '-o', '.'], [*names, '--report', 'pdf=x']):
            result = self.tool('merge', *arguments, code=4)
            self.assertIn('mxcheck: error: ', result.stderr, arguments)
        self.assertEqual(self.text('r0.json'), before)
        self.assertIn('examples:', self.tool('merge', '--help', code=0).stdout)

    def test_damaged_reports_never_crash_it(self):
        self.write('cases/many.json', tiny(range(1, 5)))
        names = self.reports(2)
        text = self.text('r1.json')
        rng = random.Random(7)
        for turn in range(60):
            place = rng.randrange(len(text))
            what = rng.choice(['', '"', '}', '[', '-', '1', 'e', '\\', '\x00', text[place:place + 40]])
            damaged = text[:place] + what + text[place + rng.randrange(1, 30):]
            self.write('x.json', damaged)
            result = self.tool('merge', 'r0.json', 'x.json', '-o', 'all.json')
            self.assertIn(result.returncode, (0, 1, 4), result.stderr)

    def test_many_cases_in_four_shards_are_one_run(self):
        for part in range(4):
            seeds = range(1 + part * 100_000, 1 + part * 100_000 + MANY // 4)
            self.write(f'cases/f{part}.json', tiny(seeds))
        names = self.reports(4, '-j', '2')
        self.tool('run', '-q', '-j', '2', '--report', 'json=one.json', code=0)
        result = self.tool('merge', *names, '-q', '-o', 'all.json', code=0)
        self.assertEqual(last_line(result.stdout), f'{MANY // 4 * 4} passed, 0 failed, 0 skipped')
        self.assertEqual(without_times(self.text('all.json')), without_times(self.text('one.json')))
        sizes = [len(json.loads(self.text(n))['cases']) for n in names]
        # A fair coin for every case: six standard deviations.
        for size in sizes:
            self.assertLess(abs(size - MANY / 4), 6 * (MANY * 3 / 16) ** 0.5)


if __name__ == '__main__':
    unittest.main()
