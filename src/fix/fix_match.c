/*-------------------------------------------------------------------------
 *
 * fix_match.c
 *	  Which order and which fill a FIX message means.
 *
 * Writes nothing.  Ids are looked up without a lock, for they never change their
 * order; then the trees of all orders that may be meant are locked (trees.c), and
 * what their rows say decides.  A fill is looked for in its order's locked tree.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "core/execution/fill_settle.h"
#include "core/order/order_split.h"
#include "core/quote/quote_record.h"
#include "fix/fix_fills.h"
#include "fix/fix_private.h"
#include "store/ids.h"
#include "store/sight.h"
#include "store/trees.h"

Decision
oms_fix_look(UnitOfWork *uow)
{
	Decision	look;

	oms_decision_begin(&look, oms_uow_source(uow), NULL);
	return look;
}

const Order *
oms_fix_order(UnitOfWork *uow, const char *order_id)
{
	const Object *order = oms_uow_object(uow, KIND_ORDER, order_id);

	/* one that the caller may not see is one that nobody knows */
	return order && oms_uow_sees(uow, order) ? (const Order *) order : NULL;
}

/* ------------------------------------------------------------------------
 * which orders may be meant
 * ------------------------------------------------------------------------
 */

static char *
match_find_cl_ord_id(UnitOfWork *uow, const FixMessage *message, const char *session, int tag)
{
	char	   *id = oms_fix_get_id(message, tag);

	return id ? oms_uow_named(uow, NAME_CL_ORD_ID, session, id, NULL) : NULL;
}

