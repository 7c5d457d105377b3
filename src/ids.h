/*-------------------------------------------------------------------------
 *
 * ids.h
 *	  Identifiers that sort by the time they were made.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_IDS_H
#define OMS_IDS_H

#include "postgres.h"

#include "tree_slot.h"

/* A new UUID of version 7 (RFC 9562, section 5.7) as text, with this slot; OMS_ANY_SLOT: a random one. */
extern char *oms_new_id(int slot);

#endif							/* OMS_IDS_H */
