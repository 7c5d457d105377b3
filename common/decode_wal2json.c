/*
 * common/decode_wal2json.c
 *     The decoder of wal2json, format version 2: one JSON object a message.
 *
 * Knows nothing of partition roots: events come by their partition's name. There is no list of tables with a pattern,
 * so all of schema oms is asked for but what is told to be left out. Actions other than insert were not asked for and
 * are nothing, messages of pg_logical_emit_message() too: those are not even read, for they need not be text.
 * Keeps a buffer of the size of the longest message.
 */
#include "decode_row.h"
#include "json_scan.h"

#include <stdlib.h>
#include <string.h>

struct Decoder
{
	char	   *room;			/* for messages of up to len_max bytes */
	size_t		len_max;
};

/* The keys of a message that are looked at. */
typedef enum Key
{
	KEY_ACTION,
	KEY_XID,
	KEY_TIMESTAMP,
	KEY_LSN,
	KEY_NEXTLSN,
	KEY_SCHEMA,
	KEY_TABLE,
	KEYS
} Key;

/* Strings, but for the xid. A key of another kind counts as missing. */
typedef struct Message
{
	Span		keys[KEYS];		/* data is NULL where it is missing */
	Row			row;
} Message;

static const Span key_names[KEYS] = {
	[KEY_ACTION] = NAME("action"),
	[KEY_XID] = NAME("xid"),
	[KEY_TIMESTAMP] = NAME("timestamp"),
	[KEY_LSN] = NAME("lsn"),
	[KEY_NEXTLSN] = NAME("nextlsn"),
	[KEY_SCHEMA] = NAME("schema"),
	[KEY_TABLE] = NAME("table"),
};

static const Span key_columns = NAME("columns");
static const Span key_name = NAME("name");
static const Span key_value = NAME("value");

/* A number where there must be one, else text. */
static RowValue
column_value(int column, const ScanValue *value)
{
	ScanKind	right = column == COLUMN_SEQUENCE ? SCAN_NUMBER : SCAN_STRING;

	if (value->kind == SCAN_NULL)
		return (RowValue) {.kind = VALUE_NULL};
	return (RowValue) {.kind = value->kind == right ? VALUE_TEXT : VALUE_OTHER, .text = value->text};
}

/* {"name":...,"value":...} and what the options may add. */
static bool
read_column(JsonScan *scan, Row *row)
{
	ScanValue	name = {.kind = SCAN_NULL};
	ScanValue	value = {.kind = SCAN_NULL};
	bool		has_value = false;
	Span		key;
	int			column;

	scan_open(scan, '{');
	while (scan_member(scan, &key))
		if (span_equal(key, key_name))
			scan_value(scan, &name);
		else if (span_equal(key, key_value))
			has_value = scan_value(scan, &value);
		else
			scan_value(scan, &(ScanValue) {0});
	if (scan->bad || name.kind != SCAN_STRING || !has_value)
		return false;
	column = row_column(name.text);
	if (column >= 0)
	{
		if (row->values[column].kind != VALUE_ABSENT)
			return false;
		row->values[column] = column_value(column, &value);
	}
	return true;
}

static bool
read_columns(JsonScan *scan, Row *row)
{
	scan_open(scan, '[');
	while (scan_element(scan))
		if (!read_column(scan, row))
			return false;
	return !scan->bad;
}

static bool
read_key(JsonScan *scan, Span name, Message *message)
{
	ScanValue	value;

	if (!scan_value(scan, &value))
		return false;
	for (int i = 0; i < KEYS; i++)
		if (span_equal(name, key_names[i]))
			message->keys[i] = value.kind == (i == KEY_XID ? SCAN_NUMBER : SCAN_STRING) ? value.text : (Span) {NULL, 0};
	return true;
}

static bool
read_message(JsonScan *scan, Message *message)
{
	Span		key;

	scan_open(scan, '{');
	while (scan_member(scan, &key))
		if (span_equal(key, key_columns) ? !read_columns(scan, &message->row) : !read_key(scan, key, message))
			return false;
	return scan_end(scan);
}

