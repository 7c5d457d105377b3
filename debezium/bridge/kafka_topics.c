/*
 * debezium/bridge/kafka_topics.c
 *     The topics of a pipeline: are they there, of how many partitions, how large may a record be, where do they end; made where that is
 *     allowed.
 *
 * Makes topics and nothing else: an existing topic is never altered.
 */
#include "kafka_topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka_error.h"
#include "log.h"
#include "text.h"

#define MISSING_FOR_US 5000000	/* a broker that has just started may not know its topics yet */

int64_t		kafka_settings_ms = 5000;	/* a broker that cannot tell them does not say so */

/* --- looking --- */

/* What looking at one topic needs. */
typedef struct Look
{
	KafkaClient *client;
	const Options *options;
	const KafkaWait *wait;
	int			number;
	const char *name;
	int64_t		missing_until_us;	/* that there is none is believed from then on */
	int			partitions;		/* 0: there is no such topic */
	int			replicas;		/* of the first of them */
	int			brokers;
} Look;

static bool
topic_missing(const Look *look, Problem *problem)
{
	const char *how = look->number == TOPIC_POSITION ? " --partitions 1 --config cleanup.policy=compact --config segment.bytes=52428800" : "";
	const char *also = look->number == TOPIC_POSITION ? "" : "; or set create.topics = on";
	char		hint[sizeof problem->hint];

	snprintf(hint, sizeof hint, "kafka-topics.sh --bootstrap-server %.200s --create --topic %.249s%s%s", kafka_bootstrap(look->options), look->name,
			 how, also);
	return problem_set(problem, REMEDY_STOP, hint, "the topic \"%.249s\" does not exist", look->name);
}

static KafkaTried
topic_forbidden(const Look *look, Problem *problem)
{
	char		hint[sizeof problem->hint];

	snprintf(hint, sizeof hint,
			 "kafka-acls.sh --bootstrap-server %.200s --add --allow-principal User:NAME --operation Describe --operation Read --operation Write --topic %.249s",
			 kafka_bootstrap(look->options), look->name);
	problem_set(problem, REMEDY_STOP, hint, "Kafka does not let us use the topic \"%.249s\"", look->name);
	return KAFKA_FAILED;
}

static KafkaTried
judge(Look *look, const rd_kafka_metadata_topic_t *topic, Problem *problem)
{
	switch (topic->err)
	{
		case RD_KAFKA_RESP_ERR_NO_ERROR:
			break;
		case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
			look->partitions = 0;
			topic_missing(look, problem);
			return ticks_us() >= look->missing_until_us ? KAFKA_DONE : KAFKA_AGAIN;
		case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
			return topic_forbidden(look, problem);
		case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
			kafka_problem(problem, topic->err, NULL, "the topic \"%.249s\"", look->name);
			return KAFKA_FAILED;
		default:
			return KAFKA_AGAIN;
	}
	for (int i = 0; i < topic->partition_cnt; i++)
		if (topic->partitions[i].leader < 0)
			return KAFKA_AGAIN;
	look->partitions = topic->partition_cnt;
	look->replicas = topic->partition_cnt > 0 ? topic->partitions[0].replica_cnt : 0;
	return topic->partition_cnt > 0 ? KAFKA_DONE : KAFKA_AGAIN;
}

