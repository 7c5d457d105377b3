/*-------------------------------------------------------------------------
 *
 * fix_report.c
 *	  8 and 9: what a sell side reports, as commands.
 *
 * Writes nothing itself: every command goes through oms_fix_run().  The tables
 * below say which report means which command.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 4; FIX 4.2 for ExecTransType and the
 * ExecTypes 1 and 2.  See doc/fix.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/decimal.h"
#include "core/execution/fill_settle.h"
#include "core/order/order_history.h"
#include "fix/fix_fills.h"
#include "fix/fix_private.h"

/* ExecType (150) of a report that is no fill, and the command it means. */
static const struct
{
	const char *exec_type;
	CommandType command;
}			report_commands[] = {
	{"0", COMMAND_ACCEPT_ORDER},
	{"3", COMMAND_DONE_FOR_DAY_ORDER},
	{"4", COMMAND_CANCEL_ORDER},
	{"5", COMMAND_REPLACE_ORDER},
	{"6", COMMAND_REQUEST_CANCEL_ORDER},
	{"7", COMMAND_STOP_ORDER},
	{"8", COMMAND_REJECT_ORDER},
	{"9", COMMAND_SUSPEND_ORDER},
	{"B", COMMAND_CALCULATE_ORDER},
	{"C", COMMAND_EXPIRE_ORDER},
	{"D", COMMAND_RESTATE_ORDER},
	{"E", COMMAND_REQUEST_REPLACE_ORDER},
	{"L", COMMAND_RESUME_ORDER}
};

static bool
report_is_fill_type(const char *exec_type)
{
	return strcmp(exec_type, "F") == 0 || strcmp(exec_type, "1") == 0 || strcmp(exec_type, "2") == 0;
}

static bool
report_has_quantity(const FixMessage *message, int tag)
{
	char	   *text = oms_fix_get(message, tag);
	Numeric		value;

	return text && (!oms_dec_parse(text, strlen(text), &value) || oms_dec_sign(value) != 0);
}

static const Order *
report_matched_order(FixContext *fix, const FixMatch *match)
{
	return match->order_id ? oms_fix_order(fix->uow, match->order_id) : NULL;
}

static bool
report_get_quantity(const FixMessage *message, int tag, Numeric *value)
{
	char	   *text = oms_fix_get(message, tag);

	return text && oms_dec_parse(text, strlen(text), value);
}

/*
 * FIX 4.2 tells a guarantee as a fill (1 or 2, never F) with OrdStatus Stopped
 * that does not move CumQty (matrix L.1.a); a trade may have that OrdStatus too.
 * CumQty holds what a trade brought, so LastQty above it is none; nor is one
 * whose CumQty we have wholly heard of, in reports up to this one.  What came
 * before under its ExecID is what it was then.
 */
static bool
report_is_guarantee(FixContext *fix, const FixMatch *match, const char *exec_type)
{
	const Order *order = report_matched_order(fix, match);
	char	   *exec_id = oms_fix_get(&fix->message, TAG_EXEC_ID);
	Decision	look = oms_fix_look(fix->uow);
	Numeric		cum_qty;
	Numeric		last_qty;

	if (order == NULL || strcmp(exec_type, "F") == 0 || !oms_fix_is(&fix->message, TAG_ORD_STATUS, "7") ||
		!report_get_quantity(&fix->message, TAG_CUM_QTY, &cum_qty) || !report_get_quantity(&fix->message, TAG_LAST_QTY, &last_qty))
		return false;
	if (oms_history_has_exec_id(oms_uow_source(fix->uow), order, exec_id, COMMAND_STOP_ORDER))
		return true;
	if (oms_executions_by_exec_id(&look, order->id, exec_id) != NIL)
		return false;
	return oms_dec_cmp(last_qty, cum_qty) > 0 ||
		(oms_dec_cmp(cum_qty, order->executed_quantity) == 0 &&
		 (order->reported_cum_qty == NULL || oms_dec_cmp(cum_qty, order->reported_cum_qty) == 0));
}

