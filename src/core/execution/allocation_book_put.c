/*-------------------------------------------------------------------------
 *
 * allocation_book_put.c
 *	  The fills of a book, as they have become, and their orders.
 *
 * Pure: puts into the decision what its book says.
 *
 * Fills are put one by one, so whatever is only made to be compared stays in the
 * memory of the book, which goes with it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/decimal.h"
#include "core/execution/allocation_book.h"
#include "core/execution/allocation_commission.h"
#include "core/order/order_commands.h"

/* How much more of an order's fills is allocated. */
typedef struct BookOrder
{
	const char *order_id;
	Numeric		allocated;
} BookOrder;

static List *
book_count_order(List *orders, const BookFill *fill)
{
	Numeric		more = oms_dec_sub(fill->allocated, fill->now.allocated_quantity);
	BookOrder  *order;
	ListCell   *cell;

	if (oms_dec_sign(more) == 0)
		return orders;
	foreach(cell, orders)
	{
		order = lfirst(cell);
		if (strcmp(order->order_id, fill->now.order_id) == 0)
		{
			order->allocated = oms_dec_add(order->allocated, more);
			return orders;
		}
	}
	order = palloc(sizeof(BookOrder));
	*order = (BookOrder) {fill->now.order_id, more};
	return lappend(orders, order);
}

static bool
book_has_entry(const BookFill *fill, const AllocationTerms *terms)
{
	ListCell   *cell;

	foreach(cell, fill->entries)
		if (oms_same_text(((const AllocationEntry *) lfirst(cell))->allocation_id, terms->id))
			return true;
	return false;
}

static void
book_mark_selected(BookFill *fill)
{
	ListCell   *cell;

	fill->now.flags &= ~FLAG_SELECTED_FILL;
	foreach(cell, fill->terms)
		if (((const AllocationTerms *) lfirst(cell))->selected && book_has_entry(fill, lfirst(cell)))
			fill->now.flags |= FLAG_SELECTED_FILL;
}

static bool
book_same_json(Jsonb *a, Jsonb *b)
{
	return a == b || (a && b && oms_json_equal(a, b));
}

static Jsonb *
book_copy_json(Jsonb *json)
{
	return json ? DatumGetJsonbPCopy(JsonbPGetDatum(json)) : NULL;
}

/* False if it is as it was. */
static bool
book_write_fill(const AllocationBook *book, BookFill *fill)
{
	MemoryContext old = MemoryContextSwitchTo(book->memory);
	Jsonb	   *allocations;
	Jsonb	   *terms = oms_allocation_terms_json(fill->terms);

	if (oms_commission_is_shared(&fill->now))
		oms_commission_share(fill);
	allocations = oms_allocation_entries_json(fill->entries);
	MemoryContextSwitchTo(old);
	if (book_same_json(allocations, fill->now.allocations) && book_same_json(terms, fill->now.allocation_terms))
		return false;
	fill->now.allocations = book_copy_json(allocations);
	fill->now.allocation_terms = book_copy_json(terms);
	fill->now.allocated_quantity = DatumGetNumericCopy(NumericGetDatum(fill->allocated));
	book_mark_selected(fill);
	return true;
}

static ExecutionTrigger
book_trigger(const BookFill *fill, Numeric before)
{
	if (oms_dec_cmp(fill->allocated, fill->now.quantity) == 0)
		return EXECUTION_ALLOCATE_ALL;
	return oms_dec_cmp(fill->allocated, before) < 0 ? EXECUTION_DEALLOCATE : EXECUTION_ALLOCATE;
}

void
oms_book_put_fills(Decision *d, AllocationBook *book)
{
	List	   *orders = NIL;
	ListCell   *cell;

	foreach(cell, book->fills)
	{
		BookFill   *fill = lfirst(cell);
		Numeric		before = fill->now.allocated_quantity;

		if (!fill->touched)
			continue;
		CHECK_FOR_INTERRUPTS();
		fill->touched = false;
		if (!fill->is_new)
			orders = book_count_order(orders, fill);
		if (!book_write_fill(book, fill) || fill->is_new)
			continue;
		oms_put_execution(d, &fill->now, oms_execution_change(&fill->now, book_trigger(fill, before)), false);
	}
	foreach(cell, orders)
	{
		const BookOrder *changed = lfirst(cell);
		const Order *order = oms_get_order(d, changed->order_id);
		OrderEvent	event;

		oms_order_event_init(&event, d->cause);
		event.own = false;
		event.fill.allocated = changed->allocated;
		event.transition = oms_order_transition(TRIGGER_ALLOCATE, order, 0, false);
		oms_apply_to_tree(d, order, &event);
	}
}
