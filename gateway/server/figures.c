/*
 * gateway/server/figures.c
 *     The figures of one running gateway, and whether it is well and ready.
 *
 * Counting takes no lock: each figure is one atomic. What belongs to the loop alone (pools, connections) is copied a few times a second,
 * and the age of that copy says whether the loop turns.
 */
#include "figures.h"

#include <inttypes.h>
#include <stdio.h>

#include "feed.h"
#include "listener.h"
#include "options.h"
#include "ping.h"
#include "prometheus.h"
#include "server.h"
#include "sessions.h"
#include "streams.h"

#define PREFIX "oms_gateway_"
#define LOOK_MS 250
#define STALLED_US INT64_C(15000000)	/* a loop that turns never takes so long */
#define ROUTES_MAX 32
#define STATUSES 600
#define CLIENT_GONE 499
#define POOLS 2

static const HistogramRow seconds_row = {
	.name = "request_seconds", .scale = 1000000, .help = "From a request's head until its answer was handed over.", .bounds = 15,
	.bound = {500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000}
};

/* By route, the last for those that are none. */
static _Atomic int64_t requests[ROUTES_MAX + 1][STATUSES];
static HistogramValues seconds;
static _Atomic int64_t bytes_received;
static _Atomic int64_t bytes_sent;

/* What figures_look() copied; of the write pool, and of the read pool where it is another. */
typedef struct PoolCopy
{
	atomic_bool there;
	_Atomic int64_t size;
	_Atomic int64_t ready;
	_Atomic int64_t busy;
	_Atomic int64_t queued;
	_Atomic int64_t jobs;
	_Atomic int64_t retries;
	_Atomic int64_t unknown;
	_Atomic int64_t connects;
	_Atomic int64_t refused;
} PoolCopy;

static PoolCopy pools[POOLS];
static const char *const pool_names[POOLS] = {"write", "read"};
static _Atomic int64_t connections;
static _Atomic int64_t sessions;
static _Atomic int64_t bodies;
static _Atomic int64_t live_figures[16];	/* as live_rows has them */
static atomic_bool live_on;
static atomic_bool draining;
static _Atomic int64_t pulse_us;	/* 0: the loop does not turn yet, or no more */
static Clock pulse;

typedef struct PoolRow
{
	const char *name;
	size_t		offset;
	const char *type;
	const char *help;
} PoolRow;

static const PoolRow pool_rows[] = {
	{"pool_size", offsetof(PoolCopy, size), "gauge", "Most connections of the pool to PostgreSQL."},
	{"pool_connections", offsetof(PoolCopy, ready), "gauge", "Connections that are there."},
	{"pool_busy", offsetof(PoolCopy, busy), "gauge", "Connections on which a request runs."},
	{"pool_queued", offsetof(PoolCopy, queued), "gauge", "Requests that wait for a connection."},
	{"pool_jobs_total", offsetof(PoolCopy, jobs), "counter", "Transactions asked for."},
	{"pool_retries_total", offsetof(PoolCopy, retries), "counter", "Transactions sent again, after 40001 or 40P01 or a connection that was lost."},
	{"pool_unknown_total", offsetof(PoolCopy, unknown), "counter", "Times that a connection was lost while a transaction was on it."},
	{"pool_connects_total", offsetof(PoolCopy, connects), "counter", "Connections made."},
	{"pool_refused_total", offsetof(PoolCopy, refused), "counter", "Requests refused because the queue was full."},
};

#define POOL_ROWS (sizeof pool_rows / sizeof pool_rows[0])

typedef enum LiveFigure
{
	LIVE_UP, LIVE_LAG, LIVE_EVENTS, LIVE_OLDER, LIVE_GAPS, LIVE_UNREAD, LIVE_SNAPSHOTS, LIVE_LOSSES, LIVE_ROWS_OF_ORDERS, LIVE_ROWS_OF_EXECUTIONS, LIVE_MEMORY,
	LIVE_LOOKED_AT, LIVE_STREAMS,
	LIVE_FIGURES
} LiveFigure;

static const struct
{
	const char *name;
	const char *type;
	const char *help;
}			live_rows[LIVE_FIGURES] = {
	[LIVE_UP] = {"feed_up", "gauge", "1 while the stream of events runs, 0 while what is live is stale."},
	[LIVE_LAG] = {"feed_lag_milliseconds", "gauge", "From the commit of the last transaction until it was here."},
	[LIVE_EVENTS] = {"feed_events_total", "counter", "Events that came."},
	[LIVE_OLDER] = {"feed_known_events_total", "counter", "Those that were in the snapshot already."},
	[LIVE_GAPS] = {"feed_asked_total", "counter", "Events without the one before them, or that could not be read: the object was asked for."},
	[LIVE_UNREAD] = {"feed_unreadable_total", "counter", "Events and rows that could not be read."},
	[LIVE_SNAPSHOTS] = {"feed_snapshots_total", "counter", "Snapshots read to their end."},
	[LIVE_LOSSES] = {"feed_losses_total", "counter", "Times that the feed was lost, or could not begin."},
	[LIVE_ROWS_OF_ORDERS] = {"live_orders", "gauge", "Orders in memory."},
	[LIVE_ROWS_OF_EXECUTIONS] = {"live_executions", "gauge", "Executions in memory."},
	[LIVE_MEMORY] = {"live_bytes", "gauge", "Memory of the rows and views."},
	[LIVE_LOOKED_AT] = {"live_views", "gauge", "Different views that are kept."},
	[LIVE_STREAMS] = {"live_streams", "gauge", "Live streams."},
};

