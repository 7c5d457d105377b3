/*
 * gateway/live/filter.h
 *     A condition on rows: what stands in "where" of a query (doc/queries.md), asked of memory.
 */
#ifndef LIVE_FILTER_H
#define LIVE_FILTER_H

#include "store.h"

/* Logic has SQL's three values. */
typedef enum Answer
{
	ANSWER_FALSE,
	ANSWER_TRUE,
	ANSWER_NULL
} Answer;

typedef struct Filter Filter;

/*
 * json: of no length or null: all. NULL: refused, with 400 where oms_query() would refuse it too, with 422 where only a query can
 * answer it. A filter knows its store, which outlives it.
 */
extern Filter *filter_read(Store *store, Span json, Refused *refused);
extern void filter_free(Filter *filter);

/* Not const: what was found out about a code of a dictionary is remembered. */
extern Answer filter_ask(Filter *filter, Row row);
extern FieldSet filter_uses(const Filter *filter);
/* As JSON, in one form for many that mean the same. */
extern void filter_write(const Filter *filter, Text *out);

#endif
