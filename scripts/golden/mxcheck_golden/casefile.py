"""Case files on disk: finding them, expanding `matrix`, and knowing where a golden belongs.

A case's id is its path below the folder it was found under, without `.json`, followed by one
`/NAME=value` part per matrix name. Nothing is guessed about the golden of an expansion: the case
spells it with `${NAME}` in `expect.golden` (say `dense/K=${K}.safetensors`), and a case that states
none gets `<out>/<id>.safetensors`, the parts as folders.
"""

import copy
import dataclasses
import hashlib
import itertools
import json
import os

import numpy as np

from . import policies, sources

ROOT_MARKER = ".mxcheck-root"


@dataclasses.dataclass(frozen=True)
class Case:
    """One runnable case: a file, or one expansion of a file with a matrix."""

    case_id: str
    path: str
    digest: str  # SHA-256 of the case file's bytes.
    suite_root: str  # `file` sources and goldens stay below it.
    document: dict

    @property
    def directory(self) -> str:
        return os.path.dirname(os.path.abspath(self.path))

    @property
    def policy(self):
        return self.document.get("policy", policies.DEFAULT_POLICY)

    @property
    def is_refusal(self) -> bool:
        return "error" in self.document.get("expect", {})

    @property
    def golden_name(self) -> str | None:
        return self.document.get("expect", {}).get("golden")

    def golden_path(self) -> str | None:
        """Where `expect.golden` points; none if it is not stated."""
        if self.golden_name is None:
            return None
        path = os.path.realpath(os.path.join(self.directory, self.golden_name))
        root = os.path.realpath(self.suite_root)
        if os.path.commonpath([path, root]) != root:
            raise ValueError(f"{self.case_id}: expect.golden leaves the suite")
        return path

    def tensor(self, source: dict) -> np.ndarray:
        return sources.build(source, self.directory, self.suite_root)


def _text(value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _substitute(node, binding: dict):
    if isinstance(node, dict):
        return {_inside_text(k, binding): _substitute(v, binding) for k, v in node.items()}
    if isinstance(node, list):
        return [_substitute(item, binding) for item in node]
    if isinstance(node, str):
        for name, value in binding.items():
            if node == "${" + name + "}":
                return copy.deepcopy(value)
        return _inside_text(node, binding)
    return node


def _inside_text(text: str, binding: dict) -> str:
    for name, value in binding.items():
        text = text.replace("${" + name + "}", _text(value))
    return text


def expand(document: dict) -> list[tuple[tuple[str, ...], dict]]:
    """The (id parts, document) pairs a file stands for."""
    matrix = document.get("matrix")
    if not matrix:
        return [((), document)]
    rest = {key: value for key, value in document.items() if key != "matrix"}
    expansions = []
    for values in itertools.product(*matrix.values()):
        binding = dict(zip(matrix, values))
        parts = tuple(f"{name}={_text(value)}" for name, value in binding.items())
        expansions.append((parts, _substitute(rest, binding)))
    return expansions


def load(path: str, base: str, suite_root: str) -> list[Case]:
    """The cases of one file; `base` is the folder ids are counted from."""
    with open(path, "rb") as file:
        blob = file.read()
    document = json.loads(blob)
    if not isinstance(document, dict) or document.get("mxcheck") != 1:
        raise ValueError(f"{path}: not a case file of version 1")
    stem = os.path.splitext(os.path.relpath(path, base))[0].replace(os.sep, "/")
    digest = hashlib.sha256(blob).hexdigest()
    return [
        Case("/".join((stem,) + parts), path, digest, suite_root, expanded)
        for parts, expanded in expand(document)
    ]


def _is_case(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and "mxcheck" in document and "nodes" in document


def discover(paths: list[str]) -> list[Case]:
    """Cases of files and folders, by id; JSON files that are no cases (schemas, devices) are passed over."""
    cases: dict[str, Case] = {}
    for path in paths:
        if os.path.isdir(path):
            base = path
            files = sorted(
                os.path.join(folder, name)
                for folder, _, names in os.walk(path)
                for name in names
                if name.endswith(".json")
            )
            files = [file for file in files if _is_case(file)]
        else:
            base, files = _base_of_file(path), [path]
        for file in files:
            for case in load(file, base, _root_of(base)):
                cases[case.case_id] = case
    return [cases[key] for key in sorted(cases)]


def _root_of(folder: str) -> str:
    """The nearest folder upwards that is marked as a suite's root, else the folder itself."""
    folder = probe = os.path.realpath(folder)
    while os.path.dirname(probe) != probe:
        if os.path.exists(os.path.join(probe, ROOT_MARKER)):
            return probe
        probe = os.path.dirname(probe)
    return folder


def _base_of_file(path: str) -> str:
    """A lone file below a folder named `cases` is counted from that folder, else from its own."""
    folder = os.path.dirname(os.path.abspath(path))
    probe = folder
    while os.path.dirname(probe) != probe:
        if os.path.basename(probe) == "cases":
            return probe
        probe = os.path.dirname(probe)
    return folder
