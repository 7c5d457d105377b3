#!/usr/bin/env bash
# demo.sh start | stop: a private cluster with the extension and a replayed trading session, left running.
#
# All of it stands in .demo/run. Where the ordinary user that runs PostgreSQL for root cannot enter the
# checkout, it stands in a folder below /var/tmp instead; .demo/where always says, and .demo/socket is
# what psql -h takes.
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

# stop_program BASE NAME PATH: by its id, and only if it is ours.
stop_program() {
    local pid tries
    pid=$(cat "$1/$2.pid" 2>/dev/null) || return 0
    [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "$1/tree/$3" ] || return 0
    kill -TERM "$pid" 2>/dev/null || return 0
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
}

stop() {
    local base
    base=$(base_of_demo) || return 0
    stop_program "$base" gateway gateway/oms_gateway
    stop_program "$base" bridge debezium/bridge/oms_bridge
    [ ! -e "$base/kafka/kafka.pid" ] || "$project/test/kafka/kafka.sh" stop "$base/kafka" || true
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
    "$project/test/kafka/kafka.sh" fetch || say "no Kafka here: the bridge will print the events instead"
    stop
    make_base
    trap 'end_group; stop' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    copy_tree "$OMS_WORK/tree"
    chmod 0700 "$OMS_WORK"
    give_to_user "$OMS_WORK"
    run_group "$scripts/as_user.sh" "$OMS_WORK/tree/scripts/demo.sh" inside
    "$scripts/cluster.sh" socket "$OMS_WORK/cluster" > "$project/.demo/socket"
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
    title "the orders, as they stand now (oms.order_tree)"
    sql -c "SELECT repeat('  ', depth) || cl_ord_id AS order, symbol, side, status, order_qty AS \"orderQty\",
                   executed_quantity AS executed, leaves_quantity AS leaves, avg_px AS \"avgPx\", array_to_string(flags, ' ') AS flags
              FROM oms.order_tree"
    title "the trade blotter (oms.trade_blotter)"
    sql -c "SELECT to_char(transact_time, 'MM-DD HH24:MI:SS') AS time, cl_ord_id AS order, exec_id AS exec, symbol, side,
                   quantity AS qty, last_px AS px, trim_scale(value) AS value, currency, status
              FROM oms.trade_blotter ORDER BY transact_time, exec_id"
    title "where the store and the broker disagree, and what the store flagged for it"
    cat "$OMS_WORK/replay.txt"
    say
    sql -c "SELECT cl_ord_id AS order, symbol, status, executed_quantity AS executed, leaves_quantity AS leaves,
                   reported_cum_qty AS \"broker's CumQty\", reported_leaves_qty AS \"LeavesQty\", array_to_string(flags, ' ') AS flags
              FROM oms.orders WHERE flags <> '{}' ORDER BY created_at"
}

# The session has no slices: a client order over two levels of them, as one batch of commands.
tree_commands() {
    cat <<'JSON'
[{"commandType": "CreateOrderCommand", "orderId": "fund", "clOrdID": "FUND-1", "account": "PENSION", "symbol": "VOD",
  "side": "BUY", "orderQty": 10000, "price": 72.50, "currency": "GBp"},
 {"commandType": "PlaceOrderCommand", "orderId": "fund", "children": [
   {"orderId": "algo", "clOrdID": "ALGO-1", "orderQty": 7000, "price": 72.50, "destination": "ALGO"},
   {"orderId": "desk", "clOrdID": "DESK-1", "orderQty": 2000, "price": 72.50, "destination": "DESK"}]},
 {"commandType": "PlaceOrderCommand", "orderId": "algo", "children": [
   {"orderId": "xlon", "clOrdID": "XLON-1", "orderQty": 4000, "price": 72.48, "destination": "XLON"},
   {"orderId": "trqx", "clOrdID": "TRQX-1", "orderQty": 1500, "price": 72.50, "destination": "TRQX"}]},
 {"commandType": "ExecuteOrderCommand", "orderId": "xlon", "executionId": "t1", "execID": "T1", "lastQty": 1200, "lastPx": 72.48},
 {"commandType": "ExecuteOrderCommand", "orderId": "trqx", "executionId": "t2", "execID": "T2", "lastQty": 1500, "lastPx": 72.50},
 {"commandType": "ExecuteOrderCommand", "orderId": "desk", "executionId": "t3", "execID": "T3", "lastQty": 800, "lastPx": 72.46},
 {"commandType": "ExecuteOrderCommand", "orderId": "xlon", "executionId": "t4", "execID": "T4", "lastQty": 600, "lastPx": 72.48},
 {"commandType": "BustExecutionCommand", "executionId": "t1", "execID": "T5", "reason": "error trade"}]
JSON
}

