/*-------------------------------------------------------------------------
 *
 * claim.c
 *	  Making ids ours: of a command, of new objects, and the names that objects
 *	  have outside.
 *
 * Writes through the stores.  Waits for a rival that has inserted the same id
 * and not committed yet; takes no other lock.  All ids are looked up before the
 * first is inserted, so that a refusal leaves nothing behind; but for the id of a
 * root, whose claim goes first and is its own look-up.  If a rival still takes an
 * id in between, the rows that the command has claimed are deleted again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"

#include "core/decide.h"
#include "store/work_private.h"

/* A row that the command has inserted. */
typedef struct ClaimedRow
{
	Table	   *table;
	ItemPointerData tid;
} ClaimedRow;

typedef struct Claim
{
	Application *app;
	UnitOfWork *uow;
	List	   *made;			/* of Made: what the command makes */
	List	   *names;			/* of IdClaim */
} Claim;

static Table *
claim_table(const Claim *claim, OmsRelation relation)
{
	return oms_tables_get(claim->uow->tables, relation);
}

static const NameDef *
claim_name_def(const IdClaim *name)
{
	return &oms_names[name->table - OMS_NAMES];
}

/* What there is to claim. */
static void
claim_list(Claim *claim)
{
	const Decision *decision = claim->app->decision;
	ListCell   *cell;

	foreach(cell, decision->changes)
	{
		const Change *change = lfirst(cell);
		Made	   *made;

		if (!change->is_new || !change->is_last)
			continue;
		made = palloc(sizeof(Made));
		made->change = change;
		claim->made = lappend(claim->made, made);
	}
	foreach(cell, decision->names)
	{
		const NewName *name = lfirst(cell);
		IdClaim    *wanted = palloc(sizeof(IdClaim));

		*wanted = (IdClaim) {OMS_NAMES_OF(name->which), {name->session, name->name, name->id}};
		claim->names = lappend(claim->names, wanted);
	}
}

/*
 * A root's id is unique over all kinds where a caller gave it; ids that we make
 * are unique by themselves.  What is known by its id to callers who may give that
 * to an object of another kind has it claimed, whoever made it.
 */
static bool
claim_needs_root_id(const Change *change)
{
	const Object *object = change->after;

	return (change->id_is_given || oms_kind_of(object)->claims_made_id) && oms_object_is_root(object);
}

/* ------------------------------------------------------------------------
 * refusals
 * ------------------------------------------------------------------------
 */

static Refusal *
claim_refuse_name(const Claim *claim, const IdClaim *name)
{
	const NameDef *def = claim_name_def(name);
	char	   *owner = oms_named(claim->uow->tables, name->table - OMS_NAMES, name->ids[0], name->ids[1], NULL);

	if (unlikely(claim->uow->limited) && owner)
		oms_sight_note(claim->uow, oms_uow_peek_any(claim->uow, def->kind, owner));

	return oms_with_hint(oms_with_detail(oms_refuse(OMS_DUPLICATE, "%s \"%s\" is already used", def->field, name->ids[1]),
						   "It is known for %s \"%s\".", oms_kind_noun(def->kind), owner ? owner : "?"),
						 "It names one of them, and no other. A repeat of a command is known by its commandId.");
}

static Refusal *
claim_refuse_object(const Object *object)
{
	return oms_refuse(OMS_DUPLICATE, "%s \"%s\" exists already", oms_kind_noun(object->kind), object->id);
}

static Refusal *
claim_refuse_purged(const Object *object)
{
	return oms_with_hint(oms_with_detail(oms_refuse(OMS_DUPLICATE, "%s \"%s\" is already used", oms_kind_of(object)->id_field, object->id),
										 "It was the id of an object that is purged, and is never used again."),
						 "Give it another id.");
}

static Refusal *
claim_refuse_other(const Claim *claim, const Object *object, const KindDef *taken_by)
{
	return oms_refuse_id_of(object->kind, object->id, claim->uow->limited ? NULL : taken_by);
}

