/*-------------------------------------------------------------------------
 *
 * query_statement.c
 *	  The statement of a query, and what is made of its rows.
 *
 * Each call writes what follows the columns, for its values are found on the way;
 * that text is the shape by which a plan is kept.  The columns are written only
 * for a new shape, but for those that the query itself names.
 *
 * Reads and writes no table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "common/hashfn.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"

#include "query/query_statement.h"

/* ------------------------------------------------------------------------
 * the order of rows, and the page behind a row
 * ------------------------------------------------------------------------
 */

/* Texts are sorted as their ids are, by bytes, wherever the column or the database has another collation. */
static void
statement_put_key(QueryStatement *s, int i)
{
	const QueryField *field = &s->request->keys[i].field;
	Oid			type = oms_sql_type_shown(field);

	oms_sql_shown(&s->sql, field, s->paths[i]);
	if (type == TEXTOID || type == TEXTARRAYOID)
		oms_sql_put(&s->sql, " COLLATE pg_catalog.\"C\"");
}

static bool
statement_may_be_null(const QueryKey *key)
{
	return !key->field.not_null || key->field.npath > 1;
}

/* A cursor has the values of these keys in this order: one of another is none. */
static uint32
statement_digest(const QueryRequest *request)
{
	uint32		digest = hash_bytes((const unsigned char *) request->target.name, strlen(request->target.name));

	for (int i = 0; i < request->nkeys; i++)
	{
		const QueryKey *key = &request->keys[i];

		digest = hash_combine(digest, key->descending);
		digest = hash_combine(digest, hash_bytes((const unsigned char *) key->field.name, strlen(key->field.name)));
		digest = hash_combine(digest, hash_bytes_uint32(oms_sql_type_shown(&key->field)));
	}
	return digest;
}

static void
statement_put_compared(QueryStatement *s, int i, const char *operator, int value)
{
	statement_put_key(s, i);
	oms_sql_operator(&s->sql, operator);
	oms_sql_put_param(&s->sql, value);
}

/* The key is as in the row that the page follows. */
static void
statement_put_equal(QueryStatement *s, int i, int value)
{
	if (value > 0)
	{
		statement_put_compared(s, i, "=", value);
		return;
	}
	statement_put_key(s, i);
	oms_sql_put(&s->sql, " IS NULL");
}

/*
 * The key stands behind it: nulls are the largest.  False, and nothing is
 * written: none does.
 */
static bool
statement_put_behind(QueryStatement *s, int i, int value)
{
	const QueryKey *key = &s->request->keys[i];

	if (value == 0 && !key->descending)
		return false;
	oms_sql_put(&s->sql, "(");
	if (value > 0)
		statement_put_compared(s, i, key->descending ? "<" : ">", value);
	if (value > 0 && !key->descending && statement_may_be_null(key))
		oms_sql_put(&s->sql, " OR ");
	if (value == 0 || (!key->descending && statement_may_be_null(key)))
	{
		statement_put_key(s, i);
		oms_sql_put(&s->sql, value == 0 ? " IS NOT NULL" : " IS NULL");
	}
	oms_sql_put(&s->sql, ")");
	return true;
}

/* Where an index on the first key begins. */
static void
statement_put_bound(QueryStatement *s, int value)
{
	const QueryKey *key = &s->request->keys[0];

	if (value == 0 && !key->descending)
		statement_put_equal(s, 0, value);
	else if (value > 0 && (key->descending || !statement_may_be_null(key)))
		statement_put_compared(s, 0, key->descending ? "<=" : ">=", value);
	else
		return;
	oms_sql_put(&s->sql, " AND ");
}

/* Keys of one direction that are never null: one comparison of rows, which an index on several of them can begin at. */
static bool
statement_is_one_way(const QueryRequest *request)
{
	for (int i = 0; i < request->nkeys; i++)
		if (statement_may_be_null(&request->keys[i]) || request->keys[i].descending != request->keys[0].descending)
			return false;
	return true;
}

