/*-------------------------------------------------------------------------
 *
 * slot.c
 *	  What the SQL functions around the bridge's slot need from the server.
 *
 * Entry points of oms.create_slot(), oms.stat_bridge and oms.bridge_alerts
 * (sql/70_bridge.sql).  Writes no table itself; oms_commit_publication() has a
 * worker do it (errand.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include "catalog/pg_authid.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/pg_lsn.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "base/errors.h"
#include "base/guc.h"
#include "slot/commit_age.h"
#include "slot/errand.h"

PG_FUNCTION_INFO_V1(oms_commit_publication);
PG_FUNCTION_INFO_V1(oms_choose_output_plugin);
PG_FUNCTION_INFO_V1(oms_output_plugin_problem);
PG_FUNCTION_INFO_V1(oms_seconds_unconfirmed);
PG_FUNCTION_INFO_V1(oms_slot_limits);

#define ALLOWED_LIBRARIES	"output_plugin_libraries"

/* ------------------------------------------------------------------------
 * the output plugin
 * ------------------------------------------------------------------------
 */

/* Is the library where the server would look for it?  It is not loaded: that is the slot's business. */
static bool
slot_is_installed(const char *library)
{
	char	   *path = pstrdup(Dynamic_library_path);
	char	   *rest = path;
	char	   *folder;

	while ((folder = strsep(&rest, ":")) != NULL)
	{
		struct stat found;
		bool		is_libdir = strncmp(folder, "$libdir", strlen("$libdir")) == 0;
		char	   *file = psprintf("%s%s/%s%s", is_libdir ? pkglib_path : "",
									is_libdir ? folder + strlen("$libdir") : folder, library, DLSUFFIX);

		if (stat(file, &found) == 0 && S_ISREG(found.st_mode))
			return true;
	}
	return false;
}

/*
 * Does the server let REPLICATION users decode with it?  Servers before 15.19
 * do not know the setting and let everybody.
 */
static bool
slot_is_allowed(const char *library)
{
	const char *setting = GetConfigOption(ALLOWED_LIBRARIES, true, false);
	List	   *allowed = NIL;
	ListCell   *cell;

	if (setting == NULL)
		return true;
	if (!SplitDirectoriesString(pstrdup(setting), ',', &allowed))
		return false;
	foreach(cell, allowed)
		if (strcmp(lfirst(cell), library) == 0)
			return true;
	return false;
}

/* The line that allows it.  The setting's value is not for everybody's eyes. */
static const char *
slot_how_to_allow(const char *library)
{
	const char *now;
	const char *line;

	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_SETTINGS))
		return psprintf("Have %s added to " ALLOWED_LIBRARIES " and the server reloaded.", library);
	now = GetConfigOption(ALLOWED_LIBRARIES, true, false);
	line = now[0] == '\0' ? library : psprintf("%s, %s", now, library);
	return psprintf("Set " ALLOWED_LIBRARIES " = %s in postgresql.conf and reload the server.",
					quote_literal_cstr(line));
}

/* Why it cannot be used here, as a refusal, or NULL. */
static Refusal *
slot_plugin_problem(const char *plugin)
{
	bool		is_wal2json = strcmp(plugin, "wal2json") == 0;

	if (!is_wal2json && strcmp(plugin, "pgoutput") != 0)
		return oms_with_hint(oms_refuse(OMS_BAD_CONFIGURATION, "output plugin \"%s\" is not one that the bridge reads", plugin),
							 "Use wal2json or pgoutput.");
	if (!slot_is_installed(plugin))
		return oms_with_hint(oms_refuse(OMS_BAD_CONFIGURATION, "output plugin \"%s\" is not installed", plugin),
							 psprintf("Install it (Debian: postgresql-%d-%s), or use the other one.",
									  PG_VERSION_NUM / 10000, plugin));
	if (!slot_is_allowed(plugin))
		return oms_with_hint(oms_refuse(OMS_BAD_CONFIGURATION, "the server does not allow output plugin \"%s\"", plugin),
							 slot_how_to_allow(plugin));
	return NULL;
}

/*
 * The plugin that was asked for if it can be used; of NULL the one that costs
 * less and needs no setting, if it can.
 */
Datum
oms_choose_output_plugin(PG_FUNCTION_ARGS)
{
	const char *plugin;
	Refusal    *problem;
	Name		chosen = palloc0(sizeof(NameData));

	if (!PG_ARGISNULL(0))
		plugin = NameStr(*PG_GETARG_NAME(0));
	else
		plugin = slot_plugin_problem("pgoutput") == NULL ? "pgoutput" : "wal2json";
	problem = slot_plugin_problem(plugin);
	if (problem != NULL)
		oms_raise(problem);
	namestrcpy(chosen, plugin);
	PG_RETURN_NAME(chosen);
}

Datum
oms_output_plugin_problem(PG_FUNCTION_ARGS)
{
	Refusal    *problem = slot_plugin_problem(NameStr(*PG_GETARG_NAME(0)));
	TupleDesc	desc;
	Datum		values[2] = {0};
	bool		nulls[2] = {true, true};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "BUG: oms.output_plugin_problem() does not return a row");
	if (problem != NULL)
	{
		values[0] = CStringGetTextDatum(problem->message);
		values[1] = CStringGetTextDatum(problem->hint);
		nulls[0] = nulls[1] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* ------------------------------------------------------------------------
 * the publication
 * ------------------------------------------------------------------------
 */

Datum
oms_commit_publication(PG_FUNCTION_ARGS)
{
	/* its own transaction is not for those whose transaction may not write */
	PreventCommandIfReadOnly("oms.create_slot()");
	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot repair a publication within a security-restricted operation")));
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(oms_errand_apart(ERRAND_REPAIR_PUBLICATION, MyDatabaseId, NameStr(*PG_GETARG_NAME(0)))));
}

/* ------------------------------------------------------------------------
 * the figures
 * ------------------------------------------------------------------------
 */

/* How long ago the first commit after the position was: 0 without one, null where it cannot be told. */
Datum
oms_seconds_unconfirmed(PG_FUNCTION_ARGS)
{
	TimestampTz at = 0;

	switch (oms_first_commit_after(PG_GETARG_LSN(0), &at))
	{
		case COMMIT_FOUND:
			/* a clock may have been set back since */
			PG_RETURN_FLOAT8(Max(GetCurrentTimestamp() - at, 0) / (double) USECS_PER_SEC);
		case COMMIT_NONE:
			PG_RETURN_FLOAT8(0);
		case COMMIT_UNKNOWN:
			break;
	}
	PG_RETURN_NULL();
}

/*
 * What oms.bridge_alerts compares with; null is never.  A function, because
 * settings of a library are known only once it is loaded.
 */
Datum
oms_slot_limits(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[2] = {0};
	bool		nulls[2] = {0};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "BUG: oms.slot_limits() does not return a row");
	nulls[0] = oms_guc_slot_alert_size_mb < 0;
	nulls[1] = oms_guc_slot_alert_age_s < 0;
	values[0] = Int64GetDatum((int64) oms_guc_slot_alert_size_mb * 1024 * 1024);
	values[1] = Int32GetDatum(oms_guc_slot_alert_age_s);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
