/*
 * gateway/live/decimal.h
 *     Exact decimals, as PostgreSQL's numeric has them: compared by value, written as they were read.
 */
#ifndef LIVE_DECIMAL_H
#define LIVE_DECIMAL_H

#include "text.h"

#define DECIMAL_SHORT_DIGITS 18
#define DECIMAL_LONG (-1)		/* as a scale */
/* A constant of a user's (the extension takes no more); values of the store may have more. */
#define DECIMAL_DIGITS_MAX 38

/* mantissa / 10^scale, or where it has more digits than fit its text: "-12.50", with digits on both sides of a point. */
typedef struct Decimal
{
	int64_t		mantissa;
	int			scale;			/* 0 to 18, or DECIMAL_LONG */
	Span		text;
} Decimal;

/* "-12.50". A long one's text is what was given. False: it is none. */
extern bool decimal_read(Span text, Decimal *decimal);
/*
 * The same as JSON may write it, "1.5e3", and with at most DECIMAL_DIGITS_MAX digits, or with a point or sign where JSON has none.
 * room: where a long one's text goes.
 */
#define DECIMAL_ROOM (DECIMAL_DIGITS_MAX + 4)
extern bool decimal_read_constant(Span text, char room[DECIMAL_ROOM], Decimal *decimal);

extern int	decimal_cmp(const Decimal *a, const Decimal *b);
/* As it was read: with the zeros that it had. */
extern void decimal_write(const Decimal *decimal, Text *out);
/* Of equal values the same text. */
extern void decimal_write_trimmed(const Decimal *decimal, Text *out);
/* What sorts as they do, but that near ones may be equal: millionths, rounded down, within 64 bits. */
extern int64_t decimal_order(const Decimal *decimal);

/* The digits on both sides of the point, without zeros that change nothing. */
typedef struct DecimalDigits
{
	bool		negative;		/* never of zero */
	const char *whole;
	size_t		nwhole;
	const char *part;
	size_t		npart;
	char		room[24];		/* of a short one */
} DecimalDigits;

extern void decimal_digits(const Decimal *decimal, DecimalDigits *digits);

#endif
