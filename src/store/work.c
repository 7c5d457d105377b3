/*-------------------------------------------------------------------------
 *
 * work.c
 *	  All that one call changes: locked, read once, written once.
 *
 * Objects live in an identity map for one call, so a batch reads and writes each
 * row once.  Nothing is read here but of trees that are locked (trees.c).  Until
 * oms_uow_claim() a command exists in memory only and is undone by putting old
 * values back; the claim (claim.c) inserts its ids and new rows, and
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
#include "core/command_size.h"
#include "store/catalog.h"
#include "store/source.h"
#include "store/work_private.h"

UnitOfWork *
oms_uow_begin(void)
{
	UnitOfWork *uow = palloc0(sizeof(UnitOfWork));

	oms_source_init(&uow->source);
	uow->tables = oms_tables_begin();
	oms_caller_take(&uow->caller);
	uow->map = oms_map_create();
	uow->events_size = 8;
	uow->events = palloc(sizeof(Event) * uow->events_size);
	uow->newest = NO_TIME;
	return uow;
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

static Tracked *
find_root(UnitOfWork *uow, const Object *object)
{
	if (oms_object_is_root(object))
		return oms_map_find(uow->map, object->kind, object->id);
	return oms_map_find(uow->map, oms_kind_of(object)->root_kind, object->root_id);
}

/*
 * Read an object whose tree is locked; NULL if it is not there, or (`searched`)
 * if it is a tree that came to be after ours were locked.
 */
Tracked *
oms_uow_load(UnitOfWork *uow, ObjectKind kind, const char *id, bool searched)
{
	const KindDef *def = &oms_kinds[kind];
	Object	   *object = palloc(def->record->size);
	ItemPointerData tid;
	bool		is_root;
	Tracked    *t;

	if (!oms_object_find(def, oms_tables_get(uow->tables, OMS_OBJECTS_OF(kind)), id, object, &tid))
		return NULL;
	is_root = oms_object_is_root(object);
	if (is_root && searched)
		return NULL;
	/* a link of a damaged row has led here, or a command does not name what it reads (command_trees.c) */
	if (is_root || find_root(uow, object) == NULL)
		oms_damaged("%s \"%s\" is in the tree of \"%s\", which is not locked: the command names nothing of it",
					def->record->name, id, object->root_id);
	t = oms_map_add(uow->map, object);
	t->tid = tid;
	return t;
}

