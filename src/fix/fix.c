/*-------------------------------------------------------------------------
 *
 * fix.c
 *	  A FIX message becomes commands: entry, dispatch, answer.
 *
 * Translates and nothing more: what it builds is read by the table of commands
 * and goes through the one pipeline.  fix_request.c and fix_report.c say which
 * message and which report means which command.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 4.  See doc/fix.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/resowner.h"

#include "core/command_size.h"
#include "entry/gate.h"
#include "fix/fix_private.h"
#include "store/account_rights.h"

PG_FUNCTION_INFO_V1(oms_fix);
PG_FUNCTION_INFO_V1(oms_fix_bytes);
PG_FUNCTION_INFO_V1(oms_try_fix);
PG_FUNCTION_INFO_V1(oms_try_fix_bytes);
PG_FUNCTION_INFO_V1(oms_remote_fix);
PG_FUNCTION_INFO_V1(oms_remote_fix_bytes);

TakenCommand *
oms_fix_take(FixContext *fix, JsonWriter *w)
{
	oms_fix_put_origin(w, &fix->message);
	oms_json_close_object(w);
	return oms_run_take(oms_json_finish(w), true);
}

Refusal *
oms_fix_run(FixContext *fix, JsonWriter *w)
{
	return oms_fix_run_taken(fix, oms_fix_take(fix, w));
}

Refusal *
oms_fix_run_taken(FixContext *fix, TakenCommand *taken)
{
	return oms_fix_run_by(fix, oms_run, taken);
}

/* What is wrong with a field of the message makes the message damaged. */
Refusal *
oms_fix_run_by(FixContext *fix, FixWay way, TakenCommand *taken)
{
	Refusal    *refusal;
	Jsonb	   *result;

	Assert(fix->naming == NULL);
	result = way(fix->uow, taken, fix->orders.searched, &refusal);
	if (result)
	{
		fix->results = lappend(fix->results, result);
		/* a trade in a thousand parts must not be kept a thousand times a thousand */
		if (fix->message.kept_in == NULL && strlen(fix->message.raw) > COMMAND_BRIEF_FROM)
			fix->message.kept_in = oms_json_get_string(result, "commandId");
	}
	else if (refusal->sqlstate == OMS_MALFORMED && !refusal->too_large)
		refusal->sqlstate = OMS_BAD_FIX;
	return result ? NULL : refusal;
}

Refusal *
oms_fix_run_for_order(FixContext *fix, CommandType type, const char *order_id)
{
	JsonWriter	w = oms_fix_command(&fix->message, &oms_command_defs[type]);

	oms_json_string(&w, "orderId", order_id);
	return oms_fix_run(fix, &w);
}

/* Nothing changes: the object as it stands is the result. */
void
oms_fix_answer_with_order(FixContext *fix, const char *order_id, bool duplicate)
{
	fix->results = lappend(fix->results, oms_run_show(fix->uow, KIND_ORDER, order_id, duplicate));
}

Refusal *
oms_fix_require(const FixMessage *message, const int *tags, int count, bool even_empty)
{
	for (int i = 0; i < count; i++)
	{
		const FixTag *tag = oms_fix_find(message, tags[i]);
		bool		none = tag && tags[i] == TAG_CL_ORD_ID && oms_id_is_none(tag->value, tag->length);

		if (tag && (even_empty || (tag->length > 0 && !none)))
			continue;
		return oms_fix_damaged(tag && tag->length > 0 ? "Tag %d of a message of type %s names nothing." :
							   "Tag %d is required in a message of type %s.", tags[i], message->msg_type);
	}
	return NULL;
}

