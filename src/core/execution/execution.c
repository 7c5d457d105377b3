/*-------------------------------------------------------------------------
 *
 * execution.c
 *	  An execution's whole life.
 *
 * Pure: values in, values out.  A fill is either booked, and by default
 * allocated to the root of its tree at once, or waits in review with coded
 * reasons and moves no quantity.  What a venue reported stays as it was; a
 * split changes only what it counts for.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 4, "Execution Report" (ExecType
 * Trade, Trade Correct, Trade Cancel).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/guc.h"
#include "base/moment.h"
#include "core/attributes.h"
#include "core/command_route.h"
#include "core/execution/allocation_split.h"
#include "core/execution/execution.h"
#include "core/execution/fill_settle.h"
#include "core/order/order_members.h"

/* A split scales quantity and price inversely: the value stays, exactly. */
Numeric
oms_execution_value(const Execution *execution)
{
	return oms_dec_mul(execution->last_qty, execution->last_px);
}

void
oms_execution_count(Execution *execution)
{
	execution->quantity = execution->quantity_factor ?
		oms_scale_fill(execution->last_qty, execution->quantity_factor) : execution->last_qty;
}

/* Is the one the other, but for the last digit of both? */
static bool
execution_is_rounding(Numeric a, Numeric b)
{
	Numeric		most = oms_dec_smallest(a);
	Numeric		difference = oms_dec_sub(a, b);

	if (oms_dec_sign(difference) < 0)
		difference = oms_dec_neg(difference);
	return oms_dec_cmp(difference, oms_dec_add(most, most)) <= 0;
}

/*
 * A correction counts with what rounding gave the fill it corrects.  If that
 * leaves the order open, or overfilled, by no more than rounding, it fills it:
 * the quantities of before the split do.
 */
static void
execution_count_correction(const FillContext *context, Execution *execution)
{
	const Order *order = context->order;
	const Execution *old = context->corrected;
	Numeric		rest = oms_dec_sub(old->quantity, oms_scale_fill(old->last_qty, old->quantity_factor));
	Numeric		quantity = oms_dec_add(execution->quantity, rest);
	Numeric		left;

	if (oms_dec_sign(quantity) > 0)
		execution->quantity = quantity;
	if (order == NULL || order->order_qty == NULL || !oms_execution_is_live(old) ||
		oms_dec_cmp(old->last_qty, execution->last_qty) == 0)
		return;
	left = oms_dec_sub(order->order_qty, oms_dec_sub(order->executed_quantity, old->quantity));
	if (oms_dec_sign(left) > 0 && execution_is_rounding(execution->quantity, left))
		execution->quantity = left;
}

/* As this report states it, else the one it corrects, else as the order has it. */
static char *
execution_stated(char *by_report, char *by_corrected, char *by_order)
{
	if (by_report)
		return by_report;
	return by_corrected ? by_corrected : by_order;
}

/* It names a version before the one whose place it takes, and was told of at an earlier time than that one. */
bool
oms_execution_comes_late(const Execution *correction, const Execution *old)
{
	return correction->exec_ref_id && old->exec_id && strcmp(correction->exec_ref_id, old->exec_id) != 0 &&
		correction->transact_time != NO_TIME && old->transact_time != NO_TIME &&
		correction->transact_time < old->transact_time;
}

