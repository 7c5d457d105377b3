/*-------------------------------------------------------------------------
 *
 * stats.c
 *	  Counters of commands: oms.stat_commands.
 *
 * One row of counters for each type of command, one for what has no type, one
 * for FIX messages.  They stand in shared memory, an area for each database,
 * when the library was preloaded, else in this session.  They are atomics, so
 * nobody waits for anybody: a reader may see a command of which not everything
 * is counted yet.  They are no part of a transaction: what is rolled back later
 * has been counted, and a restart begins anew.
 *
 * Outcomes are gathered in this session and added when the call ends; that a
 * command was called, at once.  So what ended with an error that is no refusal
 * is the difference, without a handler for errors on the way.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "port/pg_bitutils.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "entry/named_row.h"
#include "entry/stats.h"
#include "store/effort.h"

PG_FUNCTION_INFO_V1(oms_list_stat_commands);
PG_FUNCTION_INFO_V1(oms_stat_commands_reset);

/* Those of other libraries have one row: their numbers differ from session to session. */
#define STATS_ADDED			COMMAND_TYPE_COUNT
#define STATS_UNKNOWN		(COMMAND_TYPE_COUNT + 1)
#define STATS_FIX			(COMMAND_TYPE_COUNT + 2)
#define STATS_ROWS			(COMMAND_TYPE_COUNT + 3)

/* OM001 to OM012 stand in the place of their number, anything else before them. */
#define STATS_SQLSTATES		13

enum StatsColumn
{
	STATS_CALLS,
	STATS_ACCEPTED,
	STATS_REPEATS,
	STATS_REFUSALS,
	STATS_REFUSALS_END = STATS_REFUSALS + STATS_SQLSTATES,
	STATS_ROWS_WRITTEN = STATS_REFUSALS_END,
	STATS_EVENTS,
	STATS_TIME,					/* nanoseconds */
	STATS_LOCK_TIME,
	STATS_COLUMNS
};

typedef struct StatsArea
{
	pg_atomic_uint32 database;	/* InvalidOid until somebody takes it, and his for ever */
	pg_atomic_uint64 reset_at;	/* TimestampTz */
	pg_atomic_uint64 counters[STATS_ROWS][STATS_COLUMNS];
} StatsArea;

/* Sessions of further databases count for themselves. */
#define STATS_DATABASES		64

static StatsArea *shared_areas = NULL;
static StatsArea own_area;
static StatsArea *stats_area = NULL;	/* of this session */

/* The call under way. */
static struct
{
	bool		is_fix;			/* it has begun with a FIX message */
	bool		in_message;		/* of which the outcome is not said yet */
	uint64		started;
	Effort		effort_before;
	uint64		commands;
	uint64		touched;		/* a bit for each row */
	uint64		counts[STATS_ROWS][STATS_COLUMNS];
	/* the command under way */
	int			row;
	uint64		command_started;
	Effort		command_effort;
}			call;

StaticAssertDecl(STATS_ROWS <= 64, "a bit for each row");

/* ------------------------------------------------------------------------
 * where the counters are
 * ------------------------------------------------------------------------
 */

static shmem_startup_hook_type previous_startup = NULL;
static shmem_request_hook_type previous_request = NULL;

static void
stats_init_area(StatsArea *area, Oid database)
{
	pg_atomic_init_u32(&area->database, database);
	pg_atomic_init_u64(&area->reset_at, 0);
	for (int row = 0; row < STATS_ROWS; row++)
		for (int column = 0; column < STATS_COLUMNS; column++)
			pg_atomic_init_u64(&area->counters[row][column], 0);
}

static void
stats_request(void)
{
	if (previous_request)
		previous_request();
	RequestAddinShmemSpace(mul_size(STATS_DATABASES, sizeof(StatsArea)));
}

static void
stats_startup(void)
{
	bool		found;

	if (previous_startup)
		previous_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared_areas = ShmemInitStruct("oms_state commands", mul_size(STATS_DATABASES, sizeof(StatsArea)), &found);
	if (!found)
		for (int i = 0; i < STATS_DATABASES; i++)
			stats_init_area(&shared_areas[i], InvalidOid);
	LWLockRelease(AddinShmemInitLock);
}

void
oms_stats_init(void)
{
	stats_init_area(&own_area, InvalidOid);
	if (!process_shared_preload_libraries_in_progress)
		return;
	previous_request = shmem_request_hook;
	shmem_request_hook = stats_request;
	previous_startup = shmem_startup_hook;
	shmem_startup_hook = stats_startup;
}

