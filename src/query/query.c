/*-------------------------------------------------------------------------
 *
 * query.c
 *	  The read side as SQL calls it: oms_query(), oms.query_count(),
 *	  oms.find_orders() and its fellows, oms.explain_query().
 *
 * A query is a statement with the caller's rights and row security, read in the
 * snapshot of the statement that calls.  Its plan is kept by its shape
 * (query_plan.c); its rows come straight from the executor, and are in nobody's
 * table of results before they are JSON.
 *
 * Writes no table.  Locks: those of a SELECT.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "commands/explain.h"
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif
#include "executor/executor.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/regproc.h"
#include "utils/resowner.h"

#include "base/json.h"
#include "query/query_plan.h"
#include "query/query_statement.h"
#include "store/account_rights.h"
#include "store/catalog.h"

PG_FUNCTION_INFO_V1(oms_query);
PG_FUNCTION_INFO_V1(oms_find_objects);
PG_FUNCTION_INFO_V1(oms_query_count);
PG_FUNCTION_INFO_V1(oms_explain_query);

/* ------------------------------------------------------------------------
 * what comes back
 * ------------------------------------------------------------------------
 */

/* Takes the rows of a statement as the executor has them. */
typedef struct QueryReceiver
{
	DestReceiver pub;
	QueryReader reader;
	ReturnSetInfo *rsinfo;		/* where they go, or NULL: … */
	int64	   *count;			/* the one number */
	MemoryContext memory;		/* for one row */
} QueryReceiver;

static bool
query_receive_json(TupleTableSlot *slot, DestReceiver *self)
{
	QueryReceiver *receiver = (QueryReceiver *) self;
	MemoryContext caller = MemoryContextSwitchTo(receiver->memory);
	Datum		value = JsonbPGetDatum(oms_query_row_to_json(&receiver->reader, slot));
	bool		isnull = false;

	MemoryContextSwitchTo(caller);
	tuplestore_putvalues(receiver->rsinfo->setResult, receiver->rsinfo->setDesc, &value, &isnull);
	MemoryContextReset(receiver->memory);
	return true;
}

/* A whole row of the table, as one value. */
static bool
query_receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	QueryReceiver *receiver = (QueryReceiver *) self;
	HeapTupleData tuple = {0};
	bool		isnull;
	Datum		value = slot_getattr(slot, 1, &isnull);

	if (isnull)
		return true;
	tuple.t_data = DatumGetHeapTupleHeader(value);
	tuple.t_len = HeapTupleHeaderGetDatumLength(tuple.t_data);
	ItemPointerSetInvalid(&tuple.t_self);
	tuplestore_puttuple(receiver->rsinfo->setResult, &tuple);
	return true;
}

static bool
query_receive_count(TupleTableSlot *slot, DestReceiver *self)
{
	bool		isnull;

	*((QueryReceiver *) self)->count = DatumGetInt64(slot_getattr(slot, 1, &isnull));
	return true;
}

static void
query_receiver_startup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

static void
query_receiver_end(DestReceiver *self)
{
}

static const DestReceiver query_receiver = {
	.rStartup = query_receiver_startup,
	.rShutdown = query_receiver_end,
	.rDestroy = query_receiver_end,
	.mydest = DestNone,
};

/* ------------------------------------------------------------------------
 * running a query
 * ------------------------------------------------------------------------
 */

static void
query_refuse(const Refusal *refusal)
{
	if (refusal)
		oms_raise(refusal);
}

/* The object and the document of a call; a null document asks for all. */
static void
query_read_arguments(FunctionCallInfo fcinfo, QueryRequest *request)
{
	QueryTarget target;
	text	   *object = PG_ARGISNULL(0) ? cstring_to_text("") : PG_GETARG_TEXT_PP(0);
	JsonWriter	w = {0};
	Jsonb	   *spec;

	query_refuse(oms_query_target(VARDATA_ANY(object), VARSIZE_ANY_EXHDR(object), &target));
	if (PG_ARGISNULL(1))
	{
		oms_json_open_object(&w);
		oms_json_close_object(&w);
		spec = oms_json_finish(&w);
	}
	else
		spec = PG_GETARG_JSONB_P(1);
	query_refuse(oms_query_read(&target, spec, request));
}

/* The plan of a statement; inside of SPI. */
static QueryPlan *
query_plan_of(QueryStatement *statement, ParamListInfo params)
{
	QueryPlan  *plan = oms_query_plan_find(statement->key.data, statement->key.len);
	QueryRow	row;
	char	   *sql;

	if (plan)
	{
		oms_query_plan_judge(plan);
		return plan;
	}
	sql = oms_statement_text(statement, &row);
	return oms_query_plan_make(statement->key.data, statement->key.len, sql, statement->has_values, params, &row);
}

