/*
 * gateway/server/listener.c
 *     libmicrohttpd in our loop, with the guard in front of every request and a limit for everything.
 *
 * libmicrohttpd's own epoll descriptor is one of ours. It is edge-triggered inside, so it is asked at the end of every turn whether it
 * has more to do. Its time-outs start anew with every byte; a client that sends one byte a second is met by ours.
 */
#include "listener.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "head.h"
#include "log.h"
#include "request.h"

#define LISTENERS_MAX 4
#define SPARE_CONNECTIONS 64	/* above the limit, to be told so */
#define OWN_MEMORY (8 * 1024)	/* of a connection's memory, for libmicrohttpd itself and the head of an answer */
#define LOOK_MS 500
#define ROUNDS 4				/* of libmicrohttpd in a turn */
#define LOGIN_MAX 8192
#define NO_ROOM "the bodies of all requests together are too large; nothing was done"
#define NOT_TAKEN "too many answers wait for who asked; nothing was done"

typedef struct Listener
{
	struct MHD_Daemon *daemon;
	Watch		watch;
	bool		ready;			/* its descriptor, or one of ours, has something for it */
} Listener;

static Listener listeners[LISTENERS_MAX];
static int	nlisteners;
static const ListenerRules *rules;
static Peer *peers;
static int	npeers;
static uint64_t bodies;			/* bytes of those that are held, and of answers that are not taken yet */
static bool draining;
static bool leaves_heads;		/* the library, in the buffer as they came */
static Clock clock_of_peers;

const ListenerRules *
listener_rules(void)
{
	return rules;
}

int
listener_connections(void)
{
	return npeers;
}

uint64_t
listener_bodies(void)
{
	return bodies;
}

void
listener_hold(uint64_t bytes)
{
	bodies += bytes;
}

void
listener_let_go(uint64_t bytes)
{
	bodies -= bytes;
}

bool
listener_draining(void)
{
	return draining;
}

/* ---- connections ---- */

static int
peers_of(const char *client)
{
	int			count = 0;

	for (const Peer *peer = peers; peer != NULL; peer = peer->next)
		count += strcmp(peer->client, client) == 0;
	return count;
}

static Peer *
peer_new(struct MHD_Connection *mhd)
{
	Peer	   *peer = must_alloc(sizeof *peer);

	*peer = (Peer) {.mhd = mhd, .next = peers, .until_us = loop_now_us() + rules->head_ms * 1000};
	peer->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	peer->local = !sockets_name(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr, peer->address, peer->client);
	peer->secure = tls_is_on() && !peer->local;
	if (peer->secure)
		tls_begin(mhd);
	peer->refused = npeers >= rules->connections_max || (!peer->local && peers_of(peer->client) >= rules->address_max);
	if (peers != NULL)
		peers->previous = peer;
	peers = peer;
	npeers++;
	return peer;
}

static void
peer_free(Peer *peer)
{
	*(peer->previous != NULL ? &peer->previous->next : &peers) = peer->next;
	if (peer->next != NULL)
		peer->next->previous = peer->previous;
	npeers--;
	free(peer);
}

static void
notify_connection(void *arg, struct MHD_Connection *mhd, void **peer, enum MHD_ConnectionNotificationCode what)
{
	(void) arg;
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		*peer = peer_new(mhd);
	else
	{
		/* at its own limit libmicrohttpd stops listening, and listens again in the next turn that it is given: nothing else would bring one */
		if (npeers >= rules->connections_max)
			listener_wake();
		peer_free(*peer);
	}
}

/* Those whose time is over are shut down; libmicrohttpd finds their end. */
static void
look_at_peers(Clock *clock)
{
	for (Peer *peer = peers; peer != NULL; peer = peer->next)
		if (peer->until_us != 0 && peer->until_us <= loop_now_us())
		{
			shutdown(peer->fd, SHUT_RDWR);
			peer->until_us = 0;
		}
	loop_ring_in(clock, LOOK_MS);
}

/* ---- requests ---- */

static void *
uri_came(void *arg, const char *uri, struct MHD_Connection *mhd)
{
	(void) arg;
	return request_new(mhd, (char *) (uintptr_t) uri);
}

