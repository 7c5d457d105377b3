/*-------------------------------------------------------------------------
 *
 * fix_quote_cancel.c
 *	  Z: a dealer takes back quotes, or who asked asks no more.
 *
 * Writes nothing itself: every command goes through oms_fix_run().  Quotes of
 * other sessions than the message's are never ended.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 3, "Quote Cancel"; FIX 5.0 SP2 for what
 * has come since.  See doc/fix.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "core/order/order.h"
#include "core/order/order_instrument.h"
#include "fix/fix_quote.h"
#include "store/ids.h"
#include "store/rows.h"

const int	oms_fix_own_of_quote_cancel[] = {
	TAG_ACCOUNT, TAG_TEXT, TAG_TRANSACT_TIME, TAG_QUOTE_ID, TAG_QUOTE_REQ_ID, TAG_NO_QUOTE_ENTRIES, TAG_QUOTE_CANCEL_TYPE, 301, 336,
	TAG_NO_PARTY_IDS, TAG_QUOTE_TYPE, 581, 625, 660, 1166, 1461, 1751, 0
};

/* QuoteCancelType (298): what an entry, or the message, names of the quotes. */
static const struct
{
	const char *code;
	int			tag;			/* 0: all */
	const char *field;			/* … of the quote's `fix`, where it has no column */
}			cancel_types[] = {
	{"1", TAG_SYMBOL, NULL},
	{"2", TAG_SECURITY_TYPE, "securityType"},
	{"3", TAG_UNDERLYING_SYMBOL, "underlyingSymbol"},
	{"4", 0, NULL},
	{"5", TAG_QUOTE_ID, NULL},
	{"6", TAG_QUOTE_TYPE, NULL},
	{"7", 106, "issuer"}
};

typedef struct Cancel
{
	FixContext *fix;
	int			type;			/* index in cancel_types */
	List	   *values;			/* of its tag; of char * */
	List	   *securities;		/* SecurityID (48) of entries without a symbol */
	char	   *dealer;			/* only his; NULL: whoever's */
	QuoteNames	names;
	List	   *quotes;			/* to be ended; of Quote */
	List	   *requests;		/* of QuoteRequest */
} Cancel;

static int
cancel_type(const char *code)
{
	for (int i = 0; code && i < lengthof(cancel_types); i++)
		if (strcmp(cancel_types[i].code, code) == 0)
			return i;
	return -1;
}

static bool
cancel_has(const List *values, const char *value)
{
	ListCell   *cell;

	foreach(cell, values)
		if (value && strcmp(lfirst(cell), value) == 0)
			return true;
	return false;
}

static List *
cancel_add(List *values, char *value)
{
	return value && !cancel_has(values, value) ? lappend(values, value) : values;
}

/* What the entries name; where there are none, the message. */
static void
cancel_read(Cancel *cancel)
{
	const FixMessage *message = &cancel->fix->message;
	int			tag = cancel_types[cancel->type].tag;
	FixSpan    *entries;
	int			n = oms_fix_spans(message, TAG_NO_QUOTE_ENTRIES, NULL, &entries);

	for (int i = 0; i < Max(n, 1); i++)
	{
		const FixSpan *entry = n > 0 ? &entries[i] : NULL;
		char	   *value = tag == 0 || tag == TAG_QUOTE_ID ? NULL : oms_fix_get_in(message, entry, tag);

		CHECK_FOR_INTERRUPTS();
		if (tag == TAG_UNDERLYING_SYMBOL && value == NULL)
			value = oms_fix_get_in(message, entry, TAG_SYMBOL);
		if (tag == TAG_SYMBOL && (value == NULL || oms_id_is_none(value, strlen(value))))
		{
			cancel->securities = cancel_add(cancel->securities, oms_fix_get_in(message, entry, TAG_SECURITY_ID));
			value = NULL;
		}
		cancel->values = cancel_add(cancel->values, value);
	}
}

/* Is the quote one of those that the message names by its type? */
static bool
cancel_is_named(const Cancel *cancel, const Quote *quote)
{
	const OmsName *type;
	ListCell   *cell;

	if (cancel->dealer && !oms_same_text(cancel->dealer, quote->dealer))
		return false;
	switch (cancel_types[cancel->type].tag)
	{
		case 0:
			return true;
		case TAG_SYMBOL:
			return cancel_has(cancel->values, quote->symbol) ||
				(cancel->securities != NIL && cancel_has(cancel->securities, oms_fix_text(quote->fix, "securityID")));
		case TAG_QUOTE_TYPE:
			foreach(cell, cancel->values)
			{
				type = oms_name_find(oms_quote_type_names, lfirst(cell), strlen(lfirst(cell)));
				if (type && strcmp(type->name, quote->quote_type) == 0)
					return true;
			}
			return false;
		default:
			return cancel_types[cancel->type].field && cancel_has(cancel->values, oms_fix_text(quote->fix, cancel_types[cancel->type].field));
	}
}

