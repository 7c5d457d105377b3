/*
 * debezium/bridge/test/sink_mock.c
 *     The Kafka sinks against librdkafka's mock cluster: what they do with answers that a real broker gives when it likes.
 *
 * The mock writes no markers of transactions and fences nobody, so exactly-once itself is tested with a real broker. Here: the
 * answers are made to order, one by one, and requests can be left without any.
 *
 * Broken by: a retriable answer that ends a session; an abortable one after which the batch is not done again; a fatal one that is
 * taken for success or tried again; a commit without an answer that is reported as done; a stop that is not seen; a refused
 * record that is dropped, or that takes others with it; a key on another partition than a Java producer's; a record with
 * other bytes than the event's; a position that is not the newest, of a session before, or another pipeline's; a partition that is read short.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <unistd.h>

#include "log.h"
#include "sink_kafka.h"
#include "sink_kit.h"

#define PARTITIONS 4

/* Keys of requests in Kafka's protocol. */
#define PRODUCE 0
#define FETCH 1
#define LIST_OFFSETS 2
#define INIT_PRODUCER_ID 22
#define ADD_PARTITIONS 24
#define END_TRANSACTION 26

static rd_kafka_t *mock_handle;
static rd_kafka_mock_cluster_t *mock;

static void
mock_start(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char		why[256];

	rd_kafka_conf_set(conf, "log_level", "0", why, sizeof why);
	mock_handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
	mock = rd_kafka_mock_cluster_new(mock_handle, 1);
	rd_kafka_mock_topic_create(mock, "order-events", PARTITIONS, 1);
	rd_kafka_mock_topic_create(mock, "execution-events", PARTITIONS, 1);
	rd_kafka_mock_topic_create(mock, "oms.cdc.position.test", 1, 1);
	rd_kafka_mock_topic_create(mock, "oms.cdc.dead-letters", 2, 1);
}

static void
mock_stop(void)
{
	rd_kafka_mock_cluster_destroy(mock);
	rd_kafka_destroy(mock_handle);
}

static void
answer(int request, rd_kafka_resp_err_t err)
{
	rd_kafka_mock_push_request_errors(mock, (int16_t) request, 1, err);
}

/* The next request of this kind is answered so late. */
static void
answer_late(int request, int ms)
{
	rd_kafka_mock_broker_push_request_error_rtts(mock, 1, (int16_t) request, 1, RD_KAFKA_RESP_ERR_NO_ERROR, ms);
}

static Sink *
open_sink(Kit *kit, Mode mode, OnError on_error)
{
	SinkContext context;
	Problem		problem = {0};
	Sink	   *sink;

	kit_init(kit);
	kit->options.mode = mode;
	kit->options.on_error = on_error;
	kit_property(kit, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock));
	kit_property(kit, "message.max.bytes", "1000000");
	context = kit_context(kit);
	sink = sink_kafka_open(&context, &problem);
	if (!ok(sink != NULL, "the sink opens %s", problem.text))
		exit(done());
	return sink;
}

/* Publishes so many events from this sequence on, and a position. */
#define BATCH 4

static Event *batch[BATCH];

static bool
publish(Sink *sink, int64_t sequence, Lsn lsn, Problem *problem)
{
	Position	position = {.place = {.end_lsn = lsn}};
	char		key[24];

	for (int i = 0; i < BATCH; i++)
	{
		snprintf(key, sizeof key, "root-%lld", (long long) (sequence + i));
		batch[i] = kit_event(i % 2, sequence + i, key, "{\"a\": 1}");
	}
	return sink->publish(sink, batch, BATCH, &position, problem);
}

static void
free_batch(void)
{
	for (int i = 0; i < BATCH; i++)
		free(batch[i]);
}

/* --- answers to a transaction --- */

typedef struct Answer
{
	const char *what;
	int			request;
	rd_kafka_resp_err_t err;
	bool		published;
	int			aborts;
	Remedy		remedy;
	bool		fenced;
} Answer;

