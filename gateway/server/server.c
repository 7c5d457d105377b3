/*
 * gateway/server/server.c
 *     The server as a whole.
 *
 * A stop closes the listening sockets first; what runs is answered, and only then, or when drain.timeout is over, the loop ends.
 */
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "access_log.h"
#include "commands.h"
#include "feed.h"
#include "figures.h"
#include "identity.h"
#include "listener.h"
#include "log.h"
#include "ping.h"
#include "sessions.h"
#include "signals.h"
#include "sockets.h"
#include "streams.h"
#include "tokens.h"

#define DRAIN_LOOK_MS 20
#define NAMES_MAX 32
#define SPARE_DESCRIPTORS 200
#define ALIVE_MS 1000
#define STOP_MARGIN_MS 10000	/* what a stop may take beyond drain.timeout */

Pool	   *server_pool;
Pool	   *server_read_pool;
char		server_query_timeout[24];

static Options *in_force;
static ListenerRules rules;
static const char *names[NAMES_MAX + 1];
static char *names_list;
static bool refused_to_run;
static int64_t drain_ms;
static int64_t drain_until_us;
static Clock drain_clock;
static Clock alive_clock;
static Watch signals_watch;

static void
read_names(const char *list)
{
	char	   *rest = NULL;
	int			count = 0;

	free(names_list);
	names_list = must_strdup(list);
	for (char *name = strtok_r(names_list, ", ", &rest); name != NULL && count < NAMES_MAX; name = strtok_r(NULL, ", ", &rest))
		names[count++] = name;
	names[count] = NULL;
	rules.guard.names = count > 0 ? names : NULL;
}

static void
take_rules(const Options *options)
{
	read_names(options->server_names);
	rules.guard.target_max = 8192;
	rules.guard.headers_max = 64;
	rules.guard.bytes_max = (size_t) options->headers_max;
	rules.guard.body_max = (uint64_t) options->body_max;
	rules.batch_max = (uint64_t) options->batch_max;
	rules.bodies_max = (uint64_t) options->bodies_max;
	rules.connections_max = (int) options->connections_max;
	rules.address_max = (int) options->address_max;
	rules.head_ms = options->head_timeout_ms;
	rules.body_ms = options->body_timeout_ms;
	rules.idle_ms = options->idle_timeout_ms;
	drain_ms = options->drain_timeout_ms;
	snprintf(server_query_timeout, sizeof server_query_timeout, "%lldms", (long long) options->query_timeout_ms);
}

/* The greater of both; 0, if one of them is no limit. */
int64_t
server_answer_ms(const Options *options)
{
	int64_t		greater = options->command_timeout_ms > options->query_timeout_ms ? options->command_timeout_ms : options->query_timeout_ms;

	return options->command_timeout_ms == 0 || options->query_timeout_ms == 0 ? 0 : greater;
}

int64_t
server_stop_ms(const Options *options)
{
	return options->drain_timeout_ms + STOP_MARGIN_MS;
}

static PoolRules
pool_rules(const Options *options, bool reads)
{
	bool		apart = reads && options->read_dsn[0] != '\0';

	return (PoolRules) {
		.dsn = apart ? options->read_dsn : options->dsn,
		.name = apart ? "read pool" : "pool",
		.becomes_others = options->auth != AUTH_LOGIN,
		.allow_admin = options->allow_admin,
		.size = (int) (apart ? options->read_pool_size : options->pool_size),
		.queue_max = (int) options->pool_queue,
		.queue_ms = options->queue_timeout_ms,
		.statement_ms = apart ? options->query_timeout_ms : options->command_timeout_ms,
		.answer_ms = server_answer_ms(options),
	};
}

static void
drain_look(Clock *clock)
{
	if (listener_connections() == 0 || loop_now_us() >= drain_until_us)
		loop_end();
	else
		loop_ring_in(clock, DRAIN_LOOK_MS);
}

/* A wrong file changes nothing that runs. */
static void
server_reload(void)
{
	Text		later = {0};
	Problem		problem = {0};

	if (settings_reload(&options_table, &in_force->settings, &later, &problem))
	{
		take_rules(in_force);
		signals_bound(server_stop_ms(in_force));
		log_info("configuration read again%s%s", later.len > 0 ? "; these act at the next start: " : "", later.len > 0 ? later.data : "");
		if (in_force->auth == AUTH_JWT && !tokens_reload(in_force, &problem))
			log_problem(&problem);
		if (!tls_load(in_force->tls_certificate, in_force->tls_key, in_force->tls_clients, &problem))
			log_problem(&problem);
		if (in_force->auth == AUTH_JWT || in_force->auth == AUTH_CERTIFICATE)
			streams_ask_again();
		if (!access_log_open(in_force->access_log, &problem))
			log_problem(&problem);
	}
	else
		log_problem(&problem);
	text_free(&later);
}

static void
server_alive(Clock *clock)
{
	signals_alive();
	loop_ring_in(clock, ALIVE_MS);
}

static void
request_ended(const Request *request)
{
	figures_request(request);
	access_log_request(request);
}

