/*-------------------------------------------------------------------------
 *
 * uow_claim.c
 *	  Making ids ours: of a command, of new objects, and those an order is
 *	  known under; and taking a command back.
 *
 * Writes through the stores.  Waits for a rival that has inserted the same id
 * and not committed yet; takes no other lock.  What a command claimed before a
 * later claim of it failed is deleted again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "moment.h"
#include "uow_private.h"

static void
want_name(UnitOfWork *uow, OmsRelation table, const char *session, const char *id, const char *order_id)
{
	NameClaim  *claim = palloc(sizeof(NameClaim));

	claim->table = table;
	claim->session = session;
	claim->id = id;
	claim->order_id = order_id;
	uow->names = lappend(uow->names, claim);
}

void
oms_uow_name_order(UnitOfWork *uow, const char *session, const char *cl_ord_id,
				   const char *counterparty_order_id, const char *order_id)
{
	if (cl_ord_id)
		want_name(uow, OMS_CL_ORD_IDS, session ? session : "", cl_ord_id, order_id);
	if (counterparty_order_id)
		want_name(uow, OMS_COUNTERPARTY_ORDER_IDS, session ? session : "", counterparty_order_id, order_id);
}

static void
remember_inserted(UnitOfWork *uow, Table *table, ItemPointerData tid)
{
	Inserted   *row = palloc(sizeof(Inserted));

	row->table = table;
	row->tid = tid;
	uow->inserted = lappend(uow->inserted, row);
}

/* An id that is recorded of a commandId long ago does not count any more. */
static void
forget_expired(UnitOfWork *uow, Table *commands)
{
	KnownCommand *known = oms_command_find(uow->estate, uow->caller.actor, uow->command->command_id);

	if (known && oms_command_is_expired(known))
	{
		oms_table_delete(commands, &known->tid);
		CommandCounterIncrement();
	}
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
	commands = oms_uow_table(uow, OMS_COMMANDS);
	for (int attempt = 0; attempt < 2; attempt++)
	{
		if (oms_command_claim(commands, uow->caller.actor, uow->command, time, aggregate_id,
							  uow->events + uow->first_event, uow->nevents - uow->first_event, &tid))
		{
			remember_inserted(uow, commands, tid);
			return true;
		}
		if (attempt == 0)
			forget_expired(uow, commands);
	}
	return false;
}

static Refusal *
claim_name(UnitOfWork *uow, const NameClaim *claim)
{
	Table	   *table = oms_uow_table(uow, claim->table);
	ItemPointerData tid;
	char	   *owner;

	if (claim->table == OMS_COUNTERPARTY_ORDER_IDS)
	{
		if (oms_counterparty_id_claim(table, claim->session, claim->id, claim->order_id, &tid))
			remember_inserted(uow, table, tid);
		return NULL;
	}
	if (oms_cl_ord_id_claim(table, claim->session, claim->id, claim->order_id, &tid))
	{
		remember_inserted(uow, table, tid);
		return NULL;
	}
	owner = oms_cl_ord_id_find(uow->estate, claim->session, claim->id);
	return oms_with_detail(oms_refuse(OMS_DUPLICATE, "clOrdID \"%s\" is already used", claim->id),
						   "It is known for order \"%s\".", owner ? owner : "?");
}

static Refusal *
claim_object(UnitOfWork *uow, Tracked *t)
{
	Table	   *table = oms_uow_table(uow, t->store->table);
	Aggregate  *object = t->now;

	if (!oms_object_insert(t->store, table, object, t->id_is_given, &t->tid))
		return oms_refuse(OMS_DUPLICATE, "%s \"%s\" exists already",
						  t->store == &oms_order_store ? "order" : "execution", object->id);
	remember_inserted(uow, table, t->tid);
	t->is_new = false;
	t->dirty = false;
	return NULL;
}

ClaimResult
oms_uow_claim(UnitOfWork *uow, const char *aggregate_id, Refusal **refusal)
{
	ListCell   *cell;

	*refusal = NULL;
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

		oms_table_delete(row->table, &row->tid);
	}
	foreach(cell, uow->touched)
	{
		Tracked    *t = lfirst(cell);
		Aggregate  *before = t->before;

		if (before->version == 0)
		{
			oms_map_remove(uow->map, t);
		}
		else
			memcpy(t->now, t->before, t->store->def->size);
	}
	uow->nevents = uow->first_event;
	uow->touched = uow->names = uow->inserted = NIL;
}
