/*
 * What an order has open and has done, which orders are like or against it, and what a command
 * would make of one: pairs of currencies both ways, splits, amounts, sides that are none, and all
 * pairs of a set of orders.  What breaks if a pair is asked by the wrong side or valued in the
 * wrong currency, if what was done before today counts, or if "like" is not the same both ways.
 */
#include "unit.h"

#include "base/decimal.h"
#include "base/json.h"
#include "core/order/order.h"
#include "core/order/order_exposure.h"

static Numeric
dec(const char *text)
{
	Numeric		result = NULL;

	if (text && !oms_dec_parse(text, strlen(text), &result))
		elog(ERROR, "no decimal: %s", text);
	return result;
}

static Order
order_of(const char *symbol, const char *currency, const char *side, const char *quantity, const char *price)
{
	Order		order;

	oms_record_init(&oms_order_def, &order);
	order.id = "A";
	order.version = 1;
	order.conditions = COND_NEW;
	order.symbol = pstrdup(symbol);
	order.currency = currency ? pstrdup(currency) : NULL;
	order.side = pstrdup(side);
	order.order_qty = order.leaves_quantity = dec(quantity);
	order.price = dec(price);
	order.executed_quantity = order.executed_value = oms_dec_zero();
	order.ord_type = price ? "LIMIT" : "MARKET";
	return order;
}

static void
done(Order *order, const char *quantity, const char *value)
{
	order->executed_quantity = dec(quantity);
	order->executed_value = dec(value);
	order->leaves_quantity = order->order_qty ? oms_dec_sub(order->order_qty, order->executed_quantity) : oms_dec_zero();
}

static void
exposes(const Order *order, const Order *before, const char *price, const char *expected, const char *name)
{
	OrderExposure e = oms_order_exposure(order, before, dec(price));

	is_text(psprintf("%s %s", oms_dec_text(e.quantity), e.value ? oms_dec_text(e.value) : "none"), expected, name);
}

static void
figures(void)
{
	Order		order = order_of("X", "USD", "BUY", "100", "10");
	Order		before;

	exposes(&order, NULL, NULL, "100 1000", "what is open is worth its price");
	done(&order, "40", "360");
	exposes(&order, NULL, "99", "100 960", "what was done what was paid; its own price before any other");
	before = order;
	exposes(&order, &before, NULL, "60 600", "what was done before today counts no more");
	done(&order, "70", "690");
	exposes(&order, &before, NULL, "60 630", "what was done since does");
	done(&order, "10", "90");
	exposes(&order, &before, NULL, "90 900", "and more taken back than done is nothing done");
	done(&before, "40", "360");
	order = order_of("X", NULL, "BUY", "200", "5");
	order.quantity_factor = dec("2");
	done(&order, "100", "410");
	exposes(&order, &before, NULL, "120 550", "a split since scales what was done before");
	order = order_of("X", NULL, "BUY", "100", NULL);
	exposes(&order, NULL, "7", "100 700", "without a price by another one");
	exposes(&order, NULL, NULL, "100 none", "and without any not at all");
	done(&order, "100", "650");
	exposes(&order, NULL, NULL, "100 650", "but for what is open of it");
	order = order_of("S", NULL, "BUY", "10", "-2");
	done(&order, "4", "-8");
	exposes(&order, NULL, NULL, "10 20", "a spread below zero is worth what it moves");
	order = order_of("X", NULL, "BUY", NULL, NULL);
	order.leaves_quantity = oms_dec_zero();
	order.cash_order_qty = dec("500");
	exposes(&order, NULL, NULL, "0 500", "an amount is worth itself");
	done(&order, "20", "180");
	exposes(&order, NULL, NULL, "20 500", "less what is spent of it");
	order.conditions = COND_CANCELLED;
	exposes(&order, NULL, NULL, "20 180", "and nothing once it is over");
	order = order_of("EUR/USD", "USD", "BUY", "125", "1.25");
	exposes(&order, NULL, NULL, "125 100", "dollars of EUR/USD are worth euros");
	done(&order, "25", "50");
	exposes(&order, NULL, NULL, "125 92.5", "also those that were dealt");
	order.currency = "EUR";
	exposes(&order, NULL, NULL, "125 175", "euros are worth dollars");
}

