/*-------------------------------------------------------------------------
 *
 * order_record.h
 *	  What an order is: its struct and its columns.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_RECORD_H
#define OMS_ORDER_RECORD_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "base/json.h"
#include "base/record.h"
#include "core/object.h"
#include "oms_state.h"

/*
 * What holds of an order besides its fills.  Several hold at once; the status
 * shown follows from them and from the quantities (oms_order_status()).
 */
#define COND_ACCEPTED_FOR_BIDDING	(1 << 0)
#define COND_PENDING_NEW			(1 << 1)	/* not accepted yet */
#define COND_NEW					(1 << 2)	/* accepted */
#define COND_REJECTED				(1 << 3)
#define COND_CANCELLED				(1 << 4)
#define COND_EXPIRED				(1 << 5)
#define COND_CALCULATED				(1 << 6)
#define COND_DONE_FOR_DAY			(1 << 7)
#define COND_STOPPED				(1 << 8)
#define COND_SUSPENDED				(1 << 9)
#define COND_PENDING_REPLACE		(1 << 10)	/* a shown replace request is open */
#define COND_PENDING_CANCEL			(1 << 11)	/* a shown cancel request is open */

#define COND_CLOSED		(COND_REJECTED | COND_CANCELLED | COND_EXPIRED | COND_CALCULATED)

/* Where an order is on the execution desk; 0 is nowhere. */
typedef enum DeskStatus
{
	DESK_QUEUED = 1,			/* it waits for somebody, and nobody places */
	DESK_CLAIMED,				/* it is desk_user's */
	DESK_RELEASED,				/* out of the desk: placement is free */
	DESK_COMPLETED				/* the order closed while it was on the desk */
} DeskStatus;

typedef enum RequestKind
{
	REQUEST_NONE,
	REQUEST_CANCEL,
	REQUEST_REPLACE
} RequestKind;

/* Terms of an order that a replacement or restatement may change. */
typedef struct OrderTerms
{
	Numeric		order_qty;		/* each NULL, NO_TIME or NO_DATE: stays as it is */
	Numeric		cash_order_qty;
	Numeric		price;
	Numeric		stop_px;
	const char *ord_type;
	const char *time_in_force;
	TimestampTz expire_time;
	DateADT		expire_date;
	const char *side;
	const char *account;
} OrderTerms;

/* A cancel or replace request that nobody has answered yet. */
typedef struct OrderRequest
{
	RequestKind kind;
	const char *cl_ord_id;		/* NULL for SQL callers without one */
	const char *orig_cl_ord_id; /* the ClOrdID it follows, if that was said */
	bool		shown;			/* does it make the status pending? */
	bool		unasked;		/* known from a Pending report: the request itself was not seen */
	OrderTerms	terms;			/* of a replace request */
	Numeric		restores_qty;	/* orderQty that comes back if it is rejected, or NULL */

	/* of a replacement that cascades (order_cascade.c): */
	const char *cascade_id;		/* which one; NULL: of none */
	int64		awaits;			/* so many children have an open request of the same, and it is done when none has */
	const char *refused;		/* why one of them has refused; or NULL */
} OrderRequest;

typedef struct Order
{
	OBJECT_HEAD;
	char	   *parent_id;
	int			status;			/* OmsOrderStatus */
	uint32		conditions;
	uint32		flags;
	char	   *cl_ord_id;
	char	   *fix_session;
	char	   *counterparty_order_id;
	char	   *symbol;
	char	   *side;
	char	   *ord_type;
	char	   *time_in_force;
	Numeric		order_qty;
	Numeric		cash_order_qty;
	Numeric		price;
	Numeric		stop_px;
	TimestampTz expire_time;
	DateADT		expire_date;
	char	   *account;
	char	   *currency;
	char	   *asset_class;
	char	   *destination;
	Numeric		executed_quantity;
	Numeric		leaves_quantity;
	Numeric		working_quantity;
	Numeric		unplaced_quantity;
	Numeric		allocated_quantity;
	Numeric		executed_value;
	Numeric		avg_px;
	Numeric		own_executed_quantity;
	Numeric		reserved_quantity;
	Numeric		review_quantity;
	int64		child_count;
	int64		live_children;
	Numeric		quantity_factor;
	DateADT		done_for_day_date;
	Jsonb	   *pending_requests;	/* as oms_requests_to_json() writes them */
	Numeric		reported_cum_qty;
	Numeric		reported_leaves_qty;
	Numeric		reported_avg_px;
	char	   *reported_ord_status;
	char	   *reason;
	char	   *text;
	Jsonb	   *fix;
	Jsonb	   *attributes;
	Jsonb	   *corporate_actions;	/* as order_split.c writes them */

	/* the execution desk */
	int			desk_status;	/* DeskStatus; 0: as without a desk */
	char	   *desk_user;
	char	   *desk_reason;
	TimestampTz desk_since;		/* when it came into this desk status */

	/* blocks: order_members.c */
	Jsonb	   *members;		/* of a block; NULL: it is none */
	Jsonb	   *block_order_ids;	/* the blocks that it is a member of */
	int64		live_blocks;	/* … and that have a part of it which is neither allocated nor released */

	char	   *quote_id;		/* the quote that was accepted by it; NULL: none */

	Jsonb	   *planned_slices; /* order_plan.c; NULL: there are none */
	TimestampTz next_placement_at;	/* when the first of them is due */

	bool		closed;			/* oms_order_has_ended() */
} Order;

/* What orders are looked up by; the first is the id. */
enum OrderKey
{
	ORDER_BY_ROOT = 1,
	ORDER_BY_ACCOUNT,			/* roots, by account and symbol */
	ORDER_KEYS
};

extern const RecordDef oms_order_def;

extern const OmsName oms_order_status_names[]; /* with the codes of OrdStatus (39) */
extern const OmsName oms_condition_names[];
extern const OmsName oms_desk_status_names[];

/* Of a state that is too large: of what is too much, what was there before comes back. */
extern void oms_order_shorten(void *order, const Object *before);

/* An order without a parent. */
extern bool oms_order_is_root(const Object *order);

/* As members of an object: what is given. */
extern void oms_terms_to_json(const OrderTerms *terms, JsonWriter *w);

/* Open requests of an order, in the order they came; NULL jsonb stands for none. */
extern OrderRequest *oms_requests_from_json(Jsonb *json, int *count);
extern Jsonb *oms_requests_to_json(const OrderRequest *requests, int count);

#endif							/* OMS_ORDER_RECORD_H */
