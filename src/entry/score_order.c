/*-------------------------------------------------------------------------
 *
 * score_order.c
 *	  What is known around an event of an order or a fill, from the events that were
 *	  scored before it.
 *
 * Recent prices, orders, ends and ids are kept by symbol, account and session, a
 * fixed number of each.  Facts are of before the event: it is remembered once it is
 * scored.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/decimal.h"
#include "core/execution/execution_record.h"
#include "core/order/order.h"
#include "entry/score.h"

/* What "just before" is, in seconds. */
#define JUST_BEFORE		10.0

/* Fewer prices are no market. */
#define PRICES_ENOUGH	10

const char *
oms_score_text(const Object *object, const char *column)
{
	const RecordColumn *found = object ? oms_record_column(oms_kinds[object->kind].record, column) : NULL;
	Datum		value;

	if (found == NULL || oms_record_column_type(found) != TEXTOID || !oms_record_value(found, object, &value))
		return NULL;
	return TextDatumGetCString(value);
}

Numeric
oms_score_number(const Object *object, const char *column)
{
	const RecordColumn *found = object ? oms_record_column(oms_kinds[object->kind].record, column) : NULL;

	return found && found->type == FIELD_NUMERIC ? *(Numeric const *) ((const char *) object + found->offset) : NULL;
}

const char	oms_score_before_query[] =
"SELECT (e.payload #>> '{state,executedQuantity}')::numeric FROM oms.order_events AS e WHERE e.aggregate_id = $1 AND e.version = $2";

bool
oms_score_has_before(const ScoredEvent *event)
{
	return event->kind == KIND_ORDER && event->version > 1;
}

static double
score_double(Numeric value)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value)));
}

static Numeric
score_numeric(double value)
{
	return isfinite(value) ? DatumGetNumeric(DirectFunctionCall1(float8_numeric, Float8GetDatum(value))) : NULL;
}

static bool
score_is_new_order(const ScoredEvent *event)
{
	return event->kind == KIND_ORDER && event->version == 1;
}

/* One that somebody has given: slices of one order are alike. */
static bool
score_is_given(const ScoredEvent *event)
{
	return score_is_new_order(event) && strcmp(event->id, event->root_id) == 0;
}

static bool
score_is_new_fill(const ScoredEvent *event)
{
	return event->kind == KIND_EXECUTION && event->version == 1;
}

static bool
score_is_ended(const ScoredEvent *event)
{
	return event->kind == KIND_ORDER && event->version > 1 &&
		(strcmp(event->event_type, "OrderCancelled") == 0 ||
		 (strcmp(event->event_type, "OrderExecuted") == 0 && strcmp(oms_score_text(event->cur, "status") ? oms_score_text(event->cur, "status") : "", "FILLED") == 0));
}

/* Account and symbol of an order, as one name. */
static char *
score_owner(const ScoredEvent *event)
{
	const char *symbol = oms_score_text(event->cur, "symbol");

	return psprintf("%s\n%s", event->account ? event->account : "", symbol ? symbol : "");
}

/* What makes two orders the same. */
static double
score_likeness(const ScoredEvent *event)
{
	Numeric		price = oms_score_number(event->cur, "price");
	Numeric		quantity = oms_score_number(event->cur, "order_qty");
	const char *side = oms_score_text(event->cur, "side");
	const char *text = psprintf("%s %s %s", side ? side : "", price ? oms_dec_text(price) : "", quantity ? oms_dec_text(quantity) : "");

	return hash_bytes((const unsigned char *) text, strlen(text));
}

static Recent *
score_prices(ScoreStore *store, const ScoredEvent *event, const char *side)
{
	const char *symbol = oms_score_text(event->cur, "symbol");

	return symbol ? oms_score_recent(store, side, symbol) : NULL;
}

/* Of the session, or of what comes in none, and what its ids begin with: the last number. */
static Recent *
score_ids(ScoreStore *store, const ScoredEvent *event, double *number)
{
	const char *session = oms_score_text(event->cur, "fix_session");
	const char *id = oms_score_text(event->cur, "exec_id");
	int			prefix;

	if (id == NULL || !oms_id_number(id, number, &prefix))
		return NULL;
	return oms_score_recent(store, "id", psprintf("%s\n%s", session ? session : "", pnstrdup(id, prefix)));
}

