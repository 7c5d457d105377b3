/*
 * The arithmetic of allocations.  Every example that desks were given (test/data) is played: what breaks if a share, a
 * value or a rounding is another one, if an example is changed, or says what is not played.  Then thousands of blocks at
 * random against a model that does the rules step by step in small whole numbers, and what must hold of every sharing:
 * sums exact, nobody beyond its cap, the order of the members and the unit of the quantities without a meaning, and in
 * the end everybody has its membership however the fills came.
 */
#include "unit.h"

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "base/decimal.h"
#include "base/json.h"
#include "core/execution/allocation_share.h"

#define MOST 12					/* members of a block at random */
#define BLOCKS 300

static pg_prng_state prng;

static int
pick(int least, int most)
{
	return (int) pg_prng_uint64_range(&prng, least, most);
}

static Numeric
dec(const char *text)
{
	Numeric		value = NULL;

	if (!oms_dec_parse(text, strlen(text), &value))
		elog(ERROR, "\"%s\" is no decimal", text);
	return value;
}

static Numeric
whole(int64 value)
{
	return int64_to_numeric(value);
}

static ShareMember
member(const char *order_id, int64 priority, const char *weight, const char *cap, const char *from_method)
{
	return (ShareMember) {.order_id = order_id, .priority = priority, .weight = dec(weight), .cap = dec(cap), .from_method = dec(from_method)};
}

static char *
shares(const ShareMember *members, int count)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < count; i++)
		appendStringInfo(&text, "%s%s%s", i == 0 ? "" : " ", oms_dec_text(members[i].quantity), members[i].odd_lot ? "*" : "");
	return text.data;
}

static char *
values(const ShareMember *members, int count)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < count; i++)
		appendStringInfo(&text, "%s%s", i == 0 ? "" : " ", oms_dec_text(members[i].value));
	return text.data;
}

/* ------------------------------------------------------------------------
 * the examples
 * ------------------------------------------------------------------------
 */

typedef struct Example
{
	Jsonb	   *json;
	char	   *name;
	ShareMember members[MOST];
	Numeric		membership[MOST];
	Numeric		allocated[MOST];	/* by hand first, and by the method */
	int			count;
	Numeric		fills[MOST][2];
	int			fill_count;
	ShareMethod method;
	Numeric		lot;
} Example;

static Jsonb *
child(Jsonb *object, const char *key)
{
	JsonbValue	hold;
	JsonbValue *v = oms_json_get(object, key, &hold);

	return v ? JsonbValueToJsonb(v) : NULL;
}

/* A number, or one in a text; NULL where there is none. */
static Numeric
number_of(const JsonbValue *v)
{
	if (v == NULL)
		return NULL;
	return v->type == jbvNumeric ? DatumGetNumericCopy(NumericGetDatum(v->val.numeric)) : dec(pnstrdup(v->val.string.val, v->val.string.len));
}

static Numeric
number(Jsonb *object, const char *key)
{
	JsonbValue	hold;

	return object ? number_of(oms_json_get(object, key, &hold)) : NULL;
}

static Jsonb *
element(Jsonb *array, int i)
{
	return JsonbValueToJsonb(getIthJsonbValueFromContainer(&array->root, i));
}

static Numeric
number_at(Jsonb *array, int i)
{
	return number_of(getIthJsonbValueFromContainer(&array->root, i));
}

static void
read_members(Example *e, Jsonb *members)
{
	JsonbIterator *it = JsonbIteratorInit(&members->root);
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_KEY)
		{
			ShareMember *m = &e->members[e->count];
			Jsonb	   *terms;

			m->order_id = pnstrdup(v.val.string.val, v.val.string.len);
			terms = child(members, m->order_id);
			m->priority = DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(number(terms, "priority"))));
			m->round_lot = number(e->json, "lot");
			m->from_method = oms_dec_zero();
			m->quantity = oms_dec_zero();
			e->membership[e->count] = number(terms, "quantity");
			e->allocated[e->count++] = oms_dec_zero();
		}
}

static ShareMethod
method_of(const char *name)
{
	return name == NULL || strcmp(name, "PRO_RATA") == 0 ? SHARE_PRO_RATA : strcmp(name, "PRIORITY") == 0 ? SHARE_PRIORITY : SHARE_EQUAL;
}

