/*
 * debezium/bridge/publisher.c
 *     The publisher thread: from the ring into the sink, and the position with it.
 *
 * A transactional sink takes what has gathered while the last transaction committed: batches grow with the load by themselves.
 * The other kind is handed a batch when the one before is acknowledged, and the position follows, one record at a time: nobody fences it, so
 * what an instance that was cut off has in its hands when it wakes comes once more. One batch, and not all that the library's queue holds; which
 * also spares its thread, which with more on the way than it lets be asks again without a pause until there is an answer.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>

#include "log.h"
#include "metrics.h"
#include "stream.h"

/* A server that only writes other things moves on: after so much of its log a position is written, however soon. */
#define IDLE_MOVED_BYTES ((Lsn) 16 * 1024 * 1024)

/*
 * A lower bound of where events stand that a position does not cover. What was acknowledged when a batch was taken bounds that batch and what
 * comes behind it; what is acknowledged when the position is written may be of any event, also of one behind the position.
 */
typedef struct Bound
{
	uint64_t	from;			/* for events from this index on */
	Offsets		offsets;
} Bound;

/*
 * A transaction has its price, however few events it has. As long as we have not received what the server had written a second ago, nobody
 * waits for single events: batches are let grow, for at most this long. (Not the age of an event: it is of the server's clock.)
 */
#define GATHER_US INT64_C(100000)
#define GATHER_LOOK_MS 5

/* A wait of milliseconds that took so long: we stood still, and others may have gone on in our place. */
#define STOOD_STILL_US INT64_C(3000000)

typedef struct Publisher
{
	Stream	   *stream;
	Event	  **batch;
	size_t		room;
	Limits		limits;			/* copied each turn */
	bool		stopping;
	int64_t		published_us;	/* ticks: when the last batch was out */
	int64_t		written_us;		/* ticks: when the last position was started */
	Place		started;		/* and which */
	Lsn			until;			/* before it events may be in Kafka that the filter drops: they are behind the session's first position */
	uint64_t	done_upto;		/* of the place that was taken last */
	uint64_t	handed_over;	/* the index behind the last event that the sink was given */
	bool		bounded;		/* there is a bound that waits for the position to come to it */
	Bound		bound;
} Publisher;

/* Before a batch is handed over that begins with this event. */
static void
set_bound(Publisher *publisher, uint64_t from)
{
	Sink	   *sink = publisher->stream->sink;

	if (publisher->bounded || !sink->keeps_position)
		return;
	sink->offsets(sink, &publisher->bound.offsets);
	publisher->bound.from = from;
	publisher->bounded = true;
}

/* The offsets for a position that covers the events before done_upto: as high as they may be, else as they were. */
static void
raise_offsets(Publisher *publisher, Place place)
{
	Stream	   *stream = publisher->stream;

	if (place.end_lsn < publisher->until)
		return;
	if (stream->sink->transactional)
		stream->sink->offsets(stream->sink, &stream->position.offsets);
	else if (publisher->bounded && publisher->bound.from <= publisher->done_upto)
	{
		offsets_copy(&stream->position.offsets, &publisher->bound.offsets);
		publisher->bounded = false;
	}
}

/* The sink is about to be given these events, and may free them: the last of all that the next position knows of, though it may not cover it yet. */
static void
was_last(Publisher *publisher, size_t count)
{
	position_last(&publisher->stream->position, publisher->batch[count - 1]);
	publisher->handed_over = publisher->batch[count - 1]->index + 1;
}

/* What the position record says, for this place. Under the lock. */
static void
fill_position(Publisher *publisher, Place place)
{
	Stream	   *stream = publisher->stream;

	stream->position.place = place;
	stream->position.written_us = wall_us();
	horizon_copy(&stream->position.horizon, &stream->horizon);
	stream->horizon_new = false;
	publisher->started = place;
	publisher->written_us = ticks_us();
}

static void
recorded(Stream *stream, const Place *place)
{
	pthread_mutex_lock(&stream->lock);
	if (place->end_lsn >= stream->recorded.end_lsn)
		stream->recorded = *place;
	stream->urgent = stream->urgent && ring_events(stream->ring) > 0;
	pthread_mutex_unlock(&stream->lock);
	metric_set(METRIC_RECORDED_LSN, (int64_t) place->end_lsn);
	health_progress();
	stream_wake(stream->reader_wake);
}

