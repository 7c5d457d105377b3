/*
 * gateway/live/sorting.h
 *     The order of a view: fields, each ascending or descending, and the id behind them.
 */
#ifndef LIVE_SORTING_H
#define LIVE_SORTING_H

#include "store.h"

#define SORTING_MAX 32

typedef struct Sorting
{
	const Store *store;
	int			nfields;		/* the last one is the id */
	int			fields[SORTING_MAX];
	bool		descends[SORTING_MAX];
	FieldSet	uses;
} Sorting;

/* json: "orderBy" of a query: "-createdAt", ["account", "-price"]; of no length: by id. */
extern bool sorting_read(const Store *store, Span json, Sorting *sorting, Refused *refused);
/* As JSON, equal ones alike. */
extern void sorting_write(const Sorting *sorting, Text *out);
/* Puts a field in front of all. */
extern void sorting_lead(Sorting *sorting, int field, bool descends);

extern BlocksOrder sorting_order(const Sorting *sorting);
/* Sorts many rows, quicker than by comparisons alone. */
extern void sorting_sort(const Sorting *sorting, Row *rows, uint32_t count);

#endif
