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

#include "damage.h"
#include "decimal.h"
#include "guc.h"
#include "handlers.h"

static void
set_outcome(Outcome *outcome, const char *execution_id, bool repeat)
{
	outcome->store = &oms_execution_store;
	outcome->id = execution_id;
	outcome->repeat = repeat;
}

static Refusal *
name_execution(UnitOfWork *uow, Command *command, const Order *order, bool *id_is_given)
{
	*id_is_given = command->execution_id != NULL;
	if (!*id_is_given)
		command->execution_id = order ? oms_new_id_in_tree(order->root_id) : oms_new_root_id(uow, command);
	else if (oms_uow_has_execution(uow, command->execution_id))
		return oms_refuse(OMS_DUPLICATE, "execution \"%s\" exists already", command->execution_id);
	/* an execution without an order is the root of a tree of its own */
	else if (oms_uow_root_of_order(uow, command->execution_id) != NULL)
		return oms_refuse(OMS_DUPLICATE, "executionId \"%s\" is the id of an order", command->execution_id);
	return NULL;
}

/* Take a fill out of what it counted in. */
static void
take_out(const Execution *execution, FillDelta *delta)
{
	if (execution->status == OMS_EXECUTION_REVIEW)
		delta->review = oms_dec_plus(delta->review, oms_dec_neg(execution->quantity));
	else
	{
		delta->quantity = oms_dec_plus(delta->quantity, oms_dec_neg(execution->quantity));
		delta->value = oms_dec_plus(delta->value, oms_dec_neg(oms_execution_value(execution)));
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
		event->fill.review = oms_dec_plus(event->fill.review, execution->quantity);
	}
	else
	{
		oms_execution_book(execution, context->order);
		execution->flags |= event->transition->raises;
		event->fill.quantity = oms_dec_plus(event->fill.quantity, execution->quantity);
		event->fill.value = oms_dec_plus(event->fill.value, oms_execution_value(execution));
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
	oms_put_in_tree(uow, context->order, &after, event);
}

/* A report with an ExecID that the order had before: a repeat, or for the desk. */
static bool
is_known_report(UnitOfWork *uow, const Command *command, FillContext *context, Outcome *outcome)
{
	ListCell   *cell;

	if (command->exec_id == NULL || context->order == NULL)
		return false;
	foreach(cell, oms_uow_executions_by_exec_id(uow, context->order->id, command->exec_id))
	{
		const Execution *known = lfirst(cell);

		if (oms_execution_is_repeat(command, known))
		{
			set_outcome(outcome, known->id, true);
			return true;
		}
		context->same_exec_id = known;
	}
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
	refusal = name_execution(uow, command, context.order, &id_is_given);
	if (refusal == NULL && context.order)
		refusal = oms_take_names(uow, command, &before);
	if (refusal)
		return refusal;

	context.now = oms_uow_now(uow, context.order ? before.root_id : "");
	context.named_order = command->order_id;
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

static const Execution *
follow(UnitOfWork *uow, Walk *walk, const Execution *from, const char *id)
{
	const Execution *execution = oms_uow_execution(uow, id);

	if (execution == NULL)
		oms_damaged("execution \"%s\", a correction of or by \"%s\", does not exist", id, from->id);
	oms_walk_step(walk, "execution", from->id);
	return execution;
}

/* As far as the corrections that were booked lead. */
static const Execution *
last_correction(UnitOfWork *uow, const Execution *execution)
{
	Walk		walk = {0};

	while (execution->correcting_execution_id)
		execution = follow(uow, &walk, execution, execution->correcting_execution_id);
	return execution;
}

const Execution *
oms_last_of_chain(UnitOfWork *uow, const Execution *execution)
{
	const Execution *fill;
	Walk		walk = {0};

	execution = last_correction(uow, execution);
	if (execution->status != OMS_EXECUTION_REVIEW || execution->corrected_execution_id == NULL)
		return execution;
	/* a correction that waits in review left the fill it is about as it was */
	fill = last_correction(uow, follow(uow, &walk, execution, execution->corrected_execution_id));
	return oms_execution_is_live(fill) ? fill : execution;
}

/*
 * What a correction or bust is about: the fill at the end of its chain, and the
 * corrections of it that wait in review.
 */
typedef struct FillChain
{
	Execution	fill;
	List	   *held;			/* of Execution */
	Order		order;
} FillChain;

/* Only where the order has something in review are its executions looked through. */
static void
find_held(UnitOfWork *uow, FillChain *chain)
{
	ListCell   *cell;

	if (oms_dec_sign(chain->order.review_quantity) == 0)
		return;
	foreach(cell, oms_uow_executions_of(uow, chain->order.id))
	{
		Execution  *execution = lfirst(cell);
		Execution  *copy;

		if (execution->status != OMS_EXECUTION_REVIEW || execution->corrected_execution_id == NULL ||
			strcmp(execution->id, chain->fill.id) == 0 ||
			strcmp(oms_last_of_chain(uow, execution)->id, chain->fill.id) != 0)
			continue;
		copy = palloc(sizeof(Execution));
		*copy = *execution;
		chain->held = lappend(chain->held, copy);
	}
}

static Refusal *
load_chain(UnitOfWork *uow, const Command *command, FillChain *chain, FillContext *context)
{
	const Execution *named = oms_uow_execution(uow, command->execution_id);
	const Order *found;
	Refusal    *refusal;

	if (named == NULL)
		return oms_no_such("execution", command->execution_id);
	refusal = oms_check_version(command, "execution", named->id, named->version);
	if (refusal)
		return refusal;
	chain->fill = *oms_last_of_chain(uow, named);
	context->tolerance = oms_guc_overfill_tolerance();
	context->now = oms_uow_now(uow, chain->fill.root_id);
	if (chain->fill.order_id == NULL)
		return NULL;

	found = oms_uow_order(uow, chain->fill.order_id);
	if (found == NULL)
		oms_damaged("order \"%s\" of execution \"%s\" does not exist", chain->fill.order_id, chain->fill.id);
	chain->order = *found;
	context->order = &chain->order;
	find_held(uow, chain);
	return oms_check_particulars(command, &chain->order);
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

/* End an execution of the chain, and take it out of what it counted in. */
static void
end_execution(UnitOfWork *uow, Execution *execution, ExecutionChange change, const Command *command,
			  FillDelta *delta)
{
	take_out(execution, delta);
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
	FillChain	chain = {0};
	FillContext context = {0};
	OrderEvent	event;
	ListCell   *cell;
	Refusal    *refusal = load_chain(uow, command, &chain, &context);

	if (refusal)
		return refusal;
	set_outcome(outcome, chain.fill.id, false);
	if (chain.fill.status == OMS_EXECUTION_BUSTED && command->exec_id && chain.fill.bust_exec_id &&
		strcmp(command->exec_id, chain.fill.bust_exec_id) == 0)
	{
		outcome->repeat = true;
		return NULL;
	}
	refusal = check_changeable(command, &chain.fill);
	if (refusal == NULL && context.order)
		refusal = oms_take_names(uow, command, &chain.order);
	if (refusal)
		return refusal;

	oms_order_event_init(&event, command);
	foreach(cell, chain.held)
	{
		Execution  *held = lfirst(cell);

		held->bust_exec_id = command->exec_id;
		end_execution(uow, held, EXECUTION_BUSTED, command, &event.fill);
	}
	chain.fill.bust_exec_id = command->exec_id;
	end_execution(uow, &chain.fill, EXECUTION_BUSTED, command, &event.fill);
	if (context.order)
	{
		event.transition = oms_order_fill_transition(TRIGGER_BUST, command, &chain.order, context.now);
		oms_apply_to_tree(uow, &chain.order, &event);
	}
	return NULL;
}

/*
 * A correction that cannot be booked leaves a live fill as it is; what only
 * waits in review is overtaken either way.
 */
static void
overtake(UnitOfWork *uow, FillChain *chain, const Execution *correction, bool booked, const Command *command,
		 FillDelta *delta)
{
	ListCell   *cell;

	foreach(cell, chain->held)
	{
		Execution  *held = lfirst(cell);

		held->correcting_execution_id = correction->id;
		end_execution(uow, held, EXECUTION_CORRECTED, command, delta);
	}
	if (booked || chain->fill.status == OMS_EXECUTION_REVIEW)
	{
		chain->fill.correcting_execution_id = correction->id;
		end_execution(uow, &chain->fill, EXECUTION_CORRECTED, command, delta);
	}
}

Refusal *
oms_handle_correct(UnitOfWork *uow, Command *command, Outcome *outcome)
{
	FillChain	chain = {0};
	FillContext context = {0};
	Execution	old;
	Execution	correction;
	OrderEvent	event;
	Jsonb	   *reasons;
	Refusal    *refusal = load_chain(uow, command, &chain, &context);

	if (refusal)
		return refusal;
	if (is_known_report(uow, command, &context, outcome))
		return NULL;
	refusal = check_changeable(command, &chain.fill);
	if (refusal == NULL && context.order)
		refusal = oms_take_names(uow, command, &chain.order);
	if (refusal)
		return refusal;

	old = chain.fill;
	context.corrected = &old;
	command->execution_id = oms_new_id_in_tree(chain.fill.root_id);
	oms_execution_create(command, &context, &correction);
	reasons = oms_execution_review(&correction, &context);
	oms_order_event_init(&event, command);
	if (context.order)
		event.transition = oms_order_fill_transition(reasons ? TRIGGER_REVIEW : TRIGGER_CORRECT, command,
													 &chain.order, context.now);
	overtake(uow, &chain, &correction, reasons == NULL, command, &event.fill);
	settle(uow, &correction, &context, reasons, &event, false);
	set_outcome(outcome, correction.id, false);
	return NULL;
}