demo_tree() {
    title "a client order sliced twice: what is sent to oms_commands(), and what comes back"
    sql -v commands="$(tree_commands)" <<'SQL'
CREATE TEMPORARY TABLE answers AS
  SELECT n, answer FROM oms_commands(:'commands') WITH ORDINALITY AS a (answer, n);
SELECT n AS step, sent ->> 'commandType' AS command,
       coalesce(sent ->> 'clOrdID', (SELECT string_agg(child ->> 'clOrdID', ', ') FROM jsonb_array_elements(sent -> 'children') AS c (child)),
                'fill ' || (sent ->> 'execID')) AS "about",
       answer ->> 'status' AS answer, answer #>> '{state,status}' AS "status then",
       jsonb_array_length(answer -> 'events') AS events, jsonb_array_length(answer -> 'orders') AS "orders changed"
  FROM answers JOIN jsonb_array_elements(:'commands') WITH ORDINALITY AS s (sent, n) USING (n)
 ORDER BY n;
SQL
    title "its tree: each fill has moved every order above it, and the bust has moved it back"
    sql -c "SELECT repeat('  ', depth) || cl_ord_id AS order, destination, status, order_qty AS \"orderQty\", executed_quantity AS executed,
                   leaves_quantity AS leaves, working_quantity AS working, unplaced_quantity AS unplaced, avg_px AS \"avgPx\"
              FROM oms.order_tree WHERE root_id = 'fund'"
    sql -c "SELECT exec_id AS exec, cl_ord_id AS order, root_cl_ord_id AS \"client order\", quantity AS qty, last_px AS px,
                   trim_scale(value) AS value, status
              FROM oms.trade_blotter WHERE root_id = 'fund' ORDER BY exec_id"
    title "what happened to the client order (oms.order_history)"
    sql -c "SELECT version, event_type, command_type, status, executed_quantity AS executed, working_quantity AS working, avg_px AS \"avgPx\"
              FROM oms.order_history WHERE order_id = 'fund' ORDER BY version"
}

# The execution desk: three client orders, one market order for them at two brokers, a fill that waits, and what each has of the others.
desk_commands() {
    cat <<'JSON'
[{"commandType": "CreateOrderCommand", "orderId": "alpha", "clOrdID": "ALPHA-1", "account": "ALPHA", "symbol": "BARC", "side": "BUY", "orderQty": 5000, "price": 2.10},
 {"commandType": "CreateOrderCommand", "orderId": "beta", "clOrdID": "BETA-1", "account": "BETA", "symbol": "BARC", "side": "BUY", "orderQty": 3000, "price": 2.10},
 {"commandType": "CreateOrderCommand", "orderId": "gamma", "clOrdID": "GAMMA-1", "account": "GAMMA", "symbol": "BARC", "side": "BUY", "orderQty": 2000, "price": 2.12},
 {"commandType": "SendOrderToDeskCommand", "orderId": "alpha", "reason": "large"},
 {"commandType": "SendOrderToDeskCommand", "orderId": "beta", "reason": "large"},
 {"commandType": "SendOrderToDeskCommand", "orderId": "gamma", "reason": "large"},
 {"commandType": "ClaimOrderCommand", "orderId": "alpha"},
 {"commandType": "ClaimOrderCommand", "orderId": "beta"},
 {"commandType": "CreateBlockOrderCommand", "orderId": "block", "clOrdID": "BLOCK-1", "price": 2.10, "members": [
   {"orderId": "alpha", "quantity": 5000, "priority": 1}, {"orderId": "beta", "quantity": 3000, "priority": 2}]},
 {"commandType": "PlaceOrderCommand", "orderId": "block", "children": [
   {"orderId": "broker-a", "clOrdID": "BRKA-1", "orderQty": 6000, "price": 2.10, "destination": "BRKA"},
   {"orderId": "broker-b", "clOrdID": "BRKB-1", "orderQty": 2000, "price": 2.10, "destination": "BRKB"}]},
 {"commandType": "ExecuteOrderCommand", "orderId": "broker-a", "executionId": "d1", "execID": "A1", "lastQty": 2000, "lastPx": 2.08},
 {"commandType": "ExecuteOrderCommand", "orderId": "broker-b", "executionId": "d2", "execID": "B1", "lastQty": 1000, "lastPx": 2.095},
 {"commandType": "ExecuteOrderCommand", "orderId": "broker-a", "executionId": "d3", "execID": "A2", "lastQty": 500, "lastPx": 2.19},
 {"commandType": "AllocateExecutionCommand", "orderId": "block", "method": "PRO_RATA"},
 {"commandType": "ExecuteOrderCommand", "orderId": "broker-b", "executionId": "d4", "execID": "B2", "lastQty": 400, "lastPx": 2.09}]
JSON
}

