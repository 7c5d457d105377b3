/*
 * common/decode.c
 *     From what an output plugin sends to events: what the decoders share.
 *
 * Pure: keeps nothing, allocates nothing. Decides in one place, for every plugin, what an event is, what is none of
 * our business, and what must stop the program because publishing it or leaving it out would both be a guess.
 */
#include "decode_row.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define EXCERPT_BYTES 100

static const Span our_schema = NAME("oms");

static const Span column_names[EVENT_COLUMNS] = {
	[COLUMN_SEQUENCE] = NAME("sequence"),
	[COLUMN_ROOT_ID] = NAME("root_id"),
	[COLUMN_EVENT_TYPE] = NAME("event_type"),
	[COLUMN_PAYLOAD] = NAME("payload"),
	[COLUMN_HASH] = NAME("hash"),
	[COLUMN_AGGREGATE_ID] = NAME("aggregate_id"),
};

const DecoderClass *
decoder_class(const char *plugin)
{
	static const DecoderClass *const classes[] = {&decoder_pgoutput, &decoder_wal2json};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strcmp(classes[i]->plugin, plugin) == 0)
			return classes[i];
	return NULL;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "_2026_11" */
static bool
is_month_suffix(const char *at, size_t len)
{
	int			month;

	if (len != 8 || at[0] != '_' || at[5] != '_')
		return false;
	for (int i = 1; i < 8; i++)
		if (i != 5 && !is_digit(at[i]))
			return false;
	month = (at[6] - '0') * 10 + (at[7] - '0');
	return month >= 1 && month <= 12;
}

int
decode_table(Span schema, Span relation)
{
	if (!span_equal(schema, our_schema))
		return -1;
	for (int i = 0; i < EVENT_TABLES; i++)
	{
		size_t		len = strlen(event_tables[i].table);

		if (relation.len < len || memcmp(relation.data, event_tables[i].table, len) != 0)
			continue;
		if (relation.len == len || is_month_suffix(relation.data + len, relation.len - len))
			return i;
	}
	return -1;
}

int
row_column(Span name)
{
	for (int i = 0; i < EVENT_COLUMNS; i++)
		if (span_equal(name, column_names[i]))
			return i;
	return -1;
}

bool
decode_int64(Span text, int64_t *value)
{
	bool		negative = text.len > 0 && text.data[0] == '-';
	int64_t		sum = 0;

	/* Counted below zero: the lowest number has no positive twin. */
	if (text.len == (size_t) negative)
		return false;
	for (size_t i = negative; i < text.len; i++)
		if (!is_digit(text.data[i]) || __builtin_mul_overflow(sum, 10, &sum) ||
			__builtin_sub_overflow(sum, text.data[i] - '0', &sum))
			return false;
	if (!negative && sum == INT64_MIN)
		return false;
	*value = negative ? sum : -sum;
	return true;
}

/* Printable bytes as they are, others as \xNN. */
static void
excerpt(char *to, size_t room, const char *data, size_t len)
{
	size_t		used = 0;

	to[0] = '\0';
	for (size_t i = 0; i < len && i < EXCERPT_BYTES && used + 5 < room; i++)
	{
		unsigned char c = (unsigned char) data[i];

		used += (size_t) snprintf(to + used, room - used, c >= 0x20 && c < 0x7F ? "%c" : "\\x%02x", c);
	}
}

bool
decode_refuse(Problem *problem, const char *data, size_t len, const char *format,...)
{
	char		bytes[EXCERPT_BYTES * 4 + 1];
	char		what[512];
	va_list		args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	excerpt(bytes, sizeof(bytes), data, len);
	return problem_set(problem, REMEDY_STOP, NULL, "%s; the message has %zu bytes%s: %s", what, len,
					   len > EXCERPT_BYTES ? " and begins" : "", bytes);
}

