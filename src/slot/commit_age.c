/*-------------------------------------------------------------------------
 *
 * commit_age.c
 *	  When the first commit after a position in the WAL was made.
 *
 * A slot knows how far its reader has confirmed as a position, and nothing in
 * PostgreSQL 15 turns a position into a time.  The WAL does: each commit
 * record has its moment, so the first one of our database after the confirmed
 * position is the oldest that the reader has not confirmed, exactly.
 *
 * Reads WAL files, a bounded part of them, up to what is flushed (on a standby
 * what is replayed).  Writes no table, takes no lock, and raises no error for
 * WAL that is gone: whoever watches slots must not fail over a lost one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "access/xlogreader.h"
#include "access/xlogrecovery.h"
#include "access/xlogutils.h"
#include "miscadmin.h"
#include "storage/fd.h"

#include "slot/commit_age.h"

/* At some hundred bytes a commit, this is passed without one only inside of a huge transaction. */
#define SEARCH_BYTES_MAX	(16 * 1024 * 1024)

typedef struct WalEnd
{
	XLogRecPtr	lsn;
	TimeLineID	timeline;
	bool		reached;		/* the reader wanted more than there is */
} WalEnd;

/* Read what there is of a page; -1 is the reader's word for "cannot". */
static int
commit_age_read_page(XLogReaderState *reader, XLogRecPtr page, int wanted, XLogRecPtr record, char *buffer)
{
	WalEnd	   *end = reader->private_data;
	char		path[MAXPGPATH];
	XLogSegNo	segment;
	int			length;
	int			file;
	ssize_t		got;

	if (page + wanted > end->lsn)
	{
		end->reached = true;
		return -1;
	}
	length = Min(XLOG_BLCKSZ, end->lsn - page);
	XLogReadDetermineTimeline(reader, page, wanted, end->timeline);
	XLByteToSeg(page, segment, wal_segment_size);
	XLogFilePath(path, reader->currTLI, segment, wal_segment_size);
	file = BasicOpenFile(path, O_RDONLY | PG_BINARY);
	if (file < 0)
		return -1;
	got = pg_pread(file, buffer, length, XLogSegmentOffset(page, wal_segment_size));
	close(file);
	return got == length ? length : -1;
}

static bool
commit_age_is_commit_of_ours(XLogReaderState *reader, TimestampTz *at)
{
	uint8		info = XLogRecGetInfo(reader);
	xl_xact_parsed_commit commit;

	if (XLogRecGetRmid(reader) != RM_XACT_ID ||
		((info & XLOG_XACT_OPMASK) != XLOG_XACT_COMMIT &&
		 (info & XLOG_XACT_OPMASK) != XLOG_XACT_COMMIT_PREPARED))
		return false;
	ParseCommitRecord(info, (xl_xact_commit *) XLogRecGetData(reader), &commit);
	*at = commit.xact_time;

	/* always there at wal_level logical, and without it there are no slots */
	return commit.dbId == MyDatabaseId;
}

static CommitSearch
commit_age_search(XLogReaderState *reader, XLogRecPtr from, TimestampTz *at)
{
	WalEnd	   *end = reader->private_data;

	/* a position that a reader confirmed need not be where a record begins */
	if (XLogRecPtrIsInvalid(XLogFindNextRecord(reader, from)))
		return end->reached ? COMMIT_NONE : COMMIT_UNKNOWN;
	for (;;)
	{
		char	   *problem;

		CHECK_FOR_INTERRUPTS();
		if (XLogReadRecord(reader, &problem) == NULL)
			return end->reached ? COMMIT_NONE : COMMIT_UNKNOWN;
		if (commit_age_is_commit_of_ours(reader, at))
			return COMMIT_FOUND;
		if (reader->ReadRecPtr - from > SEARCH_BYTES_MAX)
			return COMMIT_UNKNOWN;
	}
}

CommitSearch
oms_first_commit_after(XLogRecPtr from, TimestampTz *at)
{
	WalEnd		end = {0};
	XLogReaderState *reader;
	CommitSearch result;

	if (RecoveryInProgress())
		end.lsn = GetXLogReplayRecPtr(&end.timeline);
	else
		end.lsn = GetFlushRecPtr(&end.timeline);
	if (from >= end.lsn)
		return COMMIT_NONE;
	if (XLogRecPtrIsInvalid(from))
		return COMMIT_UNKNOWN;

	/* read_page() opens and closes by itself, so that an interrupt leaves no file open */
	reader = XLogReaderAllocate(wal_segment_size, NULL,
								XL_ROUTINE(.page_read = commit_age_read_page,
										   .segment_open = wal_segment_open,
										   .segment_close = wal_segment_close),
								&end);
	if (reader == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Failed while allocating a WAL reading processor.")));
	result = commit_age_search(reader, from, at);
	XLogReaderFree(reader);
	return result;
}
