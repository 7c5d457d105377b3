/*
 * gateway/live/purged.c
 *     Trees that are gone.
 *
 * Two sets: of those that are looked for, and of those that came while that was going on, for whom rows were passed already.
 */
#include "purged.h"

#include <stdlib.h>
#include <string.h>

typedef struct RootSet
{
	char	  **roots;			/* by their hash; NULL: a free place */
	uint32_t	room;			/* a power of two, or 0 */
	uint32_t	count;
} RootSet;

struct Purged
{
	Live	   *live;
	HashKey		key;
	RootSet		sought;
	RootSet		later;
	int			object;			/* where the search is */
	Row			row;
};

/* ---- a set ---- */

static char **
set_place(const RootSet *set, const HashKey *key, Span root)
{
	uint32_t	at = (uint32_t) hash_bytes(key, root.data, root.len) & (set->room - 1);

	while (set->roots[at] != NULL && !(strlen(set->roots[at]) == root.len && memcmp(set->roots[at], root.data, root.len) == 0))
		at = (at + 1) & (set->room - 1);
	return &set->roots[at];
}

static void
set_grow(RootSet *set, const HashKey *key)
{
	RootSet		old = *set;

	if (old.count < old.room / 2)
		return;
	set->room = old.room > 0 ? old.room * 2 : 64;
	set->roots = must_alloc(set->room * sizeof(char *));
	memset(set->roots, 0, set->room * sizeof(char *));
	for (uint32_t i = 0; i < old.room; i++)
		if (old.roots[i] != NULL)
			*set_place(set, key, (Span) {old.roots[i], strlen(old.roots[i])}) = old.roots[i];
	free(old.roots);
}

static void
set_add(RootSet *set, const HashKey *key, Span root)
{
	char	  **place;

	set_grow(set, key);
	place = set_place(set, key, root);
	if (*place != NULL)
		return;
	*place = must_alloc(root.len + 1);
	memcpy(*place, root.data, root.len);
	(*place)[root.len] = '\0';
	set->count++;
}

static bool
set_has(const RootSet *set, const HashKey *key, Span root)
{
	return set->count > 0 && *set_place(set, key, root) != NULL;
}

static void
set_free(RootSet *set)
{
	for (uint32_t i = 0; i < set->room; i++)
		free(set->roots[i]);
	free(set->roots);
	*set = (RootSet) {0};
}

/* ---- the search ---- */

Purged *
purged_make(Live *live, const HashKey *key)
{
	Purged	   *purged = must_alloc(sizeof(Purged));

	*purged = (Purged) {.live = live, .key = *key};
	return purged;
}

void
purged_clear(Purged *purged)
{
	set_free(&purged->sought);
	set_free(&purged->later);
	purged->object = 0;
	purged->row = 0;
}

void
purged_free(Purged *purged)
{
	if (purged != NULL)
		purged_clear(purged);
	free(purged);
}

void
purged_add(Purged *purged, Span root)
{
	bool		begun = purged->object > 0 || purged->row > 0;

	set_add(begun ? &purged->later : &purged->sought, &purged->key, root);
}

bool
purged_has(const Purged *purged, Span root)
{
	return set_has(&purged->sought, &purged->key, root) || set_has(&purged->later, &purged->key, root);
}

bool
purged_is_done(const Purged *purged)
{
	return purged->sought.count == 0;
}

static void
purged_look(Purged *purged, LiveObject object, Row row)
{
	const Store *store = live_store(purged->live, object);
	int			field = schema_field(store->schema, (Span) {"rootId", strlen("rootId")});
	Value		root;

	if (!store_has(store, row))
		return;
	store_value(store, row, field, &root);
	if (!root.null && set_has(&purged->sought, &purged->key, root.text))
		live_remove(purged->live, object, store_id(store, row));
}

bool
purged_sweep(Purged *purged, uint32_t rows)
{
	while (purged->sought.count > 0 && rows > 0)
	{
		for (; rows > 0 && purged->row < live_store(purged->live, (LiveObject) purged->object)->nrows; rows--)
			purged_look(purged, (LiveObject) purged->object, purged->row++);
		if (rows == 0)
			return false;
		purged->row = 0;
		if (++purged->object < LIVE_OBJECTS)
			continue;
		purged->object = 0;
		set_free(&purged->sought);
		purged->sought = purged->later;
		purged->later = (RootSet) {0};
	}
	return purged->sought.count == 0;
}
