/*-------------------------------------------------------------------------
 *
 * order_placement.c
 *	  Which orders an automatic placement makes of a client order.
 *
 * Pure.  Shares are those of an allocation (allocation_share.c): by largest
 * remainder in lots, exact, in the order in which the targets stand.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/command.h"
#include "core/execution/allocation_share.h"
#include "core/order/order_instrument.h"
#include "core/order/order_placement.h"

/* ------------------------------------------------------------------------
 * names
 * ------------------------------------------------------------------------
 */

typedef enum PlacementWord
{
	WORD_CL_ORD_ID,
	WORD_ORDER_ID,
	WORD_DESTINATION,
	WORD_NUMBER,
	WORD_COUNT
} PlacementWord;

static const char *const placement_words[WORD_COUNT] = {
	[WORD_CL_ORD_ID] = "{clOrdID}", [WORD_ORDER_ID] = "{orderId}", [WORD_DESTINATION] = "{destination}", [WORD_NUMBER] = "{n}"
};

const char *
oms_placement_pattern_problem(const char *pattern)
{
	bool		has[WORD_COUNT] = {0};

	for (const char *rest = pattern; (rest = strchr(rest, '{')) != NULL; rest++)
	{
		int			word = 0;

		while (word < WORD_COUNT && strncmp(rest, placement_words[word], strlen(placement_words[word])) != 0)
			word++;
		if (word == WORD_COUNT)
			return psprintf("It has \"%s\" where only {clOrdID}, {orderId}, {destination} and {n} may stand.", rest);
		has[word] = true;
	}
	if (!has[WORD_NUMBER])
		return "It has no {n}: all children would have one name.";
	if (!has[WORD_CL_ORD_ID] && !has[WORD_ORDER_ID])
		return "It has neither {clOrdID} nor {orderId}: the children of all orders would share their names.";
	return NULL;
}

const char *
oms_placement_name(const char *pattern, const Order *order, const char *destination, int n)
{
	const char *values[WORD_COUNT] = {
		[WORD_CL_ORD_ID] = order->cl_ord_id ? order->cl_ord_id : order->id, [WORD_ORDER_ID] = order->id,
		[WORD_DESTINATION] = destination ? destination : "", [WORD_NUMBER] = psprintf("%d", n)
	};
	StringInfoData name;

	initStringInfo(&name);
	for (const char *rest = pattern; *rest;)
	{
		int			word = 0;

		while (word < WORD_COUNT && strncmp(rest, placement_words[word], strlen(placement_words[word])) != 0)
			word++;
		if (word < WORD_COUNT)
			appendStringInfoString(&name, values[word]);
		else
			appendStringInfoChar(&name, *rest);
		rest += word < WORD_COUNT ? strlen(placement_words[word]) : 1;
	}
	return name.data;
}

/* Numbers count on, whatever time a child is due; who has a name already keeps it. */
static Refusal *
placement_name_all(const PlacementPolicy *policy, const Order *order, const List *children, PlacementIsTaken is_taken, void *arg)
{
	int			n = 0;
	ListCell   *cell;

	foreach(cell, children)
	{
		PlacementChild *child = lfirst(cell);

		do
		{
			if (++n > TAKEN_NAMES_MAX + list_length(children))
				return oms_refuse_by_rule("placement", psprintf("order \"%s\" cannot be placed by policy \"%s\"", order->id, policy->name),
										  "the first %d names of pattern \"%s\" are taken.", n - 1, policy->cl_ord_id_pattern);
			child->cl_ord_id = oms_placement_name(policy->cl_ord_id_pattern, order, child->destination, n);
		} while (is_taken(arg, child->cl_ord_id));
	}
	return NULL;
}

/* ------------------------------------------------------------------------
 * quantities
 * ------------------------------------------------------------------------
 */

static Numeric
placement_lot(const PlacementPolicy *policy, const Order *order)
{
	ShareMember lots = {.order_id = order->id, .round_lot = policy->lot ? policy->lot : oms_round_lot(order->attributes)};

	return oms_share_lot(&lots, 1, list_make1(order->unplaced_quantity));
}

