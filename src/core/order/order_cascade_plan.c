/*-------------------------------------------------------------------------
 *
 * order_cascade_plan.c
 *	  A replacement that orders below have to follow first: who is asked for what.
 *
 * Pure.  A reduction takes what is unplaced, and then from the newest child to the
 * oldest; so it does below each of them.  What else is replaced goes to those that
 * had it as their root had, and a limit to those whose own would be worse.  Who is
 * live at a counterparty is asked, and whoever is above him waits; all others are
 * changed at once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/order/order_cascade.h"
#include "core/order/order_family.h"

/* An order of the tree. */
typedef struct CascadeNode
{
	ORDER_NODE_HEAD;
	Numeric		most;			/* that can be taken from it; NULL: not computed yet */
	Numeric		cut;			/* that is taken from it; NULL: nothing */
	OrderTerms	terms;			/* that it gets */
	bool		ends;			/* nothing is left of it */
	bool		asks;			/* it is a counterparty's to answer, or somebody's below it */
} CascadeNode;

typedef struct CascadePlan
{
	const Order *root;			/* as it is … */
	Order		asked;			/* … and as it is to be */
	OrderTerms	terms;			/* what changes of it */
	CascadeNode *top;			/* the root's */
	List	   *asks;			/* of CascadeStep: what is asked for, … */
	List	   *changes;		/* … changed at once, … */
	List	   *late_changes;	/* … and those below orders that were asked */
	int			cascades;		/* how many have numbers */
	Refusal    *refusal;
} CascadePlan;

/* ------------------------------------------------------------------------
 * quantities
 * ------------------------------------------------------------------------
 */

/* What waits in review is left to it; and whoever is ours to change keeps what those below him keep. */
static Numeric
plan_most(CascadeNode *node)
{
	const Order *order = node->order;
	Numeric		below = oms_dec_sub(order->leaves_quantity, order->reserved_quantity);
	ListCell   *cell;

	if (node->most)
		return node->most;
	check_stack_depth();
	node->most = oms_dec_max(oms_dec_zero(), oms_dec_sub(order->leaves_quantity, order->review_quantity));
	if (node->children == NIL || oms_order_is_at_counterparty(order))
		return node->most;
	foreach(cell, node->children)
		below = oms_dec_add(below, plan_most(lfirst(cell)));
	/* it may have reserved too much: reports are not refused for that */
	node->most = oms_dec_max(oms_dec_zero(), oms_dec_min(node->most, below));
	return node->most;
}

/* Of an order that is over whatever lives below it ends: what is done for the day has nothing to take. */
static void
plan_end(CascadeNode *node)
{
	ListCell   *cell;

	check_stack_depth();
	foreach(cell, node->children)
	{
		CascadeNode *child = lfirst(cell);

		child->ends = oms_order_is_live(child->order);
		plan_end(child);
	}
}

/* Take so much from the children of an order; gives what they have not. */
static Numeric
plan_take(CascadeNode *node, Numeric quantity)
{
	ListCell   *cell;

	check_stack_depth();
	foreach(cell, node->children)
	{
		CascadeNode *child = lfirst(cell);
		Numeric		cut = oms_dec_min(quantity, plan_most(child));
		Numeric		left;

		if (oms_dec_sign(cut) <= 0)
			continue;
		left = oms_dec_sub(child->order->leaves_quantity, cut);
		child->cut = cut;
		child->ends = oms_dec_sign(left) == 0;
		if (child->ends)
			plan_end(child);
		if (oms_dec_cmp(child->order->reserved_quantity, left) > 0)
			(void) plan_take(child, oms_dec_sub(child->order->reserved_quantity, left));
		quantity = oms_dec_sub(quantity, cut);
	}
	return quantity;
}

static Refusal *
plan_refuse_reduction(const CascadePlan *plan, Numeric missing)
{
	const Order *root = plan->root;

	return oms_refuse_by_rule(root->live_blocks > 0 ? "live_block" : "below_placed",
							  psprintf("order \"%s\" cannot be reduced below what is placed", root->id),
							  "orderQty %s is asked for; executedQuantity %s, reservedQuantity %s, of which children can give back %s less than is needed.",
							  oms_dec_text(plan->terms.order_qty), oms_dec_text(root->executed_quantity),
							  oms_dec_text(root->reserved_quantity), oms_dec_text(missing));
}