/* Every key that an example has must be one that is played. */
static void
check_keys(Example *e)
{
	static const char *const known[] = {"name", "members", "fills", "method", "lot", "expect", "sum", "allocate", "given", "given_first",
	"allocated_together", "then_bust", "then_correct", "refused"};
	JsonbIterator *it = JsonbIteratorInit(&e->json->root);
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_KEY)
		{
			bool		found = false;

			for (int i = 0; i < lengthof(known); i++)
				found |= strlen(known[i]) == v.val.string.len && memcmp(known[i], v.val.string.val, v.val.string.len) == 0;
			if (!found)
				ok(false, "%s: \"%.*s\" is not played", e->name, v.val.string.len, v.val.string.val);
		}
}

static Example *
read_example(Jsonb *json)
{
	Example    *e = palloc0(sizeof(Example));
	Jsonb	   *fills = child(json, "fills");
	List	   *quantities = NIL;

	e->json = json;
	e->name = oms_json_get_string(json, "name");
	check_keys(e);
	read_members(e, child(json, "members"));
	e->method = method_of(oms_json_get_string(json, "method"));
	for (int i = 0; i < JB_ROOT_COUNT(fills); i++)
	{
		e->fills[i][0] = number_at(element(fills, i), 0);
		e->fills[i][1] = number_at(element(fills, i), 1);
		quantities = lappend(quantities, e->fills[i][0]);
		e->fill_count++;
	}
	for (int i = 0; i < e->count; i++)
		quantities = lappend(quantities, e->membership[i]);
	e->lot = oms_share_lot(e->members, e->count, quantities);
	return e;
}

/* The quantity and value of some fills. */
static Numeric
pool(Example *e, int first, int last, Numeric *value)
{
	Numeric		quantity = oms_dec_zero();

	*value = oms_dec_zero();
	for (int i = first; i <= last; i++)
	{
		quantity = oms_dec_add(quantity, e->fills[i][0]);
		*value = oms_dec_add(*value, oms_dec_mul(e->fills[i][0], e->fills[i][1]));
	}
	return quantity;
}

static void
play_fills(Example *e, int first, int last)
{
	Numeric		value;
	Numeric		quantity = pool(e, first, last, &value);

	for (int i = 0; i < e->count; i++)
	{
		e->members[i].weight = e->membership[i];
		e->members[i].cap = oms_dec_sub(e->membership[i], e->allocated[i]);
	}
	oms_share_allocate(e->members, e->count, e->method, e->lot, quantity);
	oms_share_value(e->members, e->count, value, quantity);
	for (int i = 0; i < e->count; i++)
	{
		e->members[i].from_method = oms_dec_add(e->members[i].from_method, e->members[i].quantity);
		e->allocated[i] = oms_dec_add(e->allocated[i], e->members[i].quantity);
	}
}

/* Quantities given by hand; false: more than there is. */
static bool
play_given(Example *e, Jsonb *given)
{
	Numeric		value;
	Numeric		quantity = pool(e, 0, e->fill_count - 1, &value);
	Numeric		sum = oms_dec_zero();

	for (int i = 0; i < e->count; i++)
	{
		e->members[i].quantity = e->allocated[i] = number(given, e->members[i].order_id);
		sum = oms_dec_add(sum, e->allocated[i]);
	}
	if (oms_dec_cmp(sum, quantity) > 0)
		return false;
	oms_share_value(e->members, e->count, value, quantity);
	return true;
}

/* A bust, or a correction, of a fill that was allocated: the allocation is done again over what there is now. */
static void
play_change(Example *e, int fill, Numeric last_qty, Numeric last_px, bool by_hand)
{
	Numeric		value;
	Numeric		quantity;

	e->fills[fill][0] = last_qty ? last_qty : e->fills[fill][0];
	e->fills[fill][1] = last_px ? last_px : e->fills[fill][1];
	quantity = pool(e, 0, e->fill_count - 1, &value);
	if (last_qty && by_hand)
		oms_share_reduce(e->members, e->count, e->lot, quantity);
	else if (last_qty)
	{
		for (int i = 0; i < e->count; i++)
		{
			e->members[i].cap = e->members[i].quantity;
			e->members[i].from_method = oms_dec_zero();
		}
		oms_share_allocate(e->members, e->count, e->method, e->lot, quantity);
	}
	oms_share_value(e->members, e->count, value, quantity);
	for (int i = 0; i < e->count; i++)
		e->allocated[i] = e->members[i].quantity;
}

static void
expect(Example *e, const char *what, Numeric got, Numeric expected)
{
	if (expected)
		is_text(oms_dec_text(got), oms_dec_text(expected), psprintf("%s: %s", e->name, what));
}

