#!/usr/bin/env python3
"""Writes cases/schema/case.schema.json, or checks that it is what the program says.

    case_schema.py [--bin MXCHECK] [--write] [--root ROOT]

The reader is asked, not copied: for every object of the format a case with a key that does not
exist is given to `mxcheck lint --json`, whose answer lists the keys it knows; the same for the words
of every list of words, for missing keys, numbers of arguments and limits. The prose is in schema/prose.py. A key
the reader knows and that file does not describe is an error, and so is the reverse. Without --write
the committed file must be equal to the generated one.
"""
import argparse
import json
import pathlib
import sys

from schema.objects import case_schema
from schema.reader import interview


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parents[1]
    parser.add_argument('--bin', default=str(root / 'build/release/bin/mxcheck'))
    parser.add_argument('--root', type=pathlib.Path, default=root, help='the repository')
    parser.add_argument('--write', action='store_true', help='write the file instead of comparing')
    options = parser.parse_args()
    text = json.dumps(case_schema(interview(options.bin)), indent=1) + '\n'
    file = options.root / 'cases/schema/case.schema.json'
    if options.write:
        file.write_text(text, encoding='utf-8')
        print(f'{file}: written')
        return 0
    if not file.exists() or file.read_text(encoding='utf-8') != text:
        print(f'{file} is not what the program says; scripts/case_schema.py --write, and read the difference')
        return 1
    print(f'{file}: as the program says')
    return 0


if __name__ == '__main__':
    sys.exit(main())
