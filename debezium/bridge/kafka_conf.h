/*
 * debezium/bridge/kafka_conf.h
 *     From options to librdkafka clients, where the library's logs and errors go, and how everybody waits for Kafka.
 */
#ifndef KAFKA_CONF_H
#define KAFKA_CONF_H

#include <librdkafka/rdkafka.h>

#include "kafka_settings.h"
#include "sink.h"

/* A handle of the library. Callbacks run in the thread that polls it, log lines come from any. */
typedef struct KafkaClient
{
	rd_kafka_t *rk;				/* NULL: closed */
	KafkaRole	role;
	/* the last error that the library could not place elsewhere: no broker in reach, refused credentials, ... */
	rd_kafka_resp_err_t last_error;
	char		last_text[256];
	uint64_t	errors;			/* how many so far */
	void	   *owner;			/* for the delivery callback */
} KafkaClient;

typedef struct KafkaProducerConf
{
	const char *transactional_id;	/* NULL: idempotent only */
	int64_t		batch_bytes;	/* the largest request of several records; 0: the library's default */
	void		(*delivered) (rd_kafka_t *rk, const rd_kafka_message_t *message, void *client);
} KafkaProducerConf;

/* producer: of the role KAFKA_PRODUCER, else NULL. The client must not move while it is open. */
extern bool kafka_client_open(KafkaClient *client, KafkaRole role, const Options *options, const KafkaProducerConf *producer, Problem *problem);
/* Nothing is waited for but the library's threads: what is in flight is given up. Closed already: nothing. */
extern void kafka_client_close(KafkaClient *client);
extern void *kafka_client_owner(void *client);

/* Where Kafka is, for messages. */
extern const char *kafka_bootstrap(const Options *options);
/* Fills the problem for a time-out of something that needs a broker, with what the library said last. False. */
extern bool kafka_unreachable(const KafkaClient *client, const Options *options, const char *doing, Problem *problem);

/* What waits look at. */
typedef struct KafkaWait
{
	StopCheck	stop;			/* may be NULL */
	void	   *arg;
} KafkaWait;

#define KAFKA_WAIT_MS 100		/* how long at most between two looks at it */

extern bool kafka_stop(const KafkaWait *wait);
/* Fills the problem and returns false. */
extern bool kafka_stopped(Problem *problem);

typedef enum KafkaTried
{
	KAFKA_DONE,
	KAFKA_AGAIN,				/* the problem may say why; else it is that nobody answers */
	KAFKA_FAILED				/* for good: the problem says why */
} KafkaTried;

/* One try, of at most so long. */
typedef KafkaTried (*KafkaStep) (void *arg, int timeout_ms, Problem *problem);

/*
 * Tries until it is done. False: asked to stop, failed, or nothing came of it for scan.timeout.ms. doing: "cannot ...".
 */
extern bool kafka_until(KafkaClient *client, const Options *options, const KafkaWait *wait, const char *doing, KafkaStep step, void *arg,
						Problem *problem);

#endif
