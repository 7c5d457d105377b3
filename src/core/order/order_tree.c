/*-------------------------------------------------------------------------
 *
 * order_tree.c
 *	  How the figures of an order move those above it.
 *
 * Pure.  A delta climbs parent by parent, so a fill costs by the depth of the
 * tree and not by its width.  The caller walks; here is what each step means.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "core/order/order_tree.h"

/* b - a, or NULL where that is nothing */
static Numeric
tree_change(Numeric a, Numeric b)
{
	if (a == NULL)
		return oms_dec_sign(b) == 0 ? NULL : b;
	if (a == b || oms_dec_cmp(a, b) == 0)
		return NULL;
	return oms_dec_sub(b, a);
}

/*
 * Live for its ancestors: it is live, or something below it is.  A filled or
 * closed order above a live one counts.
 */
static bool
tree_is_live(const Order *order)
{
	return oms_order_is_live(order) || order->live_children > 0;
}

bool
oms_tree_delta(const Order *before, const Order *after, TreeDelta *delta)
{
	memset(delta, 0, sizeof(*delta));
	delta->executed = tree_change(before ? before->executed_quantity : NULL, after->executed_quantity);
	delta->value = tree_change(before ? before->executed_value : NULL, after->executed_value);
	delta->allocated = tree_change(before ? before->allocated_quantity : NULL, after->allocated_quantity);
	delta->working = tree_change(before ? before->leaves_quantity : NULL, after->leaves_quantity);
	delta->reserved = tree_change(before ? oms_order_reservation(before) : NULL, oms_order_reservation(after));
	delta->live = (tree_is_live(after) ? 1 : 0) - (before && tree_is_live(before) ? 1 : 0);
	delta->count = before ? 0 : 1;
	return delta->executed || delta->value || delta->allocated || delta->working ||
		delta->reserved || delta->live != 0 || delta->count != 0;
}

void
oms_tree_delta_add(TreeDelta *sum, const TreeDelta *delta)
{
	sum->executed = oms_dec_plus(sum->executed, delta->executed);
	sum->value = oms_dec_plus(sum->value, delta->value);
	sum->allocated = oms_dec_plus(sum->allocated, delta->allocated);
	sum->working = oms_dec_plus(sum->working, delta->working);
	sum->reserved = oms_dec_plus(sum->reserved, delta->reserved);
	sum->live += delta->live;
	sum->count += delta->count;
}

void
oms_tree_end_waiting(const Order *order, OrderEvent *event)
{
	uint32		facts = oms_request_is_open(order, REQUEST_CANCEL) ? FACT_REQUEST_OPEN : 0;
	Order		after = *order;
	const Transition *last;

	if ((event->children.live >= 0 && event->live_blocks >= 0) || order->live_children + event->children.live > 0 ||
		order->live_blocks + event->live_blocks > 0)
		return;
	oms_order_evolve(&after, event);
	last = oms_order_transition(TRIGGER_LAST_CHILD_CLOSED, &after, facts, false);
	if (last)
		event->transition = last;
}

void
oms_tree_roll_up(const Command *command, const Order *parent, const TreeDelta *delta, OrderEvent *event)
{
	oms_order_event_init(event, command);
	event->own = false;
	event->children = *delta;
	event->transition = oms_order_transition(TRIGGER_ROLL_UP, parent, 0, false);
	/* a bust may bring a child back to life under a parent that has ended */
	if (delta->live > 0 && oms_order_is_closed(parent))
		event->raises |= FLAG_LIVE_CHILDREN;
	oms_tree_end_waiting(parent, event);
}
