/*
 * gateway/server/feed.c
 *     What happens in the store, as the live engine has it.
 *
 * Two connections: one of replication, whose slot exports its snapshot, and one that reads that snapshot by COPY. Then the first one
 * streams from where the snapshot ends, and the second answers what the stream cannot say: an object of which an event is missing or
 * cannot be read, and whether trees were purged. Whatever fails closes both, and begins anew after a pause.
 *
 * All of it in slices of the one loop: requests are answered between two of them.
 */
#include "feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "bytes.h"
#include "cells.h"
#include "feed_event.h"
#include "json_parts.h"
#include "log.h"
#include "loop.h"

#define SLICE_ROWS 2000
#define SLICE_MESSAGES 256
#define SLICE_BUILD 20000
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
#define STATUS_MS 10000
#define ASK_AGAIN_MS 50
#define ASKS_MAX 40				/* a commit is seen by others a little later than by us */
#define PURGED "SELECT coalesce(max(sequence), 0) FROM oms.purged_trees"

typedef enum FeedPhase
{
	FEED_PAUSE,
	FEED_CONNECT,
	FEED_SLOT,
	FEED_CONNECT_ASK,
	FEED_BEGIN,
	FEED_LOOK,					/* what was purged before the snapshot */
	FEED_COPY,
	FEED_END,
	FEED_STREAM
} FeedPhase;

typedef struct FeedAsk
{
	LiveObject	object;
	char	   *id;
	int64_t		version;		/* at least */
	int			tries;
	struct FeedAsk *next;
} FeedAsk;

typedef struct FeedConnection
{
	PGconn	   *pg;
	Watch		watch;
	bool		up;
} FeedConnection;

static const Options *options;
static Live *live;
static FeedState state;
static FeedPhase phase;
static FeedConnection stream;
static FeedConnection ask;
static Clock pause_clock;
static Clock slice_clock;
static Clock status_clock;
static Clock ask_clock;
static Clock build_clock;
static int64_t pause_ms = PAUSE_MIN_MS;
static char start_at[64];
static char snapshot[64];
static LiveObject copied;
static bool copying;			/* the COPY of the present object has begun */
static Cells cells;
static uint64_t confirmed;
static FeedAsk *asks;			/* the first one is on its way where ask_runs */
static bool ask_runs;
static bool ask_found;
static bool look_runs;
static bool look_due;
static bool purged_more;
static char purged[24];

static void feed_connect(Clock *clock);
static void feed_stream_ready(Watch *watch, uint32_t events);
static void feed_ask_ready(Watch *watch, uint32_t events);
static void feed_ask_next(Clock *clock);

Live *
feed_live(void)
{
	return live;
}

const FeedState *
feed_state(void)
{
	return &state;
}

/* ---- connections ---- */

static void
feed_close(FeedConnection *connection)
{
	loop_forget(&connection->watch);
	if (connection->pg != NULL)
		PQfinish(connection->pg);
	connection->pg = NULL;
	connection->up = false;
}

static void
feed_drop_ask(void)
{
	FeedAsk    *first = asks;

	asks = first->next;
	free(first->id);
	free(first);
}

static void
feed_close_all(void)
{
	feed_close(&stream);
	feed_close(&ask);
	loop_stop_clock(&slice_clock);
	loop_stop_clock(&status_clock);
	loop_stop_clock(&ask_clock);
	while (asks != NULL)
		feed_drop_ask();
	ask_runs = look_runs = look_due = copying = false;
	feed_event_forget();
}

static void
feed_stale(void)
{
	if (state.stale_us == 0)
		state.stale_us = wall_us();
}

/* Both are closed, and what is in memory is what it was. */
static void
feed_lost(const char *what, const char *why)
{
	if (phase == FEED_STREAM || pause_ms == PAUSE_MIN_MS)
		log_warning("feed: %s: %.*s", what, (int) strcspn(why, "\n"), why);
	feed_stale();
	state.losses++;
	feed_close_all();
	phase = FEED_PAUSE;
	loop_ring_in(&pause_clock, pause_ms);
	pause_ms = pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause_ms * 2;
}

