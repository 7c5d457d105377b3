/*-------------------------------------------------------------------------
 *
 * config_rows.h
 *	  Rows of configuration that have a name, and may hide a shipped one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_CONFIG_ROWS_H
#define OMS_CONFIG_ROWS_H

#include "postgres.h"

#include "base/json.h"
#include "store/config_table.h"

/* What each has; the first member of what a table knows of its rows besides. */
typedef struct ConfigRow
{
	const char *name;
	int64		version;
	bool		builtin;		/* it came with the extension */
	bool		enabled;
	const char *fault;			/* what is wrong with a row that got round its trigger; the columns of its own are then as far as they could be read */
} ConfigRow;

typedef struct ConfigRows ConfigRows;
struct ConfigRows
{
	ConfigTable table;			/* first */
	size_t		size;			/* of a row's struct */

	/* The columns of its own, in the current memory context; OM011 where it is none. */
	void		(*read) (const ConfigRows *rows, Relation rel, TupleTableSlot *slot, ConfigRow *row);

	/* Which comes first; NULL: by name. */
	int			(*compare) (const ConfigRow *a, const ConfigRow *b);

	/* All are known; may be NULL. */
	void		(*known) (ConfigRows *rows);

	/* config_rows.c's own, to be read by everybody */
	MemoryContext context;		/* of all that is kept */
	ConfigRow **rows;			/* in their order; of two of one name the user's alone */
	int			count;
	int			room;
};

/* When the library is loaded, once for each table; `which`, `size` and `read` are given. */
extern void oms_config_rows_init(ConfigRows *rows);

/* As they are now: a change acts at the next command. */
extern void oms_config_rows_know(ConfigRows *rows);

/* A row, in the current memory context. */
extern ConfigRow *oms_config_row_read(const ConfigRows *rows, Relation rel, TupleTableSlot *slot);

/* A document of a row, and JSON's null where it has none. */
extern Jsonb *oms_config_document(Relation rel, TupleTableSlot *slot, const char *column);

/* A text column of a row, or NULL; 55000 where it must be there. */
extern char *oms_config_text(Relation rel, TupleTableSlot *slot, const char *column, bool required);

#endif							/* OMS_CONFIG_ROWS_H */
