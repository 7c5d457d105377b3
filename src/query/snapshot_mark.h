/*-------------------------------------------------------------------------
 *
 * snapshot_mark.h
 *	  Does the active snapshot still see what it saw?
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_SNAPSHOT_MARK_H
#define OMS_SNAPSHOT_MARK_H

#include "postgres.h"

#include "utils/snapshot.h"

/* What a snapshot was; all zero: there was none. */
typedef struct SnapshotMark
{
	bool		is_set;
	Oid			user;
	bool		in_recovery;
	bool		overflowed;
	TransactionId xmin;
	TransactionId xmax;
	CommandId	command;
	SubTransactionId subtransaction;
	int			count;
	int			room;
	TransactionId *running;
} SnapshotMark;

/*
 * True: what was looked up at the last call is what would be found now.  Else the
 * mark is that of now; it allocates beside itself, in the memory that it is part of.
 */
extern bool oms_snapshot_is_same(SnapshotMark *mark, MemoryContext memory);

#endif							/* OMS_SNAPSHOT_MARK_H */
