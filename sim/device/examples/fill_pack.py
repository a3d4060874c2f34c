#!/usr/bin/env python3
"""A correct device of tier `files` in Python's standard library: fill_pack.py DIR reads the operands
of every product of a pack (mxcheck pack, mxcheck conform) and writes what it computes beside them.
"""
import ast
import json
import pathlib
import struct
import sys


def read_npy(path):
    """(shape, values) of a C-ordered array of integers."""
    data = path.read_bytes()
    if data[:6] != b'\x93NUMPY':
        sys.exit(f'{path} is no npy file')
    size = struct.unpack('<H', data[8:10])[0] if data[6] == 1 else struct.unpack('<I', data[8:12])[0]
    begin = 10 if data[6] == 1 else 12
    header = ast.literal_eval(data[begin:begin + size].decode('latin-1'))
    code = {'i1': 'b', 'u1': 'B', 'i4': 'i', 'i8': 'q'}[header['descr'].lstrip('|<')]
    body = data[begin + size:]
    return header['shape'], struct.unpack(f'<{len(body) // struct.calcsize(code)}{code}', body)


def write_npy(path, shape, values):
    header = repr({'descr': '<i8', 'fortran_order': False, 'shape': tuple(shape)})
    header += ' ' * (-(len(header) + 11) % 64) + '\n'
    path.write_bytes(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header.encode('latin-1') +
                     struct.pack(f'<{len(values)}q', *values))


def wrap32(value):
    return (value + 2 ** 31) % 2 ** 32 - 2 ** 31


def main():
    pack = pathlib.Path(sys.argv[-1])
    manifest = json.loads((pack / 'manifest.json').read_text(encoding='utf-8'))
    for number, product in enumerate(manifest['products']):
        folder = pack / f'product_{number:03}'
        (m, k), lhs = read_npy(folder / 'lhs.npy')
        (_, n), rhs = read_npy(folder / 'rhs.npy')
        start = read_npy(folder / 'init.npy')[1] if product['init'] else [0] * (m * n)
        out = [wrap32(start[i * n + j] + sum(lhs[i * k + p] * rhs[p * n + j] for p in range(k)))
               for i in range(m) for j in range(n)]
        write_npy(folder / 'observed.npy', (m, n), out)


if __name__ == '__main__':
    main()
