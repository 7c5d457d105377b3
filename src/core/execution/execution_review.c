/*-------------------------------------------------------------------------
 *
 * execution_review.c
 *	  Why a fill cannot be booked: what its report says, held against its order.
 *
 * Pure: values in, values out.  Each reason has a code and the figures, for the
 * desk.  What a report does not state, and what the order does not say, is held
 * against nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "core/execution/execution.h"

static const char *const review_codes[] = {
	[REVIEW_UNKNOWN_ORDER] = "UNKNOWN_ORDER",
	[REVIEW_AMBIGUOUS_ORDER] = "AMBIGUOUS_ORDER",
	[REVIEW_WRONG_SYMBOL] = "WRONG_SYMBOL",
	[REVIEW_WRONG_SIDE] = "WRONG_SIDE",
	[REVIEW_WRONG_CURRENCY] = "WRONG_CURRENCY",
	[REVIEW_WRONG_INSTRUMENT] = "WRONG_INSTRUMENT",
	[REVIEW_PRICE_BEYOND_LIMIT] = "PRICE_BEYOND_LIMIT",
	[REVIEW_ORDER_REJECTED] = "ORDER_REJECTED",
	[REVIEW_OVERFILL] = "OVERFILL",
	[REVIEW_DUPLICATE_EXEC_ID] = "DUPLICATE_EXEC_ID",
	[REVIEW_UNKNOWN_EXECUTION] = "UNKNOWN_EXECUTION",
	[REVIEW_POSSIBLE_DUPLICATE] = "POSSIBLE_DUPLICATE",
	[REVIEW_FOUR_EYES] = "FOUR_EYES",
	[REVIEW_RULE] = "RULE",
};

static void
review_open_reason(JsonWriter *w, ReviewReason reason)
{
	if (w->level == NULL)
		oms_json_open_array(w);
	oms_json_open_object(w);
	oms_json_string(w, "code", review_codes[reason]);
}

static void
review_add_mismatch(JsonWriter *w, ReviewReason reason, const char *ours_key, const char *ours,
					const char *stated_key, const char *stated)
{
	review_open_reason(w, reason);
	if (ours)
		oms_json_string(w, ours_key, ours);
	oms_json_string(w, stated_key, stated);
	oms_json_close_object(w);
}

static void
review_check_overfill(const Execution *execution, const FillContext *context, JsonWriter *w)
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
	review_open_reason(w, REVIEW_OVERFILL);
	oms_json_numeric(w, "orderQty", order->order_qty);
	oms_json_numeric(w, "executedQuantity", executed);
	oms_json_numeric(w, "lastQty", execution->quantity);
	oms_json_numeric(w, "tolerance", context->tolerance);
	oms_json_close_object(w);
}

static void
review_check_instrument(const Execution *execution, const Order *order, JsonWriter *w)
{
	InstrumentDifference difference;
	int			next = 0;

	while (oms_instrument_differs(execution->fix, order->fix, &next, &difference))
	{
		review_open_reason(w, REVIEW_WRONG_INSTRUMENT);
		oms_json_string(w, "field", difference.field);
		oms_json_string(w, "order", difference.b);
		oms_json_string(w, "stated", difference.a);
		oms_json_close_object(w);
	}
}

/* Its price is the difference of its legs', or is no price at all: it has no limit in our sense. */
static bool
review_is_priced_otherwise(Jsonb *fix)
{
	char	   *security_type = oms_fix_text(fix, "securityType");
	char	   *price_type = oms_fix_text(fix, "priceType");
	char	   *multi_leg = oms_fix_text(fix, "multiLegReportingType");

	return (security_type && strcmp(security_type, "MLEG") == 0) || oms_fix_text(fix, "noLegs") ||
		(multi_leg && strcmp(multi_leg, "3") == 0) ||
		/* 1 per cent of par, 2 per unit */
		(price_type && strcmp(price_type, "1") != 0 && strcmp(price_type, "2") != 0);
}

/* Is the price worse than the limit, for this side, by more than is put up with? */
static bool
review_is_beyond(const Execution *execution, const FillContext *context, const char *side, Numeric limit)
{
	Numeric		distance;
	Numeric		most = context->price_tolerance;
	Numeric		price = execution->last_px;

	/* what was stated before a split stands beside its factor; the limit was divided by it */
	if (execution->quantity_factor)
		price = oms_scale_price(price, execution->quantity_factor);
	distance = oms_price_beyond(context->order, side, price, limit);
	if (distance == NULL)
		return false;
	if (context->price_tolerance_is_part)
		most = oms_dec_mul(most, oms_dec_sign(limit) < 0 ? oms_dec_neg(limit) : limit);
	return oms_dec_cmp(distance, most) > 0;
}

