/*
 * debezium/bridge/health.c
 *     Whether the bridge is well: its state, and that it moves while the log does.
 *
 * Well: starting for at most five minutes, standing by, reconciling with progress in the last ten minutes, streaming with progress in the last
 * one or with nothing to do.
 * Not well: waiting for PostgreSQL or Kafka, stopped, and everything else.
 */
#include "health.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#define STALLED_US (INT64_C(60) * 1000000)
#define STARTING_US (INT64_C(300) * 1000000)
#define RECONCILING_US (INT64_C(600) * 1000000)

static const char *const words[] = {
	[HEALTH_STARTING] = "starting",
	[HEALTH_STANDBY] = "standby",
	[HEALTH_RECONCILING] = "reconciling",
	[HEALTH_STREAMING] = "streaming",
	[HEALTH_WAITING] = "waiting",
	[HEALTH_STOPPED] = "stopped",
};

#define STATES ((int) (sizeof(words) / sizeof(words[0])))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Health state = HEALTH_STARTING;
static Text reason;
static int64_t since_wall_us;	/* 0: since the program began to ask */
static int64_t since_us;
static int64_t progress_us;

/* What an onlooker is told; made under the lock, used without. */
typedef struct Report
{
	Health		state;
	bool		well;
	bool		stalled;
	int64_t		since_wall_us;
	int64_t		still_us;		/* since the last progress */
	Text		reason;
} Report;

static void
begin_if_new(void)
{
	if (since_wall_us != 0)
		return;
	since_wall_us = wall_us();
	since_us = progress_us = ticks_us();
}

void
health_set(Health health, const char *detail)
{
	pthread_mutex_lock(&lock);
	begin_if_new();
	if (health != state)
	{
		since_wall_us = wall_us();
		since_us = progress_us = ticks_us();
	}
	state = health;
	text_clear(&reason);
	if (detail != NULL)
		text_puts(&reason, detail);
	pthread_mutex_unlock(&lock);
}

void
health_progress(void)
{
	pthread_mutex_lock(&lock);
	begin_if_new();
	progress_us = ticks_us();
	pthread_mutex_unlock(&lock);
}

static Report
look(void)
{
	Report		report = {0};
	int64_t		now_us;

	pthread_mutex_lock(&lock);
	begin_if_new();
	now_us = ticks_us();
	report.state = state;
	report.since_wall_us = since_wall_us;
	report.still_us = now_us - progress_us;
	report.stalled = state == HEALTH_STREAMING && metric_get(METRIC_LAG_BYTES) > 0 && report.still_us >= STALLED_US;
	report.well = state == HEALTH_STANDBY || (state == HEALTH_RECONCILING && report.still_us < RECONCILING_US) || (state == HEALTH_STREAMING && !report.stalled) ||
		(state == HEALTH_STARTING && now_us - since_us < STARTING_US);
	text_add(&report.reason, reason.data, reason.len);
	pthread_mutex_unlock(&lock);
	return report;
}

bool
health_render(Text *text)
{
	Report		report = look();
	time_t		seconds = (time_t) (report.since_wall_us / 1000000);
	struct tm	utc;

	if (report.stalled)
	{
		text_clear(&report.reason);
		text_printf(&report.reason, "%" PRId64 " bytes behind and nothing recorded for %" PRId64 " s", metric_get(METRIC_LAG_BYTES),
					report.still_us / 1000000);
	}
	text_printf(text, "{\"status\":\"%s\",\"healthy\":%s,\"detail\":", words[report.state], report.well ? "true" : "false");
	if (report.reason.len > 0)
		text_json(text, report.reason.data, report.reason.len);
	else
		text_puts(text, "null");
	gmtime_r(&seconds, &utc);
	text_printf(text, ",\"since\":\"%04d-%02d-%02dT%02d:%02d:%02dZ\"}\n", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
				utc.tm_hour, utc.tm_min, utc.tm_sec);
	text_free(&report.reason);
	return report.well;
}

void
health_metrics(Text *text)
{
	Report		report = look();

	text_printf(text, "# HELP oms_bridge_healthy 1 when /healthz says so.\n# TYPE oms_bridge_healthy gauge\noms_bridge_healthy %d\n", report.well);
	text_puts(text, "# HELP oms_bridge_status 1 for the state that the bridge is in.\n# TYPE oms_bridge_status gauge\n");
	for (int i = 0; i < STATES; i++)
		text_printf(text, "oms_bridge_status{status=\"%s\"} %d\n", words[i], (int) report.state == i);
	text_free(&report.reason);
}

void
health_age(int64_t seconds)
{
	pthread_mutex_lock(&lock);
	since_us -= seconds * 1000000;
	progress_us -= seconds * 1000000;
	pthread_mutex_unlock(&lock);
}
