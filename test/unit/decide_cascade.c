/*
 * Replacements that orders below have to follow first: what is asked of whom, and what
 * becomes of the root whatever they answer, in whatever order it comes.  What breaks if
 * a root has its new terms before the last child has answered, or never; if a refusal is
 * lost; if a child that ended is waited for; or if what a reduction is about to take back
 * is placed meanwhile.
 */
#include "unit.h"

#include <time.h>

#include "common/pg_prng.h"

#include "core_invariants.h"
#include "core/order/order_cascade.h"

/* ------------------------------------------------------------------------
 * the plan
 * ------------------------------------------------------------------------
 */

/* "C" live at a counterparty, and all others never sent. */
typedef struct PlanCase
{
	const char *name;
	const char *commands[12];
	const char *terms;			/* as a replacement of A has them */
	const char *steps;
} PlanCase;

#define ROOT	"CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10 timeInForce=DAY"
#define CHILD(id, parent, qty)	"CreateOrder orderId=" id " parentId=" parent " orderQty=" qty " price=10 timeInForce=DAY clOrdID=c" id
#define SENT(id)	"!AcceptOrder orderId=" id " orderID=broker" id

static const PlanCase plans[] = {
	{"only what is unplaced", {ROOT, CHILD("B", "A", "30"), SENT("B")}, "orderQty=40", "replace A qty=40"},
	{"all of what is left unplaced and not more", {ROOT, CHILD("B", "A", "30"), SENT("B")}, "orderQty=30", "replace A qty=30"},
	{"the newest first", {ROOT, CHILD("B", "A", "30"), CHILD("C", "A", "30"), CHILD("D", "A", "30"), SENT("B"), SENT("C"), SENT("D")}, "orderQty=50",
	"ask~ A qty=50; askCancel~ D; ask~ C qty=20"},
	{"who never left is changed at once", {ROOT, CHILD("B", "A", "50"), CHILD("C", "A", "50")}, "orderQty=70", "replace C qty=20; replace A qty=70"},
	{"one is asked, another is changed", {ROOT, CHILD("B", "A", "50"), SENT("B"), CHILD("C", "A", "50")}, "orderQty=40",
	"ask~ A qty=40; ask~ B qty=40; cancel C"},
	{"all of it", {ROOT, CHILD("B", "A", "50"), CHILD("C", "A", "50"), "!ExecuteOrder orderId=B executionId=e lastQty=20 lastPx=10 execID=e"}, "orderQty=20",
	"cancel C; cancel B; replace A qty=20"},
	{"below what is executed", {ROOT, CHILD("B", "A", "50"), SENT("B"), "!ExecuteOrder orderId=B executionId=e lastQty=20 lastPx=10 execID=e"}, "orderQty=5",
	"ask~ A qty=5; askCancel~ B"},
	{"a child above others waits as the root does", {ROOT, CHILD("B", "A", "100"), CHILD("C", "B", "60"), CHILD("D", "B", "40"), SENT("C"), SENT("D")}, "orderQty=50",
	"ask~ A qty=50; ask~ B qty=50; askCancel~ D; ask~ C qty=50"},
	{"the whole of it waits", {ROOT, CHILD("B", "A", "50"), SENT("B"), CHILD("C", "A", "50"), CHILD("D", "C", "50"), SENT("D")}, "orderQty=50",
	"ask~ A qty=50; askCancel~ C; askCancel~ D"},
	{"what waits in review is left", {ROOT, CHILD("B", "A", "50"), SENT("B"), CHILD("C", "A", "50"), SENT("C"), "!ExecuteOrder orderId=C executionId=e lastQty=20 lastPx=99 execID=e"}, "orderQty=60",
	"ask~ A qty=60; ask~ C qty=20; ask~ B qty=40"},
	{"more than can be taken back", {ROOT, CHILD("B", "A", "50"), SENT("B"), CHILD("C", "A", "50"), SENT("C"), "!ExecuteOrder orderId=C executionId=e lastQty=20 lastPx=99 execID=e"}, "orderQty=10",
	"OM005 below_placed"},
	{"an increase is the root's alone", {ROOT, CHILD("B", "A", "50"), SENT("B")}, "orderQty=200", "replace A qty=200"},
	{"a price goes to those that had it", {ROOT, CHILD("B", "A", "50"), SENT("B"), "CreateOrder orderId=C parentId=A orderQty=50 price=9"}, "price=11",
	"ask~ A price=11; ask~ B price=11"},
	{"a limit reaches those that would be worse", {ROOT, "CreateOrder orderId=B parentId=A orderQty=20 price=9.5 clOrdID=c", SENT("B"), "CreateOrder orderId=C parentId=A orderQty=50 price=8"}, "price=9",
	"ask~ A price=9; ask~ B price=9"},
	{"a sell", {"CreateOrder orderId=A symbol=X side=SELL orderQty=100 price=10", "CreateOrder orderId=B parentId=A orderQty=20 price=10.5", "CreateOrder orderId=C parentId=A orderQty=20 price=11"}, "price=10.7",
	"replace B price=10.7; replace A price=10.7"},
	{"a limit for what had none", {"CreateOrder orderId=A symbol=X side=BUY orderQty=100", "CreateOrder orderId=B parentId=A orderQty=20 clOrdID=c", SENT("B"), "CreateOrder orderId=C parentId=A orderQty=20 stopPx=5"}, "price=10 ordType=LIMIT",
	"ask~ A price=10 type=LIMIT; ask~ B price=10 type=LIMIT"},
	{"a time in force", {ROOT, CHILD("B", "A", "50"), SENT("B"), "CreateOrder orderId=C parentId=A orderQty=20 timeInForce=IMMEDIATE_OR_CANCEL price=10"}, "timeInForce=GOOD_TILL_CANCEL",
	"ask~ A tif=GOOD_TILL_CANCEL; ask~ B tif=GOOD_TILL_CANCEL"},
	{"what stays is no change", {ROOT, CHILD("B", "A", "50"), SENT("B")}, "price=10.0 orderQty=100 timeInForce=DAY", "replace A qty=100 price=10 tif=DAY"},
	{"both", {ROOT, CHILD("B", "A", "50"), SENT("B"), CHILD("C", "A", "50"), SENT("C")}, "price=9 orderQty=80",
	"ask~ A qty=80 price=9; ask~ C qty=30 price=9; ask~ B price=9"},
	{"below who is at a counterparty nobody is waited for", {ROOT, CHILD("B", "A", "100"), SENT("B"), CHILD("C", "B", "100"), SENT("C")}, "orderQty=60",
	"ask~ A qty=60; ask~ B qty=60; ask C qty=60"},
	{"but who is ours there waits for those below him", {ROOT, CHILD("B", "A", "100"), SENT("B"), CHILD("C", "B", "100"), CHILD("D", "C", "100"), SENT("D")}, "orderQty=60",
	"ask~ A qty=60; ask~ B qty=60; ask~~ C qty=60; ask~~ D qty=60"},
	{"who was asked ends after all have been asked", {ROOT, CHILD("B", "A", "50"), SENT("B"), CHILD("C", "A", "50"), SENT("C"), CHILD("D", "C", "10")}, "orderQty=40",
	"ask~ A qty=40; askCancel~ C; ask~ B qty=40; cancel D"},
	{"what is done for the day ends with its root", {ROOT, CHILD("B", "A", "50"), "!DoneForDayOrder orderId=B", CHILD("C", "A", "50"), "!ExecuteOrder orderId=C executionId=e lastQty=20 lastPx=10 execID=e"}, "orderQty=20",
	"cancel C; cancel B; replace A qty=20"},
	{"who has a request that is open cannot follow", {ROOT, CHILD("B", "A", "100"), SENT("B"), "RequestReplaceOrder orderId=B price=9 clOrdID=d"}, "orderQty=60", "OM005 request_open"},
	{"who need not follow may have one", {ROOT, CHILD("B", "A", "50"), SENT("B"), "RequestReplaceOrder orderId=B price=9 clOrdID=d"}, "orderQty=60", "replace A qty=60"},
	{"what is done is left in peace", {ROOT, CHILD("B", "A", "50"), "CancelOrder orderId=B", CHILD("C", "A", "50"), "!ExecuteOrder orderId=C executionId=e lastQty=50 lastPx=10 execID=e"}, "orderQty=60 price=9",
	"replace A qty=60 price=9"},
	{"above what is done nobody waits", {ROOT, CHILD("B", "A", "50"), CHILD("C", "B", "50"), SENT("C"), "!CancelOrder orderId=B"}, "price=9", "ask C price=9; replace A price=9"},
};

