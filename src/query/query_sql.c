/*-------------------------------------------------------------------------
 *
 * query_sql.c
 *	  SQL of a query: names of ours, and parameters.
 *
 * No byte of a caller's stands in a statement.  Operators, functions and types
 * are pg_catalog's by name, so that nobody's search_path says what they are.
 *
 * What one of our indexes may be partial by (a boolean, a name of a fixed list)
 * is written as a literal, taken from our own table of names: a plan for any
 * values can use such an index only then.
 *
 * Reads and writes no table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation_d.h"
#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "query/query_sql.h"

/* Longer lists of names are a parameter, as any list. */
#define LITERALS_MAX	16

void
oms_sql_init(QuerySql *sql, bool readable)
{
	initStringInfo(&sql->text);
	sql->readable = readable;
	sql->nparams = 0;
	sql->done = NULL;
	sql->room = 16;
	sql->types = palloc(sizeof(Oid) * sql->room);
	sql->values = palloc(sizeof(Datum) * sql->room);
}

void
oms_sql_put(QuerySql *sql, const char *text)
{
	appendStringInfoString(&sql->text, text);
}

void
oms_sql_put_number(QuerySql *sql, uint32 number)
{
	char		buf[16];

	buf[pg_ultoa_n(number, buf)] = '\0';
	oms_sql_put(sql, buf);
}

void
oms_sql_operator(QuerySql *sql, const char *name)
{
	oms_sql_put(sql, sql->readable ? " " : " OPERATOR(pg_catalog.");
	oms_sql_put(sql, name);
	oms_sql_put(sql, sql->readable ? " " : ") ");
}

int
oms_sql_param(QuerySql *sql, Oid type, Datum value)
{
	if (sql->nparams == sql->room)
	{
		sql->room *= 2;
		sql->types = repalloc(sql->types, sizeof(Oid) * sql->room);
		sql->values = repalloc(sql->values, sizeof(Datum) * sql->room);
	}
	sql->types[sql->nparams] = type;
	sql->values[sql->nparams] = value;
	return ++sql->nparams;
}

void
oms_sql_put_param(QuerySql *sql, int number)
{
	oms_sql_put(sql, "$");
	oms_sql_put_number(sql, number);
}

ParamListInfo
oms_sql_params(const QuerySql *sql)
{
	ParamListInfo params = makeParamList(sql->nparams);

	for (int i = 0; i < sql->nparams; i++)
		params->params[i] = (ParamExternData) {sql->values[i], false, PARAM_FLAG_CONST, sql->types[i]};
	return params;
}

static void
sql_put_value(QuerySql *sql, Oid type, Datum value)
{
	oms_sql_put_param(sql, oms_sql_param(sql, type, value));
}

static int
sql_array(QuerySql *sql, Oid type, Datum *values, int count)
{
	int16		length;
	bool		by_value;
	char		align;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	return oms_sql_param(sql, get_array_type(type), PointerGetDatum(construct_array(values, count, type, length, by_value, align)));
}

/* ------------------------------------------------------------------------
 * fields
 * ------------------------------------------------------------------------
 */

void
oms_sql_column(QuerySql *sql, const QueryField *field)
{
	oms_sql_put(sql, field->of_tree ? "t." : "o.");
	oms_sql_put(sql, field->column);
}

int
oms_sql_path(QuerySql *sql, const QueryField *field)
{
	Datum		parts[QUERY_PATH_MAX];

	if (field->npath == 1)
		return 0;
	for (int i = 1; i < field->npath; i++)
		parts[i - 1] = CStringGetTextDatum(field->path[i]);
	return oms_sql_param(sql, TEXTARRAYOID, PointerGetDatum(construct_array(parts, field->npath - 1, TEXTOID, -1, false, TYPALIGN_INT)));
}

/* By #> as jsonb, by #>> as text. */
static void
sql_put_in_document(QuerySql *sql, const QueryField *field, int path, const char *operator)
{
	oms_sql_put(sql, "(");
	oms_sql_column(sql, field);
	oms_sql_operator(sql, operator);
	oms_sql_put_param(sql, path);
	oms_sql_put(sql, ")");
}

