/*-------------------------------------------------------------------------
 *
 * state_row.c
 *	  What SQL asks of a kind: a state as a row of its table and back, its names
 *	  and its columns.
 *
 * SQL does the rest of replay: oms.verify() (sql/61_verify.sql), as-of and
 * oms.rebuild() (sql/60_rebuild.sql) pick events and call these functions, so
 * that a state has one meaning, that of record.c.  What comes in here was given
 * by a user or may have been damaged on disk; whatever record.c could not read
 * is found before it gets there and named.
 *
 * Writes no table, takes no lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "parser/parse_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/kind.h"
#include "entry/named_row.h"
#include "entry/state_row.h"
#include "store/catalog.h"
#include "store/ids.h"

PG_FUNCTION_INFO_V1(oms_row_from_state);
PG_FUNCTION_INFO_V1(oms_state_of_row);
PG_FUNCTION_INFO_V1(oms_state_problem);
PG_FUNCTION_INFO_V1(oms_list_kinds);
PG_FUNCTION_INFO_V1(oms_command_digest);
PG_FUNCTION_INFO_V1(oms_own_columns);
PG_FUNCTION_INFO_V1(oms_kind_columns);

static const KindDef *
state_kind_of_type(Oid type)
{
	Oid			table = typeidTypeRelid(type);

	if (!OidIsValid(table) || get_rel_namespace(table) != get_namespace_oid("oms", true))
		return NULL;
	for (int i = 0; i < oms_kind_count; i++)
		if (strcmp(get_rel_name(table), oms_kinds[i].record->table) == 0)
			return &oms_kinds[i];
	return NULL;
}

/* One function of C stands behind a function of SQL for each kind, which says by its types whose rows it takes or gives. */
static const KindDef *
state_kind_of_function(FunctionCallInfo fcinfo)
{
	const KindDef *kind = fcinfo->flinfo->fn_extra;
	Oid		   *arguments;
	int			count;

	if (kind)
		return kind;
	kind = state_kind_of_type(get_func_signature(fcinfo->flinfo->fn_oid, &arguments, &count));
	for (int i = 0; kind == NULL && i < count; i++)
		kind = state_kind_of_type(arguments[i]);
	if (kind == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
				 errmsg("function %s has no row of a table of oms_state among its types",
						format_procedure(fcinfo->flinfo->fn_oid))));
	fcinfo->flinfo->fn_extra = unconstify(KindDef *, kind);
	return kind;
}

static const KindDef *
state_kind_by_name(const char *name)
{
	const KindDef *kind = oms_kind_by_name(name);
	StringInfoData known;

	if (kind)
		return kind;
	initStringInfo(&known);
	for (int i = 0; i < oms_kind_count; i++)
		appendStringInfo(&known, "%s%s", i > 0 ? ", " : "", oms_kinds[i].record->name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is no object \"%s\"", name),
			 errdetail("The objects are: %s.", known.data)));
}

/* The row type of the kind's table, and where in it our columns are; the caller releases it. */
static TupleDesc
state_row_descriptor(const KindDef *kind, AttrNumber *attnums)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(get_rel_type_id(oms_relation(OMS_OBJECTS_OF(kind->kind))), -1);

	oms_layout_columns(desc, oms_record_table(kind->record), attnums);
	return desc;
}

/*
 * From a state: what record.c could not read.
 */
static bool
state_is_count(Numeric n)
{
	return oms_dec_cmp(n, int64_to_numeric(PG_INT64_MIN)) >= 0 &&
		oms_dec_cmp(n, int64_to_numeric(PG_INT64_MAX)) <= 0 &&
		oms_dec_cmp(n, oms_dec_round(n, 0)) == 0;
}

static bool
state_is_array_of_names(const OmsName *names, const JsonbValue *array)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	v;

	if (array->type != jbvBinary || !JsonContainerIsArray(array->val.binary.data))
		return false;
	it = JsonbIteratorInit(array->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_ELEM &&
			(v.type != jbvString || !oms_name_find(names, v.val.string.val, v.val.string.len)))
			return false;
	return true;
}

