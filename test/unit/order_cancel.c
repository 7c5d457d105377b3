/*
 * Who is asked and what ends at once when an order is cancelled with all that is below it.  What breaks
 * if what is at a counterparty, or above it, is cancelled past it; if what never left is asked; if who
 * was asked is asked again, or what is over is told to end; or if a parent comes before its children.
 */
#include "unit.h"

#include "base/decimal.h"
#include "core/order/order.h"
#include "core/order/order_cancel.h"

#define OUT			(1 << 0)	/* at a counterparty */
#define ASKED		(1 << 1)	/* its cancel is requested, and shows */
#define OVER		(1 << 2)
#define FULL		(1 << 3)
#define MEMBER		(1 << 4)	/* a block works for it */

static List *tree;

static const Order *
order_of(const char *id, const char *parent_id, int age, int is)
{
	Order	   *order = palloc(sizeof(Order));

	oms_record_init(&oms_order_def, order);
	order->id = pstrdup(id);
	order->root_id = "R";
	order->parent_id = parent_id ? pstrdup(parent_id) : NULL;
	order->created_at = age;
	order->conditions = (is & OVER ? COND_CANCELLED : COND_NEW) | (is & ASKED ? COND_PENDING_CANCEL : 0);
	order->counterparty_order_id = is & OUT ? "B" : NULL;
	order->live_blocks = is & MEMBER ? 1 : 0;
	order->order_qty = int64_to_numeric(10);
	order->executed_quantity = is & FULL ? order->order_qty : oms_dec_zero();
	tree = lappend(tree, order);
	return order;
}

/* What is given, in order: "A?" asks, "A" cancels. */
static void
gives(const Order *order, bool elsewhere, const char *expected, const char *name)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, oms_cancel_plan(order, tree, elsewhere))
	{
		const CancelStep *step = lfirst(cell);

		appendStringInfo(&text, "%s%s%s", text.len ? " " : "", step->order->id, step->asks ? "?" : "");
	}
	is_text(text.data, expected, name);
	tree = NIL;
}

UNIT_TEST(order_cancel)
{
	const Order *order;

	gives(order_of("R", NULL, 1, 0), false, "R", "alone, it ends");
	gives(order_of("R", NULL, 1, OUT), true, "R?", "alone at a counterparty, it is asked");
	gives(order_of("R", NULL, 1, OUT), false, "R", "a session of its client is no counterparty");
	gives(order_of("R", NULL, 1, OUT | ASKED), true, "", "who shows that he was asked is not asked again");
	gives(order_of("R", NULL, 1, OVER), false, "R", "what is over says itself that it cannot end");
	gives(order_of("R", NULL, 1, MEMBER), false, "R?", "a member of a block waits for it");

	order = order_of("R", NULL, 1, 0);
	order_of("A", "R", 2, 0);
	order_of("B", "R", 3, 0);
	order_of("B1", "B", 4, 0);
	gives(order, false, "B1 B A R", "what never left ends from the bottom, the newest first");

	order = order_of("R", NULL, 1, 0);
	order_of("A", "R", 2, OUT);
	gives(order, false, "A? R?", "who is above one that is asked waits");

	order = order_of("R", NULL, 1, ASKED);
	order_of("A", "R", 2, OUT);
	gives(order, false, "A?", "also where he was asked before");

	order = order_of("R", NULL, 1, 0);
	order_of("A", "R", 2, OUT | ASKED);
	gives(order, false, "R?", "one that was asked before is waited for");

	order = order_of("R", NULL, 1, OVER);
	order_of("A", "R", 2, 0);
	order_of("B", "R", 3, OUT);
	gives(order, false, "B? A", "below what is over the rest ends all the same");

	order = order_of("R", NULL, 1, 0);
	order_of("A", "R", 2, FULL);
	order_of("A1", "A", 3, OUT);
	gives(order, false, "A1? R?", "what is filled is left, and what is below it is waited for");

	(void) order_of("R", NULL, 1, 0);
	order = order_of("A", "R", 2, 0);
	order_of("A1", "A", 3, 0);
	order_of("B", "R", 4, OUT);
	gives(order, false, "A1 A", "of an order in the tree, what is below it alone");
}
