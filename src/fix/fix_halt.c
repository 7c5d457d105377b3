/*-------------------------------------------------------------------------
 *
 * fix_halt.c
 *	  f and h: what a market halts, and lets trade again.
 *
 * A row of oms.trading_halts for each session, symbol and market that was halted, and
 * for each contract, class of shares or segment of a market that a message names: the
 * row halts the whole symbol or market, but no other one's news may lift it.
 * Only those of the message's own session are touched.  They are locked by name,
 * and written with the rights of the table's owner, like any change of
 * configuration (store/config_event.c): the event keeps the message.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 3, "Security Status", "Trading Session
 * Status"; FIX 5.0 SP2 for MarketID and the codes of HaltReason.  See doc/fix.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/guc.h"
#include "base/moment.h"
#include "core/command_size.h"
#include "entry/gate.h"
#include "fix/fix_private.h"
#include "store/config_def.h"
#include "store/config_event.h"

#define HALT_NAME_MAX		2000	/* as the table has it */
#define HALT_NARROWER_MAX	64	/* what is longer is not told apart, so that the name has room */
#define HALT_REASON_MAX		1024
#define HALT_HISTORY		200 /* events in which a repeat is looked for */

const int	oms_fix_own_of_market[] = {
	TAG_SYMBOL, TAG_TEXT, TAG_TRANSACT_TIME, TAG_SECURITY_EXCHANGE, TAG_SECURITY_TRADING_STATUS, TAG_HALT_REASON,
	TAG_TRADING_SESSION_ID, TAG_TRAD_SES_STATUS, TAG_MARKET_ID, 0
};

/* The codes that mean something to us: all others change nothing. */
typedef struct MarketStatus
{
	const char *code;
	const char *name;
	bool		halts;			/* or it lifts */
} MarketStatus;

static const MarketStatus security_statuses[] = {
	{"2", "TRADING_HALT", true},
	{"3", "RESUME", false},
	{"17", "READY_TO_TRADE", false},
	{"18", "NOT_AVAILABLE_FOR_TRADING", true},
	{0}
};

static const MarketStatus session_statuses[] = {
	{"1", "TRADING_SESSION_HALTED", true},
	{"2", "TRADING_SESSION_OPEN", false},
	{0}
};

/* HaltReason (327): letters up to 4.4, numbers since. */
static const struct
{
	const char *code;
	const char *name;
}			halt_reasons[] = {
	{"I", "ORDER_IMBALANCE"}, {"X", "EQUIPMENT_CHANGEOVER"}, {"P", "NEWS_PENDING"}, {"D", "NEWS_DISSEMINATION"},
	{"E", "ORDER_INFLUX"}, {"M", "ADDITIONAL_INFORMATION"}, {"0", "NEWS_DISSEMINATION"}, {"1", "ORDER_INFLUX"},
	{"2", "ORDER_IMBALANCE"}, {"3", "ADDITIONAL_INFORMATION"}, {"4", "NEWS_PENDING"}, {"5", "EQUIPMENT_CHANGEOVER"}
};

/* What a message may name that is less than a symbol or a market. */
static const int halt_narrower[] = {
	TAG_SECURITY_ID, TAG_SYMBOL_SFX, TAG_MATURITY_MONTH_YEAR, TAG_PUT_OR_CALL, TAG_STRIKE_PRICE, TAG_MATURITY_DATE, TAG_MARKET_SEGMENT_ID
};

/* What a message says, and of what. */
typedef struct MarketNews
{
	const MarketStatus *status;
	const char *symbol;			/* or NULL */
	const char *destination;	/* or NULL */
	char	   *scope;			/* how the names of all rows begin that are of the symbol and market */
	char	   *narrower;		/* how those end that are of what is less; "" */
	char	   *name;			/* of the row */
	char	   *reason;
	TimestampTz said_at;		/* or NO_TIME */
	Jsonb	   *command;		/* as the event has it */
	TimestampTz now;
} MarketNews;

