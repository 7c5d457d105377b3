/*-------------------------------------------------------------------------
 *
 * allocation_redo.c
 *	  What becomes of allocations when a fill that they are of ends.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 * Quantities first: each allocation that had something of the fill is made again
 * by its own terms, over what is left to it.  Then values: all allocations of the
 * pool are told again in the order of time, each at the average of what was there
 * when it was made.  So it is as if a busted fill had never been, and a correction
 * as if the fill had been so from the beginning.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "base/moment.h"
#include "core/execution/allocation_redo.h"

/* An allocation that is told again, and its terms. */
typedef struct Redo
{
	const AllocationTerms *terms;
	AllocationParty *parties;	/* of the terms */
	ShareMember *shares;		/* one a party: what it has */
	int			count;
	Numeric    *of_fills;		/* what it has of each fill of the book */
	Numeric		total;
	Numeric		of_ended;		/* … of the one that ended; it is not in the total */
} Redo;

/* ------------------------------------------------------------------------
 * what an allocation has
 * ------------------------------------------------------------------------
 */

static ShareMember *
redo_share_of(const Redo *redo, const char *order_id)
{
	for (int i = 0; i < redo->count; i++)
		if (strcmp(redo->shares[i].order_id, order_id) == 0)
			return &redo->shares[i];
	oms_damaged("order \"%s\" has a part of allocation \"%s\", in which it has none", order_id, redo->terms->id);
}

static void
redo_count_entry(Redo *redo, const AllocationEntry *entry)
{
	ShareMember *share = redo_share_of(redo, entry->order_id);

	share->quantity = oms_dec_add(share->quantity, entry->quantity);
}

/* Nothing yet. */
static void
redo_begin(const AllocationBook *book, const AllocationTerms *terms, Redo *redo)
{
	*redo = (Redo) {.terms = terms, .parties = terms->parties, .count = terms->count};
	redo->shares = palloc0(sizeof(ShareMember) * Max(terms->count, 1));
	redo->of_fills = palloc(sizeof(Numeric) * Max(list_length(book->fills), 1));
	redo->total = redo->of_ended = oms_dec_zero();
	for (int i = 0; i < list_length(book->fills); i++)
		redo->of_fills[i] = oms_dec_zero();
	for (int i = 0; i < terms->count; i++)
		redo->shares[i] = (ShareMember) {
			.order_id = terms->parties[i].order_id,
			.priority = terms->parties[i].priority,
			.weight = terms->parties[i].weight,
			.quantity = oms_dec_zero(),
			.value = oms_dec_zero(),
		};
}

/* Take its entries out of the fills of a pool (NULL: of all), counting what it had. */
static void
redo_take(AllocationBook *book, const PoolKey *pool, Redo *redo)
{
	for (int i = 0; i < list_length(book->fills); i++)
	{
		BookFill   *fill = list_nth(book->fills, i);
		List	   *entries = NIL;
		ListCell   *cell;

		if (pool && !oms_pool_is_same(pool, &fill->pool))
			continue;
		foreach(cell, fill->entries)
			if (oms_same_text(((AllocationEntry *) lfirst(cell))->allocation_id, redo->terms->id))
				entries = lappend(entries, lfirst(cell));
		foreach(cell, entries)
		{
			AllocationEntry *entry = lfirst(cell);

			redo_count_entry(redo, entry);
			redo->of_fills[i] = oms_dec_add(redo->of_fills[i], entry->quantity);
			redo->total = oms_dec_add(redo->total, entry->quantity);
			oms_book_take(book, fill, entry, redo->terms->method);
		}
	}
}

/* … and give them back as the shares say now. */
static void
redo_give(AllocationBook *book, const Redo *redo)
{
	List	   *entries = oms_share_entries(redo->of_fills, list_length(book->fills), redo->shares, redo->count);
	ListCell   *cell;

	foreach(cell, entries)
	{
		const ShareEntry *share = lfirst(cell);
		AllocationEntry *entry = palloc0(sizeof(AllocationEntry));

		entry->allocation_id = redo->terms->id;
		entry->order_id = redo->parties[share->member].order_id;
		entry->quantity = share->quantity;
		entry->value = share->value;
		oms_book_give(book, list_nth(book->fills, share->execution), entry, redo->terms->method);
	}
}

