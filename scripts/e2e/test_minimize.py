"""`mxcheck minimize`, and the line that repeats a failure: both come back to the same failure."""
import json
import math
import re
import subprocess
import unittest

import support
from support import REPOSITORY, ToolTest, dense, read_safetensors, write_safetensors

CASES = REPOSITORY / 'cases'


class Repeating(ToolTest):
    """Runs reports and repeat lines, and says what failed in words that can be compared."""

    def verdict(self, *arguments, code=1):
        self.tool('run', *arguments, '--report', 'json=v.json', code=code)
        return self.words(json.loads((self.folder / 'v.json').read_text('utf-8')))

    def words(self, report):
        return [(c['id'], c['status'],
                 [(k['check'], k['mode'], f['name'], f['differ'], f['rule'],
                   [(m['index'], m['sim'], m['expected']) for m in f['mismatches']])
                  for k in c['checks'] for f in k['findings'] if f['judged']])
                for c in report['cases']]

    def repeat(self, line, code=1):
        """Types the line into a shell, with the built program as mxcheck."""
        bin_folder = self.folder / 'bin'
        bin_folder.mkdir(exist_ok=True)
        if not (bin_folder / 'mxcheck').exists():
            (bin_folder / 'mxcheck').symlink_to(support.BINARY)
        done = subprocess.run(['sh', '-c', line + ' --report json=again.json'], cwd=self.folder,
                              env={'PATH': f'{bin_folder}:/usr/bin:/bin'}, capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, code, line + done.stderr)
        return self.words(json.loads((self.folder / 'again.json').read_text('utf-8')))

    def lines(self, text):
        return re.findall(r'^  repeat: (mxcheck run .*)$', text, re.M)

    def tampered(self, name, case=None, tensor='step0/quant/h/fwd/lhs.qvalue', at=5):
        _, golden = self.write_blessed(name, case or dense())
        values = read_safetensors(golden)
        dtype, shape, data = values[tensor]
        width = support.WIDTH[dtype]
        data = data[:at * width] + bytes([data[at * width] ^ 1]) + data[at * width + 1:]
        write_safetensors(golden, {**values, tensor: (dtype, shape, data)})


class RepeatLine(Repeating):
    def test_the_line_of_a_failure_gives_the_same_failure(self):
        self.tampered('cases/qt/a.json')
        self.tampered("cases/it's a $HOME name.json")
        self.write_blessed('cases/good.json', dense())
        self.write('cases/broken.json', '{"mxcheck": 1}')
        self.write('cases/zero.json', {'mxcheck': 1, 'inputs': {'x': {'fill': 0, 'shape': [2]}},
                                       'nodes': [{'name': 'y', 'op': 'relu', 'args': ['x']}]})
        self.write('e.json', {'mxcheck_expectations': 1, 'entries': [
            {'id': 'good', 'status': 'FAIL', 'reason': 'r'}]})
        options = ('cases', '--expectations', 'e.json')
        result = self.tool('run', *options, code=4)
        before = {v[0]: v for v in self.verdict(*options, code=4)}
        lines = self.lines(result.stdout)
        self.assertEqual(len(lines), 5)
        for line in lines:
            after = self.repeat(line, code=4 if 'broken' in line else 1)
            self.assertEqual(after, [before[after[0][0]]])
            del before[after[0][0]]
        self.assertEqual(before, {})

    def test_the_line_of_a_planted_fault_plants_it_again(self):
        fault = '{"kind": "weight_stuck_at_1", "at": {"row": 0, "col": 0, "bit": 6}}'
        self.write_blessed('cases/a.json', dense(hardware='gemmini_16'))
        options = ('cases', '--fault', fault, '--policy', 'ieee,tie=up')
        before = self.verdict(*options)
        for line in set(self.lines(self.tool('run', *options, code=1).stdout)):
            self.assertEqual(self.repeat(line), before)


