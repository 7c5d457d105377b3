/*-------------------------------------------------------------------------
 *
 * table_write.c
 *	  Rows of our own tables: written through the executor.
 *
 * The parts of logical replication's apply (execReplication.c) and of ON CONFLICT
 * (nodeModifyTable.c): row triggers, defaults, generated columns, CHECK and NOT
 * NULL, deferrable and foreign keys of users work as for any statement, but
 * nothing is planned.  Taken apart rather than called, because the executor's own
 * entry points silently do nothing where a trigger suppresses a row, and because
 * where nobody has added anything a row need not be read again to be replaced.
 *
 * Statement triggers, transition tables and rules do not act here.  Triggers run
 * as the caller.  AFTER triggers fire when everything is written, or at COMMIT.
 *
 * Locks: a claim waits for a rival in flight; an update or delete of a row that
 * users have a part in locks it first.  The caller holds the tree's lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/sysattr.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "store/effort.h"
#include "store/table_compat.h"
#include "store/table_index.h"
#include "store/table_row.h"

/* ------------------------------------------------------------------------
 * opening
 * ------------------------------------------------------------------------
 */

/* They would be called with transition tables that are not there. */
static void
table_refuse_transition_tables(const TriggerDesc *triggers)
{
	for (int i = 0; triggers && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (TRIGGER_FOR_ROW(trigger->tgtype) && (trigger->tgoldtable || trigger->tgnewtable))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("row trigger \"%s\" wants transition tables, which commands do not make", trigger->tgname),
					 errhint("Use OLD and NEW of a row trigger.")));
	}
}

static void
table_open_for_writing(Table *table)
{
	MemoryContext old = MemoryContextSwitchTo(table->work->memory);
	EState	   *estate = table->work->estate;
	TriggerDesc *triggers = table->rel->trigdesc;

	table_refuse_transition_tables(triggers);
	table->updated = oms_add_range_table_entry(estate, table->rel);
	table->info = makeNode(ResultRelInfo);
	InitResultRelInfo(table->info, table->rel, list_length(estate->es_range_table), NULL, 0);
	/* AFTER triggers find it there, and the end closes its indexes */
	estate->es_opened_result_relations = lappend(estate->es_opened_result_relations, table->info);
	/* all of them, always: which an update needs would be fixed by the first row */
	if (oms_row_has_generated(table))
		oms_init_stored_generated(table->info, estate, CMD_INSERT);
	if (!table->layout->all_ours)
		oms_row_find_defaults(table);
	table->plain_update = table->layout->all_ours &&
		!(triggers && (triggers->trig_update_before_row || triggers->trig_update_after_row));
	table->out = MakeSingleTupleTableSlot(RelationGetDescr(table->rel), &TTSOpsHeapTuple);
	table->out->tts_tableOid = RelationGetRelid(table->rel);
	MemoryContextSwitchTo(old);
}

static void
table_begin_writing(Table *table)
{
	TableWork  *work = table->work;

	if (!work->writing)
	{
		AfterTriggerBeginQuery();
		work->writing = true;
	}
	if (table->out == NULL)
		table_open_for_writing(table);
	work->estate->es_output_cid = GetCurrentCommandId(true);
	oms_effort.rows++;
}

void
oms_table_fire_triggers(TableWork *work)
{
	if (!work->writing)
		return;
	/* trigger functions that only read see what was written */
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	AfterTriggerEndQuery(work->estate);
	PopActiveSnapshot();
	work->writing = false;
}

static TupleTableSlot *
table_old_slot(Table *table)
{
	MemoryContext old;

	if (table->old)
		return table->old;
	old = MemoryContextSwitchTo(table->work->memory);
	table->old = table_slot_create(table->rel, NULL);
	MemoryContextSwitchTo(old);
	return table->old;
}

/*
 * The server keeps how a trigger's function is called from its first row to its last,
 * in the memory that it finds: not in that of a stride, which goes before.
 */
