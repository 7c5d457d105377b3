/*-------------------------------------------------------------------------
 *
 * allocation_message.h
 *	  Allocations that a message made, by its AllocID.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ALLOCATION_MESSAGE_H
#define OMS_ALLOCATION_MESSAGE_H

#include "postgres.h"

#include "core/execution/allocation_book.h"

/*
 * Has a message with the command's AllocID ever allocated fills of this block?
 * Then all is said: it is that message again, if it says so and gives the same,
 * else refused.  Reads all events of the block.
 */
extern bool oms_allocation_is_told(Decision *d, const Order *block, Refusal **refusal);

/* Take back what allocations with the command's AllocID gave. */
extern Refusal *oms_deallocate_message(Decision *d, const Order *block);

#endif							/* OMS_ALLOCATION_MESSAGE_H */
