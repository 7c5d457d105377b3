/*
 * Exact decimals: what breaks if a division rounds twice, a number of 39 digits
 * or NaN comes through, or a scale is lost on the way.
 */
#include "unit.h"

#include "common/pg_prng.h"
#include "utils/fmgrprotos.h"

#include "base/decimal.h"

static Numeric
dec(const char *text)
{
	Numeric		value = NULL;

	if (!oms_dec_parse(text, strlen(text), &value))
		elog(ERROR, "\"%s\" is no decimal", text);
	return value;
}

static bool
refused(const char *text)
{
	Numeric		value;

	return !oms_dec_parse(text, strlen(text), &value);
}

static void
division(void)
{
	is_text(oms_dec_text(oms_dec_div(dec("1"), dec("3"), 10)), "0.3333333333", "a third, cut");
	is_text(oms_dec_text(oms_dec_div(dec("2"), dec("3"), 10)), "0.6666666667", "two thirds, rounded up");
	is_text(oms_dec_text(oms_dec_div(dec("1"), dec("8"), 2)), "0.13", "a tie goes away from zero");
	is_text(oms_dec_text(oms_dec_div(dec("-1"), dec("8"), 2)), "-0.13", "a tie below zero too");
	is_text(oms_dec_text(oms_dec_div(dec("0.12499999999999999999999999999"), dec("1"), 2)), "0.12",
			"no tie is made by rounding twice");
	is_text(oms_dec_text(oms_dec_div(dec("99999999999999999999999999999999999999"), dec("7"), 10)),
			"14285714285714285714285714285714285714.1428571429", "38 digits keep ten decimals");
	is_text(oms_dec_text(oms_dec_div(dec("17336.000"), dec("1000"), 10)), "17.336", "no trailing zeros");
	is_text(oms_dec_text(oms_dec_div(dec("0"), dec("7"), 10)), "0", "nothing");
}

static void
parsing(void)
{
	const char *const bad[] = {
		"", "-", ".", "1e3", "NaN", "Infinity", "1 ", " 1", "0x10", "1.2.3", "--1", "1,5",
		"100000000000000000000000000000000000000", "0.123456789012345678901234567890123456789"
	};

	for (int i = 0; i < lengthof(bad); i++)
		ok(refused(bad[i]), "\"%s\" is refused", bad[i]);
	is_text(oms_dec_text(dec("+1.50")), "1.50", "the scale is kept as written");
	is_text(oms_dec_text(oms_dec_trim(dec("1000.00"))), "1000", "trimming leaves the zeros before the point");
	is_text(oms_dec_text(dec("99999999999999999999999999999999999999")),
			"99999999999999999999999999999999999999", "38 digits are possible");
	ok(oms_dec_acceptable(dec("0.00000000000000000000000000000000000001")), "38 decimals are possible");
}

/* What breaks if the short way of reading gives other bytes than numeric_in(): they go into the hash of an event. */
static void
same_as_numeric_in(void)
{
	pg_prng_state prng;
	int			broken = 0;

	pg_prng_seed(&prng, 1);
	for (int n = 0; n < 20000; n++)
	{
		char		text[32];
		int			length = 0;
		int			digits = 1 + pg_prng_uint64_range(&prng, 0, 19);
		int			point = pg_prng_uint64_range(&prng, 0, digits * 2);
		Numeric		expected;

		if (pg_prng_uint64_range(&prng, 0, 3) == 0)
			text[length++] = pg_prng_bool(&prng) ? '-' : '+';
		for (int i = 0; i <= digits; i++)
		{
			if (i == point)
				text[length++] = '.';
			if (i < digits)
				text[length++] = '0' + (pg_prng_bool(&prng) ? 0 : pg_prng_uint64_range(&prng, 0, 9));
		}
		text[length] = '\0';
		expected = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
		if (VARSIZE(expected) != VARSIZE(dec(text)) || memcmp(expected, dec(text), VARSIZE(expected)) != 0)
			broken++;
	}
	ok(broken == 0, "read as numeric_in() reads it, byte for byte");
}

UNIT_TEST(decimal)
{
	division();
	parsing();
	same_as_numeric_in();
	is_text(oms_dec_text(oms_dec_count(dec("999999999999999999999999999999999998.99"), dec("0.5"))),
			"1999999999999999999999999999999999997", "how many halves there are, cut");
	is_text(oms_dec_text(oms_dec_unit(0)), "1", "a unit of no decimals");
	is_text(oms_dec_text(oms_dec_unit(3)), "0.001", "a unit of three");
	ok(oms_dec_cmp(oms_dec_min(dec("2"), dec("-3")), dec("-3")) == 0, "the smaller");
	ok(oms_dec_same(NULL, NULL) && !oms_dec_same(NULL, dec("0")), "not given is not zero");
	ok(oms_dec_same(dec("1.0"), dec("1.00")), "equal is equal whatever the scale");
	is_text(oms_dec_text(oms_dec_add(dec("0.1"), dec("0.2"))), "0.3", "0.1 + 0.2");
	is_text(oms_dec_text(oms_dec_sub(dec("1.5"), dec("0.5"))), "1", "sums have no trailing zeros");
}
