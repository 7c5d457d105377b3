/*-------------------------------------------------------------------------
 *
 * handle_execution.c
 *	  The use cases of executions: a fill, its correction, its bust.
 *
 * Writes nothing itself: the unit of work does.  Locks the order's tree through
 * it, before anything is read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "decimal.h"
#include "guc.h"
#include "handlers.h"
#include "ids.h"

static void
set_outcome(Outcome *outcome, const char *execution_id, bool repeat)
{
	outcome->store = &oms_execution_store;
	outcome->id = execution_id;
	outcome->repeat = repeat;
}

static Refusal *
name_execution(UnitOfWork *uow, Command *command, bool *id_is_given)
{
	*id_is_given = command->execution_id != NULL;
	if (!*id_is_given)
		command->execution_id = oms_new_id();
	else if (oms_uow_has_execution(uow, command->execution_id))
		return oms_refuse(OMS_DUPLICATE, "execution \"%s\" exists already", command->execution_id);
	return NULL;
}

static Numeric
plus(Numeric a, Numeric b)
{
	return a ? oms_dec_add(a, b) : b;
}

/* Take a fill out of what it counted in. */
static void
take_out(const Execution *execution, FillDelta *delta)
{
	if (execution->status == OMS_EXECUTION_REVIEW)
		delta->review = plus(delta->review, oms_dec_neg(execution->quantity));
	else
	{
		delta->quantity = plus(delta->quantity, oms_dec_neg(execution->quantity));
		delta->value = plus(delta->value, oms_dec_neg(oms_execution_value(execution)));
	}
}

/*
 * Book the execution, or put it before the desk with these reasons; and let its
 * order, if there is one, have `event` with what was taken out of it before.
 */
static void
settle(UnitOfWork *uow, Execution *execution, const FillContext *context, Jsonb *reasons,
	   OrderEvent *event, bool id_is_given)
{
	ExecutionChange change = reasons ? EXECUTION_TO_REVIEW : EXECUTION_BOOKED;
	Order		after;

	if (reasons)
	{
		oms_execution_hold(execution, reasons);
		event->fill.review = plus(event->fill.review, execution->quantity);
	}
	else
	{
		oms_execution_book(execution, context->order);
		execution->flags |= event->transition->raises;
		event->fill.quantity = plus(event->fill.quantity, execution->quantity);
		event->fill.value = plus(event->fill.value, oms_execution_value(execution));
	}
	if (context->order == NULL)
	{
		oms_uow_put_execution(uow, execution, &oms_execution_transitions[change], id_is_given);
		return;
	}
	after = *context->order;
	oms_order_evolve(&after, event);
	oms_execution_compare(execution, &after);
	oms_uow_put_execution(uow, execution, &oms_execution_transitions[change], id_is_given);
	oms_apply_to_tree(uow, context->order, event);
}

/* A report with an ExecID that the order had before: a repeat, or for the desk. */
static bool
is_known_report(UnitOfWork *uow, const Command *command, FillContext *context, Outcome *outcome)
{
	const Execution *known;

	if (command->exec_id == NULL || context->order == NULL)
		return false;
	known = oms_uow_execution_by_exec_id(uow, context->order->id, command->exec_id);
	if (known == NULL)
		return false;
	if (oms_execution_is_repeat(command, known))
	{
		set_outcome(outcome, known->id, true);
		return true;
	}
	context->same_exec_id = known;
	return false;
}

static bool
takes_back_or_corrects(const Command *command)
{
	return command->exec_type && (strcmp(command->exec_type, "TRADE_CANCEL") == 0 ||
								  strcmp(command->exec_type, "TRADE_CORRECT") == 0);
}

Refusal *
oms_handle_execute(UnitOfWork *uow, Command *command, Outcome *outcome)
{
	const Order *found = command->order_id ? oms_uow_order(uow, command->order_id) : NULL;
	FillContext context = {.tolerance = oms_guc_overfill_tolerance()};
	Order		before;
	Execution	execution;
	OrderEvent	event;
	Jsonb	   *reasons;
	bool		id_is_given;
	Refusal    *refusal;

	if (found)
	{
		before = *found;
		context.order = &before;
		refusal = oms_check_version(command, "order", before.id, before.version);
		if (refusal)
			return refusal;
	}
	if (is_known_report(uow, command, &context, outcome))
		return NULL;
	refusal = name_execution(uow, command, &id_is_given);
	if (refusal == NULL && context.order)
		refusal = oms_take_names(uow, command, &before);
	if (refusal)
		return refusal;

	context.now = oms_uow_now(uow, context.order ? before.root_id : "");
	context.ambiguous = command->ambiguous == TRI_TRUE;
	context.unknown_execution = takes_back_or_corrects(command);
	oms_execution_create(command, &context, &execution);
	reasons = oms_execution_review(&execution, &context);
	oms_order_event_init(&event, command);
	if (context.order)
		event.transition = oms_order_fill_transition(reasons ? TRIGGER_REVIEW : TRIGGER_FILL, command,
													 &before, context.now);
	settle(uow, &execution, &context, reasons, &event, id_is_given);
	set_outcome(outcome, execution.id, false);
	return NULL;
}

