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

#include "core/kind.h"
#include "store/catalog.h"
#include "store/table_io.h"

/* The first key of every kind's table; kind.c holds it against that.  The others are the kind's own. */
#define OBJECT_BY_ID	0

/* Read the row with this id into `object`; false if there is none. */
extern bool oms_object_find(const KindDef *kind, Table *table, const char *id, Object *object,
							ItemPointer tid);

/* The root of the object's tree, and nothing else of its row; NULL if there is none. */
extern char *oms_object_find_root(Table *table, const char *id);

/* Lock the row that oms_object_find() found last, and read its newest version. */
extern bool oms_object_lock(Table *table, Object *object, ItemPointer tid);

/* The ids of all objects with this key, in no order. */
extern List *oms_object_ids(Table *table, int key, const Datum *values);
extern List *oms_object_ids_of(Table *table, int key, const Datum *const *values, int count);

/* Has a committed row, or one in flight that then commits, this id? */
extern bool oms_object_taken(Table *table, const char *id);

/* Insert the row, and tell where.  False if the id is taken. */
extern bool oms_object_insert(Table *table, const Object *object, bool id_is_given, ItemPointer tid);
extern void oms_object_update(Table *table, const Object *object, ItemPointer tid);

#endif							/* OMS_ROWS_H */
