/*-------------------------------------------------------------------------
 *
 * fill_approve.c
 *	  What the execution desk does with what waits in review: it counts, as it is,
 *	  corrected, or with another order.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 * An approval overrides the reasons that stand on the execution; one that only
 * this approval brings about, by a correction or another order, it has to confirm.
 * A correction or bust that waits is approved for the fill that it names.
 *
 * Four eyes: who typed, corrected or matched it does not approve it.  Whoever
 * approves it otherwise than it stands only proposes that, and has become one of
 * them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "base/guc.h"
#include "base/moment.h"
#include "core/execution/allocation_proposal.h"
#include "core/execution/fill_desk.h"
#include "core/execution/fill_settle.h"
#include "core/order/order_commands.h"
#include "core/order/order_history.h"
#include "core/order/order_members.h"
#include "core/order/order_tree.h"

typedef struct Approval
{
	Decision   *d;
	const Command *command;
	const char *actor;
	Execution	before;			/* as it waits */
	Execution	execution;		/* as it is to be */
	const Order *from;			/* the order that it waits with, or NULL */
	const Order *order;			/* the one that it is for, or NULL */
	bool		moves;			/* … which is another */
	bool		changes;		/* it is not approved as it stands */
	bool		proposes;		/* that is only proposed */
	bool		takes_back;		/* it is a bust */
	FillChain	chain;			/* of the fill that it corrects or takes back, … */
	bool		has_fill;		/* … if there is one */
	Execution	superseded;		/* the typed fill that it replaces, … */
	bool		supersedes;		/* … if it does */
	TreeDelta	below;			/* what moves its order from below, because it leaves another one there */
	FillContext context;
} Approval;

/* ------------------------------------------------------------------------
 * what is to be
 * ------------------------------------------------------------------------
 */

static Refusal *
approve_load(Approval *a)
{
	Decision   *d = a->d;
	const Command *command = a->command;
	const Execution *named = oms_get_execution(d, command->execution_id);
	Refusal    *refusal;

	if (named == NULL)
		return oms_no_such(KIND_EXECUTION, command->execution_id);
	refusal = oms_check_version(command, KIND_EXECUTION, named->id, named->version);
	/* possible for whatever waits, and for nothing else */
	if (refusal == NULL)
		refusal = oms_check_changeable(command, named, EXECUTION_PROPOSE);
	if (refusal)
		return refusal;
	a->before = a->execution = *named;
	if (named->order_id && (a->from = oms_get_order(d, named->order_id)) == NULL)
		oms_damaged("order \"%s\" of execution \"%s\" does not exist", named->order_id, named->id);
	a->order = command->order_id ? oms_get_order(d, command->order_id) : a->from;
	if (command->order_id && a->order == NULL)
		return oms_no_such(KIND_ORDER, command->order_id);
	a->moves = a->order && (a->from == NULL || strcmp(a->from->id, a->order->id) != 0);
	a->takes_back = strcmp(named->exec_type, "TRADE_CANCEL") == 0;
	return NULL;
}

/* A report that names its order by ids of its session is known by those; an SQL caller's by the orderId. */
static void
approve_keep_reported_order(const Approval *a, Execution *execution)
{
	if (execution->reported_order_id == NULL &&
		(execution->fix_session == NULL || (execution->cl_ord_id == NULL && execution->counterparty_order_id == NULL)))
		execution->reported_order_id = a->from ? a->from->id : oms_reasons_order(execution->review_reasons);
}

/* What it leaves out is as the order has it, as of any fill. */
static void
approve_take_order(Approval *a)
{
	Execution  *execution = &a->execution;
	const Order *order = a->order;

	a->changes = true;
	approve_keep_reported_order(a, execution);
	execution->order_id = order->id;
	execution->root_id = order->root_id;
	execution->account = order->account;
	if (execution->symbol == NULL)
		execution->symbol = order->symbol;
	if (execution->side == NULL)
		execution->side = order->side;
	if (execution->currency == NULL)
		execution->currency = order->currency;
	execution->flags &= ~FLAG_DISAGREES;
	if (execution->account && execution->reported_account && strcmp(execution->account, execution->reported_account) != 0)
		execution->flags |= FLAG_DISAGREES;
}

