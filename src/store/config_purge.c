/*-------------------------------------------------------------------------
 *
 * config_purge.c
 *	  The beginnings of histories of configuration go for good, and what stays
 *	  of them.
 *
 * Of each history what is old enough goes, from its begin on and without a gap; its
 * newest event stays while what it tells of is there.  It alone deletes events
 * of configuration, and writes oms.purged_configuration: a row a batch, which
 * says of each history how far it has gone and by which hash the rest goes on.  Both
 * happen in one transaction.
 *
 * Who changes configuration meanwhile goes on from an event, or from what stands
 * here of it: the same version and hash, whichever it sees.  So nobody waits; one
 * session purges at a time, by a lock on oms.purged_configuration.
 * A transaction with a snapshot of its own that is older than what goes may see neither: what it
 * makes of a deleted name then is a gap that oms.verify() names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "base/compat.h"
#include "base/digest.h"
#include "base/errors.h"
#include "base/guc.h"
#include "base/json.h"
#include "oms_state.h"
#include "store/append_only.h"
#include "store/as_owner.h"
#include "store/catalog.h"
#include "store/config_purge.h"
#include "store/purge_private.h"
#include "store/retention.h"
#include "store/sent.h"
#include "store/shard.h"
#include "store/table_io.h"

#define PURGED_OBJECT	"configuration"
#define PURGED_ROOT		"purged_configuration"

/* How many rows are read at once; and what a payload has beside its histories. */
#define READ_AT_ONCE	1000
#define PAYLOAD_ROOM	4096

/* A history that loses its begin. */
typedef struct CutHistory
{
	char	   *root_id;
	int64		version;		/* of the last event that goes */
	int64		sequence;
	char	   *event_type;
	bytea	   *hash;
} CutHistory;

typedef struct Cut
{
	const RetentionPolicy *policy;
	const Caller *caller;
	TimestampTz cutoff;
	SentHorizon horizon;
	int64		max_events;
	int64		room;			/* what a payload has left for histories, in bytes */
	List	   *histories;		/* of CutHistory */
	ItemPointerData *tids;
	int64		size;
	int64		count;
	TimestampTz first_at;
	TimestampTz last_at;
	int64		last_sequence;

	/* the history under way */
	char	   *root_id;
	bool		stopped;		/* nothing more of it goes */
	CutHistory *history;		/* NULL: nothing yet */

	ConfigPurge *result;
} Cut;

/* The row of before. */
typedef struct Purged
{
	int64		version;
	bytea	   *hash;
	TimestampTz occurred_at;
} Purged;

/* ------------------------------------------------------------------------
 * what goes
 * ------------------------------------------------------------------------
 */

/*
 * What is old enough of each history but its newest event, and that too where it
 * says that nothing is there any more; and whether it goes on from what is before it.
 */
static const char cut_sql[] =
"SELECT c.ctid, c.root_id, c.version, c.sequence, c.occurred_at, c.xid, c.event_type, c.hash,"
" coalesce(c.version = coalesce(b.version, 0) + c.position AND c.hash = sha256(coalesce(CASE WHEN c.position > 1 THEN c.previous ELSE b.hash END, '')"
" || convert_to((SELECT e.payload::text FROM oms.configuration_events AS e WHERE e.ctid = c.ctid), 'UTF8')), false)"
" FROM (SELECT e.ctid, e.root_id, e.version, e.sequence, e.occurred_at, e.xid, e.event_type, e.hash,"
" row_number() OVER w AS position, lag(e.hash) OVER w AS previous, lead(e.sequence) OVER w IS NULL AS is_newest,"
" max(e.occurred_at) OVER w AS until"
" FROM oms.configuration_events AS e WINDOW w AS (PARTITION BY e.root_id ORDER BY e.version, e.sequence)) AS c"
" LEFT JOIN (SELECT DISTINCT ON (h.root_id) h.root_id, h.version, h.hash FROM oms.purged_histories() AS h ORDER BY h.root_id, h.version DESC) AS b ON b.root_id = c.root_id"
" WHERE c.until < $1 AND (NOT c.is_newest OR c.event_type LIKE '%Deleted')"
" ORDER BY c.root_id, c.version, c.sequence";

static Datum
purge_value(HeapTuple row, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(row, desc, column, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("an event of configuration has no %s", SPI_fname(desc, column)),
				 errhint("SELECT * FROM oms.verify() says what is damaged. Nothing is purged until it is mended.")));
	return value;
}

