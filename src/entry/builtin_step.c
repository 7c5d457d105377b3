/*-------------------------------------------------------------------------
 *
 * builtin_step.c
 *	  How built-in steps of services give their commands.
 *
 * Each goes through the one pipeline, as if the caller had given it: his role, rules,
 * claims and halts are asked of it.  Writes and locks nothing itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "entry/builtin_step.h"

static void
builtin_write_id(JsonWriter *w, const char *key, const char *id)
{
	if (id)
		oms_json_string(w, key, id);
}

JsonWriter
oms_builtin_command(BuiltinStep *step, CommandType type)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	oms_json_string(&w, "commandType", oms_command_defs[type].name);
	builtin_write_id(&w, "commandId", step->id ? psprintf("%s:%d", step->id, step->ngiven + 1) : NULL);
	builtin_write_id(&w, "causationId", step->causation_id);
	builtin_write_id(&w, "correlationId", step->correlation_id);
	return w;
}

static List *
builtin_findings(UnitOfWork *uow, const Command *command, void *arg)
{
	return arg;
}

Refusal *
oms_builtin_give(BuiltinStep *step, JsonWriter *w)
{
	TakenCommand *taken;
	Refusal    *refusal;

	CHECK_FOR_INTERRUPTS();
	if (step->ngiven == step->room)
		return oms_refuse(OMS_MALFORMED, "a service gives at most %d commands", SERVICE_COMMANDS_MAX);
	step->ngiven++;
	oms_json_close_object(w);
	/* nobody but we has written it: what only we may say, it may have */
	taken = oms_run_take(oms_json_finish(w), true);
	taken->untold = true;
	taken->ask = builtin_findings;
	taken->arg = step->findings;
	taken->command.decided = step->decided;
	(void) oms_run(step->uow, taken, false, &refusal);
	return refusal;
}

Refusal *
oms_builtin_was_other(const BuiltinStep *step)
{
	return oms_with_detail(oms_refuse(OMS_DUPLICATE, "commandId \"%s:1\" is already used", step->id),
						   "%s did something else by it.", step->def->takes.name);
}