/* What a value looks like when it is none; the hint says where that comes from. */
static bool
refuse_value(const Row *row, EventColumn column, Problem *problem)
{
	static const struct
	{
		const char *is;
		const char *hint;
	}			kinds[] = {
		[VALUE_ABSENT] = {"is missing", "Every event has it: a column list of the publication must name it (SELECT * FROM oms.create_slot() repairs that), and the table have it."},
		[VALUE_NULL] = {"is null", "Every event has it: was NOT NULL taken off the column?"},
		[VALUE_UNCHANGED] = {"was left out as unchanged", "That is for updates, and events are never updated."},
		[VALUE_TEXT] = {"cannot be right", NULL},
		[VALUE_NOT_HEX] = {"is not in hex", "Set bytea_output = 'hex' for the role that streams, in its database."},
		[VALUE_OTHER] = {"has a form that it cannot have", NULL},
	};
	const RowValue *value = &row->values[column];
	ValueKind	kind = value->kind == VALUE_TEXT && column == COLUMN_HASH ? VALUE_NOT_HEX : value->kind;
	bool		shown = kind == VALUE_TEXT || kind == VALUE_NOT_HEX;
	char		bytes[EXCERPT_BYTES * 4 + 1];

	excerpt(bytes, sizeof(bytes), value->text.data, shown ? value->text.len : 0);
	return problem_set(problem, REMEDY_STOP, kinds[kind].hint, "column \"%s\" of an event in %.*s.%.*s %s%s%s", column_names[column].data,
					   (int) row->schema.len, row->schema.data, (int) row->relation.len, row->relation.data,
					   kinds[kind].is, shown ? ": " : "", bytes);
}

static bool
is_lower_hex(Span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_digit(text.data[i]) && !(text.data[i] >= 'a' && text.data[i] <= 'f'))
			return false;
	return text.len > 0 && text.len % 2 == 0;
}

/* Of the event that the row is; *wrong is the column that cannot be. */
static bool
fill_event(const Row *row, Decoded *decoded, EventColumn *wrong)
{
	for (int i = 0; i < EVENT_COLUMNS_NEEDED; i++)
	{
		*wrong = (EventColumn) i;
		if (row->values[i].kind != VALUE_TEXT)
			return false;
	}
	decoded->key = row->values[COLUMN_ROOT_ID].text;
	decoded->type = row->values[COLUMN_EVENT_TYPE].text;
	decoded->payload = row->values[COLUMN_PAYLOAD].text;
	decoded->hash = row->values[COLUMN_HASH].text;
	if (row->values[COLUMN_AGGREGATE_ID].kind == VALUE_TEXT)
		decoded->id = row->values[COLUMN_AGGREGATE_ID].text;

	/* 0 means "before the first" everywhere. */
	*wrong = COLUMN_SEQUENCE;
	if (!decode_int64(row->values[COLUMN_SEQUENCE].text, &decoded->sequence) || decoded->sequence <= 0)
		return false;
	*wrong = COLUMN_HASH;
	if (!is_lower_hex(decoded->hash))
		return false;
	/* An empty value would be read as a tombstone; no jsonb is empty. */
	*wrong = COLUMN_PAYLOAD;
	return decoded->payload.len > 0;
}

static bool
looks_like_event(const Row *row)
{
	for (int i = 0; i < EVENT_COLUMNS_NEEDED; i++)
		if (row->values[i].kind == VALUE_ABSENT)
			return false;
	return true;
}

bool
row_decode(const Row *row, Decoded *decoded, Problem *problem)
{
	EventColumn wrong;

	decoded->table = decode_table(row->schema, row->relation);
	if (decoded->table < 0)
	{
		if (looks_like_event(row))
			return problem_set(problem, REMEDY_STOP,
							   "If the table is a renamed partition, give it its name back; if it is none of ours, take it out of the publication.",
							   "a row of %.*s.%.*s has the columns of an event, but that is no name of an event table or of its partition for a month",
							   (int) row->schema.len, row->schema.data, (int) row->relation.len, row->relation.data);
		decoded->kind = DECODED_NOTHING;
		return true;
	}
	if (!fill_event(row, decoded, &wrong))
		return refuse_value(row, wrong, problem);
	decoded->kind = DECODED_EVENT;
	return true;
}
