/*-------------------------------------------------------------------------
 *
 * service_read.c
 *	  The definition of a service as a struct, and what is wrong with it.
 *
 * Pure.  Steps are read as they stand, and each may refer to those that were read
 * before: so none is done before what it refers to.  Services that are steps are
 * found in service_link.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "core/service_private.h"

#define PREDICATE_TEXT_MAX	8192

static const ServiceBuiltin no_builtins[] = {{{NULL}}};
static const ServiceBuiltin *service_builtins = no_builtins;

static void service_read_steps(DefinitionReader *r, const JsonbValue *v, void *target);

void
oms_service_know_builtins(const ServiceBuiltin *builtins)
{
	service_builtins = builtins;
}

/* ------------------------------------------------------------------------
 * the fields of a step
 * ------------------------------------------------------------------------
 */

/* Ids of commands are made of the service's own: a step that gave one could not be told apart from another. */
static bool
service_gives_itself(const char *name)
{
	return strcmp(name, "commandType") == 0 || oms_service_is_common(name);
}

static void
service_check_fits(DefinitionReader *r, const ServiceExpression *value, ValueShape wanted)
{
	if (!oms_value_fits(value->type.shape, wanted))
		oms_definition_fault(r, "it is %s, and must be %s", oms_value_shape_name(value->type.shape), oms_value_shape_name(wanted));
}

/* A field of the step's command: one of its own, or of its FIX message. */
static void
service_check_field(DefinitionReader *r, const CommandDef *def, const ServiceField *field)
{
	const CommandField *f = oms_command_field(def, field->name);
	const ServiceExpression *value = field->value;
	Refusal    *refusal;
	Command		scratch;

	if (service_gives_itself(field->name))
		oms_definition_fault(r, "the service gives it itself");
	else if (f == NULL || f->internal)
	{
		if (oms_fix_field_by_name(field->name, strlen(field->name), def->fix_messages) == NULL)
			oms_definition_fault(r, "%s has no such field", def->name);
	}
	else if (value->sort == EXPRESSION_CONSTANT)
	{
		oms_command_begin(def, &scratch);
		refusal = oms_command_read_field(f, &value->constant, &scratch);
		if (refusal)
			oms_definition_fault(r, "%s%s%s", refusal->message, refusal->detail ? ": " : "", refusal->detail ? refusal->detail : "");
	}
	else
		service_check_fits(r, value, oms_field_value_type(f).shape);
}

static const ServiceField *
service_find_field(const List *fields, const char *name)
{
	ListCell   *cell;

	foreach(cell, fields)
		if (strcmp(((const ServiceField *) lfirst(cell))->name, name) == 0)
			return lfirst(cell);
	return NULL;
}

static void
service_check_needed(DefinitionReader *r, const ServiceStep *step)
{
	const CommandDef *takes = oms_service_step_takes(step);

	for (const CommandField *f = takes->fields; f->name; f++)
		if ((f->required || (f->unless && f->unless[0] == '\0')) && service_find_field(step->with, f->name) == NULL)
			oms_definition_fault(r, "%s needs \"%s\"", takes->name, f->name);
}

static List *
service_read_fields(DefinitionReader *r, const JsonbValue *v, const CommandDef *def)
{
	List	   *members = oms_definition_members(r, v, SERVICE_MEMBERS_MAX);
	List	   *fields = NIL;

	for (int i = 0; i < list_length(members) && r->fault == NULL; i += 2)
	{
		const JsonbValue *key = list_nth(members, i);
		ServiceField *field = palloc(sizeof(ServiceField));
		const char *outer = oms_definition_enter(r, pnstrdup(key->val.string.val, Min(key->val.string.len, SERVICE_NAME_MAX)));

		field->name = pnstrdup(key->val.string.val, key->val.string.len);
		field->value = oms_service_read_expression((ServiceReader *) r, list_nth(members, i + 1));
		if (def && r->fault == NULL)
			service_check_field(r, def, field);
		fields = lappend(fields, field);
		r->path = outer;
	}
	return fields;
}

/* ------------------------------------------------------------------------
 * a step
 * ------------------------------------------------------------------------
 */

