/*-------------------------------------------------------------------------
 *
 * order_decide.c
 *	  What a command means for an order: an event, or a refusal.
 *
 * Pure: values in, values out; time and ids come in as values.  Decide asks the
 * state machine, the arithmetic and the rules of the tree.  A command that
 * reports what a counterparty did is not refused by a rule: facts are applied
 * and flagged.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 4, "Order State Change Matrices".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/order/order.h"
#include "core/order/order_block.h"
#include "core/order/order_cascade.h"
#include "core/order/order_split.h"

static const char *
decide_status_name(const Order *order)
{
	return oms_name_of(oms_order_status_names, order->status);
}

char *
oms_order_figures(const Order *order)
{
	return psprintf("status %s, orderQty %s, executedQuantity %s, leavesQuantity %s",
					decide_status_name(order), oms_dec_text(order->order_qty),
					oms_dec_text(order->executed_quantity), oms_dec_text(order->leaves_quantity));
}

static Refusal *
decide_refuse_transition(const Command *command, const Order *order)
{
	return oms_with_detail(oms_refuse(OMS_NO_TRANSITION, "%s is not possible for order \"%s\" in status %s",
									  command->def->name, order->id, decide_status_name(order)),
						   "The order has %s.", oms_order_figures(order));
}

static bool
decide_request_is_open(const Command *command, const Order *order, RequestKind kind)
{
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);

	if (command->cl_ord_id == NULL)
		return oms_request_is_open(order, kind);
	return oms_request_find(requests, count, kind, command->cl_ord_id, command->orig_cl_ord_id,
							order->cl_ord_id) != NULL;
}

static const Transition *
decide_find_transition(const Command *command, const OrderContext *context, const OrderTerms *terms)
{
	const Order *order = context->order;
	uint32		facts = 0;
	RequestKind kind = command->def->answers;

	if (terms->order_qty && oms_dec_cmp(terms->order_qty, order->executed_quantity) > 0)
		facts |= FACT_GROWS;
	if (kind != REQUEST_NONE && decide_request_is_open(command, order, kind))
		facts |= FACT_REQUEST_OPEN;
	if (oms_report_states_working(command))
		facts |= FACT_STATES_WORKING;
	if (order->order_qty == NULL && terms->order_qty)
		facts |= FACT_STATES_QTY;
	if (context->answered)
		facts |= FACT_ANSWERED;
	if (context->plans)
		facts |= FACT_PLANS;
	if (context->revives)
		facts |= FACT_REVIVES;
	if (oms_has_trait(command->def, TRAIT_SPLITS) && oms_order_is_closed(order) &&
		oms_split_is_told(command, order, context->now))
		facts |= FACT_SPLITS;
	return oms_order_transition(oms_command_trigger(command), order, facts, oms_command_is_report(command));
}

OrderTerms
oms_terms_of_command(const Command *command, const Order *order)
{
	OrderTerms	terms = command->terms;

	if (!oms_has_trait(command->def, TRAIT_TAKES_TERMS | TRAIT_ASKS_TERMS))
		return terms;
	if (command->def->answers == REQUEST_REPLACE)
		return oms_terms_of_replacement(command, order);
	if (command->side && strcmp(command->side, order->side) != 0 && oms_sides_are_kin(command->side, order->side))
		terms.side = command->side;
	if (oms_has_trait(command->def, TRAIT_CHANGES_ACCOUNT) && command->account &&
		(order->account == NULL || strcmp(command->account, order->account) != 0))
		terms.account = command->account;
	return terms;
}

/*
 * OrderQty below what is executed becomes that (matrix C.3.c); a report that
 * states more executed than we have heard of bounds it by that.
 */
static void
decide_bound_by_stated(const Command *command, OrderTerms *terms)
{
	if (oms_command_is_report(command) && terms->order_qty && command->cum_qty)
		terms->order_qty = oms_dec_max(terms->order_qty, command->cum_qty);
}

