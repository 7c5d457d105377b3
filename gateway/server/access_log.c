/*
 * gateway/server/access_log.c
 *     A JSON line for each request.
 *
 * One write() a line, to a file that is only appended to: several gateways may share it, and a line is whole or is not there. What cannot be
 * written is lost, and said once a minute; requests never wait for it.
 */
#include "access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "figures.h"
#include "listener.h"
#include "log.h"
#include "sessions.h"

#define PATH_LEN_MAX 500
#define SAY_AGAIN_US INT64_C(60000000)

static int	file = -1;
static bool among_others;
static int64_t said_us;

bool
access_log_open(const char *path, Problem *problem)
{
	bool		none = path[0] == '\0' || strcmp(path, "stderr") == 0;
	int			fd = none ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);

	if (!none && fd < 0)
		return problem_set(problem, REMEDY_STOP, "the user that runs oms_gateway must be able to write it", "cannot open access.log %.300s: %s", path, strerror(errno));
	access_log_close();
	file = fd;
	among_others = strcmp(path, "stderr") == 0;
	return true;
}

void
access_log_close(void)
{
	if (file >= 0)
		close(file);
	file = -1;
	among_others = false;
}

static void
add_text(Text *line, const char *key, const char *value, size_t len)
{
	text_printf(line, ",\"%s\":", key);
	if (value != NULL)
		text_json(line, value, len);
	else
		text_puts(line, "null");
}

static void
add_string(Text *line, const char *key, const char *value)
{
	add_text(line, key, value, value != NULL ? strlen(value) : 0);
}

static void
add_request(Text *line, const Request *request)
{
	const Route *route = request->match.route;

	text_puts(line, "{\"ts\":\"");
	log_add_time(line, wall_us());
	text_puts(line, "\"");
	add_string(line, "id", request->id);
	add_string(line, "trace", request->trace[0] != '\0' ? request->trace : NULL);
	add_string(line, "address", request->peer != NULL ? request->peer->address : NULL);
	add_string(line, "role", request->identity.login != NULL ? sessions_user(request->identity.login) : request->identity.role);
	add_string(line, "method", request->head.method);
	add_text(line, "path", request->path.data, request->path.len < PATH_LEN_MAX ? request->path.len : PATH_LEN_MAX);
	add_string(line, "route", route != NULL ? route->path : NULL);
	text_printf(line, ",\"status\":%d,\"received\":%" PRIu64 ",\"sent\":%" PRIu64 ",\"us\":%" PRId64 "}", figures_status(request), request->bytes_received,
				request->bytes_sent, ticks_us() - request->since_us);
}

void
access_log_request(const Request *request)
{
	Text		line = {0};

	if (file < 0 && !among_others)
		return;
	add_request(&line, request);
	if (among_others)
		log_info("%s", line.data);
	else
	{
		text_puts(&line, "\n");
		if (write(file, line.data, line.len) != (ssize_t) line.len && (said_us == 0 || ticks_us() - said_us >= SAY_AGAIN_US))
		{
			log_warning("a line of access.log could not be written: %s", strerror(errno));
			said_us = ticks_us();
		}
	}
	text_free(&line);
}
