/*-------------------------------------------------------------------------
 *
 * fix_quote_match.c
 *	  Which request and which quote a FIX message means.
 *
 * Writes nothing.  Locks the trees of what a message is about, once for each
 * message; see fix_quote.h.
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
#include "store/table_set.h"
#include "store/trees.h"

/* Of so many objects with one name one is looked for; where there are more, none is meant. */
#define MATCH_NAMED_MAX	1000

/* ------------------------------------------------------------------------
 * locking
 * ------------------------------------------------------------------------
 */

/* The order of an acceptance, and the one that quotes were asked for, are changed with the quote. */
void
oms_fix_name_quote(QuoteNames *names, const Quote *quote)
{
	oms_name_object(&names->names, KIND_QUOTE, quote->id, REACH_OWN);
	if (quote->order_id)
		oms_name_object(&names->names, KIND_ORDER, quote->order_id, REACH_OWN);
	if (quote->quote_request_id)
	{
		const QuoteRequest *request = (const QuoteRequest *) oms_uow_peek(names->fix->uow, KIND_QUOTE_REQUEST, quote->quote_request_id);

		if (request)
			oms_fix_name_request(names, request);
	}
}

void
oms_fix_name_request(QuoteNames *names, const QuoteRequest *request)
{
	oms_name_object(&names->names, KIND_QUOTE_REQUEST, request->id, REACH_OWN);
	if (request->order_id)
		oms_name_object(&names->names, KIND_ORDER, request->order_id, REACH_OWN);
}

bool
oms_fix_lock_quotes(QuoteNames *names)
{
	TreeNames  *naming = names->fix->naming;

	if (naming)
	{
		for (int i = 0; i < names->names.count; i++)
			oms_name_object(naming, names->names.names[i].kind, names->names.names[i].values[0], names->names.names[i].reach);
		return false;
	}
	if (names->names.count > 0)
		oms_trees_lock(names->fix->uow, &names->names, false);
	return true;
}

/* ------------------------------------------------------------------------
 * requests
 * ------------------------------------------------------------------------
 */

char *
oms_fix_request_name(const char *quote_req_id, int n)
{
	return n == 1 ? pstrdup(quote_req_id) : psprintf("%s/%d", quote_req_id, n);
}

const QuoteRequest *
oms_fix_named_request(FixContext *fix, const char *session, const char *quote_req_id, int n)
{
	char	   *name = oms_fix_request_name(quote_req_id, n);
	char	   *id = oms_named(oms_uow_tables(fix->uow), NAME_QUOTE_REQ_ID, session, name, NULL);

	return id ? (const QuoteRequest *) oms_uow_peek(fix->uow, KIND_QUOTE_REQUEST, id) : NULL;
}

bool
oms_fix_is_asker(FixContext *fix, const QuoteRequest *request)
{
	return request && oms_same_text(request->fix_session, fix->message.session) &&
		oms_same_text(oms_fix_text(request->fix, "senderCompID"), oms_fix_get(&fix->message, TAG_SENDER_COMP_ID));
}

/* The one for this symbol; where none is, the first, and the command says what is wrong. */
static RequestMatch
match_request_of(FixContext *fix, const char *session, const char *quote_req_id, const char *symbol)
{
	RequestMatch match = {0};
	const QuoteRequest *first = NULL;
	const QuoteRequest *request;

	for (int n = 1; n <= FIX_QUOTE_ENTRIES_MAX; n++)
	{
		CHECK_FOR_INTERRUPTS();
		request = oms_fix_named_request(fix, session, quote_req_id, n);
		if (request == NULL)
			break;
		first = first ? first : request;
		if (symbol == NULL && n > 1)
			match.ambiguous = true;
		if (symbol == NULL || oms_symbols_differ(symbol, request->symbol))
			continue;
		match.request = request;
		return match;
	}
	match.request = match.ambiguous ? NULL : first;
	return match;
}

