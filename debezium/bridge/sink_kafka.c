/*
 * debezium/bridge/sink_kafka.c
 *     What the two Kafka sinks share: opening, closing, and how things become records.
 *
 * A key's partition is worked out over the number of partitions that the topic had when the sink was opened: adding
 * partitions to a topic moves no key while a session lasts. Payloads are not copied: librdkafka reads them where they are,
 * so an event must live until its delivery is reported, or until the sink is closed.
 */
#include "sink_kafka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kafka_error.h"
#include "log.h"
#include "metrics.h"
#include "signals.h"

#define BATCH_BYTES 1000000		/* the library's own default */
#define MESSAGE_BYTES 1000000
#define BATCH_MARGIN 1024
#define HEADERS_MAX 4

bool
sink_stop(const KafkaSink *sink)
{
	return kafka_stop(&sink->wait);
}

void
sink_serve(KafkaSink *sink, int timeout_ms)
{
	uint64_t	wakes;

	if (read(sink->sink.wake_fd, &wakes, sizeof wakes) < 0)
		wakes = 0;				/* nothing was there: as good */
	rd_kafka_poll(sink->producer.rk, timeout_ms);
}

/* --- records --- */

static int
partition_of(const KafkaSink *sink, int topic, Span key)
{
	return rd_kafka_msg_partitioner_murmur2(sink->handles[topic], key.data, key.len, sink->pinned[topic], NULL, NULL);
}

static void
header(rd_kafka_vu_t *vu, const char *name, const char *value, size_t len)
{
	vu->vtype = RD_KAFKA_VTYPE_HEADER;
	vu->u.header.name = name;
	vu->u.header.val = value;
	vu->u.header.size = (ssize_t) len;
}

/*
 * What every record of an event says of itself: its id and hash, by which it is known again, and whose it is where several stores publish
 * to the same topics. Returns how many headers that are.
 */
static size_t
identify(const KafkaSink *sink, const Event *event, char id[24], rd_kafka_vu_t *headers)
{
	Span		hash = event_hash(event);
	const char *store = sink->options->store;

	header(&headers[0], "id", id, (size_t) snprintf(id, 24, "%lld", (long long) event->sequence));
	header(&headers[1], "hash", hash.data, hash.len);
	if (store[0] == '\0')
		return 2;
	header(&headers[2], "store", store, strlen(store));
	return 3;
}

/* One record. headers: the first of so many more values. */
static rd_kafka_resp_err_t
produce(KafkaSink *sink, int topic, int partition, Span key, Span value, bool copy, void *opaque, const rd_kafka_vu_t *headers, size_t header_count)
{
	rd_kafka_vu_t vus[6 + HEADERS_MAX] = {
		{.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = sink->handles[topic]},
		{.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
		{.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = copy ? RD_KAFKA_MSG_F_COPY : 0},
		/* librdkafka does not write there */
		{.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *) (uintptr_t) value.data, value.len}},
		{.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *) (uintptr_t) key.data, key.len}},
		{.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = opaque},
	};
	rd_kafka_error_t *error;
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;

	for (size_t i = 0; i < header_count; i++)
		vus[6 + i] = headers[i];
	error = rd_kafka_produceva(sink->producer.rk, vus, 6 + header_count);
	if (error != NULL)
	{
		err = rd_kafka_error_code(error);
		rd_kafka_error_destroy(error);
	}
	return err;
}

static rd_kafka_resp_err_t
produce_dead_letter(KafkaSink *sink, Event *event)
{
	const KafkaTopic *topic = &sink->topics.topic[TOPIC_DEAD_LETTERS];
	const char *user_limit = property_value(&sink->options->settings, "message.max.bytes");
	int64_t		limit = topic->max_bytes > 0 ? topic->max_bytes : user_limit != NULL ? atoll(user_limit) : MESSAGE_BYTES;
	Span		key = event_key(event);
	Text		json = {0};
	char		id[24];
	const char *name = sink->topics.topic[event->topic].name;
	rd_kafka_vu_t headers[HEADERS_MAX];
	size_t		count = identify(sink, event, id, headers);
	rd_kafka_resp_err_t err;

	/* with it a comparison knows that the event is not missing */
	header(&headers[count++], "topic", name, strlen(name));
	dead_letter(event, name, limit, &json);
	err = produce(sink, TOPIC_DEAD_LETTERS, partition_of(sink, TOPIC_DEAD_LETTERS, key), key, (Span) {json.data, json.len}, true, event, headers, count);
	text_free(&json);
	return err;
}

