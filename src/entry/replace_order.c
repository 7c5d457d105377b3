/*-------------------------------------------------------------------------
 *
 * replace_order.c
 *	  The built-in step cascade_replace: an order gets new terms, and those below it follow.
 *
 * The tree of the order is locked.  The routing is asked on the new terms: where it says
 * desk, the replacement is recorded, the order goes there, and nothing cascades.  Who has
 * to follow, and who is asked, says the core (order_cascade_plan.c).  Each command is given
 * as the caller's.  Writes and locks nothing itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/moment.h"
#include "core/command_size.h"
#include "core/decide.h"
#include "core/order/order_cascade.h"
#include "core/order/order_members.h"
#include "entry/cancel_order.h"
#include "entry/replace_order.h"
#include "store/sight.h"

#define REPLACE_PATTERN	"{clOrdID}-R{n}"

/* ------------------------------------------------------------------------
 * what is asked before
 * ------------------------------------------------------------------------
 */

bool
oms_replace_ask_routing(const Order *order, const Command *command, Routing *routing)
{
	OrderTerms	terms = command->terms;
	Order		asked = *order;

	if (order->parent_id || oms_order_is_block(order) || !oms_order_is_live(order))
		return false;
	terms.side = command->side;
	terms.account = command->account;
	oms_terms_apply(&asked, &terms);
	oms_order_derive_left(&asked);
	oms_routing_ask(command, &asked.object, routing);
	return true;
}

/* One at a time: children would not know which of two they follow. */
static Refusal *
replace_check_open(const Order *order)
{
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);

	for (int i = 0; i < count; i++)
		if (requests[i].shown)
			return oms_with_hint(oms_refuse_by_rule("request_open", psprintf("order \"%s\" cannot be replaced", order->id),
													"%s of it is requested, and not answered yet.",
													requests[i].kind == REQUEST_CANCEL ? "a cancel" : "a replacement"),
								 "Wait for the answer; a cancel supersedes a replacement.");
	return NULL;
}

/* What a client has asked for under this ClOrdID, and was only recorded, holds where nothing else is given. */
static OrderTerms
replace_terms(const Order *order, const Command *with)
{
	OrderTerms	terms = with->terms;
	const OrderRequest *recorded = oms_request_named(order, with->cl_ord_id);

	terms.side = with->side;
	terms.account = with->account;
	if (recorded && recorded->kind == REQUEST_REPLACE)
		oms_terms_complete(&terms, &recorded->terms);
	return terms;
}

/* ------------------------------------------------------------------------
 * the commands
 * ------------------------------------------------------------------------
 */

static void
replace_write(JsonWriter *w, const char *key, const char *value)
{
	if (value)
		oms_json_string(w, key, value);
}

/* What is said of the order itself. */
static void
replace_write_own(JsonWriter *w, const Command *with)
{
	oms_json_string(w, "orderId", with->order_id);
	replace_write(w, "clOrdID", with->cl_ord_id);
	replace_write(w, "reason", with->reason);
	replace_write(w, "text", with->text);
}

/* An order that is full has room for no long reason: that must not keep it from the desk. */
static Refusal *
replace_send_to_desk(BuiltinStep *step, const char *reason)
{
	JsonWriter	w = oms_builtin_command(step, COMMAND_SEND_TO_DESK);
	Refusal    *refusal;

	oms_json_string(&w, "orderId", step->with->order_id);
	oms_json_string(&w, "reason", reason);
	step->decided = true;
	refusal = oms_builtin_give(step, &w);
	step->decided = false;
	return refusal;
}

/* It stands with the order until the desk has seen to it. */
static Refusal *
replace_by_desk(BuiltinStep *step, const Order *order, const OrderTerms *terms, const Routing *routing)
{
	JsonWriter	w = oms_builtin_command(step, COMMAND_REQUEST_REPLACE_ORDER);
	bool		is_there = order->desk_status != 0 && order->desk_status != DESK_RELEASED;
	Refusal    *refusal;

	replace_write_own(&w, step->with);
	oms_terms_to_json(terms, &w);
	oms_json_bool(&w, "pending", false);
	step->findings = routing->findings;
	refusal = oms_builtin_give(step, &w);
	step->findings = NIL;
	if (refusal || is_there)
		return refusal;
	refusal = replace_send_to_desk(step, routing->reason);
	if (refusal && refusal->too_large)
		refusal = replace_send_to_desk(step, oms_text_as_code(routing->reason));
	return refusal;
}

/* The counterparty tells its answer by the ClOrdID of what was asked. */
static const char *
replace_name(const BuiltinStep *step, const CascadeStep *cascade)
{
	const char *pattern = step->with->cl_ord_id_pattern ? step->with->cl_ord_id_pattern : REPLACE_PATTERN;
	bool		asks = oms_command_defs[cascade->type].opens != REQUEST_NONE;

	return asks && oms_order_is_at_counterparty(cascade->order) ? oms_builtin_cl_ord_id(step, cascade->order, pattern) : NULL;
}

