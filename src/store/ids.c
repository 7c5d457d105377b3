/*-------------------------------------------------------------------------
 *
 * ids.c
 *	  The ids that commands are recognised by, and refused commands.
 *
 * The sole writer of oms.commands, oms.root_ids, oms.purged_ids,
 * oms.rejected_commands and the tables of names.  Takes no row lock but that of an
 * expired command it deletes; a claim waits for a rival that has inserted the
 * same id and not committed yet.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "base/digest.h"
#include "base/guc.h"
#include "store/ids.h"

enum CommandColumn
{
	COMMAND_ACTOR,
	COMMAND_ID,
	COMMAND_RECORDED_AT,
	COMMAND_AGGREGATE_ID,
	COMMAND_SEQUENCES,
	COMMAND_HASH,
	COMMAND_CONTENT_HASH,
	COMMAND_COLUMNS
};

static const TableColumn command_columns[COMMAND_COLUMNS] = {
	[COMMAND_ACTOR] = {"actor", TEXTOID},
	[COMMAND_ID] = {"command_id", TEXTOID},
	[COMMAND_RECORDED_AT] = {"recorded_at", TIMESTAMPTZOID},
	[COMMAND_AGGREGATE_ID] = {"aggregate_id", TEXTOID},
	[COMMAND_SEQUENCES] = {"sequences", INT8ARRAYOID},
	[COMMAND_HASH] = {"command_hash", INT8OID},
	[COMMAND_CONTENT_HASH] = {"content_hash", BYTEAOID},
};

enum NameColumn
{
	NAME_SESSION,
	NAME_NAME,
	NAME_ID,
	NAME_COLUMNS
};

enum PurgedIdColumn
{
	PURGED_ID,
	PURGED_COLUMNS
};

static const TableColumn purged_id_columns[PURGED_COLUMNS] = {
	[PURGED_ID] = {"id", TEXTOID},
};

enum RootIdColumn
{
	ROOT_ID,
	ROOT_KIND,
	ROOT_COLUMNS
};

static const TableColumn root_id_columns[ROOT_COLUMNS] = {
	[ROOT_ID] = {"id", TEXTOID},
	[ROOT_KIND] = {"kind", TEXTOID},
};

/* All but its id, which its default gives. */
enum RejectionColumn
{
	REJECTED_AT,
	REJECTED_TEXTS,
	REJECTED_COMMAND = 10,
	REJECTED_VIA,
	REJECTED_APPLICATION_NAME,
	REJECTED_CLIENT_ADDR,
	REJECTED_COLUMNS
};

static const TableColumn rejection_columns[REJECTED_COLUMNS] = {
	[REJECTED_AT] = {"rejected_at", TIMESTAMPTZOID},
	[REJECTED_TEXTS] = {"actor", TEXTOID},
	{"role", TEXTOID},
	{"command_id", TEXTOID},
	{"command_type", TEXTOID},
	{"sqlstate", TEXTOID},
	{"message", TEXTOID},
	{"detail", TEXTOID},
	{"hint", TEXTOID},
	{"rule", TEXTOID},
	[REJECTED_COMMAND] = {"command", JSONBOID},
	[REJECTED_VIA] = {"via", TEXTOID},
	[REJECTED_APPLICATION_NAME] = {"application_name", TEXTOID},
	[REJECTED_CLIENT_ADDR] = {"client_addr", INETOID},
};

/* The first key of each is the one that is claimed. */
#define BY_ID		0
#define BY_NAME		1			/* alone, of those that several objects may have */
#define BY_NAME_IN_ALL 2		/* whatever the session */

static const TableKey command_keys[] = {{true, {"actor", "command_id"}}};
static const TableKey root_id_keys[] = {{true, {"id"}}};

static const TableKey purged_id_keys[] = {{true, {"id"}}};

#define KEYS(keys)	lengthof(keys), keys

static const TableDef table_defs[OMS_RELATION_COUNT] = {
	[OMS_ROOT_IDS] = {"root_ids", ROOT_COLUMNS, root_id_columns, KEYS(root_id_keys)},
	[OMS_PURGED_IDS] = {"purged_ids", PURGED_COLUMNS, purged_id_columns, KEYS(purged_id_keys)},
	[OMS_COMMANDS] = {"commands", COMMAND_COLUMNS, command_columns, KEYS(command_keys)},
	[OMS_REJECTED_COMMANDS] = {"rejected_commands", REJECTED_COLUMNS, rejection_columns},
};

