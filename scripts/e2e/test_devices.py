"""Devices under test: correct ones pass, wrong ones are called by their fault, misbehaving ones cost
one case, and nothing of them is left behind. DEV-FILE, DEV-KEY, DEV-VALUE, DEV-VERSION."""
import copy
import json
import os
import pathlib
import subprocess
import time
import unittest

import support
from device_support import EXAMPLES, PYTHON, DeviceTest, claims
from test_merge import tiny, without_times

BUILD = pathlib.Path(support.BINARY).resolve().parents[1]

# Faults of faults.def that wrong_device.py has, and a case of the suite that tells each from all others.
FAULTS = {
    'activation_as_unsigned': 'qt/dense_f32_ieee', 'weight_as_unsigned': 'qt/dense_f32_ieee',
    'activation_minus_128_as_minus_127': 'qt/dense_f32_ieee', 'weight_minus_128_as_0': 'qt/dense_f32_ieee',
    'product_of_15_bits': 'models/mlp_qt', 'last_k_dropped': 'qt/dense_f32_ieee',
    'chunk_added_twice': 'qt/dense_f32_ieee', 'accumulator_narrow': 'models/mlp_qt',
    'round_half_away': 'edge/ties', 'round_toward_zero': 'qt/dense_f32_ieee', 'clamp_narrow': 'qt/dense_f32_ieee',
    'quotient_reciprocal': 'models/mlp_qt', 'zero_point_not_added': 'cal/minmax_f32_ieee',
    'scales_combined': 'qt/dense_f32_ieee', 'scales_rhs_first': 'qt/dense_f32_ieee',
    'lhs_scale_omitted': 'qt/dense_f32_ieee', 'rhs_scale_omitted': 'qt/dense_f32_ieee',
    'zero_point_correction_omitted': 'cal/minmax_f32_ieee', 'zero_point_correction_added': 'cal/minmax_f32_ieee',
}

# What misbehaving_device.py does, and what must be said of it.
WAYS = {
    'crash': 'was killed by signal 11', 'exit': 'exited with code 3', 'hang': 'did not answer within 1',
    'flood_stdout': 'bytes to stdout', 'flood_lines': 'what is no answer', 'flood_stderr': 'bytes to stderr',
    'garbage': 'what is no answer', 'not_utf8': 'what is no answer', 'deep': 'what is no answer',
    'wrong_id': 'which was not asked', 'twice': '', 'wrong_shape': 'the result has shape',
    'wrong_type': 'the result is u32', 'huge_shape': 'what is no answer', 'bad_base64': 'not base64',
    'short': 'needs', 'error': 'not today', 'close_stdin': '', 'close_stdout': 'closed its stdout',
    'midway': 'exited with code 1', 'memory': 'exited with code 1',
}


class CorrectDevices(DeviceTest):
    def test_the_reference_in_python_passes_every_case_it_claims(self):
        device = support.REPOSITORY / 'cases/devices/reference_process.json'
        result = self.tool('conform', '--device', device, support.REPOSITORY / 'cases', '-q', code=0)
        passed, failed, skipped = (int(w.split()[0]) for w in support.last_line(result.stdout).split(', '))
        self.assertGreater(passed, 200)
        self.assertEqual(failed, 0)
        self.assertGreater(skipped, 0)

    def test_the_reference_in_c_passes_every_case_it_claims(self):
        library = BUILD / 'devices/reference_device.so'
        if not library.exists():
            self.skipTest('the example library is not built')
        device = self.write('library.json', {
            'mxcheck_device': 1, 'name': 'c', 'version': '1', 'tier': 'library',
            'library': {'file': str(library)}, 'limits': {'memory_mib': 0}, 'capabilities': claims(dtypes={
                'lhs': ['s8', 'u8', 's4', 'u4'], 'rhs': ['s8', 'u8', 's4', 'u4'], 'qtypes': ['s8', 'u8', 's4', 'u4']})})
        result = self.tool('conform', '--device', device, support.REPOSITORY / 'cases', '-q', code=0)
        self.assertRegex(support.last_line(result.stdout), r'^[1-9]\d+ passed, 0 failed')

    def test_answers_may_come_out_of_order(self):
        self.write('cases/a.json', support.dense())
        device = self.device(EXAMPLES / 'misbehaving_device.py', '--how', 'out_of_order', '--at', 'h/fwd/out')
        self.tool('conform', '--device', device, 'cases', code=0)

    def test_the_examples_of_the_documentation_are_what_the_reference_answers(self):
        text = (support.REPOSITORY / 'docs/devices.md').read_text(encoding='utf-8')
        lines = [line for block in text.split('```')[1::2] for line in block.split('\n')]
        asked = [line[2:] for line in lines if line.startswith('> ')]
        answers = [line[2:] for line in lines if line.startswith('< ')]
        self.assertEqual(len(asked), len(answers))
        self.assertGreaterEqual(len(asked), 5)
        result = subprocess.run([PYTHON, EXAMPLES / 'reference_device.py'], input='\n'.join(asked) + '\n',
                                capture_output=True, text=True, timeout=60, check=True)
        self.assertEqual(result.stdout.splitlines(), answers)