static void
show_terms(StringInfo out, const OrderTerms *terms)
{
	if (terms->order_qty)
		appendStringInfo(out, " qty=%s", oms_dec_text(terms->order_qty));
	if (terms->price)
		appendStringInfo(out, " price=%s", oms_dec_text(terms->price));
	if (terms->ord_type)
		appendStringInfo(out, " type=%s", terms->ord_type);
	if (terms->time_in_force)
		appendStringInfo(out, " tif=%s", terms->time_in_force);
}

static char *
show_plan(const Refusal *refusal, const List *steps)
{
	static const char *const names[] = {
		[COMMAND_REQUEST_CANCEL_ORDER] = "askCancel", [COMMAND_CANCEL_ORDER] = "cancel",
		[COMMAND_REQUEST_REPLACE_ORDER] = "ask", [COMMAND_REPLACE_ORDER] = "replace"
	};
	StringInfoData out;
	ListCell   *cell;

	if (refusal)
		return psprintf("%s %s", unpack_sql_state(refusal->sqlstate), refusal->rule);
	initStringInfo(&out);
	foreach(cell, steps)
	{
		const CascadeStep *step = lfirst(cell);

		appendStringInfo(&out, "%s%s%s %s", out.len ? "; " : "", names[step->type], step->cascade == 0 ? "" : step->cascade == 1 ? "~" : "~~", step->order->id);
		if (step->type != COMMAND_CANCEL_ORDER && step->type != COMMAND_REQUEST_CANCEL_ORDER)
			show_terms(&out, &step->terms);
	}
	return out.data;
}

