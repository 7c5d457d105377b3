/*-------------------------------------------------------------------------
 *
 * typed.c
 *	  Commands by arguments of their own: oms_create_order(), oms_execute().
 *
 * Unpack, call, pack, as api.c does for jsonb.  What is given becomes the very
 * command that jsonb_build_object() would make of it, which goes through the one
 * pipeline; what is saved is the text of the command and of its answer, for
 * PostgreSQL reads and writes jsonb slower than everything else.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "entry/run.h"

PG_FUNCTION_INFO_V1(oms_typed_create_order);
PG_FUNCTION_INFO_V1(oms_typed_execute);

typedef enum TypedAs
{
	AS_TEXT,
	AS_NUMERIC,
	AS_BOOL,
	AS_TIME,
	AS_DATE,
	AS_JSON
} TypedAs;

/* An argument by its place (sql/40_entry.sql); here they stand as jsonb keeps its keys, so that nothing is left to sort. */
typedef struct TypedArgument
{
	const char *field;
	TypedAs		type;
	int			number;
} TypedArgument;

/* The command's type is a field of it too. */
#define COMMAND_TYPE_FIELD	(-1)

static const TypedArgument create_arguments[] = {
	{"side", AS_TEXT, 1}, {"text", AS_TEXT, 18}, {"price", AS_NUMERIC, 4}, {"stopPx", AS_NUMERIC, 11}, {"symbol", AS_TEXT, 0},
	{"account", AS_TEXT, 7}, {"clOrdID", AS_TEXT, 5}, {"ordType", AS_TEXT, 3}, {"orderId", AS_TEXT, 6}, {"pending", AS_BOOL, 16},
	{"currency", AS_TEXT, 8}, {"orderQty", AS_NUMERIC, 2}, {"parentId", AS_TEXT, 9}, {"commandId", AS_TEXT, 19},
	{"assetClass", AS_TEXT, 14}, {"attributes", AS_JSON, 15}, {"expireDate", AS_DATE, 13}, {"expireTime", AS_TIME, 12},
	{"commandType", AS_TEXT, COMMAND_TYPE_FIELD}, {"destination", AS_TEXT, 17}, {"timeInForce", AS_TEXT, 10},
	{"cashOrderQty", AS_NUMERIC, 21}, {"transactTime", AS_TIME, 20}, {NULL}
};

static const TypedArgument execute_arguments[] = {
	{"side", AS_TEXT, 7}, {"text", AS_TEXT, 12}, {"avgPx", AS_NUMERIC, 10}, {"cumQty", AS_NUMERIC, 8}, {"execID", AS_TEXT, 3},
	{"lastPx", AS_NUMERIC, 2}, {"symbol", AS_TEXT, 6}, {"lastMkt", AS_TEXT, 4}, {"lastQty", AS_NUMERIC, 1}, {"orderId", AS_TEXT, 0},
	{"commandId", AS_TEXT, 13}, {"leavesQty", AS_NUMERIC, 9}, {"attributes", AS_JSON, 11},
	{"commandType", AS_TEXT, COMMAND_TYPE_FIELD}, {"executionId", AS_TEXT, 5}, {"transactTime", AS_TIME, 14}, {NULL}
};

/*
 * NaN, what is infinite and moments that RFC 3339 cannot write have no place in JSON:
 * as a text, which no field takes, they are refused by the field's name.
 */
static bool
typed_put_unwritable(JsonWriter *w, const TypedArgument *argument, Datum value)
{
	bool		unwritable = (argument->type == AS_NUMERIC && !oms_dec_is_finite(DatumGetNumeric(value))) ||
		(argument->type == AS_TIME && !oms_time_is_printable(DatumGetTimestampTz(value))) ||
		(argument->type == AS_DATE && !oms_date_is_printable(DatumGetDateADT(value)));

	if (unwritable)
		oms_json_string(w, argument->field, "infinity");
	return unwritable;
}

static void
typed_put(JsonWriter *w, const TypedArgument *argument, Datum value)
{
	text	   *string;

	switch (argument->type)
	{
		case AS_TEXT:
			string = DatumGetTextPP(value);
			oms_json_string_len(w, argument->field, VARDATA_ANY(string), VARSIZE_ANY_EXHDR(string));
			break;
		case AS_NUMERIC:
			oms_json_numeric(w, argument->field, DatumGetNumeric(value));
			break;
		case AS_BOOL:
			oms_json_bool(w, argument->field, DatumGetBool(value));
			break;
		case AS_TIME:
			oms_json_time(w, argument->field, DatumGetTimestampTz(value));
			break;
		case AS_DATE:
			oms_json_date(w, argument->field, DatumGetDateADT(value));
			break;
		case AS_JSON:
			oms_json_jsonb(w, argument->field, DatumGetJsonbP(value));
			break;
	}
}

static Jsonb *
typed_command(FunctionCallInfo fcinfo, const char *type, const TypedArgument *arguments)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	for (const TypedArgument *a = arguments; a->field != NULL; a++)
	{
		if (a->number == COMMAND_TYPE_FIELD)
			oms_json_string(&w, a->field, type);
		else if (!PG_ARGISNULL(a->number) && !typed_put_unwritable(&w, a, PG_GETARG_DATUM(a->number)))
			typed_put(&w, a, PG_GETARG_DATUM(a->number));
	}
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static Datum
typed_run(FunctionCallInfo fcinfo, const char *function, const char *type, const TypedArgument *arguments)
{
	UnitOfWork *uow;
	TakenCommand *taken;
	Refusal    *refusal;
	Jsonb	   *result;

	oms_run_begin(function, false);
	uow = oms_uow_begin();
	taken = oms_run_take(typed_command(fcinfo, type, arguments), false);
	taken->brief = true;
	result = oms_run(uow, taken, false, &refusal);
	if (result == NULL)
		oms_run_raise(refusal);
	oms_run_end(uow, NULL);
	PG_RETURN_JSONB_P(result);
}

Datum
oms_typed_create_order(PG_FUNCTION_ARGS)
{
	return typed_run(fcinfo, "oms_create_order()", "CreateOrderCommand", create_arguments);
}

Datum
oms_typed_execute(PG_FUNCTION_ARGS)
{
	return typed_run(fcinfo, "oms_execute()", "ExecuteOrderCommand", execute_arguments);
}