static void
play(Example *e)
{
	Jsonb	   *given = child(e->json, "given");
	Jsonb	   *first = child(e->json, "given_first");
	Jsonb	   *correct = child(e->json, "then_correct");
	Numeric		bust = number(e->json, "then_bust");
	Numeric		sum = oms_dec_zero();
	bool		each = oms_json_get_string(e->json, "allocate") != NULL;

	for (int i = 0; first && i < e->count; i++)
		e->allocated[i] = oms_dec_plus(number(child(first, "to"), e->members[i].order_id), oms_dec_zero());
	if (given && play_given(e, given) == (oms_json_get_string(e->json, "refused") != NULL))
		ok(false, "%s: refused or not", e->name);
	for (int i = 0; each && i < e->fill_count; i++)
		play_fills(e, i, i);
	if (!given && !each)
		play_fills(e, 0, e->fill_count - 1);
	if (bust)
		play_change(e, DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(bust))), oms_dec_zero(), NULL, given != NULL);
	if (correct)
		play_change(e, DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(number(correct, "fill")))),
					number(correct, "lastQty"), number(correct, "lastPx"), given != NULL);
	for (int i = 0; i < e->count; i++)
	{
		Jsonb	   *expected = child(e->json, "expect");
		ShareMember *m = &e->members[i];

		expected = expected ? child(expected, m->order_id) : NULL;
		if (expected == NULL)
			continue;
		expect(e, psprintf("%s allocated", m->order_id), e->allocated[i], number(expected, "allocated"));
		expect(e, psprintf("%s value", m->order_id), m->value, number(expected, "value"));
		if (number(expected, "avgPx"))
			expect(e, psprintf("%s average", m->order_id), oms_dec_div(m->value, e->allocated[i], AVG_PX_SCALE), number(expected, "avgPx"));
		sum = oms_dec_add(sum, m->value);
	}
	expect(e, "sum", sum, number(e->json, "sum"));
}

/* The file lies beside this one's folder. */
static Jsonb *
read_examples(void)
{
	char	   *path = psprintf("%.*s../data/allocation_examples.json", (int) (strrchr(__FILE__, '/') + 1 - __FILE__), __FILE__);
	FILE	   *file = AllocateFile(path, "r");
	StringInfoData text;
	char		buf[4096];
	size_t		got;

	if (file == NULL)
		elog(ERROR, "cannot open %s", path);
	initStringInfo(&text);
	while ((got = fread(buf, 1, sizeof(buf), file)) > 0)
		appendBinaryStringInfo(&text, buf, got);
	FreeFile(file);
	return child(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text.data))), "examples");
}

static void
examples(void)
{
	Jsonb	   *all = read_examples();

	for (int i = 0; i < JB_ROOT_COUNT(all); i++)
		play(read_example(element(all, i)));
	ok(JB_ROOT_COUNT(all) >= 14, "%d examples", (int) JB_ROOT_COUNT(all));
}

/* ------------------------------------------------------------------------
 * corners
 * ------------------------------------------------------------------------
 */

typedef struct Corner
{
	const char *name;
	ShareMethod method;
	const char *lot;
	const char *quantity;
	const char *members[4][3];	/* weight, cap, from the method */
	const char *shares;			/* '*': an odd lot */
	const char *left;
} Corner;

