/*-------------------------------------------------------------------------
 * test/modules/example/example.c
 *	  What another extension may build on oms_state, by its header alone: a kind
 *	  of object with three commands, a hook that counts events, and a predicate.
 *	  test/t/088_core_library.pl uses it; doc/core_library.md explains it.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "oms_state.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

static const OmsApi *oms;

/* ------------------------------------------------------------------------
 * a kind: a basket that is worth so much
 * ------------------------------------------------------------------------
 */

/* In order of precedence. */
#define CLOSED	(1 << 0)
#define RESIZED	(1 << 1)
#define OPEN	(1 << 2)

static const char *const statuses[] = {"CLOSED", "RESIZED", "OPEN", NULL};
static const char *const strategies[] = {"VWAP", "TWAP", "CLOSE", NULL};

static const OmsColumn columns[] = {
	{"account", "account", OMS_ID},
	{"name", "name", OMS_TEXT, .required = true},
	{"strategy", "strategy", OMS_NAME, .required = true, .names = strategies},
	{"targetValue", "target_value", OMS_QUANTITY, .required = true},
	{"lines", "lines", OMS_COUNT},
	{"dueTime", "due_time", OMS_TIME},
	{"tradeDate", "trade_date", OMS_DATE},
	{"urgent", "urgent", OMS_BOOL},
	{"details", "details", OMS_OBJECT},
	{"changes", "changes", OMS_COUNT},
	{"changedBy", "changed_by", OMS_ID},
	{"closedAt", "closed_at", OMS_TIME},
	{NULL}
};

static const OmsTransition transitions[] = {
	{10000, "open", .sets = OPEN, .event_type = "BasketOpened", .sentence = "A basket is opened"},
	{10010, "resize", .requires = OPEN, .forbids = CLOSED, .sets = RESIZED, .event_type = "BasketResized", .sentence = "An open basket gets another value"},
	{10020, "close", .requires = OPEN, .forbids = CLOSED, .sets = CLOSED, .clears = OPEN, .event_type = "BasketClosed", .sentence = "An open basket is closed"},
	{0}
};

static const OmsCommandField open_fields[] = {
	{"account", .column = "account"}, {"name", true, "name"}, {"strategy", .column = "strategy"}, {"targetValue", true, "target_value"},
	{"lines", .column = "lines"}, {"dueTime", .column = "due_time"}, {"tradeDate", .column = "trade_date"}, {"urgent", .column = "urgent"},
	{"details", .column = "details"}, {NULL}
};
static const OmsCommandField resize_fields[] = {
	{"targetValue", true, "target_value"}, {"lines", .column = "lines"}, {"mostly", .type = OMS_BOOL}, {"until", .type = OMS_TIME}, {"on", .type = OMS_DATE},
	{"why", .type = OMS_NAME, .names = strategies}, {NULL}
};
static const OmsCommandField close_fields[] = {
	{"urgent", .column = "urgent"}, {NULL}
};

/* Without a strategy it is a VWAP; of one that is urgent it has to be said. */
static void
decide_open(OmsDecision *d)
{
	Datum		vwap = CStringGetTextDatum("VWAP");
	const char *misbehaves = GetConfigOption("example.misbehaves", true, false);
	Datum		value;

	if (misbehaves && strcmp(misbehaves, "decides open") == 0)
		BeginInternalSubTransaction(NULL);
	if (misbehaves && strncmp(misbehaves, "sets ", 5) == 0)
	{
		int			length = strcmp(misbehaves + 5, "bytes") == 0 ? 3 : 0;

		value = strcmp(misbehaves + 5, "count") == 0 ? Int64GetDatum(-1) : strcmp(misbehaves + 5, "target_value") == 0 ? NumericGetDatum(int64_to_numeric(-1)) : PointerGetDatum(cstring_to_text_with_len("a\0b", length));
		oms->set(d, strcmp(misbehaves + 5, "count") == 0 ? "lines" : strcmp(misbehaves + 5, "bytes") == 0 ? "name" : misbehaves + 5, &value);
	}
	if (misbehaves && strcmp(misbehaves, "refuses") == 0)
		oms->refuse(d, NULL, "\xff", NULL);
	if (!oms->get(d, OMS_AFTER, "strategy", &value) && !oms->get(d, OMS_AFTER, "urgent", &value))
		oms->set(d, "strategy", &vwap);
}