static MemoryContext
table_begin_triggers(const Table *table)
{
	return MemoryContextSwitchTo(table->work->memory);
}

/* ------------------------------------------------------------------------
 * inserting
 * ------------------------------------------------------------------------
 */

static void
table_prepare_insert(Table *table, const Datum *values, const bool *nulls)
{
	oms_row_form(table, NULL, values, nulls);
	if (table->info->ri_TrigDesc && table->info->ri_TrigDesc->trig_insert_before_row)
	{
		MemoryContext old = table_begin_triggers(table);

		if (!ExecBRInsertTriggers(table->work->estate, table->info, table->out))
			oms_row_suppressed(table, "INSERT");
		MemoryContextSwitchTo(old);
		oms_row_check_ours(table, values, nulls);
	}
	oms_row_complete(table);
}

static void
table_finish_insert(Table *table, List *recheck)
{
	ExecARInsertTriggers(table->work->estate, table->info, table->out, recheck, NULL);
	list_free(recheck);
	ResetPerTupleExprContext(table->work->estate);
}

void
oms_table_insert(Table *table, const Datum *values, const bool *nulls, ItemPointer tid)
{
	List	   *recheck = NIL;

	table_begin_writing(table);
	table_prepare_insert(table, values, nulls);
	table_tuple_insert(table->rel, table->out, table->work->estate->es_output_cid, 0, NULL);
	oms_indexes_open(table);
	if (table->info->ri_NumIndices > 0)
		recheck = oms_insert_index_tuples(table->info, table->out, table->work->estate, false, false, NULL, NIL,
										  false);
	if (tid)
		*tid = table->out->tts_tid;
	table_finish_insert(table, recheck);
}

/* ------------------------------------------------------------------------
 * claiming
 * ------------------------------------------------------------------------
 */

/* As ExecCheckTIDVisible() of nodeModifyTable.c: a rival we cannot see is a conflict. */
static void
table_check_rival_visible(Table *table, ItemPointer rival)
{
	TupleTableSlot *slot;
	bool		visible;

	if (!IsolationUsesXactSnapshot())
		return;
	slot = table_old_slot(table);
	visible = table_tuple_fetch_row_version(table->rel, rival, SnapshotAny, slot);
	if (visible && !table_tuple_satisfies_snapshot(table->rel, slot, GetTransactionSnapshot()))
	{
		bool		isnull;
		Datum		xmin = slot_getsysattr(slot, MinTransactionIdAttributeNumber, &isnull);

		visible = TransactionIdIsCurrentTransactionId(DatumGetTransactionId(xmin));
	}
	ExecClearTuple(slot);
	if (!visible)
		oms_raise_serialization();
}

/* Has a rival the key of the row in table->out? */
static bool
table_has_rival(Table *table, List *arbiter_list)
{
	ItemPointerData rival;

	ItemPointerSetInvalid(&rival);
	if (oms_check_index_constraints(table->info, table->out, table->work->estate, &rival, arbiter_list))
		return false;
	table_check_rival_visible(table, &rival);
	return true;
}

bool
oms_table_taken(Table *table, int which, const Datum *key_values)
{
	const KeyLayout *key = oms_layout_key(table->layout, table->rel, table->def, which);
	TupleTableSlot *slot;

	table_begin_writing(table);
	slot = table->out;
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	for (int k = 0; k < key->ncolumns; k++)
	{
		slot->tts_values[key->attnums[k] - 1] = key_values[k];
		slot->tts_isnull[key->attnums[k] - 1] = false;
	}
	ExecStoreVirtualTuple(slot);
	/* an index of some rows keeps no key unique; of most that come then all of it holds */
	table->row_facts = table->layout->nfacts > 0 ? (1 << table->layout->nfacts) - 1 : FACTS_UNKNOWN;
	return table_has_rival(table, oms_indexes_arbiters(table, key));
}