static const Answer answers[] = {
	{"nothing goes wrong", -1, RD_KAFKA_RESP_ERR_NO_ERROR, true, 0, REMEDY_NONE, false},
	{"the coordinator is busy when it is to commit", END_TRANSACTION, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, true, 0, REMEDY_NONE, false},
	{"the coordinator has moved when it is to commit", END_TRANSACTION, RD_KAFKA_RESP_ERR_NOT_COORDINATOR, true, 0, REMEDY_NONE, false},
	{"the transaction before is still being written", ADD_PARTITIONS, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, true, 0, REMEDY_NONE, false},
	{"the leader has moved", PRODUCE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, true, 0, REMEDY_NONE, false},
	{"replicas are missing for a moment", PRODUCE, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, true, 0, REMEDY_NONE, false},
	{"a partition cannot be added", ADD_PARTITIONS, RD_KAFKA_RESP_ERR_UNKNOWN, true, 1, REMEDY_NONE, false},
	{"the commit is refused", END_TRANSACTION, RD_KAFKA_RESP_ERR_UNKNOWN, true, 1, REMEDY_NONE, false},
	{"the producer's id is lost", ADD_PARTITIONS, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, true, 1, REMEDY_NONE, false},
	{"a newer producer is there at the commit", END_TRANSACTION, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, false, 0, REMEDY_RETRY, true},
	{"a newer producer is there at the start", ADD_PARTITIONS, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, false, 0, REMEDY_RETRY, true},
	{"a newer producer is there meanwhile", PRODUCE, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, false, 0, REMEDY_RETRY, true},
	{"the transaction is no more", END_TRANSACTION, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, false, 0, REMEDY_RETRY, false},
	{"the transactional id is not allowed", END_TRANSACTION, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, false, 0, REMEDY_STOP, false},
	{"the topic is not allowed", ADD_PARTITIONS, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, false, 1, REMEDY_STOP, false},
	{"a record is not allowed", PRODUCE, RD_KAFKA_RESP_ERR_INVALID_RECORD, false, 1, REMEDY_STOP, false}
};

static void
test_answers(void)
{
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
	{
		const Answer *expected = &answers[i];
		Kit			kit;
		Problem		problem = {0};
		Sink	   *sink = open_sink(&kit, MODE_EXACTLY_ONCE, ON_ERROR_STOP);
		int64_t		transactions = metric_get(METRIC_KAFKA_TRANSACTIONS);
		int64_t		aborts = metric_get(METRIC_KAFKA_ABORTS);
		int64_t		fenced = metric_get(METRIC_FENCED);
		bool		published;

		if (expected->request >= 0)
			answer(expected->request, expected->err);
		published = publish(sink, 1, 16, &problem);
		is_int(published, expected->published, "%s: %s %s", expected->what, expected->published ? "published" : "not published", problem.text);
		is_int(metric_get(METRIC_KAFKA_TRANSACTIONS) - transactions, expected->published, "%s: counted", expected->what);
		is_int(metric_get(METRIC_KAFKA_ABORTS) - aborts, expected->aborts, "%s: aborts", expected->what);
		is_int(metric_get(METRIC_FENCED) - fenced, expected->fenced, "%s: fenced", expected->what);
		is_int(problem.remedy, expected->remedy, "%s: what to do", expected->what);
		if (expected->published)
		{
			free_batch();
			ok(publish(sink, 101, 17, &problem), "%s: and the next one %s", expected->what, problem.text);
		}
		sink->close(sink, 1000);
		free_batch();
	}
}

/* --- no answer --- */

