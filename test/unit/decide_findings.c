/*
 * What rules say, passed into a decision as values: it refuses what somebody asks
 * for, holds a fill for review, flags a fact, and goes with the event.  What breaks
 * if a rule refuses a fact, or if an event without findings is another than before.
 */
#include "unit.h"

#include "decide_cases.h"

/* What a command in the table comes with. */
typedef struct FindingCase
{
	const char *command;
	FindingSeverity severity;	/* of a rule "r"; 0: none */
	const char *outcome;
	const char *findings;		/* of the events, object by object */
} FindingCase;

static const FindingCase cases[] = {
	{"CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10", FINDING_REFUSE, "OM005 r", ""},
	{"CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10", FINDING_REVIEW, "OM005 r", ""},
	{"CreateOrder orderId=A side=BUY orderQty=100 price=10", FINDING_REFUSE, "OM001", ""},
	{"CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10", FINDING_WARN, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100", "A=WARN"},
	/* in a halt a client order is made, and waits; nothing else is, and a figure that routing read does nothing */
	{"CreateOrder orderId=H symbol=X side=BUY orderQty=100 price=10", FINDING_DESK,
	"H:101 NEW qty=100 price=10 leaves=100 unplaced=100 desk=QUEUED why=the price is far from the last one", "H=DESK"},
	{"PlaceOrder orderId=H children=[{\"orderQty\":1}]", 0, "OM005 desk_queued", ""},
	{"CreateOrder orderId=I symbol=X side=BUY orderQty=100 price=10 pending=true", FINDING_DESK,
	"I:102 PENDING_NEW qty=100 price=10 leaves=100 unplaced=100 desk=QUEUED why=the price is far from the last one", "I=DESK"},
	{"CreateOrder orderId=J parentId=A orderQty=60", FINDING_DESK, "OM005 r", ""},
	{"ReplaceOrder orderId=H orderQty=110", FINDING_DESK, "OM005 r", ""},
	{"CreateBlockOrder orderId=J members=[{\"orderId\":\"A\",\"quantity\":1}]", FINDING_DESK, "OM005 r", ""},
	{"CancelOrder orderId=I", FINDING_ROUTE, "I:141 CANCELLED leaves=0 unplaced=0 desk=COMPLETED", "I=ROUTE"},
	{"CreateOrder orderId=B parentId=A orderQty=60", 0,
	"B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1", ""},
	{"PlaceOrder orderId=B children=[{\"orderQty\":1}]", FINDING_REFUSE, "OM005 r", ""},
	{"ReplaceOrder orderId=B orderQty=61", FINDING_REFUSE, "OM005 r", ""},
	/* a client's request is what somebody asks for */
	{"RequestCancelOrder orderId=B clOrdID=c pending=false", FINDING_REFUSE, "OM005 r", ""},
	/* a report that is no fill */
	{"!ReplaceOrder orderId=B orderQty=61", FINDING_REFUSE,
	"B:171 qty=61 leaves=61 unplaced=61 flags=RULE; A:341 working=61 reserved=61 unplaced=39", "B=REFUSE"},
	{"!SuspendOrder orderId=B", FINDING_REVIEW, "B:191 SUSPENDED", "B=REVIEW"},
	{"!ResumeOrder orderId=B", FINDING_WARN, "B:201 NEW", "B=WARN"},
	/* a report that names another order is kept, and the rule with it */
	{"!CancelOrder orderId=A symbol=Y", FINDING_REFUSE, "A:272 flags=DISAGREES+RULE", "A=REFUSE"},
	/* fills, told by anybody, wait */
	{"ExecuteOrder orderId=B executionId=e1 lastQty=10 lastPx=10", FINDING_REFUSE,
	"e1:511 REVIEW of=B quantity=10 reasons=RULE:r; B:331 review=10", "e1=REFUSE"},
	{"!ExecuteOrder orderId=B executionId=e2 lastQty=10 lastPx=11 execID=one", FINDING_REVIEW,
	"e2:511 REVIEW of=B quantity=10 reasons=RULE:r; B:331 review=20", "e2=REVIEW"},
	{"!ExecuteOrder orderId=B executionId=e3 lastQty=70 lastPx=10 execID=two", FINDING_REFUSE,
	"e3:511 REVIEW of=B quantity=70 reasons=OVERFILL+RULE:r; B:331 review=90; A:341 reserved=90 unplaced=10", "e3=REFUSE"},
	{"!ExecuteOrder orderId=B executionId=e4 lastQty=10 lastPx=10 execID=three", FINDING_WARN,
	"e4:501 ALLOCATED of=B quantity=10; B:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=51 unplaced=51; "
	"A:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=90 working=51 unplaced=0", "e4=WARN"},
	/* told again, while the rule still stands: no change; and when it does not: booked */
	{"!ExecuteOrder orderId=B lastQty=10 lastPx=11 execID=one", FINDING_REVIEW, "same e2", ""},
	{"!ExecuteOrder orderId=B lastQty=10 lastPx=11 execID=one", 0,
	"e2:502 ALLOCATED reasons=none; B:308 executed=20 own=20 value=210 avg=10.5 leaves=41 unplaced=41 review=80; "
	"A:341 executed=20 value=210 avg=10.5 leaves=80 working=41 reserved=80", ""},
	{"!ExecuteOrder executionId=e5 lastQty=10 lastPx=10 execID=four", FINDING_REFUSE, "e5:511 REVIEW quantity=10 reasons=UNKNOWN_ORDER+RULE:r", "e5=REFUSE"},
	/* a leg is only kept: no execution could wait */
	{"!ExecuteOrder orderId=B executionId=e6 lastQty=10 lastPx=10 multiLegReportingType=2", FINDING_REFUSE, "B:271", "B=REFUSE"},
	/* a correction waits, and leaves its fill as it is; a bust is applied, whoever wants it */
	{"CorrectExecution executionId=e4 lastQty=9", FINDING_REFUSE,
	"m2:511 REVIEW of=B quantity=9 corrects=e4 reasons=RULE:r; B:331 review=89; A:341 reserved=89", "m2=REFUSE"},
	{"!BustExecution executionId=e4 execID=five", FINDING_REFUSE,
	"m2:531 BUSTED bust=five; e4:531 BUSTED flags=RULE bust=five; B:311 executed=10 own=10 value=110 avg=11 leaves=51 unplaced=51 review=80; "
	"A:341 executed=10 value=110 avg=11 leaves=90 working=51 reserved=80 unplaced=10", "e4=REFUSE"},
	{"!BustExecution executionId=e4 execID=five", FINDING_REFUSE, "same e4", ""},
	{"BustExecution executionId=e1", FINDING_REFUSE, "e1:531 BUSTED flags=RULE; B:311 review=70; A:341 reserved=70 unplaced=20", "e1=REFUSE"},
	/* a fill frees what waits, not what a rule is against */
	{"!ExecuteOrder orderId=B executionId=c lastQty=12 lastPx=10 execType=TRADE_CORRECT execID=seven execRefID=six", FINDING_REFUSE,
	"c:511 REVIEW of=B quantity=12 reasons=UNKNOWN_EXECUTION+RULE:r; B:331 review=82 flags=UNSETTLED+RULE; A:341 reserved=82 unplaced=8", "c=REFUSE"},
	{"!ExecuteOrder orderId=B executionId=e7 lastQty=10 lastPx=10 execID=six", 0,
	"e7:501 ALLOCATED of=B quantity=10; c:511 corrects=e7 reasons=RULE:r; B:308 executed=20 own=20 value=210 avg=10.5 leaves=41 unplaced=41 flags=RULE; "
	"A:341 executed=20 value=210 avg=10.5 leaves=80 working=41 unplaced=0", ""},
};

static char *
findings_of(const Decision *d)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	foreach(cell, d->changes)
	{
		const Change *change = lfirst(cell);

		if (change->findings)
			appendStringInfo(&out, "%s%s=%s", out.len ? " " : "", change->after->id,
							 oms_json_get_string(JsonbValueToJsonb(getIthJsonbValueFromContainer(&oms_findings_json(change->findings)->root, 0)), "severity"));
	}
	return out.data;
}

