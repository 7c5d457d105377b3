/*-------------------------------------------------------------------------
 *
 * quote_machine.c
 *	  The life of a quote as a table.
 *
 * Pure.  Of its conditions exactly one holds: it is new (no event of it is
 * written yet), or it is in one status.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 3, "Quote", "Quote Response", "Quote
 * Cancel", "Quote Status Report".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "core/kind.h"
#include "core/quote/quote_machine.h"

/* The bit of a status; 0 is that of a new one. */
#define CONDITION(status)	(1U << (status))

#define IS_UNMADE		CONDITION(QUOTE_STATUS_NONE)
#define IS_ACTIVE		CONDITION(QUOTE_STATUS_ACTIVE)
#define IS_ACCEPTED		CONDITION(QUOTE_STATUS_ACCEPTED)
#define IS_DECLINED		CONDITION(QUOTE_STATUS_DECLINED)
#define IS_REJECTED		CONDITION(QUOTE_STATUS_REJECTED)
#define IS_CANCELLED	CONDITION(QUOTE_STATUS_CANCELLED)
#define IS_EXPIRED		CONDITION(QUOTE_STATUS_EXPIRED)

/* Nobody has accepted it, or the dealer has still to answer. */
#define FACT_FREE		(1 << 0)
#define FACT_PENDING	(1 << 1)

static const Transition quote_rows[] = {
	{.number = 701, .trigger = QUOTE_CREATE,
		.requires = IS_UNMADE, .sets = IS_ACTIVE, .clears = IS_UNMADE, .event_type = "QuoteCreated",
	.sentence = "A dealer quotes."},

	{.number = 711, .trigger = QUOTE_REPLACE,
		.requires = IS_ACTIVE, .facts = FACT_FREE, .event_type = "QuoteReplaced",
	.sentence = "A dealer gives a quote that nobody has accepted other figures."},

	{.number = 721, .trigger = QUOTE_ACCEPT,
		.requires = IS_ACTIVE, .facts = FACT_FREE, .sets = IS_ACCEPTED, .clears = IS_ACTIVE, .event_type = "QuoteAccepted",
	.sentence = "A quote is accepted, and makes an order."},
	{.number = 722, .trigger = QUOTE_HIT,
		.requires = IS_ACTIVE, .facts = FACT_FREE, .event_type = "QuoteAcceptanceRequested",
	.sentence = "A quote is accepted, and makes an order; the dealer has the last look."},
	{.number = 723, .trigger = QUOTE_CONFIRM,
		.requires = IS_ACTIVE, .facts = FACT_PENDING, .sets = IS_ACCEPTED, .clears = IS_ACTIVE, .event_type = "QuoteAccepted",
	.sentence = "The dealer confirms an acceptance: he accepts or fills its order."},
	{.number = 724, .trigger = QUOTE_REFUSE,
		.requires = IS_ACTIVE, .facts = FACT_PENDING, .sets = IS_REJECTED, .clears = IS_ACTIVE, .event_type = "QuoteRejected",
	.sentence = "The dealer refuses an acceptance, or its order ends unfilled."},

	{.number = 731, .trigger = QUOTE_DECLINE,
		.requires = IS_ACTIVE, .facts = FACT_FREE, .sets = IS_DECLINED, .clears = IS_ACTIVE, .event_type = "QuoteDeclined",
	.sentence = "Another quote was dealt: this one is not."},

	{.number = 741, .trigger = QUOTE_REJECT,
		.requires = IS_ACTIVE, .facts = FACT_FREE, .sets = IS_REJECTED, .clears = IS_ACTIVE, .event_type = "QuoteRejected",
	.sentence = "Whoever asked for the quote does not want it, or it was in error."},
	{.number = 749, .trigger = QUOTE_REJECT, .reported = true, .forbids = IS_UNMADE, .event_type = "QuoteReported",
	.sentence = "A rejection comes of a quote that has ended or been accepted: it is kept, and changes nothing."},

	{.number = 751, .trigger = QUOTE_CANCEL,
		.requires = IS_ACTIVE, .facts = FACT_FREE, .sets = IS_CANCELLED, .clears = IS_ACTIVE, .event_type = "QuoteCancelled",
	.sentence = "A dealer takes back a quote that nobody has accepted, or its request was cancelled."},
	{.number = 758, .trigger = QUOTE_CANCEL, .reported = true, .forbids = ~(IS_ACTIVE | IS_ACCEPTED) & 0x7f, .raises = FLAG_LATE_CANCEL,
		.event_type = "QuoteReported",
	.sentence = "A dealer takes back a quote that was accepted: it is kept and flagged, and changes nothing."},
	{.number = 759, .trigger = QUOTE_CANCEL, .reported = true, .forbids = IS_UNMADE, .event_type = "QuoteReported",
	.sentence = "A dealer takes back a quote that has ended: it is kept, and changes nothing."},
	{.number = 761, .trigger = QUOTE_SUPERSEDE,
		.requires = IS_ACTIVE, .facts = FACT_FREE, .sets = IS_CANCELLED, .clears = IS_ACTIVE, .event_type = "QuoteCancelled",
	.sentence = "A newer quote of the same dealer takes its place."},

	{.number = 771, .trigger = QUOTE_EXPIRE,
		.requires = IS_ACTIVE, .facts = FACT_FREE, .sets = IS_EXPIRED, .clears = IS_ACTIVE, .event_type = "QuoteExpired",
	.sentence = "A quote that nobody has accepted is over, or its request is."},
	{.number = 779, .trigger = QUOTE_EXPIRE, .reported = true, .forbids = IS_UNMADE, .event_type = "QuoteReported",
	.sentence = "An expiry comes of a quote that has ended or been accepted: it is kept, and changes nothing."},

	{.number = 781, .trigger = QUOTE_FILL, .forbids = IS_UNMADE, .event_type = "QuoteExecuted",
	.sentence = "The order of an acceptance has executed more or less."},
	{0}
};

