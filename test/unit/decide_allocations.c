/*
 * What allocations of a block do, on an array and without a server: who has how much of which fill and at what value, after
 * allocations of every kind, busts, corrections of quantity, price and date, deallocations, and splits that come by one broker
 * and then by the other.
 * Then blocks at random, where every sum is computed anew after each command.  What breaks if a unit or the last decimal of a
 * value is lost, if a bust touches who had nothing of the fill, or if what comes again is not what was.
 */
#include "unit.h"

#include "array_source.h"
#include "core/execution/allocation_terms.h"
#include "core/order/order_members.h"

static Decision last;

/* Single quotes are double ones. */
static const char *
json_of(const char *text)
{
	char	   *json = pstrdup(text);

	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	return json;
}

static Refusal *
tell(ArraySource *array, const char *command)
{
	return array_run(array, json_of(command), &last);
}

static void
must_do(ArraySource *array, const char *command)
{
	Refusal    *refusal = tell(array, command);

	if (refusal)
		ok(false, "%s: %s (%s)", command, refusal->message, refusal->detail ? refusal->detail : "");
}

static const char *
refused(ArraySource *array, const char *command)
{
	Refusal    *refusal = tell(array, command);

	return refusal == NULL ? "accepted" : refusal->rule ? refusal->rule : unpack_sql_state(refusal->sqlstate);
}

static const char *
number(Numeric value)
{
	return value ? oms_dec_text(oms_dec_trim(value)) : "-";
}

/* "A 400/2000 B …": what members of the block have, and at what value. */
static char *
has(ArraySource *array, const char *block_id)
{
	const Order *block = (const Order *) array_find(array, KIND_ORDER, block_id);
	int			count;
	OrderMember *members = oms_members_from_json(block->members, &count);
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < count; i++)
		appendStringInfo(&text, "%s%s %s/%s%s", i == 0 ? "" : " ", members[i].order_id, number(members[i].allocated_quantity),
						 number(members[i].allocated_value), members[i].released ? "!" : "");
	return text.data;
}

/* "e1 VALIDATED A:100/1000 B:…": what there is of an execution. */
static char *
fill(ArraySource *array, const char *id)
{
	const Execution *execution = (const Execution *) array_find(array, KIND_EXECUTION, id);
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	appendStringInfo(&text, "%s", oms_name_of(oms_execution_status_names, execution->status));
	foreach(cell, oms_allocation_entries(execution->allocations))
	{
		const AllocationEntry *entry = lfirst(cell);

		appendStringInfo(&text, " %s:%s/%s", entry->order_id, number(entry->quantity), number(entry->value));
		if (entry->commission)
			appendStringInfo(&text, "+%s", number(entry->commission));
	}
	foreach(cell, oms_allocation_terms(execution->allocation_terms))
	{
		const AllocationTerms *terms = lfirst(cell);

		appendStringInfo(&text, " by %s%s", oms_name_of(oms_allocation_method_names, terms->method), terms->selected ? " alone" : "");
	}
	return text.data;
}

/* "PARTIALLY_FILLED 400 of 500, 100 reserved" */
static char *
order(ArraySource *array, const char *id)
{
	const Order *o = (const Order *) array_find(array, KIND_ORDER, id);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s %s of %s, allocated %s, reserved %s", oms_name_of(oms_order_status_names, o->status), number(o->executed_quantity),
					 number(o->order_qty), number(o->allocated_quantity), number(o->reserved_quantity));
	for (const OmsName *n = oms_flag_names; n->name != NULL; n++)
		if (o->flags & n->value)
			appendStringInfo(&text, " %s", n->name);
	return text.data;
}

/* What the last command changed: "e1:563 B:381 A:381" */
static char *
changed(void)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, last.changes)
	{
		const Change *change = lfirst(cell);

		appendStringInfo(&text, "%s%s:%d", text.len == 0 ? "" : " ", change->after->id, change->rule->number);
	}
	return text.data;
}

/* Client orders A, B, C of a block K, with priorities 1, 2, 3. */
static ArraySource *
block_of(const char *a, const char *b, const char *c, const char *attributes)
{
	ArraySource *array = array_begin();
	const char *quantities[] = {a, b, c};
	StringInfoData members;

	initStringInfo(&members);
	for (int i = 0; i < 3 && quantities[i]; i++)
	{
		must_do(array, psprintf("{'commandType': 'CreateOrderCommand', 'orderId': '%c', 'symbol': 'X', 'side': 'BUY', 'orderQty': %s%s}",
								'A' + i, quantities[i], attributes));
		appendStringInfo(&members, "%s{'orderId': '%c', 'quantity': %s, 'priority': %d}", i == 0 ? "" : ", ", 'A' + i, quantities[i], i + 1);
	}
	must_do(array, psprintf("{'commandType': 'CreateBlockOrderCommand', 'orderId': 'K', 'members': [%s]}", members.data));
	return array;
}

