/*-------------------------------------------------------------------------
 *
 * query_plan.h
 *	  The prepared plans of a session's queries, one for each shape.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_QUERY_PLAN_H
#define OMS_QUERY_PLAN_H

#include "postgres.h"
#include "executor/spi.h"
#include "lib/ilist.h"

#include "query/query_json.h"

/* What is kept of a shape; a session keeps those that it used last. */
typedef struct QueryPlan
{
	dlist_node	node;
	MemoryContext memory;		/* holds all of this */
	uint32		hash;
	int			key_length;
	const char *key;			/* equal keys, equal statements */
	int			users;			/* calls that run or plan it now, of this session: one may be inside of another */
	SPIPlanPtr	plan;
	bool		has_values;		/* its condition has parameters */
	int			judged;			/* the generic plan that query_plan_judge() saw last */
	QueryRow	row;			/* what is made of a row of its result */
} QueryPlan;

/* Found, or NULL. */
extern QueryPlan *oms_query_plan_find(const char *key, int length);

/* Make one, inside of SPI; `row` is copied. */
extern QueryPlan *oms_query_plan_make(const char *key, int length, const char *sql, bool has_values, ParamListInfo params, const QueryRow *row);

/* As it is now, for these values; for its caller's resource owner to release. */
extern CachedPlan *oms_query_plan_get(QueryPlan *plan, ParamListInfo params);

/* Before it runs: a generic plan, or one for the values at hand? */
extern void oms_query_plan_judge(QueryPlan *plan);

#endif							/* OMS_QUERY_PLAN_H */
