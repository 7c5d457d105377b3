/*-------------------------------------------------------------------------
 *
 * table_io.h
 *	  Rows of our own tables through the table access method.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_TABLE_IO_H
#define OMS_TABLE_IO_H

#include "postgres.h"
#include "access/relscan.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "storage/itemptr.h"
#include "utils/snapshot.h"

/* An open table with its indexes; kept for one unit of work. */
typedef struct Table
{
	Relation	rel;
	ResultRelInfo *info;
	EState	   *estate;
	TupleTableSlot *slot;		/* for reading */
	TupleTableSlot *out;		/* for writing */
	Relation	lookup;			/* the index last searched, kept open */
} Table;

extern Table *oms_table_open(EState *estate, Oid relid);
extern void oms_table_close(Table *table);

/* Insert a row.  A unique violation is an error. */
extern void oms_table_insert(Table *table, const Datum *values, const bool *nulls, ItemPointer tid);

/*
 * Insert a row unless a committed row, or one in flight that then commits, has
 * the same key in the unique index `index` (as ON CONFLICT DO NOTHING).  Waits
 * for a rival in flight.  False if there is one.  Raises 40001 where the rival
 * is invisible to a transaction snapshot.
 */
extern bool oms_table_claim(Table *table, Oid index, const Datum *values, const bool *nulls,
							ItemPointer tid);

/* Write a new version of the row at `tid`, and move `tid` to it. */
extern void oms_table_update(Table *table, ItemPointer tid, const Datum *values, const bool *nulls);
extern void oms_table_delete(Table *table, ItemPointer tid);

/*
 * Find the row with this key (text columns in the index's order), as the
 * latest snapshot of the isolation level sees it.  The row is then in
 * table->slot, its tuple id in slot->tts_tid.
 */
extern bool oms_table_find(Table *table, Oid index, int nkeys, const Datum *keys);

/*
 * Lock the row just found FOR UPDATE: waits for whoever has it, then brings its
 * newest version into table->slot.  False if it is gone.  At REPEATABLE READ and
 * above a row changed since the snapshot raises 40001.
 */
extern bool oms_table_lock(Table *table);

/* Walk all rows with this key; the callback gets table->slot. */
typedef void (*OmsRowCallback) (TupleTableSlot *slot, void *arg);
extern void oms_table_each(Table *table, Oid index, int nkeys, const Datum *keys,
						   OmsRowCallback callback, void *arg);

#endif							/* OMS_TABLE_IO_H */
