/*-------------------------------------------------------------------------
 *
 * allocation.c
 *	  The use cases of allocation: fills of a block become its members', or
 *	  nobody's again.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.  Who gets how much is allocation_share.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "core/execution/allocation.h"
#include "core/execution/allocation_make.h"
#include "core/execution/allocation_message.h"
#include "core/execution/allocation_proposal.h"
#include "core/order/order_commands.h"

/* ------------------------------------------------------------------------
 * what they name
 * ------------------------------------------------------------------------
 */

static Refusal *
allocation_not_a_block(const Command *command, const char *id)
{
	return oms_refuse_by_rule("not_a_block", psprintf("%s is not possible for \"%s\"", command->def->name, id),
							  "it is not in the tree of a block: all of a fill is the root's there.");
}

/* The live execution of a block that the command names. */
static Refusal *
allocation_find_execution(const Decision *d, const Execution **execution, const Order **block)
{
	const Command *command = d->command;
	Refusal    *refusal;

	*execution = oms_get_execution(d, command->execution_id);
	if (*execution == NULL)
		return oms_no_such(KIND_EXECUTION, command->execution_id);
	refusal = oms_check_version(command, KIND_EXECUTION, (*execution)->id, (*execution)->version);
	if (refusal)
		return refusal;
	*block = (*execution)->order_id ? oms_get_order(d, (*execution)->root_id) : NULL;
	if (*block == NULL || !oms_order_is_block(*block))
		return allocation_not_a_block(command, (*execution)->id);
	if (!oms_execution_is_live(*execution))
		return oms_refuse(OMS_NO_TRANSITION, "%s is not possible for execution \"%s\" in status %s", command->def->name,
						  (*execution)->id, oms_name_of(oms_execution_status_names, (*execution)->status));
	return NULL;
}

static Refusal *
allocation_find_block(const Decision *d, const Order **block)
{
	const Command *command = d->command;
	Refusal    *refusal;

	*block = oms_get_order(d, command->order_id);
	if (*block == NULL)
		return oms_no_such(KIND_ORDER, command->order_id);
	if (!oms_order_is_block(*block))
		return allocation_not_a_block(command, (*block)->id);
	if (command->execution_id)
		return NULL;
	refusal = oms_check_version(command, KIND_ORDER, (*block)->id, (*block)->version);
	return refusal ? refusal : oms_check_particulars(command, *block);
}

/* What the list of fields cannot say. */
static Refusal *
allocation_check_form(const Command *command)
{
	bool		given = command->allocations.shares != NULL;
	bool		manual = command->method && strcmp(command->method, "MANUAL") == 0;

	if (command->execution_id == NULL && command->order_id == NULL)
		return oms_allocation_malformed(command, "It names neither a block (orderId) nor one of its fills (executionId).");
	if (given && command->method && !manual)
		return oms_allocation_malformed(command, "It has quantities (allocations) and a method; one of them says who gets how much.");
	if (!given && (command->method == NULL || manual))
		return oms_allocation_malformed(command, "It needs quantities (allocations), or a method: PRO_RATA, PRIORITY or EQUAL.");
	if (given && command->quantity)
		return oms_allocation_malformed(command, "Where quantities are given (allocations), quantity says nothing.");
	if (command->weights && (given || strcmp(command->method, "PRO_RATA") != 0))
		return oms_allocation_malformed(command, "Weights are of the method PRO_RATA alone.");
	if (command->execution_id && command->reason == NULL)
		return oms_allocation_malformed(command, "A fill that is allocated alone, and not with its pool, needs a reason.");
	return NULL;
}

/* ------------------------------------------------------------------------
 * the commands
 * ------------------------------------------------------------------------
 */

Refusal *
oms_decide_allocate(Decision *d)
{
	const Command *command = d->command;
	const Execution *execution = NULL;
	const Order *named = NULL;
	const Order *block;
	AllocationBook *book;
	const BookFill *first;
	Refusal    *refusal = allocation_check_form(command);

	if (refusal == NULL && command->order_id)
		refusal = allocation_find_block(d, &named);
	block = named;
	if (refusal == NULL && command->execution_id)
		refusal = allocation_find_execution(d, &execution, &block);
	if (refusal == NULL && named && strcmp(named->id, block->id) != 0)
		refusal = oms_refuse_by_rule("order_differs", psprintf("execution \"%s\" is not of block \"%s\"", execution->id, named->id),
									 "it is of block %s.", block->id);
	if (refusal)
		return refusal;
	book = oms_book_of(d, block);
	if (book == NULL)
		return oms_unreached();
	if (command->alloc_id && oms_allocation_is_told(d, block, &refusal))
		return refusal;
	oms_book_load(d, book, false);
	refusal = oms_make_allocations(d, block, book, &first);
	if (refusal)
		return refusal;
	if (command->allocations.shares && oms_allocation_waits(d))
		return oms_propose_allocation(d, first->now.id);
	oms_decision_about(d, KIND_EXECUTION, first->now.id, false);
	/* its list of members may be long, and others have their part of it in what they are */
	oms_decision_tell_briefly(d);
	oms_book_put_fills(d, book);
	return NULL;
}

/* Take the entries of the fill back, or those of one member.  False if there are none. */
static bool
allocation_take_back(const Decision *d, AllocationBook *book, BookFill *fill, const List *allocations, const char *order_id)
{
	List	   *entries = list_copy(fill->entries);
	ListCell   *cell;
	bool		any = false;

	foreach(cell, entries)
	{
		AllocationEntry *entry = lfirst(cell);

		if (order_id && strcmp(entry->order_id, order_id) != 0)
			continue;
		oms_book_return(d, book, fill, entry, oms_book_terms_of(book, allocations, entry));
		any = true;
	}
	return any;
}

Refusal *
oms_decide_deallocate(Decision *d)
{
	const Command *command = d->command;
	const Execution *execution;
	const Order *block;
	AllocationBook *book;
	BookFill   *fill;
	List	   *allocations;
	Refusal    *refusal;

	if (command->alloc_id)
	{
		refusal = allocation_find_block(d, &block);
		return refusal ? refusal : oms_deallocate_message(d, block);
	}
	refusal = allocation_find_execution(d, &execution, &block);
	if (refusal)
		return refusal;
	if (oms_dec_sign(execution->allocated_quantity) == 0)
		return oms_refuse(OMS_NO_TRANSITION, "%s is not possible: nothing of execution \"%s\" is allocated",
						  command->def->name, execution->id);
	book = oms_book_of(d, block);
	if (book == NULL)
		return oms_unreached();
	oms_book_load(d, book, true);
	allocations = oms_book_allocations(book, NIL);
	fill = oms_book_fill(book, execution->id);
	if (fill == NULL)
		oms_damaged("execution \"%s\" is none of block \"%s\", whose tree it says it is in", execution->id, block->id);
	if (!allocation_take_back(d, book, fill, allocations, command->order_id))
		return oms_refuse_by_rule("not_a_member", psprintf("nothing of execution \"%s\" is allocated to order \"%s\"",
														   execution->id, command->order_id), "others have parts of it.");
	if (oms_allocation_waits(d))
		return oms_propose_allocation(d, execution->id);
	oms_book_place_terms(book, allocations);
	oms_decision_about(d, KIND_EXECUTION, execution->id, false);
	oms_book_put_fills(d, book);
	return NULL;
}
