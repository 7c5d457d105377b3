/*-------------------------------------------------------------------------
 *
 * expire_order.c
 *	  Trees of orders, or of quotes, of which something is due, expired in one call: what oms.expire() does a batch of.
 *
 * What is due was found without a lock.  Each tree is locked, without waiting for
 * anybody, with the trees that it reaches; if anything of what is due has changed
 * since, it is left for the next time.  Then commands are given through the pipeline,
 * from below; a tree goes through as a whole: a refusal behind the first command is
 * an error, and whoever has called undoes it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/guc.h"
#include "core/order/order_expiry.h"
#include "entry/cancel_order.h"
#include "entry/gate.h"
#include "entry/named_row.h"
#include "entry/run.h"
#include "store/trees.h"

PG_FUNCTION_INFO_V1(oms_expire_trees);

static const NamedColumn expire_columns[] = {
	{"root_id", TEXTOID}, {"id", TEXTOID}, {"outcome", TEXTOID}, {"detail", TEXTOID}
};

/* One object that is due. */
typedef struct Due
{
	const KindDef *kind;
	char	   *root_id;
	char	   *id;
	int64		version;		/* as it was found */
	char	   *reason;
} Due;

typedef struct ExpireRun
{
	UnitOfWork *uow;
	ReturnSetInfo *rsinfo;
	int			ngiven;			/* commands of this tree */
} ExpireRun;

static void
expire_tell(const ExpireRun *run, const char *root_id, const char *id, const char *outcome, const char *detail)
{
	Datum		values[lengthof(expire_columns)] = {
		CStringGetTextDatum(root_id), CStringGetTextDatum(id), CStringGetTextDatum(outcome), detail ? CStringGetTextDatum(detail) : (Datum) 0
	};
	bool		nulls[lengthof(expire_columns)] = {false, false, false, detail == NULL};

	oms_put_named_row(run->rsinfo, expire_columns, lengthof(expire_columns), values, nulls);
}

/* Live at a counterparty: it has told us so, or it was sent there and accepted. */
static bool
expire_is_elsewhere(const Order *order)
{
	return oms_builtin_is_elsewhere(order) && (order->counterparty_order_id != NULL || (order->conditions & COND_NEW) != 0);
}

/* The command that expires an object of a kind. */
static CommandType
expire_command_of(ObjectKind kind)
{
	return kind == KIND_ORDER ? COMMAND_EXPIRE_ORDER : kind == KIND_QUOTE ? COMMAND_EXPIRE_QUOTE : COMMAND_EXPIRE_QUOTE_REQUEST;
}

/* False if it was refused, and nothing of the tree has changed. */
static bool
expire_give(ExpireRun *run, const char *root_id, const KindDef *kind, const char *id, const char *reason, bool flags)
{
	JsonWriter	w = {0};
	TakenCommand *taken;
	Refusal    *refusal;

	oms_json_open_object(&w);
	oms_json_string(&w, kind->id_field, id);
	if (flags)
		oms_json_bool(&w, "overdue", true);
	oms_json_string(&w, "reason", reason);
	oms_json_string(&w, "causationId", "oms.expire");
	oms_json_string(&w, "commandType", oms_command_defs[expire_command_of(kind->kind)].name);
	oms_json_close_object(&w);
	taken = oms_run_own(oms_json_finish(&w));
	taken->untold = true;
	if (oms_run(run->uow, taken, true, &refusal))
	{
		run->ngiven++;
		expire_tell(run, root_id, id, flags ? "FLAGGED" : "EXPIRED", NULL);
		return true;
	}
	if (run->ngiven > 0)
		oms_run_raise(refusal);
	expire_tell(run, root_id, id, refusal->rule && strcmp(refusal->rule, "locked") == 0 ? "LOCKED" : "REFUSED",
				psprintf("%s%s%s", refusal->message, refusal->detail ? " " : "", refusal->detail ? refusal->detail : ""));
	return false;
}

static void
expire_orders(ExpireRun *run, const Due *due, int count)
{
	const char *const values[] = {due->root_id};
	const char *const *keys = values;
	DueOrder   *orders = palloc(sizeof(DueOrder) * count);
	ListCell   *cell;

	for (int i = 0; i < count; i++)
		orders[i] = (DueOrder) {due[i].id, due[i].reason};
	foreach(cell, oms_expiry_plan(oms_uow_find(run->uow, KIND_ORDER, ORDER_BY_ROOT, &keys, 1), due->root_id, orders, count,
								  oms_guc_flag_overdue ? expire_is_elsewhere : NULL))
	{
		const ExpiryStep *step = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (!expire_give(run, due->root_id, due->kind, step->order->id, step->reason, step->flags))
			break;
	}
}

