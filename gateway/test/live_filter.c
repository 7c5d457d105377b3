/*
 * gateway/test/live_filter.c
 *     Conditions: what is taken and what refused, values in documents, patterns, one form for what means the same, and what people
 *     type above a column.
 *
 * Broken by: a field that only queries have and that is taken as null, a text that is compared as a number, a pattern whose escape is
 * a wildcard, a list that is found among others, a comma between quotes that ends a value.
 */
#include <stdlib.h>

#include "bytes.h"
#include "filter.h"
#include "filter_row.h"
#include "like.h"
#include "live_schema.h"
#include "tap.h"

static Store *store;
static Row	row;

static void
check_like(void)
{
	static const struct
	{
		const char *text;
		const char *pattern;
		bool		like;
		bool		ilike;
	}			cases[] = {
		{"", "", true, true}, {"", "%", true, true}, {"", "_", false, false}, {"abc", "abc", true, true}, {"abc", "ABC", false, true}, {"abc", "a%", true, true},
		{"abc", "%c", true, true}, {"abc", "%b%", true, true}, {"abc", "a_c", true, true}, {"abc", "a_", false, false}, {"abc", "____", false, false},
		{"aXbXc", "a%X%c", true, true}, {"aab", "%ab", true, true}, {"abab", "a%b%b", true, true}, {"a%b", "a\\%b", true, true}, {"axb", "a\\%b", false, false},
		{"a_b", "a\\_b", true, true}, {"a\\b", "a\\\\b", true, true}, {"a", "\\a", true, true}, {"\xC3\xA4", "_", true, true}, {"\xC3\xA4x", "__", true, true},
		{"\xC3\xA4", "\xC3\x84", false, true}, {"\xCE\xA9", "\xCF\x89", false, true}, {"\xD0\x96", "\xD0\xB6", false, true}, {"\xC5\xBD", "\xC5\xBE", false, true},
		{"\xC3\x97", "\xC3\xB7", false, false}, {"\xC4\x80", "\xC4\x81", false, true}, {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "%a%a%a%a%a%a%a%a%a%b", false, false}, {"x%", "%\\%", true, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(like_matches(span_of(cases[i].text), span_of(cases[i].pattern), false) == cases[i].like &&
		   like_matches(span_of(cases[i].text), span_of(cases[i].pattern), true) == cases[i].ilike, "\"%s\" like \"%s\"", cases[i].text, cases[i].pattern);
}

static void
check_refused(void)
{
	static const struct
	{
		const char *where;
		int			status;
		const char *named;
	}			cases[] = {
		{"[]", 400, "where must be an object"}, {"{\"price\":}", 400, "where"}, {"{\"price\":1", 400, "where"}, {"{\"price\":1}x", 400, "where"}, {"1", 400, "where"},
		{"{\"pric\":1}", 400, "where.pric: unknown field"}, {"{\"members\":null}", 422, "members"}, {"{\"members.0\":1}", 422, "not kept in memory"},
		{"{\"price\":{\"gtt\":1}}", 400, "unknown operator"}, {"{\"price\":{}}", 400, "where.price must be"}, {"{\"price\":{\"gt\":1,\"gt\":2}}", 400, "twice"},
		{"{\"price\":{\"like\":\"1\"}}", 400, "operator like does not apply"}, {"{\"side\":{\"lt\":\"BUY\"}}", 400, "operator lt"}, {"{\"closed\":{\"gt\":true}}", 400, "operator gt"},
		{"{\"flags\":{\"like\":\"A\"}}", 400, "operator like"}, {"{\"doc\":{\"eq\":\"x\"}}", 400, "operator eq"}, {"{\"price\":\"x\"}", 400, "decimal number"},
		{"{\"price\":1e99}", 400, "decimal number"}, {"{\"price\":true}", 400, "decimal number"}, {"{\"price\":[1,{}]}", 400, "where.price must be"},
		{"{\"price\":{\"gt\":null}}", 400, "where.price.gt must be"}, {"{\"price\":{\"in\":1}}", 400, "array"}, {"{\"price\":[1,null]}", 400, "where.price must be"},
		{"{\"note\":1}", 400, "a text"}, {"{\"note\":{\"like\":\"a\\\\\"}}", 400, "escape"}, {"{\"day\":\"2026-02-30\"}", 400, "a date"}, {"{\"at\":\"2026-03-02T09:30:00\"}", 400, "zone"},
		{"{\"closed\":\"maybe\"}", 400, "true or false"}, {"{\"closed\":1}", 400, "true or false"}, {"{\"price\":{\"isNull\":1}}", 400, "true or false"},
		{"{\"and\":{}}", 400, "array of objects"}, {"{\"or\":[1]}", 400, "must be an object"}, {"{\"not\":[]}", 400, "must be an object"}, {"{\"where\":{}}", 400, "no field"},
		{"{\"note.x\":1}", 400, "unknown field"}, {"{\"doc.\":1}", 400, "unknown field"}, {"{\"doc.a..b\":1}", 400, "unknown field"}, {"{\"doc.a\":[1,\"x\"]}", 400, "one type"},
		{"{\"doc.a\":{\"like\":1}}", 400, "must be a text"}, {"{\"\":1}", 400, "where"},
	};
	Text		deep = {0};
	Refused		refused;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		refused = (Refused) {.status = 0};
		ok(filter_read(store, span_of(cases[i].where), &refused) == NULL && refused.status == cases[i].status && strstr(refused.detail, cases[i].named) != NULL,
		   "refused: %s: %s", cases[i].where, refused.detail);
	}
	for (int i = 0; i < 33; i++)
		text_puts(&deep, "{\"not\":");
	text_puts(&deep, "{}");
	for (int i = 0; i < 33; i++)
		text_puts(&deep, "}");
	ok(filter_read(store, (Span) {deep.data, deep.len}, &refused) == NULL && strstr(refused.detail, "deep") != NULL, "refused: too deep");
	ok(filter_read(store, span_of("{\"symbol\": \"A\xff\"}"), &refused) == NULL && strstr(refused.detail, "UTF-8") != NULL, "refused: no UTF-8");
	text_free(&deep);
}

static const char *
asked(const char *where)
{
	Refused		refused = {.detail = ""};
	Filter	   *filter = filter_read(store, span_of(where), &refused);
	static const char *const answers[] = {[ANSWER_FALSE] = "false", [ANSWER_TRUE] = "true", [ANSWER_NULL] = "null"};
	const char *answer;

	if (filter == NULL)
	{
		printf("# %s\n", refused.detail);
		return "refused";
	}
	answer = answers[filter_ask(filter, row)];
	/* What is known of a code is as good the second time. */
	if (answers[filter_ask(filter, row)] != answer)
		answer = "another";
	filter_free(filter);
	return answer;
}

static void
check_documents(void)
{
	static const char *const cases[][2] = {
		{"{\"doc.n\":5}", "true"}, {"{\"doc.n\":\"5.0\"}", "true"}, {"{\"doc.n\":\"5\"}", "false"}, {"{\"doc.n\":{\"gt\":4.9}}", "true"}, {"{\"doc.t\":5}", "null"}, {"{\"doc.t\":\"x y\"}", "true"},
		{"{\"doc.t\":{\"ilike\":\"X%\"}}", "true"}, {"{\"doc.b\":true}", "true"}, {"{\"doc.b\":{\"ne\":false}}", "true"}, {"{\"doc.b\":\"true\"}", "true"}, {"{\"doc.t\":true}", "null"},
		{"{\"doc.deep.list.1\":\"b\"}", "true"}, {"{\"doc.deep.list.-1\":\"b\"}", "true"}, {"{\"doc.deep.list.2\":null}", "true"}, {"{\"doc.deep.list.x\":null}", "true"},
		{"{\"doc.deep.list\":\"[\\\"a\\\", \\\"b\\\"]\"}", "true"}, {"{\"doc.z\":null}", "true"}, {"{\"doc.none\":null}", "true"}, {"{\"doc.none\":1}", "null"}, {"{\"not\":{\"doc.none\":1}}", "null"},
		{"{\"doc.n\":{\"isNull\":false}}", "true"}, {"{\"doc.n\":[4,5.00]}", "true"}, {"{\"doc.n\":[4,6]}", "false"}, {"{\"doc.n\":[]}", "false"}, {"{\"doc.q\":\"\\\"\"}", "true"},
		{"{\"doc\":null}", "false"}, {"{\"doc\":{\"isNull\":\"false\"}}", "true"}, {"{\"id\":\"r1\"}", "true"}, {"{\"rowId\":{\"in\":[\"r0\",\"r1\",\"r1\"]}}", "true"},
		{"{\"side\":\"Sell Short\"}", "true"}, {"{\"side\":[\"1\",5]}", "true"}, {"{\"side\":\"anything\"}", "false"}, {"{\"flags\":\"B\"}", "true"}, {"{\"flags\":{\"ne\":\"B\"}}", "false"},
		{"{\"flags\":[\"C\",\"A\"]}", "true"}, {"{\"price\":{\"gt\":1,\"lt\":2}}", "true"}, {"{\"price\":{\"ne\":null}}", "true"}, {"{\"note\":null}", "true"}, {"{\"note\":\"x\"}", "null"},
		{"{\"or\":[{\"note\":\"x\"},{\"price\":1.5}]}", "true"}, {"{\"and\":[{\"note\":\"x\"},{\"price\":2}]}", "false"}, {"{\"not\":{\"not\":{\"price\":1.5}}}", "true"}, {"{}", "true"},
		{"", "true"}, {"null", "true"}, {"{\"or\":[]}", "false"}, {"{\"not\":{\"or\":[]}}", "true"}, {"{\"closed\":\"YE\"}", "true"}, {"{\"day\":{\"lte\":\"20240229\"}}", "true"},
	};
	HashKey		key = {7, 7};
	Span		cells[M_FIELDS] = {{NULL, 0}};
	Refused		refused;

	cells[M_ID] = span_of("r1");
	cells[M_VERSION] = span_of("1");
	cells[M_SIDE] = span_of("SELL_SHORT");
	cells[M_PRICE] = span_of("1.50");
	cells[M_FLAGS] = span_of("[\"A\", \"B\"]");
	cells[M_CLOSED] = span_of("t");
	cells[M_DAY] = span_of("2024-02-29");
	cells[M_DOC] = span_of("{\"b\": true, \"n\": 5.0, \"q\": \"\\\"\", \"t\": \"x y\", \"z\": null, \"deep\": {\"list\": [\"a\", \"b\"]}}");
	store_free(store);
	store = store_make(&model_schema, &key, false);
	ok(store_read(store, cells, &refused), "a row");
	row = store_add(store);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(asked(cases[i][0]), cases[i][1], "%s", cases[i][0]);
	cells[M_PRICE] = span_of("1,5");
	ok(!store_read(store, cells, &refused) && strstr(refused.detail, "price") != NULL, "a row that cannot be read");
	cells[M_PRICE] = cells[M_ID];
	cells[M_ID] = (Span) {NULL, 0};
	ok(!store_read(store, cells, &refused), "nor one without an id");
}

static void
check_forms(void)
{
	static const char *const cases[][2] = {
		{"{\"price\":1.50,\"side\":\"sell\"}", "{\"and\":[{\"side\":\"2\"},{\"price\":{\"eq\":\"1.5\"}},{\"price\":1.5}]}"},
		{"{\"price\":[2,1,1.0]}", "{\"and\":[{\"price\":{\"in\":[\"1\",2]}}]}"},
		{"{\"id\":[\"x\"]}", "{\"rowId\":\"x\"}"},
		{"{\"or\":[{\"or\":[{\"note\":\"a\"},{\"note\":\"b\"}]},{\"note\":\"c\"}]}", "{\"or\":[{\"note\":\"c\"},{\"note\":\"b\"},{\"note\":\"a\"}]}"},
		{"{\"at\":\"2026-03-02T10:30:00+01:00\"}", "{\"at\":\"20260302-09:30:00\"}"},
		{"{}", "null"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Text		texts[3] = {{0}};
		Refused		refused;

		for (int j = 0; j < 3; j++)
		{
			Filter	   *filter = filter_read(store, j < 2 ? span_of(cases[i][j]) : (Span) {texts[0].data, texts[0].len}, &refused);

			filter_write(filter, &texts[j]);
			filter_free(filter);
		}
		is_str(texts[1].data, texts[0].data, "the same: %s", cases[i][0]);
		is_str(texts[2].data, texts[0].data, "and reads back as itself");
		for (int j = 0; j < 3; j++)
			text_free(&texts[j]);
	}
}

static void
check_typed(void)
{
	static const char *const cases[][3] = {
		{"price", "", "{}"}, {"price", "  ", "{}"}, {"price", "100", "{\"or\":[{\"price\":{\"eq\":\"100\"}}]}"}, {"price", ">100", "{\"price\":{\"gt\":\"100\"}}"},
		{"price", " >= 100 ", "{\"price\":{\"gte\":\"100\"}}"}, {"price", "<=-1", "{\"price\":{\"lte\":\"-1\"}}"}, {"price", "10..20", "{\"and\":[{\"price\":{\"gte\":\"10\"}},{\"price\":{\"lte\":\"20\"}}]}"},
		{"price", "10..", "{\"and\":[{\"price\":{\"gte\":\"10\"}}]}"}, {"price", "..20", "{\"and\":[{\"price\":{\"lte\":\"20\"}}]}"}, {"price", "!10..20", "{\"not\":{\"and\":[{\"price\":{\"gte\":\"10\"}},{\"price\":{\"lte\":\"20\"}}]}}"},
		{"side", "NEW, FILLED", "{\"or\":[{\"side\":{\"eq\":\"NEW\"}},{\"side\":{\"eq\":\"FILLED\"}}]}"}, {"side", "!NEW", "{\"not\":{\"or\":[{\"side\":{\"eq\":\"NEW\"}}]}}"},
		{"note", "abc*", "{\"or\":[{\"note\":{\"ilike\":\"abc%\"}}]}"}, {"note", "a?c_%*", "{\"or\":[{\"note\":{\"ilike\":\"a_c\\\\_\\\\%%\"}}]}"},
		{"note", "\"a,b\", c", "{\"or\":[{\"note\":{\"eq\":\"a,b\"}},{\"note\":{\"eq\":\"c\"}}]}"}, {"note", "\"a\"\"b*\"", "{\"or\":[{\"note\":{\"eq\":\"a\\\"b*\"}}]}"},
		{"note", "-", "{\"or\":[{\"note\":{\"isNull\":true}}]}"}, {"note", "!-", "{\"not\":{\"or\":[{\"note\":{\"isNull\":true}}]}}"}, {"note", "\"-\"", "{\"or\":[{\"note\":{\"eq\":\"-\"}}]}"},
		{"note", "-,x", "{\"or\":[{\"note\":{\"isNull\":true}},{\"note\":{\"eq\":\"x\"}}]}"}, {"note", "\"\"", "{\"or\":[{\"note\":{\"eq\":\"\"}}]}"}, {"doc.a.b", "x*", "{\"or\":[{\"doc.a.b\":{\"ilike\":\"x%\"}}]}"},
		{"note", "\"a..b\"", "{\"or\":[{\"note\":{\"eq\":\"a..b\"}}]}"}, {"note", "=a", "{\"note\":{\"eq\":\"a\"}}"},
		{"note", "\"a", NULL}, {"note", "\"a\"b", NULL}, {"note", "a,,b", NULL}, {"price", ">", NULL}, {"price", ">1,2", NULL}, {"price", "..", NULL}, {"price", "1*", NULL}, {"nothing", "1", NULL}, {"members", "1", NULL},
	};
	static const char *const fields[] = {"note", "symbol", NULL};
	Text		where = {0};
	Refused		refused;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		bool		good;

		text_clear(&where);
		good = filter_row(&model_schema, span_of(cases[i][0]), span_of(cases[i][1]), &where, &refused);
		is_str(good ? where.data : NULL, cases[i][2], "typed above %s: %s", cases[i][0], cases[i][1]);
		/* What it makes can be read, but where a value is none of the field's. */
		if (good && strcmp(cases[i][0], "side") != 0)
		{
			Filter	   *filter = filter_read(store, (Span) {where.data, where.len}, &refused);

			ok(filter != NULL, "and is a condition");
			filter_free(filter);
		}
	}
	text_clear(&where);
	ok(filter_search(fields, span_of(" AB%  c "), &where, &refused), "searched");
	is_str(where.data, "{\"and\":[{\"or\":[{\"note\":{\"ilike\":\"%AB\\\\%%\"}},{\"symbol\":{\"ilike\":\"%AB\\\\%%\"}}]},"
		   "{\"or\":[{\"note\":{\"ilike\":\"%c%\"}},{\"symbol\":{\"ilike\":\"%c%\"}}]}]}", "each word in one of the fields");
	text_clear(&where);
	ok(!filter_search(fields, span_of("a b c d e f g h i j k l m n o p q"), &where, &refused), "not for ever so many");
	text_free(&where);
}

int
main(void)
{
	HashKey		key = {1, 1};

	store = store_make(&model_schema, &key, false);
	check_like();
	check_refused();
	check_documents();
	check_forms();
	check_typed();
	store_free(store);
	return done();
}