/* As it stands: a column, or what is in it. */
static void
sql_put_plain(QuerySql *sql, const QueryField *field, int path, const char *operator)
{
	if (field->npath == 1)
		oms_sql_column(sql, field);
	else
		sql_put_in_document(sql, field, path, operator);
}

void
oms_sql_as_text(QuerySql *sql, const QueryField *field)
{
	sql_put_plain(sql, field, oms_sql_path(sql, field), "#>>");
	oms_sql_put(sql, "::pg_catalog.text");
}

/* Null where it is of another type. */
static void
sql_put_typed(QuerySql *sql, const QueryField *field, const char *json_type, const char *cast)
{
	int			path = oms_sql_path(sql, field);

	oms_sql_put(sql, "CASE WHEN pg_catalog.jsonb_typeof");
	sql_put_in_document(sql, field, path, "#>");
	oms_sql_operator(sql, "=");
	oms_sql_put(sql, "'");
	oms_sql_put(sql, json_type);
	oms_sql_put(sql, "' THEN ");
	sql_put_in_document(sql, field, path, "#>");
	oms_sql_put(sql, cast);
	oms_sql_put(sql, " END");
}

Oid
oms_sql_type_shown(const QueryField *field)
{
	return field->npath > 1 ? JSONBOID : field->sql_type;
}

void
oms_sql_shown(QuerySql *sql, const QueryField *field, int path)
{
	if (field->npath == 1)
	{
		oms_sql_column(sql, field);
		return;
	}
	oms_sql_put(sql, "CASE WHEN ");
	sql_put_in_document(sql, field, path, "#>>");
	oms_sql_put(sql, " IS NOT NULL THEN ");
	sql_put_in_document(sql, field, path, "#>");
	oms_sql_put(sql, " END");
}

/* ------------------------------------------------------------------------
 * comparisons
 * ------------------------------------------------------------------------
 */

static const char *const sql_operators[SPEC_OPERATORS] = {
	[SPEC_EQ] = "=", [SPEC_NE] = "<>", [SPEC_LT] = "<", [SPEC_LTE] = "<=", [SPEC_GT] = ">", [SPEC_GTE] = ">=", [SPEC_IN] = "=",
	[SPEC_LIKE] = "~~", [SPEC_ILIKE] = "~~*",
};

/* What a comparison's values are in SQL.  Dates and times of documents are texts that sort as they do. */
static Oid
sql_type_of(const SpecNode *node)
{
	switch (node->type)
	{
		case QUERY_NUMBER:
			return NUMERICOID;
		case QUERY_BOOLEAN:
			return BOOLOID;
		case QUERY_DATE:
			return node->field->npath == 1 ? DATEOID : TEXTOID;
		case QUERY_TIME:
			return node->field->npath == 1 ? TIMESTAMPTZOID : TEXTOID;
		default:
			return TEXTOID;
	}
}

/* Are they all numbers that a column of whole numbers can be? */
static bool
sql_is_whole(const SpecNode *node)
{
	Oid			type = node->field->sql_type;

	if (node->field->npath > 1 || node->type != QUERY_NUMBER || (type != INT8OID && type != INT4OID))
		return false;
	for (int i = 0; i < node->nconstants; i++)
		if (!node->constants[i].is_whole)
			return false;
	return true;
}

static Datum
sql_constant(const SpecNode *node, Oid type, const SpecConstant *constant)
{
	if (type == INT8OID)
		return Int64GetDatum(constant->whole);
	if (type == TEXTOID)
		return PointerGetDatum(cstring_to_text_with_len(constant->json.val.string.val, constant->json.val.string.len));
	return constant->value;
}

