/*-------------------------------------------------------------------------
 *
 * fill_desk.c
 *	  What the execution desk does with fills besides approving them: types and
 *	  rejects them.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "base/guc.h"
#include "core/execution/allocation_proposal.h"
#include "core/execution/fill_desk.h"
#include "core/execution/fill_settle.h"
#include "core/order/order_commands.h"
#include "core/order/order_members.h"

/* ------------------------------------------------------------------------
 * typing
 * ------------------------------------------------------------------------
 */

/*
 * One that a venue has told of the order, and that what is typed may be; one that
 * has its ExecID at least is noted for the desk.
 */
static const Execution *
desk_find_told(Decision *d, const Execution *typed, FillContext *context)
{
	ListCell   *cell;

	foreach(cell, oms_executions_of(d, typed->order_id))
	{
		const Execution *told = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if ((!oms_execution_is_live(told) && told->status != OMS_EXECUTION_REVIEW) || strcmp(told->exec_type, "TRADE_CANCEL") == 0)
			continue;
		if (typed->exec_id && oms_same_text(typed->exec_id, told->exec_id))
			context->same_exec_id = told;
		if ((told->flags & FLAG_MANUAL) == 0 && oms_execution_looks_like(typed, told))
			return told;
	}
	return NULL;
}

static Refusal *
desk_refuse_duplicate(const Execution *typed, const Execution *told)
{
	return oms_with_hint(oms_refuse_by_rule("possible_duplicate", psprintf("execution \"%s\" of order \"%s\" may be the same fill",
																		   told->id, typed->order_id),
											"It has lastQty %s, lastPx %s, execID %s.", oms_dec_text(told->last_qty),
											oms_dec_text(told->last_px), told->exec_id ? told->exec_id : "none"),
						 "If it is another fill, say so: \"confirm\": true.");
}

/* Another place that it is on its way to, or NULL: four eyes look at that first. */
static const char *
desk_moves_to(Decision *d, const Execution *fill)
{
	ListCell   *cell;

	foreach(cell, oms_executions_of(d, fill->order_id))
	{
		const Execution *bust = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (bust->status == OMS_EXECUTION_REVIEW && bust->moved_to_execution_id && oms_same_text(bust->corrected_execution_id, fill->id))
			return bust->moved_to_execution_id;
	}
	return NULL;
}

/* What is typed in the place of a fill is that fill: of another order, it counts there, and for what it was dealt. */
static Refusal *
desk_check_moved(Decision *d, const Order *order)
{
	const Command *command = d->command;
	const Execution *moved = command->moved_from ? oms_get_execution(d, command->moved_from) : NULL;
	const char *elsewhere = moved && moved->order_id ? desk_moves_to(d, moved) : NULL;

	if (command->moved_from == NULL)
		return NULL;
	if (moved == NULL)
		return oms_no_such(KIND_EXECUTION, command->moved_from);
	if (elsewhere)
		return oms_with_hint(oms_refuse_by_rule("not_movable", psprintf("execution \"%s\" cannot be moved to order \"%s\"", moved->id, order->id),
												"it is about to be moved to execution \"%s\", which waits in review.", elsewhere),
							 "Approve or reject that move first.");
	if (oms_execution_is_live(moved) && !oms_same_text(moved->order_id, order->id) && moved->quantity_factor == NULL &&
		oms_dec_same(moved->last_qty, command->last_qty) && oms_dec_same(moved->last_px, command->last_px))
		return NULL;
	return oms_with_hint(oms_refuse_by_rule("not_movable", psprintf("execution \"%s\" cannot be moved to order \"%s\"", moved->id, order->id),
											"status %s, order \"%s\", lastQty %s, lastPx %s%s; moved is a fill that counts for another order, as it is.",
											oms_name_of(oms_execution_status_names, moved->status), moved->order_id ? moved->order_id : "none",
											oms_dec_text(moved->last_qty), oms_dec_text(moved->last_px),
											moved->quantity_factor ? ", and a split has scaled it" : ""),
						 "Bust it, and type what is right.");
}