static void
run_with_findings(void)
{
	ArraySource *array = array_begin();

	for (int i = 0; i < lengthof(cases); i++)
	{
		Finding		finding = {"r", 3, cases[i].severity, "the price is far from the last one"};
		Decision	d;
		Refusal    *refusal;

		array->findings = cases[i].severity ? list_make1(&finding) : NIL;
		refusal = array_run(array, cases_json(cases[i].command, i), &d);
		is_text(cases_outcome(&d, refusal), cases[i].outcome, cases[i].command);
		is_text(refusal ? "" : findings_of(&d), cases[i].findings, psprintf("… and its event"));
	}
}

static Jsonb *
saw_a_quantity(void)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	oms_json_int(&w, "cur.orderQty", 5000);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

UNIT_TEST(decide_findings)
{
	Finding		warns = {"first", 1, FINDING_WARN, NULL};
	Finding		reviews = {"second", 2, FINDING_REVIEW, NULL};
	Finding		refuses = {"third", 3, FINDING_REFUSE, NULL};
	Finding		too = {"fourth", 4, FINDING_REFUSE, "that as well"};
	List	   *all = list_make4(&warns, &reviews, &refuses, &too);
	Command		command;
	Refusal    *refusal;
	Finding		routes = {"fifth", 5, FINDING_ROUTE, "large", .action = "DESK", .answer = "TRUE", .saw = saw_a_quantity()};
	Finding		halts = {"sixth", 6, FINDING_DESK, NULL};
	int			length;

	run_with_findings();
	array_parse(cases_json("CancelOrder orderId=A", 0), &command);
	refusal = oms_findings_refuse(all, &command);
	is_text(refusal->rule, "third", "the first of the gravest refuses");
	is_text(refusal->message, "a rule refuses CancelOrderCommand", "… without a message of its own");
	is_text(refusal->detail, "Rule third: version 3 of it does not hold for this command.", "… and says which version");
	refuses.why = "is null";
	is_text(oms_findings_refuse(all, &command)->detail, "Rule third: version 3 of it is null for this command.", "… and why, if it is told");
	refuses.why = NULL;
	is_text(oms_json_text(oms_findings_json(list_make2(&warns, &too)), &length),
			"[{\"rule\": \"first\", \"version\": 1, \"severity\": \"WARN\"}, "
			"{\"rule\": \"fourth\", \"message\": \"that as well\", \"version\": 4, \"severity\": \"REFUSE\"}]", "an event carries them all");
	is_text(oms_json_text(oms_findings_json(list_make1(&routes)), &length),
			"[{\"saw\": {\"cur.orderQty\": 5000}, \"rule\": \"fifth\", \"action\": \"DESK\", \"answer\": \"TRUE\", "
			"\"message\": \"large\", \"version\": 5, \"severity\": \"ROUTE\"}]", "… and what routing read and would do");
	array_parse(cases_json("CreateOrder symbol=X side=BUY orderQty=1", 0), &command);
	ok(oms_findings_effect(list_make2(&halts, &refuses), &command) == FINDINGS_REFUSE, "what refuses is graver than what lets an order wait");
	ok(oms_findings_effect(list_make3(&routes, &warns, &halts), &command) == FINDINGS_QUEUE, "… which is graver than the rest");
	is_text(oms_findings_desk_reason(list_make3(&routes, &warns, &halts)), "sixth", "an order waits by the name of what has no message");
}
