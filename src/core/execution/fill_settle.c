/*-------------------------------------------------------------------------
 *
 * fill_settle.c
 *	  What every report of a fill goes through: is it a repeat, can it be booked,
 *	  what does it move, and what waited for it?
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "base/guc.h"
#include "base/moment.h"
#include "core/execution/allocation_redo.h"
#include "core/execution/fill_settle.h"
#include "core/order/order_commands.h"
#include "core/order/order_history.h"
#include "core/order/order_members.h"

static void settle_waiting(Decision *d, const Execution *fill, const FillContext *context, OrderEvent *event);

/* Take a fill out of what it counted in. */
void
oms_fill_take_out(const Execution *execution, FillDelta *delta)
{
	if (execution->status == OMS_EXECUTION_REVIEW)
		delta->review = oms_dec_plus(delta->review, oms_dec_neg(execution->quantity));
	else
	{
		delta->quantity = oms_dec_plus(delta->quantity, oms_dec_neg(execution->quantity));
		delta->allocated = oms_dec_plus(delta->allocated, oms_dec_neg(execution->allocated_quantity));
		delta->value = oms_dec_plus(delta->value, oms_dec_neg(oms_execution_value(execution)));
	}
}

/* End an execution of the chain, and take it out of what it counted in. */
void
oms_fill_end(Decision *d, Execution *execution, ExecutionTrigger trigger, const Command *command,
			  FillDelta *delta)
{
	Execution	was = *execution;

	oms_fill_take_out(execution, delta);
	if (command->reason)
		execution->reason = command->reason;
	oms_put_execution(d, execution, oms_execution_end(execution, trigger), false);
	if (oms_execution_is_live(&was))
		oms_allocated_fill_ended(d, &was, trigger == EXECUTION_CORRECT || was.superseding_execution_id != NULL);
}

bool
oms_is_change_of_fill(const char *exec_type)
{
	return exec_type && (strcmp(exec_type, "TRADE_CANCEL") == 0 || strcmp(exec_type, "TRADE_CORRECT") == 0);
}

const Execution *
oms_fill_follow(const Decision *d, Walk *walk, const Execution *from, const char *id)
{
	const Execution *execution = oms_get_execution(d, id);

	if (execution == NULL)
		oms_damaged("execution \"%s\", a correction of or by \"%s\", does not exist", id, from->id);
	oms_walk_step(walk, "execution", from->id);
	return execution;
}

/* As far as the corrections that were booked lead. */
const Execution *
oms_fill_last_correction(const Decision *d, const Execution *execution)
{
	Walk		walk = {0};

	while (execution->correcting_execution_id)
		execution = oms_fill_follow(d, &walk, execution, execution->correcting_execution_id);
	return execution;
}

/*
 * Which of its block's pools it is in: what its report did not state is settled
 * when it is booked, for a calendar may be changed later.  A correction is of the
 * same trade.
 */
static void
settle_day(const Decision *d, Execution *execution, const Order *order)
{
	if (execution->trade_date != NO_DATE)
		execution->trading_day = NO_DATE;
	else if (execution->trading_day == NO_DATE && execution->corrected_execution_id == NULL)
		execution->trading_day = oms_order_calendar_day(d, order, execution->last_mkt, oms_execution_dealt_at(execution), DAY_OF_FILL);
}

/* Put it into what it counts in: booked, or before the desk with these reasons. */
static const Transition *
settle_put_in(Decision *d, Execution *execution, const FillContext *context, Jsonb *reasons, FillDelta *delta)
{
	const Transition *transition;

	if (reasons)
	{
		delta->review = oms_dec_plus(delta->review, execution->quantity);
		return oms_execution_hold(execution, reasons);
	}
	execution->review_reasons = NULL;
	if (execution->status == OMS_EXECUTION_REVIEW)
		execution->booked_at = oms_decision_now(d);
	if (context->in_block)
		settle_day(d, execution, context->order);
	transition = context->in_block ? oms_book_block_fill(d, execution) : oms_execution_book(execution, context);
	delta->quantity = oms_dec_plus(delta->quantity, execution->quantity);
	delta->allocated = oms_dec_plus(delta->allocated, execution->allocated_quantity);
	delta->value = oms_dec_plus(delta->value, oms_execution_value(execution));
	return transition;
}

