/*
 * debezium/bridge/kafka_conf.c
 *     From options to librdkafka clients, where the library's logs and errors go, and how everybody waits for Kafka.
 *
 * No value of a setting is ever logged.
 */
#include "kafka_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kafka_error.h"
#include "log.h"
#include "metrics.h"
#include "ring.h"

#define SAY_AFTER_US 3000000
#define PAUSE_US 20000
#define TRY_MAX_MS 800

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
	return property_value(&options->settings, name) != NULL || set_number(conf, name, value, problem);
}

static bool
set_held(rd_kafka_conf_t *conf, KafkaRole role, KafkaHold hold, Problem *problem)
{
	for (int i = 0; i < kafka_setting_count; i++)
	{
		const KafkaSetting *setting = &kafka_settings[i];

		if (setting->hold == hold && setting->value != NULL && (setting->roles & (int) role) != 0 && !set(conf, setting->name, setting->value, problem))
			return false;
	}
	return true;
}

/* Is this property of the user's for clients of this role? */
static bool
is_for(const char *name, KafkaRole role)
{
	for (int i = 0; i < kafka_setting_count; i++)
		if (kafka_settings[i].hold == HOLD_LIMITED && strcmp(kafka_settings[i].name, name) == 0)
			return (kafka_settings[i].roles & (int) role) != 0;
	return true;
}

static bool
set_user(rd_kafka_conf_t *conf, const Options *options, KafkaRole role, Problem *problem)
{
	for (int i = 0; i < options->settings.property_count; i++)
		if (is_for(options->settings.properties[i].name, role) && !set(conf, options->settings.properties[i].name, options->settings.properties[i].value, problem))
			return false;
	return true;
}

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Room for all that the ring may hold, and for one record that is larger than the ring. */
static bool
set_queue(rd_kafka_conf_t *conf, const Options *options, Problem *problem)
{
	char		text[24] = "";
	size_t		size = sizeof text;
	int64_t		largest = rd_kafka_conf_get(conf, "message.max.bytes", text, &size) == RD_KAFKA_CONF_OK ? atoll(text) : 0;
	int64_t		records = larger(RING_MAX_ROWS, options->batch_max_rows) + 1024;
	int64_t		kbytes = (2 * larger(options->ring_max_bytes, largest)) / 1024 + 16 * 1024;

	return set_default(conf, options, "queue.buffering.max.messages", records < 10000000 ? records : 10000000, problem) &&
		set_default(conf, options, "queue.buffering.max.kbytes", kbytes < INT32_MAX ? kbytes : INT32_MAX, problem);
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
	if (!set_queue(conf, options, problem))
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
	if (!set(conf, "client.id", client_id, problem) || !set_held(conf, role, HOLD_DEFAULT, problem) ||
		!set_user(conf, options, role, problem) || !set_held(conf, role, HOLD_FIXED, problem) ||
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
	const char *servers = property_value(&options->settings, "bootstrap.servers");

	if (servers == NULL)
		servers = property_value(&options->settings, "metadata.broker.list");
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

bool
kafka_until(KafkaClient *client, const Options *options, const KafkaWait *wait, const char *doing, KafkaStep step, void *arg, Problem *problem)
{
	int64_t		began_us = ticks_us();
	int64_t		give_up_us = began_us + options->scan_timeout_ms * 1000;
	int			timeout_ms = KAFKA_WAIT_MS;
	bool		said = false;

	for (;;)
	{
		KafkaTried	tried;

		if (kafka_stop(wait))
			return kafka_stopped(problem);
		problem->text[0] = '\0';
		tried = step(arg, timeout_ms, problem);
		rd_kafka_poll(client->rk, 0);
		if (tried != KAFKA_AGAIN)
			return tried == KAFKA_DONE;
		if (problem->text[0] == '\0')
			kafka_unreachable(client, options, doing, problem);
		if (ticks_us() > give_up_us)
			return false;
		/* Whoever watches should not have to wait for the reason as long as we do for Kafka. */
		if (!said && ticks_us() - began_us > SAY_AFTER_US)
		{
			Problem		so_far;

			said = true;
			problem_set(&so_far, REMEDY_RETRY, problem->hint, "still waiting for Kafka: %s", problem->text);
			log_problem(&so_far);
			health_set(HEALTH_WAITING, so_far.text);
		}
		/* A slow network gets the time that it needs. */
		timeout_ms = timeout_ms < TRY_MAX_MS ? timeout_ms * 2 : timeout_ms;
		usleep(PAUSE_US);
	}
}
