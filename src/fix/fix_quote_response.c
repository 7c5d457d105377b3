/*-------------------------------------------------------------------------
 *
 * fix_quote_response.c
 *	  AJ: what whoever asked says to a quote.
 *
 * Writes nothing itself: every command goes through oms_fix_run().
 *
 * Source: FIX 4.4 (Errata 20030618) volume 3, "Quote Response"; FIX 5.0 SP2 for
 * what has come since.  See doc/fix.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/moment.h"
#include "core/order/order.h"
#include "core/order/order_instrument.h"
#include "fix/fix_quote.h"

/* QuoteRespType (694): the response that it is to us; NULL: none. */
static const struct
{
	const char *code;
	bool		hits;
	const char *response;		/* quoteRespType of RejectQuoteCommand */
}			response_types[] = {
	{"1", true, NULL},			/* Hit/Lift */
	{"2", false, "COUNTER"},
	{"3", false, "EXPIRED"},
	{"4", false, "COVER"},
	{"5", false, "DONE_AWAY"},
	{"6", false, "PASS"},
	{"8", false, "EXPIRED"},	/* Timed Out */
	{"9", false, "DONE_AWAY"},	/* Tied */
	{"10", false, "COVER"}		/* Tied Cover */
};

/* The quotes of a request with this QuoteID, whoever gave them. */
static bool
response_is_of_request(const Quote *quote, const char *quote_id, const QuoteRequest *request)
{
	return oms_same_text(quote->quote_id, quote_id) && oms_same_text(quote->quote_request_id, request->id);
}

/* A client knows a dealer's quote by his own QuoteReqID: it came in another session. */
static QuoteMatch
response_match_by_request(FixContext *fix, const char *quote_id)
{
	char	   *quote_req_id = oms_fix_get(&fix->message, TAG_QUOTE_REQ_ID);
	RequestMatch request = {0};
	QuoteMatch	match = {0};
	ListCell   *cell;

	if (quote_req_id)
		request = oms_fix_match_request(fix, quote_req_id, oms_fix_get(&fix->message, TAG_SYMBOL));
	match.ambiguous = request.ambiguous;
	if (request.request == NULL)
		return match;
	foreach(cell, oms_fix_quotes_of_request(fix, request.request->id))
	{
		const Quote *quote = lfirst(cell);

		if (!response_is_of_request(quote, quote_id, request.request))
			continue;
		if (match.quote && match.quote->status == QUOTE_STATUS_ACTIVE && quote->status == QUOTE_STATUS_ACTIVE)
			match.ambiguous = true;
		if (match.quote == NULL || quote->status == QUOTE_STATUS_ACTIVE)
			match.quote = quote;
	}
	if (match.ambiguous)
		match.quote = NULL;
	return match;
}

/* In the session, else by the request that is named, else among those of SQL callers. */
static QuoteMatch
response_match(FixContext *fix)
{
	char	   *quote_id = oms_fix_get(&fix->message, TAG_QUOTE_ID);
	QuoteMatch	match = oms_fix_match_named_quote(fix, fix->message.session, true);

	if (match.quote || match.ambiguous || quote_id == NULL)
		return match;
	match = response_match_by_request(fix, quote_id);
	return match.quote || match.ambiguous ? match : oms_fix_match_named_quote(fix, "", true);
}

/*
 * The price that he takes: Price (44) where it is one, else the one of the two
 * sides that his is.  A quote that was replaced meanwhile is at another.
 */
static char *
response_price(const FixMessage *message, const Quote *quote)
{
	char	   *price_type = oms_fix_get(message, TAG_PRICE_TYPE);
	char	   *price = oms_fix_get(message, TAG_PRICE);
	char	   *side = oms_fix_get(message, TAG_SIDE);
	const OmsName *name = side ? oms_name_find(oms_side_names, side, strlen(side)) : NULL;
	bool		bid = oms_fix_get(message, TAG_BID_PX) != NULL;
	bool		offer = oms_fix_get(message, TAG_OFFER_PX) != NULL;

	/* per cent, per unit, a fixed amount, or whatever the quote's own are */
	if (price_type && (strlen(price_type) != 1 || strchr("123", price_type[0]) == NULL) &&
		!oms_same_text(price_type, oms_fix_text(quote->fix, "priceType")))
		return NULL;
	if (price)
		return price;
	if (name)
	{
		bid = bid && !oms_quote_takes_offer(quote->symbol, quote->currency, name->name);
		offer = offer && oms_quote_takes_offer(quote->symbol, quote->currency, name->name);
	}
	if (bid == offer)
		return NULL;
	return oms_fix_get(message, bid ? TAG_BID_PX : TAG_OFFER_PX);
}

static Refusal *
response_differs(const Quote *quote, const char *field, const char *given, const char *has)
{
	return oms_refuse_by_rule("quote_differs", psprintf("the response names another %s than quote \"%s\" has", field, quote->id),
							  "%s is %s, the quote's is %s.", field, given, has);
}

/*
 * What is dealt has the quote's currency, account and settlement.  Its side is
 * that of the currency: a hit in the other one of a pair would deal the other way.
 */
