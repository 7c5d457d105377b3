/*-------------------------------------------------------------------------
 *
 * service_type.c
 *	  What the values of a service are, as far as that is known before it is done.
 *
 * Pure.  Types are those of commands' fields, and what is known of a state is
 * its record.  What nothing is known of may be anything: whoever takes the value
 * checks it then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "core/kind.h"
#include "core/service_private.h"

/* ------------------------------------------------------------------------
 * shapes
 * ------------------------------------------------------------------------
 */

static const char *const shape_names[] = {
	[VALUE_ANY] = "anything", [VALUE_TEXT] = "a text", [VALUE_NUMBER] = "a number", [VALUE_TIME] = "a time", [VALUE_DATE] = "a date",
	[VALUE_BOOLEAN] = "a boolean", [VALUE_OBJECT] = "an object", [VALUE_TEXTS] = "a list of texts", [VALUE_OBJECTS] = "a list of objects",
};

static const ValueShape field_shapes[] = {
	[CMD_ID] = VALUE_TEXT, [CMD_TEXT] = VALUE_TEXT, [CMD_QTY] = VALUE_NUMBER, [CMD_QTY_OR_ZERO] = VALUE_NUMBER, [CMD_PRICE] = VALUE_NUMBER,
	[CMD_FIGURE] = VALUE_NUMBER, [CMD_NAME] = VALUE_TEXT, [CMD_OPEN_NAME] = VALUE_TEXT, [CMD_TIME] = VALUE_TIME, [CMD_DATE] = VALUE_DATE,
	[CMD_BOOL] = VALUE_BOOLEAN, [CMD_VERSION] = VALUE_NUMBER, [CMD_OBJECT] = VALUE_OBJECT, [CMD_CHILDREN] = VALUE_OBJECTS,
	[CMD_SHARES] = VALUE_OBJECTS, [CMD_IDS] = VALUE_TEXTS, [CMD_OBJECTS] = VALUE_OBJECTS,
};

static const ValueShape column_shapes[] = {
	[FIELD_TEXT] = VALUE_TEXT, [FIELD_NUMERIC] = VALUE_NUMBER, [FIELD_COUNT] = VALUE_NUMBER, [FIELD_COUNT_OR_NULL] = VALUE_NUMBER,
	[FIELD_TIME] = VALUE_TIME, [FIELD_DATE] = VALUE_DATE, [FIELD_JSON] = VALUE_ANY, [FIELD_HASH] = VALUE_TEXT, [FIELD_NAME] = VALUE_TEXT,
	[FIELD_NAMES] = VALUE_TEXTS, [FIELD_BOOL] = VALUE_BOOLEAN,
};

static const ValueShape json_shapes[] = {
	[SHAPE_ANY] = VALUE_ANY, [SHAPE_OBJECT] = VALUE_OBJECT, [SHAPE_OBJECTS] = VALUE_OBJECTS, [SHAPE_TEXTS] = VALUE_TEXTS,
};

const char *
oms_value_shape_name(ValueShape shape)
{
	return shape_names[shape];
}

bool
oms_value_fits(ValueShape given, ValueShape wanted)
{
	return given == wanted || given == VALUE_ANY || wanted == VALUE_ANY;
}

ValueType
oms_field_value_type(const CommandField *field)
{
	return (ValueType) {.shape = field_shapes[field->type]};
}

/* ------------------------------------------------------------------------
 * what steps answer
 * ------------------------------------------------------------------------
 */

#define MEMBER(n, s)	{.field = {.name = n}, .type = {.shape = s}}

static ServiceArgument error_members[] = {
	MEMBER("sqlstate", VALUE_TEXT), MEMBER("message", VALUE_TEXT), MEMBER("detail", VALUE_TEXT), MEMBER("hint", VALUE_TEXT), MEMBER("rule", VALUE_TEXT),
};
static const ServiceArguments error_type = {error_members, lengthof(error_members)};

