"""Devices under test: correct ones pass, wrong ones are called by their fault, misbehaving ones cost
one case, and nothing of them is left behind. DEV-FILE, DEV-KEY, DEV-VALUE, DEV-VERSION."""
import copy
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

import support

EXAMPLES = support.REPOSITORY / 'sim/device/examples'
PYTHON = '/usr/bin/python3'
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


def claims(**changes):
    out = {'ops': ['product', 'quantize', 'quantized_dot'],
           'dtypes': {'lhs': ['s8', 'u8', 's4', 'u4'], 'rhs': ['s8', 'u8', 's4', 'u4'],
                      'float': ['f32', 'bf16', 'f16'], 'qtypes': ['s8', 'u8', 's4', 'u4']},
           'shape_limits': {'m': 256, 'n': 256, 'k': 1024},
           'profiles': ['ideal_int32', 'tpu_v5e'], 'policies': ['ieee']}
    out.update(changes)
    return out


class DeviceTest(support.ToolTest):
    def device(self, *words, name='device.json', **changes):
        """A device file of tier process for an example program."""
        text = {'mxcheck_device': 1, 'name': 'd', 'version': '1', 'tier': 'process',
                'process': {'command': [PYTHON, *map(str, words)]}, 'capabilities': claims(), **changes}
        return self.write(name, text)


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
                device = self.device(EXAMPLES / 'misbehaving_device.py', '--how', how, '--at', 'bad/fwd/acc',
                                     limits={'request_seconds': 1, 'output_mib': 1, 'memory_mib': 512})
                result = self.tool('conform', '--device', device, 'cases', '-v', code=1)
                self.assertEqual(support.last_line(result.stdout), '2 passed, 1 failed, 0 skipped')
                failed = [line for line in result.stdout.splitlines() if line.startswith('DUT_ERROR b')]
                self.assertEqual(len(failed), 1, result.stdout)
                self.assertIn(said, failed[0])
                self.assertNotIn('\x1b', result.stdout + result.stderr)

    def test_a_device_that_does_not_greet_is_given_up(self):
        self.three_cases()
        for how, said in (('no_hello', 'did not answer within 0.5 s'), ('other_protocol', 'speaks protocol 99')):
            device = self.device(EXAMPLES / 'misbehaving_device.py', '--how', how, '--at', 'x',
                                 limits={'hello_seconds': 0.5, 'restarts': 1})
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


