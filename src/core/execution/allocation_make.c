/*-------------------------------------------------------------------------
 *
 * allocation_make.c
 *	  An Allocate command makes allocations: one of each pool of the block.
 *
 * Pure: reads through the decision's source, and writes into the block's book.
 * Who gets how much is allocation_share.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/decimal.h"
#include "core/execution/allocation_make.h"
#include "core/order/order_membership.h"

Refusal *
oms_allocation_malformed(const Command *command, const char *detail)
{
	return oms_with_detail(oms_refuse(OMS_MALFORMED, "%s cannot be understood", command->def->name), "%s", detail);
}

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
typedef struct Making
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
} Making;

/* ------------------------------------------------------------------------
 * who takes part
 * ------------------------------------------------------------------------
 */

static Refusal *
make_not_a_member(const Making *a, const char *order_id)
{
	return oms_refuse_by_rule("not_a_member", psprintf("order \"%s\" is no member of block \"%s\"", order_id, a->block->id),
							  "the block has none of it, or has it no more.");
}

static Refusal *
make_too_much(const char *message, const char *facts)
{
	return oms_refuse_by_rule("over_allocated", message, "%s", facts);
}

/* Quantities as they are given. */
static Refusal *
make_take_given(Making *a)
{
	const OrderShares *given = &a->command->allocations;

	a->left = oms_dec_zero();
	for (int i = 0; i < given->count; i++)
	{
		const OrderShare *share = &given->shares[i];
		const OrderMember *member = oms_book_member(a->book, share->order_id);

		if (member == NULL || member->released)
			return make_not_a_member(a, share->order_id);
		if (oms_dec_cmp(share->quantity, oms_member_lacks(member)) > 0)
			return make_too_much(psprintf("order \"%s\" cannot be allocated so much", member->order_id),
									   psprintf("%s are given, it lacks %s of its %s.", oms_dec_text(share->quantity),
												oms_dec_text(oms_member_lacks(member)), oms_dec_text(member->quantity)));
		if (oms_dec_sign(share->quantity) == 0)
			continue;
		a->shares[a->count++] = (ShareMember) {.order_id = member->order_id, .priority = member->priority, .weight = share->quantity};
		a->left = oms_dec_add(a->left, share->quantity);
	}
	return a->count > 0 ? NULL : oms_allocation_malformed(a->command, "It gives nothing to nobody.");
}

/* All members who are not released; a full one may have had its part. */
static void
make_take_members(Making *a)
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
make_weigh(Making *a)
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

