/*-------------------------------------------------------------------------
 *
 * order_exposure.h
 *	  What an order has open and has done, and which orders are like or against it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_EXPOSURE_H
#define OMS_ORDER_EXPOSURE_H

#include "postgres.h"

#include "core/command.h"
#include "core/order/order_record.h"

/*
 * The order as the command would have it: `cur` with the terms that it gives, or
 * where there is none the one that it makes, below `parent` if there is one.  NULL
 * where it makes none, or what it says is too little for an order.
 */
extern Order *oms_order_proposed(const Command *command, const Order *cur, const Order *parent);

/* What a quantity is worth at a price; of a pair, dealt in its second currency, the amount of the first.  NULL: without a price, or for nothing. */
extern Numeric oms_notional(const char *symbol, const char *currency, Numeric quantity, Numeric price);

/* Would either do what the other does, twice?  Equal in account, instrument, side, currency, type, quantity and prices. */
extern bool oms_orders_are_like(const Order *a, const Order *b);

/* Of one account and instrument, does one buy what the other sells? */
extern bool oms_orders_are_opposite(const Order *a, const Order *b);

/* Does it, or something below it, have anything open?  An order that is done for the day has not. */
extern bool oms_order_is_at_work(const Order *order);

/* It ended without a fill. */
extern bool oms_order_came_to_nothing(const Order *order);

/* What an order has open (an open request for more included), and has done since its state `before`. */
typedef struct OrderExposure
{
	Numeric		quantity;
	Numeric		value;			/* NULL: what is open has no price */
} OrderExposure;

/* `before` NULL: since it was made.  `price`: of what is open where the order has none, or NULL. */
extern OrderExposure oms_order_exposure(const Order *order, const Order *before, Numeric price);

#endif							/* OMS_ORDER_EXPOSURE_H */
