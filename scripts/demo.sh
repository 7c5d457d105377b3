#!/usr/bin/env bash
# demo.sh start | stop: a private cluster with the extension and a replayed trading session, left running.
#
# All of it stands in .demo/run. Where the ordinary user that runs PostgreSQL for root cannot enter the
# checkout, it stands in a folder below /var/tmp instead; .demo/where always says.
#
# As the unprivileged user the script calls itself ("demo.sh inside"), one function for each part. A new
# part (bridge, gateway) is one more function there, and one more line in stop when it has a process.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# --- outside: as the caller

# The folder of a running demo of this very checkout (not of one that this was copied from).
base_of_demo() {
    local base
    base=$(cat "$project/.demo/where" 2>/dev/null) || return 1
    [ "$(cat "$base/checkout" 2>/dev/null)" = "$project" ] || return 1
    say "$base"
}

stop() {
    local base
    base=$(base_of_demo) || return 0
    [ ! -d "$base/cluster" ] || "$scripts/cluster.sh" stop "$base/cluster"
    rm -rf "$base" "$project/.demo"
}

make_base() {
    local base=$project/.demo/run
    mkdir -p "$base"
    give_to_user "$base"
    # Can he who will run the server get there?
    if ! (unset OMS_WORK; "$scripts/as_user.sh" test -w "$base") 2>/dev/null; then
        rmdir "$base"
        base=$(mktemp -d /var/tmp/oms_state-demo.XXXXXX)
    fi
    base=$(cd "$base" && pwd -P)
    say "$base" > "$project/.demo/where"
    say "$project" > "$base/checkout"
    OMS_WORK=$base
    export OMS_WORK
}

start() {
    "$scripts/setup.sh"
    stop
    make_base
    trap 'end_group; stop' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    copy_tree "$OMS_WORK/tree"
    chmod 0700 "$OMS_WORK"
    give_to_user "$OMS_WORK"
    run_group "$scripts/as_user.sh" "$OMS_WORK/tree/scripts/demo.sh" inside
    trap - EXIT
}

# --- inside: as an ordinary user, in the copy of the checkout

title() { printf '\n== %s\n\n' "$*"; }

sql() { psql -X -q -v ON_ERROR_STOP=1 -P pager=off "$@"; }

demo_cluster() {
    title "building, and starting a private cluster"
    "$scripts/build.sh" "$project" "$OMS_WORK/stage" release
    "$scripts/cluster.sh" init "$OMS_WORK/cluster" wal_level=logical
    cat "$OMS_WORK/stage/postgresql.conf" >> "$OMS_WORK/cluster/data/postgresql.conf"
    "$scripts/cluster.sh" start "$OMS_WORK/cluster"
    PGHOST=$("$scripts/cluster.sh" socket "$OMS_WORK/cluster")
    export PGHOST PGUSER=oms PGDATABASE=oms
    sql -d postgres -c 'CREATE DATABASE oms'
    sql -c 'CREATE EXTENSION oms_state'
    say "cluster in $OMS_WORK/cluster, socket in $PGHOST"
}

demo_session() {
    title "replaying a real FIX session: 40 orders, 62 replaces, 11 cancels, 215 answers of the broker"
    perl "$scripts/replay.pl" "$project/test/data/real_session.csv" > "$OMS_WORK/replay.txt" ||
        { cat "$OMS_WORK/replay.txt"; die "the replay broke off: see above"; }
}

demo_views() {
    title "the orders (oms.order_tree)"
    sql -c 'TABLE oms.order_tree'
    title "the trade blotter (oms.trade_blotter)"
    sql -c 'TABLE oms.trade_blotter'
    title "where the store and the broker disagree"
    cat "$OMS_WORK/replay.txt"
    title "what the store itself flagged"
    sql -c "SELECT cl_ord_id, symbol, status, executed_quantity, leaves_quantity, flags
            FROM oms.orders WHERE flags <> '{}' ORDER BY created_at"
}

demo_goodbye() {
    title "it is up"
    cat <<TEXT
Look around:  psql -h $PGHOST -U oms oms
  SELECT * FROM oms.order_history LIMIT 20;
  SELECT * FROM oms.state_transitions;
  SELECT * FROM oms.execution_review;
  SELECT * FROM oms.verify();                  -- no row: every invariant holds
Stop it:      make demo-stop
TEXT
}

inside() {
    cd "$project"
    PATH=$("$PG_CONFIG" --bindir):$PATH
    export PATH
    demo_cluster
    demo_session
    demo_views
    demo_goodbye
}

case ${1:-} in
    start | stop | inside) "$1" ;;
    *) die "demo.sh start | stop" ;;
esac
