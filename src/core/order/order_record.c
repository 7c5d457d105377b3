/*-------------------------------------------------------------------------
 *
 * order_record.c
 *	  What an order is: its struct, its columns, its open requests.
 *
 * Pure.  The columns stand as sql/20_orders.sql has them; the regression test
 * model.sql compares the two.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/moment.h"
#include "core/command_size.h"
#include "core/kind.h"
#include "core/order/order.h"
#include "core/order/order_members.h"

const OmsName	oms_order_status_names[] = {
	{OMS_ORDER_PENDING_NEW, "PENDING_NEW", "A"},
	{OMS_ORDER_NEW, "NEW", "0"},
	{OMS_ORDER_PARTIALLY_FILLED, "PARTIALLY_FILLED", "1"},
	{OMS_ORDER_FILLED, "FILLED", "2"},
	{OMS_ORDER_DONE_FOR_DAY, "DONE_FOR_DAY", "3"},
	{OMS_ORDER_CANCELLED, "CANCELLED", "4", "CANCELED"},
	{OMS_ORDER_PENDING_CANCEL, "PENDING_CANCEL", "6"},
	{OMS_ORDER_PENDING_REPLACE, "PENDING_REPLACE", "E"},
	{OMS_ORDER_STOPPED, "STOPPED", "7"},
	{OMS_ORDER_SUSPENDED, "SUSPENDED", "9"},
	{OMS_ORDER_REJECTED, "REJECTED", "8"},
	{OMS_ORDER_EXPIRED, "EXPIRED", "C"},
	{OMS_ORDER_CALCULATED, "CALCULATED", "B"},
	{OMS_ORDER_ACCEPTED_FOR_BIDDING, "ACCEPTED_FOR_BIDDING", "D"},
	/* FIX 4.2 and before: only a counterparty states it */
	{OMS_ORDER_STATUS_COUNT + 1, "REPLACED", "5"},
	{0}
};

const OmsName	oms_condition_names[] = {
	{COND_ACCEPTED_FOR_BIDDING, "ACCEPTED_FOR_BIDDING"},
	{COND_PENDING_NEW, "PENDING_NEW"},
	{COND_NEW, "NEW"},
	{COND_REJECTED, "REJECTED"},
	{COND_CANCELLED, "CANCELLED"},
	{COND_EXPIRED, "EXPIRED"},
	{COND_CALCULATED, "CALCULATED"},
	{COND_DONE_FOR_DAY, "DONE_FOR_DAY"},
	{COND_STOPPED, "STOPPED"},
	{COND_SUSPENDED, "SUSPENDED"},
	{COND_PENDING_REPLACE, "PENDING_REPLACE"},
	{COND_PENDING_CANCEL, "PENDING_CANCEL"},
	{0}
};

const OmsName	oms_desk_status_names[] = {
	{DESK_QUEUED, "QUEUED"},
	{DESK_CLAIMED, "CLAIMED"},
	{DESK_RELEASED, "RELEASED"},
	{DESK_COMPLETED, "COMPLETED"},
	{0}
};

/* An example of a rule is a state of which only a part may be there. */
static bool
order_record_has_ended(const void *record)
{
	const Order *order = record;

	return order->executed_quantity != NULL && oms_order_has_ended(order);
}

#define ORDER(...)	RECORD_COLUMN(Order, __VA_ARGS__)

