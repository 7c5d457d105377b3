/*
 * Every sequence of three commands on a small tree, asked for and reported: a root, a
 * child that is filled in part, a grandchild.  What must hold of the core holds after
 * each.  What breaks if some order in some state takes a command that nobody thought of.
 */
#include "unit.h"

#include <time.h>

#include "base/guc.h"
#include "core_invariants.h"

#define LENGTH 3

static const char *const tree[] = {
	"CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10 timeInForce=DAY",
	"CreateOrder orderId=B parentId=A orderQty=60 clOrdID=b pending=true timeInForce=GOOD_TILL_CANCEL",
	"CreateOrder orderId=C parentId=B orderQty=20 timeInForce=DAY",
	"!ExecuteOrder orderId=B executionId=e lastQty=10 lastPx=10 execID=one"
};

static const char *const commands[] = {
	"!AcceptOrder orderId=B",
	"RejectOrder orderId=C", "!RejectOrder orderId=B",
	"CancelOrder orderId=A", "!CancelOrder orderId=A", "CancelOrder orderId=B", "!CancelOrder orderId=B", "CancelOrder orderId=C",
	"RequestCancelOrder orderId=A clOrdID=a", "RequestCancelOrder orderId=B clOrdID=c pending=false", "!RequestCancelOrder orderId=B clOrdID=c",
	"!RejectCancelOrder orderId=B clOrdID=c",
	"RequestReplaceOrder orderId=B clOrdID=r orderQty=80", "!RequestReplaceOrder orderId=B clOrdID=r", "!ReplaceOrder orderId=B clOrdID=r",
	"ReplaceOrder orderId=A orderQty=60", "!ReplaceOrder orderId=B orderQty=10", "!ReplaceOrder orderId=B orderQty=120", "!RejectReplaceOrder orderId=B clOrdID=r",
	"SuspendOrder orderId=B", "!ResumeOrder orderId=B", "StopOrder orderId=B", "DoneForDayOrder orderId=C", "!DoneForDayOrder orderId=B",
	"RestateOrder orderId=A quantityFactor=2", "!RestateOrder orderId=B quantityFactor=0.5 corporateActionId=z", "!RestateOrder orderId=C orderQty=15",
	"!CalculateOrder orderId=B", "ExpireOrder orderId=C", "!ExpireOrder orderId=B",
	"PlaceOrder orderId=B children=[{\"orderQty\":5},{\"orderQty\":5}]", "CreateOrder parentId=C orderQty=5",
	"!ExecuteOrder orderId=B lastQty=20 lastPx=10 execID=two", "!ExecuteOrder orderId=B lastQty=90 lastPx=10 execID=three",
	"!ExecuteOrder orderId=C lastQty=20 lastPx=9 execID=four", "!ExecuteOrder orderId=A lastQty=5 lastPx=12 execID=five",
	"!ExecuteOrder orderId=B lastQty=50 lastPx=10 execID=six ordStatus=CANCELLED",
	"!CorrectExecution executionId=e lastQty=12 execID=seven", "!CorrectExecution executionId=e lastQty=200 execID=eight", "!BustExecution executionId=e execID=nine",
	"!ExecuteOrder orderId=B lastQty=5 lastPx=10 execID=ten execType=TRADE_CANCEL execRefID=two",
	"!ExecuteOrder orderId=B lastQty=5 lastPx=10 execID=eleven execType=TRADE_CORRECT execRefID=two",
	"!ExecuteOrder orderId=B executionId=w lastQty=5 lastPx=12 execID=twelve", "!ExecuteOrder orderId=N executionId=s lastQty=5 lastPx=9 execID=one",
	"ApproveExecution executionId=w", "ApproveExecution executionId=w orderId=A lastPx=9", "ApproveExecution executionId=s orderId=C confirm=true",
	"RejectExecution executionId=w reason=r", "CreateManualExecution orderId=B executionId=m lastQty=5 lastPx=12 reason=r confirm=true",
	"ApproveExecution executionId=m orderId=C", "ApproveExecution executionId=w supersedes=m confirm=true"
};

static int64 run,
			accepted;

/* What stays of an array is its lists: objects and events are never changed. */
static ArraySource
copy_of(const ArraySource *array)
{
	ArraySource copy = *array;

	copy.objects = list_copy(array->objects);
	copy.events = list_copy(array->events);
	copy.names = list_copy(array->names);
	return copy;
}

/* A command that is refused changes nothing: nothing follows that has not been seen without it. */
static void
follow(const ArraySource *array, int depth, const char *before)
{
	for (int i = 0; i < lengthof(commands); i++)
	{
		MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "sequence", ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(context);
		ArraySource copy = copy_of(array);
		char	   *told = psprintf("%s\n# %s", before, commands[i]);
		bool		went;

		broken = NULL;
		copy.asker.actor = depth % 2 ? "one" : "two";
		went = step(&copy, commands[i], 1);
		run++;
		accepted += went;
		if (went)
			check_objects(&copy);
		if (went && depth == LENGTH)
			check_events(&copy);
		if (broken)
		{
			ok(false, "%s", broken);
			appendStringInfo(&unit_out, "# %s\n# -> %s\n", told, last);
		}
		else if (went && depth < LENGTH)
			follow(&copy, depth + 1, told);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
	}
}

UNIT_TEST(decide_sequences)
{
	ArraySource *array = array_begin();
	clock_t		began = clock();

	for (int i = 0; i < lengthof(tree); i++)
		ok(step(array, tree[i], 1), "%s", tree[i]);
	follow(array, 1, "");
	/* what people tell waits; two of them, in turns */
	oms_guc_four_eyes = true;
	follow(array, 2, "");
	oms_guc_four_eyes = false;
	ok(accepted > run / 2, INT64_FORMAT " commands, of which " INT64_FORMAT " are accepted", run, accepted);
	appendStringInfo(&unit_out, "# %.0f commands a second, each decided twice and all checked\n",
					 run / Max((double) (clock() - began) / CLOCKS_PER_SEC, 0.001));
}
