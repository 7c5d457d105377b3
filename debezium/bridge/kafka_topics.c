/*
 * debezium/bridge/kafka_topics.c
 *     The topics of a pipeline: are they there, of how many partitions, how large may a record be; made where that is allowed.
 *
 * Makes topics and nothing else: an existing topic is never altered.
 */
#include "kafka_topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kafka_admin.h"
#include "kafka_error.h"
#include "log.h"
#include "metrics.h"

#define MISSING_FOR_US 5000000	/* a broker that has just started may not know its topics yet */
#define SAY_AFTER_US 3000000
#define PAUSE_US 50000
#define CONFIGS_MS 5000			/* a broker that cannot tell its settings does not say so */

/* What one look at a topic needs. */
typedef struct Look
{
	KafkaClient *admin;
	const Options *options;
	const KafkaWait *wait;
} Look;

static bool
topic_forbidden(const Options *options, const char *topic, Problem *problem)
{
	char		hint[sizeof problem->hint];

	snprintf(hint, sizeof hint,
			 "kafka-acls.sh --bootstrap-server %.200s --add --allow-principal User:NAME --operation Describe --operation Read --operation Write --topic %.249s",
			 kafka_bootstrap(options), topic);
	return problem_set(problem, REMEDY_STOP, hint, "Kafka does not let us use the topic \"%.249s\"", topic);
}

static bool
topic_missing(const Options *options, int number, const char *topic, Problem *problem)
{
	const char *how = number == TOPIC_POSITION ? " --partitions 1 --config cleanup.policy=compact" : "";
	const char *also = number == TOPIC_POSITION ? "" : "; or set create.topics = on";
	char		hint[sizeof problem->hint];

	snprintf(hint, sizeof hint, "kafka-topics.sh --bootstrap-server %.200s --create --topic %.249s%s%s", kafka_bootstrap(options), topic, how, also);
	return problem_set(problem, REMEDY_STOP, hint, "the topic \"%.249s\" does not exist", topic);
}

/*
 * The partitions of a topic, 0 when there is no such topic. A topic with a partition that has no leader is waited for,
 * and so is a broker.
 */
static bool
look_at(const Look *look, const char *name, int *partitions, Problem *problem)
{
	int64_t		began_us = ticks_us();
	int64_t		give_up_us = began_us + look->options->scan_timeout_ms * 1000;
	int			timeout_ms = KAFKA_WAIT_MS;
	bool		said = false;

	for (;;)
	{
		TopicFound	found;

		if (kafka_stop(look->wait))
			return kafka_stopped(problem);
		found = kafka_admin_topic(look->admin, name, timeout_ms, partitions);
		if (found == TOPIC_FOUND)
			return true;
		if (found == TOPIC_FORBIDDEN)
			return topic_forbidden(look->options, name, problem);
		if (found == TOPIC_NAME_INVALID)
			return kafka_problem(problem, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, NULL, "the topic \"%.249s\"", name);
		if (found == TOPIC_MISSING)
		{
			*partitions = 0;
			return true;
		}
		if (ticks_us() > give_up_us)
			return kafka_unreachable(look->admin, look->options, "cannot learn what topics there are", problem);
		/* Whoever watches should not have to wait for the reason as long as we do for Kafka. */
		if (!said && ticks_us() - began_us > SAY_AFTER_US)
		{
			Problem		so_far = {0};

			kafka_unreachable(look->admin, look->options, "still waiting for Kafka", &so_far);
			log_problem(&so_far);
			health_set(HEALTH_WAITING, so_far.text);
			said = true;
		}
		/* A slow network gets the time that it needs. */
		timeout_ms = timeout_ms < 800 ? timeout_ms * 2 : timeout_ms;
		usleep(PAUSE_US);
	}
}

/* The same, and that it is missing must hold for a while. */
static bool
look_long(const Look *look, const char *name, int *partitions, Problem *problem)
{
	int64_t		until_us = ticks_us() + MISSING_FOR_US;

	for (;;)
	{
		if (!look_at(look, name, partitions, problem))
			return false;
		if (*partitions > 0 || ticks_us() > until_us)
			return true;
		usleep(PAUSE_US);
	}
}

