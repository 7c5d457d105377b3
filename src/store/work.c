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
 * A call with many commands works in strides: oms_uow_pause() writes what is done
 * and gives its memory back.  What stays for each tree is that it is locked, and
 * where its root's row is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/damage.h"
#include "base/moment.h"
#include "store/event_hooks.h"
#include "store/shard.h"
#include "store/sight.h"
#include "store/source.h"
#include "store/work_private.h"

/*
 * What a stride may take: some dozens of commands, so that what the next ones need
 * lies where these had it, near the processor.  What is read early, and what waits
 * to be changed again, may take so much each.
 */
#ifdef USE_ASSERT_CHECKING
#define STRIDE_MEMORY	(48 * 1024) /* tests have small batches, which are to meet all of it */
#define EARLY_MEMORY	(48 * 1024)
#define KEPT_MEMORY		(64 * 1024)
#else
#define STRIDE_MEMORY	(512 * 1024)
#define EARLY_MEMORY	(8 * 1024 * 1024)
#define KEPT_MEMORY		(16 * 1024 * 1024)
#endif

/* Blocks that double would be counted when half of them is empty. */
#define EARLY_BLOCK		(64 * 1024)

/* The one under way, as long as its tables are open. */
static UnitOfWork *work_last = NULL;

static void work_read_again(void *arg, ObjectKind kind, Tracked *t);

