/*-------------------------------------------------------------------------
 *
 * order_family.c
 *	  An order with those below it, for what walks down a tree.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/order/order_family.h"

static int
family_compare_ids(const void *a, const void *b)
{
	return strcmp((*(OrderNode *const *) a)->order->id, (*(OrderNode *const *) b)->order->id);
}

static OrderNode *
family_find(OrderNode **by_id, int count, const char *id)
{
	Order		order = {.id = unconstify(char *, id)};
	OrderNode	key = {.order = &order};
	OrderNode  *wanted = &key;
	OrderNode **found = bsearch(&wanted, by_id, count, sizeof(OrderNode *), family_compare_ids);

	return found ? *found : NULL;
}

static int
family_compare_age(const ListCell *a, const ListCell *b)
{
	const Order *x = ((const OrderNode *) lfirst(a))->order;
	const Order *y = ((const OrderNode *) lfirst(b))->order;

	if (x->created_at != y->created_at)
		return x->created_at > y->created_at ? -1 : 1;
	return strcmp(y->id, x->id);
}

void *
oms_order_family(const List *tree, size_t size, const char *id)
{
	int			count = list_length(tree);
	OrderNode **by_id = palloc(sizeof(OrderNode *) * Max(count, 1));
	ListCell   *cell;

	foreach(cell, tree)
	{
		by_id[foreach_current_index(cell)] = palloc0(size);
		by_id[foreach_current_index(cell)]->order = lfirst(cell);
	}
	qsort(by_id, count, sizeof(OrderNode *), family_compare_ids);
	for (int i = 0; i < count; i++)
	{
		const char *parent_id = by_id[i]->order->parent_id;
		OrderNode  *parent = parent_id ? family_find(by_id, count, parent_id) : NULL;

		if (parent)
			parent->children = lappend(parent->children, by_id[i]);
	}
	for (int i = 0; i < count; i++)
		list_sort(by_id[i]->children, family_compare_age);
	return family_find(by_id, count, id);
}
