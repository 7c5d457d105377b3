/*-------------------------------------------------------------------------
 *
 * table_set.h
 *	  The open tables of one unit of work, and what they share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_TABLE_SET_H
#define OMS_TABLE_SET_H

#include "postgres.h"

#include "store/catalog.h"
#include "store/table_io.h"

typedef struct TableSet TableSet;

/* 55000 inside of a set: from a trigger, a default or a check while a command is under way. */
extern void oms_tables_refuse_nested(void);

/* Between the two a unit of work is 55000 too. */
extern void oms_tables_begin_hooks(void);
extern void oms_tables_end_hooks(void);

/* Is one open: are we inside of a unit of work? */
extern bool oms_tables_are_open(void);

/* Begin, which does the same, in the current memory context: it must outlive the set. */
extern TableSet *oms_tables_begin(void);

/* The table, opened when first needed and kept until the end. */
extern Table *oms_tables_get(TableSet *set, OmsRelation relation);

/* The leaf of a partitioned event table for this moment, likewise; NULL if there is none. */
extern Table *oms_tables_leaf(TableSet *set, OmsRelation parent, TimestampTz time);

/* All leaves of a partitioned event table: a list of Table. */
extern List *oms_tables_leaves(TableSet *set, OmsRelation parent);

/* Fire the AFTER triggers of what was written, and close everything. */
extern void oms_tables_end(TableSet *set);

extern void oms_tables_init(void);

#endif							/* OMS_TABLE_SET_H */
