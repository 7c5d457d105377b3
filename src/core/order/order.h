/*-------------------------------------------------------------------------
 *
 * order.h
 *	  An order's whole life: decide and evolve.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_H
#define OMS_ORDER_H

#include "postgres.h"

#include "core/command.h"
#include "core/decision.h"
#include "core/order/order_machine.h"
#include "core/order/order_record.h"

/* What an event does to the list of open requests. */
typedef enum RequestEdit
{
	REQUEST_KEEP,
	REQUEST_OPEN,				/* add it, or show the one that is recorded */
	REQUEST_ANSWER				/* take the one it names away */
} RequestEdit;

/* How far an order's figures move those of its parent. */
typedef struct TreeDelta
{
	Numeric		executed;
	Numeric		value;
	Numeric		allocated;
	Numeric		working;
	Numeric		reserved;
	int64		live;
	int64		count;
} TreeDelta;

/* Fills of the order itself that come or go; NULL stands for none. */
typedef struct FillDelta
{
	Numeric		quantity;
	Numeric		value;
	Numeric		allocated;
	Numeric		review;
} FillDelta;

/* One change of one order: what decide says and evolve applies. */
typedef struct OrderEvent
{
	const Transition *transition;
	const Command *command;		/* its cause */
	bool		own;			/* does the command name this very order? */
	OrderTerms	terms;			/* new terms */
	RequestEdit edit;
	OrderRequest request;
	const char *cl_ord_id;		/* ClOrdID that comes into force, or NULL */
	const char *overtakes;		/* ClOrdID of an earlier request that this replacement implies, or NULL */
	const char *cascade_id;		/* of what children asked for this replacement have done; NULL: nothing */
	int64		awaits;			/* so many more of them have yet to answer */
	const char *refused;		/* why one has refused; or NULL */
	const char *reason;			/* why, where the command does not say; or NULL */
	FillDelta	fill;
	TreeDelta	children;
	Jsonb	   *members;		/* of a block: its members from now on; NULL: as they are */
	const char *joins;			/* the block that the order becomes a member of, or NULL */
	const char *leaves;			/* … that it is no member of any more, or NULL */
	int64		live_blocks;	/* how many more of its memberships are live */
	DateADT		done_for_day;	/* NO_DATE: stays */
	bool		replans;		/* what is planned is this from now on: */
	Jsonb	   *plan;			/* NULL: nothing */
	TimestampTz next_placement_at;
	const struct OrderSplit *split; /* order_split.h; or NULL */
	uint32		raises;			/* flags */
	uint32		lowers;			/* flags that end */
} OrderEvent;

/* What decide knows: values, no tables and no clock. */
typedef struct OrderContext
{
	const Order *order;
	const Order *parent;		/* NULL for a root */
	TimestampTz now;
	const Decision *decision;
	bool		answered;		/* was the ClOrdID that it names answered before? */
	bool		plans;			/* does a placement only change what is to be placed later? */
	bool		revives;		/* oms_order_is_revived() */
} OrderContext;

/* order_create.c: the new order of a Create command, before its event, or a refusal. */
extern Refusal *oms_order_create(const Command *command, const Order *parent, TimestampTz now,
								 Order *order, OrderEvent *event);

/* Of an order that does not say of which type it is. */
extern const char *oms_default_ord_type(const OrderTerms *terms);

/* Is there a field without which an order of this kind means nothing? */
extern Refusal *oms_order_check_completeness(const Command *command, const Order *order);

/* More is asked for below the parent than it has left to place. */
extern Refusal *oms_order_over_placed(const Order *parent, Numeric wanted);

/* The command needs this field, and why. */
extern Refusal *oms_order_missing(const Command *command, const char *field, const char *why);

/* order_decide.c: what the command asks for, or puts into force: terms of a replacement that were asked for come with it. */
extern OrderTerms oms_terms_of_command(const Command *command, const Order *order);

