#!/usr/bin/env bash
# run.sh [--quick] [loop|clients|batches|scale ...]: measure, on the cluster in PGHOST and PGUSER.
# scripts/bench.sh (make bench) makes a private cluster with an optimised build and calls this.
# OMS_BENCH=quick does what --quick does.  Prints the tables, and leaves them in bench/results/latest.md.
set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PG_CONFIG=${PG_CONFIG:-/usr/lib/postgresql/15/bin/pg_config}
PATH=$("$PG_CONFIG" --bindir):$PATH
export PATH

OMS_BENCH_TMP=$(mktemp -d "${TMPDIR:-/tmp}/oms-bench.XXXXXX")
export OMS_BENCH_TMP
trap 'rm -rf "$OMS_BENCH_TMP"' EXIT

# The module stands where every server process of this user can read it.
cp -R "$bench/floor" "$OMS_BENCH_TMP/floor"
make -s -C "$OMS_BENCH_TMP/floor" with_llvm=no "PG_CONFIG=$PG_CONFIG"
export OMS_BENCH_LIBRARY=$OMS_BENCH_TMP/floor/bench_floor

options=()
[ "${OMS_BENCH:-}" != quick ] || options+=(--quick)
perl "$bench/run.pl" "${options[@]}" "$@"
