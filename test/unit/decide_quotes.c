/*
 * What commands do to requests for quotes and to quotes, on an array and without
 * a server.  Each command against each status is a numbered row or a refusal, all
 * of them listed; the sides of currency pairs; which quote is the cover; who takes
 * whose place; what an order of an acceptance makes of its quote.  What breaks if a
 * row fires that should not, if two can be dealt, if a side is turned where it should
 * not be, or if a quote is left open that nobody may accept.
 */
#include "unit.h"

#include "decide_cases.h"

#include "core/quote/quote.h"

/* ------------------------------------------------------------------------
 * every command against every status
 * ------------------------------------------------------------------------
 */

/* "#" is said by a message of FIX. */
static const char *const trials[] = {
	"CreateQuote quoteId=N quoteRequestId=R dealer=ALFA bidPx=10 offerPx=11",
	"ReplaceQuote quoteId=Q bidPx=8",
	"AcceptQuote quoteId=Q orderId=N side=SELL orderQty=5",
	"AcceptQuote quoteId=Q orderId=N side=SELL orderQty=5 pending=true",
	"AcceptQuote quoteId=P orderId=N side=SELL orderQty=5",
	"RejectQuote quoteId=Q",
	"RejectQuote quoteId=Q fixMessage=#",
	"RejectQuote quoteId=Q quoteRespType=DONE_AWAY",
	"RejectQuote quoteId=Q quoteRespType=EXPIRED",
	"CancelQuote quoteId=Q",
	"CancelQuote quoteId=Q fixMessage=#",
	"ExpireQuote quoteId=Q",
	"ExpireQuote quoteId=Q fixMessage=#",
	"RejectQuoteRequest quoteRequestId=R",
	"RejectQuoteRequest quoteRequestId=R fixMessage=#",
	"RejectQuoteRequest quoteRequestId=R dealer=ALFA",
	"CancelQuoteRequest quoteRequestId=R",
	"ExpireQuoteRequest quoteRequestId=R",
	"AcceptOrder orderId=O",
	"ExecuteOrder orderId=O executionId=X lastQty=2 lastPx=10",
	"RejectOrder orderId=O",
	"CancelOrder orderId=O",
	"ExpireOrder orderId=O",
	"BustExecution executionId=E",
};

#define TRIALS	lengthof(trials)
#define SETUP_MAX	8

typedef struct Situation
{
	const char *name;
	const char *made[SETUP_MAX];
	const char *answers[TRIALS];	/* one for each trial */
} Situation;

#define REQUEST	"CreateQuoteRequest quoteRequestId=R symbol=X orderQty=5"
#define UNTIL	" validUntilTime=2026-01-07T12:00:00Z"
#define QUOTE	"CreateQuote quoteId=Q quoteRequestId=R dealer=ALFA bidPx=10 offerPx=11" UNTIL
#define OTHER	"CreateQuote quoteId=P quoteRequestId=R dealer=BETA bidPx=9 offerPx=12" UNTIL
#define QUOTED	REQUEST, QUOTE, OTHER
#define ACCEPT	"AcceptQuote quoteId=Q orderId=O side=SELL orderQty=5"

