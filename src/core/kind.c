/*-------------------------------------------------------------------------
 *
 * kind.c
 *	  The kinds of object: one row each.
 *
 * Pure data, and what can be asked of any object by it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/desk/desk_machine.h"
#include "core/execution/execution_machine.h"
#include "core/kind.h"
#include "core/order/order_machine.h"
#include "core/order/order_members.h"
#include "core/quote/quote.h"
#include "core/quote_request/quote_request.h"

KindDef		oms_kinds[KINDS_MAX] = {
	[KIND_ORDER] = {
		.kind = KIND_ORDER,
		.type = "Order",
		.events = "order_events",
		.a_name = "an order",
		.id_field = "orderId",
		.record = &oms_order_def,
		.machines = {&oms_order_machine, &oms_desk_machine},
		.root_kind = KIND_ORDER,
		.is_root = oms_order_is_root,
		.ties = oms_order_ties,
		.parent_kind = KIND_ORDER,
		.parent = offsetof(Order, parent_id),
		.account = offsetof(Order, account),
		.in_result = true,
		.flags = offsetof(Order, flags),
		.shorten = oms_order_shorten,
	},
	[KIND_EXECUTION] = {
		.kind = KIND_EXECUTION,
		.type = "Execution",
		.events = "execution_events",
		.a_name = "an execution",
		.id_field = "executionId",
		.record = &oms_execution_def,
		.machines = {&oms_execution_machine},
		.root_kind = KIND_ORDER,
		.is_root = oms_execution_is_root,
		.links = {offsetof(Execution, corrected_execution_id), offsetof(Execution, correcting_execution_id)},
		.parent_kind = KIND_ORDER,
		.parent = offsetof(Execution, order_id),
		.account = offsetof(Execution, account),
		.flags = offsetof(Execution, flags),
		.claims_made_id = true,
		.is_fact = true,
		.shorten = oms_execution_shorten,
	},
	[KIND_QUOTE_REQUEST] = {
		.kind = KIND_QUOTE_REQUEST,
		.type = "QuoteRequest",
		.events = "quote_request_events",
		.a_name = "a quote request",
		.id_field = "quoteRequestId",
		.record = &oms_quote_request_def,
		.machines = {&oms_quote_request_machine},
		.root_kind = KIND_QUOTE_REQUEST,
		.is_root = oms_quote_request_is_root,
		.parent_kind = KIND_QUOTE_REQUEST,
		.account = offsetof(QuoteRequest, account),
		.flags = offsetof(QuoteRequest, flags),
	},
	[KIND_QUOTE] = {
		.kind = KIND_QUOTE,
		.type = "Quote",
		.events = "quote_events",
		.a_name = "a quote",
		.id_field = "quoteId",
		.record = &oms_quote_def,
		.machines = {&oms_quote_machine},
		.root_kind = KIND_QUOTE_REQUEST,
		.is_root = oms_quote_is_root,
		.parent_kind = KIND_QUOTE_REQUEST,
		.parent = offsetof(Quote, quote_request_id),
		.account = offsetof(Quote, account),
		.flags = offsetof(Quote, flags),
	},
};

int			oms_kind_count = KIND_COUNT;

const NameDef oms_names[NAME_COUNT] = {
	[NAME_CL_ORD_ID] = {KIND_ORDER, "cl_ord_ids", "cl_ord_id", "order_id", "clOrdID", .ever = "clOrdIDs"},
	[NAME_COUNTERPARTY_ORDER_ID] = {
		KIND_ORDER, "counterparty_order_ids", "counterparty_order_id", "order_id", "counterpartyOrderID", .shared = true
	},
	[NAME_MATCHED_EXEC_ID] = {
		KIND_EXECUTION, "matched_exec_ids", "exec_id", "execution_id", "execID", .shared = true
	},
	[NAME_WAITING_ORDER_ID] = {
		KIND_EXECUTION, "waiting_order_ids", "order_name", "execution_id", "orderId", .shared = true
	},
	[NAME_QUOTE_REQ_ID] = {KIND_QUOTE_REQUEST, "quote_req_ids", "quote_req_id", "quote_request_id", "quoteReqID"},
	[NAME_QUOTE_ID] = {KIND_QUOTE, "dealer_quote_ids", "dealer_quote_id", "quote_id", "quoteID", .shared = true},
};

const OmsName	oms_flag_names[] = {
	{FLAG_LATE_FILL, "LATE_FILL"},
	{FLAG_DISAGREES, "DISAGREES"},
	{FLAG_OVERFILLED, "OVERFILLED"},
	{FLAG_OVER_PLACED, "OVER_PLACED"},
	{FLAG_BELOW_PLACED, "BELOW_PLACED"},
	{FLAG_LIVE_CHILDREN, "LIVE_CHILDREN"},
	{FLAG_UNSETTLED, "UNSETTLED"},
	{FLAG_NOT_INHERITED, "NOT_INHERITED"},
	{FLAG_RULE, "RULE"},
	{FLAG_MANUAL, "MANUAL"},
	{FLAG_OVERRIDDEN, "OVERRIDDEN"},
	{FLAG_LIVE_BLOCK, "LIVE_BLOCK"},
	{FLAG_LIMIT_EXCEEDED, "LIMIT_EXCEEDED"},
	{FLAG_SELECTED_FILL, "SELECTED_FILL"},
	{FLAG_ODD_LOT, "ODD_LOT"},
	{FLAG_EXPIRY_OVERDUE, "EXPIRY_OVERDUE"},
	{FLAG_LATE_CANCEL, "LATE_CANCEL"},
	{0}
};

const KindDef *
oms_kind_by_name(const char *name)
{
	for (int i = 0; i < oms_kind_count; i++)
		if (strcmp(oms_kinds[i].record->name, name) == 0)
			return &oms_kinds[i];
	return NULL;
}

bool
oms_object_is_root(const Object *object)
{
	return oms_kinds[object->kind].is_root(object);
}

const char *
oms_object_parent_id(const Object *object)
{
	size_t		offset = oms_kinds[object->kind].parent;

	return offset == 0 ? NULL : *(char *const *) ((const char *) object + offset);
}

const char *
oms_object_account(const Object *object)
{
	size_t		offset = oms_kinds[object->kind].account;

	return offset == 0 ? NULL : *(char *const *) ((const char *) object + offset);
}

void
oms_kind_check(int place)
{
	const KindDef *kind = &oms_kinds[place];
	const RecordDef *record = kind->record;

	if (kind->kind != place || kind->a_name == NULL || strchr(kind->a_name, ' ') == NULL || record == NULL ||
		record->kind != place || kind->is_root == NULL || kind->type == NULL || kind->events == NULL || kind->id_field == NULL || kind->machines[0] == NULL)
		elog(ERROR, "BUG: kind %d has no definition in its place", place);
	if (record->ncolumns > RECORD_COLUMNS_MAX || record->nkeys < 1 || record->nkeys > TABLE_KEYS_MAX ||
		!record->keys[0].unique || strcmp(record->keys[0].columns[0], "id") != 0 || record->keys[0].columns[1] != NULL)
		elog(ERROR, "BUG: %s has more columns or keys than there is room for, or its first key is not its id", record->name);
	for (int j = 0; j < KIND_MACHINES_MAX && kind->machines[j]; j++)
	{
		oms_machine_check(kind->machines[j]);
		/* with those that came before it */
		for (int other = 0; other <= place; other++)
			for (int k = 0; k < (other < place ? KIND_MACHINES_MAX : j) && oms_kinds[other].machines[k]; k++)
				oms_machine_check_apart(kind->machines[j], oms_kinds[other].machines[k]);
	}
}

void
oms_kinds_check(void)
{
	for (int i = 0; i < KIND_COUNT; i++)
		oms_kind_check(i);
}
