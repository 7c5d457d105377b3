/*-------------------------------------------------------------------------
 *
 * desk_machine.c
 *	  Where an order is on the execution desk, as a table.
 *
 * Pure.  Of its conditions exactly one holds: the desk status, or none.  The
 * rows that only follow the order's own life have no event: what happened to the
 * order is one, and its state says where that leaves it on the desk.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "core/desk/desk_machine.h"
#include "core/kind.h"

/* The bit of a desk status; 0 is that of none. */
#define CONDITION(status)	(1U << (status))

#define IS_NOWHERE		CONDITION(0)
#define IS_QUEUED		CONDITION(DESK_QUEUED)
#define IS_CLAIMED		CONDITION(DESK_CLAIMED)
#define IS_RELEASED		CONDITION(DESK_RELEASED)
#define IS_COMPLETED	CONDITION(DESK_COMPLETED)

static const Transition desk_rows[] = {
	{.number = 401, .trigger = DESK_TRIGGER_SEND,
		.requires = IS_NOWHERE, .facts = DESK_FACT_LIVE, .sets = IS_QUEUED, .clears = IS_NOWHERE,
		.event_type = "OrderSentToDesk",
	.sentence = "A live order is sent to the execution desk, and waits there."},
	{.number = 402, .trigger = DESK_TRIGGER_SEND,
		.requires = IS_RELEASED, .facts = DESK_FACT_LIVE, .sets = IS_QUEUED, .clears = IS_RELEASED,
		.event_type = "OrderSentToDesk",
	.sentence = "An order that the desk had released is sent to it again."},
	{.number = 405, .trigger = DESK_TRIGGER_HOLD, .merges = true,
		.requires = IS_NOWHERE, .facts = DESK_FACT_LIVE, .sets = IS_QUEUED, .clears = IS_NOWHERE,
	.sentence = "A client order is made in a halt: it waits on the desk from its first event on."},

	{.number = 411, .trigger = DESK_TRIGGER_CLAIM,
		.requires = IS_QUEUED, .sets = IS_CLAIMED, .clears = IS_QUEUED, .event_type = "OrderClaimed",
	.sentence = "Somebody takes an order out of the queue: it is his."},
	{.number = 412, .trigger = DESK_TRIGGER_CLAIM,
		.requires = IS_CLAIMED, .facts = DESK_FACT_HOLDS | DESK_FACT_ANOTHER, .event_type = "OrderClaimed",
	.sentence = "oms_admin takes over what another has claimed, and says why."},

	{.number = 421, .trigger = DESK_TRIGGER_ASSIGN,
		.requires = IS_QUEUED, .sets = IS_CLAIMED, .clears = IS_QUEUED, .event_type = "OrderAssigned",
	.sentence = "Somebody gives an order of the queue to a user of the desk."},
	{.number = 422, .trigger = DESK_TRIGGER_ASSIGN,
		.requires = IS_CLAIMED, .facts = DESK_FACT_HOLDS | DESK_FACT_ANOTHER, .event_type = "OrderAssigned",
	.sentence = "A claimed order is handed on by who has it, or by oms_admin, who says why."},

	{.number = 431, .trigger = DESK_TRIGGER_RELEASE,
		.requires = IS_QUEUED, .sets = IS_RELEASED, .clears = IS_QUEUED, .event_type = "OrderReleasedFromDesk",
	.sentence = "An order leaves the desk's queue: it is placed freely."},
	{.number = 432, .trigger = DESK_TRIGGER_RELEASE,
		.requires = IS_CLAIMED, .facts = DESK_FACT_HOLDS, .sets = IS_RELEASED, .clears = IS_CLAIMED,
		.event_type = "OrderReleasedFromDesk",
	.sentence = "A claimed order leaves the desk: it is nobody's, and placed freely."},
	{.number = 435, .trigger = DESK_TRIGGER_REQUEUE,
		.requires = IS_CLAIMED, .facts = DESK_FACT_HOLDS, .sets = IS_QUEUED, .clears = IS_CLAIMED,
		.event_type = "OrderReleasedFromDesk",
	.sentence = "A claimed order goes back to the queue: it is nobody's, and waits."},

	{.number = 441, .trigger = DESK_TRIGGER_COMPLETE, .merges = true,
		.requires = IS_QUEUED, .sets = IS_COMPLETED, .clears = IS_QUEUED,
	.sentence = "An order closes while it waits for the desk."},
	{.number = 442, .trigger = DESK_TRIGGER_COMPLETE, .merges = true,
		.requires = IS_CLAIMED, .sets = IS_COMPLETED, .clears = IS_CLAIMED,
	.sentence = "A claimed order closes."},
	{.number = 445, .trigger = DESK_TRIGGER_REOPEN, .merges = true,
		.requires = IS_COMPLETED, .sets = IS_QUEUED, .clears = IS_COMPLETED,
	.sentence = "An order that was filled on the desk is open again, after a bust: it is nobody's, and waits."},
	{0}
};

static MachineTrigger desk_triggers[DESK_TRIGGER_COUNT] = {
	[DESK_TRIGGER_SEND] = {"SendOrderToDesk"},
	[DESK_TRIGGER_HOLD] = {"the order is made, and held"},
	[DESK_TRIGGER_CLAIM] = {"ClaimOrder"},
	[DESK_TRIGGER_ASSIGN] = {"AssignOrder"},
	[DESK_TRIGGER_RELEASE] = {"ReleaseOrderFromDesk"},
	[DESK_TRIGGER_REQUEUE] = {"ReleaseOrderFromDesk to the queue"},
	[DESK_TRIGGER_COMPLETE] = {"the order closed"},
	[DESK_TRIGGER_REOPEN] = {"the order is open again"},
};

static const OmsName desk_conditions[] = {
	{IS_NOWHERE, "NONE"},
	{IS_QUEUED, "QUEUED"},
	{IS_CLAIMED, "CLAIMED"},
	{IS_RELEASED, "RELEASED"},
	{IS_COMPLETED, "COMPLETED"},
	{0}
};

static const OmsName desk_facts[] = {
	{DESK_FACT_LIVE, "LIVE"},
	{DESK_FACT_HOLDS, "HOLDS"},
	{DESK_FACT_ANOTHER, "ANOTHER"},
	{0}
};

const Machine oms_desk_machine = {
	.object = "desk",
	.rows = desk_rows,
	.triggers = desk_triggers,
	.trigger_count = DESK_TRIGGER_COUNT,
	.conditions = desk_conditions,
	.facts = desk_facts,
	.flags = oms_flag_names,
};

const Transition *
oms_desk_transition(int desk_status, DeskTrigger trigger, uint32 facts)
{
	return oms_machine_find(&oms_desk_machine, trigger, CONDITION(desk_status), facts, false);
}

int
oms_desk_status_after(const Transition *transition, int desk_status)
{
	return pg_leftmost_one_pos32(oms_transition_apply(transition, CONDITION(desk_status)));
}
