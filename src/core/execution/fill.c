/*-------------------------------------------------------------------------
 *
 * fill.c
 *	  The use case of a fill.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/execution/fill_settle.h"
#include "core/execution/fill_waiting.h"
#include "core/order/order_commands.h"

static Refusal *
fill_name(Decision *d, Command *command, const Order *order, bool *id_is_given)
{
	*id_is_given = command->execution_id != NULL;
	if (*id_is_given)
		return oms_check_new_id(d, KIND_EXECUTION, command->execution_id, false);
	command->execution_id = oms_decision_new_id(d, order ? order->root_id : NULL);
	return NULL;
}

/* The replacement that the fill implies; false if it implies none. */
static bool
fill_imply_replacement(const Command *command, const Order *order, OrderEvent *event)
{
	const OrderRequest *request = oms_request_implied(command, order);
	Command		answer;

	if (request == NULL)
		return false;
	/* what a fill echoes of the terms is not taken: as they were asked for */
	answer = *command;
	answer.terms = event->terms;
	answer.side = answer.account = NULL;
	answer.orig_cl_ord_id = unconstify(char *, request->orig_cl_ord_id);
	event->terms = oms_terms_of_replacement(&answer, order);
	event->edit = REQUEST_ANSWER;
	event->request.kind = REQUEST_REPLACE;
	event->request.cl_ord_id = command->cl_ord_id;
	event->overtakes = request->orig_cl_ord_id;
	event->cl_ord_id = command->cl_ord_id;
	return true;
}

void
oms_fill_init_event(const Decision *d, const Command *command, const FillContext *context, Jsonb *reasons, bool implies, OrderEvent *event)
{
	const Order *order = context->order;
	FillFacts	facts = {.day = NO_DATE, .implies_replace = implies && reasons == NULL,
	.misdirected = oms_reasons_tell_misdirected(reasons), .revives = oms_order_is_revived(d, command, order)};

	if (order->done_for_day_date != NO_DATE && oms_order_is_good_till(order))
		facts.day = oms_order_day(d, command, order, DAY_OF_FILL);
	event->transition = oms_order_fill_transition(reasons ? TRIGGER_REVIEW : TRIGGER_FILL, command, order, &facts);
	if (event->transition->sets & COND_DONE_FOR_DAY)
		event->done_for_day = oms_order_day(d, command, order, DAY_DONE);
	if (reasons == NULL && oms_order_fill_is_late(command, order, facts.day))
		event->raises |= FLAG_LATE_FILL;
	/* until the fill comes that it is about */
	if (context->unknown_execution && command->exec_ref_id)
		event->raises |= FLAG_UNSETTLED;
}

/* A fill: new, or `known` and reported again while it waits in review. */
static Refusal *
fill_apply(Decision *d, const Command *command, FillContext *context, const Execution *known,
		   bool id_is_given)
{
	const Order *order = context->order;
	OrderEvent	event;
	Order		judged;
	Execution	execution;
	Jsonb	   *reasons;
	bool		implies = false;

	oms_order_event_init(&event, command);
	if (order && !context->unknown_execution)
		implies = fill_imply_replacement(command, order, &event);
	if (implies)
	{
		judged = *order;
		oms_terms_apply(&judged, &event.terms);
		context->order = &judged;
	}
	oms_execution_create(command, context, &execution);
	oms_execution_take_attributes(d, command, context, &execution);
	if (known)
		oms_fill_as_counted(known, &execution);
	if (command->told_before)
		execution.authors = known->authors;
	if (order && !context->unknown_execution)
		context->typed = oms_fill_find_typed(d, order, &execution);
	reasons = oms_fill_review(d, &execution, context);
	context->order = order;
	if (known && (order == NULL || (reasons && known->order_id)))
		return oms_fill_is_repeat(d, command, context, known);

	if (known && known->order_id)
		oms_fill_take_out(known, &event.fill);
	if (order)
	{
		/* what waits in review implies nothing */
		if (implies && reasons)
			oms_order_event_init(&event, command);
		oms_fill_init_event(d, command, context, reasons, implies, &event);
	}
	oms_fill_settle(d, &execution, context, reasons, &event, id_is_given);
	/* whoever approves what waits for an order under the same ExecID looks here */
	if (order && context->shares_exec_id)
		oms_decision_name(d, NAME_MATCHED_EXEC_ID, command->fix_session, command->exec_id, execution.id);
	if (order == NULL && known == NULL)
		oms_fill_name_waiting(d, command);
	oms_decision_about(d, KIND_EXECUTION, execution.id, false);
	return NULL;
}

