/*
 * common/test/decode_wal2json.c
 *     The decoder of wal2json over messages made by hand, and the JSON scanner below it.
 *
 * Broken by: an escape that is not undone or undone twice, a time that is off by a zone or a leap day, JSON that is
 * none and is taken for some, an event skipped or published that should stop the bridge.
 */
#include <stdlib.h>

#include "decode.h"
#include "json_scan.h"
#include "tap.h"

static Decoder *decoder;
static Decoded decoded;
static Problem problem;

/* From memory of exactly the message's size, kept until the next call. */
static bool
decode_bytes(const char *data, size_t len)
{
	static char *copy = NULL;

	free(copy);
	copy = must_alloc(len);
	memcpy(copy, data, len);
	problem = (Problem) {.remedy = REMEDY_NONE};
	return decoder_wal2json.decode(decoder, copy, len, &decoded, &problem);
}

static bool
decode(const char *message)
{
	return decode_bytes(message, strlen(message));
}

#define HEAD "{\"action\":\"I\",\"xid\":7,\"timestamp\":\"2026-11-23 04:28:58.5+00\",\"lsn\":\"0/29E8510\",\"schema\":\"oms\",\"table\":\"order_events_2026_11\",\"columns\":["
#define SEQUENCE "{\"name\":\"sequence\",\"value\":42},"
#define ROOT "{\"name\":\"root_id\",\"value\":\"R-1\"},"
#define TYPE "{\"name\":\"event_type\",\"value\":\"OrderCreated\"},"
#define PAYLOAD "{\"name\":\"payload\",\"value\":\"{\\\"a\\\": 1}\"},"
#define HASH "{\"name\":\"hash\",\"value\":\"00ff\"}"
#define TAIL "]}"

static bool
span_is(Span span, const char *text)
{
	return span.len == strlen(text) && memcmp(span.data, text, span.len) == 0;
}

static bool
is_event(int table, int64_t sequence, const char *key, const char *payload)
{
	return decoded.kind == DECODED_EVENT && decoded.table == table && decoded.sequence == sequence && span_is(decoded.key, key) &&
		span_is(decoded.type, "OrderCreated") && span_is(decoded.payload, payload) && span_is(decoded.hash, "00ff");
}

static void
check_rows(void)
{
	Text		escaped = {0};

	ok(decode(HEAD SEQUENCE ROOT TYPE PAYLOAD HASH TAIL) && is_event(0, 42, "R-1", "{\"a\": 1}") && decoded.id.data == NULL, "an event");
	ok(decode(HEAD SEQUENCE ROOT TYPE PAYLOAD "{\"name\":\"aggregate_id\",\"value\":\"A-1\"}," HASH TAIL) && is_event(0, 42, "R-1", "{\"a\": 1}") &&
	   span_is(decoded.id, "A-1"), "and of which object it is");
	ok(decode(" {\"columns\" : [ " HASH " , " PAYLOAD TYPE " {\"value\":\"R-1\",\"more\":[{}],\"name\":\"root_id\"} , "
			  "{\"name\":\"beside\",\"value\":null},{\"name\":\"sequence\",\"value\":9223372036854775807}] ,"
			  "\"table\":\"execution_events\",\"pk\":[],\"schema\":\"oms\",\"action\":\"I\"}\r\n\t ") &&
	   is_event(1, INT64_MAX, "R-1", "{\"a\": 1}"), "in any order, with white space and more than was asked for");
	ok(decode(HEAD SEQUENCE "{\"name\":\"root_id\",\"value\":\"\\b\\f\\n\\r\\t\\\"\\\\\\/\\u0001\\u001F\\u00e9\\u6f22\\ud834\\udd1e\x7f\xc3\xbc\"}," TYPE PAYLOAD HASH TAIL) &&
	   is_event(0, 42, "\b\f\n\r\t\"\\/\x01\x1f\xc3\xa9\xe6\xbc\xa2\xf0\x9d\x84\x9e\x7f\xc3\xbc", "{\"a\": 1}"), "escapes are undone");
	ok(decode(HEAD SEQUENCE ROOT TYPE "{\"name\":\"payload\",\"value\":\"{\\\"a\\\": \\\"\\\\\\\\ \\\\\\\" \\\\n \\\\u0041\\\"}\"}," HASH TAIL) &&
	   is_event(0, 42, "R-1", "{\"a\": \"\\\\ \\\" \\n \\u0041\"}"), "once, and not the escapes inside of the payload");
	ok(decode("{\"action\":\"I\",\"schema\":\"oms\",\"table\":\"orders\",\"columns\":[{\"name\":\"hash\",\"value\":\"00\"}]}") &&
	   decoded.kind == DECODED_NOTHING, "a row of another table is nothing");
	ok(decode("{\"action\":\"I\",\"schema\":\"oms\",\"table\":\"orders\",\"columns\":[]}") && decoded.kind == DECODED_NOTHING, "a row of no columns");
	ok(!decode("{\"action\":\"I\",\"schema\":\"oms\",\"table\":\"order_events_old\",\"columns\":[" SEQUENCE ROOT TYPE PAYLOAD HASH TAIL) &&
	   problem.remedy == REMEDY_STOP && strstr(problem.text, "oms.order_events_old") != NULL, "an event of a table that is none of ours: %s", problem.text);

	text_puts(&escaped, HEAD SEQUENCE ROOT TYPE "{\"name\":\"payload\",\"value\":\"");
	for (int i = 0; i < 1 << 18; i++)
		text_puts(&escaped, i % 8 == 7 ? "\\\"" : "abcd");
	text_puts(&escaped, "\"}," HASH TAIL);
	ok(decode(escaped.data) && decoded.payload.len == 7 * (1 << 15) * 4 + (1 << 15) && decoded.payload.data[28] == '"' &&
	   decoded.payload.data[decoded.payload.len - 1] == '"', "a payload of 1 MB");
	ok(decode(HEAD SEQUENCE ROOT TYPE PAYLOAD HASH TAIL) && is_event(0, 42, "R-1", "{\"a\": 1}"), "and a small one after it");
	text_free(&escaped);
}