static Numeric
make_lot(const Making *a)
{
	ShareMember *members = palloc0(sizeof(ShareMember) * Max(a->book->count, 1));
	List	   *quantities = list_make1(a->block->executed_quantity);
	ListCell   *cell;

	for (int i = 0; i < a->book->count; i++)
	{
		const OrderMember *member = &a->book->members[i];

		members[i] = (ShareMember) {.order_id = member->order_id, .priority = member->priority,
		.round_lot = oms_round_lot(oms_get_member(a->d, a->block->id, member->order_id)->attributes)};
		quantities = lappend(quantities, member->quantity);
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
make_find_pool(const List *pools, const PoolKey *key)
{
	const ListCell *cell;

	foreach(cell, pools)
		if (oms_pool_is_same(((Pool *) lfirst(cell))->key, key))
			return lfirst(cell);
	return NULL;
}

static Numeric
make_value_of(const BookFill *fill)
{
	Numeric		value = oms_execution_value(&fill->now);
	ListCell   *cell;

	foreach(cell, fill->entries)
		value = oms_dec_sub(value, ((const AllocationEntry *) lfirst(cell))->value);
	return value;
}

static int
make_compare_pools(const ListCell *a, const ListCell *b)
{
	return oms_pool_compare(((const Pool *) lfirst(a))->key, ((const Pool *) lfirst(b))->key);
}

static List *
make_pools(const AllocationBook *book)
{
	List	   *pools = NIL;
	ListCell   *cell;

	foreach(cell, book->fills)
	{
		const BookFill *fill = lfirst(cell);
		Pool	   *pool = make_find_pool(pools, &fill->pool);

		if (pool == NULL)
		{
			pool = palloc(sizeof(Pool));
			*pool = (Pool) {&fill->pool, oms_dec_zero(), oms_dec_zero()};
			pools = lappend(pools, pool);
		}
		pool->quantity = oms_dec_add(pool->quantity, oms_book_free(fill));
		pool->value = oms_dec_add(pool->value, make_value_of(fill));
	}
	list_sort(pools, make_compare_pools);
	return pools;
}

/*
 * Pools of which something is nobody's.  Where that is one, all the value that
 * members do not have is its: a pool without anything left has no value either.
 * So only where there are several all fills are read.
 */
static List *
make_open_pools(Making *a)
{
	List	   *pools = make_pools(a->book);
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
	pools = make_pools(a->book);
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
make_share_pool(Making *a, Numeric available)
{
	Numeric		quantity = oms_dec_min(available, a->left);

	if (a->method != ALLOCATE_MANUAL)
	{
		make_weigh(a);
		return oms_dec_sub(quantity, oms_share_allocate(a->shares, a->count, oms_share_methods[a->method], a->lot, quantity));
	}
	/* of what is given, what the pools before had not */
	for (int i = 0; i < a->count; i++)
		a->shares[i].quantity = a->shares[i].weight;
	if (oms_dec_cmp(quantity, a->left) < 0)
		(void) oms_share_reduce(a->shares, a->count, a->lot, quantity);
	return quantity;
}

static const ShareMember *
make_share_of(const Making *a, const char *order_id)
{
	for (int i = 0; i < a->count; i++)
		if (strcmp(a->shares[i].order_id, order_id) == 0)
			return &a->shares[i];
	elog(ERROR, "BUG: order \"%s\" has no share", order_id);
}

static AllocationTerms *
make_make_terms(const Making *a, const Pool *pool)
{
	AllocationTerms *terms = palloc0(sizeof(AllocationTerms));

	terms->id = oms_decision_new_id(a->d, a->block->id);
	terms->alloc_id = a->command->alloc_id;
	terms->method = a->method;
	terms->at = oms_decision_now(a->d);
	terms->selected = a->selected != NULL;
	terms->lot = a->lot;
	terms->pool_quantity = pool->quantity;
	terms->pool_value = pool->value;
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
make_flag(const Making *a, AllocationTerms *terms, Numeric average)
{
	const Order *beyond = NULL;

	for (AllocationParty *party = terms->parties; party < terms->parties + terms->count; party++)
	{
		const Order *order = oms_get_member(a->d, a->block->id, party->order_id);

		if (oms_dec_sign(make_share_of(a, party->order_id)->quantity) > 0 && oms_average_is_beyond(order, average))
		{
			party->flags |= FLAG_LIMIT_EXCEEDED;
			beyond = beyond ? beyond : order;
		}
		oms_book_raise(a->book, party->order_id, party->flags);
	}
	return beyond;
}

static Refusal *
make_beyond_limit(const Order *order, Numeric average)
{
	return oms_with_hint(oms_refuse_by_rule("limit_exceeded",
											psprintf("order \"%s\" would be allocated at a price beyond its limit", order->id),
											"the average is %s, the limit %s.", oms_dec_text(average), oms_dec_text(order->price)),
						 "Say confirm: true where that is meant.");
}

/* The fills that it takes from, the oldest first. */
static void
make_write(Making *a, AllocationTerms *terms, const PoolKey *key)
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
make_of_pool(Making *a, const Pool *pool)
{
	Numeric		shared = make_share_pool(a, a->selected ? oms_book_free(a->selected) : pool->quantity);
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
	terms = make_make_terms(a, pool);
	beyond = make_flag(a, terms, average);
	/* a preview shows it */
	if (beyond && a->command->confirm != TRI_TRUE && a->command->preview != TRI_TRUE)
		return make_beyond_limit(beyond, average);
	make_write(a, terms, pool->key);
	for (int i = 0; a->method == ALLOCATE_MANUAL && i < a->count; i++)
		a->shares[i].weight = oms_dec_sub(a->shares[i].weight, a->shares[i].quantity);
	return NULL;
}

/* How much is to be allocated, and is there so much? */
static Refusal *
make_begin(Making *a, const List *pools)
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
		refusal = make_take_given(a);
		if (refusal)
			return refusal;
	}
	else
		make_take_members(a);
	if (oms_dec_cmp(a->left, available) > 0)
		return make_too_much(psprintf("so much of block \"%s\" cannot be allocated", a->block->id),
								   psprintf("%s are asked for, %s of %s are nobody's.", oms_dec_text(a->left), oms_dec_text(available),
											a->selected ? "the fill" : "its fills"));
	a->lot = make_lot(a);
	return NULL;
}

static Refusal *
make_run(Making *a)
{
	List	   *pools = make_open_pools(a);
	ListCell   *cell;
	Refusal    *refusal;

	if (a->command->execution_id)
		a->selected = oms_book_fill(a->book, a->command->execution_id);
	if (a->command->execution_id && (a->selected == NULL || oms_dec_sign(oms_book_free(a->selected)) == 0))
		return make_too_much(psprintf("execution \"%s\" cannot be allocated", a->command->execution_id),
								   "all of it is allocated already.");
	refusal = make_begin(a, pools);
	foreach(cell, pools)
	{
		const Pool *pool = lfirst(cell);

		if (refusal)
			break;
		if (oms_dec_sign(a->left) > 0 && (a->selected == NULL || oms_pool_is_same(pool->key, &a->selected->pool)))
			refusal = make_of_pool(a, pool);
	}
	if (refusal == NULL && a->first == NULL)
		refusal = make_too_much(psprintf("nothing of block \"%s\" can be allocated", a->block->id),
									  pools == NIL ? "all that it has done is allocated." : "its members lack nothing, or have no weight.");
	return refusal;
}

Refusal *
oms_make_allocations(Decision *d, const Order *block, AllocationBook *book, const BookFill **first)
{
	const char *method = d->command->method;
	MemoryContext old = MemoryContextSwitchTo(book->memory);
	Making		a = {.d = d, .command = d->command, .block = block, .book = book, .method = ALLOCATE_MANUAL};
	Refusal    *refusal;

	if (method)
		a.method = oms_name_find(oms_allocation_method_names, method, strlen(method))->value;
	refusal = make_run(&a);
	MemoryContextSwitchTo(old);
	*first = a.first;
	return refusal;
}
