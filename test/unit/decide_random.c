/*
 * Random streams of commands against the core alone: what must hold of every order,
 * execution, event and refusal whatever came before is computed anew from the array.
 * What breaks if a figure is summed wrongly anywhere, an event comes twice or out of
 * order, a fact is refused, or a decision depends on where rows lie.
 */
#include "unit.h"

#include <time.h>

#include "common/pg_prng.h"

#include "decide_cases.h"
#include "core/order/order_tree.h"

#define STREAMS		120
#define COMMANDS	120			/* of a stream */
#define OBJECTS_MAX	64

static pg_prng_state prng;
static const char *broken;
static const char *last;		/* what the last command did */

static int
below(int n)
{
	return (int) pg_prng_uint64_range(&prng, 0, n - 1);
}

static bool
one_in(int n)
{
	return below(n) == 0;
}

#define ONE_OF(...) (((const char *const[]) {__VA_ARGS__})[below(lengthof(((const char *const[]) {__VA_ARGS__})))])

static void
must(bool holds, const char *what)
{
	if (!holds && broken == NULL)
		broken = what;
}

/* ------------------------------------------------------------------------
 * commands
 * ------------------------------------------------------------------------
 */

/* The id of some object of this kind, mostly one that is there. */
static const char *
some(const ArraySource *array, ObjectKind kind)
{
	const Object *object = array->objects ? list_nth(array->objects, below(list_length(array->objects))) : NULL;

	for (int tries = 0; object && object->kind != kind && tries < 20; tries++)
		object = list_nth(array->objects, below(list_length(array->objects)));
	return object == NULL || object->kind != kind || one_in(40) ? "nobody" : object->id;
}

static const char *
quantity(void)
{
	return one_in(3) ? psprintf("%d.%d", below(40), 1 + below(9)) : psprintf("%d", 1 + below(60));
}

/* What a report states besides, rightly or not. */
static void
state_figures(StringInfo out)
{
	if (one_in(3))
		appendStringInfo(out, " cumQty=%s", quantity());
	if (one_in(4))
		appendStringInfo(out, " leavesQty=%s", quantity());
	if (one_in(6))
		appendStringInfo(out, " ordStatus=%s", ONE_OF("NEW", "PARTIALLY_FILLED", "FILLED", "CANCELLED", "EXPIRED", "DONE_FOR_DAY", "SUSPENDED"));
	if (one_in(20))
		appendStringInfo(out, " symbol=%s", ONE_OF("X", "Y"));
	if (one_in(30))
		appendStringInfo(out, " possDupFlag=true");
}

static void
fill(const ArraySource *array, StringInfo out)
{
	appendStringInfo(out, "ExecuteOrder orderId=%s lastQty=%s lastPx=%d execID=%d", some(array, KIND_ORDER), quantity(), 8 + below(4), below(60));
	if (one_in(3))
		appendStringInfo(out, " executionId=e%d", below(200));
	if (one_in(6))
		appendStringInfo(out, " execType=%s execRefID=%d", ONE_OF("TRADE_CANCEL", "TRADE_CORRECT"), below(60));
	state_figures(out);
}

static void
change(const ArraySource *array, StringInfo out)
{
	if (one_in(2))
		appendStringInfo(out, "BustExecution executionId=%s", some(array, KIND_EXECUTION));
	else
		appendStringInfo(out, "CorrectExecution executionId=%s lastQty=%s", some(array, KIND_EXECUTION), quantity());
	if (!one_in(3))
		appendStringInfo(out, " execID=%d", below(60));
}

static void
create(const ArraySource *array, StringInfo out)
{
	bool		root = one_in(8) || list_length(array->objects) < 2;

	appendStringInfo(out, "CreateOrder orderId=o%d orderQty=%s", below(60), root ? "100" : quantity());
	if (root)
		appendStringInfo(out, " symbol=X side=BUY");
	else
		appendStringInfo(out, " parentId=%s", some(array, KIND_ORDER));
	if (one_in(3))
		appendStringInfo(out, " clOrdID=c%d", below(100));
	if (one_in(2))
		appendStringInfo(out, " price=10");
	if (one_in(3))
		appendStringInfo(out, " pending=true");
	appendStringInfo(out, " timeInForce=%s", ONE_OF("DAY", "GOOD_TILL_CANCEL"));
}

