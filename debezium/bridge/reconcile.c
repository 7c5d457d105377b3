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

#include "divergence.h"
#include "floor.h"
#include "horizon.h"
#include "log.h"
#include "metrics.h"
#include "reconcile.h"
#include "retention.h"
#include "signals.h"
#include "tables.h"

#define COPY_BUFFER 65536
#define GATE_LOOK_MS 50

typedef struct Work
{
	Reconciliation *given;
	PGconn	   *connection;		/* the transaction in the exported snapshot */
	Text		copy;
	size_t		found;			/* in Kafka */
	Kept		kept;			/* of what is compared */
	Event	  **batch;
	size_t		count;
	size_t		room;
	size_t		bytes;
	size_t		published;
	size_t		left_out;		/* retention has removed them */
	bool		left_young;		/* one of them, of a transaction that is younger than one that runs still */
	size_t		doubtful;		/* it may have */
	int64_t		first_doubtful;
} Work;

static bool
command(Work *work, Problem *problem, const char *sql)
{
	PGresult   *result = pg_query(work->connection, problem, sql, 0, NULL);

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
	/* that of before: of a slot that an operator made, or of the position */
	const char *before = given->slot->exists ? given->slot->plugin : given->position->plugin;
	bool		automatic = options->plugin == PLUGIN_AUTO;
	const char *plugin = options->plugin == PLUGIN_WAL2JSON || (automatic && strcmp(before, "wal2json") == 0) ? "wal2json" : "pgoutput";

	if (given->slot->exists && !replication_drop_slot(given->replication, options->slot, problem))
		return false;
	for (;;)
	{
		bool		refused = false;

		given->decoder = decoder_class(plugin);
		given->position->publication[0] = '\0';
		if (strcmp(plugin, "pgoutput") == 0 && !postgres_publication(given->control, options, given->position->publication, problem))
			return false;
		if (replication_create_slot(given->replication, given->control, postgres_tell, options->slot, false, plugin, consistent, snapshot, &refused, problem))
			return true;
		if (!refused || !automatic || strcmp(plugin, "pgoutput") == 0)
			return refused ? plugin_refused(work, plugin, problem) : false;
		log_info("the server does not allow output plugin %s; going on with pgoutput", plugin);
		plugin = "pgoutput";
	}
}

static bool
open_snapshot(Work *work, const char *snapshot, Problem *problem)
{
	PgLogin		login = postgres_login(work->given->options, "reconcile");
	char		sql[120];

	if (!pg_open(&login, NULL, &work->connection, problem))
		return false;
	snprintf(sql, sizeof sql, "SET TRANSACTION SNAPSHOT '%s'", snapshot);
	return command(work, problem, "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE") && command(work, problem, sql) &&
		command(work, problem, "CREATE TEMPORARY TABLE oms_bridge_published (topic integer NOT NULL, partition integer NOT NULL, sequence bigint NOT NULL, hash text NOT NULL, counts boolean NOT NULL) ON COMMIT DROP");
}

/* --- what Kafka has --- */

static bool
send_copy(Work *work, Problem *problem)
{
	if (work->copy.len > 0 && PQputCopyData(work->connection, work->copy.data, (int) work->copy.len) <= 0)
		return pg_problem(work->connection, NULL, "cannot hand over what Kafka has", problem);
	text_clear(&work->copy);
	return true;
}

static bool
found_event(void *arg, const Found *found, Problem *problem)
{
	Work	   *work = arg;

	const Offsets *accepted = &work->given->position->accepted;
	/* as an event that should be in the tables: no dead letter, and none that an operator knows to be in no table */
	bool		counts = !found->dead && found->offset >= accepted->next[found->topic][found->partition];

	/* anything but hex digits is no hash of ours, and must not be taken for the end of a line */
	text_printf(&work->copy, "%d\t%d\t%lld\t%.*s\t%c\n", found->topic, found->dead ? NOWHERE : found->partition, (long long) found->sequence, known_hash(found->hash), found->hash.data, counts ? 't' : 'f');
	work->found++;
	if (!found->dead)
		kept_found(&work->kept, found->topic, found->partition, found->offset, found->sequence);
	return work->copy.len < COPY_BUFFER || send_copy(work, problem);
}

