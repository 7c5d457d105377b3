/*-------------------------------------------------------------------------
 *
 * look_ups.c
 *	  What predicates of rules may look up: limits, prices, what is restricted.
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

#include "store/catalog.h"
#include "store/table_io.h"

PG_FUNCTION_INFO_V1(oms_limit_of);
PG_FUNCTION_INFO_V1(oms_reference_price);
PG_FUNCTION_INFO_V1(oms_restricted);

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

static Datum
look_up_text(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? CStringGetTextDatum("") : PointerGetDatum(PG_GETARG_TEXT_PP(arg));
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

	if (PG_ARGISNULL(2))
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

Datum
oms_reference_price(PG_FUNCTION_ARGS)
{
	TableWork	work = {0};
	Table	   *table;
	bool		found;
	Datum		price = (Datum) 0;
	TimestampTz priced_at = 0;
	Datum		key;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	key = PG_GETARG_DATUM(0);
	table = oms_table_open(&work, oms_relation(OMS_REFERENCE_PRICES), &prices);
	found = oms_table_find(table, BY_KEY, &key);
	if (found)
	{
		price = NumericGetDatum(DatumGetNumericCopy(oms_table_needed(table, PRICE_PRICE)));
		priced_at = DatumGetTimestampTz(oms_table_needed(table, PRICE_PRICED_AT));
	}
	oms_table_close(table);
	/* an age is in days of 24 hours */
	if (found && !PG_ARGISNULL(1))
		found = DatumGetBool(DirectFunctionCall2(interval_le,
												 DirectFunctionCall2(timestamp_mi, TimestampTzGetDatum(GetCurrentTimestamp()), TimestampTzGetDatum(priced_at)),
												 PG_GETARG_DATUM(1)));
	if (!found)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(price);
}

Datum
oms_restricted(PG_FUNCTION_ARGS)
{
	TableWork	work = {0};
	Table	   *table;
	Datum		accounts[] = {look_up_text(fcinfo, 1), CStringGetTextDatum("")};
	bool		found = false;

	if (PG_ARGISNULL(0))
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
