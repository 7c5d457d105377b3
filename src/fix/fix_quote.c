/*-------------------------------------------------------------------------
 *
 * fix_quote.c
 *	  R, AG and S: a request for quotes, its rejection, a quote.
 *
 * Writes nothing itself: every command goes through oms_fix_run().
 *
 * Source: FIX 4.4 (Errata 20030618) volume 3, "Quote Request", "Quote Request
 * Reject", "Quote"; FIX 5.0 SP2 for what has come since.  See doc/fix.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/tree_slot.h"
#include "base/uuid.h"
#include "core/order/order.h"
#include "fix/fix_quote.h"
#include "store/ids.h"
#include "store/sight.h"

/* What R and AG have themselves; all else is of one symbol. */
const int	oms_fix_own_of_quote_request[] = {
	TAG_CL_ORD_ID, TAG_TEXT, TAG_QUOTE_REQ_ID, TAG_NO_RELATED_SYM, 376, 528, 529, 644, TAG_QUOTE_REQUEST_REJECT_REASON, 775, 1091,
	TAG_NO_ROOT_PARTY_IDS, 1171, 1172, 0
};

/* ------------------------------------------------------------------------
 * R
 * ------------------------------------------------------------------------
 */

/* What an R asks for; a message of several symbols is several requests. */
typedef struct QuoteAsked
{
	const FixSpan *span;
	const char *quote_req_id;	/* its name in the session */
	const QuoteRequest *known;	/* that has it already */
	char	   *order_id;		/* that ClOrdID (11) names, or NULL */
} QuoteAsked;

/* ClOrdID may be that of the order that quotes are asked for; any other is kept as it is. */
static char *
quote_asked_order(FixContext *fix, const FixSpan *span)
{
	char	   *cl_ord_id = oms_fix_get_id(&fix->message, TAG_CL_ORD_ID);
	char	   *symbol = oms_fix_get_in(&fix->message, span, TAG_SYMBOL);
	char	   *side = oms_fix_get_in(&fix->message, span, TAG_SIDE);
	const OmsName *name = side ? oms_name_find(oms_side_names, side, strlen(side)) : NULL;
	const Order *order;
	char	   *id;

	if (cl_ord_id == NULL)
		return NULL;
	id = oms_uow_named(fix->uow, NAME_CL_ORD_ID, fix->message.session, cl_ord_id, NULL);
	if (id == NULL)
		id = oms_uow_named(fix->uow, NAME_CL_ORD_ID, "", cl_ord_id, NULL);
	order = id ? (const Order *) oms_uow_peek(fix->uow, KIND_ORDER, id) : NULL;
	if (order == NULL || (symbol && strcmp(symbol, order->symbol) != 0) || (side && (name == NULL || strcmp(name->name, order->side) != 0)))
		return NULL;
	return id;
}

static JsonWriter
quote_asked_command(FixContext *fix, const QuoteAsked *asked, bool first)
{
	static const int skip[] = {TAG_QUOTE_REQ_ID, TAG_CL_ORD_ID, 0};
	const FixMessage *message = &fix->message;
	const FixSession *session = fix->session;
	bool		linked = asked->order_id != NULL;
	JsonWriter	w = oms_fix_quote_command(message, COMMAND_CREATE_QUOTE_REQUEST, asked->span, skip);
	char	   *cl_ord_id = oms_fix_get_id(message, TAG_CL_ORD_ID);

	oms_json_string(&w, "quoteReqID", asked->quote_req_id);
	/* all requests of a message are in one database: where its QuoteReqID says */
	if (!first)
		oms_json_string(&w, "quoteRequestId", asked->known ? asked->known->id :
						oms_new_id(oms_scoped_slot(message->session, oms_fix_get(message, TAG_QUOTE_REQ_ID))));
	if (cl_ord_id)
		oms_json_string(&w, "clOrdID", cl_ord_id);
	if (linked)
		oms_json_string(&w, "orderId", asked->order_id);
	else if (session && session->account && oms_fix_get_in(message, asked->span, TAG_ACCOUNT) == NULL && oms_fix_get(message, TAG_ACCOUNT) == NULL)
		oms_json_string(&w, "account", session->account);
	oms_fix_put_dealers(&w, message, asked->span);
	if (!linked)
		oms_fix_put_class(&w, message, asked->span);
	/* who asked: what he says later is no dealer's */
	oms_json_string(&w, "senderCompID", oms_fix_get(message, TAG_SENDER_COMP_ID));
	return w;
}

