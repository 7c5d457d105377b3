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

#include "core/order/order_record.h"
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

/* An order and an execution may have the same id. */
struct IdentityMap
{
	ids_hash   *orders;
	ids_hash   *executions;
	List	   *objects;
};

IdentityMap *
oms_map_create(void)
{
	IdentityMap *map = palloc(sizeof(IdentityMap));

	map->orders = ids_create(CurrentMemoryContext, INITIAL_SIZE, NULL);
	map->executions = ids_create(CurrentMemoryContext, INITIAL_SIZE, NULL);
	map->objects = NIL;
	return map;
}

static ids_hash *
ids_of(IdentityMap *map, const ObjectStore *store)
{
	return store == &oms_order_store ? map->orders : map->executions;
}

Tracked *
oms_map_find(IdentityMap *map, const ObjectStore *store, const char *id)
{
	MapEntry   *entry = ids_lookup(ids_of(map, store), id);

	return entry ? entry->tracked : NULL;
}

Tracked *
oms_map_add(IdentityMap *map, const ObjectStore *store, void *record)
{
	Tracked    *t = palloc0(sizeof(Tracked));
	bool		found;
	MapEntry   *entry;

	t->store = store;
	t->now = record;
	ItemPointerSetInvalid(&t->tid);
	entry = ids_insert(ids_of(map, store), ((Aggregate *) record)->id, &found);
	Assert(!found);
	entry->tracked = t;
	map->objects = lappend(map->objects, t);
	return t;
}

void
oms_map_remove(IdentityMap *map, Tracked *tracked)
{
	ids_delete(ids_of(map, tracked->store), ((Aggregate *) tracked->now)->id);
	map->objects = list_delete_ptr(map->objects, tracked);
}

List *
oms_map_objects(IdentityMap *map)
{
	return map->objects;
}
