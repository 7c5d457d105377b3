/*
 * gateway/live/schema.c
 *     What is kept in memory of each kind of object.
 *
 * Fields, their types and names are those of the extension's records (src/core/.../..._record.c). Not kept is what is long and
 * seldom looked at in a list, and what changes without an event of the object itself (treeVersion, treeUpdatedAt).
 */
#include "schema.h"

#include <string.h>

#include "bytes.h"

static const char names_order_status[] =
	"PENDING_NEW A|NEW 0|PARTIALLY_FILLED 1|FILLED 2|DONE_FOR_DAY 3|CANCELLED 4 CANCELED|PENDING_CANCEL 6|"
	"PENDING_REPLACE E|STOPPED 7|SUSPENDED 9|REJECTED 8|EXPIRED C|CALCULATED B|ACCEPTED_FOR_BIDDING D|REPLACED 5";

static const char names_condition[] =
	"ACCEPTED_FOR_BIDDING|PENDING_NEW|NEW|REJECTED|CANCELLED|EXPIRED|CALCULATED|DONE_FOR_DAY|STOPPED|SUSPENDED|"
	"PENDING_REPLACE|PENDING_CANCEL";

static const char names_flag[] =
	"LATE_FILL|DISAGREES|OVERFILLED|OVER_PLACED|BELOW_PLACED|LIVE_CHILDREN|UNSETTLED|NOT_INHERITED|RULE|MANUAL|"
	"OVERRIDDEN|LIVE_BLOCK|LIMIT_EXCEEDED|SELECTED_FILL|ODD_LOT|EXPIRY_OVERDUE|LATE_CANCEL";

static const char names_desk_status[] =
	"QUEUED|CLAIMED|RELEASED|COMPLETED";

static const char names_side[] =
	"BUY 1|SELL 2|BUY_MINUS 3|SELL_PLUS 4|SELL_SHORT 5|SELL_SHORT_EXEMPT 6|UNDISCLOSED 7|CROSS 8|CROSS_SHORT 9|"
	"CROSS_SHORT_EXEMPT A|AS_DEFINED B|OPPOSITE C|SUBSCRIBE D|REDEEM E|LEND F|BORROW G|SELL_UNDISCLOSED H";

static const char names_ord_type[] =
	"MARKET 1|LIMIT 2|STOP 3 STOP_LOSS|STOP_LIMIT 4|MARKET_ON_CLOSE 5|WITH_OR_WITHOUT 6|LIMIT_OR_BETTER 7|"
	"LIMIT_WITH_OR_WITHOUT 8|ON_BASIS 9|ON_CLOSE A|LIMIT_ON_CLOSE B|FOREX_MARKET C|PREVIOUSLY_QUOTED D|"
	"PREVIOUSLY_INDICATED E|FOREX_LIMIT F|FOREX_SWAP G|FOREX_PREVIOUSLY_QUOTED H|FUNARI I|MARKET_IF_TOUCHED J|"
	"MARKET_WITH_LEFTOVER_AS_LIMIT K|PREVIOUS_FUND_VALUATION_POINT L|NEXT_FUND_VALUATION_POINT M|PEGGED P|"
	"COUNTER_ORDER_SELECTION Q|STOP_ON_BID_OR_OFFER R|STOP_LIMIT_ON_BID_OR_OFFER S";

static const char names_time_in_force[] =
	"DAY 0|GOOD_TILL_CANCEL 1 GTC|AT_THE_OPENING 2 OPG|IMMEDIATE_OR_CANCEL 3 IOC|FILL_OR_KILL 4 FOK|"
	"GOOD_TILL_CROSSING 5 GTX|GOOD_TILL_DATE 6 GTD|AT_THE_CLOSE 7 ATC|GOOD_THROUGH_CROSSING 8|AT_CROSSING 9|"
	"GOOD_FOR_TIME A GFT|GOOD_FOR_AUCTION B GFA|GOOD_FOR_MONTH C GFM";

static const char names_execution_status[] =
	"REVIEW|VALIDATED|ALLOCATED|CORRECTED|BUSTED|REJECTED";

