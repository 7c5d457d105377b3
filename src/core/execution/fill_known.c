/*-------------------------------------------------------------------------
 *
 * fill_known.c
 *	  What a report may tell again: the execution that it made before, wherever
 *	  that stands now, or a fill that was typed.
 *
 * Pure: reads through the decision's source.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "core/execution/fill_settle.h"
#include "core/order/order_commands.h"

/* The report of an order that nobody knew then (or knows now) is the same if all it says of the order is. */
static bool
known_is_same_stranger(const Command *command, const Execution *known)
{
	const char *named = known->order_id ? NULL : oms_reasons_order(known->review_reasons);

	if (named && command->order_id && strcmp(named, command->order_id) != 0)
		return false;
	return known->order_id == NULL && oms_same_text(command->fix_session, known->fix_session) &&
		oms_same_text(command->cl_ord_id, known->cl_ord_id) &&
		oms_same_text(command->symbol, known->reported_symbol ? known->reported_symbol : known->symbol) &&
		oms_same_text(command->side, known->reported_side ? known->reported_side : known->side) &&
		oms_same_text(command->counterparty_order_id, known->counterparty_order_id) &&
		oms_execution_is_repeat(command, known);
}

const Execution *
oms_fill_find_matched(Decision *d, const Command *command)
{
	ListCell   *cell;

	if (command->exec_id == NULL)
		return NULL;
	foreach(cell, d->source->all_named(d->source, NAME_MATCHED_EXEC_ID, command->fix_session ? command->fix_session : "",
									   command->exec_id))
	{
		const Execution *known;

		if (!oms_decision_reaches(d, KIND_EXECUTION, lfirst(cell)))
			return NULL;
		known = oms_get_execution(d, lfirst(cell));
		if (known && known->order_id && oms_execution_is_reported_by(command, known))
			return known;
	}
	return NULL;
}

/* Some venues give a correction or bust the ExecID of the fill that it names. */
static bool
known_names_its_own_exec_id(const char *exec_type, const char *exec_ref_id, const char *exec_id)
{
	return oms_is_change_of_fill(exec_type) && exec_ref_id && strcmp(exec_ref_id, exec_id) == 0;
}

static bool
known_names_its_own(const Command *command, const FillContext *context)
{
	/* a command names its fill by executionId */
	if (command->exec_ref_id == NULL && context->corrected)
		return oms_same_text(context->corrected->exec_id, command->exec_id);
	return known_names_its_own_exec_id(command->exec_type, command->exec_ref_id, command->exec_id);
}

/*
 * The execution that this very report made before, or NULL; another one of the
 * order with its ExecID is noted, for the desk.
 */
const Execution *
oms_fill_find_known(Decision *d, const Command *command, FillContext *context)
{
	ListCell   *cell;

	if (command->exec_id == NULL)
		return NULL;
	foreach(cell, oms_executions_told(d, context->order ? context->order->id : NULL, command->exec_id))
	{
		const Execution *known = lfirst(cell);

		/* what was typed is no report */
		if (known->order_id && (known->flags & FLAG_MANUAL))
			continue;
		if (known->order_id ? oms_execution_is_repeat(command, known) : known_is_same_stranger(command, known))
			return known;
		if (known->order_id == NULL)
			context->shares_exec_id = true;
		if (known->order_id && !known_names_its_own_exec_id(known->exec_type, known->exec_ref_id, command->exec_id) &&
			!known_names_its_own(command, context))
			context->same_exec_id = known;
	}
	return NULL;
}

/* Rather one that was booked than one that waits in review, and that than one that was rejected; of those the oldest. */
static bool
known_is_rather(const Execution *fill, const Execution *than)
{
	int			rank = fill->status == OMS_EXECUTION_REJECTED ? 2 : fill->status == OMS_EXECUTION_REVIEW;
	int			other = than->status == OMS_EXECUTION_REJECTED ? 2 : than->status == OMS_EXECUTION_REVIEW;

	return rank != other ? rank < other : oms_execution_came_before(fill, than);
}

const Execution *
oms_fill_find_named(const Decision *d, const char *order_id, const char *exec_ref_id)
{
	const Execution *found = NULL;
	ListCell   *cell;

	if (order_id == NULL || exec_ref_id == NULL)
		return NULL;
	foreach(cell, oms_executions_by_exec_id(d, order_id, exec_ref_id))
	{
		const Execution *fill = lfirst(cell);

		/* not what waits itself for the fill whose ExecID it has */
		if (oms_is_change_of_fill(fill->exec_type) && fill->corrected_execution_id == NULL &&
			oms_same_text(fill->exec_ref_id, exec_ref_id))
			continue;
		if (found == NULL || known_is_rather(fill, found))
			found = fill;
	}
	return found;
}

const Execution *
oms_fill_find_named_elsewhere(Decision *d, const Command *command)
{
	ListCell   *cell;

	if (command->exec_ref_id == NULL)
		return NULL;
	foreach(cell, d->source->all_named(d->source, NAME_MATCHED_EXEC_ID, command->fix_session ? command->fix_session : "",
									   command->exec_ref_id))
	{
		const Execution *fill;

		if (!oms_decision_reaches(d, KIND_EXECUTION, lfirst(cell)))
			return NULL;
		fill = oms_get_execution(d, lfirst(cell));
		if (fill && fill->order_id && fill->status != OMS_EXECUTION_REJECTED && oms_execution_names_order_as(command, fill))
			return fill;
	}
	foreach(cell, oms_executions_told(d, NULL, command->exec_ref_id))
	{
		const Execution *fill = lfirst(cell);

		if (!oms_is_change_of_fill(fill->exec_type) && oms_execution_names_order_as(command, fill))
			return fill;
	}
	return NULL;
}

/* Only an order that has any is looked through. */
const Execution *
oms_fill_find_typed(Decision *d, const Order *order, const Execution *execution)
{
	ListCell   *cell;

	if ((order->flags & FLAG_MANUAL) == 0)
		return NULL;
	foreach(cell, oms_executions_of(d, order->id))
	{
		const Execution *typed = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if ((typed->flags & FLAG_MANUAL) && strcmp(typed->id, execution->id) != 0 &&
			(oms_execution_is_live(typed) || typed->status == OMS_EXECUTION_REVIEW) && oms_execution_looks_like(execution, typed))
			return typed;
	}
	return NULL;
}

/* Nothing changes; what the repeat states is held against what it stated first. */
Refusal *
oms_fill_is_repeat(Decision *d, const Command *command, const FillContext *context, const Execution *known)
{
	StatedFigures first = {known->cum_qty, known->leaves_qty, known->avg_px};

	oms_decision_about(d, KIND_EXECUTION, known->id, true);
	/* one that was matched to another order says nothing of this one */
	if (context->order && (known->order_id == NULL || strcmp(known->order_id, context->order->id) == 0))
		oms_compare_repeat(d, command, context->order, &first);
	return NULL;
}
