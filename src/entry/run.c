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

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/moment.h"
#include "core/command_size.h"
#include "core/decide.h"
#include "core/purge.h"
#include "entry/gate.h"
#include "entry/result.h"
#include "entry/run.h"
#include "entry/stats.h"
#include "store/apply.h"
#include "store/asset_classes.h"
#include "store/event_hooks.h"
#include "store/halts.h"
#include "store/retention.h"
#include "store/rules.h"
#include "store/shard.h"
#include "store/sight.h"
#include "store/table_set.h"
#include "store/trees.h"

void
oms_run_check(const char *function)
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

void
oms_run_begin(const char *function, bool is_fix)
{
	oms_run_check(function);
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

/* An object of a locked tree, if the caller may see it: a report is known also by what it made in another account. */
static const Object *
run_shown(UnitOfWork *uow, ObjectKind kind, const char *id)
{
	const Object *object = oms_uow_object(uow, kind, id);

	return object && oms_uow_sees(uow, object) ? object : NULL;
}

static Jsonb *
run_result_of_events(UnitOfWork *uow, const Decision *decision, bool brief)
{
	ResultSource source = {.kind = decision->about, .id = decision->about_id, .command_id = decision->command->command_id,
	.token = oms_uow_token(uow), .duplicate = decision->repeat, .tells = decision->command->def->tells, .brief = brief};
	const Event *events = oms_uow_events(uow, &source.npayloads);

	source.payloads = palloc(sizeof(Jsonb *) * Max(source.npayloads, 1));
	for (int i = 0; i < source.npayloads; i++)
		source.payloads[i] = events[i].payload;
	if (source.npayloads == 0 || decision->repeat)
		source.state = oms_object_state(run_shown(uow, source.kind, source.id));
	return oms_result_build(&source);
}

/* What would become of it, and nothing does: nobody claims, writes or remembers anything. */
static Jsonb *
run_preview(UnitOfWork *uow, const Decision *decision, Refusal **refusal)
{
	ResultSource source = {.kind = decision->about, .id = decision->about_id, .command_id = decision->command->command_id,
	.tells = decision->command->def->tells, .preview = true};
	ListCell   *cell;

	*refusal = oms_sight_cover(uow, decision->command, oms_claim_foresee(uow, decision));
	if (*refusal)
		return NULL;
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

	for (int i = 0; i < oms_kind_count; i++)
	{
		source->kind = (command->def->kind + i) % oms_kind_count;
		if (oms_result_is_told(source))
			return;
	}
	for (int i = 0; i < oms_kind_count && object == NULL; i++)
	{
		source->kind = (command->def->kind + i) % oms_kind_count;
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
		Jsonb	   *payload = oms_uow_event_payload(uow, known->sequences[i], known->recorded_at, &source->token);

		if (payload)
			source->payloads[source->npayloads++] = payload;
	}
}

/* The first result again, from the events that it was built of. */
static Jsonb *
run_repeat(UnitOfWork *uow, TakenCommand *taken, const KnownCommand *known, Refusal **refusal)
{
	const Command *command = &taken->command;
	ResultSource source = {.id = known->aggregate_id, .command_id = command->command_id, .duplicate = true,
	.token = oms_uow_token(uow), .tells = command->def->tells, .brief = taken->brief};

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
	*refusal = oms_sight_check_answer(uow, source.kind, source.id);
	if (*refusal)
		return NULL;
	source.npayloads = oms_sight_filter(uow, source.payloads, source.npayloads);
	taken->known = true;
	taken->about = source.kind;
	taken->about_id = source.id;
	return oms_result_build(&source);
}

static KnownCommand *
run_find_id(UnitOfWork *uow, const char *command_id)
{
	KnownCommand *known = oms_command_find(oms_uow_tables(uow), oms_uow_caller(uow)->actor, command_id);

	return known && !oms_command_is_expired(known) ? known : NULL;
}

bool
oms_run_knows(UnitOfWork *uow, const char *command_id)
{
	return run_find_id(uow, command_id) != NULL;
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
	source->npayloads = before + oms_sight_filter(uow, source->payloads + before, source->npayloads - before);
}

/* ------------------------------------------------------------------------
 * the pipeline
 * ------------------------------------------------------------------------
 */

/* OM012 where the command begins a tree that is not this database's; or, in a fleet, changes or purges one. */
static Refusal *
run_check_shard(const Decision *decision)
{
	Refusal    *refusal = NULL;
	ListCell   *cell;

	foreach(cell, decision->purged)
	{
		const Object *root = ((const PurgedTree *) lfirst(cell))->root;

		refusal = oms_shard_check(oms_kind_noun(root->kind), root->id, false);
		if (refusal)
			return refusal;
	}

	foreach(cell, decision->changes)
	{
		const Change *change = lfirst(cell);

		refusal = oms_shard_check(oms_kind_noun(change->after->kind), change->after->root_id, change->before == NULL && oms_object_is_root(change->after));
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
		refusal = oms_shard_check(oms_kind_noun(command->def->kind), command->members.shares[i].order_id, true);
	return refusal;
}

static Refusal *
run_refuse_busy(const Command *command)
{
	return oms_refuse_by_rule("locked", psprintf("%s does not wait for others", command->def->name), "Somebody has locked a tree that it needs.");
}

static Jsonb *run_command(UnitOfWork *uow, TakenCommand *taken, bool searched, Refusal **refusal);

/* What is refused of it is as it was: nobody has asked for it. */
static void
run_follow_ups(UnitOfWork *uow, Decision *decision)
{
	bool		of_all = oms_sight_of_all(uow, true);
	ListCell   *cell;

	foreach(cell, oms_follow_ups(decision))
	{
		const FollowUp *next = lfirst(cell);
		TakenCommand *taken;

		CHECK_FOR_INTERRUPTS();
		if (!oms_sight_allows(next))
			continue;
		taken = oms_run_own(next->command);
		taken->command.told_before = true;
		taken->untold = true;
		if (taken->refusal == NULL)
			(void) run_command(uow, taken, false, &taken->refusal);
	}
	(void) oms_sight_of_all(uow, of_all);
}

/* A function of another library leaves nothing open. */
static Refusal *
run_decide(Decision *decision)
{
	MemoryContext memory = CurrentMemoryContext;
	int			level;
	Refusal    *refusal;

	if (likely(decision->command->def->added == NULL))
		return oms_decide(decision);
	level = GetCurrentTransactionNestLevel();
	refusal = oms_decide(decision);
	if (oms_subtransactions_end(level))
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_INVOCATION_EXCEPTION),
				 errmsg("the decide function of %s has left a subtransaction open", decision->command->def->name)));
	MemoryContextSwitchTo(memory);
	return refusal;
}

