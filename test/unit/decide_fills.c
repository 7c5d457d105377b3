/*
 * What fills do, on an array and without a server: at any depth, late, repeated,
 * held for review for each of its reasons, and booked when what they waited for has
 * come.  What breaks if an ancestor has two events or none, if a fill in review
 * moves a quantity, or if a fact is dropped.
 */
#include "unit.h"

#include "decide_cases.h"

#define ROOT	"CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10"
#define CHILD	"CreateOrder orderId=B parentId=A orderQty=60"

static const Case depth[] = {
	{"a fill of the root, in part, whole and beyond", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"ExecuteOrder orderId=A executionId=e1 lastQty=40 lastPx=10", "e1:501 ALLOCATED of=A quantity=40; A:308 PARTIALLY_FILLED executed=40 own=40 value=400 avg=10 leaves=60 unplaced=60"},
		{"ExecuteOrder orderId=A executionId=e2 lastQty=60 lastPx=9.5", "e2:501 ALLOCATED of=A quantity=60; A:308 FILLED executed=100 own=100 value=970 avg=9.7 leaves=0 unplaced=0"},
		{"ExecuteOrder orderId=A executionId=e3 lastQty=1 lastPx=10", "e3:511 REVIEW of=A quantity=1 reasons=OVERFILL; A:331 review=1"},
	}},
	{"one event for each order on the way up, from the parent to the root", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"CreateOrder orderId=B parentId=A orderQty=90", "B:101 NEW qty=90 leaves=90 unplaced=90; A:341 working=90 reserved=90 unplaced=10 children=1 live=1"},
		{"CreateOrder orderId=C parentId=B orderQty=80", "C:101 NEW qty=80 leaves=80 unplaced=80; B:341 working=80 reserved=80 unplaced=10 children=1 live=1"},
		{"CreateOrder orderId=D parentId=C orderQty=70", "D:101 NEW qty=70 leaves=70 unplaced=70; C:341 working=70 reserved=70 unplaced=10 children=1 live=1"},
		{"CreateOrder orderId=E parentId=D orderQty=60", "E:101 NEW qty=60 leaves=60 unplaced=60; D:341 working=60 reserved=60 unplaced=10 children=1 live=1"},
		{"ExecuteOrder orderId=E executionId=e1 lastQty=10 lastPx=10", "e1:501 ALLOCATED of=E quantity=10; E:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=50 unplaced=50; D:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=60 working=50 reserved=50; C:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=70 working=60 reserved=60; B:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=80 working=70 reserved=70; A:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=90 working=80 reserved=80"},
		{"ExecuteOrder orderId=D executionId=e2 lastQty=10 lastPx=8", "e2:501 ALLOCATED of=D quantity=10; D:308 executed=20 own=10 value=180 avg=9 leaves=50 unplaced=0; C:341 executed=20 value=180 avg=9 leaves=60 working=50 reserved=50; B:341 executed=20 value=180 avg=9 leaves=70 working=60 reserved=60; A:341 executed=20 value=180 avg=9 leaves=80 working=70 reserved=70"},
		{"ExecuteOrder orderId=C executionId=e3 lastQty=30 lastPx=10", "e3:501 ALLOCATED of=C quantity=30; C:308 executed=50 own=30 value=480 avg=9.6 leaves=30 unplaced=0; B:341 executed=50 value=480 avg=9.6 leaves=40 working=30 reserved=30; A:341 executed=50 value=480 avg=9.6 leaves=50 working=40 reserved=40"},
		{"!BustExecution executionId=e1", "e1:531 BUSTED bust=x8; E:311 NEW executed=0 own=0 value=0 avg=0 leaves=60 unplaced=60; D:341 executed=10 value=80 avg=8 leaves=60 working=60 reserved=60; C:341 executed=40 value=380 avg=9.5 leaves=40 working=60 reserved=60; B:341 executed=40 value=380 avg=9.5 leaves=50 working=40 reserved=40; A:341 executed=40 value=380 avg=9.5 leaves=60 working=50 reserved=50"},
	}},
	{"a fill implies the acceptance", {
		{ROOT " pending=true", "A:102 PENDING_NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"!ExecuteOrder orderId=A executionId=e lastQty=10 lastPx=10 cumQty=10 leavesQty=90 avgPx=10", "e:501 ALLOCATED of=A quantity=10; A:301 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=90 unplaced=90"},
	}},
	{"a fill that states other figures is booked and flagged, and the flag goes with the next that agrees", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"!ExecuteOrder orderId=A executionId=e1 lastQty=10 lastPx=10 cumQty=20 leavesQty=80", "e1:501 ALLOCATED of=A quantity=10 flags=DISAGREES; A:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=90 unplaced=90 flags=DISAGREES"},
		{"!ExecuteOrder orderId=A executionId=e2 lastQty=10 lastPx=10 cumQty=20 leavesQty=80 avgPx=10", "e2:501 ALLOCATED of=A quantity=10; A:308 executed=20 own=20 value=200 leaves=80 unplaced=80 flags=none"},
		{"!ExecuteOrder orderId=A executionId=e3 lastQty=10 lastPx=9 cumQty=30 avgPx=9.67", "e3:501 ALLOCATED of=A quantity=10; A:308 executed=30 own=30 value=290 avg=9.6666666667 leaves=70 unplaced=70"},
		{"!ExecuteOrder orderId=A executionId=e4 lastQty=10 lastPx=9 cumQty=40 avgPx=9.6", "e4:501 ALLOCATED of=A quantity=10 flags=DISAGREES; A:308 executed=40 own=40 value=380 avg=9.5 leaves=60 unplaced=60 flags=DISAGREES"},
	}},
	{"a fill of an order of children", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"ExecuteOrder orderId=A executionId=e1 lastQty=50 lastPx=10", "e1:501 ALLOCATED of=A quantity=50; A:308 PARTIALLY_FILLED executed=50 own=50 value=500 avg=10 leaves=50 unplaced=0"},
		{"CancelOrder orderId=B", "B:141 CANCELLED leaves=0 unplaced=0; A:341 working=0 reserved=0 unplaced=50 live=0"},
		{"ExecuteOrder orderId=A executionId=e2 lastQty=50 lastPx=10", "e2:501 ALLOCATED of=A quantity=50; A:308 FILLED executed=100 own=100 value=1000 leaves=0 unplaced=0"},
	}},
	{"an id is of one execution, and of no order", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"ExecuteOrder orderId=A executionId=A lastQty=1 lastPx=10", "OM007"},
		{"ExecuteOrder orderId=A executionId=e lastQty=1 lastPx=10", "e:501 ALLOCATED of=A quantity=1; A:308 PARTIALLY_FILLED executed=1 own=1 value=10 avg=10 leaves=99 unplaced=99"},
		{"ExecuteOrder orderId=A executionId=e lastQty=1 lastPx=10", "OM007"},
		{"CreateOrder orderId=e symbol=X side=BUY orderQty=1", "e:101 NEW qty=1 leaves=1 unplaced=1"},
		{"!ExecuteOrder executionId=f lastQty=1 lastPx=10", "f:511 REVIEW quantity=1 reasons=UNKNOWN_ORDER"},
		{"CreateOrder orderId=f symbol=X side=BUY orderQty=1", "OM007"},
		{"CreateOrder orderId=f parentId=A orderQty=1", "OM007"},
	}},
};

