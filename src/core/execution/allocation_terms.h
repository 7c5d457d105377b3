/*-------------------------------------------------------------------------
 *
 * allocation_terms.h
 *	  What executions remember of the allocations that they are in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ALLOCATION_TERMS_H
#define OMS_ALLOCATION_TERMS_H

#include "postgres.h"
#include "nodes/pg_list.h"

#include "core/order/order_members.h"

/* What a member has of one execution by one allocation. */
typedef struct AllocationEntry
{
	char	   *allocation_id;
	char	   *order_id;
	Numeric		quantity;
	Numeric		value;
	Numeric		commission;		/* NULL: the execution has none that can be shared */
} AllocationEntry;

/* How a member took part in an allocation. */
typedef struct AllocationParty
{
	char	   *order_id;
	int64		priority;
	Numeric		weight;			/* PRO_RATA: its weight then; MANUAL: what it was given; else NULL */
	uint32		flags;
} AllocationParty;

/* What was given back of an execution to the pool (Deallocate), and counted there from then on. */
typedef struct AllocationReturn
{
	char	   *execution_id;
	TimestampTz at;
	Numeric		quantity;
	Numeric		value;
	Numeric		stays;			/* while a fill that ended is told anew: how much of this there is now, else NULL */
} AllocationReturn;

/* An allocation as it was made: the oldest of its executions has it. */
typedef struct AllocationTerms
{
	char	   *id;
	char	   *alloc_id;		/* AllocID (70) of the message that made it, or NULL */
	AllocationMethod method;
	TimestampTz at;
	bool		selected;		/* of one fill alone, and not of its pool */
	Numeric		lot;
	Numeric		pool_quantity;	/* what nobody had of its pool when it was made; NULL: its fill has left that pool, … */
	Numeric		pool_value;		/* … and counts at its own price */
	List	   *returns;		/* of AllocationReturn */
	AllocationParty *parties;
	int			count;
} AllocationTerms;

/* Lists of AllocationEntry and AllocationTerms, and back; none is NULL. */
extern List *oms_allocation_entries(Jsonb *json);
extern Jsonb *oms_allocation_entries_json(const List *entries);
extern List *oms_allocation_terms(Jsonb *json);
extern Jsonb *oms_allocation_terms_json(const List *terms);

/*
 * CommandDef.tells of an allocation: under "allocations" who got what by those of
 * the command, read from the states of its executions.
 */
extern void oms_tell_allocations(Jsonb *const *payloads, int count, JsonWriter *w);

/* … of an approval, which may have approved one: nothing, if it made none. */
extern void oms_tell_approved_allocations(Jsonb *const *payloads, int count, JsonWriter *w);

#endif							/* OMS_ALLOCATION_TERMS_H */
