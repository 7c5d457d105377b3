/*-------------------------------------------------------------------------
 *
 * sent.c
 *	  What every reader of the logical slots has confirmed.
 *
 * A slot keeps back the rows of the catalog that decoding may still need: those
 * of transactions from its catalog_xmin on.  That is the oldest one that was
 * running at a point of the log which the reader has confirmed.  So whatever is
 * older had ended before that point, and its events are confirmed.  It lags behind
 * the position by what the server takes to log who is running, 15 seconds.
 *
 * Every lasting logical slot of this database counts, whoever made it.  One whose
 * log is gone has confirmed nothing: its reader will compare with the tables.
 *
 * Reads shared memory; writes nothing, and locks no table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "miscadmin.h"
#include "replication/slot.h"
#include "storage/lwlock.h"

#include "store/incarnation.h"
#include "store/sent.h"

/* An id of the last two thousand million transactions, with its epoch. */
static uint64
sent_full_xid(TransactionId xid, FullTransactionId next)
{
	uint32		epoch = EpochFromFullTransactionId(next);

	if (!TransactionIdIsNormal(xid))
		return 0;
	if (xid > XidFromFullTransactionId(next))
		epoch--;
	return U64FromFullTransactionId(FullTransactionIdFromEpochAndXid(epoch, xid));
}

static void
sent_look_at_slot(SentHorizon *horizon, ReplicationSlot *slot, FullTransactionId next)
{
	TransactionId xmin;
	uint64		confirmed;

	SpinLockAcquire(&slot->mutex);
	xmin = XLogRecPtrIsInvalid(slot->data.restart_lsn) ? InvalidTransactionId : slot->data.catalog_xmin;
	SpinLockRelease(&slot->mutex);
	confirmed = sent_full_xid(xmin, next);
	if (confirmed >= horizon->xid)
		return;
	horizon->xid = confirmed;
	strlcpy(horizon->slot, NameStr(slot->data.name), sizeof(horizon->slot));
}

SentHorizon
oms_sent_horizon(void)
{
	SentHorizon horizon = {.xid = PG_UINT64_MAX};
	FullTransactionId next = ReadNextFullTransactionId();
	Incarnation now = oms_incarnation_now();

	/* before this server has written one, all are of others */
	horizon.since = now.is_lasting ? now.first_sequence : PG_INT64_MAX;
	LWLockAcquire(ReplicationSlotControlLock, LW_SHARED);
	for (int i = 0; i < max_replication_slots; i++)
	{
		ReplicationSlot *slot = &ReplicationSlotCtl->replication_slots[i];

		if (slot->in_use && SlotIsLogical(slot) && slot->data.database == MyDatabaseId && slot->data.persistency == RS_PERSISTENT)
			sent_look_at_slot(&horizon, slot, next);
	}
	LWLockRelease(ReplicationSlotControlLock);
	return horizon;
}

bool
oms_is_sent(const SentHorizon *horizon, int64 sequence, uint64 xid)
{
	return xid < horizon->xid || sequence < horizon->since;
}