static const Case late[] = {
	{"of a cancelled, an expired and a done order", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"CancelOrder orderId=A", "A:141 CANCELLED leaves=0 unplaced=0"},
		{"ExecuteOrder orderId=A executionId=e lastQty=10 lastPx=10", "e:501 ALLOCATED of=A quantity=10 flags=LATE_FILL; A:305 executed=10 own=10 value=100 avg=10 flags=LATE_FILL"},
		{"CreateOrder orderId=B symbol=X side=BUY orderQty=100", "B:101 NEW qty=100 leaves=100 unplaced=100"},
		{"ExpireOrder orderId=B", "B:251 EXPIRED leaves=0 unplaced=0"},
		{"ExecuteOrder orderId=B executionId=f lastQty=100 lastPx=10", "f:501 ALLOCATED of=B quantity=100 flags=LATE_FILL; B:306 FILLED executed=100 own=100 value=1000 avg=10 flags=LATE_FILL"},
		{"CreateOrder orderId=C symbol=X side=BUY orderQty=100 timeInForce=DAY", "C:101 NEW qty=100 leaves=100 unplaced=100"},
		{"DoneForDayOrder orderId=C", "C:221 DONE_FOR_DAY leaves=0 unplaced=0"},
		{"ExecuteOrder orderId=C executionId=g lastQty=100 lastPx=10", "g:501 ALLOCATED of=C quantity=100 flags=LATE_FILL; C:307 executed=100 own=100 value=1000 avg=10 flags=LATE_FILL"},
	}},
	{"below a parent that ended: the parents have what was executed", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"CancelOrder orderId=B", "B:141 CANCELLED leaves=0 unplaced=0; A:341 working=0 reserved=0 unplaced=100 live=0"},
		{"CancelOrder orderId=A", "A:141 CANCELLED leaves=0 unplaced=0"},
		{"ExecuteOrder orderId=B executionId=e lastQty=10 lastPx=10", "e:501 ALLOCATED of=B quantity=10 flags=LATE_FILL; B:305 executed=10 own=10 value=100 avg=10 flags=LATE_FILL; A:341 executed=10 value=100 avg=10"},
		{"!BustExecution executionId=e", "e:531 BUSTED bust=x5; B:311 executed=0 own=0 value=0 avg=0; A:341 executed=0 value=0 avg=0"},
	}},
	{"a good-till order works on the next day", {
		{ROOT " timeInForce=GOOD_TILL_CANCEL", "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"!DoneForDayOrder orderId=A tradeDate=2026-01-05", "A:221 DONE_FOR_DAY"},
		{"!ExecuteOrder orderId=A executionId=e lastQty=10 lastPx=10 tradeDate=2026-01-05", "e:501 ALLOCATED of=A quantity=10 flags=LATE_FILL; A:307 executed=10 own=10 value=100 avg=10 leaves=90 unplaced=90 flags=LATE_FILL"},
		{"!ExecuteOrder orderId=A executionId=f lastQty=10 lastPx=10 tradeDate=2026-01-06", "f:501 ALLOCATED of=A quantity=10; A:303 PARTIALLY_FILLED executed=20 own=20 value=200 leaves=80 unplaced=80"},
	}},
	{"a bust reopens what it filled, under a parent that has ended", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"CreateOrder orderId=B parentId=A orderQty=100", "B:101 NEW qty=100 leaves=100 unplaced=100; A:341 working=100 reserved=100 unplaced=0 children=1 live=1"},
		{"ExecuteOrder orderId=B executionId=e lastQty=100 lastPx=10", "e:501 ALLOCATED of=B quantity=100; B:308 FILLED executed=100 own=100 value=1000 avg=10 leaves=0 unplaced=0; A:341 FILLED executed=100 value=1000 avg=10 leaves=0 working=0 reserved=0 live=0"},
		{"!CancelOrder orderId=A", "A:142"},
		{"!BustExecution executionId=e", "e:531 BUSTED bust=x4; B:311 NEW executed=0 own=0 value=0 avg=0 leaves=100 unplaced=100; A:341 CANCELLED executed=0 value=0 avg=0 working=100 reserved=100 live=1 flags=LIVE_CHILDREN"},
	}},
	{"the report of the fill that ends an order", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"!ExecuteOrder orderId=A executionId=e lastQty=10 lastPx=10 ordStatus=CANCELLED", "e:501 ALLOCATED of=A quantity=10; A:291 CANCELLED executed=10 own=10 value=100 avg=10 leaves=0 unplaced=0"},
		{"!ExecuteOrder orderId=A executionId=f lastQty=10 lastPx=10 ordStatus=CANCELLED", "f:501 ALLOCATED of=A quantity=10 flags=LATE_FILL; A:305 executed=20 own=20 value=200 flags=LATE_FILL"},
	}},
};

