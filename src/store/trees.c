/*-------------------------------------------------------------------------
 *
 * trees.c
 *	  Locking the trees that commands name.
 *
 * A tree is locked by its root's row, FOR NO KEY UPDATE.  It alone takes these
 * locks; writes nothing.  tree_look.c finds what is to be locked, tree_guards.c
 * keeps away what is not there.
 *
 * Everybody locks in one order: first guards by their hash, then trees by id and
 * kind of their root.  So no two statements wait for each other in a circle.  Roots
 * are read before they are locked and again afterwards; where one has moved
 * meanwhile (what waited has found its place in another tree), we start over, and
 * then it may be too late to wait: a lock that stands before one that we hold, or
 * any at all once we hold the row of what is no root any more, is taken only if it is
 * free.  Otherwise the statement ends with 40001, and finds other trees when it is
 * repeated.
 *
 * Some commands reach further than the tree of what they name: from its root, as
 * it is read and read again, to roots that are tied to it (KindDef).
 *
 * What is not there when the trees are looked for stays away for the command,
 * whoever commits it meanwhile.  If the command makes the same, the claim says so.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/damage.h"
#include "base/moment.h"
#include "store/sight.h"
#include "store/trees_private.h"

pg_noreturn void
oms_trees_raise_busy(const TreeName *name)
{
	const char *id = NULL;

	for (int i = 0; i < KEY_COLUMNS_MAX; i++)
		id = name->values[i] ? name->values[i] : id;
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to a concurrent change of %s \"%s\"",
					oms_kind_noun(name->kind), id ? id : ""),
			 errdetail("It is locked, and was found to be needed after others that are locked in a fixed order."),
			 errhint("Repeat the transaction.")));
}

/* ------------------------------------------------------------------------
 * locking
 * ------------------------------------------------------------------------
 */

static int
trees_compare_roots(const char *id, ObjectKind kind, const char *other_id, ObjectKind other_kind)
{
	int			order = strcmp(id, other_id);

	return order != 0 ? order : (int) kind - (int) other_kind;
}

/* One that was read itself before one that is known from others. */
static int
trees_compare_wanted(const ListCell *a, const ListCell *b)
{
	const Wanted *first = lfirst(a);
	const Wanted *second = lfirst(b);
	int			order = trees_compare_roots(first->id, first->kind, second->id, second->kind);

	return order != 0 ? order : (first->object == NULL) - (second->object == NULL);
}

/* False if it is not there. */
static bool
trees_read_root(const Locking *locking, Wanted *wanted)
{
	const KindDef *kind = &oms_kinds[wanted->kind];
	char	   *root_id;

	wanted->object = palloc(kind->record->size);
	if (oms_object_find(kind, oms_trees_table(locking, wanted->kind), wanted->id, wanted->object, &wanted->tid) &&
		oms_object_is_root(wanted->object))
		return true;
	root_id = oms_object_find_root(oms_trees_table(locking, wanted->of_kind->kind), wanted->of_id);
	if (root_id && strcmp(root_id, wanted->id) == 0)
		oms_damaged("%s \"%s\", the root of \"%s\", does not exist or is no root",
					oms_kind_noun(wanted->kind), wanted->id, wanted->of_id);
	return false;
}

/*
 * What is locked is in the identity map; what there is no room for is read when it is
 * asked for, unless it is not what was seen: that is looked at once more.
 */
static void
trees_note_root(const Locking *locking, const Wanted *wanted, bool is_next, bool as_seen)
{
	UnitOfWork *uow = locking->uow;
	Object	   *object = wanted->object;
	TimestampTz updated_at = object ? object->tree_updated_at : wanted->updated_at;
	MemoryContext old = MemoryContextSwitchTo(uow->call);
	Tracked    *t;

	if (object && GetMemoryChunkContext(object) == locking->scratch && !as_seen)
		object = oms_record_copy(oms_kind_of(object)->record, object);
	else if (object && GetMemoryChunkContext(object) == locking->scratch)
		object = NULL;
	t = object ? oms_map_add(uow->map, object, &wanted->tid) : oms_map_add_place(uow->map, wanted->kind, wanted->id, &wanted->tid);
	if (updated_at != NO_TIME)
		uow->newest = Max(uow->newest, updated_at);
	if (is_next)
	{
		uow->last_kind = &oms_kinds[wanted->kind];
		uow->last_root = locking->of_all || uow->memory == uow->call || t->id_lasts ? t->id : pstrdup(t->id);
	}
	MemoryContextSwitchTo(old);
}

