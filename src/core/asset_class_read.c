/*-------------------------------------------------------------------------
 *
 * asset_class_read.c
 *	  The definition of an asset class as a struct, and what is wrong with it.
 *
 * Pure.  A definition is an object whose keys stand in the tables below; any
 * other key, and any value that means nothing, is a fault, told with its path.
 * The first fault is kept: what is read of a class with a fault is used by nobody.
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

/* A key of an object, and what reads its value; in the order in which they are read. */
typedef struct ClassKey
{
	const char *key;
	void		(*read) (ClassReader *r, const JsonbValue *v, void *target);
	size_t		offset;			/* of what `read` is given as its target, in that of the object */
} ClassKey;

void
oms_class_fault(ClassReader *r, const char *fmt,...)
{
	ClassFault *fault;
	StringInfoData text;

	if (r->class->fault)
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
	fault = palloc(sizeof(ClassFault));
	fault->path = r->path;
	fault->message = text.data;
	r->class->fault = fault;
}

const char *
oms_class_enter(ClassReader *r, const char *key)
{
	const char *outer = r->path;

	r->path = outer[0] ? psprintf("%s.%s", outer, key) : pstrdup(key);
	return outer;
}

static bool
class_is_container(const JsonbValue *v, bool object)
{
	return v->type == jbvBinary &&
		(object ? JsonContainerIsObject(v->val.binary.data) : JsonContainerIsArray(v->val.binary.data));
}

/* The values of an array; NIL with a fault where it is none, or too long. */
static List *
class_elements(ClassReader *r, const JsonbValue *v, int most)
{
	List	   *elements = NIL;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	element;

	if (!class_is_container(v, false) || JsonContainerSize(v->val.binary.data) == 0 || JsonContainerSize(v->val.binary.data) > most)
	{
		oms_class_fault(r, "it must be an array of 1 to %d elements", most);
		return NIL;
	}
	it = JsonbIteratorInit(v->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
		if (token == WJB_ELEM)
			elements = lappend(elements, memcpy(palloc(sizeof(JsonbValue)), &element, sizeof(JsonbValue)));
	return elements;
}

static void
class_check_keys(ClassReader *r, Jsonb *object, const ClassKey *keys)
{
	JsonbIterator *it = JsonbIteratorInit(&object->root);
	JsonbIteratorToken token;
	JsonbValue	v;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		const ClassKey *key = keys;
		StringInfoData known;

		if (token != WJB_KEY)
			continue;
		while (key->key && (strlen(key->key) != v.val.string.len || memcmp(key->key, v.val.string.val, v.val.string.len) != 0))
			key++;
		if (key->key)
			continue;
		initStringInfo(&known);
		for (key = keys; key->key; key++)
			appendStringInfo(&known, "%s%s", known.len ? ", " : "", key->key);
		oms_class_enter(r, pnstrdup(v.val.string.val, Min(v.val.string.len, CLASS_NAME_MAX)));
		oms_class_fault(r, "there is no such key; there are %s", known.data);
		return;
	}
}

static void
class_read_object(ClassReader *r, Jsonb *object, const ClassKey *keys, void *target)
{
	for (const ClassKey *key = keys; key->key && r->class->fault == NULL; key++)
	{
		JsonbValue	hold;
		JsonbValue *v = oms_json_get(object, key->key, &hold);
		const char *outer;

		if (v == NULL || v->type == jbvNull)
			continue;
		outer = oms_class_enter(r, key->key);
		key->read(r, v, (char *) target + key->offset);
		r->path = outer;
	}
	class_check_keys(r, object, keys);
}

/* ------------------------------------------------------------------------
 * values
 * ------------------------------------------------------------------------
 */

static const char *
class_text(ClassReader *r, const JsonbValue *v, int most)
{
	if (v->type == jbvString && v->val.string.len > 0 && v->val.string.len <= most)
		return pnstrdup(v->val.string.val, v->val.string.len);
	oms_class_fault(r, "it must be a text of 1 to %d bytes", most);
	return NULL;
}

