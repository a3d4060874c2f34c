#!/usr/bin/python3
"""clang-tidy over the files of a compile_commands.json: tidy.py FOLDER [FILE...]

A file that was clean is not looked at again while what its compiler sees, the checks and clang-tidy
are the same: FOLDER/clean holds an empty file for the digest of the three. Without the FILEs (paths
from the root): all. Exit 1 with the findings if there is one.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
TIDY = 'clang-tidy-16'
# Catch's macros make paths no program takes, and the analyzer walks them all; a text compared with ""
# is shown when it is not empty, which empty() would not do.
OF_TESTS = ['--checks=-clang-analyzer-*,-readability-container-size-empty']


def is_test(path):
    return path.endswith('_test.cpp')


def preprocessed(entry):
    """What the compiler sees of a file. Lines count: a NOLINT is a comment, so comments stay."""
    words = [w for w in shlex.split(entry['command']) if os.path.basename(w) != 'ccache']
    words = words[:words.index('-o')] + ['-E', '-C', entry['file']]
    return subprocess.run(words, cwd=entry['directory'], capture_output=True, check=True).stdout


def findings(entry, folder, common):
    """The text of the findings in one file, '' if there are none."""
    options = OF_TESTS if is_test(entry['file']) else []
    try:
        seen = preprocessed(entry)
    except subprocess.CalledProcessError as error:
        return error.stderr.decode(errors='replace').strip()
    key = hashlib.sha256(common + repr(options).encode() + seen).hexdigest()
    clean = folder / 'clean' / key
    if clean.exists():
        return ''
    run = subprocess.run([TIDY, '--quiet', '-p', str(folder), *options, entry['file']],
                         capture_output=True, text=True, cwd=ROOT)
    if run.returncode == 0 and not run.stdout.strip():
        clean.touch()
        return ''
    return run.stdout.strip() or run.stderr.strip() or f'{entry["file"]}: {TIDY} failed'


def main(folder, wanted):
    folder = pathlib.Path(folder).resolve()
    entries = json.loads((folder / 'compile_commands.json').read_text())
    entries = {os.path.relpath(e['file'], ROOT): e for e in entries}
    unknown = sorted(set(wanted) - set(entries))
    if unknown:
        print(f'tidy: not compiled: {" ".join(unknown)}')
        return 4
    (folder / 'clean').mkdir(exist_ok=True)
    common = (ROOT / '.clang-tidy').read_bytes()
    common += subprocess.run([TIDY, '--version'], capture_output=True, check=True).stdout
    # Tests last: they are slow and seldom wrong.
    chosen = sorted(wanted or entries, key=lambda path: (is_test(path), path))
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for text in pool.map(lambda path: findings(entries[path], folder, common), chosen):
            if text:
                wrong += 1
                print(text, flush=True)
    print(f'tidy: {len(chosen)} files, {wrong} with findings' if wrong
          else f'tidy: {len(chosen)} files, nothing found')
    return 1 if wrong else 0


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
