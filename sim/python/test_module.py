"""The Python package as a caller sees it: verdicts, values as numpy arrays of every dtype, one operation at a time, and
errors that carry diagnostics. Run by ctest with the built package on the path."""
import pathlib
import subprocess
import sys
import unittest

import numpy as np

import mxcheck

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASE = '''{"mxcheck": 1,
  "inputs": {"x": {"values": [[1, -127.5]], "dtype": "%s"}},
  "params": {"m/w": {"values": [[127.5, -127.5], [2, 4]], "dtype": "%s"}},
  "nodes": [{"name": "y", "op": "dot_general", "module": "m", "args": ["x", "m/w"],
             "dimension_numbers": [[[1], [0]], [[], []]]}],
  "rules": [{"weight_qtype": "%s", "act_qtype": "%s"}]}'''


def case(dtype='f32', qtype='s8'):
    return CASE % (dtype, dtype, qtype, qtype)


class Run(unittest.TestCase):
    def test_cases_of_a_folder(self):
        seen = []
        results = mxcheck.run(ROOT / 'cases/qt', keyword='dense_f32', finished=lambda c: seen.append(c.id))
        self.assertTrue(results.good)
        self.assertEqual([c.id for c in results.cases], seen)
        self.assertEqual({c.status for c in results.cases}, {'PASS'})
        golden = [k for c in results.cases for k in c.checks if k.check == 'golden']
        self.assertTrue(all(k.tensors > 5 and k.equal + k.bound >= k.tensors for k in golden))
        self.assertEqual(results.cases[0].values, {})

    def test_values_are_numpy_arrays_under_golden_names(self):
        results = mxcheck.run(texts={'a': case()}, values='end_to_end')
        values, dtypes = results.cases[0].values, results.cases[0].dtypes
        codes = values['step0/quant/y/fwd/lhs.qvalue']
        self.assertEqual((codes.dtype, codes.tolist()), (np.int8, [[1, -128]]))
        self.assertEqual(values['step0/quant/y/fwd/acc'].dtype, np.int32)
        self.assertEqual(values['step0/node/y'].tolist(), [[-129.0, -640.0]])
        self.assertEqual(dtypes['step0/node/y'], 'f32')

    def test_what_numpy_has_no_type_for_comes_as_bits(self):
        results = mxcheck.run(texts={'a': case('bf16', 'f8e4m3fn')}, values='end_to_end')
        values, dtypes = results.cases[0].values, results.cases[0].dtypes
        y = values['step0/node/y']
        self.assertEqual((y.dtype, dtypes['step0/node/y']), (np.uint16, 'bf16'))
        as_float = (y.astype(np.uint32) << 16).view(np.float32)
        self.assertLess(abs(as_float[0, 0] + 127.5), 8)
        self.assertEqual(values['step0/quant/y/fwd/lhs.qvalue'].dtype, np.uint8)
        self.assertEqual(dtypes['step0/quant/y/fwd/lhs.qvalue'], 'f8e4m3fn')

    def test_a_wrong_value_is_a_finding(self):
        text = case()[:-1] + ', "expect": {"values": {"step0/node/y": {"values": [[-128, -640]]}}}}'
        results = mxcheck.run(texts={'a': text}, report='json')
        self.assertFalse(results.good)
        self.assertEqual(results.cases[0].status, 'FAIL')
        finding = next(f for k in results.cases[0].checks for f in k.findings)
        self.assertEqual((finding.name, finding.first.index, finding.first.ours), ('step0/node/y', [0, 0], '-129'))
        self.assertIn('"mxcheck_report"', results.report)

    def test_a_refused_case_is_a_result_with_diagnostics(self):
        results = mxcheck.run(texts={'a': case(), 'b': '{"mxcheck": 2}'})
        self.assertEqual([c.status for c in results.cases], ['PASS', 'SUITE_ERROR'])
        self.assertEqual(results.diagnostics[0].label, 'CASE-VERSION')

    def test_a_call_that_cannot_be_meant_raises_with_all_diagnostics(self):
        with self.assertRaises(mxcheck.Error) as raised:
            mxcheck.run('no/such/folder', policy='iee', hardware='tpu')
        self.assertEqual({d.pointer for d in raised.exception.diagnostics}, {'/paths', '/policy', '/hardware'})
        self.assertIn("did you mean 'ieee'", str(raised.exception))
        with self.assertRaisesRegex(ValueError, 'auto, functional, cycle, fast'):
            mxcheck.run('cases', level='slow')
        with self.assertRaises(TypeError):
            mxcheck.run('cases', polcy='ieee')

    def test_what_finished_raises_ends_the_run(self):
        seen = []

        def finished(one):
            seen.append(one.id)
            raise KeyError(one.id)
        with self.assertRaises(KeyError):
            mxcheck.run(ROOT / 'cases/int', finished=finished)
        self.assertEqual(len(seen), 1)

    def test_ctrl_c_ends_the_run(self):
        script = ('import mxcheck, signal\n'
                  'try:\n'
                  '    mxcheck.run("cases", finished=lambda c: signal.raise_signal(signal.SIGINT))\n'
                  'except KeyboardInterrupt:\n'
                  '    print("interrupted")\n')
        done = subprocess.run([sys.executable, '-c', script], cwd=ROOT, text=True, capture_output=True, timeout=60)
        self.assertEqual((done.stdout, done.returncode), ('interrupted\n', 0), done.stderr)