const TableDef *
oms_name_table(ObjectName which)
{
	static TableDef tables[NAME_COUNT];
	static TableColumn columns[NAME_COUNT][NAME_COLUMNS];
	static TableKey keys[NAME_COUNT][BY_NAME_IN_ALL + 1];
	const NameDef *def = &oms_names[which];

	columns[which][NAME_SESSION] = (TableColumn) {"fix_session", TEXTOID};
	columns[which][NAME_NAME] = (TableColumn) {def->column, TEXTOID};
	columns[which][NAME_ID] = (TableColumn) {def->id_column, TEXTOID};
	keys[which][BY_ID] = (TableKey) {true, {"fix_session", def->column, def->shared ? def->id_column : NULL}};
	keys[which][BY_NAME] = (TableKey) {false, {"fix_session", def->column}};
	keys[which][BY_NAME_IN_ALL] = (TableKey) {false, {def->column}};
	tables[which] = (TableDef) {def->table, NAME_COLUMNS, columns[which], lengthof(keys[which]), keys[which]};
	return &tables[which];
}

const TableDef *
oms_command_table(OmsRelation relation)
{
	if (table_defs[relation].name == NULL)
		elog(ERROR, "BUG: relation %d is no table of commands", relation);
	return &table_defs[relation];
}

/* ------------------------------------------------------------------------
 * commands
 * ------------------------------------------------------------------------
 */

static void
ids_read_sequences(Datum datum, KnownCommand *known)
{
	Datum	   *elements;
	bool	   *nulls;

	/* a null is no sequence: nothing is found by it */
	deconstruct_array(DatumGetArrayTypeP(datum), INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &elements, &nulls, &known->nsequences);
	known->sequences = palloc(sizeof(int64) * Max(known->nsequences, 1));
	for (int i = 0; i < known->nsequences; i++)
		known->sequences[i] = DatumGetInt64(elements[i]);
}

bool
oms_command_is_expired(const KnownCommand *known)
{
	return known->recorded_at < GetCurrentTimestamp() - (TimestampTz) oms_guc_command_retention_s * USECS_PER_SEC;
}

bytea *
oms_command_content_hash(Jsonb *command)
{
	int			length;
	char	   *text = oms_json_canonical(command, &length);
	bytea	   *hash = oms_digest(NULL, text, length, NULL);

	pfree(text);
	return hash;
}

/*
 * Version 0.1.0 kept 64 bits of a hash that is easy to collide: what an event
 * carries goes before it, and it alone tells only of a command without events.
 */
bool
oms_command_is_same(const KnownCommand *known, Jsonb *command, Jsonb *recorded)
{
	if (known->content_hash)
	{
		bytea	   *hash = oms_command_content_hash(command);

		return VARSIZE_ANY_EXHDR(known->content_hash) == VARSIZE_ANY_EXHDR(hash) &&
			memcmp(VARDATA_ANY(known->content_hash), VARDATA_ANY(hash), VARSIZE_ANY_EXHDR(hash)) == 0;
	}
	if (recorded)
		return oms_json_equal(recorded, command);
	return known->command_hash == DatumGetInt64(DirectFunctionCall2(jsonb_hash_extended, JsonbPGetDatum(command),
																	Int64GetDatum(0)));
}

KnownCommand *
oms_command_find(TableSet *tables, const char *actor, const char *command_id)
{
	Table	   *table = oms_tables_get(tables, OMS_COMMANDS);
	Datum		keys[2] = {CStringGetTextDatum(actor), CStringGetTextDatum(command_id)};
	KnownCommand *known;
	Datum		value;
	bool		isnull;

	if (!oms_table_find(table, BY_ID, keys))
		return NULL;
	known = palloc0(sizeof(KnownCommand));
	known->tid = table->slot->tts_tid;
	known->recorded_at = DatumGetTimestampTz(oms_table_needed(table, COMMAND_RECORDED_AT));
	value = oms_table_value(table, COMMAND_HASH, &isnull);
	if (!isnull)
		known->command_hash = DatumGetInt64(value);
	value = oms_table_value(table, COMMAND_CONTENT_HASH, &isnull);
	if (!isnull)
		known->content_hash = DatumGetByteaPCopy(value);
	known->aggregate_id = TextDatumGetCString(oms_table_needed(table, COMMAND_AGGREGATE_ID));
	value = oms_table_value(table, COMMAND_SEQUENCES, &isnull);
	if (!isnull)
		ids_read_sequences(value, known);
	return known;
}

