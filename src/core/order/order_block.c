/*-------------------------------------------------------------------------
 *
 * order_block.c
 *	  Blocks: orders that work for several client orders at once.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 * A membership is placed like a child: it reserves of the member what it has not
 * been allocated.  What the members' orders have of it follows from the block's
 * row before and after (order_membership.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/decimal.h"
#include "core/order/order_block.h"
#include "core/order/order_cascade.h"
#include "core/order/order_commands.h"
#include "core/order/order_membership.h"
#include "core/order/order_split.h"

void
oms_name_members(const Command *command, TreeNames *names)
{
	for (int i = 0; i < command->members.count; i++)
		oms_name_object(names, KIND_ORDER, command->members.shares[i].order_id, REACH_OWN);
}

/* What it has done and nobody has been allocated. */
static Numeric
block_unallocated(const Order *block)
{
	return oms_dec_sub(block->executed_quantity, block->allocated_quantity);
}

/* ------------------------------------------------------------------------
 * members
 * ------------------------------------------------------------------------
 */

static Refusal *
block_refuse_quantity(const Command *command, const OrderShare *share)
{
	return oms_with_hint(oms_with_detail(oms_refuse(OMS_MALFORMED, "%s needs members with a quantity above zero", command->def->name),
										 "Order \"%s\" has quantity %s.", share->order_id, oms_dec_text(share->quantity)),
						 "Whoever is not among the members is released.");
}

/* May the block work for so much more of the order? */
static Refusal *
block_check_member(const Order *order, Numeric more)
{
	Numeric		room = oms_order_room(order);
	Numeric		taken = oms_dec_sub(order->unplaced_quantity, room);

	if (order->parent_id || oms_order_is_block(order))
		return oms_refuse_by_rule("not_a_client_order", psprintf("order \"%s\" cannot be a member of a block", order->id),
								  "%s", order->parent_id ? psprintf("it is a child of order \"%s\".", order->parent_id) :
								  "it is a block itself.");
	if (!oms_order_is_live(order))
		return oms_with_detail(oms_refuse(OMS_NO_TRANSITION, "order \"%s\" in status %s cannot be a member of a block",
										  order->id, oms_name_of(oms_order_status_names, order->status)),
							   "Only a live order can.");
	if (oms_request_is_open(order, REQUEST_CANCEL))
		return oms_refuse_by_rule("cancel_requested", psprintf("order \"%s\" cannot be a member of a block", order->id),
								  "a cancel of it is requested.");
	if (oms_dec_cmp(more, room) > 0)
		return oms_refuse_by_rule("over_placed", psprintf("order \"%s\" has too little left to place", order->id),
								  "%s more is asked for; executedQuantity %s, reservedQuantity %s, unplacedQuantity %s%s.",
								  oms_dec_text(more), oms_dec_text(order->executed_quantity),
								  oms_dec_text(order->reserved_quantity), oms_dec_text(order->unplaced_quantity),
								  oms_dec_sign(taken) > 0 ? psprintf(", of which a replacement that waits takes %s", oms_dec_text(taken)) : "");
	return NULL;
}

static Numeric
block_reserves(const OrderMember *member)
{
	return member == NULL || member->released ? oms_dec_zero() : oms_member_lacks(member);
}

/* What the members lack, all together. */
static Numeric
block_lacks(const OrderMember *members, int count)
{
	Numeric		sum = oms_dec_zero();

	for (int i = 0; i < count; i++)
		sum = oms_dec_add(sum, block_reserves(&members[i]));
	return sum;
}

/* The membership that share number `i` asks for; `old`: the one before, or NULL. */
static Refusal *
block_take_share(const Decision *d, int i, const OrderMember *old, OrderMember *member)
{
	const OrderShare *share = &d->command->members.shares[i];
	const Order *order = oms_get_order(d, share->order_id);
	Numeric		more;

	if (order == NULL)
		return oms_no_such(KIND_ORDER, share->order_id);
	if (oms_dec_sign(share->quantity) <= 0)
		return block_refuse_quantity(d->command, share);
	if (old)
		*member = *old;
	else
		member->allocated_quantity = member->allocated_value = oms_dec_zero();
	member->order_id = share->order_id;
	member->quantity = share->quantity;
	member->by_factor = NULL;
	member->priority = share->priority > 0 ? share->priority : i + 1;
	member->released = false;
	if (oms_dec_cmp(member->quantity, member->allocated_quantity) < 0)
		return oms_refuse_by_rule("over_allocated", psprintf("order \"%s\" has been allocated more than that", order->id),
								  "quantity %s is asked for; allocatedQuantity %s.", oms_dec_text(member->quantity),
								  oms_dec_text(member->allocated_quantity));
	more = oms_dec_sub(block_reserves(member), block_reserves(old));
	return oms_dec_sign(more) > 0 ? block_check_member(order, more) : NULL;
}

/* ------------------------------------------------------------------------
 * a new block
 * ------------------------------------------------------------------------
 */

