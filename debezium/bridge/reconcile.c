/*
 * debezium/bridge/reconcile.c
 *     Compare Kafka with the event tables, and publish the difference.
 *
 * The comparison itself is PostgreSQL's: what Kafka has goes into a temporary table, so memory stays bounded however much that is.
 * Writes positions with reconciling set, and at the end the one that the stream begins at.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "metrics.h"
#include "reconcile.h"
#include "signals.h"

#define COPY_BUFFER 65536
#define FETCH_ROWS 1000
#define FETCH_ROWS_FIRST 10
#define GATE_LOOK_MS 50

typedef struct Work
{
	Reconciliation *given;
	PGconn	   *connection;		/* the transaction in the exported snapshot */
	Text		copy;
	size_t		found;			/* in Kafka */
	size_t		published;
	Event	   *batch[FETCH_ROWS];
} Work;

static bool
command(Work *work, Problem *problem, const char *sql)
{
	PGresult   *result = postgres_query(work->connection, problem, sql, 0, NULL);

	PQclear(result);
	return result != NULL;
}

/* --- the new slot, and the transaction that sees what was before it --- */

static bool
plugin_refused(Work *work, const char *plugin, Problem *problem)
{
	char		line[512];

	if (strcmp(plugin, "wal2json") == 0 && postgres_plugin_setting(work->given->control, line, sizeof line))
	{
		snprintf(problem->hint, sizeof problem->hint, "In postgresql.conf, then reload: %.400s -- or set plugin = pgoutput here.", line);
		problem->remedy = REMEDY_STOP;
	}
	else if (strcmp(plugin, "wal2json") == 0)
	{
		snprintf(problem->hint, sizeof problem->hint, "Install postgresql-15-wal2json (the package of your major version), or set plugin = pgoutput here.");
		problem->remedy = REMEDY_STOP;
	}
	return false;
}

static bool
create_slot(Work *work, Lsn *consistent, char snapshot[64], Problem *problem)
{
	Reconciliation *given = work->given;
	const Options *options = given->options;
	static const char *const choices[][3] = {
		[PLUGIN_AUTO] = {"wal2json", "pgoutput", NULL},
		[PLUGIN_WAL2JSON] = {"wal2json", NULL, NULL},
		[PLUGIN_PGOUTPUT] = {"pgoutput", NULL, NULL},
	};
	const char *const *choice = choices[options->plugin];
	bool		refused = false;

	/* the plugin of before: of a slot that an operator made, or of the position */
	const char *before = given->slot->exists ? given->slot->plugin : given->position->plugin;
	const char *as_before[] = {before, strcmp(before, "pgoutput") == 0 ? NULL : "pgoutput", NULL};

	if (options->plugin == PLUGIN_AUTO && decoder_class(before) != NULL)
		choice = as_before;
	/* wal2json writes the database's own bytes, whatever the client asks for: no JSON where they are not UTF-8 */
	else if (options->plugin == PLUGIN_AUTO && strcmp(PQparameterStatus(given->control, "server_encoding"), "UTF8") != 0)
		choice = choices[PLUGIN_PGOUTPUT];
	if (given->slot->exists && !replication_drop_slot(given->replication, options->slot, problem))
		return false;
	for (; *choice != NULL; choice++)
	{
		given->decoder = decoder_class(*choice);
		given->position->publication[0] = '\0';
		if (strcmp(*choice, "pgoutput") == 0 && !postgres_publication(given->control, options, given->position->publication, problem))
			return false;
		if (replication_create_slot(given->replication, options->slot, *choice, consistent, snapshot, &refused, problem))
			return true;
		if (!refused || choice[1] == NULL)
			return refused ? plugin_refused(work, *choice, problem) : false;
		log_info("the server does not allow output plugin %s; trying %s", choice[0], choice[1]);
	}
	return false;
}