bool
oms_command_taken(TableSet *tables, const char *actor, const char *command_id)
{
	Table	   *table = oms_tables_get(tables, OMS_COMMANDS);
	Datum		keys[2] = {CStringGetTextDatum(actor), CStringGetTextDatum(command_id)};

	while (oms_table_taken(table, BY_ID, keys))
	{
		KnownCommand *known = oms_command_find(tables, actor, command_id);

		CHECK_FOR_INTERRUPTS();
		/* it may be gone again, or another session may delete it at the same moment: look again then */
		if (known && !oms_command_is_expired(known))
			return true;
		if (known && oms_table_delete(table, &known->tid))
			CommandCounterIncrement();
	}
	return false;
}

bool
oms_command_claim(Table *commands, const char *actor, const Command *command, TimestampTz now,
				  const char *aggregate_id, const Event *events, int nevents, ItemPointer tid)
{
	Datum		values[COMMAND_COLUMNS];
	bool		nulls[COMMAND_COLUMNS] = {0};
	Datum	   *sequences = palloc(sizeof(Datum) * Max(nevents, 1));

	for (int i = 0; i < nevents; i++)
		sequences[i] = Int64GetDatum(events[i].sequence);
	values[COMMAND_ACTOR] = CStringGetTextDatum(actor);
	values[COMMAND_ID] = CStringGetTextDatum(command->command_id);
	values[COMMAND_RECORDED_AT] = TimestampTzGetDatum(now);
	values[COMMAND_AGGREGATE_ID] = CStringGetTextDatum(aggregate_id);
	values[COMMAND_SEQUENCES] = PointerGetDatum(construct_array(sequences, nevents, INT8OID, sizeof(int64),
															  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	nulls[COMMAND_HASH] = true;
	values[COMMAND_CONTENT_HASH] = PointerGetDatum(oms_command_content_hash(command->raw));
	nulls[COMMAND_SEQUENCES] = nevents == 0;
	return oms_table_claim(commands, BY_ID, values, nulls, tid);
}

static void
ids_set_text(Datum *value, bool *isnull, const char *text)
{
	*isnull = text == NULL;
	*value = text ? CStringGetTextDatum(text) : (Datum) 0;
}

void
oms_rejection_keep(TableSet *tables, const Caller *caller, Jsonb *command, const char *command_id,
				   const char *command_type, const Refusal *refusal)
{
	Datum		values[REJECTED_COLUMNS];
	bool		nulls[REJECTED_COLUMNS] = {0};
	const char *texts[] = {
		caller->actor, caller->role, command_id, command_type, unpack_sql_state(refusal->sqlstate),
		refusal->message, refusal->detail, refusal->hint, refusal->rule
	};

	StaticAssertStmt(REJECTED_TEXTS + lengthof(texts) == REJECTED_COMMAND, "a text for each column");
	values[REJECTED_AT] = TimestampTzGetDatum(GetCurrentTimestamp());
	for (int i = 0; i < lengthof(texts); i++)
		ids_set_text(&values[REJECTED_TEXTS + i], &nulls[REJECTED_TEXTS + i], texts[i]);
	values[REJECTED_COMMAND] = JsonbPGetDatum(command);
	ids_set_text(&values[REJECTED_VIA], &nulls[REJECTED_VIA], caller->via);
	ids_set_text(&values[REJECTED_APPLICATION_NAME], &nulls[REJECTED_APPLICATION_NAME], caller->application_name);
	nulls[REJECTED_CLIENT_ADDR] = caller->client_addr == NULL;
	values[REJECTED_CLIENT_ADDR] = PointerGetDatum(caller->client_addr);
	oms_table_insert(oms_tables_get(tables, OMS_REJECTED_COMMANDS), values, nulls, NULL);
}

/* ------------------------------------------------------------------------
 * ids
 * ------------------------------------------------------------------------
 */

static void
ids_row(const IdClaim *claim, Datum *values)
{
	for (int i = 0; i < lengthof(claim->ids); i++)
		values[i] = claim->ids[i] ? CStringGetTextDatum(claim->ids[i]) : (Datum) 0;
}

bool
oms_id_taken(Table *table, const IdClaim *claim)
{
	Datum		values[lengthof(claim->ids)];

	ids_row(claim, values);
	return oms_table_taken(table, BY_ID, values);
}

bool
oms_id_claim(Table *table, const IdClaim *claim, ItemPointer tid)
{
	Datum		values[lengthof(claim->ids)];
	static const bool nulls[lengthof(claim->ids)] = {0};

	ids_row(claim, values);
	return oms_table_claim(table, BY_ID, values, nulls, tid);
}

typedef struct Named
{
	char	   *id;
	int			count;
} Named;

static void
ids_found_named(Table *table, void *arg)
{
	Named	   *found = arg;

	if (found->count++ == 0)
		found->id = TextDatumGetCString(oms_table_needed(table, NAME_ID));
}

char *
oms_named(TableSet *tables, ObjectName which, const char *session, const char *name, bool *more)
{
	Table	   *table = oms_tables_get(tables, OMS_NAMES_OF(which));
	Datum		keys[2] = {CStringGetTextDatum(session), CStringGetTextDatum(name)};
	Named		found = {0};

	if (oms_names[which].shared)
		oms_table_each(table, BY_NAME, keys, ids_found_named, &found);
	else if (oms_table_find(table, BY_ID, keys))
		ids_found_named(table, &found);
	if (more)
		*more = found.count > 1;
	return found.id;
}

static void
ids_add_named(Table *table, void *arg)
{
	List	  **ids = arg;

	*ids = lappend(*ids, TextDatumGetCString(oms_table_needed(table, NAME_ID)));
}

List *
oms_all_named(TableSet *tables, ObjectName which, const char *session, const char *name)
{
	Table	   *table = oms_tables_get(tables, OMS_NAMES_OF(which));
	Datum		keys[2];
	List	   *ids = NIL;

	/* mostly there is none at all, and a scan costs more than to ask that; whoever has committed one has made the table longer */
	if (RelationGetNumberOfBlocks(table->rel) == 0)
		return NIL;
	keys[0] = CStringGetTextDatum(session);
	keys[1] = CStringGetTextDatum(name);
	oms_table_each(table, BY_NAME, keys, ids_add_named, &ids);
	return ids;
}

List *
oms_named_in_all(TableSet *tables, ObjectName which, const char *name)
{
	Datum		key = CStringGetTextDatum(name);
	List	   *ids = NIL;

	oms_table_each(oms_tables_get(tables, OMS_NAMES_OF(which)), BY_NAME_IN_ALL, &key, ids_add_named, &ids);
	return ids;
}

char *
oms_root_kind_find(TableSet *tables, const char *id)
{
	Table	   *table = oms_tables_get(tables, OMS_ROOT_IDS);
	Datum		key = CStringGetTextDatum(id);

	if (!oms_table_find(table, BY_ID, &key))
		return NULL;
	return TextDatumGetCString(oms_table_needed(table, ROOT_KIND));
}

bool
oms_id_is_purged(TableSet *tables, const char *id)
{
	Table	   *table = oms_tables_get(tables, OMS_PURGED_IDS);
	Datum		key = CStringGetTextDatum(id);

	oms_table_check_unseen(table, BY_ID, &key);
	return oms_table_find(table, BY_ID, &key);
}

/* ------------------------------------------------------------------------
 * giving up
 * ------------------------------------------------------------------------
 */

static void
ids_delete(Table *table)
{
	ItemPointerData tid = table->slot->tts_tid;

	if (!oms_table_delete(table, &tid))
		oms_raise_serialization();
}

void
oms_name_free(TableSet *tables, ObjectName which, const char *session, const char *name, const char *id)
{
	Table	   *table = oms_tables_get(tables, OMS_NAMES_OF(which));
	Datum		keys[3] = {CStringGetTextDatum(session), CStringGetTextDatum(name), CStringGetTextDatum(id)};

	if (oms_table_find(table, BY_ID, keys) && strcmp(TextDatumGetCString(oms_table_needed(table, NAME_ID)), id) == 0)
		ids_delete(table);
}

bool
oms_names_are_any(TableSet *tables, ObjectName which)
{
	return RelationGetNumberOfBlocks(oms_tables_get(tables, OMS_NAMES_OF(which))->rel) > 0;
}

bool
oms_root_id_free(TableSet *tables, const char *id)
{
	Table	   *table = oms_tables_get(tables, OMS_ROOT_IDS);
	Datum		key = CStringGetTextDatum(id);

	if (!oms_table_find(table, BY_ID, &key))
		return false;
	ids_delete(table);
	return true;
}

void
oms_id_burn(TableSet *tables, const char *id)
{
	IdClaim		claim = {OMS_PURGED_IDS, {id}};
	ItemPointerData tid;

	/* two kinds may have had it */
	(void) oms_id_claim(oms_tables_get(tables, OMS_PURGED_IDS), &claim, &tid);
}

/* One of the same id that came later is another command. */
void
oms_command_forget(TableSet *tables, const char *actor, const char *command_id, int64 sequence)
{
	KnownCommand *known = oms_command_find(tables, actor, command_id);

	for (int i = 0; known && i < known->nsequences; i++)
		if (known->sequences[i] == sequence)
		{
			ids_delete(oms_tables_get(tables, OMS_COMMANDS));
			return;
		}
}