/*
 * Does it change what the caller may not see?  That refuses it; but a fill is a fact,
 * and is told as one of an order that nobody knows: true, if it is to be decided so.
 */
static bool
run_is_beyond(UnitOfWork *uow, const Decision *decision, TreeNames *names, Refusal **refusal)
{
	if (*refusal == NULL)
		*refusal = oms_sight_check(uow, decision);
	if (*refusal == NULL || !(*refusal)->beyond || names->hides_all || !oms_has_trait(decision->command->def, TRAIT_FILL) ||
		oms_has_trait(decision->command->def, TRAIT_TYPED))
		return false;
	names->hides_all = true;
	return true;
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
		if (oms_has_trait(command->def, TRAIT_PURGES))
			decision.retention = oms_retention(command->as_of == NO_TIME ? oms_uow_now(uow) : command->as_of);
		else
			decision.findings = oms_rules_ask(uow, command);
		if (taken->ask)
			decision.findings = list_concat_copy(taken->ask(uow, command, taken->arg), decision.findings);
		decision.halts = oms_halts();
		decision.classes = oms_asset_classes();
		*refusal = oms_sight_check_names(uow);
		if (*refusal == NULL)
			*refusal = run_decide(&decision);
		if (decision.unreached.count == 0 && !run_is_beyond(uow, &decision, names, refusal))
			break;
		/* each time it reaches further, and what it has made of the command is forgotten */
		CHECK_FOR_INTERRUPTS();
		*command = as_given;
		for (int i = 0; i < decision.unreached.count; i++)
			oms_name_object(names, decision.unreached.names[i].kind, decision.unreached.names[i].values[0], REACH_OWN);
		if (!oms_trees_lock(uow, names, searched && !names->hides_all))
		{
			*refusal = run_refuse_busy(command);
			return NULL;
		}
	}
	if (*refusal == NULL)
		*refusal = run_check_shard(&decision);
	*refusal = oms_sight_cover(uow, command, *refusal);
	if (*refusal)
		return NULL;
	taken->about = decision.about;
	taken->about_id = decision.about_id;
	if (command->preview == TRI_TRUE)
		return run_preview(uow, &decision, refusal);
	if (oms_apply(uow, &decision, refusal) != APPLY_DONE)
	{
		*refusal = oms_sight_cover(uow, command, *refusal);
		return NULL;
	}
	result = taken->untold ? run_result_untold() : run_result_of_events(uow, &decision, taken->brief);
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
		return run_repeat(uow, taken, known, refusal);
	oms_command_trees(command, &names);
	if (!oms_trees_lock(uow, &names, searched))
	{
		*refusal = run_refuse_busy(command);
		return NULL;
	}
	result = run_try_command(uow, taken, &names, searched, refusal);
	if (result)
		return result;
	/* what refused it may be its own first application, seen only after the lock */
	known = run_find_known(uow, command);
	if (known)
		return run_repeat(uow, taken, known, refusal);
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
		*refusal = oms_shard_check_life();
	if (*refusal == NULL)
		result = run_command(uow, taken, searched, refusal);
	oms_stats_end(result, oms_uow_count_events(uow) - nevents, *refusal);
	return result;
}

Jsonb *
oms_run_show(UnitOfWork *uow, ObjectKind kind, const char *id, bool duplicate)
{
	ResultSource source = {.kind = kind, .id = id, .duplicate = duplicate, .token = oms_uow_token(uow)};

	source.state = oms_object_state(run_shown(uow, kind, id));
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
oms_run_tell(Jsonb *raw, const Refusal *refusal)
{
	return oms_result_rejected(refusal, run_text_member(raw, "commandId"), run_text_member(raw, "commandType"));
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
