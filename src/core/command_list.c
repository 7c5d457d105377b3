/*-------------------------------------------------------------------------
 *
 * command_list.c
 *	  The table of all commands.
 *
 * Pure data.  This table is the only list of commands and fields: the reference in
 * the README is checked against it (oms.command_reference), command_read.c reads a
 * command by it, and oms_fix() builds commands that are read like anybody else's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/command.h"
#include "core/desk/desk.h"
#include "core/execution/allocation.h"
#include "core/execution/allocation_terms.h"
#include "core/execution/fill_desk.h"
#include "core/execution/fill_settle.h"
#include "core/order/order_block.h"
#include "core/order/order_commands.h"
#include "core/order/order_members.h"
#include "core/order/order_split.h"
#include "core/purge.h"
#include "core/quote/quote.h"

#define F(name, type, member)			{name, type, false, false, offsetof(Command, member), NULL}
#define REQ(name, type, member)			{name, type, true, false, offsetof(Command, member), NULL}
#define NAMED(name, member, names)		{name, CMD_NAME, false, false, offsetof(Command, member), names}
#define INTERNAL(name, type, member)	{name, type, false, true, offsetof(Command, member), NULL}
/* what a report echoes or states besides what it does */
#define STATED(n, t, member)			{.name = n, .type = t, .offset = offsetof(Command, member), .stated = true}
#define STATED_NAME(n, t, member, list) \
	{.name = n, .type = t, .offset = offsetof(Command, member), .names = list, .stated = true}
#define STATED_INTERNAL(n, t, member)	{.name = n, .type = t, .internal = true, .offset = offsetof(Command, member), .stated = true}
/* every id of an object says what it names: by that a command finds its database (command_route.c) */
#define OBJECT_ID(name, member, role)	{name, CMD_ID, false, false, offsetof(Command, member), NULL, role}
#define REQ_OBJECT_ID(name, member, role) {name, CMD_ID, true, false, offsetof(Command, member), NULL, role}

/* what every command may have */
#define EVERY_FIELDS \
	F("commandId", CMD_ID, command_id), \
	OBJECT_ID("rootId", root_id, ID_OF_ROOT), \
	F("expectedVersion", CMD_VERSION, expected_version), \
	F("correlationId", CMD_ID, correlation_id), \
	F("causationId", CMD_ID, causation_id), \
	STATED("transactTime", CMD_TIME, transact_time)

/* … of ours */
#define COMMON_FIELDS \
	EVERY_FIELDS, \
	STATED("text", CMD_TEXT, text), \
	F("attributes", CMD_OBJECT, attributes), \
	INTERNAL("fixMessage", CMD_TEXT, fix_message), \
	INTERNAL("fixMessageBase64", CMD_TEXT, fix_message), \
	INTERNAL("fixMessageIn", CMD_ID, fix_message), \
	INTERNAL("fixEncoding", CMD_TEXT, fix_encoding), \
	INTERNAL("fixSession", CMD_TEXT, fix_session)

/* what a counterparty's report states besides what it does */
#define STATED_FIELDS \
	F("execID", CMD_ID, exec_id), \
	NAMED("execType", exec_type, oms_exec_type_names), \
	STATED_NAME("ordStatus", CMD_OPEN_NAME, ord_status, oms_order_status_names), \
	STATED("cumQty", CMD_QTY_OR_ZERO, cum_qty), \
	STATED("leavesQty", CMD_QTY_OR_ZERO, leaves_qty), \
	STATED("avgPx", CMD_FIGURE, avg_px), \
	F("orderID", CMD_ID, counterparty_order_id), \
	STATED("origClOrdID", CMD_ID, orig_cl_ord_id), \
	STATED("symbol", CMD_ID, symbol), \
	STATED_NAME("side", CMD_NAME, side, oms_side_names), \
	STATED("account", CMD_ID, account), \
	STATED("currency", CMD_ID, currency), \
	STATED("tradeDate", CMD_DATE, trade_date), \
	F("possDupFlag", CMD_BOOL, poss_dup), \
	F("possResend", CMD_BOOL, poss_resend)

/* facts of an execution that a correction may change */
#define FACT_FIELDS \
	STATED("settlDate", CMD_DATE, settl_date), \
	STATED("commission", CMD_PRICE, commission), \
	STATED_NAME("commType", CMD_OPEN_NAME, comm_type, oms_comm_type_names), \
	STATED_NAME("lastCapacity", CMD_OPEN_NAME, last_capacity, oms_last_capacity_names)

#define TERM_FIELDS \
	STATED("orderQty", CMD_QTY, terms.order_qty), \
	STATED("cashOrderQty", CMD_QTY, terms.cash_order_qty), \
	STATED("price", CMD_PRICE, terms.price), \
	STATED("stopPx", CMD_PRICE, terms.stop_px), \
	STATED_NAME("ordType", CMD_NAME, terms.ord_type, oms_ord_type_names), \
	STATED_NAME("timeInForce", CMD_NAME, terms.time_in_force, oms_time_in_force_names), \
	STATED("expireTime", CMD_TIME, terms.expire_time), \
	STATED("expireDate", CMD_DATE, terms.expire_date)

#define LAST_FIELDS \
	F("lastQty", CMD_QTY_OR_ZERO, last_qty), \
	F("lastPx", CMD_PRICE, last_px), \
	STATED("lastMkt", CMD_ID, last_mkt)

#define CREATE_FIELDS \
	OBJECT_ID("orderId", order_id, ID_OF_NEW), \
	F("clOrdID", CMD_ID, cl_ord_id), \
	TERM_FIELDS, \
	{.name = "symbol", .type = CMD_ID, .offset = offsetof(Command, symbol), .stated = true, .unless = "parentId"}, \
	{.name = "side", .type = CMD_NAME, .offset = offsetof(Command, side), .names = oms_side_names, .stated = true, \
	.unless = "parentId"}, \
	STATED("account", CMD_ID, account), \
	STATED("currency", CMD_ID, currency), \
	F("assetClass", CMD_ID, asset_class), \
	STATED("destination", CMD_ID, destination), \
	F("pending", CMD_BOOL, pending)

