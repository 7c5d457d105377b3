/*-------------------------------------------------------------------------
 *
 * order_create.c
 *	  A new order: what a Create command says, what a child has of its parent,
 *	  and what an order cannot be without.
 *
 * Pure.  What becomes of an order that is there, order_decide.c says.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/order/order.h"
#include "core/order/order_cascade.h"
#include "core/order/order_split.h"

Refusal *
oms_order_missing(const Command *command, const char *field, const char *why)
{
	return oms_with_detail(oms_refuse(OMS_MALFORMED, "%s needs field \"%s\"", command->def->name, field),
						   "%s", why);
}

/* Fields without which an order of this kind means nothing. */
Refusal *
oms_order_check_completeness(const Command *command, const Order *order)
{
	if (order->symbol == NULL)
		return oms_order_missing(command, "symbol", "Only a child inherits it.");
	if (order->side == NULL)
		return oms_order_missing(command, "side", "Only a child inherits it.");
	if (order->order_qty == NULL && order->cash_order_qty == NULL)
		return oms_order_missing(command, "orderQty", "An order has orderQty or cashOrderQty.");
	/* a counterparty's report makes it, and need not tell all */
	if (command->counterparty_order_id)
		return NULL;
	if (order->price == NULL &&
		(strcmp(order->ord_type, "LIMIT") == 0 || strcmp(order->ord_type, "STOP_LIMIT") == 0))
		return oms_order_missing(command, "price", "An order of this ordType has a limit.");
	if (order->stop_px == NULL &&
		(strcmp(order->ord_type, "STOP") == 0 || strcmp(order->ord_type, "STOP_LIMIT") == 0))
		return oms_order_missing(command, "stopPx", "An order of this ordType has a stop price.");
	if (order->time_in_force && strcmp(order->time_in_force, "GOOD_TILL_DATE") == 0 &&
		order->expire_time == NO_TIME && order->expire_date == NO_DATE)
		return oms_order_missing(command, "expireTime", "An order good till date has expireTime or expireDate.");
	return NULL;
}

static Refusal *
create_differs_from_parent(const Order *parent, const char *field, const char *child_value, const char *parent_value)
{
	return oms_refuse_by_rule("inherited", psprintf("a child of order \"%s\" cannot have another %s", parent->id, field),
							  "%s is %s, the parent's is %s.", field, child_value,
							  parent_value ? parent_value : "not given");
}

static bool
create_differs(const char *given, const char *inherited)
{
	return given != NULL && (inherited == NULL || strcmp(given, inherited) != 0);
}

static Refusal *
create_inherit(const Command *command, const Order *parent, Order *order)
{
	if (create_differs(command->symbol, parent->symbol))
		return create_differs_from_parent(parent, "symbol", command->symbol, parent->symbol);
	if (create_differs(command->side, parent->side))
		return create_differs_from_parent(parent, "side", command->side, parent->side);
	if (parent->currency && create_differs(command->currency, parent->currency))
		return create_differs_from_parent(parent, "currency", command->currency, parent->currency);
	order->symbol = parent->symbol;
	order->side = parent->side;
	if (order->currency == NULL)
		order->currency = parent->currency;
	if (order->account == NULL)
		order->account = parent->account;
	if (order->asset_class == NULL)
		order->asset_class = parent->asset_class;
	return NULL;
}

Refusal *
oms_order_over_placed(const Order *parent, Numeric wanted)
{
	Numeric		taken = oms_dec_sub(parent->unplaced_quantity, oms_order_room(parent));

	return oms_refuse_by_rule("over_placed",
							  psprintf("order \"%s\" has too little left to place", parent->id),
							  "%s more is asked for; orderQty %s, executedQuantity %s, reservedQuantity %s, unplacedQuantity %s%s.",
							  oms_dec_text(wanted), oms_dec_text(parent->order_qty),
							  oms_dec_text(parent->executed_quantity), oms_dec_text(parent->reserved_quantity),
							  oms_dec_text(parent->unplaced_quantity),
							  oms_dec_sign(taken) > 0 ? psprintf(", of which a replacement that waits takes %s", oms_dec_text(taken)) : "");
}

static Refusal *
create_check_placeable(const Command *command, const Order *parent)
{
	if (!oms_order_is_live(parent))
		return oms_with_detail(oms_refuse(OMS_NO_TRANSITION, "order \"%s\" in status %s cannot have new children",
										  parent->id, oms_name_of(oms_order_status_names, parent->status)),
							   "The order has %s.", oms_order_figures(parent));
	if (oms_request_is_open(parent, REQUEST_CANCEL))
		return oms_refuse_by_rule("cancel_requested",
								  psprintf("order \"%s\" cannot have new children", parent->id),
								  "a cancel of it is requested; it has %s.", oms_order_figures(parent));
	if (parent->quote_id)
		return oms_refuse_by_rule("quoted_order",
								  psprintf("order \"%s\" cannot have new children", parent->id),
								  "its quoteId is %s: who quoted it deals it, and nobody else.", parent->quote_id);
	return NULL;
}

const char *
oms_default_ord_type(const OrderTerms *terms)
{
	if (terms->stop_px)
		return terms->price ? "STOP_LIMIT" : "STOP";
	return terms->price ? "LIMIT" : "MARKET";
}

static void
create_fill_new_order(const Command *command, TimestampTz now, Order *order)
{
	oms_record_init(&oms_order_def, order);
	order->id = command->order_id;
	order->cl_ord_id = command->cl_ord_id;
	order->symbol = command->symbol;
	order->side = command->side;
	order->account = command->account;
	order->currency = command->currency;
	order->asset_class = command->asset_class;
	order->destination = command->destination;
	order->quote_id = command->quote.object_id;
	order->attributes = command->attributes;
	order->fix = command->fix;
	order->executed_quantity = order->leaves_quantity = order->working_quantity =
		order->unplaced_quantity = order->allocated_quantity = order->executed_value =
		order->avg_px = order->own_executed_quantity = order->reserved_quantity =
		order->review_quantity = oms_dec_zero();
	order->created_at = now;
	oms_terms_apply(order, &command->terms);
	order->price = command->terms.price;
	if (order->ord_type == NULL)
		order->ord_type = unconstify(char *, oms_default_ord_type(&command->terms));
}

Refusal *
oms_order_create(const Command *command, const Order *parent, TimestampTz now, Order *order,
				 OrderEvent *event)
{
	Refusal    *refusal;

	oms_order_event_init(event, command);
	create_fill_new_order(command, now, order);
	if (parent)
	{
		refusal = create_inherit(command, parent, order);
		if (refusal == NULL)
			refusal = create_check_placeable(command, parent);
		if (refusal)
			return refusal;
		order->parent_id = parent->id;
		order->root_id = parent->root_id;
		order->corporate_actions = oms_split_inherit(parent->corporate_actions);
	}
	else
		order->root_id = order->id;
	refusal = oms_order_check_completeness(command, order);
	if (refusal)
		return refusal;
	if (parent && order->order_qty && oms_dec_cmp(order->order_qty, oms_order_room(parent)) > 0)
		return oms_order_over_placed(parent, order->order_qty);

	event->transition = oms_order_transition(oms_command_trigger(command), order, 0, false);
	return NULL;
}
