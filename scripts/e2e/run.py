#!/usr/bin/env python3
"""Runs the end-to-end tests of the built program: run.py [BINARY] [unittest arguments]."""
import os
import pathlib
import sys
import unittest

if __name__ == '__main__':
    here = pathlib.Path(__file__).resolve().parent
    if len(sys.argv) > 1 and not sys.argv[1].startswith('-'):
        os.environ['MXCHECK_BIN'] = str(pathlib.Path(sys.argv.pop(1)).resolve())
    sys.path.insert(0, str(here))
    patterns = [a for a in sys.argv[1:] if not a.startswith('-')]
    loader = unittest.TestLoader()
    if patterns:
        suite = loader.loadTestsFromNames(patterns)
    else:
        suite = loader.discover(str(here), pattern='test_*.py')
    result = unittest.TextTestRunner(verbosity=2 if '-v' in sys.argv else 1).run(suite)
    # A test with several failing subtests is one failed test.
    bad = len({getattr(test, 'test_case', test).id() for test, _ in result.failures + result.errors})
    print(f'{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, '
          f'{len(result.skipped)} skipped')
    sys.exit(0 if result.wasSuccessful() else 1)