/* What is wrong with the field, or NULL. */
static const char *
state_field_problem(const RecordColumn *column, const JsonbValue *v)
{
	const char *text = v->type == jbvString ? v->val.string.val : NULL;
	int			length = text ? v->val.string.len : 0;
	TimestampTz time;
	DateADT		date;

	switch (column->type)
	{
		case FIELD_TEXT:
			return text ? NULL : "is no string";
		case FIELD_NUMERIC:
			return v->type == jbvNumeric ? NULL : "is no number";
		case FIELD_COUNT:
		case FIELD_COUNT_OR_NULL:
			return v->type == jbvNumeric && state_is_count(v->val.numeric) ? NULL : "is no whole number of 64 bits";
		case FIELD_TIME:
			return text && oms_time_parse(text, length, &time) ? NULL : "is no time";
		case FIELD_DATE:
			return text && oms_date_parse(text, length, &date) ? NULL : "is no date";
		case FIELD_NAME:
			return text && oms_name_find(column->names, text, length) ? NULL : "is none of the known names";
		case FIELD_NAMES:
			return state_is_array_of_names(column->names, v) ? NULL : "is no array of known names";
		case FIELD_BOOL:
			if (v->type == jbvBool && (v->val.boolean || column->required))
				return NULL;
			return column->required ? "is no boolean" : "is not true";
		case FIELD_JSON:
		case FIELD_HASH:
			return NULL;
	}
	pg_unreachable();
}

char *
oms_state_find(const RecordDef *def, Jsonb *state, RecordFields *fields)
{
	if (!oms_json_is_object(state))
		return pstrdup("It is no JSON object.");
	oms_record_find(def, state, fields);
	for (int i = 0; i < def->ncolumns; i++)
	{
		const RecordColumn *column = &def->columns[i];
		const char *problem;

		if (column->json == NULL)
			continue;
		if (!fields->found[i])
			problem = column->required && column->derive == NULL ? "is missing" : NULL;
		else
			problem = state_field_problem(column, &fields->values[i]);
		if (problem)
			return psprintf("Field \"%s\" %s.", column->json, problem);
	}
	return NULL;
}

/* Columns of users are null: no event has them. */
static Datum
state_form_row(const RecordDef *def, TupleDesc desc, const AttrNumber *attnums, RecordFields *fields, NullableDatum hash)
{
	void	   *record = palloc(def->size);
	Datum		ours[RECORD_COLUMNS_MAX];
	bool		ours_null[RECORD_COLUMNS_MAX];
	Datum	   *values = palloc0(sizeof(Datum) * desc->natts);
	bool	   *nulls = palloc(sizeof(bool) * desc->natts);

	memset(nulls, true, sizeof(bool) * desc->natts);
	oms_record_from_fields(def, fields, record);
	oms_record_to_row(def, record, ours, ours_null);
	for (int i = 0; i < def->ncolumns; i++)
	{
		bool		is_hash = def->columns[i].type == FIELD_HASH;

		values[attnums[i] - 1] = is_hash ? hash.value : ours[i];
		nulls[attnums[i] - 1] = is_hash ? hash.isnull : ours_null[i];
	}
	return heap_copy_tuple_as_datum(heap_form_tuple(desc, values, nulls), desc);
}

/* (state jsonb, hash bytea) → row; a null state is a null row */
Datum
oms_row_from_state(PG_FUNCTION_ARGS)
{
	const KindDef *kind = state_kind_of_function(fcinfo);
	RecordFields fields;
	TupleDesc	desc;
	AttrNumber	attnums[RECORD_COLUMNS_MAX];
	char	   *problem;
	Datum		row;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	desc = state_row_descriptor(kind, attnums);
	problem = oms_state_find(kind->record, PG_GETARG_JSONB_P(0), &fields);
	if (problem)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot read a state of oms.%s", kind->record->table),
				 errdetail_internal("%s", problem)));
	row = state_form_row(kind->record, desc, attnums, &fields, fcinfo->args[1]);
	ReleaseTupleDesc(desc);
	PG_RETURN_DATUM(row);
}

