/*-------------------------------------------------------------------------
 *
 * fill_change.c
 *	  The use cases of what changes a fill: its correction, its bust.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/guc.h"
#include "base/moment.h"
#include "core/execution/fill_settle.h"
#include "core/order/order_commands.h"
#include "core/order/order_members.h"

const Execution *
oms_last_of_chain(const Decision *d, const Execution *execution)
{
	const Execution *back;
	Walk		walk = {0};

	back = execution = oms_fill_last_correction(d, execution);
	/* corrections that wait in review left the fill they are about as it was */
	while (execution->status == OMS_EXECUTION_REVIEW && back->corrected_execution_id != NULL)
	{
		const Execution *fill = oms_fill_follow(d, &walk, back, back->corrected_execution_id);
		bool		leads_here = oms_same_text(fill->correcting_execution_id, back->id);

		back = fill;
		if (leads_here)
			continue;
		fill = oms_fill_last_correction(d, back);
		if (oms_execution_is_live(fill))
			return fill;
	}
	return execution;
}

/* Only where the order has something in review are its executions looked through. */
void
oms_fill_find_held(Decision *d, FillChain *chain)
{
	List	   *executions;
	ListCell   *cell;

	if (oms_dec_sign(chain->order.review_quantity) == 0)
		return;
	executions = oms_executions_of(d, chain->order.id);
	foreach(cell, executions)
	{
		Execution  *execution = lfirst(cell);
		Execution  *copy;

		if (execution->status != OMS_EXECUTION_REVIEW || execution->corrected_execution_id == NULL ||
			strcmp(execution->id, chain->fill.id) == 0 ||
			strcmp(oms_last_of_chain(d, execution)->id, chain->fill.id) != 0)
			continue;
		copy = palloc(sizeof(Execution));
		*copy = *execution;
		chain->held = lappend(chain->held, copy);
	}
	list_free(executions);
}

/*
 * It names another order than that to which the desk has matched the fill: ids
 * of the one are none of the other.
 */
static bool
change_names_another(const Command *command, const FillContext *context)
{
	return context->order && oms_has_trait(command->def, TRAIT_FILL) && !oms_same_text(command->order_id, context->order->id);
}

static Refusal *
change_load_chain(Decision *d, const Command *command, const char *fill_id, FillChain *chain, FillContext *context)
{
	const Order *found;

	chain->fill = *oms_last_of_chain(d, oms_get_execution(d, fill_id));
	oms_fill_init_context(d, context);
	context->now = oms_decision_now(d);
	if (chain->fill.order_id == NULL)
		return NULL;

	found = oms_get_order(d, chain->fill.order_id);
	if (found == NULL)
		oms_damaged("order \"%s\" of execution \"%s\" does not exist", chain->fill.order_id, chain->fill.id);
	chain->order = *found;
	oms_fill_take_order(d, &chain->order, context);
	oms_fill_find_held(d, chain);
	return change_names_another(command, context) ? NULL : oms_check_particulars(command, &chain->order);
}

Refusal *
oms_check_changeable(const Command *command, const Execution *execution, ExecutionTrigger trigger)
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
change_comes_too_late(Decision *d, const Command *command, const FillContext *context)
{
	OrderEvent	event;

	if (command->fix_message == NULL || context->order == NULL)
		return false;
	if (oms_report_is_known(d, command, context->order))
		return true;
	oms_order_event_init(&event, command);
	event.transition = oms_order_transition(TRIGGER_UPDATE, context->order, 0, true);
	oms_apply_to_tree(d, context->order, &event);
	oms_decision_about(d, KIND_ORDER, context->order->id, false);
	return true;
}

/* Is it a correction of this fill that waits in review? */
static bool
change_is_held_correction(const FillChain *chain, const Execution *known)
{
	ListCell   *cell;

	foreach(cell, chain->held)
		if (strcmp(((Execution *) lfirst(cell))->id, known->id) == 0)
			return true;
	return false;
}

/* It is decided anew: it is not overtaken by itself. */
void
oms_fill_forget_held(FillChain *chain, const Execution *known)
{
	ListCell   *cell;

	foreach(cell, chain->held)
		if (strcmp(((Execution *) lfirst(cell))->id, known->id) == 0)
			chain->held = foreach_delete_current(chain->held, cell);
}

