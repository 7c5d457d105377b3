/*-------------------------------------------------------------------------
 *
 * account_sql.c
 *	  What SQL asks of the caller's accounts: policies, row by row, and people.
 *
 * Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "lib/qunique.h"
#include "miscadmin.h"
#include "nodes/supportnodes.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "base/errors.h"
#include "base/json.h"
#include "core/command.h"
#include "entry/gate.h"
#include "store/account_rights.h"
#include "store/account_rights_private.h"
#include "store/caller.h"

PG_FUNCTION_INFO_V1(oms_account_rights_support);
PG_FUNCTION_INFO_V1(oms_accounts_limited);
PG_FUNCTION_INFO_V1(oms_account_visible);
PG_FUNCTION_INFO_V1(oms_account_visible_below);
PG_FUNCTION_INFO_V1(oms_object_visible);
PG_FUNCTION_INFO_V1(oms_account_parent);
PG_FUNCTION_INFO_V1(oms_configuration_visible);
PG_FUNCTION_INFO_V1(oms_configuration_event_visible);
PG_FUNCTION_INFO_V1(oms_refuse_limited);
PG_FUNCTION_INFO_V1(oms_event_visible);
PG_FUNCTION_INFO_V1(oms_actor_visible);
PG_FUNCTION_INFO_V1(oms_role_visible);
PG_FUNCTION_INFO_V1(oms_visible_accounts);
PG_FUNCTION_INFO_V1(oms_may);

/*
 * Is the caller not limited?  Once a statement it is asked whether others have
 * changed that; a row costs a comparison.  That is kept where the function's call
 * is, and not for a caller who has changed since: what is kept compares that.
 */
static inline bool
account_sees_all(FunctionCallInfo fcinfo)
{
	if (unlikely(fcinfo->flinfo->fn_extra == NULL))
	{
		fcinfo->flinfo->fn_extra = fcinfo->flinfo;
		return !oms_accounts_are_limited();
	}
	return oms_account_sees_all();
}

static const char *
account_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

Datum
oms_accounts_limited(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(oms_accounts_are_limited());
}

/* Of an account that is an argument, without a copy of it. */
static AccountSight
account_sight(FunctionCallInfo fcinfo, int n)
{
	text	   *account = PG_ARGISNULL(n) ? NULL : PG_GETARG_TEXT_PP(n);

	return oms_account_sight_of(account ? VARDATA_ANY(account) : NULL, account ? VARSIZE_ANY_EXHDR(account) : 0, ACCOUNT_ANY_CLASS);
}

Datum
oms_account_visible(PG_FUNCTION_ARGS)
{
	AccountSight sight;

	if (account_sees_all(fcinfo))
		PG_RETURN_BOOL(true);
	sight = account_sight(fcinfo, 0);
	PG_RETURN_BOOL(sight == ACCOUNT_SEEN ||
				   (sight == ACCOUNT_SEEN_BY_CLASS && oms_account_is_visible(account_argument(fcinfo, 0), account_argument(fcinfo, 1))));
}

static const KindDef *
account_kind(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : oms_kind_by_name(account_argument(fcinfo, n));
}

Datum
oms_account_visible_below(PG_FUNCTION_ARGS)
{
	const KindDef *kind;

	if (account_sees_all(fcinfo))
		PG_RETURN_BOOL(true);
	if (!PG_ARGISNULL(0))
	{
		AccountSight sight = account_sight(fcinfo, 0);

		if (sight != ACCOUNT_SEEN_BY_CLASS)
			PG_RETURN_BOOL(sight == ACCOUNT_SEEN);
	}
	kind = account_kind(fcinfo, 1);
	PG_RETURN_BOOL(kind && oms_account_below_is_visible(account_argument(fcinfo, 0), kind, account_argument(fcinfo, 2)));
}

Datum
oms_object_visible(PG_FUNCTION_ARGS)
{
	const KindDef *kind;

	if (account_sees_all(fcinfo))
		PG_RETURN_BOOL(true);
	kind = account_kind(fcinfo, 0);
	PG_RETURN_BOOL(kind && !PG_ARGISNULL(1) && oms_account_id_is_visible(kind, account_argument(fcinfo, 1)));
}

