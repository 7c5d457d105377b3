/*-------------------------------------------------------------------------
 *
 * table_def.h
 *	  What the code needs of a table: its columns by name, and what its rows are
 *	  looked up by.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_TABLE_DEF_H
#define OMS_TABLE_DEF_H

#include "postgres.h"

#define TABLE_COLUMNS_MAX 128

typedef struct TableColumn
{
	const char *name;
	Oid			type;
} TableColumn;

/* A column has this text, or is this boolean ("true", "false", and never null); NULL: it is null. */
typedef struct TableFact
{
	const char *column;
	const char *is;
} TableFact;

#define KEY_COLUMNS_MAX 3
#define TABLE_KEYS_MAX 4

/* Rows are looked up by equal values of these; a unique key needs its index. */
typedef struct TableKey
{
	bool		unique;
	const char *columns[KEY_COLUMNS_MAX];

	/*
	 * It asks only for rows of which this holds, and others that it leads to are
	 * no harm: an index of those alone will do.  Without a column: for all.
	 */
	TableFact	only;

	/* A column of times: rows may be asked for from one on (an index that has it behind the others begins there).  Or NULL. */
	const char *moment;
} TableKey;

/* What we need of a table; it may have more, and in any order.  A key is named by its place in `keys`. */
typedef struct TableDef
{
	const char *name;			/* in schema oms */
	int			ncolumns;
	const TableColumn *columns;
	int			nkeys;
	const TableKey *keys;

	/*
	 * What is worth to be known of a row, ended by one without a column; or NULL.
	 * By it indexes of some rows are told to have the row, or not to have it,
	 * without their predicate being asked (store/table_index.c).
	 */
	const TableFact *facts;
} TableDef;

#define TABLE_FACTS_MAX 5

#endif							/* OMS_TABLE_DEF_H */
