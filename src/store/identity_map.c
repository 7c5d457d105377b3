/*-------------------------------------------------------------------------
 *
 * identity_map.c
 *	  The objects of one unit of work: each is there once.
 *
 * Memory only; takes no lock and writes no table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "store/identity_map.h"

#define INITIAL_SIZE 8

typedef struct MapEntry
{
	const char *id;
	Tracked    *tracked;
	uint32		status;			/* for simplehash */
} MapEntry;

#define SH_PREFIX ids
#define SH_ELEMENT_TYPE MapEntry
#define SH_KEY_TYPE const char *
#define SH_KEY id
#define SH_HASH_KEY(tb, key) hash_bytes((const unsigned char *) (key), strlen(key))
#define SH_EQUAL(tb, a, b) (strcmp(a, b) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Objects of two kinds may have the same id. */
struct IdentityMap
{
	MemoryContext context;
	MapReader	reader;
	void	   *arg;
	ids_hash   *ids[KINDS_MAX];	/* each made when it is needed */
	List	   *objects;		/* those that are read */
};

IdentityMap *
oms_map_create(MapReader reader, void *arg)
{
	IdentityMap *map = palloc0(sizeof(IdentityMap));

	map->context = CurrentMemoryContext;
	map->reader = reader;
	map->arg = arg;
	return map;
}

Tracked *
oms_map_peek(const IdentityMap *map, ObjectKind kind, const char *id)
{
	MapEntry   *entry = map->ids[kind] ? ids_lookup(map->ids[kind], id) : NULL;

	return entry ? entry->tracked : NULL;
}

static void
map_list(IdentityMap *map, Tracked *t)
{
	MemoryContext old = MemoryContextSwitchTo(map->context);

	map->objects = lappend(map->objects, t);
	MemoryContextSwitchTo(old);
}

Tracked *
oms_map_find(IdentityMap *map, ObjectKind kind, const char *id)
{
	Tracked    *t = oms_map_peek(map, kind, id);

	if (t && unlikely(t->now == NULL))
	{
		map->reader(map->arg, kind, t);
		map_list(map, t);
	}
	return t;
}

static Tracked *
map_put(IdentityMap *map, ObjectKind kind, const Tracked *tracked)
{
	Tracked    *t = MemoryContextAlloc(map->context, sizeof(Tracked));
	bool		found;
	MapEntry   *entry;

	*t = *tracked;
	if (map->ids[kind] == NULL)
		map->ids[kind] = ids_create(map->context, INITIAL_SIZE, NULL);
	entry = ids_insert(map->ids[kind], t->id, &found);
	Assert(!found);
	entry->tracked = t;
	return t;
}

Tracked *
oms_map_add(IdentityMap *map, Object *object, const ItemPointerData *tid)
{
	Tracked    *t = map_put(map, object->kind, &(Tracked) {.now = object, .id = object->id, .tid = *tid});

	map_list(map, t);
	return t;
}

Tracked *
oms_map_add_place(IdentityMap *map, ObjectKind kind, const char *id, const ItemPointerData *tid)
{
	return map_put(map, kind, &(Tracked) {.id = MemoryContextStrdup(map->context, id), .id_lasts = true, .tid = *tid});
}

List *
oms_map_objects(IdentityMap *map)
{
	return map->objects;
}

void
oms_map_unread(IdentityMap *map, int count)
{
	for (int i = count; i < list_length(map->objects); i++)
	{
		Tracked    *t = list_nth(map->objects, i);

		Assert(t->id_lasts && !t->dirty);
		t->now = NULL;
	}
	map->objects = list_truncate(map->objects, count);
}

void
oms_map_drop(IdentityMap *map, const List *objects)
{
	List	   *kept = NIL;
	ListCell   *cell;

	foreach(cell, objects)
	{
		const Object *object = lfirst(cell);
		Tracked    *t = oms_map_peek(map, object->kind, object->id);

		if (t == NULL)
			continue;
		t->gone = true;
		ids_delete(map->ids[object->kind], object->id);
	}
	foreach(cell, map->objects)
		if (!((Tracked *) lfirst(cell))->gone)
			kept = lappend(kept, lfirst(cell));
	list_free(map->objects);
	map->objects = kept;
}

static void
map_keep_id(IdentityMap *map, ids_hash *ids, Tracked *t)
{
	if (t->id_lasts)
		return;
	t->id = MemoryContextStrdup(map->context, t->id);
	t->id_lasts = true;
	ids_lookup(ids, t->id)->id = t->id;
}

void
oms_map_forget(IdentityMap *map, bool (*lasts) (void *arg, Tracked *t), void *arg)
{
	int			kept = 0;
	ListCell   *cell;

	foreach(cell, map->objects)
	{
		Tracked    *t = lfirst(cell);
		ids_hash   *ids = map->ids[t->now->kind];
		bool		is_root = oms_object_is_root(t->now);
		bool		stays = lasts(arg, t);

		if (stays || is_root)
			map_keep_id(map, ids, t);
		if (stays)
			lfirst(list_nth_cell(map->objects, kept++)) = t;
		else if (is_root)
			t->now = NULL;
		else
		{
			ids_delete(ids, t->id);
			/* what was a root when it was named, and is none any more, is still counted */
			if (t->uses == 0)
				pfree(t);
		}
	}
	if (kept > 0)
		map->objects = list_truncate(map->objects, kept);
	else
	{
		list_free(map->objects);
		map->objects = NIL;
	}
}
