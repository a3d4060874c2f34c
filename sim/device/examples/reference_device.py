#!/usr/bin/env python3
"""A correct device of tier `process` in Python's standard library, written from docs/devices.md.

Nothing here is shared with mxcheck: it is the second implementation that the protocol's words are
tried on. reference_device.py answers product (wrapping modulo 2^32), quantize and quantized_dot
under the policy ieee, for f32, bf16 and f16.
"""
import base64
import json
import math
import struct
import sys

CODES = {'s8': 'b', 's4': 'b', 'u8': 'B', 'u4': 'B', 's32': 'i', 's64': 'q'}
RANGES = {'s8': (-128, 127), 's4': (-8, 7), 'u8': (0, 255), 'u4': (0, 15)}


# --- arrays ---------------------------------------------------------------------------------------

def decode(array):
    """{"dtype", "shape", "data"} -> list of Python numbers."""
    data = base64.b64decode(array['data'], validate=True)
    dtype = array['dtype']
    if dtype == 'bf16':
        halves = struct.unpack(f'<{len(data) // 2}H', data)
        return list(struct.unpack(f'<{len(halves)}f', struct.pack(f'<{len(halves)}I', *(h << 16 for h in halves))))
    code = {'f32': 'f', 'f16': 'e', 'f64': 'd'}.get(dtype) or CODES[dtype]
    return list(struct.unpack(f'<{len(data) // struct.calcsize(code)}{code}', data))


def encode(dtype, shape, values):
    if dtype == 'bf16':
        data = struct.pack(f'<{len(values)}H', *(bits_of_f32(v) >> 16 for v in values))
    else:
        code = {'f32': 'f', 'f16': 'e'}.get(dtype) or CODES[dtype]
        data = struct.pack(f'<{len(values)}{code}', *values)
    return {'dtype': dtype, 'shape': shape, 'data': base64.b64encode(data).decode('ascii')}


# --- rounding -------------------------------------------------------------------------------------

def bits_of_f32(value):
    return struct.unpack('<I', struct.pack('<f', value))[0]


