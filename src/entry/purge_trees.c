/*-------------------------------------------------------------------------
 *
 * purge_trees.c
 *	  Many trees purged in one call: what oms.purge() does a batch of.
 *
 * Each by a command of its own, through the pipeline, in one unit of work that
 * waits for nobody: a tree that somebody has locked stays for the next time.  What
 * others want of the trees that go has to wait until the transaction ends, so
 * the call ends when it has taken its time, whatever is left.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "entry/gate.h"
#include "entry/named_row.h"
#include "entry/run.h"
#include "store/purge.h"

PG_FUNCTION_INFO_V1(oms_purge_trees);

static const NamedColumn purge_columns[] = {
	{"id", TEXTOID}, {"outcome", TEXTOID}, {"trees", INT8OID}, {"events", INT8OID}, {"detail", TEXTOID}
};

typedef struct PurgeRun
{
	UnitOfWork *uow;
	ReturnSetInfo *rsinfo;
	const CommandDef *def;
	const char *id_field;
	TimestampTz now;
} PurgeRun;

static void
purge_tell(const PurgeRun *run, const char *id, const char *outcome, int64 trees, int64 events, const char *detail)
{
	Datum		values[lengthof(purge_columns)] = {
		CStringGetTextDatum(id), CStringGetTextDatum(outcome), Int64GetDatum(trees), Int64GetDatum(events),
		detail ? CStringGetTextDatum(detail) : (Datum) 0
	};
	bool		nulls[lengthof(purge_columns)] = {false, false, false, false, detail == NULL};

	oms_put_named_row(run->rsinfo, purge_columns, lengthof(purge_columns), values, nulls);
}

static Jsonb *
purge_command(const PurgeRun *run, const char *id)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	oms_json_time(&w, "asOf", run->now);
	oms_json_string(&w, run->id_field, id);
	oms_json_string(&w, "causationId", "oms.purge");
	oms_json_string(&w, "commandType", run->def->name);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static void
purge_one(const PurgeRun *run, const char *id)
{
	int			before = oms_uow_count_events(run->uow);
	TakenCommand *taken = oms_run_own(purge_command(run, id));
	Refusal    *refusal;
	const Event *events;
	int			count;
	int64		gone = 0;

	if (oms_run(run->uow, taken, false, &refusal) == NULL)
	{
		/* one that was tied to another went with it */
		if (refusal->sqlstate == OMS_NO_SUCH_OBJECT)
			purge_tell(run, id, "GONE", 0, 0, NULL);
		else
			purge_tell(run, id, refusal->rule ? refusal->rule : unpack_sql_state(refusal->sqlstate), 0, 0, refusal->detail);
		return;
	}
	events = oms_uow_events_since(run->uow, before, &count);
	for (int i = 0; i < count; i++)
		gone += oms_purge_count_events(events[i].purge);
	purge_tell(run, id, "PURGED", count, gone, NULL);
}

/* The command that purges what such an id names. */
static const CommandDef *
purge_find_command(const char *object, const char **id_field)
{
	const KindDef *kind = oms_kind_by_name(object);

	*id_field = kind ? kind->id_field : "";
	for (int i = 0; i < oms_command_count; i++)
		if (oms_has_trait(&oms_command_defs[i], TRAIT_PURGES) && oms_command_field(&oms_command_defs[i], *id_field))
			return &oms_command_defs[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("trees of kind \"%s\" are not purged", object)));
}

/* The arguments: the kind of the roots, their ids, as of when, and how many milliseconds it may take. */
Datum
oms_purge_trees(PG_FUNCTION_ARGS)
{
	PurgeRun	run = {.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo};
	TimestampTz started = GetCurrentTimestamp();
	Datum	   *ids;
	bool	   *nulls;
	int			count;
	Refusal    *refusal;

	for (int i = 0; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("the kind and ids of trees, as of when, and how long it may take must not be null")));
	run.def = purge_find_command(text_to_cstring(PG_GETARG_TEXT_PP(0)), &run.id_field);
	run.now = PG_GETARG_TIMESTAMPTZ(2);
	if (!IS_VALID_TIMESTAMP(run.now))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the moment must be finite")));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &ids, &nulls, &count);
	oms_run_begin("oms.purge_trees()", false);
	refusal = oms_gate_check(run.def);
	if (refusal)
		oms_run_raise(refusal);
	InitMaterializedSRF(fcinfo, 0);
	run.uow = oms_uow_begin();
	oms_uow_never_wait(run.uow);
	oms_purge_many(run.uow);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		/* one at least: whoever calls again comes on */
		if (i > 0 && TimestampDifferenceExceeds(started, GetCurrentTimestamp(), PG_GETARG_INT32(3)))
			break;
		if (!nulls[i])
			purge_one(&run, TextDatumGetCString(ids[i]));
	}
	oms_run_end(run.uow, NULL);
	return (Datum) 0;
}
