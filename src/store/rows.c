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

#include "store/rows.h"

bool
oms_object_find(const KindDef *kind, Table *table, const char *id, Object *object, ItemPointer tid)
{
	Datum		key = CStringGetTextDatum(id);

	if (!oms_table_find(table, OBJECT_BY_ID, &key))
		return false;
	oms_record_from_slot(kind->record, table->slot, table->layout->attnums, object);
	*tid = table->slot->tts_tid;
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

static void
collect_id(Table *table, void *arg)
{
	List	  **ids = arg;

	*ids = lappend(*ids, TextDatumGetCString(oms_table_needed(table, OBJECT_ID)));
}

bool
oms_object_lock(Table *table, Object *object, ItemPointer tid)
{
	const KindDef *kind = oms_kind_of(object);
	ItemPointerData found = table->slot->tts_tid;

	if (!oms_table_lock(table))
		return false;
	/* nobody changed it meanwhile: what was read is its newest version */
	if (!ItemPointerEquals(&found, &table->slot->tts_tid))
	{
		oms_record_from_slot(kind->record, table->slot, table->layout->attnums, object);
		*tid = table->slot->tts_tid;
	}
	return true;
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

List *
oms_object_ids(Table *table, int key, const Datum *values)
{
	return oms_object_ids_of(table, key, &values, 1);
}

List *
oms_object_ids_of(Table *table, int key, const Datum *const *values, int count)
{
	List	   *ids = NIL;

	oms_table_each_of(table, key, values, count, collect_id, &ids);
	return ids;
}

void
oms_object_update(Table *table, const Object *object, ItemPointer tid)
{
	Datum		values[RECORD_COLUMNS_MAX];
	bool		nulls[RECORD_COLUMNS_MAX];

	oms_record_to_row(oms_kind_of(object)->record, object, values, nulls);
	oms_table_update(table, tid, values, nulls);
}
