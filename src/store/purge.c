/*-------------------------------------------------------------------------
 *
 * purge.c
 *	  Whole trees go for good, and what stays of them.
 *
 * It alone deletes events and objects, and writes oms.purged_trees and
 * oms.archived_trees.  Everything of a tree is read before anything is deleted,
 * and all of it happens in the transaction of the command: there is no half tree,
 * and none is gone without its row.  The trees are locked; takes no other lock.
 *
 * The triggers that keep events append-only (append_only.c) let pass the one row
 * that is being deleted here, and no other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "store/append_only.h"
#include "store/purge_private.h"
#include "store/shard.h"

/* ------------------------------------------------------------------------
 * what is kept
 * ------------------------------------------------------------------------
 */

enum PurgedColumn
{
	PURGED_SEQUENCE,
	PURGED_AGGREGATE_ID,
	PURGED_VERSION,
	PURGED_ROOT_ID,
	PURGED_TREE_VERSION,
	PURGED_EVENT_TYPE,
	PURGED_OCCURRED_AT,
	PURGED_ACTOR,
	PURGED_ROLE,
	PURGED_COMMAND_ID,
	PURGED_XID,
	PURGED_PAYLOAD,
	PURGED_HASH,
	PURGED_ACCOUNT,
	PURGED_VIA,
	PURGED_APPLICATION_NAME,
	PURGED_CLIENT_ADDR,
	PURGED_OBJECT,
	PURGED_POLICY,
	PURGED_OBJECTS,
	PURGED_EVENTS,
	PURGED_FIRST_AT,
	PURGED_LAST_AT,
	PURGED_LAST_SEQUENCE,
	PURGED_OBJECT_HASHES,
	PURGED_DIGEST,
	PURGED_ARCHIVED,
	PURGED_TREE_COLUMNS
};

static const TableColumn purged_columns[PURGED_TREE_COLUMNS] = {
	[PURGED_SEQUENCE] = {"sequence", INT8OID},
	[PURGED_AGGREGATE_ID] = {"aggregate_id", TEXTOID},
	[PURGED_VERSION] = {"version", INT8OID},
	[PURGED_ROOT_ID] = {"root_id", TEXTOID},
	[PURGED_TREE_VERSION] = {"tree_version", INT8OID},
	[PURGED_EVENT_TYPE] = {"event_type", TEXTOID},
	[PURGED_OCCURRED_AT] = {"occurred_at", TIMESTAMPTZOID},
	[PURGED_ACTOR] = {"actor", TEXTOID},
	[PURGED_ROLE] = {"role", TEXTOID},
	[PURGED_COMMAND_ID] = {"command_id", TEXTOID},
	[PURGED_XID] = {"xid", XID8OID},
	[PURGED_PAYLOAD] = {"payload", JSONBOID},
	[PURGED_HASH] = {"hash", BYTEAOID},
	[PURGED_ACCOUNT] = {"account", TEXTOID},
	[PURGED_VIA] = {"via", TEXTOID},
	[PURGED_APPLICATION_NAME] = {"application_name", TEXTOID},
	[PURGED_CLIENT_ADDR] = {"client_addr", INETOID},
	[PURGED_OBJECT] = {"object", TEXTOID},
	[PURGED_POLICY] = {"policy", TEXTOID},
	[PURGED_OBJECTS] = {"objects", INT8OID},
	[PURGED_EVENTS] = {"events", INT8OID},
	[PURGED_FIRST_AT] = {"first_at", TIMESTAMPTZOID},
	[PURGED_LAST_AT] = {"last_at", TIMESTAMPTZOID},
	[PURGED_LAST_SEQUENCE] = {"last_sequence", INT8OID},
	[PURGED_OBJECT_HASHES] = {"object_hashes", JSONBOID},
	[PURGED_DIGEST] = {"digest", BYTEAOID},
	[PURGED_ARCHIVED] = {"archived", TEXTOID},
};

#define BY_SEQUENCE	0

static const TableKey purged_keys[] = {{true, {"sequence"}}};
static const TableDef purged_trees = {"purged_trees", PURGED_TREE_COLUMNS, purged_columns, lengthof(purged_keys), purged_keys};

const TableDef *
oms_purge_table(OmsRelation relation)
{
	return relation == OMS_ARCHIVED_TREES ? oms_archive_table() : &purged_trees;
}

/* ------------------------------------------------------------------------
 * the event
 * ------------------------------------------------------------------------
 */

