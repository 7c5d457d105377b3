/*
 * debezium/bridge/options_table.c
 *     The settings: one row each. --help, the defaults and what a reload may change come from here; the man page
 *     is compared with it by a test.
 *
 * A new setting is a member of Options, a row here, and a paragraph in oms_bridge.1.
 */
#include "options_table.h"

#include <string.h>

static const char *const plugins[] = {"auto", "wal2json", "pgoutput", NULL};
static const char *const sinks[] = {"kafka", "stdout", NULL};
static const char *const modes[] = {"exactly_once", "low_latency", NULL};
static const char *const answers[] = {"stop", "dlq", NULL};
static const char *const reconciles[] = {"never", "auto", NULL};
static const char *const levels[] = {"debug", "info", "warning", "error", NULL};
static const char *const formats[] = {"plain", "json", NULL};
static const char *const flags[] = {"off", "on", NULL};

#define TEXT(member, longest) .kind = OPTION_TEXT, .offset = offsetof(Options, member), .max = (longest)
#define NUMBER(member, least, most) .kind = OPTION_NUMBER, .offset = offsetof(Options, member), .min = (least), .max = (most)
#define BYTES(member, least, most) .kind = OPTION_BYTES, .offset = offsetof(Options, member), .min = (least), .max = (most)
#define TIME(member, least, most) .kind = OPTION_TIME, .offset = offsetof(Options, member), .min = (least), .max = (most)
#define FLAG(member) .kind = OPTION_FLAG, .offset = offsetof(Options, member), .choices = flags, .value = "off"
#define EITHER(member, words) .kind = OPTION_EITHER, .offset = offsetof(Options, member), .choices = (words)
#define CHOICE(member, words) .kind = OPTION_CHOICE, .offset = offsetof(Options, member), .choices = (words)

#define KB INT64_C(1024)
#define MB (1024 * KB)
#define GB (1024 * MB)
#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)

const OptionRow option_rows[] = {
	{.name = "postgres.dsn", TEXT(dsn, 4096), .value = "", .group = "PostgreSQL",
		.help = "libpq connection string or URI; what it does not say comes from the PG... variables of the environment"},
	{.name = "slot", TEXT(slot, 63), .value = "oms_cdc", .help = "logical replication slot, made by oms.create_slot()"},
	{.name = "publication", TEXT(publication, 63), .value = "oms_events", .help = "publication of the event tables, for plugin pgoutput"},
	{.name = "plugin", CHOICE(plugin, plugins), .value = "auto", .help = "output plugin; auto: that of the slot, for a new slot pgoutput, or wal2json where the server allows only that"},
	{.name = "pipeline", TEXT(pipeline, 60), .value = "oms",
		.help = "name of this stream: part of the lock, of the transactional id and of the position topic's name"},
	{.name = "gate.standbys", TEXT(gate_standbys, 1024), .value = "",
		.help = "application names (comma between) of the standbys that must hold a commit before it leaves; empty: no gate"},
	{.name = "postgres.wal.sender.timeout.ms", TIME(wal_sender_timeout_ms, 0, 24 * HOUR), .value = "0",
		.help = "wal_sender_timeout asked for this connection; 0: the server's own"},

	{.name = "sink", CHOICE(sink, sinks), .value = "kafka", .group = "Where the events go", .help = "kafka, or JSON lines on standard output"},
	{.name = "mode", CHOICE(mode, modes), .value = "exactly_once",
		.help = "exactly_once: events and position in one Kafka transaction; low_latency: repeats are possible after a crash or a stand-still"},
	{.name = "topic.prefix", TEXT(topic_prefix, 100), .value = "", .help = "put in front of the topics of events, order-events and so on"},
	{.name = "store.name", TEXT(store, 63), .value = "",
		.help = "header store of every record, where several stores publish to the same topics; empty: none"},
	{.name = "position.topic", TEXT(position_topic, 249), .value = "<topic.prefix>oms.cdc.position.<pipeline>",
		.help = "compacted topic of one partition with the bridge's own position; each pipeline needs its own"},
	{.name = "on.error", CHOICE(on_error, answers), .value = "stop", .help = "an event that Kafka refuses for good: stop, or put it into dlq.topic"},
	{.name = "dlq.topic", TEXT(dlq_topic, 249), .value = "<topic.prefix>oms.cdc.dead-letters", .help = "topic for events that were refused"},
	{.name = "create.topics", FLAG(create_topics), .help = "make missing topics for events, with the broker's defaults"},

	{.name = "batch.max.rows", NUMBER(batch_max_rows, 1, 1000000), .value = "5000", .reloadable = true, .group = "Limits",
		.help = "most events in one Kafka transaction"},
	{.name = "batch.max.bytes", BYTES(batch_max_bytes, KB, GB), .value = "4MB", .reloadable = true, .help = "most bytes in one Kafka transaction"},
	{.name = "txn.min.interval.ms", TIME(batch_min_interval_ms, 0, 60 * SECOND), .value = "0", .reloadable = true,
		.help = "least time from one Kafka transaction to the next: fewer and larger ones"},
	{.name = "ring.max.rows", NUMBER(ring_max_rows, 1, 10000000), .value = "65536", .help = "most events held in memory"},
	{.name = "ring.max.bytes", BYTES(ring_max_bytes, 64 * KB, 64 * GB), .value = "64MB", .help = "most bytes of events held in memory"},
	{.name = "transaction.timeout.ms", TIME(transaction_timeout_ms, SECOND, 15 * 60 * SECOND), .value = "15s",
		.help = "Kafka aborts a transaction that is open for longer"},
	{.name = "idle.record.ms", TIME(idle_record_ms, 10, HOUR), .value = "10s", .reloadable = true,
		.help = "how often the position is recorded while there are no events"},
	{.name = "position.interval.ms", TIME(position_interval_ms, 1, 60 * SECOND), .value = "50", .reloadable = true,
		.help = "mode low_latency: how often the position is recorded"},
	{.name = "anchor.interval.ms", TIME(anchor_interval_ms, 0, 24 * HOUR), .value = "0", .reloadable = true,
		.help = "how often the store is anchored (oms.anchor(), into the topic oms-anchors); 0: never"},
	{.name = "lifecycle.interval.ms", TIME(lifecycle_interval_ms, 0, 24 * HOUR), .value = "1min", .reloadable = true,
		.help = "how often the store is asked for the figures of its lifecycle (oms.lifecycle_figures(), into /metrics); 0: never"},
	{.name = "shutdown.grace.ms", TIME(shutdown_grace_ms, 0, 60 * SECOND), .value = "2s",
		.help = "how long a stop waits for what is on its way to Kafka"},
	{.name = "standby.poll.ms", TIME(standby_poll_ms, 10, 60 * SECOND), .value = "1s", .help = "how often a hot standby tries to take over"},
	{.name = "scan.timeout.ms", TIME(scan_timeout_ms, SECOND, 24 * HOUR), .value = "60s",
		.help = "reading back Kafka is given up after so long without progress"},

	{.name = "start", TEXT(start, 19), .value = "all", .group = "Decisions of the operator",
		.help = "a first start publishes all events of the tables (all), those from now on (now), or those from this sequence on (a number)"},
	{.name = "reconcile", EITHER(reconcile, reconciles), .value = "auto",
		.help = "slot lost or position unusable: auto compares the tables with Kafka and publishes what is missing, never stops"},
	{.name = "bootstrap", FLAG(bootstrap), .help = "the position topic is gone: compare all of Kafka with all of the tables, then go on"},
	{.name = "accept.divergence", FLAG(accept_divergence), .help = "go on although Kafka holds events that the tables do not"},
	{.name = "allow.repartition", FLAG(allow_repartition), .help = "go on although a topic's number of partitions changed"},

	{.name = "http.listen", TEXT(http_listen, 100), .value = "127.0.0.1:9464", .group = "Looking at it",
		.help = "address and port of /metrics and /healthz; off: none"},
	{.name = "log.level", CHOICE(log_level, levels), .value = "info", .reloadable = true, .help = "lowest level that is logged"},
	{.name = "log.format", CHOICE(log_format, formats), .value = "plain", .help = "lines to read, or one JSON object a line"},
};

