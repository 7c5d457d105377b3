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
#include "core/decide.h"
#include "entry/gate.h"
#include "entry/result.h"
#include "entry/run.h"
#include "entry/stats.h"
#include "store/apply.h"
#include "store/asset_classes.h"
#include "store/halts.h"
#include "store/rules.h"
#include "store/shard.h"
#include "store/table_set.h"
#include "store/trees.h"

void
oms_run_begin(const char *function, bool is_fix)
{
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
	PreventCommandDuringRecovery(function);
	/* whoever owns what is analyzed, indexed or refreshed would act in the name of the session that does it */
	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot execute %s within a security-restricted operation", function)));
	/* the call around it is being counted */
	oms_tables_refuse_nested();
	oms_stats_begin_call(is_fix);
}

void
oms_run_end(UnitOfWork *uow, const Refusal *refusal)
{
	if (uow)
		oms_uow_flush(uow);
	oms_stats_end_call(refusal);
}

void
oms_run_raise(const Refusal *refusal)
{
	oms_stats_end_call(refusal);
	oms_raise(refusal);
}

static Jsonb *
run_result_untold(void)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static Jsonb *
run_result_of_events(UnitOfWork *uow, const Decision *decision)
{
	ResultSource source = {.kind = decision->about, .id = decision->about_id, .command_id = decision->command->command_id,
	.xid = oms_uow_xid(uow), .duplicate = decision->repeat, .tells = decision->command->def->tells};
	const Event *events = oms_uow_events(uow, &source.npayloads);

	source.payloads = palloc(sizeof(Jsonb *) * Max(source.npayloads, 1));
	for (int i = 0; i < source.npayloads; i++)
		source.payloads[i] = events[i].payload;
	if (source.npayloads == 0 || decision->repeat)
		source.state = oms_object_state(oms_uow_object(uow, source.kind, source.id));
	return oms_result_build(&source);
}

/* What would become of it, and nothing does: nobody claims, writes or remembers anything. */
static Jsonb *
run_preview(UnitOfWork *uow, const Decision *decision)
{
	ResultSource source = {.kind = decision->about, .id = decision->about_id, .command_id = decision->command->command_id,
	.tells = decision->command->def->tells, .preview = true};
	ListCell   *cell;

	oms_apply_numbers(uow, decision);
	source.payloads = palloc(sizeof(Jsonb *) * Max(list_length(decision->changes), 1));
	foreach(cell, decision->changes)
	{
		const Change *change = lfirst(cell);

		if (change->is_last)
			source.payloads[source.npayloads++] = oms_preview_payload(change->after, oms_uow_now(uow));
	}
	return oms_result_build(&source);
}

/* ------------------------------------------------------------------------
 * repeats
 * ------------------------------------------------------------------------
 */

/* The command as the event of what it was about carries it, if that is still there: others may have a part of it. */
static Jsonb *
run_recorded_command(const ResultSource *source)
{
	for (int i = 0; i < source->npayloads; i++)
	{
		char	   *id = oms_json_get_string(source->payloads[i], "aggregateId");
		JsonbValue	hold;
		JsonbValue *v;

		if (id == NULL || strcmp(id, source->id) != 0)
			continue;
		v = oms_json_get(source->payloads[i], "command", &hold);
		return v ? JsonbValueToJsonb(v) : NULL;
	}
	return NULL;
}

/*
 * What the command was about: an object of its own kind, or one of another that
 * only kept the report.  Where no event carries it, it is told as it stands.
 */
static void
run_find_about(UnitOfWork *uow, const Command *command, ResultSource *source)
{
	const Object *object = NULL;

	for (int i = 0; i < KIND_COUNT; i++)
	{
		source->kind = (command->def->kind + i) % KIND_COUNT;
		if (oms_result_is_told(source))
			return;
	}
	for (int i = 0; i < KIND_COUNT && object == NULL; i++)
	{
		source->kind = (command->def->kind + i) % KIND_COUNT;
		object = oms_uow_peek(uow, source->kind, source->id);
	}
	source->state = oms_object_state(object);
}

static void
run_add_payloads(UnitOfWork *uow, const KnownCommand *known, ResultSource *source)
{
	int			room = source->npayloads + Max(known->nsequences, 1);

	source->payloads = source->payloads ? repalloc_huge(source->payloads, sizeof(Jsonb *) * room) : palloc(sizeof(Jsonb *) * room);
	for (int i = 0; i < known->nsequences; i++)
	{
		Jsonb	   *payload = oms_uow_event_payload(uow, known->sequences[i], known->recorded_at, &source->xid);

		if (payload)
			source->payloads[source->npayloads++] = payload;
	}
}

