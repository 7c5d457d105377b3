/*-------------------------------------------------------------------------
 *
 * allocation_split.h
 *	  What a split means for allocations and memberships.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ALLOCATION_SPLIT_H
#define OMS_ALLOCATION_SPLIT_H

#include "postgres.h"

#include "core/execution/allocation_book.h"

/* Is the fill allocated as those of blocks are? */
extern bool oms_has_block_entries(const Execution *fill);

/*
 * The fill of a block counts otherwise than before (`quantity`): what members have
 * of it follows, by `factor` or, without one, by what was added.  All of it stays
 * all, and values are money.
 */
extern void oms_scale_allocations(Execution *fill, Numeric quantity, Numeric factor);

/*
 * The memberships of a block once these fills of its tree (of Execution) are put;
 * where its terms are scaled, `factor` is theirs, else NULL.  As many as there were.
 */
extern OrderMember *oms_split_members(Decision *d, const Order *block, const List *fills, Numeric factor, int *count);

#endif							/* OMS_ALLOCATION_SPLIT_H */