static int
placement_largest(const Numeric *shares, int count)
{
	int			largest = 0;

	for (int i = 1; i < count; i++)
		if (oms_dec_cmp(shares[i], shares[largest]) > 0)
			largest = i;
	return largest;
}

/* All remainders are equal: the first ones have a lot more. */
static void
placement_share_equally(Numeric lots, Numeric lot, Numeric *shares, int count)
{
	Numeric		each = oms_dec_count(lots, int64_to_numeric(count));
	Numeric		rest = oms_dec_sub(lots, oms_dec_mul(each, int64_to_numeric(count)));
	int			larger = numeric_int4_opt_error(rest, NULL);
	Numeric		share = oms_dec_mul(each, lot);

	for (int i = 0; i < count; i++)
		shares[i] = i < larger ? oms_dec_add(share, lot) : share;
}

static void
placement_share_by_weight(Numeric quantity, Numeric lot, const PlacementTarget *targets, Numeric *shares, int count)
{
	ShareMember *members = palloc0(count * sizeof(ShareMember));

	for (int i = 0; i < count; i++)
		members[i] = (ShareMember) {.order_id = "", .priority = i, .weight = targets[i].weight, .cap = quantity, .quantity = oms_dec_zero()};
	oms_share_allocate(members, count, SHARE_PRO_RATA, lot, quantity);
	for (int i = 0; i < count; i++)
		shares[i] = members[i].quantity;
}

static bool
placement_weights_differ(const PlacementTarget *targets, int count)
{
	for (int i = 1; targets && i < count; i++)
		if (oms_dec_cmp(targets[i].weight, targets[0].weight) != 0)
			return true;
	return false;
}

/* In whole lots by largest remainder, the first of equals; what is no whole lot goes to the largest. */
static Numeric *
placement_share(Numeric quantity, Numeric lot, const PlacementTarget *targets, int count)
{
	Numeric    *shares = palloc(count * sizeof(Numeric));
	Numeric		lots;
	Numeric		whole;
	int			largest;

	shares[0] = quantity;
	if (count == 1)
		return shares;
	lots = oms_dec_count(quantity, lot);
	whole = oms_dec_mul(lots, lot);
	if (placement_weights_differ(targets, count))
		placement_share_by_weight(whole, lot, targets, shares, count);
	else
		placement_share_equally(lots, lot, shares, count);
	largest = placement_largest(shares, count);
	shares[largest] = oms_dec_add(shares[largest], oms_dec_sub(quantity, whole));
	return shares;
}

/* How many whole b are needed for a. */
static Numeric
placement_needed(Numeric a, Numeric b)
{
	Numeric		count = oms_dec_count(a, b);

	return oms_dec_cmp(oms_dec_mul(count, b), a) < 0 ? oms_dec_add(count, oms_dec_one()) : count;
}

/* At most so many; not more than an int has. */
static int
placement_at_most(Numeric count, int most)
{
	return oms_dec_cmp(count, int64_to_numeric(most)) < 0 ? numeric_int4_opt_error(count, NULL) : most;
}

/* At how many times?  None may have less than the minimum, or no lot. */
static int
placement_times(const PlacementPolicy *policy, Numeric quantity, Numeric lot)
{
	Numeric		least;

	if (policy->slices <= 1)
		return 1;
	least = policy->min_quantity ? placement_needed(policy->min_quantity, lot) : oms_dec_one();
	return Max(1, placement_at_most(oms_dec_count(oms_dec_count(quantity, lot), least), policy->slices));
}

/*
 * The fewest equal children that hold a share, in lots, the larger ones first; the
 * last takes what is no whole lot.  Lots are of no use where the maximum is less
 * than one.  CHILDREN_MAX + 1 is too many.
 */
