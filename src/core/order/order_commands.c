/*-------------------------------------------------------------------------
 *
 * order_commands.c
 *	  The use cases of orders: read, decide, evolve, roll up.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/damage.h"
#include "base/moment.h"
#include "core/attributes.h"
#include "core/desk/desk.h"
#include "core/order/order_block.h"
#include "core/order/order_cascade.h"
#include "core/order/order_commands.h"
#include "core/order/order_plan.h"
#include "core/order/order_tree.h"
#include "core/quote/quote.h"

static Refusal *
order_check_particular(const Command *command, const Order *order, const char *field, const char *given, const char *has)
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
	bool		replaces = oms_has_trait(command->def, TRAIT_CHANGES_ACCOUNT);
	/* a client's cancel states the side as he knows it: before a change, or as he asked for it */
	bool		crosses = command->def->opens == REQUEST_CANCEL && command->pending == TRI_FALSE;
	Refusal    *refusal;

	if (oms_command_is_report(command) && command->order_id == NULL)
		return NULL;
	refusal = order_check_particular(command, order, "orderId", command->order_id, order->id);
	if (refusal || oms_command_is_report(command))
		return refusal;
	if (command->symbol && oms_symbols_differ(command->symbol, order->symbol))
		refusal = order_check_particular(command, order, "symbol", command->symbol, order->symbol);
	if (refusal == NULL && !(command->side && (replaces || crosses) && oms_sides_are_kin(command->side, order->side)))
		refusal = order_check_particular(command, order, "side", command->side, order->side);
	if (refusal == NULL)
		refusal = order_check_particular(command, order, "currency", command->currency, order->currency);
	if (refusal == NULL && !replaces)
		refusal = order_check_particular(command, order, "account", command->account, order->account);
	return refusal;
}

void
oms_put_order(Decision *d, const Order *order, const Transition *rule, bool id_is_given)
{
	Order		after;

	if (order->desk_status != 0)
	{
		after = *order;
		oms_desk_follow(d, &after);
		order = &after;
	}
	oms_decision_put(d, &order->object, rule, id_is_given);
	if (order->quote_id)
		oms_decision_end_with(d, oms_quotes_follow);
}

/* What becomes of an ancestor whose children are not as they were: an event of its own, in which a replacement that waited for them may end. */
static Order
order_climb_to(Decision *d, const Order *parent, const OrderEvent *event, const char **refused)
{
	Order		after = *parent;
	OrderEvent	end;

	oms_order_evolve(&after, event);
	oms_put_order(d, &after, event->transition, false);
	if (event->cascade_id && oms_cascade_end(d, &after, event, refused, &end))
	{
		oms_order_evolve(&after, &end);
		oms_put_order(d, &after, end.transition, false);
	}
	return after;
}

/* From the parent up: each ancestor whose figures change, or that waits for what is below it, gets its own event. */
static void
order_climb(Decision *d, const OrderEvent *cause, const Order *child_before, const Order *child_after)
{
	const Order *before = child_before;
	Order		after = *child_after;
	TreeDelta	delta;
	bool		changed = oms_tree_delta(before, &after, &delta);
	bool		moves = oms_cascade_moves(before, &after);
	const char *refused = moves ? oms_cascade_refusal(cause, &after) : NULL;
	Walk		walk = {0};

	while ((changed || moves) && after.parent_id != NULL)
	{
		const Order *parent = oms_get_order(d, after.parent_id);
		OrderEvent	event;

		if (parent == NULL)
			oms_damaged("order \"%s\", the parent of \"%s\", does not exist", after.parent_id, after.id);
		oms_walk_step(&walk, "order", after.id);
		oms_tree_roll_up(cause->command, parent, &delta, &event);
		if (!(moves && oms_cascade_roll_up(parent, before, &after, &refused, &event)) && !changed)
			break;
		before = parent;
		after = order_climb_to(d, parent, &event, &refused);
		changed = oms_tree_delta(before, &after, &delta);
		moves = oms_cascade_moves(before, &after);
	}
	if (oms_order_is_block(&after) && oms_order_is_closed(&after))
		oms_decision_end_with(d, oms_blocks_release);
}

void
oms_put_in_tree(Decision *d, const Order *before, const Order *after, const OrderEvent *event)
{
	oms_put_order(d, after, event->transition, false);
	order_climb(d, event, before, after);
}

