/*-------------------------------------------------------------------------
 *
 * work.c
 *	  All that one call changes: locked, read once, written once.
 *
 * Objects live in an identity map for one call, so a batch reads and writes each
 * row once.  Nothing is read here but of trees that are locked (trees.c).  A
 * command exists in memory only, and is nothing to this file until it is applied
 * (apply.c) and its ids are ours (claim.c), with its new rows inserted;
 * oms_uow_flush() writes the rest: first the events, then each changed row.
 * Nothing here knows what a command means, and nothing locks.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/damage.h"
#include "base/moment.h"
#include "store/source.h"
#include "store/work_private.h"

/* The one under way, as long as its tables are open. */
static UnitOfWork *work_last = NULL;

UnitOfWork *
oms_uow_begin(void)
{
	UnitOfWork *uow = palloc0(sizeof(UnitOfWork));

	oms_source_init(&uow->source);
	uow->memory = CurrentMemoryContext;
	uow->tables = oms_tables_begin();
	oms_caller_take(&uow->caller);
	uow->map = oms_map_create();
	uow->events_size = 8;
	uow->events = palloc(sizeof(Event) * uow->events_size);
	uow->newest = NO_TIME;
	work_last = uow;
	return uow;
}

UnitOfWork *
oms_uow_under_way(void)
{
	return oms_tables_are_open() ? work_last : NULL;
}

ObjectSource *
oms_uow_source(UnitOfWork *uow)
{
	return &uow->source;
}

const Caller *
oms_uow_caller(UnitOfWork *uow)
{
	return &uow->caller;
}

TableSet *
oms_uow_tables(UnitOfWork *uow)
{
	return uow->tables;
}

uint64
oms_uow_xid(UnitOfWork *uow)
{
	return U64FromFullTransactionId(GetTopFullTransactionId());
}

/* ------------------------------------------------------------------------
 * identity map
 * ------------------------------------------------------------------------
 */

/*
 * Read an object whose tree is locked; NULL if it is not there, or (`searched`)
 * if it is a tree that came to be after ours were locked.
 */
static Tracked *
work_load(UnitOfWork *uow, ObjectKind kind, const char *id, bool searched)
{
	const KindDef *def = &oms_kinds[kind];
	Object	   *object = palloc(def->record->size);
	ItemPointerData tid;
	bool		is_root;

	if (!oms_object_find(def, oms_tables_get(uow->tables, OMS_OBJECTS_OF(kind)), id, object, &tid))
		return NULL;
	is_root = oms_object_is_root(object);
	if (is_root && searched)
		return NULL;
	/* a link of a damaged row has led here, or a command does not name what it reads (command_trees.c) */
	if (is_root || oms_map_find(uow->map, def->root_kind, object->root_id) == NULL)
		oms_damaged("%s \"%s\" is in the tree of \"%s\", which is not locked: the command names nothing of it",
					oms_kind_noun(object->kind), id, object->root_id);
	return oms_map_add(uow->map, object, &tid);
}

Tracked *
oms_uow_load(UnitOfWork *uow, ObjectKind kind, const char *id, bool searched)
{
	MemoryContext old = MemoryContextSwitchTo(uow->memory);
	Tracked    *t = work_load(uow, kind, id, searched);

	MemoryContextSwitchTo(old);
	return t;
}

static bool
work_same_values(const char *const *a, const char *const *b, int count)
{
	for (int i = 0; i < count; i++)
		if ((a[i] == NULL) != (b[i] == NULL) || (a[i] && strcmp(a[i], b[i]) != 0))
			return false;
	return true;
}

/* Was it looked for when the trees of the command were locked, and not found? */
static bool
work_is_absent(const UnitOfWork *uow, ObjectKind kind, int key, const char *const *values)
{
	const TableKey *columns = &oms_kinds[kind].record->keys[key];
	int			ncolumns = 0;

	while (ncolumns < KEY_COLUMNS_MAX && columns->columns[ncolumns])
		ncolumns++;
	for (int i = 0; i < uow->named.count; i++)
	{
		const TreeName *name = &uow->named.names[i];

		if (name->absent && name->kind == kind && name->key == key && work_same_values(name->values, values, ncolumns))
			return true;
	}
	return false;
}

const Object *
oms_uow_object(UnitOfWork *uow, ObjectKind kind, const char *id)
{
	Tracked    *t = oms_map_find(uow->map, kind, id);

	/* whoever loops over objects comes through here for each */
	CHECK_FOR_INTERRUPTS();
	if (t == NULL && !work_is_absent(uow, kind, OBJECT_BY_ID, &id))
		t = oms_uow_load(uow, kind, id, false);
	return t ? t->now : NULL;
}

