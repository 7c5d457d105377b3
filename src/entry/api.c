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

#include "commands/trigger.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "base/guc.h"
#include "entry/run.h"
#include "store/trees.h"

PG_FUNCTION_INFO_V1(oms_command);
PG_FUNCTION_INFO_V1(oms_try_command);
PG_FUNCTION_INFO_V1(oms_commands);
PG_FUNCTION_INFO_V1(oms_refuse_event_change);
PG_FUNCTION_INFO_V1(oms_trading_day_of);

/* The command, or commands; SQL's null is taken as JSON's, and is refused like it. */
static Jsonb *
api_argument(FunctionCallInfo fcinfo)
{
	JsonbValue	null = {.type = jbvNull};

	return PG_ARGISNULL(0) ? JsonbValueToJsonb(&null) : PG_GETARG_JSONB_P(0);
}

static Datum
api_run_one(FunctionCallInfo fcinfo, const char *function, bool keep)
{
	Jsonb	   *raw = api_argument(fcinfo);
	UnitOfWork *uow;
	Refusal    *refusal;
	Jsonb	   *result;

	oms_run_begin(function, false);
	uow = oms_uow_begin();
	result = oms_run(uow, oms_run_take(raw, false), false, &refusal);
	if (result == NULL && !keep)
		oms_run_raise(refusal);
	if (result == NULL)
		result = oms_run_keep(uow, raw, refusal);
	oms_run_end(uow, NULL);
	PG_RETURN_JSONB_P(result);
}

Datum
oms_command(PG_FUNCTION_ARGS)
{
	return api_run_one(fcinfo, "oms_command()", false);
}

Datum
oms_try_command(PG_FUNCTION_ARGS)
{
	return api_run_one(fcinfo, "oms_try_command()", true);
}

/* All are read before the first is applied, for all their trees are locked at once. */
static List *
api_take_all(Jsonb *array)
{
	List	   *commands = NIL;
	JsonbIterator *it = JsonbIteratorInit(&array->root);
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_ELEM)
			commands = lappend(commands, oms_run_take(JsonbValueToJsonb(&v), false));
	}
	return commands;
}

static void
api_lock_all(UnitOfWork *uow, List *commands)
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
	Jsonb	   *array = api_argument(fcinfo);
	bool		atomic = PG_ARGISNULL(1) || PG_GETARG_BOOL(1);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	UnitOfWork *uow;
	List	   *commands;
	ListCell   *cell;

	oms_run_begin("oms_commands()", false);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (!oms_json_is_array(array))
		oms_run_raise(oms_refuse(OMS_MALFORMED, "commands must be a JSON array"));
	commands = api_take_all(array);
	uow = oms_uow_begin();
	api_lock_all(uow, commands);
	foreach(cell, commands)
	{
		TakenCommand *taken = lfirst(cell);
		Refusal    *refusal;
		Jsonb	   *result = oms_run(uow, taken, true, &refusal);
		Datum		value;
		bool		isnull = false;

		CHECK_FOR_INTERRUPTS();
		if (result == NULL && atomic)
			oms_run_raise(refusal);
		if (result == NULL)
			result = oms_run_keep(uow, taken->raw, refusal);
		value = JsonbPGetDatum(result);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
	}
	oms_run_end(uow, NULL);
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

/* What is read may have been damaged: a moment that is none belongs to no day. */
Datum
oms_trading_day_of(PG_FUNCTION_ARGS)
{
	TimestampTz moment = PG_GETARG_TIMESTAMPTZ(0);

	if (TIMESTAMP_NOT_FINITE(moment))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(oms_trading_day(moment));
}