static void
cancel_add_quote(Cancel *cancel, const Quote *quote)
{
	const QuoteRequest *request = quote->quote_request_id ?
		(const QuoteRequest *) oms_uow_peek(cancel->fix->uow, KIND_QUOTE_REQUEST, quote->quote_request_id) : NULL;

	/* who asked takes back no quote */
	if (oms_fix_is_asker(cancel->fix, request))
		return;
	cancel->quotes = lappend(cancel->quotes, unconstify(Quote *, quote));
	oms_fix_name_quote(&cancel->names, quote);
}

/* All open ones of the session that are named so. */
static void
cancel_find_in_session(Cancel *cancel)
{
	const char *const values[] = {cancel->fix->message.session};
	const char *const *const keys[] = {values};
	ListCell   *cell;

	foreach(cell, oms_object_ids_of(oms_tables_get(oms_uow_tables(cancel->fix->uow), OMS_OBJECTS_OF(KIND_QUOTE)), QUOTE_OPEN_IN_SESSION, keys, 1))
	{
		const Quote *quote = (const Quote *) oms_uow_peek(cancel->fix->uow, KIND_QUOTE, lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		if (quote && quote->status == QUOTE_STATUS_ACTIVE && cancel_is_named(cancel, quote))
			cancel_add_quote(cancel, quote);
	}
}

static bool
cancel_may_be(const Quote *quote, const void *arg)
{
	const Cancel *cancel = arg;

	if (cancel_types[cancel->type].tag == TAG_QUOTE_ID || (cancel->values == NIL && cancel->securities == NIL))
		return cancel->dealer == NULL || oms_same_text(cancel->dealer, quote->dealer);
	return cancel_is_named(cancel, quote);
}

/* A QuoteID names a quote, also one that has ended or was accepted; that of a mass quote all its entries that are open. */
static void
cancel_find_by_id(Cancel *cancel, const char *quote_id)
{
	FixContext *fix = cancel->fix;
	QuoteMatch	match = oms_fix_match_quote(fix, fix->message.session, quote_id, cancel_may_be, cancel);
	ListCell   *cell;

	if (match.quote)
		cancel_add_quote(cancel, match.quote);
	if (!match.ambiguous)
		return;
	foreach(cell, oms_all_named(oms_uow_tables(fix->uow), NAME_QUOTE_ID, fix->message.session, quote_id))
	{
		const Quote *quote = (const Quote *) oms_uow_peek(fix->uow, KIND_QUOTE, lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		if (quote && quote->status == QUOTE_STATUS_ACTIVE && oms_same_text(quote->quote_id, quote_id) && cancel_may_be(quote, cancel))
			cancel_add_quote(cancel, quote);
	}
}

/* What the sender asked for in this session under that QuoteReqID: the requests that are open, else the first. */
static void
cancel_find_asked(Cancel *cancel, const char *quote_req_id)
{
	FixContext *fix = cancel->fix;
	const QuoteRequest *ended = NULL;
	const QuoteRequest *request;
	ListCell   *cell;

	for (int n = 1; n <= FIX_QUOTE_ENTRIES_MAX; n++)
	{
		request = oms_fix_named_request(fix, fix->message.session, quote_req_id, n);
		CHECK_FOR_INTERRUPTS();
		if (request == NULL)
			break;
		if (!oms_fix_is_asker(fix, request) || (cancel->values != NIL && !cancel_has(cancel->values, request->symbol)))
			continue;
		if (oms_quote_request_is_open(request))
			cancel->requests = lappend(cancel->requests, unconstify(QuoteRequest *, request));
		else if (ended == NULL)
			ended = request;
	}
	if (cancel->requests == NIL && ended)
		cancel->requests = list_make1(unconstify(QuoteRequest *, ended));
	foreach(cell, cancel->requests)
		oms_fix_name_request(&cancel->names, lfirst(cell));
}

/* What the session quotes for the request under that QuoteReqID. */
static void
cancel_find_quoted(Cancel *cancel, const char *quote_req_id)
{
	FixContext *fix = cancel->fix;
	RequestMatch match = oms_fix_match_request(fix, quote_req_id, cancel->values == NIL ? NULL : linitial(cancel->values));
	ListCell   *cell;

	if (match.request == NULL)
		return;
	foreach(cell, oms_fix_quotes_of_request(fix, match.request->id))
	{
		const Quote *quote = lfirst(cell);

		if (quote->status == QUOTE_STATUS_ACTIVE && oms_same_text(quote->fix_session, fix->message.session) && cancel_may_be(quote, cancel))
			cancel_add_quote(cancel, quote);
	}
}

bool
oms_fix_cancels_one(const FixMessage *message)
{
	int			type = cancel_type(oms_fix_get(message, TAG_QUOTE_CANCEL_TYPE));

	return type >= 0 && (cancel_types[type].tag == TAG_SYMBOL || cancel_types[type].tag == TAG_QUOTE_ID) &&
		(oms_fix_get(message, TAG_QUOTE_ID) || oms_fix_get(message, TAG_QUOTE_REQ_ID));
}

static void
cancel_find(Cancel *cancel)
{
	const FixMessage *message = &cancel->fix->message;
	char	   *quote_id = oms_fix_get(message, TAG_QUOTE_ID);
	char	   *quote_req_id = oms_fix_get(message, TAG_QUOTE_REQ_ID);
	bool		one = oms_fix_cancels_one(message);

	if (quote_id && oms_id_is_none(quote_id, strlen(quote_id)))
		quote_id = NULL;
	if (quote_req_id)
		cancel_find_asked(cancel, quote_req_id);
	if (cancel->requests != NIL)
		return;
	if (one && quote_id)
		cancel_find_by_id(cancel, quote_id);
	if (one && cancel->quotes == NIL && quote_req_id)
		cancel_find_quoted(cancel, quote_req_id);
	if (cancel->quotes == NIL && (!one || cancel->values != NIL || cancel->securities != NIL))
		cancel_find_in_session(cancel);
}

/* ------------------------------------------------------------------------
 * the commands
 * ------------------------------------------------------------------------
 */

static JsonWriter
cancel_command(const Cancel *cancel, CommandType type, const char *field, const char *id)
{
	JsonWriter	w = oms_fix_quote_command(&cancel->fix->message, type, NULL, NULL);

	oms_json_string(&w, field, id);
	return w;
}

static Refusal *
cancel_run(const Cancel *cancel, CommandType type, const Object *found)
{
	FixContext *fix = cancel->fix;
	const char *field = oms_kind_of(found)->id_field;
	const Object *object = oms_uow_object(fix->uow, found->kind, found->id);
	JsonWriter	w;

	if (object && oms_fix_is_resent(&fix->message))
	{
		Jsonb	   *content;

		w = cancel_command(cancel, type, field, found->id);
		oms_json_close_object(&w);
		content = oms_fix_content_of(oms_json_finish(&w), true);
		if (oms_fix_was_told(fix, object, &content, 1))
		{
			oms_fix_answer_with(fix, object, true);
			return NULL;
		}
	}
	w = cancel_command(cancel, type, field, found->id);
	return oms_fix_run(fix, &w);
}

static Refusal *
cancel_all(Cancel *cancel)
{
	FixContext *fix = cancel->fix;
	Refusal    *refusal = NULL;
	ListCell   *cell;

	if (list_length(cancel->quotes) > FIX_QUOTES_ENDED_MAX)
		return oms_with_hint(oms_refuse_by_rule("too_many_quotes", "the message would end more quotes than one may",
												"it names %d open quotes; the most is %d.", list_length(cancel->quotes), FIX_QUOTES_ENDED_MAX),
							 "CancelQuoteCommand ends them one by one.");
	if (!oms_fix_lock_quotes(&cancel->names))
		return NULL;
	foreach(cell, cancel->requests)
	{
		refusal = cancel_run(cancel, COMMAND_CANCEL_QUOTE_REQUEST, lfirst(cell));
		if (refusal)
			return refusal;
	}
	foreach(cell, cancel->quotes)
	{
		refusal = cancel_run(cancel, COMMAND_CANCEL_QUOTE, lfirst(cell));
		if (refusal)
			return refusal;
	}
	if (fix->results == NIL)
		fix->ignored = "no open quote of the session is named";
	return NULL;
}

Refusal *
oms_fix_cancel_quotes(FixContext *fix, const char *cancel_code)
{
	Cancel		cancel = {.fix = fix, .type = cancel_type(cancel_code), .names = {fix}};
	FixSpan    *entries;
	int			n;

	if (cancel.type < 0)
	{
		fix->ignored = "this QuoteCancelType (298) stands for no command";
		return NULL;
	}
	n = oms_fix_spans(&fix->message, TAG_NO_QUOTE_ENTRIES, NULL, &entries);
	if (n > FIX_QUOTE_ENTRIES_MAX)
		return oms_fix_check_instances(&fix->message, TAG_NO_QUOTE_ENTRIES, n);
	cancel.dealer = oms_fix_dealer_party(&fix->message, NULL);
	cancel_read(&cancel);
	cancel_find(&cancel);
	return cancel_all(&cancel);
}

Refusal *
oms_fix_handle_quote_cancel(FixContext *fix)
{
	Refusal    *refusal = REQUIRE(fix, TAG_QUOTE_CANCEL_TYPE);

	return refusal ? refusal : oms_fix_cancel_quotes(fix, oms_fix_get(&fix->message, TAG_QUOTE_CANCEL_TYPE));
}
