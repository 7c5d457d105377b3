/*
 * debezium/bridge/floor.c
 *     What a start leaves out for good. Reads only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor.h"
#include "log.h"

/* In the transaction that sees what was before the slot: what comes after is not left out. */
bool
floor_set(Floor *floor, PGconn *connection, const bool *tables, int64_t start, Problem *problem)
{
	Text		sql = {0};
	Text		where = {0};
	PGresult   *result;

	*floor = (Floor) {0};
	if (start == 0)
		return true;
	text_puts(&where, "");
	if (start > 0)
		text_printf(&where, " WHERE sequence < %lld", (long long) start);
	text_puts(&sql, "SELECT e.sequence, pg_catalog.encode(e.hash, 'hex'), s, pg_catalog.pg_snapshot_xmin(s) FROM (");
	tables_select(tables, &sql, ", sequence, hash FROM oms.", where.data);
	text_puts(&sql, ") AS e, pg_catalog.pg_current_snapshot() AS s ORDER BY e.sequence DESC LIMIT 1");
	result = pg_query(connection, problem, sql.data, 0, NULL);
	text_free(&sql);
	text_free(&where);
	if (result != NULL && PQntuples(result) > 0)
	{
		floor->sequence = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
		snprintf(floor->hash, sizeof floor->hash, "%s", PQgetvalue(result, 0, 1));
		/* that of very many transactions is cut down to what is older than all of them */
		if (start < 0 && PQgetlength(result, 0, 2) < (int) sizeof floor->snapshot)
			snprintf(floor->snapshot, sizeof floor->snapshot, "%s", PQgetvalue(result, 0, 2));
		else if (start < 0)
			snprintf(floor->snapshot, sizeof floor->snapshot, "%s:%s:", PQgetvalue(result, 0, 3), PQgetvalue(result, 0, 3));
	}
	if (result != NULL && start < 0)
		log_info("reconciling: start = now, what is committed is left out");
	PQclear(result);
	return result != NULL;
}

/* Of a history that has parted from that one before, numbers up to there are of other events, which nobody has left out. */
bool
floor_check(const Floor *floor, PGconn *connection, const bool *tables, Problem *problem)
{
	Known		known = {0};
	char		apart[240] = "";
	bool		fine;

	if (floor->sequence == 0 || floor->hash[0] == '\0')
		return true;
	known_add(&known, floor->sequence, (Span) {floor->hash, strlen(floor->hash)});
	fine = known_check(&known, connection, tables, apart, sizeof apart, problem);
	known_free(&known);
	if (!fine || apart[0] == '\0')
		return fine;
	return problem_set(problem, REMEDY_STOP, "Start once with --bootstrap and start = the sequence of the first event to publish (1: all of them).",
					   "the event %lld is not in the event tables: they were restored to a moment before a start left out what was up to it, and which of "
					   "their events are to be published is not known any more", (long long) floor->sequence);
}
