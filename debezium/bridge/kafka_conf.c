/*
 * debezium/bridge/kafka_conf.c
 *     From options to librdkafka clients: which setting is whose, and where the library's logs, errors and statistics go.
 *
 * Three kinds of settings: FIXED is what the guarantees rest on, a user may not name it; DEFAULT is ours as long as the user
 * says nothing; FORCED goes in last, over what the user said for other clients. No value of a setting is ever logged.
 */
#include "kafka_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka_error.h"
#include "log.h"
#include "metrics.h"

#define ALL (KAFKA_ADMIN | KAFKA_READER | KAFKA_PRODUCER)
#define READS (KAFKA_ADMIN | KAFKA_READER)

typedef enum Hold
{
	HOLD_FIXED,
	HOLD_DEFAULT,
	HOLD_FORCED
} Hold;

typedef struct Setting
{
	Hold		hold;
	int			roles;
	const char *name;
	const char *value;			/* NULL: worked out below, or the library's own */
} Setting;

static const Setting settings[] = {
	/* Order and no repetition within a session; every record in as many logs as the topic asks for. */
	{HOLD_FIXED, KAFKA_PRODUCER, "enable.idempotence", "true"},
	{HOLD_FIXED, KAFKA_PRODUCER, "acks", "all"},
	{HOLD_FIXED, 0, "request.required.acks", NULL},
	{HOLD_FIXED, KAFKA_PRODUCER, "max.in.flight.requests.per.connection", "5"},
	{HOLD_FIXED, 0, "max.in.flight", NULL},
	{HOLD_FIXED, 0, "retries", NULL},
	{HOLD_FIXED, 0, "message.send.max.retries", NULL},
	{HOLD_FIXED, 0, "queuing.strategy", NULL},
	/* sink_transactional.c tells by it whether a request can have been sent twice. */
	{HOLD_FIXED, KAFKA_PRODUCER, "retry.backoff.ms", "100"},
	{HOLD_FIXED, 0, "transactional.id", NULL},
	{HOLD_FIXED, 0, "transaction.timeout.ms", NULL},
	{HOLD_FIXED, 0, "message.timeout.ms", NULL},
	{HOLD_FIXED, 0, "delivery.timeout.ms", NULL},
	{HOLD_FIXED, 0, "enable.gapless.guarantee", NULL},
	{HOLD_FIXED, 0, "delivery.report.only.error", NULL},
	/* The key alone says where a record goes, as Java's default does; we work the partition out ourselves, over a pinned count. */
	{HOLD_FIXED, KAFKA_PRODUCER, "partitioner", "murmur2_random"},

	/* What reading back relies on. */
	{HOLD_FIXED, KAFKA_READER, "isolation.level", "read_committed"},
	{HOLD_FIXED, KAFKA_ADMIN, "isolation.level", "read_uncommitted"},
	{HOLD_FIXED, KAFKA_READER, "enable.partition.eof", "true"},
	{HOLD_FIXED, KAFKA_READER, "auto.offset.reset", "error"},
	{HOLD_FIXED, READS, "enable.auto.commit", "false"},
	{HOLD_FIXED, READS, "enable.auto.offset.store", "false"},
	{HOLD_FIXED, READS, "allow.auto.create.topics", "false"},
	{HOLD_FIXED, 0, "group.id", NULL},

	/* 44 ms for each transaction with Nagle's algorithm on, against 1.3 ms. */
	{HOLD_DEFAULT, ALL, "socket.nagle.disable", "true"},
	{HOLD_DEFAULT, ALL, "socket.keepalive.enable", "true"},
	{HOLD_DEFAULT, KAFKA_PRODUCER, "linger.ms", "0"},
	{HOLD_DEFAULT, KAFKA_PRODUCER, "compression.type", "lz4"},
	/* A broker that was away is found again within a second, not ten. */
	{HOLD_DEFAULT, ALL, "reconnect.backoff.max.ms", "1000"},
	{HOLD_DEFAULT, ALL, "log.connection.close", "false"},
	{HOLD_DEFAULT, KAFKA_PRODUCER, "statistics.interval.ms", "1000"},
	{HOLD_FORCED, READS, "statistics.interval.ms", "0"},
	/* The end of a partition is told by an answer without records: it must not be long in coming. */
	{HOLD_FORCED, READS, "fetch.wait.max.ms", "10"},
	{HOLD_FORCED, READS, "fetch.error.backoff.ms", "20"},
	/* Bounds what reading back holds in memory. */
	{HOLD_FORCED, KAFKA_READER, "fetch.message.max.bytes", "1048576"},
	{HOLD_FORCED, KAFKA_READER, "fetch.max.bytes", "4194304"},
	{HOLD_FORCED, KAFKA_READER, "queued.max.messages.kbytes", "131072"},
	{HOLD_FORCED, KAFKA_READER, "queued.min.messages", "1000000"},
	{HOLD_FORCED, READS, "socket.timeout.ms", "10000"}
};

