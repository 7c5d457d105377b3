/*-------------------------------------------------------------------------
 *
 * allocation.c
 *	  The use cases of allocation: fills of a block become its members', or
 *	  nobody's again.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.  Who gets how much is allocation_share.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "core/command_size.h"
#include "core/execution/allocation.h"
#include "core/execution/allocation_book.h"
#include "core/execution/allocation_message.h"

typedef enum WeightKind
{
	WEIGHT_MEMBERSHIP = 1,
	WEIGHT_LEAVES
} WeightKind;

const OmsName	oms_weight_names[] = {
	{WEIGHT_MEMBERSHIP, "MEMBERSHIP"},
	{WEIGHT_LEAVES, "LEAVES"},
	{0}
};

/* One Allocate command. */
typedef struct Allocating
{
	Decision   *d;
	const Command *command;
	const Order *block;
	AllocationBook *book;
	AllocationMethod method;
	BookFill   *selected;		/* by its executionId alone; or NULL */
	ShareMember *shares;		/* of who takes part */
	int			count;
	Numeric		lot;
	Numeric		left;			/* of what is to be allocated */
	const BookFill *first;		/* the oldest fill that was used */
} Allocating;

/* ------------------------------------------------------------------------
 * what it names
 * ------------------------------------------------------------------------
 */

static Refusal *
allocation_not_a_block(const Command *command, const char *id)
{
	return oms_refuse_by_rule("not_a_block", psprintf("%s is not possible for \"%s\"", command->def->name, id),
							  "it is not in the tree of a block: all of a fill is the root's there.");
}

/* The live execution of a block that the command names. */
static Refusal *
allocation_find_execution(const Decision *d, const Execution **execution, const Order **block)
{
	const Command *command = d->command;
	Refusal    *refusal;

	*execution = oms_get_execution(d, command->execution_id);
	if (*execution == NULL)
		return oms_no_such(KIND_EXECUTION, command->execution_id);
	refusal = oms_check_version(command, KIND_EXECUTION, (*execution)->id, (*execution)->version);
	if (refusal)
		return refusal;
	*block = (*execution)->order_id ? oms_get_order(d, (*execution)->root_id) : NULL;
	if (*block == NULL || !oms_order_is_block(*block))
		return allocation_not_a_block(command, (*execution)->id);
	if (!oms_execution_is_live(*execution))
		return oms_refuse(OMS_NO_TRANSITION, "%s is not possible for execution \"%s\" in status %s", command->def->name,
						  (*execution)->id, oms_name_of(oms_execution_status_names, (*execution)->status));
	return NULL;
}

static Refusal *
allocation_find_block(const Decision *d, const Order **block)
{
	const Command *command = d->command;

	*block = oms_get_order(d, command->order_id);
	if (*block == NULL)
		return oms_no_such(KIND_ORDER, command->order_id);
	if (!oms_order_is_block(*block))
		return allocation_not_a_block(command, (*block)->id);
	return command->execution_id ? NULL : oms_check_version(command, KIND_ORDER, (*block)->id, (*block)->version);
}

static Refusal *
allocation_malformed(const Command *command, const char *detail)
{
	return oms_with_detail(oms_refuse(OMS_MALFORMED, "%s cannot be understood", command->def->name), "%s", detail);
}

/* What the list of fields cannot say. */
static Refusal *
allocation_check_form(const Command *command)
{
	bool		given = command->allocations.shares != NULL;
	bool		manual = command->method && strcmp(command->method, "MANUAL") == 0;

	if (given && command->method && !manual)
		return allocation_malformed(command, "It has quantities (allocations) and a method; one of them says who gets how much.");
	if (!given && (command->method == NULL || manual))
		return allocation_malformed(command, "It needs quantities (allocations), or a method: PRO_RATA, PRIORITY or EQUAL.");
	if (given && command->quantity)
		return allocation_malformed(command, "Where quantities are given (allocations), quantity says nothing.");
	if (command->weights && (given || strcmp(command->method, "PRO_RATA") != 0))
		return allocation_malformed(command, "Weights are of the method PRO_RATA alone.");
	if (command->execution_id && command->reason == NULL)
		return allocation_malformed(command, "A fill that is allocated alone, and not with its pool, needs a reason.");
	return NULL;
}

