/*-------------------------------------------------------------------------
 *
 * shard.c
 *	  The slots of this database.
 *
 * Reads oms.shard, and keeps what it says until its triggers (in every session,
 * by an invalidation of the relation) say that it has changed.  Only what
 * begins a tree asks.  Writes no table; AccessShareLock on it while it is read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "base/tree_slot.h"
#include "store/catalog.h"
#include "store/shard.h"

PG_FUNCTION_INFO_V1(oms_shard_changed);

static struct
{
	bool		valid;			/* set last: an error on the way leaves nothing half read */
	Oid			relation;
	int32		number;
	int			count;			/* of slots that are ours */
	uint64		slots[OMS_SLOTS / 64];
}			shard;

static bool changed_meanwhile;

static void
shard_forget(Datum arg, Oid relid)
{
	if (relid != InvalidOid && relid != shard.relation)
		return;
	shard.valid = false;
	changed_meanwhile = true;
}

void
oms_shard_init(void)
{
	CacheRegisterRelcacheCallback(shard_forget, (Datum) 0);
}

/* Both bounds stand in what CHECK of the table allows, and a range of integers has them as [a, b). */
static void
shard_take_slots(Datum value)
{
	TypeCacheEntry *type = lookup_type_cache(INT4RANGEOID, TYPECACHE_RANGE_INFO);
	RangeType **ranges;
	int32		count;

	memset(shard.slots, 0, sizeof(shard.slots));
	shard.count = 0;
	multirange_deserialize(type, DatumGetMultirangeTypeP(value), &count, &ranges);
	for (int i = 0; i < count; i++)
	{
		RangeBound	lower;
		RangeBound	upper;
		bool		empty;
		int			from;
		int			to;

		range_deserialize(type, ranges[i], &lower, &upper, &empty);
		from = lower.infinite ? 0 : Max(DatumGetInt32(lower.val), 0);
		to = upper.infinite ? OMS_SLOTS : Min(DatumGetInt32(upper.val), OMS_SLOTS);
		for (int slot = from; slot < to; slot++)
			shard.slots[slot / 64] |= UINT64CONST(1) << (slot % 64);
		shard.count += Max(to - from, 0);
	}
}

static Datum
shard_column(Relation rel, TupleTableSlot *slot, const char *name, Oid type)
{
	AttrNumber	number = get_attnum(RelationGetRelid(rel), name);
	bool		isnull = true;
	Datum		value = number > 0 ? slot_getattr(slot, number, &isnull) : (Datum) 0;

	if (isnull || get_atttype(RelationGetRelid(rel), number) != type)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("oms.shard has no \"%s\" of type %s", name, format_type_be(type))));
	return value;
}

/*
 * The newest row, also for a transaction whose snapshot is old: what was moved
 * to another database must not begin here for hours.
 */
static void
shard_read(void)
{
	Relation	rel = table_open(oms_relation(OMS_SHARD), AccessShareLock);
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
	if (!table_scan_getnextslot(scan, ForwardScanDirection, slot))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("oms.shard has no row"),
				 errhint("Insert what this database has, as (0, '{[0,16384)}') for all slots.")));
	shard.number = DatumGetInt32(shard_column(rel, slot, "number", INT4OID));
	shard_take_slots(shard_column(rel, slot, "slots", INT4MULTIRANGEOID));
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
}

static void
shard_know(void)
{
	/* a transaction that has its locks already would not hear of a change before its end */
	AcceptInvalidationMessages();
	if (likely(shard.valid))
		return;
	shard.relation = oms_relation(OMS_SHARD);
	changed_meanwhile = false;
	shard_read();
	/* what changed while it was read is good for this command, and read again by the next */
	shard.valid = !changed_meanwhile;
}

static int
shard_random_slot(void)
{
	uint16		random;

	if (!pg_strong_random(&random, sizeof(random)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	return random & (OMS_SLOTS - 1);
}

int
oms_shard_any_slot(void)
{
	int			nth = shard_random_slot();

	shard_know();
	if (shard.count == 0 || shard.count == OMS_SLOTS)
		return nth;
	nth = nth * shard.count / OMS_SLOTS;
	for (int i = 0; i < lengthof(shard.slots); i++)
	{
		uint64		word = shard.slots[i];
		int			bits = pg_popcount64(word);

		if (nth >= bits)
		{
			nth -= bits;
			continue;
		}
		for (; nth > 0; nth--)
			word &= word - 1;
		return i * 64 + pg_rightmost_one_pos64(word);
	}
	pg_unreachable();
}

Refusal *
oms_shard_check(const char *object, const char *root_id)
{
	int			slot;

	shard_know();
	if (likely(shard.count == OMS_SLOTS))
		return NULL;
	slot = oms_tree_slot(root_id);
	if (shard.slots[slot / 64] & (UINT64CONST(1) << (slot % 64)))
		return NULL;
	return oms_with_hint(oms_with_detail(oms_refuse(OMS_NOT_HERE, "%s \"%s\" begins a tree of another database",
													object, root_id),
										 "Its slot is %d; this database is shard %d, and oms.shard says which slots it has.",
										 slot, shard.number),
						 "Send it to the database that has the slot.");
}

/* Trigger on oms.shard, for each row and for TRUNCATE: every session reads it again. */
Datum
oms_shard_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("oms.shard_changed() was not called by the trigger manager")));
	CacheInvalidateRelcache(trigger->tg_relation);
	return PointerGetDatum(NULL);
}
