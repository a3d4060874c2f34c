# Sourced by .ci/run and all_tests.sh: named parts, each of which runs even if an earlier one fails,
# and the line that counts them. Needs `set +e`.
passed=0
failed=()
skipped=()

# part NAME COMMAND...: exit code 77 of the command: it cannot be done on this host and has said why.
part() {
  local name=$1 code=0
  shift
  echo "== $name"
  "$@" || code=$?
  count_part "$name" "$code"
}

count_part() {
  case $2 in
    0) passed=$((passed + 1)) ;;
    77) skipped+=("$1") ;;
    *) failed+=("$1") ;;
  esac
}

# The last line, and the exit code of the whole.
count_parts() {
  local name
  for name in "${failed[@]}"; do echo "failed: $name"; done
  for name in "${skipped[@]}"; do echo "skipped: $name"; done
  echo "$passed passed, ${#failed[@]} failed, ${#skipped[@]} skipped"
  [ ${#failed[@]} -eq 0 ]
}
