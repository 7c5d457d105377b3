/*-------------------------------------------------------------------------
 *
 * tree_slot.h
 *	  The slot of a tree: what a fleet of databases shares its trees out by.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_TREE_SLOT_H
#define OMS_TREE_SLOT_H

#include "postgres.h"

#define OMS_SLOTS		16384	/* 14 bits */
#define OMS_ANY_SLOT	(-1)	/* nothing says which */

/*
 * The slot of an id.  Its tag, else the whole of it; of a UUID of version 7 or
 * 8 the 14 bits after the variant, of other text a checksum.
 */
extern int	oms_tree_slot(const char *id);

/* Of an id that is unique in a scope only: a ClOrdID in its session, a commandId of its actor. */
extern int	oms_scoped_slot(const char *scope, const char *id);

/* Does the id say its slot itself, in a tag or in a UUID?  Then it was given for its tree's sake. */
extern bool oms_id_carries_slot(const char *id);

#endif							/* OMS_TREE_SLOT_H */
