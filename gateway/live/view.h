/*
 * gateway/live/view.h
 *     What somebody may see and asked for, in the order that he asked for: kept by every event, shared by all who ask the same.
 */
#ifndef LIVE_VIEW_H
#define LIVE_VIEW_H

#include "filter.h"
#include "sorting.h"
#include "totals.h"

typedef enum ViewMode
{
	VIEW_FLAT,
	VIEW_TREE,					/* roots, of which it or any below it meets the condition */
	VIEW_GROUP					/* rows by the value of a field */
} ViewMode;

/* All texts are JSON. */
typedef struct ViewSpec
{
	Span		rights;			/* a condition; of no length: nothing is seen. "{}": everything */
	Span		where;
	Span		order_by;
	ViewMode	mode;
	Span		group_by;		/* a field, with '-' before it where groups descend */
} ViewSpec;

typedef struct View
{
	Store	   *store;
	Filter	   *rights;
	Filter	   *where;
	Sorting		sorting;
	ViewMode	mode;
	int			group;			/* the field, or FIELD_NONE */
	bool		group_descends;
	FieldSet	conditions;		/* what the filters use */
	TotalsFields fields;
	Text		identity;		/* equal views have the same */
	unsigned	users;			/* its owner's to count */
	bool		idle;			/* nobody has looked at it for a while */

	Row			built;			/* rows below have their place; those from here on are still to be looked at */
	Blocks		rows;			/* of VIEW_TREE roots, else all that match */
	Totals		totals;			/* of what stands in rows */
	uint32_t	matches;		/* how many rows meet the condition, of VIEW_TREE on any level */
	uint32_t   *below;			/* VIEW_TREE: of each root, how many of its tree meet it */
	Row			nbelow;
	Totals	  **groups;			/* VIEW_GROUP: by the code of the value + 1 */
	uint32_t	ngroups;
	Blocks		group_order;	/* of those that have rows */

	uint64_t	changes;		/* of anything that a client may see */
	uint64_t	arrived;		/* rows that came in */

	/* between view_before() and view_after() */
	bool		was;
	bool		moves;
	bool		retotals;
} View;

/* NULL: refused (filter_read(), sorting_read()). Nothing is in it before it is built. */
extern View *view_make(Store *store, const ViewSpec *spec, Refused *refused);
extern void view_free(View *view);

/* Looks at so many rows more; true when none is left. Events may come between two calls. */
extern bool view_build(View *view, uint32_t count);
extern bool view_is_built(const View *view);

/*
 * Around a change of a row: before it changes or goes, and after it came or changed. changed: the fields that do, all of one that
 * comes or goes. Nothing else happens in between; of one that comes nothing is said before.
 */
typedef enum ViewEvent
{
	VIEW_COMES,
	VIEW_CHANGES,
	VIEW_GOES
} ViewEvent;

extern void view_before(View *view, Row row, FieldSet changed);
extern void view_after(View *view, Row row, FieldSet changed, ViewEvent event);

extern bool view_may_see(View *view, Row row);
extern bool view_holds(View *view, Row row);
/* Of its tree; ROW_NONE: it is not there. */
extern Row	view_root(const View *view, Row row);
extern size_t view_bytes(const View *view);

/* An order of the codes + 1 of a field with a dictionary, 0 (null) as the largest. */
typedef struct GroupOrder
{
	const Dictionary *dictionary;
	bool		descends;
} GroupOrder;

extern BlocksOrder view_group_order(const View *view, GroupOrder *order);

#endif
