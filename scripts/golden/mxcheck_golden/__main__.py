"""Command line of the golden generator: `generate` writes goldens, `compare` re-records and compares,
`record` makes a case of a flax model."""

import argparse
import os
import re
import sys
import time

from . import casefile, jobs, policies, provenance


def _selected(paths: list[str]) -> list[casefile.Case]:
    cases = [case for case in casefile.discover(paths) if not case.is_refusal]
    if not cases:
        raise SystemExit("no cases to record")
    return cases


def _refuse_shared_goldens(cases: list[casefile.Case]) -> None:
    owner: dict[str, str] = {}
    for case in cases:
        path = case.golden_path()
        if path is None:
            continue
        if path in owner:
            raise SystemExit(
                f"{owner[path]} and {case.case_id} name the same golden;"
                " use ${NAME} of the matrix in expect.golden"
            )
        owner[path] = case.case_id


def _settings(options, out: str = "") -> jobs.Settings:
    return jobs.Settings(out, options.cache, options.all_threads)


def _report_error(answer: dict, verbose: bool) -> None:
    print(f"ERROR {answer['id']}: {answer['error'].splitlines()[0]}", file=sys.stderr)
    if verbose:
        print(answer["traceback"], file=sys.stderr)


def _generate(options) -> int:
    cases = _selected(options.cases)
    if not options.all:
        cases = [case for case in cases if case.golden_name is not None]
    _refuse_shared_goldens(cases)
    written, failed = [], 0
    for answer in jobs.run("generate", cases, _settings(options, os.path.abspath(options.out))):
        if "error" in answer:
            failed += 1
            _report_error(answer, options.verbose)
            continue
        written.append(answer)
        print(f"{answer['id']}: {os.path.relpath(answer['path'])}")
    provenance.update(options.out, written)
    print(f"{len(written)} goldens written, {failed} cases failed")
    return 1 if failed else 0


def _print_comparison(answer: dict) -> int:
    """Prints what is not as stored; returns the number of differing elements."""
    for name in answer["missing"]:
        print(f"{answer['id']}: {name}: not produced")
    for name in answer["extra"]:
        print(f"{answer['id']}: {name}: not in the golden")
    for name, (count, size) in answer["differences"].items():
        print(f"{answer['id']}: {name}: {count} of {size} elements differ")
    return sum(count for count, _ in answer["differences"].values())


def _compare(options) -> int:
    cases = [case for case in _selected([options.folder]) if case.golden_name is not None]
    started = time.monotonic()
    different = names = elements = wrong_names = failed = 0
    for answer in jobs.run("compare", cases, _settings(options)):
        if "error" in answer:
            failed += 1
            _report_error(answer, options.verbose)
            continue
        different += _print_comparison(answer)
        wrong_names += len(answer["missing"]) + len(answer["extra"])
        names += answer["names"]
        elements += answer["elements"]
    seconds = time.monotonic() - started
    print(f"{len(cases)} cases, {names} names, {elements} elements, {seconds:.0f} s")
    print(f"missing or extra names: {wrong_names}, failed cases: {failed}")
    print(f"differing bits: {different}")
    return 1 if different or wrong_names or failed else 0


def _record(options) -> int:
    stem = options.model.rpartition(":")[0] or options.model
    name = options.name or os.path.splitext(os.path.basename(stem))[0]
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        raise SystemExit(f"--name {name!r}: expected letters, digits, and _ . -")
    return jobs.record(options, name)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="mxcheck_golden", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    generate = commands.add_parser("generate", help="run cases on Qwix and write their goldens")
    generate.add_argument("cases", nargs="+", help="case files or folders of them")
    generate.add_argument("--out", default="golden/data", help="folder of the goldens and checksums")
    generate.add_argument("--all", action="store_true", help="also cases that name no golden: <out>/<id>")
    generate.set_defaults(run=_generate)

    compare = commands.add_parser("compare", help="re-record a folder of cases and compare bits")
    compare.add_argument("folder")
    compare.set_defaults(run=_compare)

    record = commands.add_parser(
        "record",
        help="make a case, its data and its golden of a flax model",
        description="Records FILE.py:FUNCTION. The function returns (model, inputs, rules) or a dict;"
        " see mxcheck_golden/recording.py.",
    )
    record.add_argument("model", metavar="FILE.py:FUNCTION")
    record.add_argument("-o", "--out", default=".", help="folder of the case (default: here)")
    record.add_argument("--name", help="name of the case (default: the file's)")
    record.add_argument("--policy", default=policies.DEFAULT_POLICY, choices=policies.XLA_FLAGS)
    record.add_argument("--force", action="store_true", help="write over an existing case of that name")
    record.set_defaults(run=_record)

    for command in (generate, compare, record):
        command.add_argument("--cache", help="folder where JAX keeps compiled primitives between runs")
        command.add_argument(
            "--all-threads", action="store_true", help="let the backend split work over the host's threads"
        )
        command.add_argument("-v", "--verbose", action="store_true", help="print tracebacks")

    options = parser.parse_args(arguments)
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
