/*-------------------------------------------------------------------------
 *
 * quote_request.c
 *	  The commands of requests for quotes.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.  The end of a request ends its quotes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/json.h"
#include "base/moment.h"
#include "core/attributes.h"
#include "core/order/order.h"
#include "core/quote/quote.h"

void
oms_put_quote_request(Decision *d, QuoteRequest *request, const Transition *transition, bool id_is_given)
{
	oms_quote_request_evolve(request, transition);
	oms_decision_put(d, &request->object, transition, id_is_given);
}

Refusal *
oms_refuse_acceptance_pending(const Command *command, const char *quote_id, const char *order_id)
{
	return oms_with_hint(oms_refuse_by_rule("acceptance_pending",
											psprintf("%s is not possible while the dealer has the last look at quote \"%s\"",
													 command->def->name, quote_id),
											"acceptedOrderId is %s; the dealer accepts, fills or rejects it.", order_id),
						 "What the dealer reports of the order, or RejectQuoteCommand, ends the wait.");
}

/* ------------------------------------------------------------------------
 * creation
 * ------------------------------------------------------------------------
 */

/* What the client order that quotes are asked for has, the request need not say. */
static Refusal *
quote_request_take_order(Decision *d, QuoteRequest *request)
{
	const Command *command = d->command;
	const Order *order = oms_get_order(d, command->order_id);
	const struct
	{
		const char *field;
		char	  **has;
		char	   *order_has;
	}			terms[] = {
		{"symbol", &request->symbol, order ? order->symbol : NULL},
		{"side", &request->side, order ? order->side : NULL},
		{"account", &request->account, order ? order->account : NULL},
		{"currency", &request->currency, order ? order->currency : NULL},
		{"assetClass", &request->asset_class, order ? order->asset_class : NULL}
	};

	if (order == NULL)
		return oms_no_such(KIND_ORDER, command->order_id);
	for (int i = 0; i < lengthof(terms); i++)
	{
		if (*terms[i].has && terms[i].order_has && strcmp(*terms[i].has, terms[i].order_has) != 0)
			return oms_refuse_by_rule("order_differs", psprintf("%s names another %s than order \"%s\" has", command->def->name,
																terms[i].field, order->id),
									  "%s is %s, the order's is %s.", terms[i].field, *terms[i].has, terms[i].order_has);
		if (*terms[i].has == NULL)
			*terms[i].has = terms[i].order_has;
	}
	if (request->order_qty == NULL)
		request->order_qty = order->unplaced_quantity;
	request->order_id = order->id;
	return NULL;
}

static Refusal *
quote_request_take_name(Decision *d, const QuoteRequest *request)
{
	const char *owner;

	if (request->quote_req_id == NULL)
		return NULL;
	owner = d->source->named(d->source, NAME_QUOTE_REQ_ID, request->fix_session ? request->fix_session : "", request->quote_req_id);
	if (owner)
		return oms_with_detail(oms_refuse(OMS_DUPLICATE, "quoteReqID \"%s\" is already used", request->quote_req_id),
							   "It is known for quote request \"%s\".", owner);
	oms_decision_name(d, NAME_QUOTE_REQ_ID, request->fix_session, request->quote_req_id, request->id);
	return NULL;
}

Refusal *
oms_decide_create_quote_request(Decision *d)
{
	const Command *command = d->command;
	const QuoteTerms *terms = &command->quote;
	bool		id_is_given = terms->request_id != NULL;
	QuoteRequest request;
	Refusal    *refusal = id_is_given ? oms_check_new_id(d, KIND_QUOTE_REQUEST, terms->request_id, true) : NULL;

	oms_record_init(&oms_quote_request_def, &request);
	request.quote_req_id = terms->quote_req_id;
	request.fix_session = command->fix_session;
	request.symbol = command->symbol;
	request.side = command->side;
	request.order_qty = command->terms.order_qty;
	request.quote_type = terms->quote_type;
	request.account = command->account;
	request.currency = command->currency;
	request.asset_class = command->asset_class;
	request.settl_type = terms->settl_type;
	request.settl_date = command->settl_date;
	request.expire_time = command->terms.expire_time;
	request.transact_time = command->transact_time;
	request.multiple_quotes = terms->multiple_quotes == TRI_TRUE;
	request.dealers = terms->dealers;
	request.legs = terms->legs;
	request.text = command->text;
	request.fix = command->fix;
	request.attributes = command->attributes;
	if (refusal == NULL && command->order_id)
		refusal = quote_request_take_order(d, &request);
	if (refusal == NULL && request.symbol == NULL)
		refusal = oms_with_detail(oms_refuse(OMS_MALFORMED, "%s needs field \"symbol\"", command->def->name),
								  "Only where it names an order can it be left out.");
	if (refusal == NULL)
		refusal = oms_attributes_make(d, command, request.asset_class, ATTRIBUTES_OF_ORDER,
									  request.order_id ? oms_get_order(d, request.order_id)->attributes : NULL, &request.attributes);
	if (refusal)
		return refusal;
	request.id = id_is_given ? terms->request_id : oms_decision_new_id(d, NULL);
	request.root_id = request.id;
	refusal = oms_check_version(command, KIND_QUOTE_REQUEST, request.id, 0);
	if (refusal == NULL)
		refusal = quote_request_take_name(d, &request);
	if (refusal)
		return refusal;
	oms_put_quote_request(d, &request, oms_quote_request_transition(&request, QUOTE_REQUEST_CREATE, false), id_is_given);
	oms_decision_about(d, KIND_QUOTE_REQUEST, request.id, false);
	return NULL;
}

