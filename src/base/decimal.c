/*-------------------------------------------------------------------------
 *
 * decimal.c
 *	  Exact decimal arithmetic for quantities, prices and values.
 *
 * Pure: no table, no lock, no state but two constants.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/decimal.h"

static Numeric dec_zero = NULL;
static Numeric dec_one = NULL;

static Numeric
dec_constant(int64 value)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	Numeric		result = int64_to_numeric(value);

	MemoryContextSwitchTo(old);
	return result;
}

Numeric
oms_dec_zero(void)
{
	if (dec_zero == NULL)
		dec_zero = dec_constant(0);
	return dec_zero;
}

Numeric
oms_dec_one(void)
{
	if (dec_one == NULL)
		dec_one = dec_constant(1);
	return dec_one;
}

Numeric
oms_dec_add(Numeric a, Numeric b)
{
	return oms_dec_trim(numeric_add_opt_error(a, b, NULL));
}

Numeric
oms_dec_plus(Numeric a, Numeric b)
{
	if (a == NULL || b == NULL)
		return a ? a : b;
	return oms_dec_add(a, b);
}

Numeric
oms_dec_sub(Numeric a, Numeric b)
{
	return oms_dec_trim(numeric_sub_opt_error(a, b, NULL));
}

Numeric
oms_dec_mul(Numeric a, Numeric b)
{
	return oms_dec_trim(numeric_mul_opt_error(a, b, NULL));
}

Numeric
oms_dec_neg(Numeric a)
{
	return DatumGetNumeric(DirectFunctionCall1(numeric_uminus, NumericGetDatum(a)));
}

Numeric
oms_dec_max(Numeric a, Numeric b)
{
	return oms_dec_cmp(a, b) >= 0 ? a : b;
}

Numeric
oms_dec_min(Numeric a, Numeric b)
{
	return oms_dec_cmp(a, b) <= 0 ? a : b;
}

Numeric
oms_dec_trim(Numeric a)
{
	if (oms_dec_scale(a) == 0)
		return a;
	return DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, NumericGetDatum(a)));
}

Numeric
oms_dec_round(Numeric a, int scale)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_round, NumericGetDatum(a),
											   Int32GetDatum(scale)));
}

Numeric
oms_dec_count(Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_div_trunc, NumericGetDatum(a), NumericGetDatum(b)));
}

Numeric
oms_dec_unit(int decimals)
{
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(psprintf("1e-%d", decimals)),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

Numeric
oms_dec_smallest(Numeric a)
{
	return oms_dec_unit(Max(QUANTITY_SCALE, oms_dec_scale(a)));
}

/* 10^power, made once for each of the few powers in use. */
static Numeric
dec_power_of_ten(int power)
{
	static Numeric made[2 * FACTOR_SCALE + 1];
	Numeric    *slot = &made[power + FACTOR_SCALE];

	Assert(power >= -FACTOR_SCALE && power <= FACTOR_SCALE);
	if (*slot == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		*slot = DatumGetNumeric(DirectFunctionCall3(numeric_in,
													CStringGetDatum(psprintf("1e%d", power)),
													ObjectIdGetDatum(InvalidOid),
													Int32GetDatum(-1)));
		MemoryContextSwitchTo(old);
	}
	return *slot;
}

Numeric
oms_dec_half_unit(int scale)
{
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(psprintf("5e-%d", scale + 1)),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

/*
 * numeric's own division picks a result scale of 16 or more significant
 * digits, which is too few for a value of many digits, and rounding its result
 * would round twice.  So: widen the dividend, divide to an integer, and let the
 * remainder decide the last digit.
 */
Numeric
oms_dec_div(Numeric a, Numeric b, int scale)
{
	Numeric		scaled = numeric_mul_opt_error(a, dec_power_of_ten(scale), NULL);
	Numeric		quotient = oms_dec_count(scaled, b);
	Numeric		rest = numeric_sub_opt_error(scaled, numeric_mul_opt_error(quotient, b, NULL), NULL);

	if (oms_dec_sign(rest) != 0)
	{
		Numeric		twice = numeric_add_opt_error(rest, rest, NULL);
		Numeric		size = b;

		if (oms_dec_sign(twice) < 0)
			twice = oms_dec_neg(twice);
		if (oms_dec_sign(size) < 0)
			size = oms_dec_neg(size);
		if (oms_dec_cmp(twice, size) >= 0)
			quotient = numeric_add_opt_error(quotient,
											 int64_to_numeric(oms_dec_sign(a) * oms_dec_sign(b)), NULL);
	}
	return oms_dec_mul(quotient, dec_power_of_ten(-scale));
}

int
oms_dec_scale(Numeric a)
{
	return DatumGetInt32(DirectFunctionCall1(numeric_scale, NumericGetDatum(a)));
}

int
oms_dec_cmp(Numeric a, Numeric b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(a), NumericGetDatum(b)));
}

