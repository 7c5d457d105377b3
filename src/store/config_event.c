/*-------------------------------------------------------------------------
 *
 * config_event.c
 *	  Each change of configuration is an event.
 *
 * The triggers of the tables in config_def.c.  Before a row: its version is
 * counted, and its hash is that of the event that will say so.  After it, when
 * it is really there, the event is written; a proposed row that ON CONFLICT gives
 * up has none.  Between the two only the event's numbers are kept, by the hash:
 * whatever another trigger has made of the row gives another hash, and is an error.
 *
 * What comes from elsewhere (replication, a restored dump) is stored as it is.
 * Writes events alone (config_log.c), and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_class_d.h"
#include "catalog/pg_type_d.h"
#include "commands/extension.h"
#include "common/sha2.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "base/compat.h"
#include "base/digest.h"
#include "base/errors.h"
#include "base/guc.h"
#include "base/json.h"
#include "base/moment.h"
#include "oms_state.h"
#include "store/config_def.h"
#include "store/config_event.h"
#include "store/config_log.h"
#include "store/shard.h"

PG_FUNCTION_INFO_V1(oms_configuration_version);
PG_FUNCTION_INFO_V1(oms_refuse_configuration_truncate);

/* An event between the two triggers of its row. */
typedef struct ConfigPending
{
	uint8		hash[PG_SHA256_DIGEST_LENGTH];
	int64		sequence;
	TimestampTz occurred_at;
	ConfigHead	before;
} ConfigPending;

static HTAB *pending;			/* in TopTransactionContext */

/* For what changes are made, where a command makes them. */
static struct ConfigCause
{
	const Caller *caller;
	Jsonb	   *command;
}			cause;

/* ------------------------------------------------------------------------
 * an event
 * ------------------------------------------------------------------------
 */

static void
config_event_begin(ConfigEvent *event, const ConfigDef *def, Relation rel, HeapTuple row)
{
	event->def = def;
	event->id = oms_config_id(def, rel, row);
	event->root_id = psprintf("%s/%s", def->table, event->id);
	if (cause.caller)
		event->caller = *cause.caller;
	else
		oms_caller_take(&event->caller);
}

static void
config_event_number(ConfigEvent *event)
{
	/* The id first: whoever bounds events by transaction and sequence (the bridge's horizon) relies on this order. */
	(void) GetTopTransactionId();
	event->sequence = oms_next_sequence();
	event->occurred_at = GetCurrentTimestamp();
	/* never before the previous one; what is no time is damage, and none to go on from */
	if (event->before.occurred_at > event->occurred_at && oms_time_is_printable(event->before.occurred_at))
		event->occurred_at = event->before.occurred_at;
}

/* Payload and hash, of the row as this event leaves it, or, where it is deleted, as it was last. */
static void
config_event_build(ConfigEvent *event, Relation rel, HeapTuple row, bool deleted)
{
	JsonWriter	w = {0};
	int64		version = event->before.version + 1;
	char	   *text;
	int			length;
	int			size;

	event->change = deleted ? "Deleted" : event->before.exists ? "Changed" : "Created";
	oms_json_open_object(&w);
	if (event->caller.via)
		oms_json_string(&w, "via", event->caller.via);
	oms_json_string(&w, "role", event->caller.role);
	oms_json_string(&w, "actor", event->caller.actor);
	oms_json_jsonb(&w, "state", oms_config_state(event->def, rel, row, version));
	oms_json_string(&w, "rootId", event->root_id);
	if (cause.command)
		oms_json_jsonb(&w, "command", cause.command);
	oms_json_int(&w, "version", version);
	oms_json_int(&w, "sequence", event->sequence);
	oms_json_string(&w, "eventType", psprintf("%s%s", event->def->type, event->change));
	oms_json_time(&w, "occurredAt", event->occurred_at);
	oms_json_string(&w, "aggregateId", event->id);
	oms_json_int(&w, "treeVersion", version);
	oms_json_string(&w, "aggregateType", event->def->type);
	oms_json_int(&w, "schemaVersion", OMS_STATE_SCHEMA_VERSION);
	oms_json_close_object(&w);
	event->payload = oms_json_finish(&w);
	text = oms_json_text(event->payload, &length);
	event->hash = oms_digest(event->before.hash, text, length, &size);
	pfree(text);
	/* what is stored can leave, as any event */
	if (size > oms_guc_command_size_kb * 1024)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("configuration \"%s\" is too large", event->root_id),
				 errdetail("Its event would have %d bytes; oms_state.command_size allows %d kB.", size, oms_guc_command_size_kb)));
}

