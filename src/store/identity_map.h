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
	Object	   *now;			/* as the commands so far leave it; NULL: as its row is, and not read now */
	const char *id;
	bool		id_lasts;		/* it is a copy, and not the object's */
	ItemPointerData tid;
	Object	   *kept;			/* work.c's: a copy that outlasts a stride, or NULL … */
	Object	   *was_kept;		/* … and the one before it */
	bool		dirty;			/* its row has to be written */
	bool		gone;			/* oms_map_drop()'s */
	bool		changed;		/* by this call, if it is a root: something of its tree */
	int			uses;			/* if it is, or was, a root: how many times commands to come name something of its tree */
} Tracked;

typedef struct IdentityMap IdentityMap;

/* Reads what is there and not read now: sets `now`. */
typedef void (*MapReader) (void *arg, ObjectKind kind, Tracked *t);

extern IdentityMap *oms_map_create(MapReader reader, void *arg);
extern Tracked *oms_map_find(IdentityMap *map, ObjectKind kind, const char *id);

/* The same, not read if it is not. */
extern Tracked *oms_map_peek(const IdentityMap *map, ObjectKind kind, const char *id);

/*
 * The object, with its row at `tid`, must not be there yet; the map keeps it, and not
 * a copy.
 */
extern Tracked *oms_map_add(IdentityMap *map, Object *object, const ItemPointerData *tid);

/* A root of which only this is kept: it is read when it is asked for. */
extern Tracked *oms_map_add_place(IdentityMap *map, ObjectKind kind, const char *id, const ItemPointerData *tid);

/* All that are read, of Tracked, in the order they came. */
extern List *oms_map_objects(IdentityMap *map);

/* What was read behind the first `count` of these were roots of which only the place was kept: so they are again. */
extern void oms_map_unread(IdentityMap *map, int count);

/* These are no more: of Object.  What is not in the map is passed over. */
extern void oms_map_drop(IdentityMap *map, const List *objects);

/*
 * The memory that objects were read into goes: what does not lie in it any more, says
 * `lasts`.  Of a root it stays known where its row is, for it is locked; anything else
 * is forgotten.
 */
extern void oms_map_forget(IdentityMap *map, bool (*lasts) (void *arg, Tracked *t), void *arg);

#endif							/* OMS_IDENTITY_MAP_H */
