/*-------------------------------------------------------------------------
 *
 * score_feature.c
 *	  The rows of oms.anomaly_features, ready to be asked.
 *
 * Read anew for each batch: a change acts at the next one.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "entry/score.h"

PG_FUNCTION_INFO_V1(oms_check_feature);

/* People's reviews move a feature's budget so far down, and never above what its row says. */
#define BUDGET_LEAST_PART	0.125

static const char feature_query[] =
"SELECT f.name, f.version, f.object, f.event_types, f.measure, f.peers, f.side, f.scale, f.budget::float8, f.half_life_days, f.peers_max, f.label,"
" coalesce(q.confirmed, 0), coalesce(q.dismissed, 0)"
" FROM (SELECT DISTINCT ON (a.name) a.* FROM oms.anomaly_features AS a ORDER BY a.name, a.builtin) AS f"
" LEFT JOIN oms.anomaly_quality AS q ON q.feature = f.name"
" WHERE f.enabled OR $1 ORDER BY f.name";

static List *
feature_texts(HeapTuple row, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(row, desc, column, &isnull);
	List	   *texts = NIL;
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	if (isnull)
		return NIL;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			texts = lappend(texts, TextDatumGetCString(elements[i]));
	return texts;
}

static double
feature_float(HeapTuple row, TupleDesc desc, int column)
{
	bool		isnull;

	return DatumGetFloat8(SPI_getbinval(row, desc, column, &isnull));
}

static int64
feature_bigint(HeapTuple row, TupleDesc desc, int column)
{
	bool		isnull;

	return DatumGetInt64(SPI_getbinval(row, desc, column, &isnull));
}

static int
feature_int(HeapTuple row, TupleDesc desc, int column)
{
	bool		isnull;

	return DatumGetInt32(SPI_getbinval(row, desc, column, &isnull));
}

/* With no review all of it; where half or more of what was reviewed was right, too. */
static double
feature_part_of_budget(double confirmed, double dismissed)
{
	double		part = 2 * (confirmed + 1) / (confirmed + dismissed + 2);

	return Max(BUDGET_LEAST_PART, Min(1, part));
}

ProfileSide
oms_score_side(const char *name)
{
	return strcmp(name, "HIGH") == 0 ? SIDE_HIGH : strcmp(name, "LOW") == 0 ? SIDE_LOW : strcmp(name, "BOTH") == 0 ? SIDE_BOTH : SIDE_ANY;
}

/* Kinds of libraries that are not loaded have no events here that could be understood: NULL. */
static Feature *
feature_read(HeapTuple row, TupleDesc desc)
{
	Feature    *feature = palloc0(sizeof(Feature));
	const KindDef *kind = oms_kind_by_name(SPI_getvalue(row, desc, 3));
	char	   *measure = SPI_getvalue(row, desc, 5);

	if (kind == NULL)
		return NULL;
	feature->name = SPI_getvalue(row, desc, 1);
	feature->version = feature_bigint(row, desc, 2);
	feature->kind = kind->kind;
	feature->event_types = feature_texts(row, desc, 4);
	feature->text = measure;
	feature->memory = CurrentMemoryContext;
	/* what names it at all may ask for it */
	feature->wants_command = strstr(measure, "command") != NULL;
	feature->wants_root = strstr(measure, "root") != NULL;
	feature->wants_before = strstr(measure, "executed_before") != NULL;
	feature->levels = feature_texts(row, desc, 6);
	feature->side = oms_score_side(SPI_getvalue(row, desc, 7));
	feature->is_log = strcmp(SPI_getvalue(row, desc, 8), "LOG") == 0;
	feature->budget = feature_float(row, desc, 9) * feature_part_of_budget(feature_bigint(row, desc, 13), feature_bigint(row, desc, 14));
	feature->fade = pow(0.5, 1.0 / feature_int(row, desc, 10));
	feature->peers_max = feature_int(row, desc, 11);
	feature->label = SPI_getvalue(row, desc, 12);
	return feature;
}

List *
oms_score_features(bool disabled_too)
{
	List	   *features = NIL;
	SPITupleTable *rows;
	uint64		count;

	if (SPI_execute_with_args(feature_query, 1, (Oid[]) {BOOLOID}, (Datum[]) {BoolGetDatum(disabled_too)}, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "cannot read features");
	rows = SPI_tuptable;
	count = SPI_processed;
	for (uint64 i = 0; i < count; i++)
	{
		Feature    *feature = feature_read(rows->vals[i], rows->tupdesc);

		if (feature)
			features = lappend(features, feature);
	}
	return features;
}

/* ------------------------------------------------------------------------
 * as they are stored
 * ------------------------------------------------------------------------
 */

static bool
feature_has_text(const RecordDef *record, const char *name)
{
	const RecordColumn *column = oms_record_column(record, name);

	return column && oms_record_column_type(column) == TEXTOID;
}

static void
feature_check_levels(const char *name, ArrayType *levels, const KindDef *kind)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(levels, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	if (count > LEVELS_MAX)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("feature \"%s\" has more than %d levels of peers", name, LEVELS_MAX)));
	for (int i = 0; i < count; i++)
		for (const char *at = nulls[i] ? "" : TextDatumGetCString(elements[i]);; at++)
		{
			int			length = strcspn(at, "+");
			char	   *one = pnstrdup(at, length);

			if (!feature_has_text(kind->record, one) && !feature_has_text(oms_kinds[oms_predicate_row_kind(kind->kind, ROW_PARENT)].record, one) && oms_fact_find(one) == FACT_COUNT)
				ereport(ERROR,
						(errcode(OMS_BAD_CONFIGURATION),
						 errmsg("feature \"%s\" has a level of peers by \"%s\"", name, one),
						 errdetail("A level is the name of a column of text of oms.%s, or of what that belongs to, or of a fact, or some of them with + between.", kind->record->table)));
			at += length;
			if (*at == '\0')
				break;
		}
}

/* Raises OM011 where a feature cannot be: its name, object, measure, peers. */
Datum
oms_check_feature(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *object = text_to_cstring(PG_GETARG_TEXT_PP(1));
	const KindDef *kind = oms_kind_by_name(object);
	Rule		rule = {0};

	if (kind == NULL)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("feature \"%s\" is about no kind of object: \"%s\"", name, object)));
	rule.row.name = name;
	rule.kind = kind->kind;
	rule.predicate = text_to_cstring(PG_GETARG_TEXT_PP(2));
	oms_rule_check_measure("feature", &rule);
	feature_check_levels(name, PG_GETARG_ARRAYTYPE_P(3), kind);
	PG_RETURN_VOID();
}
