/*
 * bench/bridge/watch.c
 *     A consumer of committed records, for bench/bridge.pl.
 *
 *     watch count BOOTSTRAP TOPIC...      reads the topics from their beginning to their end, and prints one line:
 *                                         records, distinct ids, bytes of values, and when the broker took the first tenth
 *                                         and the last of them (milliseconds; the topics have message.timestamp.type=LogAppendTime)
 *     watch arrivals BOOTSTRAP TOPIC...   reads from the end, prints "ready", and after SIGTERM a line "ID MICROSECONDS" for each
 *                                         record: its id, and the time of day at which this consumer had it in its hands
 *
 * Reads with isolation.level=read_committed and else with librdkafka's defaults, but for Nagle's algorithm, which is off.
 * Any error ends it with status 1.
 */
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_MS 10000
#define MAX_ID (INT64_C(1) << 32)

typedef struct Arrival
{
	int64_t		id;
	int64_t		time;
} Arrival;

typedef struct Watch
{
	rd_kafka_t *consumer;
	rd_kafka_topic_partition_list_t *partitions;
	int			at_end;			/* partitions that were read to their end */
	int64_t		bytes;
	Arrival    *arrivals;
	size_t		count;
	size_t		room;
} Watch;

static volatile sig_atomic_t stopped = 0;

static void
stop(int signal_number)
{
	(void) signal_number;
	stopped = 1;
}

static void __attribute__((noreturn, format(printf, 1, 2)))
fail(const char *format,...)
{
	va_list		arguments;

	va_start(arguments, format);
	fputs("watch: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(1);
}

static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static rd_kafka_t *
connect_to(const char *bootstrap)
{
	const char *const settings[][2] = {
		{"bootstrap.servers", bootstrap}, {"isolation.level", "read_committed"}, {"enable.partition.eof", "true"}, {"group.id", "oms-bench"},
		{"enable.auto.commit", "false"}, {"socket.nagle.disable", "true"}
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char		why[512];
	rd_kafka_t *consumer;

	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
		if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why, sizeof why) != RD_KAFKA_CONF_OK)
			fail("%s", why);
	consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
	if (consumer == NULL)
		fail("%s", why);
	rd_kafka_poll_set_consumer(consumer);
	return consumer;
}

/* All partitions of a topic, from their beginning or from where they end now. */
static void
add_topic(Watch *watch, const char *name, bool from_end)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(watch->consumer, name, NULL);
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t error = rd_kafka_metadata(watch->consumer, 0, topic, &metadata, WAIT_MS);

	if (error != RD_KAFKA_RESP_ERR_NO_ERROR || metadata->topic_cnt != 1 || metadata->topics[0].partition_cnt == 0)
		fail("topic %s: %s", name, rd_kafka_err2str(error));
	for (int p = 0; p < metadata->topics[0].partition_cnt; p++)
	{
		int64_t		low;
		int64_t		high;

		error = rd_kafka_query_watermark_offsets(watch->consumer, name, p, &low, &high, WAIT_MS);
		if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
			fail("topic %s: %s", name, rd_kafka_err2str(error));
		rd_kafka_topic_partition_list_add(watch->partitions, name, p)->offset = from_end ? high : low;
	}
	rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(topic);
}

/* The sequence of the event: both ways out put it into the header "id". */
static int64_t
id_of(const rd_kafka_message_t *message)
{
	rd_kafka_headers_t *headers;
	const void *text;
	size_t		size;
	char		digits[24];
	char	   *end;
	int64_t		id;

	if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
		rd_kafka_header_get_last(headers, "id", &text, &size) != RD_KAFKA_RESP_ERR_NO_ERROR || size == 0 || size >= sizeof digits)
		fail("a record without an id");
	memcpy(digits, text, size);
	digits[size] = '\0';
	id = strtoll(digits, &end, 10);
	if (*end != '\0' || id < 0 || id >= MAX_ID)
		fail("a record with id \"%s\"", digits);
	return id;
}

