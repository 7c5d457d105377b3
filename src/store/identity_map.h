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

typedef struct Tracked
{
	Object	   *now;			/* as the commands so far leave it */
	Object	   *before;			/* as the current command found it */
	uint32		touched_by;		/* number of the command that changed it last */
	bool		is_new;			/* made by that command, its row not yet there */
	bool		id_is_given;
	bool		dirty;			/* its row has to be written */
	bool		was_dirty;		/* … already when the current command found it */
	ItemPointerData tid;
} Tracked;

typedef struct IdentityMap IdentityMap;

extern IdentityMap *oms_map_create(void);
extern Tracked *oms_map_find(IdentityMap *map, ObjectKind kind, const char *id);

/* The object must not be there yet; the map keeps it, and not a copy. */
extern Tracked *oms_map_add(IdentityMap *map, Object *object);
extern void oms_map_remove(IdentityMap *map, Tracked *tracked);

/* All of them, of Tracked, in the order they came. */
extern List *oms_map_objects(IdentityMap *map);

#endif							/* OMS_IDENTITY_MAP_H */
