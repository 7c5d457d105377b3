/*
 * gateway/server/connection.c
 *     One connection to PostgreSQL: how it comes about, and how a job runs on it.
 *
 * Pipeline mode from the first statement on. What was sent is kept as a list and answered in its order; the last Sync ends the job. No
 * call here waits, but for names of hosts: libpq looks them up by itself. So who took long over that is asked seldom (SLOW_SHARE).
 */
#include "pool_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "log.h"
#include "status.h"

#define CONNECT_MS 5000
#define ANSWER_MS 5000			/* what a server may take longer than its own timeout */
#define CONNECT_WORDS 8
#define SLOW_US 100000			/* a name that took so long */
#define SLOW_SHARE 20			/* is not asked for again before so many times that */

/*
 * What the login of a pool may. $2: there is a pool; $3: oms_admin is allowed. A role that it can become counts as what it is: a name that
 * somebody else says could be that one's.
 */
#define CAN_BE "pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER')"
#define TOO_MUCH \
	" CASE WHEN $2::pg_catalog.bool THEN (SELECT pg_catalog.format('%s%s', r.rolname," \
	" CASE WHEN r.rolsuper THEN ', a superuser' WHEN r.rolcreaterole THEN ', who makes roles (CREATEROLE)' ELSE '' END)" \
	" FROM pg_catalog.pg_roles AS r WHERE " CAN_BE " AND (r.rolsuper OR r.rolcreaterole OR (r.rolname = 'oms_admin' AND NOT $3::pg_catalog.bool))" \
	" ORDER BY r.rolname <> session_user, r.rolname LIMIT 1) END"
#define OTHERS \
	" CASE WHEN $2::pg_catalog.bool THEN (SELECT pg_catalog.string_agg(s.rolname, ', ') FROM (SELECT r.rolname FROM pg_catalog.pg_roles AS r WHERE " CAN_BE \
	" AND r.rolname <> session_user ORDER BY r.rolname LIMIT 100) AS s) END"
#define NOT_A_PROXY \
	" $2::pg_catalog.bool AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = 'oms_proxy' AND " CAN_BE ")"

#define SETUP_SQL \
	"SELECT pg_catalog.quote_ident(n.nspname)," TOO_MUCH "," OTHERS "," NOT_A_PROXY "," \
	" pg_catalog.set_config('statement_timeout', $1, false)," \
	" pg_catalog.set_config('DateStyle', 'ISO', false), pg_catalog.set_config('bytea_output', 'hex', false)," \
	" pg_catalog.set_config('idle_session_timeout', '0', false), pg_catalog.set_config('default_transaction_read_only', 'off', false)" \
	" FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'oms_state'"

static void connection_ready(Watch *watch, uint32_t events);

/* A server's words are several lines; a log's line and a client's answer are one. */
static void
first_line(const char *text, char *line, size_t size)
{
	size_t		len = strcspn(text, "\n");

	if (len >= size)
		len = size - 1;
	memcpy(line, text, len);
	line[len] = '\0';
}

/*
 * The server did not take the password: 28P01, or another of 28... where it has asked for it (PAM, LDAP). Whatever else stands in the way of a
 * login, a server that stops, too many connections, no such database, is no guess of anybody's. libpq tells the SQLSTATE of a connection that
 * did not come about in its words, and there are those of several where it tries again, without TLS for instance: the password may have
 * been that of the first.
 */
static bool
connection_is_denied(const Connection *connection)
{
	const char *words = PQerrorMessage(connection->pg);
	char		sqlstate[6];

	if (connection->state != CONNECTION_CONNECTING)
		return false;
	while ((words = status_next(words, sqlstate)) != NULL)
		if (strcmp(sqlstate, "28P01") == 0 || (connection->asked && strncmp(sqlstate, "28", 2) == 0))
			return true;
	return false;
}

static void
connection_fail_by(Connection *connection, const char *problem, PoolFailure failure)
{
	Pool	   *pool = connection->pool;

	connection_close(connection);
	pool_failed(pool, problem, failure);
}

