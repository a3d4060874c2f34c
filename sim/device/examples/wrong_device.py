#!/usr/bin/env python3
"""Deliberately wrong devices: wrong_device.py --fault NAME, NAME a line of sim/fault/faults.def.

Each is the reference with one method replaced. The tests expect every one of them to be caught and
to be called by its name.
"""
import math
import sys

from reference_device import Device, ROUND, divide, flushed, multiply, serve, wrap32


def rows_of(profile):
    return 16 if profile.startswith('gemmini_16') else 128


class activation_as_unsigned(Device):
    def activation(self, code):
        return code % 256


class weight_as_unsigned(Device):
    def weight(self, code):
        return code % 256


class activation_minus_128_as_minus_127(Device):
    def activation(self, code):
        return max(code, -127)


class weight_minus_128_as_0(Device):
    def weight(self, code):
        return 0 if code == -128 else code


class product_of_15_bits(Device):
    def one_product(self, a, w):
        return (a * w + 2 ** 14) % 2 ** 15 - 2 ** 14


class last_k_dropped(Device):
    def chunk(self, profile, k):
        step = min(rows_of(profile), k)
        return step, step - 1

    def sum(self, request, row, column, acc):
        step = rows_of(request.get('profile', ''))
        for begin in range(0, len(row), step):
            end = min(begin + step, len(row)) - 1
            acc = wrap32(acc + sum(a * w for a, w in zip(row[begin:end], column[begin:end])))
        return acc


class chunk_added_twice(Device):
    def sum(self, request, row, column, acc):
        step = rows_of(request.get('profile', ''))
        first = sum(a * w for a, w in zip(row[:step], column[:step]))
        return wrap32(acc + first + sum(a * w for a, w in zip(row, column)))


class accumulator_narrow(Device):
    def accumulator(self, value):
        return (value + 2 ** 15) % 2 ** 16 - 2 ** 15


class round_half_away(Device):
    def nearest(self, value):
        return int(math.copysign(math.floor(abs(value) + 0.5), value)) if abs(value) < 2 ** 40 else int(value)


class round_toward_zero(Device):
    def nearest(self, value):
        return math.trunc(value)


class clamp_narrow(Device):
    def code_range(self, qtype):
        low, high = super().code_range(qtype)
        return (-high if low < 0 else low), high


class quotient_reciprocal(Device):
    def quotient(self, dtype, x, scale):
        if dtype != 'f32':
            return super().quotient(dtype, x, scale)
        reciprocal = ROUND[dtype](divide(1.0, flushed(dtype, scale)))
        return ROUND[dtype](multiply(flushed(dtype, x), reciprocal))


class zero_point_not_added(Device):
    def add_zero_point(self, dtype, quotient, zero_point):
        return quotient


class scales_combined(Device):
    def scaled(self, dtypes, acc, lhs_scale, rhs_scale):
        dtype = dtypes[0] if dtypes[0] == dtypes[1] else 'f32'
        return ROUND[dtype](multiply(ROUND[dtype](acc), ROUND[dtype](multiply(lhs_scale, rhs_scale))))


class scales_rhs_first(Device):
    def scaled(self, dtypes, acc, lhs_scale, rhs_scale):
        return super().scaled((dtypes[1], dtypes[0]), acc, rhs_scale, lhs_scale)


class lhs_scale_omitted(Device):
    def scaled(self, dtypes, acc, lhs_scale, rhs_scale):
        return ROUND[dtypes[1]](multiply(ROUND[dtypes[1]](acc), rhs_scale))


class rhs_scale_omitted(Device):
    def scaled(self, dtypes, acc, lhs_scale, rhs_scale):
        return ROUND[dtypes[0]](multiply(ROUND[dtypes[0]](acc), lhs_scale))


class zero_point_correction_omitted(Device):
    def correction(self, value):
        return 0


class zero_point_correction_added(Device):
    def correction(self, value):
        return value


FAULTS = {name: kind for name, kind in list(globals().items())
          if isinstance(kind, type) and issubclass(kind, Device) and kind is not Device}


def main():
    if len(sys.argv) != 3 or sys.argv[1] != '--fault' or sys.argv[2] not in FAULTS:
        sys.exit(f'usage: wrong_device.py --fault NAME, one of {" ".join(sorted(FAULTS))}')
    serve(FAULTS[sys.argv[2]](), f'wrong: {sys.argv[2]}', '1')


if __name__ == '__main__':
    main()