class Shards(DeviceTest):
    def test_shards_are_merged_to_what_one_conform_reports(self):
        """Claimed and not, wrong, waived; cases that must be refused are nobody's."""
        self.write('cases/many.json', tiny(range(1, 9)))
        self.write('cases/float.json', support.dense(rules=[]))
        self.write('cases/refused.json', support.dense(nodes=[], expect={'error': 'CASE-VALUE'}))
        self.write('cases/unused.json', support.dense(rules=[{'module_path': 'nowhere', 'weight_qtype': 's8'}],
                                                      expect={'error': 'RULE-UNUSED'}))
        self.write('waivers.json', {'mxcheck_expectations': 1, 'entries': [
            {'id': 'many/S=3', 'status': 'FAIL', 'strict': False, 'reason': 'issue 1'}]})
        for words, code in ((['wrong_device.py', '--fault', 'last_k_dropped'], 1), (['reference_device.py'], 0)):
            arguments = ['conform', '-q', '--device', self.device(EXAMPLES / words[0], *words[1:]), '--waivers', 'waivers.json']
            self.tool(*arguments, '--report', 'json=one.json', code=code)
            names = []
            for index in range(3):
                names.append(f'r{index}.json')
                self.tool(*arguments, '--shard-index', index, '--shard-count', 3, '--report', f'json={names[-1]}')
            self.tool('merge', '-q', *names, '-o', 'all.json', code=code)
            self.assertEqual(*(without_times((self.folder / n).read_text()) for n in ('all.json', 'one.json')))
            self.assertEqual(len(json.loads((self.folder / 'all.json').read_text())['cases']), 9)
            self.assertIn('MERGE-GAP', self.tool('merge', *names[:2], '-o', 'none.json', code=4).stderr)
        # A shard may be empty, the suite may not.
        self.tool(*arguments, '-k', 'many', '--shard-index', 999, '--shard-count', 1000, code=0)
        self.tool(*arguments, '-k', 'refused', '--shard-index', 0, '--shard-count', 2, code=5)

    def test_shards_without_a_case_that_the_device_claims_are_merged_to_what_one_conform_says(self):
        self.write('cases/many.json', tiny(range(1, 5)))
        device = self.device(EXAMPLES / 'reference_device.py', capabilities=claims(
            dtypes={'lhs': ['u4'], 'rhs': ['u4'], 'qtypes': ['u4']}))
        alone = self.tool('conform', '-q', '--device', device, 'cases', code=5)
        for index in range(2):
            self.tool('conform', '-q', '--device', device, 'cases', '--shard-index', index, '--shard-count', 2,
                      '--report', f'json=r{index}.json')
        merged = self.tool('merge', '-q', 'r0.json', 'r1.json', '-o', 'all.json', code=5)
        for result in (alone, merged):
            self.assertEqual(support.last_line(result.stdout), '0 passed, 0 failed, 4 skipped')
            self.assertIn('nothing that the device claims', result.stderr)


