/*
 * Corrections and busts along chains, on an array and without a server: any id of a
 * chain means its end; what is told before its fill waits for it, in whatever order;
 * what cannot be booked waits in review and leaves the fill as it is.  What breaks if
 * a fill counts twice or not at all, or if it matters in which order facts arrive.
 */
#include "unit.h"

#include "common/pg_prng.h"

#include "decide_cases.h"

#define ROOT	"CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10"
#define CHILD	"CreateOrder orderId=B parentId=A orderQty=60"
#define FILL	"!ExecuteOrder orderId=B executionId=e lastQty=10 lastPx=10 execID=one"

static const Case chains[] = {
	{"a correction takes the place of its fill, and any id of the chain means the last", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; B:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=50 unplaced=50; A:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=90 working=50 reserved=50"},
		{"!CorrectExecution executionId=e lastQty=20 lastPx=9 execID=two", "e:521 CORRECTED correctedBy=m1; m1:501 ALLOCATED of=B quantity=20 corrects=e; B:321 executed=20 own=20 value=180 avg=9 leaves=40 unplaced=40; A:341 executed=20 value=180 avg=9 leaves=80 working=40 reserved=40"},
		{"!CorrectExecution executionId=e lastQty=15 execID=three", "m1:521 CORRECTED correctedBy=m2; m2:501 ALLOCATED of=B quantity=15 corrects=m1; B:321 executed=15 own=15 value=135 leaves=45 unplaced=45; A:341 executed=15 value=135 leaves=85 working=45 reserved=45"},
		{"!CorrectExecution executionId=m1 lastPx=8 execID=four", "m2:521 CORRECTED correctedBy=m3; m3:501 ALLOCATED of=B quantity=15 corrects=m2; B:321 value=120 avg=8; A:341 value=120 avg=8"},
		{"!CorrectExecution executionId=e lastPx=8 execID=four", "same m3"},
		{"!BustExecution executionId=m1 execID=five", "m3:531 BUSTED bust=five; B:311 NEW executed=0 own=0 value=0 avg=0 leaves=60 unplaced=60; A:341 NEW executed=0 value=0 avg=0 leaves=100 working=60 reserved=60"},
		{"!BustExecution executionId=e execID=five", "same m3"},
		{"!BustExecution executionId=e execID=six", "OM004"},
		{"BustExecution executionId=e", "OM004"},
		{"CorrectExecution executionId=e lastQty=1", "OM004"},
	}},
	{"a bust of somebody's own, and of what is not there", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; B:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=50 unplaced=50; A:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=90 working=50 reserved=50"},
		{"BustExecution executionId=e symbol=Y", "OM005 order_differs"},
		{"BustExecution executionId=e expectedVersion=2", "OM006"},
		{"BustExecution executionId=e expectedVersion=1 reason=error", "e:531 BUSTED; B:311 NEW executed=0 own=0 value=0 avg=0 leaves=60 unplaced=60; A:341 NEW executed=0 value=0 avg=0 leaves=100 working=60 reserved=60"},
		{"BustExecution executionId=f", "OM003"},
		{"CorrectExecution executionId=f lastQty=1", "OM003"},
	}},
	{"a correction that cannot be booked waits, and the fill counts on", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; B:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=50 unplaced=50; A:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=90 working=50 reserved=50"},
		{"!CorrectExecution executionId=e lastQty=61 execID=two", "m1:511 REVIEW of=B quantity=61 corrects=e reasons=OVERFILL; B:331 review=61; A:341 reserved=61 unplaced=29"},
		{"!CorrectExecution executionId=m1 lastQty=12 execID=three", "m1:521 CORRECTED correctedBy=m2; e:521 CORRECTED correctedBy=m2; m2:501 ALLOCATED of=B quantity=12 corrects=e; B:321 executed=12 own=12 value=120 leaves=48 unplaced=48 review=0; A:341 executed=12 value=120 leaves=88 working=48 reserved=48 unplaced=40"},
		{"!CorrectExecution executionId=e lastQty=70 execID=four", "m3:511 REVIEW of=B quantity=70 corrects=m2 reasons=OVERFILL; B:331 review=70; A:341 reserved=70 unplaced=18"},
		{"!BustExecution executionId=m3 execID=five", "m3:531 BUSTED bust=five; m2:531 BUSTED bust=five; B:311 NEW executed=0 own=0 value=0 avg=0 leaves=60 unplaced=60 review=0; A:341 NEW executed=0 value=0 avg=0 leaves=100 working=60 reserved=60 unplaced=40"},
	}},
	{"a correction that waits is booked when it is reported again and fits", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; B:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=50 unplaced=50; A:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=90 working=50 reserved=50"},
		{"!CorrectExecution executionId=e lastQty=61 execID=two", "m1:511 REVIEW of=B quantity=61 corrects=e reasons=OVERFILL; B:331 review=61; A:341 reserved=61 unplaced=29"},
		{"!CorrectExecution executionId=e lastQty=61 execID=two", "same m1"},
		{"!ReplaceOrder orderId=B orderQty=61", "B:171 qty=61 leaves=51 unplaced=51; A:341 working=51"},
		{"!CorrectExecution executionId=e lastQty=61 execID=two", "e:521 CORRECTED correctedBy=m1; m1:502 ALLOCATED reasons=none; B:321 FILLED executed=61 own=61 value=610 leaves=0 unplaced=0 review=0; A:341 executed=61 value=610 leaves=39 working=0 reserved=0 unplaced=39 live=0"},
		{"!CorrectExecution executionId=e lastQty=61 execID=two", "same m1"},
	}},
	{"a bust and a correction of a fill in review", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"!ExecuteOrder orderId=B executionId=e lastQty=61 lastPx=10 execID=one", "e:511 REVIEW of=B quantity=61 reasons=OVERFILL; B:331 review=61; A:341 reserved=61 unplaced=39"},
		{"!CorrectExecution executionId=e lastQty=62 execID=two", "e:521 CORRECTED correctedBy=m1; m1:511 REVIEW of=B quantity=62 corrects=e reasons=OVERFILL; B:331 review=62; A:341 reserved=62 unplaced=38"},
		{"!CorrectExecution executionId=e lastQty=60 execID=three", "m1:521 CORRECTED correctedBy=m2; m2:501 ALLOCATED of=B quantity=60 corrects=m1; B:321 FILLED executed=60 own=60 value=600 avg=10 leaves=0 unplaced=0 review=0; A:341 PARTIALLY_FILLED executed=60 value=600 avg=10 leaves=40 working=0 reserved=0 unplaced=40 live=0"},
		{"!ExecuteOrder orderId=B executionId=f lastQty=1 lastPx=10 execID=four", "f:511 REVIEW of=B quantity=1 reasons=OVERFILL; B:331 review=1; A:341 reserved=1 unplaced=39"},
		{"!BustExecution executionId=f execID=five", "f:531 BUSTED bust=five; B:311 review=0; A:341 reserved=0 unplaced=40"},
	}},
	{"a correction of a fill without an order", {
		{"!ExecuteOrder executionId=e lastQty=10 lastPx=10 execID=one", "e:511 REVIEW quantity=10 reasons=UNKNOWN_ORDER"},
		{"!CorrectExecution executionId=e lastQty=11 execID=two", "e:521 CORRECTED correctedBy=m1; m1:511 REVIEW quantity=11 corrects=e reasons=UNKNOWN_ORDER"},
		{"!BustExecution executionId=e execID=three", "m1:531 BUSTED bust=three"},
	}},
};

