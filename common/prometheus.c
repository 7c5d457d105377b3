/*
 * common/prometheus.c
 *     Figures as Prometheus text (format 0.0.4).
 */
#include "prometheus.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

void
prometheus_label(Text *text, const char *name, const char *value)
{
	text_printf(text, "%s%s=\"", text->len > 0 ? "," : "", name);
	for (; *value != '\0'; value++)
	{
		if (*value == '\n')
			text_puts(text, "\\n");
		else if (*value == '"' || *value == '\\')
			text_printf(text, "\\%c", *value);
		else
			text_add(text, value, 1);
	}
	text_puts(text, "\"");
}

void
prometheus_head(Text *text, const char *name, const char *type, const char *help)
{
	text_printf(text, "# HELP %s ", name);
	for (; *help != '\0'; help++)
	{
		if (*help == '\\')
			text_puts(text, "\\\\");
		else
			text_add(text, help, 1);
	}
	text_printf(text, "\n# TYPE %s %s\n", name, type);
}

/* value / scale, exact: scales are powers of ten. */
void
prometheus_scaled(Text *text, int64_t value, int64_t scale)
{
	uint64_t	size = value < 0 ? -(uint64_t) value : (uint64_t) value;
	int			digits = scale == 1000000 ? 6 : 3;

	if (scale == 1)
		text_printf(text, "%" PRId64, value);
	else
		text_printf(text, "%s%" PRIu64 ".%0*" PRIu64, value < 0 ? "-" : "", size / (uint64_t) scale, digits, size % (uint64_t) scale);
}

/* A clock that differs from the server's can make a time negative; it counts as none. */
void
histogram_note(const HistogramRow *row, HistogramValues *values, int64_t value)
{
	int			i = 0;

	if (value < 0)
		value = 0;
	while (i < row->bounds && value > row->bound[i])
		i++;
	atomic_fetch_add_explicit(&values->buckets[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&values->sum, value, memory_order_relaxed);
}

/* _count is the sum of the buckets as read here, so that it is always equal to the bucket of +Inf. */
void
histogram_render(Text *text, const char *name, const HistogramRow *row, HistogramValues *values)
{
	int64_t		count = 0;

	prometheus_head(text, name, "histogram", row->help);
	for (int i = 0; i <= row->bounds; i++)
	{
		count += atomic_load_explicit(&values->buckets[i], memory_order_relaxed);
		if (i == row->bounds)
			text_printf(text, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n", name, count);
		else
			text_printf(text, "%s_bucket{le=\"%g\"} %" PRId64 "\n", name, (double) row->bound[i] / (double) row->scale, count);
	}
	text_printf(text, "%s_sum ", name);
	prometheus_scaled(text, atomic_load_explicit(&values->sum, memory_order_relaxed), row->scale);
	text_printf(text, "\n%s_count %" PRId64 "\n", name, count);
}

/* Standard names, as the Prometheus client libraries have them. */
void
prometheus_process(Text *text)
{
	struct rusage usage;
	long		pages = 0;
	FILE	   *statm;

	getrusage(RUSAGE_SELF, &usage);
	prometheus_head(text, "process_cpu_seconds_total", "counter", "User and system CPU time.");
	text_puts(text, "process_cpu_seconds_total ");
	prometheus_scaled(text, ((int64_t) usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec,
			   1000000);
	text_puts(text, "\n");
	statm = fopen("/proc/self/statm", "re");
	if (statm == NULL)
		return;
	if (fscanf(statm, "%*s %ld", &pages) == 1)
	{
		prometheus_head(text, "process_resident_memory_bytes", "gauge", "Resident memory.");
		text_printf(text, "process_resident_memory_bytes %" PRId64 "\n", (int64_t) pages * sysconf(_SC_PAGESIZE));
	}
	fclose(statm);
}