demo_desk() {
    title "the execution desk: three client orders sent to it, two of them in a block at two brokers"
    sql -v commands="$(desk_commands)" <<'SQL'
SELECT n AS step, sent ->> 'commandType' AS command, coalesce(sent ->> 'execID', sent ->> 'orderId') AS "about",
       answer ->> 'status' AS answer, answer #>> '{state,status}' AS "status then", answer #>> '{state,deskStatus}' AS "on the desk",
       jsonb_array_length(answer -> 'orders') AS "orders changed"
  FROM oms_commands(:'commands') WITH ORDINALITY AS a (answer, n)
  JOIN jsonb_array_elements(:'commands') WITH ORDINALITY AS s (sent, n) USING (n)
 ORDER BY n;
SQL
    title "what waits for the desk (oms.desk_queue): orders, and a fill of the block that nobody has been given"
    sql -c "SELECT what, coalesce(cl_ord_id, order_id) AS order, desk_status AS \"on the desk\", desk_user AS by, reason, unplaced_quantity AS unplaced,
                   unallocated_quantity AS unallocated
              FROM oms.desk_queue"
    title "a fill beyond the limit waits, and has moved nothing (oms.execution_review)"
    sql -c "SELECT exec_id AS exec, order_id AS order, last_qty AS qty, last_px AS px, array_to_string(why, ' ') AS why, may_approve AS \"may I?\"
              FROM oms.execution_review WHERE order_id = 'broker-a'"
    title "who has what of the block: one average price for both, and sums that are exact (oms.block_members, oms.allocated_trades)"
    sql -c "SELECT order_id AS member, priority, quantity, allocated_quantity AS allocated, allocated_value AS value, reserved_quantity AS reserved, live
              FROM oms.block_members WHERE block_id = 'block' ORDER BY priority"
    sql -c "SELECT cl_ord_id AS \"client order\", exec_id AS exec, quantity AS qty, value, avg_px AS \"avgPx\", last_px AS px, market_cl_ord_id AS \"market order\"
              FROM oms.allocated_trades WHERE block_id = 'block' ORDER BY exec_id, cl_ord_id"
}