/* A command with what the report states, and whether it may have come before. */
static JsonWriter
report_command(FixContext *fix, CommandType type)
{
	JsonWriter	w = oms_fix_command(&fix->message, &oms_command_defs[type]);

	if (oms_fix_is(&fix->message, TAG_POSS_DUP_FLAG, "Y"))
		oms_json_bool(&w, "possDupFlag", true);
	if (oms_fix_is(&fix->message, TAG_POSS_RESEND, "Y"))
		oms_json_bool(&w, "possResend", true);
	return w;
}

static Refusal *
report_run(FixContext *fix, CommandType type, const char *order_id)
{
	JsonWriter	w = report_command(fix, type);

	oms_json_string(&w, "orderId", order_id);
	return oms_fix_run(fix, &w);
}

/* What the asset class of its order has of a fill. */
static void
report_put_attributes(JsonWriter *w, FixContext *fix, const FixMatch *match)
{
	const Order *order = match->order_id ? oms_fix_order(fix->uow, match->order_id) : NULL;

	oms_fix_put_attributes(w, &fix->message, NULL, order ? order->asset_class : NULL, ATTRIBUTES_OF_EXECUTION);
}

/* One fill: the trade as the message has it, or (`part`) as a part of it is. */
static Refusal *
report_execute(FixContext *fix, const FixMatch *match, const FixFill *part, bool last)
{
	JsonWriter	w = report_command(fix, COMMAND_EXECUTE_ORDER);

	if (match->order_id)
		oms_json_string(&w, "orderId", match->order_id);
	if (match->ambiguous)
		oms_json_bool(&w, "ambiguous", true);
	report_put_attributes(&w, fix, match);
	if (part)
	{
		oms_fix_put_fill(&w, &fix->message, part, last);
		/* one that a correction adds is a trade */
		oms_json_string(&w, "execType", "F");
	}
	return oms_fix_run(fix, &w);
}

static Refusal *
report_execute_parts(FixContext *fix, const FixMatch *match, const FixFills *fills, int first)
{
	Refusal    *refusal = NULL;

	for (int i = first; i < fills->count && refusal == NULL; i++)
	{
		CHECK_FOR_INTERRUPTS();
		refusal = report_execute(fix, match, &fills->fills[i], i == fills->count - 1);
	}
	return refusal;
}

static Refusal *
report_handle_fill(FixContext *fix, const FixMatch *match, const FixFills *fills)
{
	return fills->count > 0 ? report_execute_parts(fix, match, fills, 0) : report_execute(fix, match, NULL, true);
}

static bool
report_has_ended(const Execution *fill)
{
	return !oms_execution_is_live(fill) && fill->status != OMS_EXECUTION_REVIEW;
}

/* A change of a fill that nobody knows goes to review, even without figures. */
static Refusal *
report_change_unknown(FixContext *fix, const FixMatch *match, CommandType type, const FixFills *fills)
{
	JsonWriter	w = report_command(fix, COMMAND_EXECUTE_ORDER);

	if (match->ambiguous)
		oms_json_bool(&w, "ambiguous", true);
	/* FIX 4.2 has it in ExecTransType alone */
	oms_json_string(&w, "execType", type == COMMAND_BUST_EXECUTION ? "H" : "G");
	if (match->order_id)
		oms_json_string(&w, "orderId", match->order_id);
	if (fills->count == 1)
		oms_fix_put_fill(&w, &fix->message, &fills->fills[0], true);
	else
	{
		if (oms_fix_get(&fix->message, TAG_LAST_QTY) == NULL)
			oms_json_int(&w, "lastQty", 0);
		if (oms_fix_get(&fix->message, TAG_LAST_PX) == NULL)
			oms_json_int(&w, "lastPx", 0);
	}
	return oms_fix_run(fix, &w);
}

static bool
report_says_zero(const FixMessage *message, int tag)
{
	Numeric		value;

	return report_get_quantity(message, tag, &value) && oms_dec_sign(value) == 0;
}

/*
 * A correction to LastQty 0 takes the trade back, unless it states CumQty as it
 * is without that: then the 0 means that nothing of it changes.
 */