static void
signal_came(Watch *watch, uint32_t events)
{
	(void) watch;
	(void) events;
	signals_drain();
	if (signals_take_reload())
		server_reload();
	if (!signals_stop() || drain_until_us != 0)
		return;
	sd_notify(0, "STOPPING=1");
	log_info("stopping: %d connections are still there", listener_connections());
	drain_until_us = ticks_us() + drain_ms * 1000;
	figures_drain();
	streams_drain();
	listener_drain();
	loop_ring_in(&drain_clock, 0);
}

/* A descriptor for each client and each connection to PostgreSQL. */
static void
raise_descriptors(const Options *options)
{
	struct rlimit limit;
	rlim_t		wanted = (rlim_t) (options->connections_max + options->pool_size + options->read_pool_size + options->sessions_max + SPARE_DESCRIPTORS);

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > wanted ? wanted : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
		log_warning("connections.max %lld wants %llu open files, and only %llu are allowed (ulimit -n, LimitNOFILE=)", (long long) options->connections_max,
					(unsigned long long) wanted, (unsigned long long) limit.rlim_cur);
}

/* What is known of one of the two pools before it has a connection. */
typedef struct FirstOf
{
	bool		was_tried;		/* and PostgreSQL was not there, or its login too much */
	bool		told;			/* the latter, in the log */
} FirstOf;

static FirstOf first_of_pool;
static FirstOf first_of_read_pool;

/*
 * A login that may too much ends us where that is found at the start. One that is met later, as a standby comes that was not there, is not
 * taken either; but who is served goes on being served.
 */
static void
first_connection(Pool *pool, void *of, const char *problem, PoolFailure failure)
{
	static bool had_one;
	FirstOf    *first = of;
	bool		at_start = !first->was_tried || !had_one;
	Problem		too_much = {0};

	first->was_tried = true;
	had_one = had_one || problem == NULL;
	if (problem == NULL && pool == server_pool)
		commands_learn(pool);
	else if (problem != NULL && failure == POOL_TOO_MUCH && at_start)
	{
		problem_set(&too_much, REMEDY_STOP, "give it NOINHERIT, oms_proxy and the roles of those who ask, and neither SUPERUSER nor CREATEROLE; oms_admin by allow.admin alone", "%s", problem);
		log_problem(&too_much);
		refused_to_run = true;
		loop_end();
	}
	else if (problem != NULL)
	{
		if (failure == POOL_TOO_MUCH && !first->told)
			log_error("%s: it is not connected, and what it is for is not answered", problem);
		first->told = first->told || failure == POOL_TOO_MUCH;
		pool_on_first(pool, first_connection, of);
	}
}

bool
server_start(Options *options, Problem *problem)
{
	int			fds[SOCKETS_MAX];
	int			nfds;

	in_force = options;
	take_rules(options);
	raise_descriptors(options);
	if (!access_log_open(options->access_log, problem) || !tls_load(options->tls_certificate, options->tls_key, options->tls_clients, problem))
		return false;
	nfds = sockets_open(options->listen, fds, problem);
	if (nfds == 0 || !loop_start(problem) || !monitor_start(&figures_monitor, options->admin_listen, problem))
		return false;
	identity_start(options);
	if (options->auth == AUTH_JWT && !tokens_start(options, problem))
		return false;
	request_identify = identity_find;
	if (options->auth == AUTH_PASSWORD)
	{
		sessions_start(options);
		ping_start(options->dsn);
	}
	else
	{
		PoolRules	write = pool_rules(options, false);
		PoolRules	read = pool_rules(options, true);

		server_pool = pool_open(&write);
		server_read_pool = options->read_dsn[0] != '\0' ? pool_open(&read) : server_pool;
		pool_on_first(server_pool, first_connection, &first_of_pool);
		if (server_read_pool != server_pool)
			pool_on_first(server_read_pool, first_connection, &first_of_read_pool);
	}
	feed_start(options);
	streams_start(options);
	signals_watch = (Watch) {.fd = signals_fd(), .ready = signal_came};
	loop_watch(&signals_watch, EPOLLIN);
	drain_clock = (Clock) {.ring = drain_look};
	alive_clock = (Clock) {.ring = server_alive};
	server_alive(&alive_clock);
	if (!listener_start(fds, nfds, &rules, problem))
		return false;
	request_over = request_ended;
	figures_start();
	return true;
}

bool
server_run(void)
{
	signals_doing("answering requests", false);
	loop_run();
	signals_doing("closing connections", true);
	return !refused_to_run;
}

void
server_end(void)
{
	figures_stop();
	ping_stop();
	monitor_stop();
	loop_stop_clock(&alive_clock);
	listener_stop();
	tls_end();
	sessions_end();
	tokens_end();
	identity_end();
	access_log_close();
	if (server_read_pool != server_pool)
		pool_end(server_read_pool);
	if (server_pool != NULL)
		pool_end(server_pool);
	streams_end();
	feed_stop();
	commands_end();
	sockets_end();
	loop_free();
	free(names_list);
	names_list = NULL;
}
