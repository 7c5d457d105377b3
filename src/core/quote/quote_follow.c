/*-------------------------------------------------------------------------
 *
 * quote_follow.c
 *	  A quote and its request follow the order that an acceptance made.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.  Whatever a command did to such an order, at its end the quote knows
 * what is executed; and while the dealer has the last look, whether he took it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "base/moment.h"
#include "core/order/order.h"
#include "core/quote/quote.h"

static bool
follow_is_confirmed(const Order *order)
{
	return oms_dec_sign(order->executed_quantity) > 0 || !(order->conditions & (COND_PENDING_NEW | COND_CLOSED));
}

static QuoteTrigger
follow_trigger(const Quote *quote, const Order *order)
{
	if (!oms_quote_is_pending(quote))
		return QUOTE_FILL;
	if (follow_is_confirmed(order))
		return QUOTE_CONFIRM;
	return order->conditions & COND_CLOSED ? QUOTE_REFUSE : QUOTE_FILL;
}

/* Is there another that could be accepted now? */
static bool
follow_is_quoted(const Decision *d, const QuoteRequest *request)
{
	TimestampTz now = oms_decision_now(d);
	ListCell   *cell;

	foreach(cell, oms_quotes_of(d, request->id))
	{
		const Quote *quote = lfirst(cell);

		if (quote->status == QUOTE_STATUS_ACTIVE && quote->valid_until_time > now)
			return true;
	}
	return false;
}

/* The dealer refused: what is still valid may be accepted. */
static QuoteRequestTrigger
follow_reopen(Decision *d, QuoteRequest *request)
{
	bool		is_quoted = follow_is_quoted(d, request) &&
		(request->expire_time == NO_TIME || request->expire_time > oms_decision_now(d));

	if (!is_quoted)
		oms_end_quotes(d, request, NULL, QUOTE_EXPIRE, "REQUEST_EXPIRED");
	return is_quoted ? QUOTE_REQUEST_REOPEN : QUOTE_REQUEST_GIVE_UP;
}

static void
follow_tell_request(Decision *d, const Quote *quote, QuoteTrigger trigger)
{
	const QuoteRequest *found = oms_get_quote_request(d, quote->quote_request_id);
	QuoteRequest request;
	const Transition *transition;
	QuoteRequestTrigger of_request = QUOTE_REQUEST_FILL;

	if (found == NULL)
		oms_damaged("quote request \"%s\" of quote \"%s\" does not exist", quote->quote_request_id, quote->id);
	/* another quote may have been accepted since */
	if (!oms_same_text(found->accepted_quote_id, quote->id))
		return;
	request = *found;
	request.executed_quantity = quote->executed_quantity;
	if (trigger == QUOTE_CONFIRM)
	{
		of_request = QUOTE_REQUEST_CONFIRM;
		oms_end_quotes(d, &request, quote->id, QUOTE_DECLINE, "TRADED_AWAY");
	}
	else if (trigger == QUOTE_REFUSE)
		of_request = follow_reopen(d, &request);
	transition = oms_quote_request_transition(found, of_request, false);
	if (trigger == QUOTE_REFUSE)
	{
		request.accepted_quote_id = request.accepted_order_id = request.cover_quote_id = NULL;
		request.cover_px = request.cover_distance = request.executed_quantity = NULL;
	}
	oms_put_quote_request(d, &request, transition, false);
}

static void
follow_order(Decision *d, const Order *order)
{
	const Quote *found = oms_get_quote(d, order->quote_id);
	QuoteTrigger trigger;
	Quote		quote;

	if (found == NULL)
		oms_damaged("quote \"%s\" of order \"%s\" does not exist", order->quote_id, order->id);
	/* only one that is damaged is accepted by another: oms.verify() says so */
	if (!oms_same_text(found->order_id, order->id))
		return;
	trigger = follow_trigger(found, order);
	if (trigger == QUOTE_FILL && found->executed_quantity && oms_dec_cmp(found->executed_quantity, order->executed_quantity) == 0)
		return;
	quote = *found;
	quote.executed_quantity = order->executed_quantity;
	/* a dealer who refused it, and fills it after all */
	if (order->flags & FLAG_LATE_FILL)
		quote.flags |= FLAG_LATE_FILL;
	if (trigger != QUOTE_FILL)
		quote.answered_at = oms_decision_now(d);
	if (trigger == QUOTE_REFUSE)
		quote.reason = pstrdup(order->conditions & COND_REJECTED ? "LAST_LOOK" : "ORDER_ENDED");
	oms_put_quote(d, &quote, oms_quote_transition(found, trigger, false), false);
	if (quote.quote_request_id)
		follow_tell_request(d, &quote, trigger);
}

Refusal *
oms_quotes_follow(Decision *d)
{
	List	   *orders = NIL;
	ListCell   *cell;
	bool		reached = true;

	foreach(cell, d->changes)
	{
		const Change *change = lfirst(cell);
		const Order *order = (const Order *) change->after;

		if (!change->is_last || change->after->kind != KIND_ORDER || order->quote_id == NULL)
			continue;
		orders = lappend(orders, order->id);
		reached &= oms_decision_reaches(d, KIND_QUOTE, order->quote_id);
	}
	if (!reached)
		return oms_unreached();
	foreach(cell, orders)
		follow_order(d, oms_get_order(d, lfirst(cell)));
	return NULL;
}
