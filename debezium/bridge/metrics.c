/*
 * debezium/bridge/metrics.c
 *     The figures of one running bridge, as Prometheus text (format 0.0.4).
 *
 * Counting takes no lock: each figure is one atomic, and a reader may see two of them a moment apart. A gauge that
 * was never set is left out, so that "not known yet" is never read as 0.
 */
#include "metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#include "figures.h"
#include "health.h"
#include "prometheus.h"

#define TABLE_METRICS (METRIC_TABLE_LAST + 1)

static const MetricRow metric_rows[METRIC_LAST] = {
	[METRIC_EVENTS] = {"events_total", 1, "Events published and recorded in the position."},
	[METRIC_EVENT_BYTES] = {"event_bytes_total", 1, "Bytes of payload published and recorded."},
	[METRIC_DEAD_LETTERS] = {"dead_letters_total", 1, "Events put into the dead-letter topic."},
	[METRIC_TRANSACTIONS] = {"transactions_total", 1, "PostgreSQL transactions with events, published."},
	[METRIC_KAFKA_TRANSACTIONS] = {"kafka_transactions_total", 1, "Kafka transactions committed."},
	[METRIC_KAFKA_ABORTS] = {"kafka_aborts_total", 1, "Kafka transactions aborted; their events go again."},
	[METRIC_FENCED] = {"fenced_total", 1, "Sessions that ended because another instance took over."},
	[METRIC_RESTARTS] = {"restarts_total", 1, "Sessions begun after the first of this process."},
	[METRIC_DUPLICATES_SUPPRESSED] = {"duplicates_suppressed_total", 1, "Events that came again from PostgreSQL, were found in Kafka, and were dropped."},
	[METRIC_RECONCILES] = {"reconciles_total", 1, "Comparisons of the event tables with Kafka."},
	[METRIC_RECONCILED_EVENTS] = {"reconciled_events_total", 1, "Events published from the tables by a comparison."},
	[METRIC_STANDBY_POLLS] = {"standby_polls_total", 1, "Tries of a standby to take over."},
	[METRIC_ANCHORS] = {"anchors_total", 1, "Calls of oms.anchor(), also where nothing had changed."},
	[METRIC_ANCHOR_FAILURES] = {"anchor_failures_total", 1, "Calls of oms.anchor() that failed, or were not answered for long."},
	[METRIC_LIFECYCLE_FAILURES] = {"lifecycle_failures_total", 1, "Calls of oms.lifecycle_figures() that failed, or were not answered for long."},
	[METRIC_ACTIVE] = {"active", 1, "1 while this instance streams, 0 while it stands by or connects."},
	[METRIC_LAG_BYTES] = {"lag_bytes", 1, "The server's log position minus the recorded one."},
	[METRIC_LAG_SECONDS] = {"lag_seconds", 1000, "Age of the oldest commit that is not recorded yet; 0 when all are."},
	[METRIC_RING_EVENTS] = {"ring_events", 1, "Events held in memory."},
	[METRIC_RING_BYTES] = {"ring_bytes", 1, "Bytes of events held in memory."},
	[METRIC_RING_LIMIT_BYTES] = {"ring_limit_bytes", 1, "Most bytes of events held in memory (ring.max.bytes)."},
	[METRIC_RECEIVED_LSN] = {"received_lsn", 1, "Log position received, as a number."},
	[METRIC_RECORDED_LSN] = {"recorded_lsn", 1, "Log position recorded in Kafka, as a number."},
	[METRIC_CONFIRMED_LSN] = {"confirmed_lsn", 1, "Log position confirmed to PostgreSQL, as a number."},
	[METRIC_SLOT_RETAINED_BYTES] = {"slot_retained_bytes", 1, "Log that the slot keeps on the server."},
	[METRIC_SLOT_SAFE_BYTES] = {"slot_safe_bytes", 1, "Log that can be written before the slot is lost; -1 when max_slot_wal_keep_size sets no limit."},
	[METRIC_SLOT_SPILL_BYTES] = {"slot_spill_bytes", 1, "Bytes of large transactions that decoding wrote to the server's disk."},
	[METRIC_SLOT_WAL_STATUS] = {"slot_wal_status", 1, "wal_status of the slot: 0 reserved, 1 extended, 2 unreserved, 3 lost."},
	[METRIC_EPOCH] = {"epoch", 1, "Number of the session that writes the position."},
};

#define TIME_BOUNDS HISTOGRAM_BOUNDS_MAX, {500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, \
	5000000, 10000000, 30000000, 60000000, 300000000, 1800000000}

static const HistogramRow histogram_rows[HISTOGRAM_LAST] = {
	[HISTOGRAM_COMMIT_TO_ACK] = {"commit_to_ack_seconds", 1000000, "From an event's commit in PostgreSQL until Kafka holds it and it is recorded.", TIME_BOUNDS},
	[HISTOGRAM_KAFKA_COMMIT] = {"kafka_commit_seconds", 1000000, "One Kafka transaction, from its begin until it is committed.", TIME_BOUNDS},
	[HISTOGRAM_BATCH_ROWS] = {"batch_events", 1, "Events in one Kafka transaction.", 15,
		{0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 100000}},
};