static void
test_no_answer(void)
{
	Kit			kit;
	Problem		problem = {0};
	Sink	   *sink = open_sink(&kit, MODE_EXACTLY_ONCE, ON_ERROR_STOP);
	int64_t		began_us;

	/* As it was opened with 10 s, the library itself waits long enough. */
	kit.options.transaction_timeout_ms = 1500;
	answer_late(END_TRANSACTION, 4000);
	ok(!publish(sink, 1, 16, &problem) && problem.remedy == REMEDY_RETRY && strstr(problem.text, "whether") != NULL,
	   "a commit without an answer is neither done nor not done: %s", problem.text);
	sink->close(sink, 200);
	free_batch();

	sink = open_sink(&kit, MODE_EXACTLY_ONCE, ON_ERROR_STOP);
	answer_late(END_TRANSACTION, 400);
	ok(publish(sink, 1, 16, &problem), "a late answer to a commit is waited for, in one call after the other");
	free_batch();
	ok(publish(sink, 11, 17, &problem), "and the next transaction is a new one");
	sink->close(sink, 200);
	free_batch();

	sink = open_sink(&kit, MODE_EXACTLY_ONCE, ON_ERROR_STOP);
	rd_kafka_mock_broker_set_rtt(mock, 1, 5000);
	began_us = ticks_us();
	kit.stop_at_us = began_us + 200000;
	ok(!publish(sink, 1, 16, &problem) && problem.remedy == REMEDY_RETRY && ticks_us() - began_us < 1000000,
	   "a stop is seen while Kafka is silent: %s", problem.text);
	kit.stop_at_us = 0;
	ok(!sink->publish(sink, NULL, 0, &(Position) {.place = {.end_lsn = 99}}, &problem) && problem.remedy == REMEDY_RETRY,
	   "nothing is committed on top of what was left half way: %s", problem.text);
	began_us = ticks_us();
	sink->close(sink, 300);
	ok(ticks_us() - began_us < 1500000, "closing does not wait for Kafka either");
	free_batch();
	rd_kafka_mock_broker_set_rtt(mock, 1, 0);

	rd_kafka_mock_broker_set_down(mock, 1);
	{
		SinkContext context;

		kit_init(&kit);
		kit.options.scan_timeout_ms = 500;
		kit_property(&kit, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock));
		context = kit_context(&kit);
		ok(sink_kafka_open(&context, &problem) == NULL && problem.remedy == REMEDY_RETRY, "no broker in reach: %s", problem.text);
	}
	rd_kafka_mock_broker_set_up(mock, 1);
}

/* A broker that takes the question where partitions end, and does not answer. */
static void
test_late_ends(void)
{
	Kit			kit;
	Sink	   *sink = open_sink(&kit, MODE_EXACTLY_ONCE, ON_ERROR_STOP);
	int64_t		began_us = ticks_us();
	Problem		problem = {0};
	Offsets		low = {0};
	Offsets		high = {0};

	for (int i = 0; i < 20; i++)
		answer_late(LIST_OFFSETS, 20000);
	kit.stop_at_us = began_us + 500000;
	ok(!sink->ends(sink, &low, &high, &problem) && problem.remedy == REMEDY_RETRY, "ends that are not told: %s", problem.text);
	ok(ticks_us() - began_us < 3000000, "a stop is seen while it waits for them");
	offsets_free(&low);
	offsets_free(&high);
	sink->close(sink, 0);
	mock_stop();
	mock_start();
}

/* --- refused records --- */

