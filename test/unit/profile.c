/*
 * What is usual, against all values sorted: probabilities and quantiles of many shapes of values, in
 * orders that are unkind, with outliers that somebody puts in, faded and taken back; the last values
 * of something; numbers at the end of ids.  What breaks if points are merged where probabilities are
 * asked of, if a few values far away coarsen what is usual, if a value beyond all is said to be more
 * likely than one within, or if a summary grows.
 */
#include "unit.h"

#include <math.h>

#include "core/fact.h"
#include "core/profile.h"

#define VALUES	20000

static double values[VALUES];
static uint64 seed = 22;

static double
chance(void)
{
	seed = seed * UINT64CONST(6364136223846793005) + UINT64CONST(1442695040888963407);
	return ((seed >> 11) + 0.5) / (double) (UINT64CONST(1) << 53);
}

static double
bell(void)
{
	return sqrt(-2 * log(chance())) * cos(2 * M_PI * chance());
}

static double
shape(int which, int i)
{
	switch (which)
	{
		case 0:
			return bell();
		case 1:
			return (chance() < 0.5 ? -1 : 1) * -log(chance());
		case 2:
			return i;			/* ever higher */
		case 3:
			return floor(chance() * 5);
		case 4:
			return 100 + (i % 7) * 10;
		default:
			return -log(chance());
	}
}

static int
compare(const void *a, const void *b)
{
	double		first = *(const double *) a;
	double		second = *(const double *) b;

	return first < second ? -1 : first > second;
}

/* The part of all values that is as high. */
static double
part_above(double value, int count)
{
	int			found = 0;

	for (int i = 0; i < count; i++)
		found += values[i] >= value;
	return (found + 1.0) / (count + 2);
}

/* Out to one value in a thousand. What has heavier tails than these is for the scale LOG. */
static void
against_sorted(int which)
{
	Profile		profile = {0};
	double		worst = 0;
	double		worst_quantile = 0;

	for (int i = 0; i < VALUES; i++)
	{
		values[i] = shape(which, i);
		oms_profile_add(&profile, values[i], 1);
		if (profile.count > PROFILE_POINTS)
			ok(false, "shape %d: has %d points", which, profile.count);
	}
	qsort(values, VALUES, sizeof(double), compare);
	for (double part = 0.5; part < 0.999; part = 1 - (1 - part) * 0.7)
	{
		double		value = values[(int) (part * VALUES)];
		double		seen = part_above(value, VALUES);
		double		said = oms_profile_probability(&profile, value, SIDE_HIGH);
		double		back = oms_profile_quantile(&profile, part);

		worst = Max(worst, fabs(log(said / seen)));
		worst_quantile = Max(worst_quantile, fabs(part_above(back, VALUES) - (1 - part)) / (1 - part));
	}
	/* of values that are few a point stands for many, and all that lie at it count */
	ok(worst < (which == 3 || which == 4 ? 1.1 : 0.7), "shape %d: probabilities are right within a factor of %.2f", which, exp(worst));
	if (which != 3 && which != 4)
		ok(worst_quantile < 0.9, "shape %d: quantiles are right within %.2f of the part", which, worst_quantile);
}

static void
beyond(void)
{
	Profile		profile = {0};
	double		before = 1;
	bool		falls = true;

	for (int i = 0; i < VALUES; i++)
		oms_profile_add(&profile, bell(), 1);
	for (double value = 0; value < 40; value += 0.25)
	{
		double		said = oms_profile_probability(&profile, value, SIDE_HIGH);

		falls &= said <= before + 1e-12;
		before = said;
	}
	ok(falls, "the further out the less likely");
	ok(before >= 0.001 / (VALUES + 2) && before < 1e-5, "and never less than a thousandth of once in all");
	ok(fabs(oms_profile_probability(&profile, 3, SIDE_BOTH) - oms_profile_probability(&profile, -3, SIDE_BOTH)) < 0.002, "both sides are alike");
	ok(oms_profile_probability(&profile, -30, SIDE_LOW) < 1e-5 && oms_profile_probability(&profile, -30, SIDE_HIGH) > 0.9, "low is not high");
	ok(oms_profile_probability(&profile, 100, SIDE_ANY) == 1, "and any is nothing that a profile says");
}

