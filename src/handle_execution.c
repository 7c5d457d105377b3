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

#include "miscadmin.h"

#include "damage.h"
#include "decimal.h"
#include "guc.h"
#include "handlers.h"
#include "moment.h"
#include "report_history.h"

static void settle_waiting(UnitOfWork *uow, const Execution *fill, const FillContext *context, OrderEvent *event);

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

static bool
takes_back_or_corrects(const char *exec_type)
{
	return exec_type && (strcmp(exec_type, "TRADE_CANCEL") == 0 || strcmp(exec_type, "TRADE_CORRECT") == 0);
}

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

/* Put it into what it counts in: booked, or before the desk with these reasons. */
static void
put_in(Execution *execution, const FillContext *context, Jsonb *reasons, FillDelta *delta)
{
	if (reasons)
	{
		oms_execution_hold(execution, reasons);
		delta->review = oms_dec_plus(delta->review, execution->quantity);
	}
	else
	{
		oms_execution_book(execution, context->order);
		delta->quantity = oms_dec_plus(delta->quantity, execution->quantity);
		delta->value = oms_dec_plus(delta->value, oms_execution_value(execution));
	}
}

/*
 * Book the execution, or put it before the desk with these reasons; and let its
 * order, if there is one, have `event` with what was taken out of it before.
 */
static void
settle(UnitOfWork *uow, Execution *execution, const FillContext *context, Jsonb *reasons, bool is_known,
	   OrderEvent *event, bool id_is_given)
{
	ExecutionChange booked = is_known ? EXECUTION_BOOKED_AFTER_REVIEW : EXECUTION_BOOKED;
	const ExecutionTransition *change = &oms_execution_transitions[reasons ? EXECUTION_TO_REVIEW : booked];
	Order		after;

	put_in(execution, context, reasons, &event->fill);
	if (context->order == NULL)
	{
		oms_uow_put_execution(uow, execution, change, id_is_given);
		return;
	}
	if (reasons == NULL)
		execution->flags |= event->transition->raises;
	/* an account of somebody else is for the desk to see on both */
	event->raises |= execution->flags & FLAG_DISAGREES;
	after = *context->order;
	oms_order_evolve(&after, event);
	oms_execution_compare(execution, &after);
	oms_uow_put_execution(uow, execution, change, id_is_given);
	if (context->order->flags & FLAG_UNSETTLED)
		settle_waiting(uow, execution, context, event);
	if (context->order->live_children > 0 && oms_order_is_closed(&after) && !oms_order_is_closed(context->order))
		event->raises |= FLAG_LIVE_CHILDREN;
	oms_apply_to_tree(uow, context->order, event);
}

/* ------------------------------------------------------------------------
 * repeats
 * ------------------------------------------------------------------------
 */

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The report of an order that nobody knew then (or knows now) is the same if all it says of the order is. */
static bool
is_same_stranger(const Command *command, const Execution *known)
{
	return known->order_id == NULL && same_text(command->fix_session, known->fix_session) &&
		same_text(command->cl_ord_id, known->cl_ord_id) && same_text(command->symbol, known->symbol) &&
		same_text(command->side, known->side) &&
		same_text(command->counterparty_order_id, known->counterparty_order_id) &&
		oms_execution_is_repeat(command, known);
}

/*
 * The execution that this very report made before, or NULL; another one of the
 * order with its ExecID is noted, for the desk.
 */
static const Execution *
find_known(UnitOfWork *uow, const Command *command, FillContext *context)
{
	ListCell   *cell;

	if (command->exec_id == NULL)
		return NULL;
	if (context->order == NULL)
		oms_uow_lock_exec_id(uow, command->fix_session, command->exec_id);
	foreach(cell, oms_uow_executions_told(uow, context->order ? context->order->id : NULL, command->exec_id))
	{
		const Execution *known = lfirst(cell);

		if (known->order_id ? oms_execution_is_repeat(command, known) : is_same_stranger(command, known))
			return known;
		if (known->order_id)
			context->same_exec_id = known;
	}
	return NULL;
}

/* Nothing changes; what the repeat states is held against what it stated first. */
static Refusal *
is_repeat(UnitOfWork *uow, const Command *command, const FillContext *context, const Execution *known,
		  Outcome *outcome)
{
	StatedFigures first = {known->cum_qty, known->leaves_qty, known->avg_px};

	set_outcome(outcome, known->id, true);
	if (context->order)
		oms_compare_repeat(uow, command, context->order, &first);
	return NULL;
}

