/*-------------------------------------------------------------------------
 *
 * look_ups.c
 *	  What predicates of rules may look up: limits, prices, what is restricted,
 *	  types of orders.  What they ask of orders stands in order_look_ups.c.
 *
 * One index probe each, or one for each of the few rows that may hold; as the
 * tables stand.  A table is open for the one look-up: predicates are asked in a
 * subtransaction of their own, and open tables belong to that.
 *
 * Writes and locks nothing.  Nobody's privileges on the tables are asked:
 * whoever may execute the function may know.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "base/decimal.h"
#include "store/account_rights.h"
#include "store/catalog.h"
#include "store/look_ups.h"
#include "store/predicate.h"
#include "store/table_io.h"

PG_FUNCTION_INFO_V1(oms_limit_of);
PG_FUNCTION_INFO_V1(oms_reference_price);
PG_FUNCTION_INFO_V1(oms_restricted);
PG_FUNCTION_INFO_V1(oms_type_allowed);

#define BY_KEY	0

enum LimitColumn
{
	LIMIT_ACCOUNT,
	LIMIT_SYMBOL,
	LIMIT_WHAT,
	LIMIT_AMOUNT,
	LIMIT_COLUMNS
};

static const TableColumn limit_columns[LIMIT_COLUMNS] = {
	[LIMIT_ACCOUNT] = {"account", TEXTOID},
	[LIMIT_SYMBOL] = {"symbol", TEXTOID},
	[LIMIT_WHAT] = {"what", TEXTOID},
	[LIMIT_AMOUNT] = {"amount", NUMERICOID},
};

static const TableKey limit_keys[] = {{true, {"account", "symbol", "what"}}};
static const TableDef limits = {"limits", LIMIT_COLUMNS, limit_columns, lengthof(limit_keys), limit_keys};

enum PriceColumn
{
	PRICE_SYMBOL,
	PRICE_PRICE,
	PRICE_PRICED_AT,
	PRICE_COLUMNS
};

static const TableColumn price_columns[PRICE_COLUMNS] = {
	[PRICE_SYMBOL] = {"symbol", TEXTOID},
	[PRICE_PRICE] = {"price", NUMERICOID},
	[PRICE_PRICED_AT] = {"priced_at", TIMESTAMPTZOID},
};

static const TableKey price_keys[] = {{true, {"symbol"}}};
static const TableDef prices = {"reference_prices", PRICE_COLUMNS, price_columns, lengthof(price_keys), price_keys};

enum RestrictedColumn
{
	RESTRICTED_SYMBOL,
	RESTRICTED_ACCOUNT,
	RESTRICTED_COLUMNS
};

static const TableColumn restricted_columns[RESTRICTED_COLUMNS] = {
	[RESTRICTED_SYMBOL] = {"symbol", TEXTOID},
	[RESTRICTED_ACCOUNT] = {"account", TEXTOID},
};

static const TableKey restricted_keys[] = {{true, {"symbol", "account"}}};
static const TableDef restricted = {"restricted_list", RESTRICTED_COLUMNS, restricted_columns, lengthof(restricted_keys), restricted_keys};

enum OrderTypeColumn
{
	TYPE_DESTINATION,
	TYPE_ORD_TYPE,
	TYPE_COLUMNS
};

static const TableColumn type_columns[TYPE_COLUMNS] = {
	[TYPE_DESTINATION] = {"destination", TEXTOID},
	[TYPE_ORD_TYPE] = {"ord_type", TEXTOID},
};

#define BY_DESTINATION	1

static const TableKey type_keys[] = {
	{true, {"destination", "ord_type"}},
	[BY_DESTINATION] = {false, {"destination"}},
};
static const TableDef order_types = {"allowed_order_types", TYPE_COLUMNS, type_columns, lengthof(type_keys), type_keys};

static Datum
look_up_text(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? CStringGetTextDatum("") : PointerGetDatum(PG_GETARG_TEXT_PP(arg));
}

/* Outside of a rule nobody asks about an account that he does not see. */
static bool
look_up_may_ask(FunctionCallInfo fcinfo, int arg)
{
	return oms_predicate_subject() || PG_ARGISNULL(arg) || !oms_accounts_are_limited() ||
		oms_account_is_seen(text_to_cstring(PG_GETARG_TEXT_PP(arg)));
}

