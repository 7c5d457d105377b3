/*-------------------------------------------------------------------------
 *
 * allocation_redo.c
 *	  What becomes of allocations when a fill that they are of ends.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 * Quantities first: each allocation that had something of the fill is made again
 * by its own terms, over what is left to it.  Then values (allocation_value.c).
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
#include "core/execution/allocation_value.h"

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

RedoIndex
oms_redo_index(const AllocationBook *book)
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
int
oms_redo_find_parts(const RedoIndex *index, const char *allocation_id)
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
	int			first = oms_redo_find_parts(index, redo->terms->id);
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
void
oms_redo_begin(const RedoIndex *index, AllocationTerms *terms, int more, Redo *redo)
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

BookFill *
oms_redo_fill(const AllocationBook *book, const Redo *redo, int i)
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
void
oms_redo_take(AllocationBook *book, const PoolKey *pool, Redo *redo)
{
	for (int i = 0; i < redo->fills; i++)
	{
		BookFill   *fill = oms_redo_fill(book, redo, i);
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
void
oms_redo_give(AllocationBook *book, const Redo *redo)
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
		oms_book_give(book, oms_redo_fill(book, redo, share->execution), entry, redo->terms->method);
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
	left = oms_share_allocate(redo->shares, redo->count, oms_share_methods[method], redo->terms->lot, total);
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
	RedoIndex	index = oms_redo_index(book);
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
		oms_redo_begin(&index, lfirst(cell), place, &redo);
		redo_take_back(book, entries, &redo);
		oms_redo_take(book, NULL, &redo);
		open = oms_dec_sub(open, redo.of_ended);
		keeps = with && all && oms_dec_sign(open) == 0 ? left : oms_dec_min(redo.of_ended, left);
		left = oms_dec_sub(left, keeps);
		keeps = oms_dec_sub(keeps, redo_share(d, book, &redo, oms_dec_add(redo.total, keeps)));
		for (int i = 0; i < redo.fills; i++)
			if (redo.places[i] == place)
				redo.of_fills[i] = keeps;
		oms_redo_give(book, &redo);
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
	PoolKey		key = oms_pool_of(was);
	PoolKey		new_key = oms_pool_of(with ? with : was);
	bool		leaves = !oms_pool_is_same(&key, &new_key);
	RedoPool	pool = {.key = &key, .was = was, .counts_from = oms_book_counts_from(d, was)};
	RedoPool	other = {.key = &new_key, .counts_from = pool.counts_from};
	BookFill   *fill = NULL;
	int			place = -1;
	MemoryContext old;
	List	   *allocations;

	if (!redo_has_allocations(book))
		return;
	oms_book_load(d, book, true);
	old = MemoryContextSwitchTo(book->memory);
	allocations = oms_book_allocations(book, oms_allocation_terms(was->allocation_terms));
	oms_value_begin(book, allocations, &pool);
	/* once for each pool: it may count what was in it anew, the fill that ended too */
	if (leaves)
		oms_value_begin(book, allocations, &other);
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
		allocations = oms_value_alone(d, book, allocations, fill, leaves);
	*(leaves ? &other.with : &pool.with) = fill;
	oms_value_pool(d, book, allocations, &pool);
	if (leaves)
		oms_value_pool(d, book, allocations, &other);
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