static Refusal *
approve_take_superseded(Approval *a)
{
	const char *id = a->command->supersedes ? a->command->supersedes : a->before.superseded_execution_id;
	const Execution *typed;

	if (id == NULL)
		return NULL;
	a->changes |= a->command->supersedes && !oms_same_text(a->command->supersedes, a->before.superseded_execution_id);
	typed = oms_get_execution(a->d, id);
	if (typed == NULL)
		return oms_no_such(KIND_EXECUTION, id);
	if ((typed->flags & FLAG_MANUAL) == 0 || !oms_execution_is_live(typed) || a->order == NULL ||
		!oms_same_text(typed->order_id, a->order->id) || oms_is_change_of_fill(a->execution.exec_type))
		return oms_with_hint(oms_refuse_by_rule("not_manual", psprintf("execution \"%s\" cannot be superseded by \"%s\"", id, a->execution.id),
												"status %s, order \"%s\", %s; superseded is a typed fill that counts for the same order, by a fill.",
												oms_name_of(oms_execution_status_names, typed->status),
												typed->order_id ? typed->order_id : "none", typed->flags & FLAG_MANUAL ? "typed" : "not typed"),
							 "Bust or reject it, or approve this one beside it.");
	a->superseded = *typed;
	a->supersedes = true;
	a->execution.superseded_execution_id = a->superseded.id;
	return NULL;
}

/* ------------------------------------------------------------------------
 * may it be?
 * ------------------------------------------------------------------------
 */

static Refusal *
approve_check_eyes(Approval *a)
{
	Refusal    *refusal;

	if (a->changes)
		a->execution.authors = oms_texts_add(a->before.authors, a->actor);
	a->proposes = oms_guc_four_eyes && a->changes;
	if (!oms_guc_four_eyes || a->changes || !oms_texts_has(a->before.authors, a->actor))
		return NULL;
	refusal = oms_refuse_by_rule("four_eyes", psprintf("\"%s\" cannot approve execution \"%s\"", a->actor, a->before.id),
								 "%s", "who typed, corrected, matched or proposed it does not approve it.");
	refusal->sqlstate = OMS_NOT_PERMITTED;
	return refusal;
}

/* The fill with the ExecID that it names, as its corrections have left it; or NULL. */
static const Execution *
approve_find_named(const Approval *a)
{
	const Execution *execution = &a->execution;
	const Execution *fill;

	if (a->order == NULL || !oms_is_change_of_fill(execution->exec_type) || execution->corrected_execution_id)
		return NULL;
	fill = oms_fill_find_named(a->d, a->order->id, execution->exec_ref_id);
	return fill && fill->status != OMS_EXECUTION_REJECTED ? oms_fill_last_correction(a->d, fill) : NULL;
}

/* What a correction or a bust is approved for. */
static Refusal *
approve_find_fill(Approval *a)
{
	const Execution *fill = oms_last_of_chain(a->d, oms_get_execution(a->d, a->before.id));

	if (strcmp(fill->id, a->before.id) == 0)
		fill = approve_find_named(a);
	else if (a->moves)
		return oms_refuse_by_rule("order_differs", psprintf("execution \"%s\" cannot be matched to order \"%s\"", a->before.id, a->order->id),
								  "it changes execution \"%s\", which counts for order \"%s\".", fill->id, fill->order_id);
	if (fill == NULL)
	{
		if (a->takes_back && !a->proposes)
			return oms_with_hint(oms_refuse_by_rule("unknown_execution", psprintf("execution \"%s\" takes back a fill that is not known", a->before.id),
													"execRefID is %s.", a->before.exec_ref_id ? a->before.exec_ref_id : "not stated"),
								 "Name the order of the fill, bust the fill itself, or reject this.");
		return NULL;
	}
	a->has_fill = true;
	a->chain.fill = *fill;
	a->chain.order = *a->order;
	oms_fill_find_held(a->d, &a->chain);
	oms_fill_forget_held(&a->chain, &a->before);
	return oms_check_changeable(a->command, fill, a->takes_back ? EXECUTION_BUST : EXECUTION_CORRECT);
}

static Refusal *
approve_compare_booked(Approval *a, const Execution *other)
{
	if (other == NULL || strcmp(other->id, a->before.id) == 0 || (other->flags & FLAG_MANUAL) ||
		!(oms_execution_is_live(other) || other->status == OMS_EXECUTION_CORRECTED) || !oms_execution_same_fill(&a->execution, other))
		return NULL;
	return oms_refuse_by_rule("already_booked", psprintf("execution \"%s\" is booked already", a->before.id),
							  "execution \"%s\" of order \"%s\" is the same fill: execID %s, status %s.", other->id, other->order_id, other->exec_id,
							  oms_name_of(oms_execution_status_names, other->status));
}