const CommandField oms_every_field[] = {EVERY_FIELDS, {0}};

static const CommandField create_fields[] = {
	CREATE_FIELDS, COMMON_FIELDS, OBJECT_ID("parentId", parent_id, ID_OF_ORDER),
	/* an order that was telephoned: the counterparty's report creates it */
	INTERNAL("orderID", CMD_ID, counterparty_order_id), {0}
};

/* a slice of a placement: a Create order whose parent is known */
static const CommandField slice_fields[] = {
	CREATE_FIELDS, F("text", CMD_TEXT, text), F("attributes", CMD_OBJECT, attributes),
	F("placeAt", CMD_TIME, place_at), F("followsOrder", CMD_BOOL, follows_order),
	F("clOrdIDPattern", CMD_ID, cl_ord_id_pattern), {0}
};

/* an order command that tells what a counterparty did, or does it for them */
static const CommandField report_fields[] = {
	REQ_OBJECT_ID("orderId", order_id, ID_OF_ORDER), F("clOrdID", CMD_ID, cl_ord_id), STATED("reason", CMD_TEXT, reason),
	TERM_FIELDS, LAST_FIELDS, STATED_FIELDS, COMMON_FIELDS, {0}
};
static const CommandField expire_fields[] = {
	REQ_OBJECT_ID("orderId", order_id, ID_OF_ORDER), F("clOrdID", CMD_ID, cl_ord_id),
	F("overdue", CMD_BOOL, overdue), STATED("reason", CMD_TEXT, reason),
	TERM_FIELDS, LAST_FIELDS, STATED_FIELDS, COMMON_FIELDS, {0}
};
static const CommandField accept_fields[] = {
	REQ_OBJECT_ID("orderId", order_id, ID_OF_ORDER), F("clOrdID", CMD_ID, cl_ord_id),
	F("forBidding", CMD_BOOL, for_bidding), STATED("reason", CMD_TEXT, reason),
	TERM_FIELDS, LAST_FIELDS, STATED_FIELDS, COMMON_FIELDS, {0}
};
static const CommandField request_fields[] = {
	REQ_OBJECT_ID("orderId", order_id, ID_OF_ORDER), F("clOrdID", CMD_ID, cl_ord_id),
	F("pending", CMD_BOOL, pending), INTERNAL("cascadeId", CMD_ID, cascade_id), STATED("reason", CMD_TEXT, reason),
	TERM_FIELDS, LAST_FIELDS, STATED_FIELDS, COMMON_FIELDS, {0}
};
static const CommandField restate_fields[] = {
	REQ_OBJECT_ID("orderId", order_id, ID_OF_ORDER), F("clOrdID", CMD_ID, cl_ord_id),
	{"reason", CMD_OPEN_NAME, false, false, offsetof(Command, reason), oms_restatement_names},
	F("quantityFactor", CMD_QTY, quantity_factor), F("corporateActionId", CMD_ID, corporate_action_id),
	TERM_FIELDS, LAST_FIELDS, STATED_FIELDS, COMMON_FIELDS, {0}
};
static const CommandField update_fields[] = {
	REQ_OBJECT_ID("orderId", order_id, ID_OF_ORDER), F("deskReason", CMD_TEXT, desk_reason), COMMON_FIELDS,
	/* a report that only compares is an update of what the counterparty stated */
	INTERNAL("execID", CMD_ID, exec_id),
	{"execType", CMD_NAME, false, true, offsetof(Command, exec_type), oms_exec_type_names},
	{.name = "ordStatus", .type = CMD_OPEN_NAME, .internal = true, .offset = offsetof(Command, ord_status),
	.names = oms_order_status_names, .stated = true},
	STATED_INTERNAL("cumQty", CMD_QTY_OR_ZERO, cum_qty), STATED_INTERNAL("leavesQty", CMD_QTY_OR_ZERO, leaves_qty),
	STATED_INTERNAL("avgPx", CMD_FIGURE, avg_px), INTERNAL("orderID", CMD_ID, counterparty_order_id),
	INTERNAL("clOrdID", CMD_ID, cl_ord_id), STATED_INTERNAL("origClOrdID", CMD_ID, orig_cl_ord_id),
	STATED_INTERNAL("symbol", CMD_ID, symbol),
	{.name = "side", .type = CMD_OPEN_NAME, .internal = true, .offset = offsetof(Command, side), .names = oms_side_names, .stated = true},
	STATED_INTERNAL("multiLegReportingType", CMD_TEXT, multi_leg_type),
	INTERNAL("possDupFlag", CMD_BOOL, poss_dup), INTERNAL("possResend", CMD_BOOL, poss_resend),
	{0}
};
static const CommandField place_fields[] = {
	REQ_OBJECT_ID("orderId", order_id, ID_OF_ORDER), REQ("children", CMD_CHILDREN, children),
	F("plannedSlice", CMD_TIME, planned_slice), F("replacePlan", CMD_BOOL, replace_plan), COMMON_FIELDS, {0}
};
static const CommandField execute_fields[] = {
	/* oms_fix() leaves it out where no order matches: the fill then waits in review */
	{.name = "orderId", .type = CMD_ID, .offset = offsetof(Command, order_id), .role = ID_OF_ORDER, .unless = ""},
	OBJECT_ID("executionId", execution_id, ID_OF_NEW),
	F("clOrdID", CMD_ID, cl_ord_id), F("execRefID", CMD_ID, exec_ref_id),
	STATED("reason", CMD_TEXT, reason),
	REQ("lastQty", CMD_QTY_OR_ZERO, last_qty), REQ("lastPx", CMD_PRICE, last_px), STATED("lastMkt", CMD_ID, last_mkt),
	INTERNAL("ambiguous", CMD_BOOL, ambiguous),
	FACT_FIELDS, STATED_FIELDS, TERM_FIELDS, COMMON_FIELDS, {0}
};
static const CommandField correct_fields[] = {
	REQ_OBJECT_ID("executionId", execution_id, ID_OF_EXECUTION), OBJECT_ID("orderId", order_id, ID_OF_ORDER),
	F("clOrdID", CMD_ID, cl_ord_id), F("execRefID", CMD_ID, exec_ref_id), STATED("reason", CMD_TEXT, reason),
	F("lastQty", CMD_QTY, last_qty), F("lastPx", CMD_PRICE, last_px), STATED("lastMkt", CMD_ID, last_mkt),
	FACT_FIELDS, STATED_FIELDS, TERM_FIELDS, COMMON_FIELDS, {0}
};
static const CommandField bust_fields[] = {
	REQ_OBJECT_ID("executionId", execution_id, ID_OF_EXECUTION), OBJECT_ID("orderId", order_id, ID_OF_ORDER),
	F("clOrdID", CMD_ID, cl_ord_id), F("execRefID", CMD_ID, exec_ref_id), STATED("reason", CMD_TEXT, reason),
	OBJECT_ID("movedToExecutionId", moved_to, ID_OF_EXECUTION),
	LAST_FIELDS, STATED_FIELDS, TERM_FIELDS, COMMON_FIELDS, {0}
};

