/*-------------------------------------------------------------------------
 *
 * old_symbols.c
 *	  Functions by the names that the script of version 0.1.0 has for them.
 *
 * A function of C is looked up when it is created and when it is first called: a
 * dump of 0.1.0 is restored with today's library, and a database may wait for its
 * ALTER EXTENSION UPDATE.  test/t/064_upgrade.pl runs that script.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(oms_order_from_state);
PG_FUNCTION_INFO_V1(oms_execution_from_state);
PG_FUNCTION_INFO_V1(oms_order_state);
PG_FUNCTION_INFO_V1(oms_execution_state);
PG_FUNCTION_INFO_V1(oms_order_state_problem);
PG_FUNCTION_INFO_V1(oms_execution_state_problem);

extern Datum oms_row_from_state(PG_FUNCTION_ARGS);
extern Datum oms_state_of_row(PG_FUNCTION_ARGS);
extern Datum oms_state_problem(PG_FUNCTION_ARGS);

Datum
oms_order_from_state(PG_FUNCTION_ARGS)
{
	return oms_row_from_state(fcinfo);
}

Datum
oms_execution_from_state(PG_FUNCTION_ARGS)
{
	return oms_row_from_state(fcinfo);
}

Datum
oms_order_state(PG_FUNCTION_ARGS)
{
	return oms_state_of_row(fcinfo);
}

Datum
oms_execution_state(PG_FUNCTION_ARGS)
{
	return oms_state_of_row(fcinfo);
}

static Datum
old_problem_of(FunctionCallInfo fcinfo, const char *object)
{
	LOCAL_FCINFO(call, 2);
	Datum		result;

	InitFunctionCallInfoData(*call, NULL, 2, InvalidOid, NULL, NULL);
	call->args[0] = (NullableDatum) {CStringGetTextDatum(object), false};
	call->args[1] = fcinfo->args[0];
	result = oms_state_problem(call);
	fcinfo->isnull = call->isnull;
	return result;
}

Datum
oms_order_state_problem(PG_FUNCTION_ARGS)
{
	return old_problem_of(fcinfo, "order");
}

Datum
oms_execution_state_problem(PG_FUNCTION_ARGS)
{
	return old_problem_of(fcinfo, "execution");
}