static const char names_exec_type[] =
	"NEW 0|DONE_FOR_DAY 3|CANCELLED 4 CANCELED|REPLACED 5 REPLACE|PENDING_CANCEL 6|STOPPED 7|REJECTED 8|"
	"SUSPENDED 9|PENDING_NEW A|CALCULATED B|EXPIRED C|RESTATED D|PENDING_REPLACE E|TRADE F|TRADE 1 PARTIAL_FILL|"
	"TRADE 2 FILL|TRADE_CORRECT G|TRADE_CANCEL H|ORDER_STATUS I|TRADE_IN_A_CLEARING_HOLD J|"
	"TRADE_HAS_BEEN_RELEASED_TO_CLEARING K|TRIGGERED_OR_ACTIVATED_BY_SYSTEM L TRIGGERED|LOCKED M|RELEASED N";

static const char names_comm_type[] =
	"PER_UNIT 1|PERCENT 2|ABSOLUTE 3|PERCENTAGE_WAIVED_CASH_DISCOUNT 4|PERCENTAGE_WAIVED_ENHANCED_UNITS 5|"
	"POINTS_PER_BOND_OR_CONTRACT 6";

static const char names_last_capacity[] =
	"AGENT 1|CROSS_AS_AGENT 2|CROSS_AS_PRINCIPAL 3|PRINCIPAL 4";

static const char names_dk_reason[] =
	"UNKNOWN_SYMBOL A|WRONG_SIDE B|QUANTITY_EXCEEDS_ORDER C|NO_MATCHING_ORDER D|PRICE_EXCEEDS_LIMIT E|"
	"CALCULATION_DIFFERENCE F|OTHER Z";

static const char names_quote_status[] =
	"ACTIVE|ACCEPTED|DECLINED|REJECTED|CANCELLED - CANCELED|EXPIRED";

static const char names_quote_type[] =
	"INDICATIVE 0|TRADEABLE 1|RESTRICTED_TRADEABLE 2|COUNTER 3";

static const char names_quote_request_status[] =
	"NEW|QUOTED|ACCEPTED|REJECTED|CANCELLED - CANCELED|EXPIRED";

static const Field order_fields[] = {
	{"orderId", "id", .type = FIELD_TEXT},
	{"rootId", "root_id", .type = FIELD_TEXT},
	{"parentId", "parent_id", .type = FIELD_TEXT},
	{"version", "version", .type = FIELD_NUMBER},
	{"status", "status", .type = FIELD_NAME, .few = true, .names = names_order_status},
	{"conditions", "conditions", .type = FIELD_TEXTS, .few = true, .names = names_condition},
	{"flags", "flags", .type = FIELD_TEXTS, .few = true, .names = names_flag},
	{"clOrdID", "cl_ord_id", .type = FIELD_TEXT},
	{"fixSession", "fix_session", .type = FIELD_TEXT, .few = true},
	{"counterpartyOrderID", "counterparty_order_id", .type = FIELD_TEXT},
	{"symbol", "symbol", .type = FIELD_TEXT, .few = true},
	{"side", "side", .type = FIELD_NAME, .few = true, .open = true, .names = names_side},
	{"ordType", "ord_type", .type = FIELD_NAME, .few = true, .open = true, .names = names_ord_type},
	{"timeInForce", "time_in_force", .type = FIELD_NAME, .few = true, .open = true, .names = names_time_in_force},
	{"orderQty", "order_qty", .type = FIELD_NUMBER, .total = true},
	{"cashOrderQty", "cash_order_qty", .type = FIELD_NUMBER, .total = true},
	{"price", "price", .type = FIELD_NUMBER},
	{"stopPx", "stop_px", .type = FIELD_NUMBER},
	{"expireTime", "expire_time", .type = FIELD_TIME},
	{"expireDate", "expire_date", .type = FIELD_DATE},
	{"account", "account", .type = FIELD_TEXT, .few = true},
	{"currency", "currency", .type = FIELD_TEXT, .few = true},
	{"assetClass", "asset_class", .type = FIELD_TEXT, .few = true},
	{"destination", "destination", .type = FIELD_TEXT, .few = true},
	{"executedQuantity", "executed_quantity", .type = FIELD_NUMBER, .total = true},
	{"leavesQuantity", "leaves_quantity", .type = FIELD_NUMBER, .total = true},
	{"workingQuantity", "working_quantity", .type = FIELD_NUMBER, .total = true},
	{"unplacedQuantity", "unplaced_quantity", .type = FIELD_NUMBER, .total = true},
	{"allocatedQuantity", "allocated_quantity", .type = FIELD_NUMBER, .total = true},
	{"executedValue", "executed_value", .type = FIELD_NUMBER, .total = true},
	{"avgPx", "avg_px", .type = FIELD_NUMBER},
	{"ownExecutedQuantity", "own_executed_quantity", .type = FIELD_NUMBER},
	{"reservedQuantity", "reserved_quantity", .type = FIELD_NUMBER},
	{"reviewQuantity", "review_quantity", .type = FIELD_NUMBER, .total = true},
	{"childCount", "child_count", .type = FIELD_NUMBER},
	{"liveChildren", "live_children", .type = FIELD_NUMBER},
	{"quantityFactor", "quantity_factor", .type = FIELD_NUMBER},
	{"doneForDayDate", "done_for_day_date", .type = FIELD_DATE},
	{"reportedCumQty", "reported_cum_qty", .type = FIELD_NUMBER},
	{"reportedLeavesQty", "reported_leaves_qty", .type = FIELD_NUMBER},
	{"reportedAvgPx", "reported_avg_px", .type = FIELD_NUMBER},
	{"reportedOrdStatus", "reported_ord_status", .type = FIELD_NAME, .few = true, .open = true, .names = names_order_status},
	{"reason", "reason", .type = FIELD_TEXT},
	{"text", "text", .type = FIELD_TEXT},
	{"attributes", "attributes", .type = FIELD_DOCUMENT},
	{"createdAt", "created_at", .type = FIELD_TIME},
	{"updatedAt", "updated_at", .type = FIELD_TIME},
	{"deskStatus", "desk_status", .type = FIELD_NAME, .few = true, .names = names_desk_status},
	{"deskUser", "desk_user", .type = FIELD_TEXT, .few = true},
	{"deskReason", "desk_reason", .type = FIELD_TEXT},
	{"deskSince", "desk_since", .type = FIELD_TIME},
	{"blockOrderIds", "block_order_ids", .type = FIELD_TEXTS},
	{"liveBlocks", "live_blocks", .type = FIELD_NUMBER},
	{"quoteId", "quote_id", .type = FIELD_TEXT},
	{"nextPlacementAt", "next_placement_at", .type = FIELD_TIME},
	{"closed", "closed", .type = FIELD_BOOLEAN},
};