static const Corner corners[] = {
	{"who has more than its part: the others pay by their weights", SHARE_PRO_RATA, "1", "10",
	{{"50", "50", "60"}, {"30", "30", "20"}, {"20", "20", "20"}}, "0 10 0", "0"},
	{"who has a lot too much: the remainders of the cumulative ideals decide", SHARE_PRO_RATA, "1", "2",
	{{"1", "0", "1"}, {"1", "1", "0"}, {"6", "4", "2"}}, "0 0 2", "0"},
	{"whole lots of cumulative ideals that fit stay, though the fair level would share them otherwise", SHARE_PRO_RATA, "1", "4",
	{{"20", "15", "5"}, {"9", "8", "1"}, {"20", "20", "0"}}, "0 0 4", "0"},
	{"no weights", SHARE_PRO_RATA, "1", "10", {{"0", "50", "0"}, {"0", "30", "0"}}, "0 0", "10"},
	{"one weight", SHARE_PRO_RATA, "1", "10", {{"0", "50", "0"}, {"5", "7", "0"}}, "0 7", "3"},
	{"no room", SHARE_PRO_RATA, "1", "10", {{"50", "0", "0"}, {"30", "-3", "0"}}, "0 0", "10"},
	{"more than room", SHARE_EQUAL, "1", "100", {{"1", "7", "0"}, {"1", "0", "0"}, {"1", "11", "3"}}, "7 0 11", "82"},
	{"nothing", SHARE_EQUAL, "1", "0", {{"1", "7", "0"}, {"1", "3", "0"}}, "0 0", "0"},
	{"a lot that does not fit goes on", SHARE_PRO_RATA, "100", "400", {{"150", "150", "0"}, {"100", "300", "0"}, {"10", "10", "0"}}, "100 300 0", "0"},
	{"lots that fit nobody", SHARE_PRO_RATA, "100", "150", {{"1", "50", "0"}, {"1", "50", "0"}, {"1", "60", "0"}}, "50* 50* 50*", "0"},
	{"less than a lot", SHARE_PRO_RATA, "100", "30", {{"200", "200", "0"}, {"300", "300", "0"}}, "0 30*", "0"},
	{"an odd lot up to the cap, the rest to the next", SHARE_PRO_RATA, "100", "80", {{"90", "90", "0"}, {"60", "60", "0"}, {"80", "60", "0"}}, "80* 0 0", "0"},
	{"a tie", SHARE_EQUAL, "1", "2", {{"1", "9", "0"}, {"1", "9", "0"}, {"1", "9", "0"}}, "1 1 0", "0"},
	{"priority: one after the other", SHARE_PRIORITY, "1", "10", {{"0", "7", "9"}, {"0", "1", "9"}, {"0", "9", "0"}}, "7 1 2", "0"},
	{"priority: lots first, then odd ones", SHARE_PRIORITY, "100", "380", {{"0", "250", "0"}, {"0", "900", "0"}}, "250* 130*", "0"},
	{"38 digits", SHARE_PRO_RATA, "0.0000000000000000001", "1000000000000000000.0000000000000000001",
		{{"3333333333333333333.3333333333333333333", "3333333333333333333.3333333333333333333", "0"},
		{"3333333333333333333.3333333333333333333", "3333333333333333333.3333333333333333333", "0"},
	{"3333333333333333333.3333333333333333334", "3333333333333333333.3333333333333333334", "0"}},
	"333333333333333333.3333333333333333334 333333333333333333.3333333333333333333 333333333333333333.3333333333333333334", "0"},
	{"a tie that only digits beyond a division's would break", SHARE_PRO_RATA, "1", "1",
		{{"99999999999999999999999999999999999998", "5", "0"}, {"99999999999999999999999999999999999999", "5", "0"}}, "0 1", "0"},
};

static void
play_corner(const Corner *corner)
{
	static const char *const ids[] = {"a", "b", "c", "d"};
	ShareMember members[4];
	int			count = 0;
	Numeric		left;

	for (; count < 4 && corner->members[count][0]; count++)
		members[count] = member(ids[count], 1, corner->members[count][0], corner->members[count][1], corner->members[count][2]);
	left = oms_share_allocate(members, count, corner->method, dec(corner->lot), dec(corner->quantity));
	is_text(shares(members, count), corner->shares, corner->name);
	is_text(oms_dec_text(left), corner->left, psprintf("%s: left", corner->name));
}

static void
lots(void)
{
	ShareMember members[3] = {{.order_id = "a", .priority = 2}, {.order_id = "b", .priority = 1}, {.order_id = "c", .priority = 3}};
	List	   *quantities = list_make3(dec("100"), dec("2.500"), dec("7.25"));

	is_text(oms_dec_text(oms_share_lot(members, 3, quantities)), "0.01", "the lot: the last decimal, zeros are none");
	is_text(oms_dec_text(oms_share_lot(members, 3, list_make2(dec("100"), dec("2.00")))), "1", "the lot: one where all is whole");
	is_text(oms_dec_text(oms_share_lot(members, 3, NIL)), "1", "the lot: one of nothing");
	members[1].round_lot = oms_dec_zero();
	members[2].round_lot = dec("50");
	is_text(oms_dec_text(oms_share_lot(members, 3, quantities)), "50", "the lot: none that is not above zero");
	members[0].round_lot = dec("100");
	is_text(oms_dec_text(oms_share_lot(members, 3, quantities)), "100", "the lot: the first in priority that states one");
}

