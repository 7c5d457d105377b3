/*
 * gateway/server/feed_snapshot.c
 *     A slot that exports its snapshot, and the rows of that.
 *
 * The snapshot lives until the next command on the connection that made the slot: so that one waits until all is read.
 */
#include "feed_inside.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "decode.h"
#include "log.h"

#define SLICE_MERGE 50000

static char snapshot_name[64];
static LiveObject copied;
static Clock merge_clock;
static bool published;

static void snapshot_open(void);
static void snapshot_look(void);
static void snapshot_looked(void);
static void snapshot_read(void);
static void snapshot_stream(void);
static void snapshot_slot(const PGresult *result);
static void snapshot_published(const PGresult *result);
static void snapshot_row(Span line);

/* The slot waits for every transaction that runs when it is made. */
static const FeedQuestion making_slot = {.what = "make a slot", .result = snapshot_slot, .end = snapshot_open};
static const FeedQuestion beginning = {.what = "take the slot's snapshot", .patience_s = 30, .end = snapshot_look};
static const FeedQuestion looking = {.what = "look at the publication", .patience_s = 30, .result = snapshot_published, .end = snapshot_looked};
static const FeedQuestion copying = {.what = "read the snapshot", .patience_s = 60, .row = snapshot_row, .end = snapshot_read};
static const FeedQuestion committing = {.what = "end the snapshot", .patience_s = 30, .end = snapshot_stream};
static const FeedQuestion starting = {.what = "start the stream", .patience_s = 30, .end = feed_stream_begin};

/* Trees that go are told by rows of purged_trees. */
#define PUBLISHED "SELECT pg_catalog.count(*) = 5 FROM pg_catalog.pg_publication_tables WHERE pubname = '" PUBLICATION "' AND schemaname = 'oms'" \
	" AND tablename IN ('order_events', 'execution_events', 'quote_request_events', 'quote_events', 'purged_trees')"

static void
snapshot_slot_name(char name[48])
{
	snprintf(name, 48, "oms_gateway_%d_%d", (int) getpid(), PQbackendPID(feed.stream.pg));
}

void
feed_snapshot_begin(void)
{
	char		slot[48];
	char		sql[160];

	snapshot_slot_name(slot);
	snprintf(sql, sizeof sql, "CREATE_REPLICATION_SLOT %s TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT", slot);
	feed_ask(&feed.stream, sql, &making_slot);
}

static void
snapshot_slot(const PGresult *result)
{
	snprintf(feed.start_at, sizeof feed.start_at, "%s", PQgetvalue(result, 0, 1));
	snprintf(snapshot_name, sizeof snapshot_name, "%s", PQgetvalue(result, 0, 2));
	if (feed.start_at[strspn(feed.start_at, "0123456789ABCDEF/")] != '\0' || snapshot_name[strspn(snapshot_name, "0123456789ABCDEF-")] != '\0')
		feed_lost(making_slot.what, "it has no snapshot");
}

static void
snapshot_begin(void)
{
	char		sql[200];

	snprintf(sql, sizeof sql, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '%s'", snapshot_name);
	feed_ask(&feed.ask, sql, &beginning);
}

static void
snapshot_open(void)
{
	feed_open(&feed.ask, false, snapshot_begin);
}

static void
snapshot_look(void)
{
	feed_ask(&feed.ask, PUBLISHED, &looking);
}

static void
snapshot_published(const PGresult *result)
{
	published = PQgetvalue(result, 0, 0)[0] == 't';
}

/* ---- rows ---- */

static void
snapshot_copy(void)
{
	Text		sql = {0};

	live_merge_begin(feed.live, copied);
	cells_copy_query(live_store(feed.live, copied)->schema, &sql);
	feed_ask(&feed.ask, sql.data, &copying);
	text_free(&sql);
}

static void
snapshot_looked(void)
{
	if (!published)
	{
		feed_lost(looking.what, PUBLICATION " has not all that is live: SELECT * FROM oms.repair_publication('" PUBLICATION "')");
		return;
	}
	copied = (LiveObject) 0;
	snapshot_copy();
}

static void
snapshot_row(Span line)
{
	feed_put_whole(copied, line);
}

static void
snapshot_merge(Clock *clock)
{
	if (!live_merge_end(feed.live, copied, SLICE_MERGE))
	{
		loop_ring_in(clock, 0);
		return;
	}
	if (copied + 1 < LIVE_OBJECTS)
	{
		copied++;
		snapshot_copy();
	}
	else
		feed_ask(&feed.ask, "COMMIT", &committing);
}

static void
snapshot_read(void)
{
	merge_clock = (Clock) {.ring = snapshot_merge};
	loop_ring_in(&merge_clock, 0);
}

void
feed_snapshot_end(void)
{
	loop_stop_clock(&merge_clock);
	live_merge_give_up(feed.live);
}

/* ---- and on ---- */

static void
snapshot_stream(void)
{
	char		slot[48];
	Text		sql = {0};

	snapshot_slot_name(slot);
	text_printf(&sql, "START_REPLICATION SLOT %s LOGICAL %s ", slot, feed.start_at);
	decoder_pgoutput.start_options(&sql, PUBLICATION, NULL);
	feed_ask(&feed.stream, sql.data, &starting);
	text_free(&sql);
}
