/*-------------------------------------------------------------------------
 *
 * table_index.h
 *	  The indexes that a writer has open.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_TABLE_INDEX_H
#define OMS_TABLE_INDEX_H

#include "store/table_io.h"

/* Open the indexes that the row in table->out needs; they are in table->info then. */
extern void oms_indexes_open(Table *table);

/* Close those that are open; their locks stay. */
extern void oms_indexes_close(Table *table);

/*
 * The indexes that keep the key unique, valid or not: while one replaces another
 * (REINDEX CONCURRENTLY), a rival may be met in either first, and must be a
 * conflict in both and an error in none.
 */
extern List *oms_indexes_arbiters(Table *table, const KeyLayout *key);

/* The same, all opened anew. */
extern List *oms_indexes_arbiters_now(Table *table, const KeyLayout *key);

#endif							/* OMS_TABLE_INDEX_H */