/* The first that is free or ours: all look in the same order, so a database has one. */
static StatsArea *
stats_find_area(void)
{
	for (int i = 0; shared_areas && i < STATS_DATABASES; i++)
	{
		uint32		database = InvalidOid;

		if (pg_atomic_compare_exchange_u32(&shared_areas[i].database, &database, MyDatabaseId))
			pg_atomic_write_u64(&shared_areas[i].reset_at, GetCurrentTimestamp());
		else if (database != MyDatabaseId)
			continue;
		return &shared_areas[i];
	}
	pg_atomic_write_u64(&own_area.reset_at, GetCurrentTimestamp());
	return &own_area;
}

static StatsArea *
stats_get_area(void)
{
	if (stats_area == NULL)
		stats_area = stats_find_area();
	return stats_area;
}

/* ------------------------------------------------------------------------
 * counting
 * ------------------------------------------------------------------------
 */

/* One of the rows that have their bit in `rows`, which loses it. */
static int
stats_next_row(uint64 *rows)
{
	int			row = pg_rightmost_one_pos64(*rows);

	*rows &= *rows - 1;
	return row;
}

void
oms_stats_begin_call(bool is_fix)
{
	/* what a call before this one gathered, and an error kept it from adding, is dropped */
	while (call.touched != 0)
		memset(call.counts[stats_next_row(&call.touched)], 0, sizeof(call.counts[0]));
	call.is_fix = call.in_message = false;
	call.commands = 0;
	call.effort_before = oms_effort;
	call.started = oms_effort_clock();
	if (is_fix)
		oms_stats_begin_message();
}

void
oms_stats_begin_message(void)
{
	call.is_fix = call.in_message = true;
	pg_atomic_fetch_add_u64(&stats_get_area()->counters[STATS_FIX][STATS_CALLS], 1);
}

void
oms_stats_begin(void)
{
	call.command_started = oms_effort_clock();
	call.command_effort = oms_effort;
}

void
oms_stats_called(const CommandDef *def)
{
	call.row = def ? Min(def->type, STATS_ADDED) : STATS_UNKNOWN;
	pg_atomic_fetch_add_u64(&stats_get_area()->counters[call.row][STATS_CALLS], 1);
}

static int
stats_sqlstate(int sqlstate)
{
	int			number = (PGUNSIXBIT(sqlstate >> 18) - '0') * 10 + PGUNSIXBIT(sqlstate >> 24) - '0';

	if ((sqlstate & 0x3FFFF) != (OMS_MALFORMED & 0x3FFFF) || number >= STATS_SQLSTATES)
		return 0;
	return number;
}

static uint64 *
stats_outcome(int row, enum StatsColumn outcome, const Refusal *refusal)
{
	uint64	   *counts = call.counts[row];

	call.touched |= UINT64CONST(1) << row;
	counts[refusal ? STATS_REFUSALS + stats_sqlstate(refusal->sqlstate) : outcome]++;
	return counts;
}

void
oms_stats_end(Jsonb *result, int nevents, const Refusal *refusal)
{
	JsonbValue	hold;
	bool		repeated = result && oms_json_get(result, "duplicate", &hold) != NULL;
	uint64	   *counts = stats_outcome(call.row, repeated ? STATS_REPEATS : STATS_ACCEPTED, refusal);

	call.commands++;
	/* a report that is known makes one where it flags its order */
	counts[STATS_EVENTS] += nevents;
	counts[STATS_ROWS_WRITTEN] += oms_effort.rows - call.command_effort.rows;
	counts[STATS_LOCK_TIME] += oms_effort.locking - call.command_effort.locking;
	counts[STATS_TIME] += oms_effort_clock() - call.command_started;
}

void
oms_stats_end_message(const Refusal *refusal)
{
	call.in_message = false;
	(void) stats_outcome(STATS_FIX, STATS_ACCEPTED, refusal);
}

/* Share out among the call's commands what it did around them: by events, for these are what it writes; else by commands. */
static void
stats_share(enum StatsColumn column, uint64 total)
{
	const uint64 commands = call.touched & ~(UINT64CONST(1) << STATS_FIX);
	uint64		events = 0;
	uint64		rest = total;
	int			row = 0;

	for (uint64 rows = commands; rows != 0;)
	{
		row = stats_next_row(&rows);
		rest -= Min(rest, call.counts[row][column]);
		events += call.counts[row][STATS_EVENTS];
	}
	total = rest;
	for (uint64 rows = commands; rows != 0;)
	{
		uint64		share;

		row = stats_next_row(&rows);
		share = events > 0 ? total * call.counts[row][STATS_EVENTS] / events : 0;
		call.counts[row][column] += share;
		rest -= share;
	}
	call.counts[row][column] += rest;
}

