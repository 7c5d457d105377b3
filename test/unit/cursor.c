/*
 * Cursors: what breaks if a value does not come back exactly as it was, if a cursor that was cut, mistyped or made for
 * another order is taken, or if reading one goes beyond its end.
 */
#include "unit.h"

#include "catalog/pg_type_d.h"
#include "common/hashfn.h"
#include "port/pg_bswap.h"
#include "utils/lsyscache.h"

#include "base/base64url.h"
#include "query/cursor.h"

#define ORDER 77

static const struct
{
	Oid			type;
	const char *text;			/* NULL: null */
} samples[] = {
	{TEXTOID, "ORD-1"}, {TEXTOID, ""}, {TEXTOID, NULL}, {TEXTOID, "Z\xc3\xbcrich \xe2\x82\xac"},
	{NUMERICOID, "0"}, {NUMERICOID, "-12.50"}, {NUMERICOID, "123456789012345678901234567890123456789012345.6789"}, {NUMERICOID, "NaN"},
	{NUMERICOID, "0.0000000000000000000000000000000000000000001"}, {NUMERICOID, NULL},
	{INT8OID, "9223372036854775807"}, {INT8OID, "-1"}, {INT4OID, "-2147483648"}, {BOOLOID, "t"}, {BOOLOID, "f"},
	{TIMESTAMPTZOID, "2026-03-02 09:30:00.123456+00"}, {TIMESTAMPTZOID, "1969-12-31 23:59:59.999999+00"}, {DATEOID, "1999-12-31"}, {DATEOID, "2026-03-02"},
	{TEXTARRAYOID, "{}"}, {TEXTARRAYOID, "{A,NULL,\"\",\"B,C\"}"}, {JSONBOID, "{\"a\": [1.50, \"x\", null]}"}, {JSONBOID, "\"x\""}, {JSONBOID, "17.0"},
};

static Datum
sample_value(int i)
{
	Oid			input,
				io;

	getTypeInputInfo(samples[i].type, &input, &io);
	return OidInputFunctionCall(input, unconstify(char *, samples[i].text), io, -1);
}

static char *
shown(Oid type, Datum value)
{
	Oid			output;
	bool		varlena;

	getTypeOutputInfo(type, &output, &varlena);
	return OidOutputFunctionCall(output, value);
}

static void
all_at_once(CursorKey *keys)
{
	for (int i = 0; i < lengthof(samples); i++)
	{
		keys[i].type = samples[i].type;
		keys[i].isnull = samples[i].text == NULL;
		keys[i].value = keys[i].isnull ? (Datum) 0 : sample_value(i);
	}
}