static void
money(void)
{
	ShareMember members[3] = {
		{.order_id = "b", .priority = 1, .quantity = dec("1")}, {.order_id = "a", .priority = 1, .quantity = dec("1")},
		{.order_id = "c", .priority = 0, .quantity = oms_dec_zero()}
	};
	Numeric		total;

	total = oms_share_value(members, 3, dec("0.00000000000000000001"), dec("2"));
	is_text(values(members, 3), "0 0.00000000000000000001 0", "all of the pool is worth all of it, to any decimal");
	total = oms_share_value(members, 3, dec("-1"), dec("3"));
	is_text(values(members, 3), "-0.3333333333 -0.3333333334 0", "less than nothing too; the difference to the largest, of those the first");
	is_text(oms_dec_text(total), "-0.6666666667", "a part is worth its part, rounded");
	total = oms_share_value(members, 3, dec("0.0000000001"), dec("4"));
	is_text(values(members, 3), "0 0.0000000001 0", "a half goes away from zero");
	members[0].quantity = members[1].quantity = oms_dec_zero();
	total = oms_share_value(members, 3, dec("5"), oms_dec_zero());
	is_text(psprintf("%s: %s", oms_dec_text(total), values(members, 3)), "0: 0 0 0", "nothing is worth nothing");
	is_text(oms_dec_text(oms_share_value(NULL, 0, dec("5"), dec("5"))), "0", "nobody too");
}

static void
reduction(void)
{
	ShareMember members[2] = {{.order_id = "a", .priority = 1, .quantity = dec("150")}, {.order_id = "b", .priority = 1, .quantity = dec("450")}};

	is_text(oms_dec_text(oms_share_reduce(members, 2, dec("1"), dec("700"))), "100", "no more than was given");
	is_text(shares(members, 2), "150 450", "as it was given");
	oms_share_reduce(members, 2, dec("1"), dec("401"));
	is_text(shares(members, 2), "100 301", "less, pro rata");
	oms_share_reduce(members, 2, dec("1"), oms_dec_zero());
	is_text(shares(members, 2), "0 0", "to nothing");
}

static void
entries(void)
{
	ShareMember members[3] = {
		{.order_id = "b", .priority = 1, .quantity = dec("3"), .value = dec("10")}, {.order_id = "a", .priority = 1, .quantity = dec("3"), .value = dec("1")},
		{.order_id = "0", .priority = 2, .quantity = oms_dec_zero(), .value = oms_dec_zero()}
	};
	Numeric		available[] = {oms_dec_zero(), dec("2"), dec("3"), oms_dec_zero(), dec("9")};
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, oms_share_entries(available, 5, members, 3))
	{
		ShareEntry *entry = lfirst(lc);

		appendStringInfo(&text, " %d:%s=%s@%s", entry->execution, members[entry->member].order_id, oms_dec_text(entry->quantity), oms_dec_text(entry->value));
	}
	is_text(text.data, " 1:a=2@0.6666666667 2:a=1@0.3333333333 2:b=2@6.6666666667 4:b=1@3.3333333333", "entries: the oldest first, the last carries the rest");
	ok(oms_share_entries(NULL, 0, members + 2, 1) == NIL, "entries: none of nothing");
}

/* ------------------------------------------------------------------------
 * the model: the rules as they are written, in whole numbers
 * ------------------------------------------------------------------------
 */

typedef struct Model
{
	int			count;
	int64		weight[MOST];
	int64		cap[MOST];
	int64		had[MOST];
	int64		ideal[MOST];	/* times unit */
	int64		unit;
	int64		share[MOST];
	bool		odd[MOST];
} Model;

static int64
clamp(int64 value, int64 most)
{
	return Max(Min(value, most), 0);
}

/* The share at the level at / weight, times the weight. */
static int64
model_sum(const Model *m, int64 at, int64 weight)
{
	int64		sum = 0;

	for (int i = 0; i < m->count; i++)
		sum += clamp(at * m->weight[i] - weight * m->had[i], weight * m->cap[i]);
	return sum;
}

static void
model_ideals(Model *m, int64 at, int64 weight)
{
	m->unit = weight;
	for (int i = 0; i < m->count; i++)
		m->ideal[i] = clamp(at * m->weight[i] - weight * m->had[i], weight * m->cap[i]);
}

