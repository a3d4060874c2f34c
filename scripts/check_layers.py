#!/usr/bin/env python3
"""Fails on an include that points the wrong way between the folders of the repository.

    check_layers.py [ROOT]

A folder may include itself and the folders listed for it below, nothing else of the repository.
golden/reference and sim/quant never see each other: they are two independent answers. Only
sim/cli prints or exits.
"""
import pathlib
import re
import sys

ALLOWED = {
    'sim/base': [],
    'sim/build': [],
    'sim/fault': ['sim/base'],
    'sim/numerics': ['sim/base', 'sim/fault'],
    'sim/tensor': ['sim/base', 'sim/fault', 'sim/numerics'],
    'sim/graph': ['sim/base', 'sim/fault', 'sim/numerics', 'sim/tensor'],
    'sim/casefile': ['sim/base', 'sim/fault', 'sim/numerics', 'sim/tensor', 'sim/graph'],
    'sim/quant': ['sim/base', 'sim/fault', 'sim/numerics', 'sim/tensor'],
    'sim/mxu': ['sim/base', 'sim/fault', 'sim/numerics', 'sim/tensor'],
    'sim/kernels': ['sim/base', 'sim/fault', 'sim/numerics', 'sim/tensor'],
    'sim/exec': ['sim/base', 'sim/fault', 'sim/numerics', 'sim/tensor', 'sim/graph', 'sim/quant', 'sim/mxu',
                 'sim/kernels'],
    'sim/device': ['sim/base', 'sim/numerics', 'sim/tensor'],
    'golden/reference': ['sim/base', 'sim/numerics', 'sim/tensor', 'sim/graph'],
    'reports': ['sim/base', 'sim/tensor', 'sim/numerics'],
    'sim/suite': ['sim/base', 'sim/fault', 'sim/numerics', 'sim/tensor', 'sim/graph', 'sim/casefile', 'sim/mxu',
                  'sim/kernels', 'sim/exec', 'sim/device', 'golden/reference', 'reports'],
    'sim/cluster': ['sim/base', 'sim/numerics', 'sim/tensor', 'sim/casefile', 'reports', 'sim/suite'],
    'sim/api': ['sim/base', 'sim/build', 'sim/numerics', 'sim/tensor', 'sim/graph', 'sim/casefile', 'sim/quant', 'sim/mxu',
                'sim/kernels', 'sim/exec', 'reports', 'sim/suite'],
    'sim/python': ['sim/api'],
    'sim/author': ['sim/base', 'sim/fault', 'sim/numerics', 'sim/tensor', 'sim/graph', 'sim/casefile', 'sim/mxu',
                   'sim/kernels', 'sim/exec', 'reports', 'sim/suite'],
    'sim/bench': ['sim/base', 'sim/numerics', 'sim/tensor', 'sim/graph', 'sim/casefile', 'sim/quant',
                  'sim/mxu', 'sim/kernels', 'sim/exec', 'reports', 'sim/suite'],
    'sim/cli': ['sim/base', 'sim/build', 'sim/fault', 'sim/numerics', 'sim/tensor', 'sim/graph', 'sim/casefile', 'sim/mxu',
                'sim/kernels', 'sim/exec', 'sim/device', 'sim/cluster', 'sim/author', 'sim/bench', 'reports',
                'sim/suite'],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]')
PRINTS = re.compile(r'\b(std::cout|std::cerr|std::exit|std::_Exit|std::abort)\b|\bfmt::print\s*\(|\bprintf\s*\(')


def folder_of(path):
    """The layer a file or include belongs to, the longest that fits."""
    fitting = [name for name in ALLOWED if path.startswith(name + '/')]
    return max(fitting, key=len) if fitting else None


def check(root):
    problems = []
    sources = sorted(p for top in ('sim', 'golden', 'reports') for p in (root / top).rglob('*')
                     if p.suffix in ('.h', '.cpp'))
    for path in sources:
        name = path.relative_to(root).as_posix()
        layer = folder_of(name)
        if layer is None:
            problems.append(f'{name}: lies in no layer')
            continue
        test = path.stem.endswith(('_test', '_bench', '_fuzz', '_main'))
        for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
            include = INCLUDE.match(line)
            if include and (include[1].startswith(('sim/', 'golden/', 'reports/'))):
                other = folder_of(include[1])
                if not (root / include[1]).exists():
                    problems.append(f'{name}:{number}: no such file: {include[1]}')
                elif other != layer and other not in ALLOWED[layer]:
                    problems.append(f'{name}:{number}: {layer} may not include {other}')
            elif layer != 'sim/cli' and not test and PRINTS.search(line.split('//')[0]):
                problems.append(f'{name}:{number}: only sim/cli prints or exits')
    return problems, len(sources)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else '.').resolve()
    problems, files = check(root)
    for problem in problems:
        print(problem)
    print(f'layers: {files} files, {len(problems)} problems')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
