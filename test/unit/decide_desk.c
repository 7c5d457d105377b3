/*
 * Orders on the execution desk: every command of the desk on every desk status,
 * live and closed; whom a claim binds and whom it does not; and that an order
 * completes with its own end and waits again after a bust.  What breaks if a
 * report or a client's request by FIX is refused for a claim, if a child is free
 * of its root's, or if somebody gets round one.
 *
 * Each step says who gives the command; "boss" is oms_admin.
 */
#include "unit.h"

#include "decide_cases.h"

typedef struct DeskStep
{
	const char *who;
	const char *command;
	const char *outcome;
} DeskStep;

static void
run(ArraySource *array, const DeskStep *step, const char *name, int number)
{
	Decision	d;
	Refusal    *refusal;

	array->asker = (Asker) {.actor = step->who, .is_admin = strcmp(step->who, "boss") == 0};
	refusal = array_run(array, cases_json(step->command, number), &d);
	is_text(cases_outcome(&d, refusal), step->outcome, psprintf("%s: %s, by %s", name, step->command, step->who));
}

static void
run_all(const char *name, const DeskStep *steps, int count)
{
	ArraySource *array = array_begin();

	for (int i = 0; i < count; i++)
		run(array, &steps[i], name, i);
}

#define OF(o, q)	"{\"orderId\":\"" #o "\",\"quantity\":" #q "}"

#define RUN(name, ...) \
	run_all(name, (const DeskStep[]) {__VA_ARGS__}, lengthof(((const DeskStep[]) {__VA_ARGS__})))

/* ------------------------------------------------------------------------
 * every command in every status
 * ------------------------------------------------------------------------
 */

/* How an order comes to be in a desk status: by commands, of whom the last says who has it. */
typedef struct DeskState
{
	const char *name;
	const char *commands[4];	/* each "who command" */
} DeskState;

#define SEND	"ann SendOrderToDesk orderId=A reason=r"
#define CLAIM	"ann ClaimOrder orderId=A"
#define RELEASE	"ann ReleaseOrderFromDesk orderId=A"
#define CANCEL	"ann CancelOrder orderId=A"

static const DeskState states[] = {
	{"live, none", {0}},
	{"live, QUEUED", {SEND}},
	{"live, CLAIMED", {SEND, CLAIM}},
	{"live, RELEASED", {SEND, RELEASE}},
	{"closed, none", {CANCEL}},
	{"closed, RELEASED", {SEND, RELEASE, CANCEL}},
	{"closed, COMPLETED", {SEND, CLAIM, CANCEL}},
};