static const Case review[] = {
	{"of an order that nobody knows", {
		{"!ExecuteOrder orderId=Z executionId=e lastQty=10 lastPx=10 symbol=X side=BUY execID=one", "e:511 REVIEW quantity=10 reasons=UNKNOWN_ORDER"},
		{"!ExecuteOrder orderId=Z executionId=f lastQty=10 lastPx=10 symbol=X side=BUY execID=one", "same e"},
		{"CreateOrder orderId=Z symbol=X side=BUY orderQty=100", "Z:101 NEW qty=100 leaves=100 unplaced=100"},
		{"!ExecuteOrder orderId=Z lastQty=10 lastPx=10 symbol=X side=BUY execID=one", "e:502 ALLOCATED of=Z reasons=none; Z:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=90 unplaced=90"},
		{"!ExecuteOrder orderId=Z lastQty=10 lastPx=10 symbol=X side=BUY execID=one", "same e"},
	}},
	{"several orders match", {
		{"!ExecuteOrder executionId=e lastQty=10 lastPx=10 ambiguous=true", "e:511 REVIEW quantity=10 reasons=AMBIGUOUS_ORDER"},
		{"!BustExecution executionId=e", "e:531 BUSTED bust=x1"},
	}},
	{"another symbol, side, currency", {
		{ROOT " currency=USD", "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"!ExecuteOrder orderId=A executionId=e1 lastQty=10 lastPx=10 symbol=Y", "e1:511 REVIEW of=A quantity=10 reasons=WRONG_SYMBOL; A:331 review=10"},
		{"!ExecuteOrder orderId=A executionId=e2 lastQty=10 lastPx=10 side=SELL", "e2:511 REVIEW of=A quantity=10 reasons=WRONG_SIDE; A:331 review=20"},
		{"!ExecuteOrder orderId=A executionId=e3 lastQty=10 lastPx=10 currency=EUR", "e3:511 REVIEW of=A quantity=10 reasons=WRONG_CURRENCY; A:331 review=30"},
		{"!ExecuteOrder orderId=A executionId=e4 lastQty=10 lastPx=10 symbol=Y side=SELL currency=EUR", "e4:511 REVIEW of=A quantity=10 reasons=WRONG_SYMBOL+WRONG_SIDE+WRONG_CURRENCY; A:331 review=40"},
		{"ExecuteOrder orderId=A executionId=e5 lastQty=10 lastPx=10 symbol=Y", "OM005 order_differs"},
	}},
	{"another instrument", {
		{ROOT " maturityMonthYear=202603 strikePrice=50", "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"!ExecuteOrder orderId=A executionId=e1 lastQty=10 lastPx=10 maturityMonthYear=202606", "e1:511 REVIEW of=A quantity=10 reasons=WRONG_INSTRUMENT; A:331 review=10"},
		{"!ExecuteOrder orderId=A executionId=e2 lastQty=10 lastPx=10 maturityMonthYear=20260320 strikePrice=50.00", "e2:501 ALLOCATED of=A quantity=10; A:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=90 unplaced=90"},
		{"!ExecuteOrder orderId=A executionId=e3 lastQty=10 lastPx=10 strikePrice=55", "e3:511 REVIEW of=A quantity=10 reasons=WRONG_INSTRUMENT; A:331 review=20"},
	}},
	{"a price beyond the limit, but for a limit that it had or asks for", {
		{ROOT " clOrdID=one", "A:101 NEW qty=100 price=10 leaves=100 unplaced=100 cl=one"},
		{"ExecuteOrder orderId=A executionId=e1 lastQty=10 lastPx=10.01", "e1:511 REVIEW of=A quantity=10 reasons=PRICE_BEYOND_LIMIT; A:331 review=10"},
		{"ExecuteOrder orderId=A executionId=e2 lastQty=10 lastPx=9.99", "e2:501 ALLOCATED of=A quantity=10; A:308 PARTIALLY_FILLED executed=10 own=10 value=99.9 avg=9.99 leaves=90 unplaced=90"},
		{"RequestReplaceOrder orderId=A clOrdID=two price=11", "A:161 PENDING_REPLACE requests=REPLACE:two"},
		{"ExecuteOrder orderId=A executionId=e3 lastQty=10 lastPx=10.5", "e3:501 ALLOCATED of=A quantity=10; A:308 executed=20 own=20 value=204.9 avg=10.245 leaves=80 unplaced=80"},
		{"ReplaceOrder orderId=A clOrdID=two price=9", "A:171 PARTIALLY_FILLED price=9 cl=two requests=none"},
		{"!ExecuteOrder orderId=A executionId=e4 lastQty=10 lastPx=9.5 clOrdID=one", "e4:501 ALLOCATED of=A quantity=10; A:308 executed=30 own=30 value=299.9 avg=9.9966666667 leaves=70 unplaced=70"},
		{"!ExecuteOrder orderId=A executionId=e5 lastQty=10 lastPx=9.5 clOrdID=two", "e5:511 REVIEW of=A quantity=10 reasons=PRICE_BEYOND_LIMIT; A:331 review=20"},
	}},
	{"an order that was rejected", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"RejectOrder orderId=A reason=credit", "A:121 REJECTED leaves=0 unplaced=0"},
		{"ExecuteOrder orderId=A executionId=e lastQty=10 lastPx=10", "e:511 REVIEW of=A quantity=10 reasons=ORDER_REJECTED; A:331 review=10"},
	}},
	{"more than was ordered: it reserves, and does not count", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"ExecuteOrder orderId=B executionId=e1 lastQty=61 lastPx=10", "e1:511 REVIEW of=B quantity=61 reasons=OVERFILL; B:331 review=61; A:341 reserved=61 unplaced=39"},
		{"CreateOrder orderId=C parentId=A orderQty=40", "OM005 over_placed"},
		{"ReplaceOrder orderId=B orderQty=61", "B:171 qty=61 leaves=61 unplaced=61; A:341 working=61"},
		{"!ReplaceOrder orderId=B orderQty=61", "B:171"},
		{"!BustExecution executionId=e1", "e1:531 BUSTED bust=x6; B:311 review=0"},
	}},
	{"the same ExecID with other content", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"!ExecuteOrder orderId=A executionId=e1 lastQty=10 lastPx=10 execID=one", "e1:501 ALLOCATED of=A quantity=10; A:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=90 unplaced=90"},
		{"!ExecuteOrder orderId=A executionId=e2 lastQty=11 lastPx=10 execID=one", "e2:511 REVIEW of=A quantity=11 reasons=DUPLICATE_EXEC_ID; A:331 review=11"},
		{"!ExecuteOrder orderId=A executionId=e3 lastQty=10 lastPx=10 execID=one", "same e1"},
		{"!ExecuteOrder orderId=A executionId=e4 lastQty=11 lastPx=10 execID=one", "same e2"},
	}},
	{"a waiting fill is booked when it is reported again and fits", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"!ExecuteOrder orderId=B executionId=e lastQty=61 lastPx=10 execID=one", "e:511 REVIEW of=B quantity=61 reasons=OVERFILL; B:331 review=61; A:341 reserved=61 unplaced=39"},
		{"!ReplaceOrder orderId=B orderQty=70", "B:171 qty=70 leaves=70 unplaced=70; A:341 working=70 reserved=70 unplaced=30"},
		{"!ExecuteOrder orderId=B lastQty=61 lastPx=10 execID=one", "e:502 ALLOCATED reasons=none; B:308 PARTIALLY_FILLED executed=61 own=61 value=610 avg=10 leaves=9 unplaced=9 review=0; A:341 PARTIALLY_FILLED executed=61 value=610 avg=10 leaves=39 working=9 reserved=9"},
	}},
	{"a repeat is told by its figures", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"!ExecuteOrder orderId=A executionId=e lastQty=10 lastPx=10 execID=one cumQty=10", "e:501 ALLOCATED of=A quantity=10; A:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=90 unplaced=90"},
		{"!ExecuteOrder orderId=A lastQty=10 lastPx=10 execID=one cumQty=10", "same e"},
		{"!ExecuteOrder orderId=A lastQty=10 lastPx=10 execID=one cumQty=12", "A:273 flags=DISAGREES; same e"},
	}},
	{"a fill in review states that the order is over", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"!ExecuteOrder orderId=B executionId=e lastQty=61 lastPx=10 ordStatus=EXPIRED", "e:511 REVIEW of=B quantity=61 reasons=OVERFILL; B:327 EXPIRED leaves=0 unplaced=0 review=61; A:341 working=0 reserved=61 unplaced=39 live=0"},
	}},
	{"a leg of a strategy counts nothing", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"!ExecuteOrder orderId=A executionId=e lastQty=10 lastPx=10 multiLegReportingType=2", "A:271"},
	}},
};