static void
count_event(const Event *event, int64_t now)
{
	/* dead letters are counted by the sink */
	if (event->refused == NULL)
	{
		metric_add_table(METRIC_EVENTS, event->table, 1);
		metric_add_table(METRIC_EVENT_BYTES, event->table, event->payload_len);
	}
	if (event->commit_time_us > 0)
		histogram_observe(HISTOGRAM_COMMIT_TO_ACK, now > event->commit_time_us ? now - event->commit_time_us : 0);
}

void
publisher_acked(void *arg, Event *event)
{
	Stream	   *stream = arg;

	bool		waited;

	count_event(event, wall_us());
	pthread_mutex_lock(&stream->lock);
	stream->published++;
	waited = ring_full(stream->ring);
	ring_done(stream->ring, event->index);
	pthread_mutex_unlock(&stream->lock);
	if (waited)
		stream_wake(stream->reader_wake);
}

void
publisher_recorded(void *arg, const Place *place)
{
	Stream	   *stream = arg;

	pthread_mutex_lock(&stream->lock);
	stream->records_safe++;
	pthread_mutex_unlock(&stream->lock);
	recorded(stream, place);
}

/* A position of a sink that is not transactional is on its way. Under the lock. */
static bool
recording(const Publisher *publisher)
{
	return publisher->stream->records > publisher->stream->records_safe;
}

/* Is a position alone worth writing? Under the lock. */
static bool
position_due(const Publisher *publisher, Place place)
{
	const Stream *stream = publisher->stream;
	Lsn			moved = place.end_lsn - publisher->started.end_lsn;
	bool		news = moved > 0 || place.part_rows != publisher->started.part_rows;
	int64_t		age = ticks_us() - publisher->written_us;

	if (!stream->sink->keeps_position)
		return false;
	if (publisher->stopping || age >= publisher->limits.idle_record_us)
		return news || stream->horizon_new;
	if (news && !stream->sink->transactional && place.commit_time_us > 0 && age >= publisher->limits.position_interval_us)
		return true;
	return news && (stream->urgent || moved >= IDLE_MOVED_BYTES);
}

/* Do the named standbys hold the log up to there? If not, the session looks until they do. Under the lock. */
static bool
gate_open(Stream *stream, Lsn wanted)
{
	if (stream->options->gate_standbys[0] == '\0' || stream->gate_passed >= wanted)
		return true;
	stream->gate_wanted = wanted;
	return false;
}

/* Far behind, and a batch is not full yet? Under the lock. */
static bool
may_grow(const Publisher *publisher)
{
	const Stream *stream = publisher->stream;

	return stream->received < stream->server_lsn && !stream->stopping && !stream->failed && !stream->urgent && !ring_full(stream->ring) &&
		ring_untaken(stream->ring) < stream->limits.batch_max_rows && ring_bytes(stream->ring) < stream->limits.batch_max_bytes;
}

static void
gather(Publisher *publisher)
{
	Stream	   *stream = publisher->stream;
	int64_t		until_us = publisher->published_us + GATHER_US;
	bool		wait = true;

	while (wait && ticks_us() < until_us)
	{
		pthread_mutex_lock(&stream->lock);
		wait = may_grow(publisher);
		pthread_mutex_unlock(&stream->lock);
		if (wait)
			poll(NULL, 0, GATHER_LOOK_MS);
	}
}

