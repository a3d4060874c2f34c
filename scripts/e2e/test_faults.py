"""`mxcheck mutate` and `run --fault`: every fault is noticed, and named by the classifier."""
import json
import re
import shutil
import subprocess
import sys

from support import REPOSITORY, ToolTest, dense, last_line, read_safetensors, write_safetensors

CASES = REPOSITORY / 'cases'


class Mutation(ToolTest):
    def mutate(self, *arguments, code):
        result = self.tool('mutate', *arguments, '--json', 'm.json', code=code)
        return result, json.loads((self.folder / 'm.json').read_text('utf-8'))

    def test_the_full_tier_detects_every_fault_and_raises_no_false_alarm(self):
        result, report = self.mutate(CASES, '-j', 2, code=0)
        self.assertEqual(report['score'], 100)
        self.assertEqual(report['survivors'], [])
        self.assertEqual(report['false_alarms'], [])
        self.assertEqual(len(report['applicable']), len(report['detected']))
        self.assertGreaterEqual(len({(f['kind'], f['place']) for f in report['applicable']}), 60)
        self.assertEqual({f['place'] for f in report['detected']},
                         {'mxu', 'kernel', 'quant', 'exec', 'statistics'})
        for found in report['detected']:
            self.assertTrue(found['case'] and found['check'], found)
        self.assertIn('score 100.0 %', last_line(result.stdout))

    def test_the_smoke_tier_detects_at_least_85_percent(self):
        _, report = self.mutate(CASES, '--tier', 'smoke', '--min-score', 85, code=0)
        self.assertGreaterEqual(report['score'], 85)
        self.assertLess(report['cases'], 40)

    def test_a_survivor_is_listed_with_what_would_catch_it(self):
        rule = {'weight_qtype': 's8', 'act_qtype': 's8', 'act_calibration_method': 'rms,2'}
        self.write_blessed('cases/masked.json', dense(rules=[rule], checks=['golden']))
        faults = ('--fault', 'mask_exclusive', '--fault', 'mask_missing')
        result, report = self.mutate('cases', *faults, code=1)
        self.assertEqual([f['kind'] for f in report['survivors']], ['mask_exclusive'])
        self.assertEqual(report['survivors'][0]['catches'], 'a value exactly at its bound')
        self.assertEqual([f['kind'] for f in report['detected']], ['mask_missing'])
        self.assertEqual(report['score'], 50)
        self.assertIn('would be caught by: a value exactly at its bound', result.stdout)
        self.mutate('cases', *faults, '--min-score', 50, code=0)

    def test_a_fault_that_nothing_reaches_is_not_applicable(self):
        self.write_blessed('cases/dense.json', dense())
        _, report = self.mutate('cases', '--fault', 'statistics_stale', '--fault', 'nf4_tie_up',
                                code=0)
        self.assertEqual(len(report['not_applicable']), 2)
        self.assertEqual(report['applicable'], [])

    def test_a_case_that_fails_without_a_fault_is_a_false_alarm(self):
        _, golden = self.write_blessed('cases/dense.json', dense())
        values = read_safetensors(golden)
        dtype, shape, data = values['step0/node/y']
        write_safetensors(golden, {**values, 'step0/node/y': (dtype, shape, b'\1' * len(data))})
        result, report = self.mutate('cases', '--fault', 'round_down', code=1)
        self.assertIn({'case': 'dense', 'check': 'golden', 'mode': 'isolated'},
                      report['false_alarms'])
        self.assertIn('fails without a fault', result.stdout)

    def test_verdicts_do_not_depend_on_the_number_of_threads(self):
        texts = []
        for jobs in (1, 4):
            _, report = self.mutate(CASES, '--tier', 'smoke', '--fault', 'quant', '-j', jobs, code=0)
            report.pop('milliseconds')
            texts.append(report)
        self.assertEqual(*texts)

    def test_what_is_no_fault_is_refused(self):
        for text, part in (('round_dwon', "did you mean 'round_down'"), ('{"kind"', 'JSON'),
                           ('{"kind": "round_down", "at": {"pe": 1}}', 'pe')):
            for command in ('mutate', 'run'):
                self.assertIn(part, self.tool(command, CASES, '--fault', text, code=4).stderr)
        self.tool('mutate', CASES, '--id', 'no/such/case', code=5)
        self.assertIn('round_half_away', self.tool('mutate', '--list', code=0).stdout)


class Classifier(ToolTest):
    def run_with(self, case, *faults):
        arguments = [a for fault in faults for a in ('--fault', fault)]
        return self.tool('run', CASES, '--id', case, *arguments, '--report', 'json=r.json', code=1)

    def causes(self):
        report = json.loads((self.folder / 'r.json').read_text('utf-8'))
        return [check['root_cause'] for check in report['cases'][0]['checks']
                if check['root_cause']][0]

    def test_a_planted_knob_is_named_in_the_failure(self):
        text = self.run_with('edge/both_absmax', 'clamp_narrow').stdout
        self.assertRegex(text, r'\n  (agrees|all \d+ agree) with policy code_clamp=narrow')
        self.assertIn('root cause: policy code_clamp=narrow', text)
        self.assertEqual(self.causes()['faults'][0], 'clamp_narrow')

    def test_a_planted_fault_is_named_and_the_repeat_line_plants_it_again(self):
        text = self.run_with('models/mlp_srq', 'statistics_stale').stdout
        self.assertIn(' agree with fault statistics_stale', text)
        repeat = re.search(r'\n  repeat: (mxcheck run .*--fault .*)\n', text)
        self.assertIsNotNone(repeat)
        again = subprocess.run(['sh', '-c', f'exec "$0" {repeat[1].split(" ", 1)[1]}',
                                self.binary()], capture_output=True, text=True)
        self.assertEqual(again.returncode, 1, again.stderr)
        self.assertIn(' agree with fault statistics_stale', again.stdout)

    def test_two_faults_at_once_have_no_single_cause(self):
        text = self.run_with('einsum/scores', 'round_toward_zero', 'scales_combined').stdout
        self.assertIn('root cause: no single change explains it', text)
        self.assertEqual(self.causes()['causes'], [])

    def binary(self):
        import support
        return support.BINARY


class Page(ToolTest):
    def test_the_page_of_faults_follows_the_table(self):
        script = REPOSITORY / 'scripts/check_faults.py'
        for path in ('sim/fault/faults.def', 'docs/faults.md'):
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / path, target)
        check = [sys.executable, str(script), str(self.folder)]
        self.assertEqual(subprocess.run(check, capture_output=True).returncode, 0)
        table = self.folder / 'sim/fault/faults.def'
        table.write_text(table.read_text().replace('halves round up', 'halves round down'))
        self.assertEqual(subprocess.run(check, capture_output=True).returncode, 1)
