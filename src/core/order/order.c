/*-------------------------------------------------------------------------
 *
 * order.c
 *	  What an event does to an order: evolve and derive.
 *
 * Pure: values in, values out.  Evolve applies an event; derive computes what
 * follows from the rest.  Nothing is changed in place: an Order may be copied by
 * assignment.  Which event it is, order_decide.c says.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/decimal.h"
#include "base/guc.h"
#include "base/moment.h"
#include "core/order/order.h"
#include "core/order/order_members.h"
#include "core/order/order_split.h"

bool
oms_order_is_good_till(const Order *order)
{
	return order->time_in_force != NULL &&
		(strcmp(order->time_in_force, "GOOD_TILL_CANCEL") == 0 ||
		 strcmp(order->time_in_force, "GOOD_TILL_DATE") == 0 ||
		 strcmp(order->time_in_force, "GOOD_FOR_MONTH") == 0);
}

DateADT
oms_command_day(const Command *command, TimestampTz now)
{
	if (command->trade_date != NO_DATE)
		return command->trade_date;
	return oms_trading_day(command->transact_time != NO_TIME ? command->transact_time : now);
}

DateADT
oms_order_calendar_day(const Decision *d, const Order *order, const char *market, TimestampTz at, MarketDay which)
{
	MarketKey	key = {order->destination, order->asset_class, order->symbol, market};

	return d->source->day(d->source, &key, at, which);
}

DateADT
oms_market_day(const Decision *d, const Order *order, const char *market, TimestampTz at, MarketDay which)
{
	DateADT		day = oms_order_calendar_day(d, order, market, at, which);

	return day != NO_DATE ? day : oms_trading_day(at);
}

DateADT
oms_order_day(const Decision *d, const Command *command, const Order *order, MarketDay which)
{
	if (command->trade_date != NO_DATE)
		return command->trade_date;
	return oms_market_day(d, order, command->last_mkt, command->transact_time != NO_TIME ? command->transact_time : oms_decision_now(d), which);
}

void
oms_order_event_init(OrderEvent *event, const Command *command)
{
	memset(event, 0, sizeof(*event));
	event->command = command;
	event->own = true;
	event->terms.expire_time = NO_TIME;
	event->terms.expire_date = NO_DATE;
	event->request.terms = event->terms;
	event->done_for_day = NO_DATE;
}

static Numeric
order_members_quantity(Jsonb *json)
{
	int			count;
	OrderMember *members = oms_members_from_json(json, &count);

	return oms_members_quantity(members, count);
}

/* How much is filled of it before it is too much: of an open block what its members want, also where a counterparty may fill more. */
static Numeric
order_wanted(const Order *order)
{
	if (!oms_order_is_block(order) || oms_order_is_closed(order) || !oms_order_is_at_counterparty(order) || order->quantity_factor)
		return order->order_qty;
	return oms_dec_min(order->order_qty, order_members_quantity(order->members));
}

bool
oms_order_has_ended(const Order *order)
{
	return oms_order_is_filled(order) || oms_order_is_closed(order) ||
		((order->conditions & COND_DONE_FOR_DAY) && !oms_order_is_good_till(order));
}

void
oms_order_derive_left(Order *order)
{
	order->closed = oms_order_has_ended(order);
	if (order->order_qty == NULL || order->closed)
		order->leaves_quantity = oms_dec_zero();
	else
		order->leaves_quantity = oms_dec_max(oms_dec_zero(),
											 oms_dec_sub(order->order_qty, order->executed_quantity));
	order->unplaced_quantity = oms_dec_max(oms_dec_zero(),
										   oms_dec_sub(order->leaves_quantity, order->reserved_quantity));
}

/* Compute what follows from the rest: leaves, unplaced, whether it has ended, flags, status. */
static void
order_derive(Order *order)
{
	bool		filled = oms_order_is_filled(order);

	oms_order_derive_left(order);
	if (order->order_qty && oms_dec_cmp(order->executed_quantity, order_wanted(order)) > 0)
		order->flags |= FLAG_OVERFILLED;
	else
		order->flags &= ~FLAG_OVERFILLED;
	/* what has ended is not overdue */
	if (order->closed)
		order->flags &= ~FLAG_EXPIRY_OVERDUE;
	order->status = oms_order_status(order->conditions, oms_dec_sign(order->executed_quantity) > 0, filled);
}