/* Made by us, or just now by another instance, which is as good. Waits until it can be used. */
static bool
make_topic(const Look *look, int number, const char *name, int *partitions, Problem *problem)
{
	int64_t		give_up_us = ticks_us() + look->options->scan_timeout_ms * 1000;
	NewTopic	topic = {.name = name, .partitions = number == TOPIC_POSITION ? 1 : -1, .compact = number == TOPIC_POSITION};
	Text		said = {0};
	rd_kafka_resp_err_t err = kafka_admin_create(look->admin, &topic, look->options->scan_timeout_ms, look->wait, &said);
	bool		made = err == RD_KAFKA_RESP_ERR_NO_ERROR || err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;

	if (err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || err == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
		topic_missing(look->options, number, name, problem);	/* and we may not make it: whoever may must */
	else if (!made)
		kafka_problem(problem, err, said.data, "cannot make the topic \"%.249s\"", name);
	text_free(&said);
	if (!made)
		return false;
	while (look_at(look, name, partitions, problem))
	{
		if (*partitions > 0)
		{
			if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
				log_info("made the topic \"%s\", partitions: %d", name, *partitions);
			return true;
		}
		if (ticks_us() > give_up_us)
			return kafka_unreachable(look->admin, look->options, "a topic just made does not appear", problem);
		usleep(PAUSE_US);
	}
	return false;
}

static bool
find_topic(const Look *look, int number, KafkaTopic *topic, Problem *problem)
{
	bool		make = number == TOPIC_POSITION || look->options->create_topics;

	if (!(make ? look_at : look_long) (look, topic->name, &topic->partitions, problem))
		return false;
	if (topic->partitions == 0 && !make)
		return topic_missing(look->options, number, topic->name, problem);
	if (topic->partitions == 0 && !make_topic(look, number, topic->name, &topic->partitions, problem))
		return false;
	if (number == TOPIC_POSITION && topic->partitions != 1)
		log_warning("the position topic \"%s\" has %d partitions: only the first is used", topic->name, topic->partitions);
	return true;
}

/* How large a record may be. Not to know it is no failure: a record that is too large is found out then by its refusal. */
static bool
find_limits(const Look *look, KafkaTopics *topics, Problem *problem)
{
	TopicConfig configs[KAFKA_TOPICS];
	int			numbers[KAFKA_TOPICS];
	int			count = 0;
	Text		said = {0};
	Text		untold = {0};
	int64_t		timeout_ms = look->options->scan_timeout_ms < CONFIGS_MS ? look->options->scan_timeout_ms : CONFIGS_MS;
	rd_kafka_resp_err_t err;

	if (kafka_property(look->options, "message.max.bytes") != NULL)
		return true;			/* the user has decided */
	for (int i = 0; i < KAFKA_TOPICS; i++)
	{
		if (topics->topic[i].name == NULL)
			continue;
		numbers[count] = i;
		configs[count++] = (TopicConfig) {.name = topics->topic[i].name};
	}
	err = kafka_admin_configs(look->admin, configs, count, timeout_ms, look->wait, &said);
	for (int i = 0; i < count && err == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
	{
		topics->topic[numbers[i]].max_bytes = configs[i].max_bytes;
		if (configs[i].max_bytes == 0)
			text_printf(&untold, "%s\"%s\" (%s)", untold.len > 0 ? ", " : "", configs[i].name, rd_kafka_err2name(configs[i].err));
		if (numbers[i] == TOPIC_POSITION && configs[i].max_bytes > 0 && !configs[i].compact)
			log_warning("the position topic \"%s\" is not compacted: it may lose the position by its age, or grow; set cleanup.policy=compact",
						configs[i].name);
	}
	if (untold.len > 0)
		log_warning("cannot read max.message.bytes of %s: records are limited by kafka.message.max.bytes; to let us read it,"
					" allow DescribeConfigs on the topics", untold.data);
	if (err == RD_KAFKA_RESP_ERR__FAIL)
		kafka_stopped(problem);
	else if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		log_warning("cannot read the settings of the topics (%s): records are limited by kafka.message.max.bytes",
					said.data != NULL ? said.data : rd_kafka_err2name(err));
	text_free(&said);
	text_free(&untold);
	return err != RD_KAFKA_RESP_ERR__FAIL;
}

static char *
topic_name(const Options *options, int number)
{
	Text		name = {0};

	if (number == TOPIC_POSITION)
		return must_strdup(options->position_topic);
	if (number == TOPIC_DEAD_LETTERS)
		return must_strdup(options->dlq_topic);
	text_printf(&name, "%s%s", options->topic_prefix, event_tables[number].topic);
	return name.data;
}

/* Is the number that of an event topic, and does a table exist whose events go there? */
static bool
topic_wanted(int number, const bool tables[EVENT_TABLES])
{
	for (int t = number; t < EVENT_TABLES; t++)
		if (tables[t] && event_topic(event_tables, t) == number)
			return true;
	return false;
}

bool
kafka_topics_open(KafkaClient *admin, const Options *options, const bool tables[EVENT_TABLES], const KafkaWait *wait,
				  KafkaTopics *topics, Problem *problem)
{
	Look		look = {admin, options, wait};

	for (int i = 0; i < KAFKA_TOPICS; i++)
	{
		if ((i < EVENT_TABLES && !topic_wanted(i, tables)) || (i == TOPIC_DEAD_LETTERS && options->on_error != ON_ERROR_DLQ))
			continue;
		topics->topic[i].name = topic_name(options, i);
		if (!find_topic(&look, i, &topics->topic[i], problem))
			return false;
	}
	return find_limits(&look, topics, problem);
}

void
kafka_topics_free(KafkaTopics *topics)
{
	for (int i = 0; i < KAFKA_TOPICS; i++)
		free(topics->topic[i].name);
	memset(topics, 0, sizeof *topics);
}
