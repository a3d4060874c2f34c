"""Tensor sources against the numbers the case format states, and against slow exact restatements."""

import os
import sys
import tempfile
import unittest

import ml_dtypes
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from mxcheck_golden import dtypes, safetensors_io, sources, threefry  # noqa: E402


def build(source, folder="."):
    return sources.build(source, folder)


class RandomWords(unittest.TestCase):
    def test_key_zero_counter_zero_is_the_published_pair(self):
        zero = np.zeros(1, np.uint32)
        first, second = threefry.threefry2x32((0, 0), zero, zero)
        self.assertEqual((int(first[0]), int(second[0])), (0x6B200159, 0x99BA4EFE))

    def test_a_word_is_the_xor_of_the_pair(self):
        self.assertEqual(int(threefry.words(0, 1)[0]), 0x6B200159 ^ 0x99BA4EFE)

    def test_a_seed_above_32_bits_uses_both_key_words(self):
        zero = np.zeros(1, np.uint32)
        first, second = threefry.threefry2x32((3, 5), zero, zero)
        self.assertEqual(int(threefry.words((3 << 32) | 5, 1)[0]), int(first[0] ^ second[0]))


class Forms(unittest.TestCase):
    def test_values_take_hex_floats_and_specials(self):
        got = build({"values": ["0x1.8p-3", "nan", "-inf", "-0", 0.1]})
        self.assertEqual(got.dtype, np.float32)
        self.assertEqual(float(got[0]), 0.1875)
        self.assertTrue(np.isnan(got[1]) and np.isneginf(got[2]) and np.signbit(got[3]))
        self.assertEqual(got[4], np.float32(0.1))

    def test_values_nest_and_reshape(self):
        self.assertEqual(build({"values": [[1, 2], [3, 4]]}).shape, (2, 2))
        self.assertEqual(build({"values": [1, 2, 3, 4], "shape": [2, 2]}).shape, (2, 2))
        self.assertEqual(build({"values": [3], "dtype": "s32", "shape": []}).shape, ())
        with self.assertRaises(sources.SourceError):
            build({"values": [[1, 2], [3]]})

    def test_bf16_rounds_through_f32(self):
        # 1 + 2^-8 + 2^-33: f32 drops the last bit, then the tie goes to even.
        got = build({"values": [1 + 2.0**-8 + 2.0**-33], "dtype": "bf16"})
        self.assertEqual(float(got[0]), 1.0)

    def test_integers_must_be_in_range(self):
        self.assertEqual(int(build({"values": [-128], "dtype": "s8"})[0]), -128)
        self.assertEqual(int(build({"values": [-8], "dtype": "s4"})[0]), -8)
        for bad in (128, 1.5):
            with self.assertRaises(sources.SourceError):
                build({"values": [bad], "dtype": "s8"})

    def test_bits_are_bit_patterns(self):
        self.assertEqual(float(build({"bits": ["3f800000"]})[0]), 1.0)
        self.assertEqual(int(build({"bits": ["f"], "dtype": "s4"})[0]), -1)
        self.assertEqual(float(build({"bits": ["3c00"], "dtype": "f16"})[0]), 1.0)

    def test_fill_and_iota(self):
        self.assertEqual(build({"fill": -128, "shape": [2], "dtype": "s8"}).tolist(), [-128, -128])
        got = build({"iota": 1, "shape": [2, 3], "start": 1, "step": 2})
        self.assertEqual(got.tolist(), [[1, 3, 5], [1, 3, 5]])

    def test_uniform_rounds_each_operation(self):
        words = threefry.words(7, 5)
        want = [
            np.float32(-1) + np.float32(np.float32(int(w) >> 9) * np.float32(2**-23)) * np.float32(3)
            for w in words
        ]
        got = build({"random": "uniform", "seed": 7, "shape": [5], "low": -1, "high": 2})
        self.assertEqual(got.tolist(), [float(x) for x in want])

    def test_normal_sums_twelve_halves_of_six_words(self):
        words = [int(w) for w in threefry.words(9, 12)]
        want = []
        for i in range(2):
            halves = [h for w in words[6 * i : 6 * i + 6] for h in (w & 0xFFFF, w >> 16)]
            want.append((sum(halves) - 393210) / 65536)
        got = build({"random": "normal", "seed": 9, "shape": [2]})
        self.assertEqual([float(x) for x in got], want)

    def test_integers_include_both_ends(self):
        got = build({"random": "integers", "seed": 3, "low": -2, "high": 1, "shape": [400], "dtype": "s8"})
        self.assertEqual(set(got.tolist()), {-2, -1, 0, 1})

    def test_scale_and_shift_come_before_the_dtype(self):
        plain = build({"random": "normal", "seed": 4, "shape": [64]})
        got = build({"random": "normal", "seed": 4, "shape": [64], "scale": 0.3, "shift": 1, "dtype": "bf16"})
        want = (plain * np.float32(0.3) + np.float32(1)).astype(ml_dtypes.bfloat16)
        self.assertEqual(dtypes.bits(got).tolist(), dtypes.bits(want).tolist())

    def test_exactly_one_form(self):
        for bad in ({"shape": [1]}, {"fill": 1, "values": [1], "shape": [1]}):
            with self.assertRaises(sources.SourceError):
                build(bad)


class Files(unittest.TestCase):
    def test_file_sources_read_below_the_root_only(self):
        with tempfile.TemporaryDirectory() as folder:
            safetensors_io.write(os.path.join(folder, "d.safetensors"), {"w": np.arange(3.0)})
            self.assertEqual(build({"file": "d.safetensors", "tensor": "w"}, folder).tolist(), [0, 1, 2])
            with self.assertRaises(sources.SourceError):
                build({"file": "d.safetensors", "tensor": "w", "sha256": "0" * 64}, folder)
            inner = os.path.join(folder, "inner")
            os.mkdir(inner)
            with self.assertRaises(sources.SourceError):
                build({"file": "../d.safetensors", "tensor": "w"}, inner)


if __name__ == "__main__":
    unittest.main()
