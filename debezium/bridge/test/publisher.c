/*
 * debezium/bridge/test/publisher.c
 *     The publisher between a ring and a sink that is all dice: what it says in a position is true at every moment, so that
 *     whoever reads the position after a crash finds everything that it does not cover.
 *
 * Broken by: a position that covers an event which is not acknowledged; offsets behind which an event stands that the position
 * does not cover; confirming to PostgreSQL what is not recorded; an event handed over twice or out of order; two positions on
 * their way at once; a stop that takes more, or leaves before what was taken is acknowledged and recorded.
 */
#include "tap.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dice.h"
#include "stream.h"

#define PARTITIONS 3
#define EVENTS_MAX 400

/* One event, from the ring to the sink's log. */
typedef struct Sent
{
	Event	   *event;
	Lsn			commit_lsn;
	Lsn			end_lsn;		/* 0: its end has not come */
	uint64_t	row;
	bool		handed_over;
	int			partition;
	int64_t		offset;
	bool		acked;
} Sent;

typedef struct DiceSink
{
	Sink		sink;			/* first */
	Stream		stream;
	Sent		sent[EVENTS_MAX];
	size_t		fed;
	size_t		handed_over;
	int64_t		end[PARTITIONS];	/* of the logs */
	int64_t		acked[PARTITIONS];	/* up to here */
	Lsn			lsn;
	uint64_t	row;
	bool		recording;
	Place		place;			/* of the position on its way */
	Lsn			safe;			/* the newest that Kafka holds */
	int			positions;
	int			ahead;			/* positions while events behind them were acknowledged */
	int			polls;
	size_t		at_stop;		/* handed over when it was asked to stop */
	const char *wrong;
} DiceSink;

static void
blame(DiceSink *dice_sink, const char *what)
{
	if (dice_sink->wrong == NULL)
		dice_sink->wrong = what;
}

/* The reader's part: some more of the log. */
static void
feed(DiceSink *me)
{
	Stream	   *stream = &me->stream;
	Event	   *event;
	Span		part = {"key", 3};

	pthread_mutex_lock(&stream->lock);
	if (ring_in_transaction(stream->ring) && (dice(4) == 0 || me->fed == EVENTS_MAX))
	{
		me->lsn += 1 + dice(20);
		ring_commit(stream->ring, me->lsn);
		for (size_t i = me->fed; i-- > 0 && me->sent[i].end_lsn == LSN_NONE;)
			me->sent[i].end_lsn = me->lsn;
	}
	else if (!ring_in_transaction(stream->ring) && dice(4) == 0)
		ring_skip_to(stream->ring, me->lsn += dice(30));
	else if (!ring_full(stream->ring) && me->fed < EVENTS_MAX)
	{
		if (!ring_in_transaction(stream->ring))
		{
			ring_begin(stream->ring, me->lsn += 1 + dice(20), 5);
			me->row = 0;
		}
		event = event_new(0, (int64_t) me->fed + 1, part, part, part, (Span) {"{}", 2});
		event->txn_row = ++me->row;
		for (size_t i = me->fed; i > 0 && me->row > 1; i = 0)
			me->sent[me->fed].commit_lsn = me->sent[i - 1].commit_lsn;
		if (me->row == 1)
			me->sent[me->fed].commit_lsn = me->lsn;
		me->sent[me->fed].row = me->row;
		me->sent[me->fed++].event = event;
		ring_add(stream->ring, event);
	}
	pthread_mutex_unlock(&stream->lock);
}

static bool
covers(const Place *place, const Sent *sent)
{
	return (sent->end_lsn != LSN_NONE && sent->end_lsn <= place->end_lsn) ||
		(place->part_rows > 0 && place->part_commit_lsn == sent->commit_lsn && sent->row <= place->part_rows);
}

/* Whoever begins from this position now, after a crash, must miss nothing and find all that is there. */
static void
check_position(DiceSink *me, const Position *position)
{
	bool		ahead = false;

	me->positions++;
	for (size_t i = 0; i < me->fed; i++)
	{
		const Sent *sent = &me->sent[i];

		if (covers(&position->place, sent))
		{
			if (!sent->acked)
				blame(me, "a position covers an event that is not acknowledged");
			continue;
		}
		ahead |= sent->acked;
		if (sent->handed_over && sent->offset < position->offsets.next[0][sent->partition])
			blame(me, "an event that the position does not cover stands before its offsets");
	}
	me->ahead += ahead;
	if (position->place.end_lsn < me->stream.filter.until)
		for (int p = 0; p < PARTITIONS; p++)
			if (position->offsets.next[0][p] != 10)
				blame(me, "the offsets have moved while what the tail had shown may come again");
}

static void
hand_over(DiceSink *me, const Event *event)
{
	Sent	   *sent = &me->sent[event->index];

	if (event->index != me->handed_over || sent->handed_over)
		blame(me, "an event was handed over out of order");
	me->handed_over++;
	sent->handed_over = true;
	sent->partition = (int) dice(PARTITIONS);
	sent->offset = me->end[sent->partition]++;
}

