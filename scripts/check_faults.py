#!/usr/bin/env python3
"""Holds docs/faults.md against sim/fault/faults.def: check_faults.py [--write] [ROOT]

The page is one table per place, made from the table of faults; --write makes it anew.
"""
import pathlib
import re
import sys

STRING = r'(?:R"\((.*?)\)"|"((?:[^"\\]|\\.)*)")'
LINE = re.compile(r'^MXCHECK_FAULT\((\w+), k(\w+), ' + STRING + r', "([^"]*)", ' + STRING
                  + r', k(\w+), ' + STRING + ', ' + STRING + r'\)$')
PLACES = {'Mxu': 'Matrix unit', 'Kernel': 'SIMD kernels', 'Quant': 'Quantizer',
          'Exec': 'Executor', 'Statistics': 'Statistics'}
HEAD = """# Faults

What `mxcheck mutate` plants, one line each, from `sim/fault/faults.def` (`scripts/check_faults.py
--write` makes this page). A fault is written `{"kind": KIND, "at": {...}}`; `at` may name `row`, `col`
and `bit` of a PE's register, `bits` of a width, and for registers `level`: `functional` (the
arithmetic of a product) or `cycle` (the stepped array).

A fault is applicable if a selected case has what it needs, or, where the column says *a change*, if
it changes some value of a case. It is detected if a check of a case fails with it and not without.

<!-- not run: takes minutes; scripts/e2e/test_faults.py holds the score -->
```sh
mxcheck mutate cases                      # every fault, score, survivors
```

```console
$ mxcheck mutate cases --fault mask_missing
...
$ mxcheck run cases --id edge/ties --fault round_half_up   # one case on the faulty model
...
[exit 1]
```

`how`: *site*, a function of the quantizer or executor; *register*, a register or wire of a PE;
*array*, the stepped array only; *kernel*, around a SIMD kernel; otherwise the knob or key it changes.
"""


def words(need):
    text = re.sub(r'([A-Z])', lambda m: ' ' + m[1].lower(), need).strip()
    return '*a change*' if need == 'Change' else text


def faults(root):
    out, bad = [], []
    for number, line in enumerate((root / 'sim/fault/faults.def').read_text().splitlines(), 1):
        if not line.startswith('MXCHECK_FAULT('):
            continue
        m = LINE.match(line)
        if not m:
            bad.append(f'sim/fault/faults.def:{number}: not a line of the table')
            continue
        g = m.groups()
        pick = lambda i: (g[i] if g[i] is not None else g[i + 1] or '').replace('\\"', '"')
        out.append({'kind': g[0], 'place': g[1], 'how': pick(2), 'rule': g[4], 'at': pick(5),
                    'needs': words(g[7]), 'what': pick(8), 'catches': pick(10)})
    return out, bad


def page(table):
    text = HEAD
    for place, title in PLACES.items():
        rows = [f for f in table if f['place'] == place]
        text += (f'\n## {title} ({len(rows)})\n\n| kind | what is wrong | rule | how | at | needs | '
                 'caught by |\n|---|---|---|---|---|---|---|\n')
        for f in rows:
            at = f'`{f["at"]}`' if f['at'] else ''
            text += (f'| `{f["kind"]}` | {f["what"]} | {f["rule"]} | {f["how"]} | {at} | '
                     f'{f["needs"]} | {f["catches"]} |\n')
    return text


def main():
    write = '--write' in sys.argv
    arguments = [a for a in sys.argv[1:] if a != '--write']
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).resolve().parents[1])
    table, problems = faults(root)
    path = root / 'docs/faults.md'
    if write and not problems:
        path.write_text(page(table))
    if not path.exists() or path.read_text() != page(table):
        problems.append('docs/faults.md: is not what scripts/check_faults.py --write would make')
    for problem in problems:
        print(problem)
    print(f'faults: {len(table)} in the table, {len(problems)} problems')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
