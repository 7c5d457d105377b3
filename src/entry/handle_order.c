/*-------------------------------------------------------------------------
 *
 * handle_order.c
 *	  The use cases of orders: load, decide, evolve, roll up.
 *
 * Writes nothing itself: the unit of work does.  Locks the order's tree through
 * it, before anything is read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/damage.h"
#include "core/order/order_tree.h"
#include "entry/handlers.h"

Refusal *
oms_no_such(const char *object, const char *id)
{
	return oms_refuse(OMS_NO_SUCH_OBJECT, "%s \"%s\" does not exist", object, id);
}

Refusal *
oms_check_version(const Command *command, const char *object, const char *id, int64 version)
{
	if (command->expected_version < 0 || command->expected_version == version)
		return NULL;
	return oms_with_hint(oms_with_detail(oms_refuse(OMS_VERSION_CONFLICT, "%s \"%s\" has another version than expected",
													object, id),
										 "expectedVersion is " INT64_FORMAT ", its version is " INT64_FORMAT ".",
										 command->expected_version, version),
						 "Read it again and decide anew.");
}

static Refusal *
check_particular(const Command *command, const Order *order, const char *field, const char *given, const char *has)
{
	if (given == NULL || (has && strcmp(given, has) == 0))
		return NULL;
	return oms_refuse_by_rule("order_differs", psprintf("%s names another %s than order \"%s\" has",
														command->def->name, field, order->id),
							  "%s is %s, the order's is %s.", field, given, has ? has : "not given");
}

Refusal *
oms_check_particulars(const Command *command, const Order *order)
{
	/* FIX 4.4 vol. 4, Order Cancel/Replace Request: side within its kind, and account, may be replaced */
	bool		replaces = command->def->type == COMMAND_REPLACE_ORDER ||
		command->def->type == COMMAND_REQUEST_REPLACE_ORDER;
	/* a client's cancel states the side as he knows it: before a change, or as he asked for it */
	bool		crosses = command->def->type == COMMAND_REQUEST_CANCEL_ORDER && command->pending == TRI_FALSE;
	Refusal    *refusal;

	if (oms_command_is_report(command) && command->order_id == NULL)
		return NULL;
	refusal = check_particular(command, order, "orderId", command->order_id, order->id);
	if (refusal || oms_command_is_report(command))
		return refusal;
	refusal = check_particular(command, order, "symbol", command->symbol, order->symbol);
	if (refusal == NULL && !(command->side && (replaces || crosses) && oms_sides_are_kin(command->side, order->side)))
		refusal = check_particular(command, order, "side", command->side, order->side);
	if (refusal == NULL)
		refusal = check_particular(command, order, "currency", command->currency, order->currency);
	if (refusal == NULL && !replaces)
		refusal = check_particular(command, order, "account", command->account, order->account);
	return refusal;
}

/* From the parent up: each ancestor whose figures change gets its own event. */
static void
climb(UnitOfWork *uow, const Command *command, const Order *child_before, const Order *child_after)
{
	Order		before;
	Order		after = *child_after;
	TreeDelta	delta;
	bool		changed = oms_tree_delta(child_before, child_after, &delta);
	Walk		walk = {0};

	while (changed && after.parent_id != NULL)
	{
		const Order *parent = oms_uow_order(uow, after.parent_id);
		OrderEvent	event;

		if (parent == NULL)
			oms_damaged("order \"%s\", the parent of \"%s\", does not exist", after.parent_id, after.id);
		oms_walk_step(&walk, "order", after.id);
		before = *parent;
		after = *parent;
		oms_tree_roll_up(command, &before, &delta, &event);
		oms_order_evolve(&after, &event);
		oms_uow_put_order(uow, &after, event.transition, false);
		changed = oms_tree_delta(&before, &after, &delta);
	}
}

/* `before` is the caller's copy: what the unit of work has changes under it. */
void
oms_put_in_tree(UnitOfWork *uow, const Order *before, const Order *after, const OrderEvent *event)
{
	oms_uow_put_order(uow, after, event->transition, false);
	climb(uow, event->command, before, after);
}

