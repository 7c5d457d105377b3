/*-------------------------------------------------------------------------
 *
 * query_sql.h
 *	  SQL of a query: names of ours, and parameters.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_QUERY_SQL_H
#define OMS_QUERY_SQL_H

#include "postgres.h"
#include "lib/stringinfo.h"
#include "nodes/params.h"

#include "core/query/specification.h"

/*
 * A statement that is being written.  Whatever a caller gave is a parameter, but
 * what we know ourselves: names of ours that his are equal to, true and false,
 * and a power of two that his limit is not above.
 */
typedef struct QuerySql
{
	StringInfoData text;
	bool		readable;		/* for people, who know which schema an operator is of */
	int			nparams;
	int			room;
	Oid		   *types;
	Datum	   *values;			/* never null */
	const SpecNode *done;		/* a comparison that FROM sees to; or NULL */
} QuerySql;

extern void oms_sql_init(QuerySql *sql, bool readable);
extern void oms_sql_put(QuerySql *sql, const char *text);
extern void oms_sql_put_number(QuerySql *sql, uint32 number);

/* A blank, the operator of pg_catalog, and a blank. */
extern void oms_sql_operator(QuerySql *sql, const char *name);

/* Another parameter: its number, which oms_sql_put_param() writes as often as it is needed. */
extern int	oms_sql_param(QuerySql *sql, Oid type, Datum value);
extern void oms_sql_put_param(QuerySql *sql, int number);

/* A column of the target; the alias of its row is "o". */
extern void oms_sql_column(QuerySql *sql, const QueryField *field);

/* Where in its document a field stands: a new parameter, for names of attributes are a caller's; 0: in none. */
extern int	oms_sql_path(QuerySql *sql, const QueryField *field);

/* What a field shows: null where it is not there. */
extern void oms_sql_shown(QuerySql *sql, const QueryField *field, int path);

/* Of which type that is. */
extern Oid	oms_sql_type_shown(const QueryField *field);

/* The field as text; what is in a document as #>> gives it. */
extern void oms_sql_as_text(QuerySql *sql, const QueryField *field);

/* The condition, bound to the target. */
extern void oms_sql_where(QuerySql *sql, const QueryTarget *target, const SpecNode *where);

/* FROM with all that the target's fields need; `where` says how it is found. */
extern void oms_sql_from(QuerySql *sql, const QueryTarget *target, const SpecNode *where);

extern ParamListInfo oms_sql_params(const QuerySql *sql);

#endif							/* OMS_QUERY_SQL_H */
