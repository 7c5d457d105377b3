/*-------------------------------------------------------------------------
 *
 * service_run.c
 *	  What the expressions of a service are worth while it is under way.
 *
 * Pure.  Nothing of what a path leads to need be there: a column is null, a step was
 * not done.  Then there is no value, and a field that would have it is not given.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "base/decimal.h"
#include "core/command_read.h"
#include "core/service.h"

/* An argument as a field of a command, checked and not kept. */
static Refusal *
service_check_value(const ServiceArgument *argument, const JsonbValue *v)
{
	Command		scratch;
	Jsonb	   *elements;
	bool		array = argument->type.shape == VALUE_TEXTS || argument->type.shape == VALUE_OBJECTS;

	return array ? oms_field_read_elements(&argument->field, v, &elements) : oms_field_read_value(&argument->field, v, &scratch);
}

static Refusal *
service_unknown_argument(const char *of, const ServiceArguments *arguments, const JsonbValue *key)
{
	StringInfoData known;

	initStringInfo(&known);
	for (int i = 0; i < arguments->count; i++)
		appendStringInfo(&known, "%s%s", known.len ? ", " : "", arguments->members[i].field.name);
	return oms_with_detail(oms_refuse(OMS_MALFORMED, "unknown argument \"%.*s\" of %s",
									  pg_mbcliplen(key->val.string.val, key->val.string.len, 128), key->val.string.val, of),
						   "It knows %s.", known.len ? known.data : "none");
}

static Refusal *service_check_members(const char *of, const ServiceArguments *arguments, JsonbContainer *object);

/* What is known of the objects in an array is asked of each. */
static Refusal *
service_check_objects(const char *of, const ServiceArgument *argument, const JsonbValue *v)
{
	JsonbIterator *it;
	JsonbValue	element;
	JsonbIteratorToken token;
	Refusal    *refusal = NULL;

	if (argument->type.members == NULL || v->type != jbvBinary)
		return NULL;
	if (argument->type.shape == VALUE_OBJECT)
		return service_check_members(psprintf("\"%s\" of %s", argument->field.name, of), argument->type.members, v->val.binary.data);
	it = JsonbIteratorInit(v->val.binary.data);
	while (refusal == NULL && (token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
		if (token == WJB_ELEM)
			refusal = service_check_members(psprintf("each of \"%s\" of %s", argument->field.name, of), argument->type.members,
											element.val.binary.data);
	return refusal;
}

static Refusal *
service_check_members(const char *of, const ServiceArguments *arguments, JsonbContainer *object)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbValue	key;
	JsonbValue	v;
	JsonbIteratorToken token;
	bool		seen[SERVICE_MEMBERS_MAX] = {false};
	Refusal    *refusal;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		int			i = 0;

		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&it, &v, true);
		while (i < arguments->count && (strlen(arguments->members[i].field.name) != key.val.string.len ||
										memcmp(arguments->members[i].field.name, key.val.string.val, key.val.string.len) != 0))
			i++;
		if (i == arguments->count)
			return service_unknown_argument(of, arguments, &key);
		if (v.type == jbvNull)
			continue;
		refusal = service_check_value(&arguments->members[i], &v);
		if (refusal == NULL)
			refusal = service_check_objects(of, &arguments->members[i], &v);
		if (refusal)
			return refusal;
		seen[i] = true;
	}
	for (int i = 0; i < arguments->count; i++)
		if (arguments->members[i].field.required && !seen[i])
			return oms_with_detail(oms_refuse(OMS_MALFORMED, "%s needs \"%s\"", of, arguments->members[i].field.name),
								   "It must be a valid %s.", oms_command_field_type_name(arguments->members[i].field.type));
	return NULL;
}

/* Its first command says the rest: OM001 of that. */
static Refusal *
service_check_begin(const Service *service, Jsonb *arguments)
{
	const ServiceStep *begin = service->begin;
	char	   *type = oms_json_get_string(arguments, "commandType");
	JsonbValue	hold;
	ListCell   *cell;

	if (type && oms_command_def(type, strlen(type)) != begin->command)
		return oms_refuse(OMS_MALFORMED, "%s is no %s: it takes the fields of %s", service->name, type, begin->command->name);
	foreach(cell, begin->without)
		if (oms_json_get(arguments, lfirst(cell), &hold))
			return oms_refuse(OMS_MALFORMED, "%s has no field \"%s\"", service->name, (const char *) lfirst(cell));
	return NULL;
}

Refusal *
oms_service_check_arguments(const Service *service, Jsonb *arguments)
{
	if (!oms_json_is_object(arguments))
		return oms_refuse(OMS_MALFORMED, "the arguments of %s must be a JSON object", service->name);
	if (service->begin)
		return service_check_begin(service, arguments);
	return service_check_members(service->name, &service->arguments, &arguments->root);
}

