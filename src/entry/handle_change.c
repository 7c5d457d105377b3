/*-------------------------------------------------------------------------
 *
 * handle_change.c
 *	  The use cases of what changes a fill: its correction, its bust.
 *
 * Writes nothing itself: the unit of work does.  Locks the order's tree through
 * it, before anything is read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "entry/fill_settle.h"

const Execution *
oms_last_of_chain(UnitOfWork *uow, const Execution *execution)
{
	const Execution *fill;
	Walk		walk = {0};

	execution = oms_fill_last_correction(uow, execution);
	if (execution->status != OMS_EXECUTION_REVIEW || execution->corrected_execution_id == NULL)
		return execution;
	/* a correction that waits in review left the fill it is about as it was */
	fill = oms_fill_last_correction(uow, oms_fill_follow(uow, &walk, execution, execution->corrected_execution_id));
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
	oms_fill_init_context(context);
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
check_changeable(const Command *command, const Execution *execution, ExecutionTrigger trigger)
{
	if (oms_execution_transition(execution->status, trigger))
		return NULL;
	return oms_with_detail(oms_refuse(OMS_NO_TRANSITION, "%s is not possible for execution \"%s\" in status %s",
									  command->def->name, execution->id,
									  oms_name_of(oms_execution_status_names, execution->status)),
						   "It has lastQty %s, lastPx %s.", oms_dec_text(execution->last_qty),
						   oms_dec_text(execution->last_px));
}

/* A change of a fill that has ended, on the wire: it can only be held against what we have, and that once. */
static bool
comes_too_late(UnitOfWork *uow, const Command *command, const FillContext *context, Outcome *outcome)
{
	OrderEvent	event;

	if (command->fix_message == NULL || context->order == NULL)
		return false;
	if (oms_report_is_known(uow, command, context->order, outcome))
		return true;
	oms_order_event_init(&event, command);
	event.transition = oms_order_transition(TRIGGER_UPDATE, context->order, 0, true);
	oms_apply_to_tree(uow, context->order, &event);
	outcome->kind = &oms_kinds[KIND_ORDER];
	outcome->id = context->order->id;
	return true;
}

/* Is it a correction of this fill that waits in review? */
static bool
is_held_correction(const FillChain *chain, const Execution *known)
{
	ListCell   *cell;

	foreach(cell, chain->held)
		if (strcmp(((Execution *) lfirst(cell))->id, known->id) == 0)
			return true;
	return false;
}

/* It is decided anew: it is not overtaken by itself. */
static void
forget_held(FillChain *chain, const Execution *known)
{
	ListCell   *cell;

	foreach(cell, chain->held)
		if (strcmp(((Execution *) lfirst(cell))->id, known->id) == 0)
			chain->held = foreach_delete_current(chain->held, cell);
}

/* Does its chain begin with a correction of a fill that has not come? */
static bool
waits_for_its_fill(UnitOfWork *uow, const Execution *execution)
{
	Walk		walk = {0};

	if (execution->status != OMS_EXECUTION_REVIEW)
		return false;
	while (execution->corrected_execution_id)
		execution = oms_fill_follow(uow, &walk, execution, execution->corrected_execution_id);
	return oms_is_change_of_fill(execution->exec_type) && execution->exec_ref_id;
}

/* Told before this fill of its, and perhaps before the order: it has changed nothing yet. */
static bool
waits(const Execution *known, const Execution *fill)
{
	return known && known->status == OMS_EXECUTION_REVIEW && known->corrected_execution_id == NULL &&
		strcmp(known->id, fill->id) != 0;
}

