/*
 * The machine of the desk, exhaustively: every trigger in every desk status, with
 * and without every fact, fires the row that is written here, or none.  What
 * breaks if a closed order is sent to the desk, if somebody takes or gives away
 * what another has claimed, or if an order leaves the desk by another way than
 * its release or its end.
 */
#include "unit.h"

#include "core/desk/desk_machine.h"

#define STATUS_COUNT	(DESK_COMPLETED + 1)
#define ALL_FACTS		(DESK_FACT_LIVE | DESK_FACT_HOLDS | DESK_FACT_ANOTHER)

/* The row that fires where these facts hold, and the desk status after it. */
typedef struct Answer
{
	int			number;
	uint32		facts;
	int			after;
} Answer;

static const Answer answers[STATUS_COUNT][DESK_TRIGGER_COUNT] = {
	[0] = {
		[DESK_TRIGGER_SEND] = {401, DESK_FACT_LIVE, DESK_QUEUED},
		[DESK_TRIGGER_HOLD] = {405, DESK_FACT_LIVE, DESK_QUEUED},
	},
	[DESK_QUEUED] = {
		[DESK_TRIGGER_CLAIM] = {411, 0, DESK_CLAIMED},
		[DESK_TRIGGER_ASSIGN] = {421, 0, DESK_CLAIMED},
		[DESK_TRIGGER_RELEASE] = {431, 0, DESK_RELEASED},
		[DESK_TRIGGER_COMPLETE] = {441, 0, DESK_COMPLETED},
	},
	[DESK_CLAIMED] = {
		[DESK_TRIGGER_CLAIM] = {412, DESK_FACT_HOLDS | DESK_FACT_ANOTHER, DESK_CLAIMED},
		[DESK_TRIGGER_ASSIGN] = {422, DESK_FACT_HOLDS | DESK_FACT_ANOTHER, DESK_CLAIMED},
		[DESK_TRIGGER_RELEASE] = {432, DESK_FACT_HOLDS, DESK_RELEASED},
		[DESK_TRIGGER_REQUEUE] = {435, DESK_FACT_HOLDS, DESK_QUEUED},
		[DESK_TRIGGER_COMPLETE] = {442, 0, DESK_COMPLETED},
	},
	[DESK_RELEASED] = {
		[DESK_TRIGGER_SEND] = {402, DESK_FACT_LIVE, DESK_QUEUED},
	},
	[DESK_COMPLETED] = {
		[DESK_TRIGGER_REOPEN] = {445, 0, DESK_QUEUED},
	},
};

UNIT_TEST(desk_machine)
{
	for (int status = 0; status < STATUS_COUNT; status++)
		for (int trigger = 0; trigger < DESK_TRIGGER_COUNT; trigger++)
			for (uint32 facts = 0; facts <= ALL_FACTS; facts++)
			{
				const Answer *expected = &answers[status][trigger];
				const Transition *t = oms_desk_transition(status, trigger, facts);
				int			number = (facts & expected->facts) == expected->facts ? expected->number : 0;

				ok((t ? t->number : 0) == number && (t == NULL || oms_desk_status_after(t, status) == expected->after),
				   "%s in desk status %d with facts %u: row %d", oms_desk_machine.triggers[trigger].name, status, facts, number);
			}
}
