/*-------------------------------------------------------------------------
 *
 * fill_desk.c
 *	  What the execution desk does with fills: types, approves and rejects them.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/execution/fill_desk.h"

const OmsName	oms_dk_reason_names[] = {
	{1, "UNKNOWN_SYMBOL", "A"},
	{2, "WRONG_SIDE", "B"},
	{3, "QUANTITY_EXCEEDS_ORDER", "C"},
	{4, "NO_MATCHING_ORDER", "D"},
	{5, "PRICE_EXCEEDS_LIMIT", "E"},
	{6, "CALCULATION_DIFFERENCE", "F"},
	{7, "OTHER", "Z"},
	{0}
};

Refusal *
oms_decide_manual(Decision *d)
{
	return oms_refuse(OMS_NO_TRANSITION, "%s is not possible", d->command->def->name);
}

Refusal *
oms_decide_approve(Decision *d)
{
	return oms_refuse(OMS_NO_TRANSITION, "%s is not possible", d->command->def->name);
}

Refusal *
oms_decide_reject_execution(Decision *d)
{
	return oms_refuse(OMS_NO_TRANSITION, "%s is not possible", d->command->def->name);
}
