/*-------------------------------------------------------------------------
 *
 * order_membership.h
 *	  What a membership in a block means for the member's own order.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_MEMBERSHIP_H
#define OMS_ORDER_MEMBERSHIP_H

#include "postgres.h"

#include "core/decision.h"
#include "core/order/order.h"
#include "core/order/order_members.h"

/* The order of a member of a block; XX001 where it does not exist. */
extern const Order *oms_get_member(const Decision *d, const char *block_id, const char *id);

/*
 * The member's order follows its membership, which becomes another: `before` is
 * NULL for a new one, `after` for one that is gone.  Nothing if nothing moves.
 * The order's tree is one that may be read; the block's own row is the caller's.
 */
extern void oms_member_change(Decision *d, const char *block_id, const OrderMember *before, const OrderMember *after,
							  uint32 raises);

/*
 * What that is for the order, put into its event: figures like those of a child,
 * and the blocks that name it.  False if nothing.
 */
extern bool oms_membership_event(const char *block_id, const OrderMember *before, const OrderMember *after, OrderEvent *event);

/* The same for all members of a block: those of `before` and then those that are new. */
extern void oms_members_change(Decision *d, const char *block_id, OrderMember *before, int nbefore,
							   OrderMember *after, int nafter);

#endif							/* OMS_ORDER_MEMBERSHIP_H */
