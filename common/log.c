/*
 * common/log.c
 *     Log lines on standard error: whole lines from any thread, one write() each.
 *
 * A message never breaks a line: control characters in it, which may come from a server's error or from data,
 * are shown as blanks. What cannot be written (a closed pipe, or one that stays full) is lost; logging never stops a program.
 */
#define _GNU_SOURCE

#include "log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

#define STUCK_MS 1000			/* how long a line waits for whoever reads the log */

typedef struct LevelName
{
	const char *plain;
	const char *json;
	int			syslog;			/* priority as sd-daemon(3) has it */
} LevelName;

static const LevelName level_names[] = {
	[LOG_DEBUG_LEVEL] = {"DEBUG", "debug", 7},
	[LOG_INFO_LEVEL] = {"INFO", "info", 6},
	[LOG_WARNING_LEVEL] = {"WARNING", "warning", 4},
	[LOG_ERROR_LEVEL] = {"ERROR", "error", 3},
};

static _Atomic int lowest = LOG_INFO_LEVEL;
static _Atomic int form = LOG_PLAIN;

static pthread_once_t journal_once = PTHREAD_ONCE_INIT;
static bool journal;			/* standard error is the journal's stream */

/*
 * A pipe takes at most PIPE_BUF bytes in one piece, and so much without being waited for when it says that it is ready; the lock keeps
 * longer lines of our own threads whole too.
 */
static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;
static bool stuck;				/* under the lock: nobody reads it, so nobody waits for it again */

/* The variable is inherited by what we might be started from; only device and inode say that it is about our own stderr. */
static void
find_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device;
	unsigned long long inode;
	struct stat status;

	if (stream == NULL || sscanf(stream, "%llu:%llu", &device, &inode) != 2 || fstat(STDERR_FILENO, &status) != 0)
		return;
	journal = status.st_dev == (dev_t) device && status.st_ino == (ino_t) inode;
}

void
log_configure(LogLevel level, LogFormat format)
{
	atomic_store(&lowest, (int) level);
	atomic_store(&form, (int) format);
}

static void
write_line(const char *data, size_t len)
{
	pthread_mutex_lock(&output);
	while (len > 0)
	{
		struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
		int			count = poll(&ready, 1, stuck ? 0 : STUCK_MS);
		ssize_t		written;

		if (count < 0 && errno == EINTR)
			continue;
		stuck = count == 0;
		if (stuck)
			break;
		written = write(STDERR_FILENO, data, len < PIPE_BUF ? len : PIPE_BUF);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			break;
		data += written;
		len -= (size_t) written;
	}
	pthread_mutex_unlock(&output);
}

void
log_add_time(Text *line, int64_t now_us)
{
	time_t		seconds = (time_t) (now_us / 1000000);
	struct tm	utc;

	gmtime_r(&seconds, &utc);
	text_printf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
				utc.tm_hour, utc.tm_min, utc.tm_sec, (int) (now_us / 1000 % 1000));
}

static void
add_printable(Text *line, const char *message)
{
	for (; *message != '\0'; message++)
	{
		unsigned char c = (unsigned char) *message;

		text_add(line, c < 0x20 || c == 0x7f ? " " : message, 1);
	}
}

/* The line of one message; hint NULL: none. */
static void
log_message(LogLevel level, const char *message, const char *hint)
{
	Text		line = {0};

	pthread_once(&journal_once, find_journal);
	if (journal)
		text_printf(&line, "<%d>", level_names[level].syslog);
	if (atomic_load(&form) == LOG_JSON)
	{
		text_puts(&line, "{\"ts\":\"");
		log_add_time(&line, wall_us());
		text_printf(&line, "\",\"level\":\"%s\",\"msg\":", level_names[level].json);
		text_json(&line, message, strlen(message));
		if (hint != NULL)
		{
			text_puts(&line, ",\"hint\":");
			text_json(&line, hint, strlen(hint));
		}
		text_puts(&line, "}");
	}
	else
	{
		log_add_time(&line, wall_us());
		text_printf(&line, " %s ", level_names[level].plain);
		add_printable(&line, message);
		if (hint != NULL)
		{
			text_puts(&line, " (hint: ");
			add_printable(&line, hint);
			text_puts(&line, ")");
		}
	}
	text_puts(&line, "\n");
	write_line(line.data, line.len);
	text_free(&line);
}

void
log_at(LogLevel level, const char *format,...)
{
	char	   *message;
	va_list		args;
	int			len;

	if ((int) level < atomic_load(&lowest))
		return;
	va_start(args, format);
	len = vasprintf(&message, format, args);
	va_end(args);
	if (len < 0)
		return;
	log_message(level, message, NULL);
	free(message);
}

void
log_problem(const Problem *problem)
{
	bool		passes = problem->remedy == REMEDY_RETRY || problem->remedy == REMEDY_RECONCILE;
	LogLevel	level = passes ? LOG_WARNING_LEVEL : LOG_ERROR_LEVEL;

	if ((int) level < atomic_load(&lowest))
		return;
	log_message(level, problem->text, problem->hint[0] != '\0' ? problem->hint : NULL);
}
