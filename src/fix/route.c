/*-------------------------------------------------------------------------
 *
 * route.c
 *	  What a router of a fleet of databases asks: the slot of an id, of a
 *	  command, of a FIX message.
 *
 * Reads no table, so that it answers where there are no orders.  Input is read
 * by the same code as where it is applied, and refused like there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "core/command_route.h"
#include "fix/fix_command.h"
#include "fix/fix_message.h"
#include "fix/fix_private.h"

PG_FUNCTION_INFO_V1(oms_slot_of);
PG_FUNCTION_INFO_V1(oms_slot_of_scoped);
PG_FUNCTION_INFO_V1(oms_route);
PG_FUNCTION_INFO_V1(oms_route_fix);
PG_FUNCTION_INFO_V1(oms_route_fix_bytes);

Datum
oms_slot_of(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(oms_tree_slot(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

Datum
oms_slot_of_scoped(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(oms_scoped_slot(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

static Datum
route_answer(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "BUG: a route is a row");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* (command jsonb) → (slot, by, certain) */
Datum
oms_route(PG_FUNCTION_ARGS)
{
	Command    *command = palloc(sizeof(Command));
	Refusal    *refusal = oms_command_parse(PG_GETARG_JSONB_P(0), false, command);
	Caller		caller;
	Route		route;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	if (refusal)
		oms_raise(refusal);
	oms_caller_take(&caller);
	route = oms_command_route(command, caller.actor);
	values[0] = Int32GetDatum(route.slot);
	nulls[0] = route.slot == OMS_ANY_SLOT;
	values[1] = CStringGetTextDatum(route.by);
	values[2] = BoolGetDatum(route.certain);
	PG_RETURN_DATUM(route_answer(fcinfo, values, nulls));
}

/*
 * A new order begins its tree where its ClOrdID says; or, where
 * SecondaryClOrdID (526) names its parent, is where that is.
 */
static Route
route_new_order(const OrderNames *names, const char *parent_id)
{
	Route		route = oms_names_route(names);

	route.certain = true;
	if (parent_id)
	{
		route.slot = oms_tree_slot(parent_id);
		route.by = "secondaryClOrdID";
		route.certain = oms_id_carries_slot(parent_id);
	}
	return route;
}

/*
 * A request begins its tree where its QuoteReqID says, and an entry of a mass quote
 * where its session does.  Any other message may be about what is elsewhere; one
 * that ends many quotes is for every database.
 */
static Route
route_quotes(const FixMessage *message, OrderNames *names)
{
	Route		route;

	names->quote_req_id = oms_fix_get(message, TAG_QUOTE_REQ_ID);
	names->quote_id = oms_fix_get(message, TAG_QUOTE_ID);
	names->entry = strcmp(message->msg_type, "i") == 0;
	route = oms_names_route(names);
	if (strcmp(message->msg_type, "Z") == 0 && !oms_fix_cancels_one(message))
		route = (Route) {OMS_ANY_SLOT, "any", false};
	else
		route.certain = strcmp(message->msg_type, "R") == 0 || (names->entry && names->quote_req_id == NULL);
	return route;
}

static Route
route_message(const FixMessage *message, OrderNames *names)
{
	Route		nowhere = {OMS_ANY_SLOT, "any", true};

	/* it stands for no command: whoever gets it ignores it */
	if (message->def == NULL)
		return nowhere;
	/* what a market says every database must hear */
	if (message->def->traits & FIX_MARKET)
		return (Route) {OMS_ANY_SLOT, "any", false};
	if (message->def->traits & FIX_QUOTE)
		return route_quotes(message, names);
	names->cl_ord_id = oms_fix_get_id(message, TAG_CL_ORD_ID);
	if (message->def->traits & FIX_NEW)
	{
		Route		route = route_new_order(names, oms_fix_get(message, TAG_SECONDARY_CL_ORD_ID));

		names->order_id = oms_fix_get(message, TAG_SECONDARY_CL_ORD_ID);
		return route;
	}
	names->orig_cl_ord_id = oms_fix_get_id(message, TAG_ORIG_CL_ORD_ID);
	names->order_id = oms_fix_get_id(message, TAG_ORDER_ID);
	return oms_names_route(names);
}

/* (message) → (slot, session, cl_ord_ids, order_id, by, certain) */
static Datum
route_fix(FunctionCallInfo fcinfo, const FixMessage *message, const Refusal *refusal)
{
	OrderNames	names = {0};
	Route		route;
	Datum		ids[2];
	int			nids = 0;
	Datum		values[6];
	bool		nulls[6] = {false};

	if (refusal)
		oms_raise(refusal);
	names.session = message->session;
	route = route_message(message, &names);
	if (names.orig_cl_ord_id)
		ids[nids++] = CStringGetTextDatum(names.orig_cl_ord_id);
	if (names.cl_ord_id)
		ids[nids++] = CStringGetTextDatum(names.cl_ord_id);
	values[0] = Int32GetDatum(route.slot);
	nulls[0] = route.slot == OMS_ANY_SLOT;
	values[1] = CStringGetTextDatum(names.session);
	values[2] = PointerGetDatum(construct_array(ids, nids, TEXTOID, -1, false, TYPALIGN_INT));
	nulls[3] = names.order_id == NULL;
	values[3] = nulls[3] ? (Datum) 0 : CStringGetTextDatum(names.order_id);
	values[4] = CStringGetTextDatum(route.by);
	values[5] = BoolGetDatum(route.certain);
	PG_RETURN_DATUM(route_answer(fcinfo, values, nulls));
}

Datum
oms_route_fix(PG_FUNCTION_ARGS)
{
	char	   *raw = text_to_cstring(PG_GETARG_TEXT_PP(0));
	FixMessage	message;
	Refusal    *refusal = oms_fix_parse_text(raw, strlen(raw), &message);

	return route_fix(fcinfo, &message, refusal);
}

Datum
oms_route_fix_bytes(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	FixMessage	message;
	Refusal    *refusal = oms_fix_parse_bytes(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), &message);

	return route_fix(fcinfo, &message, refusal);
}
