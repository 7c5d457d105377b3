/*-------------------------------------------------------------------------
 *
 * calendar.c
 *	  When a market is open, and which day a moment belongs to.
 *
 * Hours are kept as clocks on the wall show them, with their zone, and never as
 * moments: laws change.  Where something is not known (before the data begin, after
 * they end, a time that clocks show twice or never) the answer is that, and whoever
 * asked decides: never open, and never closed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/moment.h"
#include "core/calendar.h"

/* Sessions begin and end at most so many days from their own. */
#define CALENDAR_REACH	3

/* No market pauses longer. */
#define CALENDAR_DAYS	400

int
oms_weekday(DateADT day)
{
	/* 2000-01-01 was a Saturday */
	int			weekday = (int) (((int64) day + 5) % 7);

	return weekday < 0 ? weekday + 8 : weekday + 1;
}

static const CalendarTimes *
calendar_usual(const Calendar *calendar, DateADT day)
{
	int			weekday = oms_weekday(day);

	for (int i = 0; i < calendar->nhours; i++)
		if (calendar->hours[i].weekday == weekday && calendar->hours[i].valid_from <= day)
			return &calendar->hours[i].times;
	return NULL;
}

const CalendarTimes *
oms_calendar_special(const Calendar *calendar, DateADT day)
{
	int			low = 0;
	int			high = calendar->ndays;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (calendar->days[middle].day < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low < calendar->ndays && calendar->days[low].day == day ? &calendar->days[low].times : NULL;
}

CalendarTimes
oms_calendar_times_with(const Calendar *calendar, DateADT day, const CalendarTimes *special)
{
	const CalendarTimes *usual = calendar_usual(calendar, day);
	CalendarTimes times = {.open = {NO_SECONDS, NO_UTC_OFFSET}, .close = {NO_SECONDS, NO_UTC_OFFSET}};

	if (usual)
		times = *usual;
	if (special == NULL)
		return times;
	times.closed = special->closed;
	if (special->open.seconds != NO_SECONDS)
		times.open = special->open;
	if (special->close.seconds != NO_SECONDS)
		times.close = special->close;
	if (special->open_day != NO_DAY_OFFSET)
		times.open_day = special->open_day;
	if (special->close_day != NO_DAY_OFFSET)
		times.close_day = special->close_day;
	if (special->breaks)
		times.breaks = special->breaks;
	return times;
}

static bool
calendar_moment(const Calendar *calendar, DateADT day, int offset, const WallTime *time, TimestampTz *moment, Session *session)
{
	WallMoment	found = oms_wall_moment(calendar->zone, day, (int64) offset * SECS_PER_DAY + time->seconds, time->utc_offset, moment);

	if (found != WALL_ONCE)
		session->trouble = found;
	return found == WALL_ONCE;
}

CalendarAnswer
oms_calendar_resolve(const Calendar *calendar, DateADT day, const CalendarTimes *times, Session *session)
{
	*session = (Session) {.day = day, .times = *times, .trouble = WALL_ONCE};
	if (times->closed || times->open.seconds == NO_SECONDS || times->close.seconds == NO_SECONDS)
		return CALENDAR_CLOSED;
	if (!calendar_moment(calendar, day, times->open_day, &times->open, &session->open, session) ||
		!calendar_moment(calendar, day, times->close_day, &times->close, &session->close, session))
		return CALENDAR_UNKNOWN;
	return session->close > session->open ? CALENDAR_OPEN : CALENDAR_CLOSED;
}

CalendarAnswer
oms_calendar_session(const Calendar *calendar, DateADT day, Session *session)
{
	CalendarTimes times;

	*session = (Session) {.day = day, .trouble = WALL_ONCE};
	if (calendar->zone == NULL || DATE_NOT_FINITE(day) || day < calendar->known_from || day > calendar->known_until || !oms_date_is_printable(day))
		return CALENDAR_UNKNOWN;
	times = oms_calendar_times_with(calendar, day, oms_calendar_special(calendar, day));
	return oms_calendar_resolve(calendar, day, &times, session);
}

/* The first day whose session may not be over then; NO_DATE: the moment is out of range. */
static DateADT
calendar_first_day(const Calendar *calendar, TimestampTz at)
{
	if (calendar->zone == NULL || !oms_time_is_printable(at))
		return NO_DATE;
	return oms_wall_date(calendar->zone, at) - CALENDAR_REACH;
}

/* What closes after `at` and a delay. */
static CalendarAnswer
calendar_first_closing(const Calendar *calendar, TimestampTz at, int64 delay, Session *session)
{
	DateADT		first = calendar_first_day(calendar, at);

	for (int i = 0; first != NO_DATE && i < CALENDAR_DAYS; i++)
	{
		CalendarAnswer answer = oms_calendar_session(calendar, first + i, session);

		if (answer == CALENDAR_UNKNOWN || (answer == CALENDAR_OPEN && session->close + delay > at))
			return answer;
	}
	return first == NO_DATE ? CALENDAR_UNKNOWN : CALENDAR_CLOSED;
}

CalendarAnswer
oms_calendar_next_close(const Calendar *calendar, TimestampTz at, Session *session)
{
	return calendar_first_closing(calendar, at, 0, session);
}

CalendarAnswer
oms_calendar_session_of(const Calendar *calendar, TimestampTz at, Session *session)
{
	DateADT		first = calendar_first_day(calendar, at);

	if (first == NO_DATE)
		return CALENDAR_UNKNOWN;
	for (int i = 0; i <= 2 * CALENDAR_REACH; i++)
	{
		CalendarAnswer answer = oms_calendar_session(calendar, first + i, session);

		if (answer == CALENDAR_UNKNOWN || (answer == CALENDAR_OPEN && session->open <= at && at < session->close))
			return answer;
	}
	return CALENDAR_CLOSED;
}

bool
oms_calendar_next_break(const char **breaks, WallTime *from, WallTime *to)
{
	const char *text = *breaks;
	const char *middle;
	size_t		length;

	text += strspn(text, " ");
	length = strcspn(text, " ");
	middle = memchr(text, '-', length);
	*breaks = text + length;
	if (length == 0)
		return false;
	if (middle == NULL || !oms_wall_time_parse(text, middle - text, from) || !oms_wall_time_parse(middle + 1, text + length - middle - 1, to))
	{
		*breaks = NULL;
		return false;
	}
	return true;
}

/* A break is on the first date on which the session is under way at that time. */
CalendarAnswer
oms_calendar_in_session(const Calendar *calendar, TimestampTz at)
{
	Session		session;
	CalendarAnswer answer = oms_calendar_session_of(calendar, at, &session);
	const char *breaks = session.times.breaks;
	WallTime	from;
	WallTime	to;

	if (answer != CALENDAR_OPEN || breaks == NULL)
		return answer;
	while (oms_calendar_next_break(&breaks, &from, &to))
	{
		int			date = session.times.open_day + (from.seconds < session.times.open.seconds);
		TimestampTz since;
		TimestampTz until;

		if (oms_wall_moment(calendar->zone, session.day, (int64) date * SECS_PER_DAY + from.seconds, NO_UTC_OFFSET, &since) != WALL_ONCE ||
			oms_wall_moment(calendar->zone, session.day, (int64) (date + (to.seconds < from.seconds)) * SECS_PER_DAY + to.seconds, NO_UTC_OFFSET, &until) != WALL_ONCE)
			return CALENDAR_UNKNOWN;
		if (since <= at && at < until)
			return CALENDAR_CLOSED;
	}
	return CALENDAR_OPEN;
}

DateADT
oms_calendar_day(const Calendar *calendar, TimestampTz at)
{
	Session		next;
	DateADT		today;

	if (calendar_first_closing(calendar, at, calendar->expiry_delay, &next) != CALENDAR_OPEN)
		return NO_DATE;
	if (next.open <= at)
		return next.day;
	/* between two sessions: the date of the close that was last still goes on? */
	today = oms_wall_date(calendar->zone, at);
	for (DateADT day = next.day - 1; day >= today - CALENDAR_REACH; day--)
	{
		Session		last;

		if (oms_calendar_session(calendar, day, &last) == CALENDAR_OPEN)
			return oms_wall_date(calendar->zone, last.close) == today ? day : next.day;
	}
	return next.day;
}

DateADT
oms_calendar_day_done(const Calendar *calendar, TimestampTz at)
{
	DateADT		first = calendar_first_day(calendar, at);

	for (int i = 2 * CALENDAR_REACH; first != NO_DATE && i > -CALENDAR_DAYS; i--)
	{
		Session		session;
		CalendarAnswer answer = oms_calendar_session(calendar, first + i, &session);

		/* what comes after is not known near the end of the data, and need not be */
		if (answer == CALENDAR_UNKNOWN && i < CALENDAR_REACH)
			return NO_DATE;
		if (answer == CALENDAR_OPEN && session.open <= at)
			return session.day;
	}
	return NO_DATE;
}
