/*-------------------------------------------------------------------------
 *
 * xid_fate.c
 *	  What became of a transaction.
 *
 * Asks without a snapshot, so that whoever waits holds none.  Locks: shared, that
 * of the truncation of the commit log, for a look into it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xlog.h"
#include "storage/lwlock.h"
#include "storage/procarray.h"

#include "query/xid_fate.h"

#if PG_VERSION_NUM >= 170000
#define ShmemVariableCache TransamVariables
#endif

/* Has the commit log still something to say of it?  To be asked under the lock. */
static bool
xid_is_remembered(uint64 xid, FullTransactionId next)
{
	uint64		age = U64FromFullTransactionId(next) - xid;

	return age < PG_INT32_MAX && !TransactionIdPrecedes((TransactionId) xid, ShmemVariableCache->oldestClogXid);
}

XidFate
oms_xid_fate(uint64 xid)
{
	FullTransactionId next = ReadNextFullTransactionId();
	XidFate		fate = XID_FORGOTTEN;

	if (xid >= U64FromFullTransactionId(next))
		return XID_NOT_YET;
	LWLockAcquire(XactTruncationLock, LW_SHARED);
	if (xid_is_remembered(xid, next))
	{
		/* in this order: a commit is in the log before its transaction is out of the list of those that run */
		if (TransactionIdIsInProgress((TransactionId) xid))
			fate = XID_RUNNING;
		else
			fate = TransactionIdDidCommit((TransactionId) xid) ? XID_COMMITTED : XID_ROLLED_BACK;
	}
	LWLockRelease(XactTruncationLock);
	return fate;
}

/*
 * With synchronous_commit = off a commit is visible before it is on disk.  What a
 * reader was told of must not be lost by a crash: the next transactions would
 * have the same ids, and he would take their events for read.
 */
void
oms_xids_make_durable(const uint64 *xids, int count)
{
	FullTransactionId next = ReadNextFullTransactionId();
	XLogRecPtr	last = InvalidXLogRecPtr;
	uint64		before = 0;

	if (RecoveryInProgress())
		return;
	LWLockAcquire(XactTruncationLock, LW_SHARED);
	for (int i = 0; i < count; i++)
	{
		if (xids[i] == before || !xid_is_remembered(xids[i], next))
			continue;
		before = xids[i];
		last = Max(last, TransactionIdGetCommitLSN((TransactionId) before));
	}
	LWLockRelease(XactTruncationLock);
	if (!XLogRecPtrIsInvalid(last))
		XLogFlush(last);
}
