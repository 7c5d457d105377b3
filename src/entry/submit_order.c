/*-------------------------------------------------------------------------
 *
 * submit_order.c
 *	  The service SubmitClientOrder: a client order is made, and routed.
 *
 * Up to three commands, in one unit of work: its own, and by that one's id with
 * "/place" or "/desk" behind it what the routing decides.  Each goes through the one
 * pipeline, and their events are all that is remembered: a repeat, which finds the
 * first id known, is answered from them, and does nothing.  Writes and locks nothing
 * itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "core/command_size.h"
#include "core/order/order.h"
#include "core/order/order_placement.h"
#include "entry/submit_order.h"
#include "store/placement.h"
#include "store/routing.h"
#include "store/sight.h"

#define STEP_PLACE		"place"
#define STEP_DESK		"desk"
#define STEP_SIZE		((int) sizeof("/" STEP_PLACE) - 1)

#define PLACE_TRIES		3

/* What the desk reads of a refusal. */
#define REASON_LENGTH_MAX	1000

/* ------------------------------------------------------------------------
 * the steps
 * ------------------------------------------------------------------------
 */

static char *
submit_step_id(const Command *cause, const char *step)
{
	return psprintf("%s/%s", cause->command_id, step);
}

/*
 * `cause`: the command that it follows from, or NULL.  Nobody repeats an id that was
 * made: then the step's is not remembered either.
 */
static JsonWriter
submit_step(const Command *cause, CommandType type, const char *step, const char *order_id)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	oms_json_string(&w, "commandType", oms_command_defs[type].name);
	if (cause && cause->command_id_given)
		oms_json_string(&w, "commandId", submit_step_id(cause, step));
	if (cause)
		oms_json_string(&w, "causationId", cause->command_id);
	if (cause && cause->correlation_id)
		oms_json_string(&w, "correlationId", cause->correlation_id);
	oms_json_string(&w, "orderId", order_id);
	return w;
}

static List *
submit_findings(UnitOfWork *uow, const Command *command, void *arg)
{
	return arg;
}

static TakenCommand *
submit_take_step(const Command *cause, JsonWriter *w, const char *step, List *findings)
{
	TakenCommand *taken;

	oms_json_close_object(w);
	taken = oms_run_own(oms_json_finish(w));
	taken->ask = submit_findings;
	taken->arg = findings;
	if (cause && !cause->command_id_given)
		oms_command_name(&taken->command, submit_step_id(cause, step));
	return taken;
}

static Jsonb *
submit_to_desk(UnitOfWork *uow, const Command *cause, const char *order_id, const char *reason, List *findings, Refusal **refusal)
{
	JsonWriter	w = submit_step(cause, COMMAND_SEND_TO_DESK, STEP_DESK, order_id);
	TakenCommand *taken;

	oms_json_string(&w, "reason", reason);
	taken = submit_take_step(cause, &w, STEP_DESK, findings);
	taken->command.decided = true;
	return oms_run(uow, taken, false, refusal);
}

/* An order that is full has room for no long reason: that must not keep it from the desk. */
Jsonb *
oms_submit_to_desk(UnitOfWork *uow, const Command *cause, const char *order_id, const char *reason, List *findings, Refusal **refusal)
{
	Jsonb	   *result = submit_to_desk(uow, cause, order_id, reason, findings, refusal);

	if (result == NULL && (*refusal)->too_large)
		result = submit_to_desk(uow, cause, order_id, oms_text_as_code(reason), findings, refusal);
	return result;
}

char *
oms_submit_refused_reason(const Refusal *refusal)
{
	char	   *reason = psprintf("PLACEMENT_REFUSED: %s%s%s", refusal->message, refusal->detail ? ". " : "", refusal->detail ? refusal->detail : "");

	reason[pg_mbcliplen(reason, strlen(reason), REASON_LENGTH_MAX)] = '\0';
	return reason;
}

bool
oms_submit_name_is_taken(void *arg, const char *cl_ord_id)
{
	ObjectSource *source = arg;

	return source->named(source, NAME_CL_ORD_ID, "", cl_ord_id) != NULL;
}