void
oms_apply_to_tree(Decision *d, const Order *order, const OrderEvent *event)
{
	Order		after = *order;

	oms_order_evolve(&after, event);
	oms_put_in_tree(d, order, &after, event);
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
order_may_share_cl_ord_id(const Command *command, const Order *order)
{
	const OrderRequest *request = oms_request_named(order, command->cl_ord_id);

	if (request == NULL)
		return order->cl_ord_id && strcmp(command->cl_ord_id, order->cl_ord_id) == 0 &&
			(command->orig_cl_ord_id == NULL || strcmp(command->orig_cl_ord_id, command->cl_ord_id) == 0);
	return request->kind == command->def->opens && (request->unasked || (!request->shown && command->pending != TRI_FALSE));
}

/* `owner` has the ClOrdID already, or nobody. */
static Refusal *
order_take_cl_ord_id(Decision *d, const Command *command, const Order *order, const char *session, const char *owner)
{
	if (owner == NULL)
	{
		oms_decision_name(d, NAME_CL_ORD_ID, session, command->cl_ord_id, order->id);
		return NULL;
	}
	if (strcmp(owner, order->id) == 0 &&
		(!oms_command_is_fresh_request(command) || order_may_share_cl_ord_id(command, order)))
		return NULL;
	return oms_with_hint(oms_with_detail(oms_refuse(OMS_DUPLICATE, "clOrdID \"%s\" is already used", command->cl_ord_id),
										 "It is known for order \"%s\".", owner),
						 strcmp(owner, order->id) == 0 ? "A request has a clOrdID of its own; origClOrdID names the order's. A repeat of it is known by its commandId." :
						 "It names one of them, and no other. A repeat of a command is known by its commandId.");
}

Refusal *
oms_take_names(Decision *d, const Command *command, const Order *order)
{
	const char *session = order->fix_session ? order->fix_session : command->fix_session;
	bool		same = command->cl_ord_id && order->cl_ord_id && strcmp(command->cl_ord_id, order->cl_ord_id) == 0;
	bool		binds = order->fix_session == NULL && session != NULL && order->cl_ord_id != NULL &&
		d->source->named(d->source, NAME_CL_ORD_ID, session, order->cl_ord_id) == NULL;

	/* the first match binds the order, and the id it is known under, to the session */
	if (binds)
		oms_decision_name(d, NAME_CL_ORD_ID, session, order->cl_ord_id, order->id);
	if (command->counterparty_order_id &&
		(order->counterparty_order_id == NULL ||
		 strcmp(command->counterparty_order_id, order->counterparty_order_id) != 0))
		oms_decision_name(d, NAME_COUNTERPARTY_ORDER_ID, session, command->counterparty_order_id, order->id);
	if (command->cl_ord_id == NULL || command->def->kind != KIND_ORDER ||
		(same && !oms_command_is_fresh_request(command)))
		return NULL;
	return order_take_cl_ord_id(d, command, order, session, same && binds ? order->id :
								d->source->named(d->source, NAME_CL_ORD_ID, session ? session : "", command->cl_ord_id));
}

/* ------------------------------------------------------------------------
 * creation and placement
 * ------------------------------------------------------------------------
 */

/* A new root's id has the slot of `beside`, if that is not NULL. */
static Refusal *
order_create(Decision *d, Command *command, const Order *parent, const char *beside, Jsonb *members, Order *order)
{
	OrderEvent	event;
	bool		id_is_given = command->order_id != NULL;
	Refusal    *refusal = id_is_given ? oms_check_new_id(d, KIND_ORDER, command->order_id, parent == NULL) : NULL;

	if (!id_is_given)
		command->order_id = oms_decision_new_id(d, parent ? parent->root_id : beside);
	if (refusal == NULL)
		refusal = oms_order_create(command, parent, oms_decision_now(d), order, &event);
	if (refusal == NULL)
		refusal = oms_attributes_make(d, command, order->asset_class, ATTRIBUTES_OF_ORDER,
									  parent ? parent->attributes : command->attributes_from, &order->attributes);
	if (refusal)
		return refusal;
	event.members = members;
	/* an order that comes by FIX belongs to its session from the start */
	order->fix_session = command->fix_session;
	order->counterparty_order_id = command->counterparty_order_id;
	oms_order_evolve(order, &event);
	oms_decision_name(d, NAME_CL_ORD_ID, order->fix_session, order->cl_ord_id, order->id);
	oms_decision_name(d, NAME_COUNTERPARTY_ORDER_ID, order->fix_session, order->counterparty_order_id, order->id);
	oms_put_order(d, order, event.transition, id_is_given);
	return NULL;
}

Refusal *
oms_create_order(Decision *d, Command *command, const Order *parent, Jsonb *members, Order *order)
{
	return order_create(d, command, parent, NULL, members, order);
}

Refusal *
oms_create_in_tree(Decision *d, Command *command, const Order *parent, const char *beside, Order *order)
{
	Refusal    *refusal = order_create(d, command, parent, beside, NULL, order);
	OrderEvent	event;

	if (refusal)
		return refusal;
	oms_order_event_init(&event, command);
	order_climb(d, &event, NULL, order);
	return NULL;
}

Refusal *
oms_decide_create(Decision *d)
{
	Command    *command = d->command;
	const Order *parent = NULL;
	Order		order;
	Refusal    *refusal;

	if (command->parent_id)
	{
		parent = oms_get_order(d, command->parent_id);
		if (parent == NULL)
			return oms_no_such(KIND_ORDER, command->parent_id);
	}
	refusal = oms_check_version(command, KIND_ORDER, command->order_id ? command->order_id : "(new)", 0);
	if (refusal == NULL)
		refusal = oms_create_in_tree(d, command, parent, NULL, &order);
	if (refusal == NULL)
		oms_decision_about(d, KIND_ORDER, order.id, false);
	return refusal;
}

/* Does it place nothing now? */
static bool
order_only_plans(const Command *command, TimestampTz now)
{
	for (int i = 0; i < command->nchildren; i++)
		if (!oms_slice_is_planned(&command->children[i], now))
			return false;
	return true;
}

/* What is placed later is held against what is left beside the others, and is no order yet. */
static Refusal *
order_try_slice(Decision *d, const Command *slice, const Order *parent, Order *child)
{
	OrderEvent	event;
	const char *problem = slice->cl_ord_id_pattern ? oms_placement_pattern_problem(slice->cl_ord_id_pattern) : NULL;
	Refusal    *refusal;

	if (problem)
		return oms_with_detail(oms_refuse(OMS_MALFORMED, "field \"clOrdIDPattern\" of a slice of order \"%s\" is no pattern", parent->id), "%s", problem);
	refusal = oms_order_create(slice, parent, oms_decision_now(d), child, &event);
	if (refusal == NULL)
		oms_order_evolve(child, &event);
	return refusal;
}

/* The slices, as far as they are due: `event` is to have what they change of the order that is placed. */
static Refusal *
order_place_slices(Decision *d, const Order *order, OrderEvent *event)
{
	Command    *command = d->command;
	OrderEvent	all = *event;
	Order		running = *order;
	Refusal    *refusal = NULL;

	for (int i = 0; refusal == NULL && i < command->nchildren; i++)
	{
		Command    *slice = &command->children[i];
		bool		planned = oms_slice_is_planned(slice, oms_decision_now(d));
		Order		child;
		TreeDelta	delta;

		d->cause = slice;
		refusal = planned ? order_try_slice(d, slice, &running, &child) : oms_create_order(d, slice, &running, NULL, &child);
		if (refusal)
			break;
		oms_tree_delta(NULL, &child, &delta);
		oms_tree_delta_add(&all.children, &delta);
		if (!planned)
			oms_tree_delta_add(&event->children, &delta);
		/* what is left for the next slice */
		running = *order;
		oms_order_evolve(&running, &all);
	}
	d->cause = command;
	return refusal;
}

/* The slices come first; the order that is placed has one event for all of them. */
Refusal *
oms_decide_place(Decision *d)
{
	Command    *command = d->command;
	const Order *order = oms_get_order(d, command->order_id);
	OrderContext context = {.order = order, .decision = d, .now = oms_decision_now(d), .plans = order_only_plans(command, oms_decision_now(d))};
	OrderEvent	event;
	Refusal    *refusal;

	if (order == NULL)
		return oms_no_such(KIND_ORDER, command->order_id);
	if (command->nchildren == 0 && command->planned_slice == NO_TIME && command->replace_plan != TRI_TRUE)
		return oms_with_detail(oms_refuse(OMS_MALFORMED, "%s places nothing", command->def->name),
							   "Field \"children\" may be empty where plannedSlice or replacePlan is given.");
	refusal = oms_check_version(command, KIND_ORDER, order->id, order->version);
	if (refusal == NULL)
		refusal = oms_order_decide(command, &context, &event);
	if (refusal == NULL)
		refusal = oms_plan_take(command, order, context.now, &event);
	if (refusal == NULL)
		refusal = order_place_slices(d, order, &event);
	if (refusal)
		return refusal;
	oms_decision_about(d, KIND_ORDER, order->id, false);
	oms_apply_to_tree(d, order, &event);
	return NULL;
}

/* ------------------------------------------------------------------------
 * everything after
 * ------------------------------------------------------------------------
 */

Refusal *
oms_decide_order(Decision *d)
{
	Command    *command = d->command;
	const Order *order = oms_get_order(d, command->order_id);
	OrderContext context = {.order = order, .decision = d, .now = oms_decision_now(d)};
	OrderEvent	event;
	Refusal    *refusal;

	if (order == NULL)
		return oms_no_such(KIND_ORDER, command->order_id);
	if (order->parent_id)
		context.parent = oms_get_order(d, order->parent_id);
	refusal = oms_check_version(command, KIND_ORDER, order->id, order->version);
	if (refusal == NULL)
		refusal = oms_check_particulars(command, order);
	if (refusal == NULL && oms_keep_order_report(d, command, order))
		return NULL;
	context.answered = oms_was_answered(d, command, order);
	context.revives = oms_order_is_revived(d, command, order);
	if (refusal == NULL && oms_has_trait(command->def, TRAIT_MERGES_ATTRIBUTES))
		refusal = oms_attributes_change(d, command, order->asset_class, ATTRIBUTES_OF_ORDER, order->attributes, &command->attributes);
	if (refusal == NULL)
		refusal = oms_order_decide(command, &context, &event);
	if (refusal == NULL)
		refusal = oms_check_ties(d, command, order, &event);
	if (refusal == NULL)
	{
		refusal = oms_take_names(d, command, order);
		if (refusal && oms_keep_late_request(d, command, order))
			return NULL;
	}
	if (refusal)
		return refusal;
	oms_decision_about(d, KIND_ORDER, order->id, false);
	if (event.split)
		return oms_split_tree(d, order, &event);
	oms_apply_to_tree(d, order, &event);
	return NULL;
}