static void
purge_begin_history(Cut *cut, const char *root_id)
{
	if (cut->root_id && strcmp(cut->root_id, root_id) == 0)
		return;
	cut->root_id = pstrdup(root_id);
	cut->stopped = false;
	cut->history = NULL;
}

/* False: the batch is full. */
static bool
purge_has_room(Cut *cut)
{
	int64		size;

	if (cut->count >= cut->max_events)
		return false;
	if (cut->history)
		return true;
	size = oms_json_string_size(cut->root_id, strlen(cut->root_id)) + 256;
	if (cut->histories != NIL && size > cut->room)
		return false;
	cut->room -= size;
	return true;
}

static void
purge_add(Cut *cut, HeapTuple row, TupleDesc desc)
{
	TimestampTz occurred_at = DatumGetTimestampTz(purge_value(row, desc, 5));

	if (cut->history == NULL)
	{
		cut->history = palloc0(sizeof(CutHistory));
		cut->history->root_id = cut->root_id;
		cut->histories = lappend(cut->histories, cut->history);
		cut->result->histories++;
	}
	else
	{
		pfree(cut->history->event_type);
		pfree(cut->history->hash);
	}
	cut->history->version = DatumGetInt64(purge_value(row, desc, 3));
	cut->history->sequence = DatumGetInt64(purge_value(row, desc, 4));
	cut->history->event_type = TextDatumGetCString(purge_value(row, desc, 7));
	cut->history->hash = DatumGetByteaPCopy(purge_value(row, desc, 8));
	if (cut->count == cut->size)
	{
		cut->size = Max(2 * cut->size, READ_AT_ONCE);
		cut->tids = cut->tids ? repalloc_huge(cut->tids, sizeof(ItemPointerData) * cut->size) : palloc(sizeof(ItemPointerData) * cut->size);
	}
	cut->tids[cut->count++] = *(ItemPointer) DatumGetPointer(purge_value(row, desc, 1));
	cut->first_at = cut->count == 1 ? occurred_at : Min(cut->first_at, occurred_at);
	cut->last_at = cut->count == 1 ? occurred_at : Max(cut->last_at, occurred_at);
	cut->last_sequence = Max(cut->last_sequence, cut->history->sequence);
	cut->result->events++;
}

/*
 * By its transaction alone: a server's first events may be of configuration, before it has an incarnation.  What was restored from another
 * one, whose ids were greater, stays until ours have come so far.
 */
static bool
purge_is_sent(const Cut *cut, HeapTuple row, TupleDesc desc)
{
	return U64FromFullTransactionId(DatumGetFullTransactionId(purge_value(row, desc, 6))) < cut->horizon.xid;
}

/* False: the batch is full, and this event is the next one's. */
static bool
purge_take(Cut *cut, HeapTuple row, TupleDesc desc)
{
	char	   *root_id = TextDatumGetCString(purge_value(row, desc, 2));

	purge_begin_history(cut, root_id);
	pfree(root_id);
	if (cut->stopped)
		return true;
	if (!DatumGetBool(purge_value(row, desc, 9)))
	{
		/* oms.verify() names it: what is not whole is not to be taken for what was */
		cut->stopped = true;
		cut->result->damaged++;
	}
	else if (!purge_is_sent(cut, row, desc))
	{
		cut->stopped = true;
		cut->result->not_sent++;
	}
	else if (!purge_has_room(cut))
		return false;
	else
		purge_add(cut, row, desc);
	return true;
}

