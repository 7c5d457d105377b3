/*-------------------------------------------------------------------------
 *
 * calendar_check.c
 *	  Rows of trading calendars are stored: can they be?
 *
 * The trigger of their tables, before each row.  What
 * comes from elsewhere (a restored dump, replication) is stored as it is: zones
 * are not the same on every machine, and oms.calendar_problems() tells.  Writes and
 * locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/moment.h"
#include "store/calendars.h"
#include "store/config_def.h"
#include "store/config_table.h"

PG_FUNCTION_INFO_V1(oms_check_calendar);

/* Hours are tried so far ahead: zones have their rules for longer. */
#define CHECKED_DAYS	3660

pg_noreturn static void
calendar_refuse(const Calendar *calendar, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(OMS_BAD_CONFIGURATION),
			 errmsg("calendar \"%s\" cannot be so", calendar->name),
			 errdetail("%s", detail),
			 hint ? errhint("%s", hint) : 0));
}

static void
calendar_check_zone(Relation rel, TupleTableSlot *slot)
{
	Calendar	calendar = {.name = TextDatumGetCString(oms_config_column(rel, slot, "name", TEXTOID, NULL))};
	Calendar	shipped;
	bool		no_zone;
	bool		no_end;
	Datum		zone = oms_config_column(rel, slot, "zone", TEXTOID, &no_zone);
	const char *name = no_zone ? NULL : TextDatumGetCString(zone);

	(void) oms_config_column(rel, slot, "known_until", DATEOID, &no_end);
	if ((no_zone || no_end) && !oms_calendar_shipped(calendar.name, &shipped))
		calendar_refuse(&calendar, "Only what takes the place of a shipped one may leave its zone or known_until to that.",
						"'infinity' is a day, too.");
	if (name && !oms_zone_is_well_named(name))
		calendar_refuse(&calendar, psprintf("Zone \"%s\" is no place that every machine knows.", name), "Name it by area and city, as Europe/London; or UTC.");
	if (name && oms_zone(name) == NULL)
		calendar_refuse(&calendar, psprintf("This server knows no time zone \"%s\".", name), "pg_timezone_names has those that it knows.");
}

static char *
calendar_date(DateADT day)
{
	char		text[MOMENT_TEXT_SIZE];

	oms_date_text(day, text);
	return pstrdup(text);
}

/* Clocks there show a time of that session twice, or never, and nothing says which is meant. */
static void
calendar_check_moments(const Calendar *calendar, DateADT day, const CalendarTimes *times, bool is_usual)
{
	Session		session;
	CalendarAnswer answer = oms_calendar_resolve(calendar, day, times, &session);

	if (answer != CALENDAR_UNKNOWN || session.trouble == WALL_OUT_OF_RANGE)
		return;
	calendar_refuse(calendar, psprintf("A time of the session of %s is one that clocks there show %s.", calendar_date(day),
									   session.trouble == WALL_NEVER ? "never" : "twice"),
					is_usual ? "First say in oms.calendar_days when that one is, with the offset from UTC that is meant, as 01:30+01:00." :
					"Say which offset from UTC is meant, as 01:30+01:00.");
}

static void
calendar_check_hours(const Calendar *calendar, Relation rel, TupleTableSlot *slot)
{
	CalendarTimes times = oms_calendar_times(rel, slot);
	DateADT		from = DatumGetDateADT(oms_config_column(rel, slot, "valid_from", DATEOID, NULL));
	int			weekday = DatumGetInt32(oms_config_column(rel, slot, "iso_dow", INT4OID, NULL));
	DateADT		today = oms_wall_date(calendar->zone, GetCurrentTimestamp());
	DateADT		until;

	if (times.closed || times.open.seconds == NO_SECONDS || times.close.seconds == NO_SECONDS)
		return;
	if (times.open_day * SECS_PER_DAY + times.open.seconds >= times.close_day * SECS_PER_DAY + times.close.seconds)
		calendar_refuse(calendar, "It would close before it opens.", NULL);
	from = Max(from, calendar->known_from);
	if (DATE_IS_NOBEGIN(from))
		from = today - 366;
	if (!oms_date_is_printable(from))
		return;
	until = Min(calendar->known_until, Max(from, today) + CHECKED_DAYS);
	for (DateADT day = from; day <= until; day += oms_weekday(day) == weekday ? 7 : 1)
	{
		CHECK_FOR_INTERRUPTS();
		if (oms_weekday(day) == weekday && oms_calendar_special(calendar, day) == NULL)
			calendar_check_moments(calendar, day, &times, true);
	}
}