static bool
parse_lsn(Span text, Lsn *lsn)
{
	char		copy[LSN_TEXT_SIZE];

	if (text.data == NULL || text.len >= sizeof(copy) || memchr(text.data, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	return lsn_parse(copy, lsn);
}

static bool
parse_xid(Span text, uint32_t *xid)
{
	int64_t		value;

	if (text.data == NULL || !decode_int64(text, &value) || value < 0 || value > UINT32_MAX)
		return false;
	*xid = (uint32_t) value;
	return true;
}

/* The next min to max digits as a number; text moves behind them. -1: there are fewer. */
static int
take_digits(Span *text, size_t min, size_t max)
{
	size_t		len = 0;
	int			value = 0;

	while (len < max && len < text->len && text->data[len] >= '0' && text->data[len] <= '9')
		value = value * 10 + (text->data[len++] - '0');
	*text = (Span) {text->data + len, text->len - len};
	return len >= min ? value : -1;
}

static bool
take_char(Span *text, char c)
{
	if (text->len == 0 || *text->data != c)
		return false;
	*text = (Span) {text->data + 1, text->len - 1};
	return true;
}

/* Days from 1970-01-01 in the Gregorian calendar, by counting years from March. */
static int64_t
days_of(int year, int month, int day)
{
	int64_t		y = month > 2 ? year : year - 1;
	int			m = month > 2 ? month - 3 : month + 9;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

/* Seconds that the zone is ahead: +05, -03:30, +00:19:32. */
static bool
take_zone(Span *text, int *seconds)
{
	bool		west = take_char(text, '-');
	int			hours;
	int			minutes = 0;
	int			rest = 0;

	if (!west && !take_char(text, '+'))
		return false;
	hours = take_digits(text, 2, 2);
	if (take_char(text, ':'))
		minutes = take_digits(text, 2, 2);
	if (take_char(text, ':'))
		rest = take_digits(text, 2, 2);
	*seconds = (hours * 3600 + minutes * 60 + rest) * (west ? -1 : 1);
	return hours >= 0 && minutes >= 0 && rest >= 0;
}

/* As PostgreSQL writes it in ISO style, in the zone of the session: 2026-11-23 04:28:58.52317+00. */
static bool
parse_time(Span text, int64_t *us)
{
	int			year;
	int			month;
	int			day;
	int			hour;
	int			minute;
	int			second;
	int			fraction = 0;
	int			zone;

	if (text.data == NULL || (year = take_digits(&text, 4, 6)) < 0 || !take_char(&text, '-') ||
		(month = take_digits(&text, 2, 2)) < 1 || !take_char(&text, '-') || (day = take_digits(&text, 2, 2)) < 1 ||
		!take_char(&text, ' ') || (hour = take_digits(&text, 2, 2)) < 0 || !take_char(&text, ':') ||
		(minute = take_digits(&text, 2, 2)) < 0 || !take_char(&text, ':') || (second = take_digits(&text, 2, 2)) < 0)
		return false;
	if (take_char(&text, '.'))
	{
		size_t		before = text.len;

		fraction = take_digits(&text, 1, 6);
		for (size_t len = before - text.len; len < 6 && fraction >= 0; len++)
			fraction *= 10;
	}
	if (fraction < 0 || month > 12 || day > 31 || hour > 24 || minute > 59 || second > 60 || !take_zone(&text, &zone) || text.len > 0)
		return false;
	*us = ((days_of(year, month, day) * 24 + hour) * 3600 + minute * 60 + second - zone) * 1000000 + fraction;
	return true;
}

/* What the message means, its text being JSON. */
static bool
interpret(const Message *message, Decoded *decoded)
{
	Span		action = message->keys[KEY_ACTION];

	if (action.data == NULL || action.len != 1)
		return false;
	switch (action.data[0])
	{
		case 'B':
			decoded->kind = DECODED_BEGIN;
			return parse_xid(message->keys[KEY_XID], &decoded->xid) && parse_lsn(message->keys[KEY_LSN], &decoded->commit_lsn) &&
				parse_time(message->keys[KEY_TIMESTAMP], &decoded->commit_time_us);
		case 'C':
			decoded->kind = DECODED_COMMIT;
			return parse_lsn(message->keys[KEY_LSN], &decoded->commit_lsn) && parse_lsn(message->keys[KEY_NEXTLSN], &decoded->end_lsn) &&
				parse_time(message->keys[KEY_TIMESTAMP], &decoded->commit_time_us);
		case 'I':
			decoded->kind = DECODED_EVENT;
			return message->row.schema.data != NULL && message->row.relation.data != NULL;
		case 'U':
		case 'D':
		case 'T':
		case 'M':
			return true;
		default:
			return false;
	}
}

static bool
decode(Decoder *decoder, const char *data, size_t len, Decoded *decoded, Problem *problem)
{
	static const char emitted[] = "{\"action\":\"M\"";
	Message		message = {0};
	JsonScan	scan;

	*decoded = (Decoded) {.kind = DECODED_NOTHING};
	if (len >= sizeof(emitted) - 1 && memcmp(data, emitted, sizeof(emitted) - 1) == 0)
		return true;
	if (decoder->room == NULL || len > decoder->len_max)
	{
		free(decoder->room);
		decoder->len_max = len;
		decoder->room = must_alloc(SCAN_ROOM(len));
	}
	scan_begin(&scan, data, len, decoder->room);
	if (!read_message(&scan, &message))
		return decode_refuse(problem, data, len, "wal2json sent a message that is no JSON of its format version 2, from byte %zu on",
							 (size_t) (scan.at - data));
	message.row.schema = message.keys[KEY_SCHEMA];
	message.row.relation = message.keys[KEY_TABLE];
	if (!interpret(&message, decoded))
		return decode_refuse(problem, data, len, "wal2json sent a message that lacks what this bridge asked for");
	return decoded->kind != DECODED_EVENT || row_decode(&message.row, decoded, problem);
}

/* A literal of the replication grammar: a quote is doubled, nothing else is special. */
static void
add_literal(Text *options, const char *value)
{
	text_puts(options, "'");
	for (const char *at = value; *at != '\0'; at++)
	{
		text_add(options, at, 1);
		if (*at == '\'')
			text_add(options, at, 1);
	}
	text_puts(options, "'");
}

/* wal2json takes a name as it is, with a backslash before each character that would end it or mean all. */
static void
add_table(Text *list, const char *table)
{
	text_puts(list, list->len > 0 ? ",oms." : "oms.");
	for (const char *at = table; *at != '\0'; at++)
	{
		if (strchr(" \t\n\v\f\r,.*\\", *at) != NULL)
			text_puts(list, "\\");
		text_add(list, at, 1);
	}
}

static void
start_options(Text *options, const char *publication, const char *const *other_tables)
{
	Text		list = {0};

	(void) publication;			/* wal2json knows none */
	for (; other_tables != NULL && *other_tables != NULL; other_tables++)
		add_table(&list, *other_tables);
	/* Messages by name of a sender that nobody is: there is no other way to ask for none. */
	text_puts(options, "(\"format-version\" '2', \"include-lsn\" 'true', \"include-xids\" 'true', \"include-timestamp\" 'true', "
			  "\"include-types\" 'false', \"include-transaction\" 'true', \"actions\" 'insert', "
			  "\"add-msg-prefixes\" 'oms_bridge.none', \"add-tables\" 'oms.*'");
	if (list.len > 0)
	{
		text_puts(options, ", \"filter-tables\" ");
		add_literal(options, list.data);
	}
	text_puts(options, ")");
	text_free(&list);
}

static Decoder *
create(void)
{
	Decoder    *decoder = must_alloc(sizeof(Decoder));

	*decoder = (Decoder) {0};
	return decoder;
}

static void
destroy(Decoder *decoder)
{
	if (decoder == NULL)
		return;
	free(decoder->room);
	free(decoder);
}

const DecoderClass decoder_wal2json = {
	.plugin = "wal2json",
	.start_options = start_options,
	.create = create,
	.decode = decode,
	.destroy = destroy,
};
