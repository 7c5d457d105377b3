/*-------------------------------------------------------------------------
 *
 * handle_split.c
 *	  A split scales a whole tree: its fills, its orders, and so its sums.
 *
 * Writes nothing itself: the unit of work does.  The sums of an order are never
 * scaled, because rounding would part them from what they are sums of: the
 * fills are scaled, and their differences climb, children before parents.
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

static Numeric
grow(Numeric sum, Numeric before, Numeric after)
{
	Numeric		difference = oms_dec_sub(after, before);

	return sum ? oms_dec_add(sum, difference) : difference;
}

/* Scale the fills of one order; what it gains of them is the result. */
static FillDelta
scale_fills(UnitOfWork *uow, const Order *order, Numeric factor)
{
	FillDelta	delta = {0};
	ListCell   *cell;

	foreach(cell, oms_uow_executions_of(uow, order->id))
	{
		Execution	before = *(Execution *) lfirst(cell);
		Execution	after = before;

		if (!oms_execution_is_live(&before) && before.status != OMS_EXECUTION_REVIEW)
			continue;
		oms_execution_scale(&after, factor);
		oms_uow_put_execution(uow, &after, &oms_execution_transitions[EXECUTION_SCALED], false);
		if (oms_execution_is_live(&before))
			delta.quantity = grow(delta.quantity, before.quantity, after.quantity);
		else
			delta.review = grow(delta.review, before.quantity, after.quantity);
	}
	return delta;
}

void
oms_handle_split(UnitOfWork *uow, const Order *named, const OrderEvent *event)
{
	HTAB	   *nodes = nodes_of(oms_uow_tree(uow, named->root_id));
	TransitionFacts facts = {0};
	ListCell   *cell;

	foreach(cell, deepest_first(nodes))
	{
		SplitNode	   *node = lfirst(cell);
		Order		after = *node->order;
		OrderEvent	change;
		TreeDelta	delta;

		if (strcmp(node->order->id, named->id) == 0)
			change = *event;
		else
		{
			oms_order_event_init(&change, event->command);
			change.own = false;
			change.factor = event->factor;
			change.transition = oms_transition_find(TRIGGER_SCALE, node->order, &facts);
		}
		change.fill = scale_fills(uow, node->order, event->factor);
		change.children = node->children;
		oms_order_evolve(&after, &change);
		oms_uow_put_order(uow, &after, change.transition, false);
		if (after.parent_id && oms_tree_delta(node->order, &after, &delta))
			oms_tree_delta_add(&((SplitNode *) hash_search(nodes, after.parent_id, HASH_FIND, NULL))->children, &delta);
	}
}
