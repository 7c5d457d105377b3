#!/usr/bin/env bash
# gen_outbox.sh [--print | --topics]: of debezium/oms-outbox.json what is said of tables: a router for each line of EVENT_TABLE_LIST in
# common/event_tables.h, so that Debezium and the bridge send the same tables into the same topics. The rest of the file stays.
#
# With --print the whole goes to standard output instead of the file; with --topics the names of the topics do, each once.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
file=$project/debezium/oms-outbox.json

# For each table: its name, its topic, and how the file calls it ("quoteRequest").
tables() {
    local table topic name
    sed -n 's/^\tTABLE(\([a-z_]*\), "\([a-z-]*\)").*/\1 \2/p' "$project/common/event_tables.h" | while read -r table topic; do
        name=$(sed 's/_events$//; s/_\(.\)/\U\1/g' <<< "$table")
        say "$table $topic $name"
    done
}

# each TEXT: it, for each table, with TABLE, TOPIC, name and Name put in.
each() {
    local table topic name text
    tables | while read -r table topic name; do
        text=${1//TABLE/$table}
        text=${text//TOPIC/$topic}
        text=${text//@name/$name}
        say "${text//@Name/${name^}}"
    done
}
list() { each "$1" | paste -s -d , -; }

print() {
    sed "/^  \"predicates\": /,\$d; s/^\(  \"table.include.list\": \"\)[^\"]*/\1$(list oms.TABLE)/" "$file"
    say "  \"predicates\": \"$(list is@Name)\","
    each '  "predicates.is@Name.type": "org.apache.kafka.connect.transforms.predicates.TopicNameMatches",
  "predicates.is@Name.pattern": "oms\\.oms\\.TABLE",'
    say
    {
        say "  \"transforms\": \"$(list @name)\""
        each ',
  "transforms.@name.type": "io.debezium.transforms.outbox.EventRouter",
  "transforms.@name.predicate": "is@Name",
  "transforms.@name.route.by.field": "event_type",
  "transforms.@name.route.topic.replacement": "TOPIC",
  "transforms.@name.table.field.event.id": "sequence",
  "transforms.@name.table.field.event.key": "root_id",
  "transforms.@name.table.field.event.payload": "payload",
  "transforms.@name.table.fields.additional.placement": "event_type:header:eventType,hash:header:hash"'
    } | sed -z 's/\n,/,\n/g'
    say '}'
}

case ${1:-} in
    --print) print ;;
    --topics) each TOPIC | awk '!seen[$0]++' ;;
    '')
        text=$(print)
        say "$text" > "$file"
        ;;
    *) die "gen_outbox.sh: what is $1?" ;;
esac
