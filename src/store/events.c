/*-------------------------------------------------------------------------
 *
 * events.c
 *	  Events: built with their payload and hash, appended in bulk.
 *
 * The sole writer of the event tables.  Takes no row
 * lock: the unit of work has locked the tree, which makes versions and tree
 * versions gapless.  Rows go to the leaf partition itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "base/digest.h"
#include "base/guc.h"
#include "store/as_owner.h"
#include "store/events.h"
#include "store/purge.h"
#include "store/shard.h"
#include "store/table_row.h"

enum EventColumn
{
	EVENT_SEQUENCE,
	EVENT_AGGREGATE_ID,
	EVENT_VERSION,
	EVENT_ROOT_ID,
	EVENT_TREE_VERSION,
	EVENT_TYPE,
	EVENT_OCCURRED_AT,
	EVENT_ACTOR,
	EVENT_ROLE,
	EVENT_COMMAND_ID,
	EVENT_TRANSITION,
	EVENT_XID,
	EVENT_PAYLOAD,
	EVENT_HASH,
	EVENT_ACCOUNT,
	EVENT_VIA,
	EVENT_APPLICATION_NAME,
	EVENT_CLIENT_ADDR,
	EVENT_COLUMNS
};

static const TableColumn event_columns[EVENT_COLUMNS] = {
	[EVENT_SEQUENCE] = {"sequence", INT8OID},
	[EVENT_AGGREGATE_ID] = {"aggregate_id", TEXTOID},
	[EVENT_VERSION] = {"version", INT8OID},
	[EVENT_ROOT_ID] = {"root_id", TEXTOID},
	[EVENT_TREE_VERSION] = {"tree_version", INT8OID},
	[EVENT_TYPE] = {"event_type", TEXTOID},
	[EVENT_OCCURRED_AT] = {"occurred_at", TIMESTAMPTZOID},
	[EVENT_ACTOR] = {"actor", TEXTOID},
	[EVENT_ROLE] = {"role", TEXTOID},
	[EVENT_COMMAND_ID] = {"command_id", TEXTOID},
	[EVENT_TRANSITION] = {"transition", INT4OID},
	[EVENT_XID] = {"xid", XID8OID},
	[EVENT_PAYLOAD] = {"payload", JSONBOID},
	[EVENT_HASH] = {"hash", BYTEAOID},
	[EVENT_ACCOUNT] = {"account", TEXTOID},
	[EVENT_VIA] = {"via", TEXTOID},
	[EVENT_APPLICATION_NAME] = {"application_name", TEXTOID},
	[EVENT_CLIENT_ADDR] = {"client_addr", INETOID},
};

/* The unique ones: oms.ensure_partitions() makes their indexes. */
enum EventKey
{
	EVENT_BY_SEQUENCE,
	EVENT_BY_VERSION,
	EVENT_BY_OBJECT,
	EVENT_KEYS
};

static const TableKey event_keys[EVENT_KEYS] = {
	[EVENT_BY_SEQUENCE] = {true, {"sequence"}},
	[EVENT_BY_VERSION] = {true, {"aggregate_id", "version"}},
	[EVENT_BY_OBJECT] = {false, {"aggregate_id"}},
};

/* SHA-256 of the object's previous hash and the payload's text, as it goes to Kafka */
static bytea *
events_chain_hash(const bytea *previous, Jsonb *payload, const JsonKnownText *known, int *size)
{
	int			length;
	char	   *text = oms_json_text_with(payload, known, &length);
	bytea	   *hash = oms_digest(previous, text, length, size);

	pfree(text);
	return hash;
}

/* What the command says, else what it came with. */
static const char *
events_correlation_id(const Command *command)
{
	if (command->correlation_id)
		return command->correlation_id;
	return oms_guc_correlation_id[0] ? oms_guc_correlation_id : NULL;
}

bytea *
oms_event_chain_hash(const bytea *previous, Jsonb *payload, int *size)
{
	return events_chain_hash(previous, payload, &(JsonKnownText) {0}, size);
}

