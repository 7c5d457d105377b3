/*
 * debezium/bridge/kafka_admin.c
 *     The administrative requests that the bridge needs, as plain functions. They say what Kafka answered and judge nothing.
 *
 * Each waits in short steps, so that a stop is seen; what a step could not do, the next one asks for again.
 */
#include "kafka_admin.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kafka_error.h"

static TopicFound
judge(const rd_kafka_metadata_topic_t *topic, int *partitions)
{
	switch (topic->err)
	{
		case RD_KAFKA_RESP_ERR_NO_ERROR:
			break;
		case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
			return TOPIC_MISSING;
		case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
			return TOPIC_FORBIDDEN;
		case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
			return TOPIC_NAME_INVALID;
		default:
			return TOPIC_NOT_YET;
	}
	for (int i = 0; i < topic->partition_cnt; i++)
		if (topic->partitions[i].leader < 0)
			return TOPIC_NOT_YET;
	*partitions = topic->partition_cnt;
	return topic->partition_cnt > 0 ? TOPIC_FOUND : TOPIC_NOT_YET;
}

TopicFound
kafka_admin_topic(KafkaClient *admin, const char *name, int timeout_ms, int *partitions)
{
	rd_kafka_topic_t *handle = rd_kafka_topic_new(admin->rk, name, NULL);
	const rd_kafka_metadata_t *metadata = NULL;
	TopicFound	found = TOPIC_NOT_YET;

	if (handle == NULL)
		return TOPIC_NAME_INVALID;
	if (rd_kafka_metadata(admin->rk, 0, handle, &metadata, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR)
	{
		if (metadata->topic_cnt == 1)
			found = judge(&metadata->topics[0], partitions);
		rd_kafka_metadata_destroy(metadata);
	}
	rd_kafka_topic_destroy(handle);
	rd_kafka_poll(admin->rk, 0);	/* for its error callback */
	return found;
}

/* The one event that a request on this queue answers with. NULL: *err says why not. */
static rd_kafka_event_t *
await(KafkaClient *admin, rd_kafka_queue_t *queue, int64_t timeout_ms, const KafkaWait *wait, rd_kafka_resp_err_t *err, Text *said)
{
	int64_t		give_up_us = ticks_us() + timeout_ms * 1000;
	rd_kafka_event_t *event;

	while ((event = rd_kafka_queue_poll(queue, KAFKA_WAIT_MS)) == NULL)
	{
		rd_kafka_poll(admin->rk, 0);
		*err = kafka_stop(wait) ? RD_KAFKA_RESP_ERR__FAIL : RD_KAFKA_RESP_ERR__TIMED_OUT;
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
admin_options(KafkaClient *admin, rd_kafka_admin_op_t op, int64_t timeout_ms)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(admin->rk, op);
	char		why[128];

	if (timeout_ms > 3600000)
		timeout_ms = 3600000;	/* the library takes no more */
	rd_kafka_AdminOptions_set_request_timeout(options, (int) timeout_ms, why, sizeof why);
	return options;
}

rd_kafka_resp_err_t
kafka_admin_create(KafkaClient *admin, const NewTopic *topic, int64_t timeout_ms, const KafkaWait *wait, Text *said)
{
	char		why[256];
	rd_kafka_NewTopic_t *new_topic = rd_kafka_NewTopic_new(topic->name, topic->partitions, -1, why, sizeof why);
	rd_kafka_AdminOptions_t *options;
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *event;
	rd_kafka_resp_err_t err;

	if (new_topic == NULL)
	{
		text_puts(said, why);
		return RD_KAFKA_RESP_ERR__INVALID_ARG;
	}
	if (topic->compact)
		rd_kafka_NewTopic_set_config(new_topic, "cleanup.policy", "compact");
	options = admin_options(admin, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms);
	queue = rd_kafka_queue_new(admin->rk);
	rd_kafka_CreateTopics(admin->rk, &new_topic, 1, options, queue);
	event = await(admin, queue, timeout_ms, wait, &err, said);
	if (event != NULL)
	{
		size_t		count = 0;
		const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);

		if (count == 1)
		{
			err = rd_kafka_topic_result_error(results[0]);
			if (err != RD_KAFKA_RESP_ERR_NO_ERROR && rd_kafka_topic_result_error_string(results[0]) != NULL)
				text_puts(said, rd_kafka_topic_result_error_string(results[0]));
		}
		rd_kafka_event_destroy(event);
	}
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_NewTopic_destroy(new_topic);
	return err;
}

static void
read_config(const rd_kafka_ConfigResource_t *resource, TopicConfig *config)
{
	size_t		count = 0;
	const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);

	config->err = rd_kafka_ConfigResource_error(resource);
	for (size_t i = 0; i < count; i++)
	{
		const char *name = rd_kafka_ConfigEntry_name(entries[i]);
		const char *value = rd_kafka_ConfigEntry_value(entries[i]);

		if (value == NULL)
			continue;
		if (strcmp(name, "max.message.bytes") == 0)
			config->max_bytes = atoll(value);
		else if (strcmp(name, "cleanup.policy") == 0)
			config->compact = strstr(value, "compact") != NULL;
	}
}