/* ------------------------------------------------------------------------
 * who takes part
 * ------------------------------------------------------------------------
 */

static Refusal *
allocation_not_a_member(const Allocating *a, const char *order_id)
{
	return oms_refuse_by_rule("not_a_member", psprintf("order \"%s\" is no member of block \"%s\"", order_id, a->block->id),
							  "the block has none of it, or has it no more.");
}

static Refusal *
allocation_too_much(const char *message, const char *facts)
{
	return oms_refuse_by_rule("over_allocated", message, "%s", facts);
}

/* Quantities as they are given. */
static Refusal *
allocation_take_given(Allocating *a)
{
	const OrderShares *given = &a->command->allocations;

	a->left = oms_dec_zero();
	for (int i = 0; i < given->count; i++)
	{
		const OrderShare *share = &given->shares[i];
		const OrderMember *member = oms_book_member(a->book, share->order_id);

		if (member == NULL || member->released)
			return allocation_not_a_member(a, share->order_id);
		if (oms_dec_cmp(share->quantity, oms_member_lacks(member)) > 0)
			return allocation_too_much(psprintf("order \"%s\" cannot be allocated so much", member->order_id),
									   psprintf("%s are given, it lacks %s of its %s.", oms_dec_text(share->quantity),
												oms_dec_text(oms_member_lacks(member)), oms_dec_text(member->quantity)));
		if (oms_dec_sign(share->quantity) == 0)
			continue;
		a->shares[a->count++] = (ShareMember) {.order_id = member->order_id, .priority = member->priority, .weight = share->quantity};
		a->left = oms_dec_add(a->left, share->quantity);
	}
	return a->count > 0 ? NULL : allocation_malformed(a->command, "It gives nothing to nobody.");
}

/* All members who are not released; a full one may have had its part. */
static void
allocation_take_members(Allocating *a)
{
	for (int i = 0; i < a->book->count; i++)
	{
		const OrderMember *member = &a->book->members[i];

		if (!member->released)
			a->shares[a->count++] = (ShareMember) {.order_id = member->order_id, .priority = member->priority};
	}
}

/* Weights, caps, and what the method gave, as the pools before have left them. */
static void
allocation_weigh(Allocating *a)
{
	bool		leaves = a->command->weights && strcmp(a->command->weights, "LEAVES") == 0;

	for (int i = 0; i < a->count; i++)
	{
		const OrderMember *member = oms_book_member(a->book, a->shares[i].order_id);

		a->shares[i].cap = oms_member_lacks(member);
		a->shares[i].from_method = member->by_method[a->method];
		if (a->method == ALLOCATE_PRO_RATA)
			a->shares[i].weight = leaves ? a->shares[i].cap : member->quantity;
	}
}

/* The attribute roundLot of a member's order: a number, or a numeric text; or NULL. */
static Numeric
allocation_round_lot(const Order *order)
{
	char	   *text = order->attributes ? oms_fix_text(order->attributes, "roundLot") : NULL;
	Numeric		lot;

	return text && oms_dec_parse(text, strlen(text), &lot) ? lot : NULL;
}

static Numeric
allocation_lot(const Allocating *a)
{
	ShareMember *members = palloc0(sizeof(ShareMember) * Max(a->book->count, 1));
	List	   *quantities = list_make1(a->block->executed_quantity);
	ListCell   *cell;

	for (int i = 0; i < a->book->count; i++)
	{
		const OrderMember *member = &a->book->members[i];

		members[i] = (ShareMember) {.order_id = member->order_id, .priority = member->priority,
		.round_lot = allocation_round_lot(oms_get_order(a->d, member->order_id))};
		quantities = lappend(quantities, member->quantity);
		quantities = lappend(quantities, member->allocated_quantity);
	}
	foreach(cell, a->book->fills)
		quantities = lappend(quantities, ((const BookFill *) lfirst(cell))->now.quantity);
	return oms_share_lot(members, a->book->count, quantities);
}