/* The field, as what it is compared as. */
static void
sql_put_compared(QuerySql *sql, const SpecNode *node, Oid type)
{
	const QueryField *field = node->field;

	if (field->npath == 1)
	{
		oms_sql_column(sql, field);
		if (type == NUMERICOID && field->sql_type != NUMERICOID)
			oms_sql_put(sql, "::pg_catalog.numeric");
	}
	else if (type == NUMERICOID)
		sql_put_typed(sql, field, "number", "::pg_catalog.numeric");
	else if (type == BOOLOID)
		sql_put_typed(sql, field, "boolean", "::pg_catalog.bool");
	else
		sql_put_in_document(sql, field, oms_sql_path(sql, field), "#>>");
	if (type == TEXTOID && node->op == SPEC_ILIKE)
		oms_sql_put(sql, " COLLATE pg_catalog.\"default\"");
	else if (type == TEXTOID && node->op != SPEC_EQ && node->op != SPEC_NE && node->op != SPEC_IN)
		oms_sql_put(sql, " COLLATE pg_catalog.\"C\"");
}

/* Our own name that the constant is, or NULL. */
static const char *
sql_literal(const SpecNode *node, const SpecConstant *constant)
{
	if (node->field->npath > 1)
		return NULL;
	if (node->type == QUERY_BOOLEAN)
		return DatumGetBool(constant->value) ? "true" : "false";
	if (node->type != QUERY_NAME)
		return NULL;
	for (const OmsName *n = node->field->names; n->name; n++)
		if (strlen(n->name) == constant->json.val.string.len && memcmp(n->name, constant->json.val.string.val, strlen(n->name)) == 0)
			return quote_literal_cstr(n->name);
	return NULL;
}

/* "= ANY (ARRAY['NEW', 'FILLED'])"; false, and nothing is written: they are not all ours. */
static bool
sql_put_literals(QuerySql *sql, const SpecNode *node)
{
	const char *literals[LITERALS_MAX];

	if (node->nconstants > LITERALS_MAX)
		return false;
	for (int i = 0; i < node->nconstants; i++)
		if ((literals[i] = sql_literal(node, &node->constants[i])) == NULL)
			return false;
	for (int i = 0; i < node->nconstants; i++)
	{
		oms_sql_put(sql, i > 0 ? ", " : node->op == SPEC_IN ? "ANY (ARRAY[" : "");
		oms_sql_put(sql, literals[i]);
	}
	oms_sql_put(sql, node->op == SPEC_IN ? "])" : "");
	return true;
}

static void
sql_put_constants(QuerySql *sql, const SpecNode *node, Oid type)
{
	Datum	   *values;

	if (node->op != SPEC_IN)
	{
		sql_put_value(sql, type, sql_constant(node, type, node->constants));
		return;
	}
	values = palloc(sizeof(Datum) * node->nconstants);
	for (int i = 0; i < node->nconstants; i++)
		values[i] = sql_constant(node, type, &node->constants[i]);
	oms_sql_put(sql, "ANY (");
	oms_sql_put_param(sql, sql_array(sql, type, values, node->nconstants));
	oms_sql_put(sql, ")");
}

/* A JSON array of texts; what is no array has none. */
static void
sql_put_texts_of_json(QuerySql *sql, const SpecNode *node, int texts)
{
	const QueryField *field = node->field;
	int			path = oms_sql_path(sql, field);

	oms_sql_put(sql, "CASE WHEN ");
	sql_put_plain(sql, field, path, "#>>");
	oms_sql_put(sql, " IS NOT NULL THEN ");
	sql_put_plain(sql, field, path, "#>");
	oms_sql_operator(sql, "?|");
	oms_sql_put_param(sql, texts);
	oms_sql_put(sql, " AND pg_catalog.jsonb_typeof(");
	sql_put_plain(sql, field, path, "#>");
	oms_sql_put(sql, ")");
	oms_sql_operator(sql, "=");
	oms_sql_put(sql, "'array' END");
}