/* Of a service it is not known what the state is of, nor what it answers besides. */
static ServiceArgument answer_members[] = {
	MEMBER("state", VALUE_OBJECT), MEMBER("orders", VALUE_OBJECTS), MEMBER("events", VALUE_OBJECTS), MEMBER("status", VALUE_TEXT),
	MEMBER("commandId", VALUE_TEXT), MEMBER("token", VALUE_TEXT), MEMBER("result", VALUE_OBJECT), MEMBER("routing", VALUE_OBJECT),
	{.field = {.name = "error"}, .type = {.shape = VALUE_OBJECT, .members = &error_type}},
};
static const ServiceArguments answer_type = {answer_members, lengthof(answer_members)};

ValueType
oms_service_answer_type(const ServiceStep *step)
{
	const CommandDef *takes = oms_service_step_takes(step);

	return (ValueType) {.shape = VALUE_OBJECT, .record = takes ? oms_kinds[takes->kind].record : NULL, .members = &answer_type};
}

static ValueType
service_column_type(const RecordColumn *column)
{
	return (ValueType) {.shape = column->type == FIELD_JSON ? json_shapes[column->shape] : column_shapes[column->type]};
}

static bool
service_find_column(const RecordDef *record, const char *key, ValueType *type)
{
	for (int i = 0; i < record->ncolumns; i++)
		if (record->columns[i].json && strcmp(record->columns[i].json, key) == 0)
		{
			*type = service_column_type(&record->columns[i]);
			return true;
		}
	return false;
}

/* The state of a command's object is that of its kind, and all orders have one form. */
static bool
service_find_member(const ValueType *of, const char *key, ValueType *type)
{
	for (int i = 0; i < of->members->count; i++)
		if (strcmp(of->members->members[i].field.name, key) == 0)
		{
			*type = of->members->members[i].type;
			if (of->members == &answer_type && strcmp(key, "state") == 0)
				type->record = of->record;
			if (of->members == &answer_type && strcmp(key, "orders") == 0)
				type->record = oms_kinds[KIND_ORDER].record;
			return true;
		}
	return false;
}

static bool
service_step_into(const ValueType *of, const char *key, ValueType *type)
{
	if (of->members)
		return service_find_member(of, key, type);
	if (of->record)
		return service_find_column(of->record, key, type);
	*type = (ValueType) {.shape = VALUE_ANY};
	return true;
}

ValueType
oms_service_walk_type(DefinitionReader *r, ValueType type, const List *path)
{
	ListCell   *cell;

	foreach(cell, path)
	{
		const char *key = lfirst(cell);
		ValueType	next = {VALUE_ANY};

		if (!oms_value_fits(type.shape, VALUE_OBJECT))
			oms_definition_fault(r, "what should have \"%s\" is %s, and no object", key, oms_value_shape_name(type.shape));
		else if (!service_step_into(&type, key, &next))
			oms_definition_fault(r, "there is no \"%s\"", key);
		type = next;
	}
	return type;
}

ValueType
oms_service_element_type(ValueType type)
{
	if (type.shape == VALUE_OBJECTS)
		return (ValueType) {.shape = VALUE_OBJECT, .record = type.record, .members = type.members};
	return (ValueType) {.shape = type.shape == VALUE_TEXTS ? VALUE_TEXT : VALUE_ANY};
}

/* ------------------------------------------------------------------------
 * arguments
 * ------------------------------------------------------------------------
 */

static const struct
{
	const char *name;
	CommandFieldType type;
}			argument_types[] = {
	{"identifier", CMD_ID}, {"text", CMD_TEXT}, {"quantity", CMD_QTY}, {"quantityOrZero", CMD_QTY_OR_ZERO}, {"price", CMD_PRICE},
	{"decimal", CMD_FIGURE}, {"integer", CMD_VERSION}, {"time", CMD_TIME}, {"date", CMD_DATE}, {"boolean", CMD_BOOL},
	{"object", CMD_OBJECT}, {"identifiers", CMD_IDS}, {"objects", CMD_OBJECTS},
};

/* What every service takes: whoever gives it says by which ids its commands go. */
static const char *const common_arguments[] = {"commandId", "correlationId", "causationId"};

bool
oms_service_is_common(const char *name)
{
	for (int i = 0; i < lengthof(common_arguments); i++)
		if (strcmp(common_arguments[i], name) == 0)
			return true;
	return false;
}