/* A side that a child would not share with its parent: refused, or flagged where it is a fact. */
static Refusal *
decide_check_side(const Command *command, const OrderContext *context, OrderEvent *event)
{
	const Order *order = context->order;
	const char *side = event->terms.side ? event->terms.side : event->request.terms.side;
	/* what somebody asks of a block, or of its member, is held against the other (order_agreement.c) */
	bool		tied = oms_command_is_report(command) && (order->members || order->live_blocks > 0);
	bool		differs = side && ((context->parent && strcmp(side, context->parent->side) != 0) || order->child_count > 0 || tied);

	/* what a client asked for on the wire is recorded */
	if (!differs || (event->terms.side == NULL && command->pending == TRI_FALSE))
		return NULL;
	if (oms_command_is_report(command))
	{
		event->raises |= FLAG_NOT_INHERITED;
		return NULL;
	}
	return oms_refuse_by_rule("inherited", psprintf("order \"%s\" cannot have another side than its parent and its children",
													order->id),
							  "side %s is asked for; it has %s.", side, order->side);
}

/* Does the event end the order?  A quantity that brings it down to what is executed does too. */
static bool
decide_ends(const Order *order, const OrderEvent *event)
{
	Order		after = *order;

	if (event->transition->sets & COND_CLOSED)
		return true;
	if (event->terms.order_qty == NULL || !oms_order_is_live(order))
		return false;
	oms_order_evolve(&after, event);
	return oms_order_is_filled(&after);
}

/* Ending a parent above live children: refused, or flagged where it is a fact. */
static Refusal *
decide_check_live_children(const Command *command, const Order *order, OrderEvent *event)
{
	if (order->live_children == 0 || !decide_ends(order, event))
		return NULL;
	if (oms_command_is_report(command))
	{
		event->raises |= FLAG_LIVE_CHILDREN;
		return NULL;
	}
	return oms_with_hint(oms_refuse_by_rule("live_children",
											psprintf("order \"%s\" has live children", order->id),
											INT64_FORMAT " of its children are still open, or have something open below them; it has %s.",
											order->live_children, oms_order_figures(order)),
						 "Close the children first, or send RequestCancelOrderCommand: the order is cancelled when the last one closes.");
}

/* Does it reduce the order below what is executed and reserved? */
static bool
decide_is_below_placed(const Order *order, const OrderEvent *event)
{
	if (event->terms.order_qty == NULL || oms_dec_sign(order->reserved_quantity) == 0 ||
		(order->order_qty && oms_dec_cmp(event->terms.order_qty, order->order_qty) >= 0))
		return false;
	return oms_dec_cmp(event->terms.order_qty, oms_dec_add(order->executed_quantity, order->reserved_quantity)) < 0;
}

/* Reducing a parent below that: likewise. */
static Refusal *
decide_check_below_placed(const Command *command, const Order *order, OrderEvent *event)
{
	if (!decide_is_below_placed(order, event))
		return NULL;
	if (oms_command_is_report(command))
	{
		event->raises |= FLAG_BELOW_PLACED;
		return NULL;
	}
	return oms_refuse_by_rule("below_placed",
							  psprintf("order \"%s\" cannot be reduced below what is placed", order->id),
							  "orderQty %s is asked for; executedQuantity %s, reservedQuantity %s.",
							  oms_dec_text(event->terms.order_qty), oms_dec_text(order->executed_quantity),
							  oms_dec_text(order->reserved_quantity));
}

/*
 * Ending an order of which blocks have a part, or bringing it below that: likewise.
 * It ends with its last membership, where its cancel is requested.
 */
static Refusal *
decide_check_live_blocks(const Command *command, const Order *order, OrderEvent *event)
{
	if (order->live_blocks == 0 || !(decide_ends(order, event) || (event->transition->sets & COND_DONE_FOR_DAY) ||
									 decide_is_below_placed(order, event)))
		return NULL;
	if (oms_command_is_report(command))
	{
		event->raises |= FLAG_LIVE_BLOCK;
		return NULL;
	}
	return oms_with_hint(oms_refuse_by_rule("live_block",
											psprintf("order \"%s\" is a member of a block that works for it", order->id),
											"liveBlocks " INT64_FORMAT ", reservedQuantity %s; it has %s.",
											order->live_blocks, oms_dec_text(order->reserved_quantity), oms_order_figures(order)),
						 "Release it with ReplaceBlockMembersCommand first, or send RequestCancelOrderCommand: the order is cancelled when the last block lets it go.");
}