static bool
submit_name_may_be_free(void *arg, const char *cl_ord_id)
{
	return false;
}

static Refusal *
submit_place_once(UnitOfWork *uow, const Command *create, const Order *order, List *findings, bool look)
{
	const PlacementPolicy *policy;
	Finding    *finding;
	JsonWriter	w;
	TakenCommand *taken;
	List	   *children;
	Refusal    *refusal = oms_placement_choose(create, &order->object, &policy, &finding);

	if (refusal == NULL)
		refusal = oms_placement_make(policy, order, oms_uow_now(uow), look || policy->slices > 1 ? oms_submit_name_is_taken : submit_name_may_be_free,
									 oms_uow_source(uow), &children);
	if (refusal)
		return refusal;
	w = submit_step(create, COMMAND_PLACE_ORDER, STEP_PLACE, order->id);
	oms_json_jsonb(&w, "children", oms_placement_json(policy, order, children));
	taken = submit_take_step(create, &w, STEP_PLACE, lappend(list_copy(findings), finding));
	taken->untold = true;
	(void) oms_run(uow, taken, false, &refusal);
	return refusal;
}

/*
 * Hardly any name is taken, and the claim says so: names are looked up once it has, or
 * where slices are only planned, which claim nothing yet.  One that was free may
 * be taken by whoever commits first: then others are looked for.
 */
static Refusal *
submit_place(UnitOfWork *uow, const Command *create, const Order *order, List *findings)
{
	Refusal    *refusal = submit_place_once(uow, create, order, findings, false);

	for (int tries = 0; refusal && refusal->sqlstate == OMS_DUPLICATE && tries < PLACE_TRIES; tries++)
		refusal = submit_place_once(uow, create, order, findings, true);
	return refusal;
}

Refusal *
oms_submit_route(UnitOfWork *uow, const Command *create)
{
	const Order *order = (const Order *) oms_uow_object(uow, KIND_ORDER, create->order_id);
	Routing		routing;
	Refusal    *refusal;

	/* made in a halt */
	if (order->desk_status != 0)
		return NULL;
	oms_routing_ask(create, &order->object, &routing);
	if (routing.action == ROUTE_AUTO)
	{
		refusal = submit_place(uow, create, order, routing.findings);
		if (refusal == NULL)
			return NULL;
		routing.reason = oms_submit_refused_reason(refusal);
	}
	(void) oms_submit_to_desk(uow, create, order->id, routing.reason, routing.findings, &refusal);
	return refusal;
}

/* ------------------------------------------------------------------------
 * the answer
 * ------------------------------------------------------------------------
 */

static void
submit_tell(JsonWriter *w, const char *key, Jsonb *object, const char *name)
{
	JsonbValue	hold;
	JsonbValue *v = object ? oms_json_get(object, name, &hold) : NULL;

	if (v)
		oms_json_scalar(w, key, v);
}

/* What decided: the rule that matched or failed, or the halt that the order was made in. */
static Jsonb *
submit_deciding(Jsonb *findings)
{
	for (int i = 0; findings && i < JB_ROOT_COUNT(findings); i++)
	{
		Jsonb	   *finding = JsonbValueToJsonb(getIthJsonbValueFromContainer(&findings->root, i));
		char	   *answer = oms_json_get_string(finding, "answer");
		char	   *severity;

		/* most of them are rules that did not match */
		if (answer && strcmp(answer, "TRUE") != 0 && strcmp(answer, "ERROR") != 0)
			continue;
		severity = oms_json_get_string(finding, "severity");
		if (oms_same_text(oms_json_get_string(finding, "action"), PLACEMENT_ACTION))
			continue;
		if (oms_same_text(severity, "DESK") || (answer && oms_same_text(severity, "ROUTE")))
			return finding;
	}
	return NULL;
}

