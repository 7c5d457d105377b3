/*-------------------------------------------------------------------------
 *
 * predicate_allow.c
 *	  What may stand in a predicate.
 *
 * Two readings.  The first is of the tree as the grammar made it, by names: what
 * stands in no list here is refused before the server looks for it, because
 * looking for it may run something already (a literal of a type of somebody's is
 * read by that type's functions).  The second is of the tree as the server
 * understood it, by OIDs: a name of the first list must have turned out to be the
 * server's own function of a type of the list.
 *
 * The lists leave out what reads a table or a file, waits, sets or tells of the
 * session, draws numbers, and whatever makes much of little: repeat(), lpad(),
 * replace(), powers, patterns that come with the command.
 *
 * Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_language_d.h"
#include "catalog/pg_namespace_d.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type_d.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "store/predicate.h"

/* The rows, and the command, by their names. */
static const char *const allow_names[] = {"command", "cur", "parent", "root", "facts"};

/* Of these a predicate knows all but the facts, which are for measures. */
#define ALLOW_FACTS	(lengthof(allow_names) - 1)

static const NodeTag allow_raw_nodes[] = {
	T_List, T_String, T_Integer, T_A_Const, T_A_Expr, T_A_Indirection, T_A_Indices, T_A_ArrayExpr, T_BoolExpr, T_BooleanTest, T_CaseExpr, T_CaseWhen,
	T_CoalesceExpr, T_CollateClause, T_ColumnRef, T_FuncCall, T_MinMaxExpr, T_NullTest, T_SQLValueFunction, T_TypeCast, T_TypeName,
};

static const NodeTag allow_nodes[] = {
	T_List, T_ArrayCoerceExpr, T_ArrayExpr, T_BoolExpr, T_BooleanTest, T_CaseExpr, T_CaseTestExpr, T_CaseWhen, T_CoalesceExpr, T_CoerceViaIO, T_CollateExpr,
	T_Const, T_DistinctExpr, T_FuncExpr, T_MinMaxExpr, T_NullIfExpr, T_NullTest, T_OpExpr, T_Param, T_RelabelType, T_SQLValueFunction, T_ScalarArrayOpExpr,
	T_SubscriptingRef,
};

static const char *const allow_functions[] = {
	"abs", "array_length", "array_position", "btrim", "cardinality", "ceil", "ceiling", "char_length", "character_length", "date_trunc", "div", "extract",
	"floor", "isfinite", "jsonb_array_length", "jsonb_exists", "jsonb_extract_path", "jsonb_extract_path_text", "jsonb_typeof", "left", "length", "lower",
	"ltrim", "mod", "now", "octet_length", "position", "right", "round", "rtrim", "sign", "split_part", "starts_with", "strpos", "substr", "timezone",
	"trunc", "upper", NULL
};

/* Ours, in schema oms: look_ups.c, order_look_ups.c, registered.c. */
static const char *const allow_look_ups[] = {
	"anomaly_probability", "buys", "calendar_of", "day_quantity", "day_value", "in_session", "is_trading_day", "limit_of", "next_close", "notional", "opposite_live", "order_type_allowed", "order_value", "recent_like",
	"reference_price", "registered", "restricted", "trading_day", NULL
};

static const char *const allow_operators[] = {
	"=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "||", "->", "->>", "#>", "#>>", "@>", "<@", "?", "?|", "?&", "&&", "^@",
	"~~", "!~~", "~~*", "!~~*", "~", "!~", "~*", "!~*", NULL
};

/* Their right side is a pattern: it must stand in the predicate. */
static const char *const allow_patterns[] = {"~~", "!~~", "~~*", "!~~*", "~", "!~", "~*", "!~*", NULL};

