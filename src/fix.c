/*-------------------------------------------------------------------------
 *
 * fix.c
 *	  A FIX message becomes commands.
 *
 * Translates and nothing more: what it builds is read by the table of commands
 * and goes through the one pipeline.  The tables below say which message and
 * which report means which command.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 4; FIX 4.2 for ExecTransType and the
 * ExecTypes 1 and 2.  See doc/fix.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "command.h"
#include "decimal.h"
#include "fix_command.h"
#include "fix_match.h"
#include "fix_message.h"
#include "handlers.h"

PG_FUNCTION_INFO_V1(oms_fix);

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

/* One message on its way. */
typedef struct FixContext
{
	UnitOfWork *uow;
	FixMessage	message;
	List	   *results;		/* of Jsonb */
	const char *ignored;		/* why nothing was done, or NULL */
} FixContext;

typedef Refusal *(*FixHandler) (FixContext *fix);

/* What is wrong with a field of the message makes the message damaged. */
static Refusal *
run(FixContext *fix, JsonWriter *w)
{
	Refusal    *refusal;
	Jsonb	   *result;

	oms_fix_put_origin(w, &fix->message);
	oms_json_close_object(w);
	result = oms_command_apply(fix->uow, oms_json_finish(w), true, &refusal);
	if (result)
		fix->results = lappend(fix->results, result);
	else if (refusal->sqlstate == OMS_MALFORMED)
		refusal->sqlstate = OMS_BAD_FIX;
	return result ? NULL : refusal;
}

static Refusal *
run_for_order(FixContext *fix, CommandType type, const char *order_id)
{
	JsonWriter	w = oms_fix_command(&fix->message, &oms_command_defs[type]);

	oms_json_string(&w, "orderId", order_id);
	return run(fix, &w);
}

/* Nothing changes: the object as it stands is the result. */
static void
answer_with_order(FixContext *fix, const char *order_id, bool duplicate)
{
	const Order *order = oms_uow_order(fix->uow, order_id);
	Outcome		outcome = {.store = &oms_order_store, .id = order_id};
	ResultSource source = {.outcome = &outcome, .duplicate = duplicate,
	.xid = oms_uow_xid(fix->uow)};

	if (order)
		source.state = oms_record_state(&oms_order_def, order);
	fix->results = lappend(fix->results, oms_result_build(&source));
}

static Refusal *
require(const FixMessage *message, const int *tags, int count)
{
	for (int i = 0; i < count; i++)
		if (oms_fix_get(message, tags[i]) == NULL)
			return oms_with_detail(oms_refuse(OMS_BAD_FIX, "damaged FIX message"),
								   "Tag %d is required in a message of type %s.", tags[i], message->msg_type);
	return NULL;
}

#define REQUIRE(fix, ...) \
	require(&(fix)->message, (const int[]) {__VA_ARGS__}, lengthof(((const int[]) {__VA_ARGS__})))

static bool
is_resent(const FixMessage *message)
{
	return oms_fix_is(message, TAG_POSS_RESEND, "Y") || oms_fix_is(message, TAG_POSS_DUP_FLAG, "Y");
}

/* ------------------------------------------------------------------------
 * D, F, G, H: from the buy side
 * ------------------------------------------------------------------------
 */

static Jsonb *
without(Jsonb *object, const char *key)
{
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_delete, JsonbPGetDatum(object), CStringGetTextDatum(key)));
}

/* Equal but for the envelope and the time it was sent. */
static bool
is_same_order(FixContext *fix, const Order *order, Jsonb *command)
{
	Jsonb	   *first = oms_event_first_payload(oms_uow_estate(fix->uow), order);
	JsonbValue	hold;
	JsonbValue *v = first ? oms_json_get(first, "command", &hold) : NULL;
	Jsonb	   *known;

	if (v == NULL)
		return false;
	known = without(without(without(JsonbValueToJsonb(v), "fixMessage"), "fixSession"), "transactTime");
	return oms_json_equal(known, without(command, "transactTime"));
}

static JsonWriter
new_order_command(FixContext *fix)
{
	JsonWriter	w = oms_fix_command(&fix->message, &oms_command_defs[COMMAND_CREATE_ORDER]);
	char	   *parent_id = oms_fix_get(&fix->message, TAG_SECONDARY_CL_ORD_ID);

	oms_json_bool(&w, "pending", true);
	if (parent_id && oms_uow_root_of_order(fix->uow, parent_id) != NULL)
		oms_json_string(&w, "parentId", parent_id);
	return w;
}

