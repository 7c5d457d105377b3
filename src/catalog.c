/*-------------------------------------------------------------------------
 *
 * catalog.c
 *	  The OIDs of our own tables and indexes, and the partition for a moment.
 *
 * Keeps OIDs for the life of the backend; any invalidation of one of these
 * relations (DROP EXTENSION, a restore) drops them all, and the next command
 * looks them up anew.  Writes no table.  Locks: AccessShareLock on a
 * partitioned parent while its partitions are looked at.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "catalog.h"

static const char *const relation_names[OMS_RELATION_COUNT] = {
	[OMS_ORDERS] = "orders",
	[OMS_ORDERS_PKEY] = "orders_pkey",
	[OMS_ORDERS_ROOT_ID] = "orders_root_id_idx",
	[OMS_EXECUTIONS] = "executions",
	[OMS_EXECUTIONS_PKEY] = "executions_pkey",
	[OMS_EXECUTIONS_ORDER_ID] = "executions_order_id_exec_id_idx",
	[OMS_ORDER_EVENTS] = "order_events",
	[OMS_EXECUTION_EVENTS] = "execution_events",
	[OMS_EVENT_SEQUENCE] = "event_sequence",
	[OMS_COMMANDS] = "commands",
	[OMS_COMMANDS_PKEY] = "commands_pkey",
	[OMS_CL_ORD_IDS] = "cl_ord_ids",
	[OMS_CL_ORD_IDS_PKEY] = "cl_ord_ids_pkey",
	[OMS_COUNTERPARTY_ORDER_IDS] = "counterparty_order_ids",
	[OMS_COUNTERPARTY_ORDER_IDS_PKEY] = "counterparty_order_ids_pkey",
	[OMS_REJECTED_COMMANDS] = "rejected_commands",
	[OMS_SHARD] = "shard",
};

static Oid	relation_oids[OMS_RELATION_COUNT];
static bool oids_valid = false;

static void
forget_relation(Datum arg, Oid relid)
{
	if (relid == InvalidOid)
		oids_valid = false;
	for (int i = 0; oids_valid && i < OMS_RELATION_COUNT; i++)
		if (relation_oids[i] == relid)
			oids_valid = false;
}

void
oms_catalog_init(void)
{
	CacheRegisterRelcacheCallback(forget_relation, (Datum) 0);
}

Oid
oms_relation(OmsRelation relation)
{
	while (!oids_valid)
	{
		Oid			schema = get_namespace_oid("oms", true);

		/* an invalidation that comes meanwhile makes us look again */
		oids_valid = true;

		for (int i = 0; i < OMS_RELATION_COUNT; i++)
		{
			relation_oids[i] = OidIsValid(schema) ? get_relname_relid(relation_names[i], schema) : InvalidOid;
			if (OidIsValid(relation_oids[i]))
				continue;
			oids_valid = false;
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("relation \"oms.%s\" does not exist", relation_names[i]),
					 errhint("Run CREATE EXTENSION oms_state, or ALTER EXTENSION oms_state UPDATE.")));
		}
	}
	return relation_oids[relation];
}

Oid
oms_partition_for(OmsRelation parent, TimestampTz time)
{
	Relation	rel = table_open(oms_relation(parent), AccessShareLock);
	PartitionKey key = RelationGetPartitionKey(rel);
	PartitionDesc desc = RelationGetPartitionDesc(rel, true);
	Oid			leaf = InvalidOid;

	if (desc->nparts > 0)
	{
		Datum		value = TimestampTzGetDatum(time);
		bool		equal;
		int			bound = partition_range_datum_bsearch(key->partsupfunc, key->partcollation,
														  desc->boundinfo, 1, &value, &equal);
		int			index = desc->boundinfo->indexes[bound + 1];

		if (index >= 0)
			leaf = desc->oids[index];
	}
	table_close(rel, NoLock);
	return leaf;
}
