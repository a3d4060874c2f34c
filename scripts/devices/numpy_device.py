#!/usr/bin/env python3
"""numpy's int32 matrix product as a device."""
import numpy

import array_lines


def product(lhs, rhs):
    with numpy.errstate(over='ignore'):
        return numpy.matmul(lhs.astype(numpy.int32), rhs.astype(numpy.int32))


if __name__ == '__main__':
    array_lines.serve('numpy int32 matmul', numpy.__version__, product)
