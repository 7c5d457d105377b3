/*-------------------------------------------------------------------------
 *
 * object_store.c
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

#include "object_store.h"
#include "order_model.h"

const ObjectStore oms_order_store = {
	.def = &oms_order_def,
	.table = OMS_ORDERS,
	.pkey = OMS_ORDERS_PKEY,
	.events = OMS_ORDER_EVENTS,
};

const ObjectStore oms_execution_store = {
	.def = &oms_execution_def,
	.table = OMS_EXECUTIONS,
	.pkey = OMS_EXECUTIONS_PKEY,
	.events = OMS_EXECUTION_EVENTS,
};

bool
oms_object_find(const ObjectStore *store, Table *table, const char *id, void *record, ItemPointer tid)
{
	Datum		key = CStringGetTextDatum(id);

	if (!oms_table_find(table, oms_relation(store->pkey), 1, &key))
		return false;
	oms_record_from_slot(store->def, table->slot, record);
	*tid = table->slot->tts_tid;
	return true;
}

/* root_id is the second column of every table of objects. */
#define ROOT_ID_ATTRIBUTE 2

char *
oms_object_find_root(const ObjectStore *store, Table *table, const char *id)
{
	Datum		key = CStringGetTextDatum(id);
	bool		isnull;

	if (!oms_table_find(table, oms_relation(store->pkey), 1, &key))
		return NULL;
	return TextDatumGetCString(slot_getattr(table->slot, ROOT_ID_ATTRIBUTE, &isnull));
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
		oms_record_from_slot(store->def, table->slot, record);
		*tid = table->slot->tts_tid;
	}
	return true;
}

bool
oms_object_insert(const ObjectStore *store, Table *table, const void *record, bool id_is_given,
				  ItemPointer tid)
{
	Datum		values[RECORD_COLUMNS_MAX];
	bool		nulls[RECORD_COLUMNS_MAX];

	oms_record_to_row(store->def, record, values, nulls);
	if (id_is_given)
		return oms_table_claim(table, oms_relation(store->pkey), values, nulls, tid);
	oms_table_insert(table, values, nulls, tid);
	return true;
}

void
oms_object_update(const ObjectStore *store, Table *table, const void *record, ItemPointer tid)
{
	Datum		values[RECORD_COLUMNS_MAX];
	bool		nulls[RECORD_COLUMNS_MAX];

	oms_record_to_row(store->def, record, values, nulls);
	oms_table_update(table, tid, values, nulls);
}
