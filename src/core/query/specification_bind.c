/*-------------------------------------------------------------------------
 *
 * specification_bind.c
 *	  A specification of a target: its fields found, its constants typed.
 *
 * Pure.  Which operators a field has follows from its type alone; names are read as
 * loosely as commands read them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/query/specification.h"

typedef struct SpecBinder
{
	const QueryTarget *target;
	const AssetClasses *classes;
} SpecBinder;

#define OP(op)			(1 << (op))
#define EQUAL_OPS		(OP(SPEC_EQ) | OP(SPEC_NE) | OP(SPEC_IN) | OP(SPEC_IS_NULL))
#define ORDER_OPS		(EQUAL_OPS | OP(SPEC_LT) | OP(SPEC_LTE) | OP(SPEC_GT) | OP(SPEC_GTE))
#define TEXT_OPS		(ORDER_OPS | OP(SPEC_LIKE) | OP(SPEC_ILIKE))

/* What the constant of a comparison is, as its type reads it; what is wanted instead, or NULL. */
typedef const char *(*SpecTake) (const QueryField *field, SpecConstant *constant);

/* Copied: names, and values of asset classes, are not the specification's own. */
static void
spec_set_text(SpecConstant *constant, const char *given, int length)
{
	text	   *copy = cstring_to_text_with_len(given, length);

	constant->json = (JsonbValue) {.type = jbvString, .val.string = {length, VARDATA(copy)}};
	constant->value = PointerGetDatum(copy);
}

/* An attribute of a class that is one of some values has codes of FIX for them; whatever else it may be was so before. */
static const char *
spec_take_text(const QueryField *field, SpecConstant *constant)
{
	JsonbValue	value;

	if (field->attribute && field->attribute->type == ATTRIBUTE_ENUMERATION &&
		oms_attribute_take(field->attribute, &constant->json, &value) == NULL)
		constant->json = value;
	if (constant->json.type != jbvString)
		return "a text";
	spec_set_text(constant, constant->json.val.string.val, constant->json.val.string.len);
	return NULL;
}

/* A code of FIX may come as a number. */
static const char *
spec_take_name(const QueryField *field, SpecConstant *constant)
{
	const OmsName *name;

	if (constant->json.type == jbvNumeric)
	{
		char	   *text = oms_dec_text(constant->json.val.numeric);

		spec_set_text(constant, text, strlen(text));
	}
	if (field->names == NULL || constant->json.type != jbvString)
		return spec_take_text(field, constant);
	name = oms_name_find(field->names, constant->json.val.string.val, constant->json.val.string.len);
	if (name)
		spec_set_text(constant, name->name, strlen(name->name));
	else if (field->open)
		return spec_take_text(field, constant);
	return name ? NULL : psprintf("one of %s, or FIX's code", oms_names_list(field->names));
}

static const char *
spec_take_number(const QueryField *field, SpecConstant *constant)
{
	JsonbValue *json = &constant->json;
	Numeric		number = json->type == jbvNumeric ? json->val.numeric : NULL;

	if (json->type == jbvString && oms_dec_parse(json->val.string.val, json->val.string.len, &number))
		number = oms_dec_trim(number);
	if (number == NULL)
		return psprintf("a decimal number of at most %d digits", DECIMAL_DIGITS_MAX);
	*json = (JsonbValue) {.type = jbvNumeric, .val.numeric = number};
	constant->value = NumericGetDatum(number);
	constant->is_whole = oms_dec_scale(number) == 0 && oms_dec_cmp(number, int64_to_numeric(PG_INT64_MIN)) >= 0 &&
		oms_dec_cmp(number, int64_to_numeric(PG_INT64_MAX)) <= 0;
	if (constant->is_whole)
		constant->whole = DatumGetInt64(DirectFunctionCall1(numeric_int8, constant->value));
	return NULL;
}