/* Whether it is the same fill, somebody else has to see. */
static Refusal *
approve_check_hidden(const Approval *a)
{
	ObjectSource *source = a->d->source;
	const Execution *execution = &a->execution;

	if (source->hides_named == NULL ||
		!source->hides_named(source, NAME_MATCHED_EXEC_ID, execution->fix_session ? execution->fix_session : "", execution->exec_id))
		return NULL;
	return oms_with_detail(oms_refuse(OMS_NOT_PERMITTED, "execution \"%s\" is not to be approved by who does not see all accounts", a->before.id),
						   "Its execID \"%s\" is known of an order of another account.", execution->exec_id);
}

/* Others with its ExecID: the same fill is refused, another one is a reason. */
static Refusal *
approve_check_booked(Approval *a)
{
	const Execution *execution = &a->execution;
	bool		names_its_own = oms_same_text(execution->exec_id, execution->exec_ref_id);
	Refusal    *refusal = NULL;
	ListCell   *cell;

	if (execution->exec_id == NULL)
		return NULL;
	refusal = approve_check_hidden(a);
	if (refusal)
		return refusal;
	if (a->order)
		foreach(cell, oms_executions_by_exec_id(a->d, a->order->id, execution->exec_id))
		{
			const Execution *other = lfirst(cell);

			refusal = approve_compare_booked(a, other);
			if (refusal)
				return refusal;
			if (strcmp(other->id, execution->id) != 0 && (other->flags & FLAG_MANUAL) == 0 && !names_its_own &&
				!oms_same_text(other->exec_id, other->exec_ref_id))
				a->context.same_exec_id = other;
		}
	foreach(cell, a->d->source->all_named(a->d->source, NAME_MATCHED_EXEC_ID, execution->fix_session ? execution->fix_session : "",
										  execution->exec_id))
	{
		if (!oms_decision_reaches(a->d, KIND_EXECUTION, lfirst(cell)))
			return oms_unreached();
		refusal = approve_compare_booked(a, oms_get_execution(a->d, lfirst(cell)));
		if (refusal)
			return refusal;
	}
	return NULL;
}

/* Why it cannot be booked, held against the order once more; a bust only by whom it is told. */
static Jsonb *
approve_review(Approval *a)
{
	FillContext *context = &a->context;
	const Execution *typed = NULL;

	context->approved = !a->proposes;
	context->by_hand = a->proposes ? a->actor : NULL;
	context->reasons_before = a->before.review_reasons;
	oms_fill_take_order(a->d, a->order, context);
	context->corrected = a->has_fill ? &a->chain.fill : a->supersedes ? &a->superseded : NULL;
	context->unknown_execution = !a->has_fill && oms_fill_waits_for_another(a->d, &a->before);
	if (a->order && !a->has_fill && !context->unknown_execution && (a->execution.flags & FLAG_MANUAL) == 0)
		typed = oms_fill_find_typed(a->d, a->order, &a->execution);
	if (typed && !(a->supersedes && strcmp(typed->id, a->superseded.id) == 0))
		context->typed = typed;
	if (a->takes_back && a->has_fill)
		return a->proposes ? oms_reasons_four_eyes(a->actor) : NULL;
	return oms_fill_review(a->d, &a->execution, context);
}

static Refusal *
approve_check_reasons(const Approval *a, Jsonb *reasons)
{
	char	   *unseen = oms_reasons_unseen(reasons, a->before.review_reasons);

	if (a->proposes)
		return NULL;
	if (!a->takes_back && oms_dec_sign(a->execution.last_qty) == 0)
		return oms_with_hint(oms_refuse_by_rule("no_quantity", psprintf("execution \"%s\" has no quantity to count for", a->before.id),
												"its report has told none."),
							 "Give it: \"lastQty\". What leaves nothing of a fill is its bust.");
	if (a->order == NULL)
		return oms_with_hint(oms_refuse_by_rule("unknown_order", psprintf("execution \"%s\" has no order to count for", a->before.id),
												"clOrdID %s, orderID %s.", a->before.cl_ord_id ? a->before.cl_ord_id : "not stated",
												a->before.counterparty_order_id ? a->before.counterparty_order_id : "not stated"),
							 "Name its order: \"orderId\".");
	if (unseen == NULL || a->command->confirm == TRI_TRUE)
		return NULL;
	return oms_with_hint(oms_refuse_by_rule("new_reason", psprintf("execution \"%s\" has a reason to wait that nobody has seen yet", a->before.id),
											"%s: %s", unseen, JsonbToCString(NULL, &reasons->root, VARSIZE(reasons))),
						 "Approve it in spite of that: \"confirm\": true.");
}

/* ------------------------------------------------------------------------
 * what it moves
 * ------------------------------------------------------------------------
 */

