/*
 * gateway/live/lines.h
 *     A view as lines on a screen: its rows, or roots and groups with what is below those that somebody has opened.
 */
#ifndef LIVE_LINES_H
#define LIVE_LINES_H

#include "view.h"

#define LINES_OPEN_MAX 2000

/* What one client has opened: rows of roots, or codes + 1 of groups. */
typedef struct Opened
{
	uint32_t	heads[LINES_OPEN_MAX];
	uint64_t	ids[LINES_OPEN_MAX];	/* of rows a hash of the id: the number may become another's */
	uint32_t	count;
} Opened;

/* At most LINES_OPEN_MAX. */
extern void opened_add_row(Opened *opened, const Store *store, Row root);
extern void opened_add_group(Opened *opened, uint32_t group);

typedef struct Line
{
	Row			row;			/* ROW_NONE: a group */
	uint32_t	group;			/* its code + 1 */
	uint16_t	depth;			/* 0: a root, or a row of no tree */
} Line;

/* A head that is open, and what it shows. */
typedef struct LinesOpen
{
	uint32_t	head;
	uint32_t	rank;			/* among the heads */
	uint32_t	count;			/* of lines below it */
	Line	   *lines;			/* of a tree */
	uint32_t	first;			/* of a group: the rank of its first row */
} LinesOpen;

/* As the view is now: made, used, freed before the next event. */
typedef struct Lines
{
	View	   *view;
	LinesOpen  *open;			/* by rank */
	uint32_t	nopen;
	uint32_t	heads;
	uint32_t	total;
} Lines;

/* opened: or NULL. */
extern void lines_begin(Lines *lines, View *view, const Opened *opened);
extern void lines_end(Lines *lines);
extern uint32_t lines_read(const Lines *lines, uint32_t first, uint32_t count, Line *out);
/* Where a row that the store has stands, or would by its values; of one below a head that is shut, where that is. */
extern uint32_t lines_place(const Lines *lines, Row row);

#endif
