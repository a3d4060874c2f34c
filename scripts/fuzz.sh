#!/usr/bin/env bash
# Builds the fuzz targets with clang-16 (preset `fuzz`) and runs them:
#   scripts/fuzz.sh [TARGET [SECONDS]]     TARGET: x for x_fuzz.cpp, or all; default: all, 60 s each
# Seeds: the small cases of cases/, recorded tensors, and the folder fuzz_seeds/TARGET beside a
# target's source, which also holds every input that once broke it. What is found on the way is kept
# in build/fuzz/corpus; an input that breaks a target is left in build/fuzz/found.
# Exit 77 where clang-16 or its run-time library cannot be had.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
target=${1:-all}
seconds=${2:-60}

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

options=()
command -v ccache >/dev/null && options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
mkdir -p build/fuzz
cmake --preset fuzz "${options[@]}" >build/fuzz/configure.log 2>&1 || { cat build/fuzz/configure.log >&2; exit 4; }
cmake --build --preset fuzz --target "${names[@]/%/_fuzz}"

# Small files of the suite that a target can read; other targets begin with their own seeds.
suite_seeds() {
  case $1 in
    case) find cases -name '*.json' -size -6k -not -path 'cases/schema/*' ;;
    safetensors) find golden/data -name '*.safetensors' -size -16k | sort | head -100 ;;
  esac
}

failed=0
for name in "${names[@]}"; do
  corpus=build/fuzz/corpus/$name
  seeds=build/fuzz/seeds/$name
  found=build/fuzz/found/$name
  rm -rf "$seeds"
  mkdir -p "$corpus" "$seeds" "$found"
  while read -r file; do cp "$file" "$seeds/${file//\//_}"; done < <(suite_seeds "$name")
  folders=("$corpus" "$seeds")
  own=$(dirname "${source_of[$name]}")/fuzz_seeds/$name
  [ -d "$own" ] && folders+=("$own")
  log=build/fuzz/$name.log
  if build/fuzz/bin/"${name}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1500 -max_len=16384 \
    -artifact_prefix="$found/" "${folders[@]}" >"$log" 2>&1; then
    echo "fuzz $name: $(grep -oE '^Done [0-9]+ runs' "$log" | tail -1), nothing found"
  else
    failed=$((failed + 1))
    tail -40 "$log" >&2
    echo "fuzz $name: broken by an input in $found"
  fi
done
echo "$((${#names[@]} - failed)) passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