static void
place(const ArraySource *array, StringInfo out)
{
	appendStringInfo(out, "PlaceOrder orderId=%s children=[", some(array, KIND_ORDER));
	for (int i = below(4); i >= 0; i--)
		appendStringInfo(out, "{\"orderQty\":%d}%s", 1 + below(20), i ? "," : "");
	appendStringInfoChar(out, ']');
}

static void
split(const ArraySource *array, StringInfo out)
{
	appendStringInfo(out, "RestateOrder orderId=%s", some(array, KIND_ORDER));
	if (one_in(3))
		appendStringInfo(out, " orderQty=%s reason=GT_CORPORATE_ACTION", quantity());
	else
		appendStringInfo(out, " quantityFactor=%s", ONE_OF("2", "0.5", "3", "1.5", "0.33333333333333333333"));
	if (one_in(2))
		appendStringInfo(out, " corporateActionId=z%d", below(6));
}

static void
order_command(const ArraySource *array, StringInfo out)
{
	const char *type = ONE_OF("AcceptOrder", "RejectOrder", "CancelOrder", "CancelOrder", "RequestCancelOrder", "RejectCancelOrder", "RequestReplaceOrder",
							  "RequestReplaceOrder", "ReplaceOrder", "ReplaceOrder", "RejectReplaceOrder", "SuspendOrder", "ResumeOrder", "StopOrder",
							  "DoneForDayOrder", "RestateOrder", "CalculateOrder", "ExpireOrder", "UpdateOrder");

	appendStringInfo(out, "%s orderId=%s", type, some(array, KIND_ORDER));
	if (strcmp(type, "UpdateOrder") == 0)
	{
		appendStringInfo(out, " text=t");
		return;
	}
	if (strstr(type, "Replace") || strcmp(type, "RestateOrder") == 0)
		appendStringInfo(out, " orderQty=%s", quantity());
	if (one_in(2))
		appendStringInfo(out, " clOrdID=c%d", below(100));
	if (one_in(4))
		appendStringInfo(out, " origClOrdID=c%d", below(100));
	if (one_in(4) && strncmp(type, "Request", 7) == 0)
		appendStringInfo(out, " pending=false");
	if (one_in(10))
		appendStringInfo(out, " expectedVersion=%d", below(4));
}

static char *
some_command(const ArraySource *array)
{
	static void (*const kinds[]) (const ArraySource *array, StringInfo out) = {
		fill, fill, fill, change, create, create, place, split, order_command, order_command, order_command, order_command
	};
	bool		crowded = list_length(array->objects) > OBJECTS_MAX;
	StringInfoData out;
	int			kind;

	initStringInfo(&out);
	do
		kind = array->objects ? below(lengthof(kinds)) : 4;
	while (crowded && (kinds[kind] == create || kinds[kind] == place || kinds[kind] == fill));
	kinds[kind] (array, &out);
	if ((kinds[kind] == order_command || kinds[kind] == split) && one_in(2))
	{
		appendStringInfo(&out, " execID=%d", below(60));
		if (strncmp(out.data, "Update", 6) != 0 && kinds[kind] == order_command)
			state_figures(&out);
	}
	return out.data;
}

/* ------------------------------------------------------------------------
 * what must hold of the objects
 * ------------------------------------------------------------------------
 */

static bool
same(Numeric a, Numeric b)
{
	return oms_dec_cmp(a, b) == 0;
}

typedef struct Sums
{
	Numeric		own,
				own_value,
				review,
				executed,
				value,
				allocated,
				working,
				reserved;
	int64		children,
				live;
	bool		waits;
} Sums;