/* An offset is for what clocks show twice or never; of another time it must be the one that is in force then. */
static void
calendar_check_offset(const Calendar *calendar, DateADT day, int offset, const WallTime *time)
{
	int64		seconds = (int64) offset * SECS_PER_DAY + time->seconds;
	TimestampTz moment;
	TimestampTz told;

	if (time->seconds == NO_SECONDS || time->utc_offset == NO_UTC_OFFSET)
		return;
	told = ((int64) day * SECS_PER_DAY + seconds - time->utc_offset * SECS_PER_MINUTE) * USECS_PER_SEC;
	if (oms_wall_moment(calendar->zone, day, seconds, time->utc_offset, &moment) != WALL_ONCE || moment != told)
		calendar_refuse(calendar, psprintf("The offset from UTC of a time of the session of %s is none that clocks there have then.", calendar_date(day)), NULL);
}

static void
calendar_check_day(const Calendar *calendar, Relation rel, TupleTableSlot *slot)
{
	CalendarTimes special = oms_calendar_times(rel, slot);
	DateADT		day = DatumGetDateADT(oms_config_column(rel, slot, "day", DATEOID, NULL));
	CalendarTimes times;
	Session		session;

	if (special.closed || !oms_date_is_printable(day))
		return;
	times = oms_calendar_times_with(calendar, day, &special);
	calendar_check_offset(calendar, day, times.open_day, &times.open);
	calendar_check_offset(calendar, day, times.close_day, &times.close);
	calendar_check_moments(calendar, day, &times, false);
	if (oms_calendar_resolve(calendar, day, &times, &session) != CALENDAR_CLOSED || times.closed ||
		(special.open.seconds == NO_SECONDS && special.close.seconds == NO_SECONDS))
		return;
	calendar_refuse(calendar, times.open.seconds == NO_SECONDS || times.close.seconds == NO_SECONDS ?
					psprintf("%s has no usual hours: it needs open_time and close_time.", calendar_date(day)) :
					psprintf("On %s it would close before it opens.", calendar_date(day)), NULL);
}

/* What is missing, or comes with the hash of its event from where it was stored first, is nothing to be asked of. */
static bool
calendar_is_asked(const TriggerData *trigger, const ConfigDef *def, TupleTableSlot *slot)
{
	Relation	rel = trigger->tg_relation;
	bool		isnull;

	(void) oms_config_column(rel, slot, "hash", BYTEAOID, &isnull);
	if (SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA || (TRIGGER_FIRED_BY_INSERT(trigger->tg_event) && !isnull))
		return false;
	for (int i = 1; i <= RelationGetDescr(rel)->natts; i++)
		if (TupleDescAttr(RelationGetDescr(rel), i - 1)->attnotnull && slot_attisnull(slot, i))
			return false;
	return !DatumGetBool(oms_config_column(rel, slot, "builtin", BOOLOID, NULL));
}

static void
calendar_check_row(Relation rel, const ConfigDef *def, TupleTableSlot *slot)
{
	bool		no_calendar;
	Datum		value = oms_config_column(rel, slot, "calendar", TEXTOID, &no_calendar);
	Calendar	calendar = {.name = no_calendar ? NULL : TextDatumGetCString(value)};

	if (no_calendar)
		return;
	if (!oms_calendar(pstrdup(calendar.name), &calendar))
		calendar_refuse(&calendar, "There is none of this name.", "Insert it into oms.trading_calendars first.");
	if (calendar.zone && strcmp(def->table, "calendar_hours") == 0)
		calendar_check_hours(&calendar, rel, slot);
	else if (calendar.zone && strcmp(def->table, "calendar_days") == 0)
		calendar_check_day(&calendar, rel, slot);
}

Datum
oms_check_calendar(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	const ConfigDef *def;
	TupleTableSlot *slot;
	HeapTuple	row;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		TRIGGER_FIRED_BY_DELETE(trigger->tg_event) || (def = oms_config_def(trigger->tg_relation)) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("oms.check_calendar() was not called by the trigger manager before a row of a calendar")));
	slot = TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ? trigger->tg_trigslot : trigger->tg_newslot;
	row = TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ? trigger->tg_trigtuple : trigger->tg_newtuple;
	if (!calendar_is_asked(trigger, def, slot))
		return PointerGetDatum(row);
	if (strcmp(def->table, "trading_calendars") == 0)
		calendar_check_zone(trigger->tg_relation, slot);
	else
		calendar_check_row(trigger->tg_relation, def, slot);
	return PointerGetDatum(row);
}