#define SETTINGS (sizeof settings / sizeof settings[0])

const char *
kafka_property(const Options *options, const char *name)
{
	const char *value = NULL;

	for (int i = 0; i < options->kafka_count; i++)
		if (strcmp(options->kafka[i].name, name) == 0)
			value = options->kafka[i].value;	/* the last one counts */
	return value;
}

static bool
set(rd_kafka_conf_t *conf, const char *name, const char *value, Problem *problem)
{
	char		why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
		return true;
	return problem_set(problem, REMEDY_STOP, "librdkafka's CONFIGURATION.md lists its properties and their values",
					   "kafka.%.100s: %.300s", name, why);
}

static bool
set_number(rd_kafka_conf_t *conf, const char *name, int64_t value, Problem *problem)
{
	char		text[24];

	snprintf(text, sizeof text, "%lld", (long long) value);
	return set(conf, name, text, problem);
}

/* Ours when the user says nothing. */
static bool
set_default(rd_kafka_conf_t *conf, const Options *options, const char *name, int64_t value, Problem *problem)
{
	return kafka_property(options, name) != NULL || set_number(conf, name, value, problem);
}

static bool
set_held(rd_kafka_conf_t *conf, KafkaRole role, Hold hold, Problem *problem)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (settings[i].hold == hold && settings[i].value != NULL && (settings[i].roles & (int) role) != 0 &&
			!set(conf, settings[i].name, settings[i].value, problem))
			return false;
	return true;
}

static bool
set_user(rd_kafka_conf_t *conf, const Options *options, Problem *problem)
{
	for (int i = 0; i < options->kafka_count; i++)
	{
		const Property *property = &options->kafka[i];

		for (size_t j = 0; j < SETTINGS; j++)
			if (settings[j].hold == HOLD_FIXED && strcmp(settings[j].name, property->name) == 0)
				return problem_set(problem, REMEDY_STOP,
								   "take it out; mode, transaction.timeout.ms and pipeline are settings of the bridge itself",
								   "kafka.%s is set by the bridge: what it promises rests on it", property->name);
		if (!set(conf, property->name, property->value, problem))
			return false;
	}
	return true;
}

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Room for all that the ring may hold, and for one record that is larger than the ring. */
static bool
set_queue(rd_kafka_conf_t *conf, const Options *options, int64_t message_max_bytes, Problem *problem)
{
	int64_t		records = larger(options->ring_max_rows, options->batch_max_rows) + 1024;
	int64_t		bytes = 2 * larger(options->ring_max_bytes, message_max_bytes) + 16 * 1024 * 1024;
	int64_t		kbytes = bytes / 1024 < INT32_MAX ? bytes / 1024 : INT32_MAX;

	return set_default(conf, options, "queue.buffering.max.messages", records < 10000000 ? records : 10000000, problem) &&
		set_default(conf, options, "queue.buffering.max.kbytes", kbytes, problem);
}

static bool
set_transactional(rd_kafka_conf_t *conf, const Options *options, const char *id, Problem *problem)
{
	int64_t		timeout_ms = options->transaction_timeout_ms;

	/*
	 * A record that cannot be delivered fails, and with it its transaction, before the coordinator gives the transaction up;
	 * a request that is not answered is sent again before that.
	 */
	return set(conf, "transactional.id", id, problem) &&
		set_number(conf, "transaction.timeout.ms", timeout_ms, problem) &&
		set_number(conf, "message.timeout.ms", timeout_ms * 2 / 3, problem) &&
		set_default(conf, options, "socket.timeout.ms", larger(timeout_ms / 3, 1000), problem);
}

static bool
set_idempotent(rd_kafka_conf_t *conf, const Options *options, Problem *problem)
{
	/*
	 * Records never time out: what does not go, waits, and so does the ring. A refused record ends the producer, unless the
	 * dead-letter topic takes it: then what is behind it must go on.
	 */
	return set(conf, "message.timeout.ms", "0", problem) &&
		set(conf, "enable.gapless.guarantee", options->on_error == ON_ERROR_STOP ? "true" : "false", problem);
}

