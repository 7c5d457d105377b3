/*
 * debezium/bridge/reader.c
 *     The reader thread: from PostgreSQL into the ring, and back to PostgreSQL what is recorded.
 *
 * It stops reading when the ring is full, but never stops answering: the server's wal_sender_timeout counts our answers, and
 * what is not read stays in the socket, which holds the walsender back.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>

#include "log.h"
#include "metrics.h"
#include "stream.h"

/* A confirmation costs the server a lock and now and then a write: not more often than this. */
#define STATUS_MIN_US INT64_C(20000)
#define NAP_MS 1

typedef struct Reader
{
	Stream	   *stream;
	Decoder    *decoder;
	/* the transaction that comes in */
	Lsn			commit_lsn;
	int64_t		commit_time_us;
	uint64_t	row;
	/* what the server knows of us */
	Lsn			confirmed;
	int64_t		status_us;
	bool		reply;			/* it asked */
	int64_t		heard_us;		/* when it said something, or we did not listen */
} Reader;

/*
 * How many times its silence we bear: twice as long after each time that nothing came of it. A server that decodes a transaction of hours
 * for somebody else may say nothing, and must be let come to its end.
 */
static int64_t patience = 1;

/* A server that hangs holds the slot and says nothing; whoever comes next finds that out, and says so. */
static bool
is_silent(const Reader *reader, Problem *problem)
{
	int64_t		silent_us = ticks_us() - reader->heard_us;

	if (silent_us < patience * replication_silence_us(reader->stream->replication))
		return false;
	patience = patience < 64 ? 2 * patience : patience;
	problem_set(problem, REMEDY_RETRY, "Look at the walsender in pg_stat_activity: does it hang, or decode a very large transaction?",
				"PostgreSQL has said nothing on the stream for %lld s", (long long) (silent_us / 1000000));
	return true;
}

static bool
send_status(Reader *reader, Problem *problem)
{
	Stream	   *stream = reader->stream;
	int64_t		now = ticks_us();
	int64_t		age = now - reader->status_us;
	Lsn			received;
	Lsn			recorded;
	bool		urgent;

	pthread_mutex_lock(&stream->lock);
	received = stream->received;
	recorded = stream->recorded.end_lsn;
	urgent = stream->urgent;
	pthread_mutex_unlock(&stream->lock);
	if (!reader->reply && age < replication_status_interval_us(stream->replication) && !(recorded > reader->confirmed && (urgent || age >= STATUS_MIN_US)))
		return true;
	if (!replication_status(stream->replication, received > recorded ? received : recorded, recorded,
							now - reader->heard_us >= replication_status_interval_us(stream->replication), problem))
		return false;
	reader->reply = false;
	reader->confirmed = recorded;
	reader->status_us = now;
	metric_set(METRIC_CONFIRMED_LSN, (int64_t) recorded);
	return true;
}

/* If it waits, and there is something to take. Under the lock. */
static void
wake_publisher(Stream *stream)
{
	if (!stream->publisher_waits || !ring_ready(stream->ring, stream->limits.batch_max_rows, stream->limits.batch_max_bytes))
		return;
	stream->publisher_waits = false;
	stream_wake(stream->publisher_wake);
}

static bool
out_of_place(const char *what, Problem *problem)
{
	return problem_set(problem, REMEDY_STOP, NULL, "the output plugin sent %s", what);
}

/* The event of a row, unless Kafka has it already. */
static bool
take_event(Reader *reader, const Decoded *decoded, Problem *problem)
{
	Stream	   *stream = reader->stream;
	Event	   *event;
	bool		added;

	reader->row++;
	switch (filter_row(&stream->filter, reader->commit_lsn, reader->row, decoded->sequence, problem))
	{
		case FILTER_MISMATCH:
			return false;
		case FILTER_DUPLICATE:
			metric_add(METRIC_DUPLICATES_SUPPRESSED, 1);
			return true;
		case FILTER_PUBLISHED:
			return true;
		case FILTER_PASS:
			break;
	}
	event = event_new(decoded->table, decoded->sequence, decoded->key, decoded->type, decoded->hash, decoded->payload);
	event->txn_row = reader->row;
	event->commit_time_us = reader->commit_time_us;
	pthread_mutex_lock(&stream->lock);
	added = ring_add(stream->ring, event);
	wake_publisher(stream);
	pthread_mutex_unlock(&stream->lock);
	if (!added)
		free(event);
	return added || out_of_place("a row outside of a transaction", problem);
}