static void
statement_put_after_row(QueryStatement *s, const int *values)
{
	oms_sql_put(&s->sql, "ROW(");
	for (int i = 0; i < s->request->nkeys; i++)
	{
		oms_sql_put(&s->sql, i > 0 ? ", " : "");
		statement_put_key(s, i);
	}
	oms_sql_put(&s->sql, ")");
	oms_sql_operator(&s->sql, s->request->keys[0].descending ? "<" : ">");
	oms_sql_put(&s->sql, "ROW(");
	for (int i = 0; i < s->request->nkeys; i++)
	{
		oms_sql_put(&s->sql, i > 0 ? ", " : "");
		oms_sql_put_param(&s->sql, values[i]);
	}
	oms_sql_put(&s->sql, ")");
}

/* Behind at one key, and equal at those before it. */
static void
statement_put_after_keys(QueryStatement *s, const int *values)
{
	bool		any = false;

	statement_put_bound(s, values[0]);
	oms_sql_put(&s->sql, "(");
	for (int i = 0; i < s->request->nkeys; i++)
	{
		int			before = s->sql.text.len;

		oms_sql_put(&s->sql, any ? " OR (" : "(");
		for (int j = 0; j < i; j++)
		{
			statement_put_equal(s, j, values[j]);
			oms_sql_put(&s->sql, " AND ");
		}
		if (statement_put_behind(s, i, values[i]))
		{
			oms_sql_put(&s->sql, ")");
			any = true;
		}
		else
		{
			s->sql.text.len = before;
			s->sql.text.data[before] = '\0';
		}
	}
	oms_sql_put(&s->sql, any ? ")" : "false)");
}

static Refusal *
statement_put_after(QueryStatement *s)
{
	const QueryRequest *request = s->request;
	CursorKey	keys[CURSOR_KEYS_MAX];
	int			values[CURSOR_KEYS_MAX];
	const char *problem;

	for (int i = 0; i < request->nkeys; i++)
		keys[i].type = oms_sql_type_shown(&request->keys[i].field);
	problem = oms_cursor_decode(request->after, request->after_length, s->order, keys, request->nkeys);
	for (int i = 0; problem == NULL && i < request->nkeys; i++)
		if (keys[i].isnull && !statement_may_be_null(&request->keys[i]))
			problem = "No row has a null there.";
	if (problem)
		return oms_with_hint(oms_with_detail(oms_refuse(OMS_BAD_QUERY, "bad query: after is no cursor of this query"), "%s", problem),
							 "Give the cursor of the last row of the page before, with the same orderBy.");
	for (int i = 0; i < request->nkeys; i++)
		values[i] = keys[i].isnull ? 0 : oms_sql_param(&s->sql, keys[i].type, keys[i].value);
	oms_sql_put(&s->sql, " AND ");
	if (statement_is_one_way(request))
		statement_put_after_row(s, values);
	else
		statement_put_after_keys(s, values);
	return NULL;
}

/* ------------------------------------------------------------------------
 * the statement
 * ------------------------------------------------------------------------
 */

static void
statement_put_order(QueryStatement *s)
{
	for (int i = 0; i < s->request->nkeys; i++)
	{
		oms_sql_put(&s->sql, i == 0 ? " ORDER BY " : ", ");
		statement_put_key(s, i);
		oms_sql_put(&s->sql, s->request->keys[i].descending ? " DESC" : "");
	}
	/* the planner is told how many to expect, in few steps, for each is a shape; the executor ends where the limit is */
	if (s->request->limit > 0)
	{
		oms_sql_put(&s->sql, " LIMIT ");
		oms_sql_put_number(&s->sql, pg_nextpower2_32(s->request->limit));
	}
}

