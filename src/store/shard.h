/*-------------------------------------------------------------------------
 *
 * shard.h
 *	  The slots of this database, and the numbers that its events have.
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

/* OM012 if this database may take no command at all: it is a copy that is to become a shard, and is none yet.  Before each command. */
extern Refusal *oms_shard_check_life(void);

/* OM012 if a tree with this root may not begin here; or, in a fleet, go on here. */
extern Refusal *oms_shard_check(const char *object, const char *root_id, bool begins);

extern bool oms_shard_has(const char *root_id);

/* The number of this database in its fleet, or OMS_NO_SHARD where there is no fleet. */
extern int	oms_shard_number(void);

#define OMS_NO_SHARD	(-1)

/* The sequence number of an event.  55000 where it would be another shard's, 40001 where the slots have changed since the command was checked. */
extern int64 oms_next_sequence(void);
extern int64 oms_next_tree_sequence(void);

#endif							/* OMS_SHARD_H */
