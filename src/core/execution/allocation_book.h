/*-------------------------------------------------------------------------
 *
 * allocation_book.h
 *	  The book of a block: its fills, and what its members have of them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ALLOCATION_BOOK_H
#define OMS_ALLOCATION_BOOK_H

#include "postgres.h"

#include "base/decimal.h"
#include "core/decide.h"
#include "core/execution/allocation_pool.h"
#include "core/execution/allocation_share.h"
#include "core/execution/allocation_terms.h"
#include "core/execution/execution.h"

/* A live fill of the block. */
typedef struct BookFill
{
	Execution	now;			/* a copy: what becomes of it */
	PoolKey		pool;
	TimestampTz came_at;		/* when the first of its chain of corrections came, … */
	const char *came_as;		/* … and the id of that one */
	TimestampTz counts_from;	/* when the first of them was booked: since then it is in its pool */
	List	   *entries;		/* of AllocationEntry, in the order of their allocations */
	List	   *terms;			/* of AllocationTerms: of those that it is the oldest fill of */
	Numeric		allocated;		/* what the entries come to */
	bool		touched;
	bool		is_new;			/* it is being booked: whoever books it puts it */
} BookFill;

/*
 * What a command changes of the allocations of a block.  It is begun when it is
 * first asked for, and closed as the last step of the command, when the block's
 * row and its members follow once, whatever in it was the reason.
 */
typedef struct AllocationBook
{
	const char *block_id;
	OrderMember *before;		/* as the block's row had them */
	OrderMember *members;		/* as they become */
	uint32	   *raises;			/* flags of their orders */
	int			count;
	List	   *fills;			/* of BookFill, the oldest first */
	List	   *waiting;		/* of Execution: fills that have ended, as they were, whose successor is to come */

	/*
	 * Of what is read and reckoned: all fills of the block, for each of the many
	 * commands that a batch may have.  What is put lies beside it, and whatever is
	 * asked of the decision's source.
	 */
	MemoryContext memory;
} AllocationBook;

/* The book of the block, begun if it is not; NULL: a member's tree is to be locked first. */
extern AllocationBook *oms_book_of(Decision *d, const Order *block);

/* What was changed of allocations in this decision, and is put nowhere yet, stays as it was. */
extern void oms_books_drop(Decision *d);

/*
 * A batch goes on after what is refused, and may have much of that: what was read
 * for it goes at once, but for what is said of it.
 */
extern Refusal *oms_books_refused(Decision *d, const Refusal *refusal);

/* The one that was begun, or NULL. */
extern AllocationBook *oms_book_begun(const Decision *d, const char *block_id);

/*
 * Read its live fills: those of which something is nobody's yet, and what else
 * belongs to their orders; or all of them.
 */
extern void oms_book_load(Decision *d, AllocationBook *book, bool whole);

/* Its memory, in that of the command; it goes with the book's last step, or whoever has made it. */
extern MemoryContext oms_book_memory(void);

extern BookFill *oms_book_add(const Decision *d, AllocationBook *book, const Execution *fill);
extern BookFill *oms_book_fill(const AllocationBook *book, const char *execution_id);
extern void oms_book_sort(AllocationBook *book);

/* When the first of its chain of corrections was booked. */
extern TimestampTz oms_book_counts_from(const Decision *d, const Execution *fill);

/* The fill came before the other one. */
extern bool oms_book_came_before(const BookFill *a, const BookFill *b);

/* What nobody has of the fill yet. */
static inline Numeric
oms_book_free(const BookFill *fill)
{
	return oms_dec_sub(fill->now.quantity, fill->allocated);
}

extern OrderMember *oms_book_member(const AllocationBook *book, const char *order_id);

/* The member's order is to be flagged. */
extern void oms_book_raise(AllocationBook *book, const char *order_id, uint32 flags);

/* An entry comes to a fill or goes; the member follows. */
extern void oms_book_give(AllocationBook *book, BookFill *fill, AllocationEntry *entry, AllocationMethod method);
extern void oms_book_take(AllocationBook *book, BookFill *fill, AllocationEntry *entry, AllocationMethod method);

/* How shares of each method are made; those given by hand are not. */
extern const ShareMethod oms_share_methods[ALLOCATION_METHODS];

/* Only the member's side of it, of a fill that has ended. */
extern void oms_book_take_back(AllocationBook *book, const AllocationEntry *entry, AllocationMethod method);

/* … of one that is given back to the pool: the terms of its allocation remember it. */
extern void oms_book_return(const Decision *d, AllocationBook *book, BookFill *fill, AllocationEntry *entry, AllocationTerms *terms);

/* The terms of all allocations of the book, and `more` of them, in the order of time. */
extern List *oms_book_allocations(const AllocationBook *book, List *more);

/* Those of an entry; XX001 if there are none. */
extern AllocationTerms *oms_book_terms_of(const AllocationBook *book, const List *allocations, const AllocationEntry *entry);

/* Each stands with the oldest fill that it has something of; if it has nothing, with one that it had. */
extern void oms_book_place_terms(AllocationBook *book, const List *allocations);

/* Is the average worse than the order's limit? */
extern bool oms_average_is_beyond(const Order *order, Numeric average);

/*
 * Put the fills that were touched, and let their orders follow, where what is
 * allocated of them has changed.  The block's row and the members follow when the
 * command ends.
 */
extern void oms_book_put_fills(Decision *d, AllocationBook *book);

#endif							/* OMS_ALLOCATION_BOOK_H */
