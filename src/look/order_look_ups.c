/*-------------------------------------------------------------------------
 *
 * order_look_ups.c
 *	  What predicates of rules may ask of other orders: is one like it, or
 *	  against it, and how much is open and done today?
 *
 * Asked of a command, and so of the order as the command would have it
 * (core/order/order_exposure.c).  Looked at are the roots of its account and
 * symbol: what stands below a root is part of it, and counted once.  What this
 * call has changed already is seen as it is now, and what others do at the same
 * time is not: two commands on two trees may both pass.
 *
 * They are found by ORDER_BY_ACCOUNT, which needs an index that we do not ship
 * (doc/rules.md); without one each look-up reads the table.  Writes and locks
 * nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/decimal.h"
#include "base/guc.h"
#include "base/moment.h"
#include "core/order/order.h"
#include "core/order/order_exposure.h"
#include "store/account_rights.h"
#include "store/events.h"
#include "store/look_ups.h"
#include "store/predicate.h"
#include "store/rows.h"
#include "store/work.h"

PG_FUNCTION_INFO_V1(oms_recent_like);
PG_FUNCTION_INFO_V1(oms_opposite_live);
PG_FUNCTION_INFO_V1(oms_buys);
PG_FUNCTION_INFO_V1(oms_order_value);
PG_FUNCTION_INFO_V1(oms_day_quantity);
PG_FUNCTION_INFO_V1(oms_day_value);
PG_FUNCTION_INFO_V1(oms_notional_of);

/* ------------------------------------------------------------------------
 * what is asked about
 * ------------------------------------------------------------------------
 */

typedef struct OrderAsk
{
	const Order *order;			/* as the command would have it; NULL: it has none */
	const Order *cur;			/* as it is; NULL: the command makes it */
	const Order *root;			/* of its tree, as it is; NULL: it will be the root */
	bool		makes;			/* does the command make the order? */
} OrderAsk;

/* Routing asks of the command that has made the order which is there. */
static bool
look_up_makes(const Command *command)
{
	const CommandField *f = oms_command_field(command->def, "orderId");

	return f && f->role == ID_OF_NEW;
}

/* Who asks outside of a rule learns nothing of orders that he does not see. */
static bool
look_up_is_visible(const Order *order)
{
	return oms_predicate_subject() || !oms_accounts_are_limited() || oms_object_is_visible(&oms_kinds[KIND_ORDER], &order->object);
}

static const Order *
look_up_order(Table *orders, const char *id)
{
	Order	   *order = palloc(sizeof(Order));
	ItemPointerData tid;

	return id && oms_object_find(&oms_kinds[KIND_ORDER], orders, id, &order->object, &tid) && look_up_is_visible(order) ? order : NULL;
}

static Table *
look_up_open_orders(TableWork *work)
{
	return oms_table_open(work, oms_relation(OMS_OBJECTS_OF(KIND_ORDER)), oms_record_table(&oms_order_def));
}

/* Outside of a rule: as things stand. */
static OrderAsk
look_up_as_it_stands(Jsonb *json)
{
	Command    *command = palloc(sizeof(Command));
	Refusal    *refusal = oms_command_parse(json, false, command);
	TableWork	work = {0};
	Table	   *orders;
	const Order *parent;
	OrderAsk	ask = {0};

	if (refusal)
		oms_raise(refusal);
	ask.makes = look_up_makes(command);
	orders = look_up_open_orders(&work);
	ask.cur = ask.makes ? NULL : look_up_order(orders, command->order_id);
	parent = look_up_order(orders, ask.cur ? ask.cur->parent_id : command->parent_id);
	ask.root = look_up_order(orders, ask.cur ? ask.cur->root_id : parent ? parent->root_id : NULL);
	ask.order = oms_order_proposed(command, ask.cur, parent);
	if (ask.order && !look_up_is_visible(ask.order))
		ask.order = NULL;
	oms_table_close(orders);
	return ask;
}