static List *
orders_of(const ArraySource *array)
{
	List	   *orders = NIL;
	ListCell   *cell;

	foreach(cell, array->objects)
		if (((const Object *) lfirst(cell))->kind == KIND_ORDER)
			orders = lappend(orders, lfirst(cell));
	return orders;
}

static Refusal *
plan_of(const ArraySource *array, const char *terms, List **steps)
{
	Command    *command = palloc(sizeof(Command));
	const Order *root = (const Order *) array_find(array, KIND_ORDER, "A");

	if (array_parse(cases_json(psprintf("ReplaceOrder orderId=A %s", terms), 0), command) != NULL)
		elog(ERROR, "BUG: bad terms: %s", terms);
	return oms_cascade_plan(root, orders_of(array), &command->terms, false, steps);
}

static void
run_plans(void)
{
	for (int i = 0; i < lengthof(plans); i++)
	{
		ArraySource *array = array_begin();
		Decision	d;
		List	   *steps = NIL;
		Refusal    *refusal;

		for (int s = 0; s < lengthof(plans[i].commands) && plans[i].commands[s]; s++)
		{
			refusal = array_run(array, cases_json(plans[i].commands[s], s), &d);
			if (refusal)
				elog(ERROR, "BUG: %s: %s", plans[i].commands[s], refusal->message);
		}
		refusal = plan_of(array, plans[i].terms, &steps);
		is_text(show_plan(refusal, steps), plans[i].steps, plans[i].name);
	}
}

/* ------------------------------------------------------------------------
 * the answers
 * ------------------------------------------------------------------------
 */

#define B50		CHILD("B", "A", "50"), "B:101 NEW qty=50 price=10 leaves=50 unplaced=50 cl=cB; A:341 working=50 reserved=50 unplaced=50 children=1 live=1"
#define C50		CHILD("C", "A", "50"), "C:101 NEW qty=50 price=10 leaves=50 unplaced=50 cl=cC; A:341 working=100 reserved=100 unplaced=0 children=2 live=2"
#define BEGIN	{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"}, {B50}, {C50}
#define ASK_A(terms, shown)	{"RequestReplaceOrder orderId=A clOrdID=a2 cascadeId=k " terms, "A:161 PENDING_REPLACE requests=REPLACE:a2~k"}
/* A: 100 -> 40: C ends, B has 40 */
#define ASK	{"RequestReplaceOrder orderId=A clOrdID=a2 cascadeId=k orderQty=40", "A:161 PENDING_REPLACE requests=REPLACE:a2~k"}, \
	{"RequestCancelOrder orderId=C clOrdID=c2 cascadeId=k", "C:131 PENDING_CANCEL requests=CANCEL:c2~k; A:341 requests=REPLACE:a2~k1"}, \
	{"RequestReplaceOrder orderId=B clOrdID=b2 cascadeId=k orderQty=40", "B:161 PENDING_REPLACE requests=REPLACE:b2~k; A:341 requests=REPLACE:a2~k2"}