static const RecordColumn order_columns[] = {
	ORDER("orderId", id, FIELD_TEXT, .required = true),
	ORDER("rootId", root_id, FIELD_TEXT, .required = true),
	ORDER("parentId", parent_id, FIELD_TEXT),
	ORDER("version", version, FIELD_COUNT, .required = true),
	ORDER("treeVersion", tree_version, FIELD_COUNT_OR_NULL),
	ORDER("status", status, FIELD_NAME, .names = oms_order_status_names, .required = true),
	ORDER("conditions", conditions, FIELD_NAMES, .names = oms_condition_names, .required = true),
	ORDER("flags", flags, FIELD_NAMES, .names = oms_flag_names),
	ORDER("clOrdID", cl_ord_id, FIELD_TEXT),
	ORDER("fixSession", fix_session, FIELD_TEXT),
	ORDER("counterpartyOrderID", counterparty_order_id, FIELD_TEXT),
	ORDER("symbol", symbol, FIELD_TEXT, .required = true),
	ORDER("side", side, FIELD_TEXT, .names = oms_side_names, .required = true),
	ORDER("ordType", ord_type, FIELD_TEXT, .names = oms_ord_type_names, .required = true),
	ORDER("timeInForce", time_in_force, FIELD_TEXT, .names = oms_time_in_force_names),
	ORDER("orderQty", order_qty, FIELD_NUMERIC),
	ORDER("cashOrderQty", cash_order_qty, FIELD_NUMERIC),
	ORDER("price", price, FIELD_NUMERIC),
	ORDER("stopPx", stop_px, FIELD_NUMERIC),
	ORDER("expireTime", expire_time, FIELD_TIME),
	ORDER("expireDate", expire_date, FIELD_DATE),
	ORDER("account", account, FIELD_TEXT),
	ORDER("currency", currency, FIELD_TEXT),
	ORDER("assetClass", asset_class, FIELD_TEXT),
	ORDER("destination", destination, FIELD_TEXT),
	ORDER("executedQuantity", executed_quantity, FIELD_NUMERIC, .required = true),
	ORDER("leavesQuantity", leaves_quantity, FIELD_NUMERIC, .required = true),
	ORDER("workingQuantity", working_quantity, FIELD_NUMERIC, .required = true),
	ORDER("unplacedQuantity", unplaced_quantity, FIELD_NUMERIC, .required = true),
	ORDER("allocatedQuantity", allocated_quantity, FIELD_NUMERIC, .required = true),
	ORDER("executedValue", executed_value, FIELD_NUMERIC, .required = true),
	ORDER("avgPx", avg_px, FIELD_NUMERIC, .required = true),
	ORDER("ownExecutedQuantity", own_executed_quantity, FIELD_NUMERIC, .required = true),
	ORDER("reservedQuantity", reserved_quantity, FIELD_NUMERIC, .required = true),
	ORDER("reviewQuantity", review_quantity, FIELD_NUMERIC, .required = true),
	ORDER("childCount", child_count, FIELD_COUNT, .required = true),
	ORDER("liveChildren", live_children, FIELD_COUNT, .required = true),
	ORDER("quantityFactor", quantity_factor, FIELD_NUMERIC),
	ORDER("doneForDayDate", done_for_day_date, FIELD_DATE),
	ORDER("pendingRequests", pending_requests, FIELD_JSON, .shape = SHAPE_OBJECTS, .may_be_long = true),
	ORDER("reportedCumQty", reported_cum_qty, FIELD_NUMERIC),
	ORDER("reportedLeavesQty", reported_leaves_qty, FIELD_NUMERIC),
	ORDER("reportedAvgPx", reported_avg_px, FIELD_NUMERIC),
	ORDER("reportedOrdStatus", reported_ord_status, FIELD_TEXT, .names = oms_order_status_names),
	ORDER("reason", reason, FIELD_TEXT, .may_be_long = true),
	ORDER("text", text, FIELD_TEXT, .may_be_long = true),
	ORDER("fix", fix, FIELD_JSON, .shape = SHAPE_OBJECT, .may_be_long = true),
	ORDER("attributes", attributes, FIELD_JSON, .shape = SHAPE_OBJECT, .may_be_long = true),
	ORDER("createdAt", created_at, FIELD_TIME, .required = true),
	ORDER("updatedAt", updated_at, FIELD_TIME, .required = true),
	ORDER("treeUpdatedAt", tree_updated_at, FIELD_TIME),
	ORDER(NULL, hash, FIELD_HASH),
	/* few are kept */
	ORDER("corporateActions", corporate_actions, FIELD_JSON, .shape = SHAPE_OBJECTS),
	ORDER("deskStatus", desk_status, FIELD_NAME, .names = oms_desk_status_names),
	ORDER("deskUser", desk_user, FIELD_TEXT),
	ORDER("deskReason", desk_reason, FIELD_TEXT, .may_be_long = true),
	ORDER("deskSince", desk_since, FIELD_TIME),
	ORDER("members", members, FIELD_JSON, .shape = SHAPE_OBJECTS, .may_be_long = true, .size = oms_members_size),
	ORDER("blockOrderIds", block_order_ids, FIELD_JSON, .shape = SHAPE_TEXTS, .may_be_long = true),
	ORDER("liveBlocks", live_blocks, FIELD_COUNT_OR_NULL),
	ORDER("quoteId", quote_id, FIELD_TEXT),
	/* whatever became of it, fills go on: order_plan.c looks at it when something is due */
	ORDER("plannedSlices", planned_slices, FIELD_JSON, .may_be_long = true),
	ORDER("nextPlacementAt", next_placement_at, FIELD_TIME),
	ORDER("closed", closed, FIELD_BOOL, .required = true, .derive = order_record_has_ended),
};