void
oms_event_maker_end(EventMaker *maker)
{
	if (maker->text)
		pfree(maker->text);
	maker->text = NULL;
	maker->command = NULL;
}

/* The text of the command that an event's payload carries: made once for all that carry the same. */
static JsonKnownText
events_command_text(EventMaker *maker, Jsonb *command, Jsonb *payload)
{
	JsonbValue	hold;
	JsonbValue *v = maker->makes_several ? oms_json_get(payload, "command", &hold) : NULL;

	if (v == NULL || v->type != jbvBinary)
		return (JsonKnownText) {0};
	if (maker->command != command)
	{
		oms_event_maker_end(maker);
		maker->text = oms_json_text(command, &maker->length);
		maker->command = command;
	}
	return (JsonKnownText) {v->val.binary.data, maker->text, maker->length};
}

Jsonb *
oms_event_finish_payload(const Event *event, JsonWriter *w)
{
	const char *correlation_id = events_correlation_id(event->command);

	oms_json_string(w, "aggregateId", event->id);
	if (event->command->causation_id)
		oms_json_string(w, "causationId", event->command->causation_id);
	oms_json_int(w, "treeVersion", event->tree_version);
	oms_json_string(w, "aggregateType", event->kind->type);
	if (correlation_id)
		oms_json_string(w, "correlationId", correlation_id);
	oms_json_int(w, "schemaVersion", OMS_STATE_SCHEMA_VERSION);
	oms_json_close_object(w);
	return oms_json_finish(w);
}

static Jsonb *
events_build_payload(const Event *event, const Object *object, const Change *change, const Caller *caller)
{
	JsonWriter	w = {0};
	const Command *command = event->command;

	/* keys in the order in which jsonb keeps them, by length and then by bytes: nothing is left to sort */
	oms_json_open_object(&w);
	if (caller->via)
		oms_json_string(&w, "via", caller->via);
	oms_json_string(&w, "role", caller->role);
	oms_json_string(&w, "actor", caller->actor);
	oms_record_to_json(event->kind->record, object, &w, "state");
	oms_json_string(&w, "rootId", event->root_id);
	oms_json_jsonb(&w, "command", command->raw);
	oms_json_int(&w, "version", event->version);
	if (change->findings)
		oms_json_jsonb(&w, "findings", oms_findings_json(change->findings));
	oms_json_int(&w, "sequence", event->sequence);
	oms_json_string(&w, "commandId", command->command_id);
	oms_json_string(&w, "eventType", event->event_type);
	oms_json_time(&w, "occurredAt", event->occurred_at);
	oms_json_int(&w, "transition", event->transition);
	return oms_event_finish_payload(event, &w);
}

void
oms_event_build(EventMaker *maker, const Object *object, const Change *change, int64 tree_version, Event *event)
{
	JsonKnownText command;

	/* The id first: whoever bounds events by transaction and sequence (the bridge's horizon) relies on this order. */
	(void) GetTopTransactionId();
	event->purge = NULL;
	event->kind = oms_kind_of(object);
	event->sequence = oms_next_tree_sequence();
	event->id = object->id;
	event->version = object->version;
	event->root_id = object->root_id;
	event->account = oms_object_account(object);
	event->tree_version = tree_version;
	event->event_type = change->rule->event_type;
	event->occurred_at = maker->occurred_at;
	event->command = change->cause;
	event->transition = change->rule->number;
	event->payload = events_build_payload(event, object, change, maker->caller);
	command = events_command_text(maker, event->command->raw, event->payload);
	event->hash = events_chain_hash(object->hash, event->payload, &command, &event->size);
}

/*
 * Make the partitions of now and the near future, as the table's owner:
 * whoever sends the first command of a month need not be allowed to.
 */
static void
events_make_partitions(void *arg)
{
	SPI_connect();
	if (SPI_execute("SELECT oms.ensure_partitions()", false, 0) != SPI_OK_SELECT)
		elog(ERROR, "cannot make event partitions");
	SPI_finish();
}