static const struct
{
	const char *name;
	Oid			oid;
}			allow_types[] = {
	{"bool", BOOLOID}, {"bpchar", BPCHAROID}, {"bytea", BYTEAOID}, {"date", DATEOID}, {"int2", INT2OID}, {"int4", INT4OID}, {"int8", INT8OID},
	{"interval", INTERVALOID}, {"jsonb", JSONBOID}, {"numeric", NUMERICOID}, {"text", TEXTOID}, {"time", TIMEOID}, {"timestamp", TIMESTAMPOID},
	{"timestamptz", TIMESTAMPTZOID}, {"varchar", VARCHAROID}, {NULL, UNKNOWNOID}
};

pg_noreturn static void
allow_refuse(ParseState *pstate, int location, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s has no place in a predicate", what),
			 parser_errposition(pstate, location)));
}

static bool
allow_has(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

static bool
allow_has_tag(const NodeTag *tags, int count, NodeTag tag)
{
	for (int i = 0; i < count; i++)
		if (tags[i] == tag)
			return true;
	return false;
}

/* The last part of a name of one part, or of two of which the first is this schema; else NULL. */
static const char *
allow_name_in(List *names, const char *schema)
{
	if (list_length(names) == 2 && strcmp(strVal(linitial(names)), schema) == 0)
		return strVal(lsecond(names));
	return list_length(names) == 1 && strcmp(schema, "pg_catalog") == 0 ? strVal(linitial(names)) : NULL;
}

/* ------------------------------------------------------------------------
 * as it was read
 * ------------------------------------------------------------------------
 */

static bool
allow_is_row(Node *node)
{
	ColumnRef  *ref = (ColumnRef *) node;

	if (!IsA(node, ColumnRef) || list_length(ref->fields) != 1 || !IsA(linitial(ref->fields), String))
		return false;
	for (int i = 1; i < ALLOW_FACTS; i++)
		if (strcmp(allow_names[i], strVal(linitial(ref->fields))) == 0)
			return true;
	return false;
}

static void
allow_raw_column(ParseState *pstate, ColumnRef *ref)
{
	ListCell   *cell;
	const PredicateScope *scope = pstate->p_ref_hook_state;
	int			names = scope->measures ? lengthof(allow_names) : ALLOW_FACTS;
	int			known = 0;

	foreach(cell, ref->fields)
		if (!IsA(lfirst(cell), String))
			allow_refuse(pstate, ref->location, "a whole row");
	while (known < names && strcmp(allow_names[known], strVal(linitial(ref->fields))) != 0)
		known++;
	if (known == names)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("there is no \"%s\" here: a %s", strVal(linitial(ref->fields)),
						scope->measures ? "measure knows command, cur, parent, root and facts" : "predicate knows command, cur, parent and root"),
				 parser_errposition(pstate, ref->location)));
	if (list_length(ref->fields) != (known == 0 ? 1 : 2))
		allow_refuse(pstate, ref->location, known == 0 ? "a column of the command, which is jsonb (command ->> 'symbol')," :
					 list_length(ref->fields) == 1 ? "a whole row" : "a field of a column");
}

static void
allow_raw_function(ParseState *pstate, FuncCall *call)
{
	const char *name = allow_name_in(call->funcname, "pg_catalog");
	const char *look_up = allow_name_in(call->funcname, "oms");

	/* what a look-up answers is of now, and an event is of when it was */
	if (!(name && allow_has(allow_functions, name)) && !(look_up && allow_has(allow_look_ups, look_up) && !((const PredicateScope *) pstate->p_ref_hook_state)->measures))
		allow_refuse(pstate, call->location, psprintf("function %s", strVal(llast(call->funcname))));
	/* what is called is the rule's to say, and not the command's */
	if (look_up && strcmp(look_up, "registered") == 0 && !(list_length(call->args) == 1 && IsA(linitial(call->args), A_Const)))
		allow_refuse(pstate, call->location, "the name of a registered predicate that is no literal");
	if (call->agg_order || call->agg_filter || call->agg_within_group || call->agg_star || call->agg_distinct || call->over || call->func_variadic)
		allow_refuse(pstate, call->location, "an aggregate, window or variadic call");
}

