/*-------------------------------------------------------------------------
 *
 * table_io.c
 *	  Rows of our own tables: opened, found and locked.
 *
 * By index and without a plan: no SQL text, no search_path, no privilege check.
 * Who may do what is decided before, at the SQL function.  Measured, it costs
 * about half of a saved SPI plan (doc/performance.md).  table_write.c writes.
 *
 * Reads use the newest snapshot that the isolation level allows, as a new
 * statement would, so that what is read after a lock is what the lock protects.
 * Row locks: the row named, by oms_table_lock_tid(), FOR NO KEY UPDATE: our keys
 * never change, so whoever only refers to a row does not wait.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/damage.h"
#include "base/moment.h"
#include "store/effort.h"
#include "store/table_compat.h"
#include "store/table_index.h"
#include "store/table_io.h"

Effort		oms_effort = {0};

Table *
oms_table_open(TableWork *work, Oid relid, const TableDef *def)
{
	Table	   *table = palloc0(sizeof(Table));

	table->work = work;
	table->def = def;
	table->rel = table_open(relid, RowExclusiveLock);
	if (table->rel->rd_rel->relkind != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" is no plain table", RelationGetRelationName(table->rel)),
				 table->rel->rd_rel->relispartition ?
				 errhint("Events stand in plain tables: detach a partition that is partitioned itself, or foreign.") : 0));
	table->layout = oms_layout_of(table->rel, def);
	table->slot = table_slot_create(table->rel, NULL);
	return table;
}

void
oms_table_close(Table *table)
{
	oms_indexes_close(table);
	if (table->lookup)
		index_close(table->lookup, NoLock);
	ExecDropSingleTupleTableSlot(table->slot);
	if (table->out)
		ExecDropSingleTupleTableSlot(table->out);
	if (table->old)
		ExecDropSingleTupleTableSlot(table->old);
	table_close(table->rel, NoLock);
}

Datum
oms_table_value(Table *table, int column, bool *isnull)
{
	return slot_getattr(table->slot, table->layout->attnums[column], isnull);
}

Datum
oms_table_needed(Table *table, int column)
{
	bool		isnull;
	Datum		value = oms_table_value(table, column, &isnull);

	if (isnull)
		oms_damaged("column \"%s\" of a row of \"%s\" is null",
					get_attname(RelationGetRelid(table->rel), table->layout->attnums[column], false),
					RelationGetRelationName(table->rel));
	return value;
}

void
oms_raise_serialization(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update")));
}

/* ------------------------------------------------------------------------
 * looking up
 * ------------------------------------------------------------------------
 */

/* What a new statement of this transaction would see, our own writes included. */
static Snapshot
table_statement_snapshot(void)
{
	CommandCounterIncrement();
	return RegisterSnapshot(GetTransactionSnapshot());
}

/* A look-up under way: by index, or row by row where no index serves. */
typedef struct Search
{
	const KeyLayout *key;
	const Datum *values;
	TimestampTz from;			/* of the key's moment; else NO_TIME */
	Snapshot	snapshot;
	IndexScanDesc by_index;
	TableScanDesc by_row;
} Search;

static void
table_init_scankey(Table *table, ScanKey scankey, AttrNumber place, AttrNumber attnum, Datum value)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(table->rel), attnum - 1);

	/* a text that is no pointer asks for null */
	if (att->atttypid != INT8OID && DatumGetPointer(value) == NULL)
		ScanKeyEntryInitialize(scankey, SK_ISNULL | SK_SEARCHNULL, place, InvalidStrategy, InvalidOid, InvalidOid,
							   InvalidOid, (Datum) 0);
	else
		ScanKeyEntryInitialize(scankey, 0, place, BTEqualStrategyNumber, InvalidOid, att->attcollation,
							   att->atttypid == INT8OID ? F_INT8EQ : F_TEXTEQ, value);
}

/* May the search begin in the index where the moment is?  It has that next, then. */
static bool
table_enters_by_moment(const Table *table, const Search *search)
{
	const KeyLayout *key = search->key;
	Form_pg_index index = table->lookup->rd_index;

	return search->from != NO_TIME && index->indnkeyatts > key->ncolumns && index->indkey.values[key->ncolumns] == key->moment &&
		get_opcode(get_opfamily_member(table->lookup->rd_opfamily[key->ncolumns], TIMESTAMPTZOID, TIMESTAMPTZOID, BTGreaterEqualStrategyNumber)) ==
		F_TIMESTAMPTZ_GE;
}

/* Look for search->values from the beginning. */
static void
table_rescan_index(Table *table, Search *search)
{
	const KeyLayout *key = search->key;
	ScanKeyData scankeys[KEY_COLUMNS_MAX + 1];

	/* in the order of the index's columns */
	for (int i = 0; i < key->ncolumns; i++)
	{
		AttrNumber	attnum = table->lookup->rd_index->indkey.values[i];
		int			k = 0;

		while (key->attnums[k] != attnum)
			k++;
		table_init_scankey(table, &scankeys[i], i + 1, attnum, search->values[k]);
		scankeys[i].sk_collation = table->lookup->rd_indcollation[i];
	}
	if (table_enters_by_moment(table, search))
		ScanKeyInit(&scankeys[key->ncolumns], key->ncolumns + 1, BTGreaterEqualStrategyNumber, F_TIMESTAMPTZ_GE, TimestampTzGetDatum(search->from));
	index_rescan(search->by_index, scankeys, key->ncolumns + table_enters_by_moment(table, search), NULL, 0);
}