static void
keep(Watch *watch, int64_t id, int64_t when)
{
	if (watch->count == watch->room)
	{
		watch->room = watch->room == 0 ? 65536 : watch->room * 2;
		watch->arrivals = realloc(watch->arrivals, watch->room * sizeof(Arrival));
		if (watch->arrivals == NULL)
			fail("out of memory");
	}
	watch->arrivals[watch->count++] = (Arrival) {id, when};
}

/* One record, or the end of a partition, or nothing within a while. */
static void
read_one(Watch *watch, bool by_broker)
{
	rd_kafka_message_t *message = rd_kafka_consumer_poll(watch->consumer, 100);
	int64_t		now = by_broker ? 0 : now_us();

	if (message == NULL)
		return;
	if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
		watch->at_end++;
	else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
	{
		keep(watch, id_of(message), by_broker ? rd_kafka_message_timestamp(message, NULL) : now);
		watch->bytes += (int64_t) message->len;
	}
	else if (message->err != RD_KAFKA_RESP_ERR__TRANSPORT)
		fail("%s", rd_kafka_message_errstr(message));
	rd_kafka_message_destroy(message);
}

static int
by_time(const void *a, const void *b)
{
	int64_t		difference = ((const Arrival *) a)->time - ((const Arrival *) b)->time;

	return (difference > 0) - (difference < 0);
}

static size_t
distinct_ids(const Watch *watch)
{
	int64_t		highest = 0;
	size_t		distinct = 0;
	uint8_t    *seen;

	for (size_t i = 0; i < watch->count; i++)
		if (watch->arrivals[i].id > highest)
			highest = watch->arrivals[i].id;
	seen = calloc((size_t) highest / 8 + 1, 1);
	if (seen == NULL)
		fail("out of memory");
	for (size_t i = 0; i < watch->count; i++)
	{
		uint8_t    *byte = &seen[watch->arrivals[i].id / 8];
		uint8_t		bit = (uint8_t) (1 << watch->arrivals[i].id % 8);

		distinct += (*byte & bit) == 0;
		*byte |= bit;
	}
	free(seen);
	return distinct;
}

static void
count(Watch *watch)
{
	while (!stopped && watch->at_end < watch->partitions->cnt)
		read_one(watch, true);
	if (stopped || watch->count == 0)
		fail("no records");
	qsort(watch->arrivals, watch->count, sizeof(Arrival), by_time);
	printf("records=%zu distinct=%zu bytes=%lld tenth=%lld last=%lld\n", watch->count, distinct_ids(watch), (long long) watch->bytes,
		   (long long) watch->arrivals[watch->count / 10].time, (long long) watch->arrivals[watch->count - 1].time);
}

static void
arrivals(Watch *watch)
{
	bool		ready = false;

	while (!stopped)
	{
		read_one(watch, false);
		if (!ready && watch->at_end >= watch->partitions->cnt)
		{
			ready = true;
			puts("ready");
			fflush(stdout);
		}
	}
	for (size_t i = 0; i < watch->count; i++)
		printf("%lld %lld\n", (long long) watch->arrivals[i].id, (long long) watch->arrivals[i].time);
}

int
main(int argc, char **argv)
{
	bool		counting = argc > 1 && strcmp(argv[1], "count") == 0;
	Watch		watch = {0};

	if (argc < 4 || (!counting && strcmp(argv[1], "arrivals") != 0))
		fail("usage: watch count|arrivals BOOTSTRAP TOPIC...");
	signal(SIGTERM, stop);
	watch.consumer = connect_to(argv[2]);
	watch.partitions = rd_kafka_topic_partition_list_new(16);
	for (int i = 3; i < argc; i++)
		add_topic(&watch, argv[i], !counting);
	if (rd_kafka_assign(watch.consumer, watch.partitions) != RD_KAFKA_RESP_ERR_NO_ERROR)
		fail("cannot assign the partitions");
	(counting ? count : arrivals) (&watch);
	rd_kafka_topic_partition_list_destroy(watch.partitions);
	rd_kafka_consumer_close(watch.consumer);
	rd_kafka_destroy(watch.consumer);
	free(watch.arrivals);
	return fflush(stdout) == 0 ? 0 : 1;
}
