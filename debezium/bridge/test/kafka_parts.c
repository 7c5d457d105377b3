/*
 * debezium/bridge/test/kafka_parts.c
 *     The parts of the Kafka sink that need no broker: envelopes, numbers in headers, what errors mean, whose settings are whose.
 *
 * Broken by: an envelope that is no JSON, loses the event's key or does not fit its topic; a header that is taken for a number
 * and is none; an error of an operator's making that is retried for ever; a user's setting that undoes a guarantee.
 */
#include <jansson.h>

#include "kafka_conf.h"
#include "kafka_error.h"
#include "kafka_read.h"
#include "sink_kafka.h"
#include "sink_kit.h"

static void
test_envelope(int64_t max_bytes, bool with_value, const char *what)
{
	Event	   *event = kit_event(1, 77, "root \"1\"", "{\"n\": 1.50}");
	Text		text = {0};
	json_t	   *json;
	size_t		len;

	event->refused = "larger than the topic takes";
	dead_letter(event, "execution-events", max_bytes, &text);
	json = json_loadb(text.data, text.len, 0, NULL);
	ok(json != NULL, "%s: the envelope is JSON", what);
	is_str(json_string_value(json_object_get(json, "error")), "larger than the topic takes", "%s: it says why", what);
	is_str(json_string_value(json_object_get(json, "topic")), "execution-events", "%s: for which topic", what);
	is_str(json_string_value(json_object_get(json, "table")), "execution_events", "%s: of which table", what);
	is_int(json_integer_value(json_object_get(json, "id")), 77, "%s: which event", what);
	is_str(json_string_value(json_object_get(json, "key")), "root \"1\"", "%s: of which key", what);
	is_str(json_string_value(json_object_get(json, "eventType")), "OrderCreated", "%s: of which type", what);
	is_str(json_string_value(json_object_get(json, "hash")), "00ff", "%s: with which hash", what);
	is_int(json_integer_value(json_object_get(json, "bytes")), 11, "%s: how large", what);
	is_int(json_object_get(json, "value") != NULL, with_value, "%s: %s", what, with_value ? "with its value" : "without its value");
	if (with_value)
		ok(strstr(text.data, "\"value\":{\"n\": 1.50}}") != NULL, "%s: the value is byte for byte the event's", what);
	len = text.len;
	ok(max_bytes == 0 || (int64_t) len < max_bytes, "%s: it fits", what);
	json_decref(json);
	text_free(&text);
	free(event);
}

static void
test_numbers(void)
{
	static const struct
	{
		const char *text;
		bool		good;
		int64_t		number;
	}			cases[] = {
		{"0", true, 0}, {"7", true, 7}, {"9223372036854775807", true, INT64_MAX},
		{"9223372036854775808", false, 0}, {"99999999999999999999", false, 0}, {"", false, 0}, {"-1", false, 0}, {"1x", false, 0}, {" 1", false, 0},
		{"a1b2c3d4-0000-0000-0000-000000000000", false, 0}
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		int64_t		number = 0;
		bool		good = kafka_number(kit_span(cases[i].text), &number);

		ok(good == cases[i].good && number == cases[i].number, "\"%s\" is %s", cases[i].text, cases[i].good ? "a number" : "no number of ours");
	}
}

static void
test_errors(void)
{
	Problem		problem = {0};

	for (int code = -200; code < 200; code++)
	{
		const KafkaError *error = kafka_error((rd_kafka_resp_err_t) code);

		if ((error->blame == BLAME_RECORD) != (error->text != NULL))
			ok(false, "%s: what is the record's fault, and only that, has a text for the dead letter", rd_kafka_err2name((rd_kafka_resp_err_t) code));
	}
	ok(kafka_error(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)->blame == BLAME_RECORD, "a record that is too large is its own fault");
	ok(kafka_error(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)->blame == BLAME_SETUP, "a right that is missing is an operator's matter");
	ok(kafka_error(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)->blame == BLAME_PASSING, "a topic that a broker does not know may come back");
	ok(kafka_error(RD_KAFKA_RESP_ERR__FENCED)->blame == BLAME_FENCED, "to be fenced is known");
	ok(kafka_error(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION)->blame == BLAME_PASSING, "what is not in the table passes");
	ok(!kafka_problem(&problem, RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, NULL, "cannot %s", "begin") && problem.remedy == REMEDY_STOP,
	   "an operator's matter stops: %s", problem.text);
	ok(strstr(problem.text, "cannot begin: ") == problem.text && strstr(problem.text, "INVALID_TRANSACTION_TIMEOUT") != NULL, "and is named");
	kafka_problem(&problem, RD_KAFKA_RESP_ERR__TRANSPORT, "host:1: refused", "reading");
	ok(problem.remedy == REMEDY_RETRY && strstr(problem.text, "reading: host:1: refused") == problem.text, "what passes is tried again: %s", problem.text);
}

