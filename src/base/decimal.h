/*-------------------------------------------------------------------------
 *
 * decimal.h
 *	  Exact decimal arithmetic for quantities, prices and values.
 *
 * Thin names over PostgreSQL's numeric.  Every function returns a fresh value
 * in the current memory context and leaves its arguments alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_DECIMAL_H
#define OMS_DECIMAL_H

#include "postgres.h"
#include "utils/numeric.h"

#define DECIMAL_DIGITS_MAX	38	/* digits a number given by a user may have */
#define AVG_PX_SCALE		10	/* decimals of an average price */
#define FACTOR_SCALE		20	/* decimals of a quantity factor */
#define QUANTITY_SCALE		10	/* decimals that a scaled quantity has at least */

extern Numeric oms_dec_zero(void);
extern Numeric oms_dec_one(void);
/* Sums, differences and products have no trailing zeros after the point. */
extern Numeric oms_dec_add(Numeric a, Numeric b);

/* The same where NULL stands for nothing on either side. */
extern Numeric oms_dec_plus(Numeric a, Numeric b);
extern Numeric oms_dec_sub(Numeric a, Numeric b);
extern Numeric oms_dec_mul(Numeric a, Numeric b);
extern Numeric oms_dec_neg(Numeric a);
extern Numeric oms_dec_max(Numeric a, Numeric b);
extern Numeric oms_dec_min(Numeric a, Numeric b);
extern Numeric oms_dec_trim(Numeric a);

/* One unit of the last of so many decimals: 1 for none, 0.01 for two. */
extern Numeric oms_dec_unit(int decimals);

/* One unit of the last decimal that a scaled quantity has: of the tenth, or of a's own last. */
extern Numeric oms_dec_smallest(Numeric a);

/* a ÷ b, rounded half away from zero to `scale` decimals, trailing zeros cut. */
extern Numeric oms_dec_div(Numeric a, Numeric b, int scale);
extern Numeric oms_dec_round(Numeric a, int scale);

/* a ÷ b without its decimals: how many whole b are in a, exactly. */
extern Numeric oms_dec_count(Numeric a, Numeric b);

/* Half of the last digit of a number with this many decimals. */
extern Numeric oms_dec_half_unit(int scale);
extern int	oms_dec_scale(Numeric a);
extern int	oms_dec_cmp(Numeric a, Numeric b);
extern int	oms_dec_sign(Numeric a);

/* Equal, where NULL stands for "not given" and equals only itself. */
extern bool oms_dec_same(Numeric a, Numeric b);
extern char *oms_dec_text(Numeric a);

/*
 * Read a plain decimal ("-12.50"; no exponent, no NaN).  False if it is none,
 * or has more than DECIMAL_DIGITS_MAX digits.  The scale is kept as written.
 */
extern bool oms_dec_parse(const char *text, size_t length, Numeric *result);

/* Whether a number that PostgreSQL read (from JSON) is within our limits. */
extern bool oms_dec_acceptable(Numeric a);

/* Neither NaN nor infinite: what can be reckoned with, though it may have more digits than we take. */
extern bool oms_dec_is_finite(Numeric a);

#endif							/* OMS_DECIMAL_H */
