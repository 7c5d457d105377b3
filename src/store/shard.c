/*-------------------------------------------------------------------------
 *
 * shard.c
 *	  The slots of this database, and the numbers that its events have.
 *
 * Keeps what oms.shard says (config_table.c).
 *
 * In a fleet the numbers of events must not be those of another shard: each draws
 * every step-th one, at an offset of its own (oms.set_shard()).  A dump brings the
 * value of the sequence but not its step, so what is drawn is looked at.
 *
 * oms.set_shard() holds a lock on the sequence that keeps everybody from drawing.
 * Whoever waited for it has checked the slots of before, and begins again.
 *
 * Writes nothing; a number that is drawn locks the sequence, as nextval() does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type_d.h"
#include "commands/sequence.h"
#include "fmgr.h"
#include "port/pg_bitutils.h"
#include "utils/fmgrprotos.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "base/tree_slot.h"
#include "store/config_table.h"
#include "store/shard.h"

PG_FUNCTION_INFO_V1(oms_next_sequence_number);

static struct
{
	bool		found;
	int32		number;
	int32		step;			/* of the sequence; 1: there is no fleet */
	int32		timeline;		/* the only one on which commands are taken; 0: any */
	uint64		generation;		/* how often it was read … */
	uint64		asked;			/* … when the command at hand was checked */
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
	Datum		timeline;
	bool		isnull;

	shard.found = true;
	shard.number = DatumGetInt32(oms_config_column(rel, slot, "number", INT4OID, NULL));
	shard.step = DatumGetInt32(oms_config_column(rel, slot, "step", INT4OID, NULL));
	timeline = oms_config_column(rel, slot, "timeline", INT4OID, &isnull);
	shard.timeline = isnull ? 0 : DatumGetInt32(timeline);
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
	shard.generation++;
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
oms_shard_check_life(void)
{
	TimeLineID	timeline;

	oms_config_know(&shard_table);
	shard.asked = shard.generation;
	if (likely(shard.timeline == 0) || RecoveryInProgress())
		return NULL;
	timeline = GetWALInsertionTimeLine();
	if (timeline == (TimeLineID) shard.timeline)
		return NULL;
	return oms_with_hint(oms_with_detail(oms_refuse(OMS_NOT_HERE, "this database is a copy of shard %d, and no shard itself yet", shard.number),
										 "oms.shard allows commands on timeline %d alone; this server is on timeline %u.", shard.timeline, timeline),
						 "Give it its own number and slots by oms.set_shard().");
}

static bool
shard_has_slot(int slot)
{
	return (shard.slots[slot / 64] & (UINT64CONST(1) << (slot % 64))) != 0;
}

bool
oms_shard_has(const char *root_id)
{
	oms_config_know(&shard_table);
	return shard.count == OMS_SLOTS || shard_has_slot(oms_tree_slot(root_id));
}

/* Outside of a fleet what is here goes on: nobody else has it. */
Refusal *
oms_shard_check(const char *object, const char *root_id, bool begins)
{
	oms_config_know(&shard_table);
	if (likely(shard.count == OMS_SLOTS) || (!begins && shard.step == 1) || oms_shard_has(root_id))
		return NULL;
	return oms_with_hint(oms_with_detail(oms_refuse(OMS_NOT_HERE, begins ? "%s \"%s\" begins a tree of another database" :
													"%s \"%s\" is of a tree of another database", object, root_id),
										 "Its slot is %d; this database is shard %d, and oms.shard says which slots it has.",
										 oms_tree_slot(root_id), shard.number),
						 "Send it to the database that has the slot.");
}

int
oms_shard_number(void)
{
	oms_config_know(&shard_table);
	return shard.step == 1 ? OMS_NO_SHARD : shard.number;
}

/* ------------------------------------------------------------------------
 * numbers of events
 * ------------------------------------------------------------------------
 */

int64
oms_next_sequence(void)
{
	int64		sequence;
	Refusal    *refusal = NULL;

	oms_config_know(&shard_table);
	if (unlikely(shard.timeline != 0))
	{
		uint64		asked = shard.asked;

		refusal = oms_shard_check_life();
		shard.asked = asked;
	}
	if (refusal)
		oms_raise(refusal);
	sequence = nextval_internal(oms_relation(OMS_EVENT_SEQUENCE), false);
	/* it may have waited for oms.set_shard() */
	oms_config_know(&shard_table);
	if (likely(shard.step == 1) || sequence % shard.step == shard.number)
		return sequence;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("oms.event_sequence does not stand on the offset of shard %d", shard.number),
			 errdetail("It gave " INT64_FORMAT ", which by oms.shard (step %d) is another shard's.", sequence, shard.step),
			 errhint("Call oms.set_shard() with the number and slots that oms.shard has.")));
}

int64
oms_next_tree_sequence(void)
{
	int64		sequence = oms_next_sequence();

	if (unlikely(shard.step != 1 && shard.asked != shard.generation))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("the slots of this database have changed while a command was applied")));
	return sequence;
}

/* For what is numbered in SQL. */
Datum
oms_next_sequence_number(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(oms_next_sequence());
}