/* The oldest of a partition that is not acknowledged: partitions go at a pace of their own. */
static Sent *
to_acknowledge(DiceSink *me, int partition)
{
	for (size_t i = 0; i < me->handed_over; i++)
		if (me->sent[i].partition == partition && !me->sent[i].acked)
			return &me->sent[i];
	return NULL;
}

static void
acknowledge(DiceSink *me, Sent *sent)
{
	sent->acked = true;
	me->acked[sent->partition] = sent->offset + 1;
}

static void
dice_offsets(Sink *base, Offsets *copy)
{
	DiceSink   *me = (DiceSink *) base;
	int			partitions[EVENT_TABLES] = {PARTITIONS};
	Offsets		now;

	offsets_init(&now, partitions);
	memcpy(now.next[0], me->acked, sizeof me->acked);
	offsets_copy(copy, &now);
	offsets_free(&now);
}

static void
ask_to_stop(DiceSink *me)
{
	pthread_mutex_lock(&me->stream.lock);
	if (!me->stream.stopping)
		me->at_stop = me->handed_over;
	me->stream.stopping = true;
	pthread_mutex_unlock(&me->stream.lock);
}

/* --- the sink that is not transactional --- */

static bool
flow_publish(Sink *base, Event **events, size_t count, const Position *position, Problem *problem)
{
	DiceSink   *me = (DiceSink *) base;

	(void) position;
	(void) problem;
	for (size_t i = 0; i < me->handed_over; i++)
		if (!me->sent[i].acked)
			blame(me, "a batch is handed over while another is on its way");
	for (size_t i = 0; i < count; i++)
	{
		Sent	   *sent;

		hand_over(me, events[i]);
		/* its queue is full, and callbacks are served */
		if (dice(4) == 0 && (sent = to_acknowledge(me, (int) dice(PARTITIONS))) != NULL)
		{
			acknowledge(me, sent);
			publisher_acked(&me->stream, sent->event);
		}
	}
	return true;
}

static bool
flow_record(Sink *base, const Position *position, Problem *problem)
{
	DiceSink   *me = (DiceSink *) base;

	(void) problem;
	if (me->recording)
		blame(me, "two positions are on their way");
	me->recording = true;
	me->place = position->place;
	check_position(me, position);
	return true;
}

static bool
flow_poll(Sink *base, int timeout_ms, Problem *problem)
{
	DiceSink   *me = (DiceSink *) base;
	Sent	   *sent;

	(void) timeout_ms;
	(void) problem;
	if (me->stream.recorded.end_lsn > me->safe)
		blame(me, "what is not recorded would be confirmed");
	for (uint64_t times = dice(4); times > 0; times--)
		feed(me);
	for (uint64_t times = dice(4); times > 0; times--)
		if ((sent = to_acknowledge(me, (int) dice(PARTITIONS))) != NULL)
		{
			acknowledge(me, sent);
			publisher_acked(&me->stream, sent->event);
		}
	if (me->recording && dice(3) == 0)
	{
		me->recording = false;
		me->safe = me->place.end_lsn;
		publisher_recorded(&me->stream, &me->place);
	}
	if (++me->polls > 600)
		ask_to_stop(me);
	return true;
}

/* --- the transactional sink --- */

/* Nobody feeds while the publisher waits: it must find something to take, or be asked to stop. */
static void
feed_until_ready(DiceSink *me)
{
	while (me->fed < EVENTS_MAX && (ring_in_transaction(me->stream.ring) || ring_untaken(me->stream.ring) == 0))
		feed(me);
	if (me->fed == EVENTS_MAX)
		ask_to_stop(me);
}

static bool
whole_publish(Sink *base, Event **events, size_t count, const Position *position, Problem *problem)
{
	DiceSink   *me = (DiceSink *) base;

	(void) problem;
	if (me->stream.recorded.end_lsn > me->safe)
		blame(me, "what is not recorded would be confirmed");
	for (size_t i = 0; i < count; i++)
		hand_over(me, events[i]);
	/* the offsets of this transaction were not known when its position was made */
	for (size_t i = 0; i < me->handed_over; i++)
		acknowledge(me, &me->sent[i]);
	check_position(me, position);
	for (size_t i = 0; i < me->handed_over; i++)
		if (!covers(&position->place, &me->sent[i]))
			blame(me, "the position does not cover its own transaction");
	me->safe = position->place.end_lsn;
	for (uint64_t times = dice(12); times > 0; times--)
		feed(me);
	feed_until_ready(me);
	if (++me->polls > 60)
		ask_to_stop(me);
	return true;
}

/* --- one life of a publisher --- */

