"""One process per policy: jax reads its flags once, at import, so the policy must be settled before.

Started by `jobs` with XLA_FLAGS set; reads what to do from its arguments, answers one JSON object
per line on stdout. A case that Qwix refuses is an answer too, not the end of the batch.
"""

import argparse
import hashlib
import json
import os
import sys
import traceback

from . import GENERATOR, casefile, compare, policies, safetensors_io


def _use_one_thread() -> None:
    """The backend cuts long contractions by the number of threads: one makes goldens of any host alike."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _metadata(case: casefile.Case) -> dict[str, str]:
    """What a reader of the file must know about its making; no dates, no hosts."""
    import flax
    import jax
    from qwix.version import __version__ as qwix_version

    base = policies.base_of(case.policy)
    metadata = {
        "generator": GENERATOR,
        "qwix": qwix_version,
        "jax": jax.__version__,
        "flax": flax.__version__,
        "policy": base,
        "xla_flags": policies.XLA_FLAGS[base],
    }
    for knob, value in policies.knobs_of(case.policy).items():
        metadata[knob] = str(value)
    return metadata


def _generate(case: casefile.Case, out: str) -> dict:
    return generate_and_keep(case, out)[0]


def generate_and_keep(case: casefile.Case, out: str) -> tuple[dict, dict]:
    """Records a case and writes its golden; returns the answer and the values."""
    from . import backend, runner

    path = case.golden_path() or os.path.join(out, case.case_id + ".safetensors")
    with backend.long_contractions_seen() as witness:
        values = runner.record(case)
    metadata = _metadata(case)
    block = witness.verdict()
    if block is not None:
        stated = policies.knobs_of(case.policy).get("dot_block", block)
        if stated != block:
            raise ValueError(f"the case states dot_block {stated}, this host uses {block}")
        metadata["dot_block"] = str(block)
    blob = safetensors_io.write(path, values, metadata)
    return {
        "path": os.path.realpath(path),
        "sha256": hashlib.sha256(blob).hexdigest(),
        "provenance": {"case": case.case_id, "case_sha256": case.digest, **metadata},
    }, values


def _compare(case: casefile.Case, _: str) -> dict:
    from . import runner

    wanted, _metadata_of_golden = safetensors_io.read(case.golden_path())
    return compare.tensors(wanted, runner.record(case))


def prepare(policy: str, all_threads: bool) -> None:
    """Settles the process for one policy and puts the listeners in place; before any use of jax."""
    if not all_threads:
        _use_one_thread()
    if os.environ.get("XLA_FLAGS") != policies.XLA_FLAGS[policy]:
        raise SystemExit("XLA_FLAGS do not match the policy")

    from . import backend, model, recorder

    recorder.install()
    model.install()
    backend.install()


_ACTIONS = {"generate": _generate, "compare": _compare}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="mxcheck_golden.worker")
    parser.add_argument("action", choices=_ACTIONS)
    parser.add_argument("--policy", required=True, choices=policies.XLA_FLAGS)
    parser.add_argument("--out", default="")
    parser.add_argument("--all-threads", action="store_true")
    options = parser.parse_args(arguments)
    prepare(options.policy, options.all_threads)
    for request in map(json.loads, sys.stdin):
        case = casefile.Case(**request)
        answer = {"id": case.case_id}
        try:
            answer.update(_ACTIONS[options.action](case, options.out))
        except Exception as error:  # Whatever Qwix or JAX raises belongs to the case.
            answer["error"] = f"{type(error).__name__}: {error}"
            answer["traceback"] = traceback.format_exc()
        print(json.dumps(answer), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
