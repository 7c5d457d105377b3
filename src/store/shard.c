/*-------------------------------------------------------------------------
 *
 * shard.c
 *	  The slots of this database.
 *
 * Keeps what oms.shard says (config_table.c).  Only what begins a tree asks.
 * Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "port/pg_bitutils.h"
#include "utils/fmgrprotos.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "base/tree_slot.h"
#include "store/config_table.h"
#include "store/shard.h"

static struct
{
	bool		found;
	int32		number;
	int			count;			/* of slots that are ours */
	uint64		slots[OMS_SLOTS / 64];
}			shard;

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

static void
shard_begin(ConfigTable *table)
{
	shard.found = false;
}

/* There is one row (oms.shard_replace()). */
static void
shard_take(ConfigTable *table, Relation rel, TupleTableSlot *slot)
{
	shard.found = true;
	shard.number = DatumGetInt32(oms_config_column(rel, slot, "number", INT4OID, NULL));
	shard_take_slots(oms_config_column(rel, slot, "slots", INT4MULTIRANGEOID, NULL));
}

static void
shard_end(ConfigTable *table)
{
	if (!shard.found)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("oms.shard has no row"),
				 errhint("Insert what this database has, as (0, '{[0,16384)}') for all slots.")));
}

static ConfigTable shard_table = {.which = OMS_SHARD, .begin = shard_begin, .take = shard_take, .end = shard_end};

void
oms_shard_init(void)
{
	oms_config_init(&shard_table);
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

	oms_config_know(&shard_table);
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

	oms_config_know(&shard_table);
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
