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
	ids_hash   *ids[KIND_COUNT];	/* each made when it is needed */
	List	   *objects;
};

IdentityMap *
oms_map_create(void)
{
	IdentityMap *map = palloc0(sizeof(IdentityMap));

	map->context = CurrentMemoryContext;
	return map;
}

Tracked *
oms_map_find(IdentityMap *map, ObjectKind kind, const char *id)
{
	MapEntry   *entry = map->ids[kind] ? ids_lookup(map->ids[kind], id) : NULL;

	return entry ? entry->tracked : NULL;
}

Tracked *
oms_map_add(IdentityMap *map, Object *object, const ItemPointerData *tid)
{
	Tracked    *t = palloc(sizeof(Tracked));
	bool		found;
	MapEntry   *entry;

	*t = (Tracked) {.now = object, .tid = *tid};
	if (map->ids[object->kind] == NULL)
		map->ids[object->kind] = ids_create(map->context, INITIAL_SIZE, NULL);
	entry = ids_insert(map->ids[object->kind], object->id, &found);
	Assert(!found);
	entry->tracked = t;
	map->objects = lappend(map->objects, t);
	return t;
}

List *
oms_map_objects(IdentityMap *map)
{
	return map->objects;
}