const int	option_row_count = sizeof(option_rows) / sizeof(option_rows[0]);

static char
name_char(char c)
{
	return c == '-' || c == '_' ? '.' : c;
}

static bool
names_equal(const char *a, const char *b)
{
	for (; *a != '\0' && name_char(*a) == name_char(*b); a++, b++)
		;
	return *a == '\0' && *b == '\0';
}

const OptionRow *
option_find(const char *name)
{
	for (int i = 0; i < option_row_count; i++)
		if (names_equal(option_rows[i].name, name))
			return &option_rows[i];
	return NULL;
}

/* What stands behind the name: the choices, or what kind of value. */
static void
add_argument(Text *text, const OptionRow *row)
{
	static const char *const arguments[] = {
		[OPTION_TEXT] = "TEXT", [OPTION_NUMBER] = "N", [OPTION_BYTES] = "BYTES", [OPTION_TIME] = "TIME",
	};

	if (row->kind == OPTION_FLAG)
		text_puts(text, "[=on|off]");
	else if (row->choices == NULL)
		text_printf(text, " %s", arguments[row->kind]);
	else
		for (int i = 0; row->choices[i] != NULL; i++)
			text_printf(text, "%s%s", i == 0 ? " " : "|", row->choices[i]);
}

void
options_help(Text *text)
{
	text_puts(text, "oms_bridge streams the committed events of oms_state from PostgreSQL to Kafka.\n\n"
			  "Usage: oms_bridge [--config FILE] [--NAME VALUE]... [-X PROPERTY=VALUE]...\n\n"
			  "  -c, --config FILE\n        file of \"NAME = VALUE\" lines; the command line wins over it\n"
			  "  -X PROPERTY=VALUE\n        property of librdkafka (in the file: kafka.PROPERTY = VALUE); secrets in the file only\n"
			  "  --check\n        read and check the configuration, show it without its secrets, and exit\n"
			  "  -h, --help\n  -V, --version\n\n"
			  "BYTES may end with kB, MB or GB, TIME with ms (when nothing is said), s or min.\n"
			  "* : a reload (SIGHUP) changes it while the bridge runs.\n");
	for (int i = 0; i < option_row_count; i++)
	{
		const OptionRow *row = &option_rows[i];

		if (row->group != NULL)
			text_printf(text, "\n%s\n", row->group);
		text_printf(text, "  --%s", row->name);
		add_argument(text, row);
		text_printf(text, "%s\n        %s", row->reloadable ? " *" : "", row->help);
		if (row->value[0] != '\0')
			text_printf(text, " (default %s)", row->value);
		text_puts(text, "\n");
	}
	text_puts(text, "\nExit codes: 0 stopped when asked to, 1 broken, 2 wrong options or configuration, 3 stopped rather than guess.\n"
			  "See oms_bridge(1).\n");
}
