#!/usr/bin/env python3
"""XLA:CPU's integer dot_general, through jax, as a device: int8 operands, int32 results."""
import os

os.environ.setdefault('JAX_PLATFORMS', 'cpu')

import jax  # noqa: E402
import numpy  # noqa: E402

import array_lines  # noqa: E402


@jax.jit
def dot(lhs, rhs):
    return jax.lax.dot_general(lhs, rhs, (((1,), (0,)), ((), ())), preferred_element_type=jax.numpy.int32)


def product(lhs, rhs):
    if lhs.dtype != rhs.dtype:  # XLA wants one type for both sides
        lhs, rhs = lhs.astype(numpy.int16), rhs.astype(numpy.int16)
    return numpy.asarray(dot(lhs, rhs))


if __name__ == '__main__':
    array_lines.serve('XLA:CPU dot_general', jax.__version__, product)
