/*
 * gateway/server/feed.h
 *     What happens in the store, as the live engine has it: a snapshot, and behind it the stream of events from a temporary slot.
 *
 * A connection that is lost takes its slot with it, so nothing retains WAL for us. What is in memory stays, and is said to be stale; the
 * next snapshot is merged into it by version.
 */
#ifndef FEED_H
#define FEED_H

#include "live.h"
#include "options.h"

typedef struct FeedState
{
	bool		on;				/* there is a feed.dsn */
	bool		loaded;			/* a snapshot was read to its end, once at least */
	int64_t		stale_us;		/* of wall_us(): since when nothing comes; 0: the stream runs */
	char		position[64];	/* of the last transaction */
	int64_t		lag_ms;			/* from its commit until it was here */
	int64_t		events;
	int64_t		old;			/* were in the snapshot already */
	int64_t		gaps;			/* objects that were asked by SQL */
	int64_t		bad;			/* events that could not be read */
	int64_t		snapshots;
	int64_t		losses;
} FeedState;

extern void feed_start(const Options *options);
extern void feed_stop(void);
/* NULL: there is no feed. */
extern Live *feed_live(void);
extern const FeedState *feed_state(void);
/* Views were opened: they are built in slices, from the next turn on. */
extern void feed_build(void);

#endif
