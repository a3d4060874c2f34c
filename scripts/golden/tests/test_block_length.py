"""Block lengths of float contractions: the fused chain against exact arithmetic, and finding a length."""

from fractions import Fraction
import os
import sys
import unittest

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from mxcheck_golden import block_length  # noqa: E402

MATRIX = (((1,), (0,)), ((), ()))


def nearest_f32(exact: Fraction) -> np.float32:
    """Round to nearest even by trying the neighbours of an approximation."""
    guess = np.float32(float(exact))
    around = [np.nextafter(guess, np.float32(-np.inf)), guess, np.nextafter(guess, np.float32(np.inf))]
    return min(around, key=lambda x: (abs(Fraction(float(x)) - exact), int(x.view(np.uint32)) & 1))


class Fused(unittest.TestCase):
    def test_one_rounding_also_where_f64_would_round_twice(self):
        # 1 + 2^-24 + 2^-60: f64 drops the last bit, and the tie would then go to even.
        a, b, c = np.float32(2.0**-30), np.float32(2.0**-30), np.float32(1)
        near_tie = block_length.fused_multiply_add(np.array([a]), np.array([b]), np.array([c]))
        self.assertEqual(float(near_tie[0]), 1.0)
        a = np.array([np.float32(2.0**-24) * np.float32(1 + 2.0**-23)])
        b = np.array([np.float32(1 - 2.0**-23) + np.float32(2.0**-24)])
        c = np.array([np.float32(1)])
        exact = Fraction(float(a[0])) * Fraction(float(b[0])) + 1
        self.assertEqual(block_length.fused_multiply_add(a, b, c)[0], nearest_f32(exact))

    def test_random_triples_agree_with_exact_arithmetic(self):
        random = np.random.Generator(np.random.PCG64(1))
        a, b, c = (random.standard_normal(500).astype(np.float32) for _ in range(3))
        got = block_length.fused_multiply_add(a, b, c)
        for x, y, z, r in zip(a, b, c, got):
            exact = Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))
            self.assertEqual(r, nearest_f32(exact))


class Finding(unittest.TestCase):
    def setUp(self):
        random = np.random.Generator(np.random.PCG64(2))
        self.lhs = random.standard_normal((3, 400)).astype(np.float32)
        self.rhs = random.standard_normal((400, 4)).astype(np.float32)

    def made_with(self, length: int) -> np.ndarray:
        return block_length.blocked_products(self.lhs, self.rhs, np.array([length]))[0]

    def test_the_length_used_is_the_length_found(self):
        for length, answer in ((200, 200), (400, 0)):
            witness = block_length.Witness()
            witness.see(self.lhs, self.rhs, MATRIX, self.made_with(length))
            self.assertEqual(witness.verdict(), answer)

    def test_two_contractions_that_disagree_give_no_verdict(self):
        witness = block_length.Witness()
        for length in (200, 104):
            witness.see(self.lhs, self.rhs, MATRIX, self.made_with(length))
        self.assertIsNone(witness.verdict())

    def test_short_and_vector_products_say_nothing(self):
        witness = block_length.Witness()
        witness.see(self.lhs[:, :320], self.rhs[:320], MATRIX, self.made_with(400))
        witness.see(self.lhs[:1], self.rhs, MATRIX, self.made_with(400)[:1])
        self.assertIsNone(witness.verdict())


if __name__ == "__main__":
    unittest.main()