/* The order that this very message made before, or NULL. */
static char *
resent_order(FixContext *fix)
{
	char	   *known = oms_fix_order_of(fix->uow, &fix->message, TAG_CL_ORD_ID);
	const Order *order = known ? oms_uow_order(fix->uow, known) : NULL;
	JsonWriter	w;

	if (order == NULL)
		return NULL;
	w = new_order_command(fix);
	oms_json_close_object(&w);
	return is_same_order(fix, order, oms_json_finish(&w)) ? known : NULL;
}

static Refusal *
handle_new_order(FixContext *fix)
{
	JsonWriter	w;
	char	   *known;
	Refusal    *refusal = REQUIRE(fix, TAG_CL_ORD_ID, TAG_SYMBOL, TAG_SIDE, TAG_ORD_TYPE);

	if (refusal)
		return refusal;
	known = is_resent(&fix->message) ? resent_order(fix) : NULL;
	if (known)
	{
		answer_with_order(fix, known, true);
		return NULL;
	}
	w = new_order_command(fix);
	return run(fix, &w);
}

static Refusal *
handle_request(FixContext *fix, CommandType type)
{
	FixMatch	match;
	JsonWriter	w;
	char	   *known;
	Refusal    *refusal = REQUIRE(fix, TAG_CL_ORD_ID, TAG_ORIG_CL_ORD_ID);

	if (refusal)
		return refusal;
	known = oms_fix_order_of(fix->uow, &fix->message, TAG_CL_ORD_ID);
	match.order_id = oms_fix_order_of(fix->uow, &fix->message, TAG_ORIG_CL_ORD_ID);
	if (match.order_id == NULL)
		match = oms_fix_match_order(fix->uow, &fix->message);
	if (match.order_id == NULL)
		return oms_refuse(OMS_NO_SUCH_OBJECT, "no order is known under origClOrdID \"%s\"",
						  oms_fix_get(&fix->message, TAG_ORIG_CL_ORD_ID));
	if (known && is_resent(&fix->message) && strcmp(known, match.order_id) == 0)
	{
		answer_with_order(fix, known, true);
		return NULL;
	}
	w = oms_fix_command(&fix->message, &oms_command_defs[type]);
	oms_json_string(&w, "orderId", match.order_id);
	oms_json_bool(&w, "pending", false);
	return run(fix, &w);
}

static Refusal *
handle_cancel_request(FixContext *fix)
{
	return handle_request(fix, COMMAND_REQUEST_CANCEL_ORDER);
}

static Refusal *
handle_replace_request(FixContext *fix)
{
	return handle_request(fix, COMMAND_REQUEST_REPLACE_ORDER);
}

static Refusal *
handle_status_request(FixContext *fix)
{
	FixMatch	match = oms_fix_match_order(fix->uow, &fix->message);

	if (match.order_id)
		answer_with_order(fix, match.order_id, false);
	else
		fix->ignored = match.ambiguous ? "more than one order matches" : "the order is not known";
	return NULL;
}

/* ------------------------------------------------------------------------
 * 8, 9: from the sell side
 * ------------------------------------------------------------------------
 */

static bool
is_fill_type(const char *exec_type)
{
	return strcmp(exec_type, "F") == 0 || strcmp(exec_type, "1") == 0 || strcmp(exec_type, "2") == 0;
}

static bool
has_quantity(const FixMessage *message, int tag)
{
	char	   *text = oms_fix_get(message, tag);
	Numeric		value;

	return text && (!oms_dec_parse(text, strlen(text), &value) || oms_dec_sign(value) != 0);
}

static const Order *
matched_order(FixContext *fix, const FixMatch *match)
{
	return match->order_id ? oms_uow_order(fix->uow, match->order_id) : NULL;
}

/*
 * FIX 4.2 tells a guarantee as a fill with OrdStatus Stopped that does not move
 * CumQty (matrix L.1.a).
 */
static bool
is_guarantee(FixContext *fix, const FixMatch *match)
{
	const Order *order = matched_order(fix, match);
	char	   *cum_qty = oms_fix_get(&fix->message, TAG_CUM_QTY);
	Numeric		stated;

	return order && cum_qty && oms_fix_is(&fix->message, TAG_ORD_STATUS, "7") &&
		oms_dec_parse(cum_qty, strlen(cum_qty), &stated) &&
		oms_dec_cmp(stated, order->executed_quantity) == 0;
}

