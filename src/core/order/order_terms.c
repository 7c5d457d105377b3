/*-------------------------------------------------------------------------
 *
 * order_terms.c
 *	  What may be replaced of an order, and the requests to replace or cancel.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/order/order.h"
#include "core/order/order_split.h"

/* What a price and a stop price mean for an order of a type; of a type that is not here, both may. */
typedef struct TypeFacts
{
	const char *name;
	bool		has_price;
	bool		is_limit;		/* no fill is beyond the price */
	bool		has_stop;
} TypeFacts;

static const TypeFacts type_facts[] = {
	{"MARKET", false, false, false},
	{"LIMIT", true, true, false},
	{"STOP", false, false, true},
	{"STOP_LIMIT", true, true, true},
	{"MARKET_ON_CLOSE", false, false, false},
	{"LIMIT_OR_BETTER", true, true, false},
	{"LIMIT_WITH_OR_WITHOUT", true, true, false},
	{"ON_CLOSE", true, false, false},
	{"LIMIT_ON_CLOSE", true, true, false},
	{"FOREX_MARKET", false, false, false},
	{"PREVIOUSLY_QUOTED", true, true, false},
	{"PREVIOUSLY_INDICATED", true, true, false},
	{"FOREX_LIMIT", true, true, false},
	{"FOREX_PREVIOUSLY_QUOTED", true, true, false}
};

static const TypeFacts *
terms_facts_of(const char *ord_type)
{
	for (int i = 0; ord_type && i < lengthof(type_facts); i++)
		if (strcmp(type_facts[i].name, ord_type) == 0)
			return &type_facts[i];
	return NULL;
}

bool
oms_order_has_limit(const Order *order)
{
	const TypeFacts *facts = terms_facts_of(order->ord_type);

	return order->price != NULL && facts != NULL && facts->is_limit;
}

bool
oms_is_second_of_pair(const char *symbol, const char *currency)
{
	const char *slash = strchr(symbol, '/');

	return currency && slash && slash != symbol && strcmp(slash + 1, currency) == 0;
}

Tristate
oms_side_buys(const char *symbol, const char *currency, const char *side)
{
	bool		buys = oms_sides_are_kin(side, "BUY");

	if (!buys && !oms_sides_are_kin(side, "SELL"))
		return TRI_UNSET;
	return buys != oms_is_second_of_pair(symbol, currency) ? TRI_TRUE : TRI_FALSE;
}

Numeric
oms_price_beyond(const Order *order, const char *side, Numeric price, Numeric limit)
{
	Tristate	buys = oms_side_buys(order->symbol, order->currency, side);
	Numeric		distance;

	if (buys == TRI_UNSET)
		return NULL;
	distance = buys == TRI_TRUE ? oms_dec_sub(price, limit) : oms_dec_sub(limit, price);
	return oms_dec_sign(distance) > 0 ? distance : NULL;
}

bool
oms_terms_given(const OrderTerms *terms)
{
	return terms->order_qty || terms->cash_order_qty || terms->price || terms->stop_px ||
		terms->ord_type || terms->time_in_force || terms->expire_time != NO_TIME ||
		terms->expire_date != NO_DATE || terms->side || terms->account;
}

void
oms_terms_complete(OrderTerms *terms, const OrderTerms *other)
{
	terms->order_qty = terms->order_qty ? terms->order_qty : other->order_qty;
	terms->cash_order_qty = terms->cash_order_qty ? terms->cash_order_qty : other->cash_order_qty;
	terms->price = terms->price ? terms->price : other->price;
	terms->stop_px = terms->stop_px ? terms->stop_px : other->stop_px;
	terms->ord_type = terms->ord_type ? terms->ord_type : other->ord_type;
	terms->time_in_force = terms->time_in_force ? terms->time_in_force : other->time_in_force;
	terms->expire_time = terms->expire_time != NO_TIME ? terms->expire_time : other->expire_time;
	terms->expire_date = terms->expire_date != NO_DATE ? terms->expire_date : other->expire_date;
	terms->side = terms->side ? terms->side : other->side;
	terms->account = terms->account ? terms->account : other->account;
}