/*
 * It waits for nothing that its report could bring, the desk has matched it to another order, or it stands in the place of another
 * one, and goes nowhere without it.
 */
static bool
fill_is_decided(const Execution *known, const Order *order)
{
	if (known->status != OMS_EXECUTION_REVIEW || known->correcting_execution_id)
		return true;
	return known->order_id ? order == NULL || strcmp(known->order_id, order->id) != 0 : known->corrected_execution_id != NULL;
}

/*
 * The fill that the report takes back or corrects, if it is known and can be
 * changed, or has been by this very bust; else NULL: the report waits.  So does
 * what one person alone has told, for somebody else, and a correction that has
 * no quantity, or whose fill has no order: both are told again with that.
 */
static const Execution *
fill_find_changed(Decision *d, const Command *command, const FillContext *context, const Execution *known)
{
	bool		takes_back = context->unknown_execution && strcmp(command->exec_type, "TRADE_CANCEL") == 0;
	const Execution *fill = NULL;

	if (!context->unknown_execution || (!takes_back && oms_dec_sign(command->last_qty) == 0))
		return NULL;
	if (known && (context->by_hand || oms_reasons_have(context->reasons_before, REVIEW_FOUR_EYES)))
		return NULL;
	if (context->order)
		fill = oms_fill_find_named(d, context->order->id, command->exec_ref_id);
	if (fill == NULL)
		fill = oms_fill_find_named_elsewhere(d, command);
	if (fill == NULL || (fill->order_id == NULL && !takes_back))
		return NULL;
	fill = oms_last_of_chain(d, fill);
	if (oms_execution_is_live(fill) || fill->status == OMS_EXECUTION_REVIEW ||
		(takes_back && command->exec_id && oms_same_text(command->exec_id, fill->bust_exec_id)))
		return fill;
	return NULL;
}

Refusal *
oms_decide_execute(Decision *d)
{
	Command    *command = d->command;
	const Order *order = command->order_id ? oms_get_order(d, command->order_id) : NULL;
	const Execution *known;
	const Execution *changed;
	FillContext context = {.now = oms_decision_now(d)};
	bool		id_is_given = false;
	Refusal    *refusal = NULL;

	oms_fill_init_context(d, &context);
	oms_fill_take_order(d, order, &context);
	if (order)
	{
		refusal = oms_check_version(command, KIND_ORDER, order->id, order->version);
		if (refusal == NULL)
			refusal = oms_check_particulars(command, order);
		if (refusal)
			return refusal;
		if (oms_keep_leg_report(d, command, order))
			return NULL;
	}
	context.named_order = command->order_id;
	context.ambiguous = command->ambiguous == TRI_TRUE;
	context.unknown_execution = oms_is_change_of_fill(command->exec_type);
	known = oms_fill_find_known(d, command, &context);
	if (known == NULL)
		known = oms_fill_find_matched(d, command);
	if (d->unreached.count > 0)
		return oms_unreached();
	if (command->told_before)
	{
		/* one without a quantity waits for the desk */
		if (known == NULL || known->order_id || order == NULL || (!context.unknown_execution && oms_dec_sign(command->last_qty) == 0))
			return oms_refuse(OMS_NO_TRANSITION, "the fill does not wait for an order any more");
		context.reasons_before = known->review_reasons;
	}
	if (known && fill_is_decided(known, order))
		return oms_fill_is_repeat(d, command, &context, known);
	if (known)
		command->execution_id = known->id;
	else
		refusal = fill_name(d, command, order, &id_is_given);
	changed = fill_find_changed(d, command, &context, known);
	if (d->unreached.count > 0)
		return oms_unreached();
	/* what takes a fill back makes none: whose the id is that it gives does not matter */
	if (changed && strcmp(command->exec_type, "TRADE_CANCEL") == 0)
		return oms_fill_take_back(d, changed->id, id_is_given);
	if (changed && refusal == NULL)
		return oms_fill_correct(d, changed->id, id_is_given);
	if (refusal == NULL && order)
		refusal = oms_take_names(d, command, order);
	if (refusal)
		return refusal;
	return fill_apply(d, command, &context, known, id_is_given);
}