void
oms_apply_to_tree(UnitOfWork *uow, const Order *order, const OrderEvent *event)
{
	Order		before = *order;
	Order		after = *order;

	oms_order_evolve(&after, event);
	oms_put_in_tree(uow, &before, &after, event);
}

/* ------------------------------------------------------------------------
 * names
 * ------------------------------------------------------------------------
 */

/*
 * May a fresh request have a ClOrdID that the order has already?  It shows a
 * request that was recorded, or completes one that is known from its Pending
 * report only, or is made under the order's own ClOrdID.
 */
static bool
may_share_cl_ord_id(const Command *command, const Order *order)
{
	const OrderRequest *request = oms_request_named(order, command->cl_ord_id);
	RequestKind kind = command->def->type == COMMAND_REQUEST_CANCEL_ORDER ? REQUEST_CANCEL : REQUEST_REPLACE;

	if (request == NULL)
		return order->cl_ord_id && strcmp(command->cl_ord_id, order->cl_ord_id) == 0 &&
			(command->orig_cl_ord_id == NULL || strcmp(command->orig_cl_ord_id, command->cl_ord_id) == 0);
	return request->kind == kind && (request->unasked || (!request->shown && command->pending != TRI_FALSE));
}

static Refusal *
take_cl_ord_id(UnitOfWork *uow, const Command *command, const Order *order, const char *session)
{
	char	   *owner = oms_cl_ord_id_find(oms_uow_tables(uow), session ? session : "", command->cl_ord_id);

	if (owner == NULL)
	{
		oms_uow_name_order(uow, session, command->cl_ord_id, NULL, order->id);
		return NULL;
	}
	if (strcmp(owner, order->id) == 0 &&
		(!oms_command_is_fresh_request(command) || may_share_cl_ord_id(command, order)))
		return NULL;
	return oms_with_detail(oms_refuse(OMS_DUPLICATE, "clOrdID \"%s\" is already used", command->cl_ord_id),
						   "It is known for order \"%s\".", owner);
}

Refusal *
oms_take_names(UnitOfWork *uow, const Command *command, const Order *order)
{
	const char *session = order->fix_session ? order->fix_session : command->fix_session;

	/* the first match binds the order, and the id it is known under, to the session */
	if (order->fix_session == NULL && session != NULL && order->cl_ord_id != NULL &&
		oms_cl_ord_id_find(oms_uow_tables(uow), session, order->cl_ord_id) == NULL)
		oms_uow_name_order(uow, session, order->cl_ord_id, NULL, order->id);
	if (command->counterparty_order_id &&
		(order->counterparty_order_id == NULL ||
		 strcmp(command->counterparty_order_id, order->counterparty_order_id) != 0))
		oms_uow_name_order(uow, session, NULL, command->counterparty_order_id, order->id);
	if (command->cl_ord_id == NULL || command->def->kind != KIND_ORDER ||
		(order->cl_ord_id && strcmp(command->cl_ord_id, order->cl_ord_id) == 0 && !oms_command_is_fresh_request(command)))
		return NULL;
	return take_cl_ord_id(uow, command, order, session);
}

/* ------------------------------------------------------------------------
 * creation and placement
 * ------------------------------------------------------------------------
 */

/* A new order below `parent` (or a root), decided upon and put; not climbed yet. */
static Refusal *
create(UnitOfWork *uow, Command *command, const Order *parent, TimestampTz now, Order *order)
{
	OrderEvent	event;
	bool		id_is_given = command->order_id != NULL;
	Refusal    *refusal;

	if (!id_is_given)
		command->order_id = parent ? oms_new_id_in_tree(parent->root_id) : oms_new_root_id(uow, command);
	else if (oms_uow_has_order(uow, command->order_id))
		return oms_refuse(OMS_DUPLICATE, "order \"%s\" exists already", command->order_id);
	/* a root's id is claimed for all kinds */
	else if (parent && oms_uow_root_of_execution(uow, command->order_id) != NULL)
		return oms_refuse(OMS_DUPLICATE, "orderId \"%s\" is the id of an execution", command->order_id);
	refusal = oms_order_create(command, parent, now, order, &event);
	if (refusal)
		return refusal;
	/* an order that comes by FIX belongs to its session from the start */
	order->fix_session = command->fix_session;
	order->counterparty_order_id = command->counterparty_order_id;
	oms_order_evolve(order, &event);
	oms_uow_name_order(uow, order->fix_session, order->cl_ord_id, order->counterparty_order_id, order->id);
	oms_uow_put_order(uow, order, event.transition, id_is_given);
	return NULL;
}

