/*
 * debezium/bridge/options.h
 *     The settings of the bridge.
 *
 * How they are read is common/settings.h. The properties of librdkafka on which the bridge's promises rest (acks, transactional.id, ...)
 * are refused.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "bridge.h"
#include "settings.h"

typedef enum Mode
{
	MODE_EXACTLY_ONCE,			/* mode=exactly_once */
	MODE_LOW_LATENCY			/* mode=low_latency */
} Mode;

typedef enum SinkKind
{
	SINK_KAFKA,
	SINK_STDOUT
} SinkKind;

typedef enum PluginChoice
{
	PLUGIN_AUTO,				/* pgoutput, which costs less; wal2json where the server allows only that */
	PLUGIN_WAL2JSON,
	PLUGIN_PGOUTPUT
} PluginChoice;

typedef enum OnError
{
	ON_ERROR_STOP,				/* on.error=stop */
	ON_ERROR_DLQ				/* on.error=dlq: into dlq.topic, inside the same transaction */
} OnError;

typedef struct Options
{
	Settings	settings;		/* what all programs have; kafka.NAME are its properties */

	/* PostgreSQL */
	char	   *dsn;			/* postgres.dsn: a libpq connection string or URI */
	char	   *slot;			/* slot, default oms_cdc */
	char	   *publication;	/* publication, default oms_events */
	PluginChoice plugin;		/* plugin: auto | wal2json | pgoutput */
	char	   *pipeline;		/* pipeline, default "oms": names lock, transactional id and position topic */
	char	   *gate_standbys;	/* gate.standbys: application_names (comma separated) that must hold a commit before it leaves; "" = off */

	/* Where to */
	SinkKind	sink;			/* sink: kafka | stdout */
	Mode		mode;			/* mode */
	char	   *topic_prefix;	/* topic.prefix, default "" */
	char	   *store;			/* store.name, default "": whose the records are, where several stores share the topics */
	char	   *position_topic; /* position.topic, default <topic.prefix>oms.cdc.position.<pipeline> */
	OnError		on_error;		/* on.error: stop | dlq */
	char	   *dlq_topic;		/* dlq.topic, default <topic.prefix>oms.cdc.dead-letters */
	bool		create_topics;	/* create.topics: make missing data topics with the broker's defaults; default off */

	/* Limits */
	int64_t		batch_max_rows; /* batch.max.rows, default 5000 */
	int64_t		batch_max_bytes;	/* batch.max.bytes, default 4194304 */
	int64_t		ring_max_bytes; /* ring.max.bytes, default 67108864 */
	int64_t		transaction_timeout_ms; /* transaction.timeout.ms, default 15000 */
	int64_t		idle_record_ms; /* idle.record.ms, default 10000 */
	int64_t		position_interval_ms;	/* position.interval.ms, default 50: low_latency only */
	int64_t		anchor_interval_ms; /* anchor.interval.ms, default 0: never */
	int64_t		lifecycle_interval_ms;	/* lifecycle.interval.ms, default 1min; 0: never */
	int64_t		shutdown_grace_ms;	/* shutdown.grace.ms, default 2000 */
	int64_t		scan_timeout_ms;	/* scan.timeout.ms, default 60000: no progress for so long in reading back Kafka */

	/* What an operator decides */
	char	   *start;			/* start = all (default) | now | a sequence number: what a first start or bootstrap publishes */
	bool		reconcile;		/* reconcile = auto (default) | never */
	bool		bootstrap;		/* bootstrap: compare all of Kafka with all of the tables, then go on */
	bool		accept_divergence;	/* accept.divergence: Kafka holds events that the tables do not, go on */
	bool		allow_repartition;	/* allow.repartition: the number of partitions changed, go on */

	/* Looking at it */
	char	   *http_listen;	/* http.listen, default 127.0.0.1:9464; "off" = none */
} Options;

/* The rows, for settings_load() and its sisters of common/settings.h. */
extern const SettingTable options_table;

/* Fills in the names of topics that are made of others. */
extern bool options_check(Settings *settings, Problem *problem);
/* start as a number: 0 for all, -1 for now. */
extern int64_t options_start(const Options *options);

#endif