static const char *
spec_take_boolean(const QueryField *field, SpecConstant *constant)
{
	JsonbValue *json = &constant->json;
	bool		value = json->type == jbvBool && json->val.boolean;

	/* in a URL it is a text */
	if (json->type == jbvNumeric || (json->type == jbvString && !parse_bool_with_len(json->val.string.val, json->val.string.len, &value)))
		return "true or false";
	*json = (JsonbValue) {.type = jbvBool, .val.boolean = value};
	constant->value = BoolGetDatum(value);
	return NULL;
}

static const char *
spec_take_date(const QueryField *field, SpecConstant *constant)
{
	char		text[MOMENT_TEXT_SIZE];
	DateADT		date;

	if (constant->json.type != jbvString || !oms_date_parse(constant->json.val.string.val, constant->json.val.string.len, &date))
		return "a date as 2026-03-02";
	spec_set_text(constant, text, oms_date_text(date, text));
	constant->value = DateADTGetDatum(date);
	return NULL;
}

static const char *
spec_take_time(const QueryField *field, SpecConstant *constant)
{
	char		text[MOMENT_TEXT_SIZE];
	TimestampTz time;

	if (constant->json.type != jbvString || !oms_time_parse(constant->json.val.string.val, constant->json.val.string.len, &time))
		return "a time with a zone as 2026-03-02T09:30:00Z";
	spec_set_text(constant, text, oms_time_text(time, text));
	constant->value = TimestampTzGetDatum(time);
	return NULL;
}

static const struct
{
	uint32		operators;
	SpecTake	take;
}			spec_types[] = {
	[QUERY_TEXT] = {TEXT_OPS, spec_take_text},
	[QUERY_NAME] = {EQUAL_OPS, spec_take_name},
	[QUERY_NUMBER] = {ORDER_OPS, spec_take_number},
	[QUERY_BOOLEAN] = {EQUAL_OPS, spec_take_boolean},
	[QUERY_DATE] = {ORDER_OPS, spec_take_date},
	[QUERY_TIME] = {ORDER_OPS, spec_take_time},
	[QUERY_TEXTS] = {EQUAL_OPS, spec_take_name},
	[QUERY_EVER] = {OP(SPEC_EQ) | OP(SPEC_NE) | OP(SPEC_IN), spec_take_text},
	[QUERY_DOCUMENT] = {OP(SPEC_IS_NULL), NULL},
};

/* ------------------------------------------------------------------------
 * one comparison
 * ------------------------------------------------------------------------
 */

static char *
spec_operators_of(QueryType type)
{
	StringInfoData list;

	initStringInfo(&list);
	for (SpecOperator op = 0; op < SPEC_OPERATORS; op++)
		if (spec_types[type].operators & OP(op))
			appendStringInfo(&list, "%s%s", list.len ? ", " : "", oms_spec_operator_name(op));
	return list.data;
}

static Refusal *
spec_bad_operator(const SpecNode *node)
{
	return oms_with_detail(oms_refuse(OMS_BAD_QUERY, "operator \"%s\" does not apply to field \"%s\"",
									  oms_spec_operator_name(node->op), oms_query_shown(node->name, strlen(node->name))),
						   "It stands at %s. The field is %s, which has: %s.", node->path, oms_query_type_name(node->type),
						   spec_operators_of(node->type));
}

static Refusal *
spec_bad_constant(const SpecNode *node, const JsonbValue *given, const char *wanted)
{
	return oms_with_detail(oms_refuse(OMS_BAD_QUERY, "%s is no value of field \"%s\"",
									  given->type == jbvString ? psprintf("\"%s\"", oms_query_shown(given->val.string.val, given->val.string.len)) :
									  oms_attribute_text(given), oms_query_shown(node->name, strlen(node->name))),
						   "It stands at %s. It must be %s.", node->path, wanted);
}

