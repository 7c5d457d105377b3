/*-------------------------------------------------------------------------
 *
 * table_io.c
 *	  Rows of our own tables through the table access method.
 *
 * The way of logical replication's apply worker (executor/execReplication.c)
 * and of COPY: no SQL text, no plan, no search_path, no privilege check.  Who
 * may do what is decided before, at the SQL function.  Measured, it costs about
 * half of a saved SPI plan (doc/performance.md).
 *
 * Reads use the newest snapshot that the isolation level allows, as a new
 * statement would, so that what is read after a lock is what the lock protects.
 * Row locks: the row named, exclusively, by oms_table_lock() alone.
 * Row triggers that a user adds to these tables do not fire.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "table_io.h"

#define KEYS_MAX 3

Table *
oms_table_open(EState *estate, Oid relid)
{
	Table	   *table = palloc0(sizeof(Table));

	table->estate = estate;
	table->rel = table_open(relid, RowExclusiveLock);
	table->info = makeNode(ResultRelInfo);
	/* in no range table: which columns an update touches is then not asked for */
	InitResultRelInfo(table->info, table->rel, 0, NULL, 0);
	table->slot = table_slot_create(table->rel, NULL);
	return table;
}

void
oms_table_close(Table *table)
{
	if (table->info->ri_IndexRelationDescs)
		ExecCloseIndices(table->info);
	if (table->lookup)
		index_close(table->lookup, NoLock);
	ExecDropSingleTupleTableSlot(table->slot);
	if (table->out)
		ExecDropSingleTupleTableSlot(table->out);
	table_close(table->rel, NoLock);
}

/* Indexes and the slot for writing are opened only by those who write. */
static TupleTableSlot *
fill_slot(Table *table, const Datum *values, const bool *nulls)
{
	if (table->out == NULL)
	{
		table->out = MakeSingleTupleTableSlot(RelationGetDescr(table->rel), &TTSOpsHeapTuple);
		ExecOpenIndices(table->info, false);
	}
	ExecForceStoreHeapTuple(heap_form_tuple(RelationGetDescr(table->rel),
											unconstify(Datum *, values), unconstify(bool *, nulls)),
							table->out, true);
	table->out->tts_tableOid = RelationGetRelid(table->rel);
	return table->out;
}

void
oms_table_insert(Table *table, const Datum *values, const bool *nulls, ItemPointer tid)
{
	TupleTableSlot *slot = fill_slot(table, values, nulls);

	simple_table_tuple_insert(table->rel, slot);
	if (table->info->ri_NumIndices > 0)
		oms_insert_index_tuples(table->info, slot, table->estate, false, false, NULL, NIL, false);
	if (tid)
		*tid = slot->tts_tid;
}

/* As ExecCheckTIDVisible() of nodeModifyTable.c: a rival we cannot see is a conflict. */
static void
check_rival_visible(Table *table, ItemPointer rival)
{
	TupleTableSlot *slot;
	bool		visible;

	if (!IsolationUsesXactSnapshot())
		return;
	slot = table_slot_create(table->rel, NULL);
	visible = table_tuple_fetch_row_version(table->rel, rival, SnapshotAny, slot);
	if (visible && !table_tuple_satisfies_snapshot(table->rel, slot, GetTransactionSnapshot()))
	{
		bool		isnull;
		Datum		xmin = slot_getsysattr(slot, MinTransactionIdAttributeNumber, &isnull);

		visible = TransactionIdIsCurrentTransactionId(DatumGetTransactionId(xmin));
	}
	ExecDropSingleTupleTableSlot(slot);
	if (!visible)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update")));
}

/* A claim compares by the unique index's operators; only claims need them looked up. */
static void
prepare_arbiter(Table *table, Oid index)
{
	for (int i = 0; i < table->info->ri_NumIndices; i++)
	{
		IndexInfo  *info = table->info->ri_IndexRelationInfo[i];

		if (RelationGetRelid(table->info->ri_IndexRelationDescs[i]) == index &&
			info->ii_UniqueOps == NULL)
			BuildSpeculativeIndexInfo(table->info->ri_IndexRelationDescs[i], info);
	}
}

