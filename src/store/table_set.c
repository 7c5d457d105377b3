/*-------------------------------------------------------------------------
 *
 * table_set.c
 *	  The open tables of one unit of work, and what they share.
 *
 * One executor state for all of them, so that AFTER triggers fire once for all
 * that a call wrote.  There is one set at a time in a session: a command from
 * inside another one (a row trigger, a default, a check) would see half of what
 * that one writes, and lock what it has locked already.
 *
 * Writes no table itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "core/kind.h"
#include "store/events.h"
#include "store/ids.h"
#include "store/incarnation.h"
#include "store/purge.h"
#include "store/table_set.h"

struct TableSet
{
	TableWork	work;
	Table	   *tables[OMS_RELATION_COUNT];
	List	   *leaves;			/* of Table */
};

/* The subtransaction that the open set belongs to; and the one in which hooks are called. */
static SubTransactionId open_in = InvalidSubTransactionId;
static SubTransactionId hooks_in = InvalidSubTransactionId;

static void
tables_at_transaction_end(XactEvent event, void *arg)
{
	open_in = hooks_in = InvalidSubTransactionId;
}

static void
tables_at_subtransaction_end(SubXactEvent event, SubTransactionId self, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && self == open_in)
		open_in = InvalidSubTransactionId;
	if (event == SUBXACT_EVENT_ABORT_SUB && self == hooks_in)
		hooks_in = InvalidSubTransactionId;
}

void
oms_tables_init(void)
{
	RegisterXactCallback(tables_at_transaction_end, NULL);
	RegisterSubXactCallback(tables_at_subtransaction_end, NULL);
}

bool
oms_tables_are_open(void)
{
	return open_in != InvalidSubTransactionId;
}

void
oms_tables_refuse_nested(void)
{
	if (oms_tables_are_open())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a command cannot be given while another one is being written"),
				 errdetail("It came from a trigger, a default or a constraint of a table of oms_state."),
				 errhint("Give it from a constraint trigger that is DEFERRABLE INITIALLY DEFERRED.")));
	if (hooks_in != InvalidSubTransactionId)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a command cannot be given by a hook on events")));
}

void
oms_tables_begin_hooks(void)
{
	hooks_in = GetCurrentSubTransactionId();
}

void
oms_tables_end_hooks(void)
{
	hooks_in = InvalidSubTransactionId;
}

TableSet *
oms_tables_begin(void)
{
	TableSet   *set;

	oms_tables_refuse_nested();
	set = palloc0(sizeof(TableSet));
	set->work.memory = CurrentMemoryContext;
	set->work.estate = CreateExecutorState();
	set->work.estate->es_snapshot = GetActiveSnapshot();
	open_in = GetCurrentSubTransactionId();
	return set;
}

static const TableDef *
tables_def(OmsRelation relation)
{
	if (relation < OMS_EVENTS)
		return oms_record_table(oms_kinds[relation - OMS_OBJECTS].record);
	if (relation < OMS_NAMES)
		return oms_event_table(relation - OMS_EVENTS);
	if (relation < OMS_EVENT_SEQUENCE)
		return oms_name_table(relation - OMS_NAMES);
	if (relation == OMS_PURGED_TREES || relation == OMS_ARCHIVED_TREES)
		return oms_purge_table(relation);
	return relation == OMS_INCARNATIONS ? oms_incarnation_table() : oms_command_table(relation);
}

/* It stays open to the end of the call, whoever asks first. */
static Table *
tables_open(TableSet *set, Oid relation, const TableDef *def)
{
	MemoryContext old = MemoryContextSwitchTo(set->work.memory);
	Table	   *table = oms_table_open(&set->work, relation, def);

	MemoryContextSwitchTo(old);
	return table;
}

Table *
oms_tables_get(TableSet *set, OmsRelation relation)
{
	if (set->tables[relation] == NULL)
		set->tables[relation] = tables_open(set, oms_relation(relation), tables_def(relation));
	return set->tables[relation];
}

static Table *
tables_open_leaf(TableSet *set, OmsRelation parent, Oid leaf)
{
	MemoryContext old;
	Table	   *table;
	ListCell   *cell;

	foreach(cell, set->leaves)
	{
		table = lfirst(cell);
		if (RelationGetRelid(table->rel) == leaf)
			return table;
	}
	table = tables_open(set, leaf, tables_def(parent));
	old = MemoryContextSwitchTo(set->work.memory);
	set->leaves = lappend(set->leaves, table);
	MemoryContextSwitchTo(old);
	return table;
}

Table *
oms_tables_leaf(TableSet *set, OmsRelation parent, TimestampTz time)
{
	Oid			leaf = oms_partition_for(parent, time);

	return OidIsValid(leaf) ? tables_open_leaf(set, parent, leaf) : NULL;
}

List *
oms_tables_leaves(TableSet *set, OmsRelation parent)
{
	List	   *tables = NIL;
	ListCell   *cell;

	foreach(cell, oms_partitions_of(parent))
	{
		CHECK_FOR_INTERRUPTS();
		tables = lappend(tables, tables_open_leaf(set, parent, lfirst_oid(cell)));
	}
	return tables;
}

void
oms_tables_end(TableSet *set)
{
	EState	   *estate = set->work.estate;
	ListCell   *cell;

	oms_table_fire_triggers(&set->work);
	ExecResetTupleTable(estate->es_tupleTable, false);
	for (int i = 0; i < OMS_RELATION_COUNT; i++)
		if (set->tables[i])
			oms_table_close(set->tables[i]);
	foreach(cell, set->leaves)
		oms_table_close(lfirst(cell));
	ExecCloseResultRelations(estate);
	FreeExecutorState(estate);
	open_in = InvalidSubTransactionId;
}