/* A new type or time in force leaves behind what it has no use for. */
static void
terms_drop_meaningless(Order *order, const OrderTerms *terms)
{
	const TypeFacts *facts = terms_facts_of(terms->ord_type);

	if (facts && !facts->has_price && terms->price == NULL)
		order->price = NULL;
	if (facts && !facts->has_stop)
		order->stop_px = NULL;
	if (terms->time_in_force && strcmp(terms->time_in_force, "GOOD_TILL_DATE") != 0)
	{
		order->expire_time = NO_TIME;
		order->expire_date = NO_DATE;
	}
}

/*
 * A quantity below what is executed stops the order there (FIX 4.4 vol. 4,
 * Order Cancel/Replace Request: it is read as "stop executing").
 */
void
oms_terms_apply(Order *order, const OrderTerms *terms)
{
	if (terms->order_qty)
		order->order_qty = oms_dec_max(terms->order_qty, order->executed_quantity);
	if (terms->cash_order_qty)
		order->cash_order_qty = terms->cash_order_qty;
	if (terms->ord_type)
		order->ord_type = unconstify(char *, terms->ord_type);
	if (terms->price)
		order->price = terms->price;
	if (terms->stop_px)
		order->stop_px = terms->stop_px;
	if (terms->time_in_force)
		order->time_in_force = unconstify(char *, terms->time_in_force);
	if (terms->expire_time != NO_TIME)
		order->expire_time = terms->expire_time;
	if (terms->expire_date != NO_DATE)
		order->expire_date = terms->expire_date;
	if (terms->side)
		order->side = unconstify(char *, terms->side);
	if (terms->account)
		order->account = unconstify(char *, terms->account);
	/* a new order is as it was given */
	if (order->version > 0)
		terms_drop_meaningless(order, terms);
}

Numeric
oms_scale_quantity(Numeric quantity, Numeric factor)
{
	if (quantity == NULL)
		return NULL;
	return oms_dec_trim(oms_dec_round(oms_dec_mul(quantity, factor),
									  Max(QUANTITY_SCALE, oms_dec_scale(quantity))));
}

Numeric
oms_scale_fill(Numeric quantity, Numeric factor)
{
	Numeric		scaled = oms_scale_quantity(quantity, factor);

	return oms_dec_sign(scaled) == 0 && oms_dec_sign(quantity) > 0 ? oms_dec_smallest(quantity) : scaled;
}

Numeric
oms_scale_factor(Numeric factor, Numeric by)
{
	return factor ? oms_dec_trim(oms_dec_round(oms_dec_mul(factor, by), FACTOR_SCALE)) : by;
}

Numeric
oms_scale_price(Numeric price, Numeric factor)
{
	return price ? oms_dec_div(price, factor, AVG_PX_SCALE) : NULL;
}

static void
terms_scale(OrderTerms *terms, Numeric factor)
{
	terms->order_qty = oms_scale_quantity(terms->order_qty, factor);
	terms->price = oms_scale_price(terms->price, factor);
	terms->stop_px = oms_scale_price(terms->stop_px, factor);
}

/*
 * The open request that a command means: the one of its ClOrdID; or, where it
 * names none or only the order itself, the one that is open if it is the only
 * one of its kind.  A ClOrdID that follows another one is a version of the
 * order, and not the order itself.
 */
const OrderRequest *
oms_request_find(const OrderRequest *requests, int count, RequestKind kind, const char *cl_ord_id,
				 const char *orig_cl_ord_id, const char *in_force)
{
	const OrderRequest *only = NULL;
	int			open = 0;

	for (int i = 0; i < count; i++)
	{
		if (requests[i].kind != kind)
			continue;
		if (cl_ord_id && requests[i].cl_ord_id && strcmp(cl_ord_id, requests[i].cl_ord_id) == 0)
			return &requests[i];
		only = &requests[i];
		open++;
	}
	if (cl_ord_id && !(in_force && strcmp(cl_ord_id, in_force) == 0))
		return NULL;
	if (cl_ord_id && orig_cl_ord_id && strcmp(cl_ord_id, orig_cl_ord_id) != 0)
		return NULL;
	return open == 1 ? only : NULL;
}

const OrderRequest *
oms_request_named(const Order *order, const char *cl_ord_id)
{
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);

	for (int i = 0; i < count && cl_ord_id; i++)
		if (requests[i].cl_ord_id && strcmp(requests[i].cl_ord_id, cl_ord_id) == 0)
			return &requests[i];
	return NULL;
}

