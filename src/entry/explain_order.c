/*-------------------------------------------------------------------------
 *
 * explain_order.c
 *	  What the routing would say of a client order now.
 *
 * Nothing is locked, written or counted: things are taken as they stand.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "core/decide.h"
#include "core/order/order_placement.h"
#include "entry/named_row.h"
#include "entry/submit_order.h"
#include "store/account_rights.h"
#include "store/placement.h"
#include "store/routing.h"
#include "store/table_set.h"
#include "store/work.h"

PG_FUNCTION_INFO_V1(oms_ask_routing);
PG_FUNCTION_INFO_V1(oms_propose_placement);

static const NamedColumn explain_columns[] = {
	{"n", INT4OID}, {"rule", TEXTOID}, {"version", INT8OID}, {"action", TEXTOID}, {"answer", TEXTOID}, {"reason", TEXTOID},
	{"saw", JSONBOID}, {"error", TEXTOID},
};

static void
explain_put(ReturnSetInfo *rsinfo, int n, const Finding *finding)
{
	Datum		values[lengthof(explain_columns)] = {
		Int32GetDatum(n), CStringGetTextDatum(finding->rule), Int64GetDatum(finding->version), CStringGetTextDatum(finding->action),
		CStringGetTextDatum(finding->answer), CStringGetTextDatum(finding->message),
	};
	bool		nulls[lengthof(explain_columns)] = {[6] = finding->saw == NULL, [7] = finding->why == NULL};

	if (finding->saw)
		values[6] = JsonbPGetDatum(finding->saw);
	if (finding->why)
		values[7] = CStringGetTextDatum(finding->why);
	oms_put_named_row(rsinfo, explain_columns, lengthof(explain_columns), values, nulls);
}

/* What made it; false: not a command whose order may be routed. */
static bool
explain_command(UnitOfWork *uow, const Object *order, Command *command)
{
	Jsonb	   *first = oms_event_first_payload(oms_uow_tables(uow), order);
	Jsonb	   *raw = first ? oms_json_get_container(first, "command") : NULL;
	Refusal    *refusal = raw ? oms_command_parse(raw, true, command) : NULL;

	if (refusal)
		oms_raise(refusal);
	return raw && oms_has_trait(command->def, TRAIT_MAY_WAIT);
}

/* The order that the call names, as the caller may see it. */
static const Object *
explain_find(UnitOfWork *uow, FunctionCallInfo fcinfo)
{
	char	   *id = PG_ARGISNULL(0) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(0));
	const Object *order = oms_uow_peek(uow, KIND_ORDER, id);

	if (order == NULL || (oms_accounts_are_limited() && !oms_object_is_visible(oms_kind_of(order), order)))
		oms_raise(oms_no_such(KIND_ORDER, id));
	return order;
}

Datum
oms_ask_routing(PG_FUNCTION_ARGS)
{
	UnitOfWork *uow;
	const Object *order;
	Command		command;
	Routing		routing;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	uow = oms_uow_begin();
	order = explain_find(uow, fcinfo);
	if (oms_object_is_root(order) && explain_command(uow, order, &command))
	{
		oms_routing_ask(&command, order, &routing);
		foreach(cell, routing.findings)
			explain_put((ReturnSetInfo *) fcinfo->resultinfo, foreach_current_index(cell) + 1, lfirst(cell));
	}
	oms_tables_end(oms_uow_tables(uow));
	return (Datum) 0;
}

/* What a policy would make of what is unplaced of it; nothing of an order that is placed by nobody's policy. */
static Jsonb *
explain_proposal(UnitOfWork *uow, const Command *command, const Object *object)
{
	const Order *order = (const Order *) object;
	const PlacementPolicy *policy;
	Finding    *finding;
	List	   *children;
	JsonWriter	w = {0};
	Refusal    *refusal = oms_placement_choose(command, object, &policy, &finding);

	if (refusal == NULL)
		refusal = oms_placement_make(policy, order, GetCurrentTimestamp(), oms_submit_name_is_taken, oms_uow_source(uow), &children);
	if (refusal)
		oms_raise(refusal);
	oms_json_open_object(&w);
	oms_json_string(&w, "policy", policy->name);
	oms_json_int(&w, "version", finding->version);
	oms_json_jsonb(&w, "children", oms_placement_json(policy, order, children));
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

Datum
oms_propose_placement(PG_FUNCTION_ARGS)
{
	UnitOfWork *uow = oms_uow_begin();
	const Object *order = explain_find(uow, fcinfo);
	Command		command;
	Jsonb	   *proposal = NULL;

	if (oms_object_is_root(order) && explain_command(uow, order, &command))
		proposal = explain_proposal(uow, &command, order);
	oms_tables_end(oms_uow_tables(uow));
	if (proposal)
		PG_RETURN_JSONB_P(proposal);
	PG_RETURN_NULL();
}
