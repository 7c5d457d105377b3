/*
 * debezium/bridge/sink_kafka.h
 *     What the two Kafka sinks share: clients, topics, offsets, and how things become records.
 */
#ifndef SINK_KAFKA_H
#define SINK_KAFKA_H

#include <stdatomic.h>

#include "kafka_conf.h"
#include "kafka_topics.h"
#include "sink.h"

/* A record that Kafka refused. */
typedef struct Refusal
{
	Event	   *event;
	rd_kafka_resp_err_t err;
} Refusal;

/* The transactional sink's own; see sink_transactional.c. */
typedef struct Transaction
{
	bool		failed;			/* a batch has failed, and may be half way in the library: nothing more may be committed */
	bool		begun;			/* the library has begun one */
	bool		open;			/* with records in it: to be aborted when we leave */
	bool		committing;		/* a commit was asked for, and its outcome is not known */
	bool		careful;		/* the last commit took so long that a copy of its request may still be on its way */
	int64_t		began_us;
	int64_t		acked_us;		/* when the first record of this one was delivered; 0: none yet */
	int64_t		committed_us;	/* when the last one was committed; 0: none yet */
	int64_t		settle_us;		/* how long Kafka seems to need after a commit until it takes the next transaction */
	Refusal    *refusals;		/* records of this attempt that failed for what they are */
	size_t		refused;
	size_t		room;
	uint64_t	undelivered;	/* records of this attempt that failed for whatever reason */
	rd_kafka_resp_err_t failure;	/* the first such reason that is no consequence of another */
	Problem		lost;			/* with a remedy: Kafka has lost what it had */
} Transaction;

/* The idempotent sink's own; see sink_idempotent.c. */
typedef struct Flow
{
	bool		failed;
	Problem		problem;
	bool		recording;
	Place		place;			/* of the position on its way */
	Text		record;
	Event	  **refused;		/* to go to the dead-letter topic, from here on */
	size_t		refused_count;
	size_t		refused_room;
} Flow;

typedef struct KafkaSink
{
	Sink		sink;			/* first: a Sink * is one of these */
	const Options *options;
	SinkEvents	events;
	KafkaWait	wait;
	char		transactional_id[160];
	KafkaTopics topics;
	int			pinned[KAFKA_TOPICS];	/* partitions; 0: no such topic here */
	_Atomic int64_t *next[EVENT_TABLES];	/* offsets */
	KafkaClient admin;
	KafkaClient reader;
	KafkaClient producer;
	rd_kafka_topic_t *handles[KAFKA_TOPICS];	/* of the producer */
	bool		closing;		/* callbacks have nobody to tell any more */
	Transaction transaction;
	Flow		flow;
} KafkaSink;

/* From sink_kafka.c. */
extern bool sink_stop(const KafkaSink *sink);
/* The producer's callbacks, for at most so long. */
extern void sink_serve(KafkaSink *sink, int timeout_ms);
/* An event, or its envelope when it is refused, handed to the library. The event must live until it is delivered. */
extern rd_kafka_resp_err_t sink_produce(KafkaSink *sink, Event *event);
/* opaque comes back with the delivery report. */
extern rd_kafka_resp_err_t sink_produce_position(KafkaSink *sink, const Text *json, void *opaque);
/* A record of this event stands at this offset now. False: others have stood there, and Kafka has lost them. */
extern bool sink_delivered(KafkaSink *sink, const Event *event, const rd_kafka_message_t *message, Problem *problem);
/* REMEDY_STOP that names the event. False. */
extern bool sink_refusal(const KafkaSink *sink, const Event *event, rd_kafka_resp_err_t err, Problem *problem);
/* Dead-letter policy: marks the event, says so in the log. */
extern void sink_refuse(const KafkaSink *sink, Event *event, rd_kafka_resp_err_t err);
/* Reading back is over for now: its clients hold connections. */
extern void sink_reading_over(KafkaSink *sink);

/* The envelope of an event that Kafka refused, of at most max_bytes with its key and headers (0: no limit known). Pure. */
extern void dead_letter(const Event *event, const char *topic, int64_t max_bytes, Text *json);

/* From sink_read.c: the reading side of struct Sink. */
extern bool sink_position(Sink *sink, Position *position, bool *found, Problem *problem);
extern bool sink_ends(Sink *sink, Offsets *low, Offsets *high, Problem *problem);
extern bool sink_scan(Sink *sink, const Offsets *from, bool dead_letters, SinkScan found, void *arg, Offsets *low, Problem *problem);

/* Each sets up what is its own of an open sink: transactional initialises its id with Kafka, which fences older instances. */
extern bool sink_transactional_start(KafkaSink *sink, Problem *problem);
extern void sink_transactional_end(KafkaSink *sink, int timeout_ms);
extern void sink_transactional_delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *client);
extern bool sink_idempotent_start(KafkaSink *sink, Problem *problem);
extern void sink_idempotent_end(KafkaSink *sink);
extern void sink_idempotent_delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *client);

#endif
