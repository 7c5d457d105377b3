/*
 * gateway/fuzz/fuzz_query.c
 *     Query texts: what is taken is JSON, and the next page asks for the same, but from another place on.
 */
#include "fuzz.h"

#include "bytes.h"
#include "query_text.h"
#include "routes.h"

static const QueryRules rules = {.conditions_max = 32, .values_max = 100};

static void
check_next(Span query_text, const Query *query, unsigned asks, const QueryFixed *fixed)
{
	Text		next = {0};
	Query		again;
	Refused		refused;

	query_next(query_text, (Span) {"c\"d", 3}, &next);
	for (size_t i = 0; i < next.len; i++)
		MUST(next.data[i] > 0x20 && next.data[i] < 0x7F && next.data[i] != '>' && next.data[i] != '"');
	if ((asks & ASKS_PAGE) != 0)
	{
		Span		text = {next.data, next.len};

		MUST(query_read(text, asks, &rules, fixed, &again, &refused));
		MUST(strstr(again.spec.data, "\"after\":\"c\\\"d\"") != NULL);
		MUST(again.limit == query->limit && again.count == query->count);
		MUST(again.select.len == query->select.len && (again.select.len == 0 || memcmp(again.select.data, query->select.data, again.select.len) == 0));
		query_free(&again);
	}
	text_free(&next);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned	asks = size > 0 ? data[0] & 63 : 0;
	Span		text = exact_copy(data + (size > 0), size - (size > 0));
	QueryFixed	fixed = {"aggregateId", "x"};
	const QueryFixed *with = size > 0 && (data[0] & 64) != 0 ? &fixed : NULL;
	Query		query;
	Refused		refused = {.status = 0};

	if (query_read(text, asks, &rules, with, &query, &refused))
	{
		MUST(query.spec.len >= 2 && is_json((Span) {query.spec.data, query.spec.len}));
		MUST(query.at[0] == '\0' || (asks & ASKS_AT) != 0);
		MUST(with == NULL || strstr(query.spec.data, "{\"where\":{\"and\":[{\"aggregateId\":\"x\"}") == query.spec.data);
		check_next(text, &query, asks, with);
	}
	else
	{
		check_refused(&refused);
		MUST(refused.status == 400);
	}
	query_free(&query);
	free((char *) text.data);
	return 0;
}
