/*-------------------------------------------------------------------------
 *
 * quote_accept.c
 *	  A quote is accepted, and becomes an order.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.  The events come in this order: the new order, and those above it; the
 * quote; the others of its request, which are declined; the request.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 3, "Quote", "Quote Response"; volume 4,
 * "New Order - Single" (OrdType D, QuoteID).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/moment.h"
#include "core/desk/desk.h"
#include "core/order/order_commands.h"
#include "core/order/order_instrument.h"
#include "core/quote/quote.h"

/* What is dealt. */
typedef struct Deal
{
	const Quote *quote;
	const QuoteRequest *request;	/* NULL: nobody asked */
	const char *side;
	bool		takes_offer;
	Numeric		px;
	Numeric		quantity;
} Deal;

/* ------------------------------------------------------------------------
 * may it be dealt?
 * ------------------------------------------------------------------------
 */

static Refusal *
accept_check_time(const Command *command, ObjectKind kind, const char *id, const char *field, TimestampTz time, TimestampTz now)
{
	char		text[MOMENT_TEXT_SIZE];

	if (time == NO_TIME || time > now)
		return NULL;
	oms_time_text(time, text);
	return oms_refuse_by_rule("quote_expired", psprintf("%s \"%s\" is over", oms_kind_noun(kind), id),
							  "its %s is %s.", field, text);
}

static Refusal *
accept_check_open(const Decision *d, const Deal *deal)
{
	const Command *command = d->command;
	const QuoteRequest *request = deal->request;
	TimestampTz now = oms_decision_now(d);
	Refusal    *refusal;

	if (oms_quote_transition(deal->quote, oms_command_trigger(command), false) == NULL)
		return oms_refuse_quote(command, deal->quote);
	if (request && oms_quote_request_is_pending(request))
		return oms_refuse_acceptance_pending(command, request->accepted_quote_id, request->accepted_order_id);
	if (request && !oms_quote_request_is_open(request))
		return oms_refuse(OMS_NO_TRANSITION, "%s is not possible for quote \"%s\": its quote request \"%s\" is %s", command->def->name,
						  deal->quote->id, request->id, oms_name_of(oms_quote_request_status_names, request->status));
	if (strcmp(deal->quote->quote_type, "INDICATIVE") == 0)
		return oms_refuse_by_rule("not_tradeable", psprintf("quote \"%s\" cannot be accepted", deal->quote->id), "its quoteType is INDICATIVE.");
	refusal = accept_check_time(command, KIND_QUOTE, deal->quote->id, "validUntilTime", deal->quote->valid_until_time, now);
	if (refusal == NULL && request)
		refusal = accept_check_time(command, KIND_QUOTE_REQUEST, request->id, "expireTime", request->expire_time, now);
	return refusal;
}

static Refusal *
accept_missing(const Command *command, const char *field, const char *why)
{
	return oms_with_detail(oms_refuse(OMS_MALFORMED, "%s needs field \"%s\"", command->def->name, field), "%s", why);
}

/* The side: as given, else the one that was asked for, else the only one that is quoted. */
static Refusal *
accept_take_side(const Command *command, Deal *deal)
{
	const Quote *quote = deal->quote;
	const char *asked = deal->request ? deal->request->side : NULL;
	bool		two_sided = quote->figures.bid_px && quote->figures.offer_px;

	deal->side = command->side ? command->side : asked;
	if (deal->side == NULL && two_sided)
		return accept_missing(command, "side", "The quote has two sides.");
	if (deal->side == NULL)
		deal->side = oms_quote_takes_offer(quote->symbol, quote->currency, "BUY") == (quote->figures.offer_px != NULL) ? "BUY" : "SELL";
	if (!oms_sides_are_kin(deal->side, "BUY") && !oms_sides_are_kin(deal->side, "SELL"))
		return oms_with_detail(oms_refuse(OMS_MALFORMED, "%s has a side that takes neither bid nor offer", command->def->name), "It is %s.", deal->side);
	if (asked && strcmp(asked, deal->side) != 0)
		return oms_refuse_by_rule("side_not_asked", psprintf("quote \"%s\" is accepted on another side than was asked for", quote->id),
								  "side is %s, the request's is %s.", deal->side, asked);
	deal->takes_offer = oms_quote_takes_offer(quote->symbol, quote->currency, deal->side);
	deal->px = deal->takes_offer ? quote->figures.offer_px : quote->figures.bid_px;
	if (deal->px)
		return NULL;
	return oms_refuse_by_rule("side_not_quoted", psprintf("quote \"%s\" does not quote that side", quote->id), "side %s takes %s, which it has not.",
							  deal->side, deal->takes_offer ? "offerPx" : "bidPx");
}

static Refusal *
accept_check_price(const Command *command, const Deal *deal)
{
	if (command->terms.price == NULL || oms_dec_cmp(command->terms.price, deal->px) == 0)
		return NULL;
	return oms_with_hint(oms_refuse_by_rule("price_differs", psprintf("quote \"%s\" is at another price", deal->quote->id),
											"price %s is named; it quotes %s.", oms_dec_text(command->terms.price), oms_dec_text(deal->px)),
						 "It may have been replaced: read it again.");
}

