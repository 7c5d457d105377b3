/*-------------------------------------------------------------------------
 *
 * spec_matches.c
 *	  oms.matches() and oms.matches_state(): is a specification true of a row, or
 *	  of a state?
 *
 * It is bound once for a call of a query, and again only where another one comes,
 * or another snapshot in which it may mean something else.  What is allocated for
 * one row goes with the caller's memory, which is that of the row.
 *
 * Writes no table.  Reads asset classes where they may type a field, and, with the
 * caller's rights, the names that objects ever went by.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "parser/parse_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "base/json.h"
#include "query/snapshot_mark.h"
#include "query/spec_type.h"
#include "store/asset_classes.h"
#include "store/table_layout.h"

PG_FUNCTION_INFO_V1(oms_matches);
PG_FUNCTION_INFO_V1(oms_matches_state);

/* A bound specification, in a memory of its own. */
typedef struct SpecBound
{
	MemoryContext context;		/* NULL: none yet */
	char	   *object;
	int			length;			/* of its name */
	Jsonb	   *given;			/* what was bound: it is compared byte by byte */
	QueryTarget target;
	SpecNode   *spec;

	SnapshotMark seen;			/* … of the last call */
	uint64		edition;		/* of the asset classes that it was bound by */
	bool		has_names;		/* it asks for names that objects ever went by */

	/* of rows: whose type these are places in */
	uint64		row_type;
	AttrNumber	attnums[RECORD_COLUMNS_MAX];
} SpecBound;

/* Those that one of the names leads to, sorted as a list is; in the current memory context. */
static SpecNode *
spec_find_objects(const SpecNode *node)
{
	static SPIPlanPtr plans[NAME_COUNT];
	static Oid	types[] = {TEXTARRAYOID};
	const NameDef *names = node->field->ever;
	SPIPlanPtr *plan = &plans[names - oms_names];
	MemoryContext memory = CurrentMemoryContext;
	Datum	   *wanted = palloc(sizeof(Datum) * Max(node->nconstants, 1));
	Datum		value;
	SpecConstant *constants;
	SpecNode   *found;
	MemoryContext inside;

	for (int i = 0; i < node->nconstants; i++)
		wanted[i] = node->constants[i].value;
	value = PointerGetDatum(construct_array(wanted, node->nconstants, TEXTOID, -1, false, TYPALIGN_INT));
	SPI_connect();
	if (*plan == NULL)
	{
		SPIPlanPtr	made = SPI_prepare(psprintf("SELECT DISTINCT n.%s::pg_catalog.text COLLATE pg_catalog.\"C\" FROM oms.%s AS n"
												" WHERE n.%s OPERATOR(pg_catalog.=) ANY ($1) AND n.%s IS NOT NULL ORDER BY 1",
												names->id_column, names->table, names->column, names->id_column), 1, types);

		if (made == NULL || SPI_keepplan(made) != 0)
			elog(ERROR, "cannot prepare a look-up in oms.%s: %s", names->table, SPI_result_code_string(SPI_result));
		*plan = made;
	}
	if (SPI_execute_plan(*plan, &value, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "cannot read oms.%s: %s", names->table, SPI_result_code_string(SPI_result));
	inside = MemoryContextSwitchTo(memory);
	constants = palloc0(sizeof(SpecConstant) * Max(SPI_processed, 1));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		char	   *id = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);

		constants[i].json = (JsonbValue) {.type = jbvString, .val.string = {strlen(id), id}};
	}
	found = oms_spec_compare(node->name, SPEC_IN, constants, SPI_processed);
	found->field = node->field;
	found->type = QUERY_TEXT;
	MemoryContextSwitchTo(inside);
	SPI_finish();
	return found;
}

/* In the current memory context.  True: there are some. */
static bool
spec_find_names(SpecNode *node)
{
	bool		found = false;

	if (node->kind == SPEC_COMPARE && node->type == QUERY_EVER)
	{
		node->objects = spec_find_objects(node);
		return true;
	}
	for (int i = 0; i < node->nmembers; i++)
		found |= spec_find_names(node->members[i]);
	return found;
}

