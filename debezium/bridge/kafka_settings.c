/*
 * debezium/bridge/kafka_settings.c
 *     The properties of librdkafka: one table of those that the bridge has a say in. All others are the user's.
 *
 * What the library does not take is refused where it is read, with file and line, and not when a client is made. No value is ever quoted:
 * it may be a secret.
 */
#define _GNU_SOURCE
#include "kafka_settings.h"

#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#define ALL (KAFKA_ADMIN | KAFKA_READER | KAFKA_PRODUCER)
#define READS (KAFKA_ADMIN | KAFKA_READER)

#define BY_MODE "set mode; both modes are idempotent, and wait for all replicas"
#define BY_ORDER "the order of events rests on it"
#define BY_TIME "the bridge never gives up by a count; transaction.timeout.ms bounds it in time"
#define BY_TIMEOUT "set transaction.timeout.ms, without kafka. in front"
#define BY_REPORTS "the position rests on the reports"
#define BY_READING "the bridge reads back by itself, committed records only, in no group, up to an end that it knows"
#define BY_POSITION "the bridge keeps its position itself, in position.topic"

const KafkaSetting kafka_settings[] = {
	/* Order and no repetition within a session; every record in as many logs as the topic asks for. */
	{HOLD_FIXED, KAFKA_PRODUCER, "enable.idempotence", "true", BY_MODE},
	{HOLD_FIXED, 0, "enable.gapless.guarantee", NULL, BY_MODE},
	{HOLD_FIXED, KAFKA_PRODUCER, "acks", "all", BY_MODE},
	{HOLD_FIXED, 0, "request.required.acks", NULL, BY_MODE},
	{HOLD_FIXED, KAFKA_PRODUCER, "max.in.flight.requests.per.connection", "5", BY_ORDER},
	{HOLD_FIXED, 0, "max.in.flight", NULL, BY_ORDER},
	{HOLD_FIXED, 0, "queuing.strategy", NULL, BY_ORDER},
	{HOLD_FIXED, 0, "retries", NULL, BY_TIME},
	{HOLD_FIXED, 0, "message.send.max.retries", NULL, BY_TIME},
	/* sink_transactional.c tells by it whether a request can have been sent twice. */
	{HOLD_FIXED, KAFKA_PRODUCER, "retry.backoff.ms", "100", "whether a request can have been sent twice is told by it"},
	{HOLD_FIXED, 0, "transactional.id", NULL, "it is made of the database's system identifier and the pipeline: set pipeline"},
	{HOLD_FIXED, 0, "transaction.timeout.ms", NULL, BY_TIMEOUT},
	{HOLD_FIXED, 0, "message.timeout.ms", NULL, BY_TIMEOUT},
	{HOLD_FIXED, 0, "delivery.timeout.ms", NULL, BY_TIMEOUT},
	{HOLD_FIXED, 0, "delivery.report.only.error", NULL, BY_REPORTS},
	{HOLD_FIXED, 0, "produce.offset.report", NULL, BY_REPORTS},
	/* The key alone says where a record goes, as Java's default does; we work the partition out ourselves, over a pinned count. */
	{HOLD_FIXED, KAFKA_PRODUCER, "partitioner", "murmur2_random", "it is murmur2_random, so that keys fall on the partitions where Java producers put them"},
	{HOLD_FIXED, 0, "statistics.interval.ms", NULL, "nobody would read them: GET /metrics has the bridge's own"},

	/* What reading back relies on. */
	{HOLD_FIXED, KAFKA_READER, "isolation.level", "read_committed", BY_READING},
	{HOLD_FIXED, KAFKA_ADMIN, "isolation.level", "read_uncommitted", BY_READING},
	{HOLD_FIXED, KAFKA_READER, "enable.partition.eof", "true", BY_READING},
	{HOLD_FIXED, 0, "group.id", NULL, BY_READING},
	{HOLD_FIXED, 0, "group.instance.id", NULL, BY_READING},
	{HOLD_FIXED, KAFKA_READER, "auto.offset.reset", "error", BY_POSITION},
	{HOLD_FIXED, READS, "enable.auto.commit", "false", BY_POSITION},
	{HOLD_FIXED, READS, "enable.auto.offset.store", "false", BY_POSITION},
	{HOLD_FIXED, READS, "allow.auto.create.topics", "false", "set create.topics"},

	/* 44 ms for each transaction with Nagle's algorithm on, against 1.3 ms. */
	{HOLD_DEFAULT, ALL, "socket.nagle.disable", "true", NULL},
	{HOLD_DEFAULT, ALL, "socket.keepalive.enable", "true", NULL},
	{HOLD_DEFAULT, KAFKA_PRODUCER, "linger.ms", "0", NULL},
	{HOLD_DEFAULT, KAFKA_PRODUCER, "compression.type", "lz4", NULL},
	/* A broker that was away is found again within a second, not ten. */
	{HOLD_DEFAULT, ALL, "reconnect.backoff.max.ms", "1000", NULL},
	{HOLD_DEFAULT, ALL, "log.connection.close", "false", NULL},
	/*
	 * How large a record may be is the topic's to say, of what it is compressed; the library would judge what it is before. What a reader
	 * takes has bounds of its own, which the library holds against these.
	 */
	{HOLD_DEFAULT, KAFKA_PRODUCER, "message.max.bytes", "67108864", NULL},
	{HOLD_LIMITED, KAFKA_PRODUCER, "message.max.bytes", NULL, NULL},
	{HOLD_LIMITED, KAFKA_PRODUCER, "receive.message.max.bytes", NULL, NULL},
	/* The end of a partition is told by an answer without records: it must not be long in coming. */
	{HOLD_FORCED, READS, "fetch.wait.max.ms", "10", NULL},
	{HOLD_FORCED, READS, "fetch.error.backoff.ms", "20", NULL},
	/* Bounds what reading back holds in memory. */
	{HOLD_FORCED, KAFKA_READER, "fetch.message.max.bytes", "1048576", NULL},
	{HOLD_FORCED, KAFKA_READER, "fetch.max.bytes", "4194304", NULL},
	{HOLD_FORCED, KAFKA_READER, "queued.max.messages.kbytes", "131072", NULL},
	{HOLD_FORCED, KAFKA_READER, "queued.min.messages", "1000000", NULL},
	{HOLD_FORCED, READS, "socket.timeout.ms", "10000", NULL}
};

