#!/bin/bash
# Builds the SystemVerilog array and its generic testbench with Verilator, in three shapes, and
# replays vector packs on them: scripts/rtl_test.sh BUILD_DIR (with bin/mxcheck_mxu_test built).
# Exit code 77 where there is no verilator.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
command -v verilator > /dev/null || { echo "no verilator"; exit 77; }
out=$build/rtl
mkdir -p "$out"
out=$(cd "$out" && pwd)
build_array() { # rows, bits of the column sum
  local dir=$out/array_${1}x16_$2
  local newest
  newest=$(ls -t sim/mxu/rtl/*.sv | head -1)
  if [[ -x $dir/Vpack_tb && $dir/Vpack_tb -nt $newest ]]; then return; fi
  verilator --binary --timing -Wno-fatal -j 2 --top-module pack_tb -GROWS="$1" -GSUM_BITS="$2" \
    --Mdir "$dir" sim/mxu/rtl/pack_tb.sv sim/mxu/rtl/mxu.sv sim/mxu/rtl/systolic_array.sv \
    > "$dir.log" 2>&1 || { cat "$dir.log"; exit 1; }
}
build_array 16 32
build_array 16 20
build_array 32 20
MXCHECK_RTL_DIR=$out "$build/bin/mxcheck_mxu_test" "[.rtl]"
