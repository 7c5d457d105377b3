/*-------------------------------------------------------------------------
 *
 * claim.c
 *	  Making ids ours: of a command, of new objects, and those an order is
 *	  known under; and taking a command back.
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
#include "utils/timestamp.h"

#include "base/moment.h"
#include "store/work_private.h"

static void
want_name(UnitOfWork *uow, OmsRelation table, const char *session, const char *id, const char *order_id)
{
	IdClaim    *claim = palloc(sizeof(IdClaim));

	*claim = (IdClaim) {table, {session ? session : "", id, order_id}};
	uow->names = lappend(uow->names, claim);
}

void
oms_uow_name_order(UnitOfWork *uow, const char *session, const char *cl_ord_id,
				   const char *counterparty_order_id, const char *order_id)
{
	if (cl_ord_id)
		want_name(uow, OMS_CL_ORD_IDS, session, cl_ord_id, order_id);
	if (counterparty_order_id)
		want_name(uow, OMS_COUNTERPARTY_ORDER_IDS, session, counterparty_order_id, order_id);
}

/*
 * A root's id is unique over all kinds where a caller gave it; ids that we make
 * are unique by themselves.  An execution waits without an order, known by its id
 * to callers who may give it to an order: it has it claimed, whoever made it.
 */
static bool
needs_root_id(const Tracked *t)
{
	return t->is_new && (t->id_is_given || oms_kind_of(t->now)->claims_made_id) && oms_object_is_root(t->now);
}

static IdClaim
root_claim(const Tracked *t)
{
	return (IdClaim) {OMS_ROOT_IDS, {t->now->id, oms_kind_of(t->now)->record->name}};
}

/* ------------------------------------------------------------------------
 * refusals
 * ------------------------------------------------------------------------
 */

static Refusal *
name_taken(UnitOfWork *uow, const IdClaim *claim)
{
	char	   *owner = oms_cl_ord_id_find(uow->tables, claim->ids[0], claim->ids[1]);

	return oms_with_detail(oms_refuse(OMS_DUPLICATE, "clOrdID \"%s\" is already used", claim->ids[1]),
						   "It is known for order \"%s\".", owner ? owner : "?");
}

static Refusal *
object_taken(const Tracked *t)
{
	return oms_refuse(OMS_DUPLICATE, "%s \"%s\" exists already", oms_kind_of(t->now)->record->name, t->now->id);
}

static Refusal *
id_of_another(const Tracked *t, const KindDef *taken_by)
{
	return oms_refuse(OMS_DUPLICATE, "%s \"%s\" is the id of %s", oms_kind_of(t->now)->id_field, t->now->id, taken_by->a_name);
}

static Refusal *
root_taken(UnitOfWork *uow, const Tracked *t)
{
	const char *id = t->now->id;
	char	   *name = oms_root_kind_find(uow->tables, id);
	const KindDef *taken_by = name ? oms_kind_by_name(name) : NULL;

	if (taken_by == NULL || taken_by == oms_kind_of(t->now))
		return object_taken(t);
	return id_of_another(t, taken_by);
}

/* ------------------------------------------------------------------------
 * looking up
 * ------------------------------------------------------------------------
 */

/* A root whose kind has no other root is in oms.root_ids; if its id was made, in the table of its kind alone. */
static Refusal *
object_refusal(UnitOfWork *uow, const Tracked *t)
{
	const KindDef *kind = oms_kind_of(t->now);
	const KindDef *root_kind = &oms_kinds[kind->root_kind];

	if (!t->is_new || !t->id_is_given || (kind == root_kind && needs_root_id(t)))
		return NULL;
	if (oms_object_taken(oms_tables_get(uow->tables, OMS_OBJECTS_OF(kind->kind)), t->now->id))
		return object_taken(t);
	if (needs_root_id(t) && oms_object_taken(oms_tables_get(uow->tables, OMS_OBJECTS_OF(root_kind->kind)), t->now->id))
		return id_of_another(t, root_kind);
	return NULL;
}

/*
 * A counterparty's OrderID is shared: there is nothing to refuse.  The commandId was looked up before the command was
 * decided; a rival is met when it is claimed.
 */
static Refusal *
look_up(UnitOfWork *uow)
{
	Refusal    *refusal = NULL;
	ListCell   *cell;

	foreach(cell, uow->names)
	{
		IdClaim    *claim = lfirst(cell);

		if (claim->table == OMS_CL_ORD_IDS && oms_id_taken(oms_tables_get(uow->tables, claim->table), claim))
			return name_taken(uow, claim);
	}
	foreach(cell, uow->touched)
	{
		refusal = object_refusal(uow, lfirst(cell));
		if (refusal)
			break;
	}
	return refusal;
}

