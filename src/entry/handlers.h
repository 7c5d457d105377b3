/*-------------------------------------------------------------------------
 *
 * handlers.h
 *	  The use cases: load, decide, evolve, roll up.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_HANDLERS_H
#define OMS_HANDLERS_H

#include "postgres.h"

#include "store/work.h"

/* What a command was about, for its result. */
typedef struct Outcome
{
	const KindDef *kind;
	const char *id;
	bool		repeat;			/* the report was known: nothing changed */
} Outcome;

typedef Refusal *(*CommandHandler) (UnitOfWork *uow, Command *command, Outcome *outcome);

/* handle_order.c */
extern Refusal *oms_handle_create(UnitOfWork *uow, Command *command, Outcome *outcome);
extern Refusal *oms_handle_place(UnitOfWork *uow, Command *command, Outcome *outcome);
extern Refusal *oms_handle_order(UnitOfWork *uow, Command *command, Outcome *outcome);

/* handle_split.c */
extern Refusal *oms_handle_split(UnitOfWork *uow, const Order *order, const OrderEvent *event);

/* handle_execution.c, handle_change.c */
extern Refusal *oms_handle_execute(UnitOfWork *uow, Command *command, Outcome *outcome);
extern Refusal *oms_handle_correct(UnitOfWork *uow, Command *command, Outcome *outcome);
extern Refusal *oms_handle_bust(UnitOfWork *uow, Command *command, Outcome *outcome);

/* handle_report.c: what a report stated the first time; each NULL if it did not. */
typedef struct StatedFigures
{
	Numeric		cum_qty;
	Numeric		leaves_qty;
	Numeric		avg_px;
} StatedFigures;

/* Flag the order where the repeat of a report states other figures than it did, and than ours. */
extern void oms_compare_repeat(UnitOfWork *uow, const Command *command, const Order *order, const StatedFigures *first);

/* Did an event of the order report this before?  Then it is the outcome; other figures than the first time are flagged. */
extern bool oms_report_is_known(UnitOfWork *uow, const Command *command, const Order *order, Outcome *outcome);

/*
 * True where all is said: a report about a leg of the order's strategy was kept.
 * The second also: a repeat, or a report that names another symbol or side.
 */
extern bool oms_keep_leg_report(UnitOfWork *uow, const Command *command, const Order *order, Outcome *outcome);
extern bool oms_keep_order_report(UnitOfWork *uow, const Command *command, const Order *order, Outcome *outcome);

/* A client's request that comes after all that was reported of it: kept, and true. */
extern bool oms_keep_late_request(UnitOfWork *uow, const Command *command, const Order *order, Outcome *outcome);

/* Does it report a request or replacement of a ClOrdID that was answered before? */
extern bool oms_was_answered(UnitOfWork *uow, const Command *command, const Order *order);

/* The execution that any id of a chain of corrections means. */
extern const Execution *oms_last_of_chain(UnitOfWork *uow, const Execution *execution);

/* Shared: apply an event to a loaded order and let it climb to the root; or only climb, where it is applied. */
extern void oms_apply_to_tree(UnitOfWork *uow, const Order *order, const OrderEvent *event);
extern void oms_put_in_tree(UnitOfWork *uow, const Order *before, const Order *after, const OrderEvent *event);
extern Refusal *oms_check_version(const Command *command, const char *object, const char *id, int64 version);
extern Refusal *oms_no_such(const char *object, const char *id);

/*
 * Does the command name symbol, side, currency, account or order otherwise than
 * the order has them?  A report's figures go to review instead (execution.c).
 */
extern Refusal *oms_check_particulars(const Command *command, const Order *order);

/* Take over the ids under which a counterparty or a client now knows the order. */
extern Refusal *oms_take_names(UnitOfWork *uow, const Command *command, const Order *order);

/*
 * new_tree.c: made ids.  That of a root has the slot by which the command is
 * routed, so that its repeat comes to the same database; all others that of
 * their root.
 */
extern char *oms_new_root_id(UnitOfWork *uow, const Command *command);
extern char *oms_new_id_in_tree(const char *root_id);

/* Before it is decided: OM005 if what the command names is in another tree than its rootId says. */
extern Refusal *oms_check_root(UnitOfWork *uow, const Command *command);

/* Before it is claimed: OM012 if it begins a tree that is not this database's. */
extern Refusal *oms_check_shard(UnitOfWork *uow, const Command *command, const Outcome *outcome);

/* result.c */
typedef struct ResultSource
{
	const Outcome *outcome;
	const char *command_id;
	uint64		xid;
	bool		duplicate;
	Jsonb	  **payloads;		/* of its events */
	int			npayloads;
	Jsonb	   *state;			/* of the object, where no event carries it */
} ResultSource;

extern Jsonb *oms_result_build(const ResultSource *source);
extern Jsonb *oms_result_rejected(const Refusal *refusal, const char *command_id, const char *command_type);
extern Jsonb *oms_record_state(const RecordDef *def, const void *record);

#endif							/* OMS_HANDLERS_H */
