/*-------------------------------------------------------------------------
 *
 * quote.c
 *	  Quotes as dealers give and replace them.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.  The events of a command come in this order: quotes that end by it,
 * the quote that it names, their request.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/guc.h"
#include "base/moment.h"
#include "core/attributes.h"
#include "core/order/order.h"
#include "core/quote/quote.h"

void
oms_put_quote(Decision *d, Quote *quote, const Transition *transition, bool id_is_given)
{
	oms_quote_evolve(quote, transition);
	oms_decision_put(d, &quote->object, transition, id_is_given);
}

Refusal *
oms_refuse_quote(const Command *command, const Quote *quote)
{
	char		until[MOMENT_TEXT_SIZE];

	if (oms_quote_is_pending(quote))
		return oms_refuse_acceptance_pending(command, quote->id, quote->order_id);
	oms_time_text(quote->valid_until_time, until);
	return oms_with_detail(oms_refuse(OMS_NO_TRANSITION, "%s is not possible for quote \"%s\" in status %s", command->def->name, quote->id,
									  oms_name_of(oms_quote_status_names, quote->status)),
						   "Its validUntilTime is %s, its orderId %s.", until, quote->order_id ? quote->order_id : "null");
}

bool
oms_quote_takes_offer(const char *symbol, const char *currency, const char *side)
{
	return oms_sides_are_kin(side, "BUY") != oms_is_second_of_pair(symbol, currency);
}

static int
quote_compare(const ListCell *a, const ListCell *b)
{
	const Quote *first = lfirst(a);
	const Quote *second = lfirst(b);

	if (first->created_at != second->created_at)
		return first->created_at < second->created_at ? -1 : 1;
	return strcmp(first->id, second->id);
}

List *
oms_quotes_of(const Decision *d, const char *request_id)
{
	const char *const values[] = {request_id};
	const char *const *const keys[] = {values};
	List	   *quotes = oms_decision_find(d, KIND_QUOTE, QUOTE_BY_REQUEST, keys, 1);

	list_sort(quotes, quote_compare);
	return quotes;
}

void
oms_end_quotes(Decision *d, const QuoteRequest *request, const char *but_quote_id, QuoteTrigger trigger, const char *reason)
{
	const Command *whole = d->cause;
	ListCell   *cell;

	/* there may be many, and the command is about none of them */
	oms_decision_tell_briefly(d);
	foreach(cell, oms_quotes_of(d, request->id))
	{
		Quote		quote = *(const Quote *) lfirst(cell);
		const Transition *transition = oms_quote_transition(&quote, trigger, false);

		if (transition == NULL || oms_same_text(quote.id, but_quote_id))
			continue;
		quote.reason = pstrdup(trigger == QUOTE_DECLINE && oms_same_text(quote.id, request->cover_quote_id) ? "COVER" : reason);
		oms_put_quote(d, &quote, transition, false);
	}
	d->cause = whole;
}

/* ------------------------------------------------------------------------
 * creation
 * ------------------------------------------------------------------------
 */

/* May a quote of it still come? */
static Refusal *
quote_check_request(const Command *command, const QuoteRequest *request, TimestampTz now)
{
	char		time[MOMENT_TEXT_SIZE];

	if (!oms_quote_request_is_open(request))
		return oms_refuse_quote_request(command, request);
	if (request->expire_time == NO_TIME || request->expire_time > now)
		return NULL;
	oms_time_text(request->expire_time, time);
	return oms_refuse_by_rule("request_expired", psprintf("quote request \"%s\" is over", request->id), "its expireTime is %s.", time);
}

static Refusal *
quote_check_same(const Command *command, const QuoteRequest *request, const char *field, const char *given, const char *asked)
{
	if (given == NULL || asked == NULL || strcmp(given, asked) == 0)
		return NULL;
	return oms_refuse_by_rule("request_differs", psprintf("%s names another %s than quote request \"%s\"", command->def->name, field, request->id),
							  "%s is %s, the request's is %s.", field, given, asked);
}

/* What a quote does not say is as it was asked for. */
static Refusal *
quote_take_request(const Command *command, const QuoteRequest *request, Quote *quote)
{
	Refusal    *refusal = quote_check_same(command, request, "symbol", quote->symbol, request->symbol);

	if (refusal == NULL)
		refusal = quote_check_same(command, request, "currency", quote->currency, request->currency);
	if (refusal)
		return refusal;
	quote->quote_request_id = request->id;
	quote->root_id = request->root_id;
	quote->quote_req_id = request->quote_req_id;
	quote->symbol = request->symbol;
	quote->currency = quote->currency ? quote->currency : request->currency;
	quote->account = request->account;
	quote->settl_type = quote->settl_type ? quote->settl_type : request->settl_type;
	quote->settl_date = quote->settl_date != NO_DATE ? quote->settl_date : request->settl_date;
	if (quote->valid_until_time == NO_TIME)
		quote->valid_until_time = request->expire_time;
	return NULL;
}