rd_kafka_resp_err_t
kafka_admin_configs(KafkaClient *admin, TopicConfig *configs, int count, int64_t timeout_ms, const KafkaWait *wait, Text *said)
{
	rd_kafka_AdminOptions_t *options = admin_options(admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(admin->rk);
	rd_kafka_ConfigResource_t **resources = must_alloc((size_t) count * sizeof *resources);
	rd_kafka_event_t *event;
	rd_kafka_resp_err_t err;

	for (int i = 0; i < count; i++)
		resources[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, configs[i].name);
	rd_kafka_DescribeConfigs(admin->rk, resources, (size_t) count, options, queue);
	event = await(admin, queue, timeout_ms, wait, &err, said);
	if (event != NULL)
	{
		size_t		found = 0;
		const rd_kafka_ConfigResource_t **answers =
			rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &found);

		for (size_t i = 0; i < found; i++)
			for (int j = 0; j < count; j++)
				if (strcmp(rd_kafka_ConfigResource_name(answers[i]), configs[j].name) == 0)
					read_config(answers[i], &configs[j]);
		rd_kafka_event_destroy(event);
	}
	rd_kafka_ConfigResource_destroy_array(resources, (size_t) count);
	free(resources);
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	return err;
}

bool
kafka_admin_ends(KafkaClient *admin, const Options *options, const char *topic, int partition, const KafkaWait *wait,
				 int64_t *low, int64_t *high, Problem *problem)
{
	int64_t		give_up_us = ticks_us() + options->scan_timeout_ms * 1000;
	int			timeout_ms = KAFKA_WAIT_MS;

	for (;;)
	{
		rd_kafka_resp_err_t err;

		if (kafka_stop(wait))
			return kafka_stopped(problem);
		err = rd_kafka_query_watermark_offsets(admin->rk, topic, partition, low, high, timeout_ms);
		if (err == RD_KAFKA_RESP_ERR_NO_ERROR && *low >= 0 && *high >= *low)
			return true;
		rd_kafka_poll(admin->rk, 0);
		if (kafka_error(err)->blame == BLAME_SETUP)
			return kafka_problem(problem, err, NULL, "cannot ask for the end of \"%.249s\" [%d]", topic, partition);
		if (ticks_us() > give_up_us)
		{
			if (err == RD_KAFKA_RESP_ERR__TIMED_OUT || err == RD_KAFKA_RESP_ERR__TRANSPORT)
				return kafka_unreachable(admin, options, "cannot ask for the end of a topic", problem);
			return kafka_problem(problem, err, NULL, "cannot ask for the end of \"%.249s\" [%d]", topic, partition);
		}
		timeout_ms = timeout_ms < 800 ? timeout_ms * 2 : timeout_ms;
		usleep(20000);
	}
}