static Refusal *
accept_refuse_quantity(const Deal *deal, const char *rule, const char *field, Numeric bound)
{
	return oms_refuse_by_rule(rule, psprintf("quote \"%s\" cannot be accepted for this quantity", deal->quote->id), "orderQty is %s, %s is %s.",
							  oms_dec_text(deal->quantity), field, oms_dec_text(bound));
}

/* Within the size and the request; where neither is said, as it is asked for. */
static Refusal *
accept_take_quantity(const Command *command, Deal *deal)
{
	const QuoteFigures *figures = &deal->quote->figures;
	Numeric		size = deal->takes_offer ? figures->offer_size : figures->bid_size;
	Numeric		least = deal->takes_offer ? figures->min_offer_size : figures->min_bid_size;
	Numeric		asked = deal->request ? deal->request->order_qty : NULL;

	deal->quantity = command->terms.order_qty ? command->terms.order_qty : asked ? asked : size;
	if (deal->quantity == NULL)
		return accept_missing(command, "orderQty", "Neither the quote nor its request has a quantity.");
	if (size && oms_dec_cmp(deal->quantity, size) > 0)
		return accept_refuse_quantity(deal, "over_size", deal->takes_offer ? "offerSize" : "bidSize", size);
	if (asked && oms_dec_cmp(deal->quantity, asked) > 0)
		return accept_refuse_quantity(deal, "over_size", "the request's orderQty", asked);
	if (least && oms_dec_cmp(deal->quantity, least) < 0)
		return accept_refuse_quantity(deal, "below_min_size", deal->takes_offer ? "minOfferSize" : "minBidSize", least);
	if (oms_dec_sign(deal->quantity) <= 0)
		return accept_refuse_quantity(deal, "below_min_size", "the least", oms_dec_zero());
	return NULL;
}

/* ------------------------------------------------------------------------
 * the order
 * ------------------------------------------------------------------------
 */

/* The second leg of a swap; its quantity is that of the hit, or the quoted one where all of that is dealt. */
static void
accept_put_second_leg(JsonWriter *w, const Command *command, const Deal *deal)
{
	const char *date = oms_fix_text(deal->quote->fix, "settlDate2");
	const char *quantity = oms_fix_text(command->fix, "orderQty2");

	if (date == NULL && deal->request)
		date = oms_fix_text(deal->request->fix, "settlDate2");
	if (quantity == NULL && command->terms.order_qty == NULL)
		quantity = oms_fix_text(deal->quote->fix, "orderQty2");
	if (date)
		oms_json_string(w, "settlDate2", date);
	if (quantity)
		oms_json_string(w, "orderQty2", quantity);
}

