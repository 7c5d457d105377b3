/*-------------------------------------------------------------------------
 *
 * asset_class_read.c
 *	  The definition of an asset class as a struct, and what is wrong with it.
 *
 * Pure.  A definition is an object whose keys stand in the tables below
 * (definition.c): what is read of a class with a fault is used by nobody.
 * What it extends is another matter (asset_class_link.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "lib/stringinfo.h"

#include "base/decimal.h"
#include "base/json.h"
#include "core/asset_class_private.h"

/* ------------------------------------------------------------------------
 * values
 * ------------------------------------------------------------------------
 */

static void
class_read_name(DefinitionReader *r, const JsonbValue *v, void *target)
{
	*(const char **) target = oms_definition_text(r, v, CLASS_NAME_MAX);
}

static void
class_read_description(DefinitionReader *r, const JsonbValue *v, void *target)
{
	*(const char **) target = oms_definition_text(r, v, CLASS_TEXT_MAX);
}

/* An integer from 1 on; 0 with a fault. */
static int
class_int(DefinitionReader *r, const JsonbValue *v)
{
	char	   *end;
	char	   *text = v->type == jbvNumeric && oms_dec_acceptable(v->val.numeric) ? oms_dec_text(oms_dec_trim(v->val.numeric)) : "";
	long		value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && value > 0 && value <= INT_MAX)
		return (int) value;
	oms_definition_fault(r, "it must be a whole number from 1 on");
	return 0;
}

static void
class_read_int(DefinitionReader *r, const JsonbValue *v, void *target)
{
	*(int *) target = class_int(r, v);
}

static void
class_read_ints(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ListCell   *cell;

	foreach(cell, oms_definition_elements(r, v, CLASS_ALLOWED_MAX))
		*(List **) target = list_append_unique_int(*(List **) target, class_int(r, lfirst(cell)));
}

static void
class_read_texts(DefinitionReader *r, const JsonbValue *v, void *target)
{
	ListCell   *cell;

	foreach(cell, oms_definition_elements(r, v, CLASS_ALLOWED_MAX))
		*(List **) target = lappend(*(List **) target, oms_definition_text(r, lfirst(cell), CLASS_NAME_MAX));
}

/* ------------------------------------------------------------------------
 * one attribute
 * ------------------------------------------------------------------------
 */

static void
class_read_type(DefinitionReader *r, const JsonbValue *v, void *target)
{
	for (const OmsName *name = oms_attribute_type_names; name->name && v->type == jbvString; name++)
		if (strlen(name->name) == v->val.string.len && memcmp(name->name, v->val.string.val, v->val.string.len) == 0)
		{
			((AttributeDef *) target)->type = name->value;
			return;
		}
	oms_definition_fault(r, "it must be one of %s", oms_names_list(oms_attribute_type_names));
}

static void
class_read_mutable(DefinitionReader *r, const JsonbValue *v, void *target)
{
	bool		mutable = true;

	oms_definition_read_bool(r, v, &mutable);
	((AttributeDef *) target)->fixed = !mutable;
}

/* A value of the attribute's own type, whatever else is asked of it; NULL with a fault. */
static JsonbValue *
class_typed_value(DefinitionReader *r, const AttributeDef *def, const JsonbValue *v)
{
	AttributeDef plain = {.type = def->type == ATTRIBUTE_ENUMERATION || def->type == ATTRIBUTE_PATTERN ? ATTRIBUTE_TEXT : def->type};
	JsonbValue *value = palloc(sizeof(JsonbValue));
	const char *wanted = oms_attribute_take(&plain, v, value);

	if (wanted == NULL)
		return value;
	oms_definition_fault(r, "it must be %s", wanted);
	return NULL;
}

static void
class_read_allowed(DefinitionReader *r, const JsonbValue *v, void *target)
{
	AttributeDef *def = target;
	List	   *elements = oms_definition_elements(r, v, CLASS_ALLOWED_MAX);
	ListCell   *cell;

	def->allowed = palloc(sizeof(JsonbValue) * Max(list_length(elements), 1));
	foreach(cell, elements)
	{
		JsonbValue *value = class_typed_value(r, def, lfirst(cell));

		if (value == NULL)
			return;
		if (value->type == jbvString && (value->val.string.len == 0 || value->val.string.len > PATTERN_VALUE_MAX))
			oms_definition_fault(r, "its texts must have 1 to %d bytes", PATTERN_VALUE_MAX);
		for (int i = 0; i < def->nallowed; i++)
			if (oms_attribute_compare(&def->allowed[i], value) == 0)
				oms_definition_fault(r, "one value stands there twice");
		def->allowed[def->nallowed++] = *value;
	}
}

