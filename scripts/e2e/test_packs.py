"""Devices that answer through packs: filled by a program, elsewhere, or by a simulated array in Verilog."""
import shutil
import subprocess

import support
from device_support import EXAMPLES, PYTHON, DeviceTest

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