static void
test_refused(Mode mode)
{
	const char *name = mode == MODE_EXACTLY_ONCE ? "transactional" : "idempotent";
	char	   *payload = must_alloc(2000001);
	Event	   *large;
	Kit			kit;
	Problem		problem = {0};
	Position	position = {.place = {.end_lsn = 16}};
	int64_t		transactions;
	int64_t		aborts;
	Sink	   *sink;

	memset(payload, '1', 2000000);
	payload[2000000] = '\0';
	large = kit_event(1, 5, "large", payload);

	sink = open_sink(&kit, mode, ON_ERROR_STOP);
	ok(!sink->publish(sink, &large, 1, &position, &problem) && problem.remedy == REMEDY_STOP && strstr(problem.text, "event 5 of oms.execution_events") != NULL,
	   "%s: a record that is too large stops the bridge, by name: %s", name, problem.text);
	ok(large->refused == NULL && kit.acked == 0, "%s: and is not given up", name);
	sink->close(sink, 500);

	sink = open_sink(&kit, mode, ON_ERROR_DLQ);
	transactions = metric_get(METRIC_KAFKA_TRANSACTIONS);
	problem = (Problem) {0};
	ok(sink->publish(sink, &large, 1, &position, &problem), "%s: with dead letters it goes on %s", name, problem.text);
	for (int i = 0; i < 50 && !sink->transactional && kit.acked == 0; i++)
		sink->poll(sink, 100, &problem);
	ok(large->refused != NULL, "%s: the event is marked", name);
	is_int(sink->transactional ? metric_get(METRIC_KAFKA_TRANSACTIONS) - transactions : (int64_t) kit.acked, 1, "%s: its envelope is safe", name);

	/* The broker refuses a request with one record in it: the event's, if the position waits. */
	((KafkaSink *) sink)->transaction.careful = true;
	answer(PRODUCE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	free(large);
	large = kit_event(0, 6, "small", "{}");
	kit.acked = 0;
	aborts = metric_get(METRIC_KAFKA_ABORTS);
	ok(sink->publish(sink, &large, 1, &position, &problem), "%s: what the broker refuses goes there too %s", name, problem.text);
	for (int i = 0; i < 50 && !sink->transactional && kit.acked == 0; i++)
		sink->poll(sink, 100, &problem);
	if (sink->transactional)
		is_int(metric_get(METRIC_KAFKA_ABORTS) - aborts, 1, "%s: after an abort", name);
	else
		is_int((long long) kit.acked, 1, "%s: and is acknowledged then", name);
	ok(large->refused != NULL, "%s: marked", name);
	sink->close(sink, 500);
	free(large);
	free(payload);
}

/* --- without transactions --- */

static void
wait_acked(Sink *sink, Kit *kit, uint64_t count)
{
	Problem		problem;

	for (int i = 0; i < 100 && kit->acked < count; i++)
		if (!sink->poll(sink, 100, &problem))
			return;
}

static void
test_idempotent(void)
{
	Kit			kit;
	Problem		problem = {0};
	Position	position = {.place = {.end_lsn = 33}};
	Sink	   *sink = open_sink(&kit, MODE_LOW_LATENCY, ON_ERROR_STOP);
	int64_t		began_us;

	answer(PRODUCE, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
	ok(publish(sink, 1, 0, &problem), "events are handed over %s", problem.text);
	wait_acked(sink, &kit, BATCH);
	is_int((long long) kit.acked, BATCH, "each is acknowledged, though Kafka had to be asked twice");
	ok(sink->record(sink, &position, &problem), "a position is handed over");
	for (int i = 0; i < 50 && kit.recorded == 0; i++)
		sink->poll(sink, 100, &problem);
	ok(kit.recorded == 1 && kit.place.end_lsn == 33, "and recorded");
	free_batch();

	answer(PRODUCE, RD_KAFKA_RESP_ERR_INVALID_RECORD);
	kit.acked = 0;
	publish(sink, 11, 0, &problem);
	while (sink->poll(sink, 100, &problem) && kit.acked < BATCH)
		;
	ok(problem.remedy == REMEDY_STOP && kit.acked < BATCH && strstr(problem.text, "Kafka refuses the event") == problem.text,
	   "a refused record stops the bridge, by name: %s", problem.text);
	ok(!sink->publish(sink, batch, 1, NULL, &problem), "and nothing goes behind it");
	sink->close(sink, 500);
	free_batch();

	sink = open_sink(&kit, MODE_LOW_LATENCY, ON_ERROR_STOP);
	rd_kafka_mock_broker_set_down(mock, 1);
	ok(publish(sink, 21, 0, &problem), "events wait in the library while Kafka is away");
	for (int i = 0; i < 15; i++)
		sink->poll(sink, 100, &problem);
	is_int((long long) kit.acked, 0, "unacknowledged");
	rd_kafka_mock_broker_set_up(mock, 1);
	wait_acked(sink, &kit, BATCH);
	is_int((long long) kit.acked, BATCH, "and are delivered when it comes back");
	began_us = ticks_us();
	sink->close(sink, 500);
	ok(ticks_us() - began_us < 1500000, "closing is quick");
	free_batch();
}

/* --- what a record is, and reading back --- */

/* Kafka's own test vectors of murmur2, as Java's default partitioner uses it. */
static const struct
{
	const char *key;
	int32_t		murmur2;
}			java_keys[] = {
	{"21", -973932308}, {"foobar", -790332482}, {"a-little-bit-long-string", -985981536}, {"a-little-bit-longer-string", -1486304829},
	{"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971}, {"abc", 479470107}
};

#define JAVA_KEYS (sizeof java_keys / sizeof java_keys[0])

/* Reads a partition with the library's plain consumer, which knows nothing of ours. */
static int
read_partition(int partition, void (*each) (const rd_kafka_message_t *message, void *arg), void *arg)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char		why[256];
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	int			count = 0;
	bool		end = false;

	rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock), why, sizeof why);
	rd_kafka_conf_set(conf, "enable.partition.eof", "true", why, sizeof why);
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
	topic = rd_kafka_topic_new(rk, "execution-events", NULL);
	rd_kafka_consume_start(topic, partition, RD_KAFKA_OFFSET_BEGINNING);
	for (int i = 0; i < 100 && !end; i++)
	{
		rd_kafka_message_t *message = rd_kafka_consume(topic, partition, 100);

		if (message == NULL)
			continue;
		end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		{
			each(message, arg);
			count++;
		}
		rd_kafka_message_destroy(message);
	}
	rd_kafka_consume_stop(topic, partition);
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(rk);
	return end ? count : -1;
}