bool
oms_table_claim(Table *table, int which, const Datum *values, const bool *nulls, ItemPointer tid)
{
	EState	   *estate = table->work->estate;
	const KeyLayout *key = oms_layout_key(table->layout, table->rel, table->def, which);
	List	   *recheck;
	List	   *arbiter_list;

	table_begin_writing(table);
	table_prepare_insert(table, values, nulls);
	arbiter_list = oms_indexes_arbiters(table, key);
	for (;;)
	{
		uint32		token = SpeculativeInsertionLockAcquire(GetCurrentTransactionId());
		bool		conflict = false;

		table_tuple_insert_speculative(table->rel, table->out, estate->es_output_cid, 0, NULL, token);
		recheck = oms_insert_index_tuples(table->info, table->out, estate, false, true, &conflict, arbiter_list,
										  false);
		table_tuple_complete_speculative(table->rel, table->out, token, !conflict);
		SpeculativeInsertionLockRelease(GetCurrentTransactionId());
		if (!conflict)
			break;
		/*
		 * somebody came between the look-up and the insert, perhaps with an index that we do not
		 * know yet: look again, and wait for him
		 */
		CHECK_FOR_INTERRUPTS();
		arbiter_list = oms_indexes_arbiters_now(table, key);
		if (table_has_rival(table, arbiter_list))
			return false;
	}
	*tid = table->out->tts_tid;
	table_finish_insert(table, recheck);
	return true;
}

/* ------------------------------------------------------------------------
 * updating and deleting
 * ------------------------------------------------------------------------
 */

/* Nobody but commands changes our columns, and the tree is locked. */
pg_noreturn static void
table_lost_row(Table *table, TM_Result result)
{
	if (result != TM_SelfModified && IsolationUsesXactSnapshot())
		oms_raise_serialization();
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("a row of \"%s\" was %s while a command was being written",
					RelationGetRelationName(table->rel),
					result == TM_SelfModified ? "changed by a trigger or a function of this transaction" :
					result == TM_Deleted ? "deleted" : "changed"),
			 errtable(table->rel)));
}

void
oms_table_lost_row(Table *table)
{
	table_lost_row(table, TM_SelfModified);
}

/* The row as it is now, ours over it, and which columns that changes. */
static void
table_start_from_row(Table *table, ItemPointer tid, const Datum *values, const bool *nulls)
{
	TupleDesc	desc = RelationGetDescr(table->rel);
	TupleTableSlot *old = table_old_slot(table);
	TM_Result	result = oms_table_lock_tid(table, tid, LockTupleNoKeyExclusive, LockWaitBlock, old);
	Bitmapset  *updated = NULL;

	if (result != TM_Ok)
		table_lost_row(table, result);
	slot_getallattrs(old);
	for (int i = 0; i < table->def->ncolumns; i++)
	{
		int			place = table->layout->attnums[i] - 1;

		if (!oms_row_is_same(TupleDescAttr(desc, place), values[i], nulls[i], old->tts_values[place], old->tts_isnull[place]))
			updated = bms_add_member(updated, place + 1 - FirstLowInvalidHeapAttributeNumber);
	}
	for (int i = 0; updated && oms_row_has_generated(table) && i < desc->natts; i++)
		if (TupleDescAttr(desc, i)->attgenerated)
			updated = bms_add_member(updated, i + 1 - FirstLowInvalidHeapAttributeNumber);
	*table->updated = updated;
	oms_row_form(table, old, values, nulls);
}

static void
table_fire_before_update(Table *table, ItemPointer tid, const Datum *values, const bool *nulls)
{
	EState	   *estate = table->work->estate;
	MemoryContext old;
	EPQState	epq;

	/* the row is locked: there is no newer version to be looked at */
	oms_init_epq(&epq, estate);
	old = table_begin_triggers(table);
	if (!oms_before_update_triggers(estate, &epq, table->info, tid, table->out))
		oms_row_suppressed(table, "UPDATE");
	MemoryContextSwitchTo(old);
	oms_row_check_ours(table, values, nulls);
}

