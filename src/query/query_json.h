/*-------------------------------------------------------------------------
 *
 * query_json.h
 *	  A row of a result as a query shows it: JSON, with its cursor.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_QUERY_JSON_H
#define OMS_QUERY_JSON_H

#include "postgres.h"
#include "executor/tuptable.h"
#include "utils/jsonb.h"

#include "base/record.h"
#include "query/cursor.h"

/* What is shown of one column of a result. */
typedef struct QueryCell
{
	const char *name;			/* NULL: the members of a document, as they are named there */
	Oid			type;
	int			place;			/* in the result, from 0; or … */
	bool		of_whole;		/* … of the record's columns, in the whole row */
} QueryCell;

/*
 * Many columns take the executor longer to begin with than a page of rows to
 * read: where all of a table are shown, the first column is its whole row.
 */
typedef struct QueryRow
{
	const RecordDef *whole;		/* of which table, or NULL */
	int			ncells;
	QueryCell  *cells;			/* by name, as jsonb sorts */
	uint32		order;			/* digest of what is asked and how it is sorted */
	int			nkeys;
	QueryCell  *keys;			/* what it is sorted by: a cursor has their values */
} QueryRow;

/* A copy, in the current memory context. */
extern void oms_query_row_copy(QueryRow *to, const QueryRow *from);

/* Sort the cells. */
extern void oms_query_row_sort(QueryRow *row);

/* A result that is being read. */
typedef struct QueryReader
{
	const QueryRow *row;
	MemoryContext memory;		/* of the whole result */
	TupleDesc	whole;			/* once a row has come */
	AttrNumber	attnums[RECORD_COLUMNS_MAX];
	Datum	   *values;
	bool	   *nulls;
} QueryReader;

/* The slot's row, in the current memory context; values of other rows are damage (XX001), of another table 55000. */
extern Jsonb *oms_query_row_to_json(QueryReader *reader, TupleTableSlot *slot);
extern void oms_query_reader_end(QueryReader *reader);

#endif							/* OMS_QUERY_JSON_H */
