/*
 * debezium/bridge/postgres.c
 *     What the bridge asks PostgreSQL by an ordinary connection: the lock, the catalogs, the samples.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "metrics.h"
#include "postgres.h"
#include "signals.h"

/* The names of the event tables, as an SQL array in the order of event_tables[]. */
#define EVENT_TABLE_NAME(table, topic) #table " "
#define EVENT_TABLE_ARRAY "pg_catalog.string_to_array(pg_catalog.rtrim('" EVENT_TABLE_LIST(EVENT_TABLE_NAME) "'), ' ')"

PgLogin
postgres_login(const Options *options, const char *purpose)
{
	PgLogin		login = {.dsn = options->dsn};

	snprintf(login.name, sizeof login.name, "oms_bridge %.30s %.12s", options->pipeline, purpose);
	return login;
}

void
postgres_tell(const Problem *problem, bool again)
{
	health_set(HEALTH_RECONCILING, problem->text);
	if (!again)
		log_problem(problem);
}

/* One row, of any number of columns. */
static PGresult *
query_row(PGconn *connection, Problem *problem, const char *sql, int count, const char *const *values)
{
	PGresult   *result = pg_query(connection, problem, sql, count, values);

	if (result != NULL && PQntuples(result) != 1)
	{
		problem_set(problem, REMEDY_RETRY, NULL, "PostgreSQL gave %d rows where one was expected: %.200s", PQntuples(result), sql);
		PQclear(result);
		return NULL;
	}
	return result;
}

static bool
is_true(const PGresult *result, int row, int column)
{
	return strcmp(PQgetvalue(result, row, column), "t") == 0;
}

static Lsn
get_lsn(const PGresult *result, int row, int column)
{
	Lsn			lsn;

	return !PQgetisnull(result, row, column) && lsn_parse(PQgetvalue(result, row, column), &lsn) ? lsn : LSN_NONE;
}

bool
postgres_lock(PGconn *connection, const Options *options, bool *got, Problem *problem)
{
	const char *values[] = {options->pipeline};
	PGresult   *result = query_row(connection, problem,
								   "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtext('oms_bridge'), pg_catalog.hashtext($1))", 1, values);

	if (result == NULL)
		return false;
	*got = is_true(result, 0, 0);
	PQclear(result);
	return true;
}

/* Which event tables there are, and whether they, the generator and the walsender are open to us. */
static bool
check_tables(PGconn *connection, Catalog *catalog, Problem *problem)
{
	PGresult   *result = pg_query(connection, problem,
										"SELECT n.i - 1, pg_catalog.has_table_privilege(c.oid, 'SELECT'), c.relname"
										"  FROM pg_catalog.unnest(" EVENT_TABLE_ARRAY ") WITH ORDINALITY AS n (name, i)"
										"  JOIN pg_catalog.pg_class c ON c.relname = n.name AND c.relkind IN ('r', 'p')"
										"  JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace AND s.nspname = 'oms'", 0, NULL);
	bool		fine = result != NULL;

	if (fine && PQntuples(result) == 0)
		fine = problem_set(problem, REMEDY_STOP, "Connect to the database that has it, or CREATE EXTENSION oms_state there.",
						   "extension oms_state is not in database \"%s\"", PQdb(connection));
	for (int row = 0; fine && row < PQntuples(result); row++)
	{
		catalog->tables[atoi(PQgetvalue(result, row, 0))] = true;
		if (!is_true(result, row, 1))
		{
			char		hint[200];

			snprintf(hint, sizeof hint, "GRANT SELECT ON oms.%s TO \"%s\";", PQgetvalue(result, row, 2), PQuser(connection));
			fine = problem_set(problem, REMEDY_STOP, hint, "role \"%s\" may not read oms.%s", PQuser(connection), PQgetvalue(result, row, 2));
		}
	}
	PQclear(result);
	return fine;
}

