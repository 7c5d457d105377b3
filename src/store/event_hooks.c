/*-------------------------------------------------------------------------
 *
 * event_hooks.c
 *	  What other libraries are told of events (oms_state.h, OmsEventHook).
 *
 * When all that a call changes is written, its hooks see each event of it once, in
 * order: copies, in memory that goes with the event.  They may write tables of their own;
 * a command is refused meanwhile, and a subtransaction that one leaves open is an
 * error.  Writes and locks nothing itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "oms_state.h"
#include "store/event_hooks.h"

typedef struct Hook
{
	struct Hook *next;
	OmsEventHook hook;
	void	   *arg;
} Hook;

static Hook *hooks = NULL;

bool		oms_has_event_hooks = false;

bool
oms_subtransactions_end(int level)
{
	bool		left = GetCurrentTransactionNestLevel() > level;

	while (GetCurrentTransactionNestLevel() > level)
		RollbackAndReleaseCurrentSubTransaction();
	return left;
}

/* In the order in which they were added; one that is there already is told once: a library whose loading failed tries again. */
void
oms_event_hook_add(OmsEventHook hook, void *arg)
{
	Hook	  **last = &hooks;

	if (hook == NULL)
		elog(ERROR, "cannot add a hook without a function");
	for (; *last; last = &(*last)->next)
		if ((*last)->hook == hook && (*last)->arg == arg)
			return;
	*last = MemoryContextAllocZero(TopMemoryContext, sizeof(Hook));
	(*last)->hook = hook;
	(*last)->arg = arg;
	oms_has_event_hooks = true;
}

static void
hooks_tell(const Event *event, const Caller *caller)
{
	OmsEvent	told = {
		.aggregate_type = event->kind->type, .aggregate_id = event->id, .root_id = event->root_id, .event_type = event->event_type,
		.version = event->version, .tree_version = event->tree_version, .sequence = event->sequence, .occurred_at = event->occurred_at,
		.transition = event->transition, .command_id = event->command->command_id, .actor = caller->actor,
	};
	MemoryContext memory = CurrentMemoryContext;
	int			level = GetCurrentTransactionNestLevel();

	for (const Hook *one = hooks; one; one = one->next)
	{
		told.payload = DatumGetJsonbPCopy(JsonbPGetDatum(event->payload));
		told.hash = DatumGetByteaPCopy(PointerGetDatum(event->hash));
		one->hook(&told, one->arg);
		if (oms_subtransactions_end(level) || GetCurrentTransactionNestLevel() < level)
			ereport(ERROR,
					(errcode(ERRCODE_EXTERNAL_ROUTINE_INVOCATION_EXCEPTION),
					 errmsg("a hook on events has left a subtransaction open, or ended ours")));
		MemoryContextSwitchTo(memory);
	}
}

void
oms_event_hooks_call(const Event *events, int count, const Caller *caller)
{
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "oms event hook", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(memory);

	oms_tables_begin_hooks();
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		hooks_tell(&events[i], caller);
		MemoryContextReset(memory);
	}
	oms_tables_end_hooks();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(memory);
}
