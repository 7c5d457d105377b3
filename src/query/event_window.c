/*-------------------------------------------------------------------------
 *
 * event_window.c
 *	  The events of some transactions, read from the event tables.
 *
 * What began behind the snapshot that a reader has seen is a range of ids, and
 * what was running then a list of them: both are found by the index on xid,
 * however long a transaction has kept them waiting, and nothing that was read is
 * looked at again.  A reader who is far behind goes by the index on sequence
 * instead, from where his window begins.
 *
 * Statements are prepared once for each kind in a session, with names of our own
 * tables alone; which index each may take is decided by how its conditions are
 * written, and by the settings of the functions in 32_positions.sql.  Reads with
 * the caller's rights.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/xid8.h"

#include "core/kind.h"
#include "query/event_window.h"
#include "store/catalog.h"

typedef enum WindowStatement
{
	WINDOW_MEASURE,
	WINDOW_NEWEST,
	WINDOW_PAGE,
	WINDOW_PAGE_BY_SEQUENCE,
	WINDOW_OBJECTS,
	WINDOW_STATEMENTS
} WindowStatement;

/* Of one kind, and behind them those of all. */
static struct
{
	uint64		kinds;			/* that have tables here; what it was made for */
	SPIPlanPtr	plans[WINDOW_STATEMENTS];
}			windows[KINDS_MAX + 1];

#define WINDOW_COLUMNS \
	"@k AS object, e.sequence, e.aggregate_id, e.version, e.root_id, e.tree_version, e.event_type, e.occurred_at," \
	" e.actor, e.role, e.command_id, e.transition, e.xid, e.payload, e.hash, e.account, e.via"

/* $1 and $2: from which id on, and before which; $3: but not these; $4: these too; $5 and $6: after and until which sequence; $7: how many. */
#define WINDOW_BEHIND	"e.xid >= $1 AND e.xid < $2 AND e.xid <> ALL ($3)"
#define WINDOW_LATE		"e.xid = ANY ($4)"
/* not for an index */
#define WINDOW_PLACE	"e.sequence + 0 > $5 AND e.sequence + 0 <= $6"

static const struct
{
	const char *head;
	const char *arm;			/* @k: the kind, @t: its table; both are made of names of our tables of code */
	const char *tail;
}			window_texts[WINDOW_STATEMENTS] = {
	[WINDOW_MEASURE] = {
		"SELECT count(*), max(e.xid), min(e.sequence) FROM (",
		"(SELECT e.xid, e.sequence FROM @t AS e WHERE " WINDOW_BEHIND " AND " WINDOW_PLACE " LIMIT $7) UNION ALL "
		"(SELECT e.xid, e.sequence FROM @t AS e WHERE " WINDOW_LATE " AND " WINDOW_PLACE " LIMIT $7)",
		") AS e"
	},
	[WINDOW_NEWEST] = {
		"SELECT e.xid FROM (",
		"(SELECT e.xid FROM @t AS e WHERE " WINDOW_BEHIND " AND " WINDOW_PLACE " ORDER BY e.xid DESC LIMIT 1)",
		") AS e ORDER BY e.xid DESC LIMIT 1"
	},
	[WINDOW_PAGE] = {
		"SELECT e.* FROM (",
		"SELECT " WINDOW_COLUMNS " FROM @t AS e WHERE " WINDOW_BEHIND " UNION ALL "
		"SELECT " WINDOW_COLUMNS " FROM @t AS e WHERE " WINDOW_LATE,
		" OFFSET 0) AS e WHERE e.sequence > $5 AND e.sequence <= $6 ORDER BY e.sequence LIMIT $7"
	},
	[WINDOW_PAGE_BY_SEQUENCE] = {
		"SELECT e.* FROM (",
		"(SELECT " WINDOW_COLUMNS " FROM @t AS e WHERE e.sequence > $5 AND e.sequence <= $6 AND (" WINDOW_BEHIND " OR " WINDOW_LATE ")"
		" ORDER BY e.sequence LIMIT $7)",
		") AS e ORDER BY e.sequence LIMIT $7"
	},
	[WINDOW_OBJECTS] = {
		"SELECT DISTINCT ON (e.object, e.aggregate_id) e.object, e.aggregate_id, e.version, e.hash FROM (",
		"SELECT @k COLLATE pg_catalog.\"C\" AS object, e.aggregate_id, e.version, e.hash FROM @t AS e WHERE " WINDOW_BEHIND " AND " WINDOW_PLACE
		" UNION ALL SELECT @k COLLATE pg_catalog.\"C\", e.aggregate_id, e.version, e.hash FROM @t AS e WHERE " WINDOW_LATE " AND " WINDOW_PLACE,
		") AS e ORDER BY e.object, e.aggregate_id, e.version DESC"
	},
};

static Oid	window_types[] = {XID8OID, XID8OID, XID8ARRAYOID, XID8ARRAYOID, INT8OID, INT8OID, INT8OID};

/* A library may know kinds whose extension is not in this database. */
static uint64
window_kinds(int kind)
{
	uint64		kinds = 0;

	for (int i = 0; i < oms_kind_count; i++)
		if ((kind == ALL_KINDS || kind == i) && OidIsValid(oms_relation_if_any(OMS_EVENTS_OF(i))))
			kinds |= UINT64CONST(1) << i;
	return kinds;
}

static void
window_put_arm(StringInfo sql, const char *arm, const char *kind, const char *table)
{
	const char *mark;

	while ((mark = strchr(arm, '@')) != NULL)
	{
		appendBinaryStringInfo(sql, arm, mark - arm);
		appendStringInfoString(sql, mark[1] == 'k' ? kind : table);
		arm = mark + 2;
	}
	appendStringInfoString(sql, arm);
}