static bool
report_leaves_nothing(FixContext *fix, const FixMatch *match, const Execution *fill)
{
	const Order *order = report_matched_order(fix, match);
	Decision	look = oms_fix_look(fix->uow);
	Numeric		cum_qty;

	if (!report_says_zero(&fix->message, TAG_LAST_QTY))
		return false;
	return order == NULL || !oms_execution_is_live(oms_last_of_chain(&look, fill)) ||
		!report_get_quantity(&fix->message, TAG_CUM_QTY, &cum_qty) || oms_dec_cmp(cum_qty, order->executed_quantity) != 0;
}

static Refusal *
report_change(FixContext *fix, const FixMatch *match, CommandType type, const char *execution_id, const FixFill *part, bool last)
{
	JsonWriter	w = report_command(fix, type);

	oms_json_string(&w, "orderId", match->order_id);
	oms_json_string(&w, "executionId", execution_id);
	oms_json_string(&w, "execType", type == COMMAND_BUST_EXECUTION ? "H" : "G");
	if (type == COMMAND_CORRECT_EXECUTION)
		report_put_attributes(&w, fix, match);
	/* the fill stays as it was, then: its price too */
	if (type == COMMAND_CORRECT_EXECUTION && report_says_zero(&fix->message, TAG_LAST_QTY) && report_says_zero(&fix->message, TAG_LAST_PX))
		oms_json_scalar(&w, "lastPx", &(JsonbValue) {.type = jbvNull});
	if (part)
		oms_fix_put_fill(&w, &fix->message, part, last);
	else if (!last)
		oms_fix_put_nothing_stated(&w);
	return oms_fix_run(fix, &w);
}

/* Those of the fills that the report can still change, as ids: what they are may change meanwhile. */
static List *
report_changeable(FixContext *fix, List *fills, CommandType type)
{
	List	   *ids = NIL;
	Decision	look = oms_fix_look(fix->uow);
	ListCell   *cell;

	foreach(cell, fills)
	{
		const Execution *fill = oms_last_of_chain(&look, lfirst(cell));

		if (!report_has_ended(fill) || (type == COMMAND_BUST_EXECUTION && fill->bust_exec_id &&
										oms_fix_is(&fix->message, TAG_EXEC_ID, fill->bust_exec_id)))
			ids = lappend(ids, pstrdup(fill->id));
	}
	return ids;
}

/*
 * A bust takes back all parts of a trade.  A correction makes the first one what
 * is left of it, takes back the others, and books what else there is now.
 */
static Refusal *
report_handle_change_of_fill(FixContext *fix, const FixMatch *match, CommandType type)
{
	List	   *known = match->order_id ? oms_fix_match_fills(fix->uow, &fix->message, match->order_id) : NIL;
	FixFills	fills;
	List	   *ids;
	ListCell   *cell;
	Refusal    *refusal = oms_fix_fills(&fix->message, &fills);

	if (refusal)
		return refusal;
	if (known == NIL)
		return report_change_unknown(fix, match, type, &fills);
	if (type == COMMAND_CORRECT_EXECUTION && fills.count == 0 && report_leaves_nothing(fix, match, linitial(known)))
		type = COMMAND_BUST_EXECUTION;
	ids = report_changeable(fix, known, type);
	/* a change of a fill that has ended is a repeat, or can only be held against ours */
	if (ids == NIL)
		ids = list_make1(((const Execution *) linitial(known))->id);
	if (type == COMMAND_CORRECT_EXECUTION)
	{
		for_each_from(cell, ids, 1)
		{
			refusal = report_change(fix, match, COMMAND_BUST_EXECUTION, lfirst(cell), NULL, false);
			if (refusal)
				return refusal;
		}
		refusal = report_change(fix, match, type, linitial(ids), fills.count > 0 ? &fills.fills[0] : NULL, fills.count <= 1);
		return refusal ? refusal : report_execute_parts(fix, match, &fills, 1);
	}
	foreach(cell, ids)
	{
		refusal = report_change(fix, match, type, lfirst(cell), NULL, lnext(ids, cell) == NULL);
		if (refusal)
			return refusal;
	}
	return NULL;
}

/* An order that was telephoned: its first report creates it. */
static JsonWriter
report_telephoned_command(FixContext *fix)
{
	JsonWriter	w = oms_fix_command(&fix->message, &oms_command_defs[COMMAND_CREATE_ORDER]);

	oms_fix_put_class(&w, &fix->message, NULL);
	return w;
}