static void
class_read_name(ClassReader *r, const JsonbValue *v, void *target)
{
	*(const char **) target = class_text(r, v, CLASS_NAME_MAX);
}

static void
class_read_description(ClassReader *r, const JsonbValue *v, void *target)
{
	*(const char **) target = class_text(r, v, CLASS_TEXT_MAX);
}

static void
class_read_bool(ClassReader *r, const JsonbValue *v, void *target)
{
	if (v->type == jbvBool)
		*(bool *) target = v->val.boolean;
	else
		oms_class_fault(r, "it must be true or false");
}

/* An integer from 1 on; 0 with a fault. */
static int
class_int(ClassReader *r, const JsonbValue *v)
{
	char	   *end;
	char	   *text = v->type == jbvNumeric && oms_dec_acceptable(v->val.numeric) ? oms_dec_text(oms_dec_trim(v->val.numeric)) : "";
	long		value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && value > 0 && value <= INT_MAX)
		return (int) value;
	oms_class_fault(r, "it must be a whole number from 1 on");
	return 0;
}

static void
class_read_int(ClassReader *r, const JsonbValue *v, void *target)
{
	*(int *) target = class_int(r, v);
}

static void
class_read_ints(ClassReader *r, const JsonbValue *v, void *target)
{
	ListCell   *cell;

	foreach(cell, class_elements(r, v, CLASS_ALLOWED_MAX))
		*(List **) target = list_append_unique_int(*(List **) target, class_int(r, lfirst(cell)));
}

static void
class_read_texts(ClassReader *r, const JsonbValue *v, void *target)
{
	ListCell   *cell;

	foreach(cell, class_elements(r, v, CLASS_ALLOWED_MAX))
		*(List **) target = lappend(*(List **) target, unconstify(char *, class_text(r, lfirst(cell), CLASS_NAME_MAX)));
}

/* ------------------------------------------------------------------------
 * one attribute
 * ------------------------------------------------------------------------
 */

static void
class_read_type(ClassReader *r, const JsonbValue *v, void *target)
{
	for (const OmsName *name = oms_attribute_type_names; name->name && v->type == jbvString; name++)
		if (strlen(name->name) == v->val.string.len && memcmp(name->name, v->val.string.val, v->val.string.len) == 0)
		{
			((AttributeDef *) target)->type = name->value;
			return;
		}
	oms_class_fault(r, "it must be one of %s", oms_names_list(oms_attribute_type_names));
}

static void
class_read_mutable(ClassReader *r, const JsonbValue *v, void *target)
{
	bool		mutable = true;

	class_read_bool(r, v, &mutable);
	((AttributeDef *) target)->fixed = !mutable;
}

/* A value of the attribute's own type, whatever else is asked of it; NULL with a fault. */
static JsonbValue *
class_typed_value(ClassReader *r, const AttributeDef *def, const JsonbValue *v)
{
	AttributeDef plain = {.type = def->type == ATTRIBUTE_ENUMERATION || def->type == ATTRIBUTE_PATTERN ? ATTRIBUTE_TEXT : def->type};
	JsonbValue *value = palloc(sizeof(JsonbValue));
	const char *wanted = oms_attribute_take(&plain, v, value);

	if (wanted == NULL)
		return value;
	oms_class_fault(r, "it must be %s", wanted);
	return NULL;
}

static void
class_read_allowed(ClassReader *r, const JsonbValue *v, void *target)
{
	AttributeDef *def = target;
	List	   *elements = class_elements(r, v, CLASS_ALLOWED_MAX);
	ListCell   *cell;

	def->allowed = palloc(sizeof(JsonbValue) * Max(list_length(elements), 1));
	foreach(cell, elements)
	{
		JsonbValue *value = class_typed_value(r, def, lfirst(cell));

		if (value == NULL)
			return;
		if (value->type == jbvString && (value->val.string.len == 0 || value->val.string.len > PATTERN_VALUE_MAX))
			oms_class_fault(r, "its texts must have 1 to %d bytes", PATTERN_VALUE_MAX);
		for (int i = 0; i < def->nallowed; i++)
			if (oms_attribute_compare(&def->allowed[i], value) == 0)
				oms_class_fault(r, "one value stands there twice");
		def->allowed[def->nallowed++] = *value;
	}
}

