/*-------------------------------------------------------------------------
 *
 * allocation_make.h
 *	  An Allocate command makes allocations: one of each pool of the block.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ALLOCATION_MAKE_H
#define OMS_ALLOCATION_MAKE_H

#include "postgres.h"

#include "core/execution/allocation_book.h"

/*
 * What the decision's command allocates of the block, whose book has all fills of
 * which something is nobody's.  `first` is the oldest fill that it used.
 */
extern Refusal *oms_make_allocations(Decision *d, const Order *block, AllocationBook *book, const BookFill **first);

/* OM001: what no list of fields can say is wrong with it. */
extern Refusal *oms_allocation_malformed(const Command *command, const char *detail);

#endif							/* OMS_ALLOCATION_MAKE_H */
