/*-------------------------------------------------------------------------
 *
 * named_row.h
 *	  A row of a function's result, by the names of its columns.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_NAMED_ROW_H
#define OMS_NAMED_ROW_H

#include "postgres.h"

#include "nodes/execnodes.h"

typedef struct NamedColumn
{
	const char *name;
	Oid			type;
} NamedColumn;

/*
 * Into the columns of the result that have the name and the type; others of it
 * are null.  The result is what the catalog says of the function, and that may
 * be the script of another version.
 */
extern void oms_put_named_row(ReturnSetInfo *rsinfo, const NamedColumn *columns, int ncolumns, const Datum *values,
							  const bool *nulls);

#endif							/* OMS_NAMED_ROW_H */
