/*-------------------------------------------------------------------------
 *
 * predicate.c
 *	  What is asked of a command, as one SQL expression.
 *
 * Read by the server's own parser, and understood as the owner of our tables
 * would with nothing but pg_catalog before him, whoever the session's user is.
 * What may stand in one is said in predicate_allow.c.
 *
 * There are no rows: `cur.symbol` is a parameter that is fetched when the
 * predicate asks for it.  So it costs what it reads, and what is added to a table
 * is no matter here.
 *
 * It says the same in every session: what settings of the session times depend on
 * is not asked (predicate_settings, and predicate_pin_settings()).
 *
 * Writes and locks nothing, but through the look-ups that a predicate calls.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_collation_d.h"
#include "catalog/pg_type_d.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parser.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "core/command_normal.h"
#include "store/catalog.h"
#include "store/predicate.h"

/* Parameters: the command, and then each column of each row. */
#define PARAM_COMMAND	1
#define PARAM_OF(row, column)	(PARAM_COMMAND + 1 + (row) * RECORD_COLUMNS_MAX + (column))
#define PARAM_FACT(fact)	(PARAM_OF(ROW_COUNT, 0) + (fact))
#define PARAM_COUNT		(PARAM_FACT(FACT_COUNT) - 1)

static const char *const predicate_row_names[ROW_COUNT] = {
	[ROW_CUR] = "cur",
	[ROW_PARENT] = "parent",
	[ROW_ROOT] = "root",
};

const char *
oms_predicate_row_name(PredicateRow row)
{
	return predicate_row_names[row];
}

ObjectKind
oms_predicate_row_kind(ObjectKind kind, PredicateRow row)
{
	return row == ROW_CUR ? kind : row == ROW_PARENT ? oms_kinds[kind].parent_kind : oms_kinds[kind].root_kind;
}

bool
oms_predicate_passes_on(int sqlstate)
{
	int			category = ERRCODE_TO_CATEGORY(sqlstate);

	return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE ||
		category == ERRCODE_TO_CATEGORY(ERRCODE_CONNECTION_EXCEPTION) ||
		category == ERRCODE_TO_CATEGORY(ERRCODE_TRANSACTION_ROLLBACK) ||
		category == ERRCODE_TO_CATEGORY(ERRCODE_INSUFFICIENT_RESOURCES) ||
		category == ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION) ||
		category == ERRCODE_TO_CATEGORY(ERRCODE_SYSTEM_ERROR) ||
		category == ERRCODE_TO_CATEGORY(ERRCODE_INTERNAL_ERROR);
}

/* ------------------------------------------------------------------------
 * compiling
 * ------------------------------------------------------------------------
 */

static Node *
predicate_param(int id, Oid type, int location)
{
	Param	   *param = makeNode(Param);

	param->paramkind = PARAM_EXTERN;
	param->paramid = id;
	param->paramtype = type;
	param->paramtypmod = -1;
	/* as the columns of our tables have it */
	param->paramcollid = OidIsValid(get_typcollation(type)) ? C_COLLATION_OID : InvalidOid;
	param->location = location;
	return (Node *) param;
}

static Node *
predicate_fact(ParseState *pstate, const char *name, int location)
{
	int			fact = oms_fact_find(name);

	if (fact == FACT_COUNT)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("there is no fact \"%s\"", name),
				 parser_errposition(pstate, location)));
	return predicate_param(PARAM_FACT(fact), NUMERICOID, location);
}

/* The names that are left by predicate_allow.c: the command, a row whose being there is asked, a row's column, a fact. */
static Node *
predicate_name(ParseState *pstate, ColumnRef *ref)
{
	ObjectKind	kind = ((const PredicateScope *) pstate->p_ref_hook_state)->kind;
	const char *name = strVal(linitial(ref->fields));
	const char *column = list_length(ref->fields) > 1 ? strVal(lsecond(ref->fields)) : "id";
	PredicateRow row = 0;
	const RecordDef *def;
	const RecordColumn *found;

	while (row < ROW_COUNT && strcmp(predicate_row_names[row], name) != 0)
		row++;
	if (row == ROW_COUNT)
		return strcmp(name, "facts") == 0 ? predicate_fact(pstate, column, ref->location) : predicate_param(PARAM_COMMAND, JSONBOID, ref->location);
	def = oms_kinds[oms_predicate_row_kind(kind, row)].record;
	found = oms_record_column(def, column);
	if (found == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("oms.%s has no column \"%s\" of ours", def->table, column),
				 parser_errposition(pstate, ref->location)));
	return predicate_param(PARAM_OF(row, found - def->columns), oms_record_column_type(found), ref->location);
}

