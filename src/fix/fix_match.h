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
#include "core/command_trees.h"
#include "store/work.h"

/* The orders that the ids of a message lead to, each NULL if there is none. */
typedef struct FixOrders
{
	/* in its session */
	char	   *by_cl_ord_id;	/* ClOrdID (11) */
	char	   *by_orig;		/* OrigClOrdID (41) */

	/* looked for where those name none */
	char	   *by_order_id;	/* OrderID (37), or the first of … */
	bool		several;
	char	   *by_quote;		/* the order that accepts the quote with this QuoteID (117) */
	char	   *of_sql;			/* ClOrdID and OrigClOrdID among the orders of SQL callers */
	char	   *of_sql_by_orig;

	bool		searched;		/* for the executions that its ExecIDs lead to */
	bool		locked;			/* with those of other messages, as far as they were known then */
} FixOrders;

/*
 * Look them up, and lock the trees of all objects that the message may be about,
 * before it is said which of them it means; or only name these.
 */
extern void oms_fix_name_orders(UnitOfWork *uow, const FixMessage *message, FixOrders *orders, TreeNames *names);
extern void oms_fix_find_orders(UnitOfWork *uow, const FixMessage *message, FixOrders *orders);

typedef struct FixMatch
{
	char	   *order_id;		/* NULL: none, or several */
	bool		ambiguous;		/* several */
} FixMatch;

/*
 * By ClOrdID (11) or OrigClOrdID (41) in the session, then by OrderID (37)
 * there, unless ClOrdID, symbol or side say that another order is meant, then the
 * one that accepts a quote of the session by its QuoteID (117), then by ClOrdID
 * among the orders of SQL callers.
 */
extern FixMatch oms_fix_match_order(UnitOfWork *uow, const FixMessage *message, const FixOrders *orders);

/* What the message is about, to be read: objects as the commands before left them. */
extern Decision oms_fix_look(UnitOfWork *uow);
extern const Order *oms_fix_order(UnitOfWork *uow, const char *order_id);

/* The fill that ExecRefID (19) names on this order, or all parts of the trade that it names, as Execution; or NIL. */
extern List *oms_fix_match_fills(UnitOfWork *uow, const FixMessage *message, const char *order_id);

#endif							/* OMS_FIX_MATCH_H */