static bool
approve_is_above(const Decision *d, const Order *order, const Order *below)
{
	Walk		walk = {0};

	while (below && below->parent_id && strcmp(below->parent_id, order->id) != 0)
	{
		oms_walk_step(&walk, "order", below->id);
		below = oms_get_order(d, below->parent_id);
	}
	return below && below->parent_id;
}

/*
 * The order that it has waited with has an event of its own, before that of the
 * other.  An order has one: where the other is above it, what climbs goes into the
 * other's event; where it is below it (`is_below`), this is called when that has climbed.
 */
static void
approve_leave(Approval *a, bool is_below)
{
	const Order *before = oms_get_order(a->d, a->from->id);
	Order		after = *before;
	OrderEvent	event;

	oms_order_event_init(&event, a->command);
	event.own = false;
	oms_fill_take_out(&a->before, &event.fill);
	oms_fill_stop_waiting(a->d, before, a->before.id, &event);
	if (is_below)
		event.transition = oms_order_transition(TRIGGER_ROLL_UP, before, 0, false);
	oms_order_evolve(&after, &event);
	if (!approve_is_above(a->d, a->order, before))
	{
		oms_put_in_tree(a->d, before, &after, &event);
		return;
	}
	for (;;)
	{
		oms_put_order(a->d, &after, event.transition, false);
		if (!oms_tree_delta(before, &after, &a->below) || strcmp(after.parent_id, a->order->id) == 0)
			return;
		before = oms_get_order(a->d, after.parent_id);
		oms_tree_roll_up(a->command, before, &a->below, &event);
		after = *before;
		oms_order_evolve(&after, &event);
	}
}

/* The event of its order, with what it does not wait for there any more. */
static void
approve_init_event(const Approval *a, OrderEvent *event)
{
	oms_order_event_init(event, a->command);
	event->children = a->below;
	if (a->order && !a->moves)
		oms_fill_take_out(&a->before, &event->fill);
	event->raises |= a->execution.flags & FLAG_MANUAL;
	if (a->context.unknown_execution && a->execution.exec_ref_id)
		event->raises |= FLAG_UNSETTLED;
}

static const Transition *
approve_transition(const Approval *a, OrderEvent *event)
{
	const Order *order = a->order;
	const Execution *execution = &a->execution;
	FillFacts	facts = {.day = execution->trade_date, .approved = true};
	OrderTrigger trigger = a->takes_back ? TRIGGER_BUST : a->has_fill || a->supersedes ? TRIGGER_CORRECT : TRIGGER_FILL;

	if (facts.day == NO_DATE && order->done_for_day_date != NO_DATE && oms_order_is_good_till(order))
		facts.day = oms_market_day(a->d, order, execution->last_mkt, oms_execution_dealt_at(execution), DAY_OF_FILL);
	if ((order->conditions & COND_EXPIRED) && execution->transact_time != NO_TIME)
		facts.in_time = execution->transact_time < oms_history_expired(a->d->source, order).at;
	if (trigger == TRIGGER_FILL && oms_order_fill_is_late(a->command, order, facts.day))
		event->raises |= FLAG_LATE_FILL;
	return oms_order_fill_transition(trigger, a->command, order, &facts);
}

static void
approve_take_back(Approval *a, OrderEvent *event)
{
	FillDelta	elsewhere = {0};

	oms_order_event_init(event, a->command);
	event->children = a->below;
	if (a->execution.reason)
		a->chain.fill.reason = a->execution.reason;
	a->chain.fill.moved_to_execution_id = a->execution.moved_to_execution_id;
	/* oms_fill_end() takes it out of what it waits in */
	oms_fill_end(a->d, &a->execution, EXECUTION_SETTLE, a->command, a->moves ? &elsewhere : &event->fill);
	oms_fill_bust(a->d, &a->chain, a->execution.exec_id, event);
	event->transition = approve_transition(a, event);
	if ((a->order->flags & FLAG_UNSETTLED) && oms_fill_is_settled(a->d, a->order->id, a->execution.id))
		event->lowers |= FLAG_UNSETTLED;
	oms_apply_to_tree(a->d, a->order, event);
}

/* And what waits to correct it, or to take it back. */
static void
approve_end_superseded(Approval *a, FillDelta *delta)
{
	FillChain	chain = {.fill = a->superseded, .order = *a->order};
	Command		ends = *a->command;
	ListCell   *cell;

	ends.reason = "SUPERSEDED";
	oms_fill_find_held(a->d, &chain);
	foreach(cell, chain.held)
		oms_fill_end(a->d, lfirst(cell), EXECUTION_BUST, &ends, delta);
	a->superseded.superseding_execution_id = a->execution.id;
	oms_fill_end(a->d, &a->superseded, EXECUTION_BUST, &ends, delta);
}

