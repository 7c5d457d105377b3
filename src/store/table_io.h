/*-------------------------------------------------------------------------
 *
 * table_io.h
 *	  Rows of our own tables: found by index, written through the executor.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_TABLE_IO_H
#define OMS_TABLE_IO_H

#include "postgres.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "nodes/lockoptions.h"
#include "storage/itemptr.h"
#include "utils/snapshot.h"

#include "base/compat.h"
#include "store/table_layout.h"

/* What the tables of one unit of work share. */
typedef struct TableWork
{
	EState	   *estate;			/* its snapshot is set */
	MemoryContext memory;		/* of what stays open: a look-up's or a row's may be shorter */
	bool		writing;		/* AFTER triggers are being collected */
} TableWork;

/* An open table; kept for one unit of work. */
typedef struct Table
{
	TableWork  *work;
	const TableDef *def;
	Relation	rel;
	TableLayout *layout;
	TupleTableSlot *slot;		/* the row that was read last */
	Relation	lookup;			/* the index last searched, kept open */

	/* for writers only */
	ResultRelInfo *info;
	Bitmapset **updated;		/* the columns that an update changes; empty where nobody asks */
	TupleTableSlot *out;		/* the row to write */
	TupleTableSlot *old;		/* the row that an update starts from, once one is asked for */
	List	   *defaults;		/* of UserDefault */
	int			row_facts;		/* what holds of the one in `out` */
	int			open_for;		/* … of the rows that the indexes which are open will do for; FACTS_UNKNOWN: all */
	bool		plain_update;	/* nobody added columns or triggers that an update has to look at */
} Table;

extern Table *oms_table_open(TableWork *work, Oid relid, const TableDef *def);
extern void oms_table_close(Table *table);

/* Fire the AFTER triggers of all that was written.  The tables are still open. */
extern void oms_table_fire_triggers(TableWork *work);

/* A column of ours, by its place in the TableDef, of the row in table->slot. */
extern Datum oms_table_value(Table *table, int column, bool *isnull);

/* The same of one that is never null: a null is damage (XX001). */
extern Datum oms_table_needed(Table *table, int column);

/*
 * A key is one of the TableDef's, by its place there.
 *
 * Find the row with this key, as the latest snapshot of the isolation level sees
 * it.  The row is then in table->slot, its tuple id in slot->tts_tid.
 */
extern bool oms_table_find(Table *table, int key, const Datum *values);

/* The row of a tree that we hold is not where it has to be (55000). */
pg_noreturn extern void oms_table_lost_row(Table *table);

/* Read the row of ours at `tid`, which is locked or was written by us: false if it is not there any more. */
extern bool oms_table_fetch(Table *table, ItemPointer tid);

/*
 * Lock the row at `tid`, which this statement has seen there: its snapshot keeps
 * it from being pruned.  The newest version is then in `slot`, and `tid` is where
 * that is.  At REPEATABLE READ and above a row changed since the snapshot raises
 * 40001.
 */
extern TM_Result oms_table_lock_tid(Table *table, ItemPointer tid, LockTupleMode mode, LockWaitPolicy wait,
									TupleTableSlot *slot);

/* Walk all rows with this key; the callback finds them in table->slot. */
typedef void (*OmsRowCallback) (Table *table, void *arg);
extern void oms_table_each(Table *table, int key, const Datum *values, OmsRowCallback callback, void *arg);

/*
 * The same, until it says false.  No row need come whose moment (TableKey.moment)
 * is before `from`, if that is not NO_TIME: others are no harm.
 */
extern void oms_table_each_from(Table *table, int key, const Datum *values, TimestampTz from,
								bool (*wants_more) (Table *table, void *arg), void *arg);

/* The same for several keys in turn, in one look-up. */
extern void oms_table_each_of(Table *table, int key, const Datum *const *values, int count,
							  OmsRowCallback callback, void *arg);

/*
 * 40001 if there is a row with this key that the transaction's snapshot, at
 * REPEATABLE READ and above, does not see.
 */
extern void oms_table_check_unseen(Table *table, int key, const Datum *values);

/*
 * Writing.  `tid` is set to the row's place where it is not NULL.  The arrays hold a value for each column of the TableDef.  Columns of
 * users get their defaults, and keep their values in an update.  Row triggers
 * fire and constraints are checked as for any statement; a constraint of a user
 * raises its own SQLSTATE, and 55000 is a BEFORE trigger that suppresses the row
 * or changes a column of ours.
 */
extern void oms_table_insert(Table *table, const Datum *values, const bool *nulls, ItemPointer tid);

/* Write a new version of the row at `tid`, and move `tid` to it. */
extern void oms_table_update(Table *table, ItemPointer tid, const Datum *values, const bool *nulls);

/* False if somebody else deleted or changed the row meanwhile.  The second: the triggers before it are not asked. */
extern bool oms_table_delete(Table *table, ItemPointer tid);
extern bool oms_table_delete_unasked(Table *table, ItemPointer tid);

/*
 * Has a committed row this unique key?  Waits for a rival in flight, and raises
 * 40001 where a rival is invisible to a transaction snapshot.
 */
extern bool oms_table_taken(Table *table, int key, const Datum *key_values);

/*
 * Insert a row unless a rival has its key, as ON CONFLICT DO NOTHING: what
 * oms_table_taken() denied may be taken meanwhile.
 */
extern bool oms_table_claim(Table *table, int key, const Datum *values, const bool *nulls,
							ItemPointer tid);


/* 40001, as the executor says it. */
pg_noreturn extern void oms_raise_serialization(void);

#endif							/* OMS_TABLE_IO_H */