/* ------------------------------------------------------------------------
 * the message
 * ------------------------------------------------------------------------
 */

static const MarketStatus *
halt_status(const MarketStatus *statuses, const char *code)
{
	/* an int may have leading zeros */
	while (code && code[0] == '0' && code[1] != '\0')
		code++;
	for (; code && statuses->code; statuses++)
		if (strcmp(statuses->code, code) == 0)
			return statuses;
	return NULL;
}

/* Two names must never give one: ":" in a part, and what escapes it, is escaped. */
static void
halt_append_part(StringInfo name, const char *part)
{
	appendStringInfoChar(name, ':');
	for (; part && *part; part++)
	{
		if (*part == ':' || *part == '\\')
			appendStringInfoChar(name, '\\');
		appendStringInfoChar(name, *part);
	}
}

/* FIX:session:symbol, :market and what is less, as :tag=value; without a market an empty one stands before that. */
static void
halt_take_name(MarketNews *news, const FixMessage *message)
{
	StringInfoData scope;
	StringInfoData narrower;

	initStringInfo(&scope);
	appendStringInfoString(&scope, "FIX");
	halt_append_part(&scope, message->session);
	halt_append_part(&scope, news->symbol);
	if (news->destination)
		halt_append_part(&scope, news->destination);
	initStringInfo(&narrower);
	for (int i = 0; i < lengthof(halt_narrower); i++)
	{
		char	   *value = oms_fix_get_id(message, halt_narrower[i]);

		if (value && strlen(value) <= HALT_NARROWER_MAX)
			halt_append_part(&narrower, psprintf("%d=%s", halt_narrower[i], value));
	}
	news->scope = scope.data;
	news->narrower = narrower.data;
	news->name = psprintf("%s%s%s", scope.data, news->destination || narrower.len == 0 ? "" : ":", narrower.data);
}

static char *
halt_reason(const FixMessage *message, const MarketStatus *status)
{
	char	   *text = oms_fix_get(message, TAG_TEXT);
	const char *code = oms_fix_get(message, TAG_HALT_REASON);

	if (text)
		return pnstrdup(text, pg_mbcliplen(text, strlen(text), HALT_REASON_MAX));
	for (int i = 0; code && i < lengthof(halt_reasons); i++)
		if (strcmp(halt_reasons[i].code, code) == 0)
			return pstrdup(halt_reasons[i].name);
	return pstrdup(status->name);
}

static TimestampTz
halt_time(const FixMessage *message, int tag)
{
	const FixTag *found = oms_fix_find(message, tag);
	TimestampTz time;

	return found && oms_time_parse(found->value, found->length, &time) ? time : NO_TIME;
}

static void
halt_put(JsonWriter *w, const FixMessage *message, const char *key, int tag)
{
	char	   *value = oms_fix_get(message, tag);

	if (value && strlen(value) <= HALT_REASON_MAX)
		oms_json_string(w, key, value);
}

/*
 * What tells two messages apart is their content and TransactTime; where that is not
 * given, when they were first sent.
 */
static Jsonb *
halt_command(const FixMessage *message, TimestampTz *said_at)
{
	static const struct
	{
		const char *key;
		int			tag;
	}			fields[] = {
		{"symbol", TAG_SYMBOL}, {"securityExchange", TAG_SECURITY_EXCHANGE}, {"marketID", TAG_MARKET_ID},
		{"tradingSessionID", TAG_TRADING_SESSION_ID}, {"securityTradingStatus", TAG_SECURITY_TRADING_STATUS},
		{"tradSesStatus", TAG_TRAD_SES_STATUS}, {"haltReason", TAG_HALT_REASON}, {"text", TAG_TEXT},
	};
	JsonWriter	w = {0};
	TimestampTz time = halt_time(message, TAG_TRANSACT_TIME);
	TimestampTz sent = halt_time(message, TAG_ORIG_SENDING_TIME);
	Jsonb	   *command;

	oms_json_open_object(&w);
	oms_json_string(&w, "msgType", message->msg_type);
	for (int i = 0; i < lengthof(fields); i++)
		halt_put(&w, message, fields[i].key, fields[i].tag);
	if (sent == NO_TIME)
		sent = halt_time(message, TAG_SENDING_TIME);
	*said_at = time != NO_TIME ? time : sent;
	if (*said_at != NO_TIME)
		oms_json_time(&w, time != NO_TIME ? "transactTime" : "sendingTime", *said_at);
	oms_fix_put_origin(&w, message);
	oms_json_close_object(&w);
	command = oms_json_finish(&w);
	/* what is halted is a fact: a message that has no room in an event is not kept */
	return oms_json_size(command) > oms_guc_command_size_kb * INT64CONST(512) ? oms_command_brief(command) : command;
}