/* A client's request that was sent on under its own QuoteReqID: open, and no other one has it. */
static RequestMatch
match_request_of_others(FixContext *fix, const char *quote_req_id, const char *symbol)
{
	List	   *ids = oms_named_in_all(oms_uow_tables(fix->uow), NAME_QUOTE_REQ_ID, quote_req_id);
	RequestMatch match = {.ambiguous = list_length(ids) > MATCH_NAMED_MAX};
	ListCell   *cell;

	foreach(cell, ids)
	{
		const QuoteRequest *request = match.ambiguous ? NULL : (const QuoteRequest *) oms_uow_peek(fix->uow, KIND_QUOTE_REQUEST, lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		if (request == NULL || request->fix_session == NULL || !oms_quote_request_is_open(request))
			continue;
		/* one of several symbols is found by its session's names */
		if (symbol && oms_symbols_differ(symbol, request->symbol))
			request = match_request_of(fix, request->fix_session, quote_req_id, symbol).request;
		if (request == NULL || !oms_quote_request_is_open(request) || (symbol && oms_symbols_differ(symbol, request->symbol)))
			continue;
		match.ambiguous = match.request != NULL;
		match.request = request;
	}
	if (match.ambiguous)
		match.request = NULL;
	return match;
}

RequestMatch
oms_fix_match_request(FixContext *fix, const char *quote_req_id, const char *symbol)
{
	RequestMatch own = match_request_of(fix, fix->message.session, quote_req_id, symbol);
	RequestMatch of_sql;
	RequestMatch others;

	if (own.request || own.ambiguous)
		return own;
	of_sql = match_request_of(fix, "", quote_req_id, symbol);
	if (of_sql.ambiguous || (of_sql.request && oms_quote_request_is_open(of_sql.request)))
		return of_sql;
	others = match_request_of_others(fix, quote_req_id, symbol);
	return others.request || others.ambiguous ? others : of_sql;
}

/* ------------------------------------------------------------------------
 * quotes
 * ------------------------------------------------------------------------
 */

QuoteMatch
oms_fix_match_quote(FixContext *fix, const char *session, const char *quote_id, QuoteFilter filter, const void *arg)
{
	List	   *ids = oms_all_named(oms_uow_tables(fix->uow), NAME_QUOTE_ID, session, quote_id);
	QuoteMatch	match = {0};
	const Quote *ended = NULL;
	ListCell   *cell;

	/* ids that we make ascend: the newest are the last */
	if (list_length(ids) > MATCH_NAMED_MAX)
		ids = list_copy_tail(ids, list_length(ids) - MATCH_NAMED_MAX);
	foreach(cell, ids)
	{
		const Quote *quote = (const Quote *) oms_uow_peek(fix->uow, KIND_QUOTE, lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		if (quote == NULL || (filter && !filter(quote, arg)))
			continue;
		if (quote->status != QUOTE_STATUS_ACTIVE)
		{
			if (ended == NULL || quote->created_at > ended->created_at)
				ended = quote;
			continue;
		}
		match.ambiguous = match.quote != NULL;
		match.quote = quote;
	}
	if (match.ambiguous)
		match.quote = NULL;
	else if (match.quote == NULL)
		match.quote = ended;
	return match;
}

/* What a message says of the quote besides its QuoteID; NULL: nothing. */
typedef struct SaidOfQuote
{
	const char *symbol;
	const char *quote_req_id;
} SaidOfQuote;

static bool
match_is_as_said(const Quote *quote, const void *arg)
{
	const SaidOfQuote *said = arg;

	return (said->symbol == NULL || !oms_symbols_differ(said->symbol, quote->symbol)) &&
		(said->quote_req_id == NULL || quote->quote_req_id == NULL || strcmp(said->quote_req_id, quote->quote_req_id) == 0);
}

QuoteMatch
oms_fix_match_named_quote(FixContext *fix, const char *session, bool of_request)
{
	char	   *quote_id = oms_fix_get_id(&fix->message, TAG_QUOTE_ID);
	SaidOfQuote said = {oms_fix_get(&fix->message, TAG_SYMBOL), oms_fix_get_id(&fix->message, TAG_QUOTE_REQ_ID)};
	QuoteMatch	match = {0};

	if (quote_id == NULL)
		return match;
	match = oms_fix_match_quote(fix, session, quote_id, match_is_as_said, &said);
	if (match.quote || match.ambiguous || of_request || said.quote_req_id == NULL)
		return match;
	said.quote_req_id = NULL;
	return oms_fix_match_quote(fix, session, quote_id, match_is_as_said, &said);
}

Refusal *
oms_fix_several(const char *noun)
{
	return oms_refuse(OMS_NO_SUCH_OBJECT, "more than one %s matches", noun);
}

List *
oms_fix_quotes_of_request(FixContext *fix, const char *request_id)
{
	const char *const values[] = {request_id};
	const char *const *const keys[] = {values};
	List	   *quotes = NIL;
	ListCell   *cell;

	foreach(cell, oms_object_ids_of(oms_tables_get(oms_uow_tables(fix->uow), OMS_OBJECTS_OF(KIND_QUOTE)), QUOTE_BY_REQUEST, keys, 1))
	{
		const Object *quote = oms_uow_peek(fix->uow, KIND_QUOTE, lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		if (quote)
			quotes = lappend(quotes, unconstify(Object *, quote));
	}
	return quotes;
}

/* ------------------------------------------------------------------------
 * what was told before
 * ------------------------------------------------------------------------
 */

typedef struct ToldSearch
{
	Jsonb	   *const *contents;
	int			count;
	bool		found;
} ToldSearch;

static void
match_visit_told(Jsonb *payload, void *arg)
{
	ToldSearch *search = arg;
	Jsonb	   *command = search->found ? NULL : oms_json_get_container(payload, "command");
	Jsonb	   *content = command ? oms_fix_content_of(command, true) : NULL;

	for (int i = 0; content && i < search->count; i++)
		search->found |= search->contents[i] && oms_json_equal(content, search->contents[i]);
}

bool
oms_fix_was_told(FixContext *fix, const Object *object, Jsonb *const *contents, int count)
{
	ObjectSource *source = oms_uow_source(fix->uow);
	ToldSearch	search = {.contents = contents, .count = count};

	source->each_event(source, object->kind, object->id, match_visit_told, &search);
	return search.found;
}

void
oms_fix_answer_with(FixContext *fix, const Object *object, bool duplicate)
{
	fix->results = lappend(fix->results, oms_run_show(fix->uow, object->kind, object->id, duplicate));
}