static void
check_record(const rd_kafka_message_t *message, void *arg)
{
	int		   *right = arg;
	rd_kafka_headers_t *headers = NULL;
	const void *id = NULL;
	const void *type = NULL;
	const void *hash = NULL;
	size_t		sizes[3] = {0};
	char		expected[8];

	rd_kafka_message_headers(message, &headers);
	for (size_t i = 0; i < JAVA_KEYS; i++)
	{
		if (message->key_len != strlen(java_keys[i].key) || memcmp(message->key, java_keys[i].key, message->key_len) != 0)
			continue;
		snprintf(expected, sizeof expected, "%zu", 500 + i);
		rd_kafka_header_get_last(headers, "id", &id, &sizes[0]);
		rd_kafka_header_get_last(headers, "eventType", &type, &sizes[1]);
		rd_kafka_header_get_last(headers, "hash", &hash, &sizes[2]);
		if (message->partition == (java_keys[i].murmur2 & 0x7fffffff) % PARTITIONS && message->len == 18 &&
			memcmp(message->payload, "{\"price\": \"72.50\"}", 18) == 0 && rd_kafka_header_cnt(headers) == 3 && sizes[0] == 3 && memcmp(id, expected, 3) == 0 &&
			sizes[1] == 12 && memcmp(type, "OrderCreated", 12) == 0 && sizes[2] == 4 && memcmp(hash, "00ff", 4) == 0)
			(*right)++;
	}
}

typedef struct Seen
{
	uint64_t	count;
	int64_t		sum;
	bool		hashes;
	int			table;			/* -1: several */
} Seen;

static bool
see(void *arg, const Found *found, Problem *problem)
{
	Seen	   *seen = arg;

	(void) problem;
	seen->table = seen->count == 0 || seen->table == found->topic ? found->topic : -1;
	seen->count++;
	seen->sum += found->sequence;
	seen->hashes = seen->hashes && found->hash.len == 4 && memcmp(found->hash.data, "00ff", 4) == 0;
	return true;
}

/* A record of somebody else's in our topic. */
static void
write_strange(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char		why[256];
	rd_kafka_t *rk;

	rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock), why, sizeof why);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
	rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("execution-events"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE("strange", 7), RD_KAFKA_V_END);
	rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("oms.cdc.position.test"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_KEY("another", 7), RD_KAFKA_V_VALUE("{}", 2), RD_KAFKA_V_END);
	rd_kafka_flush(rk, 10000);
	rd_kafka_destroy(rk);
}