static void
spec_bind_to(SpecBound *bound, const char *object, int length, Jsonb *given)
{
	const AssetClasses *classes = oms_asset_classes();
	MemoryContext before;
	Refusal    *refusal;
	Jsonb	   *copy;

	if (bound->context)
		MemoryContextDelete(bound->context);
	/* nothing is found again that was bound by half */
	*bound = (SpecBound) {
		.context = AllocSetContextCreate(GetMemoryChunkContext(bound), "oms_spec", ALLOCSET_SMALL_SIZES),
		.seen = bound->seen, .edition = classes->edition
	};
	before = MemoryContextSwitchTo(bound->context);
	copy = memcpy(palloc(VARSIZE(given)), given, VARSIZE(given));
	bound->spec = oms_spec_of(copy);
	bound->object = pnstrdup(object, length);
	bound->length = length;
	refusal = oms_query_target(object, length, &bound->target);
	if (refusal == NULL && bound->target.rows != QUERY_OBJECTS)
		refusal = oms_with_detail(oms_refuse(OMS_BAD_QUERY, "there are no states of %s", bound->target.name),
								  "A state is one of %s.", bound->target.kind->record->table);
	if (refusal == NULL)
		refusal = oms_spec_bind(&bound->target, classes, &bound->spec);
	if (refusal == NULL)
		bound->has_names = spec_find_names(bound->spec);
	MemoryContextSwitchTo(before);
	if (refusal)
		oms_raise(refusal);
	bound->given = copy;
}

/* Might it mean something else in another snapshot? */
static bool
spec_may_have_changed(const SpecBound *bound)
{
	return bound->has_names || bound->edition != oms_asset_classes()->edition;
}

/* What the call site has bound, if it is this; else bound now. */
static SpecBound *
spec_bound_of(FunctionCallInfo fcinfo, const char *object, int length, Jsonb *given)
{
	SpecBound  *bound = fcinfo->flinfo->fn_extra;
	bool		same;

	if (bound == NULL)
		bound = fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(SpecBound));
	same = oms_snapshot_is_same(&bound->seen, fcinfo->flinfo->fn_mcxt);
	if (bound->given == NULL || (!same && spec_may_have_changed(bound)) || bound->length != length || memcmp(bound->object, object, length) != 0 ||
		VARSIZE(bound->given) != VARSIZE(given) || memcmp(bound->given, given, VARSIZE(given)) != 0)
		spec_bind_to(bound, object, length, given);
	return bound;
}

static Datum
spec_answer(FunctionCallInfo fcinfo, OmsAnswer answer)
{
	fcinfo->isnull = answer == OMS_NULL;
	return BoolGetDatum(answer == OMS_TRUE);
}

/* (object text, state jsonb, spec oms_spec) → true, false or null */
Datum
oms_matches_state(PG_FUNCTION_ARGS)
{
	text	   *object = PG_GETARG_TEXT_PP(0);
	Jsonb	   *state = PG_GETARG_JSONB_P(1);
	SpecBound  *bound = spec_bound_of(fcinfo, VARDATA_ANY(object), VARSIZE_ANY_EXHDR(object), PG_GETARG_JSONB_P(2));

	return spec_answer(fcinfo, oms_spec_ask_state(bound->spec, state));
}

/* ------------------------------------------------------------------------
 * rows
 * ------------------------------------------------------------------------
 */

typedef struct SpecRow
{
	const SpecBound *bound;
	HeapTupleData tuple;
	TupleDesc	desc;
} SpecRow;

static void
spec_fetch_row(void *source, const QueryField *field, SpecValue *value)
{
	SpecRow    *row = source;

	value->is_json = false;
	value->datum = heap_getattr(&row->tuple, row->bound->attnums[field->number], row->desc, &value->is_null);
	if (!value->is_null && field->npath > 1)
		oms_spec_value_in(&DatumGetJsonbP(value->datum)->root, field->path + 1, field->npath - 1, value);
}

/* The kind whose rows they are: the function's first argument says it. */
static const char *
spec_table_of_rows(FunctionCallInfo fcinfo)
{
	Oid		   *arguments;
	int			count;
	const char *table;

	(void) get_func_signature(fcinfo->flinfo->fn_oid, &arguments, &count);
	table = get_rel_name(typeidTypeRelid(arguments[0]));
	return table ? table : "";
}

/* (row, spec oms_spec) → true, false or null */
Datum
oms_matches(PG_FUNCTION_ARGS)
{
	HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(0);
	SpecBound  *bound = fcinfo->flinfo->fn_extra;
	/* not what is bound itself: that goes where another specification comes */
	const char *table = bound && bound->given ? bound->target.kind->record->table : spec_table_of_rows(fcinfo);
	uint64		row_type = assign_record_type_identifier(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	SpecRow		row = {0};
	OmsAnswer	answer;

	bound = spec_bound_of(fcinfo, table, strlen(table), PG_GETARG_JSONB_P(1));
	row.bound = bound;
	row.desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	if (bound->row_type != row_type)
	{
		oms_layout_columns(row.desc, oms_record_table(bound->target.kind->record), bound->attnums);
		bound->row_type = row_type;
	}
	row.tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	row.tuple.t_data = header;
	ItemPointerSetInvalid(&row.tuple.t_self);
	answer = oms_spec_ask(bound->spec, spec_fetch_row, &row);
	ReleaseTupleDesc(row.desc);
	return spec_answer(fcinfo, answer);
}
