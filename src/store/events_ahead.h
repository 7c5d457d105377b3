/*-------------------------------------------------------------------------
 *
 * events_ahead.h
 *	  Events of many objects, read by the page instead of one by one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_EVENTS_AHEAD_H
#define OMS_EVENTS_AHEAD_H

#include "core/object.h"
#include "store/table_set.h"

typedef struct EventsAhead EventsAhead;

/* In the memory that is current, for as long as the tables are open. */
extern EventsAhead *oms_events_ahead_begin(TableSet *tables);

/*
 * As oms_events_walk(), of an object whose tree is locked.  False if not all of
 * them were found: nothing has been shown then, and they are to be looked for one
 * by one.
 */
extern bool oms_events_ahead_walk(EventsAhead *ahead, const Object *object, OmsRowCallback callback, void *arg);

#endif							/* OMS_EVENTS_AHEAD_H */
