/*-------------------------------------------------------------------------
 *
 * fix_quote_status.c
 *	  AI and b: what becomes of a quote, or of a hit of it.
 *
 * Writes nothing itself: every command goes through oms_fix_run().  Quotes of
 * other sessions than the message's are never touched.  The tables below say which
 * QuoteStatus means what.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 3, "Quote Status Report", "Mass Quote
 * Acknowledgement"; FIX 5.0 SP2 for what has come since.  See doc/fix.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/decimal.h"
#include "core/order/order.h"
#include "core/order/order_instrument.h"
#include "fix/fix_quote.h"
#include "store/ids.h"

const int	oms_fix_own_of_mass_quote_ack[] = {
	TAG_ACCOUNT, TAG_TEXT, TAG_QUOTE_ID, TAG_QUOTE_REQ_ID, TAG_NO_QUOTE_SETS, TAG_QUOTE_STATUS, TAG_QUOTE_CANCEL_TYPE,
	TAG_QUOTE_REJECT_REASON, 301, 376, TAG_NO_PARTY_IDS, TAG_QUOTE_TYPE, 581, 660, 1461, 0
};

/* What a QuoteStatus (297) or QuoteEntryStatus (1167) says. */
typedef enum StatusMeaning
{
	STATUS_NOTHING,				/* a warning, or how it stands */
	STATUS_CONFIRMS,			/* the dealer deals */
	STATUS_REFUSES,				/* he does not, or whoever got the quote does not want it */
	STATUS_EXPIRES,
	STATUS_UNKNOWN,				/* the other side knows no such quote */
	STATUS_ENDS					/* it is taken back */
} StatusMeaning;

static const struct
{
	const char *code;
	StatusMeaning meaning;
	const char *name;
}			statuses[] = {
	{"0", STATUS_CONFIRMS, "ACCEPTED"},
	{"1", STATUS_ENDS, "CANCELED_FOR_SYMBOL"},
	{"2", STATUS_ENDS, "CANCELED_FOR_SECURITY_TYPE"},
	{"3", STATUS_ENDS, "CANCELED_FOR_UNDERLYING"},
	{"4", STATUS_ENDS, "CANCELED_ALL"},
	{"5", STATUS_REFUSES, "REJECTED"},
	{"6", STATUS_ENDS, "REMOVED_FROM_MARKET"},
	{"7", STATUS_EXPIRES, "EXPIRED"},
	{"9", STATUS_UNKNOWN, "QUOTE_NOT_FOUND"},
	{"11", STATUS_REFUSES, "PASS"},
	{"14", STATUS_ENDS, "CANCELED_DUE_TO_LOCK_MARKET"},
	{"15", STATUS_ENDS, "CANCELED_DUE_TO_CROSS_MARKET"},
	{"17", STATUS_ENDS, "CANCELED"},
	{"21", STATUS_CONFIRMS, "TRADED"},
	{"22", STATUS_ENDS, "TRADED_AND_REMOVED"}
};

/* A status, and the reason that it is given. */
typedef struct Status
{
	StatusMeaning meaning;
	const char *code;
	const char *reason;
} Status;

static Status
status_of(const char *code, const char *reject_code)
{
	Status		status = {STATUS_NOTHING, code, NULL};

	for (int i = 0; code && i < lengthof(statuses); i++)
		if (strcmp(statuses[i].code, code) == 0)
		{
			status.meaning = statuses[i].meaning;
			status.reason = statuses[i].name;
		}
	if (reject_code && status.meaning == STATUS_REFUSES)
		status.reason = oms_fix_code_name(oms_fix_quote_reject_reasons, reject_code);
	return status;
}

/* Does the order of an acceptance still wait for the dealer? */
static const Order *
status_waiting_order(FixContext *fix, const Quote *quote)
{
	const Order *order = quote->order_id ? oms_fix_order(fix->uow, quote->order_id) : NULL;

	return order && (order->conditions & COND_PENDING_NEW) && !(order->conditions & COND_CLOSED) &&
		oms_dec_sign(order->executed_quantity) == 0 ? order : NULL;
}

/* ------------------------------------------------------------------------
 * the commands
 * ------------------------------------------------------------------------
 */

