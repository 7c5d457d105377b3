/*
 * common/log.h
 *     Log lines on standard error: plain for a terminal, with syslog priorities under systemd, or JSON.
 *
 * No secret comes here: what is logged of the configuration is what settings are shown as.
 */
#ifndef LOG_H
#define LOG_H

#include "text.h"

typedef enum LogLevel
{
	LOG_DEBUG_LEVEL,
	LOG_INFO_LEVEL,
	LOG_WARNING_LEVEL,
	LOG_ERROR_LEVEL
} LogLevel;

typedef enum LogFormat
{
	LOG_PLAIN,					/* time, level, text; "<N>" in front when JOURNAL_STREAM is set */
	LOG_JSON					/* {"ts","level","msg","hint"} a line */
} LogFormat;

extern void log_configure(LogLevel level, LogFormat format);
extern void log_at(LogLevel level, const char *format,...) __attribute__((format(printf, 2, 3)));
#define log_debug(...) log_at(LOG_DEBUG_LEVEL, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO_LEVEL, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING_LEVEL, __VA_ARGS__)
#define log_error(...) log_at(LOG_ERROR_LEVEL, __VA_ARGS__)
/* "2026-11-23T04:17:05.123Z", of wall_us(). */
extern void log_add_time(Text *line, int64_t now_us);
/* Text and hint of a problem: a warning where it will be tried again, else an error. */
extern void log_problem(const Problem *problem);

#endif
