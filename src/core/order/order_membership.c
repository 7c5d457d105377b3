/*-------------------------------------------------------------------------
 *
 * order_membership.c
 *	  What a membership in a block means for the member's own order.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 * To a member its block is like a child: what it lacks is reserved, what it was
 * allocated is executed.  All of that follows from the membership before and
 * after, so whoever changes memberships computes no figures.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "core/command_size.h"
#include "core/order/order_commands.h"
#include "core/order/order_membership.h"
#include "core/order/order_tree.h"

/* b - a, where NULL stands for nothing; NULL where that is nothing */
static Numeric
membership_more(Numeric a, Numeric b)
{
	Numeric		more = oms_dec_sub(b ? b : oms_dec_zero(), a ? a : oms_dec_zero());

	return oms_dec_sign(more) == 0 ? NULL : more;
}

static Numeric
membership_reserves(const OrderMember *member)
{
	return member == NULL || member->released ? NULL : oms_member_lacks(member);
}

/* Do block and order name each other? */
static bool
membership_is_named(const OrderMember *member)
{
	return member && (!member->released || oms_dec_sign(member->allocated_quantity) != 0);
}

bool
oms_membership_event(const char *block_id, const OrderMember *before, const OrderMember *after, OrderEvent *event)
{
	TreeDelta  *delta = &event->children;

	delta->executed = membership_more(before ? before->allocated_quantity : NULL, after ? after->allocated_quantity : NULL);
	delta->value = membership_more(before ? before->allocated_value : NULL, after ? after->allocated_value : NULL);
	delta->allocated = delta->executed;
	delta->reserved = membership_more(membership_reserves(before), membership_reserves(after));
	event->live_blocks = (after && oms_member_is_live(after) ? 1 : 0) - (before && oms_member_is_live(before) ? 1 : 0);
	if (membership_is_named(after) && !membership_is_named(before))
		event->joins = block_id;
	if (membership_is_named(before) && !membership_is_named(after))
		event->leaves = block_id;
	return delta->executed || delta->value || delta->reserved || event->live_blocks != 0 || event->joins || event->leaves;
}

const Order *
oms_get_member(const Decision *d, const char *block_id, const char *id)
{
	const Order *order = oms_get_order(d, id);

	if (order == NULL)
		oms_damaged("order \"%s\", a member of block \"%s\", does not exist", id, block_id);
	return order;
}

void
oms_member_change(Decision *d, const char *block_id, const OrderMember *before, const OrderMember *after, uint32 raises)
{
	const char *id = after ? after->order_id : before->order_id;
	const Order *order = oms_get_member(d, block_id, id);
	const Command *whole = d->cause;
	Command    *part;
	OrderEvent	event;

	oms_order_event_init(&event, d->cause);
	event.own = false;
	event.raises = raises;
	if (!oms_membership_event(block_id, before, after, &event) && (raises & ~order->flags) == 0)
		return;
	event.transition = oms_order_transition(event.children.executed || event.children.value ? TRIGGER_ALLOCATE : TRIGGER_MEMBERSHIP,
											order, 0, false);
	/* a bust may give back to an order that has ended meanwhile */
	if (event.live_blocks > 0 && oms_order_is_closed(order))
		event.raises |= FLAG_LIVE_BLOCK;
	oms_tree_end_waiting(order, &event);
	/* events point to it until they are written */
	part = palloc(sizeof(Command));
	*part = *whole;
	part->raw = oms_command_part(whole, id);
	d->cause = part;
	oms_apply_to_tree(d, order, &event);
	d->cause = whole;
}

void
oms_members_change(Decision *d, const char *block_id, OrderMember *before, int nbefore, OrderMember *after, int nafter)
{
	for (int i = 0; i < nbefore; i++)
	{
		CHECK_FOR_INTERRUPTS();
		oms_member_change(d, block_id, &before[i], oms_member_find(after, nafter, before[i].order_id), 0);
	}
	for (int i = 0; i < nafter; i++)
		if (oms_member_find(before, nbefore, after[i].order_id) == NULL)
			oms_member_change(d, block_id, NULL, &after[i], 0);
}
