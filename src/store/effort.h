/*-------------------------------------------------------------------------
 *
 * effort.h
 *	  What this session has spent on tables so far: running totals, for whoever
 *	  takes differences of them (entry/stats.c).
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_EFFORT_H
#define OMS_EFFORT_H

#include "postgres.h"

#include <time.h>

typedef struct Effort
{
	uint64		rows;			/* inserted, updated, deleted; claims that a rival won, too */
	uint64		locking;		/* nanoseconds of waiting for the rows that are the locks of trees */
} Effort;

extern Effort oms_effort;

/* A clock that only goes forward, in nanoseconds. */
static inline uint64
oms_effort_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif							/* OMS_EFFORT_H */