/* told as FIX tells them, by ExecRefID: TRADE_CANCEL and TRADE_CORRECT as Execute commands of a fill nobody knows */
#define BUST	"!ExecuteOrder orderId=B executionId=b lastQty=10 lastPx=10 execType=TRADE_CANCEL execID=bust execRefID=one"
#define CORRECTION "!ExecuteOrder orderId=B executionId=c lastQty=12 lastPx=10 execType=TRADE_CORRECT execID=two execRefID=one"

static const Case before[] = {
	{"the bust before its fill", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{BUST, "b:511 REVIEW of=B quantity=10 reasons=UNKNOWN_EXECUTION; B:331 review=10 flags=UNSETTLED"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; e:531 BUSTED bust=bust; b:532 BUSTED; B:308 review=0 flags=none"},
		{FILL, "same e"},
	}},
	{"the correction before its fill", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{CORRECTION, "c:511 REVIEW of=B quantity=12 reasons=UNKNOWN_EXECUTION; B:331 review=12 flags=UNSETTLED"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; e:521 CORRECTED correctedBy=c; c:502 ALLOCATED corrects=e reasons=none; B:308 PARTIALLY_FILLED executed=12 own=12 value=120 avg=10 leaves=48 unplaced=48 review=0 flags=none; A:341 PARTIALLY_FILLED executed=12 value=120 avg=10 leaves=88 working=48 reserved=48"},
		{"!BustExecution executionId=e execID=bust", "c:531 BUSTED bust=bust; B:311 NEW executed=0 own=0 value=0 avg=0 leaves=60 unplaced=60; A:341 NEW executed=0 value=0 avg=0 leaves=100 working=60 reserved=60"},
	}},
	{"correction, bust of the correction, fill", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{CORRECTION, "c:511 REVIEW of=B quantity=12 reasons=UNKNOWN_EXECUTION; B:331 review=12 flags=UNSETTLED"},
		{"!ExecuteOrder orderId=B executionId=b lastQty=12 lastPx=10 execType=TRADE_CANCEL execID=bust execRefID=two", "c:531 BUSTED bust=bust; B:311 review=0"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; e:521 CORRECTED correctedBy=c; c:522 corrects=e; B:308 flags=none"},
	}},
	{"bust of the correction, correction, fill", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"!ExecuteOrder orderId=B executionId=b lastQty=12 lastPx=10 execType=TRADE_CANCEL execID=bust execRefID=two", "b:511 REVIEW of=B quantity=12 reasons=UNKNOWN_EXECUTION; B:331 review=12 flags=UNSETTLED"},
		{CORRECTION, "c:511 REVIEW of=B quantity=12 reasons=UNKNOWN_EXECUTION; c:531 BUSTED bust=bust; b:532 BUSTED; B:331 review=0"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; e:521 CORRECTED correctedBy=c; c:522 corrects=e; B:308 flags=none"},
	}},
	{"two corrections of one fill, and then the fill", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{CORRECTION, "c:511 REVIEW of=B quantity=12 reasons=UNKNOWN_EXECUTION; B:331 review=12 flags=UNSETTLED"},
		{"!ExecuteOrder orderId=B executionId=d lastQty=13 lastPx=10 execType=TRADE_CORRECT execID=three execRefID=two", "c:521 CORRECTED correctedBy=d; d:511 REVIEW of=B quantity=13 corrects=c reasons=UNKNOWN_EXECUTION; B:331 review=13"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; e:521 CORRECTED correctedBy=c; c:522 corrects=e; d:502 ALLOCATED reasons=none; B:308 PARTIALLY_FILLED executed=13 own=13 value=130 avg=10 leaves=47 unplaced=47 review=0 flags=none; A:341 PARTIALLY_FILLED executed=13 value=130 avg=10 leaves=87 working=47 reserved=47"},
	}},
	{"the second correction, the first, and then the fill", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"!ExecuteOrder orderId=B executionId=d lastQty=13 lastPx=10 execType=TRADE_CORRECT execID=three execRefID=two", "d:511 REVIEW of=B quantity=13 reasons=UNKNOWN_EXECUTION; B:331 review=13 flags=UNSETTLED"},
		{CORRECTION, "c:511 REVIEW of=B quantity=12 reasons=UNKNOWN_EXECUTION; c:521 CORRECTED correctedBy=d; d:511 corrects=c; B:331"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; e:521 CORRECTED correctedBy=c; c:522 corrects=e; d:502 ALLOCATED reasons=none; B:308 PARTIALLY_FILLED executed=13 own=13 value=130 avg=10 leaves=47 unplaced=47 review=0 flags=none; A:341 PARTIALLY_FILLED executed=13 value=130 avg=10 leaves=87 working=47 reserved=47"},
	}},
	{"a correction that waits is corrected and busted by its id", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{CORRECTION, "c:511 REVIEW of=B quantity=12 reasons=UNKNOWN_EXECUTION; B:331 review=12 flags=UNSETTLED"},
		{"!CorrectExecution executionId=c lastQty=14 execID=three", "c:521 CORRECTED correctedBy=m1; m1:511 REVIEW of=B quantity=14 corrects=c reasons=UNKNOWN_EXECUTION; B:331 review=14"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; e:521 CORRECTED correctedBy=c; c:522 corrects=e; m1:502 ALLOCATED reasons=none; B:308 PARTIALLY_FILLED executed=14 own=14 value=140 avg=10 leaves=46 unplaced=46 review=0 flags=none; A:341 PARTIALLY_FILLED executed=14 value=140 avg=10 leaves=86 working=46 reserved=46"},
		{"!BustExecution executionId=c execID=bust", "m1:531 BUSTED bust=bust; B:311 NEW executed=0 own=0 value=0 avg=0 leaves=60 unplaced=60; A:341 NEW executed=0 value=0 avg=0 leaves=100 working=60 reserved=60"},
	}},
	{"… busted, and then the fill comes", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{CORRECTION, "c:511 REVIEW of=B quantity=12 reasons=UNKNOWN_EXECUTION; B:331 review=12 flags=UNSETTLED"},
		{"!BustExecution executionId=c execID=bust", "c:531 BUSTED bust=bust; B:311 review=0"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; e:521 CORRECTED correctedBy=c; c:522 corrects=e; B:308 flags=none"},
	}},
	{"a bust that waits and then is told of a fill that has come by its id", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"!ExecuteOrder orderId=B executionId=b lastQty=10 lastPx=10 execType=TRADE_CANCEL execID=bust execRefID=ONE", "b:511 REVIEW of=B quantity=10 reasons=UNKNOWN_EXECUTION; B:331 review=10 flags=UNSETTLED"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; B:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=50 unplaced=50; A:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=90 working=50 reserved=50"},
		{"!BustExecution executionId=e execID=bust", "b:532 BUSTED; e:531 BUSTED bust=bust; B:311 NEW executed=0 own=0 value=0 avg=0 leaves=60 unplaced=60 review=0 flags=none; A:341 NEW executed=0 value=0 avg=0 leaves=100 working=60 reserved=60"},
	}},
	{"a correction that does not fit when its fill comes", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"!ExecuteOrder orderId=B executionId=c lastQty=61 lastPx=10 execType=TRADE_CORRECT execID=two execRefID=one", "c:511 REVIEW of=B quantity=61 reasons=UNKNOWN_EXECUTION+OVERFILL; B:331 review=61 flags=UNSETTLED; A:341 reserved=61 unplaced=39"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; c:511 corrects=e reasons=OVERFILL; B:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=50 unplaced=50 flags=none; A:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=90 working=50 unplaced=29"},
		{"!ReplaceOrder orderId=B orderQty=61", "B:171 qty=61 leaves=51 unplaced=51; A:341 working=51"},
		{"!CorrectExecution executionId=e lastQty=61 execID=two execRefID=one", "e:521 CORRECTED correctedBy=c; c:502 ALLOCATED reasons=none; B:321 FILLED executed=61 own=61 value=610 leaves=0 unplaced=0 review=0; A:341 executed=61 value=610 leaves=39 working=0 reserved=0 unplaced=39 live=0"},
	}},
	{"one that ends the chain, on the wire: only held against what we have", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{FILL, "e:501 ALLOCATED of=B quantity=10; B:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=50 unplaced=50; A:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=90 working=50 reserved=50"},
		{"!BustExecution executionId=e execID=bust", "e:531 BUSTED bust=bust; B:311 NEW executed=0 own=0 value=0 avg=0 leaves=60 unplaced=60; A:341 NEW executed=0 value=0 avg=0 leaves=100 working=60 reserved=60"},
		{"!CorrectExecution executionId=e orderId=B lastQty=9 execID=two fixMessage=8=FIX.4.4", "B:261"},
		{"!CorrectExecution executionId=e orderId=B lastQty=9 execID=two fixMessage=8=FIX.4.4", "same B"},
	}},
};