/* Its command's id is made of it: neither another step has it, nor what a built-in one before it names its commands. */
static void
service_check_name(DefinitionReader *r, const char *name, const ServiceStep *own)
{
	const Service *service = ((ServiceReader *) r)->service;

	for (int i = 0; i < service->nsteps; i++)
	{
		const ServiceStep *step = service->all[i];

		if (step->name && strcmp(step->name, name) == 0)
			oms_definition_fault(r, "another step has the name \"%s\"", name);
		for (int k = 0; step != own && step->builtin && step->builtin->gives[k].command; k++)
			if (step->builtin->gives[k].name && strcmp(step->builtin->gives[k].name, name) == 0)
				oms_definition_fault(r, "step \"%s\" gives a command by the name \"%s\"", step->name, name);
	}
}

static void
service_step_read_name(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceStep *step = target;
	char	   *name = oms_definition_text(r, v, SERVICE_NAME_MAX);

	if (name && !oms_definition_is_identifier(name))
		oms_definition_fault(r, "a name begins with a letter and has letters, digits and _");
	else if (name)
		service_check_name(r, name, step);
	step->name = name;
}

static void
service_step_read_command(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceStep *step = target;

	step->command = v->type == jbvString ? oms_command_def(v->val.string.val, v->val.string.len) : NULL;
	if (step->command == NULL)
		oms_definition_fault(r, "there is no such command");
}

static void
service_step_read_service(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceStep *step = target;

	step->service_name = oms_definition_text(r, v, SERVICE_NAME_MAX);
	if (step->command || step->builtin)
		oms_definition_fault(r, "a step is one of command, builtin and service");
}

/* What it names its commands is nobody else's name; and it stands behind what it is about. */
static void
service_check_builtin(DefinitionReader *r, const ServiceStep *step)
{
	const ServiceBuiltin *builtin = step->builtin;
	const Service *service = ((ServiceReader *) r)->service;

	for (int k = 0; builtin->gives[k].command; k++)
	{
		if (builtin->gives[k].name == NULL)
			continue;
		service_check_name(r, builtin->gives[k].name, step);
		if (step->for_each)
			oms_definition_fault(r, "it is done once, and not for each of several");
	}
	if (builtin->behind && (service->begin == NULL || service->begin->command != builtin->behind))
		oms_definition_fault(r, "its service must begin with %s", builtin->behind->name);
	for (int i = 0; i < step->number; i++)
		if (service->all[i]->builtin == builtin && (builtin->behind || builtin->takes.tells))
			oms_definition_fault(r, "it is a step of a service once");
}

static void
service_step_read_builtin(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceStep *step = target;

	for (const ServiceBuiltin *builtin = service_builtins; builtin->takes.name; builtin++)
		if (v->type == jbvString && strlen(builtin->takes.name) == v->val.string.len &&
			memcmp(builtin->takes.name, v->val.string.val, v->val.string.len) == 0)
			step->builtin = builtin;
	if (step->builtin == NULL)
		oms_definition_fault(r, "there is no such built-in step");
	else if (step->command)
		oms_definition_fault(r, "a step is one of command, builtin and service");
	else if (step->builtin->takes.tells)
		((ServiceReader *) r)->service->tells = step->builtin->takes.tells;
}

static void
service_step_read_for_each(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceExpression *list = oms_service_read_expression((ServiceReader *) r, v);

	if (list->sort == EXPRESSION_CONSTANT && !oms_definition_is_array(&list->constant))
		oms_definition_fault(r, "it is no list");
	else if (list->type.shape != VALUE_TEXTS && list->type.shape != VALUE_OBJECTS && list->type.shape != VALUE_ANY)
		oms_definition_fault(r, "it is %s, and no list", oms_value_shape_name(list->type.shape));
	((ServiceStep *) target)->for_each = list;
}

/* Behind for_each: what follows is about one element. */
static void
service_step_read_as(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceStep *step = target;

	step->as = oms_definition_text(r, v, SERVICE_NAME_MAX);
	if (step->for_each == NULL)
		oms_definition_fault(r, "it names the elements of for_each, which is missing");
	((ServiceReader *) r)->inside = true;
}

static void
service_step_read_when(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceStep *step = target;

	if (v->type == jbvString)
		step->predicate = oms_definition_text(r, v, PREDICATE_TEXT_MAX);
	else
		step->when = oms_service_read_expression((ServiceReader *) r, v);
	if (step->predicate && step->command == NULL)
		oms_definition_fault(r, "a predicate is asked of a command, and the step is none");
	if (step->when && step->when->sort == EXPRESSION_CONSTANT)
		oms_definition_fault(r, "it must be a predicate, or an expression that is no constant");
}