/* What is tried, by whom, and the rows that fire or the refusals, state by state. */
static const struct
{
	const char *who;
	const char *command;
	const char *answers[lengthof(states)];
}			trials[] = {
	{"bob", "SendOrderToDesk orderId=A reason=r",
	{"401", "OM004", "OM004", "402", "OM004", "OM004", "OM004"}},
	{"bob", "SendOrderToDesk orderId=A",
	{"OM001", "OM001", "OM001", "OM001", "OM001", "OM001", "OM001"}},

	{"ann", "ClaimOrder orderId=A",
	{"OM004", "411", "OM004", "OM004", "OM004", "OM004", "OM004"}},
	{"bob", "ClaimOrder orderId=A reason=r",
	{"OM004", "411", "OM008 claimed", "OM004", "OM004", "OM004", "OM004"}},
	{"boss", "ClaimOrder orderId=A",
	{"OM004", "411", "OM001", "OM004", "OM004", "OM004", "OM004"}},
	{"boss", "ClaimOrder orderId=A reason=r",
	{"OM004", "411", "412", "OM004", "OM004", "OM004", "OM004"}},

	{"ann", "AssignOrder orderId=A deskUser=cid",
	{"OM004", "421", "422", "OM004", "OM004", "OM004", "OM004"}},
	{"ann", "AssignOrder orderId=A deskUser=ann",
	{"OM004", "421", "OM004", "OM004", "OM004", "OM004", "OM004"}},
	{"bob", "AssignOrder orderId=A deskUser=bob reason=r",
	{"OM004", "421", "OM008 claimed", "OM004", "OM004", "OM004", "OM004"}},
	{"boss", "AssignOrder orderId=A deskUser=cid",
	{"OM004", "421", "OM001", "OM004", "OM004", "OM004", "OM004"}},
	{"boss", "AssignOrder orderId=A deskUser=cid reason=r",
	{"OM004", "421", "422", "OM004", "OM004", "OM004", "OM004"}},

	{"ann", "ReleaseOrderFromDesk orderId=A",
	{"OM004", "431", "432", "OM004", "OM004", "OM004", "OM004"}},
	{"ann", "ReleaseOrderFromDesk orderId=A deskStatus=RELEASED",
	{"OM004", "431", "432", "OM004", "OM004", "OM004", "OM004"}},
	{"ann", "ReleaseOrderFromDesk orderId=A deskStatus=QUEUED",
	{"OM004", "OM004", "435", "OM004", "OM004", "OM004", "OM004"}},
	{"ann", "ReleaseOrderFromDesk orderId=A deskStatus=CLAIMED",
	{"OM001", "OM001", "OM001", "OM001", "OM001", "OM001", "OM001"}},
	{"bob", "ReleaseOrderFromDesk orderId=A reason=r",
	{"OM004", "431", "OM008 claimed", "OM004", "OM004", "OM004", "OM004"}},
	{"bob", "ReleaseOrderFromDesk orderId=A deskStatus=QUEUED reason=r",
	{"OM004", "OM004", "OM008 claimed", "OM004", "OM004", "OM004", "OM004"}},
	{"boss", "ReleaseOrderFromDesk orderId=A",
	{"OM004", "431", "OM001", "OM004", "OM004", "OM004", "OM004"}},
	{"boss", "ReleaseOrderFromDesk orderId=A deskStatus=QUEUED reason=r",
	{"OM004", "OM004", "435", "OM004", "OM004", "OM004", "OM004"}},

	/* what binds whom */
	{"bob", "PlaceOrder orderId=A children=[{\"orderQty\":1}]",
	{"265", "OM005 desk_queued", "OM008 claimed", "265", "OM004", "OM004", "OM004"}},
	{"ann", "PlaceOrder orderId=A children=[{\"orderQty\":1}]",
	{"265", "OM005 desk_queued", "265", "265", "OM004", "OM004", "OM004"}},
	{"boss", "PlaceOrder orderId=A children=[{\"orderQty\":1}]",
	{"265", "OM005 desk_queued", "OM008 claimed", "265", "OM004", "OM004", "OM004"}},
	{"bob", "CreateOrder orderId=B parentId=A orderQty=1",
	{"341", "OM005 desk_queued", "OM008 claimed", "341", "OM004", "OM004", "OM004"}},
	{"bob", "ReplaceOrder orderId=A orderQty=90",
	{"171", "171", "OM008 claimed", "171", "OM004", "OM004", "OM004"}},
	{"bob", "RestateOrder orderId=A orderQty=90",
	{"232", "232", "OM008 claimed", "232", "OM004", "OM004", "OM004"}},
	{"bob", "CancelOrder orderId=A",
	{"141", "141", "OM008 claimed", "141", "OM004", "OM004", "OM004"}},
	{"bob", "RequestCancelOrder orderId=A clOrdID=c",
	{"131", "131", "OM008 claimed", "131", "OM004", "OM004", "OM004"}},
	{"bob", "RequestCancelOrder orderId=A clOrdID=c pending=false",
	{"133", "133", "OM008 claimed", "133", "133", "133", "133"}},
	{"bob", "RequestReplaceOrder orderId=A clOrdID=c orderQty=90",
	{"161", "161", "OM008 claimed", "161", "OM004", "OM004", "OM004"}},
	/* … and what binds nobody: a client's request by FIX, reports, expiry, text, fills */
	{"bob", "RequestCancelOrder orderId=A clOrdID=c pending=false fixSession=S|T",
	{"133", "133", "133", "133", "133", "133", "133"}},
	{"bob", "RequestReplaceOrder orderId=A clOrdID=c orderQty=90 pending=false fixSession=S|T",
	{"164", "164", "164", "164", "164", "164", "164"}},
	{"bob", "!CancelOrder orderId=A",
	{"141", "141", "141", "141", "149", "149", "149"}},
	{"bob", "!ReplaceOrder orderId=A orderQty=90",
	{"171", "171", "171", "171", "179", "179", "179"}},
	{"bob", "ExpireOrder orderId=A",
	{"251", "251", "251", "251", "OM004", "OM004", "OM004"}},
	{"bob", "UpdateOrder orderId=A text=t",
	{"262", "262", "262", "262", "262", "262", "262"}},
	{"bob", "UpdateOrder orderId=A deskReason=t",
	{"OM005 not_on_desk", "262", "262", "262", "OM005 not_on_desk", "262", "262"}},
	{"bob", "ExecuteOrder orderId=A lastQty=1 lastPx=1",
	{"308", "308", "308", "308", "305", "305", "305"}},
};

