/*-------------------------------------------------------------------------
 *
 * order_kept.c
 *	  What is asked of every report before it is applied: was it here before,
 *	  is it about this order, which day is it of?
 *
 * Pure.  The order's past is read only where the report gives cause to: an
 * ordinary one pays nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/execution/execution.h"
#include "core/order/order_commands.h"
#include "core/order/order_history.h"

static bool
kept_is_in_force(const Command *command, const Order *order)
{
	return command->cl_ord_id && order->cl_ord_id && strcmp(command->cl_ord_id, order->cl_ord_id) == 0 &&
		oms_request_named(order, command->cl_ord_id) == NULL;
}

static bool
kept_is_case(RepeatCase which, const Command *command, const Order *order)
{
	switch (which)
	{
		case REPEAT_ANY:
			return true;
		case REPEAT_IN_FORCE:
			return kept_is_in_force(command, order);
		case REPEAT_SUSPENDED:
			return (order->conditions & COND_SUSPENDED) != 0;
		case REPEAT_SPLIT:
			return command->quantity_factor || (command->reason && strcmp(command->reason, "GT_CORPORATE_ACTION") == 0);
		case REPEAT_AS_FILL:
			return command->exec_type && strcmp(command->exec_type, "TRADE") == 0;
	}
	pg_unreachable();
}

static RepeatRule
kept_repeat_rule(const Command *command, const Order *order)
{
	const CommandDef *def = command->def;

	if (command->exec_id == NULL)
		return REPEAT_NEVER;
	if (oms_command_is_resent(command) ||
		(def->repeat.content_if != REPEAT_ANY && kept_is_case(def->repeat.content_if, command, order)))
		return REPEAT_CONTENT;
	if (!kept_is_case(def->repeat.only_if, command, order) ||
		(def->repeat.rule == REPEAT_EXACT && command->transact_time == NO_TIME))
		return REPEAT_NEVER;
	return def->repeat.rule;
}

/* Does it state this figure neither as it did the first time nor as we have it? */
static bool
kept_is_new_figure(Numeric stated, Numeric first, Numeric ours)
{
	return stated && !(first && oms_dec_cmp(stated, first) == 0) && oms_dec_cmp(stated, ours) != 0;
}

void
oms_compare_repeat(Decision *d, const Command *command, const Order *order, const StatedFigures *first)
{
	OrderEvent	event;

	if (!kept_is_new_figure(command->cum_qty, first->cum_qty, order->executed_quantity) &&
		!kept_is_new_figure(command->leaves_qty, first->leaves_qty, order->leaves_quantity) &&
		!(command->avg_px && !(first->avg_px && oms_dec_cmp(command->avg_px, first->avg_px) == 0) &&
		  oms_order_disagrees(order, NULL, NULL, command->avg_px)))
		return;
	oms_order_keep_report(command, order, FACT_RESTATED_FIGURES, &event);
	oms_apply_to_tree(d, order, &event);
}

/* The multi-leg order is what we keep; its legs are reported apart (FIX 4.4 vol. 4, MultiLegReportingType). */
static bool
kept_is_multi_leg(const Order *order)
{
	char	   *type = oms_fix_text(order->fix, "securityType");

	return (type && strcmp(type, "MLEG") == 0) || oms_fix_text(order->fix, "noLegs");
}

static bool
kept_is_leg(Decision *d, const Order *order)
{
	char	   *type = oms_fix_text(order->fix, "multiLegReportingType");
	const Order *parent;

	if (kept_is_multi_leg(order))
		return false;
	if (type && strcmp(type, "2") == 0)
		return true;
	parent = order->parent_id ? oms_get_order(d, order->parent_id) : NULL;
	return parent && kept_is_multi_leg(parent);
}

static void
kept_keep_report(Decision *d, const Command *command, const Order *order, uint32 fact)
{
	OrderEvent	event;

	oms_order_keep_report(command, order, fact, &event);
	oms_apply_to_tree(d, order, &event);
	oms_decision_about(d, KIND_ORDER, order->id, false);
}

bool
oms_report_is_known(Decision *d, const Command *command, const Order *order)
{
	RepeatRule	rule = kept_repeat_rule(command, order);
	Command    *first;
	StatedFigures figures;

	if (rule == REPEAT_NEVER)
		return false;
	first = oms_history_report(d->source, order, command, rule == REPEAT_EXACT);
	if (first == NULL)
		return false;
	figures.cum_qty = first->cum_qty;
	figures.leaves_qty = first->leaves_qty;
	figures.avg_px = first->avg_px;
	oms_compare_repeat(d, command, order, &figures);
	oms_decision_about(d, KIND_ORDER, order->id, true);
	return true;
}

bool
oms_keep_leg_report(Decision *d, const Command *command, const Order *order)
{
	char	   *type = command->multi_leg_type ? command->multi_leg_type :
		oms_fix_text(command->fix, "multiLegReportingType");

	if (type == NULL || strcmp(type, "2") != 0 || !oms_command_is_report(command) || kept_is_leg(d, order))
		return false;
	if (!oms_report_is_known(d, command, order))
		kept_keep_report(d, command, order, FACT_LEG);
	return true;
}

bool
oms_keep_order_report(Decision *d, const Command *command, const Order *order)
{
	if (!oms_command_is_report(command))
		return false;
	if (oms_keep_leg_report(d, command, order) || oms_report_is_known(d, command, order))
		return true;
	if (!oms_report_is_misdirected(command, order))
		return false;
	kept_keep_report(d, command, order, FACT_OTHER_ORDER);
	return true;
}

static bool
kept_is_of_chain(Decision *d, const Command *command, const Order *order)
{
	const char *session = order->fix_session ? order->fix_session : command->fix_session;
	const char *owner = d->source->named(d->source, NAME_CL_ORD_ID, session ? session : "", command->cl_ord_id);

	return owner && strcmp(owner, order->id) == 0;
}

bool
oms_was_answered(Decision *d, const Command *command, const Order *order)
{
	bool		replaces = oms_has_trait(command->def, TRAIT_TAKES_TERMS) && command->def->answers == REQUEST_REPLACE;
	bool		in_force;

	if (!oms_command_is_report(command) || command->cl_ord_id == NULL || order->cl_ord_id == NULL ||
		(!replaces && command->def->opens == REQUEST_NONE) ||
		oms_request_named(order, command->cl_ord_id) != NULL)
		return false;
	in_force = strcmp(command->cl_ord_id, order->cl_ord_id) == 0;
	/* a replacement may be stated again; pending it is no more once it is in force */
	if (in_force)
		return !replaces && command->orig_cl_ord_id &&
			strcmp(command->orig_cl_ord_id, command->cl_ord_id) != 0;
	if (!kept_is_of_chain(d, command, order))
		return false;
	/* a replacement that is reported after its rejection is believed */
	return !replaces ||
		!oms_history_has_cl_ord_id(d->source, order, command->cl_ord_id, COMMAND_REJECT_REPLACE_ORDER);
}

bool
oms_keep_late_request(Decision *d, const Command *command, const Order *order)
{
	if (!oms_command_is_fresh_request(command) || command->fix_session == NULL || command->cl_ord_id == NULL ||
		!kept_is_of_chain(d, command, order) || oms_history_was_asked(d->source, order, command->cl_ord_id))
		return false;
	kept_keep_report(d, command, order, FACT_ANSWERED);
	return true;
}