static Refusal *
plan_reduce(CascadePlan *plan)
{
	const Order *root = plan->root;
	CascadeNode *top = plan->top;
	Numeric		left;

	if (plan->terms.order_qty == NULL || root->order_qty == NULL || oms_dec_cmp(plan->terms.order_qty, root->order_qty) >= 0)
		return NULL;
	left = oms_dec_max(oms_dec_zero(), oms_dec_sub(plan->terms.order_qty, root->executed_quantity));
	if (oms_dec_sign(left) == 0)
		plan_end(top);
	if (oms_dec_cmp(root->reserved_quantity, left) <= 0)
		return NULL;
	left = plan_take(top, oms_dec_sub(root->reserved_quantity, left));
	return oms_dec_sign(left) > 0 ? plan_refuse_reduction(plan, left) : NULL;
}

/* ------------------------------------------------------------------------
 * other terms
 * ------------------------------------------------------------------------
 */

/* A term that stays is none. */
static OrderTerms
plan_changes(const Order *root, const OrderTerms *given)
{
	OrderTerms	terms = *given;

	if (oms_dec_same(terms.order_qty, root->order_qty))
		terms.order_qty = NULL;
	if (oms_dec_same(terms.cash_order_qty, root->cash_order_qty))
		terms.cash_order_qty = NULL;
	if (oms_dec_same(terms.price, root->price))
		terms.price = NULL;
	if (oms_dec_same(terms.stop_px, root->stop_px))
		terms.stop_px = NULL;
	if (oms_same_text(terms.ord_type, root->ord_type))
		terms.ord_type = NULL;
	if (oms_same_text(terms.time_in_force, root->time_in_force))
		terms.time_in_force = NULL;
	if (terms.expire_time == root->expire_time)
		terms.expire_time = NO_TIME;
	if (terms.expire_date == root->expire_date)
		terms.expire_date = NO_DATE;
	return terms;
}

/* What it had as its root had, it has as its root is to have; and its limit is never worse than a new one. */
static void
plan_follow(const CascadePlan *plan, CascadeNode *node)
{
	const Order *order = node->order;
	const Order *root = plan->root;
	const OrderTerms *given = &plan->terms;
	OrderTerms *terms = &node->terms;

	if (given->ord_type && oms_same_text(order->ord_type, root->ord_type))
		terms->ord_type = given->ord_type;
	if (given->price && oms_dec_same(order->price, root->price) && (order->price || terms->ord_type))
		terms->price = given->price;
	if (given->stop_px && oms_dec_same(order->stop_px, root->stop_px) && (order->stop_px || terms->ord_type))
		terms->stop_px = given->stop_px;
	if (given->time_in_force && oms_same_text(order->time_in_force, root->time_in_force))
		terms->time_in_force = given->time_in_force;
	if (given->expire_time != NO_TIME && (order->expire_time == root->expire_time || terms->time_in_force))
		terms->expire_time = given->expire_time;
	if (given->expire_date != NO_DATE && (order->expire_date == root->expire_date || terms->time_in_force))
		terms->expire_date = given->expire_date;
	if (terms->price == NULL && (given->price || given->ord_type) && oms_order_has_limit(&plan->asked) && oms_order_has_limit(order) &&
		oms_price_beyond(order, order->side, order->price, plan->asked.price))
		terms->price = plan->asked.price;
}

/* ------------------------------------------------------------------------
 * who is asked, and in which order
 * ------------------------------------------------------------------------
 */

static bool
plan_changes_node(const CascadeNode *node)
{
	return node->ends || oms_terms_given(&node->terms);
}