/* ------------------------------------------------------------------------
 * statements
 * ------------------------------------------------------------------------
 */

/* What is written, and where: SPI is connected, the table open. */
typedef struct HaltWork
{
	FixContext *fix;
	const MarketNews *news;
	Relation	rel;
	MemoryContext memory;		/* that outlives SPI's */
} HaltWork;

#define HALT_PARAMETERS_MAX	5

/* A row of oms.trading_halts as a statement gave it. */
typedef struct HaltRow
{
	HeapTupleData tuple;
	TimestampTz since;
	TimestampTz until;			/* DT_NOEND where it is null */
	bool		enabled;
} HaltRow;

/* Operators and functions are those of the server, wherever the caller looks for his.  A text that is null is (Datum) 0. */
static SPITupleTable *
halt_execute(const HaltWork *work, OmsRelation table, const char *sql, int count, const Oid *types, const Datum *values)
{
	char		nulls[HALT_PARAMETERS_MAX];

	for (int i = 0; i < count; i++)
		nulls[i] = types[i] == TEXTOID && values[i] == (Datum) 0 ? 'n' : ' ';
	CHECK_FOR_INTERRUPTS();
	if (oms_config_execute(table, oms_uow_caller(work->fix->uow), work->news->command, sql, count, unconstify(Oid *, types),
						   unconstify(Datum *, values), nulls) < 0)
		elog(ERROR, "cannot read or change oms.trading_halts");
	return SPI_tuptable;
}

static Datum
halt_text(const char *value)
{
	return value ? CStringGetTextDatum(value) : (Datum) 0;
}

static HaltRow
halt_row(const HaltWork *work, const SPITupleTable *rows, uint64 number)
{
	bool		isnull;
	HeapTupleHeader header = DatumGetHeapTupleHeader(SPI_getbinval(rows->vals[number], rows->tupdesc, 1, &isnull));
	HaltRow		row = {.tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header}};
	Datum		until = oms_config_value(work->rel, &row.tuple, "until", TIMESTAMPTZOID, &isnull);

	row.until = isnull ? DT_NOEND : DatumGetTimestampTz(until);
	row.since = DatumGetTimestampTz(oms_config_value(work->rel, &row.tuple, "since", TIMESTAMPTZOID, &isnull));
	row.enabled = DatumGetBool(oms_config_value(work->rel, &row.tuple, "enabled", BOOLOID, &isnull));
	return row;
}

/* What a statement has changed; a trigger of somebody's may have taken the row away. */
static HaltRow
halt_changed(const HaltWork *work, const SPITupleTable *rows)
{
	if (SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("halt \"%s\" cannot be changed", work->news->name),
				 errhint("A trigger on oms.trading_halts must leave rows as they are.")));
	return halt_row(work, rows, 0);
}

static bool
halt_row_is(const HaltWork *work, HaltRow *row, const char *column, const char *expected)
{
	bool		isnull;
	Datum		value = oms_config_value(work->rel, &row->tuple, column, TEXTOID, &isnull);

	return oms_same_text(isnull ? NULL : TextDatumGetCString(value), expected);
}

