/*-------------------------------------------------------------------------
 *
 * events_ahead.c
 *	  Events of many objects, read by the page instead of one by one.
 *
 * Trees lie in their tables by when they came, and so do their events: who goes
 * through one tree after the other finds those of the next beside those of the
 * last.  So the pages behind the first event of an object are looked through, and
 * where whose events lie is kept until they are asked for.  That is worth it as
 * long as a good part of them is; where trees live long, and lie mixed with what
 * stays, it ends after the first pages.
 *
 * What is kept may be older than the lock of the tree.  Events are never moved or
 * changed, and an object has as many as its version says: if that many are known,
 * they are all of them.
 *
 * Looks by the newest snapshot; writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "store/events.h"
#include "store/events_ahead.h"

#define AHEAD_PAGES		32
/* Rows that are known at once. */
#define AHEAD_ROWS_MAX	20000

/* Of so many rows that were seen one must have been asked for … */
#define AHEAD_WANTED	3
/* … once there were this many. */
#define AHEAD_TRIAL		256

typedef struct AheadEvent
{
	int64		version;
	ItemPointerData tid;
} AheadEvent;

typedef struct AheadObject
{
	const char *id;
	AheadEvent *events;
	int			count;
	int			size;
	uint32		status;			/* for simplehash */
} AheadObject;

#define SH_PREFIX ahead
#define SH_ELEMENT_TYPE AheadObject
#define SH_KEY_TYPE const char *
#define SH_KEY id
#define SH_HASH_KEY(tb, key) hash_bytes((const unsigned char *) (key), strlen(key))
#define SH_EQUAL(tb, a, b) (strcmp(a, b) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* A partition, and which of its pages were looked through last. */
typedef struct AheadLeaf
{
	Table	   *leaf;
	ObjectKind	kind;
	TimestampTz first;			/* moments that are known to be of it, and so all between them */
	TimestampTz last;
	BlockNumber from;
	BlockNumber to;				/* beyond the last */
	ahead_hash *objects;
} AheadLeaf;

struct EventsAhead
{
	TableSet   *tables;
	MemoryContext memory;
	MemoryContext kept;			/* what is known … */
	int64		count;			/* … of so many rows */
	int64		seen;			/* rows … */
	int64		wanted;			/* … and of how many the object was asked for */
	List	   *leaves;			/* of AheadLeaf */
};

EventsAhead *
oms_events_ahead_begin(TableSet *tables)
{
	EventsAhead *ahead = palloc0(sizeof(EventsAhead));

	ahead->tables = tables;
	ahead->memory = CurrentMemoryContext;
	ahead->kept = AllocSetContextCreate(CurrentMemoryContext, "oms events ahead", ALLOCSET_DEFAULT_SIZES);
	return ahead;
}

static AheadLeaf *
ahead_make_leaf(EventsAhead *ahead, Table *table, ObjectKind kind)
{
	MemoryContext old;
	AheadLeaf  *leaf;
	ListCell   *cell;

	foreach(cell, ahead->leaves)
		if (((AheadLeaf *) lfirst(cell))->leaf == table)
			return lfirst(cell);
	old = MemoryContextSwitchTo(ahead->memory);
	leaf = palloc0(sizeof(AheadLeaf));
	leaf->leaf = table;
	leaf->kind = kind;
	leaf->first = PG_INT64_MAX;
	leaf->last = PG_INT64_MIN;
	ahead->leaves = lappend(ahead->leaves, leaf);
	MemoryContextSwitchTo(old);
	return leaf;
}

/* The one that has all events of the object; NULL if there are several, or it is not to be looked through. */
static AheadLeaf *
ahead_leaf(EventsAhead *ahead, const Object *object)
{
	AheadLeaf  *leaf;
	ListCell   *cell;
	Table	   *table;

	foreach(cell, ahead->leaves)
	{
		leaf = lfirst(cell);
		if (leaf->kind == object->kind && leaf->first <= object->created_at && object->updated_at <= leaf->last)
			return leaf;
	}
	table = oms_tables_leaf(ahead->tables, OMS_EVENTS_OF(object->kind), object->created_at);
	if (table == NULL || table->rel->rd_tableam->scan_set_tidrange == NULL ||
		oms_tables_leaf(ahead->tables, OMS_EVENTS_OF(object->kind), object->updated_at) != table)
		return NULL;
	leaf = ahead_make_leaf(ahead, table, object->kind);
	leaf->first = Min(leaf->first, object->created_at);
	leaf->last = Max(leaf->last, object->updated_at);
	return leaf;
}

