/*-------------------------------------------------------------------------
 *
 * order_cascade.c
 *	  A replacement that orders below have to follow first: how it ends.
 *
 * Pure.  The requests of one cascade have its id.  Of an order above children that
 * were asked, its own request counts how many of them have yet to answer, and
 * remembers why one has refused.  A child that has ended has answered; a fill
 * answers nothing.  When the last one has, the same command puts the order's
 * replacement into force, or rejects it; so does the order above, which waited for this one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "base/decimal.h"
#include "core/order/order_cascade.h"

/* What is remembered of a refusal. */
#define REFUSED_LENGTH_MAX	256

/* Open requests of an order that are part of a cascade; what is closed has none. */
static int
cascade_count(const Order *order, const char *cascade_id)
{
	int			count;
	int			open = 0;
	OrderRequest *requests;

	if (order == NULL || order->pending_requests == NULL || oms_order_is_closed(order))
		return 0;
	requests = oms_requests_from_json(order->pending_requests, &count);
	for (int i = 0; i < count; i++)
		open += requests[i].cascade_id != NULL && (cascade_id == NULL || strcmp(requests[i].cascade_id, cascade_id) == 0);
	return open;
}

bool
oms_cascade_moves(const Order *before, const Order *after)
{
	Jsonb	   *a = before ? before->pending_requests : NULL;
	Jsonb	   *b = after->pending_requests;

	if (a == NULL && b == NULL)
		return false;
	if (before && a && b && oms_order_is_closed(before) == oms_order_is_closed(after) &&
		VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0)
		return false;
	return cascade_count(before, NULL) > 0 || cascade_count(after, NULL) > 0;
}

static const char *
cascade_shorten(char *text)
{
	text[pg_mbcliplen(text, strlen(text), REFUSED_LENGTH_MAX)] = '\0';
	return text;
}

const char *
oms_cascade_refusal(const OrderEvent *event, const Order *order)
{
	const Command *command = event->command;
	const char *why = command->text ? command->text : command->reason;

	if (!event->own || event->edit != REQUEST_ANSWER || !oms_has_trait(command->def, TRAIT_ANSWER_FROM_COUNTERPARTY))
		return NULL;
	return cascade_shorten(psprintf("order \"%s\" refused%s%s", order->id, why ? ": " : "", why ? why : ""));
}

static void
cascade_answer(OrderEvent *event, const OrderRequest *request)
{
	event->edit = REQUEST_ANSWER;
	event->request.kind = request->kind;
	event->request.cascade_id = request->cascade_id;
}

static const OrderRequest *
cascade_find(const Order *order, const char *cascade_id)
{
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);

	for (int i = 0; i < count; i++)
		if (oms_same_text(requests[i].cascade_id, cascade_id))
			return &requests[i];
	return NULL;
}

/* One that has ended while it waited knew of a refusal below it. */
static const char *
cascade_refused_below(const Order *order, const char *cascade_id)
{
	const OrderRequest *request = order ? cascade_find(order, cascade_id) : NULL;

	return request ? request->refused : NULL;
}

bool
oms_cascade_roll_up(const Order *parent, const Order *before, const Order *after, const char **refused, OrderEvent *event)
{
	int			count;
	OrderRequest *requests = oms_requests_from_json(parent->pending_requests, &count);
	const char *why = *refused;

	*refused = NULL;
	for (int i = 0; i < count; i++)
	{
		int			more;

		if (requests[i].cascade_id == NULL)
			continue;
		more = cascade_count(after, requests[i].cascade_id) - cascade_count(before, requests[i].cascade_id);
		if (more == 0)
			continue;
		event->cascade_id = requests[i].cascade_id;
		event->awaits = more;
		event->refused = more >= 0 ? NULL : why ? why : cascade_refused_below(before, requests[i].cascade_id);
		/* the cancel that superseded it came too late: both are over, in the one event that says so */
		if (requests[i].awaits + more <= 0 && event->transition->trigger != TRIGGER_ROLL_UP && requests[i].kind == REQUEST_REPLACE)
		{
			cascade_answer(event, &requests[i]);
			*refused = event->reason = psprintf("order \"%s\" was to be cancelled", parent->id);
		}
		return true;
	}
	return false;
}

static bool
cascade_is_superseded(const Order *order)
{
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);

	for (int i = 0; i < count; i++)
		if (requests[i].kind == REQUEST_CANCEL && requests[i].shown)
			return true;
	return false;
}

/* As if somebody asked for it now: fills may have come meanwhile, and children others than the cascade knew. */
static Refusal *
cascade_try(Decision *d, const Order *order, const OrderRequest *request, OrderEvent *event)
{
	Command    *asked = palloc(sizeof(Command));
	OrderContext context = {.order = order, .decision = d, .now = oms_decision_now(d)};

	oms_command_begin(&oms_command_defs[COMMAND_REPLACE_ORDER], asked);
	asked->order_id = order->id;
	asked->cl_ord_id = unconstify(char *, request->cl_ord_id);
	asked->terms = request->terms;
	asked->side = unconstify(char *, request->terms.side);
	asked->account = unconstify(char *, request->terms.account);
	/* what only waits for children has nothing to change */
	if (asked->cl_ord_id == NULL && !oms_terms_given(&request->terms))
		return NULL;
	if (order->parent_id)
		context.parent = oms_get_order(d, order->parent_id);
	return oms_order_decide(asked, &context, event);
}

static const char *
cascade_why_not(Decision *d, const Order *order, const OrderRequest *request, OrderEvent *event)
{
	Refusal    *refusal;

	if (request->refused || request->kind == REQUEST_CANCEL)
		return request->refused;
	if (cascade_is_superseded(order))
		return psprintf("order \"%s\" is to be cancelled", order->id);
	refusal = cascade_try(d, order, request, event);
	return refusal ? cascade_shorten(psprintf("%s%s%s", refusal->message, refusal->detail ? ": " : "", refusal->detail ? refusal->detail : "")) : NULL;
}

bool
oms_cascade_end(Decision *d, const Order *order, const OrderEvent *children, const char **refused, OrderEvent *event)
{
	const OrderRequest *request = children->cascade_id ? cascade_find(order, children->cascade_id) : NULL;
	const char *why;
	uint32		facts;

	if (request == NULL || request->awaits > 0 || oms_order_is_closed(order))
		return false;
	oms_order_event_init(event, children->command);
	why = cascade_why_not(d, order, request, event);
	/* what is asked to end does so with the last of its children */
	if (why == NULL && request->kind == REQUEST_CANCEL)
		return false;
	if (why)
		oms_order_event_init(event, children->command);
	event->command = children->command;
	event->own = false;
	event->reason = why;
	cascade_answer(event, request);
	facts = (why ? FACT_REFUSED : 0) | (request->kind == REQUEST_CANCEL ? FACT_CANCELS : 0);
	event->transition = oms_order_transition(TRIGGER_CASCADE, order, facts, false);
	*refused = why;
	return true;
}

Numeric
oms_order_room(const Order *order)
{
	Numeric		room = order->unplaced_quantity;
	Numeric		taken;
	int			count;
	OrderRequest *requests;

	if (order->pending_requests == NULL)
		return room;
	requests = oms_requests_from_json(order->pending_requests, &count);
	taken = oms_dec_add(order->executed_quantity, order->reserved_quantity);
	for (int i = 0; i < count; i++)
		if (requests[i].cascade_id && requests[i].terms.order_qty)
			room = oms_dec_min(room, oms_dec_max(oms_dec_zero(), oms_dec_sub(requests[i].terms.order_qty, taken)));
	return room;
}
