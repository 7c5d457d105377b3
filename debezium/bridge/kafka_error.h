/*
 * debezium/bridge/kafka_error.h
 *     What an error code of Kafka means to the bridge: one table of codes, and problems made from it.
 */
#ifndef KAFKA_ERROR_H
#define KAFKA_ERROR_H

#include <librdkafka/rdkafka.h>

#include "bridge.h"

typedef enum KafkaBlame
{
	BLAME_PASSING,				/* goes by itself, or nobody can say */
	BLAME_RECORD,				/* Kafka will never take this very record */
	BLAME_SETUP,				/* rights, settings, a topic: an operator's matter */
	BLAME_FENCED				/* a newer producer has our transactional id */
} KafkaBlame;

typedef struct KafkaError
{
	rd_kafka_resp_err_t code;
	KafkaBlame	blame;
	const char *text;			/* of BLAME_RECORD: why it is refused, for Event.refused; else NULL */
	const char *hint;			/* NULL: nothing to advise */
} KafkaError;

/* Never NULL: a code that is not in the table is BLAME_PASSING. */
extern const KafkaError *kafka_error(rd_kafka_resp_err_t code);

/*
 * Returns false. "<format>: <text> (NAME)", remedy and hint by the table. text: what the library said, or NULL for its
 * standard sentence for the code.
 */
extern bool kafka_problem(Problem *problem, rd_kafka_resp_err_t code, const char *text, const char *format,...)
			__attribute__((format(printf, 4, 5)));

#endif
