/*-------------------------------------------------------------------------
 *
 * catalog.c
 *	  The OIDs of our own tables, and the partition for a moment.
 *
 * Keeps OIDs for the life of the backend; any invalidation of one of these
 * relations (DROP EXTENSION, a restore) drops them all, and the next command
 * looks them up anew.  Writes no table.  Locks: AccessShareLock on a
 * partitioned parent while its partitions are looked at.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "core/kind.h"
#include "store/catalog.h"

/* Of those that belong to no kind, and hold no names. */
static const char *const relation_names[OMS_RELATION_COUNT] = {
	[OMS_EVENT_SEQUENCE] = "event_sequence",
	[OMS_ROOT_IDS] = "root_ids",
	[OMS_COMMANDS] = "commands",
	[OMS_REJECTED_COMMANDS] = "rejected_commands",
	[OMS_SHARD] = "shard",
	[OMS_FIX_SESSIONS] = "fix_sessions",
	[OMS_VALIDATION_RULES] = "validation_rules",
	[OMS_ROUTING_RULES] = "routing_rules",
	[OMS_PLACEMENT_POLICIES] = "placement_policies",
	[OMS_LIMITS] = "limits",
	[OMS_REFERENCE_PRICES] = "reference_prices",
	[OMS_RESTRICTED_LIST] = "restricted_list",
	[OMS_TRADING_HALTS] = "trading_halts",
	[OMS_ASSET_CLASSES] = "asset_classes",
	[OMS_SERVICES] = "services",
	[OMS_CONFIGURATION_EVENTS] = "configuration_events",
	[OMS_ALLOWED_ORDER_TYPES] = "allowed_order_types",
	[OMS_INCARNATIONS] = "incarnations",
	[OMS_ACCOUNT_GRANTS] = "account_grants",
	[OMS_TRADING_CALENDARS] = "trading_calendars",
	[OMS_CALENDAR_HOURS] = "calendar_hours",
	[OMS_CALENDAR_DAYS] = "calendar_days",
	[OMS_CALENDAR_ASSIGNMENTS] = "calendar_assignments",
	[OMS_RETENTION_POLICIES] = "retention_policies",
	[OMS_ANOMALY_FEATURES] = "anomaly_features",
	[OMS_PURGED_TREES] = "purged_trees",
	[OMS_PURGED_IDS] = "purged_ids",
	[OMS_ARCHIVED_TREES] = "archived_trees",
	[OMS_PURGED_CONFIGURATION] = "purged_configuration",
};

static const char *
catalog_relation_name(int relation)
{
	if (relation < OMS_EVENTS)
		return oms_kinds[relation - OMS_OBJECTS].record->table;
	if (relation < OMS_NAMES)
		return oms_kinds[relation - OMS_EVENTS].events;
	if (relation < OMS_EVENT_SEQUENCE)
		return oms_names[relation - OMS_NAMES].table;
	return relation_names[relation];
}

static Oid	relation_oids[OMS_RELATION_COUNT];
static bool oids_valid = false;
static bool look_again;			/* something was invalidated while we looked */

static void
catalog_forget_relation(Datum arg, Oid relid)
{
	look_again = true;
	if (relid == InvalidOid)
		oids_valid = false;
	for (int i = 0; oids_valid && i < OMS_RELATION_COUNT; i++)
		if (relation_oids[i] == relid)
			oids_valid = false;
}

void
oms_catalog_init(void)
{
	CacheRegisterRelcacheCallback(catalog_forget_relation, (Datum) 0);
}

void
oms_catalog_forget(void)
{
	oids_valid = false;
}

/* Of a kind that another library has brought, or may yet: its extension need not be in this database. */
static bool
catalog_may_be_missing(OmsRelation relation)
{
	return relation < OMS_NAMES && (relation < OMS_EVENTS ? relation - OMS_OBJECTS : relation - OMS_EVENTS) >= KIND_COUNT;
}

