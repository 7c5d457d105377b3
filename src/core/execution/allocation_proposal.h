/*-------------------------------------------------------------------------
 *
 * allocation_proposal.h
 *	  Allocations by hand that wait for somebody else.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ALLOCATION_PROPOSAL_H
#define OMS_ALLOCATION_PROPOSAL_H

#include "postgres.h"

#include "core/decide.h"
#include "core/execution/execution.h"

/* Does the command, which gives quantities or takes back, wait for another to approve it? */
extern bool oms_allocation_waits(const Decision *d);

/* Keep the command with the fill, and nothing else of what it has decided. */
extern Refusal *oms_propose_allocation(Decision *d, const char *execution_id);

/* Is something proposed for this fill, which counts already? */
static inline bool
oms_has_proposal(const Execution *execution)
{
	return execution->allocation_proposal && oms_execution_is_live(execution);
}

/* The command approves, or rejects, what is proposed. */
extern Refusal *oms_approve_proposal(Decision *d, const Execution *execution);
extern Refusal *oms_reject_proposal(Decision *d, const Execution *execution);

#endif							/* OMS_ALLOCATION_PROPOSAL_H */