static Refusal *
response_check_particulars(FixContext *fix, const Quote *quote)
{
	const FixMessage *message = &fix->message;
	const QuoteRequest *request = quote->quote_request_id ?
		(const QuoteRequest *) oms_uow_object(fix->uow, KIND_QUOTE_REQUEST, quote->quote_request_id) : NULL;
	/* a dealer's quote may have an account of his own */
	const char *account = request ? request->account : NULL;
	char	   *currency = oms_fix_get(message, TAG_CURRENCY);
	char	   *given = oms_fix_get(message, TAG_ACCOUNT);
	char	   *settl_date = oms_fix_get(message, TAG_SETTL_DATE);
	char	   *settl_date2 = oms_fix_get(message, TAG_SETTL_DATE2);
	const char *quoted_date2 = oms_fix_text(quote->fix, "settlDate2");
	char		text[MOMENT_TEXT_SIZE];
	DateADT		date;

	if (currency && (quote->currency ? strcmp(currency, quote->currency) != 0 : oms_is_second_of_pair(quote->symbol, currency)))
		return response_differs(quote, "currency", currency, quote->currency ? quote->currency : "the first of its symbol");
	if (given && account && strcmp(given, account) != 0)
		return response_differs(quote, "account", given, account);
	if (settl_date2 && quoted_date2 && strcmp(settl_date2, quoted_date2) != 0)
		return response_differs(quote, "settlDate2", settl_date2, quoted_date2);
	if (settl_date == NULL || quote->settl_date == NO_DATE ||
		(oms_date_parse(settl_date, strlen(settl_date), &date) && date == quote->settl_date))
		return NULL;
	oms_date_text(quote->settl_date, text);
	return response_differs(quote, "settlDate", settl_date, text);
}

static JsonWriter
response_hit(FixContext *fix, const Quote *quote)
{
	static const int skip[] = {TAG_PRICE, TAG_BID_PX, TAG_OFFER_PX, 0};
	const FixMessage *message = &fix->message;
	JsonWriter	w = oms_fix_quote_command(message, COMMAND_ACCEPT_QUOTE, NULL, skip);
	const FixSession *session = quote->fix_session ? oms_fix_session(quote->fix_session) : NULL;
	char	   *price = response_price(message, quote);

	oms_json_string(&w, "quoteId", quote->id);
	if (price)
		oms_json_string(&w, "price", price);
	if (session && session->last_look)
		oms_json_bool(&w, "pending", true);
	return w;
}

static JsonWriter
response_rejection(FixContext *fix, const Quote *quote, const char *response)
{
	JsonWriter	w = oms_fix_quote_command(&fix->message, COMMAND_REJECT_QUOTE, NULL, NULL);

	oms_json_string(&w, "quoteId", quote->id);
	oms_json_string(&w, "quoteRespType", response);
	return w;
}

static JsonWriter
response_command(FixContext *fix, const Quote *quote, int type)
{
	return response_types[type].hits ? response_hit(fix, quote) : response_rejection(fix, quote, response_types[type].response);
}

/* He hit it, and the dealer has the last look: he cannot think better of it. */
static Refusal *
response_check_pending(const Quote *quote, int type)
{
	if (response_types[type].hits || !oms_quote_is_pending(quote))
		return NULL;
	return oms_refuse_by_rule("acceptance_pending", psprintf("quote \"%s\" is accepted, and its dealer has the last look", quote->id),
							  "acceptedOrderId is %s; the response is %s.", quote->order_id, response_types[type].response);
}

/* Who quotes does not answer himself: he sent it for his session, or it was asked for in this one by somebody else. */
static bool
response_is_dealers(FixContext *fix, const Quote *quote)
{
	const QuoteRequest *request;

	if (!oms_same_text(quote->fix_session, fix->message.session))
		return false;
	if (oms_same_text(quote->dealer, oms_fix_sender(&fix->message)))
		return true;
	request = quote->quote_request_id ? (const QuoteRequest *) oms_uow_object(fix->uow, KIND_QUOTE_REQUEST, quote->quote_request_id) : NULL;
	return request && oms_same_text(request->fix_session, fix->message.session) && !oms_fix_is_asker(fix, request);
}

static int
response_type(const FixMessage *message)
{
	for (int i = 0; i < lengthof(response_types); i++)
		if (oms_fix_is(message, TAG_QUOTE_RESP_TYPE, response_types[i].code))
			return i;
	return -1;
}

Refusal *
oms_fix_handle_quote_response(FixContext *fix)
{
	int			type = response_type(&fix->message);
	QuoteNames	names = {fix};
	QuoteMatch	match;
	const Quote *quote;
	JsonWriter	w;
	Jsonb	   *content;
	Refusal    *refusal = REQUIRE(fix, TAG_QUOTE_RESP_ID, TAG_QUOTE_RESP_TYPE);

	if (refusal)
		return refusal;
	if (type < 0)
	{
		fix->ignored = "this QuoteRespType (694) stands for no command";
		return NULL;
	}
	match = response_match(fix);
	if (match.quote == NULL)
		return match.ambiguous ? oms_fix_several("quote") : oms_refuse(OMS_NO_SUCH_OBJECT, "the quote is not known");
	oms_fix_name_quote(&names, match.quote);
	if (!oms_fix_lock_quotes(&names))
		return NULL;
	quote = (const Quote *) oms_uow_object(fix->uow, KIND_QUOTE, match.quote->id);
	/* the caller may see it no more */
	if (quote == NULL)
		return oms_refuse(OMS_NO_SUCH_OBJECT, "the quote is not known");
	if (response_is_dealers(fix, quote))
	{
		fix->ignored = "who quotes does not answer himself";
		return NULL;
	}
	if (oms_fix_is_resent(&fix->message))
	{
		w = response_command(fix, quote, type);
		oms_json_close_object(&w);
		content = oms_fix_content_of(oms_json_finish(&w), true);
		if (oms_fix_was_told(fix, &quote->object, &content, 1))
		{
			oms_fix_answer_with(fix, &quote->object, true);
			return NULL;
		}
	}
	refusal = response_check_pending(quote, type);
	if (refusal == NULL && response_types[type].hits)
		refusal = response_check_particulars(fix, quote);
	if (refusal)
		return refusal;
	w = response_command(fix, quote, type);
	return oms_fix_run(fix, &w);
}
