#!/usr/bin/env bash
# run.sh [--quick] [loop|clients|batches|scale|desk|quotes|rules|classes|services|filters|queries|lifecycle|accounts|growth|capacity ...]: measure, on the cluster in PGHOST and PGUSER.
# run.sh [--quick] bridge [drain|latency|load ...]: the way out instead (bridge.pl), on a cluster with wal_level = logical.
# run.sh [--quick] gateway [CONNECTIONS...]: what HTTP costs (gateway.sh), on a cluster with the extension in PGDATABASE.
# run.sh [--quick] day [--made]: a day of commands (day.pl), on such a cluster.
# scripts/bench.sh (make bench) makes private clusters with an optimised build and calls this.
# OMS_BENCH=quick does what --quick does.  Prints the tables, and leaves them in bench/results/latest.md.
set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PG_CONFIG=${PG_CONFIG:-/usr/lib/postgresql/15/bin/pg_config}
PATH=$("$PG_CONFIG" --bindir):$PATH
export PATH

OMS_BENCH_TMP=$(mktemp -d "${TMPDIR:-/tmp}/oms-bench.XXXXXX")
export OMS_BENCH_TMP
trap 'rm -rf "$OMS_BENCH_TMP"' EXIT

options=()
[ "${OMS_BENCH:-}" != quick ] || options+=(--quick)

# What is built stands where every server process of this user can read it.
case " $* " in
    *" bridge "*)
        cp -R "$bench/bridge" "$OMS_BENCH_TMP/bridge"
        make -s -C "$OMS_BENCH_TMP/bridge"
        export OMS_BENCH_WATCH=$OMS_BENCH_TMP/bridge/watch
        args=()
        for arg in "$@"; do
            [ "$arg" = bridge ] || args+=("$arg")
        done
        perl "$bench/bridge.pl" "${options[@]}" "${args[@]}"
        ;;
    *" gateway "*)
        args=()
        for arg in "$@"; do
            [ "$arg" = gateway ] || args+=("$arg")
        done
        "$bench/gateway.sh" "${options[@]}" "${args[@]}" | tee -a "$bench/results/latest.md"
        ;;
    *" day "*)
        args=()
        for arg in "$@"; do
            [ "$arg" = day ] || args+=("$arg")
        done
        perl "$bench/day.pl" "${options[@]}" "${args[@]}"
        ;;
    *)
        cp -R "$bench/floor" "$OMS_BENCH_TMP/floor"
        make -s -C "$OMS_BENCH_TMP/floor" with_llvm=no "PG_CONFIG=$PG_CONFIG"
        export OMS_BENCH_LIBRARY=$OMS_BENCH_TMP/floor/bench_floor
        perl "$bench/run.pl" "${options[@]}" "$@"
        ;;
esac
