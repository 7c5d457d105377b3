/*-------------------------------------------------------------------------
 *
 * fix_quote_mass.c
 *	  i: many quotes in one message, each known by its set and entry.
 *
 * Writes nothing itself: every command goes through oms_fix_run().
 *
 * Source: FIX 4.4 (Errata 20030618) volume 3, "Mass Quote"; FIX 5.0 SP2 for what
 * has come since.  See doc/fix.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "fix/fix_quote.h"
#include "store/rows.h"

const int	oms_fix_own_of_mass_quote[] = {
	TAG_ACCOUNT, TAG_TEXT, TAG_QUOTE_ID, TAG_QUOTE_REQ_ID, TAG_DEF_BID_SIZE, TAG_DEF_OFFER_SIZE, TAG_NO_QUOTE_SETS, 301, 376,
	TAG_NO_PARTY_IDS, TAG_QUOTE_TYPE, 581, 660, 2403, 0
};

const Quote *
oms_fix_open_entry(FixContext *fix, const char *dealer, const char *set_id, const char *entry_id)
{
	const char *const values[] = {fix->message.session, set_id, entry_id};
	const char *const *const keys[] = {values};
	const Quote *found = NULL;
	ListCell   *cell;

	if (entry_id == NULL)
		return NULL;
	foreach(cell, oms_object_ids_of(oms_tables_get(oms_uow_tables(fix->uow), OMS_OBJECTS_OF(KIND_QUOTE)), QUOTE_OPEN_ENTRY, keys, 1))
	{
		const Quote *quote = (const Quote *) oms_uow_peek(fix->uow, KIND_QUOTE, lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		if (quote && quote->status == QUOTE_STATUS_ACTIVE && (dealer == NULL || oms_same_text(dealer, quote->dealer)) &&
			(found == NULL || quote->created_at > found->created_at))
			found = quote;
	}
	return found;
}

static bool
mass_is_entry(const Quote *quote, const void *arg)
{
	const QuoteOffer *offer = arg;

	return oms_same_text(quote->quote_set_id, offer->set_id) && oms_same_text(quote->quote_entry_id, offer->entry_id) &&
		oms_same_text(quote->dealer, offer->dealer);
}

/* The open quote of this set and entry; where the message may have come before, also one that has ended since. */
static const Quote *
mass_known(FixContext *fix, const QuoteOffer *offer)
{
	const Quote *open = oms_fix_open_entry(fix, offer->dealer, offer->set_id, offer->entry_id);

	if (open || !oms_fix_is_resent(&fix->message))
		return open;
	return oms_fix_match_quote(fix, fix->message.session, oms_fix_get(&fix->message, TAG_QUOTE_ID), mass_is_entry, offer).quote;
}

static Refusal *
mass_read_entry(FixContext *fix, const FixSpan *set, const FixSpan *entry, const char *dealer, QuoteOffer *offer)
{
	const FixMessage *message = &fix->message;

	offer->span = entry;
	offer->dealer = dealer;
	offer->entry_id = oms_fix_get_in(message, entry, TAG_QUOTE_ENTRY_ID);
	offer->symbol = oms_fix_get_in(message, entry, TAG_SYMBOL);
	if (set)
	{
		offer->set_id = oms_fix_get_in(message, set, TAG_QUOTE_SET_ID);
		offer->underlying = oms_fix_get_in(message, set, TAG_UNDERLYING_SYMBOL);
		offer->valid_until = oms_fix_get_in(message, set, TAG_QUOTE_SET_VALID_UNTIL_TIME);
	}
	if (offer->entry_id == NULL)
		return oms_fix_damaged("Tag %d is required of every entry of a message of type %s.", TAG_QUOTE_ENTRY_ID, message->msg_type);
	if (offer->symbol == NULL)
		offer->symbol = offer->underlying;
	return NULL;
}

/* One set and entry is one quote: it cannot be two in one message. */
static Refusal *
mass_check_once(const QuoteOffer *offers, int n)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			if (strcmp(offers[i].entry_id, offers[j].entry_id) == 0 && oms_same_text(offers[i].set_id, offers[j].set_id))
				return oms_fix_damaged("QuoteEntryID (299) %s comes twice in one set.", offers[i].entry_id);
	return NULL;
}

static Refusal *
mass_read(FixContext *fix, QuoteOffer **offers, int *count)
{
	const FixMessage *message = &fix->message;
	const char *dealer = oms_fix_dealer(message);
	FixSpan    *sets;
	FixSpan    *all;
	int			nsets = oms_fix_spans(message, TAG_NO_QUOTE_SETS, NULL, &sets);
	int			most = oms_fix_spans(message, TAG_NO_QUOTE_ENTRIES, NULL, &all);
	Refusal    *refusal = oms_fix_check_instances(message, TAG_NO_QUOTE_SETS, nsets);

	if (refusal == NULL)
		refusal = oms_fix_check_instances(message, TAG_NO_QUOTE_ENTRIES, most);
	*offers = palloc0(sizeof(QuoteOffer) * Max(most, 1));
	*count = 0;
	for (int i = 0; refusal == NULL && i < Max(nsets, 1); i++)
	{
		const FixSpan *set = nsets > 0 ? &sets[i] : NULL;
		FixSpan    *entries;
		int			n = oms_fix_spans(message, TAG_NO_QUOTE_ENTRIES, set, &entries);

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; refusal == NULL && j < n; j++)
			refusal = mass_read_entry(fix, set, &entries[j], dealer, &(*offers)[(*count)++]);
	}
	return refusal ? refusal : mass_check_once(*offers, *count);
}

/* False: it is not clear which request the entry answers. */
static bool
mass_find(QuoteNames *names, const char *quote_req_id, QuoteOffer *offer)
{
	FixContext *fix = names->fix;
	RequestMatch request = {0};

	offer->known = mass_known(fix, offer);
	if (quote_req_id)
		request = oms_fix_match_request(fix, quote_req_id, offer->symbol);
	offer->request = request.request;
	if (offer->known)
		oms_fix_name_quote(names, offer->known);
	if (offer->request)
		oms_fix_name_request(names, offer->request);
	return !request.ambiguous;
}

Refusal *
oms_fix_handle_mass_quote(FixContext *fix)
{
	char	   *quote_req_id = oms_fix_get_id(&fix->message, TAG_QUOTE_REQ_ID);
	QuoteNames	names = {fix};
	QuoteOffer *offers;
	int			n;
	Refusal    *refusal = REQUIRE(fix, TAG_QUOTE_ID);

	if (refusal == NULL)
		refusal = mass_read(fix, &offers, &n);
	if (refusal)
		return refusal;
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!mass_find(&names, quote_req_id, &offers[i]))
			return oms_fix_several("quote request");
	}
	if (!oms_fix_lock_quotes(&names))
		return NULL;
	for (int i = 0; refusal == NULL && i < n; i++)
		refusal = oms_fix_take_offer(fix, &offers[i]);
	if (refusal == NULL && fix->results == NIL)
		fix->ignored = "no entry changes anything";
	return refusal;
}
