/*-------------------------------------------------------------------------
 *
 * handle_split.c
 *	  A split scales a whole tree: its fills, its orders, and so its sums.
 *
 * Writes nothing itself: the unit of work does.  The sums of an order are never
 * scaled, because rounding would part them from what they are sums of: the
 * fills are scaled, and their differences climb, children before parents.  The
 * quantities of orders and fills are rounded to ten decimals.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/hsearch.h"

#include "decimal.h"
#include "handlers.h"
#include "order_tree.h"

/* An order of the tree, while the split works its way up. */
typedef struct SplitNode
{
	char		id[ID_LENGTH_MAX + 1];	/* hash key */
	const Order *order;
	TreeDelta	children;
	int			depth;			/* -1: not known yet */
} SplitNode;

static HTAB *
nodes_of(List *orders)
{
	HASHCTL		control = {.keysize = ID_LENGTH_MAX + 1, .entrysize = sizeof(SplitNode),
	.hcxt = CurrentMemoryContext};
	HTAB	   *nodes = hash_create("oms split", Max(list_length(orders), 16), &control,
									HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	ListCell   *cell;

	foreach(cell, orders)
	{
		Order	   *order = lfirst(cell);
		Order	   *copy = palloc(sizeof(Order));
		SplitNode	   *node = hash_search(nodes, order->id, HASH_ENTER, NULL);

		*copy = *order;
		node->order = copy;
		memset(&node->children, 0, sizeof(node->children));
		node->depth = -1;
	}
	return nodes;
}

static int
depth_of(HTAB *nodes, SplitNode *node)
{
	int			depth = 0;
	SplitNode	   *up = node;

	while (up->order->parent_id != NULL)
	{
		up = hash_search(nodes, up->order->parent_id, HASH_FIND, NULL);
		if (up == NULL)
			elog(ERROR, "cannot find the parent of order \"%s\"", node->order->id);
		depth++;
	}
	return depth;
}

static int
compare_depth(const ListCell *a, const ListCell *b)
{
	const SplitNode *first = lfirst(a);
	const SplitNode *second = lfirst(b);

	if (first->depth != second->depth)
		return first->depth > second->depth ? -1 : 1;
	return strcmp(first->order->id, second->order->id);
}

static List *
deepest_first(HTAB *nodes)
{
	HASH_SEQ_STATUS scan;
	List	   *list = NIL;
	SplitNode	   *node;

	hash_seq_init(&scan, nodes);
	while ((node = hash_seq_search(&scan)) != NULL)
		list = lappend(list, node);
	for (int i = 0; i < list_length(list); i++)
	{
		node = list_nth(list, i);
		node->depth = depth_of(nodes, node);
	}
	list_sort(list, compare_depth);
	return list;
}

/*
 * Scale the fills of one status of an order.  Each is rounded; so that an order
 * that was filled stays so, what rounding took or gave goes to the largest.
 * Returns what they count for more than before.
 */
static Numeric
scale_fills(UnitOfWork *uow, List *executions, bool live, Numeric factor)
{
	Execution  *largest = NULL;
	Numeric		before = oms_dec_zero();
	Numeric		after = oms_dec_zero();
	List	   *scaled = NIL;
	ListCell   *cell;

	foreach(cell, executions)
	{
		Execution  *execution = lfirst(cell);
		Execution  *copy;

		if (live ? !oms_execution_is_live(execution) : execution->status != OMS_EXECUTION_REVIEW)
			continue;
		copy = palloc(sizeof(Execution));
		*copy = *execution;
		before = oms_dec_add(before, copy->quantity);
		oms_execution_scale(copy, factor, NULL);
		after = oms_dec_add(after, copy->quantity);
		if (largest == NULL || oms_dec_cmp(copy->quantity, largest->quantity) > 0)
			largest = copy;
		scaled = lappend(scaled, copy);
	}
	if (largest == NULL)
		return NULL;
	oms_execution_scale(largest, NULL, oms_dec_sub(oms_scale_quantity(before, factor), after));
	foreach(cell, scaled)
		oms_uow_put_execution(uow, lfirst(cell), &oms_execution_transitions[EXECUTION_SCALED], false);
	return oms_dec_sub(oms_scale_quantity(before, factor), before);
}

/* What happens to one order of the tree, its children being done. */
static void
scale_order(UnitOfWork *uow, const SplitNode *node, const OrderEvent *event, OrderEvent *change)
{
	List	   *executions = oms_uow_executions_of(uow, node->order->id);
	TransitionFacts facts = {0};

	if (strcmp(node->order->id, event->command->order_id) == 0)
		*change = *event;
	else
	{
		oms_order_event_init(change, event->command);
		change->own = false;
		change->factor = event->factor;
		change->transition = oms_transition_find(TRIGGER_SCALE, node->order, &facts);
	}
	change->fill.quantity = scale_fills(uow, executions, true, event->factor);
	change->fill.review = scale_fills(uow, executions, false, event->factor);
	change->children = node->children;
}

/* Is the number still one that a user could have given? */
static bool
is_in_range(Numeric value)
{
	return value == NULL || oms_dec_acceptable(value);
}

static Refusal *
check_range(const Order *before, const Order *after, Numeric factor)
{
	bool		vanishes = (after->order_qty && oms_dec_sign(after->order_qty) <= 0) ||
		oms_dec_sign(after->quantity_factor) <= 0;

	if (!vanishes && is_in_range(after->order_qty) && is_in_range(after->executed_quantity) &&
		is_in_range(after->review_quantity) && is_in_range(after->price) && is_in_range(after->stop_px) &&
		is_in_range(after->quantity_factor))
		return NULL;
	return oms_refuse_by_rule("split_factor", psprintf("the split brings order \"%s\" out of range", before->id),
							  "orderQty %s times %s leaves nothing, or needs more than %d digits.",
							  oms_dec_text(before->order_qty), oms_dec_text(factor), DECIMAL_DIGITS_MAX);
}

Refusal *
oms_handle_split(UnitOfWork *uow, const Order *named, const OrderEvent *event)
{
	HTAB	   *nodes = nodes_of(oms_uow_tree(uow, named->root_id));
	ListCell   *cell;

	foreach(cell, deepest_first(nodes))
	{
		SplitNode  *node = lfirst(cell);
		Order		after = *node->order;
		OrderEvent	change;
		TreeDelta	delta;
		Refusal    *refusal;

		scale_order(uow, node, event, &change);
		oms_order_evolve(&after, &change);
		refusal = check_range(node->order, &after, event->factor);
		if (refusal)
			return refusal;
		oms_uow_put_order(uow, &after, change.transition, false);
		if (after.parent_id && oms_tree_delta(node->order, &after, &delta))
		{
			SplitNode  *parent = hash_search(nodes, after.parent_id, HASH_FIND, NULL);

			oms_tree_delta_add(&parent->children, &delta);
		}
	}
	return NULL;
}