/* Keys in the order in which jsonb keeps them.  Nothing of what the tree held: that is to be gone. */
static Jsonb *
purge_payload(const TreePurge *purge, const Event *event, const Caller *caller)
{
	JsonWriter	w = {0};
	const Command *command = event->command;

	oms_json_open_object(&w);
	if (caller->via)
		oms_json_string(&w, "via", caller->via);
	oms_json_string(&w, "role", caller->role);
	oms_json_string(&w, "actor", caller->actor);
	oms_purge_put_hash(&w, "digest", purge->digest);
	oms_json_int(&w, "events", purge->count);
	oms_json_time(&w, "lastAt", purge->last_at);
	oms_json_string(&w, "policy", purge->tree->policy->name);
	oms_json_string(&w, "rootId", event->root_id);
	oms_json_jsonb(&w, "command", command->raw);
	oms_json_time(&w, "firstAt", purge->first_at);
	oms_json_int(&w, "objects", list_length(purge->objects));
	oms_json_int(&w, "version", event->version);
	if (purge->archive)
		oms_json_string(&w, "archived", purge->tree->policy->action);
	oms_json_int(&w, "sequence", event->sequence);
	oms_json_string(&w, "commandId", command->command_id);
	oms_json_string(&w, "eventType", event->event_type);
	oms_json_time(&w, "occurredAt", event->occurred_at);
	return oms_event_finish_payload(event, &w);
}

Refusal *
oms_purge_build(UnitOfWork *uow, const PurgedTree *tree, const Command *command, Event *event)
{
	const Object *root = tree->root;
	TreePurge  *purge = palloc0(sizeof(TreePurge));
	Refusal    *refusal;

	purge->tree = tree;
	refusal = oms_purge_read(uow, purge);
	if (refusal)
		return refusal;
	/* the transaction's id before the sequence: events.c */
	(void) GetTopTransactionId();
	*event = (Event) {
		.kind = oms_kind_of(root), .sequence = oms_next_tree_sequence(), .id = root->id,
		.version = root->version + 1, .root_id = root->root_id, .account = oms_object_account(root), .tree_version = root->tree_version + 1,
		.event_type = "TreePurged", .occurred_at = uow->time, .command = command, .purge = purge,
	};
	event->payload = purge_payload(purge, event, &uow->caller);
	event->hash = oms_event_chain_hash(root->hash, event->payload, &event->size);
	return NULL;
}

Refusal *
oms_purge_archive(const Event *events, int count)
{
	List	   *archives = NIL;

	for (int i = 0; i < count; i++)
		if (events[i].purge->archive)
			archives = lappend(archives, events[i].purge->archive);
	return archives ? oms_archives_end(archives) : NULL;
}

int64
oms_purge_count_events(const TreePurge *purge)
{
	return purge->count;
}

void
oms_purge_append(TableSet *tables, const Event *event, const Caller *caller, uint64 xid)
{
	const TreePurge *purge = event->purge;
	Datum		values[PURGED_TREE_COLUMNS] = {
		[PURGED_SEQUENCE] = Int64GetDatum(event->sequence),
		[PURGED_AGGREGATE_ID] = CStringGetTextDatum(event->id),
		[PURGED_VERSION] = Int64GetDatum(event->version),
		[PURGED_ROOT_ID] = CStringGetTextDatum(event->root_id),
		[PURGED_TREE_VERSION] = Int64GetDatum(event->tree_version),
		[PURGED_EVENT_TYPE] = CStringGetTextDatum(event->event_type),
		[PURGED_OCCURRED_AT] = TimestampTzGetDatum(event->occurred_at),
		[PURGED_ACTOR] = CStringGetTextDatum(caller->actor),
		[PURGED_ROLE] = CStringGetTextDatum(caller->role),
		[PURGED_COMMAND_ID] = CStringGetTextDatum(event->command->command_id),
		[PURGED_XID] = UInt64GetDatum(xid),
		[PURGED_PAYLOAD] = JsonbPGetDatum(event->payload),
		[PURGED_HASH] = PointerGetDatum(event->hash),
		[PURGED_ACCOUNT] = event->account ? CStringGetTextDatum(event->account) : (Datum) 0,
		[PURGED_VIA] = caller->via ? CStringGetTextDatum(caller->via) : (Datum) 0,
		[PURGED_APPLICATION_NAME] = caller->application_name ? CStringGetTextDatum(caller->application_name) : (Datum) 0,
		[PURGED_CLIENT_ADDR] = PointerGetDatum(caller->client_addr),
		[PURGED_OBJECT] = CStringGetTextDatum(event->kind->record->name),
		[PURGED_POLICY] = CStringGetTextDatum(purge->tree->policy->name),
		[PURGED_OBJECTS] = Int64GetDatum(list_length(purge->objects)),
		[PURGED_EVENTS] = Int64GetDatum(purge->count),
		[PURGED_FIRST_AT] = TimestampTzGetDatum(purge->first_at),
		[PURGED_LAST_AT] = TimestampTzGetDatum(purge->last_at),
		[PURGED_LAST_SEQUENCE] = Int64GetDatum(purge->last_sequence),
		[PURGED_OBJECT_HASHES] = JsonbPGetDatum(purge->hashes),
		[PURGED_DIGEST] = PointerGetDatum(purge->digest),
		[PURGED_ARCHIVED] = purge->archive ? CStringGetTextDatum(purge->tree->policy->action) : (Datum) 0,
	};
	bool		nulls[PURGED_TREE_COLUMNS] = {
		[PURGED_ACCOUNT] = event->account == NULL,
		[PURGED_VIA] = caller->via == NULL,
		[PURGED_APPLICATION_NAME] = caller->application_name == NULL,
		[PURGED_CLIENT_ADDR] = caller->client_addr == NULL,
		[PURGED_ARCHIVED] = purge->archive == NULL,
	};

	oms_table_insert(oms_tables_get(tables, OMS_PURGED_TREES), values, nulls, NULL);
}

