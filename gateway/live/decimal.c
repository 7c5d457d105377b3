/*
 * gateway/live/decimal.c
 *     Exact decimals.
 *
 * Nearly all are short: 18 digits in an integer, and a comparison is one of integers. The others are compared digit by digit.
 */
#include "decimal.h"

#include <string.h>

#define ORDER_SCALE 6
#define EXPONENT_MAX 100

static const int64_t powers[DECIMAL_SHORT_DIGITS + 1] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
	10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000,
};

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
decimal_read(Span text, Decimal *decimal)
{
	size_t		i = text.len > 0 && text.data[0] == '-';
	bool		negative = i > 0;
	size_t		first = i;
	size_t		digits = 0;
	size_t		point = SIZE_MAX;
	int64_t		mantissa = 0;

	for (; i < text.len; i++)
	{
		char		c = text.data[i];

		if (c == '.' && point == SIZE_MAX && i > first)
		{
			point = i;
			continue;
		}
		if (!is_digit(c))
			return false;
		if (mantissa != 0 || c != '0')
			digits++;
		if (digits <= DECIMAL_SHORT_DIGITS)
			mantissa = mantissa * 10 + (c - '0');
	}
	if (text.len == first || point == text.len - 1)
		return false;
	*decimal = (Decimal) {.scale = DECIMAL_LONG, .text = text};
	if (digits <= DECIMAL_SHORT_DIGITS && (point == SIZE_MAX || text.len - point - 1 <= DECIMAL_SHORT_DIGITS))
		*decimal = (Decimal) {.mantissa = negative ? -mantissa : mantissa, .scale = point == SIZE_MAX ? 0 : (int) (text.len - point - 1)};
	return true;
}

/* What stands behind an 'e'. */
static bool
decimal_exponent(Span text, int *exponent)
{
	size_t		i = text.len > 0 && (text.data[0] == '-' || text.data[0] == '+');

	*exponent = 0;
	if (i == text.len)
		return false;
	for (; i < text.len; i++)
	{
		if (!is_digit(text.data[i]))
			return false;
		if (*exponent <= EXPONENT_MAX)
			*exponent = *exponent * 10 + (text.data[i] - '0');
	}
	if (text.data[0] == '-')
		*exponent = -*exponent;
	return true;
}

/* Its digits, and how many stand before the point. */
static bool
decimal_parts(Span text, char digits[DECIMAL_DIGITS_MAX], int *ndigits, int *before, bool *negative)
{
	size_t		i = text.len > 0 && text.data[0] == '-';
	bool		point = false;
	bool		any = false;
	int			zeros = 0;		/* not yet taken: they count only where a digit follows */

	*negative = i > 0;
	*ndigits = *before = 0;
	for (; i < text.len && text.data[i] != 'e' && text.data[i] != 'E'; i++)
	{
		char		c = text.data[i];

		if (c == '.' && !point && any)
		{
			point = true;
			continue;
		}
		if (!is_digit(c))
			return false;
		any = true;
		if (c == '0' && *ndigits == 0)
		{
			*before -= point;
			continue;
		}
		*before += !point;
		if (c == '0')
		{
			zeros++;
			continue;
		}
		if (*ndigits + zeros >= DECIMAL_DIGITS_MAX)
			return false;
		memset(digits + *ndigits, '0', (size_t) zeros);
		*ndigits += zeros;
		zeros = 0;
		digits[(*ndigits)++] = c;
	}
	if (!any || (i > 0 && text.data[i - 1] == '.'))
		return false;
	if (i < text.len)
	{
		int			exponent;

		if (!decimal_exponent((Span) {text.data + i + 1, text.len - i - 1}, &exponent))
			return false;
		*before += exponent;
	}
	return true;
}

bool
decimal_read_constant(Span text, char room[DECIMAL_ROOM], Decimal *decimal)
{
	char		digits[DECIMAL_DIGITS_MAX];
	int			ndigits;
	int			before;
	bool		negative;
	size_t		at = 0;

	if (!decimal_parts(text, digits, &ndigits, &before, &negative))
		return false;
	if (ndigits == 0)
		before = negative = 0;
	/* "0.001" has three digits behind the point, "1000" four before it. */
	if (before > DECIMAL_DIGITS_MAX || ndigits - before > DECIMAL_DIGITS_MAX)
		return false;
	if (negative)
		room[at++] = '-';
	if (before <= 0)
		room[at++] = '0';
	for (int i = before < 0 ? before : 0; i < ndigits || i < before; i++)
	{
		if (i == before || (before < 0 && i == before) || (before == 0 && i == 0))
			room[at++] = '.';
		room[at++] = i >= 0 && i < ndigits ? digits[i] : '0';
	}
	return decimal_read((Span) {room, at}, decimal);
}