/* As an execution report would say it; figures that the message repeats of the quote are none of the order. */
static JsonWriter
status_order_command(FixContext *fix, CommandType type, const Order *order, const char *exec_type, const char *reason)
{
	JsonWriter	w = {0};
	char	   *text = oms_fix_get(&fix->message, TAG_TEXT);
	char	   *time = oms_fix_get(&fix->message, TAG_TRANSACT_TIME);

	oms_json_open_object(&w);
	oms_json_string(&w, "commandType", oms_command_defs[type].name);
	oms_json_string(&w, "orderId", order->id);
	oms_json_string(&w, "execType", exec_type);
	if (reason)
		oms_json_string(&w, "reason", reason);
	if (text && strlen(text) <= TEXT_LENGTH_MAX)
		oms_json_string(&w, "text", text);
	if (time)
		oms_json_string(&w, "transactTime", time);
	return w;
}

/* What the quote was at is in the raw message. */
static JsonWriter
status_quote_command(FixContext *fix, CommandType type, const Quote *quote, const char *reason)
{
	static const int skip[] = {132, 133, 134, 135, 188, 189, 190, 191, 631, 632, 633, 634, 647, 648, 0};
	JsonWriter	w = oms_fix_quote_command(&fix->message, type, NULL, skip);

	oms_json_string(&w, "quoteId", quote->id);
	if (reason)
		oms_json_string(&w, "reason", reason);
	return w;
}

/* The command that it means of this quote, still open; false: none. */
static bool
status_command(FixContext *fix, const Quote *quote, const Status *status, JsonWriter *w)
{
	const Order *waiting = status_waiting_order(fix, quote);
	bool		refuses = status->meaning == STATUS_REFUSES || status->meaning == STATUS_EXPIRES || status->meaning == STATUS_UNKNOWN;
	CommandType type = COMMAND_CANCEL_QUOTE;

	if (waiting && (status->meaning == STATUS_CONFIRMS || strcmp(status->code, "22") == 0))
	{
		*w = status_order_command(fix, COMMAND_ACCEPT_ORDER, waiting, "NEW", NULL);
		return true;
	}
	if (status->meaning == STATUS_NOTHING || status->meaning == STATUS_CONFIRMS || (status->meaning == STATUS_UNKNOWN && waiting == NULL))
		return false;
	/* who was hit, and does not deal: his last look, or a deal that we thought was done */
	if (waiting && refuses && !oms_quote_is_pending(quote))
	{
		*w = status_order_command(fix, COMMAND_REJECT_ORDER, waiting, "REJECTED", status->reason);
		return true;
	}
	if (refuses)
		type = status->meaning == STATUS_EXPIRES && waiting == NULL ? COMMAND_EXPIRE_QUOTE : COMMAND_REJECT_QUOTE;
	*w = status_quote_command(fix, type, quote, status->reason);
	return true;
}

/* Whoever asked does not answer for the dealer. */
static bool
status_is_askers(FixContext *fix, const Quote *quote)
{
	return quote->quote_request_id &&
		oms_fix_is_asker(fix, (const QuoteRequest *) oms_uow_object(fix->uow, KIND_QUOTE_REQUEST, quote->quote_request_id));
}

static Jsonb *
status_content_of(JsonWriter w)
{
	oms_json_close_object(&w);
	return oms_fix_content_of(oms_json_finish(&w), true);
}

/* Whatever it meant when it came first: by now it may mean something else. */
static bool
status_was_told(FixContext *fix, const Quote *quote, const Status *status)
{
	const Order *order = quote->order_id ? oms_fix_order(fix->uow, quote->order_id) : NULL;
	Jsonb	   *contents[5];
	int			n = 0;

	contents[n++] = status_content_of(status_quote_command(fix, COMMAND_CANCEL_QUOTE, quote, status->reason));
	contents[n++] = status_content_of(status_quote_command(fix, COMMAND_REJECT_QUOTE, quote, status->reason));
	contents[n++] = status_content_of(status_quote_command(fix, COMMAND_EXPIRE_QUOTE, quote, status->reason));
	if (order)
	{
		contents[n++] = status_content_of(status_order_command(fix, COMMAND_ACCEPT_ORDER, order, "NEW", NULL));
		contents[n++] = status_content_of(status_order_command(fix, COMMAND_REJECT_ORDER, order, "REJECTED", status->reason));
	}
	return oms_fix_was_told(fix, &quote->object, contents, n) || (order && oms_fix_was_told(fix, &order->object, contents, n));
}