/*
 * Book the execution, or put it before the desk with these reasons; and let its
 * order, if there is one, have `event` with what was taken out of it before.
 */
void
oms_fill_settle(Decision *d, Execution *execution, const FillContext *context, Jsonb *reasons,
	   OrderEvent *event, bool id_is_given)
{
	const Transition *change = settle_put_in(d, execution, context, reasons, &event->fill);
	const Order *before = context->order;
	Order		after;

	if (before == NULL)
	{
		oms_put_execution(d, execution, change, id_is_given);
		return;
	}
	if (reasons == NULL)
		execution->flags |= event->transition->raises | (event->raises & FLAG_LATE_FILL);
	/* an account of somebody else is for the desk to see on both */
	event->raises |= execution->flags & FLAG_DISAGREES;
	after = *before;
	oms_order_evolve(&after, event);
	/* what it states is of the time when it was told, and of the order that it names */
	if (!context->approved && event->own)
		oms_execution_compare(execution, &after);
	oms_put_execution(d, execution, change, id_is_given);
	if (before->flags & FLAG_UNSETTLED)
	{
		settle_waiting(d, execution, context, event);
		after = *before;
		oms_order_evolve(&after, event);
	}
	if (oms_order_is_closed(&after) && !oms_order_is_closed(before))
		after.flags |= (before->live_children > 0 ? FLAG_LIVE_CHILDREN : 0) | (before->live_blocks > 0 ? FLAG_LIVE_BLOCK : 0);
	oms_put_in_tree(d, before, &after, event);
}

void
oms_fill_init_context(const Decision *d, FillContext *context)
{
	const PriceTolerance *price = oms_guc_price_tolerance();

	/* whoever has made an order known has not told what waited for it */
	if (oms_guc_four_eyes && !d->command->told_before && !oms_decision_asker(d)->is_feed)
		context->by_hand = oms_decision_asker(d)->actor;
	context->findings = d->findings;
	context->tolerance = oms_guc_overfill_tolerance();
	context->price_tolerance = price->amount;
	context->price_tolerance_is_part = price->is_part;
}

void
oms_fill_take_order(const Decision *d, const Order *order, FillContext *context)
{
	const Order *root = order == NULL || order->parent_id == NULL ? order : oms_get_order(d, order->root_id);

	context->order = order;
	context->in_block = root != NULL && oms_order_is_block(root);
}

/* Why it cannot be booked, or NULL; by the terms of its own ClOrdID, if those of today are against it. */
Jsonb *
oms_fill_review(Decision *d, const Execution *execution, FillContext *context)
{
	Jsonb	   *reasons = oms_execution_review(execution, context);
	const Order *order = context->order;

	if (reasons == NULL || order == NULL || execution->cl_ord_id == NULL || !oms_reasons_ask_for_past(reasons) ||
		(order->cl_ord_id && strcmp(order->cl_ord_id, execution->cl_ord_id) == 0))
		return reasons;
	context->past = oms_history_terms(d->source, order, execution->cl_ord_id);
	return context->past ? oms_execution_review(execution, context) : reasons;
}

/* ------------------------------------------------------------------------
 * what waited for its fill
 * ------------------------------------------------------------------------
 */

/* A bust or correction whose fill has not come. */
static bool
settle_is_waiting(const Execution *execution)
{
	bool		corrects = execution->exec_type && strcmp(execution->exec_type, "TRADE_CORRECT") == 0;

	/* a correction that was busted or corrected before its fill came still takes the fill's place */
	return oms_is_change_of_fill(execution->exec_type) && execution->corrected_execution_id == NULL && execution->exec_ref_id &&
		(execution->status == OMS_EXECUTION_REVIEW || (corrects && execution->status != OMS_EXECUTION_REJECTED));
}

static int
settle_compare_created(const ListCell *a, const ListCell *b)
{
	return oms_execution_came_before(lfirst(a), lfirst(b)) ? -1 : 1;
}