static Table *
events_leaf_for(TableSet *tables, OmsRelation parent, TimestampTz time)
{
	Table	   *leaf = oms_tables_leaf(tables, parent, time);

	if (leaf == NULL)
	{
		oms_as_owner(parent, events_make_partitions, NULL);
		leaf = oms_tables_leaf(tables, parent, time);
	}
	if (leaf == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("there is no event partition for %s", timestamptz_to_str(time)),
				 errhint("Run SELECT oms.ensure_partitions().")));
	return leaf;
}

static void
events_append(TableSet *tables, const Event *event, const Caller *caller, uint64 xid)
{
	Table	   *leaf = events_leaf_for(tables, OMS_EVENTS_OF(event->kind->kind), event->occurred_at);
	Datum		payload = oms_row_compress(leaf, EVENT_PAYLOAD, JsonbPGetDatum(event->payload));
	Datum		values[EVENT_COLUMNS];
	bool		nulls[EVENT_COLUMNS] = {0};

	values[EVENT_SEQUENCE] = Int64GetDatum(event->sequence);
	values[EVENT_AGGREGATE_ID] = CStringGetTextDatum(event->id);
	values[EVENT_VERSION] = Int64GetDatum(event->version);
	values[EVENT_ROOT_ID] = CStringGetTextDatum(event->root_id);
	values[EVENT_TREE_VERSION] = Int64GetDatum(event->tree_version);
	values[EVENT_TYPE] = CStringGetTextDatum(event->event_type);
	values[EVENT_OCCURRED_AT] = TimestampTzGetDatum(event->occurred_at);
	values[EVENT_ACTOR] = CStringGetTextDatum(caller->actor);
	values[EVENT_ROLE] = CStringGetTextDatum(caller->role);
	values[EVENT_COMMAND_ID] = CStringGetTextDatum(event->command->command_id);
	values[EVENT_TRANSITION] = Int32GetDatum(event->transition);
	values[EVENT_XID] = UInt64GetDatum(xid);
	values[EVENT_PAYLOAD] = payload;
	values[EVENT_HASH] = PointerGetDatum(event->hash);
	nulls[EVENT_ACCOUNT] = event->account == NULL;
	values[EVENT_ACCOUNT] = event->account ? CStringGetTextDatum(event->account) : (Datum) 0;
	nulls[EVENT_VIA] = caller->via == NULL;
	values[EVENT_VIA] = caller->via ? CStringGetTextDatum(caller->via) : (Datum) 0;
	nulls[EVENT_APPLICATION_NAME] = caller->application_name == NULL;
	values[EVENT_APPLICATION_NAME] = caller->application_name ? CStringGetTextDatum(caller->application_name) : (Datum) 0;
	nulls[EVENT_CLIENT_ADDR] = caller->client_addr == NULL;
	values[EVENT_CLIENT_ADDR] = PointerGetDatum(caller->client_addr);
	oms_table_insert(leaf, values, nulls, NULL);
	if (payload != JsonbPGetDatum(event->payload))
		pfree(DatumGetPointer(payload));
}

void
oms_events_append(TableSet *tables, const Event *events, int count, const Caller *caller, uint64 xid)
{
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (unlikely(events[i].purge))
			oms_purge_append(tables, &events[i], caller, xid);
		else
			events_append(tables, &events[i], caller, xid);
	}
}

const TableDef *
oms_event_table(ObjectKind kind)
{
	static TableDef tables[KINDS_MAX];

	tables[kind] = (TableDef) {oms_kinds[kind].events, EVENT_COLUMNS, event_columns, EVENT_KEYS, event_keys};
	return &tables[kind];
}

