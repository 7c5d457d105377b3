/*-------------------------------------------------------------------------
 *
 * execution_machine.h
 *	  The life of an execution as a table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_EXECUTION_MACHINE_H
#define OMS_EXECUTION_MACHINE_H

#include "postgres.h"

#include "core/execution/execution_record.h"
#include "core/machine.h"

/* What happens to an execution. */
typedef enum ExecutionTrigger
{
	EXECUTION_BOOK,
	EXECUTION_HOLD,
	EXECUTION_CORRECT,
	EXECUTION_LINK,
	EXECUTION_BUST,
	EXECUTION_SETTLE,
	EXECUTION_SCALE,
	EXECUTION_VALIDATE,			/* a fill of a block counts, and is nobody's yet */
	EXECUTION_TAKE_OVER,		/* … or has the place of one of which something was allocated, */
	EXECUTION_TAKE_OVER_ALL,	/* … or all of it */
	EXECUTION_PROPOSE_ALLOCATION,	/* an allocation of it waits for somebody else, … */
	EXECUTION_REFUSE_ALLOCATION,	/* … who will not have it, … */
	EXECUTION_APPROVE_ALLOCATION,	/* … or has it done */
	EXECUTION_ALLOCATE,			/* something of it, but not all, becomes somebody's */
	EXECUTION_ALLOCATE_ALL,		/* all of it */
	EXECUTION_DEALLOCATE,		/* something of it is given back */
	EXECUTION_REJECT,
	EXECUTION_PROPOSE,			/* it waits on, otherwise than before */
	EXECUTION_MOVE,				/* it goes with its correction to another order */
	EXECUTION_TRIGGER_COUNT
} ExecutionTrigger;

extern const Machine oms_execution_machine;

/* The row that fires, or NULL: an execution in this status (0: a new one) cannot do that. */
extern const Transition *oms_execution_transition(int status, ExecutionTrigger trigger);

/*
 * Let it happen: the status follows, and the row is for the event.  Whoever
 * calls has found out that it is possible; if not, that is a BUG and an error.
 */
extern const Transition *oms_execution_change(Execution *execution, ExecutionTrigger trigger);

/* Live: it counts as executed. */
extern bool oms_execution_is_live(const Execution *execution);

#endif							/* OMS_EXECUTION_MACHINE_H */
