/*-------------------------------------------------------------------------
 *
 * as_owner.c
 *	  Work that is done with the rights of who owns a table of ours.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"

#include "store/as_owner.h"

void
oms_as_owner(OmsRelation relation, void (*work) (void *arg), void *arg)
{
	Oid			user;
	int			security;
	int			settings = NewGUCNestLevel();

	GetUserIdAndSecContext(&user, &security);
	/* an error undoes both with the state of the (sub)transaction */
	SetUserIdAndSecContext(oms_relation_owner(relation), security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	work(arg);
	AtEOXact_GUC(false, settings);
	SetUserIdAndSecContext(user, security);
}