/* Those of this order, but for one that the command itself makes; the oldest first. */
static List *
settle_waiting_of(Decision *d, const char *order_id)
{
	List	   *executions = oms_executions_of(d, order_id);
	List	   *waiting = NIL;
	ListCell   *cell;

	foreach(cell, executions)
	{
		CHECK_FOR_INTERRUPTS();
		if (settle_is_waiting(lfirst(cell)))
			waiting = lappend(waiting, lfirst(cell));
	}
	list_free(executions);
	list_sort(waiting, settle_compare_created);
	return waiting;
}

bool
oms_fill_is_settled(Decision *d, const char *order_id, const char *without)
{
	ListCell   *cell;

	foreach(cell, settle_waiting_of(d, order_id))
		if (without == NULL || strcmp(((const Execution *) lfirst(cell))->id, without) != 0)
			return false;
	return true;
}

/* A correction that has told no quantity. */
static bool
settle_is_empty(const Execution *correction)
{
	return correction->status == OMS_EXECUTION_REVIEW && oms_dec_sign(correction->last_qty) == 0;
}

/* A bust that one person has told alone takes nothing back. */
static bool
settle_must_wait(const Execution *execution)
{
	return (strcmp(execution->exec_type, "TRADE_CANCEL") == 0 || settle_is_empty(execution)) && oms_reasons_have(execution->review_reasons, REVIEW_FOUR_EYES);
}

/*
 * The first of them that names an ExecID of the chain, taken out of the list.
 * One that an end of the chain (what counts, or the newest that waits for it) is
 * itself a correction of is passed over: reports that name each other would go
 * round for ever.
 */
static const Execution *
settle_next_waiting(const Decision *d, List **waiting, List *chain, const Execution *last, const Execution *newest)
{
	ListCell   *cell;
	ListCell   *id;

	foreach(cell, *waiting)
	{
		/* as the turns before have left it */
		const Execution *execution = oms_get_execution(d, ((const Execution *) lfirst(cell))->id);
		const char *end;

		if (settle_must_wait(execution))
			continue;
		foreach(id, chain)
			if (strcmp(execution->exec_ref_id, lfirst(id)) == 0 &&
				strcmp(end = oms_fill_last_correction(d, execution)->id, last->id) != 0 && strcmp(end, newest->id) != 0)
			{
				*waiting = foreach_delete_current(*waiting, cell);
				return execution;
			}
	}
	return NULL;
}

/* What waited for a fill finds its end of the chain. */
typedef struct Settling
{
	Decision   *d;
	const FillContext *context;
	OrderEvent *event;
	Execution	last;			/* the end: it counts, or waits in review itself */
	List	   *held;			/* of Execution: corrections of it that wait in review, and leave it as it is */
} Settling;

static Execution *
settle_keep_copy(const Execution *execution)
{
	return memcpy(palloc(sizeof(Execution)), execution, sizeof(Execution));
}

/* What was told of the chain last. */
static const Execution *
settle_newest_of(const Settling *s)
{
	return s->held ? llast(s->held) : &s->last;
}

static void
settle_end_held(Settling *s, ExecutionTrigger trigger, char *id)
{
	ListCell   *cell;

	foreach(cell, s->held)
	{
		Execution  *held = lfirst(cell);

		if (trigger == EXECUTION_BUST)
			held->bust_exec_id = id;
		else
			held->correcting_execution_id = id;
		oms_fill_end(s->d, held, trigger, s->event->command, &s->event->fill);
	}
	s->held = NIL;
}

/* Judged as if its fill had come first: that counts already, by this very command or before. */
static Jsonb *
settle_review_waiting(const Settling *s, const Execution *correction)
{
	FillContext again = *s->context;
	Order		counted = *s->context->order;

	counted.executed_quantity = oms_dec_plus(counted.executed_quantity, s->event->fill.quantity);
	again.order = &counted;
	again.corrected = &s->last;
	again.same_exec_id = NULL;
	again.typed = NULL;
	again.findings = NIL;
	again.by_hand = NULL;
	again.approved = false;
	again.reasons_before = correction->review_reasons;
	return oms_fill_review(s->d, correction, &again);
}

