/*-------------------------------------------------------------------------
 *
 * allocation_pool.c
 *	  Which fills of a block count at one average price.
 *
 * Pure: values in, values out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/guc.h"
#include "base/moment.h"
#include "core/execution/allocation_pool.h"

PoolKey
oms_pool_of(const Execution *execution)
{
	PoolKey		pool = {execution->trade_date, execution->settl_date, execution->currency};

	if (pool.trade_date == NO_DATE)
		pool.trade_date = execution->trading_day;
	if (pool.trade_date == NO_DATE)
		pool.trade_date = oms_trading_day(oms_execution_dealt_at(execution));
	return pool;
}

static int
pool_compare_dates(DateADT a, DateADT b)
{
	return a == b ? 0 : a == NO_DATE ? -1 : b == NO_DATE ? 1 : a < b ? -1 : 1;
}

int
oms_pool_compare(const PoolKey *a, const PoolKey *b)
{
	int			order = pool_compare_dates(a->trade_date, b->trade_date);

	if (order == 0)
		order = pool_compare_dates(a->settl_date, b->settl_date);
	return order != 0 ? order : strcmp(a->currency ? a->currency : "", b->currency ? b->currency : "");
}

bool
oms_pool_is_same(const PoolKey *a, const PoolKey *b)
{
	return oms_pool_compare(a, b) == 0;
}