/* ---- counting ---- */

int
figures_status(const Request *request)
{
	return request->sent && request->status > 0 && request->status < STATUSES ? request->status : CLIENT_GONE;
}

void
figures_request(const Request *request)
{
	const Route *route = request->match.route;
	ptrdiff_t	number = route != NULL ? route - routes : ROUTES_MAX;

	if (number > ROUTES_MAX)
		number = ROUTES_MAX;
	atomic_fetch_add_explicit(&requests[number][figures_status(request)], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&bytes_received, (int64_t) request->bytes_received, memory_order_relaxed);
	atomic_fetch_add_explicit(&bytes_sent, (int64_t) request->bytes_sent, memory_order_relaxed);
	histogram_note(&seconds_row, &seconds, ticks_us() - request->since_us);
}

static void
copy_pool(PoolCopy *copy, const Pool *pool)
{
	PoolFigures figures;

	if (pool == NULL)
		return;
	pool_figures(pool, &figures);
	copy->size = figures.size;
	copy->ready = figures.ready;
	copy->busy = figures.busy;
	copy->queued = figures.queued;
	copy->jobs = (int64_t) figures.jobs;
	copy->retries = (int64_t) figures.retries;
	copy->unknown = (int64_t) figures.unknown;
	copy->connects = (int64_t) figures.connects;
	copy->refused = (int64_t) figures.queue_full;
	copy->there = true;
}

static void
copy_live(void)
{
	const FeedState *feed = feed_state();
	Live	   *live = feed_live();

	if (live == NULL)
		return;
	live_figures[LIVE_UP] = feed->loaded && feed->stale_us == 0;
	live_figures[LIVE_LAG] = feed->lag_ms;
	live_figures[LIVE_EVENTS] = feed->events;
	live_figures[LIVE_OLDER] = feed->old;
	live_figures[LIVE_GAPS] = feed->gaps;
	live_figures[LIVE_UNREAD] = feed->bad;
	live_figures[LIVE_SNAPSHOTS] = feed->snapshots;
	live_figures[LIVE_LOSSES] = feed->losses;
	live_figures[LIVE_ROWS_OF_ORDERS] = live_store(live, LIVE_ORDERS)->count;
	live_figures[LIVE_ROWS_OF_EXECUTIONS] = live_store(live, LIVE_EXECUTIONS)->count;
	live_figures[LIVE_MEMORY] = (int64_t) live_bytes(live);
	live_figures[LIVE_LOOKED_AT] = live_views(live);
	live_figures[LIVE_STREAMS] = streams_count();
	live_on = true;
}

static void
figures_look(Clock *clock)
{
	copy_live();
	copy_pool(&pools[0], server_pool);
	if (server_read_pool != server_pool)
		copy_pool(&pools[1], server_read_pool);
	connections = listener_connections();
	sessions = sessions_count();
	bodies = (int64_t) listener_bodies();
	pulse_us = ticks_us();
	loop_ring_in(clock, LOOK_MS);
}

void
figures_start(void)
{
	pulse = (Clock) {.ring = figures_look};
	figures_look(&pulse);
}

void
figures_drain(void)
{
	draining = true;
}

void
figures_stop(void)
{
	loop_stop_clock(&pulse);
}

/* ---- showing ---- */

static void
add_number(Text *text, const char *name, const char *type, const char *help, int64_t value)
{
	char		full[100];

	snprintf(full, sizeof full, PREFIX "%s", name);
	prometheus_head(text, full, type, help);
	text_printf(text, "%s %" PRId64 "\n", full, value);
}

/* route: ROUTES_MAX for those that are none. */
static void
add_requests_of(Text *text, int route)
{
	for (int status = 0; status < STATUSES; status++)
	{
		int64_t		count = atomic_load_explicit(&requests[route][status], memory_order_relaxed);
		Text		labels = {0};

		if (count == 0)
			continue;
		prometheus_label(&labels, "method", route < ROUTES_MAX ? routes[route].method : "");
		prometheus_label(&labels, "route", route < ROUTES_MAX ? routes[route].path : "");
		text_printf(text, PREFIX "requests_total{%s,status=\"%d\"} %" PRId64 "\n", labels.data, status, count);
		text_free(&labels);
	}
}