/*
 * A bust, or a correction that leaves nothing of the fill: it has told no quantity,
 * nor states CumQty as it is with the fill (fix_report.c has the same, where the
 * fill is known).
 */
static bool
settle_takes_back(const Settling *s, const Execution *change)
{
	if (strcmp(change->exec_type, "TRADE_CANCEL") == 0)
		return true;
	return settle_is_empty(change) && !(change->cum_qty && oms_dec_cmp(change->cum_qty, oms_dec_plus(s->context->order->executed_quantity,
																									 s->event->fill.quantity)) == 0);
}

/* It takes the fill's place and changes nothing of it, its price neither where that is not told. */
static void
settle_complete(const Settling *s, Execution *correction)
{
	correction->reported_last_qty = correction->last_qty;
	correction->last_qty = s->last.last_qty;
	if (oms_dec_sign(correction->last_px) == 0)
	{
		correction->reported_last_px = correction->last_px;
		correction->last_px = s->last.last_px;
	}
	oms_execution_count(correction);
}

/*
 * A correction, with what was told of itself since, takes the place of the end;
 * where it cannot be booked it leaves a live one as it is, and waits in review.
 */
static void
settle_take_place(Settling *s, const Execution *correction)
{
	FillDelta  *fill = &s->event->fill;
	Execution	first = *correction;
	Execution	end = *oms_fill_last_correction(s->d, correction);
	Execution	waited;
	Jsonb	   *reasons;
	bool		leaves;

	first.corrected_execution_id = s->last.id;
	if (oms_execution_comes_late(&first, settle_newest_of(s)))
	{
		first.flags |= FLAG_DISAGREES;
		s->event->raises |= FLAG_DISAGREES;
	}
	if (strcmp(first.id, end.id) == 0)
		end = first;
	waited = end;
	if (settle_is_empty(&end))
		settle_complete(s, &end);
	reasons = end.status == OMS_EXECUTION_REVIEW ? settle_review_waiting(s, &end) : NULL;
	leaves = reasons && oms_execution_is_live(&s->last);

	settle_end_held(s, EXECUTION_CORRECT, first.id);
	if (!leaves)
	{
		s->last.correcting_execution_id = first.id;
		oms_fill_end(s->d, &s->last, EXECUTION_CORRECT, s->event->command, fill);
	}
	if (first.status != OMS_EXECUTION_REVIEW)
		oms_put_execution(s->d, &first, oms_execution_change(&first, EXECUTION_LINK), false);
	if (end.status == OMS_EXECUTION_REVIEW)
	{
		oms_fill_take_out(&waited, fill);
		oms_put_execution(s->d, &end, settle_put_in(s->d, &end, s->context, reasons, fill), false);
	}
	if (leaves)
		s->held = list_make1(settle_keep_copy(&end));
	else
		s->last = end;
}

static List *
settle_exec_ids_of(const Execution *first, const Execution *end)
{
	List	   *ids = first->exec_id ? list_make1(pstrdup(first->exec_id)) : NIL;

	return end->exec_id ? lappend(ids, pstrdup(end->exec_id)) : ids;
}

/*
 * The fill was taken back: what else waited for it has nothing to change any more.
 * A correction is linked to it all the same: its fill has come.
 */
static void
settle_end_waiting(Decision *d, List *waiting, List *chain, const Execution *fill, char *bust_exec_id, OrderEvent *event)
{
	const Execution *next;

	while ((next = settle_next_waiting(d, &waiting, chain, fill, fill)) != NULL)
	{
		Execution	first = *next;
		Execution	end = *oms_fill_last_correction(d, next);
		bool		is_bust = strcmp(first.exec_type, "TRADE_CANCEL") == 0;

		if (!is_bust)
		{
			chain = list_concat(chain, settle_exec_ids_of(&first, &end));
			first.corrected_execution_id = fill->id;
		}
		if (strcmp(first.id, end.id) == 0)
			end = first;
		if (first.status != OMS_EXECUTION_REVIEW)
			oms_put_execution(d, &first, oms_execution_change(&first, EXECUTION_LINK), false);
		if (end.status != OMS_EXECUTION_REVIEW)
			continue;
		end.bust_exec_id = bust_exec_id;
		oms_fill_end(d, &end, is_bust ? EXECUTION_SETTLE : EXECUTION_BUST, event->command, &event->fill);
	}
}