/* A limit that the order had, or may have already, when the venue dealt. */
static bool
review_is_within_another_limit(const Execution *execution, const FillContext *context)
{
	const Order *order = context->order;
	ListCell   *cell;
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);

	for (int i = 0; i < count; i++)
		if (requests[i].kind == REQUEST_REPLACE && requests[i].terms.price &&
			!review_is_beyond(execution, context, order->side, requests[i].terms.price))
			return true;
	foreach(cell, context->past)
	{
		const PastTerms *past = lfirst(cell);

		if (past->price == NULL || !review_is_beyond(execution, context, past->side, past->price))
			return true;
	}
	return false;
}

static void
review_check_price(const Execution *execution, const FillContext *context, JsonWriter *w)
{
	const Order *order = context->order;
	const Execution *old = context->corrected;

	if (!oms_order_has_limit(order) || !review_is_beyond(execution, context, order->side, order->price) ||
		review_is_priced_otherwise(order->fix) || review_is_priced_otherwise(execution->fix) ||
		review_is_within_another_limit(execution, context))
		return;
	/* a correction that leaves the price of a live fill alone does not make it worse */
	if (old && oms_execution_is_live(old) && oms_dec_cmp(old->last_px, execution->last_px) == 0)
		return;
	review_open_reason(w, REVIEW_PRICE_BEYOND_LIMIT);
	oms_json_numeric(w, "price", order->price);
	oms_json_numeric(w, "lastPx", execution->last_px);
	oms_json_numeric(w, "tolerance", context->price_tolerance);
	oms_json_close_object(w);
}

static bool
review_had_side(const FillContext *context, const char *side)
{
	ListCell   *cell;

	foreach(cell, context->past)
		if (strcmp(((const PastTerms *) lfirst(cell))->side, side) == 0)
			return true;
	return false;
}

static void
review_add_typed(const Execution *typed, JsonWriter *w)
{
	review_open_reason(w, REVIEW_POSSIBLE_DUPLICATE);
	oms_json_string(w, "executionId", typed->id);
	if (typed->exec_id)
		oms_json_string(w, "execID", typed->exec_id);
	oms_json_numeric(w, "lastQty", typed->last_qty);
	oms_json_numeric(w, "lastPx", typed->last_px);
	oms_json_close_object(w);
}

static void
review_check_order(const Execution *execution, const FillContext *context, JsonWriter *w)
{
	const Order *order = context->order;

	if (execution->symbol && oms_symbols_differ(execution->symbol, order->symbol))
		review_add_mismatch(w, REVIEW_WRONG_SYMBOL, "orderSymbol", order->symbol, "symbol", execution->symbol);
	if (execution->side && strcmp(execution->side, order->side) != 0 && !review_had_side(context, execution->side))
		review_add_mismatch(w, REVIEW_WRONG_SIDE, "orderSide", order->side, "side", execution->side);
	/* prices in two currencies cannot be summed */
	if (execution->currency && order->currency && strcmp(execution->currency, order->currency) != 0)
		review_add_mismatch(w, REVIEW_WRONG_CURRENCY, "orderCurrency", order->currency, "currency", execution->currency);
	review_check_instrument(execution, order, w);
	/* a bust that waits for its fill has no price */
	if (!context->unknown_execution)
		review_check_price(execution, context, w);
	/* a dealer may change his mind */
	if ((order->conditions & COND_REJECTED) && order->quote_id == NULL)
		review_add_mismatch(w, REVIEW_ORDER_REJECTED, "reason", order->reason, "status",
							oms_name_of(oms_order_status_names, order->status));
	/* a bust that waits takes something back, and brings nothing */
	if (strcmp(execution->exec_type, "TRADE_CANCEL") != 0)
		review_check_overfill(execution, context, w);
	if (context->same_exec_id)
		review_add_mismatch(w, REVIEW_DUPLICATE_EXEC_ID, "executionId", context->same_exec_id->id, "execID",
							execution->exec_id);
	if (context->typed)
		review_add_typed(context->typed, w);
}

static void
review_add_findings(const List *findings, JsonWriter *w)
{
	int64		told = 0;
	ListCell   *cell;

	foreach(cell, findings)
	{
		const Finding *finding = lfirst(cell);

		if (finding->severity < FINDING_REVIEW)
			continue;
		if (!oms_finding_fits(finding, &told))
			break;
		review_open_reason(w, REVIEW_RULE);
		oms_json_string(w, "rule", finding->rule);
		if (finding->message)
			oms_json_string(w, "message", finding->message);
		oms_json_int(w, "version", finding->version);
		oms_json_close_object(w);
	}
}

static bool
review_is_code(Jsonb *reason, ReviewReason code)
{
	return oms_same_text(oms_json_get_string(reason, "code"), review_codes[code]);
}