static Jsonb *
events_payload_in(TableSet *tables, ObjectKind kind, TimestampTz occurred_at, int key, const Datum *values,
				  uint64 *xid)
{
	Table	   *leaf = OidIsValid(oms_relation_if_any(OMS_EVENTS_OF(kind))) ? oms_tables_leaf(tables, OMS_EVENTS_OF(kind), occurred_at) : NULL;

	if (leaf == NULL || !oms_table_find(leaf, key, values))
		return NULL;
	*xid = DatumGetUInt64(oms_table_needed(leaf, EVENT_XID));
	return DatumGetJsonbPCopy(oms_table_needed(leaf, EVENT_PAYLOAD));
}

Jsonb *
oms_event_payload(TableSet *tables, int64 sequence, TimestampTz occurred_at, uint64 *xid)
{
	Datum		key = Int64GetDatum(sequence);
	Jsonb	   *payload = NULL;

	for (int kind = 0; payload == NULL && kind < oms_kind_count; kind++)
		payload = events_payload_in(tables, kind, occurred_at, EVENT_BY_SEQUENCE, &key, xid);
	return payload ? payload : oms_purge_payload(tables, sequence, xid);
}

Jsonb *
oms_event_first_payload(TableSet *tables, const Object *object)
{
	Datum		keys[2] = {CStringGetTextDatum(object->id), Int64GetDatum(1)};
	uint64		xid;

	return events_payload_in(tables, object->kind, object->created_at, EVENT_BY_VERSION, keys, &xid);
}

/* From the partition of its first event to that of its newest one; others have none of it. */
static List *
events_leaves_of(TableSet *tables, const Object *object)
{
	OmsRelation parent = OMS_EVENTS_OF(object->kind);
	Table	   *first = oms_tables_leaf(tables, parent, object->created_at);
	Table	   *last = oms_tables_leaf(tables, parent, object->updated_at);
	List	   *leaves;
	int			from;
	int			to;

	if (first == last)
		return first ? list_make1(first) : NIL;
	leaves = oms_tables_leaves(tables, parent);
	for (from = 0; from < list_length(leaves) && list_nth(leaves, from) != first;)
		from++;
	for (to = from; to < list_length(leaves) && list_nth(leaves, to) != last;)
		to++;
	return first && last && to < list_length(leaves) ? list_truncate(list_copy_tail(leaves, from), to - from + 1) : leaves;
}

void
oms_events_walk(TableSet *tables, const Object *object, OmsRowCallback callback, void *arg)
{
	Datum		key = CStringGetTextDatum(object->id);
	List	   *leaves = events_leaves_of(tables, object);
	ListCell   *cell;

	foreach(cell, leaves)
		oms_table_each(lfirst(cell), EVENT_BY_OBJECT, &key, callback, arg);
	list_free(leaves);
}

bool
oms_event_find(Table *leaf, const char *id, int64 version)
{
	Datum		keys[2] = {CStringGetTextDatum(id), Int64GetDatum(version)};

	return oms_table_find(leaf, EVENT_BY_VERSION, keys);
}

char *
oms_event_object_id(Table *leaf)
{
	return TextDatumGetCString(oms_table_needed(leaf, EVENT_AGGREGATE_ID));
}

int64
oms_event_version(Table *leaf)
{
	return DatumGetInt64(oms_table_needed(leaf, EVENT_VERSION));
}

