/*-------------------------------------------------------------------------
 *
 * quote_request_machine.c
 *	  The life of a request for quotes as a table.
 *
 * Pure.  Of its conditions exactly one holds: it is new (no event of it is
 * written yet), or it is in one status.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 3, "Quote Request", "Quote Request
 * Reject".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "core/quote_request/quote_request.h"

/* The bit of a status; 0 is that of a new one. */
#define CONDITION(status)	(1U << (status))

#define IS_UNMADE		CONDITION(QUOTE_REQUEST_STATUS_NONE)
#define IS_NEW			CONDITION(QUOTE_REQUEST_STATUS_NEW)
#define IS_QUOTED		CONDITION(QUOTE_REQUEST_STATUS_QUOTED)
#define IS_ACCEPTED		CONDITION(QUOTE_REQUEST_STATUS_ACCEPTED)
#define IS_REJECTED		CONDITION(QUOTE_REQUEST_STATUS_REJECTED)
#define IS_CANCELLED	CONDITION(QUOTE_REQUEST_STATUS_CANCELLED)
#define IS_EXPIRED		CONDITION(QUOTE_REQUEST_STATUS_EXPIRED)

#define HAS_ENDED		(IS_ACCEPTED | IS_REJECTED | IS_CANCELLED | IS_EXPIRED)

/* No dealer has still to answer an acceptance, or one has. */
#define FACT_FREE		(1 << 0)
#define FACT_PENDING	(1 << 1)

static const Transition quote_request_rows[] = {
	{.number = 601, .trigger = QUOTE_REQUEST_CREATE,
		.requires = IS_UNMADE, .sets = IS_NEW, .clears = IS_UNMADE, .event_type = "QuoteRequestCreated",
	.sentence = "Somebody asks dealers to quote."},
	{.number = 605, .trigger = QUOTE_REQUEST_QUOTE,
		.requires = IS_NEW, .sets = IS_QUOTED, .clears = IS_NEW, .event_type = "QuoteRequestQuoted",
	.sentence = "The first quote comes."},

	{.number = 611, .trigger = QUOTE_REQUEST_REJECT,
		.forbids = IS_UNMADE | HAS_ENDED, .facts = FACT_FREE, .sets = IS_REJECTED, .clears = IS_NEW | IS_QUOTED,
		.event_type = "QuoteRequestRejected",
	.sentence = "The request is rejected, or all who were asked reject it: nobody quotes, and what was quoted ends."},
	{.number = 615, .trigger = QUOTE_REQUEST_DECLINE,
		.forbids = IS_UNMADE | HAS_ENDED, .event_type = "QuoteRequestDeclined",
	.sentence = "One of the dealers does not quote; others may."},
	{.number = 619, .trigger = QUOTE_REQUEST_REJECT, .reported = true, .forbids = IS_UNMADE, .event_type = "QuoteRequestReported",
	.sentence = "A rejection comes of a request that has ended, or one of whose quotes is accepted: it is kept, and changes nothing."},
	{.number = 621, .trigger = QUOTE_REQUEST_CANCEL,
		.forbids = IS_UNMADE | HAS_ENDED, .facts = FACT_FREE, .sets = IS_CANCELLED, .clears = IS_NEW | IS_QUOTED,
		.event_type = "QuoteRequestCancelled",
	.sentence = "Whoever asked asks no more: its quotes end with it."},
	{.number = 631, .trigger = QUOTE_REQUEST_EXPIRE,
		.forbids = IS_UNMADE | HAS_ENDED, .facts = FACT_FREE, .sets = IS_EXPIRED, .clears = IS_NEW | IS_QUOTED,
		.event_type = "QuoteRequestExpired",
	.sentence = "The request is over: its quotes end with it."},

	{.number = 641, .trigger = QUOTE_REQUEST_HIT,
		.requires = IS_QUOTED, .facts = FACT_FREE, .event_type = "QuoteRequestAcceptanceRequested",
	.sentence = "One of its quotes is accepted; the dealer has the last look."},
	{.number = 642, .trigger = QUOTE_REQUEST_ACCEPT,
		.requires = IS_QUOTED, .facts = FACT_FREE, .sets = IS_ACCEPTED, .clears = IS_QUOTED, .event_type = "QuoteRequestAccepted",
	.sentence = "One of its quotes is accepted: the others are declined."},
	{.number = 643, .trigger = QUOTE_REQUEST_CONFIRM,
		.requires = IS_QUOTED, .facts = FACT_PENDING, .sets = IS_ACCEPTED, .clears = IS_QUOTED, .event_type = "QuoteRequestAccepted",
	.sentence = "The dealer confirms the acceptance: the others are declined."},
	{.number = 651, .trigger = QUOTE_REQUEST_REOPEN,
		.requires = IS_QUOTED, .facts = FACT_PENDING, .event_type = "QuoteRequestReopened",
	.sentence = "The dealer refuses the acceptance, and another quote is still valid."},
	{.number = 652, .trigger = QUOTE_REQUEST_GIVE_UP,
		.requires = IS_QUOTED, .facts = FACT_PENDING, .sets = IS_EXPIRED, .clears = IS_QUOTED, .event_type = "QuoteRequestExpired",
	.sentence = "The dealer refuses the acceptance, and no quote is valid any more."},

	{.number = 661, .trigger = QUOTE_REQUEST_FILL, .forbids = IS_UNMADE, .event_type = "QuoteRequestExecuted",
	.sentence = "The order of its acceptance has executed more or less."},
	{0}
};

