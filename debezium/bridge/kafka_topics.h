/*
 * debezium/bridge/kafka_topics.h
 *     The topics of a pipeline: are they there, of how many partitions, how large may a record be, where do they end; made where that is
 *     allowed.
 */
#ifndef KAFKA_TOPICS_H
#define KAFKA_TOPICS_H

#include "kafka_conf.h"

/* The event topics have the numbers that event_topic() gives them; where several tables share one, some numbers are of no topic. */
#define TOPIC_POSITION EVENT_TABLES
#define TOPIC_DEAD_LETTERS (EVENT_TABLES + 1)
#define KAFKA_TOPICS (EVENT_TABLES + 2)

typedef struct KafkaTopic
{
	char	   *name;			/* NULL: not used */
	int			partitions;
	int64_t		max_bytes;		/* max.message.bytes; 0: not known */
} KafkaTopic;

typedef struct KafkaTopics
{
	KafkaTopic	topic[KAFKA_TOPICS];
} KafkaTopics;

/*
 * Finds those of the tables that exist, the position topic, and with on.error=dlq that of dead letters. topics is zeroed;
 * kafka_topics_free() frees it, also after a failure.
 */
extern bool kafka_topics_open(KafkaClient *admin, const Options *options, const bool tables[EVENT_TABLES], const KafkaWait *wait,
							  KafkaTopics *topics, Problem *problem);
extern void kafka_topics_free(KafkaTopics *topics);
/* For tests: how long the settings of topics are waited for; a mock of a broker never tells them. */
extern int64_t kafka_settings_ms;

/* Waits until the client itself knows where the partitions of a topic are. */
extern bool kafka_topic_known(KafkaClient *client, const Options *options, const char *topic, const KafkaWait *wait, Problem *problem);

/* Of one partition; open transactions are before high. */
typedef struct KafkaEnds
{
	const char *topic;
	int			number;			/* of the topic, the caller's own */
	int			partition;
	int64_t		low;			/* the oldest offset that is still there */
	int64_t		high;			/* where the next record goes */
} KafkaEnds;

/* Fills in low and high of all of them, with one request a broker. */
extern bool kafka_ends(KafkaClient *admin, const Options *options, KafkaEnds *ends, int count, const KafkaWait *wait, Problem *problem);

#endif
