/*
 * gateway/server/ping.c
 *     Whether PostgreSQL answers, where nobody is logged in who could tell.
 */
#include "ping.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <libpq-fe.h>

#include "log.h"
#include "loop.h"
#include "status.h"

#define EVERY_MS 2000
#define ANSWER_MS 3000			/* a server that takes longer is as good as none */
#define SLOW_SHARE 20			/* looking up a name holds everybody up: no more than one part of so many of the time goes there */
#define CANNOT_CONNECT_NOW "57P03"

static char *dsn;				/* NULL: nobody asks */
static PGconn *pg;				/* NULL: none is on its way */
static Watch watch;
static Clock clock_of_ping;
static int64_t looked_up_ms;	/* how long the last name took */
static _Atomic int state = PING_ANSWERED;

static void ping_begin(void);

PingState
ping_state(void)
{
	return (PingState) state;
}

static void
ping_close(void)
{
	if (pg == NULL)
		return;
	loop_forget(&watch);
	PQfinish(pg);
	pg = NULL;
}

static void
ping_end(PingState found)
{
	if (state != (int) found)
		log_at(found == PING_ANSWERED ? LOG_INFO_LEVEL : LOG_WARNING_LEVEL, found == PING_ANSWERED ? "PostgreSQL answers" : "PostgreSQL does not answer");
	state = found;
	ping_close();
	loop_ring_in(&clock_of_ping, EVERY_MS > looked_up_ms * SLOW_SHARE ? EVERY_MS : looked_up_ms * SLOW_SHARE);
}

/* A server that asks for a password, or says why it takes nobody, is there; but for one that says that it takes nobody now. */
static PingState
ping_failed(void)
{
	const char *words = PQerrorMessage(pg);
	char		sqlstate[6];

	if (PQconnectionNeedsPassword(pg) == 1 || PQconnectionUsedPassword(pg) == 1)
		return PING_ANSWERED;
	while ((words = status_next(words, sqlstate)) != NULL)
		if (strcmp(sqlstate, CANNOT_CONNECT_NOW) != 0)
			return PING_ANSWERED;
	return PING_SILENT;
}

static void
ping_ready(Watch *of, uint32_t events)
{
	PostgresPollingStatusType status;

	(void) events;
	/* libpq may close a socket and open another */
	loop_forget(of);
	status = PQconnectPoll(pg);
	if (status == PGRES_POLLING_OK)
		ping_end(PING_ANSWERED);
	else if (status == PGRES_POLLING_FAILED)
		ping_end(ping_failed());
	else
	{
		of->fd = PQsocket(pg);
		loop_watch(of, status == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT);
	}
}

/* Begins one; or the one that was begun took too long. */
static void
ping_ring(Clock *clock)
{
	(void) clock;
	if (pg != NULL)
		ping_end(PING_SILENT);
	else
		ping_begin();
}

static void
ping_begin(void)
{
	const char *const names[] = {"dbname", "fallback_application_name", NULL};
	const char *const values[] = {dsn, "oms_gateway", NULL};

	looked_up_ms = -ticks_us() / 1000;
	pg = PQconnectStartParams(names, values, 1);
	looked_up_ms += ticks_us() / 1000;
	if (pg == NULL || PQstatus(pg) == CONNECTION_BAD)
	{
		ping_end(PING_SILENT);
		return;
	}
	PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
	watch = (Watch) {.fd = PQsocket(pg), .ready = ping_ready};
	loop_watch(&watch, EPOLLOUT);
	loop_ring_in(&clock_of_ping, ANSWER_MS);
}

void
ping_start(const char *given)
{
	dsn = must_strdup(given);
	state = PING_NOT_YET;
	clock_of_ping = (Clock) {.ring = ping_ring};
	loop_ring_in(&clock_of_ping, 0);
}

void
ping_stop(void)
{
	loop_stop_clock(&clock_of_ping);
	ping_close();
	free(dsn);
	dsn = NULL;
	state = PING_ANSWERED;
}
