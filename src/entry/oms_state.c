/*-------------------------------------------------------------------------
 *
 * oms_state.c
 *	  The module: what PostgreSQL loads.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/guc.h"
#include "core/command.h"
#include "core/kind.h"
#include "entry/builtin_step.h"
#include "entry/library.h"
#include "entry/stats.h"
#include "store/account_rights.h"
#include "store/asset_classes.h"
#include "store/calendars.h"
#include "store/catalog.h"
#include "store/fix_sessions.h"
#include "store/halts.h"
#include "store/retention.h"
#include "store/rule_table.h"
#include "store/services.h"
#include "store/shard.h"
#include "store/table_set.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

static void
state_init(void)
{
	oms_guc_init();
	oms_catalog_init();
	oms_layout_init();
	oms_tables_init();
	oms_shard_init();
	oms_fix_sessions_init();
	oms_retention_init();
	oms_halts_init();
	oms_calendars_init();
	oms_asset_classes_init();
	oms_rule_tables_init();
	oms_services_init(oms_builtins);
	oms_account_rights_init();
	oms_kinds_check();
	oms_commands_check();
	oms_stats_init();
}

/* Another library that cannot be joined is an error each time that ours is to be loaded, and ours is set up once. */
void
_PG_init(void)
{
	static bool done = false;

	if (!done)
		state_init();
	done = true;
	oms_library_open();
}
