/*
 * common/test/decode_pgoutput.c
 *     The decoder of pgoutput over messages made by hand: what a server sends seldom, and what none should.
 *
 * Broken by: a row decoded by another relation's columns, a refusal that becomes a skipped event or a published
 * one, memory asked for because a length says so.
 */
#include <stdlib.h>

#include "decode.h"
#include "tap.h"

#define ORDER_EVENTS 16385

static Decoder *decoder;
static Decoded decoded;
static Problem problem;

static void
put_int(Text *text, int bytes, uint64_t value)
{
	for (int i = bytes - 1; i >= 0; i--)
		text_add(text, &(char) {(char) (value >> (8 * i))}, 1);
}

static void
put_string(Text *text, const char *string)
{
	text_add(text, string, strlen(string) + 1);
}

/* Decodes from memory of exactly the message's size, kept until the next call: what is decoded points into it. */
static bool
decode(const Text *message)
{
	static char *copy = NULL;

	free(copy);
	copy = must_alloc(message->len);
	if (message->len > 0)
		memcpy(copy, message->data, message->len);
	problem = (Problem) {.remedy = REMEDY_NONE};
	return decoder_pgoutput.decode(decoder, copy, message->len, &decoded, &problem);
}

/* columns: names, with NULL as their end. */
static bool
describe(uint32_t oid, const char *schema, const char *name, const char *const *columns)
{
	Text		text = {0};
	bool		result;
	uint64_t	count = 0;

	while (columns[count] != NULL)
		count++;
	text_puts(&text, "R");
	put_int(&text, 4, oid);
	put_string(&text, schema);
	put_string(&text, name);
	text_puts(&text, "d");
	put_int(&text, 2, count);
	for (uint64_t i = 0; i < count; i++)
	{
		put_int(&text, 1, 0);
		put_string(&text, columns[i]);
		put_int(&text, 4, 25);
		put_int(&text, 4, UINT32_MAX);
	}
	result = decode(&text);
	text_free(&text);
	return result;
}

/* "t" and a text, or another kind alone. */
static void
put_value(Text *text, const char *value)
{
	text_add(text, value, 1);
	if (value[0] != 't' && value[0] != 'b')
		return;
	put_int(text, 4, strlen(value + 1));
	text_puts(text, value + 1);
}

static Text
row(uint32_t oid, const char *const *values)
{
	Text		text = {0};
	uint64_t	count = 0;

	while (values[count] != NULL)
		count++;
	text_puts(&text, "I");
	put_int(&text, 4, oid);
	text_puts(&text, "N");
	put_int(&text, 2, count);
	for (uint64_t i = 0; i < count; i++)
		put_value(&text, values[i]);
	return text;
}

static bool
insert(uint32_t oid, const char *const *values)
{
	Text		text = row(oid, values);
	bool		result = decode(&text);

	text_free(&text);
	return result;
}

static bool
is_event(int table, int64_t sequence, const char *key, const char *type, const char *payload, const char *hash)
{
	Text		got = {0};
	Text		expected = {0};
	bool		same;

	text_printf(&got, "kind %d table %d sequence %lld %.*s %.*s %.*s %.*s", decoded.kind, decoded.table, (long long) decoded.sequence,
				(int) decoded.key.len, decoded.key.data, (int) decoded.type.len, decoded.type.data,
				(int) decoded.payload.len, decoded.payload.data, (int) decoded.hash.len, decoded.hash.data);
	text_printf(&expected, "kind %d table %d sequence %lld %s %s %s %s", DECODED_EVENT, table, (long long) sequence, key, type, payload, hash);
	same = strcmp(got.data, expected.data) == 0;
	if (!same)
		printf("# got %s\n# expected %s\n# problem %s\n", got.data, expected.data, problem.text);
	text_free(&got);
	text_free(&expected);
	return same;
}

static const char *const columns[] = {"sequence", "aggregate_id", "root_id", "event_type", "payload", "hash", NULL};
static const char *const other_order[] = {"hash", "payload", "later", "event_type", "root_id", "sequence", "more", NULL};
static const char *const values[] = {"t42", "tA-1", "tR-1", "tOrderCreated", "t{\"a\": 1}", "t\\x00ff", NULL};