static bool
check_role(PGconn *connection, const Options *options, Problem *problem)
{
	PGresult   *result = query_row(connection, problem,
								   "SELECT r.rolreplication OR r.rolsuper, pg_catalog.has_sequence_privilege('oms.event_sequence', 'SELECT'),"
								   "       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY'),"
								   "       pg_catalog.current_setting('wal_level'), pg_catalog.pg_is_in_recovery(),"
								   "       pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'),"
								   "       coalesce(pg_catalog.has_function_privilege(pg_catalog.to_regprocedure('oms.anchor()'), 'EXECUTE'), false)"
								   "  FROM pg_catalog.pg_roles r WHERE r.rolname = CURRENT_USER", 0, NULL);
	char		hint[200];
	bool		fine = result != NULL;

	if (!fine)
		return false;
	if (is_true(result, 0, 4))
		fine = problem_set(problem, REMEDY_RETRY, "Name all hosts in postgres.dsn with target_session_attrs=read-write.",
						   "the server is a standby; the bridge streams from the primary");
	else if (!is_true(result, 0, 0))
	{
		snprintf(hint, sizeof hint, "ALTER ROLE \"%s\" REPLICATION; membership in a role that has it is not enough.", PQuser(connection));
		fine = problem_set(problem, REMEDY_STOP, hint, "role \"%s\" may not replicate", PQuser(connection));
	}
	else if (strcmp(PQgetvalue(result, 0, 3), "logical") != 0)
		fine = problem_set(problem, REMEDY_STOP, "Set wal_level = logical in postgresql.conf and restart PostgreSQL.",
						   "wal_level is %s", PQgetvalue(result, 0, 3));
	else if (!is_true(result, 0, 1))
	{
		snprintf(hint, sizeof hint, "GRANT SELECT ON SEQUENCE oms.event_sequence TO \"%s\";", PQuser(connection));
		fine = problem_set(problem, REMEDY_STOP, hint, "role \"%s\" may not read oms.event_sequence", PQuser(connection));
	}
	else if (!is_true(result, 0, 2))
	{
		snprintf(hint, sizeof hint, "GRANT TEMPORARY ON DATABASE \"%s\" TO \"%s\";", PQdb(connection), PQuser(connection));
		fine = problem_set(problem, REMEDY_STOP, hint, "role \"%s\" may make no temporary table, which a reconciliation needs", PQuser(connection));
	}
	else if (options->gate_standbys[0] != '\0' && !is_true(result, 0, 5))
	{
		snprintf(hint, sizeof hint, "GRANT pg_read_all_stats TO \"%s\";", PQuser(connection));
		fine = problem_set(problem, REMEDY_STOP, hint, "role \"%s\" may not see how far the standbys of gate.standbys are", PQuser(connection));
	}
	else if (options->anchor_interval_ms > 0 && !is_true(result, 0, 6))
	{
		snprintf(hint, sizeof hint, "GRANT oms_bridge TO \"%s\"; after oms.create_roles(), in a store of version 0.2.0 or later.", PQuser(connection));
		fine = problem_set(problem, REMEDY_STOP, hint, "role \"%s\" may not call oms.anchor() for anchor.interval.ms", PQuser(connection));
	}
	PQclear(result);
	return fine;
}

bool
postgres_catalog(PGconn *connection, const Options *options, Catalog *catalog, Problem *problem)
{
	PGresult   *result;

	*catalog = (Catalog) {0};
	if (!check_tables(connection, catalog, problem) || !check_role(connection, options, problem))
		return false;
	result = pg_query(connection, problem,
							"SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace"
							" WHERE s.nspname = 'oms' AND c.relkind IN ('r', 'p') AND NOT c.relname = ANY (" EVENT_TABLE_ARRAY ")"
							"   AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class p ON p.oid = i.inhparent"
							"                    WHERE i.inhrelid = c.oid AND p.relnamespace = s.oid AND p.relname = ANY (" EVENT_TABLE_ARRAY "))"
							" ORDER BY c.relname", 0, NULL);
	if (result == NULL)
		return false;
	catalog->other_tables = must_alloc(((size_t) PQntuples(result) + 1) * sizeof(char *));
	for (int row = 0; row < PQntuples(result); row++)
		catalog->other_tables[row] = must_strdup(PQgetvalue(result, row, 0));
	catalog->other_tables[PQntuples(result)] = NULL;
	PQclear(result);
	return true;
}

void
catalog_free(Catalog *catalog)
{
	for (char **name = catalog->other_tables; name != NULL && *name != NULL; name++)
		free(*name);
	free(catalog->other_tables);
	*catalog = (Catalog) {0};
}

