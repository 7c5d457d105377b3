/*-------------------------------------------------------------------------
 *
 * order_tree.h
 *	  How the figures of an order move those above it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_TREE_H
#define OMS_ORDER_TREE_H

#include "postgres.h"

#include "core/order/order.h"

/*
 * What a child's change means for its parent; `before` is NULL for a new
 * child.  False if nothing.
 */
extern bool oms_tree_delta(const Order *before, const Order *after, TreeDelta *delta);

/* Add up two deltas of children of one parent. */
extern void oms_tree_delta_add(TreeDelta *sum, const TreeDelta *delta);

/*
 * "When the last child closes, the parent is CANCELLED (or FILLED)": an order whose requested cancel waited until neither
 * a child nor a block works for it has an event of its own then, instead of the one that it was to have.
 */
extern void oms_tree_end_waiting(const Order *order, OrderEvent *event);

/* The parent's event for a delta of its children. */
extern void oms_tree_roll_up(const Command *command, const Order *parent, const TreeDelta *delta,
							 OrderEvent *event);

#endif							/* OMS_ORDER_TREE_H */