static void
class_read_codes(ClassReader *r, const JsonbValue *v, void *target)
{
	AttributeDef *def = target;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key;

	if (def->type != ATTRIBUTE_ENUMERATION || !class_is_container(v, true) || JsonContainerSize(v->val.binary.data) > CLASS_ALLOWED_MAX)
	{
		oms_class_fault(r, "it must be an object that gives a code of FIX one of the allowed values, of an enumeration");
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
			oms_class_fault(r, "a code must have 1 to %d bytes, and what it stands for be one of the allowed values", CLASS_NAME_MAX);
			return;
		}
		code->code = pnstrdup(key.val.string.val, key.val.string.len);
		code->value = pnstrdup(checked.val.string.val, checked.val.string.len);
		def->ncodes++;
	}
}

static void
class_read_pattern(ClassReader *r, const JsonbValue *v, void *target)
{
	AttributeDef *def = target;
	const char *why;

	if (def->type != ATTRIBUTE_PATTERN)
	{
		oms_class_fault(r, "only an attribute of type pattern has one");
		return;
	}
	def->pattern_given = class_text(r, v, PATTERN_LENGTH_MAX);
	why = def->pattern_given ? oms_pattern_check(def->pattern_given, &def->pattern) : NULL;
	if (why)
		oms_class_fault(r, "%s", why);
}

/* Of a text it is how many characters it has. */
static JsonbValue *
class_bound(ClassReader *r, const AttributeDef *def, const JsonbValue *v)
{
	static const AttributeDef count = {.type = ATTRIBUTE_NUMBER};
	bool		of_text = def->type == ATTRIBUTE_TEXT || def->type == ATTRIBUTE_PATTERN;

	if (def->type != ATTRIBUTE_BOOLEAN && def->type != ATTRIBUTE_ENUMERATION)
		return class_typed_value(r, of_text ? &count : def, v);
	oms_class_fault(r, "a %s has no bounds", oms_name_of(oms_attribute_type_names, def->type));
	return NULL;
}

static void
class_read_min(ClassReader *r, const JsonbValue *v, void *target)
{
	((AttributeDef *) target)->min = class_bound(r, target, v);
}

static void
class_read_max(ClassReader *r, const JsonbValue *v, void *target)
{
	AttributeDef *def = target;

	def->max = class_bound(r, def, v);
	if (def->min && def->max && oms_attribute_compare(def->min, def->max) > 0)
		oms_class_fault(r, "it is less than min");
}

/* The last of all: it is held against the rest. */
static void
class_read_default(ClassReader *r, const JsonbValue *v, void *target)
{
	AttributeDef *def = target;
	const char *wanted;

	def->preset = palloc(sizeof(JsonbValue));
	wanted = oms_attribute_take(def, v, def->preset);
	if (wanted)
		oms_class_fault(r, "it must be %s", wanted);
}