void
oms_execution_create(const Command *command, const FillContext *context, Execution *execution)
{
	const Order *order = context->order;
	const Execution *old = context->corrected;

	oms_record_init(&oms_execution_def, execution);
	execution->id = command->execution_id;
	execution->root_id = order ? order->root_id : command->execution_id;
	execution->order_id = order ? order->id : NULL;
	execution->exec_id = command->exec_id;
	execution->exec_type = command->exec_type ? command->exec_type : old ? "TRADE_CORRECT" : "TRADE";
	execution->exec_ref_id = command->exec_ref_id ? command->exec_ref_id : old ? old->exec_id : NULL;
	execution->symbol = execution_stated(command->symbol, old ? old->symbol : NULL, order ? order->symbol : NULL);
	execution->side = execution_stated(command->side, old ? old->side : NULL, order ? order->side : NULL);
	execution->last_qty = command->last_qty ? command->last_qty : old->last_qty;
	execution->last_px = command->last_px ? command->last_px : old->last_px;
	execution->last_mkt = command->last_mkt ? command->last_mkt : old ? old->last_mkt : NULL;
	execution->cum_qty = command->cum_qty;
	execution->leaves_qty = command->leaves_qty;
	execution->avg_px = command->avg_px;
	execution->ord_status = command->ord_status;
	execution->reason = command->reason;
	execution->corrected_execution_id = old ? old->id : NULL;
	execution->fix_session = command->fix_session;
	execution->cl_ord_id = command->cl_ord_id;
	execution->counterparty_order_id = command->counterparty_order_id;
	execution->transact_time = command->transact_time;
	execution->text = command->text;
	execution->fix = command->fix;
	execution->attributes = command->attributes;
	execution->trade_date = command->trade_date != NO_DATE || old == NULL ? command->trade_date : old->trade_date;
	execution->trading_day = command->trade_date != NO_DATE || old == NULL ? NO_DATE : old->trading_day;
	execution->settl_date = command->settl_date != NO_DATE || old == NULL ? command->settl_date : old->settl_date;
	execution->commission = command->commission ? command->commission : old ? old->commission : NULL;
	execution->comm_type = execution_stated(command->comm_type, old ? old->comm_type : NULL, NULL);
	execution->last_capacity = execution_stated(command->last_capacity, old ? old->last_capacity : NULL, NULL);
	execution->currency = execution_stated(command->currency, old ? old->currency : NULL, order ? order->currency : NULL);
	execution->account = order ? order->account : NULL;
	execution->reported_account = execution_stated(command->account, old ? old->reported_account : NULL, NULL);
	if (execution->account && execution->reported_account &&
		strcmp(execution->account, execution->reported_account) != 0)
		execution->flags |= FLAG_DISAGREES;
	if (old && oms_execution_comes_late(execution, old))
		execution->flags |= FLAG_DISAGREES;
	/* a correction takes the place of what waits, and its authors too */
	if (context->by_hand)
		execution->authors = oms_texts_add(old && old->status == OMS_EXECUTION_REVIEW ? old->authors : NULL, context->by_hand);
	execution->created_at = context->now;
	/* a correction of a fill from before a split is stated as that fill was */
	execution->quantity_factor = old ? old->quantity_factor : NULL;
	execution->allocated_quantity = oms_dec_zero();
	oms_execution_count(execution);
	if (old && old->quantity_factor)
		execution_count_correction(context, execution);
}

void
oms_execution_take_attributes(Decision *d, const Command *command, const FillContext *context, Execution *execution)
{
	/* all that is told of an execution is a fact: nothing is refused */
	if (context->order)
		(void) oms_attributes_make(d, command, context->order->asset_class, ATTRIBUTES_OF_EXECUTION,
								   context->corrected ? context->corrected->attributes : NULL, &execution->attributes);
}

/* As its report stated it: the desk may have changed it since. */
static Numeric
execution_reported_qty(const Execution *execution)
{
	return execution->reported_last_qty ? execution->reported_last_qty : execution->last_qty;
}

static Numeric
execution_reported_px(const Execution *execution)
{
	return execution->reported_last_px ? execution->reported_last_px : execution->last_px;
}

bool
oms_execution_is_repeat(const Command *command, const Execution *known)
{
	const char *type = command->exec_type ? command->exec_type :
		oms_has_trait(command->def, TRAIT_CORRECTION) ? "TRADE_CORRECT" :
		oms_has_trait(command->def, TRAIT_BUST) ? "TRADE_CANCEL" : "TRADE";
	/* a correction or bust without ExecRefID means the fill that the known one names */
	const char *ref = command->exec_ref_id;

	if (ref == NULL && oms_has_trait(command->def, TRAIT_CORRECTION | TRAIT_BUST))
		ref = known->exec_ref_id;
	return oms_same_text(type, known->exec_type) && oms_same_text(ref, known->exec_ref_id) &&
		(command->last_qty == NULL || oms_dec_cmp(command->last_qty, execution_reported_qty(known)) == 0) &&
		(command->last_px == NULL || oms_dec_cmp(command->last_px, execution_reported_px(known)) == 0);
}

/* What a report leaves out, whoever matched its fill may have filled in. */
static bool
execution_states(const char *stated, const char *now, const char *reported)
{
	return stated == NULL || oms_same_text(stated, reported ? reported : now);
}

