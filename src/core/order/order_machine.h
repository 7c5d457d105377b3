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
	TRIGGER_UPDATE,
	TRIGGER_PLACE,
	TRIGGER_FILL,
	TRIGGER_BUST,
	TRIGGER_CORRECT,
	TRIGGER_REVIEW,
	TRIGGER_ROLL_UP,
	TRIGGER_SCALE,
	TRIGGER_LAST_CHILD_CLOSED,
	TRIGGER_KEEP_REPORT,
	TRIGGER_COUNT
} OrderTrigger;

typedef enum FillState
{
	FILLS_ANY,					/* don't care */
	FILLS_NONE,
	FILLS_OPEN,					/* none or some: not filled */
	FILLS_FULL
} FillState;

/* Facts beyond the order's own conditions that a row may ask for. */
#define GUARD_GROWS				(1 << 0)	/* the quantity goes above what is executed */
#define GUARD_REQUEST_OPEN		(1 << 1)	/* the request that is answered is open */
#define GUARD_STATES_WORKING	(1 << 2)	/* the report states neither Suspended nor Stopped */
#define GUARD_LATER_DAY			(1 << 3)	/* a good-till order, and a later day than Done for Day */
#define GUARD_STATES_QTY		(1 << 4)	/* the quantity of a cash order is stated, and was not known */
#define GUARD_ANSWERED			(1 << 5)	/* the ClOrdID that is named was answered before */
#define GUARD_IMPLIES_REPLACE	(1 << 6)	/* the fill names an open replace request and states its quantity */
#define GUARD_STATES_CANCELLED	(1 << 7)	/* the fill's report states that the order is over, so: */
#define GUARD_STATES_EXPIRED	(1 << 8)
#define GUARD_STATES_REJECTED	(1 << 9)
#define GUARD_STATES_DONE		(1 << 10)	/* … a day order, done for the day */
#define GUARD_LEG				(1 << 11)	/* the report is of a leg, the order is none */
#define GUARD_OTHER_ORDER		(1 << 12)	/* the report names another symbol or side */
#define GUARD_RESTATED_FIGURES	(1 << 13)	/* the repeat states other figures than the first time */
#define GUARD_SPLITS			(1 << 14)	/* the restatement is a split */

/* One row: for a trigger the first row whose conditions hold fires. */
typedef struct Transition
{
	int			number;			/* stands in every event; never reused */
	OrderTrigger trigger;
	uint32		requires;		/* conditions that must all hold */
	uint32		forbids;		/* conditions none of which may hold */
	FillState	fills;
	bool		reported;		/* only for what a counterparty reports */
	uint32		guard;			/* guards that must all hold */
	uint32		sets;
	uint32		clears;
	uint32		raises;			/* flags of the order, and of the fill */
	const char *event_type;
	const char *sentence;
} Transition;

/* What the table is asked about. */
typedef struct TransitionFacts
{
	bool		reported;
	uint32		guards;
} TransitionFacts;

/* The row that fires, or NULL: the machine has no such transition. */
extern const Transition *oms_transition_find(OrderTrigger trigger, const Order *order,
											 const TransitionFacts *facts);

/* The table, ending with a row of number 0, and the names it is dumped with. */
extern const Transition oms_transitions[];
extern const char *oms_trigger_name(OrderTrigger trigger);
extern const OmsName oms_guard_names[];
extern const OmsName oms_fill_state_names[];

/* What shows when several conditions hold: FIX's precedence of OrdStatus. */
extern OmsOrderStatus oms_order_status(uint32 conditions, bool any_fill, bool full);

extern bool oms_order_is_filled(const Order *order);
extern bool oms_order_is_closed(const Order *order);

/* Live: neither closed nor filled.  What a parent counts is more: oms_tree_is_live(). */
extern bool oms_order_is_live(const Order *order);

/* In assert builds: numbers ascend, every row has an event and a sentence. */
extern void oms_state_machine_check(void);

#endif							/* OMS_ORDER_MACHINE_H */