static char *
events_text_or_null(Table *leaf, int column)
{
	bool		isnull;
	Datum		value = oms_table_value(leaf, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

void
oms_event_read(Table *leaf, bool all, StoredEvent *event)
{
	bool		isnull;

	*event = (StoredEvent) {
		.leaf = leaf,
		.tid = leaf->slot->tts_tid,
		.sequence = DatumGetInt64(oms_table_needed(leaf, EVENT_SEQUENCE)),
		.version = DatumGetInt64(oms_table_needed(leaf, EVENT_VERSION)),
		.xid = DatumGetUInt64(oms_table_needed(leaf, EVENT_XID)),
		.occurred_at = DatumGetTimestampTz(oms_table_needed(leaf, EVENT_OCCURRED_AT)),
		.actor = DatumGetTextPP(oms_table_needed(leaf, EVENT_ACTOR)),
		.command_id = DatumGetTextPP(oms_table_needed(leaf, EVENT_COMMAND_ID)),
		.payload = DatumGetJsonbP(oms_table_needed(leaf, EVENT_PAYLOAD)),
	};
	if (!all)
		return;
	event->account = events_text_or_null(leaf, EVENT_ACCOUNT);
	event->application_name = events_text_or_null(leaf, EVENT_APPLICATION_NAME);
	event->client_addr = oms_table_value(leaf, EVENT_CLIENT_ADDR, &isnull);
	if (isnull)
		event->client_addr = (Datum) 0;
}

/* Newest first: what is asked for is mostly there. */
static bool
events_find_version(List *leaves, const char *id, int64 version, Table **leaf)
{
	Datum		keys[2] = {CStringGetTextDatum(id), Int64GetDatum(version)};

	for (int i = list_length(leaves) - 1; i >= 0; i--)
	{
		CHECK_FOR_INTERRUPTS();
		*leaf = list_nth(leaves, i);
		if (oms_table_find(*leaf, EVENT_BY_VERSION, keys))
			return true;
	}
	return false;
}

/* The versions of an object are counted without gaps, and their times never go back. */
Jsonb *
oms_event_state_before(const Object *object, DateADT day)
{
	TableWork	work = {0};
	List	   *leaves = NIL;
	ListCell   *cell;
	Table	   *leaf;
	int64		before = 0;
	int64		since = object->version + 1;
	Jsonb	   *state = NULL;

	foreach(cell, oms_partitions_of(OMS_EVENTS_OF(object->kind)))
		leaves = lappend(leaves, oms_table_open(&work, lfirst_oid(cell), oms_event_table(object->kind)));
	while (since - before > 1)
	{
		int64		middle = before + (since - before) / 2;

		/* what is not written yet is of today */
		if (events_find_version(leaves, object->id, middle, &leaf) &&
			oms_trading_day(DatumGetTimestampTz(oms_table_needed(leaf, EVENT_OCCURRED_AT))) < day)
			before = middle;
		else
			since = middle;
	}
	if (before > 0 && events_find_version(leaves, object->id, before, &leaf))
		state = oms_json_get_container(DatumGetJsonbPCopy(oms_table_needed(leaf, EVENT_PAYLOAD)), "state");
	foreach(cell, leaves)
		oms_table_close(lfirst(cell));
	return state;
}

typedef struct EventWalk
{
	EventVisit	visit;
	void	   *arg;
	MemoryContext row;			/* of one event */
} EventWalk;

/* NULL: the row's. */
static void
events_visit_event(const EventWalk *walk, Jsonb *payload, Table *leaf)
{
	MemoryContext old = MemoryContextSwitchTo(walk->row);

	walk->visit(payload ? payload : DatumGetJsonbPCopy(oms_table_needed(leaf, EVENT_PAYLOAD)), walk->arg);
	MemoryContextSwitchTo(old);
	MemoryContextReset(walk->row);
}

static void
events_visit_row(Table *leaf, void *arg)
{
	events_visit_event(arg, NULL, leaf);
}

void
oms_events_each(TableSet *tables, const Event *unwritten, int count, ObjectKind kind, const char *id, EventVisit visit, void *arg)
{
	EventWalk	walk = {.visit = visit, .arg = arg};
	Datum		key = CStringGetTextDatum(id);
	ListCell   *cell;

	walk.row = AllocSetContextCreate(CurrentMemoryContext, "oms event", ALLOCSET_DEFAULT_SIZES);
	foreach(cell, oms_tables_leaves(tables, OMS_EVENTS_OF(kind)))
		oms_table_each(lfirst(cell), EVENT_BY_OBJECT, &key, events_visit_row, &walk);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (unwritten[i].kind->kind == kind && strcmp(unwritten[i].id, id) == 0)
			events_visit_event(&walk, unwritten[i].payload, NULL);
	}
	MemoryContextDelete(walk.row);
}
