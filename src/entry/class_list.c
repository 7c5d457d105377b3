/*-------------------------------------------------------------------------
 *
 * class_list.c
 *	  Asset classes as SQL shows them: each with what it has of those it extends.
 *
 * Reads oms.asset_classes as commands do.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/json.h"
#include "entry/named_row.h"
#include "store/asset_classes.h"

PG_FUNCTION_INFO_V1(oms_list_asset_classes);
PG_FUNCTION_INFO_V1(oms_list_class_attributes);

static const NamedColumn class_columns[] = {
	{"class", TEXTOID}, {"enabled", BOOLOID}, {"builtin", BOOLOID}, {"version", INT8OID}, {"is_a", TEXTARRAYOID}, {"closed", BOOLOID},
	{"security_types", TEXTARRAYOID}, {"products", TEXTARRAYOID}, {"currency_pairs", BOOLOID}, {"notional_attribute", TEXTOID},
	{"notional_factor", NUMERICOID}, {"description", TEXTOID}, {"fault", TEXTOID},
};

static const NamedColumn attribute_columns[] = {
	{"class", TEXTOID}, {"holder", TEXTOID}, {"attribute", TEXTOID}, {"n", INT4OID}, {"type", TEXTOID}, {"required", BOOLOID}, {"mutable", BOOLOID},
	{"default_value", JSONBOID}, {"allowed", JSONBOID}, {"min", JSONBOID}, {"max", JSONBOID}, {"pattern", TEXTOID}, {"tag", INT4OID}, {"codes", JSONBOID},
	{"description", TEXTOID}, {"defined_in", TEXTOID}, {"column_name", TEXTOID},
};

static Datum
class_text(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text ? CStringGetTextDatum(text) : (Datum) 0;
}

static Datum
class_text_array(const List *texts, bool *isnull)
{
	Datum	   *elements = palloc(sizeof(Datum) * (list_length(texts) + 1));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, texts)
		elements[count++] = CStringGetTextDatum(lfirst(cell));
	*isnull = count == 0;
	return PointerGetDatum(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
class_put(ReturnSetInfo *rsinfo, const AssetClass *class)
{
	Datum		values[lengthof(class_columns)];
	bool		nulls[lengthof(class_columns)] = {0};
	List	   *is_a = NIL;
	List	   *products = NIL;
	ListCell   *cell;

	/* it may extend the shipped one of its own name */
	for (const AssetClass *a = class; a; a = a->parent)
		if (a == class || strcmp(a->name, class->name) != 0)
			is_a = lappend(is_a, unconstify(char *, a->name));
	foreach(cell, class->products)
		products = lappend(products, psprintf("%d", lfirst_int(cell)));
	values[0] = CStringGetTextDatum(class->name);
	values[1] = BoolGetDatum(class->enabled);
	values[2] = BoolGetDatum(class->builtin);
	values[3] = Int64GetDatum(class->version);
	values[4] = class_text_array(is_a, &nulls[4]);
	values[5] = BoolGetDatum(class->closed);
	values[6] = class_text_array(class->security_types, &nulls[6]);
	values[7] = class_text_array(products, &nulls[7]);
	values[8] = BoolGetDatum(class->pairs);
	values[9] = class_text(class->factor_attribute, &nulls[9]);
	nulls[10] = class->factor == NULL;
	values[10] = PointerGetDatum(class->factor);
	values[11] = class_text(class->description, &nulls[11]);
	values[12] = class_text(class->fault ? psprintf("%s: %s", class->fault->path, class->fault->message) : NULL, &nulls[12]);
	oms_put_named_row(rsinfo, class_columns, lengthof(class_columns), values, nulls);
}

Datum
oms_list_asset_classes(PG_FUNCTION_ARGS)
{
	const AssetClasses *classes;

	InitMaterializedSRF(fcinfo, 0);
	classes = oms_asset_classes();
	for (int i = 0; i < classes->count; i++)
		class_put((ReturnSetInfo *) fcinfo->resultinfo, classes->members[i]);
	return (Datum) 0;
}

static Datum
class_value(const JsonbValue *value, bool *isnull)
{
	JsonbValue	copy;

	*isnull = value == NULL;
	if (value == NULL)
		return (Datum) 0;
	copy = *value;
	return JsonbPGetDatum(JsonbValueToJsonb(&copy));
}

static Datum
class_values(const JsonbValue *values, int count, bool *isnull)
{
	JsonWriter	w = {0};

	*isnull = count == 0;
	oms_json_open_array(&w);
	for (int i = 0; i < count; i++)
		oms_json_scalar(&w, NULL, &values[i]);
	oms_json_close_array(&w);
	return JsonbPGetDatum(oms_json_finish(&w));
}

static Datum
class_codes(const AttributeDef *def, bool *isnull)
{
	JsonWriter	w = {0};

	*isnull = def->ncodes == 0;
	oms_json_open_object(&w);
	for (int i = 0; i < def->ncodes; i++)
		oms_json_string(&w, def->codes[i].code, def->codes[i].value);
	oms_json_close_object(&w);
	return JsonbPGetDatum(oms_json_finish(&w));
}

static void
class_put_attribute(ReturnSetInfo *rsinfo, const AssetClass *class, AttributeHolder holder, const AttributeDef *def, int n)
{
	static const char *const holders[] = {"ORDER", "EXECUTION"};
	Datum		values[lengthof(attribute_columns)];
	bool		nulls[lengthof(attribute_columns)] = {0};

	values[0] = CStringGetTextDatum(class->name);
	values[1] = CStringGetTextDatum(holders[holder]);
	values[2] = CStringGetTextDatum(def->name);
	values[3] = Int32GetDatum(n);
	values[4] = CStringGetTextDatum(oms_name_of(oms_attribute_type_names, def->type));
	values[5] = BoolGetDatum(def->required);
	values[6] = BoolGetDatum(!def->fixed);
	values[7] = class_value(def->preset, &nulls[7]);
	values[8] = class_values(def->allowed, def->nallowed, &nulls[8]);
	values[9] = class_value(def->min, &nulls[9]);
	values[10] = class_value(def->max, &nulls[10]);
	values[11] = class_text(def->pattern_given, &nulls[11]);
	nulls[12] = def->tag == 0;
	values[12] = Int32GetDatum(def->tag);
	values[13] = class_codes(def, &nulls[13]);
	values[14] = class_text(def->description, &nulls[14]);
	values[15] = CStringGetTextDatum(def->class_name);
	values[16] = CStringGetTextDatum(def->column);
	oms_put_named_row(rsinfo, attribute_columns, lengthof(attribute_columns), values, nulls);
}

Datum
oms_list_class_attributes(PG_FUNCTION_ARGS)
{
	const AssetClasses *classes;

	InitMaterializedSRF(fcinfo, 0);
	classes = oms_asset_classes();
	for (int i = 0; i < classes->count; i++)
	{
		const AssetClass *class = classes->members[i];

		CHECK_FOR_INTERRUPTS();
		for (int holder = 0; class->fault == NULL && holder < ATTRIBUTE_HOLDERS; holder++)
			for (int k = 0; k < class->sets[holder].count; k++)
				class_put_attribute((ReturnSetInfo *) fcinfo->resultinfo, class, holder, &class->sets[holder].members[k], k + 1);
	}
	return (Datum) 0;
}