Refusal *
oms_handle_create(UnitOfWork *uow, Command *command, Outcome *outcome)
{
	const Order *parent = NULL;
	Order		order;
	Refusal    *refusal;

	if (command->parent_id)
	{
		parent = oms_uow_order(uow, command->parent_id);
		if (parent == NULL)
			return oms_no_such("order", command->parent_id);
	}
	refusal = oms_check_version(command, "order", command->order_id ? command->order_id : "(new)", 0);
	if (refusal == NULL)
		refusal = create(uow, command, parent, oms_uow_now(uow, parent ? parent->root_id : ""), &order);
	if (refusal)
		return refusal;
	outcome->kind = &oms_kinds[KIND_ORDER];
	outcome->id = order.id;
	climb(uow, command, NULL, &order);
	return NULL;
}

/* The slices come first; the order that is placed has one event for all of them. */
Refusal *
oms_handle_place(UnitOfWork *uow, Command *command, Outcome *outcome)
{
	const Order *order = oms_uow_order(uow, command->order_id);
	OrderContext context = {0};
	OrderEvent	event;
	Order		before;
	Order		running;
	Refusal    *refusal;

	if (order == NULL)
		return oms_no_such("order", command->order_id);
	before = running = *order;
	context.order = &before;
	context.now = oms_uow_now(uow, before.root_id);
	refusal = oms_check_version(command, "order", before.id, before.version);
	if (refusal == NULL)
		refusal = oms_order_decide(command, &context, &event);
	for (int i = 0; refusal == NULL && i < command->nchildren; i++)
	{
		Command    *slice = &command->children[i];
		Order		child;
		TreeDelta	delta;

		oms_uow_set_cause(uow, slice);
		refusal = create(uow, slice, &running, context.now, &child);
		if (refusal)
			break;
		oms_tree_delta(NULL, &child, &delta);
		oms_tree_delta_add(&event.children, &delta);
		/* what is left for the next slice */
		running = before;
		oms_order_evolve(&running, &event);
	}
	if (refusal)
		return refusal;
	oms_uow_set_cause(uow, NULL);
	outcome->kind = &oms_kinds[KIND_ORDER];
	outcome->id = before.id;
	oms_apply_to_tree(uow, &before, &event);
	return NULL;
}

/* ------------------------------------------------------------------------
 * everything after
 * ------------------------------------------------------------------------
 */

Refusal *
oms_handle_order(UnitOfWork *uow, Command *command, Outcome *outcome)
{
	const Order *order = oms_uow_order(uow, command->order_id);
	OrderContext context = {0};
	OrderEvent	event;
	Order		before;
	Refusal    *refusal;

	if (order == NULL)
		return oms_no_such("order", command->order_id);
	before = *order;
	context.order = &before;
	context.now = oms_uow_now(uow, before.root_id);
	if (before.parent_id)
		context.parent = oms_uow_order(uow, before.parent_id);
	refusal = oms_check_version(command, "order", before.id, before.version);
	if (refusal == NULL)
		refusal = oms_check_particulars(command, &before);
	if (refusal == NULL && oms_keep_order_report(uow, command, &before, outcome))
		return NULL;
	context.answered = oms_was_answered(uow, command, &before);
	if (refusal == NULL)
		refusal = oms_order_decide(command, &context, &event);
	if (refusal == NULL)
	{
		refusal = oms_take_names(uow, command, &before);
		if (refusal && oms_keep_late_request(uow, command, &before, outcome))
			return NULL;
	}
	if (refusal)
		return refusal;
	outcome->kind = &oms_kinds[KIND_ORDER];
	outcome->id = before.id;
	if (event.split)
		return oms_handle_split(uow, &before, &event);
	oms_apply_to_tree(uow, &before, &event);
	return NULL;
}
