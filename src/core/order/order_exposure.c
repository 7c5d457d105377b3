/*-------------------------------------------------------------------------
 *
 * order_exposure.c
 *	  What an order has open and has done, and which orders are like or against it.
 *
 * Pure: what limits and look-ups of rules count, by the order's own figures.
 * Source of what a side and a quantity are of: FIX 4.4 volume 3, "Quote"; tags 15, 38, 54.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/order/order.h"
#include "core/order/order_exposure.h"
#include "core/order/order_instrument.h"

#define VALUE_SCALE 10

/* ------------------------------------------------------------------------
 * as a command would have it
 * ------------------------------------------------------------------------
 */

static Order *
exposure_new_order(const Command *command, const Order *parent)
{
	Order	   *order = palloc(sizeof(Order));

	oms_record_init(&oms_order_def, order);
	order->symbol = parent ? parent->symbol : command->symbol;
	order->side = parent ? parent->side : command->side;
	order->currency = command->currency || parent == NULL ? command->currency : parent->currency;
	order->account = command->account || parent == NULL ? command->account : parent->account;
	order->parent_id = parent ? parent->id : NULL;
	order->root_id = parent ? parent->root_id : NULL;
	/* a slice is of its parent's instrument, and need not say so */
	order->fix = parent ? parent->fix : command->fix;
	order->executed_quantity = order->executed_value = order->leaves_quantity = oms_dec_zero();
	/* it has members, and which does not matter here */
	order->members = command->members.shares ? command->raw : NULL;
	return order->symbol && order->side ? order : NULL;
}

static void
exposure_take_terms(Order *order, const OrderTerms *terms)
{
	oms_terms_apply(order, terms);
	if (order->order_qty && !oms_order_is_closed(order))
		order->leaves_quantity = oms_dec_max(oms_dec_sub(order->order_qty, order->executed_quantity), oms_dec_zero());
}

Order *
oms_order_proposed(const Command *command, const Order *cur, const Order *parent)
{
	OrderTerms	terms = command->terms;
	Order	   *order;

	if (command->def->kind != KIND_ORDER)
		return NULL;
	if (cur)
	{
		order = memcpy(palloc(sizeof(Order)), cur, sizeof(Order));
		terms = oms_terms_of_command(command, cur);
	}
	else
		order = exposure_new_order(command, parent);
	if (order == NULL)
		return NULL;
	exposure_take_terms(order, &terms);
	if (cur == NULL && order->ord_type == NULL)
		order->ord_type = unconstify(char *, oms_default_ord_type(&terms));
	return order;
}

/* ------------------------------------------------------------------------
 * two orders
 * ------------------------------------------------------------------------
 */

static bool
exposure_same_instrument(const Order *a, const Order *b)
{
	InstrumentDifference difference;
	int			next = 0;

	return strcmp(a->symbol, b->symbol) == 0 && oms_same_text(a->account, b->account) &&
		!oms_instrument_differs(a->fix, b->fix, &next, &difference);
}

static bool
exposure_same_figure(Numeric a, Numeric b)
{
	return a && b ? oms_dec_cmp(a, b) == 0 : a == b;
}

bool
oms_orders_are_like(const Order *a, const Order *b)
{
	return exposure_same_instrument(a, b) && strcmp(a->side, b->side) == 0 && oms_same_text(a->currency, b->currency) &&
		oms_same_text(a->ord_type, b->ord_type) &&
		exposure_same_figure(a->order_qty, b->order_qty) && exposure_same_figure(a->cash_order_qty, b->cash_order_qty) &&
		exposure_same_figure(a->price, b->price) && exposure_same_figure(a->stop_px, b->stop_px);
}

bool
oms_orders_are_opposite(const Order *a, const Order *b)
{
	Tristate	first = oms_side_buys(a->symbol, a->currency, a->side);
	Tristate	second = oms_side_buys(b->symbol, b->currency, b->side);

	return first != TRI_UNSET && second != TRI_UNSET && first != second && exposure_same_instrument(a, b);
}

bool
oms_order_is_at_work(const Order *order)
{
	return (oms_order_is_live(order) && (order->order_qty == NULL || oms_dec_sign(order->leaves_quantity) > 0)) || order->live_children > 0;
}

