/*-------------------------------------------------------------------------
 *
 * specification_match.c
 *	  Asking a row or a state whether a specification holds of it.
 *
 * Pure.  It answers as the SQL does that is made of the same specification: a field
 * in a document is what the operators #> and #>> find, texts compare as the
 * collation "C" does, and LIKE is the server's own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation_d.h"
#include "catalog/pg_type_d.h"

#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "base/decimal.h"
#include "base/json.h"
#include "core/query/specification.h"

#define SPEC_UNKNOWN	(-2)	/* no order: one side is null */

/* ------------------------------------------------------------------------
 * values in documents
 * ------------------------------------------------------------------------
 */

/* An element of an array by its number; from the end, where that is negative. */
static bool
spec_element(JsonbContainer *array, const char *part, JsonbValue *value)
{
	char	   *end;
	long		index;
	JsonbValue *found;

	errno = 0;
	index = strtol(part, &end, 10);
	if (end == part || *end != '\0' || errno != 0 || index > PG_INT32_MAX || index < PG_INT32_MIN)
		return false;
	if (index < 0)
		index += JsonContainerSize(array);
	found = index < 0 ? NULL : getIthJsonbValueFromContainer(array, index);
	if (found)
		*value = *found;
	return found != NULL;
}

void
oms_spec_value_in(JsonbContainer *document, const char *const *path, int npath, SpecValue *value)
{
	JsonbValue *json = &value->json;

	*json = (JsonbValue) {.type = jbvBinary, .val.binary.data = document};
	value->is_json = true;
	value->is_null = true;
	for (int i = 0; i < npath; i++)
	{
		JsonbContainer *container = json->val.binary.data;

		if (json->type != jbvBinary || JsonContainerIsScalar(container))
			return;
		if (JsonContainerIsArray(container) ? !spec_element(container, path[i], json) :
			getKeyJsonValueFromContainer(container, path[i], strlen(path[i]), json) == NULL)
			return;
	}
	value->is_null = json->type == jbvNull;
}

static void
spec_text_of_json(const JsonbValue *json, const char **text, int *length)
{
	if (json->type == jbvString)
	{
		*text = json->val.string.val;
		*length = json->val.string.len;
		return;
	}
	if (json->type == jbvBinary)
		*text = oms_json_text(JsonbValueToJsonb(unconstify(JsonbValue *, json)), NULL);
	else if (json->type == jbvNumeric)
		*text = oms_dec_text(json->val.numeric);
	else
		*text = json->val.boolean ? "true" : "false";
	*length = strlen(*text);
}

static inline int
spec_cmp_text(const char *text, int length, const JsonbValue *constant)
{
	int			cmp = memcmp(text, constant->val.string.val, Min(length, constant->val.string.len));

	if (cmp == 0)
		cmp = length - constant->val.string.len;
	/* never SPEC_UNKNOWN */
	return (cmp > 0) - (cmp < 0);
}

/* What stands there, as the type of the comparison takes it, beside a constant: -1, 0, 1; or it is null as that. */
static int
spec_cmp_json(QueryType type, const JsonbValue *json, const SpecConstant *constant)
{
	const char *text;
	int			length;

	if (type == QUERY_NUMBER)
		return json->type == jbvNumeric ? oms_dec_cmp(json->val.numeric, constant->json.val.numeric) : SPEC_UNKNOWN;
	if (type == QUERY_BOOLEAN)
		return json->type == jbvBool ? (int) json->val.boolean - (int) constant->json.val.boolean : SPEC_UNKNOWN;
	spec_text_of_json(json, &text, &length);
	return spec_cmp_text(text, length, &constant->json);
}

/* ------------------------------------------------------------------------
 * values in columns
 * ------------------------------------------------------------------------
 */

static int
spec_cmp_whole(int64 value, const SpecConstant *constant)
{
	if (constant->is_whole)
		return (value > constant->whole) - (value < constant->whole);
	return oms_dec_cmp(int64_to_numeric(value), constant->json.val.numeric);
}

static int
spec_cmp_datum(Oid type, Datum datum, const SpecConstant *constant)
{
	switch (type)
	{
		case TEXTOID:
			{
				text	   *t = DatumGetTextPP(datum);

				return spec_cmp_text(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), &constant->json);
			}
		case NUMERICOID:
			return oms_dec_cmp(DatumGetNumeric(datum), constant->json.val.numeric);
		case INT8OID:
			return spec_cmp_whole(DatumGetInt64(datum), constant);
		case INT4OID:
			return spec_cmp_whole(DatumGetInt32(datum), constant);
		case BOOLOID:
			return (int) DatumGetBool(datum) - (int) constant->json.val.boolean;
		case DATEOID:
			return (DatumGetDateADT(datum) > DatumGetDateADT(constant->value)) - (DatumGetDateADT(datum) < DatumGetDateADT(constant->value));
		case TIMESTAMPTZOID:
			return (DatumGetTimestampTz(datum) > DatumGetTimestampTz(constant->value)) -
				(DatumGetTimestampTz(datum) < DatumGetTimestampTz(constant->value));
	}
	elog(ERROR, "BUG: a column of type %u cannot be compared", type);
}

static inline int
spec_cmp_value(const SpecNode *node, const SpecValue *value, const SpecConstant *constant)
{
	if (!value->is_json)
		return spec_cmp_datum(node->field->sql_type, value->datum, constant);
	return spec_cmp_json(node->type, &value->json, constant);
}

/* ------------------------------------------------------------------------
 * operators
 * ------------------------------------------------------------------------
 */

