/*-------------------------------------------------------------------------
 *
 * allocation_value.c
 *	  What allocations are worth, told anew when a fill of their pool has changed.
 *
 * Pure: reads through the decision's source, and puts nothing.
 *
 * An allocation counts at the average of its pool, as that was when it was made (its
 * terms have it).  What the fill changed of the pool goes from one allocation to the
 * next, in the order of time: each pool becomes more or less by it, each allocation
 * keeps its part of that, and what was given back comes in again when it did.  So it
 * is as if a busted fill had never been, a correction as if the fill had been so from
 * the beginning, and what had nothing of all this stays as it is to the last decimal.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/decimal.h"
#include "core/execution/allocation_value.h"
#include "core/order/order_membership.h"

static void
value_move(RedoAmount *amount, RedoAmount more, bool adds)
{
	amount->quantity = (adds ? oms_dec_add : oms_dec_sub) (amount->quantity, more.quantity);
	amount->value = (adds ? oms_dec_add : oms_dec_sub) (amount->value, more.value);
}

static RedoAmount
value_count(const List *entries, const AllocationTerms *terms)
{
	RedoAmount	sum = {oms_dec_zero(), oms_dec_zero()};
	const ListCell *cell;

	foreach(cell, entries)
	{
		const AllocationEntry *entry = lfirst(cell);

		if (oms_same_text(entry->allocation_id, terms->id))
			value_move(&sum, (RedoAmount) {entry->quantity, entry->value}, true);
	}
	return sum;
}

/* What the allocation has of the pool's fills now. */
static RedoAmount
value_count_pool(const AllocationBook *book, const RedoPool *pool, const AllocationTerms *terms)
{
	RedoAmount	sum = {oms_dec_zero(), oms_dec_zero()};

	for (int i = oms_redo_find_parts(&pool->index, terms->id); i < pool->index.count; i++)
	{
		const BookFill *fill = list_nth(book->fills, pool->index.parts[i].place);

		if (strcmp(pool->index.parts[i].allocation_id, terms->id) != 0)
			break;
		if (oms_pool_is_same(pool->key, &fill->pool))
			value_move(&sum, value_count(fill->entries, terms), true);
	}
	return sum;
}

/* What a fill adds to its pool: what has not left that. */
static RedoAmount
value_amount_of(const AllocationBook *book, const List *allocations, const Execution *fill, const List *entries)
{
	RedoAmount	amount = {fill->quantity, oms_execution_value(fill)};
	const ListCell *cell;

	foreach(cell, entries)
	{
		const AllocationEntry *entry = lfirst(cell);

		if (oms_book_terms_of(book, allocations, entry)->pool_quantity == NULL)
			value_move(&amount, (RedoAmount) {entry->quantity, entry->value}, false);
	}
	return amount;
}

/* How much of it was given back and is there. */
static Numeric
value_returned(const AllocationReturn *back)
{
	return back->stays ? back->stays : back->quantity;
}

static bool
value_is_of_ended(const RedoPool *pool, const AllocationReturn *back)
{
	return pool->was && strcmp(back->execution_id, pool->was->id) == 0;
}

/* Of one fill alone, whether it still has that or has given it back: its own price. */
static const BookFill *
value_selected(const AllocationBook *book, const RedoPool *pool, const Redo *redo)
{
	const ListCell *cell;

	if (!redo->terms->selected)
		return NULL;
	for (int i = 0; i < redo->fills; i++)
		if (oms_dec_sign(redo->of_fills[i]) != 0)
			return oms_redo_fill(book, redo, i);
	foreach(cell, redo->terms->returns)
	{
		const AllocationReturn *back = lfirst(cell);
		const BookFill *fill = value_is_of_ended(pool, back) ? pool->with : oms_book_fill(book, back->execution_id);

		if (fill)
			return fill;
	}
	return NULL;
}

static void
value_flag_limits(const Decision *d, AllocationBook *book, const Redo *redo, Numeric average)
{
	for (int i = 0; i < redo->count; i++)
		if (oms_dec_sign(redo->shares[i].quantity) != 0 &&
			oms_average_is_beyond(oms_get_member(d, book->block_id, redo->shares[i].order_id), average))
			oms_book_raise(book, redo->shares[i].order_id, FLAG_LIMIT_EXCEEDED);
}

static bool
value_was_returned(const RedoPool *pool, const List *returns)
{
	const ListCell *cell;

	foreach(cell, returns)
		if (value_is_of_ended(pool, lfirst(cell)))
			return true;
	return false;
}

