/*-------------------------------------------------------------------------
 *
 * order_plan.h
 *	  The slices of a placement that are due later.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_PLAN_H
#define OMS_ORDER_PLAN_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "core/command.h"
#include "core/halt.h"
#include "core/order/order.h"
#include "core/order/order_placement.h"

/* Is the slice to be placed later, and no order yet? */
static inline bool
oms_slice_is_planned(const Command *slice, TimestampTz now)
{
	return slice->place_at > now;
}

/*
 * What a placement does to the plan of its order goes into the event: the slices that
 * are due later come to those that are there, or take their places (replacePlan).  A
 * placement of the plan's next slice (plannedSlice) takes that out, and moves the
 * others along by what it is late.
 */
extern Refusal *oms_plan_take(const Command *command, const Order *order, TimestampTz now, OrderEvent *event);

/* After a split: quantities by the factor, prices by its inverse. */
extern Jsonb *oms_plan_scale(Jsonb *plan, Numeric factor);

/* What is wrong with it, or NULL: nobody but the code has written it. */
extern const char *oms_plan_problem(const Order *order);

/*
 * Why nothing of the plan is placed now, though it is due: its root waits on the desk or is another's there, a cancel
 * or other terms are requested, it is suspended or done for the day, or there is a halt.  NULL: it may be tried.
 */
extern const char *oms_plan_waits(const Order *order, const Order *root, const Asker *asker, const Halts *halts, TimestampTz now);

/*
 * The command that places the plan's next slice: each part of it as it was given, or with the terms that the order has
 * now (followsOrder), for no more than is unplaced, and under another name by its pattern where its own is taken.  Where nothing is left, the one that drops the plan.
 */
extern Jsonb *oms_plan_command(const Order *order, PlacementIsTaken is_taken, void *arg);

#endif							/* OMS_ORDER_PLAN_H */
