/*
 * gateway/test/rows_text.c
 *     Rows as JSON, as lines, and as a CSV.
 *
 * Broken by: a number whose digits change, a text that a spreadsheet calculates, a field that is not quoted where it must be, a column
 * that is one place off where a member is missing.
 */
#include "rows_text.h"

#include "bytes.h"
#include "formats.h"
#include "tap.h"

static const char *const columns[] = {"orderId", "price", "text", "attributes", "attributes.sector", "a\"b", "closed"};

static const char *
written(unsigned format, const char *const *rows, size_t nrows, Text *out)
{
	RowsText	state;

	text_clear(out);
	rows_begin(&state, format, columns, sizeof(columns) / sizeof(columns[0]), out);
	for (size_t i = 0; i < nrows; i++)
		rows_add(&state, span_of(rows[i]), out);
	rows_end(&state, out);
	is_int((long long) state.rows, (long long) nrows, "they are counted");
	rows_free(&state);
	return out->data;
}

static void
check_json(Text *out)
{
	const char *const two[] = {"{\"a\": 1.50}", "{\"b\": 2}"};

	is_str(written(FORMAT_JSON, two, 0, out), "[]\n", "no row");
	is_str(written(FORMAT_JSON, two, 1, out), "[{\"a\": 1.50}]\n", "one");
	is_str(written(FORMAT_JSON, two, 2, out), "[{\"a\": 1.50},\n{\"b\": 2}]\n", "two");
	is_str(written(FORMAT_NDJSON, two, 2, out), "{\"a\": 1.50}\n{\"b\": 2}\n", "as lines");
	written(FORMAT_NDJSON, two, 0, out);
	is_int((long long) out->len, 0, "no line");
}

#define HEAD "\xEF\xBB\xBForderId,price,text,attributes,attributes.sector,\"a\"\"b\",closed\r\n"

static void
check_csv(Text *out)
{
	static const struct
	{
		const char *row;
		const char *line;
	}			cases[] = {
		{"{\"price\": 123456789012345678.12345678901234567890, \"orderId\": \"O1\"}", "O1,123456789012345678.12345678901234567890,,,,,\r\n"},
		{"{\"closed\": true, \"text\": \"a\", \"price\": null}", ",,a,,,,true\r\n"},
		{"{\"text\": \"a,b\"}", ",,\"a,b\",,,,\r\n"},
		{"{\"text\": \"a\\\"b\\\"\"}", ",,\"a\"\"b\"\"\",,,,\r\n"},
		{"{\"text\": \"a\\nb\"}", ",,\"a\nb\",,,,\r\n"},
		{"{\"text\": \"a\\rb\"}", ",,\"a\rb\",,,,\r\n"},
		{"{\"text\": \" a\"}", ",,\" a\",,,,\r\n"},
		{"{\"text\": \"=cmd()\"}", ",,\"'=cmd()\",,,,\r\n"},
		{"{\"text\": \"+1\"}", ",,\"'+1\",,,,\r\n"},
		{"{\"text\": \"-1\"}", ",,\"'-1\",,,,\r\n"},
		{"{\"text\": \"@x\"}", ",,\"'@x\",,,,\r\n"},
		{"{\"text\": \"\\t=x\"}", ",,\"'\t=x\",,,,\r\n"},
		{"{\"text\": \"\\u003dx\"}", ",,\"'=x\",,,,\r\n"},
		{"{\"text\": \"'=x\"}", ",,\"''=x\",,,,\r\n"},
		{"{\"text\": \"''@x\"}", ",,\"'''@x\",,,,\r\n"},
		{"{\"text\": \"'x\"}", ",,'x,,,,\r\n"},
		{"{\"text\": \"'\"}", ",,',,,,\r\n"},
		{"{\"price\": -1.5}", ",-1.5,,,,,\r\n"},
		{"{\"attributes\": {\"b\": [1, \"x\"]}}", ",,,\"{\"\"b\"\": [1, \"\"x\"\"]}\",,,\r\n"},
		{"{\"attributes.sector\": \"T\", \"attributes\": {}}", ",,,{},T,,\r\n"},
		{"{\"a\\\"b\": 1}", ",,,,,1,\r\n"},
		{"{\"other\": 1, \"attributes.sectors\": 2, \"\": 3, \"z\": 4}", ",,,,,,\r\n"},
		{"{}", ",,,,,,\r\n"},
		{"{\"text\": \"\"}", ",,,,,,\r\n"},
		{"{\"text\": \"\xC3\xA4\"}", ",,\xC3\xA4,,,,\r\n"},
	};

	is_str(written(FORMAT_CSV, NULL, 0, out), HEAD, "names");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char		expected[500];

		snprintf(expected, sizeof(expected), "%s%s", HEAD, cases[i].line);
		is_str(written(FORMAT_CSV, &cases[i].row, 1, out), expected, "%s", cases[i].row);
	}
}

/* A column is as often there as it was asked for. */
static void
check_doubles(Text *out)
{
	static const char *const columns[] = {"b", "a", "b", "c", "b", "c"};
	RowsText	state;

	text_clear(out);
	rows_begin(&state, FORMAT_CSV, columns, 6, out);
	rows_add(&state, span_of("{\"b\": 1, \"a\": 2, \"c\": 3}"), out);
	rows_add(&state, span_of("{\"c\": 4}"), out);
	rows_end(&state, out);
	rows_free(&state);
	is_str(out->data, "\xEF\xBB\xBF" "b,a,b,c,b,c\r\n1,2,1,3,1,3\r\n,,,4,,4\r\n", "columns twice and three times");
}

int
main(void)
{
	Text		out = {0};

	check_json(&out);
	check_csv(&out);
	check_doubles(&out);
	text_free(&out);
	return done();
}
