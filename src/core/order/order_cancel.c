/*-------------------------------------------------------------------------
 *
 * order_cancel.c
 *	  Cancelling an order with all that is below it: who is asked, and what ends at once.
 *
 * Pure.  Whoever is at a counterparty is asked; whoever is above one that was asked, or is
 * a member of a block that works for it, waits with a request of his own, and the
 * machine ends him when the last one has closed.  All others never left: they are cancelled.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "core/order/order_cancel.h"
#include "core/order/order_family.h"

typedef struct CancelPlan
{
	const Order *order;
	bool		answered_elsewhere;
	List	   *steps;
} CancelPlan;

/* Is anything of it, or below it, live afterwards? */
static bool
cancel_plan_node(CancelPlan *plan, const OrderNode *node)
{
	const Order *order = node->order;
	bool		waits = false;
	CancelStep *step;
	ListCell   *cell;

	check_stack_depth();
	foreach(cell, node->children)
		waits |= cancel_plan_node(plan, lfirst(cell));
	if (!oms_order_is_live(order))
		return waits;
	waits |= order->live_blocks > 0 || (order == plan->order ? plan->answered_elsewhere : oms_order_is_at_counterparty(order));
	/* who shows that he was asked is not asked again */
	if (waits && (order->conditions & COND_PENDING_CANCEL))
		return true;
	step = palloc(sizeof(CancelStep));
	*step = (CancelStep) {order, waits};
	plan->steps = lappend(plan->steps, step);
	return waits;
}

List *
oms_cancel_plan(const Order *order, const List *tree, bool answered_elsewhere)
{
	CancelPlan	plan = {.answered_elsewhere = answered_elsewhere};
	const OrderNode *node = oms_order_family(tree, sizeof(OrderNode), order->id);

	plan.order = node->order;
	/* what is over already: its cancel says why it cannot be */
	if (!cancel_plan_node(&plan, node) && plan.steps == NIL)
	{
		CancelStep *step = palloc(sizeof(CancelStep));

		*step = (CancelStep) {order, false};
		plan.steps = list_make1(step);
	}
	return plan.steps;
}
