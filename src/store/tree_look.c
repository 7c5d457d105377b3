/*-------------------------------------------------------------------------
 *
 * tree_look.c
 *	  Looking, without a lock, for the trees that commands name.
 *
 * What a whole call names is read once; of what there is no room for only the
 * place of its root is kept.  Takes no lock, writes nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/hsearch.h"

#include "base/damage.h"
#include "base/moment.h"
#include "store/sight.h"
#include "store/trees_private.h"

typedef struct LinkKey
{
	ObjectKind	kind;
	Reach		reach;
	char		id[ID_LENGTH_MAX + 1];
} LinkKey;

/* ------------------------------------------------------------------------
 * what is named
 *
 * Many commands of a batch may name the same: it is looked for once.
 * ------------------------------------------------------------------------
 */

static int
look_compare_names(const void *a, const void *b)
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

void
oms_trees_sort_names(Locking *locking)
{
	TreeNames  *names = locking->names;

	locking->sorted = palloc(sizeof(TreeName *) * Max(names->count, 1));
	for (int i = 0; i < names->count; i++)
		locking->sorted[i] = &names->names[i];
	qsort(locking->sorted, names->count, sizeof(TreeName *), look_compare_names);
}

/* ------------------------------------------------------------------------
 * looking, without a lock
 * ------------------------------------------------------------------------
 */

static List *
look_add_reference(List *list, ObjectKind kind, const char *id, Reach reach)
{
	Reference  *reference = palloc(sizeof(Reference));

	*reference = (Reference) {kind, id, reach};
	return lappend(list, reference);
}

