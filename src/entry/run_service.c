/*-------------------------------------------------------------------------
 *
 * run_service.c
 *	  A service of oms.services is done: its steps, through the one pipeline.
 *
 * All steps are one unit of work.  What the arguments name is locked before the first of
 * them; what a step leads to is locked with its command.  By commandId c of the service
 * its commands have c/step, c/step:n in a loop, c/step.step in a service of it, and
 * c/step:n.step after a refusal in a loop.  Where one of them is known the call is a
 * repeat: then each step whose command is known answers from its events, and the others
 * were not done the first time, and are not now.  What a service begins with goes by c
 * itself, and what a built-in step gives by what stands in its row.  Writes and locks nothing itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "entry/run_service.h"
#include "entry/run_service_private.h"
#include "store/services.h"
#include "store/sight.h"
#include "store/trees.h"

/* ------------------------------------------------------------------------
 * one command
 * ------------------------------------------------------------------------
 */

static void
service_write_id(JsonWriter *w, const char *key, const char *id)
{
	if (id)
		oms_json_string(w, key, id);
}

/* The arguments are those of the command that the service begins with. */
static void
service_write_arguments(const ServiceCall *call, JsonWriter *w)
{
	JsonbIterator *it = JsonbIteratorInit(&call->frame.arguments->root);
	JsonbValue	key;
	JsonbValue	v;

	(void) JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &v, true);
		oms_json_key_len(w, key.val.string.val, key.val.string.len);
		oms_json_scalar(w, NULL, &v);
	}
}

/* The last of a name counts; and behind shorter ones they stand in jsonb's own order. */
static Jsonb *
service_make_command(const ServiceCall *call, const ServiceStep *step, const char *id)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	if (step->begins)
		service_write_arguments(call, &w);
	else
		oms_service_write(&call->frame, step->with, &w);
	service_write_id(&w, "commandId", id);
	service_write_id(&w, "causationId", step->begins && id && oms_same_text(id, call->command_id) ? NULL : call->causation_id);
	service_write_id(&w, "correlationId", call->correlation_id);
	oms_json_string(&w, "commandType", step->command->name);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static void
service_note_answer(ServiceCall *call, const ServiceStep *step, const char *id, Jsonb *answer)
{
	if (call->run->repeat)
		oms_run_recall(call->run->uow, id, NULL, &call->run->recalled);
	call->frame.answers[step->number] = answer;
}

/* What comes after the command that the service begins with, is because of it. */
static void
service_note_begin(ServiceCall *call, const Command *command)
{
	call->begin = command;
	if (call->own_id == NULL)
		call->command_id = call->causation_id = command->command_id;
}

/* Is it to be done?  A repeat does what was done the first time. */
static Refusal *
service_ask(const ServiceCall *call, const ServiceStep *step, const char *id, const TakenCommand *taken, bool *holds)
{
	TreeNames	names = {0};

	*holds = true;
	if (call->run->repeat)
		*holds = id && oms_run_knows(call->run->uow, id);
	else if (step->predicate && taken->refusal == NULL)
	{
		oms_command_trees(&taken->command, &names);
		oms_trees_lock(call->run->uow, &names, false);
		return oms_services_ask(call->run->uow, call->frame.service, step, &taken->command, holds);
	}
	return NULL;
}

static Refusal *service_do_steps(ServiceCall *call, const List *steps);

/*
 * What was done after a refusal may say why, which is remembered nowhere: of a repeat
 * its fields are held against nothing.
 */
static Jsonb *
service_recall(const ServiceCall *call, TakenCommand *taken, const ServiceStep *step, const char *id)
{
	ResultSource source = {.kind = step->command->kind, .command_id = id, .duplicate = true};

	oms_run_recall(call->run->uow, id, NULL, &source);
	if (!oms_result_is_told(&source))
		source.state = oms_object_state(oms_uow_peek(call->run->uow, source.kind, source.id));
	taken->about = source.kind;
	taken->about_id = source.id;
	return oms_result_build(&source);
}

static Refusal *
service_do_after_refusal(ServiceCall *call, const ServiceStep *step, const char *id)
{
	const char *outer = oms_service_call_enter_refusal(call, step, id);
	Refusal    *refusal = service_do_steps(call, step->on_refusal);

	call->prefix = outer;
	return refusal;
}

static Refusal *
service_do_command(ServiceCall *call, const ServiceStep *step, const char *id)
{
	Jsonb	   *raw = service_make_command(call, step, id);
	TakenCommand *taken = oms_run_take(raw, false);
	Refusal    *refusal;
	Jsonb	   *answer = NULL;
	bool		holds;

	refusal = service_ask(call, step, id, taken, &holds);
	if (refusal)
		return oms_service_call_refused(call, step, refusal);
	if (!holds)
		return call->run->repeat ? service_do_after_refusal(call, step, id) : NULL;
	taken->untold = !step->told;
	if (call->run->repeat && step->within)
		answer = service_recall(call, taken, step, id);
	else
		answer = oms_run(call->run->uow, taken, false, &refusal);
	if (answer)
	{
		/* another session has done it while we waited; of a report that was told before, nobody has */
		if (taken->known && oms_uow_count_events(call->run->uow) == 0)
			call->run->repeat = true;
		service_note_answer(call, step, id, answer);
		oms_service_call_note_about(call, taken->about, taken->about_id);
		if (step->begins)
			service_note_begin(call, &taken->command);
		return NULL;
	}
	if (!step->goes_on)
		return oms_service_call_refused(call, step, refusal);
	call->frame.answers[step->number] = oms_run_keep(call->run->uow, raw, refusal);
	return service_do_after_refusal(call, step, id);
}