/* the execution desk */
static const CommandField send_fields[] = {
	REQ_OBJECT_ID("orderId", order_id, ID_OF_ORDER), REQ("reason", CMD_TEXT, reason), COMMON_FIELDS, {0}
};
static const CommandField claim_fields[] = {
	REQ_OBJECT_ID("orderId", order_id, ID_OF_ORDER), F("reason", CMD_TEXT, reason), COMMON_FIELDS, {0}
};
static const CommandField assign_fields[] = {
	REQ_OBJECT_ID("orderId", order_id, ID_OF_ORDER), REQ("deskUser", CMD_ID, desk_user), F("reason", CMD_TEXT, reason), COMMON_FIELDS, {0}
};
static const CommandField release_fields[] = {
	REQ_OBJECT_ID("orderId", order_id, ID_OF_ORDER), NAMED("deskStatus", desk_status, oms_desk_status_names),
	F("reason", CMD_TEXT, reason), COMMON_FIELDS, {0}
};
static const CommandField block_fields[] = {
	OBJECT_ID("orderId", order_id, ID_OF_NEW), F("clOrdID", CMD_ID, cl_ord_id), REQ("members", CMD_SHARES, members),
	TERM_FIELDS, F("symbol", CMD_ID, symbol), NAMED("side", side, oms_side_names),
	F("account", CMD_ID, account), F("currency", CMD_ID, currency), F("assetClass", CMD_ID, asset_class),
	F("destination", CMD_ID, destination), F("pending", CMD_BOOL, pending), COMMON_FIELDS, {0}
};
static const CommandField members_fields[] = {
	REQ_OBJECT_ID("orderId", order_id, ID_OF_ORDER), REQ("members", CMD_SHARES, members), F("reason", CMD_TEXT, reason), COMMON_FIELDS, {0}
};
static const CommandField manual_fields[] = {
	REQ_OBJECT_ID("orderId", order_id, ID_OF_ORDER), OBJECT_ID("executionId", execution_id, ID_OF_NEW),
	REQ("reason", CMD_TEXT, reason), REQ("lastQty", CMD_QTY, last_qty), REQ("lastPx", CMD_PRICE, last_px), F("lastMkt", CMD_ID, last_mkt),
	F("execID", CMD_ID, exec_id), F("symbol", CMD_ID, symbol), NAMED("side", side, oms_side_names), F("account", CMD_ID, account),
	F("currency", CMD_ID, currency), F("tradeDate", CMD_DATE, trade_date), F("confirm", CMD_BOOL, confirm),
	OBJECT_ID("movedFromExecutionId", moved_from, ID_OF_EXECUTION), FACT_FIELDS, COMMON_FIELDS, {0}
};
static const CommandField approve_fields[] = {
	REQ_OBJECT_ID("executionId", execution_id, ID_OF_EXECUTION), OBJECT_ID("orderId", order_id, ID_OF_ORDER),
	OBJECT_ID("supersedes", supersedes, ID_OF_EXECUTION), F("confirm", CMD_BOOL, confirm), F("reason", CMD_TEXT, reason),
	F("lastQty", CMD_QTY, last_qty), F("lastPx", CMD_PRICE, last_px), F("lastMkt", CMD_ID, last_mkt),
	F("symbol", CMD_ID, symbol), NAMED("side", side, oms_side_names), F("currency", CMD_ID, currency),
	F("tradeDate", CMD_DATE, trade_date), FACT_FIELDS, COMMON_FIELDS, {0}
};
static const CommandField reject_fields[] = {
	REQ_OBJECT_ID("executionId", execution_id, ID_OF_EXECUTION), REQ("reason", CMD_TEXT, reason),
	{"dkReason", CMD_OPEN_NAME, false, false, offsetof(Command, dk_reason), oms_dk_reason_names}, COMMON_FIELDS, {0}
};
/* Of a J: what is not of this block is refused, and what was told before is known. */
#define MESSAGE_OF_BLOCK_FIELDS \
	INTERNAL("symbol", CMD_ID, symbol), \
	{.name = "side", .type = CMD_NAME, .internal = true, .offset = offsetof(Command, side), .names = oms_side_names}, \
	INTERNAL("allocID", CMD_ID, alloc_id), INTERNAL("possResend", CMD_BOOL, poss_resend)

static const CommandField allocate_fields[] = {
	{.name = "executionId", .type = CMD_ID, .offset = offsetof(Command, execution_id), .role = ID_OF_EXECUTION, .unless = "orderId"},
	OBJECT_ID("orderId", order_id, ID_OF_ORDER), F("allocations", CMD_SHARES, allocations),
	NAMED("method", method, oms_allocation_method_names), NAMED("weights", weights, oms_weight_names), F("quantity", CMD_QTY, quantity),
	F("preview", CMD_BOOL, preview), F("confirm", CMD_BOOL, confirm), F("reason", CMD_TEXT, reason),
	MESSAGE_OF_BLOCK_FIELDS, COMMON_FIELDS, {0}
};
static const CommandField deallocate_fields[] = {
	/* oms_fix() leaves it out: a message takes back what another allocated by its AllocID, of whatever fills */
	{.name = "executionId", .type = CMD_ID, .offset = offsetof(Command, execution_id), .role = ID_OF_EXECUTION, .unless = ""},
	MESSAGE_OF_BLOCK_FIELDS, INTERNAL("givesAnew", CMD_BOOL, gives_anew), OBJECT_ID("orderId", order_id, ID_OF_ORDER),
	F("preview", CMD_BOOL, preview), F("reason", CMD_TEXT, reason), COMMON_FIELDS, {0}
};