static void
approve_book(Approval *a, Jsonb *reasons, OrderEvent *event)
{
	Execution  *execution = &a->execution;

	approve_init_event(a, event);
	execution->overridden_reasons = reasons;
	if (reasons)
		execution->flags |= FLAG_OVERRIDDEN;
	if (a->command->reason)
		execution->reason = a->command->reason;
	event->transition = approve_transition(a, event);
	if (a->supersedes)
		approve_end_superseded(a, &event->fill);
	if (a->has_fill)
	{
		execution->corrected_execution_id = a->chain.fill.id;
		oms_fill_overtake(a->d, &a->chain, execution, true, a->command, &event->fill);
	}
	oms_fill_settle(a->d, execution, &a->context, NULL, event, false);
}

/* It waits on, as it is to be, for somebody else. */
static void
approve_propose(Approval *a, Jsonb *reasons, OrderEvent *event)
{
	Execution  *execution = &a->execution;

	execution->review_reasons = reasons;
	if (a->command->reason)
		execution->reason = a->command->reason;
	oms_put_execution(a->d, execution, oms_execution_change(execution, EXECUTION_PROPOSE), false);
	if (a->order == NULL)
		return;
	approve_init_event(a, event);
	event->fill.review = oms_dec_plus(event->fill.review, execution->quantity);
	event->transition = oms_order_transition(TRIGGER_REVIEW, a->order, 0, true);
	oms_apply_to_tree(a->d, a->order, event);
}

/* Its report names another order, or none, and may come again. */
static void
approve_remember_report(const Approval *a, const Execution *execution)
{
	oms_decision_name(a->d, NAME_MATCHED_EXEC_ID, execution->fix_session, execution->exec_id, execution->id);
}

/* What it has taken the place of in review goes with it: a chain is of one tree. */
static void
approve_move_chain(const Approval *a)
{
	const Execution *last = &a->before;
	Walk		walk = {0};

	while (last->corrected_execution_id)
	{
		Execution	moved = *oms_fill_follow(a->d, &walk, last, last->corrected_execution_id);

		approve_keep_reported_order(a, &moved);
		moved.order_id = a->execution.order_id;
		moved.root_id = a->execution.root_id;
		moved.account = a->execution.account;
		last = memcpy(palloc(sizeof(Execution)), &moved, sizeof(Execution));
		oms_put_execution(a->d, last, oms_execution_change(&moved, EXECUTION_MOVE), false);
		approve_remember_report(a, last);
	}
}

static void
approve_apply(Approval *a, Jsonb *reasons)
{
	bool		leaves = a->moves && a->from;
	bool		is_below = leaves && approve_is_above(a->d, a->from, a->order);
	OrderEvent	event;

	if (leaves && !is_below)
		approve_leave(a, false);
	if (a->moves)
		approve_move_chain(a);
	if (a->proposes)
		approve_propose(a, reasons, &event);
	else if (a->takes_back)
		approve_take_back(a, &event);
	else
		approve_book(a, reasons, &event);
	if (is_below)
		approve_leave(a, true);
	if (a->moves)
		approve_remember_report(a, &a->execution);
}

Refusal *
oms_decide_approve(Decision *d)
{
	Approval	a = {.d = d, .command = d->command, .actor = oms_decision_asker(d)->actor, .context = {.now = oms_decision_now(d)}};
	const Execution *counts = oms_get_execution(d, d->command->execution_id);
	Jsonb	   *reasons = NULL;
	Refusal    *refusal;

	if (counts && oms_has_proposal(counts))
		return oms_approve_proposal(d, counts);
	refusal = approve_load(&a);

	if (refusal)
		return refusal;
	oms_fill_init_context(d, &a.context);
	if (a.moves)
		approve_take_order(&a);
	a.changes |= oms_execution_amend(d->command, &a.execution);
	refusal = approve_take_superseded(&a);
	if (refusal == NULL)
		refusal = approve_check_eyes(&a);
	if (refusal == NULL)
		refusal = approve_find_fill(&a);
	if (refusal == NULL)
		refusal = approve_check_booked(&a);
	if (refusal == NULL)
	{
		reasons = approve_review(&a);
		refusal = approve_check_reasons(&a, reasons);
	}
	if (refusal)
		return refusal;
	approve_apply(&a, reasons);
	oms_decision_about(d, KIND_EXECUTION, a.execution.id, false);
	return NULL;
}
