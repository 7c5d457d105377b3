/*
 * gateway/live/instant.c
 *     Times and dates.
 */
#include "instant.h"

#include <string.h>

#define DAY_SECONDS 86400
#define SECOND_US 1000000

typedef struct InstantReader
{
	const char *at;
	const char *end;
} InstantReader;

typedef struct Calendar
{
	int			year;
	int			month;
	int			day;
} Calendar;

static bool
read_digits(InstantReader *reader, int count, int *value)
{
	*value = 0;
	for (; count > 0; count--, reader->at++)
	{
		if (reader->at == reader->end || *reader->at < '0' || *reader->at > '9')
			return false;
		*value = *value * 10 + (*reader->at - '0');
	}
	return true;
}

static bool
read_one(InstantReader *reader, const char *accepted)
{
	if (reader->at == reader->end || *reader->at == '\0' || strchr(accepted, *reader->at) == NULL)
		return false;
	reader->at++;
	return true;
}

/* Of the proleptic Gregorian calendar, by eras of 400 years that begin in March. */
static int64_t
days_of(Calendar date)
{
	int64_t		year = date.year - (date.month <= 2);
	int64_t		era = year / 400;
	int64_t		of_era = year - era * 400;
	int64_t		of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static Calendar
calendar_of(int64_t days)
{
	int64_t		shifted = days + 719468;
	int64_t		era = shifted / 146097;
	int64_t		of_era = shifted - era * 146097;
	int64_t		year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t		of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t		month = (5 * of_year + 2) / 153;
	Calendar	date = {.day = (int) (of_year - (153 * month + 2) / 5 + 1), .month = (int) (month < 10 ? month + 3 : month - 9)};

	date.year = (int) (year + era * 400 + (date.month <= 2));
	return date;
}

static bool
read_day(InstantReader *reader, int64_t *day)
{
	Calendar	date;
	Calendar	same;
	bool		dashes;

	if (!read_digits(reader, 4, &date.year))
		return false;
	dashes = read_one(reader, "-");
	if (!read_digits(reader, 2, &date.month) || (dashes && !read_one(reader, "-")) || !read_digits(reader, 2, &date.day))
		return false;
	if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1 || date.day > 31)
		return false;
	*day = days_of(date);
	same = calendar_of(*day);
	return same.day == date.day;
}

static bool
read_clock(InstantReader *reader, int64_t *us)
{
	int			hour;
	int			minute;
	int			second = 0;
	int			unit = SECOND_US / 10;

	*us = 0;
	if (!read_digits(reader, 2, &hour) || !read_one(reader, ":") || !read_digits(reader, 2, &minute))
		return false;
	if (read_one(reader, ":"))
	{
		if (!read_digits(reader, 2, &second))
			return false;
		if (read_one(reader, "."))
		{
			const char *first = reader->at;

			for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++, unit /= 10)
				*us += (*reader->at - '0') * unit;
			if (reader->at == first)
				return false;
		}
	}
	*us += (int64_t) (hour * 3600 + minute * 60 + second) * SECOND_US;
	return hour <= 23 && minute <= 59 && second <= 60;
}

/* Seconds east of UTC. */
static bool
read_zone(InstantReader *reader, int *zone)
{
	int			hours;
	int			minutes = 0;
	int			sign;

	*zone = 0;
	if (read_one(reader, "Zz"))
		return true;
	if (reader->at == reader->end || (*reader->at != '+' && *reader->at != '-'))
		return false;
	sign = *reader->at++ == '+' ? 1 : -1;
	if (!read_digits(reader, 2, &hours))
		return false;
	if (reader->at < reader->end)
	{
		read_one(reader, ":");
		if (!read_digits(reader, 2, &minutes))
			return false;
	}
	*zone = sign * (hours * 3600 + minutes * 60);
	return hours <= 15 && minutes <= 59;
}

bool
instant_read(Span text, int64_t *instant)
{
	InstantReader reader = {text.data, text.data + text.len};
	bool		fix = text.len > 8 && text.data[8] == '-';
	int64_t		day;
	int64_t		us;
	int			zone = 0;
	Calendar	date;

	if (!read_day(&reader, &day) || !read_one(&reader, fix ? "-" : "Tt ") || !read_clock(&reader, &us))
		return false;
	if (fix)
		read_one(&reader, "Z");
	else if (!read_zone(&reader, &zone))
		return false;
	*instant = (day * DAY_SECONDS - zone) * SECOND_US + us;
	if (reader.at != reader.end || *instant < days_of((Calendar) {1, 1, 1}) * DAY_SECONDS * SECOND_US)
		return false;
	date = calendar_of(*instant / SECOND_US / DAY_SECONDS - (*instant % (DAY_SECONDS * (int64_t) SECOND_US) < 0));
	return date.year <= 9999;
}

bool
day_read(Span text, int64_t *day)
{
	InstantReader reader = {text.data, text.data + text.len};

	return read_day(&reader, day) && reader.at == reader.end;
}

void
day_write(int64_t day, Text *out)
{
	Calendar	date = calendar_of(day);

	text_printf(out, "%04d-%02d-%02d", date.year, date.month, date.day);
}

void
instant_write(int64_t instant, Text *out)
{
	int64_t		day = instant / ((int64_t) DAY_SECONDS * SECOND_US);
	int64_t		us = instant % ((int64_t) DAY_SECONDS * SECOND_US);
	int			seconds;

	if (us < 0)
	{
		us += (int64_t) DAY_SECONDS * SECOND_US;
		day--;
	}
	seconds = (int) (us / SECOND_US);
	day_write(day, out);
	text_printf(out, "T%02d:%02d:%02d.%06dZ", seconds / 3600, seconds / 60 % 60, seconds % 60, (int) (us % SECOND_US));
}