static void
trees_lock_root(Locking *locking, Wanted *wanted)
{
	UnitOfWork *uow = locking->uow;
	bool		is_next = uow->last_kind == NULL ||
		trees_compare_roots(wanted->id, wanted->kind, uow->last_root, uow->last_kind->kind) > 0;
	ItemPointerData seen_at;
	LockResult	result;

	CHECK_FOR_INTERRUPTS();
	if (oms_map_peek(uow->map, wanted->kind, wanted->id) != NULL)
		return;
	if (wanted->object == NULL && !wanted->was_read && !trees_read_root(locking, wanted))
		result = LOCK_GONE;
	else
	{
		seen_at = wanted->tid;
		result = oms_object_lock(&oms_kinds[wanted->kind], oms_trees_table(locking, wanted->kind), &wanted->object, &wanted->tid,
								 is_next && !uow->holds_other && !uow->never_waits);
	}
	if (result == LOCK_BUSY && uow->never_waits)
	{
		uow->is_busy = true;
		return;
	}
	if (result == LOCK_BUSY)
		oms_trees_raise_busy(&(TreeName) {.kind = wanted->kind, .values = {wanted->id}});
	if (result == LOCK_GONE || (wanted->object && !oms_object_is_root(wanted->object)))
	{
		locking->moved = true;
		uow->holds_other |= result == LOCK_DONE;
		return;
	}
	trees_note_root(locking, wanted, is_next, ItemPointerEquals(&seen_at, &wanted->tid));
}

static void
trees_lock_wanted(Locking *locking)
{
	ListCell   *cell;

	list_sort(locking->wanted, trees_compare_wanted);
	locking->moved = false;
	foreach(cell, locking->wanted)
	{
		Wanted	   *wanted = lfirst(cell);
		MemoryContext old = oms_trees_begin_rows(locking);

		/* what has room already, keeps it */
		if (wanted->object)
			MemoryContextSwitchTo(GetMemoryChunkContext(wanted->object));
		trees_lock_root(locking, wanted);
		oms_trees_end_rows(locking, old);
	}
}

static bool
trees_lock(Locking *locking, bool searched)
{
	UnitOfWork *uow = locking->uow;
	bool		search_now = !searched;

	locking->memory = CurrentMemoryContext;
	oms_trees_sort_names(locking);
	uow->named = *locking->names;
	uow->is_busy = false;
	for (;;)
	{
		locking->linked = locking->wanted = NIL;
		locking->seen = NULL;
		uow->hides = false;
		oms_trees_look_up_named(locking);
		if (search_now)
		{
			oms_trees_lock_guards(locking);
			oms_trees_search(locking);
		}
		oms_trees_look_up_found_and_linked(locking);
		/* a hash table has memory of its own, and a batch locks for each of its commands */
		if (locking->seen)
			hash_destroy(locking->seen);
		if (locking->wanted == NIL)
			return true;
		trees_lock_wanted(locking);
		if (uow->is_busy)
			return false;
		/* what was granted or revoked while we waited */
		oms_sight_ask(uow);
		search_now = locking->moved;
	}
}

/* Each command that names something of a tree will use it; work.c counts them off. */
static void
trees_count_uses(UnitOfWork *uow, const TreeNames *names)
{
	uow->named_ahead = MemoryContextAllocHuge(uow->call, sizeof(NamedAhead) * Max(names->count, 1));
	for (int i = 0; i < names->count; i++)
	{
		const TreeName *name = &names->names[i];
		Tracked    *root;

		if (name->key != OBJECT_BY_ID || name->absent || name->root_id == NULL)
			continue;
		root = oms_map_peek(uow->map, oms_kinds[name->kind].root_kind, name->root_id);
		if (root == NULL)
			root = oms_map_peek(uow->map, name->kind, name->root_id);
		if (root == NULL)
			continue;
		root->uses++;
		uow->named_ahead[uow->nnamed_ahead++] = (NamedAhead) {root, name->command};
	}
}

bool
oms_trees_lock(UnitOfWork *uow, TreeNames *names, bool searched)
{
	Locking		locking = {.uow = uow, .names = names};

	return trees_lock(&locking, searched);
}

void
oms_trees_lock_all(UnitOfWork *uow, TreeNames *names)
{
	Locking		locking = {.uow = uow, .names = names, .of_all = true};

	(void) trees_lock(&locking, false);
	trees_count_uses(uow, names);
	/* nothing of this is asked for any more */
	uow->named = (TreeNames) {0};
	uow->memory = uow->call;
}
