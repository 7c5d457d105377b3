/*
 * gateway/test/command_text.c
 *     Parts of JSON texts, and the body of a command with what its headers say.
 *
 * Broken by: a member that is found where there is none, or in a nested object; one that is missed because its name has escapes; the
 * first of two that are called alike; a body that is changed in any other way than in front of its first member.
 */
#include "command_text.h"

#include <stdlib.h>

#include "bytes.h"
#include "json_parts.h"
#include "tap.h"

static void
check_parts(void)
{
	static const struct
	{
		const char *json;
		const char *value;		/* of "a"; NULL: none */
	}			cases[] = {
		{"{\"a\": 1}", "1"}, {" {\"a\":1} ", "1"}, {"{\"b\": {\"a\": 2}, \"a\" : \"x\\\"y\" , \"c\": 3}", "\"x\\\"y\""}, {"{\"a\": 1, \"a\": 2}", "2"},
		{"{\"\\u0061\": 5}", "5"}, {"{\"a\": {\"x\": [1, \"}\", {}]}}", "{\"x\": [1, \"}\", {}]}"}, {"{\"a\": [[[[]]]]}", "[[[[]]]]"}, {"{\"a\": true}", "true"},
		{"{\"b\": \"\\\\\", \"a\": null}", "null"}, {"{\"b\": [\"\\\"\", \"]\"], \"a\": 1.50}", "1.50"},
		{"{\"b\": {\"a\": 2}}", NULL}, {"{}", NULL}, {"[]", NULL}, {"", NULL}, {" ", NULL}, {"{", NULL}, {"{\"a\"", NULL}, {"{\"a\":", NULL}, {"{\"a\": }", NULL},
		{"{\"a\": 1", NULL}, {"{\"a\": 1} x", NULL}, {"{\"a\": 1,}", NULL}, {"{,\"a\": 1}", NULL}, {"{\"a\" 1}", NULL}, {"{\"a\": \"x", NULL}, {"{\"a\": \"x\\", NULL},
		{"{\"a\": [1}", NULL}, {"{a: 1}", NULL}, {"{\"a\": 1 \"b\": 2}", NULL}, {"\"a\"", NULL}, {"{\"a\\u00\": 1}", NULL},
	};
	char	   *deep = malloc(200100);
	Span		value;
	JsonParts	parts;
	Span		key;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		bool		found = parts_find(span_of(cases[i].json), "a", &value);

		ok(found == (cases[i].value != NULL), "found or not: %s", cases[i].json);
		if (found && cases[i].value != NULL)
			is_bytes(value.data, value.len, cases[i].value, strlen(cases[i].value), "as it stands: %s", cases[i].json);
	}
	memset(deep, '[', 100000);
	memset(deep + 100000, ']', 100000);
	memcpy(deep, "{\"x\":", 5);
	memset(deep + 100005, ']', 99990);
	strcpy(deep + 199995, ",\"a\":7}");
	ok(parts_find(span_of(deep), "a", &value) && span_is(value, "7"), "behind what is nested 100,000 deep");
	free(deep);
	ok(parts_begin_array(&parts, span_of(" [ 1 , {\"a\":[2]},\"]\" ] ")), "an array");
	ok(parts_element(&parts, &value) && span_is(value, "1") && parts_element(&parts, &value) && span_is(value, "{\"a\":[2]}") &&
	   parts_element(&parts, &value) && span_is(value, "\"]\"") && !parts_element(&parts, &value) && parts_end(&parts), "its elements");
	ok(parts_begin(&parts, span_of("{\"a\":1]")) && parts_next(&parts, &key, &value) && !parts_next(&parts, &key, &value) && parts.bad, "brackets that do not match");
}

