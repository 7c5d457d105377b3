/*-------------------------------------------------------------------------
 *
 * allocation.c
 *	  What the fills of a block are shared by its members.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/execution/allocation.h"

const OmsName	oms_weight_names[] = {
	{1, "MEMBERSHIP"},
	{2, "LEAVES"},
	{0}
};

Refusal *
oms_decide_allocate(Decision *d)
{
	return oms_refuse(OMS_NO_TRANSITION, "%s is not possible", d->command->def->name);
}

Refusal *
oms_decide_deallocate(Decision *d)
{
	return oms_refuse(OMS_NO_TRANSITION, "%s is not possible", d->command->def->name);
}