static int
placement_pieces(const PlacementPolicy *policy, Numeric share, Numeric *lot)
{
	Numeric		most = policy->max_quantity;
	Numeric		lots;
	Numeric		rest;
	Numeric		needed;

	if (most == NULL || oms_dec_cmp(share, most) <= 0)
		return 1;
	if (oms_dec_cmp(most, *lot) < 0)
		*lot = oms_dec_unit(Max(oms_dec_scale(oms_dec_trim(most)), oms_dec_scale(oms_dec_trim(share))));
	lots = oms_dec_count(share, *lot);
	rest = oms_dec_sub(share, oms_dec_mul(lots, *lot));
	needed = placement_needed(lots, oms_dec_count(most, *lot));
	/* all of them are full: what is no lot does not fit either */
	if (oms_dec_cmp(lots, oms_dec_mul(needed, oms_dec_count(most, *lot))) == 0 &&
		oms_dec_cmp(oms_dec_add(oms_dec_mul(oms_dec_count(most, *lot), *lot), rest), most) > 0)
		needed = oms_dec_add(needed, oms_dec_one());
	return placement_at_most(needed, CHILDREN_MAX + 1);
}

/* False: they would be too many. */
static bool
placement_cut(const PlacementPolicy *policy, const char *destination, Numeric share, Numeric lot, TimestampTz place_at, List **children)
{
	int			pieces = placement_pieces(policy, share, &lot);
	Numeric		whole = pieces == 1 ? share : oms_dec_mul(oms_dec_count(share, lot), lot);
	Numeric    *quantities;

	if (list_length(*children) + pieces > CHILDREN_MAX)
		return false;
	quantities = placement_share(whole, pieces == 1 ? whole : lot, NULL, pieces);
	quantities[pieces - 1] = oms_dec_add(quantities[pieces - 1], oms_dec_sub(share, whole));
	for (int i = 0; i < pieces; i++)
	{
		PlacementChild *child = palloc0(sizeof(PlacementChild));

		*child = (PlacementChild) {.destination = destination, .quantity = quantities[i], .place_at = place_at};
		*children = lappend(*children, child);
	}
	return true;
}

/* What is due at one time, over the targets; false: they would be too many. */
static bool
placement_spread(const PlacementPolicy *policy, const Order *order, Numeric quantity, Numeric lot, TimestampTz place_at, List **children)
{
	PlacementTarget own = {.weight = oms_dec_one()};
	const PlacementTarget *targets = policy->ntargets > 0 ? policy->targets : &own;
	int			count = Max(1, policy->ntargets);
	Numeric    *shares = placement_share(quantity, lot, targets, count);
	int			largest = placement_largest(shares, count);
	bool		fits = true;

	for (int i = 0; i < count; i++)
		if (i != largest && policy->min_quantity && oms_dec_cmp(shares[i], policy->min_quantity) < 0)
		{
			shares[largest] = oms_dec_add(shares[largest], shares[i]);
			shares[i] = oms_dec_zero();
		}
	for (int i = 0; fits && i < count; i++)
		if (oms_dec_sign(shares[i]) > 0)
			fits = placement_cut(policy, targets[i].destination ? targets[i].destination : order->destination, shares[i], lot, place_at, children);
	return fits;
}

/* They are of all of the order: children that each have them would do or show more than it says, and without them something else. */
static const char *const placement_quantity_fields[] = {"minQty", "maxFloor", "maxShow", "displayQty"};

static const char *
placement_indivisible(const Order *order)
{
	JsonbValue	hold;

	for (int i = 0; order->fix && i < lengthof(placement_quantity_fields); i++)
		if (oms_json_get(order->fix, placement_quantity_fields[i], &hold))
			return placement_quantity_fields[i];
	return NULL;
}

Refusal *
oms_placement_make(const PlacementPolicy *policy, const Order *order, TimestampTz now, PlacementIsTaken is_taken, void *arg, List **children)
{
	Numeric		lot = placement_lot(policy, order);
	int			times = placement_times(policy, order->unplaced_quantity, lot);
	Numeric    *quantities;

	*children = NIL;
	if (oms_dec_sign(order->unplaced_quantity) <= 0)
		return oms_refuse_by_rule("placement", psprintf("order \"%s\" cannot be placed by policy \"%s\"", order->id, policy->name),
								  "nothing of it is unplaced; orderQty %s, executedQuantity %s, reservedQuantity %s.", oms_dec_text(order->order_qty),
								  oms_dec_text(order->executed_quantity), oms_dec_text(order->reserved_quantity));
	quantities = placement_share(order->unplaced_quantity, lot, NULL, times);
	for (int i = 0; i < times; i++)
		if (!placement_spread(policy, order, quantities[i], lot, i == 0 ? NO_TIME : now + i * policy->interval, children))
			return oms_refuse_by_rule("placement", psprintf("order \"%s\" cannot be placed by policy \"%s\"", order->id, policy->name),
									  "it would have more than %d children.", CHILDREN_MAX);
	if (list_length(*children) > 1 && placement_indivisible(order))
		return oms_refuse_by_rule("placement", psprintf("order \"%s\" cannot be placed by policy \"%s\"", order->id, policy->name),
								  "it would have %d children, and its %s is of the whole order.", list_length(*children), placement_indivisible(order));
	return placement_name_all(policy, order, *children, is_taken, arg);
}