/* The one expression that the text is. */
static Node *
predicate_parse(ParseState *pstate, const char *text)
{
	List	   *statements = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	SelectStmt *select = castNode(SelectStmt, linitial_node(RawStmt, statements)->stmt);
	ResTarget  *target = list_length(select->targetList) == 1 ? linitial_node(ResTarget, select->targetList) : NULL;

	if (target == NULL || target->name || target->indirection || select->distinctClause || select->intoClause || select->fromClause ||
		select->whereClause || select->groupClause || select->havingClause || select->windowClause || select->valuesLists ||
		select->sortClause || select->limitOffset || select->limitCount || select->lockingClause || select->withClause ||
		select->op != SETOP_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("a predicate is one expression, and nothing else")));
	oms_predicate_check_raw(pstate, target->val);
	return target->val;
}

static Expr *
predicate_analyze(const char *text, PredicateScope *scope)
{
	ParseState *pstate = make_parsestate(NULL);
	Node	   *expr;

	pstate->p_sourcetext = text;
	pstate->p_pre_columnref_hook = predicate_name;
	pstate->p_ref_hook_state = scope;
	expr = transformExpr(pstate, predicate_parse(pstate, text), EXPR_KIND_OTHER);
	expr = scope->measures ? coerce_to_specific_type(pstate, expr, NUMERICOID, "a measure") : coerce_to_boolean(pstate, expr, "predicate");
	assign_expr_collations(pstate, expr);
	oms_predicate_check(pstate, expr);
	free_parsestate(pstate);
	return (Expr *) expr;
}

/* What it is understood by, beside the catalog. */
static const struct
{
	const char *name;
	const char *value;
}			predicate_settings[] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"standard_conforming_strings", "on"},
	{"escape_string_warning", "off"},
	{"transform_null_equals", "off"},
	{"array_nulls", "on"},
	{"DateStyle", "ISO, MDY"},
	{"IntervalStyle", "postgres"},
	{"TimeZone", "UTC"},
};

