/*-------------------------------------------------------------------------
 *
 * allocation_commission.h
 *	  The commission of a block's fill, shared by those who have the fill.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ALLOCATION_COMMISSION_H
#define OMS_ALLOCATION_COMMISSION_H

#include "postgres.h"

#include "core/execution/allocation_book.h"

/* Is it an amount?  A rate counts for a part as it does for the whole. */
extern bool oms_commission_is_shared(const Execution *fill);

/* Let each entry of the fill have its part. */
extern void oms_commission_share(const BookFill *fill);

#endif							/* OMS_ALLOCATION_COMMISSION_H */
