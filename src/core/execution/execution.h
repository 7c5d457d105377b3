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

#include "core/command.h"
#include "core/command_trees.h"
#include "core/execution/execution_machine.h"
#include "core/execution/execution_record.h"
#include "core/order/order.h"
#include "core/order/order_instrument.h"

/* Reasons to put an execution before the execution desk. */
typedef enum ReviewReason
{
	REVIEW_UNKNOWN_ORDER,
	REVIEW_AMBIGUOUS_ORDER,
	REVIEW_WRONG_SYMBOL,
	REVIEW_WRONG_SIDE,
	REVIEW_WRONG_CURRENCY,
	REVIEW_WRONG_INSTRUMENT,
	REVIEW_PRICE_BEYOND_LIMIT,
	REVIEW_ORDER_REJECTED,
	REVIEW_OVERFILL,
	REVIEW_DUPLICATE_EXEC_ID,
	REVIEW_UNKNOWN_EXECUTION,
	REVIEW_POSSIBLE_DUPLICATE,
	REVIEW_FOUR_EYES,
	REVIEW_RULE
} ReviewReason;

/* Side and price that the order had under an earlier ClOrdID. */
typedef struct PastTerms
{
	char	   *side;
	Numeric		price;			/* NULL: it had no limit */
} PastTerms;

/* What was found out about a fill before it is decided upon. */
typedef struct FillContext
{
	const Order *order;			/* NULL: unknown */
	bool		in_block;		/* … in the tree of a block: its fills are nobody's until they are allocated */
	const char *named_order;	/* the order that the command names, or NULL */
	bool		ambiguous;		/* more than one order matches */
	bool		unknown_execution;	/* a bust or correction of a fill nobody knows */
	const Execution *same_exec_id;	/* another one of this order, or NULL */
	const Execution *typed;		/* one of this order that was typed, and may be the same fill; or NULL */
	const Execution *corrected; /* the one that this one corrects, or NULL */
	Numeric		tolerance;		/* of quantity */
	Numeric		price_tolerance;
	bool		price_tolerance_is_part;
	const List *findings;		/* of Finding: what the rules say of the command */
	Jsonb	   *reasons_before; /* of one that waited already: what rules said of it stands, or NULL */
	List	   *past;			/* of PastTerms: those under the ClOrdID that the report names */
	const char *by_hand;		/* four eyes: who says it, where somebody else has to approve it; or NULL */
	bool		approved;		/* the desk approves it */
	bool		in_time;		/* … and it was dealt before its order expired */
	bool		shares_exec_id; /* another one with its ExecID waits for an order */
	TimestampTz now;
} FillContext;

/* The new execution that an Execute or Correct command reports, unbooked. */
extern void oms_execution_create(const Command *command, const FillContext *context, Execution *execution);

/* Its attributes become what its order's asset class makes of them. */
extern void oms_execution_take_attributes(struct Decision *d, const Command *command, const FillContext *context, Execution *execution);

/* Why it cannot be booked, as jsonb array of {code, …figures}; NULL if it can. */
extern Jsonb *oms_execution_review(const Execution *execution, const FillContext *context);

/* Is the report the same as the one already known? */
extern bool oms_execution_is_repeat(const Command *command, const Execution *known);

/* Does the report name its order as that of the known one did, which nobody knew, or from which the desk has taken it to another? */
extern bool oms_execution_names_order_as(const Command *command, const Execution *known);

/* … and is it the same in symbol, side and content? */
extern bool oms_execution_is_reported_by(const Command *command, const Execution *known);

/* Do two executions tell the same fill?  As they were reported. */
extern bool oms_execution_same_fill(const Execution *a, const Execution *b);

/* Might one be the other, which was typed: the same ExecID, or quantity and price, at much the same time? */
extern bool oms_execution_looks_like(const Execution *a, const Execution *b);

/* The order that it was told of, where nobody knows that. */
extern char *oms_reasons_order(Jsonb *reasons);

/* Is it among the reasons?  And the first code of these that is not among those of before, or NULL. */
extern bool oms_reasons_have(Jsonb *reasons, ReviewReason reason);
extern char *oms_reasons_unseen(Jsonb *reasons, Jsonb *before);

/* That somebody else than this one has to approve it, alone. */
extern Jsonb *oms_reasons_four_eyes(const char *author);

/* Do these reasons say that the report may not be about this order at all? */
extern bool oms_reasons_tell_misdirected(Jsonb *reasons);

/* Might the terms of an earlier ClOrdID of the order make these reasons void? */
extern bool oms_reasons_ask_for_past(Jsonb *reasons);

/* Let it count, wait for the desk, or end; each returns the row for the event. */
extern const Transition *oms_execution_book(Execution *execution, const FillContext *context);
extern const Transition *oms_execution_hold(Execution *execution, Jsonb *reasons);
extern const Transition *oms_execution_end(Execution *execution, ExecutionTrigger trigger);

/* Take what the command gives of it, and keep beside it what its report said.  False: that is as it was. */
extern bool oms_execution_amend(const Command *command, Execution *execution);

/* What it counts for, where its quantity has become another. */
extern void oms_execution_count(Execution *execution);

/* A split: count times `factor`, and then `rest` more; either may be NULL. */
extern void oms_execution_scale(Execution *execution, Numeric factor, Numeric rest);

/* Is the correction older than the one whose place it takes?  Then it is flagged: the order in which they came decides. */
extern bool oms_execution_comes_late(const Execution *correction, const Execution *old);

extern Numeric oms_execution_value(const Execution *execution);

/* Flag DISAGREES where the order's figures after the fill are not those stated. */
extern void oms_execution_compare(Execution *execution, const Order *after);

static inline const Execution *
oms_get_execution(const Decision *d, const char *id)
{
	return (const Execution *) oms_decision_get(d, KIND_EXECUTION, id);
}

static inline void
oms_put_execution(Decision *d, const Execution *execution, const Transition *rule, bool id_is_given)
{
	oms_decision_put(d, &execution->object, rule, id_is_given);
}

/* In the order in which they came to be known. */
extern bool oms_execution_came_before(const Execution *first, const Execution *second);

/* All executions of an order, by their ExecIDs; those without one, and of one ExecID, the oldest first. */
extern List *oms_executions_of(const Decision *d, const char *order_id);

/* Those of this order with this ExecID: several, if some wait in review. */
extern List *oms_executions_by_exec_id(const Decision *d, const char *order_id, const char *exec_id);

/*
 * Those with this ExecID of this order (NULL: of none), and then those that belong to no order: each is a tree of its
 * own, named beforehand.
 */
extern List *oms_executions_told(const Decision *d, const char *order_id, const char *exec_id);
extern void oms_name_told(const Command *command, TreeNames *names);
extern void oms_name_strangers(TreeNames *names, const char *exec_id, const char *guard_scope, int unless);

#endif							/* OMS_EXECUTION_H */
