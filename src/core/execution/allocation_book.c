/*-------------------------------------------------------------------------
 *
 * allocation_book.c
 *	  The book of a block: its fills, and what its members have of them.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 * Whoever changes allocations gives entries to fills and takes them away; what
 * fills, their orders, the block's row and its members have then follows here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "base/moment.h"
#include "core/execution/allocation_book.h"
#include "core/execution/allocation_redo.h"
#include "core/order/order_commands.h"
#include "core/order/order_membership.h"

const ShareMethod oms_share_methods[ALLOCATION_METHODS] = {
	[ALLOCATE_PRO_RATA] = SHARE_PRO_RATA,
	[ALLOCATE_PRIORITY] = SHARE_PRIORITY,
	[ALLOCATE_EQUAL] = SHARE_EQUAL,
};

/* ------------------------------------------------------------------------
 * beginning and closing
 * ------------------------------------------------------------------------
 */

/* The block's row and its members follow, each once. */
static void
book_put_members(Decision *d, AllocationBook *book)
{
	const Order *block = oms_get_order(d, book->block_id);
	Jsonb	   *members = oms_members_to_json(book->members, book->count);
	OrderEvent	event;

	if (!oms_json_equal(members, block->members))
	{
		oms_order_event_init(&event, d->cause);
		event.own = false;
		event.transition = oms_order_transition(TRIGGER_ALLOCATE, block, 0, false);
		event.members = members;
		oms_apply_to_tree(d, block, &event);
	}
	for (int i = 0; i < book->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		oms_member_change(d, book->block_id, &book->before[i], &book->members[i], book->raises[i]);
	}
}

/* The step that a command with books ends with. */
static Refusal *
book_close_all(Decision *d)
{
	ListCell   *cell;
	ListCell   *fill;

	foreach(cell, d->books)
	{
		AllocationBook *book = lfirst(cell);

		/* nobody took their place */
		foreach(fill, book->waiting)
			oms_redo_allocations(d, book, lfirst(fill), NULL);
		book_put_members(d, book);
	}
	oms_books_drop(d);
	return NULL;
}

void
oms_books_drop(Decision *d)
{
	ListCell   *cell;

	foreach(cell, d->books)
		MemoryContextDelete(((AllocationBook *) lfirst(cell))->memory);
	d->books = NIL;
}

Refusal *
oms_books_refused(Decision *d, const Refusal *refusal)
{
	Refusal    *copy = oms_refusal_copy(refusal);

	oms_books_drop(d);
	return copy;
}

AllocationBook *
oms_book_begun(const Decision *d, const char *block_id)
{
	ListCell   *cell;

	foreach(cell, d->books)
	{
		AllocationBook *book = lfirst(cell);

		if (strcmp(book->block_id, block_id) == 0)
			return book;
	}
	return NULL;
}

MemoryContext
oms_book_memory(void)
{
	return AllocSetContextCreate(CurrentMemoryContext, "oms allocations", ALLOCSET_DEFAULT_SIZES);
}

AllocationBook *
oms_book_of(Decision *d, const Order *block)
{
	AllocationBook *book = oms_book_begun(d, block->id);
	bool		reached = true;

	if (book)
		return book;
	book = palloc0(sizeof(AllocationBook));
	book->block_id = block->id;
	book->before = oms_members_from_json(block->members, &book->count);
	book->members = oms_members_from_json(block->members, &book->count);
	book->raises = palloc0(sizeof(uint32) * Max(book->count, 1));
	for (int i = 0; i < book->count; i++)
		reached &= oms_decision_reaches(d, KIND_ORDER, book->members[i].order_id);
	if (!reached)
		return NULL;
	book->memory = oms_book_memory();
	d->books = lappend(d->books, book);
	oms_decision_end_first_with(d, book_close_all);
	return book;
}

/* ------------------------------------------------------------------------
 * fills
 * ------------------------------------------------------------------------
 */

