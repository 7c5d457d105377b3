/*-------------------------------------------------------------------------
 *
 * order_expiry.h
 *	  What of a tree expires, and what is only flagged.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_EXPIRY_H
#define OMS_ORDER_EXPIRY_H

#include "postgres.h"
#include "nodes/pg_list.h"

#include "core/order/order.h"

typedef struct ExpiryStep
{
	const Order *order;
	const char *reason;
	bool		flags;			/* it cannot: EXPIRY_OVERDUE */
} ExpiryStep;

/* What is due, and why. */
typedef struct DueOrder
{
	const char *id;
	const char *reason;
} DueOrder;

/*
 * `tree`: all its orders; `due`: those of it that are due.  A list of
 * ExpiryStep, to be given in this order.  `is_elsewhere`: only who has the order
 * can end it; NULL: nobody has that to say.
 */
extern List *oms_expiry_plan(const List *tree, const char *root_id, const DueOrder *due, int ndue,
							 bool (*is_elsewhere) (const Order *order));

#endif							/* OMS_ORDER_EXPIRY_H */