static void
execute(ArraySource *array, const char *id, const char *quantity, const char *price, const char *more)
{
	must_do(array, psprintf("{'commandType': 'ExecuteOrderCommand', 'orderId': 'K', 'executionId': '%s', 'execID': 'x-%s', 'lastQty': %s, 'lastPx': %s%s}",
							id, id, quantity, price, more));
}

#define ALLOCATE	"{'commandType': 'AllocateExecutionCommand', "
#define LOT			", 'attributes': {'roundLot': 100}"

static void
methods(void)
{
	ArraySource *array = block_of("2000", "1000", NULL, "");

	is_text(order(array, "A"), "NEW 0 of 2000, allocated 0, reserved 2000", "a membership reserves");
	execute(array, "e1", "1000", "10.00", "");
	execute(array, "e2", "500", "10.03", "");
	is_text(fill(array, "e1"), "VALIDATED", "a fill of a block is nobody's");
	is_text(order(array, "K"), "PARTIALLY_FILLED 1500 of 3000, allocated 0, reserved 0", "the block is filled");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRO_RATA'}");
	is_text(changed(), "e1:563 e2:563 K:381 A:381 B:381", "executions, their orders, the members: one event each");
	is_text(last.about_id, "e1", "it is about the oldest fill that it used");
	is_text(has(array, "K"), "A 1000/10010 B 500/5005", "two fills, one average");
	is_text(fill(array, "e1"), "ALLOCATED A:1000/10010 by PRO_RATA", "oldest first, by priority: the first fill");
	is_text(fill(array, "e2"), "ALLOCATED B:500/5005", "the second");
	is_text(order(array, "A"), "PARTIALLY_FILLED 1000 of 2000, allocated 1000, reserved 1000", "the member has it");
	is_text(order(array, "K"), "PARTIALLY_FILLED 1500 of 3000, allocated 1500, reserved 0", "the block gave it");
	is_text(refused(array, ALLOCATE "'orderId': 'K', 'method': 'PRO_RATA'}"), "over_allocated", "nothing is left");

	array = block_of("100", "100", "100", "");
	execute(array, "e1", "100", "10", "");
	execute(array, "e2", "200", "10.01", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRO_RATA'}");
	is_text(has(array, "K"), "A 100/1000.6666666666 B 100/1000.6666666667 C 100/1000.6666666667", "an average without end");

	array = block_of("500", "200", "400", "");
	execute(array, "e1", "700", "5", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'EQUAL'}");
	is_text(has(array, "K"), "A 250/1250 B 200/1000 C 250/1250", "equal, one member nearly full");

	array = block_of("500", "300", "200", LOT);
	execute(array, "e1", "750", "5", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRO_RATA'}");
	is_text(has(array, "K"), "A 400/2000 B 200/1000 C 150/750", "an odd lot at the end");
	is_text(order(array, "C"), "PARTIALLY_FILLED 150 of 200, allocated 150, reserved 50 ODD_LOT", "… is flagged");

	array = block_of("500", "300", "200", LOT);
	for (int i = 0; i < 10; i++)
	{
		execute(array, psprintf("f%d", i), "100", "5", "");
		must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRO_RATA'}");
		if (i == 5)
			is_text(has(array, "K"), "A 300/1500 B 200/1000 C 100/500", "fills as they come stay fair");
	}
	is_text(has(array, "K"), "A 500/2500 B 300/1500 C 200/1000", "and end exactly");
	is_text(order(array, "B"), "FILLED 300 of 300, allocated 300, reserved 0", "the member is filled");
	is_text(order(array, "K"), "FILLED 1000 of 1000, allocated 1000, reserved 0", "so is the block");

	array = block_of("0.5", "0.25", "0.25", ", 'attributes': {'roundLot': 0.00000001}");
	execute(array, "e1", "0.00000003", "60000", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRO_RATA'}");
	is_text(has(array, "K"), "A 0.00000001/0.0006 B 0.00000001/0.0006 C 0.00000001/0.0006", "a fraction of a coin");
}

static void
given(void)
{
	ArraySource *array = block_of("500", "500", NULL, "");

	execute(array, "e1", "600", "20", "");
	is_text(refused(array, ALLOCATE "'orderId': 'K', 'allocations': [{'orderId': 'A', 'quantity': 400}, {'orderId': 'B', 'quantity': 201}]}"),
			"over_allocated", "more than there is, by hand");
	is_text(refused(array, ALLOCATE "'orderId': 'K', 'allocations': [{'orderId': 'A', 'quantity': 501}]}"), "over_allocated", "more than the member lacks");
	is_text(refused(array, ALLOCATE "'orderId': 'K', 'allocations': [{'orderId': 'Z', 'quantity': 1}]}"), "not_a_member", "to nobody of the block");
	is_text(refused(array, ALLOCATE "'orderId': 'A', 'method': 'EQUAL'}"), "not_a_block", "of no block");
	is_text(refused(array, ALLOCATE "'orderId': 'K'}"), "OM001", "by nothing");
	is_text(refused(array, ALLOCATE "'orderId': 'K', 'method': 'EQUAL', 'allocations': [{'orderId': 'A', 'quantity': 1}]}"), "OM001", "by two things");
	is_text(refused(array, ALLOCATE "'executionId': 'e1', 'method': 'EQUAL'}"), "OM001", "one fill without a reason");
	is_text(refused(array, ALLOCATE "'orderId': 'K', 'method': 'EQUAL', 'quantity': 601}"), "over_allocated", "more than the pool has");
	must_do(array, ALLOCATE "'orderId': 'K', 'allocations': [{'orderId': 'A', 'quantity': 150}, {'orderId': 'B', 'quantity': 450}]}");
	is_text(has(array, "K"), "A 150/3000 B 450/9000", "by hand");
	must_do(array, "{'commandType': 'CorrectExecutionCommand', 'executionId': 'e1', 'execID': 'c1', 'lastPx': 20.5}");
	is_text(has(array, "K"), "A 150/3075 B 450/9225", "then a correction of the price");
	is_text(changed(), "e1:521 m2:554 K:321 A:381 B:381", "… is one event each");
	is_text(fill(array, "m2"), "ALLOCATED A:150/3075 B:450/9225 by MANUAL", "… which stands where its fill stood");
	is_text(fill(array, "e1"), "CORRECTED", "… of which nothing is left");

	array = block_of("500", "500", NULL, "");
	execute(array, "e1", "600", "20", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'allocations': [{'orderId': 'A', 'quantity': 150}, {'orderId': 'B', 'quantity': 450}]}");
	must_do(array, "{'commandType': 'CorrectExecutionCommand', 'executionId': 'e1', 'execID': 'c1', 'lastQty': 401}");
	is_text(has(array, "K"), "A 100/2000 B 301/6020", "by hand, then a correction of the quantity");
	must_do(array, "{'commandType': 'CorrectExecutionCommand', 'executionId': 'e1', 'execID': 'c2', 'lastQty': 500}");
	is_text(has(array, "K"), "A 100/2000 B 301/6020", "given quantities are not made more");
	is_text(order(array, "K"), "PARTIALLY_FILLED 500 of 1000, allocated 401, reserved 0", "… the rest is nobody's");
	must_do(array, "{'commandType': 'BustExecutionCommand', 'executionId': 'e1', 'execID': 'b1'}");
	is_text(has(array, "K"), "A 0/0 B 0/0", "a bust takes all of it");
	is_text(order(array, "A"), "NEW 0 of 500, allocated 0, reserved 500", "… and the member lacks it again");
}

static void
redone(void)
{
	ArraySource *array = block_of("500", "300", "200", LOT);

	execute(array, "e1", "500", "5", "");
	execute(array, "e2", "200", "5.1", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRO_RATA'}");
	is_text(has(array, "K"), "A 400/2011.4285714286 B 200/1005.7142857143 C 100/502.8571428571", "before the bust");
	must_do(array, "{'commandType': 'BustExecutionCommand', 'executionId': 'e2', 'execID': 'b1'}");
	is_text(has(array, "K"), "A 300/1500 B 100/500 C 100/500", "a bust redoes it");
	is_text(changed(), "e2:531 e1:564 K:311 A:381 B:381 C:381", "the fills, the block, its members");
	is_text(order(array, "C"), "PARTIALLY_FILLED 100 of 200, allocated 100, reserved 100", "one whose value changed alone");

	/* the terms go with the oldest; more of a fill of which all was allocated goes to who is open */
	must_do(array, "{'commandType': 'CorrectExecutionCommand', 'executionId': 'e1', 'execID': 'c1', 'lastQty': 700}");
	is_text(has(array, "K"), "A 400/2000 B 200/1000 C 100/500", "a correction to more");
	is_text(fill(array, "e1"), "CORRECTED", "the fill is corrected");

	/* what is not allocated of it goes first */
	array = block_of("500", "300", "200", "");
	execute(array, "e1", "500", "5", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRO_RATA', 'quantity': 200}");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'EQUAL', 'quantity': 200}");
	is_text(has(array, "K"), "A 167/835 B 127/635 C 106/530", "two allocations of a fill");
	must_do(array, "{'commandType': 'CorrectExecutionCommand', 'executionId': 'e1', 'execID': 'c1', 'lastQty': 400}");
	is_text(has(array, "K"), "A 167/835 B 127/635 C 106/530", "a correction to what is allocated of it");
	must_do(array, "{'commandType': 'CorrectExecutionCommand', 'executionId': 'e1', 'execID': 'c2', 'lastQty': 230}");
	is_text(has(array, "K"), "A 110/550 B 70/350 C 50/250", "the newer one gives back first");

	/* as if the busted fill had never been: the first allocation was made of what is there no more */
	array = block_of("300", "300", NULL, "");
	execute(array, "e1", "100", "10", "");
	execute(array, "e2", "100", "20", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'EQUAL', 'quantity': 100}");
	execute(array, "e3", "100", "30", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'EQUAL'}");
	is_text(has(array, "K"), "A 150/3000 B 150/3000", "three fills");
	must_do(array, "{'commandType': 'BustExecutionCommand', 'executionId': 'e2', 'execID': 'b1'}");
	is_text(has(array, "K"), "A 100/2000 B 100/2000", "without the second");
	is_text(fill(array, "e1"), "ALLOCATED A:50/500 B:50/500 by EQUAL", "the first at its own price");
	is_text(fill(array, "e3"), "ALLOCATED A:50/1500 B:50/1500 by EQUAL", "the terms of the second have moved to the next fill");
}

/* What was given back was not in the pool before it was: an average of then does not count it. */
static void
given_back(void)
{
	ArraySource *array = block_of("100", "100", NULL, "");

	execute(array, "e1", "40", "10", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRIORITY'}");
	execute(array, "e2", "40", "20", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'allocations': [{'orderId': 'B', 'quantity': 40}]}");
	must_do(array, "{'commandType': 'DeallocateExecutionCommand', 'executionId': 'e1'}");
	execute(array, "e3", "40", "30", "");
	must_do(array, "{'commandType': 'BustExecutionCommand', 'executionId': 'e3', 'execID': 'b1'}");
	is_text(has(array, "K"), "A 0/0 B 40/800", "a bust of what nobody has moves nothing");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRIORITY'}");
	execute(array, "e4", "20", "30", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRIORITY'}");
	must_do(array, "{'commandType': 'BustExecutionCommand', 'executionId': 'e4', 'execID': 'b2'}");
	is_text(has(array, "K"), "A 40/400 B 40/800", "… nor does one that came later");

	array = block_of("100", "100", NULL, "");
	execute(array, "e1", "40", "10", "");
	execute(array, "e2", "40", "20", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRIORITY'}");
	must_do(array, "{'commandType': 'DeallocateExecutionCommand', 'executionId': 'e1'}");
	must_do(array, ALLOCATE "'orderId': 'K', 'allocations': [{'orderId': 'B', 'quantity': 40}]}");
	is_text(has(array, "K"), "A 40/600 B 40/600", "given back at the average that it had");
	must_do(array, "{'commandType': 'CorrectExecutionCommand', 'executionId': 'e2', 'execID': 'c1', 'lastPx': 30}");
	is_text(has(array, "K"), "A 40/800 B 40/800", "a correction of that average goes with it");
	must_do(array, "{'commandType': 'BustExecutionCommand', 'executionId': 'e2', 'execID': 'b2'}");
	is_text(has(array, "K"), "A 0/0 B 40/400", "and what is left is as if the other had never been");
}

static void
pools(void)
{
	ArraySource *array = block_of("300", "100", NULL, "");

	execute(array, "e1", "100", "10", ", 'tradeDate': '2026-01-06'");
	execute(array, "e2", "100", "20", ", 'tradeDate': '2026-01-05'");
	must_do(array, ALLOCATE "'orderId': 'K', 'allocations': [{'orderId': 'A', 'quantity': 120}, {'orderId': 'B', 'quantity': 40}]}");
	is_text(has(array, "K"), "A 120/1950 B 40/650", "two pools by hand: the older day first");
	is_text(fill(array, "e2"), "ALLOCATED A:75/1500 B:25/500 by MANUAL", "all of the older");
	is_text(fill(array, "e1"), "VALIDATED A:45/450 B:15/150 by MANUAL", "a part of the newer");
	is_text(last.about_id, "e1", "the oldest fill came first, whatever its day");
	must_do(array, "{'commandType': 'CorrectExecutionCommand', 'executionId': 'e2', 'execID': 'c1', 'tradeDate': '2026-01-06'}");
	is_text(has(array, "K"), "A 120/1950 B 40/650", "a corrected day: what had that fill has left the pool at its own price");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRO_RATA'}");
	is_text(has(array, "K"), "A 150/2250 B 50/750", "… and the rest comes to the last unit");

	array = block_of("300", "100", NULL, "");
	execute(array, "e1", "100", "10", "");
	execute(array, "e2", "100", "20", "");
	must_do(array, ALLOCATE "'executionId': 'e2', 'method': 'PRO_RATA', 'reason': 'the client dealt it himself'}");
	is_text(fill(array, "e2"), "ALLOCATED A:75/1500 B:25/500 by PRO_RATA alone", "one fill at its own price");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRO_RATA'}");
	is_text(fill(array, "e1"), "ALLOCATED A:75/750 B:25/250 by PRO_RATA", "the pool keeps the other's");
	must_do(array, "{'commandType': 'DeallocateExecutionCommand', 'executionId': 'e2', 'orderId': 'B'}");
	is_text(fill(array, "e2"), "VALIDATED A:75/1500 by PRO_RATA alone", "one member gives back");
	is_text(has(array, "K"), "A 150/2250 B 25/250", "… its quantity and its value");
	must_do(array, "{'commandType': 'DeallocateExecutionCommand', 'executionId': 'e2'}");
	is_text(fill(array, "e2"), "VALIDATED by PRO_RATA alone", "all give back: for what came after it, it tells what was in the pool");
	is_text(changed(), "e2:565 K:381 A:381", "… in one event each");
	is_text(refused(array, "{'commandType': 'DeallocateExecutionCommand', 'executionId': 'e2'}"), "OM004", "nothing is left to give back");
	is_text(refused(array, "{'commandType': 'DeallocateExecutionCommand', 'executionId': 'e1', 'orderId': 'Z'}"), "not_a_member", "who has nothing of it");
}

static void
limits(void)
{
	ArraySource *array = block_of("100", "100", NULL, ", 'price': 10");

	execute(array, "e1", "100", "10", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'EQUAL', 'quantity': 50}");
	is_text(order(array, "A"), "PARTIALLY_FILLED 25 of 100, allocated 25, reserved 75", "at the limit");
	must_do(array, "{'commandType': 'ReplaceOrderCommand', 'orderId': 'K', 'price': 9}");
	must_do(array, "{'commandType': 'ReplaceOrderCommand', 'orderId': 'B', 'price': 9}");
	is_text(refused(array, ALLOCATE "'orderId': 'K', 'method': 'EQUAL'}"), "limit_exceeded", "beyond the limit");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'EQUAL', 'preview': true}");
	must_do(array, "{'commandType': 'DeallocateExecutionCommand', 'executionId': 'e1'}");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'EQUAL', 'confirm': true}");
	is_text(order(array, "A"), "PARTIALLY_FILLED 50 of 100, allocated 50, reserved 50", "not beyond his");
	is_text(order(array, "B"), "PARTIALLY_FILLED 50 of 100, allocated 50, reserved 50 LIMIT_EXCEEDED", "knowingly beyond the limit");
}

static void
waiting(void)
{
	ArraySource *array = block_of("500", "300", NULL, "");

	execute(array, "e1", "100", "5", ", 'commission': 7");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRO_RATA'}");
	is_text(fill(array, "e1"), "ALLOCATED A:63/315+4.41 B:37/185+2.59 by PRO_RATA", "a commission is shared by quantity");
	must_do(array, "{'commandType': 'CancelOrderCommand', 'orderId': 'K'}");
	is_text(has(array, "K"), "A 63/315! B 37/185!", "the end of the block releases who has his part");
	must_do(array, "{'commandType': 'BustExecutionCommand', 'executionId': 'e1', 'execID': 'b1'}");
	is_text(has(array, "K"), "", "a bust takes from who is released");
	is_text(order(array, "A"), "NEW 0 of 500, allocated 0, reserved 0", "… and he is none any more");

	/* told before the correction that it takes back: that takes over what was allocated, and gives it back in the same command */
	array = block_of("500", "300", NULL, "");
	execute(array, "e1", "100", "5", "");
	execute(array, "e2", "100", "6", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRO_RATA'}");
	must_do(array, "{'commandType': 'ExecuteOrderCommand', 'orderId': 'K', 'executionId': 'w', 'execID': 'w1', 'execType': 'TRADE_CANCEL', 'execRefID': 'c9', 'lastQty': 90, 'lastPx': 5}");
	is_text(has(array, "K"), "A 125/687.5 B 75/412.5", "a bust that waits takes nothing back");
	must_do(array, "{'commandType': 'CorrectExecutionCommand', 'executionId': 'e1', 'execID': 'c9', 'lastQty': 90}");
	is_text(fill(array, "w"), "BUSTED", "its fill has come: it ends");
	is_text(has(array, "K"), "A 63/378 B 37/222", "… and what members had of it has gone");
	is_text(order(array, "K"), "PARTIALLY_FILLED 100 of 800, allocated 100, reserved 0", "… also from the block");
}

/* Market orders P and Q of a block, filled and allocated in part. */
static ArraySource *
block_with_two_brokers(void)
{
	ArraySource *array = block_of("500", "300", NULL, "");

	must_do(array, "{'commandType': 'CreateOrderCommand', 'orderId': 'P', 'parentId': 'K', 'orderQty': 500}");
	must_do(array, "{'commandType': 'CreateOrderCommand', 'orderId': 'Q', 'parentId': 'K', 'orderQty': 300}");
	must_do(array, "{'commandType': 'ExecuteOrderCommand', 'orderId': 'P', 'executionId': 'p1', 'lastQty': 200, 'lastPx': 5}");
	must_do(array, "{'commandType': 'ExecuteOrderCommand', 'orderId': 'Q', 'executionId': 'q1', 'lastQty': 100, 'lastPx': 5.3}");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRO_RATA', 'quantity': 240}");
	return array;
}

static char *
whole(ArraySource *array)
{
	return psprintf("K %s | A %s | B %s | %s | p1 %s | q1 %s", order(array, "K"), order(array, "A"), order(array, "B"), has(array, "K"), fill(array, "p1"), fill(array, "q1"));
}

#define SPLIT(id)	"{'commandType': 'RestateOrderCommand', 'orderId': '" id "', 'quantityFactor': 2, 'corporateActionId': 'ca', 'execType': 'RESTATED', 'execID': 's" id "'}"
#define AFTER_SPLIT \
	"K PARTIALLY_FILLED 600 of 1600, allocated 480, reserved 1000 | A PARTIALLY_FILLED 300 of 1000, allocated 300, reserved 700 | " \
	"B PARTIALLY_FILLED 180 of 600, allocated 180, reserved 420 | A 300/765 B 180/459 | " \
	"p1 ALLOCATED A:300/765 B:100/255 by PRO_RATA | q1 VALIDATED B:80/204"

static void
splits(void)
{
	ArraySource *array = block_with_two_brokers();
	char	   *first;

	is_text(whole(array), "K PARTIALLY_FILLED 300 of 800, allocated 240, reserved 500 | A PARTIALLY_FILLED 150 of 500, allocated 150, reserved 350 | "
			"B PARTIALLY_FILLED 90 of 300, allocated 90, reserved 210 | A 150/765 B 90/459 | "
			"p1 ALLOCATED A:150/765 B:50/255 by PRO_RATA | q1 VALIDATED B:40/204", "before the split");
	must_do(array, "{'commandType': 'RestateOrderCommand', 'orderId': 'K', 'quantityFactor': 2}");
	is_text(whole(array), AFTER_SPLIT, "a split of the block: its tree, allocations, memberships, members, each once");
	is_text(changed(), "p1:541 P:345 q1:541 Q:345 K:232 A:345 B:345", "… in one event each, members behind the block");
	is_text(refused(array, "{'commandType': 'RestateOrderCommand', 'orderId': 'A', 'quantityFactor': 2}"), "split_factor", "… and not again by a member");

	array = block_with_two_brokers();
	must_do(array, "{'commandType': 'RestateOrderCommand', 'orderId': 'B', 'quantityFactor': 2}");
	is_text(whole(array), AFTER_SPLIT, "a split of a member comes to the block and to the other member");

	array = block_with_two_brokers();
	must_do(array, SPLIT("P"));
	is_text(whole(array), "K PARTIALLY_FILLED 500 of 1600, allocated 440, reserved 800 | A PARTIALLY_FILLED 300 of 1000, allocated 300, reserved 700 | "
			"B PARTIALLY_FILLED 140 of 600, allocated 140, reserved 460 | A 300/765 B 140/459 | "
			"p1 ALLOCATED A:300/765 B:100/255 by PRO_RATA | q1 VALIDATED B:40/204", "the first broker tells it: his fills, and the terms of all");
	must_do(array, SPLIT("Q"));
	first = whole(array);
	is_text(first, AFTER_SPLIT, "… then the second: his fills");
	array = block_with_two_brokers();
	must_do(array, SPLIT("Q"));
	must_do(array, SPLIT("P"));
	is_text(whole(array), first, "… the same the other way round");

	/* thirds are rounded, and what is full stays full */
	array = block_of("100", "100", "100", "");
	execute(array, "e1", "100", "10", "");
	execute(array, "e2", "200", "10.01", "");
	must_do(array, ALLOCATE "'orderId': 'K', 'method': 'PRO_RATA'}");
	must_do(array, "{'commandType': 'RestateOrderCommand', 'orderId': 'K', 'quantityFactor': 0.33333333}");
	is_text(has(array, "K"), "A 33.333333/1000.6666666666 B 33.333333/1000.6666666667 C 33.333333/1000.6666666667", "thirds of what is full");
	is_text(order(array, "C"), "FILLED 33.333333 of 33.333333, allocated 33.333333, reserved 0", "… are full");
	must_do(array, "{'commandType': 'BustExecutionCommand', 'executionId': 'e1', 'execID': 'b1'}");
	is_text(order(array, "K"), "PARTIALLY_FILLED 66.666666 of 99.999999, allocated 66.666666, reserved 0", "a bust after it");
}

/* ------------------------------------------------------------------------
 * blocks at random
 * ------------------------------------------------------------------------
 */

static const char *broken;

static void
must(bool holds, const char *what)
{
	if (!holds && broken == NULL)
		broken = what;
}

static bool
same(Numeric a, Numeric b)
{
	return oms_dec_cmp(a ? a : oms_dec_zero(), b ? b : oms_dec_zero()) == 0;
}

#define MEMBERS_MOST	5
#define ORDERS			3			/* the block and two market orders below it */
#define FILLS_MOST		200

/* What the fills of the block say, added up anew. */
typedef struct Sums
{
	Numeric		quantity[MEMBERS_MOST];
	Numeric		value[MEMBERS_MOST];
	Numeric		by_method[MEMBERS_MOST][ALLOCATION_METHODS];
	Numeric		executed;
	Numeric		executed_value;
	Numeric		allocated;
	List	   *terms;			/* of AllocationTerms */
	List	   *entries;		/* of AllocationEntry */
} Sums;

static const AllocationTerms *
terms_of(const Sums *sums, const char *id)
{
	const AllocationTerms *found = NULL;
	ListCell   *cell;

	foreach(cell, sums->terms)
		if (strcmp(((const AllocationTerms *) lfirst(cell))->id, id) == 0)
		{
			must(found == NULL, "an allocation has its terms once");
			found = lfirst(cell);
		}
	return found;
}

static void
add_fill(const Execution *execution, Sums *sums)
{
	Numeric		allocated = oms_dec_zero();
	List	   *entries = oms_allocation_entries(execution->allocations);
	ListCell   *cell;

	sums->executed = oms_dec_plus(sums->executed, execution->quantity);
	sums->executed_value = oms_dec_plus(sums->executed_value, oms_execution_value(execution));
	foreach(cell, entries)
	{
		const AllocationEntry *entry = lfirst(cell);
		int			member = entry->order_id[0] - 'A';

		must(oms_dec_sign(entry->quantity) > 0, "an entry has something");
		allocated = oms_dec_add(allocated, entry->quantity);
		sums->quantity[member] = oms_dec_plus(sums->quantity[member], entry->quantity);
		sums->value[member] = oms_dec_plus(sums->value[member], entry->value);
	}
	must(same(allocated, execution->allocated_quantity), "a fill's entries add up");
	must(oms_dec_cmp(allocated, execution->quantity) <= 0, "no fill gives more than it has");
	must((execution->status == OMS_EXECUTION_ALLOCATED) == (oms_dec_cmp(allocated, execution->quantity) == 0), "its status says whether all is allocated");
	sums->allocated = oms_dec_plus(sums->allocated, allocated);
	sums->terms = list_concat(sums->terms, oms_allocation_terms(execution->allocation_terms));
	sums->entries = list_concat(sums->entries, entries);
}

static void
check_member(ArraySource *array, const Order *block, const OrderMember *member, const Sums *sums)
{
	int			i = member->order_id[0] - 'A';
	const Order *of = (const Order *) array_find(array, KIND_ORDER, member->order_id);

	must(same(member->allocated_quantity, sums->quantity[i]), "a member has what its entries have");
	must(same(member->allocated_value, sums->value[i]), "… and their value");
	for (int m = 0; m < ALLOCATION_METHODS; m++)
		must(same(member->by_method[m], sums->by_method[i][m]), "… by each method");
	must(oms_dec_cmp(member->allocated_quantity, member->quantity) <= 0, "no member has more than its membership");
	must(same(of->executed_quantity, member->allocated_quantity), "its order has executed that");
	must(same(of->executed_value, member->allocated_value), "… at that value");
	must(same(of->allocated_quantity, member->allocated_quantity), "… and was allocated that");
	must(same(of->reserved_quantity, member->released ? NULL : oms_member_lacks(member)), "it reserves what it lacks");
	must(of->live_blocks == (oms_member_is_live(member) ? 1 : 0), "it counts as live while it lacks something");
}

static void
check_all(ArraySource *array)
{
	const Order *block = (const Order *) array_find(array, KIND_ORDER, "K");
	Sums		sums = {0};
	int			count;
	OrderMember *members = oms_members_from_json(block->members, &count);
	ListCell   *cell;

	foreach(cell, array->objects)
	{
		const Execution *execution = lfirst(cell);

		if (execution->kind != KIND_EXECUTION)
			continue;
		if (oms_execution_is_live(execution))
			add_fill(execution, &sums);
		else
			must(execution->allocations == NULL && execution->allocation_terms == NULL, "what has ended has nothing");
	}
	foreach(cell, sums.entries)
	{
		const AllocationEntry *entry = lfirst(cell);
		const AllocationTerms *terms = entry->allocation_id ? terms_of(&sums, entry->allocation_id) : NULL;
		Numeric    *by_method = sums.by_method[entry->order_id[0] - 'A'];

		must(terms != NULL, "an entry's allocation has terms");
		if (terms)
			by_method[terms->method] = oms_dec_plus(by_method[terms->method], entry->quantity);
	}
	must(same(block->executed_quantity, sums.executed), "the block has executed its fills");
	must(same(block->allocated_quantity, sums.allocated), "the block has allocated their entries");
	for (int i = 0; i < count; i++)
		check_member(array, block, &members[i], &sums);
	/* all fills are of one pool */
	if (same(sums.executed, sums.allocated))
	{
		Numeric		value = NULL;

		for (int i = 0; i < count; i++)
			value = oms_dec_plus(value, members[i].allocated_value);
		must(same(value, sums.executed_value), "all of a pool has its value to the last decimal");
	}
}

/* A generator of our own: a seed tells everywhere the same. */
static uint64 state;

static int
below(int n)
{
	state = state * UINT64CONST(6364136223846793005) + UINT64CONST(1442695040888963407);
	return (int) ((state >> 33) % n);
}

static const char *
quantity_of(bool whole)
{
	return whole ? psprintf("%d", 1 + below(120)) : psprintf("%d.%02d", below(90), 1 + below(98));
}

static char *
random_command(int step, bool whole, int nmembers, int *nfills)
{
	static const char *const methods[] = {"PRO_RATA", "PRIORITY", "EQUAL", "PRO_RATA', 'weights': 'LEAVES"};
	const char *of[ORDERS] = {"K", "P", "Q"};
	int			kind = below(21);

	if (kind == 20)
		return psprintf("{'commandType': 'RestateOrderCommand', 'orderId': '%s', 'quantityFactor': %s, 'corporateActionId': 'c%d'%s}", of[below(ORDERS)],
						below(2) ? "2" : whole ? "0.5" : "0.37", below(6),
						below(2) ? "" : psprintf(", 'execType': 'RESTATED', 'execID': 's%d'", step));
	if (*nfills == 0 || kind < 7)
		return psprintf("{'commandType': 'ExecuteOrderCommand', 'orderId': '%s', 'executionId': 'e%03d', 'execID': 'x%d', 'lastQty': %s, 'lastPx': %d.%02d}",
						of[below(ORDERS)], (*nfills)++, step, quantity_of(whole), 9 + below(3), below(100));
	if (kind < 11)
		return psprintf(ALLOCATE "'orderId': 'K', 'method': '%s'%s}", methods[below(4)],
						below(2) ? "" : psprintf(", 'quantity': %s", quantity_of(whole)));
	if (kind < 13)
		return psprintf(ALLOCATE "'orderId': 'K', 'allocations': [{'orderId': '%c', 'quantity': %s}, {'orderId': '%c', 'quantity': %s}]}",
						'A', quantity_of(whole), 'A' + 1 + below(nmembers - 1), quantity_of(whole));
	if (kind < 14)
		return psprintf(ALLOCATE "'executionId': 'e%03d', 'method': '%s', 'reason': 'so'}", below(*nfills), methods[below(4)]);
	if (kind < 16)
		return psprintf("{'commandType': 'BustExecutionCommand', 'executionId': 'e%03d', 'execID': 'b%d'}", below(*nfills), step);
	if (kind < 18)
		return psprintf("{'commandType': 'CorrectExecutionCommand', 'executionId': 'e%03d', 'execID': 'c%d', 'lastQty': %s, 'lastPx': %d}",
						below(*nfills), step, quantity_of(whole), 9 + below(3));
	if (kind < 19)
		return psprintf("{'commandType': 'DeallocateExecutionCommand', 'executionId': 'e%03d'%s}", below(*nfills),
						below(2) ? "" : psprintf(", 'orderId': '%c'", 'A' + below(nmembers)));
	return psprintf("{'commandType': 'ReplaceBlockMembersCommand', 'orderId': 'K', 'members': [{'orderId': 'A', 'quantity': 1000, 'priority': 1}, {'orderId': 'B', 'quantity': %d, 'priority': 2}]}",
					100 + below(400));
}

static ArraySource *
random_block(int nmembers)
{
	ArraySource *array = array_begin();
	StringInfoData members;

	initStringInfo(&members);
	for (int i = 0; i < nmembers; i++)
	{
		must_do(array, psprintf("{'commandType': 'CreateOrderCommand', 'orderId': '%c', 'symbol': 'X', 'side': 'BUY', 'orderQty': 1000%s}", 'A' + i,
								below(3) ? "" : ", 'attributes': {'roundLot': 10}"));
		appendStringInfo(&members, "%s{'orderId': '%c', 'quantity': %d, 'priority': %d}", i == 0 ? "" : ", ", 'A' + i, 50 + below(400), 1 + below(3));
	}
	must_do(array, psprintf("{'commandType': 'CreateBlockOrderCommand', 'orderId': 'K', 'members': [%s]}", members.data));
	must_do(array, "{'commandType': 'CreateOrderCommand', 'orderId': 'P', 'parentId': 'K', 'orderQty': 20}");
	must_do(array, "{'commandType': 'CreateOrderCommand', 'orderId': 'Q', 'parentId': 'K', 'orderQty': 30}");
	return array;
}

#define ROUNDS	60
#define STEPS	60

static void
at_random(void)
{
	int			accepted = 0;

	for (int round = 0; round < ROUNDS && broken == NULL; round++)
	{
		int			nmembers = 2 + round % (MEMBERS_MOST - 1);
		int			nfills = 0;
		bool		whole = round % 3 != 0;
		ArraySource *array;

		state = 1000 + round;
		array = random_block(nmembers);
		for (int step = 0; step < STEPS && broken == NULL; step++)
		{
			char	   *command = random_command(step, whole, nmembers, &nfills);
			Refusal    *refusal = tell(array, command);

			accepted += refusal == NULL;
			must(refusal == NULL || refusal->sqlstate != OMS_MALFORMED, "it is a command");
			check_all(array);
			if (broken)
				ok(false, "round %d, step %d: %s: %s", round, step, broken, command);
		}
	}
	ok(broken == NULL, "what members have are the sums of what fills gave, whatever came");
	ok(accepted > ROUNDS * STEPS / 2, "%d commands were more than refused", accepted);
}

UNIT_TEST(decide_allocations)
{
	methods();
	given();
	redone();
	given_back();
	pools();
	limits();
	waiting();
	splits();
	at_random();
}
