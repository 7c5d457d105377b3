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

char *
oms_fix_text(Jsonb *fix, const char *name)
{
	JsonbValue	hold;
	JsonbValue *v = fix ? oms_json_get(fix, name, &hold) : NULL;

	if (v == NULL)
		return NULL;
	if (v->type == jbvNumeric)
		return oms_dec_text(v->val.numeric);
	return v->type == jbvString ? pnstrdup(v->val.string.val, v->val.string.len) : NULL;
}

typedef enum InstrumentMatch
{
	MATCH_TEXT,
	MATCH_DECIMAL,				/* 100 and 100.00 are one strike */
	MATCH_MONTH					/* a month, and a day or week of it, may be one contract */
} InstrumentMatch;

/* What of the Instrument block tells one contract from another, where both state it. */
static const struct
{
	const char *name;
	InstrumentMatch match;
}			instrument_fields[] = {
	{"securityID", MATCH_TEXT},	/* 48, in the scheme of 22 */
	{"securityType", MATCH_TEXT},	/* 167 */
	{"maturityMonthYear", MATCH_MONTH}, /* 200 */
	{"maturityDate", MATCH_TEXT},	/* 541 */
	{"putOrCall", MATCH_TEXT},	/* 201 */
	{"strikePrice", MATCH_DECIMAL}, /* 202 */
	{"securityExchange", MATCH_TEXT}	/* 207 */
};

static bool
review_same_field(const char *a, const char *b, InstrumentMatch match)
{
	Numeric		x,
				y;

	if (strcmp(a, b) == 0)
		return true;
	if (match == MATCH_DECIMAL)
		return oms_dec_parse(a, strlen(a), &x) && oms_dec_parse(b, strlen(b), &y) && oms_dec_cmp(x, y) == 0;
	return match == MATCH_MONTH && strncmp(a, b, Min(strlen(a), strlen(b))) == 0;
}