static void
init_context(FillContext *context)
{
	const PriceTolerance *price = oms_guc_price_tolerance();

	context->tolerance = oms_guc_overfill_tolerance();
	context->price_tolerance = price->amount;
	context->price_tolerance_is_part = price->is_part;
}

/* Why it cannot be booked, or NULL; by the terms of its own ClOrdID, if those of today are against it. */
static Jsonb *
review(UnitOfWork *uow, const Execution *execution, FillContext *context)
{
	Jsonb	   *reasons = oms_execution_review(execution, context);
	const Order *order = context->order;

	if (reasons == NULL || order == NULL || execution->cl_ord_id == NULL || !oms_reasons_ask_for_past(reasons) ||
		(order->cl_ord_id && strcmp(order->cl_ord_id, execution->cl_ord_id) == 0))
		return reasons;
	context->past = oms_history_terms(uow, order, execution->cl_ord_id);
	return context->past ? oms_execution_review(execution, context) : reasons;
}

/* ------------------------------------------------------------------------
 * what waited for its fill
 * ------------------------------------------------------------------------
 */

static int
compare_created(const ListCell *a, const ListCell *b)
{
	const Execution *first = lfirst(a);
	const Execution *second = lfirst(b);

	if (first->created_at != second->created_at)
		return first->created_at < second->created_at ? -1 : 1;
	return strcmp(first->id, second->id);
}

/* Busts and corrections of this order whose fill has not come. */
static List *
waiting_of(UnitOfWork *uow, const char *order_id)
{
	List	   *waiting = NIL;
	ListCell   *cell;

	foreach(cell, oms_uow_executions_of(uow, order_id))
	{
		const Execution *execution = lfirst(cell);
		bool		corrects = execution->exec_type && strcmp(execution->exec_type, "TRADE_CORRECT") == 0;

		CHECK_FOR_INTERRUPTS();
		/* a correction that was busted or corrected before its fill came still takes the fill's place */
		if (takes_back_or_corrects(execution->exec_type) && execution->corrected_execution_id == NULL &&
			execution->exec_ref_id && (corrects || execution->status == OMS_EXECUTION_REVIEW))
			waiting = lappend(waiting, lfirst(cell));
	}
	list_sort(waiting, compare_created);
	return waiting;
}

/* The first of them that names an ExecID of the chain, taken out of the list. */
static const Execution *
next_waiting(List **waiting, List *chain, const Execution *fill)
{
	ListCell   *cell;
	ListCell   *id;

	foreach(cell, *waiting)
	{
		const Execution *execution = lfirst(cell);

		if (strcmp(execution->id, fill->id) == 0)
			continue;
		foreach(id, chain)
			if (strcmp(execution->exec_ref_id, lfirst(id)) == 0)
			{
				*waiting = foreach_delete_current(*waiting, cell);
				return execution;
			}
	}
	return NULL;
}

/* The fill was taken back: what else waited for it has nothing to change any more. */
static void
end_waiting(UnitOfWork *uow, List *waiting, List *chain, const Execution *fill, char *bust_exec_id, OrderEvent *event)
{
	const Execution *next;

	while ((next = next_waiting(&waiting, chain, fill)) != NULL)
	{
		Execution	change = *next;

		if (change.status != OMS_EXECUTION_REVIEW)
			continue;
		change.bust_exec_id = bust_exec_id;
		end_execution(uow, &change, strcmp(change.exec_type, "TRADE_CANCEL") == 0 ? EXECUTION_SETTLED : EXECUTION_BUSTED,
					  event->command, &event->fill);
	}
}

/* A correction whose fill has come. */
static void
decide_waiting(UnitOfWork *uow, Execution *correction, const FillContext *context, OrderEvent *event)
{
	FillContext again = *context;
	Jsonb	   *reasons;

	again.unknown_execution = false;
	again.corrected = again.same_exec_id = NULL;
	take_out(correction, &event->fill);
	reasons = review(uow, correction, &again);
	put_in(correction, &again, reasons, &event->fill);
	oms_uow_put_execution(uow, correction,
						  &oms_execution_transitions[reasons ? EXECUTION_TO_REVIEW : EXECUTION_BOOKED_AFTER_REVIEW],
						  false);
}

/*
 * The fill has come that a bust or a correction waited for: it is taken back, or
 * the correction takes its place; and so on with what names any ExecID of the
 * chain.  Each turn takes one out of the list, so this ends.
 */
