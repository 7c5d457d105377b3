/*
 * debezium/bridge/postgres.h
 *     The ordinary connection: the lock that makes one instance the active one, what the catalogs say, and the samples.
 *
 * All questions are in this file's .c; nothing is written but a temporary table of reconcile.c.
 */
#ifndef POSTGRES_H
#define POSTGRES_H

#include <libpq-fe.h>

#include "plan.h"

/* purpose goes into application_name. replication: "database" for a walsender, else NULL. */
extern bool postgres_open(const Options *options, const char *purpose, const char *replication, PGconn **connection, Problem *problem);
/*
 * What texts look like must not depend on the role's settings; a transaction of its own, for more than one statement may follow. To be
 * sent first on what postgres_begin() gave, which has only begun to connect: whoever has it does PQconnectPoll() then.
 */
#define POSTGRES_SETTINGS "BEGIN; SET search_path TO ''; SET bytea_output TO hex; SET DateStyle TO ISO; SET statement_timeout TO 0; " \
	"SET idle_session_timeout TO 0; SET idle_in_transaction_session_timeout TO 0; SET lock_timeout TO 0; SET default_transaction_read_only TO off; COMMIT; "
extern PGconn *postgres_begin(const Options *options, const char *purpose);
/* Runs one statement that must give rows (PGRES_TUPLES_OK) or nothing (PGRES_COMMAND_OK). NULL: problem says why. */
extern PGresult *postgres_query(PGconn *connection, Problem *problem, const char *sql, int count, const char *const *values);
/* The last result of what was sent, or that it is a copy now. NULL: asked to stop a while ago, and the server does not answer. */
extern PGresult *postgres_wait(PGconn *connection);
/* PQexec() with that wait; also for the walsender's commands. */
extern PGresult *postgres_exec(PGconn *connection, const char *sql);
/* The same for a statement that waits for all transactions that run: says, asking by the other connection, for which. */
extern PGresult *postgres_exec_telling(PGconn *connection, const char *sql, PGconn *control);
/* The problem of a failed result or connection: what was attempted, SQLSTATE and the server's words. */
extern bool postgres_problem(PGconn *connection, const PGresult *result, const char *attempt, Problem *problem);

/* The pipeline's advisory lock, held by this connection; never waits. */
extern bool postgres_lock(PGconn *connection, const Options *options, bool *got, Problem *problem);

/* What is there: tables[], and rights that would fail later. */
typedef struct Catalog
{
	bool		tables[EVENT_TABLES];
	char	  **other_tables;	/* of schema oms, NULL-terminated */
} Catalog;

extern bool postgres_catalog(PGconn *connection, const Options *options, Catalog *catalog, Problem *problem);
extern void catalog_free(Catalog *catalog);

/*
 * The publication has every event table that exists, whole, its inserts, by its root. fingerprint: changes with everything that was ever
 * done to it, also when it was undone.
 */
extern bool postgres_publication(PGconn *connection, const Options *options, char fingerprint[64], Problem *problem);
extern bool postgres_slot(PGconn *connection, const char *slot, SlotFacts *facts, Problem *problem);
/* The line of postgresql.conf that would allow wal2json, from the present one; false when it is allowed or the server has no such setting. */
extern bool postgres_plugin_setting(PGconn *connection, char *line, size_t room);

/* How far the log is on disk now; what a walsender has sent is before. */
extern bool postgres_flushed(PGconn *connection, Lsn *lsn, Problem *problem);

extern bool postgres_sample_sequence(PGconn *connection, int64_t *sequence, Problem *problem);
extern bool postgres_sample_xid(PGconn *connection, uint64_t *xid, Problem *problem);
extern bool postgres_sample_snapshot(PGconn *connection, uint64_t *xmin, Lsn *lsn, Problem *problem);

typedef struct SlotFigures
{
	Lsn			server_lsn;
	Lsn			confirmed;
	int64_t		retained_bytes;
	int64_t		safe_bytes;		/* -1: no limit */
	int64_t		spill_bytes;
	int			wal_status;		/* 0 reserved 1 extended 2 unreserved 3 lost */
} SlotFigures;

extern bool postgres_slot_figures(PGconn *connection, const char *slot, SlotFigures *figures, Problem *problem);
/* How far the standbys of gate.standbys have flushed: the least of them; LSN_NONE when one of them is not there. */
extern bool postgres_gate(PGconn *connection, const char *standbys, Lsn *flushed, Problem *problem);

#endif