static void
connection_fail(Connection *connection, const char *problem)
{
	connection_fail_by(connection, problem, connection_is_denied(connection) ? POOL_DENIED : POOL_NOT_THERE);
}

static void
connection_clock(Clock *clock)
{
	Connection *connection = clock->of;

	if (connection->state == CONNECTION_BUSY)
	{
		if (connection->job == NULL || !connection->job->abandoned)
			log_warning("%s: PostgreSQL does not answer; the connection is given up", connection->pool->name);
		connection_close(connection);
	}
	else if (connection->state == CONNECTION_CONNECTING && connection->asked && !connection_is_denied(connection))
		connection_fail_by(connection, "PostgreSQL asked for the password, and said nothing of it in time", POOL_SILENT);
	else
		connection_fail(connection, "the connection did not come about in time");
}

/* A server may take its time over a password that is wrong (auth_delay), and who does not wait for that may guess without an end. */
static void
connection_look_whether_asked(Connection *connection)
{
	if (connection->asked || PQconnectionUsedPassword(connection->pg) != 1)
		return;
	connection->asked = true;
	if (connection->pool->login_ms > 0)
		loop_ring_in(&connection->clock, connection->pool->login_ms);
}

void
connection_open(Connection *connection)
{
	Pool	   *pool = connection->pool;
	const char *names[CONNECT_WORDS] = {"dbname", "fallback_application_name", "client_encoding", "tcp_user_timeout"};
	const char *values[CONNECT_WORDS] = {pool->dsn, "oms_gateway", "UTF8", "10000"};
	int			n = 4;
	int64_t		began_us = ticks_us();

	if (pool->user != NULL)
	{
		names[n] = "user";
		values[n++] = pool->user;
	}
	if (pool->password != NULL)
	{
		names[n] = "password";
		values[n++] = pool->password;
	}
	connection->asked = false;
	connection->pg = PQconnectStartParams(names, values, 1);
	pool->slow_us = ticks_us() - began_us >= SLOW_US ? (ticks_us() - began_us) * SLOW_SHARE : 0;
	if (connection->pg == NULL || PQstatus(connection->pg) == CONNECTION_BAD)
	{
		char		line[500];

		first_line(connection->pg != NULL ? PQerrorMessage(connection->pg) : "out of memory", line, sizeof line);
		connection_fail(connection, line);
		return;
	}
	PQsetErrorVerbosity(connection->pg, PQERRORS_VERBOSE);
	connection->state = CONNECTION_CONNECTING;
	connection->prepared = 0;
	connection->watch = (Watch) {.fd = PQsocket(connection->pg), .ready = connection_ready, .of = connection};
	connection->clock.ring = connection_clock;
	connection->clock.of = connection;
	loop_ring_in(&connection->clock, CONNECT_MS);
	loop_watch(&connection->watch, EPOLLOUT);
}

void
connection_close(Connection *connection)
{
	Job		   *job = connection->job;
	ConnectionState state = connection->state;
	bool		doubtful = state == CONNECTION_BUSY && !(connection->lost && !connection->doubtful);

	loop_forget(&connection->watch);
	loop_stop_clock(&connection->clock);
	PQfinish(connection->pg);
	connection->pg = NULL;
	if (state >= CONNECTION_IDLE)
		connection->pool->figures.ready--;
	if (state == CONNECTION_BUSY)
		connection->pool->figures.busy--;
	connection->state = CONNECTION_CLOSED;
	connection->job = NULL;
	connection->lost = connection->doubtful = false;
	connection->nsent = connection->answered = 0;
	if (state == CONNECTION_IDLE)
		pool_not_idle(connection->pool, connection);
	if (job != NULL)
	{
		job->connection = NULL;
		pool_attempted(connection->pool, job, true, doubtful);
	}
}

/* The server waits for us then, and not we for it. */
void
connection_stop_rows(Connection *connection)
{
	loop_watch(&connection->watch, connection->watch.events & ~(uint32_t) EPOLLIN);
	loop_stop_clock(&connection->clock);
}

