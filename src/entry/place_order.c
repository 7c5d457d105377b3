/*-------------------------------------------------------------------------
 *
 * place_order.c
 *	  Placing what is due of the plans of orders.
 *
 * Of each order one slice, and each anew through the pipeline, as a placement by
 * whoever asks.  What must wait is told from what is read without a lock, so that it
 * keeps nobody up, and again once the trees are locked: all of them together, sorted,
 * before anything is placed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/moment.h"
#include "core/order/order_plan.h"
#include "entry/named_row.h"
#include "entry/submit_order.h"
#include "store/halts.h"
#include "store/sight.h"
#include "store/table_set.h"
#include "store/trees.h"

PG_FUNCTION_INFO_V1(oms_place_due);

#define PLACE_TRIES		3

static const NamedColumn due_columns[] = {
	{"order_id", TEXTOID}, {"cl_ord_id", TEXTOID}, {"quantity", NUMERICOID}, {"result", TEXTOID}, {"reason", TEXTOID}
};

typedef struct DueRun
{
	UnitOfWork *uow;
	ReturnSetInfo *rsinfo;
	TimestampTz now;			/* what is due until then */
	int			most;
} DueRun;

static void
place_tell(const DueRun *run, const char *order_id, const char *cl_ord_id, Numeric quantity, const char *result, const char *reason)
{
	Datum		values[lengthof(due_columns)] = {CStringGetTextDatum(order_id), 0, NumericGetDatum(quantity), CStringGetTextDatum(result)};
	bool		nulls[lengthof(due_columns)] = {false, cl_ord_id == NULL, quantity == NULL, false, reason == NULL};

	if (cl_ord_id)
		values[1] = CStringGetTextDatum(cl_ord_id);
	if (reason)
		values[4] = CStringGetTextDatum(reason);
	oms_put_named_row(run->rsinfo, due_columns, lengthof(due_columns), values, nulls);
}

/*
 * May something of the order be tried?  What is not due (any more) is no matter, and
 * what must wait is told.  `get`: as it stands, or of a locked tree.
 */
static bool
place_may_try(const DueRun *run, const char *id, const Object *(*get) (UnitOfWork *uow, ObjectKind kind, const char *id))
{
	const Order *order = (const Order *) get(run->uow, KIND_ORDER, id);
	const Order *root;
	const char *problem;
	ObjectSource *source = oms_uow_source(run->uow);

	if (order == NULL || order->next_placement_at == NO_TIME || order->next_placement_at > run->now || !oms_uow_sees(run->uow, &order->object))
		return false;
	problem = oms_plan_problem(order);
	if (problem)
	{
		place_tell(run, id, NULL, NULL, "DAMAGED", psprintf("Its plan %s.", problem));
		return false;
	}
	root = order->parent_id ? (const Order *) get(run->uow, KIND_ORDER, order->root_id) : order;
	/* below what the caller may not see he places nothing */
	if (oms_uow_is_limited(run->uow) && (root == NULL || !oms_uow_sees(run->uow, &root->object)))
		return false;
	problem = root ? oms_plan_waits(order, root, source->asker(source), oms_halts(), GetCurrentTimestamp()) : "Its root does not exist.";
	if (problem)
		place_tell(run, id, NULL, NULL, "WAITING", problem);
	return problem == NULL;
}

/* The first that may be tried, so many.  However many wait, they are looked at in the memory of one. */
static List *
place_find(const DueRun *run, ArrayType *ids)
{
	MemoryContext call = CurrentMemoryContext;
	MemoryContext each = AllocSetContextCreate(call, "oms_state due", ALLOCSET_DEFAULT_SIZES);
	ObjectSource *source = oms_uow_source(run->uow);
	List	   *found = NIL;
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	/* what lives as long as the call is there before the first is looked at */
	(void) source->asker(source);
	(void) oms_tables_get(oms_uow_tables(run->uow), OMS_OBJECTS_OF(KIND_ORDER));
	deconstruct_array(ids, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count && list_length(found) < run->most; i++)
	{
		char	   *id;
		bool		may_try;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			continue;
		id = TextDatumGetCString(elements[i]);
		MemoryContextSwitchTo(each);
		may_try = place_may_try(run, id, oms_uow_peek);
		MemoryContextSwitchTo(call);
		MemoryContextReset(each);
		if (may_try)
			found = lappend(found, id);
	}
	return found;
}