/* ------------------------------------------------------------------------
 * quantities
 * ------------------------------------------------------------------------
 */

/* May the member take more than it had? */
static bool
redo_is_open(const Decision *d, const OrderMember *member)
{
	const Order *order = member && !member->released ? oms_get_order(d, member->order_id) : NULL;

	return order && !oms_order_is_closed(order);
}

/*
 * By the original method and weights.  For less, nobody gets more than it had; for
 * more, who is closed keeps his and the others take up to what they lack.  Returns
 * what nobody takes.
 */
static Numeric
redo_share(const Decision *d, AllocationBook *book, Redo *redo, Numeric total)
{
	static const ShareMethod methods[ALLOCATION_METHODS] = {
		[ALLOCATE_PRO_RATA] = SHARE_PRO_RATA,
		[ALLOCATE_PRIORITY] = SHARE_PRIORITY,
		[ALLOCATE_EQUAL] = SHARE_EQUAL,
	};
	AllocationMethod method = redo->terms->method;
	Numeric    *kept = palloc0(sizeof(Numeric) * Max(redo->count, 1));
	Numeric		had = oms_dec_add(redo->total, redo->of_ended);
	bool		more = oms_dec_cmp(total, had) > 0;
	Numeric		left;

	if (oms_dec_cmp(total, had) == 0)
		return oms_dec_zero();
	if (method == ALLOCATE_MANUAL)
		return more ? oms_dec_sub(total, had) : oms_share_reduce(redo->shares, redo->count, redo->terms->lot, total);
	for (int i = 0; i < redo->count; i++)
	{
		ShareMember *share = &redo->shares[i];
		const OrderMember *member = oms_book_member(book, share->order_id);

		share->from_method = member ? member->by_method[method] : NULL;
		share->cap = more && member ? oms_member_lacks(member) : share->quantity;
		if (!more || redo_is_open(d, member))
			continue;
		kept[i] = share->quantity;
		share->cap = oms_dec_zero();
		share->from_method = oms_dec_plus(share->from_method, kept[i]);
		total = oms_dec_sub(total, kept[i]);
	}
	left = oms_share_allocate(redo->shares, redo->count, methods[method], redo->terms->lot, total);
	for (int i = 0; i < redo->count; i++)
	{
		if (kept[i])
			redo->shares[i].quantity = kept[i];
		if (redo->shares[i].odd_lot)
			oms_book_raise(book, redo->shares[i].order_id, FLAG_ODD_LOT);
	}
	return left;
}

/* What it had of the fill that ended goes back. */
static void
redo_take_back(AllocationBook *book, const List *entries, Redo *redo)
{
	const ListCell *cell;

	foreach(cell, entries)
	{
		const AllocationEntry *entry = lfirst(cell);

		if (!oms_same_text(entry->allocation_id, redo->terms->id))
			continue;
		redo_count_entry(redo, entry);
		redo->of_ended = oms_dec_add(redo->of_ended, entry->quantity);
		oms_book_take_back(book, entry, redo->terms->method);
	}
}

/*
 * Of the fill that ended, each allocation keeps what there is now: of less the
 * oldest first, as it was served first; of more the newest takes the rest, if all
 * of the fill was allocated.  `place` is that of its successor among the fills, or
 * -1: there is none.
 */