static void
ahead_forget(EventsAhead *ahead)
{
	ListCell   *cell;

	MemoryContextReset(ahead->kept);
	ahead->count = 0;
	foreach(cell, ahead->leaves)
		((AheadLeaf *) lfirst(cell))->objects = NULL;
}

/* The row that was read last. */
static void
ahead_note(EventsAhead *ahead, AheadLeaf *leaf)
{
	Table	   *table = leaf->leaf;
	bool		found;
	AheadObject *object = ahead_insert(leaf->objects, oms_event_object_id(table), &found);

	if (!found)
	{
		object->count = 0;
		object->size = 4;
		object->events = palloc(sizeof(AheadEvent) * object->size);
	}
	else if (object->count == object->size)
	{
		object->size *= 2;
		object->events = repalloc_huge(object->events, sizeof(AheadEvent) * object->size);
	}
	object->events[object->count++] = (AheadEvent) {oms_event_version(table), table->slot->tts_tid};
	ahead->count++;
	ahead->seen++;
}

static void
ahead_look_through(EventsAhead *ahead, AheadLeaf *leaf, BlockNumber from)
{
	MemoryContext old;
	ItemPointerData first;
	ItemPointerData last;
	Snapshot	snapshot;
	TableScanDesc scan;

	if (ahead->count > AHEAD_ROWS_MAX)
		ahead_forget(ahead);
	leaf->from = from;
	leaf->to = from + AHEAD_PAGES;
	ItemPointerSet(&first, leaf->from, FirstOffsetNumber);
	ItemPointerSet(&last, leaf->to - 1, MaxOffsetNumber);
	old = MemoryContextSwitchTo(ahead->kept);
	if (leaf->objects == NULL)
		leaf->objects = ahead_create(ahead->kept, 64, NULL);
	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	scan = table_beginscan_tidrange(leaf->leaf->rel, snapshot, &first, &last);
	while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection, leaf->leaf->slot))
	{
		CHECK_FOR_INTERRUPTS();
		ahead_note(ahead, leaf);
	}
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecClearTuple(leaf->leaf->slot);
	MemoryContextSwitchTo(old);
}

static int
ahead_compare_versions(const void *a, const void *b)
{
	int64		first = ((const AheadEvent *) a)->version;
	int64		second = ((const AheadEvent *) b)->version;

	return first < second ? -1 : first > second;
}

/* All events of the object, in their order; NULL if some are not known. */
static const AheadObject *
ahead_find(const AheadLeaf *leaf, const Object *object)
{
	AheadObject *found = leaf->objects ? ahead_lookup(leaf->objects, object->id) : NULL;
	bool		in_order = true;

	if (found == NULL || found->count != object->version)
		return NULL;
	for (int i = 0; i < found->count; i++)
		in_order &= found->events[i].version == i + 1;
	if (in_order)
		return found;
	qsort(found->events, found->count, sizeof(AheadEvent), ahead_compare_versions);
	for (int i = 0; i < found->count; i++)
		if (found->events[i].version != i + 1)
			return NULL;
	return found;
}

/* From its first event on, or behind what was seen where some of them were there. */
static const AheadObject *
ahead_look_on(EventsAhead *ahead, AheadLeaf *leaf, const Object *object)
{
	BlockNumber from = leaf->to;

	if (ahead->seen > AHEAD_TRIAL && ahead->wanted < ahead->seen / AHEAD_WANTED)
		return NULL;
	if (leaf->objects == NULL || ahead_lookup(leaf->objects, object->id) == NULL)
	{
		if (!oms_event_find(leaf->leaf, object->id, 1))
			return NULL;
		from = ItemPointerGetBlockNumber(&leaf->leaf->slot->tts_tid);
		if (from >= leaf->from && from < leaf->to)
			return NULL;
	}
	ahead_look_through(ahead, leaf, from);
	return ahead_find(leaf, object);
}

bool
oms_events_ahead_walk(EventsAhead *ahead, const Object *object, OmsRowCallback callback, void *arg)
{
	/* at SERIALIZABLE whatever is read counts */
	AheadLeaf  *leaf = IsolationIsSerializable() ? NULL : ahead_leaf(ahead, object);
	const AheadObject *found;
	Table	   *table;

	if (leaf == NULL)
		return false;
	found = ahead_find(leaf, object);
	if (found == NULL)
		found = ahead_look_on(ahead, leaf, object);
	if (found == NULL)
		return false;
	table = leaf->leaf;
	for (int i = 0; i < found->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!table_tuple_fetch_row_version(table->rel, &found->events[i].tid, SnapshotAny, table->slot))
			oms_raise_serialization();
		callback(table, arg);
	}
	ahead->wanted += found->count;
	return true;
}