/* Its tree is locked. */
static Refusal *
status_apply(FixContext *fix, const Quote *found, const Status *status)
{
	const Quote *quote = (const Quote *) oms_uow_object(fix->uow, KIND_QUOTE, found->id);
	JsonWriter	w;

	if (quote && oms_fix_is_resent(&fix->message) && status_was_told(fix, quote, status))
	{
		oms_fix_answer_with(fix, &quote->object, true);
		return NULL;
	}
	if (quote && !(status->meaning == STATUS_CONFIRMS && status_is_askers(fix, quote)) && status_command(fix, quote, status, &w))
		return oms_fix_run(fix, &w);
	fix->ignored = "this QuoteStatus (297) changes nothing";
	return NULL;
}

/* ------------------------------------------------------------------------
 * AI
 * ------------------------------------------------------------------------
 */

/* He does not quote at all. */
static Refusal *
status_reject_request(FixContext *fix, const char *quote_req_id, const Status *status)
{
	QuoteNames	names = {fix};
	RequestMatch match = oms_fix_match_request(fix, quote_req_id, oms_fix_get(&fix->message, TAG_SYMBOL));
	JsonWriter	w;

	if (match.request == NULL)
	{
		fix->ignored = match.ambiguous ? "more than one quote request matches" : "the quote is not known";
		return NULL;
	}
	oms_fix_name_request(&names, match.request);
	if (!oms_fix_lock_quotes(&names))
		return NULL;
	w = oms_fix_quote_command(&fix->message, COMMAND_REJECT_QUOTE_REQUEST, NULL, NULL);
	oms_json_string(&w, "quoteRequestId", match.request->id);
	oms_json_string(&w, "dealer", oms_fix_dealer(&fix->message));
	oms_json_string(&w, "reason", status->reason);
	return oms_fix_run(fix, &w);
}

Refusal *
oms_fix_handle_quote_status_report(FixContext *fix)
{
	char	   *code = oms_fix_get(&fix->message, TAG_QUOTE_STATUS);
	Status		status = status_of(code, oms_fix_get(&fix->message, TAG_QUOTE_REJECT_REASON));
	char	   *quote_req_id = oms_fix_get_id(&fix->message, TAG_QUOTE_REQ_ID);
	QuoteNames	names = {fix};
	QuoteMatch	match = oms_fix_match_named_quote(fix, fix->message.session, false);
	Refusal    *refusal = REQUIRE(fix, TAG_QUOTE_STATUS);

	if (refusal)
		return refusal;
	if (match.quote)
	{
		oms_fix_name_quote(&names, match.quote);
		if (!oms_fix_lock_quotes(&names))
			return NULL;
		return status_apply(fix, match.quote, &status);
	}
	if (match.ambiguous && status.meaning == STATUS_ENDS)
		return oms_fix_cancel_quotes(fix, "5");
	/* of all that he quotes: by the same codes as in a Quote Cancel */
	if (!match.ambiguous && status.meaning == STATUS_ENDS && strchr("1234", code[0]) && code[1] == '\0')
		return oms_fix_cancel_quotes(fix, code);
	if (!match.ambiguous && status.meaning == STATUS_REFUSES && quote_req_id)
		return status_reject_request(fix, quote_req_id, &status);
	fix->ignored = match.ambiguous ? "more than one quote matches" : "the quote is not known";
	return NULL;
}

/* ------------------------------------------------------------------------
 * b
 * ------------------------------------------------------------------------
 */

typedef struct AckedEntry
{
	const Quote *quote;
	Status		status;
} AckedEntry;

static List *
status_add_acked(List *acked, const Quote *quote, const Status *status)
{
	AckedEntry *entry = palloc(sizeof(AckedEntry));

	*entry = (AckedEntry) {quote, *status};
	return lappend(acked, entry);
}

