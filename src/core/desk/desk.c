/*-------------------------------------------------------------------------
 *
 * desk.c
 *	  Where an order is on the execution desk, and whom it binds.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.  A claim binds people and never facts: of whoever reports what has
 * happened, nobody asks whose the order is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/guc.h"
#include "base/moment.h"
#include "core/command_route.h"
#include "core/command_size.h"
#include "core/desk/desk.h"
#include "core/order/order.h"
#include "core/order/order_members.h"

static const char *
desk_since_text(const Order *order)
{
	char		time[MOMENT_TEXT_SIZE];

	if (order->desk_since == NO_TIME)
		return "";
	oms_time_text(order->desk_since, time);
	return psprintf(" since %s", time);
}

static bool
desk_is_of(const Order *order, const char *user)
{
	return oms_same_text(order->desk_user, user);
}

/* ------------------------------------------------------------------------
 * the commands of the desk
 * ------------------------------------------------------------------------
 */

static const char *
desk_status_name(const Order *order)
{
	return order->desk_status == 0 ? "none" : oms_name_of(oms_desk_status_names, order->desk_status);
}

/* Another has it. */
static Refusal *
desk_refuse_claimed(const Command *command, const Order *root, const char *hint)
{
	Refusal    *refusal = oms_refuse_by_rule("claimed", psprintf("%s is not permitted: order \"%s\" is claimed by \"%s\"",
																 command->def->name, root->id, root->desk_user),
											 "\"%s\" has it on the desk%s.", root->desk_user, desk_since_text(root));

	refusal->sqlstate = OMS_NOT_PERMITTED;
	return oms_with_hint(refusal, hint);
}

/* No row fires for what the desk is asked: why not? */
static Refusal *
desk_refuse(const Decision *d, const Order *order, DeskTrigger trigger, uint32 facts)
{
	const Command *command = d->command;

	if ((facts & DESK_FACT_HOLDS) || oms_desk_transition(order->desk_status, trigger, facts | DESK_FACT_HOLDS) == NULL)
		return oms_with_detail(oms_refuse(OMS_NO_TRANSITION, "%s is not possible for order \"%s\", whose desk status is %s",
										  command->def->name, order->id, desk_status_name(order)),
							   "The order has status %s, desk status %s%s%s.", oms_name_of(oms_order_status_names, order->status),
							   desk_status_name(order), order->desk_user ? psprintf(", desk user \"%s\"", order->desk_user) : "",
							   desk_since_text(order));
	if (!oms_decision_asker(d)->is_admin)
		return desk_refuse_claimed(command, order, "Whoever has it can release it, and oms_admin can take it over with a reason.");
	return oms_with_detail(oms_refuse(OMS_MALFORMED, "%s needs field \"reason\"", command->def->name),
						   "Order \"%s\" is claimed by \"%s\"%s.", order->id, order->desk_user, desk_since_text(order));
}

/* Whose it is afterwards; NULL: nobody's. */
static const char *
desk_user_after(const Decision *d, DeskTrigger trigger)
{
	switch (trigger)
	{
		case DESK_TRIGGER_CLAIM:
			return oms_decision_asker(d)->actor;
		case DESK_TRIGGER_ASSIGN:
			return d->command->desk_user;
		default:
			return NULL;
	}
}

static uint32
desk_facts_of(const Decision *d, const Order *order, const char *user_after)
{
	uint32		facts = oms_order_is_live(order) ? DESK_FACT_LIVE : 0;
	const Asker *asker;

	if (order->desk_status != DESK_CLAIMED)
		return facts;
	asker = oms_decision_asker(d);
	if (desk_is_of(order, asker->actor) || (asker->is_admin && d->command->reason))
		facts |= DESK_FACT_HOLDS;
	if (user_after && !desk_is_of(order, user_after))
		facts |= DESK_FACT_ANOTHER;
	return facts;
}

