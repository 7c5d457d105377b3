/*-------------------------------------------------------------------------
 *
 * quote_request_record.c
 *	  What a request for quotes is: its columns.
 *
 * Pure.  The columns stand as sql/25_quotes.sql has them; the regression test
 * model.sql compares the two.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/quote/quote_record.h"
#include "core/quote_request/quote_request.h"

const OmsName	oms_quote_request_status_names[] = {
	{QUOTE_REQUEST_STATUS_NEW, "NEW"},
	{QUOTE_REQUEST_STATUS_QUOTED, "QUOTED"},
	{QUOTE_REQUEST_STATUS_ACCEPTED, "ACCEPTED"},
	{QUOTE_REQUEST_STATUS_REJECTED, "REJECTED"},
	{QUOTE_REQUEST_STATUS_CANCELLED, "CANCELLED", NULL, "CANCELED"},
	{QUOTE_REQUEST_STATUS_EXPIRED, "EXPIRED"},
	{0}
};

#define REQUEST(...)	RECORD_COLUMN(QuoteRequest, __VA_ARGS__)

static const RecordColumn quote_request_columns[] = {
	REQUEST("quoteRequestId", id, FIELD_TEXT, .required = true),
	REQUEST("rootId", root_id, FIELD_TEXT, .required = true),
	REQUEST("version", version, FIELD_COUNT, .required = true),
	REQUEST("treeVersion", tree_version, FIELD_COUNT_OR_NULL),
	REQUEST("status", status, FIELD_NAME, .names = oms_quote_request_status_names, .required = true),
	REQUEST("flags", flags, FIELD_NAMES, .names = oms_flag_names),
	REQUEST("quoteReqID", quote_req_id, FIELD_TEXT),
	REQUEST("fixSession", fix_session, FIELD_TEXT),
	REQUEST("orderId", order_id, FIELD_TEXT),
	REQUEST("symbol", symbol, FIELD_TEXT, .required = true),
	REQUEST("side", side, FIELD_TEXT, .names = oms_side_names),
	REQUEST("orderQty", order_qty, FIELD_NUMERIC),
	REQUEST("quoteType", quote_type, FIELD_TEXT, .names = oms_quote_type_names),
	REQUEST("account", account, FIELD_TEXT),
	REQUEST("currency", currency, FIELD_TEXT),
	REQUEST("assetClass", asset_class, FIELD_TEXT),
	REQUEST("settlType", settl_type, FIELD_TEXT),
	REQUEST("settlDate", settl_date, FIELD_DATE),
	REQUEST("expireTime", expire_time, FIELD_TIME),
	REQUEST("transactTime", transact_time, FIELD_TIME),
	REQUEST("multipleQuotes", multiple_quotes, FIELD_BOOL),
	REQUEST("dealers", dealers, FIELD_JSON, .shape = SHAPE_TEXTS, .may_be_long = true),
	REQUEST("rejections", rejections, FIELD_JSON, .shape = SHAPE_OBJECTS, .may_be_long = true),
	REQUEST("quotedAt", quoted_at, FIELD_TIME),
	REQUEST("acceptedQuoteId", accepted_quote_id, FIELD_TEXT),
	REQUEST("acceptedOrderId", accepted_order_id, FIELD_TEXT),
	REQUEST("executedQuantity", executed_quantity, FIELD_NUMERIC),
	REQUEST("coverQuoteId", cover_quote_id, FIELD_TEXT),
	REQUEST("coverPx", cover_px, FIELD_NUMERIC),
	REQUEST("coverDistance", cover_distance, FIELD_NUMERIC),
	REQUEST("reason", reason, FIELD_TEXT, .may_be_long = true),
	REQUEST("text", text, FIELD_TEXT, .may_be_long = true),
	REQUEST("legs", legs, FIELD_JSON, .shape = SHAPE_OBJECTS, .may_be_long = true),
	REQUEST("fix", fix, FIELD_JSON, .shape = SHAPE_OBJECT, .may_be_long = true),
	REQUEST("attributes", attributes, FIELD_JSON, .shape = SHAPE_OBJECT, .may_be_long = true),
	REQUEST("createdAt", created_at, FIELD_TIME, .required = true),
	REQUEST("updatedAt", updated_at, FIELD_TIME, .required = true),
	REQUEST("treeUpdatedAt", tree_updated_at, FIELD_TIME),
	REQUEST(NULL, hash, FIELD_HASH),
};

static const TableKey quote_request_keys[] = {{true, {"id"}}};

static RecordOrder quote_request_key_order;

const RecordDef oms_quote_request_def = {
	.kind = KIND_QUOTE_REQUEST,
	.name = "quote_request",
	.table = "quote_requests",
	.columns = quote_request_columns,
	.ncolumns = lengthof(quote_request_columns),
	.keys = quote_request_keys,
	.nkeys = lengthof(quote_request_keys),
	.order = &quote_request_key_order,
	.size = sizeof(QuoteRequest),
};

bool
oms_quote_request_is_root(const Object *request)
{
	return true;
}