/* (object text, state jsonb) → a sentence, or null */
Datum
oms_state_problem(PG_FUNCTION_ARGS)
{
	const KindDef *kind = state_kind_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	RecordFields fields;
	char	   *problem = oms_state_find(kind->record, PG_GETARG_JSONB_P(1), &fields);

	if (problem == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(problem));
}

/* row → state */
Datum
oms_state_of_row(PG_FUNCTION_ARGS)
{
	const RecordDef *def = state_kind_of_function(fcinfo)->record;
	HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(0);
	TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header),
											  HeapTupleHeaderGetTypMod(header));
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsHeapTuple);
	void	   *record = palloc(def->size);
	AttrNumber	attnums[RECORD_COLUMNS_MAX];
	HeapTupleData tuple = {0};
	JsonWriter	w = {0};
	const RecordColumn *column;
	const char *problem;

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	tuple.t_data = header;
	ItemPointerSetInvalid(&tuple.t_self);
	ExecStoreHeapTuple(&tuple, slot, false);
	oms_layout_columns(desc, oms_record_table(def), attnums);
	problem = oms_record_read(def, slot, attnums, record, &column);
	if (problem)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot write a row of oms.%s as a state", def->table),
				 errdetail("Column \"%s\" %s.", column->column, problem)));
	ExecDropSingleTupleTableSlot(slot);
	ReleaseTupleDesc(desc);

	oms_record_to_json(def, record, &w, NULL);
	PG_RETURN_JSONB_P(oms_json_finish(&w));
}

/* (command jsonb) -> the hash that oms.commands keeps of it */
Datum
oms_command_digest(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(oms_command_content_hash(PG_GETARG_JSONB_P(0)));
}

/* What is ours of a table that users may have added columns to. */
Datum
oms_own_columns(PG_FUNCTION_ARGS)
{
	const RecordDef *def = state_kind_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)))->record;
	Datum		names[RECORD_COLUMNS_MAX];

	for (int c = 0; c < def->ncolumns; c++)
		names[c] = CStringGetTextDatum(def->columns[c].column);
	PG_RETURN_ARRAYTYPE_P(construct_array(names, def->ncolumns, TEXTOID, -1, false, TYPALIGN_INT));
}

/* (object text) -> its columns, as CREATE TABLE has them; ids and names in the order of their bytes, as everywhere */
Datum
oms_kind_columns(PG_FUNCTION_ARGS)
{
	const RecordDef *def = state_kind_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)))->record;
	StringInfoData columns;

	initStringInfo(&columns);
	for (int i = 0; i < def->ncolumns; i++)
	{
		const RecordColumn *c = &def->columns[i];
		bool		is_code = (c->type == FIELD_TEXT && !c->may_be_long) || c->type == FIELD_NAME;

		appendStringInfo(&columns, "%s%s %s%s%s", i > 0 ? ", " : "", quote_identifier(c->column), format_type_be(oms_record_column_type(c)),
						 is_code ? " COLLATE \"C\"" : "", c->required || c->type == FIELD_HASH ? " NOT NULL" : "");
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(columns.data, columns.len));
}

static const NamedColumn kind_columns[] = {
	{"object", TEXTOID}, {"table_name", NAMEOID}, {"event_table", NAMEOID}, {"aggregate_type", TEXTOID}, {"id_field", TEXTOID},
	{"described", TEXTOID}, {"claims_made_id", BOOLOID}, {"added", BOOLOID},
};

Datum
oms_list_kinds(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < oms_kind_count; i++)
	{
		const KindDef *kind = &oms_kinds[i];
		Datum		values[] = {
			CStringGetTextDatum(kind->record->name),
			DirectFunctionCall1(namein, CStringGetDatum(kind->record->table)),
			DirectFunctionCall1(namein, CStringGetDatum(kind->events)),
			CStringGetTextDatum(kind->type),
			CStringGetTextDatum(kind->id_field),
			CStringGetTextDatum(kind->a_name),
			BoolGetDatum(kind->claims_made_id),
			BoolGetDatum(kind->added),
		};
		bool		nulls[lengthof(values)] = {0};

		oms_put_named_row(rsinfo, kind_columns, lengthof(kind_columns), values, nulls);
	}
	return (Datum) 0;
}