/* What is for all accounts is for his, too. */
static bool
account_configuration_is_visible(const char *account)
{
	return account == NULL || account[0] == '\0' || oms_account_sight(account, ACCOUNT_ANY_CLASS) > ACCOUNT_UNSEEN;
}

Datum
oms_configuration_visible(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(account_sees_all(fcinfo) || account_configuration_is_visible(account_argument(fcinfo, 0)));
}

/* {kind, column} by which objects of a kind say what they belong to, for their policy. */
Datum
oms_account_parent(PG_FUNCTION_ARGS)
{
	const KindDef *kind = account_kind(fcinfo, 0);
	const char *column = kind ? oms_account_parent_column(kind) : NULL;
	Datum		pair[2];

	if (column == NULL)
		PG_RETURN_NULL();
	pair[0] = CStringGetTextDatum(oms_kinds[kind->parent_kind].record->name);
	pair[1] = CStringGetTextDatum(column);
	PG_RETURN_ARRAYTYPE_P(construct_array(pair, 2, TEXTOID, -1, false, TYPALIGN_INT));
}

static const KindDef *
account_kind_of_event(Jsonb *payload)
{
	const char *type = oms_json_get_string(payload, "aggregateType");

	for (int k = 0; type && k < oms_kind_count; k++)
		if (strcmp(oms_kinds[k].type, type) == 0)
			return &oms_kinds[k];
	return NULL;
}

/* As a row with this state would be; a kind that is not known belongs to nothing. */
static bool
account_event_is_visible(const char *account, Jsonb *payload)
{
	Jsonb	   *state = oms_json_is_object(payload) ? oms_json_get_container(payload, "state") : NULL;
	const KindDef *kind;
	const char *asset_class;

	if (state == NULL || !oms_json_is_object(state))
		return oms_account_is_visible(account, NULL);
	/* events of 0.1.0 have no such column */
	if (account == NULL)
		account = oms_json_get_string(state, "account");
	kind = account_kind_of_event(payload);
	asset_class = oms_json_get_string(state, "assetClass");
	if (kind == NULL || oms_account_parent_column(kind) == NULL)
		return oms_account_is_visible(account, asset_class);
	return oms_account_below_is_visible(account, &oms_kinds[kind->parent_kind], oms_json_get_string(state, oms_kinds[kind->parent_kind].id_field));
}

Datum
oms_event_visible(PG_FUNCTION_ARGS)
{
	AccountSight sight;

	if (account_sees_all(fcinfo))
		PG_RETURN_BOOL(true);
	sight = PG_ARGISNULL(0) ? ACCOUNT_SEEN_BY_CLASS : account_sight(fcinfo, 0);
	if (sight != ACCOUNT_SEEN_BY_CLASS || PG_ARGISNULL(1))
		PG_RETURN_BOOL(sight == ACCOUNT_SEEN);
	PG_RETURN_BOOL(account_event_is_visible(account_argument(fcinfo, 0), PG_GETARG_JSONB_P(1)));
}

Datum
oms_actor_visible(PG_FUNCTION_ARGS)
{
	text	   *actor;

	if (account_sees_all(fcinfo))
		PG_RETURN_BOOL(true);
	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	actor = PG_GETARG_TEXT_PP(0);
	PG_RETURN_BOOL(oms_account_sent(VARDATA_ANY(actor), VARSIZE_ANY_EXHDR(actor)));
}

/* Is it one of those whose limits are his? */
static bool
account_role_is_visible(const char *name)
{
	const AccountSubject *subjects;
	int			count = oms_account_subjects(&subjects);
	Oid			role = name ? get_role_oid(name, true) : InvalidOid;

	for (int i = 0; OidIsValid(role) && i < count; i++)
		if (oms_role_is_in(subjects[i].user, role))
			return true;
	return false;
}

Datum
oms_role_visible(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(account_sees_all(fcinfo) || account_role_is_visible(account_argument(fcinfo, 0)));
}

/* What the row is of says whose it is: a limit has both, an account and a role; what names a tree says of nobody whose that is. */
Datum
oms_configuration_event_visible(PG_FUNCTION_ARGS)
{
	Jsonb	   *payload;
	Jsonb	   *state;
	const char *type;

	if (account_sees_all(fcinfo))
		PG_RETURN_BOOL(true);
	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	payload = PG_GETARG_JSONB_P(0);
	state = oms_json_is_object(payload) ? oms_json_get_container(payload, "state") : NULL;
	if (state == NULL || !oms_json_is_object(state))
		PG_RETURN_BOOL(false);
	type = oms_json_get_string(payload, "aggregateType");
	if (type && strcmp(type, "AccountGrant") == 0)
		PG_RETURN_BOOL(account_role_is_visible(oms_json_get_string(state, "role")));
	PG_RETURN_BOOL(oms_json_get_string(state, "rootId") == NULL && account_configuration_is_visible(oms_json_get_string(state, "account")));
}

