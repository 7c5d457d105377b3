/*
 * Random streams of commands against the core alone: what must hold of every order,
 * execution, event and refusal whatever came before is computed anew from the array.
 * What breaks if a figure is summed wrongly anywhere, an event comes twice or out of
 * order, a fact is refused, a decision depends on where rows lie, or something of what is
 * halted is placed.  Always from the
 * same seed, in a soak from a new one; OMS_SEED=n begins with that.
 */
#include "unit.h"

#include <time.h>

#include "common/pg_prng.h"

#include "core_invariants.h"

#define STREAMS		120
#define COMMANDS	120			/* of a stream */
#define OBJECTS_MAX	64

static pg_prng_state prng;

static int
below(int n)
{
	return (int) pg_prng_uint64_range(&prng, 0, n - 1);
}

static bool
one_in(int n)
{
	return below(n) == 0;
}

#define ONE_OF(...) (((const char *const[]) {__VA_ARGS__})[below(lengthof(((const char *const[]) {__VA_ARGS__})))])

/* ------------------------------------------------------------------------
 * commands
 * ------------------------------------------------------------------------
 */

/* The id of some object of this kind, mostly one that is there. */
static const char *
some(const ArraySource *array, ObjectKind kind)
{
	const Object *object = array->objects ? list_nth(array->objects, below(list_length(array->objects))) : NULL;

	for (int tries = 0; object && object->kind != kind && tries < 20; tries++)
		object = list_nth(array->objects, below(list_length(array->objects)));
	return object == NULL || object->kind != kind || one_in(40) ? "nobody" : object->id;
}

static const char *
quantity(void)
{
	return one_in(3) ? psprintf("%d.%d", below(40), 1 + below(9)) : psprintf("%d", 1 + below(60));
}

/* What a report states besides, rightly or not. */
static void
state_figures(StringInfo out)
{
	if (one_in(3))
		appendStringInfo(out, " cumQty=%s", quantity());
	if (one_in(4))
		appendStringInfo(out, " leavesQty=%s", quantity());
	if (one_in(6))
		appendStringInfo(out, " ordStatus=%s", ONE_OF("NEW", "PARTIALLY_FILLED", "FILLED", "CANCELLED", "EXPIRED", "DONE_FOR_DAY", "SUSPENDED"));
	if (one_in(20))
		appendStringInfo(out, " symbol=%s", ONE_OF("X", "Y"));
	if (one_in(30))
		appendStringInfo(out, " possDupFlag=true");
}

static void
fill(const ArraySource *array, StringInfo out)
{
	appendStringInfo(out, "ExecuteOrder orderId=%s lastQty=%s lastPx=%d execID=%d", some(array, KIND_ORDER), quantity(), 8 + below(4), below(60));
	if (one_in(3))
		appendStringInfo(out, " executionId=e%d", below(200));
	if (one_in(6))
		appendStringInfo(out, " execType=%s execRefID=%d", ONE_OF("TRADE_CANCEL", "TRADE_CORRECT"), below(60));
	state_figures(out);
}

static void
change(const ArraySource *array, StringInfo out)
{
	if (one_in(2))
		appendStringInfo(out, "BustExecution executionId=%s", some(array, KIND_EXECUTION));
	else
		appendStringInfo(out, "CorrectExecution executionId=%s lastQty=%s", some(array, KIND_EXECUTION), quantity());
	if (!one_in(3))
		appendStringInfo(out, " execID=%d", below(60));
}

static void
create(const ArraySource *array, StringInfo out)
{
	bool		root = one_in(8) || list_length(array->objects) < 2;

	appendStringInfo(out, "CreateOrder orderId=o%d orderQty=%s", below(60), root ? "100" : quantity());
	if (root)
		appendStringInfo(out, " symbol=X side=BUY");
	else
		appendStringInfo(out, " parentId=%s", some(array, KIND_ORDER));
	if (one_in(3))
		appendStringInfo(out, " clOrdID=c%d", below(100));
	if (one_in(2))
		appendStringInfo(out, " price=10");
	if (one_in(3))
		appendStringInfo(out, " pending=true");
	if (one_in(3))
		appendStringInfo(out, " destination=%s", ONE_OF("V", "W"));
	if (root)
		appendStringInfo(out, " account=%s", ONE_OF("P", "Q"));
	appendStringInfo(out, " timeInForce=%s", ONE_OF("DAY", "GOOD_TILL_CANCEL"));
}

static void
place(const ArraySource *array, StringInfo out)
{
	appendStringInfo(out, "PlaceOrder orderId=%s children=[", some(array, KIND_ORDER));
	for (int i = below(4); i >= 0; i--)
		appendStringInfo(out, "{\"orderQty\":%d}%s", 1 + below(20), i ? "," : "");
	appendStringInfoChar(out, ']');
}

static void
split(const ArraySource *array, StringInfo out)
{
	appendStringInfo(out, "RestateOrder orderId=%s", some(array, KIND_ORDER));
	if (one_in(3))
		appendStringInfo(out, " orderQty=%s reason=GT_CORPORATE_ACTION", quantity());
	else
		appendStringInfo(out, " quantityFactor=%s", ONE_OF("2", "0.5", "3", "1.5", "0.33333333333333333333"));
	if (one_in(2))
		appendStringInfo(out, " corporateActionId=z%d", below(6));
}

