/*
 * gateway/test/query_text.c
 *     Query texts as specifications.
 *
 * Broken by: a value that leaves its JSON string, a condition that is lost or said twice, an operator that is taken for a part of the
 * field, a word of its own that is taken for a field, a next page that forgets or repeats.
 */
#include "query_text.h"

#include "bytes.h"
#include "routes.h"
#include "tap.h"

#define ASKS_ALL (ASKS_WHERE | ASKS_PAGE | ASKS_COUNT | ASKS_SELECT)

static const QueryRules rules = {.conditions_max = 4, .values_max = 8};
static Query query;
static Refused refused;

static bool
asked(const char *text, unsigned asks, const QueryFixed *fixed)
{
	query_free(&query);
	refused = (Refused) {.status = 0};
	return query_read(span_of(text), asks, &rules, fixed, &query, &refused);
}

static void
check_specs(void)
{
	static const struct
	{
		const char *text;
		const char *spec;
	}			cases[] = {
		{"", "{}"},
		{"&&", "{}"},
		{"clOrdID=XYZ", "{\"where\":{\"and\":[{\"clOrdID\": \"XYZ\"}]}}"},
		{"clOrdID=XYZ&status=New", "{\"where\":{\"and\":[{\"clOrdID\": \"XYZ\"},{\"status\": \"New\"}]}}"},
		{"status=New&a=1&status=Filled", "{\"where\":{\"and\":[{\"status\":[\"New\",\"Filled\"]},{\"a\": \"1\"}]}}"},
		{"clOrdID=eq.5", "{\"where\":{\"and\":[{\"clOrdID\": \"eq.5\"}]}}"},
		{"account=a,b", "{\"where\":{\"and\":[{\"account\": \"a,b\"}]}}"},
		{"account=", "{\"where\":{\"and\":[{\"account\": \"\"}]}}"},
		{"account", "{\"where\":{\"and\":[{\"account\": \"\"}]}}"},
		{"a=b=c", "{\"where\":{\"and\":[{\"a\": \"b=c\"}]}}"},
		{"a=x+y%2Bz", "{\"where\":{\"and\":[{\"a\": \"x y+z\"}]}}"},
		{"a=%22%7D%2C%5C", "{\"where\":{\"and\":[{\"a\": \"\\\"},\\\\\"}]}}"},
		{"%22%7D=1", "{\"where\":{\"and\":[{\"\\\"}\": \"1\"}]}}"},
		{"a=%0A%C3%A4", "{\"where\":{\"and\":[{\"a\": \"\\n\xC3\xA4\"}]}}"},
		{"orderQty[gte]=100&orderQty[lt]=1000", "{\"where\":{\"and\":[{\"orderQty\":{\"gte\":\"100\"}},{\"orderQty\":{\"lt\":\"1000\"}}]}}"},
		{"orderQty%5Bgte%5D=100", "{\"where\":{\"and\":[{\"orderQty\":{\"gte\":\"100\"}}]}}"},
		{"text[ilike]=%25x%25", "{\"where\":{\"and\":[{\"text\":{\"ilike\":\"%x%\"}}]}}"},
		{"status[ne]=A&status[ne]=B", "{\"where\":{\"and\":[{\"status\":{\"ne\":\"A\"}},{\"status\":{\"ne\":\"B\"}}]}}"},
		{"status[in]=A&status[in]=B&status=C", "{\"where\":{\"and\":[{\"status\":{\"in\":[\"A\",\"B\"]}},{\"status\": \"C\"}]}}"},
		{"status[in]=A", "{\"where\":{\"and\":[{\"status\":{\"in\":[\"A\"]}}]}}"},
		{"price[isNull]=true", "{\"where\":{\"and\":[{\"price\":{\"isNull\":true}}]}}"},
		{"price[isNull]=false", "{\"where\":{\"and\":[{\"price\":{\"isNull\":false}}]}}"},
		{"price[wrong]=1", "{\"where\":{\"and\":[{\"price\":{\"wrong\":\"1\"}}]}}"},
		{"attributes.sector=TELCO", "{\"where\":{\"and\":[{\"attributes.sector\": \"TELCO\"}]}}"},
		{"orderBy=-createdAt,orderId", "{\"orderBy\":[\"-createdAt\",\"orderId\"]}"},
		{"orderBy=a&orderBy=b", "{\"orderBy\":[\"a\",\"b\"]}"},
		{"limit=050", "{\"limit\":50}"},
		{"limit=0", "{\"limit\":0}"},
		{"after=x%22y", "{\"after\":\"x\\\"y\"}"},
		{"select=orderId,attributes.sector", "{\"select\":[\"orderId\",\"attributes.sector\"]}"},
		{"select=a&after=c&limit=5&orderBy=-b&x=1&count=none",
		"{\"where\":{\"and\":[{\"x\": \"1\"}]},\"orderBy\":[\"-b\"],\"limit\":5,\"after\":\"c\",\"select\":[\"a\"]}"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (ok(asked(cases[i].text, ASKS_ALL, NULL), "taken: %s", cases[i].text))
			is_str(query.spec.data, cases[i].spec, "as a specification");
}

static void
check_refused(void)
{
	static const struct
	{
		const char *text;
		const char *named;		/* in the detail */
	}			cases[] = {
		{"a=%", "\"%\""}, {"a=%1", "\"%1\""}, {"%zz=1", "\"%zz\""}, {"a=%00", "\"%00\""}, {"a=%C3", "\"%C3\""}, {"a=%ED%A0%80", "UTF-8"},
		{"=1", "name of a field"}, {"[gte]=1", "name of a field"}, {"a[gte=1", "a[gte"}, {"a[]=1", "a[]"}, {"a[gte]x=1", "a[gte]x"},
		{"and=1", "and is no field"}, {"or=1&or=2", "or is no field"}, {"not[status]=NEW", "not is no field"}, {"where=1", "where is no field"},
		{"a[isNull]=1", "isNull is true or false"}, {"a[isNull]=", "isNull is true or false"},
		{"limit=", "limit is a number"}, {"limit=-1", "limit is a number"}, {"limit=1.0", "limit is a number"}, {"limit=1000000000", "limit is a number"},
		{"limit=1&limit=2", "limit stands there more than once"}, {"after=1&after=1", "after stands"}, {"count=exact&count=none", "count stands"},
		{"count=all", "count is none, exact or estimated"}, {"count=", "count is"},
		{"orderBy=", "orderBy is a list"}, {"orderBy=a,", "orderBy is a list"}, {"select=,a", "select is a list"}, {"select=a,,b", "select is a list"},
		{"at=2026-01-01T00:00:00Z", "this route takes no at"}, {"atomic=true", "this route takes no atomic"},
		{"a=1&b=1&c=1&d=1&e=1", "more than 4 conditions"},
		{"a=1&a=2&a=3&a=4&a=5&a=6&a=7&a=8&a=9", "more than 8 values"},
	};
	char		text[400];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		ok(!asked(cases[i].text, ASKS_ALL, NULL) && refused.status == 400, "refused: %s", cases[i].text);
		ok(strstr(refused.detail, cases[i].named) != NULL, "it says %s: %s", cases[i].named, refused.detail);
	}
	ok(asked("a=1&b=1&c=1&d=1", ASKS_ALL, NULL), "four conditions");
	ok(asked("a=1&a=2&a=3&a=4&a=5&a=6&a=7&a=8", ASKS_ALL, NULL), "eight values");
	snprintf(text, sizeof(text), "%0256d=1", 0);
	ok(asked(text, ASKS_ALL, NULL), "a long name");
	snprintf(text, sizeof(text), "%0257d=1", 0);
	ok(!asked(text, ASKS_ALL, NULL), "a name that is too long");
	ok(!asked("a=1", ASKS_PAGE, NULL) && strstr(refused.detail, "\"a\"") != NULL, "a condition where none is taken");
	ok(!asked("limit=1", ASKS_WHERE, NULL), "a page where none is taken");
}

static void
check_words(void)
{
	QueryFixed	fixed = {"aggregateId", "a\"b"};

	ok(asked("select=b,a", ASKS_ALL, NULL), "fields");
	is_bytes(query.select.data, query.select.len, "b\0a", 4, "one by one");
	ok(asked("count=exact", ASKS_ALL, NULL) && query.count == COUNT_EXACT, "a count");
	ok(asked("count=estimated", ASKS_ALL, NULL) && query.count == COUNT_ESTIMATED, "another");
	ok(asked("", ASKS_ALL, NULL) && query.count == COUNT_NONE && query.limit == -1 && !query.says_atomic && query.at[0] == '\0', "what holds where nothing is said");
	ok(asked("limit=7", ASKS_ALL, NULL) && query.limit == 7, "a limit");
	ok(asked("atomic=false", ASKS_ATOMIC, NULL) && query.says_atomic && !query.atomic, "not atomic");
	ok(asked("atomic=true", ASKS_ATOMIC, NULL) && query.says_atomic && query.atomic, "atomic");
	ok(asked("&", ASKS_ATOMIC, NULL) && !query.says_atomic, "a query that says nothing");
	ok(!asked("atomic=maybe", ASKS_ATOMIC, NULL), "neither");
	ok(asked("at=2026-03-02T09:30:00%2B01:00", ASKS_AT, NULL), "a time");
	is_str(query.at, "2026-03-02T09:30:00+01:00", "as it is");
	ok(!asked("at=", ASKS_AT, NULL), "an empty one");
	ok(!asked("at=0123456789012345678901234567890123456789012345678901234567890123", ASKS_AT, NULL), "a long one");
	ok(asked("x=1", ASKS_ALL, &fixed), "beside what is fixed");
	is_str(query.spec.data, "{\"where\":{\"and\":[{\"aggregateId\":\"a\\\"b\"},{\"x\": \"1\"}]}}", "both hold");
	ok(asked("limit=1", ASKS_ALL, &fixed), "or it alone");
	is_str(query.spec.data, "{\"where\":{\"and\":[{\"aggregateId\":\"a\\\"b\"}]},\"limit\":1}", "holds");
}

static void
check_next(void)
{
	static const struct
	{
		const char *text;
		const char *cursor;
		const char *next;
	}			cases[] = {
		{"", "c", "after=c"},
		{"a=1", "c", "a=1&after=c"},
		{"a=1&after=b&limit=2", "c-_9", "a=1&limit=2&after=c-_9"},
		{"%61fter=b&x=1", "c", "x=1&after=c"},
		{"a[gte]=1&&b=<\">", "a+/=", "a[gte]=1&b=%3C%22%3E&after=a%2B%2F%3D"},
		{"afters=1", "c", "afters=1&after=c"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Text		next = {0};

		query_next(span_of(cases[i].text), span_of(cases[i].cursor), &next);
		is_str(next.data, cases[i].next, "the page behind %s", cases[i].text);
		text_free(&next);
	}
}

int
main(void)
{
	check_specs();
	check_refused();
	check_words();
	check_next();
	query_free(&query);
	return done();
}
