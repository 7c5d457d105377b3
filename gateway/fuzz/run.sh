#!/usr/bin/env bash
# run.sh [SECONDS]: build each fuzzer with ASan and UBSan and let it run for so long (20) over the corpus. SECONDS "few": so many inputs as
# any machine has made from the same beginning, for a test that says the same everywhere.
#
# All that is written goes into build-fuzz/ beside the sources, or into OMS_FUZZ_BUILD: programs, the corpus as it grew, and
# build-fuzz/finding-TARGET-* where one was found, to be run with build-fuzz/TARGET FILE. A finding ends with status 1.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
gateway=$(dirname "$here")
common=$gateway/../common
build=${OMS_FUZZ_BUILD:-$gateway/build-fuzz}
seconds=${1:-20}

# An input of the live engine is a whole engine with its views.
bounds_of() {
    case $seconds,$1 in
        few,live) echo -seed=7 -runs=1500 -max_total_time=120 ;;
        few,*) echo -seed=7 -runs=50000 -max_total_time=60 ;;
        *) echo "-max_total_time=$seconds" ;;
    esac
}

for clang in "${CLANG:-}" clang clang-19 clang-16 clang-15 clang-14; do
    [ -z "$clang" ] || ! command -v "$clang" > /dev/null || break
done
command -v "$clang" > /dev/null || { echo "fuzz: no clang here (Debian: clang-14 libclang-rt-14-dev)" >&2; exit 1; }

mkdir -p "$build"
sources=("$gateway"/pure/*.c "$gateway"/live/*.c "$common"/{base,text,json_scan}.c)
options=(-std=gnu11 -g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all -Wall -Wextra -Werror -I"$gateway/pure" -I"$gateway/live" -I"$common" -I"$here")
export UBSAN_OPTIONS=print_stacktrace=1

# What all of them are made of, once.
objects=()
for source in "${sources[@]}"; do
    object=$build/$(basename "$source" .c).o
    "$clang" "${options[@]}" -fsanitize=fuzzer-no-link,address,undefined -c -o "$object" "$source"
    objects+=("$object")
done

status=0
for target in head query json jwt live rows; do
    "$clang" "${options[@]}" -fsanitize=fuzzer,address,undefined -o "$build/$target" "$here/fuzz_$target.c" "${objects[@]}"
    [ "$seconds" != few ] || rm -rf "$build/corpus-$target"
    mkdir -p "$build/corpus-$target"
    read -ra bounds <<< "$(bounds_of "$target")"
    echo "fuzz: $target, ${bounds[*]}"
    # First what is there, whole; then what can be made of it.
    "$build/$target" -runs=1 -artifact_prefix="$build/finding-$target-" "$here/corpus/$target"/* > "$build/$target.log" 2>&1 &&
        "$build/$target" "${bounds[@]}" -timeout=10 -rss_limit_mb=2048 -max_len=2048 -print_final_stats=1 \
            -dict="$here/http.dict" -artifact_prefix="$build/finding-$target-" "$build/corpus-$target" "$here/corpus/$target" >> "$build/$target.log" 2>&1 ||
        { status=1; echo "fuzz: $target found something:" >&2; tail -n 60 "$build/$target.log" >&2; continue; }
    grep -E '^stat::number_of_executed_units|cov: .*DONE|DONE .*cov:' "$build/$target.log" | tail -n 2 || true
done
exit "$status"