static const Case answers[] = {
	{"both accept", {BEGIN, ASK,
		{"!ReplaceOrder orderId=B clOrdID=b2", "B:171 NEW qty=40 leaves=40 unplaced=40 cl=b2 requests=none; A:341 working=90 reserved=90 unplaced=10 requests=REPLACE:a2~k1"},
		{"!CancelOrder orderId=C clOrdID=c2", "C:141 CANCELLED leaves=0 unplaced=0 requests=none; A:355 NEW qty=40 leaves=40 working=40 reserved=40 unplaced=0 live=1 cl=a2 requests=none"},
	}},
	{"the other way round", {BEGIN, ASK,
		{"!CancelOrder orderId=C clOrdID=c2", "C:141 CANCELLED leaves=0 unplaced=0 requests=none; A:341 working=50 reserved=50 unplaced=50 live=1 requests=REPLACE:a2~k1"},
		{"CreateOrder orderId=D parentId=A orderQty=1", "OM005 over_placed"},
		{"!ReplaceOrder orderId=B clOrdID=b2", "B:171 NEW qty=40 leaves=40 unplaced=40 cl=b2 requests=none; A:355 NEW qty=40 leaves=40 working=40 reserved=40 unplaced=0 cl=a2 requests=none"},
	}},
	{"the first refuses", {BEGIN, ASK,
		{"!RejectCancelOrder orderId=C clOrdID=c2 text=late", "C:151 NEW requests=none; A:341 requests=REPLACE:a2~k1!"},
		{"!ReplaceOrder orderId=B clOrdID=b2", "B:171 NEW qty=40 leaves=40 unplaced=40 cl=b2 requests=none; A:354 NEW working=90 reserved=90 unplaced=10 requests=none"},
		{"CreateOrder orderId=D parentId=A orderQty=10", "D:101 NEW qty=10 leaves=10 unplaced=10; A:341 working=100 reserved=100 unplaced=0 children=3 live=3"},
	}},
	{"the last refuses", {BEGIN, ASK,
		{"!ReplaceOrder orderId=B clOrdID=b2", "B:171 NEW qty=40 leaves=40 unplaced=40 cl=b2 requests=none; A:341 working=90 reserved=90 unplaced=10 requests=REPLACE:a2~k1"},
		{"!RejectCancelOrder orderId=C clOrdID=c2 text=late", "C:151 NEW requests=none; A:354 NEW requests=none"},
	}},
	{"both refuse", {BEGIN, ASK,
		{"!RejectReplaceOrder orderId=B clOrdID=b2", "B:181 NEW requests=none; A:341 requests=REPLACE:a2~k1!"},
		{"!RejectCancelOrder orderId=C clOrdID=c2", "C:151 NEW requests=none; A:354 NEW requests=none"},
	}},
	{"a fill answers nothing", {BEGIN, ASK,
		{"!CancelOrder orderId=C clOrdID=c2", "C:141 CANCELLED leaves=0 unplaced=0 requests=none; A:341 working=50 reserved=50 unplaced=50 live=1 requests=REPLACE:a2~k1"},
		{"!ExecuteOrder orderId=B executionId=e lastQty=10 lastPx=10 execID=e", "e:501 ALLOCATED of=B quantity=10; B:308 executed=10 own=10 value=100 avg=10 leaves=40 unplaced=40; A:341 executed=10 value=100 avg=10 leaves=90 working=40 reserved=40"},
		{"!ReplaceOrder orderId=B clOrdID=b2", "B:171 PARTIALLY_FILLED qty=40 leaves=30 unplaced=30 cl=b2 requests=none; A:355 PARTIALLY_FILLED qty=40 leaves=30 working=30 reserved=30 unplaced=0 cl=a2 requests=none"},
	}},
	{"a child that fills is asked on, and refuses", {BEGIN, ASK,
		{"!CancelOrder orderId=C clOrdID=c2", "C:141 CANCELLED leaves=0 unplaced=0 requests=none; A:341 working=50 reserved=50 unplaced=50 live=1 requests=REPLACE:a2~k1"},
		{"!ExecuteOrder orderId=B executionId=e lastQty=50 lastPx=10 execID=e", "e:501 ALLOCATED of=B quantity=50; B:308 executed=50 own=50 value=500 avg=10 leaves=0 unplaced=0; A:341 executed=50 value=500 avg=10 leaves=50 working=0 reserved=0 live=0"},
		{"!RejectReplaceOrder orderId=B clOrdID=b2 text=too_late", "B:181 FILLED requests=none; A:354 PARTIALLY_FILLED requests=none"},
	}},
	{"children that end have answered", {BEGIN, ASK,
		{"!ExpireOrder orderId=B", "B:251 EXPIRED leaves=0 unplaced=0 requests=none; A:341 working=50 reserved=50 unplaced=50 live=1 requests=REPLACE:a2~k1"},
		{"!RejectOrder orderId=C", "C:121 REJECTED leaves=0 unplaced=0 requests=none; A:355 NEW qty=40 leaves=40 working=0 reserved=0 unplaced=40 live=0 cl=a2 requests=none"},
	}},
	{"a cancel that nobody asked for", {BEGIN, ASK,
		{"!CancelOrder orderId=B", "B:141 CANCELLED leaves=0 unplaced=0 requests=none; A:341 working=50 reserved=50 unplaced=50 live=1 requests=REPLACE:a2~k1"},
		{"!CancelOrder orderId=B", "B:149"},
		{"!CancelOrder orderId=C clOrdID=c2", "C:141 CANCELLED leaves=0 unplaced=0 requests=none; A:355 NEW qty=40 leaves=40 working=0 reserved=0 unplaced=40 live=0 cl=a2 requests=none"},
	}},
	{"the counterparty leaves more than was asked for", {BEGIN, ASK,
		{"!CancelOrder orderId=C clOrdID=c2", "C:141 CANCELLED leaves=0 unplaced=0 requests=none; A:341 working=50 reserved=50 unplaced=50 live=1 requests=REPLACE:a2~k1"},
		{"!ReplaceOrder orderId=B clOrdID=b2 orderQty=45", "B:171 NEW qty=45 leaves=45 unplaced=45 cl=b2 requests=none; A:354 NEW working=45 reserved=45 unplaced=55 requests=none"},
	}},
	{"a bust", {BEGIN,
		{"!ExecuteOrder orderId=B executionId=e lastQty=20 lastPx=10 execID=e", "e:501 ALLOCATED of=B quantity=20; B:308 PARTIALLY_FILLED executed=20 own=20 value=200 avg=10 leaves=30 unplaced=30; A:341 PARTIALLY_FILLED executed=20 value=200 avg=10 leaves=80 working=80 reserved=80"},
		ASK,
		{"!BustExecution executionId=e execID=f", "e:531 BUSTED bust=f; B:311 executed=0 own=0 value=0 avg=0 leaves=50 unplaced=50; A:341 executed=0 value=0 avg=0 leaves=100 working=100 reserved=100"},
		{"!CancelOrder orderId=C clOrdID=c2", "C:141 CANCELLED leaves=0 unplaced=0 requests=none; A:341 working=50 reserved=50 unplaced=50 live=1 requests=REPLACE:a2~k1"},
		{"!ReplaceOrder orderId=B clOrdID=b2", "B:171 NEW qty=40 leaves=40 unplaced=40 cl=b2 requests=none; A:355 NEW qty=40 leaves=40 working=40 reserved=40 unplaced=0 cl=a2 requests=none"},
	}},
	{"a cancel supersedes it", {BEGIN, ASK,
		{"RequestCancelOrder orderId=A clOrdID=a3", "A:131 PENDING_CANCEL requests=REPLACE:a2~k2+CANCEL:a3"},
		{"!ReplaceOrder orderId=B clOrdID=b2", "B:171 NEW qty=40 leaves=40 unplaced=40 cl=b2 requests=none; A:341 working=90 reserved=90 unplaced=10 requests=REPLACE:a2~k1+CANCEL:a3"},
		{"!RejectCancelOrder orderId=C clOrdID=c2", "C:151 NEW requests=none; A:354 requests=CANCEL:a3"},
		{"!CancelOrder orderId=B", "B:141 CANCELLED leaves=0 unplaced=0; A:341 working=50 reserved=50 unplaced=50 live=1"},
		{"!CancelOrder orderId=C", "C:141 CANCELLED leaves=0 unplaced=0; A:351 CANCELLED leaves=0 working=0 reserved=0 unplaced=0 live=0 requests=none"},
	}},
	{"a cancel, and all end", {BEGIN, ASK,
		{"RequestCancelOrder orderId=A clOrdID=a3", "A:131 PENDING_CANCEL requests=REPLACE:a2~k2+CANCEL:a3"},
		{"!CancelOrder orderId=B", "B:141 CANCELLED leaves=0 unplaced=0 requests=none; A:341 working=50 reserved=50 unplaced=50 live=1 requests=REPLACE:a2~k1+CANCEL:a3"},
		{"!CancelOrder orderId=C clOrdID=c2", "C:141 CANCELLED leaves=0 unplaced=0 requests=none; A:351 CANCELLED leaves=0 working=0 reserved=0 unplaced=0 live=0 requests=none"},
	}},
	{"a cancel, and all is filled", {BEGIN, ASK,
		{"!ExecuteOrder orderId=B executionId=e lastQty=50 lastPx=10 execID=e", "e:501 ALLOCATED of=B quantity=50; B:308 executed=50 own=50 value=500 avg=10 leaves=0 unplaced=0; A:341 executed=50 value=500 avg=10 leaves=50 working=50 reserved=50 live=1"},
		{"!RejectReplaceOrder orderId=B clOrdID=b2", "B:181 FILLED requests=none; A:341 requests=REPLACE:a2~k1!"},
		{"RequestCancelOrder orderId=A clOrdID=a3", "A:131 PENDING_CANCEL requests=REPLACE:a2~k1!+CANCEL:a3"},
		{"!ExecuteOrder orderId=C executionId=f lastQty=50 lastPx=10 execID=f ordStatus=CANCELLED", "f:501 ALLOCATED of=C quantity=50; C:291 FILLED executed=50 own=50 value=500 avg=10 leaves=0 unplaced=0 requests=none; A:352 FILLED executed=100 value=1000 leaves=0 working=0 reserved=0 live=0 requests=none"},
	}},
	{"the desk answers for the root", {BEGIN, ASK,
		{"RejectReplaceOrder orderId=A clOrdID=a2", "A:181 NEW requests=none"},
		{"!ReplaceOrder orderId=B clOrdID=b2", "B:171 NEW qty=40 leaves=40 unplaced=40 cl=b2 requests=none; A:341 working=90 reserved=90 unplaced=10"},
		{"!CancelOrder orderId=C clOrdID=c2", "C:141 CANCELLED leaves=0 unplaced=0 requests=none; A:341 working=40 reserved=40 unplaced=60 live=1"},
	}},
	{"a split of what waits", {BEGIN, ASK,
		{"RestateOrder orderId=A quantityFactor=2", "B:345 qty=100 price=5 leaves=100 unplaced=100 factor=2; C:345 qty=100 price=5 leaves=100 unplaced=100 factor=2; A:232 qty=200 price=5 leaves=200 working=200 reserved=200 factor=2"},
		{"!CancelOrder orderId=C clOrdID=c2", "C:141 CANCELLED leaves=0 unplaced=0 requests=none; A:341 working=100 reserved=100 unplaced=100 live=1 requests=REPLACE:a2~k1"},
		{"!ReplaceOrder orderId=B clOrdID=b2", "B:171 NEW qty=80 leaves=80 unplaced=80 cl=b2 requests=none; A:355 NEW qty=80 leaves=80 working=80 reserved=80 unplaced=0 cl=a2 requests=none"},
	}},
	{"on two levels", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD("M", "A", "100"), "M:101 NEW qty=100 price=10 leaves=100 unplaced=100 cl=cM; A:341 working=100 reserved=100 unplaced=0 children=1 live=1"},
		{CHILD("B", "M", "100"), "B:101 NEW qty=100 price=10 leaves=100 unplaced=100 cl=cB; M:341 working=100 reserved=100 unplaced=0 children=1 live=1"},
		{"RequestReplaceOrder orderId=A cascadeId=k orderQty=40", "A:161 PENDING_REPLACE requests=REPLACE~k"},
		{"RequestReplaceOrder orderId=M cascadeId=k orderQty=40", "M:161 PENDING_REPLACE requests=REPLACE~k; A:341 requests=REPLACE~k1"},
		{"RequestReplaceOrder orderId=B clOrdID=b2 cascadeId=k orderQty=40", "B:161 PENDING_REPLACE requests=REPLACE:b2~k; M:341 requests=REPLACE~k1"},
		{"!ReplaceOrder orderId=B clOrdID=b2", "B:171 NEW qty=40 leaves=40 unplaced=40 cl=b2 requests=none; M:355 NEW qty=40 leaves=40 working=40 reserved=40 requests=none; A:355 NEW qty=40 leaves=40 working=40 reserved=40 requests=none"},
	}},
	{"a refusal climbs", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD("M", "A", "60"), "M:101 NEW qty=60 price=10 leaves=60 unplaced=60 cl=cM; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{CHILD("B", "M", "60"), "B:101 NEW qty=60 price=10 leaves=60 unplaced=60 cl=cB; M:341 working=60 reserved=60 unplaced=0 children=1 live=1"},
		{"RequestReplaceOrder orderId=A cascadeId=k orderQty=1", "A:161 PENDING_REPLACE requests=REPLACE~k"},
		{"RequestCancelOrder orderId=M cascadeId=k", "M:131 PENDING_CANCEL requests=CANCEL~k; A:341 requests=REPLACE~k1"},
		{"RequestCancelOrder orderId=B clOrdID=b2 cascadeId=k", "B:131 PENDING_CANCEL requests=CANCEL:b2~k; M:341 requests=CANCEL~k1"},
		{"!RejectCancelOrder orderId=B clOrdID=b2 reason=late", "B:151 NEW requests=none; M:353 NEW requests=none; A:354 NEW requests=none"},
	}},
	{"an end climbs", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD("M", "A", "60"), "M:101 NEW qty=60 price=10 leaves=60 unplaced=60 cl=cM; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{CHILD("B", "M", "60"), "B:101 NEW qty=60 price=10 leaves=60 unplaced=60 cl=cB; M:341 working=60 reserved=60 unplaced=0 children=1 live=1"},
		{"RequestReplaceOrder orderId=A cascadeId=k orderQty=1", "A:161 PENDING_REPLACE requests=REPLACE~k"},
		{"RequestCancelOrder orderId=M cascadeId=k", "M:131 PENDING_CANCEL requests=CANCEL~k; A:341 requests=REPLACE~k1"},
		{"RequestCancelOrder orderId=B clOrdID=b2 cascadeId=k", "B:131 PENDING_CANCEL requests=CANCEL:b2~k; M:341 requests=CANCEL~k1"},
		{"!CancelOrder orderId=B clOrdID=b2", "B:141 CANCELLED leaves=0 unplaced=0 requests=none; M:351 CANCELLED leaves=0 working=0 reserved=0 live=0 requests=none; A:355 NEW qty=1 leaves=1 working=0 reserved=0 unplaced=1 live=0 requests=none"},
	}},
};