Datum
oms_limit_of(PG_FUNCTION_ARGS)
{
	Datum		account = look_up_text(fcinfo, 0);
	Datum		symbol = look_up_text(fcinfo, 1);
	Datum		any = CStringGetTextDatum("");
	const Datum keys[][3] = {{account, symbol}, {account, any}, {any, symbol}, {any, any}};
	TableWork	work = {0};
	Table	   *table;
	bool		found = false;
	Datum		amount = (Datum) 0;

	if (PG_ARGISNULL(2) || !look_up_may_ask(fcinfo, 0))
		PG_RETURN_NULL();
	table = oms_table_open(&work, oms_relation(OMS_LIMITS), &limits);
	for (int i = 0; i < lengthof(keys) && !found; i++)
	{
		const Datum values[] = {keys[i][0], keys[i][1], PG_GETARG_DATUM(2)};

		found = oms_table_find(table, BY_KEY, values);
	}
	if (found)
		amount = NumericGetDatum(DatumGetNumericCopy(oms_table_needed(table, LIMIT_AMOUNT)));
	oms_table_close(table);
	if (!found)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(amount);
}

static bool
look_up_price(Datum symbol, Numeric *price, TimestampTz *priced_at)
{
	TableWork	work = {0};
	Table	   *table = oms_table_open(&work, oms_relation(OMS_REFERENCE_PRICES), &prices);
	bool		found = oms_table_find(table, BY_KEY, &symbol);

	if (found)
	{
		*price = DatumGetNumericCopy(oms_table_needed(table, PRICE_PRICE));
		*priced_at = DatumGetTimestampTz(oms_table_needed(table, PRICE_PRICED_AT));
		/* what is no number is no price */
		found = oms_dec_is_finite(*price);
	}
	oms_table_close(table);
	return found;
}

Numeric
oms_last_price(const char *symbol)
{
	Numeric		price;
	TimestampTz priced_at;

	return look_up_price(CStringGetTextDatum(symbol), &price, &priced_at) ? price : NULL;
}

Datum
oms_reference_price(PG_FUNCTION_ARGS)
{
	Numeric		price;
	TimestampTz priced_at;
	bool		found;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	found = look_up_price(PG_GETARG_DATUM(0), &price, &priced_at);
	/* an age is in days of 24 hours */
	if (found && !PG_ARGISNULL(1))
		found = DatumGetBool(DirectFunctionCall2(interval_le,
												 DirectFunctionCall2(timestamp_mi, TimestampTzGetDatum(GetCurrentTimestamp()), TimestampTzGetDatum(priced_at)),
												 PG_GETARG_DATUM(1)));
	if (!found)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(price);
}

Datum
oms_restricted(PG_FUNCTION_ARGS)
{
	TableWork	work = {0};
	Table	   *table;
	Datum		accounts[] = {look_up_text(fcinfo, 1), CStringGetTextDatum("")};
	bool		found = false;

	if (PG_ARGISNULL(0) || !look_up_may_ask(fcinfo, 1))
		PG_RETURN_NULL();
	table = oms_table_open(&work, oms_relation(OMS_RESTRICTED_LIST), &restricted);
	for (int i = 0; i < lengthof(accounts) && !found; i++)
	{
		const Datum values[] = {PG_GETARG_DATUM(0), accounts[i]};

		found = oms_table_find(table, BY_KEY, values);
	}
	oms_table_close(table);
	PG_RETURN_BOOL(found);
}

Datum
oms_type_allowed(PG_FUNCTION_ARGS)
{
	TableWork	work = {0};
	Table	   *table;
	const Datum values[] = {look_up_text(fcinfo, 0), look_up_text(fcinfo, 1)};
	bool		allowed;
	bool		listed;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	table = oms_table_open(&work, oms_relation(OMS_ALLOWED_ORDER_TYPES), &order_types);
	allowed = oms_table_find(table, BY_KEY, values);
	listed = allowed || oms_table_find(table, BY_DESTINATION, values);
	oms_table_close(table);
	if (!listed)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(allowed);
}