/* A correction stands where its fill stood, and so does what has superseded a typed fill.  NULL: it is the first. */
static const Execution *
book_before(const Decision *d, Walk *walk, const Execution *fill)
{
	const char *id = fill->corrected_execution_id ? fill->corrected_execution_id : fill->superseded_execution_id;
	const Execution *before = id ? oms_get_execution(d, id) : NULL;

	if (id && before == NULL)
		oms_damaged("execution \"%s\", whose place \"%s\" took, does not exist", id, fill->id);
	if (id)
		oms_walk_step(walk, "execution", fill->id);
	return before;
}

static const Execution *
book_first_of_chain(const Decision *d, const Execution *fill)
{
	Walk		walk = {0};
	const Execution *before;

	while ((before = book_before(d, &walk, fill)) != NULL)
		fill = before;
	return fill;
}

/* What has reasons has never been booked. */
TimestampTz
oms_book_counts_from(const Decision *d, const Execution *fill)
{
	Walk		walk = {0};
	TimestampTz from = PG_INT64_MAX;

	while (fill)
	{
		if (fill->review_reasons == NULL)
			from = Min(from, fill->booked_at != NO_TIME ? fill->booked_at : fill->created_at);
		fill = book_before(d, &walk, fill);
	}
	return from;
}

BookFill *
oms_book_add(const Decision *d, AllocationBook *book, const Execution *execution)
{
	MemoryContext old = MemoryContextSwitchTo(MemoryContextGetParent(book->memory));
	const Execution *first = book_first_of_chain(d, execution);
	BookFill   *fill;

	MemoryContextSwitchTo(book->memory);
	fill = palloc0(sizeof(BookFill));
	fill->now = *execution;
	fill->pool = oms_pool_of(execution);
	fill->came_at = first->created_at;
	fill->came_as = first->id;
	fill->counts_from = oms_book_counts_from(d, execution);
	fill->entries = oms_allocation_entries(execution->allocations);
	fill->terms = oms_allocation_terms(execution->allocation_terms);
	fill->allocated = execution->allocated_quantity;
	book->fills = lappend(book->fills, fill);
	MemoryContextSwitchTo(old);
	return fill;
}

bool
oms_book_came_before(const BookFill *a, const BookFill *b)
{
	int			order;

	if (a->came_at != b->came_at)
		return a->came_at < b->came_at;
	order = strcmp(a->came_as, b->came_as);
	return order != 0 ? order < 0 : oms_execution_came_before(&a->now, &b->now);
}

static int
book_compare_fills(const ListCell *a, const ListCell *b)
{
	return oms_book_came_before(lfirst(a), lfirst(b)) ? -1 : oms_book_came_before(lfirst(b), lfirst(a)) ? 1 : 0;
}

void
oms_book_sort(AllocationBook *book)
{
	list_sort(book->fills, book_compare_fills);
}

BookFill *
oms_book_fill(const AllocationBook *book, const char *execution_id)
{
	ListCell   *cell;

	foreach(cell, book->fills)
	{
		BookFill   *fill = lfirst(cell);

		if (strcmp(fill->now.id, execution_id) == 0)
			return fill;
	}
	return NULL;
}

/* Orders of the tree that may have fills to be looked at; of one without children, what is allocated is of its own fills. */
static List *
book_orders(const Decision *d, const Order *block, bool whole)
{
	const char *const key[] = {block->id};
	const char *const *const keys = key;
	List	   *orders = block->child_count == 0 ? list_make1(unconstify(Order *, block)) :
		oms_decision_find(d, KIND_ORDER, ORDER_BY_ROOT, &keys, 1);
	ListCell   *cell;

	foreach(cell, orders)
	{
		const Order *order = lfirst(cell);

		if (oms_dec_sign(order->own_executed_quantity) == 0 ||
			(!whole && order->child_count == 0 && oms_dec_cmp(order->own_executed_quantity, order->allocated_quantity) == 0))
			orders = foreach_delete_current(orders, cell);
	}
	return orders;
}

