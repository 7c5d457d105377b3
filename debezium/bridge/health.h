/*
 * debezium/bridge/health.h
 *     What metrics.c and the tests ask of health.c; everybody else uses metrics.h.
 */
#ifndef HEALTH_H
#define HEALTH_H

#include "metrics.h"

/* Health as metrics: oms_bridge_healthy and oms_bridge_status{status}. */
extern void health_metrics(Text *text);
/* For tests: as if so many seconds had passed. */
extern void health_age(int64_t seconds);

#endif