rd_kafka_resp_err_t
sink_produce(KafkaSink *sink, Event *event)
{
	Span		key = event_key(event);
	Span		type = event_type(event);
	char		id[24];
	rd_kafka_vu_t headers[HEADERS_MAX];
	size_t		count;

	if (sink->pinned[event->topic] == 0)
		return RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;	/* its table came after we opened: a new session finds the topic */
	if (event->refused != NULL)
		return produce_dead_letter(sink, event);
	count = identify(sink, event, id, headers);
	header(&headers[count++], "eventType", type.data, type.len);
	return produce(sink, event->topic, partition_of(sink, event->topic, key), key, event_payload(event), false, event, headers, count);
}

rd_kafka_resp_err_t
sink_produce_position(KafkaSink *sink, const Text *json, void *opaque)
{
	Span		key = {sink->options->pipeline, strlen(sink->options->pipeline)};

	return produce(sink, TOPIC_POSITION, 0, key, (Span) {json->data, json->len}, true, opaque, NULL, 0);
}

bool
sink_delivered(KafkaSink *sink, const Event *event, const rd_kafka_message_t *message, Problem *problem)
{
	_Atomic int64_t *next;
	int64_t		known;
	int64_t		marker = sink->sink.transactional;	/* that of its transaction stands behind it, whatever comes of that */

	if (event->refused != NULL || message->partition < 0 || message->partition >= sink->pinned[event->topic])
		return true;
	/* Offsets of a partition are reported in order. */
	next = &sink->next[event->topic][message->partition];
	known = atomic_load_explicit(next, memory_order_relaxed);
	if (message->offset + marker < known)
		return problem_set(problem, REMEDY_RECONCILE, NULL, "Kafka has lost records: topic %.200s [%d] put an event at offset %lld, and had come to %lld",
						   sink->topics.topic[event->topic].name, (int) message->partition, (long long) message->offset, (long long) (known - marker));
	atomic_store_explicit(next, message->offset + 1 + marker, memory_order_relaxed);
	return true;
}

bool
sink_refusal(const KafkaSink *sink, const Event *event, rd_kafka_resp_err_t err, Problem *problem)
{
	int			topic = event->refused != NULL ? TOPIC_DEAD_LETTERS : event->topic;
	Span		key = event_key(event);

	return problem_set(problem, REMEDY_STOP, kafka_error(err)->hint,
					   "Kafka refuses the event %lld of oms.%s for the topic \"%.200s\" (key \"%.*s\", %zu bytes): %s (%s)",
					   (long long) event->sequence, event_tables[event->table].table, sink->topics.topic[topic].name,
					   key.len < 100 ? (int) key.len : 100, key.data, event_payload(event).len, rd_kafka_err2str(err), rd_kafka_err2name(err));
}

void
sink_refuse(const KafkaSink *sink, Event *event, rd_kafka_resp_err_t err)
{
	Span		key = event_key(event);

	event->refused = kafka_error(err)->text;
	log_warning("Kafka refuses the event %lld of oms.%s (key \"%.*s\", %zu bytes): %s; it goes to the topic \"%s\"",
				(long long) event->sequence, event_tables[event->table].table, key.len < 100 ? (int) key.len : 100, key.data,
				event_payload(event).len, event->refused, sink->topics.topic[TOPIC_DEAD_LETTERS].name);
}

/* --- struct Sink --- */

static int
kafka_partition(const Sink *base, int topic, Span key)
{
	return partition_of((const KafkaSink *) base, topic, key);
}

static void
kafka_offsets(Sink *base, Offsets *copy)
{
	KafkaSink  *sink = (KafkaSink *) base;
	Offsets		now;

	offsets_init(&now, sink->pinned);
	for (int t = 0; t < EVENT_TABLES; t++)
		for (int p = 0; p < sink->pinned[t]; p++)
			now.next[t][p] = atomic_load_explicit(&sink->next[t][p], memory_order_relaxed);
	offsets_copy(copy, &now);
	offsets_free(&now);
}

static void
kafka_partitions(Sink *base, int counts[EVENT_TABLES])
{
	memcpy(counts, ((KafkaSink *) base)->pinned, EVENT_TABLES * sizeof counts[0]);
}

static void
kafka_close(Sink *base, int timeout_ms)
{
	KafkaSink  *sink = (KafkaSink *) base;

	sink->closing = true;
	if (sink->producer.rk != NULL)
	{
		if (base->transactional)
			sink_transactional_end(sink, timeout_ms);
		else
			sink_idempotent_end(sink);
		for (int i = 0; i < KAFKA_TOPICS; i++)
			if (sink->handles[i] != NULL)
				rd_kafka_topic_destroy(sink->handles[i]);
	}
	/* the library waits for its threads, one of which may wait for a name server */
	signals_doing("closing the connections to Kafka", true);
	kafka_client_close(&sink->producer);
	sink_reading_over(sink);
	if (base->wake_fd >= 0)
		close(base->wake_fd);
	kafka_topics_free(&sink->topics);
	for (int t = 0; t < EVENT_TABLES; t++)
		free(sink->next[t]);
	free(sink->transaction.refusals);
	free(sink->flow.refused);
	text_free(&sink->flow.record);
	free(sink);
}

