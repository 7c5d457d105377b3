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

# shellcheck source=common/fuzz/lib.sh
. "$common/fuzz/lib.sh"
find_clang

mkdir -p "$build"
sources=("$gateway"/pure/*.c "$gateway"/live/*.c "$common"/{base,text,json_scan}.c)
options=(-std=gnu11 -g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all -Wall -Wextra -Werror -I"$gateway/pure" -I"$gateway/live" -I"$common" -I"$common/fuzz" -I"$here")
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
    # an input of the live engine is a whole engine with its views
    run_target "$target" "$build" "$here/corpus/$target" "$here/http.dict" 2048 "$seconds" "$([ "$target" = live ] && echo 1500 || echo 50000)" || status=1
done
exit "$status"
