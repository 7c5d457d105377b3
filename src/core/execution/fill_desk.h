/*-------------------------------------------------------------------------
 *
 * fill_desk.h
 *	  What the execution desk does with fills: types, approves and rejects them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FILL_DESK_H
#define OMS_FILL_DESK_H

#include "postgres.h"

#include "core/decide.h"
#include "core/order/order.h"

/* The decide functions of the list of commands; fill_approve.c has the last. */
extern Refusal *oms_decide_manual(Decision *d);
extern Refusal *oms_decide_reject_execution(Decision *d);
extern Refusal *oms_decide_approve(Decision *d);

/* The order's event for a fill that waits with it no more. */
extern void oms_fill_stop_waiting(Decision *d, const Order *order, const char *execution_id, OrderEvent *event);

#endif							/* OMS_FILL_DESK_H */
