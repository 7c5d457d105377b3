/*
 * debezium/bridge/sink.h
 *     Where events go, behind one struct: Kafka with transactions, Kafka without, standard output.
 *
 * A sink is used by one thread at a time: by the session thread until the stream starts, then by the publisher.
 */
#ifndef SINK_H
#define SINK_H

#include "options.h"
#include "position.h"

typedef struct Sink Sink;

/* What a sink that is not transactional reports from inside poll(); called in the thread that polls. */
typedef struct SinkEvents
{
	void	   *arg;
	void		(*acked) (void *arg, Event *event);	/* one event is safe */
	void		(*recorded) (void *arg, const Place *place);	/* a position given to record() is safe */
} SinkEvents;

/* An event of this store, found when reading back Kafka. */
typedef struct Found
{
	int			topic;
	int			partition;
	int64_t		offset;
	int64_t		sequence;
	Span		hash;			/* empty when the record has none */
	bool		dead;			/* a dead letter: refused for topic, and gone for good */
} Found;

/* For each of them. False stops the reading. */
typedef bool (*SinkScan) (void *arg, const Found *found, Problem *problem);

struct Sink
{
	const char *name;
	bool		transactional;	/* publish() makes events and position durable in one step, before it returns */
	bool		keeps_position; /* position() can answer */
	int			wake_fd;		/* readable when poll() has something to do; -1 when never */

	/*
	 * Transactional: all of it or none of it; position goes last in the same transaction. An event with refused set goes to the dead-letter topic.
	 * A permanent refusal of an event: on.error=stop fails with REMEDY_STOP and names it; on.error=dlq sets refused and does the transaction again.
	 * Otherwise: hands the events over in order (waits while the sink's queue is full, serving its callbacks), position is not used.
	 * count may be 0 (a position alone). stop: polled while waiting; when it turns true, gives up with REMEDY_RETRY.
	 */
	bool		(*publish) (Sink *sink, Event **events, size_t count, const Position *position, Problem *problem);
	/* Not transactional: starts writing a position; SinkEvents.recorded says when it is safe. At most one at a time. */
	bool		(*record) (Sink *sink, const Position *position, Problem *problem);
	/* Serves callbacks for at most timeout_ms; false when the sink has failed. */
	bool		(*poll) (Sink *sink, int timeout_ms, Problem *problem);
	/* Next offset of each partition as far as acknowledged. Any thread. */
	void		(*offsets) (Sink *sink, Offsets *copy);
	/* The newest position record; *found is false when there is none (and that is certain). */
	bool		(*position) (Sink *sink, Position *position, bool *found, Problem *problem);
	/* Where the partitions of the event topics begin and end now. */
	bool		(*ends) (Sink *sink, Offsets *low, Offsets *high, Problem *problem);
	/*
	 * Reads the event topics, committed records only, from these offsets (NULL: from the beginning; or from where a partition begins now) to
	 * their end as of the call, and remembers those ends as its own next offsets. *low: where they begin. dead_letters: all of those too.
	 */
	bool		(*scan) (Sink *sink, const Offsets *from, bool dead_letters, SinkScan found, void *arg, Offsets *low, Problem *problem);
	/* Where a key's events go. */
	int			(*partition) (const Sink *sink, int topic, Span key);
	/* Number of partitions of each event topic, fixed at open. */
	void		(*partitions) (Sink *sink, int counts[EVENT_TABLES]);
	/* In flight things are given up (transactional: aborted, for at most timeout_ms). Frees the sink. */
	void		(*close) (Sink *sink, int timeout_ms);
};

/* Becomes true when what the session does has become pointless: asked to stop, lock lost. Polled by waits. */
typedef bool (*StopCheck) (void *arg);

typedef struct SinkContext
{
	const Options *options;
	const char *sysid;			/* for the transactional id: oms-cdc-<sysid>-<pipeline> */
	const bool *tables;			/* [EVENT_TABLES] which exist: their topics must */
	SinkEvents	events;
	StopCheck	stop;
	void	   *stop_arg;
} SinkContext;

/*
 * Opens. For Kafka: creates the producer, checks and (create.topics) makes the topics, makes the position topic (compacted, one partition) when it
 * is missing, fences every older instance (init_transactions) before it returns. Errors: topic missing (with the command that makes it), rights
 * missing, authentication, no broker in reach, max.message.bytes read from the topics for message.max.bytes.
 */
extern Sink *sink_kafka_open(const SinkContext *context, Problem *problem);	/* by options->mode */
extern Sink *sink_stdout_open(const SinkContext *context, Problem *problem);

#endif