/* Depth by depth, each fill in the middle of a tree that is wide: one change for each order on the way and no other. */
static void
deep(void)
{
	for (int depth = 1; depth <= 5; depth++)
	{
		ArraySource *array = array_begin();
		Decision	d;
		bool		good;

		array_run(array, cases_json("CreateOrder orderId=1 symbol=X side=BUY orderQty=1000", 0), &d);
		for (int i = 2; i <= depth; i++)
			for (int wide = 0; wide < 3; wide++)
				array_run(array, cases_json(psprintf("CreateOrder orderId=%d%s parentId=%d orderQty=100", i, wide ? psprintf(".%d", wide) : "", i - 1), 0), &d);
		good = array_run(array, cases_json(psprintf("ExecuteOrder orderId=%d executionId=e lastQty=7 lastPx=3", depth), 0), &d) == NULL;
		good = good && list_length(d.changes) == depth + 1;
		for (int i = 0; good && i <= depth; i++)
		{
			const Change *change = list_nth(d.changes, i);

			good = strcmp(change->after->id, i == 0 ? "e" : psprintf("%d", depth - i + 1)) == 0 &&
				(i == 0 || oms_dec_cmp(((const Order *) change->after)->executed_quantity, int64_to_numeric(7)) == 0);
		}
		ok(good, "a fill at depth %d is its own event and one of each order up to the root", depth);
	}
}

UNIT_TEST(decide_fills)
{
	cases_run(depth, lengthof(depth));
	cases_run(late, lengthof(late));
	cases_run(review, lengthof(review));
	deep();
}