bool
oms_execution_names_order_as(const Command *command, const Execution *known)
{
	const char *named = known->reported_order_id || known->order_id ? known->reported_order_id : oms_reasons_order(known->review_reasons);

	/* ExecIDs of two orders may be the same: what is no more than alike may be another fill */
	if (named ? !oms_same_text(command->order_id, named) :
		command->order_id && command->cl_ord_id == NULL && command->counterparty_order_id == NULL)
		return false;
	return oms_same_text(command->fix_session, known->fix_session) && oms_same_text(command->cl_ord_id, known->cl_ord_id) &&
		oms_same_text(command->counterparty_order_id, known->counterparty_order_id);
}

bool
oms_execution_is_reported_by(const Command *command, const Execution *known)
{
	return oms_execution_names_order_as(command, known) &&
		execution_states(command->symbol, known->symbol, known->reported_symbol) &&
		execution_states(command->side, known->side, known->reported_side) && oms_execution_is_repeat(command, known);
}

bool
oms_execution_same_fill(const Execution *a, const Execution *b)
{
	return oms_same_text(a->fix_session, b->fix_session) && oms_same_text(a->exec_id, b->exec_id) &&
		oms_same_text(a->reported_symbol ? a->reported_symbol : a->symbol, b->reported_symbol ? b->reported_symbol : b->symbol) &&
		oms_same_text(a->reported_side ? a->reported_side : a->side, b->reported_side ? b->reported_side : b->side) &&
		oms_same_text(a->exec_type, b->exec_type) && oms_same_text(a->exec_ref_id, b->exec_ref_id) &&
		oms_dec_cmp(execution_reported_qty(a), execution_reported_qty(b)) == 0 &&
		oms_dec_cmp(execution_reported_px(a), execution_reported_px(b)) == 0;
}

bool
oms_execution_looks_like(const Execution *a, const Execution *b)
{
	bool		timed = a->transact_time != NO_TIME && b->transact_time != NO_TIME;
	TimestampTz at = timed ? a->transact_time : a->created_at;
	TimestampTz other = timed ? b->transact_time : b->created_at;
	int64		window = (int64) oms_guc_duplicate_window_s * USECS_PER_SEC;

	if (a->exec_id && oms_same_text(a->exec_id, b->exec_id))
		return true;
	return window > 0 && oms_dec_cmp(a->last_qty, b->last_qty) == 0 && oms_dec_cmp(a->last_px, b->last_px) == 0 &&
		(at > other ? at - other : other - at) <= window;
}

