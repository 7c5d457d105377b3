/*-------------------------------------------------------------------------
 *
 * rows.h
 *	  Rows of current state: structs in, structs out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ROWS_H
#define OMS_ROWS_H

#include "postgres.h"
#include "nodes/pg_list.h"

#include "base/record.h"
#include "store/catalog.h"
#include "store/table_io.h"

/* Where objects of one kind are kept. */
typedef struct ObjectStore
{
	const RecordDef *def;
	OmsRelation table;
	OmsRelation events;
	size_t		account;		/* offset of the object's account; 0: it has none */
} ObjectStore;

extern const ObjectStore oms_order_store;
extern const ObjectStore oms_execution_store;

/* The account that the object belongs to, or NULL. */
extern const char *oms_object_account(const ObjectStore *store, const void *record);

/* Read the row with this id into `record`; false if there is none. */
extern bool oms_object_find(const ObjectStore *store, Table *table, const char *id, void *record,
							ItemPointer tid);

/* The root of the object's tree, and nothing else of its row; NULL if there is none. */
extern char *oms_object_find_root(const ObjectStore *store, Table *table, const char *id);

/* Lock the row that oms_object_find() found last, and read its newest version. */
extern bool oms_object_lock(const ObjectStore *store, Table *table, void *record, ItemPointer tid);

/* The ids of all objects with this key, in no order. */
extern List *oms_object_ids(Table *table, TableKey key, const Datum *values);
extern List *oms_object_ids_of(Table *table, TableKey key, const Datum *const *values, int count);

/* Has a committed row, or one in flight that then commits, this id? */
extern bool oms_object_taken(Table *table, const char *id);

/* Insert the row, and tell where.  False if the id is taken. */
extern bool oms_object_insert(const ObjectStore *store, Table *table, const void *record,
							  bool id_is_given, ItemPointer tid);
extern void oms_object_update(const ObjectStore *store, Table *table, const void *record, ItemPointer tid);

#endif							/* OMS_ROWS_H */
