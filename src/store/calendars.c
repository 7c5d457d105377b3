/*-------------------------------------------------------------------------
 *
 * calendars.c
 *	  The trading calendars of this database.
 *
 * Keeps what the four tables say (config_table.c), each read when it is first asked
 * for: most sessions never do.  A user's row hides the shipped one: of a day, and of
 * a weekday whatever was shipped; of a calendar what it gives.  What they mean is
 * core/calendar.c's.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/moment.h"
#include "store/calendars.h"
#include "store/config_rows.h"

/* Rows of one table, sorted once all are there. */
typedef struct CalendarRows
{
	ConfigTable table;			/* first */
	size_t		size;
	int			(*compare) (const void *a, const void *b);	/* of two that are one only the first is kept */
	void		(*read) (Relation rel, TupleTableSlot *slot, void *row);
	bool		(*same) (const void *a, const void *b); /* NULL: all are kept */
	MemoryContext context;
	char	   *rows;
	int			count;
	int			room;
	const char *last_name;		/* many rows in turn have the same */
} CalendarRows;

typedef struct CalendarRow
{
	const char *name;
	bool		builtin;
	const char *zone;			/* NULL: as shipped; so with the others */
	bool		has_from;
	bool		has_until;
	bool		has_delay;
	DateADT		known_from;
	DateADT		known_until;
	int64		expiry_delay;
} CalendarRow;

typedef struct AssignmentRow
{
	const char *destination;	/* or "": any */
	const char *symbol;
	const char *asset_class;
	bool		builtin;
	const char *calendar;		/* NULL: none */
} AssignmentRow;

/* ------------------------------------------------------------------------
 * rows as they are read
 * ------------------------------------------------------------------------
 */