/* All members' quantities, and no other. */
static Refusal *
block_take_quantity(Command *command, const OrderMember *members)
{
	Numeric		sum = oms_members_quantity(members, command->members.count);
	int			order = command->terms.order_qty ? oms_dec_cmp(command->terms.order_qty, sum) : 0;

	if (order != 0)
		return oms_refuse_by_rule(order > 0 ? "over_placed" : "below_placed", "a block has the quantity that its members give it",
								  "orderQty %s is asked for; the memberships come to %s.", oms_dec_text(command->terms.order_qty),
								  oms_dec_text(sum));
	command->terms.order_qty = sum;
	return NULL;
}

static Refusal *
block_check_agreements(const Decision *d, const Order *block, const OrderMember *members, int count)
{
	Refusal    *refusal = NULL;

	for (int i = 0; refusal == NULL && i < count; i++)
		refusal = oms_check_agreement(block, oms_get_order(d, members[i].order_id));
	return refusal;
}

Refusal *
oms_decide_create_block(Decision *d)
{
	Command    *command = d->command;
	int			count = command->members.count;
	OrderMember *members = palloc0(sizeof(OrderMember) * Max(count, 1));
	Order		block;
	Refusal    *refusal = oms_check_version(command, KIND_ORDER, command->order_id ? command->order_id : "(new)", 0);

	if (refusal == NULL && count == 0)
		refusal = oms_with_detail(oms_refuse(OMS_MALFORMED, "%s needs field \"members\"", command->def->name),
								  "A block works for one order at least.");
	for (int i = 0; refusal == NULL && i < count; i++)
		refusal = block_take_share(d, i, NULL, &members[i]);
	if (refusal == NULL)
		refusal = block_take_quantity(command, members);
	if (refusal)
		return refusal;
	oms_block_default(d, command);
	refusal = oms_create_order(d, command, NULL, oms_members_to_json(members, count), &block);
	if (refusal == NULL)
		refusal = block_check_agreements(d, &block, members, count);
	if (refusal)
		return refusal;
	oms_decision_about(d, KIND_ORDER, block.id, false);
	oms_decision_tell_briefly(d);
	oms_members_change(d, block.id, NULL, 0, members, count);
	return NULL;
}

/* ------------------------------------------------------------------------
 * other members
 * ------------------------------------------------------------------------
 */

static Refusal *
block_refuse_filled(const Order *block, const OrderMember *old)
{
	return oms_with_hint(oms_refuse_by_rule("block_filled", psprintf("block \"%s\" has filled what nobody has been allocated", block->id),
											"order \"%s\" would be released, or reduced; unallocated are %s.", old->order_id,
											oms_dec_text(block_unallocated(block))),
						 "Allocate first: the client gets its share of what was done before.");
}

/* Who had a part is released, or keeps one; a smaller one not while there is something to share. */
static Refusal *
block_check_smaller(const Order *block, const OrderMember *before, int nbefore, OrderMember *after, int *nafter)
{
	bool		filled = oms_dec_sign(block_unallocated(block)) > 0;
	int			given = *nafter;

	for (int i = 0; i < nbefore; i++)
	{
		OrderMember *kept = oms_member_find(after, given, before[i].order_id);

		if (filled && !before[i].released && (kept == NULL || oms_dec_cmp(kept->quantity, before[i].quantity) < 0))
			return block_refuse_filled(block, &before[i]);
		if (kept)
			continue;
		kept = &after[(*nafter)++];
		*kept = before[i];
		kept->released = true;
		kept->quantity = kept->allocated_quantity;
	}
	return NULL;
}

/* What was done, and what may still be at a counterparty, is covered by the members. */
static Refusal *
block_check_covered(const Order *block, Numeric before, Numeric after)
{
	Numeric		works = oms_order_is_at_counterparty(block) ? oms_order_reservation(block) : block->reserved_quantity;

	if (oms_dec_cmp(after, before) >= 0 || oms_dec_cmp(after, oms_dec_add(block->executed_quantity, works)) >= 0)
		return NULL;
	return oms_with_hint(oms_refuse_by_rule("below_placed", psprintf("block \"%s\" has more done and placed than that", block->id),
											"the memberships would come to %s; executedQuantity %s, and %s more may come.",
											oms_dec_text(after), oms_dec_text(block->executed_quantity), oms_dec_text(works)),
						 "Cancel or reduce first what works.");
}

/* Nothing more is to work for it. */
static Refusal *
block_refuse_cancel_requested(const Order *block)
{
	return oms_refuse_by_rule("cancel_requested", psprintf("block \"%s\" cannot work for more of its members", block->id),
							  "a cancel of it is requested.");
}

static Refusal *
block_check_more(const Decision *d, const Order *block, OrderMember *before, int nbefore, const OrderMember *after, int nafter)
{
	Refusal    *refusal = NULL;

	for (int i = 0; refusal == NULL && i < nafter; i++)
	{
		const OrderMember *old = oms_member_find(before, nbefore, after[i].order_id);

		CHECK_FOR_INTERRUPTS();
		if (oms_dec_cmp(block_reserves(&after[i]), block_reserves(old)) <= 0)
			continue;
		refusal = oms_request_is_open(block, REQUEST_CANCEL) ? block_refuse_cancel_requested(block) :
			oms_check_agreement(block, oms_get_order(d, after[i].order_id));
	}
	return refusal;
}

