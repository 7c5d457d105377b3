/*-------------------------------------------------------------------------
 *
 * fill_waiting.c
 *	  Fills that wait for an order, once it comes to be known.
 *
 * Pure: reads through the decision's source.  What waits is in trees of its own,
 * which nobody has locked: of it its events are read, and it is told again by a
 * command of its own, which locks and asks for all that any report does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/guc.h"
#include "base/moment.h"
#include "core/execution/execution.h"
#include "core/execution/fill_waiting.h"

/* What its events tell of one that waits. */
typedef struct WaitingFill
{
	const char *id;
	Jsonb	   *report;			/* its first command */
	TimestampTz told_at;
	bool		waits;			/* for any order, and nobody has changed it */
	char	   *session;
	char	   *cl_ord_id;
	char	   *order_id;		/* the one that it names */
	char	   *symbol;
	char	   *side;
	FollowUp	again;			/* the report as it is told again */
	MemoryContext keep;
} WaitingFill;

void
oms_fill_name_waiting(Decision *d, const Command *command)
{
	const char *const names[] = {command->cl_ord_id, command->counterparty_order_id, command->order_id};

	/* sessions are compared when it is looked for: an order of none belongs to the first that names it */
	for (int i = 0; i < lengthof(names); i++)
		oms_decision_name(d, NAME_WAITING_ORDER_ID, NULL, names[i], command->execution_id);
}

/* The newest event says how it is; the payload goes with the next one. */
static void
waiting_visit(Jsonb *payload, void *arg)
{
	WaitingFill *fill = arg;
	MemoryContext old = MemoryContextSwitchTo(fill->keep);
	Jsonb	   *state = oms_json_get_container(payload, "state");
	Jsonb	   *reasons = state ? oms_json_get_container(state, "reviewReasons") : NULL;
	static const char *const touched[] = {"orderId", "correctedExecutionId", "correctingExecutionId", "reportedLastQty", "reportedLastPx",
	"reportedSymbol", "reportedSide"};

	if (fill->report == NULL)
	{
		fill->report = oms_json_get_container(payload, "command");
		fill->again.actor = oms_json_get_string(payload, "actor");
		fill->again.role = oms_json_get_string(payload, "role");
	}
	fill->waits = state && oms_same_text(oms_json_get_string(state, "status"), "REVIEW") && oms_reasons_have(reasons, REVIEW_UNKNOWN_ORDER);
	for (int i = 0; fill->waits && i < lengthof(touched); i++)
	{
		JsonbValue	hold;

		fill->waits = oms_json_get(state, touched[i], &hold) == NULL;
	}
	if (fill->waits)
	{
		char	   *at = oms_json_get_string(state, "createdAt");

		if (at == NULL || !oms_time_parse(at, strlen(at), &fill->told_at))
			fill->told_at = NO_TIME;
		fill->session = oms_json_get_string(state, "fixSession");
		fill->cl_ord_id = oms_json_get_string(state, "clOrdID");
		fill->symbol = oms_json_get_string(state, "symbol");
		fill->side = oms_json_get_string(state, "side");
		fill->order_id = oms_reasons_order(reasons);
		fill->again.account = oms_json_get_string(state, "account");
		if (fill->again.account == NULL)
			fill->again.account = oms_json_get_string(state, "reportedAccount");
	}
	MemoryContextSwitchTo(old);
}

/*
 * Would its report mean this order today?  As oms_fix() matches: by ClOrdID in its
 * session or of an SQL caller's order, or by OrderID alone, where nothing is against it.
 */
static bool
waiting_means(const Decision *d, const WaitingFill *fill, const NewName *name, const Order *order)
{
	if (fill->session == NULL)
		return oms_same_text(fill->order_id, order->id);
	if (order->fix_session && strcmp(order->fix_session, fill->session) != 0)
		return false;
	if (name->which == NAME_CL_ORD_ID)
		return oms_same_text(fill->cl_ord_id, name->name);
	return order->fix_session && !(order->cl_ord_id && fill->cl_ord_id) &&
		list_length(d->source->all_named(d->source, NAME_COUNTERPARTY_ORDER_ID, fill->session, name->name)) <= 1 &&
		!(fill->symbol && oms_symbols_differ(fill->symbol, order->symbol)) && (fill->side == NULL || strcmp(fill->side, order->side) == 0);
}

/* Its report, of this order, and because of the command that made that known. */
static Jsonb *
waiting_tell_again(const Decision *d, const WaitingFill *fill, const Order *order)
{
	static const char *const others[] = {"commandId", "rootId", "expectedVersion", "orderId", "executionId", "causationId"};
	JsonWriter	w = {0};
	JsonbIterator *it = JsonbIteratorInit(&fill->report->root);
	JsonbValue	key,
				v;
	JsonbIteratorToken token;

	oms_json_open_object(&w);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		bool		is_other = false;

		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &v, true);
		for (int i = 0; i < lengthof(others); i++)
			is_other |= key.val.string.len == strlen(others[i]) && memcmp(key.val.string.val, others[i], key.val.string.len) == 0;
		if (is_other)
			continue;
		oms_json_key_len(&w, key.val.string.val, key.val.string.len);
		oms_json_scalar(&w, NULL, &v);
	}
	oms_json_string(&w, "orderId", order->id);
	oms_json_string(&w, "causationId", d->command->command_id);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static void
waiting_find(Decision *d, const NewName *name, List **found)
{
	const Order *order = oms_get_order(d, name->id);
	ListCell   *cell;

	foreach(cell, d->source->all_named(d->source, NAME_WAITING_ORDER_ID, "", name->name))
	{
		WaitingFill *fill = palloc0(sizeof(WaitingFill));

		CHECK_FOR_INTERRUPTS();
		fill->id = lfirst(cell);
		fill->keep = CurrentMemoryContext;
		d->source->each_event(d->source, KIND_EXECUTION, fill->id, waiting_visit, fill);
		if (!fill->waits || fill->report == NULL || !waiting_means(d, fill, name, order))
			continue;
		fill->again.command = waiting_tell_again(d, fill, order);
		fill->again.order = order;
		*found = lappend(*found, fill);
	}
}

static int
waiting_compare(const ListCell *a, const ListCell *b)
{
	const WaitingFill *first = lfirst(a);
	const WaitingFill *second = lfirst(b);

	if (first->told_at != second->told_at)
		return first->told_at < second->told_at ? -1 : 1;
	return strcmp(first->id, second->id);
}

List *
oms_follow_ups(Decision *d)
{
	List	   *found = NIL;
	ListCell   *cell;

	if (!oms_guc_book_waiting_fills)
		return NIL;
	foreach(cell, d->names)
	{
		const NewName *name = lfirst(cell);

		if (name->which == NAME_CL_ORD_ID || name->which == NAME_COUNTERPARTY_ORDER_ID)
			waiting_find(d, name, &found);
	}
	foreach(cell, d->changes)
	{
		const Change *change = lfirst(cell);
		NewName		name = {NAME_CL_ORD_ID, "", change->after->id, change->after->id};

		if (change->is_new && change->id_is_given && change->after->kind == KIND_ORDER)
			waiting_find(d, &name, &found);
	}
	list_sort(found, waiting_compare);
	foreach(cell, found)
		lfirst(cell) = &((WaitingFill *) lfirst(cell))->again;
	return found;
}
