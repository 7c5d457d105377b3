/*
 * debezium/bridge/postgres.h
 *     What is asked by the ordinary connection: the lock that makes one instance the active one, what the catalogs say, and the samples.
 *
 * All questions are in this file's .c; nothing is written but a temporary table of reconcile.c.
 */
#ifndef POSTGRES_H
#define POSTGRES_H

#include "pg.h"
#include "plan.h"

/* Of the pipeline, for that purpose; both go into application_name. */
extern PgLogin postgres_login(const Options *options, const char *purpose);
/* Whom a statement waits for: to the log, and to whoever asks how we are. */
extern void postgres_tell(const Problem *problem, bool again);

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