bool
oms_table_claim(Table *table, Oid index, const Datum *values, const bool *nulls, ItemPointer tid)
{
	TupleTableSlot *slot = fill_slot(table, values, nulls);
	List	   *arbiters = list_make1_oid(index);

	prepare_arbiter(table, index);
	for (;;)
	{
		ItemPointerData rival;
		uint32		token;
		bool		conflict = false;

		ItemPointerSetInvalid(&rival);
		if (!oms_check_index_constraints(table->info, slot, table->estate, &rival, arbiters))
		{
			check_rival_visible(table, &rival);
			return false;
		}
		token = SpeculativeInsertionLockAcquire(GetCurrentTransactionId());
		table_tuple_insert_speculative(table->rel, slot, GetCurrentCommandId(true), 0, NULL, token);
		oms_insert_index_tuples(table->info, slot, table->estate, false, true, &conflict, arbiters,
								false);
		table_tuple_complete_speculative(table->rel, slot, token, !conflict);
		SpeculativeInsertionLockRelease(GetCurrentTransactionId());
		if (!conflict)
			break;
		/* somebody came between the check and the insert: look again, and wait for him */
		CHECK_FOR_INTERRUPTS();
	}
	if (tid)
		*tid = slot->tts_tid;
	return true;
}

void
oms_table_update(Table *table, ItemPointer tid, const Datum *values, const bool *nulls)
{
	TupleTableSlot *slot = fill_slot(table, values, nulls);
	OmsUpdateIndexes update;

	simple_table_tuple_update(table->rel, tid, slot, GetActiveSnapshot(), &update);
	if (table->info->ri_NumIndices > 0 && !OMS_UPDATES_NO_INDEX(update))
		oms_insert_index_tuples(table->info, slot, table->estate, true, false, NULL, NIL,
								OMS_ONLY_SUMMARIZING(update));
	*tid = slot->tts_tid;
}

void
oms_table_delete(Table *table, ItemPointer tid)
{
	simple_table_tuple_delete(table->rel, tid, GetActiveSnapshot());
}

/* What a new statement of this transaction would see, our own writes included. */
static Snapshot
statement_snapshot(void)
{
	CommandCounterIncrement();
	return RegisterSnapshot(GetTransactionSnapshot());
}

static IndexScanDesc
begin_scan(Table *table, Oid index, Snapshot snapshot, int nkeys, const Datum *keys)
{
	ScanKeyData scankeys[KEYS_MAX];
	IndexScanDesc scan;

	Assert(nkeys <= KEYS_MAX);
	if (table->lookup && RelationGetRelid(table->lookup) != index)
	{
		index_close(table->lookup, NoLock);
		table->lookup = NULL;
	}
	if (table->lookup == NULL)
		table->lookup = index_open(index, AccessShareLock);

	for (int i = 0; i < nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(table->lookup), i);
		RegProcedure equal = att->atttypid == INT8OID ? F_INT8EQ : F_TEXTEQ;

		ScanKeyEntryInitialize(&scankeys[i], 0, i + 1, BTEqualStrategyNumber, InvalidOid,
							   att->attcollation, equal, keys[i]);
	}
	scan = oms_index_beginscan(table->rel, table->lookup, snapshot, nkeys);
	index_rescan(scan, scankeys, nkeys, NULL, 0);
	return scan;
}

bool
oms_table_find(Table *table, Oid index, int nkeys, const Datum *keys)
{
	Snapshot	snapshot = statement_snapshot();
	IndexScanDesc scan = begin_scan(table, index, snapshot, nkeys, keys);
	bool		found = index_getnext_slot(scan, ForwardScanDirection, table->slot);

	if (found)
		ExecMaterializeSlot(table->slot);
	index_endscan(scan);
	UnregisterSnapshot(snapshot);
	return found;
}

/* As ExecLockRows() of nodeLockRows.c does it for SELECT … FOR UPDATE. */
bool
oms_table_lock(Table *table)
{
	ItemPointerData tid = table->slot->tts_tid;
	TM_FailureData failure;
	TM_Result	result;
	uint8		flags = TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS;

	if (!IsolationUsesXactSnapshot())
		flags |= TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
	result = table_tuple_lock(table->rel, &tid, GetTransactionSnapshot(), table->slot,
							  GetCurrentCommandId(true), LockTupleExclusive, LockWaitBlock, flags,
							  &failure);
	if (result == TM_Ok)
	{
		ExecMaterializeSlot(table->slot);
		return true;
	}
	if ((result == TM_Updated || result == TM_Deleted) && IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update")));
	if (result != TM_Deleted)
		elog(ERROR, "cannot lock a row of \"%s\": result %d", RelationGetRelationName(table->rel),
			 result);
	return false;
}

void
oms_table_each(Table *table, Oid index, int nkeys, const Datum *keys, OmsRowCallback callback, void *arg)
{
	Snapshot	snapshot = statement_snapshot();
	IndexScanDesc scan = begin_scan(table, index, snapshot, nkeys, keys);

	while (index_getnext_slot(scan, ForwardScanDirection, table->slot))
		callback(table->slot, arg);
	index_endscan(scan);
	UnregisterSnapshot(snapshot);
}
