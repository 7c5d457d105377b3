/*-------------------------------------------------------------------------
 *
 * order_members.h
 *	  The members of a block, as its row and theirs have them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_MEMBERS_H
#define OMS_ORDER_MEMBERS_H

#include "postgres.h"

#include "core/kind.h"
#include "core/order/order_record.h"

/* How a quantity is shared among members. */
typedef enum AllocationMethod
{
	ALLOCATE_MANUAL,			/* as it was given */
	ALLOCATE_PRO_RATA,
	ALLOCATE_PRIORITY,
	ALLOCATE_EQUAL,
	ALLOCATION_METHODS
} AllocationMethod;

extern const OmsName oms_allocation_method_names[];

/* What a block has of an order. */
typedef struct OrderMember
{
	char	   *order_id;
	Numeric		quantity;		/* of it the block works; once released, what it was allocated */
	Numeric		by_factor;		/* what that becomes when all have told a split of which some have; or NULL */
	int64		priority;		/* the lower is served first */
	Numeric		allocated_quantity;
	Numeric		allocated_value;
	bool		released;
	Numeric		by_method[ALLOCATION_METHODS];	/* what it has from each; NULL: nothing */
} OrderMember;

/* A root with members, or that had some. */
static inline bool
oms_order_is_block(const Order *order)
{
	return order->members != NULL;
}

/* In the order in which they are served: by priority, and then by id. */
extern OrderMember *oms_members_from_json(Jsonb *json, int *count);

/* Sorts them; one that is released and has nothing is left out. */
extern Jsonb *oms_members_to_json(OrderMember *members, int count);

/* What it comes to as text when all members have been allocated something: so it is no larger at the end than it was made. */
extern int64 oms_members_size(Jsonb *members);

/* The one of this order, or NULL. */
extern OrderMember *oms_member_find(OrderMember *members, int count, const char *order_id);

/* What it keeps from being placed elsewhere, and lacks: the membership less what is allocated, never below nothing. */
extern Numeric oms_member_lacks(const OrderMember *member);

/* Not released, and it lacks something. */
extern bool oms_member_is_live(const OrderMember *member);

/* What all memberships come to. */
extern Numeric oms_members_quantity(const OrderMember *members, int count);

/* Arrays of texts: the same with one more, or without one; NULL stands for an empty one. */
extern Jsonb *oms_texts_add(Jsonb *texts, const char *text);
extern Jsonb *oms_texts_join(Jsonb *texts, Jsonb *more);
extern Jsonb *oms_texts_remove(Jsonb *texts, const char *text);
extern bool oms_texts_has(Jsonb *texts, const char *text);

/* KindDef.ties of an order: the members of a block, the blocks of a member. */
extern void oms_order_ties(const Object *root, Reach reach, TieVisit visit, void *arg);

#endif							/* OMS_ORDER_MEMBERS_H */