const Object *
oms_uow_peek(UnitOfWork *uow, ObjectKind kind, const char *id)
{
	Tracked    *t = oms_map_find(uow->map, kind, id);
	Object	   *object;
	ItemPointerData tid;

	if (t)
		return t->now;
	object = palloc(oms_kinds[kind].record->size);
	return oms_object_find(&oms_kinds[kind], oms_tables_get(uow->tables, OMS_OBJECTS_OF(kind)), id, object, &tid) ? object : NULL;
}

/*
 * What changed in this call is written at its end, and may not stand yet in an
 * index of some rows: then another key of the same columns leads to all of them.
 */
static int
work_key_now(const UnitOfWork *uow, ObjectKind kind, int key)
{
	const RecordDef *def = oms_kinds[kind].record;

	if (def->keys[key].only.column == NULL || uow->nevents == 0)
		return key;
	for (int other = 0; other < def->nkeys; other++)
		if (def->keys[other].only.column == NULL &&
			work_same_values(def->keys[other].columns, def->keys[key].columns, KEY_COLUMNS_MAX))
			return other;
	return key;
}

List *
oms_uow_find(UnitOfWork *uow, ObjectKind kind, int key, const char *const *const *values, int count)
{
	List	   *objects = NIL;
	List	   *ids;
	ListCell   *cell;

	/* unless this call has made objects, what was not there is not there */
	while (count > 0 && !uow->has_made && work_is_absent(uow, kind, key, values[count - 1]))
		count--;
	if (count == 0)
		return NIL;
	ids = oms_object_ids_of(oms_tables_get(uow->tables, OMS_OBJECTS_OF(kind)), work_key_now(uow, kind, key), values, count);
	foreach(cell, ids)
	{
		Tracked    *t = oms_map_find(uow->map, kind, lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		if (t == NULL)
			t = oms_uow_load(uow, kind, lfirst(cell), true);
		if (t)
			objects = lappend(objects, t->now);
	}
	/* a batch may look through the same many objects for each of its commands */
	list_free_deep(ids);
	return objects;
}

bool
oms_uow_has(UnitOfWork *uow, ObjectKind kind, const char *id)
{
	return oms_map_find(uow->map, kind, id) != NULL;
}

void
oms_uow_each(UnitOfWork *uow, ObjectKind kind, void (*visit) (const Object *object, void *arg), void *arg)
{
	ListCell   *cell;

	foreach(cell, oms_map_objects(uow->map))
	{
		const Object *object = ((const Tracked *) lfirst(cell))->now;

		CHECK_FOR_INTERRUPTS();
		if (object->kind == kind)
			visit(object, arg);
	}
}

/* ------------------------------------------------------------------------
 * changes
 * ------------------------------------------------------------------------
 */

void
oms_uow_start_command(UnitOfWork *uow)
{
	uow->first_event = uow->nevents;
	uow->time = Max(GetCurrentTimestamp(), uow->newest);
}

int
oms_uow_count_events(const UnitOfWork *uow)
{
	return uow->nevents;
}

const Event *
oms_uow_events_since(UnitOfWork *uow, int first, int *count)
{
	*count = uow->nevents - first;
	return uow->events + first;
}

const Event *
oms_uow_events(UnitOfWork *uow, int *count)
{
	return oms_uow_events_since(uow, uow->first_event, count);
}

/* A batch may repeat a command whose events are not written yet: they ascend by sequence. */
Jsonb *
oms_uow_event_payload(UnitOfWork *uow, int64 sequence, TimestampTz occurred_at, uint64 *xid)
{
	int			low = 0;
	int			high = uow->nevents;

	CHECK_FOR_INTERRUPTS();
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (uow->events[middle].sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < uow->nevents && uow->events[low].sequence == sequence)
	{
		*xid = oms_uow_xid(uow);
		return uow->events[low].payload;
	}
	return oms_event_payload(uow->tables, sequence, occurred_at, xid);
}

TimestampTz
oms_uow_now(const UnitOfWork *uow)
{
	return uow->time;
}

void
oms_uow_flush(UnitOfWork *uow)
{
	ListCell   *cell;

	if (uow->nevents > 0)
		oms_events_append(uow->tables, uow->events, uow->nevents, &uow->caller, oms_uow_xid(uow));
	/* rows claimed by this call may have to be written again */
	CommandCounterIncrement();
	foreach(cell, oms_map_objects(uow->map))
	{
		Tracked    *t = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (t->dirty)
			oms_object_update(oms_tables_get(uow->tables, OMS_OBJECTS_OF(t->now->kind)), t->now, &t->tid);
		t->dirty = false;
	}
	oms_tables_end(uow->tables);
	CommandCounterIncrement();
}
