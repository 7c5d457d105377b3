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

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "command.h"
#include "fix_private.h"
#include "handlers.h"

PG_FUNCTION_INFO_V1(oms_fix);

typedef Refusal *(*FixHandler) (FixContext *fix);

/* What is wrong with a field of the message makes the message damaged. */
Refusal *
oms_fix_run(FixContext *fix, JsonWriter *w)
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
	const Order *order = oms_uow_order(fix->uow, order_id);
	Outcome		outcome = {.store = &oms_order_store, .id = order_id};
	ResultSource source = {.outcome = &outcome, .duplicate = duplicate,
	.xid = oms_uow_xid(fix->uow)};

	if (order)
		source.state = oms_record_state(&oms_order_def, order);
	fix->results = lappend(fix->results, oms_result_build(&source));
}

Refusal *
oms_fix_require(const FixMessage *message, const int *tags, int count)
{
	for (int i = 0; i < count; i++)
		if (oms_fix_get(message, tags[i]) == NULL)
			return oms_with_detail(oms_refuse(OMS_BAD_FIX, "damaged FIX message"),
								   "Tag %d is required in a message of type %s.", tags[i], message->msg_type);
	return NULL;
}

static const struct
{
	const char *msg_type;
	FixHandler	handler;
}			message_handlers[] = {
	{"D", oms_fix_handle_new_order},
	{"F", oms_fix_handle_cancel_request},
	{"G", oms_fix_handle_replace_request},
	{"H", oms_fix_handle_status_request},
	{"8", oms_fix_handle_execution_report},
	{"9", oms_fix_handle_cancel_reject}
};

static FixHandler
find_handler(const char *msg_type)
{
	for (int i = 0; i < lengthof(message_handlers); i++)
		if (strcmp(message_handlers[i].msg_type, msg_type) == 0)
			return message_handlers[i].handler;
	return NULL;
}

bool
oms_fix_knows_type(const char *msg_type)
{
	return find_handler(msg_type) != NULL;
}

static Refusal *
handle(FixContext *fix)
{
	FixHandler	handler = find_handler(fix->message.msg_type);

	if (handler)
		return handler(fix);
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
