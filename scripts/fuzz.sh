#!/usr/bin/env bash
# Builds the fuzz targets with clang-16 (preset `fuzz`) and runs them:
#   scripts/fuzz.sh [TARGET [SECONDS]]     TARGET: x for x_fuzz.cpp, or all; default: all, 60 s each
# As many run at once as FUZZ_JOBS says (default: one a core). An input that takes longer than 10 s
# or more than 1500 MB breaks a target like a crash does.
# Seeds: small files of the repository, and the folder fuzz_seeds/TARGET beside a target's source,
# which also holds every input that once broke it; words to insert: those in quotes in the seeds and
# fuzz_seeds/TARGET.dict. What is found on the way is kept in build/fuzz/corpus; an input that breaks
# a target is left in build/fuzz/found.
# Exit 77 where clang-16 or its run-time library cannot be had.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
target=${1:-all}
seconds=${2:-60}
jobs=${FUZZ_JOBS:-$(nproc)}

install_if_possible "${fuzz_packages[@]}"
library=$(clang++-16 --print-file-name="libclang_rt.fuzzer-$(uname -m).a" 2>/dev/null || true)
if [ ! -e "$library" ]; then
  echo "fuzz: not run, clang-16 or libclang-rt-16-dev is missing"
  exit 77
fi

declare -A source_of=()
while read -r file; do
  name=$(basename "$file" _fuzz.cpp)
  source_of[$name]=$file
done < <(git ls-files '*_fuzz.cpp' | sort)
if [ "$target" = all ]; then
  mapfile -t names < <(printf '%s\n' "${!source_of[@]}" | sort)
elif [ -n "${source_of[$target]:-}" ]; then
  names=("$target")
else
  echo "fuzz: no target '$target'; there are: $(printf '%s\n' "${!source_of[@]}" | sort | xargs)" >&2
  exit 4
fi

configure_and_build fuzz "${names[@]/%/_fuzz}"

# Small files of the repository that a target can read; other targets begin with their own seeds.
repository_seeds() {
  case $1 in
    case) find cases -name '*.json' -size -6k -not -path 'cases/schema/*' ;;
    device_file) find cases/devices -maxdepth 1 -name '*.json' ;;
    expectations) find cases/expectations -name '*.json' ;;
    json) find cases -name '*.json' -size -2k | sort | head -50 ;;
    report) echo reports/baselines/report.json ;;
    safetensors) find golden/data -name '*.safetensors' -size -16k | sort | head -100 ;;
  esac
}

# Seeds, dictionary and folders of a target, then the target itself; one line.
run_target() {
  local name=$1 own folders log options=()
  local corpus=build/fuzz/corpus/$name seeds=build/fuzz/seeds/$name found=build/fuzz/found/$name
  own=$(dirname "${source_of[$name]}")/fuzz_seeds
  log=build/fuzz/$name.log
  rm -rf "$seeds"
  mkdir -p "$corpus" "$seeds" "$found"
  while read -r file; do cp "$file" "$seeds/${file//\//_}"; done < <(repository_seeds "$name")
  folders=("$corpus" "$seeds")
  [ -d "$own/$name" ] && folders+=("$own/$name")
  {
    cat "$own/$name.dict" 2>/dev/null || true
    printf '"%s"\n' '\\u0000' '\\ud83d\\ude00'  # as JSON escapes them
    cat "${folders[@]:1}"/* 2>/dev/null | grep -aohE '"[A-Za-z_][A-Za-z_0-9]{1,40}"' | sort -u || true
  } >"$seeds.dict" 2>/dev/null
  [ -s "$seeds.dict" ] && options+=(-dict="$seeds.dict")
  if build/fuzz/bin/"${name}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1500 -max_len=16384 \
    "${options[@]}" -artifact_prefix="$found/" "${folders[@]}" >"$log" 2>&1; then
    echo "fuzz $name: $(grep -oE '^Done [0-9]+ runs' "$log" | tail -1), nothing found"
  else
    tail -40 "$log" >&2
    echo "fuzz $name: broken by an input in $found"
    return 1
  fi
}

failed=0
running=0
for name in "${names[@]}"; do
  if [ "$running" -ge "$jobs" ]; then
    wait -n || failed=$((failed + 1))
    running=$((running - 1))
  fi
  run_target "$name" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
  wait -n || failed=$((failed + 1))
  running=$((running - 1))
done
echo "$((${#names[@]} - failed)) passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
