/*-------------------------------------------------------------------------
 *
 * order_expiry.c
 *	  What of a tree expires, and what is only flagged.
 *
 * Pure.  From below: what something live is below, what a block works for, and what
 * only its counterparty can end is flagged, once; all else that is due ends.  What
 * is done for its day has nothing left anywhere, and goes with whatever it is below.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "core/order/order_expiry.h"
#include "core/order/order_family.h"
#include "core/order/order_instrument.h"

typedef struct ExpiryPlan
{
	DueOrder   *due;			/* by their ids */
	int			ndue;
	bool		(*is_elsewhere) (const Order *order);
	List	   *steps;
} ExpiryPlan;

/* ExposureDuration (1629) in a unit (1916) that is known: what oms.exposure_duration() can read. */
static bool
expiry_states_duration(const Order *order)
{
	static const char *const units[] = {"0", "1", "2", "3", "4", "5", "10", "11", "12", "13", "14", "15"};
	const char *length = oms_fix_text(order->fix, "exposureDuration");
	const char *unit = oms_fix_text(order->fix, "exposureDurationUnit");

	if (length == NULL || strlen(length) < 1 || strlen(length) > 18 || strspn(length, "0123456789") != strlen(length))
		return false;
	for (int i = 0; unit && i < lengthof(units); i++)
		if (strcmp(units[i], unit) == 0)
			return true;
	return unit == NULL;
}

/* Whoever has it acts on it at once, or has to know when it ends: no clock of ours ends it. */
static bool
expiry_only_flags(const Order *order)
{
	const char *tif = order->time_in_force;

	return tif != NULL && (strcmp(tif, "IMMEDIATE_OR_CANCEL") == 0 || strcmp(tif, "FILL_OR_KILL") == 0 ||
						   (strcmp(tif, "GOOD_FOR_TIME") == 0 && !expiry_states_duration(order)));
}

static int
expiry_compare_ids(const void *a, const void *b)
{
	return strcmp(((const DueOrder *) a)->id, ((const DueOrder *) b)->id);
}

static const DueOrder *
expiry_find_due(const ExpiryPlan *plan, const Order *order)
{
	DueOrder	key = {.id = order->id};

	return bsearch(&key, plan->due, plan->ndue, sizeof(DueOrder), expiry_compare_ids);
}

static void
expiry_add(ExpiryPlan *plan, const Order *order, const DueOrder *due, bool flags)
{
	ExpiryStep *step;

	if (flags && (order->flags & FLAG_EXPIRY_OVERDUE))
		return;
	step = palloc(sizeof(ExpiryStep));
	*step = (ExpiryStep) {order, due->reason, flags};
	plan->steps = lappend(plan->steps, step);
}

/* Is anything of it, or below it, live afterwards?  `above`: the one above it, if it is due and ends with it, or NULL. */
static bool
expiry_plan_node(ExpiryPlan *plan, const OrderNode *node, const DueOrder *above)
{
	const Order *order = node->order;
	bool		is_done = oms_order_is_live(order) && oms_order_has_ended(order);
	const DueOrder *due = expiry_find_due(plan, order);
	bool		lives = false;
	ListCell   *cell;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (due == NULL && is_done)
		due = above;
	/* one that has ended passes on what is above it */
	foreach(cell, node->children)
		lives |= expiry_plan_node(plan, lfirst(cell), due || oms_order_is_live(order) ? due : above);
	if (!oms_order_is_live(order))
		return lives;
	if (due == NULL)
		return true;
	if (!is_done)
		lives |= expiry_only_flags(order) || (plan->is_elsewhere && plan->is_elsewhere(order));
	lives |= order->live_blocks > 0;
	expiry_add(plan, order, due, lives);
	return lives;
}

List *
oms_expiry_plan(const List *tree, const char *root_id, const DueOrder *due, int ndue, bool (*is_elsewhere) (const Order *order))
{
	ExpiryPlan	plan = {.due = palloc(sizeof(DueOrder) * Max(ndue, 1)), .ndue = ndue, .is_elsewhere = is_elsewhere};
	const OrderNode *node = oms_order_family(tree, sizeof(OrderNode), root_id);

	memcpy(plan.due, due, sizeof(DueOrder) * ndue);
	qsort(plan.due, ndue, sizeof(DueOrder), expiry_compare_ids);
	if (node)
		(void) expiry_plan_node(&plan, node, NULL);
	return plan.steps;
}