/* ------------------------------------------------------------------------
 * pools
 * ------------------------------------------------------------------------
 */

/* Fills at one average price, and what nobody has of them. */
typedef struct Pool
{
	const PoolKey *key;
	Numeric		quantity;
	Numeric		value;
} Pool;

static Pool *
allocation_find_pool(const List *pools, const PoolKey *key)
{
	const ListCell *cell;

	foreach(cell, pools)
		if (oms_pool_is_same(((Pool *) lfirst(cell))->key, key))
			return lfirst(cell);
	return NULL;
}

static Numeric
allocation_value_of(const BookFill *fill)
{
	Numeric		value = oms_execution_value(&fill->now);
	ListCell   *cell;

	foreach(cell, fill->entries)
		value = oms_dec_sub(value, ((const AllocationEntry *) lfirst(cell))->value);
	return value;
}

static int
allocation_compare_pools(const ListCell *a, const ListCell *b)
{
	return oms_pool_compare(((const Pool *) lfirst(a))->key, ((const Pool *) lfirst(b))->key);
}

static List *
allocation_pools(const AllocationBook *book)
{
	List	   *pools = NIL;
	ListCell   *cell;

	foreach(cell, book->fills)
	{
		const BookFill *fill = lfirst(cell);
		Pool	   *pool = allocation_find_pool(pools, &fill->pool);

		if (pool == NULL)
		{
			pool = palloc(sizeof(Pool));
			*pool = (Pool) {&fill->pool, oms_dec_zero(), oms_dec_zero()};
			pools = lappend(pools, pool);
		}
		pool->quantity = oms_dec_add(pool->quantity, oms_book_free(fill));
		pool->value = oms_dec_add(pool->value, allocation_value_of(fill));
	}
	list_sort(pools, allocation_compare_pools);
	return pools;
}

/*
 * Pools of which something is nobody's.  Where that is one, all the value that
 * members do not have is its: a pool without anything left has no value either.
 * So only where there are several all fills are read.
 */
static List *
allocation_open_pools(Allocating *a)
{
	List	   *pools = allocation_pools(a->book);
	ListCell   *cell;

	if (list_length(pools) == 1)
	{
		Pool	   *pool = linitial(pools);

		pool->value = a->block->executed_value;
		for (int i = 0; i < a->book->count; i++)
			pool->value = oms_dec_sub(pool->value, a->book->members[i].allocated_value);
		return pools;
	}
	oms_book_load(a->d, a->book, true);
	pools = allocation_pools(a->book);
	foreach(cell, pools)
		if (oms_dec_sign(((const Pool *) lfirst(cell))->quantity) == 0)
			pools = foreach_delete_current(pools, cell);
	return pools;
}

/* ------------------------------------------------------------------------
 * one allocation
 * ------------------------------------------------------------------------
 */

/* How much each gets of a pool, or of the selected fill; returns their sum. */
static Numeric
allocation_share_pool(Allocating *a, Numeric available)
{
	static const ShareMethod methods[ALLOCATION_METHODS] = {
		[ALLOCATE_PRO_RATA] = SHARE_PRO_RATA,
		[ALLOCATE_PRIORITY] = SHARE_PRIORITY,
		[ALLOCATE_EQUAL] = SHARE_EQUAL,
	};
	Numeric		quantity = oms_dec_min(available, a->left);

	if (a->method != ALLOCATE_MANUAL)
	{
		allocation_weigh(a);
		return oms_dec_sub(quantity, oms_share_allocate(a->shares, a->count, methods[a->method], a->lot, quantity));
	}
	/* of what is given, what the pools before had not */
	for (int i = 0; i < a->count; i++)
		a->shares[i].quantity = a->shares[i].weight;
	if (oms_dec_cmp(quantity, a->left) < 0)
		(void) oms_share_reduce(a->shares, a->count, a->lot, quantity);
	return quantity;
}

