#!/usr/bin/env bash
# Installs what is missing, builds everything, runs the unit tests and the end-to-end tests of the
# tool through ctest. Arguments go to ctest. Ends with "N passed, N failed, N skipped". With --all:
# everything of all_tests.sh, these tests among it.
if [ "${1:-}" = --all ]; then
  shift
  exec "$(dirname "${BASH_SOURCE[0]}")/all_tests.sh" "$@"
fi
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
install_missing "${build_packages[@]}" "${test_packages[@]}"
install_if_possible "${bench_packages[@]}"
install_if_possible "${browser_packages[@]}"
install_if_possible "${cluster_packages[@]}"
install_if_possible "${python_packages[@]}"
build all
report=build/release/ctest.xml
code=0
ctest --test-dir build/release --output-on-failure --output-junit ctest.xml -j "$(nproc)" "$@" || code=$?
/usr/bin/python3 - "$report" <<'END'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
total, failed, skipped = (int(root.get(k)) for k in ('tests', 'failures', 'skipped'))
print(f'{total - failed - skipped} passed, {failed} failed, {skipped} skipped')
END
exit "$code"
