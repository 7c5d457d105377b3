/*-------------------------------------------------------------------------
 *
 * order_cascade.h
 *	  A replacement that orders below have to follow first.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_CASCADE_H
#define OMS_ORDER_CASCADE_H

#include "postgres.h"
#include "nodes/pg_list.h"

#include "core/order/order.h"

/* ------------------------------------------------------------------------
 * order_cascade.c: what has been asked for is answered
 * ------------------------------------------------------------------------
 */

/* Has a change of an order opened or ended requests of a cascade?  Then its parent may wait for it. */
extern bool oms_cascade_moves(const Order *before, const Order *after);

/* Why the event refuses what it answers, or NULL: it does not. */
extern const char *oms_cascade_refusal(const OrderEvent *event, const Order *order);

/*
 * That goes into the parent's event.  False: it waits for nothing of the child.
 * `refused`: why the child has refused, or NULL; afterwards, why the parent has
 * by that event.
 */
extern bool oms_cascade_roll_up(const Order *parent, const Order *before, const Order *after, const char **refused, OrderEvent *event);

/*
 * An order that waited for children, as that event has left it: the last one has
 * answered, and `event` is what becomes of its own request.  False: nothing.
 */
extern bool oms_cascade_end(Decision *d, const Order *order, const OrderEvent *children, const char **refused, OrderEvent *event);

/* What may still be placed below the order: nothing that a replacement which waits is about to take back. */
extern Numeric oms_order_room(const Order *order);

/* ------------------------------------------------------------------------
 * order_cascade_plan.c: what is to be asked for
 * ------------------------------------------------------------------------
 */

/* One command of a cascade. */
typedef struct CascadeStep
{
	const Order *order;
	CommandType type;
	OrderTerms	terms;
	int			cascade;		/* in which its parent waits for its answer, or it for those below: 1 is the root's; 0: in none */
} CascadeStep;

/*
 * What a replacement of an order, mostly a root, asks of those below it, and its own
 * command: a List of CascadeStep, in the order in which they are given.  `tree`: of
 * Order, all of the tree.  `answered_elsewhere`: the order itself is at a counterparty,
 * which answers what is asked of it.
 *
 * Refused (OM005): rule `request_open`, an order that has to follow has a request
 * that nobody has answered; `below_placed`, more would have to be taken back than can be.
 */
extern Refusal *oms_cascade_plan(const Order *root, const List *tree, const OrderTerms *terms, bool answered_elsewhere, List **steps);

#endif							/* OMS_ORDER_CASCADE_H */
