/*-------------------------------------------------------------------------
 *
 * desk.h
 *	  Where an order is on the execution desk, and whom it binds.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_DESK_H
#define OMS_DESK_H

#include "postgres.h"

#include "core/decide.h"
#include "core/machine.h"

/* What happens to an order on the desk. */
typedef enum DeskTrigger
{
	DESK_TRIGGER_SEND,
	DESK_TRIGGER_CLAIM,
	DESK_TRIGGER_ASSIGN,
	DESK_TRIGGER_RELEASE,
	DESK_TRIGGER_REQUEUE,
	DESK_TRIGGER_COMPLETE,
	DESK_TRIGGER_REOPEN,
	DESK_TRIGGER_COUNT
} DeskTrigger;

/* The decide function of the list of commands. */
extern Refusal *oms_decide_desk(Decision *d);

#endif							/* OMS_DESK_H */