/* --- opening --- */

/* A request of several records must fit every topic: one that is too large would make all of its records look so. 0: it does by default. */
static int64_t
batch_bytes(const KafkaTopics *topics)
{
	int64_t		smallest = BATCH_BYTES + BATCH_MARGIN;

	for (int i = 0; i < KAFKA_TOPICS; i++)
		if (topics->topic[i].max_bytes > 0 && topics->topic[i].max_bytes < smallest)
			smallest = topics->topic[i].max_bytes;
	if (smallest == BATCH_BYTES + BATCH_MARGIN)
		return 0;
	return smallest > 2 * BATCH_MARGIN ? smallest - BATCH_MARGIN : BATCH_MARGIN;
}

static bool
open_topics(KafkaSink *sink, const bool *tables, Problem *problem)
{
	if (!kafka_client_open(&sink->admin, KAFKA_ADMIN, sink->options, NULL, problem) ||
		!kafka_topics_open(&sink->admin, sink->options, tables, &sink->wait, &sink->topics, problem))
		return false;
	for (int i = 0; i < KAFKA_TOPICS; i++)
		sink->pinned[i] = sink->topics.topic[i].partitions;
	for (int t = 0; t < EVENT_TABLES; t++)
	{
		sink->next[t] = must_alloc(((size_t) sink->pinned[t] + 1) * sizeof *sink->next[t]);
		for (int p = 0; p < sink->pinned[t]; p++)
			atomic_init(&sink->next[t][p], 0);
	}
	return true;
}

/* The producer learns where the partitions are now, not with the first record. */
static bool
open_handles(KafkaSink *sink, Problem *problem)
{
	for (int i = 0; i < KAFKA_TOPICS; i++)
	{
		if (sink->pinned[i] == 0)
			continue;
		sink->handles[i] = rd_kafka_topic_new(sink->producer.rk, sink->topics.topic[i].name, NULL);
		if (sink->handles[i] == NULL)
			return kafka_problem(problem, rd_kafka_last_error(), NULL, "cannot use the topic \"%s\"", sink->topics.topic[i].name);
		if (!kafka_topic_known(&sink->producer, sink->options, sink->topics.topic[i].name, &sink->wait, problem))
			return false;
	}
	return true;
}

static bool
open_producer(KafkaSink *sink, Problem *problem)
{
	bool		transactional = sink->sink.transactional;
	KafkaProducerConf conf = {
		.transactional_id = transactional ? sink->transactional_id : NULL,
		.delivered = transactional ? sink_transactional_delivered : sink_idempotent_delivered
	};
	rd_kafka_queue_t *queue;
	static const uint64_t one = 1;

	conf.batch_bytes = batch_bytes(&sink->topics);
	sink->producer.owner = sink;
	if (!kafka_client_open(&sink->producer, KAFKA_PRODUCER, sink->options, &conf, problem))
		return false;
	queue = rd_kafka_queue_get_main(sink->producer.rk);
	rd_kafka_queue_io_event_enable(queue, sink->sink.wake_fd, &one, sizeof one);
	rd_kafka_queue_destroy(queue);
	return open_handles(sink, problem) && (transactional ? sink_transactional_start(sink, problem) : sink_idempotent_start(sink, problem));
}

Sink *
sink_kafka_open(const SinkContext *context, Problem *problem)
{
	KafkaSink  *sink = must_alloc(sizeof *sink);

	memset(sink, 0, sizeof *sink);
	sink->options = context->options;
	sink->events = context->events;
	sink->wait = (KafkaWait) {context->stop, context->stop_arg};
	snprintf(sink->transactional_id, sizeof sink->transactional_id, "oms-cdc-%s-%s", context->sysid, context->options->pipeline);
	sink->sink = (Sink) {
		.name = "kafka",
		.transactional = context->options->mode == MODE_EXACTLY_ONCE,
		.keeps_position = true,
		.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
		.offsets = kafka_offsets,
		.position = sink_position,
		.ends = sink_ends,
		.scan = sink_scan,
		.partition = kafka_partition,
		.partitions = kafka_partitions,
		.close = kafka_close
	};
	if (sink->sink.wake_fd < 0)
		problem_set(problem, REMEDY_RETRY, NULL, "cannot make an eventfd");
	else if (open_topics(sink, context->tables, problem) && open_producer(sink, problem))
		return &sink->sink;
	kafka_close(&sink->sink, 0);
	return NULL;
}
