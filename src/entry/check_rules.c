/*-------------------------------------------------------------------------
 *
 * check_rules.c
 *	  What the rules would say of a command.
 *
 * Nothing is locked, written or counted: things are taken as they stand.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "entry/named_row.h"
#include "store/account_rights.h"
#include "store/rules.h"
#include "store/table_set.h"

PG_FUNCTION_INFO_V1(oms_check_rules);

static const NamedColumn check_columns[] = {
	{"command_type", TEXTOID}, {"rule", TEXTOID}, {"version", INT8OID}, {"enabled", BOOLOID}, {"answer", TEXTOID}, {"effect", TEXTOID},
	{"message", TEXTOID}, {"why", TEXTOID},
};

static const char *
check_effect(const RuleVerdict *verdict)
{
	static const char *const effects[] = {
		[FINDINGS_TELL] = "WARN",
		[FINDINGS_QUEUE] = "DESK",
		[FINDINGS_HOLD] = "REVIEW",
		[FINDINGS_FLAG] = "FLAG",
		[FINDINGS_REFUSE] = "REFUSE",
	};

	if (verdict->finding == NULL)
		return "PASS";
	return effects[oms_findings_effect(list_make1(unconstify(Finding *, verdict->finding)), verdict->command)];
}

static void
check_put_verdict(ReturnSetInfo *rsinfo, const RuleVerdict *verdict)
{
	const ConfigRow *rule = &verdict->rule->rule.row;
	Datum		values[lengthof(check_columns)] = {
		CStringGetTextDatum(verdict->command->def->name), CStringGetTextDatum(rule->name), Int64GetDatum(rule->version),
		BoolGetDatum(rule->enabled), CStringGetTextDatum(oms_name_of(oms_rule_answer_names, verdict->answer)),
		CStringGetTextDatum(check_effect(verdict)), CStringGetTextDatum(verdict->rule->message),
	};
	bool		nulls[lengthof(check_columns)] = {[7] = verdict->finding == NULL};

	if (verdict->finding)
		values[7] = CStringGetTextDatum(verdict->finding->why);
	oms_put_named_row(rsinfo, check_columns, lengthof(check_columns), values, nulls);
}

Datum
oms_check_rules(PG_FUNCTION_ARGS)
{
	UnitOfWork *uow;
	Command		command;
	Refusal    *refusal;
	ListCell   *cell;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a command must not be null")));
	InitMaterializedSRF(fcinfo, 0);
	refusal = oms_command_parse(PG_GETARG_JSONB_P(0), false, &command);
	if (refusal)
		oms_raise(refusal);
	if (command.account && oms_accounts_are_limited() && !oms_account_is_seen(command.account))
		oms_raise(oms_refuse(OMS_NOT_PERMITTED, "account \"%s\" is not permitted for role \"%s\"", command.account, GetUserNameFromId(GetUserId(), false)));
	uow = oms_uow_begin();
	foreach(cell, oms_rules_try(uow, &command))
		check_put_verdict((ReturnSetInfo *) fcinfo->resultinfo, lfirst(cell));
	oms_tables_end(oms_uow_tables(uow));
	return (Datum) 0;
}
