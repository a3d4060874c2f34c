"""Hands cases to one worker process per policy, one after the other, and collects the answers."""

from collections.abc import Iterator
import dataclasses
import json
import os
import subprocess
import sys
import threading

from . import policies
from .casefile import Case


def by_policy(cases: list[Case]) -> dict[str, list[Case]]:
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(policies.base_of(case.policy), []).append(case)
    return groups


def _cache(folder: str | None) -> dict[str, str]:
    """Lets JAX keep compiled primitives between runs: the same code, not compiled again."""
    if not folder:
        return {}
    return {
        "JAX_COMPILATION_CACHE_DIR": os.path.abspath(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def _environment(policy: str, cache: str | None) -> dict[str, str]:
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return {
        **os.environ,
        **_cache(cache),
        "XLA_FLAGS": policies.XLA_FLAGS[policy],
        "JAX_PLATFORMS": "cpu",
        "JAX_ENABLE_X64": "0",
        "PYTHONPATH": here,
    }


@dataclasses.dataclass(frozen=True)
class Settings:
    """How workers run: where goldens without a stated path go, and what the host lends them."""

    out: str = ""
    cache: str | None = None  # Compiled primitives kept between runs.
    all_threads: bool = False


def run(action: str, cases: list[Case], settings: Settings) -> Iterator[dict]:
    """The workers' answers, in case order within each policy."""
    for policy, group in sorted(by_policy(cases).items()):
        command = [sys.executable, "-m", "mxcheck_golden.worker", action, "--policy", policy]
        command += ["--out", settings.out] + ["--all-threads"] * settings.all_threads
        process = subprocess.Popen(
            command,
            env=_environment(policy, settings.cache),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        requests = "".join(json.dumps(dataclasses.asdict(case)) + "\n" for case in group)
        yield from _converse(process, requests)
        if process.wait() != 0:
            raise RuntimeError(f"the worker for {policy} ended with {process.returncode}")


def _converse(process: subprocess.Popen, requests: str) -> Iterator[dict]:
    """Feeds the requests from a thread: they may outgrow the pipe while answers wait to be read."""
    def feed():
        with process.stdin:
            process.stdin.write(requests)

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    for line in process.stdout:
        yield json.loads(line)
    feeder.join()


def record(options, name: str) -> int:
    """One model in a process of its own, settled for the policy; its exit code."""
    command = [sys.executable, "-m", "mxcheck_golden.recording", options.model, "--name", name]
    command += ["--policy", options.policy, "--out", options.out]
    command += ["--force"] * options.force + ["--verbose"] * options.verbose
    return subprocess.run(command, env=_environment(options.policy, options.cache)).returncode
