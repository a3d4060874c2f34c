#!/usr/bin/env python3
"""Checks the label table: every label is implemented, and shown by a case or held by a test.

    check_labels.py [--table] [--write] [--bin MXCHECK] [ROOT]

Labels from sim/base/labels.def; mentions in sources, in tests (*_test.cpp, scripts/e2e,
scripts/golden/tests) and in cases (expect.error, title, description, tags; with --bin also the
quirks that `mxcheck list` finds in a case's plan). "DOT-4..DOT-6" mentions DOT-5 too. With --table
the coverage table is printed as Markdown. With --bin the tables of docs/numerics.md are held
against the labels and the cases; --write makes them anew.
"""
import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

LINE = re.compile(r'^MXCHECK_LABEL\(\s*"([^"]+)",\s*(k\w+),\s*("(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*),\s*"([^"]*)"\)', re.M)
WORD = re.compile(r'\b[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+\b')
RANGE = re.compile(r'\b([A-Z]+)-(\d+)\s*(?:\.\.|to)\s*(?:\1-)?(\d+)\b')


# Labels that no case file can show, and why; tests hold them.
NO_CASE = {
    'POL-8': 'speaks of compiled graphs, which cases never run',
    'TIL-CHANNEL': 'no rule reaches it', 'DOT-TILE2': 'no rule reaches it',
    'JSON-SYNTAX': 'such a file cannot be read as far as its expectation',
    'JSON-DUPLICATE': 'such a file cannot be read as far as its expectation',
    'JSON-DEPTH': 'such a file cannot be read as far as its expectation',
    'JSON-SIZE': 'such a file cannot be read as far as its expectation',
    'JSON-UTF8': 'such a file cannot be read as far as its expectation',
    'CASE-FILE': 'speaks of files that cannot be opened', 'REF-UNUSED': 'is a warning',
    **{f'WEAK-{word}': 'is a warning' for word in ('SIGN', 'TIE', 'SATURATION', 'AXIS', 'VACUOUS')},
    'GOLD-MISSING': 'an expected refusal stands alone', 'GOLD-FORMAT': 'an expected refusal stands alone',
    **{f'XFAIL-{word}': 'speaks of expectations files' for word in
       ('FILE', 'VERSION', 'KEY', 'VALUE', 'REASON', 'DUPLICATE', 'UNUSED')},
    **{f'DEV-{word}': 'speaks of device files' for word in ('FILE', 'VERSION', 'KEY', 'VALUE')},
    **{f'MUST-{word}': 'speaks of must-pass lists' for word in ('FILE', 'KEY', 'VALUE')},
    **{f'BNDL-{word}': 'speaks of bundles' for word in ('FILE', 'SUM', 'DERIVED')},
    **{f'RPT-{word}': 'speaks of run reports' for word in ('FILE', 'VERSION', 'KEY', 'VALUE')},
    **{f'MERGE-{word}': 'speaks of run reports' for word in
       ('SHARD', 'GAP', 'OVERLAP', 'CONTEXT', 'INCOMPLETE', 'DIGEST')},
    **{f'API-{word}': 'speaks of calls of the library' for word in ('OPTION', 'ARRAY', 'FAILED')},
    'GOLD-CHECKSUM': 'stops a run before any case', 'HW-JSON': 'speaks of profile files',
    'HW-LICENCE': 'speaks of a level, which only a command line chooses',
}


def mentions(text):
    found = set(WORD.findall(text))
    for prefix, first, last in RANGE.findall(text):
        found.update(f'{prefix}-{n}' for n in range(int(first), int(last) + 1))
    return found


def is_test(path):
    return path.stem.endswith(('_test', '_fuzz')) or {'e2e', 'tests'} & set(path.parts)


def scan_sources(root):
    code, tests = collections.defaultdict(list), collections.defaultdict(list)
    files = [p for top in ('sim', 'golden', 'reports') for p in (root / top).rglob('*')
             if p.suffix in ('.h', '.cpp', '.def') and p.name != 'labels.def']
    files += [p for p in (root / 'scripts').rglob('*.py') if p.name != 'check_labels.py']
    for path in sorted(files):
        name = path.relative_to(root)
        for label in mentions(path.read_text(encoding='utf-8')):
            (tests if is_test(name) else code)[label].append(name.as_posix())
    return code, tests


