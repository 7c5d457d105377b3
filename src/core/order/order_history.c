/*-------------------------------------------------------------------------
 *
 * order_history.c
 *	  What was said of an order before: its events, looked through.
 *
 * Pure: the source shows the events, those of this call included.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/execution/execution.h"
#include "core/order/order_history.h"
#include "core/order/order_members.h"

/* ------------------------------------------------------------------------
 * the same report
 * ------------------------------------------------------------------------
 */

static bool
history_same_terms(const OrderTerms *a, const OrderTerms *b)
{
	return oms_dec_same(a->order_qty, b->order_qty) && oms_dec_same(a->cash_order_qty, b->cash_order_qty) &&
		oms_dec_same(a->price, b->price) && oms_dec_same(a->stop_px, b->stop_px) &&
		oms_same_text(a->ord_type, b->ord_type) && oms_same_text(a->time_in_force, b->time_in_force) &&
		a->expire_time == b->expire_time && a->expire_date == b->expire_date;
}

static bool
history_same_figures(const Command *a, const Command *b)
{
	return oms_dec_same(a->cum_qty, b->cum_qty) && oms_dec_same(a->leaves_qty, b->leaves_qty) &&
		oms_dec_same(a->avg_px, b->avg_px) && oms_same_text(a->ord_status, b->ord_status);
}

/* All that a report says but for what moves on between two copies of it: figures, times, the envelope. */
static bool
history_same_report(const Command *a, const Command *b)
{
	return oms_same_text(a->exec_type, b->exec_type) && (a->exec_type || a->def == b->def) &&
		oms_same_text(a->exec_ref_id, b->exec_ref_id) && oms_same_text(a->cl_ord_id, b->cl_ord_id) &&
		oms_same_text(a->symbol, b->symbol) && oms_same_text(a->side, b->side) && oms_same_text(a->reason, b->reason) &&
		oms_dec_same(a->last_qty, b->last_qty) && oms_dec_same(a->last_px, b->last_px) &&
		oms_dec_same(a->quantity_factor, b->quantity_factor) && history_same_terms(&a->terms, &b->terms);
}

typedef struct ReportSearch
{
	const Order *order;
	const Command *command;
	bool		exact;
	Command    *found;
	MemoryContext keep;
} ReportSearch;

static void
history_visit_report(Jsonb *payload, void *arg)
{
	ReportSearch *search = arg;
	Jsonb	   *raw = search->found == NULL ? oms_json_get_container(payload, "command") : NULL;
	char	   *exec_id = raw ? oms_json_get_string(raw, "execID") : NULL;
	char	   *order_id = exec_id ? oms_json_get_string(raw, "orderId") : NULL;
	MemoryContext old;
	Command    *earlier;

	/* what happened below the order is in its events too */
	if (order_id == NULL || strcmp(exec_id, search->command->exec_id) != 0 ||
		strcmp(order_id, search->order->id) != 0)
		return;
	old = MemoryContextSwitchTo(search->keep);
	earlier = palloc(sizeof(Command));
	raw = oms_json_get_container(payload, "command");
	/* one of an older version that cannot be read any more is no repeat */
	if (oms_command_parse(raw, true, earlier) == NULL && history_same_report(search->command, earlier) &&
		(!search->exact || (search->command->transact_time == earlier->transact_time &&
							history_same_figures(search->command, earlier))))
		search->found = earlier;
	MemoryContextSwitchTo(old);
}

Command *
oms_history_report(ObjectSource *source, const Order *order, const Command *command, bool exact)
{
	ReportSearch search = {.order = order, .command = command, .exact = exact, .keep = CurrentMemoryContext};

	source->each_event(source, KIND_ORDER, order->id, history_visit_report, &search);
	return search.found;
}

typedef struct TypeSearch
{
	const Order *order;
	const char *field;
	const char *id;
	const char *command_type;
	bool		found;
} TypeSearch;

static void
history_visit_type(Jsonb *payload, void *arg)
{
	TypeSearch *search = arg;
	Jsonb	   *raw = oms_json_get_container(payload, "command");

	/* what happened below the order is in its events too, and a session of its own may use the same ids */
	if (raw && oms_same_text(oms_json_get_string(raw, search->field), search->id) &&
		oms_same_text(oms_json_get_string(raw, "orderId"), search->order->id) &&
		oms_same_text(oms_json_get_string(raw, "commandType"), search->command_type))
		search->found = true;
}

static bool
history_has_command(ObjectSource *source, const Order *order, const char *field, const char *id, CommandType type)
{
	TypeSearch	search = {.order = order, .field = field, .id = id, .command_type = oms_command_defs[type].name};

	source->each_event(source, KIND_ORDER, order->id, history_visit_type, &search);
	return search.found;
}

bool
oms_history_has_exec_id(ObjectSource *source, const Order *order, const char *exec_id, CommandType type)
{
	return history_has_command(source, order, "execID", exec_id, type);
}

