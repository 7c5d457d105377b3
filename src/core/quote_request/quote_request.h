/*-------------------------------------------------------------------------
 *
 * quote_request.h
 *	  A request for quotes: its struct, its life, its commands.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_QUOTE_REQUEST_H
#define OMS_QUOTE_REQUEST_H

#include "postgres.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "core/decide.h"

typedef enum QuoteRequestStatus
{
	QUOTE_REQUEST_STATUS_NONE,	/* of one that no event was written of yet */
	QUOTE_REQUEST_STATUS_NEW,
	QUOTE_REQUEST_STATUS_QUOTED,
	QUOTE_REQUEST_STATUS_ACCEPTED,
	QUOTE_REQUEST_STATUS_REJECTED,
	QUOTE_REQUEST_STATUS_CANCELLED,
	QUOTE_REQUEST_STATUS_EXPIRED
} QuoteRequestStatus;

typedef struct QuoteRequest
{
	OBJECT_HEAD;
	int			status;			/* QuoteRequestStatus */
	uint32		flags;
	char	   *quote_req_id;	/* QuoteReqID (131) */
	char	   *fix_session;
	char	   *order_id;		/* the client order that quotes are asked for: an acceptance becomes its child */
	char	   *symbol;
	char	   *side;			/* NULL: both are asked for */
	Numeric		order_qty;
	char	   *quote_type;		/* QuoteType (537) that is asked for, or NULL */
	char	   *account;
	char	   *currency;
	char	   *asset_class;
	char	   *settl_type;
	DateADT		settl_date;
	TimestampTz expire_time;
	TimestampTz transact_time;
	bool		multiple_quotes;	/* a dealer's newer quote leaves his older one as it is */
	Jsonb	   *dealers;		/* who is asked, as texts; NULL: it is not said */
	Jsonb	   *rejections;		/* who of them does not quote: objects with dealer, reason, at */
	TimestampTz quoted_at;		/* when the first quote came */

	/* its acceptance */
	char	   *accepted_quote_id;	/* while the request is QUOTED, the dealer has the last look */
	char	   *accepted_order_id;
	Numeric		executed_quantity;	/* what the order has executed */
	char	   *cover_quote_id; /* the next best quote, … */
	Numeric		cover_px;
	Numeric		cover_distance; /* … and by how much it was worse; negative: better */

	char	   *reason;
	char	   *text;
	Jsonb	   *legs;
	Jsonb	   *fix;
	Jsonb	   *attributes;
} QuoteRequest;

extern const RecordDef oms_quote_request_def;
extern const OmsName oms_quote_request_status_names[];

/* Always: it is the root of its quotes' tree. */
extern bool oms_quote_request_is_root(const Object *request);

/* The dealer of one of its quotes has not answered its acceptance yet. */
static inline bool
oms_quote_request_is_pending(const QuoteRequest *request)
{
	return request->status == QUOTE_REQUEST_STATUS_QUOTED && request->accepted_quote_id != NULL;
}

static inline bool
oms_quote_request_is_open(const QuoteRequest *request)
{
	return request->status == QUOTE_REQUEST_STATUS_NEW || request->status == QUOTE_REQUEST_STATUS_QUOTED;
}

/* quote_request_machine.c */
typedef enum QuoteRequestTrigger
{
	QUOTE_REQUEST_CREATE,
	QUOTE_REQUEST_QUOTE,		/* a quote came */
	QUOTE_REQUEST_REJECT,
	QUOTE_REQUEST_DECLINE,		/* one of the dealers rejects it, and others may still quote */
	QUOTE_REQUEST_CANCEL,
	QUOTE_REQUEST_EXPIRE,
	QUOTE_REQUEST_HIT,			/* a quote is accepted, and its dealer has the last look */
	QUOTE_REQUEST_ACCEPT,
	QUOTE_REQUEST_CONFIRM,
	QUOTE_REQUEST_REOPEN,		/* … which he uses, and other quotes are there */
	QUOTE_REQUEST_GIVE_UP,		/* … or none is */
	QUOTE_REQUEST_FILL,
	QUOTE_REQUEST_TRIGGER_COUNT
} QuoteRequestTrigger;

extern const Machine oms_quote_request_machine;

/* The row that fires, or NULL.  What a dealer's message says is no error where it comes too late: `reported`. */
extern const Transition *oms_quote_request_transition(const QuoteRequest *request, QuoteRequestTrigger trigger, bool reported);

/* Makes of it what the row says. */
extern void oms_quote_request_evolve(QuoteRequest *request, const Transition *transition);

/* quote_request.c: the decide functions of its commands */
extern Refusal *oms_decide_create_quote_request(Decision *d);
extern Refusal *oms_decide_reject_quote_request(Decision *d);
extern Refusal *oms_decide_end_quote_request(Decision *d);	/* cancel, expire */

static inline const QuoteRequest *
oms_get_quote_request(const Decision *d, const char *id)
{
	return (const QuoteRequest *) oms_decision_get(d, KIND_QUOTE_REQUEST, id);
}

/* The row fires, and what the caller has changed of it is put. */
extern void oms_put_quote_request(Decision *d, QuoteRequest *request, const Transition *transition, bool id_is_given);

/* Its status does not allow the command (OM004), or it waits for a dealer: rule acceptance_pending. */
extern Refusal *oms_refuse_quote_request(const Command *command, const QuoteRequest *request);

/* OM005, rule acceptance_pending. */
extern Refusal *oms_refuse_acceptance_pending(const Command *command, const char *quote_id, const char *order_id);

#endif							/* OMS_QUOTE_REQUEST_H */