static _Atomic int64_t values[METRIC_LAST];
static _Atomic bool known[METRIC_LAST];
static _Atomic int64_t table_values[TABLE_METRICS][EVENT_TABLES];
static HistogramValues histograms[HISTOGRAM_LAST];

/* The one thing that is not a number; read by /metrics alone. */
static pthread_mutex_t identity_lock = PTHREAD_MUTEX_INITIALIZER;
static Text identity;

void
metric_add(Metric metric, int64_t n)
{
	atomic_fetch_add_explicit(&values[metric], n, memory_order_relaxed);
	atomic_store_explicit(&known[metric], true, memory_order_release);
}

void
metric_add_table(Metric metric, int table, int64_t n)
{
	atomic_fetch_add_explicit(&table_values[metric][table], n, memory_order_relaxed);
}

void
metric_set(Metric metric, int64_t value)
{
	atomic_store_explicit(&values[metric], value, memory_order_relaxed);
	atomic_store_explicit(&known[metric], true, memory_order_release);
}

int64_t
metric_get(Metric metric)
{
	int64_t		sum = 0;

	if (metric > METRIC_TABLE_LAST)
		return atomic_load_explicit(&values[metric], memory_order_relaxed);
	for (int i = 0; i < EVENT_TABLES; i++)
		sum += atomic_load_explicit(&table_values[metric][i], memory_order_relaxed);
	return sum;
}

void
histogram_observe(Histogram histogram, int64_t value)
{
	histogram_note(&histogram_rows[histogram], &histograms[histogram], value);
}

void
metrics_identify(const char *mode, const char *plugin, const char *pipeline, const char *slot)
{
	pthread_mutex_lock(&identity_lock);
	text_clear(&identity);
	prometheus_label(&identity, "version", BRIDGE_VERSION);
	prometheus_label(&identity, "librdkafka", rd_kafka_version_str());
	prometheus_label(&identity, "mode", mode);
	prometheus_label(&identity, "plugin", plugin);
	prometheus_label(&identity, "pipeline", pipeline);
	prometheus_label(&identity, "slot", slot);
	pthread_mutex_unlock(&identity_lock);
}

static void
render_metric(Text *text, Metric metric)
{
	const MetricRow *row = &metric_rows[metric];
	bool		counter = metric <= METRIC_COUNTER_LAST;
	char		name[100];

	if (!counter && !atomic_load_explicit(&known[metric], memory_order_acquire))
		return;
	snprintf(name, sizeof(name), "oms_bridge_%s", row->name);
	prometheus_head(text, name, counter ? "counter" : "gauge", row->help);
	if (metric <= METRIC_TABLE_LAST)
	{
		for (int i = 0; i < EVENT_TABLES; i++)
			text_printf(text, "%s{table=\"%s\"} %" PRId64 "\n", name, event_tables[i].table,
						atomic_load_explicit(&table_values[metric][i], memory_order_relaxed));
		return;
	}
	text_printf(text, "%s ", name);
	prometheus_scaled(text, atomic_load_explicit(&values[metric], memory_order_relaxed), row->scale);
	text_puts(text, "\n");
}

static void
render_identity(Text *text)
{
	pthread_mutex_lock(&identity_lock);
	if (identity.len > 0)
	{
		prometheus_head(text, "oms_bridge_build_info", "gauge", "1; what this instance is, in its labels.");
		text_printf(text, "oms_bridge_build_info{%s} 1\n", identity.data);
	}
	pthread_mutex_unlock(&identity_lock);
}

void
metrics_render(Text *text)
{
	render_identity(text);
	for (int i = 0; i < METRIC_LAST; i++)
		render_metric(text, (Metric) i);
	for (int i = 0; i < HISTOGRAM_LAST; i++)
	{
		char		name[100];

		snprintf(name, sizeof(name), "oms_bridge_%s", histogram_rows[i].name);
		histogram_render(text, name, &histogram_rows[i], &histograms[i]);
	}
	health_metrics(text);
	figures_metrics(text);
	prometheus_process(text);
}

void
metrics_names(Text *text)
{
	for (int i = 0; i < METRIC_LAST; i++)
		text_printf(text, "oms_bridge_%s\n", metric_rows[i].name);
	for (int i = 0; i < HISTOGRAM_LAST; i++)
		text_printf(text, "oms_bridge_%s_bucket\noms_bridge_%s_sum\noms_bridge_%s_count\n", histogram_rows[i].name,
					histogram_rows[i].name, histogram_rows[i].name);
	figures_names(text);
	text_puts(text, "oms_bridge_build_info\noms_bridge_healthy\noms_bridge_status\n"
			  "process_cpu_seconds_total\nprocess_resident_memory_bytes\n");
}

static bool
metrics_page(Text *text)
{
	metrics_render(text);
	return true;
}

static const MonitorPage pages[] = {
	{"/metrics", MONITOR_METRICS_TYPE, metrics_page},
	{"/healthz", "application/json", health_render},
	{0}
};

const Monitor metrics_monitor = {.of = "bridge", .setting = "http.listen", .pages = pages};