/* Do they say, anew, how long it is good for? */
static bool
order_terms_have_end(const OrderTerms *terms)
{
	return terms->time_in_force || terms->expire_time != NO_TIME || terms->expire_date != NO_DATE;
}

static void
order_derive_average(Order *order)
{
	if (oms_dec_sign(order->executed_quantity) == 0)
		order->avg_px = oms_dec_zero();
	else
		order->avg_px = oms_dec_div(order->executed_value, order->executed_quantity, AVG_PX_SCALE);
}

Numeric
oms_order_reservation(const Order *order)
{
	Numeric		most = oms_dec_max(order->leaves_quantity, order->review_quantity);

	return order->pending_requests ? oms_dec_max(most, oms_requests_leaves(order)) : most;
}

static void
order_add_figures(Order *order, const FillDelta *fill, const TreeDelta *children)
{
	order->own_executed_quantity = oms_dec_plus(order->own_executed_quantity, fill->quantity);
	order->executed_quantity = oms_dec_plus(oms_dec_plus(order->executed_quantity, fill->quantity), children->executed);
	order->executed_value = oms_dec_plus(oms_dec_plus(order->executed_value, fill->value), children->value);
	order->allocated_quantity = oms_dec_plus(oms_dec_plus(order->allocated_quantity, fill->allocated), children->allocated);
	order->review_quantity = oms_dec_plus(order->review_quantity, fill->review);
	order->working_quantity = oms_dec_plus(order->working_quantity, children->working);
	order->reserved_quantity = oms_dec_plus(order->reserved_quantity, children->reserved);
	order->live_children += children->live;
	order->child_count += children->count;
	if (fill->quantity || fill->value || children->executed || children->value)
		order_derive_average(order);
}

static void
order_take_memberships(Order *order, const OrderEvent *event)
{
	if (event->members)
		order->members = event->members;
	if (event->joins)
		order->block_order_ids = oms_texts_add(order->block_order_ids, event->joins);
	if (event->leaves)
		order->block_order_ids = oms_texts_remove(order->block_order_ids, event->leaves);
	order->live_blocks += event->live_blocks;
}

/*
 * The quantity of an open block is what its members give it, and no more where
 * more is filled.  Where a counterparty knows it, that one has to agree; what one
 * has stated that is not known to have the order (it is flagged), and what a split
 * has rounded, stays until the members come to something else.
 */
static void
order_follow_members(Order *order, Jsonb *members_before, const OrderEvent *event)
{
	bool		stays = order->quantity_factor || (order->flags & (FLAG_OVER_PLACED | FLAG_BELOW_PLACED));
	Numeric		sum;

	if (!oms_order_is_block(order) || oms_order_is_closed(order) || oms_order_is_at_counterparty(order) ||
		(event->members == NULL && event->terms.order_qty == NULL && event->edit == REQUEST_KEEP))
		return;
	sum = order_members_quantity(order->members);
	if (stays && (event->split || event->members == NULL ||
				  (!event->own && oms_dec_cmp(sum, order_members_quantity(members_before)) == 0)))
		return;
	if (oms_dec_cmp(sum, order->order_qty) == 0)
		return;
	order->order_qty = sum;
	if (order->corporate_actions)
		oms_split_forget_quantity(order);
}

/*
 * Is this value ÷ quantity, rounded to the digits it was stated with?  Not held
 * against our own average, which is rounded already.  Half of the last digit
 * either way: a tie may have been rounded up or down.
 */
static bool
order_is_average(const Order *order, Numeric stated)
{
	Numeric		error;
	Numeric		most;

	/* FIX demands the field, and venues that do not compute it (CME) state 0 */
	if (oms_dec_sign(stated) == 0)
		return true;
	if (oms_dec_sign(order->executed_quantity) == 0)
		return false;
	error = oms_dec_sub(order->executed_value, oms_dec_mul(stated, order->executed_quantity));
	if (oms_dec_sign(error) == 0)
		return true;
	if (oms_dec_sign(error) < 0)
		error = oms_dec_neg(error);
	most = oms_dec_mul(order->executed_quantity, oms_dec_half_unit(oms_dec_scale(stated)));
	return oms_dec_cmp(error, most) <= 0;
}