/* In a turn of its own, which EPOLLOUT brings at once: some rows may be here already, and nothing more is to come. */
void
connection_go_on(Connection *connection)
{
	loop_watch(&connection->watch, EPOLLIN | EPOLLOUT);
}

static bool
connection_note(Connection *connection, int what, int number)
{
	connection->sent[connection->nsent++] = (Sent) {.what = what, .number = number};
	return true;
}

static bool
connection_sync(Connection *connection)
{
	return PQpipelineSync(connection->pg) == 1 && connection_note(connection, SENT_SYNC, 0);
}

/* Waits for what the kernel did not take, besides answers. */
static bool
connection_flush(Connection *connection)
{
	int			rest = PQflush(connection->pg);
	uint32_t	in = connection->job != NULL && connection->job->stopped ? 0 : EPOLLIN;

	if (rest >= 0)
		loop_watch(&connection->watch, in | (rest > 0 ? EPOLLOUT : 0));
	return rest >= 0;
}

/* Settings first: what texts look like must not depend on those of a role or database. */
static void
connection_setup(Connection *connection)
{
	char		timeout[24];
	const char *values[3] = {timeout, connection->pool->by_password ? "off" : "on", connection->pool->allow_admin ? "on" : "off"};
	bool		fine;

	if (connection->pool->by_password && !PQconnectionUsedPassword(connection->pg))
	{
		connection_fail(connection, "PostgreSQL did not ask for the password: its pg_hba.conf lets this login in without one, so nobody can be known by it");
		return;
	}
	snprintf(timeout, sizeof timeout, "%lld", (long long) connection->pool->statement_ms);
	PQsetErrorVerbosity(connection->pg, PQERRORS_DEFAULT);
	connection->state = CONNECTION_SETUP;
	loop_ring_in(&connection->clock, CONNECT_MS);
	fine = PQsetnonblocking(connection->pg, 1) == 0 && PQenterPipelineMode(connection->pg) == 1 &&
		PQsendQueryParams(connection->pg, SETUP_SQL, 3, NULL, values, NULL, NULL, 0) == 1 &&
		connection_note(connection, SENT_SETUP, 0) && connection_sync(connection) && connection_flush(connection);
	if (!fine)
	{
		char		line[500];

		first_line(PQerrorMessage(connection->pg), line, sizeof line);
		connection_fail(connection, line);
	}
}

/* libpq may close a socket and open another: the watch goes out before and comes in after. */
static void
connection_go_on_connecting(Connection *connection)
{
	PostgresPollingStatusType status;
	char		line[500];

	loop_forget(&connection->watch);
	status = PQconnectPoll(connection->pg);
	connection_look_whether_asked(connection);
	if (status == PGRES_POLLING_FAILED)
	{
		first_line(PQerrorMessage(connection->pg), line, sizeof line);
		connection_fail(connection, line);
		return;
	}
	connection->watch.fd = PQsocket(connection->pg);
	if (status == PGRES_POLLING_OK)
		connection_setup(connection);
	else
		loop_watch(&connection->watch, status == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT);
}

static void
connection_be_idle(Connection *connection)
{
	connection->nsent = connection->answered = 0;
	connection->state = CONNECTION_IDLE;
	loop_stop_clock(&connection->clock);
	loop_watch(&connection->watch, EPOLLIN);
	pool_idle(connection->pool, connection);
}

/* What may more than is asked of it is no login for a pool; where it becomes nobody else that is its owner's choice. False: it is not taken. */
static bool
connection_check_powers(Connection *connection, const PGresult *result)
{
	Pool	   *pool = connection->pool;
	const char *too_much = PQgetisnull(result, 0, 1) ? NULL : PQgetvalue(result, 0, 1);
	char		line[500];

	if (too_much != NULL && pool->becomes_others)
	{
		snprintf(line, sizeof line, "its login can be %.200s: so could everybody who asks", too_much);
		connection_fail_by(connection, line, POOL_TOO_MUCH);
		return false;
	}
	if (pool->had_one)
		return true;
	if (too_much != NULL)
		log_warning("%s: everybody is its login, which can be %s", pool->name, too_much);
	if (pool->becomes_others)
		log_info("%s: its login can be %s", pool->name, PQgetisnull(result, 0, 2) ? "nobody else" : PQgetvalue(result, 0, 2));
	if (pool->becomes_others && PQgetvalue(result, 0, 3)[0] == 't')
		log_warning("%s: its login is no member of oms_proxy: events name it, and not who asks", pool->name);
	return true;
}

