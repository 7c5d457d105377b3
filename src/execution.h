/*-------------------------------------------------------------------------
 *
 * execution.h
 *	  An execution's whole life.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_EXECUTION_H
#define OMS_EXECUTION_H

#include "postgres.h"

#include "command_model.h"
#include "order.h"

/* Changes of an execution; the numbers stand in its events as `transition`. */
typedef enum ExecutionChange
{
	EXECUTION_BOOKED,
	EXECUTION_TO_REVIEW,
	EXECUTION_CORRECTED,
	EXECUTION_BUSTED,
	EXECUTION_SCALED,
	EXECUTION_CHANGE_COUNT
} ExecutionChange;

typedef struct ExecutionTransition
{
	int			number;
	ExecutionChange change;
	OmsExecutionStatus status;	/* 0: stays */
	const char *event_type;
	const char *sentence;
} ExecutionTransition;

extern const ExecutionTransition oms_execution_transitions[EXECUTION_CHANGE_COUNT];

/* Reasons to put an execution before the execution desk. */
typedef enum ReviewReason
{
	REVIEW_UNKNOWN_ORDER,
	REVIEW_AMBIGUOUS_ORDER,
	REVIEW_WRONG_SYMBOL,
	REVIEW_WRONG_SIDE,
	REVIEW_ORDER_REJECTED,
	REVIEW_OVERFILL,
	REVIEW_DUPLICATE_EXEC_ID,
	REVIEW_UNKNOWN_EXECUTION
} ReviewReason;

/* What was found out about a fill before it is decided upon. */
typedef struct FillContext
{
	const Order *order;			/* NULL: unknown */
	const char *named_order;	/* the order that the command names, or NULL */
	bool		ambiguous;		/* more than one order matches */
	bool		unknown_execution;	/* a bust or correction of a fill nobody knows */
	const Execution *same_exec_id;	/* another one of this order, or NULL */
	const Execution *corrected; /* the one that this one corrects, or NULL */
	Numeric		tolerance;
	TimestampTz now;
} FillContext;

/* The new execution that an Execute or Correct command reports, unbooked. */
extern void oms_execution_create(const Command *command, const FillContext *context, Execution *execution);

/* Why it cannot be booked, as jsonb array of {code, …figures}; NULL if it can. */
extern Jsonb *oms_execution_review(const Execution *execution, const FillContext *context);

/* Is the report the same as the one already known? */
extern bool oms_execution_is_repeat(const Command *command, const Execution *known);

/* Apply a change. */
extern void oms_execution_book(Execution *execution, const Order *order);
extern void oms_execution_hold(Execution *execution, Jsonb *reasons);

/* A split: count times `factor`, and then `rest` more; either may be NULL. */
extern void oms_execution_scale(Execution *execution, Numeric factor, Numeric rest);

extern bool oms_execution_is_live(const Execution *execution);
extern Numeric oms_execution_value(const Execution *execution);

/* Flag DISAGREES where the order's figures after the fill are not those stated. */
extern void oms_execution_compare(Execution *execution, const Order *after);

#endif							/* OMS_EXECUTION_H */