/* Does its chain begin with a correction of a fill that has not come? */
bool
oms_fill_waits_for_another(Decision *d, const Execution *execution)
{
	Walk		walk = {0};

	if (execution->status != OMS_EXECUTION_REVIEW)
		return false;
	while (execution->corrected_execution_id)
		execution = oms_fill_follow(d, &walk, execution, execution->corrected_execution_id);
	return oms_is_change_of_fill(execution->exec_type) && execution->exec_ref_id;
}

/* Told before this fill of its, and perhaps before the order: it has changed nothing yet. */
static bool
change_waits(const Execution *known, const Execution *fill)
{
	return known && known->status == OMS_EXECUTION_REVIEW && known->corrected_execution_id == NULL &&
		strcmp(known->id, fill->id) != 0;
}

/* The bust itself, if it waits: now it is applied, and that is over. */
static void
change_end_waiting_bust(Decision *d, const Command *command, FillContext *context, const Execution *fill, OrderEvent *event)
{
	const Execution *known = oms_fill_find_known(d, command, context);
	Execution	bust;

	if (!change_waits(known, fill) || (known->order_id && !oms_same_text(known->order_id, fill->order_id)))
		return;
	bust = *known;
	oms_fill_end(d, &bust, EXECUTION_SETTLE, command, known->order_id ? &event->fill : &(FillDelta) {0});
}

/* The fill is taken back, and what waits to correct it has nothing to correct any more. */
void
oms_fill_bust(Decision *d, FillChain *chain, char *bust_exec_id, OrderEvent *event)
{
	ListCell   *cell;

	foreach(cell, chain->held)
	{
		Execution  *held = lfirst(cell);

		held->bust_exec_id = bust_exec_id;
		oms_fill_end(d, held, EXECUTION_BUST, event->command, &event->fill);
	}
	chain->fill.bust_exec_id = bust_exec_id;
	oms_fill_end(d, &chain->fill, EXECUTION_BUST, event->command, &event->fill);
}

/* One that somebody else has to approve. */
static const Execution *
change_waiting_bust(const FillChain *chain)
{
	ListCell   *cell;

	foreach(cell, chain->held)
		if (strcmp(((Execution *) lfirst(cell))->exec_type, "TRADE_CANCEL") == 0)
			return lfirst(cell);
	return NULL;
}

/* Four eyes: the bust of a fill that counts waits as an execution of its own, and names that fill as a correction does. */
static void
change_hold_bust(Decision *d, FillChain *chain, FillContext *context, bool id_is_given)
{
	Command    *command = d->command;
	const Execution *waiting = change_waiting_bust(chain);
	Execution	bust;
	OrderEvent	event;

	if (waiting)
	{
		oms_decision_about(d, KIND_EXECUTION, waiting->id, true);
		return;
	}
	context->corrected = &chain->fill;
	if (command->execution_id == NULL)
		command->execution_id = oms_decision_new_id(d, chain->fill.root_id);
	oms_execution_create(command, context, &bust);
	bust.exec_type = "TRADE_CANCEL";
	bust.last_qty = chain->fill.last_qty;
	bust.last_px = chain->fill.last_px;
	bust.quantity = chain->fill.quantity;
	bust.moved_to_execution_id = command->moved_to;
	oms_order_event_init(&event, command);
	event.transition = oms_order_fill_transition(TRIGGER_REVIEW, command, &chain->order, &(FillFacts) {.day = NO_DATE});
	oms_fill_settle(d, &bust, context, oms_reasons_four_eyes(context->by_hand), &event, id_is_given);
	oms_decision_about(d, KIND_EXECUTION, bust.id, false);
}

/* It goes to where somebody has typed it in its place.  A bust that is told is one in any case, and names what it can. */
static Refusal *
change_check_moved(Decision *d, const Execution *fill)
{
	const char *id = d->command->moved_to;
	const Execution *typed = id ? oms_get_execution(d, id) : NULL;

	if (id == NULL || (typed && oms_same_text(typed->moved_from_execution_id, fill->id)))
		return NULL;
	if (oms_command_is_report(d->command))
	{
		d->command->moved_to = NULL;
		return NULL;
	}
	if (typed == NULL)
		return oms_no_such(KIND_EXECUTION, id);
	return oms_refuse_by_rule("not_movable", psprintf("execution \"%s\" was not moved to \"%s\"", fill->id, id),
							  "the one was not typed in the place of the other.");
}

