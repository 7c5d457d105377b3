/*
 * common/monitor.h
 *     Pages for whoever watches a program, on a local port (libmicrohttpd, one thread of its own).
 */
#ifndef MONITOR_H
#define MONITOR_H

#include "text.h"

typedef struct MonitorPage
{
	const char *path;			/* "/metrics" */
	const char *type;
	bool		(*render) (Text *text); /* from the monitor's own thread; false: 503 */
} MonitorPage;

#define MONITOR_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef struct Monitor
{
	const char *of;				/* what the program is, in a word: "bridge" */
	const char *setting;		/* that names the address */
	const MonitorPage *pages;	/* up to one without a path */
} Monitor;

/* listen: "127.0.0.1:9464", "[::1]:9464", ":9464" is refused with a hint (all interfaces must be said: 0.0.0.0:9464), "127.0.0.1:0" takes a free port and logs it; "off" starts nothing. */
extern bool monitor_start(const Monitor *monitor, const char *listen, Problem *problem);
/* Whether listen is such an address, or "off". Opens nothing. */
extern bool monitor_check(const char *setting, const char *listen, Problem *problem);
extern void monitor_stop(void);

#endif
