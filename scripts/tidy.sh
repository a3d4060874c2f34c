#!/usr/bin/env bash
# clang-tidy-16 over everything that is compiled, tests too; a finding fails:
#   scripts/tidy.sh [FILE.cpp...]     default: all
# The checks, and why some are left out, stand in .clang-tidy. The first run takes most of an hour of
# one core; later ones look at what changed (scripts/tidy.py). Exit code 77 where clang-16 or
# clang-tidy-16 cannot be had.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
install_missing "${build_packages[@]}"
install_if_possible "${tidy_packages[@]}"
for tool in clang++-16 clang-tidy-16; do
  command -v $tool >/dev/null || { echo "tidy: not run, $tool is missing"; exit 77; }
done
mkdir -p build/tidy
cmake --preset tidy >build/tidy/configure.log 2>&1 || { cat build/tidy/configure.log >&2; exit 4; }
cmake --build build/tidy --target mxcheck_commit >build/tidy/generate.log 2>&1 || { cat build/tidy/generate.log >&2; exit 4; }
exec /usr/bin/python3 scripts/tidy.py build/tidy "$@"