Refusal *
oms_fill_take_back(Decision *d, const char *fill_id, bool id_is_given)
{
	Command    *command = d->command;
	FillChain	chain = {0};
	FillContext context = {0};
	OrderEvent	event;
	Refusal    *refusal = change_load_chain(d, command, fill_id, &chain, &context);

	if (refusal)
		return refusal;
	oms_decision_about(d, KIND_EXECUTION, chain.fill.id, false);
	if (chain.fill.status == OMS_EXECUTION_BUSTED && command->exec_id && chain.fill.bust_exec_id &&
		strcmp(command->exec_id, chain.fill.bust_exec_id) == 0)
	{
		d->repeat = true;
		return NULL;
	}
	refusal = oms_check_changeable(command, &chain.fill, EXECUTION_BUST);
	if (refusal && change_comes_too_late(d, command, &context))
		return NULL;
	if (refusal == NULL)
		refusal = change_check_moved(d, &chain.fill);
	if (refusal == NULL && context.order && !change_names_another(command, &context))
		refusal = oms_take_names(d, command, &chain.order);
	if (refusal)
		return refusal;

	/* what moves nothing yet, anybody may end, as by rejecting it */
	if (context.by_hand && oms_execution_is_live(&chain.fill))
	{
		change_hold_bust(d, &chain, &context, id_is_given);
		return NULL;
	}
	oms_order_event_init(&event, command);
	event.own = !change_names_another(command, &context);
	change_end_waiting_bust(d, command, &context, &chain.fill, &event);
	chain.fill.moved_to_execution_id = command->moved_to;
	oms_fill_bust(d, &chain, command->exec_id, &event);
	if (context.order)
	{
		/* what is busted may have waited itself */
		if ((chain.order.flags & FLAG_UNSETTLED) && oms_fill_is_settled(d, chain.order.id, NULL))
			event.lowers |= FLAG_UNSETTLED;
		event.transition = oms_order_fill_transition(TRIGGER_BUST, command, &chain.order, &(FillFacts) {.day = NO_DATE});
		oms_apply_to_tree(d, &chain.order, &event);
	}
	return NULL;
}

/*
 * A correction that cannot be booked leaves a live fill as it is; what only
 * waits in review is overtaken either way.
 */
void
oms_fill_overtake(Decision *d, FillChain *chain, const Execution *correction, bool booked, const Command *command,
				FillDelta *delta)
{
	ListCell   *cell;

	foreach(cell, chain->held)
	{
		Execution  *held = lfirst(cell);

		held->correcting_execution_id = correction->id;
		oms_fill_end(d, held, EXECUTION_CORRECT, command, delta);
	}
	if (booked || chain->fill.status == OMS_EXECUTION_REVIEW)
	{
		chain->fill.correcting_execution_id = correction->id;
		oms_fill_end(d, &chain->fill, EXECUTION_CORRECT, command, delta);
	}
}

/* What was typed and is corrected by a person is typed still: a venue's report may yet tell it. */
static void
change_inherit_typing(const Decision *d, const Execution *old, Execution *correction)
{
	const Asker *asker;

	if ((old->flags & FLAG_MANUAL) == 0 || d->command->fix_message || (asker = oms_decision_asker(d))->is_feed)
		return;
	correction->flags |= FLAG_MANUAL;
	correction->authors = oms_texts_add(correction->authors ? correction->authors : old->authors, asker->actor);
}

/* As the command tells it, with what stays of its fill, and of itself where it was known. */
static void
change_make_correction(Decision *d, const FillChain *chain, const FillContext *context, const Execution *known, Execution *correction)
{
	const Command *command = d->command;
	const Execution *old = context->corrected;

	oms_execution_create(command, context, correction);
	oms_execution_take_attributes(d, command, context, correction);
	change_inherit_typing(d, old, correction);
	if (context->reasons_before && correction->authors == NULL)
		correction->authors = command->told_before && known ? known->authors : old->authors;
	if (known)
		correction->status = known->status;
	if (known && !change_waits(known, &chain->fill))
		oms_fill_as_counted(known, correction);
	if (change_names_another(command, context))
	{
		correction->reported_order_id = old->reported_order_id;
		oms_decision_name(d, NAME_MATCHED_EXEC_ID, correction->fix_session, correction->exec_id, correction->id);
	}
}

