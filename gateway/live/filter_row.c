/*
 * gateway/live/filter_row.c
 *     What people type above a column.
 */
#include "filter_row.h"

#include <string.h>

#include "bytes.h"
#include "like.h"

#define ROW_VALUES_MAX 1000
#define SEARCH_WORDS_MAX 16

typedef struct RowReader
{
	const Field *field;
	Span		name;			/* as it goes into the condition */
	Refused    *refused;
	Text	   *out;
} RowReader;

typedef struct RowValue
{
	Text		text;			/* without quotes */
	Text		pattern;		/* as LIKE has it */
	bool		quoted;			/* nothing in it means anything else */
	bool		wild;			/* it has '*' or '?' */
} RowValue;

static void
value_free(RowValue *value)
{
	text_free(&value->text);
	text_free(&value->pattern);
}

static void
value_add(RowValue *value, const char *c)
{
	text_add(&value->text, c, 1);
	like_escape((Span) {c, 1}, &value->pattern);
}

/* Between quotes; two of them are one. */
static bool
value_read_quoted(RowReader *reader, Span *rest, RowValue *value)
{
	size_t		i = 1;

	value->quoted = true;
	while (i < rest->len)
	{
		bool		quote = rest->data[i] == '"';

		if (quote && (i + 1 == rest->len || rest->data[i + 1] != '"'))
		{
			*rest = (Span) {rest->data + i + 1, rest->len - i - 1};
			return true;
		}
		value_add(value, rest->data + i);
		i += 1 + quote;
	}
	return refuse(reader->refused, 400, "a quote is missing");
}

static void
value_read_plain(Span *rest, RowValue *value)
{
	size_t		len = 0;
	Span		word;

	while (len < rest->len && rest->data[len] != ',')
		len++;
	word = span_trim((Span) {rest->data, len});
	*rest = (Span) {rest->data + len, rest->len - len};
	for (size_t i = 0; i < word.len; i++)
	{
		bool		any = word.data[i] == '*';

		if (!any && word.data[i] != '?')
		{
			value_add(value, word.data + i);
			continue;
		}
		value->wild = true;
		text_add(&value->text, word.data + i, 1);
		text_puts(&value->pattern, any ? "%" : "_");
	}
}

/* Up to the next comma outside quotes, which is passed over. */
static bool
value_read(RowReader *reader, Span *rest, RowValue *value)
{
	*rest = span_trim(*rest);
	if (rest->len == 0 || rest->data[0] != '"')
		value_read_plain(rest, value);
	else if (!value_read_quoted(reader, rest, value))
		return false;
	*rest = span_trim(*rest);
	if (rest->len == 0)
		return true;
	if (rest->data[0] != ',')
		return refuse(reader->refused, 400, "behind a quote stands a comma or nothing");
	*rest = (Span) {rest->data + 1, rest->len - 1};
	return true;
}

static void
write_field(RowReader *reader, const char *operator)
{
	text_puts(reader->out, "{");
	text_json(reader->out, reader->name.data, reader->name.len);
	text_printf(reader->out, ":{\"%s\":", operator);
}

static void
write_compare(RowReader *reader, const char *operator, Span value)
{
	write_field(reader, operator);
	text_json(reader->out, value.data != NULL ? value.data : "", value.len);
	text_puts(reader->out, "}}");
}

static bool
row_is_text(const RowReader *reader)
{
	return reader->field->type == FIELD_TEXT || reader->field->type == FIELD_DOCUMENT;
}

/* One value of a list: nothing, a pattern, or itself. */
static bool
row_value(RowReader *reader, RowValue *value)
{
	char		buffer[SHOWN_SIZE];

	if (!value->quoted && value->text.len == 1 && value->text.data[0] == '-')
	{
		write_field(reader, "isNull");
		text_puts(reader->out, "true}}");
		return true;
	}
	if (value->text.len == 0 && !value->quoted)
		return refuse(reader->refused, 400, "between two commas nothing stands");
	if (!value->wild)
		write_compare(reader, "eq", (Span) {value->text.data, value->text.len});
	else if (row_is_text(reader))
		write_compare(reader, "ilike", (Span) {value->pattern.data, value->pattern.len});
	else
		return refuse(reader->refused, 400, "* and ? stand in texts alone: %s", shown((Span) {value->text.data, value->text.len}, buffer));
	return true;
}

