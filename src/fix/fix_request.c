/*-------------------------------------------------------------------------
 *
 * fix_request.c
 *	  D, F, G and H: what a buy side asks for, as commands.
 *
 * Writes nothing itself: every command goes through oms_fix_run().
 *
 * Source: FIX 4.4 (Errata 20030618) volume 4.  See doc/fix.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/guc.h"
#include "core/order/order_history.h"
#include "entry/replace_order.h"
#include "entry/submit_order.h"
#include "fix/fix_private.h"

bool
oms_fix_is_resent(const FixMessage *message)
{
	return oms_fix_is(message, TAG_POSS_RESEND, "Y") || oms_fix_is(message, TAG_POSS_DUP_FLAG, "Y");
}

static Jsonb *
request_without(Jsonb *object, const char *key)
{
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_delete, JsonbPGetDatum(object), CStringGetTextDatum(key)));
}

Jsonb *
oms_fix_content_of(Jsonb *command, bool any_time)
{
	/* the last two are what an asset class has made of the rest, and it may be another one by now */
	static const char *const envelope[] = {
		"fixMessage", "fixMessageBase64", "fixMessageIn", "fixEncoding", "fixSession", "assetClass", "attributes"
	};

	for (int i = 0; i < lengthof(envelope); i++)
		command = request_without(command, envelope[i]);
	return any_time ? request_without(command, "transactTime") : command;
}

bool
oms_fix_is_same_order(FixContext *fix, const Order *order, Jsonb *command, bool any_time)
{
	Jsonb	   *first = oms_uow_first_payload(fix->uow, &order->object);
	Jsonb	   *known = first ? oms_json_get_container(first, "command") : NULL;

	return known && oms_json_equal(oms_fix_content_of(known, any_time), oms_fix_content_of(command, any_time));
}

static JsonWriter
request_new_order_command(FixContext *fix)
{
	JsonWriter	w = oms_fix_command(&fix->message, &oms_command_defs[COMMAND_CREATE_ORDER]);
	const FixSession *session = fix->session;
	char	   *parent_id = oms_fix_get(&fix->message, TAG_SECONDARY_CL_ORD_ID);
	/* a client knows no order of ours */
	const Order *parent = parent_id && !(session && session->is_client) ? oms_fix_order(fix->uow, parent_id) : NULL;

	oms_json_bool(&w, "pending", true);
	if (parent)
		oms_json_string(&w, "parentId", parent_id);
	else if (session && session->account && oms_fix_get(&fix->message, TAG_ACCOUNT) == NULL)
		oms_json_string(&w, "account", session->account);
	if (parent && parent->asset_class)
		oms_fix_put_attributes(&w, &fix->message, NULL, parent->asset_class, ATTRIBUTES_OF_ORDER);
	else
		oms_fix_put_class(&w, &fix->message, NULL);
	return w;
}

/* The order that this very message made before, or NULL. */
static char *
request_resent_order(FixContext *fix)
{
	char	   *known = fix->orders.by_cl_ord_id;
	const Order *order = known ? oms_fix_order(fix->uow, known) : NULL;
	JsonWriter	w;

	if (order == NULL)
		return NULL;
	w = request_new_order_command(fix);
	oms_json_close_object(&w);
	return oms_fix_is_same_order(fix, order, oms_json_finish(&w), true) ? known : NULL;
}

/* Does the client's order go where the routing says? */
static bool
request_is_routed(const FixContext *fix)
{
	return fix->session && fix->session->is_client && oms_guc_submit_client_orders;
}

/*
 * What has its name may be its own first sending, committed while this one waited:
 * then what its names mean is looked up again.
 */
static bool
request_looks_again(FixContext *fix, const Refusal *refusal)
{
	if (refusal == NULL || refusal->sqlstate != OMS_DUPLICATE || !oms_fix_is_resent(&fix->message))
		return false;
	oms_uow_start_command(fix->uow);
	oms_fix_find_orders(fix->uow, &fix->message, &fix->orders);
	return true;
}

/* Is it one that was sent before? */
static bool
request_answer_resent(FixContext *fix)
{
	char	   *known = oms_fix_is_resent(&fix->message) ? request_resent_order(fix) : NULL;

	if (known)
		oms_fix_answer_with_order(fix, known, true);
	return known != NULL;
}

Refusal *
oms_fix_handle_new_order(FixContext *fix)
{
	JsonWriter	w;
	Refusal    *refusal = REQUIRE(fix, TAG_CL_ORD_ID, TAG_SYMBOL, TAG_SIDE, TAG_ORD_TYPE);

	if (refusal)
		return refusal;
	if (request_answer_resent(fix))
		return NULL;
	w = request_new_order_command(fix);
	refusal = oms_fix_run_by(fix, request_is_routed(fix) ? oms_submit_order : oms_run, oms_fix_take(fix, &w));
	return request_looks_again(fix, refusal) && request_answer_resent(fix) ? NULL : refusal;
}