static void
refused(const char *message, const char *word, const char *name)
{
	ok(!decode(message) && problem.remedy == REMEDY_STOP && strstr(problem.text, word) != NULL, "%s: %s", name, problem.text);
}

static void
check_values(void)
{
	refused(HEAD ROOT TYPE PAYLOAD HASH TAIL, "\"sequence\" of an event in oms.order_events_2026_11 is missing", "no sequence");
	refused(HEAD SEQUENCE TYPE PAYLOAD HASH TAIL, "\"root_id\"", "no root_id");
	refused(HEAD SEQUENCE ROOT PAYLOAD HASH TAIL, "\"event_type\"", "no event_type");
	refused(HEAD SEQUENCE ROOT TYPE HASH TAIL, "\"payload\"", "no payload, as when it is left out for being unchanged");
	refused(HEAD SEQUENCE ROOT TYPE "{\"name\":\"payload\",\"value\":\"{}\"}" TAIL, "\"hash\"", "no hash");
	refused(HEAD SEQUENCE ROOT TYPE "{\"name\":\"payload\",\"value\":null}," HASH TAIL, "is null", "a payload that is null");
	refused(HEAD SEQUENCE ROOT TYPE "{\"name\":\"payload\",\"value\":{}}," HASH TAIL, "form", "a payload that is no string");
	refused(HEAD SEQUENCE ROOT TYPE "{\"name\":\"payload\",\"value\":\"\"}," HASH TAIL, "cannot be right", "an empty payload");
	refused(HEAD "{\"name\":\"sequence\",\"value\":\"42\"}," ROOT TYPE PAYLOAD HASH TAIL, "form", "a sequence that is a string");
	refused(HEAD "{\"name\":\"sequence\",\"value\":4.2e1}," ROOT TYPE PAYLOAD HASH TAIL, "4.2e1", "a sequence that is no whole number");
	refused(HEAD "{\"name\":\"sequence\",\"value\":0}," ROOT TYPE PAYLOAD HASH TAIL, "sequence", "sequence 0");
	refused(HEAD "{\"name\":\"sequence\",\"value\":-9223372036854775808}," ROOT TYPE PAYLOAD HASH TAIL, "-9223372036854775808", "a negative one");
	refused(HEAD SEQUENCE ROOT TYPE PAYLOAD "{\"name\":\"hash\",\"value\":\"00FF\"}" TAIL, "not in hex", "a hash in capital letters");
	refused(HEAD SEQUENCE ROOT TYPE PAYLOAD "{\"name\":\"hash\",\"value\":\"0\\\\377\"}" TAIL, "not in hex", "a hash as of bytea_output = escape");
	refused(HEAD SEQUENCE SEQUENCE ROOT TYPE PAYLOAD HASH TAIL, "no JSON of its format", "a column twice");
	refused(HEAD "{\"name\":\"sequence\"}," ROOT TYPE PAYLOAD HASH TAIL, "no JSON of its format", "a column without value");
	refused(HEAD "{\"value\":42}," ROOT TYPE PAYLOAD HASH TAIL, "no JSON of its format", "a column without name");
}

