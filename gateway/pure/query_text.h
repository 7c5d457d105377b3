/*
 * gateway/pure/query_text.h
 *     What stands behind the '?': as the specification that oms_query() takes.
 *
 *     clOrdID=XYZ&status=New&status=Filled     equals; said again: one of
 *     orderQty[gte]=100&text[ilike]=%25x%25    operators stand in the name
 *     orderBy=-createdAt,orderId  limit=50  after=CURSOR  select=orderId,price  count=none|exact|estimated
 *     at=2026-03-02T09:30:00Z  atomic=false
 *
 * Values are texts, which oms_query() reads as the field's type; they are written as JSON strings and nothing else. Which fields
 * and operators there are PostgreSQL says (OM010).
 */
#ifndef QUERY_TEXT_H
#define QUERY_TEXT_H

#include "refused.h"

typedef enum QueryCount
{
	COUNT_NONE,
	COUNT_EXACT,
	COUNT_ESTIMATED
} QueryCount;

typedef struct QueryRules
{
	size_t		conditions_max; /* fields and operators */
	size_t		values_max;		/* all of them together */
} QueryRules;

#define QUERY_AT_SIZE 64

/* A condition that the route makes, besides what is asked. */
typedef struct QueryFixed
{
	const char *field;
	const char *value;
} QueryFixed;

typedef struct Query
{
	Text		spec;			/* an object, "{}" at least */
	Text		select;			/* the fields of select one by one, each ended by '\0'; columns of a CSV */
	QueryCount	count;
	int64_t		limit;			/* -1: not said */
	bool		atomic;
	bool		says_atomic;	/* else it is for the route to say */
	char		at[QUERY_AT_SIZE];	/* empty: not said */
} Query;

/*
 * query: as it came, behind the '?', nothing decoded. asks: ASKS_... of the route (routes.h); what is not among them is refused
 * by name. fixed: may be NULL. Fills *query, which query_free() clears, also when it is refused.
 */
extern bool query_read(Span query_text, unsigned asks, const QueryRules *rules, const QueryFixed *fixed, Query *query, Refused *refused);
extern void query_free(Query *query);

/*
 * The same query from behind a cursor on, for a Link header: as it came, without its "after", with this one. Nothing but
 * characters of a URI.
 */
extern void query_next(Span query_text, Span cursor, Text *out);

#endif
