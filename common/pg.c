/*
 * common/pg.c
 *     A connection to PostgreSQL whose waits can be stopped, and what its errors are to us.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "pg.h"
#include "signals.h"

/* A statement may take as long as it takes; once asked to stop, we wait so long for its end. */
#define STOP_GRACE_MS 2000
#define BLOCKERS_LOOK_US INT64_C(5000000)
#define BLOCKERS_SAID_US INT64_C(60000000)

static const char *needed_rights;

void
pg_needs(const char *rights)
{
	needed_rights = rights;
}

bool
pg_problem(PGconn *connection, const PGresult *result, const char *attempt, Problem *problem)
{
	const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *text = state != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : PQerrorMessage(connection);
	const char *hint = state != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_HINT) : NULL;
	size_t		len = text != NULL ? strlen(text) : 0;
	bool		gone = state == NULL || PQstatus(connection) != CONNECTION_OK || strncmp(state, "08", 2) == 0 || strncmp(state, "57", 2) == 0;

	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	if (result == NULL && PQstatus(connection) == CONNECTION_OK && signals_stop())
		return problem_set(problem, REMEDY_RETRY, NULL, "%s: no answer yet, and asked to stop", attempt);
	/* a lock that was not free in time is asked for again, by whoever set lock_timeout */
	if (!gone && strcmp(state, "55P03") == 0)
		return problem_set(problem, REMEDY_NONE, NULL, "%s: %.*s", attempt, (int) len, text);
	/* rights do not come by waiting; everything else may */
	return problem_set(problem, !gone && strcmp(state, "42501") == 0 ? REMEDY_STOP : REMEDY_RETRY,
					   hint != NULL ? hint : (!gone && strcmp(state, "42501") == 0 ?
											  needed_rights : NULL),
					   "%s: %.*s%s%s%s", attempt, (int) len, text != NULL ? text : "", state != NULL ? " (SQLSTATE " : "",
					   state != NULL ? state : "", state != NULL ? ")" : "");
}

static PGconn *
connect_by(PGconn *(*connect) (const char *const *, const char *const *, int), const PgLogin *login, const char *replication)
{
	const char *keys[] = {"connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
	"dbname", "fallback_application_name", "client_encoding", "replication", NULL};
	const char *values[] = {"10", "10", "5", "3", "30000", login->dsn, login->name, "UTF8", replication, NULL};

	return connect(keys, values, 1);
}

PGconn *
pg_begin(const PgLogin *login, const char *replication)
{
	return connect_by(PQconnectStartParams, login, replication);
}

bool
pg_open(const PgLogin *login, const char *replication, PGconn **connection, Problem *problem)
{
	PGresult   *result;

	/* nothing cuts this off but the guard of stops */
	signals_in_library(true);
	*connection = connect_by(PQconnectdbParams, login, replication);
	signals_in_library(false);
	if (*connection == NULL || PQstatus(*connection) != CONNECTION_OK)
	{
		pg_problem(*connection, NULL, "cannot connect to PostgreSQL", problem);
		PQfinish(*connection);
		*connection = NULL;
		return false;
	}
	result = pg_exec(*connection, PG_SETTINGS);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
	{
		pg_problem(*connection, result, "cannot set up the connection to PostgreSQL", problem);
		PQclear(result);
		PQfinish(*connection);
		*connection = NULL;
		return false;
	}
	PQclear(result);
	return true;
}

/* Whom a connection waits for. */
static void
tell_blockers(PGconn *waiting, PGconn *control, PgTell tell, int64_t *said_us)
{
	char		pid[16];
	const char *values[] = {pid};
	Problem		problem = {0};
	PGresult   *result;

	snprintf(pid, sizeof pid, "%d", PQbackendPID(waiting));
	result = pg_query(control, &problem,
							"SELECT pg_catalog.string_agg(CASE WHEN b.pid = 0 THEN 'a prepared transaction' ELSE 'process ' || b.pid END"
							"       || coalesce(', for ' || pg_catalog.round(extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)) || ' s', ''), '; ')"
							"  FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1)) AS b (pid) LEFT JOIN pg_catalog.pg_stat_activity AS a USING (pid)", 1, values);
	if (result != NULL && PQntuples(result) == 1 && !PQgetisnull(result, 0, 0))
	{
		bool		again = ticks_us() - *said_us < BLOCKERS_SAID_US;

		problem_set(&problem, REMEDY_RETRY, "pg_stat_activity shows what they do; end them, or wait.",
					"PostgreSQL waits for transactions that run to end: %s", PQgetvalue(result, 0, 0));
		tell(&problem, again);
		if (!again)
			*said_us = ticks_us();
	}
	PQclear(result);
}

PGresult *
pg_exec_telling(PGconn *connection, const char *sql, PGconn *control, PgTell tell)
{
	int64_t		said_us = ticks_us() - BLOCKERS_SAID_US;

	if (!PQsendQuery(connection, sql))
		return NULL;
	/* the answer is not taken here */
	for (int64_t looked_us = ticks_us(); PQisBusy(connection) && !signals_stop();)
	{
		struct pollfd fd = {.fd = PQsocket(connection), .events = POLLIN};

		signals_alive();
		if (poll(&fd, 1, 200) > 0 && !PQconsumeInput(connection))
			break;
		if (PQisBusy(connection) && ticks_us() - looked_us >= BLOCKERS_LOOK_US)
		{
			tell_blockers(connection, control, tell, &said_us);
			looked_us = ticks_us();
		}
	}
	return pg_wait(connection);
}

PGresult *
pg_wait(PGconn *connection)
{
	PGresult   *last = NULL;
	PGresult   *next;

	do
	{
		while (PQisBusy(connection))
		{
			struct pollfd fd = {.fd = PQsocket(connection), .events = POLLIN};

			signals_alive();
			if (signals_stop_since(STOP_GRACE_MS))
			{
				PQclear(last);
				return NULL;
			}
			if (poll(&fd, 1, 200) > 0 && !PQconsumeInput(connection))
				break;			/* the next result says why */
		}
		next = PQgetResult(connection);
		if (next != NULL)
		{
			PQclear(last);
			last = next;
		}
	} while (next != NULL && PQresultStatus(next) != PGRES_COPY_BOTH && PQresultStatus(next) != PGRES_COPY_IN);
	return last;
}

PGresult *
pg_exec(PGconn *connection, const char *sql)
{
	return PQsendQuery(connection, sql) ? pg_wait(connection) : NULL;
}

PGresult *
pg_query(PGconn *connection, Problem *problem, const char *sql, int count, const char *const *values)
{
	PGresult   *result = NULL;
	ExecStatusType status;
	char		attempt[160];

	if (PQsendQueryParams(connection, sql, count, NULL, values, NULL, NULL, 0))
	{
		result = pg_wait(connection);
		if (result == NULL && PQstatus(connection) == CONNECTION_OK)
		{
			problem_set(problem, REMEDY_RETRY, NULL, "PostgreSQL was busy with \"%.100s%s\"", sql, strlen(sql) > 100 ? "..." : "");
			return NULL;
		}
	}
	status = PQresultStatus(result);
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		return result;
	snprintf(attempt, sizeof attempt, "PostgreSQL refused \"%.100s%s\"", sql, strlen(sql) > 100 ? "..." : "");
	pg_problem(connection, result, attempt, problem);
	PQclear(result);
	return NULL;
}
