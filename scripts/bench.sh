#!/usr/bin/env bash
# make bench: a build without assertions, a private cluster with durable commits, and bench/run.sh on it.
#
#   bench.sh [--quick] [SECTION...]           measure (bench/README.md); the tables also go to bench/results/latest.md
#   bench.sh --profile WORKLOAD [--out FILE]  hottest functions of one backend (perf); see bench/profile.sh
#
# OMS_BENCH=quick stands for --quick. bench/run.sh finds the cluster by PGHOST and PGUSER.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ "${1:-}" != inside ]; then
    "$scripts/setup.sh"
    OMS_WORK=$(mktemp -d /var/tmp/oms_state-bench.XXXXXX)
    export OMS_WORK
    trap 'end_group; stop_clusters_under "$OMS_WORK"; rm -rf "$OMS_WORK"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    copy_tree "$OMS_WORK/tree"
    rm -f "$OMS_WORK/tree/bench/results/latest.md"
    chmod 0755 "$OMS_WORK"
    give_to_user "$OMS_WORK"
    run_group "$scripts/as_user.sh" "$OMS_WORK/tree/scripts/bench.sh" inside "$@"
    results=bench/results/latest.md
    [ ! -e "$OMS_WORK/tree/$results" ] || cat "$OMS_WORK/tree/$results" > "$project/$results"
    exit
fi
shift

trap end_group EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Room for all that is measured, no checkpoint and no autovacuum in the middle of a run; commits are durable.
"$scripts/build.sh" "$project" "$OMS_WORK/stage" release
"$scripts/cluster.sh" init "$OMS_WORK/cluster" shared_buffers=1GB min_wal_size=1GB max_wal_size=8GB \
    checkpoint_timeout=30min autovacuum=off
cat "$OMS_WORK/stage/postgresql.conf" >> "$OMS_WORK/cluster/data/postgresql.conf"
"$scripts/cluster.sh" start "$OMS_WORK/cluster"
PGHOST=$("$scripts/cluster.sh" socket "$OMS_WORK/cluster")
export PGHOST PGUSER=oms PGDATABASE=postgres TMPDIR=$OMS_WORK
cd "$project"
run_group bench/run.sh "$@"