static Sums
sums_of(const ArraySource *array, const Order *order)
{
	Numeric		zero = oms_dec_zero();
	Sums		sums = {zero, zero, zero, zero, zero, zero, zero, zero, 0, 0, false};
	ListCell   *cell;

	foreach(cell, array->objects)
	{
		const Execution *execution = lfirst(cell);
		const Order *child = lfirst(cell);

		if (execution->kind == KIND_EXECUTION && oms_same_text(execution->order_id, order->id))
		{
			if (execution->status == OMS_EXECUTION_REVIEW)
				sums.review = oms_dec_add(sums.review, execution->quantity);
			sums.waits |= execution->exec_ref_id && execution->corrected_execution_id == NULL &&
				(strcmp(execution->exec_type, "TRADE_CORRECT") == 0 ||
				 (strcmp(execution->exec_type, "TRADE_CANCEL") == 0 && execution->status == OMS_EXECUTION_REVIEW));
			if (execution->status != OMS_EXECUTION_ALLOCATED)
				continue;
			sums.own = oms_dec_add(sums.own, execution->quantity);
			sums.own_value = oms_dec_add(sums.own_value, oms_dec_mul(execution->last_qty, execution->last_px));
		}
		else if (child->kind == KIND_ORDER && oms_same_text(child->parent_id, order->id))
		{
			Numeric		reserves = oms_dec_max(child->leaves_quantity, child->review_quantity);
			int			count;
			OrderRequest *requests = oms_requests_from_json(child->pending_requests, &count);

			for (int i = 0; i < count && !(child->conditions & COND_CLOSED); i++)
				if (requests[i].kind == REQUEST_REPLACE && requests[i].terms.order_qty)
					reserves = oms_dec_max(reserves, oms_dec_sub(requests[i].terms.order_qty, child->executed_quantity));
			sums.executed = oms_dec_add(sums.executed, child->executed_quantity);
			sums.value = oms_dec_add(sums.value, child->executed_value);
			sums.allocated = oms_dec_add(sums.allocated, child->allocated_quantity);
			sums.working = oms_dec_add(sums.working, child->leaves_quantity);
			sums.reserved = oms_dec_add(sums.reserved, reserves);
			sums.children++;
			sums.live += oms_order_is_live(child) || child->live_children > 0;
		}
	}
	return sums;
}

static void
check_order(const ArraySource *array, const Order *order)
{
	Sums		sums = sums_of(array, order);
	bool		has_qty = order->order_qty != NULL;
	bool		filled = has_qty && oms_dec_sign(order->order_qty) > 0 && oms_dec_cmp(order->executed_quantity, order->order_qty) >= 0;
	bool		over = !has_qty || filled || (order->conditions & COND_CLOSED) ||
		((order->conditions & COND_DONE_FOR_DAY) && !oms_order_is_good_till(order));
	Numeric		zero = oms_dec_zero();
	Numeric		leaves = over ? zero : oms_dec_max(zero, oms_dec_sub(order->order_qty, order->executed_quantity));
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);
	uint32		pending = 0;

	must(same(order->own_executed_quantity, sums.own), "own executions");
	must(same(order->executed_quantity, oms_dec_add(sums.own, sums.executed)), "executed = own live fills + children's");
	must(same(order->executed_value, oms_dec_add(sums.own_value, sums.value)), "value = quantity x price of them");
	must(same(order->allocated_quantity, oms_dec_add(sums.own, sums.allocated)), "allocated = what is executed");
	must(same(order->review_quantity, sums.review), "review = what waits");
	must(same(order->avg_px, oms_dec_sign(order->executed_quantity) == 0 ? zero :
			  oms_dec_div(order->executed_value, order->executed_quantity, AVG_PX_SCALE)), "average = value / executed");
	must(same(order->leaves_quantity, leaves), "leaves");
	must(same(order->working_quantity, sums.working), "working = children's leaves");
	must(same(order->reserved_quantity, sums.reserved), "reserved = what children reserve");
	must(same(order->unplaced_quantity, oms_dec_max(zero, oms_dec_sub(leaves, sums.reserved))), "unplaced = leaves - reserved");
	must(order->child_count == sums.children, "number of children");
	must(order->live_children == sums.live, "number of live children");
	must(order->status == oms_order_status(order->conditions, oms_dec_sign(order->executed_quantity) > 0, filled), "status");
	must(((order->flags & FLAG_OVERFILLED) != 0) == (has_qty && oms_dec_cmp(order->executed_quantity, order->order_qty) > 0), "OVERFILLED");
	for (int i = 0; i < count; i++)
		if (requests[i].shown)
			pending |= requests[i].kind == REQUEST_CANCEL ? COND_PENDING_CANCEL : COND_PENDING_REPLACE;
	must((order->conditions & (COND_PENDING_CANCEL | COND_PENDING_REPLACE)) == pending, "pending = a shown request is open");
	must(((order->flags & FLAG_UNSETTLED) != 0) == sums.waits, "UNSETTLED = a bust or correction waits for its fill");
	must(!(order->conditions & COND_CLOSED) || oms_dec_sign(order->leaves_quantity) == 0, "what is closed leaves nothing");
}