/* What the order's message to the dealer has besides. */
static Jsonb *
accept_fix_of(const Command *command, const Deal *deal)
{
	JsonWriter	w = {0};
	Jsonb	   *asked = deal->request ? deal->request->fix : deal->quote->fix;
	const char *name;
	int			next = 0;

	oms_json_open_object(&w);
	if (deal->quote->quote_id)
		oms_json_string(&w, "quoteID", deal->quote->quote_id);
	if (deal->quote->settl_type)
		oms_json_string(&w, "settlType", deal->quote->settl_type);
	if (deal->quote->settl_date != NO_DATE)
		oms_json_date(&w, "settlDate", deal->quote->settl_date);
	accept_put_second_leg(&w, command, deal);
	while ((name = oms_instrument_field(&next)) != NULL)
	{
		char	   *value = oms_fix_text(asked, name);

		if (value)
			oms_json_string(&w, name, value);
	}
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

/* For whom: as was asked for; who accepts what is for nobody in particular says it himself. */
static Refusal *
accept_take_account(const Command *command, const Deal *deal, const Order *parent, Command *create)
{
	const char *account = deal->request && deal->request->account ? deal->request->account : deal->quote->account;

	if (account == NULL && parent)
		account = parent->account;
	if (account == NULL)
		return NULL;
	/* dealers write an account of their own into their messages */
	if (command->account && command->fix_message == NULL && strcmp(command->account, account) != 0)
		return oms_refuse_by_rule("request_differs", psprintf("%s names another account than quote \"%s\" is for", command->def->name, deal->quote->id),
								  "account is %s, it is for %s.", command->account, account);
	create->account = pstrdup(account);
	return NULL;
}

static Command *
accept_order_command(const Command *command, const Deal *deal)
{
	Command    *create = palloc(sizeof(Command));

	*create = *command;
	create->def = &oms_command_defs[COMMAND_CREATE_ORDER];
	create->pending = TRI_TRUE;
	create->symbol = deal->quote->symbol;
	create->side = pstrdup(deal->side);
	create->terms.order_qty = deal->quantity;
	create->terms.price = deal->px;
	create->terms.ord_type = "PREVIOUSLY_QUOTED";
	if (create->terms.time_in_force == NULL)
		create->terms.time_in_force = "FILL_OR_KILL";
	create->currency = deal->quote->currency;
	create->asset_class = deal->request ? deal->request->asset_class : NULL;
	create->attributes_from = deal->request ? deal->request->attributes : NULL;
	create->destination = deal->quote->dealer;
	create->fix = accept_fix_of(command, deal);
	create->quote.object_id = deal->quote->id;
	return create;
}

/* A root, or a child of the client order that the request names. */
static Refusal *
accept_make_order(Decision *d, const Deal *deal, Order *order)
{
	Command    *create = accept_order_command(d->command, deal);
	const char *parent_id = deal->request ? deal->request->order_id : NULL;
	const Order *parent = NULL;
	Refusal    *refusal;

	if (parent_id)
	{
		if (!oms_decision_reaches(d, KIND_ORDER, parent_id))
			return oms_unreached();
		parent = oms_get_order(d, parent_id);
		if (parent == NULL)
			return oms_no_such(KIND_ORDER, parent_id);
		refusal = oms_desk_check_placement(d, parent_id);
		if (refusal)
			return refusal;
	}
	refusal = accept_take_account(d->command, deal, parent, create);
	if (refusal)
		return refusal;
	/* one transaction makes it and changes the quote: both are of one slot */
	return oms_create_in_tree(d, create, parent, deal->quote->root_id, order);
}

/* ------------------------------------------------------------------------
 * the request
 * ------------------------------------------------------------------------
 */

/* How much worse is the price, for who takes that side?  Negative: it is better. */
static Numeric
accept_distance(const Deal *deal, Numeric px)
{
	return deal->takes_offer ? oms_dec_sub(px, deal->px) : oms_dec_sub(deal->px, px);
}

/* The runner-up among those that could have been dealt instead; the older one of two. */
static void
accept_find_cover(const Decision *d, const Deal *deal, QuoteRequest *request)
{
	TimestampTz now = oms_decision_now(d);
	ListCell   *cell;

	request->cover_quote_id = NULL;
	request->cover_px = request->cover_distance = NULL;
	foreach(cell, oms_quotes_of(d, request->id))
	{
		const Quote *quote = lfirst(cell);
		Numeric		px = deal->takes_offer ? quote->figures.offer_px : quote->figures.bid_px;
		Numeric		distance;

		if (strcmp(quote->id, deal->quote->id) == 0 || quote->status != QUOTE_STATUS_ACTIVE || px == NULL ||
			strcmp(quote->quote_type, "INDICATIVE") == 0 || quote->valid_until_time <= now)
			continue;
		distance = accept_distance(deal, px);
		if (request->cover_distance && oms_dec_cmp(distance, request->cover_distance) >= 0)
			continue;
		request->cover_quote_id = quote->id;
		request->cover_px = px;
		request->cover_distance = distance;
	}
}

static void
accept_tell_request(Decision *d, const Deal *deal, const Order *order, bool pending)
{
	QuoteRequest request = *deal->request;

	request.accepted_quote_id = deal->quote->id;
	request.accepted_order_id = order->id;
	request.executed_quantity = oms_dec_zero();
	accept_find_cover(d, deal, &request);
	if (!pending)
		oms_end_quotes(d, &request, deal->quote->id, QUOTE_DECLINE, "TRADED_AWAY");
	oms_put_quote_request(d, &request, oms_quote_request_transition(deal->request, pending ? QUOTE_REQUEST_HIT : QUOTE_REQUEST_ACCEPT, false),
						  false);
}

Refusal *
oms_decide_accept_quote(Decision *d)
{
	const Command *command = d->command;
	Deal		deal = {.quote = oms_get_quote(d, command->quote.object_id)};
	QuoteTrigger trigger = oms_command_trigger(command);
	Order		order;
	Quote		quote;
	Refusal    *refusal;

	if (deal.quote == NULL)
		return oms_no_such(KIND_QUOTE, command->quote.object_id);
	if (deal.quote->quote_request_id)
		deal.request = oms_get_quote_request(d, deal.quote->quote_request_id);
	refusal = oms_check_version(command, KIND_QUOTE, deal.quote->id, deal.quote->version);
	if (refusal == NULL)
		refusal = accept_check_open(d, &deal);
	if (refusal == NULL)
		refusal = accept_take_side(command, &deal);
	if (refusal == NULL)
		refusal = accept_check_price(command, &deal);
	if (refusal == NULL)
		refusal = accept_take_quantity(command, &deal);
	if (refusal == NULL)
		refusal = accept_make_order(d, &deal, &order);
	if (refusal)
		return refusal;
	quote = *deal.quote;
	quote.side = order.side;
	quote.order_id = order.id;
	quote.accepted_quantity = deal.quantity;
	quote.accepted_px = deal.px;
	quote.accepted_at = oms_decision_now(d);
	quote.executed_quantity = oms_dec_zero();
	oms_put_quote(d, &quote, oms_quote_transition(deal.quote, trigger, false), false);
	if (deal.request)
		accept_tell_request(d, &deal, &order, trigger == QUOTE_HIT);
	oms_decision_about(d, KIND_QUOTE, quote.id, false);
	return NULL;
}
