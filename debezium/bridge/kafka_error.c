/*
 * debezium/bridge/kafka_error.c
 *     What an error code of Kafka means to the bridge: one table of codes, and problems made from it.
 *
 * Only what Kafka refuses for what the record itself is (its size, its content) is a record's fault and may go to the
 * dead-letter topic. A topic that is missing or not allowed is an operator's matter: to send a whole stream there would
 * only move the damage. What nobody has classified here is taken as passing: the session ends and another one finds out.
 */
#include "kafka_error.h"

#include <stdarg.h>
#include <stdio.h>

#define SIZE_HINT "raise max.message.bytes of the topic (kafka-configs.sh --alter --entity-type topics), or set on.error = dlq"

static const KafkaError errors[] = {
	/* the record */
	{RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, BLAME_RECORD, "larger than the topic takes", SIZE_HINT},
	{RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, BLAME_RECORD, "larger than a segment of the topic", SIZE_HINT},
	{RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, BLAME_RECORD, "of a size that the broker calls invalid", SIZE_HINT},
	{RD_KAFKA_RESP_ERR_INVALID_RECORD, BLAME_RECORD, "refused by the broker's validation of records",
	"see the broker's log for the rule that refused it, or set on.error = dlq"},
	{RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, BLAME_RECORD, "of a time that the topic does not take",
	"compare the clocks of this host and the brokers; message.timestamp.*.max.ms of the topic sets the limits"},

	/* what an operator set up, or did not */
	{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, BLAME_SETUP, NULL,
	"allow the bridge's principal Describe, Read and Write on its topics (kafka-acls.sh --add --operation ... --topic ...)"},
	{RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, BLAME_SETUP, NULL,
	"allow it: kafka-acls.sh --add --operation Describe --operation Write --transactional-id oms-cdc- --resource-pattern-type prefixed"},
	{RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, BLAME_SETUP, NULL,
	"allow it: kafka-acls.sh --add --operation IdempotentWrite --cluster (brokers before 2.8 ask for it)"},
	{RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, BLAME_SETUP, NULL,
	"set transaction.timeout.ms to no more than the brokers' transaction.max.timeout.ms"},
	{RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, BLAME_SETUP, NULL, "correct topic.prefix, position.topic or dlq.topic"},
	{RD_KAFKA_RESP_ERR_POLICY_VIOLATION, BLAME_SETUP, NULL, "make the topic by hand within the policy of the cluster"},
	{RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, BLAME_SETUP, NULL,
	"set message.format.version of the topic to 0.11 or later: headers and transactions need it"},
	{RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, BLAME_SETUP, NULL, "transactions need Kafka 0.11 or later"},
	{RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, BLAME_SETUP, NULL, "transactions need Kafka 0.11 or later"},
	{RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS, BLAME_SETUP, NULL, NULL},

	/* passes when it is mended, without a restart: a directory service may be down, a certificate about to be renewed */
	{RD_KAFKA_RESP_ERR__AUTHENTICATION, BLAME_PASSING, NULL,
	"check kafka.security.protocol, kafka.sasl.mechanism, kafka.sasl.username and kafka.sasl.password in the configuration file"},
	{RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, BLAME_PASSING, NULL,
	"check kafka.sasl.mechanism, kafka.sasl.username and kafka.sasl.password in the configuration file"},
	{RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, BLAME_PASSING, NULL, "set kafka.sasl.mechanism to one that the brokers offer"},
	{RD_KAFKA_RESP_ERR__SSL, BLAME_PASSING, NULL, "check kafka.ssl.ca.location and that the listener speaks TLS"},
	{RD_KAFKA_RESP_ERR__RESOLVE, BLAME_PASSING, NULL, "check the host names in kafka.bootstrap.servers and in the brokers' advertised.listeners"},
	{RD_KAFKA_RESP_ERR__TRANSPORT, BLAME_PASSING, NULL, "check kafka.bootstrap.servers, that the brokers run, and the network between"},
	{RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, BLAME_PASSING, NULL, "check kafka.bootstrap.servers, that the brokers run, and the network between"},
	{RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, BLAME_PASSING, NULL,
	"bring brokers back; or make the topic by hand with a --replication-factor that the cluster can hold, or correct the brokers' default.replication.factor"},
	{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, BLAME_PASSING, NULL, "bring brokers back: fewer replicas are in sync than min.insync.replicas asks"},

	/* the id is somebody else's now */
	{RD_KAFKA_RESP_ERR__FENCED, BLAME_FENCED, NULL, NULL},
	{RD_KAFKA_RESP_ERR_PRODUCER_FENCED, BLAME_FENCED, NULL, NULL},
	{RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, BLAME_FENCED, NULL, NULL},
	{RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED, BLAME_FENCED, NULL, NULL}
};

static const KafkaError unknown = {RD_KAFKA_RESP_ERR_UNKNOWN, BLAME_PASSING, NULL, NULL};

const KafkaError *
kafka_error(rd_kafka_resp_err_t code)
{
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (errors[i].code == code)
			return &errors[i];
	return &unknown;
}

bool
kafka_problem(Problem *problem, rd_kafka_resp_err_t code, const char *text, const char *format,...)
{
	const KafkaError *error = kafka_error(code);
	bool		stop = error->blame == BLAME_SETUP || error->blame == BLAME_RECORD;
	char		doing[512];
	va_list		args;

	va_start(args, format);
	vsnprintf(doing, sizeof doing, format, args);
	va_end(args);
	return problem_set(problem, stop ? REMEDY_STOP : REMEDY_RETRY, error->hint, "%s: %.400s (%s)", doing,
					   text != NULL && text[0] != '\0' ? text : rd_kafka_err2str(code), rd_kafka_err2name(code));
}