static void
check_execution(const ArraySource *array, const Execution *execution)
{
	bool		live = execution->status == OMS_EXECUTION_ALLOCATED;
	const Execution *corrected = execution->corrected_execution_id ?
		(const Execution *) array_find(array, KIND_EXECUTION, execution->corrected_execution_id) : NULL;
	const Execution *by = execution->correcting_execution_id ?
		(const Execution *) array_find(array, KIND_EXECUTION, execution->correcting_execution_id) : NULL;

	must(same(execution->allocated_quantity, live ? execution->quantity : oms_dec_zero()), "a live fill is allocated whole, another not at all");
	must(live == (execution->allocations != NULL), "allocations of live fills alone");
	must((execution->status == OMS_EXECUTION_REVIEW) <= (execution->review_reasons != NULL), "who waits in review has reasons");
	must(!live || (execution->order_id != NULL && execution->review_reasons == NULL), "who is live has an order and no reasons");
	must((execution->status == OMS_EXECUTION_CORRECTED) == (execution->correcting_execution_id != NULL), "corrected by somebody");
	must((corrected == NULL) == (execution->corrected_execution_id == NULL), "what it corrects is there");
	must((by == NULL) == (execution->correcting_execution_id == NULL), "what corrects it is there");
	must(execution->order_id == NULL || corrected == NULL || oms_same_text(corrected->order_id, execution->order_id), "a chain is of one order");
	for (int i = 0; live && corrected && i < list_length(array->objects); i++)
	{
		must(corrected->status == OMS_EXECUTION_CORRECTED, "of a chain one counts");
		corrected = corrected->corrected_execution_id ?
			(const Execution *) array_find(array, KIND_EXECUTION, corrected->corrected_execution_id) : NULL;
	}
}

static void
check_objects(const ArraySource *array)
{
	ListCell   *cell;

	foreach(cell, array->objects)
	{
		const Object *object = lfirst(cell);
		const Object *root = array_find(array, oms_object_is_root(object) ? object->kind : KIND_ORDER, object->root_id);

		must(root != NULL && oms_object_is_root(root), "it is in the tree of a root");
		if (object->kind == KIND_ORDER)
			check_order(array, (const Order *) object);
		else
			check_execution(array, (const Execution *) object);
	}
}

/* ------------------------------------------------------------------------
 * what must hold of a command's events, and of refusals
 * ------------------------------------------------------------------------
 */

static const char *
belongs_to(const Object *object)
{
	return object->kind == KIND_ORDER ? ((const Order *) object)->parent_id : ((const Execution *) object)->order_id;
}

/* One of each order; what belongs to an order stands before it (decision.h). */
static void
check_changes(const Decision *d)
{
	ListCell   *cell;

	foreach(cell, d->changes)
	{
		const Change *change = lfirst(cell);

		for (int i = 0; i < foreach_current_index(cell); i++)
		{
			const Object *earlier = ((const Change *) list_nth(d->changes, i))->after;

			must(earlier->kind != KIND_ORDER || change->after->kind != KIND_ORDER || strcmp(earlier->id, change->after->id) != 0,
				 "one event of each order in a command");
			must(earlier->kind != KIND_ORDER || !oms_same_text(belongs_to(change->after), earlier->id),
				 "an order comes behind what belongs to it");
		}
		/* who has changed has its parent's figures changed, or not: but nobody else's */
		must(change->before == NULL || strcmp(change->before->id, change->after->id) == 0, "before and after are one");
	}
}

static void
check_events(const ArraySource *array)
{
	ListCell   *cell;

	foreach(cell, array->objects)
	{
		const Object *object = lfirst(cell);
		int64		version = 0,
					tree_version = 0;
		ListCell   *e;

		foreach(e, array->events)
		{
			const ArrayEvent *event = lfirst(e);

			if (event->after->kind == object->kind && strcmp(event->after->id, object->id) == 0)
				must(event->after->version == ++version, "versions without gaps");
			if (oms_object_is_root(object) && strcmp(event->after->root_id, object->id) == 0)
				must(event->tree_version == ++tree_version, "tree versions without gaps");
		}
		must(object->version == version, "the newest version is the object's");
		must(!oms_object_is_root(object) || object->tree_version == tree_version, "the newest tree version is the root's");
	}
}

