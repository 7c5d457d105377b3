/*
 * debezium/bridge/sink_idempotent.c
 *     Low latency: records in order, none twice while the producer lives, each safe when it is acknowledged; the position follows.
 *
 * A record waits for as long as Kafka does not take it; only what Kafka refuses fails. With on.error=stop a refusal ends the
 * producer before anything behind it is written (enable.gapless.guarantee); with on.error=dlq the library goes on behind it
 * and the envelope follows.
 */
#include "sink_kafka.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "kafka_error.h"
#include "log.h"
#include "metrics.h"

#define FATAL_POLLS 10			/* for the delivery report that says why the producer has failed */
#define FATAL_POLL_MS 50

/* --- delivery reports --- */

/* The first failure counts, unless a later one names a record. */
static void
flow_fail(Flow *flow, const Problem *problem)
{
	if (!flow->failed || (problem->remedy == REMEDY_STOP && flow->problem.remedy != REMEDY_STOP))
		flow->problem = *problem;
	flow->failed = true;
}

static void
position_delivered(KafkaSink *sink, rd_kafka_resp_err_t err)
{
	Problem		problem;

	sink->flow.recording = false;
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
	{
		sink->events.recorded(sink->events.arg, &sink->flow.place);
		return;
	}
	kafka_problem(&problem, err, NULL, "Kafka does not take the position into the topic \"%s\"", sink->topics.topic[TOPIC_POSITION].name);
	flow_fail(&sink->flow, &problem);
}

/* Its envelope is produced when we are out of the library's callback. */
static void
put_aside(Flow *flow, Event *event)
{
	if (flow->refused_count == flow->refused_room)
	{
		flow->refused_room = flow->refused_room * 2 + 16;
		flow->refused = must_realloc(flow->refused, flow->refused_room * sizeof *flow->refused);
	}
	flow->refused[flow->refused_count++] = event;
}

static void
event_failed(KafkaSink *sink, Event *event, rd_kafka_resp_err_t err)
{
	Problem		problem;

	/* What was given up after something else had failed says nothing itself. */
	if (err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT || err == RD_KAFKA_RESP_ERR__FATAL)
		return;
	if (kafka_error(err)->blame == BLAME_RECORD && sink->options->on_error == ON_ERROR_DLQ && event->refused == NULL)
	{
		sink_refuse(sink, event, err);
		put_aside(&sink->flow, event);
		return;
	}
	if (kafka_error(err)->blame == BLAME_RECORD)
		sink_refusal(sink, event, err, &problem);
	else
		kafka_problem(&problem, err, NULL, "Kafka does not take the event %lld of oms.%s", (long long) event->sequence,
					  event_tables[event->table].table);
	flow_fail(&sink->flow, &problem);
}

void
sink_idempotent_delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *client)
{
	KafkaSink  *sink = kafka_client_owner(client);

	(void) rk;
	if (sink->closing)
		return;
	if (message->_private == &sink->flow)
		position_delivered(sink, message->err);
	else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		event_failed(sink, message->_private, message->err);
	else
	{
		Event	   *event = message->_private;
		Problem		problem;

		if (!sink_delivered(sink, event, message, &problem))
		{
			flow_fail(&sink->flow, &problem);
			return;
		}
		if (event->refused != NULL)
			metric_add_table(METRIC_DEAD_LETTERS, event->table, 1);
		sink->events.acked(sink->events.arg, event);	/* which may free it */
	}
}

/* --- producing --- */

/* Has the library given the producer up? A delivery report, which may still be on its way, says more than its own words. */
static bool
check(KafkaSink *sink, Problem *problem)
{
	char		text[512];
	rd_kafka_resp_err_t err = rd_kafka_fatal_error(sink->producer.rk, text, sizeof text);
	Problem		fatal;

	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
	{
		for (int i = 0; i < FATAL_POLLS && !sink->flow.failed; i++)
			rd_kafka_poll(sink->producer.rk, FATAL_POLL_MS);
		kafka_problem(&fatal, err, text, "the Kafka producer has failed");
		flow_fail(&sink->flow, &fatal);
	}
	if (sink->flow.failed)
		*problem = sink->flow.problem;
	return !sink->flow.failed;
}

/* The event, or the position when event is NULL. Waits while the library's queue is full. */
static bool
hand_over(KafkaSink *sink, Event *event, Problem *problem)
{
	rd_kafka_resp_err_t err;

	while ((err = event != NULL ? sink_produce(sink, event) : sink_produce_position(sink, &sink->flow.record, &sink->flow)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
	{
		if (sink_stop(sink))
			return kafka_stopped(problem);
		rd_kafka_poll(sink->producer.rk, KAFKA_WAIT_MS);
		if (!check(sink, problem))
			return false;
	}
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return true;
	if (event != NULL && kafka_error(err)->blame == BLAME_RECORD)
	{
		/* The library itself sees that it is too large, and has taken nothing. */
		if (sink->options->on_error == ON_ERROR_STOP || event->refused != NULL)
			return sink_refusal(sink, event, err, problem);
		sink_refuse(sink, event, err);
		return hand_over(sink, event, problem);
	}
	if (!check(sink, problem))
		return false;
	return kafka_problem(problem, err, NULL, "cannot hand records to Kafka");
}

/* Envelopes of what was refused. Handing over may serve callbacks, and they may put more aside. */
static bool
send_refused(KafkaSink *sink, Problem *problem)
{
	Flow	   *flow = &sink->flow;

	while (flow->refused_count > 0)
		if (!hand_over(sink, flow->refused[--flow->refused_count], problem))
			return false;
	return true;
}

static bool
idempotent_publish(Sink *base, Event **events, size_t count, const Position *position, Problem *problem)
{
	KafkaSink  *sink = (KafkaSink *) base;

	(void) position;
	sink_reading_over(sink);
	if (!check(sink, problem))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!hand_over(sink, events[i], problem))
			return false;
	return true;
}

static bool
idempotent_record(Sink *base, const Position *position, Problem *problem)
{
	KafkaSink  *sink = (KafkaSink *) base;

	assert(!sink->flow.recording);
	sink_reading_over(sink);
	text_clear(&sink->flow.record);
	position_encode(position, &sink->flow.record);
	sink->flow.place = position->place;
	sink->flow.recording = true;
	return hand_over(sink, NULL, problem);
}

static bool
idempotent_poll(Sink *base, int timeout_ms, Problem *problem)
{
	KafkaSink  *sink = (KafkaSink *) base;

	sink_serve(sink, timeout_ms);
	return send_refused(sink, problem) && check(sink, problem);
}

bool
sink_idempotent_start(KafkaSink *sink, Problem *problem)
{
	(void) problem;
	sink->sink.publish = idempotent_publish;
	sink->sink.record = idempotent_record;
	sink->sink.poll = idempotent_poll;
	return true;
}

void
sink_idempotent_end(KafkaSink *sink)
{
	rd_kafka_purge(sink->producer.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}
