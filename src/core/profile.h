/*-------------------------------------------------------------------------
 *
 * profile.h
 *	  What values are usual: a summary of them that has a fixed size.
 *
 * Doubles, here and where anomalies are scored and nowhere else: no money is
 * computed with them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_PROFILE_H
#define OMS_PROFILE_H

#include "postgres.h"

/* So many points stand for all values. */
#define PROFILE_POINTS	64

/* With fewer values nothing is said of another one. */
#define PROFILE_ENOUGH	200

typedef struct Profile
{
	int			count;
	double		value[PROFILE_POINTS + 1];	/* ascending; one more while it is added */
	double		weight[PROFILE_POINTS + 1];
} Profile;

typedef enum ProfileSide
{
	SIDE_HIGH = 1,
	SIDE_LOW,
	SIDE_BOTH,
	SIDE_ANY					/* no profile: whatever is above zero */
} ProfileSide;

/* The value must be finite. */
extern void oms_profile_add(Profile *profile, double value, double weight);

/* Takes back what was added, as near as it is still known. */
extern void oms_profile_remove(Profile *profile, double value, double weight);

/* All that it knows counts for so much of what it did; points that have become nothing go. */
extern void oms_profile_fade(Profile *profile, double factor);

/* How many values it stands for, by now. */
extern double oms_profile_weight(const Profile *profile);

/* Of a profile that is not empty: below it are so many of its values (0 to 1). */
extern double oms_profile_quantile(const Profile *profile, double part);

/*
 * How likely is a value as far out as this one?  What lies beyond all that was seen is
 * taken to thin out as the outermost part of it does, and is never said to be less
 * likely than a thousandth of once in all that was seen.
 */
extern double oms_profile_probability(const Profile *profile, double value, ProfileSide side);

#endif							/* OMS_PROFILE_H */
