/*-------------------------------------------------------------------------
 *
 * fill_settle.h
 *	  What every report of a fill goes through.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FILL_SETTLE_H
#define OMS_FILL_SETTLE_H

#include "postgres.h"

#include "base/damage.h"
#include "core/decide.h"
#include "core/execution/execution.h"

/* fill.c, fill_change.c: the decide functions of the list of commands */
extern Refusal *oms_decide_execute(Decision *d);
extern Refusal *oms_decide_correct(Decision *d);
extern Refusal *oms_decide_bust(Decision *d);

/*
 * What the command says of this fill takes it back, or corrects it; its
 * executionId, if any, is the id of what is made.
 */
extern Refusal *oms_fill_take_back(Decision *d, const char *fill_id, bool id_is_given);
extern Refusal *oms_fill_correct(Decision *d, const char *fill_id, bool id_is_given);

/* fill.c: what becomes of the order of a fill, booked or held for these reasons. */
extern void oms_fill_init_event(const Decision *d, const Command *command, const FillContext *context, Jsonb *reasons, bool implies,
								OrderEvent *event);

/* The execution that any id of a chain of corrections means. */
extern const Execution *oms_last_of_chain(const Decision *d, const Execution *execution);

/*
 * What a correction or bust is about: the fill at the end of its chain, and the
 * corrections of it that wait in review; busts too, of which somebody else has to
 * approve.
 */
typedef struct FillChain
{
	Execution	fill;
	List	   *held;			/* of Execution */
	Order		order;
} FillChain;

/* Does it wait in review, and its chain begins with a correction or bust of a fill that has not come? */
extern bool oms_fill_waits_for_another(Decision *d, const Execution *execution);

/* Find what waits; it is not overtaken by itself. */
extern void oms_fill_find_held(Decision *d, FillChain *chain);
extern void oms_fill_forget_held(FillChain *chain, const Execution *known);

/* OM004 where the machine has no such row for what it is now. */
extern Refusal *oms_check_changeable(const Command *command, const Execution *execution, ExecutionTrigger trigger);

/* The correction takes the place of what waits, and, booked, of the fill; or a bust takes all of it back. */
extern void oms_fill_overtake(Decision *d, FillChain *chain, const Execution *correction, bool booked, const Command *command,
							  FillDelta *delta);
extern void oms_fill_bust(Decision *d, FillChain *chain, char *bust_exec_id, OrderEvent *event);

/* One step along the links of corrections; XX001 where they lead nowhere. */
extern const Execution *oms_fill_follow(const Decision *d, Walk *walk, const Execution *from, const char *id);

/* As far as the corrections that were booked lead. */
extern const Execution *oms_fill_last_correction(const Decision *d, const Execution *execution);

/*
 * The execution that this very report made before, or NULL; another one of the
 * order with its ExecID is noted in the context, for the desk.
 */
extern const Execution *oms_fill_find_known(Decision *d, const Command *command, FillContext *context);

/* The one that it made, if the desk has matched that to another order than the report names; or NULL. */
extern const Execution *oms_fill_find_matched(Decision *d, const Command *command);

/* The one of this order that a bust or correction names by ExecRefID, whatever has become of it; or NULL. */
extern const Execution *oms_fill_find_named(const Decision *d, const char *order_id, const char *exec_ref_id);

/*
 * … or where its report named the order as this one does: on the order that the
 * desk has matched it to, or on none, waiting.  NULL too where d->unreached says so.
 */
extern const Execution *oms_fill_find_named_elsewhere(Decision *d, const Command *command);

/* One of the order that was typed, and may be this fill; or NULL. */
extern const Execution *oms_fill_find_typed(Decision *d, const Order *order, const Execution *execution);

/* Answer with the known one: nothing changes, but a flag where the repeat states other figures. */
extern Refusal *oms_fill_is_repeat(Decision *d, const Command *command, const FillContext *context, const Execution *known);

/*
 * Why it cannot be booked, or NULL; by the terms of its own ClOrdID, if those of
 * today are against it.
 */
extern Jsonb *oms_fill_review(Decision *d, const Execution *execution, FillContext *context);

/* Take an execution out of what it counted in. */
extern void oms_fill_take_out(const Execution *execution, FillDelta *delta);

/* End an execution, and take it out of what it counted in. */
extern void oms_fill_end(Decision *d, Execution *execution, ExecutionTrigger trigger, const Command *command,
							FillDelta *delta);

/* Does this ExecType take a fill back or correct it? */
extern bool oms_is_change_of_fill(const char *exec_type);

/* Does no bust or correction of this order (but `without`, if not NULL) wait for its fill any more? */
extern bool oms_fill_is_settled(Decision *d, const char *order_id, const char *without);

/*
 * Book the execution, or put it before the desk with these reasons, and let its
 * order have `event`.
 */
extern void oms_fill_settle(Decision *d, Execution *execution, const FillContext *context, Jsonb *reasons,
							OrderEvent *event, bool id_is_given);

/* The settings, and what the rules say; and the order that it is about, or NULL. */
extern void oms_fill_init_context(const Decision *d, FillContext *context);
extern void oms_fill_take_order(const Decision *d, const Order *order, FillContext *context);

/* One that waits in review is no younger for being reported again, and has been through splits. */
extern void oms_fill_as_counted(const Execution *known, Execution *execution);

#endif							/* OMS_FILL_SETTLE_H */
