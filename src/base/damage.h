/*-------------------------------------------------------------------------
 *
 * damage.h
 *	  Stored rows that contradict each other.
 *
 * No command makes such rows: a disk did, or somebody who may write past us.
 * Whoever meets them stops and says which; oms.verify() names them all.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_DAMAGE_H
#define OMS_DAMAGE_H

#include "postgres.h"

#include "base/compat.h"

/* XX001 */
pg_noreturn extern void oms_damaged(const char *fmt,...) pg_attribute_printf(1, 2);

/*
 * Following links from object to object, as parents or corrections: each step
 * tells the id it leaves, which must live as long as the walk.  Serves
 * interrupts; a circle is damage, and found before its third round (Brent: the
 * mark moves on at every power of two, and any circle comes back to it).
 * Begins as {0}.
 */
typedef struct Walk
{
	const char *mark;
	uint32		steps;
	uint32		next_mark;
} Walk;

extern void oms_walk_step(Walk *walk, const char *object, const char *id);

#endif							/* OMS_DAMAGE_H */