void
oms_service_begin(ServiceFrame *frame, const Service *service, Jsonb *arguments)
{
	*frame = (ServiceFrame) {
		.service = service,
		.arguments = arguments,
		.answers = palloc0(sizeof(Jsonb *) * Max(service->nsteps, 1)),
		.elements = palloc0(sizeof(Jsonb *) * Max(service->nsteps, 1)),
	};
}

/* ------------------------------------------------------------------------
 * expressions
 * ------------------------------------------------------------------------
 */

static void
service_concat_value(StringInfo text, const JsonbValue *v)
{
	if (v->type == jbvString)
		appendBinaryStringInfo(text, v->val.string.val, v->val.string.len);
	else if (v->type == jbvNumeric)
		appendStringInfoString(text, oms_dec_text(v->val.numeric));
	else if (v->type == jbvBool)
		appendStringInfoString(text, v->val.boolean ? "true" : "false");
}

/* What is not there is no text. */
static void
service_concat(const ServiceFrame *frame, const List *parts, JsonbValue *value)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, parts)
	{
		JsonbValue	v;

		if (oms_service_value(frame, lfirst(cell), &v))
			service_concat_value(&text, &v);
	}
	value->type = jbvString;
	value->val.string.val = text.data;
	value->val.string.len = text.len;
}

static bool
service_walk(JsonbValue *value, const List *path)
{
	ListCell   *cell;

	foreach(cell, path)
	{
		const char *key = lfirst(cell);
		JsonbValue *next;

		if (!oms_definition_is_object(value))
			return false;
		next = getKeyJsonValueFromContainer(value->val.binary.data, key, strlen(key), NULL);
		if (next == NULL)
			return false;
		*value = *next;
	}
	return value->type != jbvNull;
}

static void
service_whole(Jsonb *json, JsonbValue *value)
{
	value->type = jbvBinary;
	value->val.binary.data = &json->root;
	value->val.binary.len = VARSIZE(json) - VARHDRSZ;
}

bool
oms_service_value(const ServiceFrame *frame, const ServiceExpression *expression, JsonbValue *value)
{
	JsonbValue	hold;
	JsonbValue *v = NULL;

	switch (expression->sort)
	{
		case EXPRESSION_CONSTANT:
			*value = expression->constant;
			return value->type != jbvNull;
		case EXPRESSION_CONCAT:
			service_concat(frame, expression->parts, value);
			return true;
		case EXPRESSION_ARGUMENT:
			v = oms_json_get(frame->arguments, expression->name, &hold);
			break;
		case EXPRESSION_STEP:
			if (frame->answers[expression->number])
				service_whole(frame->answers[expression->number], v = &hold);
			break;
		case EXPRESSION_EACH:
			if (frame->elements[expression->number])
				v = getIthJsonbValueFromContainer(&frame->elements[expression->number]->root, 0);
			break;
	}
	if (v == NULL)
		return false;
	*value = *v;
	return service_walk(value, expression->path);
}

bool
oms_service_is_done(const ServiceFrame *frame, const ServiceStep *step)
{
	JsonbValue	v;

	return step->when == NULL || (oms_service_value(frame, step->when, &v) && (v.type != jbvBool || v.val.boolean));
}

Refusal *
oms_service_elements(const ServiceFrame *frame, const ServiceStep *step, List **elements)
{
	DefinitionReader reader = {.path = step->name};
	JsonbValue	v;

	*elements = NIL;
	if (!oms_service_value(frame, step->for_each, &v) || (oms_definition_is_array(&v) && JsonContainerSize(v.val.binary.data) == 0))
		return NULL;
	*elements = oms_definition_elements(&reader, &v, ELEMENTS_MAX);
	if (reader.fault == NULL)
		return NULL;
	return oms_with_detail(oms_refuse(OMS_MALFORMED, "step \"%s\" of %s cannot be done for each", step->name, frame->service->name),
						   "What it is to be done for must be a list of at most %d.", ELEMENTS_MAX);
}

void
oms_service_enter(ServiceFrame *frame, const ServiceStep *step, const JsonbValue *element)
{
	JsonWriter	w = {0};

	for (int i = step->number; i < step->behind; i++)
		frame->answers[i] = NULL;
	oms_json_open_array(&w);
	oms_json_scalar(&w, NULL, element);
	oms_json_close_array(&w);
	frame->elements[step->number] = oms_json_finish(&w);
}

void
oms_service_write(const ServiceFrame *frame, const List *fields, JsonWriter *w)
{
	ListCell   *cell;

	foreach(cell, fields)
	{
		const ServiceField *field = lfirst(cell);
		JsonbValue	v;

		if (oms_service_value(frame, field->value, &v))
			oms_json_scalar(w, field->name, &v);
	}
}
