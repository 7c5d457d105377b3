/*-------------------------------------------------------------------------
 *
 * work_private.h
 *	  What unit_of_work.c and uow_claim.c share; nobody else includes it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_WORK_PRIVATE_H
#define OMS_WORK_PRIVATE_H

#include "postgres.h"

#include "core/command_trees.h"
#include "store/identity_map.h"
#include "store/work.h"

/* A row that the current command has inserted already. */
typedef struct Inserted
{
	Table	   *table;
	ItemPointerData tid;
} Inserted;

struct UnitOfWork
{
	ObjectSource source;		/* first: source.c finds its unit of work by it */
	TableSet   *tables;
	Caller		caller;
	IdentityMap *map;

	Event	   *events;
	int			nevents;
	int			events_size;

	/* trees.c */
	TreeNames	named;			/* by the current command; before the first, by the batch or message */
	const KindDef *last_kind;	/* of the tree that was locked last in the order of trees, or NULL */
	const char *last_root;
	bool		holds_other;	/* a row that is no root any more: to wait for another would be out of order */
	TimestampTz newest;			/* event of any locked tree, or NO_TIME */

	const Command *command;
	Refusal    *too_large;		/* the current command would leave too large a state */
	uint32		command_number;
	int			first_event;	/* of the current command */
	TimestampTz time;			/* of all its events: never before the newest of any tree that we hold */
	List	   *touched;		/* of Tracked */
	List	   *names;			/* of IdClaim */
	List	   *inserted;		/* of Inserted */
};

extern Tracked *oms_uow_load(UnitOfWork *uow, ObjectKind kind, const char *id, bool searched);

#endif							/* OMS_WORK_PRIVATE_H */
