#!/usr/bin/env bash
# Holds numpy, oneDNN and XLA:CPU against the model, as devices: a bundle for each, checked.
#   scripts/conform_third_party.sh [numpy|onednn|onednn_matmul|xla]...      default: all
# MXCHECK_BIN names the program, OUT the folder of the bundles (build/release/third_party); GOLDEN_VENV
# the Python environment with jax (build/golden-venv). A device whose package is missing is left out
# with a line; exit code 77 if none is left, 1 if one does not conform.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
repo=$PWD
mxcheck=$(realpath "${MXCHECK_BIN:-build/release/bin/mxcheck}")
out=${OUT:-build/release/third_party}
venv=${GOLDEN_VENV:-$repo/build/golden-venv}
mkdir -p "$out"
out=$(realpath "$out")

claims() { # lhs types, rhs types
  cat <<END
  "capabilities": {
    "ops": ["product"],
    "dtypes": {"lhs": $1, "rhs": $2},
    "profiles": ["ideal_int32", "tpu_v5e", "tpu_v6e", "vnni_vpdpbusd"],
    "tolerance": "bits"
  }
}
END
}
all='["s8", "u8", "s4", "u4"]'

python_device() { # name, version, python, script
  cat <<END
{
  "mxcheck_device": 1,
  "name": "$1",
  "version": "$2",
  "tier": "process",
  "process": {"command": ["$3", "$repo/scripts/devices/$4"]},
  "limits": {"memory_mib": 0, "request_seconds": 120, "hello_seconds": 120},
$(claims "$all" "$all")
END
}

prepare_numpy() {
  local version
  version=$(/usr/bin/python3 -c 'import numpy; print(numpy.__version__)' 2>/dev/null) ||
    { echo "numpy: left out, Debian's python3-numpy is not installed"; return 77; }
  python_device "numpy int32 matmul" "$version" /usr/bin/python3 numpy_device.py
}

prepare_xla() {
  local version
  version=$("$venv/bin/python" -c 'import jax; print(jax.__version__)' 2>/dev/null) ||
    { echo "xla: left out, no jax in $venv (GOLDEN_VENV)"; return 77; }
  python_device "XLA:CPU dot_general" "$version" "$venv/bin/python" xla_device.py
}

onednn_device() { # name, flags of the compiler
  [ -e /usr/include/oneapi/dnnl/dnnl.hpp ] ||
    { echo "$1: left out, libdnnl-dev is not installed"; return 77; }
  grep -qE 'avx512_vnni|avx_vnni' /proc/cpuinfo ||
    { echo "$1: left out, oneDNN saturates pairs of products on a processor without VNNI"; return 77; }
  g++ -std=c++20 -O2 -fPIC -shared -Wno-deprecated-declarations ${2:-} -I. scripts/devices/onednn_device.cpp \
    -o "$out/$1.so" -ldnnl || return 1
  local version
  version=$(dpkg-query -W -f '${Version}' libdnnl-dev)
  cat <<END
{
  "mxcheck_device": 1,
  "name": "oneDNN, $1",
  "version": "$version",
  "tier": "library",
  "library": {"file": "$1.so"},
  "limits": {"memory_mib": 0},
$(claims "$all" '["s8", "s4"]')
END
}

prepare_onednn() { onednn_device onednn; }
prepare_onednn_matmul() { onednn_device onednn_matmul -DONEDNN_MATMUL; }

failed=0
conformed=0
for name in "${@:-numpy onednn onednn_matmul xla}"; do
  for device in $name; do
    file=$out/$device.json
    code=0
    text=$("prepare_$device") || code=$?
    if [ "$code" -eq 77 ]; then echo "$text"; continue; fi
    if [ "$code" -ne 0 ]; then echo "$device: cannot be built"; failed=1; continue; fi
    printf '%s\n' "$text" >"$file"
    rm -rf "$out/$device"
    echo "== $device"
    waivers=scripts/devices/${device}_waivers.json
    options=()
    [ -e "$waivers" ] && options=(--waivers "$waivers")
    if "$mxcheck" conform --device "$file" cases -q -o "$out/$device" "${options[@]}" 2>"$out/$device.log" &&
      "$mxcheck" verify --bundle "$out/$device"; then
      conformed=$((conformed + 1))
    else
      cat "$out/$device.log"
      failed=1
    fi
  done
done
[ "$failed" -eq 0 ] || exit 1
[ "$conformed" -gt 0 ] || exit 77
