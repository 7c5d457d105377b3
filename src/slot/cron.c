/*-------------------------------------------------------------------------
 *
 * cron.c
 *	  What oms.schedule_lifecycle() has to say to pg_cron, in whatever database
 *	  of the cluster that is.
 *
 * Writes nothing itself, and with no other rights than the caller's: a
 * statement of errand.c does, here in his transaction or there in one of its
 * own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"

#include "slot/errand.h"

PG_FUNCTION_INFO_V1(oms_ask_cron);

/* schedule: an array of jobs; without it unschedule: what their names begin with. */
Datum
oms_ask_cron(PG_FUNCTION_ARGS)
{
	ErrandKind	kind = PG_GETARG_BOOL(0) ? ERRAND_SCHEDULE : ERRAND_UNSCHEDULE;
	char	   *argument = text_to_cstring(PG_GETARG_TEXT_PP(1));
	const char *name = GetConfigOption("cron.database_name", true, false);
	Oid			database;

	/* a transaction of its own is not for those whose transaction may not write */
	PreventCommandIfReadOnly("oms.schedule_lifecycle()");
	PreventCommandDuringRecovery("oms.schedule_lifecycle()");
	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot schedule jobs within a security-restricted operation")));
	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("pg_cron is not loaded")));
	database = get_database_oid(name, false);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(database == MyDatabaseId ? oms_errand_here(kind, argument)
														  : oms_errand_apart(kind, database, argument)));
}
