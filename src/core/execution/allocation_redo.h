/*-------------------------------------------------------------------------
 *
 * allocation_redo.h
 *	  What becomes of allocations when a fill that they are of ends.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ALLOCATION_REDO_H
#define OMS_ALLOCATION_REDO_H

#include "postgres.h"

#include "core/execution/allocation_book.h"

/*
 * A live fill has ended, and is put: `was` is how it counted.  If it was a block's,
 * what members have of it goes back; but where another takes its place
 * (`succeeded`), it waits for that one, which is booked next.
 */
extern void oms_allocated_fill_ended(Decision *d, const Execution *was, bool succeeded);

/*
 * Book a fill of a block: it takes over what the fill that it follows was
 * allocated to, or is nobody's yet.  Returns the row for its event.
 */
extern const Transition *oms_book_block_fill(Decision *d, Execution *execution);

/*
 * Redo the allocations of a fill that has ended, over `with`, which takes its
 * place, or without it (NULL); and what all allocations of its pool are worth.
 */
extern void oms_redo_allocations(Decision *d, AllocationBook *book, const Execution *was, Execution *with);

#endif							/* OMS_ALLOCATION_REDO_H */
