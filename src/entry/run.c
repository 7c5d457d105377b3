/*-------------------------------------------------------------------------
 *
 * run.c
 *	  The one pipeline.
 *
 * Every command, whoever sends it and however, goes this way and never back.
 * Writes and locks nothing itself: the unit of work does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "core/command_size.h"
#include "entry/handlers.h"
#include "entry/run.h"

static const CommandHandler handlers[COMMAND_TYPE_COUNT] = {
	[COMMAND_CREATE_ORDER] = oms_handle_create,
	[COMMAND_ACCEPT_ORDER] = oms_handle_order,
	[COMMAND_REJECT_ORDER] = oms_handle_order,
	[COMMAND_REQUEST_CANCEL_ORDER] = oms_handle_order,
	[COMMAND_CANCEL_ORDER] = oms_handle_order,
	[COMMAND_REJECT_CANCEL_ORDER] = oms_handle_order,
	[COMMAND_REQUEST_REPLACE_ORDER] = oms_handle_order,
	[COMMAND_REPLACE_ORDER] = oms_handle_order,
	[COMMAND_REJECT_REPLACE_ORDER] = oms_handle_order,
	[COMMAND_SUSPEND_ORDER] = oms_handle_order,
	[COMMAND_RESUME_ORDER] = oms_handle_order,
	[COMMAND_STOP_ORDER] = oms_handle_order,
	[COMMAND_DONE_FOR_DAY_ORDER] = oms_handle_order,
	[COMMAND_RESTATE_ORDER] = oms_handle_order,
	[COMMAND_CALCULATE_ORDER] = oms_handle_order,
	[COMMAND_EXPIRE_ORDER] = oms_handle_order,
	[COMMAND_UPDATE_ORDER] = oms_handle_order,
	[COMMAND_PLACE_ORDER] = oms_handle_place,
	[COMMAND_EXECUTE_ORDER] = oms_handle_execute,
	[COMMAND_CORRECT_EXECUTION] = oms_handle_correct,
	[COMMAND_BUST_EXECUTION] = oms_handle_bust,
};

void
oms_handlers_check(void)
{
	for (int i = 0; i < COMMAND_TYPE_COUNT; i++)
		if (handlers[i] == NULL || oms_command_defs[i].name == NULL || oms_command_defs[i].type != i)
			elog(ERROR, "BUG: command type %d has no handler, or no definition in its place", i);
}

void
oms_check_may_write(const char *function)
{
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
	PreventCommandDuringRecovery(function);
	/* whoever owns what is analyzed, indexed or refreshed would act in the name of the session that does it */
	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot execute %s within a security-restricted operation", function)));
}

static Jsonb *
current_state(UnitOfWork *uow, const KindDef *kind, const char *id)
{
	const Object *object = oms_uow_object(uow, kind->kind, id);

	return object ? oms_record_state(kind->record, object) : NULL;
}

static Jsonb *
result_of_events(UnitOfWork *uow, const Command *command, const Outcome *outcome)
{
	ResultSource source = {.outcome = outcome, .command_id = command->command_id, .xid = oms_uow_xid(uow)};
	const Event *events = oms_uow_events(uow, &source.npayloads);

	source.payloads = palloc(sizeof(Jsonb *) * Max(source.npayloads, 1));
	for (int i = 0; i < source.npayloads; i++)
		source.payloads[i] = events[i].payload;
	source.duplicate = outcome->repeat;
	if (source.npayloads == 0 || outcome->repeat)
		source.state = current_state(uow, outcome->kind, outcome->id);
	return oms_result_build(&source);
}

/* ------------------------------------------------------------------------
 * repeats
 * ------------------------------------------------------------------------
 */

/* The command as the event of what it was about carries it, if that is still there: others may have a part of it. */
static Jsonb *
recorded_command(const ResultSource *source)
{
	for (int i = 0; i < source->npayloads; i++)
	{
		char	   *id = oms_json_get_string(source->payloads[i], "aggregateId");
		JsonbValue	hold;
		JsonbValue *v;

		if (id == NULL || strcmp(id, source->outcome->id) != 0)
			continue;
		v = oms_json_get(source->payloads[i], "command", &hold);
		return v ? JsonbValueToJsonb(v) : NULL;
	}
	return NULL;
}

/* The first result again, from the events that it was built of. */
static Jsonb *
repeat(UnitOfWork *uow, const Command *command, const KnownCommand *known, Refusal **refusal)
{
	Outcome		outcome = {.kind = &oms_kinds[command->def->kind], .id = known->aggregate_id};
	ResultSource source = {.outcome = &outcome, .command_id = command->command_id, .duplicate = true,
	.xid = oms_uow_xid(uow)};

	source.payloads = palloc(sizeof(Jsonb *) * Max(known->nsequences, 1));
	for (int i = 0; i < known->nsequences; i++)
	{
		Jsonb	   *payload = oms_uow_event_payload(uow, known->sequences[i], known->recorded_at, &source.xid);

		if (payload)
			source.payloads[source.npayloads++] = payload;
	}
	if (!oms_command_is_same(known, command->raw, recorded_command(&source)))
	{
		*refusal = oms_with_hint(oms_with_detail(oms_refuse(OMS_DUPLICATE, "commandId \"%s\" is already used",
															command->command_id),
												 "It was used with other content at %s.",
												 timestamptz_to_str(known->recorded_at)),
								 "Repeat a command with equal content, or give it a new commandId.");
		return NULL;
	}
	if (source.npayloads == 0)
		source.state = current_state(uow, outcome.kind, outcome.id);
	return oms_result_build(&source);
}