class WrongDevices(DeviceTest):
    def check_called(self, device, fault, case):
        bundle = self.folder / f'bundle_{fault}'
        self.tool('conform', '--device', device, support.REPOSITORY / 'cases', '--id', case, '-o', bundle, code=1)
        report = json.loads((bundle / 'report.json').read_text(encoding='utf-8'))
        found = [check['root_cause'] for check in report['cases'][0]['checks'] if check['root_cause']]
        self.assertTrue(found, fault)
        for cause in found:
            self.assertIn(fault, cause['faults'], cause)
        named = [cause for cause in found if cause['faults'][0] == fault]
        self.assertTrue(named, found)

    def test_each_wrong_device_is_caught_and_called_by_its_fault(self):
        for fault, case in FAULTS.items():
            with self.subTest(fault=fault):
                device = self.device(EXAMPLES / 'wrong_device.py', '--fault', fault)
                self.check_called(device, fault, case)

    def test_each_wrong_library_is_caught_and_called_by_its_fault(self):
        for fault, case in (('weight_minus_128_as_minus_127', 'qt/dense_f32_ieee'),
                            ('accumulator_narrow', 'models/mlp_qt'), ('round_half_away', 'edge/ties'),
                            ('scales_combined', 'qt/dense_f32_ieee')):
            library = BUILD / f'devices/wrong_{fault}.so'
            if not library.exists():
                self.skipTest('the example libraries are not built')
            with self.subTest(fault=fault):
                device = self.write('library.json', {
                    'mxcheck_device': 1, 'name': 'c', 'version': '1', 'tier': 'library',
                    'library': {'file': str(library)}, 'limits': {'memory_mib': 0},
                    'capabilities': claims(dtypes={})})
                self.check_called(device, fault, case)


    def test_the_first_wrong_pe_is_found_by_asking_again(self):
        """A stuck bit in one PE: row 5 of column 1."""
        self.write('cases/a.json', support.dense())
        text = (EXAMPLES / 'reference_device.py').read_text(encoding='utf-8')
        stuck = text.replace('self.sum(request, row, columns[j], start[i * n + j])',
                             'self.sum(request, row, [w ^ 64 if (p, j) == (5, 1) else w for p, w in enumerate(columns[j])],'
                             ' start[i * n + j])')
        self.assertNotEqual(stuck, text)
        device = self.device(self.write('stuck.py', stuck), capabilities=claims(ops=['product']))
        result = self.tool('conform', '--device', device, 'cases', '-vv', code=1)
        self.assertIn('PE row 5, column 1', result.stdout)