/* quotes */
#define QUOTE_FIGURES \
	F("bidPx", CMD_PRICE, quote.figures.bid_px), F("offerPx", CMD_PRICE, quote.figures.offer_px), \
	F("bidSize", CMD_QTY, quote.figures.bid_size), F("offerSize", CMD_QTY, quote.figures.offer_size), \
	F("minBidSize", CMD_QTY, quote.figures.min_bid_size), F("minOfferSize", CMD_QTY, quote.figures.min_offer_size), \
	STATED("midPx", CMD_PRICE, quote.figures.mid_px), STATED("bidYield", CMD_PRICE, quote.figures.bid_yield), \
	STATED("midYield", CMD_PRICE, quote.figures.mid_yield), STATED("offerYield", CMD_PRICE, quote.figures.offer_yield), \
	STATED("bidSpotRate", CMD_PRICE, quote.figures.bid_spot_rate), STATED("offerSpotRate", CMD_PRICE, quote.figures.offer_spot_rate), \
	STATED("bidForwardPoints", CMD_PRICE, quote.figures.bid_forward_points), \
	STATED("offerForwardPoints", CMD_PRICE, quote.figures.offer_forward_points)
#define QUOTE_TERMS \
	F("quoteID", CMD_ID, quote.quote_id), NAMED("quoteType", quote.quote_type, oms_quote_type_names), QUOTE_FIGURES, \
	F("validUntilTime", CMD_TIME, quote.valid_until_time), F("legs", CMD_OBJECTS, quote.legs)

static const CommandField create_quote_request_fields[] = {
	OBJECT_ID("quoteRequestId", quote.request_id, ID_OF_NEW), F("quoteReqID", CMD_ID, quote.quote_req_id),
	OBJECT_ID("orderId", order_id, ID_OF_ORDER), F("symbol", CMD_ID, symbol), NAMED("side", side, oms_side_names),
	F("orderQty", CMD_QTY, terms.order_qty), NAMED("quoteType", quote.quote_type, oms_quote_type_names), F("account", CMD_ID, account),
	F("currency", CMD_ID, currency), F("assetClass", CMD_ID, asset_class), F("settlType", CMD_ID, quote.settl_type),
	F("settlDate", CMD_DATE, settl_date), F("expireTime", CMD_TIME, terms.expire_time),
	F("multipleQuotes", CMD_BOOL, quote.multiple_quotes), F("dealers", CMD_IDS, quote.dealers), F("legs", CMD_OBJECTS, quote.legs),
	COMMON_FIELDS, {0}
};
static const CommandField end_quote_request_fields[] = {
	REQ_OBJECT_ID("quoteRequestId", quote.request_id, ID_OF_QUOTE_REQUEST), F("reason", CMD_TEXT, reason), COMMON_FIELDS, {0}
};
static const CommandField reject_quote_request_fields[] = {
	REQ_OBJECT_ID("quoteRequestId", quote.request_id, ID_OF_QUOTE_REQUEST), F("dealer", CMD_ID, quote.dealer),
	F("reason", CMD_TEXT, reason), COMMON_FIELDS, {0}
};
static const CommandField create_quote_fields[] = {
	OBJECT_ID("quoteId", quote.object_id, ID_OF_NEW), OBJECT_ID("quoteRequestId", quote.request_id, ID_OF_QUOTE_REQUEST),
	F("dealer", CMD_ID, quote.dealer), F("symbol", CMD_ID, symbol), F("currency", CMD_ID, currency), F("account", CMD_ID, account),
	F("settlType", CMD_ID, quote.settl_type), F("settlDate", CMD_DATE, settl_date), QUOTE_TERMS,
	INTERNAL("quoteReqID", CMD_ID, quote.quote_req_id), F("quoteSetID", CMD_ID, quote.quote_set_id),
	F("quoteEntryID", CMD_ID, quote.quote_entry_id), COMMON_FIELDS, {0}
};
static const CommandField replace_quote_fields[] = {
	REQ_OBJECT_ID("quoteId", quote.object_id, ID_OF_QUOTE), QUOTE_TERMS, F("reason", CMD_TEXT, reason), COMMON_FIELDS, {0}
};
static const CommandField accept_quote_fields[] = {
	REQ_OBJECT_ID("quoteId", quote.object_id, ID_OF_QUOTE), NAMED("side", side, oms_side_names), F("orderQty", CMD_QTY, terms.order_qty),
	F("clOrdID", CMD_ID, cl_ord_id), OBJECT_ID("orderId", order_id, ID_OF_NEW), F("price", CMD_PRICE, terms.price),
	F("account", CMD_ID, account), NAMED("timeInForce", terms.time_in_force, oms_time_in_force_names),
	F("expireTime", CMD_TIME, terms.expire_time), F("expireDate", CMD_DATE, terms.expire_date), F("pending", CMD_BOOL, pending),
	COMMON_FIELDS, {0}
};
static const CommandField end_quote_fields[] = {
	REQ_OBJECT_ID("quoteId", quote.object_id, ID_OF_QUOTE), F("reason", CMD_TEXT, reason), COMMON_FIELDS, {0}
};
/* whoever asked may answer with prices of his own */
static const CommandField reject_quote_fields[] = {
	REQ_OBJECT_ID("quoteId", quote.object_id, ID_OF_QUOTE), F("reason", CMD_TEXT, reason),
	NAMED("quoteRespType", quote.resp_type, oms_quote_resp_type_names), QUOTE_FIGURES, COMMON_FIELDS, {0}
};