static void
quote_fill_new(const Command *command, Quote *quote)
{
	const QuoteTerms *terms = &command->quote;

	oms_record_init(&oms_quote_def, quote);
	quote->quote_id = terms->quote_id;
	quote->quote_req_id = terms->quote_req_id;
	quote->quote_set_id = terms->quote_set_id;
	quote->quote_entry_id = terms->quote_entry_id;
	quote->fix_session = command->fix_session;
	quote->dealer = terms->dealer;
	quote->quote_type = terms->quote_type ? terms->quote_type : pstrdup("TRADEABLE");
	quote->symbol = command->symbol;
	quote->currency = command->currency;
	quote->account = command->account;
	quote->settl_type = terms->settl_type;
	quote->settl_date = command->settl_date;
	quote->figures = terms->figures;
	quote->valid_until_time = terms->valid_until_time;
	quote->transact_time = command->transact_time;
	quote->legs = terms->legs;
	quote->text = command->text;
	quote->fix = command->fix;
	quote->attributes = command->attributes;
}

static Refusal *
quote_refuse_priceless(const Command *command)
{
	return oms_with_detail(oms_refuse(OMS_MALFORMED, "%s needs field \"bidPx\" or \"offerPx\"", command->def->name),
						   "A quote says at what it would be dealt.");
}

/* Is every side that the older one quotes one of the newer's? */
static bool
quote_covers(const Quote *newer, const Quote *older)
{
	return (older->figures.bid_px == NULL || newer->figures.bid_px) && (older->figures.offer_px == NULL || newer->figures.offer_px);
}

static bool
quote_is_of_same(const Quote *a, const Quote *b)
{
	return a->dealer && oms_same_text(a->dealer, b->dealer) && oms_same_text(a->settl_type, b->settl_type) && a->settl_date == b->settl_date;
}

/*
 * A QuoteID is one quote of its dealer for a request; entries of mass quotes are
 * told apart by their own ids.  One that has ended, or is over though nobody has
 * said so, cannot be replaced: under its id the dealer quotes anew.
 */
static Refusal *
quote_check_quote_id(const Decision *d, const Quote *quote, const Quote *other)
{
	if (other->status != QUOTE_STATUS_ACTIVE || (!oms_quote_is_pending(other) && other->valid_until_time <= oms_decision_now(d)))
		return NULL;
	if (quote->quote_id == NULL || strcmp(other->id, quote->id) == 0 || !oms_same_text(other->quote_id, quote->quote_id) || !oms_same_text(other->dealer, quote->dealer) ||
		!oms_same_text(other->quote_set_id, quote->quote_set_id) || !oms_same_text(other->quote_entry_id, quote->quote_entry_id))
		return NULL;
	return oms_with_hint(oms_with_detail(oms_refuse(OMS_DUPLICATE, "quoteID \"%s\" is already used", quote->quote_id),
										 "It is that of quote \"%s\", of the same dealer and request.", other->id),
						 "ReplaceQuoteCommand gives it other figures.");
}

/* The newer quote of a dealer takes the place of his older one; under one QuoteID it would be a replacement. */
static Refusal *
quote_supersede(Decision *d, const QuoteRequest *request, Quote *quote)
{
	ListCell   *cell;

	foreach(cell, oms_quotes_of(d, request->id))
	{
		Quote		older = *(const Quote *) lfirst(cell);
		const Transition *transition = oms_quote_transition(&older, QUOTE_SUPERSEDE, false);
		Refusal    *refusal = quote_check_quote_id(d, quote, &older);

		/* it is found by its request now, where its own id was not asked for */
		if (strcmp(older.id, quote->id) == 0)
			refusal = oms_check_new_id(d, KIND_QUOTE, quote->id, true);
		if (refusal)
			return refusal;
		if (transition == NULL || request->multiple_quotes || !quote_is_of_same(quote, &older) || !quote_covers(quote, &older))
			continue;
		older.reason = pstrdup("SUPERSEDED");
		older.superseding_quote_id = quote->id;
		quote->superseded_quote_id = older.id;
		oms_put_quote(d, &older, transition, false);
	}
	return NULL;
}

/* The first quote makes the request a quoted one. */
static void
quote_tell_request(Decision *d, const QuoteRequest *found)
{
	const Transition *transition = oms_quote_request_transition(found, QUOTE_REQUEST_QUOTE, false);
	QuoteRequest request = *found;

	if (transition == NULL)
		return;
	request.quoted_at = oms_decision_now(d);
	oms_put_quote_request(d, &request, transition, false);
}

