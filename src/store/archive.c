/*-------------------------------------------------------------------------
 *
 * archive.c
 *	  What is kept of the events of a tree that is purged.
 *
 * An event is kept as its payload, its transaction, the session's name and address
 * and, where its state does not say it, its account: its other columns follow from the payload, and its hash
 * from that of the event before it (oms.read_archive()).  All of a tree are one
 * array, which compresses to a tenth, since states repeat; one that is very large
 * is several.  Writes oms.archived_trees, through purge.c.
 *
 * A function of a user's is called in the transaction of the purge, by whoever
 * purges and with no rights but his; where he is a superuser, or owns the tables,
 * only if its owner has all of his.  What it does is undone if a tree stays.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "store/archive.h"
#include "store/catalog.h"

#define ARCHIVE_PART_SIZE	(16 * 1024 * 1024)

struct Archive
{
	const Object *root;
	const char *action;
	List	   *parts;			/* of Jsonb */
	JsonWriter	w;
	int64		size;			/* of the part that is being written; 0: none is */
	int64		events;
};

enum ArchiveColumn
{
	ARCHIVE_ROOT_ID,
	ARCHIVE_PART,
	ARCHIVE_OBJECT,
	ARCHIVE_ARCHIVED_AT,
	ARCHIVE_ACCOUNT,
	ARCHIVE_EVENTS,
	ARCHIVE_DIGEST,
	ARCHIVE_COLUMNS
};

static const TableColumn archive_columns[ARCHIVE_COLUMNS] = {
	[ARCHIVE_ROOT_ID] = {"root_id", TEXTOID},
	[ARCHIVE_PART] = {"part", INT4OID},
	[ARCHIVE_OBJECT] = {"object", TEXTOID},
	[ARCHIVE_ARCHIVED_AT] = {"archived_at", TIMESTAMPTZOID},
	[ARCHIVE_ACCOUNT] = {"account", TEXTOID},
	[ARCHIVE_EVENTS] = {"events", JSONBOID},
	[ARCHIVE_DIGEST] = {"digest", BYTEAOID},
};

static const TableDef archived_trees = {"archived_trees", ARCHIVE_COLUMNS, archive_columns};

const TableDef *
oms_archive_table(void)
{
	return &archived_trees;
}

Archive *
oms_archive_begin(const Object *root, const char *action)
{
	Archive    *archive = palloc0(sizeof(Archive));

	archive->root = root;
	archive->action = action;
	return archive;
}

static void
archive_end_part(Archive *archive)
{
	if (archive->size == 0)
		return;
	oms_json_close_array(&archive->w);
	archive->parts = lappend(archive->parts, oms_json_finish(&archive->w));
	archive->size = 0;
}

static JsonbValue *
archive_member(JsonbContainer *container, const char *key, JsonbValue *hold)
{
	return JsonContainerIsObject(container) ? getKeyJsonValueFromContainer(container, key, strlen(key), hold) : NULL;
}

/* Does the state in the payload have this account? */
static bool
archive_state_says(Jsonb *payload, const char *account)
{
	JsonbValue	hold;
	JsonbValue *v = archive_member(&payload->root, "state", &hold);

	if (v && v->type == jbvBinary)
		v = archive_member(v->val.binary.data, "account", &hold);
	else
		v = NULL;
	if (v == NULL || account == NULL)
		return v == NULL && account == NULL;
	return v->type == jbvString && strlen(account) == v->val.string.len && memcmp(account, v->val.string.val, v->val.string.len) == 0;
}

void
oms_archive_add(Archive *archive, const StoredEvent *event)
{
	if (archive->size == 0)
	{
		archive->w = (JsonWriter) {0};
		oms_json_open_array(&archive->w);
	}
	oms_json_open_object(&archive->w);
	if (!archive_state_says(event->payload, event->account))
	{
		JsonbValue	account = {.type = jbvNull};

		if (event->account)
			account = (JsonbValue) {.type = jbvString, .val.string = {strlen(event->account), unconstify(char *, event->account)}};
		oms_json_scalar(&archive->w, "a", &account);
	}
	if (event->client_addr)
		oms_json_string(&archive->w, "c", DatumGetCString(DirectFunctionCall1(inet_out, event->client_addr)));
	if (event->application_name)
		oms_json_string(&archive->w, "n", event->application_name);
	oms_json_jsonb(&archive->w, "p", event->payload);
	oms_json_int(&archive->w, "x", (int64) event->xid);
	oms_json_close_object(&archive->w);
	archive->events++;
	archive->size += VARSIZE(event->payload);
	if (archive->size >= ARCHIVE_PART_SIZE)
		archive_end_part(archive);
}

/* ------------------------------------------------------------------------
 * a user's function
 * ------------------------------------------------------------------------
 */

static Refusal *
archive_refuse(const Object *root, const char *fact)
{
	return oms_refuse_by_rule("archive_failed", psprintf("%s \"%s\" cannot be purged", oms_kind_noun(root->kind), root->id), "%s", fact);
}