/* Nothing but this has written to the cluster. */
static void
test_records(void)
{
	Kit			kit;
	Problem		problem = {0};
	Sink	   *sink = open_sink(&kit, MODE_EXACTLY_ONCE, ON_ERROR_STOP);
	Event	   *events[JAVA_KEYS];
	Position	position = {.sysid = "1", .slot = "oms_cdc", .plugin = "pgoutput", .place = {.end_lsn = 77}};
	Position	newest = {0};
	Offsets		offsets = {0};
	Offsets		from = {0};
	Seen		seen = {.hashes = true};
	Offsets		low = {0};
	Offsets		high = {0};
	int			used = 0;
	bool		found = true;
	int			right = 0;
	int			count = 0;

	ok(sink->ends(sink, &low, &high, &problem) && high.partitions[1] == PARTITIONS && high.next[1][0] == 0, "no topic ever held a record %s", problem.text);
	ok(sink->position(sink, &newest, &found, &problem) && !found, "there is no position, and that is certain %s", problem.text);
	for (size_t i = 0; i < JAVA_KEYS; i++)
		events[i] = kit_event(1, 500 + (int64_t) i, java_keys[i].key, "{\"price\": \"72.50\"}");
	ok(sink->publish(sink, events, JAVA_KEYS, &position, &problem), "events are published %s", problem.text);
	position.place.end_lsn = 78;
	position.epoch = 6;
	ok(sink->publish(sink, NULL, 0, &position, &problem), "and a position alone");
	position.place.end_lsn = 50;
	position.epoch = 5;
	ok(sink->publish(sink, NULL, 0, &position, &problem), "and one of a session before, which wakes late");
	write_strange();
	for (int i = 0; i < PARTITIONS; i++)
		count += read_partition(i, check_record, &right);
	is_int(count, JAVA_KEYS + 1, "each is there once");
	is_int(right, JAVA_KEYS, "with its key, its bytes and its headers, on the partition of a Java producer");

	sink->offsets(sink, &offsets);
	for (int i = 0; i < PARTITIONS; i++)
		used += offsets.next[1][i] > 0;
	is_int(offsets.next[1][0] + offsets.next[1][1] + offsets.next[1][2] + offsets.next[1][3], JAVA_KEYS + used,
		   "the next offsets are behind what was delivered, and behind the marker of its transaction");
	ok(sink->position(sink, &newest, &found, &problem) && found && newest.place.end_lsn == 78, "the position is ours, and the newest %s", problem.text);
	ok(sink->scan(sink, NULL, false, see, &seen, &low, &problem) && low.next[1][0] == 0, "the topics are read from the beginning %s", problem.text);
	ok(seen.count == JAVA_KEYS && seen.sum == 500 * 6 + 15 && seen.table == 1 && seen.hashes, "all of the events are found, and nothing else");
	seen.count = 0;
	sink->offsets(sink, &from);
	ok(sink->ends(sink, &low, &high, &problem) && memcmp(from.next[1], high.next[1], PARTITIONS * sizeof(int64_t)) == 0, "what was read is before the next offsets then");
	ok(sink->scan(sink, &from, false, see, &seen, &low, &problem) && seen.count == 0, "behind them there is nothing of ours %s", problem.text);
	from.next[1][2] += 1000;
	used = (int) high.next[1][2];
	ok(sink->scan(sink, &from, false, see, &seen, &low, &problem) && seen.count == (uint64_t) used, "a partition that ends before its start is read from its beginning");
	position_free(&newest);
	offsets_free(&offsets);
	offsets_free(&from);
	offsets_free(&low);
	offsets_free(&high);
	sink->close(sink, 500);
	for (size_t i = 0; i < JAVA_KEYS; i++)
		free(events[i]);
}

int
main(void)
{
	log_configure(LOG_ERROR_LEVEL, LOG_PLAIN);
	kafka_settings_ms = 10;
	mock_start();
	test_records();
	test_answers();
	test_no_answer();
	test_late_ends();
	test_refused(MODE_EXACTLY_ONCE);
	test_refused(MODE_LOW_LATENCY);
	test_idempotent();
	mock_stop();
	return done();
}
