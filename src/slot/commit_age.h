/*-------------------------------------------------------------------------
 *
 * commit_age.h
 *	  When the first commit after a position in the WAL was made.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_COMMIT_AGE_H
#define OMS_COMMIT_AGE_H

#include "access/xlogdefs.h"
#include "datatype/timestamp.h"

typedef enum CommitSearch
{
	COMMIT_FOUND,
	COMMIT_NONE,				/* no commit of this database up to the end of the WAL */
	COMMIT_UNKNOWN				/* WAL removed or not readable, or none near enough */
} CommitSearch;

/* Look for the first commit of this database whose record begins at or after `from`. */
extern CommitSearch oms_first_commit_after(XLogRecPtr from, TimestampTz *at);

#endif							/* OMS_COMMIT_AGE_H */
