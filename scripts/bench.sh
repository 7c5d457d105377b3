#!/usr/bin/env bash
# make bench: a build without assertions, private clusters with durable commits, and bench/run.sh on them.
#
#   bench.sh [--quick] [SECTION...]           measure (bench/README.md); the tables also go to bench/results/latest.md
#   bench.sh --profile WORKLOAD [--out FILE]  hottest functions of one backend (perf); see bench/profile.sh
#
# SECTIONs: loop clients batches scale desk quotes rules classes services filters queries lifecycle accounts growth capacity fleet gateway bridge (the way out, all of it; or of that: drain latency load) day (with
# --made: the one that bench/day_made.pl makes).
# OMS_BENCH=quick stands for --quick. bench/run.sh finds the cluster by PGHOST, PGPORT and PGUSER.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in -h | --help) sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;; esac

if [ "${1:-}" != inside ]; then
    "$scripts/setup.sh"
    # As root, so that the jars outlive this run; without them the way out is not measured, and the tables say so.
    "$project/test/kafka/kafka.sh" fetch || say "no Kafka here: the way out will not be measured"
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

commands=() gateway=() bridge=() day=() both=()
for arg in "$@"; do
    case $arg in
        bridge | drain | latency | load) bridge+=("$arg") ;;
        gateway) gateway+=("$arg") ;;
        day | --made) day+=("$arg") ;;
        --quick) both+=("$arg") ;;
        *) commands+=("$arg") ;;
    esac
done

# Room for all that is measured, no checkpoint and no autovacuum in the middle of a run; commits are durable.
start_cluster() {
    local dir=$OMS_WORK/$1
    shift
    "$scripts/cluster.sh" init "$dir" shared_buffers=1GB min_wal_size=1GB checkpoint_timeout=30min autovacuum=off "$@"
    cat "$OMS_WORK/stage/postgresql.conf" >> "$dir/data/postgresql.conf"
    "$scripts/cluster.sh" start "$dir"
    PGHOST=$("$scripts/cluster.sh" socket "$dir")
    export PGHOST PGUSER=oms PGDATABASE=postgres
}

# wal2json must be named where the server knows the setting (15.19 and later), and may not be where it does not.
plugin_setting() {
    if "$("$PG_CONFIG" --bindir)/postgres" --describe-config | grep "^output_plugin_libraries" > /dev/null; then
        say output_plugin_libraries='pgoutput, wal2json'
    fi
}

export TMPDIR=$OMS_WORK
cd "$project"
"$scripts/build.sh" "$project" "$OMS_WORK/stage" release

# Without a section, all of them.
chosen=$((${#commands[@]} + ${#gateway[@]} + ${#bridge[@]} + ${#day[@]}))
wanted() { [ "$chosen" -eq 0 ] || [ "$1" -gt 0 ]; }

if wanted ${#commands[@]}; then
    start_cluster cluster max_wal_size=8GB
    run_group bench/run.sh "${both[@]}" "${commands[@]}"
    "$scripts/cluster.sh" stop "$OMS_WORK/cluster"
    rm -rf "$OMS_WORK/cluster"
fi

if wanted ${#gateway[@]}; then
    start_cluster gateway max_wal_size=8GB max_connections=200
    psql -XAtqc 'CREATE EXTENSION oms_state'
    run_group bench/run.sh "${both[@]}" gateway
    "$scripts/cluster.sh" stop "$OMS_WORK/gateway"
    rm -rf "$OMS_WORK/gateway"
fi

if wanted $((${#bridge[@]} + ${#day[@]})); then
    # Debezium comes by TCP and with a password; a slot keeps the WAL of a million events.
    OMS_LISTEN=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => 0)->sockport')
    export OMS_LISTEN PGPORT=$OMS_LISTEN OMS_BENCH_PASSWORD=$OMS_WORK/bridge/password OMS_BENCH_SERVER_LOG=$OMS_WORK/bridge/log
    mapfile -t plugins < <(plugin_setting)
    start_cluster bridge max_wal_size=16GB wal_level=logical max_replication_slots=64 max_wal_senders=32 log_replication_commands=on "${plugins[@]}"
    if wanted ${#bridge[@]}; then run_group bench/run.sh "${both[@]}" bridge "${bridge[@]}"; fi
    if wanted ${#day[@]}; then run_group bench/run.sh "${both[@]}" day "${day[@]}"; fi
fi