static void
round_trips(void)
{
	CursorKey	keys[lengthof(samples)];
	CursorKey	back[lengthof(samples)];
	StringInfoData text;
	const char *problem;

	initStringInfo(&text);
	all_at_once(keys);
	oms_cursor_encode(ORDER, keys, lengthof(samples), &text);
	ok(strspn(text.data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") >= text.len, "a cursor stands in an URL as it is");
	for (int i = 0; i < lengthof(samples); i++)
		back[i].type = samples[i].type;
	problem = oms_cursor_decode(text.data, text.len, ORDER, back, lengthof(samples));
	is_text(problem ? problem : "none", "none", "it can be read");
	for (int i = 0; i < lengthof(samples); i++)
		if (keys[i].isnull || back[i].isnull)
			ok(keys[i].isnull && back[i].isnull, "%d: null", i);
		else
			is_text(shown(samples[i].type, back[i].value), shown(samples[i].type, keys[i].value), psprintf("%d: %s", i, samples[i].text));
	is_text(oms_cursor_decode(text.data, text.len, ORDER + 1, back, lengthof(samples)), "It is of another object, or of another orderBy.",
			"one of another order");
	ok(oms_cursor_decode(text.data, text.len, ORDER, back, lengthof(samples) - 1) != NULL, "one with more keys than the order has");
}

/* Every cut, and every digit exchanged for the next one. */
static void
damage(void)
{
	CursorKey	keys[] = {{TIMESTAMPTZOID, false, Int64GetDatum(826277400123456)}, {TEXTOID, false, CStringGetTextDatum("ORD-1")}};
	StringInfoData text;
	int			taken = 0;

	initStringInfo(&text);
	oms_cursor_encode(ORDER, keys, 2, &text);
	for (int i = 0; i < text.len; i++)
		taken += oms_cursor_decode(text.data, i, ORDER, keys, 2) == NULL;
	ok(taken == 0, "a cursor that was cut is none");
	for (int i = 0; i < text.len; i++)
	{
		char		was = text.data[i];

		text.data[i] = was == 'A' ? 'B' : 'A';
		taken += oms_cursor_decode(text.data, text.len, ORDER, keys, 2) == NULL;
		text.data[i] = '*';
		taken += oms_cursor_decode(text.data, text.len, ORDER, keys, 2) == NULL;
		text.data[i] = was;
	}
	ok(taken == 0, "nor is one with another character");
	ok(oms_cursor_decode(text.data, text.len, ORDER, keys, 2) == NULL, "but as it was it is one");
}

/* Whoever makes checksums himself gets no further than to a wrong place. */
static void
forged(void)
{
	static const Oid types[] = {TEXTOID, NUMERICOID, INT8OID, INT4OID, BOOLOID, TEXTARRAYOID, JSONBOID, TIMESTAMPTZOID, DATEOID};
	uint32		seed = 1;
	int			survived = 0;

	for (int round = 0; round < 20000; round++)
	{
		CursorKey	key = {TEXTOID, false, (Datum) 0};
		char		bytes[64];
		char		coded[128];
		StringInfoData text;
		int			length = 1 + round % 40;

		/* a text of any bytes, read as a value of another type */
		for (int i = 0; i < length; i++)
		{
			seed = seed * 1103515245 + 12345;
			bytes[i] = round % 3 ? (seed >> 16) % 4 : seed >> 16;
		}
		initStringInfo(&text);
		oms_cursor_encode(ORDER, &key, 0, &text);
		{
			char		head[64];
			int			size = oms_base64url_decode(text.data, text.len, head);
			uint32		check = pg_hton32(hash_bytes((unsigned char *) bytes, length));

			memcpy(head + size - sizeof(uint32), &check, sizeof(uint32));
			memcpy(head + size, bytes, Min(length, (int) sizeof(head) - size));
			length = Min(length, (int) sizeof(head) - size);
			length = oms_base64url_encode(head, size + length, coded);
		}
		key.type = types[round % lengthof(types)];
		oms_cursor_decode(coded, length, ORDER, &key, 1);
		survived++;
	}
	ok(survived == 20000, "no bytes are too strange");
}

/* A text that no value of the type is written as, with the checksum of one: read as it is written, for a text and a jsonb stand there alike. */
static void
forged_values(void)
{
	StringInfoData deep;
	const char *texts[] = {"{\"a\"", "1e999999", "\"\\u0000\"", "\"\\ud800\"", "", NULL};
	CursorKey	bad_time = {TIMESTAMPTZOID, false, Int64GetDatum(PG_INT64_MIN + 1)};
	CursorKey	bad_date = {DATEOID, false, Int32GetDatum(PG_INT32_MAX - 1)};
	StringInfoData text;

	initStringInfo(&deep);
	for (int i = 0; i < 1000000; i++)
		appendStringInfoChar(&deep, '[');
	texts[lengthof(texts) - 1] = deep.data;
	initStringInfo(&text);
	for (int i = 0; i < lengthof(texts); i++)
	{
		CursorKey	key = {TEXTOID, false, CStringGetTextDatum(texts[i])};

		oms_cursor_encode(ORDER, &key, 1, &text);
		key.type = JSONBOID;
		ok(oms_cursor_decode(text.data, text.len, ORDER, &key, 1) != NULL, "no jsonb: %.20s", texts[i]);
	}
	oms_cursor_encode(ORDER, &bad_time, 1, &text);
	ok(oms_cursor_decode(text.data, text.len, ORDER, &bad_time, 1) != NULL, "no time");
	oms_cursor_encode(ORDER, &bad_date, 1, &text);
	ok(oms_cursor_decode(text.data, text.len, ORDER, &bad_date, 1) != NULL, "no date");
}

UNIT_TEST(cursor)
{
	char		bytes[256];
	char		text[512];
	char		back[512];
	bool		same = true;

	for (int i = 0; i < lengthof(bytes); i++)
		bytes[i] = i * 37;
	for (int i = 0; i <= lengthof(bytes); i++)
	{
		int			length = oms_base64url_encode(bytes, i, text);

		same = same && length == BASE64URL_LENGTH(i) && oms_base64url_decode(text, length, back) == i && memcmp(bytes, back, i) == 0;
	}
	ok(same, "bytes of every length come back");
	ok(oms_base64url_decode("QQ", 2, back) == 1 && oms_base64url_decode("QR", 2, back) == -1 && oms_base64url_decode("Q", 1, back) == -1 &&
	   oms_base64url_decode("Q+", 2, back) == -1, "bits that stand for nothing are zero");
	round_trips();
	damage();
	forged();
	forged_values();
}
