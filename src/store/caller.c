/*-------------------------------------------------------------------------
 *
 * caller.c
 *	  Who sends a command: taken from the session, never from the command.
 *
 * Reads the catalog's caches, writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class_d.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "base/compat.h"
#include "base/guc.h"
#include "store/caller.h"
#include "store/catalog.h"

#define CALLER_PROXY_ROLE	"oms_proxy"
#define CALLER_ADMIN_ROLE	"oms_admin"

/*
 * A member that may become the role or has its rights.  Since 16 whoever makes a
 * role has its ADMIN option, and is no member for that.
 */
static bool
caller_is_proxy(Oid session_user)
{
	Oid			proxy = get_role_oid(CALLER_PROXY_ROLE, true);

	if (!OidIsValid(proxy) || !is_member_of_role_nosuper(session_user, proxy))
		return false;
#if PG_VERSION_NUM >= 160000
	return superuser_arg(session_user) || member_can_set_role(session_user, proxy) || has_privs_of_role(session_user, proxy);
#else
	return true;
#endif
}

/* Roles that do not exist make nobody a feed; a superuser is one where he was given the role, and not for having the rights of every role. */
bool
oms_caller_is_feed(void)
{
	Oid			user = GetUserId();
	ListCell   *cell;

	foreach(cell, oms_guc_feed_roles())
	{
		Oid			role = get_role_oid(lfirst(cell), true);

		if (OidIsValid(role) && (superuser_arg(user) ? is_member_of_role_nosuper(user, role) : has_privs_of_role(user, role)))
			return true;
	}
	return false;
}

bool
oms_caller_is_admin(void)
{
	Oid			admin = get_role_oid(CALLER_ADMIN_ROLE, true);

	return superuser() || (OidIsValid(admin) && has_privs_of_role(GetUserId(), admin)) ||
		oms_owns_relation(oms_relation(OMS_COMMANDS), GetUserId());
}

void
oms_caller_take(Caller *caller)
{
	Oid			session_user = GetSessionUserId();
	bool		proxied = caller_is_proxy(session_user);

	caller->actor = GetUserNameFromId(proxied ? GetOuterUserId() : session_user, false);
	caller->role = GetUserNameFromId(GetUserId(), false);
	caller->via = proxied ? GetUserNameFromId(session_user, false) : NULL;
}
