/*-------------------------------------------------------------------------
 *
 * predicate_compared.c
 *	  What a predicate compares with what: for whoever looks for the values at
 *	  which it says something else.
 *
 * Looks at the tree as the server understood it.  Writes and locks nothing, and
 * asks no rule.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "entry/named_row.h"
#include "store/predicate.h"

PG_FUNCTION_INFO_V1(oms_predicate_compared);
PG_FUNCTION_INFO_V1(oms_predicate_rows);

static const NamedColumn compared_columns[] = {
	{"n", INT4OID}, {"operator", TEXTOID}, {"fields", TEXTARRAYOID}, {"constants", TEXTARRAYOID}, {"constant_type", TEXTOID}, {"look_ups", TEXTARRAYOID},
};

/* One comparison; without an operator, what stands in none. */
typedef struct Compared
{
	const char *operator;
	List	   *fields;			/* of char *: "command.orderQty", "cur.order_qty" */
	List	   *constants;		/* of char * */
	Oid			type;			/* of the constants; of several the last one's */
	List	   *look_ups;		/* of char *: our function, and the literal texts that it is given */
} Compared;

typedef struct ComparedWalk
{
	ObjectKind	kind;
	List	   *all;			/* of Compared *, the first is what stands in none */
	Compared   *now;
} ComparedWalk;

static List *
compared_add(List *list, char *text)
{
	ListCell   *cell;

	foreach(cell, list)
		if (strcmp(lfirst(cell), text) == 0)
			return list;
	return lappend(list, text);
}

static char *
compared_value(Oid type, Datum value)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

/* The list of an IN as its elements. */
static void
compared_add_constant(Compared *now, const Const *value)
{
	Oid			element = get_element_type(value->consttype);
	int16		length;
	bool		by_value;
	char		align;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	if (value->constisnull)
		return;
	now->type = OidIsValid(element) ? element : value->consttype;
	if (!OidIsValid(element))
	{
		now->constants = compared_add(now->constants, compared_value(value->consttype, value->constvalue));
		return;
	}
	get_typlenbyvalalign(element, &length, &by_value, &align);
	deconstruct_array(DatumGetArrayTypeP(value->constvalue), element, length, by_value, align, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			now->constants = compared_add(now->constants, compared_value(element, values[i]));
}

/* command ->> 'orderQty', command #>> '{attributes,sector}': "command.orderQty", "command.attributes.sector"; NULL: it is no member of the command. */
static char *
compared_member(const OpExpr *op, ObjectKind kind)
{
	Node	   *of = op->args ? linitial(op->args) : NULL;
	Const	   *key = list_length(op->args) == 2 && IsA(lsecond(op->args), Const) ? lsecond(op->args) : NULL;
	char	   *path = "command";
	Datum	   *parts;
	bool	   *nulls;
	int			count;

	if (of == NULL || key == NULL || key->constisnull)
		return NULL;
	if (IsA(of, OpExpr))
		path = compared_member((OpExpr *) of, kind);
	else if (!IsA(of, Param) || oms_predicate_param_name((Param *) of, kind) != NULL)
		path = NULL;
	if (path == NULL)
		return NULL;
	if (key->consttype == TEXTOID)
		return psprintf("%s.%s", path, TextDatumGetCString(key->constvalue));
	if (key->consttype != TEXTARRAYOID)
		return NULL;
	deconstruct_array(DatumGetArrayTypeP(key->constvalue), TEXTOID, -1, false, TYPALIGN_INT, &parts, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			path = psprintf("%s.%s", path, TextDatumGetCString(parts[i]));
	return path;
}

/* The name of one of ours with the literal texts among its arguments. */
static char *
compared_look_up(const FuncExpr *call)
{
	const char *schema = get_namespace_name(get_func_namespace(call->funcid));
	char	   *said;
	ListCell   *cell;

	if (schema == NULL || strcmp(schema, "oms") != 0)
		return NULL;
	said = get_func_name(call->funcid);
	foreach(cell, call->args)
	{
		Const	   *argument = lfirst(cell);

		if (IsA(argument, Const) && !argument->constisnull && argument->consttype == TEXTOID)
			said = psprintf("%s %s", said, TextDatumGetCString(argument->constvalue));
	}
	return said;
}

static const char *
compared_operator(Node *node)
{
	static const char *const operators[] = {"=", "<>", "<", "<=", ">", ">="};
	Oid			oid = IsA(node, ScalarArrayOpExpr) ? ((ScalarArrayOpExpr *) node)->opno :
		IsA(node, OpExpr) || IsA(node, DistinctExpr) ? ((OpExpr *) node)->opno : InvalidOid;
	char	   *name = OidIsValid(oid) ? get_opname(oid) : NULL;

	for (int i = 0; name && i < lengthof(operators); i++)
		if (strcmp(name, operators[i]) == 0)
			return operators[i];
	return NULL;
}

static bool
compared_walk(Node *node, void *arg)
{
	ComparedWalk *walk = arg;
	Compared   *outer = walk->now;
	char	   *name;
	bool		stops;

	check_stack_depth();
	if (node == NULL)
		return false;
	if (IsA(node, Param) && (name = oms_predicate_param_name((Param *) node, walk->kind)) != NULL)
		walk->now->fields = compared_add(walk->now->fields, name);
	else if (IsA(node, Const))
		compared_add_constant(walk->now, (Const *) node);
	else if (IsA(node, OpExpr) && (name = compared_member((OpExpr *) node, walk->kind)) != NULL)
	{
		walk->now->fields = compared_add(walk->now->fields, name);
		return false;
	}
	else if (IsA(node, FuncExpr) && (name = compared_look_up((FuncExpr *) node)) != NULL)
	{
		walk->now->look_ups = compared_add(walk->now->look_ups, name);
		return false;
	}
	if (compared_operator(node) == NULL)
		return expression_tree_walker(node, compared_walk, arg);
	walk->now = palloc0(sizeof(Compared));
	walk->now->operator = compared_operator(node);
	walk->all = lappend(walk->all, walk->now);
	stops = expression_tree_walker(node, compared_walk, arg);
	walk->now = outer;
	return stops;
}

static Datum
compared_array(List *texts)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(texts), 1));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, texts)
		elements[count++] = CStringGetTextDatum(lfirst(cell));
	return PointerGetDatum(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static const KindDef *
compared_kind(text *name)
{
	const KindDef *kind = oms_kind_by_name(text_to_cstring(name));

	if (kind == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no kind of object \"%s\"", text_to_cstring(name))));
	return kind;
}

