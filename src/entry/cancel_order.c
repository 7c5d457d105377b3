/*-------------------------------------------------------------------------
 *
 * cancel_order.c
 *	  The built-in step cascade_cancel: an order is cancelled with all that is below it.
 *
 * The tree of the order is locked; who is asked and what ends at once says the core
 * (order_cancel.c).  Each command is given as the caller's.  Writes and locks nothing itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "core/order/order_cancel.h"
#include "core/order/order_placement.h"
#include "entry/cancel_order.h"
#include "store/fix_sessions.h"
#include "store/sight.h"

#define CANCEL_PATTERN	"{clOrdID}-C{n}"

List *
oms_builtin_tree(const BuiltinStep *step, const Order *order)
{
	const char *const values[] = {order->root_id};
	const char *const *keys = values;

	return oms_uow_find(step->uow, KIND_ORDER, ORDER_BY_ROOT, &keys, 1);
}

bool
oms_builtin_is_elsewhere(const Order *order)
{
	const FixSession *session;

	if (order->counterparty_order_id || order->fix_session == NULL || order->parent_id)
		return oms_order_is_at_counterparty(order);
	session = oms_fix_session(order->fix_session);
	return session == NULL || !session->is_client;
}

const char *
oms_builtin_cl_ord_id(const BuiltinStep *step, const Order *order, const char *pattern)
{
	ObjectSource *source = oms_uow_source(step->uow);
	const char *session = order->fix_session ? order->fix_session : "";

	if (order->cl_ord_id == NULL)
		return NULL;
	for (int n = 1; n <= TAKEN_NAMES_MAX; n++)
	{
		const char *name = oms_placement_name(pattern, order, order->destination, n);

		if (strlen(name) > ID_LENGTH_MAX)
			return NULL;
		if (source->named(source, NAME_CL_ORD_ID, session, name) == NULL)
			return name;
	}
	return NULL;
}

static void
cancel_write(JsonWriter *w, const char *key, const char *value)
{
	if (value)
		oms_json_string(w, key, value);
}

/* What is recorded of it already is what is asked now. */
static const char *
cancel_name(const BuiltinStep *step, const CancelStep *cancel)
{
	const Command *with = step->with;

	if (strcmp(cancel->order->id, with->order_id) == 0)
		return with->cl_ord_id;
	if (!cancel->asks || oms_request_is_open(cancel->order, REQUEST_CANCEL) || !oms_order_is_at_counterparty(cancel->order))
		return NULL;
	return oms_builtin_cl_ord_id(step, cancel->order, with->cl_ord_id_pattern ? with->cl_ord_id_pattern : CANCEL_PATTERN);
}

static Refusal *
cancel_give(BuiltinStep *step, const CancelStep *cancel)
{
	JsonWriter	w = oms_builtin_command(step, cancel->asks ? COMMAND_REQUEST_CANCEL_ORDER : COMMAND_CANCEL_ORDER);

	oms_json_string(&w, "orderId", cancel->order->id);
	cancel_write(&w, "clOrdID", cancel_name(step, cancel));
	cancel_write(&w, "reason", step->with->reason);
	cancel_write(&w, "text", step->with->text);
	return oms_builtin_give(step, &w);
}

Refusal *
oms_builtin_cancel(BuiltinStep *step)
{
	const Order *order = (const Order *) oms_uow_object(step->uow, KIND_ORDER, step->with->order_id);
	List	   *tree;
	Refusal    *refusal;
	ListCell   *cell;

	if (order == NULL)
		return oms_refuse(OMS_NO_SUCH_OBJECT, "order \"%s\" does not exist", step->with->order_id);
	tree = oms_builtin_tree(step, order);
	refusal = oms_sight_check_all(step->uow, step->with, tree);
	if (refusal)
		return refusal;
	foreach(cell, oms_cancel_plan(order, tree, oms_builtin_is_elsewhere(order)))
	{
		refusal = cancel_give(step, lfirst(cell));
		if (refusal)
			break;
	}
	return refusal;
}

/* Is it the order itself, or below it? */
static bool
cancel_is_within(const BuiltinStep *step, const char *id)
{
	while (id && strcmp(id, step->with->order_id) != 0)
	{
		const Order *order = (const Order *) oms_uow_peek(step->uow, KIND_ORDER, id);

		CHECK_FOR_INTERRUPTS();
		id = order ? order->parent_id : NULL;
	}
	return id != NULL;
}

/* All commands were about the order or those below it; and if none was about itself, it was over, or its cancel requested, before. */
Refusal *
oms_builtin_was_cancelled(const BuiltinStep *step, Jsonb *const *payloads, int count)
{
	const Order *order = (const Order *) oms_uow_peek(step->uow, KIND_ORDER, step->with->order_id);
	bool		own = false;

	for (int i = 0; i < count; i++)
	{
		Jsonb	   *command = oms_json_get_container(payloads[i], "command");
		const char *id = command ? oms_json_get_string(command, "orderId") : NULL;

		if (order == NULL || !cancel_is_within(step, id))
			return oms_builtin_was_other(step);
		own |= strcmp(id, order->id) == 0;
	}
	return count == 0 || own || !oms_order_is_live(order) || (order->conditions & COND_PENDING_CANCEL) ? NULL : oms_builtin_was_other(step);
}
