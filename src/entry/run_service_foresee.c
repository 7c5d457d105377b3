/*-------------------------------------------------------------------------
 *
 * run_service_foresee.c
 *	  What is known of a service before anything is done: which trees, and which ids.
 *
 * Its steps are gone through as if each were done, with what the arguments say alone.  Locks all
 * trees that this names, sorted; writes nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "entry/run_service_private.h"
#include "store/trees.h"

static void service_foresee_steps(ServiceCall *call, const List *steps, bool sure);

/* By which id a repeat of the step is known; NULL: what the service begins with says it, or nothing does. */
static const char *
service_known_by(const ServiceCall *call, const ServiceStep *step, const char *id)
{
	if (step->builtin == NULL || id == NULL)
		return id;
	return call->frame.service->begin ? NULL : psprintf("%s:1", id);
}

static void
service_foresee_command(ServiceCall *call, const ServiceStep *step, const char *id, bool sure)
{
	ServiceRun *run = call->run;
	const CommandDef *takes = oms_service_step_takes(step);
	Command    *command = palloc(sizeof(Command));
	const char *known_by = service_known_by(call, step, id);

	oms_command_begin(takes, command);
	for (const CommandField *f = takes->fields; f->name; f++)
	{
		JsonbValue	v;

		/* what it does not take is said when the step is done */
		if (oms_service_call_value(call, step, f->name, &v))
			(void) oms_command_read_field(f, &v, command);
	}
	oms_command_trees(command, &run->trees);
	if (known_by == NULL || run->ids_are_enough)
		return;
	run->ids = lappend(run->ids, unconstify(char *, known_by));
	run->ids_are_enough = sure && step->command && step->when == NULL && step->predicate == NULL && !step->goes_on;
}

static void
service_foresee_step(ServiceCall *call, const ServiceStep *step, int n, bool sure)
{
	const char *id = oms_service_call_id(call, step, n);
	const char *outer;
	ServiceCall inner;

	CHECK_FOR_INTERRUPTS();
	if (++call->run->ncommands > SERVICE_COMMANDS_MAX)
		return;
	if (step->service == NULL)
		service_foresee_command(call, step, id, sure);
	else
	{
		oms_service_call_begin_inner(&inner, call, step, id);
		service_foresee_steps(&inner, step->service->steps, sure && step->when == NULL);
	}
	outer = oms_service_call_enter_refusal(call, step, id);
	service_foresee_steps(call, step->on_refusal, false);
	call->prefix = outer;
}

static void
service_foresee_steps(ServiceCall *call, const List *steps, bool sure)
{
	ListCell   *cell;

	check_stack_depth();
	foreach(cell, steps)
	{
		const ServiceStep *step = lfirst(cell);
		List	   *elements;
		ListCell   *element;

		if (step->for_each == NULL)
			service_foresee_step(call, step, 0, sure);
		else if (oms_service_elements(&call->frame, step, &elements) == NULL)
			foreach(element, elements)
			{
				oms_service_enter(&call->frame, step, lfirst(element));
				service_foresee_step(call, step, foreach_current_index(element) + 1, sure);
			}
	}
}

/* Is it a repeat?  Asked after the locks: whoever did it meanwhile has held them. */
void
oms_service_foresee(ServiceRun *run, const ServiceCall *call)
{
	ServiceCall sketch = *call;
	ListCell   *cell;

	/* the first command locks what it names itself */
	if (call->frame.service->begin && !call->frame.service->names_trees)
		return;
	/* by that command the call is known: it is asked when it is done */
	run->ids_are_enough = call->frame.service->begin != NULL;
	oms_service_begin(&sketch.frame, call->frame.service, call->frame.arguments);
	service_foresee_steps(&sketch, call->frame.service->steps, true);
	run->ncommands = 0;
	oms_trees_lock(run->uow, &run->trees, false);
	foreach(cell, run->ids)
		if (!run->repeat)
			run->repeat = oms_run_knows(run->uow, lfirst(cell));
}
