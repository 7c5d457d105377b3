/*
 * debezium/bridge/kafka_read.c
 *     Reading records back: stretches of partitions, committed records only, to an end that was fixed before.
 *
 * Partitions are named one by one and no consumer group takes part: no right on a group is needed, nobody can take a
 * partition away, and no offset is left behind. That a stretch is read to its end is told by the end-of-partition event
 * and not by the last record: markers of transactions and aborted records have offsets, and are never handed out.
 */
#include "kafka_read.h"

#include <stdlib.h>
#include <string.h>

#include "kafka_error.h"
#include "metrics.h"

#define BATCH 1000

/* One reading. */
typedef struct Reading
{
	KafkaClient *reader;
	const Options *options;
	KafkaStretch *stretches;
	int			count;
	int			open;			/* stretches that are not read to their end */
	rd_kafka_topic_t **handles; /* of each stretch; NULL: not started */
	rd_kafka_queue_t *queue;
	KafkaRecord found;
	void	   *arg;
	KafkaStretch *last;			/* that a record came of: they come in runs */
	bool		moved;			/* since it was last looked at */
	rd_kafka_resp_err_t trouble;	/* the last error of a partition */
	char		trouble_text[256];
} Reading;

static bool
same(const KafkaStretch *stretch, int partition, const char *topic)
{
	return stretch->partition == partition && strcmp(stretch->topic, topic) == 0;
}

static KafkaStretch *
stretch_of(Reading *reading, const rd_kafka_message_t *message)
{
	const char *topic;

	if (message->rkt == NULL)
		return NULL;
	topic = rd_kafka_topic_name(message->rkt);
	if (same(reading->last, message->partition, topic))
		return reading->last;
	for (int i = 0; i < reading->count; i++)
		if (same(&reading->stretches[i], message->partition, topic))
			return reading->last = &reading->stretches[i];
	return NULL;
}

static void
advance(Reading *reading, KafkaStretch *stretch, int64_t at)
{
	if (at <= stretch->at)
		return;
	if (stretch->at < stretch->end && at >= stretch->end)
		reading->open--;
	stretch->at = at;
	reading->moved = true;
}