/*
 * Was this request seen before?  One that is known from reports only, or that
 * goes under the order's own ClOrdID, has yet to be.
 */
static bool
request_is_repeat(FixContext *fix, const char *order_id)
{
	char	   *cl_ord_id = oms_fix_get(&fix->message, TAG_CL_ORD_ID);
	const Order *order = oms_fix_order(fix->uow, order_id);
	const OrderRequest *request = order ? oms_request_named(order, cl_ord_id) : NULL;

	if (request)
		return !request->unasked;
	if (order == NULL || (order->cl_ord_id && strcmp(order->cl_ord_id, cl_ord_id) == 0 &&
						  oms_fix_is(&fix->message, TAG_ORIG_CL_ORD_ID, cl_ord_id)))
		return false;
	return oms_history_was_asked(oms_uow_source(fix->uow), order, cl_ord_id);
}

static List *
request_ask_routing(UnitOfWork *uow, const Command *command, void *arg)
{
	const Order *order = (const Order *) oms_uow_object(uow, KIND_ORDER, command->order_id);

	return order && oms_replace_ask_routing(order, command, arg) ? ((Routing *) arg)->findings : NIL;
}

/*
 * The request's event tells what the routing says of it.  It sends the order to the
 * desk, unless that has it; what it would have placed waits for its replacement.
 */
static Refusal *
request_run_routed(FixContext *fix, TakenCommand *request)
{
	Routing		routing = {.action = ROUTE_AUTO};
	Refusal    *refusal;
	const Order *order;
	Jsonb	   *result;

	request->ask = request_ask_routing;
	request->arg = &routing;
	refusal = oms_fix_run_taken(fix, request);
	if (refusal || routing.action == ROUTE_AUTO)
		return refusal;
	order = (const Order *) oms_uow_object(fix->uow, KIND_ORDER, request->command.order_id);
	if (!oms_order_is_live(order) || (order->desk_status != 0 && order->desk_status != DESK_RELEASED))
		return NULL;
	result = oms_submit_to_desk(fix->uow, &request->command, order->id, routing.reason, NIL, &refusal);
	if (result == NULL)
		oms_run_raise(refusal);
	fix->results = lappend(fix->results, result);
	return NULL;
}

static bool
request_answer_repeat(FixContext *fix, const char *order_id)
{
	char	   *known = fix->orders.by_cl_ord_id;

	if (known == NULL || !oms_fix_is_resent(&fix->message) || strcmp(known, order_id) != 0 || !request_is_repeat(fix, known))
		return false;
	oms_fix_answer_with_order(fix, known, true);
	return true;
}

static Refusal *
request_handle(FixContext *fix, CommandType type)
{
	FixMatch	match;
	JsonWriter	w;
	Refusal    *refusal = REQUIRE(fix, TAG_CL_ORD_ID, TAG_ORIG_CL_ORD_ID);

	if (refusal)
		return refusal;
	match.order_id = fix->orders.by_orig;
	if (match.order_id == NULL)
		match = oms_fix_match_order(fix->uow, &fix->message, &fix->orders);
	if (match.order_id == NULL)
		return oms_refuse(OMS_NO_SUCH_OBJECT, "no order is known under origClOrdID \"%s\"",
						  oms_fix_get(&fix->message, TAG_ORIG_CL_ORD_ID));
	if (request_answer_repeat(fix, match.order_id))
		return NULL;
	w = oms_fix_command(&fix->message, &oms_command_defs[type]);
	oms_json_string(&w, "orderId", match.order_id);
	oms_json_bool(&w, "pending", false);
	if (oms_command_defs[type].opens == REQUEST_REPLACE && request_is_routed(fix))
		refusal = request_run_routed(fix, oms_fix_take(fix, &w));
	else
		refusal = oms_fix_run(fix, &w);
	return request_looks_again(fix, refusal) && request_answer_repeat(fix, match.order_id) ? NULL : refusal;
}

Refusal *
oms_fix_handle_cancel_request(FixContext *fix)
{
	return request_handle(fix, COMMAND_REQUEST_CANCEL_ORDER);
}

Refusal *
oms_fix_handle_replace_request(FixContext *fix)
{
	return request_handle(fix, COMMAND_REQUEST_REPLACE_ORDER);
}

Refusal *
oms_fix_handle_status_request(FixContext *fix)
{
	FixMatch	match = oms_fix_match_order(fix->uow, &fix->message, &fix->orders);

	if (match.order_id)
		oms_fix_answer_with_order(fix, match.order_id, false);
	else
		fix->ignored = match.ambiguous ? "more than one order matches" : "the order is not known";
	return NULL;
}