static void
add_requests(Text *text)
{
	prometheus_head(text, PREFIX "requests_total", "counter", "Requests, by route and status; 499: the client went before it had an answer.");
	for (int route = 0; route < ROUTES_MAX && routes[route].method != NULL; route++)
		add_requests_of(text, route);
	add_requests_of(text, ROUTES_MAX);
}

static void
add_pools(Text *text)
{
	for (size_t row = 0; row < POOL_ROWS; row++)
	{
		char		name[100];

		snprintf(name, sizeof name, PREFIX "%s", pool_rows[row].name);
		prometheus_head(text, name, pool_rows[row].type, pool_rows[row].help);
		for (int i = 0; i < POOLS; i++)
			if (pools[i].there)
				text_printf(text, "%s{pool=\"%s\"} %" PRId64 "\n", name, pool_names[i],
							atomic_load((_Atomic int64_t *) ((char *) &pools[i] + pool_rows[row].offset)));
	}
}

static bool
turning(void)
{
	int64_t		last_us = pulse_us;

	return last_us != 0 && ticks_us() - last_us < STALLED_US;
}

/* Why requests are not to be sent here, or NULL. */
static const char *
not_ready(void)
{
	if (!turning())
		return "the loop does not turn";
	if (draining)
		return "stopping";
	if (ping_state() != PING_ANSWERED)
		return ping_state() == PING_NOT_YET ? "PostgreSQL has not answered yet" : "PostgreSQL does not answer";
	if (pools[0].there && pools[0].ready == 0)
		return "no connection to PostgreSQL";
	if (pools[1].there && pools[1].ready == 0)
		return "no connection to the server of read.dsn";
	return NULL;
}

void
figures_render(Text *text)
{
	prometheus_head(text, PREFIX "build_info", "gauge", "1; what this instance is, in its labels.");
	text_printf(text, PREFIX "build_info{version=\"%s\"} 1\n", GATEWAY_VERSION);
	add_requests(text);
	histogram_render(text, PREFIX "request_seconds", &seconds_row, &seconds);
	add_number(text, "received_bytes_total", "counter", "Bytes of bodies received.", bytes_received);
	add_number(text, "sent_bytes_total", "counter", "Bytes of bodies sent.", bytes_sent);
	add_number(text, "connections", "gauge", "Connections of clients.", connections);
	add_number(text, "sessions", "gauge", "Sessions that are logged in.", sessions);
	add_number(text, "bodies_bytes", "gauge", "Bytes of the bodies of requests, and of answers that are not taken yet.", bodies);
	add_pools(text);
	for (int row = 0; row < LIVE_FIGURES && live_on; row++)
		add_number(text, live_rows[row].name, live_rows[row].type, live_rows[row].help, live_figures[row]);
	add_number(text, "ready", "gauge", "1 when /readyz says so.", not_ready() == NULL);
	prometheus_process(text);
}

void
figures_names(Text *text)
{
	text_puts(text, PREFIX "build_info\n" PREFIX "requests_total\n" PREFIX "request_seconds_bucket\n" PREFIX "request_seconds_sum\n" PREFIX "request_seconds_count\n"
			  PREFIX "received_bytes_total\n" PREFIX "sent_bytes_total\n" PREFIX "connections\n" PREFIX "sessions\n" PREFIX "bodies_bytes\n" PREFIX "ready\n");
	for (size_t row = 0; row < POOL_ROWS; row++)
		text_printf(text, PREFIX "%s\n", pool_rows[row].name);
	for (int row = 0; row < LIVE_FIGURES; row++)
		text_printf(text, PREFIX "%s\n", live_rows[row].name);
	text_puts(text, "process_cpu_seconds_total\nprocess_resident_memory_bytes\n");
}

bool
figures_healthy(Text *text)
{
	bool		healthy = turning();

	text_printf(text, "{\"healthy\":%s}\n", healthy ? "true" : "false");
	return healthy;
}

bool
figures_ready(Text *text)
{
	const char *why = not_ready();

	if (why == NULL)
		text_printf(text, "{\"ready\":true%s}\n", !live_on ? "" : live_figures[LIVE_UP] ? ",\"live\":true" : ",\"live\":false");
	else
		text_printf(text, "{\"ready\":false,\"reason\":\"%s\"}\n", why);
	return why == NULL;
}

static bool
figures_page(Text *text)
{
	figures_render(text);
	return true;
}

static const MonitorPage pages[] = {
	{"/metrics", MONITOR_METRICS_TYPE, figures_page},
	{"/healthz", "application/json", figures_healthy},
	{"/readyz", "application/json", figures_ready},
	{0}
};

const Monitor figures_monitor = {.of = "gateway", .setting = "admin.listen", .pages = pages};
