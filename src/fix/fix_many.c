/*-------------------------------------------------------------------------
 *
 * fix_many.c
 *	  Many FIX messages in one call: oms_fix_many().
 *
 * Writes and locks nothing itself.  All messages are read first, and the trees of
 * what they name are locked at once, sorted (trees.c); then each is handled as
 * oms_fix() would, in order, in one unit of work, stride by stride (work.h).  What a
 * message names is looked up again when its turn comes, unless it cannot have
 * changed: the order of a report may be one that an earlier message made, whose tree
 * is this call's.
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
#include "utils/memutils.h"

#include "entry/stats.h"
#include "fix/fix_private.h"

PG_FUNCTION_INFO_V1(oms_fix_many);
PG_FUNCTION_INFO_V1(oms_fix_many_bytes);

/* A message that is read. */
typedef struct ManyMessage
{
	FixContext	fix;
	Refusal    *unreadable;		/* why it is no message, or NULL */
} ManyMessage;

typedef struct Many
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
	bool		as_text;
	bool	   *locked;			/* for each: what it names was, before all */
	List	   *early;			/* of ManyMessage: the first ones, as far as there is room to keep them */
	int			now;			/* the one that is handled, for errors */

	UnitOfWork *uow;			/* NULL: all that was done is written */
	bool		is_first;		/* … the one that has locked what all of them name */
	MemoryContext call;
	MemoryContext part;			/* of the unit of work, unless it is the first; or of one message */
	MemoryContext written;		/* … of one that is written, and goes with the message; or NULL */
	MemoryContext memory;		/* where messages are handled: of a stride, where there is a unit of work */
} Many;

/* Whatever ends the call says which message it was. */
static void
many_tell_which(void *arg)
{
	const Many *many = arg;

	if (many->now < many->count)
		errcontext("FIX message %d of %d", many->now + 1, many->count);
}

static ManyMessage *
many_read(const Many *many, int number)
{
	ManyMessage *message = palloc0(sizeof(ManyMessage));

	message->unreadable = oms_fix_read(many->nulls[number] ? NULL : DatumGetByteaPP(many->values[number]), many->as_text,
									   &message->fix.message);
	return message;
}

/* ------------------------------------------------------------------------
 * before the first
 * ------------------------------------------------------------------------
 */

static void
many_name_one(Many *many, int number, TreeNames *names, MemoryContext scratch)
{
	MemoryContext early = oms_uow_early_memory(many->uow);
	MemoryContext old = MemoryContextSwitchTo(early ? early : scratch);
	ManyMessage *message = many_read(many, number);
	int			first = names->count;

	names->command = number;
	message->fix.uow = many->uow;
	if (message->unreadable == NULL)
		oms_fix_name(&message->fix, names);
	many->locked[number] = message->fix.orders.locked;
	if (early)
		many->early = lappend(many->early, message);
	MemoryContextSwitchTo(old);
	if (early)
		return;
	oms_names_copy_texts(names, first);
	MemoryContextReset(scratch);
}

static void
many_lock(Many *many)
{
	MemoryContext memory = AllocSetContextCreate(many->call, "oms batch", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(memory);
	MemoryContext scratch = AllocSetContextCreate(memory, "oms FIX message", ALLOCSET_DEFAULT_SIZES);
	TreeNames	names = {.size = Min(Max(many->count, 4), 1000)};

	names.names = palloc(sizeof(TreeName) * names.size);
	for (int i = 0; i < many->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		many_name_one(many, i, &names, scratch);
	}
	oms_trees_lock_all(many->uow, &names);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(memory);
}

/* ------------------------------------------------------------------------
 * one after the other
 * ------------------------------------------------------------------------
 */

/* What is handled from now on lies in its memory. */
static UnitOfWork *
many_uow(Many *many)
{
	if (many->uow == NULL)
	{
		if (many->part == NULL)
			many->part = AllocSetContextCreate(many->call, "oms FIX messages", ALLOCSET_DEFAULT_SIZES);
		MemoryContextSwitchTo(many->part);
		many->uow = oms_uow_begin();
		many->memory = oms_uow_begin_stride(many->uow);
	}
	MemoryContextSwitchTo(many->memory);
	return many->uow;
}

static void
many_write(Many *many)
{
	if (many->uow == NULL)
		return;
	oms_uow_flush(many->uow);
	many->uow = NULL;
	many->is_first = false;
	many->written = many->part;
	many->part = NULL;
}

/* The answer, or NULL and why it was refused. */
static Jsonb *
many_apply(Many *many, ManyMessage *message, bool atomic, Refusal **refusal)
{
	FixContext *fix = &message->fix;

	*refusal = message->unreadable;
	if (*refusal)
		return NULL;
	if (!atomic && oms_fix_is_several(&fix->message))
	{
		many_write(many);
		fix->orders.locked = false;
		return oms_fix_try_apply(fix, refusal);
	}
	fix->uow = many_uow(many);
	fix->orders.locked = many->is_first && many->locked[many->now];
	*refusal = oms_fix_handle(fix);
	return *refusal ? NULL : oms_fix_answer(fix);
}

static void
many_run_one(Many *many, bool atomic, ReturnSetInfo *rsinfo)
{
	ManyMessage *message = many->now < list_length(many->early) ? list_nth(many->early, many->now) : many_read(many, many->now);
	Refusal    *refusal;
	Jsonb	   *result;
	Datum		value;
	bool		isnull = false;

	oms_stats_begin_message();
	result = many_apply(many, message, atomic, &refusal);
	if (result == NULL && atomic)
		oms_run_raise(refusal);
	if (result == NULL)
		result = oms_fix_keep_refusal(many_uow(many), &message->fix.message, refusal);
	oms_stats_end_message(refusal);
	value = JsonbPGetDatum(result);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
}

static void
many_give_back(MemoryContext *memory)
{
	if (*memory)
		MemoryContextDelete(*memory);
	*memory = NULL;
}

static void
many_run(Many *many, bool atomic, ReturnSetInfo *rsinfo)
{
	for (many->now = 0; many->now < many->count; many->now++)
	{
		CHECK_FOR_INTERRUPTS();
		if (many->uow == NULL)
			many->memory = many->part = AllocSetContextCreate(many->call, "oms FIX messages", ALLOCSET_DEFAULT_SIZES);
		MemoryContextSwitchTo(many->memory);
		many_run_one(many, atomic, rsinfo);
		MemoryContextSwitchTo(many->call);
		many_give_back(&many->written);
		if (many->uow)
			oms_uow_pause(many->uow);
		else
			many_give_back(&many->part);
	}
}

static Datum
fix_many(FunctionCallInfo fcinfo, bool as_text)
{
	bool		atomic = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
	ErrorContextCallback context = {.previous = error_context_stack, .callback = many_tell_which};
	Many		many = {.as_text = as_text, .is_first = true, .call = CurrentMemoryContext};

	oms_run_begin("oms_fix_many()", false);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0))
		oms_run_raise(oms_refuse(OMS_BAD_FIX, "an array of FIX messages must not be null"));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), as_text ? TEXTOID : BYTEAOID, -1, false, TYPALIGN_INT, &many.values, &many.nulls, &many.count);
	many.locked = palloc(sizeof(bool) * Max(many.count, 1));
	many.uow = oms_uow_begin();
	many_lock(&many);
	many.memory = oms_uow_begin_stride(many.uow);
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
