/*
 * debezium/bridge/kafka_admin.h
 *     The administrative requests that the bridge needs, as plain functions. They say what Kafka answered and judge nothing.
 */
#ifndef KAFKA_ADMIN_H
#define KAFKA_ADMIN_H

#include "kafka_conf.h"
#include "text.h"

typedef enum TopicFound
{
	TOPIC_FOUND,				/* each partition has a leader */
	TOPIC_MISSING,
	TOPIC_FORBIDDEN,
	TOPIC_NAME_INVALID,
	TOPIC_NOT_YET				/* no answer in time, or a partition has no leader now */
} TopicFound;

extern TopicFound kafka_admin_topic(KafkaClient *admin, const char *name, int timeout_ms, int *partitions);

typedef struct NewTopic
{
	const char *name;
	int			partitions;		/* -1: the broker's default */
	bool		compact;
} NewTopic;

/*
 * What the next two return: an error of Kafka, of the whole request or of the topic; __TIMED_OUT; __FAIL: asked to stop.
 * said: the broker's own words, when it had any.
 */
extern rd_kafka_resp_err_t kafka_admin_create(KafkaClient *admin, const NewTopic *topic, int64_t timeout_ms, const KafkaWait *wait, Text *said);

typedef struct TopicConfig
{
	const char *name;			/* which; the rest is the answer */
	rd_kafka_resp_err_t err;
	int64_t		max_bytes;		/* 0: not told */
	bool		compact;
} TopicConfig;

extern rd_kafka_resp_err_t kafka_admin_configs(KafkaClient *admin, TopicConfig *configs, int count, int64_t timeout_ms, const KafkaWait *wait,
											   Text *said);

/* The ends of a partition, open transactions included. low: the oldest offset that is still there. */
extern bool kafka_admin_ends(KafkaClient *admin, const Options *options, const char *topic, int partition, const KafkaWait *wait,
							 int64_t *low, int64_t *high, Problem *problem);

#endif