/* The first result again, from the events that it was built of. */
static Jsonb *
run_repeat(UnitOfWork *uow, const Command *command, const KnownCommand *known, Refusal **refusal)
{
	ResultSource source = {.id = known->aggregate_id, .command_id = command->command_id, .duplicate = true,
	.xid = oms_uow_xid(uow), .tells = command->def->tells};

	run_add_payloads(uow, known, &source);
	if (!oms_command_is_same(known, command->raw, run_recorded_command(&source)))
	{
		*refusal = oms_with_hint(oms_with_detail(oms_refuse(OMS_DUPLICATE, "commandId \"%s\" is already used",
															command->command_id),
												 "It was used with other content at %s.",
												 timestamptz_to_str(known->recorded_at)),
								 "Repeat a command with equal content, or give it a new commandId.");
		return NULL;
	}
	run_find_about(uow, command, &source);
	return oms_result_build(&source);
}

static KnownCommand *
run_find_id(UnitOfWork *uow, const char *command_id)
{
	KnownCommand *known = oms_command_find(oms_uow_tables(uow), oms_uow_caller(uow)->actor, command_id);

	return known && !oms_command_is_expired(known) ? known : NULL;
}

static KnownCommand *
run_find_known(UnitOfWork *uow, const Command *command)
{
	return command->command_id_given ? run_find_id(uow, command->command_id) : NULL;
}

void
oms_run_recall(UnitOfWork *uow, const char *command_id, const char *cause, ResultSource *source)
{
	KnownCommand *known = run_find_id(uow, command_id);
	int			before = source->npayloads;

	if (known == NULL)
		return;
	run_add_payloads(uow, known, source);
	if (cause && source->npayloads > before && !oms_same_text(oms_json_get_string(source->payloads[before], "causationId"), cause))
		source->npayloads = before;
	else if (source->id == NULL)
		source->id = known->aggregate_id;
}

/* ------------------------------------------------------------------------
 * the pipeline
 * ------------------------------------------------------------------------
 */

/* OM012 where the command begins a tree that is not this database's. */
static Refusal *
run_check_shard(const Decision *decision)
{
	Refusal    *refusal = NULL;
	ListCell   *cell;

	foreach(cell, decision->changes)
	{
		const Change *change = lfirst(cell);

		if (change->before == NULL && oms_object_is_root(change->after))
			refusal = oms_shard_check(oms_kind_noun(change->after->kind), change->after->id);
		if (refusal)
			break;
	}
	return refusal;
}

/* OM012 where it is given a member that is another database's: a block and its members live in one. */
static Refusal *
run_check_members(const Command *command)
{
	Refusal    *refusal = NULL;

	for (int i = 0; refusal == NULL && i < command->members.count; i++)
		refusal = oms_shard_check(oms_kind_noun(command->def->kind), command->members.shares[i].order_id);
	return refusal;
}

static Jsonb *run_command(UnitOfWork *uow, TakenCommand *taken, bool searched, Refusal **refusal);

