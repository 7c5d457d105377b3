#!/usr/bin/env bash
# run.sh [SECONDS]: build each fuzzer with ASan and UBSan and let it run for so long (20) over the corpus. SECONDS "few": so many inputs as
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

bounds() {
    case $seconds in
        few) echo -seed=7 -runs=50000 -max_total_time=60 ;;
        *) echo "-max_total_time=$seconds" ;;
    esac
}

for clang in "${CLANG:-}" clang clang-19 clang-16 clang-15 clang-14; do
    [ -z "$clang" ] || ! command -v "$clang" > /dev/null || break
done
command -v "$clang" > /dev/null || { echo "fuzz: no clang here (Debian: clang-14 libclang-rt-14-dev)" >&2; exit 1; }

mkdir -p "$build"
build=$(cd "$build" && pwd)
sources=()
for name in bridge decode decode_pgoutput decode_wal2json position; do
    sources+=("$bridge/$name.c")
done
for name in base text json_scan; do
    sources+=("$common/$name.c")
done
read -ra libraries <<< "$(${PKG_CONFIG:-pkg-config} --cflags --libs jansson)"
export UBSAN_OPTIONS=print_stacktrace=1

# Each message by itself, with the description of its relation, is a better beginning than a whole session.
seeds() {
    local target=$1 to=$build/seeds-$1
    rm -rf "$to"
    mkdir -p "$to"
    case $target in
        pgoutput)
            perl -e 'my $n = 0; for my $file (@ARGV) {
                open my $in, "<:raw", $file or die "$file: $!"; local $/; my $all = <$in>; my $relation = "";
                while (length $all) {
                    my $message = unpack("N/a", $all); substr($all, 0, 4 + length $message) = ""; my $piece = pack("N/a*", $message);
                    $relation = $piece if $message =~ /^R/;
                    open my $out, ">:raw", sprintf("%s/%04d", $ENV{TO}, $n++) or die $!;
                    print $out $message =~ /^I/ ? $relation . $piece : $piece; close $out or die $! } }' "$here"/corpus/pgoutput/* ;;
        wal2json) cat "$here"/corpus/wal2json/* | split -a 4 -l 1 - "$to/" ;;
        *) cp "$here/corpus/$target/"* "$to/" ;;
    esac
}

status=0
for target in pgoutput wal2json position; do
    "$clang" -std=gnu11 -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
        -Wall -Wextra -Werror -I"$bridge" -I"$common" -I"$here" -o "$build/$target" "$here/fuzz_$target.c" "${sources[@]}" "${libraries[@]}"
    TO=$build/seeds-$target seeds "$target"
    [ "$seconds" != few ] || rm -rf "$build/corpus-$target"
    mkdir -p "$build/corpus-$target"
    read -ra bounds <<< "$(bounds)"
    echo "fuzz: $target, ${bounds[*]}"
    # First what is there, whole; then what can be made of it.
    "$build/$target" -runs=1 -artifact_prefix="$build/finding-$target-" "$here/corpus/$target"/* > "$build/$target.log" 2>&1 &&
        "$build/$target" "${bounds[@]}" -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 \
            -dict="$here/json.dict" -artifact_prefix="$build/finding-$target-" "$build/corpus-$target" "$build/seeds-$target" >> "$build/$target.log" 2>&1 ||
        { status=1; echo "fuzz: $target found something:" >&2; tail -n 60 "$build/$target.log" >&2; continue; }
    grep -E '^stat::number_of_executed_units|cov: .*DONE|DONE .*cov:' "$build/$target.log" | tail -n 2 || true
done
exit "$status"
