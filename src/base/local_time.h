/*-------------------------------------------------------------------------
 *
 * local_time.h
 *	  Times of day on the wall of a place, and which moments they are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_LOCAL_TIME_H
#define OMS_LOCAL_TIME_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/date.h"

/* "not given" */
#define NO_SECONDS		PG_INT32_MIN
#define NO_UTC_OFFSET	PG_INT16_MIN

/* "08:00", "23:30:15", "24:00", or with the offset from UTC that is meant: "01:30+01:00". */
typedef struct WallTime
{
	int32		seconds;		/* since 00:00 */
	int16		utc_offset;		/* minutes east of UTC; or NO_UTC_OFFSET */
} WallTime;

typedef enum WallMoment
{
	WALL_ONCE,
	WALL_TWICE,					/* the clock is put back over it, and nobody says which of the two is meant */
	WALL_NEVER,					/* it is put forward over it, likewise */
	WALL_OUT_OF_RANGE
} WallMoment;

extern bool oms_wall_time_parse(const char *text, size_t length, WallTime *time);

/*
 * The moment at which clocks in the zone show that time on that date, which may
 * be any number of seconds after its midnight.  What they show twice, or never, is
 * the one that its offset from UTC tells, if that is one of those around it.
 */
extern WallMoment oms_wall_moment(pg_tz *zone, DateADT date, int64 seconds, int16 utc_offset, TimestampTz *moment);

/* The date there; the moment is a finite one. */
extern DateADT oms_wall_date(pg_tz *zone, TimestampTz moment);

/*
 * A place's zone by a name that every machine knows, Area/City or UTC; NULL: it is
 * no such name, or none is known by it here.
 */
extern bool oms_zone_is_well_named(const char *name);
extern pg_tz *oms_zone(const char *name);

#endif							/* OMS_LOCAL_TIME_H */