/* "who command" */
static void
prepare(ArraySource *array, const char *text)
{
	int			length = strcspn(text, " ");
	char	   *who = pnstrdup(text, length);
	Decision	d;
	Refusal    *refusal;

	array->asker = (Asker) {.actor = who};
	refusal = array_run(array, cases_json(text + length + 1, 0), &d);
	if (refusal)
		ok(false, "%s: %s", text, refusal->message);
}

static void
try(const DeskState *state, int trial, const char *expected)
{
	ArraySource *array = array_begin();
	Decision	d;
	Refusal    *refusal;
	Change	   *change;

	prepare(array, "ann CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10");
	for (int i = 0; i < lengthof(state->commands) && state->commands[i]; i++)
		prepare(array, state->commands[i]);
	array->asker = (Asker) {.actor = trials[trial].who, .is_admin = strcmp(trials[trial].who, "boss") == 0};
	refusal = array_run(array, cases_json(trials[trial].command, 9), &d);
	change = refusal ? NULL : llast(d.changes);
	is_text(refusal ? cases_outcome(&d, refusal) : psprintf("%d", change->rule->number), expected,
			psprintf("%s: %s, by %s", state->name, trials[trial].command, trials[trial].who));
}

UNIT_TEST(decide_desk)
{
	for (int state = 0; state < lengthof(states); state++)
		for (int trial = 0; trial < lengthof(trials); trial++)
			try(&states[state], trial, trials[trial].answers[state]);

	RUN("a day on the desk",
		{"tom", "CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10", "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"tom", "SendOrderToDesk orderId=A reason=large", "A:401 desk=QUEUED why=large"},
		{"ann", "ClaimOrder orderId=A", "A:411 desk=CLAIMED user=ann"},
		{"ann", "CreateOrder orderId=B parentId=A orderQty=60", "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		/* the whole tree is hers */
		{"bob", "CancelOrder orderId=B", "OM008 claimed"},
		{"bob", "PlaceOrder orderId=B children=[{\"orderQty\":1}]", "OM008 claimed"},
		{"bob", "CreateOrder parentId=B orderQty=1", "OM008 claimed"},
		{"bob", "SendOrderToDesk orderId=B reason=r", "OM005 not_a_root"},
		{"bob", "ClaimOrder orderId=B", "OM005 not_a_root"},
		{"boss", "CancelOrder orderId=B", "OM008 claimed"},
		{"ann", "AssignOrder orderId=A deskUser=bob reason=lunch", "A:422 user=bob why=lunch"},
		{"ann", "CancelOrder orderId=B", "OM008 claimed"},
		{"bob", "ReplaceOrder orderId=B orderQty=50", "B:171 qty=50 leaves=50 unplaced=50; A:341 working=50 reserved=50 unplaced=50"},
		{"boss", "ClaimOrder orderId=A reason=ill", "A:412 user=boss why=ill"},
		{"boss", "ReleaseOrderFromDesk orderId=A deskStatus=QUEUED", "A:435 desk=QUEUED user=none"},
		{"bob", "ClaimOrder orderId=A", "A:411 desk=CLAIMED user=bob"},
		{"bob", "ReleaseOrderFromDesk orderId=A reason=done", "A:432 desk=RELEASED user=none why=done"},
		{"tom", "CancelOrder orderId=B", "B:141 CANCELLED leaves=0 unplaced=0; A:341 working=0 reserved=0 unplaced=100 live=0"},
		{"tom", "ClaimOrder orderId=A", "OM004"},
		{"tom", "ClaimOrder orderId=none", "OM003"});

	/* in the event of the order, whoever's it is and however it closes */
	RUN("an order completes and waits again",
		{"tom", "CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10", "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"tom", "SendOrderToDesk orderId=A reason=large", "A:401 desk=QUEUED why=large"},
		{"ann", "ClaimOrder orderId=A", "A:411 desk=CLAIMED user=ann"},
		{"ann", "CreateOrder orderId=B parentId=A orderQty=100", "B:101 NEW qty=100 leaves=100 unplaced=100; A:341 working=100 reserved=100 unplaced=0 children=1 live=1"},
		{"fix", "!ExecuteOrder orderId=B executionId=e lastQty=100 lastPx=10",
		"e:501 ALLOCATED of=B quantity=100; B:308 FILLED executed=100 own=100 value=1000 avg=10 leaves=0 unplaced=0; "
		"A:341 FILLED executed=100 value=1000 avg=10 leaves=0 working=0 reserved=0 live=0 desk=COMPLETED"},
		/* taken back and filled again in one command: it was never away */
		{"fix", "!CorrectExecution executionId=e lastPx=11",
		"e:521 CORRECTED correctedBy=m1; m1:501 ALLOCATED of=B quantity=100 corrects=e; B:321 value=1100 avg=11; A:341 value=1100 avg=11"},
		{"fix", "!BustExecution executionId=e",
		"m1:531 BUSTED bust=x6; B:311 NEW executed=0 own=0 value=0 avg=0 leaves=100 unplaced=100; "
		"A:341 NEW executed=0 value=0 avg=0 leaves=100 working=100 reserved=100 live=1 desk=QUEUED user=none"},
		{"bob", "ClaimOrder orderId=A", "A:411 desk=CLAIMED user=bob"},
		{"fix", "!RejectOrder orderId=A", "A:121 REJECTED leaves=0 flags=LIVE_CHILDREN desk=COMPLETED"});

	RUN("one that is filled and increased waits too, and one that was released stays so",
		{"tom", "CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10", "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"tom", "SendOrderToDesk orderId=A reason=large", "A:401 desk=QUEUED why=large"},
		{"fix", "ExecuteOrder orderId=A executionId=e lastQty=100 lastPx=10",
		"e:501 ALLOCATED of=A quantity=100; A:308 FILLED executed=100 own=100 value=1000 avg=10 leaves=0 unplaced=0 desk=COMPLETED"},
		{"tom", "ReplaceOrder orderId=A orderQty=120", "A:172 PARTIALLY_FILLED qty=120 leaves=20 unplaced=20 desk=QUEUED"},
		{"tom", "ReleaseOrderFromDesk orderId=A", "A:431 desk=RELEASED"},
		{"fix", "ExecuteOrder orderId=A executionId=f lastQty=20 lastPx=10",
		"f:501 ALLOCATED of=A quantity=20; A:308 FILLED executed=120 own=120 value=1200 leaves=0 unplaced=0"});

	/* to work for an order is to place it; what a block has of it already is as it was */
	RUN("blocks and their members",
		{"tom", "CreateOrder orderId=A symbol=X side=BUY orderQty=100", "A:101 NEW qty=100 leaves=100 unplaced=100"},
		{"tom", "CreateOrder orderId=B symbol=X side=BUY orderQty=100", "B:101 NEW qty=100 leaves=100 unplaced=100"},
		{"tom", "SendOrderToDesk orderId=A reason=r", "A:401 desk=QUEUED why=r"},
		{"ann", "CreateBlockOrder orderId=K members=[" OF(A, 60) "," OF(B, 40) "]", "OM005 desk_queued"},
		{"ann", "ClaimOrder orderId=A", "A:411 desk=CLAIMED user=ann"},
		{"bob", "CreateBlockOrder orderId=K members=[" OF(A, 60) "," OF(B, 40) "]", "OM008 claimed"},
		{"ann", "CreateBlockOrder orderId=K members=[" OF(A, 60) "," OF(B, 40) "]",
		"K:101 NEW qty=100 leaves=100 unplaced=100 members=A:60+B:40; A:371 reserved=60 unplaced=40 blocks=K liveBlocks=1; "
		"B:371 reserved=40 unplaced=60 blocks=K liveBlocks=1"},
		{"bob", "ReplaceBlockMembers orderId=K members=[" OF(A, 59) "," OF(B, 40) "]", "OM008 claimed"},
		{"bob", "ReplaceBlockMembers orderId=K members=[" OF(B, 40) "]", "OM008 claimed"},
		{"bob", "ReplaceBlockMembers orderId=K members=[" OF(A, 60) "," OF(B, 50) "]",
		"K:361 qty=110 leaves=110 unplaced=110 members=A:60+B:50; B:371 reserved=50 unplaced=50"},
		/* the block is a tree of its own, and may be somebody's itself */
		{"bob", "CreateOrder orderId=K1 parentId=K orderQty=100", "K1:101 NEW qty=100 leaves=100 unplaced=100; K:341 working=100 reserved=100 unplaced=10 children=1 live=1"},
		{"bob", "SendOrderToDesk orderId=K reason=r", "K:401 desk=QUEUED why=r"},
		{"bob", "CreateOrder parentId=K orderQty=10", "OM005 desk_queued"},
		{"bob", "ClaimOrder orderId=K", "K:411 desk=CLAIMED user=bob"},
		{"ann", "CreateOrder parentId=K orderQty=10", "OM008 claimed"},
		{"ann", "ReplaceBlockMembers orderId=K members=[" OF(A, 60) "," OF(B, 40) "]", "OM008 claimed"},
		{"ann", "ReleaseOrderFromDesk orderId=A deskStatus=QUEUED", "A:435 desk=QUEUED user=none"},
		/* less of it may be worked while it waits, not more */
		{"bob", "ReplaceBlockMembers orderId=K members=[" OF(A, 61) "," OF(B, 50) "]", "OM005 desk_queued"},
		{"bob", "ReplaceBlockMembers orderId=K members=[" OF(A, 59) "," OF(B, 50) "]",
		"K:361 qty=109 leaves=109 unplaced=9 members=A:59+B:50; A:371 reserved=59 unplaced=41"},
		/* what it is given closes it, and a bust brings it back */
		{"ann", "ClaimOrder orderId=A", "A:411 desk=CLAIMED user=ann"},
		{"ann", "ReplaceOrder orderId=A orderQty=59", "A:171 qty=59 leaves=59 unplaced=0"},
		{"fix", "!ExecuteOrder orderId=K1 executionId=e lastQty=59 lastPx=10",
		"e:551 VALIDATED of=K1 quantity=59; K1:308 PARTIALLY_FILLED executed=59 own=59 value=590 avg=10 leaves=41 unplaced=41; "
		"K:341 PARTIALLY_FILLED executed=59 value=590 avg=10 leaves=50 working=41 reserved=41"},
		{"bob", "AllocateExecution orderId=K allocations=[" OF(A, 59) "]",
		"e:563 ALLOCATED; K1:381; K:381 members=A:59/59+B:50; A:381 FILLED executed=59 value=590 avg=10 leaves=0 reserved=0 desk=COMPLETED liveBlocks=0"},
		{"fix", "!BustExecution executionId=e",
		"e:531 BUSTED bust=x23; K1:311 NEW executed=0 own=0 value=0 avg=0 leaves=100 unplaced=100; "
		"K:381 NEW executed=0 value=0 avg=0 leaves=109 working=100 reserved=100 members=A:59+B:50; "
		"A:381 NEW executed=0 value=0 avg=0 leaves=59 reserved=59 desk=QUEUED user=none liveBlocks=1"});

	RUN("a typed fill that closed the order, and the electronic one that takes its place",
		{"tom", "CreateOrder orderId=A symbol=X side=BUY orderQty=100", "A:101 NEW qty=100 leaves=100 unplaced=100"},
		{"tom", "SendOrderToDesk orderId=A reason=r", "A:401 desk=QUEUED why=r"},
		{"ann", "ClaimOrder orderId=A", "A:411 desk=CLAIMED user=ann"},
		{"bob", "CreateManualExecution orderId=A executionId=e lastQty=100 lastPx=10 reason=telephone",
		"e:501 ALLOCATED of=A quantity=100 flags=MANUAL; A:308 FILLED executed=100 own=100 value=1000 avg=10 leaves=0 unplaced=0 flags=MANUAL desk=COMPLETED"},
		{"fix", "!ExecuteOrder orderId=A executionId=f lastQty=100 lastPx=10", "f:511 REVIEW of=A quantity=100 reasons=OVERFILL+POSSIBLE_DUPLICATE; A:331 review=100"},
		/* still hers */
		{"bob", "ApproveExecution executionId=f supersedes=e", "e:531 BUSTED; f:502 ALLOCATED reasons=none; A:321 review=0"});
}