/* Released to where?  Out of the desk, unless it is said. */
static Refusal *
desk_take_trigger(const Command *command, DeskTrigger *trigger)
{
	*trigger = oms_command_trigger(command);
	if (command->desk_status == NULL || strcmp(command->desk_status, "RELEASED") == 0)
		return NULL;
	if (strcmp(command->desk_status, "QUEUED") != 0)
		return oms_with_detail(oms_refuse(OMS_MALFORMED, "%s cannot lead to desk status %s", command->def->name, command->desk_status),
							   "An order is released to RELEASED, out of the desk, or QUEUED, back to its queue.");
	*trigger = DESK_TRIGGER_REQUEUE;
	return NULL;
}

static Refusal *
desk_check_root(const Order *order)
{
	if (order->parent_id == NULL)
		return NULL;
	return oms_with_hint(oms_refuse_by_rule("not_a_root", psprintf("order \"%s\" is not on the desk by itself", order->id),
											"it is a child; the client order at the top of its tree is \"%s\".", order->root_id),
						 psprintf("Name order \"%s\".", order->root_id));
}

Refusal *
oms_decide_desk(Decision *d)
{
	const Command *command = d->command;
	const Order *order = oms_get_order(d, command->order_id);
	const Transition *transition;
	const char *user;
	DeskTrigger trigger;
	uint32		facts;
	Order		after;
	Refusal    *refusal;

	if (order == NULL)
		return oms_no_such(KIND_ORDER, command->order_id);
	refusal = desk_take_trigger(command, &trigger);
	if (refusal == NULL)
		refusal = oms_check_version(command, KIND_ORDER, order->id, order->version);
	if (refusal == NULL)
		refusal = desk_check_root(order);
	if (refusal)
		return refusal;
	user = desk_user_after(d, trigger);
	facts = desk_facts_of(d, order, user);
	transition = oms_desk_transition(order->desk_status, trigger, facts);
	if (transition == NULL)
		return desk_refuse(d, order, trigger, facts);
	after = *order;
	after.desk_status = oms_desk_status_after(transition, order->desk_status);
	after.desk_user = user ? pstrdup(user) : NULL;
	after.desk_since = oms_decision_now(d);
	if (command->reason)
		after.desk_reason = command->reason;
	if (command->text)
		after.text = command->text;
	oms_decision_put(d, &after.object, transition, false);
	oms_decision_about(d, KIND_ORDER, order->id, false);
	return NULL;
}

/* ------------------------------------------------------------------------
 * whom a claim binds
 * ------------------------------------------------------------------------
 */

/* The root's desk status holds for the whole tree. */
static Refusal *
desk_check_order(const Decision *d, const char *order_id, bool places)
{
	const Order *order = oms_get_order(d, order_id);
	const Order *root = order && order->parent_id ? oms_get_order(d, order->root_id) : order;

	/* what is not there is refused as such, or damaged */
	if (root == NULL || root->desk_status == 0)
		return NULL;
	if (root->desk_status == DESK_QUEUED && places)
		return oms_with_hint(oms_refuse_by_rule("desk_queued", psprintf("order \"%s\" waits for the execution desk", root->id),
												"its desk status is QUEUED%s; nothing of it is placed.", desk_since_text(root)),
							 "Claim it first, or release it from the desk.");
	if (root->desk_status == DESK_CLAIMED && !desk_is_of(root, oms_decision_asker(d)->actor))
		return desk_refuse_claimed(d->command, root, "Whoever has it can assign or release it; oms_admin can take it over: ClaimOrderCommand with a reason.");
	return NULL;
}

/*
 * The members whose membership the command makes, changes or ends.  To work for
 * an order, or for more of it, is to place it.
 */
