/*
 * Every command about an execution in every state that one can be in: the rows that
 * fire, or the refusal, are written here, and nothing else happens.  What breaks if
 * what has ended can be approved, if what counts can be rejected, or if some pair
 * becomes possible that nobody has decided upon.
 */
#include "unit.h"

#include "base/guc.h"
#include "core/execution/execution_machine.h"

#include "decide_cases.h"

#define STEPS	6

#define ORDER	"CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10"
#define MEMBER	"CreateOrder orderId=M symbol=X side=BUY orderQty=100 price=10"
#define BLOCK	"CreateBlockOrder orderId=A members=[{\"orderId\":\"M\",\"quantity\":100}] price=10"
#define FILL	"ExecuteOrder orderId=A executionId=e execID=one lastQty=10 lastPx=10"
#define HELD	"ExecuteOrder orderId=A executionId=e execID=one lastQty=10 lastPx=11"

/* What is done: to "e", or to what the state names instead. */
enum
{
	RESENT,
	RESENT_OTHER,
	CORRECT,
	CORRECT_TOO_MUCH,
	BUST,
	APPROVE,
	APPROVE_CHANGED,
	APPROVE_ELSEWHERE,
	REJECT,
	ALLOCATE,
	DEALLOCATE,
	TOLD_CORRECT,				/* as a report names it: by its ExecID */
	TOLD_BUST,
	PAIRS
};

static const char *const commands[PAIRS] = {
	[RESENT] = "ExecuteOrder orderId=A execID=one lastQty=10 lastPx=10",
	[RESENT_OTHER] = "ExecuteOrder orderId=A execID=one lastQty=10 lastPx=11",
	[CORRECT] = "CorrectExecution executionId=%s execID=two lastQty=9 lastPx=10",
	[CORRECT_TOO_MUCH] = "CorrectExecution executionId=%s execID=two lastQty=900 lastPx=10",
	[BUST] = "BustExecution executionId=%s execID=three reason=r",
	[APPROVE] = "ApproveExecution executionId=%s",
	[APPROVE_CHANGED] = "ApproveExecution executionId=%s lastQty=8 lastPx=9",
	[APPROVE_ELSEWHERE] = "ApproveExecution executionId=%s orderId=B",
	[REJECT] = "RejectExecution executionId=%s reason=r",
	[ALLOCATE] = "AllocateExecution executionId=%s method=EQUAL reason=r",
	[DEALLOCATE] = "DeallocateExecution executionId=%s",
	[TOLD_CORRECT] = "ExecuteOrder orderId=A execType=TRADE_CORRECT execRefID=one execID=two lastQty=9 lastPx=10",
	[TOLD_BUST] = "ExecuteOrder orderId=A execType=TRADE_CANCEL execRefID=one execID=three lastQty=10 lastPx=10",
};

typedef struct State
{
	const char *name;
	const char *id;			/* NULL: "e" */
	int			status;			/* of it, or 0: there is none */
	bool		four_eyes;		/* somebody else made it, and has told it alone */
	const char *steps[STEPS];	/* that make it; "B" is another order, there always */
	const char *outcomes[PAIRS];
} State;