static bool
set_producer(rd_kafka_conf_t *conf, const Options *options, const KafkaProducerConf *producer, Problem *problem)
{
	if (!set_queue(conf, options, producer->message_max_bytes, problem))
		return false;
	if (producer->message_max_bytes > 0 && !set_default(conf, options, "message.max.bytes", producer->message_max_bytes, problem))
		return false;
	if (producer->batch_bytes > 0 && !set_default(conf, options, "batch.size", producer->batch_bytes, problem))
		return false;
	rd_kafka_conf_set_dr_msg_cb(conf, producer->delivered);
	return producer->transactional_id != NULL ? set_transactional(conf, options, producer->transactional_id, problem)
		: set_idempotent(conf, options, problem);
}

/* What ends a session is said by the session; a broken connection, or a producer id that has to be waited for, is no alarm. */
static bool
said_elsewhere(const char *facility)
{
	static const char *const facilities[] = {"FAIL", "ERROR", "GETPID", "FATAL", "TXNERR", "ADDPARTS", "TERMINATE"};

	for (size_t i = 0; i < sizeof facilities / sizeof facilities[0]; i++)
		if (strcmp(facility, facilities[i]) == 0)
			return true;
	return false;
}

static void
on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	(void) rk;

	/* Syslog's levels. */
	if (level >= 7 || strcmp(facility, "CONFWARN") == 0)
		log_debug("librdkafka: %s: %s", facility, text);
	else if (level >= 5 || said_elsewhere(facility))
		log_info("librdkafka: %s: %s", facility, text);
	else
		log_warning("librdkafka: %s: %s", facility, text);
}

static void
on_error(rd_kafka_t *rk, int code, const char *text, void *opaque)
{
	KafkaClient *client = opaque;

	(void) rk;
	/* "All brokers are down" says less than what came before. */
	if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || client->errors == 0)
	{
		client->last_error = (rd_kafka_resp_err_t) code;
		snprintf(client->last_text, sizeof client->last_text, "%s", text);
	}
	client->errors++;
}

static int
on_statistics(rd_kafka_t *rk, char *json, size_t len, void *opaque)
{
	(void) rk;
	(void) opaque;
	metrics_kafka_statistics(json, len);
	return 0;					/* the library frees it */
}

void *
kafka_client_owner(void *client)
{
	return ((KafkaClient *) client)->owner;
}

bool
kafka_client_open(KafkaClient *client, KafkaRole role, const Options *options, const KafkaProducerConf *producer, Problem *problem)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char		client_id[128];
	char		why[512];

	client->role = role;
	client->last_error = RD_KAFKA_RESP_ERR_NO_ERROR;
	client->last_text[0] = '\0';
	client->errors = 0;
	snprintf(client_id, sizeof client_id, "oms-cdc-%s", options->pipeline);
	rd_kafka_conf_set_opaque(conf, client);
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_error_cb(conf, on_error);
	if (role == KAFKA_PRODUCER)
		rd_kafka_conf_set_stats_cb(conf, on_statistics);
	if (!set(conf, "client.id", client_id, problem) || !set_held(conf, role, HOLD_DEFAULT, problem) ||
		!set_user(conf, options, problem) || !set_held(conf, role, HOLD_FIXED, problem) ||
		!set_held(conf, role, HOLD_FORCED, problem) || (producer != NULL && !set_producer(conf, options, producer, problem)))
	{
		rd_kafka_conf_destroy(conf);
		return false;
	}
	client->rk = rd_kafka_new(role == KAFKA_PRODUCER ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf, why, sizeof why);
	if (client->rk != NULL)
		return true;			/* which owns conf now */
	rd_kafka_conf_destroy(conf);
	return problem_set(problem, REMEDY_STOP, "check the kafka.* settings and the files they name", "cannot make a Kafka client: %.400s", why);
}

void
kafka_client_close(KafkaClient *client)
{
	if (client->rk == NULL)
		return;
	rd_kafka_destroy_flags(client->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	client->rk = NULL;
}

const char *
kafka_bootstrap(const Options *options)
{
	const char *servers = kafka_property(options, "bootstrap.servers");

	if (servers == NULL)
		servers = kafka_property(options, "metadata.broker.list");
	return servers != NULL ? servers : "HOST:9092";
}

bool
kafka_unreachable(const KafkaClient *client, const Options *options, const char *doing, Problem *problem)
{
	if (client->errors > 0)
		return kafka_problem(problem, client->last_error, client->last_text, "%s", doing);
	return problem_set(problem, REMEDY_RETRY, "check kafka.bootstrap.servers, kafka.security.protocol, that the brokers run, and the network between",
					   "%s: no answer from Kafka at %.200s", doing, kafka_bootstrap(options));
}

bool
kafka_stop(const KafkaWait *wait)
{
	return wait->stop != NULL && wait->stop(wait->arg);
}

bool
kafka_stopped(Problem *problem)
{
	return problem_set(problem, REMEDY_RETRY, NULL, "gave up waiting for Kafka: asked to stop");
}