static const Situation situations[] = {
	{"nobody has quoted", {REQUEST}, {
		"N:701 R:605", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003",
		"R:611", "R:611", "R:615", "R:621", "R:631", "OM003", "X:511", "OM003", "OM003", "OM003", "OM003",
	}},
	{"quoted", {QUOTED}, {
		"Q:761 N:701", "Q:711", "N:102 Q:721 P:731 R:642", "N:102 Q:722 R:641", "N:102 P:721 Q:731 R:642", "Q:741", "Q:741",
		"Q:731", "Q:771", "Q:751", "Q:751", "Q:771", "Q:771", "Q:751 P:751 R:611", "Q:751 P:751 R:611", "R:615",
		"Q:751 P:751 R:621", "Q:771 P:771 R:631", "OM003", "X:511", "OM003", "OM003", "OM003", "OM003",
	}},
	{"over by the clock", {REQUEST, "CreateQuote quoteId=Q quoteRequestId=R dealer=ALFA bidPx=10 offerPx=11 validUntilTime=2026-01-07T10:00:04Z", OTHER}, {
		"Q:761 N:701", "Q:711", "OM005 quote_expired", "OM005 quote_expired", "N:102 P:721 Q:731 R:642", "Q:741", "Q:741", "Q:731",
		"Q:771", "Q:751", "Q:751", "Q:771", "Q:771", "Q:751 P:751 R:611", "Q:751 P:751 R:611", "R:615", "Q:751 P:751 R:621",
		"Q:771 P:771 R:631", "OM003", "X:511", "OM003", "OM003", "OM003", "OM003",
	}},
	{"with a last look", {QUOTED, ACCEPT " pending=true"}, {
		"N:701", "OM005 acceptance_pending", "OM005 acceptance_pending", "OM005 acceptance_pending", "OM005 acceptance_pending",
		"O:121 Q:724 R:651", "O:121 Q:724 R:651", "OM005 acceptance_pending", "OM005 acceptance_pending",
		"OM005 acceptance_pending", "Q:758", "OM005 acceptance_pending", "Q:779", "OM005 acceptance_pending", "R:619", "R:615",
		"OM005 acceptance_pending", "OM005 acceptance_pending", "O:111 Q:723 P:731 R:643", "X:501 O:301 Q:723 P:731 R:643",
		"O:121 Q:724 R:651", "O:141 Q:724 R:651", "O:251 Q:724 R:651", "OM003",
	}},
	{"with a last look at the only one", {REQUEST, QUOTE, ACCEPT " pending=true"}, {
		"N:701", "OM005 acceptance_pending", "OM005 acceptance_pending", "OM005 acceptance_pending", "OM003", "O:121 Q:724 R:652",
		"O:121 Q:724 R:652", "OM005 acceptance_pending", "OM005 acceptance_pending", "OM005 acceptance_pending", "Q:758",
		"OM005 acceptance_pending", "Q:779", "OM005 acceptance_pending", "R:619", "R:615", "OM005 acceptance_pending",
		"OM005 acceptance_pending", "O:111 Q:723 R:643", "X:501 O:301 Q:723 R:643", "O:121 Q:724 R:652", "O:141 Q:724 R:652",
		"O:251 Q:724 R:652", "OM003",
	}},
	{"accepted", {QUOTED, ACCEPT}, {
		"OM004", "OM004", "OM004", "OM004", "OM004", "OM004", "Q:749", "OM004", "OM004", "OM004", "Q:758", "OM004", "Q:779",
		"OM004", "R:619", "OM004", "OM004", "OM004", "O:111", "X:501 O:301 Q:781 R:661", "O:121", "O:141", "O:251", "OM003",
	}},
	{"accepted and filled", {QUOTED, ACCEPT, "ExecuteOrder orderId=O executionId=E lastQty=5 lastPx=10"}, {
		"OM004", "OM004", "OM004", "OM004", "OM004", "OM004", "Q:749", "OM004", "OM004", "OM004", "Q:758", "OM004", "Q:779",
		"OM004", "R:619", "OM004", "OM004", "OM004", "OM004", "X:511 O:331", "OM004", "OM004", "OM004", "E:531 O:311 Q:781 R:661",
	}},
	{"accepted and rejected", {QUOTED, ACCEPT, "RejectOrder orderId=O"}, {
		"OM004", "OM004", "OM004", "OM004", "OM004", "OM004", "Q:749", "OM004", "OM004", "OM004", "Q:758", "OM004", "Q:779",
		"OM004", "R:619", "OM004", "OM004", "OM004", "OM004", "X:501 O:310 Q:781 R:661", "OM004", "OM004", "OM004", "OM003",
	}},
	{"another accepted", {QUOTED, "AcceptQuote quoteId=P orderId=O side=SELL orderQty=5"}, {
		"OM004", "OM004", "OM004", "OM004", "OM004", "OM004", "Q:749", "OM004", "OM004", "OM004", "Q:759", "OM004", "Q:779",
		"OM004", "R:619", "OM004", "OM004", "OM004", "O:111", "X:501 O:301 P:781 R:661", "O:121", "O:141", "O:251", "OM003",
	}},
	{"another with a last look", {QUOTED, "AcceptQuote quoteId=P orderId=O side=SELL orderQty=5 pending=true"}, {
		"Q:761 N:701", "Q:711", "OM005 acceptance_pending", "OM005 acceptance_pending", "OM005 acceptance_pending", "Q:741",
		"Q:741", "Q:731", "Q:771", "Q:751", "Q:751", "Q:771", "Q:771", "OM005 acceptance_pending", "R:619", "R:615",
		"OM005 acceptance_pending", "OM005 acceptance_pending", "O:111 P:723 Q:731 R:643", "X:501 O:301 P:723 Q:731 R:643",
		"O:121 P:724 R:651", "O:141 P:724 R:651", "O:251 P:724 R:651", "OM003",
	}},
	{"refused at the last look", {QUOTED, ACCEPT " pending=true", "RejectQuote quoteId=Q"}, {
		"N:701", "OM004", "OM004", "OM004", "N:102 P:721 R:642", "OM004", "Q:749", "OM004", "OM004", "OM004", "Q:759", "OM004",
		"Q:779", "P:751 R:611", "P:751 R:611", "R:615", "P:751 R:621", "P:771 R:631", "OM004", "X:501 O:310 Q:781", "OM004",
		"OM004", "OM004", "OM003",
	}},
	{"refused, and nothing left", {REQUEST, QUOTE, ACCEPT " pending=true", "RejectQuote quoteId=Q"}, {
		"OM004", "OM004", "OM004", "OM004", "OM003", "OM004", "Q:749", "OM004", "OM004", "OM004", "Q:759", "OM004", "Q:779",
		"OM004", "R:619", "OM004", "OM004", "OM004", "OM004", "X:501 O:310 Q:781", "OM004", "OM004", "OM004", "OM003",
	}},
	{"rejected", {QUOTED, "RejectQuote quoteId=Q"}, {
		"N:701", "OM004", "OM004", "OM004", "N:102 P:721 R:642", "OM004", "Q:749", "OM004", "OM004", "OM004", "Q:759", "OM004",
		"Q:779", "P:751 R:611", "P:751 R:611", "R:615", "P:751 R:621", "P:771 R:631", "OM003", "X:511", "OM003", "OM003", "OM003",
		"OM003",
	}},
	{"taken back", {QUOTED, "CancelQuote quoteId=Q"}, {
		"N:701", "OM004", "OM004", "OM004", "N:102 P:721 R:642", "OM004", "Q:749", "OM004", "OM004", "OM004", "Q:759", "OM004",
		"Q:779", "P:751 R:611", "P:751 R:611", "R:615", "P:751 R:621", "P:771 R:631", "OM003", "X:511", "OM003", "OM003", "OM003",
		"OM003",
	}},
	{"superseded", {QUOTED, "CreateQuote quoteId=Q2 quoteRequestId=R dealer=ALFA bidPx=10 offerPx=11" UNTIL}, {
		"Q2:761 N:701", "OM004", "OM004", "OM004", "N:102 P:721 Q2:731 R:642", "OM004", "Q:749", "OM004", "OM004", "OM004",
		"Q:759", "OM004", "Q:779", "P:751 Q2:751 R:611", "P:751 Q2:751 R:611", "R:615", "P:751 Q2:751 R:621", "P:771 Q2:771 R:631",
		"OM003", "X:511", "OM003", "OM003", "OM003", "OM003",
	}},
	{"expired", {QUOTED, "ExpireQuote quoteId=Q"}, {
		"N:701", "OM004", "OM004", "OM004", "N:102 P:721 R:642", "OM004", "Q:749", "OM004", "OM004", "OM004", "Q:759", "OM004",
		"Q:779", "P:751 R:611", "P:751 R:611", "R:615", "P:751 R:621", "P:771 R:631", "OM003", "X:511", "OM003", "OM003", "OM003",
		"OM003",
	}},
	{"the request cancelled", {QUOTED, "CancelQuoteRequest quoteRequestId=R"}, {
		"OM004", "OM004", "OM004", "OM004", "OM004", "OM004", "Q:749", "OM004", "OM004", "OM004", "Q:759", "OM004", "Q:779",
		"OM004", "R:619", "OM004", "OM004", "OM004", "OM003", "X:511", "OM003", "OM003", "OM003", "OM003",
	}},
	{"the request expired", {QUOTED, "ExpireQuoteRequest quoteRequestId=R"}, {
		"OM004", "OM004", "OM004", "OM004", "OM004", "OM004", "Q:749", "OM004", "OM004", "OM004", "Q:759", "OM004", "Q:779",
		"OM004", "R:619", "OM004", "OM004", "OM004", "OM003", "X:511", "OM003", "OM003", "OM003", "OM003",
	}},
	{"the request rejected by who was asked alone", {REQUEST " dealers=[\"ALFA\"]", "RejectQuoteRequest quoteRequestId=R dealer=ALFA"}, {
		"OM004", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003",
		"OM004", "R:619", "OM004", "OM004", "OM004", "OM003", "X:511", "OM003", "OM003", "OM003", "OM003",
	}},
	{"nobody asked", {"CreateQuote quoteId=Q symbol=X dealer=ALFA bidPx=10 offerPx=11" UNTIL}, {
		"OM003", "Q:711", "N:102 Q:721", "N:102 Q:722", "OM003", "Q:741", "Q:741", "Q:731", "Q:771", "Q:751", "Q:751", "Q:771",
		"Q:771", "OM003", "OM003", "OM003", "OM003", "OM003", "OM003", "X:511", "OM003", "OM003", "OM003", "OM003",
	}},
	{"nobody asked, with a last look", {"CreateQuote quoteId=Q symbol=X dealer=ALFA bidPx=10 offerPx=11" UNTIL, ACCEPT " pending=true"}, {
		"OM003", "OM005 acceptance_pending", "OM005 acceptance_pending", "OM005 acceptance_pending", "OM003", "O:121 Q:724",
		"O:121 Q:724", "OM005 acceptance_pending", "OM005 acceptance_pending", "OM005 acceptance_pending", "Q:758",
		"OM005 acceptance_pending", "Q:779", "OM003", "OM003", "OM003", "OM003", "OM003", "O:111 Q:723", "X:501 O:301 Q:723",
		"O:121 Q:724", "O:141 Q:724", "O:251 Q:724", "OM003",
	}},
};

