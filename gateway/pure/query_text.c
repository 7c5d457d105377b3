/*
 * gateway/pure/query_text.c
 *     What stands behind the '?', as a specification.
 *
 * Read once into pairs, which are then written as the members of the specification. Every name and value that leaves is a JSON
 * string that text_json() wrote, or a number, true or false that was read here.
 */
#include "query_text.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "routes.h"

#define NAME_MAX_BYTES 256
#define SELECT_MAX 256
#define LIMIT_DIGITS_MAX 9

/* Where something stands in the reader's pool, which moves as it grows. */
typedef struct Piece
{
	size_t		at;
	size_t		len;
} Piece;

typedef struct Condition
{
	Piece		field;
	Piece		operator;		/* of no length: equals */
	Piece		value;
	bool		written;
} Condition;

typedef struct Reader
{
	const QueryRules *rules;
	unsigned	asks;
	Query	   *query;
	Refused    *refused;
	Text		pool;
	Condition  *conditions;
	size_t		nconditions;
	size_t		nselect;
	Text		order_by;		/* JSON strings with commas between them */
	Text		select;
	Text		after;			/* a JSON string, or nothing */
	unsigned	said;			/* names of query_words that stood there */
} Reader;

/* What has a meaning of its own. Where a route does not take it, it is refused, and no field. */
typedef enum Word
{
	WORD_ORDER_BY, WORD_LIMIT, WORD_AFTER, WORD_COUNT, WORD_SELECT, WORD_AT, WORD_ATOMIC, WORDS
} Word;

static const struct
{
	const char *name;
	unsigned	asks;
	bool		repeats;
}			query_words[WORDS] = {
	[WORD_ORDER_BY] = {"orderBy", ASKS_PAGE, true},
	[WORD_LIMIT] = {"limit", ASKS_PAGE, false},
	[WORD_AFTER] = {"after", ASKS_PAGE, false},
	[WORD_COUNT] = {"count", ASKS_COUNT, false},
	[WORD_SELECT] = {"select", ASKS_SELECT, true},
	[WORD_AT] = {"at", ASKS_AT, false},
	[WORD_ATOMIC] = {"atomic", ASKS_ATOMIC, false},
};

/* Members that hold conditions, and are no field. */
static const char *const query_logic[] = {"and", "or", "not", "where"};

static Span
query_piece(const Reader *reader, Piece piece)
{
	return (Span) {reader->pool.data + piece.at, piece.len};
}

static bool
query_same(const Reader *reader, Piece one, Piece other)
{
	return one.len == other.len && memcmp(reader->pool.data + one.at, reader->pool.data + other.at, one.len) == 0;
}

static bool
query_decode(Reader *reader, Span encoded, Piece *piece)
{
	char		buffer[SHOWN_SIZE];

	piece->at = reader->pool.len;
	if (!bytes_decode(encoded, true, &reader->pool))
		return refuse(reader->refused, 400, "this is no percent-encoded UTF-8 text: %s", shown(encoded, buffer));
	piece->len = reader->pool.len - piece->at;
	/* Between two pieces stands a zero, so that each is a string of C too. */
	text_add(&reader->pool, "", 1);
	return true;
}

/* Names with commas between them, one JSON string after the other. names: NULL, or where each goes with a zero behind it. */
static bool
query_names(Reader *reader, const char *word, Span list, Text *out, Text *names)
{
	bool		more;

	do
	{
		Span		name;

		more = list.len > 0 && memchr(list.data, ',', list.len) != NULL;
		name = span_cut(&list, ',');
		if (name.len == 0 || name.len > NAME_MAX_BYTES)
			return refuse(reader->refused, 400, "%s is a list of fields with commas between them", word);
		if (out->len > 0)
			text_puts(out, ",");
		text_json(out, name.data, name.len);
		if (names != NULL)
		{
			if (++reader->nselect > SELECT_MAX)
				return refuse(reader->refused, 400, "select has more than %d fields", SELECT_MAX);
			text_add(names, name.data, name.len);
			text_add(names, "", 1);
		}
	} while (more);
	return true;
}

static bool
query_limit(Reader *reader, Span value)
{
	int64_t		limit = 0;

	if (value.len == 0 || value.len > LIMIT_DIGITS_MAX)
		return refuse(reader->refused, 400, "limit is a number of rows");
	for (size_t i = 0; i < value.len; i++)
	{
		if (value.data[i] < '0' || value.data[i] > '9')
			return refuse(reader->refused, 400, "limit is a number of rows");
		limit = limit * 10 + (value.data[i] - '0');
	}
	reader->query->limit = limit;
	return true;
}