static void
redo_quantities(const Decision *d, AllocationBook *book, const List *allocations, const Execution *was, int place)
{
	const BookFill *with = place < 0 ? NULL : list_nth(book->fills, place);
	List	   *entries = oms_allocation_entries(was->allocations);
	Numeric		left = with ? with->now.quantity : oms_dec_zero();
	bool		all = oms_dec_cmp(was->allocated_quantity, was->quantity) == 0;
	Numeric		open = was->allocated_quantity;
	const ListCell *cell;

	foreach(cell, allocations)
	{
		Redo		redo;
		Numeric		keeps;

		CHECK_FOR_INTERRUPTS();
		redo_begin(book, lfirst(cell), &redo);
		redo_take_back(book, entries, &redo);
		if (oms_dec_sign(redo.of_ended) == 0)
			continue;
		redo_take(book, NULL, &redo);
		open = oms_dec_sub(open, redo.of_ended);
		keeps = with && all && oms_dec_sign(open) == 0 ? left : oms_dec_min(redo.of_ended, left);
		left = oms_dec_sub(left, keeps);
		keeps = oms_dec_sub(keeps, redo_share(d, book, &redo, oms_dec_add(redo.total, keeps)));
		if (with)
			redo.of_fills[place] = keeps;
		redo_give(book, &redo);
	}
}

/* ------------------------------------------------------------------------
 * values
 * ------------------------------------------------------------------------
 */

/* What of a pool was there, and has not been given yet. */
typedef struct RedoPool
{
	const PoolKey *key;
	bool	   *counted;		/* each fill of the book: it is in the sums */
	Numeric		quantity;
	Numeric		value;
} RedoPool;

/* What came before the allocation is there. */
static void
redo_fill_pool(const AllocationBook *book, const Redo *redo, RedoPool *pool)
{
	for (int i = 0; i < list_length(book->fills); i++)
	{
		const BookFill *fill = list_nth(book->fills, i);

		if (pool->counted[i] || !oms_pool_is_same(pool->key, &fill->pool) ||
			(fill->came_at > redo->terms->at && oms_dec_sign(redo->of_fills[i]) == 0))
			continue;
		pool->counted[i] = true;
		pool->quantity = oms_dec_add(pool->quantity, fill->now.quantity);
		pool->value = oms_dec_add(pool->value, oms_execution_value(&fill->now));
	}
}

/* Of one fill alone: its own price. */
static const BookFill *
redo_selected(const AllocationBook *book, const Redo *redo)
{
	for (int i = 0; redo->terms->selected && i < list_length(book->fills); i++)
		if (oms_dec_sign(redo->of_fills[i]) != 0)
			return list_nth(book->fills, i);
	return NULL;
}

static void
redo_flag_limits(const Decision *d, AllocationBook *book, const Redo *redo, Numeric average)
{
	for (int i = 0; i < redo->count; i++)
		if (oms_dec_sign(redo->shares[i].quantity) != 0 &&
			oms_average_is_beyond(oms_get_order(d, redo->shares[i].order_id), average))
			oms_book_raise(book, redo->shares[i].order_id, FLAG_LIMIT_EXCEEDED);
}

static void
redo_value(const Decision *d, AllocationBook *book, const AllocationTerms *terms, RedoPool *pool)
{
	Redo		redo;
	const BookFill *selected;
	Numeric		value;
	Numeric		quantity;

	redo_begin(book, terms, &redo);
	redo_take(book, pool->key, &redo);
	if (oms_dec_sign(redo.total) == 0)
		return;
	redo_fill_pool(book, &redo, pool);
	selected = oms_dec_cmp(redo.total, pool->quantity) == 0 ? NULL : redo_selected(book, &redo);
	value = selected ? oms_execution_value(&selected->now) : pool->value;
	quantity = selected ? selected->now.quantity : pool->quantity;
	pool->value = oms_dec_sub(pool->value, oms_share_value(redo.shares, redo.count, value, quantity));
	pool->quantity = oms_dec_sub(pool->quantity, redo.total);
	redo_flag_limits(d, book, &redo, oms_dec_div(value, quantity, AVG_PX_SCALE));
	redo_give(book, &redo);
}

