/*
 * The machine of an order, exhaustively: every trigger against every combination
 * of conditions, fills, facts and both kinds of sender either fires a named row
 * or is a named refusal.  What breaks if a row is added that lets a closed order
 * come back to life, if what the fills allow is not asked for, or a status is shown
 * against FIX's precedence.
 */
#include "unit.h"

#include "base/decimal.h"
#include "core/order/order_machine.h"

#define ALL_CONDITIONS	(1 << 12)
#define ALL_FACTS		(1 << 5)	/* in every combination; those after them, of reports, each alone */
#define REPORT_FACTS	10
#define BASE_CONDITIONS	(COND_NEW | COND_PENDING_NEW | COND_ACCEPTED_FOR_BIDDING | COND_REJECTED)

typedef enum Fills
{
	FILLS_NONE,
	FILLS_SOME,
	FILLS_FULL
} Fills;

static Order
order_with(uint32 conditions, Fills fills)
{
	Order		order;

	memset(&order, 0, sizeof(order));
	order.conditions = conditions;
	order.order_qty = int64_to_numeric(10);
	order.executed_quantity = int64_to_numeric(fills == FILLS_FULL ? 10 : fills == FILLS_SOME ? 4 : 0);
	order.status = conditions ?
		oms_order_status(conditions, fills != FILLS_NONE, fills == FILLS_FULL) : OMS_ORDER_NEW;
	return order;
}

/* What must hold of any row that fires. */
static bool
is_sound(const Transition *t, const Order *before, bool reported)
{
	uint32		after = oms_transition_apply(t, before->conditions);
	bool		creates = t->trigger == TRIGGER_CREATE || t->trigger == TRIGGER_CREATE_PENDING;
	bool		revives = (t->facts & FACT_REVIVES) && t->reported;

	if (t->reported && !reported)
		return false;
	if (!creates && (before->conditions & COND_CLOSED) && !(after & COND_CLOSED))
		return revives && (before->conditions & COND_CLOSED) == COND_EXPIRED;	/* other closed orders stay closed */
	if (!creates && !reported && (before->conditions & COND_CLOSED) && (after & COND_CLOSED) != (before->conditions & COND_CLOSED))
		return false;			/* and do not end twice */
	return after != 0;
}

static void
exhaust(void)
{
	int64		fired = 0,
				refused = 0,
				unsound = 0;

	for (uint32 conditions = 1; conditions < ALL_CONDITIONS; conditions++)
		for (int fills = FILLS_NONE; fills <= FILLS_FULL; fills++)
		{
			Order		order = order_with(conditions, fills);

			/* an order is always one of these, whatever else holds */
			if ((conditions & BASE_CONDITIONS) == 0)
				continue;
			for (int trigger = 0; trigger < TRIGGER_COUNT; trigger++)
				for (uint32 facts = 0; facts < ALL_FACTS + REPORT_FACTS + 1; facts++)
					for (int reported = 0; reported <= 1; reported++)
					{
						uint32		bits = facts < ALL_FACTS ? facts : facts == ALL_FACTS + REPORT_FACTS ? FACT_REVIVES : ALL_FACTS << (facts - ALL_FACTS);
						const Transition *t = oms_order_transition(trigger, &order, bits, reported);

						if (t == NULL)
							refused++;
						else if (!is_sound(t, &order, reported))
							unsound++;
						else
							fired++;
					}
		}
	ok(unsound == 0, "no row brings a closed order back or ends it twice");
	ok(fired > 0 && refused > 0, "rows fire and commands are refused");
}

/* A report of a counterparty is a fact: only a fill of a rejected order has no row. */
static void
reports(void)
{
	bool		all = true;

	for (uint32 conditions = 1; conditions < ALL_CONDITIONS; conditions++)
		for (int trigger = TRIGGER_ACCEPT; trigger <= TRIGGER_UPDATE; trigger++)
		{
			Order		order = order_with(conditions, FILLS_SOME);

			all = all && oms_order_transition(trigger, &order, 0, true) != NULL;
		}
	ok(all, "every report has a row, whatever the order's state");
}

static void
precedence(void)
{
	static const struct
	{
		uint32		condition;
		OmsOrderStatus status;
	}			rank[] = {
		{COND_PENDING_CANCEL, OMS_ORDER_PENDING_CANCEL},
		{COND_PENDING_REPLACE, OMS_ORDER_PENDING_REPLACE},
		{COND_DONE_FOR_DAY, OMS_ORDER_DONE_FOR_DAY},
		{COND_CALCULATED, OMS_ORDER_CALCULATED},
		{0, OMS_ORDER_FILLED},
		{COND_STOPPED, OMS_ORDER_STOPPED},
		{COND_SUSPENDED, OMS_ORDER_SUSPENDED},
		{COND_CANCELLED, OMS_ORDER_CANCELLED},
	};

	for (int high = 0; high < lengthof(rank); high++)
	{
		uint32		conditions = COND_NEW;

		for (int low = high; low < lengthof(rank); low++)
			conditions |= rank[low].condition;
		ok(oms_order_status(conditions, true, high <= 4) == rank[high].status, "%s wins over all below it",
		   oms_name_of(oms_order_status_names, rank[high].status));
	}
	ok(oms_order_status(COND_NEW, true, false) == OMS_ORDER_PARTIALLY_FILLED, "a fill wins over New");
	ok(oms_order_status(COND_EXPIRED | COND_NEW, true, false) == OMS_ORDER_EXPIRED, "Expired wins over a partial fill");
}

/* The order's own figures are facts that nobody needs to state. */
static void
figures(void)
{
	static const struct
	{
		OrderTrigger trigger;
		uint32		facts;
		bool		reported;
		int			numbers[3];	/* with no, some and all fills; 0: refused */
	}			rows[] = {
		{TRIGGER_REJECT, 0, false, {121, 0, 0}},
		{TRIGGER_REJECT, 0, true, {121, 122, 122}},
		{TRIGGER_CANCEL, 0, false, {141, 141, 0}},
		{TRIGGER_CANCEL, 0, true, {141, 141, 142}},
		{TRIGGER_REPLACE, 0, false, {171, 171, 0}},
		{TRIGGER_REPLACE, FACT_GROWS, false, {171, 171, 172}},
		{TRIGGER_REPLACE, 0, true, {171, 171, 173}},
		{TRIGGER_LAST_CHILD_CLOSED, 0, false, {0, 0, 0}},
		{TRIGGER_LAST_CHILD_CLOSED, FACT_REQUEST_OPEN, false, {351, 351, 352}},
	};

	for (int i = 0; i < lengthof(rows); i++)
		for (int fills = FILLS_NONE; fills <= FILLS_FULL; fills++)
		{
			Order		order = order_with(COND_NEW, fills);
			const Transition *t = oms_order_transition(rows[i].trigger, &order, rows[i].facts, rows[i].reported);

			ok((t ? t->number : 0) == rows[i].numbers[fills], "%s%s, facts %u, fills %d: row %d",
			   oms_order_machine.triggers[rows[i].trigger].name, rows[i].reported ? " reported" : "", rows[i].facts, fills,
			   rows[i].numbers[fills]);
		}
}

UNIT_TEST(order_machine)
{
	exhaust();
	figures();
	reports();
	precedence();
}
