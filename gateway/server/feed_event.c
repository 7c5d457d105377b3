/*
 * gateway/server/feed_event.c
 *     A message of pgoutput.
 */
#include "feed_event.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define TABLES_MAX 64
#define EPOCH_US INT64_C(946684800000000)	/* PostgreSQL's, 2000-01-01 */

typedef struct EventTable
{
	uint32_t	oid;
	LiveObject	object;			/* LIVE_OBJECTS: of no interest */
	int			id;				/* columns; -1: there is none */
	int			payload;
} EventTable;

typedef struct Reader
{
	const unsigned char *at;
	const unsigned char *end;
	bool		bad;
} Reader;

static EventTable tables[TABLES_MAX];
static int	ntables;

static const char *const event_tables[LIVE_OBJECTS] = {
	[LIVE_ORDERS] = "order_events", [LIVE_EXECUTIONS] = "execution_events", [LIVE_QUOTE_REQUESTS] = "quote_request_events", [LIVE_QUOTES] = "quote_events",
};

static uint64_t
read_number(Reader *reader, int bytes)
{
	uint64_t	number = 0;

	if (reader->end - reader->at < bytes)
	{
		reader->bad = true;
		return 0;
	}
	while (bytes-- > 0)
		number = number << 8 | *reader->at++;
	return number;
}

static Span
read_bytes(Reader *reader, size_t len)
{
	Span		span = {(const char *) reader->at, len};

	if ((size_t) (reader->end - reader->at) < len)
	{
		reader->bad = true;
		return (Span) {"", 0};
	}
	reader->at += len;
	return span;
}

static Span
read_string(Reader *reader)
{
	const void *zero = memchr(reader->at, '\0', (size_t) (reader->end - reader->at));
	Span		string;

	if (zero == NULL)
	{
		reader->bad = true;
		return (Span) {"", 0};
	}
	string = read_bytes(reader, (size_t) ((const unsigned char *) zero - reader->at));
	reader->at++;
	return string;
}

void
feed_event_forget(void)
{
	ntables = 0;
}

static EventTable *
event_table(uint32_t oid)
{
	for (int i = 0; i < ntables; i++)
		if (tables[i].oid == oid)
			return &tables[i];
	return NULL;
}

static bool
read_table(Reader *reader)
{
	uint32_t	oid = (uint32_t) read_number(reader, 4);
	EventTable	table = {.oid = oid, .object = LIVE_OBJECTS, .id = -1, .payload = -1};
	EventTable *known = event_table(oid);
	Span		schema = read_string(reader);
	Span		name = read_string(reader);
	int			columns;

	for (int object = 0; object < LIVE_OBJECTS && span_is(schema, "oms"); object++)
		if (span_is(name, event_tables[object]))
			table.object = (LiveObject) object;
	read_number(reader, 1);
	columns = (int) read_number(reader, 2);
	for (int i = 0; i < columns && !reader->bad; i++)
	{
		Span		column;

		read_number(reader, 1);
		column = read_string(reader);
		read_number(reader, 8);
		if (span_is(column, "aggregate_id"))
			table.id = i;
		else if (span_is(column, "payload"))
			table.payload = i;
	}
	if (reader->bad || (known == NULL && ntables == TABLES_MAX))
		return false;
	if (table.object != LIVE_OBJECTS && table.payload < 0)
		return false;
	*(known != NULL ? known : &tables[ntables++]) = table;
	return true;
}

static bool
read_row(Reader *reader, FeedEvent *event)
{
	const EventTable *table = event_table((uint32_t) read_number(reader, 4));
	int			columns;

	if (table == NULL || read_number(reader, 1) != 'N')
		return false;
	if (table->object == LIVE_OBJECTS)
		return true;
	event->what = FEED_ROW;
	event->object = table->object;
	columns = (int) read_number(reader, 2);
	for (int i = 0; i < columns && !reader->bad; i++)
	{
		Span		value;

		if (read_number(reader, 1) != 't')
			continue;
		value = read_bytes(reader, (size_t) read_number(reader, 4));
		if (i == table->id)
			event->id = value;
		else if (i == table->payload)
			event->payload = value;
	}
	return !reader->bad && event->payload.data != NULL;
}

bool
feed_event_read(Span message, FeedEvent *event)
{
	Reader		reader = {(const unsigned char *) message.data, (const unsigned char *) message.data + message.len, false};

	*event = (FeedEvent) {.what = FEED_NOTHING};
	switch ((char) read_number(&reader, 1))
	{
		case 'R':
			return read_table(&reader);
		case 'I':
			return read_row(&reader, event);
		case 'C':
			read_number(&reader, 9);
			event->what = FEED_COMMIT;
			event->position = read_number(&reader, 8);
			event->at_us = (int64_t) read_number(&reader, 8) + EPOCH_US;
			return !reader.bad;
		default:
			return !reader.bad;
	}
}