static KafkaTried
try_look(void *arg, int timeout_ms, Problem *problem)
{
	Look	   *look = arg;
	rd_kafka_topic_t *handle = rd_kafka_topic_new(look->client->rk, look->name, NULL);
	const rd_kafka_metadata_t *metadata = NULL;
	KafkaTried	tried = KAFKA_AGAIN;

	if (handle == NULL)
	{
		kafka_problem(problem, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, NULL, "the topic \"%.249s\"", look->name);
		return KAFKA_FAILED;
	}
	if (rd_kafka_metadata(look->client->rk, 0, handle, &metadata, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR)
	{
		if (metadata->topic_cnt == 1)
			tried = judge(look, &metadata->topics[0], problem);
		look->brokers = metadata->broker_cnt;
		rd_kafka_metadata_destroy(metadata);
	}
	rd_kafka_topic_destroy(handle);
	return tried;
}

/* A topic with a partition that has no leader is waited for, and so is a broker; a missing one for as long as said. */
static bool
look_at(Look *look, int64_t missing_us, Problem *problem)
{
	look->missing_until_us = ticks_us() + missing_us;
	return kafka_until(look->client, look->options, look->wait, "cannot learn what topics there are", try_look, look, problem);
}

bool
kafka_topic_known(KafkaClient *client, const Options *options, const char *topic, const KafkaWait *wait, Problem *problem)
{
	Look		look = {.client = client, .options = options, .wait = wait, .name = topic};

	return look_at(&look, INT64_MAX / 2, problem);
}

/* --- requests of an administrator --- */

/* The one event that a request on this queue answers with. NULL: *err says why not; __FAIL: asked to stop. said: the broker's own words. */
static rd_kafka_event_t *
await(const Look *look, rd_kafka_queue_t *queue, int64_t timeout_ms, rd_kafka_resp_err_t *err, Text *said)
{
	int64_t		give_up_us = ticks_us() + timeout_ms * 1000;
	rd_kafka_event_t *event;

	while ((event = rd_kafka_queue_poll(queue, KAFKA_WAIT_MS)) == NULL)
	{
		rd_kafka_poll(look->client->rk, 0);
		*err = kafka_stop(look->wait) ? RD_KAFKA_RESP_ERR__FAIL : RD_KAFKA_RESP_ERR__TIMED_OUT;
		if (*err == RD_KAFKA_RESP_ERR__FAIL || ticks_us() > give_up_us)
			return NULL;
	}
	*err = rd_kafka_event_error(event);
	if (*err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return event;
	text_puts(said, rd_kafka_event_error_string(event));
	rd_kafka_event_destroy(event);
	return NULL;
}

static rd_kafka_AdminOptions_t *
admin_options(const Look *look, rd_kafka_admin_op_t op, int64_t timeout_ms)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(look->client->rk, op);
	char		why[128];

	/* the library takes no more than an hour */
	rd_kafka_AdminOptions_set_request_timeout(options, (int) (timeout_ms < 3600000 ? timeout_ms : 3600000), why, sizeof why);
	return options;
}

/* With the broker's defaults; the position's of one partition, compacted. */
static rd_kafka_resp_err_t
create_topic(const Look *look, Text *said)
{
	int64_t		timeout_ms = look->options->scan_timeout_ms;
	char		why[256];
	rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(look->name, look->number == TOPIC_POSITION ? 1 : -1, -1, why, sizeof why);
	rd_kafka_AdminOptions_t *options;
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *event;
	rd_kafka_resp_err_t err;

	if (topic == NULL)
	{
		text_puts(said, why);
		return RD_KAFKA_RESP_ERR__INVALID_ARG;
	}
	if (look->number == TOPIC_POSITION)
	{
		rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "compact");
		/* the segment that is written is never compacted: not 1 GB of records of which one counts */
		rd_kafka_NewTopic_set_config(topic, "segment.bytes", "52428800");
	}
	options = admin_options(look, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms);
	queue = rd_kafka_queue_new(look->client->rk);
	rd_kafka_CreateTopics(look->client->rk, &topic, 1, options, queue);
	event = await(look, queue, timeout_ms, &err, said);
	if (event != NULL)
	{
		size_t		count = 0;
		const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);

		if (count == 1)
			err = rd_kafka_topic_result_error(results[0]);
		if (err != RD_KAFKA_RESP_ERR_NO_ERROR && rd_kafka_topic_result_error_string(results[0]) != NULL)
			text_puts(said, rd_kafka_topic_result_error_string(results[0]));
		rd_kafka_event_destroy(event);
	}
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_NewTopic_destroy(topic);
	return err;
}