/* The order's newest event is that of the step that was its last. */
void
oms_submit_tell_routing(Jsonb *const *payloads, int count, JsonWriter *w)
{
	const char *id = count > 0 ? oms_json_get_string(payloads[0], "aggregateId") : NULL;
	Jsonb	   *state = NULL;
	Jsonb	   *finding;
	bool		to_desk;

	while (id && state == NULL && count-- > 0)
		if (oms_same_text(oms_json_get_string(payloads[count], "aggregateId"), id))
			state = oms_json_get_container(payloads[count], "state");
	if (state == NULL)
		return;
	finding = submit_deciding(oms_json_get_container(payloads[count], "findings"));
	to_desk = oms_json_get_string(state, "deskStatus") != NULL;
	oms_json_key(w, "routing");
	oms_json_open_object(w);
	oms_json_string(w, "action", to_desk ? "DESK" : "AUTO");
	submit_tell(w, "rule", finding, "rule");
	submit_tell(w, "version", finding, "version");
	if (to_desk)
		submit_tell(w, "reason", state, "deskReason");
	else
		submit_tell(w, "reason", finding, "message");
	oms_json_close_object(w);
}

static Jsonb *
submit_result(UnitOfWork *uow, ResultSource *source)
{
	source->kind = KIND_ORDER;
	source->steps = true;
	source->tells = oms_submit_tell_routing;
	if (!oms_result_is_told(source))
		source->state = oms_object_state(oms_uow_peek(uow, KIND_ORDER, source->id));
	return oms_result_build(source);
}

/* Of whatever came of it at least one event is behind that of its creation, or has it on the desk. */
Refusal *
oms_submit_check_routed(const char *command_id, Jsonb *const *payloads, int count)
{
	for (int i = 0; i < count; i++)
		if (!oms_same_text(oms_json_get_string(payloads[i], "commandId"), command_id) ||
			oms_json_get_string(oms_json_get_container(payloads[i], "state"), "deskStatus"))
			return NULL;
	if (count == 0)
		return NULL;
	return oms_with_detail(oms_refuse(OMS_DUPLICATE, "commandId \"%s\" is already used", command_id),
						   "It made order \"%s\", which nobody has routed.", oms_json_get_string(payloads[0], "aggregateId"));
}

/* Nothing was done: the id of the command is known. */
static Jsonb *
submit_recall(UnitOfWork *uow, const Command *create, Refusal **refusal)
{
	ResultSource source = {.command_id = create->command_id, .duplicate = true};

	oms_run_recall(uow, create->command_id, NULL, &source);
	oms_run_recall(uow, psprintf("%s/%s", create->command_id, STEP_PLACE), create->command_id, &source);
	oms_run_recall(uow, psprintf("%s/%s", create->command_id, STEP_DESK), create->command_id, &source);
	*refusal = oms_sight_check_answer(uow, KIND_ORDER, source.id);
	if (*refusal == NULL)
		*refusal = oms_submit_check_routed(create->command_id, source.payloads, source.npayloads);
	return *refusal ? NULL : submit_result(uow, &source);
}

Jsonb *
oms_submit_order(UnitOfWork *uow, TakenCommand *create, bool searched, Refusal **refusal)
{
	ResultSource source = {.token = oms_uow_token(uow)};
	int			first = oms_uow_count_events(uow);
	const Event *events;

	if (create->refusal == NULL && create->command.command_id_given && strlen(create->command.command_id) > ID_LENGTH_MAX - STEP_SIZE)
		create->refusal = oms_refuse(OMS_MALFORMED, "the commandId of SubmitClientOrder has at most %d bytes", ID_LENGTH_MAX - STEP_SIZE);
	create->untold = true;
	if (oms_run(uow, create, searched, refusal) == NULL)
		return NULL;
	if (oms_uow_count_events(uow) == first)
		return submit_recall(uow, &create->command, refusal);
	/* an error where it can be neither placed nor sent to the desk: it is not to stand */
	*refusal = oms_submit_route(uow, &create->command);
	if (*refusal)
		oms_run_raise(*refusal);
	source.id = create->command.order_id;
	source.command_id = create->command.command_id;
	events = oms_uow_events_since(uow, first, &source.npayloads);
	source.payloads = palloc(sizeof(Jsonb *) * source.npayloads);
	for (int i = 0; i < source.npayloads; i++)
		source.payloads[i] = events[i].payload;
	return submit_result(uow, &source);
}
