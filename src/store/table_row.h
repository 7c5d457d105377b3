/*-------------------------------------------------------------------------
 *
 * table_row.h
 *	  The row that a writer is about to store: table->out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_TABLE_ROW_H
#define OMS_TABLE_ROW_H

#include "store/table_io.h"

/* Has the table stored generated columns?  Of users: we have none. */
extern bool oms_row_has_generated(Table *table);

/* What an insert puts into columns of users: once for each open table. */
extern void oms_row_find_defaults(Table *table);

/* Our columns over those of the old row, or over the defaults. */
extern void oms_row_form(Table *table, TupleTableSlot *old, const Datum *values, const bool *nulls);

/*
 * The value, compressed if the column's settings say lz4 and that saves something.  The
 * caller may free what is not the value itself.
 */
extern Datum oms_row_compress(const Table *table, int column, Datum value);

/* A trigger before the event said that there should be no row. */
extern void oms_row_suppressed(Table *table, const char *event);

/* A BEFORE trigger may change columns of users, and none of ours. */
extern void oms_row_check_ours(Table *table, const Datum *values, const bool *nulls);

/* The last before it is stored: generated columns, constraints, the tuple. */
extern void oms_row_complete(Table *table);

extern bool oms_row_is_same(Form_pg_attribute att, Datum a, bool a_null, Datum b, bool b_null);

#endif							/* OMS_TABLE_ROW_H */
