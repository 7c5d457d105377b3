/*
 * Our jsonb writer and our text against PostgreSQL's own, byte for byte: what
 * breaks if an entry's offset, the padding of a number, the order of keys or an
 * escape is wrong.
 */
#include "unit.h"

#include "common/pg_prng.h"
#include "utils/fmgrprotos.h"

#include "base/json.h"

/* Take a document apart and write it anew, token by token. */
static Jsonb *
rewrite(Jsonb *document, bool copy_nested)
{
	JsonWriter	w = {0};
	JsonbIterator *it = JsonbIteratorInit(&document->root);
	JsonbValue	v;
	JsonbIteratorToken token;
	bool		first = true;

	while ((token = JsonbIteratorNext(&it, &v, copy_nested && !first)) != WJB_DONE)
	{
		first = false;
		switch (token)
		{
			case WJB_BEGIN_OBJECT:
				oms_json_open_object(&w);
				break;
			case WJB_BEGIN_ARRAY:
				oms_json_open_array(&w);
				break;
			case WJB_END_OBJECT:
				oms_json_close_object(&w);
				break;
			case WJB_END_ARRAY:
				oms_json_close_array(&w);
				break;
			case WJB_KEY:
				oms_json_key_len(&w, v.val.string.val, v.val.string.len);
				break;
			default:
				oms_json_scalar(&w, NULL, &v);
		}
	}
	return oms_json_finish(&w);
}

static Jsonb *
parse(const char *text)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

static bool
same_bytes(Jsonb *a, Jsonb *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

static void
check(const char *text, const char *name)
{
	Jsonb	   *document = parse(text);
	char	   *ours = oms_json_text(document, NULL);

	ok(same_bytes(document, rewrite(document, false)), "%s: written value by value", name);
	ok(same_bytes(document, rewrite(document, true)), "%s: written with its containers copied", name);
	ok(oms_json_size(document) == strlen(ours), "%s: as long as is counted", name);
	ok(oms_json_size_bound(document) >= strlen(ours), "%s: no longer than its bound", name);
	ok(strcmp(ours, DatumGetCString(DirectFunctionCall1(jsonb_out, JsonbPGetDatum(document)))) == 0,
	   "%s: the text", name);
}

/* A wide container has entries with offsets and entries with lengths. */
static char *
wide(int count, bool object)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoChar(&text, object ? '{' : '[');
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			appendStringInfoChar(&text, ',');
		if (object)
			appendStringInfo(&text, "\"k%.*s%d\":", i % 7, "aaaaaaa", i);
		switch (i % 5)
		{
			case 0:
				appendStringInfo(&text, "%d.%d", i, i * 7);
				break;
			case 1:
				appendStringInfo(&text, "\"%.*s\"", i % 11, "abcdefghijk");
				break;
			case 2:
				appendStringInfo(&text, "[%d,{\"x\":[]}]", i);
				break;
			case 3:
				appendStringInfoString(&text, i % 2 ? "true" : "null");
				break;
			default:
				appendStringInfo(&text, "{\"a\":%d,\"b\":\"\"}", i);
		}
	}
	appendStringInfoChar(&text, object ? '}' : ']');
	return text.data;
}

/* Each character at each place of strings of up to 20: what breaks if one that needs an escape is missed where text is looked through by words. */
static void
escapes(void)
{
	JsonWriter	w = {0};
	Jsonb	   *document;
	char	   *ours;

	oms_json_open_array(&w);
	for (int c = 1; c < 128; c++)
		for (int length = 1; length <= 20; length++)
			for (int at = 0; at < length; at++)
			{
				char		text[20];

				memset(text, 'x', length);
				text[at] = c;
				oms_json_string_len(&w, NULL, text, length);
			}
	oms_json_close_array(&w);
	document = oms_json_finish(&w);
	ours = oms_json_text(document, NULL);
	ok(strcmp(ours, DatumGetCString(DirectFunctionCall1(jsonb_out, JsonbPGetDatum(document)))) == 0, "escapes at each place");
	ok(oms_json_size(document) == strlen(ours), "escapes at each place: as long as is counted");
	ok(oms_json_size_bound(document) >= strlen(ours), "escapes at each place: no longer than the bound");
}