/* Copies the limits and takes a batch; returns its size, and the place it leads to. *due: write the position even without events. */
static size_t
take_batch(Publisher *publisher, Place *place, bool *due)
{
	Stream	   *stream = publisher->stream;
	size_t		count = 0;

	pthread_mutex_lock(&stream->lock);
	publisher->limits = stream->limits;
	publisher->stopping = stream->stopping;
	if (publisher->room < publisher->limits.batch_max_rows)
	{
		publisher->room = publisher->limits.batch_max_rows;
		publisher->batch = must_realloc(publisher->batch, publisher->room * sizeof(Event *));
	}
	if (!publisher->stopping)
		count = ring_take(stream->ring, publisher->limits.batch_max_rows, publisher->limits.batch_max_bytes, publisher->batch);
	stream->publisher_waits = count == 0;
	*place = stream->sink->transactional ? ring_place_taken(stream->ring) : ring_place_done(stream->ring);
	publisher->done_upto = ring_done_upto(stream->ring);
	*due = !recording(publisher) && (count == 0 || !stream->sink->transactional) && position_due(publisher, *place) &&
		gate_open(stream, place->end_lsn);
	if (*due || (count > 0 && stream->sink->transactional))
		fill_position(publisher, *place);
	pthread_mutex_unlock(&stream->lock);
	return count;
}

/* Until the named standbys hold the commit, or there is no use in it. */
static bool
wait_for_gate(Publisher *publisher, Place place)
{
	Stream	   *stream = publisher->stream;
	bool		open = false;
	/* of a transaction that is only partly here we know where its commit record begins: one byte of it is not enough, its page is */
	Lsn			wanted = place.part_rows > 0 ? place.part_commit_lsn + 1 : place.end_lsn;

	if (stream->options->gate_standbys[0] == '\0')
		return true;
	while (!open && !stream_hopeless(stream))
	{
		pthread_mutex_lock(&stream->lock);
		open = gate_open(stream, wanted);
		pthread_mutex_unlock(&stream->lock);
		if (open)
			break;
		stream_wake(stream->session_wake);
		stream_wait(stream->publisher_wake, -1, 100);
	}
	return open;
}

/* One Kafka transaction: events and position, or the position alone. */
static bool
publish_transaction(Publisher *publisher, size_t count, Place place, Problem *problem)
{
	Stream	   *stream = publisher->stream;
	int64_t		now;

	raise_offsets(publisher, place);
	if (count > 0)
		was_last(publisher, count);
	if (!stream->sink->publish(stream->sink, publisher->batch, count, &stream->position, problem))
		return false;
	now = wall_us();
	for (size_t i = 0; i < count; i++)
		count_event(publisher->batch[i], now);
	pthread_mutex_lock(&stream->lock);
	stream->published += count;
	for (size_t i = 0; i < count; i++)
		ring_done(stream->ring, publisher->batch[i]->index);
	pthread_mutex_unlock(&stream->lock);
	recorded(stream, &place);
	return true;
}

static bool
turn_transactional(Publisher *publisher, Problem *problem)
{
	Stream	   *stream = publisher->stream;
	Place		place;
	bool		due;
	size_t		count;

	gather(publisher);
	count = take_batch(publisher, &place, &due);
	if (count == 0 && !due)
	{
		/* the library's news (statistics, that it was fenced) wait to be fetched */
		if (!stream->sink->poll(stream->sink, 0, problem))
			return false;
		if (!publisher->stopping)
			stream_wait(stream->publisher_wake, -1, 100);
		return true;
	}
	if (count > 0 && !wait_for_gate(publisher, place))
		return problem_set(problem, REMEDY_RETRY, NULL, "stopped while the standbys had not yet what was to be published");
	if (!publish_transaction(publisher, count, place, problem))
		return false;
	publisher->published_us = ticks_us();
	return true;
}

/* Waits for news of the sink or the reader. False: it took so long that another instance may have taken over meanwhile. */
static bool
nap(Publisher *publisher, int timeout_ms, Problem *problem)
{
	Sink	   *sink = publisher->stream->sink;
	int64_t		began_us = ticks_us();

	stream_wait(publisher->stream->publisher_wake, sink->wake_fd, timeout_ms);
	if (ticks_us() - began_us < STOOD_STILL_US || !sink->keeps_position)
		return true;
	return problem_set(problem, REMEDY_RETRY, NULL, "this process stood still for %lld ms: another instance may have taken over",
					   (long long) ((ticks_us() - began_us) / 1000));
}

