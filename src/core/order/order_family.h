/*-------------------------------------------------------------------------
 *
 * order_family.h
 *	  An order with those below it, for what walks down a tree.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_FAMILY_H
#define OMS_ORDER_FAMILY_H

#include "postgres.h"
#include "nodes/pg_list.h"

#include "core/order/order.h"

/* What each node begins with. */
#define ORDER_NODE_HEAD \
	const Order *order; \
	List	   *children		/* nodes, the newest first; of one time the last by its id */

typedef struct OrderNode
{
	ORDER_NODE_HEAD;
} OrderNode;

/*
 * The node of the order with that id, one of `tree` (of Order, all of a tree); NULL
 * if there is none.  Nodes are of that size, and zero behind their head.
 */
extern void *oms_order_family(const List *tree, size_t size, const char *id);

#endif							/* OMS_ORDER_FAMILY_H */