/* a closed tree that goes for good */
#define PURGE_FIELDS	F("reason", CMD_TEXT, reason), INTERNAL("asOf", CMD_TIME, as_of), COMMON_FIELDS, {0}

static const CommandField purge_order_fields[] = {REQ_OBJECT_ID("orderId", order_id, ID_OF_ORDER), PURGE_FIELDS};
static const CommandField purge_execution_fields[] = {REQ_OBJECT_ID("executionId", execution_id, ID_OF_EXECUTION), PURGE_FIELDS};
static const CommandField purge_quote_request_fields[] = {
	{.name = "quoteRequestId", .type = CMD_ID, .offset = offsetof(Command, quote.request_id), .role = ID_OF_QUOTE_REQUEST, .unless = "quoteId"},
	OBJECT_ID("quoteId", quote.object_id, ID_OF_QUOTE), PURGE_FIELDS
};

#define BOTH (FIX_MSG_ORDER | FIX_MSG_REPORT)
#define VARIANT(m, value, t) {offsetof(Command, m), value, t}

/* what a counterparty does to an order, or somebody for it, and nothing besides */
#define PLAIN(type_, name_, trigger_, ...) \
	[type_] = {.name = name_, .type = type_, .kind = KIND_ORDER, .role = ROLE_TRADER, .trigger = trigger_, .fix_messages = FIX_MSG_REPORT, \
	.fields = report_fields, .decide = oms_decide_order, __VA_ARGS__}

/* where an order is on the desk, and nothing that the market sees */
#define DESK(type_, name_, role_, trigger_, fields_) \
	[type_] = {.name = name_, .type = type_, .kind = KIND_ORDER, .role = role_, .trigger = trigger_, \
	.fields = fields_, .decide = oms_decide_desk}

/* an order, or a slice of a placement */
#define CREATES_ORDER \
	.name = "CreateOrderCommand", .type = COMMAND_CREATE_ORDER, .kind = KIND_ORDER, .role = ROLE_TRADER, \
	.trigger = TRIGGER_CREATE, .variant = VARIANT(pending, TRI_TRUE, TRIGGER_CREATE_PENDING), .fix_messages = FIX_MSG_ORDER

/* the end of a quote, or of a request for quotes, that is not dealt */
#define ENDS(type_, name_, kind_, trigger_, fields_, decide_) \
	[type_] = {.name = name_, .type = type_, .kind = kind_, .role = ROLE_TRADER, .trigger = trigger_, .traits = TRAIT_TOLD, \
	.fix_messages = FIX_MSG_QUOTE, .fields = fields_, .decide = decide_}

/* no machine has a row for it: whatever is closed may go */
#define PURGES(type_, name_, kind_, fields_) \
	[type_] = {.name = name_, .type = type_, .kind = kind_, .role = ROLE_ADMIN, .traits = TRAIT_PURGES, .reach = REACH_TIED, \
	.fields = fields_, .decide = oms_decide_purge}