/* Where the comparison begins; NULL: at the beginning. */
static const Offsets *
begin_of(const Work *work)
{
	return work->given->plan->full ? NULL : &work->given->position->horizon.offsets;
}

static bool
read_back(Work *work, Problem *problem)
{
	Reconciliation *given = work->given;
	PGresult   *result = pg_exec(work->connection, "COPY pg_temp.oms_bridge_published FROM STDIN");
	bool		fine = PQresultStatus(result) == PGRES_COPY_IN;
	int			partitions[EVENT_TABLES];

	if (!fine)
		pg_problem(work->connection, result, "cannot hand over what Kafka has", problem);
	PQclear(result);
	if (!fine)
		return false;
	given->sink->partitions(given->sink, partitions);
	kept_init(&work->kept, partitions);
	fine = given->sink->scan(given->sink, begin_of(work), true, found_event, work, &work->kept.low, problem) && send_copy(work, problem);
	if (PQputCopyEnd(work->connection, fine ? NULL : "reading Kafka failed") <= 0 && fine)
		fine = pg_problem(work->connection, NULL, "cannot hand over what Kafka has", problem);
	result = pg_wait(work->connection);
	if (fine && PQresultStatus(result) != PGRES_COMMAND_OK)
		fine = pg_problem(work->connection, result, "cannot hand over what Kafka has", problem);
	PQclear(result);
	return fine && command(work, problem, "CREATE INDEX ON pg_temp.oms_bridge_published (sequence)") &&
		command(work, problem, "ANALYZE pg_temp.oms_bridge_published");
}

/* --- what the tables have and Kafka has not --- */

/* Where a comparison of everything began it is not what is compared from, but what is above of it stands behind it still. */
static const Horizon *
known_horizon(const Work *work)
{
	const Position *position = work->given->position;
	const Horizon *horizon = work->given->plan->full ? &position->earlier : &position->horizon;

	return horizon->xid != 0 ? horizon : NULL;
}

