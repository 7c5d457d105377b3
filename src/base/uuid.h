/*-------------------------------------------------------------------------
 *
 * uuid.h
 *	  Identifiers that sort by the time they were made.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_UUID_H
#define OMS_UUID_H

#include "postgres.h"

#include "base/tree_slot.h"

/* A new UUID of version 7 (RFC 9562, section 5.7) as text, with this slot; OMS_ANY_SLOT: a random one. */
extern char *oms_new_id(int slot);

#endif							/* OMS_UUID_H */
