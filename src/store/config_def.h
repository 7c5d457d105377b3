/*-------------------------------------------------------------------------
 *
 * config_def.h
 *	  The tables of configuration whose changes are events: which they are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_CONFIG_DEF_H
#define OMS_CONFIG_DEF_H

#include "postgres.h"

#include "access/htup.h"
#include "utils/rel.h"

#include "base/json.h"

#define CONFIG_KEY_MAX		4
#define CONFIG_COLUMNS_MAX	16

/*
 * A table of oms.  Every one has, besides, `version` and `hash`; and those with
 * shipped rows have `builtin`, which is part of the primary key and of no event:
 * a shipped row is never changed.
 */
typedef struct ConfigDef
{
	const char *table;
	const char *type;			/* what a row is: aggregateType, and what its event types begin with */
	const char *key[CONFIG_KEY_MAX + 1];	/* what names a row for ever */
	const char *columns[CONFIG_COLUMNS_MAX + 1];	/* what else its events say of it */
} ConfigDef;

extern const ConfigDef oms_config_defs[];	/* until one without a table */

/* Of this table, or NULL. */
extern const ConfigDef *oms_config_def(Relation rel);

/* A column of the row; 55000 where the table has none of this name, and of this type unless that is InvalidOid. */
extern Datum oms_config_value(Relation rel, HeapTuple row, const char *name, Oid type, bool *isnull);

/* Did the row come with the extension? */
extern bool oms_config_is_builtin(Relation rel, HeapTuple row);

/* The columns of the key with "/" between them; that sign, and "\", in one of them after a "\". */
extern char *oms_config_id(const ConfigDef *def, Relation rel, HeapTuple row);

/* A column as events name it: "commandType" for "command_type". */
extern char *oms_config_field(const char *column);

/* The row as events show it, as that `version` of it: columns in camelCase, nulls left out. */
extern Jsonb *oms_config_state(const ConfigDef *def, Relation rel, HeapTuple row, int64 version);

#endif							/* OMS_CONFIG_DEF_H */