static void
allow_raw_operator(ParseState *pstate, A_Expr *expr)
{
	const char *name = allow_name_in(expr->name, "pg_catalog");

	/* the names of these are words of the grammar, and what they stand for are plain comparisons */
	if (expr->kind == AEXPR_BETWEEN || expr->kind == AEXPR_NOT_BETWEEN || expr->kind == AEXPR_BETWEEN_SYM || expr->kind == AEXPR_NOT_BETWEEN_SYM)
		return;
	if (name == NULL || expr->kind == AEXPR_SIMILAR || !allow_has(allow_operators, name))
		allow_refuse(pstate, expr->location, psprintf("operator %s", strVal(llast(expr->name))));
	if (allow_has(allow_patterns, name) && !(expr->rexpr && IsA(expr->rexpr, A_Const)))
		allow_refuse(pstate, expr->location, "a pattern that is no literal");
}

static void
allow_raw_type(ParseState *pstate, TypeName *type)
{
	const char *name = allow_name_in(type->names, "pg_catalog");

	for (int i = 0; name && allow_types[i].name; i++)
		if (strcmp(allow_types[i].name, name) == 0 && !type->setof && !type->pct_type)
			return;
	allow_refuse(pstate, type->location, psprintf("type %s", strVal(llast(type->names))));
}

/* (cur).symbol is cur.symbol; otherwise only subscripts, as anything else is a function by another name. */
static void
allow_raw_indirection(ParseState *pstate, A_Indirection *indirection)
{
	ListCell   *cell;

	if (allow_is_row(indirection->arg) && indirection->indirection && IsA(linitial(indirection->indirection), String))
	{
		ColumnRef  *ref = (ColumnRef *) indirection->arg;

		ref->fields = lappend(ref->fields, linitial(indirection->indirection));
		indirection->indirection = list_delete_first(indirection->indirection);
	}
	foreach(cell, indirection->indirection)
		if (!IsA(lfirst(cell), A_Indices))
			allow_refuse(pstate, exprLocation(indirection->arg), "a field");
}

static bool
allow_raw_walk(Node *node, void *arg)
{
	ParseState *pstate = arg;

	if (node == NULL)
		return false;
	if (!allow_has_tag(allow_raw_nodes, lengthof(allow_raw_nodes), nodeTag(node)))
		allow_refuse(pstate, exprLocation(node), IsA(node, SubLink) ? "a subquery" : IsA(node, ParamRef) ? "a parameter" : "this");
	switch (nodeTag(node))
	{
		case T_ColumnRef:
			allow_raw_column(pstate, (ColumnRef *) node);
			return false;
		case T_NullTest:
			/* is there such a row? */
			if (allow_is_row((Node *) ((NullTest *) node)->arg))
				return false;
			break;
		case T_FuncCall:
			allow_raw_function(pstate, (FuncCall *) node);
			break;
		case T_A_Expr:
			allow_raw_operator(pstate, (A_Expr *) node);
			break;
		case T_TypeName:
			allow_raw_type(pstate, (TypeName *) node);
			break;
		case T_A_Indirection:
			allow_raw_indirection(pstate, (A_Indirection *) node);
			break;
		case T_SQLValueFunction:
			if (((SQLValueFunction *) node)->op != SVFOP_CURRENT_DATE && ((SQLValueFunction *) node)->op != SVFOP_CURRENT_TIMESTAMP &&
				((SQLValueFunction *) node)->op != SVFOP_LOCALTIMESTAMP)
				allow_refuse(pstate, ((SQLValueFunction *) node)->location, "what depends on the session");
			break;
		default:
			break;
	}
	return raw_expression_tree_walker(node, allow_raw_walk, arg);
}

void
oms_predicate_check_raw(ParseState *pstate, Node *raw)
{
	(void) allow_raw_walk(raw, pstate);
}

