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
#include "entry/stats.h"
#include "store/asset_classes.h"
#include "store/catalog.h"
#include "store/fix_sessions.h"
#include "store/halts.h"
#include "store/rule_table.h"
#include "store/shard.h"
#include "store/table_set.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	oms_guc_init();
	oms_catalog_init();
	oms_layout_init();
	oms_tables_init();
	oms_shard_init();
	oms_fix_sessions_init();
	oms_halts_init();
	oms_asset_classes_init();
	oms_rule_tables_init();
	oms_kinds_check();
	oms_commands_check();
	oms_stats_init();
}