void
decimal_digits(const Decimal *decimal, DecimalDigits *digits)
{
	Span		text = decimal->text;
	const char *point;

	if (decimal->scale != DECIMAL_LONG)
	{
		Text		none = {.data = digits->room, .room = sizeof(digits->room)};

		decimal_write(decimal, &none);
		text = (Span) {digits->room, none.len};
	}
	digits->negative = text.data[0] == '-';
	text.data += digits->negative;
	text.len -= digits->negative;
	point = memchr(text.data, '.', text.len);
	digits->whole = text.data;
	digits->nwhole = point != NULL ? (size_t) (point - text.data) : text.len;
	digits->part = point != NULL ? point + 1 : text.data + text.len;
	digits->npart = text.len - digits->nwhole - (point != NULL);
	while (digits->nwhole > 0 && digits->whole[0] == '0')
		digits->whole++, digits->nwhole--;
	while (digits->npart > 0 && digits->part[digits->npart - 1] == '0')
		digits->npart--;
	if (digits->nwhole == 0 && digits->npart == 0)
		digits->negative = false;
}

static int
decimal_cmp_long(const Decimal *a, const Decimal *b)
{
	DecimalDigits x;
	DecimalDigits y;
	int			cmp;

	decimal_digits(a, &x);
	decimal_digits(b, &y);
	if (x.negative != y.negative)
		return x.negative ? -1 : 1;
	cmp = (x.nwhole > y.nwhole) - (x.nwhole < y.nwhole);
	if (cmp == 0)
		cmp = memcmp(x.whole, y.whole, x.nwhole);
	if (cmp == 0)
		cmp = memcmp(x.part, y.part, x.npart < y.npart ? x.npart : y.npart);
	if (cmp == 0)
		cmp = (x.npart > y.npart) - (x.npart < y.npart);
	cmp = (cmp > 0) - (cmp < 0);
	return x.negative ? -cmp : cmp;
}

int
decimal_cmp(const Decimal *a, const Decimal *b)
{
	__int128	x = a->mantissa;
	__int128	y = b->mantissa;

	if (a->scale == DECIMAL_LONG || b->scale == DECIMAL_LONG)
		return decimal_cmp_long(a, b);
	if (a->scale < b->scale)
		x *= powers[b->scale - a->scale];
	else
		y *= powers[a->scale - b->scale];
	return (x > y) - (x < y);
}

void
decimal_write(const Decimal *decimal, Text *out)
{
	char		buffer[24];
	char	   *at = buffer + sizeof(buffer);
	uint64_t	rest = decimal->mantissa < 0 ? -(uint64_t) decimal->mantissa : (uint64_t) decimal->mantissa;

	if (decimal->scale == DECIMAL_LONG)
	{
		text_add(out, decimal->text.data, decimal->text.len);
		return;
	}
	for (int i = 0; i <= decimal->scale || rest > 0; i++)
	{
		if (i == decimal->scale && i > 0)
			*--at = '.';
		*--at = (char) ('0' + rest % 10);
		rest /= 10;
	}
	if (decimal->mantissa < 0)
		*--at = '-';
	text_add(out, at, (size_t) (buffer + sizeof(buffer) - at));
}

void
decimal_write_trimmed(const Decimal *decimal, Text *out)
{
	DecimalDigits digits;

	decimal_digits(decimal, &digits);
	if (digits.negative)
		text_puts(out, "-");
	if (digits.nwhole > 0)
		text_add(out, digits.whole, digits.nwhole);
	else
		text_puts(out, "0");
	if (digits.npart > 0)
	{
		text_puts(out, ".");
		text_add(out, digits.part, digits.npart);
	}
}

static int64_t
decimal_order_long(const Decimal *decimal)
{
	DecimalDigits digits;
	__int128	millionths = 0;

	decimal_digits(decimal, &digits);
	if (digits.nwhole > DECIMAL_SHORT_DIGITS)
		return digits.negative ? INT64_MIN : INT64_MAX;
	for (size_t i = 0; i < digits.nwhole; i++)
		millionths = millionths * 10 + (digits.whole[i] - '0');
	for (size_t i = 0; i < ORDER_SCALE; i++)
		millionths = millionths * 10 + (i < digits.npart ? digits.part[i] - '0' : 0);
	if (digits.negative)
		millionths = -millionths - (digits.npart > ORDER_SCALE);
	return millionths > INT64_MAX ? INT64_MAX : millionths < INT64_MIN ? INT64_MIN : (int64_t) millionths;
}

int64_t
decimal_order(const Decimal *decimal)
{
	__int128	millionths = decimal->mantissa;

	if (decimal->scale == DECIMAL_LONG)
		return decimal_order_long(decimal);
	if (decimal->scale <= ORDER_SCALE)
		millionths *= powers[ORDER_SCALE - decimal->scale];
	else
	{
		int64_t		unit = powers[decimal->scale - ORDER_SCALE];

		millionths = decimal->mantissa / unit - (decimal->mantissa % unit < 0);
	}
	return millionths > INT64_MAX ? INT64_MAX : millionths < INT64_MIN ? INT64_MIN : (int64_t) millionths;
}
