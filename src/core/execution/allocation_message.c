/*-------------------------------------------------------------------------
 *
 * allocation_message.c
 *	  Allocations that a message made, by its AllocID.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 * A client knows his allocation by the AllocID (70) of his message, and neither
 * fills nor allocations of ours.  An AllocID is known as long as any fill of the
 * block has something by it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "core/execution/allocation_message.h"
#include "core/execution/allocation_proposal.h"

/* The allocation of an entry, if it was made under this AllocID, or NULL. */
static AllocationTerms *
message_terms_of(const List *allocations, const AllocationEntry *entry, const char *alloc_id)
{
	const ListCell *cell;

	foreach(cell, allocations)
	{
		AllocationTerms *terms = lfirst(cell);

		if (oms_same_text(terms->id, entry->allocation_id))
			return terms->alloc_id && strcmp(terms->alloc_id, alloc_id) == 0 ? terms : NULL;
	}
	return NULL;
}

/* The oldest fill that has something by it, or NULL. */
static const BookFill *
message_first_fill(const AllocationBook *book, const List *allocations, const char *alloc_id)
{
	const ListCell *cell;
	const ListCell *of;

	foreach(cell, book->fills)
	{
		const BookFill *fill = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		foreach(of, fill->entries)
			if (message_terms_of(allocations, lfirst(of), alloc_id))
				return fill;
	}
	return NULL;
}

bool
oms_allocation_is_told(Decision *d, AllocationBook *book, Refusal **refusal)
{
	const Command *command = d->command;
	const BookFill *first;

	oms_book_load(d, book, true);
	first = message_first_fill(book, oms_book_allocations(book, NIL), command->alloc_id);
	if (first == NULL)
		return false;
	if (oms_command_is_resent(command))
		oms_decision_about(d, KIND_EXECUTION, first->now.id, true);
	else
		*refusal = oms_with_detail(oms_refuse(OMS_DUPLICATE, "allocID \"%s\" is already used", command->alloc_id),
								   "It is known for fills of block \"%s\".", book->block_id);
	return true;
}

static void
message_take_back(const Decision *d, AllocationBook *book, const List *allocations, const char *alloc_id)
{
	ListCell   *cell;

	foreach(cell, book->fills)
	{
		BookFill   *fill = lfirst(cell);
		List	   *entries = list_copy(fill->entries);
		ListCell   *of;

		CHECK_FOR_INTERRUPTS();
		foreach(of, entries)
		{
			AllocationTerms *terms = message_terms_of(allocations, lfirst(of), alloc_id);

			if (terms)
				oms_book_return(d, book, fill, lfirst(of), terms);
		}
	}
}

Refusal *
oms_deallocate_message(Decision *d, const Order *block)
{
	const Command *command = d->command;
	AllocationBook *book = oms_book_of(d, block);
	List	   *allocations;
	const BookFill *first;

	if (book == NULL)
		return oms_unreached();
	oms_book_load(d, book, true);
	allocations = oms_book_allocations(book, NIL);
	first = message_first_fill(book, allocations, command->alloc_id);
	if (first == NULL && oms_command_is_resent(command))
	{
		oms_decision_about(d, KIND_ORDER, block->id, true);
		return NULL;
	}
	if (first == NULL)
		return oms_refuse(OMS_NO_TRANSITION, "%s is not possible: nothing of block \"%s\" is allocated by allocID \"%s\"",
						  command->def->name, block->id, command->alloc_id);
	if (oms_allocation_waits(d))
		return oms_propose_allocation(d, first->now.id);
	message_take_back(d, book, allocations, command->alloc_id);
	oms_book_place_terms(book, allocations);
	oms_decision_about(d, KIND_EXECUTION, first->now.id, false);
	oms_book_put_fills(d, book);
	return NULL;
}
