/*-------------------------------------------------------------------------
 *
 * policy_event.c
 *	  A policy that a dump brings takes the place of the one that is there.
 *
 * CREATE EXTENSION makes our policies; the first minor versions of 15 dump them
 * besides, as those of other tables, and their restore would end at the first.
 * So one of ours by its name is dropped before, for who owns the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class_d.h"
#include "catalog/pg_policy.h"
#include "commands/event_trigger.h"
#include "commands/policy.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "base/compat.h"

PG_FUNCTION_INFO_V1(oms_policy_comes);

static const char *const policy_names[] = {"oms_accounts", "oms_rows"};

static bool
policy_is_ours(const char *name)
{
	for (int i = 0; i < lengthof(policy_names); i++)
		if (strcmp(policy_names[i], name) == 0)
			return true;
	return false;
}

/* Whoever does not own the table is told so by CREATE POLICY itself, and has locked nothing. */
Datum
oms_policy_comes(PG_FUNCTION_ARGS)
{
	EventTriggerData *trigger = (EventTriggerData *) fcinfo->context;
	CreatePolicyStmt *statement;
	Oid			relid;
	Oid			policy;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("oms.policy_comes() was not called by the event trigger manager")));
	/* a login has none */
	if (trigger->parsetree == NULL || !IsA(trigger->parsetree, CreatePolicyStmt))
		return (Datum) 0;
	statement = (CreatePolicyStmt *) trigger->parsetree;
	relid = policy_is_ours(statement->policy_name) ? RangeVarGetRelid(statement->table, NoLock, true) : InvalidOid;
	if (!OidIsValid(relid) || get_rel_namespace(relid) != get_namespace_oid("oms", true) || !oms_owns_relation(relid, GetUserId()))
		return (Datum) 0;
	LockRelationOid(relid, AccessExclusiveLock);
	policy = get_relation_policy_oid(relid, statement->policy_name, true);
	if (OidIsValid(policy))
		performDeletion(&(ObjectAddress) {PolicyRelationId, policy, 0}, DROP_RESTRICT, PERFORM_DELETION_INTERNAL);
	return (Datum) 0;
}
