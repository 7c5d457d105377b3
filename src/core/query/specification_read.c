/*-------------------------------------------------------------------------
 *
 * specification_read.c
 *	  Reading a specification: JSON into normal form, without an object.
 *
 * Pure.  Whatever is wrong is refused with the place where it stands.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "base/decimal.h"
#include "core/definition.h"
#include "core/query/specification.h"

static Refusal *spec_read_where(const JsonbValue *v, const char *path, int depth, SpecNode **node);

static Refusal *
spec_expected(const char *path, const char *what)
{
	return oms_with_detail(oms_refuse(OMS_BAD_QUERY, "malformed specification"), "%s must be %s.", path, what);
}

static const char *
spec_inside(const char *path, const JsonbValue *key)
{
	return psprintf("%s.%s", path, oms_query_shown(key->val.string.val, key->val.string.len));
}

static bool
spec_is(const JsonbValue *key, const char *name)
{
	return key->val.string.len == strlen(name) && memcmp(key->val.string.val, name, key->val.string.len) == 0;
}

/* ------------------------------------------------------------------------
 * constants
 * ------------------------------------------------------------------------
 */

static Refusal *
spec_read_scalar(const JsonbValue *v, const char *path, SpecConstant *constant)
{
	constant->json = *v;
	if (v->type == jbvNumeric && !oms_dec_acceptable(v->val.numeric))
		return spec_expected(path, psprintf("a number of at most %d digits", DECIMAL_DIGITS_MAX));
	if (v->type == jbvNumeric)
		constant->json.val.numeric = oms_dec_trim(v->val.numeric);
	else if (v->type != jbvString && v->type != jbvBool)
		return spec_expected(path, "a text, a number, true or false");
	return NULL;
}

static Refusal *
spec_read_list(const JsonbValue *v, const char *path, SpecNode *node)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	element;
	Refusal    *refusal = NULL;

	if (!oms_definition_is_array(v) || JsonContainerSize(v->val.binary.data) > SPEC_LIST_MAX)
		return spec_expected(path, psprintf("an array of at most %d values", SPEC_LIST_MAX));
	node->constants = palloc0(sizeof(SpecConstant) * Max(JsonContainerSize(v->val.binary.data), 1));
	it = JsonbIteratorInit(v->val.binary.data);
	while (refusal == NULL && (token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		refusal = spec_read_scalar(&element, psprintf("%s[%d]", path, node->nconstants), &node->constants[node->nconstants]);
		node->nconstants++;
	}
	return refusal;
}

/* true and false, which in a URL are texts. */
static Refusal *
spec_read_is_null(const JsonbValue *v, const char *path, SpecNode *node)
{
	JsonbValue *json = &node->constants[0].json;

	*json = *v;
	if (v->type == jbvString && (spec_is(v, "true") || spec_is(v, "false")))
		*json = (JsonbValue) {.type = jbvBool, .val.boolean = spec_is(v, "true")};
	node->constants[0].value = BoolGetDatum(json->val.boolean);
	return json->type == jbvBool ? NULL : spec_expected(path, "true or false");
}

/* A pattern that ends in the middle of an escape would be an error of whatever it is held against. */
static Refusal *
spec_read_pattern(const JsonbValue *v, const char *path, SpecNode *node)
{
	int			escapes = 0;

	if (v->type != jbvString || v->val.string.len > SPEC_PATTERN_MAX)
		return spec_expected(path, psprintf("a text of at most %d bytes", SPEC_PATTERN_MAX));
	while (escapes < v->val.string.len && v->val.string.val[v->val.string.len - 1 - escapes] == '\\')
		escapes++;
	if (escapes % 2 == 1)
		return spec_expected(path, "a pattern that does not end with an escape character");
	node->constants[0].json = *v;
	return NULL;
}

static Refusal *
spec_read_operand(const JsonbValue *v, const char *path, SpecNode *node)
{
	node->path = path;
	node->constants = palloc0(sizeof(SpecConstant));
	node->nconstants = 1;
	switch (node->op)
	{
		case SPEC_IN:
			node->nconstants = 0;
			return spec_read_list(v, path, node);
		case SPEC_LIKE:
		case SPEC_ILIKE:
			return spec_read_pattern(v, path, node);
		case SPEC_IS_NULL:
			return spec_read_is_null(v, path, node);
		case SPEC_EQ:
		case SPEC_NE:
			if (v->type == jbvNull)
			{
				node->constants[0].json = (JsonbValue) {.type = jbvBool, .val.boolean = node->op == SPEC_EQ};
				node->constants[0].value = BoolGetDatum(node->op == SPEC_EQ);
				node->op = SPEC_IS_NULL;
				return NULL;
			}
			break;
		default:
			break;
	}
	return spec_read_scalar(v, path, &node->constants[0]);
}

/* ------------------------------------------------------------------------
 * fields and their operators
 * ------------------------------------------------------------------------
 */