/* What an allocation can have had of the fill's successor: it is not with those of before, nor came back of them later. */
static Numeric
value_was_left(const AllocationBook *book, const List *allocations, const BookFill *with, const List *before, TimestampTz at)
{
	Numeric		left = with ? with->now.quantity : oms_dec_zero();
	ListCell   *cell;

	foreach(cell, before)
		if (((const AllocationReturn *) lfirst(cell))->at > at)
			left = oms_dec_sub(left, value_returned(lfirst(cell)));
	foreach(cell, with ? with->entries : NIL)
		if (oms_book_terms_of(book, allocations, lfirst(cell))->at <= at)
			left = oms_dec_sub(left, ((const AllocationEntry *) lfirst(cell))->quantity);
	return left;
}

/*
 * What was given back of the fill that ended is together no more than its successor
 * has, the oldest first: else the pool would lack what nobody had.
 */
static void
value_limit_returns(const AllocationBook *book, const List *allocations, const RedoPool *pool)
{
	List	   *before = NIL;
	ListCell   *cell;

	for (int i = 0; i < pool->count; i++)
	{
		const AllocationTerms *terms = list_nth(allocations, i);
		Numeric		left;

		CHECK_FOR_INTERRUPTS();
		if (!value_was_returned(pool, terms->returns))
			continue;
		left = value_was_left(book, allocations, pool->with, before, terms->at);
		foreach(cell, terms->returns)
		{
			AllocationReturn *back = lfirst(cell);

			if (!value_is_of_ended(pool, back))
				continue;
			back->stays = oms_dec_max(oms_dec_zero(), oms_dec_min(back->quantity, left));
			left = oms_dec_sub(left, back->stays);
			before = lappend(before, back);
		}
	}
}

/* An allocation is of one pool: that of what it has, or had. */
static bool
value_is_of_pool(const AllocationBook *book, const RedoPool *pool, const AllocationTerms *terms, RedoAmount had)
{
	ListCell   *cell;

	if (terms->pool_quantity == NULL)
		return false;
	if (oms_dec_sign(had.quantity) != 0 || value_was_returned(pool, terms->returns))
		return true;
	foreach(cell, terms->returns)
	{
		const BookFill *fill = oms_book_fill(book, ((const AllocationReturn *) lfirst(cell))->execution_id);

		if (fill && oms_pool_is_same(pool->key, &fill->pool))
			return true;
	}
	return false;
}

/* A split that is reported of one order after the other leaves units that no factor tells. */
static bool
value_is_split(const AllocationBook *book, const RedoPool *pool)
{
	ListCell   *cell;

	foreach(cell, book->fills)
		if (((const BookFill *) lfirst(cell))->now.quantity_factor)
			return true;
	return pool->was && pool->was->quantity_factor;
}

static int
value_compare_fills(const ListCell *a, const ListCell *b)
{
	const BookFill *first = lfirst(a);
	const BookFill *second = lfirst(b);

	return first->counts_from < second->counts_from ? -1 : first->counts_from > second->counts_from;
}

/* What nobody had of the pool when each allocation was made, told from the quantities of today. */
static void
value_recount(const AllocationBook *book, const List *allocations, const RedoPool *pool)
{
	Numeric		quantity = oms_dec_zero();
	List	   *coming = NIL;
	List	   *fills = list_copy(book->fills);
	bool		came = pool->was == NULL;
	int			next = 0;
	ListCell   *cell;

	list_sort(fills, value_compare_fills);
	for (int i = 0; i < pool->count; i++)
	{
		AllocationTerms *terms = list_nth(allocations, i);

		CHECK_FOR_INTERRUPTS();
		for (; next < list_length(fills); next++)
		{
			const BookFill *fill = list_nth(fills, next);

			if (fill->counts_from > terms->at)
				break;
			if (oms_pool_is_same(pool->key, &fill->pool))
				quantity = oms_dec_add(quantity, value_amount_of(book, allocations, &fill->now, fill->entries).quantity);
		}
		if (!came && pool->counts_from <= terms->at)
		{
			came = true;
			quantity = oms_dec_add(quantity, value_amount_of(book, allocations, pool->was, oms_allocation_entries(pool->was->allocations)).quantity);
		}
		foreach(cell, coming)
		{
			const AllocationReturn *back = lfirst(cell);

			if (back->at > terms->at)
				continue;
			quantity = oms_dec_add(quantity, back->quantity);
			coming = foreach_delete_current(coming, cell);
		}
		if (!value_is_of_pool(book, pool, terms, pool->had[i]))
			continue;
		terms->pool_quantity = quantity;
		quantity = oms_dec_sub(quantity, pool->had[i].quantity);
		foreach(cell, terms->returns)
		{
			quantity = oms_dec_sub(quantity, ((const AllocationReturn *) lfirst(cell))->quantity);
			coming = lappend(coming, lfirst(cell));
		}
	}
}