/* Whatever they become, they are a trader's at least; each command is asked about by itself too. */
static const FixMessageDef messages[] = {
	{"D", oms_fix_handle_new_order, FIX_NO_EMPTY | FIX_NEW},
	{"F", oms_fix_handle_cancel_request, FIX_NO_EMPTY},
	{"G", oms_fix_handle_replace_request, FIX_NO_EMPTY},
	{"H", oms_fix_handle_status_request},
	{"8", oms_fix_handle_execution_report, FIX_REPORT},
	{"9", oms_fix_handle_cancel_reject, FIX_REPORT},
	{"J", oms_fix_handle_allocation, FIX_NO_EMPTY | FIX_SEVERAL, oms_fix_own_of_allocation, oms_fix_grouped_of_allocation},
	{"f", oms_fix_handle_security_status, FIX_MARKET | FIX_REPORT, oms_fix_own_of_market},
	{"h", oms_fix_handle_trading_session_status, FIX_MARKET | FIX_REPORT, oms_fix_own_of_market},
	{"R", oms_fix_handle_quote_request, FIX_QUOTE | FIX_NO_EMPTY | FIX_SEVERAL | FIX_ONE_SYMBOL, oms_fix_own_of_quote_request},
	{"AG", oms_fix_handle_quote_request_reject, FIX_QUOTE | FIX_REPORT | FIX_SEVERAL | FIX_ONE_SYMBOL, oms_fix_own_of_quote_request},
	{"S", oms_fix_handle_quote, FIX_QUOTE | FIX_REPORT},
	{"AJ", oms_fix_handle_quote_response, FIX_QUOTE | FIX_NO_EMPTY},
	{"Z", oms_fix_handle_quote_cancel, FIX_QUOTE | FIX_SEVERAL, oms_fix_own_of_quote_cancel},
	{"AI", oms_fix_handle_quote_status_report, FIX_QUOTE | FIX_REPORT | FIX_SEVERAL},
	{"b", oms_fix_handle_mass_quote_ack, FIX_QUOTE | FIX_REPORT | FIX_SEVERAL, oms_fix_own_of_mass_quote_ack},
	{"i", oms_fix_handle_mass_quote, FIX_QUOTE | FIX_REPORT | FIX_SEVERAL, oms_fix_own_of_mass_quote}
};

const FixMessageDef *
oms_fix_message_def(const char *msg_type)
{
	for (int i = 0; i < lengthof(messages); i++)
		if (strcmp(messages[i].msg_type, msg_type) == 0)
			return &messages[i];
	return NULL;
}

Refusal *
oms_fix_check_account(const FixContext *fix, const char *account, bool makes)
{
	const FixSession *session = fix->session;

	if (session == NULL || session->account == NULL || (account == NULL && !makes))
		return NULL;
	/* before they are compared: nothing that is said finds out which it is */
	if (oms_accounts_are_limited() && !oms_account_is_seen(session->account))
		return oms_with_detail(oms_refuse(OMS_NOT_PERMITTED, "FIX session \"%s\" is not permitted for role \"%s\"", session->name,
										  GetUserNameFromId(GetUserId(), false)),
							   "It is of an account that the role may not see.");
	if (account == NULL || strcmp(account, session->account) == 0)
		return NULL;
	return oms_refuse_by_rule("session_account", psprintf("FIX session \"%s\" is of another account", session->name),
							  "account is %s, the session's is %s.", account, session->account);
}

/*
 * May the session send this?  A report of a client's session would be our own to
 * him, and count a second time; it is refused, not ignored: if the session is a
 * broker's after all, it is a fact.
 */
static Refusal *
fix_check_session(FixContext *fix)
{
	const FixSession *session = fix->session = oms_fix_session(fix->message.session);
	bool		reports = (fix->message.def->traits & FIX_REPORT) != 0;

	if (session == NULL)
		return NULL;
	if (!session->enabled)
		return oms_with_hint(oms_with_detail(oms_refuse(OMS_NOT_PERMITTED, "FIX session \"%s\" is not enabled", session->name),
											 "A message of type %s came.", fix->message.msg_type),
							 "The owner of oms.fix_sessions can enable it.");
	if (session->is_client && reports)
		return oms_with_hint(oms_refuse_by_rule("session_direction", psprintf("FIX session \"%s\" is a client's, and reports nothing", session->name),
												"a message of type %s came; its direction is CLIENT.", fix->message.msg_type),
							 "If a broker reports in it, its direction in oms.fix_sessions is BROKER.");
	return reports ? NULL : oms_fix_check_account(fix, oms_fix_get(&fix->message, TAG_ACCOUNT), (fix->message.def->traits & FIX_NEW) != 0);
}

