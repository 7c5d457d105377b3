/*-------------------------------------------------------------------------
 *
 * snapshot_mark.c
 *	  Does the active snapshot still see what it saw?
 *
 * For what a call site keeps from call to call.  In a statement of SQL that is one
 * snapshot; in PL/pgSQL the site may last as long as the transaction, and each
 * call has another.  Two snapshots see the same where they have the same
 * contents, for whatever ends or begins with an id changes those, and what this
 * transaction does itself changes the command.  What a subtransaction did and
 * rolled back changes nothing but whose turn it is; and who asks has rights of his own.
 *
 * Reads and writes no table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "query/snapshot_mark.h"

static void
mark_take(SnapshotMark *mark, const SnapshotMark *now, Snapshot snapshot, MemoryContext memory)
{
	TransactionId *running = mark->running;
	int			room = mark->room;

	if (now->count > room)
	{
		room = Max(now->count, 16);
		running = MemoryContextAlloc(memory, sizeof(TransactionId) * room);
		if (mark->running)
			pfree(mark->running);
	}
	*mark = *now;
	mark->running = running;
	mark->room = room;
	if (snapshot->xcnt > 0)
		memcpy(running, snapshot->xip, sizeof(TransactionId) * snapshot->xcnt);
	if (snapshot->subxcnt > 0)
		memcpy(running + snapshot->xcnt, snapshot->subxip, sizeof(TransactionId) * snapshot->subxcnt);
}

bool
oms_snapshot_is_same(SnapshotMark *mark, MemoryContext memory)
{
	Snapshot	snapshot = ActiveSnapshotSet() ? GetActiveSnapshot() : GetTransactionSnapshot();
	SnapshotMark now = {
		.is_set = true,
		.user = GetUserId(),
		.in_recovery = snapshot->takenDuringRecovery,
		.overflowed = snapshot->suboverflowed,
		.xmin = snapshot->xmin,
		.xmax = snapshot->xmax,
		.command = snapshot->curcid,
		.subtransaction = GetCurrentSubTransactionId(),
		.count = snapshot->xcnt + snapshot->subxcnt,
	};

	if (mark->is_set && mark->user == now.user && mark->in_recovery == now.in_recovery && mark->overflowed == now.overflowed &&
		mark->xmin == now.xmin && mark->xmax == now.xmax && mark->command == now.command &&
		mark->subtransaction == now.subtransaction && mark->count == now.count &&
		(snapshot->xcnt == 0 || memcmp(mark->running, snapshot->xip, sizeof(TransactionId) * snapshot->xcnt) == 0) &&
		(snapshot->subxcnt == 0 || memcmp(mark->running + snapshot->xcnt, snapshot->subxip, sizeof(TransactionId) * snapshot->subxcnt) == 0))
		return true;
	mark_take(mark, &now, snapshot, memory);
	return false;
}