Jsonb *
oms_purge_payload(TableSet *tables, int64 sequence, uint64 *xid)
{
	Table	   *table = oms_tables_get(tables, OMS_PURGED_TREES);
	Datum		key = Int64GetDatum(sequence);

	if (!oms_table_find(table, BY_SEQUENCE, &key))
		return NULL;
	*xid = DatumGetUInt64(oms_table_needed(table, PURGED_XID));
	return DatumGetJsonbPCopy(oms_table_needed(table, PURGED_PAYLOAD));
}

/* ------------------------------------------------------------------------
 * deleting
 * ------------------------------------------------------------------------
 */

/* Is there a trigger before each row that goes, besides ours? */
static bool
purge_has_triggers(const Table *leaf)
{
	const TriggerDesc *triggers = leaf->rel->trigdesc;

	for (int i = 0; triggers && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];
		FmgrInfo	function;

		if (!TRIGGER_FOR_ROW(trigger->tgtype) || !TRIGGER_FOR_BEFORE(trigger->tgtype) || !TRIGGER_FOR_DELETE(trigger->tgtype))
			continue;
		fmgr_info(trigger->tgfoid, &function);
		if (function.fn_addr != oms_refuse_event_change)
			return true;
	}
	return false;
}

/* With triggers of users before it; ours is among them. */
static bool
purge_delete_asking(const PurgedEvent *row)
{
	ItemPointerData tid = row->tid;
	volatile bool deleted = false;

	oms_append_only_open(RelationGetRelid(row->leaf->rel), &tid);
	PG_TRY();
	{
		deleted = oms_table_delete(row->leaf, &tid);
	}
	PG_FINALLY();
	{
		oms_append_only_close();
	}
	PG_END_TRY();
	return deleted;
}

static void
purge_delete_events(const TreePurge *purge)
{
	const Table *last = NULL;
	bool		asking = false;

	for (int64 i = 0; i < purge->count; i++)
	{
		PurgedEvent *row = &purge->rows[i];

		CHECK_FOR_INTERRUPTS();
		if (row->leaf != last)
			asking = purge_has_triggers(row->leaf);
		last = row->leaf;
		if (!(asking ? purge_delete_asking(row) : oms_table_delete_unasked(row->leaf, &row->tid)))
			oms_raise_serialization();
	}
}

static void
purge_free_names(TableSet *tables, const PurgedObject *purged)
{
	for (int which = 0; which < NAME_COUNT; which++)
	{
		ListCell   *session;
		ListCell   *name;

		foreach(name, purged->names[which])
			foreach(session, purged->sessions)
				oms_name_free(tables, which, lfirst(session), lfirst(name), purged->object->id);
	}
}

static void
purge_delete_object(UnitOfWork *uow, const PurgedObject *purged)
{
	const Object *object = purged->object;
	Tracked    *t = oms_map_find(uow->map, object->kind, object->id);
	bool		claimed = oms_object_is_root(object) && oms_root_id_free(uow->tables, object->id);

	if (t == NULL)
		elog(ERROR, "BUG: an object is purged that was not read");
	if (!oms_table_delete(oms_tables_get(uow->tables, OMS_OBJECTS_OF(object->kind)), &t->tid))
		oms_raise_serialization();
	purge_free_names(uow->tables, purged);
	if (purged->id_is_given || (claimed && !oms_kind_of(object)->claims_made_id))
		oms_id_burn(uow->tables, object->id);
}

static int
purge_compare_commands(const ListCell *a, const ListCell *b)
{
	const PurgedCommand *first = lfirst(a);
	const PurgedCommand *second = lfirst(b);
	int			order = strcmp(first->command_id, second->command_id);

	return order != 0 ? order : strcmp(first->actor, second->actor);
}

/* Each once, though several of its events go. */
static void
purge_forget_commands(TableSet *tables, List *commands)
{
	const ListCell *last = NULL;
	ListCell   *cell;

	list_sort(commands, purge_compare_commands);
	foreach(cell, commands)
	{
		const PurgedCommand *command = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (last == NULL || purge_compare_commands(last, cell) != 0)
			oms_command_forget(tables, command->actor, command->command_id, command->sequence);
		last = cell;
	}
}

void
oms_purge_carry_out(UnitOfWork *uow, const TreePurge *purge)
{
	ListCell   *cell;

	CommandCounterIncrement();
	purge_delete_events(purge);
	foreach(cell, purge->objects)
	{
		CHECK_FOR_INTERRUPTS();
		purge_delete_object(uow, lfirst(cell));
	}
	purge_forget_commands(uow->tables, purge->commands);
	oms_map_drop(uow->map, purge->tree->objects);
	if (purge->archive)
		oms_archive_keep(uow->tables, purge->archive, purge->tree->root, uow->time, purge->digest);
	CommandCounterIncrement();
}
