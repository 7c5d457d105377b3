/*-------------------------------------------------------------------------
 *
 * table_index.c
 *	  The indexes that a writer has open.
 *
 * Opening, locking and closing an index costs more than to find out that it gets
 * no entry, and to look at its predicate once more than both.  So an index is
 * opened for the first row that may have an entry in it: an update that changes no
 * indexed column opens none, and indexes of some rows stay closed for a row that
 * they lack by what is known of it (base/table_def.h).  What is known to be among
 * an index's rows is put there without its predicate being compiled and asked.
 *
 * Who makes an index meanwhile (CREATE INDEX CONCURRENTLY) waits for our lock of
 * the table, so it is no harm to learn of it late or early.
 *
 * Locks: RowExclusiveLock on what is open, kept until the transaction ends, as that
 * of its table is: the next call has it then, and who has one command gives all
 * back at once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "store/table_compat.h"
#include "store/table_index.h"

/* As ExecOpenIndices(), for rows of which this holds. */
static void
table_open_indexes_for(Table *table, int facts)
{
	ResultRelInfo *info = table->info;
	List	   *indexes = RelationGetIndexList(table->rel);
	ListCell   *cell;

	info->ri_NumIndices = 0;
	info->ri_IndexRelationDescs = palloc(sizeof(Relation) * Max(list_length(indexes), 1));
	info->ri_IndexRelationInfo = palloc(sizeof(IndexInfo *) * Max(list_length(indexes), 1));
	foreach(cell, indexes)
	{
		IndexVerdict verdict = oms_layout_verdict(table->layout, lfirst_oid(cell), facts);
		Relation	index;
		IndexInfo  *build;

		if (verdict == INDEX_LACKS_ROW)
			continue;
		index = index_open(lfirst_oid(cell), RowExclusiveLock);
		build = BuildIndexInfo(index);
		if (verdict == INDEX_HAS_ROW)
			build->ii_Predicate = NIL;
		info->ri_IndexRelationDescs[info->ri_NumIndices] = index;
		info->ri_IndexRelationInfo[info->ri_NumIndices++] = build;
	}
	list_free(indexes);
}

static void
table_open_indexes(Table *table, int facts)
{
	MemoryContext old = MemoryContextSwitchTo(table->work->memory);

	if (facts == FACTS_UNKNOWN)
		ExecOpenIndices(table->info, false);
	else
		table_open_indexes_for(table, facts);
	table->open_for = facts;
	MemoryContextSwitchTo(old);
}

/* Only claims need its operators; they are looked up once for all that stay open. */
static void
table_find_operators(Table *table, Relation index, IndexInfo *info)
{
	MemoryContext old;

	if (info->ii_UniqueOps != NULL)
		return;
	old = MemoryContextSwitchTo(table->work->memory);
	BuildSpeculativeIndexInfo(index, info);
	MemoryContextSwitchTo(old);
}

void
oms_indexes_close(Table *table)
{
	ResultRelInfo *info = table->info;

	for (int i = 0; info && i < info->ri_NumIndices; i++)
	{
		oms_index_insert_cleanup(info->ri_IndexRelationDescs[i], info->ri_IndexRelationInfo[i]);
		index_close(info->ri_IndexRelationDescs[i], NoLock);
	}
	/* nor does the executor find any that it would give the lock of back */
	if (info)
		info->ri_NumIndices = 0;
}

void
oms_indexes_open(Table *table)
{
	oms_layout_weigh(table->layout, table->rel, table->def, table->row_facts);
	if (table->info->ri_IndexRelationDescs == NULL)
	{
		table_open_indexes(table, table->row_facts);
		return;
	}
	oms_layout_weigh(table->layout, table->rel, table->def, table->open_for);
	if (!oms_layout_agree(table->layout, table->open_for, table->row_facts))
	{
		oms_indexes_close(table);
		table_open_indexes(table, FACTS_UNKNOWN);
	}
}

List *
oms_indexes_arbiters(Table *table, const KeyLayout *key)
{
	List	   *found = NIL;

	oms_indexes_open(table);
	for (int i = 0; i < table->info->ri_NumIndices; i++)
	{
		Relation	index = table->info->ri_IndexRelationDescs[i];
		IndexInfo  *info = table->info->ri_IndexRelationInfo[i];

		if (!oms_layout_is_arbiter(index, key))
			continue;
		table_find_operators(table, index, info);
		found = lappend_oid(found, RelationGetRelid(index));
	}
	return found;
}

List *
oms_indexes_arbiters_now(Table *table, const KeyLayout *key)
{
	AcceptInvalidationMessages();
	oms_indexes_close(table);
	table_open_indexes(table, FACTS_UNKNOWN);
	return oms_indexes_arbiters(table, key);
}