static void
check_strings(void)
{
	static const struct
	{
		const char *string;
		const char *meaning;	/* NULL: none */
	}			cases[] = {
		{"\"\"", ""}, {"\"a\"", "a"}, {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"}, {"\"\\u00e4\\u20AC\"", "\xC3\xA4\xE2\x82\xAC"}, {"\"\\ud83d\\ude00\"", "\xF0\x9F\x98\x80"},
		{"\"\\u0000\"", NULL}, {"\"\\ud83d\"", NULL}, {"\"\\ud83dx\"", NULL}, {"\"\\ude00\"", NULL}, {"\"\\ud83d\\u0041\"", NULL}, {"\"\\x\"", NULL}, {"\"\\u12\"", NULL}, {"\"\\u12g4\"", NULL},
		{"\"\\\"", NULL}, {"\"", NULL}, {"a", NULL}, {"", NULL}, {"1", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Text		out = {0};

		if (cases[i].meaning == NULL)
			ok(!parts_string(span_of(cases[i].string), &out), "no string: %s", cases[i].string);
		else if (ok(parts_string(span_of(cases[i].string), &out), "a string: %s", cases[i].string))
			is_str(out.data, cases[i].meaning, "its meaning");
		text_free(&out);
	}
}

static Span
header(const char *value)
{
	return value != NULL ? span_of(value) : (Span) {NULL, 0};
}

static void
check_commands(void)
{
	static const struct
	{
		const char *body;
		const char *key;
		const char *if_match;
		const char *made;
		const char *sent;		/* NULL: refused */
		const char *id;
	}			cases[] = {
		{"{\"commandType\": \"X\"}", NULL, NULL, NULL, "{\"commandType\": \"X\"}", ""},
		{"{\"commandType\": \"X\"}", "k1", NULL, "m", "{\"commandId\":\"k1\",\"commandType\": \"X\"}", "k1"},
		{"{\"commandType\": \"X\"}", NULL, NULL, "m", "{\"commandId\":\"m\",\"commandType\": \"X\"}", "m"},
		{"{\"commandType\": \"X\"}", "\"k1\"", "\"7\"", NULL, "{\"commandId\":\"k1\",\"expectedVersion\":7,\"commandType\": \"X\"}", "k1"},
		{"{\"commandType\": \"X\"}", NULL, "\"7\"", NULL, "{\"expectedVersion\":7,\"commandType\": \"X\"}", ""},
		{" { } ", "k1", NULL, NULL, " {\"commandId\":\"k1\" } ", "k1"},
		{"{\"commandId\": \"k1\"}", "k1", NULL, "m", "{\"commandId\": \"k1\"}", "k1"},
		{"{\"commandId\": \"\\u006b1\"}", "k1", NULL, NULL, "{\"commandId\": \"\\u006b1\"}", "k1"},
		{"{\"command\\u0049d\": \"k1\"}", "k1", NULL, NULL, "{\"command\\u0049d\": \"k1\"}", "k1"},
		{"{\"commandId\": \"k1\"}", NULL, NULL, "m", "{\"commandId\": \"k1\"}", "k1"},
		{"{\"commandId\": \"k1\"}", "k2", NULL, NULL, NULL, NULL},
		{"{\"commandId\": \"k2\", \"commandId\": \"k1\"}", "k2", NULL, NULL, NULL, NULL},
		{"{\"commandId\": \"k2\", \"commandId\": \"k1\"}", "k1", NULL, NULL, "{\"commandId\": \"k2\", \"commandId\": \"k1\"}", "k1"},
		{"{\"commandId\": 5}", "5", NULL, NULL, "{\"commandId\": 5}", ""},
		{"{\"commandId\": null}", "k", NULL, NULL, NULL, NULL},
		{"{\"x\": {\"commandId\": \"k2\"}}", "k1", NULL, NULL, "{\"commandId\":\"k1\",\"x\": {\"commandId\": \"k2\"}}", "k1"},
		{"{\"expectedVersion\": 7}", NULL, "\"7\"", NULL, "{\"expectedVersion\": 7}", ""},
		{"{\"expectedVersion\": \"7\"}", NULL, "\"7\"", NULL, "{\"expectedVersion\": \"7\"}", ""},
		{"{\"expectedVersion\": 8}", NULL, "\"7\"", NULL, NULL, NULL},
		{"{}", NULL, "7", NULL, NULL, NULL}, {"{}", NULL, "*", NULL, NULL, NULL}, {"{}", NULL, "W/\"7\"", NULL, NULL, NULL}, {"{}", NULL, "\"7\", \"8\"", NULL, NULL, NULL},
		{"{}", NULL, "\"\"", NULL, NULL, NULL}, {"{}", NULL, "\"07\"", NULL, NULL, NULL}, {"{}", NULL, "\"-7\"", NULL, NULL, NULL}, {"{}", NULL, "\"1234567890123456789\"", NULL, NULL, NULL},
		{"{}", "", NULL, NULL, NULL, NULL}, {"{}", "\"\"", NULL, NULL, NULL, NULL}, {"{}", "a b", NULL, NULL, NULL, NULL}, {"{}", "a\"b", NULL, NULL, NULL, NULL}, {"{}", "a\\b", NULL, NULL, NULL, NULL},
		{"{}", "\xC3\xA4", NULL, NULL, NULL, NULL},
		{"[1]", "k1", NULL, NULL, "[1]", ""}, {"{\"a\": 1", "k1", NULL, NULL, "{\"a\": 1", ""}, {"", "k1", NULL, NULL, "", ""}, {"{\"a\": 1}}", "k1", NULL, NULL, "{\"a\": 1}}", ""},
	};
	CommandText command;
	Refused		refused;
	char		key[COMMAND_ID_SIZE + 1];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		bool		taken = command_text(span_of(cases[i].body), header(cases[i].key), header(cases[i].if_match), cases[i].made, &command, &refused);

		if (cases[i].sent == NULL)
			ok(!taken && refused.status == 400, "refused: %s %s %s", cases[i].body, cases[i].key, cases[i].if_match);
		else if (ok(taken, "taken: %s", cases[i].body))
		{
			is_bytes(command.body.data, command.body.len, cases[i].sent, strlen(cases[i].sent), "as it is sent");
			is_str(command.command_id, cases[i].id, "its id");
		}
		command_text_free(&command);
	}
	memset(key, 'k', sizeof(key));
	ok(command_text(span_of("{\"commandType\": \"CancelOrderCommand\"}"), (Span) {key, COMMAND_ID_SIZE - 1}, header(NULL), NULL, &command, &refused), "the longest key");
	is_str(command.command_type, "CancelOrderCommand", "its type");
	is_int((long long) strlen(command.command_id), COMMAND_ID_SIZE - 1, "whole");
	command_text_free(&command);
	ok(!command_text(span_of("{}"), (Span) {key, COMMAND_ID_SIZE}, header(NULL), NULL, &command, &refused), "a longer one");
	command_text_free(&command);
}

int
main(void)
{
	check_parts();
	check_strings();
	check_commands();
	return done();
}
