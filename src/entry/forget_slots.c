/*-------------------------------------------------------------------------
 *
 * forget_slots.c
 *	  After a shard was split: the trees that another database has now go.
 *
 * Nothing of them is lost, so nothing is kept of them here, and no event tells of
 * it: for consumers the trees go on.  Table by table, in one transaction; the guard
 * of the events (append_only.c) lets pass only those of trees whose slot is not
 * this database's, and as long as this runs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"

#include "core/kind.h"
#include "entry/run.h"
#include "store/append_only.h"
#include "store/shard.h"

PG_FUNCTION_INFO_V1(oms_forget_slots);

#define FORGET_ELSEWHERE	"NOT (SELECT s.slots FROM oms.shard AS s) OPERATOR(pg_catalog.@>) oms.slot_of("

typedef struct Forgotten
{
	int64		trees;
	int64		events;
} Forgotten;

static int64
forget_run(const char *statement)
{
	if (SPI_execute(statement, false, 0) != SPI_OK_DELETE)
		elog(ERROR, "cannot forget trees: %s", statement);
	return SPI_processed;
}

/* Each statement asks for the slots anew: until all have run nobody gives other ones. */
static void
forget_hold_slots(void)
{
	if (SPI_execute("SELECT FROM oms.shard AS s FOR SHARE", false, 0) != SPI_OK_SELECT)
		elog(ERROR, "cannot hold the slots");
}

/* What finds an object by another name than its id; before the object itself, whose row says which tree it is of. */
static void
forget_names(void)
{
	for (int i = 0; i < NAME_COUNT; i++)
	{
		const NameDef *def = &oms_names[i];
		const char *table = oms_kinds[def->kind].record->table;

		(void) forget_run(psprintf("DELETE FROM oms.%s AS n USING oms.%s AS o WHERE o.id OPERATOR(pg_catalog.=) n.%s AND " FORGET_ELSEWHERE "o.root_id)",
								   def->table, table, def->id_column));
	}
}

/* A command that has done something of both is still known here: a repeat would do ours again. */
static void
forget_commands(void)
{
	StringInfoData ours;

	initStringInfo(&ours);
	for (int i = 0; i < oms_kind_count; i++)
		appendStringInfo(&ours, " AND NOT EXISTS (SELECT FROM oms.%s AS o WHERE o.actor OPERATOR(pg_catalog.=) c.actor"
						 " AND o.command_id OPERATOR(pg_catalog.=) c.command_id AND NOT " FORGET_ELSEWHERE "o.root_id))", oms_kinds[i].events);
	for (int i = 0; i < oms_kind_count; i++)
		(void) forget_run(psprintf("DELETE FROM oms.commands AS c USING oms.%s AS e WHERE e.actor OPERATOR(pg_catalog.=) c.actor"
								   " AND e.command_id OPERATOR(pg_catalog.=) c.command_id AND " FORGET_ELSEWHERE "e.root_id)%s", oms_kinds[i].events, ours.data));
}

static void
forget_all(Forgotten *gone)
{
	forget_hold_slots();
	forget_names();
	forget_commands();
	(void) forget_run("DELETE FROM oms.anomalies AS a WHERE " FORGET_ELSEWHERE "a.root_id)");
	(void) forget_run("DELETE FROM oms.root_ids AS r WHERE " FORGET_ELSEWHERE "r.id)");
	for (int i = 0; i < oms_kind_count; i++)
		gone->events += forget_run(psprintf("DELETE FROM oms.%s AS e WHERE " FORGET_ELSEWHERE "e.root_id)", oms_kinds[i].events));
	for (int i = 0; i < oms_kind_count; i++)
	{
		const char *table = oms_kinds[i].record->table;

		gone->trees += forget_run(psprintf("DELETE FROM oms.%s AS o WHERE o.id OPERATOR(pg_catalog.=) o.root_id AND " FORGET_ELSEWHERE "o.root_id)", table));
		(void) forget_run(psprintf("DELETE FROM oms.%s AS o WHERE " FORGET_ELSEWHERE "o.root_id)", table));
	}
}

/* () → (trees bigint, events bigint) */
Datum
oms_forget_slots(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Forgotten	gone = {0};
	bool		nulls[2] = {false, false};

	oms_run_check("oms.forget_slots()");
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "BUG: the figures of oms.forget_slots() are a row");
	if (oms_shard_number() == OMS_NO_SHARD || oms_shard_check_life() != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("this database is no shard of a fleet"),
				 errdetail("What it has nobody else may have."),
				 errhint("Call oms.set_shard() first.")));
	SPI_connect();
	oms_append_only_forget(true);
	PG_TRY();
	{
		forget_all(&gone);
	}
	PG_FINALLY();
	{
		oms_append_only_forget(false);
	}
	PG_END_TRY();
	SPI_finish();
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), (Datum[]) {Int64GetDatum(gone.trees), Int64GetDatum(gone.events)}, nulls)));
}
