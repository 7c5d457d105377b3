/*-------------------------------------------------------------------------
 *
 * event_window.h
 *	  The events of some transactions, read from the event tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_EVENT_WINDOW_H
#define OMS_EVENT_WINDOW_H

#include "postgres.h"

#include "executor/spi.h"
#include "nodes/execnodes.h"

#include "query/position.h"

#define ALL_KINDS	(-1)

/* What `to` sees and `from` does not, of sequence numbers after < n <= until. */
typedef struct EventWindow
{
	int			kind;			/* or ALL_KINDS */
	XidSet		from;
	XidSet		to;
	int64		after;
	int64		until;
} EventWindow;

/* What a page's rows are made of: the columns of oms.all_events, in its order but for the last two. */
enum EventRowColumn
{
	EVENT_ROW_SEQUENCE = 2,
	EVENT_ROW_XID = 13,
	EVENT_ROW_COLUMNS = 17
};

typedef struct WindowMeasure
{
	uint64		count;
	uint64		newest;			/* transaction */
	int64		first;			/* sequence number */
} WindowMeasure;

/* All of these as SPI, which is connected, with the active snapshot and the caller's rights. */

/* As far as `limit` events of each kind. */
extern WindowMeasure oms_window_measure(const EventWindow *window, int64 limit);

/* The newest transaction of it that began behind the `from`; 0: there is none. */
extern uint64 oms_window_newest(const EventWindow *window);

/* Its first `limit` events, into SPI_tuptable; `by_sequence`: there are many behind these. */
extern int	oms_window_read(const EventWindow *window, bool by_sequence, int64 limit);

/* Of each object that has events in it the newest one, as rows of (object, id, version, hash) of a function's result. */
extern void oms_window_objects(const EventWindow *window, ReturnSetInfo *rsinfo);

#endif							/* OMS_EVENT_WINDOW_H */