/* Who is beyond its cap leaves with it; again until nobody is. */
static void
model_cumulative(Model *m, int64 quantity)
{
	bool		capped[MOST] = {0};
	bool		again = true;
	int64		at = 1,
				weight = 0;

	while (again)
	{
		int64		left = quantity,
					weights = 0;

		again = false;
		for (int i = 0; i < m->count; i++)
		{
			left += m->had[i] - (capped[i] ? m->had[i] + m->cap[i] : 0);
			weights += capped[i] ? 0 : m->weight[i];
		}
		if (weights == 0)
			break;
		at = left;
		weight = weights;
		for (int i = 0; i < m->count; i++)
			if (!capped[i] && at * m->weight[i] > weight * (m->had[i] + m->cap[i]))
				capped[i] = again = true;
	}
	model_ideals(m, at, weight);
	for (int i = 0; i < m->count; i++)
		if (capped[i])
			m->ideal[i] = weight * m->cap[i];
}

/* The highest level of those at which somebody begins or ends where there is enough; and from there on. */
static void
model_fair(Model *m, int64 quantity)
{
	int64		best = 0,
				best_weight = 1,
				at = quantity,
				weight = 0;

	for (int i = 0; i < 2 * m->count; i++)
	{
		int64		step = m->had[i / 2] + (i % 2 ? m->cap[i / 2] : 0);
		int64		of = m->weight[i / 2];

		if (model_sum(m, step, of) <= quantity * of && step * best_weight > best * of)
			best = step, best_weight = of;
	}
	for (int i = 0; i < m->count; i++)
		if ((m->had[i] + m->cap[i]) * best_weight <= best * m->weight[i])
			at -= m->cap[i];
		else if (m->had[i] * best_weight <= best * m->weight[i])
			at += m->had[i], weight += m->weight[i];
	if (weight == 0)
		at = best, weight = best_weight;
	model_ideals(m, at, weight);
}

/* The largest remainder of those who have room for so much, or -1. */
static int
model_largest(const Model *m, int64 piece)
{
	int			best = -1;

	for (int i = 0; i < m->count; i++)
		if (m->cap[i] - m->share[i] >= piece &&
			(best < 0 || m->ideal[i] - m->share[i] * m->unit > m->ideal[best] - m->share[best] * m->unit))
			best = i;
	return best;
}

/* Whole lots; then each lot, and each odd one, to who has the largest remainder just then.  False: not so much is there. */
static bool
model_lots(Model *m, int64 lot, int64 left)
{
	int			best;

	for (int i = 0; i < m->count; i++)
	{
		m->share[i] = m->ideal[i] / (m->unit * lot) * lot;
		m->odd[i] = false;
		left -= m->share[i];
	}
	if (left < 0)
		return false;
	for (; left >= lot && (best = model_largest(m, lot)) >= 0; left -= lot)
		m->share[best] += lot;
	while (left > 0 && (best = model_largest(m, 1)) >= 0)
	{
		int64		piece = Min(left, m->cap[best] - m->share[best]);

		m->share[best] += piece;
		m->odd[best] = true;
		left -= piece;
	}
	return true;
}

static int64
model_room(const Model *m)
{
	int64		room = 0;

	for (int i = 0; i < m->count; i++)
		room += m->cap[i];
	return room;
}

/* Which level it took: the fair one is the rare case. */
static bool
model_allocate(Model *m, int64 lot, int64 quantity)
{
	quantity = Min(quantity, model_room(m));
	model_cumulative(m, quantity);
	if (model_lots(m, lot, quantity))
		return false;
	model_fair(m, quantity);
	return model_lots(m, lot, quantity);
}

/* ------------------------------------------------------------------------
 * at random
 * ------------------------------------------------------------------------
 */

static const char *broken;		/* what did not hold, or NULL */
static int	cumulative_count;
static int	fair_count;

static void
must(bool holds, const char *what)
{
	if (!holds && broken == NULL)
		broken = what;
}

/*
 * The members of a model, in an order of their own, quantities times `factor` and weights times `weigh`: place[i] is where i stands.
 * Priorities say the order of the first ones, orderIds that of the others; bytes are above 127 too.
 */
static void
make_members(const Model *m, Numeric factor, Numeric weigh, ShareMember *members, int *place)
{
	for (int i = 0; i < m->count; i++)
		place[i] = i;
	for (int i = m->count - 1; i > 0; i--)
	{
		int			other = pick(0, i);
		int			was = place[i];

		place[i] = place[other];
		place[other] = was;
	}
	for (int i = 0; i < m->count; i++)
		members[place[i]] = (ShareMember) {
			.order_id = psprintf("%c%d", i < 8 ? 'a' + i : 0xf0 + i - 8, pick(0, 9)),
			.priority = Min(i, 3),
			.weight = oms_dec_mul(whole(m->weight[i]), weigh),
			.cap = oms_dec_mul(whole(m->cap[i]), factor),
			.from_method = oms_dec_mul(whole(m->had[i]), factor)
		};
}