static void
check_rows(void)
{
	ok(insert(ORDER_EVENTS, values) == false && problem.remedy == REMEDY_STOP && strstr(problem.text, "16385") != NULL,
	   "a row of a relation that was not described: %s", problem.text);
	ok(describe(ORDER_EVENTS, "oms", "order_events", columns) && decoded.kind == DECODED_NOTHING, "a relation is nothing by itself");
	ok(insert(ORDER_EVENTS, values) && is_event(0, 42, "R-1", "OrderCreated", "{\"a\": 1}", "00ff"), "an event");
	ok(decoded.id.len == 3 && memcmp(decoded.id.data, "A-1", 3) == 0, "of the object");
	ok(describe(ORDER_EVENTS, "oms", "order_events", other_order), "the relation again, changed");
	ok(insert(ORDER_EVENTS, (const char *const[]) {"t\\xab", "t[]", "n", "tT", "tK", "t9223372036854775807", "u", NULL}) &&
	   is_event(0, INT64_MAX, "K", "T", "[]", "ab"), "columns are found by name; others may be null or anything");
	ok(decoded.id.data == NULL, "an event need not say of which object it is");
	ok(describe(7, "oms", "execution_events_2026_11", columns) && insert(7, values) && is_event(1, 42, "R-1", "OrderCreated", "{\"a\": 1}", "00ff"),
	   "a partition");
	ok(describe(8, "public", "elsewhere", (const char *const[]) {"id", "payload", NULL}) && insert(8, (const char *const[]) {"t1", "tx", NULL}) &&
	   decoded.kind == DECODED_NOTHING, "a row of another table is nothing");
	ok(describe(9, "oms", "order_events_old", columns) && !insert(9, values) && problem.remedy == REMEDY_STOP && problem.hint[0] != '\0' &&
	   strstr(problem.text, "oms.order_events_old") != NULL, "an event of a table that is none of ours is never skipped: %s", problem.text);
	ok(describe(9, "oms", "order_events_2026_11", columns) && insert(9, values) && decoded.kind == DECODED_EVENT, "it got its name back");
	ok(describe(10, "oms", "quote_events", (const char *const[]) {"sequence", "root_id", "payload", "hash", NULL}) &&
	   !insert(10, (const char *const[]) {"t1", "tR", "t{}", "t\\x00", NULL}) && strstr(problem.text, "\"event_type\"") != NULL &&
	   strstr(problem.text, "missing") != NULL && strstr(problem.hint, "column list") != NULL, "a column that is missing: %s", problem.text);
	describe(ORDER_EVENTS, "oms", "order_events", columns);
}

/* The row of values with one of them changed is refused, and the problem says these words. */
static void
refused(int place, const char *value, const char *word, const char *other_word)
{
	const char *changed[7];

	memcpy(changed, values, sizeof(changed));
	changed[place] = value;
	ok(!insert(ORDER_EVENTS, changed) && problem.remedy == REMEDY_STOP && strstr(problem.text, word) != NULL &&
	   strstr(problem.text, other_word) != NULL, "column %d is %s: %s", place, value, problem.text);
}

static void
check_values(void)
{
	static const int ours[] = {0, 2, 3, 4, 5};

	for (int i = 0; i < 5; i++)
	{
		refused(ours[i], "n", "null", columns[ours[i]]);
		refused(ours[i], "u", "unchanged", columns[ours[i]]);
		refused(ours[i], "bxyz", "form", columns[ours[i]]);
	}
	refused(0, "t", "sequence", "cannot be right");
	refused(0, "t0", "sequence", "0");
	refused(0, "t-1", "sequence", "-1");
	refused(0, "t12x", "sequence", "12x");
	refused(0, "t 12", "sequence", " 12");
	refused(0, "t9223372036854775808", "sequence", "9223372036854775808");
	refused(4, "t", "payload", "cannot be right");
	refused(5, "t", "hash", "not in hex");
	refused(5, "t\\x", "hash", "not in hex");
	refused(5, "t\\x0", "hash", "not in hex");
	refused(5, "t\\xAB", "hash", "AB");
	refused(5, "t\\x0g", "hash", "0g");
	refused(5, "t00ff", "hash", "00ff");
	refused(5, "t\\000\\377", "hash", "\\000");
	ok(strstr(problem.hint, "bytea_output") != NULL, "and the hint says what to set: %s", problem.hint);
	ok(insert(ORDER_EVENTS, (const char *const[]) {"t42", "n", "tR-1", "tOrderCreated", "t{}", "t\\x00ff", NULL}) && decoded.id.data == NULL, "the object's name may be null");
	ok(insert(ORDER_EVENTS, values) && is_event(0, 42, "R-1", "OrderCreated", "{\"a\": 1}", "00ff"), "refusals change nothing");
}

static void
no_sense(Text *message, const char *name)
{
	ok(!decode(message) && problem.remedy == REMEDY_STOP && problem.text[0] != '\0', "%s: %s", name, problem.text);
	text_free(message);
}