static const char *const order_elsewhere[] = {"clOrdIDs", "treeVersion", "treeUpdatedAt", "pendingRequests", "fix", "corporateActions", "members", "plannedSlices", NULL};

const Schema schema_orders = {
	.object = "orders",
	.fields = order_fields,
	.nfields = sizeof(order_fields) / sizeof(order_fields[0]),
	.id = 0,
	.version = 3,
	.root = 1,
	.parent = 2,
	.currency = 21,
	.elsewhere = order_elsewhere,
};

static const Field execution_fields[] = {
	{"executionId", "id", .type = FIELD_TEXT},
	{"rootId", "root_id", .type = FIELD_TEXT},
	{"orderId", "order_id", .type = FIELD_TEXT},
	{"version", "version", .type = FIELD_NUMBER},
	{"status", "status", .type = FIELD_NAME, .few = true, .names = names_execution_status},
	{"flags", "flags", .type = FIELD_TEXTS, .few = true, .names = names_flag},
	{"execID", "exec_id", .type = FIELD_TEXT},
	{"execType", "exec_type", .type = FIELD_NAME, .few = true, .open = true, .names = names_exec_type},
	{"execRefID", "exec_ref_id", .type = FIELD_TEXT},
	{"symbol", "symbol", .type = FIELD_TEXT, .few = true},
	{"side", "side", .type = FIELD_NAME, .few = true, .open = true, .names = names_side},
	{"lastQty", "last_qty", .type = FIELD_NUMBER},
	{"lastPx", "last_px", .type = FIELD_NUMBER},
	{"lastMkt", "last_mkt", .type = FIELD_TEXT, .few = true},
	{"quantity", "quantity", .type = FIELD_NUMBER, .total = true},
	{"quantityFactor", "quantity_factor", .type = FIELD_NUMBER},
	{"allocatedQuantity", "allocated_quantity", .type = FIELD_NUMBER, .total = true},
	{"cumQty", "cum_qty", .type = FIELD_NUMBER},
	{"leavesQty", "leaves_qty", .type = FIELD_NUMBER},
	{"avgPx", "avg_px", .type = FIELD_NUMBER},
	{"ordStatus", "ord_status", .type = FIELD_NAME, .few = true, .open = true, .names = names_order_status},
	{"reviewReasons", "review_reasons", .type = FIELD_DOCUMENT},
	{"reason", "reason", .type = FIELD_TEXT},
	{"correctedExecutionId", "corrected_execution_id", .type = FIELD_TEXT},
	{"correctingExecutionId", "correcting_execution_id", .type = FIELD_TEXT},
	{"bustExecID", "bust_exec_id", .type = FIELD_TEXT},
	{"fixSession", "fix_session", .type = FIELD_TEXT, .few = true},
	{"clOrdID", "cl_ord_id", .type = FIELD_TEXT},
	{"counterpartyOrderID", "counterparty_order_id", .type = FIELD_TEXT},
	{"transactTime", "transact_time", .type = FIELD_TIME},
	{"text", "text", .type = FIELD_TEXT},
	{"attributes", "attributes", .type = FIELD_DOCUMENT},
	{"createdAt", "created_at", .type = FIELD_TIME},
	{"updatedAt", "updated_at", .type = FIELD_TIME},
	{"tradeDate", "trade_date", .type = FIELD_DATE},
	{"settlDate", "settl_date", .type = FIELD_DATE},
	{"commission", "commission", .type = FIELD_NUMBER, .total = true},
	{"commType", "comm_type", .type = FIELD_NAME, .few = true, .open = true, .names = names_comm_type},
	{"lastCapacity", "last_capacity", .type = FIELD_NAME, .few = true, .open = true, .names = names_last_capacity},
	{"currency", "currency", .type = FIELD_TEXT, .few = true},
	{"account", "account", .type = FIELD_TEXT, .few = true},
	{"reportedAccount", "reported_account", .type = FIELD_TEXT, .few = true},
	{"authors", "authors", .type = FIELD_TEXTS, .few = true},
	{"dkReason", "dk_reason", .type = FIELD_NAME, .few = true, .open = true, .names = names_dk_reason},
	{"supersededExecutionId", "superseded_execution_id", .type = FIELD_TEXT},
	{"supersedingExecutionId", "superseding_execution_id", .type = FIELD_TEXT},
	{"reportedLastQty", "reported_last_qty", .type = FIELD_NUMBER},
	{"reportedLastPx", "reported_last_px", .type = FIELD_NUMBER},
	{"reportedOrderId", "reported_order_id", .type = FIELD_TEXT},
	{"reportedSymbol", "reported_symbol", .type = FIELD_TEXT, .few = true},
	{"reportedSide", "reported_side", .type = FIELD_NAME, .few = true, .open = true, .names = names_side},
	{"bookedAt", "booked_at", .type = FIELD_TIME},
	{"movedFromExecutionId", "moved_from_execution_id", .type = FIELD_TEXT},
	{"movedToExecutionId", "moved_to_execution_id", .type = FIELD_TEXT},
	{"tradingDay", "trading_day", .type = FIELD_DATE},
};