/* Equal but for the ids that we gave it. */
static bool
quote_asked_was_told(FixContext *fix, const QuoteAsked *asked, bool first)
{
	JsonWriter	w = quote_asked_command(fix, asked, first);
	const Object *request = oms_uow_object(fix->uow, KIND_QUOTE_REQUEST, asked->known->id);
	Jsonb	   *content;

	oms_json_close_object(&w);
	content = oms_fix_content_of(oms_json_finish(&w), true);
	return request && oms_fix_was_told(fix, request, &content, 1);
}

static Refusal *
quote_asked_check_account(FixContext *fix, const FixSpan *span)
{
	return oms_fix_check_account(fix, oms_fix_get_in(&fix->message, span, TAG_ACCOUNT), true);
}

Refusal *
oms_fix_handle_quote_request(FixContext *fix)
{
	bool		resent = oms_fix_is_resent(&fix->message);
	QuoteNames	names = {fix};
	QuoteAsked *asked;
	FixSpan    *spans;
	int			n = oms_fix_spans(&fix->message, TAG_NO_RELATED_SYM, NULL, &spans);
	char	   *quote_req_id;
	Refusal    *refusal = REQUIRE(fix, TAG_QUOTE_REQ_ID);

	if (refusal == NULL)
		refusal = oms_fix_check_instances(&fix->message, TAG_NO_RELATED_SYM, n);
	if (refusal)
		return refusal;
	quote_req_id = oms_fix_get(&fix->message, TAG_QUOTE_REQ_ID);
	asked = palloc0(sizeof(QuoteAsked) * Max(n, 1));
	for (int i = 0; i < Max(n, 1); i++)
	{
		asked[i].span = n > 0 ? &spans[i] : NULL;
		asked[i].quote_req_id = oms_fix_request_name(quote_req_id, i + 1);
		asked[i].order_id = quote_asked_order(fix, asked[i].span);
		asked[i].known = resent ? oms_fix_named_request(fix, fix->message.session, quote_req_id, i + 1) : NULL;
		if (asked[i].known)
			oms_fix_name_request(&names, asked[i].known);
		if (asked[i].order_id)
			oms_name_object(&names.names, KIND_ORDER, asked[i].order_id, REACH_OWN);
	}
	if (!oms_fix_lock_quotes(&names))
		return NULL;
	for (int i = 0; refusal == NULL && i < Max(n, 1); i++)
	{
		JsonWriter	w;

		CHECK_FOR_INTERRUPTS();
		if (asked[i].known && quote_asked_was_told(fix, &asked[i], i == 0))
		{
			oms_fix_answer_with(fix, &asked[i].known->object, true);
			continue;
		}
		refusal = quote_asked_check_account(fix, asked[i].span);
		if (refusal)
			break;
		w = quote_asked_command(fix, &asked[i], i == 0);
		refusal = oms_fix_run(fix, &w);
	}
	return refusal;
}

/* ------------------------------------------------------------------------
 * AG
 * ------------------------------------------------------------------------
 */

/* He who rejects what he was asked in a session of his own ends it; else he speaks for himself. */
static char *
quote_rejecting_dealer(FixContext *fix, const QuoteRequest *request, const FixSpan *span)
{
	char	   *party = oms_fix_dealer_party(&fix->message, span);

	if (party == NULL && span)
		party = oms_fix_dealer_party(&fix->message, NULL);
	return party || oms_same_text(request->fix_session, fix->message.session) ? party : oms_fix_sender(&fix->message);
}

static JsonWriter
quote_reject_command(FixContext *fix, const QuoteRequest *request, const FixSpan *span)
{
	JsonWriter	w = oms_fix_quote_command(&fix->message, COMMAND_REJECT_QUOTE_REQUEST, span, NULL);
	char	   *dealer = quote_rejecting_dealer(fix, request, span);
	const char *reason = oms_fix_code_name(oms_fix_request_reject_reasons, oms_fix_get(&fix->message, TAG_QUOTE_REQUEST_REJECT_REASON));

	oms_json_string(&w, "quoteRequestId", request->id);
	if (dealer)
		oms_json_string(&w, "dealer", dealer);
	if (reason)
		oms_json_string(&w, "reason", reason);
	return w;
}

