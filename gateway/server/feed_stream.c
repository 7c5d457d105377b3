/*
 * gateway/server/feed_stream.c
 *     Events from where the snapshot ends.
 *
 * An event is applied where it follows by its version. Of what does not follow, or cannot be read, the object is asked for.
 */
#include "feed_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "decode.h"
#include "json_parts.h"
#include "log.h"

#define SLICE_MESSAGES 256
#define SLICE_PURGED 20000
#define STATUS_MS 10000
#define COLLECT_MS 1000			/* trees that are purged go together */

static Decoder *decoder;
static LiveObject objects[EVENT_TABLES];	/* LIVE_OBJECTS: of no interest */
static int	purged_table;
static Lsn	confirmed;
static Clock status_clock;
static Clock purged_clock;

static const char *const stream_tables[LIVE_OBJECTS] = {
	[LIVE_ORDERS] = "order_events", [LIVE_EXECUTIONS] = "execution_events", [LIVE_QUOTE_REQUESTS] = "quote_request_events", [LIVE_QUOTES] = "quote_events",
};

static void
stream_learn_tables(void)
{
	for (int table = 0; table < EVENT_TABLES; table++)
	{
		int			object = 0;

		while (object < LIVE_OBJECTS && strcmp(stream_tables[object], event_tables[table].table) != 0)
			object++;
		objects[table] = (LiveObject) object;
		if (strcmp(event_tables[table].table, "purged_trees") == 0)
			purged_table = table;
	}
}

/* ---- what comes ---- */

static void
stream_purge(Clock *clock)
{
	if (purged_sweep(feed.purged, SLICE_PURGED))
		feed_settled();
	else
		loop_ring_in(clock, 0);
}

static void
stream_purged(Span root)
{
	purged_add(feed.purged, root);
	if (purged_clock.at_us == 0)
		loop_ring_in(&purged_clock, COLLECT_MS);
}

static void
stream_event(LiveObject object, const Decoded *event)
{
	const Schema *schema = live_store(feed.live, object)->schema;
	Refused		refused = {0};
	Span		value;
	Span		id = event->id;
	int64_t		version = parts_find(event->payload, "version", &value) ? atoll(value.data) : 0;
	LiveResult	result = LIVE_BAD;

	/* What was there under this name is gone before what comes is looked at. */
	if (purged_has(feed.purged, event->key))
		while (!purged_sweep(feed.purged, UINT32_MAX))
			continue;
	feed.state.events++;
	if (parts_find(event->payload, "state", &value) && cells_of_state(schema, value, &feed.cells, &refused))
	{
		result = live_put(feed.live, object, feed.cells.spans, false, &refused);
		if (id.data == NULL)
			id = feed.cells.spans[schema->id];
	}
	feed.state.old += result == LIVE_OLD;
	feed.state.bad += result == LIVE_BAD || result == LIVE_FULL;
	if (result == LIVE_FULL)
		log_error("feed: a row of %s is left out: %s", schema->object, refused.detail);
	if (result != LIVE_GAP && result != LIVE_BAD)
		return;
	if (id.data != NULL)
		feed_asks_add(object, id, version);
	else
		feed_lost("read the stream", "an event that cannot be read, and does not say of what");
}

static bool
stream_data(Span data)
{
	Decoded		decoded;
	Problem		problem = {0};
	int64_t		lag_us;

	if (!decoder_pgoutput.decode(decoder, data.data, data.len, &decoded, &problem))
	{
		feed_lost("read the stream", problem.text);
		return false;
	}
	if (decoded.kind == DECODED_EVENT && decoded.table == purged_table)
		stream_purged(decoded.key);
	else if (decoded.kind == DECODED_EVENT && objects[decoded.table] != LIVE_OBJECTS)
		stream_event(objects[decoded.table], &decoded);
	else if (decoded.kind == DECODED_COMMIT)
	{
		lag_us = wall_us() - decoded.commit_time_us;
		confirmed = decoded.end_lsn;
		feed.state.lag_ms = lag_us > 0 ? lag_us / 1000 : 0;
		feed_reached(decoded.end_lsn);
	}
	return feed.streams;
}

/* ping: PostgreSQL answers it, and so it is known that it is there. */
static void
stream_confirm(bool ping)
{
	Problem		problem = {0};

	if (!replication_status(feed.stream.replication, confirmed, confirmed, ping, &problem))
		feed_lost("answer the stream", problem.text);
	else
		feed_flush(&feed.stream);
}

/* False: that was all for now. */
static bool
stream_receive(void)
{
	Problem		problem = {0};
	Received	received = replication_receive(feed.stream.replication, &problem);

	switch (received.kind)
	{
		case RECEIVED_NOTHING:
			return false;
		case RECEIVED_DATA:
			return stream_data(received.data);
		case RECEIVED_KEEPALIVE:
			if (received.wal_end > confirmed)
				confirmed = received.wal_end;
			if (received.reply)
				stream_confirm(false);
			return feed.streams;
		case RECEIVED_END:
		case RECEIVED_FAILURE:
			break;
	}
	feed_lost("go on with the stream", problem.text);
	return false;
}

static void
stream_read(void)
{
	int			messages = 0;

	while (messages < SLICE_MESSAGES && stream_receive())
		messages++;
	if (messages == SLICE_MESSAGES)
		feed_more(&feed.stream);
}

/* ---- begin and end ---- */

static void
stream_status(Clock *clock)
{
	loop_ring_in(clock, STATUS_MS);
	stream_confirm(true);
}

void
feed_stream_begin(void)
{
	log_info("feed: live from %s on: %u orders, %u executions", feed.start_at, live_store(feed.live, LIVE_ORDERS)->count, live_store(feed.live, LIVE_EXECUTIONS)->count);
	stream_learn_tables();
	decoder = decoder_pgoutput.create();
	status_clock = (Clock) {.ring = stream_status};
	purged_clock = (Clock) {.ring = stream_purge};
	feed.stream.streams = stream_read;
	feed.streams = true;
	feed.state.loaded = true;
	feed.state.stale_us = 0;
	feed.state.snapshots++;
	lsn_parse(feed.start_at, &confirmed);
	feed_reached(confirmed);
	loop_ring_in(&status_clock, STATUS_MS);
	stream_read();
}

void
feed_stream_end(void)
{
	loop_stop_clock(&status_clock);
	loop_stop_clock(&purged_clock);
	purged_clear(feed.purged);
	decoder_pgoutput.destroy(decoder);
	decoder = NULL;
	feed.streams = false;
}
