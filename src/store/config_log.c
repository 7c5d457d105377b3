/*-------------------------------------------------------------------------
 *
 * config_log.c
 *	  The events of configuration as they are stored.
 *
 * The sole writer of oms.configuration_events, with the rights of its owner,
 * whoever changes the configuration.  Takes no lock: two that go on from one event
 * find the second one's version taken (40001).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "store/catalog.h"
#include "store/config_log.h"

/* One statement, in the owner's name; its operators are those of pg_catalog, wherever the caller looks for his. */
static int
config_log_execute(SPIPlanPtr *plan, const char *sql, int nargs, Oid *types, Datum *values, const char *nulls)
{
	Oid			user;
	int			security;
	int			result;

	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(oms_relation_owner(OMS_CONFIGURATION_EVENTS), security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	if (*plan == NULL)
	{
		SPIPlanPtr	made = SPI_prepare(sql, nargs, types);

		if (made == NULL || SPI_keepplan(made) != 0)
			elog(ERROR, "cannot prepare \"%s\"", sql);
		*plan = made;
	}
	result = SPI_execute_plan(*plan, values, nulls, false, 0);
	SetUserIdAndSecContext(user, security);
	return result;
}

/* Of a statement that gives the version, hash, moment and transaction of at most one row, and whether it deleted. */
static bool
config_log_head(SPIPlanPtr *plan, const char *sql, const char *root_id, ConfigHead *head, uint64 *xid)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(root_id)};
	MemoryContext memory = CurrentMemoryContext;
	bool		found;

	SPI_connect();
	config_log_execute(plan, sql, 1, types, values, NULL);
	found = SPI_processed > 0;
	if (found)
	{
		HeapTuple	row = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		Datum		value;

		head->version = DatumGetInt64(SPI_getbinval(row, desc, 1, &isnull));
		value = SPI_getbinval(row, desc, 3, &isnull);
		head->occurred_at = isnull ? DT_NOBEGIN : DatumGetTimestampTz(value);
		value = SPI_getbinval(row, desc, 4, &isnull);
		*xid = isnull ? 0 : DatumGetUInt64(value);
		value = SPI_getbinval(row, desc, 5, &isnull);
		head->exists = isnull || !DatumGetBool(value);
		value = SPI_getbinval(row, desc, 2, &isnull);
		MemoryContextSwitchTo(memory);
		head->hash = isnull ? NULL : DatumGetByteaPCopy(value);
	}
	SPI_finish();
	return found;
}

/* Of the types that we read, whatever has become of the columns. */
bool
oms_config_log_newest(const char *root_id, ConfigHead *head, uint64 *xid)
{
	static SPIPlanPtr plan;

	return config_log_head(&plan, "SELECT e.version::pg_catalog.int8, e.hash::pg_catalog.bytea, e.occurred_at::pg_catalog.timestamptz, e.xid::pg_catalog.xid8,"
						   " e.event_type OPERATOR(pg_catalog.~~) '%Deleted'"
						   " FROM oms.configuration_events AS e"
						   " WHERE e.root_id OPERATOR(pg_catalog.=) $1 AND e.version IS NOT NULL ORDER BY e.version DESC LIMIT 1", root_id, head, xid);
}

/* For look-ups like this one it has an index, and a history that was never purged has no row. */
bool
oms_config_log_purged(const char *root_id, ConfigHead *head)
{
	static SPIPlanPtr plan;
	uint64		xid;

	return config_log_head(&plan, "SELECT h.version, h.hash, h.purged_at, NULL::pg_catalog.xid8, h.event_type OPERATOR(pg_catalog.~~) '%Deleted'"
						   " FROM oms.purged_history($1) AS h", root_id, head, &xid);
}

bool
oms_config_log_has(const bytea *hash)
{
	static SPIPlanPtr plan;
	Oid			types[] = {BYTEAOID};
	Datum		values[] = {PointerGetDatum(hash)};
	bool		found;

	SPI_connect();
	config_log_execute(&plan, "SELECT FROM oms.configuration_events AS e WHERE e.hash OPERATOR(pg_catalog.=) $1 LIMIT 1", 1, types, values, NULL);
	found = SPI_processed > 0;
	SPI_finish();
	return found;
}

void
oms_config_log_append(const ConfigEvent *event)
{
	static SPIPlanPtr plan;
	Oid			types[] = {INT8OID, TEXTOID, INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, XID8OID, JSONBOID, BYTEAOID, TEXTOID, INETOID};
	Datum		values[lengthof(types)];
	char		nulls[lengthof(types) + 1] = "              ";

	values[0] = Int64GetDatum(event->sequence);
	values[1] = CStringGetTextDatum(event->id);
	values[2] = Int64GetDatum(event->before.version + 1);
	values[3] = CStringGetTextDatum(event->root_id);
	values[4] = CStringGetTextDatum(psprintf("%s%s", event->def->type, event->change));
	values[5] = TimestampTzGetDatum(event->occurred_at);
	values[6] = CStringGetTextDatum(event->caller.actor);
	values[7] = CStringGetTextDatum(event->caller.role);
	if (event->caller.via)
		values[8] = CStringGetTextDatum(event->caller.via);
	else
		nulls[8] = 'n';
	values[9] = FullTransactionIdGetDatum(GetTopFullTransactionId());
	values[10] = JsonbPGetDatum(event->payload);
	values[11] = PointerGetDatum(event->hash);
	if (event->caller.application_name)
		values[12] = CStringGetTextDatum(event->caller.application_name);
	else
		nulls[12] = 'n';
	if (event->caller.client_addr)
		values[13] = PointerGetDatum(event->caller.client_addr);
	else
		nulls[13] = 'n';
	SPI_connect();
	config_log_execute(&plan, "INSERT INTO oms.configuration_events"
					   " (sequence, aggregate_id, version, root_id, tree_version, event_type, occurred_at, actor, role, via, xid, payload, hash, application_name, client_addr)"
					   " VALUES ($1, $2, $3, $4, $3, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (root_id, version) DO NOTHING",
					   lengthof(types), types, values, nulls);
	if (SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("configuration \"%s\" was changed meanwhile", event->root_id),
				 errdetail("There is an event of its version " INT64_FORMAT " already, of another transaction or of this statement.",
						   event->before.version + 1),
				 errhint("Try again; what is to be deleted and inserted again takes two statements.")));
	SPI_finish();
}
