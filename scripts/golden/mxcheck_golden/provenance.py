"""SHA256SUMS and PROVENANCE.json beside the golden files: what each file must be, and how it came.

Both are updated for the files written and keep the entries of the others that still exist. Paths
are relative to the folder the two files lie in, and sorted.
"""

import json
import os

SUMS = "SHA256SUMS"
PROVENANCE = "PROVENANCE.json"


def _write(path: str, text: str) -> None:
    temporary = f"{path}.tmp{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)


def _read_sums(path: str) -> dict[str, str]:
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file if line.strip()]
    sums = {line[66:]: line[:64] for line in lines}
    if len(sums) < len(lines):
        raise ValueError(f"{path} has two checksums of a golden: `mxcheck bless` of its case was cut short, repeat it")
    return sums


def _read_provenance(path: str) -> dict[str, dict]:
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)["files"]


def update(folder: str, written: list[dict]) -> None:
    """Enters the written files (answers of the workers) into the two lists of the folder."""
    os.makedirs(folder, exist_ok=True)
    sums = _read_sums(os.path.join(folder, SUMS))
    files = _read_provenance(os.path.join(folder, PROVENANCE))
    for answer in written:
        name = os.path.relpath(answer["path"], os.path.realpath(folder)).replace(os.sep, "/")
        if name.startswith("../"):
            raise ValueError(f"{answer['id']}: its golden {name} lies outside of {folder}")
        sums[name] = answer["sha256"]
        files[name] = {"sha256": answer["sha256"], **answer["provenance"]}
    present = sorted(name for name in sums if os.path.exists(os.path.join(folder, name)))
    _write(os.path.join(folder, SUMS), "".join(f"{sums[name]}  {name}\n" for name in present))
    kept = {name: files[name] for name in present if name in files}
    text = json.dumps({"format": 1, "files": kept}, indent=1, sort_keys=True)
    _write(os.path.join(folder, PROVENANCE), text + "\n")