/* All allocations of a pool, in the order of time. */
static void
redo_values(const Decision *d, AllocationBook *book, const List *allocations, const PoolKey *key)
{
	RedoPool	pool = {.key = key, .quantity = oms_dec_zero(), .value = oms_dec_zero()};
	const ListCell *cell;

	pool.counted = palloc0(sizeof(bool) * Max(list_length(book->fills), 1));
	foreach(cell, allocations)
	{
		CHECK_FOR_INTERRUPTS();
		redo_value(d, book, lfirst(cell), &pool);
	}
}

/* ------------------------------------------------------------------------
 * the whole
 * ------------------------------------------------------------------------
 */

static bool
redo_has_allocations(const AllocationBook *book)
{
	for (int i = 0; i < book->count; i++)
		if (oms_dec_sign(book->members[i].allocated_quantity) != 0)
			return true;
	return false;
}

void
oms_redo_allocations(Decision *d, AllocationBook *book, const Execution *was, Execution *with)
{
	BookFill   *fill = NULL;
	PoolKey		pool = oms_pool_of(was);
	int			place = -1;
	MemoryContext old;
	List	   *allocations;

	if (!redo_has_allocations(book))
		return;
	oms_book_load(d, book, true);
	old = MemoryContextSwitchTo(book->memory);
	if (with)
	{
		fill = oms_book_add(d, book, with);
		fill->is_new = true;
		oms_book_sort(book);
		for (place = 0; list_nth(book->fills, place) != fill;)
			place++;
	}
	allocations = oms_book_allocations(book, oms_allocation_terms(was->allocation_terms));
	redo_quantities(d, book, allocations, was, place);
	redo_values(d, book, allocations, &pool);
	if (fill && !oms_pool_is_same(&pool, &fill->pool))
		redo_values(d, book, allocations, &fill->pool);
	oms_book_place_terms(book, allocations);
	MemoryContextSwitchTo(old);
	oms_book_put_fills(d, book);
	if (fill)
		*with = fill->now;
}

void
oms_allocated_fill_ended(Decision *d, const Execution *was, bool succeeded)
{
	const Order *root = was->order_id ? oms_get_order(d, was->root_id) : NULL;
	AllocationBook *book;

	if (root == NULL || !oms_order_is_block(root))
		return;
	book = oms_book_of(d, root);
	if (book == NULL)
		return;
	if (succeeded)
		book->waiting = lappend(book->waiting, memcpy(palloc(sizeof(Execution)), was, sizeof(Execution)));
	else
		oms_redo_allocations(d, book, was, NULL);
}

/* The one that ended whose place this fill takes, or NULL. */
static Execution *
redo_find_waiting(const Decision *d, const AllocationBook *book, const Execution *fill)
{
	Walk		walk = {0};
	ListCell   *cell;

	while (book && book->waiting)
	{
		const char *before = fill->corrected_execution_id ? fill->corrected_execution_id : fill->superseded_execution_id;

		if (before == NULL)
			break;
		foreach(cell, book->waiting)
			if (strcmp(((Execution *) lfirst(cell))->id, before) == 0)
				return lfirst(cell);
		oms_walk_step(&walk, "execution", fill->id);
		fill = oms_get_execution(d, before);
		if (fill == NULL)
			oms_damaged("execution \"%s\", whose place another took, does not exist", before);
	}
	return NULL;
}

const Transition *
oms_book_block_fill(Decision *d, Execution *execution)
{
	AllocationBook *book = oms_book_begun(d, execution->root_id);
	Execution  *was = redo_find_waiting(d, book, execution);
	ExecutionTrigger trigger = EXECUTION_VALIDATE;

	if (was)
	{
		book->waiting = list_delete_ptr(book->waiting, was);
		oms_redo_allocations(d, book, was, execution);
	}
	if (oms_dec_sign(execution->allocated_quantity) > 0)
		trigger = oms_dec_cmp(execution->allocated_quantity, execution->quantity) < 0 ? EXECUTION_TAKE_OVER : EXECUTION_TAKE_OVER_ALL;
	return oms_execution_change(execution, trigger);
}