/* False: the connection is gone. */
static bool
connection_setup_result(Connection *connection, const PGresult *result)
{
	char		line[500];

	if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
	{
		free(connection->pool->schema);
		connection->pool->schema = must_strdup(PQgetvalue(result, 0, 0));
		return connection->pool->by_password || connection_check_powers(connection, result);
	}
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		snprintf(line, sizeof line, "the database has no extension oms_state");
	else
		first_line(PQresultErrorMessage(result), line, sizeof line);
	connection_fail(connection, line);
	return false;
}

static char *
result_field(const PGresult *result, int field)
{
	const char *value = PQresultErrorField(result, field);

	return value != NULL ? must_strdup(value) : NULL;
}

/*
 * An error. A server that stops or only reads, or that libpq lost, is no answer to the job. What ends the session may come behind the
 * commit, in the place of what was to say so.
 */
static void
connection_error(Connection *connection, const PGresult *result)
{
	Job		   *job = connection->job;
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (sqlstate == NULL || severity == NULL || strcmp(severity, "ERROR") != 0)
	{
		connection->lost = connection->doubtful = true;
		return;
	}
	if (job->writes && strcmp(sqlstate, "25006") == 0)
		connection->lost = true;
	if (job->raised)
		return;
	job->raised = true;
	job->raised_by = connection->sent[connection->answered].what == SENT_STEP ? connection->sent[connection->answered].number : -1;
	snprintf(job->sqlstate, sizeof job->sqlstate, "%s", sqlstate);
	job->message = result_field(result, PG_DIAG_MESSAGE_PRIMARY);
	job->detail = result_field(result, PG_DIAG_MESSAGE_DETAIL);
	job->hint = result_field(result, PG_DIAG_MESSAGE_HINT);
}

static void
connection_rows(Connection *connection, const PGresult *result)
{
	Job		   *job = connection->job;
	int			step = connection->sent[connection->answered].number;

	for (int row = 0; row < PQntuples(result); row++)
		if (!job->abandoned && !job->raised && job->row != NULL)
			job->row(job, step, result, row);
}

/* Behind the last Sync: everything is committed, or was raised. */
static void
connection_done(Connection *connection)
{
	Job		   *job = connection->job;
	Pool	   *pool = connection->pool;

	if (connection->lost)
	{
		connection_close(connection);
		return;
	}
	connection->job = NULL;
	job->connection = NULL;
	pool->figures.busy--;
	connection_be_idle(connection);
	pool_attempted(pool, job, false, false);
}

/* The next in the list is to be answered. Rows come one by one only if that is said now. */
static void
connection_next(Connection *connection)
{
	connection->answered++;
	if (connection->answered < connection->nsent && connection->job != NULL && connection->job->streams &&
		connection->sent[connection->answered].what == SENT_STEP)
		PQsetSingleRowMode(connection->pg);
}

