/*-------------------------------------------------------------------------
 *
 * fix_quote_offer.c
 *	  What a dealer quotes: a new quote, a newer version of one, or the end of it.
 *
 * Writes nothing itself: every command goes through oms_fix_run().
 *
 * Source: FIX 4.4 (Errata 20030618) volume 3, "Quote", "Mass Quote".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/order/order.h"
#include "fix/fix_quote.h"

/* A side that is not quoted has neither price nor size. */
static const int no_bid[] = {TAG_BID_PX, TAG_BID_SIZE, 647, 0};
static const int no_offer[] = {TAG_OFFER_PX, TAG_OFFER_SIZE, 648, 0};

static const int *
offer_skip(const QuotedSides *sides, const int *others, int *skip)
{
	const int  *const lists[] = {sides->bid ? NULL : no_bid, sides->offer ? NULL : no_offer, others};
	int			n = 0;

	for (int i = 0; i < lengthof(lists); i++)
		for (int j = 0; lists[i] && lists[i][j] != 0; j++)
			skip[n++] = lists[i][j];
	skip[n] = 0;
	return skip;
}

static void
offer_put_default_size(JsonWriter *w, const FixMessage *message, const FixSpan *span, bool quoted, int size_tag, int default_tag,
					   const char *field)
{
	char	   *size = quoted && span && oms_fix_get_in(message, span, size_tag) == NULL ? oms_fix_get(message, default_tag) : NULL;

	if (size)
		oms_json_string(w, field, size);
}

/* The same content as a new quote and as a version of one: what is read of the message does not differ. */
static Jsonb *
offer_command(FixContext *fix, const QuoteOffer *offer, const QuotedSides *sides, CommandType type)
{
	static const int of_set[] = {TAG_QUOTE_SET_ID, TAG_QUOTE_ENTRY_ID, 0};
	const FixMessage *message = &fix->message;
	bool		is_new = type == COMMAND_CREATE_QUOTE;
	int			skip[16];
	JsonWriter	w = oms_fix_quote_command(message, type, offer->span, offer_skip(sides, offer->span ? of_set : NULL, skip));

	offer_put_default_size(&w, message, offer->span, sides->bid, TAG_BID_SIZE, TAG_DEF_BID_SIZE, "bidSize");
	offer_put_default_size(&w, message, offer->span, sides->offer, TAG_OFFER_SIZE, TAG_DEF_OFFER_SIZE, "offerSize");
	if (offer->underlying)
		oms_json_string(&w, "underlyingSymbol", offer->underlying);
	if (offer->valid_until && oms_fix_get_in(message, offer->span, TAG_VALID_UNTIL_TIME) == NULL)
		oms_json_string(&w, "validUntilTime", offer->valid_until);
	if (is_new)
	{
		oms_json_string(&w, "dealer", offer->dealer);
		if (offer->request)
		{
			oms_json_string(&w, "quoteRequestId", offer->request->id);
			oms_fix_put_attributes(&w, message, offer->span, offer->request->asset_class, ATTRIBUTES_OF_ORDER);
		}
		if (offer->set_id)
			oms_json_string(&w, "quoteSetID", offer->set_id);
		if (offer->entry_id)
			oms_json_string(&w, "quoteEntryID", offer->entry_id);
		/* an entry may leave its instrument to its set */
		if (offer->span && offer->symbol && oms_fix_get_in(message, offer->span, TAG_SYMBOL) == NULL)
			oms_json_string(&w, "symbol", offer->symbol);
	}
	else
		oms_json_string(&w, "quoteId", offer->known->id);
	oms_fix_put_origin(&w, message);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static bool
offer_same_json(Jsonb *a, Jsonb *b)
{
	return (a == NULL) == (b == NULL) && (a == NULL || oms_json_equal(a, b));
}

static bool
offer_same_figures(const QuoteFigures *a, const QuoteFigures *b)
{
	const Numeric *first = (const Numeric *) a;
	const Numeric *second = (const Numeric *) b;

	for (int i = 0; i < sizeof(QuoteFigures) / sizeof(Numeric); i++)
		if (!oms_dec_same(first[i], second[i]))
			return false;
	return true;
}

/* Does this version say what the quote says already? */
static bool
offer_is_in_force(const Quote *quote, const Command *command)
{
	const QuoteTerms *terms = &command->quote;

	return offer_same_figures(&quote->figures, &terms->figures) && oms_same_text(quote->quote_id, terms->quote_id) &&
		(terms->valid_until_time == NO_TIME || terms->valid_until_time == quote->valid_until_time) &&
		(terms->quote_type == NULL || oms_same_text(terms->quote_type, quote->quote_type)) &&
		(command->transact_time == NO_TIME || command->transact_time == quote->transact_time) &&
		(command->text == NULL || oms_same_text(command->text, quote->text)) &&
		offer_same_json(command->fix, quote->fix) && offer_same_json(terms->legs, quote->legs);
}

/* Does it say of itself that it is older than the version in force? */
static bool
offer_is_outdated(const Quote *quote, const Command *command)
{
	return command->transact_time != NO_TIME && quote->transact_time != NO_TIME && command->transact_time < quote->transact_time;
}

/* Sent before, as it says of itself, as the quote stands, or as it stood at that time: nothing changes. */
static bool
offer_is_repeat(FixContext *fix, const QuoteOffer *offer, const QuotedSides *sides, const TakenCommand *version)
{
	Jsonb	   *contents[2] = {NULL};

	if (!oms_fix_is_resent(&fix->message))
	{
		if (version == NULL || version->refusal || offer_is_in_force(offer->known, &version->command))
			return version && version->refusal == NULL;
		if (!offer_is_outdated(offer->known, &version->command))
			return false;
	}
	contents[0] = oms_fix_content_of(offer_command(fix, offer, sides, COMMAND_CREATE_QUOTE), true);
	contents[1] = oms_fix_content_of(offer_command(fix, offer, sides, COMMAND_REPLACE_QUOTE), true);
	return oms_fix_was_told(fix, &offer->known->object, contents, lengthof(contents));
}

static Refusal *
offer_end(FixContext *fix, const Quote *quote, const char *reason)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	oms_json_string(&w, "commandType", oms_command_defs[COMMAND_CANCEL_QUOTE].name);
	oms_json_string(&w, "quoteId", quote->id);
	oms_json_string(&w, "reason", reason);
	return oms_fix_run(fix, &w);
}