/* What a fill says it gave is what its parts come to, and its status says whether that is all. */
static void
book_check_fill(const BookFill *fill)
{
	Numeric		given = oms_dec_zero();
	ListCell   *cell;

	foreach(cell, fill->entries)
		given = oms_dec_add(given, ((const AllocationEntry *) lfirst(cell))->quantity);
	if (oms_dec_cmp(given, fill->allocated) != 0 ||
		(oms_dec_cmp(given, fill->now.quantity) == 0) != (fill->now.status == OMS_EXECUTION_ALLOCATED))
		oms_damaged("execution \"%s\" is %s with %s of %s allocated, and its parts come to %s", fill->now.id,
					oms_name_of(oms_execution_status_names, fill->now.status), oms_dec_text(fill->allocated),
					oms_dec_text(fill->now.quantity), oms_dec_text(given));
}

void
oms_book_load(Decision *d, AllocationBook *book, bool whole)
{
	MemoryContext old = MemoryContextSwitchTo(MemoryContextGetParent(book->memory));
	List	   *orders = book_orders(d, oms_get_order(d, book->block_id), whole);
	const char **ids = palloc(sizeof(char *) * Max(list_length(orders), 1));
	const char *const **keys = palloc(sizeof(char **) * Max(list_length(orders), 1));
	int			count = 0;
	List	   *executions;
	ListCell   *cell;

	foreach(cell, orders)
	{
		ids[count] = ((const Order *) lfirst(cell))->id;
		keys[count] = &ids[count];
		count++;
	}
	book->fills = NIL;
	executions = count == 0 ? NIL : oms_decision_find(d, KIND_EXECUTION, whole ? EXECUTION_BY_ORDER : EXECUTION_OPEN, keys, count);
	foreach(cell, executions)
	{
		const Execution *execution = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (oms_execution_is_live(execution) &&
			(whole || oms_dec_cmp(execution->quantity, execution->allocated_quantity) > 0))
			book_check_fill(oms_book_add(d, book, execution));
	}
	list_free(executions);
	oms_book_sort(book);
	MemoryContextSwitchTo(old);
}

/* ------------------------------------------------------------------------
 * entries
 * ------------------------------------------------------------------------
 */

OrderMember *
oms_book_member(const AllocationBook *book, const char *order_id)
{
	return oms_member_find(book->members, book->count, order_id);
}

void
oms_book_raise(AllocationBook *book, const char *order_id, uint32 flags)
{
	const OrderMember *member = oms_book_member(book, order_id);

	if (member)
		book->raises[member - book->members] |= flags;
}

static void
book_move_member(AllocationBook *book, const AllocationEntry *entry, AllocationMethod method, bool gives)
{
	OrderMember *member = oms_book_member(book, entry->order_id);
	Numeric		quantity = gives ? entry->quantity : oms_dec_neg(entry->quantity);
	Numeric		value = gives ? entry->value : oms_dec_neg(entry->value);

	if (member == NULL)
		oms_damaged("order \"%s\" has a part of block \"%s\", of which it is no member", entry->order_id, book->block_id);
	member->allocated_quantity = oms_dec_add(member->allocated_quantity, quantity);
	member->allocated_value = oms_dec_add(member->allocated_value, value);
	member->by_method[method] = oms_dec_plus(member->by_method[method], quantity);
	if (member->released)
		member->quantity = member->allocated_quantity;
}

void
oms_book_give(AllocationBook *book, BookFill *fill, AllocationEntry *entry, AllocationMethod method)
{
	fill->entries = lappend(fill->entries, entry);
	fill->allocated = oms_dec_add(fill->allocated, entry->quantity);
	fill->touched = true;
	book_move_member(book, entry, method, true);
}

void
oms_book_take(AllocationBook *book, BookFill *fill, AllocationEntry *entry, AllocationMethod method)
{
	fill->entries = list_delete_ptr(fill->entries, entry);
	fill->allocated = oms_dec_sub(fill->allocated, entry->quantity);
	fill->touched = true;
	book_move_member(book, entry, method, false);
}

void
oms_book_take_back(AllocationBook *book, const AllocationEntry *entry, AllocationMethod method)
{
	book_move_member(book, entry, method, false);
}

void
oms_book_return(const Decision *d, AllocationBook *book, BookFill *fill, AllocationEntry *entry, AllocationTerms *terms)
{
	AllocationReturn *back = palloc(sizeof(AllocationReturn));

	*back = (AllocationReturn) {fill->now.id, oms_decision_now(d), entry->quantity, entry->value};
	terms->returns = lappend(terms->returns, back);
	oms_book_take(book, fill, entry, terms->method);
}