bool
postgres_publication(PGconn *connection, const Options *options, char fingerprint[64], Problem *problem)
{
	const char *values[] = {options->publication};
	PGresult   *result = query_row(connection, problem,
								   "SELECT p.oid IS NOT NULL, p.pubinsert, (SELECT pg_catalog.string_agg(n.name, ', ' ORDER BY n.i)"
								   "  FROM pg_catalog.unnest(" EVENT_TABLE_ARRAY ") WITH ORDINALITY AS n (name, i)"
								   "  JOIN pg_catalog.pg_class c ON c.relname = n.name AND c.relkind IN ('r', 'p')"
								   "  JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace AND s.nspname = 'oms'"
								   "  LEFT JOIN pg_catalog.pg_publication_tables t ON t.pubname = $1 AND t.schemaname = 'oms' AND t.tablename = n.name"
								   " WHERE t.rowfilter IS NOT NULL OR t.attnames IS NULL"
								   "    OR NOT t.attnames @> '{sequence,root_id,event_type,payload,hash}'::pg_catalog.name[]),"
								   " (SELECT pg_catalog.md5(pg_catalog.string_agg(v.row, ' ' ORDER BY v.row)) FROM ("
								   "   SELECT pg_catalog.format('%s %s', p.oid, p.xmin)"
								   "   UNION ALL SELECT pg_catalog.format('%s %s', r.oid, r.xmin) FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid"
								   "   UNION ALL SELECT pg_catalog.format('%s %s', n.oid, n.xmin) FROM pg_catalog.pg_publication_namespace n WHERE n.pnpubid = p.oid"
								   "  ) AS v (row))"
								   "  FROM (SELECT) AS one LEFT JOIN pg_catalog.pg_publication p ON p.pubname = $1", 1, values);
	bool		fine = result != NULL;
	const char *hint = "As the owner of the event tables: SELECT * FROM oms.create_slot(); it makes and repairs the publication.";

	if (!fine)
		return false;
	if (!is_true(result, 0, 0))
		fine = problem_set(problem, REMEDY_STOP, hint, "publication \"%s\" does not exist", options->publication);
	else if (!is_true(result, 0, 1))
		fine = problem_set(problem, REMEDY_STOP, hint, "publication \"%s\" does not publish inserts", options->publication);
	else if (!PQgetisnull(result, 0, 2))
		fine = problem_set(problem, REMEDY_STOP, hint, "publication \"%s\" does not have these event tables, whole and by their root: %s",
						   options->publication, PQgetvalue(result, 0, 2));
	snprintf(fingerprint, 64, "%s", PQgetvalue(result, 0, 3));
	PQclear(result);
	return fine;
}

bool
postgres_slot(PGconn *connection, const char *slot, SlotFacts *facts, Problem *problem)
{
	const char *values[] = {slot};
	PGresult   *result = pg_query(connection, problem,
										"SELECT slot_type = 'logical' AND database = pg_catalog.current_database(), active,"
										"       coalesce(wal_status = 'lost', false), coalesce(plugin, ''), confirmed_flush_lsn"
										"  FROM pg_catalog.pg_replication_slots WHERE slot_name = $1", 1, values);

	*facts = (SlotFacts) {0};
	if (result == NULL)
		return false;
	if (PQntuples(result) == 1)
	{
		facts->exists = true;
		facts->here = is_true(result, 0, 0);
		facts->active = is_true(result, 0, 1);
		facts->lost = is_true(result, 0, 2);
		snprintf(facts->plugin, sizeof facts->plugin, "%s", PQgetvalue(result, 0, 3));
		facts->confirmed = get_lsn(result, 0, 4);
	}
	PQclear(result);
	return true;
}

bool
postgres_plugin_setting(PGconn *connection, char *line, size_t room)
{
	PGresult   *result = pg_exec(connection, "SELECT pg_catalog.current_setting('output_plugin_libraries', true)");
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *now = "pgoutput, test_decoding";
	bool		refused = true;

	/* only pg_read_all_settings may look at it; that it may not be looked at says that it is there */
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
	{
		now = PQgetvalue(result, 0, 0);
		refused = !PQgetisnull(result, 0, 0) && strstr(now, "wal2json") == NULL;
	}
	else
		refused = state != NULL && strcmp(state, "42501") == 0;
	if (refused)
		snprintf(line, room, "output_plugin_libraries = '%s%swal2json'", now, now[0] == '\0' ? "" : ", ");
	PQclear(result);
	return refused;
}

