/*-------------------------------------------------------------------------
 *
 * execution_machine.c
 *	  The life of an execution as a table.
 *
 * Pure.  Of its conditions exactly one holds: it is new (no event of it is
 * written yet), or it is in one status.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 4, "Execution Report" (ExecType
 * Trade, Trade Correct, Trade Cancel).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "core/execution/execution_machine.h"
#include "core/kind.h"

/* The bit of a status; 0 is that of a new one. */
#define CONDITION(status)	(1U << (status))

#define IS_NEW			CONDITION(0)
#define IN_REVIEW		CONDITION(OMS_EXECUTION_REVIEW)
#define IS_VALIDATED	CONDITION(OMS_EXECUTION_VALIDATED)
#define IS_ALLOCATED	CONDITION(OMS_EXECUTION_ALLOCATED)
#define IS_CORRECTED	CONDITION(OMS_EXECUTION_CORRECTED)
#define IS_BUSTED		CONDITION(OMS_EXECUTION_BUSTED)
#define IS_REJECTED		CONDITION(OMS_EXECUTION_REJECTED)

#define IS_LIVE			(IS_VALIDATED | IS_ALLOCATED)
#define HAS_ENDED		(IS_CORRECTED | IS_BUSTED | IS_REJECTED)

static const Transition execution_rows[] = {
	{.number = 501, .trigger = EXECUTION_BOOK,
		.requires = IS_NEW, .sets = IS_ALLOCATED, .clears = IS_NEW, .event_type = "ExecutionValidated",
	.sentence = "A valid fill is booked and allocated to the root of its tree."},
	{.number = 502, .trigger = EXECUTION_BOOK,
		.requires = IN_REVIEW, .sets = IS_ALLOCATED, .clears = IN_REVIEW, .event_type = "ExecutionValidated",
	.sentence = "A fill that waited in review is reported again, what it waited for has come, or the desk approves it: now it is booked."},

	{.number = 511, .trigger = EXECUTION_HOLD,
		.forbids = IS_LIVE | HAS_ENDED, .sets = IN_REVIEW, .clears = IS_NEW, .event_type = "ExecutionHeldForReview",
	.sentence = "A fill that cannot be booked waits for the execution desk and moves no quantity."},

	{.number = 521, .trigger = EXECUTION_CORRECT,
		.forbids = IS_NEW | HAS_ENDED, .sets = IS_CORRECTED, .clears = IN_REVIEW | IS_LIVE,
		.event_type = "ExecutionCorrected",
	.sentence = "A correction takes the place of the fill."},
	{.number = 522, .trigger = EXECUTION_LINK,
		.forbids = IS_NEW | IN_REVIEW | IS_LIVE | IS_REJECTED, .event_type = "ExecutionCorrected",
	.sentence = "The fill comes after its correction has ended: the correction is linked to it."},

	{.number = 531, .trigger = EXECUTION_BUST,
		.forbids = IS_NEW | HAS_ENDED, .sets = IS_BUSTED, .clears = IN_REVIEW | IS_LIVE,
		.event_type = "ExecutionBusted",
	.sentence = "The venue takes the fill back."},
	{.number = 532, .trigger = EXECUTION_SETTLE,
		.requires = IN_REVIEW, .sets = IS_BUSTED, .clears = IN_REVIEW, .event_type = "ExecutionBusted",
	.sentence = "A bust that waited for its fill has ended it, and ends itself."},

	{.number = 541, .trigger = EXECUTION_SCALE,
		.forbids = IS_NEW | HAS_ENDED, .event_type = "ExecutionRestated",
	.sentence = "A split changes what the fill counts for."},

	{.number = 551, .trigger = EXECUTION_VALIDATE,
		.requires = IS_NEW, .sets = IS_VALIDATED, .clears = IS_NEW, .event_type = "ExecutionValidated",
	.sentence = "A valid fill of a block is booked, and allocated to nobody yet."},
	{.number = 552, .trigger = EXECUTION_VALIDATE,
		.requires = IN_REVIEW, .sets = IS_VALIDATED, .clears = IN_REVIEW, .event_type = "ExecutionValidated",
	.sentence = "A fill of a block that waited in review is booked, as any, and is allocated to nobody yet."},
	{.number = 553, .trigger = EXECUTION_TAKE_OVER,
		.forbids = IS_LIVE | HAS_ENDED, .sets = IS_VALIDATED, .clears = IS_NEW | IN_REVIEW, .event_type = "ExecutionValidated",
	.sentence = "A fill of a block takes the place of another, and a part of it belongs to members as the other did."},
	{.number = 554, .trigger = EXECUTION_TAKE_OVER_ALL,
		.forbids = IS_LIVE | HAS_ENDED, .sets = IS_ALLOCATED, .clears = IS_NEW | IN_REVIEW, .event_type = "ExecutionValidated",
	.sentence = "A fill of a block takes the place of another, and all of it belongs to members."},
	{.number = 558, .trigger = EXECUTION_PROPOSE_ALLOCATION,
		.forbids = IS_NEW | IN_REVIEW | HAS_ENDED, .event_type = "ExecutionAllocationProposed",
	.sentence = "Somebody gives quantities of the fill of a block, or takes them back; somebody else approves it."},
	{.number = 559, .trigger = EXECUTION_REFUSE_ALLOCATION,
		.forbids = IS_NEW | IN_REVIEW | HAS_ENDED, .event_type = "ExecutionAllocationRefused",
	.sentence = "What was proposed for the fill of a block is not done."},
	{.number = 560, .trigger = EXECUTION_APPROVE_ALLOCATION, .merges = true,
		.forbids = IS_NEW | IN_REVIEW | HAS_ENDED, .event_type = "ExecutionAllocationApproved",
	.sentence = "What was proposed for the fill of a block is approved, and is done to other fills of it."},
	{.number = 561, .trigger = EXECUTION_ALLOCATE, .merges = true,
		.requires = IS_VALIDATED, .event_type = "ExecutionAllocated",
	.sentence = "A part of the fill of a block belongs to members, another is nobody's yet."},
	{.number = 562, .trigger = EXECUTION_DEALLOCATE, .merges = true,
		.requires = IS_ALLOCATED, .sets = IS_VALIDATED, .clears = IS_ALLOCATED, .event_type = "ExecutionDeallocated",
	.sentence = "A part of the fill of a block is given back, and is nobody's again."},
	{.number = 563, .trigger = EXECUTION_ALLOCATE_ALL, .merges = true,
		.requires = IS_VALIDATED, .sets = IS_ALLOCATED, .clears = IS_VALIDATED, .event_type = "ExecutionAllocated",
	.sentence = "All of the fill of a block belongs to members."},
	{.number = 564, .trigger = EXECUTION_ALLOCATE_ALL, .merges = true,
		.requires = IS_ALLOCATED, .event_type = "ExecutionAllocated",
	.sentence = "The fill of a block belongs to members otherwise than before."},
	{.number = 565, .trigger = EXECUTION_DEALLOCATE, .merges = true,
		.requires = IS_VALIDATED, .event_type = "ExecutionDeallocated",
	.sentence = "More of the fill of a block, of which a part belonged to members, is nobody's again."},
	{.number = 571, .trigger = EXECUTION_REJECT,
		.requires = IN_REVIEW, .sets = IS_REJECTED, .clears = IN_REVIEW, .event_type = "ExecutionRejected",
	.sentence = "The desk rejects what waits in review."},
	{.number = 575, .trigger = EXECUTION_PROPOSE,
		.requires = IN_REVIEW, .event_type = "ExecutionProposed",
	.sentence = "Somebody proposes how what waits in review is to be booked; somebody else approves it."},
	{.number = 577, .trigger = EXECUTION_LINK,
		.forbids = IS_NEW | IN_REVIEW | HAS_ENDED, .event_type = "ExecutionCorrected",
	.sentence = "The fill comes after the desk has approved its correction: the correction is linked to it, and counts on."},
	{.number = 578, .trigger = EXECUTION_MOVE,
		.requires = IS_CORRECTED, .event_type = "ExecutionMoved",
	.sentence = "What was corrected while it waited goes with its correction to the order that the desk has matched that to."},
	{0}
};

