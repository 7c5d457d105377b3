/*-------------------------------------------------------------------------
 *
 * builtin_order.c
 *	  The table of built-in steps of services: what they do with orders.
 *
 * Writes and locks nothing: each step has a file of its own that does it.  A definition names a step by the name in its row,
 * and gives it the fields there; doc/services.md lists them for people.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "entry/builtin_step.h"
#include "entry/cancel_order.h"
#include "entry/replace_order.h"
#include "entry/submit_order.h"

#define GIVES(type)		{&oms_command_defs[type], NULL}
#define GIVES_ONE(type, name) {&oms_command_defs[type], name}

/* What it is about is what its service begins with. */
static const CommandField no_fields[] = {{0}};

#define TAKES(n, type_, member)	{.name = n, .type = type_, .offset = offsetof(Command, member)}

static const CommandField cancel_fields[] = {
	{.name = "orderId", .type = CMD_ID, .required = true, .offset = offsetof(Command, order_id), .role = ID_OF_ORDER},
	TAKES("clOrdID", CMD_ID, cl_ord_id), TAKES("clOrdIDPattern", CMD_ID, cl_ord_id_pattern), TAKES("reason", CMD_TEXT, reason),
	TAKES("text", CMD_TEXT, text), {0}
};

#define TAKES_NAME(n, member, list) {.name = n, .type = CMD_NAME, .offset = offsetof(Command, member), .names = list}

static const CommandField replace_fields[] = {
	{.name = "orderId", .type = CMD_ID, .required = true, .offset = offsetof(Command, order_id), .role = ID_OF_ORDER},
	TAKES("clOrdID", CMD_ID, cl_ord_id), TAKES("clOrdIDPattern", CMD_ID, cl_ord_id_pattern), TAKES("expectedVersion", CMD_VERSION, expected_version),
	TAKES("orderQty", CMD_QTY, terms.order_qty), TAKES("cashOrderQty", CMD_QTY, terms.cash_order_qty), TAKES("price", CMD_PRICE, terms.price),
	TAKES("stopPx", CMD_PRICE, terms.stop_px), TAKES_NAME("ordType", terms.ord_type, oms_ord_type_names),
	TAKES_NAME("timeInForce", terms.time_in_force, oms_time_in_force_names), TAKES("expireTime", CMD_TIME, terms.expire_time),
	TAKES("expireDate", CMD_DATE, terms.expire_date), TAKES_NAME("side", side, oms_side_names), TAKES("account", CMD_ID, account),
	TAKES("reason", CMD_TEXT, reason), TAKES("text", CMD_TEXT, text), {0}
};

static const CommandField execution_fields[] = {
	{.name = "executionId", .type = CMD_ID, .required = true, .offset = offsetof(Command, execution_id), .role = ID_OF_EXECUTION}, {0}
};

/* It gives nothing: its answer is the object that it is about. */
static Refusal *
builtin_look(BuiltinStep *step)
{
	const Command *with = step->with;

	if (oms_uow_object(step->uow, with->def->kind, with->execution_id))
		return NULL;
	return oms_refuse(OMS_NO_SUCH_OBJECT, "execution \"%s\" does not exist", with->execution_id);
}

static Refusal *
builtin_route(BuiltinStep *step)
{
	return oms_submit_route(step->uow, step->begin);
}

static Refusal *
builtin_was_routed(const BuiltinStep *step, Jsonb *const *payloads, int count)
{
	return oms_submit_check_routed(step->begin->command_id, payloads, count);
}

const ServiceBuiltin oms_builtins[] = {
	{
		.takes = {.name = "route", .kind = KIND_ORDER, .fields = no_fields, .tells = oms_submit_tell_routing},
		.sentence = "by oms.routing_rules it is placed, as oms.placement_policies say, or sent to the desk; and there where that is refused",
		.behind = &oms_command_defs[COMMAND_CREATE_ORDER],
		.gives = {GIVES_ONE(COMMAND_PLACE_ORDER, "place"), GIVES_ONE(COMMAND_SEND_TO_DESK, "desk")},
		.give = builtin_route, .recalled = builtin_was_routed,
	},
	{
		.takes = {.name = "cascade_cancel", .kind = KIND_ORDER, .fields = cancel_fields, .reach = REACH_MEMBERS},
		.sentence = "of each order below that is at a counterparty the cancel is requested, and of those above it; all others are cancelled",
		.gives = {GIVES(COMMAND_REQUEST_CANCEL_ORDER), GIVES(COMMAND_CANCEL_ORDER)},
		.give = oms_builtin_cancel, .recalled = oms_builtin_was_cancelled,
	},
	{
		.takes = {.name = "execution", .kind = KIND_EXECUTION, .fields = execution_fields},
		.sentence = "it is looked at, as it is",
		.give = builtin_look,
	},
	{
		.takes = {.name = "cascade_replace", .kind = KIND_ORDER, .fields = replace_fields, .reach = REACH_NEAR},
		.sentence = "the order gets new terms, and those below it follow: what is at a counterparty is asked first, and what is above it waits; where oms.routing_rules say desk it goes there, and nothing follows",
		.gives = {GIVES(COMMAND_REQUEST_REPLACE_ORDER), GIVES(COMMAND_REPLACE_ORDER), GIVES(COMMAND_REQUEST_CANCEL_ORDER), GIVES(COMMAND_CANCEL_ORDER),
			GIVES(COMMAND_SEND_TO_DESK)},
		.give = oms_builtin_replace, .recalled = oms_builtin_was_replaced,
	},
	{{NULL}}
};
