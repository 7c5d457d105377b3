/*
 * The machine of an execution, exhaustively: every trigger in every status fires
 * the row that is written here, or none.  What breaks if an execution that has
 * ended can be busted, corrected or scaled again, if a new one is anything but
 * booked or held, or if a change that no row allows goes through.
 */
#include "unit.h"

#include "core/execution/execution_machine.h"

#define STATUS_COUNT	(OMS_EXECUTION_REJECTED + 1)

/* The row that fires, and the status after it. */
typedef struct Answer
{
	int			number;
	int			after;
} Answer;

static const Answer answers[STATUS_COUNT][EXECUTION_TRIGGER_COUNT] = {
	[0] = {
		[EXECUTION_BOOK] = {501, OMS_EXECUTION_ALLOCATED},
		[EXECUTION_HOLD] = {511, OMS_EXECUTION_REVIEW},
		[EXECUTION_VALIDATE] = {551, OMS_EXECUTION_VALIDATED},
		[EXECUTION_TAKE_OVER] = {553, OMS_EXECUTION_VALIDATED},
		[EXECUTION_TAKE_OVER_ALL] = {554, OMS_EXECUTION_ALLOCATED},
	},
	[OMS_EXECUTION_REVIEW] = {
		[EXECUTION_BOOK] = {502, OMS_EXECUTION_ALLOCATED},
		[EXECUTION_HOLD] = {511, OMS_EXECUTION_REVIEW},
		[EXECUTION_CORRECT] = {521, OMS_EXECUTION_CORRECTED},
		[EXECUTION_BUST] = {531, OMS_EXECUTION_BUSTED},
		[EXECUTION_SETTLE] = {532, OMS_EXECUTION_BUSTED},
		[EXECUTION_SCALE] = {541, OMS_EXECUTION_REVIEW},
		[EXECUTION_VALIDATE] = {552, OMS_EXECUTION_VALIDATED},
		[EXECUTION_TAKE_OVER] = {553, OMS_EXECUTION_VALIDATED},
		[EXECUTION_TAKE_OVER_ALL] = {554, OMS_EXECUTION_ALLOCATED},
		[EXECUTION_REJECT] = {571, OMS_EXECUTION_REJECTED},
		[EXECUTION_PROPOSE] = {575, OMS_EXECUTION_REVIEW},
	},
	[OMS_EXECUTION_VALIDATED] = {
		[EXECUTION_LINK] = {577, OMS_EXECUTION_VALIDATED},
		[EXECUTION_CORRECT] = {521, OMS_EXECUTION_CORRECTED},
		[EXECUTION_BUST] = {531, OMS_EXECUTION_BUSTED},
		[EXECUTION_SCALE] = {541, OMS_EXECUTION_VALIDATED},
		[EXECUTION_PROPOSE_ALLOCATION] = {558, OMS_EXECUTION_VALIDATED},
		[EXECUTION_REFUSE_ALLOCATION] = {559, OMS_EXECUTION_VALIDATED},
		[EXECUTION_APPROVE_ALLOCATION] = {560, OMS_EXECUTION_VALIDATED},
		[EXECUTION_ALLOCATE] = {561, OMS_EXECUTION_VALIDATED},
		[EXECUTION_DEALLOCATE] = {565, OMS_EXECUTION_VALIDATED},
		[EXECUTION_ALLOCATE_ALL] = {563, OMS_EXECUTION_ALLOCATED},
	},
	[OMS_EXECUTION_ALLOCATED] = {
		[EXECUTION_LINK] = {577, OMS_EXECUTION_ALLOCATED},
		[EXECUTION_CORRECT] = {521, OMS_EXECUTION_CORRECTED},
		[EXECUTION_BUST] = {531, OMS_EXECUTION_BUSTED},
		[EXECUTION_SCALE] = {541, OMS_EXECUTION_ALLOCATED},
		[EXECUTION_PROPOSE_ALLOCATION] = {558, OMS_EXECUTION_ALLOCATED},
		[EXECUTION_REFUSE_ALLOCATION] = {559, OMS_EXECUTION_ALLOCATED},
		[EXECUTION_APPROVE_ALLOCATION] = {560, OMS_EXECUTION_ALLOCATED},
		[EXECUTION_DEALLOCATE] = {562, OMS_EXECUTION_VALIDATED},
		[EXECUTION_ALLOCATE_ALL] = {564, OMS_EXECUTION_ALLOCATED},
	},
	[OMS_EXECUTION_CORRECTED] = {
		[EXECUTION_LINK] = {522, OMS_EXECUTION_CORRECTED},
		[EXECUTION_MOVE] = {578, OMS_EXECUTION_CORRECTED},
	},
	[OMS_EXECUTION_BUSTED] = {
		[EXECUTION_LINK] = {522, OMS_EXECUTION_BUSTED},
	},
	[OMS_EXECUTION_REJECTED] = {{0}},
};

static bool
is_bug(Execution *execution, ExecutionTrigger trigger)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool bug = false;

	PG_TRY();
	{
		oms_execution_change(execution, trigger);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		bug = error->sqlerrcode == ERRCODE_INTERNAL_ERROR && strncmp(error->message, "BUG: ", 5) == 0;
	}
	PG_END_TRY();
	return bug;
}

static void
try(int status, ExecutionTrigger trigger)
{
	const Answer *expected = &answers[status][trigger];
	const Transition *t = oms_execution_transition(status, trigger);
	const char *name = oms_execution_machine.triggers[trigger].name;
	Execution	execution = {.id = "E", .status = status};

	ok((t ? t->number : 0) == expected->number, "%s in status %d: row %d", name, status, expected->number);
	if (expected->number != 0)
		ok(oms_execution_change(&execution, trigger) == t && execution.status == expected->after,
		   "%s in status %d: status %d", name, status, expected->after);
	else
		ok(is_bug(&execution, trigger) && execution.status == status, "%s in status %d: a bug, nothing changes", name, status);
}

UNIT_TEST(execution_machine)
{
	for (int status = 0; status < STATUS_COUNT; status++)
		for (int trigger = 0; trigger < EXECUTION_TRIGGER_COUNT; trigger++)
			try(status, trigger);
}