static void
purge_find(Cut *cut, MemoryContext memory)
{
	Oid			types[] = {TIMESTAMPTZOID};
	Datum		values[] = {TimestampTzGetDatum(cut->cutoff)};
	Portal		portal = SPI_cursor_open_with_args(NULL, cut_sql, lengthof(types), types, values, NULL, false, 0);
	bool		full = false;

	do
	{
		SPI_cursor_fetch(portal, true, READ_AT_ONCE);
		for (uint64 i = 0; i < SPI_processed && !full; i++)
		{
			MemoryContext old = MemoryContextSwitchTo(memory);

			CHECK_FOR_INTERRUPTS();
			full = !purge_take(cut, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
			MemoryContextSwitchTo(old);
		}
		cut->result->done = SPI_processed < READ_AT_ONCE && !full;
		SPI_freetuptable(SPI_tuptable);
	} while (!full && !cut->result->done);
	SPI_cursor_close(portal);
}

/* ------------------------------------------------------------------------
 * what stays
 * ------------------------------------------------------------------------
 */

static Jsonb *
purge_histories(const List *histories)
{
	JsonWriter	w = {0};
	ListCell   *cell;

	oms_json_open_array(&w);
	foreach(cell, histories)
	{
		const CutHistory *history = lfirst(cell);

		oms_json_open_object(&w);
		oms_purge_put_hash(&w, "hash", history->hash);
		oms_json_string(&w, "rootId", history->root_id);
		oms_json_int(&w, "version", history->version);
		oms_json_int(&w, "sequence", history->sequence);
		oms_json_string(&w, "eventType", history->event_type);
		oms_json_close_object(&w);
	}
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

/* Keys in the order in which jsonb keeps them.  Nothing of what the events held: that is to be gone. */
static Jsonb *
purge_payload(const Cut *cut, const Caller *caller, const Jsonb *histories, const bytea *digest, int64 version, int64 sequence, TimestampTz occurred_at)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	if (caller->via)
		oms_json_string(&w, "via", caller->via);
	oms_json_string(&w, "role", caller->role);
	oms_json_string(&w, "actor", caller->actor);
	oms_purge_put_hash(&w, "digest", digest);
	oms_json_int(&w, "events", cut->count);
	oms_json_time(&w, "lastAt", cut->last_at);
	oms_json_string(&w, "policy", cut->policy->name);
	oms_json_string(&w, "rootId", PURGED_ROOT);
	oms_json_time(&w, "firstAt", cut->first_at);
	oms_json_int(&w, "version", version);
	oms_json_int(&w, "sequence", sequence);
	oms_json_string(&w, "eventType", "ConfigurationPurged");
	oms_json_jsonb(&w, "histories", histories);
	oms_json_time(&w, "occurredAt", occurred_at);
	oms_json_string(&w, "aggregateId", PURGED_ROOT);
	oms_json_int(&w, "treeVersion", version);
	oms_json_int(&w, "lastSequence", cut->last_sequence);
	oms_json_string(&w, "aggregateType", "PurgedConfiguration");
	oms_json_int(&w, "schemaVersion", OMS_STATE_SCHEMA_VERSION);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static Purged
purge_newest_row(MemoryContext memory)
{
	Purged		newest = {.occurred_at = DT_NOBEGIN};

	SPI_execute("SELECT p.version, p.hash, p.occurred_at FROM oms.purged_configuration AS p ORDER BY p.version DESC LIMIT 1", false, 1);
	if (SPI_processed > 0)
	{
		HeapTuple	row = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		MemoryContext old = MemoryContextSwitchTo(memory);

		newest.version = DatumGetInt64(purge_value(row, desc, 1));
		newest.hash = DatumGetByteaPCopy(purge_value(row, desc, 2));
		newest.occurred_at = DatumGetTimestampTz(purge_value(row, desc, 3));
		MemoryContextSwitchTo(old);
	}
	return newest;
}

static void
purge_append(const Cut *cut, MemoryContext memory)
{
	const Caller *caller = cut->caller;
	Oid			types[] = {INT8OID, INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INETOID, XID8OID, JSONBOID, BYTEAOID, TEXTOID, INT8OID, INT8OID, BYTEAOID};
	char		nulls[lengthof(types) + 1] = "               ";
	Purged		before = purge_newest_row(memory);
	MemoryContext old = MemoryContextSwitchTo(memory);
	Jsonb	   *histories = purge_histories(cut->histories);
	TimestampTz occurred_at = Max(GetCurrentTimestamp(), before.occurred_at);
	int64		sequence;
	int			length;
	char	   *text;
	bytea	   *digest;
	Jsonb	   *payload;

	/* the transaction's id before the sequence: events.c */
	(void) GetTopTransactionId();
	sequence = oms_next_sequence();
	text = oms_json_text(histories, &length);
	digest = oms_digest(NULL, text, length, NULL);
	payload = purge_payload(cut, caller, histories, digest, before.version + 1, sequence, occurred_at);
	text = oms_json_text(payload, &length);
	MemoryContextSwitchTo(old);
	if (caller->via == NULL)
		nulls[5] = 'n';
	if (caller->application_name == NULL)
		nulls[6] = 'n';
	if (caller->client_addr == NULL)
		nulls[7] = 'n';
	SPI_execute_with_args("INSERT INTO oms.purged_configuration (sequence, version, root_id, tree_version, event_type, occurred_at, actor, role, via, application_name, client_addr,"
						  " xid, payload, hash, policy, events, last_sequence, digest)"
						  " VALUES ($1, $2, 'purged_configuration', $2, 'ConfigurationPurged', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (version) DO NOTHING",
						  lengthof(types), types,
						  (Datum[]) {
							  Int64GetDatum(sequence), Int64GetDatum(before.version + 1), TimestampTzGetDatum(occurred_at), CStringGetTextDatum(caller->actor),
							  CStringGetTextDatum(caller->role), caller->via ? CStringGetTextDatum(caller->via) : (Datum) 0,
							  caller->application_name ? CStringGetTextDatum(caller->application_name) : (Datum) 0, PointerGetDatum(caller->client_addr),
							  FullTransactionIdGetDatum(GetTopFullTransactionId()), JsonbPGetDatum(payload), PointerGetDatum(oms_digest(before.hash, text, length, NULL)),
							  CStringGetTextDatum(cut->policy->name), Int64GetDatum(cut->count), Int64GetDatum(cut->last_sequence), PointerGetDatum(digest)
						  }, nulls, false, 0);
	/* only where the snapshot is older than the newest row */
	if (SPI_processed != 1)
		oms_raise_serialization();
}

static void
purge_delete_event(SPIPlanPtr plan, Oid events, ItemPointer tid)
{
	Datum		value = PointerGetDatum(tid);

	oms_append_only_open(events, tid);
	PG_TRY();
	{
		SPI_execute_plan(plan, &value, NULL, false, 0);
	}
	PG_FINALLY();
	{
		oms_append_only_close();
	}
	PG_END_TRY();
	if (SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("an event of configuration that is purged was not deleted"),
				 errhint("A trigger on oms.configuration_events has suppressed it.")));
}

static void
purge_delete(const Cut *cut)
{
	Oid			types[] = {TIDOID};
	SPIPlanPtr	plan = SPI_prepare("DELETE FROM oms.configuration_events AS e WHERE e.ctid = $1", lengthof(types), types);

	if (plan == NULL)
		elog(ERROR, "cannot prepare the deletion of events of configuration");
	for (int64 i = 0; i < cut->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		purge_delete_event(plan, oms_relation(OMS_CONFIGURATION_EVENTS), &cut->tids[i]);
	}
}

/* ------------------------------------------------------------------------
 * a batch
 * ------------------------------------------------------------------------
 */

/* Of all that are for configuration the longest one counts; NULL: none is. */
static const RetentionPolicy *
purge_policy(const Retention *retention)
{
	const RetentionPolicy *longest = NULL;

	for (int i = 0; i < retention->count; i++)
	{
		const RetentionPolicy *policy = &retention->policies[i];

		if (policy->object && strcmp(policy->object, PURGED_OBJECT) == 0 && (longest == NULL || policy->cutoff < longest->cutoff))
			longest = policy;
	}
	return longest;
}

static void
purge_carry_out(void *arg)
{
	Cut		   *cut = arg;
	MemoryContext memory = CurrentMemoryContext;

	SPI_connect();
	purge_find(cut, memory);
	if (cut->count > 0)
	{
		purge_append(cut, memory);
		purge_delete(cut);
	}
	SPI_finish();
}

void
oms_config_purge(int64 max_events, TimestampTz now, const Caller *caller, ConfigPurge *result)
{
	const Retention *retention = oms_retention(now);
	Cut			cut = {.policy = purge_policy(retention), .max_events = max_events, .caller = caller, .result = result};

	*result = (ConfigPurge) {.done = true};
	if (cut.policy == NULL)
		return;
	result->locked = !ConditionalLockRelationOid(oms_relation(OMS_PURGED_CONFIGURATION), ShareUpdateExclusiveLock);
	if (result->locked)
		return;
	cut.cutoff = Min(cut.policy->cutoff, retention->cutoff);
	cut.horizon = oms_sent_horizon();
	cut.room = (int64) oms_guc_command_size_kb * 1024 - PAYLOAD_ROOM - oms_json_string_size(cut.policy->name, strlen(cut.policy->name));
	oms_as_owner(OMS_CONFIGURATION_EVENTS, purge_carry_out, &cut);
}
