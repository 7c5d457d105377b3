/*-------------------------------------------------------------------------
 *
 * order_report.c
 *	  What a counterparty's report says of an order besides its own event.
 *
 * Pure: values in, values out.  Which transition a fill fires, whether a report
 * is about this order at all, and whether the order works on.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 4, "Execution Report" and "Order
 * State Change Matrices"; FIX Latest, EP 284, matrix I.1.b.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/moment.h"
#include "core/order/order.h"
#include "core/order/order_history.h"

bool
oms_report_states_working(const Command *command)
{
	return command->ord_status != NULL && strcmp(command->ord_status, "SUSPENDED") != 0 &&
		strcmp(command->ord_status, "STOPPED") != 0;
}

/* It outranks what else may hold, and so says nothing of it. */
static bool
order_report_states_pending(const Command *command)
{
	return strcmp(command->ord_status, "PENDING_CANCEL") == 0 || strcmp(command->ord_status, "PENDING_REPLACE") == 0;
}

/* What the OrdStatus of a trade says of the order: that it is over (FIX Latest, EP 284, matrix I.1.b). */
static uint32
order_report_stated_end(const Command *command, const Order *order)
{
	static const struct
	{
		const char *ord_status;
		uint32		fact;
	}			ends[] = {
		{"CANCELLED", FACT_STATES_CANCELLED},
		{"EXPIRED", FACT_STATES_EXPIRED},
		{"REJECTED", FACT_STATES_REJECTED},
		{"DONE_FOR_DAY", FACT_STATES_DONE}
	};

	if (command->ord_status == NULL || !oms_has_trait(command->def, TRAIT_FILL) ||
		(command->exec_type && strcmp(command->exec_type, "TRADE") != 0))
		return 0;
	for (int i = 0; i < lengthof(ends); i++)
		if (strcmp(command->ord_status, ends[i].ord_status) == 0)
			return ends[i].fact == FACT_STATES_DONE && oms_order_is_good_till(order) ? 0 : ends[i].fact;
	return 0;
}

/*
 * Is a good-till order working again that was done for day?  The report says
 * it, else its day does.
 */
static bool
order_report_is_next_session(const Command *command, const Order *order, DateADT day)
{
	if (order->done_for_day_date == NO_DATE || !oms_order_is_good_till(order))
		return false;
	if (command->ord_status &&
		(strcmp(command->ord_status, "PARTIALLY_FILLED") == 0 || strcmp(command->ord_status, "FILLED") == 0))
		return true;
	if (command->ord_status && strcmp(command->ord_status, "DONE_FOR_DAY") == 0)
		return false;
	return day > order->done_for_day_date;
}

bool
oms_order_fill_is_late(const Command *command, const Order *order, DateADT day)
{
	return (order->conditions & COND_DONE_FOR_DAY) != 0 && !order_report_is_next_session(command, order, day);
}

/* Does it say, by its OrdStatus or, if it has none, by what it is, that the order works? */
static bool
order_report_states_alive(const Command *command)
{
	static const char *const working[] = {"NEW", "PARTIALLY_FILLED", "FILLED", "REPLACED"};
	bool		fills = oms_has_trait(command->def, TRAIT_FILL);

	/* of a fill without one nobody knows whether it came late */
	if (command->ord_status == NULL)
		return !fills;
	for (int i = 0; i < lengthof(working); i++)
		if (strcmp(command->ord_status, working[i]) == 0)
			return true;
	return false;
}

/* Is the order past its own end?  Of one good till a date its counterparty's expiry was right then. */
static bool
order_report_is_past_end(const Decision *d, const Command *command, const Order *order, TimestampTz at)
{
	if (order->expire_time != NO_TIME)
		return at >= order->expire_time;
	return order->expire_date != NO_DATE && oms_market_day(d, order, command->last_mkt, at, DAY_OF_FILL) > order->expire_date;
}

bool
oms_order_is_revived(const Decision *d, const Command *command, const Order *order)
{
	TimestampTz at = command->transact_time != NO_TIME ? command->transact_time : oms_decision_now(d);
	PastExpiry	expiry;

	if ((order->conditions & COND_CLOSED) != COND_EXPIRED || !oms_order_is_good_till(order) || !oms_command_is_report(command) ||
		!order_report_states_alive(command) || order_report_is_past_end(d, command, order, at))
		return false;
	expiry = oms_history_expired(d->source, order);
	/* what is told late was so before it expired; so was what was told before */
	return expiry.reported && at >= expiry.at &&
		!(command->exec_id && oms_history_has_exec_id(d->source, order, command->exec_id, command->def->type));
}

const Transition *
oms_order_fill_transition(OrderTrigger trigger, const Command *command, const Order *order,
						  const FillFacts *fill)
{
	uint32		facts = 0;

	if (order_report_is_next_session(command, order, fill->day))
		facts |= FACT_LATER_DAY;
	if (oms_report_states_working(command) && !order_report_states_pending(command))
		facts |= FACT_STATES_WORKING;
	if (fill->implies_replace)
		facts |= FACT_IMPLIES_REPLACE;
	if (order->quote_id)
		facts |= FACT_QUOTED;
	if (fill->revives)
		facts |= FACT_REVIVES;
	if (fill->approved)
		facts |= fill->in_time ? FACT_APPROVED | FACT_IN_TIME : FACT_APPROVED;
	if (!fill->misdirected)
		facts |= order_report_stated_end(command, order);
	return oms_order_transition(trigger, order, facts, true);
}

void
oms_order_keep_report(const Command *command, const Order *order, uint32 fact, OrderEvent *event)
{
	oms_order_event_init(event, command);
	/* what it states is not held against ours */
	event->own = false;
	event->transition = oms_order_transition(TRIGGER_KEEP_REPORT, order, fact, true);
}

bool
oms_sides_are_kin(const char *a, const char *b)
{
	static const struct
	{
		const char *side;
		int			kin;
	}			sides[] = {
		{"BUY", 1}, {"BUY_MINUS", 1},
		{"SELL", 2}, {"SELL_PLUS", 2}, {"SELL_SHORT", 2}, {"SELL_SHORT_EXEMPT", 2}
	};
	int			kin_of_a = 0,
				kin_of_b = 0;

	for (int i = 0; i < lengthof(sides); i++)
	{
		if (strcmp(a, sides[i].side) == 0)
			kin_of_a = sides[i].kin;
		if (strcmp(b, sides[i].side) == 0)
			kin_of_b = sides[i].kin;
	}
	return strcmp(a, b) == 0 || (kin_of_a != 0 && kin_of_a == kin_of_b);
}

/* "[N/A]" is FIX's word for an instrument that has no symbol: it says nothing against one. */
bool
oms_symbols_differ(const char *a, const char *b)
{
	return strcmp(a, b) != 0 && !oms_id_is_none(a, strlen(a)) && !oms_id_is_none(b, strlen(b));
}

static bool
order_report_side_is_asked_for(const Order *order, const char *side)
{
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);

	for (int i = 0; i < count; i++)
		if (requests[i].terms.side && strcmp(requests[i].terms.side, side) == 0)
			return true;
	return false;
}

bool
oms_report_is_misdirected(const Command *command, const Order *order)
{
	if (command->symbol && oms_symbols_differ(command->symbol, order->symbol))
		return true;
	if (command->side == NULL || strcmp(command->side, order->side) == 0)
		return false;
	/* an accepted replacement may change it, and what is pending may be stated already */
	if (oms_has_trait(command->def, TRAIT_TAKES_TERMS))
		return !oms_sides_are_kin(command->side, order->side);
	return !order_report_side_is_asked_for(order, command->side);
}