static void
calendars_begin(ConfigTable *table)
{
	CalendarRows *rows = (CalendarRows *) table;

	rows->count = rows->room = 0;
	rows->rows = NULL;
	rows->last_name = NULL;
	if (rows->context == NULL)
		rows->context = AllocSetContextCreate(CacheMemoryContext, "oms calendars", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(rows->context);
}

static void
calendars_take(ConfigTable *table, Relation rel, TupleTableSlot *slot)
{
	CalendarRows *rows = (CalendarRows *) table;
	MemoryContext old = MemoryContextSwitchTo(rows->context);

	if (rows->count == rows->room)
	{
		rows->room = rows->room ? 2 * rows->room : 64;
		rows->rows = rows->rows ? repalloc_huge(rows->rows, rows->size * rows->room) : palloc(rows->size * rows->room);
	}
	/* counted once it is there */
	rows->read(rel, slot, rows->rows + rows->size * rows->count);
	rows->count++;
	MemoryContextSwitchTo(old);
}

static void
calendars_end(ConfigTable *table)
{
	CalendarRows *rows = (CalendarRows *) table;
	int			kept = 0;

	if (rows->count > 1)
		qsort(rows->rows, rows->count, rows->size, rows->compare);
	for (int i = 0; rows->same && i < rows->count; i++)
	{
		char	   *row = rows->rows + rows->size * i;

		if (kept > 0 && rows->same(rows->rows + rows->size * (kept - 1), row))
			continue;
		memmove(rows->rows + rows->size * kept, row, rows->size);
		kept++;
	}
	if (rows->same)
		rows->count = kept;
}

static bool
calendars_bool(Relation rel, TupleTableSlot *slot, const char *column)
{
	return DatumGetBool(oms_config_column(rel, slot, column, BOOLOID, NULL));
}

static int
calendars_int(Relation rel, TupleTableSlot *slot, const char *column, int otherwise)
{
	bool		isnull;
	Datum		value = oms_config_column(rel, slot, column, INT4OID, &isnull);

	return isnull ? otherwise : DatumGetInt32(value);
}

static WallTime
calendars_time(Relation rel, TupleTableSlot *slot, const char *column)
{
	bool		isnull;
	Datum		value = oms_config_column(rel, slot, column, TEXTOID, &isnull);
	WallTime	time = {NO_SECONDS, NO_UTC_OFFSET};
	char	   *string = isnull ? NULL : TextDatumGetCString(value);

	if (string && !oms_wall_time_parse(string, strlen(string), &time))
		time.seconds = NO_SECONDS;
	if (string)
		pfree(string);
	return time;
}

CalendarTimes
oms_calendar_times(Relation rel, TupleTableSlot *slot)
{
	return (CalendarTimes) {
		.open = calendars_time(rel, slot, "open_time"),
		.close = calendars_time(rel, slot, "close_time"),
		.open_day = calendars_int(rel, slot, "open_day_offset", NO_DAY_OFFSET),
		.close_day = calendars_int(rel, slot, "close_day_offset", NO_DAY_OFFSET),
		.closed = calendars_bool(rel, slot, "closed"),
		.breaks = oms_config_text(rel, slot, "breaks", false),
	};
}

/* Rows of one calendar mostly follow each other. */
static const char *
calendars_name(CalendarRows *rows, Relation rel, TupleTableSlot *slot, const char *column)
{
	Datum		value = oms_config_column(rel, slot, column, TEXTOID, NULL);
	text	   *name = DatumGetTextPP(value);
	size_t		length = VARSIZE_ANY_EXHDR(name);

	if (rows->last_name == NULL || strlen(rows->last_name) != length || memcmp(rows->last_name, VARDATA_ANY(name), length) != 0)
		rows->last_name = text_to_cstring(name);
	return rows->last_name;
}

/* ------------------------------------------------------------------------
 * calendars
 * ------------------------------------------------------------------------
 */

static void
calendars_read_calendar(Relation rel, TupleTableSlot *slot, void *to)
{
	CalendarRow *row = to;
	bool		no_from;
	bool		no_until;
	bool		no_delay;
	Datum		from = oms_config_column(rel, slot, "known_from", DATEOID, &no_from);
	Datum		until = oms_config_column(rel, slot, "known_until", DATEOID, &no_until);
	Datum		delay = oms_config_column(rel, slot, "expiry_delay", INTERVALOID, &no_delay);

	*row = (CalendarRow) {
		.name = oms_config_text(rel, slot, "name", true),
		.builtin = calendars_bool(rel, slot, "builtin"),
		.zone = oms_config_text(rel, slot, "zone", false),
		.has_from = !no_from,
		.has_until = !no_until,
		.has_delay = !no_delay,
		.known_from = no_from ? 0 : DatumGetDateADT(from),
		.known_until = no_until ? 0 : DatumGetDateADT(until),
		.expiry_delay = no_delay ? 0 : DatumGetIntervalP(delay)->time + (int64) DatumGetIntervalP(delay)->day * USECS_PER_DAY,
	};
}

static int
calendars_compare_calendars(const void *a, const void *b)
{
	const CalendarRow *x = a;
	const CalendarRow *y = b;
	int			order = strcmp(x->name, y->name);

	return order != 0 ? order : (int) x->builtin - (int) y->builtin;
}

static CalendarRows calendars = {
	.table = {.which = OMS_TRADING_CALENDARS}, .size = sizeof(CalendarRow),
	.read = calendars_read_calendar, .compare = calendars_compare_calendars,
};

/* ------------------------------------------------------------------------
 * hours
 * ------------------------------------------------------------------------
 */

static CalendarRows hours;

static void
calendars_read_hours(Relation rel, TupleTableSlot *slot, void *to)
{
	CalendarHours *row = to;

	*row = (CalendarHours) {
		.calendar = calendars_name(&hours, rel, slot, "calendar"),
		.valid_from = DatumGetDateADT(oms_config_column(rel, slot, "valid_from", DATEOID, NULL)),
		.weekday = calendars_int(rel, slot, "iso_dow", 0),
		.builtin = calendars_bool(rel, slot, "builtin"),
		.times = oms_calendar_times(rel, slot),
	};
	/* nothing is more usual */
	if (row->times.open_day == NO_DAY_OFFSET)
		row->times.open_day = 0;
	if (row->times.close_day == NO_DAY_OFFSET)
		row->times.close_day = 0;
}

static int
calendars_compare_hours(const void *a, const void *b)
{
	const CalendarHours *x = a;
	const CalendarHours *y = b;
	int			order = strcmp(x->calendar, y->calendar);

	if (order == 0)
		order = x->weekday - y->weekday;
	if (order == 0)
		order = (int) x->builtin - (int) y->builtin;
	if (order == 0)
		order = (x->valid_from < y->valid_from) - (x->valid_from > y->valid_from);
	return order;
}

static CalendarRows hours = {
	.table = {.which = OMS_CALENDAR_HOURS}, .size = sizeof(CalendarHours),
	.read = calendars_read_hours, .compare = calendars_compare_hours,
};

/* ------------------------------------------------------------------------
 * days
 * ------------------------------------------------------------------------
 */

static CalendarRows days;

static void
calendars_read_day(Relation rel, TupleTableSlot *slot, void *to)
{
	*(CalendarDay *) to = (CalendarDay) {
		.calendar = calendars_name(&days, rel, slot, "calendar"),
		.day = DatumGetDateADT(oms_config_column(rel, slot, "day", DATEOID, NULL)),
		.builtin = calendars_bool(rel, slot, "builtin"),
		.times = oms_calendar_times(rel, slot),
	};
}

static int
calendars_compare_days(const void *a, const void *b)
{
	const CalendarDay *x = a;
	const CalendarDay *y = b;
	int			order = strcmp(x->calendar, y->calendar);

	if (order == 0)
		order = (x->day > y->day) - (x->day < y->day);
	return order != 0 ? order : (int) x->builtin - (int) y->builtin;
}

static bool
calendars_same_day(const void *a, const void *b)
{
	const CalendarDay *x = a;
	const CalendarDay *y = b;

	return x->day == y->day && strcmp(x->calendar, y->calendar) == 0;
}

static CalendarRows days = {
	.table = {.which = OMS_CALENDAR_DAYS}, .size = sizeof(CalendarDay),
	.read = calendars_read_day, .compare = calendars_compare_days, .same = calendars_same_day,
};

/* ------------------------------------------------------------------------
 * assignments
 * ------------------------------------------------------------------------
 */

static void
calendars_read_assignment(Relation rel, TupleTableSlot *slot, void *to)
{
	*(AssignmentRow *) to = (AssignmentRow) {
		.destination = oms_config_text(rel, slot, "destination", true),
		.symbol = oms_config_text(rel, slot, "symbol", true),
		.asset_class = oms_config_text(rel, slot, "asset_class", true),
		.builtin = calendars_bool(rel, slot, "builtin"),
		.calendar = oms_config_text(rel, slot, "calendar", false),
	};
}

static int
calendars_compare_keys(const void *a, const void *b)
{
	const AssignmentRow *x = a;
	const AssignmentRow *y = b;
	int			order = strcmp(x->destination, y->destination);

	if (order == 0)
		order = strcmp(x->symbol, y->symbol);
	return order != 0 ? order : strcmp(x->asset_class, y->asset_class);
}

static int
calendars_compare_assignments(const void *a, const void *b)
{
	int			order = calendars_compare_keys(a, b);

	return order != 0 ? order : (int) ((const AssignmentRow *) a)->builtin - (int) ((const AssignmentRow *) b)->builtin;
}

static bool
calendars_same_assignment(const void *a, const void *b)
{
	return calendars_compare_keys(a, b) == 0;
}

static CalendarRows assignments = {
	.table = {.which = OMS_CALENDAR_ASSIGNMENTS}, .size = sizeof(AssignmentRow),
	.read = calendars_read_assignment, .compare = calendars_compare_assignments, .same = calendars_same_assignment,
};

/* ------------------------------------------------------------------------
 * what is asked
 * ------------------------------------------------------------------------
 */

void
oms_calendars_init(void)
{
	CalendarRows *const tables[] = {&calendars, &hours, &days, &assignments};

	for (int i = 0; i < lengthof(tables); i++)
	{
		tables[i]->table.begin = calendars_begin;
		tables[i]->table.take = calendars_take;
		tables[i]->table.end = calendars_end;
		oms_config_init(&tables[i]->table);
	}
}

/* The rows of this calendar, all of which begin with its name. */
static const void *
calendars_slice(CalendarRows *rows, const char *name, int *count)
{
	int			low = 0;
	int			high = rows->count;
	int			first;

	oms_config_know(&rows->table);
	high = rows->count;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (strcmp(*(const char **) (rows->rows + rows->size * middle), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	first = low;
	high = rows->count;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (strcmp(*(const char **) (rows->rows + rows->size * middle), name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	*count = low - first;
	return rows->rows + rows->size * first;
}

/* What a user's row says, and for the rest what was shipped; both may be the same row. */
static Calendar
calendars_merge(const CalendarRow *row, const CalendarRow *shipped)
{
	return (Calendar) {
		.name = row->name,
		.zone = row->zone || shipped->zone ? oms_zone(row->zone ? row->zone : shipped->zone) : NULL,
		.known_from = row->has_from ? row->known_from : shipped->has_from ? shipped->known_from : DATEVAL_NOBEGIN,
		.known_until = row->has_until ? row->known_until : shipped->has_until ? shipped->known_until : DATEVAL_NOBEGIN,
		.expiry_delay = row->has_delay ? row->expiry_delay : shipped->has_delay ? shipped->expiry_delay : 0,
	};
}

bool
oms_calendar(const char *name, Calendar *calendar)
{
	int			count;
	const CalendarRow *row = calendars_slice(&calendars, name, &count);

	if (count == 0)
		return false;
	*calendar = calendars_merge(row, row + count - 1);
	calendar->hours = calendars_slice(&hours, name, &calendar->nhours);
	calendar->days = calendars_slice(&days, name, &calendar->ndays);
	return true;
}

bool
oms_calendar_shipped(const char *name, Calendar *calendar)
{
	int			count;
	const CalendarRow *row = calendars_slice(&calendars, name, &count);

	if (count == 0 || !row[count - 1].builtin)
		return false;
	*calendar = calendars_merge(row + count - 1, row + count - 1);
	return true;
}

/* The most special assignment: what names the destination before what does not, then the symbol, then the class. */
char *
oms_calendar_of(const char *destination, const char *asset_class, const char *symbol)
{
	int			count;

	oms_config_know(&assignments.table);
	for (int without = 0; without < 8; without++)
	{
		AssignmentRow key = {
			.destination = without & 4 ? "" : destination,
			.symbol = without & 2 ? "" : symbol,
			.asset_class = without & 1 ? "" : asset_class,
		};
		const AssignmentRow *row;

		if (key.destination == NULL || key.symbol == NULL || key.asset_class == NULL)
			continue;
		row = assignments.count == 0 ? NULL :
			bsearch(&key, assignments.rows, assignments.count, sizeof(AssignmentRow), calendars_compare_keys);
		if (row)
			return row->calendar ? pstrdup(row->calendar) : NULL;
		/* a destination is its own calendar's, if it has one */
		if (without == 3)
		{
			const CalendarRow *own = calendars_slice(&calendars, destination, &count);

			if (count > 0)
				return pstrdup(own->name);
		}
	}
	return NULL;
}