static Refusal *
handle_fill(FixContext *fix, const FixMatch *match)
{
	JsonWriter	w;
	Refusal    *refusal = REQUIRE(fix, TAG_LAST_QTY, TAG_LAST_PX);

	if (refusal)
		return refusal;
	w = oms_fix_command(&fix->message, &oms_command_defs[COMMAND_EXECUTE_ORDER]);
	if (match->order_id)
		oms_json_string(&w, "orderId", match->order_id);
	if (match->ambiguous)
		oms_json_bool(&w, "ambiguous", true);
	return run(fix, &w);
}

static bool
has_ended(const Execution *fill)
{
	return !oms_execution_is_live(fill) && fill->status != OMS_EXECUTION_REVIEW;
}

static Refusal *
handle_change_of_fill(FixContext *fix, const FixMatch *match, CommandType type)
{
	const Execution *fill = match->order_id ?
		oms_fix_match_fill(fix->uow, &fix->message, match->order_id) : NULL;
	JsonWriter	w;

	if (fill == NULL)
	{
		/* a change of a fill that nobody knows goes to review, even without figures */
		w = oms_fix_command(&fix->message, &oms_command_defs[COMMAND_EXECUTE_ORDER]);
		if (match->ambiguous)
			oms_json_bool(&w, "ambiguous", true);
		/* FIX 4.2 has it in ExecTransType alone */
		oms_json_string(&w, "execType", type == COMMAND_BUST_EXECUTION ? "H" : "G");
		if (match->order_id)
			oms_json_string(&w, "orderId", match->order_id);
		if (oms_fix_get(&fix->message, TAG_LAST_QTY) == NULL)
			oms_json_int(&w, "lastQty", 0);
		if (oms_fix_get(&fix->message, TAG_LAST_PX) == NULL)
			oms_json_int(&w, "lastPx", 0);
		return run(fix, &w);
	}
	/* a change of a fill that has ended can only be held against ours */
	fill = oms_last_of_chain(fix->uow, fill);
	if (has_ended(fill) && !(type == COMMAND_BUST_EXECUTION && fill->bust_exec_id &&
							 oms_fix_is(&fix->message, TAG_EXEC_ID, fill->bust_exec_id)))
		return run_for_order(fix, COMMAND_UPDATE_ORDER, match->order_id);
	w = oms_fix_command(&fix->message, &oms_command_defs[type]);
	oms_json_string(&w, "executionId", fill->id);
	oms_json_string(&w, "execType", type == COMMAND_BUST_EXECUTION ? "H" : "G");
	return run(fix, &w);
}

/* An order that was telephoned: its first report creates it. */
static Refusal *
handle_telephoned(FixContext *fix)
{
	JsonWriter	w = oms_fix_command(&fix->message, &oms_command_defs[COMMAND_CREATE_ORDER]);

	return run(fix, &w);
}

static bool
is_telephoned(const FixMessage *message, const char *exec_type)
{
	return strcmp(exec_type, "0") == 0 && oms_fix_get_id(message, TAG_CL_ORD_ID) == NULL &&
		oms_fix_get_id(message, TAG_ORDER_ID) && oms_fix_get(message, TAG_SYMBOL) && oms_fix_get(message, TAG_SIDE) && has_quantity(message, TAG_ORDER_QTY);
}