static void
table_search_by_index(Table *table, Search *search)
{
	const KeyLayout *key = search->key;

	if (table->lookup && RelationGetRelid(table->lookup) != key->index)
	{
		index_close(table->lookup, NoLock);
		table->lookup = NULL;
	}
	if (table->lookup == NULL)
		table->lookup = index_open(key->index, AccessShareLock);
	search->by_index = oms_index_beginscan(table->rel, table->lookup, search->snapshot, key->ncolumns + table_enters_by_moment(table, search));
	table_rescan_index(table, search);
}

static Search
table_begin_search(Table *table, int which, const Datum *values, TimestampTz from, Snapshot snapshot)
{
	Search		search = {.values = values, .from = from, .snapshot = snapshot};

	search.key = oms_layout_key(table->layout, table->rel, table->def, which);
	if (OidIsValid(search.key->index))
		table_search_by_index(table, &search);
	else
		search.by_row = table_beginscan(table->rel, search.snapshot, 0, NULL);
	return search;
}

/* What scan keys of a table cannot say: a null that is asked for. */
static bool
table_has_key(Table *table, const Search *search)
{
	for (int i = 0; i < search->key->ncolumns; i++)
	{
		AttrNumber	attnum = search->key->attnums[i];
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(table->rel), attnum - 1);
		bool		isnull;
		Datum		value = slot_getattr(table->slot, attnum, &isnull);
		bool		null_wanted = !att->attbyval && DatumGetPointer(search->values[i]) == NULL;

		if (isnull != null_wanted ||
			(!isnull && !datum_image_eq(value, search->values[i], att->attbyval, att->attlen)))
			return false;
	}
	return true;
}

static bool
table_search_next(Table *table, Search *search)
{
	if (search->by_index)
		return index_getnext_slot(search->by_index, ForwardScanDirection, table->slot);
	while (table_scan_getnextslot(search->by_row, ForwardScanDirection, table->slot))
	{
		CHECK_FOR_INTERRUPTS();
		if (table_has_key(table, search))
			return true;
	}
	return false;
}

static void
table_end_search(Search *search)
{
	if (search->by_index)
		index_endscan(search->by_index);
	else
		table_endscan(search->by_row);
	UnregisterSnapshot(search->snapshot);
}

bool
oms_table_find(Table *table, int key, const Datum *values)
{
	Search		search = table_begin_search(table, key, values, NO_TIME, table_statement_snapshot());
	bool		found = table_search_next(table, &search);

	if (found)
		ExecMaterializeSlot(table->slot);
	table_end_search(&search);
	return found;
}

bool
oms_table_fetch(Table *table, ItemPointer tid)
{
	Snapshot	snapshot = table_statement_snapshot();
	bool		found = table_tuple_fetch_row_version(table->rel, tid, snapshot, table->slot);

	if (found)
		ExecMaterializeSlot(table->slot);
	UnregisterSnapshot(snapshot);
	return found;
}

void
oms_table_each_of(Table *table, int key, const Datum *const *values, int count, OmsRowCallback callback,
				  void *arg)
{
	Search		search = table_begin_search(table, key, values[0], NO_TIME, table_statement_snapshot());

	for (int i = 0; i < count; i++)
	{
		search.values = values[i];
		if (i > 0 && search.by_index)
			table_rescan_index(table, &search);
		else if (i > 0)
			table_rescan(search.by_row, NULL);
		while (table_search_next(table, &search))
		{
			CHECK_FOR_INTERRUPTS();
			callback(table, arg);
		}
	}
	table_end_search(&search);
}

void
oms_table_each(Table *table, int key, const Datum *values, OmsRowCallback callback, void *arg)
{
	oms_table_each_of(table, key, &values, 1, callback, arg);
}

void
oms_table_each_from(Table *table, int key, const Datum *values, TimestampTz from, bool (*wants_more) (Table *table, void *arg), void *arg)
{
	Search		search = table_begin_search(table, key, values, from, table_statement_snapshot());

	while (table_search_next(table, &search))
	{
		CHECK_FOR_INTERRUPTS();
		if (!wants_more(table, arg))
			break;
	}
	table_end_search(&search);
}

void
oms_table_check_unseen(Table *table, int key, const Datum *values)
{
	Search		search;
	bool		unseen = false;

	if (!IsolationUsesXactSnapshot())
		return;
	CommandCounterIncrement();
	search = table_begin_search(table, key, values, NO_TIME, RegisterSnapshot(GetLatestSnapshot()));
	while (!unseen && table_search_next(table, &search))
		unseen = !table_tuple_satisfies_snapshot(table->rel, table->slot, GetTransactionSnapshot());
	table_end_search(&search);
	if (unseen)
		oms_raise_serialization();
}

/* ------------------------------------------------------------------------
 * locking
 * ------------------------------------------------------------------------
 */

/* As ExecLockRows() of nodeLockRows.c does it for SELECT ... FOR NO KEY UPDATE. */
TM_Result
oms_table_lock_tid(Table *table, ItemPointer tid, LockTupleMode mode, LockWaitPolicy wait, TupleTableSlot *slot)
{
	ItemPointerData from = *tid;
	TM_FailureData failure;
	TM_Result	result;
	uint8		flags = TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS;

	if (!IsolationUsesXactSnapshot())
		flags |= TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
	result = table_tuple_lock(table->rel, &from, GetTransactionSnapshot(), slot,
							  GetCurrentCommandId(true), mode, wait, flags, &failure);
	if (result == TM_Ok)
	{
		ExecMaterializeSlot(slot);
		*tid = slot->tts_tid;
	}
	else if ((result == TM_Updated || result == TM_Deleted) && IsolationUsesXactSnapshot())
		oms_raise_serialization();
	return result;
}
