/*-------------------------------------------------------------------------
 *
 * quote_record.c
 *	  What a quote is: its struct and its columns.
 *
 * Pure.  The columns stand as sql/25_quotes.sql has them; the regression test
 * model.sql compares the two.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/kind.h"
#include "core/quote/quote_record.h"

const OmsName	oms_quote_status_names[] = {
	{QUOTE_STATUS_ACTIVE, "ACTIVE"},
	{QUOTE_STATUS_ACCEPTED, "ACCEPTED"},
	{QUOTE_STATUS_DECLINED, "DECLINED"},
	{QUOTE_STATUS_REJECTED, "REJECTED"},
	{QUOTE_STATUS_CANCELLED, "CANCELLED", NULL, "CANCELED"},
	{QUOTE_STATUS_EXPIRED, "EXPIRED"},
	{0}
};

const OmsName	oms_quote_type_names[] = {
	{1, "INDICATIVE", "0"},
	{2, "TRADEABLE", "1"},
	{3, "RESTRICTED_TRADEABLE", "2"},
	{4, "COUNTER", "3"},
	{0}
};

const OmsName	oms_quote_resp_type_names[] = {
	{1, "HIT_LIFT", "1", "HIT"},
	{2, "COUNTER", "2"},
	{3, "EXPIRED", "3"},
	{4, "COVER", "4"},
	{5, "DONE_AWAY", "5"},
	{6, "PASS", "6"},
	{0}
};

#define QUOTE(...)	RECORD_COLUMN(Quote, __VA_ARGS__)
#define FIGURE(json_name, member) \
	{.json = json_name, .column = #member, .type = FIELD_NUMERIC, .offset = offsetof(Quote, figures.member)}

static const RecordColumn quote_columns[] = {
	QUOTE("quoteId", id, FIELD_TEXT, .required = true),
	QUOTE("rootId", root_id, FIELD_TEXT, .required = true),
	QUOTE("quoteRequestId", quote_request_id, FIELD_TEXT),
	QUOTE("version", version, FIELD_COUNT, .required = true),
	QUOTE("treeVersion", tree_version, FIELD_COUNT_OR_NULL),
	QUOTE("status", status, FIELD_NAME, .names = oms_quote_status_names, .required = true),
	QUOTE("flags", flags, FIELD_NAMES, .names = oms_flag_names),
	QUOTE("quoteID", quote_id, FIELD_TEXT),
	QUOTE("quoteReqID", quote_req_id, FIELD_TEXT),
	QUOTE("quoteSetID", quote_set_id, FIELD_TEXT),
	QUOTE("quoteEntryID", quote_entry_id, FIELD_TEXT),
	QUOTE("fixSession", fix_session, FIELD_TEXT),
	QUOTE("dealer", dealer, FIELD_TEXT),
	QUOTE("quoteType", quote_type, FIELD_TEXT, .names = oms_quote_type_names, .required = true),
	QUOTE("symbol", symbol, FIELD_TEXT, .required = true),
	QUOTE("currency", currency, FIELD_TEXT),
	QUOTE("account", account, FIELD_TEXT),
	QUOTE("settlType", settl_type, FIELD_TEXT),
	QUOTE("settlDate", settl_date, FIELD_DATE),
	FIGURE("bidPx", bid_px),
	FIGURE("offerPx", offer_px),
	FIGURE("bidSize", bid_size),
	FIGURE("offerSize", offer_size),
	FIGURE("minBidSize", min_bid_size),
	FIGURE("minOfferSize", min_offer_size),
	FIGURE("midPx", mid_px),
	FIGURE("bidYield", bid_yield),
	FIGURE("midYield", mid_yield),
	FIGURE("offerYield", offer_yield),
	FIGURE("bidSpotRate", bid_spot_rate),
	FIGURE("offerSpotRate", offer_spot_rate),
	FIGURE("bidForwardPoints", bid_forward_points),
	FIGURE("offerForwardPoints", offer_forward_points),
	QUOTE("validUntilTime", valid_until_time, FIELD_TIME, .required = true),
	QUOTE("transactTime", transact_time, FIELD_TIME),
	QUOTE("supersededQuoteId", superseded_quote_id, FIELD_TEXT),
	QUOTE("supersedingQuoteId", superseding_quote_id, FIELD_TEXT),
	QUOTE("side", side, FIELD_TEXT, .names = oms_side_names),
	QUOTE("orderId", order_id, FIELD_TEXT),
	QUOTE("acceptedQuantity", accepted_quantity, FIELD_NUMERIC),
	QUOTE("acceptedPx", accepted_px, FIELD_NUMERIC),
	QUOTE("acceptedAt", accepted_at, FIELD_TIME),
	QUOTE("answeredAt", answered_at, FIELD_TIME),
	QUOTE("executedQuantity", executed_quantity, FIELD_NUMERIC),
	QUOTE("reason", reason, FIELD_TEXT, .may_be_long = true),
	QUOTE("text", text, FIELD_TEXT, .may_be_long = true),
	QUOTE("legs", legs, FIELD_JSON, .shape = SHAPE_OBJECTS, .may_be_long = true),
	QUOTE("fix", fix, FIELD_JSON, .shape = SHAPE_OBJECT, .may_be_long = true),
	QUOTE("attributes", attributes, FIELD_JSON, .shape = SHAPE_OBJECT, .may_be_long = true),
	QUOTE("createdAt", created_at, FIELD_TIME, .required = true),
	QUOTE("updatedAt", updated_at, FIELD_TIME, .required = true),
	QUOTE("treeUpdatedAt", tree_updated_at, FIELD_TIME),
	QUOTE(NULL, hash, FIELD_HASH),
};

static const TableKey quote_keys[QUOTE_KEYS] = {
	{true, {"id"}},
	[QUOTE_BY_REQUEST] = {false, {"quote_request_id"}},
	[QUOTE_OPEN_IN_SESSION] = {false, {"fix_session"}, {"status", "ACTIVE"}},
	[QUOTE_OPEN_ENTRY] = {false, {"fix_session", "quote_set_id", "quote_entry_id"}, {"status", "ACTIVE"}},
};

static RecordOrder quote_key_order;

const RecordDef oms_quote_def = {
	.kind = KIND_QUOTE,
	.name = "quote",
	.table = "quotes",
	.columns = quote_columns,
	.ncolumns = lengthof(quote_columns),
	.keys = quote_keys,
	.nkeys = QUOTE_KEYS,
	.order = &quote_key_order,
	.size = sizeof(Quote),
};

bool
oms_quote_is_root(const Object *quote)
{
	return ((const Quote *) quote)->quote_request_id == NULL;
}