/* As FIX tells it: of an execution that is known by its id, else as a report that waits. */
static char *
told(const ArraySource *array, const char *report)
{
	char	   *ref = strstr(report, "execRefID=");
	ListCell   *cell;

	foreach(cell, ref ? array->objects : NIL)
	{
		const Execution *execution = lfirst(cell);

		if (execution->kind == KIND_EXECUTION && oms_same_text(execution->exec_id, ref + strlen("execRefID=")))
			return psprintf("!%s executionId=%s %s", strstr(report, "TRADE_CANCEL") ? "BustExecution" : "CorrectExecution",
							execution->id, strstr(report, "lastQty="));
	}
	return unconstify(char *, report);
}

static bool
next_permutation(int *way, int count)
{
	int			i = count - 2;
	int			j = count - 1;
	int			t;

	while (i >= 0 && way[i] > way[i + 1])
		i--;
	if (i < 0)
		return false;
	while (way[j] < way[i])
		j--;
	t = way[i];
	way[i] = way[j];
	way[j] = t;
	for (int a = i + 1, b = count - 1; a < b; a++, b--)
	{
		t = way[a];
		way[a] = way[b];
		way[b] = t;
	}
	return true;
}

/* Whatever order they come in, the root ends with the same figures, and nothing waits. */
static void
orders_of_arrival(const char *name, const char *const *reports, int count, const char *figures)
{
	int			way[] = {0, 1, 2, 3};

	do
	{
		ArraySource *array = array_begin();
		const Order *order;
		Decision	d;

		array_run(array, cases_json(ROOT, 0), &d);
		array_run(array, cases_json(CHILD, 0), &d);
		for (int i = 0; i < count; i++)
			if (array_run(array, cases_json(told(array, reports[way[i]]), 0), &d) != NULL)
				ok(false, "%s: %s is refused", name, reports[way[i]]);
		order = (const Order *) array_find(array, KIND_ORDER, "B");
		is_text(psprintf("executed %s value %s review %s", oms_dec_text(order->executed_quantity), oms_dec_text(order->executed_value),
						 oms_dec_text(order->review_quantity)), figures,
				psprintf("%s, as %d %d %d %d", name, way[0], way[1], way[2], way[3]));
	} while (next_permutation(way, count));
}

