/*-------------------------------------------------------------------------
 *
 * order_split_tree.c
 *	  A split scales orders of a tree: their fills, their terms, and so the sums.
 *
 * Pure.  The sums of an order are never scaled, because rounding would part
 * them from what they are sums of: the fills are scaled, and their differences
 * climb, children before parents.
 *
 * What a counterparty reports scales the order that it names and what lies below
 * it; of the orders above, the terms.  What somebody asks for scales the tree.
 * Where memberships tie trees, all of them do; of what a counterparty reports in one
 * of them, the roots of the others take the terms.
 * Where the corporate action has come to an order already, it does not again.
 * All is decided before anything is put: a split that is refused leaves nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/hsearch.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "core/command_size.h"
#include "core/execution/allocation_split.h"
#include "core/execution/execution.h"
#include "core/order/order_commands.h"
#include "core/order/order_membership.h"
#include "core/order/order_split.h"
#include "core/order/order_tree.h"

/* An order of the tree, while the split works its way up. */
typedef struct SplitNode
{
	char		id[ID_LENGTH_MAX + 1];	/* hash key */
	Order		order;			/* as it was */
	int			depth;			/* -1: not known yet */
	bool		below;			/* the named order, or below it */
	bool		above;
	bool		tied;			/* in a tree that memberships tie to its */
	bool		in_block;		/* in the tree of a block */
	OrderSplit	split;			/* what happens to this order */
	bool		changes;
	OrderEvent	event;
	Order		after;
	TreeDelta	children;
	int64		live_blocks;
	List	   *fills;			/* of Execution: scaled */
} SplitNode;

/* One split on its way. */
typedef struct SplitPlan
{
	Decision *d;
	const Order *named;
	const OrderEvent *event;	/* of the named order */
	bool		reported;
	HTAB	   *nodes;
	List	   *deepest_first;	/* of SplitNode; blocks before their members */
	bool		vanishes;		/* a fill would count for nothing */
} SplitPlan;

static SplitNode *
split_tree_find_node(const SplitPlan *plan, const char *id)
{
	SplitNode  *node = hash_search(plan->nodes, id, HASH_FIND, NULL);

	if (node == NULL)
		oms_damaged("order \"%s\" is not in the tree of \"%s\", where it is a parent", id, plan->named->root_id);
	return node;
}

static void
split_tree_add_node(SplitPlan *plan, const Order *order)
{
	SplitNode  *node = hash_search(plan->nodes, order->id, HASH_ENTER, NULL);

	memset((char *) node + sizeof(node->id), 0, sizeof(SplitNode) - sizeof(node->id));
	node->order = *order;
	node->depth = -1;
	plan->deepest_first = lappend(plan->deepest_first, node);
}

static void
split_tree_add_tree(SplitPlan *plan, const char *root_id)
{
	const char *const key[] = {root_id};
	const char *const *const keys = key;
	ListCell   *cell;

	foreach(cell, oms_decision_find(plan->d, KIND_ORDER, ORDER_BY_ROOT, &keys, 1))
		split_tree_add_node(plan, lfirst(cell));
}