void
oms_stats_end_call(const Refusal *refusal)
{
	StatsArea  *area = stats_get_area();
	uint64		time = oms_effort_clock() - call.started;

	if (call.commands > 0)
	{
		stats_share(STATS_ROWS_WRITTEN, oms_effort.rows - call.effort_before.rows);
		stats_share(STATS_LOCK_TIME, oms_effort.locking - call.effort_before.locking);
		stats_share(STATS_TIME, time);
	}
	if (call.in_message)
		oms_stats_end_message(refusal);
	if (call.is_fix)
	{
		call.touched |= UINT64CONST(1) << STATS_FIX;
		call.counts[STATS_FIX][STATS_TIME] += time;
	}
	while (call.touched != 0)
	{
		int			row = stats_next_row(&call.touched);

		for (int column = STATS_ACCEPTED; column < STATS_COLUMNS; column++)
			if (call.counts[row][column] > 0)
				pg_atomic_fetch_add_u64(&area->counters[row][column], call.counts[row][column]);
		memset(call.counts[row], 0, sizeof(call.counts[row]));
	}
}

/* ------------------------------------------------------------------------
 * what SQL sees
 * ------------------------------------------------------------------------
 */

static const NamedColumn stats_columns[] = {
	{"command_type", TEXTOID}, {"calls", INT8OID}, {"accepted", INT8OID}, {"repeats", INT8OID}, {"refusals", INT8OID},
	{"refusals_by_sqlstate", JSONBOID}, {"errors", INT8OID}, {"rows_written", INT8OID}, {"events", INT8OID}, {"total_time", FLOAT8OID},
	{"lock_time", FLOAT8OID}, {"shared", BOOLOID}, {"stats_reset", TIMESTAMPTZOID},
};

static const char *
stats_row_name(int row)
{
	if (row == STATS_ADDED)
		return "(other libraries)";
	if (row == STATS_UNKNOWN)
		return "(unknown)";
	return row == STATS_FIX ? "(FIX message)" : oms_command_defs[row].name;
}

static Jsonb *
stats_refusals(const uint64 *refusals, uint64 *total)
{
	JsonWriter	w = {0};

	*total = 0;
	oms_json_open_object(&w);
	for (int i = 0; i < STATS_SQLSTATES; i++)
	{
		*total += refusals[i];
		if (refusals[i] == 0)
			continue;
		oms_json_int(&w, i == 0 ? "other" : psprintf("OM%03d", i), refusals[i]);
	}
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static void
stats_put_row(ReturnSetInfo *rsinfo, StatsArea *area, int row)
{
	uint64		counts[STATS_COLUMNS];
	uint64		refusals;
	uint64		known;
	Jsonb	   *by_sqlstate;
	Datum		values[lengthof(stats_columns)];
	bool		nulls[lengthof(stats_columns)] = {0};

	/* calls last: who is counted as done was counted as called */
	for (int column = STATS_COLUMNS - 1; column >= 0; column--)
		counts[column] = pg_atomic_read_u64(&area->counters[row][column]);
	by_sqlstate = stats_refusals(&counts[STATS_REFUSALS], &refusals);
	known = counts[STATS_ACCEPTED] + counts[STATS_REPEATS] + refusals;

	values[0] = CStringGetTextDatum(stats_row_name(row));
	values[1] = Int64GetDatum(counts[STATS_CALLS]);
	values[2] = Int64GetDatum(counts[STATS_ACCEPTED]);
	values[3] = Int64GetDatum(counts[STATS_REPEATS]);
	values[4] = Int64GetDatum(refusals);
	values[5] = JsonbPGetDatum(by_sqlstate);
	values[6] = Int64GetDatum(counts[STATS_CALLS] - Min(counts[STATS_CALLS], known));
	values[7] = Int64GetDatum(counts[STATS_ROWS_WRITTEN]);
	values[8] = Int64GetDatum(counts[STATS_EVENTS]);
	values[9] = Float8GetDatum(counts[STATS_TIME] / 1e6);
	values[10] = Float8GetDatum(counts[STATS_LOCK_TIME] / 1e6);
	values[11] = BoolGetDatum(area != &own_area);
	values[12] = TimestampTzGetDatum(pg_atomic_read_u64(&area->reset_at));
	oms_put_named_row(rsinfo, stats_columns, lengthof(stats_columns), values, nulls);
}

Datum
oms_list_stat_commands(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	for (int row = 0; row < STATS_ROWS; row++)
		if (row != STATS_ADDED || oms_command_count > COMMAND_TYPE_COUNT)
			stats_put_row((ReturnSetInfo *) fcinfo->resultinfo, stats_get_area(), row);
	return (Datum) 0;
}

/* What is counted meanwhile by others stays, or goes. */
Datum
oms_stat_commands_reset(PG_FUNCTION_ARGS)
{
	StatsArea  *area = stats_get_area();

	for (int row = 0; row < STATS_ROWS; row++)
		for (int column = 0; column < STATS_COLUMNS; column++)
			pg_atomic_write_u64(&area->counters[row][column], 0);
	pg_atomic_write_u64(&area->reset_at, GetCurrentTimestamp());
	PG_RETURN_VOID();
}