/* The status of an entry: its own, that it is rejected for a reason, or that of the message. */
static Status
status_of_entry(const FixMessage *message, const FixSpan *entry)
{
	char	   *code = oms_fix_get_in(message, entry, TAG_QUOTE_ENTRY_STATUS);
	char	   *reason = oms_fix_get_in(message, entry, TAG_QUOTE_ENTRY_REJECT_REASON);

	if (code == NULL)
		code = reason ? "5" : oms_fix_get(message, TAG_QUOTE_STATUS);
	return status_of(code, reason ? reason : oms_fix_get(message, TAG_QUOTE_REJECT_REASON));
}

/* The open quotes that entries name, if they are still the version that is acknowledged. */
static List *
status_acked_entries(FixContext *fix, const char *quote_id, int *entries)
{
	const FixMessage *message = &fix->message;
	FixSpan    *sets;
	int			nsets = oms_fix_spans(message, TAG_NO_QUOTE_SETS, NULL, &sets);
	List	   *acked = NIL;

	*entries = 0;
	for (int i = 0; i < Max(nsets, 1); i++)
	{
		const FixSpan *set = nsets > 0 ? &sets[i] : NULL;
		FixSpan    *spans;
		int			n = oms_fix_spans(message, TAG_NO_QUOTE_ENTRIES, set, &spans);

		for (int j = 0; j < n && *entries < FIX_QUOTE_ENTRIES_MAX; j++, ++*entries)
		{
			const Quote *quote = oms_fix_open_entry(fix, NULL, set ? oms_fix_get_in(message, set, TAG_QUOTE_SET_ID) : NULL,
													oms_fix_get_in(message, &spans[j], TAG_QUOTE_ENTRY_ID));
			Status		status = status_of_entry(message, &spans[j]);

			CHECK_FOR_INTERRUPTS();
			if (quote && (quote_id == NULL || oms_same_text(quote->quote_id, quote_id)))
				acked = status_add_acked(acked, quote, &status);
		}
	}
	return acked;
}

/* All open entries of the mass quote. */
static List *
status_acked_whole(FixContext *fix, const char *quote_id, const Status *status)
{
	List	   *acked = NIL;
	ListCell   *cell;

	foreach(cell, oms_all_named(oms_uow_tables(fix->uow), NAME_QUOTE_ID, fix->message.session, quote_id))
	{
		const Quote *quote = (const Quote *) oms_uow_peek(fix->uow, KIND_QUOTE, lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		if (quote && quote->status == QUOTE_STATUS_ACTIVE && oms_same_text(quote->quote_id, quote_id))
			acked = status_add_acked(acked, quote, status);
	}
	return acked;
}

Refusal *
oms_fix_handle_mass_quote_ack(FixContext *fix)
{
	char	   *code = oms_fix_get(&fix->message, TAG_QUOTE_STATUS);
	Status		status = status_of(code, oms_fix_get(&fix->message, TAG_QUOTE_REJECT_REASON));
	char	   *quote_id = oms_fix_get(&fix->message, TAG_QUOTE_ID);
	QuoteNames	names = {fix};
	int			entries;
	List	   *acked;
	ListCell   *cell;
	Refusal    *refusal = REQUIRE(fix, TAG_QUOTE_STATUS);

	if (refusal)
		return refusal;
	acked = status_acked_entries(fix, quote_id, &entries);
	if (entries == 0 && status.meaning == STATUS_ENDS && strchr("1234", code[0]) && code[1] == '\0')
		return oms_fix_cancel_quotes(fix, code);
	if (entries == 0 && quote_id)
		acked = status_acked_whole(fix, quote_id, &status);
	foreach(cell, acked)
		oms_fix_name_quote(&names, ((const AckedEntry *) lfirst(cell))->quote);
	if (!oms_fix_lock_quotes(&names))
		return NULL;
	fix->ignored = "no open quote of the session is named";
	foreach(cell, acked)
	{
		const AckedEntry *entry = lfirst(cell);

		/* an acknowledgement confirms no deal */
		if (entry->status.meaning == STATUS_CONFIRMS)
			fix->ignored = "this QuoteStatus (297) changes nothing";
		else
			refusal = status_apply(fix, entry->quote, &entry->status);
		if (refusal)
			return refusal;
	}
	if (fix->results != NIL)
		fix->ignored = NULL;
	return NULL;
}
