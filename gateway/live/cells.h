/*
 * gateway/live/cells.h
 *     Where rows come from: COPY of a table, and the states in events. Both give the same cells of the same object.
 */
#ifndef LIVE_CELLS_H
#define LIVE_CELLS_H

#include "text.h"
#include "refused.h"
#include "schema.h"

/* All zero at first, and cells_free() at the end; each reading takes the place of the one before. */
typedef struct Cells
{
	Span		spans[FIELDS_MAX];	/* in the order of the schema; without data: null */
	Text		text;			/* what had escapes */
} Cells;

/* "COPY (SELECT ...) TO STDOUT": a constant of the schema, whatever the session's settings. */
extern void cells_copy_query(const Schema *schema, Text *sql);
/* A line of it, without its end. */
extern bool cells_of_copy(const Schema *schema, Span line, Cells *cells, Refused *refused);
/* payload.state of an event. The cells point into it, too. */
extern bool cells_of_state(const Schema *schema, Span state, Cells *cells, Refused *refused);
extern void cells_free(Cells *cells);

#endif
