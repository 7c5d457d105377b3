/*-------------------------------------------------------------------------
 *
 * append_only.c
 *	  The guard of the event tables: events are never changed or removed.
 *
 * The one row that a purge deletes at this moment passes, and no other: what a
 * user's trigger does meanwhile is refused as always.  No setting and no right
 * opens it.  Where a shard was split, events of trees that are another database's
 * now may be deleted by oms.forget_slots(), and by nobody else.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/rel.h"

#include "store/append_only.h"
#include "store/shard.h"

PG_FUNCTION_INFO_V1(oms_refuse_event_change);

static Oid	passing = InvalidOid;	/* of this table … */
static ItemPointerData passing_tid; /* … this row */

static bool forgetting = false;

void
oms_append_only_forget(bool forget)
{
	forgetting = forget;
}

static bool
append_only_is_elsewhere(const TriggerData *trigger)
{
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	int			column = SPI_fnumber(desc, "root_id");
	char	   *root_id = column > 0 ? SPI_getvalue(trigger->tg_trigtuple, desc, column) : NULL;

	return root_id != NULL && !oms_shard_has(root_id);
}

void
oms_append_only_open(Oid relid, const ItemPointerData *tid)
{
	passing_tid = *tid;
	passing = relid;
}

void
oms_append_only_close(void)
{
	passing = InvalidOid;
}

/* Trigger: for every role and every path of SQL. */
Datum
oms_refuse_event_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("oms.refuse_event_change() was not called by the trigger manager")));
	if (OidIsValid(passing) && TRIGGER_FIRED_BY_DELETE(trigger->tg_event) && TRIGGER_FIRED_FOR_ROW(trigger->tg_event) &&
		RelationGetRelid(trigger->tg_relation) == passing && ItemPointerEquals(&trigger->tg_trigtuple->t_self, &passing_tid))
		return PointerGetDatum(trigger->tg_trigtuple);
	if (forgetting && TRIGGER_FIRED_BY_DELETE(trigger->tg_event) && TRIGGER_FIRED_FOR_ROW(trigger->tg_event) && append_only_is_elsewhere(trigger))
		return PointerGetDatum(trigger->tg_trigtuple);
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("events in \"%s\" are append-only", RelationGetRelationName(trigger->tg_relation)),
			 errdetail("An event is never changed or removed, by any role.")));
}
