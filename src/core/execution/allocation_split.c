/*-------------------------------------------------------------------------
 *
 * allocation_split.c
 *	  What a split means for allocations and memberships.
 *
 * Pure: values in, values out; of the decision it only reads.
 *
 * What a member has is the sum of entries, so entries are scaled, each rounded,
 * and the member follows.  Their values stay.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/decimal.h"
#include "core/execution/allocation_split.h"

bool
oms_has_block_entries(const Execution *fill)
{
	const JsonbValue *first = fill->allocations && JB_ROOT_IS_ARRAY(fill->allocations) ?
		getIthJsonbValueFromContainer(&fill->allocations->root, 0) : NULL;

	return first && first->type == jbvBinary && oms_json_get_string(JsonbValueToJsonb(unconstify(JsonbValue *, first)), "allocationId") != NULL;
}

static AllocationEntry *
split_largest(const List *entries)
{
	AllocationEntry *largest = NULL;
	const ListCell *cell;

	foreach(cell, entries)
	{
		AllocationEntry *entry = lfirst(cell);

		if (largest == NULL || oms_dec_cmp(entry->quantity, largest->quantity) > 0)
			largest = entry;
	}
	return largest;
}

/* What members are to have of it: all stays all, and a part a part. */
static Numeric
split_target(const Execution *fill, Numeric before, Numeric factor)
{
	Numeric		target;

	if (oms_dec_cmp(fill->allocated_quantity, before) == 0)
		return fill->quantity;
	target = factor ? oms_scale_quantity(fill->allocated_quantity, factor) : fill->allocated_quantity;
	return oms_dec_min(target, oms_dec_sub(fill->quantity, oms_dec_smallest(fill->quantity)));
}

/* What stands in the terms in units of the order. */
static void
split_scale_terms(Execution *fill, Numeric factor)
{
	List	   *list = oms_allocation_terms(fill->allocation_terms);
	ListCell   *cell;
	ListCell   *back;

	foreach(cell, list)
	{
		AllocationTerms *terms = lfirst(cell);

		terms->lot = oms_scale_fill(terms->lot, factor);
		if (terms->pool_quantity)
			terms->pool_quantity = oms_scale_fill(terms->pool_quantity, factor);
		foreach(back, terms->returns)
		{
			AllocationReturn *returned = lfirst(back);

			returned->quantity = oms_scale_fill(returned->quantity, factor);
		}
	}
	fill->allocation_terms = oms_allocation_terms_json(list);
}

void
oms_scale_allocations(Execution *fill, Numeric quantity, Numeric factor)
{
	List	   *entries = oms_allocation_entries(fill->allocations);
	AllocationEntry *largest;
	Numeric		target = split_target(fill, quantity, factor);
	Numeric		sum = oms_dec_zero();
	ListCell   *cell;

	foreach(cell, entries)
	{
		AllocationEntry *entry = lfirst(cell);

		if (factor)
			entry->quantity = oms_scale_fill(entry->quantity, factor);
		sum = oms_dec_add(sum, entry->quantity);
	}
	largest = split_largest(entries);
	if (largest)
	{
		largest->quantity = oms_dec_add(largest->quantity, oms_dec_sub(target, sum));
		fill->allocations = oms_allocation_entries_json(entries);
		fill->allocated_quantity = target;
	}
	if (factor && fill->allocation_terms)
		split_scale_terms(fill, factor);
}

/* ------------------------------------------------------------------------
 * memberships
 * ------------------------------------------------------------------------
 */

/* What one entry of a fill became. */
static void
split_move_member(const AllocationBook *book, const List *allocations, const AllocationEntry *before, const AllocationEntry *after)
{
	OrderMember *member = oms_book_member(book, before->order_id);
	AllocationMethod method = oms_book_terms_of(book, allocations, before)->method;
	Numeric		more = oms_dec_sub(after->quantity, before->quantity);

	if (member == NULL)
		return;
	member->allocated_quantity = oms_dec_add(member->allocated_quantity, more);
	member->by_method[method] = oms_dec_plus(member->by_method[method], more);
}

static void
split_move_members(const Decision *d, const AllocationBook *book, const List *allocations, const Execution *fill)
{
	List	   *before = oms_allocation_entries(oms_get_execution(d, fill->id)->allocations);
	List	   *after = oms_allocation_entries(fill->allocations);
	ListCell   *cell;
	ListCell   *became;

	forboth(cell, before, became, after)
		split_move_member(book, allocations, lfirst(cell), lfirst(became));
}

/*
 * What was full stays full, what was open stays open: what members have are sums of
 * rounded parts; and as long as not all have told the split, of parts of before it.
 */
static void
split_membership(OrderMember *member, bool full, Numeric factor)
{
	Numeric		by_factor = member->by_factor ? member->by_factor : member->quantity;

	if (factor)
		by_factor = oms_scale_quantity(by_factor, factor);
	if (full)
		by_factor = member->allocated_quantity;
	member->quantity = full ? by_factor :
		oms_dec_max(by_factor, oms_dec_add(member->allocated_quantity, oms_dec_smallest(member->allocated_quantity)));
	member->by_factor = oms_dec_cmp(member->quantity, by_factor) == 0 ? NULL : by_factor;
}

OrderMember *
oms_split_members(Decision *d, const Order *block, const List *fills, Numeric factor, int *count)
{
	AllocationBook book = {.block_id = block->id, .memory = oms_book_memory()};
	List	   *allocations;
	const ListCell *cell;
	bool	   *full;

	book.members = oms_members_from_json(block->members, &book.count);
	full = palloc(sizeof(bool) * Max(book.count, 1));
	for (int i = 0; i < book.count; i++)
		full[i] = !oms_member_is_live(&book.members[i]);
	oms_book_load(d, &book, true);
	allocations = oms_book_allocations(&book, NIL);
	foreach(cell, fills)
	{
		CHECK_FOR_INTERRUPTS();
		split_move_members(d, &book, allocations, lfirst(cell));
	}
	for (int i = 0; i < book.count; i++)
		split_membership(&book.members[i], full[i], factor);
	MemoryContextDelete(book.memory);
	*count = book.count;
	return book.members;
}
