/*
 * common/prometheus.h
 *     Figures as Prometheus text (format 0.0.4): what any program's figures are written with.
 *
 * Counting takes no lock: each figure is one atomic, and a reader may see two of them a moment apart.
 */
#ifndef PROMETHEUS_H
#define PROMETHEUS_H

#include <stdatomic.h>

#include "text.h"

typedef struct MetricRow
{
	const char *name;			/* without the program's prefix */
	int64_t		scale;			/* what is kept inside for one unit of the name: 1000 for milliseconds shown as seconds */
	const char *help;
} MetricRow;

#define HISTOGRAM_BOUNDS_MAX 18

typedef struct HistogramRow
{
	const char *name;			/* without the program's prefix */
	int64_t		scale;
	const char *help;
	int			bounds;
	int64_t		bound[HISTOGRAM_BOUNDS_MAX];	/* inclusive upper ends, rising */
} HistogramRow;

typedef struct HistogramValues
{
	_Atomic int64_t buckets[HISTOGRAM_BOUNDS_MAX + 1];	/* each for itself; the last is above all bounds */
	_Atomic int64_t sum;
} HistogramValues;

/* # HELP and # TYPE. */
extern void prometheus_head(Text *text, const char *name, const char *type, const char *help);
/* Adds name="value", escaped, behind a comma where there is something already. */
extern void prometheus_label(Text *labels, const char *name, const char *value);
/* value / scale, exact: scales are powers of ten. */
extern void prometheus_scaled(Text *text, int64_t value, int64_t scale);
/* CPU time and memory of the process, by their standard names. */
extern void prometheus_process(Text *text);

/* A clock that differs from the server's can make a time negative; it counts as none. */
extern void histogram_note(const HistogramRow *row, HistogramValues *values, int64_t value);
/* name: with the program's prefix. */
extern void histogram_render(Text *text, const char *name, const HistogramRow *row, HistogramValues *values);

#endif
