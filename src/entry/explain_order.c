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

#include "core/decide.h"
#include "entry/named_row.h"
#include "store/account_rights.h"
#include "store/routing.h"
#include "store/table_set.h"
#include "store/work.h"

PG_FUNCTION_INFO_V1(oms_ask_routing);

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

Datum
oms_ask_routing(PG_FUNCTION_ARGS)
{
	char	   *id = PG_ARGISNULL(0) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(0));
	UnitOfWork *uow;
	const Object *order;
	Command		command;
	Routing		routing;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	uow = oms_uow_begin();
	order = oms_uow_peek(uow, KIND_ORDER, id);
	if (order == NULL || (oms_accounts_are_limited() && !oms_object_is_visible(oms_kind_of(order), order)))
		oms_raise(oms_no_such(KIND_ORDER, id));
	if (oms_object_is_root(order) && explain_command(uow, order, &command))
	{
		oms_routing_ask(&command, order, &routing);
		foreach(cell, routing.findings)
			explain_put((ReturnSetInfo *) fcinfo->resultinfo, foreach_current_index(cell) + 1, lfirst(cell));
	}
	oms_tables_end(oms_uow_tables(uow));
	return (Datum) 0;
}
