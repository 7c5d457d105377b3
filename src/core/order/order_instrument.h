/*-------------------------------------------------------------------------
 *
 * order_instrument.h
 *	  What tells one contract from another, beside the symbol.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_INSTRUMENT_H
#define OMS_ORDER_INSTRUMENT_H

#include "postgres.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

/* A field of FIX that has no column: as text, or NULL. */
extern char *oms_fix_text(Jsonb *fix, const char *name);

/* The attribute roundLot of an order, a number or a numeric text; or NULL. */
extern Numeric oms_round_lot(Jsonb *attributes);

typedef struct InstrumentDifference
{
	const char *field;
	char	   *a;
	char	   *b;
} InstrumentDifference;

/*
 * The next field of the Instrument block that both state, and differently; `next`
 * begins at 0.  False: there is none.
 */
extern bool oms_instrument_differs(Jsonb *a, Jsonb *b, int *next, InstrumentDifference *difference);

/* The name of the next field of it, or NULL; of what says what its ids and prices mean too. */
extern const char *oms_instrument_field(int *next);

#endif							/* OMS_ORDER_INSTRUMENT_H */