/* The one order that accepts a quote of the session with this QuoteID; a quote is accepted once. */
static char *
match_find_accepted(UnitOfWork *uow, const FixMessage *message)
{
	char	   *quote_id = message->def->traits & FIX_REPORT ? oms_fix_get_id(message, TAG_QUOTE_ID) : NULL;
	char	   *symbol;
	char	   *order_id = NULL;
	ListCell   *cell;

	if (quote_id == NULL)
		return NULL;
	symbol = oms_fix_get(message, TAG_SYMBOL);
	foreach(cell, oms_all_named(oms_uow_tables(uow), NAME_QUOTE_ID, message->session, quote_id))
	{
		const Quote *quote = (const Quote *) oms_uow_peek(uow, KIND_QUOTE, lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		if (quote == NULL || quote->order_id == NULL || (symbol && oms_symbols_differ(symbol, quote->symbol)))
			continue;
		if (order_id)
			return NULL;
		order_id = quote->order_id;
	}
	return order_id;
}

static void
match_look_up(UnitOfWork *uow, const FixMessage *message, FixOrders *orders)
{
	char	   *order_id = oms_fix_get_id(message, TAG_ORDER_ID);

	*orders = (FixOrders) {.locked = orders->locked};
	orders->by_cl_ord_id = match_find_cl_ord_id(uow, message, message->session, TAG_CL_ORD_ID);
	orders->by_orig = match_find_cl_ord_id(uow, message, message->session, TAG_ORIG_CL_ORD_ID);
	if (orders->by_cl_ord_id || orders->by_orig)
		return;
	if (order_id)
		orders->by_order_id = oms_uow_named(uow, NAME_COUNTERPARTY_ORDER_ID, message->session, order_id, &orders->several);
	if (orders->several)
		return;
	orders->by_quote = match_find_accepted(uow, message);
	orders->of_sql = match_find_cl_ord_id(uow, message, "", TAG_CL_ORD_ID);
	orders->of_sql_by_orig = match_find_cl_ord_id(uow, message, "", TAG_ORIG_CL_ORD_ID);
}

/* One that is sent for the first time means no order but its parent. */
static void
match_name_of_new_order(UnitOfWork *uow, const FixMessage *message, FixOrders *orders, TreeNames *names)
{
	char	   *parent_id = oms_fix_get(message, TAG_SECONDARY_CL_ORD_ID);

	if (parent_id)
		oms_name_object(names, KIND_ORDER, parent_id, REACH_OWN);
	if (!oms_fix_is_resent(message))
		return;
	orders->by_cl_ord_id = match_find_cl_ord_id(uow, message, message->session, TAG_CL_ORD_ID);
	if (orders->by_cl_ord_id)
		oms_name_object(names, KIND_ORDER, orders->by_cl_ord_id, REACH_OWN);
}

/* How far the commands that it may stand for reach: a plain fill no further than its own tree. */
static Reach
match_reach(const FixMessage *message, bool tells_fill)
{
	const char *exec_type = oms_fix_get(message, TAG_EXEC_TYPE);
	const char *restated = exec_type && strcmp(exec_type, "D") == 0 ? oms_fix_get(message, TAG_EXEC_RESTATEMENT_REASON) : NULL;
	const char *ord_status = tells_fill ? oms_fix_get(message, TAG_ORD_STATUS) : NULL;

	/* only a corporate action scales what memberships tie */
	if (restated && oms_is_corporate_action(restated))
		return REACH_TIED;
	if (exec_type && strchr("12F", exec_type[0]) && ord_status && strchr("012", ord_status[0]))
		return REACH_OWN;
	return REACH_NEAR;
}

static void
match_name_orders(const FixMessage *message, const FixOrders *orders, TreeNames *names)
{
	const char *const ids[] = {orders->by_cl_ord_id, orders->by_orig, orders->several ? NULL : orders->by_order_id,
	orders->by_quote, orders->of_sql, orders->of_sql_by_orig};
	Reach		reach = match_reach(message, orders->searched);

	for (int i = 0; i < lengthof(ids); i++)
		if (ids[i])
			oms_name_object(names, KIND_ORDER, ids[i], reach);
}

/* Only where a ClOrdID of the session says so is it certain that an order is meant, before it was read. */
static void
match_name_executions(const FixMessage *message, const FixOrders *orders, TreeNames *names)
{
	char	   *exec_id = oms_fix_get(message, TAG_EXEC_ID);
	char	   *exec_ref_id = oms_fix_get_id(message, TAG_EXEC_REF_ID);
	bool		certain = (orders->by_cl_ord_id || orders->by_orig) &&
		!(orders->by_cl_ord_id && orders->by_orig && strcmp(orders->by_cl_ord_id, orders->by_orig) != 0);
	const char *scope = certain ? NULL : message->session;
	FixFills	fills;

	if (exec_id == NULL)
		return;
	oms_name_strangers(names, exec_id, scope, NOT_NAMED);
	/* what it takes back may wait for its order itself */
	if (exec_ref_id)
		oms_name_strangers(names, exec_ref_id, NULL, NOT_NAMED);
	if (oms_fix_fills(message, &fills) != NULL)
		return;
	for (int i = 0; i < fills.count; i++)
		if (fills.fills[i].id)
			oms_name_strangers(names, oms_fix_fill_exec_id(message, &fills.fills[i]), scope, NOT_NAMED);
}

/*
 * Do they stand as they were looked up before others were handled?  A ClOrdID of a
 * session means one order for ever; what it did not mean it may mean now.
 */
static bool
match_is_lasting(const FixMessage *message, const FixOrders *orders)
{
	return (orders->by_cl_ord_id || orders->by_orig) &&
		(orders->by_cl_ord_id || oms_fix_get_id(message, TAG_CL_ORD_ID) == NULL) &&
		(orders->by_orig || oms_fix_get_id(message, TAG_ORIG_CL_ORD_ID) == NULL);
}

void
oms_fix_name_orders(UnitOfWork *uow, const FixMessage *message, FixOrders *orders, TreeNames *names)
{
	if (!(message->def->traits & FIX_NEW) && !match_is_lasting(message, orders))
		match_look_up(uow, message, orders);
	orders->searched = oms_fix_tells_fill(message);
	if (message->def->traits & FIX_NEW)
		match_name_of_new_order(uow, message, orders, names);
	else
		match_name_orders(message, orders, names);
	if (orders->searched)
		match_name_executions(message, orders, names);
}

void
oms_fix_find_orders(UnitOfWork *uow, const FixMessage *message, FixOrders *orders)
{
	TreeNames	names = {0};

	oms_fix_name_orders(uow, message, orders, &names);
	if (names.count > 0)
		oms_trees_lock(uow, &names, orders->locked);
	orders->locked = false;
}

/* ------------------------------------------------------------------------
 * which one is meant
 * ------------------------------------------------------------------------
 */

/* Two ids of one message may name one order, or, against the rules, two. */
static FixMatch
match_cl_ord_ids(char *by_id, char *by_orig)
{
	FixMatch	match = {0};

	match.ambiguous = by_id && by_orig && strcmp(by_id, by_orig) != 0;
	if (!match.ambiguous)
		match.order_id = by_id ? by_id : by_orig;
	return match;
}

/*
 * The first match binds an order of an SQL caller to a session; it is no other
 * session's then.  Nor can it be bound where its ClOrdID means another order.
 */
static bool
match_is_free(UnitOfWork *uow, const char *order_id, const char *session)
{
	const Order *order = oms_fix_order(uow, order_id);
	char	   *owner;

	if (order == NULL)
		return false;
	if (order->fix_session)
		return strcmp(order->fix_session, session) == 0;
	owner = order->cl_ord_id ? oms_named(oms_uow_tables(uow), NAME_CL_ORD_ID, session, order->cl_ord_id, NULL) : NULL;
	return owner == NULL || strcmp(owner, order_id) == 0;
}

/* Does the message state another side than the order has? */
static bool
match_states_other_side(const FixMessage *message, const char *has)
{
	char	   *stated = oms_fix_get(message, TAG_SIDE);
	const OmsName *name = stated ? oms_name_find(oms_side_names, stated, strlen(stated)) : NULL;

	return name && strcmp(name->name, has) != 0;
}

/*
 * Counterparties use an OrderID again.  Where it alone names an order, nothing
 * else may say that another is meant; that its ClOrdIDs are not known in the
 * session was found out before.
 */
static bool
match_is_contradicted(UnitOfWork *uow, const FixMessage *message, const char *order_id)
{
	const Order *order = oms_fix_order(uow, order_id);
	char	   *symbol = oms_fix_get(message, TAG_SYMBOL);

	return order == NULL || (symbol && oms_symbols_differ(symbol, order->symbol)) ||
		(order->cl_ord_id && (oms_fix_get_id(message, TAG_CL_ORD_ID) || oms_fix_get_id(message, TAG_ORIG_CL_ORD_ID))) ||
		match_states_other_side(message, order->side);
}

/*
 * A dealer may speak of a hit by its QuoteID alone, and of one that came in a
 * client's session, or from SQL, under a ClOrdID that he was sent.
 */
static bool
match_contradicts_quote(UnitOfWork *uow, const FixMessage *message, const char *order_id)
{
	const Order *order = oms_fix_order(uow, order_id);

	return order == NULL || match_states_other_side(message, order->side) ||
		(oms_same_text(order->fix_session, message->session) && order->cl_ord_id && oms_fix_get_id(message, TAG_CL_ORD_ID));
}

FixMatch
oms_fix_match_order(UnitOfWork *uow, const FixMessage *message, const FixOrders *orders)
{
	FixMatch	match = match_cl_ord_ids(orders->by_cl_ord_id, orders->by_orig);

	if (match.order_id || match.ambiguous)
		return match;
	match.ambiguous = orders->several;
	if (!orders->several && orders->by_order_id && !match_is_contradicted(uow, message, orders->by_order_id))
		match.order_id = orders->by_order_id;
	if (match.order_id || match.ambiguous)
		return match;
	if (orders->by_quote && !match_contradicts_quote(uow, message, orders->by_quote))
	{
		match.order_id = orders->by_quote;
		return match;
	}
	match = match_cl_ord_ids(orders->of_sql, orders->of_sql_by_orig);
	if (match.order_id && !match_is_free(uow, match.order_id, message->session))
		match.order_id = NULL;
	return match;
}

/* The ExecID of the trade that this execution is a part of (fix_fills.c), or NULL. */
static char *
match_trade_of_part(const Execution *execution)
{
	char	   *slash = execution->exec_id && execution->fix ? strrchr(execution->exec_id, '/') : NULL;
	char	   *part = slash ? oms_json_get_string(execution->fix, "fillExecID") : NULL;
	size_t		length = slash ? strlen(execution->exec_id) : 0;

	/* the part's own id may have a slash */
	if (part == NULL || length <= strlen(part) || strcmp(execution->exec_id + length - strlen(part), part) != 0)
		return NULL;
	length -= strlen(part) + 1;
	return execution->exec_id[length] == '/' ? pnstrdup(execution->exec_id, length) : NULL;
}

static List *
match_parts_of(UnitOfWork *uow, const char *order_id, const char *exec_id)
{
	List	   *parts = NIL;
	Decision	look = oms_fix_look(uow);
	ListCell   *cell;

	foreach(cell, oms_executions_of(&look, order_id))
	{
		char	   *trade = match_trade_of_part(lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		if (trade && strcmp(trade, exec_id) == 0 && oms_uow_sees(uow, lfirst(cell)))
			parts = lappend(parts, lfirst(cell));
	}
	return parts;
}

List *
oms_fix_match_fills(UnitOfWork *uow, const FixMessage *message, const char *order_id)
{
	Decision	look = oms_fix_look(uow);
	char	   *exec_ref_id = oms_fix_get_id(message, TAG_EXEC_REF_ID);
	const Execution *fill = oms_fix_order(uow, order_id) ? oms_fill_find_named(&look, order_id, exec_ref_id) : NULL;
	char	   *trade;

	if (fill && !oms_uow_sees(uow, &fill->object))
		fill = NULL;
	trade = fill ? match_trade_of_part(oms_last_of_chain(&look, fill)) : exec_ref_id;
	if (fill && trade == NULL)
		return list_make1(unconstify(Execution *, fill));
	return trade ? match_parts_of(uow, order_id, trade) : NIL;
}
