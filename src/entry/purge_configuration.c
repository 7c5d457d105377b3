/*-------------------------------------------------------------------------
 *
 * purge_configuration.c
 *	  oms.purge_configuration(): one batch of events of configuration goes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/json.h"
#include "entry/gate.h"
#include "entry/named_row.h"
#include "entry/run.h"
#include "store/account_rights.h"
#include "store/config_purge.h"

PG_FUNCTION_INFO_V1(oms_purge_configuration);

static const NamedColumn purge_columns[] = {
	{"histories", INT8OID}, {"events", INT8OID}, {"kept", INT8OID}, {"done", BOOLOID}, {"reasons", JSONBOID}
};

static Jsonb *
purge_reasons(const ConfigPurge *purge)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	if (purge->locked)
		oms_json_int(&w, "locked", 1);
	if (purge->damaged > 0)
		oms_json_int(&w, "damaged", purge->damaged);
	if (purge->not_sent > 0)
		oms_json_int(&w, "not_sent", purge->not_sent);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

/* The arguments: how many events at most, and as of when. */
Datum
oms_purge_configuration(PG_FUNCTION_ARGS)
{
	Refusal    *refusal;
	ConfigPurge purge;
	Caller		caller;
	Datum		values[lengthof(purge_columns)];
	bool		nulls[lengthof(purge_columns)] = {0};

	oms_run_check("oms.purge_configuration()");
	refusal = oms_gate_check_role(ROLE_ADMIN, "purges of configuration");
	if (refusal)
		oms_run_raise(refusal);
	/* histories are of all accounts */
	oms_accounts_refuse_limited("oms.purge_configuration()");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_GETARG_INT32(0) < 1 || TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(1)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_events must be above zero, and the moment finite")));
	oms_caller_take(&caller);
	oms_config_purge(PG_GETARG_INT32(0), PG_GETARG_TIMESTAMPTZ(1), &caller, &purge);
	InitMaterializedSRF(fcinfo, 0);
	values[0] = Int64GetDatum(purge.histories);
	values[1] = Int64GetDatum(purge.events);
	values[2] = Int64GetDatum(purge.not_sent + purge.damaged);
	values[3] = BoolGetDatum(purge.done);
	values[4] = JsonbPGetDatum(purge_reasons(&purge));
	oms_put_named_row((ReturnSetInfo *) fcinfo->resultinfo, purge_columns, lengthof(purge_columns), values, nulls);
	return (Datum) 0;
}
