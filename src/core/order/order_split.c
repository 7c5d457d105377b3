/*-------------------------------------------------------------------------
 *
 * order_split.c
 *	  What a split (a corporate action) means for one order.
 *
 * Pure.  The terms of an order are scaled; what it has executed follows from
 * the scaled fills, each rounded, and so does what its children reserve.  The
 * rounding of parts and of their sum differ, so the order's quantity is chosen
 * last: what was filled stays filled, what was open stays open, what was placed
 * in full stays placed in full.
 *
 * An order remembers the corporate actions that came to it (corporate_actions),
 * so that each comes once, however many counterparties report it.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 4, ExecRestatementReason (378) 0.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "base/names.h"
#include "core/order/order_plan.h"
#include "core/order/order_split.h"

#define ACTIONS_KEPT 16			/* the newest; older ones are reported no more */

/* One element of corporate_actions. */
typedef struct SplitMark
{
	char	   *action;
	Numeric		factor;
	bool		fills;			/* did its own fills follow? */
	Numeric		order_qty;		/* its quantity by the factor, where another is kept meanwhile; or NULL */
} SplitMark;

Refusal *
oms_split_refuse(const Order *order, const char *fmt,...)
{
	char		facts[512];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(facts, sizeof(facts), fmt, args);
	va_end(args);
	return oms_refuse_by_rule("split_factor", psprintf("order \"%s\" cannot be split so", order->id), "%s", facts);
}

/* ------------------------------------------------------------------------
 * marks
 * ------------------------------------------------------------------------
 */

static Numeric
split_numeric_member(Jsonb *object, const char *key)
{
	JsonbValue	hold;
	JsonbValue *v = oms_json_get(object, key, &hold);

	return v && v->type == jbvNumeric ? DatumGetNumericCopy(NumericGetDatum(v->val.numeric)) : NULL;
}

/* Room for one more is left at the end. */
static SplitMark *
split_read_marks(Jsonb *json, int *count)
{
	SplitMark  *marks = palloc0(sizeof(SplitMark) * ((json ? JB_ROOT_COUNT(json) : 0) + 1));
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;

	*count = 0;
	if (json == NULL)
		return marks;
	it = JsonbIteratorInit(&json->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		Jsonb	   *element;
		JsonbValue	hold;
		JsonbValue *fills;

		if (token != WJB_ELEM || v.type != jbvBinary)
			continue;
		element = JsonbValueToJsonb(&v);
		fills = oms_json_get(element, "fills", &hold);
		marks[*count].action = oms_json_get_string(element, "corporateAction");
		marks[*count].factor = split_numeric_member(element, "quantityFactor");
		marks[*count].fills = fills && fills->type == jbvBool && fills->val.boolean;
		marks[*count].order_qty = split_numeric_member(element, "orderQty");
		if (marks[*count].action && marks[*count].factor)
			(*count)++;
	}
	return marks;
}