static void
time_is(const char *text, int64_t us)
{
	Text		message = {0};

	text_printf(&message, "{\"action\":\"B\",\"xid\":4294967295,\"timestamp\":\"%s\",\"lsn\":\"16/B374D848\",\"nextlsn\":\"16/B374D900\"}", text);
	ok(decode(message.data) && decoded.kind == DECODED_BEGIN && decoded.xid == UINT32_MAX && decoded.commit_lsn == UINT64_C(0x16B374D848),
	   "begin at %s", text);
	is_int(decoded.commit_time_us, us, "microseconds of %s", text);
	text_free(&message);
}

static void
no_time(const char *text)
{
	Text		message = {0};

	text_printf(&message, "{\"action\":\"B\",\"xid\":1,\"timestamp\":\"%s\",\"lsn\":\"0/1\"}", text);
	ok(!decode(message.data) && problem.remedy == REMEDY_STOP, "\"%s\" is no time", text);
	text_free(&message);
}

static void
check_transaction(void)
{
	/* as date -u +%s says */
	time_is("1970-01-01 00:00:00+00", 0);
	time_is("2026-11-23 04:28:58.52317+00", INT64_C(1795408138523170));
	time_is("2026-11-23 00:58:58.52317-03:30", INT64_C(1795408138523170));
	time_is("2026-11-23 09:58:58.523170+05:30", INT64_C(1795408138523170));
	time_is("2026-11-23 04:48:30.5-00:19:32", INT64_C(1795410482500000));
	time_is("2024-02-29 23:59:59.999999+00", INT64_C(1709251199999999));
	time_is("2100-03-01 00:00:00.000001+14", INT64_C(4107492000000001));
	time_is("1969-12-31 23:59:59+00", -1000000);
	time_is("10000-01-01 00:00:00+00", INT64_C(253402300800000000));
	no_time("");
	no_time("2026-11-23 04:28:58");
	no_time("2026-11-23 04:28:58+0");
	no_time("2026-11-23 04:28:58+00 BC");
	no_time("2026-11-23T04:28:58+00");
	no_time("2026-13-23 04:28:58+00");
	no_time("2026-11-23 04:60:58+00");
	no_time("2026-11-23 04:28:58.+00");
	no_time("2026-11-23 04:28:58.1234567+00");
	no_time("Mon Nov 23 04:28:58 2026 UTC");
	no_time("infinity");

	ok(decode("{\"action\":\"C\",\"xid\":7,\"timestamp\":\"1970-01-01 00:00:01+00\",\"lsn\":\"0/29E8CB8\",\"nextlsn\":\"0/29E8CE8\"}") &&
	   decoded.kind == DECODED_COMMIT && decoded.commit_lsn == 0x29E8CB8 && decoded.end_lsn == 0x29E8CE8 && decoded.commit_time_us == 1000000, "commit");
	refused("{\"action\":\"C\",\"xid\":7,\"timestamp\":\"1970-01-01 00:00:01+00\",\"lsn\":\"0/29E8CB8\"}", "lacks", "a commit without nextlsn");
	refused("{\"action\":\"C\",\"timestamp\":\"1970-01-01 00:00:01+00\",\"lsn\":\"0/1\",\"nextlsn\":\"0/\\u0032x\"}", "lacks", "a log position that is none");
	refused("{\"action\":\"B\"}", "lacks", "a begin of nothing");
	refused("{\"action\":\"B\",\"xid\":4294967296,\"timestamp\":\"1970-01-01 00:00:01+00\",\"lsn\":\"0/1\"}", "lacks", "an xid of 33 bits");
	refused("{\"action\":\"I\",\"table\":\"order_events\",\"columns\":[]}", "lacks", "a row without schema");
	refused("{\"xid\":7}", "lacks", "no action");
	refused("{\"action\":\"X\"}", "lacks", "an unknown action");
	refused("{\"action\":\"BB\"}", "lacks", "a long action");
	refused("{\"action\":1}", "lacks", "an action that is a number");
	refused("{\"change\":[]}", "lacks", "format version 1");
	for (const char *action = "UDT"; *action != '\0'; action++)
	{
		char		message[] = "{\"action\":\"?\",\"schema\":\"oms\",\"table\":\"order_events\",\"identity\":[]}";

		message[11] = *action;
		ok(decode(message) && decoded.kind == DECODED_NOTHING, "%c is nothing", *action);
	}
	ok(decode("{\"action\":\"M\",\"content\":\"\xc3(\"}") && decoded.kind == DECODED_NOTHING, "a message of somebody else is not read");
}

/* Decoded as the key of an event between others, so that what follows is read too. */
static void
json_is(const char *value, size_t len, const char *expected, const char *name)
{
	Text		message = {0};
	bool		taken;

	text_puts(&message, HEAD SEQUENCE "{\"name\":\"root_id\",\"value\":");
	text_add(&message, value, len);
	text_puts(&message, "}," TYPE PAYLOAD HASH TAIL);
	taken = decode_bytes(message.data, message.len);
	if (expected == NULL)
		ok(!taken && problem.remedy == REMEDY_STOP, "%s is refused", name);
	else
		ok(taken && is_event(0, 42, expected, "{\"a\": 1}"), "%s is taken", name);
	text_free(&message);
}