bool
oms_request_is_open(const Order *order, RequestKind kind)
{
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);

	for (int i = 0; i < count; i++)
		if (requests[i].kind == kind)
			return true;
	return false;
}

static void
terms_open_request(OrderRequest *requests, int *count, const Order *order, const OrderRequest *request)
{
	OrderRequest *known = unconstify(OrderRequest *, oms_request_find(requests, *count, request->kind,
																		 request->cl_ord_id, request->orig_cl_ord_id,
																		 order->cl_ord_id));

	if (known != NULL && !(request->cl_ord_id == NULL && known->shown))
	{
		known->shown |= request->shown;
		known->unasked &= request->unasked;
		if (known->orig_cl_ord_id == NULL)
			known->orig_cl_ord_id = request->orig_cl_ord_id;
		if (request->cascade_id)
			known->cascade_id = request->cascade_id;
		if (oms_terms_given(&request->terms))
			known->terms = request->terms;
		return;
	}
	requests[(*count)++] = *request;
}

static const OrderRequest *
terms_replace_request(const OrderRequest *requests, int count, const char *cl_ord_id)
{
	for (int i = 0; cl_ord_id && i < count; i++)
		if (requests[i].kind == REQUEST_REPLACE && requests[i].cl_ord_id &&
			strcmp(requests[i].cl_ord_id, cl_ord_id) == 0)
			return &requests[i];
	return NULL;
}

/*
 * A replacement that follows another (OrigClOrdID) implies that the other was
 * accepted.  No longer than there are requests: one might follow itself.
 */
static bool
terms_is_overtaken(const OrderRequest *r, const OrderRequest *requests, int count, const char *overtakes)
{
	const OrderRequest *other = terms_replace_request(requests, count, overtakes);

	for (int i = 0; other && i < count; i++)
	{
		if (other == r)
			return true;
		other = terms_replace_request(requests, count, other->orig_cl_ord_id);
	}
	return false;
}

/* A rejection without a ClOrdID answers every request of its kind. */
static bool
terms_is_answered(const OrderRequest *r, const OrderRequest *answered, const OrderRequest *answer,
				  const OrderEvent *event)
{
	if (event->edit != REQUEST_ANSWER || r->kind != answer->kind)
		return false;
	if (answer->cascade_id)
		return oms_same_text(r->cascade_id, answer->cascade_id);
	return r == answered || answer->cl_ord_id == NULL;
}

OrderTerms
oms_terms_of_replacement(const Command *command, const Order *order)
{
	OrderTerms	terms = command->terms;
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);
	const OrderRequest *request = oms_request_find(requests, count, REQUEST_REPLACE, command->cl_ord_id,
												   command->orig_cl_ord_id, order->cl_ord_id);

	terms.account = command->account;
	if (command->side && oms_sides_are_kin(command->side, order->side))
		terms.side = command->side;
	if (request)
		oms_terms_complete(&terms, &request->terms);
	/* what it overtakes was accepted before it */
	for (int i = count - 1; i >= 0; i--)
		if (&requests[i] != request && terms_is_overtaken(&requests[i], requests, count, command->orig_cl_ord_id))
			oms_terms_complete(&terms, &requests[i].terms);
	/* a term that stays is none */
	if (terms.account && order->account && strcmp(terms.account, order->account) == 0)
		terms.account = NULL;
	if (terms.side && strcmp(terms.side, order->side) == 0)
		terms.side = NULL;
	return terms;
}

const OrderRequest *
oms_request_implied(const Command *command, const Order *order)
{
	const OrderRequest *request = command->cl_ord_id && order->pending_requests ?
		oms_request_named(order, command->cl_ord_id) : NULL;
	Numeric		asked;

	if (request == NULL || request->kind != REQUEST_REPLACE || command->terms.order_qty == NULL ||
		oms_order_is_closed(order) || (order->cl_ord_id && strcmp(command->cl_ord_id, order->cl_ord_id) == 0))
		return NULL;
	/* it says itself that the replacement is still pending */
	if (command->ord_status && strcmp(command->ord_status, "PENDING_REPLACE") == 0)
		return NULL;
	asked = request->terms.order_qty ? request->terms.order_qty : order->order_qty;
	return oms_dec_same(asked, command->terms.order_qty) ? request : NULL;
}