static Jsonb *
split_write_marks(const SplitMark *marks, int count)
{
	JsonWriter	w = {0};

	oms_json_open_array(&w);
	for (int i = Max(0, count - ACTIONS_KEPT); i < count; i++)
	{
		oms_json_open_object(&w);
		oms_json_bool(&w, "fills", marks[i].fills);
		if (marks[i].order_qty)
			oms_json_numeric(&w, "orderQty", marks[i].order_qty);
		oms_json_numeric(&w, "quantityFactor", marks[i].factor);
		oms_json_string(&w, "corporateAction", marks[i].action);
		oms_json_close_object(&w);
	}
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

static SplitMark *
split_find_mark(SplitMark *marks, int count, const char *action)
{
	for (int i = count - 1; i >= 0; i--)
		if (strcmp(marks[i].action, action) == 0)
			return &marks[i];
	return NULL;
}

SplitReach
oms_split_reach(const Order *order, const char *action)
{
	int			count;
	SplitMark  *marks = split_read_marks(order->corporate_actions, &count);
	SplitMark  *mark = split_find_mark(marks, count, action);

	if (mark == NULL)
		return SPLIT_NOT_YET;
	return mark->fills ? SPLIT_WHOLE : SPLIT_TERMS;
}

Jsonb *
oms_split_inherit(Jsonb *corporate_actions)
{
	int			count;
	SplitMark  *marks;

	if (corporate_actions == NULL)
		return NULL;
	marks = split_read_marks(corporate_actions, &count);
	for (int i = 0; i < count; i++)
	{
		marks[i].fills = true;
		marks[i].order_qty = NULL;
	}
	return split_write_marks(marks, count);
}

void
oms_split_forget_quantity(Order *order)
{
	int			count;
	SplitMark  *marks = split_read_marks(order->corporate_actions, &count);

	for (int i = 0; i < count; i++)
		marks[i].order_qty = NULL;
	order->corporate_actions = split_write_marks(marks, count);
}

/* ------------------------------------------------------------------------
 * decide
 * ------------------------------------------------------------------------
 */

/*
 * The report of an order whose terms were scaled before, with those of an order
 * below it: it states the quantity that the order has by now.
 */
static const SplitMark *
split_awaited(const Command *command, const Order *order)
{
	int			count;
	SplitMark  *marks = split_read_marks(order->corporate_actions, &count);
	SplitMark  *mark = count > 0 ? &marks[count - 1] : NULL;
	Numeric		order_qty;

	if (command->corporate_action_id)
		mark = split_find_mark(marks, count, command->corporate_action_id);
	if (mark == NULL || mark->fills)
		return NULL;
	order_qty = mark->order_qty ? mark->order_qty : order->order_qty;
	return command->corporate_action_id || oms_dec_same(order_qty, command->terms.order_qty) ? mark : NULL;
}

/* Its own id, else factor and business day: what is kept stands on the orders of one tree. */
static char *
split_action_of(const Command *command, Numeric factor, TimestampTz now)
{
	char		day[MOMENT_TEXT_SIZE];

	if (command->corporate_action_id)
		return command->corporate_action_id;
	oms_date_text(oms_command_day(command, now), day);
	return psprintf("%s on %s", oms_dec_text(oms_dec_trim(factor)), day);
}

bool
oms_is_corporate_action(const char *reason)
{
	const OmsName *name = oms_name_find(oms_restatement_names, reason, strlen(reason));

	return name && strcmp(name->name, "GT_CORPORATE_ACTION") == 0;
}

/* Factor as given, or new / old quantity, and the key of the action.  False if the command is no split. */
static bool
split_read_split(const Command *command, const Order *order, TimestampTz now, OrderSplit *split)
{
	Numeric		order_qty = command->terms.order_qty;
	const SplitMark *mark = NULL;

	if (command->quantity_factor)
		split->factor = command->quantity_factor;
	else if (command->reason == NULL || !oms_is_corporate_action(command->reason) || order_qty == NULL || order->order_qty == NULL)
		return false;
	else if (oms_command_is_report(command) && (mark = split_awaited(command, order)) != NULL)
		split->factor = mark->factor;
	else if (oms_dec_cmp(order_qty, order->order_qty) == 0)
		return false;
	else
		split->factor = oms_dec_div(order_qty, order->order_qty, FACTOR_SCALE);
	split->action = mark ? mark->action : split_action_of(command, split->factor, now);
	return true;
}

/* Is the stated quantity the scaled one, but for the last digit of either? */
static bool
split_is_scaled(Numeric stated, Numeric order_qty, Numeric factor)
{
	Numeric		exact = oms_dec_mul(order_qty, factor);
	Numeric		difference = oms_dec_sub(stated, exact);

	if (oms_dec_sign(difference) < 0)
		difference = oms_dec_neg(difference);
	/* the factor has as many decimals, and an error of half the last one */
	return oms_dec_cmp(oms_scale_quantity(order_qty, factor), stated) == 0 ||
		oms_dec_cmp(oms_dec_div(difference, oms_dec_max(order_qty, oms_dec_one()), FACTOR_SCALE), oms_dec_zero()) == 0;
}

/* A quantity beside the factor is the scaled one, or a change of its own. */
static Refusal *
split_take_stated(const Command *command, const Order *order, SplitReach reach, OrderSplit *split, OrderEvent *event)
{
	Numeric		stated = event->terms.order_qty;

	if (stated == NULL)
		return NULL;
	if (order->order_qty &&
		(reach == SPLIT_NOT_YET ? split_is_scaled(stated, order->order_qty, split->factor) :
		 oms_dec_cmp(stated, order->order_qty) == 0))
	{
		split->stated = stated;
		event->terms.order_qty = NULL;
		return NULL;
	}
	if (oms_command_is_report(command))
		return NULL;
	return oms_with_hint(oms_split_refuse(order, "orderQty %s contradicts quantityFactor %s: the order has %s.",
										  oms_dec_text(stated), oms_dec_text(split->factor), oms_dec_text(order->order_qty)),
						 "Leave orderQty out, and change it by another command.");
}

void
oms_name_split(const Command *command, TreeNames *names)
{
	if (command->order_id && (command->quantity_factor || (command->reason && oms_is_corporate_action(command->reason))))
		oms_name_object(names, KIND_ORDER, command->order_id, REACH_TIED);
}

bool
oms_split_is_told(const Command *command, const Order *order, TimestampTz now)
{
	OrderSplit	split = {0};

	return split_read_split(command, order, now, &split);
}

Refusal *
oms_split_decide(const Command *command, const Order *order, TimestampTz now, OrderEvent *event)
{
	OrderSplit *split = palloc0(sizeof(OrderSplit));
	SplitReach	reach;
	Refusal    *refusal;

	if (!split_read_split(command, order, now, split))
		return NULL;
	/* prices are divided by it */
	if (oms_dec_sign(split->factor) <= 0 && oms_command_is_report(command))
	{
		event->raises |= FLAG_DISAGREES;
		return NULL;
	}
	if (oms_dec_sign(split->factor) <= 0)
		return oms_split_refuse(order, "new / old orderQty is nothing with %d decimals; orderQty is %s.",
								FACTOR_SCALE, oms_dec_text(order->order_qty));
	reach = oms_split_reach(order, split->action);
	split->terms = reach == SPLIT_NOT_YET;
	split->fills = true;
	refusal = split_take_stated(command, order, reach, split, event);
	/* a factor of one is no split */
	if (refusal == NULL && oms_dec_cmp(split->factor, oms_dec_one()) != 0)
		event->split = split;
	return refusal;
}

/* ------------------------------------------------------------------------
 * evolve
 * ------------------------------------------------------------------------
 */

void
oms_split_scale(Order *order, Numeric factor)
{
	order->order_qty = oms_scale_quantity(order->order_qty, factor);
	order->price = oms_scale_price(order->price, factor);
	order->stop_px = oms_scale_price(order->stop_px, factor);
	order->quantity_factor = oms_scale_factor(order->quantity_factor, factor);
	if (order->planned_slices)
		order->planned_slices = oms_plan_scale(order->planned_slices, factor);
}

/* What was executed and what children reserve are rounded sums by now: the quantity that goes with them. */
static Numeric
split_fitting_quantity(const Order *order, const Order *before, const OrderSplit *split, Numeric by_factor)
{
	Numeric		executed = order->executed_quantity;
	Numeric		placed = oms_dec_add(executed, order->reserved_quantity);
	Numeric		free = oms_dec_sub(oms_dec_sub(before->order_qty, before->executed_quantity), before->reserved_quantity);
	int			overfilled = oms_dec_cmp(before->executed_quantity, before->order_qty);
	Numeric		quantity = by_factor;

	/* it stays filled, and overfilled if it was */
	if (overfilled >= 0)
	{
		if (!split->terms)
			quantity = before->order_qty;
		if (oms_dec_sign(executed) <= 0)
			return quantity;
		return overfilled == 0 || oms_dec_cmp(quantity, executed) > 0 ? executed : quantity;
	}
	/* above an order that was reported, others still have the quantities of before: there the factor alone counts */
	if (split->fills && split->stated == NULL)
	{
		if (oms_dec_sign(free) == 0 && oms_dec_sign(before->reserved_quantity) > 0)
			quantity = placed;
		else if (oms_dec_sign(free) > 0)
			quantity = oms_dec_max(quantity, placed);
	}
	/* it stays open */
	return oms_dec_max(quantity, oms_dec_add(executed, oms_dec_smallest(executed)));
}

void
oms_split_fit(Order *order, const Order *before, const OrderSplit *split)
{
	int			count;
	SplitMark  *marks = split_read_marks(order->corporate_actions, &count);
	SplitMark  *mark = split_find_mark(marks, count, split->action);
	Numeric		by_factor;

	if (mark == NULL)
	{
		mark = &marks[count++];
		mark->action = unconstify(char *, split->action);
		mark->factor = split->factor;
	}
	by_factor = split->stated ? split->stated : mark->order_qty ? mark->order_qty : order->order_qty;
	mark->fills |= split->fills;
	mark->order_qty = NULL;
	if (order->order_qty && oms_dec_sign(before->order_qty) > 0)
	{
		order->order_qty = split_fitting_quantity(order, before, split, by_factor);
		/* what it should be by the factor, until all below it have followed */
		if (!mark->fills && oms_dec_cmp(order->order_qty, by_factor) != 0 &&
			oms_dec_cmp(order->executed_quantity, order->order_qty) < 0)
			mark->order_qty = by_factor;
	}
	order->corporate_actions = split_write_marks(marks, count);
}
