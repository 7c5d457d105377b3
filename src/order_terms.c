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

#include "decimal.h"
#include "moment.h"
#include "order.h"
#include "order_split.h"

bool
oms_terms_given(const OrderTerms *terms)
{
	return terms->order_qty || terms->cash_order_qty || terms->price || terms->stop_px ||
		terms->ord_type || terms->time_in_force || terms->expire_time != NO_TIME ||
		terms->expire_date != NO_DATE;
}

/* Has an order of this type a limit price? */
static bool
has_price(const char *ord_type)
{
	return strcmp(ord_type, "MARKET") != 0 && strcmp(ord_type, "STOP") != 0 &&
		strcmp(ord_type, "MARKET_ON_CLOSE") != 0 && strcmp(ord_type, "FOREX_MARKET") != 0;
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
	{
		order->ord_type = unconstify(char *, terms->ord_type);
		if (!has_price(order->ord_type))
			order->price = NULL;
	}
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

void
oms_terms_scale(OrderTerms *terms, Numeric factor)
{
	terms->order_qty = oms_scale_quantity(terms->order_qty, factor);
	terms->price = oms_scale_price(terms->price, factor);
	terms->stop_px = oms_scale_price(terms->stop_px, factor);
}

/*
 * The open request that a command means: the one of its ClOrdID; or, where it
 * names none or only the order itself, the one that is open if it is the only
 * one of its kind.
 */
const OrderRequest *
oms_request_find(const OrderRequest *requests, int count, RequestKind kind, const char *cl_ord_id,
				 const char *in_force)
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
	return open == 1 ? only : NULL;
}

const OrderRequest *
oms_request_named(const Order *order, const char *cl_ord_id)
{
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);

	for (int i = 0; i < count; i++)
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
open_request(OrderRequest *requests, int *count, const Order *order, const OrderRequest *request)
{
	OrderRequest *known = unconstify(OrderRequest *, oms_request_find(requests, *count, request->kind,
																		 request->cl_ord_id, order->cl_ord_id));

	if (known != NULL && !(request->cl_ord_id == NULL && known->shown))
	{
		known->shown |= request->shown;
		if (oms_terms_given(&request->terms))
			known->terms = request->terms;
		return;
	}
	requests[(*count)++] = *request;
}

/* A rejection without a ClOrdID answers every request of its kind. */
static bool
is_answered(const OrderRequest *r, const OrderRequest *answered, const OrderRequest *answer,
			const OrderEvent *event)
{
	if (event->edit != REQUEST_ANSWER || r->kind != answer->kind)
		return false;
	return r == answered || answer->cl_ord_id == NULL;
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
								order->cl_ord_id);
	for (int i = 0; i < count; i++)
	{
		if (known[i].kind == REQUEST_CANCEL && (clears & COND_PENDING_CANCEL))
			continue;
		if (known[i].kind == REQUEST_REPLACE && (clears & COND_PENDING_REPLACE))
			continue;
		if (is_answered(&known[i], answered, &event->request, event))
		{
			if (known[i].restores_qty && event->terms.order_qty == NULL)
				order->order_qty = oms_dec_max(known[i].restores_qty, order->executed_quantity);
			continue;
		}
		requests[kept] = known[i];
		if (event->edit == REQUEST_OPEN && event->terms.order_qty && known[i].kind == REQUEST_REPLACE &&
			oms_dec_same(known[i].terms.order_qty, event->terms.order_qty))
			requests[kept].restores_qty = before_qty;
		if (event->split && event->split->terms)
		{
			oms_terms_scale(&requests[kept].terms, event->split->factor);
			requests[kept].restores_qty = oms_scale_quantity(requests[kept].restores_qty, event->split->factor);
		}
		kept++;
	}
	if (event->edit == REQUEST_OPEN)
		open_request(requests, &kept, order, &event->request);

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
