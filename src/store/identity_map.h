/*-------------------------------------------------------------------------
 *
 * identity_map.h
 *	  The objects of one unit of work: each is there once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_IDENTITY_MAP_H
#define OMS_IDENTITY_MAP_H

#include "postgres.h"
#include "nodes/pg_list.h"
#include "storage/itemptr.h"

#include "core/kind.h"

/*
 * What `now` points to is never changed: a command that is applied puts another
 * object in its place.  So whoever has read one keeps it as it was.
 */
typedef struct Tracked
{
	Object	   *now;			/* as the commands so far leave it */
	bool		dirty;			/* its row has to be written */
	ItemPointerData tid;
} Tracked;

typedef struct IdentityMap IdentityMap;

extern IdentityMap *oms_map_create(void);
extern Tracked *oms_map_find(IdentityMap *map, ObjectKind kind, const char *id);

/* The object, with its row at `tid`, must not be there yet; the map keeps it, and not a copy. */
extern Tracked *oms_map_add(IdentityMap *map, Object *object, const ItemPointerData *tid);

/* All of them, of Tracked, in the order they came. */
extern List *oms_map_objects(IdentityMap *map);

#endif							/* OMS_IDENTITY_MAP_H */
