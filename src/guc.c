/*-------------------------------------------------------------------------
 *
 * guc.c
 *	  The settings of oms_state.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "mb/pg_wchar.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "decimal.h"
#include "guc.h"

#define SECONDS_PER_DAY 86400

/*
 * How long a commandId is remembered.  An administrator raises it where
 * clients retry after more than a week, and lowers it to keep oms.commands
 * small.
 */
int			oms_guc_command_retention_s = 7 * SECONDS_PER_DAY;

/*
 * How large a command may be, as JSON in UTF-8.  Its event, which has the state
 * too, is at most a sixth larger (and 64 kB): as shipped it is below what Kafka
 * takes.  An administrator who raises it raises the limits of the topics too.
 */
int			oms_guc_command_size_kb = 768;

/*
 * How much WAL a slot may hold back, and how old a commit that its reader has
 * not confirmed may be, before oms.bridge_alerts has a row.  An administrator
 * sets the size well below what the disk (or max_slot_wal_keep_size) has room
 * for, and the age to what consumers of the events put up with.
 */
int			oms_guc_slot_alert_size_mb = 1024;
int			oms_guc_slot_alert_age_s = 60;

/*
 * By how much fills may exceed an order before they wait in review.  A desk
 * that trades lots or notional raises it, as a part of the order's quantity.
 */
static char *overfill_tolerance_text = NULL;
static Numeric overfill_tolerance = NULL;

static bool
check_tolerance(char **newval, void **extra, GucSource source)
{
	Numeric		value;

	if (!oms_dec_parse(*newval, strlen(*newval), &value) || oms_dec_sign(value) < 0 ||
		oms_dec_cmp(value, oms_dec_one()) > 0)
	{
		GUC_check_errdetail("It must be a decimal number from 0 to 1.");
		return false;
	}
	return true;
}

static void
assign_tolerance(const char *newval, void *extra)
{
	if (overfill_tolerance)
		pfree(overfill_tolerance);
	overfill_tolerance = NULL;	/* read again when next needed */
}

Numeric
oms_guc_overfill_tolerance(void)
{
	if (overfill_tolerance == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		if (!oms_dec_parse(overfill_tolerance_text, strlen(overfill_tolerance_text),
						   &overfill_tolerance))
			elog(ERROR, "BUG: oms_state.overfill_tolerance was not checked");
		MemoryContextSwitchTo(old);
	}
	return overfill_tolerance;
}

/*
 * The encoding of FIX messages that come as bytes and do not say theirs
 * (MessageEncoding).  FIX itself is ASCII; a feed that writes names or texts in
 * anything but ISO 8859-1 sets it for its role.
 */
static char *fix_encoding_name = NULL;

static bool
check_encoding(char **newval, void **extra, GucSource source)
{
	int			encoding = pg_char_to_encoding(*newval);

	if (encoding < 0 || encoding == PG_SQL_ASCII || encoding == PG_MULE_INTERNAL)
	{
		GUC_check_errdetail("It must be an encoding of PostgreSQL, as UTF8, LATIN1, SJIS or EUC_JP.");
		return false;
	}
	return true;
}

int
oms_guc_fix_encoding(void)
{
	return pg_char_to_encoding(fix_encoding_name);
}

void
oms_guc_init(void)
{
	DefineCustomIntVariable("oms_state.command_retention",
							"How long a commandId is remembered, so that a repeat returns the first result.",
							NULL, &oms_guc_command_retention_s,
							7 * SECONDS_PER_DAY, 0, INT_MAX, PGC_SUSET, GUC_UNIT_S,
							NULL, NULL, NULL);
	DefineCustomIntVariable("oms_state.command_size",
							"How large a command may be, as JSON in UTF-8.",
							"An object's texts, FIX fields and attributes may have a sixth of it.", &oms_guc_command_size_kb,
							768, 16, 64 * 1024, PGC_SUSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	DefineCustomIntVariable("oms_state.slot_alert_size",
							"How much WAL a replication slot may hold back before oms.bridge_alerts has a row.",
							"-1 is never.", &oms_guc_slot_alert_size_mb,
							1024, -1, INT_MAX, PGC_SUSET, GUC_UNIT_MB,
							NULL, NULL, NULL);
	DefineCustomIntVariable("oms_state.slot_alert_age",
							"How old a commit that a slot's reader has not confirmed may be before oms.bridge_alerts has a row.",
							"-1 is never.", &oms_guc_slot_alert_age_s,
							60, -1, INT_MAX, PGC_SUSET, GUC_UNIT_S,
							NULL, NULL, NULL);
	DefineCustomStringVariable("oms_state.overfill_tolerance",
							   "By which part of its quantity an order may be overfilled before a fill waits in review.",
							   "0.01 allows one per cent.",
							   &overfill_tolerance_text, "0", PGC_SUSET, 0,
							   check_tolerance, assign_tolerance, NULL);
	DefineCustomStringVariable("oms_state.fix_encoding",
							   "The encoding of FIX messages given as bytea that do not say theirs (MessageEncoding, 347).",
							   NULL, &fix_encoding_name, "LATIN1", PGC_USERSET, 0,
							   check_encoding, NULL, NULL);
	MarkGUCPrefixReserved("oms_state");
}