static const TableKey order_keys[ORDER_KEYS] = {
	{true, {"id"}},
	[ORDER_BY_ROOT] = {false, {"root_id"}},
	/* no index of ours: who has rules that ask makes one (doc/rules.md) */
	[ORDER_BY_ACCOUNT] = {false, {"account", "symbol"}, .only = {"parent_id", NULL}, .moment = "created_at"},
};

/* What there are indexes of: those at the desk, blocks, with a plan, open ones, and roots. */
static const TableFact order_facts[] = {{"desk_status", NULL}, {"members", NULL}, {"next_placement_at", NULL}, {"closed", "false"}, {"parent_id", NULL}, {0}};

static RecordOrder order_key_order;

const RecordDef oms_order_def = {
	.kind = KIND_ORDER,
	.name = "order",
	.table = "orders",
	.columns = order_columns,
	.ncolumns = lengthof(order_columns),
	.keys = order_keys,
	.nkeys = ORDER_KEYS,
	.facts = order_facts,
	.order = &order_key_order,
	.size = sizeof(Order),
};

void
oms_order_shorten(void *record, const Object *before)
{
	Order	   *order = record;
	const Order *found = (const Order *) before;
	int64		most = oms_state_size_max();

	if (found == NULL)
		return;
	order->fix = found->fix;
	if (oms_state_size(&oms_order_def, order) > most)
		order->text = found->text;
	if (oms_state_size(&oms_order_def, order) > most)
		order->reason = found->reason;
}

bool
oms_order_is_root(const Object *order)
{
	return ((const Order *) order)->parent_id == NULL;
}

void
oms_terms_to_json(const OrderTerms *terms, JsonWriter *w)
{
	if (terms->order_qty)
		oms_json_numeric(w, "orderQty", terms->order_qty);
	if (terms->cash_order_qty)
		oms_json_numeric(w, "cashOrderQty", terms->cash_order_qty);
	if (terms->price)
		oms_json_numeric(w, "price", terms->price);
	if (terms->stop_px)
		oms_json_numeric(w, "stopPx", terms->stop_px);
	if (terms->ord_type)
		oms_json_string(w, "ordType", terms->ord_type);
	if (terms->time_in_force)
		oms_json_string(w, "timeInForce", terms->time_in_force);
	if (terms->expire_time != NO_TIME)
		oms_json_time(w, "expireTime", terms->expire_time);
	if (terms->expire_date != NO_DATE)
		oms_json_date(w, "expireDate", terms->expire_date);
	if (terms->side)
		oms_json_string(w, "side", terms->side);
	if (terms->account)
		oms_json_string(w, "account", terms->account);
}

static void
order_record_cascade_to_json(const OrderRequest *r, JsonWriter *w)
{
	oms_json_string(w, "cascadeId", r->cascade_id);
	if (r->awaits != 0)
		oms_json_int(w, "awaits", r->awaits);
	if (r->refused)
		oms_json_string(w, "refused", r->refused);
}