/* While it runs no other query, from inside of it, makes room in its place. */
static void
query_execute(QueryPlan *plan, const SPIExecuteOptions *options)
{
	volatile int result = 0;

	plan->users++;
	PG_TRY();
	{
		result = SPI_execute_plan_extended(plan->plan, options);
	}
	PG_FINALLY();
	{
		plan->users--;
	}
	PG_END_TRY();
	/* so it says where the rows go elsewhere */
	if (result != SPI_OK_UTILITY)
		elog(ERROR, "cannot run a query: %s", SPI_result_code_string(result));
}

static void
query_run(QueryStatement *statement, QueryReceiver *receiver)
{
	SPIExecuteOptions options = {.read_only = true, .tcount = statement->request->limit, .dest = (DestReceiver *) receiver};
	QueryPlan  *plan;

	options.params = oms_sql_params(&statement->sql);
	SPI_connect();
	plan = query_plan_of(statement, options.params);
	receiver->reader.row = &plan->row;
	receiver->reader.memory = CurrentMemoryContext;
	receiver->memory = AllocSetContextCreate(CurrentMemoryContext, "oms_state row", ALLOCSET_DEFAULT_SIZES);
	query_execute(plan, &options);
	oms_query_reader_end(&receiver->reader);
	SPI_finish();
}

/* (object text, spec jsonb) → set of jsonb */
Datum
oms_query(PG_FUNCTION_ARGS)
{
	QueryReceiver receiver = {query_receiver};
	QueryRequest request;
	QueryStatement statement;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	query_read_arguments(fcinfo, &request);
	query_refuse(oms_statement_begin(&request, QUERY_AS_JSON, false, &statement));
	receiver.pub.receiveSlot = query_receive_json;
	receiver.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	query_run(&statement, &receiver);
	return (Datum) 0;
}

/* The kind whose rows a function returns. */
static const KindDef *
query_kind_of_function(Oid function)
{
	Oid			table = get_typ_typrelid(get_func_rettype(function));

	for (int i = 0; i < oms_kind_count; i++)
		if (OidIsValid(table) && table == oms_relation_if_any(OMS_OBJECTS_OF(i)))
			return &oms_kinds[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
			 errmsg("function %s returns no row of a table of oms_state", format_procedure(function))));
}

static Refusal *
query_read_keys(ArrayType *names, QueryRequest *request)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	Refusal    *refusal = NULL;

	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	if (count >= CURSOR_KEYS_MAX)
		return oms_refuse(OMS_BAD_QUERY, "bad query: order_by has more than %d fields", CURSOR_KEYS_MAX - 1);
	for (int i = 0; i < count && refusal == NULL; i++)
		refusal = nulls[i] ? oms_refuse(OMS_BAD_QUERY, "bad query: order_by has a null") :
			oms_query_read_key(request, VARDATA_ANY(elements[i]), VARSIZE_ANY_EXHDR(elements[i]), psprintf("order_by[%d]", i + 1));
	return refusal;
}

/* (spec oms_spec, order_by text[], "limit" integer) → set of rows of the table */
Datum
oms_find_objects(PG_FUNCTION_ARGS)
{
	QueryReceiver receiver = {query_receiver};
	const KindDef *kind = query_kind_of_function(fcinfo->flinfo->fn_oid);
	const char *name = kind->record->table;
	QueryRequest request = {.nselect = -1};
	QueryStatement statement;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	query_refuse(oms_query_target(name, strlen(name), &request.target));
	query_refuse(oms_query_read_where(PG_GETARG_JSONB_P(0), "spec", &request));
	if (!PG_ARGISNULL(1))
		query_refuse(query_read_keys(PG_GETARG_ARRAYTYPE_P(1), &request));
	query_refuse(oms_query_end_keys(&request));
	if (!PG_ARGISNULL(2) && PG_GETARG_INT32(2) <= 0)
		query_refuse(oms_with_detail(oms_refuse(OMS_BAD_QUERY, "bad query: limit"), "Expected: a whole number from 1 on, or null for all."));
	request.limit = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2);
	query_refuse(oms_statement_begin(&request, QUERY_AS_ROWS, false, &statement));
	receiver.pub.receiveSlot = query_receive_row;
	receiver.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	query_run(&statement, &receiver);
	return (Datum) 0;
}

