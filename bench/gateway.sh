#!/usr/bin/env bash
# gateway.sh [CONNECTIONS [SECONDS [ROUNDS]]]: the same command over HTTP and by pgbench, in turns, with as many connections to PostgreSQL, and the CPU time
# that each took for a command. On a database with the extension that PGHOST, PGPORT, PGUSER and PGDATABASE name; needs gateway/oms_gateway.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
connections=${1:-8} seconds=${2:-5} rounds=${3:-3}
work=$(mktemp -d)
gateway=
trap '[ -z "$gateway" ] || kill "$gateway"; rm -rf "$work"' EXIT

command='{"commandType": "CreateOrderCommand", "commandId": "@", "symbol": "VOD", "side": "BUY", "orderQty": 100, "price": 5, "ordType": "LIMIT"}'
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => 0)->sockport')
cc -O2 -D_GNU_SOURCE -o "$work/http_load" "$bench/http_load.c"

entry=$(psql -XAtc "SELECT quote_ident(nspname) || '.oms_try_command' FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace WHERE extname = 'oms_state'")
ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }
stored() { psql -XAtc "SELECT count(*) FROM oms.order_events WHERE command_id LIKE '$1-%'"; }

for round in $(seq "$rounds"); do
    key=http$$-$round
    "$bench/../gateway/oms_gateway" --dsn='' --auth=login --pool.size="$connections" --listen=127.0.0.1:"$port" --admin.listen=off 2> "$work/log" &
    gateway=$!
    until grep -q 'connected to PostgreSQL' "$work/log"; do sleep 0.1; done
    before=$(ticks "$gateway")
    "$work/http_load" "$port" /commands/orders "$connections" "$seconds" "${command/@/$key-%}"
    after=$(ticks "$gateway")
    kill "$gateway"
    wait "$gateway" || true
    gateway=
    echo "  of the gateway $(((after - before) * 1000000 / $(getconf CLK_TCK) / $(stored "$key"))) us of CPU time a command"

    key=pgbench$$-$round
    echo "SELECT $entry(('${command/@/$key-\' || :client_id || \'-\' || random() || \'}')::jsonb)" > "$work/command.sql"
    pgbench -n -M prepared -c "$connections" -j 1 -T "$seconds" -f "$work/command.sql" 2> /dev/null | sed -n 's/^tps = \([0-9]*\).*/\1 by pgbench/p'
done