/* ------------------------------------------------------------------------
 * all steps, and the answer
 * ------------------------------------------------------------------------
 */

static Jsonb *service_answer(const ServiceCall *call);
static Refusal *
service_do_service(ServiceCall *call, const ServiceStep *step, const char *id)
{
	ServiceCall inner;
	Refusal    *refusal;

	oms_service_call_begin_inner(&inner, call, step, id);
	refusal = oms_service_check_arguments(step->service, inner.frame.arguments);
	if (refusal)
		return oms_service_call_refused(call, step, refusal);
	refusal = service_do_steps(&inner, step->service->steps);
	if (refusal)
		return refusal;
	oms_service_call_note_about(call, inner.about, inner.about_id);
	if (step->told)
		call->frame.answers[step->number] = service_answer(&inner);
	return NULL;
}

static Refusal *
service_do_step(ServiceCall *call, const ServiceStep *step, int n)
{
	const char *id = oms_service_call_id(call, step, n);

	CHECK_FOR_INTERRUPTS();
	if (!oms_service_is_done(&call->frame, step))
		return NULL;
	if (++call->run->ncommands > SERVICE_COMMANDS_MAX)
		return oms_refuse(OMS_MALFORMED, "a service gives at most %d commands", SERVICE_COMMANDS_MAX);
	if (step->builtin)
		return oms_service_do_builtin(call, step, id);
	return step->command ? service_do_command(call, step, id) : service_do_service(call, step, id);
}

static Refusal *
service_do_each(ServiceCall *call, const ServiceStep *step)
{
	List	   *elements;
	Refusal    *refusal = oms_service_elements(&call->frame, step, &elements);
	ListCell   *cell;

	foreach(cell, elements)
	{
		if (refusal)
			break;
		oms_service_enter(&call->frame, step, lfirst(cell));
		refusal = service_do_step(call, step, foreach_current_index(cell) + 1);
	}
	return refusal;
}

static Refusal *
service_do_steps(ServiceCall *call, const List *steps)
{
	Refusal    *refusal = NULL;
	ListCell   *cell;

	check_stack_depth();
	foreach(cell, steps)
	{
		const ServiceStep *step = lfirst(cell);

		refusal = step->for_each ? service_do_each(call, step) : service_do_step(call, step, 0);
		if (refusal)
			break;
	}
	return refusal;
}

/* As a command's, of all events of its commands; and what the definition adds. */
static Jsonb *
service_answer(const ServiceCall *call)
{
	ServiceRun *run = call->run;
	ResultSource source = {.kind = call->about, .id = call->about_id, .command_id = call->command_id, .token = oms_uow_token(run->uow),
	.steps = true, .duplicate = run->repeat, .tells = call->frame.service->tells};
	Jsonb	   *answer;
	JsonWriter	w = {0};
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	v;

	oms_service_call_events(run, (ServiceSpan) {call->first_event, call->first_payload}, &source);
	if (source.id && !oms_result_is_told(&source))
		source.state = oms_object_state(oms_uow_peek(run->uow, source.kind, source.id));
	answer = oms_result_build(&source);
	if (call->frame.service->result == NIL)
		return answer;
	oms_json_open_object(&w);
	it = JsonbIteratorInit(&answer->root);
	(void) JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &v, true);
		oms_json_key_len(&w, key.val.string.val, key.val.string.len);
		oms_json_scalar(&w, NULL, &v);
	}
	oms_json_key(&w, "result");
	oms_json_open_object(&w);
	oms_service_write(&call->frame, call->frame.service->result, &w);
	oms_json_close_object(&w);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static Refusal *
run_check_service(const Service *service)
{
	if (service->fault)
		return oms_with_detail(oms_refuse(OMS_BAD_CONFIGURATION, "service \"%s\" cannot be used", service->name),
							   "%s: %s.", service->fault->path, service->fault->message);
	if (!service->enabled)
		return oms_refuse(OMS_BAD_CONFIGURATION, "service \"%s\" is not enabled", service->name);
	return NULL;
}

/* Whoever gives one that is too long for any of its steps hears it before the first is done. */
static Refusal *
run_check_id(const Service *service, const char *command_id)
{
	int			most = ID_LENGTH_MAX - service->id_room;

	if (command_id == NULL || strlen(command_id) <= most)
		return NULL;
	return oms_refuse(OMS_MALFORMED, "the commandId of %s has at most %d bytes", service->name, most);
}

Jsonb *
oms_run_service(UnitOfWork *uow, const Service *service, Jsonb *arguments, Refusal **refusal)
{
	ServiceRun	run = {.uow = uow};
	ServiceCall call;

	*refusal = run_check_service(service);
	if (*refusal == NULL)
		*refusal = oms_service_check_arguments(service, arguments);
	if (*refusal == NULL)
		*refusal = run_check_id(service, oms_json_get_string(arguments, "commandId"));
	if (*refusal)
		return NULL;
	oms_service_call_begin(&call, &run, service, arguments);
	call.command_id = oms_json_get_string(arguments, "commandId");
	call.own_id = call.command_id;
	call.prefix = call.command_id ? psprintf("%s/", call.command_id) : NULL;
	call.causation_id = call.command_id ? call.command_id : oms_json_get_string(arguments, "causationId");
	call.correlation_id = oms_json_get_string(arguments, "correlationId");
	oms_service_foresee(&run, &call);
	*refusal = service_do_steps(&call, service->steps);
	if (*refusal == NULL && run.repeat)
		*refusal = oms_sight_check_answer(uow, call.about, call.about_id);
	return *refusal ? NULL : service_answer(&call);
}
