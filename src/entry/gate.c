/*-------------------------------------------------------------------------
 *
 * gate.c
 *	  May the current user give a command, and who would have given it?
 *
 * Asks the catalog's caches alone; writes and locks nothing.  A refusal is a
 * value, as everywhere.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class_d.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "entry/gate.h"
#include "store/caller.h"
#include "store/catalog.h"

PG_FUNCTION_INFO_V1(oms_current_actor);

static const char *const gate_roles[] = {
	[ROLE_TRADER] = "oms_trader",
	[ROLE_DESK] = "oms_desk",
	[ROLE_ADMIN] = "oms_admin",
};

const char *
oms_gate_role_name(CommandRole role)
{
	return gate_roles[role];
}

static bool
gate_roles_are_made(void)
{
	for (int i = ROLE_TRADER; i < lengthof(gate_roles); i++)
		if (OidIsValid(get_role_oid(gate_roles[i], true)))
			return true;
	return false;
}

/* One that was dropped alone opens nothing: only where none was made are there no roles. */
static bool
gate_passes(CommandRole role, bool *missing)
{
	Oid			needed;

	if (superuser())
		return true;
	needed = get_role_oid(gate_roles[role], true);
	*missing = !OidIsValid(needed);
	if (*missing ? !gate_roles_are_made() : has_privs_of_role(GetUserId(), needed))
		return true;
	return oms_owns_relation(oms_relation(OMS_COMMANDS), GetUserId());
}

static Refusal *
gate_refuse(CommandRole role, bool missing, const char *what, const char *verb)
{
	char	   *user = GetUserNameFromId(GetUserId(), false);
	Refusal    *refusal = oms_refuse(OMS_NOT_PERMITTED, "%s %s not permitted for role \"%s\"", what, verb, user);

	oms_with_detail(refusal, missing ? "It needs the privileges of role \"%s\", which does not exist." :
					"It needs the privileges of role \"%s\".", gate_roles[role]);
	return oms_with_hint(refusal, missing ? "The owner of the extension can make it again: SELECT oms.create_roles()." :
						 psprintf("Who administers the roles can GRANT %s TO %s.", gate_roles[role], quote_identifier(user)));
}

Refusal *
oms_gate_check(const CommandDef *def)
{
	bool		missing;

	return gate_passes(def->role, &missing) ? NULL : gate_refuse(def->role, missing, def->name, "is");
}

Refusal *
oms_gate_check_role(CommandRole role, const char *what)
{
	bool		missing;

	return gate_passes(role, &missing) ? NULL : gate_refuse(role, missing, what, "are");
}

/* What views show of an object may depend on who looks at it. */
Datum
oms_current_actor(PG_FUNCTION_ARGS)
{
	Caller		caller;

	oms_caller_take(&caller);
	PG_RETURN_TEXT_P(cstring_to_text(caller.actor));
}