const int	kafka_setting_count = sizeof kafka_settings / sizeof kafka_settings[0];

bool
property_secret(const char *name)
{
	static const char *const marks[] = {"password", "secret", "key.pem", "oauthbearer.config", "jaas", "passphrase", "token"};

	if (strcmp(name, "sasl.oauthbearer.token.endpoint.url") == 0)
		return false;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strcasestr(name, marks[i]) != NULL)
			return true;
	return false;
}

/* Is it the user's to set, and does the library have it, with such a value? */
bool
property_check(const char *name, const char *value, Problem *problem)
{
	rd_kafka_conf_t *conf;
	rd_kafka_conf_res_t taken;
	char		why[300];

	for (int i = 0; i < kafka_setting_count; i++)
		if (kafka_settings[i].hold == HOLD_FIXED && strcmp(name, kafka_settings[i].name) == 0)
			return problem_set(problem, REMEDY_STOP, kafka_settings[i].why, "the librdkafka property %s belongs to the bridge", name);
	conf = rd_kafka_conf_new();
	taken = rd_kafka_conf_set(conf, name, value, why, sizeof why);
	rd_kafka_conf_destroy(conf);
	/* what the library says quotes the value: only what it says of the name can be told of a secret */
	return taken == RD_KAFKA_CONF_OK ||
		problem_set(problem, REMEDY_STOP, "librdkafka's CONFIGURATION.md lists its properties and their values", "kafka.%.100s: %.300s", name,
					taken == RD_KAFKA_CONF_UNKNOWN ? "librdkafka has no such property" : property_secret(name) ? "librdkafka does not take this value" : why);
}