static bool
select_missing(Work *work, Problem *problem)
{
	const Horizon *known = known_horizon(work);
	const Floor *floor = &work->given->position->floor;
	Text		sql = {0};
	Text		above = {0};
	Text		where = {0};
	bool		fine;

	text_puts(&above, "false");
	if (known != NULL)
	{
		text_clear(&above);
		text_printf(&above, "sequence > %lld AND xid >= '%llu'::pg_catalog.xid8", (long long) known->sequence, (unsigned long long) known->xid);
	}
	text_printf(&where, " WHERE %s", work->given->plan->full ? "true" : above.data);
	if (floor->sequence > 0)
		text_printf(&where, " AND NOT (sequence <= %lld", (long long) floor->sequence);
	if (floor->snapshot[0] != '\0')
		text_printf(&where, " AND pg_catalog.pg_visible_in_snapshot(xid, '%s')", floor->snapshot);
	text_puts(&where, floor->sequence > 0 ? ")" : "");
	text_printf(&sql, "SELECT event_table, sequence, root_id, event_type, pg_catalog.encode(hash, 'hex'), payload, %s,"
				" xid >= pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()) FROM (", above.data);
	tables_select(work->given->tables, &sql, ", sequence, root_id, event_type, hash, payload, xid FROM oms.", where.data);
	text_puts(&sql, ") AS e WHERE NOT EXISTS (SELECT FROM pg_temp.oms_bridge_published p WHERE p.sequence = e.sequence AND p.topic = e.topic"
			  " AND (p.hash = '' OR p.hash = pg_catalog.encode(e.hash, 'hex'))) ORDER BY sequence");
	/* row by row: a result as a whole, of events as large as they like, would have to fit into memory */
	fine = (PQsendQuery(work->connection, sql.data) && PQsetSingleRowMode(work->connection)) ||
		pg_problem(work->connection, NULL, "cannot ask for the events that Kafka has not", problem);
	text_free(&sql);
	text_free(&above);
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

	signals_alive();
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

/* The batch. When the sink fails with it, it is closed before the events go. */
static bool
publish(Work *work, Problem *problem)
{
	Reconciliation *given = work->given;
	Sink	   *sink = given->sink;

	if (work->count == 0)
		return true;
	given->acked = 0;
	given->position->written_us = wall_us();
	sink->offsets(sink, &given->position->offsets);
	position_last(given->position, work->batch[work->count - 1]);
	if (!sink->publish(sink, work->batch, work->count, given->position, problem))
		return false;
	while (!sink->transactional && given->acked < work->count)
		if (!still_wanted(work, problem) || !sink->poll(sink, 100, problem))
			return false;
	for (size_t i = 0; i < work->count; i++)
	{
		if (work->batch[i]->refused == NULL)
			metric_add_table(METRIC_EVENTS, work->batch[i]->table, 1);
		free(work->batch[i]);
	}
	metric_add(METRIC_RECONCILED_EVENTS, (int64_t) work->count);
	work->published += work->count;
	work->count = work->bytes = 0;
	health_progress();
	return true;
}

/* Kafka does not hold it: is that because nobody ever published it? */
static bool
is_missing(Work *work, const Event *event, bool above, bool young)
{
	Reconciliation *given = work->given;
	const Offsets *begin = above ? &known_horizon(work)->offsets : NULL;
	int			partition = given->sink->partition(given->sink, event->topic, event_key(event));
	KeptAnswer	answer = given->plan->told ? KEPT_MISSING : kept_answer(&work->kept, &given->position->accepted, begin, event->topic, partition, event->sequence);

	if (answer == KEPT_REMOVED)
	{
		work->left_out++;
		work->left_young |= young;
	}
	else if (answer == KEPT_UNKNOWN && work->doubtful++ == 0)
		work->first_doubtful = event->sequence;
	return answer == KEPT_MISSING;
}

/* A row, which may be the one that fills the batch. */
static bool
take_row(Work *work, const PGresult *result, Problem *problem)
{
	const Options *options = work->given->options;
	Event	   *event = event_new(atoi(PQgetvalue(result, 0, 0)), strtoll(PQgetvalue(result, 0, 1), NULL, 10),
								  value_span(result, 0, 2), value_span(result, 0, 3), value_span(result, 0, 4), value_span(result, 0, 5));

	/* when one is in doubt the rest is only counted */
	if (!is_missing(work, event, *PQgetvalue(result, 0, 6) == 't', *PQgetvalue(result, 0, 7) == 't') || work->doubtful > 0)
	{
		free(event);
		return true;
	}
	if (work->count == work->room)
	{
		work->room = work->room * 2 + 64;
		work->batch = must_realloc(work->batch, work->room * sizeof *work->batch);
	}
	work->batch[work->count++] = event;
	work->bytes += event_size(event);
	return (work->count < (size_t) options->batch_max_rows && work->bytes < (size_t) options->batch_max_bytes) || publish(work, problem);
}

/* The next row; NULL with fine: there is none any more. */
static PGresult *
next_row(Work *work, bool *fine, Problem *problem)
{
	PGconn	   *connection = work->connection;
	PGresult   *result;

	while ((*fine = still_wanted(work, problem)) && PQisBusy(connection))
	{
		struct pollfd fd = {.fd = PQsocket(connection), .events = POLLIN};

		if (poll(&fd, 1, 200) > 0 && !PQconsumeInput(connection))
			break;				/* the result says why */
	}
	if (!*fine)
		return NULL;
	result = PQgetResult(connection);
	if (result != NULL && PQresultStatus(result) == PGRES_SINGLE_TUPLE)
		return result;
	*fine = PQresultStatus(result) == PGRES_TUPLES_OK || pg_problem(connection, result, "cannot read the events that Kafka has not", problem);
	PQclear(result);
	/* behind the last row comes a result without any, and then none */
	if (*fine)
		PQclear(PQgetResult(connection));
	return NULL;
}

static bool
publish_missing(Work *work, Problem *problem)
{
	PGresult   *row;
	bool		fine = select_missing(work, problem);

	while (fine && (row = next_row(work, &fine, problem)) != NULL)
	{
		fine = take_row(work, row, problem);
		PQclear(row);
	}
	if (fine && work->left_out > 0)
		log_info("reconciling: %zu events that are older than what Kafka still holds are left out: retention has removed them", work->left_out);
	if (fine && work->doubtful > 0)
		return problem_set(problem, REMEDY_STOP,
						   "Look up in a consumer which of them it has, then start once with --bootstrap and start = the sequence of the first event that is missing: "
						   "what Kafka does not hold from there on is published, what is before is left out.",
						   "%zu events, the first %lld, would be published that may have been published long ago: "
						   "retention has removed the records of their partitions that would tell", work->doubtful, (long long) work->first_doubtful);
	return fine && publish(work, problem);
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

static void
no_horizon(Horizon *horizon)
{
	Offsets		offsets = horizon->offsets;

	*horizon = (Horizon) {.offsets = offsets};
	for (int t = 0; t < EVENT_TABLES; t++)
		for (int p = 0; p < offsets.partitions[t]; p++)
			offsets.next[t][p] = 0;
}

/*
 * After a whole comparison everything that the snapshot shows is published (or left out for good), so it is a horizon. Where in the
 * topics the others begin is not known: from where the topics began. A better one comes within seconds. Of what was left out since retention
 * has removed it, and is not older than all that runs, that is not true: then there is none.
 */
static bool
set_horizon(Work *work, Lsn consistent, Problem *problem)
{
	Horizon    *horizon = &work->given->position->horizon;
	PGresult   *result = pg_query(work->connection, problem, "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())", 0, NULL);

	if (result == NULL)
		return false;
	no_horizon(&work->given->position->earlier);
	if (work->left_young)
	{
		PQclear(result);
		return true;
	}
	offsets_copy(&horizon->offsets, &work->kept.low);
	horizon->xid = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
	horizon->sequence = 0;
	horizon->lsn = consistent;
	PQclear(result);
	return true;
}

/*
 * Without one nobody leans on a history that may not be this server's. What it says of offsets is true of any history of this cluster: it is kept until
 * all is compared, also by those who come after a crash.
 */
static void
set_horizon_aside(Position *position, const ServerIdentity *identity)
{
	if (position->horizon.xid != 0)
		horizon_copy(&position->earlier, &position->horizon);
	if (strcmp(position->sysid, identity->sysid) != 0 || strcmp(position->database, identity->database) != 0)
		no_horizon(&position->earlier);
	no_horizon(&position->horizon);
}

static bool
look_at_floor(Work *work, Problem *problem)
{
	const Reconciliation *given = work->given;
	Floor	   *floor = &given->position->floor;

	if (!given->plan->first && !given->plan->told)
		return floor_check(floor, work->connection, given->tables, problem);
	return floor_set(floor, work->connection, given->tables, options_start(given->options), problem);
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
	given->position->last_id = 0;
	if (given->plan->full)
		set_horizon_aside(given->position, given->identity);
	if (!write_position(work, problem))
		return false;
	signals_doing("comparing Kafka with the event tables", true);
	if (!create_slot(work, &consistent, snapshot, problem) || !open_snapshot(work, snapshot, problem) ||
		!read_back(work, problem))
		return false;
	log_info("reconciling: replication slot \"%s\" made with %s at %s; %zu events read back from Kafka", given->options->slot,
			 given->decoder->plugin, lsn_text(consistent, lsn), work->found);
	/* what an operator has accepted once is accepted, whatever comes next */
	if (!divergence_check(given, work->connection, &work->kept, problem) || !write_position(work, problem))
		return false;
	signals_doing("publishing from the event tables", false);
	if (!look_at_floor(work, problem) || !wait_for_standbys(work, consistent, problem) || !publish_missing(work, problem))
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
	given->left = work.batch;
	given->left_count = work.count;
	kept_free(&work.kept);
	text_free(&work.copy);
	PQfinish(work.connection);
	return fine;
}