static void
config_event_forget(void *arg)
{
	pending = NULL;
}

/* Of every hash that the row may have; those of rows that never came go with the transaction. */
static void
config_event_park(const ConfigEvent *event)
{
	ConfigPending *parked;

	if (pending == NULL)
	{
		MemoryContextCallback *callback = MemoryContextAllocZero(TopTransactionContext, sizeof(MemoryContextCallback));
		HASHCTL		control = {.keysize = PG_SHA256_DIGEST_LENGTH, .entrysize = sizeof(ConfigPending), .hcxt = TopTransactionContext};

		pending = hash_create("oms configuration", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		callback->func = config_event_forget;
		MemoryContextRegisterResetCallback(TopTransactionContext, callback);
	}
	parked = hash_search(pending, VARDATA(event->hash), HASH_ENTER, NULL);
	parked->sequence = event->sequence;
	parked->occurred_at = event->occurred_at;
	parked->before = event->before;
	if (event->before.hash)
	{
		parked->before.hash = MemoryContextAlloc(TopTransactionContext, VARSIZE_ANY(event->before.hash));
		memcpy(parked->before.hash, event->before.hash, VARSIZE_ANY(event->before.hash));
	}
}

static ConfigPending *
config_event_parked(const bytea *hash)
{
	if (pending == NULL || hash == NULL || VARSIZE_ANY_EXHDR(hash) != PG_SHA256_DIGEST_LENGTH)
		return NULL;
	return hash_search(pending, VARDATA_ANY(hash), HASH_FIND, NULL);
}

/* ------------------------------------------------------------------------
 * a row
 * ------------------------------------------------------------------------
 */

static ConfigHead
config_row_head(Relation rel, HeapTuple row)
{
	ConfigHead	head = {.occurred_at = DT_NOBEGIN};
	bool		isnull;
	Datum		hash = oms_config_value(rel, row, "hash", BYTEAOID, &isnull);

	head.hash = isnull ? NULL : DatumGetByteaPCopy(hash);
	head.version = DatumGetInt64(oms_config_value(rel, row, "version", INT8OID, &isnull));
	if (isnull)
		head.version = 0;
	return head;
}

/* The row with this version and hash, which nobody but us sets. */
static HeapTuple
config_row_with(Relation rel, HeapTuple row, const ConfigHead *head)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			columns[] = {SPI_fnumber(desc, "version"), SPI_fnumber(desc, "hash")};
	Datum		values[] = {Int64GetDatum(head->version), PointerGetDatum(head->hash)};
	bool		nulls[] = {false, head->hash == NULL};

	return heap_modify_tuple_by_cols(row, desc, lengthof(columns), columns, values, nulls);
}

static bool
config_row_same(const ConfigDef *def, Relation rel, HeapTuple old, HeapTuple new)
{
	return oms_json_equal(oms_config_state(def, rel, old, 0), oms_config_state(def, rel, new, 0));
}

static bool
config_same_hash(const bytea *a, const bytea *b)
{
	return a != NULL && b != NULL && VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) && memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* Left as it was by us, and by whoever came after us. */
static bool
config_row_unchanged(const ConfigDef *def, Relation rel, HeapTuple old, HeapTuple new)
{
	ConfigHead	before = config_row_head(rel, old);
	ConfigHead	after = config_row_head(rel, new);

	return before.version == after.version && config_row_same(def, rel, old, new) &&
		(before.hash == NULL ? after.hash == NULL : config_same_hash(before.hash, after.hash));
}

/*
 * From where a change goes on: the newest event, whatever the row says of itself;
 * or the one that is about to be written, of a row that a trigger changes again
 * before.  Where all of them were purged it goes on from what stands of them.  Of a
 * row that nothing explains the history begins with this.
 */