/* No rule and no state refuses what a counterparty reports: only what cannot be read, named or done twice. */
static void
check_refusal(const Command *command, const Refusal *refusal)
{
	bool		fact = oms_command_is_report(command) && command->expected_version < 0;

	if (!fact || refusal == NULL || refusal->sqlstate == OMS_MALFORMED || refusal->sqlstate == OMS_NO_SUCH_OBJECT ||
		refusal->sqlstate == OMS_DUPLICATE)
		return;
	/* a change of a fill that has ended, but on the wire: there it is compared */
	must(refusal->sqlstate == OMS_NO_TRANSITION && oms_has_trait(command->def, TRAIT_CORRECTION | TRAIT_BUST), "a fact is not refused");
}

/* ------------------------------------------------------------------------
 * running them
 * ------------------------------------------------------------------------
 */

static char *
decided(ArraySource *array, const char *json, bool backwards, Command *command, Decision *d, Refusal **refusal)
{
	int			made = array->made;

	array->backwards = backwards;
	*refusal = array_parse(json, command);
	if (*refusal == NULL)
		*refusal = array_decide(array, command, d);
	else
		memset(d, 0, sizeof(*d));
	if (backwards)
		array->made = made;
	return cases_outcome(d, *refusal);
}

/* Decide twice, the rows the one way round and the other: a decision leaves nothing, and does not depend on them. */
static bool
step(ArraySource *array, const char *text)
{
	char	   *json = cases_json(text, 0);
	Command    *command = palloc(sizeof(Command));
	Decision	d;
	Refusal    *refusal;
	char	   *backwards,
			   *forwards;

	array->clock += USECS_PER_SEC * (one_in(20) ? SECS_PER_DAY : 1);
	backwards = decided(array, json, true, command, &d, &refusal);
	forwards = decided(array, json, false, command, &d, &refusal);
	last = forwards;
	if (strcmp(backwards, forwards) != 0)
		must(false, psprintf("the order of rows decides: '%s' or '%s'", backwards, forwards));
	if (command->def)
		check_refusal(command, refusal);
	if (refusal == NULL)
		refusal = array_claim(array, &d);
	if (refusal)
		return false;
	check_changes(&d);
	array_apply(array, &d);
	return true;
}

static void
stream(uint64 seed, int *accepted)
{
	ArraySource *array = array_begin();
	List	   *told = NIL;
	ListCell   *cell;

	pg_prng_seed(&prng, seed);
	broken = NULL;
	for (int i = 0; i < COMMANDS && broken == NULL; i++)
	{
		char	   *text = some_command(array);

		told = lappend(told, text);
		*accepted += step(array, text);
		check_objects(array);
	}
	check_events(array);
	if (broken == NULL)
		return;
	ok(false, "seed " UINT64_FORMAT ": %s", seed, broken);
	foreach(cell, told)
		appendStringInfo(&unit_out, "# %s\n", (char *) lfirst(cell));
	appendStringInfo(&unit_out, "# -> %s\n", last);
}

UNIT_TEST(decide_random)
{
	uint64		first = 7;
	int			accepted = 0;
	clock_t		began = clock();
	double		seconds;

	if (getenv("OMS_SEED"))
		first = strtou64(getenv("OMS_SEED"), NULL, 10);
	for (uint64 seed = first; seed < first + STREAMS; seed++)
	{
		MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "stream", ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(context);

		stream(seed, &accepted);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
	}
	seconds = (double) (clock() - began) / CLOCKS_PER_SEC;
	ok(accepted > STREAMS * COMMANDS / 3, "%d commands of which %d are accepted, from seed " UINT64_FORMAT, STREAMS * COMMANDS, accepted, first);
	appendStringInfo(&unit_out, "# %.0f commands a second, each decided twice and all checked\n", STREAMS * COMMANDS / Max(seconds, 0.001));
}
