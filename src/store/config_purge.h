/*-------------------------------------------------------------------------
 *
 * config_purge.h
 *	  The beginnings of histories of configuration go for good.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_CONFIG_PURGE_H
#define OMS_CONFIG_PURGE_H

#include "postgres.h"
#include "datatype/timestamp.h"

#include "store/caller.h"

typedef struct ConfigPurge
{
	int64		histories;		/* from how many events went */
	int64		events;			/* how many did */
	int64		not_sent;		/* histories of which a slot has not confirmed what is old enough */
	int64		damaged;		/* … of which that is not whole */
	bool		locked;			/* somebody else purges, or maintains what is written of it */
	bool		done;			/* all were looked at */
} ConfigPurge;

/*
 * One batch: at most so many events, as of `now`.  Nothing while somebody else
 * purges: he does what there is to do.
 */
extern void oms_config_purge(int64 max_events, TimestampTz now, const Caller *caller, ConfigPurge *result);

#endif							/* OMS_CONFIG_PURGE_H */
