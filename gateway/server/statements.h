/*
 * gateway/server/statements.h
 *     All SQL that the gateway ever sends. The texts are constants; what anybody says is bound.
 */
#ifndef STATEMENTS_H
#define STATEMENTS_H

#include "text.h"

typedef enum Statement
{
	SQL_ROLE,					/* role, for this transaction */
	SQL_COMMAND,				/* command, correlation */
	SQL_PREVIEW,				/* command */
	SQL_COMMANDS,				/* array, atomic, correlation */
	SQL_FIX,					/* the message's bytes, correlation */
	SQL_FIX_MANY,				/* array of texts, atomic, correlation */
	SQL_SERVICE,				/* name, arguments, correlation */
	SQL_READ,					/* role or 'none', statement_timeout: of a transaction that only reads */
	SQL_BE,						/* role or 'none', until it is another */
	SQL_WAIT_FOR,				/* token, interval */
	SQL_COMMAND_OBJECTS,
	SQL_WHO,
	SQL_COMMAND_FIELDS,
	SQL_QUERY_FIELDS,
	SQL_FIELDS,					/* object */
	SQL_COUNT,					/* object, specification, exact */
	SQL_LIST,					/* object, specification, limit or null */
	SQL_OBJECT,					/* object, specification */
	SQL_TREE,					/* id, specification without where, limit or null */
	SQL_TREE_AS_OF,				/* id, moment */
	SQL_ORDER_AS_OF,			/* id, moment */
	SQL_EXECUTION_AS_OF,
	SQL_QUOTE_REQUEST_AS_OF,
	SQL_QUOTE_AS_OF,
	SQL_PLACEMENT,				/* id */
	SQL_DESK_QUEUE,
	SQL_DESK_REVIEW,
	SQL_DESK_REJECTED,
	SQL_REVIEW,					/* execution */
	SQL_CATALOGUE,
	SQL_LIVE_RIGHTS,			/* known, reads, and a condition for each object */
	STATEMENTS
} Statement;

typedef struct StatementText
{
	const char *name;			/* of the prepared statement */
	const char *sql;			/* "%s" is the schema of the entry points, quoted */
	int			nvalues;
} StatementText;

extern const StatementText statements[STATEMENTS];

/* Adds the text with the schema in it. */
extern void statement_sql(Statement statement, const char *schema, Text *out);

#endif
