/*-------------------------------------------------------------------------
 *
 * source.c
 *	  What decisions read, from the tables: the ObjectSource of a unit of work.
 *
 * Writes nothing.  Objects come through the identity map, whose trees are locked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/moment.h"
#include "base/uuid.h"
#include "core/command_route.h"
#include "store/calendars.h"
#include "store/shard.h"
#include "store/source.h"
#include "store/work_private.h"

/* The unit of work begins with its source. */
static UnitOfWork *
source_uow(ObjectSource *source)
{
	return (UnitOfWork *) source;
}

static const Object *
source_get(ObjectSource *source, ObjectKind kind, const char *id)
{
	const Object *object = oms_uow_object(source_uow(source), kind, id);

	oms_sight_note(source_uow(source), object);
	return object;
}

static List *
source_find(ObjectSource *source, ObjectKind kind, int key, const char *const *const *values, int count)
{
	UnitOfWork *uow = source_uow(source);
	List	   *found = oms_uow_find(uow, kind, key, values, count);
	ListCell   *cell;

	if (unlikely(uow->limited))
		foreach(cell, found)
			oms_sight_note(uow, lfirst(cell));
	return found;
}

static const char *
source_root_of(ObjectSource *source, ObjectKind kind, const char *id)
{
	CHECK_FOR_INTERRUPTS();
	if (!OidIsValid(oms_relation_if_any(OMS_OBJECTS_OF(kind))))
		return NULL;
	return oms_object_find_root(oms_tables_get(source_uow(source)->tables, OMS_OBJECTS_OF(kind)), id);
}

static bool
source_is_known(ObjectSource *source, ObjectKind kind, const char *id)
{
	return oms_map_find(source_uow(source)->map, kind, id) != NULL;
}

static void
source_each_event(ObjectSource *source, ObjectKind kind, const char *id, EventVisit visit, void *arg)
{
	UnitOfWork *uow = source_uow(source);

	oms_events_each(uow->tables, uow->events, uow->nevents, kind, id, visit, arg);
}

static const char *
source_named(ObjectSource *source, ObjectName which, const char *session, const char *name)
{
	UnitOfWork *uow = source_uow(source);
	const char *id = oms_named(uow->tables, which, session, name, NULL);

	/* whose it is stays unsaid; that it is taken does not */
	if (unlikely(uow->limited) && id)
		oms_sight_note(uow, oms_uow_peek_any(uow, oms_names[which].kind, id));
	return id;
}

static List *
source_all_named(ObjectSource *source, ObjectName which, const char *session, const char *name)
{
	UnitOfWork *uow = source_uow(source);
	List	   *ids = oms_all_named(uow->tables, which, session, name);
	List	   *seen = NIL;
	ListCell   *cell;

	if (likely(!uow->limited))
		return ids;
	foreach(cell, ids)
		if (oms_uow_peek(uow, oms_names[which].kind, lfirst(cell)))
			seen = lappend(seen, lfirst(cell));
	return seen;
}

static bool
source_hides_named(ObjectSource *source, ObjectName which, const char *session, const char *name)
{
	UnitOfWork *uow = source_uow(source);

	return unlikely(uow->limited) && list_length(source_all_named(source, which, session, name)) < list_length(oms_all_named(uow->tables, which, session, name));
}

static TimestampTz
source_now(ObjectSource *source)
{
	return oms_uow_now(source_uow(source));
}

static DateADT
source_day(ObjectSource *source, const MarketKey *key, TimestampTz at, MarketDay which)
{
	char	   *name = oms_calendar_of(key->destination ? key->destination : key->last_market, key->asset_class, key->symbol);
	Calendar	calendar;

	if (name == NULL && key->last_market)
		name = oms_calendar_of(key->last_market, key->asset_class, key->symbol);
	if (name == NULL || !oms_calendar(name, &calendar))
		return NO_DATE;
	return which == DAY_DONE ? oms_calendar_day_done(&calendar, at) : oms_calendar_day(&calendar, at);
}

static const Asker *
source_asker(ObjectSource *source)
{
	UnitOfWork *uow = source_uow(source);

	/* few decisions depend on it */
	if (uow->asker.actor == NULL)
		uow->asker = (Asker) {uow->caller.actor, oms_caller_is_feed(), oms_caller_is_admin(), uow->limited};
	return &uow->asker;
}

/*
 * That of a root has the slot by which the command is routed, so that its repeat
 * comes to the same database; all others that of their root.
 */
static char *
source_new_id(ObjectSource *source, const Command *command, const char *root_id)
{
	Route		route;

	if (root_id)
		return oms_new_id(oms_tree_slot(root_id));
	route = oms_command_route(command, oms_uow_caller(source_uow(source))->actor);
	return oms_new_id(route.slot == OMS_ANY_SLOT ? oms_shard_any_slot() : route.slot);
}

void
oms_source_init(ObjectSource *source)
{
	*source = (ObjectSource) {
		.get = source_get,
		.find = source_find,
		.root_of = source_root_of,
		.is_known = source_is_known,
		.each_event = source_each_event,
		.named = source_named,
		.all_named = source_all_named,
		.hides_named = source_hides_named,
		.now = source_now,
		.day = source_day,
		.asker = source_asker,
		.new_id = source_new_id,
	};
}