static enum MHD_Result
take_header(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value, size_t value_len)
{
	Request    *request = arg;

	(void) kind;
	if (request->head.nheaders == REQUEST_HEADERS_MAX)
	{
		request->too_many_headers = true;
		return MHD_NO;
	}
	request->headers[request->head.nheaders++] = (Header) {.name = {name, name_len}, .value = {value != NULL ? value : "", value_len}};
	return MHD_YES;
}

static bool
check_body_type(const Request *request, Refused *refused)
{
	Span		type = request_header(request, "Content-Type");
	RouteBody	body = request->match.route->body;

	if (body == BODY_NONE || (body != BODY_NONE && format_is(type, "application/json")))
		return true;
	if (body == BODY_FIX && (format_is(type, "text/plain") || format_is(type, "application/octet-stream")))
		return true;
	return refuse(refused, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "the body must be %s, as its Content-Type says",
				  body == BODY_JSON ? "application/json" : "text/plain or application/octet-stream, or application/json of several messages");
}

/* Whoever logs in is nobody yet, and has little to say. */
static uint64_t
body_max(const Request *request)
{
	if (request->match.route == NULL)
		return rules->guard.body_max;
	switch (request->match.route->action)
	{
		case ROUTE_COMMANDS:
			return rules->batch_max;
		case ROUTE_FIX:
			return request_body_is_json(request) ? rules->batch_max : rules->guard.body_max;
		case ROUTE_LOGIN:
			return LOGIN_MAX;
		default:
			return rules->guard.body_max;
	}
}

/* Whatever a client sends with a route that takes none is passed over as it comes. */
static bool
takes_body(const Request *request)
{
	return request->match.route != NULL && request->match.route->body != BODY_NONE;
}

static bool
has_room(uint64_t bytes)
{
	return bodies <= rules->bodies_max && bytes <= rules->bodies_max - bodies;
}

/* Who says how much is to come is told before he sends it; it counts as it comes, so that nobody keeps room by words alone. */
static bool
check_room(const Request *request, Refused *refused)
{
	Span		length = request_header(request, "Content-Length");
	uint64_t	bytes = 0;

	/* digits, and not too many: the guard has looked */
	for (size_t i = 0; i < length.len; i++)
		bytes = bytes * 10 + (uint64_t) (length.data[i] - '0');
	if (!takes_body(request))
		return bodies <= rules->bodies_max || refuse(refused, MHD_HTTP_SERVICE_UNAVAILABLE, NOT_TAKEN);
	return has_room(bytes) || refuse(refused, MHD_HTTP_SERVICE_UNAVAILABLE, NO_ROOM);
}

/* Where the parts of the head stand, as this library leaves them; a later one is told to be strict itself. */
static bool
check_places(const Request *request, const char *url, Refused *refused)
{
	size_t		bytes = MHD_get_connection_info(request->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;

	return !leaves_heads || head_check(&request->head, url, bytes, refused);
}

/*
 * A body in chunks is the last thing that is read of a connection: libmicrohttpd is generous there too, with line ends and what stands behind a
 * chunk's length, so where it ends may be seen otherwise by who is in front of us.
 */
static bool
ends_connection(const Request *request)
{
	return request_header(request, "Transfer-Encoding").data != NULL;
}

/* Everything that can be said before the body has come. */
static bool
check_head(Request *request, const char *method, const char *url, const char *version, Refused *refused)
{
	GuardRules	guard = rules->guard;
	Refused		of_route = {0};
	bool		found;

	request->head.method = method;
	request->head.version = version;
	request->head.target = (Span) {request->target, strlen(request->target)};
	request->head.headers = request->headers;
	MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, take_header, request);
	if (request->peer->refused)
	{
		request->close = true;
		return refuse(refused, MHD_HTTP_SERVICE_UNAVAILABLE, "too many connections: %d in all, %d from one address",
					  rules->connections_max, rules->address_max);
	}
	if (request->too_many_headers)
	{
		request->close = true;
		return refuse(refused, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "more than %d headers", REQUEST_HEADERS_MAX);
	}
	if (!check_places(request, url, refused))
		return false;
	request->close = ends_connection(request);
	/* which route it is says how large the body may be; what else is wrong with the path comes after what the guard says */
	found = route_find(method, request->path, &request->match, &of_route);
	if (found)
		guard.body_max = body_max(request);
	if (!guard_check(&request->head, &guard, refused))
		return false;
	request_take_names(request);
	if (!found)
	{
		*refused = of_route;
		return false;
	}
	return check_body_type(request, refused) && request_identify(request, refused) && check_room(request, refused);
}

