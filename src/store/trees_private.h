/*-------------------------------------------------------------------------
 *
 * trees_private.h
 *	  What trees.c, tree_look.c and tree_guards.c share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_TREES_PRIVATE_H
#define OMS_TREES_PRIVATE_H

#include "postgres.h"

#include "utils/hsearch.h"

#include "store/trees.h"
#include "store/work_private.h"

/* A root that has to be locked. */
typedef struct Wanted
{
	ObjectKind	kind;
	const char *id;
	Object	   *object;			/* as it was read; NULL: known from another object only */
	ItemPointerData tid;
	const KindDef *of_kind;		/* that one */
	const char *of_id;
	bool		was_read;		/* … and nothing of it is kept but `tid` and … */
	TimestampTz updated_at;		/* … when its tree was */
} Wanted;

typedef struct Locking
{
	UnitOfWork *uow;
	MemoryContext memory;		/* of all of this */
	bool		of_all;			/* commands of the call */
	MemoryContext scratch;		/* for rows of which there is no room to keep more than where they are; NULL until then */
	TreeNames  *names;
	TreeName  **sorted;			/* the same, equal ones side by side */
	List	   *found;			/* what the searches led to: of Reference */
	bool		guarded;		/* in an earlier round */

	/* in this round */
	List	   *linked;			/* what links and ties of roots lead to: of Reference */
	HTAB	   *seen;			/* … each once, by LinkKey */
	List	   *wanted;			/* of Wanted */
	bool		moved;			/* what was to be locked is gone, or no root any more */
} Locking;

typedef struct Reference
{
	ObjectKind	kind;
	const char *id;
	Reach		reach;
} Reference;

static inline Table *
oms_trees_table(const Locking *locking, ObjectKind kind)
{
	return oms_tables_get(locking->uow->tables, OMS_OBJECTS_OF(kind));
}

/* 40001: it may not be waited for. */
pg_noreturn extern void oms_trees_raise_busy(const TreeName *name);

/* tree_guards.c: the locks that keep away what the searches among the names would find. */
extern void oms_trees_lock_guards(Locking *locking);

/* tree_look.c: sorts the names, so that equal ones are looked for once. */
extern void oms_trees_sort_names(Locking *locking);
/* … finds what is named by its id, what is searched for, and what roots lead to; adds what is not locked yet to `wanted`. */
extern void oms_trees_look_up_named(Locking *locking);
extern void oms_trees_search(Locking *locking);
extern void oms_trees_look_up_found_and_linked(Locking *locking);
/* … the memory of rows that are read, between these two. */
extern MemoryContext oms_trees_begin_rows(Locking *locking);
extern void oms_trees_end_rows(Locking *locking, MemoryContext old);

#endif							/* OMS_TREES_PRIVATE_H */