static void
check_damage(void)
{
	Text		text = row(ORDER_EVENTS, values);

	text_add(&text, "", 1);
	no_sense(&text, "a byte too many");
	text = row(ORDER_EVENTS, values);
	text.data[5] = 'K';
	no_sense(&text, "no new row");
	text = row(ORDER_EVENTS, values + 1);
	no_sense(&text, "another number of columns than described");
	text = row(ORDER_EVENTS, values);
	text.data[7]++;
	no_sense(&text, "a number of columns that is not theirs");
	text = row(0, values);
	no_sense(&text, "relation 0");
	text = row(ORDER_EVENTS, values);
	memset(text.data + 9, 0xFF, 4);
	no_sense(&text, "a value of 4 GB in a short message");
	text = row(ORDER_EVENTS, values);
	text.data[8] = 'z';
	no_sense(&text, "a value of no kind");
	text_add(&text, "", 0);
	no_sense(&text, "an empty message");
	text_puts(&text, "S");
	put_int(&text, 4, 1);
	text_puts(&text, "\001");
	no_sense(&text, "streaming, which was not asked for");
	text_puts(&text, "R");
	put_int(&text, 4, 77);
	text_puts(&text, "no end of the name");
	no_sense(&text, "a string without its end");
	text_puts(&text, "R");
	put_int(&text, 4, 77);
	text_add(&text, "oms\0order_events\0d\xff\xff", 20);
	no_sense(&text, "65535 columns in a short message");
	ok(!insert(77, values) && strstr(problem.text, "described") != NULL, "such a relation is not kept");
	for (int i = 0; i < 100; i++)
		text_puts(&text, "Z");
	text_puts(&text, "SECRET");
	decode(&text);
	ok(strstr(problem.text, "ZZ") != NULL && strstr(problem.text, "SECRET") == NULL, "a problem shows 100 bytes and no more");
	text_clear(&text);
	text_puts(&text, "B");
	text_add(&text, "\0\0\0\0\0\0\0\1\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\1", 20);
	no_sense(&text, "a time beyond all times");
	text_puts(&text, "C\001");
	text_add(&text, "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0", 24);
	no_sense(&text, "flags of a commit");
}

static void
check_transaction(void)
{
	Text		text = {0};

	text_puts(&text, "B");
	put_int(&text, 8, UINT64_C(0x16B374D848));
	put_int(&text, 8, (uint64_t) 1000001);
	put_int(&text, 4, UINT32_MAX);
	ok(decode(&text) && decoded.kind == DECODED_BEGIN && decoded.commit_lsn == UINT64_C(0x16B374D848) && decoded.xid == UINT32_MAX &&
	   decoded.commit_time_us == INT64_C(946684801000001), "begin");
	text_clear(&text);
	text_add(&text, "C", 2);
	put_int(&text, 8, 5);
	put_int(&text, 8, 6);
	put_int(&text, 8, (uint64_t) -1);
	ok(decode(&text) && decoded.kind == DECODED_COMMIT && decoded.commit_lsn == 5 && decoded.end_lsn == 6 &&
	   decoded.commit_time_us == INT64_C(946684799999999), "commit, before 2000");
	text_free(&text);
	for (const char *type = "UDTYOM"; *type != '\0'; type++)
	{
		text_printf(&text, "%c and what comes with it", *type);
		ok(decode(&text) && decoded.kind == DECODED_NOTHING, "%c is nothing", *type);
		text_free(&text);
	}
}

static void
check_relations(void)
{
	bool		all = true;
	char		name[64];
	Text		text = {0};
	uint32_t	oid = 100000;

	/* OIDs that lie as partitions' do, and their multiples. */
	for (uint32_t i = 0; i < 5000; i++)
		all = describe(100000 + i * 16, "oms", i % 5 == 0 ? "order_events_2026_11" : "orders", columns + (i % 5 != 0)) && all;
	for (uint32_t i = 0; i < 5000; i++)
	{
		bool		taken = insert(100000 + i * 16, i % 5 == 0 ? values : values + 1);

		all = all && taken && decoded.kind == (i % 5 == 0 ? DECODED_EVENT : DECODED_NOTHING);
	}
	ok(all, "5000 relations are known apart");
	while (describe(oid, "s", "r", columns + 4) && oid < 200000)
		oid++;
	ok(problem.remedy == REMEDY_RETRY && oid < 200000, "there is an end to what is kept: %s", problem.text);
	ok(insert(ORDER_EVENTS, values) && decoded.kind == DECODED_EVENT, "what is kept stays");

	memset(name, 'n', 63);
	name[63] = '\0';
	ok(describe(ORDER_EVENTS, "oms", name, columns) && !insert(ORDER_EVENTS, values) && strstr(problem.text, name) != NULL, "a name of 63 bytes");
	text_printf(&text, "%sn", name);
	ok(!describe(ORDER_EVENTS, "oms", text.data, columns), "a name of 64 bytes is none: %s", problem.text);
	text_free(&text);
}

static void
check_large(void)
{
	Text		payload = {0};
	const char *large[7];

	text_puts(&payload, "t\"");
	for (int i = 0; i < 1 << 20; i++)
		text_add(&payload, &"0123456789abcdef"[i % 16], 1);
	text_puts(&payload, "\"");
	memcpy(large, values, sizeof(large));
	large[4] = payload.data;
	ok(insert(ORDER_EVENTS, large) && decoded.payload.len == payload.len - 1 &&
	   memcmp(decoded.payload.data, payload.data + 1, payload.len - 1) == 0, "a payload of 1 MB");
	text_free(&payload);
}

int
main(void)
{
	decoder = decoder_pgoutput.create();
	check_rows();
	check_values();
	check_damage();
	check_transaction();
	check_large();
	check_relations();
	decoder_pgoutput.destroy(decoder);
	decoder_pgoutput.destroy(NULL);
	return done();
}
