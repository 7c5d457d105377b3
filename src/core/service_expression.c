/*-------------------------------------------------------------------------
 *
 * service_expression.c
 *	  Reading the expressions of a service: where its steps' values come from.
 *
 * Pure.  An object with one of the keys below is an expression; anything else is a
 * constant.  Each is held against what is known when it is read: what the service
 * takes, and the steps that were read before.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "core/service_private.h"

#define PATH_LENGTH_MAX	256

/* As it stands in the definition; of these keys the first that is there says what it is. */
typedef struct ExpressionRead
{
	ServiceExpression *expression;
	bool		found;
} ExpressionRead;

static void
expression_say(DefinitionReader *r, ExpressionRead *read, ExpressionSort sort)
{
	if (read->found)
		oms_definition_fault(r, "an expression is one of constant, argument, step, each and concat");
	read->found = true;
	read->expression->sort = sort;
}

static void
expression_read_constant(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ExpressionRead *read = target;

	expression_say(r, read, EXPRESSION_CONSTANT);
	read->expression->constant = *v;
}

static void
expression_read_argument(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ExpressionRead *read = target;
	const ServiceArguments *arguments = &((ServiceReader *) r)->service->arguments;
	char	   *name = oms_definition_text(r, v, SERVICE_NAME_MAX);

	expression_say(r, read, EXPRESSION_ARGUMENT);
	read->expression->name = name;
	for (int i = 0; name && i < arguments->count; i++)
		if (strcmp(arguments->members[i].field.name, name) == 0)
		{
			read->expression->type = arguments->members[i].type;
			return;
		}
	if (name)
		oms_definition_fault(r, "the service has no argument \"%s\"", name);
}

/* Is what this step answered, for the element in question, what it answered last? */
static bool
expression_is_in_reach(const ServiceReader *r, const ServiceStep *step)
{
	/* it is done for each of some, or after the refusal of a step that is: then only from there */
	for (const ServiceStep *s = step; s; s = s->within)
	{
		bool		around = false;

		for (int i = 0; i < r->depth; i++)
			around |= r->steps[i] == s && (i < r->depth - 1 || r->inside);
		if (s->for_each && !around)
			return false;
	}
	return true;
}

static void
expression_read_step(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ExpressionRead *read = target;
	const ServiceReader *reader = (const ServiceReader *) r;
	char	   *name = oms_definition_text(r, v, SERVICE_NAME_MAX);

	expression_say(r, read, EXPRESSION_STEP);
	read->expression->name = name;
	for (int i = 0; name && i < reader->service->nsteps; i++)
	{
		ServiceStep *step = reader->service->all[i];

		if (step->name == NULL || strcmp(step->name, name) != 0)
			continue;
		if (reader->depth > 0 && step == reader->steps[reader->depth - 1])
			oms_definition_fault(r, "step \"%s\" is not done yet", name);
		else if (!expression_is_in_reach(reader, step))
			oms_definition_fault(r, "step \"%s\" is done for each of several: it has no one answer here", name);
		step->told = true;
		read->expression->number = i;
		read->expression->type = oms_service_answer_type(step);
		return;
	}
	if (name)
		oms_definition_fault(r, "there is no step \"%s\" before this one", name);
}

static void
expression_read_each(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ExpressionRead *read = target;
	const ServiceReader *reader = (const ServiceReader *) r;
	char	   *name = oms_definition_text(r, v, SERVICE_NAME_MAX);

	expression_say(r, read, EXPRESSION_EACH);
	read->expression->name = name;
	for (int i = reader->depth - 1; name && i >= 0; i--)
	{
		const ServiceStep *step = reader->steps[i];

		if (step->for_each == NULL || strcmp(step->as, name) != 0 || (i == reader->depth - 1 && !reader->inside))
			continue;
		read->expression->number = step->number;
		read->expression->type = oms_service_element_type(step->for_each->type);
		return;
	}
	if (name)
		oms_definition_fault(r, "no step around this is done for each \"%s\"", name);
}

static void
expression_read_concat(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ExpressionRead *read = target;
	List	   *elements = oms_definition_elements(r, v, SERVICE_MEMBERS_MAX);
	ListCell   *cell;

	expression_say(r, read, EXPRESSION_CONCAT);
	read->expression->type.shape = VALUE_TEXT;
	foreach(cell, elements)
	{
		const char *outer = oms_definition_enter(r, psprintf("%d", foreach_current_index(cell) + 1));
		ServiceExpression *part = oms_service_read_expression((ServiceReader *) r, lfirst(cell));

		if (part->type.shape == VALUE_OBJECT || part->type.shape == VALUE_TEXTS || part->type.shape == VALUE_OBJECTS)
			oms_definition_fault(r, "it is %s, and is no part of a text", oms_value_shape_name(part->type.shape));
		read->expression->parts = lappend(read->expression->parts, part);
		r->path = outer;
	}
}

/* The last of all: it goes on from what the expression is. */
static void
expression_read_path(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceExpression *expression = ((ExpressionRead *) target)->expression;
	char	   *path = oms_definition_text(r, v, PATH_LENGTH_MAX);

	if (path == NULL)
		return;
	if (expression->sort == EXPRESSION_CONSTANT || expression->sort == EXPRESSION_CONCAT)
		oms_definition_fault(r, "only what an argument, a step or an element has is reached by a path");
	for (char *key = path; key;)
	{
		char	   *dot = strchr(key, '.');

		if (dot)
			*dot++ = '\0';
		if (*key == '\0' || list_length(expression->path) == SERVICE_DEPTH_MAX)
			oms_definition_fault(r, "a path is up to %d keys with points between them", SERVICE_DEPTH_MAX);
		expression->path = lappend(expression->path, key);
		key = r->fault ? NULL : dot;
	}
	expression->type = oms_service_walk_type(r, expression->type, expression->path);
}

static const DefinitionKey expression_keys[] = {
	{"constant", expression_read_constant},
	{"argument", expression_read_argument},
	{"step", expression_read_step},
	{"each", expression_read_each},
	{"concat", expression_read_concat},
	{"path", expression_read_path},
	{NULL}
};

static bool
expression_is_constant(const JsonbValue *v)
{
	if (!oms_definition_is_object(v))
		return true;
	for (const DefinitionKey *key = expression_keys; key->key; key++)
		if (key->read != expression_read_path && getKeyJsonValueFromContainer(v->val.binary.data, key->key, strlen(key->key), NULL))
			return false;
	return true;
}

static ValueShape
expression_shape_of(const JsonbValue *v)
{
	switch (v->type)
	{
		case jbvNumeric:
			return VALUE_NUMBER;
		case jbvBool:
			return VALUE_BOOLEAN;
		case jbvBinary:
			return oms_definition_is_object(v) ? VALUE_OBJECT : VALUE_ANY;
		default:
			/* a text may be a time; a command's field is asked itself */
			return VALUE_ANY;
	}
}

ServiceExpression *
oms_service_read_expression(ServiceReader *r, const JsonbValue *v)
{
	ServiceExpression *expression = palloc0(sizeof(ServiceExpression));
	ExpressionRead read = {expression};

	check_stack_depth();
	if (expression_is_constant(v))
		expression->constant = *v;
	else
	{
		oms_definition_read(&r->base, v, expression_keys, &read);
		if (!read.found)
			oms_definition_fault(&r->base, "an expression is one of constant, argument, step, each and concat");
	}
	if (expression->sort == EXPRESSION_CONSTANT)
		expression->type.shape = expression_shape_of(&expression->constant);
	return expression;
}
