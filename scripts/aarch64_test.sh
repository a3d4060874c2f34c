#!/bin/bash
# Builds the kernels' unit tests for aarch64 (preset `aarch64`) and runs them under qemu's user
# mode: with everything qemu knows, then with each instruction set forced, then on processors that
# lack some, where a forced choice must be refused. Nothing of the other architecture is installed
# but its compiler. Exit code 77 where the compiler or qemu is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in aarch64-linux-gnu-g++ qemu-aarch64 cmake ninja; do
  command -v "$tool" > /dev/null || { echo "aarch64: left out, there is no $tool"; exit 77; }
done
build=build/aarch64
mkdir -p "$build"
options=()
command -v ccache > /dev/null && options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
cmake --preset aarch64 "${options[@]}" > "$build/configure.log" 2>&1 ||
  { cat "$build/configure.log"; exit 1; }
cmake --build --preset aarch64 --target mxcheck_kernels_test

log=$build/test.log
code=0
# run PROCESSOR ISA: ISA "" for all there are.
run() {
  MXCHECK_ISA=$2 qemu-aarch64 -cpu "$1" -L /usr/aarch64-linux-gnu \
    "$build/bin/mxcheck_kernels_test" -w NoTests > "$log" 2>&1
}
passes() {
  if run "$1" "$2"; then
    echo "aarch64: $1, ${2:-every instruction set}: $(tail -2 "$log" | grep -v '^$')"
  else
    cut -c 1-200 "$log" | grep -v '^ ' | tail -40
    echo "aarch64: $1, ${2:-every instruction set}: FAILED"
    code=1
  fi
}
refuses() {
  if run "$1" "$2"; then
    echo "aarch64: $1, $2: NOT REFUSED"
    code=1
  else
    echo "aarch64: $1, $2: refused"
  fi
}
passes max ""
for isa in scalar neon_dotprod neon_i8mm; do passes max "$isa"; done
passes neoverse-n1 ""
refuses neoverse-n1 neon_i8mm
passes cortex-a57 scalar
refuses cortex-a57 neon_dotprod
exit "$code"
