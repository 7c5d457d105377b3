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

/* The ends of all partitions of the event topics, then of dead letters if asked for, and how many they are. NULL: not to be found out. Free them. */
static KafkaEnds *
event_ends(KafkaSink *sink, bool dead_letters, int *count, Problem *problem)
{
	KafkaEnds  *ends = NULL;

	*count = 0;
	for (int t = 0; t < KAFKA_TOPICS; t++)
	{
		if (t >= EVENT_TABLES && !(t == TOPIC_DEAD_LETTERS && dead_letters))
			continue;
		ends = must_realloc(ends, ((size_t) *count + (size_t) sink->pinned[t]) * sizeof *ends);
		for (int p = 0; p < sink->pinned[t]; p++)
			ends[(*count)++] = (KafkaEnds) {.topic = sink->topics.topic[t].name, .number = t, .partition = p};
	}
	if (open_reading(sink, problem) && kafka_ends(&sink->admin, sink->options, ends, *count, &sink->wait, problem))
		return ends;
	free(ends);
	return NULL;
}

/* --- the position --- */

typedef struct Newest
{
	const char *key;
	bool		found;
	uint64_t	epoch;			/* of the session that wrote it */
	Text		value;			/* empty: it was deleted */
} Newest;

/* The epoch of a position record, 0 when it cannot be read: then it counts when it is the last. */
static uint64_t
epoch_of(const rd_kafka_message_t *record)
{
	Position	position = {0};
	Problem		ignored;
	uint64_t	epoch = 0;

	if (position_decode(record->payload, record->len, &position, &ignored))
		epoch = position.epoch;
	position_free(&position);
	return epoch;
}

static bool
take_position(void *arg, const KafkaStretch *stretch, const rd_kafka_message_t *record, Problem *problem)
{
	Newest	   *newest = arg;
	uint64_t	epoch;

	(void) stretch;
	(void) problem;
	if (record->key_len != strlen(newest->key) || memcmp(record->key, newest->key, record->key_len) != 0)
		return true;			/* another pipeline was told to use the same topic */
	/* Without transactions nobody fences an instance that was cut off: on waking it may write once more, behind its successor's. */
	epoch = record->len > 0 ? epoch_of(record) : 0;
	if (epoch > 0 && epoch < newest->epoch)
		return true;
	newest->found = true;
	newest->epoch = epoch;
	text_clear(&newest->value);
	if (record->len > 0)
		text_add(&newest->value, record->payload, record->len);
	return true;
}