static void
look_note_link(Locking *locking, ObjectKind kind, const char *id, Reach reach)
{
	LinkKey		key;
	bool		seen;
	MemoryContext old;

	if (locking->seen == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(LinkKey), .entrysize = sizeof(LinkKey), .hcxt = locking->memory};

		locking->seen = hash_create("oms links", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	/* hashed as bytes, its padding too */
	memset(&key, 0, sizeof(key));
	key.kind = kind;
	key.reach = reach;
	strlcpy(key.id, id, sizeof(key.id));
	(void) hash_search(locking->seen, &key, HASH_ENTER, &seen);
	if (seen)
		return;
	old = MemoryContextSwitchTo(locking->memory);
	locking->linked = look_add_reference(locking->linked, kind, pstrdup(id), reach);
	MemoryContextSwitchTo(old);
}

/* What a root links to may be the root of another tree: whoever follows the links meets such. */
static void
look_note_links(Locking *locking, const Object *root)
{
	const KindDef *kind = oms_kind_of(root);

	for (int i = 0; i < KIND_LINKS_MAX && kind->links[i] != 0; i++)
	{
		const char *id = *(char *const *) ((const char *) root + kind->links[i]);

		if (id)
			look_note_link(locking, root->kind, id, REACH_OWN);
	}
}

typedef struct TieNote
{
	Locking    *locking;
	ObjectKind	kind;
	Reach		reach;			/* from there on */
} TieNote;

static void
look_note_tie(const char *id, void *arg)
{
	const TieNote *note = arg;

	look_note_link(note->locking, note->kind, id, note->reach);
}

static void
look_note_ties(Locking *locking, const Object *root, Reach reach)
{
	const KindDef *kind = oms_kind_of(root);
	TieNote		note = {locking, kind->root_kind, reach == REACH_TIED ? reach : REACH_OWN};

	if (reach != REACH_OWN && kind->ties)
		kind->ties(root, reach, look_note_tie, &note);
}

/*
 * Where rows are read.  What a whole call names is kept until its turn as far as there
 * is room for it; of the rest no more than where it is.
 */
MemoryContext
oms_trees_begin_rows(Locking *locking)
{
	UnitOfWork *uow = locking->uow;
	MemoryContext early;

	if (!locking->of_all)
		return CurrentMemoryContext;
	early = oms_uow_early_memory(uow);
	if (early == NULL && locking->scratch == NULL)
		locking->scratch = AllocSetContextCreate(locking->memory, "oms root", ALLOCSET_DEFAULT_SIZES);
	uow->memory = early ? early : locking->scratch;
	return MemoryContextSwitchTo(uow->memory);
}

static bool
look_keeps_rows(const Locking *locking)
{
	return CurrentMemoryContext != locking->scratch;
}

void
oms_trees_end_rows(Locking *locking, MemoryContext old)
{
	if (!look_keeps_rows(locking))
		MemoryContextReset(locking->scratch);
	MemoryContextSwitchTo(old);
}

static void
look_want(Locking *locking, const Wanted *as_read)
{
	bool		keeps = look_keeps_rows(locking);
	MemoryContext old = MemoryContextSwitchTo(locking->memory);
	Wanted	   *wanted = memcpy(palloc(sizeof(Wanted)), as_read, sizeof(Wanted));

	if (!keeps)
	{
		wanted->id = pstrdup(wanted->id);
		wanted->was_read = wanted->object != NULL;
		wanted->updated_at = wanted->object ? wanted->object->tree_updated_at : NO_TIME;
		wanted->object = NULL;
	}
	locking->wanted = lappend(locking->wanted, wanted);
	MemoryContextSwitchTo(old);
}

/* The root of a tree that may not be locked yet, or NULL; what is read of it, it is locked by later. */
static const Object *
look_look_at_root(const Locking *locking, Wanted *wanted)
{
	Tracked    *root = oms_map_peek(locking->uow->map, wanted->kind, wanted->id);
	ItemPointerData tid;
	Object	   *object;

	if (root && (look_keeps_rows(locking) || root->now))
		return oms_map_find(locking->uow->map, wanted->kind, wanted->id)->now;
	if (wanted->object)
		return wanted->object;
	object = palloc(oms_kinds[wanted->kind].record->size);
	if (!oms_object_find(&oms_kinds[wanted->kind], oms_trees_table(locking, wanted->kind), wanted->id, object, &tid) ||
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
look_read_and_want(Locking *locking, ObjectKind kind, const char *id, Reach reach, bool searched, const char **root_id)
{
	UnitOfWork *uow = locking->uow;
	const KindDef *def = &oms_kinds[kind];
	Tracked    *t = oms_map_find(uow->map, kind, id);
	Wanted		wanted = {.kind = kind, .of_kind = def, .of_id = id};
	const Object *root;
	char	   *found;
	bool		is_root;

	if (t == NULL && !oms_object_find_tree(def, oms_trees_table(locking, kind), id, &found, &wanted.object, &wanted.tid))
		return false;
	wanted.id = *root_id = t ? t->now->root_id : found;
	is_root = t ? oms_object_is_root(t->now) : wanted.object != NULL;
	if (!is_root)
		wanted.kind = def->root_kind;
	if (reach != REACH_OWN && (root = look_look_at_root(locking, &wanted)) != NULL)
		look_note_ties(locking, root, reach);
	if (t == NULL && !is_root && oms_map_peek(uow->map, wanted.kind, wanted.id) != NULL)
		return !look_keeps_rows(locking) || oms_uow_load(uow, kind, id, searched) != NULL;
	if (t == NULL && !is_root && searched)
		return false;
	if (t == NULL)
		look_want(locking, &wanted);
	if (is_root)
		look_note_links(locking, t ? t->now : wanted.object);
	return true;
}

static bool
look_look_up(Locking *locking, ObjectKind kind, const char *id, Reach reach, bool searched, const char **root_id)
{
	Tracked    *t = locking->of_all ? oms_map_peek(locking->uow->map, kind, id) : NULL;
	MemoryContext old;
	bool		found;

	CHECK_FOR_INTERRUPTS();
	/* it is locked as it was seen: whom it links to was noted then */
	if (t && t->now == NULL)
	{
		*root_id = t->id;
		return true;
	}
	old = oms_trees_begin_rows(locking);
	found = look_read_and_want(locking, kind, id, reach, searched, root_id);
	if (found && !look_keeps_rows(locking))
		*root_id = MemoryContextStrdup(locking->memory, *root_id);
	oms_trees_end_rows(locking, old);
	return found;
}

/*
 * May the caller not see what he names?  Asked of its row before its tree is locked,
 * so that he waits for nobody, and of the locked row again.
 */
static bool
look_is_hidden(Locking *locking, ObjectKind kind, const char *id)
{
	UnitOfWork *uow = locking->uow;
	const Object *object;
	MemoryContext old;
	int			nread;
	bool		hidden;

	if (locking->names->hides_all)
		return true;
	if (likely(!uow->limited))
		return false;
	old = oms_trees_begin_rows(locking);
	nread = list_length(oms_map_objects(uow->map));
	object = oms_uow_peek_any(uow, kind, id);
	hidden = object && !oms_uow_sees(uow, object);
	/* of what is locked and has no room, this was read to ask, and goes with its memory */
	if (!look_keeps_rows(locking))
		oms_map_unread(uow->map, nread);
	oms_trees_end_rows(locking, old);
	return hidden;
}

void
oms_trees_look_up_named(Locking *locking)
{
	TreeName   *last = NULL;

	for (int i = 0; i < locking->names->count; i++)
	{
		TreeName   *name = locking->sorted[i];

		if (name->key != OBJECT_BY_ID)
			continue;
		if (last && look_compare_names(&last, &name) == 0)
		{
			name->absent = last->absent;
			name->hidden = last->hidden;
			name->root_id = last->root_id;
		}
		else
		{
			name->hidden = look_is_hidden(locking, name->kind, name->values[0]);
			name->absent = name->hidden || !look_look_up(locking, name->kind, name->values[0], name->reach, false, &name->root_id);
		}
		locking->uow->hides |= name->hidden;
		last = name;
	}
}

void
oms_trees_look_up_found_and_linked(Locking *locking)
{
	const char *root_id;
	ListCell   *cell;

	foreach(cell, locking->found)
	{
		Reference  *found = lfirst(cell);

		(void) look_look_up(locking, found->kind, found->id, found->reach, true, &root_id);
	}
	/* it grows as we go */
	for (int i = 0; i < list_length(locking->linked); i++)
	{
		Reference  *link = list_nth(locking->linked, i);

		(void) look_look_up(locking, link->kind, link->id, link->reach, false, &root_id);
	}
}

void
oms_trees_search(Locking *locking)
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
		if (last && look_compare_names(&last, &name) == 0)
		{
			name->absent = last->absent;
			continue;
		}
		last = name;
		/* no root's row tells of what somebody began since our snapshot */
		oms_object_check_unseen(oms_trees_table(locking, name->kind), name->key, values);
		ids = oms_object_ids_of(oms_trees_table(locking, name->kind), name->key, &values, 1);
		name->absent = ids == NIL;
		foreach(cell, ids)
			locking->found = look_add_reference(locking->found, name->kind, lfirst(cell), name->reach);
	}
}
