/*-------------------------------------------------------------------------
 *
 * run_service_builtin.c
 *	  A built-in step of a service is done, or recalled.
 *
 * The trees that its fields name are locked, and it gives its commands (builtin_step.c).  Of a
 * repeat the commands that are known are what it gave.  Writes nothing itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "entry/builtin_step.h"
#include "entry/run_service_private.h"
#include "store/trees.h"

static Refusal *
service_read_builtin(const ServiceCall *call, const ServiceStep *step, Command *with)
{
	const CommandDef *takes = &step->builtin->takes;
	Refusal    *refusal = NULL;

	oms_command_begin(takes, with);
	for (const CommandField *f = takes->fields; f->name && refusal == NULL; f++)
	{
		JsonbValue	v;

		if (oms_service_call_value(call, step, f->name, &v))
			refusal = oms_command_read_field(f, &v, with);
		else if (f->required)
			refusal = oms_with_detail(oms_refuse(OMS_MALFORMED, "%s needs \"%s\"", takes->name, f->name),
									  "It must be a valid %s.", oms_command_field_type_name(f->type));
	}
	return refusal;
}

/* Of a repeat: the commands that it gave the first time. */
static void
service_recall_builtin(const ServiceCall *call, const BuiltinStep *builtin)
{
	ServiceRun *run = call->run;
	const char *cause = builtin->begin ? builtin->begin->command_id : NULL;

	for (int i = 0; builtin->def->gives[i].command; i++)
		if (builtin->def->gives[i].name && cause)
			oms_run_recall(run->uow, psprintf("%s/%s", cause, builtin->def->gives[i].name), cause, &run->recalled);
	for (int n = 1; builtin->id && oms_run_knows(run->uow, psprintf("%s:%d", builtin->id, n)); n++)
	{
		CHECK_FOR_INTERRUPTS();
		oms_run_recall(run->uow, psprintf("%s:%d", builtin->id, n), NULL, &run->recalled);
	}
}

static Refusal *
service_run_builtin(const ServiceCall *call, BuiltinStep *builtin)
{
	ServiceRun *run = call->run;
	TreeNames	names = {0};
	Refusal    *refusal;

	if (run->repeat)
	{
		service_recall_builtin(call, builtin);
		return builtin->def->recalled == NULL ? NULL :
			builtin->def->recalled(builtin, run->recalled.payloads + call->first_payload, run->recalled.npayloads - call->first_payload);
	}
	oms_command_trees(builtin->with, &names);
	if (names.count > 0)
	{
		oms_trees_lock(run->uow, &names, false);
		oms_uow_start_command(run->uow);
	}
	refusal = builtin->def->give(builtin);
	/* it was counted as one command itself */
	run->ncommands += builtin->ngiven - 1;
	return refusal;
}

/* What it is about is what its first field of that kind names. */
static void
service_note_builtin(ServiceCall *call, const Command *with)
{
	for (const CommandField *f = with->def->fields; f->name; f++)
		if (oms_role_kind(with->def, f->role) == with->def->kind)
		{
			oms_service_call_note_about(call, with->def->kind, *(char *const *) ((const char *) with + f->offset));
			return;
		}
}

Refusal *
oms_service_do_builtin(ServiceCall *call, const ServiceStep *step, const char *id)
{
	ServiceRun *run = call->run;
	ServiceSpan span = {oms_uow_count_events(run->uow), run->recalled.npayloads};
	Command	   *with = palloc(sizeof(Command));
	BuiltinStep builtin = {.uow = run->uow, .def = step->builtin, .with = with, .begin = call->begin, .id = id,
	.causation_id = call->causation_id, .correlation_id = call->correlation_id, .room = SERVICE_COMMANDS_MAX - run->ncommands + 1};
	Refusal    *refusal = service_read_builtin(call, step, with);
	ResultSource source = {.kind = step->builtin->takes.kind, .command_id = id, .token = oms_uow_token(run->uow), .steps = true,
	.tells = step->builtin->takes.tells, .duplicate = run->repeat};

	if (refusal == NULL)
		refusal = service_run_builtin(call, &builtin);
	if (refusal)
		return run->repeat ? refusal : oms_service_call_refused(call, step, refusal);
	service_note_builtin(call, with);
	if (!step->told)
		return NULL;
	oms_service_call_events(run, span, &source);
	source.id = call->about_id;
	if (source.id && !oms_result_is_told(&source))
		source.state = oms_object_state(oms_uow_peek(run->uow, source.kind, source.id));
	call->frame.answers[step->number] = oms_result_build(&source);
	return NULL;
}
