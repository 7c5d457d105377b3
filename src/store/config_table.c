/*-------------------------------------------------------------------------
 *
 * config_table.c
 *	  Configuration that each session reads once, and again when it has changed.
 *
 * The table's triggers (oms.configuration_changed(), for each row and for
 * TRUNCATE) invalidate its relation in every session.  Writes no table itself;
 * AccessShareLock on it while it is read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"

#include "base/errors.h"
#include "store/config_event.h"
#include "store/config_table.h"

PG_FUNCTION_INFO_V1(oms_configuration_changed);

static ConfigTable *config_tables = NULL;

static void
config_forget(Datum arg, Oid relid)
{
	for (ConfigTable *table = config_tables; table; table = table->next)
	{
		if (relid != InvalidOid && relid != table->relation)
			continue;
		table->valid = false;
		table->changed_meanwhile = true;
	}
}

void
oms_config_forget(void)
{
	config_forget((Datum) 0, InvalidOid);
}

/* One callback for all of them: a server has room for ten, and what has none left is FATAL for whoever comes next (pgoutput, say). */
void
oms_config_init(ConfigTable *table)
{
	if (config_tables == NULL)
		CacheRegisterRelcacheCallback(config_forget, (Datum) 0);
	table->next = config_tables;
	config_tables = table;
}

/* Some tables have thousands of rows: the descriptor is at hand, and the catalog's caches cost more. */
static AttrNumber
config_find_column(TupleDesc desc, const char *name, Oid type)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && strcmp(NameStr(att->attname), name) == 0)
			return att->atttypid == type ? att->attnum : InvalidAttrNumber;
	}
	return InvalidAttrNumber;
}

Datum
oms_config_column(Relation rel, TupleTableSlot *slot, const char *name, Oid type, bool *isnull)
{
	AttrNumber	number = config_find_column(RelationGetDescr(rel), name, type);
	bool		null = true;
	Datum		value = number != InvalidAttrNumber ? slot_getattr(slot, number, &null) : (Datum) 0;

	if ((null && isnull == NULL) || number == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(number == InvalidAttrNumber ? ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE : OMS_BAD_CONFIGURATION),
				 errmsg("oms.%s has no \"%s\" of type %s", RelationGetRelationName(rel), name, format_type_be(type))));
	if (isnull)
		*isnull = null;
	return value;
}

Relation
oms_config_open(OmsRelation which)
{
	Relation	rel = table_open(oms_relation_alone(which), AccessShareLock);

	if (rel->rd_rel->relkind != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" is no plain table", RelationGetRelationName(rel))));
	return rel;
}

void
oms_config_scan(Relation rel, Snapshot snapshot, void (*take) (void *arg, Relation rel, TupleTableSlot *slot), void *arg)
{
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		take(arg, rel, slot);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

static void
config_take(void *arg, Relation rel, TupleTableSlot *slot)
{
	ConfigTable *table = arg;

	table->take(table, rel, slot);
}

/*
 * The newest rows, also for a transaction whose snapshot is old: what was moved
 * away or switched off must not go on for hours.
 */
static void
config_read(ConfigTable *table)
{
	Relation	rel = oms_config_open(table->which);
	Snapshot	snapshot;

	/* none can be taken while a query runs in parallel: then it is the query's own */
	snapshot = RegisterSnapshot(IsInParallelMode() ? GetActiveSnapshot() : GetLatestSnapshot());
	table->begin(table);
	oms_config_scan(rel, snapshot, config_take, table);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	table->end(table);
}

void
oms_config_know(ConfigTable *table)
{
	/* a transaction that has its locks already would not hear of a change before its end */
	AcceptInvalidationMessages();
	if (likely(table->valid))
		return;
	table->relation = oms_relation_alone(table->which);
	table->changed_meanwhile = false;
	config_read(table);
	/* what changed while it was read is good for this command, and read again by the next; a worker lives no longer than its query */
	table->valid = !table->changed_meanwhile && (!IsInParallelMode() || IsParallelWorker());
}

/* Trigger on each such table, for each row and for TRUNCATE: every session reads it again, and the change is an event where it is to be one. */
Datum
oms_configuration_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("oms.configuration_changed() was not called by the trigger manager")));
	CacheInvalidateRelcache(trigger->tg_relation);
	oms_config_event_write(trigger);
	return PointerGetDatum(NULL);
}