/* Was it looked for when the trees of the command were locked? */
static bool
is_absent(const UnitOfWork *uow, ObjectKind kind, const char *id)
{
	for (int i = 0; i < uow->named.count; i++)
	{
		const TreeName *name = &uow->named.names[i];

		if (name->absent && name->kind == kind && strcmp(name->values[0], id) == 0)
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
	if (t == NULL && !is_absent(uow, kind, id))
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

List *
oms_uow_find(UnitOfWork *uow, ObjectKind kind, int key, const char *const *const *values, int count)
{
	List	   *objects = NIL;
	ListCell   *cell;

	foreach(cell, oms_object_ids_of(oms_tables_get(uow->tables, OMS_OBJECTS_OF(kind)), key, values, count))
	{
		Tracked    *t = oms_map_find(uow->map, kind, lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		if (t == NULL)
			t = oms_uow_load(uow, kind, lfirst(cell), true);
		if (t)
			objects = lappend(objects, t->now);
	}
	return objects;
}

/* ------------------------------------------------------------------------
 * changes
 * ------------------------------------------------------------------------
 */

void
oms_uow_start_command(UnitOfWork *uow, const Command *command)
{
	uow->command = command;
	uow->too_large = NULL;
	uow->command_number++;
	uow->first_event = uow->nevents;
	uow->time = Max(GetCurrentTimestamp(), uow->newest);
	uow->touched = NIL;
	uow->names = NIL;
	uow->inserted = NIL;
}

Refusal *
oms_uow_too_large(UnitOfWork *uow)
{
	return uow->too_large;
}

const Event *
oms_uow_events(UnitOfWork *uow, int *count)
{
	*count = uow->nevents - uow->first_event;
	return uow->events + uow->first_event;
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

/* Remember what the current command found, once. */
static void
touch(UnitOfWork *uow, Tracked *t)
{
	if (t->touched_by == uow->command_number)
		return;
	t->touched_by = uow->command_number;
	t->was_dirty = t->dirty;
	t->before = palloc(oms_kind_of(t->now)->record->size);
	memcpy(t->before, t->now, oms_kind_of(t->now)->record->size);
	uow->touched = lappend(uow->touched, t);
}

TimestampTz
oms_uow_now(const UnitOfWork *uow)
{
	return uow->time;
}

static Event *
next_event(UnitOfWork *uow)
{
	if (uow->nevents == uow->events_size)
	{
		uow->events_size *= 2;
		uow->events = repalloc_huge(uow->events, sizeof(Event) * uow->events_size);
	}
	return &uow->events[uow->nevents++];
}

/*
 * The texts and documents of an object are bounded (command_size.c): what is
 * asked for is refused, of a fact the state takes no more than fits.  True if
 * the state was changed for that.
 */
static bool
bound_state(UnitOfWork *uow, Tracked *t)
{
	const KindDef *kind = oms_kind_of(t->now);
	const Object *before = t->before->version > 0 ? t->before : NULL;
	bool		fact = oms_command_is_fact(uow->command);
	int64		size = oms_state_size(kind->record, t->now);

	if (size <= oms_state_size_max() || (before && size <= oms_state_size(kind->record, before)))
		return false;
	if (fact)
		kind->shorten(t->now, before);
	else if (uow->too_large == NULL)
		uow->too_large = oms_state_refuse_size(kind->record, t->now->id, size);
	return fact;
}

static void
apply_change(UnitOfWork *uow, const Change *change)
{
	const Object *after = change->after;
	const KindDef *kind = oms_kind_of(after);
	Tracked    *t = oms_map_find(uow->map, after->kind, after->id);
	Tracked    *root;
	Object	   *now;
	Object		counted;
	Event	   *event;
	TimestampTz time = uow->time;

	CHECK_FOR_INTERRUPTS();
	if (t == NULL)
	{
		Object	   *object = palloc(kind->record->size);

		memcpy(object, after, kind->record->size);
		t = oms_map_add(uow->map, object);
		t->is_new = true;
		t->id_is_given = change->id_is_given;
	}
	touch(uow, t);
	now = t->now;
	/* how events are counted is this file's business: the core's copy may be behind */
	counted = *now;
	memcpy(t->now, after, kind->record->size);
	now->version = counted.version;
	now->tree_version = counted.tree_version;
	now->tree_updated_at = counted.tree_updated_at;
	now->hash = counted.hash;
	/* what has found its order is no root any more */
	if (!oms_object_is_root(now))
	{
		now->tree_version = 0;
		now->tree_updated_at = NO_TIME;
	}
	root = find_root(uow, now);
	if (root == NULL)
		oms_damaged("%s \"%s\" is not in the tree of \"%s\", which was locked for it",
					kind->record->name, now->id, now->root_id);
	touch(uow, root);

	root->now->tree_version++;
	root->now->tree_updated_at = time;
	root->dirty = true;
	now->version++;
	now->updated_at = time;
	if (now->version == 1)
		now->created_at = time;
	t->dirty = true;

	event = next_event(uow);
	oms_event_build(now, change, &uow->caller, root->now->tree_version, time, event);
	if (unlikely(event->size > oms_state_size_max()) && bound_state(uow, t))
		oms_event_build(now, change, &uow->caller, root->now->tree_version, time, event);
	now->hash = event->hash;
}

void
oms_uow_apply(UnitOfWork *uow, const Decision *decision)
{
	ListCell   *cell;

	foreach(cell, decision->names)
	{
		const OrderName *name = lfirst(cell);

		oms_uow_name_order(uow, name->session, name->cl_ord_id, name->counterparty_order_id, name->order_id);
	}
	foreach(cell, decision->changes)
		apply_change(uow, lfirst(cell));
	uow->newest = uow->time;
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