static void
score_market_facts(ScoreStore *store, const ScoredEvent *event, Facts *facts)
{
	Recent	   *bids = score_prices(store, event, "BUY");
	Recent	   *asks = score_prices(store, event, "SELL");
	Recent	   *fills = score_prices(store, event, "fill");
	Numeric		price = oms_score_number(event->cur, event->kind == KIND_EXECUTION ? "last_px" : "price");
	double		middle = 0;
	double		off;

	if (fills && fills->count > 0)
		facts->value[FACT_FILL_PRICE] = score_numeric(oms_recent_median(fills));
	if (bids && bids->count >= PRICES_ENOUGH && asks->count >= PRICES_ENOUGH)
		middle = (oms_recent_median(bids) + oms_recent_median(asks)) / 2;
	else if (fills && fills->count >= PRICES_ENOUGH)
		middle = oms_recent_median(fills);
	if (!(middle > 0))
		return;
	facts->value[FACT_MIDDLE_PRICE] = score_numeric(middle);
	if (price == NULL)
		return;
	/* in basis points, above zero where it is more aggressive than the middle */
	off = (score_double(price) / middle - 1) * 10000;
	if (oms_score_text(event->cur, "side") && strncmp(oms_score_text(event->cur, "side"), "SELL", 4) == 0)
		off = -off;
	facts->value[FACT_DEPTH] = score_numeric(copysign(floor(log2(1 + fabs(off) / 2)), off));
}

void
oms_score_facts(ScoreStore *store, const ScoredEvent *event, Numeric executed_before, Facts *facts)
{
	const RecordColumn *created = oms_record_column(oms_kinds[event->kind].record, "created_at");
	double		number;

	memset(facts, 0, sizeof(Facts));
	facts->value[FACT_EXECUTED_BEFORE] = executed_before;
	if (created)
		facts->value[FACT_SECONDS] = score_numeric((event->occurred_at - *(TimestampTz *) ((char *) event->cur + created->offset)) / (double) USECS_PER_SEC);
	if (event->kind != KIND_ORDER && event->kind != KIND_EXECUTION)
		return;
	score_market_facts(store, event, facts);
	if (score_is_given(event))
	{
		Recent	   *orders = oms_score_recent(store, "order", score_owner(event));

		facts->value[FACT_SAME_ORDERS] = score_numeric(oms_recent_count_equal(orders, score_likeness(event), event->at - JUST_BEFORE));
		facts->value[FACT_RECENT_ORDERS] = score_numeric(oms_recent_count(orders, event->at - JUST_BEFORE));
	}
	if (score_is_ended(event) && event->account)
	{
		Recent	   *ends = oms_score_recent(store, "end", event->account);

		if (ends->count == RECENT_VALUES)
			facts->value[FACT_CANCEL_PART] = score_numeric(oms_recent_mean(ends));
	}
	if (score_is_new_fill(event))
	{
		Recent	   *ids = score_ids(store, event, &number);

		if (ids && ids->count > 0)
			facts->value[FACT_EXEC_ID_STEP] = score_numeric(number - ids->value[ids->count - 1]);
	}
}

void
oms_score_remember(ScoreStore *store, const ScoredEvent *event)
{
	const char *side = oms_score_text(event->cur, "side");
	double		number;

	if (score_is_new_order(event))
	{
		Numeric		price = oms_score_number(event->cur, "price");

		if (score_is_given(event))
			oms_recent_add(oms_score_recent(store, "order", score_owner(event)), score_likeness(event), event->at);
		if (price && side && (strcmp(side, "BUY") == 0 || strcmp(side, "SELL") == 0))
			oms_recent_add(score_prices(store, event, side), score_double(price), event->at);
	}
	if (score_is_ended(event) && event->account)
		oms_recent_add(oms_score_recent(store, "end", event->account), strcmp(event->event_type, "OrderCancelled") == 0, event->at);
	if (score_is_new_fill(event))
	{
		Recent	   *fills = score_prices(store, event, "fill");
		Recent	   *ids = score_ids(store, event, &number);
		Numeric		price = oms_score_number(event->cur, "last_px");

		if (fills && price)
			oms_recent_add(fills, score_double(price), event->at);
		if (ids)
			oms_recent_add(ids, number, event->at);
	}
}
