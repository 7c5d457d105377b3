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
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/guc.h"
#include "store/caller.h"
#include "store/catalog.h"

#define CALLER_PROXY_ROLE	"oms_proxy"
#define CALLER_ADMIN_ROLE	"oms_admin"

/* Since 16 whoever makes a role has its ADMIN option, and is no member for that. */
bool
oms_role_is_in(Oid member, Oid role)
{
	if (!is_member_of_role_nosuper(member, role))
		return false;
#if PG_VERSION_NUM >= 160000
	return superuser_arg(member) || member_can_set_role(member, role) || has_privs_of_role(member, role);
#else
	return true;
#endif
}

bool
oms_caller_is_proxied(void)
{
	Oid			proxy = get_role_oid(CALLER_PROXY_ROLE, true);

	return OidIsValid(proxy) && oms_role_is_in(GetSessionUserId(), proxy);
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

/* A session keeps its address. */
static struct varlena *
caller_client_addr(void)
{
	static bool known = false;
	static struct varlena *addr;

	if (!known)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
		Datum		value;

		LOCAL_FCINFO(fcinfo, 0);

		InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
		value = inet_client_addr(fcinfo);
		addr = fcinfo->isnull ? NULL : (struct varlena *) DatumGetPointer(value);
		known = true;
		MemoryContextSwitchTo(old);
	}
	return addr;
}

void
oms_caller_take(Caller *caller)
{
	Oid			session_user = GetSessionUserId();
	bool		proxied = oms_caller_is_proxied();

	caller->actor = GetUserNameFromId(proxied ? GetOuterUserId() : session_user, false);
	caller->role = GetUserNameFromId(GetUserId(), false);
	caller->via = proxied ? GetUserNameFromId(session_user, false) : NULL;
	/* the server keeps it in ASCII, and shorter than NAMEDATALEN */
	caller->application_name = application_name && application_name[0] != '\0' ? pstrdup(application_name) : NULL;
	caller->client_addr = caller_client_addr();
}
