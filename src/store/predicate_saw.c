/*-------------------------------------------------------------------------
 *
 * predicate_saw.c
 *	  What a predicate has read of its subject.
 *
 * Of rows, the columns that it came to: each is fetched when it is asked for
 * (predicate.c).  Of the command, which it gets whole, the members that it names.
 * Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "store/predicate.h"

/* What is longer is told by no finding: an event must leave by every way out. */
#define SAW_TEXT_MAX	256
#define SAW_MAX			32

typedef struct SawFields
{
	int			param;			/* of the command */
	List	   *fields;			/* of char * */
} SawFields;

static bool
saw_is_command(const SawFields *saw, Node *node)
{
	return node && IsA(node, Param) && ((Param *) node)->paramid == saw->param;
}

/* "orderQty", or '{attributes,sector}': the member of the command itself. */
static void
saw_add_field(SawFields *saw, Node *key)
{
	Const	   *value = (Const *) key;
	Datum		first = (Datum) 0;
	bool		isnull = true;
	char	   *name;
	ListCell   *cell;

	if (key == NULL || !IsA(key, Const) || value->constisnull)
		return;
	if (value->consttype == TEXTOID)
	{
		first = value->constvalue;
		isnull = false;
	}
	else if (value->consttype == TEXTARRAYOID)
		first = array_get_element(value->constvalue, 1, (int[]) {1}, -1, -1, false, TYPALIGN_INT, &isnull);
	if (isnull)
		return;
	name = TextDatumGetCString(first);
	foreach(cell, saw->fields)
		if (strcmp(lfirst(cell), name) == 0)
			return;
	saw->fields = lappend(saw->fields, name);
}

static bool
saw_walk(Node *node, void *arg)
{
	SawFields  *saw = arg;

	if (node == NULL)
		return false;
	/* ->, ->>, #>, #>> and ?, and the functions that do the same */
	if (IsA(node, OpExpr) && list_length(((OpExpr *) node)->args) == 2 && saw_is_command(saw, linitial(((OpExpr *) node)->args)))
		saw_add_field(saw, lsecond(((OpExpr *) node)->args));
	if (IsA(node, FuncExpr) && list_length(((FuncExpr *) node)->args) == 2 && saw_is_command(saw, linitial(((FuncExpr *) node)->args)))
		saw_add_field(saw, lsecond(((FuncExpr *) node)->args));
	if (IsA(node, SubscriptingRef) && saw_is_command(saw, (Node *) ((SubscriptingRef *) node)->refexpr))
		saw_add_field(saw, linitial(((SubscriptingRef *) node)->refupperindexpr));
	return expression_tree_walker(node, saw_walk, arg);
}

List *
oms_predicate_fields(Node *expr, int param)
{
	SawFields	saw = {.param = param};

	saw_walk(expr, &saw);
	return saw.fields;
}

static void
saw_put_null(JsonWriter *w, const char *key)
{
	oms_json_scalar(w, key, &(JsonbValue) {.type = jbvNull});
}

static void
saw_put_column(JsonWriter *w, const PredicateSubject *subject, PredicateRow row, const RecordColumn *column)
{
	RecordColumn named = *column;
	Datum		value;

	named.json = psprintf("%s.%s", oms_predicate_row_name(row), column->json);
	if (subject->rows[row] && oms_record_value(column, subject->rows[row], &value))
		oms_record_member_to_json(&named, subject->rows[row], w);
	else
		saw_put_null(w, named.json);
}

static int
saw_put_columns(JsonWriter *w, const PredicateSubject *subject, PredicateRow row)
{
	const RecordDef *def = oms_kinds[oms_predicate_row_kind(subject->command->def->kind, row)].record;
	int			count = 0;

	for (int i = 0; i < def->ncolumns && count < SAW_MAX; i++)
	{
		const RecordColumn *column = &def->columns[i];

		if (!(subject->read[row][i / 64] & (UINT64CONST(1) << (i % 64))) || column->json == NULL || column->may_be_long || column->type == FIELD_JSON)
			continue;
		saw_put_column(w, subject, row, column);
		count++;
	}
	return count;
}

static int
saw_put_fields(JsonWriter *w, const Predicate *predicate, const PredicateSubject *subject)
{
	int			count = 0;
	ListCell   *cell;

	if (!subject->read_command || subject->normal == NULL)
		return 0;
	foreach(cell, predicate->fields)
	{
		char	   *key = psprintf("command.%s", (char *) lfirst(cell));
		JsonbValue	hold;
		JsonbValue *value = oms_json_get(subject->normal, lfirst(cell), &hold);

		if (count == SAW_MAX)
			break;
		if (value && (value->type == jbvBinary || (value->type == jbvString && value->val.string.len > SAW_TEXT_MAX)))
			continue;
		if (value)
			oms_json_scalar(w, key, value);
		else
			saw_put_null(w, key);
		count++;
	}
	return count;
}

Jsonb *
oms_predicate_saw(const Predicate *predicate, const PredicateSubject *subject)
{
	JsonWriter	w = {0};
	int			count = 0;

	if (predicate == NULL)
		return NULL;
	oms_json_open_object(&w);
	for (PredicateRow row = 0; row < ROW_COUNT; row++)
		count += saw_put_columns(&w, subject, row);
	count += saw_put_fields(&w, predicate, subject);
	oms_json_close_object(&w);
	return count > 0 ? oms_json_finish(&w) : NULL;
}
