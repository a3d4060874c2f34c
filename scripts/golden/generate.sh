#!/bin/sh
# Records goldens on real Qwix: makes the pinned Python environment once, then runs the generator in it.
# Usage: scripts/golden/generate.sh [generate|compare] ARGUMENTS...   (default: generate cases)
# GOLDEN_PYTHON names the Python 3.11+ that makes the environment, GOLDEN_VENV where it lies.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
repo=$(CDPATH='' cd -- "$here/../.." && pwd)
venv=${GOLDEN_VENV:-$repo/build/golden-venv}
stamp=$venv/.requirements

if ! cmp -s "$here/requirements.txt" "$stamp"; then
  "${GOLDEN_PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$stamp"
fi

if [ "$#" -eq 0 ]; then
  set -- generate "$repo/cases" --out "$repo/golden/data"
fi
PYTHONPATH=$here exec "$venv/bin/python" -m mxcheck_golden "$@"