static void
config_row_before(ConfigEvent *event, Relation rel, HeapTuple old)
{
	const ConfigPending *parked = old ? config_event_parked(config_row_head(rel, old).hash) : NULL;
	uint64		xid;

	if (parked)
		event->before = (ConfigHead) {parked->before.version + 1, config_row_head(rel, old).hash, parked->occurred_at, true};
	else if (!oms_config_log_newest(event->root_id, &event->before, &xid) && !oms_config_log_purged(event->root_id, &event->before))
		event->before = (ConfigHead) {.occurred_at = DT_NOBEGIN};
	if (event->before.version == PG_INT64_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("configuration \"%s\" has no version after " INT64_FORMAT, event->root_id, event->before.version)));
}

/*
 * A new row that has a hash: of a dump that its owner restores, before or after
 * its events?  Or a copy of a row that is, or was, here?  That begins anew.  The
 * events of a restore that runs in parallel may come while we look: where there
 * were none of the row, and then its hash is there, they are looked at again.
 */
static bool
config_row_arrives(const ConfigDef *def, Relation rel, HeapTuple row)
{
	ConfigHead	head = config_row_head(rel, row);
	ConfigHead	newest;
	ConfigHead	purged;
	char	   *root_id;
	uint64		xid;

	if (head.hash == NULL || !oms_owns_relation(RelationGetRelid(rel), GetUserId()))
		return false;
	root_id = psprintf("%s/%s", def->table, oms_config_id(def, rel, row));
	if (!oms_config_log_newest(root_id, &newest, &xid))
	{
		/* what stands was never purged as far as its newest event */
		if (!oms_config_log_has(head.hash))
			return !(oms_config_log_purged(root_id, &purged) && purged.version >= head.version);
		if (!oms_config_log_newest(root_id, &newest, &xid))
			return false;
	}
	return newest.version == head.version && config_same_hash(newest.hash, head.hash);
}

/* ------------------------------------------------------------------------
 * the triggers
 * ------------------------------------------------------------------------
 */

/* Replication brings rows and events, each as they are. */
static bool
config_is_replica(void)
{
	return SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA;
}

static bool
config_is_ours_to_make(void)
{
	return creating_extension && CurrentExtensionObject == get_extension_oid("oms_state", true);
}

static void
config_check_builtin(const ConfigDef *def, Relation rel, HeapTuple row)
{
	if (row && oms_config_is_builtin(rel, row) && !config_is_ours_to_make())
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("\"%s\" of oms.%s came with the extension and stays as it is", oms_config_id(def, rel, row), def->table),
				 errhint("Insert a row of the same name with builtin false: it takes the place of the shipped one, whole.")));
}

static void
config_check_key(const ConfigDef *def, Relation rel, HeapTuple old, HeapTuple new)
{
	char	   *id = oms_config_id(def, rel, old);

	if (strcmp(id, oms_config_id(def, rel, new)) != 0)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("\"%s\" of oms.%s cannot be renamed", id, def->table),
				 errdetail("By that name its events tell what it was."),
				 errhint("Delete it, and insert the other one.")));
}

static HeapTuple
config_row_counted(const ConfigDef *def, Relation rel, HeapTuple old, HeapTuple new)
{
	ConfigEvent event;
	ConfigHead	head;

	config_event_begin(&event, def, rel, new);
	config_row_before(&event, rel, old);
	config_event_number(&event);
	config_event_build(&event, rel, new, false);
	config_event_park(&event);
	head.version = event.before.version + 1;
	head.hash = event.hash;
	return config_row_with(rel, new, &head);
}

/* Before each row.  Its name sorts behind those of the triggers that check and complete the row. */
Datum
oms_configuration_version(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Relation	rel;
	const ConfigDef *def;
	HeapTuple	old;
	HeapTuple	new;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		(def = oms_config_def(trigger->tg_relation)) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("oms.configuration_version() was not called by the trigger manager before a row of a table of configuration")));
	rel = trigger->tg_relation;
	old = TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ? NULL : trigger->tg_trigtuple;
	new = TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ? trigger->tg_trigtuple :
		TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : NULL;
	if (config_is_replica())
		return PointerGetDatum(new ? new : old);
	config_check_builtin(def, rel, old);
	config_check_builtin(def, rel, new);
	if (new == NULL)
		return PointerGetDatum(old);
	if (oms_config_is_builtin(rel, new) || (old && oms_config_is_builtin(rel, old)))
		return PointerGetDatum(new);
	if (old == NULL)
		return PointerGetDatum(config_row_arrives(def, rel, new) ? new : config_row_counted(def, rel, NULL, new));
	config_check_key(def, rel, old, new);
	if (config_row_same(def, rel, old, new))
	{
		ConfigHead	head = config_row_head(rel, old);

		return PointerGetDatum(config_row_with(rel, new, &head));
	}
	return PointerGetDatum(config_row_counted(def, rel, old, new));
}