static Refusal *
handle_status_report(FixContext *fix, const FixMatch *match, const char *exec_type)
{
	CommandType type = COMMAND_UPDATE_ORDER;
	JsonWriter	w;

	if (match->order_id == NULL)
	{
		if (!match->ambiguous && is_telephoned(&fix->message, exec_type))
			return handle_telephoned(fix);
		fix->ignored = match->ambiguous ? "more than one order matches" : "the order is not known";
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
	w = oms_fix_command(&fix->message, &oms_command_defs[type]);
	oms_json_string(&w, "orderId", match->order_id);
	if (type == COMMAND_ACCEPT_ORDER && oms_fix_is(&fix->message, TAG_ORD_STATUS, "D"))
		oms_json_bool(&w, "forBidding", true);
	if (type == COMMAND_RESTATE_ORDER)
	{
		char	   *reason = oms_fix_get(&fix->message, TAG_EXEC_RESTATEMENT_REASON);

		if (reason)
			oms_json_string(&w, "reason", reason);
	}
	return run(fix, &w);
}

/* ExecTransType (20), which FIX 4.2 has and 4.4 habits keep, goes before ExecType. */
static Refusal *
handle_execution_report(FixContext *fix)
{
	FixMatch	match;
	char	   *exec_type;
	Refusal    *refusal = REQUIRE(fix, TAG_ORDER_ID, TAG_EXEC_ID, TAG_EXEC_TYPE, TAG_ORD_STATUS);

	if (refusal)
		return refusal;
	match = oms_fix_match_order(fix->uow, &fix->message);
	exec_type = oms_fix_get(&fix->message, TAG_EXEC_TYPE);
	if (oms_fix_is(&fix->message, TAG_EXEC_TRANS_TYPE, "1") || strcmp(exec_type, "H") == 0)
		return handle_change_of_fill(fix, &match, COMMAND_BUST_EXECUTION);
	if (oms_fix_is(&fix->message, TAG_EXEC_TRANS_TYPE, "2") || strcmp(exec_type, "G") == 0)
		return handle_change_of_fill(fix, &match, COMMAND_CORRECT_EXECUTION);
	if (is_fill_type(exec_type) && !oms_fix_is(&fix->message, TAG_EXEC_TRANS_TYPE, "3") &&
		has_quantity(&fix->message, TAG_LAST_QTY))
	{
		if (is_guarantee(fix, &match))
			return run_for_order(fix, COMMAND_STOP_ORDER, match.order_id);
		return handle_fill(fix, &match);
	}
	return handle_status_report(fix, &match, exec_type);
}

/* The request under the message's ClOrdID tells what is rejected; else CxlRejResponseTo does. */
static CommandType
rejected_request(FixContext *fix, const Order *order)
{
	const OrderRequest *request = oms_request_named(order, oms_fix_get(&fix->message, TAG_CL_ORD_ID));
	RequestKind kind = oms_fix_is(&fix->message, TAG_CXL_REJ_RESPONSE_TO, "2") ? REQUEST_REPLACE : REQUEST_CANCEL;

	if (request)
		kind = request->kind;
	return kind == REQUEST_REPLACE ? COMMAND_REJECT_REPLACE_ORDER : COMMAND_REJECT_CANCEL_ORDER;
}

static Refusal *
handle_cancel_reject(FixContext *fix)
{
	FixMatch	match;
	const Order *order;
	Refusal    *refusal = REQUIRE(fix, TAG_CL_ORD_ID, TAG_ORIG_CL_ORD_ID, TAG_ORD_STATUS);

	if (refusal)
		return refusal;
	match = oms_fix_match_order(fix->uow, &fix->message);
	order = matched_order(fix, &match);
	if (order == NULL)
	{
		fix->ignored = match.ambiguous ? "more than one order matches" : "the order is not known";
		return NULL;
	}
	return run_for_order(fix, rejected_request(fix, order), match.order_id);
}

/* ------------------------------------------------------------------------
 * the entry
 * ------------------------------------------------------------------------
 */

static const struct
{
	const char *msg_type;
	FixHandler	handler;
}			message_handlers[] = {
	{"D", handle_new_order},
	{"F", handle_cancel_request},
	{"G", handle_replace_request},
	{"H", handle_status_request},
	{"8", handle_execution_report},
	{"9", handle_cancel_reject}
};

static Refusal *
handle(FixContext *fix)
{
	for (int i = 0; i < lengthof(message_handlers); i++)
		if (strcmp(message_handlers[i].msg_type, fix->message.msg_type) == 0)
			return message_handlers[i].handler(fix);
	fix->ignored = "messages of this type stand for no command";
	return NULL;
}

static Jsonb *
answer(const FixContext *fix)
{
	JsonWriter	w = {0};
	ListCell   *cell;

	oms_json_open_object(&w);
	oms_json_string(&w, "status", fix->ignored ? "IGNORED" : "ACCEPTED");
	oms_json_string(&w, "msgType", fix->message.msg_type);
	if (fix->ignored)
		oms_json_string(&w, "reason", fix->ignored);
	oms_json_key(&w, "results");
	oms_json_open_array(&w);
	foreach(cell, fix->results)
		oms_json_jsonb(&w, NULL, lfirst(cell));
	oms_json_close_array(&w);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

Datum
oms_fix(PG_FUNCTION_ARGS)
{
	FixContext	fix = {0};
	Refusal    *refusal;
	char	   *raw;

	PreventCommandIfReadOnly("oms_fix()");
	PreventCommandIfParallelMode("oms_fix()");
	PreventCommandDuringRecovery("oms_fix()");
	if (PG_ARGISNULL(0))
		oms_raise(oms_refuse(OMS_BAD_FIX, "a FIX message must not be null"));
	raw = text_to_cstring(PG_GETARG_TEXT_PP(0));
	refusal = oms_fix_parse(raw, strlen(raw), &fix.message);
	if (refusal == NULL)
	{
		fix.uow = oms_uow_begin();
		refusal = handle(&fix);
	}
	if (refusal)
		oms_raise(refusal);
	oms_uow_flush(fix.uow);
	PG_RETURN_JSONB_P(answer(&fix));
}