static void
sql_put_texts(QuerySql *sql, const SpecNode *node)
{
	Datum	   *values = palloc(sizeof(Datum) * node->nconstants);
	int			texts;

	for (int i = 0; i < node->nconstants; i++)
		values[i] = sql_constant(node, TEXTOID, &node->constants[i]);
	texts = sql_array(sql, TEXTOID, values, node->nconstants);
	oms_sql_put(sql, node->op == SPEC_NE ? "NOT (" : "(");
	if (node->field->npath == 1 && node->field->sql_type == TEXTARRAYOID)
	{
		oms_sql_column(sql, node->field);
		oms_sql_operator(sql, "&&");
		oms_sql_put_param(sql, texts);
	}
	else
		sql_put_texts_of_json(sql, node, texts);
	oms_sql_put(sql, ")");
}

/* Equal to an id that one of the names leads to: asked once, and then looked up. */
static void
sql_put_known_by(QuerySql *sql, const NameDef *names, const SpecNode *node)
{
	oms_sql_operator(sql, "=");
	appendStringInfo(&sql->text, "ANY (ARRAY(SELECT n.%s FROM oms.%s AS n WHERE n.%s", names->id_column, names->table, names->column);
	oms_sql_operator(sql, "=");
	sql_put_constants(sql, node, TEXTOID);
	oms_sql_put(sql, "))");
}

static void
sql_put_ever(QuerySql *sql, const SpecNode *node)
{
	oms_sql_put(sql, node->op == SPEC_NE ? "NOT (" : "(");
	oms_sql_column(sql, node->field);
	sql_put_known_by(sql, node->field->ever, node);
	oms_sql_put(sql, ")");
}

static void
sql_put_is_null(QuerySql *sql, const SpecNode *node)
{
	sql_put_plain(sql, node->field, oms_sql_path(sql, node->field), "#>>");
	oms_sql_put(sql, node->constants[0].json.val.boolean ? " IS NULL" : " IS NOT NULL");
}

static void
sql_put_comparison(QuerySql *sql, const SpecNode *node)
{
	Oid			type = sql_is_whole(node) ? INT8OID : sql_type_of(node);

	if (node->op == SPEC_IS_NULL)
		sql_put_is_null(sql, node);
	else if (node->nconstants == 0)
		oms_sql_put(sql, "false");
	else if (node->type == QUERY_TEXTS)
		sql_put_texts(sql, node);
	else if (node->type == QUERY_EVER)
		sql_put_ever(sql, node);
	else
	{
		sql_put_compared(sql, node, type);
		oms_sql_operator(sql, sql_operators[node->op]);
		if (!sql_put_literals(sql, node))
			sql_put_constants(sql, node, type);
	}
}

/* ------------------------------------------------------------------------
 * conditions
 * ------------------------------------------------------------------------
 */

static void
sql_put_condition(QuerySql *sql, const SpecNode *node)
{
	if (node == sql->done)
		oms_sql_put(sql, "true");
	else if (node->kind == SPEC_COMPARE)
		sql_put_comparison(sql, node);
	else if (node->nmembers == 0)
		oms_sql_put(sql, node->kind == SPEC_AND ? "true" : "false");
	else
	{
		oms_sql_put(sql, node->kind == SPEC_NOT ? "NOT (" : "(");
		for (int i = 0; i < node->nmembers; i++)
		{
			if (i > 0)
				oms_sql_put(sql, node->kind == SPEC_AND ? " AND " : " OR ");
			sql_put_condition(sql, node->members[i]);
		}
		oms_sql_put(sql, ")");
	}
}

/*
 * A name that an object goes by now is one of all that it ever went by, and those
 * have an index: the column itself changes too often for one.
 */
static void
sql_put_name_now(QuerySql *sql, const QueryTarget *target, const SpecNode *node)
{
	if (node->kind != SPEC_COMPARE || (node->op != SPEC_EQ && node->op != SPEC_IN) || node->nconstants == 0 || target->rows == QUERY_EVENTS)
		return;
	for (int i = 0; i < NAME_COUNT; i++)
	{
		const NameDef *names = &oms_names[i];

		if (names->kind != target->kind->kind || names->shared || node->field->npath > 1 || strcmp(names->field, node->field->name) != 0)
			continue;
		oms_sql_put(sql, " AND o.id");
		sql_put_known_by(sql, names, node);
	}
}