static Oid
archive_find_function(const char *action)
{
	static const Oid types[] = {TEXTOID, JSONBOID};

	return LookupFuncName(textToQualifiedNameList(cstring_to_text(action)), lengthof(types), types, true);
}

/*
 * Who may change the function could else have whoever purges do what he himself
 * may not: a superuser, or the owner of the events.
 */
static bool
archive_may_call(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner = HeapTupleIsValid(tuple) ? ((Form_pg_proc) GETSTRUCT(tuple))->proowner : InvalidOid;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	if (!superuser() && !oms_owns_relation(oms_relation(OMS_COMMANDS), GetUserId()))
		return true;
	return OidIsValid(owner) && has_privs_of_role(owner, GetUserId());
}

static void
archive_call(Oid function, const Object *root, Jsonb *part)
{
	char	   *name = quote_qualified_identifier(get_namespace_name(get_func_namespace(function)), get_func_name(function));
	Oid			types[] = {TEXTOID, JSONBOID};
	Datum		values[] = {CStringGetTextDatum(root->id), JsonbPGetDatum(part)};

	SPI_connect();
	if (SPI_execute_with_args(psprintf("SELECT %s($1, $2)", name), lengthof(types), types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "cannot call \"%s\"", name);
	SPI_finish();
}

static Refusal *
archive_hand_over(const Archive *archive)
{
	Oid			function = archive_find_function(archive->action);
	ListCell   *cell;

	if (!OidIsValid(function))
		return archive_refuse(archive->root, psprintf("There is no function %s(text, jsonb).", archive->action));
	if (!archive_may_call(function))
		return archive_refuse(archive->root, psprintf("%s has an owner who has not all rights of whoever purges.", archive->action));
	foreach(cell, archive->parts)
		archive_call(function, archive->root, lfirst(cell));
	return NULL;
}

/* What ends the statement, or asks for it to be repeated, is no failure of the function. */
static bool
archive_is_failure(int sqlstate)
{
	return sqlstate != ERRCODE_QUERY_CANCELED && ERRCODE_TO_CATEGORY(sqlstate) != ERRCODE_TRANSACTION_ROLLBACK &&
		ERRCODE_TO_CATEGORY(sqlstate) != ERRCODE_OPERATOR_INTERVENTION;
}

/* All of them or none: what a function has done for one is undone where another cannot go. */
static Refusal *
archive_try(const List *archives)
{
	MemoryContext memory = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	const Archive *volatile archive = NULL;
	Refusal    *volatile refusal = NULL;

	BeginInternalSubTransaction(NULL);
	PG_TRY();
	{
		MemoryContextSwitchTo(memory);
		for (int i = 0; refusal == NULL && i < list_length(archives); i++)
		{
			archive = list_nth(archives, i);
			refusal = archive_hand_over(archive);
		}
		if (refusal)
			RollbackAndReleaseCurrentSubTransaction();
		else
			ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(memory);
		error = CopyErrorData();
		if (!archive_is_failure(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		refusal = archive_refuse(archive->root, psprintf("Its function says: %s", error->message));
	}
	PG_END_TRY();
	MemoryContextSwitchTo(memory);
	CurrentResourceOwner = owner;
	return refusal;
}

Refusal *
oms_archives_end(const List *archives)
{
	List	   *given = NIL;
	ListCell   *cell;

	foreach(cell, archives)
	{
		Archive    *archive = lfirst(cell);

		archive_end_part(archive);
		if (strcmp(archive->action, PURGE_ARCHIVE) != 0)
			given = lappend(given, archive);
	}
	return given ? archive_try(given) : NULL;
}

/* ------------------------------------------------------------------------
 * our table
 * ------------------------------------------------------------------------
 */

void
oms_archive_keep(TableSet *tables, const Archive *archive, const Object *root, TimestampTz now, const bytea *digest)
{
	const char *account = oms_object_account(root);

	for (int part = 0; strcmp(archive->action, PURGE_ARCHIVE) == 0 && part < list_length(archive->parts); part++)
	{
		Datum		values[ARCHIVE_COLUMNS] = {
			[ARCHIVE_ROOT_ID] = CStringGetTextDatum(root->id),
			[ARCHIVE_PART] = Int32GetDatum(part + 1),
			[ARCHIVE_OBJECT] = CStringGetTextDatum(oms_kind_of(root)->record->name),
			[ARCHIVE_ARCHIVED_AT] = TimestampTzGetDatum(now),
			[ARCHIVE_ACCOUNT] = account ? CStringGetTextDatum(account) : (Datum) 0,
			[ARCHIVE_EVENTS] = JsonbPGetDatum(list_nth(archive->parts, part)),
			[ARCHIVE_DIGEST] = PointerGetDatum(digest),
		};
		bool		nulls[ARCHIVE_COLUMNS] = {[ARCHIVE_ACCOUNT] = account == NULL};

		oms_table_insert(oms_tables_get(tables, OMS_ARCHIVED_TREES), values, nulls, NULL);
	}
}