static KnownCommand *
find_known(UnitOfWork *uow, const Command *command)
{
	KnownCommand *known;

	if (!command->command_id_given)
		return NULL;
	known = oms_command_find(oms_uow_tables(uow), oms_uow_caller(uow)->actor, command->command_id);
	return known && !oms_command_is_expired(known) ? known : NULL;
}

/* ------------------------------------------------------------------------
 * the pipeline
 * ------------------------------------------------------------------------
 */

/*
 * Decide, and claim.  NULL with a refusal; or NULL without one, where another
 * session applied this very command while we decided.
 */
static Jsonb *
try_command(UnitOfWork *uow, Command *command, Refusal **refusal)
{
	Outcome		outcome = {0};
	ClaimResult claim = CLAIM_OK;
	Jsonb	   *result = NULL;

	oms_uow_start_command(uow, command);
	*refusal = oms_check_root(uow, command);
	if (*refusal == NULL)
		*refusal = handlers[command->def->type] (uow, command, &outcome);
	if (*refusal == NULL)
		*refusal = oms_check_shard(uow, command, &outcome);
	if (*refusal == NULL)
		*refusal = oms_uow_too_large(uow);
	if (*refusal == NULL)
		claim = oms_uow_claim(uow, outcome.id, refusal);
	if (*refusal == NULL && claim == CLAIM_OK)
		result = result_of_events(uow, command, &outcome);
	else
		oms_uow_abandon(uow);
	return result;
}

Jsonb *
oms_command_apply(UnitOfWork *uow, Jsonb *raw, bool from_fix, Refusal **refusal)
{
	Command    *command = palloc(sizeof(Command));
	KnownCommand *known;
	Jsonb	   *result;

	*refusal = oms_command_check_size(raw);
	if (*refusal == NULL)
		*refusal = oms_command_parse(raw, from_fix, command);
	if (*refusal)
		return NULL;
	known = find_known(uow, command);
	if (known)
		return repeat(uow, command, known, refusal);

	result = try_command(uow, command, refusal);
	if (result)
		return result;
	/* what refused it may be its own first application, seen only after the lock */
	known = find_known(uow, command);
	if (known)
		return repeat(uow, command, known, refusal);
	if (*refusal == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to a concurrent command \"%s\"",
						command->command_id)));
	return NULL;
}

/* A text member of anything that may be a command. */
static char *
text_member(Jsonb *raw, const char *key)
{
	char	   *text = oms_json_is_object(raw) ? oms_json_get_string(raw, key) : NULL;

	if (text && strlen(text) > ID_LENGTH_MAX)
		text[pg_mbcliplen(text, strlen(text), ID_LENGTH_MAX)] = '\0';
	return text;
}

Jsonb *
oms_command_reject(UnitOfWork *uow, Jsonb *raw, const Refusal *refusal)
{
	char	   *command_id = text_member(raw, "commandId");
	char	   *command_type = text_member(raw, "commandType");

	/* what is too large to be a command is too large to be kept */
	if (refusal->too_large && oms_command_check_size(raw) != NULL)
		raw = oms_command_brief(raw);
	oms_rejection_keep(oms_uow_tables(uow), oms_uow_caller(uow), raw, command_id, command_type, refusal);
	return oms_result_rejected(refusal, command_id, command_type);
}

static int
compare_text(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* Sort, and keep one of each. */
static List *
sort_unique(List *texts)
{
	List	   *unique = NIL;
	ListCell   *cell;

	list_sort(texts, compare_text);
	foreach(cell, texts)
		if (unique == NIL || strcmp(llast(unique), lfirst(cell)) != 0)
			unique = lappend(unique, lfirst(cell));
	return unique;
}

static List *
members(List *commands, const char *key)
{
	List	   *texts = NIL;
	ListCell   *cell;

	foreach(cell, commands)
	{
		Jsonb	   *raw = lfirst(cell);
		char	   *text = oms_json_is_object(raw) ? oms_json_get_string(raw, key) : NULL;

		if (text && strlen(text) <= ID_LENGTH_MAX)
			texts = lappend(texts, text);
	}
	return texts;
}

void
oms_command_lock_all(UnitOfWork *uow, List *commands)
{
	List	   *orders = sort_unique(list_concat(members(commands, "orderId"), members(commands, "parentId")));
	List	   *executions = sort_unique(members(commands, "executionId"));
	List	   *roots = NIL;
	ListCell   *cell;

	foreach(cell, orders)
	{
		char	   *root = oms_uow_root_of_order(uow, lfirst(cell));

		if (root)
			roots = lappend(roots, root);
	}
	foreach(cell, executions)
	{
		char	   *root = oms_uow_root_of_execution(uow, lfirst(cell));

		if (root)
			roots = lappend(roots, root);
	}
	foreach(cell, sort_unique(roots))
		oms_uow_lock_root(uow, lfirst(cell));
}
