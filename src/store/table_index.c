/*-------------------------------------------------------------------------
 *
 * table_index.c
 *	  The indexes that a writer has open.
 *
 * Opening, locking and closing an index costs more than to find out that it gets
 * no entry, and to look at its predicate once more than both.  So an index is
 * opened for the first row that may have an entry in it: an update that changes no
 * indexed column opens none, and indexes of some rows stay closed for a row that
 * is plain, as most are (base/table_def.h).
 *
 * Who makes an index meanwhile (CREATE INDEX CONCURRENTLY) waits for our lock of
 * the table, so it is no harm to learn of it late or early.
 *
 * Locks: RowExclusiveLock on what is open, given back at the end of the call.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "store/table_index.h"

/* As ExecOpenIndices(), without those that have no plain row. */
static void
table_open_for_plain(Table *table)
{
	ResultRelInfo *info = table->info;
	List	   *indexes = RelationGetIndexList(table->rel);
	ListCell   *cell;

	info->ri_NumIndices = 0;
	info->ri_IndexRelationDescs = palloc(sizeof(Relation) * Max(list_length(indexes), 1));
	info->ri_IndexRelationInfo = palloc(sizeof(IndexInfo *) * Max(list_length(indexes), 1));
	foreach(cell, indexes)
	{
		Relation	index;

		if (oms_layout_is_spared(table->layout, lfirst_oid(cell)))
			continue;
		index = index_open(lfirst_oid(cell), RowExclusiveLock);
		info->ri_IndexRelationDescs[info->ri_NumIndices] = index;
		info->ri_IndexRelationInfo[info->ri_NumIndices++] = BuildIndexInfo(index);
	}
	list_free(indexes);
}

static void
table_open_indexes(Table *table, bool spare)
{
	if (spare)
		table_open_for_plain(table);
	else
		ExecOpenIndices(table->info, false);
	table->spares = spare;
}

void
oms_indexes_open(Table *table)
{
	bool		spare = table->row_is_plain && table->layout->nspared > 0;

	if (table->info->ri_IndexRelationDescs == NULL)
		table_open_indexes(table, spare);
	else if (table->spares && !spare)
	{
		ExecCloseIndices(table->info);
		table_open_indexes(table, false);
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
		/* only claims need its operators */
		if (info->ii_UniqueOps == NULL)
			BuildSpeculativeIndexInfo(index, info);
		found = lappend_oid(found, RelationGetRelid(index));
	}
	return found;
}

List *
oms_indexes_arbiters_now(Table *table, const KeyLayout *key)
{
	AcceptInvalidationMessages();
	ExecCloseIndices(table->info);
	table_open_indexes(table, false);
	return oms_indexes_arbiters(table, key);
}
