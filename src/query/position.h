/*-------------------------------------------------------------------------
 *
 * position.h
 *	  How far a reader of events has come.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_POSITION_H
#define OMS_POSITION_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/snapshot.h"

/* Which transactions are seen: those before `end` that are not hidden. */
typedef struct XidSet
{
	uint64		end;
	int			nhidden;
	uint64	   *hidden;			/* ascending, below `end` */
} XidSet;

#define XIDS_ALL	PG_UINT64_MAX

typedef struct Position
{
	const char *object;			/* the kind's name; "": all */
	int64		newest;			/* incarnation, where it was given … */
	uint32		server;			/* … and by whom */
	int64		incarnation;	/* that is being read */
	bool		open;			/* the window is read up to `place`; else wholly */
	bool		by_sequence;	/* it has many events behind that */
	XidSet		from;			/* the window is what `to` sees and `from` does not */
	XidSet		to;
	int64		place;			/* a sequence number */
	uint64		count;			/* of its events that were read */
} Position;

/* Whatever the snapshot shows, but for what this transaction does itself. */
extern XidSet oms_xids_of_snapshot(Snapshot snapshot);
extern bool oms_xids_see(const XidSet *set, uint64 xid);

/* Those that `set` sees and are below `end`. */
extern XidSet oms_xids_cut(const XidSet *set, uint64 end);

/* Does `set` see all that `part` sees? */
extern bool oms_xids_cover(const XidSet *set, const XidSet *part);

extern void oms_position_write(const Position *position, StringInfo text);

/* False: it is none. */
extern bool oms_position_read(const char *text, int length, Position *position);

/* OM010 where it is none. */
extern void oms_position_take(const text *given, Position *position);

#endif							/* OMS_POSITION_H */