/* Made by us, or just now by another instance, which is as good. Waits until it can be used. */
static bool
make_topic(Look *look, Problem *problem)
{
	Text		said = {0};
	rd_kafka_resp_err_t err = create_topic(look, &said);
	bool		made = err == RD_KAFKA_RESP_ERR_NO_ERROR || err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;

	if (err == RD_KAFKA_RESP_ERR__FAIL)
		kafka_stopped(problem);
	else if (err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || err == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
		topic_missing(look, problem);	/* and we may not make it: whoever may must */
	else if (!made)
		kafka_problem(problem, err, said.data, "cannot make the topic \"%.249s\"", look->name);
	text_free(&said);
	return made && look_at(look, INT64_MAX / 2, problem);
}

static bool
find_topic(Look *look, Problem *problem)
{
	bool		make = look->number == TOPIC_POSITION || look->options->create_topics;

	if (!look_at(look, make ? 0 : MISSING_FOR_US, problem))
		return false;
	if (look->partitions == 0 && !make)
		return topic_missing(look, problem);
	if (look->partitions == 0 && !make_topic(look, problem))
		return false;
	if (look->number == TOPIC_POSITION && look->partitions != 1)
		log_warning("the position topic \"%s\" has %d partitions: only the first is used", look->name, look->partitions);
	if (look->number == TOPIC_POSITION && look->replicas == 1 && look->brokers > 1)
		log_warning("the position topic \"%s\" has one replica among %d brokers: losing that broker costs a whole comparison (--bootstrap); give it more, min.insync.replicas=2", look->name, look->brokers);
	return true;
}

/* --- what topics are set to --- */

/* Is the word one of "compact,delete"? */
static bool
has_policy(const char *policies, const char *word)
{
	const char *at = strstr(policies, word);

	return at != NULL && (at == policies || at[-1] == ',' || at[-1] == ' ') && strchr(", ", at[strlen(word)]) != NULL;
}

/*
 * A tree's events have one key: compaction would leave the last of them. A position that goes by its age is lost.
 */
static bool
judge_policy(const Options *options, int number, const KafkaTopic *topic, const char *policies, Problem *problem)
{
	char		hint[sizeof problem->hint];

	if (number == TOPIC_POSITION)
	{
		if (strcmp(policies, "compact") != 0)
			log_warning("the position topic \"%s\" has cleanup.policy=%s: it may lose the position by its age, or grow; set cleanup.policy=compact",
						topic->name, policies);
		return true;
	}
	if (!has_policy(policies, "compact"))
		return true;
	snprintf(hint, sizeof hint, "kafka-configs.sh --bootstrap-server %.200s --alter --entity-type topics --entity-name %.249s --add-config cleanup.policy=delete",
			 kafka_bootstrap(options), topic->name);
	return problem_set(problem, REMEDY_STOP, hint, "the topic \"%.249s\" is compacted (cleanup.policy=%.40s): of the events of a tree Kafka would keep the last one only",
					   topic->name, policies);
}

/* What one topic answered. Not to know its limit is no failure: a record that is too large is found out then by its refusal. */
static bool
read_settings(const Options *options, int number, KafkaTopic *topic, const rd_kafka_ConfigResource_t *answer, Text *untold, Problem *problem)
{
	size_t		count = 0;
	const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(answer, &count);
	bool		good = true;

	for (size_t i = 0; good && i < count; i++)
	{
		const char *name = rd_kafka_ConfigEntry_name(entries[i]);
		const char *value = rd_kafka_ConfigEntry_value(entries[i]);

		if (value != NULL && strcmp(name, "max.message.bytes") == 0)
			topic->max_bytes = atoll(value);
		else if (value != NULL && strcmp(name, "cleanup.policy") == 0)
			good = judge_policy(options, number, topic, value, problem);
	}
	if (topic->max_bytes == 0)
		text_printf(untold, "%s\"%s\" (%s)", untold->len > 0 ? ", " : "", topic->name, rd_kafka_err2name(rd_kafka_ConfigResource_error(answer)));
	return good;
}

static bool
take_settings(const Look *look, KafkaTopics *topics, const rd_kafka_event_t *event, Text *untold, Problem *problem)
{
	size_t		count = 0;
	const rd_kafka_ConfigResource_t **answers =
		rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result((rd_kafka_event_t *) (uintptr_t) event), &count);

	for (size_t i = 0; i < count; i++)
		for (int j = 0; j < KAFKA_TOPICS; j++)
			if (topics->topic[j].name != NULL && strcmp(rd_kafka_ConfigResource_name(answers[i]), topics->topic[j].name) == 0 &&
				!read_settings(look->options, j, &topics->topic[j], answers[i], untold, problem))
				return false;
	return true;
}

