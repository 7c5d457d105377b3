/*-------------------------------------------------------------------------
 *
 * allocation_message.c
 *	  Allocations that a message made, by its AllocID.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.
 *
 * A client knows his allocation by the AllocID (70) of his message, and neither
 * fills nor allocations of ours.  One AllocID gives once: what a bust, a
 * deallocation or another message took back since is not given again by a copy of
 * the first, however late it comes.  So the events of the block are asked, and not
 * what its fills have now.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/damage.h"
#include "base/decimal.h"
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

/* ------------------------------------------------------------------------
 * what was told before
 * ------------------------------------------------------------------------
 */

typedef struct ToldSearch
{
	const char *alloc_id;
	bool		gave;			/* something was allocated by it */
	bool		replaced;		/* a message of the same AllocID took it back, to give it otherwise … */
	bool		is_open;		/* … and has not given yet: the command is its second half */
	Jsonb	   *last;			/* the command that gave last */
	Jsonb	   *proposed;		/* what waits for an execution, as the event before left it */
	List	   *approved;		/* ids of executions for which something was approved in the block */
	MemoryContext keep;
} ToldSearch;

static bool
message_is(Jsonb *raw, CommandType type)
{
	return oms_same_text(oms_json_get_string(raw, "commandType"), oms_command_defs[type].name);
}

static void
message_visit_block(Jsonb *payload, void *arg)
{
	ToldSearch *search = arg;
	Jsonb	   *raw = oms_json_get_container(payload, "command");
	bool		is_of_it = raw && oms_same_text(oms_json_get_string(raw, "allocID"), search->alloc_id);
	MemoryContext old = MemoryContextSwitchTo(search->keep);
	JsonbValue	hold;

	if (raw && message_is(raw, COMMAND_APPROVE_EXECUTION))
		search->approved = lappend(search->approved, oms_json_get_string(raw, "executionId"));
	else if (is_of_it && message_is(raw, COMMAND_ALLOCATE_EXECUTION))
	{
		search->gave = true;
		search->is_open = false;
		search->last = oms_json_get_container(payload, "command");
	}
	else if (is_of_it && oms_json_get(raw, "givesAnew", &hold))
		search->replaced = search->is_open = true;
	MemoryContextSwitchTo(old);
}

/* A proposal that is approved is no more in the state after it, and the approval does not say what it approved. */
static void
message_visit_execution(Jsonb *payload, void *arg)
{
	ToldSearch *search = arg;
	Jsonb	   *raw = oms_json_get_container(payload, "command");
	Jsonb	   *state = oms_json_get_container(payload, "state");
	Jsonb	   *proposal = state ? oms_json_get_container(state, "allocationProposal") : NULL;
	MemoryContext old;

	if (raw && search->proposed && !search->gave && message_is(raw, COMMAND_APPROVE_EXECUTION) &&
		message_is(search->proposed, COMMAND_ALLOCATE_EXECUTION) &&
		oms_same_text(oms_json_get_string(search->proposed, "allocID"), search->alloc_id))
	{
		search->gave = true;
		search->last = search->proposed;
	}
	old = MemoryContextSwitchTo(search->keep);
	search->proposed = proposal ? oms_json_get_container(proposal, "command") : NULL;
	MemoryContextSwitchTo(old);
}

static ToldSearch
message_search_told(const Decision *d, const char *block_id)
{
	ToldSearch	search = {.alloc_id = d->command->alloc_id, .keep = CurrentMemoryContext};
	ListCell   *cell;

	d->source->each_event(d->source, KIND_ORDER, block_id, message_visit_block, &search);
	foreach(cell, search.approved)
	{
		search.proposed = NULL;
		if (lfirst(cell) == NULL)
			oms_damaged("an event of block \"%s\" is of the approval of no execution", block_id);
		if (!search.gave)
			d->source->each_event(d->source, KIND_EXECUTION, lfirst(cell), message_visit_execution, &search);
	}
	return search;
}

/* What was too long to be kept with the block is taken for the same. */
static bool
message_is_same(const ToldSearch *search, const Command *command)
{
	Command		earlier;

	if (oms_command_parse(search->last, true, &earlier) != NULL || earlier.allocations.shares == NULL)
		return true;
	if (earlier.allocations.count != command->allocations.count)
		return false;
	for (int i = 0; i < earlier.allocations.count; i++)
		if (strcmp(earlier.allocations.shares[i].order_id, command->allocations.shares[i].order_id) != 0 ||
			oms_dec_cmp(earlier.allocations.shares[i].quantity, command->allocations.shares[i].quantity) != 0)
			return false;
	return true;
}

bool
oms_allocation_is_told(Decision *d, const Order *block, Refusal **refusal)
{
	const Command *command = d->command;
	ToldSearch	search = message_search_told(d, block->id);

	if (!search.gave || search.is_open)
		return false;
	if (oms_command_is_resent(command) && message_is_same(&search, command))
		oms_decision_about(d, KIND_ORDER, block->id, true);
	else
		*refusal = oms_with_detail(oms_refuse(OMS_DUPLICATE, "allocID \"%s\" is already used", command->alloc_id),
								   "It has given fills of block \"%s\"%s.", block->id,
								   oms_command_is_resent(command) ? ", in other quantities" : "");
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
	if (oms_command_is_resent(command) && (first == NULL || (command->gives_anew == TRI_TRUE && message_search_told(d, block->id).replaced)))
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