/* ------------------------------------------------------------------------
 * as a command says it
 * ------------------------------------------------------------------------
 */

/* Besides those of the Instrument block: what a price means, and how the order is handled and settled. */
static const char *const placement_fix_fields[] = {
	"execInst", "handlInst", "settlType", "settlDate", "settlCurrency", "orderCapacity", "product", "CFICode", "contractMultiplier", "priceType",
	"pegOffsetValue", "pegMoveType", "pegOffsetType", "pegLimitType", "pegRoundDirection", "pegScope", "discretionInst", "discretionOffsetValue",
	"discretionMoveType", "discretionOffsetType", "discretionLimitType", "discretionRoundDirection", "discretionScope", "targetStrategy",
	"targetStrategyParameters", "participationRate", "maxPriceLevels", "locateReqd", "positionEffect", "coveredOrUncovered", "custOrderCapacity",
	"orderRestrictions", "cashMargin"
};

static void
placement_write_fix(Jsonb *fix, const char *name, JsonWriter *w)
{
	JsonbValue	hold;
	JsonbValue *v = oms_json_get(fix, name, &hold);

	if (v)
		oms_json_scalar(w, name, v);
}

void
oms_placement_write_terms(const Order *order, Numeric quantity, JsonWriter *w)
{
	bool		whole = order->order_qty && quantity && oms_dec_cmp(quantity, order->order_qty) == 0;

	oms_json_string(w, "ordType", order->ord_type);
	if (order->price)
		oms_json_numeric(w, "price", order->price);
	if (order->stop_px)
		oms_json_numeric(w, "stopPx", order->stop_px);
	if (order->time_in_force)
		oms_json_string(w, "timeInForce", order->time_in_force);
	if (order->expire_time != NO_TIME)
		oms_json_time(w, "expireTime", order->expire_time);
	if (order->expire_date != NO_DATE)
		oms_json_date(w, "expireDate", order->expire_date);
	if (order->fix == NULL)
		return;
	for (int i = 0; i < lengthof(placement_fix_fields); i++)
		placement_write_fix(order->fix, placement_fix_fields[i], w);
	for (int i = 0; whole && i < lengthof(placement_quantity_fields); i++)
		placement_write_fix(order->fix, placement_quantity_fields[i], w);
	for (int next = 0;;)
	{
		const char *name = oms_instrument_field(&next);

		if (name == NULL)
			break;
		placement_write_fix(order->fix, name, w);
	}
}

Jsonb *
oms_placement_json(const PlacementPolicy *policy, const Order *order, const List *children)
{
	JsonWriter	w = {0};
	ListCell   *cell;

	oms_json_open_array(&w);
	foreach(cell, children)
	{
		const PlacementChild *child = lfirst(cell);

		oms_json_open_object(&w);
		oms_json_string(&w, "clOrdID", child->cl_ord_id);
		oms_json_numeric(&w, "orderQty", child->quantity);
		if (child->destination)
			oms_json_string(&w, "destination", child->destination);
		if (child->place_at == NO_TIME)
			oms_placement_write_terms(order, child->quantity, &w);
		else
		{
			oms_json_time(&w, "placeAt", child->place_at);
			oms_json_bool(&w, "followsOrder", true);
			oms_json_string(&w, "clOrdIDPattern", policy->cl_ord_id_pattern);
		}
		oms_json_close_object(&w);
	}
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}