/* The tables of cur, parent and root. */
Datum
oms_predicate_rows(PG_FUNCTION_ARGS)
{
	const KindDef *kind = compared_kind(PG_GETARG_TEXT_PP(0));
	Datum		tables[ROW_COUNT];

	for (PredicateRow row = 0; row < ROW_COUNT; row++)
		tables[row] = CStringGetTextDatum(oms_kinds[oms_predicate_row_kind(kind->kind, row)].record->table);
	PG_RETURN_ARRAYTYPE_P(construct_array(tables, ROW_COUNT, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
oms_predicate_compared(PG_FUNCTION_ARGS)
{
	const KindDef *kind = compared_kind(PG_GETARG_TEXT_PP(1));
	ComparedWalk walk = {0};
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	walk.kind = kind->kind;
	walk.now = palloc0(sizeof(Compared));
	walk.all = list_make1(walk.now);
	(void) compared_walk(oms_predicate_tree(text_to_cstring(PG_GETARG_TEXT_PP(0)), walk.kind), &walk);
	foreach(cell, walk.all)
	{
		Compared   *compared = lfirst(cell);
		Datum		values[lengthof(compared_columns)] = {
			Int32GetDatum(foreach_current_index(cell)), compared->operator ? CStringGetTextDatum(compared->operator) : (Datum) 0,
			compared_array(compared->fields), compared_array(compared->constants),
			OidIsValid(compared->type) ? CStringGetTextDatum(format_type_be(compared->type)) : (Datum) 0, compared_array(compared->look_ups),
		};
		bool		nulls[lengthof(compared_columns)] = {[1] = compared->operator == NULL, [4] = !OidIsValid(compared->type)};

		oms_put_named_row((ReturnSetInfo *) fcinfo->resultinfo, compared_columns, lengthof(compared_columns), values, nulls);
	}
	return (Datum) 0;
}