Refusal *
oms_decide_create_quote(Decision *d)
{
	const Command *command = d->command;
	const char *request_id = command->quote.request_id;
	const QuoteRequest *request = request_id ? oms_get_quote_request(d, request_id) : NULL;
	bool		id_is_given = command->quote.object_id != NULL;
	TimestampTz now = oms_decision_now(d);
	Quote		quote;
	Refusal    *refusal = NULL;

	if (request_id && request == NULL)
		return oms_no_such(KIND_QUOTE_REQUEST, request_id);
	quote_fill_new(command, &quote);
	if (request)
		refusal = quote_check_request(command, request, now);
	if (refusal == NULL && request)
		refusal = quote_take_request(command, request, &quote);
	if (refusal == NULL && quote.symbol == NULL)
		refusal = oms_with_detail(oms_refuse(OMS_MALFORMED, "%s needs field \"symbol\"", command->def->name), "Only the quote of a request has that of the request.");
	if (refusal == NULL && !oms_quote_figures_given(&quote.figures))
		refusal = quote_refuse_priceless(command);
	/* what was asked for has what its class requires */
	if (refusal == NULL && request)
		refusal = oms_attributes_change(d, command, request->asset_class, ATTRIBUTES_OF_ORDER, request->attributes, &quote.attributes);
	if (refusal == NULL && id_is_given)
		refusal = oms_check_new_id(d, KIND_QUOTE, command->quote.object_id, request == NULL);
	if (refusal)
		return refusal;
	if (quote.valid_until_time == NO_TIME)
		quote.valid_until_time = now + oms_guc_quote_lifetime_s * USECS_PER_SEC;
	quote.id = id_is_given ? command->quote.object_id : oms_decision_new_id(d, quote.root_id);
	if (request == NULL)
		quote.root_id = quote.id;
	refusal = oms_check_version(command, KIND_QUOTE, quote.id, 0);
	if (refusal == NULL && request)
		refusal = quote_supersede(d, request, &quote);
	if (refusal)
		return refusal;
	oms_decision_name(d, NAME_QUOTE_ID, quote.fix_session, quote.quote_id, quote.id);
	oms_put_quote(d, &quote, oms_quote_transition(&quote, QUOTE_CREATE, false), id_is_given);
	if (request)
		quote_tell_request(d, request);
	oms_decision_about(d, KIND_QUOTE, quote.id, false);
	return NULL;
}

/* ------------------------------------------------------------------------
 * replacement
 * ------------------------------------------------------------------------
 */

/* A side that a dealer does not quote again is no longer quoted: its old price could be dealt. */
static void
quote_take_terms(const Command *command, Quote *quote)
{
	const QuoteTerms *terms = &command->quote;

	if (oms_quote_figures_given(&terms->figures))
		quote->figures = terms->figures;
	if (terms->valid_until_time != NO_TIME)
		quote->valid_until_time = terms->valid_until_time;
	if (terms->quote_id)
		quote->quote_id = terms->quote_id;
	if (terms->quote_type)
		quote->quote_type = terms->quote_type;
	if (terms->legs)
		quote->legs = terms->legs;
	if (command->transact_time != NO_TIME)
		quote->transact_time = command->transact_time;
	if (command->text)
		quote->text = command->text;
	if (command->fix)
		quote->fix = command->fix;
	if (command->attributes)
		quote->attributes = command->attributes;
}

static Refusal *
quote_check_renamed(const Decision *d, const QuoteRequest *request, const Quote *quote)
{
	Refusal    *refusal = NULL;
	ListCell   *cell;

	foreach(cell, oms_quotes_of(d, request->id))
		refusal = refusal ? refusal : quote_check_quote_id(d, quote, lfirst(cell));
	return refusal;
}

Refusal *
oms_decide_replace_quote(Decision *d)
{
	const Command *command = d->command;
	const Quote *found = oms_get_quote(d, command->quote.object_id);
	const QuoteRequest *request;
	const Transition *transition;
	Quote		quote;
	Refusal    *refusal;

	if (found == NULL)
		return oms_no_such(KIND_QUOTE, command->quote.object_id);
	refusal = oms_check_version(command, KIND_QUOTE, found->id, found->version);
	/* figures come and go together: new sizes at the old prices are not what was said */
	if (refusal == NULL && oms_quote_sizes_given(&command->quote.figures) && !oms_quote_figures_given(&command->quote.figures))
		refusal = quote_refuse_priceless(command);
	if (refusal)
		return refusal;
	transition = oms_quote_transition(found, QUOTE_REPLACE, false);
	if (transition == NULL)
		return oms_refuse_quote(command, found);
	request = found->quote_request_id ? oms_get_quote_request(d, found->quote_request_id) : NULL;
	refusal = request ? quote_check_request(command, request, oms_decision_now(d)) : NULL;
	if (refusal)
		return refusal;
	quote = *found;
	quote_take_terms(command, &quote);
	if (request && command->attributes)
		refusal = oms_attributes_change(d, command, request->asset_class, ATTRIBUTES_OF_ORDER, request->attributes, &quote.attributes);
	if (refusal)
		return refusal;
	if (request && !oms_same_text(quote.quote_id, found->quote_id))
		refusal = quote_check_renamed(d, request, &quote);
	if (refusal)
		return refusal;
	if (!oms_same_text(quote.quote_id, found->quote_id))
		oms_decision_name(d, NAME_QUOTE_ID, quote.fix_session, quote.quote_id, quote.id);
	oms_put_quote(d, &quote, transition, false);
	oms_decision_about(d, KIND_QUOTE, quote.id, false);
	return NULL;
}