# Three dealers are asked for a currency; the best that can be dealt is, at its price; and one has the last look.
quote_commands() {
    cat <<'JSON'
[{"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "rfq-1", "quoteReqID": "RFQ-1", "symbol": "EUR/USD", "side": "BUY", "orderQty": 2000000, "currency": "EUR",
  "account": "PENSION", "settlType": "0", "dealers": ["ALFA", "BETA", "GAMMA"]},
 {"commandType": "CreateQuoteCommand", "quoteId": "alfa-1", "quoteRequestId": "rfq-1", "quoteID": "A-1", "dealer": "ALFA", "bidPx": 1.0998, "offerPx": 1.1002, "offerSize": 5000000},
 {"commandType": "CreateQuoteCommand", "quoteId": "beta-1", "quoteRequestId": "rfq-1", "quoteID": "B-1", "dealer": "BETA", "offerPx": 1.1003, "offerSize": 3000000},
 {"commandType": "CreateQuoteCommand", "quoteId": "gamma-1", "quoteRequestId": "rfq-1", "quoteID": "G-1", "dealer": "GAMMA", "offerPx": 1.0999, "quoteType": "INDICATIVE"},
 {"commandType": "CreateQuoteCommand", "quoteId": "beta-2", "quoteRequestId": "rfq-1", "quoteID": "B-2", "dealer": "BETA", "offerPx": 1.1001, "offerSize": 3000000},
 {"commandType": "AcceptQuoteCommand", "quoteId": "gamma-1", "clOrdID": "FX-0"},
 {"commandType": "AcceptQuoteCommand", "quoteId": "beta-2", "orderId": "fx-1", "clOrdID": "FX-1", "price": 1.1001},
 {"commandType": "ExecuteOrderCommand", "orderId": "fx-1", "executionId": "q1", "execID": "B-2-1", "lastQty": 2000000, "lastPx": 1.1001},
 {"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "rfq-2", "quoteReqID": "RFQ-2", "symbol": "EUR/USD", "side": "SELL", "orderQty": 1000000, "currency": "EUR"},
 {"commandType": "CreateQuoteCommand", "quoteId": "alfa-2", "quoteRequestId": "rfq-2", "quoteID": "A-2", "dealer": "ALFA", "bidPx": 1.1000},
 {"commandType": "CreateQuoteCommand", "quoteId": "beta-3", "quoteRequestId": "rfq-2", "quoteID": "B-3", "dealer": "BETA", "bidPx": 1.0998},
 {"commandType": "AcceptQuoteCommand", "quoteId": "alfa-2", "orderId": "fx-2", "clOrdID": "FX-2", "pending": true},
 {"commandType": "RejectOrderCommand", "orderId": "fx-2", "execID": "A-2-1", "reason": "price moved"},
 {"commandType": "AcceptQuoteCommand", "quoteId": "beta-3", "orderId": "fx-3", "clOrdID": "FX-3"}]
JSON
}

demo_quotes() {
    title "quotes: three dealers are asked, one is dealt and fills; in a second request the best refuses at his last look"
    sql -v commands="$(quote_commands)" <<'SQL'
SELECT n AS step, sent ->> 'commandType' AS command, coalesce(sent ->> 'execID', sent ->> 'quoteId', sent ->> 'orderId', sent ->> 'quoteRequestId') AS "about",
       answer ->> 'status' AS answer, coalesce(answer #>> '{state,status}', answer #>> '{error,detail}') AS "status then, or why not",
       (SELECT string_agg(e ->> 'eventType', ', ') FROM jsonb_array_elements(answer -> 'events') AS e) AS events
  FROM oms_commands(:'commands', false) WITH ORDINALITY AS a (answer, n)
  JOIN jsonb_array_elements(:'commands') WITH ORDINALITY AS s (sent, n) USING (n)
 ORDER BY n;
SQL
    title "how the dealers stood, and what came of it (oms.quote_competition)"
    sql -c "SELECT quote_request_id AS request, dealer, side, px, rank, distance_to_best AS \"to best\", outcome FROM oms.quote_competition ORDER BY request, rank, px"
    title "the orders that acceptances made, with their quotes and covers"
    sql -c "SELECT o.cl_ord_id AS order, o.side, o.order_qty AS \"orderQty\", o.price, o.destination, o.status, q.status AS quote, r.status AS request, r.cover_px AS cover, r.cover_distance AS distance
              FROM oms.orders AS o JOIN oms.quotes AS q ON q.id = o.quote_id JOIN oms.quote_requests AS r ON r.id = q.quote_request_id ORDER BY o.cl_ord_id"
}

demo_verify() {
    title "does everything add up? (oms.verify(): one row for each broken invariant)"
    sql -c "SELECT count(*) AS \"broken invariants\" FROM oms.verify()"
}

# The bridge's own log goes to a file; what it prints (--sink stdout) too.
start_bridge() {
    setsid "$project/debezium/bridge/oms_bridge" --config "$OMS_WORK/bridge.conf" > "$OMS_WORK/events.jsonl" 2> "$OMS_WORK/bridge.log" < /dev/null &
    say "$!" > "$OMS_WORK/bridge.pid"
}

# wait_until COMMAND...: at most half a minute.
wait_until() {
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        ! "$@" || return 0
        sleep 0.1
    done
    cat "$OMS_WORK/bridge.log"
    die "waited in vain for the bridge: see above"
}
drained() { [ "$(sql -Atc "SELECT coalesce(bool_and(active AND lag_bytes = 0), false) FROM oms.stat_bridge")" = t ]; }

# Before the day begins: what the slot is older than comes out by itself, whoever reads it.
demo_slot() {
    title "the way out: a publication and a replication slot (oms.create_slot())"
    sql -c "SELECT * FROM oms.create_slot()"
    (umask 077 && cat > "$OMS_WORK/bridge.conf") <<CONF
# made by make demo
postgres.dsn = host=$PGHOST user=oms dbname=oms
http.listen = 127.0.0.1:0
idle.record.ms = 500
CONF
}

# Nothing is said about a broker before there is one.
start_kafka() {
    "$project/test/kafka/kafka.sh" start "$OMS_WORK/kafka" > "$OMS_WORK/kafka.log" 2>&1 || return 1
    bootstrap=$(cat "$OMS_WORK/kafka/bootstrap")
}

demo_kafka() {
    local topic topics
    topics=$("$scripts/gen_outbox.sh" --topics)
    title "a real broker, and oms_bridge between the two"
    for topic in $topics; do
        "$project/test/kafka/kafka.sh" topic "$OMS_WORK/kafka" "$topic" 3
    done
    say "kafka.bootstrap.servers = $bootstrap" >> "$OMS_WORK/bridge.conf"
    start_bridge
    wait_until drained
    cat "$OMS_WORK/bridge.log"
    title "the day's events, as a consumer sees them: the first of each topic, and how many"
    for topic in $topics; do
        say "$topic:"
        kcat -C -q -b "$bootstrap" -t "$topic" -o beginning -e -X isolation.level=read_committed \
            -f '  partition %p, offset %o, key %k, headers %h\n' > "$OMS_WORK/seen.txt"
        head -n 3 "$OMS_WORK/seen.txt" | cut -c 1-150
        say "  ... $(wc -l < "$OMS_WORK/seen.txt") events"
    done
    say "in the event tables: $(sql -Atc "SELECT string_agg(format('%s %s', count, aggregate), ', ' ORDER BY aggregate DESC) FROM (SELECT payload ->> 'aggregateType' AS aggregate, count(*) FROM oms.all_events GROUP BY 1) AS n")"
}

demo_stdout() {
    title "oms_bridge without a broker: it prints the day's events (--sink stdout)"
    say "why there is none:"
    tail -n 3 "$OMS_WORK/kafka.log" | cut -c 1-1000
    say
    say "sink = stdout" >> "$OMS_WORK/bridge.conf"
    start_bridge
    wait_until drained
    head -n 3 "$OMS_WORK/events.jsonl" | cut -c 1-150
    say "... $(wc -l < "$OMS_WORK/events.jsonl") events in $OMS_WORK/events.jsonl"
}

demo_bridge() {
    bootstrap=
    # not "a || b": in that, no error of a would end the demo
    if start_kafka; then demo_kafka; else demo_stdout; fi
    title "one more fill, and where it is a moment later"
    sql -Atc "SELECT format('oms_command: %s, event %s', r ->> 'status', r #>> '{events,0,eventType}')
                FROM oms_command('{\"commandType\": \"ExecuteOrderCommand\", \"orderId\": \"desk\", \"executionId\": \"t6\", \"execID\": \"T6\", \"lastQty\": 100, \"lastPx\": 72.47}') AS r"
    wait_until drained
    if [ -n "$bootstrap" ]; then
        kcat -C -q -b "$bootstrap" -t execution-events -o beginning -e -X isolation.level=read_committed -f '%h  %s\n' | grep '"t6"' | cut -c 1-150
    else
        grep '"t6"' "$OMS_WORK/events.jsonl" | cut -c 1-150
    fi
    sql -c "SELECT slot_name, plugin, active, confirmed_flush_lsn, lag_bytes, lag_seconds, wal_status FROM oms.stat_bridge"
}

# As the owner of everything, which is right for a demo on one's own machine only. The port of the manual if nobody has it.
demo_gateway() {
    local port=8080 tries
    title "oms_gateway: the same by HTTP"
    ! (exec 3<> /dev/tcp/127.0.0.1/8080) 2>/dev/null || port=0
    setsid "$project/gateway/oms_gateway" --auth=login --dsn="host=$PGHOST user=oms dbname=oms" --listen=127.0.0.1:$port --admin.listen=127.0.0.1:0 \
        > "$OMS_WORK/gateway.log" 2>&1 < /dev/null &
    say "$!" > "$OMS_WORK/gateway.pid"
    for ((tries = 0; tries < 300; tries++)); do
        ! grep -q 'connected to PostgreSQL' "$OMS_WORK/gateway.log" || break
        sleep 0.1
    done
    gateway=$(sed -n 's/.*listening on .*, port \([0-9]*\)$/http:\/\/127.0.0.1:\1/p' "$OMS_WORK/gateway.log" | tail -n 1)
    [ "$tries" -lt 300 ] && [ -n "$gateway" ] || { cat "$OMS_WORK/gateway.log"; die "waited in vain for the gateway: see above"; }
    say "POST /commands/orders says:"
    curl -sS -m 60 "$gateway/commands/orders" -H 'Content-Type: application/json' -H 'Idempotency-Key: demo-1' \
        -d '{"commandType": "CreateOrderCommand", "orderId": "web-1", "clOrdID": "WEB-1", "symbol": "VOD", "side": "BUY", "orderQty": 500}' | cut -c 1-200
    say "and GET /queries/orders?clOrdID=WEB-1:"
    curl -sS -m 60 "$gateway/queries/orders?clOrdID=WEB-1&select=orderId,symbol,status,orderQty"
}

demo_goodbye() {
    title "it is up"
    cat <<TEXT
Look around:  psql -h $PGHOST -U oms oms
  SELECT * FROM oms.client_orders;
  SELECT * FROM oms.order_history WHERE order_id = 'xlon';
  SELECT * FROM oms.desk_queue;                -- what waits for the desk
  SELECT * FROM oms.execution_review;          -- fills that wait, and why
  SELECT * FROM oms.dealer_statistics;         -- who quotes how well
  SELECT * FROM oms.state_transitions;         -- the state machine
  SELECT * FROM oms.command_reference;         -- every command and its fields
  SELECT * FROM oms.stat_bridge;               -- how far the bridge is
${bootstrap:+See events come:  kcat -C -b $bootstrap -t order-events -X isolation.level=read_committed -f '%k %h %s\n'
}Ask by HTTP:  curl -g '$gateway/queries/orders?status=New&orderQty[gte]=1000&select=clOrdID,symbol,orderQty'
              curl -H 'Accept: text/csv' '$gateway/queries/executions?select=execID,symbol,lastQty,lastPx'
              curl $gateway/commands/orders -H 'Content-Type: application/json' -d '{"commandType": "CancelOrderCommand", "orderId": "web-1"}'
The gateway:  log in $OMS_WORK/gateway.log
The bridge:   log in $OMS_WORK/bridge.log, configuration in $OMS_WORK/bridge.conf
Stop it:      make demo-stop
TEXT
}

inside() {
    cd "$project"
    PATH=$("$PG_CONFIG" --bindir):$PATH
    export PATH
    demo_cluster
    demo_slot
    demo_session
    demo_views
    demo_tree
    demo_desk
    demo_quotes
    demo_verify
    demo_bridge
    demo_gateway
    demo_goodbye
}

case ${1:-} in
    start | stop | inside) "$1" ;;
    *) die "demo.sh start | stop" ;;
esac