/* For the detail of a refusal: status and quantities. */
extern char *oms_order_figures(const Order *order);

/* The details of commands (CommandDef): what each brings along besides its transition. */
extern Refusal *oms_take_acceptance(const Command *command, const OrderContext *context, OrderTerms *terms, OrderEvent *event);
extern Refusal *oms_take_request(const Command *command, const OrderContext *context, OrderTerms *terms, OrderEvent *event);
extern Refusal *oms_take_answer(const Command *command, const OrderContext *context, OrderTerms *terms, OrderEvent *event);
extern Refusal *oms_take_replacement(const Command *command, const OrderContext *context, OrderTerms *terms, OrderEvent *event);
extern Refusal *oms_take_day(const Command *command, const OrderContext *context, OrderTerms *terms, OrderEvent *event);
extern Refusal *oms_take_restatement(const Command *command, const OrderContext *context, OrderTerms *terms, OrderEvent *event);
extern Refusal *oms_take_update(const Command *command, const OrderContext *context, OrderTerms *terms, OrderEvent *event);

/* Any other order command: what happens to the order, or a refusal. */
extern Refusal *oms_order_decide(const Command *command, const OrderContext *context, OrderEvent *event);

/* order_report.c: what the caller found out about a fill, for its transition. */
typedef struct FillFacts
{
	DateADT		day;			/* its business day; needed only where the order is done for day */
	bool		implies_replace;
	bool		misdirected;	/* what its report states of the order is not of this one */
	bool		approved;		/* by the desk, … */
	bool		in_time;		/* … and dealt before the order expired */
	bool		revives;		/* oms_order_is_revived() */
} FillFacts;

/*
 * Was the order, which is good till something later, reported as expired, and is now reported as working?  Some brokers
 * tell an expiry between sessions that is none.
 */
extern bool oms_order_is_revived(const Decision *d, const Command *command, const Order *order);

/*
 * Does a fill of this day come after the order was done for it, whatever else its report says?  (One after a cancel or an
 * expiry has rows of its own.)
 */
extern bool oms_order_fill_is_late(const Command *command, const Order *order, DateADT day);

/* May an execution command do this?  NULL where the machine has no such row. */
extern const Transition *oms_order_fill_transition(OrderTrigger trigger, const Command *command,
												   const Order *order, const FillFacts *facts);

/* Does the report's OrdStatus say neither Suspended nor Stopped? */
extern bool oms_report_states_working(const Command *command);

/* The event that only keeps a report, for this reason, a fact. */
extern void oms_order_keep_report(const Command *command, const Order *order, uint32 fact, OrderEvent *event);

/* May a replacement turn one side into the other?  (FIX 4.4 vol. 4, Order Cancel/Replace Request) */
extern bool oms_sides_are_kin(const char *a, const char *b);
extern bool oms_symbols_differ(const char *a, const char *b);

/* Does a report name another symbol or side than the order, or a request of it, has? */
extern bool oms_report_is_misdirected(const Command *command, const Order *order);

/* Apply an event.  The order's members are values: none is changed in place. */
extern void oms_order_evolve(Order *order, const OrderEvent *event);

/*
 * Are these figures of a counterparty, each NULL if not stated, others than ours?
 * The average only up to the digits it was stated with.
 */
extern bool oms_order_disagrees(const Order *order, Numeric cum_qty, Numeric leaves_qty, Numeric avg_px);

/* Was it sent to a counterparty, that knows its quantity? */
static inline bool
oms_order_is_at_counterparty(const Order *order)
{
	return order->counterparty_order_id != NULL || order->fix_session != NULL;
}

/*
 * Nothing more of it is to be executed, unless something revives it: it was
 * filled, rejected, cancelled, calculated or expired, or was for a day that is
 * done.  What is below it may still live, and a request be open.
 */
extern bool oms_order_has_ended(const Order *order);