static int
book_compare_terms(const ListCell *a, const ListCell *b)
{
	const AllocationTerms *first = lfirst(a);
	const AllocationTerms *second = lfirst(b);

	if (first->at != second->at)
		return first->at < second->at ? -1 : 1;
	return strcmp(first->id, second->id);
}

List *
oms_book_allocations(const AllocationBook *book, List *more)
{
	ListCell   *cell;

	foreach(cell, book->fills)
		more = list_concat(more, ((const BookFill *) lfirst(cell))->terms);
	list_sort(more, book_compare_terms);
	return more;
}

AllocationTerms *
oms_book_terms_of(const AllocationBook *book, const List *allocations, const AllocationEntry *entry)
{
	const ListCell *cell;

	foreach(cell, allocations)
		if (oms_same_text(((const AllocationTerms *) lfirst(cell))->id, entry->allocation_id))
			return lfirst(cell);
	oms_damaged("allocation \"%s\" of block \"%s\" has no terms", entry->allocation_id ? entry->allocation_id : "", book->block_id);
}

static int
book_compare_ids(const void *a, const void *b)
{
	return strcmp((*(AllocationTerms *const *) a)->id, (*(AllocationTerms *const *) b)->id);
}

static bool
book_had_entry(const BookFill *fill, const AllocationTerms *terms)
{
	ListCell   *cell;

	foreach(cell, terms->returns)
		if (strcmp(((const AllocationReturn *) lfirst(cell))->execution_id, fill->now.id) == 0)
			return true;
	return false;
}

/* What has nothing tells those that came after it what was in the pool: it stands with a fill that it had. */
static void
book_place_returned(const AllocationBook *book, AllocationTerms *terms, List **of_fills)
{
	for (int i = 0; terms->returns && i < list_length(book->fills); i++)
		if (book_had_entry(list_nth(book->fills, i), terms))
		{
			of_fills[i] = lappend(of_fills[i], terms);
			return;
		}
}

/* The fills come by age: the first that has an entry of an allocation is its oldest. */
void
oms_book_place_terms(AllocationBook *book, const List *allocations)
{
	int			count = list_length(allocations);
	AllocationTerms **by_id = palloc(sizeof(AllocationTerms *) * Max(count, 1));
	bool	   *placed = palloc0(sizeof(bool) * Max(count, 1));
	List	  **of_fills = palloc0(sizeof(List *) * Max(list_length(book->fills), 1));
	TimestampTz last = PG_INT64_MIN;
	ListCell   *cell;

	for (int i = 0; i < count; i++)
		by_id[i] = list_nth(allocations, i);
	qsort(by_id, count, sizeof(AllocationTerms *), book_compare_ids);
	foreach(cell, book->fills)
	{
		ListCell   *of;

		CHECK_FOR_INTERRUPTS();
		foreach(of, ((const BookFill *) lfirst(cell))->entries)
		{
			AllocationTerms key = {.id = ((const AllocationEntry *) lfirst(of))->allocation_id};
			AllocationTerms *sought = &key;
			AllocationTerms **found = key.id ? bsearch(&sought, by_id, count, sizeof(AllocationTerms *), book_compare_ids) : NULL;
			List	  **list = &of_fills[foreach_current_index(cell)];

			if (found == NULL || placed[found - by_id])
				continue;
			placed[found - by_id] = true;
			last = Max(last, (*found)->at);
			*list = lappend(*list, *found);
		}
	}
	for (int i = 0; i < count; i++)
		if (!placed[i] && by_id[i]->at < last)
			book_place_returned(book, by_id[i], of_fills);
	foreach(cell, book->fills)
	{
		BookFill   *fill = lfirst(cell);
		List	   *terms = of_fills[foreach_current_index(cell)];

		list_sort(terms, book_compare_terms);
		fill->touched |= terms != NIL || fill->terms != NIL;
		fill->terms = terms;
	}
}

bool
oms_average_is_beyond(const Order *order, Numeric average)
{
	return oms_order_has_limit(order) && oms_price_beyond(order, order->side, average, order->price) != NULL;
}