Refusal *
oms_decide_manual(Decision *d)
{
	Command    *command = d->command;
	const Order *order = oms_get_order(d, command->order_id);
	const char *actor = oms_decision_asker(d)->actor;
	bool		id_is_given = command->execution_id != NULL;
	FillContext context = {.now = oms_decision_now(d)};
	const Execution *told;
	Execution	execution;
	OrderEvent	event;
	Jsonb	   *reasons;
	Refusal    *refusal;

	if (order == NULL)
		return oms_no_such(KIND_ORDER, command->order_id);
	refusal = oms_check_version(command, KIND_ORDER, order->id, order->version);
	if (refusal == NULL)
		refusal = oms_check_particulars(command, order);
	if (refusal == NULL && id_is_given)
		refusal = oms_check_new_id(d, KIND_EXECUTION, command->execution_id, false);
	if (refusal == NULL)
		refusal = desk_check_moved(d, order);
	if (refusal)
		return refusal;
	if (!id_is_given)
		command->execution_id = oms_decision_new_id(d, order->root_id);
	oms_fill_init_context(d, &context);
	oms_fill_take_order(d, order, &context);
	/* whoever types it, venues have not told it */
	context.by_hand = oms_guc_four_eyes ? actor : NULL;
	oms_execution_create(command, &context, &execution);
	oms_execution_take_attributes(d, command, &context, &execution);
	execution.flags |= FLAG_MANUAL;
	execution.authors = oms_texts_add(NULL, actor);
	execution.moved_from_execution_id = command->moved_from;
	told = desk_find_told(d, &execution, &context);
	if (told && command->confirm != TRI_TRUE)
		return desk_refuse_duplicate(&execution, told);
	reasons = oms_fill_review(d, &execution, &context);
	oms_order_event_init(&event, command);
	oms_fill_init_event(d, command, &context, reasons, false, &event);
	event.raises |= FLAG_MANUAL;
	oms_fill_settle(d, &execution, &context, reasons, &event, id_is_given);
	oms_decision_about(d, KIND_EXECUTION, execution.id, false);
	return NULL;
}

/* ------------------------------------------------------------------------
 * rejecting
 * ------------------------------------------------------------------------
 */

void
oms_fill_stop_waiting(Decision *d, const Order *order, const char *execution_id, OrderEvent *event)
{
	event->transition = oms_order_transition(TRIGGER_REVIEW, order, 0, true);
	if ((order->flags & FLAG_UNSETTLED) && oms_fill_is_settled(d, order->id, execution_id))
		event->lowers |= FLAG_UNSETTLED;
}

/* What waits is no more, whoever told it; nobody has to approve that. */
Refusal *
oms_decide_reject_execution(Decision *d)
{
	const Command *command = d->command;
	const Execution *named = oms_get_execution(d, command->execution_id);
	const Order *order;
	Execution	execution;
	OrderEvent	event;
	Refusal    *refusal;

	if (named == NULL)
		return oms_no_such(KIND_EXECUTION, command->execution_id);
	if (oms_has_proposal(named))
		return oms_reject_proposal(d, named);
	refusal = oms_check_version(command, KIND_EXECUTION, named->id, named->version);
	if (refusal == NULL)
		refusal = oms_check_changeable(command, named, EXECUTION_REJECT);
	if (refusal)
		return refusal;
	execution = *named;
	execution.dk_reason = command->dk_reason;
	oms_order_event_init(&event, command);
	oms_fill_end(d, &execution, EXECUTION_REJECT, command, &event.fill);
	oms_decision_about(d, KIND_EXECUTION, execution.id, false);
	if (execution.order_id == NULL)
		return NULL;
	order = oms_get_order(d, execution.order_id);
	if (order == NULL)
		oms_damaged("order \"%s\" of execution \"%s\" does not exist", execution.order_id, execution.id);
	oms_fill_stop_waiting(d, order, execution.id, &event);
	oms_apply_to_tree(d, order, &event);
	return NULL;
}