static const ShareMember *
allocation_share_of(const Allocating *a, const char *order_id)
{
	for (int i = 0; i < a->count; i++)
		if (strcmp(a->shares[i].order_id, order_id) == 0)
			return &a->shares[i];
	elog(ERROR, "BUG: order \"%s\" has no share", order_id);
}

static AllocationTerms *
allocation_make_terms(const Allocating *a)
{
	AllocationTerms *terms = palloc0(sizeof(AllocationTerms));

	terms->id = oms_decision_new_id(a->d, a->block->id);
	terms->alloc_id = a->command->alloc_id;
	terms->method = a->method;
	terms->at = oms_decision_now(a->d);
	terms->selected = a->selected != NULL;
	terms->lot = a->lot;
	terms->parties = palloc0(sizeof(AllocationParty) * a->count);
	for (int i = 0; i < a->count; i++)
	{
		const ShareMember *share = &a->shares[i];

		if (a->method == ALLOCATE_MANUAL && oms_dec_sign(share->quantity) == 0)
			continue;
		terms->parties[terms->count++] = (AllocationParty) {
			.order_id = unconstify(char *, share->order_id),
			.priority = share->priority,
			.weight = a->method == ALLOCATE_MANUAL ? share->quantity : share->weight,
			.flags = share->odd_lot ? FLAG_ODD_LOT : 0,
		};
	}
	return terms;
}

/* What stands in the terms is flagged on the members' orders too.  Whose limit is exceeded first, or NULL. */
static const Order *
allocation_flag(const Allocating *a, AllocationTerms *terms, Numeric average)
{
	const Order *beyond = NULL;

	for (AllocationParty *party = terms->parties; party < terms->parties + terms->count; party++)
	{
		const Order *order = oms_get_order(a->d, party->order_id);

		if (oms_dec_sign(allocation_share_of(a, party->order_id)->quantity) > 0 && oms_average_is_beyond(order, average))
		{
			party->flags |= FLAG_LIMIT_EXCEEDED;
			beyond = beyond ? beyond : order;
		}
		oms_book_raise(a->book, party->order_id, party->flags);
	}
	return beyond;
}

static Refusal *
allocation_beyond_limit(const Order *order, Numeric average)
{
	return oms_with_hint(oms_refuse_by_rule("limit_exceeded",
											psprintf("order \"%s\" would be allocated at a price beyond its limit", order->id),
											"the average is %s, the limit %s.", oms_dec_text(average), oms_dec_text(order->price)),
						 "Say confirm: true where that is meant.");
}

/* The fills that it takes from, the oldest first. */
static void
allocation_write(Allocating *a, AllocationTerms *terms, const PoolKey *key)
{
	int			count = list_length(a->book->fills);
	Numeric    *available = palloc(sizeof(Numeric) * count);
	List	   *entries;
	ListCell   *cell;

	for (int i = 0; i < count; i++)
	{
		BookFill   *fill = list_nth(a->book->fills, i);
		bool		is_of = a->selected ? fill == a->selected : oms_pool_is_same(key, &fill->pool);

		available[i] = is_of ? oms_book_free(fill) : oms_dec_zero();
	}
	entries = oms_share_entries(available, count, a->shares, a->count);
	foreach(cell, entries)
	{
		const ShareEntry *share = lfirst(cell);
		BookFill   *fill = list_nth(a->book->fills, share->execution);
		AllocationEntry *entry = palloc0(sizeof(AllocationEntry));

		CHECK_FOR_INTERRUPTS();
		entry->allocation_id = terms->id;
		entry->order_id = unconstify(char *, a->shares[share->member].order_id);
		entry->quantity = share->quantity;
		entry->value = share->value;
		oms_book_give(a->book, fill, entry, a->method);
		if (cell == list_head(entries))
			fill->terms = lappend(fill->terms, terms);
		if (a->first == NULL || oms_book_came_before(fill, a->first))
			a->first = fill;
	}
}