/* The bust itself, if it waits: now it is applied, and that is over. */
static void
end_waiting_bust(UnitOfWork *uow, const Command *command, FillContext *context, const Execution *fill, OrderEvent *event)
{
	const Execution *known = context->order ? oms_fill_find_known(uow, command, context) : NULL;
	Execution	bust;

	if (!waits(known, fill))
		return;
	(void) oms_uow_now(uow, known->root_id);
	bust = *known;
	oms_fill_end(uow, &bust, EXECUTION_SETTLE, command, known->order_id ? &event->fill : &(FillDelta) {0});
	if ((context->order->flags & FLAG_UNSETTLED) && oms_fill_is_settled(uow, context->order->id))
		event->lowers |= FLAG_UNSETTLED;
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
	oms_fill_outcome(outcome, chain.fill.id, false);
	if (chain.fill.status == OMS_EXECUTION_BUSTED && command->exec_id && chain.fill.bust_exec_id &&
		strcmp(command->exec_id, chain.fill.bust_exec_id) == 0)
	{
		outcome->repeat = true;
		return NULL;
	}
	refusal = check_changeable(command, &chain.fill, EXECUTION_BUST);
	if (refusal && comes_too_late(uow, command, &context, outcome))
		return NULL;
	if (refusal == NULL && context.order)
		refusal = oms_take_names(uow, command, &chain.order);
	if (refusal)
		return refusal;

	oms_order_event_init(&event, command);
	end_waiting_bust(uow, command, &context, &chain.fill, &event);
	foreach(cell, chain.held)
	{
		Execution  *held = lfirst(cell);

		held->bust_exec_id = command->exec_id;
		oms_fill_end(uow, held, EXECUTION_BUST, command, &event.fill);
	}
	chain.fill.bust_exec_id = command->exec_id;
	oms_fill_end(uow, &chain.fill, EXECUTION_BUST, command, &event.fill);
	if (context.order)
	{
		event.transition = oms_order_fill_transition(TRIGGER_BUST, command, &chain.order, &(FillFacts) {.day = NO_DATE});
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
		oms_fill_end(uow, held, EXECUTION_CORRECT, command, delta);
	}
	if (booked || chain->fill.status == OMS_EXECUTION_REVIEW)
	{
		chain->fill.correcting_execution_id = correction->id;
		oms_fill_end(uow, &chain->fill, EXECUTION_CORRECT, command, delta);
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
	const Execution *known;
	Refusal    *refusal = load_chain(uow, command, &chain, &context);

	if (refusal)
		return refusal;
	if (context.order && oms_keep_leg_report(uow, command, &chain.order, outcome))
		return NULL;
	old = chain.fill;
	context.corrected = &old;
	known = context.order ? oms_fill_find_known(uow, command, &context) : NULL;
	if (known && !waits(known, &chain.fill) && !is_held_correction(&chain, known))
		return oms_fill_is_repeat(uow, command, &context, known, outcome);
	oms_fill_outcome(outcome, chain.fill.id, false);
	refusal = check_changeable(command, &chain.fill, EXECUTION_CORRECT);
	if (refusal && comes_too_late(uow, command, &context, outcome))
		return NULL;
	if (refusal == NULL && context.order)
		refusal = oms_take_names(uow, command, &chain.order);
	if (refusal)
		return refusal;

	context.unknown_execution = waits_for_its_fill(uow, &old);
	command->execution_id = known ? known->id : oms_new_id_in_tree(chain.fill.root_id);
	if (known)
		context.now = oms_uow_now(uow, known->root_id);
	oms_execution_create(command, &context, &correction);
	if (known)
		correction.status = known->status;
	if (known && !waits(known, &chain.fill))
		oms_fill_as_counted(known, &correction);
	reasons = oms_fill_review(uow, &correction, &context);
	if (known && !waits(known, &chain.fill) && reasons)
		return oms_fill_is_repeat(uow, command, &context, known, outcome);
	oms_order_event_init(&event, command);
	if (known && known->order_id)
	{
		oms_fill_take_out(known, &event.fill);
		forget_held(&chain, known);
	}
	if (context.order)
		event.transition = oms_order_fill_transition(reasons ? TRIGGER_REVIEW : TRIGGER_CORRECT, command,
													 &chain.order, &(FillFacts) {.day = NO_DATE});
	overtake(uow, &chain, &correction, reasons == NULL, command, &event.fill);
	oms_fill_settle(uow, &correction, &context, reasons, &event, false);
	oms_fill_outcome(outcome, correction.id, false);
	return NULL;
}
