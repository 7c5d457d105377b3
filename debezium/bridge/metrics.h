/*
 * debezium/bridge/metrics.h
 *     The figures of one running bridge, as Prometheus text. All functions may be called from any thread.
 */
#ifndef METRICS_H
#define METRICS_H

#include "bridge.h"
#include "monitor.h"
#include "text.h"

/* Counters and gauges: one row a metric in metrics.c (enum value, name, type, help). Units are in the names. */
typedef enum Metric
{
	/* counters by table: metric_add_table() */
	METRIC_EVENTS,				/* oms_bridge_events_total{table}: published and recorded */
	METRIC_EVENT_BYTES,			/* oms_bridge_event_bytes_total{table}: of payload */
	METRIC_DEAD_LETTERS,		/* oms_bridge_dead_letters_total{table} */
	METRIC_TABLE_LAST = METRIC_DEAD_LETTERS,
	/* counters */
	METRIC_TRANSACTIONS,		/* PostgreSQL transactions published */
	METRIC_KAFKA_TRANSACTIONS,	/* committed */
	METRIC_KAFKA_ABORTS,
	METRIC_FENCED,				/* sessions that ended because another instance took over */
	METRIC_RESTARTS,			/* sessions begun after the first */
	METRIC_DUPLICATES_SUPPRESSED,	/* came again from PostgreSQL, found in Kafka, dropped */
	METRIC_RECONCILES,
	METRIC_RECONCILED_EVENTS,	/* published from the tables */
	METRIC_STANDBY_POLLS,
	METRIC_ANCHORS,				/* asked for, and answered */
	METRIC_ANCHOR_FAILURES,		/* or not answered for long */
	METRIC_LIFECYCLE_FAILURES,	/* the same, of the figures of figures.h */
	METRIC_COUNTER_LAST = METRIC_LIFECYCLE_FAILURES,
	/* gauges */
	METRIC_ACTIVE,				/* 1 streaming, 0 standby or connecting */
	METRIC_LAG_BYTES,			/* the server's log position minus the recorded one */
	METRIC_LAG_SECONDS,			/* now minus the commit time of the oldest unrecorded transaction, 0 when none; milliseconds kept inside */
	METRIC_RING_EVENTS,
	METRIC_RING_BYTES,
	METRIC_RING_LIMIT_BYTES,
	METRIC_RECEIVED_LSN,		/* as a number */
	METRIC_RECORDED_LSN,
	METRIC_CONFIRMED_LSN,
	METRIC_SLOT_RETAINED_BYTES,
	METRIC_SLOT_SAFE_BYTES,		/* -1: no limit set */
	METRIC_SLOT_SPILL_BYTES,
	METRIC_SLOT_WAL_STATUS,		/* 0 reserved 1 extended 2 unreserved 3 lost */
	METRIC_EPOCH,
	METRIC_LAST
} Metric;

typedef enum Histogram
{
	HISTOGRAM_COMMIT_TO_ACK,	/* oms_bridge_commit_to_ack_seconds: PostgreSQL commit time to recorded in Kafka */
	HISTOGRAM_KAFKA_COMMIT,		/* oms_bridge_kafka_commit_seconds: one Kafka transaction, begin to committed */
	HISTOGRAM_BATCH_ROWS,		/* oms_bridge_batch_events: events a Kafka transaction */
	HISTOGRAM_LAST
} Histogram;

extern void metric_add(Metric metric, int64_t n);
extern void metric_add_table(Metric metric, int table, int64_t n);
extern void metric_set(Metric metric, int64_t value);
extern int64_t metric_get(Metric metric);
/* Microseconds for the time histograms, a count for the others. */
extern void histogram_observe(Histogram histogram, int64_t value);
/* labels of oms_bridge_build_info */
extern void metrics_identify(const char *mode, const char *plugin, const char *pipeline, const char *slot);
extern void metrics_render(Text *text);
/* The name of every series that metrics_render() can give, one a line. */
extern void metrics_names(Text *text);

/*
 * Health: the state in a word, and whether that is well. Standing still while the log moves is not: health_progress()
 * is called whenever something was recorded or there is nothing to do.
 */
typedef enum Health
{
	HEALTH_STARTING,
	HEALTH_STANDBY,
	HEALTH_RECONCILING,
	HEALTH_STREAMING,
	HEALTH_WAITING,				/* for PostgreSQL or Kafka to come back */
	HEALTH_STOPPED
} Health;

extern void health_set(Health health, const char *detail);	/* detail is copied; may be NULL */
extern void health_progress(void);
/* One JSON object; true when well (200), false when not (503). */
extern bool health_render(Text *text);

/* /metrics and /healthz, on http.listen. */
extern const Monitor metrics_monitor;

#endif
