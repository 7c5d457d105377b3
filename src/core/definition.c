/*-------------------------------------------------------------------------
 *
 * definition.c
 *	  Reading a definition, an object of configuration, by tables of its keys.
 *
 * Pure.  Any other key, and any value that means nothing, is a fault, told with its
 * path.  The first one is kept.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "core/definition.h"

/* A key is somebody's text: what a path shows of one. */
#define KEY_SHOWN_MAX	64

void
oms_definition_fault(DefinitionReader *r, const char *fmt,...)
{
	DefinitionFault *fault;
	StringInfoData text;

	if (r->fault)
		return;
	initStringInfo(&text);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, fmt);
		needed = appendStringInfoVA(&text, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&text, needed);
	}
	fault = palloc(sizeof(DefinitionFault));
	fault->path = r->path;
	fault->message = text.data;
	r->fault = fault;
}

const char *
oms_definition_enter(DefinitionReader *r, const char *key)
{
	const char *outer = r->path;

	r->path = outer[0] ? psprintf("%s.%s", outer, key) : pstrdup(key);
	return outer;
}

bool
oms_definition_is_object(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsObject(v->val.binary.data);
}

bool
oms_definition_is_array(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsArray(v->val.binary.data) && !JsonContainerIsScalar(v->val.binary.data);
}

/* Both the elements of an array, and keys and values of an object. */
static List *
definition_values(const JsonbValue *v)
{
	List	   *values = NIL;
	JsonbIterator *it = JsonbIteratorInit(v->val.binary.data);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
		if (token == WJB_ELEM || token == WJB_KEY || token == WJB_VALUE)
			values = lappend(values, memcpy(palloc(sizeof(JsonbValue)), &value, sizeof(JsonbValue)));
	return values;
}

List *
oms_definition_elements(DefinitionReader *r, const JsonbValue *v, int most)
{
	if (oms_definition_is_array(v) && JsonContainerSize(v->val.binary.data) > 0 && JsonContainerSize(v->val.binary.data) <= most)
		return definition_values(v);
	oms_definition_fault(r, "it must be an array of 1 to %d elements", most);
	return NIL;
}

List *
oms_definition_members(DefinitionReader *r, const JsonbValue *v, int most)
{
	if (oms_definition_is_object(v) && JsonContainerSize(v->val.binary.data) <= most)
		return definition_values(v);
	oms_definition_fault(r, "it must be an object of at most %d members", most);
	return NIL;
}

static void
definition_check_keys(DefinitionReader *r, const JsonbValue *object, const DefinitionKey *keys)
{
	List	   *values = definition_values(object);

	for (int i = 0; i < list_length(values); i += 2)
	{
		const JsonbValue *v = list_nth(values, i);
		const DefinitionKey *key = keys;
		StringInfoData known;

		while (key->key && (strlen(key->key) != v->val.string.len || memcmp(key->key, v->val.string.val, v->val.string.len) != 0))
			key++;
		if (key->key)
			continue;
		initStringInfo(&known);
		for (key = keys; key->key; key++)
			appendStringInfo(&known, "%s%s", known.len ? ", " : "", key->key);
		oms_definition_enter(r, pnstrdup(v->val.string.val, Min(v->val.string.len, KEY_SHOWN_MAX)));
		oms_definition_fault(r, "there is no such key; there are %s", known.data);
		return;
	}
}

void
oms_definition_read(DefinitionReader *r, const JsonbValue *object, const DefinitionKey *keys, void *target)
{
	if (!oms_definition_is_object(object))
	{
		oms_definition_fault(r, "it must be an object");
		return;
	}
	for (const DefinitionKey *key = keys; key->key && r->fault == NULL; key++)
	{
		JsonbValue	hold;
		JsonbValue *v = getKeyJsonValueFromContainer(object->val.binary.data, key->key, strlen(key->key), &hold);
		const char *outer;

		if (v == NULL || v->type == jbvNull)
			continue;
		outer = oms_definition_enter(r, key->key);
		key->read(r, v, (char *) target + key->offset);
		r->path = outer;
	}
	definition_check_keys(r, object, keys);
}

char *
oms_definition_text(DefinitionReader *r, const JsonbValue *v, int most)
{
	if (v->type == jbvString && v->val.string.len > 0 && v->val.string.len <= most)
		return pnstrdup(v->val.string.val, v->val.string.len);
	oms_definition_fault(r, "it must be a text of 1 to %d bytes", most);
	return NULL;
}

void
oms_definition_read_bool(DefinitionReader *r, const JsonbValue *v, void *target)
{
	if (v->type == jbvBool)
		*(bool *) target = v->val.boolean;
	else
		oms_definition_fault(r, "it must be true or false");
}

bool
oms_definition_is_identifier(const char *text)
{
	return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")] == '\0' &&
		((text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= 'a' && text[0] <= 'z'));
}