/* What breaks if the text that is known is put where another container has the same content, or not where it belongs. */
static void
known_text(void)
{
	Jsonb	   *document = parse("{\"a\": {\"x\": 1.50}, \"b\": {\"x\": 1.50}, \"c\": [{\"x\": 1.50}, 2]}");
	JsonbValue	hold;
	JsonKnownText known = {.container = oms_json_get(document, "b", &hold)->val.binary.data, .text = "KNOWN", .length = 4};
	int			length;
	char	   *text = oms_json_text_with(document, &known, &length);

	is_text(text, "{\"a\": {\"x\": 1.50}, \"b\": KNOW, \"c\": [{\"x\": 1.50}, 2]}", "one member's text is known");
	ok(length == strlen(text), "and how long all of it is");
	is_text(oms_json_text_with(document, &(JsonKnownText) {0}, NULL), oms_json_text(document, NULL), "none is");
}

/* Keys that come in no order, and one twice: the last one counts, as in jsonb_in(). */
static void
unordered(void)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	oms_json_int(&w, "zeta", 1);
	oms_json_int(&w, "b", 2);
	oms_json_string(&w, "zeta", "last");
	oms_json_bool(&w, "a", true);
	oms_json_close_object(&w);
	ok(same_bytes(parse("{\"a\":true,\"b\":2,\"zeta\":\"last\"}"), oms_json_finish(&w)), "unordered keys");
}

/* The same of objects with few and with many members, some of them more than once. */
static void
shuffled(void)
{
	pg_prng_state prng;
	int			broken = 0;

	pg_prng_seed(&prng, 1);
	for (int count = 2; count < 200; count++)
	{
		JsonWriter	w = {0};
		StringInfoData text;

		initStringInfo(&text);
		oms_json_open_object(&w);
		for (int i = 0; i < count; i++)
		{
			char	   *key = psprintf("%.*s%d", (int) pg_prng_uint64_range(&prng, 0, 5), "aaaaa", (int) pg_prng_uint64_range(&prng, 0, count));

			oms_json_int(&w, key, i);
			appendStringInfo(&text, "%s\"%s\":%d", i > 0 ? "," : "{", key, i);
		}
		oms_json_close_object(&w);
		appendStringInfoChar(&text, '}');
		broken += !same_bytes(parse(text.data), oms_json_finish(&w));
	}
	ok(broken == 0, "shuffled keys");
}

/* The canonical text is the same for what is equal as jsonb, and for nothing else. */
static void
canonical(void)
{
	static const struct
	{
		const char *a;
		const char *b;
	}			pairs[] = {
		{"{\"a\":1.0,\"b\":[1e2,0.50]}", "{\"b\":[100.000,0.5], \"a\":1}"},
		{"[-0.0,0]", "[0,0.000]"},
		{"{\"a\":1,\"a\":2}", "{\"a\":2.00}"},
		{"{\"a\":\"1.0\"}", "{\"a\":\"1\"}"},
		{"{\"a\":1}", "{\"a\":\"1\"}"},
		{"[[1],2]", "[[1,2]]"},
		{"{\"a\":{\"b\":1}}", "{\"a\":1,\"b\":1}"},
		{"[\"a\",\"b\"]", "[\"a, b\"]"},
		{"[\"a\\\", \\\"b\"]", "[\"a\", \"b\"]"},
		{"[null]", "[\"null\"]"},
		{"[1,2]", "[2,1]"},
	};

	for (int i = 0; i < lengthof(pairs); i++)
	{
		Jsonb	   *a = parse(pairs[i].a);
		Jsonb	   *b = parse(pairs[i].b);

		ok((strcmp(oms_json_canonical(a, NULL), oms_json_canonical(b, NULL)) == 0) == oms_json_equal(a, b),
		   "canonical text of %s and %s", pairs[i].a, pairs[i].b);
	}
}

UNIT_TEST(json)
{
	static const char *const documents[] = {
		"{}", "[]", "[[]]", "{\"\":\"\"}", "{\"a\":{\"b\":{\"c\":[{},[],[[1]]]}}}",
		"[null,true,false,0,-0.00,1e20,0.00000000000000000001,12345678901234567890123456789.5]",
		"{\"s\":\"\\\" \\\\ \\b\\f\\n\\r\\t \\u0001\\u001f \\u007f \u20ac \U0001F600\"}",
	};

	for (int i = 0; i < lengthof(documents); i++)
		check(documents[i], documents[i]);
	for (int count = 1; count <= 100; count += 3)
	{
		check(wide(count, true), psprintf("object of %d", count));
		check(wide(count, false), psprintf("array of %d", count));
	}
	check(wide(5000, true), "object of 5000");
	escapes();
	known_text();
	unordered();
	shuffled();
	canonical();
}
