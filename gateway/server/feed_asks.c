/*
 * gateway/server/feed_asks.c
 *     Objects of which an event is missing or cannot be read: they are asked for, as they stand.
 *
 * A commit is seen by others a little later than it is in the stream, so what is not there yet is asked for again.
 */
#include "feed_inside.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "log.h"

#define ASKS_MAX 10000			/* more are quicker read as a whole */
#define ASKS_AT_ONCE 100
#define BUCKETS 4096
#define AGAIN_MS 50
#define TRIES_MAX 200

typedef struct FeedAsk
{
	LiveObject	object;
	char	   *id;
	int64_t		version;		/* at least */
	int			tries;
	bool		asked;			/* it is among those that are on their way */
	bool		found;
	bool		left_out;		/* it is there, and cannot be here */
	struct FeedAsk *next;		/* in the order in which they came */
	struct FeedAsk *beside;		/* in its bucket */
} FeedAsk;

static FeedAsk *first;
static FeedAsk **last = &first;
static FeedAsk *buckets[BUCKETS];
static int	count;
static LiveObject running;		/* of which kind those are that are on their way */
static Clock again_clock;

static void asks_row(Span line);
static void asks_answered(void);

static const FeedQuestion asking = {.what = "ask for an object", .patience_s = 30, .row = asks_row, .end = asks_answered};

static FeedAsk **
asks_bucket(LiveObject object, Span id)
{
	uint32_t	hash = 2166136261U + (uint32_t) object;

	for (size_t i = 0; i < id.len; i++)
		hash = (hash ^ (unsigned char) id.data[i]) * 16777619U;
	return &buckets[hash % BUCKETS];
}

static FeedAsk *
asks_find(LiveObject object, Span id)
{
	FeedAsk    *ask = *asks_bucket(object, id);

	while (ask != NULL && !(ask->object == object && span_is(id, ask->id)))
		ask = ask->beside;
	return ask;
}

static void
asks_drop(FeedAsk **place)
{
	FeedAsk    *ask = *place;
	FeedAsk   **beside = asks_bucket(ask->object, span_of(ask->id));

	while (*beside != ask)
		beside = &(*beside)->beside;
	*beside = ask->beside;
	*place = ask->next;
	if (last == &ask->next)
		last = place;
	count--;
	free(ask->id);
	free(ask);
}

bool
feed_asks_wait(void)
{
	return count > 0;
}

void
feed_asks_end(void)
{
	loop_stop_clock(&again_clock);
	while (first != NULL)
		asks_drop(&first);
}

/* ---- asking ---- */

/* As many of one kind as go together, from the first on. */
static void
asks_send(void)
{
	Text		sql = {0};
	int			n = 0;

	running = first->object;
	cells_copy_query(live_store(feed.live, running)->schema, &sql);
	sql.len -= strlen(") TO STDOUT");
	text_puts(&sql, " WHERE id IN (");
	for (FeedAsk *ask = first; ask != NULL && n < ASKS_AT_ONCE; ask = ask->next)
	{
		char	   *id;

		if (ask->object != running)
			continue;
		id = PQescapeLiteral(feed.ask.pg, ask->id, strlen(ask->id));
		text_printf(&sql, "%s%s", n++ > 0 ? ", " : "", id != NULL ? id : "NULL");
		PQfreemem(id);
		ask->asked = true;
		ask->found = ask->left_out = false;
	}
	text_puts(&sql, ")) TO STDOUT");
	feed_ask(&feed.ask, sql.data, &asking);
	text_free(&sql);
}

static void
asks_next(Clock *clock)
{
	(void) clock;
	if (feed.streams && feed.ask.question == NULL && again_clock.at_us == 0 && first != NULL)
		asks_send();
}

void
feed_asks_add(LiveObject object, Span id, int64_t version)
{
	FeedAsk    *ask = asks_find(object, id);
	FeedAsk   **bucket = asks_bucket(object, id);

	feed.state.gaps++;
	if (ask != NULL)
	{
		if (ask->version < version)
			ask->version = version;
		return;
	}
	if (count == ASKS_MAX)
	{
		feed_lost("go on with the stream", "too many objects would have to be asked for");
		return;
	}
	ask = must_alloc(sizeof *ask);
	*ask = (FeedAsk) {.object = object, .version = version, .beside = *bucket};
	ask->id = must_alloc(id.len + 1);
	memcpy(ask->id, id.data, id.len);
	ask->id[id.len] = '\0';
	*bucket = ask;
	*last = ask;
	last = &ask->next;
	if (count++ == 0)
		again_clock = (Clock) {.ring = asks_next};
	asks_next(NULL);
}

/* ---- what is answered ---- */

static void
asks_row(Span line)
{
	LiveResult	result = feed_put_whole(running, line);
	Span		id = feed.cells.spans[live_store(feed.live, running)->schema->id];
	FeedAsk    *ask = id.data != NULL ? asks_find(running, id) : NULL;

	if (ask == NULL)
		return;
	ask->found = true;
	ask->left_out = result == LIVE_BAD || result == LIVE_FULL;
}

/* True: nothing is left to ask of it. */
static bool
asks_judge(FeedAsk *ask)
{
	Store	   *store = live_store(feed.live, ask->object);
	Row			row = store_find(store, span_of(ask->id));

	if (!ask->left_out && row != ROW_NONE && store_version(store, row) >= ask->version)
		return true;
	/* What is here of it is older than what was said. */
	if (ask->left_out || (!ask->found && ask->tries + 1 >= TRIES_MAX))
	{
		live_remove(feed.live, ask->object, span_of(ask->id));
		return true;
	}
	ask->asked = false;
	ask->tries++;
	return false;
}

static void
asks_answered(void)
{
	FeedAsk   **place = &first;
	bool		again = false;

	while (*place != NULL)
	{
		FeedAsk    *ask = *place;

		if (ask->asked && asks_judge(ask))
		{
			asks_drop(place);
			continue;
		}
		again |= ask->tries > 0;
		if (ask->tries >= TRIES_MAX)
		{
			feed_lost("ask for an object", "PostgreSQL does not show what it said in the stream");
			return;
		}
		place = &ask->next;
	}
	if (again)
		loop_ring_in(&again_clock, AGAIN_MS);
	asks_next(NULL);
	feed_settled();
}