static Refusal *
fix_check_caller(FixContext *fix)
{
	Refusal    *refusal = oms_gate_check_role(ROLE_TRADER, "FIX messages");

	return refusal ? refusal : fix_check_session(fix);
}

void
oms_fix_name(FixContext *fix, TreeNames *names)
{
	if (fix->message.def == NULL || fix_check_caller(fix) != NULL)
		return;
	if (fix->message.def->traits & FIX_QUOTE)
	{
		fix->naming = names;
		/* up to where it would lock; what it refuses, it refuses again */
		(void) fix->message.def->handler(fix);
		fix->naming = NULL;
		fix->ignored = NULL;
	}
	else if (!(fix->message.def->traits & FIX_MARKET))
	{
		oms_fix_name_orders(fix->uow, &fix->message, &fix->orders, names);
		fix->orders.locked = true;
	}
}

Refusal *
oms_fix_handle(FixContext *fix)
{
	if (fix->message.def)
	{
		Refusal    *refusal = fix_check_caller(fix);

		if (refusal)
			return refusal;
		if (fix->message.def->traits & (FIX_QUOTE | FIX_MARKET))
			return fix->message.def->handler(fix);
		oms_fix_find_orders(fix->uow, &fix->message, &fix->orders);
		refusal = fix->message.def->handler(fix);
		/* a report that would change what the sender may not see is of an order that nobody knows */
		if (refusal == NULL || !refusal->beyond || !(fix->message.def->traits & FIX_REPORT) || fix->results != NIL)
			return refusal;
		fix->orders = (FixOrders) {0};
		return fix->message.def->handler(fix);
	}
	fix->ignored = "messages of this type stand for no command";
	return NULL;
}

Jsonb *
oms_fix_answer(const FixContext *fix)
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

Refusal *
oms_fix_read(bytea *bytes, bool as_text, FixMessage *message)
{
	Refusal    *refusal;

	if (bytes == NULL)
		return oms_refuse(OMS_BAD_FIX, "a FIX message must not be null");
	refusal = oms_message_check_size(VARSIZE_ANY_EXHDR(bytes));
	if (refusal)
	{
		message->head = oms_fix_head(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
		return refusal;
	}
	if (as_text)
		return oms_fix_parse_text(text_to_cstring(bytes), VARSIZE_ANY_EXHDR(bytes), message);
	return oms_fix_parse_bytes(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), message);
}

static Refusal *
fix_read_argument(FunctionCallInfo fcinfo, bool as_text, FixMessage *message)
{
	return oms_fix_read(PG_ARGISNULL(0) ? NULL : PG_GETARG_BYTEA_PP(0), as_text, message);
}

static Datum
fix_apply(FunctionCallInfo fcinfo, bool as_text)
{
	FixContext	fix = {0};
	Refusal    *refusal;

	oms_run_begin("oms_fix()", true);
	refusal = fix_read_argument(fcinfo, as_text, &fix.message);
	if (refusal == NULL)
	{
		fix.uow = oms_uow_begin();
		refusal = oms_fix_handle(&fix);
	}
	if (refusal)
		oms_run_raise(refusal);
	oms_run_end(fix.uow, NULL);
	PG_RETURN_JSONB_P(oms_fix_answer(&fix));
}

Datum
oms_fix(PG_FUNCTION_ARGS)
{
	return fix_apply(fcinfo, true);
}

Datum
oms_fix_bytes(PG_FUNCTION_ARGS)
{
	return fix_apply(fcinfo, false);
}

/* ------------------------------------------------------------------------
 * refusals as results
 * ------------------------------------------------------------------------
 */

