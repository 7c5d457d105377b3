/*-------------------------------------------------------------------------
 *
 * apply.c
 *	  From a decision to events and rows.
 *
 * It alone numbers changes and builds their events, after the last refusal that
 * can be known from memory; claim.c then makes the command's ids ours.  What is
 * numbered belongs to the decision: only when all is claimed are its objects put
 * into the identity map, and its events into the list of the unit of work.  A
 * command that does not come so far leaves neither touched.  What a purge shows to
 * functions of users is shown last, and what was claimed goes again if they refuse.
 *
 * Each change is one event.  It counts in the version of its object and in the
 * tree version of its root, whose row is therefore written too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"

#include "base/damage.h"
#include "base/moment.h"
#include "core/command_size.h"
#include "store/purge.h"
#include "store/work_private.h"

/* A tree that the command changes. */
typedef struct AppliedTree
{
	ObjectKind	kind;			/* of the root */
	const char *id;
	Object	   *before;			/* the root as it is in the identity map; NULL: the command makes it */
	Object	   *after;			/* what the command makes of it, if it changes it */
	int64		version;
} AppliedTree;

static AppliedTree *
apply_find_tree(Application *app, const Object *object)
{
	bool		is_root = oms_object_is_root(object);
	ObjectKind	kind = is_root ? object->kind : oms_kind_of(object)->root_kind;
	const char *id = is_root ? object->id : object->root_id;
	AppliedTree *tree;
	Tracked    *t;
	ListCell   *cell;

	foreach(cell, app->trees)
	{
		tree = lfirst(cell);
		if (tree->kind == kind && strcmp(tree->id, id) == 0)
			return tree;
	}
	t = oms_map_find(app->uow->map, kind, id);
	if (t == NULL && !is_root)
		oms_damaged("%s \"%s\" is not in the tree of \"%s\", which was locked for it",
					oms_kind_noun(object->kind), object->id, id);
	tree = palloc0(sizeof(AppliedTree));
	tree->kind = kind;
	tree->id = id;
	if (t)
	{
		tree->before = t->now;
		tree->version = t->now->tree_version;
	}
	app->trees = lappend(app->trees, tree);
	return tree;
}

/*
 * The texts and documents of an object are bounded (command_size.c): what is
 * asked for is refused, of a fact the state takes no more than fits.  True if
 * the state was changed for that.
 */
static bool
apply_bound(Application *app, Object *now, Refusal **refusal)
{
	const KindDef *kind = oms_kind_of(now);
	Tracked    *t = oms_map_find(app->uow->map, now->kind, now->id);
	const Command *command = app->decision->command;
	bool		fact = oms_command_is_about_facts(command) && !oms_has_trait(command->def, TRAIT_ALLOCATES);
	int64		size = oms_state_size(kind->record, now);

	if (size <= oms_state_size_max() || (t && size <= oms_state_size(kind->record, t->now)))
		return false;
	if (!fact)
		*refusal = oms_state_refuse_size(kind->record, now->id, size);
	else if (kind->shorten)
		kind->shorten(now, t ? t->now : NULL);
	return fact;
}

static AppliedTree *
apply_number(Application *app, const Change *change)
{
	Object	   *now = change->after;
	const Object *before = change->before;
	AppliedTree *tree = apply_find_tree(app, now);

	CHECK_FOR_INTERRUPTS();
	tree->version++;
	now->version = before ? before->version + 1 : 1;
	now->hash = before ? before->hash : NULL;
	now->updated_at = app->uow->time;
	if (before == NULL)
		now->created_at = app->uow->time;
	/* what has found its place in another tree is no root any more */
	now->tree_version = 0;
	now->tree_updated_at = NO_TIME;
	if (oms_object_is_root(now))
	{
		now->tree_version = tree->version;
		now->tree_updated_at = app->uow->time;
		tree->after = now;
	}
	return tree;
}

static Refusal *
apply_build_event(Application *app, const Change *change, Event *event)
{
	Object	   *now = change->after;
	AppliedTree *tree = apply_number(app, change);
	Refusal    *refusal = NULL;

	oms_event_build(&app->maker, now, change, tree->version, event);
	if (unlikely(event->size > oms_state_size_max()) && apply_bound(app, now, &refusal))
		oms_event_build(&app->maker, now, change, tree->version, event);
	now->hash = event->hash;
	return refusal;
}

