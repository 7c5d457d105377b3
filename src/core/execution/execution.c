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
#include "base/moment.h"
#include "core/command_route.h"
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

/* Is the one the other, but for the last digit of both? */
static bool
is_rounding(Numeric a, Numeric b)
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
count_correction(const FillContext *context, Execution *execution)
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
	if (oms_dec_sign(left) > 0 && is_rounding(execution->quantity, left))
		execution->quantity = left;
}

/* As this report states it, else the one it corrects, else as the order has it. */
static char *
stated(char *by_report, char *by_corrected, char *by_order)
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
	execution->trade_date = command->trade_date != NO_DATE || old == NULL ? command->trade_date : old->trade_date;
	execution->settl_date = command->settl_date != NO_DATE || old == NULL ? command->settl_date : old->settl_date;
	execution->commission = command->commission ? command->commission : old ? old->commission : NULL;
	execution->comm_type = stated(command->comm_type, old ? old->comm_type : NULL, NULL);
	execution->last_capacity = stated(command->last_capacity, old ? old->last_capacity : NULL, NULL);
	execution->currency = stated(command->currency, old ? old->currency : NULL, order ? order->currency : NULL);
	execution->account = order ? order->account : NULL;
	execution->reported_account = stated(command->account, old ? old->reported_account : NULL, NULL);
	if (execution->account && execution->reported_account &&
		strcmp(execution->account, execution->reported_account) != 0)
		execution->flags |= FLAG_DISAGREES;
	if (old && oms_execution_comes_late(execution, old))
		execution->flags |= FLAG_DISAGREES;
	execution->created_at = context->now;
	/* a correction of a fill from before a split is stated as that fill was */
	execution->quantity_factor = old ? old->quantity_factor : NULL;
	execution->allocated_quantity = oms_dec_zero();
	count_quantity(execution);
	if (old && old->quantity_factor)
		count_correction(context, execution);
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
same_field(const char *a, const char *b, InstrumentMatch match)
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
check_instrument(const Execution *execution, const Order *order, JsonWriter *w)
{
	if (execution->fix == NULL || order->fix == NULL)
		return;
	for (int i = 0; i < lengthof(instrument_fields); i++)
	{
		char	   *stated = oms_fix_text(execution->fix, instrument_fields[i].name);
		char	   *ours = stated ? oms_fix_text(order->fix, instrument_fields[i].name) : NULL;

		if (ours == NULL || same_field(stated, ours, instrument_fields[i].match))
			continue;
		if (i == 0)
		{
			char	   *stated_source = oms_fix_text(execution->fix, "securityIDSource");
			char	   *our_source = oms_fix_text(order->fix, "securityIDSource");

			/* an ISIN is never equal to a symbol of the exchange */
			if (stated_source && our_source && strcmp(stated_source, our_source) != 0)
				continue;
		}
		open_reason(w, REVIEW_WRONG_INSTRUMENT);
		oms_json_string(w, "field", instrument_fields[i].name);
		oms_json_string(w, "order", ours);
		oms_json_string(w, "stated", stated);
		oms_json_close_object(w);
	}
}

/* Its price is the difference of its legs', or is no price at all: it has no limit in our sense. */
static bool
is_priced_otherwise(Jsonb *fix)
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
is_second_of_pair(const Order *order)
{
	return order->currency && strlen(order->symbol) == 7 && order->symbol[3] == '/' &&
		strcmp(order->symbol + 4, order->currency) == 0;
}

/* Is the price worse than the limit, for this side, by more than is put up with? */
static bool
is_beyond(const Execution *execution, const FillContext *context, const char *side, Numeric limit)
{
	Numeric		distance;
	Numeric		most = context->price_tolerance;
	Numeric		price = execution->last_px;
	bool		buys;

	if (!oms_sides_are_kin(side, "BUY") && !oms_sides_are_kin(side, "SELL"))
		return false;
	buys = oms_sides_are_kin(side, "BUY") != is_second_of_pair(context->order);
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
is_within_another_limit(const Execution *execution, const FillContext *context)
{
	const Order *order = context->order;
	ListCell   *cell;
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);

	for (int i = 0; i < count; i++)
		if (requests[i].kind == REQUEST_REPLACE && requests[i].terms.price &&
			!is_beyond(execution, context, order->side, requests[i].terms.price))
			return true;
	foreach(cell, context->past)
	{
		const PastTerms *past = lfirst(cell);

		if (past->price == NULL || !is_beyond(execution, context, past->side, past->price))
			return true;
	}
	return false;
}

