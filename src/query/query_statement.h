/*-------------------------------------------------------------------------
 *
 * query_statement.h
 *	  The statement of a query, and what is made of its rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_QUERY_STATEMENT_H
#define OMS_QUERY_STATEMENT_H

#include "postgres.h"

#include "query/query_json.h"
#include "query/query_request.h"
#include "query/query_sql.h"

typedef enum QueryResult
{
	QUERY_AS_JSON,				/* a page of it */
	QUERY_AS_ROWS,				/* rows of the kind's table; without a limit where that is 0 */
	QUERY_AS_COUNT,
	QUERY_AS_NOTHING			/* for the planner: how many there may be */
} QueryResult;

typedef struct QueryStatement
{
	const QueryRequest *request;
	QueryResult result;
	bool		has_values;		/* the condition has parameters */
	QuerySql	sql;			/* first what follows the columns; with its parameters */
	StringInfoData key;			/* of its plan: equal ones, equal statements */
	uint32		order;			/* digest of what is asked and how it is sorted */
	int			paths[CURSOR_KEYS_MAX]; /* parameters of keys in documents, and 0 of others */
	int		   *select_paths;	/* likewise */
} QueryStatement;

/* OM010 for its cursor, or NULL.  `readable`: for people. */
extern Refusal *oms_statement_begin(const QueryRequest *request, QueryResult result, bool readable, QueryStatement *statement);

/* All of it, and what is made of its rows: what is needed once for each key. */
extern char *oms_statement_text(QueryStatement *statement, QueryRow *row);

#endif							/* OMS_QUERY_STATEMENT_H */