/* ------------------------------------------------------------------------
 * as it was understood
 * ------------------------------------------------------------------------
 */

typedef struct AllowContext
{
	ParseState *pstate;
	int			location;
} AllowContext;

static bool
allow_is_look_up(Form_pg_proc proc)
{
	const char *schema = get_namespace_name(proc->pronamespace);

	return schema && strcmp(schema, "oms") == 0 && proc->prolang == ClanguageId && allow_has(allow_look_ups, NameStr(proc->proname));
}

/* Refuse a function that is neither the server's own nor one of ours. */
static bool
allow_check_function(Oid function, void *arg)
{
	AllowContext *context = arg;
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc proc;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cannot look up function %u", function);
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	if (proc->prosecdef || proc->proretset || proc->prokind != PROKIND_FUNCTION || proc->provolatile == PROVOLATILE_VOLATILE ||
		!heap_attisnull(tuple, Anum_pg_proc_proconfig, NULL) ||
		!((function < FirstGenbkiObjectId && (proc->prolang == INTERNALlanguageId || proc->prolang == SQLlanguageId)) || allow_is_look_up(proc)))
		allow_refuse(context->pstate, context->location, psprintf("function %s", NameStr(proc->proname)));
	ReleaseSysCache(tuple);
	return false;
}

static void
allow_check_type(ParseState *pstate, Node *node)
{
	Oid			type = exprType(node);
	Oid			element = get_element_type(type);

	for (int i = 0; i < lengthof(allow_types); i++)
		if (allow_types[i].oid == (OidIsValid(element) ? element : type))
			return;
	allow_refuse(pstate, exprLocation(node), psprintf("type %s", format_type_be(type)));
}

/*
 * 'now' and its like would be the moment at which a session has read the rule.
 * What stands where the literal was is looked at, for the value tells nothing.
 */
static void
allow_check_literal(ParseState *pstate, Const *literal)
{
	static const char *const words[] = {"now", "today", "tomorrow", "yesterday"};
	Oid			element = get_element_type(literal->consttype);
	Oid			type = OidIsValid(element) ? element : literal->consttype;
	const char *text;
	char	   *lower;

	if (literal->constisnull || literal->location < 0 ||
		(type != DATEOID && type != TIMEOID && type != TIMESTAMPOID && type != TIMESTAMPTZOID))
		return;
	text = pstate->p_sourcetext + literal->location;
	lower = pnstrdup(text, strcspn(text, "'") + 1);
	text += strlen(lower);
	lower = pnstrdup(text, strcspn(text, "'"));
	for (char *c = lower; *c; c++)
	{
		if (*c == '\\')
			allow_refuse(pstate, literal->location, "a time written with escapes");
		*c = pg_tolower((unsigned char) *c);
	}
	for (int i = 0; i < lengthof(words); i++)
		if (strstr(lower, words[i]))
			allow_refuse(pstate, literal->location, psprintf("'%s', which would be that of the session (now() is not),", words[i]));
}

static bool
allow_walk(Node *node, void *arg)
{
	ParseState *pstate = arg;
	AllowContext context = {pstate};

	if (node == NULL)
		return false;
	context.location = exprLocation(node);
	if (!allow_has_tag(allow_nodes, lengthof(allow_nodes), nodeTag(node)))
		allow_refuse(pstate, context.location, "this");
	if (!IsA(node, List) && !IsA(node, CaseWhen))
		allow_check_type(pstate, node);
	if (IsA(node, Const))
		allow_check_literal(pstate, (Const *) node);
	if (IsA(node, CollateExpr) && ((CollateExpr *) node)->collOid >= FirstNormalObjectId)
		allow_refuse(pstate, context.location, "a collation that is not the server's own");
	(void) check_functions_in_node(node, allow_check_function, &context);
	return expression_tree_walker(node, allow_walk, arg);
}

void
oms_predicate_check(ParseState *pstate, Node *expr)
{
	(void) allow_walk(expr, pstate);
}