class Minimize(Repeating):
    def minimize(self, *arguments, code=0, output='small.json'):
        result = self.tool('minimize', *arguments, '-o', output, code=code)
        return result, (json.loads((self.folder / output).read_text('utf-8')) if code == 0 else None)

    def assert_mended(self, path):
        """Without the fault nothing differs; so small a case may then prove nothing."""
        self.tool('run', path, '--report', 'json=m.json')
        case, = json.loads((self.folder / 'm.json').read_text('utf-8'))['cases']
        self.assertIn(case['status'], ('PASS', 'VACUOUS'))

    def elements(self, case):
        def count(source):
            if 'steps' in source:
                return count(source['steps'][0])
            if 'shape' in source:
                return math.prod(source['shape'])
            value, total = source.get('values', source.get('bits')), 1
            while isinstance(value, list):
                total, value = total * len(value), value[0]
            return total
        return sum(count(s) for key in ('inputs', 'params') for s in case.get(key, {}).values())

    def test_a_small_case_fails_under_the_fault_for_the_same_cause_and_passes_without(self):
        for fault, case, cause in (('statistics_stale', 'models/mlp_srq', 'fault statistics_stale'),
                                   ('scales_combined', 'models/attention_qt',
                                    'policy scale_order=combined'),
                                   ('mask_missing', 'cal/act_rms_2', 'fault mask_missing'),
                                   ('residual_original', 'conv/qat', 'fault residual_original')):
            with self.subTest(fault):
                result, small = self.minimize(CASES / f'{case}.json', '--check', 'golden', '--fault',
                                              fault)
                self.assertIn('golden', result.stdout)
                self.assertEqual(len(small['nodes']), 1)
                self.assertLessEqual(self.elements(small), 12)
                self.assertNotIn('golden', small['expect'])
                self.assertEqual(small['checks'], ['golden'])
                (line,) = set(self.lines(result.stdout))
                again = self.repeat(line)
                self.assertEqual(again[0][1], 'FAIL')
                report = json.loads((self.folder / 'again.json').read_text('utf-8'))
                causes = [k['root_cause']['causes'] for k in report['cases'][0]['checks']
                          if k['mode'] == 'isolated']
                self.assertIn(cause, causes[0])
                self.assert_mended('small.json')
                self.tool('lint', 'small.json', code=0)

    def test_every_check_can_be_the_reason(self):
        for check, fault, case in (('fake_quant', 'round_toward_zero', 'models/attention_qt'),
                                   ('ste', 'mask_missing', 'cal/act_rms_2'),
                                   ('srq', 'statistics_stale', 'srq/calibrate'),
                                   ('metamorphic', 'weight_stuck_at_1', 'models/mlp_qt')):
            with self.subTest(check):
                result, small = self.minimize(CASES / f'{case}.json', '--check', check, '--fault',
                                              fault)
                self.assertEqual(small['checks'], [check])
                self.assertNotIn('expect', small)
                again = self.repeat(self.lines(result.stdout)[0])
                self.assertEqual({f[0] for f in again[0][2]}, {check})
                self.assert_mended('small.json')

    def test_a_wrong_recorded_value_stays_the_same_wrong_value(self):
        case = dense()
        case['nodes'].append({'name': 'z', 'op': 'tanh', 'args': ['y']})
        case['run']['cotangents'] = {'z': case['run']['cotangents']['y']}
        self.tampered('cases/a.json', case)
        before = self.verdict('cases/a.json')[0][2][0]
        _, small = self.minimize('cases/a.json', '--check', 'golden')
        after = self.verdict('small.json')[0][2][0]
        self.assertEqual(before[2], after[2])
        self.assertEqual([m[1:] for m in before[5]], [m[1:] for m in after[5]])
        self.assertEqual(list(small['expect']['values']), ['step0/quant/h/fwd/lhs.qvalue'])
        self.assertEqual(len(small['nodes']), 1)
        self.assertLess(self.elements(small), 64)

    def test_the_same_case_gives_the_same_bytes(self):
        texts = []
        for output in ('one/small.json', 'two/small.json'):
            (self.folder / output).parent.mkdir()
            self.minimize(CASES / 'einsum/scores.json', '--fault', 'round_toward_zero',
                          output=output)
            texts.append((self.folder / output).read_text('utf-8'))
        self.assertEqual(*texts)

    def test_a_short_time_gives_a_case_that_still_fails_and_says_so(self):
        result, _ = self.minimize(CASES / 'qt/wide.json', '--fault', 'round_toward_zero',
                                  '--timeout', '0.000001')
        self.assertIn('cut short', result.stdout)
        self.assertEqual(self.repeat(self.lines(result.stdout)[0])[0][1], 'FAIL')

    def test_a_case_that_does_not_fail_is_refused(self):
        self.write_blessed('cases/a.json', dense())
        result, _ = self.minimize('cases/a.json', '--check', 'golden', code=4)
        self.assertIn('the check golden does not fail (the case is PASS)', result.stderr)
        self.assertFalse((self.folder / 'small.json').exists())
        self.minimize('cases', '--check', 'golden', '--fault', 'no_such', code=4)
        self.minimize('none.json', code=4)
        self.minimize('cases/a.json', '--check', 'golder', code=4)
        self.write('cases/b.json', {'mxcheck': 1})
        self.assertIn('CASE-', self.minimize('cases/b.json', code=4)[0].stderr)
        self.assertIn('examples:', self.tool('minimize', '--help', code=0).stdout)


if __name__ == '__main__':
    unittest.main()
