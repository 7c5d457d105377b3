/*
 * gateway/server/figures.h
 *     The figures of one running gateway, as Prometheus text, and whether it is well and ready.
 *
 * Counted by the loop; shown by the monitor's thread.
 */
#ifndef FIGURES_H
#define FIGURES_H

#include "monitor.h"
#include "request.h"

/* From the start of the loop to its end: the figures that are looked at now and then, and the loop's pulse. */
extern void figures_start(void);
extern void figures_drain(void);	/* no more requests are taken */
extern void figures_stop(void);
/* A request is over. */
extern void figures_request(const Request *request);
/* The status that is counted and logged: 499 where the client went before it had an answer. */
extern int	figures_status(const Request *request);
extern void figures_render(Text *text);
/* The name of every series that figures_render() can give, one a line. */
extern void figures_names(Text *text);

/* The loop turns. */
extern bool figures_healthy(Text *text);
/* Requests are taken, and where there is a pool it has a connection. */
extern bool figures_ready(Text *text);

/* /metrics, /healthz and /readyz, on admin.listen. */
extern const Monitor figures_monitor;

#endif