/* What a field in a document is compared as, where nothing but the constants says it: all of them must be the same. */
static Refusal *
spec_type_of_constants(SpecNode *node)
{
	static const struct
	{
		enum jbvType json;
		QueryType	type;
	}			types[] = {{jbvNumeric, QUERY_NUMBER}, {jbvBool, QUERY_BOOLEAN}};
	const JsonbValue *first = &node->constants[0].json;

	node->type = QUERY_TEXT;
	if (node->op == SPEC_IS_NULL)
		return NULL;
	for (int i = 0; i < lengthof(types) && node->nconstants > 0; i++)
		if (first->type == types[i].json)
			node->type = types[i].type;
	for (int i = 1; i < node->nconstants; i++)
		if (node->constants[i].json.type != first->type)
			return spec_bad_constant(node, &node->constants[i].json,
									 psprintf("%s, as the others are", oms_query_type_name(node->type)));
	return NULL;
}

/* A pattern is nobody's name. */
static const char *
spec_take(const SpecNode *node, SpecConstant *constant)
{
	if (node->op != SPEC_LIKE && node->op != SPEC_ILIKE)
		return spec_types[node->type].take(node->field, constant);
	spec_set_text(constant, constant->json.val.string.val, constant->json.val.string.len);
	return NULL;
}

static Refusal *
spec_bind_compare(const SpecBinder *binder, SpecNode *node, const AssetClass *class)
{
	QueryField *field = palloc(sizeof(QueryField));
	Refusal    *refusal = oms_query_field(binder->target, node->name, strlen(node->name), node->path, field);

	if (refusal == NULL && class)
		oms_query_field_of_class(binder->target, class, field);
	if (refusal)
		return refusal;
	node->field = field;
	node->type = field->type;
	if (node->type == QUERY_ANY)
		refusal = spec_type_of_constants(node);
	if (refusal)
		return refusal;
	if ((spec_types[node->type].operators & OP(node->op)) == 0)
		return spec_bad_operator(node);
	for (int i = 0; i < node->nconstants && node->op != SPEC_IS_NULL; i++)
	{
		JsonbValue	given = node->constants[i].json;
		const char *wanted = spec_take(node, &node->constants[i]);

		if (wanted)
			return spec_bad_constant(node, &given, wanted);
	}
	return NULL;
}

/* ------------------------------------------------------------------------
 * all of it
 * ------------------------------------------------------------------------
 */

/* The class that a member of an AND fixes, or the one that is fixed around it. */
static const AssetClass *
spec_class_of(const SpecBinder *binder, const SpecNode *node, const AssetClass *around)
{
	for (int i = 0; i < node->nmembers && node->kind == SPEC_AND && binder->classes; i++)
	{
		const SpecNode *member = node->members[i];
		const AssetClass *class;
		QueryField	field;

		if (member->kind != SPEC_COMPARE || member->op != SPEC_EQ || member->constants[0].json.type != jbvString ||
			oms_query_field(binder->target, member->name, strlen(member->name), member->path, &field) != NULL ||
			!oms_query_is_class(binder->target, &field))
			continue;
		class = oms_class_find(binder->classes, pnstrdup(member->constants[0].json.val.string.val, member->constants[0].json.val.string.len));
		if (class && class->enabled && class->fault == NULL)
			return class;
	}
	return around;
}

static Refusal *
spec_bind_node(const SpecBinder *binder, SpecNode *node, const AssetClass *class)
{
	Refusal    *refusal = NULL;

	CHECK_FOR_INTERRUPTS();
	if (node->kind == SPEC_COMPARE)
		return spec_bind_compare(binder, node, class);
	class = spec_class_of(binder, node, class);
	for (int i = 0; i < node->nmembers && refusal == NULL; i++)
		refusal = spec_bind_node(binder, node->members[i], class);
	return refusal;
}

Refusal *
oms_spec_bind(const QueryTarget *target, const AssetClasses *classes, SpecNode **spec)
{
	SpecBinder	binder = {target, classes};
	Refusal    *refusal = spec_bind_node(&binder, *spec, NULL);

	if (refusal == NULL)
		*spec = oms_spec_normal(*spec);
	return refusal;
}