/* ":" and the rows of what changed, in their order. */
static char *
pairs_outcome(const Decision *d, const Refusal *refusal)
{
	StringInfoData out;
	ListCell   *cell;

	if (refusal)
		return cases_outcome(d, refusal);
	initStringInfo(&out);
	foreach(cell, d->changes)
	{
		const Change *change = lfirst(cell);

		appendStringInfo(&out, "%s%s:%d", out.len ? " " : "", change->after->id, change->rule->number);
	}
	return out.len ? out.data : pstrdup("-");
}

/* What holds whatever happened: one deal at most, and nothing that is open of a request that is not. */
static bool
pairs_is_sound(const ArraySource *array)
{
	const QuoteRequest *request = (const QuoteRequest *) array_find(array, KIND_QUOTE_REQUEST, "R");
	int			dealt = 0,
				active = 0;
	ListCell   *cell;

	foreach(cell, array->objects)
	{
		const Quote *quote = lfirst(cell);
		const Order *order;

		if (quote->object.kind != KIND_QUOTE)
			continue;
		order = quote->order_id ? (const Order *) array_find(array, KIND_ORDER, quote->order_id) : NULL;
		if ((order == NULL) != (quote->order_id == NULL) || (order && !oms_same_text(order->quote_id, quote->id)) ||
			(order && oms_dec_cmp(order->executed_quantity, quote->executed_quantity) != 0))
			return false;
		if (quote->quote_request_id == NULL)
			continue;
		active += quote->status == QUOTE_STATUS_ACTIVE;
		if (quote->status == QUOTE_STATUS_ACCEPTED || oms_quote_is_pending(quote))
		{
			dealt++;
			if (!oms_same_text(request->accepted_quote_id, quote->id) || !oms_same_text(request->accepted_order_id, quote->order_id) ||
				(request->status == QUOTE_REQUEST_STATUS_ACCEPTED) != (quote->status == QUOTE_STATUS_ACCEPTED))
				return false;
		}
	}
	return dealt <= 1 && (request == NULL || ((active == 0 || oms_quote_request_is_open(request)) && (request->accepted_quote_id != NULL) == (dealt == 1)));
}

