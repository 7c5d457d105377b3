/*-------------------------------------------------------------------------
 *
 * calendars.h
 *	  The trading calendars of this database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_CALENDARS_H
#define OMS_CALENDARS_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "core/calendar.h"
#include "utils/rel.h"

extern void oms_calendars_init(void);

/* As it is now, until the next look; false: there is none of this name. */
extern bool oms_calendar(const char *name, Calendar *calendar);

/* As it was shipped, its days and hours those of users too. */
extern bool oms_calendar_shipped(const char *name, Calendar *calendar);

/* Whose calendar is it?  NULL: nobody has said.  Each of the three may be NULL. */
extern char *oms_calendar_of(const char *destination, const char *asset_class, const char *symbol);

/* The times of a row of calendar_hours or calendar_days. */
extern CalendarTimes oms_calendar_times(Relation rel, TupleTableSlot *slot);

#endif							/* OMS_CALENDARS_H */
