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

/* Read the row with this id into `object`; false if there is none. */
extern bool oms_object_find(const KindDef *kind, Table *table, const char *id, Object *object,
							ItemPointer tid);

/* Read the row at `tid`, which our lock or our writing keeps; false if a trigger has taken it away. */
extern bool oms_object_read_at(const KindDef *kind, Table *table, ItemPointer tid, Object *object);

/* The root of the object's tree, and nothing else of its row; NULL if there is none. */
extern char *oms_object_find_root(Table *table, const char *id);

/*
 * The same, and `object` too if it is that root; else NULL.  False if there is no
 * such object.
 */
extern bool oms_object_find_tree(const KindDef *kind, Table *table, const char *id, char **root_id, Object **object,
								 ItemPointer tid);

/*
 * Lock the row at `tid` that `object` was read from, in this statement, and read
 * its newest version; where `object` points to NULL, that is read if it is another
 * one than was seen.  BUSY: somebody has it, and we are not to wait.
 */
typedef enum LockResult
{
	LOCK_DONE,
	LOCK_GONE,
	LOCK_BUSY
} LockResult;
extern LockResult oms_object_lock(const KindDef *kind, Table *table, Object **object, ItemPointer tid, bool wait);

/* The rows of all objects with this key, for each set of values in turn; NULL asks for null. */
extern void oms_object_each(Table *table, int key, const char *const *const *values, int count, OmsRowCallback callback, void *arg);

/* The id of the row that was read last, and all of it. */
extern char *oms_object_id_of(Table *table);
extern void oms_object_read(const KindDef *kind, Table *table, Object *object, ItemPointer tid);

/* Their ids. */
extern List *oms_object_ids_of(Table *table, int key, const char *const *const *values, int count);

/* 40001 if there is one with this key that the transaction's snapshot, at REPEATABLE READ and above, does not see. */
extern void oms_object_check_unseen(Table *table, int key, const char *const *values);

/* Has a committed row, or one in flight that then commits, this id? */
extern bool oms_object_taken(Table *table, const char *id);

/* Insert the row, and tell where.  False if the id is taken. */
extern bool oms_object_insert(Table *table, const Object *object, bool id_is_given, ItemPointer tid);
extern void oms_object_update(Table *table, const Object *object, ItemPointer tid);

#endif							/* OMS_ROWS_H */