/* The message, as events would have it. */
static Jsonb *
fix_message_alone(const FixMessage *message)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	if (message->msg_type)
		oms_json_string(&w, "msgType", message->msg_type);
	if (message->raw)
		oms_fix_put_origin(&w, message);
	if (message->head)
		oms_json_string(&w, "fixMessageBegin", message->head);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static Jsonb *
fix_answer_refused(const FixMessage *message, Jsonb *result)
{
	JsonWriter	w = {0};
	JsonbValue	hold;

	oms_json_open_object(&w);
	oms_json_string(&w, "status", "REJECTED");
	if (message->msg_type)
		oms_json_string(&w, "msgType", message->msg_type);
	oms_json_scalar(&w, "error", oms_json_get(result, "error", &hold));
	oms_json_key(&w, "results");
	oms_json_open_array(&w);
	oms_json_close_array(&w);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

Jsonb *
oms_fix_keep_refusal(UnitOfWork *uow, const FixMessage *message, const Refusal *refusal)
{
	return fix_answer_refused(message, oms_run_keep(uow, fix_message_alone(message), refusal));
}

/* The answer, or NULL and why it was refused. */
static Jsonb *
fix_apply_whole(FixContext *fix, Refusal **refusal)
{
	fix->uow = oms_uow_begin();
	*refusal = oms_fix_handle(fix);
	if (*refusal)
		return NULL;
	oms_uow_flush(fix->uow);
	return oms_fix_answer(fix);
}

bool
oms_fix_is_several(const FixMessage *message)
{
	if (message->def && (message->def->traits & FIX_SEVERAL))
		return !(message->def->traits & FIX_ONE_SYMBOL) || oms_fix_count_instances(message, TAG_NO_RELATED_SYM) > 1;
	return oms_fix_get(message, TAG_NO_FILLS) != NULL;
}

/* An error ends the subtransaction too, or the session would stay in it. */
Jsonb *
oms_fix_try_apply(FixContext *fix, Refusal **refusal)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	Jsonb	   *volatile result = NULL;
	volatile bool open = true;

	if (!oms_fix_is_several(&fix->message))
		return fix_apply_whole(fix, refusal);
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		result = fix_apply_whole(fix, refusal);
		open = false;
		if (result)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		if (open)
			RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		ReThrowError(error);
	}
	PG_END_TRY();
	if (result == NULL)
	{
		/* the command that had the message is gone too */
		fix->uow = NULL;
		fix->message.kept_in = NULL;
	}
	return result;
}

static Datum
fix_try(FunctionCallInfo fcinfo, const char *function, bool as_text, bool keep)
{
	FixContext	fix = {0};
	Jsonb	   *result = NULL;
	Refusal    *refusal;

	oms_run_begin(function, true);
	refusal = fix_read_argument(fcinfo, as_text, &fix.message);
	if (refusal == NULL)
		result = oms_fix_try_apply(&fix, &refusal);
	if (result == NULL && !keep)
		result = fix_answer_refused(&fix.message, oms_run_tell(fix_message_alone(&fix.message), refusal));
	else if (result == NULL)
	{
		if (fix.uow == NULL)
			fix.uow = oms_uow_begin();
		result = oms_fix_keep_refusal(fix.uow, &fix.message, refusal);
		oms_uow_flush(fix.uow);
	}
	oms_run_end(NULL, refusal);
	PG_RETURN_JSONB_P(result);
}

Datum
oms_try_fix(PG_FUNCTION_ARGS)
{
	return fix_try(fcinfo, "oms_try_fix()", true, true);
}

Datum
oms_try_fix_bytes(PG_FUNCTION_ARGS)
{
	return fix_try(fcinfo, "oms_try_fix()", false, true);
}

Datum
oms_remote_fix(PG_FUNCTION_ARGS)
{
	return fix_try(fcinfo, "oms.remote_fix()", true, false);
}

Datum
oms_remote_fix_bytes(PG_FUNCTION_ARGS)
{
	return fix_try(fcinfo, "oms.remote_fix()", false, false);
}
