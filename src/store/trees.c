/*-------------------------------------------------------------------------
 *
 * trees.c
 *	  Locking the trees that commands name.
 *
 * A tree is locked by its root's row, FOR NO KEY UPDATE.  It alone takes these
 * locks, and the guards of searches; writes nothing.
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

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "base/damage.h"
#include "base/moment.h"
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
} Wanted;

typedef struct Locking
{
	UnitOfWork *uow;
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

typedef struct LinkKey
{
	ObjectKind	kind;
	Reach		reach;
	char		id[ID_LENGTH_MAX + 1];
} LinkKey;

typedef struct Reference
{
	ObjectKind	kind;
	const char *id;
	Reach		reach;
} Reference;

static Table *
trees_table(const Locking *locking, ObjectKind kind)
{
	return oms_tables_get(locking->uow->tables, OMS_OBJECTS_OF(kind));
}

pg_noreturn static void
trees_raise_busy(const TreeName *name)
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
 * guards of searches
 *
 * Locks that no SQL function gives: nobody can hold them but for this.  One for
 * each value that is searched for, and one of all that each transaction shares;
 * one with very many takes that for itself instead, or the server's table of
 * locks would be full.
 * ------------------------------------------------------------------------
 */

#define GUARDS_MAX	1000

enum GuardLock
{
	GUARD_ONE,
	GUARD_ALL
};

typedef struct Guard
{
	uint32		hash;
	const TreeName *search;
} Guard;

static int
trees_compare_guards(const void *a, const void *b)
{
	uint32		first = ((const Guard *) a)->hash;
	uint32		second = ((const Guard *) b)->hash;

	return first < second ? -1 : first > second;
}

static uint32
trees_hash_text(const char *text)
{
	return text ? hash_bytes((const unsigned char *) text, strlen(text)) : 0;
}

static uint32
trees_guard_hash(const TreeName *search)
{
	uint32		hash = trees_hash_text(search->guard_scope);

	for (int i = 0; i < KEY_COLUMNS_MAX; i++)
		hash = hash_combine(hash, trees_hash_text(search->values[i]));
	return hash;
}

static void
trees_lock_guard(const UnitOfWork *uow, const TreeName *search, uint32 hash, enum GuardLock which, LOCKMODE mode)
{
	Oid			table = oms_relation(OMS_OBJECTS_OF(search->kind));

	/* trees come after guards: while one is held, nobody is waited for */
	if (uow->last_kind == NULL && !uow->holds_other)
		LockDatabaseObject(table, hash, which, mode);
	else if (!ConditionalLockDatabaseObject(table, hash, which, mode))
		trees_raise_busy(search);
}

static bool
trees_needs_guard(const TreeNames *names, const TreeName *name)
{
	return name->guard_scope && (name->unless == NOT_NAMED || names->names[name->unless].absent);
}

static void
trees_lock_guards(Locking *locking)
{
	static uint64 counted_in = 0;
	static int	count = 0;
	const TreeNames *names = locking->names;
	Guard	   *guards = palloc(sizeof(Guard) * names->count);
	int			n = 0;

	for (int i = 0; i < names->count; i++)
		if (trees_needs_guard(names, &names->names[i]))
			guards[n++] = (Guard) {trees_guard_hash(&names->names[i]), &names->names[i]};
	if (n == 0)
		return;
	qsort(guards, n, sizeof(Guard), trees_compare_guards);
	if (counted_in != oms_uow_xid(locking->uow))
		count = 0;
	counted_in = oms_uow_xid(locking->uow);
	/* once for all rounds: who holds the shared one must not come to want it for itself */
	if (!locking->guarded)
		count += n;
	locking->guarded = true;
	if (count > GUARDS_MAX)
	{
		trees_lock_guard(locking->uow, guards[0].search, 0, GUARD_ALL, ExclusiveLock);
		return;
	}
	trees_lock_guard(locking->uow, guards[0].search, 0, GUARD_ALL, RowExclusiveLock);
	for (int i = 0; i < n; i++)
		trees_lock_guard(locking->uow, guards[i].search, guards[i].hash, GUARD_ONE, ExclusiveLock);
}

/* ------------------------------------------------------------------------
 * what is named
 *
 * Many commands of a batch may name the same: it is looked for once.
 * ------------------------------------------------------------------------
 */

static int
trees_compare_names(const void *a, const void *b)
{
	const TreeName *first = *(const TreeName *const *) a;
	const TreeName *second = *(const TreeName *const *) b;
	int			order = (int) first->kind - (int) second->kind;

	if (order == 0)
		order = first->key - second->key;
	if (order == 0)
		order = (int) first->reach - (int) second->reach;
	for (int i = 0; i < KEY_COLUMNS_MAX && order == 0; i++)
	{
		const char *value = first->values[i];
		const char *other = second->values[i];

		order = value && other ? strcmp(value, other) : (value != NULL) - (other != NULL);
	}
	return order;
}

