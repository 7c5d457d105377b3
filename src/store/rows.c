/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  Rows of current state: structs in, structs out.
 *
 * The sole writer of the tables of current state (oms.rebuild() apart, which is
 * SQL).  Locks a row where it is told to; which rows, and in which order, is
 * the unit of work's business.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/rel.h"

#include "store/effort.h"
#include "store/rows.h"

void
oms_object_read(const KindDef *kind, Table *table, Object *object, ItemPointer tid)
{
	oms_record_from_slot(kind->record, table->slot, table->layout->attnums, object);
	*tid = table->slot->tts_tid;
}

bool
oms_object_find(const KindDef *kind, Table *table, const char *id, Object *object, ItemPointer tid)
{
	Datum		key = CStringGetTextDatum(id);

	if (!oms_table_find(table, OBJECT_BY_ID, &key))
		return false;
	oms_object_read(kind, table, object, tid);
	return true;
}

bool
oms_object_read_at(const KindDef *kind, Table *table, ItemPointer tid, Object *object)
{
	if (!oms_table_fetch(table, tid))
		return false;
	oms_record_from_slot(kind->record, table->slot, table->layout->attnums, object);
	return true;
}

/* Every object begins with these two columns. */
enum ObjectColumn
{
	OBJECT_ID,
	OBJECT_ROOT_ID
};

char *
oms_object_find_root(Table *table, const char *id)
{
	Datum		key = CStringGetTextDatum(id);

	if (!oms_table_find(table, OBJECT_BY_ID, &key))
		return NULL;
	return TextDatumGetCString(oms_table_needed(table, OBJECT_ROOT_ID));
}

char *
oms_object_id_of(Table *table)
{
	return TextDatumGetCString(oms_table_needed(table, OBJECT_ID));
}

static void
rows_collect_id(Table *table, void *arg)
{
	List	  **ids = arg;

	*ids = lappend(*ids, oms_object_id_of(table));
}

bool
oms_object_find_tree(const KindDef *kind, Table *table, const char *id, char **root_id, Object **object, ItemPointer tid)
{
	*root_id = oms_object_find_root(table, id);
	*object = NULL;
	if (*root_id == NULL)
		return false;
	if (strcmp(*root_id, id) != 0)
		return true;
	*object = palloc(kind->record->size);
	oms_record_from_slot(kind->record, table->slot, table->layout->attnums, *object);
	*tid = table->slot->tts_tid;
	/* one of two kinds that share an id, below the other */
	if (!oms_object_is_root(*object))
		*object = NULL;
	return true;
}

LockResult
oms_object_lock(const KindDef *kind, Table *table, Object **object, ItemPointer tid, bool wait)
{
	ItemPointerData found = *tid;
	uint64		started = oms_effort_clock();
	TM_Result	result = oms_table_lock_tid(table, tid, LockTupleNoKeyExclusive, wait ? LockWaitBlock : LockWaitSkip, table->slot);

	oms_effort.locking += oms_effort_clock() - started;
	if (result == TM_WouldBlock)
		return LOCK_BUSY;
	if (result == TM_Deleted)
		return LOCK_GONE;
	if (result != TM_Ok)
		elog(ERROR, "cannot lock a row of \"%s\": result %d", RelationGetRelationName(table->rel), result);
	/* nobody changed it meanwhile: what was read is its newest version */
	if (!ItemPointerEquals(&found, tid))
	{
		if (*object == NULL)
			*object = palloc(kind->record->size);
		oms_record_from_slot(kind->record, table->slot, table->layout->attnums, *object);
	}
	return LOCK_DONE;
}

bool
oms_object_taken(Table *table, const char *id)
{
	Datum		key = CStringGetTextDatum(id);

	return oms_table_taken(table, OBJECT_BY_ID, &key);
}

bool
oms_object_insert(Table *table, const Object *object, bool id_is_given, ItemPointer tid)
{
	Datum		values[RECORD_COLUMNS_MAX];
	bool		nulls[RECORD_COLUMNS_MAX];

	oms_record_to_row(oms_kind_of(object)->record, object, values, nulls);
	if (id_is_given)
		return oms_table_claim(table, OBJECT_BY_ID, values, nulls, tid);
	oms_table_insert(table, values, nulls, tid);
	return true;
}

/* NULL asks for null. */
static Datum *
rows_key_datums(const Table *table, int key, const char *const *values)
{
	const char *const *columns = table->def->keys[key].columns;
	Datum	   *datums = palloc0(sizeof(Datum) * KEY_COLUMNS_MAX);

	for (int k = 0; k < KEY_COLUMNS_MAX && columns[k]; k++)
		if (values[k])
			datums[k] = CStringGetTextDatum(values[k]);
	return datums;
}

void
oms_object_each(Table *table, int key, const char *const *const *values, int count, OmsRowCallback callback, void *arg)
{
	const Datum **keys = palloc(sizeof(Datum *) * count);

	for (int i = 0; i < count; i++)
		keys[i] = rows_key_datums(table, key, values[i]);
	oms_table_each_of(table, key, (const Datum *const *) keys, count, callback, arg);
}

List *
oms_object_ids_of(Table *table, int key, const char *const *const *values, int count)
{
	List	   *ids = NIL;

	oms_object_each(table, key, values, count, rows_collect_id, &ids);
	return ids;
}

void
oms_object_check_unseen(Table *table, int key, const char *const *values)
{
	oms_table_check_unseen(table, key, rows_key_datums(table, key, values));
}

void
oms_object_update(Table *table, const Object *object, ItemPointer tid)
{
	Datum		values[RECORD_COLUMNS_MAX];
	bool		nulls[RECORD_COLUMNS_MAX];

	oms_record_to_row(oms_kind_of(object)->record, object, values, nulls);
	oms_table_update(table, tid, values, nulls);
}