static void
check_price(const Execution *execution, const FillContext *context, JsonWriter *w)
{
	const Order *order = context->order;
	const Execution *old = context->corrected;

	if (!oms_order_has_limit(order) || !is_beyond(execution, context, order->side, order->price) ||
		is_priced_otherwise(order->fix) || is_priced_otherwise(execution->fix) ||
		is_within_another_limit(execution, context))
		return;
	/* a correction that leaves the price of a live fill alone does not make it worse */
	if (old && oms_execution_is_live(old) && oms_dec_cmp(old->last_px, execution->last_px) == 0)
		return;
	open_reason(w, REVIEW_PRICE_BEYOND_LIMIT);
	oms_json_numeric(w, "price", order->price);
	oms_json_numeric(w, "lastPx", execution->last_px);
	oms_json_numeric(w, "tolerance", context->price_tolerance);
	oms_json_close_object(w);
}

static bool
had_side(const FillContext *context, const char *side)
{
	ListCell   *cell;

	foreach(cell, context->past)
		if (strcmp(((const PastTerms *) lfirst(cell))->side, side) == 0)
			return true;
	return false;
}

static void
check_order(const Execution *execution, const FillContext *context, JsonWriter *w)
{
	const Order *order = context->order;

	if (execution->symbol && oms_symbols_differ(execution->symbol, order->symbol))
		add_mismatch(w, REVIEW_WRONG_SYMBOL, "orderSymbol", order->symbol, "symbol", execution->symbol);
	if (execution->side && strcmp(execution->side, order->side) != 0 && !had_side(context, execution->side))
		add_mismatch(w, REVIEW_WRONG_SIDE, "orderSide", order->side, "side", execution->side);
	/* prices in two currencies cannot be summed */
	if (execution->currency && order->currency && strcmp(execution->currency, order->currency) != 0)
		add_mismatch(w, REVIEW_WRONG_CURRENCY, "orderCurrency", order->currency, "currency", execution->currency);
	check_instrument(execution, order, w);
	/* a bust that waits for its fill has no price */
	if (!context->unknown_execution)
		check_price(execution, context, w);
	if (order->conditions & COND_REJECTED)
		add_mismatch(w, REVIEW_ORDER_REJECTED, "reason", order->reason, "status",
					 oms_name_of(oms_order_status_names, order->status));
	/* a bust that waits takes something back, and brings nothing */
	if (strcmp(execution->exec_type, "TRADE_CANCEL") != 0)
		check_overfill(execution, context, w);
	if (context->same_exec_id)
		add_mismatch(w, REVIEW_DUPLICATE_EXEC_ID, "executionId", context->same_exec_id->id, "execID",
					 execution->exec_id);
}

static void
add_findings(const List *findings, JsonWriter *w)
{
	ListCell   *cell;

	foreach(cell, findings)
	{
		const Finding *finding = lfirst(cell);

		if (finding->severity < FINDING_REVIEW)
			continue;
		open_reason(w, REVIEW_RULE);
		oms_json_string(w, "rule", finding->rule);
		if (finding->message)
			oms_json_string(w, "message", finding->message);
		oms_json_int(w, "version", finding->version);
		oms_json_close_object(w);
	}
}

/* Only the desk ends what a rule has said: not that something else has come. */
static void
add_rules_before(Jsonb *reasons, JsonWriter *w)
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
	add_findings(context->findings, &w);
	add_rules_before(context->reasons_before, &w);
	if (w.level == NULL)
		return NULL;
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

static bool
has_reason(Jsonb *reasons, const ReviewReason *codes, int count)
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

	return has_reason(reasons, codes, lengthof(codes));
}

bool
oms_reasons_ask_for_past(Jsonb *reasons)
{
	static const ReviewReason codes[] = {REVIEW_WRONG_SIDE, REVIEW_PRICE_BEYOND_LIMIT};

	return has_reason(reasons, codes, lengthof(codes));
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

const Transition *
oms_execution_book(Execution *execution, const Order *order)
{
	execution->review_reasons = NULL;
	execution->allocated_quantity = execution->quantity;
	execution->allocations = allocation_to(order->root_id, execution->quantity);
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
	return oms_execution_change(execution, trigger);
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

/* ------------------------------------------------------------------------
 * looking executions up
 * ------------------------------------------------------------------------
 */

static List *
find_by(const Decision *d, int key, const char *const *values)
{
	return oms_decision_find(d, KIND_EXECUTION, key, &values, 1);
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
compare_executions(const ListCell *a, const ListCell *b)
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
	List	   *executions = find_by(d, EXECUTION_BY_ORDER, (const char *const[]) {order_id});

	list_sort(executions, compare_executions);
	return executions;
}

List *
oms_executions_by_exec_id(const Decision *d, const char *order_id, const char *exec_id)
{
	return find_by(d, EXECUTION_BY_EXEC_ID, (const char *const[]) {order_id, exec_id});
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
		find_by(d, EXECUTION_BY_EXEC_ID, of_none);
	ListCell   *cell;

	foreach(cell, executions)
	{
		const Execution *execution = lfirst(cell);

		/* one without an order may have found another while we waited for its lock */
		if (execution->order_id != NULL && (order_id == NULL || strcmp(execution->order_id, order_id) != 0))
			executions = foreach_delete_current(executions, cell);
	}
	list_sort(executions, compare_executions);
	return executions;
}
