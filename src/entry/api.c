/*-------------------------------------------------------------------------
 *
 * api.c
 *	  The SQL-callable functions: unpack, call, pack.
 *
 * Only here and in fix.c does a refusal become an error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "base/guc.h"
#include "entry/run.h"
#include "store/trees.h"

PG_FUNCTION_INFO_V1(oms_command);
PG_FUNCTION_INFO_V1(oms_try_command);
PG_FUNCTION_INFO_V1(oms_commands);
PG_FUNCTION_INFO_V1(oms_preview_command);
PG_FUNCTION_INFO_V1(oms_remote_command);
PG_FUNCTION_INFO_V1(oms_in_transaction_block);
PG_FUNCTION_INFO_V1(oms_trading_day_of);

/* The command, or commands; SQL's null is taken as JSON's, and is refused like it. */
static Jsonb *
api_argument(FunctionCallInfo fcinfo)
{
	JsonbValue	null = {.type = jbvNull};

	return PG_ARGISNULL(0) ? JsonbValueToJsonb(&null) : PG_GETARG_JSONB_P(0);
}

/* What becomes of a refusal. */
typedef enum ApiRefusal
{
	API_RAISE,
	API_KEEP,
	API_RETURN
} ApiRefusal;

static Datum
api_run_one(FunctionCallInfo fcinfo, const char *function, ApiRefusal refused)
{
	Jsonb	   *raw = api_argument(fcinfo);
	UnitOfWork *uow;
	Refusal    *refusal;
	Jsonb	   *result;

	oms_run_begin(function, false);
	uow = oms_uow_begin();
	result = oms_run(uow, oms_run_take(raw, false), false, &refusal);
	if (result == NULL && refused == API_RAISE)
		oms_run_raise(refusal);
	if (result == NULL)
		result = refused == API_KEEP ? oms_run_keep(uow, raw, refusal) : oms_run_tell(raw, refusal);
	oms_run_end(uow, NULL);
	PG_RETURN_JSONB_P(result);
}

Datum
oms_command(PG_FUNCTION_ARGS)
{
	return api_run_one(fcinfo, "oms_command()", API_RAISE);
}

Datum
oms_try_command(PG_FUNCTION_ARGS)
{
	return api_run_one(fcinfo, "oms_try_command()", API_KEEP);
}

/* For a router, which raises it itself: an error would cost it the connection. */
Datum
oms_remote_command(PG_FUNCTION_ARGS)
{
	return api_run_one(fcinfo, "oms.remote_command()", API_RETURN);
}

/* What is given in such a block somewhere else would not end with it. */
Datum
oms_in_transaction_block(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(IsTransactionBlock() || (MyXactFlags & XACT_FLAGS_PIPELINING) != 0);
}

/* Its trees are locked as they would be, and nothing is written. */
Datum
oms_preview_command(PG_FUNCTION_ARGS)
{
	Jsonb	   *raw = api_argument(fcinfo);
	UnitOfWork *uow;
	TakenCommand *taken;
	Refusal    *refusal;
	Jsonb	   *result;

	oms_run_begin("oms.preview_command()", false);
	uow = oms_uow_begin();
	taken = oms_run_take(raw, false);
	taken->command.preview = TRI_TRUE;
	result = oms_run(uow, taken, false, &refusal);
	if (result == NULL)
		result = oms_run_tell(raw, refusal);
	oms_run_end(uow, NULL);
	PG_RETURN_JSONB_P(result);
}

/* A batch, while it is read for what it names: all of its trees are locked at once. */
typedef struct Batch
{
	UnitOfWork *uow;
	List	   *taken;			/* of TakenCommand: the first ones, as far as there is room to keep them */
	TreeNames	names;
	MemoryContext scratch;		/* for the others, which are read once more when their turn comes */
} Batch;

static void
api_name_one(Batch *batch, JsonbValue *v)
{
	MemoryContext early = oms_uow_early_memory(batch->uow);
	MemoryContext old = MemoryContextSwitchTo(early ? early : batch->scratch);
	TakenCommand *taken = oms_run_take(JsonbValueToJsonb(v), false);
	int			first = batch->names.count;

	if (taken->refusal == NULL)
		oms_command_trees(&taken->command, &batch->names);
	if (early)
		batch->taken = lappend(batch->taken, taken);
	batch->names.command++;
	MemoryContextSwitchTo(old);
	if (early)
		return;
	oms_names_copy_texts(&batch->names, first);
	MemoryContextReset(batch->scratch);
}

/* Returns the commands that are read already. */
static List *
api_lock_all(UnitOfWork *uow, Jsonb *array)
{
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "oms batch", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(memory);
	Batch		batch = {.uow = uow};
	JsonbIterator *it = JsonbIteratorInit(&array->root);
	JsonbValue	v;
	JsonbIteratorToken token;

	batch.scratch = AllocSetContextCreate(memory, "oms command", ALLOCSET_DEFAULT_SIZES);
	batch.names.size = Min(Max(JB_ROOT_COUNT(array), 4), 1000);
	batch.names.names = palloc(sizeof(TreeName) * batch.names.size);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_ELEM)
			api_name_one(&batch, &v);
	}
	oms_trees_lock_all(uow, &batch.names);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(memory);
	return batch.taken;
}

static Datum
api_result(UnitOfWork *uow, TakenCommand *taken, bool atomic)
{
	Refusal    *refusal;
	Jsonb	   *result = oms_run(uow, taken, true, &refusal);

	if (result == NULL && atomic)
		oms_run_raise(refusal);
	return JsonbPGetDatum(result ? result : oms_run_keep(uow, taken->raw, refusal));
}

Datum
oms_commands(PG_FUNCTION_ARGS)
{
	Jsonb	   *array = api_argument(fcinfo);
	bool		atomic = PG_ARGISNULL(1) || PG_GETARG_BOOL(1);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	UnitOfWork *uow;
	List	   *taken;
	int			done = 0;
	MemoryContext memory;
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;

	oms_run_begin("oms_commands()", false);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (!oms_json_is_array(array))
		oms_run_raise(oms_with_hint(oms_refuse(OMS_MALFORMED, "commands must be a JSON array"), oms_json_is_object(array) ? "oms_command() takes one command." : NULL));
	uow = oms_uow_begin();
	taken = api_lock_all(uow, array);
	it = JsonbIteratorInit(&array->root);
	memory = MemoryContextSwitchTo(oms_uow_begin_stride(uow));
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		TakenCommand *next;
		Datum		result;
		bool		isnull = false;

		CHECK_FOR_INTERRUPTS();
		if (token != WJB_ELEM)
			continue;
		next = done < list_length(taken) ? list_nth(taken, done) : oms_run_take(JsonbValueToJsonb(&v), false);
		done++;
		result = api_result(uow, next, atomic);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &result, &isnull);
		oms_uow_pause(uow);
	}
	MemoryContextSwitchTo(memory);
	oms_run_end(uow, NULL);
	return (Datum) 0;
}

/* What is read may have been damaged: a moment that is none belongs to no day. */
Datum
oms_trading_day_of(PG_FUNCTION_ARGS)
{
	TimestampTz moment = PG_GETARG_TIMESTAMPTZ(0);

	if (TIMESTAMP_NOT_FINITE(moment))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(oms_trading_day(moment));
}
