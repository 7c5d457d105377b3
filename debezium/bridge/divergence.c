/*
 * debezium/bridge/divergence.c
 *     What Kafka has and the event tables have not: events of a history that a failover or a restore has lost.
 */
#include <stdlib.h>
#include <string.h>

#include "divergence.h"
#include "log.h"
#include "tables.h"

/* What Kafka holds of a history that was lost: FROM what, as p. */
static void
divergence_strangers(const Reconciliation *given, Text *sql)
{
	const bool *tables = given->tables;
	const char *not_purged = tables_not_purged(tables);

	text_puts(sql, " FROM (SELECT p.topic, p.partition, p.sequence, p.counts FROM pg_temp.oms_bridge_published p WHERE NOT EXISTS (SELECT FROM (");
	tables_select(tables, sql, ", sequence, hash FROM oms.", "");
	text_puts(sql, ") AS e WHERE e.sequence = p.sequence AND e.topic = p.topic AND (p.hash = '' OR pg_catalog.encode(e.hash, 'hex') = p.hash))");
	text_printf(sql, " OFFSET 0) AS p WHERE true%s", not_purged);	/* few are left: only they are asked about further */
	/*
	 * Of a store that cannot say what was purged, whose tables somebody may have purged by other means, only that counts in a whole comparison
	 * which no purge explains: what is newer than all of the tables, and a number that the tables give to another event.
	 */
	if (given->plan->full && not_purged[0] == '\0')
	{
		text_puts(sql, " AND (p.sequence > (SELECT coalesce(max(sequence), 0) FROM (");
		tables_select(tables, sql, ", max(sequence) AS sequence FROM oms.", "");
		text_puts(sql, ") AS newest) OR EXISTS (SELECT FROM (");
		tables_select(tables, sql, ", sequence FROM oms.", "");
		text_puts(sql, ") AS other WHERE other.sequence = p.sequence))");
	}
}

/*
 * Where an operator has accepted, now or before, that Kafka holds events of a lost history: from which number on the present one may give numbers out again.
 * Not from the lowest lost one that is there, for retention may have taken lower ones: behind the highest that is there and in the tables.
 */
static bool
divergence_find_again(const Reconciliation *given, PGconn *connection, Kept *kept, bool now, Problem *problem)
{
	Text		sql = {0};
	PGresult   *result;

	if (!kept_accepted(kept, &given->position->accepted))
		return true;
	text_printf(&sql, "SELECT p.sequence + 1 FROM pg_temp.oms_bridge_published p WHERE p.partition <> %d%s AND EXISTS (SELECT FROM (", NOWHERE,
				now ? "" : " AND NOT p.counts");
	tables_select(given->tables, &sql, ", sequence, hash FROM oms.", "");
	text_puts(&sql, ") AS e WHERE e.sequence = p.sequence AND e.topic = p.topic AND pg_catalog.encode(e.hash, 'hex') = p.hash) ORDER BY p.sequence DESC LIMIT 1");
	result = pg_query(connection, problem, sql.data, 0, NULL);
	text_free(&sql);
	if (result != NULL)
		kept->again = PQntuples(result) > 0 ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
	PQclear(result);
	return result != NULL;
}

bool
divergence_check(Reconciliation *given, PGconn *connection, Kept *kept, Problem *problem)
{
	Text		sql = {0};
	PGresult   *result;
	bool		accepted = false;
	bool		fine;

	text_puts(&sql, "SELECT count(*), (pg_catalog.array_agg(p.sequence ORDER BY p.sequence))[1:10]");
	divergence_strangers(given, &sql);
	text_puts(&sql, " AND p.counts");
	result = pg_query(connection, problem, sql.data, 0, NULL);
	text_free(&sql);
	fine = result != NULL;
	if (fine && strcmp(PQgetvalue(result, 0, 0), "0") != 0)
	{
		problem_set(problem, REMEDY_STOP,
					"They were lost in a failover or a restore: consumers know of events that never happened here. gate.standbys prevents this. "
					"Tell the consumers, then start once with --accept-divergence.",
					"Kafka holds %s events that the event tables do not; their ids: %s", PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
		fine = accepted = given->options->accept_divergence;
		if (fine)
		{
			log_warning("going on (accept.divergence): %s", problem->text);
			given->sink->offsets(given->sink, &given->position->accepted);
		}
	}
	PQclear(result);
	return fine && divergence_find_again(given, connection, kept, accepted, problem);
}