static void
place_lock(const DueRun *run, List *ids)
{
	TreeNames	names = {0};
	ListCell   *cell;

	foreach(cell, ids)
		oms_name_object(&names, KIND_ORDER, lfirst(cell), REACH_OWN);
	oms_trees_lock(run->uow, &names, false);
}

static void
place_tell_placed(const DueRun *run, const Order *order, const Command *command)
{
	if (command->nchildren == 0)
		place_tell(run, order->id, NULL, NULL, "DROPPED", "Nothing of the order is unplaced: what was planned is forgotten.");
	for (int i = 0; i < command->nchildren; i++)
		place_tell(run, order->id, command->children[i].cl_ord_id, command->children[i].terms.order_qty, "PLACED", NULL);
}

/* What refuses it may let it pass later, whatever anybody does to the order. */
static bool
place_may_pass_later(const Refusal *refusal)
{
	static const char *const rules[] = {"trading_halt", "claimed", "desk_queued", "cancel_requested"};

	for (int i = 0; refusal->rule && i < lengthof(rules); i++)
		if (strcmp(refusal->rule, rules[i]) == 0)
			return true;
	return refusal->sqlstate == OMS_NOT_PERMITTED;
}

/* The desk decides what becomes of it; the plan stays. */
static void
place_send_to_desk(const DueRun *run, const Order *order, const Refusal *why)
{
	char	   *reason = oms_submit_refused_reason(why);
	Refusal    *refusal;

	if (oms_submit_to_desk(run->uow, NULL, order->root_id, reason, NIL, &refusal))
		place_tell(run, order->id, NULL, NULL, "DESK", reason);
	else
		place_tell(run, order->id, NULL, NULL, "WAITING", psprintf("%s; %s.", reason, refusal->message));
}

static void
place_next(const DueRun *run, const char *id)
{
	const Order *order;
	TakenCommand *taken;
	Refusal    *refusal = NULL;
	Jsonb	   *result = NULL;

	oms_uow_start_command(run->uow);
	if (!place_may_try(run, id, oms_uow_object))
		return;
	order = (const Order *) oms_uow_object(run->uow, KIND_ORDER, id);
	/* a name that was free may be taken by whoever commits first: then another is looked for */
	for (int tries = 0; result == NULL && tries < PLACE_TRIES && (refusal == NULL || refusal->sqlstate == OMS_DUPLICATE); tries++)
	{
		taken = oms_run_take(oms_plan_command(order, oms_submit_name_is_taken, oms_uow_source(run->uow)), false);
		result = oms_run(run->uow, taken, true, &refusal);
	}
	if (result)
		place_tell_placed(run, order, &taken->command);
	else if (place_may_pass_later(refusal))
		place_tell(run, id, NULL, NULL, "WAITING", psprintf("%s.", refusal->message));
	else
		place_send_to_desk(run, order, refusal);
}

Datum
oms_place_due(PG_FUNCTION_ARGS)
{
	DueRun		run = {.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo};
	List	   *ids;
	ListCell   *cell;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("what is due, until when, and how many orders must not be null")));
	run.now = PG_GETARG_TIMESTAMPTZ(1);
	run.most = PG_GETARG_INT32(2);
	if (run.most < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the number of orders must be above zero")));
	oms_run_begin("oms.place_due()", false);
	InitMaterializedSRF(fcinfo, 0);
	run.uow = oms_uow_begin();
	ids = place_find(&run, PG_GETARG_ARRAYTYPE_P(0));
	place_lock(&run, ids);
	foreach(cell, ids)
	{
		CHECK_FOR_INTERRUPTS();
		place_next(&run, lfirst(cell));
	}
	oms_run_end(run.uow, NULL);
	return (Datum) 0;
}