static void
pairs_try(const Situation *situation, int trial)
{
	ArraySource *array = array_begin();
	Decision	d;
	Refusal    *refusal;
	char	   *outcome;

	for (int i = 0; i < SETUP_MAX && situation->made[i]; i++)
	{
		refusal = array_run(array, cases_json(situation->made[i], i), &d);
		if (refusal)
			elog(ERROR, "%s: %s: %s", situation->name, situation->made[i], refusal->message);
	}
	refusal = array_run(array, cases_json(trials[trial], 100), &d);
	outcome = pairs_outcome(&d, refusal);
	is_text(outcome, situation->answers[trial] ? situation->answers[trial] : "(none)", psprintf("%s: %s", situation->name, trials[trial]));
	ok(pairs_is_sound(array), "%s, then %s: at most one deal, and nothing open of what is over", situation->name, trials[trial]);
}

static void
pairs(void)
{
	for (int i = 0; i < lengthof(situations); i++)
		for (int trial = 0; trial < TRIALS; trial++)
		{
			MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pair", ALLOCSET_DEFAULT_SIZES);
			MemoryContext old = MemoryContextSwitchTo(context);

			/* what is said of it stays */
			pairs_try(&situations[i], trial);
			MemoryContextSwitchTo(old);
			MemoryContextDelete(context);
		}
}

/* Each row is what some pair comes to. */
static void
rows(void)
{
	static const Machine *const machines[] = {&oms_quote_machine, &oms_quote_request_machine};

	for (int m = 0; m < lengthof(machines); m++)
		for (const Transition *row = machines[m]->rows; row->number; row++)
		{
			char	   *number = psprintf(":%d", row->number);
			bool		seen = row->trigger == QUOTE_CREATE || row->trigger == QUOTE_SUPERSEDE;

			for (int i = 0; i < lengthof(situations); i++)
				for (int trial = 0; trial < TRIALS; trial++)
					seen = seen || (situations[i].answers[trial] && strstr(situations[i].answers[trial], number));
			ok(seen, "a pair fires row %d", row->number);
		}
}

