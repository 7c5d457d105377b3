/*-------------------------------------------------------------------------
 *
 * replace_order.h
 *	  The built-in step cascade_replace: an order gets new terms, and those below it follow.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_REPLACE_ORDER_H
#define OMS_REPLACE_ORDER_H

#include "postgres.h"

#include "entry/builtin_step.h"
#include "store/routing.h"

/*
 * The routing is asked of a client order that lives, as if the terms that the command asks
 * for were in force.  False: of another it is not.
 */
extern bool oms_replace_ask_routing(const Order *order, const Command *command, Routing *routing);

extern Refusal *oms_builtin_replace(BuiltinStep *step);

/* OM007 where what is recalled replaced another order, or otherwise. */
extern Refusal *oms_builtin_was_replaced(const BuiltinStep *step, Jsonb *const *payloads, int count);

#endif							/* OMS_REPLACE_ORDER_H */
