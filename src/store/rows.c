/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  Rows of current state: structs in, structs out.
 *
 * The sole writer of oms.orders and oms.executions (oms.rebuild() apart, which
 * is SQL).  Locks a row where it is told to; which rows, and in which order, is
 * the unit of work's business.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "core/order/order_record.h"
#include "store/rows.h"

const ObjectStore oms_order_store = {
	.def = &oms_order_def,
	.table = OMS_ORDERS,
	.events = OMS_ORDER_EVENTS,
	.account = offsetof(Order, account),
};

const ObjectStore oms_execution_store = {
	.def = &oms_execution_def,
	.table = OMS_EXECUTIONS,
	.events = OMS_EXECUTION_EVENTS,
	.account = offsetof(Execution, account),
};

const char *
oms_object_account(const ObjectStore *store, const void *record)
{
	return store->account == 0 ? NULL : *(char *const *) ((const char *) record + store->account);
}

bool
oms_object_find(const ObjectStore *store, Table *table, const char *id, void *record, ItemPointer tid)
{
	Datum		key = CStringGetTextDatum(id);

	if (!oms_table_find(table, KEY_ID, &key))
		return false;
	oms_record_from_slot(store->def, table->slot, table->layout->attnums, record);
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
oms_object_find_root(const ObjectStore *store, Table *table, const char *id)
{
	Datum		key = CStringGetTextDatum(id);

	if (!oms_table_find(table, KEY_ID, &key))
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
oms_object_lock(const ObjectStore *store, Table *table, void *record, ItemPointer tid)
{
	ItemPointerData found = table->slot->tts_tid;

	if (!oms_table_lock(table))
		return false;
	/* nobody changed it meanwhile: what was read is its newest version */
	if (!ItemPointerEquals(&found, &table->slot->tts_tid))
	{
		oms_record_from_slot(store->def, table->slot, table->layout->attnums, record);
		*tid = table->slot->tts_tid;
	}
	return true;
}

bool
oms_object_taken(Table *table, const char *id)
{
	Datum		key = CStringGetTextDatum(id);

	return oms_table_taken(table, KEY_ID, &key);
}

bool
oms_object_insert(const ObjectStore *store, Table *table, const void *record, bool id_is_given,
				  ItemPointer tid)
{
	Datum		values[RECORD_COLUMNS_MAX];
	bool		nulls[RECORD_COLUMNS_MAX];

	oms_record_to_row(store->def, record, values, nulls);
	if (id_is_given)
		return oms_table_claim(table, KEY_ID, values, nulls, tid);
	oms_table_insert(table, values, nulls, tid);
	return true;
}

List *
oms_object_ids(Table *table, TableKey key, const Datum *values)
{
	return oms_object_ids_of(table, key, &values, 1);
}

List *
oms_object_ids_of(Table *table, TableKey key, const Datum *const *values, int count)
{
	List	   *ids = NIL;

	oms_table_each_of(table, key, values, count, collect_id, &ids);
	return ids;
}

void
oms_object_update(const ObjectStore *store, Table *table, const void *record, ItemPointer tid)
{
	Datum		values[RECORD_COLUMNS_MAX];
	bool		nulls[RECORD_COLUMNS_MAX];

	oms_record_to_row(store->def, record, values, nulls);
	oms_table_update(table, tid, values, nulls);
}
