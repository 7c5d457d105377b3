/*-------------------------------------------------------------------------
 *
 * fill_desk.h
 *	  What the execution desk does with fills: types, approves and rejects them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FILL_DESK_H
#define OMS_FILL_DESK_H

#include "postgres.h"

#include "core/decide.h"

/* The decide functions of the list of commands. */
extern Refusal *oms_decide_manual(Decision *d);
extern Refusal *oms_decide_approve(Decision *d);
extern Refusal *oms_decide_reject_execution(Decision *d);

extern const OmsName oms_dk_reason_names[]; /* DKReason (127) */

#endif							/* OMS_FILL_DESK_H */
