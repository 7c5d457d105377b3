/*-------------------------------------------------------------------------
 *
 * desk.h
 *	  Where an order is on the execution desk, and whom it binds.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_DESK_H
#define OMS_DESK_H

#include "postgres.h"

#include "core/decide.h"
#include "core/desk/desk_machine.h"

/* The decide function of the list of commands: send, claim, assign, release. */
extern Refusal *oms_decide_desk(Decision *d);

/*
 * Is the command one that a claim binds, of an order that is another's?  OM008.
 * Or does it place what nobody has claimed yet (rule desk_queued)?  What a
 * counterparty or a FIX session tells is bound by no claim.
 */
extern Refusal *oms_desk_check(const Decision *d);

/* May something be placed below the order?  The same, of an order that the command does not name. */
extern Refusal *oms_desk_check_placement(const Decision *d, const char *order_id);

/*
 * The order is about to be put as `order`: on the desk it completes with its own
 * end, and waits again where it is open again.
 */
extern void oms_desk_follow(const Decision *d, Order *order);

/* The order that the command has just made waits on the desk, in the event that makes it. */
extern void oms_desk_hold(Decision *d, const char *reason);

#endif							/* OMS_DESK_H */
