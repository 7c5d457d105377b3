/*-------------------------------------------------------------------------
 *
 * service_link.c
 *	  Services that are steps of others.
 *
 * Pure.  Who comes back to himself has a fault, and so has who needs what has one:
 * none of them can be done.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "core/command_trees.h"
#include "core/service_private.h"

Service *
oms_service_find(const Services *services, const char *name)
{
	int			low = 0;
	int			high = services->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			order = strcmp(services->members[middle]->name, name);

		if (order == 0)
			return services->members[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static const ServiceArgument *
service_find_argument(const ServiceArguments *arguments, const char *name)
{
	for (int i = 0; i < arguments->count; i++)
		if (strcmp(arguments->members[i].field.name, name) == 0)
			return &arguments->members[i];
	return NULL;
}

/* What it is given: is it known, and of its type?  The ids of commands are the service's own. */
static void
service_check_given(DefinitionReader *r, const ServiceStep *step, const Service *inner)
{
	ListCell   *cell;
	int			own = inner->arguments.count;

	for (int i = 0; i < own; i++)
	{
		const ServiceArgument *argument = &inner->arguments.members[i];
		bool		given = false;

		foreach(cell, step->with)
			given |= strcmp(((const ServiceField *) lfirst(cell))->name, argument->field.name) == 0;
		if (argument->field.required && !given)
			oms_definition_fault(r, "%s needs \"%s\"", inner->name, argument->field.name);
	}
	foreach(cell, step->with)
	{
		const ServiceField *field = lfirst(cell);
		const ServiceArgument *argument = service_find_argument(&inner->arguments, field->name);
		const char *outer = oms_definition_enter(r, field->name);

		if (oms_service_is_common(field->name))
			oms_definition_fault(r, "the service gives it itself");
		else if (argument == NULL)
			oms_definition_fault(r, "%s has no such argument", inner->name);
		else if (!oms_value_fits(field->value->type.shape, argument->type.shape))
			oms_definition_fault(r, "it is %s, and must be %s", oms_value_shape_name(field->value->type.shape),
								 oms_value_shape_name(argument->type.shape));
		r->path = outer;
	}
}

static void service_link(const Services *services, Service *service);

static void
service_link_step(const Services *services, Service *service, ServiceStep *step)
{
	DefinitionReader reader = {.path = psprintf("step %s", step->name)};
	Service    *inner = oms_service_find(services, step->service_name);

	if (inner && inner->link == SERVICE_UNLINKED)
		service_link(services, inner);
	if (inner == NULL)
		oms_definition_fault(&reader, "there is no service \"%s\"", step->service_name);
	else if (inner->link == SERVICE_LINKING)
		oms_definition_fault(&reader, "service \"%s\" comes back to this one", step->service_name);
	else if (inner->fault)
		oms_definition_fault(&reader, "service \"%s\" cannot be used", step->service_name);
	else if (!inner->enabled)
		oms_definition_fault(&reader, "service \"%s\" is not enabled", step->service_name);
	else
		service_check_given(&reader, step, inner);
	if (reader.fault == NULL && inner->depth >= SERVICE_DEPTH_MAX)
		oms_definition_fault(&reader, "services stand in services at most %d deep", SERVICE_DEPTH_MAX);
	service->fault = reader.fault;
	step->service = inner;
	if (inner)
		service->depth = Max(service->depth, inner->depth + 1);
}

#define NUMBER_ROOM	6			/* ":10000" */

/* What the id of a step's command, or of those of its service, has behind that of the whole. */
static int
service_id_room(const ServiceStep *step)
{
	int			room = 1 + strlen(step->name) + (step->for_each ? NUMBER_ROOM : 0);
	int			most = 0;

	if (step->begins)
		return 0;
	for (const ServiceStep *outer = step->within; outer; outer = outer->within)
		room += outer->for_each ? 1 + strlen(outer->name) + NUMBER_ROOM : 0;
	if (step->service)
		return room + step->service->id_room;
	if (step->builtin == NULL)
		return room;
	for (int i = 0; step->builtin->gives[i].command; i++)
		most = Max(most, step->builtin->gives[i].name ? 1 + (int) strlen(step->builtin->gives[i].name) : room + NUMBER_ROOM);
	return most;
}

static bool
service_names_trees(const ServiceStep *step)
{
	const CommandDef *takes = oms_service_step_takes(step);
	bool		names = takes == NULL || takes->trees;

	for (const CommandField *f = takes ? takes->fields : NULL; f && f->name; f++)
		names |= oms_role_kind(takes, f->role) != KIND_NONE;
	return names && !step->begins;
}

static void
service_link(const Services *services, Service *service)
{
	check_stack_depth();
	service->link = SERVICE_LINKING;
	service->depth = 1;
	for (int i = 0; i < service->nsteps && service->fault == NULL; i++)
		if (service->all[i]->service_name)
			service_link_step(services, service, service->all[i]);
	for (int i = 0; i < service->nsteps && service->fault == NULL; i++)
	{
		service->id_room = Max(service->id_room, service_id_room(service->all[i]));
		service->names_trees |= service_names_trees(service->all[i]);
	}
	service->link = SERVICE_LINKED;
}

void
oms_services_link(const Services *services)
{
	for (int i = 0; i < services->count; i++)
		if (services->members[i]->link == SERVICE_UNLINKED)
			service_link(services, services->members[i]);
}