/* What is shared is worth its part of a pool, and comes from executions: every sum is exact. */
static void
check_money(ShareMember *members, int count, Numeric factor, int64 quantity)
{
	int64		more = pick(0, 3) ? 0 : pick(1, 50);
	Numeric		value = oms_dec_mul(whole(pick(-100000, 1000000)), dec("0.00000000000007"));
	Numeric		total = oms_share_value(members, count, value, oms_dec_mul(whole(quantity + more), factor));
	Numeric		available[MOST];
	Numeric		taken[MOST];
	Numeric		sum = oms_dec_zero();
	int			executions = 0;
	ListCell   *lc;
	List	   *list;

	must(more > 0 || quantity == 0 || oms_dec_cmp(total, value) == 0, "all of a pool is worth all of it");
	for (int64 left = quantity + more; left > 0; executions++)
	{
		int64		part = executions == MOST - 1 ? left : pick(1, left);

		available[executions] = oms_dec_mul(whole(part), factor);
		left -= part;
	}
	list = oms_share_entries(available, executions, members, count);
	must(list_length(list) < Max(executions + count, 1), "no more entries than needed");
	for (int i = 0; i < executions; i++)
		taken[i] = oms_dec_zero();
	foreach(lc, list)
	{
		ShareEntry *entry = lfirst(lc);
		ShareMember *m = &members[entry->member];

		must(oms_dec_sign(entry->quantity) > 0, "no empty entry");
		must(entry->execution == 0 || oms_dec_cmp(taken[entry->execution - 1], available[entry->execution - 1]) == 0, "the oldest is used up first");
		taken[entry->execution] = oms_dec_add(taken[entry->execution], entry->quantity);
		m->quantity = oms_dec_sub(m->quantity, entry->quantity);
		m->value = oms_dec_sub(m->value, entry->value);
		sum = oms_dec_add(sum, entry->value);
	}
	must(oms_dec_cmp(sum, total) == 0, "values add up");
	for (int i = 0; i < executions; i++)
		must(oms_dec_cmp(taken[i], available[i]) <= 0, "no more of an execution than it has");
	for (int i = 0; i < count; i++)
		must(oms_dec_sign(members[i].quantity) == 0 && oms_dec_sign(members[i].value) == 0, "a member's entries are its share and value");
}

static void
check_sharing(Model *m, ShareMethod method, int64 lot, int64 quantity)
{
	static const char *const factors[] = {"1", "0.0000000000000000001", "70000000000000000000.00000000007"};
	bool		fair = model_allocate(m, lot, quantity);
	int64		sum = 0;

	fair ? fair_count++ : cumulative_count++;
	for (int f = 0; f < lengthof(factors); f++)
	{
		Numeric		factor = dec(factors[f]);
		ShareMember members[MOST];
		int			place[MOST];
		Numeric		left;

		make_members(m, factor, dec(factors[pick(0, 2)]), members, place);
		left = oms_share_allocate(members, m->count, method, oms_dec_mul(whole(lot), factor), oms_dec_mul(whole(quantity), factor));
		must(oms_dec_cmp(left, oms_dec_mul(whole(Max(quantity - model_room(m), 0)), factor)) == 0, "what is left is what nobody can take");
		for (int i = 0; i < m->count; i++)
		{
			must(oms_dec_cmp(members[place[i]].quantity, oms_dec_mul(whole(m->share[i]), factor)) == 0, "each has the share of the model");
			must(members[place[i]].odd_lot == m->odd[i] && m->odd[i] == (m->share[i] % lot != 0), "odd lots are flagged");
			must(m->share[i] >= 0 && m->share[i] <= m->cap[i], "no less than nothing, no more than the cap");
			sum += f == 0 ? m->share[i] : 0;
		}
		if (broken == NULL)
			check_money(members, m->count, factor, sum);
	}
	must(sum == Min(quantity, model_room(m)), "the shares add up");
}