/* Is it in a list that is sorted as values of one type are? */
static OmsAnswer
spec_is_in(const SpecNode *node, const SpecValue *value)
{
	int			low = 0;
	int			high = node->nconstants;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			cmp = spec_cmp_value(node, value, &node->constants[middle]);

		if (cmp == SPEC_UNKNOWN)
			return OMS_NULL;
		if (cmp == 0)
			return OMS_TRUE;
		if (cmp < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return OMS_FALSE;
}

static OmsAnswer
spec_is_like(const SpecNode *node, const SpecValue *value)
{
	Datum		text = value->datum;
	bool		fold = node->op == SPEC_ILIKE;

	if (value->is_json)
	{
		const char *found;
		int			length;

		spec_text_of_json(&value->json, &found, &length);
		text = PointerGetDatum(cstring_to_text_with_len(found, length));
	}
	return DatumGetBool(DirectFunctionCall2Coll(fold ? texticlike : textlike, fold ? DEFAULT_COLLATION_OID : C_COLLATION_OID,
												text, node->constants[0].value)) ? OMS_TRUE : OMS_FALSE;
}

static bool
spec_json_has(JsonbContainer *array, const SpecConstant *constant)
{
	JsonbValue	text = constant->json;

	return JsonContainerIsArray(array) && !JsonContainerIsScalar(array) && findJsonbValueFromContainer(array, JB_FARRAY, &text) != NULL;
}

static bool
spec_array_has(Datum array, const SpecConstant *constant)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i] && spec_cmp_datum(TEXTOID, elements[i], constant) == 0)
			return true;
	return false;
}

/* Is one of the constants among the texts? */
static bool
spec_texts_have(const SpecNode *node, const SpecValue *value)
{
	JsonbContainer *array = NULL;
	bool		has = false;

	if (!value->is_json && node->field->sql_type == JSONBOID)
		array = &DatumGetJsonbP(value->datum)->root;
	else if (value->is_json)
		array = value->json.type == jbvBinary ? value->json.val.binary.data : NULL;
	for (int i = 0; i < node->nconstants && !has; i++)
		has = value->is_json || array ? array && spec_json_has(array, &node->constants[i]) : spec_array_has(value->datum, &node->constants[i]);
	return has;
}

static OmsAnswer
spec_by_order(SpecOperator op, int cmp)
{
	bool		holds;

	if (cmp == SPEC_UNKNOWN)
		return OMS_NULL;
	switch (op)
	{
		case SPEC_EQ:
			holds = cmp == 0;
			break;
		case SPEC_NE:
			holds = cmp != 0;
			break;
		case SPEC_LT:
			holds = cmp < 0;
			break;
		case SPEC_LTE:
			holds = cmp <= 0;
			break;
		case SPEC_GT:
			holds = cmp > 0;
			break;
		default:
			holds = cmp >= 0;
	}
	return holds ? OMS_TRUE : OMS_FALSE;
}

static OmsAnswer
spec_not(OmsAnswer answer)
{
	return answer == OMS_NULL ? OMS_NULL : answer == OMS_TRUE ? OMS_FALSE : OMS_TRUE;
}

static OmsAnswer
spec_ask_compare(const SpecNode *node, SpecFetch fetch, void *source)
{
	SpecValue	value;

	if (node->type == QUERY_EVER)
		return node->op == SPEC_NE ? spec_not(spec_ask_compare(node->objects, fetch, source)) : spec_ask_compare(node->objects, fetch, source);
	if (node->op == SPEC_IN && node->nconstants == 0)
		return OMS_FALSE;
	fetch(source, node->field, &value);
	if (node->op == SPEC_IS_NULL)
		return value.is_null == node->constants[0].json.val.boolean ? OMS_TRUE : OMS_FALSE;
	if (value.is_null)
		return OMS_NULL;
	if (node->type == QUERY_TEXTS)
		return spec_texts_have(node, &value) == (node->op != SPEC_NE) ? OMS_TRUE : OMS_FALSE;
	if (node->op == SPEC_IN)
		return spec_is_in(node, &value);
	if (node->op == SPEC_LIKE || node->op == SPEC_ILIKE)
		return spec_is_like(node, &value);
	return spec_by_order(node->op, spec_cmp_value(node, &value, &node->constants[0]));
}

OmsAnswer
oms_spec_ask(const SpecNode *spec, SpecFetch fetch, void *source)
{
	OmsAnswer	decides = spec->kind == SPEC_AND ? OMS_FALSE : OMS_TRUE;
	OmsAnswer	answer = spec->kind == SPEC_AND ? OMS_TRUE : OMS_FALSE;

	if (spec->kind == SPEC_COMPARE)
		return spec_ask_compare(spec, fetch, source);
	if (spec->kind == SPEC_NOT)
		return spec_not(oms_spec_ask(spec->members[0], fetch, source));
	for (int i = 0; i < spec->nmembers; i++)
	{
		OmsAnswer	one = oms_spec_ask(spec->members[i], fetch, source);

		if (one == decides)
			return decides;
		if (one == OMS_NULL)
			answer = OMS_NULL;
	}
	return answer;
}

static void
spec_fetch_state(void *source, const QueryField *field, SpecValue *value)
{
	oms_spec_value_in(source, field->path, field->npath, value);
}

OmsAnswer
oms_spec_ask_state(const SpecNode *spec, Jsonb *state)
{
	return oms_spec_ask(spec, spec_fetch_state, &state->root);
}