static bool
row_list(RowReader *reader, Span typed)
{
	bool		good = true;

	text_puts(reader->out, "{\"or\":[");
	for (int count = 0; good && (count == 0 || typed.len > 0); count++)
	{
		RowValue	value = {.quoted = false};

		if (count == ROW_VALUES_MAX)
			return refuse(reader->refused, 400, "more than %d values", ROW_VALUES_MAX);
		if (count > 0)
			text_puts(reader->out, ",");
		good = value_read(reader, &typed, &value) && row_value(reader, &value);
		value_free(&value);
	}
	text_puts(reader->out, "]}");
	return good;
}

/* One value behind an operator. */
static bool
row_compare(RowReader *reader, const char *operator, Span typed)
{
	RowValue	value = {.quoted = false};
	bool		good = value_read(reader, &typed, &value);

	if (good && (typed.len > 0 || (value.text.len == 0 && !value.quoted)))
		good = refuse(reader->refused, 400, "behind %s stands one value", operator);
	if (good)
		write_compare(reader, operator, (Span) {value.text.data, value.text.len});
	value_free(&value);
	return good;
}

static bool
row_range(RowReader *reader, Span low, Span high)
{
	low = span_trim(low);
	high = span_trim(high);
	if (low.len == 0 && high.len == 0)
		return refuse(reader->refused, 400, "a range has an end");
	text_puts(reader->out, "{\"and\":[");
	if (low.len > 0 && !row_compare(reader, "gte", low))
		return false;
	if (low.len > 0 && high.len > 0)
		text_puts(reader->out, ",");
	if (high.len > 0 && !row_compare(reader, "lte", high))
		return false;
	text_puts(reader->out, "]}");
	return true;
}

static const char *
find_range(Span typed)
{
	bool		quoted = false;

	for (size_t i = 0; i + 1 < typed.len; i++)
	{
		quoted ^= typed.data[i] == '"';
		if (!quoted && typed.data[i] == '.' && typed.data[i + 1] == '.')
			return typed.data + i;
	}
	return NULL;
}

static bool
row_read(RowReader *reader, Span typed)
{
	static const struct
	{
		const char *sign;
		const char *operator;
	}			signs[] = {{">=", "gte"}, {"<=", "lte"}, {">", "gt"}, {"<", "lt"}, {"=", "eq"}};
	const char *range;

	typed = span_trim(typed);
	if (typed.len > 0 && typed.data[0] == '!')
	{
		text_puts(reader->out, "{\"not\":");
		if (!row_read(reader, (Span) {typed.data + 1, typed.len - 1}))
			return false;
		text_puts(reader->out, "}");
		return true;
	}
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
	{
		size_t		len = strlen(signs[i].sign);

		if (typed.len >= len && memcmp(typed.data, signs[i].sign, len) == 0)
			return row_compare(reader, signs[i].operator, (Span) {typed.data + len, typed.len - len});
	}
	range = find_range(typed);
	if (range != NULL)
		return row_range(reader, (Span) {typed.data, (size_t) (range - typed.data)}, (Span) {range + 2, (size_t) (typed.data + typed.len - range - 2)});
	return row_list(reader, typed);
}

bool
filter_row(const Schema *schema, Span field, Span typed, Text *where, Refused *refused)
{
	Span		first = field;
	int			number;
	RowReader	reader = {.name = field, .refused = refused, .out = where};
	char		buffer[SHOWN_SIZE];

	first = span_cut(&first, '.');
	number = schema_field(schema, first);
	if (number == FIELD_NONE)
		return refuse(refused, schema_elsewhere(schema, first) ? 422 : 400, "%s is no field of %s that is kept in memory", shown(field, buffer), schema->object);
	reader.field = &schema->fields[number];
	typed = span_trim(typed);
	if (typed.len > 0)
		return row_read(&reader, typed);
	text_puts(where, "{}");
	return true;
}

bool
filter_search(const char *const *fields, Span typed, Text *where, Refused *refused)
{
	int			words = 0;

	text_puts(where, "{\"and\":[");
	for (Span rest = span_trim(typed); rest.len > 0; rest = span_trim(rest))
	{
		Span		word = span_cut(&rest, ' ');
		Text		pattern = {0};

		if (words == SEARCH_WORDS_MAX)
			return refuse(refused, 400, "more than %d words", SEARCH_WORDS_MAX);
		text_puts(&pattern, "%");
		like_escape(word, &pattern);
		text_puts(&pattern, "%");
		text_puts(where, words++ > 0 ? ",{\"or\":[" : "{\"or\":[");
		for (int i = 0; fields[i] != NULL; i++)
		{
			RowReader	reader = {.name = span_of(fields[i]), .out = where};

			if (i > 0)
				text_puts(where, ",");
			write_compare(&reader, "ilike", (Span) {pattern.data, pattern.len});
		}
		text_puts(where, "]}");
		text_free(&pattern);
	}
	text_puts(where, "]}");
	return true;
}