static Refusal *
claim_refuse_root(const Claim *claim, const Object *object)
{
	char	   *name = oms_root_kind_find(claim->uow->tables, object->id);
	const KindDef *taken_by = name ? oms_kind_by_name(name) : NULL;

	if (taken_by == NULL || taken_by == oms_kind_of(object))
		return claim_refuse_object(object);
	return claim_refuse_other(claim, object, taken_by);
}

/* ------------------------------------------------------------------------
 * looking up
 * ------------------------------------------------------------------------
 */

/* A root whose kind has no other root is in oms.root_ids; if its id was made, in the table of its kind alone. */
static Refusal *
claim_look_up_object(const Claim *claim, const Change *change)
{
	const Object *object = change->after;
	const KindDef *kind = oms_kind_of(object);
	bool		is_root = claim_needs_root_id(change);

	if (!change->id_is_given || (kind->kind == kind->root_kind && is_root))
		return NULL;
	if (oms_object_taken(claim_table(claim, OMS_OBJECTS_OF(kind->kind)), object->id))
		return claim_refuse_object(object);
	if (is_root && oms_object_taken(claim_table(claim, OMS_OBJECTS_OF(kind->root_kind)), object->id))
		return claim_refuse_other(claim, object, &oms_kinds[kind->root_kind]);
	return NULL;
}

/*
 * Of a name that is shared there is nothing to refuse.  The commandId was looked up before the command was
 * decided; a rival is met when it is claimed.
 */
static Refusal *
claim_look_up(const Claim *claim)
{
	ListCell   *cell;

	foreach(cell, claim->names)
	{
		const IdClaim *name = lfirst(cell);

		if (!claim_name_def(name)->shared && oms_id_taken(claim_table(claim, name->table), name))
			return claim_refuse_name(claim, name);
	}
	foreach(cell, claim->made)
	{
		Refusal    *refusal = claim_look_up_object(claim, ((Made *) lfirst(cell))->change);

		CHECK_FOR_INTERRUPTS();
		if (refusal)
			return refusal;
	}
	return NULL;
}

/* ------------------------------------------------------------------------
 * inserting
 * ------------------------------------------------------------------------
 */

static void
claim_remember(Claim *claim, Table *table, ItemPointerData tid)
{
	ClaimedRow *row = palloc(sizeof(ClaimedRow));

	*row = (ClaimedRow) {table, tid};
	claim->app->claimed = lappend(claim->app->claimed, row);
}

static bool
claim_id(Claim *claim, const IdClaim *id)
{
	Table	   *table = claim_table(claim, id->table);
	ItemPointerData tid;

	if (!oms_id_claim(table, id, &tid))
		return false;
	claim_remember(claim, table, tid);
	return true;
}

static Refusal *
claim_roots(Claim *claim)
{
	ListCell   *cell;

	foreach(cell, claim->made)
	{
		const Change *change = ((Made *) lfirst(cell))->change;
		const Object *object = change->after;
		IdClaim		root = {OMS_ROOT_IDS, {object->id, oms_kind_of(object)->record->name}};

		CHECK_FOR_INTERRUPTS();
		if (claim_needs_root_id(change) && !claim_id(claim, &root))
			return claim_refuse_root(claim, object);
	}
	return NULL;
}

/* False if somebody else has given the same command meanwhile. */
static bool
claim_command(Claim *claim)
{
	const Application *app = claim->app;
	UnitOfWork *uow = claim->uow;
	const Command *command = app->decision->command;
	Table	   *commands;
	ItemPointerData tid;

	if (!command->command_id_given)
		return true;
	commands = claim_table(claim, OMS_COMMANDS);
	/* an expired one gives way; the events are found by the time: they must be in the partition of the same moment */
	while (!oms_command_claim(commands, uow->caller.actor, command, uow->time, app->decision->about_id,
							  app->events, app->nevents, &tid))
		if (oms_command_taken(uow->tables, uow->caller.actor, command->command_id))
			return false;
	claim_remember(claim, commands, tid);
	return true;
}

