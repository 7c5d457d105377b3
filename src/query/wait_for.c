/*-------------------------------------------------------------------------
 *
 * wait_for.c
 *	  oms.wait_for(): until what a token stands for is visible here.
 *
 * A procedure, so that it can end its caller's transaction: while it waits it
 * holds no snapshot, and keeps nothing from being vacuumed or replayed.
 *
 * Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "query/event_window.h"
#include "query/xid_fate.h"
#include "store/incarnation.h"
#include "store/shard.h"

PG_FUNCTION_INFO_V1(oms_wait_for);

#define WAIT_MS_FIRST	1
#define WAIT_MS_MAX		50

typedef enum WaitState
{
	WAIT_ON,
	WAIT_VISIBLE,
	WAIT_ROLLED_BACK,
	WAIT_LOST
} WaitState;

pg_noreturn static void
wait_refuse(int sqlstate, const Token *token, const char *what, const char *detail, const char *hint)
{
	char		text[TOKEN_LENGTH];

	oms_token_write(token, text);
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("token \"%s\" %s", text, what),
			 detail ? errdetail("%s", detail) : 0,
			 hint ? errhint("%s", hint) : 0));
}

/* Those of oms.events_since(), with which it shares plans; a procedure that ends transactions cannot have them in its definition. */
static const struct
{
	const char *name;
	const char *value;
}			wait_settings[] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"enable_seqscan", "off"},
	{"enable_bitmapscan", "off"},
	{"enable_sort", "off"},
	{"jit", "off"},
};

/* Of an older incarnation nothing is left to wait for: its events are here or lost. */
static bool
wait_has_events(const Token *token, const Incarnation *list, int count, int at)
{
	uint64		before = token->xid;
	EventWindow window = {
		.kind = ALL_KINDS,
		.from = {.end = before, .nhidden = 0},
		.to = {.end = before + 1},
		.after = list[at].number == 0 ? 0 : list[at].first_sequence - 1,
		.until = at + 1 < count ? list[at + 1].first_sequence - 1 : PG_INT64_MAX
	};
	int			settings = NewGUCNestLevel();
	bool		found;

	for (int i = 0; i < lengthof(wait_settings); i++)
		(void) set_config_option(wait_settings[i].name, wait_settings[i].value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	PushActiveSnapshot(GetLatestSnapshot());
	found = oms_window_measure(&window, 1).count > 0;
	PopActiveSnapshot();
	AtEOXact_GUC(true, settings);
	return found;
}

static WaitState
wait_of_this_server(const Token *token)
{
	switch (oms_xid_fate(token->xid))
	{
		case XID_NOT_YET:
			return RecoveryInProgress() ? WAIT_ON : WAIT_LOST;
		case XID_RUNNING:
			return WAIT_ON;
		case XID_ROLLED_BACK:
			return WAIT_ROLLED_BACK;
		case XID_COMMITTED:
		case XID_FORGOTTEN:
			break;
	}
	return WAIT_VISIBLE;
}

static WaitState
wait_look(const Token *token)
{
	int			count;
	Incarnation *list = oms_incarnations(SnapshotSelf, &count);
	const Incarnation *newest = &list[count - 1];
	WaitState	state = WAIT_LOST;
	int			at = count - 1;

	while (at > 0 && list[at].number != token->incarnation)
		at--;
	/* a standby may not have heard yet which one it is */
	if (token->shard != OMS_NO_SHARD && token->shard != oms_shard_number())
		state = RecoveryInProgress() ? WAIT_ON : WAIT_LOST;
	else if (token->incarnation == newest->number + (newest->is_here ? 0 : 1))
		state = wait_of_this_server(token);
	else if (token->incarnation > newest->number)
		state = RecoveryInProgress() ? WAIT_ON : WAIT_LOST;
	else if (list[at].number == token->incarnation && wait_has_events(token, list, count, at))
		state = WAIT_VISIBLE;
	pfree(list);
	return state;
}

static void
wait_until(const Token *token, TimestampTz end)
{
	int			ms = WAIT_MS_FIRST;
	WaitState	state;

	while ((state = wait_look(token)) == WAIT_ON)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end);

		if (left <= 0)
			wait_refuse(ERRCODE_QUERY_CANCELED, token, "is not visible here yet", "The time to wait is over.", NULL);
		/* what was looked up may have left a snapshot of the catalog */
		InvalidateCatalogSnapshot();
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, Min(ms, left), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		ms = Min(ms * 2, WAIT_MS_MAX);
	}
	if (state == WAIT_ROLLED_BACK)
		wait_refuse(OMS_NO_SUCH_OBJECT, token, "is of a transaction that was rolled back", NULL, NULL);
	if (state == WAIT_LOST)
		wait_refuse(OMS_BAD_QUERY, token, "is of a transaction that is not here",
					"It was lost by a failover or a restore, or is another database's.", "oms.incarnations tells what is here.");
}

static void
wait_check_call(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("token and timeout must not be null")));
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) || castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("oms.wait_for() cannot run inside a transaction block"),
				 errdetail("A transaction may have a snapshot that never sees what it would wait for."),
				 errhint("Call it before BEGIN.")));
}

Datum
oms_wait_for(PG_FUNCTION_ARGS)
{
	Token		token;
	char	   *given;
	TimestampTz end;

	wait_check_call(fcinfo);
	given = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (!oms_token_read(given, &token))
		ereport(ERROR,
				(errcode(OMS_BAD_QUERY),
				 errmsg("\"%s\" is no token", given),
				 errdetail("A token is what a result has under \"token\".")));
	end = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(GetCurrentTimestamp()), PG_GETARG_DATUM(1)));
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	SPI_commit();
	/* whatever the session's default is: each look is to see what is there then */
	XactIsoLevel = XACT_READ_COMMITTED;
	wait_until(&token, end);
	SPI_finish();
	PG_RETURN_VOID();
}