/* The end of trees that are purged is an event of their roots. */
static void
window_put_purged(StringInfo sql, const char *arm, int kind)
{
	const char *table = kind == ALL_KINDS ? "oms.purged_trees" :
		psprintf("(SELECT * FROM oms.purged_trees AS t WHERE t.object = '%s')", oms_kinds[kind].record->name);

	window_put_arm(sql, arm, "e.object", table);
}

static SPIPlanPtr
window_prepare(int kind, uint64 kinds, WindowStatement statement)
{
	StringInfoData sql;
	SPIPlanPtr	plan;

	initStringInfo(&sql);
	appendStringInfoString(&sql, window_texts[statement].head);
	for (int i = 0; i < oms_kind_count; i++)
	{
		if (!(kinds >> i & 1))
			continue;
		window_put_arm(&sql, window_texts[statement].arm, psprintf("'%s'::pg_catalog.text", oms_kinds[i].record->name),
					   psprintf("oms.%s", oms_kinds[i].events));
		appendStringInfoString(&sql, " UNION ALL ");
	}
	window_put_purged(&sql, window_texts[statement].arm, kind);
	appendStringInfoString(&sql, window_texts[statement].tail);
	plan = SPI_prepare_cursor(sql.data, lengthof(window_types), window_types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "cannot prepare a statement on events: %s", SPI_result_code_string(SPI_result));
	pfree(sql.data);
	return plan;
}

static SPIPlanPtr
window_plan(int kind, WindowStatement statement)
{
	int			place = kind == ALL_KINDS ? KINDS_MAX : kind;
	uint64		kinds = window_kinds(kind);

	if (windows[place].kinds != kinds)
	{
		for (int i = 0; i < WINDOW_STATEMENTS; i++)
		{
			SPIPlanPtr	old = windows[place].plans[i];

			windows[place].plans[i] = NULL;
			if (old)
				SPI_freeplan(old);
		}
		windows[place].kinds = kinds;
	}
	if (windows[place].plans[statement] == NULL)
		windows[place].plans[statement] = window_prepare(kind, kinds, statement);
	return windows[place].plans[statement];
}

static Datum
window_array(const uint64 *xids, int count)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(count, 1));

	for (int i = 0; i < count; i++)
		elements[i] = FullTransactionIdGetDatum(FullTransactionIdFromU64(xids[i]));
	return PointerGetDatum(construct_array(elements, count, XID8OID, sizeof(FullTransactionId), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* Those that were running when `from` was taken, and are through. */
static Datum
window_late(const EventWindow *window)
{
	uint64	   *late = palloc(sizeof(uint64) * Max(window->from.nhidden, 1));
	int			count = 0;

	for (int i = 0; i < window->from.nhidden; i++)
		if (oms_xids_see(&window->to, window->from.hidden[i]))
			late[count++] = window->from.hidden[i];
	return window_array(late, count);
}

static void
window_values(const EventWindow *window, int64 limit, Datum values[lengthof(window_types)])
{
	values[0] = FullTransactionIdGetDatum(FullTransactionIdFromU64(window->from.end));
	values[1] = FullTransactionIdGetDatum(FullTransactionIdFromU64(window->to.end));
	values[2] = window_array(window->to.hidden, window->to.nhidden);
	values[3] = window_late(window);
	values[4] = Int64GetDatum(window->after);
	values[5] = Int64GetDatum(window->until);
	values[6] = Int64GetDatum(limit);
}

static int
window_execute(const EventWindow *window, WindowStatement statement, int64 limit)
{
	Datum		values[lengthof(window_types)];

	window_values(window, limit, values);
	if (window_kinds(window->kind) == 0)
	{
		SPI_processed = 0;
		SPI_tuptable = NULL;
		return 0;
	}
	if (SPI_execute_plan(window_plan(window->kind, statement), values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "cannot read events: %s", SPI_result_code_string(SPI_result));
	return SPI_processed;
}

/* A column of the only row; 0 for null. */
static uint64
window_number(int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &isnull);

	return isnull ? 0 : (uint64) DatumGetInt64(value);
}

WindowMeasure
oms_window_measure(const EventWindow *window, int64 limit)
{
	WindowMeasure measure = {0};

	if (window_execute(window, WINDOW_MEASURE, limit) == 1)
		measure = (WindowMeasure) {.count = window_number(1), .newest = window_number(2), .first = (int64) window_number(3)};
	return measure;
}

uint64
oms_window_newest(const EventWindow *window)
{
	return window_execute(window, WINDOW_NEWEST, 1) == 1 ? window_number(1) : 0;
}

int
oms_window_read(const EventWindow *window, bool by_sequence, int64 limit)
{
	return window_execute(window, by_sequence ? WINDOW_PAGE_BY_SEQUENCE : WINDOW_PAGE, limit);
}

/* Some at a time: of a store's first window there may be millions. */
void
oms_window_objects(const EventWindow *window, ReturnSetInfo *rsinfo)
{
	Datum		values[lengthof(window_types)];
	Portal		portal;

	if (window_kinds(window->kind) == 0)
		return;
	window_values(window, 0, values);
	portal = SPI_cursor_open(NULL, window_plan(window->kind, WINDOW_OBJECTS), values, NULL, true);
	do
	{
		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, 1000);
		for (uint64 i = 0; i < SPI_processed; i++)
			tuplestore_puttuple(rsinfo->setResult, SPI_tuptable->vals[i]);
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
}
