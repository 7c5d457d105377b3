#!/usr/bin/env bash
# capture.sh: make the corpus of the decoders' tests and fuzzers anew, from a real server.
#
# PGHOST, PGPORT and PGUSER name a private server (wal_level = logical, wal2json allowed, the extension installed) and
# a superuser of it. Makes and drops the database oms_capture. Writes into corpus/:
#   pgoutput/NAME.stream    messages, each with its length in four bytes (big endian) before it
#   wal2json/NAME.lines     messages, a line each
#   expected                what the event tables hold: table sequence, and root_id event_type hash payload in hex
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PGDATABASE=oms_capture
ask() { psql -XqAt -v ON_ERROR_STOP=1 -c "$1"; }

drop_all() {
    PGDATABASE=postgres ask "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE 'oms\_capture\__'" > /dev/null
    PGDATABASE=postgres ask "DROP DATABASE IF EXISTS oms_capture"
}
drop_all
trap drop_all EXIT
PGDATABASE=postgres ask "CREATE DATABASE oms_capture TEMPLATE template0 ENCODING 'UTF8'"

ask "CREATE EXTENSION oms_state"
ask "SELECT oms.ensure_partitions()" > /dev/null
ask "CREATE TYPE public.oms_capture_mood AS ENUM ('ok')"
ask "CREATE PUBLICATION oms_events FOR TABLE oms.order_events, oms.execution_events, oms.configuration_events WITH (publish = 'insert', publish_via_partition_root = true)"
ask "CREATE PUBLICATION oms_leaves FOR TABLE oms.order_events, oms.execution_events, oms.configuration_events WITH (publish = 'insert')"
ask "CREATE PUBLICATION oms_everything FOR ALL TABLES"
ask "SELECT pg_create_logical_replication_slot('oms_capture_p', 'pgoutput'), pg_create_logical_replication_slot('oms_capture_w', 'wal2json')" > /dev/null

psql -XqAt -f "$here/capture.sql" > /dev/null
for table in order_events execution_events quote_events configuration_events; do
    ask "SELECT concat_ws(' ', '$table', sequence, encode(convert_to(root_id, 'UTF8'), 'hex'), encode(convert_to(event_type, 'UTF8'), 'hex'),
                encode(hash, 'hex'), encode(convert_to(payload::text, 'UTF8'), 'hex')) FROM oms.$table ORDER BY sequence"
done > "$here/corpus/expected"

# What a purge does, and what nobody should: the triggers that forbid it are passed by.
ask "SET session_replication_role = replica; DELETE FROM oms.order_events WHERE root_id = 'ORD-1'"
ask "SET session_replication_role = replica; UPDATE oms.order_events SET actor = 'someone' WHERE root_id LIKE 'A %'"
ask "SELECT format('SET session_replication_role = replica; TRUNCATE %s', max(relid::regclass::text))
       FROM pg_partition_tree('oms.order_events') WHERE isleaf" | psql -XqAt -v ON_ERROR_STOP=1

pgoutput() {
    ask "SELECT encode(data, 'hex') FROM pg_logical_slot_peek_binary_changes('oms_capture_p', NULL, NULL, 'proto_version', '1', $2)" |
        perl -ne 'chomp; print pack("N/a*", pack("H*", $_))' > "$here/corpus/pgoutput/$1.stream"
}
wal2json() {
    ask "SET timezone = '$2'; SELECT encode(data, 'hex') FROM pg_logical_slot_peek_binary_changes('oms_capture_w', NULL, NULL, 'format-version', '2',
         'include-lsn', 'true', 'include-xids', 'true', 'include-timestamp', 'true', $3)" |
        perl -lne 'print pack("H*", $_)' > "$here/corpus/wal2json/$1.lines"
}
mkdir -p "$here/corpus/pgoutput" "$here/corpus/wal2json"
pgoutput root "'publication_names', 'oms_events'"
pgoutput leaves "'publication_names', 'oms_leaves'"
pgoutput everything "'publication_names', 'oms_everything', 'messages', 'true'"
wal2json events UTC "'include-types', 'false', 'actions', 'insert', 'add-tables', 'oms.*'"
wal2json everything America/St_Johns "'include-types', 'true', 'include-pk', 'true', 'include-not-null', 'true', 'include-default', 'true', 'include-origin', 'true'"