static Refusal *
report_handle_telephoned(FixContext *fix)
{
	JsonWriter	w = report_telephoned_command(fix);

	return oms_fix_run(fix, &w);
}

/* The order that a report would make must say at least what an order is. */
static bool
report_is_telephoned(const FixMessage *message, const char *exec_type)
{
	char	   *symbol = oms_fix_get(message, TAG_SYMBOL);
	char	   *side = oms_fix_get(message, TAG_SIDE);
	Numeric		quantity;

	return strcmp(exec_type, "0") == 0 && oms_fix_get_id(message, TAG_CL_ORD_ID) == NULL &&
		oms_fix_get_id(message, TAG_ORDER_ID) && symbol && strlen(symbol) <= ID_LENGTH_MAX &&
		side && oms_name_find(oms_side_names, side, strlen(side)) &&
		report_get_quantity(message, TAG_ORDER_QTY, &quantity) && oms_dec_sign(quantity) > 0;
}

/* The report that made this order, sent again? */
static bool
report_is_known_telephoned(FixContext *fix, const FixMatch *match, const char *exec_type)
{
	const Order *order;
	JsonWriter	w;

	if (!oms_fix_is_resent(&fix->message) || !report_is_telephoned(&fix->message, exec_type))
		return false;
	order = report_matched_order(fix, match);
	if (order == NULL || order->cl_ord_id != NULL)
		return false;
	w = report_telephoned_command(fix);
	oms_json_close_object(&w);
	/* another New of the order says at another time that it works again */
	return oms_fix_is_same_order(fix, order, oms_json_finish(&w), false);
}

static Refusal *
report_handle_status_report(FixContext *fix, const FixMatch *match, const char *exec_type)
{
	CommandType type = COMMAND_UPDATE_ORDER;
	JsonWriter	w;

	if (match->order_id == NULL)
	{
		if (!match->ambiguous && report_is_telephoned(&fix->message, exec_type))
			return report_handle_telephoned(fix);
		fix->ignored = match->ambiguous ? "more than one order matches" : "the order is not known";
		return NULL;
	}
	if (report_is_known_telephoned(fix, match, exec_type))
	{
		oms_fix_answer_with_order(fix, match->order_id, true);
		return NULL;
	}
	for (int i = 0; i < lengthof(report_commands); i++)
		if (strcmp(report_commands[i].exec_type, exec_type) == 0)
			type = report_commands[i].command;
	/* a rejection that leaves the order in another status rejects another message */
	if (type == COMMAND_REJECT_ORDER && !oms_fix_is(&fix->message, TAG_ORD_STATUS, "8"))
		type = COMMAND_UPDATE_ORDER;
	if (oms_fix_is(&fix->message, TAG_EXEC_TRANS_TYPE, "3"))
		type = COMMAND_UPDATE_ORDER;
	w = report_command(fix, type);
	oms_json_string(&w, "orderId", match->order_id);
	if (type == COMMAND_ACCEPT_ORDER && oms_fix_is(&fix->message, TAG_ORD_STATUS, "D"))
		oms_json_bool(&w, "forBidding", true);
	if (type == COMMAND_RESTATE_ORDER)
	{
		char	   *reason = oms_fix_get(&fix->message, TAG_EXEC_RESTATEMENT_REASON);

		if (reason)
			oms_json_string(&w, "reason", reason);
	}
	return oms_fix_run(fix, &w);
}

/* A trade says what was done; only one of an order that somebody knows may say "nothing", and is compared. */
static Refusal *
report_handle_trade(FixContext *fix, const FixMatch *match, const char *exec_type)
{
	FixFills	fills;
	Refusal    *refusal = oms_fix_fills(&fix->message, &fills);

	if (refusal == NULL && fills.count == 0)
		refusal = REQUIRE(fix, TAG_LAST_QTY);
	if (refusal)
		return refusal;
	if (match->order_id && fills.count == 0 && !report_has_quantity(&fix->message, TAG_LAST_QTY))
		return report_handle_status_report(fix, match, exec_type);
	if (fills.count == 0)
		refusal = REQUIRE(fix, TAG_LAST_PX);
	if (refusal)
		return refusal;
	if (report_is_guarantee(fix, match, exec_type))
		return report_run(fix, COMMAND_STOP_ORDER, match->order_id);
	return report_handle_fill(fix, match, &fills);
}

