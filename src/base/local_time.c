/*-------------------------------------------------------------------------
 *
 * local_time.c
 *	  Times of day on the wall of a place, and which moments they are.
 *
 * Pure: knows the server's zone data, and nothing else.  The server's own
 * conversion answers without a word where clocks show a time twice or never;
 * here that is told.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "base/local_time.h"
#include "base/moment.h"

#define WALL_DAY	(24 * SECS_PER_HOUR)

/* No zone is further from UTC, nor ever moved by more. */
#define WALL_REACH	(2 * WALL_DAY)

/* ------------------------------------------------------------------------
 * as text
 * ------------------------------------------------------------------------
 */

/* Two digits of at most `most`, or -1. */
static int
local_two_digits(const char *text, int most)
{
	int			value;

	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return -1;
	value = (text[0] - '0') * 10 + text[1] - '0';
	return value > most ? -1 : value;
}

/* "+05:30" */
static bool
local_parse_offset(const char *text, int16 *minutes)
{
	int			hour = local_two_digits(text + 1, 15);
	int			minute = local_two_digits(text + 4, 59);

	if ((text[0] != '+' && text[0] != '-') || text[3] != ':' || hour < 0 || minute < 0)
		return false;
	*minutes = (text[0] == '-' ? -1 : 1) * (hour * 60 + minute);
	return true;
}

bool
oms_wall_time_parse(const char *text, size_t length, WallTime *time)
{
	size_t		rest = length;
	int			hour;
	int			minute;
	int			second = 0;

	if (length < 5 || text[2] != ':')
		return false;
	hour = local_two_digits(text, 24);
	minute = local_two_digits(text + 3, 59);
	rest -= 5;
	if (rest >= 3 && text[5] == ':')
	{
		second = local_two_digits(text + 6, 59);
		rest -= 3;
	}
	if (hour < 0 || minute < 0 || second < 0 || (hour == 24 && (minute > 0 || second > 0)))
		return false;
	time->seconds = (hour * 60 + minute) * 60 + second;
	time->utc_offset = NO_UTC_OFFSET;
	return rest == 0 || (rest == 6 && local_parse_offset(text + length - 6, &time->utc_offset));
}

/* ------------------------------------------------------------------------
 * as moments
 * ------------------------------------------------------------------------
 */

static int64
local_to_unix(TimestampTz moment)
{
	int64		seconds = moment / USECS_PER_SEC;

	if (moment % USECS_PER_SEC < 0)
		seconds--;
	return seconds + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * WALL_DAY;
}

static bool
local_offset_at(pg_tz *zone, int64 moment, long *offset)
{
	pg_time_t	at = moment;
	struct pg_tm *tm = pg_localtime(&at, zone);

	if (tm == NULL)
		return false;
	*offset = tm->tm_gmtoff;
	return true;
}

/*
 * Every offset that is in force somewhere around is tried: the moment that it
 * gives is one if the offset is in force there.  Between two changes it is the
 * same, so the changes are walked along.
 */
WallMoment
oms_wall_moment(pg_tz *zone, DateADT date, int64 seconds, int16 utc_offset, TimestampTz *moment)
{
	int64		wall = ((int64) date + POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * WALL_DAY + seconds;
	pg_time_t	at = wall - WALL_REACH;
	int64		first = 0;
	int64		meant = 0;
	int			found = 0;
	bool		is_told = false;

	if (DATE_NOT_FINITE(date) || !oms_date_is_printable(date))
		return WALL_OUT_OF_RANGE;
	for (int changes = 0; changes < 16 && at <= wall + WALL_REACH; changes++)
	{
		long		before;
		long		after;
		int			before_isdst;
		int			after_isdst;
		pg_time_t	boundary;
		int			result = pg_next_dst_boundary(&at, &before, &before_isdst, &boundary, &after, &after_isdst, zone);
		long		in_force;

		if (result < 0)
			return WALL_OUT_OF_RANGE;
		if (!local_offset_at(zone, wall - before, &in_force))
			return WALL_OUT_OF_RANGE;
		if (in_force == before && (found == 0 || wall - before != first))
		{
			if (found == 0)
				first = wall - before;
			found++;
		}
		if (utc_offset != NO_UTC_OFFSET && before == utc_offset * SECS_PER_MINUTE)
		{
			meant = wall - before;
			is_told = true;
		}
		if (result == 0)
			break;
		at = boundary;
	}
	if (found != 1 && is_told)
		first = meant;
	*moment = (first - (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * WALL_DAY) * USECS_PER_SEC;
	return found == 1 || is_told ? WALL_ONCE : found == 0 ? WALL_NEVER : WALL_TWICE;
}

DateADT
oms_wall_date(pg_tz *zone, TimestampTz moment)
{
	pg_time_t	at = local_to_unix(moment);
	struct pg_tm *tm = pg_localtime(&at, zone);

	if (tm == NULL)
		return NO_DATE;
	return date2j(tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday) - POSTGRES_EPOCH_JDATE;
}

/* ------------------------------------------------------------------------
 * zones
 * ------------------------------------------------------------------------
 */

bool
oms_zone_is_well_named(const char *name)
{
	static const char *const areas[] = {
		"Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/"
	};

	for (int i = 0; i < lengthof(areas); i++)
		if (strncmp(name, areas[i], strlen(areas[i])) == 0 && name[strlen(areas[i])] != '\0')
			return true;
	return strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0;
}

pg_tz *
oms_zone(const char *name)
{
	pg_tz	   *zone = oms_zone_is_well_named(name) ? pg_tzset(name) : NULL;

	return zone && pg_tz_acceptable(zone) ? zone : NULL;
}
