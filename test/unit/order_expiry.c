/*
 * What of a tree expires, and what is only flagged.  What breaks if an order ends above something
 * that lives, or before what is below it; if what only its counterparty or nobody here can end is
 * ended; if it is flagged again; if what is done for its day keeps what is above it; or if anything
 * that is not due is touched.
 */
#include "unit.h"

#include "base/decimal.h"
#include "core/order/order.h"
#include "core/order/order_expiry.h"

#define DUE			(1 << 0)
#define OUT			(1 << 1)	/* at a counterparty */
#define OVER		(1 << 2)
#define FULL		(1 << 3)
#define MEMBER		(1 << 4)	/* a block works for it */
#define FLAGGED		(1 << 5)
#define DONE		(1 << 6)	/* for its day */
#define LONGER		(1 << 7)	/* good till it is cancelled */
#define AT_ONCE		(1 << 8)	/* immediate or cancel */
#define FOR_TIME	(1 << 9)	/* good for a time that is not said */

static List *tree;
static DueOrder due[16];
static int	ndue;

static void
with(const char *id, const char *parent_id, int is)
{
	Order	   *order = palloc(sizeof(Order));

	oms_record_init(&oms_order_def, order);
	order->id = pstrdup(id);
	order->root_id = "R";
	order->parent_id = parent_id ? pstrdup(parent_id) : NULL;
	order->created_at = list_length(tree);
	order->conditions = (is & OVER ? COND_CANCELLED : COND_NEW) | (is & DONE ? COND_DONE_FOR_DAY : 0);
	order->time_in_force = is & LONGER ? "GOOD_TILL_CANCEL" : is & AT_ONCE ? "IMMEDIATE_OR_CANCEL" : is & FOR_TIME ? "GOOD_FOR_TIME" : NULL;
	order->counterparty_order_id = is & OUT ? "B" : NULL;
	order->live_blocks = is & MEMBER ? 1 : 0;
	order->flags = is & FLAGGED ? FLAG_EXPIRY_OVERDUE : 0;
	order->order_qty = int64_to_numeric(10);
	order->executed_quantity = is & FULL ? order->order_qty : oms_dec_zero();
	tree = lappend(tree, order);
	if (is & DUE)
		due[ndue++] = (DueOrder) {order->id, psprintf("because of %s", id)};
}

/* What is given, in order: "A!" is flagged, "A" expires. */
static void
gives(bool flags, const char *expected, const char *name)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, oms_expiry_plan(tree, "R", due, ndue, flags ? oms_order_is_at_counterparty : NULL))
	{
		const ExpiryStep *step = lfirst(cell);

		appendStringInfo(&text, "%s%s%s", text.len ? " " : "", step->order->id, step->flags ? "!" : "");
	}
	is_text(text.data, expected, name);
	tree = NIL;
	ndue = 0;
}

UNIT_TEST(order_expiry)
{
	with("R", NULL, DUE);
	gives(true, "R", "alone, it ends");
	with("R", NULL, 0);
	gives(true, "", "what is not due is left");
	with("R", NULL, DUE | OVER);
	gives(true, "", "what has ended since it was found is left");
	with("R", NULL, DUE | FULL);
	gives(true, "", "what is filled is left");
	with("R", NULL, DUE | OUT);
	gives(true, "R!", "what a counterparty has is flagged");
	with("R", NULL, DUE | OUT | FLAGGED);
	gives(true, "", "... once");
	with("R", NULL, DUE | OUT | FLAGGED);
	gives(false, "R", "... or ends, where that is set");
	with("R", NULL, DUE | MEMBER);
	gives(false, "R!", "what a block works for is flagged");
	with("R", NULL, DUE | AT_ONCE);
	gives(false, "R!", "an immediate order is never ended here");
	with("R", NULL, DUE | FOR_TIME);
	gives(false, "R!", "nor one that is good for a time that is not said");
	with("R", NULL, DUE | DONE | OUT);
	gives(true, "R", "what is done for its day has nothing left there");

	with("R", NULL, DUE);
	with("A", "R", DUE);
	with("A1", "A", DUE);
	with("B", "R", DUE);
	gives(true, "B A1 A R", "from below, the newest first");

	with("R", NULL, DUE);
	with("A", "R", DUE | OUT);
	with("B", "R", DUE);
	gives(true, "B A! R!", "who is above one that is flagged is flagged too; beside it they end");

	with("R", NULL, DUE | FLAGGED);
	with("A", "R", DUE | OUT | FLAGGED);
	with("B", "R", DUE);
	gives(true, "B", "... and not again");

	with("R", NULL, DUE);
	with("A", "R", LONGER);
	gives(true, "R!", "who is above one that is not due is flagged");

	with("R", NULL, 0);
	with("A", "R", DUE);
	gives(true, "A", "what is above it and not due is left");

	with("R", NULL, DUE);
	with("A", "R", OVER);
	with("A1", "A", DUE | OUT);
	gives(true, "A1! R!", "one that has ended between them hides nothing");

	with("R", NULL, DUE);
	with("A", "R", DONE | OUT);
	gives(true, "A R", "what is done for its day goes with the one above it");

	with("R", NULL, 0);
	with("A", "R", DONE | OUT);
	gives(true, "", "... and not without");

	with("R", NULL, DUE);
	with("A", "R", DONE | LONGER | OUT);
	gives(true, "R!", "a good-till order is not done with its day");

	with("R", NULL, DUE);
	with("A", "R", 0);
	with("A1", "A", DONE);
	gives(true, "R!", "... but not below one that stays");

	with("R", NULL, DUE);
	with("A", "R", OVER);
	with("A1", "A", DONE);
	gives(true, "A1 R", "one that has ended is as if it were not there");
}