/* ------------------------------------------------------------------------
 * histories at random
 * ------------------------------------------------------------------------
 */

#define REPORTS_MAX 12
#define UNFIT 2000				/* more than was ordered */

/* What a venue did, in its order, and what is to stand in the end. */
typedef struct History
{
	char	   *reports[REPORTS_MAX];
	int			count;
	int			executed;
	int			review;
	bool		loose;			/* what is told of a fill that was taken back may wait for the desk */
} History;

static pg_prng_state prng;

static int
below(int n)
{
	return (int) pg_prng_uint64_range(&prng, 0, n - 1);
}

static void
add_report(History *history, int fill, int version, int names, int quantity, const char *type)
{
	char	   *ref = names < 0 ? "" : psprintf(" execType=%s execRefID=%d.%d", type, fill, names);

	history->reports[history->count++] = psprintf("!ExecuteOrder orderId=B executionId=%c%d lastQty=%d lastPx=10 fixMessage=8 execID=%d.%d%s",
												  'p' + fill, version, quantity, fill, version, ref);
}

/*
 * A fill, its corrections, each of the one before, and perhaps a bust of any of them.
 * Corrections that do not fit come first: told of one that fits and waits, such a one
 * has its place, and the desk decides.
 */
static void
add_fill(History *history, int fill)
{
	int			corrections = below(4);
	int			counts = 1 + below(50);
	int			waits = 0;

	add_report(history, fill, 0, -1, counts, NULL);
	for (int version = 1; version <= corrections; version++)
	{
		int			quantity = below(4) == 0 && (version == 1 || waits) ? UNFIT + below(9) : 1 + below(50);

		waits = quantity >= UNFIT ? quantity : 0;
		counts = quantity >= UNFIT ? counts : quantity;
		add_report(history, fill, version, version - 1, quantity, "TRADE_CORRECT");
	}
	if (below(3) == 0)
	{
		int			names = below(3) == 0 ? below(corrections + 1) : corrections;

		add_report(history, fill, 9, names, 1, "TRADE_CANCEL");
		history->loose |= names < corrections;
		counts = waits = 0;
	}
	history->executed += counts;
	history->review += waits;
}

