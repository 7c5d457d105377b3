/*-------------------------------------------------------------------------
 *
 * allocation_proposal.c
 *	  Allocations by hand that wait for somebody else.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 * By oms_state.allocation_four_eyes, given quantities and deallocations are decided
 * as ever, and what comes of it is dropped: their command stays with the fill that
 * it was about, with its author.  When another actor approves it, it is decided
 * anew, as things are then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/damage.h"
#include "base/guc.h"
#include "core/execution/allocation_book.h"
#include "core/execution/allocation_proposal.h"

bool
oms_allocation_waits(const Decision *d)
{
	/* a feed brings in a client's message as it came, else anybody might have written it; what is approved has another cause */
	return oms_guc_allocation_four_eyes && d->command->preview != TRI_TRUE && d->cause == d->command &&
		!(d->command->fix_message && oms_decision_asker(d)->is_feed);
}

static Jsonb *
proposal_json(const char *author, const Jsonb *command)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	oms_json_string(&w, "author", author);
	oms_json_jsonb(&w, "command", command);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static void
proposal_put(Decision *d, const Execution *execution, Jsonb *proposal, ExecutionTrigger trigger)
{
	Execution	after = *execution;

	after.allocation_proposal = proposal;
	oms_put_execution(d, &after, oms_execution_change(&after, trigger), false);
	oms_decision_about(d, KIND_EXECUTION, after.id, false);
}

/* One's own wish may be changed; a message that was taken must not be lost to another. */
static Refusal *
proposal_check_place(const Decision *d, const Execution *execution)
{
	Jsonb	   *waits = execution->allocation_proposal ? oms_json_get_container(execution->allocation_proposal, "command") : NULL;
	Refusal    *refusal;

	if (waits == NULL || oms_same_text(oms_json_get_string(waits, "allocID"), d->command->alloc_id))
		return NULL;
	refusal = oms_refuse_by_rule("four_eyes", psprintf("another allocation waits for execution \"%s\"", execution->id),
								 "\"%s\" has proposed it.", oms_json_get_string(execution->allocation_proposal, "author"));
	refusal->sqlstate = OMS_NOT_PERMITTED;
	return oms_with_hint(refusal, "First it is approved or rejected: ApproveExecutionCommand, RejectExecutionCommand.");
}

Refusal *
oms_propose_allocation(Decision *d, const char *execution_id)
{
	Refusal    *refusal;

	oms_books_drop(d);
	refusal = proposal_check_place(d, oms_get_execution(d, execution_id));
	if (refusal)
		return refusal;
	proposal_put(d, oms_get_execution(d, execution_id), proposal_json(oms_decision_asker(d)->actor, d->command->raw),
				 EXECUTION_PROPOSE_ALLOCATION);
	return NULL;
}

/* It is approved as it is. */
static Refusal *
proposal_check(const Decision *d, const Execution *execution)
{
	const Command *command = d->command;
	Refusal    *refusal = oms_check_version(command, KIND_EXECUTION, execution->id, execution->version);

	if (refusal)
		return refusal;
	if (command->order_id || command->supersedes || command->last_qty || command->last_px)
		return oms_with_detail(oms_refuse(OMS_MALFORMED, "%s cannot be understood", command->def->name),
							   "Execution \"%s\" counts: only the allocation that is proposed for it can be approved, as it is.", execution->id);
	if (!oms_same_text(oms_json_get_string(execution->allocation_proposal, "author"), oms_decision_asker(d)->actor))
		return NULL;
	refusal = oms_refuse_by_rule("four_eyes", psprintf("\"%s\" cannot approve the allocation of execution \"%s\"",
													   oms_decision_asker(d)->actor, execution->id),
								 "%s", "who proposed it does not approve it.");
	refusal->sqlstate = OMS_NOT_PERMITTED;
	return refusal;
}

Refusal *
oms_approve_proposal(Decision *d, const Execution *execution)
{
	Command    *approval = d->command;
	Command    *proposed = palloc(sizeof(Command));
	Jsonb	   *raw = oms_json_get_container(execution->allocation_proposal, "command");
	Refusal    *refusal;

	if (raw == NULL || oms_json_get_string(execution->allocation_proposal, "author") == NULL)
		oms_damaged("the allocation that is proposed for execution \"%s\" has no author or no command", execution->id);
	refusal = proposal_check(d, execution);
	/* it was read when it was proposed; a message's has its AllocID, which only oms_fix() may say */
	if (refusal == NULL)
		refusal = oms_command_parse(raw, true, proposed);
	if (refusal)
		return refusal;
	/* the fill has changed by being proposed for; whoever approves may know that a limit is exceeded */
	proposed->expected_version = -1;
	if (approval->confirm == TRI_TRUE)
		proposed->confirm = TRI_TRUE;
	proposal_put(d, execution, NULL, EXECUTION_APPROVE_ALLOCATION);
	d->command = proposed;
	refusal = proposed->def->decide(d);
	d->command = approval;
	/* a message that is known by now makes nothing; that it waits no more is new */
	if (refusal == NULL && d->repeat)
		oms_decision_about(d, KIND_EXECUTION, execution->id, false);
	return refusal;
}

Refusal *
oms_reject_proposal(Decision *d, const Execution *execution)
{
	Refusal    *refusal = oms_check_version(d->command, KIND_EXECUTION, execution->id, execution->version);

	if (refusal == NULL)
		proposal_put(d, execution, NULL, EXECUTION_REFUSE_ALLOCATION);
	return refusal;
}
