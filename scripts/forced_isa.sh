#!/bin/bash
# Forces instruction sets one by one: the kernels' unit tests and the suite in cases/ must pass with
# each, and the suite's report must name no kernel beyond it: scripts/forced_isa.sh BUILD_DIR
# [ISA...] (default: scalar and every other the host has). One that the host lacks is left out, and
# a line says so. Exit code 1 if a choice is not obeyed.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
shift || true
mxcheck=$build/bin/mxcheck
facts=$("$mxcheck" info --json)
report=$(mktemp)
trap 'rm -f "$report"' EXIT
here=$(/usr/bin/python3 -c 'import json, sys; print(*json.load(sys.stdin)["isa_found"])' <<< "$facts")
code=0
for isa in ${*:-$here}; do
  if [[ " $here " != *" $isa "* ]]; then
    echo "$isa: left out, this host has: $here"
    continue
  fi
  for test in kernels exec; do
    MXCHECK_ISA=$isa "$build/bin/mxcheck_${test}_test" -w NoTests > "$report" ||
      { cat "$report"; echo "$isa: unit tests of sim/$test failed"; code=1; }
  done
  "$mxcheck" run cases --isa "$isa" -j 0 -q --report "json=$report" ||
    { echo "$isa: the suite failed"; code=1; }
  /usr/bin/python3 - "$isa" "$report" "$facts" <<'END' || code=1
import json, sys
isa, report, facts = sys.argv[1], json.load(open(sys.argv[2])), json.loads(sys.argv[3])
isa_of = {k['name']: k['isa'] for k in facts['kernels']}
order = [i['name'] for i in facts['isas']]
used = {p['kernel'] for c in report['cases'] for p in c['paths'] if p['level'] == 'fast'}
exercised = {k['name'] for k in report['kernels'] if k['uses'] > 0}
wrong = {n for n in used if isa_of[n] != isa}
wrong |= {n for n in exercised if order.index(isa_of[n]) > order.index(isa)}
obeyed = report['context']['isa'] == isa and used and not wrong
print(f"{isa}: {'obeyed' if obeyed else 'NOT OBEYED'}, {len(exercised)} kernels used, products on "
      f"{' '.join(sorted(used))}{' but also ' + ' '.join(sorted(wrong)) if wrong else ''}")
sys.exit(0 if obeyed else 1)
END
done
exit "$code"
