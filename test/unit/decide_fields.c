/*
 * Every field of every command beside every other one of it, each with small, large and
 * odd values, asked for and reported, on a tree that is placed in full.  What must hold of
 * the core holds after each, and nothing that is asked for places more than there is.
 * What breaks if one field switches off what is checked of another: a factor beside terms,
 * a status beside a quantity, a name beside an id.
 */
#include "unit.h"

#include <time.h>

#include "miscadmin.h"

#include "core_invariants.h"

#define VALUES_MAX	3
#define MOST_FAULTS	8

static const char *const tree[] = {
	"CreateOrder orderId=A symbol=X side=BUY orderQty=100 ordType=LIMIT price=12 timeInForce=GOOD_TILL_CANCEL account=ACC currency=EUR clOrdID=a",
	"CreateOrder orderId=B parentId=A orderQty=60 ordType=STOP_LIMIT price=11 stopPx=10 clOrdID=b timeInForce=DAY",
	"CreateOrder orderId=C parentId=A orderQty=40 clOrdID=c pending=true",
	"CreateOrder orderId=D parentId=B orderQty=40 clOrdID=d timeInForce=GOOD_TILL_CANCEL",
	"!ExecuteOrder orderId=B executionId=e lastQty=20 lastPx=10 execID=e1 clOrdID=b",
	"!ExecuteOrder orderId=D executionId=w lastQty=10 lastPx=10 execID=w1 clOrdID=d currency=USD",
	"RequestReplaceOrder orderId=B clOrdID=r price=10",
	"CreateOrder orderId=P symbol=X side=SELL cashOrderQty=1000 pending=true",
	"!ExecuteOrder orderId=nobody executionId=s lastQty=5 lastPx=9 execID=s1"
};

/* What each command is about: a parent, a leaf, an order without a quantity; a fill, one in review, one of nobody. */
static const char *const orders[] = {"A", "B", "D", "P", NULL};
static const char *const executions[] = {"e", "w", "s", NULL};

typedef struct Value
{
	const char *name;
	const char *text;
} Value;

static int64 run,
			accepted,
			faults;

/* ------------------------------------------------------------------------
 * values
 * ------------------------------------------------------------------------
 */

static void
values_of_names(const OmsName *names, const char **values)
{
	int			count = 0;

	while (names && names[count].name)
		count++;
	values[0] = count > 0 ? names[0].name : "t";
	values[1] = count > 1 ? names[1].name : NULL;
	values[2] = count > 2 ? names[count - 1].name : NULL;
}

/* At most three values of a field; what ends them is NULL. */
static void
values_of(const CommandField *field, const char **values)
{
	static const char *const by_type[][VALUES_MAX + 1] = {
		[CMD_TEXT] = {"t"}, [CMD_QTY] = {"7", "100000"}, [CMD_QTY_OR_ZERO] = {"0", "30", "1000"},
		[CMD_PRICE] = {"10.5", "100"}, [CMD_FIGURE] = {"10.50"}, [CMD_TIME] = {"2026-01-08T10:00:00Z"}, [CMD_DATE] = {"2026-01-08"},
		[CMD_BOOL] = {"true", "false"}, [CMD_VERSION] = {"2"}, [CMD_OBJECT] = {"{\"a\":1}"}, [CMD_CHILDREN] = {"[{\"orderQty\":1},{\"orderQty\":500}]"},
		[CMD_SHARES] = {"[{\"orderId\":\"A\",\"quantity\":5}]"}, [CMD_IDS] = {"[\"i\"]"}, [CMD_OBJECTS] = {"[{\"a\":1}]"},
	};
	static const char *const of_order[] = {"B", "A", "nobody"};
	static const char *const of_execution[] = {"e", "w", "none"};
	static const char *const others[] = {"new", "b", "e1"};
	static const char *const factors[] = {"2", "0.33333333333333333333", "0.14285714285714285714"};
	const char *const *from = by_type[field->type];

	memset(values, 0, sizeof(*values) * VALUES_MAX);
	if (strcmp(field->name, "quantityFactor") == 0)
		from = factors;
	else if (field->type == CMD_NAME || field->type == CMD_OPEN_NAME)
	{
		values_of_names(field->names, values);
		return;
	}
	else if (field->type == CMD_ID)
		from = field->role == ID_OF_ORDER ? of_order : field->role == ID_OF_EXECUTION ? of_execution : others;
	for (int i = 0; i < VALUES_MAX && from[i]; i++)
		values[i] = from[i];
}

/* Each value of each field but those that the command has already. */
static List *
values_of_command(const CommandDef *def, const char *base)
{
	List	   *all = NIL;

	for (const CommandField *f = def->fields; f->name; f++)
	{
		const char *values[VALUES_MAX];

		/* what names two trees, or two orders, is refused of a fact too: whoever sent it made a mistake */
		if (f->internal || f->role == ID_OF_ROOT || (f->role == ID_OF_ORDER && oms_has_trait(def, TRAIT_CORRECTION | TRAIT_BUST)))
			continue;
		if (strstr(base, psprintf(" %s=", f->name)) || strcmp(f->name, "commandType") == 0)
			continue;
		values_of(f, values);
		for (int i = 0; i < VALUES_MAX && values[i]; i++)
		{
			Value	   *value = palloc(sizeof(Value));

			*value = (Value) {f->name, values[i]};
			all = lappend(all, value);
		}
	}
	return all;
}