CommandDef	oms_command_defs[COMMAND_TYPES_MAX] = {
	[COMMAND_CREATE_ORDER] = {CREATES_ORDER, .fields = create_fields, .decide = oms_decide_create,
	.traits = TRAIT_TELEPHONED | TRAIT_BOUND_BY_CLAIM | TRAIT_PLACES | TRAIT_MAY_WAIT},
	[COMMAND_ACCEPT_ORDER] = {
		.name = "AcceptOrderCommand", .type = COMMAND_ACCEPT_ORDER, .kind = KIND_ORDER, .role = ROLE_TRADER,
		.trigger = TRIGGER_ACCEPT, .variant = VARIANT(for_bidding, TRI_TRUE, TRIGGER_ACCEPT_FOR_BIDDING),
		.repeat = {.only_if = REPEAT_SUSPENDED, .rule = REPEAT_EXACT},
		.fix_messages = FIX_MSG_REPORT, .fields = accept_fields, .decide = oms_decide_order, .details = oms_take_acceptance,
	},
	PLAIN(COMMAND_REJECT_ORDER, "RejectOrderCommand", TRIGGER_REJECT, .reach = REACH_MEMBERS),
	[COMMAND_REQUEST_CANCEL_ORDER] = {
		.name = "RequestCancelOrderCommand", .type = COMMAND_REQUEST_CANCEL_ORDER, .kind = KIND_ORDER, .role = ROLE_TRADER,
		.trigger = TRIGGER_REQUEST_CANCEL, .variant = VARIANT(pending, TRI_FALSE, TRIGGER_RECORD_CANCEL_REQUEST),
		.traits = TRAIT_BOUND_BY_CLAIM, .opens = REQUEST_CANCEL,
		.repeat = {.only_if = REPEAT_IN_FORCE, .rule = REPEAT_EXACT},
		.fix_messages = BOTH, .fields = request_fields, .decide = oms_decide_order, .details = oms_take_request,
	},
	[COMMAND_CANCEL_ORDER] = {
		.name = "CancelOrderCommand", .type = COMMAND_CANCEL_ORDER, .kind = KIND_ORDER, .role = ROLE_TRADER,
		.trigger = TRIGGER_CANCEL, .traits = TRAIT_BOUND_BY_CLAIM, .reach = REACH_MEMBERS,
		.fix_messages = BOTH, .fields = report_fields, .decide = oms_decide_order,
	},
	[COMMAND_REJECT_CANCEL_ORDER] = {
		.name = "RejectCancelOrderCommand", .type = COMMAND_REJECT_CANCEL_ORDER, .kind = KIND_ORDER, .role = ROLE_TRADER,
		.trigger = TRIGGER_REJECT_CANCEL, .traits = TRAIT_ANSWER_FROM_COUNTERPARTY, .answers = REQUEST_CANCEL,
		.fix_messages = FIX_MSG_REPORT, .fields = report_fields, .decide = oms_decide_order, .details = oms_take_answer,
	},
	[COMMAND_REQUEST_REPLACE_ORDER] = {
		.name = "RequestReplaceOrderCommand", .type = COMMAND_REQUEST_REPLACE_ORDER, .kind = KIND_ORDER, .role = ROLE_TRADER,
		.trigger = TRIGGER_REQUEST_REPLACE, .variant = VARIANT(pending, TRI_FALSE, TRIGGER_RECORD_REPLACE_REQUEST),
		.traits = TRAIT_ASKS_TERMS | TRAIT_CHANGES_ACCOUNT | TRAIT_BOUND_BY_CLAIM, .opens = REQUEST_REPLACE, .reach = REACH_NEAR,
		.repeat = {.only_if = REPEAT_IN_FORCE, .rule = REPEAT_EXACT},
		.fix_messages = BOTH, .fields = request_fields, .decide = oms_decide_order, .details = oms_take_request,
	},
	[COMMAND_REPLACE_ORDER] = {
		.name = "ReplaceOrderCommand", .type = COMMAND_REPLACE_ORDER, .kind = KIND_ORDER, .role = ROLE_TRADER,
		.trigger = TRIGGER_REPLACE, .answers = REQUEST_REPLACE, .reach = REACH_NEAR,
		.traits = TRAIT_TAKES_TERMS | TRAIT_CHANGES_ACCOUNT | TRAIT_MERGES_FIX | TRAIT_BOUND_BY_CLAIM,
		/* in force it grants nothing new, and may put terms from before a split back */
		.repeat = {.only_if = REPEAT_IN_FORCE, .rule = REPEAT_CONTENT},
		.fix_messages = BOTH, .fields = report_fields, .decide = oms_decide_order, .details = oms_take_replacement,
	},
	[COMMAND_REJECT_REPLACE_ORDER] = {
		.name = "RejectReplaceOrderCommand", .type = COMMAND_REJECT_REPLACE_ORDER, .kind = KIND_ORDER, .role = ROLE_TRADER,
		.trigger = TRIGGER_REJECT_REPLACE, .traits = TRAIT_ANSWER_FROM_COUNTERPARTY, .answers = REQUEST_REPLACE,
		.fix_messages = FIX_MSG_REPORT, .fields = report_fields, .decide = oms_decide_order, .details = oms_take_answer,
	},
	PLAIN(COMMAND_SUSPEND_ORDER, "SuspendOrderCommand", TRIGGER_SUSPEND, .repeat = {.rule = REPEAT_EXACT}),
	PLAIN(COMMAND_RESUME_ORDER, "ResumeOrderCommand", TRIGGER_RESUME, .repeat = {.rule = REPEAT_EXACT}),
	PLAIN(COMMAND_STOP_ORDER, "StopOrderCommand", TRIGGER_STOP,
		  .repeat = {.content_if = REPEAT_AS_FILL, .rule = REPEAT_EXACT}),
	[COMMAND_DONE_FOR_DAY_ORDER] = {
		.name = "DoneForDayOrderCommand", .type = COMMAND_DONE_FOR_DAY_ORDER, .kind = KIND_ORDER, .role = ROLE_TRADER,
		.trigger = TRIGGER_DONE_FOR_DAY, .repeat = {.rule = REPEAT_EXACT},
		.fix_messages = FIX_MSG_REPORT, .fields = report_fields, .decide = oms_decide_order, .details = oms_take_day,
	},
	[COMMAND_RESTATE_ORDER] = {
		.name = "RestateOrderCommand", .type = COMMAND_RESTATE_ORDER, .kind = KIND_ORDER, .role = ROLE_TRADER,
		.trigger = TRIGGER_RESTATE, .traits = TRAIT_TAKES_TERMS | TRAIT_SPLITS | TRAIT_BOUND_BY_CLAIM, .reach = REACH_NEAR, .trees = oms_name_split,
		.repeat = {.content_if = REPEAT_SPLIT, .rule = REPEAT_EXACT},
		.fix_messages = FIX_MSG_REPORT, .fields = restate_fields, .decide = oms_decide_order, .details = oms_take_restatement,
	},
	PLAIN(COMMAND_CALCULATE_ORDER, "CalculateOrderCommand", TRIGGER_CALCULATE, .reach = REACH_MEMBERS),
	[COMMAND_EXPIRE_ORDER] = {
		.name = "ExpireOrderCommand", .type = COMMAND_EXPIRE_ORDER, .kind = KIND_ORDER, .role = ROLE_TRADER,
		.trigger = TRIGGER_EXPIRE, .variant = VARIANT(overdue, TRI_TRUE, TRIGGER_MISS_EXPIRY), .reach = REACH_MEMBERS,
		.fix_messages = FIX_MSG_REPORT, .fields = expire_fields, .decide = oms_decide_order,
	},
	[COMMAND_UPDATE_ORDER] = {
		.name = "UpdateOrderCommand", .type = COMMAND_UPDATE_ORDER, .kind = KIND_ORDER, .role = ROLE_TRADER,
		.trigger = TRIGGER_UPDATE, .traits = TRAIT_MERGES_ATTRIBUTES,
		.fields = update_fields, .decide = oms_decide_order, .details = oms_take_update,
	},
	[COMMAND_PLACE_ORDER] = {
		.name = "PlaceOrderCommand", .type = COMMAND_PLACE_ORDER, .kind = KIND_ORDER, .role = ROLE_TRADER,
		.trigger = TRIGGER_PLACE, .traits = TRAIT_BOUND_BY_CLAIM | TRAIT_PLACES,
		.fields = place_fields, .decide = oms_decide_place,
	},
	DESK(COMMAND_SEND_TO_DESK, "SendOrderToDeskCommand", ROLE_TRADER, DESK_TRIGGER_SEND, send_fields),
	DESK(COMMAND_CLAIM_ORDER, "ClaimOrderCommand", ROLE_DESK, DESK_TRIGGER_CLAIM, claim_fields),
	DESK(COMMAND_ASSIGN_ORDER, "AssignOrderCommand", ROLE_DESK, DESK_TRIGGER_ASSIGN, assign_fields),
	DESK(COMMAND_RELEASE_FROM_DESK, "ReleaseOrderFromDeskCommand", ROLE_DESK, DESK_TRIGGER_RELEASE, release_fields),
	[COMMAND_CREATE_BLOCK] = {
		.name = "CreateBlockOrderCommand", .type = COMMAND_CREATE_BLOCK, .kind = KIND_ORDER, .role = ROLE_TRADER,
		.trigger = TRIGGER_CREATE, .variant = VARIANT(pending, TRI_TRUE, TRIGGER_CREATE_PENDING), .traits = TRAIT_BOUND_BY_CLAIM,
		.fix_messages = FIX_MSG_ORDER,
		.fields = block_fields, .decide = oms_decide_create_block, .trees = oms_name_members,
	},
	[COMMAND_REPLACE_MEMBERS] = {
		.name = "ReplaceBlockMembersCommand", .type = COMMAND_REPLACE_MEMBERS, .kind = KIND_ORDER, .role = ROLE_TRADER,
		.trigger = TRIGGER_REPLACE_MEMBERS, .traits = TRAIT_BOUND_BY_CLAIM, .reach = REACH_MEMBERS,
		.fields = members_fields, .decide = oms_decide_replace_members, .trees = oms_name_members,
	},
	[COMMAND_EXECUTE_ORDER] = {
		.name = "ExecuteOrderCommand", .type = COMMAND_EXECUTE_ORDER, .kind = KIND_EXECUTION, .role = ROLE_DESK,
		.trigger = TRIGGER_FILL, .traits = TRAIT_FILL,
		.fix_messages = FIX_MSG_REPORT, .fields = execute_fields, .decide = oms_decide_execute, .trees = oms_name_told,
	},
	[COMMAND_CREATE_MANUAL_EXECUTION] = {
		.name = "CreateManualExecutionCommand", .type = COMMAND_CREATE_MANUAL_EXECUTION, .kind = KIND_EXECUTION, .role = ROLE_DESK,
		.trigger = TRIGGER_FILL, .traits = TRAIT_FILL | TRAIT_TYPED, .fix_messages = FIX_MSG_REPORT,
		.fields = manual_fields, .decide = oms_decide_manual, .trees = oms_name_told,
	},
	[COMMAND_CORRECT_EXECUTION] = {
		.name = "CorrectExecutionCommand", .type = COMMAND_CORRECT_EXECUTION, .kind = KIND_EXECUTION, .role = ROLE_DESK,
		.trigger = TRIGGER_CORRECT, .traits = TRAIT_CORRECTION, .repeat = {.rule = REPEAT_CONTENT},
		.fix_messages = FIX_MSG_REPORT, .fields = correct_fields, .decide = oms_decide_correct, .trees = oms_name_told, .reach = REACH_MEMBERS,
	},
	[COMMAND_BUST_EXECUTION] = {
		.name = "BustExecutionCommand", .type = COMMAND_BUST_EXECUTION, .kind = KIND_EXECUTION, .role = ROLE_DESK,
		.trigger = TRIGGER_BUST, .traits = TRAIT_BUST, .repeat = {.rule = REPEAT_CONTENT},
		.fix_messages = FIX_MSG_REPORT, .fields = bust_fields, .decide = oms_decide_bust, .trees = oms_name_told, .reach = REACH_MEMBERS,
	},
	[COMMAND_APPROVE_EXECUTION] = {
		.name = "ApproveExecutionCommand", .type = COMMAND_APPROVE_EXECUTION, .kind = KIND_EXECUTION, .role = ROLE_DESK,
		.trigger = TRIGGER_FILL, .traits = TRAIT_ALLOCATES | TRAIT_REVIEWS, .reach = REACH_MEMBERS, .fix_messages = FIX_MSG_REPORT,
		.fields = approve_fields, .decide = oms_decide_approve, .tells = oms_tell_approved_allocations,
	},
	[COMMAND_REJECT_EXECUTION] = {
		.name = "RejectExecutionCommand", .type = COMMAND_REJECT_EXECUTION, .kind = KIND_EXECUTION, .role = ROLE_DESK,
		.trigger = TRIGGER_REVIEW, .traits = TRAIT_REVIEWS,
		.fields = reject_fields, .decide = oms_decide_reject_execution,
	},
	[COMMAND_ALLOCATE_EXECUTION] = {
		.name = "AllocateExecutionCommand", .type = COMMAND_ALLOCATE_EXECUTION, .kind = KIND_EXECUTION, .role = ROLE_DESK,
		.trigger = TRIGGER_ALLOCATE, .traits = TRAIT_ALLOCATES, .reach = REACH_MEMBERS,
		.fields = allocate_fields, .decide = oms_decide_allocate, .tells = oms_tell_allocations,
	},
	[COMMAND_DEALLOCATE_EXECUTION] = {
		.name = "DeallocateExecutionCommand", .type = COMMAND_DEALLOCATE_EXECUTION, .kind = KIND_EXECUTION, .role = ROLE_DESK,
		.trigger = TRIGGER_ALLOCATE, .reach = REACH_MEMBERS,
		.fields = deallocate_fields, .decide = oms_decide_deallocate,
	},
	[COMMAND_CREATE_QUOTE_REQUEST] = {
		.name = "CreateQuoteRequestCommand", .type = COMMAND_CREATE_QUOTE_REQUEST, .kind = KIND_QUOTE_REQUEST, .role = ROLE_TRADER,
		.trigger = QUOTE_REQUEST_CREATE, .fix_messages = FIX_MSG_QUOTE,
		.fields = create_quote_request_fields, .decide = oms_decide_create_quote_request,
	},
	ENDS(COMMAND_REJECT_QUOTE_REQUEST, "RejectQuoteRequestCommand", KIND_QUOTE_REQUEST, QUOTE_REQUEST_REJECT,
		 reject_quote_request_fields, oms_decide_reject_quote_request),
	ENDS(COMMAND_CANCEL_QUOTE_REQUEST, "CancelQuoteRequestCommand", KIND_QUOTE_REQUEST, QUOTE_REQUEST_CANCEL,
		 end_quote_request_fields, oms_decide_end_quote_request),
	ENDS(COMMAND_EXPIRE_QUOTE_REQUEST, "ExpireQuoteRequestCommand", KIND_QUOTE_REQUEST, QUOTE_REQUEST_EXPIRE,
		 end_quote_request_fields, oms_decide_end_quote_request),
	[COMMAND_CREATE_QUOTE] = {
		.name = "CreateQuoteCommand", .type = COMMAND_CREATE_QUOTE, .kind = KIND_QUOTE, .role = ROLE_TRADER,
		.trigger = QUOTE_CREATE, .traits = TRAIT_TOLD, .fix_messages = FIX_MSG_QUOTE, .fields = create_quote_fields, .decide = oms_decide_create_quote,
	},
	[COMMAND_REPLACE_QUOTE] = {
		.name = "ReplaceQuoteCommand", .type = COMMAND_REPLACE_QUOTE, .kind = KIND_QUOTE, .role = ROLE_TRADER,
		.trigger = QUOTE_REPLACE, .traits = TRAIT_TOLD, .fix_messages = FIX_MSG_QUOTE, .fields = replace_quote_fields, .decide = oms_decide_replace_quote,
	},
	[COMMAND_ACCEPT_QUOTE] = {
		.name = "AcceptQuoteCommand", .type = COMMAND_ACCEPT_QUOTE, .kind = KIND_QUOTE, .role = ROLE_TRADER,
		.trigger = QUOTE_ACCEPT, .variant = VARIANT(pending, TRI_TRUE, QUOTE_HIT), .fix_messages = FIX_MSG_QUOTE,
		.fields = accept_quote_fields, .decide = oms_decide_accept_quote,
	},
	ENDS(COMMAND_REJECT_QUOTE, "RejectQuoteCommand", KIND_QUOTE, QUOTE_REJECT, reject_quote_fields, oms_decide_end_quote),
	ENDS(COMMAND_CANCEL_QUOTE, "CancelQuoteCommand", KIND_QUOTE, QUOTE_CANCEL, end_quote_fields, oms_decide_end_quote),
	ENDS(COMMAND_EXPIRE_QUOTE, "ExpireQuoteCommand", KIND_QUOTE, QUOTE_EXPIRE, end_quote_fields, oms_decide_end_quote),
	PURGES(COMMAND_PURGE_ORDER, "PurgeOrderCommand", KIND_ORDER, purge_order_fields),
	PURGES(COMMAND_PURGE_QUOTE_REQUEST, "PurgeQuoteRequestCommand", KIND_QUOTE_REQUEST, purge_quote_request_fields),
	PURGES(COMMAND_PURGE_EXECUTION, "PurgeExecutionCommand", KIND_EXECUTION, purge_execution_fields),
};