def to_f32(value):
    try:
        value = struct.unpack('<f', struct.pack('<f', value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return math.copysign(0.0, value) if abs(value) < 2.0 ** -126 else value


def to_f16(value):
    try:
        return struct.unpack('<e', struct.pack('<e', value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def to_bf16(value):
    """Nearest, ties to even, from the double itself: 8 bits of significand, no subnormals."""
    if not math.isfinite(value) or value == 0:
        return value
    exponent = max(math.frexp(value)[1] - 8, -133)
    value = math.ldexp(round(math.ldexp(value, -exponent)), exponent)
    if abs(value) >= 2.0 ** 128:
        return math.copysign(math.inf, value)
    return math.copysign(0.0, value) if abs(value) < 2.0 ** -126 else value


ROUND = {'f32': to_f32, 'f16': to_f16, 'bf16': to_bf16}


def flushed(dtype, value):
    """f32 and bf16 arithmetic takes subnormal operands as zero."""
    small = dtype != 'f16' and abs(value) < 2.0 ** -126
    return math.copysign(0.0, value) if small else value


def divide(a, b):
    if math.isnan(a) or math.isnan(b):
        return math.nan
    if b == 0:
        return math.nan if a == 0 else math.copysign(math.inf, a) * math.copysign(1.0, b)
    if math.isinf(b):
        return math.nan if math.isinf(a) else math.copysign(0.0, a) * math.copysign(1.0, b)
    return a / b


def multiply(a, b):
    try:
        return a * b
    except OverflowError:
        return math.copysign(math.inf, a) * math.copysign(1.0, b)


# --- operations -----------------------------------------------------------------------------------

def wrap32(value):
    return (value + 2 ** 31) % 2 ** 32 - 2 ** 31


class Device:
    """The right answers; what a wrong device does otherwise are the methods it overrides."""

    # product ------------------------------------------------------------------------------------

    def activation(self, code):
        return code

    def weight(self, code):
        return code

    def one_product(self, a, w):
        return a * w

    def running_sum(self, value):
        return value

    def accumulator(self, value):
        return wrap32(value)

    def chunk(self, profile, k):
        """K per pass of the array, and how many products of a pass count."""
        return k, k

    def product(self, request, lhs, rhs):
        (m, k), n = request['lhs']['shape'], request['rhs']['shape'][1]
        self.unsigned = request['lhs']['dtype'].startswith('u'), request['rhs']['dtype'].startswith('u')
        start = decode(request['init']) if 'init' in request else [0] * (m * n)
        columns = [[self.weight(w) for w in rhs[j::n]] for j in range(n)]
        out = []
        for i in range(m):
            row = [self.activation(a) for a in lhs[i * k:(i + 1) * k]]
            for j in range(n):
                out.append(self.sum(request, row, columns[j], start[i * n + j]))
        return out

    def sum(self, request, row, column, acc):
        step, counted = self.chunk(request.get('profile', ''), len(row))
        for begin in range(0, len(row), max(step, 1)):
            end = min(begin + counted, min(begin + step, len(row)))
            total = 0
            for a, w in zip(row[begin:end], column[begin:end]):
                total = self.running_sum(total + self.one_product(a, w))
            acc = self.accumulator(acc + total)
        return wrap32(acc)

    # quantize -----------------------------------------------------------------------------------

    def quotient(self, dtype, x, scale):
        return ROUND[dtype](divide(flushed(dtype, x), flushed(dtype, scale)))

    def nearest(self, value):
        return round(value)  # ties to even

    def add_zero_point(self, dtype, quotient, zero_point):
        return ROUND[dtype](quotient + zero_point)

    def code_range(self, qtype):
        return RANGES[qtype]

    def quantize(self, request):
        qtype, dtype = request['result']['dtype'], request['x']['dtype']
        low, high = self.code_range(qtype)
        scale = broadcast(request['scale'], request['x']['shape'], decode(request['scale']))
        zero = None
        if 'zero_point' in request:
            zero = broadcast(request['zero_point'], request['x']['shape'], decode(request['zero_point']))
        out = []
        for i, x in enumerate(decode(request['x'])):
            value = self.quotient(dtype, x, scale[i])
            if zero is not None:
                value = self.add_zero_point(dtype, value, zero[i])
            if math.isnan(value):
                out.append(0)
            else:
                out.append(max(low, min(high, self.nearest(value) if math.isfinite(value) else
                                        (high if value > 0 else low))))
        return out

    # quantized_dot --------------------------------------------------------------------------------

    def correction(self, value):
        return -value

    def scaled(self, dtypes, acc, lhs_scale, rhs_scale):
        """The sum in the type of the first scale, then in the type of both."""
        first, both = dtypes[0], dtypes[0] if dtypes[0] == dtypes[1] else 'f32'
        value = ROUND[first](multiply(ROUND[first](acc), flushed(first, lhs_scale)))
        return ROUND[both](multiply(value, flushed(both, rhs_scale)))

    def quantized_dot(self, request):
        lhs, rhs = decode(request['lhs']), decode(request['rhs'])
        (m, k), n = request['lhs']['shape'], request['rhs']['shape'][1]
        acc = self.product(request, lhs, rhs)
        dtypes = request['lhs_scale']['dtype'], request['rhs_scale']['dtype']
        lhs_scale, rhs_scale = decode(request['lhs_scale']), decode(request['rhs_scale'])
        out = []
        for i in range(m):
            for j in range(n):
                value = acc[i * n + j]
                if 'lhs_zero_point' in request:
                    zero = decode(request['lhs_zero_point'])
                    value += self.correction(zero[i % len(zero)] * sum(rhs[j::n]))
                if 'rhs_zero_point' in request:
                    zero = decode(request['rhs_zero_point'])
                    value += self.correction(zero[j % len(zero)] * sum(lhs[i * k:(i + 1) * k]))
                out.append(self.scaled(dtypes, wrap32(value), lhs_scale[i % len(lhs_scale)],
                                       rhs_scale[j % len(rhs_scale)]))
        return out

    def answer(self, request):
        if request['op'] == 'product':
            return self.product(request, decode(request['lhs']), decode(request['rhs']))
        if request['op'] == 'quantize':
            return self.quantize(request)
        if request['op'] == 'quantized_dot':
            return self.quantized_dot(request)
        raise ValueError(f'unknown operation {request["op"]}')


def broadcast(array, shape, values):
    """values of an array whose dimensions are 1 or those of `shape`, one for each element of it."""
    out = []
    for position in range(math.prod(shape)):
        index, stride, rest = 0, 1, position
        for full, own in zip(reversed(shape), reversed(array['shape'])):
            if own != 1:
                index += rest % full * stride
            stride *= own
            rest //= full
        out.append(values[index])
    return out


def serve(device, name, version):
    hello = json.loads(sys.stdin.readline())['hello']
    if hello['protocol'] != 1:
        sys.exit(f'protocol {hello["protocol"]} is not spoken here')
    print(json.dumps({'hello': {'protocol': 1, 'name': name, 'version': version}}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            result = request['result']
            reply = {'id': request['id'],
                     'result': encode(result['dtype'], result['shape'], device.answer(request))}
        except (ValueError, KeyError) as problem:
            reply = {'id': request['id'], 'error': str(problem)}
        print(json.dumps(reply), flush=True)


if __name__ == '__main__':
    serve(Device(), 'reference in Python', '1')
