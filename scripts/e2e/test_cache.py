"""`run --cache`: an unchanged case that passed is free, anything that could change a result makes it run again."""
import json
import pathlib
import shutil
import struct
import subprocess

from support import BINARY, read_safetensors, write_safetensors
from test_resume import SuiteTest, text_without_times

PASSING = {'m/K=16', 'm/K=8', 'qt/good0', 'qt/good1', 'qt/good2', 'qt/good3', 'stored'}


NOTE = 'cached: the result of an earlier run'


def is_cached(case):
    return NOTE in case['notes']


class Cache(SuiteTest):
    def run_it(self, *arguments, code=1, **how):
        result = self.tool('run', 'cases', '--cache', 'cache', '--report', 'json=r.json', *arguments, code=code, **how)
        return result, {c['id'] for c in self.report('r.json')['cases'] if is_cached(c)}

    def entries(self):
        return sorted(p for p in (self.folder / 'cache').rglob('*.json'))

    def test_an_unchanged_case_that_passed_is_not_run_again(self):
        self.tool('run', 'cases', '--report', 'json=whole.json', code=1)
        _, cached = self.run_it()
        self.assertEqual(cached, set())
        self.assertEqual(text_without_times(self.folder / 'r.json'), text_without_times(self.folder / 'whole.json'))
        first = self.report('r.json')
        result, cached = self.run_it('-v')
        self.assertEqual(cached, PASSING)  # not the failure, and a refusal on reading is no run
        self.assertIn('7 of 9 results are those of the cache cache', result.stdout)
        self.assertIn('PASS qt/good0', result.stdout)
        self.assertIn('FAIL qt/bad', result.stdout)
        # The same report but for the note, durations of the run they are from included.
        second = self.report('r.json')
        for c in second['cases']:
            if is_cached(c):
                c['notes'].remove(NOTE)
                self.assertIn(c, first['cases'])
        self.assertEqual(result.stderr, '')
        diff = self.tool('diff', 'whole.json', 'r.json', code=0).stdout
        self.assertIn('0 regressions', diff)

    def test_each_thing_that_changes_runs_what_it_touches(self):
        def touch_case():
            path = self.folder / 'cases/qt/good0.json'
            path.write_text(path.read_text() + '\n')

        def change_golden():
            golden = self.folder / 'cases/qt/good1.safetensors'
            values = read_safetensors(golden)
            values.pop('step0/node/y')
            write_safetensors(golden, values)

        self.run_it()
        self.assertEqual(self.run_it()[1], PASSING)
        for change, touched in ((touch_case, {'qt/good0'}), (change_golden, {'qt/good1'}),
                                (lambda: self.data(3), {'stored'})):
            change()
            self.assertEqual(self.run_it()[1], PASSING - touched)
            self.assertEqual(self.run_it()[1], PASSING)
        self.data(1)  # back to what was kept first
        self.assertEqual(self.run_it()[1], PASSING)

    def test_each_option_that_matters_runs_everything_again(self):
        self.run_it()
        isas = json.loads(self.tool('info', '--json').stdout)['isa_found']
        for arguments in (['--policy', 'ieee,tie=away'], ['--hardware', 'tpu_v5e'], ['--level', 'functional'],
                          ['--isa', isas[0]], ['--isa', isas[-1]], ['--seed', '5'], ['--fault', 'round_toward_zero']):
            _, cached = self.run_it(*arguments, code=None)
            self.assertEqual(cached, set(), arguments)
            passed = {c['id'] for c in self.report('r.json')['cases'] if c['status'] == 'PASS'} - {'refusal'}
            self.assertEqual(self.run_it(*arguments, code=None)[1], passed, arguments)
            if len(isas) == 1:
                break
        # A report without what is only looked at is another question.
        self.assertIn('0 of 9', self.tool('run', 'cases', '--cache', 'cache', '--report', 'junit=r.xml', code=1).stdout)
        self.assertIn('7 of 9', self.tool('run', 'cases', '--cache', 'cache', code=1).stdout)
        self.assertEqual(self.run_it('-j', 3, '--timeout', 100, '--max-memory', '1G')[1], PASSING)

    def test_another_build_runs_everything_again(self):
        self.run_it()
        other = self.folder / 'mxcheck'
        data = pathlib.Path(BINARY).read_bytes()
        # The id of the build is what the linker wrote behind the word GNU.
        note = data.index(struct.pack('<III4s', 4, 20, 3, b'GNU\0')) + 16
        other.write_bytes(data[:note] + bytes([data[note] ^ 1]) + data[note + 1:])
        other.chmod(0o755)
        result = subprocess.run([other, 'run', 'cases', '--cache', 'cache', '--report', 'json=r.json'], cwd=self.folder,
                                capture_output=True, text=True)
        self.assertIn('0 of 9 results', result.stdout)

    def test_expectations_are_judged_after_the_cache(self):
        self.run_it()
        self.write('e.json', {'mxcheck_expectations': 1, 'entries': [{'id': 'qt/good0', 'status': 'FAIL', 'reason': 'x'}]})
        result, cached = self.run_it('--expectations', 'e.json')
        self.assertEqual(cached, PASSING)
        self.assertIn('XPASS qt/good0', result.stdout)

    def test_damaged_entries_are_told_and_made_anew(self):
        self.run_it()
        entries = self.entries()
        self.assertEqual(len(entries), 7)
        data = entries[0].read_bytes()
        entries[0].write_bytes(data[:len(data) // 2])
        entries[1].write_bytes(b'')
        entries[2].write_bytes(data)
        entries[3].unlink()
        entries[3].mkdir()
        result, cached = self.run_it()
        self.assertEqual(len(cached), 3)
        self.assertEqual(result.stderr.count('mxcheck: warning: '), 5)  # the folder can neither be read nor replaced
        entries[3].rmdir()
        result, cached = self.run_it()
        self.assertEqual((len(cached), result.stderr), (6, ''))
        self.assertEqual(self.run_it()[1], PASSING)

    def test_what_a_cache_cannot_do_is_said(self):
        self.run_it()
        self.assertIn('the cache is not used', self.run_it('--dump', 'd.safetensors')[0].stdout)
        (self.folder / 'mine').mkdir()
        (self.folder / 'mine/letter.txt').write_text('dear')
        self.assertIn('holds other things', self.tool('run', 'cases', '--cache', 'mine', code=4).stderr)
        for size in ('0', '-1', 'x', '1X', '1.5G', '99999999999T', 'G'):
            self.assertIn('--cache-size', self.tool('run', 'cases', '--cache', 'cache', f'--cache-size={size}', code=4).stderr)

    def test_the_environment_turns_it_on_and_the_option_off(self):
        on = {'MXCHECK_CACHE': str(self.folder / 'cache')}
        self.tool('run', 'cases', environment=on, code=1)
        self.assertIn('7 of 9', self.tool('run', 'cases', environment=on, code=1).stdout)
        self.assertNotIn('cache', self.tool('run', 'cases', '--cache', 'off', environment=on, code=1).stdout)

    def test_it_keeps_to_its_size(self):
        self.run_it()
        size = sum(p.stat().st_size for p in self.entries())
        shutil.rmtree(self.folder / 'cache')
        self.run_it('--cache-size', size // 2)
        left = sum(p.stat().st_size for p in self.entries())
        self.assertLessEqual(left, size // 2)
        self.assertGreater(left, 0)

    def test_many_runs_at_once_share_a_folder(self):
        runs = [subprocess.Popen([BINARY, 'run', 'cases', '--cache', 'cache', '-j', '2', '--report', f'json=r{i}.json'],
                                 cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                for i in range(6)]
        errors = [run.communicate(timeout=120)[1] for run in runs]
        self.assertEqual(errors, [''] * 6)
        for i in range(6):
            self.assertEqual(self.report(f'r{i}.json')['totals'], {'passed': 8, 'failed': 1, 'skipped': 0})
        self.assertEqual(self.run_it()[1], PASSING)
        self.assertEqual([p for p in (self.folder / 'cache').rglob('*') if p.suffix not in ('', '.json', '.TAG')], [])