static void
feed_flush(FeedConnection *connection)
{
	int			left = PQflush(connection->pg);

	loop_watch(&connection->watch, left > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static bool
feed_open(FeedConnection *connection, bool replication)
{
	const char *names[] = {"dbname", "replication", "fallback_application_name", "client_encoding", NULL};
	const char *values[] = {options->feed_dsn, replication ? "database" : NULL, "oms_gateway feed", "UTF8", NULL};

	connection->pg = PQconnectStartParams(names, values, 1);
	if (connection->pg == NULL || PQstatus(connection->pg) == CONNECTION_BAD)
		return false;
	connection->watch = (Watch) {.fd = PQsocket(connection->pg), .ready = replication ? feed_stream_ready : feed_ask_ready};
	loop_watch(&connection->watch, EPOLLOUT);
	return true;
}

/* True once it is there. The descriptor may become another one on the way. */
static bool
feed_poll(FeedConnection *connection)
{
	PostgresPollingStatusType polled;

	loop_forget(&connection->watch);
	polled = PQconnectPoll(connection->pg);
	if (polled == PGRES_POLLING_FAILED)
	{
		char		why[300];

		snprintf(why, sizeof why, "%s", PQerrorMessage(connection->pg));
		feed_lost("cannot connect to PostgreSQL", why);
		return false;
	}
	connection->watch.fd = PQsocket(connection->pg);
	loop_watch(&connection->watch, polled == PGRES_POLLING_WRITING ? EPOLLOUT : EPOLLIN);
	connection->up = polled == PGRES_POLLING_OK;
	if (connection->up)
		PQsetnonblocking(connection->pg, 1);
	return connection->up;
}

static void
feed_send(FeedConnection *connection, const char *sql)
{
	if (PQsendQuery(connection->pg, sql) == 0)
		feed_lost("cannot ask", PQerrorMessage(connection->pg));
	else
		feed_flush(connection);
}

static void
feed_connect(Clock *clock)
{
	(void) clock;
	phase = FEED_CONNECT;
	if (!feed_open(&stream, true))
		feed_lost("cannot connect to PostgreSQL", stream.pg != NULL ? PQerrorMessage(stream.pg) : "no memory");
}

/* ---- the snapshot ---- */

static void
feed_slot_begin(void)
{
	char		sql[160];

	phase = FEED_SLOT;
	snprintf(sql, sizeof sql, "CREATE_REPLICATION_SLOT oms_gateway_%d_%d TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT", (int) getpid(), PQbackendPID(stream.pg));
	feed_send(&stream, sql);
}

static void
feed_slot_made(const PGresult *result)
{
	snprintf(start_at, sizeof start_at, "%s", PQgetvalue(result, 0, 1));
	snprintf(snapshot, sizeof snapshot, "%s", PQgetvalue(result, 0, 2));
	if (start_at[strspn(start_at, "0123456789ABCDEF/")] != '\0' || snapshot[strspn(snapshot, "0123456789ABCDEF-")] != '\0')
	{
		feed_lost("a slot without a snapshot", start_at);
		return;
	}
	phase = FEED_CONNECT_ASK;
	if (!feed_open(&ask, false))
		feed_lost("cannot connect to PostgreSQL", ask.pg != NULL ? PQerrorMessage(ask.pg) : "no memory");
}

static void
feed_begin(void)
{
	char		sql[200];

	phase = FEED_BEGIN;
	snprintf(sql, sizeof sql, "SET statement_timeout = 0; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '%s'", snapshot);
	feed_send(&ask, sql);
}

static void
feed_copy(void)
{
	Text		sql = {0};

	phase = FEED_COPY;
	copying = false;
	cells_copy_query(live_store(live, copied)->schema, &sql);
	feed_send(&ask, sql.data);
	text_free(&sql);
}

/* A row as it stands in the database: also where that was set back, and has an older one. */
static void
feed_whole(LiveObject object, Span line)
{
	const Schema *schema = live_store(live, object)->schema;
	Refused		refused = {0};
	LiveResult	result = LIVE_BAD;

	if (line.len > 0 && line.data[line.len - 1] == '\n')
		line.len--;
	if (cells_of_copy(schema, line, &cells, &refused))
		result = live_put(live, object, cells.spans, true, &refused);
	if (result == LIVE_BAD || result == LIVE_FULL)
	{
		state.bad++;
		log_error("feed: a row of %s is left out: %s", schema->object, refused.detail);
	}
}

static void
feed_start_stream(void)
{
	char		sql[300];

	phase = FEED_STREAM;
	snprintf(sql, sizeof sql, "START_REPLICATION SLOT oms_gateway_%d_%d LOGICAL %s (proto_version '1', publication_names '%s')",
			 (int) getpid(), PQbackendPID(stream.pg), start_at, "oms_events");
	feed_send(&stream, sql);
}

static void
feed_copied(void)
{
	live_merge_end(live, copied, UINT32_MAX);
	if (copied + 1 < LIVE_OBJECTS)
	{
		copied++;
		feed_copy();
		return;
	}
	phase = FEED_END;
	feed_send(&ask, "COMMIT");
}

/* ---- the stream ---- */

static void
feed_confirm(void)
{
	char		message[34];
	uint64_t	words[4] = {confirmed, confirmed, confirmed, (uint64_t) (wall_us() - INT64_C(946684800000000))};

	message[0] = 'r';
	for (int word = 0; word < 4; word++)
		for (int byte = 0; byte < 8; byte++)
			message[1 + word * 8 + byte] = (char) (words[word] >> (56 - byte * 8));
	message[33] = 0;
	if (PQputCopyData(stream.pg, message, sizeof message) < 0)
		feed_lost("cannot answer the stream", PQerrorMessage(stream.pg));
	else
		feed_flush(&stream);
}

static void
feed_status(Clock *clock)
{
	if (!ask_runs && !look_runs)
	{
		look_due = true;
		feed_ask_next(NULL);
	}
	if (phase != FEED_STREAM)
		return;
	loop_ring_in(clock, STATUS_MS);
	feed_confirm();
}

static void
feed_ask_for(LiveObject object, Span id, int64_t version)
{
	FeedAsk   **at = &asks;

	state.gaps++;
	for (; *at != NULL; at = &(*at)->next)
		if ((*at)->object == object && span_is(id, (*at)->id))
		{
			if ((*at)->version < version)
				(*at)->version = version;
			return;
		}
	*at = must_alloc(sizeof(FeedAsk));
	**at = (FeedAsk) {.object = object, .version = version};
	(*at)->id = must_alloc(id.len + 1);
	memcpy((*at)->id, id.data, id.len);
	(*at)->id[id.len] = '\0';
	feed_ask_next(NULL);
}

static void
feed_event(const FeedEvent *event)
{
	const Schema *schema = live_store(live, event->object)->schema;
	Refused		refused = {0};
	Span		value;
	int64_t		version = parts_find(event->payload, "version", &value) ? atoll(value.data) : 0;
	LiveResult	result = LIVE_BAD;

	state.events++;
	if (parts_find(event->payload, "state", &value) && cells_of_state(schema, value, &cells, &refused))
		result = live_put(live, event->object, cells.spans, false, &refused);
	if (result == LIVE_OLD)
		state.old++;
	if (result == LIVE_BAD)
		state.bad++;
	if (result == LIVE_FULL)
		log_error("feed: a row of %s is left out: %s", schema->object, refused.detail);
	if (result == LIVE_GAP || result == LIVE_BAD)
		feed_ask_for(event->object, event->id, version);
}

static uint64_t
feed_word(const char *at)
{
	uint64_t	word = 0;

	for (int i = 0; i < 8; i++)
		word = word << 8 | (unsigned char) at[i];
	return word;
}

static bool
feed_message(Span message)
{
	FeedEvent	event;

	if (message.len >= 18 && message.data[0] == 'k')
	{
		uint64_t	end = feed_word(message.data + 1);

		if (end > confirmed)
			confirmed = end;
		if (message.data[17] != 0)
			feed_confirm();
		return true;
	}
	if (message.len < 25 || message.data[0] != 'w')
		return true;
	if (!feed_event_read((Span) {message.data + 25, message.len - 25}, &event))
		return false;
	if (event.what == FEED_ROW)
		feed_event(&event);
	else if (event.what == FEED_COMMIT)
	{
		int64_t		lag_us = wall_us() - event.at_us;

		confirmed = event.position;
		state.lag_ms = lag_us > 0 ? lag_us / 1000 : 0;
		snprintf(state.position, sizeof state.position, "%X/%X", (unsigned) (event.position >> 32), (unsigned) event.position);
	}
	return true;
}

static void
feed_streaming(void)
{
	int			messages = 0;
	char	   *data;
	int			len = 0;

	while (phase == FEED_STREAM && messages++ < SLICE_MESSAGES && (len = PQgetCopyData(stream.pg, &data, 1)) > 0)
	{
		bool		good = feed_message((Span) {data, (size_t) len});

		PQfreemem(data);
		if (!good)
			feed_lost("the stream cannot be read", "a message of pgoutput is damaged");
	}
	if (phase == FEED_STREAM && len < 0)
		feed_lost("the stream ended", PQerrorMessage(stream.pg));
	else if (phase == FEED_STREAM && len > 0)
		loop_ring_in(&slice_clock, 0);
}

static void
feed_streams(void)
{
	log_info("feed: live from %s on: %u orders, %u executions", start_at, live_store(live, LIVE_ORDERS)->count, live_store(live, LIVE_EXECUTIONS)->count);
	state.loaded = true;
	state.stale_us = 0;
	state.snapshots++;
	if (state.position[0] == '\0' || state.snapshots > 1)
		snprintf(state.position, sizeof state.position, "%s", start_at);
	pause_ms = PAUSE_MIN_MS;
	confirmed = 0;
	loop_ring_in(&status_clock, STATUS_MS);
	feed_streaming();
}

static void
feed_stream_result(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (phase == FEED_SLOT && status == PGRES_TUPLES_OK)
		feed_slot_made(result);
	else if (phase == FEED_STREAM && status == PGRES_COPY_BOTH)
		feed_streams();
	else
		feed_lost(phase == FEED_SLOT ? "cannot make a slot" : "cannot start the stream", PQresultErrorMessage(result));
}

static void
feed_stream_ready(Watch *watch, uint32_t events)
{
	PGresult   *result;

	(void) watch;
	(void) events;
	if (!stream.up)
	{
		if (feed_poll(&stream))
			feed_slot_begin();
		return;
	}
	if (PQconsumeInput(stream.pg) == 0)
	{
		feed_lost("the stream was lost", PQerrorMessage(stream.pg));
		return;
	}
	feed_flush(&stream);
	if (phase == FEED_STREAM && state.stale_us == 0)
	{
		feed_streaming();
		return;
	}
	while (stream.pg != NULL && !PQisBusy(stream.pg) && (result = PQgetResult(stream.pg)) != NULL)
	{
		bool		both = PQresultStatus(result) == PGRES_COPY_BOTH;

		feed_stream_result(result);
		PQclear(result);
		if (both)
			return;
	}
}

/* ---- what is asked ---- */

static void
feed_ask_object(const FeedAsk *asked)
{
	Text		sql = {0};
	char	   *id = PQescapeLiteral(ask.pg, asked->id, strlen(asked->id));

	cells_copy_query(live_store(live, asked->object)->schema, &sql);
	sql.len -= strlen(") TO STDOUT");
	text_printf(&sql, " WHERE id = %s) TO STDOUT", id);
	PQfreemem(id);
	ask_runs = true;
	ask_found = false;
	copying = false;
	feed_send(&ask, sql.data);
	text_free(&sql);
}

static void
feed_ask_next(Clock *clock)
{
	(void) clock;
	if (phase != FEED_STREAM || ask_runs || look_runs || ask_clock.at_us != 0)
		return;
	if (look_due)
	{
		look_due = false;
		look_runs = true;
		feed_send(&ask, PURGED);
	}
	else if (asks != NULL)
		feed_ask_object(asks);
}

static void
feed_asked(void)
{
	FeedAsk    *asked = asks;
	Span		id = {asked->id, strlen(asked->id)};
	Row			row = store_find(live_store(live, asked->object), id);

	ask_runs = false;
	if ((row == ROW_NONE || store_version(live_store(live, asked->object), row) < asked->version) && ++asked->tries < ASKS_MAX)
	{
		loop_ring_in(&ask_clock, ASK_AGAIN_MS);
		return;
	}
	if (!ask_found)
		live_remove(live, asked->object, id);
	feed_drop_ask();
	feed_ask_next(NULL);
}

/* Trees that were purged are in no stream. */
static void
feed_looked(const PGresult *result)
{
	purged_more = phase == FEED_STREAM && strcmp(purged, PQgetvalue(result, 0, 0)) != 0;
	snprintf(purged, sizeof purged, "%s", PQgetvalue(result, 0, 0));
}

static void
feed_look_ended(void)
{
	look_runs = false;
	if (!purged_more)
	{
		feed_ask_next(NULL);
		return;
	}
	log_info("feed: trees were purged: a new snapshot");
	feed_stale();
	feed_close_all();
	feed_connect(NULL);
}

/* One statement was answered to its end. */
static void
feed_ask_ended(void)
{
	copying = false;
	switch (phase)
	{
		case FEED_BEGIN:
			phase = FEED_LOOK;
			feed_send(&ask, PURGED);
			break;
		case FEED_LOOK:
			copied = (LiveObject) 0;
			feed_copy();
			break;
		case FEED_COPY:
			feed_copied();
			break;
		case FEED_END:
			feed_start_stream();
			break;
		case FEED_STREAM:
			if (ask_runs)
				feed_asked();
			else
				feed_look_ended();
			break;
		default:
			break;
	}
}

/* False: there is no more for now. */
static bool
feed_copy_rows(void)
{
	char	   *data;
	int			len = 0;
	int			rows = 0;

	while (rows++ < SLICE_ROWS && (len = PQgetCopyData(ask.pg, &data, 1)) > 0)
	{
		ask_found = true;
		feed_whole(phase == FEED_COPY ? copied : asks->object, (Span) {data, (size_t) len});
		PQfreemem(data);
	}
	if (len > 0)
		loop_ring_in(&slice_clock, 0);
	if (len == -1)
		copying = false;
	return len == -1;
}

static bool
feed_ask_result(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_COPY_OUT)
	{
		copying = true;
		if (phase == FEED_COPY)
			live_merge_begin(live, copied);
		return true;
	}
	if (status == PGRES_TUPLES_OK)
	{
		feed_looked(result);
		return true;
	}
	if (status == PGRES_COMMAND_OK)
		return true;
	feed_lost("cannot read", PQresultErrorMessage(result));
	return false;
}

static void
feed_ask_read(void)
{
	while (ask.pg != NULL && ask.up)
	{
		PGresult   *result;
		bool		good;

		if (copying && !feed_copy_rows())
			return;
		if (PQisBusy(ask.pg))
			return;
		result = PQgetResult(ask.pg);
		if (result == NULL)
		{
			/* what comes next is asked, and answered in another turn */
			feed_ask_ended();
			return;
		}
		good = feed_ask_result(result);
		PQclear(result);
		if (!good)
			return;
	}
}

static void
feed_ask_ready(Watch *watch, uint32_t events)
{
	(void) watch;
	(void) events;
	if (!ask.up)
	{
		if (feed_poll(&ask))
			feed_begin();
		return;
	}
	if (PQconsumeInput(ask.pg) == 0)
	{
		feed_lost("the connection was lost", PQerrorMessage(ask.pg));
		return;
	}
	feed_flush(&ask);
	if (phase != FEED_STREAM || ask_runs || look_runs)
		feed_ask_read();
}

static void
feed_slice(Clock *clock)
{
	(void) clock;
	if (phase == FEED_STREAM)
		feed_streaming();
	if (copying && ask.up)
		feed_ask_read();
}

/* ---- views ---- */

static void
feed_build_slice(Clock *clock)
{
	if (!live_build(live, SLICE_BUILD))
		loop_ring_in(clock, 0);
}

void
feed_build(void)
{
	if (live != NULL && build_clock.at_us == 0)
		loop_ring_in(&build_clock, 0);
}

/* ---- start and stop ---- */

void
feed_start(const Options *given)
{
	HashKey		key = {0};
	LiveRules	rules = {.max_rows = (uint32_t) given->live_max_rows, .max_views = (uint32_t) given->live_max_views};

	options = given;
	state = (FeedState) {.on = given->feed_dsn[0] != '\0', .stale_us = wall_us()};
	if (!state.on)
		return;
	while (getrandom(&key, sizeof key, 0) != sizeof key)
		continue;
	live = live_make(&key, &rules);
	pause_clock = (Clock) {.ring = feed_connect};
	slice_clock = (Clock) {.ring = feed_slice};
	status_clock = (Clock) {.ring = feed_status};
	ask_clock = (Clock) {.ring = feed_ask_next};
	build_clock = (Clock) {.ring = feed_build_slice};
	loop_ring_in(&pause_clock, 0);
}

void
feed_stop(void)
{
	if (live == NULL)
		return;
	feed_close_all();
	loop_stop_clock(&pause_clock);
	loop_stop_clock(&build_clock);
	cells_free(&cells);
	live_free(live);
	live = NULL;
}