int
oms_dec_sign(Numeric a)
{
	return oms_dec_cmp(a, oms_dec_zero());
}

bool
oms_dec_same(Numeric a, Numeric b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return oms_dec_cmp(a, b) == 0;
}

char *
oms_dec_text(Numeric a)
{
	return a ? DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(a))) : pstrdup("none");
}

static int
dec_count_digits(const char *text, size_t length)
{
	size_t		i = 0;
	int			digits = 0;

	while (i < length && (text[i] == '-' || text[i] == '+' || text[i] == '0'))
		i++;
	for (; i < length; i++)
		digits += isdigit((unsigned char) text[i]) ? 1 : 0;
	return digits;
}

/* A sign, digits, and a point among them or at an end. */
static bool
dec_is_plain(const char *text, size_t length)
{
	size_t		i = text[0] == '-' || text[0] == '+' ? 1 : 0;
	int			digits = 0;
	bool		point = false;

	for (; i < length && (isdigit((unsigned char) text[i]) || (text[i] == '.' && !point)); i++)
	{
		point = point || text[i] == '.';
		digits += text[i] != '.' ? 1 : 0;
	}
	return i == length && digits > 0;
}

/* So many digits are an integer, also with three zeros behind them, which int64_div_fast_to_numeric() may need. */
#define DIGITS_OF_INTEGER	15

bool
oms_dec_parse(const char *text, size_t length, Numeric *result)
{
	size_t		i = 0;
	int			digits = 0;
	int			scale = 0;
	int64		value = 0;
	char		buf[DECIMAL_DIGITS_MAX * 4];

	if (length == 0 || length >= sizeof(buf))
		return false;
	if (text[i] == '-' || text[i] == '+')
		i++;
	for (; i < length && isdigit((unsigned char) text[i]) && digits < DIGITS_OF_INTEGER; i++, digits++)
		value = value * 10 + (text[i] - '0');
	if (i < length && text[i] == '.')
		for (i++; i < length && isdigit((unsigned char) text[i]) && digits < DIGITS_OF_INTEGER; i++, digits++, scale++)
			value = value * 10 + (text[i] - '0');
	/* nearly every number ends here: numeric_in() gives the same, byte for byte, and takes three times as long */
	if (i == length && digits > 0)
	{
		value = text[0] == '-' ? -value : value;
		*result = scale > 0 ? int64_div_fast_to_numeric(value, scale) : int64_to_numeric(value);
		return true;
	}
	if (!dec_is_plain(text, length) || dec_count_digits(text, length) > DECIMAL_DIGITS_MAX)
		return false;

	memcpy(buf, text, length);
	buf[length] = '\0';
	*result = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(buf),
												  ObjectIdGetDatum(InvalidOid),
												  Int32GetDatum(-1)));
	return true;
}

bool
oms_dec_acceptable(Numeric a)
{
	char	   *text;

	if (numeric_is_nan(a) || numeric_is_inf(a))
		return false;
	/* a short varlena cannot hold too many digits, but a long scale of zeros it can */
	text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(a)));
	return dec_count_digits(text, strlen(text)) <= DECIMAL_DIGITS_MAX;
}

bool
oms_dec_is_finite(Numeric a)
{
	return !numeric_is_nan(a) && !numeric_is_inf(a);
}
