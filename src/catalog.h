/*-------------------------------------------------------------------------
 *
 * catalog.h
 *	  The OIDs of our own tables and indexes, and the partition for a moment.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_CATALOG_H
#define OMS_CATALOG_H

#include "postgres.h"
#include "datatype/timestamp.h"

typedef enum OmsRelation
{
	OMS_ORDERS,
	OMS_ORDERS_PKEY,
	OMS_ORDERS_ROOT_ID,
	OMS_EXECUTIONS,
	OMS_EXECUTIONS_PKEY,
	OMS_EXECUTIONS_ORDER_ID,
	OMS_ORDER_EVENTS,
	OMS_EXECUTION_EVENTS,
	OMS_EVENT_SEQUENCE,
	OMS_COMMANDS,
	OMS_COMMANDS_PKEY,
	OMS_CL_ORD_IDS,
	OMS_CL_ORD_IDS_PKEY,
	OMS_COUNTERPARTY_ORDER_IDS,
	OMS_COUNTERPARTY_ORDER_IDS_PKEY,
	OMS_REJECTED_COMMANDS,
	OMS_SHARD,
	OMS_RELATION_COUNT
} OmsRelation;

extern void oms_catalog_init(void);

/* The relation's OID; raises 55000 where the extension's tables are missing. */
extern Oid	oms_relation(OmsRelation relation);

/* The leaf of a partitioned event table that holds `time`, or InvalidOid. */
extern Oid	oms_partition_for(OmsRelation parent, TimestampTz time);

#endif							/* OMS_CATALOG_H */
