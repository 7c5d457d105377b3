/*
 * Which children an automatic placement makes: corners as a desk would say them, and thousands of random policies against a model that
 * tries, in whole numbers, what the code computes. What breaks if a share, a lot, a minimum, a maximum, a time or a name is another
 * one, or the children do not add up to what is unplaced.
 */
#include "unit.h"

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "allocation_numbers.h"
#include "base/json.h"
#include "base/moment.h"
#include "core/command.h"
#include "core/order/order_placement.h"

#define ROUNDS		20000
#define TARGETS		5
#define INTERVAL	INT64CONST(60000000)

static pg_prng_state prng;

static int
pick(int least, int most)
{
	return (int) pg_prng_uint64_range(&prng, least, most);
}

static Order *
order_of(const char *quantity)
{
	Order	   *order = palloc0(sizeof(Order));

	order->id = "o1";
	order->cl_ord_id = "c1";
	order->destination = "XOWN";
	order->ord_type = "LIMIT";
	order->order_qty = order->unplaced_quantity = dec(quantity);
	order->executed_quantity = order->reserved_quantity = oms_dec_zero();
	order->price = dec("12.5");
	order->expire_time = NO_TIME;
	order->expire_date = NO_DATE;
	return order;
}

static bool
is_in_list(void *arg, const char *cl_ord_id)
{
	ListCell   *cell;

	foreach(cell, (List *) arg)
		if (strcmp(lfirst(cell), cl_ord_id) == 0)
			return true;
	return false;
}

static bool
is_always(void *arg, const char *cl_ord_id)
{
	return true;
}

/* "XNYS:40@0 …": destination, quantity, and the number of the time. */
static char *
children_text(const List *children)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, children)
	{
		const PlacementChild *child = lfirst(cell);

		appendStringInfo(&text, "%s%s:%s@%d", text.len ? " " : "", child->destination ? child->destination : "-", oms_dec_text(child->quantity),
						 child->place_at == NO_TIME ? 0 : (int) (child->place_at / INTERVAL));
	}
	return text.data;
}

static char *
placed(const PlacementPolicy *policy, const Order *order)
{
	PlacementPolicy given = *policy;
	List	   *children;
	Refusal    *refusal;

	given.name = "p";
	given.interval = INTERVAL;
	if (given.cl_ord_id_pattern == NULL)
		given.cl_ord_id_pattern = "{clOrdID}-{n}";
	refusal = oms_placement_make(&given, order, 0, is_in_list, NIL, &children);
	return refusal ? pstrdup(refusal->detail) : children_text(children);
}

/* ------------------------------------------------------------------------
 * the model: tries instead of computing
 * ------------------------------------------------------------------------
 */

typedef struct Model
{
	int64		quantity;
	int64		lot;
	int64		weights[TARGETS];
	int			ntargets;
	int64		most;			/* 0: none, as the least */
	int64		least;
	int			slices;
	int64		place;			/* 10 ^ its decimals */
} Model;

static int
model_largest(const int64 *shares, int count)
{
	int			largest = 0;

	for (int i = 0; i < count; i++)
		if (shares[i] > shares[largest])
			largest = i;
	return largest;
}

/* Lot by lot to who lacks most of his part. */
static void
model_share(int64 quantity, int64 lot, const int64 *weights, int count, int64 *shares)
{
	int64		lots = quantity / lot;
	int64		weight = 0;
	int64		given = 0;
	bool		had[1001] = {0};

	for (int i = 0; i < count; i++)
		weight += weights[i];
	for (int i = 0; i < count; i++)
		given += shares[i] = lots * weights[i] / weight;
	for (; given < lots; given++)
	{
		int			best = -1;

		for (int i = 0; i < count; i++)
			if (!had[i] && (best < 0 || lots * weights[i] % weight > lots * weights[best] % weight))
				best = i;
		had[best] = true;
		shares[best]++;
	}
	for (int i = 0; i < count; i++)
		shares[i] *= lot;
	shares[model_largest(shares, count)] += quantity - lots * lot;
}

static bool
model_try_pieces(const Model *m, int64 share, int64 lot, int count, int64 *pieces)
{
	int64		lots = share / lot;

	for (int i = 0; i < count; i++)
		pieces[i] = (lots / count + (i < lots % count ? 1 : 0)) * lot;
	pieces[count - 1] += share - lots * lot;
	for (int i = 0; i < count; i++)
		if (pieces[i] > m->most)
			return false;
	return true;
}

