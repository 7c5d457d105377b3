/*-------------------------------------------------------------------------
 *
 * execution_record.c
 *	  What an execution is: its struct and its columns.
 *
 * Pure.  The columns stand as sql/21_executions.sql has them; the regression test
 * model.sql compares the two.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/moment.h"
#include "core/command_size.h"
#include "core/execution/execution_record.h"
#include "core/kind.h"

const OmsName	oms_execution_status_names[] = {
	{OMS_EXECUTION_REVIEW, "REVIEW"},
	{OMS_EXECUTION_VALIDATED, "VALIDATED"},
	{OMS_EXECUTION_ALLOCATED, "ALLOCATED"},
	{OMS_EXECUTION_CORRECTED, "CORRECTED"},
	{OMS_EXECUTION_BUSTED, "BUSTED"},
	{OMS_EXECUTION_REJECTED, "REJECTED"},
	{0}
};

#define EXECUTION(...)	RECORD_COLUMN(Execution, __VA_ARGS__)

static const RecordColumn execution_columns[] = {
	EXECUTION("executionId", id, FIELD_TEXT, .required = true),
	EXECUTION("rootId", root_id, FIELD_TEXT, .required = true),
	EXECUTION("orderId", order_id, FIELD_TEXT),
	EXECUTION("version", version, FIELD_COUNT, .required = true),
	EXECUTION("treeVersion", tree_version, FIELD_COUNT_OR_NULL),
	EXECUTION("status", status, FIELD_NAME, .names = oms_execution_status_names, .required = true),
	EXECUTION("flags", flags, FIELD_NAMES, .names = oms_flag_names),
	EXECUTION("execID", exec_id, FIELD_TEXT),
	EXECUTION("execType", exec_type, FIELD_TEXT, .names = oms_exec_type_names),
	EXECUTION("execRefID", exec_ref_id, FIELD_TEXT),
	EXECUTION("symbol", symbol, FIELD_TEXT),
	EXECUTION("side", side, FIELD_TEXT, .names = oms_side_names),
	EXECUTION("lastQty", last_qty, FIELD_NUMERIC, .required = true),
	EXECUTION("lastPx", last_px, FIELD_NUMERIC, .required = true),
	EXECUTION("lastMkt", last_mkt, FIELD_TEXT),
	EXECUTION("quantity", quantity, FIELD_NUMERIC, .required = true),
	EXECUTION("quantityFactor", quantity_factor, FIELD_NUMERIC),
	EXECUTION("allocatedQuantity", allocated_quantity, FIELD_NUMERIC, .required = true),
	EXECUTION("allocations", allocations, FIELD_JSON, .shape = SHAPE_OBJECTS, .may_be_long = true),
	EXECUTION("cumQty", cum_qty, FIELD_NUMERIC),
	EXECUTION("leavesQty", leaves_qty, FIELD_NUMERIC),
	EXECUTION("avgPx", avg_px, FIELD_NUMERIC),
	EXECUTION("ordStatus", ord_status, FIELD_TEXT, .names = oms_order_status_names),
	EXECUTION("reviewReasons", review_reasons, FIELD_JSON, .shape = SHAPE_OBJECTS, .may_be_long = true),
	EXECUTION("reason", reason, FIELD_TEXT, .may_be_long = true),
	EXECUTION("correctedExecutionId", corrected_execution_id, FIELD_TEXT),
	EXECUTION("correctingExecutionId", correcting_execution_id, FIELD_TEXT),
	EXECUTION("bustExecID", bust_exec_id, FIELD_TEXT),
	EXECUTION("fixSession", fix_session, FIELD_TEXT),
	EXECUTION("clOrdID", cl_ord_id, FIELD_TEXT),
	EXECUTION("counterpartyOrderID", counterparty_order_id, FIELD_TEXT),
	EXECUTION("transactTime", transact_time, FIELD_TIME),
	EXECUTION("text", text, FIELD_TEXT, .may_be_long = true),
	EXECUTION("fix", fix, FIELD_JSON, .shape = SHAPE_OBJECT, .may_be_long = true),
	EXECUTION("attributes", attributes, FIELD_JSON, .shape = SHAPE_OBJECT, .may_be_long = true),
	EXECUTION("createdAt", created_at, FIELD_TIME, .required = true),
	EXECUTION("updatedAt", updated_at, FIELD_TIME, .required = true),
	EXECUTION("treeUpdatedAt", tree_updated_at, FIELD_TIME),
	EXECUTION(NULL, hash, FIELD_HASH),
	EXECUTION("tradeDate", trade_date, FIELD_DATE),
	EXECUTION("settlDate", settl_date, FIELD_DATE),
	EXECUTION("commission", commission, FIELD_NUMERIC),
	EXECUTION("commType", comm_type, FIELD_TEXT, .names = oms_comm_type_names),
	EXECUTION("lastCapacity", last_capacity, FIELD_TEXT, .names = oms_last_capacity_names),
	EXECUTION("currency", currency, FIELD_TEXT),
	EXECUTION("account", account, FIELD_TEXT),
	EXECUTION("reportedAccount", reported_account, FIELD_TEXT),
	EXECUTION("authors", authors, FIELD_JSON, .shape = SHAPE_TEXTS),
	EXECUTION("dkReason", dk_reason, FIELD_TEXT, .names = oms_dk_reason_names),
	EXECUTION("overriddenReasons", overridden_reasons, FIELD_JSON, .shape = SHAPE_OBJECTS, .may_be_long = true),
	EXECUTION("supersededExecutionId", superseded_execution_id, FIELD_TEXT),
	EXECUTION("supersedingExecutionId", superseding_execution_id, FIELD_TEXT),
	EXECUTION("reportedLastQty", reported_last_qty, FIELD_NUMERIC),
	EXECUTION("reportedLastPx", reported_last_px, FIELD_NUMERIC),
	EXECUTION("allocationTerms", allocation_terms, FIELD_JSON, .shape = SHAPE_OBJECTS, .may_be_long = true),
	EXECUTION("reportedOrderId", reported_order_id, FIELD_TEXT),
	EXECUTION("reportedSymbol", reported_symbol, FIELD_TEXT),
	EXECUTION("reportedSide", reported_side, FIELD_TEXT, .names = oms_side_names),
	EXECUTION("allocationProposal", allocation_proposal, FIELD_JSON, .shape = SHAPE_OBJECT, .may_be_long = true),
	EXECUTION("bookedAt", booked_at, FIELD_TIME),
	EXECUTION("movedFromExecutionId", moved_from_execution_id, FIELD_TEXT),
	EXECUTION("movedToExecutionId", moved_to_execution_id, FIELD_TEXT),
	EXECUTION("tradingDay", trading_day, FIELD_DATE),
};

static const TableKey execution_keys[EXECUTION_KEYS] = {
	{true, {"id"}},
	[EXECUTION_BY_ORDER] = {false, {"order_id"}},
	[EXECUTION_BY_EXEC_ID] = {false, {"order_id", "exec_id"}},
	[EXECUTION_OPEN] = {false, {"order_id"}, {"status", "VALIDATED"}},
};

/* Of one order alone, and nobody has to look at it: in no index of open ones. */
static const TableFact execution_facts[] = {{"status", "ALLOCATED"}, {"allocation_proposal", NULL}, {0}};

static RecordOrder execution_key_order;

const RecordDef oms_execution_def = {
	.kind = KIND_EXECUTION,
	.name = "execution",
	.table = "executions",
	.columns = execution_columns,
	.ncolumns = lengthof(execution_columns),
	.keys = execution_keys,
	.nkeys = EXECUTION_KEYS,
	.facts = execution_facts,
	.order = &execution_key_order,
	.size = sizeof(Execution),
};

void
oms_execution_shorten(void *record, const Object *before)
{
	Execution  *execution = record;
	void	  **members[] = {(void **) &execution->fix, (void **) &execution->attributes, (void **) &execution->text,
	(void **) &execution->reason};

	for (int i = 0; i < lengthof(members) && oms_state_size(&oms_execution_def, execution) > oms_state_size_max(); i++)
		*members[i] = NULL;
}

TimestampTz
oms_execution_dealt_at(const Execution *execution)
{
	return execution->transact_time != NO_TIME ? execution->transact_time : execution->created_at;
}

bool
oms_execution_is_root(const Object *execution)
{
	return ((const Execution *) execution)->order_id == NULL;
}
