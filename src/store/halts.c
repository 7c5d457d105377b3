/*-------------------------------------------------------------------------
 *
 * halts.c
 *	  The trading halts of oms.trading_halts.
 *
 * Keeps what the table says (config_rows.c), and of that what may be in force.  What
 * a halt does is said in core/halt.c.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "store/config_rows.h"
#include "store/halts.h"

typedef struct HaltRow
{
	ConfigRow	row;			/* first */
	Halt		halt;
} HaltRow;

static Halts halts_known;

static void
halt_read(const ConfigRows *rows, Relation rel, TupleTableSlot *slot, ConfigRow *row)
{
	bool		no_begin;
	bool		no_end;
	Datum		since = oms_config_column(rel, slot, "since", TIMESTAMPTZOID, &no_begin);
	Datum		until = oms_config_column(rel, slot, "until", TIMESTAMPTZOID, &no_end);

	((HaltRow *) row)->halt = (Halt) {
		.name = row->name,
		.version = row->version,
		.symbol = oms_config_text(rel, slot, "symbol", false),
		.account = oms_config_text(rel, slot, "account", false),
		.destination = oms_config_text(rel, slot, "destination", false),
		.since = no_begin ? DT_NOBEGIN : DatumGetTimestampTz(since),
		.until = no_end ? DT_NOEND : DatumGetTimestampTz(until),
		.reason = oms_config_text(rel, slot, "reason", false),
	};
}

/* What is over by now is so for every later command. */
static void
halts_take_known(ConfigRows *rows)
{
	TimestampTz now = GetCurrentTimestamp();

	halts_known = (Halts) {.halts = MemoryContextAlloc(rows->context, sizeof(Halt) * (rows->count + 1))};
	for (int i = 0; i < rows->count; i++)
	{
		const HaltRow *row = (const HaltRow *) rows->rows[i];

		if (row->row.enabled && row->halt.until > now)
			halts_known.halts[halts_known.count++] = row->halt;
	}
	oms_halts_sort(&halts_known);
}

static ConfigRows halts_table = {
	.table = {.which = OMS_TRADING_HALTS}, .size = sizeof(HaltRow), .read = halt_read, .known = halts_take_known,
};

void
oms_halts_init(void)
{
	oms_config_rows_init(&halts_table);
}

const Halts *
oms_halts(void)
{
	oms_config_rows_know(&halts_table);
	return halts_known.count > 0 ? &halts_known : NULL;
}
