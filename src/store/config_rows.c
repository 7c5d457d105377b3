/*-------------------------------------------------------------------------
 *
 * config_rows.c
 *	  Rows of configuration that have a name, and may hide a shipped one.
 *
 * Keeps a table (config_table.c) in an order of its own.  A row takes the place of
 * the shipped one of its name whole, whether or not it is enabled.  A row that is
 * damaged (somebody has got round its trigger) keeps nobody from the others: it has a
 * fault, and fails where it is asked.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "lib/qunique.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "store/config_rows.h"

char *
oms_config_text(Relation rel, TupleTableSlot *slot, const char *column, bool required)
{
	bool		isnull = false;
	Datum		value = oms_config_column(rel, slot, column, TEXTOID, required ? NULL : &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

Jsonb *
oms_config_document(Relation rel, TupleTableSlot *slot, const char *column)
{
	bool		isnull;
	Datum		value = oms_config_column(rel, slot, column, JSONBOID, &isnull);
	JsonbValue	null = {.type = jbvNull};

	return isnull ? JsonbValueToJsonb(&null) : DatumGetJsonbPCopy(value);
}

/* What says for every row which it is; one without a name is none, and one that does not say that it is off is on. */
static ConfigRow *
config_row_head(const ConfigRows *rows, Relation rel, TupleTableSlot *slot)
{
	ConfigRow  *row = palloc0(rows->size);
	bool		isnull;
	Datum		enabled = oms_config_column(rel, slot, "enabled", BOOLOID, &isnull);

	row->enabled = isnull || DatumGetBool(enabled);
	row->name = oms_config_text(rel, slot, "name", false);
	row->builtin = DatumGetBool(oms_config_column(rel, slot, "builtin", BOOLOID, &isnull));
	row->version = DatumGetInt64(oms_config_column(rel, slot, "version", INT8OID, &isnull));
	return row->name ? row : NULL;
}

ConfigRow *
oms_config_row_read(const ConfigRows *rows, Relation rel, TupleTableSlot *slot)
{
	ConfigRow  *row = config_row_head(rows, rel, slot);

	if (row == NULL)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("a row of oms.%s has no name", RelationGetRelationName(rel))));
	rows->read(rows, rel, slot, row);
	return row;
}

/* Nothing is held that an error would leave behind: what is read are columns of a row that is here. */
static void
config_row_read_damaged(const ConfigRows *rows, Relation rel, TupleTableSlot *slot, ConfigRow *row)
{
	MemoryContext memory = CurrentMemoryContext;

	PG_TRY();
	{
		rows->read(rows, rel, slot, row);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(memory);
		error = CopyErrorData();
		FlushErrorState();
		/* a table without a column says nothing of any of its rows: that is no damage of one */
		if (error->sqlerrcode != OMS_BAD_CONFIGURATION)
			ReThrowError(error);
		row->fault = error->detail ? psprintf("%s: %s", error->message, error->detail) : error->message;
	}
	PG_END_TRY();
}

static void
config_rows_begin(ConfigTable *table)
{
	ConfigRows *rows = (ConfigRows *) table;

	rows->count = rows->room = 0;
	rows->rows = NULL;
	if (rows->context == NULL)
		rows->context = AllocSetContextCreate(CacheMemoryContext, "oms configuration", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(rows->context);
}

static void
config_rows_take(ConfigTable *table, Relation rel, TupleTableSlot *slot)
{
	ConfigRows *rows = (ConfigRows *) table;
	MemoryContext old = MemoryContextSwitchTo(rows->context);
	ConfigRow  *row = config_row_head(rows, rel, slot);

	if (row == NULL)
	{
		MemoryContextSwitchTo(old);
		return;
	}
	if (rows->count == rows->room)
	{
		rows->room = rows->room ? 2 * rows->room : 16;
		rows->rows = rows->rows ? repalloc_huge(rows->rows, sizeof(ConfigRow *) * rows->room) :
			palloc(sizeof(ConfigRow *) * rows->room);
	}
	rows->rows[rows->count++] = row;
	config_row_read_damaged(rows, rel, slot, row);
	MemoryContextSwitchTo(old);
}

static int
config_rows_by_name(const void *a, const void *b)
{
	return strcmp((*(ConfigRow *const *) a)->name, (*(ConfigRow *const *) b)->name);
}

/* A user's before the shipped one of the same name. */
static int
config_rows_by_owner(const void *a, const void *b)
{
	int			order = config_rows_by_name(a, b);

	return order != 0 ? order : (int) (*(ConfigRow *const *) a)->builtin - (int) (*(ConfigRow *const *) b)->builtin;
}

static int
config_rows_compare(const void *a, const void *b, void *arg)
{
	const ConfigRows *rows = arg;
	int			order = rows->compare(*(ConfigRow *const *) a, *(ConfigRow *const *) b);

	return order != 0 ? order : config_rows_by_name(a, b);
}

static void
config_rows_end(ConfigTable *table)
{
	ConfigRows *rows = (ConfigRows *) table;

	if (rows->count > 1)
	{
		qsort(rows->rows, rows->count, sizeof(ConfigRow *), config_rows_by_owner);
		rows->count = qunique(rows->rows, rows->count, sizeof(ConfigRow *), config_rows_by_name);
		if (rows->compare)
			qsort_arg(rows->rows, rows->count, sizeof(ConfigRow *), config_rows_compare, rows);
	}
	if (rows->known)
		rows->known(rows);
}

void
oms_config_rows_init(ConfigRows *rows)
{
	rows->table.begin = config_rows_begin;
	rows->table.take = config_rows_take;
	rows->table.end = config_rows_end;
	oms_config_init(&rows->table);
}

void
oms_config_rows_know(ConfigRows *rows)
{
	oms_config_know(&rows->table);
}
