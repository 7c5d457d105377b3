/*-------------------------------------------------------------------------
 *
 * named_row.c
 *	  A row of a function's result, by the names of its columns.
 *
 * New files are installed before a database has its ALTER EXTENSION UPDATE: till
 * then the definitions of the old script call this library, and values by their
 * position would be read as something else.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"

#include "entry/named_row.h"

void
oms_put_named_row(ReturnSetInfo *rsinfo, const NamedColumn *columns, int ncolumns, const Datum *values, const bool *nulls)
{
	TupleDesc	desc = rsinfo->setDesc;
	Datum		row[MaxTupleAttributeNumber] = {0};
	bool		is_null[MaxTupleAttributeNumber];

	for (int a = 0; a < desc->natts; a++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, a);
		int			c = 0;

		while (c < ncolumns && (attr->atttypid != columns[c].type || strcmp(NameStr(attr->attname), columns[c].name) != 0))
			c++;
		is_null[a] = c == ncolumns || nulls[c];
		if (!is_null[a])
			row[a] = values[c];
	}
	tuplestore_putvalues(rsinfo->setResult, desc, row, is_null);
}