/* Told in some order, some of it twice: the figures are the same, and nothing waits for its fill any more. */
static bool
arrives(const History *history, char **end, char **expected, List **told_so)
{
	ArraySource *array = array_begin();
	const char *left[2 * REPORTS_MAX];
	int			count = 0;
	const Order *order;
	Decision	d;

	array_run(array, cases_json("CreateOrder orderId=A symbol=X side=BUY orderQty=1000", 0), &d);
	array_run(array, cases_json("CreateOrder orderId=B parentId=A orderQty=900", 0), &d);
	for (int i = 0; i < history->count; i++)
		for (int times = below(4) == 0 ? 2 : 1; times > 0; times--)
			left[count++] = history->reports[i];
	*told_so = NIL;
	while (count > 0)
	{
		int			i = below(count);
		char	   *report = told(array, left[i]);
		Refusal    *refusal;

		left[i] = left[--count];
		/* an id is given once: the repeat of a report has none */
		if (strstr(report, "!ExecuteOrder") && array_find(array, KIND_EXECUTION, pnstrdup(strstr(report, "executionId=") + 12, 2)))
			report = psprintf("!ExecuteOrder orderId=B %s", strstr(report, "lastQty="));
		*told_so = lappend(*told_so, report);
		refusal = array_run(array, cases_json(report, 0), &d);
		if (refusal)
		{
			*end = psprintf("%s is refused: %s", report, refusal->message);
			*expected = "no refusal";
			return false;
		}
	}
	order = (const Order *) array_find(array, KIND_ORDER, "B");
	if (history->loose)
	{
		*end = psprintf("executed %s", oms_dec_text(order->executed_quantity));
		*expected = psprintf("executed %d", history->executed);
		return strcmp(*end, *expected) == 0;
	}
	*end = psprintf("executed %s review %s %s", oms_dec_text(order->executed_quantity), oms_dec_text(order->review_quantity),
					cases_names_text(oms_flag_names, order->flags & FLAG_UNSETTLED));
	*expected = psprintf("executed %d review %d ", history->executed, history->review);
	return strcmp(*end, *expected) == 0;
}