int			oms_command_count = COMMAND_TYPE_COUNT;

const CommandDef oms_slice_def = {CREATES_ORDER, .fields = slice_fields};

const OmsName	oms_exec_type_names[] = {
	{1, "NEW", "0"},
	{2, "DONE_FOR_DAY", "3"},
	{3, "CANCELLED", "4", "CANCELED"},
	{4, "REPLACED", "5", "REPLACE"},
	{5, "PENDING_CANCEL", "6"},
	{6, "STOPPED", "7"},
	{7, "REJECTED", "8"},
	{8, "SUSPENDED", "9"},
	{9, "PENDING_NEW", "A"},
	{10, "CALCULATED", "B"},
	{11, "EXPIRED", "C"},
	{12, "RESTATED", "D"},
	{13, "PENDING_REPLACE", "E"},
	{14, "TRADE", "F"},
	{14, "TRADE", "1", "PARTIAL_FILL"},	/* FIX 4.2 and before */
	{14, "TRADE", "2", "FILL"},
	{15, "TRADE_CORRECT", "G"},
	{16, "TRADE_CANCEL", "H"},
	{17, "ORDER_STATUS", "I"},
	{18, "TRADE_IN_A_CLEARING_HOLD", "J"},
	{19, "TRADE_HAS_BEEN_RELEASED_TO_CLEARING", "K"},
	{20, "TRIGGERED_OR_ACTIVATED_BY_SYSTEM", "L", "TRIGGERED"},
	{21, "LOCKED", "M"},
	{22, "RELEASED", "N"},
	{0}
};