static Refusal *
claim_names(Claim *claim)
{
	ListCell   *cell;

	foreach(cell, claim->names)
	{
		const IdClaim *name = lfirst(cell);
		bool		shared = claim_name_def(name)->shared;

		if (shared && oms_id_taken(claim_table(claim, name->table), name))
			continue;
		if (!claim_id(claim, name) && !shared)
			return claim_refuse_name(claim, name);
	}
	return NULL;
}

static Refusal *
claim_objects(Claim *claim)
{
	ListCell   *cell;

	foreach(cell, claim->made)
	{
		Made	   *made = lfirst(cell);
		const Object *object = made->change->after;
		Table	   *table = claim_table(claim, OMS_OBJECTS_OF(object->kind));

		CHECK_FOR_INTERRUPTS();
		if (!oms_object_insert(table, object, made->change->id_is_given, &made->tid))
			return claim_refuse_object(object);
		claim_remember(claim, table, made->tid);
	}
	return NULL;
}

/*
 * After its rows are ours: whoever was purging it has committed then, and left
 * the id behind.
 */
static Refusal *
claim_look_up_purged(const Claim *claim)
{
	ListCell   *cell;

	foreach(cell, claim->made)
	{
		const Change *change = ((Made *) lfirst(cell))->change;

		CHECK_FOR_INTERRUPTS();
		if (change->id_is_given && oms_id_is_purged(claim->uow->tables, change->after->id))
			return claim_refuse_purged(change->after);
	}
	return NULL;
}

/* Where a caller gave it: the id of something that is there, or was. */
static Refusal *
claim_foresee_roots(const Claim *claim)
{
	ListCell   *cell;

	foreach(cell, claim->made)
	{
		const Change *change = ((Made *) lfirst(cell))->change;

		CHECK_FOR_INTERRUPTS();
		if (claim_needs_root_id(change) && oms_root_kind_find(claim->uow->tables, change->after->id))
			return claim_refuse_root(claim, change->after);
	}
	return NULL;
}

Refusal *
oms_claim_foresee(UnitOfWork *uow, const Decision *decision)
{
	Application app = {.uow = uow, .decision = decision};
	Claim		claim = {.app = &app, .uow = uow};
	Refusal    *refusal;

	claim_list(&claim);
	refusal = claim_look_up(&claim);
	if (refusal == NULL)
		refusal = claim_foresee_roots(&claim);
	return refusal ? refusal : claim_look_up_purged(&claim);
}

void
oms_claim_give_back(const Application *app)
{
	ListCell   *cell;

	if (app->claimed != NIL)
		CommandCounterIncrement();
	foreach(cell, app->claimed)
	{
		ClaimedRow *row = lfirst(cell);

		if (!oms_table_delete(row->table, &row->tid))
			elog(ERROR, "BUG: a row that a command claimed is gone");
	}
}

ApplyResult
oms_claim(Application *app, Refusal **refusal)
{
	Claim		claim = {.app = app, .uow = app->uow};
	bool		repeated = false;

	claim_list(&claim);
	*refusal = claim_look_up(&claim);
	if (*refusal == NULL)
		*refusal = claim_roots(&claim);
	if (*refusal == NULL)
		repeated = !claim_command(&claim);
	if (*refusal == NULL && !repeated)
		*refusal = claim_names(&claim);
	if (*refusal == NULL && !repeated)
		*refusal = claim_objects(&claim);
	if (*refusal == NULL && !repeated)
		*refusal = claim_look_up_purged(&claim);
	if (*refusal == NULL && !repeated)
	{
		app->made = claim.made;
		return APPLY_DONE;
	}
	/* a rival has won */
	oms_claim_give_back(app);
	return repeated ? APPLY_REPEATED : APPLY_REFUSED;
}