/* At most to ten times of what it was; how often is counted. */
static void
decide_resize(OmsDecision *d)
{
	Datum		before,
				after,
				value,
				limit;
	int64		changes;

	if (!oms->get(d, OMS_BEFORE, "target_value", &before) || !oms->get(d, OMS_AFTER, "target_value", &after))
		elog(ERROR, "a basket has no value");
	limit = DirectFunctionCall2(numeric_mul, before, NumericGetDatum(int64_to_numeric(10)));
	if (DatumGetBool(DirectFunctionCall2(numeric_gt, after, limit)))
	{
		oms->refuse(d, "basket_growth", "a basket grows to ten times its value at most",
					psprintf("it is worth %s now.", DatumGetCString(DirectFunctionCall1(numeric_out, before))));
		return;
	}
	changes = oms->get(d, OMS_BEFORE, "changes", &value) ? DatumGetInt64(value) : 0;
	value = Int64GetDatum(changes + 1);
	oms->set(d, "changes", &value);
	value = CStringGetTextDatum(oms->actor(d));
	oms->set(d, "changed_by", &value);
	if (oms->get(d, OMS_COMMAND, "mostly", &value) && DatumGetBool(value))
		oms->set(d, "lines", NULL);
	if (oms->get(d, OMS_COMMAND, "until", &value))
		oms->set(d, "due_time", &value);
	if (oms->get(d, OMS_COMMAND, "on", &value))
		oms->set(d, "trade_date", &value);
	if (oms->get(d, OMS_COMMAND, "why", &value))
		oms->set(d, "strategy", &value);
}

static void
decide_close(OmsDecision *d)
{
	Datum		now = TimestampTzGetDatum(oms->now(d));

	oms->set(d, "closed_at", &now);
}

static const OmsKindCommand commands[] = {
	{"OpenBasketCommand", "open", .creates = true, .role = OMS_TRADER, .fields = open_fields, .decide = decide_open},
	{"ResizeBasketCommand", "resize", .role = OMS_TRADER, .fields = resize_fields, .decide = decide_resize},
	{"CloseBasketCommand", "close", .role = OMS_DESK, .fields = close_fields, .decide = decide_close},
	{NULL}
};

static const OmsKind basket = {
	.name = "basket", .table = "baskets", .type = "Basket", .described = "a basket",
	.columns = columns, .statuses = statuses, .transitions = transitions, .commands = commands,
};

/* ------------------------------------------------------------------------
 * a hook: how many events of which type there are
 * ------------------------------------------------------------------------
 */

static void
hook_execute(const char *statement, int count, Oid *types, Datum *values, int expected)
{
	int			result;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "cannot connect to SPI");
	result = SPI_execute_with_args(statement, count, types, values, NULL, false, 0);
	if (result != expected)
		elog(ERROR, "\"%s\" gave %d", statement, result);
	SPI_finish();
}

/* In a database without the extension there is nothing to count in. */
static void
count_event(const OmsEvent *event, void *arg)
{
	Oid			types[] = {TEXTOID, TEXTOID, INT8OID};
	Datum		values[] = {CStringGetTextDatum(event->aggregate_type), CStringGetTextDatum(event->event_type), Int64GetDatum(event->sequence)};
	const char *misbehaves = GetConfigOption("example.misbehaves", true, false);

	if (!OidIsValid(RangeVarGetRelid(makeRangeVar("example", "event_counts", -1), NoLock, true)))
		return;
	hook_execute("INSERT INTO example.event_counts AS c VALUES ($1, $2, 1, $3) ON CONFLICT (aggregate_type, event_type)"
				 " DO UPDATE SET count = c.count + 1, newest = $3", lengthof(types), types, values, SPI_OK_INSERT);
	if (misbehaves == NULL)
		return;
	if (strcmp(misbehaves, "raises") == 0)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("no more %s", event->event_type)));
	if (strcmp(misbehaves, "commands") == 0)
		hook_execute("SELECT oms_command('{\"commandType\": \"OpenBasketCommand\", \"name\": \"x\", \"targetValue\": 1}')", 0, NULL, NULL, SPI_OK_SELECT);
	if (strcmp(misbehaves, "opens") == 0)
		BeginInternalSubTransaction(NULL);
	if (strcmp(misbehaves, "scribbles") == 0)
		memset((char *) event->payload + VARHDRSZ, 0x7f, VARSIZE(event->payload) - VARHDRSZ);
}

/* ------------------------------------------------------------------------
 * a predicate: of round lots
 * ------------------------------------------------------------------------
 */

static OmsAnswer
round_lot(const OmsQuestion *question)
{
	JsonbValue	key = {.type = jbvString, .val.string = {8, "orderQty"}};
	JsonbValue *quantity = findJsonbValueFromContainer(&question->command->root, JB_FOBJECT, &key);

	if (quantity == NULL || quantity->type != jbvNumeric)
		return OMS_NULL;
	return DatumGetInt32(DirectFunctionCall1(numeric_int4, DirectFunctionCall2(numeric_mod, NumericGetDatum(quantity->val.numeric),
																			   NumericGetDatum(int64_to_numeric(100))))) == 0 ? OMS_TRUE : OMS_FALSE;
}

/* ------------------------------------------------------------------------
 * loading
 * ------------------------------------------------------------------------
 */

static void
example_init(const OmsApi *api)
{
	oms = api;
	api->add_kind(&basket);
	api->add_event_hook(count_event, NULL);
}

void
_PG_init(void)
{
	static OmsLibrary library = {"example", example_init};

	oms_register_predicate("round_lot", round_lot);
	oms_join(&library);
}