/* ------------------------------------------------------------------------
 * random histories
 * ------------------------------------------------------------------------
 */

#define STREAMS		150
#define COMMANDS	80			/* of a stream */

static pg_prng_state prng;

static int
below(int n)
{
	return (int) pg_prng_uint64_range(&prng, 0, n - 1);
}

static bool
one_in(int n)
{
	return below(n) == 0;
}

#define ONE_OF(...) (((const char *const[]) {__VA_ARGS__})[below(lengthof(((const char *const[]) {__VA_ARGS__})))])

/* The cascade that is under way, as the model has it. */
typedef struct Wanted
{
	char	   *id;				/* NULL: none */
	Numeric		qty;
	Numeric		price;
	bool		refused;
	int			begun,
				stood,
				fell;
	int			names;
} Wanted;

static const Order *
order_of(const ArraySource *array, const char *id)
{
	return (const Order *) array_find(array, KIND_ORDER, id);
}

static const OrderRequest *
part_of(const Order *order, const char *cascade_id)
{
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);

	for (int i = 0; i < count; i++)
		if (oms_same_text(requests[i].cascade_id, cascade_id))
			return &requests[i];
	return NULL;
}

/* Whoever waits waits for somebody: counted anew. */
static void
check_cascades(const ArraySource *array)
{
	ListCell   *cell;

	foreach(cell, array->objects)
	{
		const Order *order = lfirst(cell);
		int			count;
		OrderRequest *requests;

		if (order->kind != KIND_ORDER)
			continue;
		requests = oms_requests_from_json(order->pending_requests, &count);
		for (int i = 0; i < count; i++)
		{
			int			asked = 0;
			ListCell   *c;

			if (requests[i].cascade_id == NULL)
				continue;
			foreach(c, array->objects)
			{
				const Order *child = lfirst(c);

				if (child->kind == KIND_ORDER && oms_same_text(child->parent_id, order->id) && !oms_order_is_closed(child))
					asked += part_of(child, requests[i].cascade_id) != NULL;
			}
			must(requests[i].awaits == asked, "it awaits as many as were asked and have not answered");
			must(asked > 0 || oms_order_is_at_counterparty(order) || requests[i].kind == REQUEST_CANCEL || oms_order_is_closed(order), "who waits waits for somebody");
		}
	}
}