/* The command that a rule is being asked of has its rows already, which it need not name: a slice names no parent. */
static OrderAsk
look_up_ask(FunctionCallInfo fcinfo)
{
	const PredicateSubject *subject = oms_predicate_subject();
	Jsonb	   *json;
	OrderAsk	ask = {0};

	if (PG_ARGISNULL(0))
		return ask;
	json = PG_GETARG_JSONB_P(0);
	if (subject == NULL || subject->normal != json)
		return look_up_as_it_stands(json);
	if (subject->command->def->kind != KIND_ORDER)
		return ask;
	ask.makes = look_up_makes(subject->command);
	ask.cur = (const Order *) subject->rows[ROW_CUR];
	ask.root = (const Order *) subject->rows[ROW_ROOT];
	ask.order = oms_order_proposed(subject->command, ask.cur, (const Order *) subject->rows[ROW_PARENT]);
	return ask;
}

static bool
look_up_is_root(const OrderAsk *ask)
{
	return ask->order->parent_id == NULL;
}

/* ------------------------------------------------------------------------
 * the others
 * ------------------------------------------------------------------------
 */

typedef struct OrderWalk
{
	const Order *order;			/* whose account and symbol they have */
	const char *without;		/* the id of a root, or NULL */
	TimestampTz from;			/* made since, or NO_TIME */
	TimestampTz touched;		/* at work, or changed since */
	bool		(*visit) (const Order *root, struct OrderWalk *walk);	/* false: that is enough */

	UnitOfWork *uow;
	MemoryContext memory;		/* of what the visitor keeps */
	MemoryContext row;
	bool		enough;

	/* what the visitor has found */
	bool		found;
	DateADT		today;
	Numeric		price;
	OrderExposure sum;
} OrderWalk;

static void
look_up_take(const Order *root, OrderWalk *walk)
{
	if (walk->enough || root->created_at < walk->from || (walk->without && strcmp(root->id, walk->without) == 0) ||
		(root->tree_updated_at < walk->touched && !oms_order_is_at_work(root)))
		return;
	walk->enough = !walk->visit(root, walk);
}

/*
 * Most rows are over, and need not be read whole: without leaves, children at work
 * or an amount that has none.  What this call has read tells of itself.
 */
static bool
look_up_may_skip(Table *table, const OrderWalk *walk)
{
	static int	touched = 0,
				id,
				leaves,
				children,
				quantity;
	bool		isnull;
	Datum		value;

	if (touched == 0)
	{
		const RecordColumn *columns = oms_order_def.columns;

		id = oms_record_column(&oms_order_def, "id") - columns;
		leaves = oms_record_column(&oms_order_def, "leaves_quantity") - columns;
		children = oms_record_column(&oms_order_def, "live_children") - columns;
		quantity = oms_record_column(&oms_order_def, "order_qty") - columns;
		touched = oms_record_column(&oms_order_def, "tree_updated_at") - columns;
	}
	if (walk->uow && oms_uow_has(walk->uow, KIND_ORDER, TextDatumGetCString(oms_table_needed(table, id))))
		return true;
	value = oms_table_value(table, touched, &isnull);
	if (isnull || DatumGetTimestampTz(value) >= walk->touched)
		return false;
	(void) oms_table_value(table, quantity, &isnull);
	return !isnull && DatumGetInt64(oms_table_needed(table, children)) == 0 &&
		oms_dec_sign(DatumGetNumeric(oms_table_needed(table, leaves))) == 0;
}

static bool
look_up_row(Table *table, void *arg)
{
	OrderWalk  *walk = arg;
	MemoryContext old;
	Order	   *root;

	MemoryContextReset(walk->row);
	old = MemoryContextSwitchTo(walk->row);
	if (!look_up_may_skip(table, walk))
	{
		root = palloc(sizeof(Order));
		oms_record_from_slot(&oms_order_def, table->slot, table->layout->attnums, root);
		if (root->parent_id == NULL)
			look_up_take(root, walk);
	}
	MemoryContextSwitchTo(old);
	return !walk->enough;
}

