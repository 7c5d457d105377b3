/*-------------------------------------------------------------------------
 *
 * execution_record.h
 *	  What an execution is: its struct and its columns.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_EXECUTION_RECORD_H
#define OMS_EXECUTION_RECORD_H

#include "postgres.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "base/record.h"
#include "core/object.h"
#include "oms_state.h"

typedef struct Execution
{
	OBJECT_HEAD;
	char	   *order_id;
	int			status;			/* OmsExecutionStatus */
	uint32		flags;
	char	   *exec_id;
	char	   *exec_type;
	char	   *exec_ref_id;
	char	   *symbol;
	char	   *side;
	Numeric		last_qty;
	Numeric		last_px;
	char	   *last_mkt;
	Numeric		quantity;
	Numeric		quantity_factor;
	Numeric		allocated_quantity;
	Jsonb	   *allocations;
	Numeric		cum_qty;
	Numeric		leaves_qty;
	Numeric		avg_px;
	char	   *ord_status;
	Jsonb	   *review_reasons;
	char	   *reason;
	char	   *corrected_execution_id;
	char	   *correcting_execution_id;
	char	   *bust_exec_id;
	char	   *fix_session;
	char	   *cl_ord_id;
	char	   *counterparty_order_id;
	TimestampTz transact_time;
	char	   *text;
	Jsonb	   *fix;
	Jsonb	   *attributes;
	DateADT		trade_date;
	DateADT		settl_date;
	Numeric		commission;
	char	   *comm_type;
	char	   *last_capacity;
	char	   *currency;
	char	   *account;		/* the order's */
	char	   *reported_account;	/* as the report stated it */

	/* the execution desk */
	Jsonb	   *authors;		/* whoever typed, corrected, matched or proposed it, as texts; NULL: nobody by hand */
	char	   *dk_reason;		/* DKReason (127) of its rejection */
	Jsonb	   *overridden_reasons;	/* that it was approved in spite of */
	char	   *superseded_execution_id;	/* the typed fill that it replaced … */
	char	   *superseding_execution_id;	/* … and the other way round */
	Numeric		reported_last_qty;	/* as the report stated them, where the desk has changed them */
	Numeric		reported_last_px;
	char	   *reported_order_id;	/* the order that its report names, where the desk has matched another */
	char	   *reported_symbol;
	char	   *reported_side;
	Jsonb	   *allocation_proposal;	/* an allocation by hand that waits for somebody else, and its author */
	TimestampTz booked_at;		/* when what had waited in review was booked; NO_TIME: with its creation, or never */
	Jsonb	   *allocation_terms;	/* of the allocations of a block that it is the oldest fill of */
	char	   *moved_from_execution_id;	/* the fill of another order in whose place it was typed … */
	char	   *moved_to_execution_id;	/* … and the other way round; of a bust that waits, what it will be */
	DateADT		trading_day;	/* by its calendar, of a fill of a block whose report states no trade date; else NO_DATE */
} Execution;

/* What executions are looked up by; the first is the id. */
enum ExecutionKey
{
	EXECUTION_BY_ORDER = 1,
	EXECUTION_BY_EXEC_ID,		/* of an order */
	EXECUTION_OPEN,				/* of an order: of which something is nobody's; others may be among them */
	EXECUTION_KEYS
};

extern const RecordDef oms_execution_def;

extern const OmsName oms_execution_status_names[];

/* Of a state that is too large: what is left out, until the rest fits. */
extern void oms_execution_shorten(void *execution, const Object *before);

/* When it was dealt, as far as anybody says. */
extern TimestampTz oms_execution_dealt_at(const Execution *execution);

/* One without an order: it is a tree of its own. */
extern bool oms_execution_is_root(const Object *execution);

#endif							/* OMS_EXECUTION_RECORD_H */