/* Whoever reads a value from a file or a command line comes through here. */
static void
test_settings(void)
{
	static const struct
	{
		const char *name;
		const char *value;
		const char *says;
	}			refused[] = {
		{"sasl.usrname", "x", "kafka.sasl.usrname: librdkafka has no such property"}, {"compression.type", "zstdd", "kafka.compression.type: "},
		{"linger.ms", "many", "kafka.linger.ms: "}, {"sasl.password\n", "x", "no name of a librdkafka property"}, {"", "x", "no name of"},
		{"retry.backoff.ms", "5", "belongs to the bridge"}, {"produce.offset.report", "true", "belongs to the bridge"}
	};
	Options		options = {0};
	Problem		problem = {0};

	for (int i = 0; i < kafka_setting_count; i++)
		if (kafka_settings[i].hold == HOLD_FIXED)
			ok(!property_set(options_table.properties, &options.settings, kafka_settings[i].name, "1", &problem) && strstr(problem.text, kafka_settings[i].name) != NULL && problem.hint[0] != '\0',
			   "kafka.%s is not the user's to set: %s", kafka_settings[i].name, problem.hint);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		ok(!property_set(options_table.properties, &options.settings, refused[i].name, refused[i].value, &problem) && strstr(problem.text, refused[i].says) != NULL, "%s", problem.text);
	ok(options.settings.property_count == 0, "nothing of it was taken");
	settings_free(&options_table, &options.settings);
}

/* A record of any size may be sent, and be read back. */
static void
test_readers(void)
{
	Kit			kit;
	KafkaClient client = {0};
	Problem		problem = {0};

	kit_init(&kit);
	kit_property(&kit, "message.max.bytes", "10000000");
	kit_property(&kit, "receive.message.max.bytes", "1000000");
	ok(kafka_client_open(&client, KAFKA_READER, &kit.options, NULL, &problem), "limits of what is sent are none of a reader's %s", problem.text);
	kafka_client_close(&client);
}

/* What the library ends up with. */
static void
test_values(void)
{
	Kit			kit;
	KafkaClient client = {0};
	KafkaProducerConf conf = {.transactional_id = "oms-cdc-1-test"};
	Problem		problem = {0};
	static const struct
	{
		const char *name;
		const char *value;
	}			expected[] = {
		{"enable.idempotence", "true"}, {"transactional.id", "oms-cdc-1-test"}, {"transaction.timeout.ms", "10000"}, {"socket.nagle.disable", "true"},
		{"linger.ms", "7"}, {"message.max.bytes", "67108864"}, {"statistics.interval.ms", "0"}, {"retry.backoff.ms", "100"}, {"client.id", "mine"}
	};

	kit_init(&kit);
	kit_property(&kit, "linger.ms", "7");
	kit_property(&kit, "client.id", "mine");
	if (!ok(kafka_client_open(&client, KAFKA_PRODUCER, &kit.options, &conf, &problem), "a producer is made %s", problem.text))
		return;
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
	{
		char		value[128] = "";
		size_t		size = sizeof value;

		rd_kafka_conf_get(rd_kafka_conf(client.rk), expected[i].name, value, &size);
		is_str(value, expected[i].value, "%s", expected[i].name);
	}
	kafka_client_close(&client);
}

int
main(void)
{
	test_envelope(0, true, "no limit");
	test_envelope(100000, true, "room enough");
	test_envelope(700, false, "not room enough");
	test_numbers();
	test_errors();
	test_settings();
	test_readers();
	test_values();
	return done();
}
