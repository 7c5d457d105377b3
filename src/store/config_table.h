/*-------------------------------------------------------------------------
 *
 * config_table.h
 *	  Configuration that each session reads once, and again when it has changed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_CONFIG_TABLE_H
#define OMS_CONFIG_TABLE_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

#include "store/catalog.h"

typedef struct ConfigTable
{
	OmsRelation which;
	void		(*begin) (struct ConfigTable *table);	/* forget what was taken before, if anything */
	void		(*take) (struct ConfigTable *table, Relation rel, TupleTableSlot *slot);	/* a row */
	void		(*end) (struct ConfigTable *table);	/* that was all; may raise an error, and then nothing is valid */

	/* config_table.c's own */
	bool		valid;			/* set last: an error on the way leaves nothing half read */
	bool		changed_meanwhile;
	Oid			relation;
	struct ConfigTable *next;
} ConfigTable;

/* When the library is loaded, once for each table. */
extern void oms_config_init(ConfigTable *table);

/* What it says is known now, as it was when this was called: a change acts at the next command, in every session. */
/* All of them are read again before the next command. */
extern void oms_config_forget(void);

extern void oms_config_know(ConfigTable *table);

/* The table, locked for reading; one that is no plain table is 55000. */
extern Relation oms_config_open(OmsRelation which);

/* Each row that a snapshot sees is shown to `take`. */
extern void oms_config_scan(Relation rel, Snapshot snapshot, void (*take) (void *arg, Relation rel, TupleTableSlot *slot), void *arg);

/* The column of this name and type, or 55000; where `isnull` is NULL a null is OM011. */
extern Datum oms_config_column(Relation rel, TupleTableSlot *slot, const char *name, Oid type, bool *isnull);

#endif							/* OMS_CONFIG_TABLE_H */
