/*-------------------------------------------------------------------------
 *
 * table_def.h
 *	  What the code needs of a table: its columns by name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_TABLE_DEF_H
#define OMS_TABLE_DEF_H

#include "postgres.h"

#define TABLE_COLUMNS_MAX 64

typedef struct TableColumn
{
	const char *name;
	Oid			type;
} TableColumn;

/* What we need of a table; it may have more, and in any order. */
typedef struct TableDef
{
	const char *name;			/* in schema oms */
	int			ncolumns;
	const TableColumn *columns;
} TableDef;

#endif							/* OMS_TABLE_DEF_H */
