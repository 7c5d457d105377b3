/*-------------------------------------------------------------------------
 *
 * query_request.h
 *	  What oms_query() is asked: an object, and a document with where, orderBy,
 *	  limit, after and select.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_QUERY_REQUEST_H
#define OMS_QUERY_REQUEST_H

#include "postgres.h"
#include "utils/jsonb.h"

#include "core/query/specification.h"
#include "query/cursor.h"

typedef struct QueryKey
{
	QueryField	field;
	bool		descending;
} QueryKey;

typedef struct QueryRequest
{
	QueryTarget target;
	SpecNode   *where;			/* bound */
	int			nkeys;			/* at least one: no two rows have equal keys */
	QueryKey	keys[CURSOR_KEYS_MAX];
	int			limit;
	const char *after;			/* a cursor, or NULL; not ended by a zero */
	int			after_length;
	int			nselect;		/* -1: the whole state */
	QueryField *select;
} QueryRequest;

/* OM010, or NULL. */
extern Refusal *oms_query_read(const QueryTarget *target, Jsonb *spec, QueryRequest *request);

/* A condition alone, which stands at `path`. */
extern Refusal *oms_query_read_where(Jsonb *where, const char *path, QueryRequest *request);

/* The keys that a list of fields ("-" before one: descending) makes, and what tells rows apart behind them. */
extern Refusal *oms_query_read_key(QueryRequest *request, const char *name, int length, const char *at);
extern Refusal *oms_query_end_keys(QueryRequest *request);

#endif							/* OMS_QUERY_REQUEST_H */