static Refusal *
spec_unknown_operator(const JsonbValue *key, const char *name, const char *path)
{
	StringInfoData known;

	initStringInfo(&known);
	for (SpecOperator op = 0; op < SPEC_OPERATORS; op++)
		appendStringInfo(&known, "%s%s", op > 0 ? ", " : "", oms_spec_operator_name(op));
	return oms_with_detail(oms_refuse(OMS_BAD_QUERY, "unknown operator \"%s\" of field \"%s\"",
									  oms_query_shown(key->val.string.val, key->val.string.len), oms_query_shown(name, strlen(name))),
						   "It stands at %s. There are: %s.", path, known.data);
}

static Refusal *
spec_read_operators(const char *name, const JsonbValue *v, const char *path, List **members)
{
	JsonbIterator *it = JsonbIteratorInit(v->val.binary.data);
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	operand;
	Refusal    *refusal = NULL;

	if (JsonContainerSize(v->val.binary.data) == 0)
		return spec_expected(path, "a value, an array of values, or an object with operators");
	while (refusal == NULL && (token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		SpecOperator op = 0;

		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&it, &operand, true);
		while (op < SPEC_OPERATORS && !spec_is(&key, oms_spec_operator_name(op)))
			op++;
		if (op == SPEC_OPERATORS)
			return spec_unknown_operator(&key, name, path);
		*members = lappend(*members, oms_spec_compare(name, op, NULL, 0));
		refusal = spec_read_operand(&operand, spec_inside(path, &key), llast(*members));
	}
	return refusal;
}

static Refusal *
spec_read_field(const JsonbValue *key, const JsonbValue *v, const char *path, List **members)
{
	char	   *name = pnstrdup(key->val.string.val, key->val.string.len);

	if (oms_definition_is_object(v))
		return spec_read_operators(name, v, path, members);
	*members = lappend(*members, oms_spec_compare(name, oms_definition_is_array(v) ? SPEC_IN : SPEC_EQ, NULL, 0));
	return spec_read_operand(v, path, llast(*members));
}

/* ------------------------------------------------------------------------
 * and, or, not
 * ------------------------------------------------------------------------
 */

static SpecNode *
spec_combine_list(SpecKind kind, List *members)
{
	SpecNode  **array = palloc(sizeof(SpecNode *) * Max(list_length(members), 1));
	ListCell   *cell;

	foreach(cell, members)
		array[foreach_current_index(cell)] = lfirst(cell);
	return oms_spec_combine(kind, array, list_length(members));
}

static Refusal *
spec_read_members(SpecKind kind, const JsonbValue *v, const char *path, int depth, SpecNode **node)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	element;
	List	   *members = NIL;
	SpecNode   *member;
	Refusal    *refusal = NULL;

	if (!oms_definition_is_array(v))
		return spec_expected(path, "an array of objects");
	it = JsonbIteratorInit(v->val.binary.data);
	while (refusal == NULL && (token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		refusal = spec_read_where(&element, psprintf("%s[%d]", path, list_length(members)), depth + 1, &member);
		members = lappend(members, member);
	}
	*node = spec_combine_list(kind, members);
	return refusal;
}

static Refusal *
spec_read_key(const JsonbValue *key, const JsonbValue *v, const char *path, int depth, List **members)
{
	SpecNode   *node = NULL;
	Refusal    *refusal;

	if (spec_is(key, "and") || spec_is(key, "or"))
		refusal = spec_read_members(spec_is(key, "and") ? SPEC_AND : SPEC_OR, v, path, depth, &node);
	else if (spec_is(key, "not"))
	{
		refusal = spec_read_where(v, path, depth + 1, &node);
		node = refusal ? NULL : oms_spec_combine(SPEC_NOT, &node, 1);
	}
	else if (spec_is(key, "where"))
		/* the member of a query: a specification that says nothing else would be read back as what stands in it */
		return oms_with_detail(oms_refuse(OMS_BAD_QUERY, "\"where\" is no field"), "It stands at %s.", path);
	else
		return spec_read_field(key, v, path, members);
	*members = lappend(*members, node);
	return refusal;
}

static Refusal *
spec_read_where(const JsonbValue *v, const char *path, int depth, SpecNode **node)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;
	List	   *members = NIL;
	Refusal    *refusal = NULL;

	if (!oms_definition_is_object(v))
		return spec_expected(path, "an object");
	if (depth > SPEC_DEPTH_MAX)
		return oms_with_detail(oms_refuse(OMS_BAD_QUERY, "the specification is too large"), "It is more than %d deep.", SPEC_DEPTH_MAX);
	it = JsonbIteratorInit(v->val.binary.data);
	while (refusal == NULL && (token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		CHECK_FOR_INTERRUPTS();
		(void) JsonbIteratorNext(&it, &value, true);
		refusal = spec_read_key(&key, &value, spec_inside(path, &key), depth, &members);
	}
	*node = spec_combine_list(SPEC_AND, members);
	return refusal;
}

Refusal *
oms_spec_read(const JsonbValue *where, const char *path, SpecNode **spec)
{
	Refusal    *refusal;

	*spec = oms_spec_combine(SPEC_AND, NULL, 0);
	if (where == NULL || where->type == jbvNull)
		return NULL;
	refusal = spec_read_where(where, path, 1, spec);
	if (refusal)
		return refusal;
	*spec = oms_spec_normal(*spec);
	return oms_spec_check_size(*spec);
}
