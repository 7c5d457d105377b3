/*-------------------------------------------------------------------------
 *
 * order_block.h
 *	  Blocks: orders that work for several client orders at once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_BLOCK_H
#define OMS_ORDER_BLOCK_H

#include "postgres.h"

#include "core/decide.h"
#include "core/order/order.h"
#include "core/order/order_members.h"

/* The decide functions of the list of commands. */
extern Refusal *oms_decide_create_block(Decision *d);
extern Refusal *oms_decide_replace_members(Decision *d);

/* The orders that are given as members. */
extern void oms_name_members(const Command *command, TreeNames *names);

/*
 * Once all else is decided: blocks that are over now release their members, whose
 * orders follow.
 */
extern Refusal *oms_blocks_release(Decision *d);

/*
 * order_agreement.c.  Do block and member trade the same, and is the block's limit
 * no worse than the member's?  Rules member_differs and member_limit.
 */
extern Refusal *oms_check_agreement(const Order *block, const Order *member);

/*
 * The same of an order, as the event is about to leave it, and all that blocks tie
 * it to.  A report, and a request that is only recorded, is not held against it.
 */
extern Refusal *oms_check_ties(Decision *d, const Command *command, const Order *order, const OrderEvent *event);

/*
 * A block has the quantity that its members give it: never more, and less only
 * where it is at a counterparty, which has to agree before they are released.
 */
extern Refusal *oms_check_block_quantity(const Command *command, const Order *order, OrderEvent *event);

/* What a new block has of its members where its command does not say: terms only where they all agree. */
extern void oms_block_default(const Decision *d, Command *command);

#endif							/* OMS_ORDER_BLOCK_H */