/* What came for a partition that is no record. */
static bool
take_error(Reading *reading, KafkaStretch *stretch, const rd_kafka_message_t *message, Problem *problem)
{
	rd_kafka_resp_err_t err = message->err;

	if (err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
	{
		if (stretch != NULL)
			advance(reading, stretch, message->offset);
		return true;
	}
	if (stretch != NULL && (err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE))
		return problem_set(problem, REMEDY_RETRY, NULL, "\"%.249s\" [%d] lost offset %lld while it was read: retention, or the topic was made anew",
						   stretch->topic, stretch->partition, (long long) stretch->at);
	if (kafka_error(err)->blame == BLAME_SETUP)
		return kafka_problem(problem, err, rd_kafka_message_errstr(message), "cannot read \"%.249s\"",
							 stretch != NULL ? stretch->topic : "a topic");
	/* The library tries again; if that does not help, the time-out tells this. */
	reading->trouble = err;
	snprintf(reading->trouble_text, sizeof reading->trouble_text, "%s", rd_kafka_message_errstr(message));
	return true;
}

static bool
take(Reading *reading, const rd_kafka_message_t *message, Problem *problem)
{
	KafkaStretch *stretch = stretch_of(reading, message);

	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return take_error(reading, stretch, message, problem);
	if (stretch == NULL || message->offset >= stretch->end)
	{
		if (stretch != NULL)
			advance(reading, stretch, message->offset);
		return true;
	}
	if (!reading->found(reading->arg, stretch, message, problem))
		return false;
	advance(reading, stretch, message->offset + 1);
	return true;
}

static bool
start(Reading *reading, Problem *problem)
{
	for (int i = 0; i < reading->count; i++)
	{
		KafkaStretch *stretch = &reading->stretches[i];

		stretch->at = stretch->start;
		if (stretch->start >= stretch->end)
			continue;
		reading->handles[i] = rd_kafka_topic_new(reading->reader->rk, stretch->topic, NULL);
		if (reading->handles[i] == NULL ||
			rd_kafka_consume_start_queue(reading->handles[i], stretch->partition, stretch->start, reading->queue) != 0)
		{
			rd_kafka_resp_err_t err = rd_kafka_last_error();

			if (reading->handles[i] != NULL)
				rd_kafka_topic_destroy(reading->handles[i]);
			reading->handles[i] = NULL;
			return kafka_problem(problem, err, NULL, "cannot read \"%.249s\" [%d]", stretch->topic, stretch->partition);
		}
		reading->open++;
	}
	return true;
}

static void
stop(Reading *reading)
{
	for (int i = 0; i < reading->count; i++)
	{
		if (reading->handles[i] == NULL)
			continue;
		rd_kafka_consume_stop(reading->handles[i], reading->stretches[i].partition);
		rd_kafka_topic_destroy(reading->handles[i]);
	}
}

static bool
no_progress(const Reading *reading, Problem *problem)
{
	const KafkaStretch *stretch = reading->stretches;

	while (stretch->at >= stretch->end)
		stretch++;				/* one is open */
	if (reading->trouble != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_problem(problem, reading->trouble, reading->trouble_text, "\"%.249s\" [%d] cannot be read beyond offset %lld of %lld",
							 stretch->topic, stretch->partition, (long long) stretch->at, (long long) stretch->end);
	if (reading->reader->errors > 0)
		return kafka_problem(problem, reading->reader->last_error, reading->reader->last_text,
							 "\"%.249s\" [%d] cannot be read beyond offset %lld of %lld",
							 stretch->topic, stretch->partition, (long long) stretch->at, (long long) stretch->end);
	return problem_set(problem, REMEDY_RETRY,
					   "an open transaction of some producer may hold it back, until it ends or its transaction.timeout.ms is over:"
					   " kafka-transactions.sh find-hanging shows it; or raise scan.timeout.ms",
					   "\"%.249s\" [%d] gives no committed record beyond offset %lld of %lld for %lld ms",
					   stretch->topic, stretch->partition, (long long) stretch->at, (long long) stretch->end,
					   (long long) reading->options->scan_timeout_ms);
}

/* What is there now, of which the first is waited for: the library's own call for many waits until it has as many as it may give. */
static ssize_t
fetch(Reading *reading, rd_kafka_message_t **batch)
{
	ssize_t		more;

	batch[0] = rd_kafka_consume_queue(reading->queue, KAFKA_WAIT_MS);
	if (batch[0] == NULL)
		return 0;
	more = rd_kafka_consume_batch_queue(reading->queue, 0, batch + 1, BATCH - 1);
	return more > 0 ? more + 1 : 1;
}

static bool
read_on(Reading *reading, const KafkaWait *wait, Problem *problem)
{
	int64_t		give_up_us = ticks_us() + reading->options->scan_timeout_ms * 1000;
	rd_kafka_message_t **batch = must_alloc(BATCH * sizeof *batch);
	bool		good = true;

	while (good && reading->open > 0)
	{
		ssize_t		count = fetch(reading, batch);

		for (ssize_t i = 0; i < count; i++)
		{
			good = good && take(reading, batch[i], problem);
			rd_kafka_message_destroy(batch[i]);
		}
		rd_kafka_poll(reading->reader->rk, 0);
		if (reading->moved)
		{
			health_progress();
			give_up_us = ticks_us() + reading->options->scan_timeout_ms * 1000;
		}
		reading->moved = false;
		if (good && kafka_stop(wait))
			good = kafka_stopped(problem);
		else if (good && reading->open > 0 && ticks_us() > give_up_us)
			good = no_progress(reading, problem);
	}
	free(batch);
	return good;
}

bool
kafka_read(KafkaClient *reader, const Options *options, KafkaStretch *stretches, int count, const KafkaWait *wait,
		   KafkaRecord found, void *arg, Problem *problem)
{
	Reading		reading = {.reader = reader, .options = options, .stretches = stretches, .count = count, .found = found, .arg = arg, .last = stretches};
	bool		good;

	if (count == 0)
		return true;
	reading.handles = must_alloc((size_t) count * sizeof *reading.handles);
	memset(reading.handles, 0, (size_t) count * sizeof *reading.handles);
	reading.queue = rd_kafka_queue_new(reader->rk);
	good = start(&reading, problem) && read_on(&reading, wait, problem);
	stop(&reading);
	rd_kafka_queue_destroy(reading.queue);
	free(reading.handles);
	return good;
}

bool
kafka_header(const rd_kafka_message_t *record, const char *name, Span *value)
{
	rd_kafka_headers_t *headers;
	const void *data;
	size_t		len;

	if (rd_kafka_message_headers(record, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
		rd_kafka_header_get_last(headers, name, &data, &len) != RD_KAFKA_RESP_ERR_NO_ERROR || data == NULL)
		return false;
	value->data = data;
	value->len = len;
	return true;
}

bool
kafka_number(Span text, int64_t *number)
{
	int64_t		sum = 0;

	if (text.len == 0 || text.len > 19)
		return false;
	for (size_t i = 0; i < text.len; i++)
	{
		if (text.data[i] < '0' || text.data[i] > '9' ||
			__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, text.data[i] - '0', &sum))
			return false;
	}
	*number = sum;
	return true;
}