static char *
model_number(const Model *m, int64 value)
{
	return oms_dec_text(oms_dec_trim(oms_dec_div(whole(value), whole(m->place), 4)));
}

static void
model_add(const Model *m, StringInfo text, int target, int64 quantity, int time)
{
	appendStringInfo(text, "%sX%d:%s@%d", text->len ? " " : "", target, model_number(m, quantity), time);
}

static void
model_cut(const Model *m, StringInfo text, int target, int64 share, int time)
{
	int64		pieces[1001];
	int			count = 1;

	if (m->most == 0 || share <= m->most)
	{
		model_add(m, text, target, share, time);
		return;
	}
	while (!model_try_pieces(m, share, m->lot, count, pieces))
		count++;
	for (int i = 0; i < count; i++)
		model_add(m, text, target, pieces[i], time);
}

static int
model_times(const Model *m, int64 *quantities)
{
	int64		equal[50];

	for (int i = 0; i < lengthof(equal); i++)
		equal[i] = 1;
	for (int times = m->slices; times > 1; times--)
	{
		bool		fits = true;

		model_share(m->quantity, m->lot, equal, times, quantities);
		/* the odd rest of the largest is no reason to have it */
		for (int i = 0; i < times; i++)
			fits = fits && quantities[i] / m->lot * m->lot >= Max(m->least, m->lot);
		if (fits)
			return times;
	}
	quantities[0] = m->quantity;
	return 1;
}

static char *
model_placed(const Model *m)
{
	StringInfoData text;
	int64		quantities[50];
	int			times = model_times(m, quantities);

	initStringInfo(&text);
	for (int time = 0; time < times; time++)
	{
		int64		shares[TARGETS];
		int			largest;

		model_share(quantities[time], m->lot, m->weights, m->ntargets, shares);
		largest = model_largest(shares, m->ntargets);
		for (int i = 0; i < m->ntargets; i++)
			if (i != largest && shares[i] < m->least)
				shares[largest] += shares[i], shares[i] = 0;
		for (int i = 0; i < m->ntargets; i++)
			if (shares[i] > 0)
				model_cut(m, &text, i, shares[i], time);
	}
	return text.data;
}

/* The greatest power of ten up to the place that divides it. */
static int64
model_unit(int64 place, int64 quantity)
{
	while (quantity % place != 0)
		place /= 10;
	return place;
}

static void
compare_one(int round)
{
	static const char *const names[TARGETS] = {"X0", "X1", "X2", "X3", "X4"};
	Model		m = {.place = pick(0, 3) == 0 ? 100 : 1};
	PlacementTarget targets[TARGETS];
	PlacementPolicy policy = {.targets = targets};
	Order	   *order;
	char	   *expected;
	char	   *got;

	m.quantity = pick(1, pick(0, 1) ? 200 : 20000);
	m.ntargets = pick(1, TARGETS);
	m.slices = pick(0, 2) == 0 ? pick(2, 12) : 1;
	m.most = pick(0, 1) ? pick(m.quantity / 40 + 1, m.quantity / 40 + 5000) : 0;
	m.least = pick(0, 1) ? pick(1, pick(0, 1) ? 30 : 2000) : 0;
	m.lot = pick(0, 1) ? pick(1, pick(0, 1) ? 10 : 500) : 0;
	for (int i = 0; i < m.ntargets; i++)
	{
		m.weights[i] = pick(1, pick(0, 1) ? 3 : 100);
		targets[i] = (PlacementTarget) {names[i], whole(m.weights[i])};
	}
	order = order_of(model_number(&m, m.quantity));
	policy.ntargets = m.ntargets;
	policy.slices = m.slices;
	policy.min_quantity = m.least ? dec(model_number(&m, m.least)) : NULL;
	policy.lot = m.lot ? dec(model_number(&m, m.lot)) : NULL;
	if (m.lot == 0)
		m.lot = model_unit(m.place, m.quantity);
	/* a maximum of less than a lot knows none: check_sums() has those */
	m.most = m.most ? Max(m.most, m.lot) : 0;
	policy.max_quantity = m.most ? dec(model_number(&m, m.most)) : NULL;
	got = placed(&policy, order);
	expected = model_placed(&m);
	if (strcmp(got, expected) != 0)
	{
		ok(false, "round %d: %d over %d targets, %d times, lot %d, least %d, most %d", round, (int) m.quantity, m.ntargets, m.slices, (int) m.lot,
		   (int) m.least, (int) m.most);
		is_text(got, expected, "the model's");
	}
}