class Bundles(DeviceTest):
    """BNDL-FILE, BNDL-SUM, BNDL-DERIVED, MUST-FILE, MUST-KEY, MUST-VALUE."""

    def make(self, name='bundle', script='reference_device.py', *words, code=0, more=()):
        self.write('cases/a.json', support.dense())
        self.write('cases/b.json', support.dense(hardware='gemmini_16'))
        (self.folder / 'cases/.mxcheck-root').touch()
        device = self.device(EXAMPLES / script, *words)
        result = self.tool('conform', '--device', device, 'cases', '-o', name, *more, code=code)
        return self.folder / name, result

    def verify(self, bundle, code):
        return self.tool('verify', '--bundle', bundle, code=code)

    def test_two_runs_give_the_same_bundle_but_for_the_host(self):
        one, result = self.make('one')
        two, _ = self.make('two')
        names = sorted(p.name for p in one.iterdir())
        self.assertEqual(names, sorted(p.name for p in two.iterdir()))
        for name in names:
            if name != 'host.json':
                self.assertEqual((one / name).read_bytes(), (two / name).read_bytes(), name)
        printed = [line for line in result.stdout.splitlines() if line.startswith('bundle: ')][0].split('sha256:')[1]
        self.assertEqual(printed, hashlib.sha256((one / 'SHA256SUMS').read_bytes()).hexdigest())
        self.tool('verify', '--bundle', one, '--digest', 'sha256:' + printed, code=0)
        self.tool('verify', '--bundle', one, '--digest', '0' * 64, code=1)
        for line in (one / 'SHA256SUMS').read_text().splitlines():
            digest, name = line.split('  ')
            self.assertEqual(hashlib.sha256((one / name).read_bytes()).hexdigest(), digest)

    def test_any_changed_missing_or_added_byte_is_noticed(self):
        bundle, _ = self.make()
        self.verify(bundle, 0)
        for path in sorted(bundle.iterdir()):
            data = path.read_bytes()
            changed = [data[:-1], data + b'\n', b'', b'\n' + data]
            for at in (0, len(data) // 3, len(data) // 2, len(data) - 1):
                changed.append(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
            for other in changed:
                path.write_bytes(other)
                self.assertIn('damaged', self.verify(bundle, 1).stdout, path.name)
            path.unlink()
            self.assertIn(path.name, self.verify(bundle, 1).stderr)
            path.write_bytes(data)
        self.verify(bundle, 0)
        (bundle / 'more.txt').touch()
        self.assertIn('was added', self.verify(bundle, 1).stderr)
        (bundle / 'more.txt').unlink()
        (bundle / 'folder').mkdir()
        self.verify(bundle, 1)
        (bundle / 'folder').rmdir()
        (self.folder / 'elsewhere').write_bytes((bundle / 'device.json').read_bytes())
        (bundle / 'device.json').unlink()
        (bundle / 'device.json').symlink_to(self.folder / 'elsewhere')
        self.verify(bundle, 1)
        self.verify(self.folder / 'nowhere', 1)

    def seal(self, bundle):
        """The sums of a bundle as it is now: what somebody who changed it would write."""
        names = sorted(p.name for p in bundle.iterdir() if p.name not in ('SHA256SUMS', 'host.json'))
        sums = ''.join(f'{hashlib.sha256((bundle / n).read_bytes()).hexdigest()}  {n}\n' for n in names)
        (bundle / 'SHA256SUMS').write_text(sums)
        host = (bundle / 'host.json').read_text()
        body = host[:host.index('  "bundle"')] + f'  "bundle": "{hashlib.sha256(sums.encode()).hexdigest()}",\n  "sha256": "'
        (bundle / 'host.json').write_text(body + hashlib.sha256(body.encode()).hexdigest() + '"\n}\n')

    def test_files_that_contradict_each_other_are_noticed_whatever_their_sums(self):
        bundle, _ = self.make('bundle', 'wrong_device.py', '--fault', 'scales_combined', code=1)
        self.seal(bundle)
        self.verify(bundle, 0)
        for name, old, new in (('results.json', '"status": "FAIL"', '"status": "PASS"'),
                               ('bundle.json', '"failed": 1', '"failed": 0'),
                               ('bundle.json', 'fails', 'conforms'),
                               ('exceptions.json', 'gemmini_16', 'gemmini'),
                               ('does_not_prove.md', 'does not prove', 'proves'),
                               ('report.json', '"status": "FAIL"', '"status": "PASS"')):
            with self.subTest(name=name, old=old):
                text = (bundle / name).read_text()
                self.assertIn(old, text)
                (bundle / name).write_text(text.replace(old, new, 1))
                self.seal(bundle)
                self.verify(bundle, 1)
                (bundle / name).write_text(text)
        self.seal(bundle)
        self.verify(bundle, 0)

    def test_a_bundle_says_what_was_skipped_waived_and_not_proven(self):
        waivers = self.write('waivers.json', {'mxcheck_expectations': 1, 'entries': [
            {'id': 'a', 'status': 'FAIL', 'reason': 'scales are multiplied first, issue 12'}]})
        bundle, result = self.make('bundle', 'wrong_device.py', '--fault', 'scales_combined',
                                   more=('--waivers', waivers))
        exceptions = json.loads((bundle / 'exceptions.json').read_text())
        self.assertEqual(exceptions['waivers'][0]['reason'], 'scales are multiplied first, issue 12')
        self.assertEqual(exceptions['skips'], [{'id': 'b', 'status': 'SKIP',
                                                'reason': 'not claimed: hardware gemmini_16'}])
        self.assertIn('verdict: partial', result.stdout)
        self.assertEqual((bundle / 'waivers.json').read_bytes(), waivers.read_bytes())
        page = (bundle / 'does_not_prove.md').read_text()
        self.assertIn('# What this does not prove', page)
        self.assertIn('not claimed: hardware gemmini_16', page)
        self.assertIn('tpu_v5e: no public source for', page)

    def test_the_must_pass_list_decides_what_conforms_means(self):
        self.make('unlisted')
        listed = self.folder / 'list.json'
        self.tool('conform', '--write-must-pass', listed, 'cases', code=0)
        self.assertEqual([c['id'] for c in json.loads(listed.read_text())['cases']], ['a', 'b'])
        bundle, result = self.make('whole', more=('--must-pass', listed))
        self.assertIn('verdict: conforms; of 2 cases that mxcheck', result.stdout)
        self.assertIn('1 passed, 0 failed, 1 are not claimed', result.stdout)
        self.verify(bundle, 0)
        _, result = self.make('part', more=('--must-pass', listed, '--id', 'b'), code=5)
        self.assertIn('verdict: fails', result.stdout)
        self.write('cases/a.json', support.dense(title='changed'))
        device = self.device(EXAMPLES / 'reference_device.py')
        result = self.tool('conform', '--device', device, 'cases', '--must-pass', listed, code=0)
        self.assertIn('verdict: partial', result.stdout)
        self.assertIn('1 different', result.stdout)
        for text, label in (('{', 'JSON-SYNTAX'), ('{"mxcheck_must_pass": 1}', 'MUST-KEY'),
                            ('{"mxcheck_must_pass": 2, "suite": "1", "cases": []}', 'MUST-VALUE')):
            result = self.tool('conform', '--device', device, 'cases', '--must-pass', self.write('bad.json', text),
                               code=4)
            self.assertIn(label, result.stderr)
        result = self.tool('conform', '--device', device, 'cases', '--must-pass', 'nowhere', code=4)
        self.assertIn('MUST-FILE', result.stderr)

    def test_the_must_pass_list_of_the_repository_is_that_of_its_cases(self):
        version = self.tool('--version', code=0).stdout.split()[1]
        committed = support.REPOSITORY / f'cases/devices/must_pass/{version}.json'
        made = self.folder / 'list.json'
        self.tool('conform', '--write-must-pass', made, support.REPOSITORY / 'cases', code=0)
        self.assertEqual(made.read_text(), committed.read_text(),
                         f'build/release/bin/mxcheck conform --write-must-pass {committed.relative_to(support.REPOSITORY)}'
                         ' cases writes it anew')

    def test_a_bundle_is_never_written_over_something(self):
        bundle, _ = self.make()
        self.make('bundle', code=4)
        self.verify(bundle, 0)
        self.make('no/such/folder', code=4)

    def test_diff_tells_what_changed_between_two_bundles(self):
        good, _ = self.make('good')
        bad, _ = self.make('bad', 'wrong_device.py', '--fault', 'scales_combined', code=1)
        self.tool('diff', good, good, code=0)
        result = self.tool('diff', good, bad, code=1)
        self.assertIn('verdict: partial -> fails', result.stdout)
        self.assertIn('a: answered something else', result.stdout)
        self.assertIn('REGRESSION', result.stdout)
        (bad / 'report.json').write_text('{}')
        self.tool('diff', good, bad, code=4)

    def test_an_interrupted_run_leaves_a_bundle_that_says_so(self):
        self.write('cases/a.json', support.dense())
        self.write('cases/c.json', support.dense())
        mark = self.folder / 'mark'
        text = (EXAMPLES / 'misbehaving_device.py').read_text(encoding='utf-8')
        self.write('reference_device.py', (EXAMPLES / 'reference_device.py').read_text(encoding='utf-8'))
        script = self.write('slow.py', text.replace("if how == 'crash':", f"if how == 'slow':\n        open({str(mark)!r}, 'w').write('x')\n        time.sleep(2)\n        say(json.dumps(reply) + '\\n')\n    elif how == 'crash':"))
        device = self.device(script, '--how', 'slow', '--at', 'h/fwd/acc')
        process = subprocess.Popen([support.BINARY, 'conform', '--device', str(device), 'cases', '-o', 'bundle'],
                                   cwd=self.folder, stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 30
        while not mark.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 2)
        summary = json.loads((self.folder / 'bundle/bundle.json').read_text())
        self.assertTrue(summary['incomplete'])
        self.assertNotEqual(summary['verdict'], 'conforms')
        self.verify(self.folder / 'bundle', 0)


class Packs(DeviceTest):
    def files_device(self, command=None):
        files = {'command': [PYTHON, str(command)]} if command else {}
        return self.write('files.json', {
            'mxcheck_device': 1, 'name': 'f', 'version': '1', 'tier': 'files', 'files': files,
            'capabilities': {'ops': ['product'], 'dtypes': {}, 'profiles': ['gemmini_16']}})

    def cases(self):
        self.write('cases/a.json', support.dense(hardware='gemmini_16'))
        self.write('cases/deep/b.json', support.dense(hardware='gemmini_16'))

    def test_a_program_that_fills_packs_conforms(self):
        self.cases()
        self.tool('conform', '--device', self.files_device(EXAMPLES / 'fill_pack.py'), 'cases', code=0)

    def test_packs_are_filled_elsewhere_and_judged_later(self):
        self.cases()
        device = self.files_device()
        self.tool('conform', '--device', device, 'cases', code=4)
        result = self.tool('conform', '--device', device, 'cases', '--prepare', 'packs', code=0)
        self.assertIn('2 packs', result.stdout)
        subprocess.run([PYTHON, EXAMPLES / 'fill_pack.py', self.folder / 'packs/a'], check=True)
        result = self.tool('conform', '--device', device, 'cases', '--results', 'packs', '-v', code=1)
        self.assertIn('DUT_ERROR deep/b  the device gave no result', result.stdout)
        self.assertEqual(support.last_line(result.stdout), '1 passed, 1 failed, 0 skipped')
        subprocess.run([PYTHON, EXAMPLES / 'fill_pack.py', self.folder / 'packs/deep/b'], check=True)
        self.tool('conform', '--device', device, 'cases', '--results', 'packs', '-o', 'bundle', code=0)
        self.tool('verify', '--bundle', 'bundle', code=0)
        self.write('cases/a.json', support.dense(hardware='gemmini_16', params={
            'Dense_0/kernel': {'random': 'normal', 'seed': 9, 'shape': [16, 8]}}))
        result = self.tool('conform', '--device', device, 'cases', '--results', 'packs', '-v', code=1)
        self.assertIn('a pack of another case or version', result.stdout)

    def test_a_wrong_filler_is_called_by_its_fault(self):
        self.cases()
        text = (EXAMPLES / 'fill_pack.py').read_text(encoding='utf-8')
        wrong = text.replace('lhs[i * k + p] * rhs', 'lhs[i * k + p] % 256 * rhs')
        self.assertNotEqual(wrong, text)
        device = self.files_device(self.write('wrong.py', wrong))
        result = self.tool('conform', '--device', device, 'cases', '-vv', code=1)
        self.assertIn('root cause: fault activation_as_unsigned', result.stdout)

    def test_a_filler_that_fails_costs_its_case(self):
        self.cases()
        text = (EXAMPLES / 'fill_pack.py').read_text(encoding='utf-8')
        breaking = text.replace('def main():', 'def main():\n    if "a" in open(sys.argv[-1] + "/manifest.json").read().split("case ")[1][:2]:\n        sys.exit("no paper")')
        device = self.files_device(self.write('breaking.py', breaking))
        result = self.tool('conform', '--device', device, 'cases', '-v', code=1)
        self.assertIn('DUT_ERROR a  the device exited with code 1', result.stdout)
        self.assertEqual(support.last_line(result.stdout), '1 passed, 1 failed, 0 skipped')


class Verilog(DeviceTest):
    def conform(self, verilog, code, path=None, claims=('gemmini_16',)):
        self.write('cases/a.json', support.dense(hardware='gemmini_16'))
        device = self.write('verilog.json', {
            'mxcheck_device': 1, 'name': 'v', 'version': '1', 'tier': 'verilog', 'verilog': verilog,
            'capabilities': {'ops': ['product'], 'dtypes': {}, 'profiles': list(claims)}})
        return self.tool('conform', '--device', device, 'cases', '-vv', code=code,
                         environment={'PATH': path} if path else None)

    def test_the_systolic_array_conforms_and_a_wrong_one_is_called_by_its_fault(self):
        if shutil.which('verilator') is None:
            self.skipTest('no verilator')
        rtl = support.REPOSITORY / 'sim/mxu/rtl'
        sources = [str(rtl / name) for name in ('pack_tb.sv', 'mxu.sv', 'systolic_array.sv')]
        self.conform({'sources': sources, 'parameters': {'SUM_BITS': 20}}, 0)
        result = self.conform({'sources': sources, 'parameters': {'SUM_BITS': 14}}, 1)
        self.assertIn('root cause: hardware partial_bits=14', result.stdout)

    def test_a_host_without_verilator_cannot_run_it(self):
        result = self.conform({'sources': ['x.sv']}, 77, path='/nowhere')
        self.assertIn('no verilator in PATH', result.stderr)

    def test_a_simulator_that_is_not_there_costs_its_case(self):
        result = self.conform({'simulator': './none'}, 1)
        self.assertIn('DUT_ERROR', result.stdout)


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