class MisbehavingDevices(DeviceTest):
    def three_cases(self):
        """a, b, c; only b has a node called bad."""
        for name in 'abc':
            case = copy.deepcopy(support.DENSE)
            if name == 'b':
                case['nodes'][0]['name'] = 'bad'
                case['nodes'][1]['args'] = ['bad']
            self.write(f'cases/{name}.json', case)

    def test_each_costs_its_case_and_nothing_else(self):
        self.three_cases()
        for how, said in WAYS.items():
            with self.subTest(how=how):
                # Only what is to be waited for in vain gets a short time: a busy host is slow.
                seconds = 1 if how in ('hang', 'close_stdin') else 60
                device = self.device(EXAMPLES / 'misbehaving_device.py', '--how', how, '--at', 'bad/fwd/acc',
                                     limits={'request_seconds': seconds, 'output_mib': 1, 'memory_mib': 512})
                result = self.tool('conform', '--device', device, 'cases', '-v', code=1)
                self.assertEqual(support.last_line(result.stdout), '2 passed, 1 failed, 0 skipped')
                failed = [line for line in result.stdout.splitlines() if line.startswith('DUT_ERROR b')]
                self.assertEqual(len(failed), 1, result.stdout)
                self.assertIn(said, failed[0])
                self.assertNotIn('\x1b', result.stdout + result.stderr)

    def test_a_device_that_does_not_greet_is_given_up(self):
        self.three_cases()
        for how, seconds, said in (('no_hello', 0.5, 'did not answer within 0.5 s'),
                                   ('other_protocol', 60, 'speaks protocol 99')):
            device = self.device(EXAMPLES / 'misbehaving_device.py', '--how', how, '--at', 'x',
                                 limits={'hello_seconds': seconds, 'restarts': 1})
            result = self.tool('conform', '--device', device, 'cases', '-v', code=1)
            self.assertIn(said, result.stdout)
            self.assertIn('is not started again after 2 failures', result.stdout)
            self.assertEqual(support.last_line(result.stdout), '0 passed, 3 failed, 0 skipped')

    def test_nothing_is_left_behind_of_a_device_that_detaches(self):
        self.three_cases()
        pid_file = self.folder / 'pid'
        device = self.device(EXAMPLES / 'misbehaving_device.py', '--how', 'detach', '--at', 'x', pid_file)
        self.tool('conform', '--device', device, 'cases', code=0)
        self.assert_gone(int(pid_file.read_text()))

    def test_nothing_is_left_behind_when_mxcheck_is_killed(self):
        self.three_cases()
        pid_file = self.folder / 'pid'
        program = self.write('wrapper.py', f'''
import subprocess, sys
subprocess.run(sys.argv[1:])
''')
        text = (EXAMPLES / 'misbehaving_device.py').read_text(encoding='utf-8')
        hanging = text.replace("        elif how != 'detach' and at", "        elif at")
        self.write('reference_device.py', (EXAMPLES / 'reference_device.py').read_text(encoding='utf-8'))
        script = self.write('hanging.py', hanging.replace("if how == 'crash'", "if how == 'detach':\n        time.sleep(LONG)\n    elif how == 'crash'"))
        device = self.device(script, '--how', 'detach', '--at', 'bad/fwd/acc', pid_file)
        process = subprocess.Popen([support.BINARY, 'conform', '--device', str(device), 'cases'],
                                   cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.await_file(pid_file)
        process.kill()
        process.wait()
        self.assert_gone(int(pid_file.read_text()))

    def await_file(self, path):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not (path.exists() and path.read_text()):
            time.sleep(0.02)

    def assert_gone(self, pid):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.02)
        self.fail(f'process {pid} is still there')


class RunWithDevice(DeviceTest):
    def test_run_adds_the_check_to_the_others(self):
        self.write_blessed('cases/a.json', support.dense())
        self.write_blessed('cases/b.json', support.dense())
        right = self.device(EXAMPLES / 'reference_device.py')
        result = self.tool('run', 'cases', '--device', right, '-j', '2', code=0)
        self.assertIn('device product: 2 cases', result.stdout)
        self.assertIn('golden', result.stdout)
        wrong = self.device(EXAMPLES / 'wrong_device.py', '--fault', 'scales_combined')
        result = self.tool('run', 'cases', '--device', wrong, code=1)
        self.assertIn('agree with policy scale_order=combined', result.stdout)
        self.assertIn('repeat: mxcheck conform --device', result.stdout)
        self.tool('run', 'cases', '--device', right, '--timeout', '5', code=4)

    def test_a_case_that_lists_its_checks_is_asked_only_if_it_lists_this_one(self):
        for checks, code in ((['cycle'], 5), (['device'], 0)):
            self.write('cases/a.json', support.dense(checks=checks))
            device = self.device(EXAMPLES / 'reference_device.py')
            self.tool('conform', '--device', device, 'cases', code=code)


class ThirdParty(DeviceTest):
    def test_the_arithmetic_of_numpy_and_onednn_conforms(self):
        for name, verdict in (('numpy', 'conforms'), ('onednn', 'conforms'), ('onednn_matmul', 'partial')):
            with self.subTest(name=name):
                result = subprocess.run(
                    [support.REPOSITORY / 'scripts/conform_third_party.sh', name], capture_output=True, text=True,
                    env={**os.environ, 'MXCHECK_BIN': support.BINARY, 'OUT': str(self.folder / 'out')}, timeout=300)
                if result.returncode == 77:
                    print(result.stdout.strip())
                    continue
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
                self.assertIn(f'verdict: {verdict}', result.stdout)


