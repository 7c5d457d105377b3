/*-------------------------------------------------------------------------
 *
 * placement_policy.h
 *	  How a client order is placed automatically, as a value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_PLACEMENT_POLICY_H
#define OMS_PLACEMENT_POLICY_H

#include "postgres.h"
#include "utils/numeric.h"

/* What the finding of a policy has as its action: it is none of routing's. */
#define PLACEMENT_ACTION	"PLACE"

/* Where a part of the order goes. */
typedef struct PlacementTarget
{
	const char *destination;	/* NULL: where the order itself is to go */
	Numeric		weight;			/* above zero */
} PlacementTarget;

/* What a row of oms.placement_policies says; NULL and 0: nothing. */
typedef struct PlacementPolicy
{
	const char *name;
	const PlacementTarget *targets;
	int			ntargets;		/* 0: all goes where the order itself is to go */
	Numeric		max_quantity;	/* of one child */
	Numeric		min_quantity;
	Numeric		lot;
	int			slices;			/* at how many times; 0 is 1 */
	int64		interval;		/* microseconds between two of them */
	const char *cl_ord_id_pattern;
} PlacementPolicy;

/*
 * What is wrong with the pattern, or NULL.  It may have {clOrdID} and {orderId} of the
 * order that is placed, {destination}, and {n}: the child's number.
 */
extern const char *oms_placement_pattern_problem(const char *pattern);

#endif							/* OMS_PLACEMENT_POLICY_H */
