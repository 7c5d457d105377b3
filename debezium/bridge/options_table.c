/*
 * debezium/bridge/options_table.c
 *     The settings: one row each. --help, the defaults and what a reload may change come from here; the man page
 *     is compared with it by a test.
 *
 * A new setting is a member of Options, a row here, and a paragraph in oms_bridge.1.
 */
#include "options.h"

#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>

#include "kafka_settings.h"

static const char *const plugins[] = {"auto", "wal2json", "pgoutput", NULL};
static const char *const sinks[] = {"kafka", "stdout", NULL};
static const char *const modes[] = {"exactly_once", "low_latency", NULL};
static const char *const answers[] = {"stop", "dlq", NULL};
static const char *const reconciles[] = {"never", "auto", NULL};

#define TEXT(member, longest) SETTING_OF_TEXT(Options, member, longest)
#define NUMBER(member, least, most) SETTING_OF_NUMBER(Options, member, least, most)
#define BYTES(member, least, most) SETTING_OF_BYTES(Options, member, least, most)
#define TIME(member, least, most) SETTING_OF_TIME(Options, member, least, most)
#define FLAG(member) SETTING_OF_FLAG(Options, member)
#define EITHER(member, words) SETTING_OF_EITHER(Options, member, words)
#define CHOICE(member, words) SETTING_OF_CHOICE(Options, member, words)

#define KB SETTING_KB
#define MB SETTING_MB
#define GB SETTING_GB
#define SECOND SETTING_SECOND
#define HOUR SETTING_HOUR

static const SettingRow option_rows[] = {
	{.name = "postgres.dsn", SETTING_OF_DSN(Options, dsn), .value = "", .group = "PostgreSQL",
		.help = "libpq connection string or URI; what it does not say comes from the PG... variables of the environment"},
	{.name = "slot", TEXT(slot, 63), .value = "oms_cdc", .help = "logical replication slot, made by oms.create_slot()"},
	{.name = "publication", TEXT(publication, 63), .value = "oms_events", .help = "publication of the event tables, for plugin pgoutput"},
	{.name = "plugin", CHOICE(plugin, plugins), .value = "auto", .help = "output plugin; auto: that of the slot, for a new slot pgoutput, or wal2json where the server allows only that"},
	{.name = "pipeline", TEXT(pipeline, 60), .value = "oms",
		.help = "name of this stream: part of the lock, of the transactional id and of the position topic's name"},
	{.name = "gate.standbys", TEXT(gate_standbys, 1024), .value = "",
		.help = "application names (comma between) of the standbys that must hold a commit before it leaves; empty: no gate"},

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
	{.name = "log.level", CHOICE(settings.log_level, setting_log_levels), .value = "info", .reloadable = true, .help = "lowest level that is logged"},
	{.name = "log.format", CHOICE(settings.log_format, setting_log_formats), .value = "plain", .help = "lines to read, or one JSON object a line"},
};

static const FormerSetting former_options[] = {
	{"postgres.wal.sender.timeout.ms", "say options='-c wal_sender_timeout=5s' in postgres.dsn"},
	{"ring.max.rows", "ring.max.bytes bounds the memory"},
	{"standby.poll.ms", "a standby tries four times a second"},
	{"txn.min.interval.ms", "while the bridge catches up it waits for larger transactions by itself"},
	{0},
};

static void
add_version(Text *text)
{
	text_printf(text, "oms_bridge %s (librdkafka %s, libpq %d.%d)\n", BRIDGE_VERSION, rd_kafka_version_str(),
				PQlibVersion() / 10000, PQlibVersion() % 10000);
}

static const PropertyRules kafka_properties = {
	.prefix = "kafka.",
	.library = "librdkafka",
	.secret = property_secret,
	.good = property_check,
};

const SettingTable options_table = {
	.program = "oms_bridge",
	.help_head = "oms_bridge streams the committed events of oms_state from PostgreSQL to Kafka.\n\n"
	"Usage: oms_bridge [--config FILE] [--NAME VALUE]... [-X PROPERTY=VALUE]...\n\n"
	"  -c, --config FILE\n        file of \"NAME = VALUE\" lines; the command line wins over it\n"
	"  -X PROPERTY=VALUE\n        property of librdkafka (in the file: kafka.PROPERTY = VALUE); secrets in the file only\n"
	"  --check\n        read and check the configuration, show it without its secrets, and exit\n"
	"  -h, --help\n  -V, --version\n\n"
	"BYTES may end with kB, MB or GB, TIME with ms (when nothing is said), s or min.\n"
	"* : a reload (SIGHUP) changes it while the bridge runs.\n",
	.help_tail = "\nExit codes: 0 stopped when asked to, 1 broken, 2 wrong options or configuration, 3 stopped rather than guess.\n"
	"See oms_bridge(1).\n",
	.rows = option_rows,
	.count = sizeof(option_rows) / sizeof(option_rows[0]),
	.former = former_options,
	.size = sizeof(Options),
	.properties = &kafka_properties,
	.version = add_version,
	.check = options_check,
};