static void
settle_waiting(UnitOfWork *uow, const Execution *fill, const FillContext *context, OrderEvent *event)
{
	List	   *waiting = waiting_of(uow, context->order->id);
	List	   *chain = fill->exec_id ? list_make1(fill->exec_id) : NIL;
	Execution	last = *fill;
	const Execution *next;

	while (last.status != OMS_EXECUTION_BUSTED && (next = next_waiting(&waiting, chain, fill)) != NULL)
	{
		Execution	change = *next;

		if (strcmp(change.exec_type, "TRADE_CANCEL") == 0)
		{
			last.bust_exec_id = change.exec_id;
			end_execution(uow, &last, EXECUTION_BUSTED, event->command, &event->fill);
			end_execution(uow, &change, EXECUTION_SETTLED, event->command, &event->fill);
			break;
		}
		last.correcting_execution_id = change.id;
		end_execution(uow, &last, EXECUTION_CORRECTED, event->command, &event->fill);
		change.corrected_execution_id = last.id;
		if (change.exec_id)
			chain = lappend(chain, change.exec_id);
		if (change.status != OMS_EXECUTION_REVIEW)
			oms_uow_put_execution(uow, &change, &oms_execution_transitions[EXECUTION_LINKED], false);
		/* it was corrected itself before its fill came */
		change = *last_correction(uow, &change);
		if (change.exec_id)
			chain = lappend(chain, change.exec_id);
		if (change.status == OMS_EXECUTION_REVIEW)
			decide_waiting(uow, &change, context, event);
		last = change;
	}
	if (last.status == OMS_EXECUTION_BUSTED)
		end_waiting(uow, waiting, chain, fill, last.bust_exec_id, event);
	if (waiting_of(uow, context->order->id) == NIL)
		event->lowers |= FLAG_UNSETTLED;
}

/* The replacement that the fill implies; false if it implies none. */
static bool
imply_replacement(const Command *command, const Order *order, OrderEvent *event)
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

static void
init_fill_event(const Command *command, const FillContext *context, Jsonb *reasons, bool implies, OrderEvent *event)
{
	const Order *order = context->order;
	FillFacts	facts = {.day = NO_DATE, .implies_replace = implies && reasons == NULL,
	.misdirected = oms_reasons_tell_misdirected(reasons)};

	if (order->done_for_day_date != NO_DATE || command->ord_status)
		facts.day = oms_command_day(command, context->now);
	event->transition = oms_order_fill_transition(reasons ? TRIGGER_REVIEW : TRIGGER_FILL, command, order, &facts);
	if (event->transition->sets & COND_DONE_FOR_DAY)
		event->done_for_day = facts.day;
	/* until the fill comes that it is about */
	if (context->unknown_execution && command->exec_ref_id)
		event->raises |= FLAG_UNSETTLED;
}

/* One that waits in review is no younger for being reported again, and has been through splits. */
static void
as_counted(const Execution *known, Execution *execution)
{
	execution->created_at = known->created_at;
	execution->quantity = known->quantity;
	execution->quantity_factor = known->quantity_factor;
}

/* A fill: new, or `known` and reported again while it waits in review. */
static Refusal *
apply_fill(UnitOfWork *uow, const Command *command, FillContext *context, const Execution *known,
		   bool id_is_given, Outcome *outcome)
{
	const Order *order = context->order;
	OrderEvent	event;
	Order		judged;
	Execution	execution;
	Jsonb	   *reasons;
	bool		implies = false;

	oms_order_event_init(&event, command);
	if (order && !context->unknown_execution)
		implies = imply_replacement(command, order, &event);
	if (implies)
	{
		judged = *order;
		oms_terms_apply(&judged, &event.terms);
		context->order = &judged;
	}
	oms_execution_create(command, context, &execution);
	if (known)
		as_counted(known, &execution);
	reasons = review(uow, &execution, context);
	context->order = order;
	if (known && (order == NULL || (reasons && known->order_id)))
		return is_repeat(uow, command, context, known, outcome);

	if (known && known->order_id)
		take_out(known, &event.fill);
	if (order)
	{
		/* what waits in review implies nothing */
		if (implies && reasons)
			oms_order_event_init(&event, command);
		init_fill_event(command, context, reasons, implies, &event);
	}
	settle(uow, &execution, context, reasons, known != NULL, &event, id_is_given);
	set_outcome(outcome, execution.id, false);
	return NULL;
}