/* ------------------------------------------------------------------------
 * inserting
 * ------------------------------------------------------------------------
 */

static void
remember_inserted(UnitOfWork *uow, Table *table, ItemPointerData tid)
{
	Inserted   *row = palloc(sizeof(Inserted));

	row->table = table;
	row->tid = tid;
	uow->inserted = lappend(uow->inserted, row);
}

static bool
claim_command(UnitOfWork *uow, const char *aggregate_id)
{
	/* the events are found by it: they must be in the partition of the same moment */
	TimestampTz time = uow->time != NO_TIME ? uow->time : GetCurrentTimestamp();
	Table	   *commands;
	ItemPointerData tid;

	if (!uow->command->command_id_given)
		return true;
	commands = oms_tables_get(uow->tables, OMS_COMMANDS);
	/* an expired one gives way */
	while (!oms_command_claim(commands, uow->caller.actor, uow->command, time, aggregate_id,
							  uow->events + uow->first_event, uow->nevents - uow->first_event, &tid))
		if (oms_command_taken(uow->tables, uow->caller.actor, uow->command->command_id))
			return false;
	remember_inserted(uow, commands, tid);
	return true;
}

static bool
claim_id(UnitOfWork *uow, const IdClaim *claim)
{
	Table	   *table = oms_tables_get(uow->tables, claim->table);
	ItemPointerData tid;

	if (!oms_id_claim(table, claim, &tid))
		return false;
	remember_inserted(uow, table, tid);
	return true;
}

static Refusal *
claim_name(UnitOfWork *uow, const IdClaim *claim)
{
	if (claim->table == OMS_COUNTERPARTY_ORDER_IDS &&
		oms_id_taken(oms_tables_get(uow->tables, claim->table), claim))
		return NULL;
	if (claim_id(uow, claim) || claim->table == OMS_COUNTERPARTY_ORDER_IDS)
		return NULL;
	return name_taken(uow, claim);
}

static Refusal *
claim_object(UnitOfWork *uow, Tracked *t)
{
	Table	   *table = oms_tables_get(uow->tables, OMS_OBJECTS_OF(t->now->kind));

	if (!oms_object_insert(table, t->now, t->id_is_given, &t->tid))
		return object_taken(t);
	remember_inserted(uow, table, t->tid);
	t->is_new = false;
	t->dirty = false;
	return NULL;
}

static Refusal *
claim_roots(UnitOfWork *uow)
{
	ListCell   *cell;

	foreach(cell, uow->touched)
	{
		Tracked    *t = lfirst(cell);
		IdClaim		root = root_claim(t);

		CHECK_FOR_INTERRUPTS();
		if (needs_root_id(t) && !claim_id(uow, &root))
			return root_taken(uow, t);
	}
	return NULL;
}

ClaimResult
oms_uow_claim(UnitOfWork *uow, const char *aggregate_id, Refusal **refusal)
{
	ListCell   *cell;

	*refusal = look_up(uow);
	if (*refusal == NULL)
		*refusal = claim_roots(uow);
	if (*refusal)
		return CLAIM_TAKEN;
	if (!claim_command(uow, aggregate_id))
		return CLAIM_REPEATED;
	foreach(cell, uow->names)
	{
		*refusal = claim_name(uow, lfirst(cell));
		if (*refusal)
			return CLAIM_TAKEN;
	}
	foreach(cell, uow->touched)
	{
		Tracked    *t = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (t->is_new)
			*refusal = claim_object(uow, t);
		if (*refusal)
			return CLAIM_TAKEN;
	}
	return CLAIM_OK;
}

/* Put everything back to where the current command began. */
void
oms_uow_abandon(UnitOfWork *uow)
{
	ListCell   *cell;

	if (uow->inserted != NIL)
		CommandCounterIncrement();
	foreach(cell, uow->inserted)
	{
		Inserted   *row = lfirst(cell);

		if (!oms_table_delete(row->table, &row->tid))
			elog(ERROR, "BUG: a row that a command claimed is gone");
	}
	foreach(cell, uow->touched)
	{
		Tracked    *t = lfirst(cell);
		Object	   *before = t->before;

		/* its row need not be written for this command's sake */
		t->dirty = t->was_dirty;
		if (before->version == 0)
			oms_map_remove(uow->map, t);
		else
			memcpy(t->now, t->before, oms_kind_of(t->now)->record->size);
	}
	uow->nevents = uow->first_event;
	uow->touched = uow->names = uow->inserted = NIL;
}