/* Of the tree what the split may touch: all of it, or the way up from an order without children. */
static void
split_tree_load_nodes(SplitPlan *plan)
{
	HASHCTL		control = {.keysize = ID_LENGTH_MAX + 1, .entrysize = sizeof(SplitNode),
	.hcxt = CurrentMemoryContext};
	const Order *order = plan->named;
	Walk		walk = {0};

	plan->nodes = hash_create("oms split", 16, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	if (!plan->reported || order->child_count > 0)
	{
		split_tree_add_tree(plan, order->root_id);
		return;
	}
	for (;;)
	{
		const char *id = order->id;
		const char *parent_id = order->parent_id;

		split_tree_add_node(plan, order);
		if (parent_id == NULL)
			return;
		oms_walk_step(&walk, "order", id);
		order = oms_get_order(plan->d, parent_id);
		if (order == NULL)
			oms_damaged("order \"%s\", the parent of \"%s\", does not exist", parent_id, id);
	}
}

/* Roots that are tied to one another, while they are looked through. */
typedef struct SplitTies
{
	SplitPlan  *plan;
	List	   *roots;			/* of ids */
} SplitTies;

static void
split_tree_add_tie(const char *id, void *arg)
{
	SplitTies  *ties = arg;
	const Order *root;

	if (hash_search(ties->plan->nodes, id, HASH_FIND, NULL) != NULL)
		return;
	root = oms_get_order(ties->plan->d, id);
	if (root == NULL)
		oms_damaged("order \"%s\", a member or a block of another, does not exist", id);
	if (ties->plan->reported)
		split_tree_add_node(ties->plan, root);
	else
		split_tree_add_tree(ties->plan, root->root_id);
	ties->roots = lappend(ties->roots, root->id);
}

/* The blocks and members that hang together with its tree, however far. */
static void
split_tree_load_tied(SplitPlan *plan)
{
	SplitTies	ties = {plan, list_make1(plan->named->root_id)};
	int			own = list_length(plan->deepest_first);

	/* it grows as we go */
	for (int i = 0; i < list_length(ties.roots); i++)
	{
		CHECK_FOR_INTERRUPTS();
		oms_order_ties(&split_tree_find_node(plan, list_nth(ties.roots, i))->order.object, REACH_TIED, split_tree_add_tie, &ties);
	}
	for (int i = own; i < list_length(plan->deepest_first); i++)
		((SplitNode *) list_nth(plan->deepest_first, i))->tied = true;
}

/* Each order is walked over once or twice: up to the first one whose depth is known, and back. */
static void
split_tree_find_depth(const SplitPlan *plan, SplitNode *node)
{
	List	   *way = NIL;
	ListCell   *cell;
	int			depth;

	CHECK_FOR_INTERRUPTS();
	while (node->depth < 0 && node->order.parent_id != NULL)
	{
		if (list_length(way) >= list_length(plan->deepest_first))
			oms_damaged("order \"%s\" is among those above itself", node->id);
		way = lcons(node, way);
		node = split_tree_find_node(plan, node->order.parent_id);
	}
	if (node->depth < 0)
		node->depth = 0;
	depth = node->depth;
	foreach(cell, way)
		((SplitNode *) lfirst(cell))->depth = ++depth;
	list_free(way);
}

static int
split_tree_compare_depth(const ListCell *a, const ListCell *b)
{
	const SplitNode *first = lfirst(a);
	const SplitNode *second = lfirst(b);

	/* members follow their blocks */
	if (first->in_block != second->in_block)
		return first->in_block ? -1 : 1;
	if (strcmp(first->order.root_id, second->order.root_id) != 0)
		return strcmp(first->order.root_id, second->order.root_id);
	if (first->depth != second->depth)
		return first->depth > second->depth ? -1 : 1;
	return strcmp(first->id, second->id);
}

/* Which orders lie below the named one, and which above. */
static void
split_tree_find_places(SplitPlan *plan)
{
	SplitNode  *up = split_tree_find_node(plan, plan->named->id);
	ListCell   *cell;

	foreach(cell, plan->deepest_first)
	{
		SplitNode  *node = lfirst(cell);

		split_tree_find_depth(plan, node);
		node->in_block = oms_order_is_block(&split_tree_find_node(plan, node->order.root_id)->order);
	}
	list_sort(plan->deepest_first, split_tree_compare_depth);
	up->below = true;
	while (up->order.parent_id != NULL)
	{
		up = split_tree_find_node(plan, up->order.parent_id);
		up->above = true;
	}
	/* parents before children */
	for (int i = list_length(plan->deepest_first) - 1; i >= 0; i--)
	{
		SplitNode  *node = list_nth(plan->deepest_first, i);

		if (node->order.parent_id != NULL && split_tree_find_node(plan, node->order.parent_id)->below)
			node->below = true;
	}
}

/* How much of this order the split scales.  True if any of it. */
static bool
split_tree_choose_part(const SplitPlan *plan, SplitNode *node)
{
	SplitReach	reach = oms_split_reach(&node->order, plan->event->split->action);

	node->split = *plan->event->split;
	if (strcmp(node->id, plan->named->id) != 0)
		node->split.stated = NULL;
	node->split.terms = reach == SPLIT_NOT_YET && (node->below || node->above || node->tied || !plan->reported);
	node->split.fills = reach != SPLIT_WHOLE && (node->below || !plan->reported);
	return node->split.terms || node->split.fills;
}

/* ------------------------------------------------------------------------
 * fills
 * ------------------------------------------------------------------------
 */

/* Of equal ones the one with the smaller id, so that it does not matter where rows lie. */
static bool
split_tree_is_larger(const Execution *fill, const Execution *than)
{
	int			order = than ? oms_dec_cmp(fill->quantity, than->quantity) : 1;

	return order > 0 || (order == 0 && strcmp(fill->id, than->id) < 0);
}

/*
 * Scale the fills of one status of an order.  Each is rounded, and never to
 * nothing; what rounding took or gave goes to the largest, so that their sum is
 * the scaled sum.  Returns what they count for more than before.
 */
static Numeric
split_tree_scale_fills(SplitPlan *plan, SplitNode *node, List *executions, bool live)
{
	Numeric		factor = node->split.factor;
	Execution  *largest = NULL;
	Numeric		before = oms_dec_zero();
	Numeric		after = oms_dec_zero();
	Numeric		rest;
	ListCell   *cell;

	foreach(cell, executions)
	{
		const Execution *execution = lfirst(cell);
		Execution  *copy;

		if (live ? !oms_execution_is_live(execution) : execution->status != OMS_EXECUTION_REVIEW)
			continue;
		if (oms_dec_sign(execution->quantity) > 0 &&
			oms_dec_sign(oms_scale_quantity(execution->quantity, factor)) == 0)
			plan->vanishes = true;
		copy = palloc(sizeof(Execution));
		*copy = *execution;
		before = oms_dec_add(before, copy->quantity);
		oms_execution_scale(copy, factor, NULL);
		after = oms_dec_add(after, copy->quantity);
		if (split_tree_is_larger(copy, largest))
			largest = copy;
		node->fills = lappend(node->fills, copy);
	}
	if (largest == NULL)
		return NULL;
	rest = oms_dec_sub(oms_scale_quantity(before, factor), after);
	/* very many very small fills: the largest cannot carry it */
	if (oms_dec_sign(oms_dec_add(largest->quantity, rest)) > 0)
	{
		oms_execution_scale(largest, NULL, rest);
		after = oms_dec_add(after, rest);
	}
	return oms_dec_sub(after, before);
}

/* ------------------------------------------------------------------------
 * orders
 * ------------------------------------------------------------------------
 */

static bool
split_tree_is_nothing(const TreeDelta *delta)
{
	return delta->executed == NULL && delta->value == NULL && delta->allocated == NULL && delta->working == NULL &&
		delta->reserved == NULL && delta->live == 0 && delta->count == 0;
}

/* What of the scaled fills is somebody's more than before. */
static Numeric
split_tree_allocated(const SplitPlan *plan, const SplitNode *node)
{
	Numeric		more = oms_dec_zero();
	ListCell   *cell;

	foreach(cell, node->fills)
	{
		const Execution *fill = lfirst(cell);

		more = oms_dec_add(more, oms_dec_sub(fill->allocated_quantity, oms_get_execution(plan->d, fill->id)->allocated_quantity));
	}
	return oms_dec_sign(more) == 0 ? NULL : more;
}

/* The memberships of a block, all orders of its tree being done; what its members have and reserve is put beside what their children do. */
static void
split_tree_decide_members(SplitPlan *plan, SplitNode *node)
{
	List	   *fills = NIL;
	ListCell   *cell;
	int			count;
	OrderMember *before = oms_members_from_json(node->order.members, &count);
	OrderMember *after;

	foreach(cell, plan->deepest_first)
	{
		const SplitNode *of = lfirst(cell);

		if (strcmp(of->order.root_id, node->id) == 0)
			fills = list_concat(fills, of->fills);
	}
	after = oms_split_members(plan->d, &node->order, fills, node->split.terms ? node->split.factor : NULL, &count);
	node->event.members = oms_members_to_json(after, count);
	for (int i = 0; i < count; i++)
	{
		SplitNode  *member = split_tree_find_node(plan, before[i].order_id);
		OrderEvent	change = {0};

		(void) oms_membership_event(node->id, &before[i], &after[i], &change);
		oms_tree_delta_add(&member->children, &change.children);
		member->live_blocks += change.live_blocks;
	}
}

/* The event of one order, its children being done. */
static void
split_tree_decide(SplitPlan *plan, SplitNode *node)
{
	bool		scaled = node->split.terms || node->split.fills;

	if (strcmp(node->id, plan->named->id) == 0)
	{
		node->event = *plan->event;
		node->event.children = node->children;
		scaled = true;
	}
	else if (scaled)
	{
		oms_order_event_init(&node->event, plan->event->command);
		node->event.own = false;
		node->event.transition = oms_order_transition(TRIGGER_SCALE, &node->order, 0, false);
		node->event.children = node->children;
	}
	else if (!split_tree_is_nothing(&node->children) || node->live_blocks != 0)
		oms_tree_roll_up(plan->event->command, &node->order, &node->children, &node->event);
	else
		return;
	if (scaled || node->children.executed || node->children.reserved)
		node->event.split = &node->split;
	if (node->split.fills)
	{
		List	   *executions = oms_executions_of(plan->d, node->id);

		node->event.fill.quantity = split_tree_scale_fills(plan, node, executions, true);
		node->event.fill.allocated = split_tree_allocated(plan, node);
		node->event.fill.review = split_tree_scale_fills(plan, node, executions, false);
	}
	node->event.live_blocks = node->live_blocks;
	if (oms_order_is_block(&node->order))
		split_tree_decide_members(plan, node);
	node->changes = true;
	node->after = node->order;
	oms_order_evolve(&node->after, &node->event);
}

/* Is the number still one that a user could have given? */
static bool
split_tree_is_in_range(Numeric value)
{
	return value == NULL || oms_dec_acceptable(value);
}

/* A limit or a stop that would become nothing means something else. */
static bool
split_tree_is_lost(Numeric before, Numeric after)
{
	return before && after && oms_dec_sign(before) != 0 && oms_dec_sign(after) == 0;
}

static Refusal *
split_tree_check_order(const SplitPlan *plan, const SplitNode *node)
{
	const Order *before = &node->order;
	const Order *after = &node->after;
	Numeric		scaled = node->split.terms ? oms_scale_quantity(before->order_qty, node->split.factor) : NULL;
	bool		vanishes = (scaled && oms_dec_sign(scaled) <= 0) || (after->order_qty && oms_dec_sign(after->order_qty) <= 0) ||
		(after->quantity_factor && oms_dec_sign(after->quantity_factor) <= 0) || split_tree_is_lost(before->price, after->price) ||
		split_tree_is_lost(before->stop_px, after->stop_px);

	if (plan->vanishes && !plan->reported)
		return oms_split_refuse(before, "quantityFactor %s leaves nothing of one of its fills.",
								oms_dec_text(node->split.factor));
	if (!vanishes && split_tree_is_in_range(after->order_qty) && split_tree_is_in_range(after->executed_quantity) &&
		split_tree_is_in_range(after->review_quantity) && split_tree_is_in_range(after->price) && split_tree_is_in_range(after->stop_px) &&
		split_tree_is_in_range(after->quantity_factor))
		return NULL;
	return oms_split_refuse(before, "orderQty %s times %s leaves nothing, or needs more than %d digits.",
							oms_dec_text(before->order_qty), oms_dec_text(node->split.factor), DECIMAL_DIGITS_MAX);
}

static Refusal *
split_tree_decide_all(SplitPlan *plan)
{
	ListCell   *cell;

	foreach(cell, plan->deepest_first)
	{
		SplitNode  *node = lfirst(cell);
		Refusal    *refusal;
		TreeDelta	delta;

		CHECK_FOR_INTERRUPTS();
		split_tree_decide(plan, node);
		if (!node->changes)
			continue;
		refusal = split_tree_check_order(plan, node);
		if (refusal)
			return refusal;
		if (node->order.parent_id && oms_tree_delta(&node->order, &node->after, &delta))
			oms_tree_delta_add(&split_tree_find_node(plan, node->order.parent_id)->children, &delta);
	}
	return NULL;
}

static void
split_tree_put_all(SplitPlan *plan)
{
	ListCell   *cell;
	ListCell   *fill;
	const Command *brief;

	/* a tree may be wide, and the command long */
	oms_decision_tell_briefly(plan->d);
	brief = plan->d->cause;
	foreach(cell, plan->deepest_first)
	{
		SplitNode  *node = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (!node->changes)
			continue;
		plan->d->cause = brief;
		foreach(fill, node->fills)
			oms_put_execution(plan->d, lfirst(fill), oms_execution_change(lfirst(fill), EXECUTION_SCALE), false);
		if (strcmp(node->id, plan->named->id) == 0)
			plan->d->cause = plan->d->command;
		oms_put_order(plan->d, &node->after, node->event.transition, false);
	}
	plan->d->cause = plan->d->command;
}

/* What a counterparty states stands, also where it is no split that we can count. */
static void
split_tree_restate_only(SplitPlan *plan, bool disagrees)
{
	OrderEvent	event = *plan->event;

	event.split = NULL;
	if (disagrees)
	{
		event.raises |= FLAG_DISAGREES;
		if (event.terms.order_qty == NULL)
			event.terms.order_qty = plan->event->split->stated;
	}
	oms_apply_to_tree(plan->d, plan->named, &event);
}

Refusal *
oms_split_tree(Decision *d, const Order *named, const OrderEvent *event)
{
	SplitPlan	plan = {.d = d, .named = named, .event = event,
	.reported = oms_command_is_report(event->command)};
	bool		anything = false;
	ListCell   *cell;
	Refusal    *refusal;

	split_tree_load_nodes(&plan);
	split_tree_load_tied(&plan);
	split_tree_find_places(&plan);
	foreach(cell, plan.deepest_first)
	{
		SplitNode  *node = lfirst(cell);

		if (split_tree_choose_part(&plan, node) && (node->below || !plan.reported))
			anything = true;
	}
	if (!anything && !plan.reported)
		return oms_with_hint(oms_split_refuse(named, "corporate action \"%s\" has come to every order of the tree already.",
											  event->split->action),
							 "Give another one its own corporateActionId.");
	refusal = anything ? split_tree_decide_all(&plan) : NULL;
	if (anything && refusal == NULL)
		split_tree_put_all(&plan);
	else if (plan.reported)
		split_tree_restate_only(&plan, refusal != NULL);
	return plan.reported ? NULL : refusal;
}
