/*-------------------------------------------------------------------------
 *
 * spec_type.c
 *	  The type oms_spec: a specification that knows no object, its operators and
 *	  the functions that make one.
 *
 * What is stored is the normal form as jsonb, so two that are equal have the same
 * bytes, and output, equality and hash are those of jsonb (sql/24_specifications.sql).
 *
 * Writes no table, takes no lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/moment.h"
#include "query/spec_type.h"

PG_FUNCTION_INFO_V1(oms_spec_in);
PG_FUNCTION_INFO_V1(oms_spec_recv);
PG_FUNCTION_INFO_V1(oms_spec_from_jsonb);
PG_FUNCTION_INFO_V1(oms_spec_and);
PG_FUNCTION_INFO_V1(oms_spec_or);
PG_FUNCTION_INFO_V1(oms_spec_not);
PG_FUNCTION_INFO_V1(oms_spec_all_of);
PG_FUNCTION_INFO_V1(oms_spec_any_of);
PG_FUNCTION_INFO_V1(oms_spec_is_null);

/* {"where": …} is what it has: so the document of a query that says no more is one, too. */
SpecNode *
oms_spec_of(Jsonb *json)
{
	JsonbValue	whole = {.type = jbvBinary, .val.binary.data = &json->root, .val.binary.len = VARSIZE(json) - VARHDRSZ};
	JsonbValue	hold;
	JsonbValue *where = oms_json_is_object(json) && JB_ROOT_COUNT(json) == 1 ? oms_json_get(json, "where", &hold) : NULL;
	SpecNode   *spec;
	Refusal    *refusal = oms_spec_read(where ? where : &whole, "where", &spec);

	if (refusal)
		oms_raise(refusal);
	return spec;
}

static Datum
spec_datum(SpecNode *node)
{
	SpecNode   *spec = oms_spec_normal(node);
	Refusal    *refusal = oms_spec_check_size(spec);

	if (refusal)
		oms_raise(refusal);
	return JsonbPGetDatum(oms_spec_to_jsonb(spec));
}

Datum
oms_spec_from_jsonb(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(spec_datum(oms_spec_of(PG_GETARG_JSONB_P(0))));
}

Datum
oms_spec_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(spec_datum(oms_spec_of(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, PG_GETARG_DATUM(0))))));
}

Datum
oms_spec_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(spec_datum(oms_spec_of(DatumGetJsonbP(DirectFunctionCall1(jsonb_recv, PG_GETARG_DATUM(0))))));
}

/* ------------------------------------------------------------------------
 * & | !
 * ------------------------------------------------------------------------
 */

static Datum
spec_combined(SpecKind kind, FunctionCallInfo fcinfo)
{
	SpecNode   *members[2];

	for (int i = 0; i < fcinfo->nargs; i++)
		members[i] = oms_spec_of(PG_GETARG_JSONB_P(i));
	return spec_datum(oms_spec_combine(kind, members, fcinfo->nargs));
}

Datum
oms_spec_and(PG_FUNCTION_ARGS)
{
	return spec_combined(SPEC_AND, fcinfo);
}

Datum
oms_spec_or(PG_FUNCTION_ARGS)
{
	return spec_combined(SPEC_OR, fcinfo);
}

Datum
oms_spec_not(PG_FUNCTION_ARGS)
{
	return spec_combined(SPEC_NOT, fcinfo);
}

/* No condition at all: AND of nothing. */
Datum
oms_spec_all_of(PG_FUNCTION_ARGS)
{
	return spec_datum(oms_spec_combine(SPEC_AND, NULL, 0));
}

/* ------------------------------------------------------------------------
 * comparisons
 * ------------------------------------------------------------------------
 */

static void
spec_refuse_value(const char *field, const char *why)
{
	oms_raise(oms_with_detail(oms_refuse(OMS_BAD_QUERY, "field \"%s\" cannot be compared with this", oms_query_shown(field, strlen(field))), "%s", why));
}

/* The name of a field is known to nobody yet, but no field is called as what combines them, or as what has them in a query. */
static char *
spec_field_name(FunctionCallInfo fcinfo)
{
	static const char *const keys[] = {"", "and", "or", "not", "where"};
	char	   *name = PG_ARGISNULL(0) ? pstrdup("") : text_to_cstring(PG_GETARG_TEXT_PP(0));

	for (int i = 0; i < lengthof(keys); i++)
		if (strcmp(name, keys[i]) == 0 || strlen(name) > QUERY_NAME_MAX)
			oms_raise(oms_refuse(OMS_BAD_QUERY, "\"%s\" is no field", oms_query_shown(name, strlen(name))));
	return name;
}

static void
spec_set_moment(const char *field, bool printable, SpecConstant *constant, char *text, int length)
{
	if (!printable)
		spec_refuse_value(field, "Dates and times are those of the years 1 to 9999.");
	constant->json = (JsonbValue) {.type = jbvString, .val.string = {length, text}};
}

