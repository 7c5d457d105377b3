/*
 * common/pg.h
 *     A connection to PostgreSQL whose waits can be stopped, and what its errors are to us.
 *
 * One connection is one thread's; the waits look at signals_stop().
 */
#ifndef PG_H
#define PG_H

#include <libpq-fe.h>

#include "base.h"

/* As whom, and as what: name is the application_name, unless dsn has one. */
typedef struct PgLogin
{
	const char *dsn;
	char		name[64];
} PgLogin;

/* The hint where a right is missing, static text. Said once, before the first connection. */
extern void pg_needs(const char *rights);
/* replication: "database" for a walsender, else NULL. Waits. */
extern bool pg_open(const PgLogin *login, const char *replication, PGconn **connection, Problem *problem);
/*
 * What texts look like must not depend on the role's settings; a transaction of its own, for more than one statement may follow. To be
 * sent first on what pg_begin() gave, which has only begun to connect: whoever has it does PQconnectPoll() then. replication: as of pg_open().
 */
#define PG_SETTINGS "BEGIN; SET search_path TO ''; SET bytea_output TO hex; SET DateStyle TO ISO; SET statement_timeout TO 0; " \
	"SET idle_session_timeout TO 0; SET idle_in_transaction_session_timeout TO 0; SET lock_timeout TO 0; SET default_transaction_read_only TO off; COMMIT; "
extern PGconn *pg_begin(const PgLogin *login, const char *replication);
/* Runs one statement that must give rows (PGRES_TUPLES_OK) or nothing (PGRES_COMMAND_OK). NULL: problem says why. */
extern PGresult *pg_query(PGconn *connection, Problem *problem, const char *sql, int count, const char *const *values);
/* The last result of what was sent, or that it is a copy now. NULL: asked to stop a while ago, and the server does not answer. */
extern PGresult *pg_wait(PGconn *connection);
/* PQexec() with that wait; also for the walsender's commands. */
extern PGresult *pg_exec(PGconn *connection, const char *sql);
/* Whom a statement waits for; again: that was said less than a minute ago. */
typedef void (*PgTell) (const Problem *problem, bool again);
/* pg_exec() for a statement that waits for all transactions that run: tells, asking by the other connection, for which. */
extern PGresult *pg_exec_telling(PGconn *connection, const char *sql, PGconn *control, PgTell tell);
/* The problem of a failed result or connection: what was attempted, SQLSTATE and the server's words. */
extern bool pg_problem(PGconn *connection, const PGresult *result, const char *attempt, Problem *problem);

#endif