/* ExecTransType (20), which FIX 4.2 has and 4.4 habits keep, goes before ExecType. */
static bool
report_is_change(const FixMessage *message, const char *exec_trans_type, const char *exec_type)
{
	return oms_fix_is(message, TAG_EXEC_TRANS_TYPE, exec_trans_type) || oms_fix_is(message, TAG_EXEC_TYPE, exec_type);
}

static bool
report_is_trade(const FixMessage *message)
{
	char	   *exec_type = oms_fix_get(message, TAG_EXEC_TYPE);

	return exec_type && report_is_fill_type(exec_type) && !oms_fix_is(message, TAG_EXEC_TRANS_TYPE, "3");
}

bool
oms_fix_tells_fill(const FixMessage *message)
{
	return (message->def->traits & FIX_REPORT) &&
		(report_is_change(message, "1", "H") || report_is_change(message, "2", "G") || report_is_trade(message));
}

Refusal *
oms_fix_handle_execution_report(FixContext *fix)
{
	FixMatch	match;
	char	   *exec_type;
	Refusal    *refusal = REQUIRE(fix, TAG_EXEC_ID, TAG_EXEC_TYPE);

	if (refusal == NULL)
		refusal = REQUIRE_EVEN_EMPTY(fix, TAG_ORDER_ID, TAG_ORD_STATUS);
	if (refusal)
		return refusal;
	match = oms_fix_match_order(fix->uow, &fix->message, &fix->orders);
	exec_type = oms_fix_get(&fix->message, TAG_EXEC_TYPE);
	if (report_is_change(&fix->message, "1", "H"))
		return report_handle_change_of_fill(fix, &match, COMMAND_BUST_EXECUTION);
	if (report_is_change(&fix->message, "2", "G"))
		return report_handle_change_of_fill(fix, &match, COMMAND_CORRECT_EXECUTION);
	if (report_is_trade(&fix->message))
		return report_handle_trade(fix, &match, exec_type);
	return report_handle_status_report(fix, &match, exec_type);
}

/* The request under the message's ClOrdID tells what is rejected; else CxlRejResponseTo does. */
static CommandType
report_rejected_request(FixContext *fix, const Order *order)
{
	const OrderRequest *request = oms_request_named(order, oms_fix_get(&fix->message, TAG_CL_ORD_ID));
	RequestKind kind = oms_fix_is(&fix->message, TAG_CXL_REJ_RESPONSE_TO, "2") ? REQUEST_REPLACE : REQUEST_CANCEL;

	if (request)
		kind = request->kind;
	return kind == REQUEST_REPLACE ? COMMAND_REJECT_REPLACE_ORDER : COMMAND_REJECT_CANCEL_ORDER;
}

/* It has no ExecID: sent again, it is known by its request, which was answered. */
static bool
report_is_known_reject(FixContext *fix, const Order *order)
{
	char	   *known = oms_fix_is_resent(&fix->message) ? fix->orders.by_cl_ord_id : NULL;

	return known && strcmp(known, order->id) == 0 &&
		oms_request_named(order, oms_fix_get(&fix->message, TAG_CL_ORD_ID)) == NULL;
}

Refusal *
oms_fix_handle_cancel_reject(FixContext *fix)
{
	FixMatch	match;
	const Order *order;
	Refusal    *refusal = REQUIRE_EVEN_EMPTY(fix, TAG_CL_ORD_ID, TAG_ORIG_CL_ORD_ID, TAG_ORD_STATUS);

	if (refusal)
		return refusal;
	match = oms_fix_match_order(fix->uow, &fix->message, &fix->orders);
	order = report_matched_order(fix, &match);
	if (order == NULL)
	{
		fix->ignored = match.ambiguous ? "more than one order matches" : "the order is not known";
		return NULL;
	}
	if (report_is_known_reject(fix, order))
	{
		oms_fix_answer_with_order(fix, match.order_id, true);
		return NULL;
	}
	return oms_fix_run_for_order(fix, report_rejected_request(fix, order), match.order_id);
}