/* ------------------------------------------------------------------------
 * running them
 * ------------------------------------------------------------------------
 */

/* No fill, bust or the like, and nothing that makes a command a report. */
static bool
is_asked(const char *text)
{
	return strstr(text, "Execut") == NULL && strstr(text, " execID=") == NULL && strstr(text, " execType=") == NULL && strstr(text, " ordStatus=") == NULL;
}

/* What is asked for never places more than there is. */
static void
check_placed(const ArraySource *array)
{
	ListCell   *cell;

	foreach(cell, array->objects)
	{
		const Order *order = lfirst(cell);

		if (order->kind != KIND_ORDER || order->order_qty == NULL)
			continue;
		/* what is below a day order works on when its day is done */
		must((order->conditions & COND_DONE_FOR_DAY) || oms_dec_cmp(order->reserved_quantity, order->leaves_quantity) <= 0, "no more is placed than is left");
	}
}

static void
try_command(const ArraySource *fixture, const char *text)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fields", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ArraySource array = *fixture;
	bool		went;

	CHECK_FOR_INTERRUPTS();
	array.objects = list_copy(fixture->objects);
	array.events = list_copy(fixture->events);
	array.names = list_copy(fixture->names);
	broken = NULL;
	went = step(&array, text, 1);
	run++;
	accepted += went;
	if (went)
	{
		check_objects(&array);
		check_events(&array);
		if (is_asked(text))
			check_placed(&array);
	}
	if (broken && faults++ < MOST_FAULTS)
	{
		ok(false, "%s", broken);
		appendStringInfo(&unit_out, "# %s\n# -> %s\n", text, last);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* The command alone, with each value, and with each two of different fields. */
static void
try_pairs(const ArraySource *fixture, const CommandDef *def, const char *base)
{
	List	   *values = values_of_command(def, base);
	ListCell   *cell;

	try_command(fixture, base);
	foreach(cell, values)
	{
		const Value *one = lfirst(cell);

		try_command(fixture, psprintf("%s %s=%s", base, one->name, one->text));
		for (int i = foreach_current_index(cell) + 1; i < list_length(values); i++)
		{
			const Value *other = list_nth(values, i);

			if (strcmp(one->name, other->name) != 0)
				try_command(fixture, psprintf("%s %s=%s %s=%s", base, one->name, one->text, other->name, other->text));
		}
	}
}

/* A message may leave more out. */
static bool
is_needed(const CommandField *field)
{
	return field->required || (field->unless && field->unless[0] == '\0');
}

static char *
base_of(const CommandDef *def, const char *named, const char *id)
{
	StringInfoData base;

	initStringInfo(&base);
	appendStringInfo(&base, "%.*s %s=%s", (int) (strlen(def->name) - strlen("Command")), def->name, named, id);
	for (const CommandField *f = def->fields; f->name; f++)
	{
		const char *values[VALUES_MAX];

		if (!is_needed(f) || f->internal || strcmp(f->name, named) == 0 || strcmp(f->name, "commandType") == 0)
			continue;
		values_of(f, values);
		appendStringInfo(&base, " %s=%s", f->name, values[0]);
	}
	return base.data;
}

static void
try_command_def(const ArraySource *fixture, const CommandDef *def)
{
	const CommandField *execution = oms_command_field(def, "executionId");
	bool		of_execution = execution && is_needed(execution);
	const char *const *ids = of_execution ? executions : orders;
	const char *named = of_execution ? "executionId" : oms_command_field(def, "parentId") ? "parentId" : "orderId";

	for (; *ids; ids++)
	{
		char	   *base = base_of(def, named, *ids);

		try_pairs(fixture, def, base);
		if (oms_command_field(def, "execID"))
			try_pairs(fixture, def, psprintf("!%s execID=new", base));
	}
}

UNIT_TEST(decide_fields)
{
	ArraySource *array = array_begin();
	clock_t		began = clock();

	for (int i = 0; i < lengthof(tree); i++)
		ok(step(array, tree[i], 1), "%s", tree[i]);
	for (int i = 0; i < COMMAND_TYPE_COUNT; i++)
		if (oms_command_defs[i].kind == KIND_ORDER || oms_command_defs[i].kind == KIND_EXECUTION)
			try_command_def(array, &oms_command_defs[i]);
	ok(faults == 0, INT64_FORMAT " commands break something", faults);
	ok(accepted > run / 5, INT64_FORMAT " commands, of which " INT64_FORMAT " are accepted", run, accepted);
	appendStringInfo(&unit_out, "# %.0f commands a second, each decided twice and all checked\n",
					 run / Max((double) (clock() - began) / CLOCKS_PER_SEC, 0.001));
}