static bool
open_snapshot(Work *work, const char *snapshot, Problem *problem)
{
	char		sql[120];

	if (!postgres_open(work->given->options, "reconcile", NULL, &work->connection, problem))
		return false;
	snprintf(sql, sizeof sql, "SET TRANSACTION SNAPSHOT '%s'", snapshot);
	return command(work, problem, "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE") && command(work, problem, sql) &&
		command(work, problem, "CREATE TEMPORARY TABLE oms_bridge_published (topic integer NOT NULL, sequence bigint NOT NULL, hash text NOT NULL) ON COMMIT DROP");
}

/* --- what Kafka has --- */

static bool
send_copy(Work *work, Problem *problem)
{
	if (work->copy.len > 0 && PQputCopyData(work->connection, work->copy.data, (int) work->copy.len) <= 0)
		return postgres_problem(work->connection, NULL, "cannot hand over what Kafka has", problem);
	text_clear(&work->copy);
	return true;
}

static bool
found_event(void *arg, int topic, int64_t sequence, Span hash, Problem *problem)
{
	Work	   *work = arg;
	size_t		plain = 0;

	/* anything but hex digits is no hash of ours, and must not be taken for the end of a line */
	while (plain < hash.len && strchr("0123456789abcdef", hash.data[plain]) != NULL && hash.data[plain] != '\0')
		plain++;
	text_printf(&work->copy, "%d\t%lld\t%.*s\n", topic, (long long) sequence, plain == hash.len ? (int) hash.len : 0, hash.data);
	work->found++;
	return work->copy.len < COPY_BUFFER || send_copy(work, problem);
}

static bool
read_back(Work *work, Problem *problem)
{
	Reconciliation *given = work->given;
	const Offsets *from = given->plan->full ? NULL : &given->position->horizon.offsets;
	PGresult   *result = postgres_exec(work->connection, "COPY pg_temp.oms_bridge_published FROM STDIN");
	bool		lost = false;
	bool		fine = PQresultStatus(result) == PGRES_COPY_IN;

	if (!fine)
		postgres_problem(work->connection, result, "cannot hand over what Kafka has", problem);
	PQclear(result);
	if (!fine)
		return false;
	fine = given->sink->scan(given->sink, from, found_event, work, &lost, problem) && send_copy(work, problem);
	if (PQputCopyEnd(work->connection, fine ? NULL : "reading Kafka failed") <= 0 && fine)
		fine = postgres_problem(work->connection, NULL, "cannot hand over what Kafka has", problem);
	result = postgres_wait(work->connection);
	if (fine && PQresultStatus(result) != PGRES_COMMAND_OK)
		fine = postgres_problem(work->connection, result, "cannot hand over what Kafka has", problem);
	PQclear(result);
	if (fine && lost && !given->plan->full)
		fine = problem_set(problem, REMEDY_STOP,
						   "Events published long ago would be published again. If consumers drop repeats by the id header, start once with --bootstrap; longer retention prevents this.",
						   "Kafka no longer has the records since the last horizon: the retention of an event topic is shorter than the bridge was away");
	return fine && command(work, problem, "CREATE INDEX ON pg_temp.oms_bridge_published (sequence)") &&
		command(work, problem, "ANALYZE pg_temp.oms_bridge_published");
}

/* --- what Kafka has and the tables have not --- */

/* One SELECT for each event table that exists, joined by UNION ALL: the numbers of the table and of its topic, then columns and FROM as given. */
static void
each_table(const Work *work, Text *sql, const char *columns_from, const char *where)
{
	const char *between = "";

	for (int t = 0; t < EVENT_TABLES; t++)
	{
		if (!work->given->tables[t])
			continue;
		text_printf(sql, "%sSELECT %d AS event_table, %d AS topic%s%s%s", between, t, event_topic(event_tables, t), columns_from, event_tables[t].table, where);
		between = " UNION ALL ";
	}
}

