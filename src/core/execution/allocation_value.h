/*-------------------------------------------------------------------------
 *
 * allocation_value.h
 *	  What allocations are worth, told anew; and what that shares with telling
 *	  their quantities anew (allocation_redo.c).
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ALLOCATION_VALUE_H
#define OMS_ALLOCATION_VALUE_H

#include "postgres.h"

#include "core/execution/allocation_book.h"

/* That an allocation has something of a fill, whose place in the book it is. */
typedef struct RedoPart
{
	const char *allocation_id;
	int			place;
} RedoPart;

/* Each of these once, by allocation and then by place. */
typedef struct RedoIndex
{
	RedoPart   *parts;
	int			count;
} RedoIndex;

/* An allocation that is told again, and its terms. */
typedef struct Redo
{
	AllocationTerms *terms;
	AllocationParty *parties;	/* of the terms */
	ShareMember *shares;		/* one a party: what it has */
	int			count;
	int		   *places;			/* the fills of the book that it may have something of, ascending, … */
	Numeric    *of_fills;		/* … and what it has of each */
	int			fills;
	Numeric		total;
	Numeric		of_ended;		/* … of the one that ended; it is not in the total */
} Redo;

/* So much, at this value. */
typedef struct RedoAmount
{
	Numeric		quantity;
	Numeric		value;
} RedoAmount;

/* What comes into the pool again, more or less than it was. */
typedef struct RedoComing
{
	TimestampTz at;
	RedoAmount	more;
} RedoComing;

/* A pool, and the fill that changed in it. */
typedef struct RedoPool
{
	const PoolKey *key;
	TimestampTz counts_from;	/* the fill does */
	const Execution *was;		/* as it was, or NULL: it was in another pool */
	const BookFill *with;		/* what it is now, or NULL */
	RedoAmount *had;			/* each allocation of the book, of this pool, … */
	int			count;			/* … as many as there were: what leaves a pool comes behind them */
	RedoAmount	more;			/* what is there more than was, for the allocation that is looked at */
	List	   *coming;			/* of RedoComing */
	RedoIndex	index;
} RedoPool;

/* Each part once, by allocation and then by place; where those of an allocation begin. */
extern RedoIndex oms_redo_index(const AllocationBook *book);
extern int	oms_redo_find_parts(const RedoIndex *index, const char *allocation_id);

/* An allocation with nothing yet; `more`: a fill that it may come to have a part of, or -1. */
extern void oms_redo_begin(const RedoIndex *index, AllocationTerms *terms, int more, Redo *redo);
extern BookFill *oms_redo_fill(const AllocationBook *book, const Redo *redo, int i);

/* Take its entries out of the fills of a pool (NULL: of all), counting what it had; give them back as the shares say. */
extern void oms_redo_take(AllocationBook *book, const PoolKey *pool, Redo *redo);
extern void oms_redo_give(AllocationBook *book, const Redo *redo);

/* Before quantities move: what each allocation has, with what it had of the fill that ended. */
extern void oms_value_begin(const AllocationBook *book, const List *allocations, RedoPool *pool);

/* All allocations of a pool, in the order of time, at what their pools are worth now. */
extern void oms_value_pool(const Decision *d, AllocationBook *book, const List *allocations, RedoPool *pool);

/* Those of the fill that have left the pool, or leave it as the fill has, at its own price; the allocations, with those that come to be. */
extern List *oms_value_alone(Decision *d, AllocationBook *book, List *allocations, BookFill *fill, bool leaves);

#endif							/* OMS_ALLOCATION_VALUE_H */
