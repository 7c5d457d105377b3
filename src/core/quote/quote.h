/*-------------------------------------------------------------------------
 *
 * quote.h
 *	  What commands, and the orders that acceptances make, do to quotes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_QUOTE_H
#define OMS_QUOTE_H

#include "postgres.h"

#include "core/decide.h"
#include "core/quote/quote_machine.h"
#include "core/quote_request/quote_request.h"

static inline const Quote *
oms_get_quote(const Decision *d, const char *id)
{
	return (const Quote *) oms_decision_get(d, KIND_QUOTE, id);
}

/* quote.c */
extern Refusal *oms_decide_create_quote(Decision *d);
extern Refusal *oms_decide_replace_quote(Decision *d);

/* quote_end.c: reject, cancel, expire */
extern Refusal *oms_decide_end_quote(Decision *d);

/* quote_accept.c */
extern Refusal *oms_decide_accept_quote(Decision *d);

/* The row fires, and what the caller has changed of it is put. */
extern void oms_put_quote(Decision *d, Quote *quote, const Transition *transition, bool id_is_given);

/* OM004: the machine has no such row. */
extern Refusal *oms_refuse_quote(const Command *command, const Quote *quote);

/* The quotes of a request, as this command has left them so far, the oldest first; of Quote. */
extern List *oms_quotes_of(const Decision *d, const char *request_id);

/*
 * Ends those of a request's quotes that are open, but for one (or NULL): with this
 * trigger and reason; the runner-up as COVER.
 */
extern void oms_end_quotes(Decision *d, const QuoteRequest *request, const char *but_quote_id, QuoteTrigger trigger, const char *reason);

/*
 * Whoever takes the side of a quote: is it the offer that he takes?  Side refers to
 * the currency; where that is the second of a pair it is turned (FIX 4.4 vol. 3, "Quote").
 */
extern bool oms_quote_takes_offer(const char *symbol, const char *currency, const char *side);

/*
 * quote_follow.c: an order that an acceptance made has changed.  Its quote and
 * request are to follow, once all else is decided.
 */
extern Refusal *oms_quotes_follow(Decision *d);

#endif							/* OMS_QUOTE_H */
