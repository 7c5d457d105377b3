/*
 * gateway/server/feed_event.h
 *     A message of pgoutput, as far as the live engine needs it: rows of the event tables, and the ends of transactions.
 */
#ifndef FEED_EVENT_H
#define FEED_EVENT_H

#include "live.h"

typedef struct FeedEvent
{
	enum
	{
		FEED_NOTHING,
		FEED_ROW,
		FEED_COMMIT
	}			what;
	/* of a row */
	LiveObject	object;
	Span		id;
	Span		payload;
	/* of a commit */
	uint64_t	position;
	int64_t		at_us;			/* of wall_us() */
} FeedEvent;

/* The tables that were described; forgotten with the connection. */
extern void feed_event_forget(void);
/* False: it cannot be read. The event points into the message. */
extern bool feed_event_read(Span message, FeedEvent *event);

#endif
