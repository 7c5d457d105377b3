/*
 * common/monitor.c
 *     Pages for whoever watches a program, on a local port (libmicrohttpd, one thread of its own).
 *
 * It only reads: nothing that arrives here changes the program. Bodies are not read, connections are few, small and
 * short: who comes when all are taken takes the place of the oldest, so that no slow client keeps others out. The thread blocks all
 * signals; they are for the main thread.
 */
#include "monitor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "log.h"

#define CONNECTIONS_MAX 16
#define CONNECTIONS_LIMIT (4 * CONNECTIONS_MAX)	/* with those that are being closed */
#define CONNECTION_MEMORY (16 * 1024)
#define CONNECTION_TIMEOUT_S 10
#define BACKLOG 16
#define ADDRESS_HINT "write ADDRESS:PORT, like 127.0.0.1:9464, [::1]:9464, or 0.0.0.0:9464 for all interfaces; \"off\" for none"

typedef struct Address
{
	union
	{
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	}			of;
	socklen_t	len;
} Address;

static struct MHD_Daemon *server;
static const Monitor *monitor;

/* Open connections, the oldest first, and how many. The library's thread alone looks at them. */
static int	connections[CONNECTIONS_LIMIT];
static int	connection_count;

/* Fills in the address of "127.0.0.1" or "[::1]"; names are not looked up. */
static bool
parse_host(const char *host, size_t len, uint16_t port, Address *address)
{
	char		text[INET6_ADDRSTRLEN + 1];

	*address = (Address) {0};
	if (len == 9 && memcmp(host, "localhost", 9) == 0)
		return parse_host("127.0.0.1", 9, port, address);
	if (len >= sizeof(text))
		return false;
	if (len > 2 && host[0] == '[' && host[len - 1] == ']')
	{
		memcpy(text, host + 1, len - 2);
		text[len - 2] = '\0';
		address->of.six.sin6_family = AF_INET6;
		address->of.six.sin6_port = htons(port);
		address->len = sizeof(address->of.six);
		return inet_pton(AF_INET6, text, &address->of.six.sin6_addr) == 1;
	}
	memcpy(text, host, len);
	text[len] = '\0';
	address->of.four.sin_family = AF_INET;
	address->of.four.sin_port = htons(port);
	address->len = sizeof(address->of.four);
	return inet_pton(AF_INET, text, &address->of.four.sin_addr) == 1;
}

static bool
parse_address(const char *setting, const char *listen, Address *address, Problem *problem)
{
	const char *colon = strrchr(listen, ':');
	size_t		digits = colon != NULL ? strspn(colon + 1, "0123456789") : 0;
	long		port = digits > 0 && digits < 6 && colon[1 + digits] == '\0' ? strtol(colon + 1, NULL, 10) : -1;

	if (colon == listen)
		return problem_set(problem, REMEDY_STOP, ADDRESS_HINT, "%s \"%.100s\" does not say on which address", setting, listen);
	if (port >= 0 && port <= UINT16_MAX && parse_host(listen, (size_t) (colon - listen), (uint16_t) port, address))
		return true;
	return problem_set(problem, REMEDY_STOP, ADDRESS_HINT, "%s cannot be \"%.100s\"", setting, listen);
}

bool
monitor_check(const char *setting, const char *listen, Problem *problem)
{
	Address		address;

	return strcmp(listen, "off") == 0 || parse_address(setting, listen, &address, problem);
}

static enum MHD_Result
respond(struct MHD_Connection *connection, unsigned status, const char *type, const Text *body)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static const MonitorPage *
find_page(const char *url)
{
	for (const MonitorPage *page = monitor->pages; page->path != NULL; page++)
		if (strcmp(page->path, url) == 0)
			return page;
	return NULL;
}

/* "/metrics and /healthz" */
static void
add_pages(Text *text)
{
	for (const MonitorPage *page = monitor->pages; page->path != NULL; page++)
		text_printf(text, "%s%s", page == monitor->pages ? "" : page[1].path == NULL ? " and " : ", ", page->path);
}