static void
look_up_object(const Object *object, void *arg)
{
	const Order *root = (const Order *) object;
	OrderWalk  *walk = arg;

	if (root->parent_id == NULL && strcmp(root->symbol, walk->order->symbol) == 0 && oms_same_text(root->account, walk->order->account))
		look_up_take(root, walk);
}

static void
look_up_walk(OrderWalk *walk)
{
	const Datum values[] = {walk->order->account ? CStringGetTextDatum(walk->order->account) : (Datum) 0, CStringGetTextDatum(walk->order->symbol)};
	TableWork	work = {0};
	Table	   *orders;

	walk->uow = oms_uow_under_way();
	walk->memory = CurrentMemoryContext;
	if (walk->uow)
		oms_uow_each(walk->uow, KIND_ORDER, look_up_object, walk);
	if (walk->enough)
		return;
	walk->row = AllocSetContextCreate(CurrentMemoryContext, "oms look-up", ALLOCSET_SMALL_SIZES);
	orders = look_up_open_orders(&work);
	oms_table_each_from(orders, ORDER_BY_ACCOUNT, values, walk->from, look_up_row, walk);
	oms_table_close(orders);
	MemoryContextDelete(walk->row);
}

/* A time so long before now, by an argument that may be null; else NO_TIME. */
static TimestampTz
look_up_since(FunctionCallInfo fcinfo, int arg)
{
	if (PG_ARGISNULL(arg))
		return NO_TIME;
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(GetCurrentTimestamp()), PG_GETARG_DATUM(arg)));
}

/* ------------------------------------------------------------------------
 * like and against
 * ------------------------------------------------------------------------
 */

static bool
look_up_visit_like(const Order *root, OrderWalk *walk)
{
	walk->found = !oms_order_came_to_nothing(root) && oms_orders_are_like(root, walk->order);
	return !walk->found;
}

