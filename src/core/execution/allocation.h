/*-------------------------------------------------------------------------
 *
 * allocation.h
 *	  What the fills of a block are shared by its members.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ALLOCATION_H
#define OMS_ALLOCATION_H

#include "postgres.h"

#include "core/decide.h"

/* The decide functions of the list of commands. */
extern Refusal *oms_decide_allocate(Decision *d);
extern Refusal *oms_decide_deallocate(Decision *d);

extern const OmsName oms_weight_names[];	/* MEMBERSHIP, LEAVES */

#endif							/* OMS_ALLOCATION_H */
