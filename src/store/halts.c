/*-------------------------------------------------------------------------
 *
 * halts.c
 *	  The trading halts of oms.trading_halts.
 *
 * Keeps what the table says (config_table.c), sorted by name.  What a halt does is
 * said in core/halt.c.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "store/config_table.h"
#include "store/halts.h"

/* A row, and what is of no use once all are known. */
typedef struct HaltRow
{
	Halt		halt;			/* first */
	bool		builtin;
	bool		enabled;
} HaltRow;

static struct
{
	MemoryContext context;		/* of all that is kept */
	List	   *rows;			/* of HaltRow */
	Halts		halts;
}			kept;

static const char *
halt_text(Relation rel, TupleTableSlot *slot, const char *column)
{
	bool		isnull;
	Datum		value = oms_config_column(rel, slot, column, TEXTOID, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

static void
halts_begin(void)
{
	kept.rows = NIL;
	kept.halts = (Halts) {0};
	if (kept.context == NULL)
		kept.context = AllocSetContextCreate(CacheMemoryContext, "oms.trading_halts", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(kept.context);
}

static void
halts_take(Relation rel, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(kept.context);
	HaltRow    *row = palloc0(sizeof(HaltRow));
	bool		no_end;
	Datum		until = oms_config_column(rel, slot, "until", TIMESTAMPTZOID, &no_end);

	row->halt = (Halt) {
		.name = TextDatumGetCString(oms_config_column(rel, slot, "name", TEXTOID, NULL)),
		.version = DatumGetInt64(oms_config_column(rel, slot, "version", INT8OID, NULL)),
		.symbol = halt_text(rel, slot, "symbol"),
		.account = halt_text(rel, slot, "account"),
		.destination = halt_text(rel, slot, "destination"),
		.since = DatumGetTimestampTz(oms_config_column(rel, slot, "since", TIMESTAMPTZOID, NULL)),
		.until = no_end ? DT_NOEND : DatumGetTimestampTz(until),
		.reason = halt_text(rel, slot, "reason"),
	};
	row->builtin = DatumGetBool(oms_config_column(rel, slot, "builtin", BOOLOID, NULL));
	row->enabled = DatumGetBool(oms_config_column(rel, slot, "enabled", BOOLOID, NULL));
	kept.rows = lappend(kept.rows, row);
	MemoryContextSwitchTo(old);
}

/* A user's before the shipped one of the same name. */
static int
halt_compare_rows(const ListCell *a, const ListCell *b)
{
	const HaltRow *first = lfirst(a);
	const HaltRow *second = lfirst(b);
	int			order = strcmp(first->halt.name, second->halt.name);

	return order != 0 ? order : (int) first->builtin - (int) second->builtin;
}

/* What is over by now is so for every later command. */
static void
halts_end(void)
{
	TimestampTz now = GetCurrentTimestamp();
	const char *last = NULL;
	ListCell   *cell;

	list_sort(kept.rows, halt_compare_rows);
	kept.halts.halts = MemoryContextAlloc(kept.context, sizeof(Halt) * (list_length(kept.rows) + 1));
	foreach(cell, kept.rows)
	{
		const HaltRow *row = lfirst(cell);
		bool		hidden = last && strcmp(last, row->halt.name) == 0;

		last = row->halt.name;
		if (!hidden && row->enabled && row->halt.until > now)
			kept.halts.halts[kept.halts.count++] = row->halt;
	}
	oms_halts_sort(&kept.halts);
}

static ConfigTable halts_table = {.which = OMS_TRADING_HALTS, .begin = halts_begin, .take = halts_take, .end = halts_end};

void
oms_halts_init(void)
{
	oms_config_init(&halts_table);
}

const Halts *
oms_halts(void)
{
	oms_config_know(&halts_table);
	return kept.halts.count > 0 ? &kept.halts : NULL;
}