static void
order_record_cascade_from_json(Jsonb *json, OrderRequest *r)
{
	Numeric		awaits;

	r->cascade_id = oms_json_get_string(json, "cascadeId");
	if (r->cascade_id == NULL)
		return;
	r->refused = oms_json_get_string(json, "refused");
	awaits = oms_json_get_numeric(json, "awaits");
	r->awaits = awaits ? numeric_int4_opt_error(awaits, NULL) : 0;
}

Jsonb *
oms_requests_to_json(const OrderRequest *requests, int count)
{
	JsonWriter	w = {0};

	if (count == 0)
		return NULL;
	oms_json_open_array(&w);
	for (int i = 0; i < count; i++)
	{
		const OrderRequest *r = &requests[i];

		oms_json_open_object(&w);
		oms_json_string(&w, "request", r->kind == REQUEST_CANCEL ? "CANCEL" : "REPLACE");
		oms_json_bool(&w, "pending", r->shown);
		if (r->cl_ord_id)
			oms_json_string(&w, "clOrdID", r->cl_ord_id);
		if (r->orig_cl_ord_id)
			oms_json_string(&w, "origClOrdID", r->orig_cl_ord_id);
		if (r->unasked)
			oms_json_bool(&w, "unasked", true);
		if (r->kind == REQUEST_REPLACE)
			oms_terms_to_json(&r->terms, &w);
		if (r->restores_qty)
			oms_json_numeric(&w, "restoresOrderQty", r->restores_qty);
		if (r->cascade_id)
			order_record_cascade_to_json(r, &w);
		oms_json_close_object(&w);
	}
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

static void
order_record_request_from_json(Jsonb *json, OrderRequest *r)
{
	JsonbValue	hold;
	JsonbValue *v = oms_json_get(json, "pending", &hold);
	char	   *text = oms_json_get_string(json, "request");

	r->kind = text && strcmp(text, "CANCEL") == 0 ? REQUEST_CANCEL : REQUEST_REPLACE;
	r->shown = v && v->type == jbvBool && v->val.boolean;
	r->cl_ord_id = oms_json_get_string(json, "clOrdID");
	r->orig_cl_ord_id = oms_json_get_string(json, "origClOrdID");
	v = oms_json_get(json, "unasked", &hold);
	r->unasked = v && v->type == jbvBool && v->val.boolean;
	r->restores_qty = oms_json_get_numeric(json, "restoresOrderQty");
	order_record_cascade_from_json(json, r);
	r->terms.order_qty = oms_json_get_numeric(json, "orderQty");
	r->terms.cash_order_qty = oms_json_get_numeric(json, "cashOrderQty");
	r->terms.price = oms_json_get_numeric(json, "price");
	r->terms.stop_px = oms_json_get_numeric(json, "stopPx");
	r->terms.ord_type = oms_json_get_string(json, "ordType");
	r->terms.time_in_force = oms_json_get_string(json, "timeInForce");
	r->terms.expire_time = NO_TIME;
	r->terms.expire_date = NO_DATE;
	r->terms.side = oms_json_get_string(json, "side");
	r->terms.account = oms_json_get_string(json, "account");
	text = oms_json_get_string(json, "expireTime");
	if (text)
		oms_time_parse(text, strlen(text), &r->terms.expire_time);
	text = oms_json_get_string(json, "expireDate");
	if (text)
		oms_date_parse(text, strlen(text), &r->terms.expire_date);
}

OrderRequest *
oms_requests_from_json(Jsonb *json, int *count)
{
	OrderRequest *requests;
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;

	*count = 0;
	if (json == NULL)
		return NULL;
	requests = palloc0(sizeof(OrderRequest) * JB_ROOT_COUNT(json));
	it = JsonbIteratorInit(&json->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_ELEM)
			order_record_request_from_json(JsonbValueToJsonb(&v), &requests[(*count)++]);
	return requests;
}