/* Whatever the policy: they add up, none is nothing, none is above the maximum. */
static void
check_sums(void)
{
	bool		fits = true;

	for (int round = 0; round < ROUNDS / 4 && fits; round++)
	{
		PlacementTarget targets[2] = {{"A", whole(pick(1, 9))}, {NULL, dec("0.5")}};
		PlacementPolicy policy = {.name = "p", .targets = targets, .ntargets = pick(0, 2), .slices = pick(1, 3), .interval = INTERVAL,
		.cl_ord_id_pattern = "{orderId}{n}", .lot = whole(pick(1, 300))};
		Order	   *order = order_of(psprintf("%d.%02d", pick(0, 900), pick(1, 99)));
		Numeric		sum = oms_dec_zero();
		List	   *children;
		ListCell   *cell;

		policy.max_quantity = dec(psprintf("%d.%d", pick(5, 200), pick(0, 9)));
		fits = oms_placement_make(&policy, order, 0, is_in_list, NIL, &children) == NULL;
		foreach(cell, children)
		{
			const PlacementChild *child = lfirst(cell);

			sum = oms_dec_add(sum, child->quantity);
			fits = fits && oms_dec_sign(child->quantity) > 0 && oms_dec_cmp(child->quantity, policy.max_quantity) <= 0;
		}
		fits = fits && oms_dec_cmp(sum, order->unplaced_quantity) == 0;
	}
	ok(fits, "whatever a policy says, its children add up to what is unplaced, and none is beyond the maximum");
}

static void
check_random(void)
{
	MemoryContext round_context = AllocSetContextCreate(CurrentMemoryContext, "round", ALLOCSET_DEFAULT_SIZES);
	int			before = unit_count;

	for (int i = 0; i < ROUNDS && unit_count < before + 10; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(round_context);

		CHECK_FOR_INTERRUPTS();
		compare_one(i);
		MemoryContextSwitchTo(old);
		MemoryContextReset(round_context);
	}
	ok(unit_count == before, "%d policies place as the model does", ROUNDS);
}

/* ------------------------------------------------------------------------
 * corners
 * ------------------------------------------------------------------------
 */