static bool
check_divergence(Work *work, Problem *problem)
{
	Text		sql = {0};
	PGresult   *result;
	bool		fine;

	text_puts(&sql, "SELECT count(*), (pg_catalog.array_agg(p.sequence ORDER BY p.sequence))[1:10]"
			  " FROM (SELECT p.sequence FROM pg_temp.oms_bridge_published p WHERE NOT EXISTS (SELECT FROM (");
	each_table(work, &sql, ", sequence, hash FROM oms.", "");
	text_puts(&sql, ") AS e WHERE e.sequence = p.sequence AND e.topic = p.topic AND (p.hash = '' OR pg_catalog.encode(e.hash, 'hex') = p.hash))");
	text_puts(&sql, " OFFSET 0) AS p");	/* few are left: only they are asked about further */
	/*
	 * What was purged is gone from the tables for good. Of a whole comparison only that counts which no purge explains: what is newer
	 * than all of the tables, and a number that the tables give to another event.
	 */
	if (work->given->plan->full)
	{
		text_puts(&sql, " WHERE p.sequence > (SELECT coalesce(max(sequence), 0) FROM (");
		each_table(work, &sql, ", max(sequence) AS sequence FROM oms.", "");
		text_puts(&sql, ") AS newest) OR EXISTS (SELECT FROM (");
		each_table(work, &sql, ", sequence FROM oms.", "");
		text_puts(&sql, ") AS other WHERE other.sequence = p.sequence)");
	}
	result = postgres_query(work->connection, problem, sql.data, 0, NULL);
	text_free(&sql);
	fine = result != NULL;
	if (fine && strcmp(PQgetvalue(result, 0, 0), "0") != 0)
	{
		problem_set(problem, REMEDY_STOP,
					"They were lost in a failover or a restore: consumers know of events that never happened here. gate.standbys prevents this. "
					"Tell the consumers, then start once with --accept-divergence.",
					"Kafka holds %s events that the event tables do not; their ids: %s", PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
		fine = work->given->options->accept_divergence;
		if (fine)
			log_warning("going on (accept.divergence): %s", problem->text);
	}
	PQclear(result);
	return fine;
}

/* --- what the tables have and Kafka has not --- */

static bool
declare_missing(Work *work, Problem *problem)
{
	const Horizon *horizon = &work->given->position->horizon;
	Text		sql = {0};
	Text		where = {0};
	bool		fine;

	if (!work->given->plan->full)
		text_printf(&where, " WHERE sequence > %lld AND xid >= '%llu'::pg_catalog.xid8", (long long) horizon->sequence, (unsigned long long) horizon->xid);
	text_puts(&sql, "DECLARE missing NO SCROLL CURSOR FOR SELECT event_table, sequence, root_id, event_type, pg_catalog.encode(hash, 'hex'), payload FROM (");
	each_table(work, &sql, ", sequence, root_id, event_type, hash, payload FROM oms.", where.len > 0 ? where.data : "");
	text_puts(&sql, ") AS e WHERE NOT EXISTS (SELECT FROM pg_temp.oms_bridge_published p WHERE p.sequence = e.sequence AND p.topic = e.topic"
			  " AND (p.hash = '' OR p.hash = pg_catalog.encode(e.hash, 'hex'))) ORDER BY sequence");
	fine = command(work, problem, sql.data);
	text_free(&sql);
	text_free(&where);
	return fine;
}

static Span
value_span(const PGresult *result, int row, int column)
{
	return (Span) {PQgetvalue(result, row, column), (size_t) PQgetlength(result, row, column)};
}

/* Still the one that holds the lock, and not asked to stop? */
static bool
still_wanted(Work *work, Problem *problem)
{
	PGconn	   *control = work->given->control;

	if (signals_stop())
		return problem_set(problem, REMEDY_RETRY, NULL, "stopped during the reconciliation; the next start goes on with it");
	if (!PQconsumeInput(control) || PQstatus(control) != CONNECTION_OK)
		return problem_set(problem, REMEDY_RETRY, NULL, "lost the connection that holds the pipeline's lock");
	return true;
}

/* What leaves has to be where the named standbys are: all that the snapshot shows was committed before consistent. */
static bool
wait_for_standbys(Work *work, Lsn consistent, Problem *problem)
{
	const Options *options = work->given->options;
	Lsn			flushed = LSN_NONE;

	while (options->gate_standbys[0] != '\0' && flushed < consistent)
	{
		if (!still_wanted(work, problem) || !postgres_gate(work->given->control, options->gate_standbys, &flushed, problem))
			return false;
		if (flushed < consistent)
			poll(NULL, 0, GATE_LOOK_MS);
	}
	return true;
}

/* The sink has failed with them: it is closed before they go. */
static void
leave_batch(Work *work, size_t count)
{
	work->given->left = must_alloc(count * sizeof(Event *));
	memcpy(work->given->left, work->batch, count * sizeof(Event *));
	work->given->left_count = count;
}

static bool
publish(Work *work, size_t count, Problem *problem)
{
	Reconciliation *given = work->given;
	Sink	   *sink = given->sink;

	given->acked = 0;
	given->position->written_us = wall_us();
	sink->offsets(sink, &given->position->offsets);
	if (!sink->publish(sink, work->batch, count, given->position, problem))
		return false;
	while (!sink->transactional && given->acked < count)
		if (!still_wanted(work, problem) || !sink->poll(sink, 100, problem))
			return false;
	for (size_t i = 0; i < count; i++)
		if (work->batch[i]->refused == NULL)
			metric_add_table(METRIC_EVENTS, work->batch[i]->table, 1);
	metric_add(METRIC_RECONCILED_EVENTS, (int64_t) count);
	work->published += count;
	health_progress();
	return true;
}

/* As many as a batch may have bytes, by the largest of those that came. */
static size_t
next_rows(const Work *work, size_t count)
{
	size_t		largest = 1;
	size_t		rows;

	for (size_t i = 0; i < count; i++)
		if (event_size(work->batch[i]) > largest)
			largest = event_size(work->batch[i]);
	rows = (size_t) work->given->options->batch_max_bytes / largest;
	return rows < 1 ? 1 : rows > FETCH_ROWS ? FETCH_ROWS : rows;
}

static bool
publish_missing(Work *work, Problem *problem)
{
	char		fetch[40];
	size_t		rows = FETCH_ROWS_FIRST;
	size_t		count;
	size_t		asked;
	bool		fine;

	do
	{
		PGresult   *result;

		asked = rows;
		snprintf(fetch, sizeof fetch, "FETCH %zu FROM missing", asked);
		result = still_wanted(work, problem) ? postgres_query(work->connection, problem, fetch, 0, NULL) : NULL;
		if (result == NULL)
			return false;
		count = (size_t) PQntuples(result);
		for (size_t i = 0; i < count; i++)
			work->batch[i] = event_new(atoi(PQgetvalue(result, (int) i, 0)), strtoll(PQgetvalue(result, (int) i, 1), NULL, 10),
									   value_span(result, (int) i, 2), value_span(result, (int) i, 3), value_span(result, (int) i, 4),
									   value_span(result, (int) i, 5));
		PQclear(result);
		rows = next_rows(work, count);
		fine = count == 0 || publish(work, count, problem);
		if (!fine)
		{
			leave_batch(work, count);
			return false;
		}
		for (size_t i = 0; i < count; i++)
			free(work->batch[i]);
	} while (fine && count == asked);
	return fine;
}

/* --- the whole --- */

static bool
write_position(Work *work, Problem *problem)
{
	Reconciliation *given = work->given;
	Sink	   *sink = given->sink;

	given->position->written_us = wall_us();
	sink->offsets(sink, &given->position->offsets);
	if (sink->transactional)
		return sink->publish(sink, NULL, 0, given->position, problem);
	given->recorded = 0;
	if (!sink->record(sink, given->position, problem))
		return false;
	while (given->recorded == 0)
		if (!still_wanted(work, problem) || !sink->poll(sink, 100, problem))
			return false;
	return true;
}

/*
 * After a whole comparison everything that the snapshot shows is published (or left out for good), so it is a horizon. Where in the
 * topics the others begin is not known: from the beginning. A better one comes within seconds.
 */
static bool
set_horizon(Work *work, Lsn consistent, Problem *problem)
{
	Horizon    *horizon = &work->given->position->horizon;
	PGresult   *result = postgres_query(work->connection, problem, "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())", 0, NULL);
	int			partitions[EVENT_TABLES];

	if (result == NULL)
		return false;
	work->given->sink->partitions(work->given->sink, partitions);
	offsets_free(&horizon->offsets);
	offsets_init(&horizon->offsets, partitions);
	horizon->xid = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
	horizon->sequence = 0;
	horizon->lsn = consistent;
	PQclear(result);
	return true;
}

/* Without one nobody leans on a history that may not be this server's. */
static void
no_horizon(Horizon *horizon)
{
	Offsets		offsets = horizon->offsets;

	*horizon = (Horizon) {.offsets = offsets};
	for (int t = 0; t < EVENT_TABLES; t++)
		for (int p = 0; p < offsets.partitions[t]; p++)
			offsets.next[t][p] = 0;
}

static bool
compare_and_publish(Work *work, Problem *problem)
{
	Reconciliation *given = work->given;
	Lsn			consistent = LSN_NONE;
	char		snapshot[64];
	char		lsn[LSN_TEXT_SIZE];

	/* said before anything is published or the old slot goes: whoever comes after a crash compares again, and as much */
	given->position->reconciling = true;
	if (given->plan->full)
		no_horizon(&given->position->horizon);
	if (!write_position(work, problem))
		return false;
	signals_doing("comparing Kafka with the event tables", true);
	if (!create_slot(work, &consistent, snapshot, problem) || !open_snapshot(work, snapshot, problem) ||
		!read_back(work, problem))
		return false;
	log_info("reconciling: replication slot \"%s\" made with %s at %s; %zu events read back from Kafka", given->options->slot,
			 given->decoder->plugin, lsn_text(consistent, lsn), work->found);
	if (!check_divergence(work, problem))
		return false;
	signals_doing("publishing from the event tables", false);
	if (given->plan->first && given->options->start_now)
		log_info("reconciling: start = now, the events before %s are left out", lsn_text(consistent, lsn));
	else if (!declare_missing(work, problem) || !wait_for_standbys(work, consistent, problem) || !publish_missing(work, problem))
		return false;
	if (given->plan->full && !set_horizon(work, consistent, problem))
		return false;
	given->position->reconciling = false;
	given->position->place = (Place) {.end_lsn = consistent};
	snprintf(given->position->plugin, sizeof given->position->plugin, "%s", given->decoder->plugin);
	snprintf(given->position->sysid, sizeof given->position->sysid, "%s", given->identity->sysid);
	snprintf(given->position->database, sizeof given->position->database, "%s", given->identity->database);
	given->position->timeline = given->identity->timeline;
	return write_position(work, problem) && command(work, problem, "COMMIT");
}

bool
reconcile(Reconciliation *given, Problem *problem)
{
	Work		work = {.given = given};
	bool		fine;

	health_set(HEALTH_RECONCILING, given->plan->reason);
	metric_add(METRIC_RECONCILES, 1);
	if (given->plan->first)
		log_info("comparing Kafka with the event tables: %s", given->plan->reason);
	else
		log_warning("reconciling Kafka with the event tables: %s", given->plan->reason);
	fine = compare_and_publish(&work, problem);
	if (fine)
		log_info("reconciled: %zu events published from the event tables", work.published);
	text_free(&work.copy);
	PQfinish(work.connection);
	return fine;
}