/* The one value that a statement gives, as text; NULL is "". */
static bool
query_value(PGconn *connection, Problem *problem, const char *sql, int count, const char *const *values, char value[64])
{
	PGresult   *result = query_row(connection, problem, sql, count, values);

	if (result == NULL)
		return false;
	snprintf(value, 64, "%s", PQgetvalue(result, 0, 0));
	PQclear(result);
	return true;
}

bool
postgres_flushed(PGconn *connection, Lsn *lsn, Problem *problem)
{
	char		value[64];

	return query_value(connection, problem, "SELECT pg_catalog.pg_current_wal_flush_lsn()", 0, NULL, value) &&
		(lsn_parse(value, lsn) || problem_set(problem, REMEDY_RETRY, NULL, "PostgreSQL gave \"%s\" as a log position", value));
}

static bool
query_number(PGconn *connection, Problem *problem, const char *sql, uint64_t *number)
{
	char		value[64];

	if (!query_value(connection, problem, sql, 0, NULL, value))
		return false;
	*number = strtoull(value, NULL, 10);
	return true;
}

bool
postgres_sample_sequence(PGconn *connection, int64_t *sequence, Problem *problem)
{
	uint64_t	last;			/* from 1 on */

	if (!query_number(connection, problem, "SELECT last_value FROM oms.event_sequence", &last))
		return false;
	*sequence = (int64_t) last;
	return true;
}

bool
postgres_sample_xid(PGconn *connection, uint64_t *xid, Problem *problem)
{
	return query_number(connection, problem, "SELECT pg_catalog.pg_current_xact_id()", xid);
}

bool
postgres_sample_snapshot(PGconn *connection, uint64_t *xmin, Lsn *lsn, Problem *problem)
{
	/* the statement's snapshot is taken before the log position is read */
	PGresult   *result = query_row(connection, problem,
								   "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()), pg_catalog.pg_current_wal_insert_lsn()", 0, NULL);

	if (result == NULL)
		return false;
	*xmin = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
	*lsn = get_lsn(result, 0, 1);
	PQclear(result);
	return true;
}

bool
postgres_slot_figures(PGconn *connection, const char *slot, SlotFigures *figures, Problem *problem)
{
	const char *values[] = {slot};
	PGresult   *result = query_row(connection, problem,
								   "SELECT pg_catalog.pg_current_wal_lsn(), s.confirmed_flush_lsn,"
								   "       coalesce(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn), 0)::bigint,"
								   "       coalesce(s.safe_wal_size, -1), coalesce(t.spill_bytes, 0),"
								   "       coalesce(pg_catalog.array_position('{reserved,extended,unreserved,lost}'::text[], s.wal_status) - 1, 3)"
								   "  FROM pg_catalog.pg_replication_slots s LEFT JOIN pg_catalog.pg_stat_replication_slots t USING (slot_name)"
								   " WHERE s.slot_name = $1", 1, values);

	if (result == NULL)
		return false;
	figures->server_lsn = get_lsn(result, 0, 0);
	figures->confirmed = get_lsn(result, 0, 1);
	figures->retained_bytes = strtoll(PQgetvalue(result, 0, 2), NULL, 10);
	figures->safe_bytes = strtoll(PQgetvalue(result, 0, 3), NULL, 10);
	figures->spill_bytes = strtoll(PQgetvalue(result, 0, 4), NULL, 10);
	figures->wal_status = atoi(PQgetvalue(result, 0, 5));
	PQclear(result);
	return true;
}

bool
postgres_gate(PGconn *connection, const char *standbys, Lsn *flushed, Problem *problem)
{
	const char *values[] = {standbys};
	char		value[64];

	if (!query_value(connection, problem,
					 "SELECT CASE WHEN pg_catalog.bool_and(r.flush_lsn IS NOT NULL) THEN pg_catalog.min(r.flush_lsn) END"
					 "  FROM (SELECT pg_catalog.btrim(n) FROM pg_catalog.string_to_table($1, ',') AS n) AS want (name)"
					 "  LEFT JOIN pg_catalog.pg_stat_replication r ON r.application_name = want.name", 1, values, value))
		return false;
	/* one of them is not there: they hold nothing */
	if (!lsn_parse(value, flushed))
		*flushed = LSN_NONE;
	return true;
}
