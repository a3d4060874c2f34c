#!/usr/bin/env bash
# Which lines of the three answers the tests run: sim/quant, sim/mxu, golden/reference, counted by gcc
# (preset `coverage`) over the unit tests and the suite through the kernels, the functional and the
# cycle model. Leaves build/coverage/coverage.txt and coverage.html; fails where a folder has less than
# 95 % of its lines, with the files that lack most. Exit code 77 where there is no gcovr.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
install_missing "${build_packages[@]}" "${test_packages[@]}"
install_if_possible "${coverage_packages[@]}"
command -v gcovr >/dev/null || { echo "coverage: not run, gcovr is missing"; exit 77; }
configure_and_build coverage all

build=build/coverage
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
export XDG_CACHE_HOME=$cache
find $build -name '*.gcda' -delete
ctest --test-dir $build -R '^unit\.' --output-on-failure -j "$(nproc)"
for level in auto functional; do $build/bin/mxcheck run cases -q -j 0 --level $level; done
# The whole suite takes a counted cycle model many minutes.
$build/bin/mxcheck run cases -q -j 0 --level cycle --tag smoke

gcovr --root . --object-directory $build --exclude '.*_(test|fuzz)\.cpp' \
  --filter 'sim/quant/' --filter 'sim/mxu/' --filter 'golden/reference/' \
  --txt $build/coverage.txt --html-details $build/coverage.html --json-summary $build/coverage.json $build
/usr/bin/python3 - $build/coverage.json <<'END'
import json, sys
NEEDED = 95.0
files = json.load(open(sys.argv[1]))['files']
said, short = [], False
for folder in ('sim/quant', 'sim/mxu', 'golden/reference'):
    own = [f for f in files if f['filename'].startswith(folder + '/')]
    lines = sum(f['line_total'] for f in own)
    covered = sum(f['line_covered'] for f in own)
    percent = 100 * covered / lines if lines else 0.0
    said.append(f'{folder} {percent:.1f} %')
    if percent >= NEEDED:
        continue
    short = True
    print(f'{folder}: {covered} of {lines} lines; most are missing in')
    for f in sorted(own, key=lambda f: f['line_covered'] - f['line_total'])[:8]:
        print(f"  {f['line_total'] - f['line_covered']:4} of {f['line_total']:4}  {f['filename']}")
print(f"coverage: lines of {', '.join(said)}; at least {NEEDED:g} % wanted")
sys.exit(short)
END
