/*-------------------------------------------------------------------------
 *
 * order_machine.h
 *	  The life of an order as a table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_MACHINE_H
#define OMS_ORDER_MACHINE_H

#include "postgres.h"

#include "core/machine.h"
#include "core/order/order_record.h"

/* What happens to an order: a command, a fill, or something in its tree. */
typedef enum OrderTrigger
{
	TRIGGER_CREATE,
	TRIGGER_CREATE_PENDING,
	TRIGGER_ACCEPT,
	TRIGGER_ACCEPT_FOR_BIDDING,
	TRIGGER_REJECT,
	TRIGGER_REQUEST_CANCEL,
	TRIGGER_RECORD_CANCEL_REQUEST,
	TRIGGER_CANCEL,
	TRIGGER_REJECT_CANCEL,
	TRIGGER_REQUEST_REPLACE,
	TRIGGER_RECORD_REPLACE_REQUEST,
	TRIGGER_REPLACE,
	TRIGGER_REJECT_REPLACE,
	TRIGGER_SUSPEND,
	TRIGGER_RESUME,
	TRIGGER_STOP,
	TRIGGER_DONE_FOR_DAY,
	TRIGGER_RESTATE,
	TRIGGER_CALCULATE,
	TRIGGER_EXPIRE,
	TRIGGER_MISS_EXPIRY,		/* it is overdue, and nobody here can end it */
	TRIGGER_UPDATE,
	TRIGGER_PLACE,
	TRIGGER_FILL,
	TRIGGER_BUST,
	TRIGGER_CORRECT,
	TRIGGER_REVIEW,
	TRIGGER_ROLL_UP,
	TRIGGER_SCALE,
	TRIGGER_LAST_CHILD_CLOSED,
	TRIGGER_CASCADE,			/* all children have answered what a replacement asks of them */
	TRIGGER_KEEP_REPORT,
	TRIGGER_REPLACE_MEMBERS,	/* of a block */
	TRIGGER_RELEASE_MEMBERS,	/* … that is over */
	TRIGGER_MEMBERSHIP,			/* an order comes to be, or changes as, a member of a block */
	TRIGGER_ALLOCATE,			/* something of a block comes to its member, or goes back */
	TRIGGER_COUNT
} OrderTrigger;

/* Facts beyond the order's own conditions that a row may ask for. */
#define FACT_GROWS				(1 << 0)	/* the quantity goes above what is executed */
#define FACT_REQUEST_OPEN		(1 << 1)	/* the request that is answered is open */
#define FACT_STATES_WORKING	(1 << 2)	/* the report states neither Suspended nor Stopped */
#define FACT_LATER_DAY			(1 << 3)	/* a good-till order, and a later day than Done for Day */
#define FACT_STATES_QTY		(1 << 4)	/* the quantity of a cash order is stated, and was not known */
#define FACT_ANSWERED			(1 << 5)	/* the ClOrdID that is named was answered before */
#define FACT_IMPLIES_REPLACE	(1 << 6)	/* the fill names an open replace request and states its quantity */
#define FACT_STATES_CANCELLED	(1 << 7)	/* the fill's report states that the order is over, so: */
#define FACT_STATES_EXPIRED	(1 << 8)
#define FACT_STATES_REJECTED	(1 << 9)
#define FACT_STATES_DONE		(1 << 10)	/* … a day order, done for the day */
#define FACT_LEG				(1 << 11)	/* the report is of a leg, the order is none */
#define FACT_OTHER_ORDER		(1 << 12)	/* the report names another symbol or side */
#define FACT_RESTATED_FIGURES	(1 << 13)	/* the repeat states other figures than the first time */
#define FACT_SPLITS			(1 << 14)	/* the restatement is a split */
#define FACT_NO_FILLS			(1 << 15)	/* the order's own figures: nothing is executed, … */
#define FACT_NOT_FILLED			(1 << 16)	/* … or less than was ordered, … */
#define FACT_FILLED				(1 << 17)	/* … or all of it */
#define FACT_COVERED			(1 << 18)	/* a block has filled, and allocated nobody, what its members lack */
#define FACT_APPROVED			(1 << 19)	/* the desk has approved the fill */
#define FACT_IN_TIME			(1 << 20)	/* it was dealt before its order expired */
#define FACT_QUOTED				(1 << 21)	/* the order accepts a quote */
#define FACT_PLANS				(1 << 22)	/* nothing is placed now */
#define FACT_REFUSED			(1 << 23)	/* of what a replacement asks of children: one has refused */
#define FACT_CANCELS			(1 << 24)	/* … the order is asked to end */
#define FACT_REVIVES			(1 << 25)	/* its reported expiry came before its time, and now it is reported as working */
#define FACT_UNFLAGGED			(1 << 26)	/* the order has not ended, and is not flagged EXPIRY_OVERDUE */

extern const Machine oms_order_machine;

/*
 * The row that fires, or NULL: the machine has no such transition.  `facts` are
 * what the caller found out; those of the order's own figures are added.
 */
extern const Transition *oms_order_transition(OrderTrigger trigger, const Order *order, uint32 facts, bool reported);

/* What shows when several conditions hold: FIX's precedence of OrdStatus. */
extern OmsOrderStatus oms_order_status(uint32 conditions, bool any_fill, bool full);

extern bool oms_order_is_filled(const Order *order);
extern bool oms_order_is_closed(const Order *order);

/* Live: neither closed nor filled.  What a parent counts is more (order_tree.c). */
extern bool oms_order_is_live(const Order *order);

#endif							/* OMS_ORDER_MACHINE_H */