/*
 * The columns that a query names belong to its shape; where in documents they
 * stand is a value of the statement.  But what is made of its rows knows it: a
 * cursor says of which keys it is, and a key that is shown is not read twice.
 */
static void
statement_key(QueryStatement *s)
{
	int			count = s->result == QUERY_AS_JSON ? s->request->nselect : 0;
	int			nkeys = s->result == QUERY_AS_JSON ? s->request->nkeys : 0;

	initStringInfo(&s->key);
	appendStringInfoChar(&s->key, s->result);
	appendStringInfoChar(&s->key, s->request->target.rows);
	appendBinaryStringInfo(&s->key, (char *) &count, sizeof(count));
	s->select_paths = palloc(sizeof(int) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		s->select_paths[i] = oms_sql_path(&s->sql, &s->request->select[i]);
		appendBinaryStringInfo(&s->key, s->request->select[i].name, strlen(s->request->select[i].name) + 1);
	}
	for (int i = 0; i < nkeys; i++)
		if (s->request->keys[i].field.npath > 1)
			appendBinaryStringInfo(&s->key, s->request->keys[i].field.name, strlen(s->request->keys[i].field.name) + 1);
	appendBinaryStringInfo(&s->key, s->sql.text.data, s->sql.text.len);
}

Refusal *
oms_statement_begin(const QueryRequest *request, QueryResult result, bool readable, QueryStatement *s)
{
	bool		sorted = result == QUERY_AS_JSON || result == QUERY_AS_ROWS;
	Refusal    *refusal = NULL;
	int			nparams;

	memset(s, 0, sizeof(QueryStatement));
	s->request = request;
	s->result = result;
	s->order = statement_digest(request);
	oms_sql_init(&s->sql, readable);
	for (int i = 0; sorted && i < request->nkeys; i++)
		s->paths[i] = oms_sql_path(&s->sql, &request->keys[i].field);
	nparams = s->sql.nparams;
	oms_sql_from(&s->sql, &request->target, request->where);
	oms_sql_put(&s->sql, " WHERE ");
	oms_sql_where(&s->sql, &request->target, request->where);
	s->has_values = s->sql.nparams > nparams;
	if (sorted && request->after)
		refusal = statement_put_after(s);
	if (sorted)
		statement_put_order(s);
	statement_key(s);
	return refusal;
}

/* Of the type that we read it as, whatever has become of the column: for ours that changes nothing. */
static void
statement_put_column(QueryStatement *s, const QueryField *field, int path)
{
	static const struct
	{
		Oid			type;
		const char *name;
	}			types[] = {
		{TEXTOID, "text"}, {NUMERICOID, "numeric"}, {INT8OID, "int8"}, {INT4OID, "int4"}, {BOOLOID, "bool"}, {JSONBOID, "jsonb"},
		{TIMESTAMPTZOID, "timestamptz"}, {DATEOID, "date"}, {TEXTARRAYOID, "text[]"},
	};
	Oid			type = oms_sql_type_shown(field);
	int			t = 0;

	while (t < lengthof(types) && types[t].type != type)
		t++;
	if (t == lengthof(types))
		elog(ERROR, "BUG: a query shows a column of type %u", type);
	oms_sql_shown(&s->sql, field, path);
	oms_sql_put(&s->sql, s->sql.readable ? "" : "::pg_catalog.");
	oms_sql_put(&s->sql, s->sql.readable ? "" : types[t].name);
}

/* A column of the result. */
static void
statement_add_column(QueryStatement *s, const QueryField *field, int path, int *ncolumns)
{
	oms_sql_put(&s->sql, *ncolumns > 0 ? ", " : "");
	statement_put_column(s, field, path);
	(*ncolumns)++;
}

static void
statement_add_cell(QueryRow *row, const char *name, const QueryField *field, int place, bool of_whole)
{
	row->cells[row->ncells++] = (QueryCell) {name, oms_sql_type_shown(field), place, of_whole};
}

