/*
 * gateway/live/totals.h
 *     How many rows, and the sums of their quantities, for each currency: exact, while rows come and go.
 */
#ifndef LIVE_TOTALS_H
#define LIVE_TOTALS_H

#include "store.h"
#include "sum.h"

#define TOTALS_MAX 24			/* fields that are summed */

typedef struct TotalsFields
{
	int			count;
	int			fields[TOTALS_MAX];
	FieldSet	uses;			/* with the currency */
} TotalsFields;

typedef struct TotalsLine TotalsLine;

typedef struct Totals
{
	uint32_t	count;
	uint32_t	stamp;			/* another one after every change */
	TotalsLine **lines;			/* by the code of the currency + 1; 0: without one */
	uint32_t	nlines;
} Totals;

extern void totals_fields(const Schema *schema, TotalsFields *fields);
extern void totals_add(Totals *totals, const TotalsFields *fields, const Store *store, Row row);
extern void totals_take(Totals *totals, const TotalsFields *fields, const Store *store, Row row);
/* [{"currency":"EUR","count":2,"orderQty":"300"},...], sorted by currency, that without one last. */
extern void totals_write(const Totals *totals, const TotalsFields *fields, const Store *store, Text *out);
extern size_t totals_bytes(const Totals *totals, const TotalsFields *fields);
extern void totals_free(Totals *totals, const TotalsFields *fields);

#endif
