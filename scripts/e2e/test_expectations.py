"""`run --expectations`: XFAIL, strict XPASS, allowed VACUOUS, reasons, unused entries."""
import json
import unittest

from support import REPOSITORY, ToolTest, dense, last_line, read_safetensors, write_safetensors

try:
    import jsonschema
except ImportError:
    jsonschema = None


class Expectations(ToolTest):
    def setUp(self):
        super().setUp()
        self.write_blessed('cases/qt/good.json', dense())
        _, golden = self.write_blessed('cases/qt/bad.json', dense())
        values = read_safetensors(golden)
        dtype, shape, data = values['step0/node/y']
        write_safetensors(golden, {**values, 'step0/node/y': (dtype, shape, b'\1' * len(data))})
        zero = {'mxcheck': 1, 'inputs': {'x': {'fill': 0, 'shape': [2]}},
                'nodes': [{'name': 'y', 'op': 'relu', 'args': ['x']}]}
        self.write_blessed('cases/zero.json', zero)

    def expect(self, *entries, name='e.json'):
        self.write(name, {'mxcheck_expectations': 1, 'entries': list(entries)})
        return name

    def run_with(self, *entries, code, options=()):
        file = self.expect(*entries)
        result = self.tool('run', 'cases', '--expectations', file, '-v', '--report', 'json=r.json',
                           '--report', 'junit=r.xml', *options, code=code)
        report = json.loads((self.folder / 'r.json').read_text('utf-8'))
        return result, {c['id']: c for c in report['cases']}, report

    BAD = {'id': 'qt/bad', 'status': 'FAIL', 'reason': 'issue 12'}
    ZERO = {'id': 'zero', 'status': 'VACUOUS', 'reason': 'shows that zeros stay zeros'}

    def test_what_fails_as_expected_counts_as_passed_and_shows_its_reason(self):
        self.assertEqual(last_line(self.tool('run', 'cases', code=1).stdout),
                         '1 passed, 2 failed, 0 skipped')
        result, cases, report = self.run_with(self.BAD, self.ZERO, code=0)
        self.assertEqual(last_line(result.stdout), '3 passed, 0 failed, 0 skipped')
        self.assertIn('XFAIL qt/bad  FAIL as expected: issue 12', result.stdout)
        self.assertEqual(cases['zero']['status'], 'XFAIL')
        self.assertEqual(cases['zero']['expectation'],
                         {'entry': 'zero', 'expected': 'VACUOUS', 'actual': 'VACUOUS', 'check': '',
                          'reason': 'shows that zeros stay zeros'})
        self.assertEqual([e['decided'] for e in report['expectations']], [1, 1])
        self.assertTrue(cases['qt/bad']['checks'][0]['findings'])
        self.assertIn('issue 12', (self.folder / 'r.xml').read_text('utf-8'))
        if jsonschema is None:
            self.skipTest('python3-jsonschema is not installed')
        schema = json.loads((REPOSITORY / 'reports/schema/report.schema.json').read_text())
        jsonschema.validate(report, schema)

    def test_a_pass_against_an_expectation_fails_the_run(self):
        entry = {'glob': 'qt/*', 'status': 'FAIL', 'check': 'golden', 'reason': 'issue 12'}
        result, cases, _ = self.run_with(entry, self.ZERO, code=1)
        self.assertEqual(cases['qt/good']['status'], 'XPASS')
        self.assertEqual(cases['qt/bad']['status'], 'XFAIL')
        self.assertIn('XPASS qt/good  passed, but FAIL of golden is expected: issue 12',
                      result.stdout)
        self.assertIn(' --expectations e.json ', result.stdout)
        _, cases, _ = self.run_with(dict(entry, strict=False), self.ZERO, code=0)
        self.assertEqual(cases['qt/good']['status'], 'PASS')

    def test_conditions_decide_whether_an_entry_holds(self):
        _, cases, report = self.run_with(dict(self.BAD, policy='xla_cpu'), self.ZERO, code=1)
        self.assertEqual(cases['qt/bad']['status'], 'FAIL')
        self.assertEqual((report['expectations'][0]['matched'],
                          report['expectations'][0]['decided']), (1, 0))
        self.run_with(dict(self.BAD, policy='ieee', isa='scalar'), self.ZERO, code=0,
                      options=('--isa', 'scalar'))
        self.run_with(dict(self.BAD, check='cycle'), self.ZERO, code=1)

    def test_an_entry_that_matches_no_case_does_not_go_unnoticed(self):
        gone = {'id': 'qt/gone', 'status': 'FAIL', 'reason': 'was removed'}
        result, _, report = self.run_with(self.BAD, self.ZERO, gone, code=4)
        self.assertRegex(result.stderr, r'e\.json:\d+:\d+: error\[XFAIL-UNUSED\] at /entries/2')
        self.assertEqual(report['expectations'][2]['matched'], 0)
        self.assertEqual(last_line(result.stdout), '3 passed, 0 failed, 0 skipped')
        result, *_ = self.run_with(self.BAD, gone, code=0, options=('--id', 'qt/bad'))
        self.assertIn('warning: 1 of 2 entries of e.json match no selected case', result.stderr)

    def test_a_refused_case_can_be_expected(self):
        self.write('cases/broken.json', '{"mxcheck": 1}')
        self.run_with(self.BAD, self.ZERO, code=4)
        entry = {'id': 'broken', 'status': 'SUITE_ERROR', 'reason': 'being written'}
        result, cases, _ = self.run_with(self.BAD, self.ZERO, entry, code=0)
        self.assertEqual(cases['broken']['status'], 'XFAIL')
        self.assertNotIn('CASE-MISSING', result.stderr)

    def test_a_file_that_cannot_be_used_runs_nothing(self):
        for text, label in (('{"mxcheck_expectations": 1, "entries": [{"id": "a"}]}', 'XFAIL-KEY'),
                            ('{"mxcheck_expectations": 9, "entries": []}', 'XFAIL-VERSION'),
                            ('[' * 100000, 'JSON-DEPTH'), ('\xff{', 'JSON-')):
            self.write('e.json', text)
            result = self.tool('run', 'cases', '--expectations', 'e.json', code=4)
            self.assertIn(label, result.stderr)
            self.assertEqual(result.stdout, '')
        self.assertIn('XFAIL-FILE', self.tool('run', '--expectations', 'none.json', code=4).stderr)

    def test_an_expected_failure_does_not_stop_a_run(self):
        _, cases, _ = self.run_with(self.BAD, self.ZERO, code=0, options=('-x',))
        self.assertEqual(len(cases), 3)
        self.write('cases/a_zero.json', json.loads((self.folder / 'cases/zero.json').read_text()))
        _, cases, _ = self.run_with(self.BAD, self.ZERO, code=1, options=('-x',))
        self.assertEqual(list(cases), ['a_zero'])


class Shipped(ToolTest):
    FILES = sorted((REPOSITORY / 'cases/expectations').glob('*.json'))

    @unittest.skipIf(jsonschema is None, 'python3-jsonschema is not installed')
    def test_files_follow_the_schema(self):
        schema = json.loads((REPOSITORY / 'cases/schema/expectations.schema.json').read_text())
        for path in self.FILES:
            jsonschema.validate(json.loads(path.read_text('utf-8')), schema)
        for wrong in ({'id': 'a', 'glob': 'b'}, {}, {'id': 'a', 'check': 'golden', 'status': 'SKIP'},
                      {'id': 'a', 'reason': ' '}):
            file = {'mxcheck_expectations': 1,
                    'entries': [{'status': 'FAIL', 'reason': 'r', **wrong}]}
            with self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate(file, schema)

    def test_the_suite_on_another_matrix_unit_is_as_expected(self):
        result = self.tool('run', 'cases', '--hardware', 'tpu_v5e', '-j', 2, '--expectations',
                           'cases/expectations/tpu_v5e.json', cwd=REPOSITORY, code=0)
        self.assertRegex(result.stdout, r'expectations: 21 cases as expected .*; 0 of 11 entries')


if __name__ == '__main__':
    unittest.main()
