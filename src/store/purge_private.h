/*-------------------------------------------------------------------------
 *
 * purge_private.h
 *	  What purge_read.c finds of a tree that goes, and purge.c does with it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_PURGE_PRIVATE_H
#define OMS_PURGE_PRIVATE_H

#include "base/json.h"
#include "store/archive.h"
#include "store/purge.h"
#include "store/work_private.h"

/* An event that goes. */
typedef struct PurgedEvent
{
	Table	   *leaf;
	ItemPointerData tid;
} PurgedEvent;

/* A command whose id was given. */
typedef struct PurgedCommand
{
	char	   *actor;
	char	   *command_id;
	int64		sequence;
} PurgedCommand;

typedef struct PurgedObject
{
	const Object *object;
	bool		id_is_given;
	List	   *sessions;		/* of text: in which it may have names … */
	List	   *names[NAME_COUNT];	/* … and which, of each sort */
} PurgedObject;

struct TreePurge
{
	const PurgedTree *tree;
	PurgedEvent *rows;
	int64		count;
	int64		size;
	List	   *objects;		/* of PurgedObject */
	List	   *commands;		/* of PurgedCommand */
	TimestampTz first_at;
	TimestampTz last_at;
	int64		last_sequence;
	Jsonb	   *hashes;
	bytea	   *digest;
	Archive    *archive;		/* NULL: nothing is kept of its events */
};

/* Everything of the tree, before anything is deleted.  OM005 by incomplete, retained, not_sent. */
extern Refusal *oms_purge_read(UnitOfWork *uow, TreePurge *purge);

/* In hexadecimal digits. */
extern void oms_purge_put_hash(JsonWriter *w, const char *key, const bytea *hash);

#endif							/* OMS_PURGE_PRIVATE_H */