static void
service_step_read_with(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceStep *step = target;

	step->with = service_read_fields(r, v, oms_service_step_takes(step));
}

static const DefinitionKey refusal_keys[] = {
	{"steps", service_read_steps, offsetof(ServiceStep, on_refusal)},
	{NULL}
};

/* What a service or a built-in step did before it was refused cannot be taken back: then all is. */
static void
service_step_read_on_refusal(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceStep *step = target;
	bool		fails = v->type == jbvString && v->val.string.len == 4 && memcmp(v->val.string.val, "FAIL", 4) == 0;
	bool		goes_on = v->type == jbvString && v->val.string.len == 8 && memcmp(v->val.string.val, "CONTINUE", 8) == 0;

	if (fails)
		return;
	step->goes_on = true;
	if (step->command == NULL)
		oms_definition_fault(r, "where what is no command is refused, what it is a step of is refused: FAIL");
	else if (oms_definition_is_object(v))
		oms_definition_read(r, v, refusal_keys, step);
	else if (!goes_on)
		oms_definition_fault(r, "it must be FAIL, CONTINUE, or an object of steps");
	if (oms_definition_is_object(v) && step->on_refusal == NIL)
		oms_definition_fault(r, "it must be FAIL, CONTINUE, or an object of steps");
}

static const DefinitionKey service_step_keys[] = {
	{"name", service_step_read_name},
	{"command", service_step_read_command},
	{"builtin", service_step_read_builtin},
	{"service", service_step_read_service},
	{"for_each", service_step_read_for_each},
	{"as", service_step_read_as},
	{"when", service_step_read_when},
	{"with", service_step_read_with},
	{"on_refusal", service_step_read_on_refusal},
	{NULL}
};

static void
service_step_check(DefinitionReader *r, const ServiceStep *step)
{
	if (step->name == NULL)
		oms_definition_fault(r, "a step needs a name");
	if (oms_service_step_takes(step) == NULL && step->service_name == NULL)
		oms_definition_fault(r, "a step is one of command, builtin and service");
	if (step->for_each && step->as == NULL)
		oms_definition_fault(r, "for_each needs \"as\": a name for the element");
	if (step->builtin && r->fault == NULL)
		service_check_builtin(r, step);
	if (oms_service_step_takes(step) && r->fault == NULL)
		service_check_needed(r, step);
}

static ServiceStep *
service_read_step(ServiceReader *r, const JsonbValue *v)
{
	Service    *service = r->service;
	ServiceStep *step = palloc0(sizeof(ServiceStep));
	bool		inside = r->inside;

	step->number = service->nsteps;
	step->within = r->depth > 0 ? r->steps[r->depth - 1] : NULL;
	service->all[service->nsteps++] = step;
	r->steps[r->depth++] = step;
	r->inside = false;
	oms_definition_read(&r->base, v, service_step_keys, step);
	step->behind = service->nsteps;
	service_step_check(&r->base, step);
	r->depth--;
	r->inside = inside;
	return step;
}

static void
service_read_steps(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceReader *reader = (ServiceReader *) r;
	List	   *elements = oms_definition_elements(r, v, SERVICE_STEPS_MAX);
	List	  **steps = target;
	ListCell   *cell;

	check_stack_depth();
	foreach(cell, elements)
	{
		const char *outer = oms_definition_enter(r, psprintf("%d", foreach_current_index(cell) + 1));

		if (reader->service->nsteps == SERVICE_STEPS_MAX)
			oms_definition_fault(r, "a service has at most %d steps", SERVICE_STEPS_MAX);
		else if (reader->depth == SERVICE_DEPTH_MAX)
			oms_definition_fault(r, "steps stand in steps at most %d deep", SERVICE_DEPTH_MAX - 1);
		else
			*steps = lappend(*steps, service_read_step(reader, lfirst(cell)));
		r->path = outer;
		if (r->fault)
			return;
	}
}

/* ------------------------------------------------------------------------
 * what a service begins with
 * ------------------------------------------------------------------------
 */

static void
service_begin_read_without(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceStep *step = target;
	List	   *elements = oms_definition_elements(r, v, SERVICE_MEMBERS_MAX);
	ListCell   *cell;

	foreach(cell, elements)
	{
		char	   *name = oms_definition_text(r, lfirst(cell), SERVICE_NAME_MAX);
		const CommandField *f = name && step->command ? oms_command_field(step->command, name) : NULL;

		if (name && (f == NULL || f->internal))
			oms_definition_fault(r, "the command has no field \"%s\"", name);
		else if (f && (f->required || service_gives_itself(name)))
			oms_definition_fault(r, "\"%s\" cannot be left out", name);
		step->without = lappend(step->without, name);
	}
}

