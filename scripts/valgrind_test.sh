#!/usr/bin/env bash
# The smoke cases, and commands that only read, under valgrind's memcheck on the release build: no
# invalid or uninitialised read, no block lost. Valgrind has no AVX-512 and hides it from the program;
# its floats know no flush-to-zero (POL-9), so relations planted on subnormals fail under it: the
# verdict of the run (exit code 1) is not asked for here.
# Exit code 77 where there is no valgrind.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
install_missing "${build_packages[@]}"
install_if_possible "${valgrind_packages[@]}"
command -v valgrind >/dev/null || { echo "valgrind: not run, it is missing"; exit 77; }
build mxcheck

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
check() { # codes that are no finding, arguments of mxcheck
  local code=0 good=$1
  shift
  valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,possible \
    --errors-for-leak-kinds=definite,possible build/release/bin/mxcheck "$@" >"$out/stdout" || code=$?
  if [[ " $good " != *" $code "* ]]; then
    tail -20 "$out/stdout"
    echo "valgrind: exit code $code of mxcheck $*"
    exit 1
  fi
}
check "0 1" run cases --tag smoke -j 2 --report "json=$out/report.json" --report "html=$out/report.html"
check 0 lint cases/qt
check 0 show cases/qt/wide.json
check 0 diff "$out/report.json" "$out/report.json"
check 4 run "$out/report.json"
echo "valgrind: nothing reported"