static const State states[] = {
	{
		.name = "none", .status = 0,
		.steps = {ORDER},
		.outcomes = {
			[RESENT] = "m1:501 A:308",
			[RESENT_OTHER] = "m1:511 A:331",
			[CORRECT] = "OM003",
			[CORRECT_TOO_MUCH] = "OM003",
			[BUST] = "OM003",
			[APPROVE] = "OM003",
			[APPROVE_CHANGED] = "OM003",
			[APPROVE_ELSEWHERE] = "OM003",
			[REJECT] = "OM003",
			[ALLOCATE] = "OM003",
			[DEALLOCATE] = "OM003",
			[TOLD_CORRECT] = "m1:511 A:331",
			[TOLD_BUST] = "m1:511 A:331",
		},
	},
	{
		.name = "in review", .status = OMS_EXECUTION_REVIEW,
		.steps = {ORDER, HELD},
		.outcomes = {
			[RESENT] = "m1:511 A:331",
			[RESENT_OTHER] = "same e",
			[CORRECT] = "e:521 m1:501 A:321",
			[CORRECT_TOO_MUCH] = "e:521 m1:511 A:331",
			[BUST] = "e:531 A:311",
			[APPROVE] = "e:502 A:308",
			[APPROVE_CHANGED] = "e:502 A:308",
			[APPROVE_ELSEWHERE] = "A:331 e:502 B:308",
			[REJECT] = "e:571 A:331",
			[ALLOCATE] = "OM005 not_a_block",
			[DEALLOCATE] = "OM005 not_a_block",
			[TOLD_CORRECT] = "e:521 m1:501 A:321",
			[TOLD_BUST] = "e:531 A:311",
		},
	},
	{
		.name = "in review, of a block", .status = OMS_EXECUTION_REVIEW,
		.steps = {MEMBER, BLOCK, HELD},
		.outcomes = {
			[RESENT] = "m1:511 A:331",
			[RESENT_OTHER] = "same e",
			[CORRECT] = "e:521 m1:551 A:321",
			[CORRECT_TOO_MUCH] = "e:521 m1:511 A:331",
			[BUST] = "e:531 A:311",
			[APPROVE] = "e:552 A:308",
			[APPROVE_CHANGED] = "e:552 A:308",
			[APPROVE_ELSEWHERE] = "A:331 e:502 B:308",
			[REJECT] = "e:571 A:331",
			[ALLOCATE] = "OM004",
			[DEALLOCATE] = "OM004",
			[TOLD_CORRECT] = "e:521 m1:551 A:321",
			[TOLD_BUST] = "e:531 A:311",
		},
	},
	{
		.name = "in review, of an order nobody knows", .status = OMS_EXECUTION_REVIEW,
		.steps = {ORDER, "ExecuteOrder orderId=N executionId=e execID=one lastQty=10 lastPx=10"},
		.outcomes = {
			[RESENT] = "m1:501 A:308",
			[RESENT_OTHER] = "m1:511 A:331",
			[CORRECT] = "e:521 m1:511",
			[CORRECT_TOO_MUCH] = "e:521 m1:511",
			[BUST] = "e:531",
			[APPROVE] = "OM005 unknown_order",
			[APPROVE_CHANGED] = "OM005 unknown_order",
			[APPROVE_ELSEWHERE] = "e:502 B:308",
			[REJECT] = "e:571",
			[ALLOCATE] = "OM005 not_a_block",
			[DEALLOCATE] = "OM005 not_a_block",
			[TOLD_CORRECT] = "m1:511 A:331",
			[TOLD_BUST] = "m1:511 A:331",
		},
	},
	{
		.name = "in review, typed, by somebody else", .status = OMS_EXECUTION_REVIEW, .four_eyes = true,
		.steps = {ORDER, "CreateManualExecution orderId=A executionId=e execID=one lastQty=10 lastPx=10 reason=r"},
		.outcomes = {
			[RESENT] = "m1:511 A:331",
			[RESENT_OTHER] = "m1:511 A:331",
			[CORRECT] = "e:521 m1:511 A:331",
			[CORRECT_TOO_MUCH] = "e:521 m1:511 A:331",
			[BUST] = "e:531 A:311",
			[APPROVE] = "e:502 A:308",
			[APPROVE_CHANGED] = "e:575 A:331",
			[APPROVE_ELSEWHERE] = "A:331 e:575 B:331",
			[REJECT] = "e:571 A:331",
			[ALLOCATE] = "OM005 not_a_block",
			[DEALLOCATE] = "OM005 not_a_block",
			[TOLD_CORRECT] = "e:521 m1:511 A:331",
			[TOLD_BUST] = "e:531 A:311",
		},
	},
	{
		.name = "in review, a correction of what counts", .status = OMS_EXECUTION_REVIEW, .id = "m1",
		.steps = {ORDER, FILL, "CorrectExecution executionId=e execID=five lastQty=900"},
		.outcomes = {
			[RESENT] = "same e",
			[RESENT_OTHER] = "m2:511 A:331",
			[CORRECT] = "m1:521 e:521 m2:501 A:321",
			[CORRECT_TOO_MUCH] = "m1:521 m2:511 A:331",
			[BUST] = "m1:531 e:531 A:311",
			[APPROVE] = "e:521 m1:502 A:321",
			[APPROVE_CHANGED] = "e:521 m1:502 A:321",
			[APPROVE_ELSEWHERE] = "OM005 order_differs",
			[REJECT] = "m1:571 A:331",
			[ALLOCATE] = "OM005 not_a_block",
			[DEALLOCATE] = "OM005 not_a_block",
			[TOLD_CORRECT] = "m1:521 e:521 m2:501 A:321",
			[TOLD_BUST] = "m1:531 e:531 A:311",
		},
	},
	{
		.name = "in review, a correction of a fill nobody knows", .status = OMS_EXECUTION_REVIEW,
		.steps = {ORDER, "ExecuteOrder orderId=A executionId=e execID=one lastQty=10 lastPx=10 execType=TRADE_CORRECT execRefID=zero"},
		.outcomes = {
			[RESENT] = "m1:511 A:331",
			[RESENT_OTHER] = "m1:511 A:331",
			[CORRECT] = "e:521 m1:511 A:331",
			[CORRECT_TOO_MUCH] = "e:521 m1:511 A:331",
			[BUST] = "e:531 A:311",
			[APPROVE] = "e:502 A:308",
			[APPROVE_CHANGED] = "e:502 A:308",
			[APPROVE_ELSEWHERE] = "A:331 e:502 B:308",
			[REJECT] = "e:571 A:331",
			[ALLOCATE] = "OM005 not_a_block",
			[DEALLOCATE] = "OM005 not_a_block",
			[TOLD_CORRECT] = "e:521 m1:511 A:331",
			[TOLD_BUST] = "e:531 A:311",
		},
	},
	{
		.name = "in review, a bust of what counts, by somebody else", .status = OMS_EXECUTION_REVIEW, .id = "m1", .four_eyes = true,
		.steps = {ORDER, FILL, "BustExecution executionId=e execID=five reason=r"},
		.outcomes = {
			[RESENT] = "same e",
			[RESENT_OTHER] = "m2:511 A:331",
			[CORRECT] = "m1:521 m2:511 A:331",
			[CORRECT_TOO_MUCH] = "m1:521 m2:511 A:331",
			[BUST] = "same m1",
			[APPROVE] = "m1:532 e:531 A:311",
			[APPROVE_CHANGED] = "m1:575 A:331",
			[APPROVE_ELSEWHERE] = "OM005 order_differs",
			[REJECT] = "m1:571 A:331",
			[ALLOCATE] = "OM005 not_a_block",
			[DEALLOCATE] = "OM005 not_a_block",
			[TOLD_CORRECT] = "m1:521 e:521 m2:501 A:321",
			[TOLD_BUST] = "m1:531 e:531 A:311",
		},
	},
	{
		.name = "in review, a bust of a fill nobody knows", .status = OMS_EXECUTION_REVIEW,
		.steps = {ORDER, "ExecuteOrder orderId=A executionId=e execID=one lastQty=10 lastPx=10 execType=TRADE_CANCEL execRefID=zero"},
		.outcomes = {
			[RESENT] = "m1:511 A:331",
			[RESENT_OTHER] = "m1:511 A:331",
			[CORRECT] = "e:521 m1:511 A:331",
			[CORRECT_TOO_MUCH] = "e:521 m1:511 A:331",
			[BUST] = "e:531 A:311",
			[APPROVE] = "OM005 unknown_execution",
			[APPROVE_CHANGED] = "OM005 unknown_execution",
			[APPROVE_ELSEWHERE] = "OM005 unknown_execution",
			[REJECT] = "e:571 A:331",
			[ALLOCATE] = "OM005 not_a_block",
			[DEALLOCATE] = "OM005 not_a_block",
			[TOLD_CORRECT] = "e:521 m1:511 A:331",
			[TOLD_BUST] = "e:531 A:311",
		},
	},
	{
		.name = "validated", .status = OMS_EXECUTION_VALIDATED,
		.steps = {MEMBER, BLOCK, FILL},
		.outcomes = {
			[RESENT] = "same e",
			[RESENT_OTHER] = "m1:511 A:331",
			[CORRECT] = "e:521 m1:551 A:321",
			[CORRECT_TOO_MUCH] = "m1:511 A:331",
			[BUST] = "e:531 A:311",
			[APPROVE] = "OM004",
			[APPROVE_CHANGED] = "OM004",
			[APPROVE_ELSEWHERE] = "OM004",
			[REJECT] = "OM004",
			[ALLOCATE] = "e:563 A:381 M:381",
			[DEALLOCATE] = "OM004",
			[TOLD_CORRECT] = "e:521 m2:551 A:321",
			[TOLD_BUST] = "e:531 A:311",
		},
	},
	{
		.name = "allocated to its root", .status = OMS_EXECUTION_ALLOCATED,
		.steps = {ORDER, FILL},
		.outcomes = {
			[RESENT] = "same e",
			[RESENT_OTHER] = "m1:511 A:331",
			[CORRECT] = "e:521 m1:501 A:321",
			[CORRECT_TOO_MUCH] = "m1:511 A:331",
			[BUST] = "e:531 A:311",
			[APPROVE] = "OM004",
			[APPROVE_CHANGED] = "OM004",
			[APPROVE_ELSEWHERE] = "OM004",
			[REJECT] = "OM004",
			[ALLOCATE] = "OM005 not_a_block",
			[DEALLOCATE] = "OM005 not_a_block",
			[TOLD_CORRECT] = "e:521 m1:501 A:321",
			[TOLD_BUST] = "e:531 A:311",
		},
	},
	{
		.name = "allocated to a member", .status = OMS_EXECUTION_ALLOCATED,
		.steps = {MEMBER, BLOCK, FILL, "AllocateExecution orderId=A method=EQUAL"},
		.outcomes = {
			[RESENT] = "same e",
			[RESENT_OTHER] = "m2:511 A:331",
			[CORRECT] = "e:521 m2:554 A:321 M:381",
			[CORRECT_TOO_MUCH] = "m2:511 A:331",
			[BUST] = "e:531 A:311 M:381",
			[APPROVE] = "OM004",
			[APPROVE_CHANGED] = "OM004",
			[APPROVE_ELSEWHERE] = "OM004",
			[REJECT] = "OM004",
			[ALLOCATE] = "OM005 over_allocated",
			[DEALLOCATE] = "e:562 A:381 M:381",
			[TOLD_CORRECT] = "e:521 m3:554 A:321 M:381",
			[TOLD_BUST] = "e:531 A:311 M:381",
		},
	},
	{
		.name = "corrected", .status = OMS_EXECUTION_CORRECTED,
		.steps = {ORDER, FILL, "CorrectExecution executionId=e execID=five lastQty=7 lastPx=10"},
		.outcomes = {
			[RESENT] = "same e",
			[RESENT_OTHER] = "m2:511 A:331",
			[CORRECT] = "m1:521 m2:501 A:321",
			[CORRECT_TOO_MUCH] = "m2:511 A:331",
			[BUST] = "m1:531 A:311",
			[APPROVE] = "OM004",
			[APPROVE_CHANGED] = "OM004",
			[APPROVE_ELSEWHERE] = "OM004",
			[REJECT] = "OM004",
			[ALLOCATE] = "OM005 not_a_block",
			[DEALLOCATE] = "OM005 not_a_block",
			[TOLD_CORRECT] = "m1:521 m2:501 A:321",
			[TOLD_BUST] = "m1:531 A:311",
		},
	},
	{
		.name = "corrected, of a block", .status = OMS_EXECUTION_CORRECTED,
		.steps = {MEMBER, BLOCK, FILL, "CorrectExecution executionId=e execID=five lastQty=7 lastPx=10"},
		.outcomes = {
			[RESENT] = "same e",
			[RESENT_OTHER] = "m2:511 A:331",
			[CORRECT] = "m1:521 m2:551 A:321",
			[CORRECT_TOO_MUCH] = "m2:511 A:331",
			[BUST] = "m1:531 A:311",
			[APPROVE] = "OM004",
			[APPROVE_CHANGED] = "OM004",
			[APPROVE_ELSEWHERE] = "OM004",
			[REJECT] = "OM004",
			[ALLOCATE] = "OM004",
			[DEALLOCATE] = "OM004",
			[TOLD_CORRECT] = "m1:521 m3:551 A:321",
			[TOLD_BUST] = "m1:531 A:311",
		},
	},
	{
		.name = "busted", .status = OMS_EXECUTION_BUSTED,
		.steps = {ORDER, FILL, "BustExecution executionId=e execID=five reason=r"},
		.outcomes = {
			[RESENT] = "same e",
			[RESENT_OTHER] = "m1:511 A:331",
			[CORRECT] = "OM004",
			[CORRECT_TOO_MUCH] = "OM004",
			[BUST] = "OM004",
			[APPROVE] = "OM004",
			[APPROVE_CHANGED] = "OM004",
			[APPROVE_ELSEWHERE] = "OM004",
			[REJECT] = "OM004",
			[ALLOCATE] = "OM005 not_a_block",
			[DEALLOCATE] = "OM005 not_a_block",
			[TOLD_CORRECT] = "m1:511 A:331",
			[TOLD_BUST] = "m1:511 A:331",
		},
	},
	{
		.name = "busted, of a block", .status = OMS_EXECUTION_BUSTED,
		.steps = {MEMBER, BLOCK, FILL, "BustExecution executionId=e execID=five reason=r"},
		.outcomes = {
			[RESENT] = "same e",
			[RESENT_OTHER] = "m1:511 A:331",
			[CORRECT] = "OM004",
			[CORRECT_TOO_MUCH] = "OM004",
			[BUST] = "OM004",
			[APPROVE] = "OM004",
			[APPROVE_CHANGED] = "OM004",
			[APPROVE_ELSEWHERE] = "OM004",
			[REJECT] = "OM004",
			[ALLOCATE] = "OM004",
			[DEALLOCATE] = "OM004",
			[TOLD_CORRECT] = "m1:511 A:331",
			[TOLD_BUST] = "m1:511 A:331",
		},
	},
	{
		.name = "rejected", .status = OMS_EXECUTION_REJECTED,
		.steps = {ORDER, HELD, "RejectExecution executionId=e reason=r"},
		.outcomes = {
			[RESENT] = "m1:511 A:331",
			[RESENT_OTHER] = "same e",
			[CORRECT] = "OM004",
			[CORRECT_TOO_MUCH] = "OM004",
			[BUST] = "OM004",
			[APPROVE] = "OM004",
			[APPROVE_CHANGED] = "OM004",
			[APPROVE_ELSEWHERE] = "OM004",
			[REJECT] = "OM004",
			[ALLOCATE] = "OM005 not_a_block",
			[DEALLOCATE] = "OM005 not_a_block",
			[TOLD_CORRECT] = "m1:511 A:331",
			[TOLD_BUST] = "m1:511 A:331",
		},
	},
	{
		.name = "rejected, of a block", .status = OMS_EXECUTION_REJECTED,
		.steps = {MEMBER, BLOCK, HELD, "RejectExecution executionId=e reason=r"},
		.outcomes = {
			[RESENT] = "m1:511 A:331",
			[RESENT_OTHER] = "same e",
			[CORRECT] = "OM004",
			[CORRECT_TOO_MUCH] = "OM004",
			[BUST] = "OM004",
			[APPROVE] = "OM004",
			[APPROVE_CHANGED] = "OM004",
			[APPROVE_ELSEWHERE] = "OM004",
			[REJECT] = "OM004",
			[ALLOCATE] = "OM004",
			[DEALLOCATE] = "OM004",
			[TOLD_CORRECT] = "m1:511 A:331",
			[TOLD_BUST] = "m1:511 A:331",
		},
	},
};