static bool
query_count(Reader *reader, Span value)
{
	static const char *const counts[] = {[COUNT_NONE] = "none", [COUNT_EXACT] = "exact", [COUNT_ESTIMATED] = "estimated"};

	for (int i = 0; i <= COUNT_ESTIMATED; i++)
	{
		if (!span_is(value, counts[i]))
			continue;
		reader->query->count = (QueryCount) i;
		return true;
	}
	return refuse(reader->refused, 400, "count is none, exact or estimated");
}

static bool
query_boolean(Reader *reader, const char *word, Span value, bool *out)
{
	*out = span_is(value, "true");
	return *out || span_is(value, "false") || refuse(reader->refused, 400, "%s is true or false", word);
}

static bool
query_word(Reader *reader, Word word, Span value)
{
	const char *name = query_words[word].name;

	if ((query_words[word].asks & reader->asks) == 0)
		return refuse(reader->refused, 400, "this route takes no %s", name);
	if ((reader->said & (1U << word)) != 0 && !query_words[word].repeats)
		return refuse(reader->refused, 400, "%s stands there more than once", name);
	reader->said |= 1U << word;
	switch (word)
	{
		case WORD_ORDER_BY:
			return query_names(reader, name, value, &reader->order_by, NULL);
		case WORD_SELECT:
			return query_names(reader, name, value, &reader->select, &reader->query->select);
		case WORD_LIMIT:
			return query_limit(reader, value);
		case WORD_COUNT:
			return query_count(reader, value);
		case WORD_ATOMIC:
			reader->query->says_atomic = true;
			return query_boolean(reader, name, value, &reader->query->atomic);
		case WORD_AFTER:
			text_json(&reader->after, value.data, value.len);
			return true;
		case WORD_AT:
			if (value.len == 0 || value.len >= QUERY_AT_SIZE || memchr(value.data, '\0', value.len) != NULL)
				return refuse(reader->refused, 400, "at is a time with its zone (a + in it is written %%2B)");
			memcpy(reader->query->at, value.data, value.len);
			reader->query->at[value.len] = '\0';
			return true;
		case WORDS:
			break;
	}
	return false;
}

/* "orderQty[gte]" is a field and an operator. */
static bool
query_condition(Reader *reader, Piece name, Piece value)
{
	Span		text = query_piece(reader, name);
	const char *bracket = text.len > 0 ? memchr(text.data, '[', text.len) : NULL;
	Condition	condition = {.field = name, .value = value};
	char		buffer[SHOWN_SIZE];

	if ((reader->asks & ASKS_WHERE) == 0)
		return refuse(reader->refused, 400, "this route takes no %s", shown(text, buffer));
	if (bracket != NULL)
	{
		condition.field.len = (size_t) (bracket - text.data);
		condition.operator = (Piece) {name.at + condition.field.len + 1, text.len - condition.field.len - 1};
		if (condition.operator.len < 2 || text.data[text.len - 1] != ']')
			return refuse(reader->refused, 400, "an operator stands behind its field, as in orderQty[gte]: %s", shown(text, buffer));
		condition.operator.len--;
	}
	if (condition.field.len == 0 || text.len > NAME_MAX_BYTES)
		return refuse(reader->refused, 400, "a condition needs the name of a field: %s", shown(text, buffer));
	for (size_t i = 0; i < sizeof(query_logic) / sizeof(query_logic[0]); i++)
		if (span_is(query_piece(reader, condition.field), query_logic[i]))
			return refuse(reader->refused, 400, "%s is no field: POST a specification that has it", query_logic[i]);
	if (reader->nconditions == reader->rules->values_max)
		return refuse(reader->refused, 400, "more than %zu values", reader->rules->values_max);
	if (reader->nconditions % 16 == 0)
		reader->conditions = must_realloc(reader->conditions, (reader->nconditions + 16) * sizeof(Condition));
	reader->conditions[reader->nconditions++] = condition;
	return true;
}

static bool
query_pair(Reader *reader, Span pair)
{
	Span		name_text = span_cut(&pair, '=');
	Piece		name;
	Piece		value;

	if (!query_decode(reader, name_text, &name) || !query_decode(reader, pair, &value))
		return false;
	for (int word = 0; word < WORDS; word++)
		if (span_is(query_piece(reader, name), query_words[word].name))
			return query_word(reader, (Word) word, query_piece(reader, value));
	return query_condition(reader, name, value);
}

/* All that is said of the field with "equals" or "in" is one list. */
static void
query_write_list(Reader *reader, Condition *first, Text *out)
{
	size_t		start = out->len;
	size_t		values = 0;

	for (Condition *c = first; c < reader->conditions + reader->nconditions; c++)
	{
		Span		value = query_piece(reader, c->value);

		if (c->written || !query_same(reader, c->field, first->field) || !query_same(reader, c->operator, first->operator))
			continue;
		c->written = true;
		text_puts(out, values++ > 0 ? "," : "[");
		text_json(out, value.data, value.len);
	}
	/* A single one is itself, but the list of one that was asked for. */
	if (values == 1 && first->operator.len == 0)
		out->data[start] = ' ';
	else
		text_puts(out, "]");
}