/* What became of the root's replacement, by the model's own rules. */
static void
check_end(const ArraySource *array, Wanted *wanted)
{
	const Order *root = order_of(array, "A");
	const ArrayEvent *event = NULL;

	if (wanted->id == NULL || part_of(root, wanted->id))
		return;
	for (int i = list_length(array->events) - 1; event == NULL; i--)
		if (strcmp(((const ArrayEvent *) list_nth(array->events, i))->after->id, "A") == 0)
			event = list_nth(array->events, i);
	if (event->rule->number == 355)
	{
		must(!wanted->refused, "what one has refused does not stand");
		must(wanted->qty == NULL || same(root->order_qty, oms_dec_max(wanted->qty, root->executed_quantity)), "it stands with its quantity");
		must(wanted->price == NULL || same(root->price, wanted->price), "it stands with its price");
		wanted->stood++;
	}
	else if (event->rule->number == 354)
	{
		bool		fits = wanted->qty == NULL || oms_dec_sign(root->reserved_quantity) == 0 ||
			oms_dec_cmp(oms_dec_add(root->executed_quantity, root->reserved_quantity), wanted->qty) <= 0;
		bool		possible = !oms_order_is_filled(root) || (wanted->qty && oms_dec_cmp(wanted->qty, root->executed_quantity) > 0);

		must(wanted->refused || !fits || !possible || (root->conditions & COND_PENDING_CANCEL) || root->live_children > 0, "what nobody has refused, and fits, stands");
		must(root->reason != NULL, "it is said why it does not stand");
		wanted->fell++;
	}
	else
		must(oms_order_is_closed(root) || event->rule->number == 181 || event->rule->number == 352 || event->rule->number == 171, "it ends by its children, or somebody ends it");
	wanted->id = NULL;
}

