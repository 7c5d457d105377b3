/*-------------------------------------------------------------------------
 *
 * api.c
 *	  The SQL-callable functions: unpack, call, pack.
 *
 * Only here and in fix.c does a refusal become an error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "entry/run.h"
#include "entry/stats.h"
#include "store/trees.h"

PG_FUNCTION_INFO_V1(oms_command);
PG_FUNCTION_INFO_V1(oms_try_command);
PG_FUNCTION_INFO_V1(oms_commands);
PG_FUNCTION_INFO_V1(oms_refuse_event_change);

/* The command, or commands; SQL's null is taken as JSON's, and is refused like it. */
static Jsonb *
argument(FunctionCallInfo fcinfo)
{
	JsonbValue	null = {.type = jbvNull};

	return PG_ARGISNULL(0) ? JsonbValueToJsonb(&null) : PG_GETARG_JSONB_P(0);
}

pg_noreturn static void raise_counted(const Refusal *refusal);

static void
raise_counted(const Refusal *refusal)
{
	oms_stats_end_call(NULL);
	oms_raise(refusal);
}

Datum
oms_command(PG_FUNCTION_ARGS)
{
	Jsonb	   *raw = argument(fcinfo);
	UnitOfWork *uow;
	Refusal    *refusal;
	Jsonb	   *result;

	oms_check_may_write("oms_command()");
	uow = oms_uow_begin();
	oms_stats_begin_call(false);
	result = oms_command_run(uow, raw, false, false, &refusal);
	if (result == NULL)
		raise_counted(refusal);
	oms_uow_flush(uow);
	oms_stats_end_call(NULL);
	PG_RETURN_JSONB_P(result);
}

Datum
oms_try_command(PG_FUNCTION_ARGS)
{
	Jsonb	   *raw = argument(fcinfo);
	UnitOfWork *uow;
	Refusal    *refusal;
	Jsonb	   *result;

	oms_check_may_write("oms_try_command()");
	uow = oms_uow_begin();
	oms_stats_begin_call(false);
	result = oms_command_run(uow, raw, false, false, &refusal);
	if (result == NULL)
		result = oms_command_reject(uow, raw, refusal);
	oms_uow_flush(uow);
	oms_stats_end_call(NULL);
	PG_RETURN_JSONB_P(result);
}

/* All are read before the first is applied, for all their trees are locked at once. */
static List *
take_all(Jsonb *array)
{
	List	   *commands = NIL;
	JsonbIterator *it = JsonbIteratorInit(&array->root);
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_ELEM)
			commands = lappend(commands, oms_command_take(JsonbValueToJsonb(&v), false));
	}
	return commands;
}

static void
lock_all(UnitOfWork *uow, List *commands)
{
	TreeNames	names = {0};
	ListCell   *cell;

	foreach(cell, commands)
	{
		TakenCommand *taken = lfirst(cell);

		if (taken->refusal == NULL)
			oms_command_trees(&taken->command, &names);
	}
	oms_trees_lock(uow, &names, false);
}

Datum
oms_commands(PG_FUNCTION_ARGS)
{
	Jsonb	   *array = argument(fcinfo);
	bool		atomic = PG_ARGISNULL(1) || PG_GETARG_BOOL(1);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	UnitOfWork *uow;
	List	   *commands;
	ListCell   *cell;

	oms_check_may_write("oms_commands()");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (!oms_json_is_array(array))
		oms_raise(oms_refuse(OMS_MALFORMED, "commands must be a JSON array"));
	uow = oms_uow_begin();
	oms_stats_begin_call(false);
	commands = take_all(array);
	lock_all(uow, commands);
	foreach(cell, commands)
	{
		TakenCommand *taken = lfirst(cell);
		Refusal    *refusal;
		Jsonb	   *result = oms_command_apply(uow, taken, true, &refusal);
		Datum		value;
		bool		isnull = false;

		CHECK_FOR_INTERRUPTS();
		if (result == NULL && atomic)
			raise_counted(refusal);
		if (result == NULL)
			result = oms_command_reject(uow, taken->raw, refusal);
		value = JsonbPGetDatum(result);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
	}
	oms_uow_flush(uow);
	oms_stats_end_call(NULL);
	return (Datum) 0;
}

/* Trigger: events are append-only, for every role and every path of SQL. */
Datum
oms_refuse_event_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("oms.refuse_event_change() was not called by the trigger manager")));
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("events in \"%s\" are append-only", RelationGetRelationName(trigger->tg_relation)),
			 errdetail("An event is never changed or removed, by any role.")));
}