static const char *const execution_elsewhere[] = {"treeVersion", "treeUpdatedAt", "allocations", "fix", "overriddenReasons", "allocationTerms", "allocationProposal", NULL};

const Schema schema_executions = {
	.object = "executions",
	.fields = execution_fields,
	.nfields = sizeof(execution_fields) / sizeof(execution_fields[0]),
	.id = 0,
	.version = 3,
	.root = FIELD_NONE,
	.parent = FIELD_NONE,
	.currency = 39,
	.elsewhere = execution_elsewhere,
};

static const Field quote_fields[] = {
	{"quoteId", "id", .type = FIELD_TEXT},
	{"rootId", "root_id", .type = FIELD_TEXT},
	{"quoteRequestId", "quote_request_id", .type = FIELD_TEXT},
	{"version", "version", .type = FIELD_NUMBER},
	{"status", "status", .type = FIELD_NAME, .few = true, .names = names_quote_status},
	{"flags", "flags", .type = FIELD_TEXTS, .few = true, .names = names_flag},
	{"quoteID", "quote_id", .type = FIELD_TEXT},
	{"quoteReqID", "quote_req_id", .type = FIELD_TEXT},
	{"quoteSetID", "quote_set_id", .type = FIELD_TEXT},
	{"quoteEntryID", "quote_entry_id", .type = FIELD_TEXT},
	{"fixSession", "fix_session", .type = FIELD_TEXT, .few = true},
	{"dealer", "dealer", .type = FIELD_TEXT, .few = true},
	{"quoteType", "quote_type", .type = FIELD_NAME, .few = true, .open = true, .names = names_quote_type},
	{"symbol", "symbol", .type = FIELD_TEXT, .few = true},
	{"currency", "currency", .type = FIELD_TEXT, .few = true},
	{"account", "account", .type = FIELD_TEXT, .few = true},
	{"settlType", "settl_type", .type = FIELD_TEXT, .few = true},
	{"settlDate", "settl_date", .type = FIELD_DATE},
	{"bidPx", "bid_px", .type = FIELD_NUMBER},
	{"offerPx", "offer_px", .type = FIELD_NUMBER},
	{"bidSize", "bid_size", .type = FIELD_NUMBER, .total = true},
	{"offerSize", "offer_size", .type = FIELD_NUMBER, .total = true},
	{"minBidSize", "min_bid_size", .type = FIELD_NUMBER},
	{"minOfferSize", "min_offer_size", .type = FIELD_NUMBER},
	{"midPx", "mid_px", .type = FIELD_NUMBER},
	{"bidYield", "bid_yield", .type = FIELD_NUMBER},
	{"midYield", "mid_yield", .type = FIELD_NUMBER},
	{"offerYield", "offer_yield", .type = FIELD_NUMBER},
	{"bidSpotRate", "bid_spot_rate", .type = FIELD_NUMBER},
	{"offerSpotRate", "offer_spot_rate", .type = FIELD_NUMBER},
	{"bidForwardPoints", "bid_forward_points", .type = FIELD_NUMBER},
	{"offerForwardPoints", "offer_forward_points", .type = FIELD_NUMBER},
	{"validUntilTime", "valid_until_time", .type = FIELD_TIME},
	{"transactTime", "transact_time", .type = FIELD_TIME},
	{"supersededQuoteId", "superseded_quote_id", .type = FIELD_TEXT},
	{"supersedingQuoteId", "superseding_quote_id", .type = FIELD_TEXT},
	{"side", "side", .type = FIELD_NAME, .few = true, .open = true, .names = names_side},
	{"orderId", "order_id", .type = FIELD_TEXT},
	{"acceptedQuantity", "accepted_quantity", .type = FIELD_NUMBER, .total = true},
	{"acceptedPx", "accepted_px", .type = FIELD_NUMBER},
	{"acceptedAt", "accepted_at", .type = FIELD_TIME},
	{"answeredAt", "answered_at", .type = FIELD_TIME},
	{"executedQuantity", "executed_quantity", .type = FIELD_NUMBER, .total = true},
	{"reason", "reason", .type = FIELD_TEXT},
	{"text", "text", .type = FIELD_TEXT},
	{"attributes", "attributes", .type = FIELD_DOCUMENT},
	{"createdAt", "created_at", .type = FIELD_TIME},
	{"updatedAt", "updated_at", .type = FIELD_TIME},
};

