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

#include "kafka_admin.h"
#include "kafka_error.h"
#include "log.h"
#include "metrics.h"
#include "signals.h"

#define BATCH_BYTES 1000000		/* the library's own default */
#define MESSAGE_BYTES 1000000
#define BATCH_MARGIN 1024

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

/* One record. headers: the first of so many more values. */
static rd_kafka_resp_err_t
produce(KafkaSink *sink, int topic, int partition, Span key, Span value, bool copy, void *opaque, const rd_kafka_vu_t *headers, size_t header_count)
{
	rd_kafka_vu_t vus[9] = {
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
	const char *user_limit = kafka_property(sink->options, "message.max.bytes");
	int64_t		limit = topic->max_bytes > 0 ? topic->max_bytes : user_limit != NULL ? atoll(user_limit) : MESSAGE_BYTES;
	Span		key = event_key(event);
	Text		json = {0};
	char		id[24];
	rd_kafka_vu_t headers[1];
	rd_kafka_resp_err_t err;

	header(&headers[0], "id", id, (size_t) snprintf(id, sizeof id, "%lld", (long long) event->sequence));
	dead_letter(event, sink->topics.topic[event->topic].name, limit, &json);
	err = produce(sink, TOPIC_DEAD_LETTERS, partition_of(sink, TOPIC_DEAD_LETTERS, key), key, (Span) {json.data, json.len}, true, event, headers, 1);
	text_free(&json);
	return err;
}

rd_kafka_resp_err_t
sink_produce(KafkaSink *sink, Event *event)
{
	Span		key = event_key(event);
	Span		type = event_type(event);
	Span		hash = event_hash(event);
	char		id[24];
	rd_kafka_vu_t headers[3];

	if (sink->pinned[event->topic] == 0)
		return RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;	/* its table came after we opened: a new session finds the topic */
	if (event->refused != NULL)
		return produce_dead_letter(sink, event);
	header(&headers[0], "id", id, (size_t) snprintf(id, sizeof id, "%lld", (long long) event->sequence));
	header(&headers[1], "eventType", type.data, type.len);
	header(&headers[2], "hash", hash.data, hash.len);
	return produce(sink, event->topic, partition_of(sink, event->topic, key), key, event_payload(event), false, event, headers, 3);
}

rd_kafka_resp_err_t
sink_produce_position(KafkaSink *sink, const Text *json, void *opaque)
{
	Span		key = {sink->options->pipeline, strlen(sink->options->pipeline)};

	return produce(sink, TOPIC_POSITION, 0, key, (Span) {json->data, json->len}, true, opaque, NULL, 0);
}

void
sink_delivered(KafkaSink *sink, const Event *event, const rd_kafka_message_t *message)
{
	if (event->refused != NULL || message->partition < 0 || message->partition >= sink->pinned[event->topic])
		return;
	/* Offsets of a partition are reported in order. */
	atomic_store_explicit(&sink->next[event->topic][message->partition], message->offset + 1, memory_order_relaxed);
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

/* The limits of records that the topics have, as settings of the producer. */
static void
size_limits(const KafkaTopics *topics, KafkaProducerConf *conf)
{
	int64_t		smallest = INT64_MAX;
	bool		known = true;

	for (int i = 0; i < KAFKA_TOPICS; i++)
	{
		int64_t		limit = topics->topic[i].max_bytes;

		if (topics->topic[i].name == NULL)
			continue;
		known = known && limit > 0;
		if (limit > conf->message_max_bytes)
			conf->message_max_bytes = limit < 1000000000 ? limit : 1000000000;
		if (limit < smallest)
			smallest = limit;
	}
	if (conf->message_max_bytes > 0 && conf->message_max_bytes < MESSAGE_BYTES)
		conf->message_max_bytes = MESSAGE_BYTES;	/* the topics decide; several may differ */
	/* A request of several records must fit every topic: one that is too large would make all of its records look so. */
	if (known && smallest - BATCH_MARGIN < BATCH_BYTES)
		conf->batch_bytes = smallest > 2 * BATCH_MARGIN ? smallest - BATCH_MARGIN : BATCH_MARGIN;
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
		int64_t		give_up_us = ticks_us() + sink->options->scan_timeout_ms * 1000;
		int			timeout_ms = KAFKA_WAIT_MS;
		int			partitions;

		if (sink->pinned[i] == 0)
			continue;
		sink->handles[i] = rd_kafka_topic_new(sink->producer.rk, sink->topics.topic[i].name, NULL);
		if (sink->handles[i] == NULL)
			return kafka_problem(problem, rd_kafka_last_error(), NULL, "cannot use the topic \"%s\"", sink->topics.topic[i].name);
		while (kafka_admin_topic(&sink->producer, sink->topics.topic[i].name, timeout_ms, &partitions) != TOPIC_FOUND)
		{
			if (sink_stop(sink))
				return kafka_stopped(problem);
			if (ticks_us() > give_up_us)
				return kafka_unreachable(&sink->producer, sink->options, "cannot open the topics", problem);
			timeout_ms = timeout_ms < 800 ? timeout_ms * 2 : timeout_ms;
			usleep(20000);
		}
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

	size_limits(&sink->topics, &conf);
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
		.scan = sink_scan,
		.untouched = sink_untouched,
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