static List *told;				/* of char *: the commands of the stream, and what came of each */

static bool
run(ArraySource *array, const char *text)
{
	bool		done = step(array, text, 1);

	told = lappend(told, psprintf("%s -> %s", text, last));

	check_objects(array);
	return done;
}

/* As the built-in step gives them. */
static void
begin_cascade(ArraySource *array, Wanted *wanted)
{
	const Order *root = order_of(array, "A");
	Command    *command = palloc(sizeof(Command));
	const char *terms = one_in(4) ? psprintf("price=%d", 8 + below(4)) : one_in(3) ?
		psprintf("orderQty=%d price=%d", 10 + below(140), 8 + below(4)) : psprintf("orderQty=%d", 10 + below(110));
	char	   *id = psprintf("k" INT64_FORMAT, root->tree_version);
	List	   *steps;
	ListCell   *cell;

	if (!oms_order_is_live(root) || (root->conditions & (COND_PENDING_CANCEL | COND_PENDING_REPLACE)))
		return;
	if (array_parse(cases_json(psprintf("ReplaceOrder orderId=A %s", terms), 0), command) != NULL)
		elog(ERROR, "BUG: bad terms: %s", terms);
	if (oms_cascade_plan(root, orders_of(array), &command->terms, false, &steps))
		return;
	foreach(cell, steps)
	{
		const CascadeStep *cascade = lfirst(cell);
		StringInfoData out;

		initStringInfo(&out);
		appendStringInfo(&out, "%.*s orderId=%s", (int) (strlen(oms_command_defs[cascade->type].name) - strlen("Command")),
						 oms_command_defs[cascade->type].name, cascade->order->id);
		if (oms_command_defs[cascade->type].opens != REQUEST_NONE)
			appendStringInfo(&out, " clOrdID=n%d", ++wanted->names);
		if (cascade->cascade)
			appendStringInfo(&out, " cascadeId=%s", cascade->cascade == 1 ? id : psprintf("%s.%d", id, cascade->cascade));
		if (cascade->terms.order_qty)
			appendStringInfo(&out, " orderQty=%s", oms_dec_text(cascade->terms.order_qty));
		if (cascade->terms.price)
			appendStringInfo(&out, " price=%s", oms_dec_text(cascade->terms.price));
		if (run(array, out.data))
			continue;
		/* above what lives below what is closed nobody waits, and then it may be in the way: the service is refused as a whole */
		must(strcmp(last, "OM005 live_children") == 0 && cascade->order == root, psprintf("what is planned is possible: %s", out.data));
		return;
	}
	root = order_of(array, "A");
	if (part_of(root, id))
	{
		wanted->id = id;
		wanted->qty = command->terms.order_qty;
		wanted->price = command->terms.price;
		wanted->refused = false;
		wanted->begun++;
	}
	else
	{
		must(command->terms.order_qty == NULL || same(root->order_qty, oms_dec_max(command->terms.order_qty, root->executed_quantity)), "at once with its quantity");
		must(command->terms.price == NULL || same(root->price, command->terms.price), "at once with its price");
	}
	check_cascades(array);
}