static void
drop_body(Request *request)
{
	text_free(&request->body);
	listener_let_go(request->bytes_held);
	request->bytes_held = 0;
}

/*
 * libmicrohttpd takes no answer in the middle of a body. So the body of a request that is refused already, or that is too large (which
 * of one without a stated length is known only then), is passed over; who sends twice what is taken is cut off.
 */
static enum MHD_Result
take_body(Request *request, const char *data, size_t *len)
{
	uint64_t	max = body_max(request);

	request->bytes_received += *len;
	if (request->bytes_received > 2 * max)
		return MHD_NO;
	if (request->answered || (!takes_body(request) && request->bytes_received <= max))
		;
	else if (request->bytes_received > max)
	{
		request->too_large = true;
		drop_body(request);
	}
	else if (!request->no_room && has_room(*len))
	{
		text_add(&request->body, data, *len);
		request->bytes_held += *len;
		bodies += *len;
	}
	else
	{
		request->no_room = true;
		drop_body(request);
	}
	*len = 0;
	return MHD_YES;
}

static void
body_is_here(Request *request)
{
	request->running = true;
	request->peer->until_us = 0;
	if (request->too_large)
	{
		request->close = true;
		request_refuse_with(request, MHD_HTTP_CONTENT_TOO_LARGE, "the body is larger than this route takes");
	}
	else if (request->no_room)
		request_refuse_with(request, MHD_HTTP_SERVICE_UNAVAILABLE, NO_ROOM);
	else if (request_body_is_json(request) && request->body.len == 0)
		request_refuse_with(request, MHD_HTTP_BAD_REQUEST, "the body is empty");
	else if (request_body_is_json(request) && memchr(request->body.data, '\0', request->body.len) != NULL)
		request_refuse_with(request, MHD_HTTP_BAD_REQUEST, "the body has a byte that is 0");
	else
		request_run(request);
}

static enum MHD_Result
handle(void *arg, struct MHD_Connection *mhd, const char *url, const char *method, const char *version, const char *body,
	   size_t *body_len, void **of)
{
	Request    *request = *of;
	Refused		refused = {0};

	(void) arg;
	if (!request->begun)
	{
		request->begun = true;
		request->peer = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
		request->peer->until_us = loop_now_us() + rules->body_ms * 1000;
		if (check_head(request, method, url, version, &refused))
			return MHD_YES;
		request_refuse(request, &refused);
		/* answered now, libmicrohttpd closes the connection, whose unread bytes may cost the client the answer */
		if (!refused.close && request_header(request, "Expect").data == NULL)
			return MHD_YES;
		request->close = true;
		return request_send(request);
	}
	if (*body_len > 0)
		return take_body(request, body, body_len);
	if (!request->running && !request->answered)
		body_is_here(request);
	if (request->answered)
		return request->sent ? MHD_YES : request_send(request);
	if (!request->suspended)
	{
		request->suspended = true;
		MHD_suspend_connection(mhd);
	}
	return MHD_YES;
}

static void
completed(void *arg, struct MHD_Connection *mhd, void **of, enum MHD_RequestTerminationCode why)
{
	Request    *request = *of;

	(void) arg;
	(void) mhd;
	(void) why;
	if (request == NULL)
		return;
	if (request->peer != NULL)
		request->peer->until_us = loop_now_us() + rules->idle_ms * 1000;
	*of = NULL;
	request_gone(request);
}

/* What the library has to say of a broken client is of no interest to an operator. */
static void
library_log(void *arg, const char *format, va_list args)
{
	char		message[500];

	(void) arg;
	vsnprintf(message, sizeof message, format, args);
	log_debug("http: %s", message);
}

/* The target is read by us, as it came. */
static size_t
leave_escaped(void *arg, struct MHD_Connection *mhd, char *text)
{
	(void) arg;
	(void) mhd;
	return strlen(text);
}

/* ---- the loop ---- */

static void
listener_ready(Watch *watch, uint32_t events)
{
	(void) events;
	((Listener *) watch->of)->ready = true;
}

void
listener_wake(void)
{
	for (int i = 0; i < nlisteners; i++)
		listeners[i].ready = true;
}

