"""Reports: JSON against its schema, JUnit through two XML parsers, both deterministic."""
import json
import os
import pty
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as tree

from support import BINARY, REPOSITORY, ToolTest, dense, read_safetensors, write_safetensors

try:
    import jsonschema
except ImportError:
    jsonschema = None


class Reports(ToolTest):
    def setUp(self):
        super().setUp()
        self.write_blessed('cases/qt/good.json', dense())
        _, golden = self.write_blessed('cases/qt/bad.json', dense())
        values = read_safetensors(golden)
        dtype, shape, data = values['step0/node/y']
        write_safetensors(golden, {**values, 'step0/node/y': (dtype, shape, b'\1' * len(data))})
        self.write('cases/hostile.json', dense(
            title='<b>&"\' \u0001', expect={'error': 'RULE-UNUSED'}))
        self.write('cases/broken.json', '{"mxcheck": 1, "\u202e<x>": ]')

    def run_once(self):
        self.tool('run', '--report', 'json=r.json', '--report', 'junit=r.xml', code=4)
        return ((self.folder / 'r.json').read_text('utf-8'), (self.folder / 'r.xml').read_text('utf-8'))

    def test_json_follows_its_schema(self):
        report = json.loads(self.run_once()[0])
        self.assertEqual([c['id'] for c in report['cases']], ['broken', 'hostile', 'qt/bad', 'qt/good'])
        self.assertEqual(report['totals'], {'passed': 1, 'failed': 3, 'skipped': 0})
        bad = report['cases'][2]
        self.assertEqual(bad['status'], 'FAIL')
        finding = bad['checks'][0]['findings'][0]
        self.assertEqual(finding['name'], 'step0/node/y')
        self.assertEqual(finding['mismatches'][0]['expected']['bits'], '0x01010101')
        good = report['cases'][3]
        counts = {q['name']: q for q in good['quantizations']}
        self.assertEqual(counts['step0/quant/h/fwd/lhs']['total'], 64)
        self.assertEqual(counts['step0/quant/h/fwd/lhs']['saturated'] >= 4, True)
        if jsonschema is None:
            self.skipTest('python3-jsonschema is not installed')
        schema = json.loads((REPOSITORY / 'reports/schema/report.schema.json').read_text())
        jsonschema.validate(report, schema)

    def test_reports_differ_only_in_times(self):
        def masked(texts):
            return [re.sub(r'"milliseconds": [0-9.e+-]+|time="[0-9.]+"', '', t) for t in texts]
        self.assertEqual(masked(self.run_once()), masked(self.run_once()))

    def test_junit_is_well_formed_for_two_parsers(self):
        text = self.run_once()[1]
        root = tree.fromstring(text)
        names = [(c.get('classname'), c.get('name')) for c in root.iter('testcase')]
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(len(names), 4)
        self.assertEqual(root.get('failures'), '2')
        self.assertEqual(root.get('errors'), '1')
        for case in root.iter('testcase'):
            self.assertLessEqual(len(case), 1)
        if shutil.which('xmllint') is None:
            self.skipTest('xmllint is not installed')
        schema = REPOSITORY / 'reports/schema/junit.xsd'
        subprocess.run(['xmllint', '--noout', '--schema', schema, self.folder / 'r.xml'], check=True,
                       capture_output=True)
        for wrong in (text.replace('<testcase ', '<testcase colour="1" ', 1),
                      text.replace('time="', 'time="-', 1), text.replace('failures="2"', 'failures=""', 1),
                      text.replace('<properties>', '<skipped/><properties>', 1)):
            self.assertNotEqual(wrong, text)
            path = self.write('wrong.xml', wrong)
            result = subprocess.run(['xmllint', '--noout', '--schema', schema, path], capture_output=True)
            self.assertNotEqual(result.returncode, 0)

    def test_github_annotations_name_file_and_line_and_the_summary_is_added_to(self):
        summary = self.folder / 'summary.md'
        summary.write_text('before\n')
        result = self.tool('run', '--annotate', 'github', code=4,
                           environment={'GITHUB_STEP_SUMMARY': str(summary)})
        marks = [line for line in result.stdout.splitlines() if line.startswith('::error ')]
        self.assertEqual(len(marks), 3)
        self.assertIn('::error file=cases/qt/bad.json,line=', marks[2])
        line = int(re.search(r'line=(\d+)', marks[2])[1])
        text = (self.folder / 'cases/qt/bad.json').read_text().splitlines()
        self.assertIn('{', text[line - 1])
        self.assertIn('"name": "y"', text[line])
        self.assertIn('%0A  repeat: mxcheck run', marks[2])
        self.assertRegex(result.stdout, r'\d+ passed, \d+ failed, \d+ skipped\n$')
        written = summary.read_text('utf-8')
        self.assertTrue(written.startswith('before\n## mxcheck: 1 passed, 3 failed, 0 skipped\n'))
        self.assertNotIn('<x>', written)
        self.assertNotIn('::error', self.tool('run', code=4).stdout)
        self.tool('run', '--annotate', 'github', code=4, environment={'GITHUB_STEP_SUMMARY': ''})
        result = self.tool('run', '--annotate', 'github', '--id', 'qt/good', code=4,
                           environment={'GITHUB_STEP_SUMMARY': str(self.folder)})
        self.assertIn('GITHUB_STEP_SUMMARY', result.stderr)

    def test_failures_as_sarif_stand_at_the_node_they_are_about(self):
        self.write('known.json', {'mxcheck_expectations': 1, 'entries': [
            {'id': 'broken', 'status': 'SUITE_ERROR', 'reason': 'a <reason>'}]})
        result = self.tool('run', '--report', 'sarif=r.sarif', '--expectations', 'known.json')
        self.assertIn(result.returncode, (1, 4))
        run = json.loads((self.folder / 'r.sarif').read_text('utf-8'))['runs'][0]
        rules = {rule['id'] for rule in run['tool']['driver']['rules']}
        bad = [r for r in run['results'] if r['locations'][0]['physicalLocation']['artifactLocation']['uri']
               == 'cases/qt/bad.json']
        self.assertTrue(bad)
        for found in bad:
            self.assertIn(found['ruleId'], rules)
            self.assertEqual(found['level'], 'error')
            self.assertIn('step0/node/y', found['message']['text'])
            self.assertGreater(found['locations'][0]['physicalLocation']['region']['startLine'], 10)
        suppressed = [r for r in run['results'] if r.get('suppressions')]
        self.assertEqual([r['suppressions'][0]['justification'] for r in suppressed], ['a <reason>'])

    def test_a_stored_report_gives_the_same_views_as_the_run(self):
        kinds = {'junit': 'xml', 'html': 'html', 'sarif': 'sarif'}
        wanted = [f'--report={kind}=run.{end}' for kind, end in kinds.items()]
        self.tool('run', '--report', 'json=r.json', *wanted, code=4)
        again = [f'--report={kind}=view.{end}' for kind, end in kinds.items()]
        result = self.tool('report', 'r.json', *again, code=0)
        self.assertEqual(result.stdout, '1 passed, 3 failed, 0 skipped\n')
        for end in kinds.values():
            self.assertEqual((self.folder / f'run.{end}').read_bytes(),
                             (self.folder / f'view.{end}').read_bytes())
        self.tool('report', 'r.json', '--id', 'qt/bad', '--report', 'html=one.html', code=0)
        page = (self.folder / 'one.html').read_text('utf-8')
        self.assertIn('All cases (1)', page)
        self.assertIn('::error file=cases/qt/bad.json',
                      self.tool('report', 'r.json', '--annotate', 'github', code=0).stdout)
        for arguments in ([], ['r.json'], ['r.json', 'r.json', '--report', 'html=x.html'],
                          ['no.json', '--report', 'html=x.html'], ['run.xml', '--report', 'html=x.html'],
                          ['r.json', '--id', 'qt/bat', '--report', 'html=x.html'],
                          ['r.json', '--report', 'pdf=x']):
            self.assertNotEqual(self.tool('report', *arguments, code=4).stderr, '', arguments)
        self.assertFalse((self.folder / 'x.html').exists())

    def test_the_counter_stands_on_a_terminal_only_and_is_erased(self):
        def on_terminal(*options):
            ours, theirs = pty.openpty()
            process = subprocess.Popen([BINARY, 'run', REPOSITORY / 'cases', *options], stdin=theirs,
                                       stdout=theirs, stderr=theirs, cwd=self.folder)
            os.close(theirs)
            text = b''
            while True:
                try:
                    piece = os.read(ours, 65536)
                except OSError:  # the other side is closed
                    break
                if not piece:
                    break
                text += piece
            os.close(ours)
            process.wait(timeout=120)
            return text.decode()
        text = on_terminal('--level', 'functional', '--color', 'never')
        self.assertRegex(text, r'\r\x1b\[K\d+/\d+ cases, \d+ failed, about \d+ s left')
        last = text.rindex(' cases, 0 failed, about')
        self.assertIn('\r\x1b[K', text[last:])
        self.assertNotIn(', about', on_terminal('--progress', 'never', '-k', 'qt/'))
        self.assertNotIn('about', self.tool('run', REPOSITORY / 'cases', '-k', 'qt/', code=0).stderr)

    def test_a_report_that_cannot_be_written_is_an_error(self):
        (self.folder / 'taken').mkdir()
        result = self.tool('run', '--id', 'qt/good', '--report', 'json=taken', code=4)
        self.assertIn('taken', result.stderr)


if __name__ == '__main__':
    unittest.main()
