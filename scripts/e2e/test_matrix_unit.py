"""`sim`, `pack`, `verify`: the matrix unit from outside."""
import json
import re
import shutil

from support import ToolTest, dense, last_line


class Simulation(ToolTest):
    def test_one_product(self):
        text = self.tool('sim', 4, 20, 8, '--hardware', 'gemmini_16', code=0).stdout
        self.assertRegex(text, r'result +sha256:[0-9a-f]{64}\n')
        self.assertRegex(text, r'cycles +\d+ in 2 folds')
        again = self.tool('sim', 4, 20, 8, '--hardware', 'gemmini_16', code=0).stdout
        self.assertEqual(text, again)
        other = self.tool('sim', 4, 20, 8, '--hardware', 'gemmini_16', '--seed', 1, code=0).stdout
        self.assertNotEqual(text, other)

    def test_no_overlap_is_never_faster(self):
        def cycles(*arguments):
            text = self.tool('sim', 40, 60, 50, '--hardware', 'gemmini_16', *arguments, code=0).stdout
            return int(re.search(r'cycles +(\d+)', text)[1])
        self.assertLess(cycles(), cycles('--overlap', 'none'))

    def test_waveform_and_trace(self):
        self.tool('sim', 4, 20, 8, '--hardware', 'gemmini_16', '--vcd', 'w.vcd', '--trace', 't.txt', code=0)
        vcd = (self.folder / 'w.vcd').read_text()
        self.assertIn('$enddefinitions $end', vcd)
        declared = set(re.findall(r'\$var wire \d+ (\S+) ', vcd))
        used = set(re.findall(r'^(?:b[01]+ |[01])(\S+)$', vcd.split('$enddefinitions')[1], re.M))
        self.assertTrue(used)
        self.assertLessEqual(used, declared)
        self.assertIn('clock 0', (self.folder / 't.txt').read_text())

    def test_a_case(self):
        path = self.write('dense.json', dense())
        text = self.tool('sim', path, code=0).stdout
        for name in ('step0/quant/h/fwd', 'step0/quant/h/dlhs', 'step0/quant/h/drhs', 'total'):
            self.assertIn(name, text)
        rows = json.loads(self.tool('sim', path, '--json', code=0).stdout)
        self.assertEqual(len(rows), 4)

    def test_what_cannot_be_meant(self):
        for arguments in ([], ['0', '1', '2'], ['1', '2'], ['1', '2', '3', '4'], ['1', '2', 'x'],
                          ['99999999999', '1', '1'], ['1048576', '1048576', '1048576'],
                          ['4', '4', '4', '--lhs-type', 'f32'], ['4', '4', '4', '--window', '1,2'],
                          ['4', '4', '4', '--hardware', 'gemini_16']):
            self.tool('sim', *arguments, code=4)

    def test_the_cycle_level_gives_the_same_values(self):
        path, _ = self.write_blessed('dense.json', dense())
        self.tool('run', path, '--level', 'cycle', code=0)
        text = self.tool('run', path, '-vv', code=0).stdout
        self.assertRegex(text, r'PASS cycle : \d+ tensors')

    def test_a_narrow_column_changes_values_and_hardware_is_obeyed(self):
        case = {'mxcheck': 1, 'inputs': {'x': {'fill': -128, 'shape': [2, 32], 'dtype': 's8'},
                                         'z': {'fill': -128, 'shape': [32, 2], 'dtype': 's8'}},
                'nodes': [{'name': 'y', 'op': 'dot_general', 'args': ['x', 'z'],
                           'dimension_numbers': [[[1], [0]], [[], []]]}],
                'expect': {'values': {'step0/node/y': {'fill': 524288, 'shape': [2, 2], 'dtype': 's32'}}}}
        path = self.write('wide.json', case)
        self.tool('run', path, code=0)
        # 32 products of (-128)(-128) are 2^19; chunks of 16 rows keep the 20-bit column in range.
        self.tool('run', path, '--hardware', 'gemmini_16', code=0)
        one_pass = self.write('narrow.json', dict(case, hardware={
            'base': 'gemmini_16', 'rows': 32}))
        self.assertIn('sim -524288', self.tool('run', one_pass, code=1).stdout)


class Packs(ToolTest):
    def setUp(self):
        super().setUp()
        self.case = self.write('dense.json', dense())
        self.tool('pack', self.case, '-o', 'pack', '--hardware', 'gemmini_16', code=0)
        self.products = sorted((self.folder / 'pack').glob('product_*'))

    def test_right_results_pass_and_missing_ones_do_not(self):
        self.assertEqual(len(self.products), 3)
        result = self.tool('verify', 'pack', code=1)
        self.assertEqual(last_line(result.stdout), '0 passed, 3 failed, 0 skipped')
        for product in self.products:
            shutil.copy(product / 'expected.hex', product / 'observed.hex')
        result = self.tool('verify', 'pack', code=0)
        self.assertEqual(last_line(result.stdout), '3 passed, 0 failed, 0 skipped')

    def test_a_wrong_result_is_found_and_placed(self):
        for product in self.products:
            shutil.copy(product / 'expected.npy', product / 'observed.npy')
        data = bytearray((self.products[0] / 'observed.npy').read_bytes())
        data[-8] ^= 4
        (self.products[0] / 'observed.npy').write_bytes(data)
        text = self.tool('verify', 'pack', code=1).stdout
        self.assertIn('FAIL step0/quant/h/fwd', text)
        self.assertEqual(last_line(text), '2 passed, 1 failed, 0 skipped')

    def test_a_changed_pack_is_refused(self):
        data = bytearray((self.products[0] / 'lhs.npy').read_bytes())
        data[-1] ^= 1
        (self.products[0] / 'lhs.npy').write_bytes(data)
        self.tool('verify', 'pack', code=4)
        self.tool('verify', 'nowhere', code=4)

    def test_what_cannot_be_packed(self):
        self.tool('pack', self.case, code=4)
        self.tool('pack', code=4)
        floats = self.write('float.json', dense(rules=[]))
        self.assertIn('no integer products', self.tool('pack', floats, '-o', 'p', code=4).stderr)