static const Order *
some_order(const ArraySource *array)
{
	List	   *orders = orders_of(array);

	return list_nth(orders, below(list_length(orders)));
}

/* A broker answers one of his requests. */
static void
answer(ArraySource *array, const Order *order, Wanted *wanted)
{
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);
	const OrderRequest *r = count ? &requests[below(count)] : NULL;
	bool		refuses = one_in(5);
	bool		is_part;

	if (r == NULL || !oms_order_is_at_counterparty(order))
		return;
	is_part = wanted->id && !oms_order_is_closed(order) && oms_same_text(r->cascade_id, wanted->id);
	if (run(array, psprintf("!%s%s orderId=%s clOrdID=%s execID=a%d", refuses ? "Reject" : "", r->kind == REQUEST_CANCEL ? "CancelOrder" : "ReplaceOrder",
							order->id, r->cl_ord_id, ++wanted->names)))
		wanted->refused |= refuses && is_part;
}

static void
happen(ArraySource *array, Wanted *wanted)
{
	const Order *order = some_order(array);
	int			n = ++wanted->names;

	switch (below(16))
	{
		case 0:
			(void) run(array, psprintf("CreateOrder orderId=o%d parentId=%s orderQty=%d price=%d clOrdID=c%d", n, one_in(3) ? order->id : "A", 1 + below(30), 8 + below(4), n));
			break;
		case 1:
		case 2:
			if (order->parent_id && order->child_count == 0)
				(void) run(array, psprintf("!AcceptOrder orderId=%s orderID=b%d execID=a%d", order->id, n, n));
			break;
		case 3:
		case 4:
			if (order->parent_id && order->child_count == 0)
				(void) run(array, psprintf("!ExecuteOrder orderId=%s executionId=e%d lastQty=%d lastPx=8 execID=e%d%s", order->id, n, 1 + below(12), n,
										   one_in(12) ? " ordStatus=CANCELLED" : ""));
			break;
		case 5:
			(void) run(array, psprintf("!BustExecution executionId=e%d execID=a%d", below(n), n));
			break;
		case 6:
			if (order->parent_id && one_in(2))
				(void) run(array, psprintf("!%s orderId=%s execID=a%d", ONE_OF("CancelOrder", "ExpireOrder", "RejectOrder", "DoneForDayOrder"), order->id, n));
			break;
		case 7:
			if (one_in(4))
				(void) run(array, psprintf("RequestCancelOrder orderId=A clOrdID=n%d", n));
			break;
		case 8:
			if (one_in(4))
				(void) run(array, "RejectReplaceOrder orderId=A");
			else if (one_in(4))
				(void) run(array, "RejectCancelOrder orderId=A");
			break;
		case 9:
		case 10:
		case 11:
			begin_cascade(array, wanted);
			break;
		default:
			answer(array, order, wanted);
			break;
	}
}

static void
stream(uint64 seed, Wanted *wanted)
{
	ArraySource *array = array_begin();
	ListCell   *cell;

	pg_prng_seed(&prng, seed);
	broken = NULL;
	wanted->id = NULL;
	told = NIL;
	(void) run(array, "CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10");
	for (int i = 0; i < 6; i++)
	{
		(void) run(array, psprintf("CreateOrder orderId=b%d parentId=%s orderQty=%d price=%d clOrdID=c%d", i, i < 3 ? "A" : psprintf("b%d", below(3)), 10 + below(20), 8 + below(4), ++wanted->names));
		if (i >= 3 && !one_in(4))
			(void) run(array, psprintf("!AcceptOrder orderId=b%d orderID=d%d", i, i));
	}
	for (int i = 0; i < COMMANDS && broken == NULL; i++)
	{
		happen(array, wanted);
		check_cascades(array);
		check_end(array, wanted);
	}
	/* all brokers answer in the end: then nobody waits */
	for (int i = 0; i < 2000 && broken == NULL && wanted->id; i++)
	{
		answer(array, some_order(array), wanted);
		check_cascades(array);
		check_end(array, wanted);
	}
	must(wanted->id == NULL, "when all have answered nobody waits");
	check_events(array);
	if (broken == NULL)
		return;
	ok(false, "seed " UINT64_FORMAT ": %s", seed, broken);
	foreach(cell, told)
		appendStringInfo(&unit_out, "# %s\n", (char *) lfirst(cell));
}

static void
run_streams(void)
{
	uint64		first = getenv("OMS_SEED") ? strtou64(getenv("OMS_SEED"), NULL, 10) : getenv("OMS_SOAK") ? time(NULL) : 11;
	Wanted		wanted = {0};

	for (uint64 seed = first; seed < first + STREAMS; seed++)
	{
		MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "stream", ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(context);

		stream(seed, &wanted);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
	}
	ok(wanted.begun > STREAMS && wanted.stood > STREAMS / 4 && wanted.fell > STREAMS / 4,
	   "of %d replacements that waited, from seed " UINT64_FORMAT ", %d stood in the end and %d were rejected", wanted.begun, first, wanted.stood, wanted.fell);
}

UNIT_TEST(decide_cascade)
{
	run_plans();
	cases_run(answers, lengthof(answers));
	run_streams();
}
