/*-------------------------------------------------------------------------
 *
 * order_cancel.h
 *	  Cancelling an order with all that is below it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_CANCEL_H
#define OMS_ORDER_CANCEL_H

#include "postgres.h"
#include "nodes/pg_list.h"

#include "core/order/order.h"

/* One command of it: a request, where somebody else has to answer; else the cancel itself. */
typedef struct CancelStep
{
	const Order *order;
	bool		asks;
} CancelStep;

/*
 * What is to be given for the order and all below it: a List of CancelStep, whoever is
 * below first.  `tree`: of Order, all of its tree.  `answered_elsewhere`: the order
 * itself is at a counterparty.  NIL: all that could be asked has been.
 */
extern List *oms_cancel_plan(const Order *order, const List *tree, bool answered_elsewhere);

#endif							/* OMS_ORDER_CANCEL_H */