static Refusal *
quote_reject_request(FixContext *fix, const QuoteRequest *found, const FixSpan *span)
{
	const QuoteRequest *request = (const QuoteRequest *) oms_uow_object(fix->uow, KIND_QUOTE_REQUEST, found->id);
	JsonWriter	w;

	if (request == NULL)
		return NULL;
	if (oms_fix_is_resent(&fix->message))
	{
		Jsonb	   *content;

		w = quote_reject_command(fix, request, span);
		oms_json_close_object(&w);
		content = oms_fix_content_of(oms_json_finish(&w), true);
		if (oms_fix_was_told(fix, &request->object, &content, 1))
		{
			oms_fix_answer_with(fix, &request->object, true);
			return NULL;
		}
	}
	w = quote_reject_command(fix, request, span);
	return oms_fix_run(fix, &w);
}

Refusal *
oms_fix_handle_quote_request_reject(FixContext *fix)
{
	QuoteNames	names = {fix};
	const QuoteRequest **requests;
	FixSpan    *spans;
	int			n = oms_fix_spans(&fix->message, TAG_NO_RELATED_SYM, NULL, &spans);
	Refusal    *refusal = REQUIRE(fix, TAG_QUOTE_REQ_ID);

	if (refusal == NULL)
		refusal = REQUIRE_EVEN_EMPTY(fix, TAG_QUOTE_REQUEST_REJECT_REASON);
	if (refusal == NULL && n > FIX_QUOTE_ENTRIES_MAX)
		refusal = oms_fix_check_instances(&fix->message, TAG_NO_RELATED_SYM, n);
	if (refusal)
		return refusal;
	requests = palloc0(sizeof(QuoteRequest *) * Max(n, 1));
	for (int i = 0; i < Max(n, 1); i++)
	{
		char	   *symbol = oms_fix_get_in(&fix->message, n > 0 ? &spans[i] : NULL, TAG_SYMBOL);
		RequestMatch match = oms_fix_match_request(fix, oms_fix_get(&fix->message, TAG_QUOTE_REQ_ID), symbol);

		requests[i] = match.request;
		if (match.request && symbol && oms_symbols_differ(symbol, match.request->symbol))
			requests[i] = NULL;
		if (requests[i])
			oms_fix_name_request(&names, requests[i]);
		else
			fix->ignored = match.ambiguous ? "more than one quote request matches" : "the quote request is not known";
	}
	if (!oms_fix_lock_quotes(&names))
		return NULL;
	for (int i = 0; refusal == NULL && i < Max(n, 1); i++)
		if (requests[i])
			refusal = quote_reject_request(fix, requests[i], n > 0 ? &spans[i] : NULL);
	if (fix->results != NIL)
		fix->ignored = NULL;
	return refusal;
}

/* ------------------------------------------------------------------------
 * S
 * ------------------------------------------------------------------------
 */

/* The quote that a Quote may be another version of: of the same dealer, request and instrument, and no entry of a mass quote. */
static bool
quote_may_be(const Quote *quote, const void *arg)
{
	const QuoteOffer *offer = arg;

	return quote->quote_set_id == NULL && quote->quote_entry_id == NULL && oms_same_text(quote->dealer, offer->dealer) &&
		(offer->symbol == NULL || !oms_symbols_differ(offer->symbol, quote->symbol)) &&
		(offer->request == NULL || oms_same_text(quote->quote_request_id, offer->request->id));
}

Refusal *
oms_fix_handle_quote(FixContext *fix)
{
	char	   *quote_req_id = oms_fix_get(&fix->message, TAG_QUOTE_REQ_ID);
	QuoteNames	names = {fix};
	QuoteOffer	offer = {.dealer = oms_fix_dealer(&fix->message), .symbol = oms_fix_get(&fix->message, TAG_SYMBOL)};
	RequestMatch request = {0};
	QuoteMatch	known;
	Refusal    *refusal = REQUIRE(fix, TAG_QUOTE_ID);

	if (refusal)
		return refusal;
	if (quote_req_id && !oms_id_is_none(quote_req_id, strlen(quote_req_id)))
		request = oms_fix_match_request(fix, quote_req_id, offer.symbol);
	offer.request = request.request;
	known = oms_fix_match_quote(fix, fix->message.session, oms_fix_get(&fix->message, TAG_QUOTE_ID), quote_may_be, &offer);
	if (request.ambiguous || known.ambiguous)
		return oms_fix_several(request.ambiguous ? "quote request" : "quote");
	offer.known = known.quote;
	if (offer.known)
		oms_fix_name_quote(&names, offer.known);
	if (offer.request)
		oms_fix_name_request(&names, offer.request);
	if (!oms_fix_lock_quotes(&names))
		return NULL;
	return oms_fix_take_offer(fix, &offer);
}