void
oms_commands_check(void)
{
	for (int i = 0; i < COMMAND_TYPE_COUNT; i++)
		if (oms_command_defs[i].name == NULL || oms_command_defs[i].type != i || oms_command_defs[i].decide == NULL ||
			oms_command_defs[i].role == 0)
			elog(ERROR, "BUG: command type %d has no definition in its place, decides nothing, or is nobody's", i);
}

int
oms_command_trigger(const Command *command)
{
	const CommandDef *def = command->def;

	if (def->variant.member != 0 &&
		*(const Tristate *) ((const char *) command + def->variant.member) == def->variant.is)
		return def->variant.trigger;
	return def->trigger;
}

const CommandDef *
oms_command_def(const char *name, size_t length)
{
	for (int i = 0; i < oms_command_count; i++)
		if (strlen(oms_command_defs[i].name) == length &&
			memcmp(oms_command_defs[i].name, name, length) == 0)
			return &oms_command_defs[i];
	return NULL;
}

const char *
oms_command_field_type_name(CommandFieldType type)
{
	static const char *const names[] = {
		[CMD_ID] = "identifier", [CMD_TEXT] = "text", [CMD_QTY] = "quantity above zero",
		[CMD_QTY_OR_ZERO] = "quantity", [CMD_PRICE] = "price", [CMD_FIGURE] = "decimal",
		[CMD_NAME] = "name or FIX code", [CMD_OPEN_NAME] = "name, FIX code or text", [CMD_TIME] = "time with zone", [CMD_DATE] = "date",
		[CMD_BOOL] = "boolean", [CMD_VERSION] = "integer", [CMD_OBJECT] = "object",
		[CMD_CHILDREN] = "array of objects", [CMD_SHARES] = "array of orders with quantities",
		[CMD_IDS] = "array of identifiers", [CMD_OBJECTS] = "array of objects",
	};

	return names[type];
}