static const char *const quote_elsewhere[] = {"treeVersion", "treeUpdatedAt", "legs", "fix", NULL};

const Schema schema_quotes = {
	.object = "quotes",
	.fields = quote_fields,
	.nfields = sizeof(quote_fields) / sizeof(quote_fields[0]),
	.id = 0,
	.version = 3,
	.root = FIELD_NONE,
	.parent = FIELD_NONE,
	.currency = 14,
	.elsewhere = quote_elsewhere,
};

static const Field quote_request_fields[] = {
	{"quoteRequestId", "id", .type = FIELD_TEXT},
	{"rootId", "root_id", .type = FIELD_TEXT},
	{"version", "version", .type = FIELD_NUMBER},
	{"status", "status", .type = FIELD_NAME, .few = true, .names = names_quote_request_status},
	{"flags", "flags", .type = FIELD_TEXTS, .few = true, .names = names_flag},
	{"quoteReqID", "quote_req_id", .type = FIELD_TEXT},
	{"fixSession", "fix_session", .type = FIELD_TEXT, .few = true},
	{"orderId", "order_id", .type = FIELD_TEXT},
	{"symbol", "symbol", .type = FIELD_TEXT, .few = true},
	{"side", "side", .type = FIELD_NAME, .few = true, .open = true, .names = names_side},
	{"orderQty", "order_qty", .type = FIELD_NUMBER, .total = true},
	{"quoteType", "quote_type", .type = FIELD_NAME, .few = true, .open = true, .names = names_quote_type},
	{"account", "account", .type = FIELD_TEXT, .few = true},
	{"currency", "currency", .type = FIELD_TEXT, .few = true},
	{"assetClass", "asset_class", .type = FIELD_TEXT, .few = true},
	{"settlType", "settl_type", .type = FIELD_TEXT, .few = true},
	{"settlDate", "settl_date", .type = FIELD_DATE},
	{"expireTime", "expire_time", .type = FIELD_TIME},
	{"transactTime", "transact_time", .type = FIELD_TIME},
	{"multipleQuotes", "multiple_quotes", .type = FIELD_BOOLEAN},
	{"dealers", "dealers", .type = FIELD_TEXTS, .few = true},
	{"quotedAt", "quoted_at", .type = FIELD_TIME},
	{"acceptedQuoteId", "accepted_quote_id", .type = FIELD_TEXT},
	{"acceptedOrderId", "accepted_order_id", .type = FIELD_TEXT},
	{"executedQuantity", "executed_quantity", .type = FIELD_NUMBER, .total = true},
	{"coverQuoteId", "cover_quote_id", .type = FIELD_TEXT},
	{"coverPx", "cover_px", .type = FIELD_NUMBER},
	{"coverDistance", "cover_distance", .type = FIELD_NUMBER},
	{"reason", "reason", .type = FIELD_TEXT},
	{"text", "text", .type = FIELD_TEXT},
	{"attributes", "attributes", .type = FIELD_DOCUMENT},
	{"createdAt", "created_at", .type = FIELD_TIME},
	{"updatedAt", "updated_at", .type = FIELD_TIME},
};