/* Has it ended, what is left of it, and what of that is unplaced, by its other figures. */
extern void oms_order_derive_left(Order *order);

/* What the order keeps from being placed elsewhere under its parent. */
extern Numeric oms_order_reservation(const Order *order);

/* A good-till order: it lives beyond the day. */
extern bool oms_order_is_good_till(const Order *order);

/* The business day of a command: trade date, else that of its transact time, else of the clock. */
extern DateADT oms_command_day(const Command *command, TimestampTz now);

/* The same of a command about this order, by its calendar if it has one. */
extern DateADT oms_order_day(const Decision *d, const Command *command, const Order *order, MarketDay which);

/* The day of a moment by the calendar of the order, or of the market where it was dealt (or NULL); NO_DATE: by none. */
extern DateADT oms_order_calendar_day(const Decision *d, const Order *order, const char *market, TimestampTz at, MarketDay which);

/* … and then by the settings. */
extern DateADT oms_market_day(const Decision *d, const Order *order, const char *market, TimestampTz at, MarketDay which);

/* An event of this order with nothing in it yet. */
extern void oms_order_event_init(OrderEvent *event, const Command *command);

/* order_terms.c: new terms and open requests */
extern void oms_terms_apply(Order *order, const OrderTerms *terms);
extern bool oms_terms_given(const OrderTerms *terms);

/* What is not given is as `other` has it. */
extern void oms_terms_complete(OrderTerms *terms, const OrderTerms *other);

/* Terms of a replacement: as given, else term by term as they were requested under its ClOrdID. */
extern OrderTerms oms_terms_of_replacement(const Command *command, const Order *order);

/* The open replace request that a fill implies to be accepted, or NULL. */
extern const OrderRequest *oms_request_implied(const Command *command, const Order *order);

/* Is a price of this order a limit that fills keep to? */
extern bool oms_order_has_limit(const Order *order);

/* "EUR/USD" dealt in USD, or "BTC/USDT" in USDT: who buys dollars sells euros at that price. */
extern bool oms_is_second_of_pair(const char *symbol, const char *currency);

/*
 * Does who has this side buy what the price is of?  Where the currency is the second of a pair the side is turned.
 * Unset: it neither buys nor sells.
 */
extern Tristate oms_side_buys(const char *symbol, const char *currency, const char *side);

/* How much worse than the limit is the price, for an order of this side?  NULL: it is not, or the side has no worse. */
extern Numeric oms_price_beyond(const Order *order, const char *side, Numeric price, Numeric limit);
extern void oms_requests_apply(Order *order, const OrderEvent *event, Numeric before_qty);
extern const OrderRequest *oms_request_find(const OrderRequest *requests, int count, RequestKind kind,
											const char *cl_ord_id, const char *orig_cl_ord_id,
											const char *in_force);

/* The open request under this ClOrdID, or NULL; is any of this kind open? */
extern const OrderRequest *oms_request_named(const Order *order, const char *cl_ord_id);
extern bool oms_request_is_open(const Order *order, RequestKind kind);
extern Numeric oms_request_taken_over(const Order *order, const Command *command);
extern Numeric oms_requests_leaves(const Order *order);

/* The factors of one split after another. */
extern Numeric oms_scale_factor(Numeric factor, Numeric by);
extern Numeric oms_scale_quantity(Numeric quantity, Numeric factor);
/* The same of a fill: never nothing. */
extern Numeric oms_scale_fill(Numeric quantity, Numeric factor);
extern Numeric oms_scale_price(Numeric price, Numeric factor);

static inline const Order *
oms_get_order(const Decision *d, const char *id)
{
	return (const Order *) oms_decision_get(d, KIND_ORDER, id);
}

/* What becomes of an order by an event of its own life, and on the desk by that. */
extern void oms_put_order(Decision *d, const Order *order, const Transition *rule, bool id_is_given);

#endif							/* OMS_ORDER_H */
