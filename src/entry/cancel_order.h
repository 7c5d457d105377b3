/*-------------------------------------------------------------------------
 *
 * cancel_order.h
 *	  The built-in step cascade_cancel: an order is cancelled with all that is below it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_CANCEL_ORDER_H
#define OMS_CANCEL_ORDER_H

#include "postgres.h"

#include "entry/builtin_step.h"

/* Of Order: all of its tree, which is locked. */
extern List *oms_builtin_tree(const BuiltinStep *step, const Order *order);

/*
 * Is the order on top of a cascade itself at a counterparty?  A client's order that came in
 * a session of his is not: it is his that asks.
 */
extern bool oms_builtin_is_elsewhere(const Order *order);

/* A ClOrdID for a request of the order, by the pattern, that nobody has by now; NULL: none. */
extern const char *oms_builtin_cl_ord_id(const BuiltinStep *step, const Order *order, const char *pattern);

extern Refusal *oms_builtin_cancel(BuiltinStep *step);

/* OM007 where what is recalled cancelled something else. */
extern Refusal *oms_builtin_was_cancelled(const BuiltinStep *step, Jsonb *const *payloads, int count);

#endif							/* OMS_CANCEL_ORDER_H */