static Jsonb *
execution_allocation_to(const char *order_id, Numeric quantity)
{
	JsonWriter	w = {0};

	oms_json_open_array(&w);
	oms_json_open_object(&w);
	oms_json_string(&w, "orderId", order_id);
	oms_json_numeric(&w, "quantity", quantity);
	oms_json_close_object(&w);
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

const Transition *
oms_execution_book(Execution *execution, const FillContext *context)
{
	execution->review_reasons = NULL;
	execution->allocated_quantity = execution->quantity;
	execution->allocations = execution_allocation_to(context->order->root_id, execution->quantity);
	return oms_execution_change(execution, EXECUTION_BOOK);
}

const Transition *
oms_execution_hold(Execution *execution, Jsonb *reasons)
{
	execution->review_reasons = reasons;
	return oms_execution_change(execution, EXECUTION_HOLD);
}

const Transition *
oms_execution_end(Execution *execution, ExecutionTrigger trigger)
{
	execution->allocated_quantity = oms_dec_zero();
	execution->allocations = NULL;
	execution->allocation_terms = NULL;
	execution->allocation_proposal = NULL;
	return oms_execution_change(execution, trigger);
}

void
oms_execution_scale(Execution *execution, Numeric factor, Numeric rest)
{
	Numeric		before = execution->quantity;

	if (factor)
	{
		execution->quantity = oms_scale_fill(execution->quantity, factor);
		execution->quantity_factor = oms_scale_factor(execution->quantity_factor, factor);
	}
	if (rest)
		execution->quantity = oms_dec_trim(oms_dec_add(execution->quantity, rest));
	if (oms_has_block_entries(execution) || execution->allocation_terms)
		oms_scale_allocations(execution, before, factor);
	else if (oms_dec_sign(execution->allocated_quantity) > 0)
	{
		execution->allocated_quantity = execution->quantity;
		execution->allocations = execution_allocation_to(execution->root_id, execution->quantity);
	}
}

void
oms_execution_compare(Execution *execution, const Order *after)
{
	if (oms_order_disagrees(after, execution->cum_qty, execution->leaves_qty, execution->avg_px))
		execution->flags |= FLAG_DISAGREES;
}

/* ------------------------------------------------------------------------
 * looking executions up
 * ------------------------------------------------------------------------
 */

/* By the order, and perhaps more: without those that this command has moved to another one. */
static List *
execution_find_by(const Decision *d, int key, const char *const *values)
{
	List	   *executions = oms_decision_find(d, KIND_EXECUTION, key, &values, 1);
	ListCell   *cell;

	if (d->changes == NIL)
		return executions;
	foreach(cell, executions)
		if (!oms_same_text(((const Execution *) lfirst(cell))->order_id, values[0]))
			executions = foreach_delete_current(executions, cell);
	return executions;
}

bool
oms_execution_came_before(const Execution *first, const Execution *second)
{
	if (first->created_at != second->created_at)
		return first->created_at < second->created_at;
	return strcmp(first->id, second->id) < 0;
}

/* Where rows lie decides nothing.  Those of an order first, those without an ExecID last. */
static int
execution_compare(const ListCell *a, const ListCell *b)
{
	const Execution *first = lfirst(a);
	const Execution *second = lfirst(b);

	if ((first->order_id == NULL) != (second->order_id == NULL))
		return first->order_id ? -1 : 1;
	if ((first->exec_id == NULL) != (second->exec_id == NULL))
		return first->exec_id ? -1 : 1;
	if (first->exec_id && strcmp(first->exec_id, second->exec_id) != 0)
		return strcmp(first->exec_id, second->exec_id);
	return oms_execution_came_before(first, second) ? -1 : 1;
}

List *
oms_executions_of(const Decision *d, const char *order_id)
{
	List	   *executions = execution_find_by(d, EXECUTION_BY_ORDER, (const char *const[]) {order_id});

	list_sort(executions, execution_compare);
	return executions;
}

List *
oms_executions_by_exec_id(const Decision *d, const char *order_id, const char *exec_id)
{
	return execution_find_by(d, EXECUTION_BY_EXEC_ID, (const char *const[]) {order_id, exec_id});
}

void
oms_name_strangers(TreeNames *names, const char *exec_id, const char *guard_scope, int unless)
{
	TreeName	search = {.kind = KIND_EXECUTION, .key = EXECUTION_BY_EXEC_ID, .values = {NULL, exec_id},
	.guard_scope = guard_scope, .unless = unless};

	oms_name_search(names, &search);
}

/* Two sessions that tell a fill of an order which nobody knows must not both book it. */
void
oms_name_told(const Command *command, TreeNames *names)
{
	bool		is_new = oms_command_object_id(command, ID_OF_EXECUTION) == NULL;
	int			order = NOT_NAMED;

	/* the fill that it takes back or corrects may wait for its order itself */
	if (is_new && oms_is_change_of_fill(command->exec_type) && command->exec_ref_id)
		oms_name_strangers(names, command->exec_ref_id, NULL, NOT_NAMED);
	if (command->exec_id == NULL)
		return;
	for (int i = names->first; i < names->count; i++)
		if (names->names[i].kind == KIND_ORDER)
			order = i;
	oms_name_strangers(names, command->exec_id, !is_new ? NULL : command->fix_session ? command->fix_session : "", order);
}

List *
oms_executions_told(const Decision *d, const char *order_id, const char *exec_id)
{
	const char *const of_order[] = {order_id, exec_id};
	const char *const of_none[] = {NULL, exec_id};
	const char *const *const keys[] = {of_order, of_none};
	List	   *executions = order_id ? oms_decision_find(d, KIND_EXECUTION, EXECUTION_BY_EXEC_ID, keys, 2) :
		execution_find_by(d, EXECUTION_BY_EXEC_ID, of_none);
	ListCell   *cell;

	foreach(cell, executions)
	{
		const Execution *execution = lfirst(cell);

		/* one without an order may have found another while we waited for its lock */
		if (execution->order_id != NULL && (order_id == NULL || strcmp(execution->order_id, order_id) != 0))
			executions = foreach_delete_current(executions, cell);
	}
	list_sort(executions, execution_compare);
	return executions;
}