/* One pool, or the selected fill of it. */
static Refusal *
allocation_of_pool(Allocating *a, const Pool *pool)
{
	Numeric		shared = allocation_share_pool(a, a->selected ? oms_book_free(a->selected) : pool->quantity);
	bool		rest = oms_dec_cmp(shared, pool->quantity) == 0;
	Numeric		value = a->selected && !rest ? oms_execution_value(&a->selected->now) : pool->value;
	Numeric		quantity = a->selected && !rest ? a->selected->now.quantity : pool->quantity;
	Numeric		average = oms_dec_div(value, quantity, AVG_PX_SCALE);
	AllocationTerms *terms;
	const Order *beyond;

	if (oms_dec_sign(shared) == 0)
		return NULL;
	a->left = oms_dec_sub(a->left, shared);
	oms_share_value(a->shares, a->count, value, quantity);
	terms = allocation_make_terms(a);
	beyond = allocation_flag(a, terms, average);
	/* a preview shows it */
	if (beyond && a->command->confirm != TRI_TRUE && a->command->preview != TRI_TRUE)
		return allocation_beyond_limit(beyond, average);
	allocation_write(a, terms, pool->key);
	for (int i = 0; a->method == ALLOCATE_MANUAL && i < a->count; i++)
		a->shares[i].weight = oms_dec_sub(a->shares[i].weight, a->shares[i].quantity);
	return NULL;
}

/* ------------------------------------------------------------------------
 * the commands
 * ------------------------------------------------------------------------
 */

/* How much is to be allocated, and is there so much? */
static Refusal *
allocation_begin(Allocating *a, const List *pools)
{
	Numeric		available = oms_dec_zero();
	const ListCell *cell;
	Refusal    *refusal;

	foreach(cell, pools)
		available = oms_dec_add(available, ((const Pool *) lfirst(cell))->quantity);
	if (a->selected)
		available = oms_book_free(a->selected);
	a->shares = palloc0(sizeof(ShareMember) * Max(Max(a->book->count, a->command->allocations.count), 1));
	a->left = a->command->quantity ? a->command->quantity : available;
	if (a->method == ALLOCATE_MANUAL)
	{
		refusal = allocation_take_given(a);
		if (refusal)
			return refusal;
	}
	else
		allocation_take_members(a);
	if (oms_dec_cmp(a->left, available) > 0)
		return allocation_too_much(psprintf("so much of block \"%s\" cannot be allocated", a->block->id),
								   psprintf("%s are asked for, %s of %s are nobody's.", oms_dec_text(a->left), oms_dec_text(available),
											a->selected ? "the fill" : "its fills"));
	a->lot = allocation_lot(a);
	return NULL;
}

static Refusal *
allocation_run(Allocating *a)
{
	List	   *pools = allocation_open_pools(a);
	ListCell   *cell;
	Refusal    *refusal;

	if (a->command->execution_id)
		a->selected = oms_book_fill(a->book, a->command->execution_id);
	if (a->command->execution_id && (a->selected == NULL || oms_dec_sign(oms_book_free(a->selected)) == 0))
		return allocation_too_much(psprintf("execution \"%s\" cannot be allocated", a->command->execution_id),
								   "all of it is allocated already.");
	refusal = allocation_begin(a, pools);
	foreach(cell, pools)
	{
		const Pool *pool = lfirst(cell);

		if (refusal)
			break;
		if (oms_dec_sign(a->left) > 0 && (a->selected == NULL || oms_pool_is_same(pool->key, &a->selected->pool)))
			refusal = allocation_of_pool(a, pool);
	}
	if (refusal == NULL && a->first == NULL)
		refusal = allocation_too_much(psprintf("nothing of block \"%s\" can be allocated", a->block->id),
									  pools == NIL ? "all that it has done is allocated." : "its members lack nothing, or have no weight.");
	return refusal;
}

