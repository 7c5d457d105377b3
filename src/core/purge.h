/*-------------------------------------------------------------------------
 *
 * purge.h
 *	  Which trees may go for good.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_PURGE_H
#define OMS_PURGE_H

#include "postgres.h"

#include "core/decision.h"

/* A row of oms.retention_policies that is enabled.  What is NULL is any. */
typedef struct RetentionPolicy
{
	const char *name;
	const char *object;			/* kind of the root, "order" */
	const char *asset_class;
	const char *account;
	const char *status;
	const char *root_id;
	TimestampTz cutoff;			/* whose newest event is older has been kept long enough; of a hold nothing */
	const char *action;			/* PURGE_DELETE, PURGE_ARCHIVE, or a function as "schema.name" */
	bool		hold;			/* nothing that it is for goes, whatever others say */
} RetentionPolicy;

#define PURGE_DELETE	"DELETE"
#define PURGE_ARCHIVE	"ARCHIVE"

typedef struct Retention
{
	RetentionPolicy *policies;
	int			count;
	TimestampTz cutoff;			/* of what is newer, commandIds still count */
} Retention;

/* A tree that goes. */
typedef struct PurgedTree
{
	const Object *root;
	List	   *objects;		/* of Object: all of it, the root among them */
	const RetentionPolicy *policy;
} PurgedTree;

/*
 * A command that purges: its tree, and all that are tied to it, go together or
 * not at all.  OM005 by not_root, not_closed, in_review, unallocated, open_block,
 * held, retained.  Nothing is changed: d->purged says what goes.
 */
extern Refusal *oms_decide_purge(Decision *d);

#endif							/* OMS_PURGE_H */