static void
trees_sort_names(Locking *locking)
{
	TreeNames  *names = locking->names;

	locking->sorted = palloc(sizeof(TreeName *) * Max(names->count, 1));
	for (int i = 0; i < names->count; i++)
		locking->sorted[i] = &names->names[i];
	qsort(locking->sorted, names->count, sizeof(TreeName *), trees_compare_names);
}

/* ------------------------------------------------------------------------
 * looking, without a lock
 * ------------------------------------------------------------------------
 */

static List *
trees_add_reference(List *list, ObjectKind kind, const char *id, Reach reach)
{
	Reference  *reference = palloc(sizeof(Reference));

	*reference = (Reference) {kind, id, reach};
	return lappend(list, reference);
}

static void
trees_note_link(Locking *locking, ObjectKind kind, const char *id, Reach reach)
{
	LinkKey		key;
	bool		seen;

	if (locking->seen == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(LinkKey), .entrysize = sizeof(LinkKey), .hcxt = CurrentMemoryContext};

		locking->seen = hash_create("oms links", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	/* hashed as bytes, its padding too */
	memset(&key, 0, sizeof(key));
	key.kind = kind;
	key.reach = reach;
	strlcpy(key.id, id, sizeof(key.id));
	(void) hash_search(locking->seen, &key, HASH_ENTER, &seen);
	if (!seen)
		locking->linked = trees_add_reference(locking->linked, kind, id, reach);
}

/* What a root links to may be the root of another tree: whoever follows the links meets such. */
static void
trees_note_links(Locking *locking, const Object *root)
{
	const KindDef *kind = oms_kind_of(root);

	for (int i = 0; i < KIND_LINKS_MAX && kind->links[i] != 0; i++)
	{
		const char *id = *(char *const *) ((const char *) root + kind->links[i]);

		if (id)
			trees_note_link(locking, root->kind, id, REACH_OWN);
	}
}

typedef struct TieNote
{
	Locking    *locking;
	ObjectKind	kind;
	Reach		reach;			/* from there on */
} TieNote;

static void
trees_note_tie(const char *id, void *arg)
{
	const TieNote *note = arg;

	trees_note_link(note->locking, note->kind, id, note->reach);
}

static void
trees_note_ties(Locking *locking, const Object *root, Reach reach)
{
	const KindDef *kind = oms_kind_of(root);
	TieNote		note = {locking, kind->root_kind, reach == REACH_TIED ? reach : REACH_OWN};

	if (reach != REACH_OWN && kind->ties)
		kind->ties(root, reach, trees_note_tie, &note);
}

static void
trees_want(Locking *locking, const Wanted *wanted)
{
	locking->wanted = lappend(locking->wanted, memcpy(palloc(sizeof(Wanted)), wanted, sizeof(Wanted)));
}

/* The root of a tree that may not be locked yet, or NULL; what is read of it, it is locked by later. */
static const Object *
trees_look_at_root(const Locking *locking, Wanted *wanted)
{
	Tracked    *root = oms_map_find(locking->uow->map, wanted->kind, wanted->id);
	ItemPointerData tid;
	Object	   *object;

	if (root)
		return root->now;
	if (wanted->object)
		return wanted->object;
	object = palloc(oms_kinds[wanted->kind].record->size);
	if (!oms_object_find(&oms_kinds[wanted->kind], trees_table(locking, wanted->kind), wanted->id, object, &tid) ||
		!oms_object_is_root(object))
		return NULL;
	wanted->object = object;
	wanted->tid = tid;
	return object;
}

/*
 * Read the object if its tree is locked; else its root is wanted.  A search
 * leads to roots: what has meanwhile found a place in a tree answers it no more.
 * False if it is not there.
 */
static bool
trees_look_up(Locking *locking, ObjectKind kind, const char *id, Reach reach, bool searched)
{
	UnitOfWork *uow = locking->uow;
	const KindDef *def = &oms_kinds[kind];
	Tracked    *t = oms_map_find(uow->map, kind, id);
	Wanted		wanted = {.kind = kind, .of_kind = def, .of_id = id};
	const Object *root;
	char	   *root_id;
	bool		is_root;

	CHECK_FOR_INTERRUPTS();
	if (t == NULL && !oms_object_find_tree(def, trees_table(locking, kind), id, &root_id, &wanted.object, &wanted.tid))
		return false;
	wanted.id = t ? t->now->root_id : root_id;
	is_root = t ? oms_object_is_root(t->now) : wanted.object != NULL;
	if (!is_root)
		wanted.kind = def->root_kind;
	if (reach != REACH_OWN && (root = trees_look_at_root(locking, &wanted)) != NULL)
		trees_note_ties(locking, root, reach);
	if (t == NULL && !is_root && oms_map_find(uow->map, wanted.kind, wanted.id) != NULL)
		return oms_uow_load(uow, kind, id, searched) != NULL;
	if (t == NULL && !is_root && searched)
		return false;
	if (t == NULL)
		trees_want(locking, &wanted);
	if (is_root)
		trees_note_links(locking, t ? t->now : wanted.object);
	return true;
}

static void
trees_look_up_named(Locking *locking)
{
	TreeName   *last = NULL;

	for (int i = 0; i < locking->names->count; i++)
	{
		TreeName   *name = locking->sorted[i];

		if (name->key != OBJECT_BY_ID)
			continue;
		if (last && trees_compare_names(&last, &name) == 0)
			name->absent = last->absent;
		else
			name->absent = !trees_look_up(locking, name->kind, name->values[0], name->reach, false);
		last = name;
	}
}

static void
trees_look_up_found_and_linked(Locking *locking)
{
	ListCell   *cell;

	foreach(cell, locking->found)
	{
		Reference  *found = lfirst(cell);

		(void) trees_look_up(locking, found->kind, found->id, found->reach, true);
	}
	/* it grows as we go */
	for (int i = 0; i < list_length(locking->linked); i++)
	{
		Reference  *link = list_nth(locking->linked, i);

		(void) trees_look_up(locking, link->kind, link->id, link->reach, false);
	}
}

static void
trees_search(Locking *locking)
{
	TreeName   *last = NULL;

	locking->found = NIL;
	for (int i = 0; i < locking->names->count; i++)
	{
		TreeName   *name = locking->sorted[i];
		const char *const *values = name->values;
		List	   *ids;
		ListCell   *cell;

		CHECK_FOR_INTERRUPTS();
		if (name->key == OBJECT_BY_ID)
			continue;
		if (last && trees_compare_names(&last, &name) == 0)
		{
			name->absent = last->absent;
			continue;
		}
		last = name;
		/* no root's row tells of what somebody began since our snapshot */
		oms_object_check_unseen(trees_table(locking, name->kind), name->key, values);
		ids = oms_object_ids_of(trees_table(locking, name->kind), name->key, &values, 1);
		name->absent = ids == NIL;
		foreach(cell, ids)
			locking->found = trees_add_reference(locking->found, name->kind, lfirst(cell), name->reach);
	}
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
	if (oms_object_find(kind, trees_table(locking, wanted->kind), wanted->id, wanted->object, &wanted->tid) &&
		oms_object_is_root(wanted->object))
		return true;
	root_id = oms_object_find_root(trees_table(locking, wanted->of_kind->kind), wanted->of_id);
	if (root_id && strcmp(root_id, wanted->id) == 0)
		oms_damaged("%s \"%s\", the root of \"%s\", does not exist or is no root",
					oms_kind_noun(wanted->kind), wanted->id, wanted->of_id);
	return false;
}

static void
trees_lock_root(Locking *locking, Wanted *wanted)
{
	UnitOfWork *uow = locking->uow;
	bool		is_next = uow->last_kind == NULL ||
		trees_compare_roots(wanted->id, wanted->kind, uow->last_root, uow->last_kind->kind) > 0;
	LockResult	result;

	CHECK_FOR_INTERRUPTS();
	if (oms_map_find(uow->map, wanted->kind, wanted->id) != NULL)
		return;
	if (wanted->object == NULL && !trees_read_root(locking, wanted))
		result = LOCK_GONE;
	else
		result = oms_object_lock(trees_table(locking, wanted->kind), wanted->object, &wanted->tid,
								 is_next && !uow->holds_other);
	if (result == LOCK_BUSY)
		trees_raise_busy(&(TreeName) {.kind = wanted->kind, .values = {wanted->id}});
	if (result == LOCK_GONE || !oms_object_is_root(wanted->object))
	{
		locking->moved = true;
		uow->holds_other |= result == LOCK_DONE;
		return;
	}
	oms_map_add(uow->map, wanted->object, &wanted->tid);
	if (wanted->object->tree_updated_at != NO_TIME)
		uow->newest = Max(uow->newest, wanted->object->tree_updated_at);
	if (is_next)
	{
		uow->last_root = wanted->object->id;
		uow->last_kind = &oms_kinds[wanted->kind];
	}
}

void
oms_trees_lock(UnitOfWork *uow, TreeNames *names, bool searched)
{
	Locking		locking = {.uow = uow, .names = names};
	bool		search_now = !searched;

	trees_sort_names(&locking);
	uow->named = *names;
	for (;;)
	{
		ListCell   *cell;

		locking.linked = locking.wanted = NIL;
		locking.seen = NULL;
		trees_look_up_named(&locking);
		if (search_now)
		{
			trees_lock_guards(&locking);
			trees_search(&locking);
		}
		trees_look_up_found_and_linked(&locking);
		/* a hash table has memory of its own, and a batch locks for each of its commands */
		if (locking.seen)
			hash_destroy(locking.seen);
		if (locking.wanted == NIL)
			return;
		list_sort(locking.wanted, trees_compare_wanted);
		locking.moved = false;
		foreach(cell, locking.wanted)
			trees_lock_root(&locking, lfirst(cell));
		search_now = locking.moved;
	}
}
