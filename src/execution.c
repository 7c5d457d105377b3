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

#include "decimal.h"
#include "execution.h"
#include "moment.h"

const ExecutionTransition oms_execution_transitions[EXECUTION_CHANGE_COUNT] = {
	[EXECUTION_BOOKED] = {501, EXECUTION_BOOKED, OMS_EXECUTION_ALLOCATED, "ExecutionValidated",
	"A valid fill is booked and allocated to the root of its tree."},
	[EXECUTION_TO_REVIEW] = {511, EXECUTION_TO_REVIEW, OMS_EXECUTION_REVIEW, "ExecutionHeldForReview",
	"A fill that cannot be booked waits for the execution desk and moves no quantity."},
	[EXECUTION_CORRECTED] = {521, EXECUTION_CORRECTED, OMS_EXECUTION_CORRECTED, "ExecutionCorrected",
	"A correction takes the place of the fill."},
	[EXECUTION_BUSTED] = {531, EXECUTION_BUSTED, OMS_EXECUTION_BUSTED, "ExecutionBusted",
	"The venue takes the fill back."},
	[EXECUTION_SCALED] = {541, EXECUTION_SCALED, 0, "ExecutionRestated",
	"A split changes what the fill counts for."},
};

static const char *const review_codes[] = {
	[REVIEW_UNKNOWN_ORDER] = "UNKNOWN_ORDER",
	[REVIEW_AMBIGUOUS_ORDER] = "AMBIGUOUS_ORDER",
	[REVIEW_WRONG_SYMBOL] = "WRONG_SYMBOL",
	[REVIEW_WRONG_SIDE] = "WRONG_SIDE",
	[REVIEW_ORDER_REJECTED] = "ORDER_REJECTED",
	[REVIEW_OVERFILL] = "OVERFILL",
	[REVIEW_DUPLICATE_EXEC_ID] = "DUPLICATE_EXEC_ID",
	[REVIEW_UNKNOWN_EXECUTION] = "UNKNOWN_EXECUTION",
};

bool
oms_execution_is_live(const Execution *execution)
{
	return execution->status == OMS_EXECUTION_VALIDATED || execution->status == OMS_EXECUTION_ALLOCATED;
}

/* A split scales quantity and price inversely: the value stays, exactly. */
Numeric
oms_execution_value(const Execution *execution)
{
	return oms_dec_mul(execution->last_qty, execution->last_px);
}

static void
count_quantity(Execution *execution)
{
	execution->quantity = execution->quantity_factor ?
		oms_scale_fill(execution->last_qty, execution->quantity_factor) : execution->last_qty;
}

/* As this report states it, else the one it corrects, else as the order has it. */
static char *
stated(char *by_report, char *by_corrected, char *by_order)
{
	if (by_report)
		return by_report;
	return by_corrected ? by_corrected : by_order;
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
	execution->symbol = stated(command->symbol, old ? old->symbol : NULL, order ? order->symbol : NULL);
	execution->side = stated(command->side, old ? old->side : NULL, order ? order->side : NULL);
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
	execution->created_at = context->now;
	/* a correction of a fill from before a split is stated as that fill was */
	execution->quantity_factor = old ? old->quantity_factor : NULL;
	execution->allocated_quantity = oms_dec_zero();
	count_quantity(execution);
	/* and counts as that fill did, to the last digit that rounding gave it, where the quantity is the same */
	if (old && old->quantity_factor && oms_dec_cmp(old->last_qty, execution->last_qty) == 0)
		execution->quantity = old->quantity;
}

static void
open_reason(JsonWriter *w, ReviewReason reason)
{
	if (w->level == NULL)
		oms_json_open_array(w);
	oms_json_open_object(w);
	oms_json_string(w, "code", review_codes[reason]);
}

static void
add_mismatch(JsonWriter *w, ReviewReason reason, const char *ours_key, const char *ours,
			 const char *stated_key, const char *stated)
{
	open_reason(w, reason);
	if (ours)
		oms_json_string(w, ours_key, ours);
	oms_json_string(w, stated_key, stated);
	oms_json_close_object(w);
}

static void
check_overfill(const Execution *execution, const FillContext *context, JsonWriter *w)
{
	const Order *order = context->order;
	Numeric		most;
	Numeric		executed;

	if (order->order_qty == NULL)
		return;
	most = oms_dec_add(order->order_qty, oms_dec_mul(order->order_qty, context->tolerance));
	executed = order->executed_quantity;
	if (context->corrected && oms_execution_is_live(context->corrected))
		executed = oms_dec_sub(executed, context->corrected->quantity);
	if (oms_dec_cmp(oms_dec_add(executed, execution->quantity), most) <= 0)
		return;
	/* a correction that takes quantity away does not make it worse */
	if (context->corrected && oms_execution_is_live(context->corrected) &&
		oms_dec_cmp(execution->quantity, context->corrected->quantity) <= 0)
		return;
	open_reason(w, REVIEW_OVERFILL);
	oms_json_numeric(w, "orderQty", order->order_qty);
	oms_json_numeric(w, "executedQuantity", executed);
	oms_json_numeric(w, "lastQty", execution->quantity);
	oms_json_numeric(w, "tolerance", context->tolerance);
	oms_json_close_object(w);
}

