#!/usr/bin/env bash
# Every test there is, the long ones too (`scripts/test.sh --all`): about an hour and a half on two
# cores, and the build with sanitizers on top. One line a part; what a part printed is in
# build/all_tests/PART.log. Ends with "N passed, N failed, N skipped". Arguments: the parts to run, all
# by default.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source scripts/parts.sh
set +e
wanted=("$@")
known=()
logs=build/all_tests
mkdir -p "$logs"

logged() {
  local name=$1 code=0 begin=$SECONDS
  known+=("$name")
  shift
  if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then return; fi
  "$@" >"$logs/$name.log" 2>&1 || code=$?
  count_part "$name" "$code"
  case $code in
    0) echo "PASS $name ($((SECONDS - begin)) s): $(tail -1 "$logs/$name.log")" ;;
    77) echo "SKIP $name: $(tail -1 "$logs/$name.log")" ;;
    *)
      echo "FAIL $name ($((SECONDS - begin)) s): $logs/$name.log"
      tail -30 "$logs/$name.log"
      ;;
  esac
}

logged tests scripts/test.sh
logged aarch64 scripts/aarch64_test.sh
logged rtl scripts/rtl_test.sh build/release
logged third_party scripts/conform_third_party.sh
logged valgrind scripts/valgrind_test.sh
logged cppcheck scripts/cppcheck.sh
logged tidy scripts/tidy.sh
logged fuzz scripts/fuzz.sh all 300
logged asan_ubsan scripts/sanitizers_test.sh asan-ubsan
logged tsan scripts/sanitizers_test.sh tsan
logged coverage scripts/coverage.sh
for name in "${wanted[@]}"; do
  [[ " ${known[*]} " == *" $name "* ]] && continue
  echo "no part '$name'; there are: ${known[*]}" >&2
  failed+=("$name")
done
count_parts