static void
halt_answer(const HaltWork *work, HaltRow *row, bool duplicate)
{
	MemoryContext old = MemoryContextSwitchTo(work->memory);
	JsonWriter	w = {0};
	bool		isnull;
	int64		version = DatumGetInt64(oms_config_value(work->rel, &row->tuple, "version", INT8OID, &isnull));

	oms_json_open_object(&w);
	oms_json_string(&w, "status", "ACCEPTED");
	if (duplicate)
		oms_json_bool(&w, "duplicate", true);
	oms_json_jsonb(&w, "halt", oms_config_state(oms_config_def(work->rel), work->rel, &row->tuple, version));
	oms_json_close_object(&w);
	work->fix->results = lappend(work->fix->results, oms_json_finish(&w));
	MemoryContextSwitchTo(old);
}

/* ------------------------------------------------------------------------
 * what was told before
 * ------------------------------------------------------------------------
 */

static TimestampTz
halt_said_at(Jsonb *command)
{
	char	   *text = oms_json_get_string(command, "transactTime");
	TimestampTz time;

	if (text == NULL)
		text = oms_json_get_string(command, "sendingTime");
	return text && oms_time_parse(text, strlen(text), &time) ? time : NO_TIME;
}

typedef enum HaltAge
{
	HALT_NEW,
	HALT_TOLD,					/* this very message */
	HALT_OVERTAKEN				/* it is sent again, and a newer one was told */
} HaltAge;

/* Where neither it nor its time says so, nobody can tell it from one that is new. */
static HaltAge
halt_age(const HaltWork *work, HaltRow *row)
{
	const Oid	types[] = {TEXTOID, INT4OID};
	const char *root_id = psprintf("%s/%s", RelationGetRelationName(work->rel), oms_config_id(oms_config_def(work->rel), work->rel, &row->tuple));
	const Datum values[] = {halt_text(root_id), Int32GetDatum(HALT_HISTORY)};
	Jsonb	   *content = oms_fix_content_of(work->news->command, false);
	bool		resent = oms_fix_is_resent(&work->fix->message);
	HaltAge		age = HALT_NEW;
	SPITupleTable *events;
	uint64		count;

	if (!resent && halt_time(&work->fix->message, TAG_TRANSACT_TIME) == NO_TIME)
		return HALT_NEW;
	events = halt_execute(work, OMS_CONFIGURATION_EVENTS,
						  "SELECT e.payload OPERATOR(pg_catalog.->) 'command' FROM oms.configuration_events AS e"
						  " WHERE e.root_id OPERATOR(pg_catalog.=) $1 ORDER BY e.version DESC LIMIT $2", lengthof(types), types, values);
	count = SPI_processed;
	for (uint64 i = 0; i < count; i++)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(events->vals[i], events->tupdesc, 1, &isnull);
		Jsonb	   *known = isnull ? NULL : DatumGetJsonbP(value);
		TimestampTz said_at;

		if (known == NULL || !oms_json_is_object(known))
			continue;
		if (oms_json_equal(oms_fix_content_of(known, false), content))
			return HALT_TOLD;
		/* a time that has not come yet is no time to go by */
		said_at = halt_said_at(known);
		if (resent && work->news->said_at != NO_TIME && said_at > work->news->said_at && said_at <= work->news->now)
			age = HALT_OVERTAKEN;
	}
	return age;
}

/* ------------------------------------------------------------------------
 * to halt and to lift
 * ------------------------------------------------------------------------
 */

/* All rows that it is about: of a lift, what it does not name may be any. */
static SPITupleTable *
halt_lock(const HaltWork *work)
{
	const MarketNews *news = work->news;
	const Oid	types[] = {TEXTOID, TEXTOID, TEXTOID};
	const Datum values[] = {halt_text(news->name), halt_text(news->status->halts ? NULL : psprintf("%s:", news->scope)), halt_text(news->narrower)};

	return halt_execute(work, OMS_TRADING_HALTS,
						"SELECT h FROM oms.trading_halts AS h"
						" WHERE NOT h.builtin AND (h.name OPERATOR(pg_catalog.=) $1"
						" OR (pg_catalog.starts_with(h.name, $2)"
						" AND pg_catalog.right(h.name, pg_catalog.length($3)) OPERATOR(pg_catalog.=) $3))"
						" ORDER BY h.name FOR UPDATE", lengthof(types), types, values);
}