/* What was asked for may be granted any moment; what is done for the day has nothing open. */
static void
requests(void)
{
	Order		order = order_of("X", NULL, "BUY", "100", "10");

	order.pending_requests = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("[{\"request\": \"CANCEL\"}, {\"request\": \"REPLACE\", \"orderQty\": 150},"
																					   " {\"request\": \"REPLACE\", \"orderQty\": 120, \"price\": 20}, {\"request\": \"REPLACE\", \"orderQty\": 5}]")));
	exposes(&order, NULL, NULL, "150 2400", "the most that is asked for, and the dearest");
	done(&order, "100", "1000");
	exposes(&order, NULL, NULL, "150 1500", "less what is done");
	done(&order, "160", "1600");
	exposes(&order, NULL, NULL, "160 1600", "and nothing where all of it is");
	order = order_of("X", NULL, "BUY", "100", NULL);
	order.pending_requests = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("[{\"request\": \"REPLACE\", \"orderQty\": 90, \"price\": 3}]")));
	exposes(&order, NULL, NULL, "100 270", "of a market order what is asked for has a price");
	order.conditions = COND_CANCELLED;
	order.leaves_quantity = oms_dec_zero();
	exposes(&order, NULL, NULL, "0 0", "of what is over nothing is granted");
	order = order_of("X", NULL, "BUY", "100", "10");
	ok(oms_order_is_at_work(&order), "what has leaves is at work");
	order.conditions |= COND_DONE_FOR_DAY;
	order.leaves_quantity = oms_dec_zero();
	ok(!oms_order_is_at_work(&order), "what is done for the day is not");
	order.live_children = 1;
	ok(oms_order_is_at_work(&order), "but for what is below it");
}

static void
notional(void)
{
	static const struct
	{
		const char *symbol;
		const char *currency;
		const char *price;
		const char *expected;
	}			cases[] = {
		{"EUR/USD", "EUR", "1.25", "125"}, {"EUR/USD", NULL, "1.25", "125"}, {"EUR/USD", "USD", "1.25", "80"}, {"EUR/USD", "USD", "3", "33.3333333333"},
		{"EUR/USD", "USD", "0", "none"}, {"EUR/USD", "EUR", "0", "0"}, {"X", "USD", "-2", "200"}, {"X", "USD", NULL, "none"}, {"/USD", "USD", "2", "200"}
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		Numeric		value = oms_notional(cases[i].symbol, cases[i].currency, dec("100"), dec(cases[i].price));

		is_text(value ? oms_dec_text(value) : "none", cases[i].expected, psprintf("100 of %s in %s at %s", cases[i].symbol,
																				   cases[i].currency ? cases[i].currency : "nothing", cases[i].price ? cases[i].price : "nothing"));
	}
}