static MachineTrigger quote_request_triggers[QUOTE_REQUEST_TRIGGER_COUNT] = {
	[QUOTE_REQUEST_CREATE] = {"CreateQuoteRequest"},
	[QUOTE_REQUEST_QUOTE] = {"quote"},
	[QUOTE_REQUEST_REJECT] = {"RejectQuoteRequest"},
	[QUOTE_REQUEST_DECLINE] = {"RejectQuoteRequest by one dealer"},
	[QUOTE_REQUEST_CANCEL] = {"CancelQuoteRequest"},
	[QUOTE_REQUEST_EXPIRE] = {"ExpireQuoteRequest"},
	[QUOTE_REQUEST_HIT] = {"AcceptQuote pending"},
	[QUOTE_REQUEST_ACCEPT] = {"AcceptQuote"},
	[QUOTE_REQUEST_CONFIRM] = {"confirm"},
	[QUOTE_REQUEST_REOPEN] = {"reopen"},
	[QUOTE_REQUEST_GIVE_UP] = {"give up"},
	[QUOTE_REQUEST_FILL] = {"fill"},
};

static const OmsName quote_request_conditions[] = {
	{IS_UNMADE, "UNMADE"},
	{IS_NEW, "NEW"},
	{IS_QUOTED, "QUOTED"},
	{IS_ACCEPTED, "ACCEPTED"},
	{IS_REJECTED, "REJECTED"},
	{IS_CANCELLED, "CANCELLED"},
	{IS_EXPIRED, "EXPIRED"},
	{0}
};

static const OmsName quote_request_facts[] = {
	{FACT_FREE, "NOT_PENDING"},
	{FACT_PENDING, "ACCEPTANCE_PENDING"},
	{0}
};

const Machine oms_quote_request_machine = {
	.object = "quote_request",
	.rows = quote_request_rows,
	.triggers = quote_request_triggers,
	.trigger_count = QUOTE_REQUEST_TRIGGER_COUNT,
	.conditions = quote_request_conditions,
	.facts = quote_request_facts,
	.flags = oms_flag_names,
};

const Transition *
oms_quote_request_transition(const QuoteRequest *request, QuoteRequestTrigger trigger, bool reported)
{
	return oms_machine_find(&oms_quote_request_machine, trigger, CONDITION(request->status),
							oms_quote_request_is_pending(request) ? FACT_PENDING : FACT_FREE, reported);
}

void
oms_quote_request_evolve(QuoteRequest *request, const Transition *transition)
{
	request->status = pg_leftmost_one_pos32(oms_transition_apply(transition, CONDITION(request->status)));
	request->flags |= transition->raises;
}