class Selection(DeviceTest):
    def conform(self, changes, code, **case):
        self.write('cases/a.json', support.dense(**case))
        device = self.device(EXAMPLES / 'reference_device.py', capabilities=claims(**changes))
        return self.tool('conform', '--device', device, 'cases', '-v', code=code).stdout

    def test_what_is_not_claimed_is_skipped_with_the_reason(self):
        for changes, said in (({'profiles': ['gemmini_16']}, 'not claimed: hardware ideal_int32'),
                              ({'shape_limits': {'k': 8}}, 'k is 16, the device takes up to 8'),
                              ({'dtypes': {'lhs': ['u8']}}, 's8 x s8, the device takes u8 x s8'),
                              ({'ops': ['quantize'], 'policies': ['xla_cpu']}, 'policy ieee')):
            with self.subTest(said=said):
                out = self.conform(changes, 5)
                self.assertIn('SKIP', out)
                self.assertIn(said, out)
                self.assertEqual(support.last_line(out), '0 passed, 0 failed, 1 skipped')

    def test_what_another_hardware_refuses_is_skipped(self):
        """HW-TYPE: the array takes no u8."""
        self.write('cases/a.json', support.dense())
        rule = {'module_path': '.*', 'weight_qtype': 's8', 'act_qtype': 'u8'}
        self.write('cases/b.json', support.dense(rules=[rule], run={'mode': 'forward'}))
        device = self.device(EXAMPLES / 'reference_device.py', capabilities=claims(profiles=['gemmini_16']))
        result = self.tool('conform', '--device', device, 'cases', '--hardware', 'gemmini_16', '-v', code=0)
        self.assertIn('not on this hardware: [HW-TYPE]', result.stdout)

    def test_operations_left_out_are_counted(self):
        out = self.conform({'dtypes': {'lhs': ['s8'], 'rhs': ['s8'], 'float': ['bf16']}}, 0)
        self.assertIn('left out', out)

    def test_a_stated_bound_is_what_is_judged_by(self):
        self.write('cases/a.json', support.dense())
        for bound, code in (({'absolute': 0}, 1), ({'absolute': 1e-9}, 1), ({'relative': 1e-6}, 0)):
            device = self.device(EXAMPLES / 'wrong_device.py', '--fault', 'scales_combined',
                                 capabilities=claims(tolerance={'quantized_dot': bound}))
            self.tool('conform', '--device', device, 'cases', code=code)

    def test_a_device_file_that_cannot_be_used_is_an_error_with_all_its_problems(self):
        self.write('cases/a.json', support.dense())
        device = self.device('x', capabilities=claims(profiles=['gemini_16'], polices=[]), nmae=1)
        result = self.tool('conform', '--device', device, 'cases', code=4)
        self.assertIn('did you mean "name"?', result.stderr)
        self.assertIn('did you mean "policies"?', result.stderr)
        device = self.device('x', capabilities=claims(profiles=['gemini_16']))
        result = self.tool('conform', '--device', device, 'cases', code=4)
        self.assertIn('HW-BASE', result.stderr)
        self.tool('conform', '--device', 'nowhere.json', 'cases', code=4)
        self.tool('conform', 'cases', code=4)

    def test_device_files_of_the_repository_fit_their_schema(self):
        try:
            import jsonschema
        except ImportError:
            self.skipTest('no python3-jsonschema')
        schema = json.loads((support.REPOSITORY / 'cases/schema/device.schema.json').read_text(encoding='utf-8'))
        files = sorted((support.REPOSITORY / 'cases/devices').glob('*.json'))
        self.assertTrue(files)
        for file in files:
            jsonschema.validate(json.loads(file.read_text(encoding='utf-8')), schema)



if __name__ == '__main__':
    unittest.main()