/*
 * Times and dates: what breaks if a time without a zone is taken for UTC, a day
 * that does not exist comes in, or what we write is not what we read.
 */
#include "unit.h"

#include "base/moment.h"

static const char *
round_trip(const char *text)
{
	TimestampTz time;
	char	   *buf = palloc(MOMENT_TEXT_SIZE);

	if (!oms_time_parse(text, strlen(text), &time))
		return "refused";
	oms_time_text(time, buf);
	return buf;
}

static const char *
date_round_trip(const char *text)
{
	DateADT		date;
	char	   *buf = palloc(MOMENT_TEXT_SIZE);

	if (!oms_date_parse(text, strlen(text), &date))
		return "refused";
	oms_date_text(date, buf);
	return buf;
}

UNIT_TEST(moment)
{
	static const char *const times[][2] = {
		{"2026-03-02T09:30:00Z", "2026-03-02T09:30:00.000000Z"},
		{"2026-03-02t09:30:00.25z", "2026-03-02T09:30:00.250000Z"},
		{"2026-03-02 09:30:00+01:00", "2026-03-02T08:30:00.000000Z"},
		{"2026-03-02T09:30:00-0530", "2026-03-02T15:00:00.000000Z"},
		{"2026-03-02T09:30:00+00", "2026-03-02T09:30:00.000000Z"},
		{"20260302-09:30:00.123", "2026-03-02T09:30:00.123000Z"},
		{"20260302-09:30:00.123456789", "2026-03-02T09:30:00.123456Z"},
		{"20260302-09:30", "2026-03-02T09:30:00.000000Z"},
		{"2026-12-31T23:59:60Z", "2027-01-01T00:00:00.000000Z"},
		{"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"},
		{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"},
		{"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
		{"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"},
	};
	static const char *const bad[] = {
		"", "2026-03-02", "2026-03-02T09:30:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z", "2026-03-02T24:00:00Z", "2026-03-02T09:60:00Z", "2026-03-02T09:30:61Z",
		"2026-03-02T09:30:00.Z", "2026-03-02T09:30:00+16:00", "2026-03-02T09:30:00+01:60",
		"9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+00:01", "0000-01-01T00:00:00Z",
		"2026-03-02T09:30:00Zx", "now", "infinity", "epoch"
	};

	for (int i = 0; i < lengthof(times); i++)
		is_text(round_trip(times[i][0]), times[i][1], times[i][0]);
	for (int i = 0; i < lengthof(bad); i++)
		is_text(round_trip(bad[i]), "refused", psprintf("\"%s\" is no time", bad[i]));
	is_text(date_round_trip("2026-03-02"), "2026-03-02", "a date");
	is_text(date_round_trip("20260302"), "2026-03-02", "FIX's date");
	is_text(date_round_trip("2026-0302"), "refused", "a date with one dash");
	is_text(date_round_trip("2026-02-30"), "refused", "a day that does not exist");
	ok(oms_date_in(0, pg_tzset("UTC"), 0) == 0 && oms_date_in(-1, pg_tzset("UTC"), 0) == -1 && oms_date_in(USECS_PER_DAY - 1, pg_tzset("UTC"), 0) == 0,
	   "the day of a moment, before 2000 too");
}
