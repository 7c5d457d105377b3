/*-------------------------------------------------------------------------
 *
 * fix_many.c
 *	  Many FIX messages in one call: oms_fix_many().
 *
 * Writes and locks nothing itself.  All messages are read first, and the trees of
 * what they name are locked at once, sorted (trees.c); then each is handled as
 * oms_fix() would, in order, in one unit of work.  What a message names is looked
 * up again when its turn comes, unless it cannot have changed: the order of a
 * report may be one that an earlier message made, whose tree is this call's.
 *
 * Unless all are applied or none, a message that stands for several commands is
 * applied in a unit of work of its own, for it may have to be undone; behind it
 * each finds and locks its trees itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "entry/stats.h"
#include "fix/fix_private.h"

PG_FUNCTION_INFO_V1(oms_fix_many);
PG_FUNCTION_INFO_V1(oms_fix_many_bytes);

typedef struct Many
{
	FixContext *messages;
	Refusal   **unreadable;		/* for each: why it is no message, or NULL */
	int			count;
	int			now;			/* the one that is handled, for errors */
	UnitOfWork *uow;			/* NULL: all that was done is written */
} Many;

/* Whatever ends the call says which message it was. */
static void
many_tell_which(void *arg)
{
	const Many *many = arg;

	if (many->now < many->count)
		errcontext("FIX message %d of %d", many->now + 1, many->count);
}

static void
many_read(Many *many, ArrayType *array, bool as_text)
{
	Datum	   *values;
	bool	   *nulls;

	deconstruct_array(array, as_text ? TEXTOID : BYTEAOID, -1, false, TYPALIGN_INT, &values, &nulls, &many->count);
	many->messages = MemoryContextAllocExtended(CurrentMemoryContext, sizeof(FixContext) * Max(many->count, 1),
												MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	many->unreadable = palloc(sizeof(Refusal *) * Max(many->count, 1));
	for (int i = 0; i < many->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		many->unreadable[i] = oms_fix_read(nulls[i] ? NULL : DatumGetByteaPP(values[i]), as_text, &many->messages[i].message);
	}
}

static void
many_lock(Many *many)
{
	TreeNames	names = {0};

	for (int i = 0; i < many->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (many->unreadable[i])
			continue;
		many->messages[i].uow = many->uow;
		oms_fix_name(&many->messages[i], &names);
	}
	if (names.count > 0)
		oms_trees_lock(many->uow, &names, false);
}

static UnitOfWork *
many_uow(Many *many)
{
	if (many->uow == NULL)
	{
		many->uow = oms_uow_begin();
		for (int i = many->now; i < many->count; i++)
			many->messages[i].orders.locked = false;
	}
	return many->uow;
}

static void
many_write(Many *many)
{
	if (many->uow)
		oms_uow_flush(many->uow);
	many->uow = NULL;
}

/* The answer, or NULL and why it was refused. */
static Jsonb *
many_apply(Many *many, FixContext *fix, bool atomic, Refusal **refusal)
{
	*refusal = many->unreadable[many->now];
	if (*refusal)
		return NULL;
	if (!atomic && oms_fix_is_several(&fix->message))
	{
		Jsonb	   *result;

		many_write(many);
		fix->orders.locked = false;
		result = oms_fix_try_apply(fix, refusal);
		many->uow = result ? NULL : fix->uow;
		return result;
	}
	fix->uow = many_uow(many);
	*refusal = oms_fix_handle(fix);
	return *refusal ? NULL : oms_fix_answer(fix);
}

static void
many_run(Many *many, bool atomic, ReturnSetInfo *rsinfo)
{
	for (many->now = 0; many->now < many->count; many->now++)
	{
		FixContext *fix = &many->messages[many->now];
		Refusal    *refusal;
		Jsonb	   *result;
		Datum		value;
		bool		isnull = false;

		CHECK_FOR_INTERRUPTS();
		oms_stats_begin_message();
		result = many_apply(many, fix, atomic, &refusal);
		if (result == NULL && atomic)
			oms_run_raise(refusal);
		if (result == NULL)
			result = oms_fix_keep_refusal(many_uow(many), &fix->message, refusal);
		oms_stats_end_message(refusal);
		value = JsonbPGetDatum(result);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
	}
}

static Datum
fix_many(FunctionCallInfo fcinfo, bool as_text)
{
	bool		atomic = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
	ErrorContextCallback context = {.previous = error_context_stack, .callback = many_tell_which};
	Many		many = {0};

	oms_run_begin("oms_fix_many()", false);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0))
		oms_run_raise(oms_refuse(OMS_BAD_FIX, "an array of FIX messages must not be null"));
	many_read(&many, PG_GETARG_ARRAYTYPE_P(0), as_text);
	many.uow = oms_uow_begin();
	many_lock(&many);
	context.arg = &many;
	error_context_stack = &context;
	many_run(&many, atomic, (ReturnSetInfo *) fcinfo->resultinfo);
	error_context_stack = context.previous;
	oms_run_end(many.uow, NULL);
	return (Datum) 0;
}

Datum
oms_fix_many(PG_FUNCTION_ARGS)
{
	return fix_many(fcinfo, true);
}

Datum
oms_fix_many_bytes(PG_FUNCTION_ARGS)
{
	return fix_many(fcinfo, false);
}