static void
plan_decide(CascadePlan *plan, CascadeNode *node)
{
	const Order *order = node->order;
	bool		below = false;
	ListCell   *cell;

	check_stack_depth();
	node->terms.expire_time = NO_TIME;
	node->terms.expire_date = NO_DATE;
	foreach(cell, node->children)
	{
		plan_decide(plan, lfirst(cell));
		below |= ((const CascadeNode *) lfirst(cell))->asks;
	}
	if (order == plan->root)
	{
		node->asks = below;
		return;
	}
	if (!oms_order_is_live(order))
		return;
	if (!node->ends)
		plan_follow(plan, node);
	if (node->cut && !node->ends)
		node->terms.order_qty = oms_dec_sub(order->order_qty, node->cut);
	node->asks = oms_order_is_at_counterparty(order) ? plan_changes_node(node) : below;
	if ((node->asks || plan_changes_node(node)) && order->pending_requests && plan->refusal == NULL)
		plan->refusal = oms_with_hint(oms_refuse_by_rule("request_open", psprintf("order \"%s\" cannot be replaced", plan->root->id),
														 "order \"%s\" would have to follow, and has a request that nobody has answered.", order->id),
									  "Wait for its answer, or cancel the order.");
}

static List *
plan_add(List *steps, const Order *order, CommandType type, const OrderTerms *terms, int cascade)
{
	CascadeStep *step = palloc0(sizeof(CascadeStep));

	step->order = order;
	step->type = type;
	step->cascade = cascade;
	step->terms = *terms;
	return lappend(steps, step);
}

/*
 * Whoever is asked is told before those below him, and whoever is changed when they are.
 * `awaited`: the cascade in which the parent waits for the node, or 0; `late`: somebody above it was asked.
 * Whoever waits below one that waits for nobody does so in a cascade of his own.
 */
static void
plan_write(CascadePlan *plan, CascadeNode *node, int awaited, bool late)
{
	int			waits = !node->asks || oms_order_is_at_counterparty(node->order) ? 0 : awaited ? awaited : ++plan->cascades;
	List	  **steps = late ? &plan->late_changes : &plan->changes;
	ListCell   *cell;

	check_stack_depth();
	if (node->asks)
		plan->asks = plan_add(plan->asks, node->order, node->ends ? COMMAND_REQUEST_CANCEL_ORDER : COMMAND_REQUEST_REPLACE_ORDER, &node->terms, Max(awaited, waits));
	foreach(cell, node->children)
		plan_write(plan, lfirst(cell), waits, late || node->asks);
	if (!node->asks && plan_changes_node(node))
		*steps = plan_add(*steps, node->order, node->ends ? COMMAND_CANCEL_ORDER : COMMAND_REPLACE_ORDER, &node->terms, 0);
}

/*
 * All are asked before any is changed: a change may end somebody who was asked, and
 * whoever waits for him is not to think that he was the last.  So what is changed below
 * such a one comes last.  The replacement is the root's: it has the terms as they were given.
 */
static List *
plan_write_all(CascadePlan *plan, CascadeNode *root, const OrderTerms *given, bool answered_elsewhere)
{
	int			waits = root->asks && !answered_elsewhere ? 1 : 0;
	List	   *steps = NIL;
	ListCell   *cell;

	plan->cascades = 1;
	foreach(cell, root->children)
		plan_write(plan, lfirst(cell), waits, false);
	if (waits || answered_elsewhere)
		steps = plan_add(steps, plan->root, COMMAND_REQUEST_REPLACE_ORDER, given, waits);
	steps = list_concat(list_concat(list_concat(steps, plan->asks), plan->changes), plan->late_changes);
	if (!waits && !answered_elsewhere)
		steps = plan_add(steps, plan->root, COMMAND_REPLACE_ORDER, given, 0);
	return steps;
}

Refusal *
oms_cascade_plan(const Order *root, const List *tree, const OrderTerms *terms, bool answered_elsewhere, List **steps)
{
	CascadePlan plan = {.root = root, .asked = *root, .terms = plan_changes(root, terms)};

	oms_terms_apply(&plan.asked, &plan.terms);
	plan.top = oms_order_family(tree, sizeof(CascadeNode), root->id);
	plan.refusal = plan_reduce(&plan);
	if (plan.refusal == NULL)
		plan_decide(&plan, plan.top);
	if (plan.refusal)
		return plan.refusal;
	*steps = plan_write_all(&plan, plan.top, terms, answered_elsewhere);
	return NULL;
}
