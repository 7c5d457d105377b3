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

/* The execution that any id of a chain of corrections means. */
extern const Execution *oms_last_of_chain(const Decision *d, const Execution *execution);

/* One step along the links of corrections; XX001 where they lead nowhere. */
extern const Execution *oms_fill_follow(const Decision *d, Walk *walk, const Execution *from, const char *id);

/* As far as the corrections that were booked lead. */
extern const Execution *oms_fill_last_correction(const Decision *d, const Execution *execution);

/*
 * The execution that this very report made before, or NULL; another one of the
 * order with its ExecID is noted in the context, for the desk.
 */
extern const Execution *oms_fill_find_known(Decision *d, const Command *command, FillContext *context);

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

/* Does no bust or correction of this order wait for its fill any more? */
extern bool oms_fill_is_settled(Decision *d, const char *order_id);

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
