/*-------------------------------------------------------------------------
 *
 * apply.h
 *	  From a decision to events and rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_APPLY_H
#define OMS_APPLY_H

#include "postgres.h"

#include "core/decision.h"
#include "store/work.h"

/*
 * APPLY_REPEATED: the command's own id was taken meanwhile.  APPLY_REFUSED: see
 * the refusal.  Either way the unit of work is as it was.
 */
typedef enum ApplyResult
{
	APPLY_DONE,
	APPLY_REPEATED,
	APPLY_REFUSED
} ApplyResult;

/* One change more in the numbers of objects and their trees, and nothing else: what would become of the decision's objects. */
extern void oms_apply_numbers(UnitOfWork *uow, const Decision *decision);

/* What would be refused of what the decision makes and names: an id or a name that is taken now, as far as that is seen without claiming it. */
extern Refusal *oms_claim_foresee(UnitOfWork *uow, const Decision *decision);

extern ApplyResult oms_apply(UnitOfWork *uow, const Decision *decision, Refusal **refusal);

#endif							/* OMS_APPLY_H */