/* As the owner of the rules, by those settings; `prepare` gets what it is in that state. */
static void *
predicate_understand(const char *text, PredicateScope scope, void *(*prepare) (Expr *expr))
{
	Oid			user;
	int			security;
	int			settings = NewGUCNestLevel();
	void	   *result;

	if (strlen(text) > PREDICATE_LENGTH_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a predicate has at most %d bytes", PREDICATE_LENGTH_MAX)));
	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(oms_relation_owner(OMS_VALIDATION_RULES), security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	for (int i = 0; i < lengthof(predicate_settings); i++)
		(void) set_config_option(predicate_settings[i].name, predicate_settings[i].value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	result = prepare(predicate_analyze(text, &scope));
	AtEOXact_GUC(false, settings);
	SetUserIdAndSecContext(user, security);
	return result;
}

static void *
predicate_prepare(Expr *expr)
{
	Predicate  *predicate = palloc(sizeof(Predicate));

	predicate->fields = oms_predicate_fields((Node *) expr, PARAM_COMMAND);
	predicate->state = ExecInitExpr(expression_planner(expr), NULL);
	return predicate;
}

static Predicate *
predicate_compile(const char *text, PredicateScope scope, MemoryContext memory)
{
	MemoryContext compiling = AllocSetContextCreate(CurrentMemoryContext, "oms predicate", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(compiling);
	Predicate  *predicate = predicate_understand(text, scope, predicate_prepare);

	MemoryContextSwitchTo(old);
	/* what an error leaves goes with the memory of who has asked */
	MemoryContextSetParent(compiling, memory);
	return predicate;
}

Predicate *
oms_predicate_compile(const char *text, ObjectKind kind, MemoryContext memory)
{
	return predicate_compile(text, (PredicateScope) {.kind = kind}, memory);
}

Predicate *
oms_measure_compile(const char *text, ObjectKind kind, MemoryContext memory)
{
	return predicate_compile(text, (PredicateScope) {.kind = kind, .measures = true}, memory);
}

static void *
predicate_as_it_is(Expr *expr)
{
	return expr;
}

Node *
oms_predicate_tree(const char *text, ObjectKind kind)
{
	return predicate_understand(text, (PredicateScope) {.kind = kind}, predicate_as_it_is);
}

char *
oms_predicate_param_name(const Param *param, ObjectKind kind)
{
	int			place = param->paramid - PARAM_OF(ROW_CUR, 0);
	PredicateRow row = place / RECORD_COLUMNS_MAX;

	if (param->paramid == PARAM_COMMAND)
		return NULL;
	return psprintf("%s.%s", oms_predicate_row_name(row),
					oms_kinds[oms_predicate_row_kind(kind, row)].record->columns[place % RECORD_COLUMNS_MAX].column);
}

/* ------------------------------------------------------------------------
 * asking
 * ------------------------------------------------------------------------
 */

Jsonb *
oms_predicate_command(PredicateSubject *subject)
{
	if (subject->normal == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(subject->memory);

		subject->normal = oms_command_normal(subject->command);
		MemoryContextSwitchTo(old);
	}
	return subject->normal;
}

static ParamExternData *
predicate_fetch(ParamListInfo params, int id, bool speculative, ParamExternData *value)
{
	PredicateSubject *subject = params->paramFetchArg;
	int			place = id - PARAM_OF(ROW_CUR, 0);

	value->value = (Datum) 0;
	value->isnull = true;
	value->pflags = 0;
	if (id == PARAM_COMMAND)
	{
		subject->read_command = true;
		value->ptype = JSONBOID;
		value->isnull = subject->command == NULL && subject->normal == NULL;
		if (!value->isnull)
			value->value = JsonbPGetDatum(oms_predicate_command(subject));
	}
	else if (id >= PARAM_FACT(0))
	{
		value->ptype = NUMERICOID;
		value->isnull = subject->facts == NULL || subject->facts->value[id - PARAM_FACT(0)] == NULL;
		if (!value->isnull)
			value->value = NumericGetDatum(subject->facts->value[id - PARAM_FACT(0)]);
	}
	else
	{
		PredicateRow row = place / RECORD_COLUMNS_MAX;
		ObjectKind	kind = oms_predicate_row_kind(subject->command ? subject->command->def->kind : subject->kind, row);
		const RecordColumn *column = &oms_kinds[kind].record->columns[place % RECORD_COLUMNS_MAX];

		subject->read[row][place % RECORD_COLUMNS_MAX / 64] |= UINT64CONST(1) << (place % 64);
		value->ptype = oms_record_column_type(column);
		if (subject->rows[row])
			value->isnull = !oms_record_value(column, subject->rows[row], &value->value);
	}
	return value;
}

/* What functions of times ask of the session. */
typedef struct PinnedSettings
{
	int			date_style;
	int			date_order;
	int			interval_style;
	pg_tz	   *zone;
} PinnedSettings;

static PinnedSettings
predicate_pin_settings(void)
{
	PinnedSettings before = {DateStyle, DateOrder, IntervalStyle, session_timezone};

	DateStyle = USE_ISO_DATES;
	DateOrder = DATEORDER_MDY;
	IntervalStyle = INTSTYLE_POSTGRES;
	session_timezone = pg_tzset("UTC");
	return before;
}

static void
predicate_unpin_settings(const PinnedSettings *before)
{
	DateStyle = before->date_style;
	DateOrder = before->date_order;
	IntervalStyle = before->interval_style;
	session_timezone = before->zone;
}

static PredicateSubject *predicate_asked = NULL;

PredicateSubject *
oms_predicate_subject(void)
{
	return predicate_asked;
}

/* A measure's number becomes a double while it is there. */
static bool
predicate_ask(Predicate *predicate, PredicateSubject *subject, bool *holds, double *number)
{
	static ExprContext *context = NULL;
	ParamListInfoData params = {.paramFetch = predicate_fetch, .paramFetchArg = subject, .numParams = PARAM_COUNT};
	PredicateSubject *asked_before = predicate_asked;
	PinnedSettings before;
	bool		isnull;
	Datum		value;

	if (context == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(CacheMemoryContext);

		context = CreateStandaloneExprContext();
		MemoryContextSwitchTo(old);
	}
	context->ecxt_param_list_info = &params;
	if (subject->memory == NULL)
		subject->memory = CurrentMemoryContext;
	subject->read_command = false;
	memset(subject->read, 0, sizeof(subject->read));
	before = predicate_pin_settings();
	predicate_asked = subject;
	PG_TRY();
	{
		value = ExecEvalExprSwitchContext(predicate->state, context, &isnull);
		if (holds)
			*holds = DatumGetBool(value);
		else if (!isnull)
			*number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value));
	}
	PG_FINALLY();
	{
		predicate_asked = asked_before;
		predicate_unpin_settings(&before);
		context->ecxt_param_list_info = NULL;
		ResetExprContext(context);
	}
	PG_END_TRY();
	return !isnull;
}

bool
oms_predicate_evaluate(Predicate *predicate, PredicateSubject *subject, bool *holds)
{
	return predicate_ask(predicate, subject, holds, NULL);
}

bool
oms_measure_evaluate(Predicate *measure, PredicateSubject *subject, double *value)
{
	return predicate_ask(measure, subject, NULL, value) && isfinite(*value);
}