static bool
query_write_condition(Reader *reader, Condition *c, Text *out)
{
	Span		field = query_piece(reader, c->field);
	Span		operator = query_piece(reader, c->operator);
	Span		value = query_piece(reader, c->value);
	bool		null;

	text_puts(out, "{");
	text_json(out, field.data, field.len);
	text_puts(out, ":");
	if (operator.len > 0)
	{
		text_puts(out, "{");
		text_json(out, operator.data, operator.len);
		text_puts(out, ":");
	}
	if (operator.len == 0 || span_is(operator, "in"))
		query_write_list(reader, c, out);
	else if (span_is(operator, "isNull"))
	{
		if (!query_boolean(reader, "isNull", value, &null))
			return false;
		text_puts(out, null ? "true" : "false");
	}
	else
		text_json(out, value.data, value.len);
	text_puts(out, operator.len > 0 ? "}}" : "}");
	return true;
}

static bool
query_write_where(Reader *reader, const QueryFixed *fixed, Text *out)
{
	size_t		conditions = 0;

	if (fixed == NULL && reader->nconditions == 0)
		return true;
	text_puts(out, "\"where\":{\"and\":[");
	if (fixed != NULL)
	{
		text_puts(out, "{");
		text_json(out, fixed->field, strlen(fixed->field));
		text_puts(out, ":");
		text_json(out, fixed->value, strlen(fixed->value));
		text_puts(out, "}");
	}
	for (size_t i = 0; i < reader->nconditions; i++)
	{
		if (reader->conditions[i].written)
			continue;
		if (++conditions > reader->rules->conditions_max)
			return refuse(reader->refused, 400, "more than %zu conditions", reader->rules->conditions_max);
		if (conditions > 1 || fixed != NULL)
			text_puts(out, ",");
		if (!query_write_condition(reader, &reader->conditions[i], out))
			return false;
	}
	text_puts(out, "]}");
	return true;
}

static void
query_write_member(Text *out, const char *name, const Text *list)
{
	if (list->len == 0)
		return;
	if (out->len > 1)
		text_puts(out, ",");
	text_printf(out, "\"%s\":[%s]", name, list->data);
}

static bool
query_write(Reader *reader, const QueryFixed *fixed)
{
	Text	   *out = &reader->query->spec;

	text_puts(out, "{");
	if (!query_write_where(reader, fixed, out))
		return false;
	query_write_member(out, "orderBy", &reader->order_by);
	if (reader->query->limit >= 0)
		text_printf(out, "%s\"limit\":%lld", out->len > 1 ? "," : "", (long long) reader->query->limit);
	if (reader->after.len > 0)
		text_printf(out, "%s\"after\":%s", out->len > 1 ? "," : "", reader->after.data);
	query_write_member(out, "select", &reader->select);
	text_puts(out, "}");
	return true;
}

bool
query_read(Span query_text, unsigned asks, const QueryRules *rules, const QueryFixed *fixed, Query *query, Refused *refused)
{
	Reader		reader = {.rules = rules, .asks = asks, .query = query, .refused = refused};
	bool		good = true;

	*query = (Query) {.limit = -1};
	while (good && query_text.len > 0)
	{
		Span		pair = span_cut(&query_text, '&');

		if (pair.len > 0)
			good = query_pair(&reader, pair);
	}
	good = good && query_write(&reader, fixed);
	text_free(&reader.pool);
	text_free(&reader.order_by);
	text_free(&reader.select);
	text_free(&reader.after);
	free(reader.conditions);
	return good;
}

void
query_free(Query *query)
{
	text_free(&query->spec);
	text_free(&query->select);
}

static void
query_add_uri(Text *out, Span text)
{
	for (size_t i = 0; i < text.len; i++)
	{
		unsigned char c = (unsigned char) text.data[i];

		if (c > 0x20 && c < 0x7F && strchr("\"<>\\^`{|}#", c) == NULL)
			text_add(out, text.data + i, 1);
		else
			text_printf(out, "%%%02X", c);
	}
}

void
query_next(Span query_text, Span cursor, Text *out)
{
	while (query_text.len > 0)
	{
		Span		pair = span_cut(&query_text, '&');
		Span		rest = pair;
		Text		name = {0};
		bool		after = bytes_decode(span_cut(&rest, '='), true, &name) && strcmp(name.data, "after") == 0;

		text_free(&name);
		if (after || pair.len == 0)
			continue;
		query_add_uri(out, pair);
		text_puts(out, "&");
	}
	text_puts(out, "after=");
	for (size_t i = 0; i < cursor.len; i++)
	{
		unsigned char c = (unsigned char) cursor.data[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.' || c == '~')
			text_add(out, cursor.data + i, 1);
		else
			text_printf(out, "%%%02X", c);
	}
}
