/*-------------------------------------------------------------------------
 *
 * desk_machine.h
 *	  Where an order is on the execution desk, as a table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_DESK_MACHINE_H
#define OMS_DESK_MACHINE_H

#include "postgres.h"

#include "core/machine.h"
#include "core/order/order_record.h"

/* What happens to an order on the desk. */
typedef enum DeskTrigger
{
	DESK_TRIGGER_SEND,
	DESK_TRIGGER_HOLD,			/* it is made, and is not to be placed before somebody has looked at it */
	DESK_TRIGGER_CLAIM,
	DESK_TRIGGER_ASSIGN,
	DESK_TRIGGER_RELEASE,		/* out of the desk */
	DESK_TRIGGER_REQUEUE,		/* released, but back to the queue */
	DESK_TRIGGER_COMPLETE,		/* the order is closed or filled */
	DESK_TRIGGER_REOPEN,		/* it is live */
	DESK_TRIGGER_COUNT
} DeskTrigger;

/* What a row may ask for besides the desk status. */
#define DESK_FACT_LIVE		(1 << 0)	/* the order is live */
#define DESK_FACT_HOLDS		(1 << 1)	/* who asks has claimed it, or is oms_admin and says why */
#define DESK_FACT_ANOTHER	(1 << 2)	/* it would be another's than now */

extern const Machine oms_desk_machine;

/* The row that fires, or NULL: an order of this desk status (0: none) cannot do that. */
extern const Transition *oms_desk_transition(int desk_status, DeskTrigger trigger, uint32 facts);

/* The desk status after it. */
extern int	oms_desk_status_after(const Transition *transition, int desk_status);

#endif							/* OMS_DESK_MACHINE_H */
