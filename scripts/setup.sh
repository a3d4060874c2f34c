#!/usr/bin/env bash
# Sourced by run.sh and test.sh: installs the Debian 12 packages that are missing (and nothing when
# none is), configures the release preset and builds it. Paths are relative to the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Where there is a ccache, checkouts in different folders share what they compiled.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}

# name of a package for each thing the build, the suite and the tests use
build_packages=(g++ cmake ninja-build git ca-certificates libfmt-dev nlohmann-json3-dev libeigen3-dev
                libboost-dev libboost-program-options-dev libboost-regex-dev catch2)
test_packages=(python3 python3-numpy python3-jsonschema libxml2-utils)
lint_packages=(clang-format)
rtl_packages=(verilator)
# Optional: what they are for is left out where they cannot be installed.
bench_packages=(libdnnl-dev)                     # the yardstick of `mxcheck bench`
browser_packages=(chromium)                      # the HTML report is looked at (scripts/e2e/test_html.py)
cross_packages=(g++-aarch64-linux-gnu qemu-user) # scripts/aarch64_test.sh
cluster_packages=(libboost-mpi-dev libopenmpi-dev openmpi-bin parallel iproute2) # mxcheck-mpi; docs/cluster.md
python_packages=(pybind11-dev python3-dev)       # sim/python
package_packages=(dpkg-dev file pkg-config man-db) # scripts/package
fuzz_packages=(clang-16 libclang-rt-16-dev)      # scripts/fuzz.sh, scripts/sanitizers_test.sh
# Of `scripts/test.sh --all`.
valgrind_packages=(valgrind)
tidy_packages=(clang-16 clang-tidy-16)
cppcheck_packages=(cppcheck)
coverage_packages=(gcovr)

install_missing() {
  local missing=()
  local package
  for package in "$@"; do
    dpkg -s "$package" 2>/dev/null | grep -q '^Status: install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  echo "installing: ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "these packages are missing and only root can install them: ${missing[*]}" >&2
      return 4
    }
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null
}

# The same for packages that may be missing in the end; a line says so.
install_if_possible() {
  install_missing "$@" || echo "left out, not installed: $*"
}

# configure_and_build PRESET TARGET...: quiet unless something is compiled or fails.
configure_and_build() {
  local preset=$1 log=build/$1/configure.log options=()
  shift
  mkdir -p "build/$preset"
  command -v ccache >/dev/null && options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  cmake --preset "$preset" "${options[@]}" >"$log" 2>&1 || { cat "$log" >&2; return 4; }
  cmake --build --preset "$preset" --target "$@"
}

# build TARGET...: the release preset.
build() { configure_and_build release "$@"; }
