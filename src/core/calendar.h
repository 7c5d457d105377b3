/*-------------------------------------------------------------------------
 *
 * calendar.h
 *	  When a market is open, and which day a moment belongs to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_CALENDAR_H
#define OMS_CALENDAR_H

#include "postgres.h"

#include "base/local_time.h"

#define NO_DAY_OFFSET	PG_INT8_MIN

/* When a session begins and ends; of a day whatever is not given is as usual. */
typedef struct CalendarTimes
{
	WallTime	open;
	WallTime	close;
	int8		open_day;		/* days after the session's, or NO_DAY_OFFSET */
	int8		close_day;
	bool		closed;			/* there is none */
	const char *breaks;			/* "11:30-12:30 18:00-18:30" within it; NULL: none, or as usual */
} CalendarTimes;

/* Of one weekday, from a date on. */
typedef struct CalendarHours
{
	const char *calendar;
	DateADT		valid_from;
	int			weekday;		/* 1 is Monday */
	bool		builtin;
	CalendarTimes times;
} CalendarHours;

typedef struct CalendarDay
{
	const char *calendar;
	DateADT		day;
	bool		builtin;
	CalendarTimes times;
} CalendarDay;

typedef struct Calendar
{
	const char *name;
	pg_tz	   *zone;			/* NULL: not known here, and so nothing is */
	DateADT		known_from;
	DateADT		known_until;
	int64		expiry_delay;	/* microseconds after the close: until then the venue's day goes on */

	/* by weekday, a user's before shipped ones, the newest first */
	const CalendarHours *hours;
	int			nhours;

	/* by day; one of each */
	const CalendarDay *days;
	int			ndays;
} Calendar;

typedef enum CalendarAnswer
{
	CALENDAR_UNKNOWN,			/* neither open nor closed: nobody has said so */
	CALENDAR_CLOSED,
	CALENDAR_OPEN
} CalendarAnswer;

typedef struct Session
{
	DateADT		day;
	TimestampTz open;
	TimestampTz close;
	CalendarTimes times;		/* as that day has them */
	WallMoment	trouble;		/* of an unknown one: why, if it is a time of that day; else WALL_ONCE */
} Session;

/* The session of a day. */
extern CalendarAnswer oms_calendar_session(const Calendar *calendar, DateADT day, Session *session);

/* The first session that closes after a moment; CALENDAR_CLOSED: none for more than a year. */
extern CalendarAnswer oms_calendar_next_close(const Calendar *calendar, TimestampTz at, Session *session);

/* The session under way, breaks included. */
extern CalendarAnswer oms_calendar_session_of(const Calendar *calendar, TimestampTz at, Session *session);

/* Is it trading time? */
extern CalendarAnswer oms_calendar_in_session(const Calendar *calendar, TimestampTz at);

/*
 * The day that what happens then belongs to: that of the session which closes
 * next; what comes after a close belongs to it until the next session opens, or
 * the date changes there.  NO_DATE where that is not known.
 */
extern DateADT oms_calendar_day(const Calendar *calendar, TimestampTz at);

/* The day of the session that opened last; NO_DATE where that is not known. */
extern DateADT oms_calendar_day_done(const Calendar *calendar, TimestampTz at);

/* The session with these times, whatever the calendar says of the day. */
extern CalendarAnswer oms_calendar_resolve(const Calendar *calendar, DateADT day, const CalendarTimes *times, Session *session);

/* What is said of one day alone; NULL: nothing. */
extern const CalendarTimes *oms_calendar_special(const Calendar *calendar, DateADT day);

/* The times of a day of which that is said, and for the rest what is usual. */
extern CalendarTimes oms_calendar_times_with(const Calendar *calendar, DateADT day, const CalendarTimes *special);

/* 1 is Monday. */
extern int	oms_weekday(DateADT day);

/* The next break of a text: false at its end.  NULL at once where it is none. */
extern bool oms_calendar_next_break(const char **breaks, WallTime *from, WallTime *to);

#endif							/* OMS_CALENDAR_H */