/* Reserving more than the parent has left: likewise. */
static Refusal *
decide_check_over_placed(const Command *command, const OrderContext *context, OrderEvent *event)
{
	Order		after;
	Numeric		more;

	if (context->parent == NULL)
		return NULL;
	after = *context->order;
	oms_order_evolve(&after, event);
	more = oms_dec_sub(oms_order_reservation(&after), oms_order_reservation(context->order));
	if (oms_dec_sign(more) <= 0)
		return NULL;
	if (oms_command_is_report(command))
	{
		if (oms_dec_cmp(more, context->parent->unplaced_quantity) > 0)
			event->raises |= FLAG_OVER_PLACED;
		return NULL;
	}
	if (oms_request_is_open(context->parent, REQUEST_CANCEL))
		return oms_refuse_by_rule("cancel_requested",
								  psprintf("order \"%s\" cannot be increased", context->order->id),
								  "a cancel of its parent \"%s\" is requested.", context->parent->id);
	if (oms_dec_cmp(more, oms_order_room(context->parent)) > 0)
		return oms_order_over_placed(context->parent, more);
	return NULL;
}

/* ------------------------------------------------------------------------
 * what a command brings along besides its transition
 * ------------------------------------------------------------------------
 */

Refusal *
oms_take_acceptance(const Command *command, const OrderContext *context, OrderTerms *terms, OrderEvent *event)
{
	const Order *order = context->order;
	Numeric		order_qty = command->terms.order_qty;

	if (order_qty == NULL || oms_command_is_report(command))
		return NULL;
	if (order->order_qty && oms_dec_cmp(order_qty, order->order_qty) != 0)
		return oms_with_hint(oms_refuse_by_rule("order_qty_known",
												psprintf("order \"%s\" has its quantity already", order->id),
												"orderQty %s is given; it has %s.", oms_dec_text(order_qty), oms_order_figures(order)),
							 "Use ReplaceOrderCommand to change it.");
	event->terms.order_qty = order_qty;
	return NULL;
}

Refusal *
oms_take_request(const Command *command, const OrderContext *context, OrderTerms *terms, OrderEvent *event)
{
	event->edit = REQUEST_OPEN;
	event->request.kind = command->def->opens;
	event->request.cl_ord_id = command->cl_ord_id;
	event->request.orig_cl_ord_id = command->orig_cl_ord_id;
	event->request.cascade_id = command->cascade_id;
	event->request.shown = command->pending != TRI_FALSE;
	event->request.unasked = oms_command_is_report(command);
	/* a report of a pending replacement repeats the terms still in force */
	if (oms_command_is_report(command))
		event->terms.order_qty = oms_request_taken_over(context->order, command);
	else
		event->request.terms = *terms;
	return NULL;
}

Refusal *
oms_take_answer(const Command *command, const OrderContext *context, OrderTerms *terms, OrderEvent *event)
{
	event->edit = REQUEST_ANSWER;
	event->request.kind = command->def->answers;
	event->request.cl_ord_id = command->cl_ord_id;
	event->request.orig_cl_ord_id = command->orig_cl_ord_id;
	return NULL;
}

Refusal *
oms_take_replacement(const Command *command, const OrderContext *context, OrderTerms *terms, OrderEvent *event)
{
	if (!oms_terms_given(terms) && command->cl_ord_id == NULL)
		return oms_order_missing(command, "orderQty", "It must change orderQty, price, stopPx, timeInForce or another term.");
	decide_bound_by_stated(command, terms);
	event->terms = *terms;
	event->cl_ord_id = command->cl_ord_id;
	event->overtakes = command->orig_cl_ord_id;
	return oms_take_answer(command, context, terms, event);
}

Refusal *
oms_take_day(const Command *command, const OrderContext *context, OrderTerms *terms, OrderEvent *event)
{
	event->done_for_day = oms_order_day(context->decision, command, context->order, DAY_DONE);
	return NULL;
}

Refusal *
oms_take_restatement(const Command *command, const OrderContext *context, OrderTerms *terms, OrderEvent *event)
{
	Refusal    *refusal;

	event->terms = *terms;
	refusal = oms_split_decide(command, context->order, context->now, event);
	if (refusal == NULL && event->split == NULL)
		decide_bound_by_stated(command, &event->terms);
	return refusal;
}

