/*-------------------------------------------------------------------------
 *
 * uow_private.h
 *	  What unit_of_work.c and uow_claim.c share; nobody else includes it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_UOW_PRIVATE_H
#define OMS_UOW_PRIVATE_H

#include "postgres.h"

#include "identity_map.h"
#include "unit_of_work.h"

/* An id that the current command wants for an order. */
typedef struct NameClaim
{
	OmsRelation table;
	const char *session;
	const char *id;
	const char *order_id;
} NameClaim;

/* A row that the current command has inserted already. */
typedef struct Inserted
{
	Table	   *table;
	ItemPointerData tid;
} Inserted;

struct UnitOfWork
{
	EState	   *estate;
	Caller		caller;
	Table	   *tables[OMS_RELATION_COUNT];
	IdentityMap *map;

	Event	   *events;
	int			nevents;
	int			events_size;

	const Command *command;
	uint32		command_number;
	int			first_event;	/* of the current command */
	TimestampTz time;			/* of all its events, once the clock is read */
	List	   *touched;		/* of Tracked */
	List	   *names;			/* of NameClaim */
	List	   *inserted;		/* of Inserted */
};

/* The table, opened when first needed and kept until the flush. */
extern Table *oms_uow_table(UnitOfWork *uow, OmsRelation relation);

#endif							/* OMS_UOW_PRIVATE_H */