static void
check_corners(void)
{
	PlacementTarget three[] = {{"A", whole(1)}, {"B", whole(1)}, {NULL, whole(2)}};
	PlacementTarget two[] = {{"A", whole(9)}, {"B", whole(1)}};
	PlacementPolicy none = {0};
	PlacementPolicy spread = {.targets = three, .ntargets = 3};
	Order	   *odd = order_of("1250");

	is_text(placed(&none, order_of("100")), "XOWN:100@0", "without a word all of it goes where the order goes");
	is_text(placed(&none, order_of("0.125")), "XOWN:0.125@0", "a fraction too");
	is_text(placed(&spread, order_of("100")), "A:25@0 B:25@0 XOWN:50@0", "by weight; a target without a name is the order's own");
	is_text(placed(&spread, order_of("101")), "A:25@0 B:25@0 XOWN:51@0", "the largest remainder has the lot that is left");
	is_text(placed(&spread, order_of("102")), "A:26@0 B:25@0 XOWN:51@0", "of equal remainders the first");
	is_text(placed(&spread, order_of("1")), "XOWN:1@0", "who gets no lot gets no order");
	spread.lot = whole(100);
	is_text(placed(&spread, odd), "A:300@0 B:300@0 XOWN:650@0", "what is no lot goes to the largest");
	spread.lot = NULL;
	odd->attributes = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{\"roundLot\": \"500\"}")));
	is_text(placed(&spread, odd), "A:750@0 XOWN:500@0", "the order's round lot, where the policy has none");
	odd->attributes = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{\"roundLot\": -5}")));
	is_text(placed(&spread, odd), "A:313@0 B:312@0 XOWN:625@0", "a round lot that is none does not count");
	is_text(placed(&(PlacementPolicy) {.targets = two, .ntargets = 2, .min_quantity = whole(11)}, order_of("100")), "A:100@0", "below the minimum: to the largest");
	is_text(placed(&(PlacementPolicy) {.targets = three, .ntargets = 2, .min_quantity = whole(60)}, order_of("100")), "A:100@0", "all below it: to the first of equals");
	is_text(placed(&(PlacementPolicy) {.min_quantity = whole(500)}, order_of("100")), "XOWN:100@0", "an order below the minimum is placed whole");
	is_text(placed(&(PlacementPolicy) {.max_quantity = whole(40)}, order_of("100")), "XOWN:34@0 XOWN:33@0 XOWN:33@0", "above the maximum: the fewest equal ones");
	is_text(placed(&(PlacementPolicy) {.max_quantity = whole(40), .lot = whole(10)}, order_of("105")), "XOWN:40@0 XOWN:30@0 XOWN:35@0", "in lots; the last has what is no lot");
	is_text(placed(&(PlacementPolicy) {.max_quantity = whole(50), .lot = whole(50)}, order_of("120")), "XOWN:50@0 XOWN:50@0 XOWN:20@0", "where all are full it is one of its own");
	is_text(placed(&(PlacementPolicy) {.max_quantity = whole(50), .lot = whole(100)}, order_of("120")), "XOWN:40@0 XOWN:40@0 XOWN:40@0", "a maximum of less than a lot knows no lots");
	is_text(placed(&(PlacementPolicy) {.slices = 3}, order_of("100")), "XOWN:34@0 XOWN:33@1 XOWN:33@2", "at three times, the first at once");
	is_text(placed(&(PlacementPolicy) {.slices = 10, .min_quantity = whole(30)}, order_of("100")), "XOWN:34@0 XOWN:33@1 XOWN:33@2", "at fewer where each has the minimum");
	is_text(placed(&(PlacementPolicy) {.slices = 10, .min_quantity = whole(33), .lot = whole(10)}, order_of("100")), "XOWN:50@0 XOWN:50@1", "in whole lots");
	is_text(placed(&(PlacementPolicy) {.slices = 10}, order_of("3")), "XOWN:1@0 XOWN:1@1 XOWN:1@2", "no time without a lot");
	is_text(placed(&(PlacementPolicy) {.targets = two, .ntargets = 2, .slices = 2}, order_of("40")), "A:18@0 B:2@0 A:18@1 B:2@1", "each time over all targets");
}

/* ------------------------------------------------------------------------
 * names, refusals, JSON
 * ------------------------------------------------------------------------
 */

static char *
names_of(const char *pattern, const Order *order, PlacementIsTaken is_taken, List *taken)
{
	PlacementPolicy policy = {.name = "p", .max_quantity = whole(40), .cl_ord_id_pattern = pattern};
	StringInfoData text;
	List	   *children;
	ListCell   *cell;
	Refusal    *refusal = oms_placement_make(&policy, order, 0, is_taken, taken, &children);

	if (refusal)
		return pstrdup(refusal->detail);
	initStringInfo(&text);
	foreach(cell, children)
		appendStringInfo(&text, "%s%s", text.len ? " " : "", ((const PlacementChild *) lfirst(cell))->cl_ord_id);
	return text.data;
}

static void
check_names(void)
{
	Order	   *order = order_of("100");
	const char *problem;

	is_text(names_of("{clOrdID}-{n}", order, is_in_list, NIL), "c1-1 c1-2 c1-3", "numbers count on");
	is_text(names_of("{clOrdID}-{n}", order, is_in_list, list_make2("c1-1", "c1-3")), "c1-2 c1-4 c1-5", "a taken name is left out");
	is_text(names_of("{n}/{destination}/{orderId}/{clOrdID}{n}", order, is_in_list, NIL), "1/XOWN/o1/c11 2/XOWN/o1/c12 3/XOWN/o1/c13", "all that a pattern may have");
	order->cl_ord_id = NULL;
	is_text(names_of("{clOrdID}-{n}", order, is_in_list, NIL), "o1-1 o1-2 o1-3", "an order without a clOrdID has its orderId");
	order->cl_ord_id = "{n}";
	is_text(names_of("{clOrdID}-{n}", order, is_in_list, NIL), "{n}-1 {n}-2 {n}-3", "what an order is called is no pattern");
	is_text(names_of("{orderId}-{n}", order, is_always, NIL), "Rule placement: the first 10003 names of pattern \"{orderId}-{n}\" are taken.", "it does not try for ever");
	ok(oms_placement_pattern_problem("{clOrdID}-{n}") == NULL && oms_placement_pattern_problem("{n}{orderId}{destination}") == NULL, "patterns that are right");
	problem = oms_placement_pattern_problem("{clOrdID}");
	ok(problem && strstr(problem, "no {n}"), "one without a number is wrong");
	problem = oms_placement_pattern_problem("x-{n}");
	ok(problem && strstr(problem, "neither"), "one without the order is wrong");
	problem = oms_placement_pattern_problem("{orderId}{n}{symbol}");
	ok(problem && strstr(problem, "{symbol}"), "a word that is none is wrong");
	problem = oms_placement_pattern_problem("{orderId}{n}{");
	ok(problem && strstr(problem, "\"{\""), "half of one too");
}