Refusal *
oms_fill_correct(Decision *d, const char *fill_id, bool id_is_given)
{
	Command    *command = d->command;
	FillChain	chain = {0};
	FillContext context = {0};
	Execution	old;
	Execution	correction;
	OrderEvent	event;
	Jsonb	   *reasons;
	const Execution *known;
	Refusal    *refusal = change_load_chain(d, command, fill_id, &chain, &context);

	if (refusal)
		return refusal;
	if (context.order && oms_keep_leg_report(d, command, &chain.order))
		return NULL;
	old = chain.fill;
	context.corrected = &old;
	/* what one person alone has said of it, its order perhaps, is not booked by what a venue says of the rest */
	if (oms_guc_four_eyes && old.status == OMS_EXECUTION_REVIEW && oms_reasons_have(old.review_reasons, REVIEW_FOUR_EYES))
		context.reasons_before = old.review_reasons;
	known = context.order ? oms_fill_find_known(d, command, &context) : NULL;
	if (d->unreached.count > 0)
		return oms_unreached();
	if (command->told_before && known && context.reasons_before == NULL)
		context.reasons_before = known->review_reasons;
	if (known && known->order_id && strcmp(known->order_id, context.order->id) != 0)
		return oms_fill_is_repeat(d, command, &context, known);
	if (known && !change_waits(known, &chain.fill) && !change_is_held_correction(&chain, known))
		return oms_fill_is_repeat(d, command, &context, known);
	oms_decision_about(d, KIND_EXECUTION, chain.fill.id, false);
	refusal = oms_check_changeable(command, &chain.fill, EXECUTION_CORRECT);
	if (refusal && change_comes_too_late(d, command, &context))
		return NULL;
	if (refusal == NULL && context.order && !change_names_another(command, &context))
		refusal = oms_take_names(d, command, &chain.order);
	if (refusal)
		return refusal;

	context.unknown_execution = oms_fill_waits_for_another(d, &old);
	if (known)
		command->execution_id = known->id;
	else if (command->execution_id == NULL)
		command->execution_id = oms_decision_new_id(d, chain.fill.root_id);
	change_make_correction(d, &chain, &context, known, &correction);
	reasons = oms_fill_review(d, &correction, &context);
	if (known && !change_waits(known, &chain.fill) && reasons)
		return oms_fill_is_repeat(d, command, &context, known);
	oms_order_event_init(&event, command);
	event.own = !change_names_another(command, &context);
	if (known && known->order_id)
	{
		oms_fill_take_out(known, &event.fill);
		oms_fill_forget_held(&chain, known);
	}
	if (context.order)
		event.transition = oms_order_fill_transition(reasons ? TRIGGER_REVIEW : TRIGGER_CORRECT, command,
													 &chain.order, &(FillFacts) {.day = NO_DATE});
	oms_fill_overtake(d, &chain, &correction, reasons == NULL, command, &event.fill);
	oms_fill_settle(d, &correction, &context, reasons, &event, id_is_given);
	oms_decision_about(d, KIND_EXECUTION, correction.id, false);
	return NULL;
}

/* The fill that the command names by its id. */
static Refusal *
change_of_named(Decision *d, Refusal *(*change) (Decision *d, const char *fill_id, bool id_is_given))
{
	Command    *command = d->command;
	const Execution *named = oms_get_execution(d, command->execution_id);
	Refusal    *refusal;

	if (named == NULL)
		return oms_no_such(KIND_EXECUTION, command->execution_id);
	refusal = oms_check_version(command, KIND_EXECUTION, named->id, named->version);
	if (refusal)
		return refusal;
	/* what is made of it has another */
	command->execution_id = NULL;
	return change(d, named->id, false);
}

Refusal *
oms_decide_bust(Decision *d)
{
	return change_of_named(d, oms_fill_take_back);
}

Refusal *
oms_decide_correct(Decision *d)
{
	return change_of_named(d, oms_fill_correct);
}