/* ------------------------------------------------------------------------
 * corrections and busts
 * ------------------------------------------------------------------------
 */

/* Any id of a chain of corrections names its last link. */
static const Execution *
last_of_chain(UnitOfWork *uow, const Execution *execution)
{
	while (execution && execution->correcting_execution_id)
		execution = oms_uow_execution(uow, execution->correcting_execution_id);
	return execution;
}

/* Load what a correction or bust is about; its order stays NULL if it has none. */
static Refusal *
load_fill(UnitOfWork *uow, const Command *command, Execution *execution, FillContext *context, Order *order)
{
	const Execution *named = oms_uow_execution(uow, command->execution_id);
	const Execution *last;
	const Order *found;
	Refusal    *refusal;

	if (named == NULL)
		return oms_no_such("execution", command->execution_id);
	refusal = oms_check_version(command, "execution", named->id, named->version);
	if (refusal)
		return refusal;
	last = last_of_chain(uow, named);
	if (last == NULL)
		elog(ERROR, "cannot find the correction of execution \"%s\"", named->id);
	*execution = *last;
	if (execution->order_id)
	{
		found = oms_uow_order(uow, execution->order_id);
		if (found == NULL)
			elog(ERROR, "cannot find order \"%s\"", execution->order_id);
		*order = *found;
		context->order = order;
	}
	context->tolerance = oms_guc_overfill_tolerance();
	context->now = oms_uow_now(uow, execution->root_id);
	return NULL;
}

static Refusal *
check_changeable(const Command *command, const Execution *execution)
{
	if (oms_execution_is_live(execution) || execution->status == OMS_EXECUTION_REVIEW)
		return NULL;
	return oms_with_detail(oms_refuse(OMS_NO_TRANSITION, "%s is not possible for execution \"%s\" in status %s",
									  command->def->name, execution->id,
									  oms_name_of(oms_execution_status_names, execution->status)),
						   "It has lastQty %s, lastPx %s.", oms_dec_text(execution->last_qty),
						   oms_dec_text(execution->last_px));
}

/* What a bust or correction leaves of the fill. */
static void
end_fill(UnitOfWork *uow, Execution *execution, ExecutionChange change, const Command *command)
{
	execution->status = oms_execution_transitions[change].status;
	execution->allocated_quantity = oms_dec_zero();
	execution->allocations = NULL;
	if (command->reason)
		execution->reason = command->reason;
	oms_uow_put_execution(uow, execution, &oms_execution_transitions[change], false);
}

Refusal *
oms_handle_bust(UnitOfWork *uow, Command *command, Outcome *outcome)
{
	Execution	execution;
	Order		order;
	FillContext context = {0};
	OrderEvent	event;
	Refusal    *refusal = load_fill(uow, command, &execution, &context, &order);

	if (refusal)
		return refusal;
	set_outcome(outcome, execution.id, false);
	if (execution.status == OMS_EXECUTION_BUSTED && command->exec_id && execution.bust_exec_id &&
		strcmp(command->exec_id, execution.bust_exec_id) == 0)
	{
		outcome->repeat = true;
		return NULL;
	}
	refusal = check_changeable(command, &execution);
	if (refusal == NULL && context.order)
		refusal = oms_take_names(uow, command, &order);
	if (refusal)
		return refusal;

	oms_order_event_init(&event, command);
	take_out(&execution, &event.fill);
	execution.bust_exec_id = command->exec_id;
	end_fill(uow, &execution, EXECUTION_BUSTED, command);
	if (context.order)
	{
		event.transition = oms_order_fill_transition(TRIGGER_BUST, command, &order, context.now);
		oms_apply_to_tree(uow, &order, &event);
	}
	return NULL;
}

Refusal *
oms_handle_correct(UnitOfWork *uow, Command *command, Outcome *outcome)
{
	Execution	old;
	Execution	execution;
	Order		order;
	FillContext context = {0};
	OrderEvent	event;
	Jsonb	   *reasons;
	Refusal    *refusal = load_fill(uow, command, &old, &context, &order);

	if (refusal)
		return refusal;
	if (is_known_report(uow, command, &context, outcome))
		return NULL;
	refusal = check_changeable(command, &old);
	if (refusal == NULL && context.order)
		refusal = oms_take_names(uow, command, &order);
	if (refusal)
		return refusal;

	context.corrected = &old;
	command->execution_id = oms_new_id();
	oms_execution_create(command, &context, &execution);
	reasons = oms_execution_review(&execution, &context);
	oms_order_event_init(&event, command);
	if (context.order)
		event.transition = oms_order_fill_transition(reasons ? TRIGGER_REVIEW : TRIGGER_CORRECT, command,
													 &order, context.now);
	/* a correction that cannot be booked leaves the fill it corrects as it is */
	if (reasons == NULL)
	{
		take_out(&old, &event.fill);
		old.correcting_execution_id = execution.id;
		end_fill(uow, &old, EXECUTION_CORRECTED, command);
	}
	settle(uow, &execution, &context, reasons, &event, false);
	set_outcome(outcome, execution.id, false);
	return NULL;
}