static void
class_read_codes(DefinitionReader *r, const JsonbValue *v, void *target)
{
	AttributeDef *def = target;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key;

	if (def->type != ATTRIBUTE_ENUMERATION || !oms_definition_is_object(v) || JsonContainerSize(v->val.binary.data) > CLASS_ALLOWED_MAX)
	{
		oms_definition_fault(r, "it must be an object that gives a code of FIX one of the allowed values, of an enumeration");
		return;
	}
	def->codes = palloc0(sizeof(AttributeCode) * Max(JsonContainerSize(v->val.binary.data), 1));
	it = JsonbIteratorInit(v->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		AttributeCode *code = &def->codes[def->ncodes];
		AttributeDef bare = *def;
		JsonbValue	value;
		JsonbValue	checked;

		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&it, &value, true);
		bare.ncodes = 0;
		if (key.val.string.len == 0 || key.val.string.len > CLASS_NAME_MAX || oms_attribute_take(&bare, &value, &checked) != NULL)
		{
			oms_definition_fault(r, "a code must have 1 to %d bytes, and what it stands for be one of the allowed values", CLASS_NAME_MAX);
			return;
		}
		code->code = pnstrdup(key.val.string.val, key.val.string.len);
		code->value = pnstrdup(checked.val.string.val, checked.val.string.len);
		def->ncodes++;
	}
}

static void
class_read_pattern(DefinitionReader *r, const JsonbValue *v, void *target)
{
	AttributeDef *def = target;
	const char *why;

	if (def->type != ATTRIBUTE_PATTERN)
	{
		oms_definition_fault(r, "only an attribute of type pattern has one");
		return;
	}
	def->pattern_given = oms_definition_text(r, v, PATTERN_LENGTH_MAX);
	why = def->pattern_given ? oms_pattern_check(def->pattern_given, &def->pattern) : NULL;
	if (why)
		oms_definition_fault(r, "%s", why);
}

/* Of a text it is how many characters it has. */
static JsonbValue *
class_bound(DefinitionReader *r, const AttributeDef *def, const JsonbValue *v)
{
	static const AttributeDef count = {.type = ATTRIBUTE_NUMBER};
	bool		of_text = def->type == ATTRIBUTE_TEXT || def->type == ATTRIBUTE_PATTERN;

	if (def->type != ATTRIBUTE_BOOLEAN && def->type != ATTRIBUTE_ENUMERATION)
		return class_typed_value(r, of_text ? &count : def, v);
	oms_definition_fault(r, "a %s has no bounds", oms_name_of(oms_attribute_type_names, def->type));
	return NULL;
}

static void
class_read_min(DefinitionReader *r, const JsonbValue *v, void *target)
{
	((AttributeDef *) target)->min = class_bound(r, target, v);
}

static void
class_read_max(DefinitionReader *r, const JsonbValue *v, void *target)
{
	AttributeDef *def = target;

	def->max = class_bound(r, def, v);
	if (def->min && def->max && oms_attribute_compare(def->min, def->max) > 0)
		oms_definition_fault(r, "it is less than min");
}

/* The last of all: it is held against the rest. */
static void
class_read_default(DefinitionReader *r, const JsonbValue *v, void *target)
{
	AttributeDef *def = target;
	const char *wanted;

	def->preset = palloc(sizeof(JsonbValue));
	wanted = oms_attribute_take(def, v, def->preset);
	if (wanted)
		oms_definition_fault(r, "it must be %s", wanted);
}

static const DefinitionKey attribute_keys[] = {
	{"type", class_read_type},
	{"required", oms_definition_read_bool, offsetof(AttributeDef, required)},
	{"mutable", class_read_mutable},
	{"tag", class_read_int, offsetof(AttributeDef, tag)},
	{"description", class_read_description, offsetof(AttributeDef, description)},
	{"allowed", class_read_allowed},
	{"codes", class_read_codes},
	{"pattern", class_read_pattern},
	{"min", class_read_min},
	{"max", class_read_max},
	{"default", class_read_default},
	{NULL}
};

/* maturityDate: maturity_date; CFICode: cfi_code. */
static char *
class_column(const char *name)
{
	StringInfoData out;

	initStringInfo(&out);
	for (const char *c = name; *c; c++)
	{
		bool		upper = *c >= 'A' && *c <= 'Z';
		bool		after_lower = c > name && !(c[-1] >= 'A' && c[-1] <= 'Z') && c[-1] != '_';
		bool		before_lower = c > name && c[-1] != '_' && c[1] >= 'a' && c[1] <= 'z';

		if (upper && (after_lower || before_lower))
			appendStringInfoChar(&out, '_');
		appendStringInfoChar(&out, upper ? *c - 'A' + 'a' : *c);
	}
	return out.data;
}

