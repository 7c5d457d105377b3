/*
 * The state machine, exhaustively: every trigger against every combination of
 * conditions, fills, guards and both kinds of sender either fires a named row
 * or is a named refusal.  What breaks if a row is added that lets a closed order
 * come back to life, or a status is shown against FIX's precedence.
 */
#include "unit.h"

#include "base/decimal.h"
#include "core/order/order_machine.h"

#define ALL_CONDITIONS	(1 << 12)
#define ALL_GUARDS		(1 << 5)	/* in every combination; those after them, of reports, each alone */
#define REPORT_GUARDS	9
#define BASE_CONDITIONS	(COND_NEW | COND_PENDING_NEW | COND_ACCEPTED_FOR_BIDDING | COND_REJECTED)

static Order
order_with(uint32 conditions, FillState fills)
{
	Order		order;

	memset(&order, 0, sizeof(order));
	order.conditions = conditions;
	order.order_qty = int64_to_numeric(10);
	order.executed_quantity = int64_to_numeric(fills == FILLS_FULL ? 10 : fills == FILLS_OPEN ? 4 : 0);
	order.status = conditions ?
		oms_order_status(conditions, fills != FILLS_NONE, fills == FILLS_FULL) : OMS_ORDER_NEW;
	return order;
}

/* What must hold of any row that fires. */
static bool
is_sound(const Transition *t, const Order *before, bool reported)
{
	uint32		after = (before->conditions & ~t->clears) | t->sets;
	bool		creates = t->trigger == TRIGGER_CREATE || t->trigger == TRIGGER_CREATE_PENDING;

	if (t->reported && !reported)
		return false;
	if (!creates && (before->conditions & COND_CLOSED) && !(after & COND_CLOSED))
		return false;			/* closed orders stay closed */
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
				for (uint32 guards = 0; guards < ALL_GUARDS + REPORT_GUARDS; guards++)
					for (int reported = 0; reported <= 1; reported++)
					{
						TransitionFacts facts = {.reported = reported,
						.guards = guards < ALL_GUARDS ? guards : ALL_GUARDS << (guards - ALL_GUARDS)};
						const Transition *t = oms_transition_find(trigger, &order, &facts);

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
			Order		order = order_with(conditions, FILLS_OPEN);
			TransitionFacts facts = {.reported = true};

			all = all && oms_transition_find(trigger, &order, &facts) != NULL;
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

UNIT_TEST(order_machine)
{
	exhaust();
	reports();
	precedence();
	for (int i = 0; i < TRIGGER_COUNT; i++)
		ok(oms_trigger_name(i) != NULL, "trigger %d has a name", i);
}
