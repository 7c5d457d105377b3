/*
 * gateway/live/sum.h
 *     Exact sums that grow and shrink: what was added can be taken away again.
 */
#ifndef LIVE_SUM_H
#define LIVE_SUM_H

#include "decimal.h"

typedef struct SumWide SumWide;

/* All zero is nothing. */
typedef struct Sum
{
	__int128	whole;
	__int128	part;			/* in units of 10^-18, not carried */
	SumWide    *wide;			/* what has more digits, or NULL */
} Sum;

extern void sum_add(Sum *sum, const Decimal *decimal);
extern void sum_take(Sum *sum, const Decimal *decimal);
/* As a number without zeros behind that change nothing. False, and nothing written: it has numbers of more than 90 digits on a side. */
extern bool sum_write(const Sum *sum, Text *out);
extern void sum_free(Sum *sum);

#endif
