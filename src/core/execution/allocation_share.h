/*-------------------------------------------------------------------------
 *
 * allocation_share.h
 *	  The arithmetic of an allocation: who gets how much, at which value.
 *
 * Pure, and of members, quantities and values alone.  Members may come in any
 * order: wherever an order matters it is that of their priority (lower first),
 * then of their orderId bytewise.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ALLOCATION_SHARE_H
#define OMS_ALLOCATION_SHARE_H

#include "postgres.h"
#include "nodes/pg_list.h"
#include "utils/numeric.h"

#define SHARE_VALUE_SCALE	10	/* decimals that a value is rounded to */

typedef enum ShareMethod
{
	SHARE_PRO_RATA,				/* by weight */
	SHARE_PRIORITY,				/* the first is filled first; by no weight, whatever it has had */
	SHARE_EQUAL					/* by one weight for all */
} ShareMethod;

typedef struct ShareMember
{
	const char *order_id;
	int64		priority;
	Numeric		round_lot;		/* what its order says, or NULL */
	Numeric		weight;			/* of PRO_RATA: its membership, or what it lacked (LEAVES); none: it takes nothing */
	Numeric		cap;			/* the most that it may get now; below zero is none */
	Numeric		from_method;	/* what it has by this method, without what is shared now; NULL: nothing */
	Numeric		quantity;		/* its share: oms_share_allocate() and oms_share_reduce() set it */
	bool		odd_lot;		/* the share is no multiple of the lot; set with it */
	Numeric		value;			/* of the share: oms_share_value() sets it */
} ShareMember;

/* What a member takes of an execution; both are places in the arrays that oms_share_entries() was given. */
typedef struct ShareEntry
{
	int			execution;
	int			member;
	Numeric		quantity;
	Numeric		value;
} ShareEntry;

/*
 * The lot of a block: the round lot of the first member whose order states one (above zero), whatever the others state; else
 * 1 where all quantities (of Numeric: the fills and memberships of the block) are whole, else one unit of the last decimal among them.
 */
extern Numeric oms_share_lot(const ShareMember *members, int count, const List *quantities);

/*
 * Share a quantity.  The shares add up to the smaller of quantity and sum of caps (of those with a weight); what no member can
 * take is returned.  A member that takes part no more, but had its part by the method, may be among them with a cap of zero.
 */
extern Numeric oms_share_allocate(ShareMember *members, int count, ShareMethod method, Numeric lot, Numeric quantity);

/*
 * Make the members' quantities less, pro rata, so that they add up to this; what is more than they are is returned.
 * They become their own weights and caps.
 */
extern Numeric oms_share_reduce(ShareMember *members, int count, Numeric lot, Numeric quantity);

/* Value the shares as a part of the pool (money of any sign), and return their sum: all of the pool has its value exactly. */
extern Numeric oms_share_value(ShareMember *members, int count, Numeric pool_value, Numeric pool_quantity);

/*
 * Take the shares from the executions, the oldest first, of each what is available of it: a List of ShareEntry, at most one
 * for each execution and member beside the first.  The values of a member's entries add up to its value exactly.
 */
extern List *oms_share_entries(const Numeric *available, int executions, const ShareMember *members, int count);

#endif							/* OMS_ALLOCATION_SHARE_H */
