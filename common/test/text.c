/*
 * common/test/text.c
 *     The bottom layer: log positions, problems, growing texts.
 *
 * Broken by: a text that loses bytes as it grows, a JSON string that is none, a log position read where there is none.
 */
#include "text.h"

#include <stdlib.h>

#include "tap.h"

static void
check_lsn(void)
{
	static const char *const wrong[] = {"", "/", "0/", "/0", "0", "1/2/3", "1/2 ", " 1/2", "123456789/0", "0/123456789", "0x1/2", "-1/2", "G/1", "1/+2"};
	char		buffer[LSN_TEXT_SIZE];
	Lsn			lsn = 7;

	is_str(lsn_text(UINT64_C(0x16B374D848), buffer), "16/B374D848", "a log position as text");
	is_str(lsn_text(LSN_NONE, buffer), "0/0", "none");
	is_str(lsn_text(UINT64_MAX, buffer), "FFFFFFFF/FFFFFFFF", "the last one fits");
	is_str(lsn_text(UINT64_C(0x100000005), buffer), "1/5", "no leading zeros");
	ok(lsn_parse("16/B374D848", &lsn) && lsn == UINT64_C(0x16B374D848), "read back");
	ok(lsn_parse("ffffffff/0000000a", &lsn) && lsn == UINT64_C(0xFFFFFFFF0000000A), "small letters and zeros");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!lsn_parse(wrong[i], &lsn), "\"%s\" is none", wrong[i]);
	ok(lsn == UINT64_C(0xFFFFFFFF0000000A), "what is none changes nothing");
}

static void
check_problem(void)
{
	Problem		problem;
	char		long_text[3000];

	ok(!problem_set(&problem, REMEDY_RETRY, "do %s", "%d of %s", 1, "two"), "a problem is always false");
	is_int(problem.remedy, REMEDY_RETRY, "its remedy");
	is_str(problem.text, "1 of two", "its text");
	is_str(problem.hint, "do %s", "its hint is no format");
	problem_set(&problem, REMEDY_STOP, problem.hint, "more: %s", problem.text);
	is_str(problem.text, "more: 1 of two", "told on with its own text");
	is_str(problem.hint, "do %s", "and its own hint");
	problem_set(&problem, REMEDY_STOP, NULL, "x");
	is_str(problem.hint, "", "no hint");

	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	problem_set(&problem, REMEDY_STOP, long_text, "%s", long_text);
	ok(strlen(problem.text) == sizeof(problem.text) - 1 && strlen(problem.hint) == sizeof(problem.hint) - 1, "too long: cut");
	for (size_t i = 0; i + 1 < sizeof(long_text); i += 2)
		memcpy(long_text + i, "\xc3\xbc", 2);
	long_text[sizeof(long_text) - 1] = '\0';
	problem_set(&problem, REMEDY_STOP, NULL, "%s", long_text);
	is_int((long long) strlen(problem.text), 1022, "cut between characters, not inside of one");
	problem_set(&problem, REMEDY_STOP, NULL, "x%s", long_text);
	ok(strlen(problem.text) % 2 == 1, "wherever that is");
}

static void
check_growth(void)
{
	Text		text = {0};
	char		expected[3001];
	bool		terminated = true;

	text_add(&text, "", 0);
	is_str(text.data, "", "nothing added is an empty text");
	for (int i = 0; i < 3000; i++)
	{
		expected[i] = (char) ('a' + i % 26);
		text_add(&text, &expected[i], 1);
		terminated = terminated && text.len == (size_t) i + 1 && text.data[text.len] == '\0' && text.room > text.len;
	}
	expected[3000] = '\0';
	ok(terminated, "terminated after each byte");
	is_str(text.data, expected, "3000 bytes, one at a time");
	text_clear(&text);
	ok(text.len == 0 && text.data[0] == '\0' && text.room > 3000, "cleared, the room is kept");
	text_printf(&text, "%s|%d", expected, 42);
	ok(text.len == 3003 && strcmp(text.data + 3000, "|42") == 0, "a long format");
	text_printf(&text, "%s", "");
	is_int((long long) text.len, 3003, "an empty one");
	text_free(&text);
	ok(text.data == NULL && text.len == 0 && text.room == 0, "freed");
	for (int len = 0; len < 300; len++)
	{
		text_printf(&text, "%.*s", len, expected);
		if (text.len != (size_t) len || memcmp(text.data, expected, (size_t) len) != 0 || text.data[len] != '\0')
			ok(false, "a format of %d bytes", len);
		text_free(&text);
	}
	ok(true, "formats of all lengths around the first room");
	text_clear(&text);
	ok(text.data == NULL, "nothing cleared is nothing");
	text_add(&text, "a\0b", 3);
	is_bytes(text.data, text.len, "a\0b", 3, "any byte");
	text_free(&text);
}

static void
json_is(const char *bytes, size_t len, const char *expected, const char *name)
{
	Text		text = {0};

	text_json(&text, bytes, len);
	is_str(text.data, expected, "%s", name);
	text_free(&text);
}

static void
check_json(void)
{
	json_is("", 0, "\"\"", "an empty string");
	json_is("plain", 5, "\"plain\"", "a plain one");
	json_is("\"\\/", 3, "\"\\\"\\\\/\"", "quotes and backslashes");
	json_is("\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"", "controls with short forms");
	json_is("\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\\u007f\"", "controls without");
	json_is("\xc3\xbc\xe6\xbc\xa2\xf0\x9f\x9a\x80", 9, "\"\xc3\xbc\xe6\xbc\xa2\xf0\x9f\x9a\x80\"", "UTF-8 as it is");
	json_is("a\xff" "b", 3, "\"a\\ufffdb\"", "what is none is replaced");
	json_is("\xc3", 1, "\"\\ufffd\"", "a character that was cut");
	json_is("\xe6\xbc", 2, "\"\\ufffd\\ufffd\"", "a longer one");
	json_is("\xc0\x80", 2, "\"\\ufffd\\ufffd\"", "an overlong one");
	json_is("\xe0\x80\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"", "another");
	json_is("\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"", "a surrogate");
	json_is("\xf4\x90\x80\x80", 4, "\"\\ufffd\\ufffd\\ufffd\\ufffd\"", "beyond the last one");
	json_is("\xf4\x8f\xbf\xbf\xf0\x90\x80\x80", 8, "\"\xf4\x8f\xbf\xbf\xf0\x90\x80\x80\"", "the last and the first of four bytes");
}

static void
check_clocks(void)
{
	int64_t		wall = wall_us();
	int64_t		ticks = ticks_us();

	ok(wall > INT64_C(1700000000000000) && wall < INT64_C(10000000000000000), "microseconds since 1970");
	while (ticks_us() == ticks)
		;
	ok(ticks_us() > ticks && wall_us() >= wall, "clocks go on");
}

int
main(void)
{
	char	   *copy = must_strdup("copied");

	is_str(copy, "copied", "a copy");
	copy = must_realloc(copy, 100);
	is_str(copy, "copied", "with more room");
	free(copy);
	free(must_alloc(0));
	check_lsn();
	check_problem();
	check_growth();
	check_json();
	check_clocks();
	return done();
}
