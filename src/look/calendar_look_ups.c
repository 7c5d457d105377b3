/*-------------------------------------------------------------------------
 *
 * calendar_look_ups.c
 *	  What SQL and predicates of rules may ask of trading calendars.
 *
 * Whatever is not known (a calendar that is none, a day outside of its data, a time
 * that clocks there show twice or never) is null, which is neither open nor closed.
 * Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "base/moment.h"
#include "store/calendars.h"

PG_FUNCTION_INFO_V1(oms_session);
PG_FUNCTION_INFO_V1(oms_sessions);
PG_FUNCTION_INFO_V1(oms_session_of);
PG_FUNCTION_INFO_V1(oms_next_close);
PG_FUNCTION_INFO_V1(oms_in_session);
PG_FUNCTION_INFO_V1(oms_is_trading_day);
PG_FUNCTION_INFO_V1(oms_calendar_day_of);
PG_FUNCTION_INFO_V1(oms_calendar_of_order);

/* So many days are the whole life of a calendar, and no harm. */
#define SESSIONS_MAX	100000

static bool
calendar_argument(FunctionCallInfo fcinfo, Calendar *calendar)
{
	return oms_calendar(text_to_cstring(PG_GETARG_TEXT_PP(0)), calendar);
}

/* True, false, or null. */
static Datum
calendar_answer(FunctionCallInfo fcinfo, CalendarAnswer answer)
{
	if (answer == CALENDAR_UNKNOWN)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(answer == CALENDAR_OPEN);
}

static Datum
calendar_row(FunctionCallInfo fcinfo, const Session *session, CalendarAnswer answer, bool with_day)
{
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[] = {answer != CALENDAR_OPEN, answer != CALENDAR_OPEN, answer != CALENDAR_OPEN};
	int			i = 0;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 2 + with_day)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function returning record called in context that cannot accept type record")));
	if (with_day)
		values[i++] = DateADTGetDatum(session->day);
	values[i++] = TimestampTzGetDatum(session->open);
	values[i++] = TimestampTzGetDatum(session->close);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

Datum
oms_session(PG_FUNCTION_ARGS)
{
	Calendar	calendar;
	Session		session = {0};
	CalendarAnswer answer = CALENDAR_UNKNOWN;

	if (calendar_argument(fcinfo, &calendar))
		answer = oms_calendar_session(&calendar, PG_GETARG_DATEADT(1), &session);
	return calendar_row(fcinfo, &session, answer, false);
}

Datum
oms_session_of(PG_FUNCTION_ARGS)
{
	Calendar	calendar;
	Session		session = {0};
	CalendarAnswer answer = CALENDAR_UNKNOWN;

	if (calendar_argument(fcinfo, &calendar))
		answer = oms_calendar_session_of(&calendar, PG_GETARG_TIMESTAMPTZ(1), &session);
	return calendar_row(fcinfo, &session, answer, true);
}

Datum
oms_sessions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	DateADT		from = PG_GETARG_DATEADT(1);
	DateADT		until = PG_GETARG_DATEADT(2);
	Calendar	calendar;

	InitMaterializedSRF(fcinfo, 0);
	if (!calendar_argument(fcinfo, &calendar))
		return (Datum) 0;
	from = Max(from, calendar.known_from);
	until = Min(until, calendar.known_until);
	if (from <= until && (!oms_date_is_printable(from) || !oms_date_is_printable(until) || (int64) until - from >= SESSIONS_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("these are more than %d days", SESSIONS_MAX),
				 errhint("Say from which day to which.")));
	for (DateADT day = from; day <= until; day++)
	{
		Session		session;
		CalendarAnswer answer = oms_calendar_session(&calendar, day, &session);
		Datum		values[] = {DateADTGetDatum(day), TimestampTzGetDatum(session.open), TimestampTzGetDatum(session.close)};
		bool		nulls[] = {false, answer == CALENDAR_UNKNOWN, answer == CALENDAR_UNKNOWN};

		CHECK_FOR_INTERRUPTS();
		if (answer != CALENDAR_CLOSED)
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

Datum
oms_next_close(PG_FUNCTION_ARGS)
{
	Calendar	calendar;
	Session		session;

	if (!calendar_argument(fcinfo, &calendar) || oms_calendar_next_close(&calendar, PG_GETARG_TIMESTAMPTZ(1), &session) != CALENDAR_OPEN)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(session.close);
}

Datum
oms_in_session(PG_FUNCTION_ARGS)
{
	Calendar	calendar;

	return calendar_answer(fcinfo, calendar_argument(fcinfo, &calendar) ? oms_calendar_in_session(&calendar, PG_GETARG_TIMESTAMPTZ(1)) :
						   CALENDAR_UNKNOWN);
}

Datum
oms_is_trading_day(PG_FUNCTION_ARGS)
{
	Calendar	calendar;
	Session		session;

	return calendar_answer(fcinfo, calendar_argument(fcinfo, &calendar) ? oms_calendar_session(&calendar, PG_GETARG_DATEADT(1), &session) :
						   CALENDAR_UNKNOWN);
}

Datum
oms_calendar_day_of(PG_FUNCTION_ARGS)
{
	Calendar	calendar;
	DateADT		day = calendar_argument(fcinfo, &calendar) ? oms_calendar_day(&calendar, PG_GETARG_TIMESTAMPTZ(1)) : NO_DATE;

	if (day == NO_DATE)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(day);
}

static char *
calendar_text(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

Datum
oms_calendar_of_order(PG_FUNCTION_ARGS)
{
	char	   *name = oms_calendar_of(calendar_text(fcinfo, 0), calendar_text(fcinfo, 1), calendar_text(fcinfo, 2));

	if (name == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(name));
}
