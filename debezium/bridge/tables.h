/*
 * debezium/bridge/tables.h
 *     What the event tables say of events that Kafka holds.
 */
#ifndef TABLES_H
#define TABLES_H

#include "postgres.h"

/* One SELECT for each event table that exists, joined by UNION ALL: numbers of the table and of its topic, then columns and FROM as given. */
extern void tables_select(const bool *tables, Text *sql, const char *columns_from, const char *where);
/* The end of a WHERE that holds for no event of a tree that was purged; "" where nothing can be. */
extern const char *tables_not_purged(const bool *tables);

/* Events that Kafka holds. Zeroed: none. */
typedef struct Known
{
	size_t		count;
	Text		sequences;
	Text		hashes;
} Known;

extern void known_add(Known *known, int64_t sequence, Span hash);
/* Says in apart how many of them are in no table, and were not purged; leaves it as it is when all are. */
extern bool known_check(const Known *known, PGconn *connection, const bool *tables, char *apart, size_t room, Problem *problem);
extern void known_free(Known *known);
/* The length of a hash when it is one (hex digits), else 0. */
extern int	known_hash(Span hash);

#endif
