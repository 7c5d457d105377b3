/*-------------------------------------------------------------------------
 *
 * order_history.h
 *	  What was said of an order before: its events, looked through.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_HISTORY_H
#define OMS_HISTORY_H

#include "postgres.h"

#include "core/decision.h"

/*
 * Each of these reads all events of the order, which costs by their number: ask
 * only where a report gives cause to.
 */

/*
 * The first report with the ExecID and the content of this one; NULL if there
 * is none.  `exact`: its time and its figures are the same too.
 */
extern Command *oms_history_report(ObjectSource *source, const Order *order, const Command *command, bool exact);

/* Did a command of this type name the id, an ExecID or a ClOrdID? */
extern bool oms_history_has_exec_id(ObjectSource *source, const Order *order, const char *exec_id, CommandType type);
extern bool oms_history_has_cl_ord_id(ObjectSource *source, const Order *order, const char *cl_ord_id, CommandType type);

/* Did anybody but a counterparty, in a report, name this ClOrdID?  False: its request has not come. */
extern bool oms_history_was_asked(ObjectSource *source, const Order *order, const char *cl_ord_id);

typedef struct PastExpiry
{
	TimestampTz at;				/* as its counterparty stated it, else by the clock; NO_TIME: it is not expired */
	bool		reported;		/* a counterparty has told it */
} PastExpiry;

/* How the order came to be expired, as it is now. */
extern PastExpiry oms_history_expired(ObjectSource *source, const Order *order);

/* Side and price that the order had while this ClOrdID was in force: a list of PastTerms. */
extern List *oms_history_terms(ObjectSource *source, const Order *order, const char *cl_ord_id);

#endif							/* OMS_HISTORY_H */
