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

	const Command *command;
	Refusal    *too_large;		/* the current command would leave too large a state */
	uint32		command_number;
	int			first_event;	/* of the current command */
	TimestampTz time;			/* of all its events, once the clock is read */
	List	   *touched;		/* of Tracked */
	List	   *names;			/* of IdClaim */
	List	   *inserted;		/* of Inserted */
};

#endif							/* OMS_WORK_PRIVATE_H */