/* Before quantities move: what each allocation has, with what it had of the fill that ended. */
void
oms_value_begin(const AllocationBook *book, const List *allocations, RedoPool *pool)
{
	List	   *entries = pool->was ? oms_allocation_entries(pool->was->allocations) : NIL;

	pool->count = list_length(allocations);
	pool->index = oms_redo_index(book);
	pool->had = palloc(sizeof(RedoAmount) * Max(pool->count, 1));
	for (int i = 0; i < pool->count; i++)
	{
		pool->had[i] = value_count_pool(book, pool, list_nth(allocations, i));
		value_move(&pool->had[i], value_count(entries, list_nth(allocations, i)), true);
	}
	if (value_is_split(book, pool))
		value_recount(book, allocations, pool);
}

/* What the allocation gave back counts at its average too, and comes into the pool again as that. */
static void
value_returns(RedoPool *pool, AllocationTerms *terms, RedoAmount average)
{
	ListCell   *cell;

	foreach(cell, terms->returns)
	{
		AllocationReturn *back = lfirst(cell);
		RedoComing *coming = palloc(sizeof(RedoComing));
		ShareMember share = {.order_id = back->execution_id, .quantity = value_returned(back)};

		if (pool->with && value_is_of_ended(pool, back))
			back->execution_id = pool->with->now.id;
		share.value = oms_dec_zero();
		if (oms_dec_sign(share.quantity) > 0 && oms_dec_sign(average.quantity) > 0)
			(void) oms_share_value(&share, 1, average.value, average.quantity);
		coming->at = back->at;
		coming->more = (RedoAmount) {share.quantity, share.value};
		value_move(&coming->more, (RedoAmount) {back->quantity, back->value}, false);
		value_move(&pool->more, coming->more, false);
		pool->coming = lappend(pool->coming, coming);
		back->quantity = share.quantity;
		back->value = share.value;
		if (oms_dec_sign(back->quantity) == 0)
			terms->returns = foreach_delete_current(terms->returns, cell);
	}
}

/* The fill that was chosen counts at its own price, unless it was all that there was. */
static RedoAmount
value_average(const AllocationBook *book, const RedoPool *pool, const Redo *redo)
{
	RedoAmount	there = {redo->terms->pool_quantity, redo->terms->pool_value};
	const BookFill *selected = value_selected(book, pool, redo);
	Numeric		took = redo->total;
	const ListCell *cell;

	if (selected == NULL)
		return there;
	foreach(cell, redo->terms->returns)
		took = oms_dec_add(took, value_returned(lfirst(cell)));
	return oms_dec_cmp(took, there.quantity) == 0 ? there : (RedoAmount) {selected->now.quantity, oms_execution_value(&selected->now)};
}

/* It counts at the average that its pool has now, and what it has more or less goes on. */
static void
value_renew(const Decision *d, AllocationBook *book, AllocationTerms *terms, RedoAmount had, RedoPool *pool)
{
	RedoAmount	now = {oms_dec_zero(), oms_dec_zero()};
	RedoAmount	average;
	Redo		redo;

	oms_redo_begin(&pool->index, terms, -1, &redo);
	oms_redo_take(book, pool->key, &redo);
	average = value_average(book, pool, &redo);
	if (oms_dec_sign(redo.total) > 0)
	{
		now.quantity = redo.total;
		now.value = oms_share_value(redo.shares, redo.count, average.value, average.quantity);
		value_flag_limits(d, book, &redo, oms_dec_div(average.value, average.quantity, AVG_PX_SCALE));
	}
	oms_redo_give(book, &redo);
	value_move(&pool->more, had, true);
	value_move(&pool->more, now, false);
	value_returns(pool, terms, average);
}

/* Does it become other than it was?  Then its pool is what it is now. */
static bool
value_changes(const AllocationBook *book, const RedoPool *pool, AllocationTerms *terms, RedoAmount had)
{
	RedoAmount	now = value_count_pool(book, pool, terms);
	RedoAmount	there = {terms->pool_quantity, terms->pool_value};
	bool		same = oms_dec_cmp(now.quantity, had.quantity) == 0 && oms_dec_cmp(now.value, had.value) == 0 &&
		!value_was_returned(pool, terms->returns);

	if (terms->at >= pool->counts_from)
		value_move(&there, pool->more, true);
	if (same && (oms_dec_cmp(there.quantity, now.quantity) < 0 ||
				 (oms_dec_cmp(there.quantity, terms->pool_quantity) == 0 && oms_dec_cmp(there.value, terms->pool_value) == 0)))
		return false;
	if (oms_dec_cmp(there.quantity, now.quantity) < 0)
		there = had;
	terms->pool_quantity = there.quantity;
	terms->pool_value = there.value;
	return true;
}