Refusal *
oms_handle_execute(UnitOfWork *uow, Command *command, Outcome *outcome)
{
	const Order *found = command->order_id ? oms_uow_order(uow, command->order_id) : NULL;
	const Execution *known;
	FillContext context = {0};
	Order		before;
	bool		id_is_given = false;
	Refusal    *refusal = NULL;

	init_context(&context);
	if (found)
	{
		before = *found;
		context.order = &before;
		refusal = oms_check_version(command, "order", before.id, before.version);
		if (refusal == NULL)
			refusal = oms_check_particulars(command, &before);
		if (refusal)
			return refusal;
		if (oms_keep_leg_report(uow, command, &before, outcome))
			return NULL;
	}
	context.named_order = command->order_id;
	context.ambiguous = command->ambiguous == TRI_TRUE;
	context.unknown_execution = takes_back_or_corrects(command->exec_type);
	known = find_known(uow, command, &context);
	if (known && (known->status != OMS_EXECUTION_REVIEW || known->correcting_execution_id))
		return is_repeat(uow, command, &context, known, outcome);
	if (known)
	{
		command->execution_id = known->id;
		(void) oms_uow_now(uow, known->root_id);
	}
	else
		refusal = name_execution(uow, command, context.order, &id_is_given);
	if (refusal == NULL && context.order)
		refusal = oms_take_names(uow, command, &before);
	if (refusal)
		return refusal;
	context.now = oms_uow_now(uow, context.order ? before.root_id : "");
	return apply_fill(uow, command, &context, known, id_is_given, outcome);
}

/* ------------------------------------------------------------------------
 * corrections and busts
 * ------------------------------------------------------------------------
 */

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
	init_context(context);
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

/* A change of a fill that has ended, on the wire: it can only be held against what we have. */
static bool
comes_too_late(UnitOfWork *uow, const Command *command, const FillContext *context, Outcome *outcome)
{
	TransitionFacts facts = {.reported = true};
	OrderEvent	event;

	if (command->fix_message == NULL || context->order == NULL)
		return false;
	oms_order_event_init(&event, command);
	event.transition = oms_transition_find(TRIGGER_UPDATE, context->order, &facts);
	oms_apply_to_tree(uow, context->order, &event);
	outcome->store = &oms_order_store;
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
		execution = follow(uow, &walk, execution, execution->corrected_execution_id);
	return takes_back_or_corrects(execution->exec_type) && execution->exec_ref_id;
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
	if (refusal && comes_too_late(uow, command, &context, outcome))
		return NULL;
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
	const Execution *known;
	Refusal    *refusal = load_chain(uow, command, &chain, &context);

	if (refusal)
		return refusal;
	if (context.order && oms_keep_leg_report(uow, command, &chain.order, outcome))
		return NULL;
	known = context.order ? find_known(uow, command, &context) : NULL;
	if (known && !is_held_correction(&chain, known))
		return is_repeat(uow, command, &context, known, outcome);
	set_outcome(outcome, chain.fill.id, false);
	refusal = check_changeable(command, &chain.fill);
	if (refusal && comes_too_late(uow, command, &context, outcome))
		return NULL;
	if (refusal == NULL && context.order)
		refusal = oms_take_names(uow, command, &chain.order);
	if (refusal)
		return refusal;

	old = chain.fill;
	context.corrected = &old;
	context.unknown_execution = waits_for_its_fill(uow, &old);
	command->execution_id = known ? known->id : oms_new_id_in_tree(chain.fill.root_id);
	oms_execution_create(command, &context, &correction);
	if (known)
		as_counted(known, &correction);
	reasons = review(uow, &correction, &context);
	if (known && reasons)
		return is_repeat(uow, command, &context, known, outcome);
	oms_order_event_init(&event, command);
	if (known)
	{
		take_out(known, &event.fill);
		forget_held(&chain, known);
	}
	if (context.order)
		event.transition = oms_order_fill_transition(reasons ? TRIGGER_REVIEW : TRIGGER_CORRECT, command,
													 &chain.order, &(FillFacts) {.day = NO_DATE});
	overtake(uow, &chain, &correction, reasons == NULL, command, &event.fill);
	settle(uow, &correction, &context, reasons, known != NULL, &event, false);
	set_outcome(outcome, correction.id, false);
	return NULL;
}
