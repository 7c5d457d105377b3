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

#include "access/table.h"
#include "access/tableam.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

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

/* One callback for all of them: a server has room for ten, and what has none left is FATAL for whoever comes next (pgoutput, say). */
void
oms_config_init(ConfigTable *table)
{
	if (config_tables == NULL)
		CacheRegisterRelcacheCallback(config_forget, (Datum) 0);
	table->next = config_tables;
	config_tables = table;
}

Datum
oms_config_column(Relation rel, TupleTableSlot *slot, const char *name, Oid type, bool *isnull)
{
	AttrNumber	number = get_attnum(RelationGetRelid(rel), name);
	bool		null = true;
	Datum		value = number > 0 ? slot_getattr(slot, number, &null) : (Datum) 0;

	if ((null && isnull == NULL) || number <= 0 || get_atttype(RelationGetRelid(rel), number) != type)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("oms.%s has no \"%s\" of type %s", RelationGetRelationName(rel), name, format_type_be(type))));
	if (isnull)
		*isnull = null;
	return value;
}

/*
 * The newest rows, also for a transaction whose snapshot is old: what was moved
 * away or switched off must not go on for hours.
 */
static void
config_read(ConfigTable *table)
{
	Relation	rel = table_open(oms_relation(table->which), AccessShareLock);
	Snapshot	snapshot;
	TupleTableSlot *slot;
	TableScanDesc scan;

	if (rel->rd_rel->relkind != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" is no plain table", RelationGetRelationName(rel))));
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	slot = table_slot_create(rel, NULL);
	scan = table_beginscan(rel, snapshot, 0, NULL);
	table->begin(table);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		table->take(table, rel, slot);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
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
	table->relation = oms_relation(table->which);
	table->changed_meanwhile = false;
	config_read(table);
	/* what changed while it was read is good for this command, and read again by the next */
	table->valid = !table->changed_meanwhile;
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