UnitOfWork *
oms_uow_begin(void)
{
	UnitOfWork *uow = palloc0(sizeof(UnitOfWork));

	oms_source_init(&uow->source);
	uow->call = uow->memory = CurrentMemoryContext;
	uow->tables = oms_tables_begin();
	oms_caller_take(&uow->caller);
	uow->map = oms_map_create(work_read_again, uow);
	uow->events_size = 8;
	uow->events = palloc(sizeof(Event) * uow->events_size);
	uow->newest = NO_TIME;
	oms_sight_ask(uow);
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

void
oms_uow_never_wait(UnitOfWork *uow)
{
	uow->never_waits = true;
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

static const Incarnation *
work_incarnation(UnitOfWork *uow)
{
	if (uow->incarnation.number == 0)
		uow->incarnation = oms_incarnation_now();
	return &uow->incarnation;
}

Token
oms_uow_token(UnitOfWork *uow)
{
	return (Token) {.shard = oms_shard_number(), .incarnation = work_incarnation(uow)->number, .xid = oms_uow_xid(uow)};
}

/* ------------------------------------------------------------------------
 * identity map
 * ------------------------------------------------------------------------
 */

/* What was read of a tree that is locked; NULL (`searched`) if it is a tree that came to be after ours were locked. */
static Tracked *
work_take(UnitOfWork *uow, Object *object, const ItemPointerData *tid, bool searched)
{
	const KindDef *def = oms_kind_of(object);
	bool		is_root = oms_object_is_root(object);

	if (is_root && searched)
		return NULL;
	/* a link of a damaged row has led here, or a command does not name what it reads (command_trees.c) */
	if (is_root || oms_map_peek(uow->map, def->root_kind, object->root_id) == NULL)
		oms_damaged("%s \"%s\" is in the tree of \"%s\", which is not locked: the command names nothing of it",
					oms_kind_noun(object->kind), object->id, object->root_id);
	return oms_map_add(uow->map, object, tid);
}

/* NULL if it is not there. */
static Tracked *
work_load(UnitOfWork *uow, ObjectKind kind, const char *id, bool searched)
{
	const KindDef *def = &oms_kinds[kind];
	Object	   *object = palloc(def->record->size);
	ItemPointerData tid;

	if (!oms_object_find(def, oms_tables_get(uow->tables, OMS_OBJECTS_OF(kind)), id, object, &tid))
		return NULL;
	return work_take(uow, object, &tid, searched);
}

/* The map's: a root that is locked, of which only the place was kept. */
static void
work_read_again(void *arg, ObjectKind kind, Tracked *t)
{
	UnitOfWork *uow = arg;
	Table	   *table = oms_tables_get(uow->tables, OMS_OBJECTS_OF(kind));
	MemoryContext old = MemoryContextSwitchTo(uow->memory);

	t->now = palloc(oms_kinds[kind].record->size);
	if (!oms_object_read_at(&oms_kinds[kind], table, &t->tid, t->now))
		oms_table_lost_row(table);
	MemoryContextSwitchTo(old);
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

/* Is it named, and nothing that the caller may see?  Then it is not there, though its tree may be locked for something else. */
static bool
work_is_hidden(const UnitOfWork *uow, ObjectKind kind, const char *id)
{
	for (int i = 0; i < uow->named.count; i++)
	{
		const TreeName *name = &uow->named.names[i];

		if (name->hidden && name->kind == kind && strcmp(name->values[0], id) == 0)
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
	if (unlikely(uow->hides) && work_is_hidden(uow, kind, id))
		return NULL;
	if (t == NULL && !work_is_absent(uow, kind, OBJECT_BY_ID, &id))
		t = oms_uow_load(uow, kind, id, false);
	return t ? t->now : NULL;
}

const Object *
oms_uow_peek_any(UnitOfWork *uow, ObjectKind kind, const char *id)
{
	Tracked    *t = oms_map_find(uow->map, kind, id);
	Object	   *object;
	ItemPointerData tid;

	if (t)
		return t->now;
	if (!OidIsValid(oms_relation_if_any(OMS_OBJECTS_OF(kind))))
		return NULL;
	object = palloc(oms_kinds[kind].record->size);
	return oms_object_find(&oms_kinds[kind], oms_tables_get(uow->tables, OMS_OBJECTS_OF(kind)), id, object, &tid) ? object : NULL;
}

const Object *
oms_uow_peek(UnitOfWork *uow, ObjectKind kind, const char *id)
{
	const Object *object = oms_uow_peek_any(uow, kind, id);

	return object && oms_uow_sees(uow, object) ? object : NULL;
}

/*
 * What changed in this call is written at its end, and may not stand yet in an
 * index of some rows: then another key of the same columns leads to all of them.
 */
static int
work_key_now(const UnitOfWork *uow, ObjectKind kind, int key)
{
	const RecordDef *def = oms_kinds[kind].record;

	if (def->keys[key].only.column == NULL || (uow->nevents == 0 && uow->kept == 0))
		return key;
	for (int other = 0; other < def->nkeys; other++)
		if (def->keys[other].only.column == NULL &&
			work_same_values(def->keys[other].columns, def->keys[key].columns, KEY_COLUMNS_MAX))
			return other;
	return key;
}

typedef struct WorkSearch
{
	UnitOfWork *uow;
	ObjectKind	kind;
	List	   *objects;		/* in memory of the caller */
} WorkSearch;

/* Its row as it is read here is its newest, for its tree is locked. */
static void
work_found(Table *table, void *arg)
{
	WorkSearch *search = arg;
	UnitOfWork *uow = search->uow;
	const KindDef *def = &oms_kinds[search->kind];
	char	   *id = oms_object_id_of(table);
	Tracked    *t = oms_map_find(uow->map, search->kind, id);

	/* a batch may look through the same many objects for each of its commands */
	pfree(id);
	if (t == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(uow->memory);
		Object	   *object = palloc(def->record->size);
		ItemPointerData tid;

		oms_object_read(def, table, object, &tid);
		t = work_take(uow, object, &tid, true);
		MemoryContextSwitchTo(old);
	}
	if (t)
		search->objects = lappend(search->objects, t->now);
}

List *
oms_uow_find(UnitOfWork *uow, ObjectKind kind, int key, const char *const *const *values, int count)
{
	WorkSearch	search = {.uow = uow, .kind = kind};

	/* unless this call has made objects, what was not there is not there */
	while (count > 0 && !uow->has_made && work_is_absent(uow, kind, key, values[count - 1]))
		count--;
	if (count > 0)
		oms_object_each(oms_tables_get(uow->tables, OMS_OBJECTS_OF(kind)), work_key_now(uow, kind, key), values, count, work_found, &search);
	return search.objects;
}

bool
oms_uow_has(UnitOfWork *uow, ObjectKind kind, const char *id)
{
	Tracked    *t = oms_map_peek(uow->map, kind, id);

	return t && t->now;
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
	uow->unseen = NIL;
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
oms_uow_event_payload(UnitOfWork *uow, int64 sequence, TimestampTz occurred_at, Token *token)
{
	Jsonb	   *payload;
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
		*token = oms_uow_token(uow);
		return uow->events[low].payload;
	}
	payload = oms_event_payload(uow->tables, sequence, occurred_at, &token->xid);
	if (payload)
	{
		token->shard = oms_shard_number();
		token->incarnation = oms_incarnation_of(sequence);
	}
	return payload;
}

Jsonb *
oms_uow_first_payload(UnitOfWork *uow, const Object *object)
{
	for (int i = 0; i < uow->nevents; i++)
		if (uow->events[i].version == 1 && uow->events[i].kind->kind == object->kind && strcmp(uow->events[i].id, object->id) == 0)
			return uow->events[i].payload;
	return oms_event_first_payload(uow->tables, object);
}

TimestampTz
oms_uow_now(const UnitOfWork *uow)
{
	return uow->time;
}

/* ------------------------------------------------------------------------
 * writing
 * ------------------------------------------------------------------------
 */

static void
work_write_events(UnitOfWork *uow)
{
	if (uow->nevents == 0)
		return;
	if (unlikely(!work_incarnation(uow)->is_lasting))
		oms_incarnation_write(uow->tables, uow->incarnation.number, uow->events[0].sequence, uow->events[0].occurred_at);
	uow->incarnation.is_lasting = true;
	oms_events_append(uow->tables, uow->events, uow->nevents, &uow->caller, oms_uow_xid(uow));
}

static void
work_write_row(UnitOfWork *uow, Tracked *t)
{
	CHECK_FOR_INTERRUPTS();
	if (t->dirty)
		oms_object_update(oms_tables_get(uow->tables, OMS_OBJECTS_OF(t->now->kind)), t->now, &t->tid);
	t->dirty = false;
}

void
oms_uow_flush(UnitOfWork *uow)
{
	ListCell   *cell;

	work_write_events(uow);
	/* rows claimed by this call may have to be written again */
	CommandCounterIncrement();
	foreach(cell, oms_map_objects(uow->map))
		work_write_row(uow, lfirst(cell));
	oms_tables_end(uow->tables);
	CommandCounterIncrement();
	if (unlikely(oms_has_event_hooks))
		oms_event_hooks_call(uow->events, uow->nevents, &uow->caller);
}

/* ------------------------------------------------------------------------
 * strides
 * ------------------------------------------------------------------------
 */

MemoryContext
oms_uow_early_memory(UnitOfWork *uow)
{
	if (uow->early == NULL)
		uow->early = AllocSetContextCreate(uow->call, "oms early", ALLOCSET_DEFAULT_MINSIZE, ALLOCSET_DEFAULT_INITSIZE, EARLY_BLOCK);
	return MemoryContextMemAllocated(uow->early, false) < EARLY_MEMORY ? uow->early : NULL;
}

/* Its first block stays its own, so that the next stride lies in the same place. */
MemoryContext
oms_uow_begin_stride(UnitOfWork *uow)
{
	uow->memory = AllocSetContextCreate(uow->call, "oms stride", STRIDE_MEMORY, ALLOCSET_DEFAULT_INITSIZE, ALLOCSET_DEFAULT_MAXSIZE);
	return uow->memory;
}

/* Does a command to come name something of its tree? */
static bool
work_is_named_again(const UnitOfWork *uow, Tracked *t)
{
	const Object *object = t->now;
	Tracked    *root = oms_object_is_root(object) ? t : oms_map_peek(uow->map, oms_kind_of(object)->root_kind, object->root_id);

	return root && root->uses > 0;
}

/* The copy that waited is not needed any more. */
static void
work_let_go(UnitOfWork *uow, Object **kept)
{
	if (*kept == NULL)
		return;
	uow->kept -= GetMemoryChunkSpace(*kept);
	pfree(*kept);
	*kept = NULL;
}

/* A copy of what waits to be changed again; its row is written with the last change. */
static void
work_keep(UnitOfWork *uow, Tracked *t)
{
	MemoryContext old = MemoryContextSwitchTo(uow->call);

	t->was_kept = t->kept;
	t->now = t->kept = oms_record_copy(oms_kind_of(t->now)->record, t->now);
	uow->kept += GetMemoryChunkSpace(t->kept);
	MemoryContextSwitchTo(old);
}

static void
work_settle(UnitOfWork *uow, Tracked *t)
{
	bool		waits = t->dirty && work_is_named_again(uow, t);

	if (waits && t->now == t->kept)
		return;
	if (waits && uow->kept < KEPT_MEMORY)
		work_keep(uow, t);
	else
		work_write_row(uow, t);
}

/* Does the object outlast the stride?  Then it does not lie in its memory. */
static bool
work_outlasts(void *arg, Tracked *t)
{
	UnitOfWork *uow = arg;

	/* objects share what they have in common, also with those that they came from: only now is none left that does */
	work_let_go(uow, &t->was_kept);
	if (t->dirty || (GetMemoryChunkContext(t->now) == uow->early && work_is_named_again(uow, t)))
		return true;
	work_let_go(uow, &t->kept);
	return false;
}

/* What the command that is done has named ahead, it needs no more. */
static void
work_count_off(UnitOfWork *uow)
{
	uow->ncommands_done++;
	while (uow->nnamed_done < uow->nnamed_ahead && uow->named_ahead[uow->nnamed_done].command < uow->ncommands_done)
		uow->named_ahead[uow->nnamed_done++].root->uses--;
}

void
oms_uow_pause(UnitOfWork *uow)
{
	ListCell   *cell;

	work_count_off(uow);
	/* hooks are told of all events at the end */
	if (oms_has_event_hooks || MemoryContextMemAllocated(uow->memory, true) <= STRIDE_MEMORY)
		return;
	work_write_events(uow);
	uow->nevents = uow->first_event = 0;
	CommandCounterIncrement();
	/* what triggers ask for is still there: nothing is forgotten before all is written */
	foreach(cell, oms_map_objects(uow->map))
		work_settle(uow, lfirst(cell));
	oms_map_forget(uow->map, work_outlasts, uow);
	uow->named = (TreeNames) {0};
	uow->unseen = NIL;
	MemoryContextReset(uow->memory);
}