bool
oms_history_has_cl_ord_id(ObjectSource *source, const Order *order, const char *cl_ord_id, CommandType type)
{
	return history_has_command(source, order, "clOrdID", cl_ord_id, type);
}

typedef struct NameSearch
{
	const Order *order;
	const char *cl_ord_id;
	bool		found;
} NameSearch;

static void
history_visit_name(Jsonb *payload, void *arg)
{
	NameSearch *search = arg;
	Jsonb	   *raw = oms_json_get_container(payload, "command");
	char	   *order_id = raw ? oms_json_get_string(raw, "orderId") : NULL;
	Command		earlier;

	if (raw == NULL || !oms_same_text(oms_json_get_string(raw, "clOrdID"), search->cl_ord_id) ||
		(order_id && strcmp(order_id, search->order->id) != 0))
		return;
	if (oms_command_parse(raw, true, &earlier) != NULL || !oms_command_is_report(&earlier))
		search->found = true;
}

bool
oms_history_was_asked(ObjectSource *source, const Order *order, const char *cl_ord_id)
{
	NameSearch	search = {.order = order, .cl_ord_id = cl_ord_id};

	source->each_event(source, KIND_ORDER, order->id, history_visit_name, &search);
	return search.found;
}

/* ------------------------------------------------------------------------
 * terms of the past
 * ------------------------------------------------------------------------
 */

typedef struct TermsSearch
{
	const char *cl_ord_id;
	List	   *found;			/* of PastTerms */
	MemoryContext keep;
} TermsSearch;

static void
history_visit_terms(Jsonb *payload, void *arg)
{
	TermsSearch *search = arg;
	Jsonb	   *state = oms_json_get_container(payload, "state");
	PastTerms  *last = search->found ? llast(search->found) : NULL;
	MemoryContext old;
	PastTerms  *terms;
	JsonbValue	hold;
	JsonbValue *price;

	if (state == NULL || !oms_same_text(oms_json_get_string(state, "clOrdID"), search->cl_ord_id))
		return;
	old = MemoryContextSwitchTo(search->keep);
	terms = palloc0(sizeof(PastTerms));
	terms->side = oms_json_get_string(state, "side");
	price = oms_json_get(state, "price", &hold);
	if (price && price->type == jbvNumeric)
		terms->price = DatumGetNumericCopy(NumericGetDatum(price->val.numeric));
	if (terms->side && !(last && strcmp(last->side, terms->side) == 0 && oms_dec_same(last->price, terms->price)))
		search->found = lappend(search->found, terms);
	MemoryContextSwitchTo(old);
}

List *
oms_history_terms(ObjectSource *source, const Order *order, const char *cl_ord_id)
{
	TermsSearch search = {.cl_ord_id = cl_ord_id, .keep = CurrentMemoryContext};

	source->each_event(source, KIND_ORDER, order->id, history_visit_terms, &search);
	return search.found;
}

/* ------------------------------------------------------------------------
 * its end
 * ------------------------------------------------------------------------
 */

static TimestampTz
history_time_of(Jsonb *object, const char *key)
{
	char	   *text = object ? oms_json_get_string(object, key) : NULL;
	TimestampTz time;

	return text && oms_time_parse(text, strlen(text), &time) ? time : NO_TIME;
}

static bool
history_is_report(Jsonb *raw, const Order *order)
{
	Command		command;

	/* one of an older version that cannot be read any more was none that anything follows from */
	return raw && oms_same_text(oms_json_get_string(raw, "orderId"), order->id) &&
		oms_command_parse(raw, true, &command) == NULL && oms_command_is_report(&command);
}

typedef struct ExpirySearch
{
	const Order *order;
	PastExpiry	found;
} ExpirySearch;

/* The first event of those that have it so since. */
static void
history_visit_expired(Jsonb *payload, void *arg)
{
	ExpirySearch *search = arg;
	Jsonb	   *state = oms_json_get_container(payload, "state");
	Jsonb	   *conditions = state ? oms_json_get_container(state, "conditions") : NULL;
	Jsonb	   *raw;
	TimestampTz stated;

	if (conditions == NULL || !oms_texts_has(conditions, "EXPIRED"))
		search->found = (PastExpiry) {.at = NO_TIME};
	else if (search->found.at == NO_TIME)
	{
		raw = oms_json_get_container(payload, "command");
		stated = history_time_of(raw, "transactTime");
		search->found.at = stated != NO_TIME ? stated : history_time_of(state, "updatedAt");
		search->found.reported = history_is_report(raw, search->order);
	}
}

PastExpiry
oms_history_expired(ObjectSource *source, const Order *order)
{
	ExpirySearch search = {.order = order, .found = {.at = NO_TIME}};

	source->each_event(source, KIND_ORDER, order->id, history_visit_expired, &search);
	return search.found;
}
