# Of the run.sh of each program's fuzzers.
# shellcheck shell=bash

# The compiler, into $clang.
find_clang() {
    for clang in "${CLANG:-}" clang clang-19 clang-16 clang-15 clang-14; do
        [ -z "$clang" ] || ! command -v "$clang" > /dev/null || return 0
    done
    echo "fuzz: no clang here (Debian: clang-14 libclang-rt-14-dev)" >&2
    exit 1
}

# run_target TARGET BUILD SEEDS DICTIONARY MAX_LEN SECONDS FEW: first what is there, whole; then what can be made of it, for so long, or, where
# SECONDS is "few", FEW inputs from one beginning: so many as any machine has made before, for a test that says the same everywhere.
# What it grew is in BUILD/corpus-TARGET. False: it found something, BUILD/finding-TARGET-*.
run_target() {
    local target=$1 build=$2 seeds=$3 dictionary=$4 max_len=$5 seconds=$6 few=$7
    local bounds=("-max_total_time=$seconds")
    if [ "$seconds" = few ]; then
        bounds=(-seed=7 "-runs=$few" -max_total_time=120)
        rm -rf "$build/corpus-$target"
    fi
    mkdir -p "$build/corpus-$target"
    echo "fuzz: $target, ${bounds[*]}"
    if ! { "$build/$target" -runs=1 -artifact_prefix="$build/finding-$target-" "$seeds"/* > "$build/$target.log" 2>&1 &&
        "$build/$target" "${bounds[@]}" -timeout=10 -rss_limit_mb=2048 -max_len="$max_len" -print_final_stats=1 -dict="$dictionary" \
            -artifact_prefix="$build/finding-$target-" "$build/corpus-$target" "$seeds" >> "$build/$target.log" 2>&1; }; then
        echo "fuzz: $target found something:" >&2
        tail -n 60 "$build/$target.log" >&2
        return 1
    fi
    grep -E '^stat::number_of_executed_units|cov: .*DONE|DONE .*cov:' "$build/$target.log" | tail -n 2 || true
}
