/*
 * debezium/bridge/sink_read.c
 *     What a Kafka sink can tell of what Kafka holds already: its newest position, the events behind some offsets, whether there is anything.
 *
 * The end is asked for first, open transactions included, and then read up to by a reader that sees committed records
 * only: what is found is all there is, and a reader that cannot get to the end has failed.
 */
#include "sink_kafka.h"

#include <stdlib.h>
#include <string.h>

#include "kafka_admin.h"
#include "kafka_error.h"
#include "kafka_read.h"
#include "log.h"

#define POSITION_NEAR 200		/* offsets from the end of the position topic that are read first */

void
sink_reading_over(KafkaSink *sink)
{
	kafka_client_close(&sink->reader);
	kafka_client_close(&sink->admin);
}

static bool
open_reading(KafkaSink *sink, Problem *problem)
{
	return (sink->admin.rk != NULL || kafka_client_open(&sink->admin, KAFKA_ADMIN, sink->options, NULL, problem)) &&
		(sink->reader.rk != NULL || kafka_client_open(&sink->reader, KAFKA_READER, sink->options, NULL, problem));
}

static bool
ends(KafkaSink *sink, int topic, int partition, int64_t *low, int64_t *high, Problem *problem)
{
	return kafka_admin_ends(&sink->admin, sink->options, sink->topics.topic[topic].name, partition, &sink->wait, low, high, problem);
}

/* --- the position --- */

typedef struct Newest
{
	const char *key;
	int64_t		offset;			/* -1: none found */
	Text		value;			/* empty: it was deleted */
} Newest;

static bool
take_position(void *arg, const KafkaStretch *stretch, const rd_kafka_message_t *record, Problem *problem)
{
	Newest	   *newest = arg;

	(void) stretch;
	(void) problem;
	if (record->key_len != strlen(newest->key) || memcmp(record->key, newest->key, record->key_len) != 0)
		return true;			/* another pipeline was told to use the same topic */
	newest->offset = record->offset;
	text_clear(&newest->value);
	if (record->len > 0)
		text_add(&newest->value, record->payload, record->len);
	return true;
}

/* From near the end first: until it is compacted the topic may hold a record for each transaction of a week. */
static bool
find_position(KafkaSink *sink, Newest *newest, Problem *problem)
{
	int64_t		low;
	int64_t		high;
	int64_t		from;
	int64_t		step = POSITION_NEAR;

	if (!ends(sink, TOPIC_POSITION, 0, &low, &high, problem))
		return false;
	for (from = high; newest->offset < 0 && from > low; step *= 10)
	{
		KafkaStretch stretch = {.topic = sink->topics.topic[TOPIC_POSITION].name, .number = TOPIC_POSITION, .end = high};

		from = from - step > low ? from - step : low;
		stretch.start = from;
		if (!kafka_read(&sink->reader, sink->options, &stretch, 1, &sink->wait, take_position, newest, problem))
			return false;
	}
	return true;
}

bool
sink_position(Sink *base, Position *position, bool *found, Problem *problem)
{
	KafkaSink  *sink = (KafkaSink *) base;
	Newest		newest = {.key = sink->options->pipeline, .offset = -1};
	bool		good = open_reading(sink, problem) && find_position(sink, &newest, problem);

	*found = good && newest.offset >= 0 && newest.value.len > 0;
	if (*found)
		good = position_decode(newest.value.data, newest.value.len, position, problem);
	text_free(&newest.value);
	return good;
}

/* --- the events --- */

typedef struct Scan
{
	SinkScan	found;
	void	   *arg;
	uint64_t	strange;		/* records that are none of ours */
} Scan;

static bool
take_event(void *arg, const KafkaStretch *stretch, const rd_kafka_message_t *record, Problem *problem)
{
	Scan	   *scan = arg;
	Span		id;
	Span		hash = {"", 0};
	int64_t		sequence;

	if (!kafka_header(record, "id", &id) || !kafka_number(id, &sequence))
	{
		if (scan->strange++ == 0)
			log_warning("\"%s\" [%d] has a record at offset %lld that is no event of ours (no header id): such records are passed over",
						stretch->topic, stretch->partition, (long long) record->offset);
		return true;
	}
	kafka_header(record, "hash", &hash);
	return scan->found(scan->arg, stretch->number, sequence, hash, problem);
}

/* Where to read, from what is asked for and what is still there. */
static bool
plan_stretches(KafkaSink *sink, const Offsets *from, KafkaStretch *stretches, bool *from_start_lost, Problem *problem)
{
	KafkaStretch *stretch = stretches;

	for (int t = 0; t < EVENT_TABLES; t++)
		for (int p = 0; p < sink->pinned[t]; p++, stretch++)
		{
			int64_t		low;

			*stretch = (KafkaStretch) {.topic = sink->topics.topic[t].name, .number = t, .partition = p};
			if (!ends(sink, t, p, &low, &stretch->end, problem))
				return false;
			if (from != NULL && p < from->partitions[t])
				stretch->start = from->next[t][p];
			/* Removed by age; or beyond the end, when the topic was made anew or a broker lost records. */
			if (stretch->start < low || stretch->start > stretch->end)
			{
				*from_start_lost = true;
				stretch->start = low;
			}
		}
	return true;
}

bool
sink_scan(Sink *base, const Offsets *from, SinkScan found, void *arg, bool *from_start_lost, Problem *problem)
{
	KafkaSink  *sink = (KafkaSink *) base;
	Scan		scan = {.found = found, .arg = arg};
	int			count = 0;
	KafkaStretch *stretches;
	bool		good;

	for (int t = 0; t < EVENT_TABLES; t++)
		count += sink->pinned[t];
	*from_start_lost = false;
	stretches = must_alloc(((size_t) count + 1) * sizeof *stretches);
	good = open_reading(sink, problem) && plan_stretches(sink, from, stretches, from_start_lost, problem) &&
		kafka_read(&sink->reader, sink->options, stretches, count, &sink->wait, take_event, &scan, problem);
	for (int i = 0; good && i < count; i++)
		atomic_store_explicit(&sink->next[stretches[i].number][stretches[i].partition], stretches[i].end, memory_order_relaxed);
	if (good && scan.strange > 1)
		log_warning("%llu records of the event topics are no events of ours", (unsigned long long) scan.strange);
	free(stretches);
	return good;
}

bool
sink_untouched(Sink *base, bool *untouched, Problem *problem)
{
	KafkaSink  *sink = (KafkaSink *) base;

	*untouched = true;
	if (!open_reading(sink, problem))
		return false;
	for (int t = 0; t < EVENT_TABLES && *untouched; t++)
		for (int p = 0; p < sink->pinned[t] && *untouched; p++)
		{
			int64_t		low;
			int64_t		high;

			if (!ends(sink, t, p, &low, &high, problem))
				return false;
			*untouched = low == 0 && high == 0;
		}
	return true;
}