static Refusal *
desk_check_members(const Decision *d, const Order *block)
{
	const OrderShares *given = &d->command->members;
	Refusal    *refusal = NULL;
	int			count;
	OrderMember *present = oms_members_from_json(block ? block->members : NULL, &count);

	for (int i = 0; refusal == NULL && i < given->count; i++)
	{
		const OrderShare *share = &given->shares[i];
		const OrderMember *member = oms_member_find(present, count, share->order_id);
		int			more = member == NULL || member->released || share->quantity == NULL ? 1 :
			oms_dec_cmp(share->quantity, member->quantity);

		if (more != 0)
			refusal = desk_check_order(d, share->order_id, more > 0);
	}
	for (int i = 0; refusal == NULL && i < count; i++)
	{
		bool		stays = present[i].released;

		for (int j = 0; !stays && j < given->count; j++)
			stays = strcmp(given->shares[j].order_id, present[i].order_id) == 0;
		if (!stays)
			refusal = desk_check_order(d, present[i].order_id, false);
	}
	return refusal;
}

/*
 * What a session tells has been said already: a request of a client is recorded, and shown to the desk.  What reads as a report is
 * none where a setting says who tells what venues have told, and that is not he.
 */
static bool
desk_is_told(const Decision *d)
{
	const Command *command = d->command;

	if ((command->fix_session && command->def->opens != REQUEST_NONE) ||
		(oms_has_trait(command->def, TRAIT_TELEPHONED) && command->counterparty_order_id))
		return true;
	return oms_command_is_report(command) &&
		(command->fix_message || oms_guc_feed_roles() == NIL || oms_decision_asker(d)->is_feed);
}

Refusal *
oms_desk_check(const Decision *d)
{
	const Command *command = d->command;
	const char *id;
	Refusal    *refusal;

	if (!oms_has_trait(command->def, TRAIT_BOUND_BY_CLAIM) || desk_is_told(d))
		return NULL;
	id = oms_command_object_id(command, ID_OF_ORDER);
	refusal = id ? desk_check_order(d, id, oms_has_trait(command->def, TRAIT_PLACES)) : NULL;
	if (refusal == NULL && command->members.shares)
		refusal = desk_check_members(d, id ? oms_get_order(d, id) : NULL);
	return refusal;
}

Refusal *
oms_desk_check_placement(const Decision *d, const char *order_id)
{
	return desk_is_told(d) ? NULL : desk_check_order(d, order_id, true);
}

/* ------------------------------------------------------------------------
 * what follows from the order's own life
 * ------------------------------------------------------------------------
 */

/*
 * Measured against the order as the command found it: one that is filled, taken
 * back and filled again in one command was never away.
 */
void
oms_desk_follow(const Decision *d, Order *order)
{
	ObjectSource *source = d->source;
	bool		live = oms_order_is_live(order);
	const Order *before;
	const Transition *transition;

	if (!source->is_known(source, KIND_ORDER, order->id))
		return;
	before = (const Order *) source->get(source, KIND_ORDER, order->id);
	order->desk_status = before->desk_status;
	order->desk_user = before->desk_user;
	order->desk_since = before->desk_since;
	transition = oms_desk_transition(before->desk_status, live ? DESK_TRIGGER_REOPEN : DESK_TRIGGER_COMPLETE, 0);
	if (transition == NULL)
		return;
	order->desk_status = oms_desk_status_after(transition, before->desk_status);
	order->desk_since = oms_decision_now(d);
	/* who had it when it closed is remembered */
	if (order->desk_status == DESK_QUEUED)
		order->desk_user = NULL;
}

void
oms_desk_hold(Decision *d, const char *reason)
{
	Order		after = *oms_get_order(d, d->about_id);
	const Transition *transition = oms_desk_transition(after.desk_status, DESK_TRIGGER_HOLD,
													   oms_order_is_live(&after) ? DESK_FACT_LIVE : 0);

	if (transition == NULL)
		return;
	after.desk_status = oms_desk_status_after(transition, after.desk_status);
	after.desk_since = oms_decision_now(d);
	after.desk_reason = unconstify(char *, reason);
	/* an order that is full has room for no long one, and is made all the same */
	if (oms_state_size(&oms_order_def, &after) > oms_state_size_max())
		after.desk_reason = oms_text_as_code(reason);
	oms_decision_put(d, &after.object, transition, false);
}