static void
check_order(const Execution *execution, const FillContext *context, JsonWriter *w)
{
	const Order *order = context->order;

	if (execution->symbol && strcmp(execution->symbol, order->symbol) != 0)
		add_mismatch(w, REVIEW_WRONG_SYMBOL, "orderSymbol", order->symbol, "symbol", execution->symbol);
	if (execution->side && strcmp(execution->side, order->side) != 0)
		add_mismatch(w, REVIEW_WRONG_SIDE, "orderSide", order->side, "side", execution->side);
	if (order->conditions & COND_REJECTED)
		add_mismatch(w, REVIEW_ORDER_REJECTED, "reason", order->reason, "status",
					 oms_name_of(oms_order_status_names, order->status));
	check_overfill(execution, context, w);
	if (context->same_exec_id)
		add_mismatch(w, REVIEW_DUPLICATE_EXEC_ID, "executionId", context->same_exec_id->id, "execID",
					 execution->exec_id);
}

Jsonb *
oms_execution_review(const Execution *execution, const FillContext *context)
{
	JsonWriter	w = {0};

	if (context->unknown_execution)
		add_mismatch(&w, REVIEW_UNKNOWN_EXECUTION, NULL, NULL, "execRefID",
					 execution->exec_ref_id ? execution->exec_ref_id : "");
	if (context->ambiguous)
	{
		open_reason(&w, REVIEW_AMBIGUOUS_ORDER);
		oms_json_close_object(&w);
	}
	else if (context->order == NULL)
	{
		open_reason(&w, REVIEW_UNKNOWN_ORDER);
		if (context->named_order)
			oms_json_string(&w, "orderId", context->named_order);
		if (execution->cl_ord_id)
			oms_json_string(&w, "clOrdID", execution->cl_ord_id);
		if (execution->counterparty_order_id)
			oms_json_string(&w, "orderID", execution->counterparty_order_id);
		oms_json_close_object(&w);
	}
	else
		check_order(execution, context, &w);
	if (w.level == NULL)
		return NULL;
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool
oms_execution_is_repeat(const Command *command, const Execution *known)
{
	const char *type = command->exec_type ? command->exec_type :
		command->def->type == COMMAND_CORRECT_EXECUTION ? "TRADE_CORRECT" : "TRADE";
	/* a correction without ExecRefID means the fill that the known one corrects */
	const char *ref = command->exec_ref_id;

	if (ref == NULL && command->def->type == COMMAND_CORRECT_EXECUTION)
		ref = known->exec_ref_id;
	return same_text(type, known->exec_type) && same_text(ref, known->exec_ref_id) &&
		(command->last_qty == NULL || oms_dec_cmp(command->last_qty, known->last_qty) == 0) &&
		(command->last_px == NULL || oms_dec_cmp(command->last_px, known->last_px) == 0);
}

static Jsonb *
allocation_to(const char *order_id, Numeric quantity)
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

void
oms_execution_book(Execution *execution, const Order *order)
{
	execution->status = OMS_EXECUTION_ALLOCATED;
	execution->allocated_quantity = execution->quantity;
	execution->allocations = allocation_to(order->root_id, execution->quantity);
}

void
oms_execution_hold(Execution *execution, Jsonb *reasons)
{
	execution->status = OMS_EXECUTION_REVIEW;
	execution->review_reasons = reasons;
}

void
oms_execution_scale(Execution *execution, Numeric factor, Numeric rest)
{
	if (factor)
	{
		execution->quantity = oms_scale_fill(execution->quantity, factor);
		execution->quantity_factor = oms_scale_factor(execution->quantity_factor, factor);
	}
	if (rest)
		execution->quantity = oms_dec_trim(oms_dec_add(execution->quantity, rest));
	if (oms_dec_sign(execution->allocated_quantity) > 0)
	{
		execution->allocated_quantity = execution->quantity;
		execution->allocations = allocation_to(execution->root_id, execution->quantity);
	}
}

void
oms_execution_compare(Execution *execution, const Order *after)
{
	if (oms_order_disagrees(after, execution->cum_qty, execution->leaves_qty, execution->avg_px))
		execution->flags |= FLAG_DISAGREES;
}