static bool
catalog_is_vacant(OmsRelation relation)
{
	return relation < OMS_NAMES && (relation < OMS_EVENTS ? relation - OMS_OBJECTS : relation - OMS_EVENTS) >= oms_kind_count;
}

static Oid
catalog_look_up(OmsRelation relation)
{
	Oid			schema = get_namespace_oid("oms", true);

	return OidIsValid(schema) ? get_relname_relid(catalog_relation_name(relation), schema) : InvalidOid;
}

pg_noreturn static void
catalog_raise_missing(OmsRelation relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("relation \"oms.%s\" does not exist", catalog_relation_name(relation)),
			 catalog_may_be_missing(relation) ? errhint("Run CREATE EXTENSION for the library that brings it.") :
			 errhint("Run CREATE EXTENSION oms_state, or ALTER EXTENSION oms_state UPDATE.")));
}

/* Valid only once all are found: an error on the way leaves nothing that could be taken for an OID. */
static void
catalog_look_up_all(void)
{
	look_again = false;
	for (int i = 0; i < OMS_RELATION_COUNT; i++)
	{
		relation_oids[i] = catalog_is_vacant(i) ? InvalidOid : catalog_look_up(i);
		if (!OidIsValid(relation_oids[i]) && !catalog_may_be_missing(i))
			catalog_raise_missing(i);
	}
	oids_valid = !look_again;
}

Oid
oms_relation_if_any(OmsRelation relation)
{
	while (!oids_valid)
	{
		CHECK_FOR_INTERRUPTS();
		catalog_look_up_all();
	}
	/* what comes to be tells nobody who did not know it */
	return likely(OidIsValid(relation_oids[relation])) ? relation_oids[relation] : catalog_look_up(relation);
}

Oid
oms_relation(OmsRelation relation)
{
	Oid			found = oms_relation_if_any(relation);

	if (unlikely(!OidIsValid(found)))
		catalog_raise_missing(relation);
	return found;
}

Oid
oms_relation_alone(OmsRelation relation)
{
	Oid			found = oids_valid ? relation_oids[relation] : catalog_look_up(relation);

	if (!OidIsValid(found))
		catalog_raise_missing(relation);
	return found;
}

Oid
oms_relation_owner(OmsRelation relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(oms_relation(relation)));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cannot look up relation \"oms.%s\"", catalog_relation_name(relation));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* A bound is read as a time: whatever else may bear the name of an event table has none. */
static Relation
catalog_open_parent(OmsRelation parent)
{
	Relation	rel = table_open(oms_relation(parent), AccessShareLock);
	PartitionKey key = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? RelationGetPartitionKey(rel) : NULL;

	if (key == NULL || key->strategy != PARTITION_STRATEGY_RANGE || key->partnatts != 1 ||
		key->partattrs[0] == 0 || key->parttypid[0] != TIMESTAMPTZOID ||
		strcmp(NameStr(TupleDescAttr(RelationGetDescr(rel), key->partattrs[0] - 1)->attname), "occurred_at") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" is not partitioned by range of occurred_at", RelationGetRelationName(rel))));
	return rel;
}

Oid
oms_partition_for(OmsRelation parent, TimestampTz time)
{
	Relation	rel = catalog_open_parent(parent);
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

		if (index < 0)
			index = desc->boundinfo->default_index;
		if (index >= 0)
			leaf = desc->oids[index];
	}
	table_close(rel, NoLock);
	return leaf;
}

List *
oms_partitions_of(OmsRelation parent)
{
	Relation	rel = catalog_open_parent(parent);
	PartitionDesc desc = RelationGetPartitionDesc(rel, true);
	List	   *leaves = NIL;

	/* in the order of their bounds */
	for (int i = 0; i < desc->nparts; i++)
		leaves = lappend_oid(leaves, desc->oids[i]);
	table_close(rel, NoLock);
	return leaves;
}
