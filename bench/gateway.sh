#!/usr/bin/env bash
# gateway.sh [--quick] [CONNECTIONS...] (1 8 64): what HTTP costs. The same commands over HTTP and by pgbench (prepared), and the same queries, in turns, with as many connections
# to PostgreSQL; and the CPU time that the gateway takes for a request. On a database with the extension that PGHOST, PGPORT, PGUSER and PGDATABASE name; needs
# gateway/oms_gateway. scripts/bench.sh gateway makes both, and takes what this prints into bench/results/latest.md.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
seconds=5 rounds=5
if [ "${1:-}" = --quick ]; then seconds=2 rounds=3; shift; fi
[ $# -gt 0 ] || set -- 1 8 64
work=$(mktemp -d)
gateway=
trap '[ -z "$gateway" ] || kill "$gateway"; rm -rf "$work"' EXIT

entries=$(psql -XAtc "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace WHERE extname = 'oms_state'")
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => 0)->sockport')
cc -O2 -D_GNU_SOURCE -o "$work/http_load" "$bench/http_load.c"

# What a query finds: 1,000 orders of ten accounts.
psql -XAtqc "SELECT count(*) FROM $entries.oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand', 'commandId', 'bench-' || i, 'orderId', 'bench-' || i, 'symbol', 'VOD',
    'side', 'BUY', 'orderQty', 100, 'account', 'BENCH' || i % 10)) FROM generate_series(1, 1000) AS i))" -c 'VACUUM (ANALYZE)' > /dev/null

start_gateway() {
    "$bench/../gateway/oms_gateway" --dsn='' --auth=login --pool.size="$1" --listen=127.0.0.1:"$port" --admin.listen=off 2> "$work/log" &
    gateway=$!
    until grep -q 'connected to PostgreSQL' "$work/log"; do sleep 0.1; done
}

stop_gateway() {
    kill "$gateway"
    wait "$gateway" || true
    gateway=
}

ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }

# http CONNECTIONS PATH BODY: requests a second and microseconds of the gateway's CPU time for each, in a line.
http() {
    local before answered
    start_gateway "$1"
    before=$(ticks "$gateway")
    answered=$("$work/http_load" "$port" "$2" "$1" "$seconds" "$3")
    case $answered in *" 0 answered otherwise") ;; *) echo "gateway.sh: $answered" >&2; exit 1 ;; esac
    echo "${answered%% *} $((($(ticks "$gateway") - before) * 1000000 / $(getconf CLK_TCK) / (${answered%% *} * seconds)))"
    stop_gateway
}

# pgbench_of CONNECTIONS SQL: transactions a second.
pgbench_of() {
    echo "$2" > "$work/script.sql"
    pgbench -n -M prepared -c "$1" -j 1 -T "$seconds" -f "$work/script.sql" 2> /dev/null | sed -n 's/^tps = \([0-9]*\).*/\1/p'
}

median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

# row NAME CONNECTIONS PATH BODY SQL AIM: one line of the table; in BODY and SQL "@" is a key of the round.
row() {
    local round key
    : > "$work/http"
    for round in $(seq "$rounds"); do
        key=b$$-$2-$round
        echo "$(http "$2" "$3" "${4//@/$key}") $(pgbench_of "$2" "${5//@/$key}")" >> "$work/http"
    done
    awk '{printf "%.2f\n", $1 / $3}' "$work/http" | sort -g > "$work/ratios"
    echo "| $1 | $2 | $(cut -d' ' -f1 "$work/http" | median) | $(cut -d' ' -f3 "$work/http" | median) | $(median < "$work/ratios") ($(head -1 "$work/ratios")–$(tail -1 "$work/ratios")) | $(cut -d' ' -f2 "$work/http" | median) | $6 |"
}

command='{"commandType": "CreateOrderCommand", "commandId": "@", "symbol": "VOD", "side": "BUY", "orderQty": 100, "price": 5, "ordType": "LIMIT"}'
one='{"where": {"id": "bench-500"}}'
page='{"where": {"account": "BENCH5"}, "limit": 100}'
echo "## 16. Over HTTP"
echo
echo "Requests a second, and CPU time of the gateway for a request; the ratio is to pgbench in the same round, medians of $rounds rounds of $seconds s in turns. Load, gateway and PostgreSQL share $(nproc) cores."
echo
echo "| what | connections | over HTTP | by pgbench | ratio | µs of CPU a request | aim |"
echo "| --- | --- | --- | --- | --- | --- | --- |"
for connections in "$@"; do
    row "an order by its id" "$connections" /queries/orders "$one" "SELECT q FROM $entries.oms_query('orders', '$one') AS q" ""
    row "a page of 100 orders" "$connections" /queries/orders "$page" "SELECT q FROM $entries.oms_query('orders', '$page') AS q" ""
done
for connections in "$@"; do
    row "a create" "$connections" /commands/orders "${command/@/@-%}" "SELECT $entries.oms_try_command(('${command/@/@-\' || :client_id || \'-\' || random() || \'}')::jsonb)" "≥ 0.8"
done
echo
echo "PostgREST is not compared: no Debian package has it, and building it takes a Haskell tool chain."
