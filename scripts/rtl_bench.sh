#!/bin/bash
# Builds the 16x16 array with Verilator for speed (-O3 throughout; its default -Os costs much) and
# prints one JSON line: scripts/rtl_bench.sh BUILD_DIR [SECONDS]. The program stays in
# BUILD_DIR/rtl/speed/Vsystolic_array, where `mxcheck bench --group cycle` looks for it.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
command -v verilator > /dev/null || { echo "no verilator"; exit 77; }
mkdir -p "$build/rtl"
out=$(cd "$build/rtl" && pwd)
verilator --cc --exe --build -O3 -CFLAGS "-O3" -MAKEFLAGS "OPT_FAST=-O3" \
  --top-module systolic_array --Mdir "$out/speed" sim/mxu/rtl/systolic_array.sv \
  "$PWD/sim/mxu/rtl/speed_main.cpp" > "$out/speed.log" 2>&1 || { cat "$out/speed.log"; exit 1; }
"$out/speed/Vsystolic_array" "${2:-0.5}"