/* By fills of whole lots alone nobody is ever two lots from its part of what was given. */
static void
check_fairness(const Model *m, int64 lot)
{
	int64		given = 0;
	int64		weights = 0;

	for (int i = 0; i < m->count; i++)
	{
		given += m->had[i];
		weights += m->weight[i];
	}
	for (int i = 0; i < m->count; i++)
		must(Abs(given * m->weight[i] - m->had[i] * weights) < 2 * lot * weights, "as they come is as fair as at once");
}

/*
 * A block whose fills come one by one until it is full.  In some all is by the method, in whole lots; in others some is given by
 * hand, memberships grow, and what each has to begin with is not its part.
 */
static void
block(void)
{
	Model		m = {.count = pick(2, MOST)};
	int64		lot = pick(0, 1) ? 1 : pick(2, 10);
	ShareMethod method = pick(0, 2) ? SHARE_PRO_RATA : SHARE_EQUAL;
	bool		even = pick(0, 2) == 0;
	bool		uneven = !even && pick(0, 1);
	int64		fill = pick(1, 3) * (even || pick(0, 1) ? lot : pick(1, 20));

	for (int i = 0; i < m.count; i++)
	{
		m.cap[i] = pick(1, 40) * (even || pick(0, 2) ? lot : 1);
		m.weight[i] = method == SHARE_EQUAL ? 1 : m.cap[i];
		m.had[i] = uneven ? pick(0, 40) : 0;
	}
	while (model_room(&m) > 0 && broken == NULL)
	{
		int			someone = pick(0, m.count - 1);

		CHECK_FOR_INTERRUPTS();
		if (!even && pick(0, 4) == 0)
			m.cap[someone] = pick(0, 5) ? pick(0, m.cap[someone]) : m.cap[someone] + pick(1, 9);
		check_sharing(&m, method, lot, even || pick(0, 4) ? fill : pick(0, model_room(&m) + 5));
		for (int i = 0; i < m.count; i++)
		{
			m.cap[i] -= m.share[i];
			m.had[i] += m.share[i];
		}
		if (even && method == SHARE_PRO_RATA)
			check_fairness(&m, lot);
	}
}

static void
at_random(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "block", ALLOCSET_DEFAULT_SIZES);
	uint64		seed;

	for (seed = 1; seed <= BLOCKS && broken == NULL; seed++)
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		pg_prng_seed(&prng, seed);
		block();
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	ok(broken == NULL, "%d blocks%s%s", BLOCKS, broken ? psprintf(", broken at " UINT64_FORMAT ": ", seed - 1) : "", broken ? broken : "");
	ok(cumulative_count > BLOCKS && fair_count > BLOCKS / 10, "%d sharings at the cumulative level, %d at the fair one", cumulative_count, fair_count);
}

/* As many members as a block may have, of sizes that no lot fits. */
static void
many(void)
{
	ShareMember *members = palloc0(1000 * sizeof(ShareMember));
	Numeric		lot = dec("0.00000001");
	Numeric		quantity = dec("123456789.87654321");
	Numeric		sum = oms_dec_zero();
	Numeric		price = dec("60000.0123456789");
	ShareMember *m;

	pg_prng_seed(&prng, 1);
	for (m = members; m < members + 1000; m++)
	{
		m->order_id = psprintf("%d", (int) (m - members));
		m->weight = oms_dec_mul(whole(pick(1, 1000000000)), dec("0.001"));
		m->cap = pick(0, 1) ? m->weight : oms_dec_div(m->weight, whole(7), 9);
	}
	is_text(oms_dec_text(oms_share_allocate(members, 1000, SHARE_PRO_RATA, lot, quantity)), "0", "1,000 members: all is shared");
	for (m = members; m < members + 1000; m++)
	{
		sum = oms_dec_add(sum, m->quantity);
		if (oms_dec_cmp(m->quantity, m->cap) > 0 || (oms_dec_scale(m->quantity) > 8 && !m->odd_lot))
			ok(false, "member %s", m->order_id);
	}
	is_text(oms_dec_text(sum), oms_dec_text(quantity), "1,000 members: exactly");
	is_text(oms_dec_text(oms_share_value(members, 1000, oms_dec_mul(quantity, price), quantity)), oms_dec_text(oms_dec_mul(quantity, price)),
			"1,000 members: their value");
	ok(list_length(oms_share_entries(&quantity, 1, members, 1000)) <= 1000, "1,000 members: of one fill");
}

UNIT_TEST(allocation_share)
{
	examples();
	for (int i = 0; i < lengthof(corners); i++)
		play_corner(&corners[i]);
	lots();
	money();
	reduction();
	entries();
	at_random();
	many();
}
