/*-------------------------------------------------------------------------
 *
 * allocation_redo.c
 *	  What becomes of allocations when a fill that they are of ends.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 * Quantities first: each allocation that had something of the fill is made again
 * by its own terms, over what is left to it.  Then values: an allocation counts at
 * the average of its pool, as that was when it was made (its terms have it).  What
 * the fill changed of the pool goes from one allocation to the next, in the order
 * of time: each pool becomes more or less by it, each allocation keeps its part of
 * that, and what was given back comes in again when it did.  So it is as if a busted
 * fill had never been, a correction as if the fill had been so from the beginning,
 * and what had nothing of all this stays as it is to the last decimal.
 *
 * A block may have thousands of fills and allocations: each is looked at with the
 * others that it has to do with, and not with all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "base/moment.h"
#include "core/execution/allocation_redo.h"

/* That an allocation has something of a fill, whose place in the book it is. */
typedef struct RedoPart
{
	const char *allocation_id;
	int			place;
} RedoPart;

/* Each of these once, by allocation and then by place. */
typedef struct RedoIndex
{
	RedoPart   *parts;
	int			count;
} RedoIndex;

/* An allocation that is told again, and its terms. */
typedef struct Redo
{
	AllocationTerms *terms;
	AllocationParty *parties;	/* of the terms */
	ShareMember *shares;		/* one a party: what it has */
	int			count;
	int		   *places;			/* the fills of the book that it may have something of, ascending, … */
	Numeric    *of_fills;		/* … and what it has of each */
	int			fills;
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

static int
redo_compare_parts(const void *a, const void *b)
{
	const RedoPart *first = a;
	const RedoPart *second = b;
	int			order = strcmp(first->allocation_id, second->allocation_id);

	return order != 0 ? order : first->place < second->place ? -1 : first->place > second->place ? 1 : 0;
}

static RedoIndex
redo_index(const AllocationBook *book)
{
	RedoIndex	index = {NULL, 0};
	int			entries = 0;
	int			count = 0;
	ListCell   *cell;

	foreach(cell, book->fills)
		entries += list_length(((const BookFill *) lfirst(cell))->entries);
	index.parts = palloc(sizeof(RedoPart) * Max(entries, 1));
	foreach(cell, book->fills)
	{
		const BookFill *fill = lfirst(cell);
		ListCell   *of;

		foreach(of, fill->entries)
		{
			const char *id = ((const AllocationEntry *) lfirst(of))->allocation_id;

			index.parts[index.count++] = (RedoPart) {id ? id : "", foreach_current_index(cell)};
		}
	}
	qsort(index.parts, index.count, sizeof(RedoPart), redo_compare_parts);
	for (int i = 0; i < index.count; i++)
		if (count == 0 || redo_compare_parts(&index.parts[count - 1], &index.parts[i]) != 0)
			index.parts[count++] = index.parts[i];
	index.count = count;
	return index;
}

/* Where its fills begin in the index. */
static int
redo_find_parts(const RedoIndex *index, const char *allocation_id)
{
	int			low = 0;
	int			high = index->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (strcmp(index->parts[middle].allocation_id, allocation_id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Its fills, and the one at `more`, if that is not -1. */
static void
redo_find_fills(const RedoIndex *index, int more, Redo *redo)
{
	int			first = redo_find_parts(index, redo->terms->id);
	int			end = first;
	int			at;

	while (end < index->count && strcmp(index->parts[end].allocation_id, redo->terms->id) == 0)
		end++;
	redo->places = palloc(sizeof(int) * (end - first + 1));
	for (int i = first; i < end; i++)
		redo->places[redo->fills++] = index->parts[i].place;
	for (at = redo->fills; at > 0 && redo->places[at - 1] > more;)
		at--;
	if (more >= 0 && (at == 0 || redo->places[at - 1] < more))
	{
		memmove(&redo->places[at + 1], &redo->places[at], sizeof(int) * (redo->fills - at));
		redo->places[at] = more;
		redo->fills++;
	}
	redo->of_fills = palloc(sizeof(Numeric) * Max(redo->fills, 1));
	for (int i = 0; i < redo->fills; i++)
		redo->of_fills[i] = oms_dec_zero();
}

/* Nothing yet. */
static void
redo_begin(const RedoIndex *index, AllocationTerms *terms, int more, Redo *redo)
{
	*redo = (Redo) {.terms = terms, .parties = terms->parties, .count = terms->count};
	redo->shares = palloc0(sizeof(ShareMember) * Max(terms->count, 1));
	redo->total = redo->of_ended = oms_dec_zero();
	redo_find_fills(index, more, redo);
	for (int i = 0; i < terms->count; i++)
		redo->shares[i] = (ShareMember) {
			.order_id = terms->parties[i].order_id,
			.priority = terms->parties[i].priority,
			.weight = terms->parties[i].weight,
			.quantity = oms_dec_zero(),
			.value = oms_dec_zero(),
		};
}

static BookFill *
redo_fill(const AllocationBook *book, const Redo *redo, int i)
{
	return list_nth(book->fills, redo->places[i]);
}

/* Its entries of a fill. */
static List *
redo_entries(const BookFill *fill, const Redo *redo)
{
	List	   *entries = NIL;
	ListCell   *cell;

	foreach(cell, fill->entries)
		if (oms_same_text(((AllocationEntry *) lfirst(cell))->allocation_id, redo->terms->id))
			entries = lappend(entries, lfirst(cell));
	return entries;
}

/* Take its entries out of the fills of a pool (NULL: of all), counting what it had. */
static void
redo_take(AllocationBook *book, const PoolKey *pool, Redo *redo)
{
	for (int i = 0; i < redo->fills; i++)
	{
		BookFill   *fill = redo_fill(book, redo, i);
		ListCell   *cell;

		if (pool && !oms_pool_is_same(pool, &fill->pool))
			continue;
		foreach(cell, redo_entries(fill, redo))
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
	ListCell   *cell;

	foreach(cell, oms_share_entries(redo->of_fills, redo->fills, redo->shares, redo->count))
	{
		const ShareEntry *share = lfirst(cell);
		AllocationEntry *entry = palloc0(sizeof(AllocationEntry));

		entry->allocation_id = redo->terms->id;
		entry->order_id = redo->parties[share->member].order_id;
		entry->quantity = share->quantity;
		entry->value = share->value;
		oms_book_give(book, redo_fill(book, redo, share->execution), entry, redo->terms->method);
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

static bool
redo_has_entry(const List *entries, const AllocationTerms *terms)
{
	const ListCell *cell;

	foreach(cell, entries)
		if (oms_same_text(((const AllocationEntry *) lfirst(cell))->allocation_id, terms->id))
			return true;
	return false;
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
	RedoIndex	index = redo_index(book);
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
		if (!redo_has_entry(entries, lfirst(cell)))
			continue;
		redo_begin(&index, lfirst(cell), place, &redo);
		redo_take_back(book, entries, &redo);
		redo_take(book, NULL, &redo);
		open = oms_dec_sub(open, redo.of_ended);
		keeps = with && all && oms_dec_sign(open) == 0 ? left : oms_dec_min(redo.of_ended, left);
		left = oms_dec_sub(left, keeps);
		keeps = oms_dec_sub(keeps, redo_share(d, book, &redo, oms_dec_add(redo.total, keeps)));
		for (int i = 0; i < redo.fills; i++)
			if (redo.places[i] == place)
				redo.of_fills[i] = keeps;
		redo_give(book, &redo);
	}
}

/* ------------------------------------------------------------------------
 * values
 * ------------------------------------------------------------------------
 */

/* So much, at this value. */
typedef struct RedoAmount
{
	Numeric		quantity;
	Numeric		value;
} RedoAmount;

/* What comes into the pool again, more or less than it was. */
typedef struct RedoComing
{
	TimestampTz at;
	RedoAmount	more;
} RedoComing;

/* A pool, and the fill that changed in it. */
typedef struct RedoPool
{
	const PoolKey *key;
	TimestampTz came_at;		/* the fill did */
	const Execution *was;		/* as it was, or NULL: it was in another pool */
	const BookFill *with;		/* what it is now, or NULL */
	RedoAmount *had;			/* each allocation of the book, of this pool, … */
	int			count;			/* … as many as there were: what leaves a pool comes behind them */
	RedoAmount	more;			/* what is there more than was, for the allocation that is looked at */
	List	   *coming;			/* of RedoComing */
	RedoIndex	index;
} RedoPool;

static void
redo_move(RedoAmount *amount, RedoAmount more, bool adds)
{
	amount->quantity = (adds ? oms_dec_add : oms_dec_sub) (amount->quantity, more.quantity);
	amount->value = (adds ? oms_dec_add : oms_dec_sub) (amount->value, more.value);
}

static RedoAmount
redo_count(const List *entries, const AllocationTerms *terms)
{
	RedoAmount	sum = {oms_dec_zero(), oms_dec_zero()};
	const ListCell *cell;

	foreach(cell, entries)
	{
		const AllocationEntry *entry = lfirst(cell);

		if (oms_same_text(entry->allocation_id, terms->id))
			redo_move(&sum, (RedoAmount) {entry->quantity, entry->value}, true);
	}
	return sum;
}

/* What the allocation has of the pool's fills now. */
static RedoAmount
redo_count_pool(const AllocationBook *book, const RedoPool *pool, const AllocationTerms *terms)
{
	RedoAmount	sum = {oms_dec_zero(), oms_dec_zero()};

	for (int i = redo_find_parts(&pool->index, terms->id); i < pool->index.count; i++)
	{
		const BookFill *fill = list_nth(book->fills, pool->index.parts[i].place);

		if (strcmp(pool->index.parts[i].allocation_id, terms->id) != 0)
			break;
		if (oms_pool_is_same(pool->key, &fill->pool))
			redo_move(&sum, redo_count(fill->entries, terms), true);
	}
	return sum;
}

/* What a fill adds to its pool: what has not left that. */
static RedoAmount
redo_amount_of(const AllocationBook *book, const List *allocations, const Execution *fill, const List *entries)
{
	RedoAmount	amount = {fill->quantity, oms_execution_value(fill)};
	const ListCell *cell;

	foreach(cell, entries)
	{
		const AllocationEntry *entry = lfirst(cell);

		if (oms_book_terms_of(book, allocations, entry)->pool_quantity == NULL)
			redo_move(&amount, (RedoAmount) {entry->quantity, entry->value}, false);
	}
	return amount;
}

/* Of one fill alone: its own price. */
static const BookFill *
redo_selected(const AllocationBook *book, const Redo *redo)
{
	for (int i = 0; redo->terms->selected && i < redo->fills; i++)
		if (oms_dec_sign(redo->of_fills[i]) != 0)
			return redo_fill(book, redo, i);
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

static bool
redo_was_returned(const RedoPool *pool, const List *returns)
{
	const ListCell *cell;

	foreach(cell, returns)
		if (pool->was && strcmp(((const AllocationReturn *) lfirst(cell))->execution_id, pool->was->id) == 0)
			return true;
	return false;
}

/* An allocation is of one pool: that of what it has, or had. */
static bool
redo_is_of_pool(const AllocationBook *book, const RedoPool *pool, const AllocationTerms *terms, RedoAmount had)
{
	ListCell   *cell;

	if (terms->pool_quantity == NULL)
		return false;
	if (oms_dec_sign(had.quantity) != 0 || redo_was_returned(pool, terms->returns))
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
redo_is_split(const AllocationBook *book, const RedoPool *pool)
{
	ListCell   *cell;

	foreach(cell, book->fills)
		if (((const BookFill *) lfirst(cell))->now.quantity_factor)
			return true;
	return pool->was && pool->was->quantity_factor;
}

/* What nobody had of the pool when each allocation was made, told from the quantities of today. */
static void
redo_recount(const AllocationBook *book, const List *allocations, const RedoPool *pool)
{
	Numeric		quantity = oms_dec_zero();
	List	   *coming = NIL;
	bool		came = pool->was == NULL;
	int			next = 0;
	ListCell   *cell;

	for (int i = 0; i < pool->count; i++)
	{
		AllocationTerms *terms = list_nth(allocations, i);

		CHECK_FOR_INTERRUPTS();
		for (; next < list_length(book->fills); next++)
		{
			const BookFill *fill = list_nth(book->fills, next);

			if (fill->came_at > terms->at)
				break;
			if (oms_pool_is_same(pool->key, &fill->pool))
				quantity = oms_dec_add(quantity, redo_amount_of(book, allocations, &fill->now, fill->entries).quantity);
		}
		if (!came && pool->came_at <= terms->at)
		{
			came = true;
			quantity = oms_dec_add(quantity, redo_amount_of(book, allocations, pool->was, oms_allocation_entries(pool->was->allocations)).quantity);
		}
		foreach(cell, coming)
		{
			const AllocationReturn *back = lfirst(cell);

			if (back->at > terms->at)
				continue;
			quantity = oms_dec_add(quantity, back->quantity);
			coming = foreach_delete_current(coming, cell);
		}
		if (!redo_is_of_pool(book, pool, terms, pool->had[i]))
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
static void
redo_begin_pool(const AllocationBook *book, const List *allocations, RedoPool *pool)
{
	List	   *entries = pool->was ? oms_allocation_entries(pool->was->allocations) : NIL;

	pool->count = list_length(allocations);
	pool->index = redo_index(book);
	pool->had = palloc(sizeof(RedoAmount) * Max(pool->count, 1));
	for (int i = 0; i < pool->count; i++)
	{
		pool->had[i] = redo_count_pool(book, pool, list_nth(allocations, i));
		redo_move(&pool->had[i], redo_count(entries, list_nth(allocations, i)), true);
	}
	if (redo_is_split(book, pool))
		redo_recount(book, allocations, pool);
}

/* What the allocation gave back counts at its average too, and comes into the pool again as that. */
static void
redo_returns(RedoPool *pool, AllocationTerms *terms, RedoAmount average)
{
	ListCell   *cell;

	foreach(cell, terms->returns)
	{
		AllocationReturn *back = lfirst(cell);
		RedoComing *coming = palloc(sizeof(RedoComing));
		ShareMember share = {.order_id = back->execution_id, .quantity = back->quantity};

		if (pool->was && strcmp(back->execution_id, pool->was->id) == 0)
		{
			share.quantity = pool->with ? oms_dec_min(back->quantity, pool->with->now.quantity) : oms_dec_zero();
			back->execution_id = pool->with ? pool->with->now.id : back->execution_id;
		}
		share.value = oms_dec_zero();
		if (oms_dec_sign(share.quantity) > 0 && oms_dec_sign(average.quantity) > 0)
			(void) oms_share_value(&share, 1, average.value, average.quantity);
		coming->at = back->at;
		coming->more = (RedoAmount) {share.quantity, share.value};
		redo_move(&coming->more, (RedoAmount) {back->quantity, back->value}, false);
		redo_move(&pool->more, coming->more, false);
		pool->coming = lappend(pool->coming, coming);
		back->quantity = share.quantity;
		back->value = share.value;
		if (oms_dec_sign(back->quantity) == 0)
			terms->returns = foreach_delete_current(terms->returns, cell);
	}
}

/* The fill that was chosen counts at its own price, unless it is all that there is. */
static RedoAmount
redo_average(const AllocationBook *book, const Redo *redo)
{
	RedoAmount	pool = {redo->terms->pool_quantity, redo->terms->pool_value};
	const BookFill *selected = oms_dec_cmp(redo->total, pool.quantity) == 0 ? NULL : redo_selected(book, redo);

	return selected ? (RedoAmount) {selected->now.quantity, oms_execution_value(&selected->now)} : pool;
}

/* It counts at the average that its pool has now, and what it has more or less goes on. */
static void
redo_value(const Decision *d, AllocationBook *book, AllocationTerms *terms, RedoAmount had, RedoPool *pool)
{
	RedoAmount	now = {oms_dec_zero(), oms_dec_zero()};
	RedoAmount	average;
	Redo		redo;

	redo_begin(&pool->index, terms, -1, &redo);
	redo_take(book, pool->key, &redo);
	average = redo_average(book, &redo);
	if (oms_dec_sign(redo.total) > 0)
	{
		now.quantity = redo.total;
		now.value = oms_share_value(redo.shares, redo.count, average.value, average.quantity);
		redo_flag_limits(d, book, &redo, oms_dec_div(average.value, average.quantity, AVG_PX_SCALE));
	}
	redo_give(book, &redo);
	redo_move(&pool->more, had, true);
	redo_move(&pool->more, now, false);
	redo_returns(pool, terms, average);
}

/*
 * Does it become other than it was?  Then its pool is what it is now.  A fill that
 * waited in review when it was made had not been in its pool.
 */
static bool
redo_changes(const AllocationBook *book, const RedoPool *pool, AllocationTerms *terms, RedoAmount had)
{
	RedoAmount	now = redo_count_pool(book, pool, terms);
	RedoAmount	there = {terms->pool_quantity, terms->pool_value};
	bool		same = oms_dec_cmp(now.quantity, had.quantity) == 0 && oms_dec_cmp(now.value, had.value) == 0 &&
		!redo_was_returned(pool, terms->returns);

	if (terms->at >= pool->came_at)
		redo_move(&there, pool->more, true);
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
redo_give_rest(const Decision *d, AllocationBook *book, const List *allocations, RedoPool *pool)
{
	RedoAmount	rest = {oms_dec_zero(), oms_dec_zero()};
	ListCell   *cell;

	foreach(cell, book->fills)
	{
		const BookFill *fill = lfirst(cell);
		ListCell   *of;

		if (!oms_pool_is_same(pool->key, &fill->pool))
			continue;
		redo_move(&rest, (RedoAmount) {fill->now.quantity, oms_execution_value(&fill->now)}, true);
		foreach(of, fill->entries)
			redo_move(&rest, (RedoAmount) {((AllocationEntry *) lfirst(of))->quantity, ((AllocationEntry *) lfirst(of))->value}, false);
	}
	if (oms_dec_sign(rest.quantity) != 0 || oms_dec_sign(rest.value) == 0)
		return;
	for (int i = pool->count - 1; i >= 0; i--)
	{
		AllocationTerms *terms = list_nth(allocations, i);
		RedoAmount	now = redo_count_pool(book, pool, terms);

		if (terms->pool_quantity == NULL || oms_dec_sign(now.quantity) == 0)
			continue;
		terms->pool_quantity = now.quantity;
		terms->pool_value = oms_dec_add(now.value, rest.value);
		redo_value(d, book, terms, now, pool);
		return;
	}
}

/* All allocations of a pool, in the order of time. */
static void
redo_values(const Decision *d, AllocationBook *book, const List *allocations, RedoPool *pool)
{
	ListCell   *cell;

	pool->index = redo_index(book);
	pool->more = (RedoAmount) {oms_dec_zero(), oms_dec_zero()};
	if (pool->was)
		redo_move(&pool->more, redo_amount_of(book, allocations, pool->was, oms_allocation_entries(pool->was->allocations)), false);
	if (pool->with)
		redo_move(&pool->more, redo_amount_of(book, allocations, &pool->with->now, pool->with->entries), true);
	for (int i = 0; i < pool->count; i++)
	{
		AllocationTerms *terms = list_nth(allocations, i);

		CHECK_FOR_INTERRUPTS();
		foreach(cell, pool->coming)
		{
			const RedoComing *coming = lfirst(cell);

			if (coming->at > terms->at)
				continue;
			redo_move(&pool->more, coming->more, true);
			pool->coming = foreach_delete_current(pool->coming, cell);
		}
		if (redo_is_of_pool(book, pool, terms, pool->had[i]) && redo_changes(book, pool, terms, pool->had[i]))
			redo_value(d, book, terms, pool->had[i], pool);
	}
	redo_give_rest(d, book, allocations, pool);
}

/* ------------------------------------------------------------------------
 * what has left its pool
 * ------------------------------------------------------------------------
 */

/* What the fill's entries have of an allocation becomes one of its own, which no pool is the measure of. */
static AllocationTerms *
redo_leave_pool(Decision *d, const AllocationBook *book, const AllocationTerms *terms, const BookFill *fill)
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
static List *
redo_value_alone(Decision *d, AllocationBook *book, List *allocations, BookFill *fill, bool leaves)
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
			allocations = lappend(allocations, terms = redo_leave_pool(d, book, terms, fill));
		oms_book_take(book, fill, entry, terms->method);
		entry->value = oms_share_value(&share, 1, oms_execution_value(&fill->now), fill->now.quantity);
		oms_book_give(book, fill, entry, terms->method);
		if (oms_average_is_beyond(oms_get_order(d, entry->order_id), fill->now.last_px))
			oms_book_raise(book, entry->order_id, FLAG_LIMIT_EXCEEDED);
	}
	return allocations;
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
	PoolKey		key = oms_pool_of(was);
	PoolKey		new_key = oms_pool_of(with ? with : was);
	bool		leaves = !oms_pool_is_same(&key, &new_key);
	RedoPool	pool = {.key = &key, .was = was, .came_at = oms_book_came_at(d, was)};
	RedoPool	other = {.key = &new_key, .came_at = pool.came_at};
	BookFill   *fill = NULL;
	int			place = -1;
	MemoryContext old;
	List	   *allocations;

	if (!redo_has_allocations(book))
		return;
	oms_book_load(d, book, true);
	old = MemoryContextSwitchTo(book->memory);
	allocations = oms_book_allocations(book, oms_allocation_terms(was->allocation_terms));
	redo_begin_pool(book, allocations, &pool);
	redo_begin_pool(book, allocations, &other);
	if (with)
	{
		fill = oms_book_add(d, book, with);
		fill->is_new = true;
		oms_book_sort(book);
		for (place = 0; list_nth(book->fills, place) != fill;)
			place++;
	}
	redo_quantities(d, book, allocations, was, place);
	if (fill)
		allocations = redo_value_alone(d, book, allocations, fill, leaves);
	*(leaves ? &other.with : &pool.with) = fill;
	redo_values(d, book, allocations, &pool);
	if (leaves)
		redo_values(d, book, allocations, &other);
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