/*
 * A correction of the fill, with what was told of itself since: another that
 * came after it has the fill's place already.
 */
static void
settle_overtake_waiting(Decision *d, const Execution *change, const Execution *fill, const Execution *last, OrderEvent *event)
{
	Execution	first = *change;
	Execution	end = *oms_fill_last_correction(d, change);

	first.corrected_execution_id = fill->id;
	if (strcmp(first.id, end.id) == 0)
		end = first;
	else
		oms_put_execution(d, &first, oms_execution_change(&first, EXECUTION_LINK), false);
	end.correcting_execution_id = last->id;
	oms_fill_end(d, &end, EXECUTION_CORRECT, event->command, &event->fill);
	if (oms_execution_comes_late(last, &end))
		event->raises |= FLAG_DISAGREES;
}

/*
 * The fill has come that a bust or a correction waited for: it is taken back, or
 * the correction takes its place; and so on with what names any ExecID of the
 * chain.  Each turn takes one out of the list, so this ends.
 */
static void
settle_waiting(Decision *d, const Execution *fill, const FillContext *context, OrderEvent *event)
{
	List	   *waiting = settle_waiting_of(d, context->order->id);
	List	   *chain = fill->exec_id ? list_make1(fill->exec_id) : NIL;
	Settling	s = {.d = d, .context = context, .event = event, .last = *fill};
	const Execution *counts = context->unknown_execution ? fill : oms_last_of_chain(d, fill);
	const Execution *next;

	/* it is a correction that waits in review itself */
	if (strcmp(counts->id, fill->id) != 0)
	{
		s.last = *counts;
		s.held = list_make1(settle_keep_copy(fill));
	}
	while (s.last.status != OMS_EXECUTION_BUSTED &&
		   (next = settle_next_waiting(d, &waiting, chain, &s.last, settle_newest_of(&s))) != NULL)
	{
		Execution	change = *next;
		const Execution *end = oms_fill_last_correction(d, next);

		if (settle_takes_back(&s, &change))
		{
			if (strcmp(change.exec_type, "TRADE_CORRECT") == 0)
				change.corrected_execution_id = s.last.id;
			settle_end_held(&s, EXECUTION_BUST, change.exec_id);
			s.last.bust_exec_id = change.exec_id;
			oms_fill_end(d, &s.last, EXECUTION_BUST, event->command, &event->fill);
			oms_fill_end(d, &change, EXECUTION_SETTLE, event->command, &event->fill);
			break;
		}
		chain = list_concat(chain, settle_exec_ids_of(&change, end));
		if (strcmp(settle_newest_of(&s)->id, fill->id) != 0 && end->status == OMS_EXECUTION_REVIEW &&
			oms_execution_came_before(end, settle_newest_of(&s)))
			settle_overtake_waiting(d, next, fill, settle_newest_of(&s), event);
		else
			settle_take_place(&s, next);
	}
	if (s.last.status == OMS_EXECUTION_BUSTED)
		settle_end_waiting(d, waiting, chain, fill, s.last.bust_exec_id, event);
	if (oms_fill_is_settled(d, context->order->id, NULL) && !settle_is_waiting(oms_get_execution(d, fill->id)))
	{
		event->lowers |= FLAG_UNSETTLED;
		event->raises &= ~FLAG_UNSETTLED;
	}
}

void
oms_fill_as_counted(const Execution *known, Execution *execution)
{
	execution->status = known->status;
	execution->created_at = known->created_at;
	execution->quantity = known->quantity;
	execution->quantity_factor = known->quantity_factor;
	/* whoever told it by hand before has told it still */
	if (execution->authors)
		execution->authors = oms_texts_join(known->authors, execution->authors);
}