/* ------------------------------------------------------------------------
 * sides
 * ------------------------------------------------------------------------
 */

static void
sides(void)
{
	static const struct
	{
		const char *symbol;
		const char *currency;
		bool		turned;
	}			pairs_of[] = {
		{"EUR/USD", "EUR", false}, {"EUR/USD", "USD", true}, {"EUR/USD", NULL, false}, {"EUR/USD", "GBP", false},
		{"VOD.L", "GBP", false}, {"VOD.L", NULL, false}, {"EURUSD", "USD", false}, {"EUR/USD/X", "USD", false}, {"BTC/USDT", "USDT", true}, {"/USD", "USD", false},
	};
	static const struct
	{
		const char *side;
		bool		buys;
	}			taken[] = {{"BUY", true}, {"BUY_MINUS", true}, {"SELL", false}, {"SELL_PLUS", false}, {"SELL_SHORT", false}, {"SELL_SHORT_EXEMPT", false}};

	for (int i = 0; i < lengthof(pairs_of); i++)
		for (int s = 0; s < lengthof(taken); s++)
			ok(oms_quote_takes_offer(pairs_of[i].symbol, pairs_of[i].currency, taken[s].side) == (taken[s].buys != pairs_of[i].turned),
			   "%s of %s in %s takes the %s", taken[s].side, pairs_of[i].symbol, pairs_of[i].currency ? pairs_of[i].currency : "none",
			   taken[s].buys != pairs_of[i].turned ? "offer" : "bid");
}

/* ------------------------------------------------------------------------
 * cases
 * ------------------------------------------------------------------------
 */

#define PAIR(currency)	"CreateQuoteRequest quoteRequestId=R symbol=EUR/USD currency=" currency " orderQty=5"