/* From near the end first: until it is compacted the topic may hold a record for each transaction of a week. */
static bool
find_position(KafkaSink *sink, Newest *newest, Problem *problem)
{
	KafkaEnds	ends = {.topic = sink->topics.topic[TOPIC_POSITION].name};
	int64_t		from;
	int64_t		step = POSITION_NEAR;

	if (!kafka_ends(&sink->admin, sink->options, &ends, 1, &sink->wait, problem))
		return false;
	for (from = ends.high; !newest->found && from > ends.low; step *= 10)
	{
		KafkaStretch stretch = {.topic = ends.topic, .number = TOPIC_POSITION, .end = ends.high};

		from = from - step > ends.low ? from - step : ends.low;
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
	Newest		newest = {.key = sink->options->pipeline};
	bool		good = open_reading(sink, problem) && find_position(sink, &newest, problem);

	*found = good && newest.found && newest.value.len > 0;
	if (*found)
		good = position_decode(newest.value.data, newest.value.len, position, problem);
	text_free(&newest.value);
	return good;
}

/* --- the events --- */

typedef struct Scan
{
	const KafkaSink *sink;
	SinkScan	found;
	void	   *arg;
	uint64_t	strange;		/* records that are none of ours */
} Scan;

static bool
is_text(Span span, const char *text)
{
	return span.len == strlen(text) && memcmp(span.data, text, span.len) == 0;
}

/* The topic that a dead letter was meant for; false: none of ours, or it does not say so (before 0.2.0). */
static bool
take_dead_letter(const KafkaSink *sink, const rd_kafka_message_t *record, Found *found)
{
	Span		name;

	if (!kafka_header(record, "topic", &name))
		return false;
	for (found->topic = 0; found->topic < EVENT_TABLES; found->topic++)
		if (sink->topics.topic[found->topic].name != NULL && is_text(name, sink->topics.topic[found->topic].name))
			return true;
	return false;
}

static bool
take_event(void *arg, const KafkaStretch *stretch, const rd_kafka_message_t *record, Problem *problem)
{
	Scan	   *scan = arg;
	Span		id;
	Span		store;
	Found		found = {.topic = stretch->number, .partition = stretch->partition, .offset = record->offset, .hash = {"", 0}, .dead = stretch->number == TOPIC_DEAD_LETTERS};

	/* What does not say whose it is was published before several stores could be told apart: by this one. */
	if (kafka_header(record, "store", &store) && !is_text(store, scan->sink->options->store))
		return true;
	if (found.dead && !take_dead_letter(scan->sink, record, &found))
		return true;
	if (!kafka_header(record, "id", &id) || !kafka_number(id, &found.sequence))
	{
		if (scan->strange++ == 0)
			log_warning("\"%s\" [%d] has a record at offset %lld that is no event of ours (no header id): such records are passed over",
						stretch->topic, stretch->partition, (long long) record->offset);
		return true;
	}
	kafka_header(record, "hash", &found.hash);
	return scan->found(scan->arg, &found, problem);
}

bool
sink_ends(Sink *base, Offsets *low, Offsets *high, Problem *problem)
{
	KafkaSink  *sink = (KafkaSink *) base;
	int			count;
	KafkaEnds  *ends = event_ends(sink, false, &count, problem);

	offsets_free(low);
	offsets_free(high);
	offsets_init(low, sink->pinned);
	offsets_init(high, sink->pinned);
	for (int i = 0; ends != NULL && i < count; i++)
	{
		low->next[ends[i].number][ends[i].partition] = ends[i].low;
		high->next[ends[i].number][ends[i].partition] = ends[i].high;
	}
	free(ends);
	return ends != NULL;
}

bool
sink_scan(Sink *base, const Offsets *from, bool dead_letters, SinkScan found, void *arg, Offsets *low, Problem *problem)
{
	KafkaSink  *sink = (KafkaSink *) base;
	Scan		scan = {.sink = sink, .found = found, .arg = arg};
	int			count;
	KafkaEnds  *ends = event_ends(sink, dead_letters, &count, problem);
	KafkaStretch *stretches;
	bool		good;

	if (ends == NULL)
		return false;
	offsets_free(low);
	offsets_init(low, sink->pinned);
	stretches = must_alloc(((size_t) count + 1) * sizeof *stretches);
	for (int i = 0; i < count; i++)
	{
		const KafkaEnds *end = &ends[i];
		bool		event = end->number < EVENT_TABLES;
		int64_t		start = event && from != NULL && end->partition < from->partitions[end->number] ? from->next[end->number][end->partition] : 0;

		/* a partition that begins behind its start, or ends before it, is read from its beginning */
		stretches[i] = (KafkaStretch) {.topic = end->topic, .number = end->number, .partition = end->partition, .end = end->high,
		.start = start < end->low || start > end->high ? end->low : start};
		if (event)
			low->next[end->number][end->partition] = end->low;
	}
	good = kafka_read(&sink->reader, sink->options, stretches, count, &sink->wait, take_event, &scan, problem);
	for (int i = 0; good && i < count; i++)
		if (stretches[i].number < EVENT_TABLES)
			atomic_store_explicit(&sink->next[stretches[i].number][stretches[i].partition], stretches[i].end, memory_order_relaxed);
	if (good && scan.strange > 1)
		log_warning("%llu records of the event topics are no events of ours", (unsigned long long) scan.strange);
	free(ends);
	free(stretches);
	return good;
}