/* Is it one whose figures can be replaced?  What is over, though nobody has said so yet, is not. */
static bool
offer_is_live(const Quote *quote)
{
	return quote->status == QUOTE_STATUS_ACTIVE && (oms_quote_is_pending(quote) || quote->valid_until_time > GetCurrentTimestamp());
}

/* The same entry of another instrument is another quote. */
static Refusal *
offer_forget_other(FixContext *fix, QuoteOffer *offer)
{
	const Quote *known = offer->known;

	if (known == NULL || offer->symbol == NULL || !oms_symbols_differ(offer->symbol, known->symbol))
		return NULL;
	offer->known = NULL;
	return known->status == QUOTE_STATUS_ACTIVE ? offer_end(fix, known, "SUPERSEDED") : NULL;
}

Refusal *
oms_fix_take_offer(FixContext *fix, const QuoteOffer *offer)
{
	QuotedSides sides = oms_fix_quoted_sides(&fix->message, offer->span);
	QuoteOffer	of = *offer;
	TakenCommand *version = NULL;
	Refusal    *refusal;

	/* as it is now that its tree is locked */
	if (offer->known)
		of.known = (const Quote *) oms_uow_object(fix->uow, KIND_QUOTE, offer->known->id);
	refusal = offer_forget_other(fix, &of);
	if (refusal)
		return refusal;
	/* who takes back what he never quoted, or has ended, takes back nothing */
	if (!sides.any && (of.known || of.span))
		return of.known && of.known->status == QUOTE_STATUS_ACTIVE ? offer_end(fix, of.known, "WITHDRAWN") : NULL;
	if (of.known && offer_is_live(of.known))
		version = oms_run_take(offer_command(fix, &of, &sides, COMMAND_REPLACE_QUOTE), true);
	if (of.known && offer_is_repeat(fix, &of, &sides, version))
	{
		oms_fix_answer_with(fix, &of.known->object, true);
		return NULL;
	}
	/* an entry whose acceptance the dealer has still to answer stays as it is */
	if (of.known && of.span && oms_quote_is_pending(of.known))
	{
		oms_fix_answer_with(fix, &of.known->object, false);
		return NULL;
	}
	return oms_fix_run_taken(fix, version ? version : oms_run_take(offer_command(fix, &of, &sides, COMMAND_CREATE_QUOTE), true));
}