static void
class_read_attribute(DefinitionReader *r, const JsonbValue *v, AttributeDef *def)
{
	if (!oms_definition_is_identifier(def->name) || strlen(def->name) > CLASS_NAME_MAX)
	{
		oms_definition_fault(r, "the name of an attribute begins with a letter and has letters, digits and _, at most %d", CLASS_NAME_MAX);
		return;
	}
	def->column = class_column(def->name);
	if (strlen(def->column) >= NAMEDATALEN)
		oms_definition_fault(r, "its column \"%s\" would have more than %d bytes", def->column, NAMEDATALEN - 1);
	if (!oms_definition_is_object(v))
	{
		oms_definition_fault(r, "it must be an object that says of which type it is");
		return;
	}
	oms_definition_read(r, v, attribute_keys, def);
	if (def->type == 0)
		oms_definition_fault(r, "it needs a type: one of %s", oms_names_list(oms_attribute_type_names));
	else if (def->type == ATTRIBUTE_ENUMERATION && def->nallowed == 0)
		oms_definition_fault(r, "an enumeration needs the values that are allowed");
	else if (def->type == ATTRIBUTE_PATTERN && def->pattern == NULL)
		oms_definition_fault(r, "it needs a pattern");
}

static void
class_read_attributes(DefinitionReader *r, const JsonbValue *v, void *target)
{
	AttributeSet *set = target;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key;

	if (!oms_definition_is_object(v) || JsonContainerSize(v->val.binary.data) > CLASS_ATTRIBUTES_MAX)
	{
		oms_definition_fault(r, "it must be an object of at most %d attributes", CLASS_ATTRIBUTES_MAX);
		return;
	}
	set->members = palloc0(sizeof(AttributeDef) * Max(JsonContainerSize(v->val.binary.data), 1));
	it = JsonbIteratorInit(v->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		AttributeDef *def = &set->members[set->count];
		JsonbValue	value;
		const char *outer;

		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&it, &value, true);
		def->name = pnstrdup(key.val.string.val, key.val.string.len);
		def->class_name = ((ClassReader *) r)->class->name;
		outer = oms_definition_enter(r, pnstrdup(def->name, Min(strlen(def->name), CLASS_NAME_MAX)));
		class_read_attribute(r, &value, def);
		for (int i = 0; i < set->count && def->column; i++)
			if (strcmp(set->members[i].column, def->column) == 0)
				oms_definition_fault(r, "\"%s\" would have the same column \"%s\"", set->members[i].name, def->column);
		r->path = outer;
		set->count++;
		if (r->fault)
			return;
	}
}

/* ------------------------------------------------------------------------
 * the class
 * ------------------------------------------------------------------------
 */

static void
class_read_notional(DefinitionReader *r, const JsonbValue *v, void *target)
{
	AssetClass *class = target;

	if (v->type == jbvString)
		class->factor_attribute = oms_definition_text(r, v, CLASS_NAME_MAX);
	else if (v->type == jbvNumeric && oms_dec_acceptable(v->val.numeric) && oms_dec_sign(v->val.numeric) > 0)
		class->factor = oms_dec_trim(v->val.numeric);
	else
		oms_definition_fault(r, "it must be a number above zero, or the name of an attribute");
}

static const DefinitionKey class_keys[] = {
	{"extends", class_read_name, offsetof(AssetClass, extends)},
	{"description", class_read_description, offsetof(AssetClass, description)},
	{"closed", oms_definition_read_bool, offsetof(AssetClass, closed)},
	{"securityTypes", class_read_texts, offsetof(AssetClass, security_types)},
	{"products", class_read_ints, offsetof(AssetClass, products)},
	{"currencyPairs", oms_definition_read_bool, offsetof(AssetClass, pairs)},
	{"attributes", class_read_attributes, offsetof(AssetClass, sets[ATTRIBUTES_OF_ORDER])},
	{"executionAttributes", class_read_attributes, offsetof(AssetClass, sets[ATTRIBUTES_OF_EXECUTION])},
	{"notional", class_read_notional},
	{NULL}
};

AssetClass *
oms_class_read(const char *name, Jsonb *definition)
{
	AssetClass *class = palloc0(sizeof(AssetClass));
	ClassReader reader = {.base = {.path = ""}, .class = class};
	JsonbValue	whole = {.type = jbvBinary, .val.binary = {VARSIZE(definition) - VARHDRSZ, &definition->root}};

	class->name = name;
	if (!oms_definition_is_identifier(name) || strlen(name) > CLASS_NAME_MAX)
		oms_definition_fault(&reader.base, "the name of a class begins with a letter and has letters, digits and _, at most %d", CLASS_NAME_MAX);
	else if (!oms_json_is_object(definition))
		oms_definition_fault(&reader.base, "a definition is an object");
	else if (VARSIZE(definition) > CLASS_SIZE_MAX)
		oms_definition_fault(&reader.base, "a definition has at most %d bytes", CLASS_SIZE_MAX);
	else
		oms_definition_read(&reader.base, &whole, class_keys, class);
	class->fault = reader.base.fault;
	return class;
}