def scan_cases(root):
    cases = collections.defaultdict(list)
    folder = root / 'cases'
    for path in sorted(folder.rglob('*.json')):
        try:
            case = json.loads(path.read_text(encoding='utf-8'))
        except ValueError:
            continue
        if not isinstance(case, dict) or 'mxcheck' not in case:
            continue
        text = ' '.join([str(case.get('title', '')), str(case.get('description', '')),
                         ' '.join(map(str, case.get('tags', []))),
                         str(case.get('expect', {}).get('error', ''))])
        for label in mentions(text):
            cases[label].append(path.relative_to(folder).with_suffix('').as_posix())
    return cases


def add_planned(root, binary, cases):
    """Labels a case shows without naming them: `labels` of mxcheck list."""
    result = subprocess.run([binary, 'list', root / 'cases', '--json'], capture_output=True, text=True)
    for row in json.loads(result.stdout):
        for label in row['labels']:
            if row['id'] not in cases[label]:
                cases[label].append(row['id'])


def first_of(names):
    return '-' if not names else names[0] + (f' (+{len(names) - 1})' if len(names) > 1 else '')


PAGE = 'docs/numerics.md'
TABLE = re.compile(r'(<!-- labels: ([^>]*?) -->\n).*?(<!-- /labels -->)', re.S)
KINDS = {'quirks': 'kQuirk', 'refusals': 'kRefusal'}
MOST_NAMED = 2


def escaped(text):
    return re.sub(r'([|*_<>])', r'\\\1', text.replace('\\"', '"'))


def table_of(words, labels, cases):
    """The rules whose labels begin with one of the words, or all labels of a kind."""
    lines = ['\n| label | rule | implemented in | shown by |\n|---|---|---|---|\n']
    for label, kind, meaning, file in labels:
        if not (KINDS.get(words) == kind or kind == 'kRule' and label.split('-')[0] in words.split()):
            continue
        sentence = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', meaning))
        named = [case for case in sorted(cases[label]) if not case.startswith(('schema/', 'devices/'))][:MOST_NAMED]
        shown = ', '.join(f'`{case}`' for case in named) or ('-' if label not in NO_CASE else NO_CASE[label])
        lines.append(f'| {label} | {escaped(sentence)} | `{file}` | {shown} |\n')
    return ''.join(lines) + '\n'


def page_of(text, labels, cases):
    return TABLE.sub(lambda found: found[1] + table_of(found[2], labels, cases) + found[3], text)


def check_page(root, labels, cases, write):
    """Every rule, quirk and refusal stands in the page, as the table and the cases have it."""
    page = root / PAGE
    text = page.read_text(encoding='utf-8')
    made = page_of(text, labels, cases)
    if write:
        page.write_text(made, encoding='utf-8')
        text = made
    problems = [f'{PAGE}: {label} is in none of its tables' for label, kind, *_ in labels
                if kind != 'kAdvice' and f'| {label} |' not in made]
    if text != made:
        problems.append(f'{PAGE} is not made from the labels and the cases: scripts/check_labels.py --write --bin MXCHECK')
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', nargs='?', default='.')
    parser.add_argument('--bin', help='built mxcheck')
    parser.add_argument('--table', action='store_true')
    parser.add_argument('--write', action='store_true', help='make the tables of docs/numerics.md anew; needs --bin')
    options = parser.parse_args()
    root = pathlib.Path(options.root).resolve()
    labels = LINE.findall((root / 'sim/base/labels.def').read_text(encoding='utf-8'))
    code, tests = scan_sources(root)
    cases = scan_cases(root)
    if options.bin:
        add_planned(root, options.bin, cases)
    problems = [] if labels else ['sim/base/labels.def: no label found']
    if options.bin:
        problems += check_page(root, labels, cases, options.write)
    elif options.write:
        parser.error('--write needs --bin')
    seen = set()
    for label, kind, _, file in labels:
        if label in seen:
            problems.append(f'{label}: is in the table twice')
        seen.add(label)
        if not code[label]:
            problems.append(f'{label}: no source mentions it')
        if not (root / file).exists():
            problems.append(f'{label}: {file} does not exist')
        if not tests[label] and not cases[label]:
            problems.append(f'{label}: neither a test nor a case covers it ({kind})')
        if not cases[label] and label not in NO_CASE:
            problems.append(f'{label}: no case shows it ({kind})')
    if options.table:
        print('| label | kind | code | tests | cases |\n|---|---|---|---|---|')
        for label, kind, _, file in labels:
            print(f'| {label} | {kind[1:].lower()} | {file} | {first_of(tests[label])} | {first_of(cases[label])} |')
    for problem in problems:
        print(problem)
    covered = sum(1 for label, *_ in labels if cases[label])
    print(f'labels: {len(labels)} in the table, {covered} named by a case, {len(problems)} problems',
          file=sys.stderr if options.table else sys.stdout)
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