class Operations(unittest.TestCase):
    def test_a_product(self):
        lhs, rhs = np.array([[-128, 127, 1, -1]], np.int8), np.array([[2], [-3], [4], [5]], np.int8)
        self.assertEqual(mxcheck.multiply(lhs, rhs).acc.tolist(), [[-638]])
        stepped = mxcheck.multiply(lhs, rhs, np.array([[1000]]), hardware='tpu_v5e', level='cycle')
        self.assertEqual(stepped.acc.tolist(), [[362]])
        self.assertGreater(stepped.cycles, 4)
        # Columns that are not contiguous in memory.
        wide = np.arange(-8, 8, dtype=np.int8).reshape(4, 4)
        self.assertEqual(mxcheck.multiply(wide[:, ::2], wide[:2], lhs_dtype='s4', rhs_dtype='s4').acc.tolist(),
                         (wide[:, ::2].astype(int) @ wide[:2].astype(int)).tolist())

    def test_a_quantization(self):
        x = np.array([[127.5, 0.5], [-255, 3]], np.float32)
        q = mxcheck.quantize(x, channelwise=[0])
        self.assertEqual(q.qvalue.tolist(), [[127, 0], [-128, 2]])
        self.assertEqual(q.scale.tolist(), [[1], [2]])
        self.assertIsNone(q.zero_point)
        self.assertEqual(q.dequantized.tolist(), [[127, 0], [-256, 4]])
        self.assertEqual(mxcheck.quantize(x, method='minmax').zero_point.dtype, np.int8)
        tiled = mxcheck.quantize(np.ones((2, 64), np.float32), 'mxfp8', channelwise=[0], tiles={1: 32})
        self.assertEqual((tiled.scale.shape, tiled.qvalue.dtype, tiled.qvalue_dtype), ((2, 2), np.uint8, 'f8e4m3fn'))
        bits = mxcheck.quantize(np.array([0x3F80, 0xBF80], np.uint16), dtype='bf16')
        self.assertEqual((bits.scale.dtype, bits.dtype), (np.uint16, 'bf16'))

    def test_refusals(self):
        good = np.ones((2, 2), np.int8)
        for call, label in ((lambda: mxcheck.multiply(good, np.ones((3, 2), np.int8)), 'API-ARRAY'),
                            (lambda: mxcheck.multiply(good * 9, good, lhs_dtype='s4'), 'API-ARRAY'),
                            (lambda: mxcheck.multiply(good, good, lhs_dtype='s5'), 'API-ARRAY'),
                            (lambda: mxcheck.quantize(np.ones(2, np.float32), 's9'), 'QT-TYPE'),
                            (lambda: mxcheck.quantize(good), 'QNT-DTYPE')):
            with self.assertRaises(mxcheck.Error) as raised:
                call()
            self.assertEqual([d.label for d in raised.exception.diagnostics], [label])
        for wrong in (np.ones((2, 2), np.complex64), np.ones((2, 2), np.uint16), np.array([['a']])):
            with self.assertRaises(TypeError):
                mxcheck.multiply(wrong, good)
        with self.assertRaises(TypeError):
            mxcheck.multiply(np.ones((2, 2), np.int32), good, lhs_dtype='s8')


class Package(unittest.TestCase):
    def test_version(self):
        self.assertRegex(mxcheck.__version__, r'^\d+\.\d+\.\d+$')
        self.assertTrue(mxcheck.commit())


if __name__ == '__main__':
    unittest.main()