/* Behind those of the unit of work, which does not know of them yet. */
static Event *
apply_room_for_events(UnitOfWork *uow, int count)
{
	while (uow->nevents + count > uow->events_size)
	{
		uow->events_size *= 2;
		uow->events = repalloc_huge(uow->events, sizeof(Event) * uow->events_size);
	}
	return uow->events + uow->nevents;
}

/* The root counts what happened after its own last change, or without one. */
static void
apply_count_trees(Application *app)
{
	ListCell   *cell;

	foreach(cell, app->trees)
	{
		AppliedTree *tree = lfirst(cell);

		if (tree->after == NULL)
		{
			size_t		size = oms_kinds[tree->kind].record->size;

			tree->after = memcpy(palloc(size), tree->before, size);
		}
		tree->after->tree_version = tree->version;
		tree->after->tree_updated_at = app->uow->time;
	}
}

static Refusal *
apply_build_events(Application *app)
{
	Refusal    *refusal = NULL;
	ListCell   *cell;

	app->events = apply_room_for_events(app->uow, list_length(app->decision->changes) + list_length(app->decision->purged));
	foreach(cell, app->decision->changes)
	{
		refusal = apply_build_event(app, lfirst(cell), &app->events[app->nevents++]);
		if (refusal)
			return refusal;
	}
	apply_count_trees(app);
	foreach(cell, app->decision->purged)
	{
		refusal = oms_purge_build(app->uow, lfirst(cell), app->decision->command, &app->events[app->nevents]);
		if (refusal)
			return refusal;
		app->nevents++;
	}
	return NULL;
}

/*
 * Rows are looked up by what stands in the tables, and the next command may ask
 * for what lies in this tree: a row that has found its place in one is written
 * now, all others at the end.
 */
static void
apply_replace(UnitOfWork *uow, Object *now)
{
	Tracked    *t = oms_map_find(uow->map, now->kind, now->id);
	bool		moves = strcmp(t->now->root_id, now->root_id) != 0;

	t->changed = true;
	if (t->now == now)
		return;
	t->now = now;
	t->dirty = !moves;
	if (!moves)
		return;
	CommandCounterIncrement();
	oms_object_update(oms_tables_get(uow->tables, OMS_OBJECTS_OF(now->kind)), now, &t->tid);
}

/* Those that were made have their rows. */
static void
apply_adopt(Application *app)
{
	UnitOfWork *uow = app->uow;
	ListCell   *cell;

	foreach(cell, app->made)
	{
		Made	   *made = lfirst(cell);

		oms_map_add(uow->map, made->change->after, &made->tid);
	}
	foreach(cell, app->trees)
		apply_replace(uow, ((AppliedTree *) lfirst(cell))->after);
	foreach(cell, app->decision->changes)
	{
		const Change *change = lfirst(cell);

		if (change->is_last)
			apply_replace(uow, change->after);
	}
	for (int i = 0; i < app->nevents && app->decision->purged != NIL; i++)
		oms_purge_carry_out(uow, app->events[i].purge);
	uow->has_made |= app->made != NIL;
	uow->nevents += app->nevents;
	uow->newest = uow->time;
}

void
oms_apply_numbers(UnitOfWork *uow, const Decision *decision)
{
	Application app = {.uow = uow, .decision = decision};
	ListCell   *cell;

	foreach(cell, decision->changes)
		(void) apply_number(&app, lfirst(cell));
	apply_count_trees(&app);
}

ApplyResult
oms_apply(UnitOfWork *uow, const Decision *decision, Refusal **refusal)
{
	Application app = {.uow = uow, .decision = decision,
	.maker = {.caller = &uow->caller, .occurred_at = uow->time, .makes_several = list_length(decision->changes) > 1}};
	ApplyResult result;

	*refusal = apply_build_events(&app);
	oms_event_maker_end(&app.maker);
	if (*refusal)
		return APPLY_REFUSED;
	result = oms_claim(&app, refusal);
	/* whoever is shown what goes may do things: only when its id is ours, so that none of it is done for a rival's command */
	if (result == APPLY_DONE && decision->purged)
		*refusal = oms_purge_archive(app.events, app.nevents);
	if (*refusal && result == APPLY_DONE)
	{
		oms_claim_give_back(&app);
		return APPLY_REFUSED;
	}
	if (result == APPLY_DONE)
		apply_adopt(&app);
	return result;
}