bool
oms_order_came_to_nothing(const Order *order)
{
	return oms_order_is_closed(order) && oms_dec_sign(order->executed_quantity) == 0;
}

/* ------------------------------------------------------------------------
 * figures
 * ------------------------------------------------------------------------
 */

static Numeric
exposure_abs(Numeric a)
{
	return oms_dec_sign(a) < 0 ? oms_dec_neg(a) : a;
}

Numeric
oms_notional(const char *symbol, const char *currency, Numeric quantity, Numeric price)
{
	if (quantity == NULL || price == NULL)
		return NULL;
	price = exposure_abs(price);
	if (!oms_is_second_of_pair(symbol, currency))
		return oms_dec_mul(quantity, price);
	return oms_dec_sign(price) == 0 ? NULL : oms_dec_div(quantity, price, VALUE_SCALE);
}

/* By how much was the order split since? */
static Numeric
exposure_scaled_since(const Order *order, const Order *before, Numeric quantity)
{
	Numeric		now = order->quantity_factor ? order->quantity_factor : oms_dec_one();
	Numeric		then = before->quantity_factor ? before->quantity_factor : oms_dec_one();

	return oms_dec_cmp(now, then) == 0 ? quantity : oms_dec_div(oms_dec_mul(quantity, now), then, VALUE_SCALE);
}

/* What was done since is worth what was paid: quantity and value give its price. */
static Numeric
exposure_value_of_done(const Order *order, Numeric quantity, Numeric value)
{
	if (oms_dec_sign(quantity) == 0)
		return oms_dec_zero();
	return oms_is_second_of_pair(order->symbol, order->currency) && oms_dec_sign(value) != 0 ?
		oms_dec_div(oms_dec_mul(quantity, quantity), exposure_abs(value), VALUE_SCALE) : exposure_abs(value);
}

/* An order by an amount alone has that open, less what it has spent. */
static Numeric
exposure_open_value(const Order *order, Numeric price)
{
	if (order->order_qty == NULL && order->cash_order_qty)
		return oms_order_is_closed(order) ? oms_dec_zero() :
			oms_dec_max(oms_dec_sub(order->cash_order_qty, exposure_abs(order->executed_value)), oms_dec_zero());
	if (oms_dec_sign(order->leaves_quantity) == 0)
		return oms_dec_zero();
	return oms_notional(order->symbol, order->currency, order->leaves_quantity, order->price ? order->price : price);
}

static Numeric
exposure_greater(Numeric a, Numeric b)
{
	return a && b ? oms_dec_max(a, b) : a ? a : b;
}

/* By its own terms, or by those of a request that may be granted any moment, where that is more. */
static OrderExposure
exposure_open(const Order *order, Numeric price)
{
	OrderExposure open = {order->leaves_quantity, exposure_open_value(order, price)};
	OrderRequest *requests;
	int			count;

	if (order->pending_requests == NULL || oms_order_is_closed(order))
		return open;
	requests = oms_requests_from_json(order->pending_requests, &count);
	for (int i = 0; i < count; i++)
	{
		Order		granted = *order;

		if (requests[i].kind != REQUEST_REPLACE)
			continue;
		exposure_take_terms(&granted, &requests[i].terms);
		open.quantity = oms_dec_max(open.quantity, granted.leaves_quantity);
		open.value = exposure_greater(open.value, exposure_open_value(&granted, price));
	}
	return open;
}

OrderExposure
oms_order_exposure(const Order *order, const Order *before, Numeric price)
{
	Numeric		done = order->executed_quantity;
	Numeric		paid = order->executed_value;
	OrderExposure exposure = exposure_open(order, price);

	if (before)
	{
		done = oms_dec_sub(done, exposure_scaled_since(order, before, before->executed_quantity));
		paid = oms_dec_sub(paid, before->executed_value);
	}
	/* of what was done before, more was taken back than was done since */
	if (oms_dec_sign(done) < 0)
		done = paid = oms_dec_zero();
	exposure.quantity = oms_dec_add(exposure.quantity, done);
	if (exposure.value)
		exposure.value = oms_dec_add(exposure.value, exposure_value_of_done(order, done, paid));
	return exposure;
}