static bool
take_data(Reader *reader, Span data, Problem *problem)
{
	Stream	   *stream = reader->stream;
	Decoded		decoded;
	bool		placed;

	if (!stream->decoder->decode(reader->decoder, data.data, data.len, &decoded, problem))
		return false;
	switch (decoded.kind)
	{
		case DECODED_NOTHING:
			return true;
		case DECODED_EVENT:
			return take_event(reader, &decoded, problem);
		case DECODED_BEGIN:
			reader->commit_lsn = decoded.commit_lsn;
			reader->commit_time_us = decoded.commit_time_us;
			reader->row = 0;
			pthread_mutex_lock(&stream->lock);
			placed = ring_begin(stream->ring, decoded.commit_lsn, decoded.commit_time_us);
			pthread_mutex_unlock(&stream->lock);
			return placed || out_of_place("the beginning of a transaction inside of another", problem);
		case DECODED_COMMIT:
			pthread_mutex_lock(&stream->lock);
			placed = ring_commit(stream->ring, decoded.end_lsn);
			if (placed && decoded.end_lsn > stream->received)
				stream->received = decoded.end_lsn;
			wake_publisher(stream);
			pthread_mutex_unlock(&stream->lock);
			patience = 1;
			if (!placed)
				return out_of_place("the end of a transaction that has not begun", problem);
			if (reader->row > 0)
				metric_add(METRIC_TRANSACTIONS, 1);
			metric_set(METRIC_RECEIVED_LSN, (int64_t) decoded.end_lsn);
			return true;
	}
	return true;
}

static void
take_keepalive(Reader *reader, const Received *received)
{
	Stream	   *stream = reader->stream;

	pthread_mutex_lock(&stream->lock);
	ring_skip_to(stream->ring, received->wal_end);
	if (received->wal_end > stream->received && !ring_in_transaction(stream->ring))
		stream->received = received->wal_end;
	/* it asks when it shuts down: it waits until everything it sent is confirmed */
	if (received->reply)
		stream->urgent = true;
	pthread_mutex_unlock(&stream->lock);
	if (received->reply)
	{
		reader->reply = true;
		stream_wake(stream->publisher_wake);
	}
}

/* Everything that is there, as far as the ring has room. False: it is over. */
static bool
take_all(Reader *reader, Problem *problem)
{
	Stream	   *stream = reader->stream;
	bool		full;
	bool		waiting;

	/* not for ever: an answer may be due */
	for (int i = 0; i < 1000; i++)
	{
		Received	received;

		pthread_mutex_lock(&stream->lock);
		full = ring_full(stream->ring);
		waiting = ring_events(stream->ring) > 0;
		pthread_mutex_unlock(&stream->lock);
		if (full)
		{
			stream_wait(stream->reader_wake, -1, 100);
			reader->heard_us = ticks_us();
			return true;
		}
		received = replication_receive(stream->replication, problem);
		if (received.kind == RECEIVED_DATA || received.kind == RECEIVED_KEEPALIVE)
			reader->heard_us = ticks_us();
		switch (received.kind)
		{
			case RECEIVED_DATA:
				if (!take_data(reader, received.data, problem))
					return false;
				break;
			case RECEIVED_KEEPALIVE:
				take_keepalive(reader, &received);
				return true;
			case RECEIVED_NOTHING:
				/* what is there has not gone out yet: rather some messages at once than a thread that wakes for each */
				if (i > 0 && waiting)
					poll(NULL, 0, NAP_MS);
				else
					stream_wait(stream->reader_wake, replication_socket(stream->replication), reader->status_us + STATUS_MIN_US > ticks_us() ? 20 : 1000);
				return true;
			case RECEIVED_END:
			case RECEIVED_FAILURE:
				return false;
		}
	}
	return true;
}

static bool
has_to_leave(Stream *stream, Problem *problem)
{
	int64_t		leave_by_us;

	pthread_mutex_lock(&stream->lock);
	leave_by_us = stream->leave_by_us;
	pthread_mutex_unlock(&stream->lock);
	if (leave_by_us == 0 || ticks_us() < leave_by_us)
		return false;
	problem_set(problem, REMEDY_RETRY, NULL, "left PostgreSQL: it shut down, or dropped the connection that holds the pipeline's lock");
	return true;
}

void *
stream_reader(void *arg)
{
	Stream	   *stream = arg;
	Reader		reader = {.stream = stream, .decoder = stream->decoder->create(), .heard_us = ticks_us()};
	Problem		problem = {0};
	bool		stopping = false;
	bool		over = false;

	pthread_setname_np(pthread_self(), "reader");
	while (!over)
	{
		if (!send_status(&reader, &problem) || has_to_leave(stream, &problem) || (!stopping && is_silent(&reader, &problem)))
			break;
		if (stopping)
			stream_wait(stream->reader_wake, -1, 100);
		else if (!take_all(&reader, &problem))
			break;
		pthread_mutex_lock(&stream->lock);
		stopping = stream->stopping;
		over = stream->failed || (stopping && stream->publisher_over);
		pthread_mutex_unlock(&stream->lock);
	}
	if (over)
	{
		reader.reply = true;	/* the last word, whenever the one before was */
		send_status(&reader, &problem);
	}
	else
		stream_fail(stream, &problem);
	replication_end(stream->replication);
	stream->decoder->destroy(reader.decoder);
	stream_wake(stream->session_wake);
	return NULL;
}
