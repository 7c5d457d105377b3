/*-------------------------------------------------------------------------
 *
 * allocation_pool.h
 *	  Which fills of a block count at one average price.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ALLOCATION_POOL_H
#define OMS_ALLOCATION_POOL_H

#include "postgres.h"

#include "core/execution/execution.h"

/* Fills of one pool count at one average price. */
typedef struct PoolKey
{
	DateADT		trade_date;
	DateADT		settl_date;		/* NO_DATE: none */
	const char *currency;		/* or NULL */
} PoolKey;

/* The pool of a fill: its trade date is that of its time where none is stated. */
extern PoolKey oms_pool_of(const Execution *execution);

/* The one to be allocated first comes first. */
extern int	oms_pool_compare(const PoolKey *a, const PoolKey *b);
extern bool oms_pool_is_same(const PoolKey *a, const PoolKey *b);

#endif							/* OMS_ALLOCATION_POOL_H */
