#!/usr/bin/env bash
# run.sh [SECONDS]: build the fuzzer of the position with ASan and UBSan and let it run for so long (20) over its corpus. SECONDS "few": so many inputs as
# any machine has made from the same beginning, for a test that says the same everywhere.
#
# All that is written goes into build-fuzz/ beside the sources, or into OMS_FUZZ_BUILD: programs, the corpus as it grew, and
# build-fuzz/finding-TARGET-* where one was found, to be run with build-fuzz/TARGET FILE. A finding ends with status 1.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bridge=$(dirname "$here")
common=$(cd "$bridge/../../common" && pwd)
build=${OMS_FUZZ_BUILD:-$bridge/build-fuzz}
seconds=${1:-20}

# shellcheck source=common/fuzz/lib.sh
. "$common/fuzz/lib.sh"
find_clang

mkdir -p "$build"
build=$(cd "$build" && pwd)
sources=()
for name in bridge position; do
    sources+=("$bridge/$name.c")
done
for name in base text json_scan event_tables; do
    sources+=("$common/$name.c")
done
read -ra libraries <<< "$(${PKG_CONFIG:-pkg-config} --cflags --libs jansson)"
export UBSAN_OPTIONS=print_stacktrace=1

"$clang" -std=gnu11 -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
    -Wall -Wextra -Werror -I"$bridge" -I"$common" -I"$common/fuzz" -o "$build/position" "$here/fuzz_position.c" "${sources[@]}" "${libraries[@]}"
run_target position "$build" "$here/corpus/position" "$common/fuzz/json.dict" 4096 "$seconds" 50000
