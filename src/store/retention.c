/*-------------------------------------------------------------------------
 *
 * retention.c
 *	  What may be purged: oms.retention_policies.
 *
 * Keeps what the table says (config_rows.c).  Of a damaged row nobody knows what it
 * keeps: then nothing is purged.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/guc.h"
#include "store/config_rows.h"
#include "store/retention.h"

typedef struct PolicyRow
{
	ConfigRow	row;			/* first */
	RetentionPolicy policy;
	Interval	age;
} PolicyRow;

static void
retention_read(const ConfigRows *rows, Relation rel, TupleTableSlot *slot, ConfigRow *row)
{
	PolicyRow  *policy = (PolicyRow *) row;
	bool		no_age;
	Datum		age = oms_config_column(rel, slot, "age", INTERVALOID, &no_age);

	if (!no_age)
		policy->age = *DatumGetIntervalP(age);
	policy->policy = (RetentionPolicy) {
		.name = row->name,
		.object = oms_config_text(rel, slot, "object", false),
		.asset_class = oms_config_text(rel, slot, "asset_class", false),
		.account = oms_config_text(rel, slot, "account", false),
		.status = oms_config_text(rel, slot, "status", false),
		.root_id = oms_config_text(rel, slot, "root_id", false),
		.action = oms_config_text(rel, slot, "action", true),
		.hold = DatumGetBool(oms_config_column(rel, slot, "hold", BOOLOID, NULL)),
	};
	if (no_age != policy->policy.hold)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("it has neither an age nor a hold, or both")));
}

static ConfigRows retention_table = {
	.table = {.which = OMS_RETENTION_POLICIES}, .size = sizeof(PolicyRow), .read = retention_read,
};

void
oms_retention_init(void)
{
	oms_config_rows_init(&retention_table);
}

const Retention *
oms_retention(TimestampTz now)
{
	Retention  *retention = palloc0(sizeof(Retention));

	oms_config_rows_know(&retention_table);
	retention->policies = palloc(sizeof(RetentionPolicy) * Max(retention_table.count, 1));
	retention->cutoff = now - (TimestampTz) oms_guc_command_retention_s * USECS_PER_SEC;
	for (int i = 0; i < retention_table.count; i++)
	{
		PolicyRow  *row = (PolicyRow *) retention_table.rows[i];
		RetentionPolicy *policy = &retention->policies[retention->count];

		if (!row->row.enabled)
			continue;
		/* it may be one that keeps */
		if (row->row.fault)
			ereport(ERROR,
					(errcode(OMS_BAD_CONFIGURATION),
					 errmsg("retention policy \"%s\" cannot be used", row->row.name),
					 errdetail("%s.", row->row.fault),
					 errhint("Nothing is purged until it is corrected, or disabled.")));
		*policy = row->policy;
		policy->cutoff = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(now), IntervalPGetDatum(&row->age)));
		retention->count++;
	}
	return retention;
}
