/*
 * gateway/server/options.c
 *     The settings of oms_gateway.
 */
#include "options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct OptionRow
{
	const char *name;
	char		kind;			/* t text, n number, f flag, a auth */
	size_t		offset;
	const char *value;
} OptionRow;

#define ROW(name, kind, member, value) {name, kind, offsetof(Options, member), value}
static const OptionRow rows[] = {
	ROW("dsn", 't', dsn, ""),
	ROW("read.dsn", 't', read_dsn, ""),
	ROW("listen", 't', listen, "127.0.0.1:8080"),
	ROW("server.names", 't', server_names, ""),
	ROW("auth", 'a', auth, "password"),
	ROW("proxy.header", 't', proxy_header, "X-Forwarded-User"),
	ROW("pool.size", 'n', pool_size, "8"),
	ROW("read.pool.size", 'n', read_pool_size, "8"),
	ROW("pool.queue", 'n', pool_queue, "1000"),
	ROW("queue.timeout", 'n', queue_timeout_ms, "5000"),
	ROW("command.timeout", 'n', command_timeout_ms, "5000"),
	ROW("query.timeout", 'n', query_timeout_ms, "10000"),
	ROW("body.max", 'n', body_max, "1048576"),
	ROW("batch.max", 'n', batch_max, "16777216"),
	ROW("headers.max", 'n', headers_max, "32768"),
	ROW("connections.max", 'n', connections_max, "2000"),
	ROW("address.connections", 'n', address_max, "64"),
	ROW("head.timeout", 'n', head_timeout_ms, "10000"),
	ROW("body.timeout", 'n', body_timeout_ms, "30000"),
	ROW("idle.timeout", 'n', idle_timeout_ms, "75000"),
	ROW("sessions.max", 'n', sessions_max, "500"),
	ROW("session.idle", 'n', session_idle_ms, "3600000"),
	ROW("session.max", 'n', session_max_ms, "43200000"),
	ROW("session.keep_password", 'f', session_keep_password, "off"),
	ROW("drain.timeout", 'n', drain_timeout_ms, "10000"),
};
#define ROWS (sizeof rows / sizeof rows[0])

static bool
option_set(Options *options, const OptionRow *row, const char *value, Problem *problem)
{
	char	   *at = (char *) options + row->offset;
	static const char *const modes[] = {"password", "proxy", "login"};

	switch (row->kind)
	{
		case 't':
			free(*(char **) at);
			*(char **) at = must_strdup(value);
			return true;
		case 'n':
			*(int64_t *) at = strtoll(value, NULL, 10);
			return true;
		case 'f':
			*(bool *) at = strcmp(value, "on") == 0;
			return true;
		default:
			for (int i = 0; i < 3; i++)
				if (strcmp(value, modes[i]) == 0)
				{
					*(int *) at = i;
					return true;
				}
			return problem_set(problem, REMEDY_STOP, NULL, "%s cannot be \"%.60s\"", row->name, value);
	}
}

bool
options_load(int argc, char **argv, Options *options, Problem *problem)
{
	options->log_level = LOG_INFO_LEVEL;
	for (size_t i = 0; i < ROWS; i++)
		option_set(options, &rows[i], rows[i].value, problem);
	for (int i = 1; i + 1 < argc; i += 2)
	{
		size_t		row = 0;

		while (row < ROWS && strcmp(rows[row].name, argv[i] + 2) != 0)
			row++;
		if (row == ROWS)
			return problem_set(problem, REMEDY_STOP, NULL, "there is no option \"%.60s\"", argv[i]);
		if (!option_set(options, &rows[row], argv[i + 1], problem))
			return false;
	}
	return true;
}

void
options_free(Options *options)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].kind == 't')
			free(*(char **) ((char *) options + rows[i].offset));
}