static const ClassKey attribute_keys[] = {
	{"type", class_read_type},
	{"required", class_read_bool, offsetof(AttributeDef, required)},
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

static bool
class_is_identifier(const char *text)
{
	return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")] == '\0' &&
		((text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= 'a' && text[0] <= 'z'));
}

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
class_read_attribute(ClassReader *r, const JsonbValue *v, AttributeDef *def)
{
	if (!class_is_identifier(def->name) || strlen(def->name) > CLASS_NAME_MAX)
	{
		oms_class_fault(r, "the name of an attribute begins with a letter and has letters, digits and _, at most %d", CLASS_NAME_MAX);
		return;
	}
	def->column = class_column(def->name);
	if (strlen(def->column) >= NAMEDATALEN)
		oms_class_fault(r, "its column \"%s\" would have more than %d bytes", def->column, NAMEDATALEN - 1);
	if (!class_is_container(v, true))
	{
		oms_class_fault(r, "it must be an object that says of which type it is");
		return;
	}
	class_read_object(r, JsonbValueToJsonb(unconstify(JsonbValue *, v)), attribute_keys, def);
	if (def->type == 0)
		oms_class_fault(r, "it needs a type: one of %s", oms_names_list(oms_attribute_type_names));
	else if (def->type == ATTRIBUTE_ENUMERATION && def->nallowed == 0)
		oms_class_fault(r, "an enumeration needs the values that are allowed");
	else if (def->type == ATTRIBUTE_PATTERN && def->pattern == NULL)
		oms_class_fault(r, "it needs a pattern");
}

static void
class_read_attributes(ClassReader *r, const JsonbValue *v, void *target)
{
	AttributeSet *set = target;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key;

	if (!class_is_container(v, true) || JsonContainerSize(v->val.binary.data) > CLASS_ATTRIBUTES_MAX)
	{
		oms_class_fault(r, "it must be an object of at most %d attributes", CLASS_ATTRIBUTES_MAX);
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
		def->class_name = r->class->name;
		outer = oms_class_enter(r, pnstrdup(def->name, Min(strlen(def->name), CLASS_NAME_MAX)));
		class_read_attribute(r, &value, def);
		for (int i = 0; i < set->count && def->column; i++)
			if (strcmp(set->members[i].column, def->column) == 0)
				oms_class_fault(r, "\"%s\" would have the same column \"%s\"", set->members[i].name, def->column);
		r->path = outer;
		set->count++;
		if (r->class->fault)
			return;
	}
}

/* ------------------------------------------------------------------------
 * the class
 * ------------------------------------------------------------------------
 */

static void
class_read_notional(ClassReader *r, const JsonbValue *v, void *target)
{
	AssetClass *class = target;

	if (v->type == jbvString)
		class->factor_attribute = class_text(r, v, CLASS_NAME_MAX);
	else if (v->type == jbvNumeric && oms_dec_acceptable(v->val.numeric) && oms_dec_sign(v->val.numeric) > 0)
		class->factor = oms_dec_trim(v->val.numeric);
	else
		oms_class_fault(r, "it must be a number above zero, or the name of an attribute");
}

static const ClassKey class_keys[] = {
	{"extends", class_read_name, offsetof(AssetClass, extends)},
	{"description", class_read_description, offsetof(AssetClass, description)},
	{"closed", class_read_bool, offsetof(AssetClass, closed)},
	{"securityTypes", class_read_texts, offsetof(AssetClass, security_types)},
	{"products", class_read_ints, offsetof(AssetClass, products)},
	{"currencyPairs", class_read_bool, offsetof(AssetClass, pairs)},
	{"attributes", class_read_attributes, offsetof(AssetClass, sets[ATTRIBUTES_OF_ORDER])},
	{"executionAttributes", class_read_attributes, offsetof(AssetClass, sets[ATTRIBUTES_OF_EXECUTION])},
	{"notional", class_read_notional},
	{NULL}
};

AssetClass *
oms_class_read(const char *name, Jsonb *definition)
{
	AssetClass *class = palloc0(sizeof(AssetClass));
	ClassReader reader = {.class = class, .path = ""};

	class->name = name;
	if (!class_is_identifier(name) || strlen(name) > CLASS_NAME_MAX)
		oms_class_fault(&reader, "the name of a class begins with a letter and has letters, digits and _, at most %d", CLASS_NAME_MAX);
	else if (!oms_json_is_object(definition))
		oms_class_fault(&reader, "a definition is an object");
	else if (VARSIZE(definition) > CLASS_SIZE_MAX)
		oms_class_fault(&reader, "a definition has at most %d bytes", CLASS_SIZE_MAX);
	else
		class_read_object(&reader, definition, class_keys, class);
	return class;
}
