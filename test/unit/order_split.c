/*
 * The quantity that an order has after a split: for every order of some tenths,
 * filled, open or placed in part, and every factor, what was filled stays filled,
 * what was open stays open, what is placed fits, and nothing is opened by less
 * than was there.  What breaks if rounding is left to chance.
 */
#include "unit.h"

#include "base/decimal.h"
#include "core/order/order_split.h"

static Numeric
number(const char *text)
{
	Numeric		value = NULL;

	if (!oms_dec_parse(text, strlen(text), &value))
		elog(ERROR, "no number: %s", text);
	return value;
}

static Order
order_with(Numeric order_qty, Numeric executed, Numeric reserved)
{
	Order		order;

	memset(&order, 0, sizeof(order));
	order.id = "o";
	order.order_qty = order_qty;
	order.executed_quantity = executed;
	order.reserved_quantity = reserved;
	return order;
}

/* One order, its sums scaled and off by some units, as those of rounded parts are. */
static bool
holds(Numeric factor, int quantity, int executed, int reserved, int off)
{
	Numeric		unit = number("0.0000000001");
	Numeric		error = oms_dec_mul(int64_to_numeric(off), unit);
	Order		before = order_with(int64_to_numeric(quantity), int64_to_numeric(executed), int64_to_numeric(reserved));
	Order		after = before;
	OrderSplit	split = {.action = "a", .factor = factor, .terms = true, .fills = true};
	Numeric		placed;
	bool		filled;

	oms_split_scale(&after, factor);
	after.executed_quantity = executed == 0 ? oms_dec_zero() : oms_dec_add(oms_scale_fill(before.executed_quantity, factor), error);
	after.reserved_quantity = reserved == 0 ? oms_dec_zero() : oms_dec_sub(oms_scale_fill(before.reserved_quantity, factor), error);
	oms_split_fit(&after, &before, &split);
	placed = oms_dec_add(after.executed_quantity, after.reserved_quantity);
	filled = oms_dec_cmp(after.executed_quantity, after.order_qty) >= 0;
	if (filled != (executed >= quantity) || oms_dec_sign(after.order_qty) <= 0)
		return false;
	if (executed == quantity && oms_dec_cmp(after.order_qty, after.executed_quantity) != 0)
		return false;
	if (executed < quantity && executed + reserved == quantity && reserved > 0 && oms_dec_cmp(after.order_qty, placed) != 0)
		return false;
	return executed >= quantity || executed + reserved > quantity || oms_dec_cmp(after.order_qty, placed) >= 0;
}

UNIT_TEST(order_split)
{
	static const char *const factors[] = {"2", "3", "7", "0.5", "1.5", "0.1", "0.33333333333333333333", "0.66666666666666666667",
	"0.14285714285714285714", "2.33333333333333333333"};
	Order		order = order_with(number("1"), oms_dec_zero(), oms_dec_zero());
	OrderSplit	split = {.action = "a", .factor = number("2"), .terms = true, .fills = false};

	for (int f = 0; f < lengthof(factors); f++)
	{
		Numeric		factor = number(factors[f]);
		bool		good = true;

		for (int quantity = 1; quantity <= 8; quantity++)
			for (int executed = 0; executed <= 9; executed++)
				for (int reserved = 0; reserved <= 9; reserved++)
					for (int off = -4; off <= 4; off++)
						good &= holds(factor, quantity, executed, reserved, off);
		ok(good, "factor %s: filled stays filled, open stays open, what is placed fits", factors[f]);
	}

	ok(oms_split_reach(&order, "a") == SPLIT_NOT_YET, "a new order has nothing behind it");
	oms_split_fit(&order, &order, &split);
	ok(oms_split_reach(&order, "a") == SPLIT_TERMS, "its terms are scaled");
	split.fills = true;
	oms_split_fit(&order, &order, &split);
	ok(oms_split_reach(&order, "a") == SPLIT_WHOLE && oms_split_reach(&order, "b") == SPLIT_NOT_YET, "its fills follow");
	for (int i = 0; i < 40; i++)
	{
		split.action = psprintf("another %d", i);
		oms_split_fit(&order, &order, &split);
	}
	ok(oms_split_reach(&order, "another 39") == SPLIT_WHOLE && oms_split_reach(&order, "a") == SPLIT_NOT_YET, "the newest actions are remembered");
	order.corporate_actions = oms_split_inherit(order.corporate_actions);
	ok(oms_split_reach(&order, "another 30") == SPLIT_WHOLE, "and inherited");
	is_text(oms_dec_text(oms_scale_fill(number("0.0000000001"), number("0.3"))), "0.0000000001", "no fill becomes nothing");
}