#define JSON_IS(value, expected) json_is(value, sizeof(value) - 1, expected, #value)

static void
check_strings(void)
{
	JSON_IS("\"\"", "");
	JSON_IS("\"1234567\"", "1234567");
	JSON_IS("\"12345678\"", "12345678");
	JSON_IS("\"1234567\\\"\"", "1234567\"");
	JSON_IS("\"12345678\\n12345678\"", "12345678\n12345678");
	JSON_IS("\"\\\\\\\\\"", "\\\\");
	JSON_IS("\"\xf4\x8f\xbf\xbf\xf0\x90\x80\x80\xef\xbf\xbf\"", "\xf4\x8f\xbf\xbf\xf0\x90\x80\x80\xef\xbf\xbf");
	JSON_IS("\"\\uDBFF\\uDFFF\\u0080\\u07ff\\u0800\\uffff\"", "\xf4\x8f\xbf\xbf\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf");
	JSON_IS("\"\\u0000\"", NULL);
	JSON_IS("\"\\ud834\"", NULL);
	JSON_IS("\"\\ud834x\"", NULL);
	JSON_IS("\"\\ud834\\n\"", NULL);
	JSON_IS("\"\\ud834\\ud834\"", NULL);
	JSON_IS("\"\\udd1e\"", NULL);
	JSON_IS("\"\\u12g4\"", NULL);
	JSON_IS("\"\\u123\"", NULL);
	JSON_IS("\"\\x41\"", NULL);
	JSON_IS("\"\\\"", NULL);
	JSON_IS("\"a\nb\"", NULL);
	JSON_IS("\"12345678\x1f\"", NULL);
	JSON_IS("\"a\0b\"", NULL);
	JSON_IS("\"\xff\"", NULL);
	JSON_IS("\"\x80\"", NULL);
	JSON_IS("\"\xc3\"", NULL);
	JSON_IS("\"\xe6\xbc\"", NULL);
	JSON_IS("\"\xc1\xbf\"", NULL);
	JSON_IS("\"\xe0\x9f\xbf\"", NULL);
	JSON_IS("\"\xed\xa0\x80\"", NULL);
	JSON_IS("\"\xf0\x8f\xbf\xbf\"", NULL);
	JSON_IS("\"\xf4\x90\x80\x80\"", NULL);
	JSON_IS("'a'", NULL);
	JSON_IS("a", NULL);
	JSON_IS("", NULL);
}

static bool
is_json(const char *text)
{
	size_t		len = strlen(text);
	char	   *data = memcpy(must_alloc(len), text, len);
	char	   *room = must_alloc(SCAN_ROOM(len));
	JsonScan	scan;
	ScanValue	value;
	bool		result;

	scan_begin(&scan, data, len, room);
	result = scan_value(&scan, &value) && scan_end(&scan);
	/* A bad scan stays bad. */
	if (!result && (scan_value(&scan, &value) || scan_open(&scan, '{') || scan_element(&scan) || scan_end(&scan)))
		ok(false, "%s: a bad scan goes on", text);
	free(data);
	free(room);
	return result;
}

static void
check_grammar(void)
{
	static const char *const right[] = {"0", "-0", "10", "-1.5", "1e5", "1E+5", "1.25e-7", "true", "false", "null", "{}", "[]", " [ ] ", "[1,[2,{}],{\"a\":[]}]",
		"{\"a\":1,\"a\":2}", "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", "\"a\""};
	static const char *const wrong[] = {"", " ", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "tru", "truex", "nul", "NaN", "{", "[", "}", "]", "[1", "[1,", "[1,]",
		"[,1]", "[1 2]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1", "{a:1}", "{1:1}", "[1}", "{\"a\":1]", "1 1", "[]]", "{}{}", "\"a\"\"b\"", ",",
		"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "\x0b1", "\xef\xbb\xbf" "1", "//", "[1]x"};

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		ok(is_json(right[i]), "JSON: %s", right[i]);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!is_json(wrong[i]), "no JSON: %s", wrong[i]);
}

int
main(void)
{
	decoder = decoder_wal2json.create();
	ok(!decode("") && problem.remedy == REMEDY_STOP, "an empty message: %s", problem.text);
	check_rows();
	check_values();
	check_transaction();
	check_strings();
	check_grammar();
	decoder_wal2json.destroy(decoder);
	decoder_wal2json.destroy(NULL);
	return done();
}
