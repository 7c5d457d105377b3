/*-------------------------------------------------------------------------
 *
 * event_store.c
 *	  Events: built with their payload and hash, appended in bulk.
 *
 * The sole writer of oms.order_events and oms.execution_events.  Takes no row
 * lock: the unit of work has locked the tree, which makes versions and tree
 * versions gapless.  Rows go to the leaf partition itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "commands/sequence.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "digest.h"
#include "event_store.h"

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
	EVENT_COLUMNS
};

/* SHA-256 of the object's previous hash and the payload's text, as it goes to Kafka */
static bytea *
chain_hash(const bytea *previous, Jsonb *payload)
{
	int			length;
	char	   *text = oms_json_text(payload, &length);
	bytea	   *hash = oms_digest(previous, text, length, NULL);

	pfree(text);
	return hash;
}

static Jsonb *
build_payload(const Event *event, const void *record, const Caller *caller)
{
	JsonWriter	w = {0};
	const Command *command = event->command;

	/* keys in the order in which jsonb keeps them, by length and then by bytes: nothing is left to sort */
	oms_json_open_object(&w);
	oms_json_string(&w, "role", caller->role);
	oms_json_string(&w, "actor", caller->actor);
	oms_record_to_json(event->store->def, record, &w, "state");
	oms_json_string(&w, "rootId", event->root_id);
	oms_json_jsonb(&w, "command", command->raw);
	oms_json_int(&w, "version", event->version);
	oms_json_int(&w, "sequence", event->sequence);
	oms_json_string(&w, "commandId", command->command_id);
	oms_json_string(&w, "eventType", event->event_type);
	oms_json_time(&w, "occurredAt", event->occurred_at);
	oms_json_int(&w, "transition", event->transition);
	oms_json_string(&w, "aggregateId", event->id);
	if (command->causation_id)
		oms_json_string(&w, "causationId", command->causation_id);
	oms_json_int(&w, "treeVersion", event->tree_version);
	oms_json_string(&w, "aggregateType", event->store->def->aggregate_type);
	if (command->correlation_id)
		oms_json_string(&w, "correlationId", command->correlation_id);
	oms_json_int(&w, "schemaVersion", OMS_STATE_SCHEMA_VERSION);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

void
oms_event_build(const ObjectStore *store, const void *record, const Command *command,
				const Caller *caller, int64 tree_version, int transition, const char *event_type,
				TimestampTz occurred_at, Event *event)
{
	const Aggregate *aggregate = record;

	/* The id first: whoever bounds events by transaction and sequence (the bridge's horizon) relies on this order. */
	(void) GetTopTransactionId();
	event->store = store;
	event->sequence = nextval_internal(oms_relation(OMS_EVENT_SEQUENCE), false);
	event->id = aggregate->id;
	event->version = aggregate->version;
	event->root_id = aggregate->root_id;
	event->tree_version = tree_version;
	event->event_type = event_type;
	event->occurred_at = occurred_at;
	event->command = command;
	event->transition = transition;
	event->payload = build_payload(event, record, caller);
	event->hash = chain_hash(aggregate->hash, event->payload);
}

/*
 * Make the partitions of now and the near future, as the extension's owner:
 * whoever sends the first command of a month need not be allowed to.
 */
static void
make_partitions(void)
{
	Relation	orders = table_open(oms_relation(OMS_ORDERS), AccessShareLock);
	Oid			owner = orders->rd_rel->relowner;
	Oid			user;
	int			security;

	table_close(orders, NoLock);
	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(owner, security | SECURITY_LOCAL_USERID_CHANGE);
	SPI_connect();
	if (SPI_execute("SELECT oms.ensure_partitions()", false, 0) != SPI_OK_SELECT)
		elog(ERROR, "cannot make event partitions");
	SPI_finish();
	SetUserIdAndSecContext(user, security);
}

static Oid
leaf_for(OmsRelation parent, TimestampTz time)
{
	Oid			leaf = oms_partition_for(parent, time);

	if (!OidIsValid(leaf))
	{
		make_partitions();
		leaf = oms_partition_for(parent, time);
	}
	if (!OidIsValid(leaf))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("there is no event partition for %s", timestamptz_to_str(time)),
				 errhint("Run SELECT oms.ensure_partitions().")));
	return leaf;
}

