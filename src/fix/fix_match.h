/*-------------------------------------------------------------------------
 *
 * fix_match.h
 *	  Which order and which fill a FIX message means.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FIX_MATCH_H
#define OMS_FIX_MATCH_H

#include "postgres.h"

#include "core/order/order.h"
#include "fix/fix_message.h"
#include "store/work.h"

typedef struct FixMatch
{
	char	   *order_id;		/* NULL: none, or several */
	bool		ambiguous;		/* several */
} FixMatch;

/*
 * By ClOrdID (11) or OrigClOrdID (41) in the session, then by OrderID (37)
 * there, unless ClOrdID, symbol or side say that another order is meant, then by
 * ClOrdID among the orders of SQL callers.
 */
extern FixMatch oms_fix_match_order(UnitOfWork *uow, const FixMessage *message);

/* What the message is about, to be read: objects as the commands before left them. */
extern Decision oms_fix_look(UnitOfWork *uow);
extern const Order *oms_fix_order(UnitOfWork *uow, const char *order_id);

/* The order that a ClOrdID names in the message's session, or NULL. */
extern char *oms_fix_order_of(UnitOfWork *uow, const FixMessage *message, int tag);

/* The fill that ExecRefID (19) names on this order, or all parts of the trade that it names, as Execution; or NIL. */
extern List *oms_fix_match_fills(UnitOfWork *uow, const FixMessage *message, const char *order_id);

#endif							/* OMS_FIX_MATCH_H */