/* But for what this call did to it before: a block that expires lets its members go. */
static bool
expire_is_as_found(const ExpireRun *run, const Object *object, const Due *due)
{
	const Event *events;
	int			count;
	int64		version = due->version;

	if (object == NULL || strcmp(object->root_id, due->root_id) != 0)
		return false;
	if (object->version == version)
		return true;
	events = oms_uow_events_since(run->uow, 0, &count);
	for (int i = 0; i < count; i++)
		version += events[i].kind == due->kind && strcmp(events[i].id, due->id) == 0;
	return object->version == version;
}

/* Everything of one tree that is due. */
static void
expire_tree(ExpireRun *run, const Due *due, int count)
{
	TreeNames	names = {0};

	run->ngiven = 0;
	for (int i = 0; i < count; i++)
		oms_name_object(&names, due[i].kind->kind, due[i].id, due[i].kind->kind == KIND_ORDER ? REACH_MEMBERS : REACH_OWN);
	if (!oms_trees_lock(run->uow, &names, false))
	{
		expire_tell(run, due->root_id, due->id, "LOCKED", NULL);
		return;
	}
	oms_uow_start_command(run->uow);
	for (int i = 0; i < count; i++)
	{
		if (!expire_is_as_found(run, oms_uow_object(run->uow, due[i].kind->kind, due[i].id), &due[i]))
		{
			expire_tell(run, due->root_id, due[i].id, "CHANGED", NULL);
			return;
		}
	}
	if (due->kind->kind == KIND_ORDER)
		expire_orders(run, due, count);
	else
		for (int i = 0; i < count && expire_give(run, due->root_id, due[i].kind, due[i].id, due[i].reason, false); i++)
			;
}

static Datum *
expire_argument(FunctionCallInfo fcinfo, int n, Oid type, int length, bool by_value, char align, int *count)
{
	Datum	   *elements;
	int			found;
	bool	   *nulls = NULL;

	if (!PG_ARGISNULL(n))
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), type, length, by_value, align, &elements, &nulls, &found);
	if (PG_ARGISNULL(n) || (*count >= 0 && found != *count))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("kinds, roots, ids, versions and reasons of what is due must be arrays of one length")));
	for (int i = 0; i < found; i++)
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("kind, root, id, version and reason of what is due must not be null")));
	*count = found;
	return elements;
}

static Due *
expire_read(FunctionCallInfo fcinfo, int *count)
{
	Datum	   *columns[5];
	Due		   *due;

	*count = -1;
	for (int i = 0; i < lengthof(columns); i++)
		columns[i] = i == 3 ? expire_argument(fcinfo, i, INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, count) :
			expire_argument(fcinfo, i, TEXTOID, -1, false, TYPALIGN_INT, count);
	due = palloc0(sizeof(Due) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		due[i].kind = oms_kind_by_name(TextDatumGetCString(columns[0][i]));
		if (due[i].kind == NULL || due[i].kind->kind >= KIND_COUNT || due[i].kind->kind == KIND_EXECUTION)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("objects of kind \"%s\" do not expire", TextDatumGetCString(columns[0][i]))));
		due[i].root_id = TextDatumGetCString(columns[1][i]);
		due[i].id = TextDatumGetCString(columns[2][i]);
		due[i].version = DatumGetInt64(columns[3][i]);
		due[i].reason = TextDatumGetCString(columns[4][i]);
	}
	return due;
}

/* The arguments are columns: kind, root, id, version and why, those of one tree behind one another. */
Datum
oms_expire_trees(PG_FUNCTION_ARGS)
{
	ExpireRun	run = {.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo};
	int			count;
	Due		   *due = expire_read(fcinfo, &count);
	Refusal    *refusal;

	oms_run_begin("oms.expire_trees()", false);
	refusal = oms_gate_check_role(ROLE_ADMIN, "expiries by the clock");
	if (refusal)
		oms_run_raise(refusal);
	InitMaterializedSRF(fcinfo, 0);
	run.uow = oms_uow_begin();
	oms_uow_never_wait(run.uow);
	for (int from = 0, to; from < count; from = to)
	{
		CHECK_FOR_INTERRUPTS();
		for (to = from + 1; to < count && strcmp(due[to].root_id, due[from].root_id) == 0; to++)
			;
		expire_tree(&run, due + from, to - from);
	}
	oms_run_end(run.uow, NULL);
	return (Datum) 0;
}