/* A split rounds: what is left of the value of a pool of which nothing is left is the last allocation's. */
static void
value_give_rest(const Decision *d, AllocationBook *book, const List *allocations, RedoPool *pool)
{
	RedoAmount	rest = {oms_dec_zero(), oms_dec_zero()};
	ListCell   *cell;

	foreach(cell, book->fills)
	{
		const BookFill *fill = lfirst(cell);
		ListCell   *of;

		if (!oms_pool_is_same(pool->key, &fill->pool))
			continue;
		value_move(&rest, (RedoAmount) {fill->now.quantity, oms_execution_value(&fill->now)}, true);
		foreach(of, fill->entries)
			value_move(&rest, (RedoAmount) {((AllocationEntry *) lfirst(of))->quantity, ((AllocationEntry *) lfirst(of))->value}, false);
	}
	if (oms_dec_sign(rest.quantity) != 0 || oms_dec_sign(rest.value) == 0)
		return;
	for (int i = pool->count - 1; i >= 0; i--)
	{
		AllocationTerms *terms = list_nth(allocations, i);
		RedoAmount	now = value_count_pool(book, pool, terms);

		if (terms->pool_quantity == NULL || oms_dec_sign(now.quantity) == 0)
			continue;
		terms->pool_quantity = now.quantity;
		terms->pool_value = oms_dec_add(now.value, rest.value);
		value_renew(d, book, terms, now, pool);
		return;
	}
}

/* All allocations of a pool, in the order of time. */
void
oms_value_pool(const Decision *d, AllocationBook *book, const List *allocations, RedoPool *pool)
{
	ListCell   *cell;

	value_limit_returns(book, allocations, pool);
	pool->index = oms_redo_index(book);
	pool->more = (RedoAmount) {oms_dec_zero(), oms_dec_zero()};
	if (pool->was)
		value_move(&pool->more, value_amount_of(book, allocations, pool->was, oms_allocation_entries(pool->was->allocations)), false);
	if (pool->with)
		value_move(&pool->more, value_amount_of(book, allocations, &pool->with->now, pool->with->entries), true);
	for (int i = 0; i < pool->count; i++)
	{
		AllocationTerms *terms = list_nth(allocations, i);

		CHECK_FOR_INTERRUPTS();
		foreach(cell, pool->coming)
		{
			const RedoComing *coming = lfirst(cell);

			if (coming->at > terms->at)
				continue;
			value_move(&pool->more, coming->more, true);
			pool->coming = foreach_delete_current(pool->coming, cell);
		}
		if (value_is_of_pool(book, pool, terms, pool->had[i]) && value_changes(book, pool, terms, pool->had[i]))
			value_renew(d, book, terms, pool->had[i], pool);
	}
	value_give_rest(d, book, allocations, pool);
}

/* ------------------------------------------------------------------------
 * what has left its pool
 * ------------------------------------------------------------------------
 */

/* What the fill's entries have of an allocation becomes one of its own, which no pool is the measure of. */
static AllocationTerms *
value_leave_pool(Decision *d, const AllocationBook *book, const AllocationTerms *terms, const BookFill *fill)
{
	AllocationTerms *own = memcpy(palloc(sizeof(AllocationTerms)), terms, sizeof(AllocationTerms));
	ListCell   *cell;

	own->id = oms_decision_new_id(d, book->block_id);
	own->pool_quantity = own->pool_value = NULL;
	own->returns = NIL;
	foreach(cell, fill->entries)
	{
		AllocationEntry *entry = lfirst(cell);

		if (oms_same_text(entry->allocation_id, terms->id))
			entry->allocation_id = own->id;
	}
	return own;
}

/* Those of the fill that have left the pool, or leave it as the fill has, count at the fill's own price. */
List *
oms_value_alone(Decision *d, AllocationBook *book, List *allocations, BookFill *fill, bool leaves)
{
	List	   *entries = list_copy(fill->entries);
	ListCell   *cell;

	foreach(cell, entries)
	{
		AllocationEntry *entry = lfirst(cell);
		AllocationTerms *terms = oms_book_terms_of(book, allocations, entry);
		ShareMember share = {.order_id = entry->order_id, .quantity = entry->quantity};

		CHECK_FOR_INTERRUPTS();
		if (terms->pool_quantity && !leaves)
			continue;
		if (terms->pool_quantity)
			allocations = lappend(allocations, terms = value_leave_pool(d, book, terms, fill));
		oms_book_take(book, fill, entry, terms->method);
		entry->value = oms_share_value(&share, 1, oms_execution_value(&fill->now), fill->now.quantity);
		oms_book_give(book, fill, entry, terms->method);
		if (oms_average_is_beyond(oms_get_member(d, book->block_id, entry->order_id), fill->now.last_px))
			oms_book_raise(book, entry->order_id, FLAG_LIMIT_EXCEEDED);
	}
	return allocations;
}
