/*
 * debezium/bridge/options_check.c
 *     What settings must hold together: names that PostgreSQL and Kafka take, a DSN that libpq reads, topics that differ.
 */
#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "dsn.h"
#include "kafka_settings.h"
#include "monitor.h"

#define TOPIC_MAX_LEN 249
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static bool
check_dsn(const Options *options, Problem *problem)
{
	if (!dsn_check("postgres.dsn", options->dsn, problem))
		return false;
	return !dsn_says(options->dsn, "replication") ||
		problem_set(problem, REMEDY_STOP, "take replication= out: the bridge opens replication and ordinary connections, each as it needs",
					"postgres.dsn says replication");
}

static bool
check_names(const Options *options, Problem *problem)
{
	if (options->pipeline[0] == '\0' || strspn(options->pipeline, NAME_CHARS) != strlen(options->pipeline))
		return problem_set(problem, REMEDY_STOP, "it becomes part of a topic's name: letters, digits, dot, dash and underscore, 1 to 60 of them",
						   "pipeline cannot be \"%s\"", options->pipeline);
	if (options->slot[0] == '\0' || strspn(options->slot, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(options->slot))
		return problem_set(problem, REMEDY_STOP, "PostgreSQL takes lower-case letters, digits and underscore, 1 to 63 of them",
						   "slot cannot be \"%s\"", options->slot);
	if (options->publication[0] == '\0')
		return problem_set(problem, REMEDY_STOP, "oms.create_slot() makes oms_events", "publication is empty");
	return true;
}

/* "a, b": an empty name between commas would be a standby that no commit ever reaches. */
static bool
check_gate(const Options *options, Problem *problem)
{
	const char *at = options->gate_standbys;

	while (*at != '\0')
	{
		size_t		len = strcspn(at, ",");

		if (strspn(at, " ") >= len || (at[len] == ',' && at[len + 1 + strspn(at + len + 1, " ")] == '\0'))
			return problem_set(problem, REMEDY_STOP, "give application names with a comma between, or nothing for no gate",
							   "gate.standbys has an empty name: \"%.200s\"", options->gate_standbys);
		at += len + (at[len] == ',');
	}
	return true;
}

/* "<topic.prefix>" and "<pipeline>" in the default of a topic's name; no legal name has a "<". */
static void
expand_topic(char **topic, const Options *options)
{
	Text		name = {0};
	const char *at = *topic;

	text_puts(&name, "");
	while (*at != '\0')
	{
		if (strncmp(at, "<topic.prefix>", 14) == 0)
		{
			text_puts(&name, options->topic_prefix);
			at += 14;
		}
		else if (strncmp(at, "<pipeline>", 10) == 0)
		{
			text_puts(&name, options->pipeline);
			at += 10;
		}
		else
			text_add(&name, at++, 1);
	}
	free(*topic);
	*topic = must_strdup(name.data);
	text_free(&name);
}

static bool
check_topic(const char *setting, const char *topic, Problem *problem)
{
	size_t		len = strlen(topic);

	if (len > 0 && len <= TOPIC_MAX_LEN && strspn(topic, NAME_CHARS) == len && strcmp(topic, ".") != 0 && strcmp(topic, "..") != 0)
		return true;
	return problem_set(problem, REMEDY_STOP, "Kafka takes letters, digits, dot, dash and underscore, 1 to 249 of them",
					   "%s makes the topic name \"%.300s\"", setting, topic);
}

/* Position, dead letters and events must not meet in one topic. */
static bool
check_topics(Options *options, Problem *problem)
{
	expand_topic(&options->position_topic, options);
	expand_topic(&options->dlq_topic, options);
	if (!check_topic("position.topic", options->position_topic, problem) || !check_topic("dlq.topic", options->dlq_topic, problem))
		return false;
	if (strcmp(options->position_topic, options->dlq_topic) == 0)
		return problem_set(problem, REMEDY_STOP, "give each its own", "position.topic and dlq.topic are both \"%s\"", options->dlq_topic);
	for (int i = 0; i < EVENT_TABLES; i++)
	{
		Text		topic = {0};
		bool		good;

		text_printf(&topic, "%s%s", options->topic_prefix, event_tables[i].topic);
		good = check_topic("topic.prefix", topic.data, problem);
		if (good && (strcmp(topic.data, options->position_topic) == 0 || strcmp(topic.data, options->dlq_topic) == 0))
			good = problem_set(problem, REMEDY_STOP, "give position.topic and dlq.topic names of their own",
							   "the topic \"%s\" is for events", topic.data);
		text_free(&topic);
		if (!good)
			return false;
	}
	return true;
}

static bool
check_sink(const Options *options, Problem *problem)
{
	if (options->sink == SINK_STDOUT && options->on_error == ON_ERROR_DLQ)
		return problem_set(problem, REMEDY_STOP, "take one of the two back", "sink=stdout has no dead-letter topic, and on.error is dlq");
	if (options->sink == SINK_STDOUT || property_value(&options->settings, "bootstrap.servers") != NULL || property_value(&options->settings, "metadata.broker.list") != NULL ||
		property_value(&options->settings, "test.mock.num.brokers") != NULL)
		return true;
	return problem_set(problem, REMEDY_STOP,
					   "write kafka.bootstrap.servers = host:9092 into the configuration file, or -X bootstrap.servers=host:9092 on the command line;"
					   " --sink stdout needs no Kafka",
					   "nothing says where Kafka is");
}

int64_t
options_start(const Options *options)
{
	return strcmp(options->start, "all") == 0 ? 0 : strcmp(options->start, "now") == 0 ? -1 : strtoll(options->start, NULL, 10);
}

static bool
check_start(const Options *options, Problem *problem)
{
	size_t		digits = strspn(options->start, "0123456789");

	return options_start(options) == -1 || strcmp(options->start, "all") == 0 ||
		(digits > 0 && digits < 19 && options->start[digits] == '\0' && options_start(options) > 0) ||
		problem_set(problem, REMEDY_STOP, "all, now, or the sequence of the first event to publish, from 1 on", "start = \"%s\"", options->start);
}

bool
options_check(Settings *settings, Problem *problem)
{
	Options    *options = (Options *) settings;

	if (!check_dsn(options, problem) || !check_names(options, problem) || !check_gate(options, problem) ||
		!check_topics(options, problem) || !check_sink(options, problem) || !check_start(options, problem))
		return false;
	return monitor_check("http.listen", options->http_listen, problem);
}
