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
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "core/execution/execution.h"
#include "core/order/order_machine.h"
#include "entry/run.h"

PG_FUNCTION_INFO_V1(oms_command);
PG_FUNCTION_INFO_V1(oms_try_command);
PG_FUNCTION_INFO_V1(oms_commands);
PG_FUNCTION_INFO_V1(oms_refuse_event_change);
PG_FUNCTION_INFO_V1(oms_list_transitions);
PG_FUNCTION_INFO_V1(oms_list_commands);

/* The command, or commands; SQL's null is taken as JSON's, and is refused like it. */
static Jsonb *
argument(FunctionCallInfo fcinfo)
{
	JsonbValue	null = {.type = jbvNull};

	return PG_ARGISNULL(0) ? JsonbValueToJsonb(&null) : PG_GETARG_JSONB_P(0);
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
	result = oms_command_apply(uow, raw, false, &refusal);
	if (result == NULL)
		oms_raise(refusal);
	oms_uow_flush(uow);
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
	result = oms_command_apply(uow, raw, false, &refusal);
	if (result == NULL)
		result = oms_command_reject(uow, raw, refusal);
	oms_uow_flush(uow);
	PG_RETURN_JSONB_P(result);
}

static List *
elements_of(Jsonb *array)
{
	List	   *elements = NIL;
	JsonbIterator *it = JsonbIteratorInit(&array->root);
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_ELEM)
			elements = lappend(elements, JsonbValueToJsonb(&v));
	}
	return elements;
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
	commands = elements_of(array);
	uow = oms_uow_begin();
	oms_command_lock_all(uow, commands);
	foreach(cell, commands)
	{
		Refusal    *refusal;
		Jsonb	   *result = oms_command_apply(uow, lfirst(cell), false, &refusal);
		Datum		value;
		bool		isnull = false;

		CHECK_FOR_INTERRUPTS();
		if (result == NULL && atomic)
			oms_raise(refusal);
		if (result == NULL)
			result = oms_command_reject(uow, lfirst(cell), refusal);
		value = JsonbPGetDatum(result);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
	}
	oms_uow_flush(uow);
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

/* ------------------------------------------------------------------------
 * the tables of the code
 * ------------------------------------------------------------------------
 */

static Datum
text_array(const OmsName *names, uint32 bits, bool *isnull)
{
	Datum		elements[32];
	int			count = 0;

	for (const OmsName *n = names; n->name != NULL; n++)
		if (bits & n->value)
			elements[count++] = CStringGetTextDatum(n->name);
	*isnull = count == 0;
	return PointerGetDatum(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
put_order_transition(ReturnSetInfo *rsinfo, const Transition *t)
{
	Datum		values[12] = {0};
	bool		nulls[12] = {0};

	values[0] = Int32GetDatum(t->number);
	values[1] = CStringGetTextDatum(oms_trigger_name(t->trigger));
	values[2] = text_array(oms_condition_names, t->requires, &nulls[2]);
	values[3] = text_array(oms_condition_names, t->forbids, &nulls[3]);
	nulls[4] = t->fills == FILLS_ANY;
	if (!nulls[4])
		values[4] = CStringGetTextDatum(oms_name_of(oms_fill_state_names, t->fills));
	values[5] = BoolGetDatum(t->reported);
	nulls[6] = t->guard == 0;
	if (!nulls[6])
		values[6] = CStringGetTextDatum(oms_name_of(oms_guard_names, t->guard));
	values[7] = text_array(oms_condition_names, t->sets, &nulls[7]);
	values[8] = text_array(oms_condition_names, t->clears, &nulls[8]);
	values[9] = text_array(oms_flag_names, t->raises, &nulls[9]);
	values[10] = CStringGetTextDatum(t->event_type);
	values[11] = CStringGetTextDatum(t->sentence);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static void
put_execution_transition(ReturnSetInfo *rsinfo, const ExecutionTransition *t)
{
	Datum		values[12] = {0};
	bool		nulls[12] = {false, false, true, true, true, false, true, true, true, true, false, false};

	values[0] = Int32GetDatum(t->number);
	values[1] = CStringGetTextDatum("execution");
	values[5] = BoolGetDatum(false);
	if (t->status != 0)
	{
		Datum		status = CStringGetTextDatum(oms_name_of(oms_execution_status_names, t->status));

		values[7] = PointerGetDatum(construct_array(&status, 1, TEXTOID, -1, false, TYPALIGN_INT));
		nulls[7] = false;
	}
	values[10] = CStringGetTextDatum(t->event_type);
	values[11] = CStringGetTextDatum(t->sentence);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

Datum
oms_list_transitions(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	for (const Transition *t = oms_transitions; t->number != 0; t++)
		put_order_transition((ReturnSetInfo *) fcinfo->resultinfo, t);
	for (int i = 0; i < EXECUTION_CHANGE_COUNT; i++)
		put_execution_transition((ReturnSetInfo *) fcinfo->resultinfo, &oms_execution_transitions[i]);
	return (Datum) 0;
}

Datum
oms_list_commands(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < COMMAND_TYPE_COUNT; i++)
	{
		const CommandDef *def = &oms_command_defs[i];

		for (const CommandField *f = def->fields; f->name != NULL; f++)
		{
			Datum		values[6];
			bool		nulls[6] = {0};

			if (f->internal)
				continue;
			values[0] = CStringGetTextDatum(def->name);
			values[1] = CStringGetTextDatum(oms_kinds[def->kind].record->name);
			values[2] = CStringGetTextDatum(f->name);
			values[3] = CStringGetTextDatum(oms_command_field_type_name(f->type));
			values[4] = BoolGetDatum(f->required || f->unless);
			nulls[5] = f->unless == NULL || f->unless[0] == '\0';
			if (!nulls[5])
				values[5] = CStringGetTextDatum(f->unless);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
	}
	return (Datum) 0;
}
