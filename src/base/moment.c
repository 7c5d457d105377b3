/*-------------------------------------------------------------------------
 *
 * moment.c
 *	  Times and dates as they come in and go out.
 *
 * Pure, and independent of the session's TimeZone and DateStyle: an event must
 * read the same whoever wrote it.  PostgreSQL's own input functions are not
 * used because they accept times without a zone and raise errors of their own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "base/moment.h"

/* The years 1 to 9999 in UTC: what RFC 3339 can write and we can read again. */
#define FIRST_MOMENT	((TimestampTz) (date2j(1, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY)
#define END_OF_TIME		((TimestampTz) (date2j(10000, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY)

/* A cursor over the text; every reader fails softly. */
typedef struct Reader
{
	const char *at;
	const char *end;
} Reader;

static bool
moment_read_digits(Reader *r, int count, int *value)
{
	*value = 0;
	for (int i = 0; i < count; i++, r->at++)
	{
		if (r->at >= r->end || !isdigit((unsigned char) *r->at))
			return false;
		*value = *value * 10 + (*r->at - '0');
	}
	return true;
}

static bool
moment_read_char(Reader *r, const char *accepted)
{
	if (r->at < r->end && *r->at != '\0' && strchr(accepted, *r->at) != NULL)
	{
		r->at++;
		return true;
	}
	return false;
}

static bool
moment_read_date(Reader *r, struct pg_tm *tm)
{
	bool		dashes;

	if (!moment_read_digits(r, 4, &tm->tm_year))
		return false;
	dashes = moment_read_char(r, "-");
	if (!moment_read_digits(r, 2, &tm->tm_mon))
		return false;
	if (dashes && !moment_read_char(r, "-"))
		return false;
	if (!moment_read_digits(r, 2, &tm->tm_mday))
		return false;
	return tm->tm_year >= 1 && tm->tm_mon >= 1 && tm->tm_mon <= 12 && tm->tm_mday >= 1 &&
		tm->tm_mday <= day_tab[isleap(tm->tm_year)][tm->tm_mon - 1];
}

/* hh:mm[:ss[.fraction]]; a leap second counts as the next one, as in PostgreSQL */
static bool
moment_read_clock(Reader *r, struct pg_tm *tm, fsec_t *fsec)
{
	*fsec = 0;
	tm->tm_sec = 0;
	if (!moment_read_digits(r, 2, &tm->tm_hour) || !moment_read_char(r, ":") || !moment_read_digits(r, 2, &tm->tm_min))
		return false;
	if (moment_read_char(r, ":"))
	{
		if (!moment_read_digits(r, 2, &tm->tm_sec))
			return false;
		if (moment_read_char(r, "."))
		{
			int			unit = 100000;
			const char *first = r->at;

			for (; r->at < r->end && isdigit((unsigned char) *r->at); r->at++, unit /= 10)
				*fsec += (*r->at - '0') * unit;
			if (r->at == first)
				return false;
		}
	}
	return tm->tm_hour <= 23 && tm->tm_min <= 59 && tm->tm_sec <= 60;
}

/* Z, or +hh[[:]mm]; the result is in seconds west of UTC, as tm2timestamp wants it */
static bool
moment_read_zone(Reader *r, int *zone)
{
	int			hours,
				minutes = 0,
				sign;

	*zone = 0;
	if (moment_read_char(r, "Zz"))
		return true;
	if (r->at >= r->end || (*r->at != '+' && *r->at != '-'))
		return false;
	sign = *r->at++ == '+' ? -1 : 1;
	if (!moment_read_digits(r, 2, &hours))
		return false;
	if (r->at < r->end)
	{
		moment_read_char(r, ":");
		if (!moment_read_digits(r, 2, &minutes))
			return false;
	}
	*zone = sign * (hours * SECS_PER_HOUR + minutes * SECS_PER_MINUTE);
	return hours <= 15 && minutes <= 59;
}

bool
oms_time_parse(const char *text, size_t length, TimestampTz *result)
{
	Reader		r = {text, text + length};
	struct pg_tm tm = {0};
	fsec_t		fsec;
	int			zone = 0;
	bool		fix = length > 8 && text[8] == '-';

	if (!moment_read_date(&r, &tm) || !moment_read_char(&r, fix ? "-" : "Tt ") || !moment_read_clock(&r, &tm, &fsec))
		return false;
	if (fix)
		moment_read_char(&r, "Z");
	else if (!moment_read_zone(&r, &zone))
		return false;
	return r.at == r.end && tm2timestamp(&tm, fsec, &zone, result) == 0 &&
		*result >= FIRST_MOMENT && *result < END_OF_TIME;
}

bool
oms_date_parse(const char *text, size_t length, DateADT *result)
{
	Reader		r = {text, text + length};
	struct pg_tm tm = {0};

	if (!moment_read_date(&r, &tm) || r.at != r.end)
		return false;
	*result = date2j(tm.tm_year, tm.tm_mon, tm.tm_mday) - POSTGRES_EPOCH_JDATE;
	return true;
}

static char *
moment_put_digits(char *at, int value, int count)
{
	for (int i = count - 1; i >= 0; i--, value /= 10)
		at[i] = '0' + value % 10;
	return at + count;
}

#define FIRST_DAY	(-730119)	/* 0001-01-01, counted from 2000-01-01 */
#define END_DAY		2921940		/* 10000-01-01 */

bool
oms_time_is_printable(TimestampTz time)
{
	return time >= FIRST_DAY * USECS_PER_DAY && time < END_DAY * USECS_PER_DAY;
}

bool
oms_date_is_printable(DateADT date)
{
	return date >= FIRST_DAY && date < END_DAY;
}

static char *
moment_put_date(char *at, int year, int month, int day)
{
	at = moment_put_digits(at, year, 4);
	*at++ = '-';
	at = moment_put_digits(at, month, 2);
	*at++ = '-';
	return moment_put_digits(at, day, 2);
}

int
oms_time_text(TimestampTz time, char *buf)
{
	struct pg_tm tm;
	fsec_t		fsec;
	char	   *at = buf;

	if (TIMESTAMP_NOT_FINITE(time) || timestamp2tm(time, NULL, &tm, &fsec, NULL, NULL) != 0)
		elog(ERROR, "cannot print a timestamp out of range");
	at = moment_put_date(at, tm.tm_year, tm.tm_mon, tm.tm_mday);
	*at++ = 'T';
	at = moment_put_digits(at, tm.tm_hour, 2);
	*at++ = ':';
	at = moment_put_digits(at, tm.tm_min, 2);
	*at++ = ':';
	at = moment_put_digits(at, tm.tm_sec, 2);
	*at++ = '.';
	at = moment_put_digits(at, fsec, 6);
	*at++ = 'Z';
	*at = '\0';
	return at - buf;
}

int
oms_date_text(DateADT date, char *buf)
{
	int			year,
				month,
				day;
	char	   *at;

	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	at = moment_put_date(buf, year, month, day);
	*at = '\0';
	return at - buf;
}

DateADT
oms_date_in(TimestampTz time, pg_tz *zone, int minutes)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			offset;

	if (TIMESTAMP_NOT_FINITE(time) || timestamp2tm(time, &offset, &tm, &fsec, NULL, zone) != 0)
		elog(ERROR, "cannot find the date of a timestamp out of range");
	/* of the clock on the wall: a day is 24 hours there, whatever summer time does */
	minutes += tm.tm_hour * 60 + tm.tm_min;
	return date2j(tm.tm_year, tm.tm_mon, tm.tm_mday) - POSTGRES_EPOCH_JDATE +
		(minutes < 0 ? -1 : minutes / (24 * 60));
}
