/*
 * gateway/server/feed.c
 *     What happens in the store, as the live engine has it.
 *
 * Two connections: one of replication, whose slot exports its snapshot, and one that reads that snapshot by COPY. Then the first one
 * streams from where the snapshot ends, and the second answers what the stream cannot say. Whatever fails, or takes too long, closes both,
 * and begins anew after a pause.
 *
 * All of it in slices of the one loop: requests are answered between two of them.
 */
#include "feed_inside.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "log.h"

#define SLICE_BUILD 20000
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
#define LOOK_MS 1000
#define SLOW_US INT64_C(10000000)

Feed		feed;

static Clock pause_clock;
static Clock look_clock;
static Clock build_clock;
static int64_t pause_ms = PAUSE_MIN_MS;
static Lsn	reached;
static bool slow_told;
static char told[400];			/* the last problem: it is not said again while it stays the same */

Live *
feed_live(void)
{
	return feed.live;
}

const FeedState *
feed_state(void)
{
	return &feed.state;
}

/* ---- lost, and begun again ---- */

static void
feed_close_all(void)
{
	feed_asks_end();
	feed_stream_end();
	feed_snapshot_end();
	feed_close(&feed.stream);
	feed_close(&feed.ask);
	loop_stop_clock(&look_clock);
}

void
feed_lost(const char *what, const char *why)
{
	char		problem[sizeof told];

	snprintf(problem, sizeof problem, "cannot %s: %.*s", what, (int) strcspn(why, "\n"), why);
	if (feed.streams || strcmp(problem, told) != 0)
		log_warning("feed: %s", problem);
	memcpy(told, problem, sizeof told);
	if (feed.streams)
		pause_ms = PAUSE_MIN_MS;
	if (feed.state.stale_us == 0)
		feed.state.stale_us = wall_us();
	feed.state.losses++;
	feed_close_all();
	loop_ring_in(&pause_clock, pause_ms);
	pause_ms = pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause_ms * 2;
}

static void
feed_begin(Clock *clock)
{
	(void) clock;
	slow_told = false;
	loop_ring_in(&look_clock, LOOK_MS);
	feed_open(&feed.stream, true, feed_snapshot_begin);
}

/* Seen twice: in the first turn after a halt of this program nobody has listened yet. */
static bool
feed_look_at(FeedConnection *connection)
{
	const char *what = connection->replication != NULL ? "go on with the stream" : connection->question != NULL ? connection->question->what : "";

	if (!feed_is_silent(connection))
		return true;
	if (!connection->doubted)
	{
		connection->doubted = true;
		return true;
	}
	feed_lost(what, "PostgreSQL says nothing");
	return false;
}

static void
feed_look(Clock *clock)
{
	const FeedQuestion *question = feed.stream.question;

	loop_ring_in(clock, LOOK_MS);
	if (!feed_look_at(&feed.stream) || !feed_look_at(&feed.ask))
		return;
	if (!slow_told && question != NULL && question->patience_s == 0 && feed.stream.heard_us + SLOW_US <= loop_now_us())
	{
		slow_told = true;
		log_info("feed: waits to %s: PostgreSQL does it once every transaction has ended that runs now", question->what);
	}
}

/* ---- what all parts do ---- */

LiveResult
feed_put_whole(LiveObject object, Span line)
{
	const Schema *schema = live_store(feed.live, object)->schema;
	Refused		refused = {0};
	LiveResult	result = LIVE_BAD;

	if (cells_of_copy(schema, line, &feed.cells, &refused))
		result = live_put(feed.live, object, feed.cells.spans, true, &refused);
	if (result == LIVE_BAD || result == LIVE_FULL)
	{
		feed.state.bad++;
		log_error("feed: a row of %s is left out: %s", schema->object, refused.detail);
	}
	return result;
}

void
feed_settled(void)
{
	if (!feed_asks_wait() && purged_is_done(feed.purged))
		lsn_text(reached, feed.state.position);
}

void
feed_reached(Lsn position)
{
	reached = position;
	feed_settled();
}

/* ---- views ---- */

static void
feed_build_slice(Clock *clock)
{
	if (!live_build(feed.live, SLICE_BUILD))
		loop_ring_in(clock, 0);
}

void
feed_build(void)
{
	if (feed.live != NULL && build_clock.at_us == 0)
		loop_ring_in(&build_clock, 0);
}

/* ---- start and stop ---- */

void
feed_start(const Options *given)
{
	HashKey		key = {0};
	LiveRules	rules = {.max_rows = (uint32_t) given->live_max_rows, .max_views = (uint32_t) given->live_max_views};

	feed = (Feed) {.options = given, .state = {.on = given->feed_dsn[0] != '\0', .stale_us = wall_us()}};
	if (!feed.state.on)
		return;
	while (getrandom(&key, sizeof key, 0) != sizeof key)
		continue;
	feed.live = live_make(&key, &rules);
	feed.purged = purged_make(feed.live, &key);
	pause_clock = (Clock) {.ring = feed_begin};
	look_clock = (Clock) {.ring = feed_look};
	build_clock = (Clock) {.ring = feed_build_slice};
	loop_ring_in(&pause_clock, 0);
}

void
feed_stop(void)
{
	if (feed.live == NULL)
		return;
	feed_close_all();
	loop_stop_clock(&pause_clock);
	loop_stop_clock(&build_clock);
	cells_free(&feed.cells);
	purged_free(feed.purged);
	live_free(feed.live);
	feed.live = NULL;
}
