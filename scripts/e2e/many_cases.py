#!/usr/bin/env python3
"""Writes a suite of small cases with recorded values: many_cases.py BINARY FOLDER COUNT [--no-values]

Every case is one of a few graphs (dense layers in int8 forward and backward, a product of float arrays, a
chain of elementwise ops) with operands of its own; its golden holds what the program gives now. For
measuring, and for tests that need many cases.
"""
import hashlib
import json
import pathlib
import subprocess
import sys

from support import read_safetensors, write_safetensors


def dense(number, mode):
    rows, k, n = 4 + number % 3, 8 + number % 9, 5 + number % 4
    case = {
        'mxcheck': 1,
        'title': f'dense layer {number}',
        'tags': ['smoke'],
        'inputs': {'x': {'random': 'normal', 'seed': number, 'shape': [rows, k]}},
        'params': {'Dense_0/kernel': {'random': 'normal', 'seed': number + 1, 'shape': [k, n], 'scale': 0.25}},
        'nodes': [
            {'name': 'h', 'op': 'dot_general', 'module': 'Dense_0', 'args': ['x', 'Dense_0/kernel'],
             'dimension_numbers': [[[1], [0]], [[], []]]},
            {'name': 'y', 'op': 'relu', 'args': ['h']},
        ],
        'run': {'mode': mode},
    }
    rule = {'module_path': '.*', 'weight_qtype': 's8', 'act_qtype': 's8'}
    if mode == 'grad':
        rule['bwd_qtype'] = 's8'
        case['run']['cotangents'] = {'y': {'random': 'normal', 'seed': number + 2, 'shape': [rows, n]}}
    case['rules'] = [rule]
    return case


def elementwise(number):
    return {'mxcheck': 1, 'title': f'elementwise {number}', 'tags': ['smoke'],
            'inputs': {'a': {'random': 'normal', 'seed': number, 'shape': [3, 7]},
                       'b': {'random': 'normal', 'seed': number + 1, 'shape': [3, 7]}},
            'nodes': [{'name': 's', 'op': 'add', 'args': ['a', 'b']}, {'name': 'y', 'op': 'relu', 'args': ['s']}],
            'run': {'mode': 'forward'}}


def make(number):
    kind = number % 4
    return elementwise(number) if kind == 3 else dense(number, 'grad' if kind == 1 else 'forward')


def write(binary, folder, count, values=True):
    folder = pathlib.Path(folder)
    parts = [folder / f'{n // 100:03}' / f'{n:05}' for n in range(count)]
    for number, path in enumerate(parts):
        path.parent.mkdir(parents=True, exist_ok=True)
        case = make(number)
        if values:
            path.with_suffix('.json').write_text(json.dumps(case))
            case['expect'] = {'golden': path.name + '.safetensors'}
        path.with_suffix('.case').write_text(json.dumps(case, indent=1))
    if values:
        dump = folder / 'values.safetensors'
        subprocess.run([binary, 'run', folder, '--dump', dump], stdout=subprocess.DEVNULL)
        by_case = {}
        for name, value in read_safetensors(dump).items():
            case, _, name = name.partition(':')
            by_case.setdefault(case, {})[name] = value
        dump.unlink()
        sums = []
        for path in parts:
            golden = path.with_suffix('.safetensors')
            write_safetensors(golden, by_case[path.relative_to(folder).as_posix()])
            sums.append(f'{hashlib.sha256(golden.read_bytes()).hexdigest()}  {golden.relative_to(folder)}\n')
        (folder / 'SHA256SUMS').write_text(''.join(sums))
    for path in parts:
        path.with_suffix('.case').rename(path.with_suffix('.json'))


if __name__ == '__main__':
    arguments = [a for a in sys.argv[1:] if a != '--no-values']
    if len(arguments) != 3:
        sys.exit(__doc__)
    write(arguments[0], arguments[1], int(arguments[2]), values='--no-values' not in sys.argv)