static void
statement_put_event(QueryStatement *s, QueryRow *row, int *ncolumns)
{
	QueryField	field;

	for (int i = 0; i < oms_query_column_count(&s->request->target); i++)
	{
		oms_query_column(&s->request->target, i, &field);
		/* as it is sent, and with what it has beside that */
		if (field.sql_type != JSONBOID && strcmp(field.name, "account") != 0)
			continue;
		statement_add_cell(row, field.sql_type == JSONBOID ? NULL : field.name, &field, *ncolumns, false);
		statement_add_column(s, &field, 0, ncolumns);
	}
}

static void
statement_put_whole(QueryStatement *s, QueryRow *row, int *ncolumns)
{
	const QueryTarget *target = &s->request->target;
	QueryField	field;

	row->whole = target->kind->record;
	appendStringInfo(&s->sql.text, "o.*::oms.%s", target->relation);
	(*ncolumns)++;
	for (int i = 0; i < oms_query_column_count(target); i++)
		if (oms_query_column(target, i, &field))
		{
			statement_add_cell(row, field.name, &field, field.of_tree ? *ncolumns : i, !field.of_tree);
			if (field.of_tree)
				statement_add_column(s, &field, 0, ncolumns);
		}
}

static void
statement_put_all(QueryStatement *s, QueryRow *row, int *ncolumns)
{
	row->cells = palloc(sizeof(QueryCell) * oms_query_column_count(&s->request->target));
	if (s->request->target.rows == QUERY_EVENTS)
		statement_put_event(s, row, ncolumns);
	else
		statement_put_whole(s, row, ncolumns);
}

static void
statement_put_selected(QueryStatement *s, QueryRow *row, int *ncolumns)
{
	row->cells = palloc(sizeof(QueryCell) * Max(s->request->nselect, 1));
	for (int i = 0; i < s->request->nselect; i++)
	{
		const QueryField *field = &s->request->select[i];

		statement_add_cell(row, field->name, field, *ncolumns, false);
		statement_add_column(s, field, s->select_paths[i], ncolumns);
	}
}

/* What the cursor needs, where it is not shown already. */
static void
statement_put_keys(QueryStatement *s, QueryRow *row, int *ncolumns)
{
	row->keys = palloc(sizeof(QueryCell) * s->request->nkeys);
	row->nkeys = s->request->nkeys;
	for (int i = 0; i < row->nkeys; i++)
	{
		const QueryField *field = &s->request->keys[i].field;
		int			c = 0;

		while (c < row->ncells && (row->cells[c].name == NULL || strcmp(row->cells[c].name, field->name) != 0))
			c++;
		if (c < row->ncells)
		{
			row->keys[i] = row->cells[c];
			continue;
		}
		row->keys[i] = (QueryCell) {NULL, oms_sql_type_shown(field), *ncolumns, false};
		statement_add_column(s, field, s->paths[i], ncolumns);
	}
}

char *
oms_statement_text(QueryStatement *s, QueryRow *row)
{
	StringInfoData tail = s->sql.text;
	int			ncolumns = 0;

	*row = (QueryRow) {.order = s->order};
	initStringInfo(&s->sql.text);
	oms_sql_put(&s->sql, "SELECT ");
	if (s->result == QUERY_AS_ROWS)
		appendStringInfo(&s->sql.text, "o.*::oms.%s", s->request->target.relation);
	else if (s->result == QUERY_AS_COUNT)
		oms_sql_put(&s->sql, "pg_catalog.count(*)");
	else if (s->result == QUERY_AS_JSON)
	{
		if (s->request->nselect < 0)
			statement_put_all(s, row, &ncolumns);
		else
			statement_put_selected(s, row, &ncolumns);
		statement_put_keys(s, row, &ncolumns);
		oms_query_row_sort(row);
	}
	appendBinaryStringInfo(&s->sql.text, tail.data, tail.len);
	return s->sql.text.data;
}