/* What is refused of it is as it was: nobody has asked for it. */
static void
run_follow_ups(UnitOfWork *uow, Decision *decision)
{
	ListCell   *cell;

	foreach(cell, oms_follow_ups(decision))
	{
		TakenCommand *taken = oms_run_own(lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		taken->command.told_before = true;
		taken->untold = true;
		if (taken->refusal == NULL)
			(void) run_command(uow, taken, false, &taken->refusal);
	}
}

/*
 * Decide, and apply.  NULL with a refusal; or NULL without one, where another
 * session applied this very command while we decided.
 */
static Jsonb *
run_try_command(UnitOfWork *uow, TakenCommand *taken, TreeNames *names, bool searched, Refusal **refusal)
{
	Command    *command = &taken->command;
	const Command as_given = *command;
	Decision	decision;
	Jsonb	   *result;

	*refusal = run_check_members(command);
	if (*refusal)
		return NULL;
	for (;;)
	{
		oms_uow_start_command(uow);
		oms_decision_begin(&decision, oms_uow_source(uow), command);
		/* after the locks: what was forbidden while we waited is forbidden */
		decision.findings = oms_rules_ask(uow, command);
		if (taken->ask)
			decision.findings = list_concat_copy(taken->ask(uow, command, taken->arg), decision.findings);
		decision.halts = oms_halts();
		decision.classes = oms_asset_classes();
		*refusal = oms_decide(&decision);
		if (decision.unreached.count == 0)
			break;
		/* each time it reaches further, and what it has made of the command is forgotten */
		CHECK_FOR_INTERRUPTS();
		*command = as_given;
		for (int i = 0; i < decision.unreached.count; i++)
			oms_name_object(names, decision.unreached.names[i].kind, decision.unreached.names[i].values[0], REACH_OWN);
		oms_trees_lock(uow, names, searched);
	}
	if (*refusal == NULL)
		*refusal = run_check_shard(&decision);
	if (*refusal)
		return NULL;
	if (command->preview == TRI_TRUE)
		return run_preview(uow, &decision);
	if (oms_apply(uow, &decision, refusal) != APPLY_DONE)
		return NULL;
	result = taken->untold ? run_result_untold() : run_result_of_events(uow, &decision);
	run_follow_ups(uow, &decision);
	return result;
}

TakenCommand *
oms_run_take(Jsonb *raw, bool from_fix)
{
	TakenCommand *taken = palloc0(sizeof(TakenCommand));

	taken->raw = raw;
	taken->refusal = oms_command_check_size(raw);
	if (taken->refusal == NULL)
		taken->refusal = oms_command_parse(raw, from_fix, &taken->command);
	if (taken->refusal == NULL)
		taken->refusal = oms_gate_check(taken->command.def);
	return taken;
}

TakenCommand *
oms_run_own(Jsonb *raw)
{
	TakenCommand *taken = palloc0(sizeof(TakenCommand));

	taken->raw = raw;
	taken->refusal = oms_command_parse(raw, true, &taken->command);
	return taken;
}

static Jsonb *
run_command(UnitOfWork *uow, TakenCommand *taken, bool searched, Refusal **refusal)
{
	const Command *command = &taken->command;
	KnownCommand *known = run_find_known(uow, command);
	TreeNames	names = {0};
	Jsonb	   *result;

	if (known)
		return run_repeat(uow, command, known, refusal);
	oms_command_trees(command, &names);
	oms_trees_lock(uow, &names, searched);
	result = run_try_command(uow, taken, &names, searched, refusal);
	if (result)
		return result;
	/* what refused it may be its own first application, seen only after the lock */
	known = run_find_known(uow, command);
	if (known)
		return run_repeat(uow, command, known, refusal);
	if (*refusal == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to a concurrent command \"%s\"",
						command->command_id)));
	return NULL;
}

Jsonb *
oms_run(UnitOfWork *uow, TakenCommand *taken, bool searched, Refusal **refusal)
{
	Jsonb	   *result = NULL;
	int			nevents = oms_uow_count_events(uow);

	oms_stats_begin();
	oms_stats_called(taken->command.def);
	*refusal = taken->refusal;
	if (*refusal == NULL)
		result = run_command(uow, taken, searched, refusal);
	oms_stats_end(result, oms_uow_count_events(uow) - nevents, *refusal);
	return result;
}

Jsonb *
oms_run_show(UnitOfWork *uow, ObjectKind kind, const char *id, bool duplicate)
{
	ResultSource source = {.kind = kind, .id = id, .duplicate = duplicate, .xid = oms_uow_xid(uow)};

	source.state = oms_object_state(oms_uow_object(uow, kind, id));
	return oms_result_build(&source);
}

/* A text member of anything that may be a command. */
static char *
run_text_member(Jsonb *raw, const char *key)
{
	char	   *text = oms_json_is_object(raw) ? oms_json_get_string(raw, key) : NULL;

	if (text && strlen(text) > ID_LENGTH_MAX)
		text[pg_mbcliplen(text, strlen(text), ID_LENGTH_MAX)] = '\0';
	return text;
}

Jsonb *
oms_run_keep(UnitOfWork *uow, Jsonb *raw, const Refusal *refusal)
{
	char	   *command_id = run_text_member(raw, "commandId");
	char	   *command_type = run_text_member(raw, "commandType");

	/* what is too large to be a command is too large to be kept */
	if (refusal->too_large && oms_command_check_size(raw) != NULL)
		raw = oms_command_brief(raw);
	oms_rejection_keep(oms_uow_tables(uow), oms_uow_caller(uow), raw, command_id, command_type, refusal);
	return oms_result_rejected(refusal, command_id, command_type);
}