/* Called first when the head of a request is there; an answer given at once spares the body. */
static enum MHD_Result
handle(void *arg, struct MHD_Connection *connection, const char *url, const char *method, const char *version, const char *body,
	   size_t *body_len, void **request)
{
	Text		text = {0};
	const MonitorPage *page = find_page(url);
	const char *type = "text/plain; charset=utf-8";
	unsigned	status = MHD_HTTP_OK;
	enum MHD_Result result;

	(void) arg;
	(void) version;
	(void) body;
	(void) body_len;
	(void) request;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
	{
		status = MHD_HTTP_METHOD_NOT_ALLOWED;
		text_puts(&text, "GET and HEAD only\n");
	}
	else if (page != NULL)
	{
		type = page->type;
		status = page->render(&text) ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	else
	{
		status = MHD_HTTP_NOT_FOUND;
		text_puts(&text, "here are ");
		add_pages(&text);
		text_puts(&text, "\n");
	}
	result = respond(connection, status, type, &text);
	text_free(&text);
	return result;
}

/* A client that sends a byte a second is never idle for the library: time alone does not end it. */
static void
notify_connection(void *arg, struct MHD_Connection *connection, void **socket_arg, enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	int			at = 0;

	(void) arg;
	(void) socket_arg;
	if (info == NULL)
		return;
	while (at < connection_count && connections[at] != info->connect_fd)
		at++;
	if (what == MHD_CONNECTION_NOTIFY_CLOSED && at < connection_count)
		memmove(&connections[at], &connections[at + 1], sizeof connections[0] * (size_t) (--connection_count - at));
	else if (what == MHD_CONNECTION_NOTIFY_STARTED && at < CONNECTIONS_LIMIT)
	{
		connections[connection_count++] = info->connect_fd;
		if (connection_count > CONNECTIONS_MAX)
			shutdown(connections[connection_count - CONNECTIONS_MAX - 1], SHUT_RDWR);
	}
}

/* What the library has to say of a broken client is of no interest to an operator. */
static void
library_log(void *arg, const char *format, va_list args)
{
	char		message[500];

	(void) arg;
	vsnprintf(message, sizeof(message), format, args);
	log_debug("http: %s", message);
}

/* The socket is made here and not by the library, for the sake of its error. -1 with a problem. */
static int
open_socket(const char *listen_on, const Address *address, Problem *problem)
{
	char		hint[200];
	int			fd = socket(address->of.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int			on = 1;

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd >= 0 && bind(fd, &address->of.any, address->len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	if (errno == EADDRINUSE)
		snprintf(hint, sizeof hint, "another program, perhaps another %s, listens there: set %s to another port, or to off", monitor->of, monitor->setting);
	else
		snprintf(hint, sizeof hint, "set %s to an address of this machine, or to off", monitor->setting);
	problem_set(problem, REMEDY_STOP, hint, "cannot listen on %s: %s", listen_on, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static uint16_t
port_of(int fd)
{
	Address		address = {.len = sizeof(address.of)};

	if (getsockname(fd, &address.of.any, &address.len) != 0)
		return 0;
	return ntohs(address.of.any.sa_family == AF_INET6 ? address.of.six.sin6_port : address.of.four.sin_port);
}

bool
monitor_start(const Monitor *given, const char *listen, Problem *problem)
{
	Address		address;
	Text		pages = {0};
	char		hint[100];
	sigset_t	all;
	sigset_t	before;
	int			fd;

	if (strcmp(listen, "off") == 0)
		return true;
	monitor = given;
	if (!parse_address(monitor->setting, listen, &address, problem))
		return false;
	fd = open_socket(listen, &address, problem);
	if (fd < 0)
		return false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	server = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle, NULL,
							  MHD_OPTION_EXTERNAL_LOGGER, library_log, NULL,
							  MHD_OPTION_LISTEN_SOCKET, fd,
							  MHD_OPTION_NOTIFY_CONNECTION, notify_connection, NULL,
							  MHD_OPTION_CONNECTION_LIMIT, (unsigned) CONNECTIONS_LIMIT,
							  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) CONNECTION_MEMORY,
							  MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) CONNECTION_TIMEOUT_S,
							  MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (server == NULL)
	{
		close(fd);
		snprintf(hint, sizeof hint, "set %s to off to run without it", monitor->setting);
		return problem_set(problem, REMEDY_STOP, hint, "cannot start the HTTP server on %s", listen);
	}
	add_pages(&pages);
	log_info("%s on port %" PRIu16 " (%s %s)", pages.data, port_of(fd), monitor->setting, listen);
	text_free(&pages);
	return true;
}

void
monitor_stop(void)
{
	if (server == NULL)
		return;
	MHD_stop_daemon(server);
	server = NULL;
}