/* ------------------------------------------------------------------------
 * its end
 * ------------------------------------------------------------------------
 */

static Refusal *
quote_request_find(const Decision *d, const QuoteRequest **request)
{
	const char *id = d->command->quote.request_id;

	*request = oms_get_quote_request(d, id);
	if (*request == NULL)
		return oms_no_such(KIND_QUOTE_REQUEST, id);
	return oms_check_version(d->command, KIND_QUOTE_REQUEST, id, (*request)->version);
}

Refusal *
oms_refuse_quote_request(const Command *command, const QuoteRequest *request)
{
	if (oms_quote_request_is_pending(request))
		return oms_refuse_acceptance_pending(command, request->accepted_quote_id, request->accepted_order_id);
	return oms_with_detail(oms_refuse(OMS_NO_TRANSITION, "%s is not possible for quote request \"%s\" in status %s", command->def->name,
									  request->id, oms_name_of(oms_quote_request_status_names, request->status)),
						   "Its acceptedQuoteId is %s.", request->accepted_quote_id ? request->accepted_quote_id : "null");
}

/* What the end of a request does to its quotes, and how they say so. */
static const struct
{
	QuoteRequestTrigger trigger;
	QuoteTrigger of_quotes;
	const char *reason;
}			quote_request_ends[] = {
	{QUOTE_REQUEST_REJECT, QUOTE_CANCEL, "REQUEST_REJECTED"},
	{QUOTE_REQUEST_CANCEL, QUOTE_CANCEL, "REQUEST_CANCELLED"},
	{QUOTE_REQUEST_EXPIRE, QUOTE_EXPIRE, "REQUEST_EXPIRED"}
};

static Refusal *
quote_request_end(Decision *d, QuoteRequest *request, QuoteRequestTrigger trigger)
{
	/* what comes by a message has happened, whatever we think of it */
	const Transition *transition = oms_quote_request_transition(request, trigger, d->command->fix_message != NULL);

	if (transition == NULL)
		return oms_refuse_quote_request(d->command, request);
	for (int i = 0; i < lengthof(quote_request_ends); i++)
		if (quote_request_ends[i].trigger == trigger && transition->sets != 0)
			oms_end_quotes(d, request, NULL, quote_request_ends[i].of_quotes, quote_request_ends[i].reason);
	if (d->command->reason && transition->sets != 0)
		request->reason = d->command->reason;
	if (d->command->text)
		request->text = d->command->text;
	oms_put_quote_request(d, request, transition, false);
	oms_decision_about(d, KIND_QUOTE_REQUEST, request->id, false);
	return NULL;
}

Refusal *
oms_decide_end_quote_request(Decision *d)
{
	const QuoteRequest *found;
	QuoteRequest request;
	Refusal    *refusal = quote_request_find(d, &found);

	if (refusal)
		return refusal;
	request = *found;
	return quote_request_end(d, &request, oms_command_trigger(d->command));
}

/* ------------------------------------------------------------------------
 * dealers who do not quote
 * ------------------------------------------------------------------------
 */

static bool
quote_request_has_rejected(const QuoteRequest *request, const char *dealer)
{
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;

	if (request->rejections == NULL)
		return false;
	it = JsonbIteratorInit(&request->rejections->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_ELEM && oms_same_text(oms_json_get_string(JsonbValueToJsonb(&v), "dealer"), dealer))
			return true;
	return false;
}

static void
quote_request_add_rejection(QuoteRequest *request, const Command *command, TimestampTz now)
{
	JsonWriter	w = {0};
	JsonbIterator *it = request->rejections ? JsonbIteratorInit(&request->rejections->root) : NULL;
	JsonbValue	v;
	JsonbIteratorToken token;

	oms_json_open_array(&w);
	while (it && (token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_ELEM)
			oms_json_scalar(&w, NULL, &v);
	oms_json_open_object(&w);
	oms_json_string(&w, "dealer", command->quote.dealer);
	if (command->reason)
		oms_json_string(&w, "reason", command->reason);
	oms_json_time(&w, "at", now);
	oms_json_close_object(&w);
	oms_json_close_array(&w);
	request->rejections = oms_json_finish(&w);
}

/* Is there one of those who were asked that may still quote?  Where it is not said who was, there may be. */
static bool
quote_request_waits(const QuoteRequest *request)
{
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;

	if (request->dealers == NULL)
		return true;
	it = JsonbIteratorInit(&request->dealers->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_ELEM && v.type == jbvString &&
			!quote_request_has_rejected(request, pnstrdup(v.val.string.val, v.val.string.len)))
			return true;
	return false;
}

/* One dealer speaks for himself: the request goes on while another may quote. */
Refusal *
oms_decide_reject_quote_request(Decision *d)
{
	const Command *command = d->command;
	const char *dealer = command->quote.dealer;
	const QuoteRequest *found;
	QuoteRequest request;
	Refusal    *refusal = quote_request_find(d, &found);

	if (refusal)
		return refusal;
	request = *found;
	if (dealer == NULL || !oms_quote_request_is_open(&request))
		return quote_request_end(d, &request, QUOTE_REQUEST_REJECT);
	if (quote_request_has_rejected(&request, dealer))
		return oms_refuse(OMS_NO_TRANSITION, "\"%s\" has rejected quote request \"%s\" already", dealer, request.id);
	quote_request_add_rejection(&request, command, oms_decision_now(d));
	return quote_request_end(d, &request, request.status == QUOTE_REQUEST_STATUS_QUOTED || quote_request_waits(&request) ?
							 QUOTE_REQUEST_DECLINE : QUOTE_REQUEST_REJECT);
}
