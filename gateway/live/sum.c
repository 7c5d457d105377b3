/*
 * gateway/live/sum.c
 *     Exact sums.
 *
 * A number of 18 digits is two integers, which 128 bits hold billions of; nothing is carried before the sum is written.
 */
#include "sum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMB_DIGITS DECIMAL_SHORT_DIGITS
#define LIMB_UNIT ((__int128) 1000000000000000000)
#define LIMBS_PART 5			/* on each side of the point */
#define LIMBS (2 * LIMBS_PART + 1)	/* and one that only carries reach */

struct SumWide
{
	__int128	limbs[LIMBS];	/* the lowest first: that of 10^-90 */
	uint64_t	beyond;			/* how many numbers are too long even for these */
};

static int64_t
sum_power(int exponent)
{
	int64_t		power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

static void
sum_put_long(Sum *sum, const Decimal *decimal, int sign)
{
	DecimalDigits digits;
	SumWide    *wide = sum->wide;

	if (wide == NULL)
	{
		wide = sum->wide = must_alloc(sizeof(SumWide));
		memset(wide, 0, sizeof(SumWide));
	}
	decimal_digits(decimal, &digits);
	if (digits.nwhole > LIMBS_PART * LIMB_DIGITS || digits.npart > LIMBS_PART * LIMB_DIGITS)
	{
		wide->beyond += (uint64_t) (int64_t) sign;
		return;
	}
	if (digits.negative)
		sign = -sign;
	for (size_t i = 0; i < digits.nwhole; i++)
	{
		size_t		place = digits.nwhole - 1 - i;

		wide->limbs[LIMBS_PART + place / LIMB_DIGITS] += sign * (digits.whole[i] - '0') * (__int128) sum_power((int) (place % LIMB_DIGITS));
	}
	for (size_t i = 0; i < digits.npart; i++)
		wide->limbs[LIMBS_PART - 1 - i / LIMB_DIGITS] +=
			sign * (digits.part[i] - '0') * (__int128) sum_power((int) (LIMB_DIGITS - 1 - i % LIMB_DIGITS));
}

static void
sum_put(Sum *sum, const Decimal *decimal, int sign)
{
	int64_t		unit;

	if (decimal->scale == DECIMAL_LONG)
	{
		sum_put_long(sum, decimal, sign);
		return;
	}
	if (decimal->scale == 0)
	{
		sum->whole += sign * (__int128) decimal->mantissa;
		return;
	}
	unit = sum_power(decimal->scale);
	sum->whole += sign * (__int128) (decimal->mantissa / unit);
	sum->part += sign * (__int128) (decimal->mantissa % unit) * sum_power(LIMB_DIGITS - decimal->scale);
}

void
sum_add(Sum *sum, const Decimal *decimal)
{
	sum_put(sum, decimal, 1);
}

void
sum_take(Sum *sum, const Decimal *decimal)
{
	sum_put(sum, decimal, -1);
}

/* Each limb but the last from 0 to its unit; the last has the sign. */
static void
sum_carry(const Sum *sum, int sign, __int128 limbs[LIMBS])
{
	__int128	carry = 0;

	for (int i = 0; i < LIMBS; i++)
	{
		__int128	limb = sum->wide != NULL ? sum->wide->limbs[i] : 0;

		if (i == LIMBS_PART)
			limb += sum->whole;
		else if (i == LIMBS_PART - 1)
			limb += sum->part;
		limb = sign * limb + carry;
		carry = 0;
		if (i < LIMBS - 1)
		{
			carry = limb / LIMB_UNIT;
			limb %= LIMB_UNIT;
			if (limb < 0)
			{
				limb += LIMB_UNIT;
				carry--;
			}
		}
		limbs[i] = limb;
	}
}

bool
sum_write(const Sum *sum, Text *out)
{
	__int128	limbs[LIMBS];
	char		digits[LIMBS * LIMB_DIGITS + 1];
	const size_t point = (LIMBS - LIMBS_PART) * LIMB_DIGITS;
	size_t		first = 0;
	size_t		end = LIMBS * LIMB_DIGITS;

	if (sum->wide != NULL && sum->wide->beyond != 0)
		return false;
	sum_carry(sum, 1, limbs);
	if (limbs[LIMBS - 1] < 0)
	{
		sum_carry(sum, -1, limbs);
		text_puts(out, "-");
	}
	for (int i = 0; i < LIMBS; i++)
		snprintf(digits + (size_t) i * LIMB_DIGITS, LIMB_DIGITS + 1, "%018lld", (long long) limbs[LIMBS - 1 - i]);
	while (first < point - 1 && digits[first] == '0')
		first++;
	while (end > point && digits[end - 1] == '0')
		end--;
	text_add(out, digits + first, point - first);
	if (end > point)
	{
		text_puts(out, ".");
		text_add(out, digits + point, end - point);
	}
	return true;
}

void
sum_free(Sum *sum)
{
	free(sum->wide);
	*sum = (Sum) {0};
}