/* Every pair of orders that differ in one thing, and of sides. */
static void
pairs(void)
{
	static const char *const sides[] = {"BUY", "BUY_MINUS", "SELL", "SELL_SHORT", "CROSS"};
	Order		some[8];
	bool		symmetric = true;

	for (int i = 0; i < lengthof(some); i++)
		some[i] = order_of("X", "USD", "BUY", "100", "10");
	some[1].order_qty = dec("100.00");
	some[2].order_qty = dec("101");
	some[3].price = dec("10.01");
	some[4].account = "ANN";
	some[5].stop_px = dec("1");
	some[6].currency = "EUR";
	some[7].side = "BUY_MINUS";
	for (int i = 0; i < lengthof(some); i++)
		for (int j = 0; j < lengthof(some); j++)
		{
			bool		alike = oms_orders_are_like(&some[i], &some[j]);

			symmetric = symmetric && alike == oms_orders_are_like(&some[j], &some[i]) && !oms_orders_are_opposite(&some[i], &some[j]);
			if (alike != (i == j || i + j == 1))
				ok(false, "orders %d and %d are %salike", i, j, alike ? "" : "not ");
		}
	ok(symmetric, "alike is the same both ways, and never against each other");
	for (int i = 0; i < lengthof(sides); i++)
		for (int j = 0; j < lengthof(sides); j++)
			for (int second = 0; second < 4; second++)
			{
				Order		a = order_of("EUR/USD", second & 1 ? "USD" : "EUR", sides[i], "1", "1");
				Order		b = order_of("EUR/USD", second & 2 ? "USD" : NULL, sides[j], "1", "1");
				bool		expected = i < 4 && j < 4 && ((i < 2) != (second & 1)) != ((j < 2) != (second >> 1));

				if (oms_orders_are_opposite(&a, &b) != expected)
					ok(false, "%s %s against %s %s: %d", a.side, a.currency, b.side, b.currency ? b.currency : "", !expected);
			}
	ok(true, "and sides are against each other by what is dealt");
}

static const Order *
proposed(const char *json, const Order *cur, const Order *parent)
{
	Command    *command = palloc(sizeof(Command));
	Refusal    *refusal = oms_command_parse(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json))), false, command);

	if (refusal)
		elog(ERROR, "%s", refusal->message);
	return oms_order_proposed(command, cur, parent);
}

static void
proposals(void)
{
	Order		cur = order_of("X", "USD", "BUY", "100", "10");
	const Order *order;

	cur.account = "ANN";
	done(&cur, "40", "400");
	order = proposed("{\"commandType\": \"ReplaceOrderCommand\", \"orderId\": \"A\", \"orderQty\": 120, \"price\": 11}", &cur, NULL);
	is_text(psprintf("%s %s %s", oms_dec_text(order->order_qty), oms_dec_text(order->leaves_quantity), oms_dec_text(order->price)), "120 80 11", "a replacement's terms");
	is_text(oms_dec_text(cur.order_qty), "100", "the order itself is as it was");
	order = proposed("{\"commandType\": \"ReplaceOrderCommand\", \"orderId\": \"A\", \"orderQty\": 30, \"account\": \"BOB\"}", &cur, NULL);
	is_text(psprintf("%s %s %s", oms_dec_text(order->order_qty), oms_dec_text(order->leaves_quantity), order->account), "40 0 BOB", "no less than is done, of another account");
	order = proposed("{\"commandType\": \"CancelOrderCommand\", \"orderId\": \"A\"}", &cur, NULL);
	is_text(oms_dec_text(order->leaves_quantity), "60", "a cancel gives no terms");
	order = proposed("{\"commandType\": \"CreateOrderCommand\", \"parentId\": \"A\", \"orderQty\": 5}", NULL, &cur);
	is_text(psprintf("%s %s %s %s %s", order->symbol, order->side, order->account, order->ord_type, order->parent_id), "X BUY ANN MARKET A", "a child has what it inherits");
	order = proposed("{\"commandType\": \"CreateOrderCommand\", \"symbol\": \"Y\", \"side\": \"2\", \"orderQty\": 5, \"price\": 1}", NULL, NULL);
	is_text(psprintf("%s %s %s %s", order->symbol, order->side, order->ord_type, oms_dec_text(order->leaves_quantity)), "Y SELL LIMIT 5", "a new one what it is given");
	ok(proposed("{\"commandType\": \"CancelOrderCommand\", \"orderId\": \"A\"}", NULL, NULL) == NULL, "of nothing nothing is made");
	ok(proposed("{\"commandType\": \"BustExecutionCommand\", \"executionId\": \"e\"}", NULL, NULL) == NULL, "and no order of what is about none");
}

UNIT_TEST(order_exposure)
{
	figures();
	requests();
	notional();
	pairs();
	proposals();
}
