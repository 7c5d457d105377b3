/*
 * common/test/log.c
 *     Log lines: what breaks if lines of two threads mix, a message brings a line break of its own, a level is not left
 *     out, JSON is none, or the journal does not get its priority; and if a pipe that nobody reads stops the program.
 */
#include "tap.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "log.h"

#define THREADS 4
#define LINES 500

/* Runs in a child, whose standard error is a pipe; returns all of it. Free it. */
static char *
logged(void (*run) (void), bool journal)
{
	int			ends[2];
	size_t		room = 4 * 1024 * 1024;
	char	   *text = calloc(1, room);
	size_t		len = 0;
	ssize_t		n;
	int			status = -1;

	if (pipe(ends) != 0)
		exit(1);
	if (fork() == 0)
	{
		struct stat stat;
		char		stream[60];

		dup2(ends[1], STDERR_FILENO);
		fstat(STDERR_FILENO, &stat);
		snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long) stat.st_dev, (unsigned long long) stat.st_ino + !journal);
		setenv("JOURNAL_STREAM", stream, 1);
		run();
		_exit(0);
	}
	close(ends[1]);
	while (len < room - 1 && (n = read(ends[0], text + len, room - 1 - len)) > 0)
		len += (size_t) n;
	close(ends[0]);
	wait(&status);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child logs and ends");
	return text;
}

static void
four_levels(void)
{
	log_configure(LOG_INFO_LEVEL, LOG_PLAIN);
	log_debug("one");
	log_info("two %d", 2);
	log_warning("three\nfour\x1b[31m");
	log_problem(&(Problem) {.remedy = REMEDY_STOP, .text = "five", .hint = "do six"});
	log_configure(LOG_ERROR_LEVEL, LOG_PLAIN);
	log_problem(&(Problem) {.remedy = REMEDY_RETRY, .text = "a warning"});
	log_warning("another");
	log_error("seven");
}

static void
as_json(void)
{
	log_configure(LOG_DEBUG_LEVEL, LOG_JSON);
	log_debug("a \"quote\"\nand \xff a broken byte");
	log_problem(&(Problem) {.remedy = REMEDY_RETRY, .text = "text", .hint = "hint"});
}

static void *
many_lines(void *arg)
{
	char		filler[6000];

	memset(filler, 'a' + *(int *) arg, sizeof(filler));
	for (int i = 0; i < LINES; i++)
		log_info("%.*s", i % 50 == 0 ? 5999 : 40, filler);
	return NULL;
}

static void
by_threads(void)
{
	pthread_t	ids[THREADS];
	int			numbers[THREADS];

	for (int i = 0; i < THREADS; i++)
	{
		numbers[i] = i;
		pthread_create(&ids[i], NULL, many_lines, &numbers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
}

static void
to_closed(void)
{
	close(STDERR_FILENO);
	log_error("nobody hears it");
}

/* More than a pipe holds. */
static void
into_full(void)
{
	int			ends[2];

	if (pipe(ends) != 0)
		_exit(1);
	dup2(ends[1], STDERR_FILENO);
	alarm(20);
	for (int i = 0; i < 5000; i++)
		log_info("%0100d", i);
}

/* "2026-11-23T04:17:05.123Z " in front, and what follows it. */
static const char *
behind_time(const char *line)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddZ ";

	for (size_t i = 0; i < sizeof(shape) - 1; i++)
		if (shape[i] == 'd' ? line[i] < '0' || line[i] > '9' : line[i] != shape[i])
			return "no time";
	return line + sizeof(shape) - 1;
}

static void
plain(void)
{
	char	   *text = logged(four_levels, false);
	const char *expected[] = {"INFO two 2", "WARNING three four [31m", "ERROR five (hint: do six)", "ERROR seven"};
	char	   *save = NULL;
	char	   *line = strtok_r(text, "\n", &save);

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++, line = strtok_r(NULL, "\n", &save))
		is_str(line != NULL ? behind_time(line) : NULL, expected[i], "a line: time, level, text without control characters");
	is_str(line, NULL, "and no more: lower levels are left out");
	free(text);
	text = logged(four_levels, true);
	ok(strncmp(text, "<6>2", 4) == 0 && strstr(text, "\n<4>2") != NULL && strstr(text, "\n<3>2") != NULL, "priorities for the journal");
	free(text);
	free(logged(to_closed, false));
	free(logged(into_full, false));
}

static void
json(void)
{
	char	   *text = logged(as_json, false);
	char	   *save = NULL;
	json_t	   *first = json_loads(strtok_r(text, "\n", &save), 0, NULL);
	json_t	   *second = json_loads(strtok_r(NULL, "\n", &save), 0, NULL);

	is_str(json_string_value(json_object_get(first, "msg")), "a \"quote\"\nand \xef\xbf\xbd a broken byte", "a message in JSON");
	is_str(json_string_value(json_object_get(first, "level")), "debug", "its level");
	is_str(behind_time(json_string_value(json_object_get(first, "ts"))) == NULL ? NULL : "time", "time", "its time");
	ok(json_object_get(first, "hint") == NULL, "no hint where there is none");
	is_str(json_string_value(json_object_get(second, "hint")), "hint", "the hint");
	is_str(json_string_value(json_object_get(second, "level")), "warning", "what passes by itself is a warning");
	json_decref(first);
	json_decref(second);
	free(text);
}

static void
threads(void)
{
	char	   *text = logged(by_threads, false);
	char	   *save = NULL;
	int			lines = 0;
	int			mixed = 0;

	for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
	{
		const char *message = behind_time(line) + strlen("INFO ");
		size_t		len = strlen(message);

		lines++;
		mixed += strncmp(behind_time(line), "INFO ", 5) != 0 || (len != 40 && len != 5999) || strspn(message, (char[2]) {message[0]}) != len;
	}
	is_int(lines, THREADS * LINES, "every line of four threads is there");
	is_int(mixed, 0, "and whole");
	free(text);
}

int
main(void)
{
	plain();
	json();
	threads();
	return done();
}