Datum
oms_recent_like(PG_FUNCTION_ARGS)
{
	OrderAsk	ask = look_up_ask(fcinfo);
	OrderWalk	walk = {.order = ask.order, .touched = NO_TIME, .visit = look_up_visit_like};

	if (ask.order == NULL || !ask.makes || !look_up_is_root(&ask) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	walk.without = ask.cur ? ask.cur->id : NULL;
	walk.from = look_up_since(fcinfo, 1);
	look_up_walk(&walk);
	PG_RETURN_BOOL(walk.found);
}

static bool
look_up_visit_opposite(const Order *root, OrderWalk *walk)
{
	walk->found = oms_orders_are_opposite(root, walk->order);
	return !walk->found;
}

Datum
oms_opposite_live(PG_FUNCTION_ARGS)
{
	OrderAsk	ask = look_up_ask(fcinfo);
	OrderWalk	walk = {.order = ask.order, .touched = DT_NOEND, .visit = look_up_visit_opposite};

	if (ask.order == NULL || oms_side_buys(ask.order->symbol, ask.order->currency, ask.order->side) == TRI_UNSET)
		PG_RETURN_NULL();
	walk.without = ask.root ? ask.root->id : NULL;
	walk.from = look_up_since(fcinfo, 1);
	look_up_walk(&walk);
	PG_RETURN_BOOL(walk.found);
}

Datum
oms_buys(PG_FUNCTION_ARGS)
{
	OrderAsk	ask = look_up_ask(fcinfo);
	Tristate	buys = ask.order ? oms_side_buys(ask.order->symbol, ask.order->currency, ask.order->side) : TRI_UNSET;

	if (buys == TRI_UNSET)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(buys == TRI_TRUE);
}

/* ------------------------------------------------------------------------
 * figures
 * ------------------------------------------------------------------------
 */

/* An order of an earlier day has done a part of it before today. */
static const Order *
look_up_before_today(const Order *root, DateADT today)
{
	Jsonb	   *state;
	Order	   *before;

	if (oms_dec_sign(root->executed_quantity) == 0 || oms_trading_day(root->created_at) >= today)
		return NULL;
	/* nothing of it was done today */
	if (oms_trading_day(root->tree_updated_at) < today)
		return root;
	state = oms_event_state_before(&root->object, today);
	if (state == NULL)
		return NULL;
	before = palloc(sizeof(Order));
	oms_record_from_json(&oms_order_def, state, before);
	return before;
}

static bool
look_up_visit_figures(const Order *root, OrderWalk *walk)
{
	OrderExposure exposure;

	/* what a block works for stands in its members */
	if (root->members)
		return true;
	exposure = oms_order_exposure(root, look_up_before_today(root, walk->today), walk->price);
	MemoryContextSwitchTo(walk->memory);
	walk->sum.quantity = oms_dec_add(walk->sum.quantity, exposure.quantity);
	/* where nobody has a price, there is nothing to be said of what is open */
	walk->sum.value = oms_dec_plus(walk->sum.value, exposure.value);
	if (walk->row)
		MemoryContextSwitchTo(walk->row);
	return true;
}

/* What account and symbol have open and have done today, if the command is done; false: it is about no order that counts. */
static bool
look_up_day(FunctionCallInfo fcinfo, OrderExposure *day)
{
	OrderAsk	ask = look_up_ask(fcinfo);
	OrderWalk	walk = {.from = NO_TIME, .visit = look_up_visit_figures, .sum = {oms_dec_zero(), oms_dec_zero()}};
	OrderExposure own = walk.sum;

	if (ask.order == NULL || ask.order->members)
		return false;
	walk.today = oms_trading_day(GetCurrentTimestamp());
	/* no day has more hours */
	walk.touched = GetCurrentTimestamp() - 26 * USECS_PER_HOUR;
	walk.order = look_up_is_root(&ask) || ask.root == NULL ? ask.order : ask.root;
	walk.price = oms_last_price(walk.order->symbol);
	if (walk.order == ask.order)
	{
		walk.without = ask.cur ? ask.cur->id : NULL;
		own = oms_order_exposure(ask.order, ask.cur ? look_up_before_today(ask.cur, walk.today) : NULL, walk.price);
	}
	look_up_walk(&walk);
	day->quantity = oms_dec_add(walk.sum.quantity, own.quantity);
	day->value = own.value ? oms_dec_add(walk.sum.value, own.value) : NULL;
	return true;
}

Datum
oms_day_quantity(PG_FUNCTION_ARGS)
{
	OrderExposure day;

	if (!look_up_day(fcinfo, &day))
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(day.quantity);
}

Datum
oms_day_value(PG_FUNCTION_ARGS)
{
	OrderExposure day;

	if (!look_up_day(fcinfo, &day) || day.value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(day.value);
}

Datum
oms_order_value(PG_FUNCTION_ARGS)
{
	OrderAsk	ask = look_up_ask(fcinfo);
	const Order *order = ask.order;
	Numeric		value = NULL;

	if (order)
		value = order->order_qty ? oms_notional(order->symbol, order->currency, order->order_qty, order->price ? order->price : oms_last_price(order->symbol)) :
			order->cash_order_qty;
	if (value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(value);
}

Datum
oms_notional_of(PG_FUNCTION_ARGS)
{
	Numeric		value;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2) || PG_ARGISNULL(3) || !oms_dec_is_finite(PG_GETARG_NUMERIC(2)) || !oms_dec_is_finite(PG_GETARG_NUMERIC(3)))
		PG_RETURN_NULL();
	value = oms_notional(text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1)),
						 PG_GETARG_NUMERIC(2), PG_GETARG_NUMERIC(3));
	if (value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(value);
}