static const Case acceptances[] = {
	{"who buys takes the offer, and the next best of those that could be dealt is the cover; of two the older", {
		{"CreateQuoteRequest quoteRequestId=R symbol=X side=BUY orderQty=5", "R:601 NEW qty=5"},
		{"CreateQuote quoteId=A quoteRequestId=R dealer=A offerPx=10", "A:701 ACTIVE offer=10; R:605 QUOTED"},
		{"CreateQuote quoteId=B quoteRequestId=R dealer=B offerPx=12", "B:701 ACTIVE offer=12"},
		{"CreateQuote quoteId=C quoteRequestId=R dealer=C offerPx=11.5 bidPx=9", "C:701 ACTIVE bid=9 offer=11.5"},
		{"CreateQuote quoteId=D quoteRequestId=R dealer=D offerPx=11.5", "D:701 ACTIVE offer=11.5"},
		{"CreateQuote quoteId=E quoteRequestId=R dealer=E offerPx=9 quoteType=INDICATIVE", "E:701 ACTIVE offer=9"},
		{"CreateQuote quoteId=F quoteRequestId=R dealer=F offerPx=9 validUntilTime=2026-01-07T10:00:08Z", "F:701 ACTIVE offer=9"},
		{"CreateQuote quoteId=G quoteRequestId=R dealer=G bidPx=9", "G:701 ACTIVE bid=9"},
		{"CreateQuote quoteId=H quoteRequestId=R dealer=H offerPx=9", "H:701 ACTIVE offer=9"},
		{"CancelQuote quoteId=H", "H:751 CANCELLED"},
		{"AcceptQuote quoteId=A orderId=O", "O:102 PENDING_NEW qty=5 price=10 leaves=5 unplaced=5; A:721 ACCEPTED order=O takes=BUY qty=5 at=10 done=0; B:731 DECLINED why=TRADED_AWAY; C:731 DECLINED why=COVER; D:731 DECLINED why=TRADED_AWAY; E:731 DECLINED why=TRADED_AWAY; F:731 DECLINED why=TRADED_AWAY; G:731 DECLINED why=TRADED_AWAY; R:642 ACCEPTED quote=A order=O done=0 cover=C coverPx=11.5 distance=1.5"},
	}},
	{"a better one that was passed over is as far away as it was better", {
		{"CreateQuoteRequest quoteRequestId=R symbol=X side=SELL orderQty=5", "R:601 NEW qty=5"},
		{"CreateQuote quoteId=A quoteRequestId=R dealer=A bidPx=10", "A:701 ACTIVE bid=10; R:605 QUOTED"},
		{"CreateQuote quoteId=B quoteRequestId=R dealer=B bidPx=9", "B:701 ACTIVE bid=9"},
		{"CreateQuote quoteId=C quoteRequestId=R dealer=C bidPx=10.25", "C:701 ACTIVE bid=10.25"},
		{"AcceptQuote quoteId=A orderId=O pending=true", "O:102 PENDING_NEW qty=5 price=10 leaves=5 unplaced=5; A:722 order=O takes=SELL qty=5 at=10 done=0; R:641 quote=A order=O done=0 cover=C coverPx=10.25 distance=-0.25"},
		{"!AcceptOrder orderId=O", "O:111 NEW; A:723 ACCEPTED; B:731 DECLINED why=TRADED_AWAY; C:731 DECLINED why=COVER; R:643 ACCEPTED"},
	}},
	{"in the second currency of a pair who buys takes the bid, and the higher is the better", {
		{PAIR("USD"), "R:601 NEW qty=5"},
		{"CreateQuote quoteId=A quoteRequestId=R dealer=A bidPx=1.10 offerPx=1.12", "A:701 ACTIVE bid=1.1 offer=1.12; R:605 QUOTED"},
		{"CreateQuote quoteId=B quoteRequestId=R dealer=B bidPx=1.09 offerPx=1.11", "B:701 ACTIVE bid=1.09 offer=1.11"},
		{"CreateQuote quoteId=C quoteRequestId=R dealer=C bidPx=1.08 offerPx=1.13", "C:701 ACTIVE bid=1.08 offer=1.13"},
		{"AcceptQuote quoteId=A orderId=O side=BUY", "O:102 PENDING_NEW qty=5 price=1.1 leaves=5 unplaced=5; A:721 ACCEPTED order=O takes=BUY qty=5 at=1.1 done=0; B:731 DECLINED why=COVER; C:731 DECLINED why=TRADED_AWAY; R:642 ACCEPTED quote=A order=O done=0 cover=B coverPx=1.09 distance=0.01"},
		{"ExecuteOrder orderId=O executionId=E1 lastQty=1 lastPx=1.09", "E1:511 REVIEW of=O quantity=1 reasons=PRICE_BEYOND_LIMIT; O:331 review=1"},
		{"ExecuteOrder orderId=O executionId=E2 lastQty=2 lastPx=1.11", "E2:501 ALLOCATED of=O quantity=2; O:301 PARTIALLY_FILLED executed=2 own=2 value=2.22 avg=1.11 leaves=3 unplaced=3; A:781 done=2; R:661 done=2"},
	}},
	{"in the first one the offer", {
		{PAIR("EUR"), "R:601 NEW qty=5"},
		{"CreateQuote quoteId=A quoteRequestId=R dealer=A bidPx=1.10 offerPx=1.12", "A:701 ACTIVE bid=1.1 offer=1.12; R:605 QUOTED"},
		{"CreateQuote quoteId=B quoteRequestId=R dealer=B bidPx=1.09 offerPx=1.11", "B:701 ACTIVE bid=1.09 offer=1.11"},
		{"AcceptQuote quoteId=A orderId=O side=BUY", "O:102 PENDING_NEW qty=5 price=1.12 leaves=5 unplaced=5; A:721 ACCEPTED order=O takes=BUY qty=5 at=1.12 done=0; B:731 DECLINED why=COVER; R:642 ACCEPTED quote=A order=O done=0 cover=B coverPx=1.11 distance=-0.01"},
	}},
	{"the only side that is quoted need not be named", {
		{PAIR("USD"), "R:601 NEW qty=5"},
		{"CreateQuote quoteId=A quoteRequestId=R dealer=A bidPx=1.10", "A:701 ACTIVE bid=1.1; R:605 QUOTED"},
		{"CreateQuote quoteId=B quoteRequestId=R dealer=B bidPx=1.10 offerPx=1.12", "B:701 ACTIVE bid=1.1 offer=1.12"},
		{"AcceptQuote quoteId=B orderId=O", "OM001"},
		{"AcceptQuote quoteId=A orderId=O", "O:102 PENDING_NEW qty=5 price=1.1 leaves=5 unplaced=5; A:721 ACCEPTED order=O takes=BUY qty=5 at=1.1 done=0; B:731 DECLINED why=COVER; R:642 ACCEPTED quote=A order=O done=0 cover=B coverPx=1.1 distance=0"},
	}},
	{"who takes whose place", {
		{"CreateQuoteRequest quoteRequestId=R symbol=X", "R:601 NEW"},
		{"CreateQuote quoteId=A quoteRequestId=R dealer=A quoteID=1 bidPx=10", "A:701 ACTIVE bid=10; R:605 QUOTED"},
		{"CreateQuote quoteId=B quoteRequestId=R dealer=A quoteID=2 offerPx=11", "B:701 ACTIVE offer=11"},
		{"CreateQuote quoteId=C quoteRequestId=R dealer=A quoteID=3 offerPx=11 settlType=6", "C:701 ACTIVE offer=11"},
		{"CreateQuote quoteId=D quoteRequestId=R dealer=A quoteID=4 offerPx=11 settlDate=2026-01-09", "D:701 ACTIVE offer=11"},
		{"CreateQuote quoteId=E quoteRequestId=R dealer=B quoteID=1 bidPx=10 offerPx=11", "E:701 ACTIVE bid=10 offer=11"},
		{"CreateQuote quoteId=F quoteRequestId=R bidPx=10 offerPx=11", "F:701 ACTIVE bid=10 offer=11"},
		{"CreateQuote quoteId=G quoteRequestId=R bidPx=10 offerPx=11", "G:701 ACTIVE bid=10 offer=11"},
		{"CreateQuote quoteId=H quoteRequestId=R dealer=A quoteID=2 bidPx=10 offerPx=11", "OM007"},
		{"CreateQuote quoteId=H quoteRequestId=R dealer=A quoteID=5 bidPx=10 offerPx=11", "A:761 CANCELLED by=H why=SUPERSEDED; B:761 CANCELLED by=H why=SUPERSEDED; H:701 ACTIVE bid=10 offer=11 insteadOf=B"},
		{"CreateQuote quoteId=I quoteRequestId=R dealer=A quoteID=6 offerPx=11 settlType=6", "C:761 CANCELLED by=I why=SUPERSEDED; I:701 ACTIVE offer=11 insteadOf=C"},
	}},
	{"during a last look the dealer's newer quote leaves the one that waits, and is dealt when he refuses", {
		{"CreateQuoteRequest quoteRequestId=R symbol=X orderQty=5", "R:601 NEW qty=5"},
		{"CreateQuote quoteId=A quoteRequestId=R dealer=A bidPx=10", "A:701 ACTIVE bid=10; R:605 QUOTED"},
		{"AcceptQuote quoteId=A orderId=O pending=true", "O:102 PENDING_NEW qty=5 price=10 leaves=5 unplaced=5; A:722 order=O takes=SELL qty=5 at=10 done=0; R:641 quote=A order=O done=0"},
		{"CreateQuote quoteId=B quoteRequestId=R dealer=A bidPx=9", "B:701 ACTIVE bid=9"},
		{"RejectQuote quoteId=A reason=moved", "O:121 REJECTED leaves=0 unplaced=0; A:724 REJECTED why=LAST_LOOK; R:651 quote=none order=none done=none"},
		{"AcceptQuote quoteId=B orderId=O2", "O2:102 PENDING_NEW qty=5 price=9 leaves=5 unplaced=5; B:721 ACCEPTED order=O2 takes=SELL qty=5 at=9 done=0; R:642 ACCEPTED quote=B order=O2 done=0"},
		{"!ExecuteOrder orderId=O executionId=E lastQty=5 lastPx=10", "E:501 ALLOCATED of=O quantity=5 flags=LATE_FILL; O:310 FILLED executed=5 own=5 value=50 avg=10 flags=LATE_FILL; A:781 done=5 flags=LATE_FILL"},
		{"!RejectOrder orderId=O2", "O2:121 REJECTED leaves=0 unplaced=0"},
	}},
	{"a refused last look, and what is left is over by the clock", {
		{"CreateQuoteRequest quoteRequestId=R symbol=X orderQty=5", "R:601 NEW qty=5"},
		{"CreateQuote quoteId=A quoteRequestId=R dealer=A bidPx=10", "A:701 ACTIVE bid=10; R:605 QUOTED"},
		{"CreateQuote quoteId=B quoteRequestId=R dealer=B bidPx=9 validUntilTime=2026-01-07T10:00:04Z", "B:701 ACTIVE bid=9"},
		{"AcceptQuote quoteId=A orderId=O pending=true", "O:102 PENDING_NEW qty=5 price=10 leaves=5 unplaced=5; A:722 order=O takes=SELL qty=5 at=10 done=0; R:641 quote=A order=O done=0"},
		{"RejectQuote quoteId=A", "O:121 REJECTED leaves=0 unplaced=0; A:724 REJECTED why=LAST_LOOK; B:771 EXPIRED why=REQUEST_EXPIRED; R:652 EXPIRED quote=none order=none done=none"},
	}},
	{"other figures: all of them, or none", {
		{"CreateQuote quoteId=A symbol=X bidPx=10 offerPx=11 bidSize=5 offerSize=6", "A:701 ACTIVE bid=10 offer=11 bidSize=5 offerSize=6"},
		{"ReplaceQuote quoteId=A offerPx=12 quoteID=2", "A:711 bid=none offer=12 bidSize=none offerSize=none"},
		{"ReplaceQuote quoteId=A quoteID=3", "A:711"},
		{"ReplaceQuote quoteId=A offerSize=3", "OM001"},
		{"ReplaceQuote quoteId=A", "A:711"},
		{"ReplaceQuote quoteId=A offerPx=12 expectedVersion=3", "OM006"},
	}},
	{"for a client order: it reserves there, and what ends gives back", {
		{"CreateOrder orderId=C symbol=X side=BUY orderQty=100 account=one", "C:101 NEW qty=100 account=one leaves=100 unplaced=100"},
		{"CreateQuoteRequest quoteRequestId=R orderId=C", "R:601 NEW qty=100"},
		{"CreateOrder orderId=D parentId=C orderQty=60", "D:101 NEW qty=60 account=one leaves=60 unplaced=60; C:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"CreateQuote quoteId=A quoteRequestId=R dealer=A offerPx=10", "A:701 ACTIVE offer=10; R:605 QUOTED"},
		{"AcceptQuote quoteId=A orderId=O", "OM005 over_placed"},
		{"AcceptQuote quoteId=A orderId=O orderQty=40 pending=true", "O:102 PENDING_NEW qty=40 price=10 account=one leaves=40 unplaced=40; C:341 working=100 reserved=100 unplaced=0 children=2 live=2; A:722 order=O takes=BUY qty=40 at=10 done=0; R:641 quote=A order=O done=0"},
		{"CreateOrder orderId=E parentId=C orderQty=1", "OM005 over_placed"},
		{"!RejectOrder orderId=O", "O:121 REJECTED leaves=0 unplaced=0; C:341 working=60 reserved=60 unplaced=40 live=1; A:724 REJECTED why=LAST_LOOK; R:652 EXPIRED quote=none order=none done=none"},
		{"CreateOrder orderId=E parentId=C orderQty=40", "E:101 NEW qty=40 account=one leaves=40 unplaced=40; C:341 working=100 reserved=100 unplaced=0 children=3 live=2"},
		{"!ExecuteOrder orderId=O executionId=E1 lastQty=4 lastPx=10", "E1:501 ALLOCATED of=O quantity=4 flags=LATE_FILL; O:310 PARTIALLY_FILLED executed=4 own=4 value=40 avg=10 flags=LATE_FILL; C:341 PARTIALLY_FILLED executed=4 value=40 avg=10 leaves=96; A:781 done=4 flags=LATE_FILL"},
	}},
	{"dealers who do not quote", {
		{"CreateQuoteRequest quoteRequestId=R symbol=X dealers=[\"A\",\"B\"]", "R:601 NEW"},
		{"RejectQuoteRequest quoteRequestId=R dealer=C reason=c", "R:615"},
		{"RejectQuoteRequest quoteRequestId=R dealer=A reason=a", "R:615"},
		{"RejectQuoteRequest quoteRequestId=R dealer=A", "OM004"},
		{"RejectQuoteRequest quoteRequestId=R dealer=B reason=b", "R:611 REJECTED why=b"},
		{"RejectQuoteRequest quoteRequestId=R dealer=B", "OM004"},
	}},
	{"what a request needs, and what it has of its client order", {
		{"CreateQuoteRequest quoteRequestId=R", "OM001"},
		{"CreateQuoteRequest quoteRequestId=R orderId=C", "OM003"},
		{"CreateOrder orderId=C symbol=X side=BUY orderQty=100", "C:101 NEW qty=100 leaves=100 unplaced=100"},
		{"CreateQuoteRequest quoteRequestId=R orderId=C side=SELL", "OM005 order_differs"},
		{"CreateQuoteRequest quoteRequestId=R orderId=C quoteReqID=1", "R:601 NEW qty=100"},
		{"CreateQuoteRequest quoteRequestId=S symbol=X quoteReqID=1", "OM007"},
		{"CreateQuoteRequest quoteRequestId=R symbol=X", "OM007"},
		{"CreateQuoteRequest quoteRequestId=C symbol=X", "OM007"},
		{"CreateQuote quoteId=R symbol=X bidPx=1", "OM007"},
		{"CreateQuote quoteId=A quoteRequestId=R bidPx=1 expectedVersion=1", "OM006"},
		{"CreateQuote quoteId=A quoteRequestId=R bidPx=1 symbol=Y", "OM005 request_differs"},
		{"CreateQuote quoteId=A quoteRequestId=R bidSize=1", "OM001"},
	}},
};

UNIT_TEST(decide_quotes)
{
	sides();
	pairs();
	rows();
	cases_run(acceptances, lengthof(acceptances));
}
