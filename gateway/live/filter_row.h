/*
 * gateway/live/filter_row.h
 *     What people type above a column, as a condition of queries.
 *
 *     100  >100  >=100  <100  <=100  !100      of numbers, dates, times, texts
 *     10..20  10..  ..20                       both ends belong to it
 *     NEW,FILLED   !NEW,FILLED                 one of, none of
 *     abc*  *abc*  a?c  !abc*                  of texts, whatever their case
 *     -  !-                                    nothing stands there; something does
 *     "a,b"  "-"                               between quotes everything is itself
 *     true  false
 */
#ifndef LIVE_FILTER_ROW_H
#define LIVE_FILTER_ROW_H

#include "schema.h"
#include "refused.h"

/* Adds an object of "where". typed: nothing but blanks is "{}". Whether values are any of the field's, filter_read() says. */
extern bool filter_row(const Schema *schema, Span field, Span typed, Text *where, Refused *refused);

/* The search box: every word stands in one of the fields (of texts; NULL ends them), whatever its case. */
extern bool filter_search(const char *const *fields, Span typed, Text *where, Refused *refused);

#endif