static MachineTrigger execution_triggers[EXECUTION_TRIGGER_COUNT] = {
	[EXECUTION_BOOK] = {"book"},
	[EXECUTION_HOLD] = {"hold"},
	[EXECUTION_CORRECT] = {"correct"},
	[EXECUTION_LINK] = {"link"},
	[EXECUTION_BUST] = {"bust"},
	[EXECUTION_SETTLE] = {"settle"},
	[EXECUTION_SCALE] = {"scale"},
	[EXECUTION_VALIDATE] = {"validate"},
	[EXECUTION_TAKE_OVER] = {"take over a part"},
	[EXECUTION_TAKE_OVER_ALL] = {"take over all"},
	[EXECUTION_PROPOSE_ALLOCATION] = {"propose an allocation"},
	[EXECUTION_REFUSE_ALLOCATION] = {"refuse an allocation"},
	[EXECUTION_APPROVE_ALLOCATION] = {"approve an allocation"},
	[EXECUTION_ALLOCATE] = {"allocate a part"},
	[EXECUTION_ALLOCATE_ALL] = {"allocate all"},
	[EXECUTION_DEALLOCATE] = {"deallocate"},
	[EXECUTION_REJECT] = {"reject"},
	[EXECUTION_PROPOSE] = {"propose"},
	[EXECUTION_MOVE] = {"move"},
};

static const OmsName execution_conditions[] = {
	{IS_NEW, "NEW"},
	{IN_REVIEW, "REVIEW"},
	{IS_VALIDATED, "VALIDATED"},
	{IS_ALLOCATED, "ALLOCATED"},
	{IS_CORRECTED, "CORRECTED"},
	{IS_BUSTED, "BUSTED"},
	{IS_REJECTED, "REJECTED"},
	{0}
};

static const OmsName execution_facts[] = {{0}};

const Machine oms_execution_machine = {
	.object = "execution",
	.rows = execution_rows,
	.triggers = execution_triggers,
	.trigger_count = EXECUTION_TRIGGER_COUNT,
	.conditions = execution_conditions,
	.facts = execution_facts,
	.flags = oms_flag_names,
};

const Transition *
oms_execution_transition(int status, ExecutionTrigger trigger)
{
	return oms_machine_find(&oms_execution_machine, trigger, CONDITION(status), 0, false);
}

const Transition *
oms_execution_change(Execution *execution, ExecutionTrigger trigger)
{
	const Transition *transition = oms_execution_transition(execution->status, trigger);

	if (transition == NULL)
		elog(ERROR, "BUG: no transition \"%s\" of execution \"%s\", which is %s", execution_triggers[trigger].name,
			 execution->id, oms_name_of(execution_conditions, CONDITION(execution->status)));
	execution->status = pg_leftmost_one_pos32(oms_transition_apply(transition, CONDITION(execution->status)));
	return transition;
}

bool
oms_execution_is_live(const Execution *execution)
{
	return (CONDITION(execution->status) & IS_LIVE) != 0;
}