pg_noreturn static void
config_event_disturbed(const ConfigDef *def, Relation rel, HeapTuple row)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("\"%s\" of oms.%s was changed again after its event was made", oms_config_id(def, rel, row), def->table),
			 errhint("A trigger that changes the row needs a name that sorts before \"version_row\"; what is deleted and inserted again takes two statements.")));
}

static void
config_event_of_delete(const ConfigDef *def, Relation rel, HeapTuple old)
{
	ConfigEvent event;
	ConfigHead	newest;
	uint64		xid;

	config_event_begin(&event, def, rel, old);
	/* a trigger that has inserted it again, before the one before was told to be gone */
	if (oms_config_log_newest(event.root_id, &newest, &xid) && newest.version > config_row_head(rel, old).version &&
		xid == U64FromFullTransactionId(GetTopFullTransactionId()))
		config_event_disturbed(def, rel, old);
	config_row_before(&event, rel, old);
	config_event_number(&event);
	config_event_build(&event, rel, old, true);
	oms_config_log_append(&event);
}

static void
config_event_of_row(const ConfigDef *def, Relation rel, HeapTuple old, HeapTuple new)
{
	ConfigHead	head = config_row_head(rel, new);
	const ConfigPending *parked = config_event_parked(head.hash);
	ConfigEvent event;

	if (parked == NULL)
	{
		if (old ? config_row_unchanged(def, rel, old, new) : config_row_arrives(def, rel, new))
			return;
		config_event_disturbed(def, rel, new);
	}
	config_event_begin(&event, def, rel, new);
	event.before = parked->before;
	event.sequence = parked->sequence;
	event.occurred_at = parked->occurred_at;
	config_event_build(&event, rel, new, false);
	if (!config_same_hash(event.hash, head.hash) || head.version != event.before.version + 1)
		config_event_disturbed(def, rel, new);
	oms_config_log_append(&event);
	if (event.before.hash)
		pfree(event.before.hash);
	hash_search(pending, VARDATA_ANY(head.hash), HASH_REMOVE, NULL);
}

void
oms_config_event_write(const TriggerData *trigger)
{
	Relation	rel = trigger->tg_relation;
	const ConfigDef *def = TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ? oms_config_def(rel) : NULL;
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);

	/* what is shipped is checked before the row */
	if (def == NULL || config_is_replica() || oms_config_is_builtin(rel, trigger->tg_trigtuple) ||
		(is_update && oms_config_is_builtin(rel, trigger->tg_newtuple)))
		return;
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		config_event_of_delete(def, rel, trigger->tg_trigtuple);
	else
		config_event_of_row(def, rel, is_update ? trigger->tg_trigtuple : NULL, is_update ? trigger->tg_newtuple : trigger->tg_trigtuple);
}

Datum
oms_refuse_configuration_truncate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("oms.refuse_configuration_truncate() was not called by the trigger manager")));
	ereport(ERROR,
			(errcode(OMS_BAD_CONFIGURATION),
			 errmsg("\"%s\" cannot be truncated", RelationGetRelationName(trigger->tg_relation)),
			 errdetail("Each row that goes is an event."),
			 errhint("Use DELETE.")));
}

/* ------------------------------------------------------------------------
 * changes that commands make
 * ------------------------------------------------------------------------
 */

int
oms_config_execute(OmsRelation table, const Caller *caller, Jsonb *command, const char *sql, int nargs, Oid *types, Datum *values,
				   const char *nulls)
{
	Oid			user;
	int			security;
	struct ConfigCause before = cause;
	volatile int result = 0;

	GetUserIdAndSecContext(&user, &security);
	PG_TRY();
	{
		cause = (struct ConfigCause) {caller, command};
		SetUserIdAndSecContext(oms_relation_owner(table), security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
		result = SPI_execute_with_args(sql, nargs, types, values, nulls, false, 0);
	}
	PG_FINALLY();
	{
		cause = before;
		SetUserIdAndSecContext(user, security);
	}
	PG_END_TRY();
	return result;
}
