/*
 * gateway/live/seen.h
 *     What a client has last seen of a view, and what is different now.
 *
 * Nothing waits for a client: what he gets is made when he can take it, and says what it has come to, however much happened.
 */
#ifndef LIVE_SEEN_H
#define LIVE_SEEN_H

#include "lines.h"

#define LOOK_LINES_MAX 500

typedef enum LookAnchor
{
	LOOK_FIRST,					/* from that line on */
	LOOK_TOP,
	LOOK_END,
	LOOK_ROW					/* that row stays so many lines below the window's top */
} LookAnchor;

/* What a client looks at. Whoever changes anything of it changes gen. */
typedef struct Look
{
	uint32_t	gen;
	LookAnchor	anchor;
	uint32_t	first;			/* of LOOK_FIRST; of LOOK_ROW where the row is nowhere */
	Span		id;				/* of LOOK_ROW */
	uint32_t	offset;
	uint32_t	count;			/* of lines, at most LOOK_LINES_MAX */
	const int  *columns;		/* fields */
	int			ncolumns;
	const Opened *opened;		/* or NULL */
	bool		frozen;			/* the rows that are there stay where they are; their cells do not */
} Look;

typedef struct SeenLine
{
	Line		line;
	uint32_t	stamp;
	uint64_t	id;				/* a hash of it: a row's number may become another's */
} SeenLine;

/* All zero: nothing was seen. */
typedef struct Seen
{
	bool		any;
	uint32_t	gen;
	uint64_t	changes;
	uint64_t	arrived;		/* when this gen began */
	uint64_t	new;			/* as it was said */
	uint32_t	total;
	uint32_t	first;
	uint32_t	count;
	SeenLine	lines[LOOK_LINES_MAX];
	uint64_t	sums;			/* a hash of how they were written */
} Seen;

/*
 * Adds what is different as a JSON object, and has seen it. False: nothing is, and nothing was added.
 *
 * {"gen":7,"total":1000001,"matches":1000001,"first":120003,"count":60,"new":37,"sums":[...],"rows":[...]}; a row is one of
 *     [at,"=",from]                              the one that stood at line `from` of the window before, with nothing changed
 *     [at,id,version,[cell,...],depth]
 *     [at,{"group":value,"count":n,"sums":[...]}]
 *     [at,null]                                  gone, while the window is frozen
 * A line of the window that is not among them is as it was. sums: left out where they are.
 */
extern bool seen_difference(Seen *seen, View *view, const Look *look, Text *out);

#endif
