#!/usr/bin/env bash
# run.sh [SECONDS]: build each fuzzer with ASan and UBSan and let it run for so long (20) over the corpus. SECONDS "few": so many inputs as
# any machine has made from the same beginning, for a test that says the same everywhere.
#
# All that is written goes into build-fuzz/ beside the sources, or into OMS_FUZZ_BUILD: programs, the corpus as it grew, and
# build-fuzz/finding-TARGET-* where one was found, to be run with build-fuzz/TARGET FILE. A finding ends with status 1.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
common=$(dirname "$here")
build=${OMS_FUZZ_BUILD:-$common/build-fuzz}
seconds=${1:-20}

# shellcheck source=common/fuzz/lib.sh
. "$common/fuzz/lib.sh"
find_clang

mkdir -p "$build"
build=$(cd "$build" && pwd)
sources=()
for name in base text json_scan event_tables decode decode_pgoutput decode_wal2json; do
    sources+=("$common/$name.c")
done
read -ra libraries <<< "$(${PKG_CONFIG:-pkg-config} --cflags --libs jansson)"
export UBSAN_OPTIONS=print_stacktrace=1

# What is there, and each message of it by itself, with the description of its relation: a better beginning than a whole session.
seeds() {
    local target=$1 to=$build/seeds-$1
    rm -rf "$to"
    mkdir -p "$to"
    cp "$here/corpus/$target/"* "$to/"
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
    esac
}

status=0
for target in pgoutput wal2json; do
    "$clang" -std=gnu11 -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
        -Wall -Wextra -Werror -I"$common" -I"$here" -o "$build/$target" "$here/fuzz_$target.c" "${sources[@]}" "${libraries[@]}"
    TO=$build/seeds-$target seeds "$target"
    run_target "$target" "$build" "$build/seeds-$target" "$here/json.dict" 4096 "$seconds" 50000 || status=1
done
exit "$status"
