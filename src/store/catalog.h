/*-------------------------------------------------------------------------
 *
 * catalog.h
 *	  The OIDs of our own tables, and the partition for a moment.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_CATALOG_H
#define OMS_CATALOG_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "core/object.h"

typedef enum OmsRelation
{
	OMS_OBJECTS,				/* of the first kind; then those of the others */
	OMS_EVENTS = OMS_OBJECTS + KINDS_MAX,	/* likewise */
	OMS_NAMES = OMS_EVENTS + KINDS_MAX,	/* of the first sort; then the others */
	OMS_EVENT_SEQUENCE = OMS_NAMES + NAME_COUNT,
	OMS_ROOT_IDS,
	OMS_COMMANDS,
	OMS_REJECTED_COMMANDS,
	OMS_SHARD,
	OMS_FIX_SESSIONS,
	OMS_VALIDATION_RULES,
	OMS_ROUTING_RULES,
	OMS_PLACEMENT_POLICIES,
	OMS_LIMITS,
	OMS_REFERENCE_PRICES,
	OMS_RESTRICTED_LIST,
	OMS_TRADING_HALTS,
	OMS_ASSET_CLASSES,
	OMS_SERVICES,
	OMS_CONFIGURATION_EVENTS,
	OMS_ALLOWED_ORDER_TYPES,
	OMS_INCARNATIONS,
	OMS_ACCOUNT_GRANTS,
	OMS_TRADING_CALENDARS,
	OMS_CALENDAR_HOURS,
	OMS_CALENDAR_DAYS,
	OMS_CALENDAR_ASSIGNMENTS,
	OMS_RETENTION_POLICIES,
	OMS_ANOMALY_FEATURES,
	OMS_PURGED_TREES,
	OMS_PURGED_IDS,
	OMS_ARCHIVED_TREES,
	OMS_PURGED_CONFIGURATION,
	OMS_RELATION_COUNT
} OmsRelation;

/* The table of a kind's current state, and the parent of its event tables. */
#define OMS_OBJECTS_OF(kind)	((OmsRelation) (OMS_OBJECTS + (kind)))
#define OMS_EVENTS_OF(kind)		((OmsRelation) (OMS_EVENTS + (kind)))

/* The table of the names of one sort. */
#define OMS_NAMES_OF(which)		((OmsRelation) (OMS_NAMES + (which)))

extern void oms_catalog_init(void);

/* The relation's OID; raises 55000 where the extension's tables are missing. */
extern Oid	oms_relation(OmsRelation relation);

/* The same whatever became of the other tables: for who only reads. */
extern Oid	oms_relation_alone(OmsRelation relation);

/* InvalidOid where it is that of a kind of another library, whose extension is not in this database. */
extern Oid	oms_relation_if_any(OmsRelation relation);

/* A kind has come: all are looked up anew. */
extern void oms_catalog_forget(void);

/* Whose it is. */
extern Oid	oms_relation_owner(OmsRelation relation);

/* The leaf of a partitioned event table that holds `time`, or InvalidOid. */
extern Oid	oms_partition_for(OmsRelation parent, TimestampTz time);

/* All of them, oldest first. */
extern List *oms_partitions_of(OmsRelation parent);

#endif							/* OMS_CATALOG_H */
