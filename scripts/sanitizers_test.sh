#!/usr/bin/env bash
# The unit tests, the suite and the commands that read and write files, on a build with sanitizers:
#   scripts/sanitizers_test.sh asan-ubsan|tsan
# asan-ubsan (clang-16): reads and writes out of bounds or of freed memory, leaks, undefined
# arithmetic. tsan (g++): data races. Whatever a process says, a child too, is written to
# build/PRESET/found and fails the script, whatever the exit code was.
# Exit code 77 where the compiler or its run-time library cannot be had.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
preset=${1:-}
found=$PWD/build/$preset/found/report
common="log_path=$found:exitcode=99:halt_on_error=1:allow_addr2line=1"
case $preset in
  asan-ubsan)
    install_if_possible "${fuzz_packages[@]}"
    compiler=clang++-16 flags=-fsanitize=address,undefined
    export ASAN_OPTIONS=$common:detect_stack_use_after_return=1:strict_string_checks=1
    export UBSAN_OPTIONS=$common:print_stacktrace=1
    ;;
  tsan)
    compiler=g++ flags=-fsanitize=thread
    export TSAN_OPTIONS=$common:suppressions=$PWD/scripts/tsan.suppressions
    ;;
  *)
    echo "usage: scripts/sanitizers_test.sh asan-ubsan|tsan" >&2
    exit 4
    ;;
esac
install_missing "${build_packages[@]}" "${test_packages[@]}"
if ! echo 'int main() {}' | "$compiler" -x c++ - $flags -o /dev/null 2>/dev/null; then
  echo "$preset: not run, $compiler or its run-time library is missing"
  exit 77
fi
configure_and_build "$preset" all

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
rm -rf "$(dirname "$found")"
mkdir -p "$(dirname "$found")"
export XDG_CACHE_HOME=$out/cache MXCHECK_BIN=$PWD/build/$preset/bin/mxcheck

# What was found until now, of a step that is named, and the end.
fail() {
  find "$(dirname "$found")" -type f -exec head -40 {} + >&2
  echo "$preset: $*"
  exit 1
}
passed() { # the step
  [ -z "$(ls -A "$(dirname "$found")")" ] || fail "reported by $*"
}
# check CODE ARGUMENT...: the program, its exit code and nothing reported.
check() {
  local code=0 good=$1
  shift
  "$MXCHECK_BIN" "$@" >"$out/stdout" 2>&1 || code=$?
  passed "mxcheck $*"
  [ "$code" -eq "$good" ] && return
  tail -20 "$out/stdout" >&2
  fail "exit code $code, not $good, of mxcheck $*"
}

ctest --test-dir "build/$preset" -R '^unit\.' --output-on-failure --timeout 1500 -j "$(nproc)" ||
  fail "a unit test"
passed "the unit tests"

reports=(--report "json=$out/report.json" --report "html=$out/report.html" --report "junit=$out/junit.xml")
check 0 run cases --tag smoke -j 2 --timeout 600 "${reports[@]}"
check 0 run cases --tag smoke -j 2 --timeout 600 --level cycle
# Eight at a time: more than the processors of most, so that they interleave.
check 0 run cases -j 8 --timeout 600
check 0 lint cases/qt
check 0 show cases/qt/wide.json
check 0 diff "$out/report.json" "$out/report.json"
check 4 run "$out/report.json"
for shard in 0 1; do
  check 0 run cases --tag smoke -j 2 --shard-index $shard --shard-count 2 --report "json=$out/$shard.json"
done
check 0 merge "$out/0.json" "$out/1.json" -o "$out/all.json" --report "sarif=$out/all.sarif"
check 0 new "$out/own" --op dot_general --mode qt
check 0 bless "$out/own.json"
check 0 pack cases/qt/wide.json -o "$out/pack" --hardware gemmini_16
check 0 conform --device cases/devices/reference_process.json cases --tag smoke -o "$out/bundle"
check 0 mutate cases --tag smoke -j 2 --fault round_half_away

# Not those that hold limits of time and memory, or run the suite again: a sanitizer takes its own.
e2e=(test_malformed)
/usr/bin/python3 scripts/e2e/run.py "$MXCHECK_BIN" "${e2e[@]}" >"$out/e2e" 2>&1 ||
  { tail -40 "$out/e2e" >&2; fail "an end-to-end test"; }
passed "the end-to-end tests"
echo "$preset: unit tests, the suite, ${e2e[*]}: nothing reported"
