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

#include "base/uuid.h"
#include "core/command_route.h"
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
	return oms_uow_object(source_uow(source), kind, id);
}

static List *
source_find(ObjectSource *source, ObjectKind kind, int key, const char *const *const *values, int count)
{
	return oms_uow_find(source_uow(source), kind, key, values, count);
}

static const char *
source_root_of(ObjectSource *source, ObjectKind kind, const char *id)
{
	CHECK_FOR_INTERRUPTS();
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
	return oms_named(source_uow(source)->tables, which, session, name, NULL);
}

static List *
source_all_named(ObjectSource *source, ObjectName which, const char *session, const char *name)
{
	return oms_all_named(source_uow(source)->tables, which, session, name);
}

static TimestampTz
source_now(ObjectSource *source)
{
	return oms_uow_now(source_uow(source));
}

static const Asker *
source_asker(ObjectSource *source)
{
	UnitOfWork *uow = source_uow(source);

	/* few decisions depend on it */
	if (uow->asker.actor == NULL)
		uow->asker = (Asker) {uow->caller.actor, oms_caller_is_feed(), oms_caller_is_admin()};
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
		.now = source_now,
		.asker = source_asker,
		.new_id = source_new_id,
	};
}