/* Until what the sink was given is acknowledged, or there is no use in waiting. */
static bool
wait_for_batch(Publisher *publisher, Problem *problem)
{
	Stream	   *stream = publisher->stream;
	uint64_t	done_upto;

	for (;;)
	{
		pthread_mutex_lock(&stream->lock);
		done_upto = ring_done_upto(stream->ring);
		pthread_mutex_unlock(&stream->lock);
		if (done_upto >= publisher->handed_over || stream_hopeless(stream))
			return true;
		if (!nap(publisher, 10, problem) || !stream->sink->poll(stream->sink, 0, problem))
			return false;
	}
}

static bool
turn_acknowledged(Publisher *publisher, Problem *problem)
{
	Stream	   *stream = publisher->stream;
	Sink	   *sink = stream->sink;
	Place		place;
	Place		taken;
	bool		due;
	bool		waiting;
	bool		urgent;
	size_t		count;

	if (!wait_for_batch(publisher, problem))
		return false;
	count = take_batch(publisher, &place, &due);
	if (count > 0)
	{
		pthread_mutex_lock(&stream->lock);
		taken = ring_place_taken(stream->ring);
		pthread_mutex_unlock(&stream->lock);
		if (!wait_for_gate(publisher, taken))
			return problem_set(problem, REMEDY_RETRY, NULL, "stopped while the standbys had not yet what was to be published");
		set_bound(publisher, publisher->batch[0]->index);
		was_last(publisher, count);
		if (!sink->publish(sink, publisher->batch, count, NULL, problem))
			return false;
	}
	if (due)
	{
		raise_offsets(publisher, place);
		if (!sink->record(sink, &stream->position, problem))
			return false;
		stream->records++;
	}
	if (!sink->poll(sink, 0, problem))
		return false;
	pthread_mutex_lock(&stream->lock);
	place = ring_place_done(stream->ring);
	/* with something on its way: soon again, for the position that follows it */
	waiting = recording(publisher) || place.end_lsn > publisher->started.end_lsn;
	urgent = stream->urgent;
	pthread_mutex_unlock(&stream->lock);
	if (!sink->keeps_position && (place.end_lsn > publisher->started.end_lsn || urgent))
	{
		/* what it acknowledged is recorded */
		publisher->started = place;
		recorded(stream, &place);
	}
	return count > 0 || due || nap(publisher, waiting ? 10 : 100, problem);
}

/* Asked to stop: has everything that was taken been acknowledged, and its position? */
static bool
finished(Publisher *publisher)
{
	Stream	   *stream = publisher->stream;
	size_t		on_its_way;
	bool		done;

	if (!publisher->stopping)
		return false;
	if (stream->sink->transactional)
		return true;			/* the turn before has done it all */
	pthread_mutex_lock(&stream->lock);
	on_its_way = ring_events(stream->ring) - ring_untaken(stream->ring);
	done = on_its_way == 0 && !recording(publisher) && !position_due(publisher, ring_place_done(stream->ring));
	pthread_mutex_unlock(&stream->lock);
	if (done || !stream_hopeless(stream))
		return done;
	log_warning("gave up waiting for Kafka: %zu events were not confirmed within shutdown.grace.ms; what is not confirmed is read again from the slot", on_its_way);
	return true;
}

void *
stream_publisher(void *arg)
{
	Stream	   *stream = arg;
	Publisher	publisher = {.stream = stream, .written_us = ticks_us(), .started = stream->recorded, .until = stream->filter.until};
	Problem		problem = {0};
	bool		fine = true;
	bool		failed = false;

	pthread_setname_np(pthread_self(), "publisher");
	while (fine && !failed && !finished(&publisher))
	{
		fine = stream->sink->transactional ? turn_transactional(&publisher, &problem) : turn_acknowledged(&publisher, &problem);
		pthread_mutex_lock(&stream->lock);
		failed = stream->failed;
		pthread_mutex_unlock(&stream->lock);
	}
	if (!fine)
		stream_fail(stream, &problem);
	pthread_mutex_lock(&stream->lock);
	stream->publisher_over = true;
	pthread_mutex_unlock(&stream->lock);
	stream_wake(stream->reader_wake);
	free(publisher.batch);
	offsets_free(&publisher.bound.offsets);
	return NULL;
}