/* Its list of members may be long, and others have their part of it in what they are. */
static void
allocation_tell_briefly(Decision *d)
{
	Command    *brief = palloc(sizeof(Command));

	*brief = *d->command;
	brief->raw = oms_command_brief(brief->raw);
	d->cause = brief;
}

Refusal *
oms_decide_allocate(Decision *d)
{
	const Command *command = d->command;
	Allocating	a = {.d = d, .command = command, .method = ALLOCATE_MANUAL};
	const Execution *execution = NULL;
	const Order *named = NULL;
	Refusal    *refusal = allocation_check_form(command);

	if (refusal == NULL && command->order_id)
		refusal = allocation_find_block(d, &named);
	if (refusal == NULL && command->execution_id)
		refusal = allocation_find_execution(d, &execution, &a.block);
	else
		a.block = named;
	if (refusal == NULL && named && strcmp(named->id, a.block->id) != 0)
		refusal = oms_refuse_by_rule("order_differs", psprintf("execution \"%s\" is not of block \"%s\"", execution->id, named->id),
									 "it is of block %s.", a.block->id);
	if (refusal)
		return refusal;
	if (command->method)
		a.method = oms_name_find(oms_allocation_method_names, command->method, strlen(command->method))->value;
	a.book = oms_book_of(d, a.block);
	if (a.book == NULL)
		return oms_unreached();
	if (command->alloc_id && oms_allocation_is_told(d, a.book, &refusal))
		return refusal;
	oms_book_load(d, a.book, false);
	refusal = allocation_run(&a);
	if (refusal)
		return refusal;
	oms_decision_about(d, KIND_EXECUTION, a.first->now.id, false);
	allocation_tell_briefly(d);
	oms_book_put_fills(d, a.book);
	return NULL;
}

/* Take the entries of the fill back, or those of one member.  False if there are none. */
static bool
allocation_take_back(AllocationBook *book, BookFill *fill, const List *allocations, const char *order_id)
{
	List	   *entries = list_copy(fill->entries);
	ListCell   *cell;
	const ListCell *of;
	bool		any = false;

	foreach(cell, entries)
	{
		AllocationEntry *entry = lfirst(cell);
		AllocationMethod method = ALLOCATE_MANUAL;

		if (order_id && strcmp(entry->order_id, order_id) != 0)
			continue;
		foreach(of, allocations)
			if (oms_same_text(((const AllocationTerms *) lfirst(of))->id, entry->allocation_id))
				method = ((const AllocationTerms *) lfirst(of))->method;
		oms_book_take(book, fill, entry, method);
		any = true;
	}
	return any;
}

Refusal *
oms_decide_deallocate(Decision *d)
{
	const Command *command = d->command;
	const Execution *execution;
	const Order *block;
	AllocationBook *book;
	BookFill   *fill;
	List	   *allocations;
	Refusal    *refusal;

	if (command->alloc_id)
	{
		refusal = allocation_find_block(d, &block);
		return refusal ? refusal : oms_deallocate_message(d, block);
	}
	refusal = allocation_find_execution(d, &execution, &block);
	if (refusal)
		return refusal;
	if (oms_dec_sign(execution->allocated_quantity) == 0)
		return oms_refuse(OMS_NO_TRANSITION, "%s is not possible: nothing of execution \"%s\" is allocated",
						  command->def->name, execution->id);
	book = oms_book_of(d, block);
	if (book == NULL)
		return oms_unreached();
	oms_book_load(d, book, true);
	fill = oms_book_fill(book, execution->id);
	allocations = oms_book_allocations(book, NIL);
	if (!allocation_take_back(book, fill, allocations, command->order_id))
		return oms_refuse_by_rule("not_a_member", psprintf("nothing of execution \"%s\" is allocated to order \"%s\"",
														   execution->id, command->order_id), "others have parts of it.");
	oms_book_place_terms(book, allocations);
	oms_decision_about(d, KIND_EXECUTION, execution->id, false);
	oms_book_put_fills(d, book);
	return NULL;
}
