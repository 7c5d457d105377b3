/*-------------------------------------------------------------------------
 *
 * quote_record.h
 *	  What a quote is: its struct and its columns.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_QUOTE_RECORD_H
#define OMS_QUOTE_RECORD_H

#include "postgres.h"
#include "utils/date.h"

#include "base/record.h"
#include "core/object.h"
#include "core/quote/quote_terms.h"

typedef enum QuoteStatus
{
	QUOTE_STATUS_NONE,			/* of one that no event was written of yet */
	QUOTE_STATUS_ACTIVE,
	QUOTE_STATUS_ACCEPTED,
	QUOTE_STATUS_DECLINED,
	QUOTE_STATUS_REJECTED,
	QUOTE_STATUS_CANCELLED,
	QUOTE_STATUS_EXPIRED
} QuoteStatus;

typedef struct Quote
{
	OBJECT_HEAD;
	char	   *quote_request_id;	/* NULL: nobody asked for it, and it is a tree of its own */
	int			status;			/* QuoteStatus */
	uint32		flags;
	char	   *quote_id;
	char	   *quote_req_id;
	char	   *quote_set_id;
	char	   *quote_entry_id;
	char	   *fix_session;
	char	   *dealer;
	char	   *quote_type;
	char	   *symbol;
	char	   *currency;
	char	   *account;
	char	   *settl_type;
	DateADT		settl_date;
	QuoteFigures figures;
	TimestampTz valid_until_time;
	TimestampTz transact_time;
	char	   *superseded_quote_id;	/* the quote of the same dealer that it took the place of … */
	char	   *superseding_quote_id;	/* … and the other way round */

	/* its acceptance */
	char	   *side;			/* of who accepted */
	char	   *order_id;		/* the order that it made; while the quote is ACTIVE, the dealer has the last look */
	Numeric		accepted_quantity;
	Numeric		accepted_px;
	TimestampTz accepted_at;
	TimestampTz answered_at;	/* when the dealer confirmed or refused it: what lies between is his hold time */
	Numeric		executed_quantity;	/* what the order has executed */

	char	   *reason;
	char	   *text;
	Jsonb	   *legs;
	Jsonb	   *fix;
	Jsonb	   *attributes;
} Quote;

/* What quotes are looked up by; the first is the id. */
enum QuoteKey
{
	QUOTE_BY_REQUEST = 1,
	QUOTE_OPEN_IN_SESSION,		/* the open ones of a FIX session, … */
	QUOTE_OPEN_ENTRY,			/* … those that are this entry of a mass quote */
	QUOTE_KEYS
};

extern const RecordDef oms_quote_def;

extern const OmsName oms_quote_status_names[];
extern const OmsName oms_quote_type_names[];	/* QuoteType (537) */
extern const OmsName oms_quote_resp_type_names[];	/* QuoteRespType (694) */

/* Of a request's tree, or of its own. */
extern bool oms_quote_is_root(const Object *quote);

/* The dealer has not answered its acceptance yet. */
static inline bool
oms_quote_is_pending(const Quote *quote)
{
	return quote->status == QUOTE_STATUS_ACTIVE && quote->order_id != NULL;
}

#endif							/* OMS_QUOTE_RECORD_H */
