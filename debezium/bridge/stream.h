/*
 * debezium/bridge/stream.h
 *     The steady state: a reader thread (PostgreSQL to the ring), a publisher thread (the ring to the sink), and the session's
 *     own thread, which keeps the lock, takes samples, and hears signals.
 *
 * Everything they share is in Stream, under its lock. Invariant: what the reader confirms to PostgreSQL (recorded) is what the
 * sink's position holds, never more; a sink that keeps no position confirms what it has acknowledged.
 */
#ifndef STREAM_H
#define STREAM_H

#include <pthread.h>

#include "decode.h"
#include "filter.h"
#include "horizon.h"
#include "postgres.h"
#include "replication.h"
#include "sink.h"

/* Settings that a reload changes. */
typedef struct Limits
{
	size_t		batch_max_rows;
	size_t		batch_max_bytes;
	int64_t		idle_record_us;
	int64_t		position_interval_us;
} Limits;

typedef struct Stream
{
	/* set before the threads start, and then left alone */
	const Options *options;
	Sink	   *sink;
	Replication *replication;
	const DecoderClass *decoder;
	PGconn	   *control;
	char		publication[64];	/* its fingerprint */
	int			reader_wake;	/* eventfds */
	int			publisher_wake;
	int			session_wake;

	/* the reader's own */
	Filter		filter;

	/* the publisher's own */
	Position	position;		/* what every record has in common */
	uint64_t	records;		/* positions begun with a sink that is not transactional */

	/* shared, under lock */
	pthread_mutex_t lock;
	Ring	   *ring;
	Limits		limits;
	Lsn			received;
	Lsn			server_lsn;		/* how far the server had written when it was last looked at, within the last second or so */
	Place		recorded;
	Horizon		horizon;
	bool		horizon_new;	/* no position record has it yet */
	uint64_t	published;		/* events, since the stream began */
	uint64_t	records_safe;	/* positions that a sink that is not transactional has acknowledged */
	bool		publisher_waits;	/* for something to take */
	bool		urgent;			/* the server waits for our position */
	Lsn			gate_wanted;	/* the publisher holds back until the gate has come to here */
	Lsn			gate_passed;
	int64_t		leave_by_us;	/* the lock is lost: leave the server by then; 0: no */
	bool		stopping;		/* finish what was taken, then end */
	bool		publisher_over;
	bool		failed;
	Problem		problem;		/* of whoever failed first */
} Stream;

/* The first failure of a session counts. Any thread. */
extern void stream_fail(Stream *stream, const Problem *problem);
/* True when there is no use in waiting any longer: failed, or asked to stop for longer than the grace. Any thread. */
extern bool stream_hopeless(Stream *stream);
extern void stream_wake(int fd);
/* Waits until fd (or also, when not -1) is readable, and empties fd. */
extern void stream_wait(int fd, int also, int timeout_ms);

/* The threads. */
extern void *stream_reader(void *stream);
extern void *stream_publisher(void *stream);

/* Sink callbacks of the publisher; arg is the stream. */
extern void publisher_acked(void *stream, Event *event);
extern void publisher_recorded(void *stream, const Place *place);

/* From START_REPLICATION done to the end of the session. False: problem says how it ended; true: asked to stop. */
extern bool stream_run(Stream *stream, Options *options, Problem *problem);

#endif