static DiceSink *
open_dice(bool transactional)
{
	static Options options = {.gate_standbys = "", .shutdown_grace_ms = 1000};
	DiceSink   *me = must_alloc(sizeof *me);
	int			partitions[EVENT_TABLES] = {PARTITIONS};

	*me = (DiceSink) {
		.sink = {.name = "dice", .transactional = transactional, .keeps_position = true, .wake_fd = eventfd(1, EFD_NONBLOCK),
			.publish = transactional ? whole_publish : flow_publish, .record = flow_record, .poll = flow_poll, .offsets = dice_offsets},
		.lsn = 100, .safe = 100,
	};
	me->stream.options = &options;
	me->stream.sink = &me->sink;
	me->stream.recorded.end_lsn = 100;
	me->stream.filter.until = dice(2) == 0 ? 0 : 100 + dice(300);
	me->stream.position.place.end_lsn = 100;
	me->stream.limits = (Limits) {.batch_max_rows = 1 + dice(9), .batch_max_bytes = 1 << 20, .idle_record_us = 0};
	me->stream.reader_wake = eventfd(0, EFD_NONBLOCK);
	me->stream.publisher_wake = eventfd(0, EFD_NONBLOCK);
	me->stream.session_wake = eventfd(0, EFD_NONBLOCK);
	/* a batch that is being published keeps its room */
	me->stream.ring = ring_new((transactional ? 10 : 1) + dice(40), 1 << 20, me->stream.recorded);
	pthread_mutex_init(&me->stream.lock, NULL);
	offsets_init(&me->stream.position.offsets, partitions);
	for (int p = 0; p < PARTITIONS; p++)
	{
		/* between what the position knew and the log's end stands what a tail has shown */
		me->stream.position.offsets.next[0][p] = 10;
		me->end[p] = me->acked[p] = 10 + (int64_t) dice(5);
	}
	return me;
}

static void
close_dice(DiceSink *me)
{
	ring_free(me->stream.ring);
	position_free(&me->stream.position);
	offsets_free(&me->stream.horizon.offsets);
	close(me->sink.wake_fd);
	close(me->stream.reader_wake);
	close(me->stream.publisher_wake);
	close(me->stream.session_wake);
	pthread_mutex_destroy(&me->stream.lock);
	free(me);
}

static void
check_end(DiceSink *me)
{
	Stream	   *stream = &me->stream;

	if (stream->failed)
		blame(me, "it failed");
	if (!stream->publisher_over)
		blame(me, "it does not say that it is over");
	/* the batch that was in its hands when it was asked may go, nothing else */
	if (me->handed_over > me->at_stop + stream->limits.batch_max_rows)
		blame(me, "it took more after it was asked to stop");
	for (size_t i = 0; i < me->handed_over; i++)
		if (!me->sent[i].acked)
			blame(me, "it left before all was acknowledged");
	for (size_t i = 0; i < me->handed_over; i++)
		if (!covers(&stream->recorded, &me->sent[i]))
			blame(me, "it left before all was recorded");
	if (stream->recorded.end_lsn > me->safe || me->recording)
		blame(me, "it left with a position on its way");
}

static void
live(bool transactional)
{
	int			positions = 0;
	int			ahead = 0;
	size_t		events = 0;

	for (int round = 0; round < 100; round++)
	{
		DiceSink   *me = open_dice(transactional);

		for (int i = 0; i < 5; i++)
			feed(me);
		if (transactional)
			feed_until_ready(me);
		stream_publisher(&me->stream);
		check_end(me);
		positions += me->positions;
		ahead += me->ahead;
		events += me->handed_over;
		if (me->wrong != NULL)
		{
			ok(false, "round %d: %s", round, me->wrong);
			close_dice(me);
			return;
		}
		close_dice(me);
	}
	ok(true, "%s: 100 lives without a wrong position", transactional ? "transactional" : "not transactional");
	ok(positions > 500 && events > 5000 && (transactional || ahead > 1000), "of %zu events and %d positions, %d with later events acknowledged before",
	   events, positions, ahead);
}

/* Events of a clock that is years behind ours: batches grow only while the server's log is behind. */
static int64_t
paced(Lsn server_lsn)
{
	DiceSink   *me = open_dice(true);
	int64_t		began_us = ticks_us();

	ring_free(me->stream.ring);
	me->stream.ring = ring_new(1000, 1 << 20, me->stream.recorded);
	me->stream.limits.batch_max_rows = 1000;
	me->stream.received = 500;
	me->stream.server_lsn = server_lsn;
	me->polls = 55;
	feed_until_ready(me);
	stream_publisher(&me->stream);
	ok(me->wrong == NULL, "%s", me->wrong != NULL ? me->wrong : "five transactions");
	close_dice(me);
	return (ticks_us() - began_us) / 1000;
}

int
main(void)
{
	int64_t		took_ms;

	dice_start(20261127);
	live(false);
	live(true);
	took_ms = paced(500);
	ok(took_ms < 300, "what the server had written is here: none waits for more, %lld ms", (long long) took_ms);
	took_ms = paced(501);
	ok(took_ms >= 300, "it is not: each does, %lld ms", (long long) took_ms);
	return done();
}
