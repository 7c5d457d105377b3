/*
 * debezium/bridge/tables.c
 *     What the event tables say of events that Kafka holds.
 *
 * An event is known again by its sequence and its hash: numbers are given out again by a history that knows nothing of the other,
 * hashes are not. Reads only.
 */
#include <poll.h>
#include <string.h>

#include "tables.h"
#include "signals.h"

/* A commit leaves for Kafka before others see it: a moment, or as long as it waits for a synchronous standby. */
#define VISIBLE_LOOKS 15
#define VISIBLE_LOOK_MS 200

void
tables_select(const bool *tables, Text *sql, const char *columns_from, const char *where)
{
	const char *between = "";

	for (int t = 0; t < EVENT_TABLES; t++)
	{
		if (!tables[t])
			continue;
		text_printf(sql, "%sSELECT %d AS event_table, %d AS topic%s%s%s", between, t, event_topic(event_tables, t), columns_from, event_tables[t].table, where);
		between = " UNION ALL ";
	}
}

/*
 * What was purged is gone from the tables for good. Only what was confirmed long ago is; so what a failover or a restore has lost has a higher
 * number than all that was ever purged.
 */
const char *
tables_not_purged(const bool *tables)
{
	bool		trees = false;
	bool		configuration = false;

	for (int t = 0; t < EVENT_TABLES; t++)
	{
		trees |= tables[t] && strcmp(event_tables[t].table, "purged_trees") == 0;
		configuration |= tables[t] && strcmp(event_tables[t].table, "purged_configuration") == 0;
	}
	/* a store of before has the first alone */
	if (configuration)
		return " AND p.sequence > greatest((SELECT coalesce(max(t.last_sequence), 0) FROM oms.purged_trees AS t), (SELECT coalesce(max(c.last_sequence), 0) FROM oms.purged_configuration AS c))";
	return trees ? " AND p.sequence > (SELECT coalesce(max(t.last_sequence), 0) FROM oms.purged_trees AS t)" : "";
}

int
known_hash(Span hash)
{
	size_t		plain = 0;

	while (plain < hash.len && strchr("0123456789abcdef", hash.data[plain]) != NULL && hash.data[plain] != '\0')
		plain++;
	return plain == hash.len ? (int) plain : 0;
}

void
known_add(Known *known, int64_t sequence, Span hash)
{
	text_printf(&known->sequences, "%c%lld", known->count == 0 ? '{' : ',', (long long) sequence);
	text_printf(&known->hashes, "%c\"%.*s\"", known->count == 0 ? '{' : ',', known_hash(hash), hash.data);
	known->count++;
}

bool
known_check(const Known *known, PGconn *connection, const bool *tables, char *apart, size_t room, Problem *problem)
{
	Text		sql = {0};
	Text		sequences = {0};
	Text		hashes = {0};
	const char *values[2];
	bool		again = known->count > 0;
	bool		fine = true;

	text_printf(&sequences, "%s}", known->count > 0 ? known->sequences.data : "{");
	text_printf(&hashes, "%s}", known->count > 0 ? known->hashes.data : "{");
	values[0] = sequences.data;
	values[1] = hashes.data;
	text_puts(&sql, "SELECT count(*), min(p.sequence) FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::text[])) AS p (sequence, hash) WHERE NOT EXISTS (SELECT FROM (");
	tables_select(tables, &sql, ", sequence, hash FROM oms.", "");
	text_printf(&sql, ") AS e WHERE e.sequence = p.sequence AND (p.hash = '' OR pg_catalog.encode(e.hash, 'hex') = p.hash))%s", tables_not_purged(tables));
	for (int look = 0; fine && again && !signals_stop(); look++)
	{
		PGresult   *result = pg_query(connection, problem, sql.data, 2, values);

		fine = result != NULL;
		again = fine && strcmp(PQgetvalue(result, 0, 0), "0") != 0;
		if (again && look == VISIBLE_LOOKS)
		{
			snprintf(apart, room, "Kafka holds %s events behind the position that the event tables do not, the first: %s", PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
			again = false;
		}
		PQclear(result);
		if (again)
			poll(NULL, 0, VISIBLE_LOOK_MS);
	}
	text_free(&sql);
	text_free(&sequences);
	text_free(&hashes);
	return fine;
}

void
known_free(Known *known)
{
	text_free(&known->sequences);
	text_free(&known->hashes);
}