static const char *const quote_request_elsewhere[] = {"quoteReqIDs", "treeVersion", "treeUpdatedAt", "rejections", "legs", "fix", NULL};

const Schema schema_quote_requests = {
	.object = "quote_requests",
	.fields = quote_request_fields,
	.nfields = sizeof(quote_request_fields) / sizeof(quote_request_fields[0]),
	.id = 0,
	.version = 2,
	.root = FIELD_NONE,
	.parent = FIELD_NONE,
	.currency = 13,
	.elsewhere = quote_request_elsewhere,
};

int
schema_field(const Schema *schema, Span name)
{
	for (int i = 0; i < schema->nfields; i++)
		if (span_is(name, schema->fields[i].name))
			return i;
	return span_is(name, "id") ? schema->id : FIELD_NONE;
}

bool
schema_elsewhere(const Schema *schema, Span name)
{
	for (const char *const *other = schema->elsewhere; other != NULL && *other != NULL; other++)
		if (span_is(name, *other))
			return true;
	return false;
}

static bool
is_blank_in_name(char c)
{
	return c == '_' || c == ' ' || c == '-';
}

static bool
names_same(Span name, Span given)
{
	size_t		i = 0;
	size_t		j = 0;

	for (;;)
	{
		char		c;

		while (i < name.len && is_blank_in_name(name.data[i]))
			i++;
		while (j < given.len && is_blank_in_name(given.data[j]))
			j++;
		if (i == name.len || j == given.len)
			return i == name.len && j == given.len && name.len > 0;
		c = given.data[j++];
		if (c >= 'a' && c <= 'z')
			c = (char) (c - 'a' + 'A');
		if (c != name.data[i++])
			return false;
	}
}

bool
names_find(const char *names, Span given, Span *name)
{
	Span		rest = span_of(names);

	while (rest.len > 0)
	{
		Span		entry = span_cut(&rest, '|');
		Span		one = span_cut(&entry, ' ');
		Span		code = span_cut(&entry, ' ');

		*name = one;
		if (code.len > 0 && !span_is(code, "-") && code.len == given.len && memcmp(code.data, given.data, code.len) == 0)
			return true;
		if (names_same(one, given) || (entry.len > 0 && names_same(entry, given)))
			return true;
	}
	return false;
}