static const DefinitionKey service_begin_keys[] = {
	{"name", service_step_read_name},
	{"command", service_step_read_command},
	{"without", service_begin_read_without},
	{NULL}
};

/* What it takes is what its first command does: that checks it, so here it only counts what there is. */
static void
service_take_arguments(DefinitionReader *r, Service *service)
{
	const ServiceStep *begin = service->begin;
	ServiceArguments *arguments = &service->arguments;

	for (const CommandField *f = begin->command->fields; f->name; f++)
	{
		bool		taken = !f->internal && !oms_service_is_common(f->name);
		ListCell   *cell;

		foreach(cell, begin->without)
			taken &= strcmp(f->name, lfirst(cell)) != 0;
		if (!taken)
			continue;
		if (arguments->count == SERVICE_MEMBERS_MAX)
			oms_definition_fault(r, "the command has more than %d fields", SERVICE_MEMBERS_MAX);
		else
			arguments->members[arguments->count++] = (ServiceArgument) {.field = *f, .type = oms_field_value_type(f)};
	}
}

static void
service_read_begin(DefinitionReader *r, const JsonbValue *v, void *target)
{
	Service    *service = ((ServiceReader *) r)->service;
	ServiceStep *step = palloc0(sizeof(ServiceStep));

	step->begins = true;
	step->behind = 1;
	service->all[service->nsteps++] = step;
	oms_definition_read(r, v, service_begin_keys, step);
	if (step->name == NULL || step->command == NULL)
		oms_definition_fault(r, "it needs a name and a command");
	if (service->takes_arguments)
		oms_definition_fault(r, "what begins with a command takes its fields, and no other arguments");
	if (r->fault)
		return;
	service->begin = step;
	service->steps = list_make1(step);
	service_take_arguments(r, service);
}

/* ------------------------------------------------------------------------
 * the service
 * ------------------------------------------------------------------------
 */

static void
service_read_description(DefinitionReader *r, const JsonbValue *v, void *target)
{
	*(const char **) target = oms_definition_text(r, v, SERVICE_TEXT_MAX);
}

static void
service_read_result(DefinitionReader *r, const JsonbValue *v, void *target)
{
	*(List **) target = service_read_fields(r, v, NULL);
}

/* Its arguments are known before. */
static const DefinitionKey service_keys[] = {
	{"description", service_read_description, offsetof(Service, description)},
	{"arguments", oms_service_read_arguments, offsetof(Service, arguments)},
	{"begin", service_read_begin},
	{"steps", service_read_steps, offsetof(Service, steps)},
	{"result", service_read_result, offsetof(Service, result)},
	{NULL}
};

static void
service_read_all(ServiceReader *r, Jsonb *definition)
{
	JsonbValue	whole = {.type = jbvBinary, .val.binary = {VARSIZE(definition) - VARHDRSZ, &definition->root}};
	JsonbValue	hold;

	r->service->takes_arguments = oms_json_get(definition, "arguments", &hold) != NULL && hold.type != jbvNull;
	if (!r->service->takes_arguments)
		oms_service_read_arguments(&r->base, NULL, &r->service->arguments);
	oms_definition_read(&r->base, &whole, service_keys, r->service);
	if (r->service->steps == NIL)
		oms_definition_fault(&r->base, "a service needs steps");
}

Service *
oms_service_read(const char *name, Jsonb *definition)
{
	Service    *service = palloc0(sizeof(Service));
	ServiceReader reader = {.base = {.path = ""}, .service = service};

	service->name = name;
	if (!oms_definition_is_identifier(name) || strlen(name) > SERVICE_NAME_MAX)
		oms_definition_fault(&reader.base, "the name of a service begins with a letter and has letters, digits and _, at most %d", SERVICE_NAME_MAX);
	else if (!oms_json_is_object(definition))
		oms_definition_fault(&reader.base, "a definition is an object");
	else if (VARSIZE(definition) > SERVICE_SIZE_MAX)
		oms_definition_fault(&reader.base, "a definition has at most %d bytes", SERVICE_SIZE_MAX);
	else
		service_read_all(&reader, definition);
	service->fault = reader.base.fault;
	return service;
}