static void
event_to_row(const Event *event, const Caller *caller, uint64 xid, Datum *values)
{
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
	values[EVENT_PAYLOAD] = JsonbPGetDatum(event->payload);
	values[EVENT_HASH] = PointerGetDatum(event->hash);
}

/* One pass for each kind of object, so that a leaf is opened once for all its events. */
static void
append_of(const ObjectStore *store, EState *estate, const Event *events, int count,
		  const Caller *caller, uint64 xid)
{
	Table	   *table = NULL;
	Datum		values[EVENT_COLUMNS];
	static const bool nulls[EVENT_COLUMNS] = {0};

	for (int i = 0; i < count; i++)
	{
		Oid			leaf;

		CHECK_FOR_INTERRUPTS();
		if (events[i].store != store)
			continue;
		leaf = leaf_for(store->events, events[i].occurred_at);
		if (table && RelationGetRelid(table->rel) != leaf)
		{
			oms_table_close(table);
			table = NULL;
		}
		if (table == NULL)
			table = oms_table_open(estate, leaf);
		event_to_row(&events[i], caller, xid, values);
		oms_table_insert(table, values, nulls, NULL);
	}
	if (table)
		oms_table_close(table);
}

void
oms_events_append(EState *estate, const Event *events, int count, const Caller *caller, uint64 xid)
{
	append_of(&oms_execution_store, estate, events, count, caller, xid);
	append_of(&oms_order_store, estate, events, count, caller, xid);
}

/* The index of a leaf that begins with this column. */
static Oid
index_on(Oid leaf, int attnum)
{
	Relation	rel = table_open(leaf, AccessShareLock);
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *cell;
	Oid			found = InvalidOid;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (index->rd_index->indkey.values[0] == attnum)
			found = lfirst_oid(cell);
		index_close(index, NoLock);
	}
	table_close(rel, NoLock);
	return found;
}

static Jsonb *
payload_in(const ObjectStore *store, EState *estate, TimestampTz occurred_at, int attnum, int nkeys,
		   const Datum *keys, uint64 *xid)
{
	Oid			leaf = oms_partition_for(store->events, occurred_at);
	Oid			index = OidIsValid(leaf) ? index_on(leaf, attnum) : InvalidOid;
	Jsonb	   *payload = NULL;
	Table	   *table;

	if (!OidIsValid(index))
		return NULL;
	table = oms_table_open(estate, leaf);
	if (oms_table_find(table, index, nkeys, keys))
	{
		bool		isnull;

		payload = DatumGetJsonbPCopy(slot_getattr(table->slot, EVENT_PAYLOAD + 1, &isnull));
		*xid = DatumGetUInt64(slot_getattr(table->slot, EVENT_XID + 1, &isnull));
	}
	oms_table_close(table);
	return payload;
}

Jsonb *
oms_event_payload(EState *estate, int64 sequence, TimestampTz occurred_at, uint64 *xid)
{
	Datum		key = Int64GetDatum(sequence);
	Jsonb	   *payload = payload_in(&oms_order_store, estate, occurred_at, EVENT_SEQUENCE + 1, 1, &key, xid);

	if (payload == NULL)
		payload = payload_in(&oms_execution_store, estate, occurred_at, EVENT_SEQUENCE + 1, 1, &key, xid);
	return payload;
}

Jsonb *
oms_event_first_payload(EState *estate, const Order *order)
{
	Datum		keys[2] = {CStringGetTextDatum(order->id), Int64GetDatum(1)};
	uint64		xid;

	return payload_in(&oms_order_store, estate, order->created_at, EVENT_AGGREGATE_ID + 1, 2, keys, &xid);
}
