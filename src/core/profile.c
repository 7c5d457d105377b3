/*-------------------------------------------------------------------------
 *
 * profile.c
 *	  What values are usual: a summary of them that has a fixed size.
 *
 * Pure.  Points with weights, each for the values around it.  When there are too
 * many, two neighbours become one: those that together matter least, where a weight
 * far out counts for more than in the middle.  So the edges, which probabilities are
 * asked of, stay fine, and a few values far away do not coarsen what is usual.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "core/profile.h"

/* What weighs less than this no longer counts. */
#define PROFILE_NOTHING		0.001

/* The outermost part by which what lies beyond is judged, and the fewest values that it is of. */
#define TAIL_PART			0.01
#define TAIL_VALUES			10.0

double
oms_profile_weight(const Profile *profile)
{
	double		sum = 0;

	for (int i = 0; i < profile->count; i++)
		sum += profile->weight[i];
	return sum;
}

static void
profile_merge_two(Profile *profile)
{
	double		total = oms_profile_weight(profile);
	double		before = 0;
	double		least = 0;
	double		weight;
	int			best = 0;

	for (int i = 0; i + 1 < profile->count; i++)
	{
		double		pair = profile->weight[i] + profile->weight[i + 1];
		double		part = (before + pair / 2) / total;
		double		cost = pair / (part * (1 - part));

		if (i == 0 || cost < least)
		{
			least = cost;
			best = i;
		}
		before += profile->weight[i];
	}
	weight = profile->weight[best] + profile->weight[best + 1];
	profile->value[best] += (profile->value[best + 1] - profile->value[best]) * (profile->weight[best + 1] / weight);
	profile->weight[best] = weight;
	profile->count--;
	for (int i = best + 1; i < profile->count; i++)
	{
		profile->value[i] = profile->value[i + 1];
		profile->weight[i] = profile->weight[i + 1];
	}
}

void
oms_profile_add(Profile *profile, double value, double weight)
{
	int			at = profile->count;

	while (at > 0 && profile->value[at - 1] > value)
		at--;
	if (at > 0 && profile->value[at - 1] == value)
	{
		profile->weight[at - 1] += weight;
		return;
	}
	for (int i = profile->count; i > at; i--)
	{
		profile->value[i] = profile->value[i - 1];
		profile->weight[i] = profile->weight[i - 1];
	}
	profile->value[at] = value;
	profile->weight[at] = weight;
	if (++profile->count > PROFILE_POINTS)
		profile_merge_two(profile);
}

void
oms_profile_remove(Profile *profile, double value, double weight)
{
	int			nearest = 0;

	if (profile->count == 0)
		return;
	for (int i = 1; i < profile->count; i++)
		if (fabs(profile->value[i] - value) < fabs(profile->value[nearest] - value))
			nearest = i;
	profile->weight[nearest] = Max(0, profile->weight[nearest] - weight);
	oms_profile_fade(profile, 1);
}

void
oms_profile_fade(Profile *profile, double factor)
{
	int			kept = 0;

	for (int i = 0; i < profile->count; i++)
	{
		double		weight = profile->weight[i] * factor;

		if (weight < PROFILE_NOTHING)
			continue;
		profile->value[kept] = profile->value[i];
		profile->weight[kept++] = weight;
	}
	profile->count = kept;
}

/* Half of a point's weight lies on each side of it, and between two points all is spread evenly. */
double
oms_profile_quantile(const Profile *profile, double part)
{
	double		wanted = part * oms_profile_weight(profile);
	double		reached = profile->weight[0] / 2;

	if (wanted <= reached)
		return profile->value[0];
	for (int i = 1; i < profile->count; i++)
	{
		double		between = (profile->weight[i - 1] + profile->weight[i]) / 2;

		if (wanted <= reached + between)
			return profile->value[i - 1] + (profile->value[i] - profile->value[i - 1]) * ((wanted - reached) / between);
		reached += between;
	}
	return profile->value[profile->count - 1];
}

/* The weight of what is as high as this, or higher; of values equal to a point all of it. */
static double
profile_above(const Profile *profile, double value)
{
	double		above = 0;

	for (int i = profile->count - 1; i >= 0; i--)
	{
		if (profile->value[i] >= value)
			above += profile->weight[i];
		else
		{
			/* of the two halves that lie between this point and the next one, what is beyond the value */
			if (i + 1 < profile->count && profile->value[i + 1] > value)
			{
				double		part = (profile->value[i + 1] - value) / (profile->value[i + 1] - profile->value[i]);

				above += part * (profile->weight[i] + profile->weight[i + 1]) / 2 - profile->weight[i + 1] / 2;
			}
			break;
		}
	}
	return above;
}

/* By how much on average the outermost values lie beyond the point from which on they are the outermost. */
static double
profile_tail_mean(const Profile *profile, double from, double floor)
{
	double		sum = 0;
	double		weight = 0;

	for (int i = profile->count - 1; i >= 0 && profile->value[i] > from; i--)
	{
		sum += profile->weight[i] * (profile->value[i] - from);
		weight += profile->weight[i];
	}
	return weight > 0 && sum / weight > floor ? sum / weight : floor;
}

static double
profile_probability_high(const Profile *profile, double value)
{
	double		total = oms_profile_weight(profile);
	double		least = 0.001 / (total + 2);
	double		seen = (profile_above(profile, value) + 1) / (total + 2);
	double		part = TAIL_PART * total < TAIL_VALUES ? TAIL_VALUES / total : TAIL_PART;
	double		from;
	double		spread;
	double		beyond;

	if (total <= TAIL_VALUES)
		return seen;
	from = oms_profile_quantile(profile, 1 - part);
	if (value <= from)
		return seen;
	/* what has always been the same has no tail; it is not said to be thinner than a thousandth of what is usual */
	spread = oms_profile_quantile(profile, 0.75) - oms_profile_quantile(profile, 0.25);
	if (spread == 0)
		spread = fabs(from);
	beyond = part * exp(-(value - from) / profile_tail_mean(profile, from, spread * 0.001 + 1e-9));
	return Max(least, Min(seen, beyond));
}

static double
profile_probability_low(const Profile *profile, double value)
{
	Profile		turned;

	turned.count = profile->count;
	for (int i = 0; i < profile->count; i++)
	{
		turned.value[i] = -profile->value[profile->count - 1 - i];
		turned.weight[i] = profile->weight[profile->count - 1 - i];
	}
	return profile_probability_high(&turned, -value);
}

double
oms_profile_probability(const Profile *profile, double value, ProfileSide side)
{
	double		high;
	double		low;

	switch (side)
	{
		case SIDE_HIGH:
			return profile_probability_high(profile, value);
		case SIDE_LOW:
			return profile_probability_low(profile, value);
		case SIDE_BOTH:
			high = profile_probability_high(profile, value);
			low = profile_probability_low(profile, value);
			return Min(1, 2 * Min(high, low));
		case SIDE_ANY:
			break;
	}
	return 1;
}