void
oms_sql_where(QuerySql *sql, const QueryTarget *target, const SpecNode *where)
{
	sql_put_condition(sql, where);
	if (where->kind != SPEC_AND)
		sql_put_name_now(sql, target, where);
	for (int i = 0; where->kind == SPEC_AND && i < where->nmembers; i++)
		sql_put_name_now(sql, target, where->members[i]);
}

/* The one root that the condition asks for, or NULL. */
static const SpecNode *
sql_root(const SpecNode *where)
{
	if (where->kind == SPEC_COMPARE)
		return where->op == SPEC_EQ && where->field->npath == 1 && strcmp(where->field->column, "root_id") == 0 ? where : NULL;
	for (int i = 0; where->kind == SPEC_AND && i < where->nmembers; i++)
		if (where->members[i]->kind == SPEC_COMPARE && sql_root(where->members[i]))
			return where->members[i];
	return NULL;
}

/*
 * Down from the root: each order is reached once, from its one parent, and then
 * looked up.  The condition on its root is not written once more: the planner would
 * take the trees for small, and hold each order against each.
 */
static void
sql_put_tree_of(QuerySql *sql, const char *table, const SpecNode *root)
{
	int			id = oms_sql_param(sql, TEXTOID, sql_constant(root, TEXTOID, root->constants));

	oms_sql_put(sql, " JOIN (WITH RECURSIVE down (depth, path, id) AS (SELECT 0, ARRAY[r.id], r.id FROM oms.");
	oms_sql_put(sql, table);
	oms_sql_put(sql, " AS r WHERE r.parent_id IS NULL AND r.id");
	oms_sql_operator(sql, "=");
	oms_sql_put_param(sql, id);
	oms_sql_put(sql, " UNION ALL SELECT d.depth");
	oms_sql_operator(sql, "+");
	oms_sql_put(sql, "1, pg_catalog.array_append(d.path, c.id), c.id FROM down AS d JOIN oms.");
	oms_sql_put(sql, table);
	oms_sql_put(sql, " AS c ON c.parent_id");
	oms_sql_operator(sql, "=");
	oms_sql_put(sql, "d.id AND c.root_id");
	oms_sql_operator(sql, "=");
	oms_sql_put_param(sql, id);
	oms_sql_put(sql, ") SELECT d.depth, d.path, d.id FROM down AS d) AS t ON t.id");
	oms_sql_operator(sql, "=");
	oms_sql_put(sql, "o.id");
}

/* Up from each order that the condition finds; what goes round comes to no root. */
static void
sql_put_trees_above(QuerySql *sql, const char *table)
{
	oms_sql_put(sql, " CROSS JOIN LATERAL (WITH RECURSIVE up (depth, path, above) AS ("
				"SELECT 0, ARRAY[o.id], o.parent_id UNION ALL SELECT u.depth");
	oms_sql_operator(sql, "+");
	oms_sql_put(sql, "1, pg_catalog.array_prepend(p.id, u.path), p.parent_id FROM up AS u JOIN oms.");
	oms_sql_put(sql, table);
	oms_sql_put(sql, " AS p ON p.id");
	oms_sql_operator(sql, "=");
	oms_sql_put(sql, "u.above AND p.id");
	oms_sql_operator(sql, "<>");
	oms_sql_put(sql, "ALL (u.path)) SELECT u.depth, u.path FROM up AS u WHERE u.above IS NULL) AS t");
}

/* What hangs on no root is in no tree. */
void
oms_sql_from(QuerySql *sql, const QueryTarget *target, const SpecNode *where)
{
	const SpecNode *root = target->rows == QUERY_TREE ? sql_root(where) : NULL;

	oms_sql_put(sql, " FROM oms.");
	oms_sql_put(sql, target->relation);
	oms_sql_put(sql, " AS o");
	sql->done = root;
	if (root)
		sql_put_tree_of(sql, target->relation, root);
	else if (target->rows == QUERY_TREE)
		sql_put_trees_above(sql, target->relation);
}
