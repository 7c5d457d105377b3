/*
 * gateway/live/live.h
 *     The live engine: rows of four kinds, and the views that somebody looks at.
 *
 * Pure: who calls it has the clock, the sockets and the database. One thread: an event under a hundred views costs some
 * microseconds, and what takes longer is done in slices.
 */
#ifndef LIVE_LIVE_H
#define LIVE_LIVE_H

#include "export.h"
#include "seen.h"

typedef enum LiveObject
{
	LIVE_ORDERS, LIVE_EXECUTIONS, LIVE_QUOTE_REQUESTS, LIVE_QUOTES,
	LIVE_OBJECTS
} LiveObject;

typedef struct LiveRules
{
	uint32_t	max_rows;		/* of a kind; 0: any */
	uint32_t	max_views;		/* 0: any */
} LiveRules;

/* What became of a state that was put. */
typedef enum LiveResult
{
	LIVE_APPLIED,
	LIVE_OLD,					/* it is here already */
	LIVE_GAP,					/* one before it is missing: ask for the object as it stands, and give it as such */
	LIVE_FULL,					/* more rows than there may be */
	LIVE_BAD					/* it cannot be read */
} LiveResult;

typedef struct Live Live;

extern Live *live_make(const HashKey *key, const LiveRules *rules);
extern void live_free(Live *live);
/* LIVE_OBJECTS: there is none of that name. */
extern LiveObject live_object(Span name);
extern Store *live_store(Live *live, LiveObject object);

/*
 * The state after an event, as the cells of the schema's fields (store_read()). It is applied where it follows what is here: by its
 * version. whole: it is how the object stands, as a snapshot or a query gives it, and any newer version will do.
 */
extern LiveResult live_put(Live *live, LiveObject object, const Span *cells, bool whole, Refused *refused);
/* False: it was not here. */
extern bool live_remove(Live *live, LiveObject object, Span id);

/*
 * A snapshot as what there is: begun, every row put as a whole one, ended. Rows that are as they were are not touched; what was not
 * put is gone, so many rows looked at in a call: true when all are. Given up: what was put stays, and nothing goes.
 */
extern void live_merge_begin(Live *live, LiveObject object);
extern bool live_merge_end(Live *live, LiveObject object, uint32_t rows);
extern void live_merge_give_up(Live *live);

/* The view of that description, which others may look at too; NULL: refused. Closed by live_close(). */
extern View *live_open(Live *live, LiveObject object, const ViewSpec *spec, Refused *refused);
extern void live_close(View *view);
/* Lets go of views that nobody looked at since the last time. */
extern void live_sweep(Live *live);
/*
 * Its rows as they are now, in their order; of a tree the lines that look shows. Until its end what changes is kept for it as it was. The view is
 * built, and stays open as long.
 */
extern Export *live_export_begin(Live *live, View *view, const Look *look);
extern void live_export_end(Live *live, Export *export);
/* Builds views that are not complete, so many rows at most; true where nothing is left to do. */
extern bool live_build(Live *live, uint32_t rows);

extern uint32_t live_views(const Live *live);
extern size_t live_bytes(const Live *live);

#endif