const char *
oms_service_type_name(const ServiceArgument *argument)
{
	for (int i = 0; i < lengthof(argument_types); i++)
		if (argument_types[i].type == argument->field.type)
			return argument_types[i].name;
	elog(ERROR, "BUG: no argument has type %d", argument->field.type);
}

static void
service_read_type(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceArgument *argument = target;
	StringInfoData known;

	initStringInfo(&known);
	for (int i = 0; i < lengthof(argument_types); i++)
	{
		const char *name = argument_types[i].name;

		appendStringInfo(&known, "%s%s", i > 0 ? ", " : "", name);
		if (v->type != jbvString || strlen(name) != v->val.string.len || memcmp(name, v->val.string.val, v->val.string.len) != 0)
			continue;
		argument->field.type = argument_types[i].type;
		argument->type = oms_field_value_type(&argument->field);
		return;
	}
	oms_definition_fault(r, "it must be one of %s", known.data);
}

static void
service_read_description(DefinitionReader *r, const JsonbValue *v, void *target)
{
	*(const char **) target = oms_definition_text(r, v, SERVICE_TEXT_MAX);
}

static void service_read_members(DefinitionReader *r, const JsonbValue *v, void *target);

/* Behind "type": of the objects of what is an object, or a list of them. */
static const DefinitionKey argument_keys[] = {
	{"type", service_read_type},
	{"required", oms_definition_read_bool, offsetof(ServiceArgument, field.required)},
	{"description", service_read_description, offsetof(ServiceArgument, description)},
	{"members", service_read_members},
	{NULL}
};

static void
service_read_argument(DefinitionReader *r, const JsonbValue *v, ServiceArgument *argument)
{
	argument->type.shape = VALUE_ANY;
	if (!oms_definition_is_identifier(argument->field.name) || strlen(argument->field.name) > SERVICE_NAME_MAX)
		oms_definition_fault(r, "a name begins with a letter and has letters, digits and _, at most %d", SERVICE_NAME_MAX);
	oms_definition_read(r, v, argument_keys, argument);
	if (argument->type.shape == VALUE_ANY)
		oms_definition_fault(r, "it needs a type");
}

static void
service_read_each_argument(DefinitionReader *r, const JsonbValue *v, ServiceArguments *arguments, int room)
{
	List	   *members = oms_definition_members(r, v, room);

	for (int i = 0; i < list_length(members) && r->fault == NULL; i += 2)
	{
		const JsonbValue *key = list_nth(members, i);
		ServiceArgument *argument = &arguments->members[arguments->count++];
		const char *outer;

		argument->field.name = pnstrdup(key->val.string.val, key->val.string.len);
		outer = oms_definition_enter(r, pnstrdup(key->val.string.val, Min(key->val.string.len, SERVICE_NAME_MAX)));
		service_read_argument(r, list_nth(members, i + 1), argument);
		r->path = outer;
	}
}

static void
service_read_members(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceArgument *argument = target;
	ServiceArguments *members = palloc0(sizeof(ServiceArguments));

	if (argument->type.shape != VALUE_OBJECT && argument->type.shape != VALUE_OBJECTS)
	{
		oms_definition_fault(r, "only what is an object, or a list of objects, has members");
		return;
	}
	members->members = palloc0(sizeof(ServiceArgument) * SERVICE_MEMBERS_MAX);
	service_read_each_argument(r, v, members, SERVICE_MEMBERS_MAX);
	argument->type.members = members;
}

void
oms_service_read_arguments(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ServiceArguments *arguments = target;
	int			room = SERVICE_MEMBERS_MAX - lengthof(common_arguments);

	arguments->members = palloc0(sizeof(ServiceArgument) * SERVICE_MEMBERS_MAX);
	if (v)
		service_read_each_argument(r, v, arguments, room);
	for (int i = 0; i < arguments->count; i++)
		if (oms_service_is_common(arguments->members[i].field.name))
			oms_definition_fault(r, "\"%s\" is an argument of every service", arguments->members[i].field.name);
	for (int i = 0; i < lengthof(common_arguments); i++)
		arguments->members[arguments->count++] = (ServiceArgument) {
			.field = {.name = common_arguments[i], .type = CMD_ID}, .type = {.shape = VALUE_TEXT}
		};
}
