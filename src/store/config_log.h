/*-------------------------------------------------------------------------
 *
 * config_log.h
 *	  The events of configuration as they are stored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_CONFIG_LOG_H
#define OMS_CONFIG_LOG_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "store/caller.h"
#include "store/config_def.h"

/* Where the history of a name stands: after its newest event. */
typedef struct ConfigHead
{
	int64		version;		/* 0: it never was */
	bytea	   *hash;			/* NULL: none */
	TimestampTz occurred_at;
	bool		exists;			/* it is there, as far as the events tell */
} ConfigHead;

typedef struct ConfigEvent
{
	const ConfigDef *def;
	const char *change;			/* "Created", "Changed" or "Deleted" */
	ConfigHead	before;
	char	   *id;
	char	   *root_id;
	int64		sequence;
	TimestampTz occurred_at;
	Caller		caller;
	Jsonb	   *payload;
	bytea	   *hash;
} ConfigEvent;

/* The newest event of a row, as far as this transaction may see, and its transaction; false if there is none. */
extern bool oms_config_log_newest(const char *root_id, ConfigHead *head, uint64 *xid);

/* How far the history of a row was purged; false if it never was. */
extern bool oms_config_log_purged(const char *root_id, ConfigHead *head);

/* Is there an event of this hash? */
extern bool oms_config_log_has(const bytea *hash);

/* 40001 where there is an event of this version already. */
extern void oms_config_log_append(const ConfigEvent *event);

#endif							/* OMS_CONFIG_LOG_H */
