/*
 * The arithmetic of allocations.  Every example that desks were given (test/data) is played, and corners: what breaks if a
 * share, a value or a rounding is another one, if an example is changed, or says what is not played.
 */
#include "unit.h"

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/fmgrprotos.h"

#include "base/json.h"
#include "allocation_numbers.h"

static ShareMember
member(const char *order_id, int64 priority, const char *weight, const char *cap, const char *from_method)
{
	return (ShareMember) {.order_id = order_id, .priority = priority, .weight = dec(weight), .cap = dec(cap), .from_method = dec(from_method)};
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

UNIT_TEST(allocation_share)
{
	examples();
	for (int i = 0; i < lengthof(corners); i++)
		play_corner(&corners[i]);
	lots();
	money();
	reduction();
	entries();
}