static void
review_check_instrument(const Execution *execution, const Order *order, JsonWriter *w)
{
	if (execution->fix == NULL || order->fix == NULL)
		return;
	for (int i = 0; i < lengthof(instrument_fields); i++)
	{
		char	   *stated = oms_fix_text(execution->fix, instrument_fields[i].name);
		char	   *ours = stated ? oms_fix_text(order->fix, instrument_fields[i].name) : NULL;

		if (ours == NULL || review_same_field(stated, ours, instrument_fields[i].match))
			continue;
		if (i == 0)
		{
			char	   *stated_source = oms_fix_text(execution->fix, "securityIDSource");
			char	   *our_source = oms_fix_text(order->fix, "securityIDSource");

			/* an ISIN is never equal to a symbol of the exchange */
			if (stated_source && our_source && strcmp(stated_source, our_source) != 0)
				continue;
		}
		review_open_reason(w, REVIEW_WRONG_INSTRUMENT);
		oms_json_string(w, "field", instrument_fields[i].name);
		oms_json_string(w, "order", ours);
		oms_json_string(w, "stated", stated);
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

/* "EUR/USD" dealt in USD: who buys dollars sells euros at that price. */
static bool
review_is_second_of_pair(const Order *order)
{
	return order->currency && strlen(order->symbol) == 7 && order->symbol[3] == '/' &&
		strcmp(order->symbol + 4, order->currency) == 0;
}

/* Is the price worse than the limit, for this side, by more than is put up with? */
static bool
review_is_beyond(const Execution *execution, const FillContext *context, const char *side, Numeric limit)
{
	Numeric		distance;
	Numeric		most = context->price_tolerance;
	Numeric		price = execution->last_px;
	bool		buys;

	if (!oms_sides_are_kin(side, "BUY") && !oms_sides_are_kin(side, "SELL"))
		return false;
	buys = oms_sides_are_kin(side, "BUY") != review_is_second_of_pair(context->order);
	/* what was stated before a split stands beside its factor; the limit was divided by it */
	if (execution->quantity_factor)
		price = oms_scale_price(price, execution->quantity_factor);
	distance = buys ? oms_dec_sub(price, limit) : oms_dec_sub(limit, price);
	if (oms_dec_sign(distance) <= 0)
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
	if (order->conditions & COND_REJECTED)
		review_add_mismatch(w, REVIEW_ORDER_REJECTED, "reason", order->reason, "status",
							oms_name_of(oms_order_status_names, order->status));
	/* a bust that waits takes something back, and brings nothing */
	if (strcmp(execution->exec_type, "TRADE_CANCEL") != 0)
		review_check_overfill(execution, context, w);
	if (context->same_exec_id)
		review_add_mismatch(w, REVIEW_DUPLICATE_EXEC_ID, "executionId", context->same_exec_id->id, "execID",
							execution->exec_id);
}

static void
review_add_findings(const List *findings, JsonWriter *w)
{
	ListCell   *cell;

	foreach(cell, findings)
	{
		const Finding *finding = lfirst(cell);

		if (finding->severity < FINDING_REVIEW)
			continue;
		review_open_reason(w, REVIEW_RULE);
		oms_json_string(w, "rule", finding->rule);
		if (finding->message)
			oms_json_string(w, "message", finding->message);
		oms_json_int(w, "version", finding->version);
		oms_json_close_object(w);
	}
}

/* Only the desk ends what a rule has said: not that something else has come. */
static void
review_add_rules_before(Jsonb *reasons, JsonWriter *w)
{
	JsonbIterator *it = reasons ? JsonbIteratorInit(&reasons->root) : NULL;
	JsonbValue	v;
	JsonbIteratorToken token;

	while (it && (token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM || !oms_same_text(oms_json_get_string(JsonbValueToJsonb(&v), "code"), review_codes[REVIEW_RULE]))
			continue;
		if (w->level == NULL)
			oms_json_open_array(w);
		oms_json_scalar(w, NULL, &v);
	}
}

Jsonb *
oms_execution_review(const Execution *execution, const FillContext *context)
{
	JsonWriter	w = {0};

	if (context->unknown_execution)
		review_add_mismatch(&w, REVIEW_UNKNOWN_EXECUTION, NULL, NULL, "execRefID",
							execution->exec_ref_id ? execution->exec_ref_id : "");
	if (context->ambiguous)
	{
		review_open_reason(&w, REVIEW_AMBIGUOUS_ORDER);
		oms_json_close_object(&w);
	}
	else if (context->order == NULL)
	{
		review_open_reason(&w, REVIEW_UNKNOWN_ORDER);
		if (context->named_order)
			oms_json_string(&w, "orderId", context->named_order);
		if (execution->cl_ord_id)
			oms_json_string(&w, "clOrdID", execution->cl_ord_id);
		if (execution->counterparty_order_id)
			oms_json_string(&w, "orderID", execution->counterparty_order_id);
		oms_json_close_object(&w);
	}
	else
		review_check_order(execution, context, &w);
	review_add_findings(context->findings, &w);
	review_add_rules_before(context->reasons_before, &w);
	if (w.level == NULL)
		return NULL;
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

static bool
review_has_reason(Jsonb *reasons, const ReviewReason *codes, int count)
{
	JsonbIterator *it = reasons ? JsonbIteratorInit(&reasons->root) : NULL;
	JsonbValue	v;
	JsonbIteratorToken token;

	while (it && (token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		char	   *code = token == WJB_ELEM ? oms_json_get_string(JsonbValueToJsonb(&v), "code") : NULL;

		for (int i = 0; code && i < count; i++)
			if (strcmp(code, review_codes[codes[i]]) == 0)
				return true;
	}
	return false;
}

bool
oms_reasons_tell_misdirected(Jsonb *reasons)
{
	static const ReviewReason codes[] = {REVIEW_WRONG_SYMBOL, REVIEW_WRONG_SIDE, REVIEW_WRONG_CURRENCY, REVIEW_WRONG_INSTRUMENT};

	return review_has_reason(reasons, codes, lengthof(codes));
}

bool
oms_reasons_ask_for_past(Jsonb *reasons)
{
	static const ReviewReason codes[] = {REVIEW_WRONG_SIDE, REVIEW_PRICE_BEYOND_LIMIT};

	return review_has_reason(reasons, codes, lengthof(codes));
}