/* Nothing has changed. */
static bool
halt_is_settled(const HaltWork *work, HaltRow *row)
{
	HaltAge		age = halt_age(work, row);

	if (age == HALT_TOLD)
		halt_answer(work, row, true);
	else if (age == HALT_OVERTAKEN)
		work->fix->ignored = "a newer message of the session says otherwise";
	return age != HALT_NEW;
}

static void
halt_begin(const HaltWork *work)
{
	static const char *const insert = "INSERT INTO oms.trading_halts AS h (name, symbol, destination, since, reason)"
		" VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name, builtin) DO NOTHING RETURNING h";
	static const char *const update = "UPDATE oms.trading_halts AS h"
		" SET symbol = $2, account = NULL, destination = $3, since = $4, until = NULL, reason = $5, enabled = true"
		" WHERE NOT h.builtin AND h.name OPERATOR(pg_catalog.=) $1 RETURNING h";
	const MarketNews *news = work->news;
	const Oid	types[] = {TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[] = {halt_text(news->name), halt_text(news->symbol), halt_text(news->destination), TimestampTzGetDatum(news->now),
	halt_text(news->reason)};
	SPITupleTable *rows;
	HaltRow		row;

	rows = halt_lock(work);
	if (SPI_processed == 0)
	{
		rows = halt_execute(work, OMS_TRADING_HALTS, insert, lengthof(types), types, values);
		if (SPI_processed == 1)
		{
			row = halt_row(work, rows, 0);
			halt_answer(work, &row, false);
			return;
		}
		/* another has inserted it while we waited for him */
		rows = halt_lock(work);
	}
	row = halt_changed(work, rows);
	if (halt_is_settled(work, &row))
		return;
	if (row.enabled && row.since <= news->now && news->now < row.until)
	{
		if (row.until == DT_NOEND && halt_row_is(work, &row, "symbol", news->symbol) && halt_row_is(work, &row, "account", NULL) &&
			halt_row_is(work, &row, "destination", news->destination) && halt_row_is(work, &row, "reason", news->reason))
		{
			halt_answer(work, &row, true);
			return;
		}
		values[3] = TimestampTzGetDatum(row.since);
	}
	rows = halt_execute(work, OMS_TRADING_HALTS, update, lengthof(types), types, values);
	row = halt_changed(work, rows);
	halt_answer(work, &row, false);
}

static void
halt_end(const HaltWork *work)
{
	const Oid	types[] = {TEXTOID, TIMESTAMPTZOID};
	SPITupleTable *found = halt_lock(work);
	uint64		count = SPI_processed;

	for (uint64 i = 0; i < count; i++)
	{
		HaltRow		row = halt_row(work, found, i);
		SPITupleTable *rows;
		bool		isnull;
		Datum		values[] = {oms_config_value(work->rel, &row.tuple, "name", TEXTOID, &isnull),
		TimestampTzGetDatum(Max(work->news->now, row.since))};

		if (halt_is_settled(work, &row) || !row.enabled || row.until <= work->news->now)
			continue;
		rows = halt_execute(work, OMS_TRADING_HALTS,
							"UPDATE oms.trading_halts AS h SET until = $2 WHERE NOT h.builtin AND h.name OPERATOR(pg_catalog.=) $1 RETURNING h",
							lengthof(types), types, values);
		row = halt_changed(work, rows);
		halt_answer(work, &row, false);
	}
	if (work->fix->results == NIL && work->fix->ignored == NULL)
		work->fix->ignored = "the session has halted nothing that it could lift";
	else if (work->fix->results != NIL)
		work->fix->ignored = NULL;
}

/* ------------------------------------------------------------------------
 * the messages
 * ------------------------------------------------------------------------
 */

/* What it is about, and what the row is called; false where that can be no order's. */
static bool
halt_take_scope(FixContext *fix, MarketNews *news, const char *symbol, const char *destination)
{
	news->symbol = symbol;
	news->destination = destination;
	halt_take_name(news, &fix->message);
	return (symbol == NULL || strlen(symbol) <= ID_LENGTH_MAX) && (destination == NULL || strlen(destination) <= ID_LENGTH_MAX) &&
		strlen(news->name) <= HALT_NAME_MAX;
}

static Refusal *
halt_apply(FixContext *fix, MarketNews *news)
{
	HaltWork	work = {.fix = fix, .news = news, .memory = CurrentMemoryContext};
	Refusal    *refusal;

	news->reason = halt_reason(&fix->message, news->status);
	news->command = halt_command(&fix->message, &news->said_at);
	refusal = oms_command_check_size(news->command);
	if (refusal)
		return refusal;
	news->now = GetCurrentTimestamp();
	SPI_connect();
	work.rel = table_open(oms_relation(OMS_TRADING_HALTS), RowExclusiveLock);
	if (news->status->halts)
		halt_begin(&work);
	else
		halt_end(&work);
	table_close(work.rel, NoLock);
	SPI_finish();
	return NULL;
}

/* The market, of either version; of an id that stands for none, none. */
static const char *
halt_market(const FixMessage *message)
{
	const char *market = oms_fix_get_id(message, TAG_SECURITY_EXCHANGE);

	return market ? market : oms_fix_get_id(message, TAG_MARKET_ID);
}

Refusal *
oms_fix_handle_security_status(FixContext *fix)
{
	char	   *code = oms_fix_get(&fix->message, TAG_SECURITY_TRADING_STATUS);
	MarketNews	news = {.status = halt_status(security_statuses, code)};
	char	   *symbol = oms_fix_get_id(&fix->message, TAG_SYMBOL);
	Refusal    *refusal = oms_gate_check_role(ROLE_DESK, "FIX messages that halt trading");

	if (refusal == NULL)
		refusal = REQUIRE(fix, TAG_SYMBOL);
	if (refusal)
		return refusal;
	if (news.status == NULL)
		fix->ignored = "this SecurityTradingStatus (326) neither halts nor lifts";
	else if (symbol == NULL)
		fix->ignored = "no symbol is named";
	else if (!halt_take_scope(fix, &news, symbol, halt_market(&fix->message)))
		fix->ignored = "no order can be of what it names";
	else
		return halt_apply(fix, &news);
	return NULL;
}

/* Of a market; where none is named, of what the session is called there.  Since 5.0 of one symbol, too. */
Refusal *
oms_fix_handle_trading_session_status(FixContext *fix)
{
	char	   *code = oms_fix_get(&fix->message, TAG_TRAD_SES_STATUS);
	MarketNews	news = {.status = halt_status(session_statuses, code)};
	const char *destination = halt_market(&fix->message);
	Refusal    *refusal = oms_gate_check_role(ROLE_DESK, "FIX messages that halt trading");

	if (refusal == NULL)
		refusal = REQUIRE(fix, TAG_TRAD_SES_STATUS);
	if (refusal)
		return refusal;
	if (destination == NULL)
		destination = oms_fix_get_id(&fix->message, TAG_TRADING_SESSION_ID);
	if (news.status == NULL)
		fix->ignored = "this TradSesStatus (340) neither halts nor lifts";
	else if (destination == NULL)
		fix->ignored = "neither a market nor a trading session is named";
	else if (!halt_take_scope(fix, &news, oms_fix_get_id(&fix->message, TAG_SYMBOL), destination))
		fix->ignored = "no order can be of what it names";
	else
		return halt_apply(fix, &news);
	return NULL;
}