Datum
oms_refuse_limited(PG_FUNCTION_ARGS)
{
	oms_accounts_refuse_limited(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_VOID();
}

/*
 * Estimates, and with them plans, are those of a table without a policy: who is not
 * limited loses no row, and who is asks of accounts that are his.
 */
Datum
oms_account_rights_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSelectivity))
	{
		/* now, for while a query runs in parallel its leader cannot keep what it reads */
		(void) oms_accounts_are_limited();
		((SupportRequestSelectivity *) request)->selectivity = 1.0;
		PG_RETURN_POINTER(request);
	}
	PG_RETURN_POINTER(NULL);
}

/* ------------------------------------------------------------------------
 * for people, and gateways
 * ------------------------------------------------------------------------
 */

/* Is all that the grant names granted to him, too? */
static bool
account_covers(const AccountSubject *subject, const AccountGrant *grant)
{
	for (int i = 0; i < subject->prefix_count; i++)
		if (subject->prefixes[i].length <= grant->length && strncmp(subject->prefixes[i].account, grant->account, subject->prefixes[i].length) == 0)
			return true;
	for (int i = 0; !grant->is_prefix && i < subject->exact_count; i++)
		if (strcmp(subject->exact[i].account, grant->account) == 0)
			return true;
	return false;
}

/* Of what each of several may see, only what all may: of two that overlap that is one of the two. */
static int
account_collect(const AccountSubject *subjects, int count, const AccountGrant *grants, int ngrants, const char **found)
{
	int			n = 0;

	for (int g = 0; g < ngrants; g++)
	{
		int			i = 0;

		CHECK_FOR_INTERRUPTS();
		while (i < count && account_covers(&subjects[i], &grants[g]))
			i++;
		if (i == count)
			found[n++] = grants[g].account;
	}
	return n;
}

static int
account_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

Datum
oms_visible_accounts(PG_FUNCTION_ARGS)
{
	const AccountSubject *subjects;
	int			count = oms_account_subjects(&subjects);
	int			room = 0;
	int			n = 0;
	const char **found;
	Datum	   *elements;
	bool	   *nulls;
	int			lower = 1;

	if (count == 0)
		PG_RETURN_NULL();
	for (int i = 0; i < count; i++)
		room += subjects[i].exact_count + subjects[i].prefix_count;
	found = palloc(sizeof(char *) * (room + 1));
	for (int i = 0; i < count; i++)
	{
		n += account_collect(subjects, count, subjects[i].exact, subjects[i].exact_count, found + n);
		n += account_collect(subjects, count, subjects[i].prefixes, subjects[i].prefix_count, found + n);
	}
	qsort(found, n, sizeof(char *), account_compare);
	n = qunique(found, n, sizeof(char *), account_compare);
	elements = palloc0(sizeof(Datum) * (n + 1));
	nulls = palloc0(sizeof(bool) * (n + 1));
	for (int i = 0; i < n; i++)
		elements[i] = CStringGetTextDatum(found[i]);
	if (oms_account_is_visible(NULL, NULL))
		nulls[n++] = true;
	PG_RETURN_ARRAYTYPE_P(construct_md_array(elements, nulls, 1, &n, &lower, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
oms_may(PG_FUNCTION_ARGS)
{
	const char *type = account_argument(fcinfo, 0);
	const CommandDef *def = type ? oms_command_def(type, strlen(type)) : NULL;

	if (def == NULL)
		ereport(ERROR,
				(errcode(OMS_UNKNOWN_COMMAND),
				 errmsg("unknown command type \"%s\"", type ? type : "")));
	PG_RETURN_BOOL(oms_gate_check(def) == NULL &&
				   (!oms_accounts_are_limited() || oms_account_sight(account_argument(fcinfo, 1), ACCOUNT_ANY_CLASS) > ACCOUNT_UNSEEN));
}
