"""`mxcheck diff`: two reports of real runs, regressions, hostile files."""
import json
import unittest

from support import REPOSITORY, ToolTest, dense, last_line

try:
    import jsonschema
except ImportError:
    jsonschema = None


class Diff(ToolTest):
    def setUp(self):
        super().setUp()
        self.write_blessed('cases/qt/one.json', dense())
        self.write_blessed('cases/two.json', dense())

    def report(self, name, *options, code=0):
        self.tool('run', 'cases', '--report', f'json={name}', *options, code=code)
        return name

    def diff(self, *arguments, code):
        result = self.tool('diff', *arguments, '--json', 'd.json', code=code)
        return result, json.loads((self.folder / 'd.json').read_text('utf-8'))

    def test_a_run_does_not_differ_from_itself(self):
        result, diff = self.diff(self.report('a.json'), self.report('b.json'), code=0)
        self.assertEqual(last_line(result.stdout),
                         '2 cases in A, 2 in B, 2 without a difference, 0 regressions')
        self.assertEqual(diff['differences'], [])

    def test_a_planted_fault_is_a_regression_and_a_mended_one_is_not(self):
        a = self.report('a.json')
        b = self.report('b.json', '--fault', 'round_toward_zero', code=1)
        result, diff = self.diff(a, b, code=1)
        self.assertIn('REGRESSION qt/one  status PASS -> FAIL', result.stdout)
        self.assertIn('run: faults none -> {"kind": "round_toward_zero"', result.stdout)
        tensors = [d['subject'] for d in diff['differences'] if d['regression'] and d['subject']]
        self.assertIn('golden isolated step0/quant/h/fwd/lhs.qvalue', tensors)
        if jsonschema is not None:
            schema = json.loads((REPOSITORY / 'reports/schema/diff.schema.json').read_text())
            jsonschema.validate(diff, schema)
        self.assertEqual(self.diff(b, a, code=0)[1]['regressions'], 0)

    def test_a_lost_case_is_a_regression_and_a_new_one_is_not(self):
        a = self.report('a.json')
        (self.folder / 'cases/two.json').unlink()
        b = self.report('b.json')
        result, diff = self.diff(a, b, code=1)
        self.assertIn('REGRESSION two  is lost', result.stdout)
        self.assertEqual(diff['only_in_a'], ['two'])
        result = self.tool('diff', b, a, '-q', code=0)
        self.assertEqual(result.stdout.count('\n'), 1)
        self.assertEqual(self.diff(b, a, code=0)[1]['only_in_b'], ['two'])

    def test_what_is_no_report_is_refused(self):
        a = self.report('a.json')
        text = (self.folder / a).read_text('utf-8')
        damaged = {'empty': '', 'cut': text[:len(text) // 2], 'deep': '[' * 10000,
                   'case': json.dumps(dense()), 'version': text.replace('_report": 1', '_report": 9'),
                   'doubled': text.replace('"incomplete"', '"cases": [], "incomplete"'),
                   'key': text.replace('"suite_digest"', '"suite_digets"'),
                   'totals': text.replace('"passed": 2', '"passed": 3'),
                   'number': text.replace('"tensors": ', '"tensors": 1e', 1),
                   'negative': text.replace('"tensors": ', '"tensors": -', 1)}
        for name, content in damaged.items():
            self.write('x.json', content)
            for pair in ((a, 'x.json'), ('x.json', a)):
                with self.subTest(name):
                    result = self.tool('diff', *pair, code=4)
                    self.assertRegex(result.stderr, r'x\.json:\d+:\d+: error\[(RPT|JSON)-')
        self.assertIn('RPT-FILE', self.tool('diff', a, 'none.json', code=4).stderr)
        self.assertIn('two reports', self.tool('diff', a, code=4).stderr)
        self.assertIn('examples:', self.tool('diff', '--help', code=0).stdout)


if __name__ == '__main__':
    unittest.main()