static int64_t
listener_turn(void)
{
	int64_t		wanted = -1;

	for (int i = 0; i < nlisteners; i++)
	{
		Listener   *listener = &listeners[i];
		MHD_UNSIGNED_LONG_LONG ms = LOOK_MS;

		/* it says at once that there is more, mostly: to ask the kernel in between is a call of the system for nothing */
		for (int round = 0; listener->ready && round < ROUNDS; round++)
		{
			listener->ready = false;
			MHD_run(listener->daemon);
			listener->ready = listener->ready || (MHD_get_timeout(listener->daemon, &ms) == MHD_YES && ms == 0);
		}
		if (listener->ready)
			wanted = 0;
		else if (MHD_get_timeout(listener->daemon, &ms) == MHD_YES && (wanted < 0 || (int64_t) ms < wanted))
			wanted = (int64_t) ms;
	}
	return wanted;
}

static bool
is_local(int fd)
{
	struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
	socklen_t	len = sizeof address;

	return getsockname(fd, (struct sockaddr *) &address, &len) == 0 && address.ss_family == AF_UNIX;
}

/* No more than a head needs: libmicrohttpd wipes all of it, and half of it again, for each request. */
static size_t
connection_memory(void)
{
	return rules->guard.target_max + rules->guard.bytes_max + OWN_MEMORY;
}

static bool
listener_open(int fd, Problem *problem)
{
	Listener   *listener = &listeners[nlisteners];
	struct MHD_OptionItem options[] = {
		{MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *) (intptr_t) tls_choose},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *) TLS_PRIORITIES},
		{tls_clients() != NULL ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0, (void *) tls_clients()},
		{MHD_OPTION_END, 0, NULL},
	};
	bool		plain = !tls_is_on() || is_local(fd);
	unsigned	flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (plain ? 0 : MHD_USE_TLS);

	if (plain)
		options[0].option = MHD_OPTION_END;
	listener->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, NULL,
										MHD_OPTION_ARRAY, options,
										MHD_OPTION_EXTERNAL_LOGGER, library_log, NULL,
										MHD_OPTION_LISTEN_SOCKET, fd,
										MHD_OPTION_URI_LOG_CALLBACK, uri_came, NULL,
										MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
										MHD_OPTION_NOTIFY_CONNECTION, notify_connection, NULL,
										MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
										MHD_OPTION_CONNECTION_LIMIT, (unsigned) (rules->connections_max + SPARE_CONNECTIONS),
										MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory(),
										MHD_OPTION_STRICT_FOR_CLIENT, leaves_heads ? 0 : 2,
										MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
										MHD_OPTION_END);
	if (listener->daemon == NULL)
		return problem_set(problem, REMEDY_STOP, NULL, "cannot start the HTTP server");
	listener->watch = (Watch) {.fd = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .ready = listener_ready, .of = listener};
	listener->ready = true;
	loop_watch(&listener->watch, EPOLLIN);
	nlisteners++;
	return true;
}

bool
listener_start(const int *fds, int nfds, const ListenerRules *given, Problem *problem)
{
	rules = given;
	leaves_heads = strncmp(MHD_get_version(), "0.", 2) == 0;
	for (int i = 0; i < nfds && i < LISTENERS_MAX; i++)
		if (!listener_open(fds[i], problem))
			return false;
	clock_of_peers = (Clock) {.ring = look_at_peers};
	loop_ring_in(&clock_of_peers, LOOK_MS);
	loop_each_turn(listener_turn);
	return true;
}

void
listener_drain(void)
{
	draining = true;
	for (int i = 0; i < nlisteners; i++)
	{
		MHD_socket	fd = MHD_quiesce_daemon(listeners[i].daemon);

		if (fd != MHD_INVALID_SOCKET)
			close(fd);
	}
	/* who has nothing running is waited for no longer */
	for (Peer *peer = peers; peer != NULL; peer = peer->next)
		if (peer->until_us != 0)
			peer->until_us = loop_now_us();
	listener_wake();
}

void
listener_stop(void)
{
	loop_stop_clock(&clock_of_peers);
	loop_each_turn(NULL);
	/* libmicrohttpd ends the program where it is stopped with a connection that is suspended */
	for (Peer *peer = peers; peer != NULL; peer = peer->next)
		if (MHD_get_connection_info(peer->mhd, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED)->suspended)
			MHD_resume_connection(peer->mhd);
	for (int i = 0; i < nlisteners; i++)
	{
		loop_forget(&listeners[i].watch);
		MHD_stop_daemon(listeners[i].daemon);
	}
	nlisteners = 0;
}