static void
order_command(const ArraySource *array, StringInfo out)
{
	const char *type = ONE_OF("AcceptOrder", "RejectOrder", "CancelOrder", "CancelOrder", "RequestCancelOrder", "RejectCancelOrder", "RequestReplaceOrder",
							  "RequestReplaceOrder", "ReplaceOrder", "ReplaceOrder", "RejectReplaceOrder", "SuspendOrder", "ResumeOrder", "StopOrder",
							  "DoneForDayOrder", "RestateOrder", "CalculateOrder", "ExpireOrder", "UpdateOrder");

	appendStringInfo(out, "%s orderId=%s", type, some(array, KIND_ORDER));
	if (strcmp(type, "UpdateOrder") == 0)
	{
		appendStringInfo(out, " text=t");
		return;
	}
	if (strstr(type, "Replace") || strcmp(type, "RestateOrder") == 0)
		appendStringInfo(out, " orderQty=%s", quantity());
	if (one_in(2))
		appendStringInfo(out, " clOrdID=c%d", below(100));
	if (one_in(4))
		appendStringInfo(out, " origClOrdID=c%d", below(100));
	if (one_in(4) && strncmp(type, "Request", 7) == 0)
		appendStringInfo(out, " pending=false");
	if (one_in(10))
		appendStringInfo(out, " expectedVersion=%d", below(4));
}

/* One who claims binds the others. */
static void
desk_command(const ArraySource *array, StringInfo out)
{
	const char *type = ONE_OF("SendOrderToDesk", "SendOrderToDesk", "ClaimOrder", "ClaimOrder", "AssignOrder", "ReleaseOrderFromDesk");

	appendStringInfo(out, "%s orderId=%s", type, some(array, KIND_ORDER));
	if (strcmp(type, "AssignOrder") == 0)
		appendStringInfo(out, " deskUser=%s", ONE_OF("ann", "bob"));
	if (strcmp(type, "ReleaseOrderFromDesk") == 0 && one_in(2))
		appendStringInfo(out, " deskStatus=QUEUED");
	if (strcmp(type, "SendOrderToDesk") == 0 || one_in(2))
		appendStringInfo(out, " reason=r");
}

static char *
some_command(const ArraySource *array)
{
	static void (*const kinds[]) (const ArraySource *array, StringInfo out) = {
		fill, fill, fill, change, create, create, place, split, order_command, order_command, order_command, order_command, desk_command
	};
	bool		crowded = list_length(array->objects) > OBJECTS_MAX;
	StringInfoData out;
	int			kind;

	initStringInfo(&out);
	do
		kind = array->objects ? below(lengthof(kinds)) : 4;
	while (crowded && (kinds[kind] == create || kinds[kind] == place || kinds[kind] == fill));
	kinds[kind] (array, &out);
	if ((kinds[kind] == order_command || kinds[kind] == split) && one_in(2))
	{
		appendStringInfo(&out, " execID=%d", below(60));
		if (strncmp(out.data, "Update", 6) != 0 && kinds[kind] == order_command)
			state_figures(&out);
	}
	return out.data;
}

/* ------------------------------------------------------------------------
 * running them
 * ------------------------------------------------------------------------
 */

/* A halt comes or goes, of one in three streams. */
static void
some_halt(ArraySource *array, uint64 seed)
{
	Halts	   *halts = palloc0(sizeof(Halts));

	if (seed % 3 != 0 || !one_in(6))
		return;
	array->halts = one_in(2) ? halts : NULL;
	halts->halts = palloc0(sizeof(Halt));
	halts->count = 1;
	halts->halts[0] = (Halt) {.name = "h", .symbol = ONE_OF("X", "X", "Y", NULL), .account = ONE_OF("P", NULL, NULL),
		.destination = ONE_OF("V", NULL, NULL), .since = array->clock + below(3) * USECS_PER_SEC,
	.until = array->clock + (3 + below(20)) * USECS_PER_SEC};
	oms_halts_sort(halts);
}

static void
stream(uint64 seed, int *accepted)
{
	ArraySource *array = array_begin();
	List	   *told = NIL;
	ListCell   *cell;

	pg_prng_seed(&prng, seed);
	broken = NULL;
	for (int i = 0; i < COMMANDS && broken == NULL; i++)
	{
		char	   *text;

		some_halt(array, seed);
		text = some_command(array);
		array->asker.actor = ONE_OF("ann", "ann", "bob", "boss");
		array->asker.is_admin = strcmp(array->asker.actor, "boss") == 0;
		told = lappend(told, psprintf("%s, by %s", text, array->asker.actor));
		*accepted += step(array, text, one_in(20) ? SECS_PER_DAY : 1);
		check_objects(array);
	}
	check_events(array);
	if (broken == NULL)
		return;
	ok(false, "seed " UINT64_FORMAT ": %s", seed, broken);
	foreach(cell, told)
		appendStringInfo(&unit_out, "# %s\n", (char *) lfirst(cell));
	appendStringInfo(&unit_out, "# -> %s\n", last);
}

UNIT_TEST(decide_random)
{
	uint64		first = getenv("OMS_SOAK") ? time(NULL) : 7;
	int			accepted = 0;
	clock_t		began = clock();
	double		seconds;

	if (getenv("OMS_SEED"))
		first = strtou64(getenv("OMS_SEED"), NULL, 10);
	for (uint64 seed = first; seed < first + STREAMS; seed++)
	{
		MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "stream", ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(context);

		stream(seed, &accepted);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
	}
	seconds = (double) (clock() - began) / CLOCKS_PER_SEC;
	ok(accepted > STREAMS * COMMANDS / 3, "%d commands of which %d are accepted, from seed " UINT64_FORMAT, STREAMS * COMMANDS, accepted, first);
	appendStringInfo(&unit_out, "# %.0f commands a second, each decided twice and all checked\n", STREAMS * COMMANDS / Max(seconds, 0.001));
}