/* These two of the reasons, as they are.  False: there is none. */
static bool
review_keep(Jsonb *reasons, ReviewReason one, ReviewReason other, JsonWriter *w)
{
	JsonbIterator *it = reasons ? JsonbIteratorInit(&reasons->root) : NULL;
	JsonbValue	v;
	JsonbIteratorToken token;
	bool		any = false;

	while (it && (token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		Jsonb	   *reason = token == WJB_ELEM ? JsonbValueToJsonb(&v) : NULL;

		if (reason == NULL || !(review_is_code(reason, one) || review_is_code(reason, other)))
			continue;
		if (w->level == NULL)
			oms_json_open_array(w);
		oms_json_scalar(w, NULL, &v);
		any = true;
	}
	return any;
}

/* Whose it is, nobody knows, and it is no better known for being corrected or proposed otherwise. */
static void
review_add_stranger(const Execution *execution, const FillContext *context, JsonWriter *w)
{
	if (review_keep(context->reasons_before, REVIEW_UNKNOWN_ORDER, REVIEW_AMBIGUOUS_ORDER, w) ||
		(context->corrected && review_keep(context->corrected->review_reasons, REVIEW_UNKNOWN_ORDER, REVIEW_AMBIGUOUS_ORDER, w)))
		return;
	review_open_reason(w, context->ambiguous ? REVIEW_AMBIGUOUS_ORDER : REVIEW_UNKNOWN_ORDER);
	if (!context->ambiguous)
	{
		if (context->named_order)
			oms_json_string(w, "orderId", context->named_order);
		if (execution->cl_ord_id)
			oms_json_string(w, "clOrdID", execution->cl_ord_id);
		if (execution->counterparty_order_id)
			oms_json_string(w, "orderID", execution->counterparty_order_id);
	}
	oms_json_close_object(w);
}

static void
review_add_four_eyes(const char *author, JsonWriter *w)
{
	review_open_reason(w, REVIEW_FOUR_EYES);
	oms_json_string(w, "author", author);
	oms_json_close_object(w);
}

Jsonb *
oms_reasons_four_eyes(const char *author)
{
	JsonWriter	w = {0};

	review_add_four_eyes(author, &w);
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

Jsonb *
oms_execution_review(const Execution *execution, const FillContext *context)
{
	JsonWriter	w = {0};

	if (context->unknown_execution)
		review_add_mismatch(&w, REVIEW_UNKNOWN_EXECUTION, NULL, NULL, "execRefID",
							execution->exec_ref_id ? execution->exec_ref_id : "");
	if (context->ambiguous || context->order == NULL)
		review_add_stranger(execution, context, &w);
	else
		review_check_order(execution, context, &w);
	review_add_findings(context->findings, &w);
	/* only the desk ends what a rule has said, and only somebody else what one person has said alone: not that something else has come */
	(void) review_keep(context->reasons_before, REVIEW_RULE, context->by_hand || context->approved ? REVIEW_RULE : REVIEW_FOUR_EYES, &w);
	if (context->by_hand && !context->approved)
		review_add_four_eyes(context->by_hand, &w);
	if (w.level == NULL)
		return NULL;
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

/* The first of these, or NULL. */
static Jsonb *
review_find_reason(Jsonb *reasons, const ReviewReason *codes, int count)
{
	JsonbIterator *it = reasons ? JsonbIteratorInit(&reasons->root) : NULL;
	JsonbValue	v;
	JsonbIteratorToken token;

	while (it && (token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		Jsonb	   *reason = token == WJB_ELEM ? JsonbValueToJsonb(&v) : NULL;

		for (int i = 0; reason && i < count; i++)
			if (review_is_code(reason, codes[i]))
				return reason;
	}
	return NULL;
}

char *
oms_reasons_order(Jsonb *reasons)
{
	static const ReviewReason code = REVIEW_UNKNOWN_ORDER;
	Jsonb	   *reason = review_find_reason(reasons, &code, 1);

	return reason ? oms_json_get_string(reason, "orderId") : NULL;
}

bool
oms_reasons_have(Jsonb *reasons, ReviewReason reason)
{
	return review_find_reason(reasons, &reason, 1) != NULL;
}

char *
oms_reasons_unseen(Jsonb *reasons, Jsonb *before)
{
	for (ReviewReason code = 0; code < lengthof(review_codes); code++)
		if (oms_reasons_have(reasons, code) && !oms_reasons_have(before, code))
			return pstrdup(review_codes[code]);
	return NULL;
}

bool
oms_reasons_tell_misdirected(Jsonb *reasons)
{
	static const ReviewReason codes[] = {REVIEW_WRONG_SYMBOL, REVIEW_WRONG_SIDE, REVIEW_WRONG_CURRENCY, REVIEW_WRONG_INSTRUMENT};

	return review_find_reason(reasons, codes, lengthof(codes)) != NULL;
}

bool
oms_reasons_ask_for_past(Jsonb *reasons)
{
	static const ReviewReason codes[] = {REVIEW_WRONG_SIDE, REVIEW_PRICE_BEYOND_LIMIT};

	return review_find_reason(reasons, codes, lengthof(codes)) != NULL;
}