/*
 * A counterparty may count an earlier replacement as done while it only reports
 * a later one as pending (matrix D.2.b of FIX 4.4 vol. 4): the quantity it
 * states is then that of the earlier request.  It is taken over, and comes back
 * if the earlier request is rejected.  NULL where the report states no such.
 */
Numeric
oms_request_taken_over(const Order *order, const Command *command)
{
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);
	Numeric		stated = command->terms.order_qty;

	if (stated == NULL || order->order_qty == NULL || oms_dec_cmp(stated, order->order_qty) == 0)
		return NULL;
	for (int i = 0; i < count; i++)
	{
		bool		reported = command->cl_ord_id && requests[i].cl_ord_id &&
			strcmp(command->cl_ord_id, requests[i].cl_ord_id) == 0;

		if (requests[i].kind == REQUEST_REPLACE && !reported && requests[i].shown &&
			oms_dec_same(requests[i].terms.order_qty, stated))
			return stated;
	}
	return NULL;
}

/* Bring the list up to date, and the two pending conditions with it. */
void
oms_requests_apply(Order *order, const OrderEvent *event, Numeric before_qty)
{
	int			count;
	int			kept = 0;
	OrderRequest *known = oms_requests_from_json(order->pending_requests, &count);
	OrderRequest *requests = palloc0(sizeof(OrderRequest) * (count + 1));
	const OrderRequest *answered;
	uint32		clears = event->transition->clears;

	answered = oms_request_find(known, count, event->request.kind, event->request.cl_ord_id,
								event->request.orig_cl_ord_id, order->cl_ord_id);
	for (int i = 0; i < count; i++)
	{
		if (known[i].kind == REQUEST_CANCEL && (clears & COND_PENDING_CANCEL))
			continue;
		if (known[i].kind == REQUEST_REPLACE && (clears & COND_PENDING_REPLACE))
			continue;
		if (terms_is_answered(&known[i], answered, &event->request, event) ||
			terms_is_overtaken(&known[i], known, count, event->overtakes))
		{
			if (known[i].restores_qty && event->terms.order_qty == NULL)
				order->order_qty = oms_dec_max(known[i].restores_qty, order->executed_quantity);
			continue;
		}
		requests[kept] = known[i];
		if (event->cascade_id && oms_same_text(known[i].cascade_id, event->cascade_id))
		{
			requests[kept].awaits += event->awaits;
			if (requests[kept].refused == NULL)
				requests[kept].refused = event->refused;
		}
		if (event->edit == REQUEST_OPEN && event->terms.order_qty && known[i].kind == REQUEST_REPLACE &&
			oms_dec_same(known[i].terms.order_qty, event->terms.order_qty))
			requests[kept].restores_qty = before_qty;
		if (event->split && event->split->terms)
		{
			terms_scale(&requests[kept].terms, event->split->factor);
			requests[kept].restores_qty = oms_scale_quantity(requests[kept].restores_qty, event->split->factor);
		}
		kept++;
	}
	if (event->edit == REQUEST_OPEN)
		terms_open_request(requests, &kept, order, &event->request);

	order->pending_requests = oms_requests_to_json(requests, kept);
	order->conditions &= ~(COND_PENDING_CANCEL | COND_PENDING_REPLACE);
	for (int i = 0; i < kept; i++)
		if (requests[i].shown)
			order->conditions |= requests[i].kind == REQUEST_CANCEL ? COND_PENDING_CANCEL : COND_PENDING_REPLACE;
}

/* What the order would leave open if its largest open replacement were accepted. */
Numeric
oms_requests_leaves(const Order *order)
{
	int			count;
	OrderRequest *requests;
	Numeric		most = oms_dec_zero();

	if (order->pending_requests == NULL || oms_order_is_closed(order))
		return most;
	requests = oms_requests_from_json(order->pending_requests, &count);
	for (int i = 0; i < count; i++)
		if (requests[i].kind == REQUEST_REPLACE && requests[i].terms.order_qty)
			most = oms_dec_max(most, oms_dec_sub(requests[i].terms.order_qty, order->executed_quantity));
	return most;
}