/* Put the row in table->out in the place of the one at `tid`. */
static TM_Result
table_replace_row(Table *table, ItemPointer tid)
{
	EState	   *estate = table->work->estate;
	TM_FailureData failure;
	LockTupleMode mode;
	OmsUpdateIndexes update;
	List	   *recheck = NIL;
	TM_Result	result;

	oms_row_complete(table);
	result = table_tuple_update(table->rel, tid, table->out, estate->es_output_cid, estate->es_snapshot,
								InvalidSnapshot, true, &failure, &mode, &update);
	if (result != TM_Ok)
		return result;
	if (!OMS_UPDATES_NO_INDEX(update))
	{
		oms_indexes_open(table);
		recheck = oms_insert_index_tuples(table->info, table->out, estate, true, false, NULL, NIL,
										  OMS_ONLY_SUMMARIZING(update));
	}
	ExecARUpdateTriggers(estate, table->info, NULL, NULL, tid, NULL, table->out, recheck, NULL, false);
	list_free(recheck);
	*tid = table->out->tts_tid;
	return TM_Ok;
}

void
oms_table_update(Table *table, ItemPointer tid, const Datum *values, const bool *nulls)
{
	TriggerDesc *triggers;
	TM_Result	result;

	table_begin_writing(table);
	CheckCmdReplicaIdentity(table->rel, CMD_UPDATE);
	triggers = table->info->ri_TrigDesc;
	if (table->plain_update)
	{
		*table->updated = NULL;
		oms_row_form(table, NULL, values, nulls);
	}
	else
		table_start_from_row(table, tid, values, nulls);
	if (triggers && triggers->trig_update_before_row)
		table_fire_before_update(table, tid, values, nulls);
	result = table_replace_row(table, tid);
	if (result == TM_Updated && table->plain_update)
	{
		/* somebody else wrote the row, and left our columns as they are */
		table_start_from_row(table, tid, values, nulls);
		result = table_replace_row(table, tid);
	}
	if (result != TM_Ok)
		table_lost_row(table, result);
	if (table->old)
		ExecClearTuple(table->old);
	ResetPerTupleExprContext(table->work->estate);
}

static bool
table_delete(Table *table, ItemPointer tid, bool ask)
{
	EState	   *estate = table->work->estate;
	TriggerDesc *triggers;
	TM_FailureData failure;
	TM_Result	result = TM_Ok;
	EPQState	epq;

	table_begin_writing(table);
	CheckCmdReplicaIdentity(table->rel, CMD_DELETE);
	triggers = table->info->ri_TrigDesc;
	if (ask && triggers && triggers->trig_delete_before_row)
	{
		ItemPointerData found = *tid;
		MemoryContext old;

		result = oms_table_lock_tid(table, &found, LockTupleExclusive, LockWaitBlock, table_old_slot(table));
		if (result == TM_Ok && !ItemPointerEquals(&found, tid))
			result = TM_Updated;
		oms_init_epq(&epq, estate);
		old = table_begin_triggers(table);
		if (result == TM_Ok && !oms_before_delete_triggers(estate, &epq, table->info, tid))
			oms_row_suppressed(table, "DELETE");
		MemoryContextSwitchTo(old);
	}
	if (result == TM_Ok)
		result = table_tuple_delete(table->rel, tid, estate->es_output_cid, estate->es_snapshot, InvalidSnapshot,
									true, &failure, false);
	if (result == TM_SelfModified || (result != TM_Ok && IsolationUsesXactSnapshot()))
		table_lost_row(table, result);
	if (result == TM_Ok)
		ExecARDeleteTriggers(estate, table->info, tid, NULL, NULL, false);
	ResetPerTupleExprContext(estate);
	return result == TM_Ok;
}

bool
oms_table_delete(Table *table, ItemPointer tid)
{
	return table_delete(table, tid, true);
}

bool
oms_table_delete_unasked(Table *table, ItemPointer tid)
{
	return table_delete(table, tid, false);
}