static Refusal *
replace_give(BuiltinStep *step, const CascadeStep *cascade, const char *cascade_id, List *findings)
{
	JsonWriter	w = oms_builtin_command(step, cascade->type);
	bool		own = strcmp(cascade->order->id, step->with->order_id) == 0;
	Refusal    *refusal;

	if (own)
		replace_write_own(&w, step->with);
	else
	{
		oms_json_string(&w, "orderId", cascade->order->id);
		replace_write(&w, "clOrdID", replace_name(step, cascade));
	}
	if (own || oms_terms_given(&cascade->terms))
		oms_terms_to_json(&cascade->terms, &w);
	if (cascade->cascade)
		oms_json_string(&w, "cascadeId", cascade->cascade == 1 ? cascade_id : psprintf("%s.%d", cascade_id, cascade->cascade));
	step->findings = own ? findings : NIL;
	refusal = oms_builtin_give(step, &w);
	step->findings = NIL;
	return refusal;
}

/* The number of the tree's newest event tells this cascade from any other of it. */
static Refusal *
replace_cascade(BuiltinStep *step, const Order *order, const OrderTerms *terms, List *findings)
{
	const Object *root = oms_uow_object(step->uow, KIND_ORDER, order->root_id);
	const char *cascade_id = psprintf(INT64_FORMAT, root->tree_version);
	List	   *tree = oms_builtin_tree(step, order);
	List	   *steps;
	Refusal    *refusal = oms_sight_check_all(step->uow, step->with, tree);
	ListCell   *cell;

	if (refusal == NULL)
		refusal = oms_cascade_plan(order, tree, terms, oms_builtin_is_elsewhere(order), &steps);
	if (refusal)
		return refusal;
	foreach(cell, steps)
	{
		refusal = replace_give(step, lfirst(cell), cascade_id, findings);
		if (refusal)
			break;
	}
	return refusal;
}

Refusal *
oms_builtin_replace(BuiltinStep *step)
{
	const Order *order = (const Order *) oms_uow_object(step->uow, KIND_ORDER, step->with->order_id);
	Command		asks = *step->with;
	Routing		routing = {.action = ROUTE_AUTO};
	OrderTerms	terms;
	Refusal    *refusal;

	if (order == NULL)
		return oms_refuse(OMS_NO_SUCH_OBJECT, "order \"%s\" does not exist", step->with->order_id);
	/* those below it change it before its own command does */
	refusal = oms_check_version(step->with, KIND_ORDER, order->id, order->version);
	if (refusal == NULL)
		refusal = replace_check_open(order);
	if (refusal)
		return refusal;
	terms = replace_terms(order, step->with);
	asks.terms = terms;
	/* whoever has it on the desk decides himself */
	if (order->desk_status != DESK_CLAIMED)
		(void) oms_replace_ask_routing(order, &asks, &routing);
	if (routing.action != ROUTE_AUTO)
		return replace_by_desk(step, order, &terms, &routing);
	return replace_cascade(step, order, &terms, routing.findings);
}

/* ------------------------------------------------------------------------
 * repeats
 * ------------------------------------------------------------------------
 */

/* What is given now was given then; what was completed from a recorded request may be there besides. */
static bool
replace_is_same(const BuiltinStep *step, Jsonb *command)
{
	OrderTerms	terms = step->with->terms;
	JsonWriter	w = {0};
	Jsonb	   *given;
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	v;

	terms.side = step->with->side;
	terms.account = step->with->account;
	oms_json_open_object(&w);
	replace_write_own(&w, step->with);
	oms_terms_to_json(&terms, &w);
	oms_json_close_object(&w);
	given = oms_json_finish(&w);
	it = JsonbIteratorInit(&given->root);
	(void) JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		JsonbValue	hold;
		JsonbValue *was = oms_json_get(command, pnstrdup(key.val.string.val, key.val.string.len), &hold);

		(void) JsonbIteratorNext(&it, &v, true);
		if (was == NULL || !oms_json_equal(JsonbValueToJsonb(was), JsonbValueToJsonb(&v)))
			return false;
	}
	return true;
}

Refusal *
oms_builtin_was_replaced(const BuiltinStep *step, Jsonb *const *payloads, int count)
{
	for (int i = 0; i < count; i++)
	{
		Jsonb	   *command = oms_json_get_container(payloads[i], "command");

		if (command && oms_same_text(oms_json_get_string(payloads[i], "aggregateId"), step->with->order_id) && replace_is_same(step, command))
			return NULL;
	}
	return count == 0 ? NULL : oms_builtin_was_other(step);
}