static bool
find_settings(const Look *look, KafkaTopics *topics, Problem *problem)
{
	rd_kafka_AdminOptions_t *options = admin_options(look, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, kafka_settings_ms);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(look->client->rk);
	rd_kafka_ConfigResource_t *resources[KAFKA_TOPICS];
	size_t		count = 0;
	Text		said = {0};
	Text		untold = {0};
	rd_kafka_event_t *event;
	rd_kafka_resp_err_t err;
	bool		good = true;

	for (int i = 0; i < KAFKA_TOPICS; i++)
		if (topics->topic[i].name != NULL)
			resources[count++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics->topic[i].name);
	rd_kafka_DescribeConfigs(look->client->rk, resources, count, options, queue);
	event = await(look, queue, kafka_settings_ms, &err, &said);
	if (event != NULL)
		good = take_settings(look, topics, event, &untold, problem);
	else if (err == RD_KAFKA_RESP_ERR__FAIL)
		good = kafka_stopped(problem);
	else
		text_puts(&untold, said.data != NULL ? said.data : rd_kafka_err2name(err));
	if (untold.len > 0)
		log_warning("cannot read max.message.bytes and cleanup.policy of the topics: %s; to let us read them, allow DescribeConfigs on the topics", untold.data);
	rd_kafka_event_destroy(event);
	rd_kafka_ConfigResource_destroy_array(resources, count);
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	text_free(&said);
	text_free(&untold);
	return good;
}

/* --- all of them --- */

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
	Look		look = {.client = admin, .options = options, .wait = wait};

	for (int i = 0; i < KAFKA_TOPICS; i++)
	{
		if ((i < EVENT_TABLES && !topic_wanted(i, tables)) || (i == TOPIC_DEAD_LETTERS && options->on_error != ON_ERROR_DLQ))
			continue;
		topics->topic[i].name = topic_name(options, i);
		look.number = i;
		look.name = topics->topic[i].name;
		if (!find_topic(&look, problem))
			return false;
		topics->topic[i].partitions = look.partitions;
	}
	return find_settings(&look, topics, problem);
}

void
kafka_topics_free(KafkaTopics *topics)
{
	for (int i = 0; i < KAFKA_TOPICS; i++)
		free(topics->topic[i].name);
	memset(topics, 0, sizeof *topics);
}

/* --- ends --- */

typedef struct Ending
{
	KafkaClient *admin;
	KafkaEnds  *ends;
	int			count;
	bool		high;			/* what is asked for now */
	rd_kafka_topic_partition_list_t *list;
} Ending;

/*
 * Not rd_kafka_query_watermark_offsets(), which before 2.3 waits as long as it likes.
 */
static KafkaTried
try_ends(void *arg, int timeout_ms, Problem *problem)
{
	Ending	   *ending = arg;
	rd_kafka_resp_err_t err;

	for (int i = 0; i < ending->count; i++)
		ending->list->elems[i].offset = ending->high ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING;
	err = rd_kafka_offsets_for_times(ending->admin->rk, ending->list, timeout_ms);
	for (int i = 0; i < ending->count; i++)
	{
		const rd_kafka_topic_partition_t *partition = &ending->list->elems[i];
		rd_kafka_resp_err_t its = err != RD_KAFKA_RESP_ERR_NO_ERROR ? err : partition->err;

		if (its == RD_KAFKA_RESP_ERR_NO_ERROR && partition->offset >= 0)
		{
			*(ending->high ? &ending->ends[i].high : &ending->ends[i].low) = partition->offset;
			continue;
		}
		if (its != RD_KAFKA_RESP_ERR_NO_ERROR && its != RD_KAFKA_RESP_ERR__TIMED_OUT && its != RD_KAFKA_RESP_ERR__TRANSPORT)
			kafka_problem(problem, its, NULL, "cannot ask for the end of \"%.249s\" [%d]", ending->ends[i].topic, ending->ends[i].partition);
		return kafka_error(its)->blame == BLAME_SETUP ? KAFKA_FAILED : KAFKA_AGAIN;
	}
	return KAFKA_DONE;
}

bool
kafka_ends(KafkaClient *admin, const Options *options, KafkaEnds *ends, int count, const KafkaWait *wait, Problem *problem)
{
	Ending		ending = {.admin = admin, .ends = ends, .count = count};
	bool		good;

	if (count == 0)
		return true;
	ending.list = rd_kafka_topic_partition_list_new(count);
	for (int i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(ending.list, ends[i].topic, ends[i].partition);
	/* the low one first: what retention removes meanwhile makes it too low, and that is found when it is read */
	good = kafka_until(admin, options, wait, "cannot ask for the ends of topics", try_ends, &ending, problem);
	ending.high = true;
	good = good && kafka_until(admin, options, wait, "cannot ask for the ends of topics", try_ends, &ending, problem);
	rd_kafka_topic_partition_list_destroy(ending.list);
	return good;
}