static MachineTrigger quote_triggers[QUOTE_TRIGGER_COUNT] = {
	[QUOTE_CREATE] = {"CreateQuote"},
	[QUOTE_REPLACE] = {"ReplaceQuote"},
	[QUOTE_ACCEPT] = {"AcceptQuote"},
	[QUOTE_HIT] = {"AcceptQuote pending"},
	[QUOTE_CONFIRM] = {"confirm"},
	[QUOTE_REFUSE] = {"refuse"},
	[QUOTE_DECLINE] = {"decline"},
	[QUOTE_REJECT] = {"RejectQuote"},
	[QUOTE_CANCEL] = {"CancelQuote"},
	[QUOTE_SUPERSEDE] = {"supersede"},
	[QUOTE_EXPIRE] = {"ExpireQuote"},
	[QUOTE_FILL] = {"fill"},
};

static const OmsName quote_conditions[] = {
	{IS_UNMADE, "UNMADE"},
	{IS_ACTIVE, "ACTIVE"},
	{IS_ACCEPTED, "ACCEPTED"},
	{IS_DECLINED, "DECLINED"},
	{IS_REJECTED, "REJECTED"},
	{IS_CANCELLED, "CANCELLED"},
	{IS_EXPIRED, "EXPIRED"},
	{0}
};

static const OmsName quote_facts[] = {
	{FACT_FREE, "NOT_ACCEPTED"},
	{FACT_PENDING, "ACCEPTANCE_PENDING"},
	{0}
};

const Machine oms_quote_machine = {
	.object = "quote",
	.rows = quote_rows,
	.triggers = quote_triggers,
	.trigger_count = QUOTE_TRIGGER_COUNT,
	.conditions = quote_conditions,
	.facts = quote_facts,
	.flags = oms_flag_names,
};

const Transition *
oms_quote_transition(const Quote *quote, QuoteTrigger trigger, bool reported)
{
	return oms_machine_find(&oms_quote_machine, trigger, CONDITION(quote->status),
							oms_quote_is_pending(quote) ? FACT_PENDING : FACT_FREE, reported);
}

void
oms_quote_evolve(Quote *quote, const Transition *transition)
{
	quote->status = pg_leftmost_one_pos32(oms_transition_apply(transition, CONDITION(quote->status)));
	quote->flags |= transition->raises;
}