static void
check_refusals(void)
{
	Order	   *shown = order_of("100");

	shown->fix = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{\"displayQty\": 10}")));
	is_text(placed(&(PlacementPolicy) {.max_quantity = dec("50")}, shown), "Rule placement: it would have 2 children, and its displayQty is of the whole order.",
			"what is of the whole order is not split");
	ok(strncmp(placed(&(PlacementPolicy) {0}, shown), "Rule", 4) != 0, "and placed whole");
	is_text(placed(&(PlacementPolicy) {0}, order_of("0")), "Rule placement: nothing of it is unplaced; orderQty 0, executedQuantity 0, reservedQuantity 0.", "nothing to place");
	is_text(placed(&(PlacementPolicy) {.max_quantity = dec("0.1")}, order_of("100.1")), "Rule placement: it would have more than 1000 children.", "one child too many");
	ok(strlen(placed(&(PlacementPolicy) {.max_quantity = dec("0.1")}, order_of("100"))) > 1000, "and as many as may be");
	is_text(placed(&(PlacementPolicy) {.max_quantity = dec("0.00000000000000000001")}, order_of("99999999999999")), "Rule placement: it would have more than 1000 children.", "a number beyond all bounds");
}

static void
check_json(void)
{
	Order	   *order = order_of("100");
	PlacementChild later = {.destination = NULL, .quantity = dec("60"), .place_at = 0, .cl_ord_id = "c1-2"};
	PlacementChild now = {.destination = "X", .quantity = dec("40"), .place_at = NO_TIME, .cl_ord_id = "c1-1"};
	Jsonb	   *json;

	order->time_in_force = "DAY";
	order->fix = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{\"securityID\": \"US1\", \"minQty\": 10, \"execInst\": \"6\", \"pegOffsetValue\": \"0.1\"}")));
	json = oms_placement_json(&(PlacementPolicy) {.cl_ord_id_pattern = "{clOrdID}-{n}"}, order, list_make2(&now, &later));
	ok(oms_json_equal(json, DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(
		"[{\"clOrdID\": \"c1-1\", \"orderQty\": 40, \"destination\": \"X\", \"pegOffsetValue\": \"0.1\", \"ordType\": \"LIMIT\", \"price\": 12.5, \"timeInForce\": \"DAY\", \"securityID\": \"US1\","
		" \"execInst\": \"6\"}, {\"clOrdID\": \"c1-2\", \"orderQty\": 60, \"placeAt\": \"2000-01-01T00:00:00.000000Z\", \"followsOrder\": true, \"clOrdIDPattern\": \"{clOrdID}-{n}\"}]")))),
	   "a child has the order's terms, and of its FIX fields what is traded: %s", oms_json_text(json, &(int) {0}));
	now.quantity = dec("100");
	json = oms_placement_json(&(PlacementPolicy) {.cl_ord_id_pattern = "{clOrdID}-{n}"}, order, list_make1(&now));
	ok(strstr(oms_json_text(json, &(int) {0}), "\"minQty\": 10") != NULL, "one that has all of it has what holds of all of it, too");
}

UNIT_TEST(order_placement)
{
	pg_prng_seed(&prng, 11);
	check_corners();
	check_names();
	check_refusals();
	check_json();
	check_sums();
	check_random();
}