/* A value of SQL as JSON has it. */
static void
spec_set_constant(const char *field, Oid type, Datum value, SpecConstant *constant)
{
	char	   *written = palloc(MOMENT_TEXT_SIZE);
	bool		printable;

	*constant = (SpecConstant) {0};
	switch (type)
	{
		case TEXTOID:
			written = TextDatumGetCString(value);
			constant->json = (JsonbValue) {.type = jbvString, .val.string = {strlen(written), written}};
			return;
		case NUMERICOID:
			if (!oms_dec_acceptable(DatumGetNumeric(value)))
				spec_refuse_value(field, psprintf("A number is finite and has at most %d digits.", DECIMAL_DIGITS_MAX));
			constant->json = (JsonbValue) {.type = jbvNumeric, .val.numeric = oms_dec_trim(DatumGetNumeric(value))};
			return;
		case BOOLOID:
			constant->json = (JsonbValue) {.type = jbvBool, .val.boolean = DatumGetBool(value)};
			return;
		case DATEOID:
			printable = oms_date_is_printable(DatumGetDateADT(value));
			spec_set_moment(field, printable, constant, written, printable ? oms_date_text(DatumGetDateADT(value), written) : 0);
			return;
		case TIMESTAMPTZOID:
			printable = oms_time_is_printable(DatumGetTimestampTz(value));
			spec_set_moment(field, printable, constant, written, printable ? oms_time_text(DatumGetTimestampTz(value), written) : 0);
			return;
	}
	elog(ERROR, "BUG: no specification compares with type %u", type);
}

/* One function of C stands behind a function of SQL for each type, and asks the catalog which one was called. */
static Oid
spec_type_of_value(FunctionCallInfo fcinfo)
{
	Oid		   *arguments;
	int			count;

	(void) get_func_signature(fcinfo->flinfo->fn_oid, &arguments, &count);
	if (count != 2)
		elog(ERROR, "BUG: function %u makes no specification", fcinfo->flinfo->fn_oid);
	return arguments[1];
}

/* What a pattern has to be is said where specifications are read. */
static Datum
spec_compared(SpecOperator op, FunctionCallInfo fcinfo)
{
	char	   *field = spec_field_name(fcinfo);
	SpecConstant constant;

	if (PG_ARGISNULL(1))
		oms_raise(oms_with_hint(oms_with_detail(oms_refuse(OMS_BAD_QUERY, "field \"%s\" cannot be compared with this", field),
												"The value is null, and any comparison with null is."),
								"oms.is_null(field) asks whether it is null."));
	spec_set_constant(field, spec_type_of_value(fcinfo), PG_GETARG_DATUM(1), &constant);
	return spec_datum(oms_spec_of(DatumGetJsonbP(spec_datum(oms_spec_compare(field, op, &constant, 1)))));
}

#define SPEC_COMPARISON(function, op) \
	PG_FUNCTION_INFO_V1(function); \
	Datum \
	function(PG_FUNCTION_ARGS) \
	{ \
		return spec_compared(op, fcinfo); \
	}

SPEC_COMPARISON(oms_spec_eq, SPEC_EQ)
SPEC_COMPARISON(oms_spec_ne, SPEC_NE)
SPEC_COMPARISON(oms_spec_lt, SPEC_LT)
SPEC_COMPARISON(oms_spec_lte, SPEC_LTE)
SPEC_COMPARISON(oms_spec_gt, SPEC_GT)
SPEC_COMPARISON(oms_spec_gte, SPEC_GTE)
SPEC_COMPARISON(oms_spec_like, SPEC_LIKE)
SPEC_COMPARISON(oms_spec_ilike, SPEC_ILIKE)

Datum
oms_spec_is_null(PG_FUNCTION_ARGS)
{
	char	   *field = spec_field_name(fcinfo);
	SpecConstant constant = {.json = {.type = jbvBool, .val.boolean = true}};

	return spec_datum(oms_spec_compare(field, SPEC_IS_NULL, &constant, 1));
}

/* (field text, VARIADIC values) */
Datum
oms_spec_any_of(PG_FUNCTION_ARGS)
{
	char	   *field = spec_field_name(fcinfo);
	Oid			type = get_element_type(spec_type_of_value(fcinfo));
	SpecConstant *constants;
	Datum	   *values;
	bool	   *nulls;
	int			count;
	int16		length;
	bool		by_value;
	char		align;

	if (PG_ARGISNULL(1))
		spec_refuse_value(field, "The values are null.");
	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), type, length, by_value, align, &values, &nulls, &count);
	if (count > SPEC_LIST_MAX)
		spec_refuse_value(field, psprintf("There are %d values; the most are %d.", count, SPEC_LIST_MAX));
	constants = palloc(sizeof(SpecConstant) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			spec_refuse_value(field, "One of the values is null.");
		spec_set_constant(field, type, values[i], &constants[i]);
	}
	return spec_datum(oms_spec_compare(field, SPEC_IN, constants, count));
}