/* Which rows fire, of executions and of orders; nothing of their figures, which other tests have. */
static char *
rows_of(const Decision *d, const Refusal *refusal)
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
	if (d->repeat)
		appendStringInfo(&out, "%ssame %s", out.len ? " " : "", d->about_id);
	return out.len ? out.data : pstrdup("-");
}

static void
run_pair(const State *state, int command)
{
	ArraySource *array = array_begin();
	Decision	d;
	Refusal    *refusal = array_run(array, cases_json("CreateOrder orderId=B symbol=X side=BUY orderQty=100 price=12", 0), &d);
	const Execution *execution;
	const char *id = state->id ? state->id : "e";
	char	   *text = strstr(commands[command], "%s") ? psprintf(commands[command], id) : pstrdup(commands[command]);

	for (int i = 0; refusal == NULL && i < STEPS && state->steps[i]; i++)
	{
		/* what it begins with is a venue's */
		array->asker.is_feed = strstr(state->steps[i], "ExecuteOrder") != NULL;
		oms_guc_four_eyes = state->four_eyes;
		refusal = array_run(array, cases_json(state->steps[i], i), &d);
	}
	execution = (const Execution *) array_find(array, KIND_EXECUTION, id);
	if (refusal || (execution ? execution->status : 0) != state->status)
		elog(ERROR, "BUG: \"%s\" is not made: %s, status %d", state->name, refusal ? refusal->message : "no refusal",
			 execution ? execution->status : 0);
	array->asker.is_feed = strstr(text, "ExecuteOrder") != NULL;
	array->asker.actor = "another";
	refusal = array_run(array, cases_json(text, 9), &d);
	oms_guc_four_eyes = false;
	is_text(rows_of(&d, refusal), state->outcomes[command], psprintf("%s: %s", state->name, text));
}

UNIT_TEST(decide_review)
{
	for (int status = 0; status <= OMS_EXECUTION_REJECTED; status++)
	{
		int			i = 0;

		while (i < lengthof(states) && states[i].status != status)
			i++;
		ok(i < lengthof(states), "status %d is among the states", status);
	}
	for (int i = 0; i < lengthof(states); i++)
		for (int command = 0; command < PAIRS; command++)
			run_pair(&states[i], command);
}
