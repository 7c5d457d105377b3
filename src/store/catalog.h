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

typedef enum OmsRelation
{
	OMS_ORDERS,
	OMS_EXECUTIONS,
	OMS_ORDER_EVENTS,
	OMS_EXECUTION_EVENTS,
	OMS_EVENT_SEQUENCE,
	OMS_ROOT_IDS,
	OMS_COMMANDS,
	OMS_CL_ORD_IDS,
	OMS_COUNTERPARTY_ORDER_IDS,
	OMS_REJECTED_COMMANDS,
	OMS_SHARD,
	OMS_RELATION_COUNT
} OmsRelation;

extern void oms_catalog_init(void);

/* The relation's OID; raises 55000 where the extension's tables are missing. */
extern Oid	oms_relation(OmsRelation relation);

/* The leaf of a partitioned event table that holds `time`, or InvalidOid. */
extern Oid	oms_partition_for(OmsRelation parent, TimestampTz time);

/* All of them, oldest first. */
extern List *oms_partitions_of(OmsRelation parent);

#endif							/* OMS_CATALOG_H */