/* One result of libpq; NULL: what was answered is over. False: nothing more is to be read now, the connection may be gone. */
static bool
connection_result(Connection *connection, PGresult *result)
{
	const Sent *sent = &connection->sent[connection->answered];
	ExecStatusType status = PQresultStatus(result);
	bool		goes_on = true;

	if (result == NULL && sent->what == SENT_SYNC)
	{
		/* behind an error of the commit itself; of a connection that is lost there is no end of them */
		if (PQstatus(connection->pg) == CONNECTION_OK)
			return true;
		connection_close(connection);
		return false;
	}
	if (result == NULL)
	{
		connection_next(connection);
		return true;
	}
	if (status == PGRES_PIPELINE_SYNC)
	{
		PQclear(result);
		connection_next(connection);
		if (connection->answered < connection->nsent)
			return true;
		if (connection->state == CONNECTION_BUSY)
			connection_done(connection);
		else
		{
			connection->pool->figures.ready++;
			connection_be_idle(connection);
			pool_connected(connection->pool);
		}
		return false;
	}
	if (sent->what == SENT_SETUP)
		goes_on = connection_setup_result(connection, result);
	else if (status == PGRES_FATAL_ERROR)
		connection_error(connection, result);
	else if (status == PGRES_COMMAND_OK && sent->what == SENT_PREPARE)
		connection->prepared |= 1u << sent->number;
	else if (status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE)
		connection_rows(connection, result);
	PQclear(result);
	return goes_on;
}

/* Each statement has its own timeout in PostgreSQL, and nothing need come before the last one is done. */
static void
connection_expect(Connection *connection)
{
	const Pool *pool = connection->pool;

	if (pool->answer_ms > 0)
		loop_ring_at(&connection->clock, loop_now_us() + (pool->answer_ms * connection->job->nsteps + ANSWER_MS) * 1000);
}

static void
connection_read(Connection *connection)
{
	if (PQconsumeInput(connection->pg) != 1 || !connection_flush(connection))
	{
		/* what the server said before it went stands before its end; nothing of that is more than: lost */
		if (connection->state == CONNECTION_SETUP)
			connection_fail(connection, "PostgreSQL closed the connection");
		else
			connection_close(connection);
		return;
	}
	if (connection->state == CONNECTION_IDLE)
		return;
	while (!PQisBusy(connection->pg))
	{
		if (connection->job != NULL && connection->job->stopped)
			return;
		if (!connection_result(connection, PQgetResult(connection->pg)))
			return;
	}
	if (connection->state == CONNECTION_BUSY && !connection->job->abandoned)
		connection_expect(connection);
}

static void
connection_ready(Watch *watch, uint32_t events)
{
	Connection *connection = watch->of;

	(void) events;
	if (connection->state == CONNECTION_CONNECTING)
		connection_go_on_connecting(connection);
	else if (connection->state == CONNECTION_BUSY && connection->job->stopped && (events & (EPOLLERR | EPOLLHUP)) == 0)
		connection_flush(connection);
	else
		connection_read(connection);
}

static bool
connection_send_step(Connection *connection, const JobStep *step, int number)
{
	const StatementText *text = &statements[step->statement];

	if (((connection->prepared | connection->preparing) & (1u << step->statement)) == 0)
	{
		Text		sql = {0};
		bool		sent;

		statement_sql(step->statement, connection->pool->schema, &sql);
		sent = PQsendPrepare(connection->pg, text->name, sql.data, 0, NULL) == 1;
		text_free(&sql);
		if (!sent)
			return false;
		connection->preparing |= 1u << step->statement;
		connection_note(connection, SENT_PREPARE, (int) step->statement);
	}
	return PQsendQueryPrepared(connection->pg, text->name, text->nvalues, step->values, step->lengths, step->formats, 0) == 1 &&
		connection_note(connection, SENT_STEP, number);
}

void
connection_run(Connection *connection, Job *job)
{
	bool		fine = true;

	connection->state = CONNECTION_BUSY;
	connection->job = job;
	connection->pool->figures.busy++;
	job->connection = connection;
	connection->preparing = 0;
	for (int i = 0; fine && i < job->nsteps; i++)
	{
		fine = connection_send_step(connection, &job->steps[i], i);
		if (fine && (job->steps[i].commits || i == job->nsteps - 1))
			fine = connection_sync(connection);
	}
	if (fine && connection->sent[0].what == SENT_STEP && job->streams)
		PQsetSingleRowMode(connection->pg);
	if (fine)
		connection_expect(connection);
	if (!fine || !connection_flush(connection))
		connection_close(connection);
}
