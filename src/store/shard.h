/*-------------------------------------------------------------------------
 *
 * shard.h
 *	  The slots of this database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_SHARD_H
#define OMS_SHARD_H

#include "postgres.h"

#include "base/errors.h"

extern void oms_shard_init(void);

/* Any of them, at random; of all slots if this database has none. */
extern int	oms_shard_any_slot(void);

/* OM012 if a tree with this root may not begin here. */
extern Refusal *oms_shard_check(const char *object, const char *root_id);

#endif							/* OMS_SHARD_H */