/* How many rows the planner expects, for these values; it asks for the rights that a query needs. */
static int64
query_estimate(QueryStatement *statement)
{
	QueryRow	row;
	char	   *sql = oms_statement_text(statement, &row);
	SPIPlanPtr	made;
	CachedPlan *plan;
	PlannedStmt *planned;
	int64		rows;

	SPI_connect();
	made = SPI_prepare_cursor(sql, statement->sql.nparams, statement->sql.types, CURSOR_OPT_CUSTOM_PLAN);
	if (made == NULL)
		elog(ERROR, "cannot prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	plan = GetCachedPlan(linitial(SPI_plan_get_plan_sources(made)), oms_sql_params(&statement->sql), NULL, NULL);
	planned = linitial_node(PlannedStmt, plan->stmt_list);
#if PG_VERSION_NUM >= 160000
	ExecCheckPermissions(planned->rtable, planned->permInfos, true);
#else
	ExecCheckRTPerms(planned->rtable, true);
#endif
	rows = (int64) Min(planned->planTree->plan_rows, (double) PG_INT64_MAX / 2);
	ReleaseCachedPlan(plan, NULL);
	SPI_finish();
	return rows;
}

/* (object text, spec jsonb, exact boolean) → bigint */
Datum
oms_query_count(PG_FUNCTION_ARGS)
{
	bool		exact = PG_ARGISNULL(2) || PG_GETARG_BOOL(2);
	QueryReceiver receiver = {query_receiver};
	QueryRequest request;
	QueryStatement statement;
	int64		count = 0;

	query_read_arguments(fcinfo, &request);
	request.limit = 0;
	/* an estimate is made of all rows, also of those that are not his */
	exact |= oms_accounts_are_limited();
	query_refuse(oms_statement_begin(&request, exact ? QUERY_AS_COUNT : QUERY_AS_NOTHING, false, &statement));
	if (!exact)
		PG_RETURN_INT64(query_estimate(&statement));
	receiver.pub.receiveSlot = query_receive_count;
	receiver.count = &count;
	query_run(&statement, &receiver);
	PG_RETURN_INT64(count);
}

/* ------------------------------------------------------------------------
 * explaining a query
 * ------------------------------------------------------------------------
 */

static void
query_put_line(ReturnSetInfo *rsinfo, const char *line)
{
	Datum		value = CStringGetTextDatum(line);
	bool		isnull = false;

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
}

/* The plan that the next call of the query would have. */
static char *
query_explain(QueryStatement *statement)
{
	ParamListInfo params = oms_sql_params(&statement->sql);
	ExplainState *es = NewExplainState();
	QueryPlan  *kept = query_plan_of(statement, params);
	CachedPlan *plan = oms_query_plan_get(kept, params);
	char	   *sql = pstrdup(((CachedPlanSource *) linitial(SPI_plan_get_plan_sources(kept->plan)))->query_string);

	es->costs = true;
	ExplainBeginOutput(es);
#if PG_VERSION_NUM >= 170000
	ExplainOnePlan(linitial_node(PlannedStmt, plan->stmt_list), NULL, es, sql, params, NULL, NULL, NULL, NULL);
#else
	ExplainOnePlan(linitial_node(PlannedStmt, plan->stmt_list), NULL, es, sql, params, NULL, NULL, NULL);
#endif
	ExplainEndOutput(es);
	ReleaseCachedPlan(plan, CurrentResourceOwner);
	return es->str->data;
}

/* (object text, spec jsonb) → set of text */
Datum
oms_explain_query(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	QueryRequest request;
	QueryStatement statement;
	QueryStatement readable;
	QueryRow	row;
	char	   *line;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	query_read_arguments(fcinfo, &request);
	query_refuse(oms_statement_begin(&request, QUERY_AS_JSON, true, &readable));
	query_put_line(rsinfo, oms_statement_text(&readable, &row));
	for (int i = 0; i < readable.sql.nparams; i++)
	{
		Oid			output;
		bool		is_varlena;

		getTypeOutputInfo(readable.sql.types[i], &output, &is_varlena);
		query_put_line(rsinfo, psprintf("$%d = %s", i + 1, OidOutputFunctionCall(output, readable.sql.values[i])));
	}
	query_refuse(oms_statement_begin(&request, QUERY_AS_JSON, false, &statement));
	SPI_connect();
	line = query_explain(&statement);
	while (line && *line)
	{
		char	   *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		query_put_line(rsinfo, line);
		line = end ? end + 1 : NULL;
	}
	SPI_finish();
	return (Datum) 0;
}