/* A few hundred values far away leave what is usual as it is. */
static void
outliers(void)
{
	Profile		clean = {0};
	Profile		fed = {0};

	for (int i = 0; i < VALUES; i++)
	{
		double		value = bell();

		oms_profile_add(&clean, value, 1);
		oms_profile_add(&fed, value, 1);
		if (i % 100 == 0)
			oms_profile_add(&fed, 1e6 + i * 1e3, 1);
	}
	ok(fabs(oms_profile_quantile(&clean, 0.5) - oms_profile_quantile(&fed, 0.5)) < 0.1, "the middle stays");
	ok(fabs(oms_profile_quantile(&clean, 0.95) - oms_profile_quantile(&fed, 0.94)) < 0.3, "and what is rare by itself");
	ok(oms_profile_probability(&fed, 6, SIDE_HIGH) < 0.02, "what lies between the two is unlikely");
}

static void
fading(void)
{
	Profile		profile = {0};
	Profile		same = {0};

	for (int i = 0; i < 1000; i++)
		oms_profile_add(&profile, i % 10, 1);
	oms_profile_add(&profile, 77, 1);
	oms_profile_remove(&profile, 77, 1);
	for (int i = 0; i < 1000; i++)
		oms_profile_add(&same, i % 10, 1);
	ok(memcmp(profile.value, same.value, sizeof(double) * 10) == 0 && memcmp(profile.weight, same.weight, sizeof(double) * 10) == 0 && profile.count == same.count,
	   "what was added and taken back was never there");
	oms_profile_fade(&profile, 0.5);
	ok(oms_profile_weight(&profile) == 500 && oms_profile_quantile(&profile, 0.5) == oms_profile_quantile(&same, 0.5), "all fades alike");
	oms_profile_fade(&profile, 1e-9);
	ok(profile.count == 0 && oms_profile_weight(&profile) == 0, "and is nothing in the end");
	oms_profile_remove(&profile, 1, 1);
	ok(profile.count == 0, "of nothing nothing can be taken");
	for (int i = 0; i < 1000; i++)
		oms_profile_add(&profile, 5, 1);
	ok(profile.count == 1 && oms_profile_probability(&profile, 5, SIDE_HIGH) > 0.9 && oms_profile_probability(&profile, 6, SIDE_HIGH) < 0.01,
	   "what was always the same and is not");
}

static void
recent_values(void)
{
	Recent		recent = {0};
	double		number;
	int			prefix;

	for (int i = 1; i <= 60; i++)
		oms_recent_add(&recent, i % 4, i);
	ok(recent.count == RECENT_VALUES && recent.at[0] == 11 && recent.at[RECENT_VALUES - 1] == 60, "the last fifty are kept");
	ok(oms_recent_count(&recent, 51) == 10 && oms_recent_count_equal(&recent, 0, 51) == 3, "counted since then");
	ok(oms_recent_median(&recent) == 1.5 && oms_recent_mean(&recent) == 1.5, "their middle and mean");
	ok(oms_id_number("EX00017", &number, &prefix) && number == 17 && prefix == 2, "a number at the end of an id");
	ok(!oms_id_number("EX17a", &number, &prefix) && !oms_id_number("", &number, &prefix), "and none");
	ok(oms_id_number("12345678901234567890", &number, &prefix) && prefix == 5 && number == 678901234567890.0, "of so many digits");
}

UNIT_TEST(profile)
{
	for (int which = 0; which < 6; which++)
		against_sorted(which);
	beyond();
	outliers();
	fading();
	recent_values();
}
