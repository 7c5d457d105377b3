/*-------------------------------------------------------------------------
 *
 * order_commands.h
 *	  What commands and reports do to orders.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_COMMANDS_H
#define OMS_ORDER_COMMANDS_H

#include "postgres.h"

#include "core/decide.h"
#include "core/order/order.h"

/* order_commands.c: the decide functions of the list of commands */
extern Refusal *oms_decide_create(Decision *d);
extern Refusal *oms_decide_place(Decision *d);
extern Refusal *oms_decide_order(Decision *d);

/* A new order below `parent`, or a root, that of a block with its members: decided upon and put; not climbed yet. */
extern Refusal *oms_create_order(Decision *d, Command *command, const Order *parent, Jsonb *members, Order *order);

/*
 * The same of the command of another: the whole of it, down to the root's figures.
 * Where its id is made, that of a new tree has the slot of `beside`.
 */
extern Refusal *oms_create_in_tree(Decision *d, Command *command, const Order *parent, const char *beside, Order *order);

/* order_split_tree.c */
extern Refusal *oms_split_tree(Decision *d, const Order *named, const OrderEvent *event);

/* Apply an event to an order and let it climb to the root; or only climb, where it is applied. */
extern void oms_apply_to_tree(Decision *d, const Order *order, const OrderEvent *event);
extern void oms_put_in_tree(Decision *d, const Order *before, const Order *after, const OrderEvent *event);

/*
 * Does the command name symbol, side, currency, account or order otherwise than
 * the order has them?  A report's figures go to review instead (execution.c).
 */
extern Refusal *oms_check_particulars(const Command *command, const Order *order);

/* Take over the ids under which a counterparty or a client now knows the order. */
extern Refusal *oms_take_names(Decision *d, const Command *command, const Order *order);

/* order_kept.c: what a report stated the first time; each NULL if it did not. */
typedef struct StatedFigures
{
	Numeric		cum_qty;
	Numeric		leaves_qty;
	Numeric		avg_px;
} StatedFigures;

/* Flag the order where the repeat of a report states other figures than it did, and than ours. */
extern void oms_compare_repeat(Decision *d, const Command *command, const Order *order, const StatedFigures *first);

/* Did an event of the order report this before?  Then that is the outcome; other figures than the first time are flagged. */
extern bool oms_report_is_known(Decision *d, const Command *command, const Order *order);

/*
 * True where all is said: a report about a leg of the order's strategy was kept.
 * The second also: a repeat, or a report that names another symbol or side.
 */
extern bool oms_keep_leg_report(Decision *d, const Command *command, const Order *order);
extern bool oms_keep_order_report(Decision *d, const Command *command, const Order *order);

/* A client's request that comes after all that was reported of it: kept, and true. */
extern bool oms_keep_late_request(Decision *d, const Command *command, const Order *order);

/* Does it report a request or replacement of a ClOrdID that was answered before? */
extern bool oms_was_answered(Decision *d, const Command *command, const Order *order);

#endif							/* OMS_ORDER_COMMANDS_H */
