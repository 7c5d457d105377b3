/*-------------------------------------------------------------------------
 *
 * order_placement.h
 *	  Which orders an automatic placement makes of a client order.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_PLACEMENT_H
#define OMS_ORDER_PLACEMENT_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "base/errors.h"
#include "base/json.h"
#include "core/order/order_record.h"
#include "core/placement_policy.h"

/* So many names are tried beyond those that the children have. */
#define TAKEN_NAMES_MAX	10000

/* One order to be made. */
typedef struct PlacementChild
{
	const char *destination;	/* or NULL */
	Numeric		quantity;
	TimestampTz place_at;		/* NO_TIME: at once */
	const char *cl_ord_id;
} PlacementChild;

/* Does an order have this ClOrdID already? */
typedef bool (*PlacementIsTaken) (void *arg, const char *cl_ord_id);

/*
 * All that is unplaced of the order, in children (a List of PlacementChild), by the
 * times at which they are due.  What is due at one time is shared by the targets in
 * whole lots, by largest remainder; what is no whole lot goes to the largest share,
 * and so does a share below the minimum.  A share above the maximum becomes the fewest
 * children that hold it, as equal as lots are.  There are fewer times where
 * otherwise one would have less than the minimum, or no lot.
 *
 * Refused (OM005, rule `placement`): nothing is unplaced, there would be more children
 * than a placement may have, or nearly all names are taken.
 */
extern Refusal *oms_placement_make(const PlacementPolicy *policy, const Order *order, TimestampTz now,
								   PlacementIsTaken is_taken, void *arg, List **children);

/*
 * The children as PlaceOrderCommand takes them: an array.  Each has the order's terms,
 * and those of its FIX fields that say what is traded, and how it is handled and settled;
 * what is due later follows the order (followsOrder): it will have those of then, and
 * another name, should its own be taken by then.
 */
extern Jsonb *oms_placement_json(const PlacementPolicy *policy, const Order *order, const List *children);

/* What the pattern calls child number n. */
extern const char *oms_placement_name(const char *pattern, const Order *order, const char *destination, int n);

/*
 * The order's terms, as members of a child of that quantity; of two of one name the later
 * one counts.  What is shown or done at least (MinQty, MaxFloor) is of the order as a whole,
 * and goes with a child that has all of it.
 */
extern void oms_placement_write_terms(const Order *order, Numeric quantity, JsonWriter *w);

#endif							/* OMS_ORDER_PLACEMENT_H */
