/*-------------------------------------------------------------------------
 *
 * order_split.h
 *	  What a split (a corporate action) means for one order.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_SPLIT_H
#define OMS_ORDER_SPLIT_H

#include "postgres.h"

#include "core/command_trees.h"
#include "core/order/order.h"

/* How far a corporate action has come to an order. */
typedef enum SplitReach
{
	SPLIT_NOT_YET,
	SPLIT_TERMS,				/* its terms alone: it stands above an order that was reported */
	SPLIT_WHOLE					/* its terms and its own fills */
} SplitReach;

/* A split as one order's event has it. */
typedef struct OrderSplit
{
	const char *action;			/* key of the corporate action */
	Numeric		factor;
	bool		terms;			/* does this event scale the terms? */
	bool		fills;			/* … the order's own fills? */
	Numeric		stated;			/* orderQty as the command states it, or NULL */
} OrderSplit;

/*
 * Is the Restate command a split?  Then event->split is set and its terms are
 * what it changes besides; a stated quantity that contradicts the factor is
 * refused, or kept as such a change where a counterparty reports it.
 */
extern Refusal *oms_split_decide(const Command *command, const Order *order, TimestampTz now, OrderEvent *event);

/* The same question alone. */
extern bool oms_split_is_told(const Command *command, const Order *order, TimestampTz now);

/* Is this ExecRestatementReason, by its name or code, the one of a split? */
extern bool oms_is_corporate_action(const char *reason);

/* What may be a split, as its command says, reaches all that memberships tie; a plain restatement does not. */
extern void oms_name_split(const Command *command, TreeNames *names);

extern SplitReach oms_split_reach(const Order *order, const char *action);

/*
 * Scale the order's terms; and, once its figures are those of after the split,
 * choose a quantity that opens nothing and closes nothing, and mark how far the
 * action has come.
 */
extern void oms_split_scale(Order *order, Numeric factor);
extern void oms_split_fit(Order *order, const Order *before, const OrderSplit *split);

/* The quantity is stated anew: what it should have become by a factor does not count any more. */
extern void oms_split_forget_quantity(Order *order);

/* What a new child has behind it: all that its parent has. */
extern Jsonb *oms_split_inherit(Jsonb *corporate_actions);

/* Refusal by rule split_factor; the facts follow. */
extern Refusal *oms_split_refuse(const Order *order, const char *fmt,...) pg_attribute_printf(2, 3);

#endif							/* OMS_ORDER_SPLIT_H */
