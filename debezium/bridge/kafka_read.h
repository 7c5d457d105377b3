/*
 * debezium/bridge/kafka_read.h
 *     Reading records back: stretches of partitions, committed records only, to an end that was fixed before.
 */
#ifndef KAFKA_READ_H
#define KAFKA_READ_H

#include "kafka_conf.h"

/* A stretch of a partition. */
typedef struct KafkaStretch
{
	const char *topic;
	int			number;			/* of the topic, for the callback */
	int			partition;
	int64_t		start;
	int64_t		end;			/* the first offset that does not matter any more */
	int64_t		at;				/* read up to here */
} KafkaStretch;

/* For each record. False stops the reading, with the problem set. */
typedef bool (*KafkaRecord) (void *arg, const KafkaStretch *stretch, const rd_kafka_message_t *record, Problem *problem);

/*
 * Reads all stretches, in no order among them. Without progress for scan.timeout.ms it fails: that nothing comes is
 * never taken to mean that nothing is there.
 */
extern bool kafka_read(KafkaClient *reader, const Options *options, KafkaStretch *stretches, int count, const KafkaWait *wait,
					   KafkaRecord found, void *arg, Problem *problem);

/* A header's bytes, the last one of that name; false when there is none. */
extern bool kafka_header(const rd_kafka_message_t *record, const char *name, Span *value);
/* A whole decimal number. */
extern bool kafka_number(Span text, int64_t *number);

#endif
