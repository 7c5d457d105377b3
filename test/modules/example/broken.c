/*-------------------------------------------------------------------------
 * test/modules/example/broken.c
 *	  Kinds that cannot be: broken_kind(number) tries to register one of them.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "oms_state.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

PG_FUNCTION_INFO_V1(broken_kind);

static const OmsApi *oms;

static const char *const statuses[] = {"ON", "OFF", NULL};
static const char *const no_statuses[] = {NULL};
static const OmsColumn columns[] = {{"size", "size", OMS_COUNT}, {NULL}};
static const OmsColumn twice[] = {{"size", "size", OMS_COUNT}, {"size", "other", OMS_COUNT}, {NULL}};
static const OmsColumn fixed[] = {{"version", "version", OMS_COUNT}, {NULL}};
static const OmsColumn untyped[] = {{"size", "size", (OmsFieldType) 77}, {NULL}};
static const OmsColumn quoted[] = {{"size", "size\"; DROP TABLE oms.orders; --", OMS_COUNT}, {NULL}};
static const OmsColumn unnamed[] = {{"colour", "colour", OMS_NAME}, {NULL}};
static const OmsTransition rows[] = {{11000, "make", .sets = 1, .event_type = "ThingMade", .sentence = "It is made"}, {0}};
static const OmsTransition low[] = {{100, "make", .sets = 1, .event_type = "ThingMade", .sentence = "It is made"}, {0}};
static const OmsTransition taken[] = {{10000, "make", .sets = 1, .event_type = "ThingMade", .sentence = "It is made"}, {0}};
static const OmsTransition hidden[] = {
	{11000, "make", .sets = 1, .event_type = "ThingMade", .sentence = "It is made"}, {11001, "make", .requires = 1, .sets = 2, .event_type = "ThingMade", .sentence = "Again"}, {0}
};
static const OmsTransition bits[] = {{11000, "make", .sets = 4, .event_type = "ThingMade", .sentence = "It is made"}, {0}};
static const OmsTransition none_left[] = {
	{11000, "make", .sets = 1, .event_type = "ThingMade", .sentence = "It is made"}, {11001, "end", .requires = 1, .clears = 1, .event_type = "ThingEnded", .sentence = "It ends"}, {0}
};
static const OmsTransition nothing[] = {{11000, "make", .event_type = "ThingMade", .sentence = "It is made"}, {0}};
static const OmsCommandField fields[] = {{"size", .column = "size"}, {NULL}};
static const OmsCommandField no_column[] = {{"size", .column = "sise"}, {NULL}};
static const OmsCommandField every[] = {{"commandId", .column = "size"}, {NULL}};

#define COMMANDS(name, ...) static const OmsKindCommand name[] = {{__VA_ARGS__}, {NULL}}

COMMANDS(commands, "MakeThingCommand", "make", .creates = true, .role = OMS_TRADER, .fields = fields);
COMMANDS(same_command, "CancelOrderCommand", "make", .creates = true, .role = OMS_TRADER);
COMMANDS(no_trigger, "MakeThingCommand", "unmake", .role = OMS_TRADER);
COMMANDS(no_role, "MakeThingCommand", "make", .creates = true);
COMMANDS(fills_nothing, "MakeThingCommand", "make", .creates = true, .role = OMS_TRADER, .fields = no_column);
COMMANDS(field_twice, "MakeThingCommand", "make", .creates = true, .role = OMS_TRADER, .fields = every);

#define THING(...) {.name = "thing", .table = "things", .type = "Thing", .described = "a thing", .columns = columns, .statuses = statuses, \
	.transitions = rows, .commands = commands, __VA_ARGS__}

static const OmsKind kinds[] = {
	THING(.name = NULL), THING(.name = "Thing"), THING(.table = "thing s"), THING(.type = "1Thing"), THING(.described = "thing"), THING(.columns = NULL),
	THING(.name = "order"), THING(.type = "Order"), THING(.table = "orders"), THING(.name = "basket"),
	THING(.columns = twice), THING(.columns = fixed), THING(.columns = untyped), THING(.columns = quoted), THING(.columns = unnamed),
	THING(.statuses = no_statuses), THING(.transitions = low), THING(.transitions = taken), THING(.transitions = hidden), THING(.transitions = bits),
	THING(.transitions = none_left), THING(.transitions = nothing), THING(.commands = same_command), THING(.commands = no_trigger), THING(.commands = no_role),
	THING(.commands = fills_nothing), THING(.commands = field_twice), THING(.name = "a_name_that_is_longer_than_what_is_made_of_it_may_be"),
	THING()
};

/* The number of kinds that were tried where there is none of this number. */
Datum
broken_kind(PG_FUNCTION_ARGS)
{
	int			number = PG_GETARG_INT32(0);

	if (number < 0 || number >= lengthof(kinds))
		PG_RETURN_INT32(lengthof(kinds));
	if (oms == NULL)
		elog(ERROR, "oms_state is not loaded");
	oms->add_kind(&kinds[number]);
	PG_RETURN_INT32(lengthof(kinds));
}

static void
broken_init(const OmsApi *api)
{
	oms = api;
}

void
_PG_init(void)
{
	static OmsLibrary library = {"broken", broken_init};

	oms_join(&library);
}