static void
histories(int count, int ways)
{
	int			wrong = 0;

	pg_prng_seed(&prng, 7);
	for (int i = 0; i < count; i++)
	{
		History		history = {0};

		add_fill(&history, 0);
		if (below(2) == 0)
			add_fill(&history, 1);
		for (int way = 0; way < ways; way++)
		{
			MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "history", ALLOCSET_DEFAULT_SIZES);
			MemoryContext old = MemoryContextSwitchTo(context);
			char	   *end,
					   *expected;
			List	   *told_so;
			ListCell   *cell;

			if (!arrives(&history, &end, &expected, &told_so) && wrong++ < 3)
			{
				ok(false, "history %d: %s, expected %s", i, end, expected);
				foreach(cell, told_so)
					appendStringInfo(&unit_out, "# %s\n", (char *) lfirst(cell));
			}
			MemoryContextSwitchTo(old);
			MemoryContextDelete(context);
		}
	}
	ok(wrong == 0, "%d histories, each in %d orders of arrival: %d end otherwise", count, ways, wrong);
}

#define TOLD(id, qty, type, exec_id, ref) \
	"!ExecuteOrder orderId=B executionId=" id " lastQty=" qty " lastPx=10 execType=" type " execID=" exec_id " execRefID=" ref

UNIT_TEST(decide_chains)
{
	static const char *const bust[] = {FILL, BUST};
	static const char *const corrected[] = {FILL, TOLD("c", "12", "TRADE_CORRECT", "two", "one"),
	TOLD("d", "13", "TRADE_CORRECT", "three", "two")};
	static const char *const undone[] = {FILL, TOLD("c", "12", "TRADE_CORRECT", "two", "one"),
	TOLD("d", "13", "TRADE_CORRECT", "three", "two"), TOLD("b", "13", "TRADE_CANCEL", "bust", "three")};
	static const char *const unfit[] = {FILL, TOLD("c", "61", "TRADE_CORRECT", "two", "one")};
	static const char *const fits_again[] = {FILL, TOLD("c", "61", "TRADE_CORRECT", "two", "one"),
	TOLD("d", "13", "TRADE_CORRECT", "three", "two")};
	static const char *const taken_back[] = {FILL, TOLD("c", "61", "TRADE_CORRECT", "two", "one"),
	TOLD("b", "61", "TRADE_CANCEL", "bust", "two")};

	cases_run(chains, lengthof(chains));
	cases_run(before, lengthof(before));
	orders_of_arrival("a fill and its bust", bust, lengthof(bust), "executed 0 value 0 review 0");
	orders_of_arrival("a fill and two corrections", corrected, lengthof(corrected), "executed 13 value 130 review 0");
	orders_of_arrival("a fill, two corrections and a bust", undone, lengthof(undone), "executed 0 value 0 review 0");
	orders_of_arrival("a fill and a correction that does not fit", unfit, lengthof(unfit), "executed 10 value 100 review 61");
	orders_of_arrival("a fill, a correction that does not fit and one that does", fits_again, lengthof(fits_again), "executed 13 value 130 review 0");
	orders_of_arrival("a fill, a correction that does not fit and its bust", taken_back, lengthof(taken_back), "executed 0 value 0 review 0");
	histories(300, 20);
}
