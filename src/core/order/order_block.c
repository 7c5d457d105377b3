/*-------------------------------------------------------------------------
 *
 * order_block.c
 *	  Blocks: orders that work for several client orders at once.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/order/order_block.h"

Refusal *
oms_decide_create_block(Decision *d)
{
	return oms_refuse(OMS_NO_TRANSITION, "%s is not possible", d->command->def->name);
}

Refusal *
oms_decide_replace_members(Decision *d)
{
	return oms_refuse(OMS_NO_TRANSITION, "%s is not possible", d->command->def->name);
}

void
oms_name_members(const Command *command, TreeNames *names)
{
	for (int i = 0; i < command->members.count; i++)
		oms_name_object(names, KIND_ORDER, command->members.shares[i].order_id, REACH_OWN);
}