Refusal *
oms_take_update(const Command *command, const OrderContext *context, OrderTerms *terms, OrderEvent *event)
{
	if (command->desk_reason == NULL || context->order->desk_status != 0)
		return NULL;
	return oms_refuse_by_rule("not_on_desk", psprintf("order \"%s\" is not on the execution desk", context->order->id),
							  "deskReason is given; it has no desk status.");
}

/* ------------------------------------------------------------------------
 * rules
 * ------------------------------------------------------------------------
 */

/* New terms must leave an order that could have been created. */
static Refusal *
decide_check_new_terms(const Command *command, const Order *order, const OrderEvent *event)
{
	Order		after = *order;

	if (oms_command_is_report(command) || !oms_terms_given(&event->terms))
		return NULL;
	oms_order_evolve(&after, event);
	return oms_order_check_completeness(command, &after);
}

/* What was quoted is dealt at that price or not at all, and for no more than was accepted.  What the dealer reports has happened. */
static Refusal *
decide_check_quoted(const Command *command, const Order *order, const OrderEvent *event)
{
	const OrderTerms *terms = event->edit == REQUEST_OPEN ? &event->request.terms : &event->terms;

	if (order->quote_id == NULL || command->fix_message || oms_command_is_report(command) ||
		(command->def->opens != REQUEST_REPLACE && command->def->answers != REQUEST_REPLACE))
		return NULL;
	if ((terms->price == NULL || oms_dec_cmp(terms->price, order->price) == 0) && terms->stop_px == NULL && terms->cash_order_qty == NULL &&
		(terms->order_qty == NULL || oms_dec_cmp(terms->order_qty, order->order_qty) <= 0) &&
		(terms->ord_type == NULL || strcmp(terms->ord_type, order->ord_type) == 0))
		return NULL;
	return oms_refuse_by_rule("quoted_order", psprintf("order \"%s\" cannot have another price, type or greater quantity", order->id),
							  "its quoteId is %s; it has ordType %s, price %s, orderQty %s.", order->quote_id, order->ord_type,
							  order->price ? oms_dec_text(order->price) : "null", order->order_qty ? oms_dec_text(order->order_qty) : "null");
}

/*
 * A split scales the order, its children and those above it alike: what else
 * the command changes is judged in the quantities of before it.
 */
static OrderEvent
decide_without_split(const OrderEvent *event)
{
	OrderEvent	rest = *event;

	if (event->split && event->split->terms && event->terms.order_qty)
		rest.terms.order_qty = oms_dec_div(event->terms.order_qty, event->split->factor, FACTOR_SCALE);
	rest.split = NULL;
	return rest;
}

static Refusal *
decide_check_rules(const Command *command, const OrderContext *context, OrderEvent *event)
{
	OrderEvent	rest = decide_without_split(event);
	Refusal    *refusal = decide_check_new_terms(command, context->order, &rest);

	if (refusal == NULL)
		refusal = decide_check_quoted(command, context->order, &rest);
	if (refusal == NULL)
		refusal = decide_check_live_children(command, context->order, &rest);
	if (refusal == NULL)
		refusal = decide_check_live_blocks(command, context->order, &rest);
	if (refusal == NULL)
		refusal = oms_check_block_quantity(command, context->order, &rest);
	if (refusal == NULL)
		refusal = decide_check_below_placed(command, context->order, &rest);
	if (refusal == NULL)
		refusal = decide_check_over_placed(command, context, &rest);
	event->raises = rest.raises;
	return refusal;
}

Refusal *
oms_order_decide(const Command *command, const OrderContext *context, OrderEvent *event)
{
	const Order *order = context->order;
	OrderTerms	terms = oms_terms_of_command(command, order);
	Refusal    *refusal;

	oms_order_event_init(event, command);
	event->transition = decide_find_transition(command, context, &terms);
	if (event->transition == NULL)
		return decide_refuse_transition(command, order);
	/* a report that comes too late to change anything is only compared */
	if (strcmp(event->transition->event_type, "OrderReported") == 0)
		return NULL;

	refusal = command->def->details ? command->def->details(command, context, &terms, event) : NULL;
	if (refusal == NULL)
		refusal = decide_check_side(command, context, event);
	return refusal ? refusal : decide_check_rules(command, context, event);
}