bool
oms_order_disagrees(const Order *order, Numeric cum_qty, Numeric leaves_qty, Numeric avg_px)
{
	return (cum_qty && oms_dec_cmp(cum_qty, order->executed_quantity) != 0) ||
		(leaves_qty && oms_dec_cmp(leaves_qty, order->leaves_quantity) != 0) ||
		(avg_px && !order_is_average(order, avg_px));
}

/* What a report states is kept beside ours, and held against it once ours is computed. */
static void
order_compare_stated(Order *order, const OrderEvent *event)
{
	const Command *command = event->command;

	if (command->ord_status)
		order->reported_ord_status = command->ord_status;
	if (command->cum_qty == NULL && command->leaves_qty == NULL && command->avg_px == NULL)
		return;
	if (command->cum_qty)
		order->reported_cum_qty = command->cum_qty;
	if (command->leaves_qty)
		order->reported_leaves_qty = command->leaves_qty;
	if (command->avg_px)
		order->reported_avg_px = command->avg_px;
	if (oms_order_disagrees(order, command->cum_qty, command->leaves_qty, command->avg_px))
		order->flags |= FLAG_DISAGREES;
	else if ((event->raises & FLAG_DISAGREES) == 0)
		order->flags &= ~FLAG_DISAGREES;
}

static Jsonb *
order_merge(Jsonb *old, Jsonb *new)
{
	if (old == NULL || new == NULL)
		return new ? new : old;
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(old), JsonbPGetDatum(new)));
}

/* What the command says about the order itself, whatever it does. */
static void
order_take_particulars(Order *order, const Command *command)
{
	if (command->counterparty_order_id)
		order->counterparty_order_id = command->counterparty_order_id;
	if (command->fix_session && order->fix_session == NULL)
		order->fix_session = command->fix_session;
	/* "until an acceptance or a report states it" */
	if (order->order_qty == NULL && command->terms.order_qty && oms_command_is_report(command))
		order->order_qty = command->terms.order_qty;
	if (command->def->kind != KIND_ORDER)
		return;
	if (command->text)
		order->text = command->text;
	if (command->reason)
		order->reason = command->reason;
	if (command->desk_reason)
		order->desk_reason = command->desk_reason;
	if (oms_has_trait(command->def, TRAIT_MERGES_ATTRIBUTES))
		order->attributes = order_merge(order->attributes, command->attributes);
	if (oms_has_trait(command->def, TRAIT_MERGES_FIX))
		order->fix = order_merge(order->fix, command->fix);
}

void
oms_order_evolve(Order *order, const OrderEvent *event)
{
	const Transition *t = event->transition;
	Numeric		before_qty = order->order_qty;
	Jsonb	   *members_before = order->members;
	Order		before;

	if (event->split)
		before = *order;
	order->conditions = oms_transition_apply(t, order->conditions);
	order->flags = (order->flags & ~event->lowers) | event->raises | t->raises;
	if (event->split && event->split->terms)
		oms_split_scale(order, event->split->factor);
	order_add_figures(order, &event->fill, &event->children);
	order_take_memberships(order, event);
	if (event->split)
		oms_split_fit(order, &before, event->split);
	oms_terms_apply(order, &event->terms);
	if (order_terms_have_end(&event->terms))
		order->flags &= ~FLAG_EXPIRY_OVERDUE;
	if (event->terms.order_qty && order->corporate_actions)
		oms_split_forget_quantity(order);
	if (event->own)
		order_take_particulars(order, event->command);
	if (event->reason)
		order->reason = unconstify(char *, event->reason);
	if (order->pending_requests != NULL || event->edit != REQUEST_KEEP)
		oms_requests_apply(order, event, before_qty);
	order_follow_members(order, members_before, event);
	if (event->cl_ord_id)
		order->cl_ord_id = unconstify(char *, event->cl_ord_id);
	if (event->replans)
	{
		order->planned_slices = event->plan;
		order->next_placement_at = event->next_placement_at;
	}
	if (event->done_for_day != NO_DATE)
		order->done_for_day_date = event->done_for_day;
	if ((order->conditions & COND_DONE_FOR_DAY) == 0)
		order->done_for_day_date = NO_DATE;
	order_derive(order);
	/* nothing of a closed order is placed any more */
	if (oms_order_is_closed(order))
	{
		order->planned_slices = NULL;
		order->next_placement_at = NO_TIME;
	}
	if (event->own)
		order_compare_stated(order, event);
}
