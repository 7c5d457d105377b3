/*
 * gateway/server/feed_connection.c
 *     A connection of the feed: what is asked of it, one thing after the other, and what comes.
 *
 * What libpq has taken from the socket is dealt with in slices, and no more is taken before: what waits then waits with PostgreSQL, and not in
 * our memory. Over TLS a part of what was decrypted may be held back where the socket does not tell, so it is looked at more than once.
 */
#include "feed_inside.h"

#include <stdio.h>
#include <sys/epoll.h>

#define SLICE_ROWS 2000
#define STREAM_PATIENCE_US INT64_C(25000000)
#define SECOND_US INT64_C(1000000)

static void connection_ready(Watch *watch, uint32_t events);
static void connection_slice(Clock *clock);

static const FeedQuestion connecting = {.what = "connect to PostgreSQL", .patience_s = 10};

void
feed_close(FeedConnection *connection)
{
	loop_forget(&connection->watch);
	loop_stop_clock(&connection->slice);
	if (connection->replication != NULL)
		replication_close(connection->replication);
	else if (connection->pg != NULL)
		PQfinish(connection->pg);
	*connection = (FeedConnection) {0};
}

void
feed_flush(FeedConnection *connection)
{
	loop_watch(&connection->watch, PQflush(connection->pg) > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void
feed_more(FeedConnection *connection)
{
	loop_ring_in(&connection->slice, 0);
}

bool
feed_is_silent(const FeedConnection *connection)
{
	int64_t		patience_us = connection->replication != NULL ? STREAM_PATIENCE_US : connection->question != NULL ? connection->question->patience_s * SECOND_US : 0;

	return connection->pg != NULL && patience_us > 0 && connection->heard_us + patience_us <= loop_now_us();
}

static void
connection_heard(FeedConnection *connection)
{
	connection->heard_us = loop_now_us();
	connection->doubted = false;
}

/* ---- it is opened ---- */

/* The descriptor may become another one on the way. */
static void
connection_poll(FeedConnection *connection)
{
	PostgresPollingStatusType polled;

	loop_forget(&connection->watch);
	polled = PQconnectPoll(connection->pg);
	if (polled == PGRES_POLLING_FAILED)
	{
		feed_lost(connecting.what, PQerrorMessage(connection->pg));
		return;
	}
	connection->watch.fd = PQsocket(connection->pg);
	loop_watch(&connection->watch, polled == PGRES_POLLING_WRITING ? EPOLLOUT : EPOLLIN);
	connection->up = polled == PGRES_POLLING_OK;
	if (!connection->up)
		return;
	PQsetnonblocking(connection->pg, 1);
	feed_ask(connection, PG_SETTINGS, &connection->set_up);
}

void
feed_open(FeedConnection *connection, bool replication, void (*opened) (void))
{
	PgLogin		login = {.dsn = feed.options->feed_dsn, .name = "oms_gateway feed"};

	*connection = (FeedConnection) {.slice = {.ring = connection_slice, .of = connection}, .question = &connecting};
	connection->set_up = (FeedQuestion) {.what = "set up the connection to PostgreSQL", .patience_s = 30, .end = opened};
	connection_heard(connection);
	connection->pg = pg_begin(&login, replication ? "database" : NULL);
	if (connection->pg == NULL || PQstatus(connection->pg) == CONNECTION_BAD)
	{
		feed_lost(connecting.what, connection->pg != NULL ? PQerrorMessage(connection->pg) : "no memory");
		return;
	}
	connection->watch = (Watch) {.fd = PQsocket(connection->pg), .ready = connection_ready, .of = connection};
	loop_watch(&connection->watch, EPOLLOUT);
}

/* ---- something is asked ---- */

void
feed_ask(FeedConnection *connection, const char *sql, const FeedQuestion *question)
{
	connection->question = question;
	connection_heard(connection);
	if (PQsendQuery(connection->pg, sql) == 0)
		feed_lost(question->what, PQerrorMessage(connection->pg));
	else
		feed_flush(connection);
}

/* False: there is no more for now, or the connection is gone. */
static bool
connection_rows(FeedConnection *connection)
{
	const FeedQuestion *question = connection->question;
	char	   *data;
	int			len = 0;
	int			rows = 0;

	while (connection->pg != NULL && rows++ < SLICE_ROWS && (len = PQgetCopyData(connection->pg, &data, 1)) > 0)
	{
		question->row((Span) {data, (size_t) len - (data[len - 1] == '\n')});
		PQfreemem(data);
	}
	if (connection->pg == NULL || len == 0)
		return false;
	if (len > 0)
	{
		feed_more(connection);
		return false;
	}
	connection->in_rows = false;
	if (len == -1)
		return true;
	feed_lost(question->what, PQerrorMessage(connection->pg));
	return false;
}

/* False: the connection is gone. */
static bool
connection_result(FeedConnection *connection, const PGresult *result)
{
	const FeedQuestion *question = connection->question;

	switch (PQresultStatus(result))
	{
		case PGRES_COMMAND_OK:
			return true;
		case PGRES_TUPLES_OK:
			if (question->result != NULL)
				question->result(result);
			return connection->pg != NULL;
		case PGRES_COPY_OUT:
			connection->in_rows = question->row != NULL;
			if (connection->in_rows)
				return true;
			break;
		case PGRES_COPY_BOTH:
			connection->replication = replication_of(connection->pg);
			connection->question = NULL;
			question->end();
			return false;
		default:
			break;
	}
	feed_lost(question->what, PQresultErrorMessage(result));
	return false;
}

static void
connection_read(FeedConnection *connection)
{
	while (connection->question != NULL)
	{
		const FeedQuestion *question = connection->question;
		PGresult   *result;
		bool		good;

		if (connection->in_rows && !connection_rows(connection))
			return;
		if (PQisBusy(connection->pg))
			return;
		result = PQgetResult(connection->pg);
		if (result == NULL)
		{
			/* what comes next is asked, and answered in another turn */
			connection->question = NULL;
			question->end();
			return;
		}
		good = connection_result(connection, result);
		PQclear(result);
		if (!good)
			return;
	}
}

/* ---- something comes ---- */

static void
connection_take(FeedConnection *connection)
{
	int			tries = PQsslInUse(connection->pg) || PQgssEncInUse(connection->pg) ? 3 : 1;

	while (tries-- > 0 && connection->pg != NULL && connection->replication == NULL && connection->slice.at_us == 0)
	{
		if (PQconsumeInput(connection->pg) == 0)
		{
			feed_lost(connection->question != NULL ? connection->question->what : "keep the connection", PQerrorMessage(connection->pg));
			return;
		}
		feed_flush(connection);
		connection_read(connection);
	}
}

static void
connection_slice(Clock *clock)
{
	FeedConnection *connection = clock->of;

	connection_heard(connection);
	if (connection->replication != NULL)
	{
		connection->streams();
		return;
	}
	connection_read(connection);
	if (connection->pg != NULL && connection->slice.at_us == 0)
		connection_take(connection);
}

static void
connection_ready(Watch *watch, uint32_t events)
{
	FeedConnection *connection = watch->of;

	(void) events;
	connection_heard(connection);
	if (connection->slice.at_us != 0)
		return;
	if (!connection->up)
		connection_poll(connection);
	else if (connection->replication == NULL)
		connection_take(connection);
	else
	{
		feed_flush(connection);
		connection->streams();
	}
}
