/*-------------------------------------------------------------------------
 * test/unit/core_invariants.h
 *	  What must hold of the core whatever came before, computed anew from the array.
 *
 * Of every order, execution and event, of the changes of a command and of a refusal.
 * broken says the first that does not.
 *-------------------------------------------------------------------------
 */
#ifndef OMS_CORE_INVARIANTS_H
#define OMS_CORE_INVARIANTS_H

#include "decide_cases.h"

#include "core/halt.h"

static const char *broken;
static const char *last;		/* what the last command did */

static inline void
must(bool holds, const char *what)
{
	if (!holds && broken == NULL)
		broken = what;
}

/* ------------------------------------------------------------------------
 * what must hold of the objects
 * ------------------------------------------------------------------------
 */

static inline bool
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

static inline Sums
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

static inline void
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
	must(order->desk_status == 0 || order->parent_id == NULL, "a child is not on the desk by itself");
	must((order->desk_status != DESK_QUEUED && order->desk_status != DESK_CLAIMED) || oms_order_is_live(order), "what waits or is claimed is live");
	must(order->desk_status != DESK_COMPLETED || !oms_order_is_live(order), "what is completed has ended");
	must(order->desk_status != DESK_CLAIMED || order->desk_user != NULL, "what is claimed is somebody's");
	must((order->desk_status != 0 && order->desk_status != DESK_QUEUED && order->desk_status != DESK_RELEASED) || order->desk_user == NULL,
		 "what waits, was released or never came is nobody's");
	must((order->desk_status != 0) == (order->desk_since != NO_TIME), "on the desk since some time");
}

static inline void
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

static inline void
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

static inline const char *
belongs_to(const Object *object)
{
	return object->kind == KIND_ORDER ? ((const Order *) object)->parent_id : ((const Execution *) object)->order_id;
}

/* One of each order; what belongs to an order stands before it (decision.h). */
static inline void
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

static inline void
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
static inline void
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
 * what must hold in a trading halt
 * ------------------------------------------------------------------------
 */

/* The slow and obvious way; NULL: there are none. */
static inline bool
halts_hold(const Halts *halts, TimestampTz now, const char *symbol, const char *account, const char *destination)
{
	for (int i = 0; halts && i < halts->count; i++)
	{
		const Halt *h = &halts->halts[i];

		if ((h->symbol == NULL || oms_same_text(h->symbol, symbol)) && (h->account == NULL || oms_same_text(h->account, account)) &&
			(h->destination == NULL || oms_same_text(h->destination, destination)) && now >= h->since && now < h->until)
			return true;
	}
	return false;
}

static inline bool
is_halted(const ArraySource *array, const Order *order)
{
	const Order *parent = order->parent_id ? (const Order *) array_find(array, KIND_ORDER, order->parent_id) : NULL;
	const char *destination = order->destination;

	while (destination == NULL && parent)
	{
		destination = parent->destination;
		parent = parent->parent_id ? (const Order *) array_find(array, KIND_ORDER, parent->parent_id) : NULL;
	}
	return halts_hold(array->halts, array->clock, order->symbol, order->account, destination);
}

/* Nothing that is halted is placed or increased, a new client order waits, and all else is as without a halt. */
static inline void
check_halts(const ArraySource *array, const Command *command, const Decision *d, const Refusal *refusal)
{
	ListCell   *cell;

	if (refusal && oms_same_text(refusal->rule, "trading_halt"))
	{
		must(!oms_command_is_fact(command), "no halt refuses a fact");
		must(strstr(command->def->name, "Cancel") == NULL && strstr(command->def->name, "Desk") == NULL, "no halt refuses what takes back");
		must(array->halts != NULL, "without a halt nobody is refused for one");
	}
	if (refusal || oms_command_is_fact(command))
		return;
	foreach(cell, d->changes)
	{
		const Change *change = lfirst(cell);
		const Order *before = (const Order *) change->before;
		const Order *after = (const Order *) change->after;
		bool		halted = after->kind == KIND_ORDER && is_halted(array, after);

		if (after->kind != KIND_ORDER || (before && strstr(command->def->name, "Replace") == NULL))
			continue;
		if (before == NULL && after->parent_id == NULL)
			must((after->desk_status == DESK_QUEUED) == halted, "a client order waits in a halt, and else not");
		else if (before == NULL)
			must(!halted, "what is halted gets no placement");
		else if (strncmp(command->def->name, "Re", 2) == 0 && strstr(command->def->name, "Reject") == NULL && before->order_qty && after->order_qty)
			must(!halted || oms_dec_cmp(after->order_qty, before->order_qty) <= 0, "what is halted does not grow");
	}
}

/* ------------------------------------------------------------------------
 * one command
 * ------------------------------------------------------------------------
 */

static inline char *
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
static inline bool
step(ArraySource *array, const char *text, int seconds)
{
	char	   *json = cases_json(text, 0);
	Command    *command = palloc(sizeof(Command));
	Decision	d;
	Refusal    *refusal;
	char	   *backwards,
			   *forwards;

	array->clock += USECS_PER_SEC * seconds;
	backwards = decided(array, json, true, command, &d, &refusal);
	forwards = decided(array, json, false, command, &d, &refusal);
	last = forwards;
	if (strcmp(backwards, forwards) != 0)
		must(false, psprintf("the order of rows decides: '%s' or '%s'", backwards, forwards));
	if (command->def)
	{
		check_refusal(command, refusal);
		check_halts(array, command, &d, refusal);
	}
	if (refusal == NULL)
		refusal = array_claim(array, &d);
	if (refusal)
		return false;
	check_changes(&d);
	array_apply(array, &d);
	return true;
}

#endif							/* OMS_CORE_INVARIANTS_H */
