/*-------------------------------------------------------------------------
 *
 * desk.c
 *	  Where an order is on the execution desk, and whom it binds.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/desk/desk.h"

Refusal *
oms_decide_desk(Decision *d)
{
	return oms_refuse(OMS_NO_TRANSITION, "%s is not possible", d->command->def->name);
}