/* The rule of the machine, or a refusal: a closed block takes members only for what it has done. */
static Refusal *
block_find_transition(const Command *command, const Order *block, const OrderMember *after, int nafter, OrderEvent *event)
{
	bool		covered = oms_dec_cmp(block_lacks(after, nafter), block_unallocated(block)) <= 0;

	oms_order_event_init(event, command);
	event->transition = oms_order_transition(TRIGGER_REPLACE_MEMBERS, block, covered ? FACT_COVERED : 0, false);
	if (event->transition)
		return NULL;
	return oms_with_detail(oms_refuse(OMS_NO_TRANSITION, "%s is not possible for order \"%s\" in status %s", command->def->name,
									  block->id, oms_name_of(oms_order_status_names, block->status)),
						   "A closed block takes members for what it has filled; unallocated are %s.",
						   oms_dec_text(block_unallocated(block)));
}

static Refusal *
block_replace_members(Decision *d, const Order *block)
{
	const Command *command = d->command;
	int			nbefore;
	OrderMember *before = oms_members_from_json(block->members, &nbefore);
	int			nafter = command->members.count;
	OrderMember *after = palloc0(sizeof(OrderMember) * Max(nafter + nbefore, 1));
	OrderEvent	event;
	Refusal    *refusal = NULL;

	for (int i = 0; refusal == NULL && i < nafter; i++)
	{
		CHECK_FOR_INTERRUPTS();
		refusal = block_take_share(d, i, oms_member_find(before, nbefore, command->members.shares[i].order_id), &after[i]);
	}
	if (refusal == NULL)
		refusal = block_check_smaller(block, before, nbefore, after, &nafter);
	if (refusal == NULL)
		refusal = block_find_transition(command, block, after, nafter, &event);
	if (refusal == NULL)
		refusal = block_check_covered(block, oms_members_quantity(before, nbefore), oms_members_quantity(after, nafter));
	if (refusal == NULL)
		refusal = block_check_more(d, block, before, nbefore, after, nafter);
	if (refusal)
		return refusal;
	oms_decision_about(d, KIND_ORDER, block->id, false);
	event.members = oms_members_to_json(after, nafter);
	oms_apply_to_tree(d, block, &event);
	oms_decision_tell_briefly(d);
	oms_members_change(d, block->id, before, nbefore, after, nafter);
	return NULL;
}

Refusal *
oms_decide_replace_members(Decision *d)
{
	const Order *block = oms_get_order(d, d->command->order_id);
	Refusal    *refusal;

	if (block == NULL)
		return oms_no_such(KIND_ORDER, d->command->order_id);
	if (!oms_order_is_block(block))
		return oms_refuse_by_rule("not_a_block", psprintf("order \"%s\" is no block", block->id), "it has no members.");
	refusal = oms_check_version(d->command, KIND_ORDER, block->id, block->version);
	return refusal ? refusal : block_replace_members(d, block);
}

/* ------------------------------------------------------------------------
 * the end of a block
 * ------------------------------------------------------------------------
 */

/*
 * Is the block over: closed, and all that it has done is allocated?  Then the
 * memberships of the array are released.  False if none was.
 */
static bool
block_release(const Order *block, OrderMember *members, int count)
{
	bool		any = false;

	if (!oms_order_is_closed(block) || oms_dec_sign(block_unallocated(block)) != 0)
		return false;
	for (int i = 0; i < count; i++)
	{
		any |= !members[i].released;
		members[i].released = true;
		members[i].quantity = members[i].allocated_quantity;
	}
	return any;
}

static Refusal *
block_release_members(Decision *d, const Order *block)
{
	int			count;
	OrderMember *before = oms_members_from_json(block->members, &count);
	OrderMember *after = oms_members_from_json(block->members, &count);
	bool		reached = true;
	OrderEvent	event;

	if (!block_release(block, after, count))
		return NULL;
	for (int i = 0; i < count; i++)
		reached &= oms_decision_reaches(d, KIND_ORDER, after[i].order_id);
	if (!reached)
		return oms_unreached();
	oms_order_event_init(&event, d->cause);
	event.own = false;
	event.members = oms_members_to_json(after, count);
	event.transition = oms_order_transition(TRIGGER_RELEASE_MEMBERS, block, 0, false);
	oms_apply_to_tree(d, block, &event);
	oms_members_change(d, block->id, before, count, after, count);
	return NULL;
}

Refusal *
oms_blocks_release(Decision *d)
{
	int			decided = list_length(d->changes);
	Refusal    *refusal = NULL;

	/* it grows as we go */
	for (int i = 0; refusal == NULL && i < decided; i++)
	{
		const Change *change = list_nth(d->changes, i);
		const Order *order = (const Order *) change->after;

		if (change->is_last && order->kind == KIND_ORDER && oms_order_is_block(order) && oms_order_is_closed(order))
			refusal = block_release_members(d, order);
	}
	return refusal;
}
